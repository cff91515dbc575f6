// Rows in groups: one result row for each combination of the keys, with aggregates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/query.h"
#include "query/candidates.h"
#include "query/operand.h"
#include "query/sorter.h"

namespace imreg {

enum class Function { count, known, min, max, first, last, sum, mean, median, stddev };

struct Aggregate {
  Function function;
  std::size_t operand = 0;  ///< which of Grouping::operands; none for count
  std::string name;         ///< of the result's field
};

/// What is asked for.
struct Grouping {
  std::vector<Operand> keys;
  std::vector<Operand> operands;  ///< each once, of all aggregates
  std::vector<Aggregate> aggregates;

  /// Errors: not_found, invalid (no such aggregate; one that means nothing for its field).
  static Result<Grouping> parse(std::string_view fields, std::string_view aggregates, const Schema& schema,
                                const ExpressionSettings& settings);
};

/// "median(fwhm)" is the field "median_fwhm" of the result; other texts stay as they are.
std::string result_name(std::string_view text);

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
                                              std::vector<Status>& damaged);

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

  class Table;
  /// What is known about one operand in one group. `low` to `last` are keys (Operand::number_key).
  struct Numbers {
    std::int64_t known = 0;
    double sum = 0, lost = 0;      ///< Neumaier's sum: what rounding took away is kept
    double mean = 0, squares = 0;  ///< Welford's, for stddev
    std::int64_t whole = 0;        ///< the sum of integers
    std::uint64_t low = 0, high = 0, first = 0, last = 0;
  };
  /// The same of a text: keys of texts.
  struct Texts {
    std::string low, high, first, last;
  };

 private:
  Groups(Grouping grouping, const Settings& settings);
  void make_schema(const std::vector<int>& widths);
  Status collect(const Candidates& candidates, const Settings& settings, std::vector<Status>& damaged);
  Status finish(Table& table, std::uint64_t part, const std::vector<int>& widths);

  Grouping grouping_;
  Schema schema_;
  Sorter states_;  ///< key, number of the part, state: parts of one group are neighbours, in file order
  std::vector<std::unique_ptr<Sorter>> values_;  ///< of each operand that has a median: key, value
  bool has_next_ = false;
  std::string next_;
};

}  // namespace imreg
