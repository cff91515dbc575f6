// What a second round of faults put into the index on purpose showed that no test asked for: more rows of one time than are
// sorted at a time, ends of intervals, indexes that are given up, and the rows that a count takes away.
#include <cerrno>
#include <limits>

#include "index_fixture.h"
#include "os/file.h"

namespace imreg {
namespace {

class LimitsTest : public EdgesTest {
 protected:
  // So that nothing is merged.
  static IndexKeeper::Limits apart() {
    IndexKeeper::Limits limits;
    limits.tail = 50;
    limits.step = 10000;
    limits.small_merge = 0;
    limits.segments = 1000;
    return limits;
  }
  // Marks rows as deleted, or no longer.
  static void mark(RecordWriter& writer, const std::vector<std::int64_t>& rows) {
    std::vector<RowChange> changes;
    Record fresh = writer.file().make_record();
    for (const std::int64_t row : rows) {
      ASSERT_TRUE(writer.file().read(row, fresh).ok());
      fresh.set(regimage::kDeleted, !fresh.view()[regimage::kDeleted]);
      changes.push_back({row, fresh.bytes()});
    }
    ASSERT_TRUE(writer.commit(changes).ok());
  }
  static Selection not_deleted() {
    Selection selection;
    selection.without_deleted(schema());
    return selection;
  }
  std::string plan_of_count() const {
    ScanReport report;
    (void)count_matches(*RecordFile::open(path_), not_deleted(), {}, &report);
    return report.plan.at(0);
  }
};

// Newest first, rows of one time are sorted by row, and there are more of them than is read at a time.
TEST_F(LimitsTest, MoreRowsOfOneTimeThanTwoReads) {
  constexpr int kRows = 33000;  // 2 * SegmentSearch::kStep is 32,704
  fill(kRows, [](Record& row, int) { row.set(regimage::kObstime, 1e9); });
  std::int64_t next = 0;
  ScanReport report;
  ASSERT_TRUE(scan_by_time(*RecordFile::open(path_), {}, true, report,
                           [&](std::int64_t row, RecordView) { return row == next++; }));
  EXPECT_EQ(next, kRows);
}

// Intervals are closed, and a column of lengths decides as the record does.
TEST_F(LimitsTest, BothEndsBelongToAnInterval) {
  fill(2500, [](Record& row, int i) {
    row.set(regimage::kObstime, 1e9 + i);
    row.set(regimage::kExptime, i % 7);
  });
  for (int low = 0; low < 7; ++low) {
    for (int high = low; high < 7; ++high) {
      for (const bool negate : {false, true}) {
        Selection selection;
        ASSERT_TRUE(selection.number(schema(), "exptime", {{double(low), double(high)}}, negate).ok());
        ASSERT_NO_FATAL_FAILURE(right(selection)) << low << ".." << high;
        ASSERT_TRUE(selection.number(schema(), "obstime", {{1e9 + low, 1e9 + 100 + high}}).ok());
        ASSERT_NO_FATAL_FAILURE(right(selection)) << low << ".." << high;
      }
    }
  }
}

// One operation that fails, and what is done to the index behind it.
struct FailingOnce : IoObserver {
  bool armed = false;
  int behind = 0;
  int before(const IoOperation& o) override {
    if (behind > 0) return ++behind, 0;
    if (!armed || o.kind != IoOperation::Kind::write || o.offset != 0) return 0;
    behind = 1;
    return EIO;
  }
};

// What is removed because it could not be kept is neither there nor made again by the same keeper: its note stays true.
TEST_F(LimitsTest, AnIndexThatIsGivenUpIsGone) {
  fill(2500, [](Record&, int) {});
  FailingOnce failing;
  IndexKeeper::Limits limits = apart();
  limits.small_merge = 1 << 20;
  limits.observer = &failing;
  IndexKeeper keeper(IndexKeeper::Patience::none, limits);
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  failing.armed = true;
  ASSERT_NO_FATAL_FAILURE(mark(*writer, {3}));  // the announcement fails
  EXPECT_NE(keeper.note().find("is removed"), std::string::npos) << keeper.note();
  EXPECT_FALSE(std::filesystem::exists(path_ + ".idx"));
  Dice dice(94);
  ASSERT_TRUE(writer->append(random_row(dice, 0)).ok());
  keeper.finish(writer->file());
  EXPECT_FALSE(std::filesystem::exists(path_ + ".idx"));
  EXPECT_EQ(failing.behind, 2) << "nothing is done but the removal";
}

// The view of the file is older than the index, and nothing has changed but what is behind it.
TEST_F(LimitsTest, RowsBehindAnOldViewAreNotCounted) {
  fill(2500, [](Record&, int) {});
  const auto early = RecordFile::open(path_);
  Dice dice(95);
  {
    auto writer = RecordWriter::open(path_, {});
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(writer->append(random_row(dice, i)).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  std::string why;
  ASSERT_EQ(index::Index::open(*early, why)->segments().at(0).end, 3000) << why;
  bool used = false;
  ASSERT_NO_FATAL_FAILURE(check(*early, not_deleted(), true, used));
  ASSERT_NO_FATAL_FAILURE(check(*early, {}, true, used));
}

// A row whose time became known stands in an older segment among those of unknown times: in the order of time it comes once.
TEST_F(LimitsTest, ATimeThatBecameKnownIsNoLongerUnknown) {
  fill(2500, [](Record& row, int i) { row.set(regimage::kObstime, i % 3 ? 1e9 + i : kNan); });
  ASSERT_NO_FATAL_FAILURE(change(6, [](Record& row) { row.set(regimage::kObstime, 1e9); }));
  ASSERT_NO_FATAL_FAILURE(right({}));
}

// Numbers of right ascensions that are two turns away from their place: 720 stands at 0, and one turn less is 360.
TEST_F(LimitsTest, RightAscensionsAtTheEndsOfTheTurns) {
  const std::vector<double> ras{720, 360, 0, -360, -1e-20, -1e-9, 719.99999999, 359.99999999};
  fill(2600, [&](Record& row, int i) {
    const bool there = i % 40 == 0;  // few: by place is the cheapest way to them
    row.set(regimage::kRa, there ? ras[static_cast<std::size_t>(i / 40) % ras.size()] : 10.0 + i % 300);
    row.set(regimage::kDec, 20.0);
  });
  for (const double ra : ras) {
    for (const double width : {0.0, 1e-8, 0.5}) {
      for (const Interval& asked : {Interval{ra, ra + width}, Interval{ra - width, ra}}) {
        Selection selection;
        ASSERT_TRUE(selection.number(schema(), "ra", {asked}).ok());
        ASSERT_NO_FATAL_FAILURE(right(selection)) << ra << " " << width;
        ScanReport report;
        (void)find_rows(*RecordFile::open(path_), selection, {}, &report);
        EXPECT_TRUE(report.plan[0].starts_with("index by place")) << report.plan[0];
      }
    }
  }
}

// Of rows that are not to be believed, a count takes away what stands in a segment: no row of another, and not those that the
// segment itself has anew.
TEST_F(LimitsTest, StaleRowsAreTakenFromTheirSegmentOnly) {
  fill(2500, [](Record&, int) {});
  IndexKeeper keeper(IndexKeeper::Patience::none, apart());
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  Dice dice(96);
  std::string rows;
  for (int i = 0; i < 600; ++i) rows += random_row(dice, i);
  ASSERT_TRUE(writer->append(rows).ok());
  const auto segments = [&] {
    std::string why;
    return index::Index::open(writer->file(), why)->segments().size();
  };
  ASSERT_EQ(segments(), 2U);
  ASSERT_NO_FATAL_FAILURE(mark(*writer, {5, 2500}));  // the second is the first row behind the first segment
  EXPECT_EQ(plan_of_count(), "counted by the index alone: by its tallies");
  ASSERT_NO_FATAL_FAILURE(right(not_deleted()));
  std::vector<std::int64_t> some;
  for (std::int64_t row = 100; row < 160; ++row) some.push_back(row);
  ASSERT_NO_FATAL_FAILURE(mark(*writer, some));  // with the two before, a segment that has some of its rows
  ASSERT_NO_FATAL_FAILURE(mark(*writer, {110}));
  EXPECT_EQ(plan_of_count(), "counted by the index alone: by its tallies");
  ASSERT_NO_FATAL_FAILURE(right(not_deleted()));
  EXPECT_EQ(segments(), 3U);
  EXPECT_EQ(keeper.note(), "");
}

// A column that spared nothing in the first rows may be left out where records are looked at all the same, and only there:
// what counts must read it, also in a branch of an OR.
TEST_F(LimitsTest, ColumnsThatSparedNothingAtFirstStillCount) {
  constexpr int kRows = 20000, kLate = 17000;  // behind the first piece, of SegmentSearch::kStep rows
  fill(kRows, [](Record& row, int i) {
    row.set(regimage::kObstime, 1e9 + i);
    row.set(regimage::kExptime, i % 50);
    row.set(regimage::kDeleted, i >= kLate);
    row.set(regimage::kType, i >= kLate ? 3 : 1);
  });
  const Interval most{0, 48};  // so that tallies alone do not tell
  Selection plain = not_deleted(), either;
  ASSERT_TRUE(plain.number(schema(), "exptime", {most}).ok());
  ASSERT_NO_FATAL_FAILURE(right(plain));
  Selection first, second;
  ASSERT_TRUE(first.codes(schema(), "type", {1}).ok() && second.codes(schema(), "type", {2}).ok());
  either.any({first, second});
  ScanReport report;
  EXPECT_EQ(count_matches(*RecordFile::open(path_), either, {}, &report), kLate);
  EXPECT_EQ(report.plan.at(0), "counted by the index alone: by its tallies");
  ASSERT_TRUE(either.number(schema(), "exptime", {most}).ok());
  ASSERT_NO_FATAL_FAILURE(right(either));
}

// Where times end that are known, as a segment says it; unknown ones stand behind.
TEST_F(LimitsTest, TheLastTimeIsThatOfTheLastRowThatHasOne) {
  IndexKeeper keeper(IndexKeeper::Patience::none, apart());
  RecordWriter::Options options;
  options.follower = &keeper;
  fill(100, [](Record& row, int) { row.set(regimage::kObstime, 1e9); });
  auto writer = RecordWriter::open(path_, options);
  std::string rows;
  Dice dice(97);
  for (int i = 0; i < 60; ++i) {
    Record row(random_row(dice, i));
    row.set(regimage::kObstime, i % 2 ? kNan : 1e9 - i);
    rows += row.bytes();
  }
  ASSERT_TRUE(writer->append(rows).ok());
  std::string why;
  const auto index = index::Index::open(writer->file(), why);
  ASSERT_TRUE(index && index->segments().size() == 2) << why;
  const auto& head = index->segments()[1];
  EXPECT_EQ(head.timed, 30);
  EXPECT_EQ(head.first_time, 1e9 - 58);
  EXPECT_EQ(head.last_time, 1e9);
}

// The format on the disk: places as parts of a turn of 2^32, texts by bytes without sign, whatever `char` is.
TEST(IndexFormat, PlacesAndTheOrderOfTexts) {
  const auto ra_of = [](double ra) {
    index::Place place;
    EXPECT_TRUE(index::place_of(ra, 0, place));
    return place.ra;
  };
  EXPECT_EQ(ra_of(0), 0U);
  EXPECT_EQ(ra_of(90), 1U << 30U);
  EXPECT_EQ(ra_of(-90), 3U << 30U);
  EXPECT_EQ(ra_of(std::nextafter(360.0, 0.0)), 0xffffffffU);
  EXPECT_EQ(ra_of(-1e-20), 0xffffffffU);  // one turn more is a whole turn, rounded
  EXPECT_LT(index::compare_texts("a", "\x80"), 0);
  EXPECT_LT(index::compare_texts("\x7f", "\xff"), 0);
  EXPECT_GT(index::compare_texts("\xc3", "z"), 0);
}

// Blanks behind a text are no part of it, in a segment or outside.
TEST_F(LimitsTest, TextsPaddedWithBlanksAreOneGroupWithTheOthers) {
  const auto padded = [](Record& row, int) {
    row.set(regimage::kObstime, 1e9);
    for (const auto& [name, text] : {std::pair("object", "M67"), std::pair("filter", "r")}) {
      const auto* field = schema().find(name);
      std::string value(text);
      value.resize(static_cast<std::size_t>(field->size()), ' ');
      value.copy(row.data() + field->offset, value.size());
    }
  };
  fill(2500, padded);
  Dice dice(99);
  Record plain(random_row(dice, 0)), blank(random_row(dice, 1));
  padded(plain, 0);
  padded(blank, 0);
  (void)plain.set(regimage::kObject, "M67");
  (void)plain.set(regimage::kFilter, "r");
  IndexKeeper keeper(IndexKeeper::Patience::none);  // with it two rows stay outside the segment
  RecordWriter::Options options;
  options.follower = &keeper;
  ASSERT_TRUE(RecordWriter::open(path_, options)->append(plain.bytes() + blank.bytes()).ok());
  const auto file = RecordFile::open(path_);
  for (const char* name : {"object", "filter"}) {
    ScanReport report;
    const auto counts = count_values(*file, {}, {schema().find(name)}, report);
    ASSERT_TRUE(counts) << ::testing::PrintToString(report.plan);
    ASSERT_EQ(counts->size(), 1U) << name;
    EXPECT_EQ(counts->at(0).rows, 2502);
    EXPECT_EQ(report.plan.back(), "outside the index: 2 rows");
  }
  ScanReport report;
  const auto moments =
      count_values(*file, {}, {schema().find("filter")}, report, [](RecordView) { return std::string(); });
  ASSERT_TRUE(moments);
  ASSERT_EQ(moments->size(), 1U);
  EXPECT_EQ(moments->at(0).rows, 2502);
}

// All are counted, a thousand are named: the first, and an answer of parts takes what still has room.
TEST(DamagedRows, AreCountedAndTheFirstAreNamed) {
  const auto some = [](int n, const std::string& name) {
    DamagedRows rows;
    for (int i = 0; i < n; ++i) rows.add(Status(Code::corrupt, name));
    return rows;
  };
  DamagedRows all = some(1001, "a");
  EXPECT_EQ(all.count, 1001);
  EXPECT_EQ(all.first.size(), 1000U);
  all = some(998, "a");
  all.add(some(3, "b"));
  EXPECT_EQ(all.count, 1001);
  ASSERT_EQ(all.first.size(), 1000U);
  EXPECT_EQ(all.first[997].text(), "a");
  EXPECT_EQ(all.first[999].text(), "b");
}

// Of more groups than are kept, none are told: who asks counts the records.
TEST_F(LimitsTest, MoreGroupsThanAreKept) {
  constexpr int kHalf = 16390;  // of 32,768
  const auto ccd_and_object = [](Record& row, int i) {
    row.set(regimage::kObstime, 1e9);
    row.set(regimage::kCcd, i);
    (void)row.set(regimage::kObject, "o" + std::to_string(i));
  };
  fill(kHalf, ccd_and_object);
  const auto counts = [&](bool of_texts) {
    ScanReport report;
    const auto file = RecordFile::open(path_);
    if (of_texts) return count_values(*file, {}, {schema().find("object")}, report);
    return count_values(*file, {}, {schema().find("ccd")}, report, [](RecordView) { return std::string(); });
  };
  for (const bool of_texts : {true, false}) {
    ASSERT_TRUE(counts(of_texts));
    EXPECT_EQ(counts(of_texts)->size(), std::size_t{kHalf});
  }
  IndexKeeper keeper(IndexKeeper::Patience::none, apart());
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  for (int part = 1; part < 3; ++part) {  // other values, in segments of their own
    Dice dice(98);
    std::string rows;
    for (int i = 0; i < kHalf / 2; ++i) {
      Record row(random_row(dice, i));
      ccd_and_object(row, part * kHalf / 2 + kHalf / 2 + i);
      rows += row.bytes();
    }
    ASSERT_TRUE(writer->append(rows).ok());
  }
  std::string why;
  ASSERT_EQ(index::Index::open(writer->file(), why)->segments().size(), 3U) << why;
  for (const bool of_texts : {true, false}) EXPECT_FALSE(counts(of_texts)) << of_texts;
}

}  // namespace
}  // namespace imreg
