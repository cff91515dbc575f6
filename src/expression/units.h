// Units behind numbers (2min, 10arcsec, 3d), and lengths of time in words (INTERVAL '3 days').
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imreg::expression {

/// The factor from unit `from` to unit `to`; nothing when they measure different things. h and d are time, and towards an
/// angle hours (15 degrees) and degrees.
std::optional<double> unit_factor(std::string_view from, std::string_view to);
/// s, deg or byte; empty when the unit is not known.
std::string_view base_unit(std::string_view unit);
/// Months in one of these, 0 for any other unit: M (but m is minutes), month, y, year.
int months_in(std::string_view unit);

}  // namespace imreg::expression
