// What every part of the checker needs: messages, nodes of the program, fields and literals; and where a tree begins.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "expression/checker_internal.h"
#include "expression/fields.h"
#include "expression/match.h"
#include "expression/units.h"
#include "record/statistics.h"
#include "sky/angle.h"

namespace imreg::expression {

std::string name_of_kind(const Typed& typed) {
  switch (typed.is) {
    case Is::number: return "a number";
    case Is::text: return "text";
    case Is::truth: return "a condition";
    case Is::time: return "a time";
    case Is::code:
      return "one of the words " + [&] {
        std::string out;
        for (const auto& word : typed.field->words) out += (out.empty() ? "" : ", ") + word;
        return out;
      }();
    case Is::months: return "a number of months";
    case Is::null: break;
  }
  return "null";
}

bool is_integer(Type type) {
  return type != Type::f32 && type != Type::f64 && type != Type::text && type != Type::boolean;
}

Compare compare_of(Sign sign) {
  switch (sign) {
    case Sign::not_equal: return Compare::not_equal;
    case Sign::less: return Compare::less;
    case Sign::less_equal: return Compare::less_equal;
    case Sign::greater: return Compare::greater;
    case Sign::greater_equal: return Compare::greater_equal;
    default: return Compare::equal;
  }
}
Compare turned(Compare compare) {
  switch (compare) {
    case Compare::less: return Compare::greater;
    case Compare::less_equal: return Compare::greater_equal;
    case Compare::greater: return Compare::less;
    case Compare::greater_equal: return Compare::less_equal;
    default: return compare;
  }
}

Status Checker::run(const Tree& tree) {
  IMREG_ASSIGN(Typed root, check(tree));
  if (root.is == Is::months) return fail(tree, shown(tree) + " is a number of months: it can only be added to a time");
  program_.root = root.node;
  program_.unit = root.unit;
  switch (root.is) {
    case Is::text: program_.kind = Expression::Kind::text; break;
    case Is::truth: program_.kind = Expression::Kind::truth; break;
    case Is::time: program_.kind = Expression::Kind::time; break;
    case Is::code:
      program_.kind = Expression::Kind::text;
      program_.root_text = word_of(root).node;
      break;
    default: break;
  }
  if (program_.root_text < 0 && root.is == Is::text) program_.root_text = root.node;
  if (root.field) program_.root_field = extra_of(root);
  return {};
}

std::string Checker::shown(const Tree& tree) const {
  std::string text = visible(std::string_view(program_.source).substr(tree.begin, tree.end - tree.begin));
  constexpr std::size_t kMost = 40;
  if (text.size() <= kMost) return text;
  std::size_t size = kMost;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size) + "...";
}

std::string Checker::number_hint(const Typed& typed) const {
  return typed.is == Is::text && typed.field ? "; number(" + shown(*typed.tree) + ") reads it as one" : "";
}

Status Checker::wanted(const Typed& typed, const std::string& what) const {
  return fail(*typed.tree, what + " is wanted here; " + shown(*typed.tree) + " is " + name_of_kind(typed) +
                               (what == "a number" ? number_hint(typed) : ""));
}

Status Checker::mismatch(const Typed& a, const Typed& b) const {
  const std::string hint = b.is == Is::number ? number_hint(a) : a.is == Is::number ? number_hint(b) : "";
  return fail(*b.tree,
              shown(*a.tree) + " is " + name_of_kind(a) + ", " + shown(*b.tree) + " " + name_of_kind(b) + hint);
}

Status Checker::inside(const Tree& tree, const std::string& message) const {
  constexpr std::string_view kColumn = "\": column ";
  const auto at = message.rfind(kColumn);
  const auto colon = at == message.npos ? at : message.find(": ", at + kColumn.size());
  double column = 0;
  if (colon == message.npos ||
      !parse_number(std::string_view(message).substr(at + kColumn.size(), colon - at - kColumn.size()), column))
    return fail(tree, message);
  const std::size_t quote = tree.kind == Tree::Kind::text ? 1 : 0;
  const std::size_t place = tree.begin + quote + static_cast<std::size_t>(column) - 1;
  return fault(program_.source, std::min(place, tree.end),
               message.substr(0, at + 1) + ": " + message.substr(colon + 2));
}

