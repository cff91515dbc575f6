// Texts of headers as parts of paths.
#pragma once

#include <string>
#include <string_view>

namespace imreg {

/// Letters, digits, - and _; anything else becomes _, so that nothing leads out of a folder. Blanks around it are left out.
std::string safe_name(std::string_view text);

}  // namespace imreg
