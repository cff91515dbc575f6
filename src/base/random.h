// Random numbers that are the same on every machine: only integers and correctly rounded operations (+ - * / sqrt),
// so no libm. xoshiro256++ seeded by splitmix64 (Blackman and Vigna 2021, ACM TOMS 47, 36).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace imreg {

/// One step of splitmix64: a good hash of 64 bits.
constexpr std::uint64_t splitmix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// The seed of a stream of its own for each list of numbers: mix_seed({seed, night, chip}).
constexpr std::uint64_t mix_seed(std::initializer_list<std::uint64_t> numbers) {
  std::uint64_t h = 0;
  for (std::uint64_t n : numbers) h = splitmix64(h ^ splitmix64(n));
  return h;
}

/// Natural logarithm of a positive normal number, to about 2e-16 relative to max(1, |log x|).
inline double portable_log(double x) {
  std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffU) | 0x3ff0000000000000U);
  if (m > 1.4142135623730951) m *= 0.5, ++exponent;
  const double s = (m - 1) / (m + 1), q = s * s;
  double sum = 0;
  for (int k = 21; k >= 1; k -= 2) sum = sum * q + 1.0 / k;
  return exponent * 0.6931471805599453 + 2 * s * sum;
}

/// exp(-x) for 0 <= x <= 700, to about 1e-13.
inline double portable_exp_minus(double x) {
  const double y = -x / 1024;
  double sum = 1;
  for (int k = 9; k >= 1; --k) sum = 1 + y / k * sum;
  for (int k = 0; k < 10; ++k) sum *= sum;
  return sum;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = splitmix64(seed), seed += 0x9e3779b97f4a7c15U;
  }

  /// 64 random bits.
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// In (0, 1): neither end.
  double uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52; }
  double uniform(double from, double to) { return from + (to - from) * uniform(); }
  /// An integer in [0, n).
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32); }
  /// Mean 1.
  double exponential() { return -portable_log(uniform()); }
  /// Mean 0, variance 1, by the inverse of the distribution function (Wichura 1988, AS 241, PPND7: 7 digits).
  double normal() {
    const double p = uniform(), q = p - 0.5;
    if (q >= -0.425 && q <= 0.425) {
      const double r = 0.180625 - q * q;
      return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
             (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
    }
    double r = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
    double x;
    if (r <= 5) {
      r -= 1.6;
      x = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
          ((0.12021132975 * r + 0.73700164250) * r + 1.0);
    } else {
      r -= 5;
      x = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
          ((0.012258202635 * r + 0.24197894225) * r + 1.0);
    }
    return q < 0 ? -x : x;
  }
  /// Poisson; exact below a mean of 12, then by the normal expansion of its quantiles (Giles 2016, ACM TOMS 42, 7).
  double poisson(double mean) {
    if (!(mean > 0)) return 0;
    if (mean < 12) {
      double p = portable_exp_minus(mean), u = uniform();
      int k = 0;
      while (u > p && k < 100) u -= p, p *= mean / ++k;
      return k;
    }
    const double z = normal(), root = std::sqrt(mean);
    const double x = mean + root * z + (2 + z * z) * (1.0 / 6) - (z * z + 2) * z / (72 * root);
    return x < 0 ? 0 : std::floor(x);
  }

 private:
  std::uint64_t state_[4];
};

}  // namespace imreg
