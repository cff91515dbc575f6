// One thread's part of grouping: the rows of a block into a table of its own.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "query/candidates.h"
#include "query/group_table.h"

namespace imreg {

class Collector {
 public:
  Collector(const Grouping& grouping, const Candidates& candidates, const Sorter::Settings& settings)
      : table(grouping),
        widths(grouping.keys.size() + grouping.operands.size()),
        grouping_(&grouping),
        candidates_(&candidates),
        copy_(candidates.file->make_record()),
        looker_(candidates, offsets_of(grouping)) {
    std::size_t raw_size = 0;
    for (const auto& key : grouping.keys) {
      if (!key.has_raw()) raw_ = false;
      raw_size += key.has_raw() ? static_cast<std::size_t>(key.raw_size()) : 0;
    }
    raw_now_.resize(raw_size);
    for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
      const auto asks = [&](Function f) {
        return std::any_of(grouping.aggregates.begin(), grouping.aggregates.end(),
                           [&](const Aggregate& a) { return a.function == f && a.operand == i; });
      };
      stddev_.push_back(asks(Function::stddev));
      values.push_back(asks(Function::median) ? std::make_unique<Sorter>(settings) : nullptr);
    }
  }

  static std::vector<int> offsets_of(const Grouping& grouping) {
    std::vector<int> out;
    for (const auto* operands : {&grouping.keys, &grouping.operands}) {
      for (const auto& operand : *operands) {
        if (operand.has_raw() && operand.raw_offset() >= 64) out.push_back(operand.raw_offset());
      }
    }
    return out;
  }

  Status add_block(std::int64_t from, std::int64_t end) {
    table.restart();
    if (table.size() == 0) {
      known_.assign(kKnown, {});
      last_ = known_.data();
    }
    Status status;
    looker_.between(from, end, [&](std::int64_t row, RecordView) {
      if (auto read = candidates_->file->read(row, copy_); !read.ok()) {
        damaged.push_back(std::move(read));
      } else if (candidates_->selection.matches(copy_.view())) {  // else a writer changed it between the two looks
        status = add(copy_.view());
      }
      return status.ok();
    });
    return status;
  }

  GroupTable table;
  std::vector<std::unique_ptr<Sorter>> values;
  std::vector<int> widths;      // the longest text of each key and each operand
  std::vector<Status> damaged;  // since the last look at it

 private:
  static constexpr std::size_t kKnown = 1024;

  Status add(RecordView record) {
    const std::size_t group = group_of(record);
    ++table.rows[group];
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
      if (values[i]) {
        key_ = table.keys[group];
        add_big(key, key_);
        IMREG_TRY(values[i]->add(key_));
      }
    }
    return {};
  }

  // The same bytes are the same group, so the key is made for new bytes only; other bytes may be the same group, too.
  std::size_t group_of(RecordView record) {
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
  std::size_t new_group_of(RecordView record) {
    key_.clear();
    for (std::size_t i = 0; i < grouping_->keys.size(); ++i) {
      const Operand& key = grouping_->keys[i];
      if (key.is_text()) widths[i] = std::max(widths[i], static_cast<int>(key.text(record, scratch_).size()));
      key.add_key(record, false, key_);
    }
    return table.find(key_);
  }

  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Known {
    std::string bytes;
    std::size_t group = kNone;
  };
  const Grouping* grouping_;
  const Candidates* candidates_;
  Record copy_;
  Looker looker_;
  bool raw_ = true;
  std::string raw_now_;
  std::vector<Known> known_;
  const Known* last_ = nullptr;
  std::vector<bool> stddev_;
  std::string key_, scratch_;
};

}  // namespace imreg
