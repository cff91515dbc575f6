// A disk as a power cut may leave it: the operations of the engine are recorded, and any prefix of them is made into the files
// that a file system allows to find afterwards. README.md says which those are, and why.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../record/record_fixture.h"
#include "os/file.h"
#include "os/lock.h"
#include "record/crc32c.h"

namespace imreg::crash {

using Kind = IoOperation::Kind;
using Dice = std::mt19937_64;

// An operation that happened, told of the file itself: a number for each that ever was, whatever its name.
struct Operation {
  Kind kind{};
  int file = -1;
  std::string path = {};    // without the folder
  std::string bytes = {};   // write: what; rename: the new name
  std::int64_t offset = 0;  // write: where; allocate, truncate: the size
  bool lock = false;        // not an operation of the observer: the lock's text is now `bytes`; only a kill leaves it
  bool dropped = false;     // by a mutant
};
using Log = std::vector<Operation>;

// "old" of "old/1.fits"; of what is in the folder itself nothing.
inline std::string place_of(const std::string& name) {
  return name.substr(0, name.find('/') == name.npos ? 0 : name.find('/'));
}
// The folders whose names it changes.
inline std::set<std::string> places_of(const Operation& change) {
  std::set<std::string> out{place_of(change.path)};
  if (change.kind == Kind::rename) out.insert(place_of(change.bytes));
  return out;
}

// Records what happens in one folder, and in folders that were in it before, or that it has links to.
class Recorder : public IoObserver {
 public:
  /// Files that are there get numbers in the order of their names, new ones the numbers behind.
  explicit Recorder(std::string folder, const std::map<std::string, int>& known = {}, int next = 0)
      : folder_(std::move(folder)), next_(next) {
    for (const auto& [name, file] : known) bind(folder_ + "/" + name, file);
  }
  Log log;

  int before(const IoOperation& operation) override {
    for (const auto& [path, file] : unbound_) bind(path, file);
    unbound_.clear();
    look_at_lock();
    Operation out{.kind = operation.kind, .path = name_of(operation.path), .offset = operation.offset};
    struct stat info {};
    const bool there = ::lstat(operation.path.c_str(), &info) == 0;
    switch (operation.kind) {
      case Kind::create:
        if (there) return 0;  // opened, or refused: nothing changes; a file without a name is nobody's
        out.file = next_++;
        unbound_.emplace_back(operation.path, out.file);
        break;
      case Kind::rename:
      case Kind::remove:
        if (!there) return 0;
        out.file = files_.at({info.st_dev, info.st_ino});
        out.bytes = name_of(std::string(operation.bytes));
        break;
      case Kind::sync_folder: break;
      default:
        if (::fstat(operation.fd, &info) != 0) std::abort();
        if (!operation.path.starts_with(folder_ + "/")) return 0;  // a temporary file elsewhere
        out.file = files_.at({info.st_dev, info.st_ino});
        out.bytes = operation.bytes;
    }
    log.push_back(std::move(out));
    return 0;
  }

 private:
  std::string name_of(const std::string& path) const {
    return path.starts_with(folder_ + "/") ? path.substr(folder_.size() + 1) : path == folder_ ? "" : path;
  }
  void bind(const std::string& path, int file) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) files_[{info.st_dev, info.st_ino}] = file;
  }
  void look_at_lock() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      if (!name.ends_with(".lock")) continue;
      std::string text = testing::slurp(entry.path());
      if (locks_[name] == text) continue;
      locks_[name] = text;
      log.push_back({.path = name, .bytes = std::move(text), .lock = true});
    }
  }

  std::string folder_;
  int next_;
  std::map<std::pair<dev_t, ino_t>, int> files_;
  std::vector<std::pair<std::string, int>> unbound_;
  std::map<std::string, std::string> locks_;
};

// What is found after a cut: for each name the sectors that are not zero, and the size.
struct Found {
  std::int64_t size = 0;
  int file = -1;
  bool settled = true;  // all of it was on the disk: its time, too
  std::map<std::int64_t, std::string> sectors;
};
struct Image {
  std::map<std::string, Found> files;
  std::map<std::string, std::string> locks;
  bool killed = false;  // a process ended, not the machine
  int next_file = 0;
  std::int64_t sector = 512;
  std::uint64_t hash = 0;
};

// One way out of those that the disk has: which of the unsynced names, sizes and sectors had arrived.
struct Choice {
  std::vector<std::size_t> of;  // one number for each dial
  bool torn = false;            // each unsynced sector is of two versions
  bool killed = false;          // the machine went on: everything that was written is there
};

