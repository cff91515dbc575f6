// Makes the databases of the benches once, and runs and times whole processes.
#include "bench_data.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "record/crc32c.h"
#include "registry/simulate_rows.h"
#include "scan/index_file.h"

extern char** environ;

namespace imreg::bench {

namespace fs = std::filesystem;

void die(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
  std::_Exit(3);
}

std::string data_folder() {
  const char* named = std::getenv("IMREG_BENCH_DATA");
  const fs::path folder = named ? fs::path(named) : fs::temp_directory_path() / "imreg-bench";
  fs::create_directories(folder);
  return folder.string();
}

std::string new_file(const std::string& name) {
  for (const auto& entry : fs::directory_iterator(data_folder())) {
    if (entry.path().filename().string().starts_with(name)) fs::remove_all(entry.path());
  }
  return data_folder() + "/" + name;
}

std::string short_count(std::int64_t count) {
  if (count % 1000000 == 0 && count > 0) return std::to_string(count / 1000000) + "m";
  return count % 1000 == 0 && count > 0 ? std::to_string(count / 1000) + "k" : std::to_string(count);
}

std::string short_hash(std::string_view text) {
  char out[9];
  std::snprintf(out, sizeof out, "%08x", crc32c(0, text));
  return out;
}

void warm(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string piece(1 << 20, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size()))) {
  }
}

std::string database_path(const char* kind, std::int64_t rows) {
  // Part of each name: some rows of the simulator as it is now.
  static const std::string key = [] {
    std::string all;
    const auto add = [&](std::int64_t, std::string_view records) {
      all += records;
      return Status();
    };
    if (const auto made = each_simulated_exposure(4000, 1, add); !made.ok()) die(made.text());
    return short_hash(all);
  }();
  return data_folder() + "/" + kind + short_count(rows) + "-" + key + ".db";
}

void build_index(const std::string& database, std::int64_t rows) {
  const auto must = [](const Status& status) {
    if (!status.ok()) die(status.text());
  };
  const auto file = RecordFile::open(database);
  must(file.status());
  std::string why;
  if (index::Index::open(*file, why)) return;
  auto builder = index::IndexBuilder::create(database, file->schema());
  must(builder.status());
  const int size = file->schema().record_size;
  must(each_simulated_exposure(rows, 1, [&](std::int64_t row, std::string_view records) -> Status {
    for (; !records.empty(); ++row, records.remove_prefix(static_cast<std::size_t>(size)))
      IMREG_TRY(builder->add(row, RecordView(records.data())));
    return {};
  }));
  must(builder->finish(*file));
}

std::string simulated_database(std::int64_t rows) {
  const std::string path = database_path("rows", rows);
  if (auto file = RecordFile::open(path); !file || file->count() != rows) {
    new_file("rows" + short_count(rows) + "-");
    if (const auto made = simulate_rows(path, rows, 1); !made.ok()) die(made.text());
  }
  build_index(path, rows);
  warm(path);
  return path;
}

int run_program(const std::vector<std::string>& words, const std::string& output, double& seconds) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  pid_t child = 0;
  int status = 0;
  const auto start = std::chrono::steady_clock::now();
  const int error = ::posix_spawn(&child, words[0].c_str(), &actions, nullptr, argv.data(), environ);
  if (error != 0) die("cannot start " + words[0]);
  if (::waitpid(child, &status, 0) != child) die("cannot wait for " + words[0]);
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  posix_spawn_file_actions_destroy(&actions);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

double run(const std::vector<std::string>& words, const std::string& output) {
  double seconds = 0;
  if (const int code = run_program(words, output, seconds); code != 0)
    die(words[0] + " ended with " + std::to_string(code));
  return seconds;
}

std::string output_of(const std::vector<std::string>& words) {
  const std::string path =
      (fs::is_directory("/dev/shm") ? "/dev/shm" : data_folder()) + "/imreg-bench-" + std::to_string(::getpid());
  run(words, path);
  std::ifstream file(path, std::ios::binary);
  std::string out{std::istreambuf_iterator<char>(file), {}};
  fs::remove(path);
  if (out.empty()) die(words[0] + " printed nothing");
  return out;
}

// The child is stopped when it is about to exit: its memory is all there then. Before that it is only looked at.
std::int64_t private_memory(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (::dup2(null, 1) < 0 || ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) std::_Exit(127);
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) die("cannot watch " + words[0]);
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT);
  ::ptrace(PTRACE_CONT, child, nullptr, nullptr);
  const std::string place = "/proc/" + std::to_string(child) + "/status";
  std::int64_t most = 0;
  for (;;) {
    const pid_t stopped = ::waitpid(child, &status, WNOHANG);
    std::int64_t now = 0;
    std::ifstream lines(place);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:"))
        now += std::atoll(line.c_str() + line.find(':') + 1) * 1024;
    }
    most = std::max(most, now);
    if (stopped == child && !WIFSTOPPED(status)) break;
    if (stopped == child) {  // a signal is passed on; the stop before the exit is none
      const int signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
      ::ptrace(PTRACE_CONT, child, nullptr, reinterpret_cast<void*>(static_cast<std::intptr_t>(signal)));
    } else {
      ::usleep(100);
    }
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) die(words[0] + " failed when its memory was measured");
  return most;
}

std::string program(const std::string& name) {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"", "../bin"}) {
    const auto built = folder / place / name;
    if (!fs::exists(built)) continue;
    // How a file lies in the page cache changes a start by 0.1 to 0.2 ms: each run times a fresh copy.
    const fs::path copy = data_folder() + "/bin/" + name;
    static std::set<std::string> copied;
    if (copied.insert(name).second) {
      fs::create_directories(copy.parent_path());
      fs::copy_file(built, copy, fs::copy_options::overwrite_existing);
    }
    return copy.string();
  }
  die("there is no program " + name + " beside " + folder.string());
}

std::int64_t rows_of_run() {
  const char* text = std::getenv("ROWS");
  char* end = nullptr;
  const std::int64_t number = text ? std::strtoll(text, &end, 10) : 1000000;
  return number * (!text || !*end ? 1 : *end == 'k' || *end == 'K' ? 1000 : 1000000);
}

void forget(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) die("cannot drop the pages of " + path);
  ::close(fd);
}

namespace {
constexpr const char* kSlowGroup = "/sys/fs/cgroup/blkio/imreg_bench";
}  // namespace

SlowDisk::SlowDisk() {
  struct stat here {};
  if (::mkdir(kSlowGroup, 0755) != 0 && errno != EEXIST) return;
  if (::stat(data_folder().c_str(), &here) != 0) return;
  std::ofstream limit(std::string(kSlowGroup) + "/blkio.throttle.read_bps_device");
  limit << major(here.st_dev) << ":" << minor(here.st_dev) << " 1000000000" << std::endl;
  works_ = limit.good();
}
SlowDisk::~SlowDisk() { ::rmdir(kSlowGroup); }
std::vector<std::string> SlowDisk::of(const std::vector<std::string>& words) const {
  std::vector<std::string> out = {"/bin/sh", "-c",
                                  "echo $$ > " + std::string(kSlowGroup) + "/cgroup.procs; exec \"$@\"", "sh"};
  out.insert(out.end(), words.begin(), words.end());
  return out;
}

}  // namespace imreg::bench
