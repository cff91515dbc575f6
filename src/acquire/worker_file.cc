// Writes and reads the files of workers, and tells workers to end.
#include "acquire/worker_file.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "acquire/queue_file.h"
#include "base/text.h"
#include "imreg/date.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace acquire {

namespace {
constexpr std::string_view kStart = "imelixir.";
constexpr std::size_t kMostBytes = 4096;
constexpr std::size_t kWords = 5;
}  // namespace

Result<WorkerFile> WorkerFile::make(const std::string& database, const Slot& slot, int jobs) {
  IMREG_ASSIGN(const auto others, worker_entries(database));
  for (const auto& other : others) {
    if (!other.alive) (void)remove_file(other.path);
  }
  WorkerFile out;
  const std::string pid = std::to_string(::getpid());
  out.path_ = queue_folder(database) + "/" + std::string(kStart) + host_name() + "." + pid;
  const std::string text = host_name() + '\t' + pid + '\t' + std::to_string(slot.number()) + '\t' +
                           format_iso(current_time(), 0) + '\t' + std::to_string(jobs) + '\n';
  IMREG_TRY(replace_file(out.path_, text, nullptr, database));
  return out;
}

WorkerFile::~WorkerFile() {
  if (!path_.empty()) (void)remove_file(path_);
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
    const auto words = split(trim(*text), '\t');
    long long pid = 0, slot = 0, jobs = 0;
    if (words.size() != kWords || !parse_integer(words[1], pid) || !parse_integer(words[2], slot) ||
        !parse_integer(words[4], jobs))
      continue;
    entry.process = {std::string(words[0]), std::string(words[3]), pid, static_cast<int>(jobs), {}};
    entry.slot = slot;
    entry.alive = holders.alive(slot);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace acquire

Result<std::vector<ElixirProcess>> elixir_processes(const std::string& database) {
  IMREG_ASSIGN(auto entries, acquire::worker_entries(database));
  std::vector<ElixirProcess> out;
  for (auto& entry : entries) {
    if (entry.alive) out.push_back(std::move(entry.process));
  }
  IMREG_ASSIGN(const auto names, queue_names(database));
  for (const auto& name : names) {
    const auto queue = Queue::open(database, name, {});
    const auto counts = queue ? queue->counts() : queue.status();
    if (!counts) continue;  // damaged: imqueue and the workers tell
    for (const auto& line : counts->held) {
      for (auto& process : out) {
        if (line.worker.starts_with(process.host + ' ' + std::to_string(process.pid) + ' '))
          process.held.emplace_back(name, line);
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
