// Data files that are built into the library, so that it works without any file beside it (cmake/generated.cmake).
#pragma once

#include <span>
#include <string_view>

namespace imreg {

struct EmbeddedFile {
  std::string_view name;  ///< "cfht.cam"
  std::string_view text;
};

std::span<const EmbeddedFile> embedded_cameras();         ///< formats/cameras/*.cam
std::span<const EmbeddedFile> embedded_header_formats();  ///< formats/acs

}  // namespace imreg
