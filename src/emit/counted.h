// Formats whose head tells the number of rows, and whose rows have a fixed length: npy and fits. A file gets its head
// written again when the number is known; for a pipe the rows wait in an unlinked temporary file.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "emit/write_cell.h"
#include "os/file.h"

namespace imreg::emit {

/// The bytes on their way: head, rows, tail.
class CountedOutput {
 public:
  explicit CountedOutput(Sink sink) : sink_(std::move(sink)) {}

  bool begun() const { return begun_; }
  /// The head of no rows; every head has its length.
  bool begin(const std::string& empty_head);
  /// Bytes of rows.
  bool take(std::string_view rows);
  /// The last rows; then all is complete.
  bool finish(std::string_view rows, const std::string& head, const std::string& tail);
  const Status& status() const { return status_; }

 private:
  Sink sink_;
  bool begun_ = false;
  File spool_;
  std::int64_t spooled_ = 0;
  Status status_;
};

/// Rows knows the format: row_size(); put(char* out, row from 0, RecordView, Paths&, Status&) for one row, false when
/// it cannot be written; head(rows) of one length for any number; tail(rows).
template <class Rows>
class CountedWriter final : public RowWriter {
 public:
  CountedWriter(Rows rows, const EmitOptions& options, Sink sink)
      : rows_(std::move(rows)), paths_(options.expand_path), output_(std::move(sink)) {
    piece_.resize(std::max(kPiece / rows_.row_size(), std::size_t{1}) * rows_.row_size());
  }

  bool row(std::int64_t, RecordView record) override {
    if (!open_) return false;
    if (used_ == piece_.size()) {
      open_ = (output_.begun() || output_.begin(rows_.head(0))) && output_.take(piece_);
      used_ = 0;
      if (!open_) return false;
    }
    open_ = rows_.put(piece_.data() + used_, count_, record, paths_, status_);
    if (!open_) return false;
    used_ += rows_.row_size();
    ++count_;
    return true;
  }
  bool finish() override {
    open_ = open_ && output_.finish(std::string_view(piece_).substr(0, used_), rows_.head(count_), rows_.tail(count_));
    return open_;
  }
  Status status() const override { return status_.ok() ? output_.status() : status_; }

 private:
  static constexpr std::size_t kPiece = 256 * 1024;

  Rows rows_;
  Paths paths_;
  CountedOutput output_;
  std::string piece_;
  std::size_t used_ = 0;
  std::int64_t count_ = 0;
  bool open_ = true;
  Status status_;
};

template <class Rows>
std::unique_ptr<RowWriter> make_counted_writer(Rows rows, const EmitOptions& options, Sink sink) {
  return std::make_unique<CountedWriter<Rows>>(std::move(rows), options, std::move(sink));
}

}  // namespace imreg::emit
