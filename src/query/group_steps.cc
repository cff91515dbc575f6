// The groups of a query: counted by the index where it can tell, or else by looking at rows; then in their order.
#include <algorithm>

#include "query/work.h"

namespace imreg {

std::optional<std::vector<Groups::Counted>> Query::Work::counts_of_index(const Grouping& grouping,
                                                                         QueryReport& report) const {
  if (!grouping.operands.empty() || grouping.keys.empty()) return std::nullopt;
  std::vector<const FieldInfo*> fields;
  std::vector<const Operand*> of_time;
  for (const auto& key : grouping.keys) {
    const auto needed = key.fields();
    const auto is_time = [](const FieldInfo& field) { return field.name == "obstime"; };
    if (!key.has_raw() && !needed.empty() && std::all_of(needed.begin(), needed.end(), is_time)) {
      of_time.push_back(&key);
      continue;
    }
    for (const FieldInfo& one : needed) {
      const FieldInfo* field = schema.find(one.name);
      if (!field || field->offset != one.offset || field->size() != one.size()) return std::nullopt;
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
    }
  }
  if (fields.empty() && of_time.empty()) return std::nullopt;
  std::function<std::string(RecordView)> group_of_time;
  if (!of_time.empty()) {
    group_of_time = [&](RecordView record) {
      std::string key;
      for (const Operand* operand : of_time) operand->add_key(record, false, key);
      return key;
    };
  }
  ScanReport found;
  const auto values = count_values(*query.file_, selection, fields, found, group_of_time);
  if (!values) return add_to(report, std::move(found)), std::nullopt;
  if (group_of_time) fields.push_back(schema.find("obstime"));
  std::vector<Groups::Counted> out;
  for (const auto& value : *values) {
    out.push_back({query.file_->make_record(), value.rows});
    for (std::size_t i = 0; i < fields.size(); ++i)
      value.values[i].copy(out.back().sample.data() + fields[i]->offset, static_cast<std::size_t>(fields[i]->size()));
  }
  add_to(report, std::move(found));
  return out;
}

Status Query::Work::make_groups(Rows::State& state) const {
  IMREG_ASSIGN(auto grouping, Grouping::parse(*query.group_, query.aggregates_, schema, query.settings_));
  const Groups::Settings settings{query.jobs_, query.memory_, query.folder_};
  std::optional<std::vector<Groups::Counted>> counted;
  if (query.use_index_ && !query.unique_ && !query.last_) counted = counts_of_index(grouping, state.report);
  if (counted) {
    IMREG_ASSIGN(state.groups, Groups::make(std::move(grouping), *counted, settings));
  } else {
    IMREG_ASSIGN(state.candidates, candidates(state.report));
    IMREG_ASSIGN(state.groups, Groups::make(std::move(grouping), state.candidates, settings, state.report.damaged));
  }
  if (query.sort_.empty()) return {};
  IMREG_ASSIGN(const auto keys, parse_keys(query.sort_, state.groups->schema(), query.settings_));
  state.sorted =
      std::make_unique<Sorter>(Sorter::Settings{query.memory_ / 4, query.folder_, sum_of(query.limit_, query.offset_)});
  std::string item;
  for (std::uint64_t index = 0;; ++index) {
    IMREG_ASSIGN(const bool more, state.groups->next(state.record));
    if (!more) break;
    item.clear();
    for (const auto& key : keys) key.operand.add_key(state.record.view(), key.descending, item);
    add_big(index, item);
    item += state.record.bytes();
    IMREG_TRY(state.sorted->add(item));
  }
  return state.sorted->finish();
}

}  // namespace imreg
