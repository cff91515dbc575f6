// What the next writer does after an end that was not clean, when more than a crash has happened: rot in the journal or in the
// header, a journal that was moved away, another boot. Nothing that was acknowledged goes, comes twice, or comes back.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "damage_fixture.h"
#include "os/file.h"
#include "record/crc32c.h"

namespace imreg::testing {
namespace {

class Recovery : public Damage {};

TEST_F(Recovery, ARottenTransactionTakesNoRowBackToAnOlderOne) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 7})}}, bytes_of(Row{10, 1})));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 8})}, {10, bytes_of(Row{10, 2})}}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
  }
  Rows expected = some(10);
  expected[3].value = 9;
  expected.push_back({10, 2});
  // All of it is in the file. The machine was restarted, and the second transaction has rotted: the first is replayed.
  scribble(path + ".journal", 512, std::string(512, '\0'));
  const auto second = slurp(path + ".journal").find("TXN1", 1028);
  ASSERT_NE(second, std::string::npos);
  scribble(path + ".journal", static_cast<std::int64_t>(second) + 50, "??");
  std::filesystem::remove(path + ".lock");
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_EQ(rows_of(writer.file()), expected);
    ASSERT_EQ(writer.notes().size(), 1u);
    EXPECT_THAT(writer.notes()[0], HasSubstr("d.db.journal is damaged (byte " + std::to_string(second) + ")"));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 20})}}));
  }
  expected[3].value = 20;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

// The check of a transaction may end in zeros, like the room behind it: it is whole all the same.
TEST_F(Recovery, AnAcknowledgedChangeThatEndsInZeros) {
  make(path, 10);
  const std::string before = slurp(path);
  for (int value = 0; value < 10000; ++value) {
    for (const char* ending : {"", ".journal", ".lock"}) std::filesystem::remove(path + ending);
    spill(path, before);
    {
      auto writer = must(RecordWriter::open(path, {}));
      EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
      EXPECT_OK(writer.commit({{4, bytes_of(Row{4, value})}}));
    }
    std::string journal = slurp(path + ".journal");
    const auto second = journal.find("TXN1", 1028);
    ASSERT_NE(second, std::string::npos);
    const auto size_at = [&](std::size_t at) {
      return static_cast<std::size_t>(load_big<std::uint64_t>(&journal[at]));
    };
    const auto end = second + 44 + size_at(second + 28) + size_at(second + 36) + 4;  // head, changes, rows, check
    if (journal[end - 1] != 0) continue;
    journal.replace(512, 512, 512, '\0');
    journal[1024 + 50] ^= 1;
    std::filesystem::remove(path + ".lock");
    spill(path, before);
    spill(path + ".journal", journal);
    EXPECT_EQ(writer_status().code(), Code::corrupt);
    EXPECT_EQ(slurp(path + ".journal"), journal);
    return;
  }
  FAIL() << "no check ends in a zero";
}

