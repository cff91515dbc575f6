// The filter list: which names are one filter, and which words find it.
#include "base/text.h"
#include "camera/table.h"

namespace imreg::camera {

Status FilterList::add(std::string_view text, const std::string& file) {
  int number = 0;
  for (std::string_view raw : split(text, '\n')) {
    ++number;
    const auto error = [&](const std::string& what) {
      return Status(Code::invalid, "line " + std::to_string(number) + ": " + what).in_file(file);
    };
    Result<std::vector<std::string>> words = line_words(raw);
    if (!words) return error(words.status().message());
    if (words->empty()) continue;
    if ((*words)[0] != "filter" || words->size() < 2)
      return error("a line of a filter list is: filter NAME [also NAME...] [group WORD...]");
    Entry entry;
    entry.name = (*words)[1];
    std::vector<std::string>* into = nullptr;
    for (std::size_t i = 2; i < words->size(); ++i) {
      const std::string& word = (*words)[i];
      if (word == "also")
        into = &entry.aliases;
      else if (word == "group")
        into = &entry.groups;
      else if (into == nullptr)
        return error("'" + word + "' stands where also or group must");
      else
        into->push_back(word);
    }
    if (is_glob(entry.name)) {
      if (!entry.aliases.empty()) return error("a name with * ? [ stands for many filters and has no other names");
      patterns_.insert(patterns_.begin(), std::move(entry));
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
  for (const Entry& entry : patterns_) {
    if (glob_match(entry.name, name, false)) return &entry;
  }
  if (const auto it = nocase_.find(to_lower(name)); it != nocase_.end()) return &entries_[it->second];
  return nullptr;
}

std::optional<std::string> FilterList::canonical(std::string_view name) const {
  name = trim(name);
  const Entry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  return is_glob(entry->name) ? std::string(name) : entry->name;
}

std::vector<std::string> FilterList::groups(std::string_view name) const {
  const Entry* entry = find(trim(name));
  return entry == nullptr ? std::vector<std::string>() : entry->groups;
}

}  // namespace imreg::camera
