// Aligned columns for eyes. Rows stream: the first block decides the widths. Elsewhere than on a terminal nothing is
// ever cut: a later value that is longer pushes its line to the right. On a terminal no line is wider than it: names of
// files and folders lose their middle, then other texts their end, each with an ellipsis; numbers are whole or, at the
// last, off the edge.
#include <algorithm>

#include "base/text.h"
#include "emit/emit_internal.h"
#include "emit/write_cell.h"

namespace imreg::emit {

namespace {

constexpr std::size_t kBlockRows = 500;
constexpr std::size_t kBlockBytes = 1 << 20;
constexpr int kLeastWidth = 16;  // of a shortened column, as long as that is enough
constexpr int kLeastText = 6;
constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6", kAsciiEllipsis = "~";  // U+2026; both are one column wide

// The fields of a registration that fit on a terminal.
constexpr const char* kChosen[] = {"obstime", "type", "filter", "exptime", "ccd", "object", "filename"};

// Columns of the terminal: 0 for marks that stand on the letter before, 2 for the wide letters of East Asia and
// pictures.
struct Wide {
  char32_t first, last;
  int columns;
};
constexpr Wide kWide[] = {{0x300, 0x36f, 0},    {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},
                          {0x2e80, 0x303e, 2},  {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},
                          {0xfe00, 0xfe0f, 0},  {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
                          {0xffe0, 0xffe6, 2},  {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
                          {0xe0100, 0xe01ef, 0}};

// The character at the begin of a text: its bytes and columns. Style::table leaves nothing but whole UTF-8 characters.
struct Character {
  std::size_t bytes;
  int columns;
};
Character character_at(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {1, 1};
  const auto bytes = std::max<std::size_t>(utf8_length(text), 1);
  char32_t code = first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  for (const auto& wide : kWide) {
    if (code >= wide.first && code <= wide.last) return {bytes, wide.columns};
  }
  return {bytes, 1};
}

int columns_of(std::string_view text) {
  int columns = 0;
  for (Character c{}; !text.empty(); text.remove_prefix(c.bytes)) columns += (c = character_at(text)).columns;
  return columns;
}

// The first bytes of a text, at most `columns` wide.
std::string_view head(std::string_view text, int columns) {
  std::size_t at = 0;
  for (Character c{}; at < text.size(); at += c.bytes) {
    c = character_at(text.substr(at));
    if ((columns -= c.columns) < 0) break;
  }
  return text.substr(0, at);
}

// The last bytes of a text, at most `columns` wide.
std::string_view tail(std::string_view text, int columns) {
  int surplus = columns_of(text) - columns;
  while (!text.empty() && surplus > 0) {
    const Character c = character_at(text);
    surplus -= c.columns;
    text.remove_prefix(c.bytes);
  }
  return text;
}

enum class Cut { never, end, middle };

struct Column {
  std::string heading;
  int width = 0;
  bool right = false;  // numbers
  Cut cut = Cut::never;
};

class Table final : public RowWriter {
 public:
  Table(std::vector<Cell> cells, const EmitOptions& options, Sink sink)
      : cells_(std::move(cells)),
        width_(options.width),
        ellipsis_(options.ascii ? kAsciiEllipsis : kEllipsis),
        context_(options, std::move(sink)) {
    for (const auto& cell : cells_) {
      for (int element = 0; element < cell.elements; ++element) {
        Column column;
        auto name = cell.heading(element);
        if (width_ > 0 && !cell.field.unit.empty() && cell.number()) name += " [" + cell.field.unit + "]";
        column.heading.resize(kMostGrowth * name.size() + kQuotes + 8);
        column.heading.resize(
            static_cast<std::size_t>(write_text<Style::table>(column.heading.data(), name) - column.heading.data()));
        column.width = columns_of(column.heading);
        column.right = cell.number();
        const auto& field = cell.field.name;
        const bool path_like = cell.pathname || equal_nocase(field, "filename") || equal_nocase(field, "path");
        if (width_ > 0 && cell.kind == Kind::text) column.cut = path_like ? Cut::middle : Cut::end;
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

  // Takes columns from the widest of the names of files, then from the widest of the other texts, until all fit.
  void fit() {
    if (width_ <= 0) return;
    long long total = -static_cast<long long>(kGap.size());
    for (const auto& column : columns_) total += column.width + static_cast<long long>(kGap.size());
    for (const int least : {kLeastWidth, kLeastText}) {
      for (const Cut cut : {Cut::middle, Cut::end}) {
        for (Column* widest = nullptr; total > width_; --widest->width, --total) {
          widest = nullptr;
          for (auto& column : columns_) {
            const bool may = column.cut == cut && column.width > std::max(least, columns_of(column.heading));
            if (may && (!widest || column.width > widest->width)) widest = &column;
          }
          if (!widest) break;
        }
      }
    }
  }

  void print_held() {
    if (!begun_) begin();
    for (std::size_t i = 0; i < ends_.size(); ++i) print(i % columns_.size(), held(i));
    held_.clear();
    ends_.clear();
  }

  // One value; the last of a line sends the line.
  void print(std::size_t c, std::string_view text) {
    const auto& column = columns_[c];
    const bool last = c + 1 == columns_.size();
    const int used = columns_of(text);
    const auto padding = static_cast<std::size_t>(std::max(0, column.width - used));
    if (column.right) line_.append(padding, ' ');
    if (column.cut == Cut::never || used <= column.width) {
      line_ += text;
    } else {
      const int kept = std::max(0, column.width - 1);
      const int front = column.cut == Cut::end ? kept : kept / 2;
      line_ += head(text, front);
      line_ += ellipsis_;
      line_ += tail(text, kept - front);
    }
    if (!last) {
      if (!column.right) line_.append(padding, ' ');
      line_ += kGap;
      return;
    }
    std::string_view line = line_;
    std::string cut;
    if (width_ > 0 && columns_of(line) > width_) {
      cut.append(head(line, width_ - 1)).append(ellipsis_);
      line = cut;
    }
    char* out = context_.buffer.room(line.size() + 1);
    out = std::copy(line.begin(), line.end(), out);
    *out++ = '\n';
    context_.buffer.commit(out);
    line_.clear();
  }

  std::vector<Cell> cells_;
  std::vector<Column> columns_;
  std::string held_;               // values that are not printed yet, one after another
  std::vector<std::size_t> ends_;  // of the values
  std::string line_;               // as far as it is printed
  int width_;
  std::string_view ellipsis_;
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
