// Files that rot, shrink, are restored from backups, or have strangers beside them: nothing wrong is returned as data, good
// rows stay, and the message names file, record and reason.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "damage_fixture.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/map.h"
#include "record/container.h"

namespace imreg::testing {
namespace {

TEST_F(Damage, OneRottenRecordIsNamedAndTheOthersAreFine) {
  make(path, 10);
  for (const std::int64_t byte : {0, 20, 40, 55}) {
    const std::string good = slurp(path);
    scribble(path, place(4) + byte,
             std::string(1, static_cast<char>(good[static_cast<std::size_t>(place(4) + byte)] ^ 0x10)));
    const auto file = must(RecordFile::open(path));
    Record copy = file.make_record();
    for (std::int64_t i = 0; i < 10; ++i) {
      const Status status = file.read(i, copy);
      if (i != 4) {
        EXPECT_OK(status);
        continue;
      }
      EXPECT_EQ(status.code(), Code::corrupt);
      EXPECT_THAT(status.text(), HasSubstr(path + ": damaged record"));
      EXPECT_THAT(status.text(), HasSubstr("(record 5)"));
      EXPECT_THAT(status.text(), HasSubstr("(byte " + std::to_string(place(4)) + ")"));
    }
    spill(path, good);
  }
}

TEST_F(Damage, RecordsThatChangedPlacesAreDamaged) {
  make(path, 4);
  const std::string all = slurp(path);
  const std::string one = all.substr(static_cast<std::size_t>(place(1)), 56);
  scribble(path, place(2), one);
  const auto file = must(RecordFile::open(path));
  Record copy = file.make_record();
  EXPECT_EQ(file.read(2, copy).code(), Code::corrupt);
  EXPECT_OK(file.read(1, copy));
}

TEST_F(Damage, TornCountCardsAreCountedByTheRecords) {
  make(path, 10);
  const std::int64_t cards = cards_at(path, "NAXIS2");
  const std::string good = slurp(path);
  // A count that is ahead, behind, not a number, the sector zeroed: without its check no number is believed.
  for (const std::string value :
       {"                  11", "                   9", "                  x1", "                 -10"}) {
    scribble(path, cards + 10, value);
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(10)) << value;
    {
      auto writer = must(RecordWriter::open(path, {}));
      EXPECT_OK(writer.append(bytes_of(Row{10, 1})));
    }
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(11)) << value;
    spill(path, good);
  }
}

TEST_F(Damage, AnHonestCountBehindTheRecordsIsExtendedOnlyWhileNobodyIsAtWork) {
  make(path, 10);
  // What a kill between the sync and the count leaves: the header says 6, ten records hold.
  const auto container = must(read_container(must(File::open(path, File::Mode::read))));
  scribble(path, container.count_cards, make_card_pair(container.uuid, PairKind::count, 6, 4 * 56));
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(10));
  auto lock = must(WriterLock::take(path + ".lock", "other", 0));
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(10));
  EXPECT_OK(lock.begin_work());
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(6));
  lock.release("");
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_EQ(rows_of(writer.file()), some(10));
}

// A row that is not whole in place may stand in a journal that is younger than the view; so the view looks anew, but only when
// the files were written since it last did.
TEST_F(Damage, AnOldViewFindsWhatAYoungerJournalHolds) {
  make(path, 10);
  const auto view = must(RecordFile::open(path));
  Record copy = view.make_record();
  const auto tear = [&](std::int64_t row) {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    ASSERT_NE(file, nullptr);
    std::fseek(file, place(row) + 15, SEEK_SET);  // the byte of the value that changed: the journal holds it
    std::fputc(0x5a, file);
    std::fclose(file);
  };
  auto writer = must(RecordWriter::open(path, {}));
  for (const std::int64_t row : {3, 4, 5}) {
    EXPECT_OK(writer.commit({{row, bytes_of(Row{row, 77 + row})}}));
    tear(row);
    EXPECT_OK(view.read(row, copy));
    EXPECT_EQ(copy[kValue], 77 + row);
    tear(8);  // in no journal: damaged
    EXPECT_EQ(view.read(8, copy).code(), Code::corrupt);
    std::this_thread::sleep_for(std::chrono::milliseconds(150));  // from now on what it has seen is believed
    EXPECT_EQ(view.read(8, copy).code(), Code::corrupt);
  }
}

