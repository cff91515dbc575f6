// What programs print: large pieces, closed pipes, full disks, messages, progress.
#include "cli/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/text.h"
#include "cli/messages.h"
#include "cli/progress.h"

namespace imreg::cli {
namespace {

std::string read_all(int descriptor) {
  std::string out;
  char piece[65536];
  for (ssize_t size = 0; (size = ::read(descriptor, piece, sizeof piece)) > 0;)
    out.append(piece, static_cast<std::size_t>(size));
  return out;
}

TEST(Tally, NamesAFewAndCountsMore) {
  const auto told = [](int lines, std::size_t few) {
    cli::Tally tally(few);
    for (int i = 0; i < lines; ++i) tally.add(i % 3 == 0 ? "b" : "a", "line " + std::to_string(i));
    ::testing::internal::CaptureStderr();
    tally.tell("imtest", "left out", "files");
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(told(0, 1), "");
  EXPECT_EQ(told(1, 1), "imtest: line 0\n");
  EXPECT_EQ(told(2, 1), "imtest: left out 2 files (a: 1, b: 1); -v names them\n");
  EXPECT_EQ(told(2, 2), "imtest: line 0\nimtest: line 1\n");
  EXPECT_EQ(told(6, 5), "imtest: left out 6 files (a: 4, b: 2); -v names them\n");
}

TEST(Output, EveryByteInOrder) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::string expected, got;
  std::thread reader([&] { got = read_all(ends[0]); });
  {
    Output output(ends[1]);
    for (int i = 0; i < 100000; ++i) {
      const std::string line = std::to_string(i) + "\n";
      expected += line;
      ASSERT_TRUE(output.write(line));
    }
    const std::string large(1000000, 'x');
    expected += large;
    ASSERT_TRUE(output.write(large));
    ASSERT_TRUE(output.write("end"));
    expected += "end";
  }
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_TRUE(got == expected);
}

TEST(Output, WaitsForASlowReaderOfANonBlockingPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_NONBLOCK), 0);
  ASSERT_EQ(::fcntl(ends[0], F_SETFL, 0), 0);
  std::string got;
  std::thread reader([&] { got = read_all(ends[0]); });
  {
    Output output(ends[1]);
    EXPECT_TRUE(output.write(std::string(3000000, 'x')));
    EXPECT_TRUE(output.flush());
  }
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_EQ(got.size(), 3000000u);
}

TEST(Output, AReaderThatHasGoneEndsItQuietly) {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  Output output(ends[1]);
  EXPECT_TRUE(output.write("held back"));
  EXPECT_FALSE(output.flush());
  EXPECT_FALSE(output.write("more"));
  EXPECT_TRUE(output.closed());
  EXPECT_TRUE(output.status().ok());
  ::close(ends[1]);
}

TEST(Output, AFullDiskIsAFailure) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  Output output(full);
  EXPECT_TRUE(output.write("held back"));
  EXPECT_FALSE(output.flush());
  EXPECT_EQ(output.status().code(), Code::io);
  EXPECT_THAT(output.status().message(), ::testing::HasSubstr("No space left"));
  ::close(full);
}

TEST(Messages, ControlCharactersAreEscaped) {
  EXPECT_EQ(visible("a\nb\tc\x1b[2J\x7f"), "a\\nb\\tc\\x1b[2J\\x7f");
  EXPECT_EQ(visible("caf\xc3\xa9 \xe2\x82\xac"), "caf\xc3\xa9 \xe2\x82\xac");
  EXPECT_EQ(visible("\xc2\x9b"
                    "1m \xc2\xa0"),
            "\\xc2\\x9b1m \xc2\xa0");
  EXPECT_EQ(visible("\xc2"), "\xc2");
}

TEST(Messages, OneLineWithProgramFileAndReason) {
  ::testing::internal::CaptureStderr();
  complain("imtest", Status(Code::corrupt, "the header has no END").in_file("bad\nname.fits"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "imtest: bad\\nname.fits: the header has no END\n");
}

TEST(Progress, NothingWithoutATerminal) {
  ::testing::internal::CaptureStderr();
  {
    Progress progress(2);
    progress.add();
    progress.add();
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, TheLine) {
  EXPECT_EQ(Progress::line(1234, 9000, 2), "  1234/9000  617/s  13 s left");
  EXPECT_EQ(Progress::line(1234, 9000, 2, "MB"), "  1234/9000 MB  617 MB/s  13 s left");
  EXPECT_EQ(Progress::line(10, 0, 2), "  10  5/s");
  EXPECT_EQ(Progress::line(0, 5, 2), "  0  0/s");
  EXPECT_EQ(Progress::line(7, 5, 7), "  7/5  1/s  0 s left");
}

}  // namespace
}  // namespace imreg::cli
