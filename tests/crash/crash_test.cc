// Every prefix of what the engine does to the disk, and what a power cut or a kill may leave of it: README.md.
#include <utility>

#include "imreg/backup.h"
#include "imreg/bulk_change.h"
#include "imreg/registry.h"
#include "replay.h"
#include "upkeep/table_copy.h"

namespace imreg::crash {
namespace {

std::string tiny_row(std::int64_t id, std::int64_t value) { return testing::bytes_of(testing::Row{id, value}); }
std::string tiny_rows(std::int64_t from, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += tiny_row(from + i, 1);
  return out;
}

Step create(const Schema& schema) {
  return {"create", Promise::whole,
          [&schema](Live& live) { return RecordWriter::create(live.path, schema, live.options()); }};
}
Step append(std::string rows) {
  return {"append", Promise::prefix, [rows = std::move(rows)](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return writer->append(rows);
          }};
}
Step commit(std::vector<RowChange> changes, std::string added = {}) {
  return {"commit", Promise::whole, [=](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return writer->commit(changes, added);
          }};
}
Step maintain(const char* name, Status (RecordWriter::*what)()) {
  return {name, Promise::whole,
          [what](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return (writer->*what)();
          },
          what == &RecordWriter::trim};
}
Step close() {
  return {"close", Promise::whole, [](Live& live) -> Status {
            live.close();
            return {};
          }};
}

History rows_history() {
  const auto changed = [](std::vector<std::pair<std::int64_t, std::int64_t>> rows) {
    std::vector<RowChange> out;
    for (const auto& [id, value] : rows) out.push_back({id, tiny_row(id, value)});
    return out;
  };
  return {"rows",
          &testing::tiny(),
          false,
          {},
          {create(testing::tiny()), append(tiny_rows(0, 1)), append(tiny_rows(1, 2)), commit(changed({{1, 50}})),
           append(tiny_rows(3, 12)), commit(changed({{0, 60}, {9, 61}, {13, 62}}), tiny_rows(15, 11)),
           commit(changed({{20, 70}, {9, 71}})), maintain("checkpoint", &RecordWriter::checkpoint),
           commit(changed({{9, 80}, {25, 81}}), tiny_rows(26, 9)), append(tiny_rows(35, 30)),
           commit(changed({{36, 90}, {50, 91}, {64, 92}})), close(), append(tiny_rows(65, 3)),
           maintain("trim", &RecordWriter::trim), append(tiny_rows(68, 9)),
           commit(changed({{66, 95}, {73, 96}}), tiny_rows(77, 2)), commit({}, tiny_rows(79, 20)), close()}};
}

// A first append that was killed has taken room, so that recovery writes other counts than those that are on the disk.
History empty_history() {
  const auto prepare = [](const std::string& folder) {
    const std::string path = folder + "/" + kDatabase;
    EXPECT_OK(RecordWriter::create(path, image_schema(), {}));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) + 2880);
  };
  return {"empty", &image_schema(), false, prepare, {append(image_rows(0, 2)), append(image_rows(2, 1)), close()}};
}

constexpr int kPrepared = 60;
History index_history() {
  const auto changed = [](std::vector<int> rows, double time) {
    std::vector<RowChange> out;
    for (const int row : rows) out.push_back({row, image_row(row, time + row % 5, "r")});
    return out;
  };
  // Many enough that the index is used.
  const auto prepare = [](const std::string& folder) {
    Live live{.path = folder + "/" + kDatabase, .indexed = true};
    EXPECT_OK(RecordWriter::create(live.path, image_schema(), live.options()));
    EXPECT_OK(testing::must(live.writing())->append(image_rows(0, kPrepared)));
    live.close();
  };
  return {
      "index",
      &image_schema(),
      true,
      prepare,
      {append(image_rows(kPrepared, 5)), commit(changed({2, 7, 12}, 40)), append(image_rows(kPrepared + 5, 9)), close(),
       append(image_rows(kPrepared + 14, 8)), commit(changed({0, 13}, 10), image_rows(kPrepared + 22, 2)), close()}};
}

