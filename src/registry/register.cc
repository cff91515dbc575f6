// imregister's work: a list of files, headers read by several threads, rows written in groups by one.
//
// Files keep their order: a crash leaves the rows of the first so many files. The lock is held while a group is written
// and not while headers are read, so a telescope's daemon can register beside a long batch.
#include <algorithm>
#include <map>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "imreg/history.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/processors.h"
#include "os/walk.h"
#include "registry/file_rows.h"
#include "registry/image_row.h"
#include "registry/key_table.h"
#include "registry/new_database.h"
#include "registry/own_files.h"
#include "registry/pending_statistics.h"
#include "registry/read_ahead.h"
#include "registry/root_changes.h"
#include "registry/temperature_fill.h"

namespace imreg {

namespace {

constexpr std::size_t kGroupRows = 8192;  // rows of one durable step
constexpr double kGroupSeconds = 1;       // or what has come together in this time
// A step that renews more rows is a bulk change, which can be undone; an exposure at the telescope has no time for it.
constexpr std::size_t kMostUnlogged = 100;
constexpr std::size_t kLongCommand = 1024;

// Between two groups the rows that are outside the index are looked at one by one: few, then.
IndexKeeper::Limits index_limits() {
  IndexKeeper::Limits limits;
  limits.piece = 8 * static_cast<std::int64_t>(kGroupRows);
  return limits;
}

RecordWriter::Options writer_options_of(const RegisterOptions& options) {
  RecordWriter::Options out;
  out.program = "imregister";
  out.wait_seconds = options.wait_seconds;
  out.on_network = options.on_network;
  return out;
}

// Collects rows and writes them as one durable step.
class Registrar {
 public:
  Registrar(const RegisterOptions& options, PathRoots roots, RegisterReport& report)
      : options_(options), roots_(std::move(roots)), report_(report) {}

  void take(FileRows file) {
    for (auto& row : file.rows) {
      if (options_.temperatures) fill(row);
      rows_.push_back({std::move(row), waiting_.size()});
    }
    waiting_.push_back(std::move(file.report));
  }
  std::size_t rows() const { return rows_.size(); }
  bool empty() const { return waiting_.empty(); }

  /// Writes what was taken; the files' reports are then final.
  Status write(bool trim) {
    if (!options_.dry_run && (!rows_.empty() || trim)) IMREG_TRY(write_rows(trim));
    rows_.clear();
    return {};
  }
  std::vector<RegisteredFile> done() { return std::exchange(waiting_, {}); }
  /// The images whose temperatures were looked for in vain, in one line; empty: there are none, or it was said before.
  std::string temperature_note() const {
    if (without_temperatures_ == 0 || !options_.temperatures->is_news()) return {};
    const std::string why = options_.temperatures->trouble();
    return counted(without_temperatures_, "row") + " without temperatures: no probe has a value for " +
           format_iso(first_without_) + (why.empty() ? "" : "; " + why);
  }

 private:
  struct TakenRow {
    Record record;
    std::size_t reading;  // of which file of this group
  };
  struct Step {
    std::vector<RowChange> changes;
    std::string added;
    std::int64_t added_rows = 0, unchanged = 0, gone = 0;
    std::vector<Record> announced;  // for RegisterOptions::announce
    std::vector<std::string> notes;
  };

  // Not under the lock: it may read a log.
  void fill(Record& row) {
    auto& temperatures = *options_.temperatures;
    if (!std::exchange(temperatures_are_new_, true)) temperatures.refresh();
    if (!temperatures.any_source() || fill_row(row, temperatures) != Filled::none) return;
    if (without_temperatures_++ == 0) first_without_ = row[regimage::kObstime];
  }

  Status write_rows(bool trim) {
    IndexKeeper keeper(options_.batch ? IndexKeeper::Patience::full : IndexKeeper::Patience::none, index_limits());
    auto writer_options = writer_options_of(options_);
    writer_options.follower = &keeper;
    // A link that leads nowhere leads perhaps to a disk that is not mounted: it must not become a file here.
    const bool may_make = !rows_.empty() && !is_link(options_.database);
    auto writer = may_make
                      ? RecordWriter::open_or_create(
                            options_.database, *builtin_format(regimage::kFormat, regimage::kVersion), writer_options)
                      : RecordWriter::open(options_.database, writer_options);
    if (writer.status().code() == Code::not_found) {
      if (rows_.empty()) return {};  // nothing to trim
      if (may_make) return no_folder(options_.database);
      return Status(Code::not_found, "is a link to a file that does not exist").in_file(options_.database);
    }
    if (!writer) return writer.status();
    IMREG_TRY(check_format(writer->file()));
    report_.notes.insert(report_.notes.end(), writer->notes().begin(), writer->notes().end());
    drop_what_is_gone();
    if (!rows_.empty()) {
      // Another imregister may have defined a root since this batch began, and keys are full paths.
      IMREG_ASSIGN(roots_, PathRoots::load(options_.database));
      if (options_.batch) keeper.begin(writer->file());
      IMREG_TRY(keys_.take(writer->file(), roots_, names_of_rows()));
      IMREG_TRY(merge_rows(*writer));
    }
    if (trim) keeper.finish(writer->file());
    if (!keeper.note().empty()) report_.notes.push_back(keeper.note());
    report_.index_wants_merge |= keeper.wants_merge();
    return trim ? writer->trim() : Status();
  }

