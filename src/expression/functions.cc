// The table of functions, and the few that the C library does not have.
#include "expression/functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace imreg::expression {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kRadian = 180 / std::numbers::pi;
constexpr int kMany = 1000;

// A 64-bit integer, cut off like a cast in SQL; false when it is none.
bool integer_of(double value, std::int64_t& out) {
  if (!(std::abs(value) < 9223372036854775808.0)) return false;
  out = static_cast<std::int64_t>(value);
  return true;
}

template <class Work>
double integers(double a, double b, const Work& work) {
  std::int64_t x = 0, y = 0;
  if (!integer_of(a, x) || !integer_of(b, y)) return kNan;
  return static_cast<double>(static_cast<std::int64_t>(work(static_cast<std::uint64_t>(x), y)));
}

// Logarithms know only what is positive.
double positive(double x) { return x > 0 ? x : kNan; }

double ln(double x) { return std::log(positive(x)); }
double log10(double x) { return std::log10(positive(x)); }
double log2(double x) { return std::log2(positive(x)); }
double sind(double x) { return std::sin(x / kRadian); }
double cosd(double x) { return std::cos(x / kRadian); }
double tand(double x) { return std::tan(x / kRadian); }
double degrees(double x) { return x * kRadian; }
double radians(double x) { return x / kRadian; }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double square(double x) { return x * x; }
double same(double x) { return x; }

constexpr Function numeric(std::string_view name, Function1 function, std::string_view unit = "") {
  return {name, "n", 1, 1, 'n', Op::function1, unit, 0, function, nullptr};
}
constexpr Function numeric2(std::string_view name, Function2 function, std::string_view unit = "") {
  return {name, "nn", 2, 2, 'n', Op::function2, unit, 0, nullptr, function};
}
constexpr Function of_time(std::string_view name, Civil part, char result = 'n') {
  return {name, "d", 1, 1, result, Op::civil, "", static_cast<double>(part)};
}

constexpr Function kFunctions[] = {
    numeric(
        "abs", [](double x) { return std::abs(x); }, "="),
    numeric("sqrt", [](double x) { return std::sqrt(x); }),
    numeric("exp", [](double x) { return std::exp(x); }),
    numeric("ln", ln),
    numeric("log", log10),
    numeric("log10", log10),
    numeric("log2", log2),
    numeric("sin", [](double x) { return std::sin(x); }),
    numeric("cos", [](double x) { return std::cos(x); }),
    numeric("tan", [](double x) { return std::tan(x); }),
    numeric("asin", [](double x) { return std::asin(x); }),
    numeric("acos", [](double x) { return std::acos(x); }),
    numeric("atan", [](double x) { return std::atan(x); }),
    numeric2("atan2", [](double a, double b) { return std::atan2(a, b); }),
    numeric("sind", sind),
    numeric("cosd", cosd),
    numeric("tand", tand),
    numeric("degrees", degrees, "deg"),
    numeric("radians", radians, "rad"),
    numeric(
        "floor", [](double x) { return std::floor(x); }, "="),
    numeric(
        "ceil", [](double x) { return std::ceil(x); }, "="),
    numeric(
        "ceiling", [](double x) { return std::ceil(x); }, "="),
    numeric(
        "trunc", [](double x) { return std::trunc(x); }, "="),
    numeric("sign", sign),
    numeric("square", square),
    numeric2("mod", modulo, "="),
    numeric2("power", power),
    numeric2("pow", power),
    numeric2("nullif", null_if, "="),
    {"round", "nn", 1, 2, 'n', Op::round_to, "="},
    {"min", "a", 2, kMany, 'a', Op::least, "=", 1},
    {"max", "a", 2, kMany, 'a', Op::greatest, "=", 1},
    {"least", "a", 1, kMany, 'a', Op::least, "=", 0},
    {"greatest", "a", 1, kMany, 'a', Op::greatest, "=", 0},
    {"coalesce", "a", 1, kMany, 'a', Op::coalesce, "="},
    {"ifnull", "aa", 2, 2, 'a', Op::coalesce, "="},
    {"distance", "hghg", 4, 4, 'n', Op::distance, "deg"},
    {"mjd", "d", 1, 1, 'n', Op::function1, "d", 0, mjd, nullptr},
    {"jd", "d", 1, 1, 'n', Op::function1, "d", 0, jd, nullptr},
    {"unixepoch", "d", 1, 1, 'n', Op::function1, "s", 0, same, nullptr},
    of_time("year", kYear),
    of_time("month", kMonth),
    of_time("day", kDay),
    of_time("hour", kHour),
    of_time("minute", kMinute),
    of_time("second", kSecond),
    of_time("date", kDate, 'd'),
    of_time("night", kNight, 'd'),
    {"lower", "t", 1, 1, 't', Op::lower},
    {"upper", "t", 1, 1, 't', Op::upper},
    {"trim", "t", 1, 1, 't', Op::trim},
    {"number", "t", 1, 1, 'n', Op::to_number},
    {"length", "t", 1, 1, 'n', Op::length},
    {"len", "t", 1, 1, 'n', Op::length},
    {"char_length", "t", 1, 1, 'n', Op::length},
    {"substr", "tnn", 2, 3, 't', Op::substring},
    {"substring", "tnn", 2, 3, 't', Op::substring},
    {"concat", "t", 1, kMany, 't', Op::concatenate},
    {"instr", "tt", 2, 2, 'n', Op::find},
    {"strpos", "tt", 2, 2, 'n', Op::find},
    {"starts_with", "tt", 2, 2, 'c', Op::starts},
    {"startswith", "tt", 2, 2, 'c', Op::starts},
    {"ends_with", "tt", 2, 2, 'c', Op::ends},
    {"endswith", "tt", 2, 2, 'c', Op::ends},
    {"contains", "tt", 2, 2, 'c', Op::contains},
    {"regexp_matches", "tp", 2, 2, 'c', Op::regexp},
    {"regexp_like", "tp", 2, 2, 'c', Op::regexp},
};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const Function& f) { return f.name == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

std::vector<std::string> function_names() {
  std::vector<std::string> out;
  for (const auto& function : kFunctions) out.emplace_back(function.name);
  return out;
}

double mjd(double time) { return time / 86400 + 40587; }
double jd(double time) { return time / 86400 + 2440587.5; }
double modulo(double a, double b) { return std::fmod(a, b); }
// C says that 1 to the power of NaN is 1.
double power(double a, double b) { return std::isnan(a) || std::isnan(b) ? kNan : std::pow(a, b); }
double negative(double a) { return -a; }
double null_if(double a, double b) { return a == b ? kNan : a; }
double bit_and(double a, double b) {
  return integers(a, b, [](std::uint64_t x, std::int64_t y) { return x & static_cast<std::uint64_t>(y); });
}
double bit_or(double a, double b) {
  return integers(a, b, [](std::uint64_t x, std::int64_t y) { return x | static_cast<std::uint64_t>(y); });
}
double shift_left(double a, double b) {
  if (b < 0 || b > 62) return kNan;
  return integers(a, b, [](std::uint64_t x, std::int64_t y) { return x << y; });
}
double shift_right(double a, double b) {
  if (b < 0 || b > 62) return kNan;
  return integers(a, b, [](std::uint64_t x, std::int64_t y) { return static_cast<std::int64_t>(x) >> y; });
}

}  // namespace imreg::expression
