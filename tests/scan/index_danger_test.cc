// What can go wrong around an index: readers beside writers, writers that are killed, disks that fail, files of an older or
// another life.
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "../folder.h"
#include "../long_form.h"
#include "imreg/record_file.h"
#include "index_fixture.h"
#include "os/file.h"
#include "scan/columns.h"

namespace imreg {
namespace {

using Clock = std::chrono::steady_clock;

std::string rows_from(Dice& dice, std::int64_t first, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += random_row(dice, static_cast<int>(first) + i);
  return out;
}

std::vector<RowChange> random_changes(Dice& dice, const RecordFile& file, int n) {
  std::vector<RowChange> out;
  for (int i = 0; i < n; ++i) {
    const auto row = static_cast<std::int64_t>(dice.below(static_cast<int>(file.count())));
    Record fresh = file.make_record();
    if (dice.below(3) == 0 || !file.read(row, fresh).ok())
      fresh = Record(random_row(dice, static_cast<int>(row)));
    else
      fresh.set(regimage::kDeleted, !fresh.view()[regimage::kDeleted]);
    out.push_back({row, fresh.bytes()});
  }
  return out;
}

// The same rows as one step of many: in order, each once.
Status commit_many(RecordWriter& writer, std::vector<RowChange> changes) {
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  changes.erase(
      std::unique(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row == b.row; }),
      changes.end());
  return writer.commit_many([&, i = std::size_t{0}](RowChange& change) mutable -> Result<bool> {
    if (i == changes.size()) return false;
    change = changes[i++];
    return true;
  });
}

// One short life of a writer, as imregister has it. Empty, or what went wrong.
std::string write_some(const std::string& path, Dice& dice, std::int64_t most_rows) {
  IndexKeeper keeper(dice.below(3) ? IndexKeeper::Patience::none : IndexKeeper::Patience::full, low_limits());
  RecordWriter::Options options;
  options.wait_seconds = 60;
  const bool keeps = dice.below(60) != 0;
  options.follower = keeps ? &keeper : nullptr;
  auto writer = RecordWriter::open(path, options);
  if (!writer) return writer.status().text();
  for (int step = 1 + dice.below(4); step > 0; --step) {
    const std::int64_t count = writer->file().count();
    const std::string added = count < most_rows ? rows_from(dice, count, dice.below(dice.below(8) ? 6 : 120)) : "";
    const int changes = dice.below(2) ? 0 : dice.below(12) ? 1 + dice.below(4) : 260;
    const bool many = changes > 0 && dice.below(2) != 0;
    const Status status =
        many      ? commit_many(*writer, random_changes(dice, writer->file(), dice.below(6) ? changes : 700))
        : changes ? writer->commit(random_changes(dice, writer->file(), changes), added)
                  : writer->append(added);
    if (!status.ok()) return status.text();
  }
  if (keeps && dice.below(4) == 0) keeper.finish(writer->file());
  if (dice.below(10) == 0) (void)writer->checkpoint();
  return keeper.note();
}

// What the rows of a file are at one moment: whether they match, and which change they hold.
struct Moment {
  std::vector<bool> matches;
  std::vector<std::int64_t> change;

