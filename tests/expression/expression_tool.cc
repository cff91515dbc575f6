// The language for expression_oracle_test.py and the examples of its man page. Argument: a .fmt file, or NAME VERSION of a
// format that is built in. Lines in, tab-separated:
//   row VALUE...     a record, one value for each element of each field; an empty one is unknown. No answer.
//   expr TEXT        one line: "error MESSAGE" (line ends as " | "), or a tab-separated result for each record: numbers with 17
//                    digits, texts, yes no unknown; times as ISO texts; "-" when unknown. Conditions: conjuncts are held against truth.
//   rows FIRST END   from here on, results are for these records only (from 0)
//   kind TEXT        "number UNIT", "text", "truth", "time"
//   parts TEXT       the conjuncts, " ; " between them
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>

#include "expression_fixture.h"

using namespace imreg;
using namespace imreg::testing;

namespace {

std::string number_text(double value) {
  if (std::isnan(value)) return "-";
  char out[40];
  std::snprintf(out, sizeof out, "%.17g", value);
  return out;
}

std::string result_of(const Expression& expression, RecordView record) {
  std::string scratch;
  switch (expression.kind()) {
    case Expression::Kind::number: return number_text(expression.number(record));
    case Expression::Kind::time: {
      const double time = expression.number(record);
      return std::isnan(time) ? "-" : format_iso(time);
    }
    case Expression::Kind::text: {
      const auto text = expression.text(record, scratch);
      return text.empty() ? "-" : std::string(text);
    }
    case Expression::Kind::truth: break;
  }
  const Truth truth = expression.truth(record);
  return truth == Truth::yes ? "yes" : truth == Truth::no ? "no" : "unknown";
}

std::string describe(const Conjunct& part) {
  std::string out = part.negate ? "not " : "";
  const char* const kinds[] = {"numbers", "codes", "texts", "prefix", "glob", "any", "test"};
  out += kinds[static_cast<int>(part.kind)];
  if (!part.field.empty()) out += " " + part.field;
  for (const auto& range : part.ranges) out += " " + number_text(range.low) + ".." + number_text(range.high);
  for (const int code : part.codes) out += " " + std::to_string(code);
  for (const auto& text : part.texts) out += " '" + text + "'";
  for (const auto& branch : part.branches) {
    out += " (";
    for (const auto& each : branch) out += (out.ends_with('(') ? "" : " ; ") + describe(each);
    out += ")";
  }
  return part.kind == Conjunct::Kind::test ? out + " " + part.source : out;
}

std::string answer(const std::string& what, const std::string& text, const Schema& schema,
                   std::span<const Record> records) {
  const auto expression = Expression::parse(text, schema, settings());
  if (!expression) {
    std::string message = expression.status().message();
    for (std::size_t at = 0; (at = message.find('\n', at)) != message.npos;) message.replace(at, 1, " | ");
    return "error " + message;
  }
  const bool condition = expression->kind() == Expression::Kind::truth;
  if (what == "kind") {
    const char* const kinds[] = {"number", "text", "truth", "time"};
    const std::string unit = expression->unit();
    return kinds[static_cast<int>(expression->kind())] + (unit.empty() ? "" : " " + unit);
  }
  const auto parts = condition ? expression->conjuncts() : std::vector<Conjunct>();
  std::string out;
  if (what == "parts") {
    for (const auto& part : parts) out += (out.empty() ? "" : " ; ") + describe(part);
    return out;
  }
  for (const auto& record : records) {
    out += (out.empty() ? "" : "\t") + result_of(*expression, record.view());
    if (condition && all_hold(parts, record.view(), schema) != (expression->truth(record.view()) == Truth::yes))
      return "conjuncts differ from truth() for record " + std::to_string(&record - records.data());
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Schema schema;
  if (argc == 3) {
    schema = *builtin_format(argv[1], std::atoi(argv[2]));
  } else if (argc == 2) {
    std::ifstream file(argv[1]);
    schema = *parse_format(std::string(std::istreambuf_iterator<char>(file), {}), argv[1]);
  } else {
    const auto parsed = parse_format("x", "y");
    schema = wide();
  }
  std::vector<Record> records;
  std::size_t first = 0, count = std::dynamic_extent;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto words = split(line, '\t');
    if (words[0] == "row") {
      Record& record = records.emplace_back(static_cast<std::size_t>(schema.record_size));
      std::size_t next = 1;
      for (const auto& field : schema.fields) {
        for (int element = 0; element < (field.type == Type::text ? 1 : field.count); ++element) {
          const auto status = set_text(record, field, next < words.size() ? words[next] : "", element);
          if (!status.ok()) std::fprintf(stderr, "%s\n", status.text().c_str());
          ++next;
        }
      }
    } else if (words[0] == "rows") {
      first = std::stoul(std::string(words.at(1)));
      count = std::stoul(std::string(words.at(2))) - first;
    } else {
      std::puts(answer(std::string(words[0]), line.substr(std::min(line.size(), words[0].size() + 1)), schema,
                       std::span(records).subspan(first, count))
                    .c_str());
    }
  }
}
