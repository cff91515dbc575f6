// Numbers that no file of ours has, behind checks that hold: what tests/fuzz found, and what its findings led to.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <ctime>
#include <fstream>

#include "os/file.h"
#include "os/lock.h"
#include "record/container.h"
#include "record/crc32c.h"
#include "record_fixture.h"

namespace imreg::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMost = INT64_MAX, kLeast = INT64_MIN;

class Hostile : public ::testing::Test {
 protected:
  Folder folder;
  std::string path = folder / "h.db";
  std::string journal_path = path + ".journal";

  void make(int n) {
    EXPECT_OK(RecordWriter::create(path, tiny(), {}));
    EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(rows(n))));
  }
  static Rows rows(int n) {
    Rows out;
    for (int i = 0; i < n; ++i) out.push_back({i, 1});
    return out;
  }
  std::string writer_failure() { return RecordWriter::open(path, {}).status().text(); }
  Container container() { return must(read_container(must(File::open(path, File::Mode::read)))); }
  // As after a restart of the machine: nobody believes what the last writer left beside the data.
  void forget_clean_state() {
    std::filesystem::remove(path + ".lock");
    scribble(journal_path, 512, std::string(512, '\0'));
  }
  // Changes bytes of the journal's first transaction, and makes its check hold again.
  void forge(std::size_t at, std::int64_t value, std::size_t size = 8) {
    std::string journal = slurp(journal_path);
    char big[8];
    store_big(big, value);
    journal.replace(1024 + at, size, big + 8 - size, size);
    const auto changes = load_big<std::int64_t>(journal.data() + 1024 + 28);
    const auto added = load_big<std::int64_t>(journal.data() + 1024 + 36);
    const std::size_t whole = 44 + static_cast<std::size_t>(changes + added);
    const auto uuid = container().uuid;
    store_big(journal.data() + 1024 + whole,
              crc32c(crc32c(0, uuid.data(), uuid.size()), std::string_view(journal).substr(1024, whole)));
    spill(journal_path, journal);
  }
};

// The read calls of this process so far.
long long reads() {
  std::ifstream in("/proc/self/io");
  std::string name;
  long long value = 0;
  while (in >> name >> value) {
    if (name == "syscr:") return value;
  }
  ADD_FAILURE() << "/proc/self/io";
  return 0;
}

TEST_F(Hostile, CountsThatNoFileHasAreCountedByTheRecords) {
  make(10);
  const std::string good = slurp(path);
  const auto where = container();
  for (const std::int64_t count : {std::int64_t{-1}, kLeast, kMost, std::int64_t{1} << 60}) {
    scribble(path, where.count_cards, make_card_pair(where.uuid, PairKind::count, count, 0));
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows(10)) << count;
    EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(Row{10, 1})));
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows(11)) << count;
    spill(path, good);
  }
}

TEST_F(Hostile, GenerationsAndChangeNumbersStayWhereTheyCanGrow) {
  make(10);
  const std::string good = slurp(path);
  const auto where = container();
  for (const std::int64_t number : {std::int64_t{-5}, kLeast, kMost}) {
    for (const bool generation : {true, false}) {
      scribble(path, where.state_cards,
               make_card_pair(where.uuid, PairKind::state, generation ? number : 1, generation ? 0 : number));
      auto writer = must(RecordWriter::open(path, {}));
      EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
      EXPECT_OK(writer.checkpoint());
      EXPECT_GT(writer.file().change_number(), 0);
      EXPECT_LT(writer.file().change_number(), 10);
      writer.close();
      spill(path, good);
      std::filesystem::remove(journal_path);
    }
  }
}

