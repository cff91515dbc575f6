// The record file against a vector: random appends, commits, trims, checkpoints, clean and unclean reopening.
#include <rapidcheck.h>

#include <cerrno>

#include "os/file.h"
#include "record_fixture.h"

namespace imreg::testing {
namespace {

struct Step {
  enum Kind { append, commit, trim, checkpoint, reopen, died } kind = append;
  int added = 0;
  std::vector<std::pair<int, int>> changes;  // row (modulo the count), new value
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  out << "step " << step.kind << " added " << step.added << " changes";
  for (const auto& [row, value] : step.changes) out << ' ' << row << '=' << value;
  return out;
}

rc::Gen<Step> any_step() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::element(Step::append, Step::append, Step::commit, Step::commit, Step::commit,
                                                 Step::trim, Step::checkpoint, Step::reopen, Step::died)),
      rc::gen::set(&Step::added,
                   rc::gen::weightedOneOf<int>({{9, rc::gen::inRange(0, 12)}, {1, rc::gen::inRange(4000, 9000)}})),
      rc::gen::set(&Step::changes, rc::gen::container<std::vector<std::pair<int, int>>>(
                                       rc::gen::pair(rc::gen::inRange(0, 40), rc::gen::inRange(0, 5)))));
}

TEST(RecordModel, RandomHistories) {
  EXPECT_TRUE(rc::check("a record file is a vector of rows", [] {
    Folder folder;
    const std::string path = folder / "m.db";
    const RecordWriter::Options options;
    RC_ASSERT(RecordWriter::create(path, tiny(), options).ok());
    auto writer = must(RecordWriter::open(path, options));
    Rows model;
    std::int64_t last_change = 0;
    const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
    for (const auto& step : steps) {
      Rows added;
      for (int i = 0; i < step.added; ++i) added.push_back({static_cast<std::int64_t>(model.size()) + i, 7});
      switch (step.kind) {
        case Step::append:
          RC_ASSERT(writer.append(bytes_of(added)).ok());
          model.insert(model.end(), added.begin(), added.end());
          break;
        case Step::commit: {
          std::vector<RowChange> changes;
          Rows after = model;
          for (const auto& [row, value] : step.changes) {
            if (model.empty()) break;
            auto& changed = after[static_cast<std::size_t>(row) % model.size()];
            changed.value = value;
            changes.push_back(
                {static_cast<std::int64_t>(static_cast<std::size_t>(row) % model.size()), bytes_of(changed)});
          }
          RC_ASSERT(writer.commit(changes, bytes_of(added)).ok());
          model = after;
          model.insert(model.end(), added.begin(), added.end());
          break;
        }
        case Step::trim: {
          RC_ASSERT(writer.trim().ok());
          const auto end = kData + static_cast<std::int64_t>(model.size()) * 56;
          RC_ASSERT(static_cast<std::int64_t>(std::filesystem::file_size(path)) == (end + 2879) / 2880 * 2880);
          break;
        }
        case Step::checkpoint: RC_ASSERT(writer.checkpoint().ok()); break;
        case Step::reopen:
        case Step::died:
          writer.close();
          if (step.kind == Step::died) spill(path + ".lock", "held by nobody");
          writer = must(RecordWriter::open(path, options));
          break;
      }
      RC_ASSERT(rows_of(writer.file()) == model);
      const auto reader = must(RecordFile::open(path));
      RC_ASSERT(rows_of(reader) == model);
      RC_ASSERT(reader.change_number() >= last_change);
      RC_ASSERT(reader.change_number() == writer.file().change_number());
      last_change = reader.change_number();
    }
  }));
}

TEST(RecordModel, ALongJournalIsEmptiedByItself) {
  Folder folder;
  const std::string path = folder / "long.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  Rows rows;
  for (int i = 0; i < 30000; ++i) rows.push_back({i, 0});
  EXPECT_OK(writer.append(bytes_of(rows)));
  for (int round = 1; round <= 4; ++round) {
    std::vector<RowChange> changes;
    for (auto& row : rows) {
      row.value = round * 0x0101010101;
      changes.push_back({row.id, bytes_of(row)});
    }
    EXPECT_OK(writer.commit(changes));
  }
  EXPECT_LT(std::filesystem::file_size(path + ".journal"), 24u << 20);
  writer.close();
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), rows);
}

