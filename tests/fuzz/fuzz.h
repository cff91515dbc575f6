// What a fuzz target is: LLVMFuzzerTestOneInput, and a kTarget that makes its own seeds and changes inputs with a sense of
// their structure. fuzz_main.cc runs it: under libFuzzer with -DIMREG_FUZZ=ON, else as a deterministic replay for ctest.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace imreg::fuzz {

using Random = std::mt19937_64;

struct Target {
  std::vector<std::string> (*seeds)();
  /// Changes an input a little.
  void (*mutate)(std::string& bytes, Random& random);
  /// Words of the language, for mutate_text().
  std::vector<std::string_view> words = {};
  /// Replayed inputs of one seed.
  int replays = 2000;
};
extern const Target kTarget;

/// Ends the process with a message when a property does not hold.
void require(bool good, std::string_view what, std::string_view detail = {});
/// UTF-8 without control characters.
void require_clean(std::string_view text);

/// 0 <= result < n; 0 when n is 0.
std::size_t below(Random& random, std::size_t n);
/// Bits, bytes, cuts, copied and removed pieces, words of the target.
void mutate_text(std::string& bytes, Random& random);
/// Cards of a FITS header: numbers, quotes, doubled and removed cards, inserted blocks.
void mutate_cards(std::string& bytes, Random& random);

/// The pieces of an input that stands for several texts; always `count` of them. Form feeds divide.
std::vector<std::string> parts(std::string_view input, std::size_t count);

/// A file in memory, with a path for those who open by name.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const;

 private:
  int fd_;
};

/// A folder of this process in memory, removed at the end.
const std::string& scratch_folder();
void spill(const std::string& path, std::string_view bytes);
std::string slurp(const std::string& path);

/// A small MEF: a primary header and two extensions with cards of a mosaic camera.
std::string small_mef();
std::string gzipped(std::string_view bytes);
std::string bzipped(std::string_view bytes);
/// compress(1)'s format, without any repeated string.
std::string compressed(std::string_view bytes);

}  // namespace imreg::fuzz
