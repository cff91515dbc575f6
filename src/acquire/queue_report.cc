// What queues and workers look like to people and to programs.
#include "acquire/queue_report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>

#include "acquire/queue_file.h"
#include "base/json.h"
#include "base/text.h"
#include "imreg/date.h"

namespace imreg::acquire {

namespace {

using Row = std::vector<std::string>;

std::string time_text(double time) { return time > 0 ? format_iso(time, 0) : "-"; }

// "45s", "12m", "30h", "12d": since then.
std::string age_text(double time) {
  if (time <= 0) return "-";
  const double seconds = std::max(0.0, current_time() - time);
  constexpr std::pair<double, const char*> kUnits[] = {{86400, "d"}, {3600, "h"}, {60, "m"}};
  for (const auto& [unit, word] : kUnits) {
    if (seconds >= 2 * unit) return std::to_string(static_cast<std::int64_t>(seconds / unit)) + word;
  }
  return std::to_string(static_cast<std::int64_t>(seconds)) + "s";
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 10 ? "%.2f" : "%.0f", seconds);
  return text;
}

// Columns with two blanks between; numbers, all but the first and the last column, to the right.
std::string table(const std::vector<Row>& rows) {
  std::string out;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      const bool left = i == 0 || i + 1 == row.size();
      line += (i > 0 ? "  " : "") + (left ? row[i] + space : space + row[i]);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

std::string pair(const char* key, const std::string& value) { return ", \"" + std::string(key) + "\": " + value; }
std::string pair(const char* key, std::int64_t value) { return pair(key, std::to_string(value)); }
std::string time_pair(const char* key, double time) { return pair(key, time > 0 ? json_number(time) : "null"); }

std::string line_members(const QueueLine& line) {
  return "\"line\": " + std::to_string(line.id) + pair("state", json_text(word_of(line.state))) +
         pair("path", json_text(line.path)) + pair("outroot", json_text(outroot_of(line))) + pair("ccd", line.ccd) +
         pair("mode", json_text(word_of_mode(line.mode))) + pair("extension", line.extension) +
         pair("slice", line.slice) + time_pair("queued", line.queued) + time_pair("started", line.started) +
         time_pair("finished", line.finished) + time_pair("after", line.after) +
         pair("at_work", line.at_work ? "true" : "false") + pair("taken", line.taken) + pair("tries", line.tries) +
         pair("worker", json_text(line.worker)) + pair("result", json_text(line.result));
}

using HeldLine = std::pair<std::string, QueueLine>;  // its queue

// Of lines that are taken with others of their file and not begun, or done and not durable: the first of each file, and how many.
std::vector<std::pair<const HeldLine*, std::size_t>> not_at_work(const std::vector<HeldLine>& held) {
  std::vector<std::pair<const HeldLine*, std::size_t>> out;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> known;
  for (const auto& one : held) {
    const auto& [queue, line] = one;
    if (line.at_work) continue;
    const auto [at, is_new] = known.try_emplace({queue, line.worker, line.path}, out.size());
    if (is_new) out.emplace_back(&one, 0);
    ++out[at->second].second;
  }
  return out;
}

std::string more_lines(const QueueLine& line, std::size_t count) {
  return std::to_string(count) + (count == 1 ? " more line of " : " more lines of ") + visible(line.path);
}

}  // namespace

std::string counts_text(const std::vector<QueueCounts>& queues, bool rates) {
  std::vector<Row> rows;
  if (rates)
    rows.push_back({"queue", "last hour", "a minute", "waited (s)", "worked (s)", "waiting", "oldest", "age"});
  else
    rows.push_back({"queue", "announced", "waiting", "later", "taken", "done", "failed", "oldest", "age"});
  for (const auto& q : queues) {
    const auto n = [](std::int64_t number) { return std::to_string(number); };
    if (rates)
      rows.push_back({q.name, n(q.last_hour), seconds_text(q.per_minute), seconds_text(q.mean_waiting),
                      seconds_text(q.mean_working), n(q.waiting), time_text(q.oldest), age_text(q.oldest)});
    else
      rows.push_back({q.name, n(q.announced), n(q.waiting), n(q.later), n(q.taken), n(q.done), n(q.failed),
                      time_text(q.oldest), age_text(q.oldest)});
  }
  std::string out = table(rows);
  if (rates) return out;
  for (const auto& q : queues) {
    for (const auto& line : q.held) {
      if (line.at_work)
        out += q.name + " line " + std::to_string(line.id) + " is with " + visible(line.worker) + " since " +
               time_text(line.started) + ": " + visible(trigger_line(line)) + '\n';
    }
    std::vector<HeldLine> held;
    for (const auto& line : q.held) held.emplace_back(q.name, line);
    for (const auto& [line, count] : not_at_work(held))
      out += q.name + ": " + more_lines(line->second, count) + " with " + visible(line->second.worker) + '\n';
  }
  return out;
}

std::string counts_json(const std::vector<QueueCounts>& queues) {
  std::string out;
  for (const auto& q : queues) {
    out += "{\"queue\": " + json_text(q.name) + pair("announced", q.announced) + pair("waiting", q.waiting) +
           pair("later", q.later) + pair("taken", q.taken) + pair("done", q.done) + pair("failed", q.failed) +
           pair("damaged", q.damaged) + time_pair("oldest", q.oldest) + pair("last_hour", q.last_hour) +
           pair("per_minute", json_number(q.per_minute)) + pair("mean_waiting", json_number(q.mean_waiting)) +
           pair("mean_working", json_number(q.mean_working)) + ", \"held\": [";
    for (std::size_t i = 0; i < q.held.size(); ++i) out += (i > 0 ? ", {" : "{") + line_members(q.held[i]) + "}";
    out += "]}\n";
  }
  return out;
}

std::string line_text(const QueueLine& line) {
  std::string out =
      std::to_string(line.id) + ' ' + std::string(word_of(line.state)) + ' ' + visible(trigger_line(line));
  if (line.state == LineState::taken)
    out += " (" + visible(line.worker) + (line.at_work ? " since " + time_text(line.started) : ", taken with others") +
           ")";
  if (line.state == LineState::waiting && line.after > current_time())
    out += " (not before " + time_text(line.after) + ", attempts that failed: " + std::to_string(line.tries) + ")";
  if (is_final(line.state)) out += " (" + time_text(line.finished) + ")";
  if (!line.result.empty()) out += ": " + visible(line.result);
  return out + '\n';
}

std::string line_json(const std::string& queue, const QueueLine& line) {
  return "{\"queue\": " + json_text(queue) + ", " + line_members(line) + "}\n";
}

std::string processes_text(const std::vector<ElixirProcess>& processes) {
  std::string out;
  for (const auto& process : processes) {
    const auto running = std::ranges::count_if(process.held, [](const auto& held) { return held.second.at_work; });
    out += "imelixir, process " + std::to_string(process.pid) + " on " + visible(process.host) + " since " +
           visible(process.since) + ": " + std::to_string(running) + " of " + std::to_string(process.jobs) + " steps\n";
    for (const auto& [queue, line] : process.held) {
      if (!line.at_work) continue;
      out += "  " + queue + " line " + std::to_string(line.id) + " since " + time_text(line.started) + ": " +
             visible(trigger_line(line)) + '\n';
    }
    for (const auto& [line, count] : not_at_work(process.held))
      out += "  " + line->first + ": " + more_lines(line->second, count) + '\n';
  }
  return out.empty() ? "imelixir does not run\n" : out;
}

std::string processes_json(const std::vector<ElixirProcess>& processes) {
  std::string out;
  for (const auto& process : processes) {
    out += "{\"host\": " + json_text(process.host) + pair("pid", process.pid) +
           pair("since", json_text(process.since)) + pair("jobs", process.jobs) + ", \"held\": [";
    for (std::size_t i = 0; i < process.held.size(); ++i) {
      const auto& [queue, line] = process.held[i];
      out += std::string(i > 0 ? ", " : "") + "{\"queue\": " + json_text(queue) + ", " + line_members(line) + "}";
    }
    out += "]}\n";
  }
  return out;
}

}  // namespace imreg::acquire
