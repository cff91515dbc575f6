// The pieces of immv and imrm alone: X.db.moving with any bytes and damaged, trees of files, two rows that become one.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>

#include "../folder.h"
#include "archive/file_tree.h"
#include "archive/move_rows.h"
#include "archive/moving_file.h"
#include "formats/regimage.h"
#include "imreg/history.h"
#include "imreg/move_files.h"
#include "registry/image_row.h"

namespace imreg::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

#define EXPECT_OK(expr)                              \
  do {                                               \
    const ::imreg::Status ok_status = (expr);        \
    EXPECT_TRUE(ok_status.ok()) << ok_status.text(); \
  } while (false)

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
std::string got(const std::string& path) { return read_file(path).value_or("none"); }

// --- X.db.moving

Moving example() {
  Moving out;
  out.action = Moving::Action::remove;
  out.phase = Moving::Phase::copying;
  out.program = "imrm";
  out.command = "imrm -r a\nb \xff";
  out.items = {{"/a/\n\xff", "/b", "", true, 0xffffffffffffffffU}, {"/c", "/d", "/e", false, 12}};
  return out;
}

TEST(MovingFile, SaysWhatWasWritten) {
  const auto read = read_moving(text_of(example()));
  ASSERT_TRUE(read.ok()) << read.status().text();
  EXPECT_EQ(text_of(*read), text_of(example()));
  EXPECT_EQ(read->items[0].inode, 0xffffffffffffffffU);
  EXPECT_EQ(read->items[0].from, "/a/\n\xff");
  EXPECT_TRUE(read->items[0].folder);
  EXPECT_EQ(read->items[1].temporary, "/e");
  EXPECT_EQ(read->phase, Moving::Phase::copying);
  EXPECT_EQ(read->action, Moving::Action::remove);
}

TEST(MovingFile, NoDamageIsTakenForContent) {
  const std::string text = text_of(example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char bit : {1, 16, 64}) {
      std::string bad = text;
      bad[i] = static_cast<char>(bad[i] ^ bit);
      EXPECT_FALSE(read_moving(bad).ok()) << "byte " << i;
    }
    EXPECT_FALSE(read_moving(text.substr(0, i)).ok()) << "cut at " << i;
  }
  EXPECT_EQ(read_moving("imreg moving 2 00000000\n").status().code(), Code::mismatch);
}

TEST(MovingFile, IsBusyWhileItsProgramLivesAndFoundBehindIt) {
  const Folder folder;
  const std::string db = folder / "x.db";
  put(db, "");
  ASSERT_EQ(::chmod(db.c_str(), 0640), 0);
  EXPECT_FALSE(*MovingFile::find(db, nullptr));
  {
    auto made = MovingFile::create(db, example(), nullptr);
    ASSERT_TRUE(made.ok()) << made.status().text();
    EXPECT_EQ(MovingFile::find(db, nullptr).status().code(), Code::busy);
    EXPECT_OK(made->enter(Moving::Phase::emptying));
    EXPECT_EQ(MovingFile::find(db, nullptr).status().code(), Code::busy) << "the new one is locked too";
    EXPECT_EQ(look_at(made->path())->st_mode & 0777, 0640U) << "made like the database";
  }
  auto found = MovingFile::find(db, nullptr);
  ASSERT_TRUE(found.ok() && *found) << found.status().text();
  EXPECT_EQ((*found)->content().phase, Moving::Phase::emptying);
  EXPECT_OK((*found)->remove());
  EXPECT_FALSE(*MovingFile::find(db, nullptr));
  put(moving_path(db), "imreg moving 1 rubbish");
  const auto bad = MovingFile::find(db, nullptr);
  EXPECT_EQ(bad.status().code(), Code::corrupt);
  EXPECT_THAT(bad.status().text(), HasSubstr("x.db.moving: is damaged"));
}

// --- trees

