// Keeping the index of a record file while rows are written. A search finds the index by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "imreg/record_file.h"
#include "imreg/status.h"

namespace imreg {

/// Follows a writer and keeps X.db.idx (RecordWriter::Options::follower). What goes wrong here never concerns the rows: the
/// index is then not used, and note() says why.
class IndexKeeper : public RowFollower {
 public:
  enum class Patience {
    none,  ///< one exposure at the telescope: never more than some milliseconds; an index that is missing grows by and by
    full  ///< a batch: when it ends the index is whole
  };
  /// When work is done; a test sets them low.
  struct Limits {
    std::int64_t tail = 4096;          ///< rows that may be outside the segments, looked at by themselves
    std::int64_t step = 16384;         ///< rows that one registration adds to an index that is missing
    std::int64_t small_merge = 65536;  ///< rows that may be merged, or indexed anew, by one registration
    std::int64_t segments = 24;        ///< with more a large merge is made all the same
    std::int64_t piece = 512 << 10;    ///< rows of a segment that is made in memory
  };
  explicit IndexKeeper(Patience patience);
  IndexKeeper(Patience patience, const Limits& limits);
  ~IndexKeeper() override;

  void before(const RecordFile& file, const std::vector<RowChange>& changes, std::int64_t change_number) override;
  void after(const RecordFile& file) override;
  /// The beginning of a batch that looks rows up: with full patience an index that is missing is made now.
  void begin(const RecordFile& file);
  /// The end of a batch: with full patience everything is indexed then.
  void finish(const RecordFile& file);
  /// Why the index could not be kept; empty: it was.
  const std::string& note() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Makes the index anew. The caller holds the writer's lock, or knows that nobody writes.
Status rebuild_index(const RecordFile& file);

}  // namespace imreg
