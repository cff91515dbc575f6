// Raw frames of colour cameras: each pixel has a filter of its own, in squares of 2 x 2 that repeat.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "imreg/header.h"
#include "imreg/pixels.h"

namespace imreg::measure {

/// "RGGB", as the header of the image or the primary one has it, or what is told else; empty: none is told.
std::string colour_pattern(const Header& header, const Header& primary);
bool is_bayer(const std::string& pattern);

/// The green pixels of areas, which stand like the fields of one colour of a chessboard: as images of their own, turned by 45
/// degrees, without values in the corners.
class GreenPixels {
 public:
  GreenPixels(std::span<const PixelArea> areas, const std::string& pattern);
  std::span<const PixelArea> areas() const { return areas_; }
  static constexpr double kPitch = 1.4142135623730951;  ///< in pixels

 private:
  void add(const PixelArea& area, std::int64_t parity);

  std::vector<std::vector<unsigned char>> bytes_;
  std::vector<PixelPlane> planes_;
  std::vector<PixelArea> areas_;
};

}  // namespace imreg::measure
