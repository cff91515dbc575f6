// Elixir's default row: 12 words with a blank between them. Scripts of its users count the words, so no word is ever empty
// or has a blank in it. With -fields: the same kind of words, those fields only and without the index.
#include "emit/emit_internal.h"
#include "emit/write_cell.h"

namespace imreg::emit {

namespace {

class ElixirRow final : public RowWriter {
 public:
  ElixirRow(std::vector<Cell> cells, bool with_index, const EmitOptions& options, Sink sink)
      : cells_(std::move(cells)), with_index_(with_index), context_(options, std::move(sink)) {}

  bool row(std::int64_t index, RecordView record) override {
    if (!context_.buffer.open()) return false;
    char* out = context_.buffer.room(kIntegerSize + 1);
    if (with_index_) {
      out = write_number(out, index);
      *out++ = ' ';
    }
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        context_.buffer.commit(out);
        out = write_cell<Style::word>(context_, cell, record.bytes(), element);
        *out++ = ' ';
      }
    }
    out[-1] = '\n';
    context_.buffer.commit(out);
    return context_.buffer.row_done();
  }

  bool finish() override { return context_.buffer.flush(); }

 private:
  std::vector<Cell> cells_;
  bool with_index_;
  Context context_;
};

}  // namespace

MadeWriter make_elixir_row(const Schema& schema, const EmitOptions& options, Sink sink) {
  if (!options.fields.empty()) {
    IMREG_ASSIGN(auto chosen, make_cells(schema, options.fields, Style::word));
    return std::unique_ptr<RowWriter>(new ElixirRow(std::move(chosen), false, options, std::move(sink)));
  }
  const char* const time = options.registration_time ? "regtime" : "obstime";
  std::vector<Cell> cells;
  std::string missing;
  for (const char* name :
       {"type", "mode", "ccd", "pathname", "filename", "filter", "exptime", time, "fwhm", "bias", "sky"}) {
    const FieldInfo* field = schema.find(name);
    if (field && (field->type == Type::text || field->count == 1)) {
      cells.push_back(make_cell(schema, *field, Style::word));
    } else {
      missing += std::string(missing.empty() ? "" : ", ") + name;
    }
  }
  if (!missing.empty()) {
    return Status(Code::invalid,
                  "the records have no " + missing + ", so there is no default row: use -format table or -fields");
  }
  return std::unique_ptr<RowWriter>(new ElixirRow(std::move(cells), true, options, std::move(sink)));
}

}  // namespace imreg::emit
