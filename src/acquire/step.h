// A process that runs a step: a program on one line, or what is built in on lines of one file, one behind the other. What it prints,
// and what became of each line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/elixir.h"
#include "imreg/queue.h"
#include "os/child.h"
#include "os/service.h"

namespace imreg::acquire {

/// What stands for a value of the line in the words of a step: see step_words().
inline constexpr std::string_view kStepWords[] = {"{path}",      "{outroot}", "{ccd}",   "{mode}",
                                                  "{extension}", "{slice}",   "{queue}", "{line}"};

/// The beginning and the end of what a step prints; what is between is counted.
class StepOutput {
 public:
  void add(std::string_view text);
  std::string text() const;
  /// The last line that is not empty.
  std::string last_line() const;

 private:
  std::string head_, tail_;
  std::size_t left_out_ = 0;
};

/// A line whose step has ended.
struct LineEnd {
  QueueLine line;
  Outcome outcome;      ///< state done or failed, result, when the step began
  bool is_cut = false;  ///< it failed because Step::end() was called
  std::string log;      ///< what it printed, with which line and when
};

/// A process that runs. It has one line, or some for what is built in: it does the step on them in their order, says which it
/// begins, and what became of those that are durable. So it may die at any moment: only the line that it had begun has failed,
/// and those whose end it did not tell are to be done again.
class Step {
 public:
  static Result<Step> start(const QueuePlan& plan, std::vector<QueueLine> lines, const ElixirOptions& options);
  /// What there is to listen to; -1: nothing more.
  int output() const { return child_.output(); }
  int reports() const { return reports_.fd(); }

  /// Lines whose steps have ended since, with that of a process that has ended.
  std::vector<LineEnd> listen();
  bool has_ended() const { return has_ended_; }
  /// Once it has ended: the lines whose end it did not tell, without the one that has failed by that.
  const std::vector<QueueLine>& rest() const { return rest_; }
  /// The line that it has begun, and when; none: it has ended with all.
  struct Work {
    std::int64_t line;
    double since;
  };
  std::optional<Work> work() const;

  /// Nothing new is to begin.
  void stop();
  /// SIGTERM, and SIGKILL when it runs still after so many seconds; `why`: what is said of the line that it has begun.
  void end(const std::string& why, double kill_seconds);
  /// When something is to be done about it.
  double deadline() const { return deadline_; }
  /// To be called behind deadline().
  void act(double now, double kill_seconds);

 private:
  Step(std::vector<QueueLine> lines, Child child)
      : lines_(std::move(lines)), child_(std::move(child)), outputs_(lines_.size()) {}
  bool is_ending() const { return !why_.empty(); }
  /// The line that is at work; lines_.size(): none is.
  std::size_t at() const { return std::max(ended_, begun_ - 1); }
  void read_output();
  void go_on(double began);
  void take_end(std::string how);
  /// One of the lines that were begun.
  LineEnd line_end(std::size_t which, const std::string& how, double began);

  std::vector<QueueLine> lines_;
  std::size_t begun_ = 1, ended_ = 0;  // so many of them: the first begins with the process
  std::vector<LineEnd> ends_;          // of lines that became durable together with
  std::size_t more_ = 0;               // so many of which it is still to be heard
  std::vector<QueueLine> rest_;
  Child child_;
  Descriptor reports_;               // of what is built in
  std::vector<StepOutput> outputs_;  // of each line
  double started_ = 0, deadline_ = 0, timeout_ = 0;
  std::string why_;      // it was told to end
  std::size_t cut_ = 0;  // which line it had begun then
  bool is_built_in_ = false, is_told_ = false, has_ended_ = false;
};

}  // namespace imreg::acquire
