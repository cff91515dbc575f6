// What a check says of a file that is not as it must be, and that it says nothing of one that is.
#include <atomic>
#include <thread>

#include "check_fixture.h"
#include "record/container.h"
#include "record/record_state.h"
#include "scan/index_check.h"
#include "scan/index_file.h"

namespace imreg {
namespace {

using index::kPage;
using index::kPayload;

class Check : public CheckedTest {
 protected:
  void append(const std::vector<Record>& rows) {
    std::string bytes;
    for (const auto& row : rows) bytes += row.bytes();
    auto writer = RecordWriter::open(path, {});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->append(bytes).ok());
  }
  // One finding of this kind that says this.
  void finds(Finding::Kind kind, const std::string& words, std::int64_t record = -1) {
    const auto report = checked(path);
    const auto all = all_of(report.findings);
    const bool found = std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& finding) {
      return finding.kind == kind && finding.what.find(words) != std::string::npos &&
             (record < 0 || finding.record == record);
    });
    EXPECT_TRUE(found) << "wanted " << words << ", found " << all;
    EXPECT_EQ(report.damages > 0, kind == Finding::Kind::damage) << all;
  }
  void is_well() {
    const auto report = checked(path);
    EXPECT_EQ(report.damages + report.warnings, 0) << all_of(report.findings);
  }
};

TEST_F(Check, SaysNothingOfWholeFiles) {
  make(path, 300, 20);
  is_well();
  EXPECT_EQ(checked(path).rows, 300);
  EXPECT_EQ(checked(path).deleted, 29);
  EXPECT_EQ(checked(path).indexed, 300);
}

TEST_F(Check, NamesEachDamagedRow) {
  make(path, 300);
  for (const int row : {0, 77, 299}) flip(path, place(row) + 300);
  const auto report = checked(path, 2);
  EXPECT_EQ(report.damages, 3) << all_of(report.findings);
  EXPECT_EQ(report.findings[1].record, 77);
  EXPECT_EQ(report.findings[1].byte, place(77));
  EXPECT_THAT(report.findings[1].what, HasSubstr("600019o.fits"));
}

TEST_F(Check, CountsWhatItDoesNotName) {
  make(path, 1300);
  std::string all = slurp(path);
  for (int row = 0; row < 1250; ++row) all[static_cast<std::size_t>(place(row) + 20)] ^= 4;
  spill(path, all);
  const auto report = checked(path, 2);
  EXPECT_EQ(report.damages, 1250);
  ASSERT_EQ(report.findings.size(), CheckReport::kMostNamed);
  for (std::size_t i = 0; i < report.findings.size(); ++i)
    EXPECT_EQ(report.findings[i].record, static_cast<std::int64_t>(i));
}

TEST_F(Check, FindsTwinsThatLive) {
  make(path, 40);
  Record twin = row_number(5), deleted = row_number(6);
  twin.set(regimage::kQuality, 3);
  deleted.set(regimage::kDeleted, true);
  append({deleted});
  is_well();
  append({twin});
  finds(Finding::Kind::warning, "the same image as record 6", 41);
  EXPECT_EQ(checked(path).warnings, 1);
}

TEST_F(Check, FindsTwinsBelowRoots) {
  make(path, 40);
  Record twin = row_number(5);
  ASSERT_TRUE(twin.set(regimage::kPathname, "$ARCHIVE/night0"));
  append({twin});
  is_well();
  CheckOptions options;
  options.expand = [](std::string_view folder) {
    return folder.starts_with("$ARCHIVE") ? "/data" + std::string(folder.substr(8)) : std::string(folder);
  };
  const auto report = check_database(path, options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->warnings, 1) << all_of(report->findings);
}

TEST_F(Check, SaysHowManyBytesStandBehindTheRows) {
  make(path, 300);
  const std::string whole = slurp(path);
  spill(path, whole + std::string(4088, '\0'));
  finds(Finding::Kind::warning, "4088 bytes more than PCOUNT says (0,");
  spill(path, whole.substr(0, whole.size() - 100));
  finds(Finding::Kind::warning, "100 bytes less than PCOUNT says (0,");
}

