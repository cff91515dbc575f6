// Durable queues of lines "fullpath outroot ccd MODE" beside a database: X.db.queue/NAME.queue, a record file each. A line is
// delivered once: who takes it holds it until it is finished or its process dies; then the next one gets it. man 5 imreg-queue.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record.h"
#include "imreg/status.h"

namespace imreg {

class IoObserver;
class PathRoots;
struct CheckOptions;
struct CheckReport;

/// One line of a queue.
struct QueueLine {
  /// The words of field `state` (formats/queue.fmt). The last three are final.
  enum class State : std::uint8_t { announced, waiting, taken, done, failed, dropped };
  std::int64_t id = 0;  ///< from 1, in the order of the queue; never given twice
  State state = State::waiting;
  std::string path;  ///< whole, roots expanded
  int ccd = 0, extension = 0, slice = 0;
  int mode = 0;  ///< code of regimage's field mode
  std::int64_t filesize = 0, fingerprint = 0;
  double mtime = 0;
  double queued = 0, started = 0, finished = 0;  ///< seconds since 1970-01-01 UTC
  bool at_work = false;                          ///< its step runs: set where workers are asked, else false
  double after = 0;                              ///< not to be taken before
  int taken = 0;                                 ///< how often
  int tries = 0;                                 ///< attempts that failed
  std::string worker;                            ///< "host pid program"
  std::string result;                            ///< what the step said last
};
std::string_view word_of(QueueLine::State state);
/// "outroot" and "fullpath outroot ccd MODE", as `imsearch -pt` prints it (blanks within a word are '.' there).
std::string outroot_of(const QueueLine& line);
std::string trigger_line(const QueueLine& line);
/// What a row of a registration database (format regimage 4) is in a queue.
QueueLine queue_line_of(RecordView row, const PathRoots& roots);

/// Lines whose file is not there any more get the path where its image is registered now, by the same size, time and headers
/// (immv moved it); an empty one when it is registered nowhere. Error: the database cannot be read, or is not there; the lines
/// stay as they are.
Status follow_moved(const std::string& database, std::vector<QueueLine>& lines);

/// A process that announces or takes lines is alive as long as it holds its slot; the kernel takes it back however it dies.
class Slot {
 public:
  /// `program` is named in the lines that are taken. Makes X.db.queue when it is missing. Errors: not_found, io.
  static Result<Slot> take(const std::string& database, const std::string& program);
  std::int64_t number() const;
  const std::string& worker() const;  ///< "host pid program"

  Slot(Slot&&) noexcept;
  Slot& operator=(Slot&&) noexcept;
  ~Slot();  ///< what it has not finished is free for others

