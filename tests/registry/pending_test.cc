// X.db.pending beside those who take only its own lock: imcheck, which compacts it, and who lists and forgets.
#include "registry/pending_statistics.h"

#include <gmock/gmock.h>

#include "../folder.h"
#include "formats/regimage.h"
#include "imreg/backup.h"

namespace imreg {
namespace {

ImageStatistics entry_named(const std::string& name, float sky) {
  ImageStatistics out;
  out.path = "/data/" + name;
  out.sky = {ImageStatistics::State::measured, sky};
  return out;
}

std::vector<std::string> waiting(const std::string& database) {
  std::vector<std::string> out;
  const auto entries = pending_statistics(database);
  EXPECT_TRUE(entries.ok()) << entries.status().text();
  if (entries) {
    for (const auto& entry : *entries) out.push_back(entry.path);
  }
  return out;
}

TEST(Pending, CompactedBetweenLoadAndDoneKeepsWhatWasNotGiven) {
  const Folder folder;
  StatisticsOptions options;
  options.database = folder / "x.db";
  std::vector<std::string> notes;
  const PathRoots roots;
  ASSERT_TRUE(
      add_pending(options, roots, {entry_named("gone", 1), entry_named("a", 2), entry_named("b", 3)}, notes).ok());
  const auto forgotten = forget_pending(options, "gone", notes);
  ASSERT_TRUE(forgotten.ok()) << forgotten.status().text();
  ASSERT_EQ(forgotten->size(), 1u);
  PendingStatistics pending;
  ASSERT_TRUE(pending.load(options.database, roots, {"a"}).ok());
  Record row(regimage::kRecordSize);
  ASSERT_TRUE(row.set(regimage::kPathname, "/data") && row.set(regimage::kFilename, "a"));
  ASSERT_EQ(pending.of_file({row.view()}, roots, notes).size(), 1u);
  EXPECT_TRUE(pending.of_file({row.view()}, roots, notes).empty()) << "given twice";
  ASSERT_TRUE(compact_database(pending_path(options.database)).ok());
  ASSERT_TRUE(pending.done(options, notes).ok());
  EXPECT_THAT(waiting(options.database), testing::ElementsAre("/data/a", "/data/b"));  // a is given again
  ASSERT_TRUE(pending.load(options.database, roots, {"a"}).ok());
  ASSERT_EQ(pending.of_file({row.view()}, roots, notes).size(), 1u);
  ASSERT_TRUE(pending.done(options, notes).ok());
  EXPECT_THAT(waiting(options.database), testing::ElementsAre("/data/b"));
  EXPECT_THAT(notes, testing::IsEmpty());
}

// Of one image, nothing that an earlier entry alone says is lost.
TEST(Pending, ReplacesOnlyWhatIsSaidAgain) {
  const Folder folder;
  StatisticsOptions options;
  options.database = folder / "x.db";
  std::vector<std::string> notes;
  const auto count_behind = [&](const ImageStatistics& one, const ImageStatistics& two) {
    EXPECT_TRUE(add_pending(options, {}, {one}, notes).ok());
    EXPECT_TRUE(add_pending(options, {}, {two}, notes).ok());
    const auto apart = waiting(options.database).size();
    EXPECT_EQ(forget_pending(options, "a", notes)->size(), apart);
    EXPECT_TRUE(add_pending(options, {}, {one, two}, notes).ok());
    EXPECT_EQ(waiting(options.database).size(), apart) << "at once, and one by one";
    EXPECT_EQ(forget_pending(options, "a", notes)->size(), apart);
    return apart;
  };
  const ImageStatistics sky = entry_named("a", 1);
  ImageStatistics both = sky, timed = sky, later = sky;
  both.bias = {ImageStatistics::State::failed};
  timed.file_size = later.file_size = 5;
  timed.mtime = 100;
  later.mtime = 200;
  EXPECT_EQ(count_behind(sky, sky), 1u);
  EXPECT_EQ(count_behind(sky, both), 1u);
  EXPECT_EQ(count_behind(both, sky), 2u);
  EXPECT_EQ(count_behind(timed, timed), 1u);
  EXPECT_EQ(count_behind(timed, later), 1u) << "the file has changed since";
  EXPECT_EQ(count_behind(later, timed), 2u) << "which one is right, the row tells";
  EXPECT_EQ(count_behind(timed, sky), 1u);
  EXPECT_EQ(count_behind(sky, timed), 2u) << "the file may be another one";
}

}  // namespace
}  // namespace imreg
