// Pictures of images to look at: of one CCD, of all CCDs of an exposure in their places, of three filters. imlook(1).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/camera.h"
#include "imreg/status.h"

namespace imreg {

struct LookOptions {
  std::string stretch = "zscale";  ///< one of look_stretches()
  /// Of the values that are shown, instead of what the stretch takes: percentiles (0 to 100), or values.
  std::optional<std::pair<double, double>> percents, range;
  std::string layout = "auto";          ///< of several CCDs or amplifiers; one of look_layouts()
  std::string palette = "grey";         ///< one of look_palettes()
  bool negative = false;                ///< dark stars on bright sky
  std::string region;                   ///< "[x1:x2,y1:y2]" of the mosaic, from 1; empty: all
  int most_width = 0, most_height = 0;  ///< the picture is made smaller to fit; 0: any size
  std::optional<int> hdu;               ///< only this one
  std::int64_t slice = 0;               ///< plane of a cube, from 1; 0: the middle one
  bool flags = true;                    ///< pixels that a data quality extension marks have no value
  std::string camera;                   ///< the camera table; empty: by the header
  int jobs = 1;                         ///< threads
};
std::vector<std::string> look_stretches(), look_layouts(), look_palettes();
/// What is wrong with the words and numbers of options. Error: invalid.
Status check_look(const LookOptions& options);

/// What stands below a picture.
struct LookCaption {
  std::string object, filter, type, instrument;
  std::optional<double> obstime, exptime;  ///< seconds since 1970 UTC; seconds
};

/// A picture in memory.
class Look {
 public:
  int width() const;
  int height() const;
  double mean_level() const;  ///< of all pixels and colours, 0 to 255
  const LookCaption& caption() const;
  const std::vector<std::string>& notes() const;  ///< what is odd
  std::string layout() const;                     ///< the rule that placed several pieces; empty: it is one
  /// The bytes of a file. `recipe` is written into it. Errors: invalid (too large for a JPEG), io.
  Result<std::string> jpeg(int quality = 85, const std::string& recipe = {}) const;
  Result<std::string> png(const std::string& recipe = {}) const;
  /// A JPEG whose longer side is at most `most`.
  Result<std::string> thumbnail(int most = 128) const;
  /// For a terminal that shows sixels; lines for one that shows colours (two pixels of a column in a character of each line: 256
  /// colours, or all), or, without `colour`, characters of ASCII.
  enum class Terminal { sixel, true_colour, colours, ascii };
  std::string terminal(Terminal kind) const;

  struct Content;
  explicit Look(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

 private:
  std::shared_ptr<const Content> content_;
};

/// A picture of a file; of several, a mosaic of all of their CCDs (an exposure of which each CCD is a file). Errors: those of reading
/// headers and pixels, with the file; invalid: no image, nothing in the region, a layout that does not hold.
Result<Look> look_at(const std::vector<std::string>& paths, const Cameras& cameras, const LookOptions& options);
/// Three filters as red, green and blue, each by its own stretch; where the first one is, the others by their WCS in whole pixels.
/// Errors also: invalid, another size and no WCS.
Result<Look> look_in_colour(const std::array<std::string, 3>& paths, const Cameras& cameras,
                            const LookOptions& options);

}  // namespace imreg
