// sed's substitution, s|re|new|flags, with RE2's regular expressions: no pattern can hang it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg {

/// Cheap to copy; const functions may be called by several threads.
class Substitution {
 public:
  /// `s`, any delimiter that is neither letter, digit, blank nor backslash, the expression, the delimiter, what it becomes (& is the match,
  /// \1 to \9 are its groups, \& \\ \n \t), the delimiter, flags: g all matches, i case-blind, a number N the N-th (with g: and those
  /// behind it). A delimiter within ( ) or [ ] of the expression is part of it. Error: invalid, with RE2's words.
  static Result<Substitution> parse(std::string_view text);

  /// False, and `out` is left alone, when it does not match. Texts are bytes: `.` is any of them.
  bool apply(std::string_view text, std::string& out) const;
  /// All texts that it matches begin so; empty: nothing is known.
  std::string literal_start() const;

 private:
  struct State;
  explicit Substitution(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace imreg