TEST_F(Check, FindsWhatStandsBehindTheIndex) {
  make(path, 300);
  const std::string whole = slurp(path + ".idx");
  spill(path + ".idx", whole + "?");
  finds(Finding::Kind::warning, "1 byte behind its last page");
  spill(path + ".idx", whole + std::string(kPage, '?'));  // of a writer that was killed, perhaps
  is_well();
  EXPECT_THAT(all_of(checked(path).findings), HasSubstr(std::to_string(kPage) + " bytes behind its last page"));
}

// Minutes when every hole were read: a test that hangs.
TEST_F(Check, HolesCostNothing) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer leaves no room to map 4 TB";
#endif
  make(path, 300);
  std::filesystem::resize_file(path, std::uintmax_t{1} << 42);
  finds(Finding::Kind::warning, "more than PCOUNT says");
  const std::string saved = folder / "saved.db";
  ASSERT_TRUE(repair_database(path, saved).ok());
  EXPECT_EQ(contents(saved), contents(path));
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);  // a hole in front of something
  out.seekp(std::int64_t{1} << 41);
  out << "x";
  out.close();
  finds(Finding::Kind::damage, "what stands behind the last row is not empty");
}

TEST_F(Check, FindsValuesThatCannotBe) {
  struct Case {
    const char* words;
    std::function<void(Record&)> spoil;
  };
  const std::vector<Case> cases{
      {"dec 90.5", [](Record& r) { r.set(regimage::kDec, 90.5); }},
      {"ra 1000", [](Record& r) { r.set(regimage::kRa, 1000.0); }},
      {"ra 700 is", [](Record& r) { r.set(regimage::kRa, 700.0); }},
      {"ra -180.5 is", [](Record& r) { r.set(regimage::kRa, -180.5); }},
      {"obstime 1e+300 is", [](Record& r) { r.set(regimage::kObstime, 1e300); }},
      {"obstime 9999-", [](Record& r) { r.set(regimage::kObstime, 253402214400.0); }},
      {"exptime -1", [](Record& r) { r.set(regimage::kExptime, -1.0F); }},
      {"airmass inf", [](Record& r) { r.set(regimage::kAirmass, std::numeric_limits<float>::infinity()); }},
      {"type 77", [](Record& r) { r.set(regimage::kType, 77); }},
      {"mode 200", [](Record& r) { r.set(regimage::kMode, 200); }},
      {"deleted is neither", [](Record& r) { r.data()[regimage::kDeleted.offset] = 'x'; }},
      {"object has a control", [](Record& r) { r.data()[regimage::kObject.offset + 1] = '\n'; }},
      {"object is not UTF-8", [](Record& r) { r.data()[regimage::kObject.offset + 1] = '\xe9'; }},
      {"filename is not filled up", [](Record& r) { r.data()[regimage::kFilename.offset + 95] = 'x'; }}};
  make(path, 8);
  int i = 100;
  for (const auto& one : cases) {
    Record row = row_number(i);
    one.spoil(row);
    append({row});
    finds(Finding::Kind::warning, one.words, 8 + i - 100);
    ++i;
  }
  EXPECT_EQ(checked(path).warnings, std::ssize(cases));
}

TEST_F(Check, LetsWhatIsUnusualBe) {
  make(path, 8);
  Record row = row_number(100);
  ASSERT_TRUE(row.set(regimage::kObject, "Caf\xc3\xa9 \xe2\x98\x85"));
  ASSERT_TRUE(row.set(regimage::kFilename, std::string(96, 'x')));
  row.set(regimage::kRelease, 253402214400.0);  // never
  row.set(regimage::kRa, -0.3);
  row.set(regimage::kDec, 90.0);
  row.set(regimage::kObstime, std::nan(""));
  row.set(regimage::kExptime, std::numeric_limits<float>::quiet_NaN());
  append({row});
  is_well();
}

