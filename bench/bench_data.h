// What the benches share: a folder for their files, simulated databases in it, whole processes, and a way to give up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imreg::bench {

/// Says what is wrong and ends with 3: a benchmark whose work fails has no time.
[[noreturn]] void die(const std::string& what);

/// $IMREG_BENCH_DATA, else a folder below the system's temporary one; made when missing.
std::string data_folder();
/// data_folder()/NAME, with everything that begins with that name removed first.
std::string new_file(const std::string& name);
/// A database of `rows` simulated rows (imsim -rows, seed 1), made when missing or when the simulator gives other rows now.
/// Its pages are in the cache.
std::string simulated_database(std::int64_t rows);
/// Makes X.db.idx of a simulated database, whole or sparse, when it has none that fits: from the simulator's rows.
void build_index(const std::string& database, std::int64_t rows);
/// Its path, whether it is there or not; what is derived from it begins with the same name.
std::string database_path(const char* kind, std::int64_t rows);
/// $ROWS as a number of rows: 1M, 10M, 300k; a million without it.
std::int64_t rows_of_run();
/// Reads a file, so that it is in the page cache.
void warm(const std::string& path);
/// Out of the page cache: the disk must deliver it again.
void forget(const std::string& path);
/// Eight hexadecimal digits that depend on the text: in names of files that are made again when it changes.
std::string short_hash(std::string_view text);
/// "1m", "10k": for names.
std::string short_count(std::int64_t count);

/// Runs a program (words[0] is its path) with standard output to `output`; returns its exit code. Seconds: from before fork to after wait.
int run_program(const std::vector<std::string>& words, const std::string& output, double& seconds);
/// The same; gives the seconds, and any exit code but 0 ends this program.
double run(const std::vector<std::string>& words, const std::string& output = "/dev/null");
/// What a program prints; to print nothing ends this program.
std::string output_of(const std::vector<std::string>& words);
/// The most private memory (RssAnon + RssShmem of /proc/PID/status, bytes) that it held: looked at every 0.1 ms, and a last
/// time when it is about to exit. Standard output goes to /dev/null.
std::int64_t private_memory(const std::vector<std::string>& words);
/// The program `name` of this build, bin/ or bench/ beside this program's folder: a copy of it in data_folder()/bin.
std::string program(const std::string& name);

/// A disk of 1 GB/s: for processes of a control group (version 1, as root). It works where there are such.
class SlowDisk {
 public:
  SlowDisk();
  ~SlowDisk();
  SlowDisk(const SlowDisk&) = delete;
  SlowDisk& operator=(const SlowDisk&) = delete;
  bool works() const { return works_; }
  /// The words of a program that is to read from it.
  std::vector<std::string> of(const std::vector<std::string>& words) const;

 private:
  bool works_ = false;
};

}  // namespace imreg::bench
