// JSON lines: one object a row (RFC 8259), keys are the .fmt field names.
#include <algorithm>

#include "emit/emit_internal.h"
#include "emit/write_cell.h"

namespace imreg::emit {

namespace {

class Json final : public RowWriter {
 public:
  Json(std::vector<Cell> cells, const EmitOptions& options, Sink sink) : context_(options, std::move(sink)) {
    std::vector<std::string> seen;
    for (auto& cell : cells) {
      const std::string name = cell.array ? cell.field.name : cell.heading(0);
      if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;  // a key stands once in an object
      seen.push_back(name);
      std::string key(kMostGrowth * name.size() + kQuotes + 8, '\0');
      key.resize(static_cast<std::size_t>(write_text<Style::json>(key.data(), name) - key.data()));
      keys_.emplace_back((cells_.empty() ? "{" : ",") + key + ":" + (cell.array ? "[" : ""));
      cells_.push_back(std::move(cell));
    }
  }

  bool row(std::int64_t, RecordView record) override {
    if (!context_.buffer.open()) return false;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const auto& cell = cells_[i];
      context_.buffer.commit(keys_[i].write(context_.buffer.room(keys_[i].room())));
      char* out = write_cell<Style::json>(context_, cell, record.bytes(), 0);
      for (int element = 1; element < cell.elements; ++element) {
        *out++ = ',';
        context_.buffer.commit(out);
        out = write_cell<Style::json>(context_, cell, record.bytes(), element);
      }
      if (cell.array) *out++ = ']';
      context_.buffer.commit(out);
    }
    char* out = context_.buffer.room(2);
    *out++ = '}';
    *out++ = '\n';
    context_.buffer.commit(out);
    return context_.buffer.row_done();
  }

  bool finish() override { return context_.buffer.flush(); }

 private:
  std::vector<Cell> cells_;
  std::vector<Snippet> keys_;  // {"name":  ,"name":  ,"name":[
  Context context_;
};

}  // namespace

MadeWriter make_json(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto cells, make_cells(schema, options.fields, Style::json));
  if (cells.empty()) return Status(Code::invalid, "no field is left to print: name some with -fields");
  return std::unique_ptr<RowWriter>(new Json(std::move(cells), options, std::move(sink)));
}

}  // namespace imreg::emit
