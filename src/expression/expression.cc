// The public face of expressions: parse, check, compile once; then a number, text or truth for each record.
#include "imreg/expression.h"

#include <cmath>
#include <limits>
#include <utility>

#include "base/text.h"
#include "expression/checker.h"

namespace imreg {

Result<Expression> Expression::parse(std::string_view text, const Schema& schema, const ExpressionSettings& settings) {
  IMREG_ASSIGN(const auto parsed, expression::parse_tree(text, schema));
  auto program = std::make_shared<Program>();
  program->source = text;
  program->settings = settings;
  IMREG_TRY(expression::check(*parsed.root, schema, *program));
  return Expression(std::move(program));
}

Result<Expression> Expression::parse_condition(std::string_view text, const Schema& schema,
                                               const ExpressionSettings& settings) {
  IMREG_ASSIGN(auto out, parse(text, schema, settings));
  if (out.kind() == Kind::truth) return out;
  const char* const is = out.kind() == Kind::number ? "a number" : out.kind() == Kind::time ? "a time" : "text";
  return expression::fault(text, text.find_first_not_of(" \t\r\n"),
                           std::string("a condition is wanted, such as exptime > 60; this is ") + is);
}

Expression::Kind Expression::kind() const { return program_->kind; }
const std::string& Expression::unit() const { return program_->unit; }
const std::string& Expression::source() const { return program_->source; }

const FieldInfo* Expression::field() const {
  const int field = program_->root_field;
  return field < 0 ? nullptr : &program_->fields[static_cast<std::size_t>(field)];
}
int Expression::element() const {
  const int field = program_->root_field;
  return field < 0 ? 0 : program_->elements[static_cast<std::size_t>(field)];
}

std::vector<FieldInfo> Expression::fields() const { return program_->fields; }

double Expression::number(RecordView record) const {
  if (program_->kind != Kind::truth) return expression::number_of(*program_, program_->root, record.bytes());
  const Truth value = truth(record);
  return value == Truth::unknown ? std::numeric_limits<double>::quiet_NaN() : value == Truth::yes ? 1 : 0;
}

std::string_view Expression::text(RecordView record, std::string& scratch) const {
  if (program_->root_text < 0) return {};
  return expression::text_of(*program_, program_->root_text, record.bytes(), scratch);
}

Truth Expression::truth(RecordView record) const {
  if (program_->kind != Kind::truth) return Truth::unknown;
  return expression::truth_of(*program_, program_->root, record.bytes());
}

std::vector<std::string> split_expressions(std::string_view list) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  int depth = 0;
  char quote = '\0';
  for (std::size_t i = 0; i <= list.size(); ++i) {
    const char c = i < list.size() ? list[i] : ',';
    if (i == list.size() || (c == ',' && depth <= 0 && quote == '\0')) {
      out.emplace_back(trim(list.substr(begin, i - begin)));
      begin = i + 1;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    }
  }
  return out;
}

}  // namespace imreg
