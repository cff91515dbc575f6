// Head, rows and tail to a file or a pipe.
#include "emit/counted.h"

namespace imreg::emit {

bool CountedOutput::begin(const std::string& empty_head) {
  begun_ = true;
  if (sink_.can_patch()) return sink_(empty_head);
  auto made = File::temporary(temporary_folder());
  if (!made) return status_ = made.status(), false;
  spool_ = *std::move(made);
  return true;
}

bool CountedOutput::take(std::string_view rows) {
  if (sink_.can_patch()) return sink_(rows);
  status_ = spool_.write(spooled_, rows);
  spooled_ += static_cast<std::int64_t>(rows.size());
  return status_.ok();
}

bool CountedOutput::finish(std::string_view rows, const std::string& head, const std::string& tail) {
  if (begun_ && sink_.can_patch()) return sink_(rows) && sink_(tail) && sink_.patch(0, head);
  if (!sink_(head)) return false;
  std::string piece(spool_.is_open() ? 256 * 1024 : 0, '\0');
  for (std::int64_t at = 0; at < spooled_;) {
    const auto got = spool_.read(at, piece.data(), piece.size());
    if (!got || *got == 0) {
      status_ = got ? Status(Code::io, "the temporary file has lost its end") : got.status();
      return false;
    }
    if (!sink_(std::string_view(piece).substr(0, *got))) return false;
    at += static_cast<std::int64_t>(*got);
  }
  return sink_(rows) && sink_(tail);
}

}  // namespace imreg::emit