TEST_F(Check, HeaderAndCounts) {
  make(path, 30);
  const std::string sound = slurp(path);
  const auto card = [&](const char* name) { return static_cast<std::int64_t>(sound.find(name)); };
  flip(path, card("NAXIS2  =") + 25);
  finds(Finding::Kind::damage, "NAXIS2 and PCOUNT");
  spill(path, sound);
  flip(path, card("JRNLGEN =") + 28);
  finds(Finding::Kind::damage, "JRNLGEN and CHANGENO");
  spill(path, sound);
  flip(path, card("RECFMT  =") + 2);
  finds(Finding::Kind::damage, "does not say that it is one of imreg's");
  spill(path, sound);
  flip(path, card("FILEUUID") + 15, 3);
  finds(Finding::Kind::damage, "imcheck -repair saves them");  // another digit, or none at all
  EXPECT_EQ(checked(path).damages > 0, true);
  spill(path, sound);
  scribble(path, card("TCOMM2"), "TCOMM2  = 'changed by somebody'");
  finds(Finding::Kind::warning, "not as imreg wrote it");
  spill(path, sound);
  is_well();
}

TEST_F(Check, WhatStandsBehindTheRows) {
  make(path, 31);
  const std::string sound = slurp(path);
  spill(path, sound.substr(0, static_cast<std::size_t>(place(31))) + std::string(5 * kSize, '\0') +
                  sound.substr(static_cast<std::size_t>(place(31))));
  finds(Finding::Kind::warning, "PCOUNT says");
  scribble(path, place(33) + 7, "x");
  finds(Finding::Kind::damage, "what stands behind the last row is not empty");
  spill(path, sound.substr(0, static_cast<std::size_t>(place(20))));
  finds(Finding::Kind::damage, "20 rows of 31 whole");
}

TEST_F(Check, JournalInTheMiddle) {
  make(path, 30, 6);
  const std::string journal = path + ".journal", sound = slurp(journal);
  is_well();
  const auto second = sound.find("TXN1", 1030), fourth = sound.find("TXN1", sound.find("TXN1", second + 1) + 1);
  flip(journal, static_cast<std::int64_t>(second) + 50);
  finds(Finding::Kind::damage, "5 changes behind it not read");
  spill(journal, sound);
  flip(journal, static_cast<std::int64_t>(fourth));
  finds(Finding::Kind::damage, "a change in it is damaged");
  spill(journal, sound);
  flip(journal, 30);
  finds(Finding::Kind::damage, "its head is damaged");
  spill(journal, sound);
  flip(journal, 560);
  finds(Finding::Kind::warning, "the note of what is done already");
  spill(journal, sound);
  std::filesystem::remove(journal);
  finds(Finding::Kind::warning, "a journal was moved away");
}

TEST_F(Check, ChangesThatOnlyTheJournalHas) {
  make(path, 30);
  const std::string before = slurp(path);
  {
    auto writer = RecordWriter::open(path, {});
    Record row = row_number(4);
    row.set(regimage::kQuality, 5);
    ASSERT_TRUE(writer->commit({{4, row.bytes()}}).ok());
  }
  std::filesystem::remove(path + ".lock");
  std::string journal = slurp(path + ".journal");
  journal.replace(512, 92, std::string(92, '\0'));  // of another boot: nobody knows what is done
  spill(path + ".journal", journal);
  spill(path, before);  // a power cut: the journal was synced, the file was not
  finds(Finding::Kind::note, "1 change only in the journal");
  is_well();
}

TEST_F(Check, LockLostAndOthers) {
  make(path, 30);
  spill(path + ".lock", "what is this");
  finds(Finding::Kind::warning, "does not say what a lock says");
  std::filesystem::remove(path + ".lock");
  is_well();
  ASSERT_TRUE(RecordWriter::create(path + ".lost", schema(), {}).ok());
  finds(Finding::Kind::warning, "0 rows that stood behind a damaged one");
}

TEST_F(Check, TellsHowFarItIs) {
  make(path, 3000);
  ASSERT_TRUE(RecordWriter::create(path + ".pending", *builtin_format("pending", 1), {}).ok());
  for (const bool damaged : {false, true}) {
    Told told;
    CheckOptions options;
    options.progress = told.callback();
    ASSERT_TRUE(check_database(path, options).ok());
    EXPECT_TRUE(told.whole()) << told.done << " of " << told.all << " in " << told.calls;
    if (!damaged) scribble(path, kData + 5 * kSize + 9, "rot");
  }
}

