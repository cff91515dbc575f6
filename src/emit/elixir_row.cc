// Elixir's default row: 12 words with a blank between them. Scripts of its users count the words, so no word is ever empty
// or has a blank in it. With -fields: the same kind of words, those fields only and without the index.
#include "emit/emit_internal.h"
#include "emit/line_writer.h"

namespace imreg::emit {

namespace {

class ElixirRow {
 public:
  ElixirRow(std::vector<Cell> cells, bool with_index) : cells_(std::move(cells)), with_index_(with_index) {}

  void put(Context& context, std::int64_t index, RecordView record) const {
    char* out = context.buffer.room(kIntegerSize + 1);
    if (with_index_) {
      out = write_number(out, index);
      *out++ = ' ';
    }
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        context.buffer.commit(out);
        out = write_cell<Style::word>(context, cell, record.bytes(), element);
        *out++ = ' ';
      }
    }
    out[-1] = '\n';
    context.buffer.commit(out);
  }

 private:
  std::vector<Cell> cells_;
  bool with_index_;
};

}  // namespace

MadeWriter make_elixir_row(const Schema& schema, const EmitOptions& options, Sink sink) {
  if (!options.fields.empty()) {
    IMREG_ASSIGN(auto chosen, make_cells(schema, options.fields, Style::word));
    return make_line_writer(ElixirRow(std::move(chosen), false), options, std::move(sink));
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
  return make_line_writer(ElixirRow(std::move(cells), true), options, std::move(sink));
}

}  // namespace imreg::emit