// The numbers of a transaction decide where recovery writes.
TEST_F(Hostile, ATransactionThatMakesNoSenseDidNotHappen) {
  make(10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}, bytes_of(Row{10, 1})));
  }
  forget_clean_state();
  const std::string good = slurp(path), journal = slurp(journal_path);
  const auto as_it_was = [&] {
    spill(path, good);
    spill(journal_path, journal);
    std::filesystem::remove(path + ".lock");
  };
  Rows expected = rows(11);
  expected[3].value = 9;
  struct Lie {
    const char* what;
    std::size_t at;
    std::int64_t value;
    std::size_t size = 8;
  };
  // Row -360 would stand where the header of the table begins; so does a row number that wraps to it.
  for (const Lie& lie : {Lie{"sequence", 12, kMost}, Lie{"rows before", 20, -360}, Lie{"rows before", 20, kMost - 359},
                         Lie{"rows before", 20, kMost}, Lie{"row", 44, 1 << 20}, Lie{"row", 44, kMost - 359},
                         Lie{"offset", 52, 0xffffffff, 4}}) {
    forge(lie.at, lie.value, lie.size);
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected) << lie.what << lie.value;
    {
      auto writer = must(RecordWriter::open(path, {}));
      EXPECT_EQ(rows_of(writer.file()), expected) << lie.what << lie.value;
      EXPECT_OK(writer.commit({{4, bytes_of(Row{4, 1})}}));
    }
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected) << lie.what << lie.value;
    EXPECT_LT(std::filesystem::file_size(path), 1 << 20) << lie.what << lie.value;
    as_it_was();
  }
}

// Behind a transaction that has rotted stand good ones. The next commit ended just where one of them began, and the next
// recovery replayed it: an old content came back over a new one.
TEST_F(Hostile, TransactionsBehindARottenOneNeverComeBack) {
  make(10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 2})}}));
    EXPECT_OK(writer.commit({{4, bytes_of(Row{4, 2})}}));
  }
  const auto second = slurp(journal_path).find("TXN1", 1028);
  scribble(journal_path, 1024 + 50, "??");
  forget_clean_state();
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{4, bytes_of(Row{4, 7})}}));
  }
  Rows expected = rows(10);
  expected[3].value = 2;
  expected[4].value = 7;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  // The commit took just the place of the rotten one; else this test shows nothing.
  EXPECT_EQ(load_big<std::int64_t>(slurp(journal_path).data() + 1024 + 28) + 44 + 4 + 1024,
            static_cast<std::int64_t>(second));
  forget_clean_state();
  { EXPECT_EQ(rows_of(must(RecordWriter::open(path, {})).file()), expected); }
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

TEST_F(Hostile, DamageIsNotLookedAtAgainWhenNobodyElseWrites) {
  make(10);
  const auto where = container();
  scribble(path, where.state_cards + 15, "7");
  scribble(path, where.count_cards + 15, "7");
  long long before = reads();
  EXPECT_EQ(must(RecordFile::open(path)).count(), 10);
  EXPECT_LT(reads() - before, 100);
  auto writer = must(RecordWriter::open(path, {}));
  scribble(path, kData + 4 * 56, "??");
  Record copy = writer.file().make_record();
  before = reads();
  EXPECT_EQ(writer.file().read(4, copy).code(), Code::corrupt);
  EXPECT_LT(reads() - before, 20);
}

// Who holds the lock may be in the middle of this row; a row may be torn for longer than a few looks then.
TEST_F(Hostile, DamageIsLookedAtLongerWhileSomebodyWrites) {
  make(10);
  const auto view = must(RecordFile::open(path));
  scribble(path, kData + 4 * 56, "??");
  const timespec future[2] = {{std::time(nullptr) + 3600, 0}, {std::time(nullptr) + 3600, 0}};  // nothing is sure
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), future, 0), 0);
  Record copy = view.make_record();
  const auto reads_of_it = [&] {
    const long long before = reads();
    EXPECT_EQ(view.read(4, copy).code(), Code::corrupt);
    return reads() - before;
  };
  const long long alone = reads_of_it();
  const auto lock = must(WriterLock::take(path + ".lock", "a writer", 0));
  EXPECT_GT(reads_of_it(), 5 * alone);
}

