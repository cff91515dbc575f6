// The values of a header as columns of a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/header.h"
#include "imreg/schema.h"

namespace imreg::headers {

inline constexpr std::int64_t kNoInteger =
    std::numeric_limits<std::int64_t>::min();  ///< stands for an absent one in tables

struct KeyValue {
  std::string column;                            ///< EXPTIME, DATE_OBS, ESO_DET_WIN1_NX, DP1_AXIS_1
  std::string keyword;                           ///< as the header has it: DATE-OBS, DP1.AXIS.1
  CardValue::Kind kind = CardValue::Kind::none;  ///< text, integer, real or logical
  std::string text;                              ///< CardValue::text
  std::string unit;                              ///< "[s] exposure time" of the comment: s (FITS 4.0, section 4.3.2)
  std::size_t hash = 0;                          ///< of the column
  /// What a column must be to hold it and nothing else: boolean; i64, with `integer`; f64; text.
  Type type = Type::text;
  std::int64_t integer = 0;
  double real = std::numeric_limits<double>::quiet_NaN();  ///< of integers and reals; NaN: none that is finite
};
/// Cards that are the same in many headers are one value: who has seen it knows what to do with it.
using KeyRef = std::shared_ptr<const KeyValue>;

/// The column of a keyword: capitals, everything but letters and digits an underscore; KEY_ before what would begin with a digit
/// or is the name of a field that every table has.
std::string column_of(std::string_view keyword);

/// The value of a card, with the CONTINUE cards that follow. Nothing: COMMENT, HISTORY, a name that is blank, no value: these are in the
/// heap only. A record-valued card, DP1 = 'AXIS.1: 2.0' (FITS distortion paper), is a column of its own.
/// `alike`: the value of a card of the same keyword, whose names need not be made again.
KeyRef key_value(const Header& header, std::size_t i, const KeyValue* alike = nullptr);

}  // namespace imreg::headers
