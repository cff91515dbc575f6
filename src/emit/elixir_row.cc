// Elixir's default row: 12 words with a blank between them. Scripts of its users count the words, so no word is ever empty
// or has a blank in it. With -fields: the same kind of words, those fields only and without the index.
#include "emit/emit_internal.h"
#include "emit/line_writer.h"

namespace imreg::emit {

namespace {

class ElixirRow {
 public:
  ElixirRow(std::vector<Cell> cells, bool with_index) : cells_(std::move(cells)), with_index_(with_index) {
    for (const auto& cell : cells_) {
      remembered_.push_back(cell.elements == 1 && ((cell.kind == Kind::time && cell.type == Type::f64) ||
                                                   (cell.kind == Kind::real32 && !cell.statistic)));
    }
  }

  void put(Context& context, std::int64_t index, RecordView record) const {
    char* out = context.buffer.room(kIntegerSize + 1);
    if (with_index_) {
      out = write_number(out, index);
      *out++ = ' ';
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const auto& cell = cells_[i];
      if (remembered_[i]) {
        context.buffer.commit(out);
        out = put_again(context, i, record.bytes());
        *out++ = ' ';
        continue;
      }
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
  // The CCDs of one exposure follow each other and share its times: what was written last is copied.
  char* put_again(Context& context, std::size_t i, const char* record) const {
    const auto& cell = cells_[i];
    const char* const at = record + cell.offset;
    const std::uint64_t raw = cell.type == Type::f64 ? load_big<std::uint64_t>(at) : load_big<std::uint32_t>(at);
    if (context.last_words.size() <= i) context.last_words.resize(cells_.size());
    auto& last = context.last_words[i];
    char* const out = context.buffer.room(cell.room + sizeof last.text);
    if (last.size == 0 || last.raw != raw) {
      char* const end = write_element<Style::word>(out, cell, record, 0, context.tz_hours);
      const auto size = static_cast<std::size_t>(end - out);
      last.size = size <= sizeof last.text ? size : 0;
      last.raw = raw;
      std::memcpy(last.text, out, last.size);
      return end;
    }
    std::memcpy(out, last.text, sizeof last.text);
    return out + last.size;
  }

  std::vector<Cell> cells_;
  std::vector<char> remembered_;
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
