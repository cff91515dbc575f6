// A histogram of stored pixels of 8 or 16 bits: everything about their order is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imreg {

class Histogram {
 public:
  /// Of pixels of `size` bytes, 1 (unsigned) or 2 (signed, big-endian).
  explicit Histogram(int size);
  void add(const unsigned char* pixels, std::int64_t count);
  /// The end of adding: how many there are.
  std::int64_t close();
  /// Forgets a stored value (BLANK), and says how often it was there.
  std::int64_t take_out(std::int64_t stored);
  std::int64_t count() const { return count_; }

  std::int64_t count_of(std::int64_t stored) const { return sums_[static_cast<std::size_t>(stored - lowest_)]; }
  /// The stored value at this place of all in their order, from 0.
  std::int64_t at_rank(std::int64_t rank) const;
  /// Twice the median of |stored - middle / 2|. There must be pixels.
  double twice_deviation(std::int64_t middle) const;
  template <class Test>
  std::int64_t count_if(Test test) const {
    std::int64_t out = 0;
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (sums_[i] > 0 && test(static_cast<std::int64_t>(i) + lowest_)) out += sums_[i];
    }
    return out;
  }

 private:
  void flush();
  // Neighbouring pixels are alike, and an increment that follows another of the same place waits for it: so four tables.
  static constexpr int kTables = 4;
  int size_;
  std::int64_t lowest_;  // the stored value of sums_[0]
  std::int64_t held_ = 0, count_ = 0;
  std::vector<std::uint32_t> tables_;
  std::vector<std::int64_t> sums_;
};

}  // namespace imreg