class Tree : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkdir((folder / "a").c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((folder / "a/in").c_str(), 0700), 0);
    put(folder / "a/one", "1");
    put(folder / "a/in/two", std::string(9 << 20, '2'));
    ASSERT_EQ(::chmod((folder / "a/in/two").c_str(), 0604), 0);
    ASSERT_EQ(::symlink("two", (folder / "a/in/link").c_str()), 0);
    std::int64_t bytes = 0;
    EXPECT_OK(copy_tree(folder / "a", folder / "b", nullptr, [&](std::int64_t n) { bytes += n; }));
    EXPECT_EQ(bytes, (9 << 20) + 1);
  }
  const Folder folder;
};

TEST_F(Tree, ACopyIsTheSameAndTheRestGoes) {
  EXPECT_OK(compare_trees(folder / "a", folder / "b"));
  EXPECT_EQ(got(folder / "b/in/two"), std::string(9 << 20, '2'));
  EXPECT_EQ(look_at(folder / "b/in/two")->st_mode & 0777, 0604U);
  EXPECT_EQ(look_at(folder / "b/in")->st_mode & 0777, 0700U);
  EXPECT_EQ(look_at(folder / "b/in/two")->st_mtim.tv_nsec, look_at(folder / "a/in/two")->st_mtim.tv_nsec);
  std::vector<std::string> left;
  EXPECT_OK(remove_copied(folder / "a", folder / "b", nullptr, left));
  EXPECT_THAT(left, IsEmpty());
  EXPECT_FALSE(exists(folder / "a"));
  EXPECT_OK(remove_tree(folder / "b", nullptr));
  EXPECT_FALSE(exists(folder / "b"));
  EXPECT_OK(remove_tree(folder / "b", nullptr));
}

TEST_F(Tree, WhatChangedMeanwhileIsSeenAndStays) {
  put(folder / "a/in/new", "new");
  EXPECT_EQ(compare_trees(folder / "a", folder / "b").code(), Code::mismatch);
  put(folder / "a/one", "other");
  EXPECT_THAT(compare_trees(folder / "a", folder / "b").file(), HasSubstr("a/in/new"));
  std::vector<std::string> left;
  EXPECT_OK(remove_copied(folder / "a", folder / "b", nullptr, left));
  EXPECT_THAT(left, ElementsAre(folder / "a/one", folder / "a/in/new"));
  EXPECT_EQ(got(folder / "a/one"), "other");
  EXPECT_EQ(got(folder / "a/in/new"), "new");
  EXPECT_FALSE(exists(folder / "a/in/two"));
  EXPECT_EQ(got(folder / "b/one"), "1");
}

TEST_F(Tree, ANameIsNeverTakenFromAnother) {
  const Status taken = rename_to_free(folder / "a/one", folder / "b/one", nullptr);
  EXPECT_THAT(taken.text(), HasSubstr("File exists"));
  EXPECT_EQ(got(folder / "a/one"), "1");
  EXPECT_FALSE(copy_tree(folder / "a/one", folder / "b/one", nullptr, {}).ok());
  EXPECT_OK(rename_to_free(folder / "a/one", folder / "b/free", nullptr));
  EXPECT_EQ(got(folder / "b/free"), "1");
}

// --- rows

