// Fuzz target for record files with what stands beside them: a database, its journal and its lock text, each of any bytes.
// A reader opens it, reads, scans and prints all rows; a writer takes it over, appends, changes, trims. Nothing crashes,
// rows that are returned have their CRC, rows that a reader saw are there after recovery, and what was acknowledged stays.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "imreg/emit.h"
#include "imreg/registry.h"
#include "imreg/scan.h"
#include "record_bundle.h"

namespace imreg::fuzz {
namespace {

namespace fs = std::filesystem;

// ---- what must hold ----

std::string folder() { return scratch_folder() + "/record"; }
std::string path() { return folder() + "/X.db"; }

void lay_out(const Bundle& bundle) {
  fs::remove_all(folder());
  fs::create_directory(folder());
  spill(path(), bundle.database);
  if (!bundle.journal.empty()) spill(path() + ".journal", bundle.journal);
  if (!bundle.lock.empty()) spill(path() + ".lock", bundle.lock);
}

void check_failure(const Status& status) {
  require(!status.ok() && !status.message().empty(), "an error without a message");
  require(status.text().find("File too large") == std::string::npos, "a file that grows without end", status.text());
}

// The rows that a reader gets; an empty text for a damaged one. At most the first kMostRows.
constexpr std::int64_t kMostRows = 64;
struct Seen {
  bool open = false;
  std::int64_t count = 0;
  std::vector<std::string> rows;
};

void check_scan(const RecordFile& file) {
  Selection all, some;
  all.without_deleted(file.schema());
  for (const auto& field : file.schema().fields) {
    if (field.type == Type::text) {
      require(some.name(file.schema(), field.name, "a*", true).ok(), "a text field that cannot be searched",
              field.name);
    } else {
      require(some.number(file.schema(), field.name, {{-1e300, 1e300}}).ok(), "a number field that cannot be searched",
              field.name);
    }
    break;
  }
  for (const auto* selection : {&all, &some}) {
    const auto report = scan(file, *selection, {}, [](std::int64_t, RecordView) { return true; });
    require(report.matched >= 0 && report.matched + report.damaged.count <= file.count(), "rows out of nothing");
    require(count_matches(file, *selection) <= file.count(), "counted rows out of nothing");
  }
}

void check_print(const RecordFile& file, const std::vector<std::string>& rows) {
  EmitOptions options;
  if (file.schema().fields.size() < 200) {
    for (const auto& field : file.schema().fields) options.fields.push_back(field.name);
  }
  for (const auto& format : emit_formats()) {
    std::size_t lines = 0, bytes = 0;
    const auto writer = make_row_writer(format, file.schema(), options, [&](std::string_view text) {
      bytes += text.size();
      lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
      return true;
    });
    if (!writer) continue;
    std::int64_t index = 0;
    for (const auto& row : rows) {
      if (!row.empty()) require((*writer)->row(++index, RecordView(row.data())), "a row that is not printed");
    }
    (*writer)->finish();
    const bool has_lines = format != "npy" && format != "fits" && format != "fits-table";
    if ((*writer)->status().ok())
      require((has_lines ? lines : bytes) >= static_cast<std::size_t>(index), "rows that are not there", format);
  }
}

Seen look(const RecordFile& file) {
  Seen out;
  out.open = true;
  out.count = file.count();
  require(out.count >= 0, "a negative number of rows");
  const auto* crc = file.schema().find("crc");
  Record copy = file.make_record(), scratch = file.make_record();
  for (std::int64_t row = 0; row < std::min(out.count, kMostRows); ++row) {
    (void)file.peek(row, scratch);
    const Status status = file.read(row, copy);
    if (!status.ok()) require(status.code() == Code::corrupt, "a row fails oddly", status.text());
    if (status.ok() && file.is_native()) {
      require(file.uuid() != uuid_text(kUuid) ||
                  load(copy.bytes().data(), Field<std::uint32_t>{crc->offset}) ==
                      record_crc(kUuid, row, copy.bytes().data(), file.schema().record_size, crc->offset),
              "a row without its CRC");
    }
    out.rows.push_back(status.ok() ? copy.bytes() : "");
  }
  check_scan(file);
  check_print(file, out.rows);
  return out;
}

Seen read_all(std::int64_t bytes) {
  auto file = RecordFile::open(path());
  if (!file) {
    check_failure(file.status());
    return {};
  }
  require(file->count() <= bytes / file->schema().record_size, "more rows than there are bytes for");
  return look(*file);
}

// True when readers trust the journal's hint. Then they do not look at transactions that recovery replays, and a journal
// with damage in its middle may give an older content: nothing can be compared.
bool has_hint(const std::string& journal) {
  return journal.size() >= kHint + kHintSize && load_big<std::uint32_t>(journal.data() + kHint + kHintSize - 4) ==
                                                    check_of(std::string_view(journal).substr(kHint, kHintSize - 4));
}

// A row that was good before is the same afterwards.
void check_kept(const Seen& before, const Seen& after, std::string_view when, std::int64_t but = -1) {
  require(after.open && after.count >= before.count, "rows are lost", when);
  for (std::size_t i = 0; i < before.rows.size(); ++i) {
    if (static_cast<std::int64_t>(i) == but || before.rows[i].empty()) continue;
    require(i < after.rows.size() && after.rows[i] == before.rows[i], "a row is lost or another one", when);
  }
}

void take_over(const Seen& before, bool comparable, std::int64_t bytes) {
  RecordWriter::Options options;
  options.wait_seconds = 0;
  Seen after;
  {
    auto writer = RecordWriter::open(path(), options);
    if (!writer) return check_failure(writer.status());
    for (const auto& note : writer->notes()) require_clean(note);
    after = look(writer->file());
    if (before.open && comparable) check_kept(before, after, "taking over");
    const auto size = static_cast<std::size_t>(writer->file().schema().record_size);
    if (size > (1 << 20)) return;
    const Status appended = writer->append(std::string(2 * size, 'a'));
    require(appended.ok(), "rows cannot be appended", appended.text());
    const auto last = writer->file().count() - 1;
    require(last == after.count + 1, "another number of rows");
    const Status changed =
        writer->commit({{last, std::string(size, 'b')}, {0, std::string(size, 'c')}}, std::string(size, 'd'));
    require(changed.ok(), "rows cannot be changed", changed.text());
    const Seen written = look(writer->file());
    check_kept(after, written, "appending and changing", 0);
    require(written.count == last + 2 && !written.rows[0].empty(), "what was written is not there");
    after = written;
  }
  const std::int64_t room = bytes + (8 << 20) + 64 * static_cast<std::int64_t>(after.rows[0].size());
  Seen again = read_all(room);
  check_kept(after, again, "reading again");
  require(again.count == after.count, "rows out of nothing");
  {
    auto writer = RecordWriter::open(path(), options);
    require(writer.ok(), "the writer cannot come back", writer.ok() ? "" : writer.status().text());
    const Status trimmed = writer->trim();
    require(trimmed.ok(), "it cannot be trimmed", trimmed.text());
  }
  again = read_all(room);
  check_kept(after, again, "trimming");
  require(again.count == after.count, "rows lost or found by trimming");
}

// ---- seeds ----

Schema tiny() {
  return *parse_format(
      "format tiny\nversion 1\nsize 56\nextname TINY\ntitle for fuzzing\nfield id ID i64 - - which row\n"
      "field value VALUE f64 - - what changes\nfield when WHEN i64 s - time\n  display time\n"
      "field changeno CHANGENO i64 - - last change\nfield pad PAD text20 - - text\nfield crc CRC u32 - - check\n",
      "tiny.fmt");
}

std::string some_rows(const Schema& schema, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    Record row(static_cast<std::size_t>(schema.record_size));
    for (const auto& field : schema.fields) {
      if (field.type == Type::text) (void)set_value(row, field, Value(std::string_view("abc")));
      if (field.type == Type::f64 || field.type == Type::i64)
        (void)set_value(row, field, Value(std::int64_t{1000000} + i));
    }
    out += row.bytes();
  }
  return out;
}

// The files as they are now, without most of the room that was taken ahead.
Bundle picture(std::size_t end) {
  Bundle out{slurp(path()), slurp(path() + ".journal"), slurp(path() + ".lock")};
  out.database.resize(std::min(out.database.size(), end));
  out.journal.resize(transactions_of(out.journal).back() + (out.journal.empty() ? 0 : 64));
  if (!fs::exists(path() + ".journal")) out.journal.clear();
  return out;
}

void native_seeds(const Schema& schema, std::vector<std::string>& out) {
  const std::string header = make_native_header(schema, kUuid, "2003-01-27T00:00:00");
  const auto size = static_cast<std::size_t>(schema.record_size), end = header.size() + 12 * size;
  lay_out({header, "", ""});
  Bundle old;
  {
    auto writer = RecordWriter::open(path(), {});
    require(writer.ok() && writer->append(some_rows(schema, 6)).ok(), "no seed");
    out.push_back(picture(end).bytes());
    require(writer->commit({{1, std::string(size, 'x')}}).ok(), "no seed");
    old = picture(end);
    require(writer->commit({{1, std::string(size, 'y')}, {4, std::string(size, 'z')}}, some_rows(schema, 2)).ok(),
            "no seed");
  }
  Bundle now = picture(end);
  out.push_back(now.bytes());
  Bundle replayed = {old.database, now.journal, ""};  // the transaction is in the journal only
  replayed.journal.replace(kHint, kHintSize, kHintSize, '\0');
  out.push_back(replayed.bytes());
  lay_out({old.database, "", ""});  // a step of many rows, which is in the journal only
  {
    auto writer = RecordWriter::open(path(), {});
    int row = 0;
    require(writer.ok() && writer
                               ->commit_many([&](RowChange& change) -> Result<bool> {
                                 change = {row, std::string(size, row < 4 ? 'm' : 'n')};
                                 return row++ < 6;
                               })
                               .ok(),
            "no seed");
  }
  now = picture(end);
  replayed = {old.database, now.journal, ""};
  replayed.journal.replace(kHint, kHintSize, kHintSize, '\0');
  out.push_back(replayed.bytes());
  Bundle holed = {now.database, "", ""};  // a rotten row, good ones behind it, and a count from before them
  holed.database.replace(kCountCards, 160, make_card_pair(kUuid, PairKind::count, 4, 0));
  holed.database[header.size() + 5 * size] ^= 1;
  out.push_back(holed.bytes());
  Bundle torn = now;
  torn.database[kCountCards + 25] = ' ';
  out.push_back(torn.bytes());
}

// A table of somebody else: arrays, bits, complex numbers, scaled columns, a column without bytes.
std::string foreign_table() {
  Header primary, table;
  primary.add("SIMPLE", true);
  primary.add("BITPIX", 8);
  primary.add("NAXIS", 0);
  table.add("XTENSION", "BINTABLE");
  table.add("BITPIX", 8);
  table.add("NAXIS", 2);
  table.add("NAXIS1", 51);
  table.add("NAXIS2", 3);
  table.add("PCOUNT", 0);
  table.add("GCOUNT", 1);
  table.add("TFIELDS", 9);
  const char* forms[] = {"12A", "1L", "I", "2J", "0A", "9X", "C", "D", "E"};
  for (int i = 0; i < 9; ++i) {
    table.add("TTYPE" + std::to_string(i + 1), "c" + std::to_string(i));
    table.add("TFORM" + std::to_string(i + 1), forms[i]);
  }
  table.add("TSCAL3", 0.5);
  table.add("TZERO3", 1e3);
  std::string rows(3 * 51, '\x41');
  rows.resize(kFitsBlock, '\0');
  return primary.file_bytes() + table.file_bytes() + rows;
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  native_seeds(tiny(), out);
  native_seeds(*builtin_format("regimage", 4), out);
  lay_out({});
  fs::remove(path());
  require(simulate_rows(path(), 3, 1).ok(), "no rows");
  for (const char* version : {"v1", "v2", "v3"}) {
    const std::string old = folder() + "/" + version + ".db";
    require(convert_database(path(), old, version).ok(), "no seed");
    out.push_back(Bundle{slurp(old), "", ""}.bytes());
  }
  out.push_back(Bundle{foreign_table(), "", ""}.bytes());
  return out;
}

}  // namespace

const Target kTarget = {
    seeds, mutate, {"TXN1", "TXN2", "IMREGJNL", "free ", "boot=", std::string_view("\0\0\0\0", 4), "\xff\xff"}, 60};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  // A file that grows to what a damaged number says would fill the memory behind /dev/shm.
  [[maybe_unused]] static const bool limited = [] {
    const rlimit limit{256 << 20, 256 << 20};
    ::signal(SIGXFSZ, SIG_IGN);
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
  }();
  const Bundle bundle = Bundle::of(std::string_view(reinterpret_cast<const char*>(data), size));
  lay_out(bundle);
  const Seen before = read_all(static_cast<std::int64_t>(size));
  const auto file = RecordFile::open(path());
  if (file && !file->is_native() && file->schema().format == "regimage") {
    const auto report = convert_database(path(), folder() + "/new.db", size % 2 == 0 ? "native" : "v3");
    if (!report) check_failure(report.status());
  }
  take_over(before, !has_hint(bundle.journal), static_cast<std::int64_t>(size));
  return 0;
}
