// imregister's work: a list of files, headers read by several threads, rows written in groups by one.
//
// Files keep their order: a crash leaves the rows of the first so many files. The lock is held while a group is written
// and not while headers are read, so a telescope's daemon can register beside a long batch.
#include <algorithm>
#include <utility>

#include "imreg/date.h"
#include "imreg/registry.h"
#include "os/processors.h"
#include "os/walk.h"
#include "registry/own_files.h"
#include "registry/read_ahead.h"
#include "registry/registrar.h"
#include "registry/root_changes.h"

namespace imreg {

namespace {

constexpr double kGroupSeconds = 1;  // or what has come together in this time

// Folders become their files.
std::vector<FileToRead> list_items(const RegisterOptions& options, const std::function<void(RegisteredFile)>& fault) {
  std::vector<FileToRead> items;
  const OwnFiles own(options.database);
  for (const auto& path : options.paths) {
    if (!is_folder(path)) {
      items.push_back({path, true});
      continue;
    }
    auto walk = walk_folder(path);
    for (auto& file : walk.files) {
      if (!own.have(file)) items.push_back({std::move(file), false});
    }
    for (const auto& [name, kind] : walk.special) {
      fault({name, RegisteredFile::Fate::passed_over, kind + ", not a file; passed over", kind, {}, {}, 0, {}});
    }
    for (const auto& status : walk.faults)
      fault({status.file(), RegisteredFile::Fate::failed, status.message(), {}, {}, {}, 0, {}});
  }
  return items;
}

// The roots with those of the options, which are kept from here on.
Result<PathRoots> prepare_roots(const RegisterOptions& options, std::vector<std::string>& notes) {
  if (!options.roots.empty()) {
    std::string command;
    for (const auto& [name, prefix] : options.roots) {
      if (prefix.empty())
        return Status(Code::invalid, "-root " + name + "=: PREFIX is missing; imrelocate removes roots");
      command += (command.empty() ? "-root " : " -root ") + name + "=" + prefix;
    }
    IMREG_ASSIGN(auto changed, change_roots(options.database, options.roots,
                                            {"imregister", command, options.dry_run, options.wait_seconds,
                                             options.on_network, nullptr}));
    notes = std::move(changed.notes);
    if (options.dry_run) return std::move(changed.roots);
  }
  return PathRoots::load(options.database);
}

}  // namespace

RegisterReport register_files(const RegisterOptions& options, const std::function<void(const RegisteredFile&)>& on_file,
                              const std::function<void(std::int64_t, std::int64_t)>& on_progress) {
  RegisterReport report;
  const auto cameras = load_cameras(options);
  if (!cameras) {
    report.request = cameras.status();
    return report;
  }
  auto roots = prepare_roots(options, report.notes);
  if (!roots) {
    (roots.status().code() == Code::invalid && roots.status().file().empty() ? report.request : report.database) =
        roots.status();
    return report;
  }
  const auto finished = [&](const RegisteredFile& file) {
    ++report.files;
    report.rows += file.rows;
    if (file.fate == RegisteredFile::Fate::failed) ++report.failed;
    if (file.fate == RegisteredFile::Fate::passed_over) ++report.passed_over;
    on_file(file);
  };
  const auto items = list_items(options, finished);

  const PathRoots reader_roots = *roots;
  const auto read = [&](const FileToRead& item) {
    return read_file_rows(item.path, item.named, cameras->first, options, cameras->second, reader_roots,
                          current_time());
  };
  const int jobs = std::min<int>(threads_of(options.jobs), static_cast<int>(std::max<std::size_t>(items.size(), 1)));
  Registrar registrar(options, *std::move(roots), report);
  const auto flush = [&](bool trim) {
    report.database = registrar.write(trim);
    if (!report.database.ok()) return false;
    for (const auto& file : registrar.done()) finished(file);
    return true;
  };

  std::int64_t read_files = 0;
  const auto collect = [&](FileRows rows, double& since) {
    if (on_progress) on_progress(++read_files, static_cast<std::int64_t>(items.size()));
    if (registrar.empty()) since = current_time();
    registrar.take(std::move(rows));
    return (registrar.rows() < kGroupRows && current_time() - since < kGroupSeconds) || flush(false);
  };
  double since = 0;
  if (jobs == 1) {  // one file at the telescope: no thread is worth starting
    for (const auto& item : items) {
      if (!collect(read(item), since)) return report;
    }
  } else {
    ReadAhead reader(items, jobs, read);
    while (auto rows = reader.next()) {
      if (!collect(*std::move(rows), since)) return report;
    }
  }
  flush(options.batch);
  if (auto note = registrar.temperature_note(); !note.empty()) report.notes.push_back(std::move(note));
  return report;
}

Status merge_index(const RegisterOptions& options) {
  auto writer_options = register_writer_options(options);
  writer_options.wait_seconds = std::max(writer_options.wait_seconds, 60.0);  // nobody waits for this one
  return merge_index(options.database, writer_options, register_index_limits());
}

}  // namespace imreg
