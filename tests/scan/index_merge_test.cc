// One registration never does more than its share for the index; merge_index() does the rest, beside others who write.
#include <atomic>
#include <thread>

#include "../long_form.h"
#include "index_fixture.h"

namespace imreg {
namespace {

// What is written to the index, and what else happens when it is.
struct Watching : IoObserver {
  std::int64_t written = 0;
  std::function<bool(const IoOperation&)> at;  ///< true: the operation fails
  int before(const IoOperation& operation) override {
    if (operation.kind == IoOperation::Kind::write && operation.path.find(".idx") != operation.path.npos)
      written += std::ssize(operation.bytes);
    return at && at(operation) ? EIO : 0;
  }
};

class MergeTest : public IndexTest {
 protected:
  // One registration of one exposure, with the changes of a renewed one; whether it asks for a merge.
  bool registers(Dice& dice, int n, int changes = 0, IoObserver* observer = nullptr) {
    auto limits = low_limits();
    limits.observer = observer;
    IndexKeeper keeper(IndexKeeper::Patience::none, limits);
    RecordWriter::Options options;
    options.follower = &keeper;
    options.wait_seconds = 60;
    auto writer = RecordWriter::open(path_, options);
    EXPECT_TRUE(writer.ok());
    const std::int64_t count = writer->file().count();
    std::string added;
    for (int i = 0; i < n; ++i) added += random_row(dice, static_cast<int>(count) + i);
    std::vector<RowChange> changed;
    for (int i = 0; i < changes; ++i) {
      const std::int64_t row = dice.below(static_cast<int>(count));
      changed.push_back({row, random_row(dice, static_cast<int>(row))});
    }
    EXPECT_TRUE(changed.empty() ? writer->append(added).ok() : writer->commit(changed, added).ok());
    EXPECT_EQ(keeper.note(), "");
    return keeper.wants_merge();
  }
  index::Head head() {
    const auto file = File::open(path_ + ".idx", File::Mode::read);
    const auto found = index::read_head(*file);
    EXPECT_TRUE(found.ok());
    return *found;
  }
  Status merge(IoObserver* observer = nullptr) {
    RecordWriter::Options options;
    options.observer = observer;
    options.wait_seconds = 60;
    return merge_index(path_, options, low_limits());
  }
  void right(Dice& dice, int looks) {
    const auto file = RecordFile::open(path_);
    std::string why;
    ASSERT_TRUE(index::Index::open(*file, why)) << why;
    for (int i = 0; i < looks; ++i) {
      bool with = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, with));
    }
  }
  // Until a merge is asked for, and some segments more.
  void grow(Dice& dice, int more = 0) {
    bool asked = false;
    for (int i = 0; i < 2000 && !asked; ++i) asked = registers(dice, 20, i % 7 == 0 && i > 0 ? 3 : 0);
    ASSERT_TRUE(asked);
    for (int i = 0; i < more; ++i) (void)registers(dice, 20);
  }
};

// However many rows there are, and also when nobody ever merges: bytes stand for work.
TEST_F(MergeTest, OneRegistrationDoesABoundedShare) {
  Dice dice(80);
  std::int64_t most = 0;
  bool asked = false;
  for (int i = 0; i < 1200; ++i) {
    Watching disk;
    asked |= registers(dice, 20, i % 40 == 39 ? 60 : 0, &disk);
    most = std::max(most, disk.written);
  }
  EXPECT_TRUE(asked);
  EXPECT_EQ(head().segment_count, static_cast<std::int64_t>(index::kMostSegments));
  EXPECT_LT(head().covered, RecordFile::open(path_)->count() - 500) << "rows stay outside when there is no room";
  EXPECT_LT(most, 700 * 60 + 130 * index::kPage);  // 700 rows, and the 40 columns of 3 segments
  right(dice, 20);
  ASSERT_TRUE(merge().ok());
  EXPECT_LT(head().segment_count, 12);
  right(dice, 60);
  for (int i = 0; i < 60; ++i) (void)registers(dice, 20);
  EXPECT_LT(RecordFile::open(path_)->count() - head().covered, 100) << "the rows that were outside are taken by and by";
  right(dice, 60);
}

TEST_F(MergeTest, OthersWriteMeanwhile) {
  Dice dice(81);
  grow(dice);
  for (const int registrations : {0, 1, 3, 30}) {
    Watching disk;
    bool done = false;
    disk.at = [&](const IoOperation& o) {
      if (!done && o.kind == IoOperation::Kind::sync_data && o.path.ends_with(".merge")) {
        done = true;  // all is merged, the lock is not yet taken
        for (int i = 0; i < registrations; ++i) (void)registers(dice, 20, 5);
      }
      return false;
    };
    const auto before = head();
    ASSERT_TRUE(merge(&disk).ok());
    ASSERT_TRUE(done);
    EXPECT_NE(head().nonce, before.nonce) << registrations;
    EXPECT_FALSE(std::filesystem::exists(path_ + ".idx.merge"));
    right(dice, 60);
    grow(dice);
  }
}

