// FITS numbers are big-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace imreg {

static_assert(std::endian::native == std::endian::little, "pixels are swapped as little-endian machines need it");

inline std::uint8_t swapped(std::uint8_t x) { return x; }
inline std::uint16_t swapped(std::uint16_t x) { return __builtin_bswap16(x); }
inline std::uint32_t swapped(std::uint32_t x) { return __builtin_bswap32(x); }
inline std::uint64_t swapped(std::uint64_t x) { return __builtin_bswap64(x); }

template <std::size_t kSize>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = std::uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = std::uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = std::uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = std::uint64_t;
};

/// The number that stands there in FITS order.
template <class T>
T load_big(const unsigned char* at) {
  typename UnsignedOf<sizeof(T)>::type bits;
  std::memcpy(&bits, at, sizeof bits);
  return std::bit_cast<T>(swapped(bits));
}

template <class T>
void swap_all(char* bytes, std::size_t size) {
  for (std::size_t at = 0; at < size; at += sizeof(T)) {
    T word;
    std::memcpy(&word, bytes + at, sizeof word);
    word = swapped(word);
    std::memcpy(bytes + at, &word, sizeof word);
  }
}
/// Turns numbers of `each` bytes round.
inline void swap_bytes(char* bytes, std::size_t size, int each) {
  if (each == 2) swap_all<std::uint16_t>(bytes, size);
  if (each == 4) swap_all<std::uint32_t>(bytes, size);
  if (each == 8) swap_all<std::uint64_t>(bytes, size);
}

/// Calls `use(T())` with T the stored type of a bitpix, which is one of FITS.
template <class Use>
decltype(auto) with_type(int bitpix, Use use) {
  // NOLINTBEGIN(bugprone-branch-clone): each has its own type
  switch (bitpix) {
    case 8: return use(std::uint8_t());
    case 16: return use(std::int16_t());
    case 32: return use(std::int32_t());
    case 64: return use(std::int64_t());
    case -32: return use(float());
    default: return use(double());
  }
  // NOLINTEND(bugprone-branch-clone)
}

}  // namespace imreg
