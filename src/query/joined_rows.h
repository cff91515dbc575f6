// Rows of several tables side by side, as records of one schema.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"

namespace imreg {

/// The fields of the first table keep their names; those of the others are called TABLE.NAME and may be not known, whatever their
/// type: a row may have no partner there. Columns that are inherited stand under their own name instead: a row's value is that of the
/// first table, where it has none that of the other one.
class JoinedRows {
 public:
  struct Table {
    std::string name;
    const Schema* schema;  ///< lives as long as this object
    /// Of its columns only these; one that the first table has, too, must be able to hold the values of both (common_type).
    std::set<std::string> inherited{};
  };
  /// Takes the fields for which `wanted` holds, by the name that they have in the result. `whole`: the first table's records stand
  /// in the result as they are, at its beginning.
  JoinedRows(const std::vector<Table>& tables, bool whole, const std::function<bool(const FieldInfo&)>& wanted);

  const Schema& schema() const { return schema_; }
  /// The same for those who look for names: the first table's fields are there as TABLE.NAME, too.
  const Schema& names() const { return names_; }
  /// A record without partners.
  Record empty() const { return Record(empty_); }
  /// What of a row of table number `i` is wanted; a row that is not there (nullptr) is not known.
  void put(std::size_t i, const char* row, Record& to) const;

 private:
  struct Piece {
    int from, to, size;
  };
  struct Heir {
    FieldInfo own, inherited, value;
    std::size_t table;
  };
  int add_bytes(int from, int size, std::vector<Piece>& pieces);
  void add(FieldInfo field, int from, std::vector<Piece>& pieces);
  bool add_heir(const std::vector<Table>& tables, FieldInfo own);

  Schema schema_, names_;
  std::string empty_;
  std::vector<std::vector<Piece>> pieces_;  ///< of each table: neighbours are one piece
  std::vector<Heir> heirs_;
};

/// The type that holds all values of both: of integers and reals that of reals. None for other pairs.
std::optional<Type> common_type(const FieldInfo& one, const FieldInfo& other);

/// Whether one of the texts may name the field: by its name, or by its FITS column; never no when one does.
bool may_name(const std::vector<std::string>& texts, const FieldInfo& field);

}  // namespace imreg
