// Aligned columns for eyes. Rows stream: the first block decides the widths, a later value that is longer pushes its line to
// the right. On a terminal that is too narrow, names of files and folders lose their middle, nothing else is ever cut.
#include <algorithm>

#include "base/text.h"
#include "emit/emit_internal.h"
#include "emit/write_cell.h"

namespace imreg::emit {

namespace {

constexpr std::size_t kBlockRows = 500;
constexpr std::size_t kBlockBytes = 1 << 20;
constexpr int kLeastWidth = 16;  // of a shortened column
constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";  // U+2026, one column wide

// The fields of a registration that fit on a terminal.
constexpr const char* kChosen[] = {"obstime", "type", "filter", "exptime", "ccd", "object", "filename"};

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }
int columns_of(std::string_view utf8) {
  return static_cast<int>(std::count_if(utf8.begin(), utf8.end(), begins_character));
}

// The first bytes of a text, `columns` wide.
std::string_view head(std::string_view text, int columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_character(text[at]) && columns-- == 0) break;
  }
  return text.substr(0, at);
}

struct Column {
  std::string heading;
  int width = 0;
  bool right = false;      // numbers
  bool path_like = false;  // may lose its middle
  bool shortened = false;
};

class Table final : public RowWriter {
 public:
  Table(std::vector<Cell> cells, const EmitOptions& options, Sink sink)
      : cells_(std::move(cells)), width_(options.width), context_(options, std::move(sink)) {
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        Column column;
        const auto name = cell.heading(element);
        column.heading.resize(kMostGrowth * name.size() + kQuotes + 8);
        column.heading.resize(
            static_cast<std::size_t>(write_text<Style::table>(column.heading.data(), name) - column.heading.data()));
        column.width = columns_of(column.heading);
        column.right = cell.number();
        const auto& field = cell.field.name;
        column.path_like = cell.pathname || equal_nocase(field, "filename") || equal_nocase(field, "path");
        columns_.push_back(std::move(column));
      }
    }
  }

  bool row(std::int64_t, RecordView record) override {
    if (!context_.buffer.open()) return false;
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        // Written into the buffer only as a scratch pad: nothing is committed.
        char* const end = write_cell<Style::table>(context_, cell, record.bytes(), element);
        char* const start = context_.buffer.room(0);
        held_.append(start, end);
        ends_.push_back(held_.size());
      }
    }
    if (!begun_ && ends_.size() < kBlockRows * columns_.size() && held_.size() < kBlockBytes) return true;
    print_held();
    return context_.buffer.row_done();
  }

  bool finish() override {
    print_held();
    return context_.buffer.flush();
  }

 private:
  std::string_view held(std::size_t i) const {
    const std::size_t start = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(held_).substr(start, ends_[i] - start);
  }

  void begin() {
    begun_ = true;
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      auto& column = columns_[i % columns_.size()];
      column.width = std::max(column.width, columns_of(held(i)));
    }
    fit();
    for (std::size_t c = 0; c < columns_.size(); ++c) print(c, columns_[c].heading);
  }

  // Takes columns from the widest of the path-like ones until all fit.
  void fit() {
    if (width_ <= 0) return;
    long long total = -static_cast<long long>(kGap.size());
    for (const auto& column : columns_) total += column.width + static_cast<long long>(kGap.size());
    while (total > width_) {
      Column* widest = nullptr;
      for (auto& column : columns_) {
        const int least = std::max(kLeastWidth, columns_of(column.heading));
        if (column.path_like && column.width > least && (!widest || column.width > widest->width)) widest = &column;
      }
      if (!widest) return;
      --widest->width;
      --total;
      widest->shortened = true;
    }
  }

  void print_held() {
    if (!begun_) begin();
    for (std::size_t i = 0; i < ends_.size(); ++i) print(i % columns_.size(), held(i));
    held_.clear();
    ends_.clear();
  }

  void print(std::size_t c, std::string_view text) {
    const auto& column = columns_[c];
    const bool last = c + 1 == columns_.size();
    int used = columns_of(text);
    std::string_view tail;
    if (column.shortened && used > column.width) {
      const int front = (column.width - 1) / 2;
      const int back = column.width - 1 - front;
      tail = text.substr(head(text, used - back).size());
      text = head(text, front);
      used = column.width;
    }
    const auto padding = static_cast<std::size_t>(std::max(0, column.width - used));
    char* out = context_.buffer.room(text.size() + tail.size() + padding + 16);
    if (column.right) out = std::fill_n(out, padding, ' ');
    out = std::copy(text.begin(), text.end(), out);
    if (!tail.empty()) {
      out = std::copy(kEllipsis.begin(), kEllipsis.end(), out);
      out = std::copy(tail.begin(), tail.end(), out);
    }
    if (!column.right && !last) out = std::fill_n(out, padding, ' ');
    const std::string_view end = last ? std::string_view("\n") : kGap;
    context_.buffer.commit(std::copy(end.begin(), end.end(), out));
  }

  std::vector<Cell> cells_;
  std::vector<Column> columns_;
  std::string held_;               // values that are not printed yet, one after another
  std::vector<std::size_t> ends_;  // of the values
  int width_;
  bool begun_ = false;
  Context context_;
};

}  // namespace

MadeWriter make_table(const Schema& schema, const EmitOptions& options, Sink sink) {
  auto names = options.fields;
  if (names.empty()) {
    for (const char* name : kChosen) {
      if (schema.find(name)) names.push_back(name);
    }
    // Other kinds of records may have one or two of these by chance.
    if (names.size() < std::size(kChosen) - 1) names.clear();  // Elixir's records have no object
  }
  IMREG_ASSIGN(auto cells, make_cells(schema, names, Style::table));
  if (cells.empty()) return Status(Code::invalid, "no field is left to print: name some with -fields");
  return std::unique_ptr<RowWriter>(new Table(std::move(cells), options, std::move(sink)));
}

}  // namespace imreg::emit