// The index is merged beside those who write: one of them comes when all is merged and the lock is not yet taken.
struct Meanwhile : IoObserver {
  IoObserver& recorder;
  std::function<void()> work;
  Meanwhile(IoObserver& to, std::function<void()> what) : recorder(to), work(std::move(what)) {}
  int before(const IoOperation& operation) override {
    const int error = recorder.before(operation);
    if (work && operation.kind == Kind::sync_data && operation.path.ends_with(".merge")) std::exchange(work, {})();
    return error;
  }
};
Step merge_beside(std::string rows) {
  return {"merge_index", rows.empty() ? Promise::whole : Promise::prefix, [rows = std::move(rows)](Live& live) {
            live.close();
            Meanwhile observer(*live.observer, [&] {
              if (!rows.empty()) {
                EXPECT_OK(testing::must(live.writing())->append(rows));
              }
              live.close();
            });
            RecordWriter::Options options;
            options.observer = &observer;
            const auto nonce = [&] {
              const File file = testing::must(File::open(index::index_path(live.path), File::Mode::read));
              return testing::must(index::read_head(file)).nonce;
            };
            const auto before = nonce();
            const Status status = merge_index(live.path, options, {.small_merge = 4});
            EXPECT_NE(nonce(), before) << "the merged file has not taken the place";
            return status;
          }};
}
History merged_index_history() {
  History out = index_history();
  out.name = "merge_index";
  // So few rows meanwhile that their segment stays one of its own; else the index has been made anew, and the merge gives up.
  out.steps = {append(image_rows(kPrepared, 9)), merge_beside(image_rows(kPrepared + 9, 2)),
               commit({{3, image_row(3, 44, "r")}}, image_rows(kPrepared + 11, 5)), merge_beside(""), close()};
  return out;
}

Step merge(const std::string& name) {
  return {"merge " + name, name == "a.db" ? Promise::prefix : Promise::whole,
          [name](Live& live) {
            MergeOptions options;
            options.database = live.path;
            options.sources = {folder_of(live.path) + "/" + name};
            options.observer = live.observer;
            return merge_databases(options, [](const Status& row) { ADD_FAILURE() << row.text(); }).database;
          },
          true};
}
History merge_history() {
  const auto prepare = [](const std::string& folder) {
    for (const auto& [name, rows] : {std::pair("/a.db", image_rows(0, 20)), {"/b.db", image_rows(10, 30, 2.5F)}}) {
      EXPECT_OK(RecordWriter::create(folder + name, image_schema(), {}));
      auto writer = testing::must(RecordWriter::open(folder + name, {}));
      EXPECT_OK(writer.append(rows));
      EXPECT_OK(writer.trim());
    }
  };
  return {"merge", &image_schema(), true, prepare, {merge("a.db"), merge("b.db")}};
}

Step bulk(const char* name, std::function<Status(RecordWriter&)> work) {
  return {name, Promise::whole, [work = std::move(work)](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return work(*writer);
          }};
}
Step moved(const char* from, const char* to) {
  return bulk("relocate", [=](RecordWriter& writer) {
    return relocate(writer, *image_schema().find("pathname"), from, to).status();
  });
}
History bulk_history() {
  const auto all = [](RecordWriter& writer) {
    return writer.commit_many([row = 0, n = writer.file().count()](RowChange& change) mutable -> Result<bool> {
      if (row == n) return false;
      change = {row, image_row(row, 5.0 + row, "i")};
      ++row;
      return true;
    });
  };
  return {"bulk",
          &image_schema(),
          false,
          {},
          {create(image_schema()), append(image_rows(0, 12)), bulk("commit_many", all), moved("/data", "/archive/a"),
           bulk("mark_deleted",
                [](RecordWriter& writer) {
                  return mark_deleted(writer, {1, 5, 11}).status();
                }),
           append(image_rows(12, 3)), close(), moved("/data", "/b"), maintain("checkpoint", &RecordWriter::checkpoint),
           moved("/b", "/c"), commit({{0, image_row(0, 1, "z")}}), close()}};
}

