// What the benches share: a folder for their files, simulated databases in it, whole processes, and a way to give up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace imreg::bench {

/// Says what is wrong and ends with 3: a benchmark whose work fails has no time.
[[noreturn]] void die(const std::string& what);

/// $IMREG_BENCH_DATA, else a folder below the system's temporary one; made when missing.
std::string data_folder();
/// data_folder()/NAME, with everything that begins with that name removed first.
std::string new_file(const std::string& name);
/// A database of `rows` simulated rows (imsim -rows, seed 1), made when missing, its pages in the cache.
std::string simulated_database(std::int64_t rows);
/// "1m", "10k": for names.
std::string short_count(std::int64_t count);

/// Runs a program (words[0] is its path) with standard output to `output`; returns its exit code. Seconds: from before fork to after wait.
int run_program(const std::vector<std::string>& words, const std::string& output, double& seconds);
/// The program `name` of this build: bin/ or bench/ beside this program's folder.
std::string program(const std::string& name);

}  // namespace imreg::bench
