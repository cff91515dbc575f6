// Groups in memory: found by their keys, given in the order of the keys, and taken apart into byte strings.
#include "query/group_table.h"

#include <algorithm>
#include <cstring>

#include "query/operand.h"

namespace imreg {

GroupTable::GroupTable(const Grouping& grouping)
    : grouping_(&grouping),
      operands_(grouping.operands.size()),
      has_texts_(std::any_of(grouping.operands.begin(), grouping.operands.end(),
                             [](const Operand& operand) { return operand.is_text(); })) {}

std::size_t GroupTable::memory() const {
  return keys_.memory() + rows.capacity() * sizeof(std::int64_t) + numbers_.capacity() * sizeof(Numbers) +
         texts_.capacity() * sizeof(Texts) + text_memory_;
}

std::size_t GroupTable::find(std::string_view key) {
  const std::size_t group = keys_.id_of(key);
  if (group == rows.size()) {
    rows.push_back(0);
    numbers_.resize(rows.size() * operands_);
    if (has_texts_) texts_.resize(rows.size() * operands_);
  }
  return group;
}

void GroupTable::merge_in(GroupTable& part) {
  for (std::size_t from = 0; from < part.size(); ++from) {
    if (part.rows[from] == 0) continue;
    const std::size_t to = find(part.key(from));
    rows[to] += part.rows[from];
    for (std::size_t i = 0; i < operands_; ++i) {
      Numbers& numbers = numbers_of(to)[i];
      const Numbers& more = part.numbers_of(from)[i];
      if (grouping_->operands[i].is_text() && more.known > 0) {
        Texts& texts = texts_of(to)[i];
        merge(texts, part.texts_of(from)[i], numbers.known == 0);
        text_memory_ += texts.low.size() + texts.high.size();
      }
      merge(numbers, more);
    }
  }
}

void GroupTable::clear() {
  rows.clear();
  numbers_.clear();
  texts_.clear();
  keys_.clear();
  text_memory_ = 0;
}

void GroupTable::forget_rows() {
  std::fill(rows.begin(), rows.end(), 0);
  std::fill(numbers_.begin(), numbers_.end(), Numbers());
}

void GroupState::clear(std::size_t operands) {
  rows = 0;
  numbers.assign(operands, {});
  texts.resize(operands);  // what is in them counts for nothing while numbers are not known
  values.resize(operands);
  for (auto& of_operand : values) of_operand.clear();
}

namespace {

// A state as bytes, and back: for the sort, which ends on this machine.
void add_bytes(std::string& to, const void* from, std::size_t size) { to.append(static_cast<const char*>(from), size); }
void take_bytes(std::string_view& from, void* to, std::size_t size) {
  std::memcpy(to, from.data(), size);
  from.remove_prefix(size);
}
// 7 bits in a byte, the lowest first.
void add_count(std::string& to, std::uint64_t count) {
  for (; count >= 128; count >>= 7U) to += static_cast<char>(count | 128);
  to += static_cast<char>(count);
}
std::uint64_t take_count(std::string_view& from) {
  std::uint64_t count = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    count |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) return count;
  }
}
void add_text(std::string& to, const std::string& text) {
  add_count(to, text.size());
  to += text;
}
void take_text(std::string_view& from, std::string& text) {
  const auto size = static_cast<std::size_t>(take_count(from));
  text = from.substr(0, size);
  from.remove_prefix(size);
}

// What one value says is its key alone: of most groups, when they are many, there is one.
void add_numbers(std::string& to, const Numbers& numbers, const Texts* texts) {
  add_count(to, static_cast<std::uint64_t>(numbers.known));
  if (numbers.known == 0) return;
  if (texts) {
    add_text(to, texts->low);
    if (numbers.known == 1) return;
    for (const auto* text : {&texts->high, &texts->first, &texts->last}) add_text(to, *text);
  } else if (numbers.known == 1) {
    add_bytes(to, &numbers.low, sizeof numbers.low);
  } else {
    add_bytes(to, &numbers, sizeof numbers);
  }
}

}  // namespace

Status GroupSorters::add_value(std::size_t operand, std::string_view key, std::uint64_t value) {
  item_ = key;
  add_big(value, item_);
  return values[operand]->add(item_);
}

Status GroupSorters::add(const GroupTable& table, std::vector<ValueLog>& logs) {
  for (std::size_t i = 0; i < logs.size(); ++i) {
    for (std::size_t k = 0; k < logs[i].keys.size(); ++k)
      IMREG_TRY(add_value(i, table.key(logs[i].groups[k]), logs[i].keys[k]));
    logs[i].clear();
  }
  return {};
}

