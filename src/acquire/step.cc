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

// What a process with several lines says of one of them: that it begins, or what became of it, and some text.
struct Report {
  enum class What : std::uint8_t { begun, done, failed };
  std::size_t line = 0;
  double began = 0;
  std::size_t more = 0;  // reports that follow, of lines that became durable in the same step
  What what = What::begun;
};

// In a process of its own. Nothing begins once something was sent to it.
int run_built_in(const std::vector<QueueLine>& lines, const ElixirOptions& options, int reports) {
  const auto step = options.built_in(options);
  const auto say = [&](const Report& report, std::string_view text) {
    std::string message(reinterpret_cast<const char*>(&report), sizeof report);
    message += text;
    message.resize(std::min(message.size(), kLongestReport));
    return ::send(reports, message.data(), message.size(), MSG_NOSIGNAL) >= 0;
  };
  std::size_t saved = 0;
  std::vector<double> begun;  // the times, of the lines behind those
  const auto save = [&] {
    if (begun.empty()) return true;
    const auto said = step->save();
    for (std::size_t i = 0; i < said.size(); ++i) {
      const auto what = said[i].ok() ? Report::What::done : Report::What::failed;
      const std::string text = said[i] ? *said[i] : said[i].status().text();
      if (!say({saved + i, begun[i], said.size() - 1 - i, what}, text)) return false;
    }
    saved += begun.size();
    begun.clear();
    return true;
  };
  for (const auto& line : lines) {
    char told = 0;
    if (::recv(reports, &told, sizeof told, MSG_DONTWAIT) > 0) break;
    begun.push_back(current_time());
    if (!say({saved + begun.size() - 1, begun.back(), 0, Report::What::begun}, "")) return 1;
    step->run(line);
    if (current_time() >= begun.front() + options.save_seconds && !save()) return 1;
  }
  return save() ? 0 : 1;
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
  StepOutput& output = outputs_[std::min(at(), lines_.size() - 1)];
  for (int i = 0; i < kPieces; ++i) {
    const std::string text = child_.read_output();
    if (text.empty()) return;
    output.add(text);
  }
}

std::optional<Step::Work> Step::work() const {
  if (has_ended_ || at() >= lines_.size()) return {};
  return Work{lines_[at()].id, started_};
}

std::vector<LineEnd> Step::listen() {
  const auto status = child_.ended();  // first: what it has said before is read below
  while (reports_.fd() >= 0) {
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
    if (report.what == Report::What::begun) {
      begun_ = report.line + 1;
      go_on(report.began);
      continue;
    }
    outputs_[report.line].add(
        std::string_view(message).substr(sizeof report, static_cast<std::size_t>(got) - sizeof report));
    ends_.push_back(line_end(report.line, report.what == Report::What::done ? "" : "exit 1", report.began));
    ended_ = report.line + 1;
    more_ = report.more;
    go_on(current_time());
  }
  read_output();
  if (status) take_end(text_of_wait_status(*status));
  if (more_ > 0 && !has_ended_) return {};  // one sync for all of them in the queue, too
  return std::exchange(ends_, {});
}

// The line that is at work has its own time.
void Step::go_on(double began) {
  started_ = began;
  if (!is_ending()) deadline_ = current_time() + timeout_;
}

void Step::take_end(std::string how) {
  const std::size_t last = at();
  bool is_end = last < lines_.size();  // of that line, too
  if (is_ending()) {
    is_end &= last == cut_;  // else the line that it had begun had just ended
    how = why_;              // also when it ends with 0 at SIGTERM: it was not let finish
  } else if (how.empty() && is_built_in_) {
    is_end &= !is_told_;
    how = "it ended too early";
  }
  if (is_end) {
    ends_.push_back(line_end(last, how, started_));
    ends_.back().is_cut = is_ending();
  }
  for (std::size_t i = ended_; i < lines_.size(); ++i) {
    if (!is_end || i != last) rest_.push_back(lines_[i]);
  }
  has_ended_ = true;
}

LineEnd Step::line_end(std::size_t which, const std::string& how, double began) {
  LineEnd out;
  out.line = lines_[which];
  Outcome& outcome = out.outcome;
  StepOutput& output = outputs_[which];
  const std::string said = output.last_line();
  outcome.id = out.line.id;
  outcome.state = how.empty() ? LineState::done : LineState::failed;
  outcome.result = how + (how.empty() || said.empty() ? "" : ": ") + said;
  outcome.started = began;
  const std::string name = "line " + std::to_string(out.line.id) + ": ";
  out.log = "=== " + time_text(began) + " " + name + trigger_line(out.line) + "\n" + output.text();
  if (!out.log.ends_with('\n')) out.log += '\n';
  out.log += "=== " + time_text(current_time()) + " " + name + std::string(word_of(outcome.state)) +
             (how.empty() ? "" : ": " + outcome.result) + "\n";
  output = {};
  return out;
}

void Step::stop() {
  is_told_ = true;
  if (reports_.fd() >= 0) (void)!::send(reports_.fd(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Step::end(const std::string& why, double kill_seconds) {
  if (why_.empty()) why_ = why, cut_ = at();
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
