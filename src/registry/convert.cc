// convertimreg's work: a registration database in another version, field by field. Elixir's versions hold less: what a
// row cannot hold there leaves the row out, with its reason; fields that are missing there are counted.
//
// What is not known is NaN in the native format. In Elixir's it is 0, a failed statistic -1, a missing telescope
// temperature 200.
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/date.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "registry/convert.h"
#include "registry/image_row.h"
#include "registry/new_database.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kGroupRows = 16384;

struct NamedStatistic {
  const char* field;
  Statistic which;
};
constexpr NamedStatistic kStatistics[] = {
    {"bias", Statistic::bias}, {"sky", Statistic::sky}, {"fwhm", Statistic::fwhm}};

double number_in(RecordView row, const Schema& schema, const char* name, int element = 0) {
  const FieldInfo* field = schema.find(name);
  if (!field || element >= field->count) return kUnknown;
  const Value value = value_of(row, *field, element);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return kUnknown;
}

// A float prints as itself only while it stays a float, so f32 fields are copied by value_of() without going through text.
Status copy_field(RecordView from, const FieldInfo& old_field, Record& to, const FieldInfo& new_field) {
  if (new_field.type == Type::text) {
    const Value text = value_of(from, old_field);
    return std::holds_alternative<std::monostate>(text)
               ? Status()
               : set_value(to, new_field, text);  // a new record's texts are empty
  }
  for (int i = 0; i < std::min(old_field.count, new_field.count); ++i)
    IMREG_TRY(set_value(to, new_field, value_of(from, old_field, i), i));
  return {};
}

}  // namespace

Result<Record> native_row(RecordView from, const Schema& old_schema) {
  const Schema& schema = *builtin_format(regimage::kFormat, regimage::kVersion);
  Record row(static_cast<std::size_t>(schema.record_size));
  for (const auto& field : schema.fields) {
    if (field.type == Type::f32 || field.type == Type::f64) {
      for (int i = 0; i < field.count; ++i) IMREG_TRY(set_value(row, field, kUnknown, i));
    }
    if (const FieldInfo* old_field = old_schema.find(field.name)) IMREG_TRY(copy_field(from, *old_field, row, field));
  }
  // A folder of that name: Elixir has no path roots, and a root of ours must not be found there later.
  if (const auto path = row[regimage::kPathname]; path.starts_with('$'))
    (void)row.set(regimage::kPathname, "./" + std::string(path));
  row.set(regimage::kFlag, row[regimage::kFlag] & ~kDayOnly);
  row.set(regimage::kDeleted, false);
  for (const auto& [name, which] : kStatistics) {
    const double value = number_in(from, old_schema, name);
    if (value == -1) IMREG_TRY(set_value(row, *schema.find(name), kUnknown));
    set_statistic_state(row, which,
                        value == -1         ? StatisticState::failed
                        : std::isnan(value) ? StatisticState::not_measured
                                            : StatisticState::measured);
  }
  if (row[regimage::kRa] == 0 && row[regimage::kDec] == 0) {
    row.set(regimage::kRa, kUnknown);
    row.set(regimage::kDec, kUnknown);
  }
  if (row[regimage::kDettemp] == 0) row.set(regimage::kDettemp, kUnknown);
  for (int i = 0; i < 4; ++i) {
    if (row[regimage::kTeltemp(i)] == 200) row.set(regimage::kTeltemp(i), kUnknown);
  }
  return row;
}

