// The worker: takes lines from the queues of a database and runs a step on each, several at once. man 1 imelixir.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/queue.h"

namespace imreg {

/// A step that is built in.
class LineStep {
 public:
  virtual ~LineStep() = default;
  virtual void run(const QueueLine& line) = 0;
  /// Makes what was run since the last call durable, as one step. Of each of these lines, in order: what is to be said of it, or
  /// why it has failed.
  virtual std::vector<Result<std::string>> save() = 0;
};

struct ElixirOptions {
  std::string database;
  std::vector<QueuePlan> plans;  ///< those without a step are left alone
  int jobs = 1;                  ///< steps at once
  bool once = false;             ///< ends when the queues are empty; what others hold is not waited for
  std::string program = "imelixir";
  double wait_seconds = 10;  ///< for locks; with `once` also how long a full disk is waited for
  bool on_network = false;
  double look_seconds = 5;  ///< a look at the queues when nothing is heard of them
  double kill_seconds = 5;  ///< between SIGTERM and SIGKILL
  CameraSources cameras;    ///< for the built-in step
  std::string camera = {};  ///< its camera table, as RegisterOptions has it; empty: by the header
  /// STEP_NAME imstats: makes what does the step on lines of a file, one after the other, in a process of its own.
  std::function<std::unique_ptr<LineStep>(const ElixirOptions& options)> built_in = {};
  /// What it has done becomes durable with the last line, and when so much time has passed since it began with the first: one
  /// sync for many lines, and little to be done again when the process dies.
  double save_seconds = 0.5;
  /// One line for people. Called by the thread that called.
  enum class Grade { info, warning, error };
  std::function<void(Grade grade, const std::string& line)> tell = {};
};

struct ElixirReport {
  std::int64_t done = 0, failed = 0, again = 0, given_back = 0;
  Status trouble;  ///< with the queues or the machine
};

/// Runs until SIGTERM, SIGINT or SIGHUP (what runs is finished; a second one, or SIGUSR1: killed, and the lines are given back),
/// or, with `once`, until nothing is left. Blocks these signals for good. To be called by the main thread of a process that has
/// no others: its children die with it.
ElixirReport run_elixir(const ElixirOptions& options);

/// A worker that is at work on a database.
struct ElixirProcess {
  std::string host, since;  ///< since: as ISO 8601
  std::int64_t pid = 0;
  int jobs = 0;
  std::vector<std::pair<std::string, QueueLine>> held;  ///< queue, line
};
/// Error: io.
Result<std::vector<ElixirProcess>> elixir_processes(const std::string& database);
/// Tells all of them to end, and waits for that up to so many seconds. Errors: busy (some still run, or are on other hosts),
/// not_found (there is none).
Status stop_elixir(const std::string& database, bool abort, double wait_seconds);

/// The arguments of a step for a line: {path} {outroot} {ccd} {mode} {extension} {slice} {queue} {line} in a word stand for what
/// the line says; {line} is the whole trigger line.
std::vector<std::string> step_words(const QueuePlan& plan, const QueueLine& line);

}  // namespace imreg
