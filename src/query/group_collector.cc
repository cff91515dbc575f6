// Takes the rows of a block into groups, one thread of them; memory that is full is put away.
#include "query/group_collector.h"

#include <algorithm>
#include <cstring>

namespace imreg {

namespace {

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

std::vector<int> offsets_of(const Grouping& grouping) {
  std::vector<int> out;
  for (const auto* operands : {&grouping.keys, &grouping.operands}) {
    for (const auto& operand : *operands) {
      if (operand.has_raw() && operand.raw_offset() >= 64) out.push_back(operand.raw_offset());
    }
  }
  return out;
}

std::size_t raw_size_of(const Grouping& grouping) {
  std::size_t size = 0;
  for (const auto& key : grouping.keys) size += key.has_raw() ? static_cast<std::size_t>(key.raw_size()) : 0;
  return size;
}

}  // namespace

std::size_t Collector::memory_for(const Grouping& grouping) {
  std::size_t text = 64;  // of a group; an expression's text is seldom longer
  std::size_t texts = 0, medians = 0;
  for (const auto& key : grouping.keys) text += key.has_raw() ? static_cast<std::size_t>(key.raw_size()) * 5 / 4 : 64;
  for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
    const Operand& operand = grouping.operands[i];
    texts += operand.is_text() ? 4 * (sizeof(std::string) + 64) : 0;
    medians += grouping.asks(Function::median, i) ? 1 : 0;
  }
  const std::size_t group = text + texts + grouping.operands.size() * sizeof(Numbers);
  return 2 * kManyGroups * 2 * group                                         // vectors grow by doubling
         + kKnown * (sizeof(Known) + raw_size_of(grouping))                  //
         + static_cast<std::size_t>(kRowsOfBlock) * (2 * 12 + 8) * medians;  // the logs, and once more in order
}

Collector::Collector(const Grouping& grouping, const Candidates& candidates, std::size_t most_inside)
    : table(grouping),
      sorters(grouping),
      widths(grouping.keys.size() + grouping.operands.size()),
      grouping_(&grouping),
      candidates_(&candidates),
      most_inside_(most_inside),
      copy_(candidates.file->make_record()),
      looker_(candidates, offsets_of(grouping)),
      raw_(std::all_of(grouping.keys.begin(), grouping.keys.end(), [](const Operand& key) { return key.has_raw(); })),
      raw_now_(raw_size_of(grouping), '\0'),
      logs_(grouping.operands.size()) {
  for (std::size_t i = 0; i < grouping.operands.size(); ++i) stddev_.push_back(grouping.asks(Function::stddev, i));
  forget_known();
}

void Collector::forget_known() {
  known_.resize(kKnown);
  for (Known& known : known_) known.group = kNone;
  last_ = known_.data();
}

Status Collector::add_block(std::int64_t from, std::int64_t end) {
  // What is known about keys is kept while it is little.
  if (table.size() > kManyGroups) {
    table.clear();
    forget_known();
  } else {
    table.forget_rows();
  }
  part_ = from;
  groups_ = 0;
  many_ = false;
  Status status;
  looker_.between(from, end, [&](std::int64_t row, RecordView) {
    if (auto read = candidates_->file->read(row, copy_); !read.ok()) {
      damaged.add(std::move(read));
    } else if (looker_.still_matches(copy_.view())) {
      add(copy_.view());
      if (groups_ == kManyGroups) status = put_away(row + 1);
    }
    return status.ok();
  });
  IMREG_TRY(status);
  if (many_) return put_away(end);
  return sorters.add(table, logs_);
}

// The rows up to `next_row`.
Status Collector::put_away(std::int64_t next_row) {
  many_ = true;
  IMREG_TRY(sorters.add(table, static_cast<std::uint64_t>(part_), logs_, most_inside_));
  forget_known();
  part_ = next_row;
  groups_ = 0;
  return {};
}

void Collector::add(RecordView record) {
  const std::size_t group = group_of(record);
  if (table.rows[group]++ == 0) ++groups_;
  Numbers* const numbers = table.numbers_of(group);
  for (std::size_t i = 0; i < grouping_->operands.size(); ++i) {
    const Operand& operand = grouping_->operands[i];
    if (operand.is_text()) {
      const auto text = operand.text(record, scratch_);
      if (text.empty()) continue;
      int& width = widths[grouping_->keys.size() + i];
      width = std::max(width, static_cast<int>(text.size()));
      key_.clear();
      add_text_key(text, false, key_);
      add_text(table.texts_of(group)[i], key_, numbers[i].known++ == 0);
      continue;
    }
    const std::uint64_t key = operand.number_key(record);
    if (operand.has_unknown() && key == kUnknownKey) continue;
    add_value(numbers[i], operand.number(record), key, sums_wholes(operand), stddev_[i]);
    if (sorters.values[i]) {
      logs_[i].groups.push_back(static_cast<std::uint32_t>(group));
      logs_[i].keys.push_back(key);
    }
  }
}

// The same bytes are the same group, so the key is made for new bytes only; other bytes may be the same group, too.
std::size_t Collector::group_of(RecordView record) {
  if (!raw_) return new_group_of(record);
  char* to = raw_now_.data();
  for (const auto& key : grouping_->keys) {
    const auto size = static_cast<std::size_t>(key.raw_size());
    std::memcpy(to, record.bytes() + key.raw_offset(), size);
    to += size;
  }
  if (last_->group != kNone && last_->bytes == raw_now_) return last_->group;  // neighbours usually agree
  Known& known = known_[hash_of(raw_now_.data(), raw_now_.size()) % kKnown];
  if (known.group == kNone || known.bytes != raw_now_) {
    known.group = new_group_of(record);
    known.bytes = raw_now_;
  }
  last_ = &known;
  return known.group;
}

std::size_t Collector::new_group_of(RecordView record) {
  key_.clear();
  for (std::size_t i = 0; i < grouping_->keys.size(); ++i) {
    const Operand& key = grouping_->keys[i];
    if (key.is_text()) widths[i] = std::max(widths[i], static_cast<int>(key.text(record, scratch_).size()));
    key.add_key(record, false, key_);
  }
  return table.find(key_);
}

}  // namespace imreg
