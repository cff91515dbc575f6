// Groups in memory, and as byte strings in the order of their keys when they are too many.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "query/aggregate.h"
#include "query/grouping.h"
#include "query/sorter.h"

namespace imreg {

std::uint64_t hash_of(const char* bytes, std::size_t size);

/// Keys are exact: all bytes of them are compared.
class GroupTable {
 public:
  explicit GroupTable(const Grouping& grouping) : grouping_(&grouping) {}

  std::size_t size() const { return rows.size(); }
  std::size_t memory() const { return memory_; }
  std::size_t find(std::string_view key) {
    if (const auto found = places_.find(key); found != places_.end()) return found->second;
    const std::size_t place = rows.size();
    places_.emplace(key, place);
    keys.emplace_back(key);
    rows.push_back(0);
    numbers.resize(numbers.size() + grouping_->operands.size());
    texts.resize(texts.size() + (has_texts() ? grouping_->operands.size() : 0));
    memory_ +=
        2 * key.size() + 160 + grouping_->operands.size() * (sizeof(Numbers) + (has_texts() ? sizeof(Texts) : 0));
    return place;
  }
  void clear() { *this = GroupTable(*grouping_); }
  Numbers* numbers_of(std::size_t group) { return numbers.data() + group * grouping_->operands.size(); }
  Texts* texts_of(std::size_t group) { return texts.data() + group * grouping_->operands.size(); }
  bool has_texts() const {
    return std::any_of(grouping_->operands.begin(), grouping_->operands.end(),
                       [](const auto& o) { return o.is_text(); });
  }
  // `part` stands behind this in the file.
  void merge_in(GroupTable& part) {
    const std::size_t operands = grouping_->operands.size();
    for (std::size_t from = 0; from < part.size(); ++from) {
      if (part.rows[from] == 0) continue;
      const std::size_t to = find(part.keys[from]);
      rows[to] += part.rows[from];
      for (std::size_t i = 0; i < operands; ++i) {
        if (grouping_->operands[i].is_text()) {
          if (part.numbers_of(from)[i].known > 0) {
            merge(texts_of(to)[i], part.texts_of(from)[i], numbers_of(to)[i].known == 0);
            for (const auto* text : {&texts_of(to)[i].low, &texts_of(to)[i].high}) memory_ += text->size();
          }
        }
        merge(numbers_of(to)[i], part.numbers_of(from)[i]);
      }
    }
  }
  // Ready for the next block: what is known about keys is kept while it is little.
  void restart() {
    if (size() > 4096) return clear();
    std::fill(rows.begin(), rows.end(), 0);
    std::fill(numbers.begin(), numbers.end(), Numbers());
  }

  std::vector<std::string> keys;
  std::vector<std::int64_t> rows;
  std::vector<Numbers> numbers;  // of all operands of a group, one behind the other
  std::vector<Texts> texts;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash_of(text.data(), text.size()); }
  };
  const Grouping* grouping_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> places_;
  std::size_t memory_ = 0;
};

/// Items: key, number of the part, state, size of the key. Parts of one group are neighbours, in file order.
Status put_away(GroupTable& table, const Grouping& grouping, std::uint64_t part, Sorter& states);
/// The key of an item.
std::string_view key_of(std::string_view item);
/// The state of an item, merged into those of the parts before it.
void take_state(std::string_view item, const Grouping& grouping, std::int64_t& rows, std::vector<Numbers>& numbers,
                std::vector<Texts>& texts);

}  // namespace imreg