 private:
  friend class Queue;
  struct State;
  explicit Slot(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What became of a line that was taken.
struct Outcome {
  std::int64_t id = 0;
  QueueLine::State state = QueueLine::State::done;  ///< done, failed; waiting: another try, not before `after`
  std::string result;                               ///< a line or two, kept: cut to 151 bytes, printable ASCII
  double after = 0;
  std::string next;  ///< queue into which the line goes now, or empty; of `failed`: when none of its image waits there
  bool is_attempt = true;  ///< of `waiting`: counts as one that failed
  double started = 0;      ///< when the step began; 0: when the line was taken
};

/// Which lines clear() takes out.
enum class ClearedLines {
  done,    ///< and what was dropped
  failed,  ///< and those
  all      ///< and what waits; never what is announced or taken
};

struct QueueCounts {
  std::string name;
  std::int64_t announced = 0, waiting = 0, later = 0, taken = 0, done = 0, failed = 0,
               damaged = 0;     ///< later: of waiting
  double oldest = 0;            ///< when the oldest that waits was queued; 0: none waits
  std::int64_t last_hour = 0;   ///< lines done or failed in it
  double per_minute = 0;        ///< of these
  double mean_waiting = 0;      ///< of these: seconds from the queue to a worker
  double mean_working = 0;      ///< of these: seconds with it
  std::vector<QueueLine> held;  ///< the lines that are taken
};

/// A queue. Cheap to make; every call opens the file, takes its lock for a moment, and what it returned ok for survives power
/// loss. Many processes and many of these may use one queue at the same time; one of these is used by one thread at a time.
class Queue {
 public:
  struct Options {
    std::string program = "imreg";
    double wait_seconds = 10;         ///< for the lock of the queue's file
    bool on_network = false;          ///< as RecordWriter::Options
    std::int64_t most_done = 100000;  ///< with more finished lines in front the file is compacted
    IoObserver* observer = nullptr;   ///< tests: sees and fails file operations
  };
  /// The queue need not exist yet. `name`: letters, digits, - and _, at most 32. Errors: invalid; mismatch, corrupt (the file is
  /// no queue).
  static Result<Queue> open(const std::string& database, const std::string& name, const Options& options);
  const std::string& name() const;
  const std::string& path() const;  ///< of its file

  /// Lines that nobody can take before release(). To be called with the lock of the database held, before the rows are committed;
  /// if the process dies in between, or a commit failed and the slot goes, the rows tell others whether the lines are to be
  /// released (there, and the file the same) or dropped. After an error it may be called again. Makes the queue when it is
  /// missing. Errors: invalid (a path does not fit), those of RecordWriter.
  Result<std::vector<std::int64_t>> announce(const Slot& slot, const std::vector<QueueLine>& lines);
  Status release(const Slot& slot, const std::vector<std::int64_t>& ids);
  Status drop(const Slot& slot, const std::vector<std::int64_t>& ids);
  /// Lines that wait at once; those are left out that stand in the queue already, for the same file, and are not done, or were
  /// done since `begun`. Returns how many came in.
  Result<std::int64_t> add(const std::vector<QueueLine>& lines, double begun);

  /// Whether take() would find something, without a lock; and when the next line that waits for its time may be taken (none:
  /// infinity).
  struct Look {
    bool ready = false;
    double next_time;
  };
  Result<Look> look() const;
  /// The oldest lines that wait, up to `most`, with those that dead workers had. Lines of one file, one behind the other, count
  /// as one, up to `together` of them.
  Result<std::vector<QueueLine>> take(const Slot& slot, std::int64_t most, std::int64_t together = 1);
  /// Errors: mismatch (the slot does not hold such a line: nothing is changed). After any other it may be called again.
  Status finish(const Slot& slot, const std::vector<Outcome>& outcomes);
  Status give_back(const Slot& slot, const std::vector<std::int64_t>& ids);

  /// Lines that failed wait again, behind the others and with new numbers. Returns how many.
  Result<std::int64_t> retry();
  /// Takes lines out of the queue and makes its file smaller. Returns how many.
  Result<std::int64_t> clear(ClearedLines which);

  /// All lines in order, as they are: one that a dead worker had waits. Returns how many are damaged and left out.
  Result<std::int64_t> each(const std::function<bool(const QueueLine&)>& visit) const;
  Result<QueueCounts> counts() const;
  /// What recovery found, and lines that could not be read: one sentence each; empties the list.
  std::vector<std::string> notes();

  Queue(Queue&&) noexcept;
  Queue& operator=(Queue&&) noexcept;
  ~Queue();

 private:
  struct State;
  explicit Queue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// X.db.queue, and the names of the queues that are in it.
std::string queue_folder(const std::string& database);
Result<std::vector<std::string>> queue_names(const std::string& database);
/// check_database() of each queue, into the report of the database, with how a queue is mended.
void check_queues(const std::string& database, const CheckOptions& options, CheckReport& report);

/// What is done with the lines of a queue.
struct QueuePlan {
  std::string name;
  std::string rows = "all";  ///< which rows go into it: "all", or a condition as -where takes it; empty ("none"): none
  std::vector<std::string> step;  ///< program and its words; {"imstats"}: the built-in one; empty: the lines wait
  double timeout = 600;           ///< seconds
  int tries = 3;                  ///< attempts until a line has failed
  double wait = 60;               ///< seconds between two of them
  std::string next, failed;       ///< queues for lines that are done, that have failed
  int jobs = 0;                   ///< at once; 0: as many as the worker has
  bool has_step() const { return !step.empty(); }
  bool is_built_in() const { return step.size() == 1 && step[0] == "imstats"; }
};
/// KEY and value of the configuration's lines QUEUE_, STEP_, TIMEOUT_, TRIES_, WAIT_, NEXT_, FAILED_, JOBS_; without any QUEUE_
/// line but "none": IMSTAT and PTOLEMY. In the order of names. Error: invalid, naming the key (also of a {word} that stands for
/// nothing, and of a queue to go on to that has no key).
Result<std::vector<QueuePlan>> plan_queues(const std::vector<std::pair<std::string, std::string>>& settings);
/// Whether a row goes into the queue. Errors: those of Expression::parse_condition.
Result<std::function<bool(RecordView)>> rows_for(const QueuePlan& plan, const PathRoots& roots);
/// Rows that belong into the queue, whose statistics were never measured, and that are not in it; with `all` also those that were
/// measured, and have no line there that is done either. Returns how many.
Result<std::int64_t> fill_queue(const std::string& database, const QueuePlan& plan, const Queue::Options& options,
                                bool all = false);

}  // namespace imreg
