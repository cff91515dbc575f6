// One line of a camera table or filter list, word by word, with the place of each word for messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "camera/pattern.h"
#include "imreg/status.h"

namespace imreg::camera {

/// Blanks divide words, "..." holds together, # at the start of a word begins a comment.
class Line {
 public:
  /// `number`: from 1. A quote without end, and characters that are none, are found by fault().
  Line(std::string_view text, int number, const std::string& file);

  Status fault() const { return fault_; }
  std::size_t size() const { return words_.size(); }
  bool done() const { return at_ >= words_.size(); }
  const std::string& peek() const { return words_[at_].text; }
  const std::string& take() { return words_[at_++].text; }
  bool take_if(std::string_view word);
  /// The next word; error when there is none: "WHAT is missing at the end of the line".
  Result<std::string> need(const std::string& what);
  /// Patterns between | of the next word; error also for a pattern that is none.
  Result<Globs> need_globs(const std::string& what);
  /// Error when words are left.
  Status end() const;

  int number() const { return number_; }
  /// Of the word that was taken last, from 1.
  int column() const { return at_ == 0 ? 1 : words_[at_ - 1].column; }
  /// The line without its comment.
  std::string_view text() const { return text_; }
  /// "line 7, column 12: WHAT" at the word that was taken last.
  Status error(const std::string& what) const { return error_at(column(), what); }
  Status error_at(int column, const std::string& what) const;

 private:
  struct Word {
    std::string text;
    int column;
  };
  std::string_view text_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
  int number_;
  const std::string& file_;
  Status fault_;
};

}  // namespace imreg::camera
