// Fuzz target for imcheck and imbackup: a database with its index, journal and lock text, each of any bytes, is described,
// checked, repaired, copied and restored. Nothing crashes; what is checked is not written to; what a reader cannot read is
// damage; a database that is whole loses nothing in a repair, a copy and a restored copy; and what a repair made is whole.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/backup.h"
#include "imreg/index.h"
#include "imreg/registry.h"
#include "imreg/upkeep.h"
#include "index_pages.h"
#include "record_bundle.h"

namespace imreg::fuzz {
namespace {

namespace fs = std::filesystem;

const std::string& folder() {
  static const std::string name = scratch_folder() + "/check";
  return name;
}
std::string path() { return folder() + "/X.db"; }
std::string saved() { return folder() + "/saved.db"; }
const Schema& schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

// ---- an input: the index with its size, and a bundle ----

struct Input {
  std::string index;  // as index_pages.h has it
  Bundle bundle;

  static Input of(std::string_view bytes) {
    Input out;
    if (bytes.size() < 4) return out;
    const std::size_t size = std::min<std::size_t>(load_big<std::uint32_t>(bytes.data()), bytes.size() - 4);
    out.index = bytes.substr(4, size);
    out.bundle = Bundle::of(bytes.substr(4 + size));
    return out;
  }
  std::string bytes() const {
    char size[4];
    store_big(size, static_cast<std::uint32_t>(index.size()));
    return std::string(size, 4) + index + bundle.bytes();
  }
  void lay_out() const {
    fs::remove_all(folder());
    fs::create_directory(folder());
    spill(path(), bundle.database);
    if (!bundle.journal.empty()) spill(path() + ".journal", bundle.journal);
    if (!bundle.lock.empty()) spill(path() + ".lock", bundle.lock);
    if (!index.empty()) spill(path() + ".idx", unpacked(index));
  }
  void is_as_laid_out(std::string_view after) const {
    require(slurp(path()) == bundle.database, "the database is another one", after);
    require(slurp(path() + ".journal") == bundle.journal, "the journal is another one", after);
    require(slurp(path() + ".idx") == unpacked(index), "the index is another one", after);
  }
};

// ---- what must hold ----

// For people: a name as it is, but nothing that drives the terminal.
void check_text(std::string_view text) { require(visible(text) == text, "control character in a message", text); }

void check_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    check_text(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// One line, valid for each reader of JSON.
void check_json(std::string_view text) {
  require(text.size() > 2 && text.back() == '\n', "no object in a line", text);
  require_clean(text.substr(0, text.size() - 1));
}

void check_failure(const Status& status) {
  require(!status.ok() && !status.message().empty(), "an error without a message");
  check_text(status.text());
  check_json(report_json(path(), status));
}

void check_findings(const std::vector<Finding>& findings) {
  for (const auto& finding : findings) {
    require(!finding.what.empty() && !finding.file.empty(), "a finding that says nothing");
    check_text(text_of(finding));
  }
}

// What a reader gets, without what makes a row one of its file; an empty text for what he cannot read.
struct Seen {
  bool open = false, native = false;
  std::vector<std::string> rows;
  bool all_read() const {
    return open && std::ranges::none_of(rows, [](const auto& row) { return row.empty(); });
  }
};

Seen look(const std::string& name) {
  Seen out;
  const auto file = RecordFile::open(name);
  if (!file) return out;
  out.open = true;
  out.native = file->is_native();
  Record row = file->make_record();
  const auto *crc = file->schema().find("crc"), *changeno = file->schema().find("changeno");
  for (std::int64_t i = 0; i < file->count(); ++i) {
    std::string bytes;
    if (file->read(i, row).ok()) {
      bytes = row.bytes();
      if (out.native && crc) bytes.replace(static_cast<std::size_t>(crc->offset), 4, 4, '\0');
      if (out.native && changeno) bytes.replace(static_cast<std::size_t>(changeno->offset), 8, 8, '\0');
    }
    out.rows.push_back(std::move(bytes));
  }
  return out;
}

// Every row that could be read is there, in its order.
bool holds_all(const Seen& seen, const Seen& where) {
  auto at = where.rows.begin();
  for (const auto& row : seen.rows) {
    if (row.empty()) continue;
    at = std::find(at, where.rows.end(), row);
    if (at++ == where.rows.end()) return false;
  }
  return true;
}

// What check_database() says; nothing when it is no database at all.
std::optional<CheckReport> check(const std::string& name, const Seen& seen) {
  CheckOptions options;
  options.jobs = 1;
  auto report = check_database(name, options);
  if (!report) {
    check_failure(report.status());
    require(!seen.open, "a database that is read and not checked", report.status().text());
    return std::nullopt;
  }
  check_findings(report->findings);
  check_lines(report_text(*report));
  check_json(report_json(*report));
  require(report->rows >= 0 && report->deleted <= report->rows, "rows out of nothing");
  if (report->whole()) require(seen.all_read(), "it is called whole, and a reader does not get every row");
  return *std::move(report);
}

void describe() {
  const auto description = describe_database(path());
  if (!description) return check_failure(description.status());
  check_lines(report_text(*description));
  check_json(report_json(*description));
}

// Readers who trust the journal's hint do not look at changes that a repair lays over the rows.
bool has_hint(const std::string& journal) {
  return journal.size() >= kHint + kHintSize && load_big<std::uint32_t>(journal.data() + kHint + kHintSize - 4) ==
                                                    check_of(std::string_view(journal).substr(kHint, kHintSize - 4));
}

void repair(const Seen& seen, bool whole, bool comparable) {
  CheckOptions options;
  options.jobs = 1;
  const auto report = repair_database(path(), saved(), options);
  if (!report) {
    check_failure(report.status());
    require(!fs::exists(saved()) && !fs::exists(saved() + ".unfinished"), "a repair that failed leaves a file");
    require(!(whole && seen.native), "what is whole cannot be repaired", report.status().text());
    return;
  }
  check_findings(report->lost);
  check_lines(report_text(*report));
  check_json(report_json(*report));
  const Seen made = look(saved());
  // A table of Elixir that was cut off is saved in its own format.
  require((made.native || !seen.native) && made.all_read(), "a repair makes a file that is not read");
  require(std::ssize(made.rows) == report->rows_saved, "a repair miscounts");
  const auto checked = check(saved(), made);
  require(checked && checked->whole(), "a repair makes a file that is not whole",
          checked && !checked->findings.empty() ? text_of(checked->findings[0]) : "");
  if (seen.native && comparable) require(holds_all(seen, made), "a row that was read is not in what was saved");
  if (whole && comparable) require(report->complete() && made.rows == seen.rows, "a repair loses rows of a whole file");
}

void back_up_and_restore(const Seen& seen, bool whole) {
  BackupOptions options;
  options.database = path();
  options.destination = folder() + "/copy";
  options.wait_seconds = 0;
  options.damaged = !whole;
  const auto report = back_up(options);
  check_lines(report_text(report, false));
  check_json(report_json(report));
  if (!report.failure.ok()) {
    check_failure(report.failure);
    require(!(whole && seen.native), "what is whole cannot be copied", report.failure.text());
    return;
  }
  const Seen copy = look(options.destination + "/Imreg.db");
  require(copy.open, "a copy that is not read");
  if (whole) require(copy.rows == seen.rows, "a copy has other rows");
  RestoreOptions back;
  back.backup = options.destination;
  back.database = folder() + "/back.db";
  back.wait_seconds = 0;
  back.damaged = !whole;
  const auto restored = restore_database(back);
  check_lines(report_text(restored));
  check_json(report_json(restored));
  if (!restored.failure.ok()) {
    check_failure(restored.failure);
    require(!(whole && seen.native), "a whole copy cannot be restored", restored.failure.text());
    return;
  }
  const Seen again = look(back.database);
  require(again.open, "a restored database that is not read");
  if (whole) require(again.rows == seen.rows, "a restored copy has other rows");
}

// ---- seeds ----

constexpr int kRows = 12;

std::string row_of(int i) {
  Record row(regimage::kRecordSize);
  row.set(regimage::kObstime, 1e9 + 100.0 * i);
  row.set(regimage::kExptime, 30.0 + i);
  row.set(regimage::kRa, i % 5 == 4 ? std::nan("") : 17.0 * i);
  row.set(regimage::kDec, i % 5 == 4 ? std::nan("") : -80.0 + 7 * i);
  row.set(regimage::kCcd, i % 4);
  row.set(regimage::kExtension, i % 4 + 1);
  row.set(regimage::kType, 1 + i % 5);
  row.set(regimage::kDeleted, i % 5 == 3);
  (void)row.set(regimage::kFilename, std::to_string(600000 + i / 4) + "o.fits");
  (void)row.set(regimage::kPathname, "/data/night1");
  (void)row.set(regimage::kFilter, i % 2 ? "r" : "Halpha");
  return row.bytes();
}

Input picture() {
  Input out;
  out.bundle = {slurp(path()), slurp(path() + ".journal"), slurp(path() + ".lock")};
  out.index = packed(slurp(path() + ".idx"), false);
  return out;
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  Input empty;
  empty.bundle.database = make_native_header(schema(), kUuid, "2003-01-27T00:00:00");
  empty.lay_out();
  out.push_back(empty.bytes());
  IndexKeeper::Limits limits;
  limits.tail = 1;
  IndexKeeper keeper(IndexKeeper::Patience::full, limits);
  RecordWriter::Options options;
  options.follower = &keeper;
  {
    auto writer = RecordWriter::open(path(), options);
    require(writer.ok(), "no database");
    std::string rows;
    for (int i = 0; i < kRows; ++i) rows += row_of(i);
    require(writer->append(std::move(rows)).ok() && writer->trim().ok(), "no rows");
    keeper.finish(writer->file());
  }
  const Input trimmed = picture();
  out.push_back(trimmed.bytes());
  {
    auto writer = RecordWriter::open(path(), options);
    require(writer.ok() && writer->commit({{1, row_of(1)}, {6, row_of(6)}}, row_of(kRows)).ok(), "no change");
    int row = 0;
    require(writer
                ->commit_many([&](RowChange& change) -> Result<bool> {
                  change = {row, row_of(row)};
                  return row++ < 4;
                })
                .ok(),
            "no change of many rows");
  }
  Input changed = picture();  // without most of the room that was taken ahead
  changed.bundle.database.resize(std::min(changed.bundle.database.size(), trimmed.bundle.database.size() + 2880));
  changed.bundle.journal.resize(transactions_of(changed.bundle.journal).back() + 64);
  out.push_back(changed.bytes());
  Input pending = trimmed;  // the changes stand in the journal only
  pending.bundle.journal = changed.bundle.journal;
  pending.bundle.journal.replace(kHint, kHintSize, kHintSize, '\0');
  pending.bundle.lock.clear();
  out.push_back(pending.bytes());
  for (const char* version : {"v1", "v3"}) {
    const std::string old = folder() + "/" + version + ".db";
    require(convert_database(path(), old, version).ok(), "no seed");
    Input elixir;
    elixir.bundle.database = slurp(old);
    out.push_back(elixir.bytes());
  }
  return out;
}

void mutate_input(std::string& bytes, Random& random) {
  Input input = Input::of(bytes);
  if (!input.index.empty() && below(random, 4) == 0) {
    mutate_index(input.index, random);
  } else {
    std::string bundle = input.bundle.bytes();
    mutate(bundle, random);
    input.bundle = Bundle::of(bundle);
  }
  bytes = input.bytes();
}

}  // namespace

const Target kTarget = {
    seeds, mutate_input, {"TXN1", "TXN2", "IMREGJNL", "free ", std::string_view("\0\0\0\0", 4), "\xff\xff"}, 100};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  [[maybe_unused]] static const bool limited = [] {  // as in record_fuzz
    const rlimit limit{256 << 20, 256 << 20};
    ::signal(SIGXFSZ, SIG_IGN);
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
  }();
  const Input input = Input::of(std::string_view(reinterpret_cast<const char*>(data), size));
  input.lay_out();
  const Seen seen = look(path());
  const auto report = check(path(), seen);
  const bool whole = report && report->whole();
  describe();
  input.is_as_laid_out("checking");
  repair(seen, whole, !has_hint(input.bundle.journal));
  input.is_as_laid_out("repairing");
  back_up_and_restore(seen, whole);
  return 0;
}
