// The verbs of imqueue.
#include <algorithm>
#include <functional>

#include "acquire/queue_report.h"
#include "acquire/worker_file.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/queues.h"
#include "cli/verbs.h"

namespace imreg::cli {

namespace {

constexpr VerbOption kVerbOptions[] = {{"n", "take"}, {"done", "clear"}, {"failed", "clear"}, {"all", "clear, fill"}};

struct Work {
  const Program& program;
  const Parsed& args;
  std::string database;
  Queue::Options options;
  std::vector<QueuePlan> plans;
  std::vector<std::string> names;  // of queues
  bool json = false;
  Output output;
};

void tell_notes(const Work& work, Queue& queue) {
  for (const auto& note : queue.notes()) warn(work.program.name, queue.name() + ": " + note);
}

// Calls `act` for each queue; one that is in trouble does not keep us from the others. Whether all went well.
bool each_queue(Work& work, const std::function<Status(Queue&)>& act) {
  bool good = true;
  for (const auto& name : work.names) {
    auto queue = Queue::open(work.database, name, work.options);
    const Status done = queue ? act(*queue) : queue.status();
    if (!done.ok()) complain(work.program.name, done);
    good &= done.ok();
    if (queue) tell_notes(work, *queue);
  }
  return good;
}

Result<int> list(Work& work, bool rates) {
  std::vector<QueueCounts> all;
  IMREG_ASSIGN(const auto news, acquire::WorkerNews::load(work.database));
  const bool good = each_queue(work, [&](Queue& queue) -> Status {
    IMREG_ASSIGN(auto counts, queue.counts());
    if (counts.damaged > 0)
      warn(work.program.name,
           queue.path() + ": damaged lines: " + std::to_string(counts.damaged) + "; imcheck names them");
    for (auto& line : counts.held) news.mark(counts.name, line);
    all.push_back(std::move(counts));
    return {};
  });
  work.output.write(work.json ? acquire::counts_json(all) : acquire::counts_text(all, rates));
  return good ? kOk : kTrouble;
}

Result<int> show(Work& work) {
  std::int64_t lines = 0;
  IMREG_ASSIGN(const auto news, acquire::WorkerNews::load(work.database));
  const bool good = each_queue(work, [&](Queue& queue) {
    return queue
        .each([&](QueueLine line) {
          ++lines;
          news.mark(queue.name(), line);
          return work.output.write(work.json ? acquire::line_json(queue.name(), line) : acquire::line_text(line));
        })
        .status();
  });
  return !good ? kTrouble : lines > 0 ? kOk : kNothing;
}

// What is printed is delivered: it is done when it has been written, and waits again when it could not be.
Result<int> take(Work& work) {
  IMREG_ASSIGN(const auto most, work.args.integer("n", 1, 1, 1000000));
  IMREG_ASSIGN(Queue queue, Queue::open(work.database, work.names.at(0), work.options));
  IMREG_ASSIGN(const Slot slot, Slot::take(work.database, "imqueue"));
  const auto taken = queue.take(slot, most);
  tell_notes(work, queue);
  IMREG_ASSIGN(const auto lines, taken);
  auto now = lines;
  if (const Status known = follow_moved(work.database, now); !known.ok())  // they are given as they came
    warn(work.program.name, "whether files have moved cannot be known: " + known.text());
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // A script may have something to do for those, too: to remove its products. It is told apart what it need not read.
    const bool removed = now[i].path.empty();
    const QueueLine& line = removed ? lines[i] : now[i];
    if (removed)
      warn(work.program.name, queue.name() + " line " + std::to_string(line.id) + ": " + line.path +
                                  " was removed: there is no such file, and no row of its image");
    if (!work.output.write(work.json ? acquire::line_json(queue.name(), line) : trigger_line(line) + '\n')) break;
    outcomes.push_back({line.id, QueueLine::State::done, "given to imqueue take", 0, {}, true});
  }
  if (!work.output.flush()) return kTrouble;
  IMREG_TRY(queue.finish(slot, outcomes));
  return lines.empty() ? kNothing : kOk;
}

Result<int> change(Work& work, const std::string& verb) {
  std::int64_t all = 0;
  const auto which = work.args.has("all")      ? ClearedLines::all
                     : work.args.has("failed") ? ClearedLines::failed
                                               : ClearedLines::done;
  const bool good = each_queue(work, [&](Queue& queue) -> Status {
    const auto is_it = [&](const QueuePlan& plan) { return plan.name == queue.name(); };
    const auto plan = std::find_if(work.plans.begin(), work.plans.end(), is_it);
    IMREG_ASSIGN(const auto lines, verb == "retry" ? queue.retry()
                                   : verb == "clear"
                                       ? queue.clear(which)
                                       : fill_queue(work.database, *plan, work.options, work.args.has("all")));
    all += lines;
    const std::string count = std::to_string(lines);
    work.output.write(work.json ? "{\"queue\": \"" + queue.name() + "\", \"lines\": " + count + "}\n"
                                : queue.name() + ": " + count + '\n');
    return {};
  });
  return !good ? kTrouble : all > 0 ? kOk : kNothing;
}

// Those that were named, else all there are; for `fill` those that measure.
Status find_names(Work& work, const std::string& verb) {
  IMREG_ASSIGN(const auto there, queue_names(work.database));
  work.names.assign(work.args.positionals.begin() + (work.args.positionals.empty() ? 0 : 1),
                    work.args.positionals.end());
  const bool named = !work.names.empty(), fills = verb == "fill";
  for (const auto& plan : work.plans) {
    if (!named && (!fills || plan.is_built_in())) work.names.push_back(plan.name);
  }
  if (!named && !fills) work.names.insert(work.names.end(), there.begin(), there.end());
  if (!named) std::sort(work.names.begin(), work.names.end());
  work.names.erase(std::unique(work.names.begin(), work.names.end()), work.names.end());
  for (const auto& name : work.names) {
    const auto is_it = [&](const QueuePlan& plan) { return plan.name == name; };
    if (std::any_of(work.plans.begin(), work.plans.end(), is_it)) continue;
    if (std::find(there.begin(), there.end(), name) == there.end()) return {Code::invalid, "there is no queue " + name};
    if (fills)
      return {Code::invalid,
              "fill " + name + ": QUEUE_" + name + " is missing in the configuration: which images it gets"};
  }
  if (verb == "take" && (!named || work.names.size() != 1)) return {Code::invalid, "take QUEUE: one queue is needed"};
  return {};
}

Result<int> act(const Program& program, const Parsed& args) {
  const std::string verb = args.positionals.empty() ? "list" : args.positionals[0];
  Settings settings(args);
  Work work{program, args, {}, {}, {}, {}, false, Output()};
  IMREG_ASSIGN(work.json, wants_json(args));
  IMREG_TRY(check_verb_options(args, verb, kVerbOptions));
  IMREG_ASSIGN(work.database, database_with_queues(settings));
  IMREG_ASSIGN(work.options, queue_options(args));
  IMREG_ASSIGN(work.plans, configured_queues(settings));
  IMREG_TRY(find_names(work, verb));
  if (verb == "list" || verb == "rates") return list(work, verb == "rates");
  if (verb == "show") return show(work);
  if (verb == "take") return take(work);
  if (verb == "retry" || verb == "clear" || verb == "fill") return change(work, verb);
  return Status(Code::invalid, "there is no \"" + verb + "\"; there are list, rates, show, take, retry, clear, fill");
}

}  // namespace

int queue_command(const Program& program, const Parsed& args) {
  const auto code = act(program, args);
  return code ? *code : end_with(program.name, code.status());
}

}  // namespace imreg::cli
