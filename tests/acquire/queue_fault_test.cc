// A process is killed before each operation on the disk of a small history, and each operation fails once. Whoever comes behind
// finds a line for every row and none without; what was finished has gone on once, and nothing is open that nobody holds.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>

#include "../faults.h"
#include "queue_fixture.h"

namespace imreg::testing {
namespace {

using State = QueueLine::State;

// At operation number `at` the process ends, or this one and the three behind it fail.
class Fate : public IoObserver {
 public:
  enum class What { kill, fail_some };
  Fate(What what, int at) : what_(what), at_(at) {}
  int before(const IoOperation&) override {
    ++count_;
    if (count_ < at_) return 0;
    if (what_ == What::kill) ::_exit(9);
    fault_tally.count += count_ <= at_ + 3;
    return count_ <= at_ + 3 ? EIO : 0;
  }

 private:
  What what_;
  int at_, count_ = 0;
};

std::set<std::string> registered(const std::string& database) {
  std::set<std::string> out;
  const auto file = RecordFile::open(database);
  EXPECT_TRUE(file.ok()) << file.status().text();
  if (!file) return out;
  Record row = file->make_record();
  for (std::int64_t i = 0; i < file->count(); ++i) {
    EXPECT_TRUE(file->read(i, row).ok());
    const std::string name(row[regimage::kFilename]);
    EXPECT_TRUE(out.insert(name.substr(0, name.size() - 5)).second) << name;
  }
  return out;
}

class History {
 public:
  // `attempts`: how often a call that failed is made again by the same process.
  History(const Night& night, IoObserver* observer, int attempts)
      : night_(night), observer_(observer), attempts_(attempts), slot_(night.slot()), a_(queue("A")), b_(queue("B")) {}

  bool play() {
    return imsort({"a", "b", "c"}) && announce_for_nothing() && imsort({"d", "e"}) && work() && imsort({"f"}) &&
           again([&] { return a_.retry().status(); }) && work();
  }

 private:
  Queue queue(const std::string& name) const { return night_.queue(name, 100000, observer_); }
  template <class Call>
  bool again(const Call& call) const {
    for (int i = 0; i < attempts_; ++i) {
      if (call().ok()) return true;
    }
    return false;
  }

  // As imsort does, and from the beginning when something failed, by a process that comes anew.
  bool imsort(const std::vector<std::string>& names) const {
    return again([&]() -> Status {
      const Slot slot = night_.slot("imsort");
      RecordWriter::Options options;
      options.observer = observer_;
      IMREG_ASSIGN(auto writer, RecordWriter::open(night_.database(), options));
      const auto there = registered(night_.database());
      std::vector<QueueLine> lines;
      std::string rows;
      for (const auto& name : names) {
        if (there.contains(name)) continue;
        lines.push_back(line_named(name));
        rows += row_of(lines.back());
      }
      Queue q = queue("A");
      IMREG_ASSIGN(const auto ids, q.announce(slot, lines));
      IMREG_TRY(writer.append(rows));
      return q.release(slot, ids);
    });
  }
  bool announce_for_nothing() const {
    return again([&]() -> Status {
      const Slot slot = night_.slot("imsort");
      Queue q = queue("A");
      IMREG_ASSIGN(const auto ids, q.announce(slot, {line_named("x"), line_named("d")}));
      return q.drop(slot, ids);
    });
  }

  // By the name: b fails for good, c at its first attempt, d is given back once.
  bool work() {
    for (int round = 0; round < 20; ++round) {
      std::vector<QueueLine> lines;
      if (!again([&]() -> Status {
            IMREG_ASSIGN(lines, a_.take(slot_, 2));
            return {};
          }))
        return false;
      if (lines.empty()) break;
      std::vector<Outcome> outcomes;
      std::vector<std::int64_t> back;
      for (const auto& line : lines) {
        const std::string name = name_of(line);
        if (name == "d" && line.taken == 1) {
          back.push_back(line.id);
          continue;
        }
        Outcome out;
        out.id = line.id;
        if (name == "b" && line.result != "bad") {
          out.state = State::failed;
          out.result = "bad";
          out.next = "F";
        } else if (name == "c" && line.tries == 0) {
          out.state = State::waiting;
        } else {
          out.next = "B";
        }
        outcomes.push_back(out);
      }
      if (!again([&] { return a_.finish(slot_, outcomes); }) || !again([&] { return a_.give_back(slot_, back); }))
        return false;
    }
    std::vector<QueueLine> lines;
    if (!again([&]() -> Status {
          IMREG_ASSIGN(lines, b_.take(slot_, 1));
          return {};
        }))
      return false;
    for (const auto& line : lines) {
      Outcome out;
      out.id = line.id;
      if (!again([&] { return b_.finish(slot_, {out}); })) return false;
    }
    return true;
  }

