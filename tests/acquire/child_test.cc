// Child processes and what they print; slots; what a service needs.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "../folder.h"
#include "acquire/step.h"
#include "os/child.h"
#include "os/service.h"

namespace imreg {
namespace {

using ::testing::HasSubstr;

std::pair<int, std::string> run(const std::vector<std::string>& words, const std::vector<std::string>& more = {}) {
  auto child = Child::run(words, more);
  EXPECT_TRUE(child.ok()) << child.status().text();
  std::string out;
  for (;;) {
    out += child->read_output();
    if (const auto status = child->ended()) {
      for (std::string text; !(text = child->read_output()).empty();) out += text;
      return {*status, out};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(Child, RunsPrograms) {
  const auto [status, text] =
      run({"sh", "-c", "echo $0 \"$1\" $IMREG_DB; echo b >&2; cat; exit 3", "a", "x  y"}, {"IMREG_DB=/d"});
  EXPECT_EQ(text, "a x  y /d\nb\n");
  EXPECT_EQ(text_of_wait_status(status), "exit 3");
  EXPECT_EQ(text_of_wait_status(run({"true"}).first), "");
  EXPECT_EQ(text_of_wait_status(run({"sh", "-c", "kill -KILL $$"}).first), "killed by signal 9 (Killed)");
  EXPECT_THAT(run({"/no/such"}).second, HasSubstr("cannot run /no/such: No such file or directory"));
  EXPECT_EQ(::getenv("IMREG_DB"), nullptr);
}

TEST(Child, CallsFunctions) {
  auto child = Child::call([] { return ::write(1, "in it\n", 6) == 6 ? 5 : 6; });
  ASSERT_TRUE(child.ok());
  std::optional<int> status;
  while (!(status = child->ended())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(text_of_wait_status(*status), "exit 5");
  EXPECT_EQ(child->read_output(), "in it\n");
  EXPECT_EQ(child->read_output(), "");
  EXPECT_EQ(child->output(), -1);  // nothing more to wait for
  auto thrower = Child::call([]() -> int { throw 1; });
  while (!(status = thrower->ended())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(text_of_wait_status(*status), "exit 127");
}

TEST(StepOutput, KeepsBeginningAndEnd) {
  acquire::StepOutput output;
  EXPECT_EQ(output.last_line(), "");
  output.add("first\n\n \n");
  EXPECT_EQ(output.last_line(), "first");
  EXPECT_EQ(output.text(), "first\n\n \n");
  for (int i = 0; i < 1000000; ++i) output.add("line " + std::to_string(i) + "\n");
  EXPECT_EQ(output.last_line(), "line 999999");
  EXPECT_LT(output.text().size(), 300000u);
  EXPECT_THAT(output.text(), HasSubstr(" bytes left out ...\n"));
  EXPECT_TRUE(output.text().starts_with("first\n"));
  EXPECT_TRUE(output.text().ends_with("line 999999\n"));
}

TEST(Service, FolderIsWatched) {
  const Folder folder;
  const auto watch = watch_folder(folder.path());
  ASSERT_TRUE(watch.ok());
  EXPECT_THAT(*changed_names(*watch), ::testing::IsEmpty());
  std::ofstream(folder / "a.queue") << "x";
  wait_for({watch->fd()}, 5);
  EXPECT_THAT(*changed_names(*watch), ::testing::Contains("a.queue"));
  EXPECT_FALSE(watch_folder(folder / "none").ok());
}

TEST(Service, ManagerIsTold) {
  const Folder folder;
  const std::string name = folder / "notify";
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  tell_service_manager("nobody");
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  tell_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  char text[32];
  const auto got = ::recv(socket.fd(), text, sizeof text, MSG_DONTWAIT);
  EXPECT_EQ(std::string(text, got > 0 ? static_cast<std::size_t>(got) : 0), "READY=1");
}

}  // namespace
}  // namespace imreg