  Moment(const RecordFile& file, const Selection& selection) {
    Record copy = file.make_record();
    const Field<std::int64_t> changeno{schema().find("changeno")->offset};
    for (std::int64_t row = 0; row < file.count(); ++row) {
      const bool good = file.read(row, copy).ok();
      matches.push_back(good && selection.matches(copy.view()));
      change.push_back(good ? copy.view()[changeno] : -2);
    }
  }
};

// One look of a reader: every row that nobody changed meanwhile is in the answer, or not, as it should be.
std::string look_once(const std::string& path, Dice& dice, std::atomic<int>& used) {
  const auto file = RecordFile::open(path);
  if (!file) return file.status().text();
  const Selection selection = random_selection(dice);
  const Moment before(*file, selection);
  if (dice.below(2)) std::this_thread::sleep_for(std::chrono::microseconds(dice.below(3000)));
  std::vector<std::int64_t> found;
  ScanReport report;
  std::int64_t counted = -1;
  const int how = dice.below(5);
  const auto take = [&](std::int64_t row) { return found.push_back(row), true; };
  const auto take_row = [&](std::int64_t row, RecordView) { return take(row); };
  if (how == 0) find_rows(*file, selection, {}, &report).each(0, take);
  if (how == 1) report = scan(*file, selection, {}, take_row);
  if (how == 2) counted = count_matches(*file, selection, {}, &report);
  if (how == 3 && !scan_by_time(*file, selection, dice.below(2) != 0, report, take_row)) return {};
  if (how == 4) {
    const auto values = count_values(*file, selection, {schema().find("type"), schema().find("filter")}, report);
    if (!values) return {};
    counted = 0;
    for (const auto& value : *values) counted += value.rows;
  }
  if (!report.damaged.empty()) return report.damaged.first[0].text();
  const auto later = RecordFile::open(path);
  if (!later) return later.status().text();
  const Moment after(*later, selection);
  std::string plan;
  for (const auto& line : report.plan) plan += " / " + line;
  if (plan.find("index by") != plan.npos || plan.find("counted by the index") != plan.npos) ++used;
  std::sort(found.begin(), found.end());
  std::int64_t sure = 0, perhaps = 0;
  for (std::int64_t row = 0; row < file->count(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (before.change[at] != after.change[at]) {
      ++perhaps;
      continue;
    }
    sure += before.matches[at];
    if (counted < 0 && std::binary_search(found.begin(), found.end(), row) != before.matches[at])
      return "row " + std::to_string(row) + " of " + std::to_string(file->count()) + ", way " + std::to_string(how) +
             plan;
  }
  if (counted < 0) return !found.empty() && found.back() >= file->count() ? "a row that is not there" + plan : "";
  if (counted >= sure && counted <= sure + perhaps) return {};
  return "counted " + std::to_string(counted) + ", not " + std::to_string(sure) + ".." +
         std::to_string(sure + perhaps) + ", way " + std::to_string(how) + plan;
}

TEST_F(IndexTest, ReadersBesideWritersSeeEveryRow) {
  {
    Dice dice(20);
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(rows_from(dice, 0, 2400)).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  const char* wish = std::getenv("IMREG_SECONDS");
  const auto deadline = Clock::now() + std::chrono::seconds(wish ? std::atoi(wish) : 3);
  std::mutex mutex;
  std::vector<std::string> wrong;
  std::atomic<int> used = 0, looks = 0;
  const auto run = [&](unsigned seed, const std::function<std::string(Dice&)>& job) {
    Dice dice(seed);
    while (Clock::now() < deadline) {
      const std::string trouble = job(dice);
      if (trouble.empty()) continue;
      const std::lock_guard lock(mutex);
      wrong.push_back(trouble);
      if (wrong.size() > 5) return;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 2; ++i)
    threads.emplace_back(run, 21 + i, [&](Dice& dice) { return write_some(path_, dice, 4000); });
  for (unsigned i = 0; i < 3; ++i)
    threads.emplace_back(run, 31 + i, [&](Dice& dice) { return ++looks, look_once(path_, dice, used); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<std::string>());
  EXPECT_GT(used, looks / 20);
}

TEST_F(IndexTest, KilledWritersLeaveAnIndexThatIsRightOrNotUsed) {
  Dice dice(40);
  {
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(rows_from(dice, 0, 2400)).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  const char* wish = std::getenv("IMREG_KILLS");
  int used = 0;
  for (int round = 0; round < (wish ? std::atoi(wish) : 60); ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      Dice own(1000 + static_cast<unsigned>(round));
      while (write_some(path_, own, 4000).empty()) {
      }
      ::_exit(1);
    }
    ::usleep(static_cast<useconds_t>(500 + dice.below(20000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto file = RecordFile::open(path_);
    ASSERT_TRUE(file.ok());
    for (int i = 0; i < 12; ++i) {
      bool with = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), i < 4, with)) << "round " << round;
      used += with;
    }
  }
  EXPECT_GT(used, 0);
}

// A search behind each step of a batch that changes many rows at once, with the index before its end and behind it.
TEST_F(IndexTest, ManyRowsThatChangeAtOnceAreFound) {
  for (const int n : {150, 201, 4000}) {
    SetUp();
    Dice dice(60 + static_cast<unsigned>(n));
    {
      auto writer = RecordWriter::open(path_, {});
      ASSERT_TRUE(writer->append(rows_from(dice, 0, 4200)).ok());
      ASSERT_TRUE(rebuild_index(writer->file()).ok());
    }
    for (const auto patience : {IndexKeeper::Patience::full, IndexKeeper::Patience::none}) {
      IndexKeeper keeper(patience, low_limits());
      RecordWriter::Options options;
      options.follower = &keeper;
      auto writer = RecordWriter::open(path_, options);
      const auto searches = [&](int times) {
        int used = 0;
        const auto file = RecordFile::open(path_);
        for (int i = 0; i < times; ++i) {
          bool with = false;
          check(*file, random_selection(dice), i < 4, with);
          used += with;
        }
        return used;
      };
      for (int round = 0; round < 2; ++round) {
        // One that fails, behind some rows: nothing of it is kept.
        const Status status = writer->commit_many([&, i = 0](RowChange& change) mutable -> Result<bool> {
          if (i == n) return Status(Code::busy, "enough");
          change = {i, random_row(dice, i)};
          ++i;
          return true;
        });
        ASSERT_EQ(status.code(), Code::busy);
        ASSERT_NO_FATAL_FAILURE(searches(5));
        ASSERT_TRUE(commit_many(*writer, random_changes(dice, writer->file(), n)).ok());
        ASSERT_NO_FATAL_FAILURE(searches(5));
        ASSERT_TRUE(writer->append(rows_from(dice, writer->file().count(), 7)).ok());
        ASSERT_NO_FATAL_FAILURE(searches(5));
      }
      keeper.finish(writer->file());
      EXPECT_EQ(keeper.note(), "");
      writer->close();
      EXPECT_GT(searches(40), 0) << n;
    }
  }
}

// A view of a file that was opened before rows were added and indexed.
TEST_F(IndexTest, AnIndexThatIsAheadOfTheFileGivesNoRowsThatItDoesNotHave) {
  Dice dice(50);
  auto writer = RecordWriter::open(path_, {});
  ASSERT_TRUE(writer->append(rows_from(dice, 0, 2500)).ok());
  const auto early = RecordFile::open(path_);
  ASSERT_TRUE(writer->append(rows_from(dice, 2500, 9000)).ok());
  ASSERT_TRUE(rebuild_index(writer->file()).ok());
  std::string why;
  ASSERT_TRUE(index::Index::open(*early, why)) << why;
  // Changed ones among them, that stand in the head.
  writer->close();
  IndexKeeper keeper(IndexKeeper::Patience::none);
  RecordWriter::Options options;
  options.follower = &keeper;
  writer = RecordWriter::open(path_, options);
  std::vector<RowChange> changes;
  for (std::int64_t row = 2500; row < 11500; row += 100) changes.push_back({row, rows_from(dice, row, 1)});
  ASSERT_TRUE(writer->commit(changes).ok());
  ASSERT_EQ(index::Index::open(*early, why)->changed().size(), changes.size()) << why;
  for (int i = 0; i < 200; ++i) {
    bool with = false;
    ASSERT_NO_FATAL_FAILURE(check(*early, random_selection(dice), true, with));
  }
}

// The file at the path is another one by now: its index says nothing about the one that is open.
TEST_F(IndexTest, OfAFileThatTookTheNameIsNotBelieved) {
  Dice dice(51);
  const auto fill = [&](const std::string& path) {
    auto writer = RecordWriter::open(path, {});
    ASSERT_TRUE(writer->append(rows_from(dice, 0, 2500)).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  };
  fill(path_);
  const auto old = RecordFile::open(path_);
  const std::string other = path_ + "2";
  ASSERT_TRUE(RecordWriter::create(other, schema(), {}).ok());
  fill(other);
  std::filesystem::rename(other, path_);
  std::filesystem::rename(other + ".idx", path_ + ".idx");
  std::string why;
  EXPECT_FALSE(index::Index::open(*old, why));
  EXPECT_EQ(why, "it belongs to another database");
}

// An older copy lives on and reaches the numbers of the life that the index knows.
TEST_F(IndexTest, OfALifeThatARestoredCopyLeftIsRemoved) {
  Dice dice(52);
  const auto with_keeper = [&](const std::function<void(RecordWriter&)>& work) {
    IndexKeeper keeper(IndexKeeper::Patience::none);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path_, options);
    ASSERT_TRUE(writer.ok());
    work(*writer);
  };
  const auto change = [&](std::int64_t row) {
    with_keeper([&](RecordWriter& w) { ASSERT_TRUE(w.commit({{row, rows_from(dice, row, 1)}}).ok()); });
  };
  const auto right = [&] {
    const auto file = RecordFile::open(path_);
    for (int i = 0; i < 100; ++i) {
      bool with = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, with));
    }
  };
  const auto save = [&](const std::string& from, const std::string& to) {
    for (const char* end : {"", ".journal"})
      std::filesystem::copy_file(from + end, to + end, std::filesystem::copy_options::overwrite_existing);
  };
  with_keeper([&](RecordWriter& w) { ASSERT_TRUE(w.append(rows_from(dice, 0, 2500)).ok()); });
  change(3);
  const std::string backup = path_ + ".backup";
  save(path_, backup);
  change(4);
  change(5);
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  save(backup, path_);
  for (const std::int64_t row : {6, 7}) change(row);
  ASSERT_NO_FATAL_FAILURE(right());

  // As many rows as before, the same last one, others before it.
  const std::string last = rows_from(dice, 0, 1);
  save(path_, backup);
  with_keeper([&](RecordWriter& w) { ASSERT_TRUE(w.append(rows_from(dice, 2500, 99) + last).ok()); });
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  save(backup, path_);
  with_keeper([&](RecordWriter& w) { ASSERT_TRUE(w.append(rows_from(dice, 2500, 99)).ok()); });
  with_keeper([&](RecordWriter& w) { ASSERT_TRUE(w.append(last).ok()); });
  ASSERT_NO_FATAL_FAILURE(right());
}

// Fails some operations of the index, or of the record file.
struct Failing : IoObserver {
  std::function<bool(const IoOperation&)> which;
  int error = EIO;
  int before(const IoOperation& operation) override { return which && which(operation) ? error : 0; }
};

// Changes that were announced, failed, and were followed by others: none is forgotten.
TEST_F(IndexTest, FailedCommitsForgetNoChange) {
  Dice dice(53);
  Failing failing;
  IndexKeeper keeper(IndexKeeper::Patience::none);
  RecordWriter::Options options;
  options.follower = &keeper;
  options.observer = &failing;
  auto writer = RecordWriter::open(path_, options);
  ASSERT_TRUE(writer->append(rows_from(dice, 0, 4200)).ok());
  ASSERT_TRUE(std::filesystem::exists(path_ + ".idx"));
  ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), 60)).ok());
  failing.error = ENOSPC;
  const auto fails = [&](int n) {
    failing.which = [](const IoOperation& o) {
      return o.path.ends_with(".journal") && o.kind == IoOperation::Kind::write &&
             o.bytes.find_first_not_of('\0') != o.bytes.npos;
    };
    const auto status = writer->commit(random_changes(dice, writer->file(), n));
    failing.which = {};
    return !status.ok();
  };
  ASSERT_TRUE(fails(300));
  ASSERT_TRUE(fails(3));
  const auto right = [&] {
    const auto file = RecordFile::open(path_);
    for (int i = 0; i < 150; ++i) {
      bool with = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, with));
    }
  };
  ASSERT_NO_FATAL_FAILURE(right());
  ASSERT_TRUE(fails(400));
  ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), 350)).ok());
  ASSERT_TRUE(keeper.note().empty());
  std::string why;
  EXPECT_TRUE(index::Index::open(*RecordFile::open(path_), why)) << why;
  ASSERT_NO_FATAL_FAILURE(right());
}

