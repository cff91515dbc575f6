// Rows of pixels as floats: as fast as memory gives them, for the types that cameras write.
#include <cmath>
#include <limits>
#include <type_traits>

#include "imreg/pixels.h"
#include "pixels/byte_order.h"
#include "pixels/processor.h"

namespace imreg {

namespace {

template <class T>
[[gnu::always_inline]] inline void convert(const PixelPlane& plane, const unsigned char* from, std::span<float> to) {
  constexpr auto kStep = static_cast<std::int64_t>(sizeof(T));
  const auto n = static_cast<std::int64_t>(to.size());
  float* const out = to.data();
  if constexpr (std::is_same_v<T, float> || (std::is_integral_v<T> && sizeof(T) <= 2)) {
    if (plane.bscale == 1 && std::abs(plane.bzero) < 0x1p23 && plane.bzero == std::floor(plane.bzero)) {
      const auto zero = static_cast<float>(plane.bzero);  // floats hold the sum exactly; of a float, BZERO is 0
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(load_big<T>(from + i * kStep)) + zero;
    } else {
      for (std::int64_t i = 0; i < n; ++i)
        out[i] = static_cast<float>(plane.value(static_cast<double>(load_big<T>(from + i * kStep))));
    }
  } else {
    constexpr auto kMost = static_cast<double>(std::numeric_limits<float>::max());
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = plane.value(static_cast<double>(load_big<T>(from + i * kStep)));
      const bool beyond = std::abs(value) > kMost && std::abs(value) < kInfinite;
      out[i] = static_cast<float>(beyond ? std::copysign(kMost, value) : value);
    }
  }
  if constexpr (std::is_integral_v<T>) {
    if (!plane.blank) return;
    for (std::int64_t i = 0; i < n; ++i) {
      if (load_big<T>(from + i * kStep) == *plane.blank) out[i] = std::numeric_limits<float>::quiet_NaN();
    }
  }
}

#if defined(__x86_64__)
template <class T>
[[gnu::target("avx2")]] void convert_avx2(const PixelPlane& plane, const unsigned char* from, std::span<float> to) {
  convert<T>(plane, from, to);
}
#endif

}  // namespace

void read_row(const PixelPlane& plane, std::int64_t y, std::int64_t x, std::span<float> to) {
  const unsigned char* from = plane.bytes + (y * plane.width + x) * plane.pixel_size();
  with_type(plane.bitpix, [&](auto type) {
    using T = decltype(type);
#if defined(__x86_64__)
    if (has_avx2()) return convert_avx2<T>(plane, from, to);
#endif
    convert<T>(plane, from, to);
  });
}

void read_row(const PixelPlane& plane, std::int64_t y, std::int64_t x, std::span<double> to) {
  const unsigned char* from = plane.bytes + (y * plane.width + x) * plane.pixel_size();
  with_type(plane.bitpix, [&](auto type) {
    using T = decltype(type);
    for (double& value : to) {
      const T stored = load_big<T>(from);
      value = plane.value(static_cast<double>(stored));
      if constexpr (std::is_integral_v<T>) {
        if (plane.blank && stored == *plane.blank) value = std::numeric_limits<double>::quiet_NaN();
      }
      from += sizeof(T);
    }
  });
}

}  // namespace imreg
