// What is told of folders: each file once when it is whole, wherever it goes, and what is not told.
#include "os/folder_watch.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../folder.h"

namespace imreg {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

void make(const std::string& path) { std::ofstream(path) << "x"; }

class Watched : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = FolderWatch::make();
    ASSERT_TRUE(made.ok()) << made.status().text();
    watch_ = *std::move(made);
    fs::create_directories(in("sub/deep"));
    const Status added = watch_.add(in(""));
    ASSERT_TRUE(added.ok()) << added.text();
  }
  std::string in(const std::string& name) const { return name.empty() ? folder_ / "night" : folder_ / "night/" + name; }
  // What happened is there at once: the kernel writes it down before the call that did it returns.
  FolderEvents told() {
    auto out = watch_.wait(0);
    EXPECT_TRUE(out.ok()) << out.status().text();
    return *std::move(out);
  }
  Folder folder_;
  FolderWatch watch_;
};

TEST_F(Watched, FilesAreToldWhenTheyAreClosed) {
  std::ofstream open(in("sub/deep/open"));
  open << "half" << std::flush;
  make(in(".hidden"));
  EXPECT_THAT(told().files, IsEmpty());
  open.close();
  make(in("a"));
  make(in("a"));
  const auto happened = told();
  EXPECT_THAT(happened.files, ElementsAre(in("sub/deep/open"), in("a")));
  EXPECT_THAT(happened.folders, IsEmpty());
  EXPECT_FALSE(happened.lost);
  fs::remove(in("a"));
  EXPECT_THAT(told().files, IsEmpty());
}

TEST_F(Watched, AFileThatIsRenamedInside) {
  make(in(".part"));
  make(in("b.tmp"));
  (void)told();
  fs::rename(in(".part"), in("a"));
  fs::rename(in("b.tmp"), in("sub/b"));
  EXPECT_THAT(told().files, ElementsAre(in("a"), in("sub/b")));
}

TEST_F(Watched, AFolderThatIsRenamedInside) {
  fs::rename(in("sub"), in("other"));
  auto happened = told();
  EXPECT_THAT(happened.folders, ElementsAre(in("other")));
  EXPECT_THAT(happened.gone, IsEmpty());
  EXPECT_FALSE(watch_.has(in("sub")) || watch_.has(in("sub/deep")));
  make(in("other/deep/a"));
  EXPECT_THAT(told().files, ElementsAre(in("other/deep/a")));
  // One of the old name is another folder.
  fs::create_directories(in("sub/deep"));
  (void)told();
  make(in("sub/deep/b"));
  make(in("other/deep/c"));
  EXPECT_THAT(told().files, ElementsAre(in("sub/deep/b"), in("other/deep/c")));
}

TEST_F(Watched, NewFoldersAreWatched) {
  fs::create_directories(in("x/y"));
  make(in("x/y/early"));  // before anybody could know of x
  EXPECT_THAT(told().folders, Contains(in("x")));
  make(in("x/y/late"));
  EXPECT_THAT(told().files, Contains(in("x/y/late")));
  fs::create_directories(folder_ / "elsewhere/z");
  fs::rename(folder_ / "elsewhere", in("moved"));
  EXPECT_THAT(told().folders, ElementsAre(in("moved")));
  make(in("moved/z/a"));
  EXPECT_THAT(told().files, ElementsAre(in("moved/z/a")));
}

TEST_F(Watched, FoldersThatGo) {
  fs::rename(in("sub"), folder_ / "away");
  make(folder_ / "away/a");
  auto happened = told();
  EXPECT_THAT(happened.files, IsEmpty());
  EXPECT_FALSE(watch_.has(in("sub")) || watch_.has(in("sub/deep")));
  fs::rename(in(""), folder_ / "gone");
  EXPECT_THAT(told().gone, ElementsAre(in("")));
  EXPECT_FALSE(watch_.has(in("")));
  make(folder_ / "gone/b");
  EXPECT_THAT(told().files, IsEmpty());
  fs::create_directory(in(""));
  ASSERT_TRUE(watch_.add(in("")).ok());
  fs::remove(in(""));
  EXPECT_THAT(told().gone, ElementsAre(in("")));
}

TEST_F(Watched, Links) {
  fs::create_directories(folder_ / "target/below");
  make(folder_ / "target/file");
  fs::create_directory_symlink(folder_ / "target", in("linked"));
  make(folder_ / "target/below/a");
  EXPECT_THAT(told().files, Not(Contains(in("linked/below/a"))));  // not followed
  EXPECT_FALSE(watch_.has(in("linked")));
  fs::create_directory(folder_ / "box");
  fs::create_directory_symlink(folder_ / "target", folder_ / "box/linked");
  fs::rename(folder_ / "box", in("box"));
  (void)told();
  EXPECT_TRUE(watch_.has(in("box")));
  EXPECT_FALSE(watch_.has(in("box/linked")));
  make(folder_ / "target/below/a");
  EXPECT_THAT(told().files, IsEmpty());
  fs::create_symlink(folder_ / "target/file", in("soft"));
  fs::create_hard_link(folder_ / "target/file", in("hard"));
  EXPECT_THAT(told().files, UnorderedElementsAre(in("soft"), in("hard")));
  // But a folder that is asked for may be one.
  fs::create_directory_symlink(folder_ / "target", folder_ / "tonight");
  ASSERT_TRUE(watch_.add(folder_ / "tonight").ok());
  make(folder_ / "tonight/below/b");
  EXPECT_THAT(told().files, ElementsAre(folder_ / "tonight/below/b"));
}

TEST_F(Watched, MoreThanTheKernelCanTell) {
  std::size_t most = 16384;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  if (most > 200'000) GTEST_SKIP() << "the kernel keeps " << most << " events";
  for (std::size_t i = 0; i < most; ++i) make(in(std::to_string(i % 100)));  // two events each, or more
  fs::create_directories(in("missed"));
  auto happened = told();
  EXPECT_TRUE(happened.lost);
  EXPECT_LE(happened.files.size(), 100u);
  EXPECT_FALSE(watch_.has(in("missed")));
  make(in("behind"));
  happened = told();
  EXPECT_FALSE(happened.lost);
  EXPECT_THAT(happened.files, ElementsAre(in("behind")));
  ASSERT_TRUE(watch_.add(in("")).ok());  // as whoever hears of it does
  make(in("missed/a"));
  EXPECT_THAT(told().files, ElementsAre(in("missed/a")));
}

TEST_F(Watched, AFolderThatNobodyMayRead) {
  for (const char* const name : {"m_no", "z_yes"}) fs::create_directory(in(name));
  (void)told();
  watch_.forget(in(""));
  ASSERT_EQ(::chmod(in("m_no").c_str(), 0), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const Status itself = watch_.add(in("m_no")), all = watch_.add(in(""));
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(itself.code(), Code::io) << itself.text();
  EXPECT_TRUE(all.ok()) << all.text();
  EXPECT_FALSE(watch_.has(in("m_no")));
  make(in("sub/deep/a"));
  make(in("z_yes/b"));
  EXPECT_THAT(told().files, ElementsAre(in("sub/deep/a"), in("z_yes/b")));
  ::chmod(in("m_no").c_str(), 0700);
}

TEST_F(Watched, NoFolder) {
  EXPECT_EQ(watch_.add(in("nothing")).code(), Code::not_found);
  make(in("file"));
  EXPECT_FALSE(watch_.add(in("file")).ok());
}

}  // namespace
}  // namespace imreg
