// The words of a trigger line, for those who have no rows but what these hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace imreg::emit {

/// Where the products of an image go, below their root: as it is, blanks too.
std::string outroot(std::string_view folder, std::string_view file, std::int64_t ccd, std::string_view mode);
/// "fullpath outroot ccd MODE", each one word: blanks in them are '.'.
std::string trigger_line(std::string_view folder, std::string_view file, std::int64_t ccd, std::string_view mode);

}  // namespace imreg::emit
