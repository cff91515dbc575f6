// The long form of a test (IMREG_LONG=1, make check-long): what the short one does, then more of it by chance until a time is over.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace imreg {

inline bool is_long() { return std::getenv("IMREG_LONG") != nullptr; }

// IMREG_LONG_SEED, else another one in each run; the test tells it.
inline std::uint64_t long_seed() {
  static const char* const told = std::getenv("IMREG_LONG_SEED");
  static const std::uint64_t seed = told ? std::strtoull(told, nullptr, 10) : std::random_device{}();
  return seed;
}

// The time from now on, IMREG_LONG_SECONDS or what is usual. In the short form it is over at once.
class LongForm {
 public:
  explicit LongForm(double usual = 60) {
    const char* const told = std::getenv("IMREG_LONG_SECONDS");
    const std::chrono::duration<double> seconds(!is_long() ? 0 : told ? std::atof(told) : usual);
    end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds);
  }
  bool over() const { return Clock::now() >= end_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_;
};

// Of what the short form leaves out: in a random order, until the time is over or `work` says that it is enough.
template <class Thing, class Work>
void further(std::vector<Thing> things, double usual, const Work& work) {
  if (!is_long()) return;
  std::shuffle(things.begin(), things.end(), std::mt19937_64(long_seed()));
  const LongForm limit(usual);
  std::size_t done = 0;
  while (done < things.size() && !limit.over() && work(things[done])) ++done;
  std::printf("long form, seed %llu: %zu of %zu more\n", static_cast<unsigned long long>(long_seed()), done,
              things.size());
}

}  // namespace imreg
