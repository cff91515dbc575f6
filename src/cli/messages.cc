#include "cli/messages.h"

#include <unistd.h>

#include "cli/progress.h"

namespace imreg::cli {

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080..U+009F, in UTF-8 c2 80..c2 9f, are control characters too.
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xe0) == 0x80;
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || c1) {
      out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
      if (c1) {
        const auto next = static_cast<unsigned char>(text[++i]);
        out += std::string("\\x") + kHex[next >> 4] + kHex[next & 15];
      }
    } else {
      out += text[i];
    }
  }
  return out;
}

void warn(std::string_view program, std::string_view text) {
  // One write: lines of several threads or programs do not mix.
  const std::string line = Progress::erase() + std::string(program) + ": " + printable(text) + "\n";
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