// Recovery writes X.db.lost with the same options: its rows are no business of this index.
TEST_F(IndexTest, RowsThatRecoverySetsAsideAreNotTakenForTheFiles) {
  Dice dice(54);
  {
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(rows_from(dice, 0, 4200)).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  // Behind the last row: one that is damaged, and a good one behind it.
  const auto rows = RecordFile::open(path_)->count();
  const std::string before = Spoiler(path_).read();
  {
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(rows_from(dice, rows, 2)).ok());
  }
  std::string after = Spoiler(path_).read();
  const auto data = after.size() >= before.size() ? before.find("END     ") : 0;
  ASSERT_NE(data, 0U);
  const std::size_t place = 23040 + static_cast<std::size_t>(rows) * regimage::kRecordSize;
  std::string torn = before;
  torn.resize(std::max(torn.size(), after.size()));
  torn.replace(place, 1024, after.substr(place, 1024));
  torn[place + 100] = static_cast<char>(torn[place + 100] ^ 1);
  Spoiler(path_).write(torn);
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  IndexKeeper keeper(IndexKeeper::Patience::none, low_limits());
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  ASSERT_TRUE(writer.ok());
  ASSERT_EQ(writer->notes().size(), 1U) << "nothing was set aside";
  ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), 3)).ok());
  std::string why;
  EXPECT_TRUE(index::Index::open(*RecordFile::open(path_), why)) << why;
  EXPECT_FALSE(std::filesystem::exists(path_ + ".lost.idx"));
}