class Disk {
 public:
  explicit Disk(std::int64_t sector) : sector_(sector) {}
  /// Goes on with what was found: all of it is on the disk.
  Disk(std::int64_t sector, const Image& image) : sector_(sector), next_(image.next_file) {
    for (const auto& [name, found] : image.files) {
      names_[name] = found.file;
      auto& file = files_[found.file];
      file.size = found.size;
      for (const auto& [at, bytes] : found.sectors) write(file, at * image.sector, bytes);
      file.sync();
    }
  }

  void apply(const Operation& operation) {
    if (operation.dropped) return;
    if (operation.lock) {
      locks_[operation.path] = operation.bytes;
      return;
    }
    next_ = std::max(next_, operation.file + 1);
    auto& file = files_[operation.file];
    switch (operation.kind) {
      case Kind::create:
      case Kind::rename:
      case Kind::remove: unsynced_names_.push_back({&operation, places_of(operation)}); break;
      case Kind::sync_folder:
        std::erase_if(unsynced_names_, [&](auto& change) {
          change.places.erase(operation.path);
          if (change.places.empty()) apply_name(names_, *change.operation);
          return change.places.empty();
        });
        break;
      case Kind::sync_data: file.sync(); break;
      case Kind::write: write(file, operation.offset, operation.bytes); break;
      case Kind::allocate:
        if (operation.offset > file.last_size()) file.sizes.push_back(operation.offset);
        break;
      case Kind::truncate: truncate(file, operation.offset); break;
    }
  }

  /// How many ways there are for each thing that is unsynced.
  std::vector<std::size_t> dials() const {
    std::vector<std::size_t> out(unsynced_names_.size(), 2);
    each_unsynced([&](const File& file) { out.push_back(file.sizes.size() + 1); },
                  [&](const File&, std::int64_t, const Versions& versions) { out.push_back(versions.size() + 1); });
    return out;
  }

  Image image(const Choice& choice, Dice& dice) const {
    Image out;
    out.next_file = next_;
    out.sector = sector_;
    std::size_t dial = 0;
    const auto turn = [&](std::size_t most) { return choice.killed ? most : choice.of[dial++]; };
    auto names = names_;
    for (const auto& change : unsynced_names_) {
      if (turn(1)) apply_name(names, *change.operation);
    }
    std::map<const File*, std::size_t> steps;
    std::map<const File*, std::map<std::int64_t, std::string>> sectors;
    each_unsynced([&](const File& file) { steps[&file] = turn(file.sizes.size()); },
                  [&](const File& file, std::int64_t at, const Versions& versions) {
                    // What a cut took away goes and stays with the size.
                    std::size_t low = 0, high = versions.size();
                    const auto step = steps[&file];
                    for (std::size_t i = 0; i < versions.size(); ++i) {
                      if (!versions[i].of_cut) continue;
                      if (versions[i].of_cut <= step) low = i + 1;
                      if (versions[i].of_cut > step) {
                        high = i;
                        break;
                      }
                    }
                    const auto version = [&](std::size_t i) {
                      i = std::clamp(i, low, high);
                      return i == 0 ? file.durable(at) : versions[i - 1].bytes;
                    };
                    std::string bytes = version(turn(versions.size()));
                    if (choice.torn) {
                      std::string other = version(dice() % (versions.size() + 1));
                      const std::size_t tear = dice() % static_cast<std::size_t>(sector_);
                      bytes.resize(static_cast<std::size_t>(sector_));
                      other.resize(static_cast<std::size_t>(sector_));
                      bytes.replace(tear, std::string::npos, other, tear);
                    }
                    sectors[&file][at] = std::move(bytes);
                  });
    for (const auto& [name, number] : names) {
      const File& file = files_.at(number);
      auto& found = out.files[name];
      found.file = number;
      found.settled = file.sizes.empty() && file.unsynced.empty();
      const auto step = steps.contains(&file) ? steps[&file] : 0;
      found.size = step == 0 ? file.size : file.sizes[step - 1];
      found.sectors = file.sectors;
      for (auto& [at, bytes] : sectors[&file]) found.sectors[at] = bytes;
      std::uint64_t hash = std::hash<std::string>{}(name)*31 + static_cast<std::uint64_t>(found.size);
      if (!place_of(name).empty()) hash += found.settled;
      for (auto entry = found.sectors.begin(); entry != found.sectors.end();) {
        auto& [at, bytes] = *entry;
        if (at * sector_ + std::ssize(bytes) > found.size)
          bytes.resize(static_cast<std::size_t>(std::max<std::int64_t>(0, found.size - at * sector_)));
        if (bytes.find_first_not_of('\0') == std::string::npos) {
          entry = found.sectors.erase(entry);
          continue;
        }
        hash = hash * 0x9e3779b97f4a7c15U + std::hash<std::string>{}(bytes) + static_cast<std::uint64_t>(at);
        ++entry;
      }
      out.hash = (out.hash ^ hash) * 0x2545f4914f6cdd1dU;
    }
    out.killed = choice.killed;
    if (out.killed) out.hash = ~out.hash;
    if (out.killed || out.hash % 2) out.locks = locks_;
    return out;
  }