// Whole transactions behind a damaged one were acknowledged: each was synced before the next was written. A writer that cannot
// have them clears nothing. In each kind of change one byte of the first is damaged, and of each in turn the file lacks a part.
TEST_F(Recovery, AcknowledgedChangesBehindADamagedOneAreNeverCleared) {
  make(path, 10);
  const std::string before = slurp(path);
  const auto many = [](RecordWriter& writer) {
    return writer.commit_many([row = 0](RowChange& change) mutable -> Result<bool> {
      change = {row, bytes_of(Row{row, 30})};
      return row++ < 5;
    });
  };
  const std::vector<std::function<Status(RecordWriter&)>> kinds = {[](RecordWriter& writer) {
                                                                     return writer.commit({{4, bytes_of(Row{4, 9})}});
                                                                   },
                                                                   [](RecordWriter& writer) {
                                                                     return writer.commit({}, bytes_of(Row{10, 9}));
                                                                   },
                                                                   many};
  for (const auto& kind : kinds) {
    for (const char* ending : {"", ".journal", ".lock"}) std::filesystem::remove(path + ending);
    spill(path, before);
    {
      auto writer = must(RecordWriter::open(path, {}));
      EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
      EXPECT_OK(kind(writer));
    }
    const std::string after = slurp(path), whole = slurp(path + ".journal");
    std::string journal = whole;
    journal.replace(512, 512, 512, '\0');  // another boot
    journal[1024 + 50] ^= 1;
    const auto found = [&](const std::string& rows) {
      std::filesystem::remove(path + ".lock");
      spill(path, rows);
      spill(path + ".journal", journal);
      return writer_status();
    };
    const Status refused = found(before);
    EXPECT_EQ(refused.code(), Code::corrupt);
    EXPECT_THAT(refused.text(), HasSubstr("d.db.journal: damaged"));
    EXPECT_THAT(refused.text(), HasSubstr("imcheck -repair"));
    EXPECT_EQ(slurp(path), before);
    EXPECT_EQ(slurp(path + ".journal"), journal);
    EXPECT_EQ(writer_status().code(), Code::corrupt) << "and so it stays";
    // The machine goes on, the lock was left in order, and a page of the journal has rotted: its front, and the hint with it.
    {
      spill(path, before);
      spill(path + ".journal", whole);
      std::filesystem::remove(path + ".lock");
      EXPECT_OK(writer_status());
      scribble(path + ".journal", 0, std::string(1024 + 60, '\0'));
      const std::string rotten = slurp(path + ".journal");
      EXPECT_OK(writer_status());  // all is in the file
      EXPECT_NE(slurp(path + ".journal"), rotten);
    }
    EXPECT_OK(found(after));  // the same
    // A last one that is damaged is what a power cut leaves.
    journal = whole;
    journal.replace(512, 512, 512, '\0');
    journal[whole.find("TXN", 1028) + 45] ^= 1;
    EXPECT_OK(found(before));
    Rows expected = some(10);
    expected[3].value = 9;
    EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  }
}

TEST_F(Recovery, ADamagedIdentityIsToldAndNothingIsZeroed) {
  make(path, 10);
  std::filesystem::remove(path + ".lock");
  std::string bytes = slurp(path);
  const auto uuid = static_cast<std::size_t>(cards_at(path, "FILEUUID")) + 11;
  bytes[uuid] = bytes[uuid] == '0' ? '1' : '0';
  spill(path, bytes);
  EXPECT_EQ(open_status().code(), Code::corrupt);
  EXPECT_EQ(writer_status().code(), Code::corrupt);
  EXPECT_EQ(slurp(path), bytes);
}

TEST_F(Recovery, ADamagedCheckOfTheCountAndARottenRecordLoseNothingElse) {
  make(path, 10);
  std::string bytes = slurp(path);
  const auto check = static_cast<std::size_t>(cards_at(path, "NAXIS2")) + 46;
  bytes[check] = bytes[check] == '0' ? '1' : '0';
  bytes[static_cast<std::size_t>(place(3)) + 9] ^= 1;
  spill(path, bytes);
  std::filesystem::remove(path + ".lock");
  for (int round = 0; round < 2; ++round) {
    const auto file = must(RecordFile::open(path));
    EXPECT_EQ(file.count(), 10);
    Record copy = file.make_record();
    EXPECT_EQ(file.read(3, copy).code(), Code::corrupt);
    EXPECT_OK(file.read(9, copy));
    EXPECT_OK(writer_status());  // brings the file in order for the second round
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".lost"));
}