// A read that failed once must not be forgotten by the next one: a merge took the second value of a column for its first.
TEST(Cursor, StaysBehindAPageThatCouldNotBeRead) {
  const Folder folder;
  constexpr std::uint64_t kNonce = 7;
  const std::string path = folder / "column.idx";
  std::int64_t page = 0;
  index::Extent extent;
  {
    auto file = File::open(path, File::Mode::create);
    ASSERT_TRUE(file.ok());
    index::Columns columns(*file, kNonce, page);
    extent = columns.write(std::vector<std::uint32_t>{10, 20, 30});
  }
  IndexFault observer(0, {"EIO", EIO});
  const auto file = File::open(path, File::Mode::read, &observer);
  ASSERT_TRUE(file.ok());
  index::Cursor<std::uint32_t> cursor({&*file, kNonce, {}}, extent);
  std::uint32_t value = 0;
  EXPECT_FALSE(cursor.next(value));
  EXPECT_FALSE(cursor.next(value)) << "took " << value << " for the first value";
  EXPECT_EQ(cursor.status().code(), Code::io);
}

// Every file operation of the index fails in turn: the rows do not suffer, the answers are right, nothing is left over.
class Faults : public IndexTest {
 protected:
  // What a keeper does in its life: grow, announce, merge, overflow, tidy up. Every step must succeed.
  void live(IoObserver& failing, std::string& note) {
    Dice dice(60);
    IndexKeeper::Limits limits = low_limits();
    limits.observer = &failing;
    for (int life = 0; life < 3; ++life) {
      IndexKeeper keeper(life == 1 ? IndexKeeper::Patience::full : IndexKeeper::Patience::none, limits);
      RecordWriter::Options options;
      options.follower = &keeper;
      auto writer = RecordWriter::open(path_, options);
      ASSERT_TRUE(writer.ok());
      ASSERT_TRUE(writer->append(rows_from(dice, writer->file().count(), 750)).ok());
      ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), 20), rows_from(dice, 0, 40)).ok());
      ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), 260)).ok());
      if (life == 1) keeper.finish(writer->file());
      ASSERT_TRUE(writer->append(rows_from(dice, 0, 60)).ok());
      if (!keeper.note().empty()) note = keeper.note();
    }
  }
  void right() {
    Dice dice(61);
    const auto file = RecordFile::open(path_);
    ASSERT_TRUE(file.ok());
    ASSERT_EQ(file->count(), 3 * 850);
    for (int i = 0; i < 5; ++i) {
      bool with = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, with));
    }
  }
};