// The deleted rows go, and what is found is the old file or the new one.
Step compact() {
  return {"compact", Promise::whole,
          [](Live& live) {
            live.close();
            CompactOptions options;
            options.observer = live.observer;
            const auto report = compact_database(live.path, options);
            if (report) {
              EXPECT_GT(report->removed, 0);
            }
            return report.status();
          },
          true};
}
History compact_history() {
  const auto deleted = [](std::vector<int> rows) {
    std::vector<RowChange> out;
    for (const int row : rows) {
      Record record(image_row(row, row * 7 % 80, "r"));
      store(record.data(), regimage::kDeleted, true);
      out.push_back({row, record.bytes()});
    }
    return out;
  };
  return {"compact",
          &image_schema(),
          false,
          {},
          {create(image_schema()), append(image_rows(0, 12)), commit(deleted({2, 3, 7})), compact(),
           append(image_rows(20, 3)), commit(deleted({0, 11})), maintain("checkpoint", &RecordWriter::checkpoint),
           commit(deleted({5})), compact(), commit(deleted({1}))}};
}

// A copy that follows a database, which changes elsewhere and is made anew here for each recording.
struct Followed {
  Folder folder;
  std::string path = folder / "source.db";
  void change(const std::vector<RowChange>& changes, const std::string& added) {
    EXPECT_OK(testing::must(RecordWriter::open(path, {})).commit(changes, added));
  }
  Step backup(const std::string& name, bool full, std::function<void()> before) {
    return {name, Promise::whole,
            [this, full, before](Live& live) {
              live.close();
              before();
              BackupOptions options;
              options.full = full;
              options.observer = live.observer;
              BackupReport report;
              Steps steps(nullptr);
              IMREG_ASSIGN(auto copy, TableCopy::open(path, live.path, options, report, steps));
              IMREG_TRY(copy->look_at_all());
              IMREG_ASSIGN(const bool settled, copy->look_again());
              EXPECT_TRUE(settled);
              return copy->write();
            },
            true};
  }
};
History backup_history(Followed& source) {
  EXPECT_OK(RecordWriter::create(source.path, image_schema(), {}));
  const auto row = [](int at, double time) { return RowChange{at, image_row(at, time, "i")}; };
  return {"backup",
          &image_schema(),
          true,
          {},
          {source.backup("first", false, [&source] { source.change({}, image_rows(0, 20)); }),
           source.backup("again", false,
                         [&source, row] {
                           source.change({row(3, 9), row(19, 8)}, image_rows(20, 2));
                         }),
           source.backup("rows", false, [&source] { source.change({}, image_rows(22, 1)); }),
           source.backup("most", false,
                         [&source, row] {
                           source.change({row(0, 1), row(1, 1)}, image_rows(23, 20));
                         }),
           source.backup("full", true, [&source, row] { source.change({row(5, 70)}, image_rows(43, 1)); }),
           source.backup("last", false, [&source, row] { source.change({row(5, 71)}, {}); })}};
}

TEST(Crash, Rows) {
  const auto history = rows_history();
  lost_and_found = 0;
  replay(record(history));
  std::printf("rows: set aside in %zu states\n", lost_and_found.load());
  EXPECT_GT(lost_and_found, 20u);
}
TEST(Crash, AnEmptyDatabaseThatHasRoom) {
  const auto history = empty_history();
  replay(record(history), {8, 2000});  // both the cards and the first record torn: one of some hundred
}
TEST(Crash, Index) {
  const auto history = index_history();
  answers = 0;
  replay(record(history), {2, 2});  // there are 110,000 different states with 256 choices
  std::printf("index: %zu answers\n", answers.load());
  EXPECT_GT(answers, 1000u);
}
TEST(Crash, MergeOfTheIndex) {
  const auto history = merged_index_history();
  answers = 0;
  replay(record(history), {1, 1});
  std::printf("merge_index: %zu answers\n", answers.load());
  EXPECT_GT(answers, 1000u);
}
TEST(Crash, Bulk) {
  const auto history = bulk_history();
  replay(record(history));
}
TEST(Crash, Compact) {
  const auto history = compact_history();
  replay(record(history));
}
TEST(Crash, Backup) {
  Followed source;
  const auto history = backup_history(source);
  replay(record(history));
}
TEST(Crash, Merge) {
  const auto history = merge_history();
  replay(record(history));
}

// What a writer does that finds such an image, and then appends: a history of its own, which goes on behind `before`.
struct Recovery {
  History history;
  Recorded run;
  std::size_t opened = 0;  // length of the log when recovery was done
  std::string trouble;
};

