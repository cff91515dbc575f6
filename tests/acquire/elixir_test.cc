// The worker where a program cannot bring it: no processes to be had, and what it says again and again.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "imreg/elixir.h"
#include "queue_fixture.h"

namespace imreg::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// In a process of its own: signals are blocked there for good, and its limits are its own.
void apart(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    work();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

void damage(const std::string& path, const std::string& at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  ASSERT_NE(content.find(at), content.npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(content.find(at)));
  file << '!';
}

ElixirOptions options_for(const Night& night, std::vector<std::string>& told) {
  ElixirOptions options;
  options.database = night.database();
  options.tell = [&](ElixirOptions::Grade, const std::string& text) { told.push_back(text); };
  return options;
}

std::ptrdiff_t count_of(const std::vector<std::string>& told, const std::string& words) {
  return std::count_if(told.begin(), told.end(), [&](const auto& text) { return text.find(words) != text.npos; });
}

TEST(Elixir, WithoutProcessesGivesBackAndEnds) {
  const Night night;
  Queue queue = night.queue("A");
  std::vector<QueueLine> lines = {line_named("a"), line_named("b"), line_named("c")};
  for (auto& line : lines) {  // whose files are there: of those that are not it would ask the database
    line.path = night.folder().path() + "/" + line.path.substr(line.path.rfind('/') + 1);
    std::ofstream(line.path) << "x";
  }
  ASSERT_OK(queue.add(lines, 0).status());
  { const Slot slot = night.slot(); }  // makes the file of slots
  constexpr uid_t kNobody = 65534;     // root is not limited
  for (const auto& entry : std::filesystem::recursive_directory_iterator(night.folder().path()))
    (void)!::chown(entry.path().c_str(), kNobody, kNobody);
  (void)!::chown(night.folder().path().c_str(), kNobody, kNobody);
  apart([&] {
    if (::geteuid() == 0) {
      ASSERT_EQ(::setresuid(kNobody, kNobody, kNobody), 0);
    }
    const rlimit none{0, 0};
    ASSERT_EQ(::setrlimit(RLIMIT_NPROC, &none), 0);
    std::vector<std::string> told;
    ElixirOptions options = options_for(night, told);
    options.tell = [&](ElixirOptions::Grade, const std::string& text) {
      if (told.empty()) damage(queue.path(), lines[0].path);  // while its line is held
      told.push_back(text);
    };
    QueuePlan plan;
    plan.name = "A";
    plan.step = {"true"};
    plan.wait = 0.1;
    options.plans = {plan};
    options.jobs = 3;
    options.once = true;
    options.wait_seconds = 3;
    const ElixirReport report = run_elixir(options);
    EXPECT_EQ(report.trouble.code(), Code::io) << report.trouble.text();
    EXPECT_THAT(report.trouble.text(), HasSubstr("cannot start a process"));
    EXPECT_GE(report.given_back, 2);
    EXPECT_EQ(count_of(told, "cannot start a process"), 1) << told.size();
    EXPECT_EQ(count_of(told, "all is well"), 0);
    EXPECT_THAT(told, Contains(HasSubstr("A: line 1 cannot be given back")));
  });
  int waiting = 0;
  EXPECT_EQ(queue.each([&](const QueueLine& line) { return waiting += line.state == QueueLine::State::waiting; })
                .value_or(-1),
            1);
  EXPECT_EQ(waiting, 2);
}

// Fails what is written to queue A once something was written to B.
struct FailsBehindTheAnnouncement : IoObserver {
  bool announced = false;
  int before(const IoOperation& operation) override {
    announced |= operation.path.find("B.queue") != std::string::npos;
    return announced && operation.path.find("A.queue") != std::string::npos ? EIO : 0;
  }
};

TEST(Elixir, SaysOnceWhatStays) {
  const Night night;
  ASSERT_OK(night.queue("B").add({line_named("c")}, 0).status());
  {
    FailsBehindTheAnnouncement fails;
    Queue a = night.queue("A", 100000, &fails);
    ASSERT_OK(a.add({line_named("a"), line_named("b")}, 0).status());
    const Slot slot = night.slot();
    ASSERT_OK(a.take(slot, 2).status());
    ASSERT_FALSE(
        a.finish(slot, {{1, QueueLine::State::done, "", 0, "B", true}, {2, QueueLine::State::done, "", 0, "B", true}})
            .ok());
  }
  std::ofstream(queue_folder(night.database()) + "/A.queue", std::ios::trunc) << "no queue";
  apart([&] {
    std::vector<std::string> told;
    ElixirOptions options = options_for(night, told);
    QueuePlan plan;
    plan.name = "B";
    plan.step = {"true"};
    options.plans = {plan};
    options.look_seconds = 0.1;
    const auto tell = options.tell;
    options.tell = [&](ElixirOptions::Grade grade, const std::string& text) {
      tell(grade, text);
      if (told.size() == 1) {
        const pid_t self = ::getpid();
        if (::fork() == 0) {
          ::usleep(1'000'000);
          ::kill(self, SIGTERM);
          ::_exit(0);
        }
      }
    };
    (void)run_elixir(options);
    EXPECT_EQ(count_of(told, "stays announced"), 2) << told.size();
  });
}

}  // namespace
}  // namespace imreg::testing
