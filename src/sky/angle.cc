// One field after another, each with what ends it. The sign is kept apart, so that -00:30 stays south.
#include "sky/angle.h"

#include <charconv>
#include <cmath>
#include <numbers>
#include <string>

#include "base/text.h"

namespace imreg {

namespace {

constexpr double kRadian = 180 / std::numbers::pi;

Status fail(std::string_view text, std::size_t at, const std::string& why, std::string_view what = "angle") {
  std::string shown(text.substr(0, 60));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return Status(Code::invalid, std::string(what) + " \"" + shown + "\": column " + std::to_string(at + 1) + ": " + why);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The mark of a field: 'h', 'd', 'm', 's', or 0 when there is none; `size` is its length in bytes.
char mark_at(std::string_view text, std::size_t at, std::size_t& size) {
  size = 1;
  if (at >= text.size()) return 0;
  const char c = lower(text[at]);
  if (c == 'h' || c == 'd' || c == 'm' || c == 's') return c;
  if (c == '\'') return 'm';
  if (c == '"') return 's';
  constexpr std::string_view kDegree = "\xc2\xb0";
  if (text.substr(at, 2) == kDegree) {
    size = 2;
    return 'd';
  }
  return 0;
}

}  // namespace

Result<double> parse_angle(std::string_view text, AngleUnit unit, std::string_view what) {
  const std::string_view whole = text;
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::size_t at = 0;
  const auto fail_at = [&](std::size_t column, const std::string& why) { return fail(whole, column, why, what); };
  const auto skip_blanks = [&] {
    while (at < text.size() && is_blank(text[at])) ++at;
  };
  skip_blanks();
  double sign = 1;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    sign = text[at++] == '-' ? -1 : 1;
    skip_blanks();
  }

  constexpr const char* kNames[] = {"degrees or hours", "minutes", "seconds"};
  constexpr double kScale[] = {1, 60, 3600};
  double sum = 0;
  int place = 0;      // of the next field: 0, 1 minutes, 2 seconds
  bool done = false;  // a field with decimals or with the mark of seconds is the last one
  bool first = true;
  while (at < text.size() || first) {
    if (done || place > 2) return fail_at(at, "expected the end of the angle");
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    std::size_t digits = at - start;
    if (at < text.size() && text[at] == '.') {
      done = true;
      const std::size_t point = at++;
      while (at < text.size() && is_digit(text[at])) ++at;
      digits += at - point - 1;
    }
    if (digits == 0) return fail_at(start, std::string("expected a number of ") + kNames[place]);
    double value = 0;
    if (std::from_chars(text.data() + start, text.data() + at, value).ec != std::errc()) {
      return fail_at(start, "the number is too large");
    }

    const std::size_t after_number = at;
    skip_blanks();
    std::size_t size = 0;
    const char mark = mark_at(text, at, size);
    if (mark != 0) {
      const int marked = mark == 's' ? 2 : mark == 'm' ? 1 : 0;
      if (marked < place || (marked == 0 && !first)) return fail_at(at, "this unit does not belong here");
      place = marked;
      if (mark == 'h') unit = AngleUnit::hours;
      if (mark == 'd') unit = AngleUnit::degrees;
      at += size;
      skip_blanks();
      if (place == 2) done = true;
    } else if (at < text.size() && text[at] == ':') {
      ++at;
      skip_blanks();
      if (at == text.size()) return fail_at(at, "expected a number after the colon");
    } else if (at == after_number && at < text.size()) {
      return fail_at(at, "expected a colon, a blank, one of h d m s, or the end");
    }
    // Writers round up to 60.0 seconds without carrying, so that is read; alone ("90m") a field may be larger.
    if (!first && (place == 1 ? value >= 60 : value > 60)) {
      return fail_at(start, std::string(kNames[place]) + " are not below 60");
    }
    sum += value / kScale[place];
    ++place;
    first = false;
  }
  return sign * sum * (unit == AngleUnit::hours ? 15 : 1);
}

Result<double> parse_right_ascension(std::string_view text, AngleUnit unit) {
  IMREG_ASSIGN(const double degrees, parse_angle(text, unit));
  if (!(degrees >= 0 && degrees <= 360))
    return fail(text, 0, "a right ascension is within 0..24 hours or 0..360 degrees");
  return normalize_degrees(degrees);
}

Result<double> parse_declination(std::string_view text) {
  IMREG_ASSIGN(const double degrees, parse_angle(text, AngleUnit::degrees));
  if (!(std::abs(degrees) <= 90)) return fail(text, 0, "a declination is within -90..90 degrees");
  return degrees;
}

double normalize_degrees(double degrees) {
  double out = std::fmod(degrees, 360);
  if (out < 0) out += 360;
  return out >= 360 ? 0 : out;  // a tiny negative angle plus 360 rounds to 360
}

double separation(const SkyPosition& a, const SkyPosition& b) {
  const double sin_a = std::sin(a.dec / kRadian), cos_a = std::cos(a.dec / kRadian);
  const double sin_b = std::sin(b.dec / kRadian), cos_b = std::cos(b.dec / kRadian);
  const double sin_d = std::sin((b.ra - a.ra) / kRadian), cos_d = std::cos((b.ra - a.ra) / kRadian);
  const double across = std::hypot(cos_b * sin_d, cos_a * sin_b - sin_a * cos_b * cos_d);
  return std::atan2(across, sin_a * sin_b + cos_a * cos_b * cos_d) * kRadian;
}

}  // namespace imreg
