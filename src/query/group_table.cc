// Groups in memory: found by their keys, given in the order of the keys, and taken apart into byte strings.
#include "query/group_table.h"

#include <cstring>

namespace imreg {

namespace {

// A group's state as bytes, and back: for the sort, which ends on this machine.
void add_bytes(std::string& to, const void* from, std::size_t size) { to.append(static_cast<const char*>(from), size); }
void take_bytes(std::string_view& from, void* to, std::size_t size) {
  std::memcpy(to, from.data(), size);
  from.remove_prefix(size);
}
void add_counted(std::string& to, const std::string& text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  add_bytes(to, &size, sizeof size);
  to += text;
}
void take_counted(std::string_view& from, std::string& text) {
  std::uint32_t size = 0;
  take_bytes(from, &size, sizeof size);
  text = from.substr(0, size);
  from.remove_prefix(size);
}

}  // namespace

std::uint64_t hash_of(const char* bytes, std::size_t size) {
  std::uint64_t hash = size;
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32;
  }
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 32;
}

Status put_away(GroupTable& table, const Grouping& grouping, std::uint64_t part, Sorter& states) {
  std::string item;
  for (std::size_t group = 0; group < table.size(); ++group) {
    item = table.keys[group];
    const auto size = static_cast<std::uint32_t>(item.size());
    add_big(part, item);
    add_bytes(item, &table.rows[group], sizeof(std::int64_t));
    for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
      add_bytes(item, &table.numbers_of(group)[i], sizeof(Numbers));
      if (!grouping.operands[i].is_text()) continue;
      for (const auto* text : {&table.texts_of(group)[i].low, &table.texts_of(group)[i].high,
                               &table.texts_of(group)[i].first, &table.texts_of(group)[i].last}) {
        add_counted(item, *text);
      }
    }
    add_bytes(item, &size, sizeof size);
    IMREG_TRY(states.add(item));
  }
  table.clear();
  return {};
}

std::string_view key_of(std::string_view item) {
  std::uint32_t size = 0;
  std::memcpy(&size, item.data() + item.size() - sizeof size, sizeof size);
  return item.substr(0, size);
}

void take_state(std::string_view item, const Grouping& grouping, std::int64_t& rows, std::vector<Numbers>& numbers,
                std::vector<Texts>& texts) {
  std::string_view state = item.substr(key_of(item).size() + 8);
  std::int64_t more = 0;
  take_bytes(state, &more, sizeof more);
  rows += more;
  for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
    Numbers part;
    take_bytes(state, &part, sizeof part);
    if (grouping.operands[i].is_text()) {
      Texts text;
      for (auto* one : {&text.low, &text.high, &text.first, &text.last}) take_counted(state, *one);
      if (part.known > 0) merge(texts[i], text, numbers[i].known == 0);
    }
    merge(numbers[i], part);
  }
}

}  // namespace imreg
