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

/// What of all planes of a cube is drawn, pixel by pixel, without planes that have no value there.
enum class Collapse { none, mean, median, max };
/// The words of -collapse, in the order of Collapse, without none.
const std::vector<std::string>& collapse_names();

/// Values go through floats as (value - offset) * scale, so that small steps of large numbers, and tiny and huge numbers, are seen.
struct Shift {
  double offset = 0, scale = 1;
  bool is_none() const { return offset == 0 && scale == 1; }
  double of(double value) const { return (value - offset) * scale; }
  double back(double shifted) const { return shifted / scale + offset; }
};

struct Piece {
  PixelFile::Image image;                 ///< one plane, or all of a cube that is collapsed, above each other
  std::optional<PixelFile::Image> flags;  ///< of the same shape; not 0: the pixel is not to be trusted
  Collapse collapse = Collapse::none;
  std::int64_t planes = 1;         ///< of which one pixel is made
  std::int64_t plane_height = 0;   ///< rows of one of them
  std::int64_t rows = 0;           ///< of these, those that the file has
  PixelBox box;                    ///< of the image: what is drawn
  std::vector<PixelBox> overscan;  ///< of the image; of all planes of a cube
  double bias = 0;                 ///< the median of the overscan, once find_bias() was called; is taken off
  Shift shift;
  Place place;
  std::string name;  ///< "HDU 3" or the chip, for messages
  // What layouts are made from.
  const Hdu *hdu = nullptr, *primary = nullptr;
  std::optional<Section> detector;  ///< where it stands on the detector, by its header
  int ccd = -1;

  /// Row `y` of the box, from its lowest, as it is stored, shifted; NaN where there is no value or, `trusted_only`, a flag.
  void read(std::int64_t y, std::span<float> to, bool trusted_only) const;
  void find_bias();
  /// Whether read() never gives NaN.
  bool has_all_values(bool trusted_only) const;

 private:
  void read_plane(std::int64_t plane, std::int64_t y, std::int64_t x, std::span<float> to, bool trusted_only) const;
};

struct PieceOptions {
  bool all_pixels = false;  ///< with overscan, bias left on: what is stored
  bool flags = true;        ///< look for a data quality extension
  std::int64_t slice = 0;   ///< plane of a cube, from 1; 0: the middle one
  Collapse collapse = Collapse::none;
  std::optional<int> hdu;  ///< only this one
};

/// Leaves out rows that a file which was cut off does not have, of pieces in their places; pieces that have none are taken out.
void leave_out_missing(std::vector<Piece>& pieces);

/// Chooses the shift of all of them by a sample of their values; there is none for most.
void choose_shift(std::vector<Piece>& pieces);

/// Of all that have overscan.
void find_biases(std::vector<Piece>& pieces, int threads);

/// The pieces of a file, without their bias. `headers` must live as long as they do. Of several, those that cannot be read are `missing`.
/// Errors: invalid (no image, no such HDU or plane), those of PixelFile::image().
Result<std::vector<Piece>> pieces_of(const PixelFile& file, const FitsHeaders& headers, const FileFacts& facts,
                                     const PieceOptions& options, std::vector<Status>& missing);

}  // namespace imreg::look
