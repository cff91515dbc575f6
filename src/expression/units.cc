// The tables of units and of words for lengths of time.
#include "expression/units.h"

#include "base/text.h"

namespace imreg::expression {

namespace {

enum class Measure { time, angle, bytes };

struct Unit {
  std::string_view name;
  Measure measure;
  double factor;  // to s, deg, byte
};
constexpr Unit kUnits[] = {{"s", Measure::time, 1},
                           {"sec", Measure::time, 1},
                           {"second", Measure::time, 1},
                           {"ms", Measure::time, 0.001},
                           {"m", Measure::time, 60},
                           {"min", Measure::time, 60},
                           {"minute", Measure::time, 60},
                           {"h", Measure::time, 3600},
                           {"hr", Measure::time, 3600},
                           {"hour", Measure::time, 3600},
                           {"d", Measure::time, 86400},
                           {"day", Measure::time, 86400},
                           {"week", Measure::time, 604800},
                           {"deg", Measure::angle, 1},
                           {"degree", Measure::angle, 1},
                           {"d", Measure::angle, 1},
                           {"h", Measure::angle, 15},
                           {"hour", Measure::angle, 15},
                           {"hourangle", Measure::angle, 15},
                           {"arcmin", Measure::angle, 1 / 60.0},
                           {"arcsec", Measure::angle, 1 / 3600.0},
                           {"mas", Measure::angle, 1 / 3.6e6},
                           {"rad", Measure::angle, 57.29577951308232},
                           {"byte", Measure::bytes, 1},
                           {"B", Measure::bytes, 1},
                           {"kB", Measure::bytes, 1e3},
                           {"MB", Measure::bytes, 1e6},
                           {"GB", Measure::bytes, 1e9},
                           {"TB", Measure::bytes, 1e12},
                           {"KiB", Measure::bytes, 1024},
                           {"MiB", Measure::bytes, 1048576},
                           {"GiB", Measure::bytes, 1073741824.0}};

// Case-blind but for single letters; "days" is "day".
bool is_called(std::string_view name, std::string_view unit) {
  if (unit.empty()) return false;
  if (unit.size() == 1) return unit == name || (unit != "M" && equal_nocase(unit, name));
  if (equal_nocase(unit, name)) return true;
  return name.size() > 2 && lower(unit.back()) == 's' && equal_nocase(unit.substr(0, unit.size() - 1), name);
}

}  // namespace

std::optional<double> unit_factor(std::string_view from, std::string_view to) {
  if (from == to) return 1.0;
  // What is converted to decides between two meanings, by its first.
  for (const auto& target : kUnits) {
    if (!is_called(target.name, to)) continue;
    for (const auto& unit : kUnits) {
      if (unit.measure != target.measure || !is_called(unit.name, from)) continue;
      return unit.factor == target.factor ? 1.0 : unit.factor / target.factor;
    }
    return std::nullopt;
  }
  return equal_nocase(from, to) ? std::optional(1.0) : std::nullopt;
}

std::string_view base_unit(std::string_view unit) {
  for (const auto& known : kUnits) {
    if (is_called(known.name, unit))
      return known.measure == Measure::time ? "s" : known.measure == Measure::angle ? "deg" : "byte";
  }
  return "";
}

int months_in(std::string_view unit) {
  if (unit == "M" || is_called("month", unit) || is_called("mon", unit)) return 1;
  return equal_nocase(unit, "y") || equal_nocase(unit, "yr") || is_called("year", unit) ? 12 : 0;
}

}  // namespace imreg::expression
