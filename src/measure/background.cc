// A cell's median and noise from a part of its pixels: a thousand of them tell the level to a thirtieth of the noise.
#include "measure/background.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace imreg::measure {

namespace {

constexpr std::int64_t kCell = 128;    // pixels, about
constexpr std::int64_t kSamples = 32;  // rows, and columns, of a cell that are looked at, about
constexpr std::size_t kFewest = 64;

float middle(std::vector<float>& values) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace

Background::Background(const PixelArea& area, double sky, double sigma) {
  const auto& [plane, box] = area;
  columns_ = std::max<std::int64_t>(1, (box.width + kCell / 2) / kCell);
  rows_ = std::max<std::int64_t>(1, (box.height + kCell / 2) / kCell);
  per_column_ = static_cast<float>(columns_) / static_cast<float>(box.width);
  per_row_ = static_cast<float>(rows_) / static_cast<float>(box.height);
  last_ = static_cast<float>(columns_ - 1);
  std::vector<float> row(static_cast<std::size_t>(box.width)), apart;
  std::vector<std::vector<float>> cells(static_cast<std::size_t>(columns_));
  const std::int64_t step_x = std::max<std::int64_t>(1, box.width / columns_ / kSamples);
  for (std::int64_t r = 0; r < rows_; ++r) {
    const std::int64_t begin = r * box.height / rows_, end = (r + 1) * box.height / rows_;
    const std::int64_t step_y = std::max<std::int64_t>(1, (end - begin) / kSamples);
    for (auto& cell : cells) cell.clear();
    for (std::int64_t y = begin; y < end; y += step_y) {
      read_row(*plane, box.y + y, box.x, row);
      // The first column moves from row to row: a bad column must not be a whole part of the sample.
      for (std::int64_t c = 0; c < columns_; ++c) {
        const std::int64_t left = c * box.width / columns_, right = (c + 1) * box.width / columns_;
        for (std::int64_t x = left + (y / step_y) % step_x; x < right; x += step_x) {
          const float value = row[static_cast<std::size_t>(x)];
          if (std::isfinite(value)) cells[static_cast<std::size_t>(c)].push_back(value);
        }
      }
    }
    for (auto& cell : cells) {
      if (cell.size() < kFewest) {
        level_.push_back(static_cast<float>(sky));
        noise_.push_back(static_cast<float>(sigma));
        continue;
      }
      // Noise by differences of pairs that are neighbours in the sample: a slope of the sky is none. Before middle() changes their order.
      apart.resize(cell.size() / 2);
      for (std::size_t i = 0; i < apart.size(); ++i) apart[i] = std::abs(cell[2 * i + 1] - cell[2 * i]);
      const float level = middle(cell);
      float noise = 1.4826F / std::numbers::sqrt2_v<float> * middle(apart);
      if (!(noise > 0)) {  // most pixels are alike: their step is the least noise that can be
        std::erase(apart, 0.0F);
        noise = apart.empty() ? static_cast<float>(sigma) : middle(apart);
      }
      level_.push_back(level);
      noise_.push_back(noise);
    }
  }
  row_level_.resize(static_cast<std::size_t>(columns_ + 1));
  row_noise_.resize(static_cast<std::size_t>(columns_ + 1));
}

void Background::begin_row(std::int64_t y) {
  const float place = (static_cast<float>(y) + 0.5F) * per_row_ - 0.5F;
  const float low = std::clamp(place, 0.0F, static_cast<float>(rows_ - 1));
  const auto first = static_cast<std::int64_t>(low), second = std::min(first + 1, rows_ - 1);
  const float part = low - static_cast<float>(first);
  for (std::int64_t c = 0; c <= columns_; ++c) {
    const std::int64_t column = std::min(c, columns_ - 1);
    const auto a = static_cast<std::size_t>(first * columns_ + column),
               b = static_cast<std::size_t>(second * columns_ + column);
    row_level_[static_cast<std::size_t>(c)] = level_[a] + part * (level_[b] - level_[a]);
    row_noise_[static_cast<std::size_t>(c)] = noise_[a] + part * (noise_[b] - noise_[a]);
  }
}

}  // namespace imreg::measure
