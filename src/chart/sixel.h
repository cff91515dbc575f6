// Pixels as a terminal of the VT300 family takes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace imreg::chart {

/// At most 256 colours: those that are most frequent; others become the nearest of them. Pixels: 0xrrggbb, rows from the top.
/// Ends with a newline, asks the terminal nothing: it can stand in a pipe or a file.
std::string sixel(int width, int height, const std::vector<std::uint32_t>& pixels);

}  // namespace imreg::chart