  const Night& night_;
  IoObserver* observer_;
  int attempts_;
  Slot slot_;
  Queue a_, b_;
};

// What is in a file, cleared lines too: name to states.
struct Written {
  std::multimap<std::string, State> lines;
  std::map<std::string, int> bad;  // lines that failed, sent again since or not
};
Written written(const Night& night, const std::string& name) {
  Written out;
  const auto file = RecordFile::open(queue_folder(night.database()) + "/" + name + ".queue");
  if (!file) return out;
  Record row = file->make_record();
  const auto fields = file->schema();
  const auto state = *find_field<std::uint8_t>(fields, "state");
  const auto path = *find_field<Text>(fields, "path");
  const auto result = *find_field<Text>(fields, "result");
  const auto finished = *find_field<double>(fields, "finished");
  for (std::int64_t i = 0; i < file->count(); ++i) {
    EXPECT_TRUE(file->read(i, row).ok());
    QueueLine line;
    line.path = row[path];
    const auto is = static_cast<State>(row[state]);
    if (is != State::dropped) out.lines.emplace(name_of(line), is);
    if (row[result] == "bad" && (is == State::failed || (is == State::dropped && row[finished] > 0)))
      ++out.bad[name_of(line)];
  }
  return out;
}

// One worker without trouble does all that is left in A; then everything must agree.
void check(const Night& night) {
  Queue a = night.queue("A");
  const Slot slot = night.slot();
  for (int round = 0; round < 10; ++round) {
    const auto lines = a.take(slot, 100);
    ASSERT_OK(lines.status());
    std::vector<Outcome> outcomes;
    for (const auto& line : *lines) outcomes.push_back({line.id, State::done, "late", 0, "B", true});
    ASSERT_OK(a.finish(slot, outcomes));
  }
  {
    Queue b = night.queue("B"), f = night.queue("F");
    ASSERT_OK(b.take(slot, 100).status());  // settles
    ASSERT_OK(f.take(slot, 100).status());
  }
  ASSERT_OK(RecordWriter::open(night.database(), {}).status());  // counts rows that were written and not yet counted
  const auto in_a = written(night, "A"), in_b = written(night, "B"), in_f = written(night, "F");
  const auto rows = registered(night.database());
  for (const auto& name : rows) ASSERT_EQ(in_a.lines.count(name), 1u) << name << ": a line for each row";
  for (const auto& [name, state] : in_a.lines) {
    ASSERT_TRUE(rows.contains(name)) << name << ": a row for each line";
    ASSERT_TRUE(state == State::done || state == State::failed) << name;
    ASSERT_EQ(in_b.lines.count(name), state == State::done ? 1u : 0u) << name << ": went on once";
  }
  const auto bad = in_a.bad.find("b");
  ASSERT_EQ(static_cast<int>(in_f.lines.count("b")), bad == in_a.bad.end() ? 0 : bad->second);
  for (const auto& [name, state] : in_b.lines) ASSERT_NE(state, State::announced) << name << ": nobody holds it";
}

// In the short form not each operation is looked at by each test.
int stride(int usual) { return std::getenv("IMREG_LONG") ? 1 : usual; }

// Of changes alone, or with reads.
int operations_of_all(bool reads = false) {
  const Night night;
  struct Counting : FaultAt {
    int reads = 0;
    int before_read(const std::string&, std::size_t) override { return ++reads, 0; }
  } counting;
  EXPECT_TRUE(History(night, &counting, 1).play());
  check(night);
  return counting.count() + (reads ? counting.reads : 0);
}

TEST(QueueFaults, KilledBeforeEachOperation) {
  const int all = operations_of_all();
  ASSERT_GT(all, 100);
  for (int at = 1; at <= all; at += stride(2)) {
    SCOPED_TRACE("operation " + std::to_string(at) + " of " + std::to_string(all));
    const Night night;
    const pid_t child = ::fork();
    if (child == 0) {
      Fate fate(Fate::What::kill, at);
      History(night, &fate, 1).play();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9);
    check(night);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// All of it is done, by a process that tries again what failed.
void play(const Night& night, IoObserver* observer) {
  History history(night, observer, 6);
  ASSERT_TRUE(history.play());
  // The process itself has done all of it, and not who came behind it.
  Queue a = night.queue("A");
  ASSERT_EQ(a.counts()->done, 6) << states_of(a);
}

TEST(QueueFaults, EachCallFailsOnceOrIsInterruptedOrCutShort) {
  const int all = operations_of_all(true);
  int first = 0;
  for (const Fault& fault : kFaultsOnce) {
    for (int at = first++; at < all; at += stride(8)) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      const Night night;
      FaultAt observer(at, fault);
      play(night, &observer);
      if (::testing::Test::HasFatalFailure()) return;
      check(night);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// Some in a row: then a step that failed cannot take back what it wrote, and may be durable.
TEST(QueueFaults, SomeInARowFail) {
  const int all = operations_of_all();
  for (int at = 2; at <= all; at += stride(3)) {
    SCOPED_TRACE("operation " + std::to_string(at));
    const Night night;
    Fate fate(Fate::What::fail_some, at);
    play(night, &fate);
    if (::testing::Test::HasFatalFailure()) return;
    check(night);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(QueueFaults, FromEachCallOnAllFail) {
  const int all = operations_of_all(true);
  int first = 1;
  for (const Fault& fault : kFaultsForEver) {
    for (int at = first++; at < all; at += stride(7)) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      const Night night;
      {
        FaultAt observer(at, fault);
        // Some calls need no more than the last sync; the last of the history may.
        (void)History(night, &observer, 2).play();
      }
      check(night);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(QueueFaults, KilledWhileItClears) {
  for (int at = 1, ended = 0; ended == 0; ++at) {
    SCOPED_TRACE("operation " + std::to_string(at));
    const Night night;
    {
      Queue a = night.queue("A");
      const Slot slot = night.slot();
      std::vector<QueueLine> lines;
      for (const char* name : {"a", "b", "c", "d", "e"}) lines.push_back(line_named(name));
      ASSERT_OK(a.add(lines, 0).status());
      ASSERT_OK(a.take(slot, 4).status());
      ASSERT_OK(a.finish(slot, {{1, State::done, "", 0, "", true}, {3, State::done, "", 0, "B", true}}));
      ASSERT_OK(a.finish(slot, {{4, State::failed, "", 0, "", true}}));
    }
    const pid_t child = ::fork();
    if (child == 0) {
      Fate fate(Fate::What::kill, at);
      ::_exit(night.queue("A", 100000, &fate).clear(ClearedLines::done).ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ended = WEXITSTATUS(status) == 0;
    if (!ended) {
      ASSERT_EQ(WEXITSTATUS(status), 9);
    }
    Queue a = night.queue("A");
    const std::string states = states_of(a);
    ASSERT_TRUE(states == "b:waiting d:failed e:waiting" ||
                (!ended && states == "a:done b:waiting c:done d:failed e:waiting"))
        << states;
    ASSERT_OK(a.clear(ClearedLines::done).status());
    ASSERT_EQ(states_of(a), "b:waiting d:failed e:waiting");
    ASSERT_EQ(RecordFile::open(a.path())->count(), 3);
    ASSERT_EQ(states_of(night.queue("B")), "c:waiting");
    ASSERT_TRUE(ended == 0 || at > 10);
  }
}

}  // namespace
}  // namespace imreg::testing
