// Vectors by name, and expressions over them, over fields of the database, and over both.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/query.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"

namespace imreg::trend {

struct Vector {
  Column column;
  /// Of which rows the values are. Two vectors go together when they are of the same ones, or one of them is of none (0: read
  /// from a file, made up) and they have one length, or when one is a single value.
  std::uint64_t rows = 0;

  std::size_t size() const { return column.is_text ? column.codes.size() : column.numbers.size(); }
  bool is_time() const { return column.shape.display == Display::time; }
  const std::string& text(std::size_t i) const { return column.texts[column.codes[i]]; }
};

using VectorPtr = std::shared_ptr<const Vector>;

Vector number_vector(std::vector<double> values, std::uint64_t rows = 0);
Vector text_vector(const std::vector<std::string>& values, std::uint64_t rows = 0);
/// The values at these places, which are of other rows then.
Vector picked(const Vector& from, const std::vector<std::size_t>& places);
/// The first function of whole vectors that a text calls (median, not min, which is one of rows too); empty: none.
std::string vector_function_in(std::string_view text);
/// Ok when they go together. Error: invalid, with both names and lengths.
Status check_together(const Vector& a, std::string_view name_a, const Vector& b, std::string_view name_b);

class Workspace {
 public:
  /// The value of an expression (man 7 imreg-expression, with the vector functions of man 1 imstatus) for these rows. Names
  /// are those of vectors first, then of fields. Errors: invalid, not_found; those of the database.
  Result<VectorPtr> evaluate(std::string_view text, const SearchOptions& rows);
  /// Several, read in one pass over the rows where they are of the database.
  Result<std::vector<VectorPtr>> evaluate(const std::vector<std::string>& texts, const SearchOptions& rows);

  /// Error: invalid (no name: letters, digits and _).
  Status assign(const std::string& name, const VectorPtr& vector);
  bool remove(const std::string& name);
  const std::map<std::string, VectorPtr, std::less<>>& vectors() const { return vectors_; }
  VectorPtr find(std::string_view name) const;
  /// The name of a vector in this expression that belongs to rows of the database; empty: none.
  std::string vector_of_rows(std::string_view text) const;

  /// Opens the database anew at the next need: rows that have come since are seen.
  void refresh();
  /// Whether these rows can be asked for, without reading them. Errors: those of evaluate().
  Status check(const SearchOptions& rows);
  /// Asked now and then while something is computed; true: it ends with an error.
  void stop_when(std::function<bool()> stopped) { stopped_ = std::move(stopped); }
  Status go_on() const;
  Result<const RecordFile*> file(const SearchOptions& rows);
  const DamagedRows& damaged() const { return damaged_; }

  /// Rows beyond this number are taken as they stand, without their CRC.
  static constexpr std::int64_t kMostChecked = 1'000'000;

 private:
  Result<VectorPtr> nested(std::string_view text, const SearchOptions& rows);
  Result<std::string> with_calls_done(std::string_view text, const SearchOptions& rows);
  Status as_typed(const Status& status) const;
  Result<VectorPtr> combined(const std::string& text, const SearchOptions& rows);
  Status fetch(const std::vector<std::string>& expressions, const SearchOptions& rows);
  Result<VectorPtr> from_database(const std::string& expression, const SearchOptions& rows);
  std::uint64_t identity_of(const SearchOptions& rows) const;

  std::map<std::string, VectorPtr, std::less<>> vectors_;
  std::map<std::string, VectorPtr, std::less<>>
      temporary_;                             ///< results of calls inside the expression that is being computed
  std::map<std::string, std::string> calls_;  ///< those calls as they were typed
  std::function<bool()> stopped_;
  struct Cached {
    std::string key;
    VectorPtr vector;
  };
  std::vector<Cached> cache_;  ///< columns that were read, the newest last
  std::unique_ptr<RecordFile> file_;
  std::string file_path_;
  DamagedRows damaged_;
};

}  // namespace imreg::trend
