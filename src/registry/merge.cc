// imregtable's work: the rows of other databases into one, in groups that are one durable step each.
//
// Merging a row is idempotent, so a merge that was killed is simply run again: what is there already changes nothing. For
// that, rows that know their file come first and those of Elixir, which do not, behind them, whatever the order of the
// databases: else what Elixir measured could be given to a row that is replaced later in the same merge.
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "os/walk.h"
#include "registry/convert.h"
#include "registry/image_row.h"
#include "registry/key_table.h"
#include "registry/new_database.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

constexpr std::size_t kGroupRows = 8192;  // rows of one durable step

IndexKeeper::Limits index_limits(IoObserver* observer) {
  IndexKeeper::Limits limits;
  limits.observer = observer;
  return limits;
}

bool is_slice(RecordView row) { return row[regimage::kMode] == static_cast<int>(regimage::Mode::slice); }

// Unknown times are the same, too: nothing else tells such slices of Elixir apart.
bool same_time(RecordView a, RecordView b) {
  const double first = a[regimage::kObstime], second = b[regimage::kObstime];
  return first == second || (std::isnan(first) && std::isnan(second));
}

// Such a file holds one image: its row needs no CCD to be known.
bool is_alone(RecordView row) {
  const int mode = row[regimage::kMode];
  return mode == static_cast<int>(regimage::Mode::single) || mode == static_cast<int>(regimage::Mode::split);
}

// Which of a file's rows is this image? -1: none; -2: several could be.
constexpr int kNone = -1, kSeveral = -2;
template <class RowAt>
int find_image(RecordView wanted, std::size_t count, const RowAt& row_at) {
  int by_ccd = kNone, by_file = kNone;
  const bool unplaced = is_unplaced(wanted);
  for (int i = 0; i < static_cast<int>(count); ++i) {
    const RecordView row = row_at(static_cast<std::size_t>(i));
    const bool both_placed = !unplaced && !is_unplaced(row), neither = unplaced && is_unplaced(row);
    if (both_placed) {
      if (row[regimage::kExtension] == wanted[regimage::kExtension] &&
          row[regimage::kSlice] == wanted[regimage::kSlice])
        return i;
      continue;
    }
    if (is_slice(wanted) != is_slice(row)) continue;
    if (is_slice(row) && !(neither && same_time(row, wanted))) continue;
    if (is_alone(wanted) && is_alone(row) && by_file == kNone) by_file = i;
    if (row[regimage::kCcd] != wanted[regimage::kCcd]) continue;
    if (neither) return i;  // Elixir's own duplicates are one image
    // A cube has one CCD and many rows: the row of Elixir is the whole cube.
    if (row[regimage::kSlice] != 0 || wanted[regimage::kSlice] != 0) continue;
    if (by_ccd == kNone)
      by_ccd = i;
    else if (unplaced)
      by_ccd = kSeveral;
  }
  return by_ccd != kNone ? by_ccd : by_file;
}

// One database whose rows are taken.
struct Source {
  RecordFile file;
  PathRoots roots;
  MergedSource& report;
};

class Merger {
 public:
  Merger(const MergeOptions& options, MergeReport& report, const std::function<void(const Status&)>& on_left_out)
      : options_(options), report_(report), on_left_out_(on_left_out) {}

  /// The database that rows go to; it is made when the first row is written.
  Status open() {
    IMREG_ASSIGN(roots_, PathRoots::load(options_.database));
    auto file = RecordFile::open(options_.database);
    if (!file && file.status().code() != Code::not_found) return file.status();
    if (!file && is_link(options_.database))
      return Status(Code::not_found, "is a link to a file that does not exist").in_file(options_.database);
    if (!file && !is_folder(folder_of(options_.database))) return no_folder(options_.database);
    if (!file) return {};
    IMREG_TRY(check_format(*file));
    first_new_ = file->count();
    return {};
  }

  Status take(Record row, const Source& source, std::int64_t number) {
    if (Status placed = place(row, source); !placed.ok()) {
      left_out(source, number, row.view(), placed);
      return {};
    }
    rows_.push_back({std::move(row), &source, number});
    return rows_.size() < kGroupRows ? Status() : write();
  }