TEST_F(Recovery, ARowThatIsAheadOfTheFileGetsANewerNumberAllTheSame) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    for (int i = 1; i <= 5; ++i) EXPECT_OK(writer.commit({{3, bytes_of(Row{3, i})}}));
  }
  std::filesystem::remove(path + ".journal");  // as our own messages advise in other cases
  const std::string before = slurp(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 77})}}));
  }
  spill(path, before);  // a power cut: in place it had not reached the disk
  scribble(path + ".journal", 512, std::string(512, '\0'));
  std::filesystem::remove(path + ".lock");
  Rows expected = some(10);
  expected[3].value = 77;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  EXPECT_OK(writer_status());
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

// Dies behind the sync of an append, before its count is written.
struct DyingBeforeTheCount : IoObserver {
  bool synced = false;
  int before(const IoOperation& operation) override {
    if (synced) ::kill(::getpid(), SIGKILL);
    synced = operation.kind == IoOperation::Kind::sync_data;
    return 0;
  }
};

// Looks at the file as a reader before each operation of another.
struct Watching : IoObserver {
  explicit Watching(std::string p) : path(std::move(p)) {}
  std::string path;
  std::vector<std::int64_t> counts;
  int before(const IoOperation& /*operation*/) override {
    counts.push_back(must(RecordFile::open(path)).count());
    return 0;
  }
};

TEST_F(Recovery, AReaderNeverSeesRowsGoAway) {
  for (const bool power_cut : {false, true}) {
    SCOPED_TRACE(power_cut ? "power cut" : "killed");
    Folder other;
    const std::string file = other / "a.db";
    make(file, 10);
    const pid_t child = ::fork();
    if (child == 0) {
      DyingBeforeTheCount observer;
      RecordWriter::Options options;
      options.observer = &observer;
      auto writer = RecordWriter::open(file, options);
      if (writer.ok()) (void)writer->append(bytes_of(Rows{{10, 1}, {11, 1}, {12, 1}}));
      ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    if (power_cut) {  // the machine was restarted: who knows whether the append was acknowledged?
      std::string lock = slurp(file + ".lock");
      const auto boot = lock.find("boot=");
      ASSERT_NE(boot, std::string::npos) << lock;
      lock.replace(boot + 5, 4, "0000");
      spill(file + ".lock", lock);
    }
    EXPECT_EQ(must(RecordFile::open(file)).count(), power_cut ? 13 : 10);
    Watching observer(file);
    RecordWriter::Options options;
    options.observer = &observer;
    auto writer = must(RecordWriter::open(file, options));
    observer.counts.push_back(must(RecordFile::open(file)).count());
    EXPECT_GE(observer.counts.size(), 3U);
    EXPECT_EQ(observer.counts.front(), 13);  // the one who recovers adds nothing, so all is believed that is whole
    EXPECT_TRUE(std::is_sorted(observer.counts.begin(), observer.counts.end()));
    EXPECT_EQ(rows_of(writer.file()).size(), 13U);
    // At work: an append that is not yet acknowledged is seen by nobody.
    observer.counts.clear();
    EXPECT_OK(writer.append(bytes_of(Row{13, 1})));
    EXPECT_EQ(observer.counts.back(), 13);
    EXPECT_EQ(must(RecordFile::open(file)).count(), 14);
  }
}

// Counts the syncs of the journal.
struct JournalSyncs : IoObserver {
  int syncs = 0;
  int before(const IoOperation& operation) override {
    if (operation.kind == IoOperation::Kind::sync_data && operation.path.ends_with(".journal")) ++syncs;
    return 0;
  }
};

TEST_F(Recovery, RecoveryPutsTheJournalOnTheDiskAsItSawIt) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
  }
  std::filesystem::remove(path + ".lock");  // it died, perhaps between the journal's write and its sync
  JournalSyncs observer;
  RecordWriter::Options options;
  options.observer = &observer;
  { EXPECT_OK(RecordWriter::open(path, options).status()); }
  EXPECT_EQ(observer.syncs, 1);
  { EXPECT_OK(RecordWriter::open(path, options).status()); }
  EXPECT_EQ(observer.syncs, 1);  // after a clean end there is nothing to settle
}