 private:
  // An unsynced content of a sector.
  struct Version {
    std::string bytes;
    std::size_t of_cut = 0;  // it is what the cut to this size left of it
  };
  using Versions = std::vector<Version>;
  struct File {
    std::int64_t size = 0;                        // on the disk
    std::map<std::int64_t, std::string> sectors;  // on the disk; zero where there is none
    std::vector<std::int64_t> sizes;              // not yet, in their order
    std::map<std::int64_t, Versions> unsynced;

    std::int64_t last_size() const { return sizes.empty() ? size : sizes.back(); }
    std::string durable(std::int64_t at) const {
      const auto found = sectors.find(at);
      return found == sectors.end() ? std::string() : found->second;
    }
    std::string last(std::int64_t at) const {
      const auto found = unsynced.find(at);
      return found == unsynced.end() ? durable(at) : found->second.back().bytes;
    }
    void sync() {
      size = last_size();
      for (auto& [at, versions] : unsynced) sectors[at] = std::move(versions.back().bytes);
      unsynced.clear();
      sizes.clear();
    }
  };

  void write(File& file, std::int64_t offset, std::string_view bytes) {
    const std::int64_t end = offset + std::ssize(bytes);
    if (end > file.last_size()) file.sizes.push_back(end);
    while (!bytes.empty()) {
      const std::int64_t at = offset / sector_, from = offset % sector_;
      const auto n = std::min(bytes.size(), static_cast<std::size_t>(sector_ - from));
      std::string fresh = file.last(at);
      fresh.resize(static_cast<std::size_t>(sector_));
      std::string old = fresh;
      fresh.replace(static_cast<std::size_t>(from), n, bytes.substr(0, n));
      if (fresh != old) file.unsynced[at].push_back({std::move(fresh)});
      bytes.remove_prefix(n);
      offset += static_cast<std::int64_t>(n);
    }
  }

  void truncate(File& file, std::int64_t size) {
    const bool shorter = size < file.last_size();
    file.sizes.push_back(size);
    if (!shorter) return;
    std::set<std::int64_t> all;
    for (const auto& [at, bytes] : file.sectors) all.insert(at);
    for (const auto& [at, versions] : file.unsynced) all.insert(at);
    for (const std::int64_t at : all) {
      std::string bytes = file.last(at);
      const auto kept = static_cast<std::size_t>(std::clamp<std::int64_t>(size - at * sector_, 0, std::ssize(bytes)));
      if (kept == bytes.size()) continue;
      bytes.resize(kept);
      bytes.resize(static_cast<std::size_t>(sector_));
      file.unsynced[at].push_back({std::move(bytes), file.sizes.size()});
    }
  }

  static void apply_name(std::map<std::string, int>& names, const Operation& change) {
    const auto is_at = [&](const std::string& name) { return names.contains(name) && names[name] == change.file; };
    if (change.kind == Kind::create) names[change.path] = change.file;
    if (change.kind == Kind::rename) names[change.bytes] = change.file;
    if (change.kind != Kind::create && is_at(change.path)) names.erase(change.path);
  }

  template <class OfSize, class OfSector>
  void each_unsynced(const OfSize& of_size, const OfSector& of_sector) const {
    std::set<int> reachable;
    for (const auto& [name, number] : names_) reachable.insert(number);
    for (const auto& change : unsynced_names_) reachable.insert(change.operation->file);
    for (const auto& [number, file] : files_) {
      if (!reachable.contains(number)) continue;
      if (!file.sizes.empty()) of_size(file);
      for (const auto& [at, versions] : file.unsynced) of_sector(file, at, versions);
    }
  }

  std::int64_t sector_;
  int next_ = 0;
  std::map<int, File> files_;
  std::map<std::string, int> names_;  // on the disk
  struct NameChange {
    const Operation* operation;
    std::set<std::string> places;  // that were not synced since
  };
  std::vector<NameChange> unsynced_names_;
  std::map<std::string, std::string> locks_;
};

// How many choices there are when few things are unsynced; nothing when they are not few.
inline std::size_t all_ways(const std::vector<std::size_t>& dials, std::size_t few) {
  std::size_t versions = 0, ways = 1;
  for (const std::size_t n : dials) versions += n - 1;
  if (versions > few) return 0;
  for (const std::size_t n : dials) ways *= n;
  return ways;
}
inline Choice way_number(const std::vector<std::size_t>& dials, std::size_t way) {
  Choice out;
  for (const std::size_t n : dials) {
    out.of.push_back(way % n);
    way /= n;
  }
  return out;
}
inline Choice by_chance(const std::vector<std::size_t>& dials, bool torn, bool mostly_new, Dice& dice) {
  Choice out{.of = {}, .torn = torn};
  for (const std::size_t n : dials) out.of.push_back(mostly_new && dice() % 8 ? n - 1 : dice() % n);
  return out;
}

