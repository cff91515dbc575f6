// Levels as colours.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "look/render.h"

namespace imreg::look {

const std::vector<std::string>& palette_names();
/// Red, green, blue of each level.
using Colours = std::array<std::array<std::uint8_t, 3>, 256>;
/// Of a name of palette_names().
Colours colours_of(std::string_view name, bool negative);

/// In grey where that is enough: the palette is, and every pixel has a value. Pixels without value are blue, those outside of all CCDs dark.
raster::Raster coloured(Rendered rendered, std::string_view palette, bool negative);
/// Red, green and blue parts of one size; a part without a value is 0 there.
raster::Raster in_one(const std::array<Rendered, 3>& parts);

}  // namespace imreg::look