TEST_F(Check, ANewIndexTellsHowFarItIs) {
  make(path, 9000);
  Told told;
  UpkeepOptions options;
  options.progress = told.callback();
  ASSERT_TRUE(rebuild_index_of(path, options).ok());
  EXPECT_TRUE(told.whole()) << told.done << " of " << told.all << " in " << told.calls;
  EXPECT_EQ(told.all, 9000 * kSize * 3 / 2);
  EXPECT_GT(told.calls, 5);  // of the rows, and of what is written
}

// Each record file of the family, and what is not what its name says.
TEST_F(Check, RecordFilesBesideIt) {
  make(path, 5);
  constexpr std::pair<const char*, const char*> kFiles[] = {
      {".history", "history"}, {".pending", "pending"}, {".temps", "temps"}};
  for (const auto& [ending, format] : kFiles) {
    const std::string file = path + ending;
    const Schema& schema = *builtin_format(format, 1);
    ASSERT_TRUE(RecordWriter::create(file, schema, {}).ok());
    {
      auto writer = RecordWriter::open(file, {});
      ASSERT_TRUE(writer.ok() &&
                  writer->append(std::string(3 * static_cast<std::size_t>(schema.record_size), '\0')).ok());
    }
    EXPECT_EQ(checked(path).damages, 0) << all_of(checked(path).findings);
    const std::string sound = slurp(file);
    flip(file, 23040 + schema.record_size + 5);
    auto report = checked(path);
    EXPECT_EQ(report.damages, 1) << all_of(report.findings);
    EXPECT_EQ(report.findings.at(0).file, file);
    EXPECT_EQ(report.findings.at(0).record, 1);
    spill(file, sound.substr(0, 23040 + static_cast<std::size_t>(schema.record_size) + 7));
    EXPECT_GT(checked(path).damages, 0) << ending << " cut off";
    spill(file, "no table at all");
    EXPECT_GT(checked(path).damages, 0) << ending << " is something else";
    // Of a newer release: nothing is lost, and this one cannot use it.
    const auto version = sound.find("RECVERS =");
    ASSERT_NE(version, sound.npos);
    std::string newer = sound;
    newer[newer.find_first_not_of(' ', version + 10)] = '2';
    spill(file, newer);
    report = checked(path);
    EXPECT_GT(report.damages + report.warnings, 0) << ending;
    EXPECT_THAT(all_of(report.findings), HasSubstr("newer imreg"));
    spill(file, slurp(path));
    EXPECT_GT(checked(path).damages, 0) << ending << " holds images";
    std::filesystem::remove(file);
    for (const char* more : {".lock", ".journal"}) std::filesystem::remove(file + more);
  }
}

// A head that does not fit its parts, under checks that hold.
TEST_F(Check, HistoryThatDoesNotFit) {
  make(path, 5);
  const Schema& schema = *builtin_format("history", 1);
  ASSERT_TRUE(RecordWriter::create(path + ".history", schema, {}).ok());
  auto writer = RecordWriter::open(path + ".history", {});
  Record head(static_cast<std::size_t>(schema.record_size));
  head.set(*find_field<std::uint8_t>(schema, "kind"), std::uint8_t{1});
  head.set(*find_field<std::int64_t>(schema, "change"), std::int64_t{1});
  head.set(*find_field<std::int64_t>(schema, "rows"), std::int64_t{3});
  ASSERT_TRUE(writer->append(head.bytes()).ok());
  writer->close();
  const auto report = checked(path);
  EXPECT_EQ(report.damages, 1) << all_of(report.findings);
  EXPECT_THAT(all_of(report.findings), HasSubstr("change 1"));
}

TEST_F(Check, IsNoDatabase) {
  for (const std::string& bytes :
       {std::string(), std::string(40000, '\0'), std::string("hello"), std::string(60000, 'x')}) {
    spill(path, bytes);
    EXPECT_FALSE(check_database(path).ok());
  }
  EXPECT_EQ(check_database(path + "none").status().code(), Code::not_found);
}

// --- lies of the index, under checks that hold

