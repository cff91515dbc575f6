// Nothing is lost and nothing comes twice: random steps of several processes against a model of the queues, some of which die
// (their slots are let go without a word); every operation on the disk is the last of a process once, and fails once.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "../long_form.h"
#include "acquire/queue_file.h"
#include "imreg/date.h"
#include "queue_fixture.h"

namespace imreg::testing {
namespace {

using State = QueueLine::State;

constexpr double kLater = 1e9;  // seconds from now
constexpr int kMostDone = 40;

struct ModelLine {
  std::string name;  // of the file
  int extension = 0;
  State state = State::waiting;
  int holder = -1;         // which process
  bool registered = true;  // of announced: whether its row came
  bool later = false;
};

// What must be true of a queue: the lines by their numbers.
struct Model {
  std::map<std::int64_t, ModelLine> lines;
  std::int64_t next_id = 1;

  std::string states() const {
    std::string out;
    for (const auto& [id, line] : lines) {
      if (line.state == State::dropped) continue;
      out += (out.empty() ? "" : " ") + line.name + ":" + std::string(word_of(line.state));
    }
    return out;
  }
  void add(const std::string& name, int extension) {
    lines[next_id].name = name;
    lines[next_id++].extension = extension;
  }
};

class Process {
 public:
  Process(const Night& night, int number)
      : number(number), slot(night.slot()), a(night.queue("A", kMostDone)), b(night.queue("B", kMostDone)) {}
  int number;
  Slot slot;
  Queue a, b;
};

class Play {
 public:
  explicit Play(unsigned seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) add_process();
  }

  void step() {
    const auto at = pick(processes_.size());
    Process& process = *processes_[at];
    const bool in_a = pick(3) > 0;
    Queue& queue = in_a ? process.a : process.b;
    Model& model = in_a ? a_ : b_;
    switch (pick(12)) {
      case 0: return die(at);
      case 1:
      case 2: return announce(process, at);
      case 3:
      case 4:
      case 5:
      case 6: return take(process, queue, model);
      case 7:
      case 8:
      case 9: return finish(process, queue, model, in_a);
      case 10: return give_back(process, queue, model);
      default: return upkeep(queue, model);
    }
  }

  void compare() {
    const Queue a = night_.queue("A"), b = night_.queue("B");
    follow_settling(a);
    ASSERT_EQ(states_of(a), a_.states());
    ASSERT_EQ(states_of(b), b_.states());
    for (const auto* queue : {&a, &b}) {
      const auto file = RecordFile::open(queue->path());
      for (std::int64_t row = 0; file && row < acquire::first_unsettled_row(*file); ++row) {
        Record record = file->make_record();
        ASSERT_OK(file->read(row, record));
        ASSERT_NE(acquire::state_of(record.view()), State::announced) << row;
      }
    }
    for (auto& process : processes_) {
      ASSERT_THAT(process->a.notes(), ::testing::IsEmpty());
      ASSERT_THAT(process->b.notes(), ::testing::IsEmpty());
    }
  }

  // All die, and one does all that is left: then no line is open, and each that was brought in was done as often as it must.
  void end() {
    add_process();
    while (processes_.size() > 1) die(0, false);
    Process& last = *processes_[0];
    for (int round = 0; round < 1000; ++round) {
      take(last, last.a, a_, 100);
      take(last, last.b, b_, 100);
      if (held(last, a_).empty() && held(last, b_).empty()) break;
      for (auto* model : {&a_, &b_}) finish_all(last, *model);
    }
    compare();
    for (const auto* model : {&a_, &b_}) {
      for (const auto& [id, line] : model->lines) {
        ASSERT_TRUE(line.state >= State::done || line.later) << line.name << " " << word_of(line.state);
      }
    }
    for (const auto& [name, times] : done_) ASSERT_EQ(times, 1) << name;
  }
  std::size_t deliveries() const { return deliveries_; }
  std::size_t deaths() const { return deaths_; }
  std::size_t shrunk() const { return shrunk_; }

 private:
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  void add_process() { processes_.push_back(std::make_unique<Process>(night_, next_process_++)); }

  void die(std::size_t at, bool followed = true) {
    const int number = processes_[at]->number;
    processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(at));
    ++deaths_;
    for (auto* model : {&a_, &b_}) {
      for (auto& [id, line] : model->lines) {
        if (line.holder != number) continue;
        line.holder = -1;
        if (line.state == State::taken) {
          line.state = State::waiting;
          line.later = false;
        }
      }
    }
    if (followed) add_process();
  }