TEST_F(Recovery, ARestartOfTheMachineIsToldOnlyWhenSomethingWasFinished) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
  }
  // Another boot: neither the hint nor the clean end counts, but everything is in the file.
  scribble(path + ".journal", 512, std::string(512, '\0'));
  std::filesystem::remove(path + ".lock");
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_TRUE(writer.notes().empty()) << writer.notes()[0];
  }
  EXPECT_NE(slurp(path + ".journal").substr(512, 36), std::string(36, '\0'));  // the hint is of this boot again
}

TEST_F(Recovery, AJournalOfANewerProgramIsRefused) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
  }
  std::string head = slurp(path + ".journal").substr(0, 40);
  head[11] = 3;
  const std::string uuid = head.substr(12, 16);
  store_big(head.data() + 36, crc32c(crc32c(0, uuid.data(), 16), head.data(), 36));
  scribble(path + ".journal", 0, head);
  EXPECT_EQ(open_status().code(), Code::mismatch);
  EXPECT_THAT(open_status().text(), HasSubstr("newer imreg"));
  EXPECT_EQ(writer_status().code(), Code::mismatch);
}

TEST_F(Recovery, ANewDatabaseDoesNotTakeOverAJournal) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
  }
  std::filesystem::rename(path, folder / "moved.db");
  const std::string journal = slurp(path + ".journal");
  EXPECT_EQ(RecordWriter::create(path, tiny(), {}).code(), Code::mismatch);
  EXPECT_EQ(slurp(path + ".journal"), journal);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Recovery, ANewDatabaseTakesOverAJournalThatIsEmpty) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
    EXPECT_OK(writer.trim());
  }
  std::filesystem::remove(path);  // somebody begins anew, and forgets the journal
  make(path, 5);
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), some(5));
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{2, bytes_of(Row{2, 9})}}, bytes_of(Row{5, 1})));
  }
  Rows expected = some(6);
  expected[2].value = 9;
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
  scribble(path + ".journal", 512, std::string(512, '\0'));
  std::filesystem::remove(path + ".lock");
  EXPECT_OK(writer_status());
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), expected);
}

TEST_F(Recovery, AFileOfTwoNamesIsReadOnly) {
  make(path, 3);
  const std::string other = folder / "other.db";
  std::filesystem::create_hard_link(path, other);
  for (const auto& name : {path, other}) {
    const Status refused = RecordWriter::open(name, {}).status();
    EXPECT_EQ(refused.code(), Code::invalid);
    EXPECT_THAT(refused.text(), HasSubstr("has 2 names (hard links)"));
    EXPECT_EQ(rows_of(must(RecordFile::open(name))).size(), 3U);
  }
  EXPECT_FALSE(std::filesystem::exists(other + ".lock"));
  std::filesystem::remove(other);
  EXPECT_OK(writer_status());
}

TEST_F(Recovery, AClosedWriterWritesNothing) {
  make(path, 3);
  auto first = must(RecordWriter::open(path, {}));
  first.close();
  auto second = must(RecordWriter::open(path, {}));
  EXPECT_OK(second.append(bytes_of(Row{3, 1})));
  EXPECT_EQ(first.append(bytes_of(Row{3, 5})).code(), Code::invalid);
  EXPECT_EQ(first.commit({{0, bytes_of(Row{0, 5})}}).code(), Code::invalid);
  EXPECT_EQ(first.trim().code(), Code::invalid);
  EXPECT_EQ(rows_of(second.file()).size(), 4U);
}

TEST_F(Recovery, ATrimWithNothingNewChangesNoByte) {
  make(path, 10);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 9})}}));
    EXPECT_OK(writer.trim());
  }
  const std::string before = slurp(path);
  {
    auto writer = must(RecordWriter::open(path, {}));
    EXPECT_OK(writer.trim());
  }
  EXPECT_EQ(slurp(path), before);
}

}  // namespace
}  // namespace imreg::testing