// What a look saw is believed by the times of both files, and only when these are old enough to tell.
TEST_F(Damage, AnOldViewLooksAgainWhenEitherFileMayHaveChanged) {
  make(path, 10);
  const auto view = must(RecordFile::open(path));
  Record copy = view.make_record();
  auto writer = must(RecordWriter::open(path, {}));
  const auto change = [&](std::int64_t row, std::time_t of_rows, std::time_t of_journal) {
    EXPECT_OK(writer.commit({{row, bytes_of(Row{row, 77 + row})}}));
    scribble(path, place(row) + 15, "Z");  // only the journal has it
    for (const auto& [name, time] : {std::pair(path, of_rows), std::pair(path + ".journal", of_journal)}) {
      const timespec times[2] = {{time, 0}, {time, 0}};
      ASSERT_EQ(::utimensat(AT_FDCWD, name.c_str(), times, 0), 0);
    }
  };
  const std::time_t now = std::time(nullptr), past = now - 3600, future = now + 3600;
  std::int64_t row = 0;
  for (const auto& [of_rows, of_journal] : {std::pair(future, future), std::pair(future, future),  // never sure
                                            std::pair(past, past), std::pair(past, past + 1)}) {   // sure, then changed
    ++row;
    ASSERT_NO_FATAL_FAILURE(change(row, of_rows, of_journal));
    EXPECT_OK(view.read(row, copy));
    EXPECT_EQ(copy[kValue], 77 + row);
  }
}

// The file at the path may be another one by the time a row is looked at anew, or an older and shorter copy.
TEST_F(Damage, AnOldViewTakesNothingFromAnotherFile) {
  make(path, 5);
  EXPECT_OK(must(RecordWriter::open(path, {})).trim());
  const std::string five = slurp(path), other = folder / "other.db";
  make(other, 3000);
  {
    auto writer = must(RecordWriter::open(path, {}));
    Rows more;
    for (std::int64_t i = 5; i < 3000; ++i) more.push_back({i, 1});
    EXPECT_OK(writer.append(bytes_of(more)));
  }
  const auto view = must(RecordFile::open(path));
  Record copy = view.make_record();
  std::filesystem::rename(path, folder / "old.db");
  for (const std::int64_t row : {3, 2900}) scribble(folder / "old.db", place(row) + 15, "Z");
  std::filesystem::rename(other, path);
  for (const std::int64_t row : {3, 2900}) EXPECT_EQ(view.read(row, copy).code(), Code::corrupt) << row;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << five;
  std::filesystem::remove(path + ".journal");
  EXPECT_OK(view.read(3, copy));  // it has this row
  EXPECT_EQ(view.read(2900, copy).code(), Code::corrupt);
}

TEST_F(Damage, ACountAheadOfTheFileIsTruncation) {
  make(path, 10);
  const auto container = must(read_container(must(File::open(path, File::Mode::read))));
  scribble(path, container.count_cards, make_card_pair(container.uuid, PairKind::count, 1000000, 0));
  EXPECT_EQ(open_status().code(), Code::corrupt);
  EXPECT_THAT(open_status().text(), HasSubstr("truncated: it counts 1000000 records"));
  EXPECT_EQ(writer_status().code(), Code::corrupt);
}

TEST_F(Damage, TornStateCardsTakeTheJournalAsItIs) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
    EXPECT_OK(writer.checkpoint());
    EXPECT_OK(writer.commit({{4, bytes_of(Row{4, 9})}}));
  }
  Rows expected = some(10);
  expected[3].value = expected[4].value = 9;
  scribble(path, cards_at(path, "JRNLGEN") + 10, "                   7");
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_EQ(rows_of(writer.file()), expected);
  EXPECT_OK(writer.commit({{5, bytes_of(Row{5, 9})}}));
  writer.close();
  expected[5].value = 9;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