void recover(const Recorded& run, const Image& image, Log before, const std::string& folder, Recovery& out) {
  out.history = {.name = run.history->name + " recovered",
                 .schema = run.history->schema,
                 .indexed = run.history->indexed,
                 .prepare = {},
                 .steps = {append(run.history->schema == &testing::tiny() ? tiny_rows(900, 12) : image_rows(200, 12))}};
  out.run.history = &out.history;
  out.run.log = std::move(before);
  const std::size_t had = out.run.log.size();
  out.run.written = run.written;
  const std::string found = testing::slurp(folder + "/" + kDatabase);
  Recorder recorder(folder, names_in(image), image.next_file);
  Live live{.path = folder + "/" + kDatabase, .observer = &recorder, .indexed = run.history->indexed};
  const auto mark = [&] {
    out.run.states.push_back(state_of(live.path, out.trouble));
    return had + recorder.log.size();
  };
  const auto writer = live.writing();
  out.trouble = writer.status().text();
  if (!writer) return;
  out.opened = mark();
  if (out.run.states[0]) out.run.aside = whole_behind(live.path, found, std::ssize(*out.run.states[0]));
  if (const Status status = out.history.steps[0].run(live); !status.ok()) out.trouble = status.text();
  out.run.acknowledged.push_back(mark());
  if (const auto& last = out.run.states.back()) out.run.written.insert(last->begin(), last->end());
  out.run.log.insert(out.run.log.end(), recorder.log.begin(), recorder.log.end());
}

// Whether a write repeats what the last one of this place has written.
bool is_repeated(const Log& log, std::size_t at) {
  const Operation& write = log[at];
  for (std::size_t i = at; i-- > 0;) {
    const Operation& o = log[i];
    if (o.lock || o.kind != Kind::write || o.file != write.file) continue;
    if (o.offset + std::ssize(o.bytes) <= write.offset || write.offset + std::ssize(write.bytes) <= o.offset) continue;
    return o.offset <= write.offset &&
           std::string_view(o.bytes).substr(static_cast<std::size_t>(write.offset - o.offset)).starts_with(write.bytes);
  }
  return false;
}

// What a sync makes durable: "x.db: rows", "the folder: names"; its file alone when that is nothing, or is there already.
std::string covered_by(const Log& log, std::size_t at) {
  int most = 0;
  for (std::size_t i = at; i-- > 0 && !same_sync(log[at], log[i]);) {
    const Operation& o = log[i];
    if (o.dropped || !covers(log[at], o) || (o.kind == Kind::write && is_repeated(log, i))) continue;
    int what = 4;
    if (is_name(o))
      what = 5;
    else if (o.kind != Kind::write)
      what = 1;
    else if (o.offset + std::ssize(o.bytes) <= testing::kData)
      what = 2;
    else if (o.bytes.find_first_not_of('\0') == o.bytes.npos)
      what = 3;
    most = std::max(most, what);
  }
  constexpr const char* kWhat[] = {"", ": room", ": header", ": zeros", ": rows", ": names"};
  return synced(log[at]) + kWhat[most];
}

// What may be found behind a cut is brought in order by somebody, who is cut in turn: `set` says with which choices, or that this
// one is not looked at. `number`: which of those that may be found.
Replay::Result recover_and_cut(const Recorded& run, bool kill, std::size_t cut, std::size_t number,
                               const std::string& folder, const std::function<bool(Recovery&, Replay&)>& set) {
  const std::int64_t sector = number % 3 ? 512 : 4096;
  Dice dice(number + (kill ? 0 : 100000));
  Disk disk(sector, run.start);
  for (std::size_t i = 0; i < cut; ++i) disk.apply(run.log[i]);
  Choice choice{.of = {}, .torn = !kill && dice() % 2 == 0, .killed = kill};
  for (const std::size_t n : disk.dials()) choice.of.push_back(dice() % n);
  Image image = disk.image(choice, dice);
  if (!image.files.contains(kDatabase)) return {};
  put(image, folder);
  if (!kill) take_hints(image, folder);  // they are of another boot from now on
  Recovery recovery;
  // A process that was killed left everything unsynced; what a power cut left is on the disk.
  recover(run, image, kill ? Log(run.log.begin(), run.log.begin() + std::ptrdiff_t(cut)) : Log(), folder, recovery);
  Replay part{.log = recovery.run.log,
              .start = kill ? run.start : image,
              .from = kill ? cut : 0,
              .to = recovery.run.log.size(),
              .sector = sector,
              .check = {}};
  part.check = [&](std::size_t done, const std::string& where, const Image& found) {
    if (kill && done < recovery.opened) return look(run, acknowledged_at(run, cut), where, found).trouble;
    return look(recovery.run, acknowledged_at(recovery.run, done), where, found).trouble;
  };
  Replay::Result out;
  out.trouble = recovery.trouble;
  if (set(recovery, part) && out.trouble.empty()) out = part.run(folder);
  if (!out.trouble.empty())
    out.trouble =
        "recovery behind operation " + std::to_string(cut) + ", found " + std::to_string(number) + ": " + out.trouble;
  return out;
}

