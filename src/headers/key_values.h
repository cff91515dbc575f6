// The values of a header as columns of a table.
#pragma once

#include <cstddef>
#include <memory>
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
  std::size_t hash = 0;                          ///< of the column
};
/// Cards that are the same in many headers are one value: who has seen it knows what to do with it.
using KeyRef = std::shared_ptr<const KeyValue>;

/// The column of a keyword: capitals, everything but letters and digits an underscore; KEY_ before what would begin with a digit
/// or is the name of a field that every table has.
std::string column_of(std::string_view keyword);

/// Each column once, in the order of the header; the first of duplicates counts. Without COMMENT, HISTORY, names that are
/// blank, and cards without a value: they are in the heap only. A record-valued card, DP1 = 'AXIS.1: 2.0' (FITS distortion
/// paper), is a column of its own.
/// `others`: how many cards with a value are not among them.
std::vector<KeyRef> key_values(const Header& header, int& others);

}  // namespace imreg::headers
