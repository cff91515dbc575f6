// The pixels of one simulated chip, and what is true about them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/sim_camera.h"

namespace imreg {

struct SimStarOnSky {
  double ra = 0, dec = 0;  ///< degrees
  double magnitude = 0;    ///< in r; other filters differ by `color`
  double color = 0;        ///< g - r
};

/// The stars around a field: the same in every night and through every filter.
std::vector<SimStarOnSky> sim_stars(const SimulateOptions& options, const CameraGeometry& camera,
                                    const PlannedExposure& exposure);

/// FWHM on one chip in pixels: what the options ask for; else the weather's, and the optics blur the corners.
double sim_fwhm(const SimulateOptions& options, const CameraGeometry& camera, const ChipGeometry& chip,
                const PlannedExposure& exposure);

/// Of the mosaic: degrees on the tangent plane per mosaic pixel: d xi/dx, d xi/dy, d eta/dx, d eta/dy.
struct MosaicMatrix {
  double xi_x = 0, xi_y = 0, eta_x = 0, eta_y = 0;
};
MosaicMatrix mosaic_matrix(const CameraGeometry& camera, const PlannedExposure& exposure);

/// Draws one chip into `bytes` as FITS wants unsigned 16-bit pixels (big-endian, BZERO 32768), and fills fwhm, sky,
/// bias and the stars of `truth`. `stars` is empty for calibrations.
class SimPainter {
 public:
  SimPainter(const SimulateOptions& options, const CameraGeometry& camera) : options_(options), camera_(camera) {}
  void paint(const ChipGeometry& chip, const SimChip& defects, const PlannedExposure& exposure,
             const std::vector<SimStarOnSky>& stars, std::string& bytes, SimulatedImage& truth);

 private:
  void paint_background(const ChipGeometry& chip, const SimChip& defects, const PlannedExposure& exposure);
  void paint_stars(const ChipGeometry& chip, const SimChip& defects, const PlannedExposure& exposure,
                   const std::vector<SimStarOnSky>& stars, SimulatedImage& truth);
  /// Its highest value, electrons.
  double paint_star(double x, double y, double electrons, double fwhm);
  void paint_cosmic_rays(const PlannedExposure& exposure, std::uint64_t seed);
  void paint_bad_columns(const SimChip& defects);
  void read_out(const ChipGeometry& chip, const SimChip& defects, double bias, std::uint64_t seed, std::string& bytes);

  const SimulateOptions& options_;
  const CameraGeometry& camera_;
  std::vector<float> columns_;  ///< of a Gaussian star: its factor for each column
  std::vector<float> light_;    ///< electrons expected in each data pixel
  std::vector<float> struck_;   ///< electrons that do not come as photons: cosmic rays; empty when there are none
};

}  // namespace imreg