  Status write() {
    if (rows_.empty()) return {};
    const Status status = options_.dry_run ? rehearse() : write_group();
    rows_.clear();
    return status;
  }

  /// Gives the room behind the rows back.
  Status finish() {
    IMREG_TRY(write());
    if (options_.dry_run || !wrote_) return {};
    IndexKeeper keeper(IndexKeeper::Patience::full, index_limits(options_.observer));
    IMREG_ASSIGN(auto writer, RecordWriter::open(options_.database, writer_options(&keeper)));
    keeper.finish(writer.file());
    if (!keeper.note().empty()) report_.notes.push_back(keeper.note());
    return writer.trim();
  }

  void left_out(const Source& source, std::int64_t number, RecordView row, const Status& why) {
    ++source.report.left_out;
    const std::string name = row.bytes() ? std::string(row[regimage::kFilename]) + ": " : "";
    on_left_out_(Status(why.code(), name + why.message()).in_file(source.report.path).at_record(number));
  }

  static Status check_format(const RecordFile& file) {
    const auto& schema = file.schema();
    if (schema.format != regimage::kFormat) {
      return Status(Code::invalid, "is not a registration database: its records are " +
                                       (schema.format.empty() ? "of no known format" : schema.format))
          .in_file(file.path());
    }
    return {};
  }

 private:
  struct Taken {
    Record record;
    const Source* source;
    std::int64_t number;
  };
  // A row of the database, or one that becomes one.
  struct Known {
    Record record;
    std::int64_t row;  // -1: not yet in the database
    bool changed = false, damaged = false;
  };
  struct Group {
    std::vector<Known> known;
    std::unordered_map<std::string, std::vector<std::size_t>> files;  // what is known of each
  };

  RecordWriter::Options writer_options(RowFollower* follower) const {
    RecordWriter::Options out;
    out.program = "imregtable";
    out.wait_seconds = options_.wait_seconds;
    out.on_network = options_.on_network;
    out.follower = follower;
    out.observer = options_.observer;
    return out;
  }

  // The pathname as this database would have stored it.
  Status place(Record& row, const Source& source) {
    const std::string_view stored = row[regimage::kPathname];
    if (&source != placed_for_ || stored != placed_from_) {
      placed_for_ = &source;
      placed_from_ = stored;
      std::string path = source.roots.expand(stored);
      placed_status_ = Status();
      if (path.starts_with('/')) {
        placed_ = roots_.shorten(absolute_path(path));
        if (placed_.size() > static_cast<std::size_t>(regimage::kPathname.count)) {
          placed_status_ = {Code::invalid, "its path has " + std::to_string(placed_.size()) + " bytes, the field " +
                                               std::to_string(regimage::kPathname.count) +
                                               ": define a path root for its upper part first (imregister -root "
                                               "NAME=PREFIX)"};
        }
      } else if (path.starts_with('$') && source.file.is_native()) {
        placed_status_ = {Code::invalid,
                          "its path " + path + " begins with a root that is not defined beside " + source.report.path};
      } else {
        placed_ = std::move(path);
      }
    }
    if (placed_status_.ok()) (void)row.set(regimage::kPathname, placed_);
    return placed_status_;
  }

  Result<RecordWriter> open_writer(RowFollower* follower) {
    const auto options = writer_options(follower);
    auto writer = RecordWriter::open_or_create(options_.database,
                                               *builtin_format(regimage::kFormat, regimage::kVersion), options);
    if (writer.status().code() == Code::not_found) return no_folder(options_.database);
    return writer;
  }

  Status write_group() {
    // Between two groups the rows that are outside the index are looked at one by one: few, then.
    auto limits = index_limits(options_.observer);
    limits.piece = 8 * static_cast<std::int64_t>(kGroupRows);
    IndexKeeper keeper(IndexKeeper::Patience::full, limits);
    IMREG_ASSIGN(auto writer, open_writer(&keeper));
    IMREG_TRY(check_format(writer.file()));
    report_.notes.insert(report_.notes.end(), writer.notes().begin(), writer.notes().end());
    keeper.begin(writer.file());
    IMREG_TRY(keys_.take(writer.file(), roots_, names_of_rows()));
    Group group;
    for (auto& taken : rows_) IMREG_TRY(merge(std::move(taken), &writer.file(), group));
    std::vector<RowChange> changes;
    std::string added;
    for (const Known& known : group.known) {
      if (known.row < 0)
        added += known.record.bytes();
      else if (known.changed)
        changes.push_back({known.row, known.record.bytes()});
    }
    if (changes.empty() && added.empty()) return {};
    IMREG_TRY(changes.empty() ? writer.append(std::move(added)) : writer.commit(changes, std::move(added)));
    wrote_ = true;
    return {};
  }