// The machine stops while, or after, somebody brings in order what a killed process left (`kill`) or a power cut. A mutant: the
// syncs that make this durable are left out of recovery; returns what is noticed first. `kinds`: those that there are.
std::string recoveries(const Recorded& run, bool kill, std::size_t every = 1, const std::string& left_out = "",
                       std::set<std::string>* kinds = nullptr) {
  const std::size_t cuts = run.log.size() / every + 1, tries = kill || left_out.empty() ? 1 : 16;
  std::vector<std::string> trouble(cuts * tries);
  std::atomic<std::size_t> states{0};
  std::atomic<bool> noticed{false};
  std::mutex mutex;
  in_parallel(cuts * tries, [&](std::size_t at, const std::string& folder) {
    if (noticed) return;
    const auto result =
        recover_and_cut(run, kill, at / tries * every, at, folder, [&](Recovery& recovery, Replay& part) {
          part.few = left_out.empty() ? 2 : 8;
          part.samples = left_out.empty() ? 4 : 64;
          std::size_t first = recovery.opened;
          for (std::size_t i = part.from; i < recovery.opened; ++i) {
            auto& operation = recovery.run.log[i];
            if (!is_sync(operation)) continue;
            const std::string what = covered_by(recovery.run.log, i);
            if (kinds) {
              const std::lock_guard guard(mutex);
              kinds->insert(what);
            }
            operation.dropped = what == left_out;
            if (operation.dropped) first = std::min(first, i);
          }
          if (left_out.empty()) return true;
          part.from = first;
          return first < recovery.opened;  // else this recovery has no such sync
        });
    states += result.different;
    trouble[at] = result.trouble;
    noticed = noticed || !trouble[at].empty();
  });
  std::printf("%s: recovered after a %s, %zu states%s\n", run.history->name.c_str(), kill ? "kill" : "power cut",
              states.load(), left_out.empty() ? "" : (" without sync " + left_out).c_str());
  for (const auto& text : trouble) {
    if (!text.empty()) return text;
  }
  return "";
}

// In the long form another one is found behind each cut in each round, and some cuts of its recovery are looked at.
void replay_recoveries(const History& history, bool kill, std::size_t every = 1) {
  const auto run = record(history);
  EXPECT_EQ(recoveries(run, kill, every), "");
  go_on(history.name + " recovered after a " + (kill ? "kill" : "power cut"),
        [&](std::size_t number, const LongForm* limit) {
          return sum_of(run.log.size() + 1, [&](std::size_t cut, const std::string& folder) {
            if (limit && limit->over()) return Replay::Result();
            const std::size_t found = cut + (number + long_seed()) * 1000003;
            return recover_and_cut(run, kill, cut, found, folder, [&](Recovery&, Replay& part) {
              set_round(part, number, limit);
              part.samples = 1;
              part.few = 0;
              part.every = (part.to - part.from) / 6 + 1;
              return true;
            });
          });
        });
}

