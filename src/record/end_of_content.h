// Where zeros begin that go on to the end of a file.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

/// Behind the last byte from `from` on that is not zero; `from` when there is none. By read, not by map: what was taken ahead
/// and never written needs no pages then.
inline Result<std::int64_t> end_of_content(const File& file, std::int64_t from) {
  constexpr std::int64_t kPiece = 64 << 10;
  IMREG_ASSIGN(const std::int64_t size, file.size());
  const std::string zeros(kPiece, '\0');
  std::string piece(kPiece, '\0');
  std::int64_t end = from;
  for (std::int64_t at = from; at < size; at += kPiece) {
    IMREG_ASSIGN(const std::size_t got, file.read(at, piece.data(), piece.size()));
    if (std::memcmp(piece.data(), zeros.data(), got) == 0) continue;
    end = at + static_cast<std::int64_t>(std::string_view(piece).substr(0, got).find_last_not_of('\0')) + 1;
  }
  return end;
}

}  // namespace imreg
