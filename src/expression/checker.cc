#include "expression/checker.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"
#include "expression/fields.h"
#include "expression/functions.h"
#include "expression/match.h"
#include "expression/units.h"
#include "record/statistics.h"
#include "sky/angle.h"

namespace imreg::expression {

namespace {

using Program = Expression::Program;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

enum class Is { number, text, truth, time, code, null, months };

// A checked part.
struct Typed {
  Is is = Is::null;
  int node = -1;
  const Tree* tree = nullptr;
  const FieldInfo* field = nullptr;  // it is nothing but this field
  std::string unit;
  bool given_unit = false;  // a constant that was written with its unit
  bool exact = false;       // a text whose case matters
};
using Checked = Result<Typed>;

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
bool is_equality(Compare compare) { return compare == Compare::equal || compare == Compare::not_equal; }

class Checker {
 public:
  Checker(const Schema& schema, Program& program) : schema_(schema), program_(program) {}

  Status run(const Tree& tree) {
    IMREG_ASSIGN(Typed root, check(tree));
    if (root.is == Is::months)
      return fail(tree, shown(tree) + " is a number of months: it can only be added to a time");
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

 private:
  // --- messages
  std::string shown(const Tree& tree) const {
    std::string text = visible(std::string_view(program_.source).substr(tree.begin, tree.end - tree.begin));
    constexpr std::size_t kMost = 40;
    if (text.size() <= kMost) return text;
    std::size_t size = kMost;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    return text.substr(0, size) + "...";
  }
  Status fail(const Tree& tree, const std::string& what) const { return fault(program_.source, tree.begin, what); }
  Status wanted(const Typed& typed, const std::string& what) const {
    return fail(*typed.tree, what + " is wanted here; " + shown(*typed.tree) + " is " + name_of_kind(typed));
  }
  Status mismatch(const Typed& a, const Typed& b) const {
    return fail(*b.tree, shown(*a.tree) + " is " + name_of_kind(a) + ", " + shown(*b.tree) + " " + name_of_kind(b));
  }
  // `date "2003/13/01": column 6: why` becomes a fault at that place of the whole text.
  Status inside(const Tree& tree, const std::string& message) const {
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

  // --- nodes
  Node& at(int node) { return program_.nodes[static_cast<std::size_t>(node)]; }
  bool is_constant(int node) {
    const Op op = at(node).op;
    return op == Op::constant || op == Op::text_constant || op == Op::truth_constant;
  }
  int push(const Node& node, const Tree& tree) {
    program_.nodes.push_back(node);
    program_.places.emplace_back(tree.begin, tree.end);
    return static_cast<int>(program_.nodes.size()) - 1;
  }
  int constant(double value, const Tree& tree) {
    Node node;
    node.op = Op::constant;
    node.x = value;
    return push(node, tree);
  }
  int text_constant(std::string text, const Tree& tree) {
    Node node;
    node.op = Op::text_constant;
    node.extra = static_cast<int>(program_.texts.size());
    program_.texts.push_back(std::move(text));
    return push(node, tree);
  }
  int truth_constant(Truth value, const Tree& tree) {
    Node node;
    node.op = Op::truth_constant;
    node.x = static_cast<double>(value);
    return push(node, tree);
  }
  // A node whose arguments are all constants is computed now.
  int add(const Node& node, Is is, const Tree& tree, std::vector<int> many = {}) {
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
  int unary(Op op, int a, Is is, const Tree& tree) {
    Node node;
    node.op = op;
    node.a = a;
    return add(node, is, tree);
  }
  int binary(Op op, int a, int b, Is is, const Tree& tree, bool exact = false) {
    Node node;
    node.op = op;
    node.a = a;
    node.b = b;
    node.exact = exact;
    return add(node, is, tree);
  }
  int negation(int a, const Tree& tree) { return unary(Op::negation, a, Is::truth, tree); }
  int many(Op op, std::vector<int> arguments, const Tree& tree) {
    Node node;
    node.op = op;
    return add(node, Is::truth, tree, std::move(arguments));
  }
  static Typed typed(Is is, int node, const Tree& tree, std::string unit = "") {
    Typed out;
    out.is = is;
    out.node = node;
    out.tree = &tree;
    out.unit = std::move(unit);
    return out;
  }
  Typed truth(int node, const Tree& tree) { return typed(Is::truth, node, tree); }

  // --- fields and literals
  int extra_of(const Typed& t) { return at(t.node).extra; }

  Checked field_of(const Tree& tree, const FieldInfo& field, int element) {
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
    node.missing_is_zero = field.missing_is_zero;
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
      const bool plain = !scaled && !field.missing_is_zero;
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

  // In the program's list of fields, where each stands once.
  int place_of(const FieldInfo& field, int element) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i] == &field && program_.elements[i] == element) return static_cast<int>(i);
    }
    fields_.push_back(&field);
    program_.fields.push_back(field);
    program_.elements.push_back(element);
    program_.by_name.push_back(schema_.find(field.name) == &field);
    return static_cast<int>(fields_.size()) - 1;
  }