TEST_F(Faults, OfTheIndexNeverConcernRows) {
  int noted = 0;
  const auto reached = [&](const Fault& fault, int at) {
    SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
    IndexFault observer(at, fault);
    const auto live_with_it = [&] {
      ASSERT_NO_FATAL_FAILURE(TearDown());
      ASSERT_NO_FATAL_FAILURE(SetUp());
      std::string note;
      ASSERT_NO_FATAL_FAILURE(live(observer, note));
      ASSERT_NO_FATAL_FAILURE(right());
      EXPECT_EQ(note.find('\n'), note.npos);
      noted += !note.empty();
      const bool removal = observer.kind() == IoOperation::Kind::remove;
      const bool quiet = !observer.happened() || observer.harmless();
      EXPECT_TRUE(note.empty() || !quiet) << note;
      // A read into several places that fails is made again, one by one.
      EXPECT_TRUE(!note.empty() || quiet || removal || !observer.kind());
      for (const char* end : {".idx.new", ".idx.tmp"})
        EXPECT_TRUE(fault.for_ever || removal || !std::filesystem::exists(path_ + end));
    };
    live_with_it();
    return observer.reached();
  };
  auto faults = all_faults();
  faults.push_back({"EACCES", EACCES});
  std::vector<std::pair<Fault, int>> others;
  for (const Fault& fault : faults) {
    // The first ones, and further on those that show another part of a keeper's life.
    int at = 0;
    while (reached(fault, at) && !HasFailure()) {
      const int next = at + 1 + at / 3;
      while (++at < next) others.emplace_back(fault, at);
    }
    if (HasFailure()) return;
    EXPECT_GT(at, 100);
  }
  EXPECT_GT(noted, 30);
  further(others, 60, [&](const auto& one) { return reached(one.first, one.second), !HasFailure(); });
}

// What a killed builder leaves is no obstacle, and goes with the next one.
TEST_F(IndexTest, LeftoversOfKilledBuildersGo) {
  Dice dice(62);
  auto writer = RecordWriter::open(path_, {});
  ASSERT_TRUE(writer->append(rows_from(dice, 0, 100)).ok());
  for (const char* end : {".idx.new", ".idx.tmp"}) Spoiler(path_ + end).write("left over");
  ASSERT_TRUE(rebuild_index(writer->file()).ok());
  for (const char* end : {".idx.new", ".idx.tmp"}) EXPECT_FALSE(std::filesystem::exists(path_ + end));
  std::string why;
  EXPECT_TRUE(index::Index::open(writer->file(), why)) << why;
}