Status GroupSorters::add(GroupTable& table, std::uint64_t part) {
  std::vector<ValueLog> none(values.size());
  return add(table, part, none, 0);
}

Status GroupSorters::add(GroupTable& table, std::uint64_t part, std::vector<ValueLog>& logs, std::size_t most_inside) {
  // The values of each group one behind the other.
  std::vector<std::vector<std::uint64_t>> sorted(logs.size());
  std::vector<std::vector<std::uint32_t>> ends(logs.size());
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (!values[i]) continue;
    auto& next = ends[i];
    next.resize(table.size() + 1);
    for (const std::uint32_t group : logs[i].groups) ++next[group + 1];
    for (std::size_t group = 1; group < next.size(); ++group) next[group] += next[group - 1];
    sorted[i].resize(logs[i].keys.size());
    for (std::size_t k = 0; k < logs[i].keys.size(); ++k) sorted[i][next[logs[i].groups[k]]++] = logs[i].keys[k];
    logs[i].clear();
  }
  std::string item;
  for (std::size_t group = 0; group < table.size(); ++group) {
    if (table.rows[group] == 0) continue;
    item = table.key(group);
    const auto size = static_cast<std::uint32_t>(item.size());
    add_big(part, item);
    add_count(item, static_cast<std::uint64_t>(table.rows[group]));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Numbers& numbers = table.numbers_of(group)[i];
      add_numbers(item, numbers, grouping->operands[i].is_text() ? &table.texts_of(group)[i] : nullptr);
      if (!values[i]) continue;
      const std::uint32_t from = group == 0 ? 0 : ends[i][group - 1], count = ends[i][group] - from;
      const bool inside = count <= most_inside;
      add_count(item, inside ? count : 0);
      if (inside && numbers.known > 1) add_bytes(item, sorted[i].data() + from, count * sizeof(std::uint64_t));
      for (std::uint32_t k = 0; !inside && k < count; ++k)
        IMREG_TRY(add_value(i, table.key(group), sorted[i][from + k]));
    }
    add_bytes(item, &size, sizeof size);
    IMREG_TRY(states->add(item));
  }
  table.clear();
  return {};
}

Status GroupSorters::absorb(GroupSorters&& other) {
  IMREG_TRY(states->absorb(std::move(*other.states)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]) IMREG_TRY(values[i]->absorb(std::move(*other.values[i])));
  }
  return {};
}

Status GroupSorters::finish() {
  IMREG_TRY(states->finish());
  for (const auto& sorter : values) {
    if (sorter) IMREG_TRY(sorter->finish());
  }
  return {};
}

std::string_view key_of(std::string_view item) {
  std::uint32_t size = 0;
  std::memcpy(&size, item.data() + item.size() - sizeof size, sizeof size);
  return item.substr(0, size);
}

void take_state(std::string_view item, const Grouping& grouping, GroupState& state) {
  std::string_view from = item.substr(key_of(item).size() + 8);
  state.rows += static_cast<std::int64_t>(take_count(from));
  for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
    const Operand& operand = grouping.operands[i];
    Numbers part;
    part.known = static_cast<std::int64_t>(take_count(from));
    if (operand.is_text() && part.known > 0) {
      Texts text;
      take_text(from, text.low);
      if (part.known == 1) text.high = text.first = text.last = text.low;
      for (auto* one : {&text.high, &text.first, &text.last}) {
        if (part.known > 1) take_text(from, *one);
      }
      merge(state.texts[i], text, state.numbers[i].known == 0);
    } else if (part.known == 1) {
      std::uint64_t key = 0;
      take_bytes(from, &key, sizeof key);
      part.known = 0;
      add_value(part, operand.number_of(key), key, sums_wholes(operand), grouping.asks(Function::stddev, i));
    } else if (part.known > 1) {
      take_bytes(from, &part, sizeof part);
    }
    if (grouping.asks(Function::median, i)) {
      const auto count = static_cast<std::size_t>(take_count(from));
      auto& values = state.values[i];
      if (part.known == 1 && count == 1) {
        values.push_back(part.low);
      } else if (count > 0) {
        values.resize(values.size() + count);
        take_bytes(from, values.data() + values.size() - count, count * sizeof(std::uint64_t));
      }
    }
    merge(state.numbers[i], part);
  }
}

}  // namespace imreg