class IndexLies : public Check {
 protected:
  void SetUp() override {
    make(path, 700);
    sound_ = slurp(path + ".idx");
    const auto file = File::open(path + ".idx", File::Mode::read);
    head_ = *index::read_head(*file);
    segment_ = index::source_of(*file, head_.nonce, head_.segments[0].head_page, index::Fields(schema()))->head;
    is_well();
  }
  // Bytes of a column, and the check of their page anew.
  template <class T>
  void lie(const index::Extent& extent, std::int64_t i, T value) {
    std::string all = slurp(path + ".idx");
    const auto at = i * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t page = extent.page + at / kPayload;
    std::memcpy(all.data() + page * kPage + at % kPayload, &value, sizeof value);
    seal(all, page);
    spill(path + ".idx", all);
  }
  template <class T>
  T said(const index::Extent& extent, std::int64_t i) {
    const auto at = i * static_cast<std::int64_t>(sizeof(T));
    T value;
    std::memcpy(&value, sound_.data() + (extent.page + at / kPayload) * kPage + at % kPayload, sizeof value);
    return value;
  }
  void seal(std::string& all, std::int64_t page) {
    const std::uint64_t check = index::page_check(head_.nonce, page, all.data() + page * kPage);
    std::memcpy(all.data() + page * kPage + kPayload, &check, sizeof check);
  }
  void lie_head(const index::SegmentHead& segment) {
    std::string all = slurp(path + ".idx");
    std::memcpy(all.data() + head_.segments[0].head_page * kPage, &segment, sizeof segment);
    seal(all, head_.segments[0].head_page);
    spill(path + ".idx", all);
  }
  void caught(const std::string& words, std::int64_t record = -1) {
    finds(Finding::Kind::damage, words, record);
    spill(path + ".idx", sound_);
  }
  std::string sound_;
  index::Head head_{};
  index::SegmentHead segment_{};
};

TEST_F(IndexLies, AreFound) {
  // A value: another time that keeps the order, exposure, code, place, list of values.
  lie(segment_.time, 300, said<double>(segment_.time, 300) + 0.25);
  caught("another obstime", said<std::uint32_t>(segment_.row, 300));
  lie(segment_.length, 299, 1.5F);
  caught("another exptime", said<std::uint32_t>(segment_.row, 299));
  lie(segment_.codes[0], 0, static_cast<std::uint8_t>(said<std::uint8_t>(segment_.codes[0], 0) ^ 1U));
  caught("counts of codes");
  lie(segment_.values[0], 1, '\x9');
  caught("another type");
  lie(segment_.dec, 100, said<std::uint32_t>(segment_.dec, 100) - 2000);
  caught("another position", said<std::uint32_t>(segment_.sky_row, 100));
  // A row that is missing, because another one stands twice.
  lie(segment_.row, 17, said<std::uint32_t>(segment_.row, 18));
  caught("");
  lie(segment_.sky_row, 17, said<std::uint32_t>(segment_.sky_row, 18));
  caught("another position");
  lie(segment_.names[0].rows, 17, said<std::uint32_t>(segment_.names[0].rows, 400));
  caught("another filename");
  lie(segment_.row, 3, 699U + 4000U);
  caught("names a row that it does not have");
  // Order.
  lie(segment_.time, 400, 5.0);
  caught("times are out of order");
  lie(segment_.ra, 60, 0xffffffffU);
  caught("positions are out of order");
  lie(segment_.zones, 200, 0xffffffU);
  caught("zones of the sky");
  lie(segment_.names[0].bytes, 3, '\x7f');
  caught("texts of filename");
  lie(segment_.names[0].fences, 3, 'x');
  caught("beginnings of its texts of filename");
  lie(segment_.names[2].posts, 1, 3U);
  caught("another pathname");
  // Counts and bounds of the head.
  auto segment = segment_;
  segment.last_time += 1;
  lie_head(segment);
  caught("first and last times");
  segment = segment_;
  segment.longest = 1;
  lie_head(segment);
  caught("longer exposures");
  lie(segment_.tally, 8, static_cast<std::uint16_t>(said<std::uint16_t>(segment_.tally, 8) + 1));
  caught("counts of codes");
  is_well();
}

