// The pipeline: files that are new or changed, a few hundred at a time, each batch in durable steps:
//
//   Imreg.db             their images
//   files.db             these files are begun
//   headers/             their rows, table by table
//   master.db, datasets.db
//   files.db             these files are done
//   pictures of them
//
// A run that is killed between them leaves files that are begun, or not known: the next one reads them again, and their rows take
// the place of those that are there.
#include "imreg/ingest.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "imreg/date.h"
#include "ingest/discover.h"
#include "ingest/file_readers.h"
#include "ingest/log.h"
#include "ingest/observations.h"
#include "ingest/pictures.h"
#include "ingest/tables.h"
#include "os/file.h"
#include "os/processors.h"
#include "registry/registrar.h"

namespace imreg {

using namespace ingest;
using headers::HeaderRow;

namespace {

constexpr std::size_t kBatch = 512;  // files
constexpr std::size_t kMore = 64;    // of the last observation

std::string word_of(FileClass what) {
  const FieldInfo* field = builtin_format(files::kFormat, files::kVersion)->find("class");
  return what == FileClass::none ? "" : field->words[static_cast<std::size_t>(what)];
}

FileState state_of(const ArchiveFile& file) {
  return file.is_passed()    ? FileState::passed
         : file.is_waiting() ? FileState::waiting
         : file.is_failure() ? FileState::failed
                             : FileState::done;
}

// As far as it fits, in whole characters.
std::string cut(const std::string& text, std::size_t size) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t next = std::max<std::size_t>(1, utf8_length(std::string_view(text).substr(end)));
    if (end + next > size) break;
    end += next;
  }
  return text.substr(0, end);
}

// A path up to the kind of the file: files of one observation have the same.
std::string_view stem_of(std::string_view path) {
  const auto bar = path.rfind('_'), slash = path.rfind('/');
  return bar == path.npos || (slash != path.npos && bar < slash) ? path : path.substr(0, bar);
}

// wfc_flt_1 as acsql's log has it: WFC_flt_1.
std::string acsql_name(const std::string& table) {
  const std::string detector = to_upper(table.substr(0, table.find('_')));
  const bool of_acs = detector == "WFC" || detector == "HRC" || detector == "SBC";
  return of_acs ? detector + table.substr(detector.size()) : table;
}

class Ingest {
 public:
  Ingest(const IngestOptions& options, const std::function<void(const IngestedFile&)>& on_file)
      : options_(options),
        on_file_(on_file),
        registration_(ingest_registration(options)),
        tables_(options.folder, writer_options()) {}

  Result<IngestReport> run() {
    IMREG_TRY(prepare());
    if (!options_.rehearse) IMREG_TRY(make_ingest_folder(options_.folder));  // before the walk, which passes over it
    auto walk = std::async(options_.jobs > 1 ? std::launch::async | std::launch::deferred : std::launch::deferred,
                           [&] { return find_files(options_.trees, layout_, options_.folder, picture_folders()); });
    if (options_.jobs < 2) walk.wait();
    const Status opened = open();
    IMREG_ASSIGN(const auto found, walk.get());
    report_.found = std::ssize(found.files);
    report_.outside = found.outside;
    report_.faults = found.faults;
    IMREG_TRY(opened);
    if (!options_.again) note_lost_tables();
    Work work = sort_out(found, *table_, options_.again, public_at());
    report_.unchanged = work.unchanged;
    report_.failed_before = work.failed_before;
    report_.held = work.held;
    report_.faults.insert(report_.faults.end(), work.empty.begin(), work.empty.end());
    work_ = std::move(work.files);
    all_ = std::ssize(work_) + (pictures_ ? std::ssize(work.known) : 0);
    for (const auto& file : work.impossible) {
      ++report_.failed;
      ++report_.classes[file.what];
      if (on_file_) on_file_(file);
    }
    if (!work_.empty()) moves_.emplace(work.elsewhere);
    if (options_.rehearse) return rehearsal(std::move(work.gone));
    FileReaders readers(work_, {*cameras_, registration_, roots_, public_at()}, options_.jobs, [this] {
      const auto done = static_cast<std::int64_t>(++done_);
      if (options_.progress) options_.progress(done, all_);
    });
    std::size_t end = end_of_batch(0);
    readers.begin(0, end);
    for (std::size_t from = 0; from < work_.size(); from = std::exchange(end, end_of_batch(end))) {
      readers.finish();
      readers.begin(end, end_of_batch(end));  // while this one is written
      IMREG_TRY(batch(from, end));
    }
    std::erase_if(work.gone, [this](const std::string& path) { return !table_->find(path); });  // moved
    IMREG_TRY(take_out(work.gone));
    IMREG_TRY(observations_->update_types());
    IMREG_TRY(registrar_->write(true));
    if (pictures_) {
      IMREG_TRY(pictures_->catch_up(work.known, [this](std::int64_t files) {
        const auto done = static_cast<std::int64_t>(done_ += static_cast<std::size_t>(files));
        if (options_.progress) options_.progress(done, all_);
      }));
    }
    if (options_.again) note_lost_tables();  // what was missing before may be there again
    IMREG_TRY(tables_.trim());
    IMREG_TRY(observations_->trim());
    IMREG_TRY(table_->trim());
    log_.info("", "Process Complete.");
    IMREG_TRY(log_.flush());
    return std::move(report_);
  }

