// One step on one line: its program or what is built in, what it prints, and what became of it.
#pragma once

#include <string>
#include <string_view>

#include "imreg/elixir.h"
#include "imreg/queue.h"
#include "os/child.h"

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

/// A step that runs.
class Step {
 public:
  static Result<Step> start(const QueuePlan& plan, const QueueLine& line, const ElixirOptions& options);
  const QueueLine& line() const { return line_; }
  int output() const { return child_.output(); }
  double started() const { return started_; }

  /// Reads what it has printed.
  void listen();
  /// SIGTERM, and SIGKILL when it runs still after so many seconds; `why`: what is said of it then.
  void end(const std::string& why, double kill_seconds);
  bool is_ending() const { return !why_.empty(); }
  /// When something is to be done about it.
  double deadline() const { return deadline_; }
  /// To be called behind deadline().
  void act(double now, double kill_seconds);
  /// Once it has ended: what became of it (state done or failed, and result).
  std::optional<Outcome> ended();
  /// What it printed, with who and when: for the log.
  std::string log(const Outcome& outcome) const;

 private:
  Step(QueueLine line, Child child) : line_(std::move(line)), child_(std::move(child)) {}
  QueueLine line_;
  Child child_;
  StepOutput output_;
  double started_ = 0, deadline_ = 0, timeout_ = 0;
  std::string why_;
};

}  // namespace imreg::acquire