// Values that nobody should have written. Every answer is that of Selection::matches on every row.
class Degenerate : public IndexTest {
 protected:
  using Make = std::function<void(Record& row, int number)>;
  void fill(int rows, const Make& make, std::int64_t tail = 0) {
    Dice dice(70);
    std::string bytes;
    auto writer = RecordWriter::open(path_, {});
    const auto flush = [&] { return writer->append(std::exchange(bytes, {})).ok(); };
    for (int i = 0; i < rows; ++i) {
      if (i == rows - tail) {
        ASSERT_TRUE(flush());
        ASSERT_TRUE(rebuild_index(writer->file()).ok());
      }
      Record row(random_row(dice, i));
      make(row, i);
      bytes += row.bytes();
    }
    IndexKeeper keeper(IndexKeeper::Patience::none, low_limits());
    if (tail == 0) {
      ASSERT_TRUE(flush());
      ASSERT_TRUE(rebuild_index(writer->file()).ok());
    } else {
      writer->close();
      RecordWriter::Options options;
      options.follower = &keeper;
      writer = RecordWriter::open(path_, options);
      ASSERT_TRUE(flush());
    }
  }
  void right(int looks = 150, const std::vector<Selection>& more = {}) {
    Dice dice(71);
    const auto file = RecordFile::open(path_);
    std::string why;
    ASSERT_TRUE(index::Index::open(*file, why)) << why;
    bool with = false;
    for (const auto& selection : more) {
      const auto& asked = selection.conditions()[0].intervals;
      ASSERT_NO_FATAL_FAILURE(check(*file, selection, true, with))
          << (asked.empty() ? 0 : asked[0].low) << ".." << (asked.empty() ? 0 : asked[0].high);
    }
    for (int i = 0; i < looks; ++i) ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, with));
  }
  static Selection overlapping(double low, double high) {
    Selection s;
    EXPECT_TRUE(s.overlap(schema(), "obstime", "exptime", {{low, high}}).ok());
    return s;
  }
  static Selection within(const Result<SkyRegion>& region) {
    Selection s;
    EXPECT_TRUE(region.ok() && s.region(schema(), "ra", "dec", *region).ok());
    return s;
  }
};

TEST_F(Degenerate, AllTheSame) {
  fill(
      2600,
      [](Record& row, int) {
        row.set(regimage::kObstime, 1e9);
        row.set(regimage::kRa, 10.0);
        row.set(regimage::kDec, 20.0);
        (void)row.set(regimage::kFilename, "a.fits");
        (void)row.set(regimage::kObject, "M67");
      },
      400);
  right(150, {overlapping(1e9, 1e9), within(SkyRegion::cone(10, 20, 1e-6)), within(SkyRegion::cone(10, 20.1, 0.01))});
}

TEST_F(Degenerate, NothingKnown) {
  fill(
      2600,
      [](Record& row, int) {
        for (const auto field : {regimage::kObstime, regimage::kRa, regimage::kDec}) row.set(field, kNan);
        row.set(regimage::kExptime, kNan);
        for (const auto field : {regimage::kFilename, regimage::kObject, regimage::kPathname}) (void)row.set(field, "");
        (void)row.set(regimage::kFilter, "");
        (void)row.set(regimage::kInstrument, "");
      },
      400);
  right();
}

TEST_F(Degenerate, AllDeleted) {
  fill(2600, [](Record& row, int) { row.set(regimage::kDeleted, true); });
  right();
}

TEST_F(Degenerate, TimesAndExposuresWithoutSense) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> times{inf, -inf, 1e300, -1e300, 0.0, -0.0, 1e9, 1e9 + 0.1, 5e-324};
  const std::vector<double> lengths{1e30, -5, inf, -inf, 0, 86400, 86400.01, 1e-30, 0.3, 123.456, kNan};
  fill(
      3000,
      [&](Record& row, int i) {
        if (i % 3) row.set(regimage::kObstime, times[static_cast<std::size_t>(i) % times.size()]);
        row.set(regimage::kExptime, lengths[static_cast<std::size_t>(i / 2) % lengths.size()]);
      },
      300);
  std::vector<Selection> more;
  for (const double low : times) {
    for (const double high : times) more.push_back(overlapping(low, high));
  }
  // Ends of exposures to the last bit.
  const auto file = RecordFile::open(path_);
  Record scratch = file->make_record();
  for (std::int64_t row = 0; row < 600; ++row) {
    const auto view = file->peek(row, scratch);
    const double seconds = static_cast<double>(view[regimage::kExptime]);
    const double end = view[regimage::kObstime] + (seconds > 0 ? seconds : 0);
    more.push_back(overlapping(end, end));
  }
  right(150, more);
}

