// Where each piece stands in the mosaic.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "look/pieces.h"

namespace imreg::look {

enum class LayoutRule {
  automatic,  ///< the first of those below that holds for all pieces
  detector,   ///< DETSEC
  physical,   ///< LTV and LTM: where the pixels of the image are among those of the CCD (IRAF)
  sky,        ///< the WCS of each, on the tangent plane of the first
  table,      ///< the layout of the camera's table
  stack       ///< two above each other, the second one at the top; more in rows, from the top left
};
std::optional<LayoutRule> layout_named(std::string_view name);
std::string_view name_of(LayoutRule rule);

struct Mosaic {
  std::int64_t width = 0, height = 0;
  LayoutRule by = LayoutRule::stack;
};
/// Sets the places of all pieces; the lowest and leftmost pixel is 0. `gap`: pixels between those that are stacked.
/// Error: invalid, the rule that is asked for does not hold for these pieces.
Result<Mosaic> lay_out(std::vector<Piece>& pieces, const FileFacts& facts, LayoutRule rule, std::int64_t gap);

/// On the tangent plane of the first one, wherever that is; false: one has no WCS, or is turned or of another scale.
bool place_by_sky(std::vector<Piece>& pieces);

}  // namespace imreg::look
