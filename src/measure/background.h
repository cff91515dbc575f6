// The sky and its noise across an area: medians of a mesh of cells, and between them straight lines.
#pragma once

#include <cstdint>
#include <vector>

#include "imreg/pixels.h"

namespace imreg::measure {

class Background {
 public:
  /// `sky`, `sigma`: of the whole, for cells that have too few pixels with a value.
  Background(const PixelArea& area, double sky, double sigma);

  /// Pixels count from the corner of the area. Good for the calls that follow with this y.
  void begin_row(std::int64_t y);
  float level(std::int64_t x) const { return along(row_level_, x); }
  float noise(std::int64_t x) const { return along(row_noise_, x); }

 private:
  float along(const std::vector<float>& row, std::int64_t x) const {
    const float place = (static_cast<float>(x) + 0.5F) * per_column_ - 0.5F;
    const float low = place < 0 ? 0 : place > last_ ? last_ : place;
    const auto i = static_cast<std::size_t>(low);
    const float part = low - static_cast<float>(i);
    return row[i] + part * (row[i + 1] - row[i]);
  }

  std::int64_t columns_ = 0, rows_ = 0;
  float per_column_ = 0, per_row_ = 0;  // cells by pixel
  float last_ = 0;
  std::vector<float> level_, noise_;          // by cell
  std::vector<float> row_level_, row_noise_;  // of the row at hand, by column of cells; the last one stands twice
};

}  // namespace imreg::measure
