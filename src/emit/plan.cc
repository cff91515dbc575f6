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

// Places in procstate: 2 bits each.
int state_shift_of(std::string_view name) { return name == "bias" ? 0 : name == "sky" ? 2 : name == "fwhm" ? 4 : -1; }

// A field and one of its elements, or all (-1).
using Choice = std::pair<const FieldInfo*, int>;

// "teltemp[2]", or "TELTEMP2" of a field whose columns are TELTEMP0..3.
Choice find_element(const Schema& schema, std::string_view name) {
  long long element = 0;
  if (const auto open = name.find('['); open != name.npos && name.back() == ']') {
    const FieldInfo* field = schema.find(name.substr(0, open));
    if (field && field->type != Type::text && parse_integer(name.substr(open + 1, name.size() - open - 2), element) &&
        element >= 0 && element < field->count) {
      return {field, static_cast<int>(element)};
    }
  }
  for (const auto& field : schema.fields) {
    const auto dots = field.column.find("..");
    if (dots == std::string::npos || dots == 0 || name.size() < dots) continue;
    const auto stem = std::string_view(field.column).substr(0, dots - 1);
    if (starts_nocase(name, stem) && parse_integer(name.substr(stem.size()), element) && element >= 0 &&
        element < field.count) {
      return {&field, static_cast<int>(element)};
    }
  }
  return {nullptr, -1};
}

Result<Choice> find_choice(const Schema& schema, std::string_view name) {
  if (const FieldInfo* field = schema.find(name)) return Choice{field, -1};
  if (const auto choice = find_element(schema, name); choice.first) return choice;
  std::vector<std::string> names;
  for (const auto& field : schema.fields) names.push_back(field.name);
  const auto near = nearest_names(name.substr(0, name.find('[')), names);
  std::string message = "there is no field \"" + std::string(name) + "\"";
  if (!near.empty()) {
    message += "; near: " + near;
  } else {
    message += "; there are: ";
    constexpr std::size_t kMost = 60;
    for (std::size_t i = 0; i < names.size() && i < kMost; ++i) message += (i > 0 ? ", " : "") + names[i];
    if (names.size() > kMost) message += ", ...";
  }
  return Status(Code::not_found, message);
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
  cell.missing_is_zero = field.missing_is_zero;
  cell.degrees = field.unit == "deg";
  cell.step = size_of(field.type);
  if (field.type == Type::text) {
    cell.text_size = field.count;
    cell.pathname = equal_nocase(field.name, "pathname");
  } else {
    cell.elements = field.count;
    cell.array = field.count > 1;
  }
  const int shift = state_shift_of(to_lower(field.name));
  if (shift >= 0 && cell.kind == Kind::real32) {
    const FieldInfo* state = schema.find("procstate");
    cell.statistic = true;
    cell.failed_is_minus_one = field.missing_is_zero;
    if (state && state->type == Type::i16 && state->count == 1) {
      cell.state_offset = state->offset;
      cell.state_shift = shift;
    }
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
  for (const auto& name : names) {
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
  if (!names.empty()) return cells;
  for (const auto& field : schema.fields) {
    if (field.display != Display::hidden) cells.push_back(make_cell(schema, field, style));
  }
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