TEST_F(Degenerate, ExposuresEndWhereTheIntervalBegins) {
  Dice dice(72);
  std::vector<double> ends;
  fill(2600, [&](Record& row, int) {
    const double start = 1073741824 - dice.uniform(0, 0.3);  // the sum has another binary exponent
    row.set(regimage::kObstime, start);
    row.set(regimage::kExptime, 0.3);  // all are the longest: where the reach ends, to the last bit
    if (dice.below(12) == 0) ends.push_back(start + static_cast<double>(row.view()[regimage::kExptime]));
  });
  std::vector<Selection> more;
  for (const double end : ends) more.push_back(overlapping(end, end));
  right(10, more);
}

TEST_F(Degenerate, PlacesWithoutSense) {
  const std::vector<double> ras{360, -0.0, 7e20, -1e-20, 359.99999999999994, 720, -360, 1e9, 123456789.123, 1e-300};
  const std::vector<double> decs{90.0000001, 90, -90, -90.0000001, 0, -0.0, 89.99999999999999, 1e300, 45};
  fill(
      3000,
      [&](Record& row, int i) {
        row.set(regimage::kRa, ras[static_cast<std::size_t>(i) % ras.size()]);
        row.set(regimage::kDec, decs[static_cast<std::size_t>(i / 3) % decs.size()]);
      },
      300);
  std::vector<Selection> more;
  for (const double ra : ras) {
    for (const double dec : decs) {
      const double turned = std::fmod(ra, 360);
      if (std::abs(dec) > 90) continue;
      for (const double radius : {1e-9, 1e-3, 100.0}) more.push_back(within(SkyRegion::cone(turned, dec, radius)));
    }
  }
  // Borders at 0h from both sides, thin ones.
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {359.9999999999, 360}, {0, 1e-10}, {359.9, 0}, {350, 0}, {0, 10}, {359.99999999, 1e-8}, {-1e-9, 1e-9}})
    more.push_back(within(SkyRegion::box(low, high, -90, 90)));
  right(150, more);
}

TEST_F(Degenerate, TextsOfAnyBytes) {
  const std::vector<std::string> texts{
      "\xc3\xa9toile", "\xc3\x89TOILE", "\xff\xfe", "\x80", "a\x7f", "A\x80", "z", "[", "`", "{", "_a", "A_"};
  fill(
      2600,
      [&](Record& row, int i) {
        for (const auto field : {regimage::kFilename, regimage::kObject, regimage::kPathname})
          (void)row.set(field, texts[static_cast<std::size_t>(i / 3) % texts.size()] + (i % 2 ? "" : "x"));
      },
      300);
  std::vector<Selection> more;
  for (const auto& text : texts) {
    for (const auto how : {TextPattern::How::exact, TextPattern::How::prefix, TextPattern::How::glob}) {
      for (const char* field : {"filename", "object", "pathname"}) {
        Selection s;
        EXPECT_TRUE(s.patterns(schema(), field, {{text, how}}).ok());
        more.push_back(s);
      }
    }
  }
  right(50, more);
}

TEST_F(Degenerate, MoreFiltersThanAColumnHolds) {
  fill(
      70000, [](Record& row, int i) { (void)row.set(regimage::kFilter, "f" + std::to_string(i)); }, 300);
  right(12);
}

TEST_F(Degenerate, AlmostMoreFiltersThanAColumnHolds) {
  fill(
      66500, [](Record& row, int i) { (void)row.set(regimage::kFilter, "f" + std::to_string(i % 65534)); }, 300);
  right(12);
}

TEST_F(Degenerate, FewRows) {
  for (int rows = 0; rows < 4; ++rows) {
    TearDown();
    SetUp();
    fill(rows, [](Record&, int) {});
    right(60);
  }
}

// A merged segment knows what each of its parts knew; a batch that merges all it makes.
class Merged : public Degenerate {
 protected:
  void append(const std::string& rows, const std::vector<RowChange>& changes = {}) {
    IndexKeeper::Limits limits = low_limits();
    limits.piece = limits.small_merge = 1 << 20;
    IndexKeeper keeper(IndexKeeper::Patience::full, limits);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path_, options);
    ASSERT_TRUE(changes.empty() ? writer->append(rows).ok() : writer->commit(changes, rows).ok());
    keeper.finish(writer->file());
    ASSERT_EQ(keeper.note(), "");
  }
  std::size_t segments() {
    std::string why;
    const auto index = index::Index::open(*RecordFile::open(path_), why);
    return index ? index->segments().size() : 0;
  }
  static std::string rows_of(int n, const Make& make) {
    Dice dice(75);
    std::string out;
    for (int i = 0; i < n; ++i) {
      Record row(random_row(dice, i));
      make(row, i);
      out += row.bytes();
    }
    return out;
  }
};

