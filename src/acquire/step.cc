// Starts processes, listens to them, ends them.
#include "acquire/step.h"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

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
constexpr std::size_t kLongestReport = 16 << 10;

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

namespace {

// What a process with several lines says of one of them: this and some text.
struct Report {
  double began = 0;
  bool good = false;
};

// In a process of its own. Nothing begins once something was sent to it.
int run_built_in(const std::vector<QueueLine>& lines, const ElixirOptions& options, int reports) {
  const auto step = options.built_in ? options.built_in(options) : [](const QueueLine&) {
    return Result<std::string>(Status(Code::invalid, "there is no step imstats here"));
  };
  for (const auto& line : lines) {
    char told = 0;
    if (::recv(reports, &told, sizeof told, MSG_DONTWAIT) > 0) return 0;
    const double began = current_time();
    const auto said = step(line);
    const Report report{began, said.ok()};
    std::string message(reinterpret_cast<const char*>(&report), sizeof report);
    message += said ? *said : said.status().text();
    message.resize(std::min(message.size(), kLongestReport));
    if (::send(reports, message.data(), message.size(), MSG_NOSIGNAL) < 0) return 1;
  }
  return 0;
}

}  // namespace

Result<Step> Step::start(const QueuePlan& plan, std::vector<QueueLine> lines, const ElixirOptions& options) {
  int ends[2] = {-1, -1};
  if (plan.is_built_in() && ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return os_error("", "cannot make a socket", errno);
  Descriptor ours(ends[0]);
  const Descriptor its(ends[1]);
  auto child = plan.is_built_in()
                   ? Child::call([&] { return run_built_in(lines, options, its.fd()); })
                   : Child::run(step_words(plan, lines[0]), {"IMREG_DB=" + absolute_path(options.database)});
  if (!child) return child.status();
  Step out(std::move(lines), *std::move(child));
  out.is_built_in_ = plan.is_built_in();
  out.reports_ = std::move(ours);
  out.started_ = current_time();
  out.timeout_ = plan.timeout;
  out.deadline_ = out.started_ + plan.timeout;
  return out;
}

void Step::read_output() {
  for (int i = 0; i < kPieces; ++i) {
    const std::string text = child_.read_output();
    if (text.empty()) return;
    output_.add(text);
  }
}

std::vector<LineEnd> Step::listen() {
  const auto status = child_.ended();  // first: what it has said before is read below
  std::vector<LineEnd> out;
  while (reports_.fd() >= 0 && next_ < lines_.size()) {
    std::string message(kLongestReport, '\0');
    const ssize_t got = ::recv(reports_.fd(), message.data(), message.size(), MSG_DONTWAIT);
    if (got < 0) break;
    Report report;
    if (got < static_cast<ssize_t>(sizeof report)) {  // it has ended: the descriptor would be "readable" from now on
      reports_ = Descriptor();
      break;
    }
    std::memcpy(&report, message.data(), sizeof report);
    read_output();
    output_.add(std::string_view(message).substr(sizeof report, static_cast<std::size_t>(got) - sizeof report));
    out.push_back(line_end(report.good ? "" : "exit 1", report.began));
  }
  read_output();
  if (!status) return out;
  has_ended_ = true;
  if (next_ == lines_.size()) return out;
  std::string how = text_of_wait_status(*status);
  if (is_ending()) {
    if (next_ != cut_) return out;  // the line that it had begun had just ended
    how = why_;                     // also when it ends with 0 at SIGTERM: it was not let finish
  } else if (how.empty() && is_built_in_) {
    if (is_told_) return out;
    how = "it ended too early";
  }
  out.push_back(line_end(how, started_));
  out.back().is_cut = is_ending();
  return out;
}

LineEnd Step::line_end(const std::string& how, double began) {
  LineEnd out;
  out.line = lines_[next_++];
  Outcome& outcome = out.outcome;
  const std::string said = output_.last_line();
  outcome.id = out.line.id;
  outcome.state = how.empty() ? LineState::done : LineState::failed;
  outcome.result = how + (how.empty() || said.empty() ? "" : ": ") + said;
  outcome.started = began;
  const double now = current_time();
  const std::string name = "line " + std::to_string(out.line.id) + ": ";
  out.log = "=== " + time_text(began) + " " + name + trigger_line(out.line) + "\n" + output_.text();
  if (!out.log.ends_with('\n')) out.log += '\n';
  out.log += "=== " + time_text(now) + " " + name + std::string(word_of(outcome.state)) +
             (how.empty() ? "" : ": " + outcome.result) + "\n";
  output_ = {};
  started_ = now;
  if (!is_ending()) deadline_ = now + timeout_;
  return out;
}

void Step::stop() {
  is_told_ = true;
  if (reports_.fd() >= 0) (void)!::send(reports_.fd(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Step::end(const std::string& why, double kill_seconds) {
  if (why_.empty()) why_ = why, cut_ = next_;
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

}  // namespace acquire

}  // namespace imreg
