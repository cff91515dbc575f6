// Formats whose rows are lines of text that do not depend on each other: the writer around what knows one line.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "emit/write_cell.h"

namespace imreg::emit {

/// Lines has put(Context&, index, record) for one row, called by several threads, each with a Context of its own; and
/// if something stands before or behind the rows, begin(Context&), end(Context&).
template <class Lines>
class LineWriter final : public RowWriter {
 public:
  LineWriter(Lines lines, const EmitOptions& options, Sink sink)
      : lines_(std::move(lines)), expand_path_(options.expand_path), context_(options, std::move(sink)) {
    if constexpr (requires { lines_.begin(context_); }) lines_.begin(context_);
  }

  bool row(std::int64_t index, RecordView record) override {
    if (!context_.buffer.open()) return false;
    lines_.put(context_, index, record);
    return context_.buffer.row_done();
  }
  bool finish() override {
    if constexpr (requires { lines_.end(context_); }) lines_.end(context_);
    return context_.buffer.flush();
  }

  bool can_format_rows() const override { return true; }
  void format_rows(std::int64_t first, std::span<const RecordView> records, std::string& out) const override {
    EmitOptions options;
    options.expand_path = expand_path_;
    options.tz_hours = context_.tz_hours;
    Context context(options, [&out](std::string_view text) { return out.append(text), true; });
    for (const RecordView record : records) {
      lines_.put(context, first++, record);
      context.buffer.row_done();
    }
    context.buffer.flush();
  }
  bool lines(std::string_view text) override { return context_.buffer.pass(text); }

 private:
  Lines lines_;
  std::function<std::string(std::string_view)> expand_path_;
  Context context_;
};

template <class Lines>
std::unique_ptr<RowWriter> make_line_writer(Lines lines, const EmitOptions& options, Sink sink) {
  return std::make_unique<LineWriter<Lines>>(std::move(lines), options, std::move(sink));
}

/// A short text as it is.
inline void put_text(Context& context, std::string_view text) {
  char* const out = context.buffer.room(text.size());
  context.buffer.commit(std::copy(text.begin(), text.end(), out));
}

}  // namespace imreg::emit
