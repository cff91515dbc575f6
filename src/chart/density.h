// Many points as an image: how many fall on each place.
#pragma once

#include <cstdint>
#include <vector>

#include "chart/canvas.h"
#include "chart/scale.h"

namespace imreg::chart {

/// Counts per cell, rows from the top.
class Density {
 public:
  Density(int columns, int rows)
      : columns_(columns), rows_(rows), counts_(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows)) {}

  /// Points outside of the scales, and such that are no numbers, are left out. The highest value counts in the last cell.
  void add(const std::vector<double>& x, const std::vector<double>& y, const Scale& x_scale, const Scale& y_scale);
  /// A place within the grid, from its upper left corner.
  void add_cell(double column, double row);

  /// Empty cells beside others get the most of these: points alone can be seen.
  void grow();

  int columns() const { return columns_; }
  int rows() const { return rows_; }
  const std::vector<std::uint32_t>& counts() const { return counts_; }
  std::uint32_t most() const;

 private:
  int columns_, rows_;
  std::vector<std::uint32_t> counts_;
};

/// What the colours of counts mean: from 1 to the most, in logarithms when that is more than 20.
Scale count_scale(std::uint32_t most);
Image to_image(const Density& density, const Scale& scale);
/// The ramp's step of a value: 1..256.
int ramp_step(const Scale& scale, double value);

}  // namespace imreg::chart
