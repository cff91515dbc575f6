#include "record/crc32c.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace imreg {

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

#if defined(__x86_64__)
#define IMREG_CRC_TARGET __attribute__((target("sse4.2,pclmul")))

// x^n modulo the polynomial; the coefficient of x^31 is the lowest bit.
constexpr std::uint32_t power_of_x(std::size_t n) {
  std::uint32_t value = 0x80000000U;
  for (; n > 0; --n) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78U : 0);
  return value;
}

std::uint64_t load_word(const unsigned char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

// What a state becomes behind `Bytes` zeros: times x^(8 * Bytes). The instruction multiplies by x^32, and the product of two
// reversed words stands one place too low.
template <std::size_t Bytes>
IMREG_CRC_TARGET std::uint64_t behind_zeros(std::uint64_t state) {
  constexpr std::uint32_t kFactor = power_of_x(8 * Bytes - 33);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(state)),
                                               _mm_cvtsi64_si128(static_cast<long long>(kFactor)), 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

// Three parts of `Part` bytes side by side: the instruction takes three cycles, and one can begin in each.
template <std::size_t Part>
IMREG_CRC_TARGET void take_three_parts(std::uint64_t& state, const unsigned char*& at, std::size_t& size) {
  for (; size >= 3 * Part; size -= 3 * Part, at += 3 * Part) {
    std::uint64_t second = 0, third = 0;
    for (std::size_t i = 0; i < Part; i += 8) {
      state = _mm_crc32_u64(state, load_word(at + i));
      second = _mm_crc32_u64(second, load_word(at + Part + i));
      third = _mm_crc32_u64(third, load_word(at + 2 * Part + i));
    }
    state = behind_zeros<2 * Part>(state) ^ behind_zeros<Part>(second) ^ third;
  }
}

IMREG_CRC_TARGET std::uint32_t crc32c_by_instruction(std::uint32_t crc, const unsigned char* at, std::size_t size) {
  std::uint64_t state = ~crc;
  take_three_parts<1360>(state, at, size);  // a page of an index has 4,088 bytes
  take_three_parts<168>(state, at, size);   // a record has 512
  for (; size >= 8; size -= 8, at += 8) state = _mm_crc32_u64(state, load_word(at));
  auto small = static_cast<std::uint32_t>(state);
  for (; size > 0; --size) small = _mm_crc32_u8(small, *at++);
  return ~small;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t crc, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  crc = ~crc;
  for (; size > 0; --size) crc = kTable[(crc ^ *at++) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t crc32c(std::uint32_t crc, const void* bytes, std::size_t size) {
#if defined(__x86_64__)
  static const bool has_instructions = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
  if (has_instructions) return crc32c_by_instruction(crc, static_cast<const unsigned char*>(bytes), size);
#endif
  return crc32c_by_table(crc, bytes, size);
}

}  // namespace imreg
