// CRC-32C by the processor's instruction where there is one, else by tables.
#include "record/crc32c.h"

#include <algorithm>
#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
// glibc's header is written for g++: clang has no _Bool in C++.
#if __has_include(<sys/platform/x86.h>) && !defined(__clang__)
#define IMREG_ASK_GLIBC
#include <sys/platform/x86.h>
#endif
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
// glibc has asked the processor at the start. To ask again is slow in a virtual machine, where each CPUID leaves it (here
// some 10 us), and __builtin_cpu_supports asks ten times before main().
bool has_instructions() {
#ifdef IMREG_ASK_GLIBC
  return CPU_FEATURE_ACTIVE(SSE4_2) && CPU_FEATURE_ACTIVE(PCLMULQDQ);
#else
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
#endif
}

// x^n modulo the polynomial, reflected: the highest bit is x^0.
constexpr std::int64_t power_of_x(int n) {
  std::uint32_t power = 0x80000000U;
  for (; n > 0; --n) power = (power >> 1) ^ ((power & 1) != 0 ? 0x82f63b78U : 0);
  return power;
}

std::uint64_t word_at(const unsigned char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// A crc32 takes three cycles, and each needs the one before: three runs of `kWords` words beside each other, then one word
// more with which they are joined (V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction",
// Intel 2011). A product of reflected numbers is one bit short and a crc32 multiplies by x^32: hence the 33.
template <int kWords>
__attribute__((target("sse4.2,pclmul"))) void by_three(std::uint64_t& state, const unsigned char*& at,
                                                       std::size_t& size) {
  constexpr int kRun = 8 * kWords, kAll = 3 * kRun + 8;
  for (; size >= kAll; size -= kAll, at += kAll) {
    std::uint64_t first = state, second = 0, third = 0;
    for (const unsigned char* from = at; from < at + kRun; from += 8) {
      first = _mm_crc32_u64(first, word_at(from));
      second = _mm_crc32_u64(second, word_at(from + kRun));
      third = _mm_crc32_u64(third, word_at(from + 2 * kRun));
    }
    const __m128i factors = _mm_set_epi64x(power_of_x(8 * (kRun + 8) - 33), power_of_x(8 * (2 * kRun + 8) - 33));
    const __m128i crcs = _mm_set_epi64x(static_cast<std::int64_t>(second), static_cast<std::int64_t>(first));
    const __m128i moved =
        _mm_xor_si128(_mm_clmulepi64_si128(crcs, factors, 0x00), _mm_clmulepi64_si128(crcs, factors, 0x11));
    state = _mm_crc32_u64(third, word_at(at + 3 * kRun) ^ static_cast<std::uint64_t>(_mm_cvtsi128_si64(moved)));
  }
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_by_instruction(std::uint32_t crc, const unsigned char* at,
                                                                             std::size_t size) {
  std::uint64_t state = ~crc;
  by_three<170>(state, at, size);  // 4,088 bytes: a page of the index
  by_three<21>(state, at, size);   // 512 bytes: a record
  by_three<6>(state, at, size);
  for (; size >= 8; size -= 8, at += 8) state = _mm_crc32_u64(state, word_at(at));
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
  static const bool known = has_instructions();
  if (known) return crc32c_by_instruction(crc, static_cast<const unsigned char*>(bytes), size);
#endif
  return crc32c_by_table(crc, bytes, size);
}

// Two texts of the same length: what stands in front of the first difference, and what the register holds at the beginning
// and at the end, cancel out. So the register begins with 0, which crc32c() takes and gives inverted.
std::uint32_t crc32c_difference(const char* old, const char* fresh, std::size_t size, std::size_t behind) {
  char bytes[256];
  std::uint32_t crc = ~0U;
  for (std::size_t at = 0; at < size;) {
    const std::size_t n = std::min(size - at, sizeof bytes);
    for (std::size_t i = 0; i < n; ++i, ++at) bytes[i] = static_cast<char>(old[at] ^ fresh[at]);
    crc = crc32c(crc, bytes, n);
  }
  std::memset(bytes, 0, sizeof bytes);
  for (std::size_t n = 0; behind > 0; behind -= n) crc = crc32c(crc, bytes, n = std::min(behind, sizeof bytes));
  return ~crc;
}

}  // namespace imreg
