// The worker's loop: what has ended is made durable, free places are filled, then it waits for the next thing to happen.
//
// One thread: children die with the thread that made them, and a copy of this process (the built-in step) must be whole.
#include "imreg/elixir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <set>

#include "acquire/queue_file.h"
#include "acquire/step.h"
#include "acquire/worker_file.h"
#include "base/text.h"
#include "imreg/date.h"
#include "imreg/fits_file.h"
#include "os/file.h"
#include "os/service.h"

namespace imreg {

namespace {

using acquire::LineState;
using acquire::Step;
using Grade = ElixirOptions::Grade;

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::int64_t kTogether = 256;  // lines of one file that one process does; of a long cube others get some, too
constexpr double kPublishSeconds = 0.1;
constexpr double kTrySeconds = 1;               // between two attempts of what a full disk refused
constexpr off_t kLongestLog = off_t{16} << 20;  // then it becomes X.log.old

// What goes wrong with a queue, until it goes well.
struct Trouble {
  Status status = {};
  double since = 0;  // 0: all is well
  double again = 0;  // when it is tried again
};

// One queue and what runs for it.
struct Place {
  const QueuePlan& plan;
  Queue queue;
  std::vector<std::unique_ptr<Step>> steps = {};
  std::vector<Outcome> outcomes = {};                     // not durable yet
  std::vector<std::pair<Grade, std::string>> words = {};  // of each outcome: told when it is durable
  std::vector<std::int64_t> given_back = {};              // not durable yet
  Trouble file = {}, start = {};                          // with the queue; with making processes
  std::set<std::string> noted = {};
  bool look = true;           // something may wait
  double next_time = kNever;  // when a line that waits for its time may be taken
  bool is_saved() const { return outcomes.empty() && given_back.empty(); }
};

class Elixir {
 public:
  Elixir(const ElixirOptions& options, Slot slot, acquire::WorkerFile file)
      : options_(options), slot_(std::move(slot)), file_(std::move(file)) {}

  Status prepare() {
    IMREG_ASSIGN(signals_, signals_as_file({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD}));
    for (const auto& plan : options_.plans) {
      if (plan.has_step()) closed_.push_back(&plan);
    }
    if (closed_.empty()) return {Code::invalid, "no queue has a step; set STEP_NAME in the configuration"};
    for (const auto* plan : closed_) {
      if (plan->is_built_in() && !options_.built_in)
        return {Code::invalid, "STEP_" + plan->name + ": there is no step imstats here"};
    }
    // Each line would use up its attempts; so they wait until there is one. Where it depends on the line, only that can tell.
    for (const auto* plan : closed_) {
      if (plan->is_built_in() || plan->step[0].find('{') != std::string::npos) continue;
      if (const Status found = can_run(plan->step[0]); !found.ok())
        return {Code::invalid, "STEP_" + plan->name + ": " + found.message()};
    }
    places_.reserve(closed_.size());
    open_queues();
    auto watch = watch_folder(queue_folder(options_.database));
    if (watch)
      watch_ = *std::move(watch);
    else
      tell(Grade::warning, watch.status().text() + "; looking every " + seconds_text(options_.look_seconds) + " s");
    return {};
  }

  void run() {
    for (;;) {
      end_steps();
      for (auto& place : places_) save(place);
      if (stopping_ && steps() == 0 && (all_saved() || aborting_)) return;
      if (!stopping_) fill();
      publish();
      if (options_.once && !stopping_ && steps() == 0 && all_saved() && nothing_left()) return;
      wait();
    }
  }
  ElixirReport report() {
    if (closed_.empty() && !options_.once) report_.trouble = {};  // it was mended
    for (const auto& place : places_) {
      if (!place.is_saved()) report_.trouble = place.file.status;
      if (place.start.since > 0) report_.trouble = place.start.status;
    }
    return std::move(report_);
  }