TEST_F(Merged, TheLongestExposureIsThatOfAllParts) {
  const auto exposing = [](double seconds) {
    return rows_of(1200, [=](Record& row, int i) {
      row.set(regimage::kObstime, 1e9 + i);
      row.set(regimage::kExptime, seconds);
    });
  };
  append(exposing(80000));
  append(exposing(3));
  append(exposing(1));
  ASSERT_EQ(segments(), 1U);
  right(40,
        {overlapping(1e9 + 70000, 1e9 + 70001), overlapping(1e9 + 80100, 1e9 + 80101), overlapping(1e9 + 2, 1e9 + 3)});
}

TEST_F(Merged, AFieldThatHasTooManyValuesInOnePartHasNoColumn) {
  append(rows_of(66000, [](Record& row, int i) { (void)row.set(regimage::kFilter, "f" + std::to_string(i)); }));
  append(rows_of(30000, [](Record&, int) {}));
  ASSERT_EQ(segments(), 1U);
  right(6);
}

TEST_F(Merged, TooManyValuesInAllPartsTogether) {
  for (int part = 0; part < 2; ++part)
    append(rows_of(
        40000, [&](Record& row, int i) { (void)row.set(regimage::kFilter, "f" + std::to_string(i + part * 40000)); }));
  ASSERT_EQ(segments(), 1U);
  right(6);
}

// The later segment begins with the last row of the one before it.
TEST_F(Merged, OneRowInCommon) {
  append(rows_of(2400, [](Record&, int) {}));
  Dice dice(76);
  append(rows_from(dice, 0, 900), {{2399, rows_from(dice, 0, 1)}, {0, rows_from(dice, 0, 1)}});
  append(rows_from(dice, 0, 2), {{3299, rows_from(dice, 0, 1)}});
  right(150);
  for (int i = 0; i < 4; ++i) {
    const std::int64_t last = RecordFile::open(path_)->count() - 1;
    append(rows_from(dice, 0, 1500), {{last, rows_from(dice, 0, 1)}});
    right(60);
  }
}

// Rows that changed, but not in time, are taken away from what a whole segment counts.
TEST_F(Degenerate, MarkedDeletedOnly) {
  fill(5000, [](Record& row, int i) { row.set(regimage::kObstime, i % 9 == 0 ? kNan : 1e9 + i / 40 * 40); });
  Dice dice(77);
  IndexKeeper keeper(IndexKeeper::Patience::none, low_limits());
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  for (const int n : {1, 30, 25, 7}) {  // some stay in the head, some become a segment
    std::vector<RowChange> changes;
    for (int i = 0; i < n; ++i) {
      const std::int64_t row = i == 0 ? 4999 : dice.below(5000);
      Record fresh = writer->file().make_record();
      ASSERT_TRUE(writer->file().read(row, fresh).ok());
      fresh.set(regimage::kDeleted, !fresh.view()[regimage::kDeleted]);
      (void)fresh.set(regimage::kFilter, dice.of(kFilters));
      changes.push_back({row, fresh.bytes()});
    }
    ASSERT_TRUE(writer->commit(changes).ok());
    right(80);
    Selection selection;
    selection.without_deleted(schema());
    ScanReport report;
    (void)count_matches(*RecordFile::open(path_), selection, {}, &report);
    const std::string start = "counted by the index alone: ";
    ASSERT_EQ(report.plan.at(0).substr(0, start.size()), start);
    EXPECT_LE(std::atoi(report.plan[0].c_str() + start.size()), 200) << report.plan[0];  // rows that were walked
  }
}

// Segments and changed rows at their limits.
TEST_F(Degenerate, ManySegmentsAndTheSameRowAgainAndAgain) {
  Dice dice(73);
  IndexKeeper::Limits limits = low_limits();
  limits.small_merge = 0;
  limits.segments = 1000;
  {
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(rows_from(dice, 0, 2500)).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  IndexKeeper keeper(IndexKeeper::Patience::none, limits);
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), dice.below(60)), rows_from(dice, 0, 3)).ok());
    if (i % 10 == 0) {
      ASSERT_NO_FATAL_FAILURE(right(5));
    }
  }
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t row = dice.below(2) ? 7 : writer->file().count() - 1;
    ASSERT_TRUE(writer->commit({{row, rows_from(dice, row, 1)}}).ok());
  }
  ASSERT_TRUE(writer->commit(random_changes(dice, writer->file(), 200)).ok());
  ASSERT_EQ(keeper.note(), "");
  right(60);
}

}  // namespace
}  // namespace imreg
