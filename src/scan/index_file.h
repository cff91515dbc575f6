// X.db.idx: the index beside a record file. Derived, never the truth: it may be deleted, and is made again.
//
//   page 0      head: which file, up to which row, which change; the segments; rows that changed since they were indexed
//   then        segments (segment.h), never changed in place; what a merge leaves behind stays until the file is made anew
//
// A head is believed when the file has its UUID, at least its rows, and its change number: the one that was reached, or the
// one that was announced before the commit (rows that were announced and did not change do no harm). Rows behind `covered`
// and changed ones are looked at by themselves, so that registering one exposure writes nothing, or one page, here. Nothing
// is ever repaired in place: what does not fit makes the whole index unused.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imreg/record_file.h"
#include "scan/segment.h"

namespace imreg::index {

constexpr std::size_t kMostSegments = 40, kMostChanged = 200;
constexpr std::int64_t kMostRows = 4'000'000'000;  ///< between the first and the last row of a segment

struct Head {
  char magic[8];
  std::uint64_t nonce;
  std::uint64_t signature;  ///< of the fields
  char uuid[40];
  std::int64_t covered;          ///< rows below this are in a segment
  std::int64_t done, announced;  ///< change numbers
  std::uint64_t witness;         ///< of the last covered row, 0 when it has changed since
  std::int64_t pages;            ///< of the file that are in use or were
  std::int64_t changed_count;
  std::int64_t changed[kMostChanged];
  std::int64_t segment_count;
  struct Piece {
    std::int64_t head_page, pages, rows;
  } segments[kMostSegments];
};
static_assert(sizeof(Head) <= kPayload);

/// A hash of what the index knows of a row.
std::uint64_t witness_of(const Fields& fields, RecordView record);

std::string index_path(const std::string& record_file);
std::uint64_t new_nonce();
Head new_head(const RecordFile& file, const Fields& fields);
Status write_head(File& file, const Head& head);
/// A new index file in one step, as `write` makes it. One that a killed writer left half-made is written over.
Result<File> replace_index(const std::string& path, IoObserver* observer, const std::function<Status(File&)>& write);
/// A segment by its head. Errors: corrupt, io.
Result<SegmentSource> source_of(const File& file, std::uint64_t nonce, std::int64_t head_page, const Fields& fields);
/// Of the segments before `end`: the first of those at the end that should become one, of at most `most` rows.
std::int64_t first_to_merge(const Head& head, std::int64_t end, std::int64_t most);
/// The segments first..end-1 of one index become the next one of another, or of the same.
Status copy_segments(const File& from, const Head& of, std::int64_t first, std::int64_t end, const Fields& fields,
                     File& to, Head& head);

/// Reads the head. Errors: not_found, io, corrupt, mismatch (of another version).
Result<Head> read_head(const File& file);

/// Whether a head describes a file; the sentence says why not, and is empty when it does.
std::string why_unfit(const Head& head, const RecordFile& file, const Fields& fields);

/// An index as a reader has it.
class Index {
 public:
  /// Nothing: `why` tells people the reason. Errors are reasons too: a search works without.
  static std::optional<Index> open(const RecordFile& file, std::string& why);

  const Fields& fields() const { return fields_; }
  std::int64_t covered() const { return head_.covered; }
  const std::vector<SegmentHead>& segments() const { return segments_; }
  /// Rows that changed since they were indexed, in order.
  std::vector<std::int64_t> changed() const;
  /// For one thread.
  PageReader reader() const { return {*file_, head_.nonce}; }

 private:
  explicit Index(const Schema& schema) : fields_(schema) {}
  std::unique_ptr<File> file_;
  Head head_{};
  std::vector<SegmentHead> segments_;
  Fields fields_;
};

/// Makes an index of a whole file, or of the rows that a simulator has instead of one.
class IndexBuilder {
 public:
  /// Errors: io. `path` is the record file's.
  static Result<IndexBuilder> create(const std::string& path, const Schema& schema, IoObserver* observer = nullptr);
  /// Rows in order, from 0 on.
  Status add(std::int64_t row, RecordView record);
  /// How far finish() is, from 0 to 1, is told to it.
  void set_progress(std::function<void(double share)> progress);
  /// Everything into X.db.idx, in one step. `file` is as it is with all rows that were added.
  Status finish(const RecordFile& file);

  IndexBuilder(IndexBuilder&&) noexcept;
  IndexBuilder& operator=(IndexBuilder&&) noexcept;
  ~IndexBuilder();

 private:
  struct State;
  explicit IndexBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace imreg::index
