// One row of each: what rows are the same, and which of them stays.
#include "query/work.h"
#include "record/statistics.h"

namespace imreg {

// Sorted by the whole key, rows of one identity are neighbours and the one to keep is the first: exact, whatever the
// number.
Status Query::Work::keep_unique(Candidates& candidates) const {
  std::vector<Operand> identity;
  std::optional<Operand> bias;  // of Elixir's records the value tells whether it was measured
  const FieldInfo* const state = find_procstate(schema);
  for (const auto& name : split_expressions(query.unique_->empty() ? "filename,ccd" : *query.unique_)) {
    auto operand = Operand::parse(name, schema, query.settings_);
    if (!operand) return {operand.status().code(), "unique: " + operand.status().message()};
    identity.push_back(*std::move(operand));
  }
  if (!state && schema.find("bias")) {
    IMREG_ASSIGN(bias, Operand::parse("bias", schema, query.settings_));
  }
  const auto is_worse = [&](RecordView record) {
    if (!query.unique_->empty()) return false;
    if (bias) return bias->number_key(record) == kUnknownKey;
    return state && state_in(record[Field<std::int16_t>{state->offset}], Statistic::bias) != StatisticState::measured;
  };
  const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
    for (const auto& operand : identity) operand.add_key(record, false, key);
    key += is_worse(record) ? '\1' : '\0';
    add_big(static_cast<std::uint64_t>(row), key);
  };
  IMREG_ASSIGN(const auto sorted, sort(candidates, std::numeric_limits<std::int64_t>::max(), add_key));
  RowSet kept(query.file_->count());
  std::optional<std::string> before;
  for (;;) {
    IMREG_ASSIGN(const auto* item, sorted->next());
    if (!item) break;
    const auto what = item->substr(0, item->size() - 9);
    if (before && *before == what) continue;
    before = what;
    kept.add(row_of(*item));
  }
  kept.finish();
  candidates.chosen = std::move(kept);
  return {};
}

}  // namespace imreg
