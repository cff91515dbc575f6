// Keeping the index of a record file while rows are written. A search finds the index by itself.
#pragma once

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
    full   ///< a batch: when it ends the index is whole
  };
  explicit IndexKeeper(Patience patience);
  ~IndexKeeper() override;

  void before(const RecordFile& file, const std::vector<RowChange>& changes, std::int64_t change_number) override;
  void after(const RecordFile& file) override;
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
