// What is whole comes back, whatever is damaged; nothing else does; and what is lost is named.
#include "check_fixture.h"
#include "record/container.h"

namespace imreg {
namespace {

class Repair : public CheckedTest {
 protected:
  std::string saved = folder / "saved.db";

  RepairReport repaired() {
    auto report = repair_database(path, saved);
    EXPECT_TRUE(report.ok()) << report.status().text();
    return report ? *std::move(report) : RepairReport();
  }
  // The rows 0..count-1 but for these, as this test wrote them, in a file that is whole and of its own.
  void has_rows(int count, const std::vector<int>& lost, const std::vector<std::string>& wanted_of = {}) {
    std::vector<std::string> wanted;
    for (int i = 0; i < count; ++i) {
      if (std::find(lost.begin(), lost.end(), i) == lost.end())
        wanted.push_back(wanted_of.empty() ? plain(row_number(i)) : wanted_of[static_cast<std::size_t>(i)]);
    }
    EXPECT_EQ(contents(saved), wanted);
    const auto report = checked(saved);
    EXPECT_EQ(report.damages + report.warnings, 0) << all_of(report.findings);
    if (const auto old = RecordFile::open(path)) {
      EXPECT_NE(RecordFile::open(saved)->uuid(), old->uuid());
    }
  }
  void loses(const RepairReport& report, const std::vector<int>& rows) {
    std::vector<int> found;
    for (const auto& finding : report.lost) {
      if (finding.kind == Finding::Kind::damage) found.push_back(static_cast<int>(finding.record));
    }
    EXPECT_EQ(found, rows) << all_of(report.lost);
    EXPECT_EQ(report.rows_lost, std::ssize(rows));
  }
};

TEST_F(Repair, AWholeFileIsCopied) {
  make(path, 60);
  const std::string before = slurp(path);
  loses(repaired(), {});
  has_rows(60, {});
  EXPECT_EQ(slurp(path), before);
  EXPECT_FALSE(std::filesystem::exists(saved + ".unfinished"));
}

TEST_F(Repair, AnEmptyDatabase) {
  ASSERT_TRUE(RecordWriter::create(path, schema(), {}).ok());
  loses(repaired(), {});
  has_rows(0, {});
}

TEST_F(Repair, NamesWhatIsLost) {
  make(path, 60);
  flip(path, place(7) + 3);
  scribble(path, place(31), std::string(kSize, '\0'));
  const auto report = repaired();
  loses(report, {7, 31});
  EXPECT_THAT(all_of(report.lost), HasSubstr("its filename reads 600001o.fits"));
  EXPECT_THAT(all_of(report.lost), HasSubstr("all zeros"));
  has_rows(60, {7, 31});
}

TEST_F(Repair, APageOfZeros) {
  make(path, 60);
  scribble(path, 32768, std::string(4096, '\0'));
  const int first = (32768 - kData) / kSize, last = (32768 + 4095 - kData) / kSize;
  std::vector<int> lost;
  for (int i = first; i <= last; ++i) lost.push_back(i);
  loses(repaired(), lost);
  has_rows(60, lost);
}

TEST_F(Repair, ACutOffFile) {
  make(path, 60);
  spill(path, slurp(path).substr(0, static_cast<std::size_t>(place(57) + 100)));
  loses(repaired(), {57, 58, 59});
  has_rows(60, {57, 58, 59});
}

// A forged count: told, and not gone through row by row.
TEST_F(Repair, MoreRowsThanAnyDiskHas) {
  make(path, 60, 4);
  const auto wanted = contents(path);
  const auto container = read_container(*File::open(path, File::Mode::read));
  for (const std::int64_t rows : {std::int64_t{1} << 40, std::int64_t{1} << 46}) {
    SCOPED_TRACE(rows);
    scribble(path, container->count_cards, make_card_pair(container->uuid, PairKind::count, rows, 0));
    EXPECT_GT(checked(path).damages, 0);
    std::filesystem::remove(saved);
    const auto report = repaired();
    if (rows == std::int64_t{1} << 40) {  // the others are no counts: a row would have no place
      EXPECT_GT(report.rows_lost, std::int64_t{1} << 39);
      ASSERT_EQ(report.lost.size(), CheckReport::kMostNamed);
      EXPECT_EQ(report.lost[0].record, 60);
    }
    has_rows(60, {}, wanted);
  }
}

// The first blocks are gone; identity by the index, or by the journal.
TEST_F(Repair, AHeaderOfZeros) {
  make(path, 60, 4);
  const auto wanted = contents(path);
  scribble(path, 0, std::string(kData, '\0'));
  auto report = repaired();
  loses(report, {});
  EXPECT_THAT(all_of(report.lost), HasSubstr("the header is damaged"));
  has_rows(60, {}, wanted);
  std::filesystem::remove(saved);
  std::filesystem::remove(path + ".journal");
  loses(repaired(), {});
  has_rows(60, {}, wanted);
  std::filesystem::remove(saved);
  std::filesystem::remove(path + ".idx");
  report = repaired();  // nothing says whose the rows are, but their checks
  loses(report, {});
  EXPECT_THAT(all_of(report.lost), HasSubstr("by the checks of its rows"));
  has_rows(60, {}, wanted);
}

// Any sector of the header, gone or blank: a damaged file, never a whole one of somebody else; all rows are saved.
TEST_F(Repair, AnySectorOfTheHeader) {
  make(path, 20);
  const std::string sound = slurp(path);
  for (const bool beside : {true, false}) {
    if (!beside) {
      for (const char* end : {".idx", ".journal", ".lock"}) std::filesystem::remove(path + end);
    }
    for (std::int64_t at = 0; at < kData; at += 512) {
      for (const char fill : {'\0', ' '}) {
        std::string bytes = sound;
        bytes.replace(static_cast<std::size_t>(at), 512, 512, fill);
        if (bytes == sound) continue;
        spill(path, bytes);
        std::filesystem::remove(saved);
        ASSERT_GT(checked(path).damages + checked(path).warnings, 0) << at;
        const auto report = repair_database(path, saved);
        ASSERT_TRUE(report.ok()) << at << ": " << report.status().text();
        ASSERT_EQ(report->rows_saved, 20) << at;
        ASSERT_EQ(report->rows_lost, 0) << at << all_of(report->lost);
      }
    }
  }
  has_rows(20, {});
}

// Any one byte of the header: nothing is lost, with nothing but the file.
TEST_F(Repair, AnyByteOfTheHeader) {
  make(path, 20);
  const std::string sound = slurp(path);
  for (const char* end : {".idx", ".journal"}) std::filesystem::remove(path + end);
  const auto close = [](std::int64_t at) { return (at >= 3200 && at < 3760) || (at >= 14400 && at < 14960); };
  for (std::int64_t at = 0; at < kData; at += close(at) ? 1 : 97) {
    std::string bytes = sound;
    bytes[static_cast<std::size_t>(at)] ^= at % 2 ? '\x01' : '\x7f';
    spill(path, bytes);
    std::filesystem::remove(saved);
    const auto report = repair_database(path, saved);
    ASSERT_TRUE(report.ok()) << at << ": " << report.status().text();
    ASSERT_EQ(report->rows_saved, 20) << at;
    ASSERT_EQ(report->rows_lost, 0) << at << all_of(report->lost);
  }
  has_rows(20, {});
}

TEST_F(Repair, RowsBehindAHole) {
  make(path, 60);
  // The count is of before a power cut, a page of the rows behind it never reached the disk.
  const auto file = File::open(path, File::Mode::read);
  const auto container = read_container(*file);
  scribble(path, container->count_cards, make_card_pair(container->uuid, PairKind::count, 40, 0));
  scribble(path, place(45), std::string(2 * kSize, '\0'));
  loses(repaired(), {45, 46});
  has_rows(60, {45, 46});
}

TEST_F(Repair, ChangesOfTheJournal) {
  make(path, 30);
  const std::string before = slurp(path);
  std::vector<std::string> wanted;
  {
    auto writer = RecordWriter::open(path, {});
    for (int i = 0; i < 3; ++i) {
      Record row = row_number(4 + i);
      row.set(regimage::kQuality, 5 + i);
      ASSERT_TRUE(writer->commit({{4 + i, row.bytes()}}, rows_from(30 + i, 31 + i)).ok());
    }
  }
  wanted = contents(path);
  spill(path, before);  // a power cut: nothing of it reached the file
  auto report = repaired();
  EXPECT_EQ(report.changes_applied, 6);
  loses(report, {});
  has_rows(33, {}, wanted);

  // The middle one has rotted: what it held is lost, what is behind it is not.
  const std::string journal = slurp(path + ".journal");
  const auto second = journal.find("TXN1", 1030);
  flip(path + ".journal", static_cast<std::int64_t>(second) + 60);
  std::filesystem::remove(saved);
  report = repaired();
  loses(report, {31});
  wanted[5] = plain(row_number(5));
  has_rows(33, {31}, wanted);
}

// A relocation and single changes of the same rows, before and behind it, none of which reached the file.
TEST_F(Repair, ManyRowsOfTheJournal) {
  make(path, 60);
  const std::string before = slurp(path);
  {
    auto writer = RecordWriter::open(path, {});
    const auto quality = [&](int row, int value) {
      Record changed = writer->file().make_record();
      ASSERT_TRUE(writer->file().read(row, changed).ok());
      changed.set(regimage::kQuality, value);
      ASSERT_TRUE(writer->commit({{row, changed.bytes()}}).ok());
    };
    quality(3, 1);
    const auto moved = relocate(*writer, *schema().find("pathname"), "/data/night0", "/archive/first");
    ASSERT_TRUE(moved.ok()) << moved.status().text();
    ASSERT_EQ(*moved, 8);
    quality(3, 2);
    quality(4, 3);
  }
  const auto wanted = contents(path);
  spill(path, before);
  const auto pending = checked(path);
  EXPECT_THAT(all_of(pending.findings), HasSubstr("4 changes only in the journal"));
  EXPECT_EQ(pending.damages, 0) << all_of(pending.findings);
  const auto report = repaired();
  EXPECT_EQ(report.changes_applied, 8);
  loses(report, {});
  has_rows(60, {}, wanted);
}

TEST_F(Repair, AJournalOfAnotherLifeIsLeftOut) {
  make(path, 30, 3);
  const std::string other = folder / "other.db";
  make(other, 30, 3);
  std::filesystem::copy_file(other + ".journal", path + ".journal", std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(RecordFile::open(path).ok());
  const auto report = repaired();
  loses(report, {});
  EXPECT_THAT(all_of(report.lost), HasSubstr("the journal beside it is not taken"));
}

TEST_F(Repair, TakesTheRootsAlong) {
  make(path, 10);
  spill(path + ".roots", "A\t/data\n");
  (void)repaired();
  EXPECT_EQ(slurp(saved + ".roots"), "A\t/data\n");
}

TEST_F(Repair, RefusesWhatItMust) {
  make(path, 10);
  spill(saved, "mine");
  EXPECT_EQ(repair_database(path, saved).status().code(), Code::invalid);
  EXPECT_EQ(slurp(saved), "mine");
  std::filesystem::remove(saved);
  {
    auto writer = RecordWriter::open(path, {});
    EXPECT_EQ(repair_database(path, saved).status().code(), Code::busy);
  }
  EXPECT_FALSE(std::filesystem::exists(saved));
  EXPECT_EQ(repair_database(folder / "none.db", saved).status().code(), Code::not_found);
  for (const std::string& bytes : {std::string(), std::string(60000, '\0'), std::string(60000, 'x')}) {
    spill(path, bytes);
    for (const char* end : {".idx", ".journal"}) std::filesystem::remove(path + end);
    EXPECT_FALSE(repair_database(path, saved).ok());
    EXPECT_FALSE(std::filesystem::exists(saved));
  }
}

TEST_F(Repair, LeavesTheLockAsItWas) {
  make(path, 10);
  const std::string lock = slurp(path + ".lock");
  ASSERT_TRUE(lock.starts_with("free "));
  (void)repaired();
  EXPECT_EQ(slurp(path + ".lock"), lock);
}

}  // namespace
}  // namespace imreg