TEST_F(Damage, ACommitOutlivesItsPlaceInTheFileAndATornHead) {
  make(path, 10);
  const std::string before = slurp(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}, bytes_of(Rows{{10, 1}, {11, 1}})));
  }
  Rows expected = some(12);
  expected[3].value = 9;
  spill(path, before);  // nothing of it had reached the disk; the machine was restarted, so the hint does not count
  scribble(path + ".journal", 512, std::string(512, '\0'));
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  scribble(path + ".journal", 0, "torn");
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_EQ(rows_of(writer.file()), expected);
  ASSERT_EQ(writer.notes().size(), 1u);
  EXPECT_THAT(writer.notes()[0], HasSubstr("finished 1 change that"));
}

TEST_F(Damage, ATornTransactionDidNotHappen) {
  make(path, 10);
  const std::string before = slurp(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
    EXPECT_OK(writer.commit({{4, bytes_of(Row{4, 9})}}));
  }
  spill(path, before);
  scribble(path + ".journal", 512, std::string(512, '\0'));
  const std::string journal = slurp(path + ".journal");
  const auto second = journal.find("TXN1", 1028);
  ASSERT_NE(second, std::string::npos);
  scribble(path + ".journal", static_cast<std::int64_t>(second) + 50, "??");
  Rows expected = some(10);
  expected[3].value = 9;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  EXPECT_OK(writer_status());
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

TEST_F(Damage, AnOlderCopyRefusesTheJournalOfANewerLife) {
  make(path, 10);
  const std::string backup = slurp(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
    EXPECT_OK(writer.checkpoint());
    EXPECT_OK(writer.commit({{4, bytes_of(Row{4, 9})}}));
  }
  spill(path, backup);
  EXPECT_EQ(open_status().code(), Code::mismatch);
  EXPECT_THAT(open_status().text(), HasSubstr("newer life"));
  EXPECT_EQ(writer_status().code(), Code::mismatch);
  std::filesystem::remove(path + ".journal");
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(10));
}

TEST_F(Damage, AnOlderCopyOfTheSameGenerationIsCompletedOrRefused) {
  make(path, 10);
  const std::string backup = slurp(path);
  Rows expected = some(10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
  }
  expected[3].value = 9;
  spill(path, backup);  // the journal's hint says that row 3 is in the file; it is not in this one
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected) << "a reader";
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_EQ(rows_of(writer.file()), expected);
    EXPECT_OK(writer.append(bytes_of(Row{10, 1})));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 10})}}));
  }
  spill(path, backup);  // row 10 is in no file any more
  EXPECT_EQ(open_status().code(), Code::mismatch);
  EXPECT_THAT(open_status().text(), HasSubstr("an older copy was put there"));
  EXPECT_EQ(writer_status().code(), Code::mismatch);
}

TEST_F(Damage, TheJournalOfAnotherFileIsRefused) {
  make(path, 3);
  const std::string other = folder / "o.db";
  make(other, 3);
  {
    auto writer = must(RecordWriter::open(other, {}));
    EXPECT_OK(writer.commit({{0, bytes_of(Row{0, 66})}}));
  }
  std::filesystem::copy_file(other + ".journal", path + ".journal");
  EXPECT_EQ(open_status().code(), Code::mismatch);
  EXPECT_THAT(open_status().text(), HasSubstr("d.db.journal: belongs to another database file"));
  EXPECT_EQ(writer_status().code(), Code::mismatch);
}

TEST_F(Damage, GarbageBesideTheFileIsNoObstacle) {
  make(path, 3);
  for (const std::string& garbage : {std::string(), std::string("x"), std::string(1023, 'x'), std::string(1024, '\0'),
                                     std::string(100000, 'x'), "IMREGJNL" + std::string(5000, '\xff')}) {
    spill(path + ".journal", garbage);
    spill(path + ".lock", garbage);
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(3));
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{0, bytes_of(Row{0, 5})}}));
    EXPECT_OK(writer.commit({{0, bytes_of(Row{0, 1})}}));
    writer.close();
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(3));
  }
}

