// Searches with an index against a naive loop: random rows, random changes by writers that keep the index in every way,
// random selections.
#include "index_fixture.h"

namespace imreg {
namespace {

// 100,000 queries: IMREG_QUERIES sets another number.
TEST_F(IndexTest, AgreesWithANaiveLoopAfterRandomChanges) {
  const char* wish = std::getenv("IMREG_QUERIES");
  const int queries = wish ? std::atoi(wish) : 100000;
  Dice dice(11);
  int used = 0, asked = 0;
  while (asked < queries) {
    ASSERT_NO_FATAL_FAILURE(change(dice));
    const auto file = RecordFile::open(path_);
    ASSERT_TRUE(file.ok());
    if (file->count() < 2001) continue;
    for (int i = 0; i < 500; ++i, ++asked) {
      bool with = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), i % 25 == 0, with)) << asked;
      used += with;
    }
    if (file->count() > 3000) SetUp();
  }
  EXPECT_GT(used, asked / 3);
}

TEST_F(IndexTest, IsNotBelievedWhenItIsDamagedForeignOrOld) {
  Dice dice(12);
  while (true) {
    ASSERT_NO_FATAL_FAILURE(change(dice));
    const auto file = RecordFile::open(path_);
    if (file->count() > 2500 && std::filesystem::exists(path_ + ".idx")) break;
  }
  const Spoiler index(path_ + ".idx");
  const auto file = RecordFile::open(path_);
  const std::string good = index.read();
  const auto answers_right = [&](const std::string& what) {
    for (int i = 0; i < 25; ++i) {
      bool used = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, used)) << what;
    }
  };
  for (int i = 0; i < 150; ++i) {
    std::string bad = good;
    const auto at = static_cast<std::size_t>(dice.below(static_cast<int>(bad.size())));
    bad[at] = static_cast<char>(bad[at] ^ (1 << dice.below(8)));
    index.write(bad);
    ASSERT_NO_FATAL_FAILURE(answers_right("bit at byte " + std::to_string(at)));
  }
  for (int i = 0; i < 40; ++i) {  // a page at the place of another, pages of zeros
    std::string bad = good;
    const int pages = static_cast<int>(bad.size() / 4096);
    const auto to = static_cast<std::size_t>(dice.below(pages)) * 4096,
               from = static_cast<std::size_t>(dice.below(pages)) * 4096;
    bad.replace(to, 4096, dice.below(2) ? good.substr(from, 4096) : std::string(4096, '\0'));
    index.write(bad);
    ASSERT_NO_FATAL_FAILURE(answers_right("page " + std::to_string(to)));
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{100}, std::size_t{4096}, good.size() / 2, good.size() - 1}) {
    index.write(good.substr(0, size));
    ASSERT_NO_FATAL_FAILURE(answers_right("cut at " + std::to_string(size)));
  }
  std::filesystem::remove(path_ + ".idx");
  std::filesystem::create_directory(path_ + ".idx");
  ASSERT_NO_FATAL_FAILURE(answers_right("a folder"));
  std::filesystem::remove(path_ + ".idx");
  index.write(good);
  ASSERT_NO_FATAL_FAILURE(answers_right("good"));

  // Another database with as many rows: its index does not fit, and theirs does not fit here.
  const std::string other = path_ + "2";
  ASSERT_TRUE(RecordWriter::create(other, schema(), {}).ok());
  {
    auto writer = RecordWriter::open(other, {});
    std::string rows;
    for (std::int64_t i = 0; i < file->count(); ++i) rows += random_row(dice, static_cast<int>(i));
    ASSERT_TRUE(writer->append(rows).ok());
    ASSERT_TRUE(rebuild_index(writer->file()).ok());
  }
  std::filesystem::copy_file(other + ".idx", path_ + ".idx", std::filesystem::copy_options::overwrite_existing);
  std::string why;
  EXPECT_FALSE(index::Index::open(*file, why));
  EXPECT_EQ(why, "it belongs to another database");
  ASSERT_NO_FATAL_FAILURE(answers_right("of another database"));
}

TEST_F(IndexTest, AnOldCopyOfEitherFileIsNoticed) {
  Dice dice(13);
  const auto rows = [&](int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += random_row(dice, i);
    return out;
  };
  const auto append = [&](const std::string& bytes) {
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->append(bytes).ok());
  };
  append(rows(3000));
  std::filesystem::copy_file(path_, path_ + ".backup", std::filesystem::copy_options::overwrite_existing);
  append(rows(1000));
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  const std::string index = Spoiler(path_ + ".idx").read();
  // The backup has fewer rows than the index; then others are added, as many and more.
  std::filesystem::copy_file(path_ + ".backup", path_, std::filesystem::copy_options::overwrite_existing);
  std::string why;
  EXPECT_FALSE(index::Index::open(*RecordFile::open(path_), why));
  EXPECT_EQ(why, "it covers more rows than there are");
  append(rows(1500));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".idx"));  // nobody kept it
  Spoiler(path_ + ".idx").write(index);                   // if it had stayed all the same
  EXPECT_FALSE(index::Index::open(*RecordFile::open(path_), why));
  EXPECT_EQ(why, "its last row is not that of the database");

  // Changed behind its back.
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  const std::string before = Spoiler(path_ + ".idx").read();
  {
    auto writer = RecordWriter::open(path_, {});
    ASSERT_TRUE(writer->commit({{5, rows(1)}}).ok());
  }
  Spoiler(path_ + ".idx").write(before);
  EXPECT_FALSE(index::Index::open(*RecordFile::open(path_), why));
  EXPECT_EQ(why, "rows were changed without it");
}

// A writer that is killed between its commit and its last word leaves an index that answers right.
TEST_F(IndexTest, AnnouncedChangesThatDidNotHappenDoNoHarm) {
  Dice dice(14);
  for (int i = 0; i < 8 || !std::filesystem::exists(path_ + ".idx"); ++i) ASSERT_NO_FATAL_FAILURE(change(dice));
  while (RecordFile::open(path_)->count() < 2500) ASSERT_NO_FATAL_FAILURE(change(dice));
  ASSERT_TRUE(rebuild_index(*RecordFile::open(path_)).ok());
  for (const int changes : {1, 5, 150, 300}) {
    {
      const auto file = RecordFile::open(path_);
      IndexKeeper keeper(IndexKeeper::Patience::none);
      std::vector<RowChange> all;
      for (int i = 0; i < changes; ++i) all.push_back({i * 3, random_row(dice, i)});
      keeper.before(*file, all, file->change_number() + 1);  // and then it dies
    }
    const auto file = RecordFile::open(path_);
    for (int i = 0; i < 100; ++i) {
      bool used = false;
      ASSERT_NO_FATAL_FAILURE(check(*file, random_selection(dice), true, used)) << changes;
    }
  }
}

}  // namespace
}  // namespace imreg
