// Fuzz target for dates and ranges: what parses is within the calendar, formats, and parses back to the same time; what
// does not parse names a column inside the text. The first byte chooses the zone.
#include <cmath>
#include <cstdlib>

#include "fuzz.h"
#include "imreg/date.h"

namespace imreg::fuzz {
namespace {

constexpr double kFirst = -62167219200.0;  // 0000-01-01
constexpr double kEnd = 253402300800.0;    // 10000-01-01
constexpr double kZones[] = {0, 1, -1, 5.75, -9.5, 14, -14, 0.25};

double ulp(double x) { return std::nextafter(std::abs(x), HUGE_VAL) - std::abs(x); }

void check_failure(const Status& status, std::string_view text) {
  require_clean(status.message());
  const std::size_t at = status.message().rfind("column ");
  require(at != std::string::npos, "no column in the message", status.message());
  const long column = std::strtol(status.message().c_str() + at + 7, nullptr, 10);
  require(column >= 1 && column <= static_cast<long>(text.size()) + 1, "column outside the text", status.message());
}

void parses_back(const std::string& text, double time, double most, const DateSettings& settings) {
  if (text.empty() || text == "-") {  // only where the rounding, or the zone, leaves the calendar
    require(time < kFirst + 86400 || time > kEnd - 86400, "a time that does not format");
    return;
  }
  const auto again = parse_date(text, settings);
  require(again.ok(), "what was formatted does not parse", text);
  require(std::abs(*again - time) <= most + 2 * ulp(time) + 1e-10, "another time is read back", text);
}

void check_date(std::string_view text, const DateSettings& settings) {
  const auto time = parse_date(text, settings);
  if (!time) return check_failure(time.status(), text);
  require(*time >= kFirst && *time < kEnd, "outside the calendar", text);
  const double zone = settings.tz_hours;
  parses_back(format_iso(*time, 6), *time, 0.5e-6, settings);
  parses_back(format_iso(*time, -1, zone), *time, 0.5e-3, settings);
  parses_back(format_iso(*time, 0), *time, 0.5, settings);
  const std::string elixir = format_elixir(*time, zone);
  parses_back(elixir, std::floor(*time), 0, settings);
  char room[kIsoSize];
  require(std::string(room, write_iso(room, *time, -1, zone)) == format_iso(*time, -1, zone), "write_iso differs");
  require(std::string(room, write_elixir(room, *time, zone)) == elixir, "write_elixir differs");
}

void check_duration(std::string_view text, double from) {
  const auto length = parse_duration(text);
  if (!length) return check_failure(length.status(), text);
  require(length->months == 0 || length->seconds == 0, "months and seconds", text);
  const double to = add(from, *length);
  require(std::isfinite(to), "no time", text);
  const TimeRange range = range_from(from, *length);
  require(range.first <= range.last && (range.first == from || range.last == from), "not a range", text);
  (void)format_iso(to);
  (void)format_elixir(to);
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const char* text :
       {"2003/01/27,15:20:01", "NOW", "TODAY,12:30", "2003-01-27T15:20:01.25+05:45", "20030127T152001Z", "2452667.139j",
        "52666.639J", "jd2452667.5", "mjd52666.5", "12045.5d", "-3M", "1.5y", "99/2/28", "1998-12-31T23:59:60Z",
        "9999-12-31,24:00:00", "0000-01-01", "1e9s", "03 01 27 15 20"}) {
    out.push_back(std::string(1, static_cast<char>(out.size())) + text);
  }
  return out;
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_text,
                        {"NOW", "TODAY",  "today,",   "jd",  "mjd",  "j",    "J",     "M",  "y", "d",       "T",
                         "Z",   "+05:45", "24:00:00", ":60", "0000", "9999", "02/29", "00", ",", ".999999", "12"},
                        40000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg::fuzz;
  if (size == 0) return 0;
  imreg::DateSettings settings;
  settings.tz_hours = kZones[data[0] % std::size(kZones)];
  settings.now = 1044631201.25;
  if ((data[0] & 0x80) != 0) settings.reference = 978307200.5;
  const std::string text(data + 1, data + size);
  check_date(text, settings);
  check_duration(text, data[0] * 1e8 - 1.25e10);
  return 0;
}
