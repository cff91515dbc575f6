// The whole of it: rows by folder, files beside them, those that are missing elsewhere, and rules that send them there.
#include "imreg/find_files.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "archive/find_moved.h"
#include "archive/folder_rows.h"
#include "archive/look_at_files.h"
#include "archive/propose_rules.h"
#include "archive/tasks.h"
#include "imreg/record_file.h"
#include "os/file.h"
#include "os/processors.h"
#include "os/walk.h"
#include "registry/path_roots.h"

namespace imreg {

using namespace archive;

namespace {

using Kind = FileFinding::Kind;

// Whether rows can hold a path, and no row does.
class Allowed {
 public:
  Allowed(const RecordFile& file, const FolderRows& rows, const PathRoots& roots)
      : rows_(rows),
        roots_(roots),
        folder_size_(file.schema().find("pathname")->size()),
        name_size_(file.schema().find("filename")->size()) {}

  bool fits(const std::string& path) const {
    return std::ssize(roots_.shorten(folder_of(path))) <= folder_size_ && std::ssize(name_of(path)) <= name_size_;
  }
  bool is_free(const std::string& path) {
    const std::int64_t number = rows_.find(folder_of(path));
    if (number < 0) return true;
    if (number != last_) names_ = rows_.files_of(rows_.folders()[static_cast<std::size_t>(number)]);
    last_ = number;
    const std::string name = name_of(path);
    const auto at = std::lower_bound(names_.begin(), names_.end(), name,
                                     [](const RowsOfFile& file, const std::string& n) { return file.name < n; });
    return at == names_.end() || at->name != name;
  }

 private:
  const FolderRows& rows_;
  const PathRoots& roots_;
  std::int64_t folder_size_, name_size_;
  std::int64_t last_ = -1;
  std::vector<RowsOfFile> names_;
};

// What the rules leave over is named.
void name_rest(const std::vector<MissingFile>& missing, const std::vector<Traces>& traces,
               const std::vector<MovedFile>& moved, const Proposal& proposal, const Allowed& allowed,
               FilesReport& report) {
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto& places = traces[i].places;
    report.found += places.empty() ? 0 : 1;
    report.by_name += traces[i].by_name ? 1 : 0;
    const bool sent = std::find(places.begin(), places.end(), proposal.to[i]) != places.end();
    report.explained += sent ? 1 : 0;
    if (sent) continue;
    FileFinding finding{Kind::unexplained, moved[i].from, {}, {}, missing[i].rows.row, 1, missing[i].rows.rows};
    if (places.empty()) {
      ++report.nowhere;
      finding.other = traces[i].registered;
      finding.what = finding.other.empty()
                         ? "was found nowhere"
                         : "was found nowhere else than where it is registered, too: delete these rows";
    } else if (places.size() > 1) {
      ++report.ambiguous;
      finding.kind = Kind::ambiguous;
      finding.other = places[0];
      finding.what = "was found at " + std::to_string(places.size()) + " places: the first is";
    } else {
      finding.other = places[0];
      finding.what = !allowed.fits(places[0])
                         ? "the path is too long for a row, define a root for its upper part: it is at"
                     : moved[i].from.starts_with('/') ? "another file that is missing is taken for the same: it is at"
                                                      : "its path in the database is not absolute: it is at";
    }
    report.findings.push_back(std::move(finding));
  }
}

Status search(const RecordFile& file, const FolderRows& rows, const PathRoots& roots, const Looked& looked,
              const FindFilesOptions& options, FilesReport& report) {
  IMREG_ASSIGN(const auto traces, find_moved(looked.missing, rows, options, report));
  report.searched = true;
  Allowed allowed(file, rows, roots);
  std::vector<MovedFile> moved, all;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < looked.missing.size(); ++i) {
    const auto& missing = looked.missing[i];
    const auto& folder = rows.folders()[static_cast<std::size_t>(missing.folder)];
    all.push_back({below(folder.path, missing.rows.name), traces[i].places, missing.rows.rows});
    if (all.back().from.front() != '/') continue;
    auto possible = all.back();
    std::erase_if(possible.places, [&](const std::string& place) { return !allowed.fits(place); });
    moved.push_back(std::move(possible));
    numbers.push_back(i);
  }
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < rows.folders().size(); ++i) {
    if (looked.holds_files[i]) kept.push_back(rows.folders()[i].path);
  }
  auto some =
      propose_rules(moved, kept, [&](const std::string& path) { return allowed.fits(path) && allowed.is_free(path); });
  Proposal proposal{std::move(some.rules), std::vector<std::string>(all.size())};
  for (std::size_t i = 0; i < numbers.size(); ++i) proposal.to[numbers[i]] = std::move(some.to[i]);
  for (auto& rule : proposal.rules) {
    for (const auto& root : roots.roots()) {
      if (roots.expand("$" + root.name) == rule.from) rule.root = root.name;
    }
  }
  name_rest(looked.missing, traces, all, proposal, allowed, report);
  report.rules = std::move(proposal.rules);
  return {};
}

}  // namespace

FileCounts& FileCounts::operator+=(const FileCounts& more) {
  for (const auto count :
       {&FileCounts::files, &FileCounts::damaged, &FileCounts::missing, &FileCounts::missing_rows, &FileCounts::changed,
        &FileCounts::touched, &FileCounts::twice, &FileCounts::unregistered, &FileCounts::unreadable})
    this->*count += more.*count;
  return *this;
}

const char* word_of(Kind kind) {
  constexpr const char* kWords[] = {"no folder", "missing",      "changed",   "twice",      "unreadable",
                                    "touched",   "unregistered", "ambiguous", "unexplained"};
  return kWords[static_cast<std::size_t>(kind)];
}

bool is_note(Kind kind) { return kind == Kind::touched || kind == Kind::unregistered; }

Result<FilesReport> check_files(const std::string& database, const FindFilesOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  FilesReport report;
  report.database = database;
  IMREG_ASSIGN(const RecordFile file, RecordFile::open(database));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(database));
  IMREG_ASSIGN(const FolderRows rows, FolderRows::take(file, roots, threads_of(options.jobs)));
  IMREG_ASSIGN(const Looked looked, look_at_files(rows, roots, options, !options.search.empty(), report));
  if (!options.search.empty()) IMREG_TRY(search(file, rows, roots, looked, options, report));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace imreg
