// imsearch -follow: rows as they come. The files are asked for their times five times a second (the caller waits), which
// works on every file system; only when one has changed the database is opened again.
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "imreg/registry.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

// Which file a path is now, and in what state; changes whenever somebody writes.
std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "";
  return std::to_string(info.st_dev) + ' ' + std::to_string(info.st_ino) + ' ' + std::to_string(info.st_size) + ' ' +
         std::to_string(info.st_mtim.tv_sec) + '.' + std::to_string(info.st_mtim.tv_nsec);
}

class Follower {
 public:
  Follower(const SearchOptions& options, const Sink& sink) : options_(options), sink_(sink) {}

  /// Everything that is there now is known; the options are checked.
  Status begin(const RecordFile& file) {
    IMREG_TRY(prepare(file));
    seen(file);
    return {};
  }

  /// Prints what is new since then. False: there is nobody to print for, or enough is printed.
  Result<bool> look(const RecordFile& file) {
    std::int64_t from = rows_;
    if (file.uuid() != uuid_) {  // compacted, or another one
      from = behind_last_row(file);
      IMREG_TRY(prepare(file));
    } else if (options_.changed && change_number_ != file.change_number()) {
      IMREG_ASSIGN(const bool more, print(file, 0, std::min(from, file.count()), change_number_));
      if (!more) return false;
    }
    IMREG_ASSIGN(const bool more, print(file, from, file.count(), -1));
    seen(file);
    return more;
  }

  SearchReport report;

 private:
  Status prepare(const RecordFile& file) {
    IMREG_ASSIGN(roots_, PathRoots::load(options_.database));
    IMREG_ASSIGN(selection_, make_selection(options_, file.schema()));
    IMREG_TRY(add_conditions(options_, file.schema(), expression_settings(options_, roots_), selection_));
    const FieldInfo* changeno = file.schema().find("changeno");
    if (options_.changed && !(changeno && changeno->type == Type::i64))
      return {Code::invalid, "-changed: the rows of this database do not tell when they were changed"};
    if (changeno) changeno_ = changeno->offset;
    if (writer_ && file.schema().layout_hash() == layout_) return {};
    layout_ = file.schema().layout_hash();
    IMREG_ASSIGN(writer_, make_row_writer(options_.format, file.schema(), emit_options(options_, roots_), sink_));
    return {};
  }

  void seen(const RecordFile& file) {
    uuid_ = file.uuid();
    rows_ = file.count();
    change_number_ = file.change_number();
    Record scratch = file.make_record();
    last_.reset();
    if (rows_ > 0)
      last_.emplace(
          std::string_view(file.peek(rows_ - 1, scratch).bytes(), static_cast<std::size_t>(file.schema().record_size)));
  }

  // A compacted file keeps its order. In one that does not have our last row every row is new.
  std::int64_t behind_last_row(const RecordFile& file) const {
    if (!last_ || file.schema().layout_hash() != layout_) return 0;
    static constexpr const char* kKey[] = {"filename", "pathname", "extension", "slice", "ccd", "obstime", "regtime"};
    Record scratch = file.make_record();
    for (std::int64_t row = file.count(); row > 0; --row) {
      const RecordView record = file.peek(row - 1, scratch);
      const bool same = std::all_of(std::begin(kKey), std::end(kKey), [&](const char* name) {
        const FieldInfo* field = file.schema().find(name);
        return !field || std::memcmp(record.bytes() + field->offset, last_->bytes().data() + field->offset,
                                     static_cast<std::size_t>(field->size())) == 0;
      });
      if (same) return row;
    }
    return 0;
  }

  Result<bool> print(const RecordFile& file, std::int64_t from, std::int64_t end, std::int64_t changed_after) {
    Record row = file.make_record();
    std::string text;
    bool more = true;
    for (; from < end && more; ++from) {
      const RecordView now = file.peek(from, row);
      if (changed_after >= 0 && now[Field<std::int64_t>{changeno_}] <= changed_after) continue;
      if (!selection_.matches(now)) continue;
      if (Status whole = file.read(from, row); !whole.ok()) {
        if (whole.code() != Code::corrupt) return whole;
        report.damaged.add(std::move(whole));
        continue;
      }
      const RecordView record = row.view();
      if (!selection_.matches(record)) continue;
      writer_->format_rows(++report.matched, {&record, 1}, text);
      more = !(options_.limit && report.matched >= *options_.limit);
      if (text.size() > kPiece) {
        more = writer_->lines(text) && more;
        text.clear();
      }
    }
    return writer_->lines(text) && more;
  }

  static constexpr std::size_t kPiece = 64 << 10;
  const SearchOptions& options_;
  const Sink& sink_;
  PathRoots roots_;
  Selection selection_;
  std::unique_ptr<RowWriter> writer_;
  std::string uuid_, layout_;
  std::int64_t rows_ = 0, change_number_ = 0;
  int changeno_ = 0;
  std::optional<Record> last_;  // the last row that was seen
};

Status check_alone(const SearchOptions& options) {
  const struct {
    bool given;
    const char* option;
  } kOthers[] = {{!options.near_to.empty(), "near-to"},
                 {options.group.has_value(), "group"},
                 {options.count, "count"},
                 {options.explain, "explain"},
                 {!options.sort.empty(), "sort"},
                 {options.last.has_value(), "last"},
                 {options.unique, "unique"},
                 {options.offset > 0, "offset"}};
  for (const auto& other : kOthers) {
    if (other.given) {
      return {Code::invalid,
              "-follow and -" + std::string(other.option) + " do not go together: rows are printed as they come"};
    }
  }
  static constexpr const char* kFormats[] = {"row", "trigger", "csv", "tsv", "json"};
  if (std::none_of(std::begin(kFormats), std::end(kFormats),
                   [&](const char* format) { return equal_nocase(options.format, format); })) {
    return {Code::invalid, "-follow prints the formats row, trigger, csv, tsv and json, not " + options.format};
  }
  return {};
}

}  // namespace

Result<SearchReport> follow_rows(const SearchOptions& options, const Sink& sink, const std::function<bool()>& wait) {
  IMREG_TRY(check_alone(options));
  Follower follower(options, sink);
  std::string stamp = stamp_of(options.database) + stamp_of(options.database + ".journal");
  {
    IMREG_ASSIGN(const RecordFile file, open_database(options.database));
    IMREG_TRY(follower.begin(file));
  }
  if (options.limit && *options.limit == 0) return std::move(follower.report);
  bool quiet = false;  // once more behind each change: two of them may have the same time
  while (wait()) {
    std::string now = stamp_of(options.database) + stamp_of(options.database + ".journal");
    if (now == stamp && quiet) continue;
    quiet = now == stamp;
    const auto file = RecordFile::open(options.database);
    if (!file && file.status().code() == Code::not_found) continue;  // being replaced
    if (!file) return file.status();
    stamp = std::move(now);
    IMREG_ASSIGN(const bool more, follower.look(*file));
    if (!more) break;
  }
  return std::move(follower.report);
}

}  // namespace imreg