TEST(Crash, RecoveryOfRowsAfterAKill) { replay_recoveries(rows_history(), true); }
TEST(Crash, RecoveryOfRowsAfterAPowerCut) { replay_recoveries(rows_history(), false); }
// In the others recovery meets what rows have not: an index, transactions of many rows, another file of the same name.
void recoveries_of_others(bool kill) {
  Followed source;
  // That of an index has a thousand states.
  for (const auto& [history, every] : {std::pair(bulk_history(), 3),
                                       {index_history(), 200},
                                       {compact_history(), 6},
                                       {backup_history(source), 48},
                                       {merge_history(), 24}})
    replay_recoveries(history, kill, static_cast<std::size_t>(every));
}
TEST(Crash, RecoveryOfOthersAfterAKill) { recoveries_of_others(true); }
TEST(Crash, RecoveryOfOthersAfterAPowerCut) { recoveries_of_others(false); }
// Of rows smaller than a sector, and of rows that fill one each: there a whole row can stand behind one that is missing.
TEST(Crash, EverySyncOfRecoveryIsNeeded) {
  const auto tiny = rows_history(), images = bulk_history();
  const Recorded runs[] = {record(tiny), record(images)};
  std::set<std::string> kinds, harmless;
  for (const auto& run : runs) {
    EXPECT_EQ(recoveries(run, true, 2, "", &kinds), "");
    EXPECT_EQ(recoveries(run, false, 2, "", &kinds), "");
  }
  std::erase_if(kinds, [](const std::string& what) { return what.find(": ") == what.npos; });
  for (const auto& what : kinds) {
    std::string found;
    for (const auto& run : runs) {
      for (const bool kill : {true, false}) {
        if (found.empty()) found = recoveries(run, kill, 1, what);
      }
    }
    if (found.empty()) harmless.insert(what);
    std::printf("%s: %s\n", what.c_str(), found.c_str());
  }
  // A killed writer had taken room, and whoever came next wrote nothing into it: a size, which nobody reads.
  EXPECT_EQ(harmless, std::set<std::string>{"x.db: room"});
  EXPECT_GT(kinds.size(), 7u);
}

TEST(Crash, EveryRowSyncIsNeeded) {
  const auto history = rows_history();
  prove(record(history), "",
        {
            {Harmless::nothing_new,
             {"rows: append 1, sync 1, of the folder: left out", "rows: append 1, sync 1, of the folder: too late",
              "rows: append 1, sync 2, of x.db: left out", "rows: append 1, sync 2, of x.db: too late"}},
            {Harmless::again,
             {"rows: append 1, sync 3, of x.db: left out", "rows: append 1, sync 3, of x.db: too early",
              "rows: append 1, sync 3, of x.db: too late", "rows: trim 13, sync 1, of x.db: left out",
              "rows: trim 13, sync 1, of x.db: too late"}},
            {Harmless::any_order, {"rows: commit 3, sync 1, of the folder: too late"}},
        });
}

