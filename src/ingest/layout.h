// How an archive names its folders and files: a pattern that tells which files belong to it, and their rootname and filetype.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg::ingest {

struct LayoutNames {
  std::string rootname, filetype;  ///< empty: the pattern does not say
};

/// A pattern for the last components of a path: letters stand for themselves, * for any run within a component,
/// {rootname} {filetype} {yyyy} {mm} {dd} for what they say, {rootname:4} for the first four letters of the rootname. What
/// stands twice must be the same.
class Layout {
 public:
  /// Takes every file.
  Layout() = default;
  /// A pattern, or one of the names acsql, flat, date. Error: invalid.
  static Result<Layout> of(const std::string& text);
  /// Nothing: the file does not belong to the archive.
  std::optional<LayoutNames> match(const std::string& path) const;

 private:
  std::string pattern_;
};

}  // namespace imreg::ingest
