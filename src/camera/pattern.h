// Patterns of camera tables: shell globs, alternatives, one capture, and whether two of them can fit the same text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imreg::camera {

/// Patterns of which one must match the whole text, case-blind.
using Globs = std::vector<std::string>;
bool matches(const Globs& globs, std::string_view text);

/// What matches() said last of some lists and texts. The comments, chip names and words of a night come again and again.
/// Lists are known by their address: to be thrown away with the tables.
class MatchCache {
 public:
  bool matches(const Globs& globs, std::string_view text);

 private:
  static constexpr std::size_t kLongest = 52, kSize = 1024;
  struct Entry {
    const Globs* globs = nullptr;
    std::uint8_t size = 0;
    bool matched = false;
    char text[kLongest];
  };
  std::vector<Entry> entries_;
};

/// What is wrong with a glob: "[ has no ]"; empty when it is good.
std::string glob_fault(std::string_view glob);

/// Whether some text matches both, whatever its case.
bool overlap(const Globs& a, const Globs& b);

/// A pattern with one capture: %d (digits), %f (a number), %s (the shortest text that makes the rest fit).
/// What is wrong with it, or empty.
std::string capture_fault(std::string_view pattern);

/// The part of `text` that stands for the capture; what is around it is a glob: "ccd%d" in "ccd07" is "07".
std::optional<std::string_view> captured(std::string_view pattern, std::string_view text);

}  // namespace imreg::camera
