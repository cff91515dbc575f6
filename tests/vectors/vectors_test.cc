// Statistics of vectors against sorting and plain loops, on numbers chosen to be awkward.
#include "imreg/vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>

namespace imreg::vectors {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> draw(int kind, std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(100, 3);
  std::uniform_real_distribution<double> part(0, 1);
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double u = part(random);
    switch (kind) {
      case 0: out[i] = normal(random); break;
      case 1: out[i] = 5; break;                                       // all equal
      case 2: out[i] = std::floor(u * 3); break;                       // three values
      case 3: out[i] = static_cast<double>(i % 36) + 1e-6 * u; break;  // repeats as CCDs do
      case 4: out[i] = std::pow(10, 600 * u - 300); break;             // all sizes
      case 5: out[i] = u < 0.3 ? -kInfinity : u > 0.6 ? kInfinity : u; break;
      case 6: out[i] = 1.3e9 + static_cast<double>(i); break;  // in order, far from 0
      default: out[i] = u < 0.99 ? 1 : normal(random); break;  // nearly all equal
    }
  }
  return out;
}

double at_percent(const std::vector<double>& sorted, double percent) {
  const double at = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  const double part = at - static_cast<double>(i);
  if (part == 0 || sorted[i] == sorted[i + 1]) return sorted[i];
  const double step = sorted[i + 1] - sorted[i];  // numpy: from the nearer neighbour
  return part < 0.5 ? sorted[i] + step * part : sorted[i + 1] - step * (1 - part);
}
double median_of(const std::vector<double>& sorted) {
  const double low = sorted[(sorted.size() - 1) / 2], high = sorted[sorted.size() / 2];
  return low == high ? low : low / 2 + high / 2;
}
bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 4e-16 * (std::abs(a) + std::abs(b));
}

TEST(Ranks, AreThoseOfASort) {
  const std::vector<double> percents = {0, 0.1, 5, 25, 50, 50, 70, 95, 99.95, 100};
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}, std::size_t{100001}, std::size_t{350000}}) {
    for (int kind = 0; kind < 16; ++kind) {
      auto values = draw(kind % 8, n, n + static_cast<std::size_t>(kind));
      auto sorted = values;
      if (kind >= 8) {  // the same with others that are not known among them
        for (std::size_t i = 0; i < n; ++i)
          values.insert(values.begin() + std::ssize(values) / 3, n > 1000 ? 0 : 1, kUnknown);
        for (std::size_t i = 0; i < n; i += 2) values.push_back(kUnknown);
      }
      std::sort(sorted.begin(), sorted.end());
      const double median = median_of(sorted);
      auto away = sorted;
      for (double& x : away) x = std::abs(x - median);
      std::sort(away.begin(), away.end());
      const double mad = std::isfinite(median) ? median_of(away) : kUnknown;
      for (const int jobs : {1, 3}) {
        const auto of = summarize(values, {.percents = percents, .weights = {}, .jobs = jobs});
        const auto what = "kind " + std::to_string(kind) + " of " + std::to_string(n);
        ASSERT_EQ(of.n, std::ssize(sorted)) << what;
        EXPECT_EQ(of.min, sorted.front()) << what;
        EXPECT_EQ(of.max, sorted.back()) << what;
        EXPECT_PRED2(same, of.median, median) << what;
        EXPECT_PRED2(same, of.mad, mad) << what;
        for (std::size_t i = 0; i < percents.size(); ++i)
          EXPECT_PRED2(same, of.percentiles[i], at_percent(sorted, percents[i])) << what << ", " << percents[i];
      }
    }
  }
}

TEST(Summary, DoesNotDependOnThreads) {
  const auto values = draw(0, 300000, 1);
  const auto one = summarize(values, {.weights = {}, .jobs = 1}), four = summarize(values, {.weights = {}, .jobs = 4});
  EXPECT_EQ(one.mean, four.mean);
  EXPECT_EQ(one.sigma, four.sigma);
  EXPECT_EQ(one.median, four.median);
  EXPECT_EQ(one.mad, four.mad);
  EXPECT_EQ(one.percentiles, four.percentiles);
}

