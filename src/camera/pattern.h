// Patterns of camera tables: shell globs, alternatives, one capture, and whether two of them can fit the same text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imreg::camera {

/// Patterns of which one must match the whole text, case-blind.
using Globs = std::vector<std::string>;
bool matches(const Globs& globs, std::string_view text);

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
