// Starts steps, listens to them, ends them.
#include "acquire/step.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "acquire/queue_file.h"
#include "imreg/date.h"
#include "os/walk.h"

namespace imreg {

std::vector<std::string> step_words(const QueuePlan& plan, const QueueLine& line) {
  const std::string values[] = {line.path,
                                outroot_of(line),
                                std::to_string(line.ccd),
                                std::string(acquire::word_of_mode(line.mode)),
                                std::to_string(line.extension),
                                std::to_string(line.slice),
                                plan.name,
                                trigger_line(line)};
  static_assert(std::size(values) == std::size(acquire::kStepWords));
  std::vector<std::string> out;
  for (const auto& word : plan.step) {
    std::string filled;
    for (std::size_t at = 0; at < word.size();) {
      const auto which = std::find_if(std::begin(acquire::kStepWords), std::end(acquire::kStepWords),
                                      [&](auto name) { return std::string_view(word).substr(at).starts_with(name); });
      if (which == std::end(acquire::kStepWords)) {
        filled += word[at++];
      } else {
        filled += values[which - std::begin(acquire::kStepWords)];
        at += which->size();
      }
    }
    out.push_back(std::move(filled));
  }
  return out;
}

namespace acquire {

namespace {

constexpr std::size_t kHead = 64 << 10, kTail = 64 << 10;  // of what a step prints
constexpr int kPieces = 64;                                // that are read in one go: others wait, too

std::string time_text(double time) { return format_iso(time, 0); }

}  // namespace

void StepOutput::add(std::string_view text) {
  const auto first = std::min(text.size(), kHead - std::min(kHead, head_.size()));
  head_ += text.substr(0, first);
  tail_ += text.substr(first);
  if (tail_.size() <= 2 * kTail) return;
  left_out_ += tail_.size() - kTail;
  tail_.erase(0, tail_.size() - kTail);
}

std::string StepOutput::text() const {
  if (left_out_ == 0) return head_ + tail_;
  return head_ + "\n... " + std::to_string(left_out_) + " bytes left out ...\n" + tail_;
}

std::string StepOutput::last_line() const {
  const std::string& all = tail_.find_first_not_of(" \t\r\n") == tail_.npos ? head_ : tail_;
  const auto end = all.find_last_not_of(" \t\r\n");
  if (end == all.npos) return "";
  const auto line_end = all.rfind('\n', end);
  return all.substr(line_end == all.npos ? 0 : line_end + 1, end - (line_end == all.npos ? 0 : line_end + 1) + 1);
}

Result<Step> Step::start(const QueuePlan& plan, const QueueLine& line, const ElixirOptions& options) {
  auto child = plan.is_built_in() ? Child::call([&] {
    const auto said = options.built_in ? options.built_in(line, options)
                                       : Result<std::string>(Status(Code::invalid, "there is no step imstats here"));
    const std::string text = (said ? *said : said.status().text()) + "\n";
    return ::write(1, text.data(), text.size()) > 0 && said ? 0 : 1;
  })
                                  : Child::run(step_words(plan, line), {"IMREG_DB=" + absolute_path(options.database)});
  if (!child) return child.status();
  Step out(line, *std::move(child));
  out.started_ = current_time();
  out.timeout_ = plan.timeout;
  out.deadline_ = out.started_ + plan.timeout;
  return out;
}

void Step::listen() {
  for (int i = 0; i < kPieces; ++i) {
    const std::string text = child_.read_output();
    if (text.empty()) return;
    output_.add(text);
  }
}

void Step::end(const std::string& why, double kill_seconds) {
  if (why_.empty()) why_ = why;
  child_.signal(SIGTERM);
  deadline_ = std::min(deadline_, current_time() + kill_seconds);
}

void Step::act(double now, double kill_seconds) {
  if (now < deadline_) return;
  if (is_ending()) {
    child_.signal(SIGKILL);
    deadline_ = std::numeric_limits<double>::infinity();
  } else {
    deadline_ = std::numeric_limits<double>::infinity();
    char text[48];
    std::snprintf(text, sizeof text, "timed out after %.10g s", timeout_);
    end(text, kill_seconds);
  }
}

std::optional<Outcome> Step::ended() {
  const auto status = child_.ended();
  if (!status) return std::nullopt;
  listen();
  const std::string said = output_.last_line();
  std::string how = text_of_wait_status(*status);
  if (is_ending()) how = why_;  // also when it ends with 0 at SIGTERM: it was not let finish
  Outcome out;
  out.id = line_.id;
  out.state = how.empty() ? LineState::done : LineState::failed;
  out.result = how + (how.empty() || said.empty() ? "" : ": ") + said;
  return out;
}

std::string Step::log(const Outcome& outcome) const {
  std::string out =
      "=== " + time_text(started_) + " line " + std::to_string(line_.id) + ": " + trigger_line(line_) + "\n";
  out += output_.text();
  if (!out.ends_with('\n')) out += '\n';
  return out + "=== " + time_text(current_time()) + " line " + std::to_string(line_.id) + ": " +
         std::string(word_of(outcome.state)) + (outcome.state == LineState::done ? "" : ": " + outcome.result) + "\n";
}

}  // namespace acquire

}  // namespace imreg