TEST(Summary, OfFewAndOddValues) {
  const auto none = summarize({});
  EXPECT_EQ(none.n, 0);
  EXPECT_TRUE(std::isnan(none.mean) && std::isnan(none.median) && std::isnan(none.min) &&
              std::isnan(none.percentiles[0]));
  const std::vector<double> one = {kUnknown, 7, kUnknown};
  const auto s = summarize(one);
  EXPECT_EQ(s.n, 1);
  EXPECT_EQ(s.unknown, 2);
  EXPECT_EQ(s.median, 7);
  EXPECT_TRUE(std::isnan(s.sigma));
  EXPECT_EQ(s.mad, 0);
  const auto infinite = summarize(std::vector<double>{1, 2, kInfinity});
  EXPECT_EQ(infinite.max, kInfinity);
  EXPECT_EQ(infinite.median, 2);
  EXPECT_EQ(infinite.mean, kInfinity);
  const auto both = summarize(std::vector<double>{-kInfinity, kInfinity});
  EXPECT_TRUE(std::isnan(both.mean) && std::isnan(both.median) && std::isnan(both.mad));
  EXPECT_EQ(summarize(std::vector<double>{-kInfinity, 1}).median, -kInfinity);
  const std::vector<double> values = {1, 2, 3, 100}, weights = {1, 1, 0, kUnknown};
  const auto weighted = summarize(values, {.weights = weights});
  EXPECT_EQ(weighted.n, 2);
  EXPECT_EQ(weighted.unknown, 2);
  EXPECT_EQ(weighted.mean, 1.5);
}

// Equal weights are no weights; their scale does not show; what weighs all is the median.
TEST(Summary, OfWeights) {
  for (const std::size_t n : {1U, 2U, 3U, 10U, 999U, 5000U}) {
    const auto values = draw(0, n, n);
    const std::vector<double> percents = {0, 5, 33.3, 50, 95, 100};
    const auto plain = summarize(values, {.percents = percents, .weights = {}});
    for (const double weight : {1.0, 0.1, 1e-200, 1e200, 7.3}) {
      const std::vector<double> weights(n, weight);
      const auto of = summarize(values, {.percents = percents, .weights = weights});
      const auto close = [&](double a, double b) {
        EXPECT_NEAR(a, b, 1e-9 * (plain.max - plain.min)) << weight << " of " << n;
      };
      close(of.median, plain.median), close(of.mad, plain.mad), close(of.mean, plain.mean);
      for (std::size_t i = 0; i < percents.size(); ++i) close(of.percentiles[i], plain.percentiles[i]);
    }
  }
  const std::vector<double> values = {1, 2, 3}, heavy = {1, 1, 1e9};
  EXPECT_NEAR(summarize(values, {.weights = heavy}).median, 3, 1e-6);
}

// Again until none is: each round of this series leaves out one value.
TEST(Summary, ClipsToTheEnd) {
  std::vector<double> values(40, 1);
  for (std::size_t i = 0; i < 20; ++i) values[i] = 2 - static_cast<double>(i) / 1000;
  for (int i = 1; i <= 30; ++i) values.push_back(std::pow(10, i));
  const auto s = summarize(values, {.percents = {}, .clip = 3, .weights = {}});
  EXPECT_EQ(s.clipped, 30);
  EXPECT_LE(s.max, 2);
}

