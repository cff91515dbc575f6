// Conditions: comparisons, BETWEEN, IN, LIKE, regular expressions, IS.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "expression/checker_internal.h"
#include "expression/fields.h"
#include "expression/match.h"

namespace imreg::expression {

bool Checker::needs_wholes(const Typed& a, const Typed& b) {
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

Checked Checker::comparison(const Tree& tree, Sign sign, Typed a, Typed b) {
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

int Checker::compare_constant(const Tree& tree, Compare compare, const Typed& a, double value) {
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

int Checker::compare_texts(const Tree& tree, Compare compare, const Typed& a, const Typed& b, bool exact) {
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

Checked Checker::beside(const Tree& tree, const Tree& other) {
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

Result<std::pair<Typed, Typed>> Checker::both(const Tree& a, const Tree& b) {
  IMREG_ASSIGN(Typed left, beside(a, b));
  IMREG_ASSIGN(Typed right, beside(b, a));
  return std::pair(std::move(left), std::move(right));
}

Checked Checker::between(const Tree& tree) {
  std::vector<int> parts;
  for (std::size_t i = 1; i <= 2; ++i) {
    IMREG_ASSIGN(auto sides, both(*tree.arguments[0], *tree.arguments[i]));
    const Sign sign = i == 1 ? Sign::greater_equal : Sign::less_equal;
    IMREG_ASSIGN(const Typed part, comparison(tree, sign, sides.first, sides.second));
    parts.push_back(part.node);
  }
  return truth(negated(tree, joined(tree, parts)), tree);
}

int Checker::joined(const Tree& tree, const std::vector<int>& parts) {
  const Node low = at(parts[0]), high = at(parts[1]);
  if (low.op != Op::within || high.op != Op::within || !same_field(low.a, high.a)) return many(Op::all, parts, tree);
  Node node = low;
  node.x = std::max(low.x, high.x);
  node.y = std::min(low.y, high.y);
  return push(node, tree);
}

bool Checker::same_field(int a, int b) {
  const Node &x = at(a), &y = at(b);
  const bool field = x.op == Op::field || x.op == Op::field_f32 || x.op == Op::field_f64 || x.op == Op::text_field ||
                     x.op == Op::path_field;
  return a == b || (field && x.op == y.op && x.offset == y.offset);
}

Checked Checker::in(const Tree& tree) {
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

Checked Checker::like(const Tree& tree) {
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

Result<int> Checker::regexp(const Tree& tree, const Typed& value, Typed& pattern, bool exact) {
  if (pattern.is == Is::null) return truth_constant(Truth::unknown, tree);
  IMREG_TRY(as_text(pattern));
  if (!is_constant(pattern.node)) return fail(*pattern.tree, "a regular expression must be a constant text");
  if (program_.patterns.size() >= kMostPatterns)
    return fail(*pattern.tree, "more than " + std::to_string(kMostPatterns) + " regular expressions; join them with |");
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

int Checker::is_unknown(const Typed& t, const Tree& tree) {
  if (t.is == Is::null) return truth_constant(Truth::yes, tree);
  const Op op = t.is == Is::text ? Op::unknown_text : t.is == Is::truth ? Op::unknown_truth : Op::unknown_number;
  return unary(op, t.node, Is::truth, tree);
}

int Checker::is_value(int node, Truth value, const Tree& tree) {
  Node made;
  made.op = Op::is_truth;
  made.a = node;
  made.x = static_cast<double>(value);
  return add(made, Is::truth, tree);
}

Checked Checker::is(const Tree& tree) {
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

}  // namespace imreg::expression