TEST_F(IndexLies, ARowThatNoSegmentHas) {
  auto head = head_;
  head.covered = 700;
  IndexKeeper keeper(IndexKeeper::Patience::full, index_at_once());
  RecordWriter::Options options;
  options.follower = &keeper;
  {
    auto writer = RecordWriter::open(path, options);
    ASSERT_TRUE(writer->append(rows_from(700, 703)).ok());  // rows that are outside of the segments
  }
  is_well();
  // The head says that they are inside.
  std::string all = slurp(path + ".idx");
  std::memcpy(&head, all.data(), sizeof head);
  const auto file = RecordFile::open(path);
  Record scratch = file->make_record();
  if (head.covered == 703) head.segment_count = std::max<std::int64_t>(0, head.segment_count - 1);
  head.covered = 703;
  head.witness = index::witness_of(index::Fields(schema()), file->peek(702, scratch));
  std::memcpy(all.data(), &head, sizeof head);
  const std::uint64_t check = index::page_check(head.nonce, 0, all.data());
  std::memcpy(all.data() + kPayload, &check, sizeof check);
  spill(path + ".idx", all);
  finds(Finding::Kind::damage, "does not have this row once", 700);
}

TEST_F(IndexLies, SegmentsThatReplaceEachOther) {
  IndexKeeper::Limits limits;
  limits.tail = 5;
  for (int round = 0; round < 6; ++round) {
    IndexKeeper keeper(IndexKeeper::Patience::none, limits);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path, options);
    std::vector<RowChange> changes;
    for (int i = 0; i < 9; ++i) {
      Record row = row_number(13 * i + round);
      row.set(regimage::kObstime, 1.1e9 + 1000 * round + i);
      changes.push_back({13 * i + round % 3, row.bytes()});
    }
    ASSERT_TRUE(writer->commit(changes, rows_from(700 + 8 * round, 708 + 8 * round)).ok());
  }
  const auto report = checked(path);
  EXPECT_EQ(report.damages, 0) << all_of(report.findings);
  const auto file = RecordFile::open(path);
  const auto faults = index::check_index(*file);
  ASSERT_TRUE(faults.ok()) << faults.status().text();
  EXPECT_TRUE(faults->empty());
}

// --- beside writers

TEST_F(Check, NoFalseAlarmBesideAWriter) {
  make(path, 2000);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    int round = 0;
    while (!stop) {
      IndexKeeper::Limits limits;
      limits.tail = 40;
      IndexKeeper keeper(round % 2 ? IndexKeeper::Patience::none : IndexKeeper::Patience::full, limits);
      RecordWriter::Options options;
      options.follower = &keeper;
      auto writer = RecordWriter::open(path, options);
      ASSERT_TRUE(writer.ok()) << writer.status().text();
      for (int i = 0; i < 20 && !stop; ++i, ++round) {
        std::vector<RowChange> changes;
        for (int k = 0; k < 5; ++k) {
          const int number = (round * 37 + k * 401) % 2000;
          Record row = row_number(number);
          row.set(regimage::kObstime, 1e9 + round);
          row.set(regimage::kFwhm, 1.0F + static_cast<float>(k));
          changes.push_back({number, row.bytes()});
        }
        std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
        const auto added = static_cast<int>(writer->file().count());
        ASSERT_TRUE(writer->commit(changes, rows_from(added, added + 3)).ok());
        ASSERT_TRUE(writer->append(rows_from(added + 3, added + 5)).ok());
      }
      if (round % 3 == 0) {
        ASSERT_TRUE(writer->trim().ok());
      }
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::getenv("IMREG_LONG") ? 60 : 4);
  int checks = 0;
  std::int64_t indexed = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto report = checked(path, 1 + checks % 2);
    EXPECT_EQ(report.damages + report.warnings, 0) << all_of(report.findings);
    ++checks;
    indexed += report.indexed > 0;
    if (HasFailure()) break;
  }
  stop = true;
  writer.join();
  std::printf("%d checks beside a writer, %lld of them with the index\n", checks, static_cast<long long>(indexed));
  EXPECT_GT(indexed, checks / 4);
  is_well();
}

}  // namespace
}  // namespace imreg
