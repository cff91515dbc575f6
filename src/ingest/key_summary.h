// What values a keyword has in the rows of one table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"
#include "scan/segment.h"

namespace imreg::ingest {

class KeySummary {
 public:
  /// Counts up to `most` different values.
  KeySummary(const FieldInfo& field, std::size_t most) : field_(field), most_(most) {}

  /// Records as they stand.
  void add(std::span<const char* const> records);
  void merge(const KeySummary& other);

  std::int64_t rows() const { return rows_; }  ///< that have the keyword
  bool too_many() const { return too_many_; }  ///< different values
  std::int64_t values() const { return values_.size(); }
  /// As imsearch prints it; empty when no row has it. Texts in the order of imsearch's: case-blind, then by bytes.
  std::string least() const { return rows_ > 0 ? text_of(least_) : ""; }
  std::string most() const { return rows_ > 0 ? text_of(greatest_) : ""; }
  /// "60 (1200), 30.5 (17)": the most common ones; empty when there are too many, or all are different.
  std::string common(std::size_t how_many) const;

 private:
  void note(std::string_view value, std::int64_t rows);
  bool less(std::string_view a, std::string_view b) const;
  std::string text_of(std::string_view value) const;

  FieldInfo field_;
  std::size_t most_;
  std::int64_t rows_ = 0;
  bool too_many_ = false;
  bool any_ = false;        ///< there are least_ and greatest_
  index::TextPool values_;  ///< as they stand in records, texts without what fills them up
  std::vector<std::int64_t> counts_;
  std::string least_, greatest_;
};

}  // namespace imreg::ingest
