// Random numbers: the same bits everywhere, and the distributions that they claim.
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace imreg {
namespace {

// From a Python implementation written on its own.
TEST(Random, SameBitsEverywhere) {
  EXPECT_EQ(splitmix64(0), 0xe220a8397b1dcdafU);
  Random random(42);
  for (std::uint64_t expected : {0xd0764d4f4476689fU, 0x519e4174576f3791U, 0xfbe07cfb0c24ed8cU, 0xb37d9f600cd835b8U})
    EXPECT_EQ(random.next(), expected);
}

TEST(Random, StreamsDiffer) {
  EXPECT_NE(mix_seed({1, 2}), mix_seed({2, 1}));
  EXPECT_NE(mix_seed({1}), mix_seed({1, 0}));
}

TEST(Random, LogAndExpAgreeWithLibm) {
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    const double x = random.uniform() * std::pow(10, random.uniform(-12, 12));
    EXPECT_NEAR(portable_log(x), std::log(x), 4e-16 * std::max(1.0, std::abs(std::log(x)))) << x;
    const double y = random.uniform(0, 30);
    EXPECT_NEAR(portable_exp_minus(y), std::exp(-y), 1e-12 * std::exp(-y)) << y;
  }
  EXPECT_EQ(portable_log(1), 0);
}

TEST(Random, UniformStaysInside) {
  Random random(4);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double u = random.uniform();
    ASSERT_TRUE(u > 0 && u < 1);
    ASSERT_LT(random.below(7), 7U);
    sum += u;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 5 * std::sqrt(1 / 12.0 / 100000));
}

// Kolmogorov-Smirnov against erfc; 1.95 is the 0.1 % point.
TEST(Random, NormalIsNormal) {
  Random random(5);
  const int n = 200000;
  std::vector<double> z(n);
  for (double& v : z) v = random.normal();
  std::sort(z.begin(), z.end());
  double worst = 0;
  for (int i = 0; i < n; ++i)
    worst = std::max(worst, std::abs(0.5 * std::erfc(-z[i] / std::sqrt(2.0)) - (i + 0.5) / n));
  EXPECT_LT(worst * std::sqrt(n), 1.95);
  EXPECT_GT(z.back(), 4);
  EXPECT_LT(z.front(), -4);
}

TEST(Random, ExponentialHasMeanAndVarianceOne) {
  Random random(6);
  double sum = 0, squares = 0;
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double x = random.exponential();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 1, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 2, 5 * std::sqrt(20.0 / n));
}

// Chi-square against the exact probabilities, on both sides of the change of method.
class Poisson : public testing::TestWithParam<double> {};
TEST_P(Poisson, AgreesWithTheExactProbabilities) {
  const double mean = GetParam();
  Random random(7);
  const int n = 200000;
  std::vector<int> seen(static_cast<std::size_t>(mean + 20 * std::sqrt(mean) + 30));
  for (int i = 0; i < n; ++i) {
    const double k = random.poisson(mean);
    ASSERT_EQ(k, std::floor(k));
    ASSERT_GE(k, 0);
    ASSERT_LT(k, static_cast<double>(seen.size()));
    ++seen[static_cast<std::size_t>(k)];
  }
  double chi2 = 0, pooled_expected = 0, pooled_seen = 0;
  int bins = 0;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    pooled_expected +=
        n * std::exp(static_cast<double>(k) * std::log(mean) - mean - std::lgamma(static_cast<double>(k) + 1));
    pooled_seen += seen[k];
    if (pooled_expected < 20) continue;
    chi2 += (pooled_seen - pooled_expected) * (pooled_seen - pooled_expected) / pooled_expected;
    ++bins;
    pooled_expected = pooled_seen = 0;
  }
  EXPECT_LT(chi2, bins + 4.5 * std::sqrt(2.0 * bins) + 5) << bins << " bins";
}
INSTANTIATE_TEST_SUITE_P(Means, Poisson, testing::Values(0.3, 2.0, 11.9, 12.1, 30.0, 250.0, 20000.0));

TEST(Random, PoissonOfNothingIsNothing) {
  Random random(8);
  EXPECT_EQ(random.poisson(0), 0);
  EXPECT_EQ(random.poisson(-3), 0);
}

}  // namespace
}  // namespace imreg