TEST_F(Damage, GoodRecordsBehindAHoleAreSetAside) {
  make(path, 10);
  const auto container = must(read_container(must(File::open(path, File::Mode::read))));
  scribble(path, container.count_cards, make_card_pair(container.uuid, PairKind::count, 5, 5 * 56));
  scribble(path, place(6) + 3, "rot");
  spill(path + ".lock", "held by the dead");
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_EQ(rows_of(writer.file()), some(6));
    ASSERT_EQ(writer.notes().size(), 1u);
    EXPECT_THAT(writer.notes()[0], HasSubstr("3 good records behind a damaged one"));
    EXPECT_OK(writer.append(bytes_of(Row{6, 1})));
  }
  EXPECT_EQ(rows_of(must(RecordFile::open(path + ".lost"))), (Rows{{7, 1}, {8, 1}, {9, 1}}));
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(7));
}

TEST_F(Damage, AShortFileIsCorruptOrNoDatabaseNeverACrash) {
  make(path, 100);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.trim());
  }
  const std::string all = slurp(path);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{79}, std::size_t{2880}, std::size_t{3200},
                                 std::size_t{5760}, std::size_t{23039}, std::size_t{23040}, std::size_t{23041},
                                 std::size_t{28000}, static_cast<std::size_t>(place(100)) - 1}) {
    spill(path, all.substr(0, size));
    const Status status = open_status();
    EXPECT_TRUE(status.code() == Code::corrupt || status.code() == Code::invalid) << size << ' ' << status.text();
    EXPECT_EQ(status.file(), path) << size;
    EXPECT_EQ(writer_status().code(), status.code());
  }
  spill(path, all.substr(0, static_cast<std::size_t>(place(100))));  // without the filling only
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(100));
}

TEST_F(Damage, AFileThatShrinksAfterOpeningGivesAnErrorNotASignal) {
  make(path, 1000);
  const auto file = must(RecordFile::open(path));
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(place(3)));
  Record copy = file.make_record();
  EXPECT_OK(file.read(0, copy));
  EXPECT_OK(file.read(2, copy));
  for (const std::int64_t row : {3, 4, 500, 999}) EXPECT_EQ(file.read(row, copy).code(), Code::corrupt) << row;
  (void)file.peek(700, copy)[kId];
}

TEST_F(Damage, AForeignTableThatShrinksToo) {
  // An Elixir file: no checks in the records, so what is cut off must not come as zeros.
  std::string header = "SIMPLE  =                    T" + std::string(50, ' ') + "NAXIS   =                    0" +
                       std::string(50, ' ') + "NIMAGES =                   40" + std::string(50, ' ') + "END";
  header.resize(2880, ' ');
  spill(path, header + std::string(40 * 360, 'x'));
  const auto file = must(RecordFile::open(path));
  EXPECT_EQ(file.count(), 40);
  Record copy = file.make_record();
  EXPECT_OK(file.read(39, copy));
  EXPECT_EQ(writer_status().code(), Code::invalid);
  EXPECT_THAT(writer_status().text(), HasSubstr("convertimreg"));
  EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
  std::filesystem::resize_file(path, 2880 + 360 + 1);
  EXPECT_OK(file.read(0, copy));
  EXPECT_EQ(file.read(1, copy).code(), Code::corrupt);
  EXPECT_EQ(file.read(39, copy).code(), Code::corrupt);
}

TEST_F(Damage, HeadersThatLie) {
  make(path, 3);
  const std::string good = slurp(path);
  struct Lie {
    const char* keyword;
    std::string value;
    Code code;
  };
  for (const Lie& lie :
       {Lie{"NAXIS1", "                  57", Code::corrupt}, Lie{"TFIELDS", "                 999", Code::corrupt},
        Lie{"BYTEORDR", "'LITTLE  '          ", Code::mismatch}, Lie{"FILEUUID", "'no-uuid '          ", Code::corrupt},
        Lie{"TFORM1", "'Z       '          ", Code::corrupt}, Lie{"TFORM1", "'1PJ     '          ", Code::invalid},
        Lie{"XTENSION", "'IMAGE   '          ", Code::invalid}}) {
    scribble(path, cards_at(path, lie.keyword) + 10, lie.value);
    EXPECT_EQ(open_status().code(), lie.code) << lie.keyword << ": " << open_status().text();
    EXPECT_EQ(open_status().file(), path);
    spill(path, good);
  }
}

