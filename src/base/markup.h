// Texts of people inside HTML, SVG and XML.
#pragma once

#include <string>
#include <string_view>

namespace imreg {

/// & < > " as entities: a text that is data in an element or between double quotes. Other bytes stay as they are.
std::string escaped_markup(std::string_view text);

}  // namespace imreg
