// Fuzz target for indexes: any pages as X.db.idx beside a database of known rows. Most get right checks, so that what they
// say is believed: then rows may be missing in an answer, and nothing else may be wrong. Readers give only rows that
// match, in bounded memory and time; a writer goes on, keeps or drops the index, and the rows are what was written.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "formats/regimage.h"
#include "imreg/index.h"
#include "imreg/scan.h"
#include "index_pages.h"
#include "record_bundle.h"

namespace imreg::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr int kRows = 420, kAdded = 12;

std::string folder() { return scratch_folder() + "/index"; }
std::string path() { return folder() + "/X.db"; }
const Schema& schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

std::string row_of(int i) {
  Record row(regimage::kRecordSize);
  const int mixed = (i * 2654435761U) >> 16 & 0xffff;
  row.set(regimage::kObstime, mixed % 40 == 0 ? std::nan("") : 1e9 + (mixed % 5000) * 60);
  row.set(regimage::kExptime, mixed % 700);
  row.set(regimage::kRa, mixed % 11 == 0 ? std::nan("") : mixed * 360.0 / 65536);
  row.set(regimage::kDec, mixed % 13 == 0 ? std::nan("") : mixed % 181 - 90.0);
  row.set(regimage::kCcd, mixed % 6);
  row.set(regimage::kType, mixed % 5);
  row.set(regimage::kDeleted, mixed % 17 == 0);
  (void)row.set(regimage::kFilename, std::to_string(6000 + i / 2) + "o.fits");
  (void)row.set(regimage::kPathname, "/data/run" + std::to_string(i / 50));
  (void)row.set(regimage::kFilter,
                std::vector<std::string>{"r", "i", "", "Halpha"}[static_cast<std::size_t>(mixed % 4)]);
  (void)row.set(regimage::kObject, mixed % 3 == 0 ? "M67" : "NGC 6791");
  return row.bytes();
}

IndexKeeper::Limits small_limits() {
  IndexKeeper::Limits limits;
  limits.tail = 8;
  limits.step = 200;
  limits.small_merge = 100;
  limits.segments = 5;
  limits.piece = 150;
  return limits;
}

Status write_rows(RecordWriter& writer, int from, int to) {
  std::string rows;
  for (int i = from; i < to; ++i) rows += row_of(i);
  return writer.append(std::move(rows));
}

// The database with its index: always the same identity, so that a corpus fits.
struct Sound {
  std::string database, index;
  std::vector<std::string> small_indexes;  // on the way there

  Sound() {
    fs::remove_all(folder());
    fs::create_directory(folder());
    spill(path(), make_native_header(schema(), kUuid, "2003-01-27T00:00:00"));
    IndexKeeper keeper(IndexKeeper::Patience::none, small_limits());
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path(), options);
    require(writer.ok(), "no database");
    for (int i = 0; i < kRows; i += 70) {
      require(write_rows(*writer, i, std::min(i + 70, kRows)).ok(), "no rows");
      small_indexes.push_back(slurp(path() + ".idx"));
    }
    require(writer->commit({{3, row_of(3)}, {200, row_of(200)}}).ok(), "no change");
    require(writer->trim().ok() && keeper.note().empty(), "no index", keeper.note());
    writer->close();
    database = slurp(path());
    index = slurp(path() + ".idx");
  }
};
const Sound& sound() {
  static const Sound made;
  return made;
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const auto& index : sound().small_indexes) out.push_back(packed(index, false));
  out.push_back(packed(sound().index, false));
  return out;
}

std::vector<Selection> selections() {
  std::vector<Selection> out(7);
  const auto good = [](const Status& status) { require(status.ok(), "a selection", status.text()); };
  good(out[0].number(schema(), "obstime", {{1e9 + 6000, 1e9 + 60000}}));
  good(out[1].name(schema(), "filename", "60*"));
  good(out[2].name(schema(), "filename", "*17*"));
  good(out[3].name(schema(), "object", "M67"));
  good(out[4].number(schema(), "ra", {{10, 200}}));
  out[5].without_deleted(schema());
  return out;
}

// Every row of an answer matches; as many as there are at most.
void look(const RecordFile& file) {
  static const std::vector<Selection> all = selections();
  for (const auto& selection : all) {
    std::int64_t rows = 0;
    const auto take = [&](std::int64_t row, RecordView record) {
      require(row >= 0 && row < file.count() && selection.matches(record), "a row that does not match");
      ++rows;
      return true;
    };
    ScanReport report;
    (void)scan(file, selection, {}, take);
    require(rows <= 2 * file.count(), "rows out of nothing");
    (void)scan_by_time(file, selection, true, report, take);
    (void)count_matches(file, selection);
    (void)count_values(file, selection, {schema().find("type"), schema().find("filter")}, report);
    (void)row_of_match(file, selection, 5, report);
  }
}

// The file holds exactly these rows, whatever the index says.
void check_rows(const RecordFile& file, int count) {
  require(file.count() == count, "another number of rows");
  Record copy = file.make_record();
  for (int i = 0; i < count; ++i) {
    require(file.read(i, copy).ok(), "a damaged row");
    Record wanted(row_of(i));
    wanted.set(regimage::kChangeno, copy[regimage::kChangeno]);
    wanted.set(regimage::kCrc, copy[regimage::kCrc]);
    require(wanted.bytes() == copy.bytes(), "another row");
  }
}

}  // namespace

const Target kTarget = {seeds, mutate_index, {"IMINDEX2", "IMSEG2", std::string_view("\0\0\0\0", 4), "\xff\xff"}, 100};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const std::string& database = sound().database;
  for (const char* end : {".journal", ".lock", ".idx", ".idx.new", ".idx.merge"}) fs::remove(path() + end);
  spill(path(), database);
  spill(path() + ".idx", unpacked({reinterpret_cast<const char*>(data), size}));
  {
    const auto file = RecordFile::open(path());
    require(file.ok(), "the database is not read");
    look(*file);
  }
  for (const auto patience : {IndexKeeper::Patience::none, IndexKeeper::Patience::full}) {
    IndexKeeper keeper(patience, small_limits());
    RecordWriter::Options options;
    options.follower = &keeper;
    const bool first = patience == IndexKeeper::Patience::none;
    auto writer = RecordWriter::open(path(), options);
    require(writer.ok(), "the writer does not go on");
    keeper.begin(writer->file());
    const int from = kRows + (first ? 0 : kAdded);
    require(write_rows(*writer, from, from + kAdded).ok(), "rows are not added");
    require(writer->commit({{7, row_of(7)}, {from, row_of(from)}}).ok(), "rows are not changed");
    keeper.finish(writer->file());
    check_rows(writer->file(), from + kAdded);
    look(writer->file());
  }
  const auto merged = merge_index(path(), {}, small_limits());
  require(merged.ok() || !merged.message().empty(), "an error without a message");
  const auto file = RecordFile::open(path());
  require(file.ok(), "the database is not read any more");
  check_rows(*file, kRows + 2 * kAdded);
  look(*file);
  return 0;
}
