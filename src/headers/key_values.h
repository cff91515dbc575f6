// The values of a header as columns of a table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imreg/header.h"

namespace imreg::headers {

struct KeyValue {
  std::string column;                            ///< EXPTIME, DATE_OBS, ESO_DET_WIN1_NX, DP1_AXIS_1
  std::string keyword;                           ///< as the header has it: DATE-OBS, DP1.AXIS.1
  CardValue::Kind kind = CardValue::Kind::none;  ///< text, integer, real or logical
  std::string text;                              ///< CardValue::text
  std::string unit;                              ///< "[s] exposure time" of the comment: s (FITS 4.0, section 4.3.2)
};

/// The column of a keyword: capitals, everything but letters and digits an underscore; KEY_ before what would begin with a digit
/// or is the name of a field that every table has.
std::string column_of(std::string_view keyword);

/// Each column once, in the order of the header; the first of duplicates counts. Without COMMENT, HISTORY, names that are
/// blank, and cards without a value: they are in the heap only. A record-valued card, DP1 = 'AXIS.1: 2.0' (FITS distortion
/// paper), is a column of its own.
/// `others`: how many cards with a value are not among them.
std::vector<KeyValue> key_values(const Header& header, int& others);

}  // namespace imreg::headers
