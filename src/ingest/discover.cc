// Looks at trees and says what is new, changed or gone: by path, size and time, so that nothing has to be opened.
#include "ingest/discover.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/text.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg::ingest {

namespace {

constexpr auto kLongestName = static_cast<std::size_t>(files::kFilename.count);
constexpr auto kLongestFolder = static_cast<std::size_t>(files::kPathname.count);

// Record files of an ingest, of this one and of others, by whatever way they are reached, and pictures of this one: they are no data. Other
// files beside record files are: imingest makes its files where it is told to, among images too.
class RecordFiles {
 public:
  RecordFiles(const std::string& folder, const std::vector<std::string>& pictures)
      : own_(inode_of(folder)), headers_(inode_of(below(folder, "headers"))) {
    for (const auto& one : pictures) pictures_.push_back(resolved_path(absolute_path(one)) + "/");
  }
  bool has(const std::string& path) {
    const std::string_view folder = std::string_view(path).substr(0, path.rfind('/'));
    if (folder != last_folder_) {
      last_folder_ = folder;
      const auto [at, is_new] = known_.try_emplace(folder_of(path), Folder::other);
      if (is_new) at->second = look_at(at->first);
      last_ = at->second;
    }
    return last_ == Folder::headers || last_ == Folder::pictures ||
           (last_ == Folder::ingest && is_record_file(name_of(path)));
  }

 private:
  enum class Folder { other, ingest, headers, pictures };
  Folder look_at(const std::string& folder) const {
    if (!pictures_.empty()) {
      const std::string path = resolved_path(folder) + "/";
      if (std::any_of(pictures_.begin(), pictures_.end(), [&](const auto& one) { return path.starts_with(one); }))
        return Folder::pictures;
    }
    const Inode inode = inode_of(folder);
    if ((inode == own_ && own_ != Inode()) || FileTable::is_in(folder)) return Folder::ingest;
    const bool is_headers = (inode == headers_ && headers_ != Inode()) ||
                            (name_of(folder) == "headers" && FileTable::is_in(folder_of(folder)));
    return is_headers ? Folder::headers : Folder::other;
  }
  // With its journal, lock, index ...
  static bool is_record_file(const std::string& name) {
    constexpr std::string_view kNames[] = {"files.db", "master.db", "datasets.db", "Imreg.db"};
    return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view one) {
      return name.starts_with(one) && (name.size() == one.size() || name[one.size()] == '.');
    });
  }

  Inode own_, headers_;
  std::vector<std::string> pictures_;
  std::map<std::string, Folder, std::less<>> known_;
  std::string last_folder_ = "none";  // files come folder by folder
  Folder last_ = Folder::other;
};

// A path that files.db cannot hold: without its row the next run would not know the file.
std::string too_long(const std::string& path) {
  const std::string name = name_of(path);
  if (name.size() <= kLongestName && path.size() - name.size() <= kLongestFolder) return {};
  return "its path is too long: at most " + std::to_string(kLongestFolder) + " bytes of the folder and " +
         std::to_string(kLongestName) + " of the name";
}

bool is_below(const std::string& path, const std::string& tree) {
  return path == tree || path.starts_with(tree == "/" ? tree : tree + "/");
}

}  // namespace

Status check_trees(const std::vector<std::string>& trees) {
  for (const auto& tree : trees) {
    const std::string path = absolute_path(tree);
    if (!file_times(path) && !is_folder(path))
      return Status(Code::not_found, visible(tree) + ": there is no such file or folder");
  }
  return {};
}

Result<FoundFiles> find_files(const std::vector<std::string>& trees, const Layout& layout, const std::string& folder,
                              const std::vector<std::string>& pictures) {
  IMREG_TRY(check_trees(trees));
  FoundFiles out;
  RecordFiles records(folder, pictures);
  const auto add = [&](std::string path, const FileTimes& times) {
    if (records.has(path)) return;
    if (auto said = layout.match(path))
      out.files.push_back({std::move(path), *std::move(said), times});
    else
      ++out.outside;
  };
  for (const auto& tree : trees) {
    const std::string path = absolute_path(tree);
    out.trees.push_back(path);
    if (const auto times = file_times(path)) {
      add(path, *times);
      continue;
    }
    Walk walk = walk_folder(path);
    for (std::size_t i = 0; i < walk.files.size(); ++i) add(std::move(walk.files[i]), walk.times[i]);
    std::move(walk.faults.begin(), walk.faults.end(), std::back_inserter(out.faults));
  }
  const auto is_before = [](const auto& a, const auto& b) { return a.path < b.path; };
  if (!std::is_sorted(out.files.begin(), out.files.end(), is_before))
    std::stable_sort(out.files.begin(), out.files.end(), is_before);
  const auto is_same = [](const auto& a, const auto& b) { return a.path == b.path; };  // of trees within trees
  out.files.erase(std::unique(out.files.begin(), out.files.end(), is_same), out.files.end());
  return out;
}