TEST(Crash, EverySyncOfBulkIsNeeded) {
  const auto history = bulk_history();
  prove(record(history), "",
        {
            {Harmless::nothing_new,
             {"bulk: append 1, sync 1, of the folder: left out", "bulk: append 1, sync 1, of the folder: too late",
              "bulk: append 1, sync 2, of x.db: left out", "bulk: append 1, sync 2, of x.db: too late"}},
            {Harmless::again,
             {"bulk: append 1, sync 3, of x.db: left out", "bulk: append 1, sync 3, of x.db: too early",
              "bulk: append 1, sync 3, of x.db: too late"}},
            {Harmless::any_order, {"bulk: commit_many 2, sync 1, of the folder: too late"}},
        });
}
TEST(Crash, EverySyncOfCompactIsNeeded) {
  const auto history = compact_history();
  prove(
      record(history), "",
      {
          {Harmless::nothing_new,
           {"compact: append 1, sync 1, of the folder: left out", "compact: append 1, sync 1, of the folder: too late",
            "compact: append 1, sync 2, of x.db: left out", "compact: append 1, sync 2, of x.db: too late",
            "compact: compact 3, sync 6, of the folder: left out",
            "compact: compact 3, sync 6, of the folder: too late", "compact: compact 3, sync 7, of x.db: left out",
            "compact: compact 3, sync 7, of x.db: too late", "compact: compact 8, sync 6, of the folder: left out",
            "compact: compact 8, sync 6, of the folder: too late", "compact: compact 8, sync 7, of x.db: left out",
            "compact: compact 8, sync 7, of x.db: too late"}},
          {Harmless::again,
           {"compact: append 1, sync 3, of x.db: left out", "compact: append 1, sync 3, of x.db: too early",
            "compact: append 1, sync 3, of x.db: too late", "compact: compact 3, sync 3, of x.db.unfinished: too early",
            "compact: compact 3, sync 5, of the folder: left out",
            "compact: compact 3, sync 5, of the folder: too early",
            "compact: compact 3, sync 5, of the folder: too late",
            "compact: compact 8, sync 3, of x.db.unfinished: too early",
            "compact: compact 8, sync 5, of the folder: left out",
            "compact: compact 8, sync 5, of the folder: too early",
            "compact: compact 8, sync 5, of the folder: too late"}},
          {Harmless::any_order,
           {"compact: compact 8, sync 3, of x.db.unfinished: too late",
            "compact: compact 3, sync 3, of x.db.unfinished: too late",
            "compact: commit 2, sync 1, of the folder: too late", "compact: commit 5, sync 1, of the folder: too late",
            "compact: commit 9, sync 1, of the folder: too late"}},
      });
}
TEST(Crash, EverySyncOfBackupIsNeeded) {
  Followed source;
  const auto history = backup_history(source);
  prove(record(history), "",
        {
            {Harmless::nothing_new,
             {"backup: first 0, sync 4, of the folder: left out", "backup: first 0, sync 4, of the folder: too late",
              "backup: first 0, sync 5, of x.db: left out", "backup: first 0, sync 5, of x.db: too late",
              "backup: rows 2, sync 1, of the folder: left out", "backup: rows 2, sync 1, of the folder: too late",
              "backup: most 3, sync 2, of x.db: left out", "backup: most 3, sync 2, of x.db: too late",
              "backup: most 3, sync 5, of the folder: left out", "backup: most 3, sync 5, of the folder: too late",
              "backup: most 3, sync 6, of x.db: left out", "backup: most 3, sync 6, of x.db: too late",
              "backup: full 4, sync 2, of x.db: left out", "backup: full 4, sync 2, of x.db: too late",
              "backup: full 4, sync 5, of the folder: left out", "backup: full 4, sync 5, of the folder: too late",
              "backup: full 4, sync 6, of x.db: left out", "backup: full 4, sync 6, of x.db: too late"}},
            {Harmless::again,
             {"backup: first 0, sync 1, of x.db.unfinished: too early",
              "backup: first 0, sync 2, of the folder: left out",
              "backup: first 0, sync 2, of the folder: too early",
              "backup: first 0, sync 2, of the folder: too late",
              "backup: first 0, sync 3, of the folder: left out",
              "backup: first 0, sync 3, of the folder: too early",
              "backup: first 0, sync 3, of the folder: too late",
              "backup: first 0, sync 6, of x.db: left out",
              "backup: first 0, sync 6, of x.db: too early",
              "backup: first 0, sync 6, of x.db: too late",
              "backup: again 1, sync 3, of x.db: too early",
              "backup: rows 2, sync 3, of x.db: too early",
              "backup: most 3, sync 1, of x.db.unfinished: too early",
              "backup: most 3, sync 4, of the folder: left out",
              "backup: most 3, sync 4, of the folder: too early",
              "backup: most 3, sync 4, of the folder: too late",
              "backup: most 3, sync 7, of x.db: left out",
              "backup: most 3, sync 7, of x.db: too early",
              "backup: most 3, sync 7, of x.db: too late",
              "backup: full 4, sync 1, of x.db.unfinished: too early",
              "backup: full 4, sync 3, of the folder: left out",
              "backup: full 4, sync 3, of the folder: too early",
              "backup: full 4, sync 3, of the folder: too late",
              "backup: full 4, sync 4, of the folder: left out",
              "backup: full 4, sync 4, of the folder: too early",
              "backup: full 4, sync 4, of the folder: too late",
              "backup: full 4, sync 7, of x.db: left out",
              "backup: full 4, sync 7, of x.db: too early",
              "backup: full 4, sync 7, of x.db: too late",
              "backup: last 5, sync 3, of x.db: too early"}},
            {Harmless::any_order,
             {"backup: most 3, sync 1, of x.db.unfinished: too late",
              "backup: again 1, sync 1, of the folder: too late", "backup: last 5, sync 1, of the folder: too late"}},
            {Harmless::same_size,
             {"backup: first 0, sync 7, of x.db: left out", "backup: first 0, sync 7, of x.db: too early",
              "backup: again 1, sync 5, of x.db: left out", "backup: again 1, sync 5, of x.db: too early",
              "backup: last 5, sync 5, of x.db: left out", "backup: last 5, sync 5, of x.db: too early",
              "backup: most 3, sync 8, of x.db: left out", "backup: most 3, sync 8, of x.db: too early",
              "backup: full 4, sync 8, of x.db: left out", "backup: full 4, sync 8, of x.db: too early"}},
            {Harmless::one_row, {"backup: rows 2, sync 2, of x.db.journal: too late"}},
        });
}
TEST(Crash, EverySyncOfMergeIsNeeded) {
  const auto history = merge_history();
  prove(record(history), "",
        {
            {Harmless::nothing_new,
             {"merge: merge a.db 0, sync 3, of the folder: left out",
              "merge: merge a.db 0, sync 3, of the folder: too late", "merge: merge a.db 0, sync 4, of x.db: left out",
              "merge: merge a.db 0, sync 4, of x.db: too late"}},
            {Harmless::again,
             {"merge: merge a.db 0, sync 2, of the folder: left out",
              "merge: merge a.db 0, sync 2, of the folder: too early",
              "merge: merge a.db 0, sync 2, of the folder: too late", "merge: merge a.db 0, sync 5, of x.db: left out",
              "merge: merge a.db 0, sync 5, of x.db: too early", "merge: merge a.db 0, sync 5, of x.db: too late",
              "merge: merge a.db 0, sync 7, of x.db: left out", "merge: merge a.db 0, sync 7, of x.db: too early",
              "merge: merge a.db 0, sync 7, of x.db: too late", "merge: merge b.db 1, sync 3, of x.db: too early"}},
            {Harmless::any_order, {"merge: merge b.db 1, sync 1, of the folder: too late"}},
        });
}
TEST(Crash, EveryIndexSyncIsNeeded) {
  const auto history = index_history();
  prove(record(history), ".idx", {});
}
TEST(Crash, EverySyncOfAMergeOfTheIndexIsNeeded) {
  if (!is_long()) GTEST_SKIP() << "it takes minutes: IMREG_LONG=1";
  const auto history = merged_index_history();
  prove(record(history), ".merge",
        {
            {Harmless::again,
             {"merge_index: merge_index 1, sync 1, of x.db.idx.merge: left out",
              "merge_index: merge_index 1, sync 1, of x.db.idx.merge: too early",
              "merge_index: merge_index 1, sync 1, of x.db.idx.merge: too late",
              "merge_index: merge_index 3, sync 1, of x.db.idx.merge: left out",
              "merge_index: merge_index 3, sync 1, of x.db.idx.merge: too early",
              "merge_index: merge_index 3, sync 1, of x.db.idx.merge: too late"}},
            {Harmless::derived,
             {"merge_index: merge_index 1, sync 2, of x.db.idx.merge: too early",
              "merge_index: merge_index 3, sync 2, of x.db.idx.merge: left out",
              "merge_index: merge_index 3, sync 2, of x.db.idx.merge: too early",
              "merge_index: merge_index 3, sync 2, of x.db.idx.merge: too late"}},
        },
        check_rows, {4, 24});
}

