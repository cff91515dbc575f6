// Rows in groups: one result row for each combination of the keys, with aggregates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/query.h"
#include "query/candidates.h"
#include "query/group_table.h"

namespace imreg {

/// The groups, in the order of their keys, read once.
class Groups {
 public:
  struct Settings {
    int jobs;
    std::size_t memory;
    std::string folder;
  };
  /// Takes checked copies of all candidates; `damaged` gets those that are none. Sums are made block by block in file
  /// order, so they do not depend on the number of threads.
  static Result<std::unique_ptr<Groups>> make(Grouping grouping, const Candidates& candidates, const Settings& settings,
                                              DamagedRows& damaged);

  /// Of counts that somebody knows already: a record with the values of the keys, and how many rows have them.
  struct Counted {
    Record sample;
    std::int64_t rows;
  };
  static Result<std::unique_ptr<Groups>> make(Grouping grouping, const std::vector<Counted>& counts,
                                              const Settings& settings);

  const Schema& schema() const { return schema_; }
  /// False behind the last one.
  Result<bool> next(Record& record);

 private:
  explicit Groups(Grouping grouping);
  Status collect(const Candidates& candidates, const Settings& settings, DamagedRows& damaged);
  Status finish(const std::vector<int>& widths);
  Result<double> median(std::size_t operand);

  Grouping grouping_;
  Schema schema_;
  GroupSorters sorters_;
  bool has_next_ = false;
  std::string next_, key_;  ///< the next item; the key of the group that is made
  GroupState state_;
  std::vector<double> medians_;
};

}  // namespace imreg
