// The history of bulk changes against a naive log: what it tells of rows and fields, through compactions, stops of the machine, damage.
#include "imreg/history.h"

#include <rapidcheck.h>

#include <fstream>
#include <map>

#include "../record/path_rows.h"
#include "history/details.h"
#include "imreg/backup.h"

namespace imreg::testing {
namespace {

using ::testing::HasSubstr;
using Kind = BulkChange::Kind;

std::string bytes_of_number(std::int64_t number) {
  std::string out(8, '\0');
  store_big(out.data(), number);
  return out;
}

std::vector<BulkChange> changes_of(const RecordFile& file) { return must(History::load(file)).changes(); }

using Edits = std::map<std::int64_t, File>;

// A bulk change as programs make it.
Status change(const std::string& path, const Edits& edits, const std::string& command, std::int64_t undoes = 0,
              bool stop_before_commit = false) {
  IMREG_ASSIGN(auto writer, RecordWriter::open(path, {}));
  BulkChange about;
  about.kind = undoes > 0 ? Kind::undo : Kind::relocate;
  about.program = "test";
  about.command = command;
  about.undoes = undoes;
  IMREG_ASSIGN(auto history, HistoryWriter::begin(writer.file(), about, {}));
  Record old = writer.file().make_record();
  const auto next = [&, at = edits.begin()](RowChange& out) mutable -> Result<bool> {
    if (at == edits.end()) return false;
    IMREG_TRY(writer.file().read(at->first, old));
    const Record fresh = record_of({at->second.value, at->second.path, at->second.deleted});
    history.row(at->first, old.view(), fresh.view());
    out = {at->first, fresh.bytes()};
    ++at;
    return true;
  };
  return writer.commit_many(next, {[&](std::int64_t number) -> Status {
                                     IMREG_TRY(history.ready(number));
                                     return stop_before_commit ? Status(Code::io, "the machine stops") : Status();
                                   },
                                   {}});
}

// Puts back what a change changed, where it still stands. How many rows do not.
int undo(const std::string& path, const BulkChange& target, std::int64_t& gone) {
  const RecordFile file = must(RecordFile::open(path));
  const History history = must(History::load(file));
  std::vector<File> now = files_of(file);
  Edits edits;
  int left = 0;
  EXPECT_OK(history.each(target, gone, [&](std::int64_t at, const Difference& difference) {
    File row = now[static_cast<std::size_t>(at)];
    bool same = true;
    for (const auto& field : difference) {
      if (field.field == "path") {
        same &= row.path == field.after;
        row.path = field.before;
      } else if (field.field == "value") {
        same &= bytes_of_number(row.value) == field.after + std::string(8 - field.after.size(), '\0');
        row.value = load_big<std::int64_t>((field.before + std::string(8, '\0')).data());
      } else {
        EXPECT_EQ(field.field, "deleted");
        same &= (row.deleted ? "T" : "F") == field.after;
        row.deleted = field.before == "T";
      }
    }
    if (same)
      edits[at] = row;
    else
      ++left;
    return Status();
  }));
  EXPECT_OK(change(path, edits, "undo", target.id));
  return left;
}

std::string make_file(const Folder& folder, int rows) {
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, with_path(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  std::string bytes;
  for (int i = 0; i < rows; ++i) bytes += record_of({i, "/data/" + std::to_string(i / 10)}).bytes();
  EXPECT_OK(writer.append(bytes));
  return path;
}

TEST(History, TellsAndUndoesWhatANaiveLogHas) {
  EXPECT_TRUE(rc::check([] {
    Folder folder;
    const int rows = *rc::gen::inRange(1, 60);
    const std::string path = make_file(folder, rows);
    struct Logged {
      std::int64_t id;
      std::vector<File> before, after;
    };
    std::vector<Logged> log;
    const int steps = *rc::gen::inRange(1, 12);
    for (int step = 0; step < steps; ++step) {
      const auto before = files_of(must(RecordFile::open(path)));
      const bool stops = *rc::gen::inRange(0, 5) == 0;
      Edits edits;
      for (std::int64_t i = 0; i < rows; ++i) {
        if (*rc::gen::inRange(0, 3) == 0) continue;
        File row = before[static_cast<std::size_t>(i)];
        if (*rc::gen::inRange(0, 2) == 0) row.path = "/n/" + std::to_string(step);
        if (*rc::gen::inRange(0, 4) == 0) row.value += step;
        edits[i] = row;
      }
      std::int64_t changed = 0;
      for (const auto& [at, row] : edits) changed += row == before[static_cast<std::size_t>(at)] ? 0 : 1;
      if (edits.empty()) continue;
      const Status status = change(path, edits, "step " + std::to_string(step), 0, stops);
      RC_ASSERT(status.ok() == !stops);
      const RecordFile file = must(RecordFile::open(path));
      const auto changes = changes_of(file);
      RC_ASSERT(!changes.empty());
      RC_ASSERT(changes.back().rows == changed);
      RC_ASSERT(changes.back().command == "step " + std::to_string(step));
      if (!stops && changed > 0) log.push_back({changes.back().id, before, files_of(file)});
      if (changed > 0) RC_ASSERT(changes.back().done == !stops);
    }
    // Backwards everything comes back, the newest first, whatever was stopped in between.
    while (!log.empty()) {
      RC_ASSERT(files_of(must(RecordFile::open(path))) == log.back().after);
      const RecordFile file = must(RecordFile::open(path));
      const History history = must(History::load(file));
      BulkChange target;
      for (const auto& one : history.changes()) {
        if (one.id == log.back().id) target = one;
      }
      RC_ASSERT(target.in_force());
      std::int64_t gone = 0;
      RC_ASSERT(undo(path, target, gone) == 0);
      RC_ASSERT(gone == 0);
      RC_ASSERT(files_of(must(RecordFile::open(path))) == log.back().before);
      log.pop_back();
    }
    const RecordFile file = must(RecordFile::open(path));
    for (const auto& one : changes_of(file)) RC_ASSERT(!one.in_force() || one.undoes > 0 || one.rows == 0);
  }));
}

// The machine stops behind the history; then an image is registered, which gets the number of the change, and is one of its rows.
TEST(History, WhatWasNotMadeIsNotMadeForEver) {
  for (const bool compacts : {false, true}) {
    Folder folder;
    const std::string path = make_file(folder, 20);
    EXPECT_FALSE(change(path, {{3, {3, "/x", false}}, {4, {4, "/x", false}}}, "cut", 0, true).ok());
    const auto is_made = [&] { return changes_of(must(RecordFile::open(path))).front().done; };
    EXPECT_FALSE(is_made());
    for (int i = 0; i < 2; ++i) {
      EXPECT_OK(must(RecordWriter::open(path, {})).commit({{3, bytes_of({50 + i, "/data/0"})}}, {}));
      EXPECT_FALSE(is_made()) << i;
    }
    EXPECT_OK(change(path, {{3, {3, "/y", false}}, {4, {4, "/y", compacts}}}, "next"));
    EXPECT_FALSE(is_made());
    if (compacts) {
      EXPECT_EQ(must(compact_database(path)).removed, 1);
      EXPECT_FALSE(is_made());
    }
    const RecordFile file = must(RecordFile::open(path));
    const History history = must(History::load(file));
    EXPECT_EQ(history.changes().size(), compacts ? 3U : 2U);
    EXPECT_EQ(must(history.newest(1)).command, "next");
    EXPECT_FALSE(history.newest(2).ok());
  }
}

TEST(History, NumbersWhatCanBeUndone) {
  Folder folder;
  const std::string path = make_file(folder, 20);
  EXPECT_EQ(changes_of(must(RecordFile::open(path))).size(), 0U);
  for (int i = 1; i <= 3; ++i) EXPECT_OK(change(path, {{i, {i, "/x", false}}}, "c" + std::to_string(i)));
  const auto nth = [&](std::int64_t n) {
    const RecordFile file = must(RecordFile::open(path));
    const auto found = must(History::load(file)).newest(n);
    return found ? found->command : found.status().text();
  };
  EXPECT_EQ(nth(1), "c3");
  EXPECT_EQ(nth(3), "c1");
  EXPECT_EQ(nth(4), "only 3 bulk changes can be undone");
  std::int64_t gone = 0;
  {
    const RecordFile file = must(RecordFile::open(path));
    EXPECT_EQ(undo(path, must(must(History::load(file)).newest(1)), gone), 0);
  }
  EXPECT_EQ(nth(1), "c2");
  // An undo of the undo: c3 is in force again.
  {
    const RecordFile file = must(RecordFile::open(path));
    EXPECT_EQ(undo(path, changes_of(file).back(), gone), 0);
  }
  EXPECT_EQ(nth(1), "c3");
  EXPECT_EQ(files_of(must(RecordFile::open(path)))[3].path, "/x");
}

TEST(History, FollowsRowsThroughCompactions) {
  Folder folder;
  const std::string path = make_file(folder, 40);
  Edits edits;
  for (int i = 0; i < 40; ++i) edits[i] = {i, "/moved", false};
  EXPECT_OK(change(path, edits, "move"));
  std::int64_t gone = 0;
  for (const auto& [from, end] : {std::pair(3, 7), std::pair(10, 11), std::pair(20, 34)}) {
    Edits deleted;
    for (int i = from; i < end; ++i) deleted[i] = files_of(must(RecordFile::open(path)))[static_cast<std::size_t>(i)];
    for (auto& [row, content] : deleted) content.deleted = true;
    EXPECT_OK(change(path, deleted, "delete"));
    EXPECT_EQ(must(compact_database(path)).removed, end - from);
  }
  const RecordFile file = must(RecordFile::open(path));
  const History history = must(History::load(file));
  EXPECT_EQ(history.changes().size(), 7U);
  std::vector<std::int64_t> rows;
  EXPECT_OK(history.each(history.changes().front(), gone,
                         [&](std::int64_t row, const Difference&) { return rows.push_back(row), Status(); }));
  EXPECT_EQ(gone, 4 + 1 + 14);
  EXPECT_EQ(rows.size(), 21U);
  EXPECT_EQ(static_cast<std::int64_t>(rows.size()), file.count());
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_EQ(undo(path, history.changes().front(), gone), 0);
  for (const auto& row : files_of(must(RecordFile::open(path))))
    EXPECT_EQ(row.path, "/data/" + std::to_string(row.value / 10));
}

TEST(History, ACompactionThatWasCutShortIsNone) {
  Folder folder;
  const std::string path = make_file(folder, 10);
  EXPECT_OK(change(path, {{5, {5, "/x", false}}}, "move"));
  {  // told, and then the machine stops
    const RecordFile file = must(RecordFile::open(path));
    EXPECT_OK(note_succession(file, {file.uuid(), "00000000-0000-4000-8000-000000000000", 1, {{0, 3}}}, "test", {}));
  }
  const auto row_of_move = [&] {
    const RecordFile file = must(RecordFile::open(path));
    const History history = must(History::load(file));
    std::int64_t found = -2, gone = 0;
    EXPECT_OK(history.each(history.changes().front(), gone,
                           [&](std::int64_t row, const Difference&) { return found = row, Status(); }));
    return found;
  };
  EXPECT_EQ(row_of_move(), 5);
  EXPECT_OK(change(path, {{2, {2, "/data/0", true}}}, "delete"));
  EXPECT_EQ(must(compact_database(path)).removed, 1);
  EXPECT_EQ(row_of_move(), 4);
  // Another file took the name: row numbers mean nothing.
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".journal");
  make_file(folder, 10);
  const RecordFile file = must(RecordFile::open(path));
  const History history = must(History::load(file));
  std::int64_t gone = 0;
  EXPECT_EQ(
      history.each(history.changes().front(), gone, [](std::int64_t, const Difference&) { return Status(); }).code(),
      Code::mismatch);
}

TEST(History, LongCommandsAndManyDifferencesComeBackWhole) {
  Folder folder;
  const std::string path = make_file(folder, 1);
  const RecordFile file = must(RecordFile::open(path));
  BulkChange about;
  about.program = "a program with a long name";
  about.command = std::string(5000, 'x') + "\xc3\xa9\n";
  const int count = 200'000;  // more than what is remembered of differences
  {
    auto writer = must(HistoryWriter::begin(file, about, {}));
    const std::string tail(80, 't');
    writer.other({{"$ROOT", "/a", "/b"}});
    for (int i = 0; i < count; ++i)
      writer.rows(3 * i, 1 + i % 2,
                  {{"path", std::to_string(i % 150'000) + tail, ""}, {"value", "", std::string("\0\1", 2)}});
    EXPECT_OK(writer.ready(7));
  }
  const History history = must(History::load(file));
  ASSERT_EQ(history.changes().size(), 1U);
  const BulkChange& change = history.changes()[0];
  EXPECT_EQ(change.command, std::string(77, 'x'));
  EXPECT_EQ(must(history.command_of(change)), about.command);
  EXPECT_EQ(change.rows, count + count / 2);
  EXPECT_FALSE(change.done);  // the database has no change number 7
  std::int64_t gone = 0, seen = 0, others = 0;
  EXPECT_OK(history.each(change, gone, [&](std::int64_t row, const Difference& difference) -> Status {
    if (row < 0) {
      EXPECT_EQ(difference, (Difference{{"$ROOT", "/a", "/b"}}));
      return ++others, Status();
    }
    const auto i = row / 3;
    if (row % 3 > i % 2 || difference[0].before != std::to_string(i % 150'000) + std::string(80, 't') ||
        difference[1].after != std::string("\0\1", 2))
      return {Code::corrupt, "row " + std::to_string(row)};
    return ++seen, Status();
  }));
  EXPECT_EQ(seen, count + count / 2);
  EXPECT_EQ(others, 1);
}

TEST(History, DamageIsTold) {
  Folder folder;
  const std::string path = make_file(folder, 30);
  for (int i = 1; i <= 3; ++i) EXPECT_OK(change(path, {{i, {i, "/x", false}}}, "c" + std::to_string(i)));
  const std::string file = path + ".history";
  const auto count = must(RecordFile::open(file)).count();
  EXPECT_EQ(count, 6);
  const auto flip = [&](std::int64_t row, int byte) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = 23040 + row * 512 + byte;
    bytes.seekg(at);
    const char old = static_cast<char>(bytes.get());
    bytes.seekp(at);
    bytes.put(static_cast<char>(old ^ 1));
  };
  const RecordFile database = must(RecordFile::open(path));
  flip(2, 300);  // the details of the second
  {
    const History history = must(History::load(database));
    EXPECT_EQ(history.changes().size(), 3U);
    std::int64_t gone = 0;
    const auto visit = [](std::int64_t, const Difference&) { return Status(); };
    EXPECT_EQ(history.each(history.changes()[1], gone, visit).code(), Code::corrupt);
    EXPECT_OK(history.each(history.changes()[2], gone, visit));
  }
  flip(3, 300);  // its head
  const History history = must(History::load(database));
  EXPECT_EQ(history.changes().size(), 2U);
  EXPECT_EQ(history.damaged(), 2);
}

// Bytes that are no stream are refused, never read beyond.
TEST(Details, AnyBytesAreReadOrRefused) {
  EXPECT_TRUE(rc::check([](const std::string& bytes, bool whole) {
    std::size_t at = 0;
    history::DetailsReader reader([&]() -> Result<std::string_view> {
      const auto piece = std::string_view(bytes).substr(at, whole ? bytes.size() : 1);
      at += piece.size();
      return piece;
    });
    if (!reader.command().ok()) return;
    history::DetailsReader::Run run;
    std::int64_t end = 0;
    for (;;) {
      const auto more = reader.next(run);
      if (!more.ok()) {
        RC_ASSERT(more.status().code() == Code::corrupt);
        break;
      }
      if (!*more) break;
      if (run.row < 0) continue;
      RC_ASSERT(run.row >= end);
      RC_ASSERT(run.count > 0);
      end = run.row + run.count;
    }
  }));
}

}  // namespace
}  // namespace imreg::testing