 private:
  // One that cannot be read is left alone until somebody has mended it.
  void open_queues() {
    Queue::Options queue_options;
    queue_options.program = options_.program;
    queue_options.wait_seconds = options_.wait_seconds;
    queue_options.on_network = options_.on_network;
    std::erase_if(closed_, [&](const QueuePlan* plan) {
      auto queue = Queue::open(options_.database, plan->name, queue_options);
      const bool opened = queue.ok();
      if (opened) {
        places_.push_back(Place{*plan, *std::move(queue)});
      } else if (report_.trouble.text() != queue.status().text()) {
        tell(Grade::error, plan->name + ": " + queue.status().text());
        report_.trouble = queue.status();
      }
      return opened;
    });
  }

  void tell(Grade grade, const std::string& text) const {
    if (options_.tell) options_.tell(grade, visible(text));
  }
  static std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", seconds < 10 ? 1 : 0, seconds);
    return text;
  }
  std::size_t steps() const {
    std::size_t out = 0;
    for (const auto& place : places_) out += place.steps.size();
    return out;
  }
  // Who is to end waits so long for what a full disk, or the want of processes, refuses.
  bool is_given_up(const Trouble& trouble) const {
    return trouble.since > 0 && current_time() > trouble.since + options_.wait_seconds;
  }
  bool all_saved() const {
    return std::all_of(places_.begin(), places_.end(),
                       [&](const Place& place) { return place.is_saved() || is_given_up(place.file); });
  }
  // Lines that wait for their time are still to come; a queue that cannot be read is not waited for.
  bool nothing_left() const {
    return std::all_of(places_.begin(), places_.end(), [&](const Place& place) {
      return !place.is_saved() || is_given_up(place.start) ||
             (!place.look && (place.next_time == kNever || place.file.since > 0));
    });
  }

  // The same trouble is told once.
  void note(Place& place, Trouble& trouble, const Status& status, double pause = kTrySeconds) {
    for (const auto& text : place.queue.notes()) {
      if (place.noted.insert(text).second) tell(Grade::warning, place.plan.name + ": " + text);
    }
    if (status.ok()) {
      if (trouble.since > 0) tell(Grade::info, place.plan.name + ": all is well again");
      trouble = {};
      return;
    }
    const double now = current_time();
    if (status.text() != trouble.status.text()) tell(Grade::error, place.plan.name + ": " + status.text());
    trouble = {status, trouble.since > 0 ? trouble.since : now, now + pause};
  }

  void end_steps() {
    const double now = current_time();
    for (auto& place : places_) {
      for (auto& step : place.steps) {
        for (auto& line : step->listen()) take_in(place, std::move(line));
        if (!step->has_ended()) {
          step->act(now, std::min(options_.kill_seconds, place.plan.timeout));
          continue;
        }
        const auto& rest = step->rest();
        for (const auto& line : rest) place.given_back.push_back(line.id);
        if (!rest.empty())
          tell(Grade::info, place.plan.name + ": " + counted(std::ssize(rest), "line") + " of " + rest[0].path +
                                " given back: their process ended before");
        step.reset();
      }
      std::erase(place.steps, nullptr);
    }
  }

  static std::string about(const Place& place, const QueueLine& line) {
    return place.plan.name + " line " + std::to_string(line.id) + " " + trigger_line(line) + ": ";
  }

  // Which lines are worked at. CCDs of a file may take some milliseconds each: not every change is worth a new file.
  void publish() {
    std::vector<acquire::LineAtWork> now;
    for (const auto& place : places_) {
      for (const auto& step : place.steps) {
        if (const auto work = step->work()) now.push_back({place.plan.name, work->line, work->since});
      }
    }
    is_published_ = now == published_;
    if (is_published_ || current_time() < published_at_ + kPublishSeconds) return;
    file_.write(now);
    published_ = std::move(now);
    published_at_ = current_time();
    is_published_ = true;
  }

