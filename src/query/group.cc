// Collects groups in bounded memory, spills them sorted, and computes their aggregates exactly.
#include "query/group.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "query/group_collector.h"

namespace imreg {

Groups::Groups(Grouping grouping) : grouping_(std::move(grouping)), sorters_(grouping_) {}

Result<std::unique_ptr<Groups>> Groups::make(Grouping grouping, const Candidates& candidates, const Settings& settings,
                                             DamagedRows& damaged) {
  std::unique_ptr<Groups> out(new Groups(std::move(grouping)));
  IMREG_TRY(out->collect(candidates, settings, damaged));
  return out;
}

Result<std::unique_ptr<Groups>> Groups::make(Grouping grouping, const std::vector<Counted>& counts,
                                             const Settings& settings) {
  std::unique_ptr<Groups> out(new Groups(std::move(grouping)));
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
  out->sorters_.states = std::make_unique<Sorter>(Sorter::Settings{settings.memory / 4, settings.folder});
  IMREG_TRY(out->sorters_.add(table, 0));
  IMREG_TRY(out->finish(widths));
  return out;
}

// To the first group.
Status Groups::finish(const std::vector<int>& widths) {
  IMREG_TRY(sorters_.finish());
  schema_ = result_schema(grouping_, widths);
  IMREG_ASSIGN(const auto* first, sorters_.states->next());
  has_next_ = first != nullptr;
  if (first) next_ = *first;
  return {};
}

// The memory is shared: a quarter is for the tables of the threads, of which there are no more than it is enough for, an
// eighth for the table of all, and the rest for sorting.
Status Groups::collect(const Candidates& candidates, const Settings& settings, DamagedRows& damaged) {
  const std::int64_t count = candidates.file->count();
  const std::size_t fitting = settings.memory / 4 / Collector::memory_for(grouping_);
  const int workers = workers_for(count, static_cast<int>(std::clamp<std::size_t>(
                                             fitting, 1, static_cast<std::size_t>(std::max(settings.jobs, 1)))));
  std::size_t medians = 0;
  for (std::size_t i = 0; i < grouping_.operands.size(); ++i) medians += grouping_.asks(Function::median, i) ? 1 : 0;
  const std::size_t for_states = medians > 0 ? settings.memory / 4 : settings.memory * 5 / 8;
  const std::size_t for_values = medians > 0 ? settings.memory * 3 / 8 / medians : 0;
  // Values of a group that stand in the items of its parts are in memory together: a part may be as large as a block.
  const auto blocks = static_cast<std::size_t>(count / kRowsOfBlock + 1);
  const std::size_t most_inside = std::min<std::size_t>(settings.memory / 16 / sizeof(std::uint64_t) / blocks, 64);

  std::vector<std::unique_ptr<Collector>> collectors;
  const auto sorter = [&](std::size_t memory) {
    return std::make_unique<Sorter>(Sorter::Settings{memory / static_cast<std::size_t>(workers), settings.folder});
  };
  for (int i = 0; i < workers; ++i) {
    collectors.push_back(std::make_unique<Collector>(grouping_, candidates, most_inside));
    auto& sorters = collectors.back()->sorters;
    sorters.states = sorter(for_states);
    for (std::size_t k = 0; k < grouping_.operands.size(); ++k) {
      if (grouping_.asks(Function::median, k)) sorters.values[k] = sorter(for_values);
    }
  }
  GroupTable table(grouping_);
  std::int64_t part = 0;  // the row with which the table begins
  const auto collector = [&](int worker) -> Collector& { return *collectors[static_cast<std::size_t>(worker)]; };
  const Status collected = each_block(
      count, workers,
      [&](int worker, std::int64_t from, std::int64_t end) { return collector(worker).add_block(from, end); },
      [&](int worker, std::int64_t from) -> Status {
        Collector& done = collector(worker);
        damaged.add(std::exchange(done.damaged, {}));
        // What stands before the block must not be in one part with what comes behind it.
        const bool full = table.memory() > settings.memory / 8;
        if (table.size() > 0 && (done.many() || full)) {
          IMREG_TRY(done.sorters.add(table, static_cast<std::uint64_t>(part)));
          table = GroupTable(grouping_);
        }
        if (done.many()) return {};
        if (table.size() == 0) part = from;
        table.merge_in(done.table);
        return {};
      });
  IMREG_TRY(collected);
  IMREG_TRY(collectors[0]->sorters.add(table, static_cast<std::uint64_t>(part)));
  std::vector<int> widths = collectors[0]->widths;
  sorters_ = std::move(collectors[0]->sorters);
  for (std::size_t worker = 1; worker < collectors.size(); ++worker) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], collectors[worker]->widths[i]);
    IMREG_TRY(sorters_.absorb(std::move(collectors[worker]->sorters)));
  }
  collectors.clear();
  return finish(widths);
}

// The middle value of the group, or the mean of the two in the middle.
Result<double> Groups::median(std::size_t operand) {
  const std::int64_t known = state_.numbers[operand].known;
  auto& inside = state_.values[operand];
  std::sort(inside.begin(), inside.end());
  // The others are the next ones of the sorter.
  std::int64_t outside = known - std::ssize(inside);
  std::size_t at = 0;
  std::optional<std::uint64_t> other;
  double before = 0, middle = std::nan("");
  for (std::int64_t n = 0; n < known; ++n) {
    if (!other && outside > 0) {
      --outside;
      IMREG_ASSIGN(const auto* item, sorters_.values[operand]->next());
      other = load_big<std::uint64_t>(item->data() + item->size() - 8);
    }
    std::uint64_t key = 0;
    if (at < inside.size() && (!other || inside[at] <= *other))
      key = inside[at++];
    else
      key = *std::exchange(other, std::nullopt);
    if (n != (known - 1) / 2 && n != known / 2) continue;
    const double value = grouping_.operands[operand].number_of(key);
    middle = n == (known - 1) / 2 ? value : before / 2 + value / 2;
    before = value;
  }
  return middle;
}

Result<bool> Groups::next(Record& record) {
  if (!has_next_) return false;
  const std::size_t operands = grouping_.operands.size();
  state_.clear(operands);
  key_ = key_of(next_);
  do {  // all parts of the group
    take_state(next_, grouping_, state_);
    IMREG_ASSIGN(const auto* item, sorters_.states->next());
    has_next_ = item != nullptr;
    if (item) next_ = *item;
  } while (has_next_ && key_of(next_) == key_);

  record = Record(static_cast<std::size_t>(schema_.record_size));
  std::string_view left = key_;
  std::size_t field = 0;
  for (const auto& operand : grouping_.keys) operand.take_key(left, record, schema_.fields[field++]);
  medians_.assign(operands, std::nan(""));
  for (std::size_t i = 0; i < operands; ++i) {
    if (!sorters_.values[i]) continue;
    IMREG_ASSIGN(medians_[i], median(i));
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
      store_big(record.data() + info.offset, state_.rows);
      continue;
    }
    const Operand& operand = grouping_.operands[aggregate.operand];
    const Numbers& n = state_.numbers[aggregate.operand];
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
      case Function::median: put(medians_[aggregate.operand]); break;
      case Function::stddev: put(n.known > 1 ? std::sqrt(n.squares / (known - 1)) : std::nan("")); break;
      default: {
        const auto of = [&](const auto& a) {
          return aggregate.function == Function::min     ? a.low
                 : aggregate.function == Function::max   ? a.high
                 : aggregate.function == Function::first ? a.first
                                                         : a.last;
        };
        if (operand.is_text()) {
          const std::string text = of(state_.texts[aggregate.operand]);
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
