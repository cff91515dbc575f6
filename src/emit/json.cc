// JSON lines: one object a row (RFC 8259), keys are the .fmt field names.
#include "emit/emit_internal.h"
#include "emit/line_writer.h"

namespace imreg::emit {

namespace {

class Json {
 public:
  explicit Json(std::vector<Cell> cells) {
    for (auto& cell : cells) {
      const std::string name = cell.name();
      std::string key(kMostGrowth * name.size() + kQuotes + 8, '\0');
      key.resize(static_cast<std::size_t>(write_text<Style::json>(key.data(), name) - key.data()));
      keys_.emplace_back((cells_.empty() ? "{" : ",") + key + ":" + (cell.array ? "[" : ""));
      cells_.push_back(std::move(cell));
    }
  }

  void put(Context& context, std::int64_t, RecordView record) const {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const auto& cell = cells_[i];
      context.buffer.commit(keys_[i].write(context.buffer.room(keys_[i].room())));
      char* out = write_cell<Style::json>(context, cell, record.bytes(), 0);
      for (int element = 1; element < cell.elements; ++element) {
        *out++ = ',';
        context.buffer.commit(out);
        out = write_cell<Style::json>(context, cell, record.bytes(), element);
      }
      if (cell.array) *out++ = ']';
      context.buffer.commit(out);
    }
    char* out = context.buffer.room(2);
    *out++ = '}';
    *out++ = '\n';
    context.buffer.commit(out);
  }

 private:
  std::vector<Cell> cells_;
  std::vector<Snippet> keys_;  // {"name":  ,"name":  ,"name":[
};

}  // namespace

MadeWriter make_json(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto cells, make_distinct_cells(schema, options.fields, Style::json));
  return make_line_writer(Json(std::move(cells)), options, std::move(sink));
}

}  // namespace imreg::emit
