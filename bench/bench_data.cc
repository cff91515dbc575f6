#include "bench_data.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "imreg/record_file.h"
#include "imreg/registry.h"

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

std::string simulated_database(std::int64_t rows) {
  const std::string name = "rows" + short_count(rows) + ".db";
  std::string path = data_folder() + "/" + name;
  auto file = RecordFile::open(path);
  if (!file || file->count() != rows) {
    path = new_file(name);
    if (const auto made = simulate_rows(path, rows, 1); !made.ok()) die(made.text());
  }
  std::ifstream in(path, std::ios::binary);
  std::string piece(1 << 20, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size()))) {
  }
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

std::string program(const std::string& name) {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"", "../bin"}) {
    if (const auto path = folder / place / name; fs::exists(path)) return path.string();
  }
  die("there is no program " + name + " beside " + folder.string());
}

}  // namespace imreg::bench
