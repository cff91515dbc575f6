#include "cli/messages.h"

#include <unistd.h>

#include "base/text.h"
#include "cli/progress.h"

namespace imreg::cli {

void warn(std::string_view program, std::string_view text) {
  // One write: lines of several threads or programs do not mix.
  const std::string line = Progress::erase() + std::string(program) + ": " + visible(text) + "\n";
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t written = ::write(STDERR_FILENO, line.data() + at, line.size() - at);
    if (written <= 0) return;  // nobody is left who could be told
    at += static_cast<std::size_t>(written);
  }
}

void Tally::add(const std::string& kind, const std::string& line) {
  if (lines_++ == 0) first_ = line;
  ++kinds_[kind];
}

void Tally::tell(std::string_view program, std::string_view before, std::string_view what) const {
  if (lines_ == 1) warn(program, first_);
  if (lines_ <= 1) return;
  std::string kinds;
  for (const auto& [kind, count] : kinds_) kinds += (kinds.empty() ? "" : ", ") + kind + ": " + std::to_string(count);
  warn(program, std::string(before) + " " + std::to_string(lines_) + " " + std::string(what) + " (" + kinds +
                    "); -v names them");
}

void complain(std::string_view program, const Status& status) { warn(program, status.text()); }

}  // namespace imreg::cli
