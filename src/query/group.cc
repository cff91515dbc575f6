// Collects groups in bounded memory, spills them sorted, and computes their aggregates exactly.
#include "query/group.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "query/group_collector.h"

namespace imreg {

Groups::Groups(Grouping grouping, const Settings& settings)
    : grouping_(std::move(grouping)), states_(Sorter::Settings{settings.memory / 4, settings.folder}) {}

Result<std::unique_ptr<Groups>> Groups::make(Grouping grouping, const Candidates& candidates, const Settings& settings,
                                             std::vector<Status>& damaged) {
  std::unique_ptr<Groups> out(new Groups(std::move(grouping), settings));
  IMREG_TRY(out->collect(candidates, settings, damaged));
  return out;
}

Result<std::unique_ptr<Groups>> Groups::make(Grouping grouping, const std::vector<Counted>& counts,
                                             const Settings& settings) {
  std::unique_ptr<Groups> out(new Groups(std::move(grouping), settings));
  GroupTable table(out->grouping_);
  std::string key, scratch;
  std::vector<int> widths(out->grouping_.keys.size());
  for (const auto& counted : counts) {
    key.clear();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const Operand& operand = out->grouping_.keys[i];
      if (!operand.is_text()) continue;
      widths[i] = std::max(widths[i], static_cast<int>(operand.text(counted.sample.view(), scratch).size()));
    }
    for (const auto& operand : out->grouping_.keys) operand.add_key(counted.sample.view(), false, key);
    table.rows[table.find(key)] += counted.rows;
  }
  IMREG_TRY(out->finish(table, 0, widths));
  return out;
}

// The last part, and the first group.
Status Groups::finish(GroupTable& table, std::uint64_t part, const std::vector<int>& widths) {
  IMREG_TRY(put_away(table, grouping_, part, states_));
  IMREG_TRY(states_.finish());
  values_.resize(grouping_.operands.size());
  for (const auto& values : values_) {
    if (values) IMREG_TRY(values->finish());
  }
  schema_ = result_schema(grouping_, widths);
  IMREG_ASSIGN(const auto* first, states_.next());
  has_next_ = first != nullptr;
  if (first) next_ = *first;
  return {};
}

Status Groups::collect(const Candidates& candidates, const Settings& settings, std::vector<Status>& damaged) {
  const std::int64_t count = candidates.file->count();
  const int workers = workers_for(count, settings.jobs);
  // A quarter of the memory each: the table, its sorted parts, and the values whose medians are wanted.
  const auto medians = std::max<std::size_t>(grouping_.operands.size(), 1);
  const Sorter::Settings for_values{settings.memory / 2 / static_cast<std::size_t>(workers) / medians, settings.folder};
  std::vector<std::unique_ptr<Collector>> collectors;
  for (int i = 0; i < workers; ++i)
    collectors.push_back(std::make_unique<Collector>(grouping_, candidates, for_values));
  GroupTable table(grouping_);
  std::uint64_t part = 0;
  const auto collector = [&](int worker) -> Collector& { return *collectors[static_cast<std::size_t>(worker)]; };
  IMREG_TRY(each_block(
      count, workers,
      [&](int worker, std::int64_t from, std::int64_t end) { return collector(worker).add_block(from, end); },
      [&](int worker) {
        table.merge_in(collector(worker).table);
        for (auto& status : std::exchange(collector(worker).damaged, {})) damaged.push_back(std::move(status));
        return table.memory() > settings.memory / 4 ? put_away(table, grouping_, part++, states_) : Status();
      }));
  std::vector<int> widths = collectors[0]->widths;
  values_ = std::move(collectors[0]->values);
  for (std::size_t worker = 1; worker < collectors.size(); ++worker) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], collectors[worker]->widths[i]);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i]) IMREG_TRY(values_[i]->absorb(std::move(*collectors[worker]->values[i])));
    }
  }
  return finish(table, part, widths);
}

Result<bool> Groups::next(Record& record) {
  if (!has_next_) return false;
  std::int64_t rows = 0;
  const std::size_t operands = grouping_.operands.size();
  std::vector<Numbers> numbers(operands);
  std::vector<Texts> texts(operands);
  const std::string key(key_of(next_));
  do {  // all parts of the group
    take_state(next_, grouping_, rows, numbers, texts);
    IMREG_ASSIGN(const auto* item, states_.next());
    has_next_ = item != nullptr;
    if (item) next_ = *item;
  } while (has_next_ && key_of(next_) == key);

  record = Record(static_cast<std::size_t>(schema_.record_size));
  std::string_view left = key;
  std::size_t field = 0;
  for (const auto& operand : grouping_.keys) operand.take_key(left, record, schema_.fields[field++]);
  std::vector<double> medians(operands, std::nan(""));
  for (std::size_t i = 0; i < operands; ++i) {
    if (!values_[i]) continue;
    // The values of this group are the next ones: the middle one, or the mean of the two in the middle.
    const std::int64_t known = numbers[i].known;
    double sum = 0;
    for (std::int64_t n = 0; n < known; ++n) {
      IMREG_ASSIGN(const auto* item, values_[i]->next());
      if (n == (known - 1) / 2 || n == known / 2) {
        const double value = grouping_.operands[i].number_of(load_big<std::uint64_t>(item->data() + item->size() - 8));
        medians[i] = n == (known - 1) / 2 ? value : sum / 2 + value / 2;
        sum = value;
      }
    }
  }
  for (const auto& aggregate : grouping_.aggregates) {
    const FieldInfo& info = schema_.fields[field++];
    const auto put = [&](double value) {
      if (info.type == Type::f32)
        store_big(record.data() + info.offset, static_cast<float>(value));
      else
        store_big(record.data() + info.offset, value);
    };
    if (aggregate.function == Function::count) {
      store_big(record.data() + info.offset, rows);
      continue;
    }
    const Operand& operand = grouping_.operands[aggregate.operand];
    const Numbers& n = numbers[aggregate.operand];
    const auto known = static_cast<double>(n.known);
    const double sum = std::isfinite(n.lost) ? n.sum + n.lost : n.sum;  // infinity takes nothing away
    switch (aggregate.function) {
      case Function::count: break;
      case Function::known: store_big(record.data() + info.offset, n.known); break;
      case Function::sum:
        if (info.type == Type::i64)
          store_big(record.data() + info.offset, n.whole);
        else
          put(n.known > 0 ? sum : std::nan(""));
        break;
      case Function::mean: put(n.known > 0 ? sum / known : std::nan("")); break;
      case Function::median: put(medians[aggregate.operand]); break;
      case Function::stddev: put(n.known > 1 ? std::sqrt(n.squares / (known - 1)) : std::nan("")); break;
      default: {
        const auto of = [&](const auto& a) {
          return aggregate.function == Function::min     ? a.low
                 : aggregate.function == Function::max   ? a.high
                 : aggregate.function == Function::first ? a.first
                                                         : a.last;
        };
        if (operand.is_text()) {
          const std::string text = of(texts[aggregate.operand]);
          std::string_view from = text;
          if (n.known > 0) operand.take_key(from, record, info);
        } else {
          operand.store_key(n.known > 0 ? of(n) : kUnknownKey, record, info);
        }
      }
    }
  }
  return true;
}

}  // namespace imreg
