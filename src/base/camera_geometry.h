// The geometry of a camera: where its chips lie in the mosaic and what the columns of their raw frames are.
// A plain struct, filled by the simulator (image) and from camera tables, drawn by chart.
// Sections are written as FITS writes them: [x1:x2,y1:y2], from 1, both ends included, x1 > x2 when it runs backwards.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

namespace imreg {

struct PixelSection {
  int x1 = 0, x2 = 0, y1 = 0, y2 = 0;

  bool empty() const { return x1 == 0 || y1 == 0; }
  int width() const { return empty() ? 0 : std::abs(x2 - x1) + 1; }
  int height() const { return empty() ? 0 : std::abs(y2 - y1) + 1; }
  int step_x() const { return x2 < x1 ? -1 : 1; }
  int step_y() const { return y2 < y1 ? -1 : 1; }
  std::string text() const {
    return '[' + std::to_string(x1) + ':' + std::to_string(x2) + ',' + std::to_string(y1) + ':' + std::to_string(y2) +
           ']';
  }
};

struct ChipGeometry {
  int number = 0;
  std::string name;                     ///< "ccd00"
  int width = 0, height = 0;            ///< the raw frame, pixels
  PixelSection data;                    ///< pixels that see light, in the raw frame (DATASEC)
  std::vector<PixelSection> overscans;  ///< in the raw frame (BIASSEC and its like)
  PixelSection detector;                ///< the data pixels' place in the mosaic (DETSEC)

  /// Mosaic coordinates of a place in the raw frame; both count from 1 at the centre of the first pixel.
  double mosaic_x(double x) const { return detector.x1 + detector.step_x() * (x - data.x1); }
  double mosaic_y(double y) const { return detector.y1 + detector.step_y() * (y - data.y1); }
  double raw_x(double mosaic_x) const { return data.x1 + detector.step_x() * (mosaic_x - detector.x1); }
  double raw_y(double mosaic_y) const { return data.y1 + detector.step_y() * (mosaic_y - detector.y1); }
};

struct CameraGeometry {
  std::string name;
  int width = 0, height = 0;  ///< the mosaic with its gaps, pixels (DETSIZE)
  double pixel_scale = 0;     ///< arcsec per pixel
  double pixel_size = 0;      ///< micron
  std::vector<ChipGeometry> chips;

  double center_x() const { return (width + 1) / 2.0; }
  double center_y() const { return (height + 1) / 2.0; }
};

}  // namespace imreg
