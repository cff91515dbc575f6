// The rows of files that move: which they are, what they become, and the one step that changes them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "archive/moving_file.h"
#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg::archive {

/// One by which rows know an item: the path that was typed, and the one without links where that leads through one.
struct Way {
  std::string from, to;
  bool folder = false;
  std::size_t item = 0;
};
std::vector<Way> ways_of(const std::vector<MovingItem>& items);

struct RowPlace {
  std::int64_t row;
  std::size_t way;
};

class MoveRows {
 public:
  MoveRows(const RecordFile& file, const PathRoots& roots, std::vector<Way> ways)
      : file_(file), roots_(roots), ways_(std::move(ways)) {}

  const std::vector<Way>& ways() const { return ways_; }
  /// The rows of all files, deleted ones too, in order.
  Status find();
  const std::vector<RowPlace>& rows() const { return rows_; }
  /// The whole path of a row's file.
  std::string path_of(RecordView row) const;
  /// The whole path that a file gets.
  std::string moved(const std::string& path, const Way& way) const { return way.to + path.substr(way.from.size()); }
  /// The row with its new path. Error: invalid, it does not fit.
  Status place(Record& row, const std::string& path) const;
  /// Rows that would get one key: a file that was registered by the way through a link and by the one without.
  std::vector<std::vector<RowPlace>> of_one_image() const;
  /// Rows that stand at the new places now: by the row that would get the same key.
  Result<std::unordered_map<std::int64_t, std::int64_t>> in_the_way() const;

 private:
  Result<std::vector<RowPlace>> rows_at(std::string Way::*side) const;

  const RecordFile& file_;
  const PathRoots& roots_;
  std::vector<Way> ways_;
  std::vector<RowPlace> rows_;
};

/// Gives the rows of all items their new paths, or marks them as deleted: one atomic step, with its history. A file that was
/// registered at its new place meanwhile is one image, with one row. Rows of files that are still, or again, at the old place
/// stay. Run again it changes nothing. Returns how many rows changed. Errors: those of commit_many and HistoryWriter.
struct MoveStep {
  const Moving& moving;
  const std::vector<MovingItem>& items;  ///< those of it that have moved
  double wait_seconds = 10;
  bool on_network = false;
  IoObserver* observer = nullptr;
};
Result<std::int64_t> commit_move(RecordWriter& writer, const PathRoots& roots, const MoveStep& step);
/// How many it would change.
Result<std::int64_t> rows_to_change(const RecordFile& file, const PathRoots& roots, const MoveStep& step);

}  // namespace imreg::archive
