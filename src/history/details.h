// The details of a bulk change as a stream of bytes: the whole command, then differences, each once, and the rows that have
// them. man 5 imreg-history has the grammar.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imreg/history.h"

namespace imreg::history {

class DetailsBuilder {
 public:
  explicit DetailsBuilder(std::string_view command);
  void add(std::int64_t row, std::int64_t count, const Difference& difference);
  void add_other(const Difference& difference);
  /// Rows with the difference of the last add(), which saves looking it up.
  void add_alike(std::int64_t row, std::int64_t count);
  void finish() { end_run(); }
  /// What can be written by now; the caller empties it.
  std::string& bytes() { return bytes_; }
  std::int64_t rows() const { return rows_; }

 private:
  void end_run();
  std::size_t number_of(const Difference& difference);

  std::string bytes_, scratch_;
  std::unordered_map<std::string, std::size_t> known_;  // a difference as bytes
  std::size_t known_bytes_ = 0;
  std::size_t difference_ = 0;  // of the run
  std::int64_t from_ = 0, count_ = 0, end_ = 0, rows_ = 0;
};

/// Reads a stream piece by piece. `more` gives its next bytes, none behind the last.
class DetailsReader {
 public:
  using More = std::function<Result<std::string_view>()>;
  explicit DetailsReader(More more) : more_(std::move(more)) {}

  /// To be called first.
  Result<std::string> command();
  struct Run {
    std::int64_t row = -1, count = 0;  ///< row -1: in no row
    const Difference* difference = nullptr;
  };
  /// False behind the last. Error: corrupt.
  Result<bool> next(Run& run);

 private:
  Status fill(std::size_t size);
  Result<std::uint64_t> number();
  Result<std::string> text();

  More more_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::vector<Difference> known_;
  std::int64_t end_ = 0;
};

/// The details of a change, as they stand in X.db.history, which must stay open meanwhile.
DetailsReader details_of(const RecordFile& file, const BulkChange& change);

/// A field as differences have it: without the NULs at its end.
inline std::string_view without_nuls(const char* bytes, int size) {
  while (size > 0 && bytes[size - 1] == '\0') --size;
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace imreg::history
