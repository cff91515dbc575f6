// Elixir's rule for the seeing.
#include "image/elixir_fwhm.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

namespace imreg {

namespace {

constexpr double kBin = 0.1, kNear = 0.2;  // pixels
constexpr std::size_t kLeast = 10;         // stars that are kept if there are so many
constexpr std::size_t kTooFew = 3;         // near the mode, and at all

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double elixir_fwhm(std::vector<StarShape> stars) {
  std::erase_if(stars,
                [](const StarShape& star) { return !std::isfinite(star.fwhm) || !std::isfinite(star.magnitude); });
  if (stars.empty()) return -1;
  std::stable_sort(stars.begin(), stars.end(),
                   [](const StarShape& a, const StarShape& b) { return a.magnitude < b.magnitude; });
  stars.resize(std::min(stars.size(), std::max(stars.size() / 4, kLeast)));
  std::map<double, int> bins;
  for (const auto& star : stars) ++bins[std::floor(star.fwhm / kBin)];
  const auto fullest =
      std::max_element(bins.begin(), bins.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const double mode = (fullest->first + 0.5) * kBin;
  std::vector<double> near;
  for (const auto& star : stars) {
    if (std::abs(star.fwhm - mode) <= kNear) near.push_back(star.fwhm);
  }
  if (near.size() > kTooFew) return mean(near);
  if (stars.size() <= kTooFew) return -1;
  std::vector<double> all;
  for (const auto& star : stars) all.push_back(star.fwhm);
  std::sort(all.begin(), all.end());
  const auto quarter = static_cast<std::ptrdiff_t>(all.size() / 4);
  return mean({all.begin() + quarter, all.end() - quarter});
}

double elixir_fwhm_of_text(std::string_view sdat) {
  std::vector<StarShape> stars;
  for (const auto line : split(sdat, '\n')) {
    const auto word = words(line);
    StarShape star;
    double flags = 0;
    const bool whole = word.size() >= 4 && parse_number(word[0], star.fwhm) && parse_number(word[1], flags) &&
                       parse_number(word[3], star.magnitude);
    if (whole && flags <= 0 && star.magnitude <= 0) stars.push_back(star);
  }
  return elixir_fwhm(std::move(stars));
}

}  // namespace imreg
