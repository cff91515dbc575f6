// What can go wrong around an index: readers beside writers, writers that are killed, disks that fail, files of an older or
// another life.
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "imreg/record_file.h"
#include "index_fixture.h"
#include "os/file.h"

namespace imreg {
namespace {

using Clock = std::chrono::steady_clock;

IndexKeeper::Limits low_limits() {
  IndexKeeper::Limits limits;
  limits.tail = 50;
  limits.step = 300;
  limits.small_merge = 700;
  limits.segments = 6;
  limits.piece = 400;
  return limits;
}

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
    const Status status =
        changes ? writer->commit(random_changes(dice, writer->file(), changes), added) : writer->append(added);
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
  if (!report.damaged.empty()) return report.damaged[0].text();
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
  ASSERT_TRUE(writer->append(rows_from(dice, 0, 5000)).ok());
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
    ASSERT_TRUE(writer->append(rows_from(dice, 0, 5000)).ok());
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

}  // namespace
}  // namespace imreg