// Every value is in one bin, whose ends say so.
TEST(Edges, HoldTheirValues) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::uniform_real_distribution<double> size(-8, 8), part(0, 1);
    const double scale = std::pow(10, size(random)),
                 offset = std::pow(10, size(random)) * (part(random) < 0.5 ? -1 : 1);
    std::vector<double> values(50);
    for (double& x : values) x = offset + scale * part(random);
    EdgesOptions options;
    if (round % 3 == 1) options.bins = 1 + round % 40;
    if (round % 3 == 2) options.time = true;
    const auto edges = choose_edges(values, options);
    if (!edges) {
      EXPECT_NE(edges.status().message().find("too narrow"), std::string::npos) << edges.status().text();
      EXPECT_LT(scale, std::abs(offset) * 1e-12);
      continue;
    }
    EXPECT_LE(edges->bins, 250);
    for (const double x : values) {
      const auto bin = bin_of(*edges, x);
      ASSERT_GE(bin, 0) << x << " of " << edges->low << " + i " << edges->width << ", " << edges->bins;
      const double low = edges->edge(bin), high = edges->edge(bin + 1);
      EXPECT_TRUE(low <= x && (x < high || (bin + 1 == edges->bins && x <= high))) << low << " " << x << " " << high;
    }
    const auto counts = histogram(values, *edges);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), 50);
  }
  EXPECT_EQ(choose_edges(std::vector<double>{kUnknown, kInfinity}).status().code(), Code::invalid);
  EXPECT_EQ(choose_edges(std::vector<double>{1, 2}, {.width = 1e-9}).status().code(), Code::invalid);
  EXPECT_EQ(choose_edges(std::vector<double>{1, 2}, {.low = 3, .high = 1}).status().code(), Code::invalid);
  const auto constant = choose_edges(std::vector<double>{5, 5, 5});
  ASSERT_TRUE(constant.ok());
  EXPECT_EQ(histogram(std::vector<double>{5, 5, 5}, *constant), std::vector<std::int64_t>{3});
}

// 0.3 is in the bin from 0.3 to 0.4, though 3 * 0.1 is more than 0.3: ends are the doubles that people's decimals are.
TEST(Edges, AreDecimals) {
  for (const auto& [digits, step] : {std::pair(1, 1), {1, 2}, {1, 3}, {2, 5}, {2, 25}, {3, 7}, {0, 1}, {6, 1}}) {
    const auto decimal = [digits = digits](std::int64_t whole) {
      return std::strtod((std::to_string(whole) + "e-" + std::to_string(digits)).c_str(), nullptr);
    };
    for (const std::int64_t from : {-50, 0, 3, 700}) {
      std::vector<double> values;
      for (std::int64_t i = 0; i < 60; ++i) values.push_back(decimal((from + i) * step));
      for (const double low : {kUnknown, values[0]}) {
        const auto edges = choose_edges(values, {.width = decimal(step), .low = low});
        ASSERT_TRUE(edges.ok());
        for (std::int64_t i = 0; i + 1 < 60; ++i) {
          const auto at = static_cast<std::size_t>(i);
          ASSERT_EQ(bin_of(*edges, values[at]), i) << values[at];
          ASSERT_EQ(edges->edge(i), values[at]) << "the end as a decimal";
        }
      }
    }
  }
  // Floats: 1.3 as a float is less than 1.3, and belongs into the bin that begins there.
  std::vector<double> floats;
  for (int i = 10; i < 70; ++i)
    floats.push_back(static_cast<double>(std::strtof((std::to_string(i) + "e-1").c_str(), nullptr)));
  for (const double low : {kUnknown, floats[0]}) {
    const auto edges = choose_edges(floats, {.width = 0.1, .low = low, .single = true});
    ASSERT_TRUE(edges.ok());
    for (std::int64_t i = 0; i + 1 < 60; ++i) ASSERT_EQ(bin_of(*edges, floats[static_cast<std::size_t>(i)]), i);
  }
  const auto whole = choose_edges(std::vector<double>{1, 2, 2, 2, 2, 2, 2, 2, 2, 3}, {.whole = true});
  EXPECT_EQ(whole->width, 1);
  EXPECT_LT(choose_edges(std::vector<double>{1, 2, 2, 2, 2, 2, 2, 2, 2, 3})->width, 1);
}

