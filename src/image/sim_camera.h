// SimPrime, the simulator's mosaic camera: where its chips lie, what is wrong with each, how it sees the filters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/camera_geometry.h"
#include "imreg/simulate.h"

namespace imreg {

struct SimFilter {
  const char* name;
  double zero_point;  ///< magnitude of one electron per second above the atmosphere
  double dark_sky;    ///< magnitude per square arcsec without moon
  double extinction;  ///< magnitudes per airmass
  double moon;        ///< how many times brighter the full moon makes the sky
  double seeing;      ///< seeing against that in r
  double exptime;     ///< usual exposure, seconds
};
inline constexpr SimFilter kSimFilters[] = {{"u", 25.2, 22.6, 0.45, 14, 1.10, 600},
                                            {"g", 26.5, 22.0, 0.17, 9, 1.04, 300},
                                            {"r", 26.1, 21.0, 0.10, 5, 1.00, 240},
                                            {"i", 25.8, 20.0, 0.06, 2.5, 0.97, 300},
                                            {"z", 24.7, 19.0, 0.05, 1.2, 0.95, 400}};
const SimFilter& sim_filter(const std::string& name);

/// What is always the same with one chip.
struct SimChip {
  double gain = 1;                                   ///< electrons per ADU
  double read_noise = 0;                             ///< electrons
  double bias = 0;                                   ///< ADU
  double dark_rate = 0;                              ///< electrons per second and pixel
  double bias_slope = 0;                             ///< ADU from the first row to the last, overscan too
  std::vector<float> column_response, row_response;  ///< about 1, by data column and row
  std::vector<float> column_bias;                    ///< ADU about 0, by data column
  struct BadColumn {
    int x = 0, y = 0;  ///< data column, from this data row to the far end
    bool hot = false;  ///< hot adds electrons, dead keeps a twentieth of the light
  };
  std::vector<BadColumn> bad_columns;
};

/// Chips in 1, 2 or 4 rows, numbered from north-east; the northern half stands on its head, as real mosaics do.
CameraGeometry sim_geometry(const SimulateOptions& options);
SimChip sim_chip(const SimulateOptions& options, int number);
/// Part of the light that reaches a place of the mosaic: 1 in the centre, 0.75 in the corners.
double vignetting(const CameraGeometry& camera, double mosaic_x, double mosaic_y);

}  // namespace imreg