  void take_in(Place& place, acquire::LineEnd end) {
    const QueueLine& line = end.line;
    Outcome& outcome = end.outcome;
    const QueuePlan& plan = place.plan;
    const std::string about = this->about(place, line);
    if (aborting_ && end.is_cut) {
      place.given_back.push_back(line.id);
      tell(Grade::info, about + "given back");
      return;
    }
    const double now = current_time();
    const std::string result = (outcome.result.empty() ? "" : ": " + outcome.result);
    write_log(plan.name, end.log);
    const auto say = [&](Grade grade, const std::string& text) { place.words.emplace_back(grade, about + text); };
    if (outcome.state == LineState::done) {
      outcome.next = plan.next;
      say(Grade::info, "done in " + seconds_text(now - outcome.started) + " s" + result);
    } else if (line.tries + 1 < plan.tries) {
      outcome.state = LineState::waiting;
      outcome.after = now + plan.wait;
      say(Grade::warning, "failed" + result + "; again in " + seconds_text(plan.wait) + " s (attempt " +
                              std::to_string(line.tries + 2) + " of " + std::to_string(plan.tries) + ")");
    } else {
      outcome.next = plan.failed;
      say(Grade::error, "failed" + result);
    }
    if (place.is_saved()) place.file.since = place.file.again = 0;  // the patience with it begins now
    place.outcomes.push_back(std::move(outcome));
  }

  // What has ended becomes durable. What a full disk refuses is tried again; until then nothing new is begun in this queue.
  void save(Place& place) {
    if (place.is_saved() || (current_time() < place.file.again && !aborting_)) return;
    note(place, place.file, [&]() -> Status {
      while (!place.outcomes.empty()) IMREG_TRY(finish(place));
      while (!place.given_back.empty()) IMREG_TRY(give_back(place));
      return {};
    }());
    place.look = true;
  }

  // The file holds a line no more (damaged, removed by somebody): asking again helps nobody.
  static bool is_hopeless(const Place& place, const Status& trouble) {
    return trouble.file() == place.queue.path() &&
           (trouble.code() == Code::corrupt || trouble.code() == Code::mismatch || trouble.code() == Code::not_found);
  }