  // As write_group(), but of what would have been added before only the images are known.
  Status rehearse() {
    auto opened = RecordFile::open(options_.database);
    if (!opened && opened.status().code() != Code::not_found) return opened.status();
    const RecordFile* file = opened ? &*opened : nullptr;
    if (file) IMREG_TRY(keys_.take(*file, roots_, names_of_rows()));
    Group group;
    for (auto& taken : rows_) IMREG_TRY(merge(std::move(taken), file, group));
    for (const Known& known : group.known) {
      if (known.row >= 0) continue;
      const RecordView row = known.record.view();
      rehearsed_.insert(image_hash(row, false));
      if (!is_unplaced(row)) rehearsed_.insert(image_hash(row, true));
    }
    return {};
  }

  std::vector<std::string> names_of_rows() const {
    std::vector<std::string> names;
    for (const auto& taken : rows_) {
      const auto name = taken.record[regimage::kFilename];
      if (names.empty() || names.back() != name) names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  // Of what tells an image from others of its file: its place, or else its CCD.
  std::uint64_t image_hash(RecordView row, bool place) const {
    const auto word = [](double number) { return ' ' + std::to_string(number); };
    return std::hash<std::string>{}(
        file_key_of(row, roots_) +
        (place ? " place" + word(row[regimage::kExtension]) + word(row[regimage::kSlice])
               : word(row[regimage::kCcd]) + (is_slice(row) ? word(row[regimage::kObstime]) : "")));
  }

  // All rows of a file: those in the database, and then those of this group.
  Result<std::vector<std::size_t>*> rows_of_file(const std::string& key, const RecordFile* file, Group& group) const {
    const auto [at, is_new] = group.files.try_emplace(key);
    if (!is_new || !file) return &at->second;
    for (const std::int64_t row : keys_.rows_of(key, *file, roots_)) {
      Known known{file->make_record(), row};
      if (const Status whole = file->read(row, known.record); !whole.ok()) {
        if (whole.code() != Code::corrupt) return whole;
        Record scratch = file->make_record();
        known.record = Record(std::string_view(file->peek(row, scratch).bytes(), regimage::kRecordSize));
        known.damaged = true;
      }
      at->second.push_back(group.known.size());
      group.known.push_back(std::move(known));
    }
    return &at->second;
  }

  Status merge(Taken taken, const RecordFile* file, Group& group) {
    MergedSource& report = taken.source->report;
    const RecordView theirs = taken.record.view();
    IMREG_ASSIGN(std::vector<std::size_t>* const rows, rows_of_file(file_key_of(theirs, roots_), file, group));
    const int found =
        find_image(theirs, rows->size(), [&](std::size_t i) { return group.known[(*rows)[i]].record.view(); });
    if (found == kSeveral) {
      left_out(*taken.source, taken.number, theirs,
               {Code::invalid, "CCD " + std::to_string(theirs[regimage::kCcd]) +
                                   " does not tell which of the file's rows it is; they are better known here"});
      return {};
    }
    if (found == kNone) {
      if (options_.dry_run && rehearsed_.contains(image_hash(theirs, !is_unplaced(theirs)))) {
        ++report.repeated;
        return {};
      }
      ++report.added;
      rows->push_back(group.known.size());
      group.known.push_back({std::move(taken.record), -1});
      return {};
    }
    Known& known = group.known[(*rows)[static_cast<std::size_t>(found)]];
    Record merged = known.damaged ? std::move(taken.record) : merged_row(known.record.view(), theirs);
    if (known.damaged) {
      report_.notes.push_back("row " + std::to_string(known.row + 1) + " was damaged and is written anew from " +
                              report.path);
    }
    const bool changed = merged.bytes() != known.record.bytes();
    const bool own = known.row < 0 || known.row >= first_new_;
    ++(own ? report.repeated : changed ? report.updated : report.unchanged);
    known.changed |= changed;
    known.damaged = false;
    known.record = std::move(merged);
    return {};
  }

  const MergeOptions& options_;
  MergeReport& report_;
  const std::function<void(const Status&)>& on_left_out_;
  PathRoots roots_;
  KeyTable keys_;
  std::vector<Taken> rows_;
  std::unordered_set<std::uint64_t> rehearsed_;
  std::int64_t first_new_ = 0;  // rows from here on were added by this merge
  bool wrote_ = false;
  const Source* placed_for_ = nullptr;  // neighbours in a file usually lie in one folder
  std::string placed_from_, placed_;
  Status placed_status_;
};

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// Rows that know their file, or those that do not; how many there are of the others.
class Pass {
 public:
  Pass(Merger& merger, const std::function<void(std::int64_t, std::int64_t)>& on_progress, std::int64_t all)
      : merger_(merger), on_progress_(on_progress), all_(all) {}

  Status run(const Source& source, bool unplaced, std::int64_t& others) {
    const Schema& schema = source.file.schema();
    const FieldInfo* deleted = schema.find("deleted");
    Record row = source.file.make_record();
    others = 0;
    for (std::int64_t number = 0; number < source.file.count(); ++number) {
      if (on_progress_ && number % 1000 == 999) on_progress_(done_ + number, all_);
      if (source.file.is_native() && is_unplaced(source.file.peek(number, row)) != unplaced) {
        ++others;
        continue;
      }
      if (const Status whole = source.file.read(number, row); !whole.ok()) {
        if (whole.code() != Code::corrupt) return whole;
        ++source.report.rows;
        merger_.left_out(source, number, RecordView(), Status(whole.code(), whole.message()));
        continue;
      }
      ++source.report.rows;
      if (deleted && row[Field<bool>{deleted->offset}]) {
        ++source.report.deleted;
        continue;
      }
      if (source.file.is_native()) {
        IMREG_TRY(merger_.take(row, source, number));
        continue;
      }
      auto native = native_row(row.view(), schema);
      if (!native)
        merger_.left_out(source, number, RecordView(), native.status());
      else
        IMREG_TRY(merger_.take(*std::move(native), source, number));
    }
    done_ += source.file.count() - others;
    return {};
  }

 private:
  Merger& merger_;
  const std::function<void(std::int64_t, std::int64_t)>& on_progress_;
  std::int64_t all_, done_ = 0;
};

Result<RecordFile> open_source(const std::string& path, const std::string& database) {
  if (is_same_file(path, database))
    return Status(Code::invalid, "is the database itself; name another one, which is merged into it").in_file(path);
  auto file = RecordFile::open(path);
  if (!file && file.status().code() == Code::not_found)
    return Status(Code::not_found, "there is no such database").in_file(path);
  if (file) IMREG_TRY(Merger::check_format(*file));
  return file;
}

}  // namespace

MergeReport merge_databases(const MergeOptions& options, const std::function<void(const Status&)>& on_left_out,
                            const std::function<void(std::int64_t, std::int64_t)>& on_progress) {
  MergeReport report;
  Merger merger(options, report, on_left_out);
  report.database = merger.open();
  if (!report.database.ok()) return report;
  for (const auto& path : options.sources) report.sources.push_back({.path = path});
  std::vector<Source> sources;
  std::int64_t all = 0;
  for (auto& source : report.sources) {
    auto file = open_source(source.path, options.database);
    auto roots = file ? PathRoots::load(source.path) : Result<PathRoots>(file.status());
    source.failure = roots.status();
    if (!roots) continue;
    all += file->count();
    sources.push_back({*std::move(file), *std::move(roots), source});
  }
  Pass pass(merger, on_progress, all);
  for (const bool unplaced : {false, true}) {
    for (auto& source : sources) {
      // Elixir's rows are all of the second kind.
      if (source.file.is_native() || unplaced) {
        std::int64_t others = 0;
        Status status = pass.run(source, unplaced, others);
        if (status.ok()) status = merger.write();  // before the next one: what fails there is not this one's
        if (!status.ok()) {
          report.database = std::move(status);
          return report;
        }
      }
    }
  }
  report.database = merger.finish();
  return report;
}

}  // namespace imreg
