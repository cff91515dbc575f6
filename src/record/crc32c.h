// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the check of every record and journal transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace imreg {

/// Continues `crc` (0 to begin) over some bytes.
std::uint32_t crc32c(std::uint32_t crc, const void* bytes, std::size_t size);
inline std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  return crc32c(crc, bytes.data(), bytes.size());
}
/// By what the check of a longer text changes when `size` bytes of it become others, with `behind` bytes behind them. To be
/// XORed to the check, whatever the rest of the text is.
std::uint32_t crc32c_difference(const char* old, const char* fresh, std::size_t size, std::size_t behind);
/// The same as crc32c() without the processor's instruction; the tests hold one against the other.
std::uint32_t crc32c_by_table(std::uint32_t crc, const void* bytes, std::size_t size);

}  // namespace imreg