  // Announced lines without a holder: as the database says.
  static void settle(Model& model) {
    for (auto& [id, line] : model.lines) {
      if (line.state == State::announced && line.holder < 0)
        line.state = line.registered ? State::waiting : State::dropped;
    }
  }

  // A file that was made smaller by itself was settled before: then so is the model. As the database says, or not at all.
  void follow_settling(const Queue& queue) {
    std::set<std::int64_t> announced;
    ASSERT_OK(queue
                  .each([&](const QueueLine& line) {
                    if (line.state == State::announced) announced.insert(line.id);
                    return true;
                  })
                  .status());
    const bool some_are_not = std::any_of(a_.lines.begin(), a_.lines.end(), [&](const auto& line) {
      return line.second.state == State::announced && line.second.holder < 0 && !announced.contains(line.first);
    });
    if (some_are_not) settle(a_);
  }

  void announce(Process& process, std::size_t at) {
    std::vector<QueueLine> lines;
    for (std::size_t n = 1 + pick(5); n > 0; --n) {
      const bool same_file = !lines.empty() && pick(2) == 0;
      lines.push_back(same_file ? lines.back() : line_named("f" + std::to_string(next_name_++)));
      lines.back().extension += same_file ? 1 : 0;
    }
    settle(a_);
    const auto ids = process.a.announce(process.slot, lines);
    ASSERT_OK(ids.status());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      ASSERT_EQ((*ids)[i], a_.next_id);
      a_.add(name_of(lines[i]), lines[i].extension);
      auto& line = a_.lines[(*ids)[i]];
      line.state = State::announced;
      line.holder = process.number;
      line.registered = false;
    }
    compare();
    const auto fate = pick(6);
    if (fate == 0) return die(at);
    if (fate == 1) {
      ASSERT_OK(process.a.drop(process.slot, *ids));
      for (const auto id : *ids) a_.lines[id].state = State::dropped;
      return;
    }
    ASSERT_OK(night_.add_rows(lines));
    for (const auto id : *ids) a_.lines[id].registered = true;
    if (fate == 2) return die(at);
    ASSERT_OK(process.a.release(process.slot, *ids));
    for (const auto id : *ids) {
      a_.lines[id].state = State::waiting;
      a_.lines[id].holder = -1;
    }
  }

  void take(Process& process, Queue& queue, Model& model, std::size_t most = 0) {
    if (most == 0) most = 1 + pick(5);
    std::vector<std::int64_t> expected;
    const std::size_t together = pick(2) == 0 ? 1 : 1 + pick(3);
    std::int64_t last = 0;
    bool stopped = false;
    const auto expect = [&] {
      std::size_t files = 0, of_file = 0;
      for (auto& [id, line] : model.lines) {
        if (line.state >= State::done) continue;
        const bool same = of_file > 0 && of_file < together && line.name == model.lines[expected.back()].name;
        stopped = files == most && (together == 1 || !same);
        if (stopped) break;
        last = id;
        if (line.state != State::waiting || line.later) continue;
        expected.push_back(id);
        files += same ? 0 : 1;
        of_file = same ? of_file + 1 : 1;
      }
    };
    expect();
    if (expected.empty()) {
      settle(model);
      expect();
    }
    // What stands before the last line that is taken is settled on the way.
    if (!stopped && !model.lines.empty()) last = model.lines.rbegin()->first;
    const auto lines = queue.take(process.slot, static_cast<std::int64_t>(most), static_cast<std::int64_t>(together));
    ASSERT_OK(lines.status());
    std::vector<std::int64_t> got;
    for (const auto& line : *lines) {
      got.push_back(line.id);
      ASSERT_EQ(name_of(line), model.lines[line.id].name);
      ASSERT_EQ(line.extension, model.lines[line.id].extension);
      ++deliveries_;
    }
    ASSERT_EQ(got, expected);
    for (auto& [id, line] : model.lines) {
      if (id <= last && line.state == State::announced && line.holder < 0)
        line.state = line.registered ? State::waiting : State::dropped;
    }
    for (const auto id : got) {
      model.lines[id].state = State::taken;
      model.lines[id].holder = process.number;
    }
  }

  std::vector<std::int64_t> held(const Process& process, const Model& model) const {
    std::vector<std::int64_t> out;
    for (const auto& [id, line] : model.lines) {
      if (line.state == State::taken && line.holder == process.number) out.push_back(id);
    }
    return out;
  }

  void finish(Process& process, Queue& queue, Model& model, bool in_a) {
    std::vector<Outcome> outcomes;
    for (const auto id : held(process, model)) {
      if (pick(2) == 0) continue;
      Outcome outcome;
      outcome.id = id;
      const auto what = pick(6);
      outcome.state = what == 0 ? State::failed : what == 1 ? State::waiting : State::done;
      if (what == 1 && pick(3) == 0) outcome.after = current_time() + kLater;
      if (in_a && what > 2) outcome.next = "B";
      outcomes.push_back(outcome);
    }
    ended(process, queue, model, outcomes);
  }

  void finish_all(Process& process, Model& model) {
    std::vector<Outcome> outcomes;
    for (const auto id : held(process, model)) {
      Outcome outcome;
      outcome.id = id;
      if (&model == &a_) outcome.next = "B";
      outcomes.push_back(outcome);
    }
    ended(process, &model == &a_ ? process.a : process.b, model, outcomes);
  }

  void ended(Process& process, Queue& queue, Model& model, const std::vector<Outcome>& outcomes) {
    if (outcomes.empty()) return;
    ASSERT_OK(queue.finish(process.slot, outcomes));
    for (const auto& outcome : outcomes) {
      auto& line = model.lines[outcome.id];
      line.state = outcome.state;
      line.holder = -1;
      line.later = outcome.after > 0;
      if (outcome.state == State::done)
        ++done_[(&model == &a_ ? "A " : "B ") + line.name + " " + std::to_string(line.extension)];
      if (!outcome.next.empty()) b_.add(line.name, line.extension);
    }
    follow_shrinking(queue, model);
  }

  // With many lines that are done in front the file is made smaller by itself: then all that are done are gone.
  void follow_shrinking(const Queue& queue, Model& model) {
    const auto is_done = [](const auto& line) { return line.second.state == State::done; };
    if (std::count_if(model.lines.begin(), model.lines.end(), is_done) <= kMostDone / 2) return;
    const auto counts = queue.counts();
    ASSERT_OK(counts.status());
    if (counts->done > 0) return;
    for (auto& [id, line] : model.lines) {
      if (line.state == State::done) line.state = State::dropped;
    }
    ++shrunk_;
  }

  void give_back(Process& process, Queue& queue, Model& model) {
    std::vector<std::int64_t> ids;
    for (const auto id : held(process, model)) {
      if (pick(3) == 0) ids.push_back(id);
    }
    ASSERT_OK(queue.give_back(process.slot, ids));
    for (const auto id : ids) {
      model.lines[id].state = State::waiting;
      model.lines[id].holder = -1;
      model.lines[id].later = false;
    }
  }

  void upkeep(Queue& queue, Model& model) {
    const auto what = pick(12);
    if (what < 4) {
      std::vector<ModelLine> again;
      for (auto& [id, line] : model.lines) {
        if (line.state != State::failed) continue;
        line.state = State::dropped;
        again.push_back(line);
      }
      ASSERT_EQ(queue.retry().value_or(-1), static_cast<std::int64_t>(again.size()));
      for (const auto& line : again) model.add(line.name, line.extension);
    } else if (what < 9) {
      if (model.next_id > 1) settle(a_), settle(b_);  // else there is no such file
      std::int64_t cleared = 0;
      const auto which = what == 8 ? ClearedLines::all : what == 7 ? ClearedLines::failed : ClearedLines::done;
      for (auto& [id, line] : model.lines) {
        const bool goes = line.state == State::done || (line.state == State::failed && which != ClearedLines::done) ||
                          (line.state == State::waiting && which == ClearedLines::all);
        if (!goes) continue;
        line.state = State::dropped;
        ++cleared;
      }
      ASSERT_EQ(queue.clear(which).value_or(-1), cleared);
    }
  }

  Night night_;
  std::mt19937 random_;
  Model a_, b_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::map<std::string, int> done_;
  int next_process_ = 0, next_name_ = 0;
  std::size_t deliveries_ = 0, deaths_ = 0, shrunk_ = 0;
};

TEST(QueueModel, RandomProcessesThatDie) {
  unsigned seeds = 0;
  std::size_t deliveries = 0, deaths = 0, shrunk = 0;
  const LongForm limit;
  while (seeds < 25 || !limit.over()) {
    const unsigned seed = ++seeds;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Play play(seed);
    for (int i = 0; i < 150; ++i) {
      play.step();
      if (::testing::Test::HasFatalFailure()) return;
      play.compare();
      if (::testing::Test::HasFatalFailure()) return;
    }
    play.end();
    if (::testing::Test::HasFatalFailure()) return;
    deliveries += play.deliveries();
    deaths += play.deaths();
    shrunk += play.shrunk();
  }
  EXPECT_GT(deliveries, seeds * 50);
  EXPECT_GT(deaths, seeds * 5);
  EXPECT_GT(shrunk, 0U);
}

}  // namespace
}  // namespace imreg::testing
