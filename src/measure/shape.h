// The size and shape of one star: second moments under a weight that has the star's own shape (adaptive moments; Bernstein and
// Jarvis 2002, AJ 123, 583).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "imreg/pixels.h"
#include "measure/peaks.h"

namespace imreg::measure {

struct Shape {
  double x = 0, y = 0;            ///< the centre, from the corner of the area
  double xx = 0, xy = 0, yy = 0;  ///< of a Gaussian: its covariance, pixel^2
  double size = 0;                ///< sqrt of the geometric mean of the axes' variances: its sigma
  double signal_to_noise = 0;
  float height = 0, level = 0, noise = 0;
  double e1() const { return (xx - yy) / (xx + yy); }
  double e2() const { return 2 * xy / (xx + yy); }
};

/// A square of pixels around a peak, the sky taken away.
struct Stamp {
  std::int64_t x = 0, y = 0;  ///< its corner, from that of the area
  std::int64_t side = 0;
  std::vector<float> pixels;
  /// False: it reaches beyond the area, or has saturated pixels, or none with a value where it matters.
  bool read(const PixelArea& area, std::int64_t x, std::int64_t y, std::int64_t half, float level, double saturation);
};

/// Has the processor fetch the pixels that shape_of() will look at, while something else is computed: stars lie far apart in memory.
void fetch(const PixelArea& area, const Peak& peak);

/// Nothing when it has no shape of its own: at an edge, too wide, moving away.
std::optional<Shape> shape_of(const PixelArea& area, const Peak& peak, double saturation, Stamp& stamp);

}  // namespace imreg::measure
