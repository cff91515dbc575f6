// Names of files, which are any bytes, in texts that are read again.
#pragma once

#include <string>
#include <string_view>

namespace imreg {

/// On one line, and without two blanks together or any at its ends: control characters, those blanks and bytes that are no UTF-8 as
/// \n, \t, \x20, a backslash as two.
std::string escaped_name(std::string_view name);
/// The name again. A backslash that begins none of these stands for itself.
std::string unescaped_name(std::string_view text);

/// A JSON text (RFC 8259). A byte XX that is no UTF-8 is \udcXX, as Python has such names; JsonObject reads it.
std::string json_name(std::string_view name);

}  // namespace imreg