  Checked name_of(const Tree& tree) {
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
  Result<const FieldInfo*> found(const Tree& tree, int& element) const {
    bool ambiguous = false;
    const FieldInfo* const field = find_field(schema_, tree.text, element, ambiguous);
    if (ambiguous)
      return fail(tree,
                  "several fields are called " + visible(tree.text) + " when case does not count; write it exactly");
    return field;
  }
  Status unknown_name(const Tree& tree) const {
    std::vector<std::string> names;
    for (const auto& field : schema_.fields) names.push_back(field.name);
    const std::string near = nearest_names(tree.text, names);
    std::string message = "there is no field " + visible(tree.text) + (near.empty() ? "" : "; near: " + near);
    if (!tree.loose) message += "; if a text is meant: '" + visible(tree.text) + "'";
    return fail(tree, message);
  }

  Checked date_of(const Tree& tree, std::string text) {
    text = trim(text);
    if (const auto blank = text.find(' '); blank != text.npos) text[blank] = ',';
    const auto time = parse_date(text, program_.settings.dates);
    if (!time) return inside(tree, time.status().message());
    return typed(Is::time, constant(*time, tree), tree);
  }

  Checked number_literal(const Tree& tree) {
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
  Checked with_unit(const Tree& tree, double value, const std::string& unit) {
    if (const int months = months_in(unit); months > 0) {
      if (value * months != std::floor(value * months))
        return fail(tree, "months must be whole; give the rest in days");
      if (std::abs(value * months) > 12 * 9999) return fail(tree, "the length of time is more than 9999 years");
      return typed(Is::months, constant(value * months, tree), tree);
    }
    const bool known =
        !base_unit(unit).empty() || std::any_of(schema_.fields.begin(), schema_.fields.end(),
                                                [&](const auto& f) { return equal_nocase(f.unit, unit); });
    if (!known)
      return fail(tree, "there is no unit " + visible(unit) +
                            "; there are ms s m min h d week M y, deg arcmin arcsec rad, kB MB GB");
    Typed out = typed(Is::number, constant(value, tree), tree, unit);
    out.given_unit = true;
    return out;
  }
  Checked interval_of(const Tree& tree) {
    const std::string_view text = trim(tree.text);
    const auto unit = std::min(text.find_first_not_of("+-0123456789. "), text.size());
    double value = 0;
    if (!parse_number(text.substr(0, unit), value) || unit == text.size())
      return fail(tree, "an interval is a number and a unit, such as INTERVAL '3 days'");
    IMREG_ASSIGN(Typed out, with_unit(tree, value, std::string(trim(text.substr(unit)))));
    if (out.is == Is::number && !to_unit(out, "s")) return fail(tree, "this is no length of time");
    return out;
  }

  // --- units
  // A constant with its own unit in another one.
  bool to_unit(Typed& t, std::string_view unit) {
    const auto factor = unit_factor(t.unit, unit);
    if (!factor) return false;
    t.node = constant(at(t.node).x * *factor, *t.tree);
    t.unit = unit;
    t.given_unit = false;
    return true;
  }
  void to_base(Typed& t) {
    if (!t.given_unit) return;
    const auto base = base_unit(t.unit);
    if (base.empty())
      t.given_unit = false;
    else
      to_unit(t, base);
  }
  // Two numbers in one unit.
  Status same_unit(Typed& a, Typed& b) {
    if (b.given_unit && !a.given_unit) return unit_like(b, a);
    if (a.given_unit && !b.given_unit) return unit_like(a, b);
    if (a.given_unit) {
      if (!unit_factor(a.unit, b.unit))
        return fail(*b.tree, "the units " + a.unit + " and " + b.unit + " do not agree");
      to_base(a);
      to_base(b);
    }
    return {};
  }
  Status unit_like(Typed& given, const Typed& other) {
    if (other.unit.empty() && !other.field) {
      to_base(given);
      return {};
    }
    if (to_unit(given, other.unit)) return {};
    return fail(*given.tree, shown(*other.tree) + (other.unit.empty() ? " has no unit" : " is in " + other.unit) +
                                 ", not in " + given.unit);
  }

  // --- one type where another stands
  static bool is_literal(const Typed& t) {
    return t.is == Is::text && (t.tree->kind == Tree::Kind::text || t.tree->kind == Tree::Kind::angle);
  }
  // A text in double quotes that is the name of a field becomes the field, where a constant makes no sense.
  Status loosen(Typed& t) {
    if (!is_literal(t) || !t.tree->loose) return {};
    int element = -1;
    IMREG_ASSIGN(const FieldInfo* const field, found(*t.tree, element));
    if (!field) return {};
    IMREG_ASSIGN(t, field_of(*t.tree, *field, element));
    return {};
  }
  Typed word_of(const Typed& code) {
    Node node;
    node.op = Op::word;
    node.a = code.node;
    node.extra = extra_of(code);
    return typed(Is::text, add(node, Is::text, *code.tree), *code.tree);
  }

  Status as_number(Typed& t) {
    IMREG_TRY(loosen(t));
    double value = 0;
    if (t.is == Is::null) t = typed(Is::number, constant(kNan, *t.tree), *t.tree);
    if (t.is == Is::code) t.is = Is::number;
    if (is_literal(t) && parse_number(t.tree->text, value)) t = typed(Is::number, constant(value, *t.tree), *t.tree);
    if (t.is == Is::time)
      return fail(*t.tree, "a number is wanted here; " + shown(*t.tree) + " is a time (mjd() makes a number of it)");
    return t.is == Is::number ? Status() : wanted(t, "a number");
  }
  Status as_text(Typed& t) {
    if (t.is == Is::null) t = typed(Is::text, text_constant("", *t.tree), *t.tree);
    if (t.is == Is::code) t = word_of(t);
    if (t.is == Is::time) t = typed(Is::text, unary(Op::iso, t.node, Is::text, *t.tree), *t.tree);
    return t.is == Is::text ? Status() : wanted(t, "text");
  }
  Status as_truth(Typed& t) {
    if (t.is == Is::null) t = truth(truth_constant(Truth::unknown, *t.tree), *t.tree);
    if (t.is == Is::truth) return {};
    const std::string hint = t.is == Is::number && t.field ? "; is " + shown(*t.tree) + " > 0 meant?" : "";
    return fail(*t.tree, "a condition is wanted here; " + shown(*t.tree) + " is " + name_of_kind(t) + hint);
  }
  Status as_time(Typed& t) {
    IMREG_TRY(loosen(t));
    if (t.is == Is::null) t = typed(Is::time, constant(kNan, *t.tree), *t.tree);
    if (is_literal(t)) {
      IMREG_ASSIGN(t, date_of(*t.tree, t.tree->text));
    } else if (t.is == Is::number && is_date_like(*t.tree)) {
      IMREG_ASSIGN(t, date_of(*t.tree, date_like(*t.tree)));
    }
    return t.is == Is::time ? Status() : wanted(t, "a time");
  }

  // 2003 and 20030127 and 2003-01 and 12079.5d beside a time are dates.
  static bool is_date_like(const Tree& tree) {
    if (tree.kind == Tree::Kind::sign) return !tree.date.empty();
    if (tree.kind != Tree::Kind::number) return false;
    if (!tree.suffix.empty()) return true;
    return (tree.text.size() == 4 || tree.text.size() == 8) &&
           tree.text.find_first_not_of("0123456789") == tree.text.npos;
  }
  static std::string date_like(const Tree& tree) {
    return tree.kind == Tree::Kind::sign ? tree.date : tree.text + tree.suffix;
  }

  // Two sides of a comparison in one type; null stays what it is.
  Status pair(Typed& a, Typed& b, bool equality) {
    if (is_constant(b.node)) IMREG_TRY(loosen(a));
    if (is_constant(a.node)) IMREG_TRY(loosen(b));
    if (a.is == Is::null || b.is == Is::null) return {};
    if (a.is == Is::code && b.is == Is::code) {
      if (a.field->words == b.field->words) {
        a.is = b.is = Is::number;
        return {};
      }
      a = word_of(a);
      b = word_of(b);
      return {};
    }
    for (Typed *x = &a, *y = &b;; x = &b, y = &a) {
      IMREG_ASSIGN(const bool done, fit(*x, *y, equality));
      if (done) return {};
      if (x == &b) break;
    }
    if (a.is != b.is) return mismatch(a, b);
    if (a.is == Is::months) return fail(*b.tree, "months have different lengths; compare times");
    return a.is == Is::number ? same_unit(a, b) : Status();
  }

  // Makes `other` fit to `lead`; false: nothing to be done from this side.
  Result<bool> fit(Typed& lead, Typed& other, bool equality) {
    if (lead.is == Is::code && other.is == Is::number) {
      lead.is = Is::number;
      lead.unit.clear();
      IMREG_TRY(same_unit(lead, other));
      return true;
    }
    if (lead.is == Is::code && other.is == Is::text) {
      if (equality && is_literal(other)) return word_to_code(lead, other);
      lead = word_of(lead);
      return true;
    }
    if (lead.is == Is::time && (other.is == Is::number || is_literal(other))) {
      if (other.is == Is::number && !is_date_like(*other.tree)) {  // seconds since 1970
        if (!is_constant(other.node)) return false;
        if (other.given_unit && !to_unit(other, "s")) return mismatch(lead, other);
        other.is = Is::time;
      } else {
        IMREG_TRY(as_time(other));
      }
      return true;
    }
    if (lead.is == Is::number && is_literal(other)) return text_to_number(lead, other);
    if (lead.is == Is::truth && is_literal(other)) {
      const std::string_view text = other.tree->text;
      const auto is = [&](std::initializer_list<std::string_view> words) {
        return std::any_of(words.begin(), words.end(), [&](auto word) { return equal_nocase(word, text); });
      };
      const bool yes = is({"t", "true", "yes", "1"});
      if (!yes && !is({"f", "false", "no", "0"})) return false;
      other = truth(truth_constant(yes ? Truth::yes : Truth::no, *other.tree), *other.tree);
      return true;
    }
    if (lead.is == Is::truth && other.is == Is::number) {
      if (!equality) return chained(lead);
      lead = typed(Is::number, unary(Op::from_truth, lead.node, Is::number, *lead.tree), *lead.tree);
      return true;
    }
    return false;
  }
  Status chained(const Typed& t) const { return fail(*t.tree, "comparisons do not chain; write a < b and b < c"); }
  Result<bool> word_to_code(Typed& code, Typed& text) {
    const auto& words = code.field->words;
    const auto word =
        std::find_if(words.begin(), words.end(), [&](const auto& w) { return equal_nocase(w, text.tree->text); });
    double value = static_cast<double>(word - words.begin());
    if (word == words.end() && !parse_number(text.tree->text, value)) {
      return fail(*text.tree, shown(*code.tree) + " is never '" + visible(text.tree->text) + "'; its words are " +
                                  name_of_kind(code).substr(std::string_view("one of the words ").size()));
    }
    text = typed(Is::number, constant(value, *text.tree), *text.tree);
    code.is = Is::number;
    return true;
  }
  // '60', and '10:00:28' beside degrees: hours for a right ascension.
  Result<bool> text_to_number(Typed& number, Typed& text) {
    const std::string& what = text.tree->text;
    double value = 0;
    if (!parse_number(what, value)) {
      if (number.unit != "deg") return mismatch(number, text);
      const bool hours = number.field && starts_nocase(number.field->name, "ra");
      const auto angle = parse_angle(what, hours ? AngleUnit::hours : AngleUnit::degrees);
      if (!angle) return inside(*text.tree, angle.status().message());
      value = *angle;
    }
    text = typed(Is::number, constant(value, *text.tree), *text.tree, number.unit);
    return true;
  }

  // --- comparisons
  Typed unknown(const Tree& tree) { return truth(truth_constant(Truth::unknown, tree), tree); }

  // Whether the two sides must be compared as 64-bit integers because a double could not tell them apart.
  bool needs_wholes(const Typed& a, const Typed& b) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    const auto is_field = [&](const Typed& t) {
      return t.field && at(t.node).op == Op::field && t.field->type == Type::i64 && t.field->scale == 1 &&
             t.field->zero == 0;
    };
    const auto is_large = [&](const Typed& t) {
      const Node& n = at(t.node);
      return n.op == Op::constant && (n.whole >= kExact || n.whole <= -kExact);
    };
    return (is_field(a) && (is_field(b) || is_large(b))) || (is_large(a) && is_field(b));
  }

  Checked comparison(const Tree& tree, Sign sign, Typed a, Typed b) {
    Compare compare = compare_of(sign);
    if (!is_equality(compare)) {
      for (const Typed* side : {&a, &b}) {
        if (side->is == Is::truth) return chained(*side);
      }
    }
    IMREG_TRY(pair(a, b, is_equality(compare)));
    if (a.is == Is::null || b.is == Is::null) return unknown(tree);
    if (is_constant(a.node) && !is_constant(b.node)) {
      std::swap(a, b);
      compare = turned(compare);
    }
    if (a.is == Is::truth) {
      const int node = binary(Op::equal_truth, a.node, b.node, Is::truth, tree);
      return truth(compare == Compare::not_equal ? negation(node, tree) : node, tree);
    }
    if (a.is == Is::text)
      return truth(compare_texts(tree, compare, a, b, sign == Sign::identical || a.exact || b.exact), tree);
    Node node;
    node.a = a.node;
    node.b = b.node;
    node.compare = compare;
    if (needs_wholes(a, b)) {
      node.op = Op::compare_exact;
      return truth(push(node, tree), tree);
    }
    if (is_constant(b.node)) return truth(compare_constant(tree, compare, a, at(b.node).x), tree);
    node.op = Op::compare;
    return truth(add(node, Is::truth, tree), tree);
  }

  // A number against a constant is an interval. A float is compared with the nearest float: what is printed as 0.1 is
  // found by 0.1.
  int compare_constant(const Tree& tree, Compare compare, const Typed& a, double value) {
    if (std::isnan(value)) return truth_constant(Truth::unknown, tree);
    const Node& n = at(a.node);
    if ((n.op == Op::field_f32 || (n.op == Op::field && n.type == Type::f32)) && n.x == 1 && n.y == 0) {
      constexpr double kMost = static_cast<double>(std::numeric_limits<float>::max());
      if (std::abs(value) <= kMost) value = static_cast<double>(static_cast<float>(value));
    }
    Node node;
    node.op = Op::within;
    node.a = a.node;
    node.x = -kInfinity;
    node.y = kInfinity;
    switch (compare) {
      case Compare::equal:
      case Compare::not_equal: node.x = node.y = value; break;
      case Compare::less: node.y = std::nextafter(value, -kInfinity); break;
      case Compare::less_equal: node.y = value; break;
      case Compare::greater: node.x = std::nextafter(value, kInfinity); break;
      case Compare::greater_equal: node.x = value; break;
    }
    // Nothing is below or above the infinities.
    if ((compare == Compare::less && value == -kInfinity) || (compare == Compare::greater && value == kInfinity))
      std::tie(node.x, node.y) = std::pair(kInfinity, -kInfinity);
    const int out = add(node, Is::truth, tree);
    return compare == Compare::not_equal ? negation(out, tree) : out;
  }

  int compare_texts(const Tree& tree, Compare compare, const Typed& a, const Typed& b, bool exact) {
    Node node;
    node.a = a.node;
    node.b = b.node;
    node.compare = compare;
    node.exact = exact;
    node.op = Op::text_compare;
    if (!is_equality(compare) || !is_constant(b.node) || is_constant(a.node)) return add(node, Is::truth, tree);
    const std::string text = program_.texts[static_cast<std::size_t>(at(b.node).extra)];
    int out = -1;
    if (text.empty() && is_literal(b)) {  // an empty text is one that is not known
      out = unary(Op::unknown_text, a.node, Is::truth, tree);
    } else if (text.empty()) {
      return truth_constant(Truth::unknown, tree);
    } else {
      node.op = Op::text_one_of;
      node.b = -1;
      node.extra = static_cast<int>(program_.words.size());
      program_.words.push_back({exact ? text : to_lower(text)});
      out = push(node, tree);
    }
    return compare == Compare::not_equal ? negation(out, tree) : out;
  }

  // A bare word beside a field of words is one of them; T and F beside a condition.
  Checked beside(const Tree& tree, const Tree& other) {
    const bool name = other.kind == Tree::Kind::name || (other.kind == Tree::Kind::text && other.loose);
    if (tree.kind == Tree::Kind::name && !tree.loose && name) {
      bool ambiguous = false;
      int element = -1;
      const FieldInfo* const field = find_field(schema_, other.text, element, ambiguous);
      const auto is_word = [&](const std::string& word) { return equal_nocase(word, tree.text); };
      const bool boolean = field && field->type == Type::boolean && (is_word("t") || is_word("f"));
      bool word = field && std::any_of(field->words.begin(), field->words.end(), is_word);
      if (field && !field->words.empty() && !word) {  // a word that it does not have, unless it is a field
        bool several = false;
        int none = -1;
        word = !find_field(schema_, tree.text, none, several) && !several;
      }
      if (boolean || word) {
        const Tree& text = texts_.emplace_back(Tree{tree});
        texts_.back().kind = Tree::Kind::text;
        return check(text);
      }
    }
    return check(tree);
  }
  Result<std::pair<Typed, Typed>> both(const Tree& a, const Tree& b) {
    IMREG_ASSIGN(Typed left, beside(a, b));
    IMREG_ASSIGN(Typed right, beside(b, a));
    return std::pair(std::move(left), std::move(right));
  }

  Checked between(const Tree& tree) {
    std::vector<int> parts;
    for (std::size_t i = 1; i <= 2; ++i) {
      IMREG_ASSIGN(auto sides, both(*tree.arguments[0], *tree.arguments[i]));
      const Sign sign = i == 1 ? Sign::greater_equal : Sign::less_equal;
      IMREG_ASSIGN(const Typed part, comparison(tree, sign, sides.first, sides.second));
      parts.push_back(part.node);
    }
    return truth(negated(tree, joined(tree, parts)), tree);
  }
  // One interval instead of two.
  int joined(const Tree& tree, const std::vector<int>& parts) {
    const Node low = at(parts[0]), high = at(parts[1]);
    if (low.op != Op::within || high.op != Op::within || !same_field(low.a, high.a)) return many(Op::all, parts, tree);
    Node node = low;
    node.x = std::max(low.x, high.x);
    node.y = std::min(low.y, high.y);
    return push(node, tree);
  }
  bool same_field(int a, int b) {
    const Node &x = at(a), &y = at(b);
    const bool field = x.op == Op::field || x.op == Op::field_f32 || x.op == Op::field_f64 || x.op == Op::text_field ||
                       x.op == Op::path_field;
    return a == b || (field && x.op == y.op && x.offset == y.offset);
  }
  int negated(const Tree& tree, int node) { return tree.negated ? negation(node, tree) : node; }

  // One list of numbers or of words where the items are such; the others are compared one by one.
  Checked in(const Tree& tree) {
    std::vector<int> rest;
    std::vector<double> numbers;
    std::vector<std::string> words;
    int number = -1, text = -1;
    bool exact = false;
    for (std::size_t i = 1; i < tree.arguments.size(); ++i) {
      IMREG_ASSIGN(auto sides, both(*tree.arguments[0], *tree.arguments[i]));
      IMREG_ASSIGN(const Typed part, comparison(tree, Sign::equal, sides.first, sides.second));
      const Node n = at(part.node);
      if (n.op == Op::within && (number < 0 || same_field(number, n.a))) {
        number = n.a;
        numbers.push_back(n.x);
      } else if (n.op == Op::text_one_of && (text < 0 || (same_field(text, n.a) && exact == n.exact))) {
        text = n.a;
        exact = n.exact;
        words.push_back(program_.words[static_cast<std::size_t>(n.extra)][0]);
      } else {
        rest.push_back(part.node);
      }
    }
    Node node;
    if (number >= 0) {
      std::sort(numbers.begin(), numbers.end());
      node.op = Op::one_of;
      node.a = number;
      node.extra = static_cast<int>(program_.numbers.size());
      program_.numbers.push_back(std::move(numbers));
      rest.push_back(push(node, tree));
    }
    if (text >= 0) {
      std::sort(words.begin(), words.end());
      node.op = Op::text_one_of;
      node.a = text;
      node.exact = exact;
      node.extra = static_cast<int>(program_.words.size());
      program_.words.push_back(std::move(words));
      rest.push_back(push(node, tree));
    }
    return truth(negated(tree, rest.size() == 1 ? rest[0] : many(Op::any, rest, tree)), tree);
  }

  Checked like(const Tree& tree) {
    IMREG_ASSIGN(Typed value, check(*tree.arguments[0]));
    IMREG_ASSIGN(Typed pattern, check(*tree.arguments[1]));
    IMREG_TRY(loosen(value));
    IMREG_TRY(as_text(value));
    const bool exact = value.exact || pattern.exact;
    if (tree.text == "regexp") {
      IMREG_ASSIGN(const int node, regexp(tree, value, pattern, exact));
      return truth(negated(tree, node), tree);
    }
    IMREG_TRY(as_text(pattern));
    Node node;
    node.op = tree.text == "glob" ? Op::glob : Op::like;
    node.a = value.node;
    node.b = pattern.node;
    node.exact = exact;
    if (tree.arguments.size() > 2) {
      IMREG_ASSIGN(Typed escape, check(*tree.arguments[2]));
      IMREG_TRY(as_text(escape));
      const bool fixed = is_constant(escape.node);
      if (!fixed || characters(program_.texts[static_cast<std::size_t>(at(escape.node).extra)]) != 1)
        return fail(*escape.tree, "the escape of LIKE is one character, such as '!'");
      node.c = escape.node;
    }
    return truth(negated(tree, add(node, Is::truth, tree)), tree);
  }

  Result<int> regexp(const Tree& tree, const Typed& value, Typed& pattern, bool exact) {
    if (pattern.is == Is::null) return truth_constant(Truth::unknown, tree);
    IMREG_TRY(as_text(pattern));
    if (!is_constant(pattern.node)) return fail(*pattern.tree, "a regular expression must be a constant text");
    if (program_.patterns.size() >= kMostPatterns)
      return fail(*pattern.tree,
                  "more than " + std::to_string(kMostPatterns) + " regular expressions; join them with |");
    RE2::Options options;
    options.set_case_sensitive(exact);
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto compiled = std::make_unique<RE2>(program_.texts[static_cast<std::size_t>(at(pattern.node).extra)], options);
    if (!compiled->ok()) return fail(*pattern.tree, "regular expression: " + visible(compiled->error()));
    Node node;
    node.op = Op::regexp;
    node.a = value.node;
    node.exact = exact;
    node.extra = static_cast<int>(program_.patterns.size());
    program_.patterns.push_back(std::move(compiled));
    return add(node, Is::truth, tree);
  }

  int is_unknown(const Typed& t, const Tree& tree) {
    if (t.is == Is::null) return truth_constant(Truth::yes, tree);
    const Op op = t.is == Is::text ? Op::unknown_text : t.is == Is::truth ? Op::unknown_truth : Op::unknown_number;
    return unary(op, t.node, Is::truth, tree);
  }
  int is_value(int node, Truth value, const Tree& tree) {
    Node made;
    made.op = Op::is_truth;
    made.a = node;
    made.x = static_cast<double>(value);
    return add(made, Is::truth, tree);
  }
  Checked is(const Tree& tree) {
    IMREG_ASSIGN(Typed value, check(*tree.arguments[0]));
    if (tree.text == "null") {
      IMREG_TRY(loosen(value));
      return truth(negated(tree, is_unknown(value, tree)), tree);
    }
    if (tree.text == "same") {
      IMREG_ASSIGN(auto sides, both(*tree.arguments[0], *tree.arguments[1]));
      IMREG_ASSIGN(const Typed equal, comparison(tree, Sign::equal, sides.first, sides.second));
      const int neither = many(Op::all, {is_unknown(sides.first, tree), is_unknown(sides.second, tree)}, tree);
      const int same = many(Op::any, {is_value(equal.node, Truth::yes, tree), neither}, tree);
      return truth(negated(tree, same), tree);
    }
    IMREG_TRY(as_truth(value));
    const Truth wanted = tree.text == "true" ? Truth::yes : tree.text == "false" ? Truth::no : Truth::unknown;
    return truth(negated(tree, is_value(value.node, wanted, tree)), tree);
  }

  // --- arithmetic
  Checked sum(const Tree& tree, Typed a, Typed b) {
    const bool plus = tree.sign == Sign::add;
    if (!plus && a.is == Is::time && is_literal(b)) IMREG_TRY(as_time(b));
    if (!plus && b.is == Is::time && is_literal(a)) IMREG_TRY(as_time(a));
    if (plus && b.is == Is::time && a.is != Is::time) std::swap(a, b);
    if (a.is == Is::time && b.is == Is::months) {
      Node node;
      node.op = Op::add_months;
      node.a = a.node;
      node.x = plus ? at(b.node).x : -at(b.node).x;
      return typed(Is::time, add(node, Is::time, tree), tree);
    }
    const Op op = plus ? Op::add : Op::subtract;
    if (a.is == Is::time && b.is == Is::time) {
      if (plus) return fail(tree, "two times cannot be added; their difference is a number of seconds");
      return typed(Is::number, binary(op, a.node, b.node, Is::number, tree), tree, "s");
    }
    if (a.is == Is::time) {
      IMREG_TRY(as_number(b));
      if (const std::string unit = b.unit; b.given_unit && !to_unit(b, "s"))
        return fail(*b.tree, unit + " is no unit of time");
      return typed(Is::time, binary(op, a.node, b.node, Is::time, tree), tree);
    }
    IMREG_TRY(as_number(a));
    IMREG_TRY(as_number(b));
    IMREG_TRY(same_unit(a, b));
    const std::string unit = a.unit == b.unit || is_constant(b.node) ? a.unit : is_constant(a.node) ? b.unit : "";
    return typed(Is::number, binary(op, a.node, b.node, Is::number, tree), tree, unit);
  }

  Checked arithmetic(const Tree& tree) {
    IMREG_ASSIGN(Typed a, check(*tree.arguments[0]));
    IMREG_ASSIGN(Typed b, check(*tree.arguments[1]));
    IMREG_TRY(loosen(a));
    IMREG_TRY(loosen(b));
    if (tree.sign == Sign::add || tree.sign == Sign::subtract) return sum(tree, std::move(a), std::move(b));
    IMREG_TRY(as_number(a));
    IMREG_TRY(as_number(b));
    to_base(a);
    to_base(b);
    Node node;
    node.a = a.node;
    node.b = b.node;
    node.op = Op::function2;
    std::string unit;
    switch (tree.sign) {
      case Sign::multiply: node.op = Op::multiply; break;
      case Sign::divide:
        node.op = Op::divide;
        if (!a.unit.empty() && !b.unit.empty() && a.unit != b.unit) unit = a.unit + "/" + b.unit;
        break;
      case Sign::modulo: node.function2 = modulo; break;
      case Sign::power: node.function2 = power; break;
      case Sign::bit_and: node.function2 = bit_and; break;
      case Sign::bit_or: node.function2 = bit_or; break;
      case Sign::shift_left: node.function2 = shift_left; break;
      default: node.function2 = shift_right; break;
    }
    return typed(Is::number, add(node, Is::number, tree), tree, unit);
  }

  Checked signed_value(const Tree& tree) {
    IMREG_ASSIGN(Typed value, check(*tree.arguments[0]));
    if (value.is == Is::months && tree.sign == Sign::negate)
      return typed(Is::months, constant(-at(value.node).x, tree), tree);
    if (value.is != Is::months) IMREG_TRY(as_number(value));
    Typed out = value;
    out.tree = &tree;
    out.field = tree.sign == Sign::none ? value.field : nullptr;
    if (tree.sign == Sign::negate) {
      Node node;
      node.op = Op::function1;
      node.a = value.node;
      node.function1 = negative;
      const bool whole = at(value.node).op == Op::constant;
      out.node = add(node, Is::number, tree);
      if (whole) at(out.node).whole = -at(value.node).whole;
    }
    return out;
  }

  Checked logic(const Tree& tree) {
    std::vector<int> parts;
    for (const Tree* argument : tree.arguments) {
      IMREG_ASSIGN(Typed part, check(*argument));
      if (part.is == Is::text && tree.sign == Sign::logical_or)
        return fail(*argument,
                    "a condition is wanted here; " + shown(*argument) + " is text (|| is OR; concat() joins texts)");
      IMREG_TRY(loosen(part));
      IMREG_TRY(as_truth(part));
      parts.push_back(part.node);
    }
    if (tree.sign == Sign::logical_not) return truth(negation(parts[0], tree), tree);
    return truth(many(tree.sign == Sign::logical_and ? Op::all : Op::any, std::move(parts), tree), tree);
  }

  Checked sign(const Tree& tree) {
    switch (tree.sign) {
      case Sign::logical_or:
      case Sign::logical_and:
      case Sign::logical_not: return logic(tree);
      case Sign::equal:
      case Sign::identical:
      case Sign::not_equal:
      case Sign::less:
      case Sign::less_equal:
      case Sign::greater:
      case Sign::greater_equal: {
        IMREG_ASSIGN(auto sides, both(*tree.arguments[0], *tree.arguments[1]));
        return comparison(tree, tree.sign, std::move(sides.first), std::move(sides.second));
      }
      case Sign::none:
      case Sign::negate: return signed_value(tree);
      default: return arithmetic(tree);
    }
  }

  // --- functions
  // Values that may stand for each other, in one type: the results of CASE, the arguments of coalesce().
  Result<Is> unify(std::vector<Typed>& values) {
    std::size_t lead = values.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].is == Is::code) values[i] = word_of(values[i]);
      const bool better = lead == values.size() || (is_constant(values[lead].node) && !is_constant(values[i].node));
      if (values[i].is != Is::null && better) lead = i;
    }
    if (lead == values.size()) lead = 0;
    for (auto& value : values) {
      if (&value != &values[lead]) IMREG_TRY(pair(values[lead], value, true));
    }
    const Is is = values[lead].is == Is::null ? Is::number : values[lead].is;
    if (is == Is::months) return wanted(values[lead], "a number or a time");
    for (auto& value : values) {
      if (value.is != Is::null) continue;
      if (is == Is::text)
        IMREG_TRY(as_text(value));
      else if (is == Is::truth)
        IMREG_TRY(as_truth(value));
      else
        value.node = constant(kNan, *value.tree);
    }
    return is;
  }

