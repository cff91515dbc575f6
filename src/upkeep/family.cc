// Lists the files of a database, and copies those that are no tables.
#include "upkeep/family.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "os/file.h"
#include "os/walk.h"
#include "record/container.h"

namespace imreg {

namespace {

constexpr char kMain[] = "Imreg.db";
constexpr int kDeepest = 16;

// "roots", "idx.merge", "lost.journal": what stands behind "X.db.".
bool is_derived(const std::string& ending) {
  for (std::size_t from = 0; from <= ending.size();) {
    const std::size_t end = std::min(ending.find('.', from), ending.size());
    const std::string word = ending.substr(from, end - from);
    for (const char* const derived : {"lock", "journal", "idx", "unfinished", "backup", "moving"}) {
      if (word == derived) return true;
    }
    // replace_file() writes X.new and the number of its process.
    if (word.starts_with("new") && word.size() > 3 &&
        std::all_of(word.begin() + 3, word.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      return true;
    from = end + 1;
  }
  return false;
}

// What cannot be looked at is an error and no "no": a copy would lack it, and nobody would know.
Result<bool> folder_there(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return S_ISDIR(info.st_mode);
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return false;
  return os_error(path, "cannot look at it", errno);
}

// Whether a record file of ours is at this path.
Result<bool> is_table(const std::string& path) {
  const auto file = File::open(path, File::Mode::read);
  const auto container = file ? read_container(*file) : Result<Container>(file.status());
  if (container.status().code() == Code::io) return container.status();
  return container && container->native;
}

Status add(const std::string& path, const std::string& name, std::vector<Member>& out, int depth = 0) {
  IMREG_ASSIGN(const bool folder, folder_there(path));
  if (!folder) {
    IMREG_ASSIGN(const bool table, is_table(path));
    out.push_back({path, name, table});
    return {};
  }
  if (depth > kDeepest) return Status(Code::invalid, "its folders contain themselves").in_file(path);
  IMREG_ASSIGN(const auto names, names_in(path));
  for (const auto& inside : names) {
    const auto dot = inside.find('.');
    if (dot != inside.npos && is_derived(inside.substr(dot + 1))) continue;
    IMREG_TRY(add(path + "/" + inside, name + "/" + inside, out, depth + 1));
  }
  return {};
}

// What belongs to one record file, among the names of its folder.
Status add_family(const std::string& folder, const std::string& file, const std::string& as, const std::string& below,
                  const std::vector<std::string>& names, std::vector<Member>& out) {
  const auto stem = [](const std::string& name) {
    return name.substr(0, name.size() - (name.ends_with(".db") ? 3 : 0));
  };
  for (const auto& name : names) {
    if (name == stem(file) + ".heap") IMREG_TRY(add(folder + "/" + name, below + stem(as) + ".heap", out));
    if (!name.starts_with(file + ".") || is_derived(name.substr(file.size() + 1))) continue;
    IMREG_TRY(add(folder + "/" + name, below + as + name.substr(file.size()), out));
  }
  return {};
}

// The record files of a folder and their families, but not the main one.
Status add_tables(const std::string& folder, const std::string& below, std::vector<Member>& out) {
  IMREG_ASSIGN(const auto names, names_in(folder));
  for (const auto& name : names) {
    if (below.empty() && (name == kMain || name.starts_with(std::string(kMain) + "."))) continue;
    if (!name.ends_with(".db")) continue;
    IMREG_ASSIGN(const bool table, is_table(folder + "/" + name));
    if (!table) continue;
    out.push_back({folder + "/" + name, below + name, true});
    IMREG_TRY(add_family(folder, name, name, below, names, out));
  }
  return {};
}

}  // namespace

Result<std::vector<Member>> family_of(const std::string& database) {
  const std::string path = resolved_path(absolute_path(database)), folder = folder_of(path);
  const std::string file = path.substr(path.rfind('/') + 1);
  std::vector<Member> out;
  IMREG_ASSIGN(const auto names, names_in(folder));
  IMREG_TRY(add_family(folder, file, kMain, "", names, out));
  if (file == kMain) {
    IMREG_TRY(add_tables(folder, "", out));
    IMREG_ASSIGN(const bool headers, folder_there(folder + "/headers"));
    if (headers) IMREG_TRY(add_tables(folder + "/headers", "headers/", out));
  }
  std::sort(out.begin(), out.end(),
            [](const Member& a, const Member& b) { return a.table != b.table ? a.table : a.name < b.name; });
  return out;
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Status NewPlaces::make_folder_of(const std::string& path) {
  std::vector<std::string> missing;
  for (std::string folder = folder_of(path); !is_there(folder); folder = folder_of(folder)) missing.push_back(folder);
  made_.insert(made_.end(), missing.rbegin(), missing.rend());
  return imreg::make_folder_of(path);
}

void NewPlaces::will_make(const std::string& file) {
  if (!is_there(file)) made_.push_back(file);
}

void NewPlaces::clear_away(IoObserver* observer) {
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
    if (is_folder(*path))
      (void)::rmdir(path->c_str());
    else
      (void)remove_file(*path, observer);
  }
}

Status make_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  if (is_folder(folder)) return {};
  IMREG_TRY(make_folder_of(folder));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return os_error(folder, "cannot make the folder", errno);
  return sync_folder_of(folder);
}

std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "";
  return std::to_string(info.st_ino) + ' ' + std::to_string(info.st_size) + ' ' + std::to_string(info.st_mtim.tv_sec) +
         '.' + std::to_string(info.st_mtim.tv_nsec);
}

namespace {

constexpr std::size_t kPiece = 1 << 20;

// Calls visit(offset, bytes) for the pieces of a file.
template <class Visit>
Status each_piece(const File& file, const Visit& visit) {
  std::string bytes(kPiece, '\0');
  for (std::int64_t at = 0;;) {
    IMREG_ASSIGN(const std::size_t got, file.read(at, bytes.data(), bytes.size()));
    if (got == 0) return {};
    IMREG_TRY(visit(at, std::string_view(bytes).substr(0, got)));
    at += static_cast<std::int64_t>(got);
  }
}

}  // namespace

bool same_content(const std::string& a, const std::string& b) {
  const auto first = File::open(a, File::Mode::read), second = File::open(b, File::Mode::read);
  if (!first || !second || first->size().value_or(-1) != second->size().value_or(-2)) return false;
  std::string other(kPiece, '\0');
  return each_piece(*first,
                    [&](std::int64_t at, std::string_view bytes) -> Status {
                      IMREG_TRY(second->read_exactly(at, other.data(), bytes.size()));
                      return bytes == std::string_view(other).substr(0, bytes.size()) ? Status()
                                                                                      : Status(Code::mismatch, "");
                    })
      .ok();
}

Status copy_plain(const std::string& from, const std::string& to, IoObserver* observer) {
  IMREG_TRY(make_folder_of(to));
  const std::string temporary = to + ".unfinished";
  if (const Status old = remove_file(temporary, observer); !old.ok() && old.code() != Code::not_found) return old;
  const auto work = [&]() -> Status {
    IMREG_ASSIGN(const File in, File::open(from, File::Mode::read));
    IMREG_ASSIGN(File out, File::open(temporary, File::Mode::create_new, observer));
    out.take_owner_and_mode(in);
    IMREG_TRY(each_piece(in, [&](std::int64_t at, std::string_view bytes) { return out.write(at, bytes); }));
    IMREG_TRY(out.sync());
    return rename_file(temporary, to, observer);
  };
  if (auto status = work(); !status.ok()) {
    (void)remove_file(temporary, observer);
    return status;
  }
  return sync_folder_of(to, observer);
}

}  // namespace imreg
