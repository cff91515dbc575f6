// The configuration's lines about queues.
#include <algorithm>
#include <array>
#include <map>

#include "acquire/queue_file.h"
#include "acquire/step.h"
#include "base/text.h"
#include "imreg/queue.h"

namespace imreg {

namespace {

constexpr double kLongest = 1e7;            // seconds: some months
constexpr std::string_view kNone = "none";  // QUEUE_X: only what other queues send to it
constexpr long long kMostTries = 30000, kMostJobs = 1000;

Status bad(const std::string& key, const std::string& value, const std::string& what) {
  return {Code::invalid, key + " " + value + ": " + what};
}

Result<double> seconds_of(const std::string& key, const std::string& value) {
  double out = 0;
  if (parse_number(value, out) && out >= 0 && out <= kLongest) return out;
  return bad(key, value, "must be a number of seconds from 0 to 10000000");
}

Result<int> integer_of(const std::string& key, const std::string& value, long long least, long long most) {
  long long out = 0;
  if (parse_integer(value, out) && out >= least && out <= most) return static_cast<int>(out);
  return bad(key, value, "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<std::string> other_queue(const std::string& key, const std::string& value, const std::string& name) {
  if (const Status named = acquire::check_queue_name(value); !named.ok()) return bad(key, value, named.message());
  if (value == name) return bad(key, value, "a queue cannot send its lines to itself");
  return value;
}

// A mistyped {path} would go to the program as it stands, for each line again. What else programs write in braces is theirs:
// "{ print }" and "{}" of awk and find, "${name}" of a shell.
std::string_view unknown_value(std::string_view word) {
  for (std::size_t open = word.find('{'); open != word.npos; open = word.find('{', open + 1)) {
    const auto close =
        std::find_if_not(word.begin() + open + 1, word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    const auto name = word.substr(open, static_cast<std::size_t>(close - word.begin()) - open + 1);
    if (close == word.end() || *close != '}' || name == "{}" || (open > 0 && word[open - 1] == '$')) continue;
    if (std::find(std::begin(acquire::kStepWords), std::end(acquire::kStepWords), name) ==
        std::end(acquire::kStepWords))
      return name;
  }
  return {};
}

// Words at blanks; 'a b' and "a b" are one word. No shell: nothing else means anything.
Result<std::vector<std::string>> words_of_step(const std::string& key, const std::string& value) {
  std::vector<std::string> out;
  bool inside = false;
  char quote = '\0';
  for (const char c : value) {
    if (quote != '\0' ? c == quote : (c == '\'' || c == '"')) {
      quote = quote != '\0' ? '\0' : c;
    } else if (quote == '\0' && (c == ' ' || c == '\t')) {
      inside = false;
      continue;
    }
    if (!inside) out.emplace_back();
    inside = true;
    if (c != quote && !(quote == '\0' && (c == '\'' || c == '"'))) out.back() += c;
  }
  if (quote != '\0') return bad(key, value, "a quote is not closed");
  if (out.empty() || out[0].empty()) return bad(key, value, "a program is missing");
  for (const auto& word : out) {
    if (const auto unknown = unknown_value(word); !unknown.empty()) {
      std::string names;
      for (const auto name : acquire::kStepWords) names += ' ' + std::string(name);
      return bad(key, value, "there is no " + std::string(unknown) + "; there are" + names);
    }
  }
  return out;
}

Status set(QueuePlan& plan, std::string_view what, const std::string& key, const std::string& value) {
  if (what == "QUEUE") {
    plan.rows = equal_nocase(value, "all") ? "all" : equal_nocase(value, kNone) ? "" : value;
  } else if (what == "STEP") {
    IMREG_ASSIGN(plan.step, words_of_step(key, value));
  } else if (what == "TIMEOUT") {
    IMREG_ASSIGN(plan.timeout, seconds_of(key, value));
    if (plan.timeout <= 0)
      return bad(key, value, "every step would be killed at once; give the seconds that it may run");
  } else if (what == "WAIT") {
    IMREG_ASSIGN(plan.wait, seconds_of(key, value));
  } else if (what == "TRIES") {
    IMREG_ASSIGN(plan.tries, integer_of(key, value, 1, kMostTries));
  } else if (what == "JOBS") {
    IMREG_ASSIGN(plan.jobs, integer_of(key, value, 0, kMostJobs));
  } else if (what == "NEXT") {
    IMREG_ASSIGN(plan.next, other_queue(key, value, plan.name));
  } else {
    IMREG_ASSIGN(plan.failed, other_queue(key, value, plan.name));
  }
  return {};
}

constexpr std::array<std::string_view, 8> kKeys = {"QUEUE", "STEP", "TIMEOUT", "WAIT",
                                                   "TRIES", "JOBS", "NEXT",    "FAILED"};

}  // namespace

Result<std::vector<QueuePlan>> plan_queues(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::map<std::string, QueuePlan> plans;
  const auto plan_of = [&](const std::string& name) -> QueuePlan& {
    QueuePlan& plan = plans[name];
    if (plan.name.empty()) {
      plan.name = name;
      plan.rows.clear();  // a queue that only others send to
    }
    return plan;
  };
  const bool has_queues = std::any_of(settings.begin(), settings.end(), [](const auto& line) {
    return line.first.starts_with("QUEUE_") && !equal_nocase(line.second, kNone);
  });
  if (!has_queues) {
    plan_of("IMSTAT").rows = "all";
    plan_of("IMSTAT").step = {"imstats"};
    plan_of("PTOLEMY").rows = "type = object";
  }
  for (const auto& [key, value] : settings) {
    const std::string_view what = std::string_view(key).substr(0, key.find('_'));
    if (what.size() == key.size() || std::find(kKeys.begin(), kKeys.end(), what) == kKeys.end()) continue;
    const std::string name = key.substr(what.size() + 1);
    if (!acquire::check_queue_name(name).ok()) return bad(key, value, "\"" + name + "\" is no name of a queue");
    IMREG_TRY(set(plan_of(name), what, key, value));
  }
  // A name that is mistyped would collect lines that nobody ever takes.
  for (const auto& [name, plan] : plans) {
    for (const auto& [key, target] : {std::pair("NEXT_", plan.next), std::pair("FAILED_", plan.failed)}) {
      if (target.empty() || plans.contains(target)) continue;
      return bad(key + name, target,
                 "the configuration has no queue " + target + "; QUEUE_" + target +
                     " none makes one of the lines that others send");
    }
  }
  std::vector<QueuePlan> out;
  for (auto& [name, plan] : plans) out.push_back(std::move(plan));
  return out;
}

}  // namespace imreg