class Rows : public ::testing::Test {
 protected:
  static Record row(const std::string& folder, const std::string& name, double regtime, float bias,
                    bool deleted = false) {
    Record out(regimage::kRecordSize);
    EXPECT_TRUE(out.set(regimage::kPathname, folder));
    EXPECT_TRUE(out.set(regimage::kFilename, name));
    out.set(regimage::kRegtime, regtime);
    out.set(regimage::kFilesize, 7);
    out.set(regimage::kFingerprint, 9);
    out.set(regimage::kMtime, 5.0);
    out.set(regimage::kBias, bias);
    out.set(regimage::kDeleted, deleted);
    set_statistic_state(out, Statistic::bias,
                        std::isnan(bias) ? StatisticState::not_measured : StatisticState::measured);
    return out;
  }
  void add(const std::vector<Record>& rows) {
    EXPECT_OK(RecordWriter::create(db, *builtin_format(regimage::kFormat, regimage::kVersion), {}));
    auto writer = RecordWriter::open(db, {});
    for (const auto& one : rows) EXPECT_OK(writer->append(one.bytes()));
  }
  Result<std::int64_t> move(const std::vector<MovingItem>& items, Moving::Action action = Moving::Action::move) {
    Moving moving;
    moving.action = action;
    moving.program = "immv";
    auto writer = RecordWriter::open(db, {});
    return commit_move(*writer, *PathRoots::load(db), {moving, items});
  }
  struct Seen {
    std::string path;
    bool deleted;
    float bias;
  };
  std::vector<Seen> seen() const {
    std::vector<Seen> out;
    const auto file = RecordFile::open(db);
    Record copy = file->make_record();
    for (std::int64_t i = 0; i < file->count(); ++i) {
      EXPECT_OK(file->read(i, copy));
      out.push_back({std::string(copy[regimage::kPathname]) + "/" + std::string(copy[regimage::kFilename]),
                     copy[regimage::kDeleted], copy[regimage::kBias]});
    }
    return out;
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    for (const auto& one : seen()) out.push_back((one.deleted ? "-" : "") + one.path);
    return out;
  }
  const Folder folder;
  std::string db = folder / "x.db";
  static constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
};

// Its file was registered at the new place before the rows moved: statistics and the first registration stay.
TEST_F(Rows, OneImageHasOneRowWhicheverCameFirst) {
  for (const bool moved_first : {true, false}) {
    db = folder / (moved_first ? "first.db" : "second.db");
    const Record old_row = row("/none/a", "x", 100, 3.5F), fresh = row("/none/b", "x", 200, kNone);
    add(moved_first ? std::vector{old_row, fresh} : std::vector{fresh, old_row});
    EXPECT_EQ(move({{"/none/a", "/none/b", "", true, 1}}).value_or(-1), 2);
    const auto now = seen();
    const auto live = now[moved_first ? 0 : 1], gone = now[moved_first ? 1 : 0];
    EXPECT_EQ(live.path, "/none/b/x");
    EXPECT_EQ(live.bias, 3.5F);
    EXPECT_FALSE(live.deleted);
    EXPECT_EQ(gone.path, "/none/a/x") << "keys stay different";
    EXPECT_TRUE(gone.deleted);
    EXPECT_EQ(move({{"/none/a", "/none/b", "", true, 1}}).value_or(-1), 0) << "done again it does nothing";
  }
}

// A file that was registered by two ways to its folder is one image, and gets one row: the older, with its statistics.
TEST_F(Rows, AFileThatIsRegisteredByALinkTooHasOneRow) {
  ASSERT_EQ(::mkdir((folder / "real").c_str(), 0755), 0);
  ASSERT_EQ(::symlink((folder / "real").c_str(), (folder / "link").c_str()), 0);
  const std::string by_link = folder / "link", itself = folder / "real";
  int number = 0;
  for (const bool link_first : {true, false}) {
    for (const bool gone : {true, false}) {          // the newer row is deleted
      for (const bool in_the_way : {true, false}) {  // and a deleted one stands at the new place
        db = folder / ("link" + std::to_string(number++) + ".db");
        const auto& [first, second] = link_first ? std::pair(by_link, itself) : std::pair(itself, by_link);
        add({row(first, "x", 100, 3.5F), row(second, "x", 200, kNone, gone),
             row("/none", in_the_way ? "x" : "else", 50, 1.F, in_the_way), row(second, "y", 7, kNone)});
        const std::vector<MovingItem> items{{by_link + "/x", "/none/x", "", false, 1}};
        EXPECT_EQ(move(items).value_or(-1), 1 + (gone ? 0 : 1) + (in_the_way ? 1 : 0));
        EXPECT_THAT(paths(), ElementsAre("/none/x", "-" + second + "/x", in_the_way ? "-" + first + "/x" : "/none/else",
                                         second + "/y"));
        EXPECT_EQ(seen()[0].bias, 3.5F);
        EXPECT_EQ(move(items).value_or(-1), 0) << "done again it does nothing";
      }
    }
  }
}

