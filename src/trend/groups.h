// The rows of each group of -by.
#pragma once

#include <string>
#include <vector>

#include "trend/table.h"
#include "trend/workspace.h"

namespace imreg::trend {

struct Group {
  std::vector<std::size_t> keys{};    ///< for each vector of -by the place of a row of the group
  std::vector<std::size_t> places{};  ///< of its rows
  bool whole = false;                 ///< all rows: places is empty
};

class Groups {
 public:
  /// One group of all rows when `by` is empty. In ascending order, what is not known last. Errors: those of
  /// check_together() with `size` rows.
  static Result<Groups> make(std::vector<std::string> names, std::vector<VectorPtr> by, const VectorPtr& of,
                             const std::string& name_of);

  const std::vector<Group>& groups() const { return groups_; }
  bool any() const { return !by_.empty(); }
  /// Adds the columns of -by to a table, once for each of `rows` lines of the group.
  void add_keys(Table& table, const Group& group, std::size_t rows) const;
  /// "r", "r, 12".
  std::string label(const Group& group) const;

 private:
  std::vector<std::string> names_;
  std::vector<VectorPtr> by_;
  std::vector<Group> groups_;
};

/// The numbers of a group; a view of all when it is the whole.
std::vector<double> numbers_in(const Group& group, const Vector& vector);
/// A column of a table, empty, for values of a vector.
TableColumn column_like(const Vector& vector, std::string name);
void add_value(TableColumn& column, const Vector& vector, std::size_t place);

}  // namespace imreg::trend
