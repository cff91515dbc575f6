// The inside of check(): one class that turns a tree into a program part by part. Its parts stand in files of their own:
// checker.cc messages, nodes, fields and literals; checker_types.cc units and one type where another stands;
// checker_conditions.cc comparisons, lists, patterns, IS; checker_values.cc arithmetic and functions.
#pragma once

#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expression/checker.h"
#include "expression/functions.h"
#include "sky/angle.h"

namespace imreg::expression {

using Program = Expression::Program;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

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

std::string name_of_kind(const Typed& typed);
bool is_integer(Type type);
Compare compare_of(Sign sign);
Compare turned(Compare compare);
inline bool is_equality(Compare compare) { return compare == Compare::equal || compare == Compare::not_equal; }

class Checker {
 public:
  Checker(const Schema& schema, Program& program) : schema_(schema), program_(program) {}

  Status run(const Tree& tree);

 private:
  // --- messages
  std::string shown(const Tree& tree) const;
  /// What makes a number of a field that is text; else nothing.
  std::string number_hint(const Typed& typed) const;
  Status fail(const Tree& tree, const std::string& what) const { return fault(program_.source, tree.begin, what); }
  Status wanted(const Typed& typed, const std::string& what) const;
  Status mismatch(const Typed& a, const Typed& b) const;
  // `date "2003/13/01": column 6: why` becomes a fault at that place of the whole text.
  Status inside(const Tree& tree, const std::string& message) const;

  // --- nodes
  Node& at(int node) { return program_.nodes[static_cast<std::size_t>(node)]; }
  bool is_constant(int node);
  int push(const Node& node, const Tree& tree);
  int constant(double value, const Tree& tree);
  int text_constant(std::string text, const Tree& tree);
  int truth_constant(Truth value, const Tree& tree);
  // A node whose arguments are all constants is computed now.
  int add(const Node& node, Is is, const Tree& tree, std::vector<int> many = {});
  int unary(Op op, int a, Is is, const Tree& tree);
  int binary(Op op, int a, int b, Is is, const Tree& tree, bool exact = false);
  int negation(int a, const Tree& tree) { return unary(Op::negation, a, Is::truth, tree); }
  int many(Op op, std::vector<int> arguments, const Tree& tree);
  static Typed typed(Is is, int node, const Tree& tree, std::string unit = "");
  Typed truth(int node, const Tree& tree) { return typed(Is::truth, node, tree); }

  // --- fields and literals
  int extra_of(const Typed& t) { return at(t.node).extra; }

  Checked field_of(const Tree& tree, const FieldInfo& field, int element);

  // In the program's list of fields, where each stands once.
  int place_of(const FieldInfo& field, int element);

  Checked name_of(const Tree& tree);
  Result<const FieldInfo*> found(const Tree& tree, int& element) const;
  Status unknown_name(const Tree& tree) const;

  Checked date_of(const Tree& tree, std::string text);

  Checked number_literal(const Tree& tree);
  Checked with_unit(const Tree& tree, double value, const std::string& unit);
  Checked interval_of(const Tree& tree);

  // --- units
  // A constant with its own unit in another one.
  bool to_unit(Typed& t, std::string_view unit);
  void to_base(Typed& t);
  // Two numbers in one unit.
  Status same_unit(Typed& a, Typed& b);
  Status unit_like(Typed& given, const Typed& other);

  // --- one type where another stands
  static bool is_literal(const Typed& t);
  // A text in double quotes that is the name of a field becomes the field, where a constant makes no sense.
  Status loosen(Typed& t);
  Typed word_of(const Typed& code);

  Status as_number(Typed& t);
  Status as_angle(Typed& t, AngleUnit sexagesimal);  // in degrees
  Status as_text(Typed& t);
  Status as_truth(Typed& t);
  Status as_time(Typed& t);

  // 2003 and 20030127 and 2003-01 and 12079.5d beside a time are dates.
  static bool is_date_like(const Tree& tree);
  static std::string date_like(const Tree& tree);

  // Two sides of a comparison in one type; null stays what it is.
  Status pair(Typed& a, Typed& b, bool equality);

  // Makes `other` fit to `lead`; false: nothing to be done from this side.
  Result<bool> fit(Typed& lead, Typed& other, bool equality);
  Status chained(const Typed& t) const { return fail(*t.tree, "comparisons do not chain; write a < b and b < c"); }
  Result<bool> word_to_code(Typed& code, Typed& text);
  // '60', and '10:00:28' beside degrees: hours for a right ascension.
  Result<bool> text_to_number(Typed& number, Typed& text);

  // --- comparisons
  Typed unknown(const Tree& tree) { return truth(truth_constant(Truth::unknown, tree), tree); }

  // Whether the two sides must be compared as 64-bit integers because a double could not tell them apart.
  bool needs_wholes(const Typed& a, const Typed& b);

  Checked comparison(const Tree& tree, Sign sign, Typed a, Typed b);

  // A number against a constant is an interval. A float is compared with the nearest float: what is printed as 0.1 is
  // found by 0.1.
  int compare_constant(const Tree& tree, Compare compare, const Typed& a, double value);

  int compare_texts(const Tree& tree, Compare compare, const Typed& a, const Typed& b, bool exact);

  // A bare word beside a field of words is one of them; T and F beside a condition.
  Checked beside(const Tree& tree, const Tree& other);
  Result<std::pair<Typed, Typed>> both(const Tree& a, const Tree& b);

  Checked between(const Tree& tree);
  // One interval instead of two.
  int joined(const Tree& tree, const std::vector<int>& parts);
  bool same_field(int a, int b);
  int negated(const Tree& tree, int node) { return tree.negated ? negation(node, tree) : node; }

  // One list of numbers or of words where the items are such; the others are compared one by one.
  Checked in(const Tree& tree);

  Checked like(const Tree& tree);

  Result<int> regexp(const Tree& tree, const Typed& value, Typed& pattern, bool exact);

  int is_unknown(const Typed& t, const Tree& tree);
  int is_value(int node, Truth value, const Tree& tree);
  Checked is(const Tree& tree);

  // --- arithmetic
  Checked sum(const Tree& tree, Typed a, Typed b);

  Checked arithmetic(const Tree& tree);

  Checked signed_value(const Tree& tree);

  Checked logic(const Tree& tree);

  Checked sign(const Tree& tree);

  // --- functions
  // Values that may stand for each other, in one type: the results of CASE, the arguments of coalesce().
  Result<Is> unify(std::vector<Typed>& values);

  Checked choice(const Tree& tree);
  Checked choose(const Tree& tree, const std::vector<int>& conditions, std::vector<Typed> results);
  static std::string common_unit(const std::vector<Typed>& values);

  Checked call(const Tree& tree);

  Checked apply(const Tree& tree, const Function& function);

  Checked exact(const Tree& tree);

  Checked element(const Tree& tree);

  Checked check(const Tree& tree);

  static constexpr std::size_t kMostNodes = 1 << 19;  // 128 KiB of text have 220,000 when nothing is nested
  static constexpr std::size_t kMostPatterns = 256;   // of 1 MiB each

  const Schema& schema_;
  Program& program_;
  std::vector<const FieldInfo*> fields_;  // of each of the program's
  std::deque<Tree> texts_;                // bare words that became texts
};

}  // namespace imreg::expression
