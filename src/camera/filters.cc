// Reads filter lists and finds the filter that a word means.
#include "camera/filters.h"

#include <algorithm>

#include "base/text.h"
#include "camera/line.h"

namespace imreg::camera {

Status FilterList::add(std::string_view text, const std::string& file) {
  int number = 0;
  for (std::string_view raw : split(text, '\n')) {
    Line line(raw, ++number, file);
    IMREG_TRY(line.fault());
    if (line.done()) continue;
    if (!line.take_if("filter") || line.done())
      return line.error("a line of a filter list is: filter NAME [also NAME...] [group WORD...]");
    Entry entry;
    entry.name = line.take();
    if (const std::string fault = glob_fault(entry.name); !fault.empty())
      return line.error("the pattern '" + entry.name + "': " + fault);
    std::vector<std::string> aliases, groups;
    std::vector<std::string>* into = nullptr;
    while (!line.done()) {
      if (line.take_if("also"))
        into = &aliases;
      else if (line.take_if("group"))
        into = &groups;
      else if (into == nullptr)
        return line.error("'" + line.take() + "' stands where also or group must");
      else
        into->push_back(line.take());
    }
    for (const std::string& group : groups) entry.groups += (entry.groups.empty() ? "" : "\n") + group;
    if (is_glob(entry.name)) {
      if (!aliases.empty()) return line.error("a name with * ? [ stands for many filters and has no other names");
      patterns_.push_back(std::move(entry));
      continue;
    }
    const std::size_t at = entries_.size();
    exact_[entry.name] = at;
    nocase_.emplace(to_lower(entry.name), at);
    for (const std::string& alias : aliases) {
      exact_[alias] = at;
      nocase_.emplace(to_lower(alias), at);
    }
    entries_.push_back(std::move(entry));
  }
  return {};
}

// Exact names before patterns before names in another case. Of the first two a later line wins, so those of users come before
// the table's; of the last the first one.
std::optional<FilterTable::Entry> FilterList::find(std::string_view name) const {
  static constexpr FilterTable kNone;
  const FilterTable& table = table_ ? *table_ : kNone;
  const auto view = [](const Entry& entry) { return FilterTable::Entry{entry.name, entry.groups}; };
  const auto in_table = [&](std::span<const FilterTable::Name> names, std::string_view wanted) {
    const auto it = std::lower_bound(names.begin(), names.end(), wanted,
                                     [](const FilterTable::Name& a, std::string_view b) { return a.name < b; });
    return it != names.end() && it->name == wanted ? std::optional(table.entries[it->entry]) : std::nullopt;
  };
  if (const auto it = exact_.find(name); it != exact_.end()) return view(entries_[it->second]);
  if (const auto entry = in_table(table.exact, name)) return entry;
  for (auto entry = patterns_.rbegin(); entry != patterns_.rend(); ++entry) {
    if (glob_match(entry->name, name, false)) return view(*entry);
  }
  for (auto entry = table.patterns.rbegin(); entry != table.patterns.rend(); ++entry) {
    if (glob_match(entry->name, name, false)) return *entry;
  }
  const std::string small = to_lower(name);
  if (const auto entry = in_table(table.nocase, small)) return entry;
  if (const auto it = nocase_.find(small); it != nocase_.end()) return view(entries_[it->second]);
  return std::nullopt;
}

std::optional<std::string> FilterList::canonical(std::string_view name) const {
  name = trim(name);
  if (const auto entry = find(name)) return std::string(is_glob(entry->name) ? name : entry->name);
  if (name.find('+') == name.npos) return std::nullopt;
  // Two wheels: known when each is.
  std::string out;
  for (const std::string_view part : split(name, '+')) {
    const std::optional<std::string> known = !find(trim(part)) ? std::nullopt : canonical(part);
    if (!known) return std::nullopt;
    out += (out.empty() ? "" : "+") + *known;
  }
  return out;
}

std::vector<std::string> FilterList::groups(std::string_view name) const {
  name = trim(name);
  std::vector<std::string> out;
  const auto add_of = [&](const std::optional<FilterTable::Entry>& entry) {
    if (!entry || entry->groups.empty()) return;
    for (const std::string_view group : split(entry->groups, '\n')) out.emplace_back(group);
  };
  if (const auto entry = find(name)) {
    add_of(entry);
  } else if (name.find('+') != name.npos) {
    for (const std::string_view part : split(name, '+')) add_of(find(trim(part)));
  }
  return out;
}

}  // namespace imreg::camera
