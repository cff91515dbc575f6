// What the pixels of a CCD say: bias, sky, sigma, stars and their FWHM. imstats(1).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/status.h"

namespace imreg {

/// What became of one quantity.
enum class Measured {
  no,   ///< there is nothing to measure it of: no overscan; no stars wanted of a flat
  yes,  ///< it has a value
  failed
};

/// One CCD, or one plane of a cube. What was not measured is NaN.
struct CcdStatistics {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::string file;
  std::int64_t file_size = 0;  ///< of the file that was measured
  double mtime = kNone;        ///< its modification time, seconds since 1970
  int ccd = -1;                ///< as imregister numbers it; -1: not known
  std::string chip;            ///< its name; may be empty
  int extension = 0;           ///< the HDU of the pixels (of the first amplifier)
  int slice = 0;               ///< 0: the image, or the whole cube; planes from 1
  double bias = kNone;         ///< median of the overscan
  double sky = kNone;          ///< median of the data region, bias and all
  double sigma = kNone;        ///< 1.4826 * median of |pixel - sky|
  double fwhm = kNone;         ///< of stars, pixels: geometric mean of the two axes
  double ellipticity = kNone;  ///< 1 - b/a of the mean star
  static constexpr std::int64_t kNotCounted = -1;
  std::int64_t stars = kNotCounted;
  std::int64_t saturated = kNotCounted;  ///< pixels of the data region at or above the saturation level
  std::int64_t bad = kNotCounted;        ///< pixels of the data region without a value
  std::int64_t pixels = 0;               ///< of the data region
  Measured bias_state = Measured::no, sky_state = Measured::no, fwhm_state = Measured::no;
  std::string reason;              ///< why something failed: one line
  std::vector<std::string> notes;  ///< what is odd: a section that does not fit the image
  /// "ok", "failed" (no sky), or "incomplete": the sky was measured, and something else failed.
  const char* state() const;
};

enum class FwhmRule {
  profile,  ///< one profile fitted to all good stars
  elixir    ///< the mode of the brightest quarter: what Elixir's imstats did
};

struct MeasureOptions {
  bool stars = true;       ///< look for them; not in biases, darks, flats, fringes, masks, scatter frames
  bool all_stars = false;  ///< look in those too
  FwhmRule rule = FwhmRule::profile;
  bool split = false;  ///< a file with one HDU is one CCD of a mosaic
  std::string camera;  ///< the camera table; empty: by the header
  int jobs = 0;        ///< CCDs at the same time; 0: as many as there are processors
};

/// What became of one file. `status` is why it has no CCDs, or not all.
struct FileStatistics {
  std::string file;
  std::int64_t file_size = 0;  ///< when its headers were read
  double mtime = CcdStatistics::kNone;
  Status status;
  std::vector<CcdStatistics> ccds;
};

/// All CCDs of some files. `done` is told of each file in the order given, as soon as it and all before are done, by one
/// thread at a time; false ends the work.
void measure_files(const std::vector<std::string>& paths, const Cameras& cameras, const MeasureOptions& options,
                   const std::function<bool(const FileStatistics&)>& done);

/// A file whose CCDs are measured one by one, as they are asked for: its headers are read, and packed files unpacked, once.
class FileMeasurement {
 public:
  FileMeasurement(const std::string& path, const Cameras& cameras, const MeasureOptions& options);
  /// The image of an HDU, or this plane of its cube. Without CCDs when there is none: then the status tells why.
  FileStatistics measure(int extension, int slice);

  FileMeasurement(FileMeasurement&&) noexcept;
  FileMeasurement& operator=(FileMeasurement&&) noexcept;
  ~FileMeasurement();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One line of JSON for a CCD.
std::string statistics_json(const CcdStatistics& ccd);
/// Words for people, one line a CCD; `title` is the line above them.
std::string statistics_text(const CcdStatistics& ccd);
std::string statistics_title();

}  // namespace imreg
