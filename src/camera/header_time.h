// Dates and times of day as headers write them; unlike the dates that people type (imreg/date.h) they are full of
// old and broken forms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imreg::camera {

struct HeaderDate {
  double day = 0;                     ///< seconds since 1970-01-01 of its midnight
  std::optional<double> time_of_day;  ///< seconds, when the text has one
};

/// Of a date whose form does not tell: by_form takes 15/04/88 for day, month, year (the FITS form until 1999), and
/// nothing for 03/04/1988, which Americans write the other way round.
enum class DateOrder { by_form, dmy, mdy, ymd };

/// "2003-01-27T15:20:01.5", "2001-01-20T5:33:58", "2002/05/21", "2000:12:03", "19930417", "20030127T152001",
/// "2003-027T15:20:01" and "2003.027.15.20.01" (day of the year), "15/04/88", " 4/07/92", "30/04/97 GMT", "04/15/1988",
/// "01-May-23 13:07:58.713", "2016-05-12 07:00:47 UTC", "Jan 27 2003", "Mon Jan 27 15:20:01 2003". Two-digit years:
/// 40..99 are 19yy, 00..39 are 20yy. Nothing for what is no date: "nn/nn/nn", "00/00/00", month 13, "1970-00-01".
std::optional<HeaderDate> header_date(std::string_view text, DateOrder order = DateOrder::by_form);

/// The one comma of a text as the point that it stands for: "10:00:28,5".
std::string with_point(std::string_view text);

/// "12.5", and "12,5" where the comma must be a decimal one. Nothing for "12,500", which may also be thousands.
std::optional<double> header_number(std::string_view text);

/// "6:15:39.35", "15 20 01", "12h30m15s", "09:27", also "24:00:00"; seconds. Nothing for other texts.
std::optional<double> time_of_day(std::string_view text);

}  // namespace imreg::camera
