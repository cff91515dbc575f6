// What of a text may stand in a path.
#include "base/safe_name.h"

#include <cctype>

#include "base/text.h"

namespace imreg {

std::string safe_name(std::string_view text) {
  std::string out;
  for (const char c : trim(text))
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ? c : '_';
  return out;
}

}  // namespace imreg