// The choices to be tried: all when few things are unsynced, else so many by chance; then torn sectors. Never none.
inline std::vector<Choice> choices(const std::vector<std::size_t>& dials, std::size_t few, std::size_t samples,
                                   Dice& dice) {
  std::vector<Choice> out;
  const std::size_t all = all_ways(dials, few);
  for (std::size_t way = 0; way < all; ++way) out.push_back(way_number(dials, way));
  if (all == 0) {
    out.resize(2);
    for (const std::size_t n : dials) out[0].of.push_back(0), out[1].of.push_back(n - 1);
  }
  if (dials.empty()) return out;
  for (std::size_t i = 0; i < samples && all == 0; ++i) out.push_back(by_chance(dials, false, i % 3 == 0, dice));
  for (std::size_t i = 0; i < samples / 8 + 2; ++i) out.push_back(by_chance(dials, true, i % 2 == 0, dice));
  return out;
}

// Further ones, from number `first` on: the next ones of all when few things are unsynced, then torn ones; else by chance.
inline std::vector<Choice> further_choices(const std::vector<std::size_t>& dials, std::size_t few, std::size_t first,
                                           std::size_t samples, Dice& dice) {
  const std::size_t all = all_ways(dials, few);
  if (dials.empty()) return {Choice{}};
  std::vector<Choice> out;
  for (std::size_t i = first; i < first + samples; ++i) {
    const bool torn = all > 0 || dice() % 8 == 0;
    out.push_back(i < all ? way_number(dials, i) : by_chance(dials, torn, dice() % 3 == 0, dice));
  }
  return out;
}

// What tells that the machine was started since: another boot in the hint of the journal, which is else right, or in a lock.
inline void reboot(std::string& bytes) {
  for (std::size_t at = 0; (at = bytes.find(boot_id(), at)) != std::string::npos;)
    bytes[at] = bytes[at] == '0' ? '1' : '0';
}
inline void reboot_hint(const std::string& path) {
  constexpr std::int64_t kPlace = 512, kSize = 92;
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  std::string head(40, '\0'), hint(kSize, '\0');
  if (::pread(fd, head.data(), head.size(), 0) == std::ssize(head) &&
      ::pread(fd, hint.data(), kSize, kPlace) == kSize) {
    const auto check = [&] { return crc32c(crc32c(0, head.data() + 12, 16), hint.data(), kSize - 4); };
    const bool holds = load_big<std::uint32_t>(hint.data() + kSize - 4) == check();
    reboot(hint);
    if (holds) store_big(hint.data() + kSize - 4, check());
    if (::pwrite(fd, hint.data(), kSize, kPlace) != kSize) std::abort();
  }
  ::close(fd);
}

// Files that are only renamed or removed, by their numbers: names for them elsewhere, so that they stay the same ones.
using Kept = std::map<int, std::string>;

inline void clear(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory())
      clear(entry.path());
    else
      std::filesystem::remove(entry.path());
  }
}

// Makes the files of an image in a folder; what stood there goes, but for folders.
inline void put(const Image& image, const std::string& folder, const Kept& kept = {}) {
  clear(folder);
  for (const auto& [name, found] : image.files) {
    const std::string path = folder + "/" + name;
    if (const auto same = kept.find(found.file); same != kept.end()) {
      if (::link(same->second.c_str(), path.c_str()) != 0) std::abort();
      continue;
    }
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 || ::ftruncate(fd, found.size) != 0) std::abort();
    for (const auto& [at, bytes] : found.sectors) {
      if (::pwrite(fd, bytes.data(), bytes.size(), at * image.sector) != std::ssize(bytes)) std::abort();
    }
    ::close(fd);
    if (!image.killed && name.ends_with(".journal")) reboot_hint(path);
  }
  for (auto [name, text] : image.locks) {
    if (!image.killed) reboot(text);
    testing::spill(folder + "/" + name, text);
  }
}

// What put() has done to the hints of the journals.
inline void take_hints(Image& image, const std::string& folder) {
  for (auto& [name, found] : image.files) {
    if (!name.ends_with(".journal")) continue;
    const std::string bytes = testing::slurp(folder + "/" + name);
    for (auto& [at, sector] : found.sectors) {
      if (at * image.sector < 1024) sector = bytes.substr(static_cast<std::size_t>(at * image.sector), sector.size());
    }
  }
}

}  // namespace imreg::crash
