// A polygon of great circles on the sphere.
#pragma once

#include <utility>
#include <vector>

#include "imreg/sky_region.h"
#include "sky/vector.h"

namespace imreg {

/// Right ascensions from `start` (0..360) eastwards, degrees. A negative width: none; 360: all.
struct RaArc {
  double start = 0;
  double width = -1;
};

class SkyPolygon {
 public:
  /// Errors and meaning: SkyRegion::polygon(). The corners are valid positions with 0 <= ra < 360.
  static Result<SkyPolygon> make(std::vector<std::pair<double, double>> corners);

  SkyRegion::Range band() const { return band_; }
  RaArc arc(double dec_low, double dec_high) const;
  bool contains(double ra, double dec) const { return contains(direction(ra, dec)); }
  SkyRegion::Where classify(double ra, double dec, double margin) const;

 private:
  struct Edge {
    Vector from, to;
    Vector normal;       ///< unit; the inside is on its side
    Vector ahead, back;  ///< unit tangents: at `from` towards `to`, and the other way round
    double length = 0;   ///< radians
  };
  static bool beside(const Edge& edge, const Vector& at, double sine);
  static bool crosses(const Vector& from, const Vector& to, const Vector& normal, const Edge& edge);
  Status join(const std::vector<Vector>& corners);
  Status check_simple() const;
  double turning() const;
  void find_reference();
  void find_band();
  bool contains(const Vector& at) const;

  std::vector<Edge> edges_;
  Vector reference_;  ///< far from the circles of all edges
  bool reference_inside_ = false;
  SkyRegion::Range band_ = {-90, 90};
};

}  // namespace imreg
