// What a record must be whose check holds: texts that are filled with NUL and can be printed, words that the format has, and
// numbers that can be true. Nothing here is damage of the disk: somebody wrote it so.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"

namespace imreg::upkeep {

class RowRules {
 public:
  /// Texts of files of others (`native` false) are not looked at: Elixir leaves anything behind the NUL.
  RowRules(const Schema& schema, bool native);
  /// Nothing to say about it: quick. `same_texts`: as in a record that was fine.
  bool fine(const char* record, bool same_texts) const;
  bool same_texts(const char* a, const char* b) const {
    return std::memcmp(a + texts_from_, b + texts_from_, texts_size_) == 0;
  }
  /// A sentence for each field that is not as it must be.
  std::vector<std::string> faults(const char* record) const;

 private:
  struct Bounds {
    const FieldInfo* field;
    double low, high;
    const char* what;
  };
  std::vector<const FieldInfo*> texts_, booleans_, words_;
  std::vector<Bounds> numbers_;                  ///< all of them
  std::vector<Bounds> bounded_;                  ///< of these, the ones with bounds of their own
  std::vector<int> finite32_, finite64_;         ///< offsets of the others
  std::size_t texts_from_ = 0, texts_size_ = 0;  ///< all texts, and what stands between them
};

/// Which image a row is: a hash of folder, name, extension and slice, or chip. Nothing for formats without these.
class RowKey {
 public:
  RowKey(const Schema& schema, bool native);
  bool known() const { return filename_ != nullptr; }
  /// The folder as the row has it.
  std::string_view folder(const char* record) const;
  /// Of folder, in full, and name.
  std::uint64_t name_hash(const char* record, std::string_view folder) const;
  /// With that.
  std::uint64_t hash(const char* record, std::uint64_t name_hash) const;
  /// The same image, whose folders are these?
  bool same(const char* a, std::string_view folder_a, const char* b, std::string_view folder_b) const;
  bool deleted(const char* record) const { return deleted_ && record[deleted_->offset] == 'T'; }
  std::string name(const char* record) const;

 private:
  /// Of an image of Elixir, whose file has not been read, nobody knows the place: its chip tells it from the others.
  bool unplaced(const char* record) const;
  const FieldInfo *pathname_ = nullptr, *filename_ = nullptr, *extension_ = nullptr, *slice_ = nullptr,
                  *fingerprint_ = nullptr, *ccd_ = nullptr, *deleted_ = nullptr;
};

}  // namespace imreg::upkeep
