// Reads filter lists and finds the filter that a word means.
#include "camera/filters.h"

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
    std::vector<std::string>* into = nullptr;
    while (!line.done()) {
      if (line.take_if("also"))
        into = &entry.aliases;
      else if (line.take_if("group"))
        into = &entry.groups;
      else if (into == nullptr)
        return line.error("'" + line.take() + "' stands where also or group must");
      else
        into->push_back(line.take());
    }
    if (is_glob(entry.name)) {
      if (!entry.aliases.empty()) return line.error("a name with * ? [ stands for many filters and has no other names");
      patterns_.push_back(std::move(entry));
      continue;
    }
    const std::size_t at = entries_.size();
    exact_[entry.name] = at;
    nocase_.emplace(to_lower(entry.name), at);
    for (const std::string& alias : entry.aliases) {
      exact_[alias] = at;
      nocase_.emplace(to_lower(alias), at);
    }
    entries_.push_back(std::move(entry));
  }
  return {};
}

const FilterList::Entry* FilterList::find(std::string_view name) const {
  if (const auto it = exact_.find(name); it != exact_.end()) return &entries_[it->second];
  for (auto entry = patterns_.rbegin(); entry != patterns_.rend(); ++entry) {  // later lines win
    if (glob_match(entry->name, name, false)) return &*entry;
  }
  if (const auto it = nocase_.find(to_lower(name)); it != nocase_.end()) return &entries_[it->second];
  return nullptr;
}

std::optional<std::string> FilterList::canonical(std::string_view name) const {
  name = trim(name);
  if (const Entry* entry = find(name)) return is_glob(entry->name) ? std::string(name) : entry->name;
  if (name.find('+') == name.npos) return std::nullopt;
  // Two wheels: known when each is.
  std::string out;
  for (const std::string_view part : split(name, '+')) {
    const std::optional<std::string> known = find(trim(part)) == nullptr ? std::nullopt : canonical(part);
    if (!known) return std::nullopt;
    out += (out.empty() ? "" : "+") + *known;
  }
  return out;
}

std::vector<std::string> FilterList::groups(std::string_view name) const {
  name = trim(name);
  if (const Entry* entry = find(name)) return entry->groups;
  std::vector<std::string> out;
  if (name.find('+') == name.npos) return out;
  for (const std::string_view part : split(name, '+')) {
    if (const Entry* entry = find(trim(part))) out.insert(out.end(), entry->groups.begin(), entry->groups.end());
  }
  return out;
}

}  // namespace imreg::camera