bool Checker::is_constant(int node) {
  const Op op = at(node).op;
  return op == Op::constant || op == Op::text_constant || op == Op::truth_constant;
}

int Checker::push(const Node& node, const Tree& tree) {
  program_.nodes.push_back(node);
  program_.places.emplace_back(tree.begin, tree.end);
  return static_cast<int>(program_.nodes.size()) - 1;
}

int Checker::constant(double value, const Tree& tree) {
  Node node;
  node.op = Op::constant;
  node.x = value;
  return push(node, tree);
}

int Checker::text_constant(std::string text, const Tree& tree) {
  Node node;
  node.op = Op::text_constant;
  node.extra = static_cast<int>(program_.texts.size());
  program_.texts.push_back(std::move(text));
  return push(node, tree);
}

int Checker::truth_constant(Truth value, const Tree& tree) {
  Node node;
  node.op = Op::truth_constant;
  node.x = static_cast<double>(value);
  return push(node, tree);
}

int Checker::add(const Node& node, Is is, const Tree& tree, std::vector<int> many) {
  Node made = node;
  if (!many.empty()) {
    made.extra = static_cast<int>(program_.many.size());
    program_.many.push_back(many);
  }
  for (const int argument : {node.a, node.b, node.c}) {
    if (argument >= 0) many.push_back(argument);
  }
  const int out = push(made, tree);
  if (!std::all_of(many.begin(), many.end(), [this](int n) { return n < 0 || is_constant(n); })) return out;
  if (is == Is::truth) return truth_constant(truth_of(program_, out, nullptr), tree);
  if (is != Is::text) return constant(number_of(program_, out, nullptr), tree);
  std::string scratch;
  return text_constant(std::string(text_of(program_, out, nullptr, scratch)), tree);
}

int Checker::unary(Op op, int a, Is is, const Tree& tree) {
  Node node;
  node.op = op;
  node.a = a;
  return add(node, is, tree);
}

int Checker::binary(Op op, int a, int b, Is is, const Tree& tree, bool exact) {
  Node node;
  node.op = op;
  node.a = a;
  node.b = b;
  node.exact = exact;
  return add(node, is, tree);
}

int Checker::many(Op op, std::vector<int> arguments, const Tree& tree) {
  Node node;
  node.op = op;
  return add(node, Is::truth, tree, std::move(arguments));
}

Typed Checker::typed(Is is, int node, const Tree& tree, std::string unit) {
  Typed out;
  out.is = is;
  out.node = node;
  out.tree = &tree;
  out.unit = std::move(unit);
  return out;
}

Checked Checker::field_of(const Tree& tree, const FieldInfo& field, int element) {
  if (field.type != Type::text && field.count > 1 && element < 0) {
    return fail(tree, field.name + " has " + std::to_string(field.count) + " elements; take one, from " + field.name +
                          "[0] to " + field.name + "[" + std::to_string(field.count - 1) + "]");
  }
  Node node;
  node.type = field.type;
  node.size = field.count;
  node.offset = field.offset + (field.type == Type::text ? 0 : std::max(element, 0) * size_of(field.type));
  node.x = field.scale;
  node.y = field.zero;
  node.missing = field.missing;
  node.failed_is_minus_one = is_elixir_statistic(field);
  node.extra = place_of(field, std::max(element, 0));
  const bool scaled = field.scale != 1 || field.zero != 0;
  Is is = Is::number;
  if (field.type == Type::boolean) {
    node.op = Op::truth_field;
    is = Is::truth;
  } else if (field.type == Type::text) {
    node.op = equal_nocase(field.name, "pathname") && program_.settings.expand_path ? Op::path_field : Op::text_field;
    is = Is::text;
  } else {
    const bool plain = !scaled && !field.missing;
    node.op = plain && field.type == Type::f64   ? Op::field_f64
              : plain && field.type == Type::f32 ? Op::field_f32
                                                 : Op::field;
    if (field.display == Display::time && !scaled) is = Is::time;
    if (!field.words.empty() && is_integer(field.type) && !scaled) is = Is::code;
  }
  Typed out = typed(is, push(node, tree), tree, is == Is::number ? field.unit : "");
  out.field = &field;
  return out;
}

