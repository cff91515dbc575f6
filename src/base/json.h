// Values as JSON texts (RFC 8259), for reports. The rows of searches have their own fast way: emit/escape.h.
#pragma once

#include <string>
#include <string_view>

namespace imreg {

/// "\"a\\nb\"": quoted; control characters escaped; what is no UTF-8 is taken for Latin-1.
std::string json_text(std::string_view text);

/// The shortest number that reads back; null for NaN and infinities.
std::string json_number(double value);

}  // namespace imreg