TEST(RecordWriter, RefusesWhatMakesNoSense) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  EXPECT_EQ(RecordWriter::create(path, tiny(), {}).code(), Code::invalid);
  Schema without = tiny();
  without.fields.pop_back();
  EXPECT_EQ(RecordWriter::create(folder / "b.db", without, {}).code(), Code::invalid);
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_OK(writer.append(bytes_of(Rows{{0, 1}, {1, 1}})));
  EXPECT_EQ(writer.append(bytes_of(Row{2, 1}).substr(1)).code(), Code::invalid);
  EXPECT_EQ(writer.commit({}, bytes_of(Row{2, 1}) + "x").code(), Code::invalid);
  EXPECT_EQ(writer.commit({{2, bytes_of(Row{2, 1})}}).code(), Code::invalid);
  EXPECT_EQ(writer.commit({{-1, bytes_of(Row{2, 1})}}).code(), Code::invalid);
  EXPECT_EQ(writer.commit({{0, "short"}}).code(), Code::invalid);
  EXPECT_EQ(rows_of(writer.file()), (Rows{{0, 1}, {1, 1}}));
  Record copy = writer.file().make_record();
  EXPECT_EQ(writer.file().read(2, copy).code(), Code::invalid);
  EXPECT_EQ(writer.file().read(-1, copy).code(), Code::invalid);
}

TEST(RecordWriter, EveryNameOfAFileHasTheSameLockAndJournal) {
  Folder folder;
  const std::string path = folder / "real.db";
  const std::string link = folder / "link.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  std::filesystem::create_symlink("real.db", link);
  auto writer = must(RecordWriter::open(link, {}));
  EXPECT_OK(writer.append(bytes_of(Row{0, 1})));
  EXPECT_OK(writer.commit({{0, bytes_of(Row{0, 2})}}));
  EXPECT_TRUE(std::filesystem::exists(path + ".journal"));
  EXPECT_FALSE(std::filesystem::exists(link + ".journal"));
  RecordWriter::Options hasty;
  hasty.wait_seconds = 0;
  EXPECT_EQ(RecordWriter::open(path, hasty).status().code(), Code::busy);
}

// A disk on which files cannot grow beyond a size.
struct SmallDisk : IoObserver {
  std::int64_t limit = 0;
  int before(const IoOperation& operation) override {
    return operation.kind == IoOperation::Kind::allocate && operation.offset > limit ? ENOSPC : 0;
  }
};

TEST(RecordWriter, AnAlmostFullDiskTakesWhatFits) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  SmallDisk disk;
  disk.limit = kData + 2880;  // room for 51 records, far below what is taken ahead
  RecordWriter::Options options;
  options.observer = &disk;
  {
    auto writer = must(RecordWriter::open(path, options));
    for (int i = 0; i < 51; ++i) EXPECT_OK(writer.append(bytes_of(Row{i, 1})));
    EXPECT_OK(writer.commit({{3, bytes_of(Row{3, 2})}}));
    const Status full = writer.append(bytes_of(Row{51, 1}));
    EXPECT_EQ(full.code(), Code::io);
    EXPECT_THAT(full.text(), ::testing::HasSubstr("No space left on device"));
    disk.limit += 2880;
    EXPECT_OK(writer.append(bytes_of(Row{51, 1})));  // nothing was harmed
  }
  const auto rows = rows_of(must(RecordFile::open(path)));
  ASSERT_EQ(rows.size(), 52U);
  EXPECT_EQ(rows[3], (Row{3, 2}));
}

TEST(RecordFile, RunsAndPeeksTogetherShowEveryRowBesideAWriter) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  Rows wanted;
  for (int i = 0; i < 40; ++i) wanted.push_back({i, 0});
  EXPECT_OK(writer.append(bytes_of(wanted)));
  for (const int row : {0, 7, 8, 20, 39}) {
    wanted[static_cast<std::size_t>(row)].value = 5;
    EXPECT_OK(writer.commit({{row, bytes_of(Row{row, 5})}}));
  }
  const auto file = must(RecordFile::open(path));  // the writer lives: its changes are in the journal too
  Record scratch = file.make_record();
  Rows seen;
  int runs = 0;
  for (std::int64_t row = 0; row < file.count(); ++row) {
    const auto run = file.run_in_place(row);
    runs += run.end > row ? 1 : 0;
    for (const char* bytes = run.bytes; row < run.end; ++row, bytes += 56)
      seen.push_back({RecordView(bytes)[kId], RecordView(bytes)[kValue]});
    if (row == file.count()) break;
    const RecordView record = file.peek(row, scratch);
    seen.push_back({record[kId], record[kValue]});
  }
  EXPECT_EQ(seen, wanted);
  EXPECT_EQ(runs, 3);  // 1-6, 9-19, 21-38
}

}  // namespace
}  // namespace imreg::testing
