// The worker where a program cannot bring it: no processes to be had, what it says again and again, and what becomes of lines of one
// file, which one process does, when that dies, hangs, or is told to end in the middle.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>

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

// What a step did, in a file that its processes write to: a line "word number pid" each time.
class Diary {
 public:
  explicit Diary(const Night& night) : path_(night.folder().path() + "/diary") {}
  void write(const std::string& word, std::int64_t number) const {
    const std::string line = word + " " + std::to_string(number) + " " + std::to_string(::getpid()) + "\n";
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    (void)!::write(fd, line.data(), line.size());
    ::close(fd);
  }
  struct Entry {
    std::string word;
    std::int64_t number = 0;
    pid_t pid = 0;
  };
  std::vector<Entry> entries() const {
    std::ifstream file(path_);
    std::vector<Entry> out;
    for (Entry entry; file >> entry.word >> entry.number >> entry.pid;) out.push_back(entry);
    return out;
  }
  /// How often each line was run, and by how many processes.
  std::map<std::int64_t, int> runs() const {
    std::map<std::int64_t, int> out;
    for (const auto& entry : entries()) out[entry.number] += entry.word == "line" ? 1 : 0;
    out.erase(0);
    return out;
  }
  std::size_t processes() const {
    std::set<pid_t> out;
    for (const auto& entry : entries()) out.insert(entry.pid);
    return out.size();
  }
  int times(const std::string& word) const {
    const auto all = entries();
    return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.word == word; }));
  }

 private:
  std::string path_;
};