  // While headers were read a file may have gone, by immv too, and a row for where it was would never be right. Whoever keeps
  // files and rows together holds the lock that is held here.
  void drop_what_is_gone() {
    bool gone = false;
    for (auto& file : waiting_) {
      if (file.rows == 0 || !is_missing(file.path)) continue;
      file.fate = RegisteredFile::Fate::failed;
      file.reason = "was moved or removed while it was read; not registered here, register it where it is now";
      file.rows = 0;
      gone = true;
    }
    if (gone) std::erase_if(rows_, [this](const TakenRow& row) { return waiting_[row.reading].rows == 0; });
  }

  // The different file names; rows of one file stand together.
  std::vector<std::string> names_of_rows() const {
    std::vector<std::string> names;
    for (const auto& row : rows_) {
      const auto name = row.record[regimage::kFilename];
      if (names.empty() || names.back() != name) names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  // New rows are added, known ones renewed where their content changed, and those that a file gave once and gives no more
  // are marked deleted. Of a file that is read twice the last reading counts.
  Status merge_rows(RecordWriter& writer) {
    std::unordered_map<std::string, std::size_t> last_reading;
    for (const auto& row : rows_) last_reading[file_key_of(row.record.view(), roots_)] = row.reading;
    Step step;
    // Statistics are worth less than the rows of a night.
    if (const Status waiting = pending_.load(options_.database, roots_, names_of_rows()); !waiting.ok())
      step.notes.push_back(waiting.text() + "; the statistics that wait in it are not used");
    for (std::size_t from = 0, to = 0; from < rows_.size(); from = to) {
      while (to < rows_.size() && rows_[to].reading == rows_[from].reading) ++to;
      const std::string file_key = file_key_of(rows_[from].record.view(), roots_);
      if (last_reading[file_key] == rows_[from].reading)
        IMREG_TRY(merge_file(writer.file(), file_key, std::span(rows_).subspan(from, to - from), step));
    }
    if (!step.announced.empty()) IMREG_TRY(options_.announce(step.announced));
    if (step.changes.empty())
      IMREG_TRY(writer.append(std::move(step.added)));
    else
      IMREG_TRY(commit(writer, step));
    if (!step.announced.empty() && options_.announced) {
      if (const Status told = options_.announced(); !told.ok()) step.notes.push_back(told.text());
    }
    if (const Status forgot = pending_.done(statistics_options(), step.notes); !forgot.ok())
      step.notes.push_back("statistics that waited are in their rows, and still wait: " + forgot.text());
    report_.added += step.added_rows;
    report_.updated += static_cast<std::int64_t>(step.changes.size()) - step.gone;
    report_.unchanged += step.unchanged;
    report_.gone += step.gone;
    report_.notes.insert(report_.notes.end(), step.notes.begin(), step.notes.end());
    return {};
  }

  StatisticsOptions statistics_options() const {
    return {options_.database, options_.wait_seconds, options_.on_network, "imregister"};
  }

  Status commit(RecordWriter& writer, Step& step) const {
    if (step.changes.size() <= kMostUnlogged) return writer.commit(step.changes, std::move(step.added));
    BulkChange about;
    about.kind = BulkChange::Kind::register_;
    about.program = "imregister";
    for (const auto& path : options_.paths) {
      if (about.command.size() > kLongCommand) {
        about.command += " ...";
        break;
      }
      about.command += (about.command.empty() ? "" : " ") + path;
    }
    IMREG_ASSIGN(auto history,
                 HistoryWriter::begin(writer.file(), about, {options_.wait_seconds, options_.on_network, nullptr}));
    std::map<std::int64_t, const RowChange*> in_order;
    for (const auto& change : step.changes) in_order[change.row] = &change;
    Record old = writer.file().make_record();
    for (const auto& [row, change] : in_order) {
      // What was damaged shall not come back.
      if (writer.file().read(row, old).ok()) history.row(row, old.view(), RecordView(change->bytes.data()));
    }
    CommitSteps steps;
    steps.ready = [&](std::int64_t number) { return history.ready(number); };
    return writer.commit(step.changes, std::move(step.added), steps);
  }

  // Which of the images a row of Elixir is: the only one of its CCD, or of the file. -1: that cannot be told.
  static int image_with_ccd(RecordView stored, std::span<const TakenRow> given) {
    int found = given.size() == 1 ? 0 : -1;
    for (std::size_t i = 0; i < given.size() && given.size() > 1; ++i) {
      const RecordView image = given[i].record.view();
      if (image[regimage::kCcd] != stored[regimage::kCcd] || image[regimage::kSlice] != 0) continue;
      if (found >= 0) return -1;
      found = static_cast<int>(i);
    }
    return found;
  }

  // The rows that one file gives now, beside those that the database has of it.
  Status merge_file(const RecordFile& file, const std::string& file_key, std::span<TakenRow> given, Step& step) {
    using Place = std::pair<int, int>;  // what tells the rows of a file apart
    const auto place_of = [](RecordView row) { return Place(row[regimage::kExtension], row[regimage::kSlice]); };
    struct Known {
      std::size_t last;       // of those given with this place, the one that counts
      std::int64_t row = -1;  // in the database
      bool deleted = false;
    };
    std::map<Place, Known> known;
    for (std::size_t i = 0; i < given.size(); ++i) known[place_of(given[i].record.view())].last = i;
    Record old = file.make_record();
    for (const std::int64_t row : keys_.rows_of(file_key, file, roots_)) {
      const RecordView stored = file.peek(row, old);
      const int same_ccd = is_unplaced(stored) ? image_with_ccd(stored, given) : -1;
      const auto at = known.find(same_ccd < 0 ? place_of(stored)
                                              : place_of(given[static_cast<std::size_t>(same_ccd)].record.view()));
      if (at != known.end()) {
        // A file may have gone, and another one been moved to its place: the row that is not deleted counts.
        const bool deleted = stored[regimage::kDeleted];
        if (at->second.row < 0 || (at->second.deleted && !deleted)) {
          at->second.row = row;
          at->second.deleted = deleted;
        }
        continue;
      }
      if (!file.read(row, old).ok() || old[regimage::kDeleted]) continue;  // what is damaged stays for a repair
      old.set(regimage::kDeleted, true);
      step.changes.push_back({row, old.bytes()});
      ++step.gone;
    }
    std::vector<RecordView> images;
    for (std::size_t i = 0; i < given.size() && !pending_.empty(); ++i) images.push_back(given[i].record.view());
    const auto waiting = pending_.of_file(images, roots_, step.notes);
    const auto put_what_waited = [&](Record& row, std::size_t i) {
      for (const auto& [image, entry] : waiting) {
        if (image == i) put_statistics(row, *entry);
      }
    };
    for (std::size_t i = 0; i < given.size(); ++i) {
      Record& fresh = given[i].record;
      const auto [last, row, deleted] = known.at(place_of(fresh.view()));
      if (last != i) continue;
      if (row < 0) {
        put_what_waited(fresh, i);
        if (options_.announce) step.announced.push_back(fresh);
        step.added += fresh.bytes();
        ++step.added_rows;
        continue;
      }
      if (const Status whole = file.read(row, old); !whole.ok()) {
        if (whole.code() != Code::corrupt) return whole;
        step.notes.push_back(
            "row " + std::to_string(row + 1) +
            " was damaged and is written anew from its file; statistics and judgements in it are lost");
        put_what_waited(fresh, i);
        if (options_.announce) step.announced.push_back(fresh);
        step.changes.push_back({row, fresh.bytes()});
        continue;
      }
      Record renewed = renewed_row(old.view(), std::move(fresh));
      put_what_waited(renewed, i);
      if (options_.announce && (deleted || !is_same_file(old.view(), renewed.view())))
        step.announced.push_back(renewed);
      if (renewed.bytes() == old.bytes())
        ++step.unchanged;
      else
        step.changes.push_back({row, renewed.bytes()});
    }
    return {};
  }

  const RegisterOptions& options_;
  PathRoots roots_;
  RegisterReport& report_;
  KeyTable keys_;
  PendingStatistics pending_;
  bool temperatures_are_new_ = false;
  std::int64_t without_temperatures_ = 0;
  double first_without_ = 0;
  std::vector<TakenRow> rows_;
  std::vector<RegisteredFile> waiting_;
};

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
  auto writer_options = writer_options_of(options);
  writer_options.wait_seconds = std::max(writer_options.wait_seconds, 60.0);  // nobody waits for this one
  return merge_index(options.database, writer_options, index_limits());
}

}  // namespace imreg
