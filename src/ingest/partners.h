// Which rows of a header table go with a row of another table: by file, or by observation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headers/table_schema.h"
#include "imreg/record_file.h"
#include "ingest/key_index.h"
#include "registry/path_roots.h"

namespace imreg::ingest {

/// The file and HDU that a row tells of.
struct Origin {
  std::int64_t file = 0;   ///< its number; 0: imingest does not know it
  std::string rootname;    ///< empty: not known
  std::string filetype;    ///< "flt", where a table of another kind is to be joined by rootname
  std::optional<int> hdu;  ///< 0: the primary, or the whole file
  std::optional<double> extver;
};

/// For rows of a header table, of files.db, or of images. The RecordFile must outlive it.
using OriginOf = std::function<Status(RecordView row, Origin& origin)>;
/// `name` is that of a header table. Errors: mismatch (rows of another kind), those of files.db.
Result<OriginOf> origins_of(const RecordFile& rows, const std::string& name, const std::string& folder,
                            const PathRoots& roots, int jobs);

enum class JoinBy { kind, file, rootname };

class Partners {
 public:
  /// Errors: those of RecordFile::open; mismatch (no header table).
  static Result<Partners> open(const std::string& path, const std::string& name, JoinBy by, int jobs);
  const RecordFile& file() const { return *file_; }

  /// The rows that go with it, in the order of the table; alive until the next call. Errors: corrupt (one of them is damaged), io.
  Result<const std::vector<Record>*> of(const Origin& origin);
  /// How many rows the indexes hold, and by what they find them, for people.
  std::string told() const;

 private:
  Partners() = default;
  Status make_index(std::optional<KeyIndex>& index, bool by_file) const;
  Status find(const KeyIndex& index, std::uint64_t hash, const std::function<bool(const Record&)>& is_same);
  /// Which of the rows with the same key are meant.
  void narrow(const Origin& origin);

  std::unique_ptr<RecordFile> file_;
  std::optional<headers::OwnFields> own_;
  const FieldInfo* extver_ = nullptr;
  JoinBy by_ = JoinBy::kind;
  int jobs_ = 1;
  std::string kind_;      ///< "raw" of wfc_raw_0: of tables of one kind of file
  bool one_hdu_ = false;  ///< wfc_raw_0, cfht_megaprime_0: of each file one HDU at most
  std::optional<KeyIndex> by_file_, by_rootname_;
  std::vector<Record> rows_;
};

}  // namespace imreg::ingest
