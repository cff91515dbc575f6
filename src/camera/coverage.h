// How much of the headers is understood: each value of an image is right, unknown or suspicious; counted by camera.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/camera.h"

namespace imreg::camera {

enum class Verdict {
  right,       ///< a value, and nothing speaks against it
  unknown,     ///< no value
  suspicious,  ///< a value that something speaks against; or none although a card says something
  unneeded     ///< no value, and none is wanted: the airmass of a bias
};
std::string_view name_of(Verdict verdict);

/// The fields that are judged, in the order of the matrix.
inline constexpr std::array<std::string_view, 11> kJudged = {
    "obstime", "exptime", "type", "filter", "ra", "dec", "airmass", "object", "instrument", "ccd", "dettemp"};

struct Judgement {
  Verdict verdict = Verdict::right;
  std::string value;   ///< for people
  std::string reason;  ///< unless it is right
};
using Judgements = std::array<Judgement, kJudged.size()>;

/// Judges image number `index` of a file that was translated with Options::explain. `now`: later times are suspicious.
Judgements judge(const FitsHeaders& headers, const FileFacts& file, std::size_t index, double now);

struct Count {
  std::int64_t right = 0, unknown = 0, suspicious = 0;
  std::int64_t all() const { return right + unknown + suspicious; }
  void add(Verdict verdict);
  Count& operator+=(const Count& other);
};
/// One row of the matrix.
struct CameraCount {
  std::int64_t files = 0, images = 0;
  std::array<Count, kJudged.size()> fields;
};

/// A value that is not right; `images` like it in the same file, the first in `extension`.
struct Finding {
  std::string camera, file;
  int extension = 0;
  std::int64_t images = 0;
  std::string_view field;
  Verdict verdict = Verdict::unknown;
  std::string value, reason;
};

struct Coverage {
  std::map<std::string, CameraCount> cameras;
  std::vector<Finding> findings;  ///< file by file

  /// The slices of a cube are not counted beside it.
  void add(const std::string& path, const FitsHeaders& headers, const FileFacts& file, double now, bool keep_findings);
  CameraCount sum() const;
};

}  // namespace imreg::camera
