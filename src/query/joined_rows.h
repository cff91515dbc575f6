// Rows of several tables side by side, as records of one schema.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"

namespace imreg {

/// The fields of the first table keep their names; those of the others are called TABLE.NAME and may be not known, whatever their
/// type: a row may have no partner there.
class JoinedRows {
 public:
  struct Table {
    std::string name;
    const Schema* schema;  ///< lives as long as this object
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
  void add(FieldInfo field, int from, std::vector<Piece>& pieces);

  Schema schema_, names_;
  std::string empty_;
  std::vector<std::vector<Piece>> pieces_;  ///< of each table: neighbours are one piece
};

/// Whether one of the texts may name the field: by its name, or by its FITS column; never no when one does.
bool may_name(const std::vector<std::string>& texts, const FieldInfo& field);

}  // namespace imreg
