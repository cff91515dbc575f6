// The pieces that a picture is put together from: the data regions of CCDs and amplifiers, where each stands, and what its rows say.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/pixels.h"

namespace imreg::look {

/// Where the lowest row begins of what is drawn, and which way rows and columns go; in pixels of the mosaic, y upward.
struct Place {
  std::int64_t x = 0, y = 0;
  bool flip_x = false, flip_y = false;
};

struct Piece {
  PixelFile::Image image;
  std::optional<PixelFile::Image> flags;  ///< of the same shape; not 0: the pixel is not to be trusted
  PixelBox box;                           ///< of the image: what is drawn
  double bias = 0;                        ///< is taken off
  Place place;
  std::string name;  ///< "HDU 3" or the chip, for messages
  // What layouts are made from.
  const Hdu* hdu = nullptr;
  std::optional<Section> detector;  ///< where it stands on the detector, by its header
  int ccd = -1;

  /// Row `y` of the box, from its lowest, as it is stored; NaN where there is no value or, `trusted_only`, a flag.
  void read(std::int64_t y, std::span<float> to, bool trusted_only) const;
};

struct PieceOptions {
  bool all_pixels = false;  ///< with overscan, bias left on: what is stored
  bool flags = true;        ///< look for a data quality extension
  std::int64_t slice = 0;   ///< plane of a cube, from 1; 0: the middle one
  std::optional<int> hdu;   ///< only this one
};

/// The pieces of a file. `headers` must live as long as they do. Errors: invalid (no image, no such HDU or plane), those of
/// PixelFile::image().
Result<std::vector<Piece>> pieces_of(const PixelFile& file, const FitsHeaders& headers, const FileFacts& facts,
                                     const PieceOptions& options);

}  // namespace imreg::look
