// CSV (RFC 4180) and TSV: a header line, then one line a row; arrays have one column per element.
#include "emit/emit_internal.h"
#include "emit/line_writer.h"

namespace imreg::emit {

namespace {

template <Style S>
class Delimited {
 public:
  explicit Delimited(std::vector<Cell> cells)
      : cells_(std::move(cells)), single_(cells_.size() == 1 && cells_[0].elements == 1) {}

  void begin(Context& context) const {
    std::int64_t column = 0;
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        const auto name = cell.heading(element);
        char* out = context.buffer.room(kMostGrowth * name.size() + kQuotes + 16);
        if (column++ > 0) *out++ = kSeparator;
        context.buffer.commit(write_text<S>(out, name));
      }
    }
    end_line(context);
    context.buffer.row_done();
  }

  void put(Context& context, std::int64_t, RecordView record) const {
    bool first = true;
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        if (!first) {
          char* const out = context.buffer.room(1);
          *out = kSeparator;
          context.buffer.commit(out + 1);
        }
        first = false;
        char* out = write_cell<S>(context, cell, record.bytes(), element);
        // The only value of a line: readers pass over empty lines, so an empty value has quotes.
        if (S == Style::csv && single_ && out == context.buffer.room(0)) {
          *out++ = '"';
          *out++ = '"';
        }
        context.buffer.commit(out);
      }
    }
    end_line(context);
  }

 private:
  static constexpr char kSeparator = S == Style::csv ? ',' : '\t';

  static void end_line(Context& context) {
    char* const out = context.buffer.room(1);
    *out = '\n';
    context.buffer.commit(out + 1);
  }

  std::vector<Cell> cells_;
  bool single_;
};

template <Style S>
MadeWriter make(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto cells, make_cells(schema, options.fields, S));
  return make_line_writer(Delimited<S>(std::move(cells)), options, std::move(sink));
}

}  // namespace

MadeWriter make_csv(const Schema& schema, const EmitOptions& options, Sink sink) {
  return make<Style::csv>(schema, options, std::move(sink));
}
MadeWriter make_tsv(const Schema& schema, const EmitOptions& options, Sink sink) {
  return make<Style::tsv>(schema, options, std::move(sink));
}

}  // namespace imreg::emit