namespace {

// Elixir's times are seconds since 1970 in 32 bits.
Status within_elixirs_time(RecordView from, const FieldInfo& old_field, const FieldInfo& field) {
  const Value value = value_of(from, old_field);
  const auto* time = std::get_if<double>(&value);
  if (field.display != Display::time || !time || std::isnan(*time) || (*time >= 0 && *time < 4294967296.0)) return {};
  return {Code::invalid,
          "field " + field.name + ": " + format_iso(*time) + " is not within 1970 to 2106, Elixir's years"};
}

// Elixir's programs need the NUL behind a text.
Status leave_room_for_nul(const Record& row, const FieldInfo& field) {
  if (field.display == Display::hidden || row.bytes()[static_cast<std::size_t>(field.offset + field.count) - 1] == '\0')
    return {};
  return {Code::invalid, "field " + field.name + ": the text has " + std::to_string(field.count) +
                             " bytes, Elixir has room for " + std::to_string(field.count - 1)};
}

bool is_day_only(RecordView row, const Schema& schema) {
  return schema.version == regimage::kVersion && (row[regimage::kFlag] & kDayOnly) != 0;
}

Result<Record> to_elixir(RecordView from, const Schema& old_schema, const Schema& schema, const PathRoots& roots) {
  Record row(static_cast<std::size_t>(schema.record_size));
  for (const auto& field : schema.fields) {
    const FieldInfo* old_field = old_schema.find(field.name);
    if (!old_field) continue;
    if (field.name == "pathname") {
      const std::string path = roots.expand(load(from.bytes(), Field<Text>{old_field->offset, old_field->count}));
      IMREG_TRY(set_value(row, field, std::string_view(path)));
    } else {
      IMREG_TRY(within_elixirs_time(from, *old_field, field));
      IMREG_TRY(copy_field(from, *old_field, row, field));
    }
    if (field.type == Type::text) IMREG_TRY(leave_room_for_nul(row, field));
    if (field.type != Type::f32) continue;
    for (int i = 0; i < field.count; ++i) {  // Elixir knows no NaN
      if (std::isnan(load_big<float>(row.data() + field.offset + 4 * i))) {
        IMREG_TRY(set_value(row, field, field.name == "teltemp" ? 200.0 : 0.0, i));
      }
    }
  }
  if (is_day_only(from, old_schema)) {
    // Elixir's programs take any bit for "distributed".
    if (const FieldInfo* flag = schema.find("flag"))
      IMREG_TRY(set_value(row, *flag, static_cast<std::int64_t>(from[regimage::kFlag] & ~kDayOnly)));
  }
  if (old_schema.find("procstate")) {
    for (const auto& [name, which] : kStatistics) {
      if (statistic_state(from, which) == StatisticState::failed) IMREG_TRY(set_value(row, *schema.find(name), -1.0));
    }
  }
  return row;
}

// Values that the new version has no field for.
void count_lost(RecordView from, const Schema& old_schema, const Schema& schema,
                std::map<std::string, std::int64_t>& lost) {
  static constexpr std::string_view kOwn[] = {"procstate",   "deleted",  "changeno", "crc",
                                              "fingerprint", "filesize", "mtime"};
  for (const auto& field : old_schema.fields) {
    if (field.display == Display::hidden || schema.find(field.name) ||
        std::find(std::begin(kOwn), std::end(kOwn), field.name) != std::end(kOwn))
      continue;
    const Value value = value_of(from, field);
    const auto* integer = std::get_if<std::int64_t>(&value);
    if (!std::holds_alternative<std::monostate>(value) && !(integer && *integer == 0)) ++lost[field.name];
  }
  if (is_day_only(from, old_schema)) ++lost["flag that only the day of obstime is known"];
}

// Removes what an earlier conversion left, and at the end what this one leaves.
class RemoveAtExit {
 public:
  explicit RemoveAtExit(std::vector<std::string> paths) : paths_(std::move(paths)) { remove(); }
  RemoveAtExit(const RemoveAtExit&) = delete;
  RemoveAtExit& operator=(const RemoveAtExit&) = delete;
  ~RemoveAtExit() { remove(); }

 private:
  void remove() {
    for (const auto& path : paths_) (void)remove_file(path);
  }
  std::vector<std::string> paths_;
};

std::string elixir_header(const Schema& schema, std::int64_t rows) {
  Header header;
  if (schema.version < 3) {  // one block that counts the images
    header.add("SIMPLE", true, "FITS-like header of an Elixir database");
    header.add("BITPIX", 8);
    header.add("NAXIS", 0);
    header.add("ORIGIN", "imreg", "written by convertimreg");
    header.add("VERSION", schema.version, "layout of the records");
    header.add("NIMAGES", static_cast<long long>(rows), "records behind this header");
    return header.file_bytes();
  }
  header.add("SIMPLE", true, "FITS standard");
  header.add("BITPIX", 8);
  header.add("NAXIS", 0, "no image here");
  header.add("EXTEND", true, "the records stand in the first extension");
  Header table;
  table.add("XTENSION", "BINTABLE", "binary table");
  table.add("BITPIX", 8);
  table.add("NAXIS", 2);
  table.add("NAXIS1", schema.record_size, "bytes of a record");
  table.add("NAXIS2", static_cast<long long>(rows), "records");
  table.add("PCOUNT", 0);
  table.add("GCOUNT", 1);
  add_schema_cards(schema, table);
  return header.file_bytes() + table.file_bytes();
}

}  // namespace

