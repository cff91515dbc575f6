// CSV (RFC 4180) and TSV: a header line, then one line a row; arrays have one column per element.
#include "emit/emit_internal.h"
#include "emit/write_cell.h"

namespace imreg::emit {

namespace {

template <Style S>
class Delimited final : public RowWriter {
 public:
  Delimited(std::vector<Cell> cells, const EmitOptions& options, Sink sink)
      : cells_(std::move(cells)), context_(options, std::move(sink)) {
    single_ = cells_.size() == 1 && cells_[0].elements == 1;
    std::int64_t column = 0;
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        const auto name = cell.heading(element);
        char* out = context_.buffer.room(kMostGrowth * name.size() + kQuotes + 16);
        if (column++ > 0) *out++ = kSeparator;
        context_.buffer.commit(write_text<S>(out, name));
      }
    }
    end_line();
  }

  bool row(std::int64_t, RecordView record) override {
    if (!context_.buffer.open()) return false;
    bool first = true;
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        if (!first) {
          char* const out = context_.buffer.room(1);
          *out = kSeparator;
          context_.buffer.commit(out + 1);
        }
        first = false;
        char* out = write_cell<S>(context_, cell, record.bytes(), element);
        // The only value of a line: readers pass over empty lines, so an empty value has quotes.
        if (S == Style::csv && single_ && out == context_.buffer.room(0)) {
          *out++ = '"';
          *out++ = '"';
        }
        context_.buffer.commit(out);
      }
    }
    return end_line();
  }

  bool finish() override { return context_.buffer.flush(); }

 private:
  static constexpr char kSeparator = S == Style::csv ? ',' : '\t';

  bool end_line() {
    char* const out = context_.buffer.room(1);
    *out = '\n';
    context_.buffer.commit(out + 1);
    return context_.buffer.row_done();
  }

  std::vector<Cell> cells_;
  Context context_;
  bool single_ = false;
};

template <Style S>
MadeWriter make(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto cells, make_cells(schema, options.fields, S));
  return std::unique_ptr<RowWriter>(new Delimited<S>(std::move(cells), options, std::move(sink)));
}

}  // namespace

MadeWriter make_csv(const Schema& schema, const EmitOptions& options, Sink sink) {
  return make<Style::csv>(schema, options, std::move(sink));
}
MadeWriter make_tsv(const Schema& schema, const EmitOptions& options, Sink sink) {
  return make<Style::tsv>(schema, options, std::move(sink));
}

}  // namespace imreg::emit
