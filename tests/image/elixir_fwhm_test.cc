// Elixir's rule for the FWHM against the rule written down again, with whole numbers; and its cases one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "image/elixir_fwhm.h"

namespace imreg {
namespace {

struct Star {
  int fwhm, magnitude;  // thousandths, below 0; no fwhm on the edge of a bin
};

double fwhm_of(const std::vector<Star>& stars) {
  std::vector<StarShape> shapes;
  for (const Star& s : stars) shapes.push_back({s.fwhm / 1000.0, s.magnitude / 1000.0});
  return elixir_fwhm(shapes);
}

double rule(std::vector<Star> stars) {
  std::stable_sort(stars.begin(), stars.end(), [](const Star& a, const Star& b) { return a.magnitude < b.magnitude; });
  std::vector<int> kept;
  for (std::size_t i = 0; i < stars.size() && (i < 10 || 4 * (i + 1) <= stars.size()); ++i)
    kept.push_back(stars[i].fwhm);
  std::map<int, int> bins;
  for (const int fwhm : kept) ++bins[fwhm / 100];
  int fullest = -1;
  for (const auto& [bin, count] : bins) {
    if (fullest < 0 || count > bins[fullest]) fullest = bin;
  }
  long long sum = 0, count = 0;
  for (const int fwhm : kept) {
    if (fwhm < 100 * fullest - 150 || fwhm > 100 * fullest + 250) continue;
    sum += fwhm, ++count;
  }
  if (count <= 3) {
    if (kept.size() <= 3) return -1;
    std::sort(kept.begin(), kept.end());
    sum = count = 0;
    for (std::size_t i = kept.size() / 4; i < kept.size() - kept.size() / 4; ++i) sum += kept[i], ++count;
  }
  return static_cast<double>(sum) / static_cast<double>(count) / 1000;
}

TEST(ElixirFwhm, IsTheRuleForAnyStars) {
  std::mt19937 random(8);
  int failed = 0, quarters = 0;
  for (int turn = 0; turn < 3000; ++turn) {
    const std::size_t sizes[] = {0, 1, 2, 3, 4, 5, 9, 10, 11, 39, 40, 41, 43, 44, 60, 200};
    std::vector<Star> stars(sizes[random() % std::size(sizes)]);
    const int spread = turn % 2 == 0 ? 2800 : 60;
    for (Star& s : stars)
      s = {2003 + 10 * static_cast<int>(random() % static_cast<unsigned>(spread)),
           -1 - static_cast<int>(random() % 14000)};
    const double wanted = rule(stars);
    failed += wanted < 0;
    quarters += stars.size() > 43;
    ASSERT_NEAR(fwhm_of(stars), wanted, 1e-9) << stars.size() << " stars, turn " << turn;
  }
  EXPECT_GT(failed, 100);
  EXPECT_GT(quarters, 100);
}

TEST(ElixirFwhm, TakesTheBrightestQuarterButTenAtLeast) {
  std::vector<Star> stars;
  for (int i = 0; i < 48; ++i) stars.push_back({i < 12 ? 3003 : 5003, -9000 + 10 * i});
  EXPECT_NEAR(fwhm_of(stars), 3.003, 1e-9);
  stars.resize(40);  // the quarter is 10, all of 3.003
  EXPECT_NEAR(fwhm_of(stars), 3.003, 1e-9);
  for (int i = 0; i < 8; ++i) stars[static_cast<std::size_t>(i)].fwhm = 5003;  // 8 of the brightest 10
  EXPECT_NEAR(fwhm_of(stars), 5.003, 1e-9);
}

TEST(ElixirFwhm, TakesTheMiddleHalfWhereNoBinHasStars) {
  EXPECT_NEAR(fwhm_of({{2003, -5}, {4003, -4}, {6003, -3}, {9003, -2}}), 5.003, 1e-9);
  // Eight of a bin each: the first is the mode, and alone.
  EXPECT_NEAR(fwhm_of({{9003, -8}, {2003, -7}, {8003, -6}, {3003, -5}, {7003, -4}, {4003, -3}, {6003, -2}, {5003, -1}}),
              5.503, 1e-9);
}

TEST(ElixirFwhm, FailsOfFewerThanFourStars) {
  EXPECT_EQ(fwhm_of({}), -1);
  EXPECT_EQ(fwhm_of({{3003, -1}, {3013, -1}, {3023, -1}}), -1);
  EXPECT_NEAR(fwhm_of({{3003, -1}, {3013, -1}, {3023, -1}, {3033, -1}}), 3.018, 1e-9);
}

TEST(ElixirFwhm, OfAFile) {
  std::string text;
  for (int i = 0; i < 5; ++i) text += "3.0" + std::to_string(i) + " 0 1 -9.5 and more\n";
  EXPECT_NEAR(elixir_fwhm_of_text(text), 3.02, 1e-9);
  // Flags, magnitudes above 0, lines that say nothing.
  EXPECT_NEAR(elixir_fwhm_of_text(text + "8 4 1 -20\n8 0 1 99\n8 0\nword 0 1 -20\nnan 0 1 -20\n\n"), 3.02, 1e-9);
  EXPECT_EQ(elixir_fwhm_of_text(""), -1);
  EXPECT_EQ(elixir_fwhm_of_text("3 4 1 -9\n3 4 1 -9\n3 4 1 -9\n3 4 1 -9\n"), -1);
}

}  // namespace
}  // namespace imreg