// What was copied and is registered again, at its old place, before it is removed.
TEST_F(Rows, TheOlderRowCountsAlsoWhenItHasMovedAlready) {
  add({row("/none/b", "x", 100, 3.5F), row("/none/a", "x", 200, kNone)});
  EXPECT_EQ(move({{"/none/a/x", "/none/b/x", "/none/b/t", false, 1}}).value_or(-1), 1);
  EXPECT_THAT(paths(), ElementsAre("/none/b/x", "-/none/a/x"));
  EXPECT_EQ(seen()[0].bias, 3.5F);
}

TEST_F(Rows, ADeletedRowMakesRoom) {
  add({row("/none/a", "x", 1, kNone), row("/none/b", "x", 2, kNone, true), row("/none/c", "x", 3, kNone)});
  EXPECT_EQ(move({{"/none/a/x", "/none/b/x", "", false, 1}}).value_or(-1), 2);
  EXPECT_THAT(paths(), ElementsAre("/none/b/x", "-/none/a/x", "/none/c/x"));
  // A deleted one never pushes a living one away.
  EXPECT_EQ(move({{"/none/a/x", "/none/c/x", "", false, 1}}).value_or(-1), 0);
  EXPECT_THAT(paths(), ElementsAre("/none/b/x", "-/none/a/x", "/none/c/x"));
}

TEST_F(Rows, AFileThatIsAtTheOldPlaceAgainKeepsItsRow) {
  ASSERT_EQ(::mkdir((folder / "a").c_str(), 0755), 0);
  put(folder / "a/again", "new");
  add({row(folder / "a", "again", 1, kNone), row(folder / "a", "moved", 1, kNone),
       row(folder / "ab", "like", 1, kNone)});
  const std::vector<MovingItem> items{{folder / "a", folder / "b", "", true, 1}};
  EXPECT_EQ(move(items).value_or(-1), 1);
  EXPECT_THAT(paths(), ElementsAre(folder / "a/again", folder / "b/moved", folder / "ab/like"));
  EXPECT_EQ(move({{folder / "a", folder / "t", "", true, 1}}, Moving::Action::remove).value_or(-1), 0);
  std::remove((folder / "a/again").c_str());
  EXPECT_EQ(move({{folder / "a", folder / "t", "", true, 1}}, Moving::Action::remove).value_or(-1), 1);
  EXPECT_THAT(paths(), ElementsAre("-" + (folder / "a/again"), folder / "b/moved", folder / "ab/like"));
  const auto history = History::load(*RecordFile::open(db));
  ASSERT_EQ(history->changes().size(), 2U);
  EXPECT_EQ(history->changes()[0].kind, BulkChange::Kind::move);
  EXPECT_EQ(history->changes()[1].kind, BulkChange::Kind::unlink);
}

TEST_F(Rows, NothingChangesWhenOneDoesNotFit) {
  add({row("/none/a", "x", 1, kNone), row("/none/a/" + std::string(100, 'd'), "y", 1, kNone)});
  const auto moved = move({{"/none/a", "/none/" + std::string(60, 'e'), "", true, 1}});
  EXPECT_THAT(moved.status().text(), HasSubstr("define a path root"));
  EXPECT_THAT(paths(), ElementsAre("/none/a/x", "/none/a/" + std::string(100, 'd') + "/y"));
}

TEST(MoveReport, IsOneObjectAlsoOfAFailure) {
  MoveReport report;
  report.database = "x.db";
  report.failure = Status(Code::io, "a \"quoted\"\nline");
  EXPECT_EQ(report_json(report),
            "{\"database\":\"x.db\",\"action\":\"move\",\"done\":false,\"names\":[],\"rows\":0,\"bytes_copied\":0,"
            "\"refused\":[],\"notes\":[],\"error\":\"a \\\"quoted\\\"\\u000aline\"}\n");
}

}  // namespace
}  // namespace imreg::archive