int Checker::place_of(const FieldInfo& field, int element) {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i] == &field && program_.elements[i] == element) return static_cast<int>(i);
  }
  fields_.push_back(&field);
  program_.fields.push_back(field);
  program_.elements.push_back(element);
  program_.by_name.push_back(schema_.find(field.name) == &field);
  return static_cast<int>(fields_.size()) - 1;
}

Checked Checker::name_of(const Tree& tree) {
  int element = -1;
  IMREG_ASSIGN(const FieldInfo* const field, found(tree, element));
  if (field) return field_of(tree, *field, element);
  if (tree.loose) return unknown_name(tree);
  for (const std::string_view now : {"now", "current_timestamp", "localtimestamp"}) {
    if (equal_nocase(tree.text, now)) return typed(Is::time, constant(program_.settings.dates.now, tree), tree);
  }
  if (equal_nocase(tree.text, "today") || equal_nocase(tree.text, "current_date")) return date_of(tree, "today");
  return unknown_name(tree);
}

Result<const FieldInfo*> Checker::found(const Tree& tree, int& element) const {
  bool ambiguous = false;
  const FieldInfo* const field = find_field(schema_, tree.text, element, ambiguous);
  if (ambiguous)
    return fail(tree,
                "several fields are called " + visible(tree.text) + " when case does not count; write it exactly");
  return field;
}

Status Checker::unknown_name(const Tree& tree) const {
  std::vector<std::string> names;
  for (const auto& field : schema_.fields) names.push_back(field.name);
  const std::string near = nearest_names(tree.text, names);
  std::string message =
      "there is no field " + visible(tree.text) + (near.empty() ? "; imstatus fields lists them" : "; near: " + near);
  if (!tree.loose) message += "; if a text is meant: '" + visible(tree.text) + "'";
  return fail(tree, message);
}

Checked Checker::date_of(const Tree& tree, std::string text) {
  text = trim(text);
  if (const auto blank = text.find(' '); blank != text.npos) text[blank] = ',';
  const auto time = parse_date(text, program_.settings.dates);
  if (!time) return inside(tree, time.status().message());
  return typed(Is::time, constant(*time, tree), tree);
}

Checked Checker::number_literal(const Tree& tree) {
  double value = 0;
  if (!parse_number(tree.text, value) || !std::isfinite(value)) return fail(tree, "the number is too large");
  if (tree.suffix.empty()) {
    Typed out = typed(Is::number, constant(value, tree), tree);
    long long whole = 0;
    if (parse_integer(tree.text, whole)) at(out.node).whole = whole;
    return out;
  }
  return with_unit(tree, value, tree.suffix);
}

Checked Checker::with_unit(const Tree& tree, double value, const std::string& unit) {
  if (const int months = months_in(unit); months > 0) {
    if (value * months != std::floor(value * months)) return fail(tree, "months must be whole; give the rest in days");
    if (std::abs(value * months) > 12 * 9999) return fail(tree, "the length of time is more than 9999 years");
    return typed(Is::months, constant(value * months, tree), tree);
  }
  const bool known = !base_unit(unit).empty() || std::any_of(schema_.fields.begin(), schema_.fields.end(),
                                                             [&](const auto& f) { return equal_nocase(f.unit, unit); });
  if (!known)
    return fail(tree, "there is no unit " + visible(unit) +
                          "; there are ms s m min h d week M y, deg arcmin arcsec rad, kB MB GB");
  Typed out = typed(Is::number, constant(value, tree), tree, unit);
  out.given_unit = true;
  return out;
}

Checked Checker::interval_of(const Tree& tree) {
  const std::string_view text = trim(tree.text);
  const auto unit = std::min(text.find_first_not_of("+-0123456789. "), text.size());
  double value = 0;
  if (!parse_number(text.substr(0, unit), value) || unit == text.size())
    return fail(tree, "an interval is a number and a unit, such as INTERVAL '3 days'");
  IMREG_ASSIGN(Typed out, with_unit(tree, value, std::string(trim(text.substr(unit)))));
  if (out.is == Is::number && !to_unit(out, "s")) return fail(tree, "this is no length of time");
  return out;
}

Status check(const Tree& tree, const Schema& schema, Program& program) { return Checker(schema, program).run(tree); }

}  // namespace imreg::expression
