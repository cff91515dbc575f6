// The filter lists: which names are one filter, and which words find it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg::camera {

/// Names of filters as constants: imreg-filters writes those of formats/cameras/*.list.
struct FilterTable {
  struct Entry {
    std::string_view name;
    std::string_view groups;  ///< with line ends between
  };
  struct Name {
    std::string_view name;
    std::size_t entry;
  };
  std::span<const Entry> entries, patterns;
  std::span<const Name> exact, nocase;  ///< by name, the latter in lower case
};
const FilterTable& builtin_filters();

/// The names of filters: `filter NAME [also ALIAS...] [group WORD...]`; a NAME with * ? [ stands for all names like it.
class FilterList {
 public:
  FilterList() = default;
  /// Begins with these. They must outlive it.
  explicit FilterList(const FilterTable& table) : table_(&table) {}
  /// Adds the lines of a .list file; later lines win. Error: invalid, with file, line and column.
  Status add(std::string_view text, const std::string& file);
  /// The registered name of a filter, or nothing when the list does not know it. Exact spelling first, then case-blind.
  std::optional<std::string> canonical(std::string_view name) const;
  /// The words that find a filter beside its names: "g" for "g.MP9401".
  std::vector<std::string> groups(std::string_view name) const;

 private:
  friend std::string code_of(const FilterList& list);  // imreg-filters
  struct Entry {
    std::string name, groups;
  };
  std::optional<FilterTable::Entry> find(std::string_view name) const;
  const FilterTable* table_ = nullptr;
  std::vector<Entry> patterns_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> exact_, nocase_;
};

}  // namespace imreg::camera