TEST(Fit, FindsThePolynomialItself) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> part(-1, 1);
  for (int order = 0; order <= 9; ++order) {
    for (const double offset : {0.0, 10.0}) {
      std::vector<double> c(static_cast<std::size_t>(order) + 1), x(60), y;
      for (double& k : c) k = part(random) * 10;
      for (double& t : x) t = offset + 3 * part(random);
      for (const double t : x) {
        double sum = 0;
        for (std::size_t k = c.size(); k-- > 0;) sum = sum * (t - offset) + c[k];
        y.push_back(sum);
      }
      for (const bool robust : {false, true}) {
        const auto found = fit(x, y, {.order = order, .robust = robust, .weights = {}}, offset);
        ASSERT_TRUE(found.ok());
        for (std::size_t k = 0; k < c.size(); ++k)
          EXPECT_NEAR(found->coefficients[k], c[k], 1e-7) << "order " << order << ", c" << k;
        EXPECT_NEAR(found->at(offset + 0.5), y.empty() ? 0 : [&] {
          double sum = 0;
          for (std::size_t k = c.size(); k-- > 0;) sum = sum * 0.5 + c[k];
          return sum;
        }(), 1e-7);
      }
    }
  }
  EXPECT_EQ(fit(std::vector<double>{1, 1}, std::vector<double>{1, 2}).status().code(), Code::invalid);
  EXPECT_EQ(fit(std::vector<double>{1, 2}, std::vector<double>{1}).status().code(), Code::invalid);
  const auto exact = fit(std::vector<double>{1, 2}, std::vector<double>{1, 3});
  ASSERT_TRUE(exact.ok());
  EXPECT_NEAR(exact->coefficients[1], 2, 1e-12);
  EXPECT_TRUE(std::isnan(exact->errors[1]) && std::isnan(exact->rms));  // two points leave nothing to judge by
}

// Far from 0 powers of x cancel each other; at() must not.
TEST(Fit, IsRightFarFromItsOrigin) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> part(0, 1);
  for (int order = 0; order <= 9; ++order) {
    std::vector<double> x, y;
    for (int i = 0; i < 400; ++i) {
      x.push_back(51936 + part(random));
      y.push_back(std::sin(9 * (x.back() - 51936)));
    }
    const auto far = fit(x, y, {.order = order}), near = fit(x, y, {.order = order}, 51936.5);
    ASSERT_TRUE(far.ok() && near.ok());
    double squares = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(far->at(x[i]), near->at(x[i]), 1e-9);
      double plain = 0;
      for (std::size_t k = near->coefficients.size(); k-- > 0;)
        plain = plain * (x[i] - 51936.5) + near->coefficients[k];
      EXPECT_NEAR(near->at(x[i]), plain, 1e-9);
      squares += (y[i] - far->at(x[i])) * (y[i] - far->at(x[i]));
    }
    EXPECT_NEAR(far->rms, std::sqrt(squares / (400 - order - 1)), 1e-9);
  }
  const std::vector<double> infinite(5, kInfinity), some = {1, 2, 3, 4, 5};
  EXPECT_NE(fit(some, infinite).status().message().find("no point"), std::string::npos);
}

TEST(Pairs, InterpolateAndSmooth) {
  const std::vector<double> x = {3, 1, 2, 2, kUnknown}, y = {9, 1, 3, 5, 7};
  const auto found = interpolate(x, y, std::vector<double>{1, 1.5, 2, 2.5, 3, 0.9, 3.1, kUnknown});
  const std::vector<double> wanted = {1, 2.5, 4, 6.5, 9};
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(found[i], wanted[i]);
  for (std::size_t i = 5; i < found.size(); ++i) EXPECT_TRUE(std::isnan(found[i]));
  EXPECT_TRUE(std::isnan(correlate(std::vector<double>{1, 1}, std::vector<double>{1, 2})->pearson));
  EXPECT_NEAR(correlate(std::vector<double>{1, 2, kUnknown}, std::vector<double>{4, 2, 1})->spearman, -1, 1e-15);
  EXPECT_EQ(running_median(std::vector<double>{5, kUnknown, 1, 9}, 3)[1], 3);
  EXPECT_EQ(order_of(std::vector<double>{kUnknown, 2, 1, 2}), (std::vector<std::size_t>{2, 1, 3, 0}));
}

}  // namespace
}  // namespace imreg::vectors