Result<ConvertReport> convert_database(const std::string& from, const std::string& to, std::string_view version) {
  const int number = equal_nocase(version, "native") ? regimage::kVersion
                     : equal_nocase(version, "v1")   ? 1
                     : equal_nocase(version, "v2")   ? 2
                     : equal_nocase(version, "v3")   ? 3
                                                     : 0;
  if (number == 0) return Status(Code::invalid, "-to: \"" + std::string(version) + "\" is none of native, v1, v2, v3");
  auto opened = RecordFile::open(from);
  if (!opened && opened.status().code() == Code::not_found)
    return Status(Code::not_found, "there is no such database").in_file(from);
  IMREG_ASSIGN(const RecordFile file, std::move(opened));
  if (file.schema().format != regimage::kFormat) {
    return Status(Code::invalid, "is not a registration database: its records are " +
                                     (file.schema().format.empty() ? "of no known format" : file.schema().format))
        .in_file(from);
  }
  if (resolved_path(from) == resolved_path(to))
    return Status(Code::invalid, "is IN and OUT at once; name another OUT").in_file(to);
  IMREG_TRY(check_new_database(to));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(from));
  const Schema& schema = *builtin_format(regimage::kFormat, number);
  const bool native = number == regimage::kVersion;

  ConvertReport report;
  std::map<std::string, std::int64_t> lost;
  Record old = file.make_record();
  const Field<bool> deleted{file.schema().find("deleted") ? file.schema().find("deleted")->offset : -1};
  std::string rows;
  // Written beside its place and renamed when whole: a half conversion is never seen under the name.
  const std::string unfinished = to + ".unfinished";
  const RemoveAtExit leftovers({unfinished, unfinished + ".lock", unfinished + ".journal"});
  const auto convert_all = [&](const std::function<Status(std::string)>& write) -> Status {
    for (std::int64_t i = 0; i < file.count(); ++i) {
      if (Status whole = file.read(i, old); !whole.ok()) {
        if (whole.code() != Code::corrupt) return whole;
        report.left_out.push_back(std::move(whole));
        continue;
      }
      if (deleted.offset >= 0 && old[deleted]) continue;
      auto row = native && file.is_native() ? Result<Record>(old)
                 : native                   ? native_row(old.view(), file.schema())
                                            : to_elixir(old.view(), file.schema(), schema, roots);
      if (!row) {
        const Value name = value_of(old.view(), *file.schema().find("filename"));
        const auto* image = std::get_if<std::string_view>(&name);
        report.left_out.push_back(
            Status(row.status().code(), (image ? std::string(*image) + ": " : "") + row.status().message())
                .in_file(from)
                .at_record(i));
        continue;
      }
      if (!native) count_lost(old.view(), file.schema(), schema, lost);
      rows += row->bytes();
      ++report.rows;
      if (rows.size() >= kGroupRows * static_cast<std::size_t>(schema.record_size))
        IMREG_TRY(write(std::exchange(rows, {})));
    }
    return write(std::exchange(rows, {}));
  };

  if (native) {
    // On any file system: nobody else knows of a file that is not finished.
    const RecordWriter::Options options{.program = "convertimreg", .on_network = true};
    IMREG_TRY(RecordWriter::create(unfinished, schema, options));
    {
      IMREG_ASSIGN(auto writer, RecordWriter::open(unfinished, options));
      IMREG_TRY(convert_all([&](std::string group) { return writer.append(std::move(group)); }));
      IMREG_TRY(writer.trim());
    }
    if (!roots.empty()) IMREG_TRY(roots.save(to));
  } else {
    IMREG_ASSIGN(File out, File::open(unfinished, File::Mode::create_new));
    auto place = static_cast<std::int64_t>(elixir_header(schema, 0).size());
    IMREG_TRY(convert_all([&](const std::string& group) {
      const auto at = place;
      place += static_cast<std::int64_t>(group.size());
      return out.write(at, group);
    }));
    if (number == 3 && place % 2880 != 0) IMREG_TRY(out.write_zeros(place, 2880 - place % 2880));
    IMREG_TRY(out.write(0, elixir_header(schema, report.rows)));
    IMREG_TRY(out.sync());
  }
  IMREG_TRY(rename_new_file(unfinished, to));
  if (native && report.rows >= IndexKeeper::Limits().tail) {
    IMREG_ASSIGN(const RecordFile made, RecordFile::open(to));
    (void)rebuild_index(made);  // it can be made later
  }
  for (const auto& [name, count] : lost) report.lost_fields.push_back(name + " (" + counted(count, "row") + ")");
  return report;
}

}  // namespace imreg
