// Counting points into cells.
#include "chart/density.h"

#include <algorithm>
#include <cmath>

#include "chart/palette.h"

namespace imreg::chart {

void Density::add(const std::vector<double>& x, const std::vector<double>& y, const Scale& x_scale,
                  const Scale& y_scale) {
  const double columns = columns_, rows = rows_;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = x_scale(x[i]), b = y_scale(y[i]);
    if (!(a >= 0 && a <= 1 && b >= 0 && b <= 1)) continue;  // NaN fails, too
    const int column = std::min(static_cast<int>(a * columns), columns_ - 1);
    const int row = rows_ - 1 - std::min(static_cast<int>(b * rows), rows_ - 1);
    auto& count =
        counts_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column)];
    count += count != UINT32_MAX;
  }
}

void Density::add_cell(double column, double row) {
  if (!(column >= 0 && row >= 0 && column < columns_ && row < rows_)) return;
  ++counts_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column)];
}

void Density::grow() {
  const auto before = counts_;
  const auto at = [&](int column, int row) {
    const bool inside = column >= 0 && column < columns_ && row >= 0 && row < rows_;
    return inside ? before[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
                           static_cast<std::size_t>(column)]
                  : 0;
  };
  std::size_t i = 0;
  for (int row = 0; row < rows_; ++row) {
    for (int column = 0; column < columns_; ++column, ++i) {
      if (counts_[i] == 0)
        counts_[i] = std::max({at(column - 1, row), at(column + 1, row), at(column, row - 1), at(column, row + 1)});
    }
  }
}

std::uint32_t Density::most() const { return *std::max_element(counts_.begin(), counts_.end()); }

Scale count_scale(std::uint32_t most) { return Scale(1, std::max(2.0, static_cast<double>(most)), most > 20); }

int ramp_step(const Scale& scale, double value) {
  return std::clamp(1 + static_cast<int>(std::lround(scale(value) * (kRamp - 1))), 1, kRamp);
}

Image to_image(const Density& density, const Scale& scale) {
  Image out{density.columns(), density.rows(), {}};
  out.steps.reserve(density.counts().size());
  for (const auto count : density.counts())
    out.steps.push_back(static_cast<std::uint16_t>(count == 0 ? 0 : ramp_step(scale, count)));
  return out;
}

}  // namespace imreg::chart