// A search looks at each segment over which others lie; those behind each other cost nothing.
TEST_F(MergeTest, SegmentsOverOthersBecomeOneWithThem) {
  Dice dice(83);
  const auto add = [&](int n) {
    auto writer = RecordWriter::open(path_, {});
    const auto count = static_cast<int>(writer->file().count());
    std::string rows;
    for (int i = 0; i < n; ++i) rows += random_row(dice, count + i);
    ASSERT_TRUE(writer->append(rows).ok());
  };
  add(4000);
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  IndexKeeper::Limits limits = low_limits();
  limits.small_merge = 100;
  const auto merged = [&] {
    const auto before = head().nonce;
    EXPECT_TRUE(merge_index(path_, {}, limits).ok());
    EXPECT_NE(head().nonce, before);
    right(dice, 20);
    return head().segment_count;
  };
  EXPECT_EQ(merged(), 1);
  (void)registers(dice, 300);
  EXPECT_EQ(merged(), 2) << "new rows lie behind the others";
  (void)registers(dice, 0, 600);
  EXPECT_GT(head().segment_count, 2);
  EXPECT_EQ(merged(), 1) << "changed rows lie over them";
}

// What others made anew, or took the name for, meanwhile is better than what this one has.
TEST_F(MergeTest, OthersMergeMeanwhile) {
  Dice dice(82);
  for (const bool rebuilt : {true, false}) {
    grow(dice, 5);
    Watching disk;
    std::uint64_t theirs = 0;
    disk.at = [&](const IoOperation& o) {
      if (theirs == 0 && o.kind == IoOperation::Kind::sync_data && o.path.ends_with(".merge")) {
        theirs = 1;
        EXPECT_TRUE((rebuilt ? rebuild_index(*RecordFile::open(path_)) : merge()).ok());
        theirs = head().nonce;
      }
      return false;
    };
    ASSERT_TRUE(merge(&disk).ok());
    EXPECT_EQ(head().nonce, theirs);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".idx.merge"));
    right(dice, 60);
  }
}

// One that begins while another one renames would lend it its name: a file that is hardly begun would be the index.
TEST_F(MergeTest, NobodyBeginsBeforeTheNewFileHasItsName) {
  Dice dice(84);
  grow(dice, 5);
  const auto before = head();
  Watching disk;
  int begun = 0;
  disk.at = [&](const IoOperation& o) {
    if (o.kind == IoOperation::Kind::rename && o.path.ends_with(".merge")) {
      RecordWriter::Options options;
      options.wait_seconds = 0;
      EXPECT_EQ(merge_index(path_, options, low_limits()).code(), Code::busy);
      ++begun;
    }
    return false;
  };
  ASSERT_TRUE(merge(&disk).ok());
  EXPECT_EQ(begun, 1);
  EXPECT_NE(head().nonce, before.nonce);
  right(dice, 20);
}

// The first ones, and some further on; in the long form others, too.
TEST_F(MergeTest, EachCallFails) {
  Dice dice(83);
  grow(dice);
  int failed = 0;
  const auto reached = [&](const Fault& fault, int at) {
    SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
    IndexFault disk(at, fault);
    const auto before = head();
    const auto status = merge(&disk);
    failed += !status.ok();
    EXPECT_TRUE(status.ok() || !disk.harmless()) << status.text();
    EXPECT_TRUE(!status.ok() || !disk.happened() || disk.harmless() || at == 0);  // the first removes what is not there
    EXPECT_TRUE(status.ok() || head().nonce == before.nonce);
    EXPECT_TRUE(fault.for_ever || !std::filesystem::exists(path_ + ".idx.merge"));
    right(dice, 3);
    if (status.ok()) grow(dice);
    return disk.reached();
  };
  std::vector<std::pair<Fault, int>> others;
  for (const Fault& fault : all_faults()) {
    failed = 0;
    int at = 0;
    while (reached(fault, at) && !HasFailure()) {
      const int next = at + 1 + at / 2;
      while (++at < next) others.emplace_back(fault, at);
    }
    if (HasFailure()) return;
    EXPECT_TRUE(failed > 5 || fault.error == 0 || fault.error == EINTR) << fault.name << ": " << failed;
  }
  further(others, 60, [&](const auto& one) { return reached(one.first, one.second), !HasFailure(); });
}

// Rows come and change while it merges again and again.
TEST_F(MergeTest, BesideAWriterAllTheTime) {
  Dice dice(84);
  grow(dice);
  std::atomic<bool> stop{false};
  std::atomic<int> merges{0};
  std::string trouble;
  std::thread merger([&] {
    while (!stop) {
      const auto status = merge();
      if (!status.ok()) trouble = status.text();
      ++merges;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  for (int i = 0; i < 300 || (merges < 3 && i < 30000); ++i) {
    (void)registers(dice, 20, dice.below(4) ? 0 : 5);
    if (i < 300 && i % 30 == 0) right(dice, 2);
  }
  stop = true;
  merger.join();
  EXPECT_EQ(trouble, "");
  EXPECT_GE(merges, 3);
  right(dice, 60);
}

}  // namespace
}  // namespace imreg