// Path roots, and the header of a new database, are written like this.
TEST(Crash, AReplacedFileIsOldOrNew) {
  const std::string old(3000, 'o'), fresh(5000, 'n');
  Folder folder;
  testing::spill(folder / "file", old);
  const Image start = image_of(folder.path());
  Recorder recorder(folder.path(), names_in(start), start.next_file);
  EXPECT_OK(replace_file(folder / "file", fresh, &recorder));
  const std::size_t done_at = recorder.log.size();
  const auto replayed = [&](Log log) {
    Replay part{.log = log, .start = start, .from = 0, .to = done_at, .check = {}};
    part.check = [&](std::size_t done, const std::string& where, const Image&) -> std::string {
      const std::string found = testing::slurp(where + "/file");
      if (found != fresh && (found != old || done == done_at)) return "neither old nor new";
      EXPECT_OK(replace_file(where + "/file", old));  // what the crash left is no obstacle
      return "";
    };
    return part.run(folder.path());
  };
  const auto result = replayed(recorder.log);
  EXPECT_EQ(result.trouble, "");
  EXPECT_GT(result.different, 20u);
  std::size_t syncs = 0;
  for (auto& operation : recorder.log) {
    if (!is_sync(operation)) continue;
    operation.dropped = true;
    EXPECT_NE(replayed(recorder.log).trouble, "") << synced(operation);
    ++syncs;
    operation.dropped = false;
  }
  EXPECT_EQ(syncs, 2u);
}

}  // namespace
}  // namespace imreg::crash
