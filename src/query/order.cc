// What rows are sorted by, and the sorting of all candidates by several threads.
#include "base/text.h"
#include "query/work.h"

namespace imreg {

Result<std::vector<SortKey>> parse_keys(std::string_view text, const Schema& schema,
                                        const ExpressionSettings& settings) {
  std::vector<SortKey> keys;
  for (const auto& part : split_expressions(text)) {
    bool descending = part.starts_with('-');
    std::string_view key = std::string_view(part).substr(descending ? 1 : 0);
    for (const std::string_view word : {" desc", " asc"}) {  // as in SQL; not behind a -, which would say it twice
      if (part.starts_with('-') || key.size() <= word.size() ||
          !equal_nocase(key.substr(key.size() - word.size()), word))
        continue;
      key.remove_suffix(word.size());
      descending = word == " desc";
      break;
    }
    const std::string name = result_name(key);
    if (name.empty()) return Status(Code::invalid, "sort by \"" + std::string(text) + "\": a field is missing");
    auto operand = Operand::parse(name, schema, settings);
    if (!operand)
      return Status(operand.status().code(), "sort by \"" + std::string(text) + "\": " + operand.status().message());
    keys.push_back({*std::move(operand), descending});
  }
  return keys;
}

Result<std::unique_ptr<Sorter>> Query::Work::sort(const Candidates& candidates, std::int64_t keep,
                                                  const AddKey& add_key) const {
  const std::int64_t count = query.file_->count();
  const bool few = candidates.chosen && candidates.chosen->size() <= kFewSorted;
  const int workers = few ? 1 : workers_for(count, query.jobs_);
  const Sorter::Settings settings{query.memory_ / static_cast<std::size_t>(workers), query.folder_, keep};
  std::vector<std::unique_ptr<Sorter>> sorters;
  std::vector<Looker> lookers;
  for (int i = 0; i < workers; ++i) {
    sorters.push_back(std::make_unique<Sorter>(settings));
    lookers.emplace_back(candidates);
  }
  const auto add_rows = [&](int worker, std::int64_t from, std::int64_t end) {
    Status status;
    std::string key;
    lookers[static_cast<std::size_t>(worker)].between(from, end, [&](std::int64_t row, RecordView record) {
      key.clear();
      add_key(record, row, key);
      status = sorters[static_cast<std::size_t>(worker)]->add(key);
      return status.ok();
    });
    return status;
  };
  if (few) {
    IMREG_TRY(add_rows(0, 0, count));
  } else {
    IMREG_TRY(each_block(count, workers, add_rows));
  }
  for (std::size_t i = 1; i < sorters.size(); ++i) IMREG_TRY(sorters[0]->absorb(std::move(*sorters[i])));
  IMREG_TRY(sorters[0]->finish());
  return std::move(sorters[0]);
}

}  // namespace imreg