  Checked choice(const Tree& tree) {
    const bool otherwise = tree.text == "else";
    const std::size_t first = tree.loose ? 1 : 0, last = tree.arguments.size() - (otherwise ? 1 : 0);
    std::vector<int> conditions;
    std::vector<Typed> results;
    for (std::size_t i = first; i < last; i += 2) {
      if (tree.loose) {
        IMREG_ASSIGN(auto sides, both(*tree.arguments[0], *tree.arguments[i]));
        IMREG_ASSIGN(const Typed test, comparison(*tree.arguments[i], Sign::equal, sides.first, sides.second));
        conditions.push_back(test.node);
      } else {
        IMREG_ASSIGN(Typed test, check(*tree.arguments[i]));
        IMREG_TRY(as_truth(test));
        conditions.push_back(test.node);
      }
      IMREG_ASSIGN(Typed result, check(*tree.arguments[i + 1]));
      results.push_back(std::move(result));
    }
    if (otherwise) {
      IMREG_ASSIGN(Typed result, check(*tree.arguments.back()));
      results.push_back(std::move(result));
    }
    return choose(tree, conditions, std::move(results));
  }
  Checked choose(const Tree& tree, const std::vector<int>& conditions, std::vector<Typed> results) {
    IMREG_ASSIGN(const Is is, unify(results));
    std::vector<int> parts;
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      parts.push_back(conditions[i]);
      parts.push_back(results[i].node);
    }
    parts.push_back(results.size() > conditions.size() ? results.back().node : -1);
    Node node;
    node.op = Op::choice;
    return typed(is, add(node, is, tree, std::move(parts)), tree, common_unit(results));
  }
  static std::string common_unit(const std::vector<Typed>& values) {
    for (const auto& value : values) {
      if (value.unit != values[0].unit) return "";
    }
    return values[0].unit;
  }

  Checked call(const Tree& tree) {
    const auto& arguments = tree.arguments;
    if (tree.text == "now" && arguments.empty())
      return typed(Is::time, constant(program_.settings.dates.now, tree), tree);
    if (tree.text == "today" && arguments.empty()) return date_of(tree, "today");
    if (tree.text == "pi" && arguments.empty()) return typed(Is::number, constant(3.14159265358979323846, tree), tree);
    if ((tree.text == "isnull" || tree.text == "isnan") && arguments.size() == 1) {
      IMREG_ASSIGN(Typed value, check(*arguments[0]));
      IMREG_TRY(loosen(value));
      return truth(is_unknown(value, tree), tree);
    }
    if (tree.text == "binary" && arguments.size() == 1) return exact(tree);
    if ((tree.text == "if" || tree.text == "iif") && arguments.size() == 3) {
      IMREG_ASSIGN(Typed test, check(*arguments[0]));
      IMREG_TRY(as_truth(test));
      std::vector<Typed> results;
      for (std::size_t i = 1; i < 3; ++i) {
        IMREG_ASSIGN(Typed result, check(*arguments[i]));
        results.push_back(std::move(result));
      }
      return choose(tree, {test.node}, std::move(results));
    }
    const Function* const function = find_function(tree.text);
    if (!function) {
      const std::string near = nearest_names(tree.text, function_names());
      return fail(tree, "there is no function " + visible(tree.text) + (near.empty() ? "" : "; near: " + near));
    }
    const int count = static_cast<int>(arguments.size());
    if (count < function->least || count > function->most) {
      const std::string least = std::to_string(function->least);
      return fail(tree, tree.text + "() takes " +
                            (function->least == function->most ? counted(function->least, "argument")
                             : function->most > 10             ? least + " or more arguments"
                                                               : least + " to " + counted(function->most, "argument")) +
                            ", not " + std::to_string(count));
    }
    return apply(tree, *function);
  }

  Checked apply(const Tree& tree, const Function& function) {
    std::vector<Typed> values;
    for (std::size_t i = 0; i < tree.arguments.size(); ++i) {
      IMREG_ASSIGN(Typed value, check(*tree.arguments[i]));
      switch (function.arguments[std::min(i, function.arguments.size() - 1)]) {
        case 'n':
          IMREG_TRY(as_number(value));
          to_base(value);
          break;
        case 't':
          if (i == 0) IMREG_TRY(loosen(value));
          IMREG_TRY(as_text(value));
          break;
        case 'd': IMREG_TRY(as_time(value)); break;
        default: break;
      }
      values.push_back(std::move(value));
    }
    const bool exact = std::any_of(values.begin(), values.end(), [](const Typed& t) { return t.exact; });
    if (function.op == Op::regexp) {
      IMREG_ASSIGN(const int node, regexp(tree, values[0], values[1], exact));
      return truth(node, tree);
    }
    Is is = function.result == 'n'   ? Is::number
            : function.result == 't' ? Is::text
            : function.result == 'd' ? Is::time
                                     : Is::truth;
    if (function.result == 'a') {
      IMREG_ASSIGN(is, unify(values));
      if (function.op != Op::coalesce && is != Is::number && is != Is::time)
        return wanted(values[0], "a number or a time");
    }
    Node node;
    node.op = function.op;
    node.exact = exact;
    node.x = function.x;
    if (function.function1) node.function1 = function.function1;
    if (function.function2) node.function2 = function.function2;
    std::vector<int> list;
    const bool takes_list = function.most > 3;
    for (const auto& value : values) list.push_back(value.node);
    if (function.op == Op::coalesce || takes_list) {
      node.op = function.op;
    } else {
      node.a = list[0];
      if (list.size() > 1) node.b = list[1];
      if (list.size() > 2) node.c = list[2];
      list.clear();
    }
    std::string unit(function.unit);
    if (unit == "=") unit = function.result == 'a' ? common_unit(values) : values[0].unit;
    if (is != Is::number) unit.clear();
    return typed(is, add(node, is, tree, std::move(list)), tree, unit);
  }

  Checked exact(const Tree& tree) {
    IMREG_ASSIGN(Typed value, check(*tree.arguments[0]));
    IMREG_TRY(as_text(value));
    value.exact = true;
    return value;
  }

  Checked element(const Tree& tree) {
    const Tree& name = *tree.arguments[0];
    int none = -1;
    IMREG_ASSIGN(const FieldInfo* const field, found(name, none));
    if (!field) return unknown_name(name);
    long long number = 0;
    const Tree& index = *tree.arguments[1];
    if (!index.suffix.empty() || !parse_integer(index.text, number) || number >= field->count ||
        field->type == Type::text || none >= 0) {
      const bool array = field->type != Type::text && none < 0;
      return fail(index, array ? field->name + " has " + counted(field->count, "element") + ", counted from 0"
                               : visible(name.text) + " has no elements");
    }
    return field_of(tree, *field, static_cast<int>(number));
  }

  Checked check(const Tree& tree) {
    // The value before IN, BETWEEN, IS and CASE's is checked for each item: nested ones multiply.
    if (program_.nodes.size() > kMostNodes)
      return fail(tree, "the expression is too large: lists or cases within each other have too many parts");
    switch (tree.kind) {
      case Tree::Kind::number: return number_literal(tree);
      case Tree::Kind::text:
      case Tree::Kind::angle: return typed(Is::text, text_constant(tree.text, tree), tree);
      case Tree::Kind::date: return date_of(tree, tree.text);
      case Tree::Kind::interval: return interval_of(tree);
      case Tree::Kind::name: return name_of(tree);
      case Tree::Kind::null: return typed(Is::null, constant(kNan, tree), tree);
      case Tree::Kind::truth: {
        const Truth value = tree.text == "true" ? Truth::yes : tree.text == "false" ? Truth::no : Truth::unknown;
        return truth(truth_constant(value, tree), tree);
      }
      case Tree::Kind::element: return element(tree);
      case Tree::Kind::sign: return sign(tree);
      case Tree::Kind::call: return call(tree);
      case Tree::Kind::between: return between(tree);
      case Tree::Kind::in: return in(tree);
      case Tree::Kind::like: return like(tree);
      case Tree::Kind::is: return is(tree);
      case Tree::Kind::exact: return exact(tree);
      case Tree::Kind::choice: return choice(tree);
    }
    return fail(tree, "this makes no sense");
  }

  static constexpr std::size_t kMostNodes = 1 << 19;  // 128 KiB of text have 220,000 when nothing is nested
  static constexpr std::size_t kMostPatterns = 256;   // of 1 MiB each

  const Schema& schema_;
  Program& program_;
  std::vector<const FieldInfo*> fields_;  // of each of the program's
  std::deque<Tree> texts_;                // bare words that became texts
};

}  // namespace

Status check(const Tree& tree, const Schema& schema, Program& program) { return Checker(schema, program).run(tree); }

}  // namespace imreg::expression