 private:
  RecordWriter::Options writer_options() const {
    RecordWriter::Options out;
    out.program = "imingest";
    out.wait_seconds = options_.wait_seconds;
    out.on_network = options_.on_network;
    out.observer = options_.observer;
    return out;
  }
  // What waits for its release is read when that has come.
  double public_at() const { return options_.public_only ? now_ : std::numeric_limits<double>::infinity(); }

  std::vector<std::string> picture_folders() const {
    std::vector<std::string> out;
    for (const auto& one : {options_.jpegs, options_.thumbnails}) {
      if (!one.empty()) out.push_back(one);
    }
    return out;
  }

  // What may be wrong with the options, before anything is made.
  Status prepare() {
    IMREG_TRY(check_trees(options_.trees));
    IMREG_TRY(check_picture_folders(options_));
    IMREG_ASSIGN(cameras_, Cameras::load(options_.cameras));
    if (!options_.layout.empty()) {
      IMREG_ASSIGN(layout_, Layout::of(options_.layout));
    }
    if (!options_.proposals.empty()) {
      IMREG_ASSIGN(types_, ProposalTypes::load(options_.proposals));
    }
    return {};
  }

  Status open() {
    if (options_.rehearse) {
      IMREG_ASSIGN(table_, FileTable::look(options_.folder));
      return {};
    }
    IMREG_ASSIGN(const auto tables, header_tables(options_.folder));
    if (const std::string list = FileTable::path_in(options_.folder); !tables.empty() && is_missing(list))
      return Status(Code::not_found,
                    "is missing, and headers/ has tables, whose rows nobody could tell of which files they are: "
                    "restore it, or remove headers/, too, and everything is read again")
          .in_file(list);
    IMREG_ASSIGN(table_, FileTable::open(options_.folder, writer_options()));
    next_ = table_->next_number();
    const bool lost = table_->headers() > 0 && (is_missing(below(options_.folder, "master.db")) ||
                                                is_missing(below(options_.folder, "datasets.db")));
    IMREG_ASSIGN(observations_, Observations::open(options_.folder, types_, writer_options()));
    if (lost) IMREG_TRY(observations_->update(table_->observations(), *table_, {}));  // they are sums of files.db
    IMREG_ASSIGN(roots_, PathRoots::load(registration_.database));
    registrar_.emplace(registration_, roots_, report_.images);
    if (!options_.log.empty()) {
      const auto format = options_.json_log ? Log::Format::json : Log::Format::acsql;
      IMREG_ASSIGN(log_, Log::open(options_.log, "imingest", format));
    }
    if (!picture_folders().empty()) pictures_.emplace(options_, *cameras_, *table_, log_, report_.pictures).begin();
    return {};
  }

