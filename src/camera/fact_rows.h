// The facts of an image as rows of texts, for reports: one for each field, known or not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imreg/camera.h"

namespace imreg::camera {

struct FactRow {
  std::string_view field;
  bool known = false;
  bool is_time = false;  ///< the text is ISO 8601
  bool is_day = false;   ///< and the time of day is not known
  std::string text;      ///< with its unit: "510.08 s", "2003-01-27T15:20:01Z"
  std::string json;      ///< the value alone, times in seconds since 1970; null
  std::string keyword;
  int hdu = -1;
  RecipeLine recipe;
};

/// All fields of an image but mode and place, in the order of showiminfo and imcamera.
std::vector<FactRow> fact_rows(const ImageFacts& image);
/// "MEF", "SPLIT", "SINGLE", "CUBE", "SLICE".
std::string_view name_of(ImageMode mode);

}  // namespace imreg::camera