TEST_F(Hostile, LongRecordsAreLookedForInSmallPieces) {
  const auto schema = must(parse_format(
      "format long\nversion 1\nsize 1048580\nextname LONG\nfield crc CRC u32 - - c\nfield t T text1048576 - - t\n",
      "x"));
  EXPECT_OK(RecordWriter::create(path, schema, {}));
  const auto where = container();
  EXPECT_OK(must(RecordWriter::open(path, {})).append(std::string(1048580, 'x')));
  scribble(path, where.count_cards, make_card_pair(where.uuid, PairKind::count, 0, 0));
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  EXPECT_EQ(must(RecordFile::open(path)).count(), 1);
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 300 << 10);  // KiB
}

// A card more or less moves the others: the writer would write its numbers over the names of columns.
TEST_F(Hostile, AHeaderThatAnotherProgramHasChangedIsNotWrittenInto) {
  make(10);
  const std::string good = slurp(path), blank(80, ' ');
  for (const bool removed : {true, false}) {
    std::string bytes = good;
    if (removed) {
      bytes.insert(good.find("CREATOR"), blank);
      bytes.erase(2880 + 8 * 80, 80);  // EXTNAME
    } else {
      bytes.insert(2880 + 8 * 80, blank);
      bytes.erase(kData - 80, 80);  // before END
    }
    spill(path, bytes);
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows(10)) << removed;
    EXPECT_THAT(writer_failure(), HasSubstr("another program has changed its header")) << removed;
    EXPECT_EQ(slurp(path), bytes);
  }
}

TEST_F(Hostile, ABitpixBelowEveryNumberIsCorrupt) {
  make(1);
  scribble(path, 80 + 10, "-9223372036854775808");
  EXPECT_THAT(RecordFile::open(path).status().text(), HasSubstr("BITPIX or NAXIS mean nothing"));
}

TEST(HostileSchema, ColumnsOfMoreBytesThanAnIntCounts) {
  Header header;
  header.add("NAXIS1", 8);
  header.add("TFIELDS", 33);
  header.add("TFORM1", "8A");
  for (int i = 2; i <= 33; ++i) header.add("TFORM" + std::to_string(i), "16777216D");  // 2^32 bytes, 0 in 32 bits
  EXPECT_THAT(schema_from_header(header).status().text(),
              HasSubstr("the columns take 4294967304 bytes, NAXIS1 says 8"));
}

std::string failure(const std::string& fields) {
  return parse_format("format f\nversion 1\nsize 8\nextname F\n" + fields, "x.fmt").status().text();
}

TEST(HostileFormat, WhatAFitsTableCannotHold) {
  std::string many, long_ones;
  for (int i = 0; i < 1000; ++i) many += "field f" + std::to_string(i) + " C" + std::to_string(i) + " u8 - - m\n";
  for (int i = 0; i < 512; ++i) {
    long_ones += "field f" + std::to_string(i) + " C" + std::to_string(i) + " f64[1048576] - - m\n";
  }
  EXPECT_THAT(failure(many), HasSubstr("line 1004: a FITS table has at most 999 columns"));
  EXPECT_THAT(failure("field a A0..999 u8[1000] - - m\n"), HasSubstr("line 5: a FITS table has at most 999 columns"));
  EXPECT_THAT(failure(long_ones), HasSubstr("line 7: the fields take more than 16777216 bytes"));
  EXPECT_THAT(failure("field a A0..3 i16[4] - - m\nfield b a2 u8 - - m\n"),
              HasSubstr("line 6: two columns are called a2"));
  EXPECT_THAT(failure("field b A2 u8 - - m\nfield a A0..3 u8[4] - - m\n"),
              HasSubstr("line 6: two columns are called A2"));
}

}  // namespace
}  // namespace imreg::testing