  void note_lost_tables() {
    if (Status lost = lost_tables(); !lost.ok()) report_.faults.push_back(std::move(lost));
  }
  // A table that somebody removed is made again by the next file that has a row for it, and lacks all others.
  Status lost_tables() const {
    IMREG_ASSIGN(const auto names, header_tables(options_.folder));
    std::int64_t rows = 0;
    for (const auto& name : names) {
      const std::string path = table_path(options_.folder, name);
      IMREG_ASSIGN(const RecordFile file, RecordFile::open(path));
      rows += file.count();
      if (file.count() > 0) IMREG_TRY(headers::check_heap_is_there(path, file.count()));
    }
    if (rows >= table_->headers()) return {};
    return Status(Code::mismatch, "holds " + counted(rows, "row") + ", and files.db knows of " +
                                      counted(table_->headers(), "header") +
                                      ": a table is missing; restore it, or let imingest -again TREE read everything "
                                      "once more (imcheck names the files)")
        .in_file(below(options_.folder, "headers"));
  }

  IngestReport rehearsal(std::vector<std::string> gone) {
    using Fate = IngestedFile::Fate;
    const auto say = [&](const IngestedFile& file) {
      if (on_file_) on_file_(file);
    };
    for (auto& file : work_) {
      if (!file.is_known && moves_->may_have(file)) {
        if (const auto found = read_fits_headers(file.path)) file.fingerprint = header_fingerprint(*found);
        file.moved_from = moves_->take(file);
        std::erase(gone, file.moved_from);
      }
      if (!file.moved_from.empty())
        ++report_.moved, say({file.path, Fate::moved, 0, "it was " + file.moved_from});
      else
        ++(file.was_read ? report_.changed : report_.fresh),
            say({file.path, file.was_read ? Fate::changed : Fate::fresh, 0, {}});
    }
    for (const auto& path : gone) say({path, Fate::gone, 0, "it is no longer there"});
    report_.gone = std::ssize(gone);
    return std::move(report_);
  }

  // Files of one observation go together.
  std::size_t end_of_batch(std::size_t from) const {
    std::size_t end = std::min(work_.size(), from + kBatch);
    const std::size_t most = std::min(work_.size(), end + kMore);
    while (end < most && stem_of(work_[end].path) == stem_of(work_[end - 1].path)) ++end;
    return end;
  }

  Status batch(std::size_t from, std::size_t end) {
    for (std::size_t i = from; i < end; ++i) {  // one that cannot be written stops the run before files are begun
      for (const auto& row : work_[i].rows) IMREG_TRY(tables_.open(row.table).status());
    }
    const double now = current_time();
    std::vector<Record> rows;
    std::map<std::int64_t, std::string> moved;  // by number: where the file was
    for (std::size_t i = from; i < end; ++i) {
      if (!work_[i].is_known) work_[i].moved_from = moves_->take(work_[i]);
      rows.push_back(row_of(work_[i], now));
      if (!work_[i].moved_from.empty()) moved[rows.back()[files::kNumber]] = work_[i].moved_from;
    }
    IMREG_TRY(write_images(from, end));
    if (pictures_) {
      for (std::size_t i = from; i < end; ++i) {
        const ArchiveFile& file = work_[i];
        if (const auto known = table_->find(file.moved_from.empty() ? file.path : file.moved_from))
          pictures_->follow(table_->row(known->row), rows[i - from]);
      }
    }
    std::vector<Record> begun;
    for (std::size_t i = from; i < end; ++i) begun.push_back(begun_row(work_[i], rows[i - from]));
    std::set<std::string> names = observations_of(rows, moved);
    IMREG_TRY(table_->write(begun, moved));
    log_observations("Begin ingestion", names);

    of_batch_.clear();
    for (const auto& row : rows)
      of_batch_[row[files::kNumber]] = {observation_of(row.view()), std::string(row[files::kRootname])};
    std::map<std::string, std::vector<HeaderRow>> by_table;
    std::vector<std::int64_t> again;  // files of which there may be rows
    for (std::size_t i = from; i < end; ++i) {
      ArchiveFile& file = work_[i];
      const auto number = rows[i - from][files::kNumber];
      if ((file.is_known && !file.stays_as_it_was()) || !file.moved_from.empty()) again.push_back(number);
      for (auto& row : file.rows) {
        by_table[row.table].push_back(
            {number, row.hdu, file.names.rootname, name_of(file.path), {}, now, std::move(row.parsed)});
      }
    }
    IMREG_TRY(observations_->update(names, *table_, rows));
    log_observations("Updated master table.", names);
    IMREG_TRY(write_tables(by_table, again));
    IMREG_TRY(table_->write(rows));
    log_files(from, end, rows);
    if (pictures_) pictures_->make(rows, options_.again);
    log_observations("End ingestion", names);
    for (std::size_t i = from; i < end; ++i) tell(work_[i]);
    return log_.flush();
  }

