// Values: arithmetic, signs and logic, functions and CASE.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "expression/checker_internal.h"
#include "expression/fields.h"
#include "expression/units.h"
#include "sky/angle.h"

namespace imreg::expression {

Checked Checker::sum(const Tree& tree, Typed a, Typed b) {
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

Checked Checker::arithmetic(const Tree& tree) {
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

Checked Checker::signed_value(const Tree& tree) {
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

Checked Checker::logic(const Tree& tree) {
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

Checked Checker::sign(const Tree& tree) {
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

Result<Is> Checker::unify(std::vector<Typed>& values) {
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

Checked Checker::choice(const Tree& tree) {
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

Checked Checker::choose(const Tree& tree, const std::vector<int>& conditions, std::vector<Typed> results) {
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

std::string Checker::common_unit(const std::vector<Typed>& values) {
  for (const auto& value : values) {
    if (value.unit != values[0].unit) return "";
  }
  return values[0].unit;
}

Checked Checker::call(const Tree& tree) {
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

Checked Checker::apply(const Tree& tree, const Function& function) {
  std::vector<Typed> values;
  for (std::size_t i = 0; i < tree.arguments.size(); ++i) {
    IMREG_ASSIGN(Typed value, check(*tree.arguments[i]));
    switch (function.arguments[std::min(i, function.arguments.size() - 1)]) {
      case 'n':
        IMREG_TRY(as_number(value));
        to_base(value);
        break;
      case 'h': IMREG_TRY(as_angle(value, AngleUnit::hours)); break;
      case 'g': IMREG_TRY(as_angle(value, AngleUnit::degrees)); break;
      case 't':
        if (function.op == Op::to_number && value.is == Is::number) return value;  // of a column that is still one
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

Checked Checker::exact(const Tree& tree) {
  IMREG_ASSIGN(Typed value, check(*tree.arguments[0]));
  IMREG_TRY(as_text(value));
  value.exact = true;
  return value;
}

Checked Checker::element(const Tree& tree) {
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

Checked Checker::check(const Tree& tree) {
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

}  // namespace imreg::expression
