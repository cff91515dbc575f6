// Units, and one type where another stands: texts become dates, words codes, sexagesimal texts angles.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "expression/checker_internal.h"
#include "expression/fields.h"
#include "expression/units.h"
#include "sky/angle.h"

namespace imreg::expression {

bool Checker::to_unit(Typed& t, std::string_view unit) {
  const auto factor = unit_factor(t.unit, unit);
  if (!factor) return false;
  t.node = constant(at(t.node).x * *factor, *t.tree);
  t.unit = unit;
  t.given_unit = false;
  return true;
}

void Checker::to_base(Typed& t) {
  if (!t.given_unit) return;
  const auto base = base_unit(t.unit);
  if (base.empty())
    t.given_unit = false;
  else
    to_unit(t, base);
}

Status Checker::same_unit(Typed& a, Typed& b) {
  if (b.given_unit && !a.given_unit) return unit_like(b, a);
  if (a.given_unit && !b.given_unit) return unit_like(a, b);
  if (a.given_unit) {
    if (!unit_factor(a.unit, b.unit)) return fail(*b.tree, "the units " + a.unit + " and " + b.unit + " do not agree");
    to_base(a);
    to_base(b);
  }
  return {};
}

Status Checker::unit_like(Typed& given, const Typed& other) {
  if (other.unit.empty() && !other.field) {
    to_base(given);
    return {};
  }
  if (to_unit(given, other.unit)) return {};
  return fail(*given.tree, shown(*other.tree) + (other.unit.empty() ? " has no unit" : " is in " + other.unit) +
                               ", not in " + given.unit);
}

bool Checker::is_literal(const Typed& t) {
  return t.is == Is::text && (t.tree->kind == Tree::Kind::text || t.tree->kind == Tree::Kind::angle);
}

Status Checker::loosen(Typed& t) {
  if (!is_literal(t) || !t.tree->loose) return {};
  int element = -1;
  IMREG_ASSIGN(const FieldInfo* const field, found(*t.tree, element));
  if (!field) return {};
  IMREG_ASSIGN(t, field_of(*t.tree, *field, element));
  return {};
}

Typed Checker::word_of(const Typed& code) {
  Node node;
  node.op = Op::word;
  node.a = code.node;
  node.extra = extra_of(code);
  return typed(Is::text, add(node, Is::text, *code.tree), *code.tree);
}

Status Checker::as_number(Typed& t) {
  IMREG_TRY(loosen(t));
  double value = 0;
  if (t.is == Is::null) t = typed(Is::number, constant(kNan, *t.tree), *t.tree);
  if (t.is == Is::code) t.is = Is::number;
  if (is_literal(t) && parse_number(t.tree->text, value)) t = typed(Is::number, constant(value, *t.tree), *t.tree);
  if (t.is == Is::time)
    return fail(*t.tree, "a number is wanted here; " + shown(*t.tree) + " is a time (mjd() makes a number of it)");
  return t.is == Is::number ? Status() : wanted(t, "a number");
}

Status Checker::as_angle(Typed& t, AngleUnit sexagesimal) {
  IMREG_TRY(loosen(t));
  if (double plain = 0; is_literal(t) && !parse_number(t.tree->text, plain)) {
    const auto angle = parse_angle(t.tree->text, sexagesimal);
    if (!angle) return inside(*t.tree, angle.status().message());
    t = typed(Is::number, constant(*angle, *t.tree), *t.tree, "deg");
  }
  IMREG_TRY(as_number(t));
  if (t.given_unit && !to_unit(t, "deg")) return fail(*t.tree, "an angle is wanted here, not " + t.unit);
  return {};
}

Status Checker::as_text(Typed& t) {
  if (t.is == Is::null) t = typed(Is::text, text_constant("", *t.tree), *t.tree);
  if (t.is == Is::code) t = word_of(t);
  if (t.is == Is::time) t = typed(Is::text, unary(Op::iso, t.node, Is::text, *t.tree), *t.tree);
  return t.is == Is::text ? Status() : wanted(t, "text");
}

Status Checker::as_truth(Typed& t) {
  if (t.is == Is::null) t = truth(truth_constant(Truth::unknown, *t.tree), *t.tree);
  if (t.is == Is::truth) return {};
  const std::string hint = t.is == Is::number && t.field ? "; is " + shown(*t.tree) + " > 0 meant?" : "";
  return fail(*t.tree, "a condition is wanted here; " + shown(*t.tree) + " is " + name_of_kind(t) + hint);
}

Status Checker::as_time(Typed& t) {
  IMREG_TRY(loosen(t));
  if (t.is == Is::null) t = typed(Is::time, constant(kNan, *t.tree), *t.tree);
  if (is_literal(t)) {
    IMREG_ASSIGN(t, date_of(*t.tree, t.tree->text));
  } else if (t.is == Is::number && is_date_like(*t.tree)) {
    IMREG_ASSIGN(t, date_of(*t.tree, date_like(*t.tree)));
  }
  return t.is == Is::time ? Status() : wanted(t, "a time");
}

bool Checker::is_date_like(const Tree& tree) {
  if (tree.kind == Tree::Kind::sign) return !tree.date.empty();
  if (tree.kind != Tree::Kind::number) return false;
  if (!tree.suffix.empty()) return true;
  return (tree.text.size() == 4 || tree.text.size() == 8) &&
         tree.text.find_first_not_of("0123456789") == tree.text.npos;
}

std::string Checker::date_like(const Tree& tree) {
  return tree.kind == Tree::Kind::sign ? tree.date : tree.text + tree.suffix;
}

Status Checker::pair(Typed& a, Typed& b, bool equality) {
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

Result<bool> Checker::fit(Typed& lead, Typed& other, bool equality) {
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

Result<bool> Checker::word_to_code(Typed& code, Typed& text) {
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

Result<bool> Checker::text_to_number(Typed& number, Typed& text) {
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

}  // namespace imreg::expression