  Status write_images(std::size_t from, std::size_t end) {
    for (std::size_t i = from; i < end; ++i) {
      FileRows& images = work_[i].images;
      images.report.path = work_[i].path;
      // What was an image and has none now: its rows would tell of a file that is no more.
      const FileClass what = work_[i].what;
      const bool is_read = what == FileClass::none || what == FileClass::foreign || what == FileClass::embargo;
      if (images.rows.empty() && is_read) {
        if (work_[i].is_known) registrar_->take_without_image(work_[i].path);
        if (!work_[i].moved_from.empty()) registrar_->take_out(work_[i].moved_from);
      }
      if (work_[i].moved_from.empty())
        registrar_->take(std::move(images));
      else
        registrar_->take_moved(std::move(images), work_[i].moved_from);
    }
    IMREG_TRY(registrar_->write(false));
    const auto done = registrar_->done();
    for (std::size_t i = from; i < end; ++i) {
      const auto& image = done[i - from];
      report_.images.rows += image.rows;
      report_.images.failed += image.fate == RegisteredFile::Fate::failed;
    }
    return {};
  }

  // With a row for each HDU; `again`: those of these files that are there and were not given now are marked as deleted.
  Status write_tables(std::map<std::string, std::vector<HeaderRow>>& by_table, const std::vector<std::int64_t>& again) {
    if (!again.empty()) {
      IMREG_ASSIGN(const auto names, header_tables(options_.folder));
      for (const auto& name : names) by_table.try_emplace(name);
    }
    // Each table is a file of its own: some at a time, and in their order what is said of them.
    for (auto from = by_table.begin(); from != by_table.end();) {
      std::vector<decltype(from)> some;
      for (; from != by_table.end() && some.size() < Tables::kTogether; ++from) some.push_back(from);
      IMREG_TRY(write_tables(some, again));
    }
    return {};
  }
  Status write_tables(const std::vector<std::map<std::string, std::vector<HeaderRow>>::iterator>& some,
                      const std::vector<std::int64_t>& again) {
    std::vector<std::set<std::string>> updated(some.size());
    std::vector<headers::HeaderTable*> tables(some.size());
    std::vector<std::optional<Result<headers::TableReport>>> results(some.size());
    for (std::size_t i = 0; i < some.size(); ++i) {
      for (const auto& row : some[i]->second) updated[i].insert(of_batch_.at(row.file).observation);
      report_.rows += std::ssize(some[i]->second);
      IMREG_ASSIGN(tables[i], tables_.open(some[i]->first));
    }
    std::atomic<std::size_t> next{0};
    at_once(std::min(options_.jobs, static_cast<int>(some.size())), [&](int) {
      for (std::size_t i; (i = next++) < some.size();)
        results[i].emplace(tables[i]->write(std::move(some[i]->second), again));
    });
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::string& name = some[i]->first;
      IMREG_TRY(results[i]->status());
      const auto& written = **results[i];
      for (const auto& observation : updated[i]) log_.info(observation, "Updated " + acsql_name(name) + " table.");
      for (const auto& fresh : written.new_keywords)
        log_.warning(of_batch_.at(fresh.file).rootname, fresh.keyword + " not in " + acsql_name(name));
      for (const auto& one : written.texts) {
        const std::string& rootname = of_batch_.at(one.file).rootname;
        log_.warning(rootname, one.keyword + " holds texts in " + acsql_name(name) + " from now on");
        report_.notes.push_back(name + ": " + one.keyword + " holds texts from now on, since " + rootname +
                                " has one; number(" + one.keyword + ") compares its numbers");
      }
    }
    return {};
  }

  // Those that the rows belong to now, and belonged to until now.
  std::set<std::string> observations_of(const std::vector<Record>& rows,
                                        const std::map<std::int64_t, std::string>& moved) {
    std::set<std::string> out;
    for (const auto& row : rows) {
      out.insert(observation_of(row.view()));
      const auto from = moved.find(row[files::kNumber]);
      const auto known = table_->find(from == moved.end() ? path_of(row.view()) : from->second);
      if (known) out.insert(observation_of(table_->row(known->row).view()));
    }
    return out;
  }

  Record row_of(const ArchiveFile& file, double now) {
    const auto known = table_->find(file.moved_from.empty() ? file.path : file.moved_from);
    Record row(static_cast<std::size_t>(files::kRecordSize));
    if (file.stays_as_it_was() && known) return unread_row(file, table_->row(known->row));
    row.set(files::kNumber, next_);
    row.set(files::kFirst, now);
    if (known) {
      const Record old = table_->row(known->row);
      row.set(files::kNumber, known->number);
      if (old[files::kFirst] > 0) row.set(files::kFirst, old[files::kFirst]);
    } else {
      ++next_;
    }
    row.set(files::kLast, now);
    row.set(files::kRelease, file.release);
    row.set(files::kFilesize, file.times.size);
    row.set(files::kMtime, file.times.mtime);
    row.set(files::kFingerprint, file.fingerprint);
    row.set(files::kHdus, static_cast<int>(file.rows.size()));
    row.set(files::kState, static_cast<int>(state_of(file)));
    row.set(files::kClass, static_cast<int>(file.what));
    row.set(files::kDeleted, false);
    set_text(row, files::kRootname, file.names.rootname);
    set_text(row, files::kFiletype, file.names.filetype);
    set_text(row, files::kCamera, file.names.camera);
    set_text(row, files::kDetector, file.names.detector);
    set_text(row, files::kProposal, file.names.proposal);
    set_text(row, files::kFilename, name_of(file.path));
    set_text(row, files::kPathname, file.path.substr(0, file.path.rfind('/')));
    set_text(row, files::kReason, visible(file.reason));
    return row;
  }

  static void set_text(Record& row, const Field<Text>& field, const std::string& text) {
    (void)row.set(field, cut(text, static_cast<std::size_t>(field.count)));
  }

  static Record unread_row(const ArchiveFile& file, Record row) {
    row.set(files::kState, static_cast<int>(FileState::failed));
    row.set(files::kClass, static_cast<int>(file.what));
    set_text(row, files::kReason, visible(file.reason));
    return row;
  }

  // Of a file that is known it still says which observation it was of: whoever repeats this must look at that one, too. One that is
  // new was not ingested yet: no time says when.
  Record begun_row(const ArchiveFile& file, const Record& fresh) {
    const auto known = table_->find(file.moved_from.empty() ? file.path : file.moved_from);
    Record out = known ? table_->row(known->row) : fresh;
    if (!known) out.set(files::kFirst, std::numeric_limits<double>::quiet_NaN());
    out.set(files::kState, static_cast<int>(FileState::begun));
    (void)out.set(files::kFilename, std::string(fresh[files::kFilename]));
    (void)out.set(files::kPathname, std::string(fresh[files::kPathname]));
    return out;
  }

  Status take_out(const std::vector<std::string>& paths) {
    if (paths.empty()) return {};
    std::vector<std::int64_t> numbers;
    std::vector<Record> rows;
    for (const auto& path : paths) {
      const auto known = table_->find(path);
      if (!known) continue;
      numbers.push_back(known->number);
      Record row = table_->row(known->row);
      row.set(files::kState, static_cast<int>(FileState::gone));
      row.set(files::kLast, current_time());
      rows.push_back(std::move(row));
      registrar_->take_out(path);
    }
    IMREG_TRY(registrar_->write(false));
    std::map<std::string, std::vector<HeaderRow>> none;
    IMREG_TRY(write_tables(none, numbers));
    IMREG_TRY(observations_->update(observations_of(rows, {}), *table_, rows));
    IMREG_TRY(table_->write(rows));
    report_.gone = std::ssize(paths);
    for (const auto& path : paths) {
      log_.info("", path + " is gone");
      if (on_file_) on_file_({path, IngestedFile::Fate::gone, 0, "it is no longer there"});
    }
    return {};
  }

  void log_observations(const std::string& message, const std::set<std::string>& names) {
    for (const auto& name : names) log_.info(name, message);
  }
  void log_files(std::size_t from, std::size_t end, const std::vector<Record>& rows) {
    for (std::size_t i = from; i < end; ++i) {
      const auto& file = work_[i];
      const std::string name = observation_of(rows[i - from].view());
      if (file.is_failure())
        log_.error(name, file.path + ": " + file.reason);
      else if (!file.reason.empty())
        log_.warning(name, file.path + ": " + file.reason);
      if (!file.rows.empty())
        log_.info(name,
                  "Updated datasets table for " + (file.names.filetype.empty() ? "it" : file.names.filetype) + ".");
    }
  }

  void tell(const ArchiveFile& file) {
    using Fate = IngestedFile::Fate;
    IngestedFile out{file.path, Fate::fresh, static_cast<int>(file.rows.size()), file.reason, word_of(file.what)};
    out.fate = file.is_passed()           ? Fate::passed
               : file.is_waiting()        ? Fate::waiting
               : file.is_failure()        ? Fate::failed
               : file.was_read            ? Fate::changed
               : !file.moved_from.empty() ? Fate::moved
                                          : Fate::fresh;
    if (out.what.empty() && !out.reason.empty() && out.hdus > 0) out.what = "unregistered";
    if (out.fate == Fate::moved && out.reason.empty()) out.reason = "it was " + file.moved_from;
    const std::map<Fate, std::int64_t*> counts = {{Fate::fresh, &report_.fresh},     {Fate::changed, &report_.changed},
                                                  {Fate::moved, &report_.moved},     {Fate::passed, &report_.passed},
                                                  {Fate::waiting, &report_.waiting}, {Fate::failed, &report_.failed}};
    ++*counts.at(out.fate);
    if (!out.what.empty()) ++report_.classes[out.what];
    if (on_file_) on_file_(out);
  }

  const IngestOptions& options_;
  const std::function<void(const IngestedFile&)>& on_file_;
  const double now_ = current_time();
  const RegisterOptions registration_;
  IngestReport report_;
  std::optional<Cameras> cameras_;
  Layout layout_;
  ProposalTypes types_;
  std::optional<FileTable> table_;
  std::optional<Observations> observations_;
  PathRoots roots_;
  std::optional<Registrar> registrar_;
  std::optional<Pictures> pictures_;
  Log log_;
  Tables tables_;
  std::vector<ArchiveFile> work_;
  std::optional<Moves> moves_;
  struct Names {
    std::string observation, rootname;
  };
  std::map<std::int64_t, Names> of_batch_;  // by number of the file
  std::atomic<std::size_t> done_{0};
  std::int64_t all_ = 0;
  std::int64_t next_ = 1;
};

}  // namespace

RegisterOptions ingest_registration(const IngestOptions& options) {
  RegisterOptions out;
  out.database = below(options.folder, "Imreg.db");
  out.paths = options.trees;
  out.batch = true;
  out.cameras = options.cameras;
  out.wait_seconds = options.wait_seconds;
  out.on_network = options.on_network;
  out.temperatures = options.temperatures;
  out.program = "imingest";
  return out;
}

Result<IngestReport> ingest_trees(const IngestOptions& options,
                                  const std::function<void(const IngestedFile&)>& on_file) {
  return Ingest(options, on_file).run();
}

}  // namespace imreg
