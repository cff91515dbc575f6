// The filter lists: which names are one filter, and which words find it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg::camera {

/// The names of filters: `filter NAME [also ALIAS...] [group WORD...]`; a NAME with * ? [ stands for all names like it.
class FilterList {
 public:
  /// Adds the lines of a .list file; later lines win. Error: invalid, with file, line and column.
  Status add(std::string_view text, const std::string& file);
  /// The registered name of a filter, or nothing when the list does not know it. Exact spelling first, then case-blind.
  std::optional<std::string> canonical(std::string_view name) const;
  /// The words that find a filter beside its names: "g" for "g.MP9401".
  std::vector<std::string> groups(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::string> aliases, groups;
  };
  const Entry* find(std::string_view name) const;
  std::vector<Entry> patterns_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> exact_, nocase_;
};

}  // namespace imreg::camera
