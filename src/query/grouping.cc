// From the words of a question to keys and aggregates, and the schema of the result.
#include "query/grouping.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace imreg {

namespace {

constexpr std::array<std::pair<std::string_view, Function>, 10> kFunctions = {{{"count", Function::known},
                                                                               {"min", Function::min},
                                                                               {"max", Function::max},
                                                                               {"first", Function::first},
                                                                               {"last", Function::last},
                                                                               {"sum", Function::sum},
                                                                               {"mean", Function::mean},
                                                                               {"median", Function::median},
                                                                               {"stddev", Function::stddev},
                                                                               {"avg", Function::mean}}};  // SQL's word

// "max" of "max(exptime)", nothing when the text is no call of an aggregate.
const std::pair<std::string_view, Function>* function_of(std::string_view text, std::string_view& inside) {
  const auto open = text.find('(');
  if (open == text.npos || text.back() != ')') return nullptr;
  const auto name = trim(text.substr(0, open));
  inside = trim(text.substr(open + 1, text.size() - open - 2));
  for (const auto& function : kFunctions) {
    if (equal_nocase(function.first, name)) return &function;
  }
  return nullptr;
}

bool counts_rows(std::string_view text) {
  std::string_view inside;
  const auto* function = text.ends_with(')') ? function_of(text, inside) : nullptr;
  return equal_nocase(text, "count") || (function && function->second == Function::known && inside == "*");
}

bool keeps_value(Function f) {
  return f == Function::min || f == Function::max || f == Function::first || f == Function::last;
}

Status meaningless(std::string_view what, std::string_view function, const Operand& operand) {
  return {Code::invalid, "group: " + std::string(function) + "(" + operand.shape().name + "): the field holds " +
                             std::string(what) + "; count, min, max, first and last are possible"};
}

Status check(const Aggregate& aggregate, std::string_view function, const Operand& operand) {
  if (keeps_value(aggregate.function) || aggregate.function == Function::known) return {};
  if (operand.is_text()) return meaningless("text", function, operand);
  if (operand.is_word()) return meaningless("words", function, operand);
  if (operand.is_time() && aggregate.function == Function::sum) return meaningless("times", function, operand);
  return {};
}

}  // namespace

bool sums_wholes(const Operand& operand) { return operand.is_integer() && operand.shape().type != Type::i64; }

std::string result_name(std::string_view text) {
  if (counts_rows(trim(text))) return "count";
  std::string_view inside;
  const auto* function = function_of(trim(text), inside);
  // max(exptime, 60) is a function of the language of conditions.
  if (function && split_expressions(inside).size() > 1) function = nullptr;
  return function ? std::string(function->first) + "_" + std::string(inside) : std::string(text);
}

bool Grouping::asks(Function function, std::size_t operand) const {
  return std::any_of(aggregates.begin(), aggregates.end(),
                     [&](const Aggregate& a) { return a.function == function && a.operand == operand; });
}

Result<Grouping> Grouping::parse(std::string_view fields, std::string_view aggregates, const Schema& schema,
                                 const ExpressionSettings& settings) {
  Grouping out;
  const auto operand_of = [&](std::string_view text) -> Result<Operand> {
    auto operand = Operand::parse(text, schema, settings);
    if (operand) return operand;
    return Status(operand.status().code(), "group: " + operand.status().message());
  };
  if (!trim(fields).empty()) {
    for (const auto& name : split_expressions(fields)) {
      IMREG_ASSIGN(Operand key, operand_of(name));
      out.keys.push_back(std::move(key));
    }
  }
  const auto keys = split_expressions(fields);
  for (const auto& text : split_expressions(aggregates)) {
    // As in SQL, where a key must be asked for; here it is printed anyway, in front.
    if (std::ranges::any_of(keys, [&](const auto& key) { return equal_nocase(key, text); })) continue;
    Aggregate aggregate{Function::count, 0, "count"};
    std::string_view inside;
    if (!counts_rows(text)) {
      const auto* function = function_of(text, inside);
      if (!function) {
        return Status(Code::invalid, "group: \"" + visible(text) +
                                         "\" is no aggregate; there are count, count(x), min(x), " +
                                         "max(x), first(x), last(x), sum(x), mean(x) or avg(x), median(x), stddev(x)");
      }
      IMREG_ASSIGN(Operand operand, operand_of(inside));
      aggregate.function = function->second;
      aggregate.name = std::string(function->first) + "_" + operand.shape().name;
      IMREG_TRY(check(aggregate, function->first, operand));
      const auto same = std::find_if(out.operands.begin(), out.operands.end(),
                                     [&](const Operand& other) { return other.shape().name == operand.shape().name; });
      aggregate.operand = static_cast<std::size_t>(same - out.operands.begin());
      if (same == out.operands.end()) out.operands.push_back(std::move(operand));
    }
    out.aggregates.push_back(std::move(aggregate));
  }
  std::vector<std::string> names;
  for (const auto& key : out.keys) names.push_back(to_lower(key.shape().name));
  for (const auto& aggregate : out.aggregates) names.push_back(to_lower(aggregate.name));
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    return Status(Code::invalid, "group: " + *twice + " would be there twice; name it once");
  return out;
}

Schema result_schema(const Grouping& grouping, const std::vector<int>& widths) {
  Schema schema;
  schema.format = "groups";
  schema.version = 1;
  schema.extname = "GROUPS";
  schema.title = "groups of rows";
  const auto add = [&](FieldInfo field, int width) {
    if (field.type == Type::text && field.count <= 0) field.count = std::max(width, 1);
    field.offset = schema.record_size;
    schema.record_size += field.size();
    schema.fields.push_back(std::move(field));
  };
  for (std::size_t i = 0; i < grouping.keys.size(); ++i) add(grouping.keys[i].shape(), widths[i]);
  for (const auto& aggregate : grouping.aggregates) {
    FieldInfo field;
    field.type = Type::i64;
    field.meaning = "number of rows";
    if (aggregate.function != Function::count) {
      const Operand& operand = grouping.operands[aggregate.operand];
      const FieldInfo& shape = operand.shape();
      const auto word = std::find_if(kFunctions.begin(), kFunctions.end(),
                                     [&](const auto& f) { return f.second == aggregate.function; });
      const bool f32 = shape.type == Type::f32;
      switch (aggregate.function) {
        case Function::count:
        case Function::known: break;
        case Function::min:
        case Function::max:
        case Function::first:
        case Function::last: field = shape; break;
        case Function::sum: field.type = sums_wholes(operand) ? Type::i64 : Type::f64; break;
        case Function::median: field.type = f32 ? Type::f32 : Type::f64; break;
        case Function::mean:
        case Function::stddev: field.type = Type::f64; break;
      }
      if (aggregate.function != Function::known) field.unit = shape.unit;
      const bool moment = aggregate.function == Function::mean || aggregate.function == Function::median;
      if (moment && operand.is_time()) field.display = Display::time;
      field.meaning =
          (aggregate.function == Function::known ? "known values" : std::string(word->first)) + " of " + shape.name;
      field.source.clear();
    }
    field.name = aggregate.name;
    field.column = to_upper(aggregate.name);
    for (char& c : field.column) {
      if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '_';
    }
    const std::size_t width = grouping.keys.size() + aggregate.operand;
    add(std::move(field), width < widths.size() ? widths[width] : 0);
  }
  return schema;
}

}  // namespace imreg