  // All lines at once, or, behind one that is lost, the first alone.
  Status give_back(Place& place) {
    auto& lines = place.given_back;
    std::size_t count = lines.size();
    Status status = place.queue.give_back(slot_, lines);
    if (is_hopeless(place, status)) {
      count = 1;
      status = place.queue.give_back(slot_, {lines[0]});
    }
    if (is_hopeless(place, status))
      tell(Grade::error,
           place.plan.name + ": line " + std::to_string(lines[0]) + " cannot be given back: " + status.text());
    else if (!status.ok())
      return status;
    else
      report_.given_back += static_cast<std::int64_t>(count);
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count));
    return {};
  }

  // The same of outcomes.
  Status finish(Place& place) {
    const auto go_on = [&](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        const Outcome& outcome = place.outcomes[i];
        tell(place.words[i].first, place.words[i].second);
        ++(outcome.state == LineState::done     ? report_.done
           : outcome.state == LineState::failed ? report_.failed
                                                : report_.again);
        for (auto& other : places_) other.look |= other.plan.name == outcome.next;
      }
    };
    const auto forget = [&](std::size_t count) {
      const auto end = static_cast<std::ptrdiff_t>(count);
      place.outcomes.erase(place.outcomes.begin(), place.outcomes.begin() + end);
      place.words.erase(place.words.begin(), place.words.begin() + end);
    };
    Status status = place.queue.finish(slot_, place.outcomes);
    if (status.ok()) {
      go_on(place.outcomes.size());
      forget(place.outcomes.size());
      return status;
    }
    if (!is_hopeless(place, status)) return status;
    const std::vector<Outcome> first = {place.outcomes.front()};
    status = place.queue.finish(slot_, first);
    if (!status.ok() && !is_hopeless(place, status)) return status;
    if (!status.ok())
      tell(Grade::error, place.plan.name + ": what became of line " + std::to_string(first[0].id) + " (" +
                             std::string(word_of(first[0].state)) + ") is lost: " + status.text());
    else
      go_on(1);
    forget(1);
    return {};
  }

  void fill() {
    const double now = current_time();
    for (std::size_t i = 0; i < places_.size(); ++i) {
      Place& place = places_[(first_ + i) % places_.size()];
      auto free = static_cast<std::int64_t>(options_.jobs) - static_cast<std::int64_t>(steps());
      if (place.plan.jobs > 0) free = std::min(free, place.plan.jobs - static_cast<std::int64_t>(place.steps.size()));
      if (free <= 0 || now < std::max(place.file.again, place.start.again) || !place.is_saved()) continue;
      if (!place.look && now < place.next_time) continue;
      fill(place, free);
    }
    first_ =
        places_.empty() ? 0 : (first_ + 1) % places_.size();  // another one is the first to get the next free place
  }

  void fill(Place& place, std::int64_t free) {
    const bool together = place.plan.is_built_in();
    const auto lines = place.queue.take(slot_, free, together ? kTogether : 1);
    note(place, place.file, lines.status());
    place.next_time = kNever;
    place.look = lines && (together ? !lines->empty() : std::ssize(*lines) == free);
    if (!lines) {
      if (options_.once) report_.trouble = lines.status();
      return;
    }
    auto now = *lines;
    (void)follow_moved(options_.database, now);  // without a database the steps will tell
    std::vector<std::vector<QueueLine>> files;   // each for a process
    for (std::size_t i = 0; i < now.size(); ++i) {
      const bool removed = now[i].path.empty();
      if (removed && place.plan.is_built_in()) {
        refuse(place, (*lines)[i]);
        continue;
      }
      const QueueLine& line = removed ? (*lines)[i] : now[i];  // a program of its own may want to know of those
      if (!together || files.empty() || files.back().back().path != line.path) files.emplace_back();
      files.back().push_back(line);
    }
    if (together) share(files, static_cast<std::size_t>(free));
    for (auto& of_file : files) {
      std::vector<std::int64_t> ids;
      for (const auto& line : of_file) ids.push_back(line.id);
      auto step = Step::start(place.plan, std::move(of_file), options_);
      note(place, place.start, step.status(), std::max(kTrySeconds, place.plan.wait));
      if (step)
        place.steps.push_back(std::make_unique<Step>(*std::move(step)));
      else
        place.given_back.insert(place.given_back.end(), ids.begin(), ids.end());
    }
    if (place.look) return;
    if (const auto seen = place.queue.look()) {
      place.next_time = seen->next_time;
      // What seems to be ready and is not given: lines of which it cannot be known yet whether they are due.
      place.look = seen->ready && !lines->empty();
    }
  }

  // Processes that have nothing to do take half of the lines of a file, unless it has to be unpacked first, by each of them.
  static void share(std::vector<std::vector<QueueLine>>& files, std::size_t free) {
    std::vector<std::size_t> sizes;  // 1: not to be shared
    for (const auto& lines : files) {
      const bool alone = lines.size() == 1 || files.size() >= free ||
                         file_kind(lines[0].path).value_or(FileKind::unknown) != FileKind::fits;
      sizes.push_back(alone ? 1 : lines.size());
    }
    while (!files.empty() && files.size() < free) {
      const auto most = static_cast<std::size_t>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
      if (sizes[most] == 1) return;
      const auto half = files[most].begin() + std::ssize(files[most]) / 2;
      std::vector<QueueLine> second(half, files[most].end());
      files[most].erase(half, files[most].end());
      sizes[most] = files[most].size();
      sizes.push_back(second.size());
      files.push_back(std::move(second));
    }
  }

  // Another attempt would find nothing either.
  void refuse(Place& place, const QueueLine& line) {
    Outcome outcome;
    outcome.id = line.id;
    outcome.state = LineState::failed;
    outcome.result = "image is unavailable: it was removed, there is no such file, and no row of its image";
    outcome.next = place.plan.failed;
    place.words.emplace_back(Grade::error, about(place, line) + "failed: " + outcome.result);
    place.outcomes.push_back(std::move(outcome));
  }

  void wait() {
    const double now = current_time();
    double until = now + options_.look_seconds;
    std::vector<int> descriptors = {signals_.fd()};
    if (watch_.fd() >= 0) descriptors.push_back(watch_.fd());
    const bool full = steps() >= static_cast<std::size_t>(options_.jobs);
    for (const auto& place : places_) {
      for (const auto& step : place.steps) {
        descriptors.push_back(step->output());
        descriptors.push_back(step->reports());
        until = std::min(until, step->deadline());
      }
      const bool has_room = !full && (place.plan.jobs == 0 || static_cast<int>(place.steps.size()) < place.plan.jobs);
      if (!place.is_saved())
        until = std::min(until, place.file.again);
      else if (has_room && !stopping_)
        until = std::min(until, std::max({place.look ? 0 : place.next_time, place.file.again, place.start.again}));
    }
    if (!is_published_) until = std::min(until, published_at_ + kPublishSeconds);
    wait_for(descriptors, until - now);
    if (current_time() >= now + options_.look_seconds) look_everywhere();
    if (watch_.fd() >= 0) {
      const auto names = changed_names(watch_);
      if (!names) look_everywhere();
      for (auto& place : places_) {
        if (names && std::find(names->begin(), names->end(), place.plan.name + ".queue") != names->end())
          place.look = true;
      }
    }
    while (const int number = next_signal(signals_)) take_signal(number);
  }

  void look_everywhere() {
    open_queues();
    for (auto& place : places_) place.look = true;
  }

  void take_signal(int number) {
    if (number == SIGCHLD) return;
    const bool at_once = stopping_ || number == SIGUSR1;
    for (auto& place : places_) {
      for (auto& step : place.steps) step->stop();
    }
    if (!stopping_) {
      tell(Grade::info, at_once ? "told to end at once"
                                : "told to end: " + counted(static_cast<long long>(steps()), "step") +
                                      " to finish; a second signal ends them");
      tell_service_manager("STOPPING=1");
    }
    stopping_ = true;
    if (!at_once || aborting_) return;
    end_steps();  // what has ended by itself was not ended by us
    aborting_ = true;
    for (auto& place : places_) {
      for (auto& step : place.steps) step->end("ended with its worker", options_.kill_seconds);
    }
  }

  // NAME.log: what each step printed, whole, behind its end.
  void write_log(const std::string& queue, const std::string& text) {
    const std::string path = queue_folder(options_.database) + "/" + queue + ".log";
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && info.st_size > kLongestLog) (void)rename_file(path, path + ".old");
    const Descriptor log(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    std::string_view rest = text;
    while (log.fd() >= 0 && !rest.empty()) {  // a disk that becomes full takes a part, then says why not the rest
      const ssize_t wrote = ::write(log.fd(), rest.data(), rest.size());
      if (wrote <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    }
    const bool written = rest.empty();
    if (!written && !log_trouble_) tell(Grade::warning, os_error(path, "cannot be written", errno).text());
    log_trouble_ = !written;
  }

  const ElixirOptions& options_;
  Slot slot_;
  Descriptor signals_, watch_;
  std::vector<Place> places_;
  std::vector<const QueuePlan*> closed_;
  std::size_t first_ = 0;
  bool stopping_ = false, aborting_ = false, log_trouble_ = false;
  acquire::WorkerFile file_;
  std::vector<acquire::LineAtWork> published_;
  bool is_published_ = true;
  double published_at_ = 0;
  ElixirReport report_;
};

}  // namespace

ElixirReport run_elixir(const ElixirOptions& options) {
  ElixirReport failed;
  auto slot = Slot::take(options.database, options.program);
  if (!slot) {
    failed.trouble = slot.status();
    return failed;
  }
  auto file = acquire::WorkerFile::make(options.database, *slot, options.jobs);
  if (!file) {
    failed.trouble = file.status();
    return failed;
  }
  Elixir elixir(options, *std::move(slot), *std::move(file));
  failed.trouble = elixir.prepare();
  if (!failed.trouble.ok()) return failed;
  tell_service_manager("READY=1");
  elixir.run();
  return elixir.report();
}

}  // namespace imreg