Work sort_out(const FoundFiles& found, FileTable& table, bool again, double now) {
  Work out;
  std::vector<bool> is_found(static_cast<std::size_t>(table.rows()));
  for (const auto& here : found.files) {
    const std::string& path = here.path;
    if (auto reason = too_long(path); !reason.empty()) {
      out.impossible.push_back({path, IngestedFile::Fate::failed, 0, std::move(reason), "path"});
      continue;
    }
    const auto known = table.find(path);
    if (known) is_found[static_cast<std::size_t>(known->row)] = true;
    const bool is_known = known && known->state != FileState::gone;
    const bool was_read = is_known && known->was_read;
    if (is_known) {
      const auto& was = *known;
      const bool ended = !again && was.state != FileState::begun && was.what != FileClass::unreadable &&
                         was.what != FileClass::changing && !(was.state == FileState::waiting && was.release <= now);
      if (ended && was.size == here.times.size && was.mtime == here.times.mtime) {
        ++out.unchanged;
        out.known.push_back(was.row);
        out.failed_before += was.state == FileState::failed;
        continue;
      }
    }
    ArchiveFile& file = out.files.emplace_back();
    file.path = path;
    file.times = here.times;
    file.said = here.said;
    file.is_known = is_known;
    file.was_read = was_read;
  }
  std::map<std::string, std::int64_t> empty;  // trees without any name in them, and how many files they had
  for (const auto& tree : found.trees) {
    const auto names = is_folder(tree) ? names_in(tree) : std::vector<std::string>{"."};
    if (names && names->empty()) empty[tree] = 0;
  }
  out.elsewhere = table.all_but([&](std::int64_t row) { return is_found[static_cast<std::size_t>(row)]; });
  for (const auto& [path, known] : out.elsewhere) {
    const auto is_its = [&path = path](const auto& of) { return is_below(path, of); };
    auto tree = std::find_if(found.trees.begin(), found.trees.end(), is_its);
    if (tree != found.trees.end() &&
        empty.contains(*tree)) {  // one above it that is not empty tells that it is mounted
      const auto above = std::find_if(found.trees.begin(), found.trees.end(),
                                      [&](const auto& of) { return is_its(of) && !empty.contains(of); });
      if (above != found.trees.end()) tree = above;
    }
    if (tree == found.trees.end() || known.state == FileState::gone || !is_missing(path)) continue;
    if (const auto nothing = empty.find(*tree); nothing != empty.end())
      ++nothing->second;
    else if (std::any_of(found.faults.begin(), found.faults.end(),
                         [&path = path](const Status& fault) { return is_below(path, fault.file()); }))
      ++out.held;  // where nobody can look nothing is known to be gone
    else
      out.gone.push_back(path);
  }
  for (const auto& [tree, count] : empty) {
    if (count == 0) continue;
    out.empty.push_back(Status(Code::io, "is empty, and " + counted(count, "file") +
                                             " of it are known: is it mounted? Nothing is taken for gone; if they were "
                                             "removed, name the folder above it")
                            .in_file(tree));
  }
  std::sort(out.gone.begin(), out.gone.end());
  return out;
}

Moves::Moves(const std::vector<std::pair<std::string, FileTable::Known>>& elsewhere) {
  for (const auto& [path, known] : elsewhere) {
    if (known.fingerprint != 0)
      paths_.emplace(Identity(known.size, known.mtime, known.fingerprint), Place{path, known.state == FileState::gone});
  }
}

bool Moves::may_have(const ArchiveFile& file) const {
  const auto at =
      paths_.lower_bound(Identity(file.times.size, file.times.mtime, std::numeric_limits<std::int64_t>::min()));
  return at != paths_.end() && std::get<0>(at->first) == file.times.size && std::get<1>(at->first) == file.times.mtime;
}

std::string Moves::take(const ArchiveFile& file) {
  if (file.fingerprint == 0) return {};
  const auto [from, to] = paths_.equal_range(Identity(file.times.size, file.times.mtime, file.fingerprint));
  // One that was there until now comes before those that have been gone for long; one with the same name before others, which must be
  // the only one.
  auto best = to;
  for (const bool was_gone : {false, true}) {
    const auto may_be = [&](const auto& one) { return one.second.was_gone == was_gone && is_missing(one.second.path); };
    if (best == to)
      best = std::find_if(
          from, to, [&](const auto& one) { return name_of(one.second.path) == name_of(file.path) && may_be(one); });
    if (best == to && std::count_if(from, to, may_be) == 1) best = std::find_if(from, to, may_be);
  }
  if (best == to) return {};
  std::string out = std::move(best->second.path);
  paths_.erase(best);
  return out;
}

}  // namespace imreg::ingest
