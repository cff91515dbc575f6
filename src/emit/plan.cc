// From names to cells.
#include "emit/plan.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "emit/number.h"

namespace imreg::emit {

namespace {

constexpr std::size_t kMargin = 16;  // separators, quotes, and what is copied too much

Kind kind_of(const FieldInfo& field) {
  if (field.type == Type::text) return Kind::text;
  if (field.type == Type::boolean) return Kind::boolean;
  if (field.scale != 1 || field.zero != 0) return Kind::scaled;
  if (field.display == Display::time) return Kind::time;
  const bool real = field.type == Type::f32 || field.type == Type::f64;
  if (field.display == Display::words && !real) return Kind::word;
  if (field.type == Type::f32) return Kind::real32;
  return field.type == Type::f64 ? Kind::real64 : Kind::integer;
}

std::size_t room_of(const Cell& cell) {
  switch (cell.kind) {
    case Kind::text: return kMostGrowth * static_cast<std::size_t>(cell.text_size) + kQuotes + kMargin;
    case Kind::boolean:
    case Kind::integer: return kIntegerSize + kMargin;
    case Kind::real32: return kFloatSize + kMargin;
    case Kind::real64:
    case Kind::scaled:
    case Kind::time: return kDoubleSize + kMargin;
    case Kind::word: break;
  }
  std::size_t room = kIntegerSize;
  for (const auto& word : cell.words) room = std::max(room, word.room());
  return room + kMargin;
}

Snippet render(Style style, std::string_view text) {
  std::string out(kMostGrowth * text.size() + kQuotes, '\0');
  out.resize(static_cast<std::size_t>(write_careful(style, out.data(), text) - out.data()));
  return Snippet(out);
}

// A field and one of its elements, or all (-1).
using Choice = std::pair<const FieldInfo*, int>;

Result<Choice> find_choice(const Schema& schema, std::string_view name) {
  int element = -1;
  const FieldInfo* field = schema.find(name);
  if (!field) field = schema.find_element(name, element);
  if (!field) return schema.no_field(name);
  return Choice{field, element};
}

}  // namespace

std::string Cell::heading(int element) const {
  if (field.count == 1 || field.type == Type::text) return field.name;
  return field.name + "[" + std::to_string(first_element + element) + "]";
}

Cell make_cell(const Schema& schema, const FieldInfo& field, Style style) {
  Cell cell;
  cell.field = field;
  cell.kind = kind_of(field);
  cell.type = field.type;
  cell.offset = field.offset;
  cell.missing = field.missing;
  cell.degrees = field.unit == "deg";
  cell.step = size_of(field.type);
  if (field.type == Type::text) {
    cell.text_size = field.count;
    cell.pathname = equal_nocase(field.name, "pathname");
  } else {
    cell.elements = field.count;
    cell.array = field.count > 1;
  }
  if (const auto statistic = statistic_of(field.name); statistic && cell.kind == Kind::real32) {
    cell.statistic = statistic;
    cell.failed_is_minus_one = is_elixir_statistic(field);
    if (const FieldInfo* state = find_procstate(schema)) cell.state_offset = state->offset;
  }
  if (cell.kind == Kind::word) {
    for (const auto& word : field.words) cell.words.push_back(render(style, word));
    // "none" says that nothing is known; JSON has a word of its own for that.
    if (style == Style::json && !field.words.empty() && field.words[0] == "none") cell.words[0] = Snippet("null");
  }
  cell.room = room_of(cell);
  return cell;
}

Result<std::vector<Cell>> make_cells(const Schema& schema, const std::vector<std::string>& names, Style style) {
  std::vector<Cell> cells;
  const auto add_all = [&] {
    for (const auto& field : schema.fields) {
      if (field.display != Display::hidden) cells.push_back(make_cell(schema, field, style));
    }
  };
  for (const auto& name : names) {
    if (trim(name) == "*") {
      add_all();
      continue;
    }
    IMREG_ASSIGN(const Choice choice, find_choice(schema, trim(name)));
    Cell cell = make_cell(schema, *choice.first, style);
    if (choice.second >= 0) {
      cell.first_element = choice.second;
      cell.offset += choice.second * cell.step;
      cell.elements = 1;
      cell.array = false;
    }
    cells.push_back(std::move(cell));
  }
  if (names.empty()) add_all();
  return cells;
}

Result<std::vector<Cell>> make_distinct_cells(const Schema& schema, const std::vector<std::string>& names,
                                              Style style) {
  IMREG_ASSIGN(auto cells, make_cells(schema, names, style));
  std::vector<std::string> seen;
  std::vector<Cell> out;
  for (auto& cell : cells) {
    if (std::find(seen.begin(), seen.end(), cell.name()) != seen.end()) continue;
    seen.push_back(cell.name());
    out.push_back(std::move(cell));
  }
  if (out.empty()) return Status(Code::invalid, "no field is left to print: name some with -fields");
  return out;
}

}  // namespace imreg::emit
