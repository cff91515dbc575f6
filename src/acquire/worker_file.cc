// Writes and reads the files of workers, and tells workers to end.
#include "acquire/worker_file.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "acquire/queue_file.h"
#include "base/json.h"
#include "base/text.h"
#include "imreg/date.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace acquire {

namespace {
constexpr std::string_view kStart = "imelixir.";
constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::size_t kWords = 5, kLineWords = 3;

// Not one of the files of workers, whatever happens to it.
std::string new_path_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1) + "." + path.substr(path.rfind('/') + 1);
}

bool is_of(const QueueLine& line, const ElixirProcess& process) {
  return line.worker.starts_with(process.host + ' ' + std::to_string(process.pid) + ' ');
}
}  // namespace

Result<WorkerFile> WorkerFile::make(const std::string& database, const Slot& slot, int jobs) {
  IMREG_ASSIGN(const auto others, worker_entries(database));
  for (const auto& other : others) {
    if (other.alive) continue;
    (void)remove_file(other.path);
    (void)remove_file(new_path_of(other.path));
  }
  WorkerFile out;
  const std::string pid = std::to_string(::getpid());
  out.path_ = queue_folder(database) + "/" + std::string(kStart) + host_name() + "." + pid;
  out.new_path_ = new_path_of(out.path_);
  out.first_line_ = host_name() + '\t' + pid + '\t' + std::to_string(slot.number()) + '\t' +
                    format_iso(current_time(), 0) + '\t' + std::to_string(jobs) + '\n';
  (void)remove_file(out.new_path_);  // of a dead one with our number
  IMREG_TRY(replace_file(out.path_, out.first_line_, nullptr, database));
  return out;
}

// Without a sync: after a power cut this worker is not there, whatever its file says.
void WorkerFile::write(const std::vector<LineAtWork>& lines) const {
  std::string text = first_line_;
  for (const auto& line : lines)
    text += line.queue + '\t' + std::to_string(line.line) + '\t' + json_number(line.since) + '\n';
  auto file = File::open(new_path_, File::Mode::create_new, nullptr, path_);
  if (file && file->write(0, text).ok() && rename_file(new_path_, path_).ok()) return;
  (void)remove_file(new_path_);
}

WorkerFile::~WorkerFile() {
  if (path_.empty()) return;
  (void)remove_file(path_);
}

Result<std::vector<WorkerEntry>> worker_entries(const std::string& database) {
  std::vector<WorkerEntry> out;
  const std::string folder = queue_folder(database);
  if (is_missing(folder)) return out;
  IMREG_ASSIGN(const auto names, names_in(folder));
  Holders holders(database);
  for (const auto& name : names) {
    if (!name.starts_with(kStart)) continue;
    WorkerEntry entry;
    entry.path = folder + "/" + name;
    const auto text = read_file(entry.path, kMostBytes);
    if (!text) continue;  // it has just ended
    const auto lines = split(trim(*text), '\n');
    const auto words = split(lines[0], '\t');
    long long pid = 0, slot = 0, jobs = 0;
    if (words.size() != kWords || !parse_integer(words[1], pid) || !parse_integer(words[2], slot) ||
        !parse_integer(words[4], jobs))
      continue;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto work = split(lines[i], '\t');
      LineAtWork at_work;
      long long line = 0;
      if (work.size() != kLineWords || !parse_integer(work[1], line) || !parse_number(work[2], at_work.since)) continue;
      at_work.queue = work[0];
      at_work.line = line;
      entry.at_work.push_back(std::move(at_work));
    }
    entry.process = {std::string(words[0]), std::string(words[3]), pid, static_cast<int>(jobs), {}};
    entry.slot = slot;
    entry.alive = holders.alive(slot);
    out.push_back(std::move(entry));
  }
  return out;
}

Result<WorkerNews> WorkerNews::load(const std::string& database) {
  WorkerNews out;
  IMREG_ASSIGN(out.entries_, worker_entries(database));
  return out;
}

void WorkerNews::mark(const std::string& queue, QueueLine& line) const {
  line.at_work = line.state == LineState::taken;
  for (const auto& entry : entries_) {
    if (!line.at_work || !entry.alive || !is_of(line, entry.process)) continue;
    const auto at = std::ranges::find_if(
        entry.at_work, [&](const LineAtWork& work) { return work.line == line.id && work.queue == queue; });
    line.at_work = at != entry.at_work.end();
    if (line.at_work) line.started = at->since;
    return;
  }
}

}  // namespace acquire

Result<std::vector<ElixirProcess>> elixir_processes(const std::string& database) {
  IMREG_ASSIGN(const auto entries, acquire::worker_entries(database));
  IMREG_ASSIGN(const auto news, acquire::WorkerNews::load(database));
  std::vector<ElixirProcess> out;
  for (const auto& entry : entries) {
    if (entry.alive) out.push_back(entry.process);
  }
  IMREG_ASSIGN(const auto names, queue_names(database));
  for (const auto& name : names) {
    const auto queue = Queue::open(database, name, {});
    auto counts = queue ? queue->counts() : queue.status();
    if (!counts) continue;  // damaged: imqueue and the workers tell
    for (auto& line : counts->held) {
      news.mark(name, line);
      for (auto& process : out) {
        if (acquire::is_of(line, process)) process.held.emplace_back(name, line);
      }
    }
  }
  return out;
}

Status stop_elixir(const std::string& database, bool abort, double wait_seconds) {
  const std::string here = host_name();
  const double end = current_time() + wait_seconds;
  for (bool is_told = false;; is_told = true) {
    IMREG_ASSIGN(const auto entries, acquire::worker_entries(database));
    std::string still, elsewhere;
    for (const auto& entry : entries) {
      if (!entry.alive) continue;
      if (entry.process.host != here) {
        elsewhere += " " + entry.process.host;
        continue;
      }
      // Its slot is locked, so the process is there, and no other one has its number.
      if (!is_told && ::kill(static_cast<pid_t>(entry.process.pid), abort ? SIGUSR1 : SIGTERM) != 0)
        return os_error("", "process " + std::to_string(entry.process.pid) + " cannot be told to end", errno);
      still += " " + std::to_string(entry.process.pid);
    }
    if (still.empty() && elsewhere.empty())
      return is_told ? Status() : Status(Code::not_found, "imelixir does not run");
    if (still.empty()) return {Code::busy, "imelixir runs on another host and must be ended there:" + elsewhere};
    if (current_time() >= end) {
      return {Code::busy, std::string(abort ? "told to end at once" : "told to end, and finishes what it has begun") +
                              ": process" + still};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace imreg
