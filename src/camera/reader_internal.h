// What reader.cc, read_time.cc and read_position.cc share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg::camera {

inline RecipeLine line_of(const Recipe& recipe) { return {recipe.table, recipe.line, recipe.text}; }

/// "206.265", without exponent below 1e9.
std::string short_number(double value);

/// "DATE-OBS + UTC-OBS".
std::string keywords_of(const Recipe& recipe);

/// The text without blanks around it, or the part that `match` takes of it; nothing when it does not match.
std::optional<std::string_view> counted_part(const Recipe& recipe, std::string_view text);

}  // namespace imreg::camera
