// The middle of many numbers that are read, and never sorted or kept: pixels of 32 and 64 bits.
#pragma once

#include <cstdint>
#include <span>

#include "imreg/pixels.h"

namespace imreg {

/// In stored values. Two middle ones: the same one twice of an odd number.
template <class T>
struct Middles {
  std::int64_t bad = 0, count = 0;  ///< without a value, with one
  std::int64_t saturated = 0;
  T least{}, most{};
  std::int64_t at_least = 0, at_most = 0;
  T low{}, high{};
};
/// T: the type of the planes, 32 or 64 bits. Saturated are those whose value is `saturation` or more.
template <class T>
Middles<T> middles_of(std::span<const PixelArea> areas, double saturation);

/// The two middle ones of |stored - centre|.
template <class T>
Middles<double> middle_deviations_of(std::span<const PixelArea> areas, double centre);

}  // namespace imreg
