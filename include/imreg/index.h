// Keeping the index of a record file while rows are written. A search finds the index by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "imreg/record_file.h"
#include "imreg/status.h"

namespace imreg {

/// Follows one RecordWriter, as long as it lives, and keeps X.db.idx (RecordWriter::Options::follower). What goes wrong here never concerns the rows: the
/// index is then not used, and note() says why.
class IndexKeeper : public RowFollower {
 public:
  enum class Patience {
    none,  ///< one exposure at the telescope: never more than some milliseconds; an index that is missing grows by and by
    full  ///< a batch: when it ends the index is whole
  };
  /// When work is done; a test sets them low.
  struct Limits {
    std::int64_t tail = 4096;             ///< rows that may be outside the segments, looked at by themselves
    std::int64_t step = 8192;             ///< rows that one registration adds to an index that is missing
    std::int64_t small_merge = 17 << 10;  ///< rows that one registration may merge
    std::int64_t segments = 24;           ///< with more wants_merge() asks for merge_index()
    std::int64_t piece = 512 << 10;       ///< rows of a segment that is made in memory
    IoObserver* observer = nullptr;       ///< tests: sees and fails file operations
  };
  explicit IndexKeeper(Patience patience);
  IndexKeeper(Patience patience, const Limits& limits);
  ~IndexKeeper() override;

  void before(const RecordFile& file, const std::vector<RowChange>& changes, std::int64_t change_number) override;
  void collect(const RecordFile& file, const RowChange& change) override;
  void collect(const RecordFile& file, const FieldInfo& field, std::int64_t from, std::int64_t end) override;
  void after(const RecordFile& file) override;
  /// The beginning of a batch that looks rows up: with full patience an index that is missing is made now.
  void begin(const RecordFile& file);
  /// The end of a batch: with full patience everything is indexed then.
  void finish(const RecordFile& file);
  /// Why the index could not be kept; empty: it was.
  const std::string& note() const;
  /// What is to be merged is too much for this writer; merge_index() does it. Nothing is wrong until then. With full patience
  /// only where many rows changed at once: counts take 0.1 s of 10 M rows until then, searches for rows no longer than before.
  bool wants_merge() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Merges the segments of an index beside other writers, for whom the lock is free but for a last step of milliseconds.
/// Nothing happens when another writer has merged them meanwhile. Errors: those of RecordWriter::open; io, corrupt.
Status merge_index(const std::string& path, const RecordWriter::Options& options,
                   const IndexKeeper::Limits& limits = {});

/// Makes the index anew. The caller holds the writer's lock, or knows that nobody writes. `progress`: how much of all is done.
Status rebuild_index(const RecordFile& file, IoObserver* observer = nullptr,
                     const std::function<void(std::int64_t done, std::int64_t all)>& progress = {});

}  // namespace imreg