// A queue with the lines of some files, and a worker whose built-in step is one of ours.
class Lines {
 public:
  Lines(int files, int ccds, const std::string& content = "SIMPLE  =                    T") {
    std::vector<QueueLine> lines;
    for (int i = 0; i < files * ccds; ++i) {
      QueueLine line = line_named("x");
      line.path = night.folder().path() + "/" + std::to_string(i / ccds) + ".fits";
      line.ccd = line.extension = i % ccds + 1;
      std::ofstream(line.path) << content;
      lines.push_back(line);
    }
    EXPECT_TRUE(queue.add(lines, 0).ok());
  }
  /// `step` is run for each line in a process of its own, whose end it is told by the line 0.
  void work(const std::function<Result<std::string>(const QueueLine&)>& step,
            const std::function<void(ElixirOptions&, QueuePlan&)>& change = {}) {
    apart([&] {
      std::vector<std::string> told;
      ElixirOptions options = options_for(night, told);
      options.built_in = [&](const ElixirOptions&) {
        diary.write("begin", 0);
        const std::shared_ptr<int> end(new int(0), [this](int* p) { diary.write("end", 0), delete p; });
        return [this, end, &step](const QueueLine& line) {
          diary.write("line", line.id);
          return step(line);
        };
      };
      options.once = true;
      QueuePlan plan;
      plan.name = "A";
      plan.step = {"imstats"};
      plan.wait = 0.05;
      plan.tries = 2;
      if (change) change(options, plan);
      options.plans = {plan};
      const ElixirReport report = run_elixir(options);
      EXPECT_TRUE(report.trouble.ok()) << report.trouble.text();
      std::ofstream(night.folder().path() + "/report")
          << report.done << " " << report.failed << " " << report.again << " " << report.given_back;
    });
  }
  std::string report() const {
    std::ifstream file(night.folder().path() + "/report");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<QueueLine> lines() const {
    std::vector<QueueLine> out;
    EXPECT_TRUE(queue.each([&](const QueueLine& line) { return out.push_back(line), true; }).ok());
    return out;
  }
  Night night;
  Diary diary{night};
  Queue queue = night.queue("A");
};

constexpr int kCcds = 36;
Result<std::string> good(const QueueLine& line) { return "ccd " + std::to_string(line.ccd); }

TEST(ElixirLines, OfOneFileInOneProcess) {
  Lines file(1, kCcds);
  file.work([](const QueueLine& line) -> Result<std::string> {
    if (line.id == 7) return Status(Code::corrupt, "no stars");
    return good(line);
  });
  EXPECT_EQ(file.report(), "35 1 1 0");
  for (const auto& line : file.lines()) {
    EXPECT_EQ(line.result, line.id == 7 ? "exit 1: no stars" : "ccd " + std::to_string(line.id)) << line.id;
    EXPECT_EQ(line.tries, line.id == 7 ? 2 : 0) << line.id;
    EXPECT_LE(line.started, line.finished);
    EXPECT_GE(line.started, line.queued);
  }
  EXPECT_EQ(file.diary.processes(), 2U);  // one more for the other attempt
  for (const auto& [id, runs] : file.diary.runs()) EXPECT_EQ(runs, id == 7 ? 2 : 1) << id;
}

TEST(ElixirLines, OneThatDiesTakesNoOtherAlong) {
  for (const std::int64_t last : {1, 20, 36}) {
    Lines file(1, kCcds);
    file.work([&](const QueueLine& line) -> Result<std::string> {
      const int times = file.diary.runs()[line.id];
      if (line.id == last && times == 1) ::kill(::getpid(), SIGKILL);
      return good(line);
    });
    EXPECT_EQ(file.report(), "36 0 1 " + std::to_string(kCcds - last)) << last;
    for (const auto& line : file.lines()) {
      EXPECT_EQ(line.state, QueueLine::State::done) << line.id;
      EXPECT_EQ(line.tries, line.id == last ? 1 : 0) << line.id;
    }
    for (const auto& [id, runs] : file.diary.runs()) EXPECT_EQ(runs, id == last ? 2 : 1) << id;
  }
}

TEST(ElixirLines, OneThatEndsItsProcessHasFailed) {
  Lines file(1, 5);
  file.work([](const QueueLine& line) -> Result<std::string> {
    if (line.id == 3) ::_exit(0);
    return good(line);
  });
  EXPECT_EQ(file.report(), "4 1 1 2");
  EXPECT_EQ(file.lines()[2].result, "it ended too early");
  for (const auto& [id, runs] : file.diary.runs()) EXPECT_EQ(runs, id == 3 ? 2 : 1) << id;
}

TEST(ElixirLines, OneThatHangsTakesNoOtherAlong) {
  Lines file(1, kCcds);
  file.work(
      [](const QueueLine& line) {
        if (line.id == 5) ::sleep(100);
        return good(line);
      },
      [](ElixirOptions&, QueuePlan& plan) { plan.timeout = 5, plan.tries = 1; });
  EXPECT_EQ(file.report(), "35 1 0 31");
  EXPECT_EQ(file.lines()[4].result, "timed out after 5 s");
  for (const auto& [id, runs] : file.diary.runs()) EXPECT_EQ(runs, 1) << id;
}

TEST(ElixirLines, WithMoreProcessesThanFilesThePlainOnesAreShared) {
  for (const bool packed : {false, true}) {
    Lines file(1, kCcds, packed ? "\x1f\x8b\x08" : "SIMPLE  =                    T");
    file.work(good, [](ElixirOptions& options, QueuePlan&) { options.jobs = 3; });
    EXPECT_EQ(file.report(), "36 0 0 0");
    EXPECT_EQ(file.diary.processes(), packed ? 1U : 3U);
    for (const auto& [id, runs] : file.diary.runs()) EXPECT_EQ(runs, 1) << id;
  }
}

TEST(ElixirLines, NeverMoreProcessesAtOnceThanAsked) {
  Lines files(7, 3);
  files.work(
      [](const QueueLine& line) {
        ::usleep(2000);
        return good(line);
      },
      [](ElixirOptions& options, QueuePlan&) { options.jobs = 2; });
  EXPECT_EQ(files.report(), "21 0 0 0");
  EXPECT_EQ(files.diary.runs().size(), 21U);
  int now = 0, most = 0;
  for (const auto& entry : files.diary.entries()) {
    now += entry.word == "begin" ? 1 : entry.word == "end" ? -1 : 0;
    most = std::max(most, now);
  }
  EXPECT_LE(most, 2);  // on a busy machine one may end before the other begins
  EXPECT_EQ(now, 0);
  EXPECT_GE(files.diary.processes(), 7U);
}

// The worker is told in the middle of line 3, whose step goes on when the worker has said that it heard it.
void told_to_end(Lines& file, int number) {
  const std::string heard = file.night.folder().path() + "/heard";
  file.work(
      [&](const QueueLine& line) {
        if (line.id == 3) ::kill(::getppid(), number);
        for (int i = 0; line.id == 3 && (number == SIGUSR1 || !std::filesystem::exists(heard)) && i < 6000; ++i)
          ::usleep(10'000);
        return good(line);
      },
      [&](ElixirOptions& options, QueuePlan&) {
        options.tell = [&](ElixirOptions::Grade, const std::string& text) {
          if (text.find("told to end") != text.npos) std::ofstream{heard} << "x";
        };
      });
}

TEST(ElixirLines, StopFinishesTheLineThatWasBegun) {
  Lines file(1, kCcds);
  told_to_end(file, SIGTERM);
  EXPECT_EQ(file.report(), "3 0 0 33");
  for (const auto& line : file.lines()) {
    EXPECT_EQ(line.state, line.id <= 3 ? QueueLine::State::done : QueueLine::State::waiting) << line.id;
    EXPECT_EQ(line.tries, 0) << line.id;
  }
  EXPECT_EQ(file.diary.runs().size(), 3U);
}

TEST(ElixirLines, AbortGivesBackAllThatHasNotEnded) {
  Lines file(1, kCcds);
  told_to_end(file, SIGUSR1);
  EXPECT_EQ(file.report(), "2 0 0 34");
  for (const auto& line : file.lines()) {
    EXPECT_EQ(line.state, line.id <= 2 ? QueueLine::State::done : QueueLine::State::waiting) << line.id;
    EXPECT_EQ(line.tries, 0) << line.id;
  }
}

}  // namespace
}  // namespace imreg::testing