TEST_F(Damage, AnotherVersionOrLayoutOfTheNativeRecordIsRefused) {
  EXPECT_OK(RecordWriter::create(path, *builtin_format("regimage", 4), {}));
  EXPECT_OK(open_status());
  const std::string good = slurp(path);
  scribble(path, cards_at(path, "RECVERS") + 10, "                   5");
  EXPECT_EQ(open_status().code(), Code::mismatch);
  EXPECT_THAT(open_status().text(), HasSubstr("version 5 is not known"));
  spill(path, good);
  scribble(path, cards_at(path, "LAYOUT") + 10, "'0000000000000000'");
  EXPECT_EQ(open_status().code(), Code::mismatch);
  spill(path, good);
  scribble(path, cards_at(path, "TTYPE1") + 10, "'OBSTOME '");
  EXPECT_EQ(open_status().code(), Code::corrupt);
  EXPECT_THAT(open_status().text(), HasSubstr("the header is damaged"));
}

TEST_F(Damage, ColumnsThatOtherProgramsWouldReadWronglyAreNamed) {
  EXPECT_OK(RecordWriter::create(path, *builtin_format("regimage", 4), {}));
  const std::string whole = slurp(path);
  for (const char* damaged :
       {"TFORM1  = 'D       '", "TFORM34 = '96A     '", "TFIELDS =                   38", "TTYPE3  = '"}) {
    const auto at = whole.find(damaged);
    ASSERT_NE(at, std::string::npos) << damaged;
    std::string bytes = whole;
    bytes[at + std::string(damaged).find_first_of("=") + 3] = 'Z';
    spill(path, bytes);
    EXPECT_EQ(RecordFile::open(path).status().code(), Code::corrupt) << damaged;
  }
  // A comment that somebody changed, and a card that a program added, are no damage.
  std::string bytes = whole;
  const auto comment = bytes.find("identity of this file");
  ASSERT_NE(comment, std::string::npos);
  bytes[comment] = 'I';
  const auto form = bytes.find("TFORM1  = ");
  bytes[form + 60] = '?';
  spill(path, bytes);
  EXPECT_OK(RecordFile::open(path).status());
}

TEST_F(Damage, OtherKindsOfFiles) {
  EXPECT_EQ(open_status().code(), Code::not_found);
  EXPECT_EQ(writer_status().code(), Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
  spill(path, "SQLite format 3" + std::string(1000, '\0'));
  EXPECT_THAT(open_status().text(), HasSubstr("SQLite"));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(RecordFile::open(folder / "pipe").status().code(), Code::invalid);
  EXPECT_EQ(RecordFile::open(folder.path()).status().code(), Code::invalid);
}

// A process without any right to write reads everything, also changes that stand only in the journal.
TEST_F(Damage, ReadersNeedNoWritePermission) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  make(path, 10);
  const std::string before = slurp(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}, bytes_of(Row{10, 1})));
  }
  spill(path, before);
  scribble(path + ".journal", 512, std::string(512, '\0'));
  for (const char* end : {"", ".lock", ".journal"}) ASSERT_EQ(::chmod((path + end).c_str(), 0444), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    Rows expected = some(11);
    expected[3].value = 9;
    const auto file = RecordFile::open(path);
    if (!file) ::_exit(3);
    if (rows_of(*file) != expected) ::_exit(4);
    if (RecordWriter::open(path, {}).status().code() != Code::io) ::_exit(5);
    ::_exit(::testing::Test::HasFailure() ? 6 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
}

}  // namespace
}  // namespace imreg::testing
