// Runs a program over one record. No allocation but for texts that are computed and do not fit a small string.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "expression/match.h"
#include "expression/program.h"
#include "sky/angle.h"

namespace imreg::expression {

namespace {

using Program = Expression::Program;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kDay = 86400;

Truth truth(bool yes) { return yes ? Truth::yes : Truth::no; }

template <class T>
bool holds(Compare compare, T a, T b) {
  switch (compare) {
    case Compare::equal: return a == b;
    case Compare::not_equal: return a != b;
    case Compare::less: return a < b;
    case Compare::less_equal: return a <= b;
    case Compare::greater: return a > b;
    case Compare::greater_equal: return a >= b;
  }
  return false;
}

// The stored integer of a field.
std::int64_t integer_at(const Node& n, const char* record) { return load_integer(record + n.offset, n.type); }

// A field of any type, scaled by x after adding y.
double field_of(const Node& n, const char* record) {
  double value = 0;
  if (n.type == Type::f32)
    value = static_cast<double>(load_big<float>(record + n.offset));
  else if (n.type == Type::f64)
    value = load_big<double>(record + n.offset);
  else
    value = static_cast<double>(integer_at(n, record));
  if (n.missing && value == static_cast<double>(*n.missing)) return kNan;
  if (n.failed_is_minus_one && value == -1) return kNan;
  return n.x == 1 && n.y == 0 ? value : n.y + n.x * value;
}

// False: not known.
bool whole_of(const Node& n, const char* record, std::int64_t& out) {
  out = n.op == Op::constant ? n.whole : integer_at(n, record);
  return !(n.missing && n.op != Op::constant && out == *n.missing);
}

[[gnu::noinline]] double civil_of(const Program& program, double time, int part) {
  constexpr double kMost = 1e14;  // three million years
  if (!(std::abs(time) < kMost)) return kNan;
  const double zone = program.settings.dates.tz_hours * 3600;
  const double local = time + zone - (part == kNight ? kDay / 2 : 0);
  const double day = std::floor(local / kDay);
  const double second = local - day * kDay;
  switch (part) {
    case kHour: return std::floor(second / 3600);
    case kMinute: return std::floor(std::fmod(second, 3600) / 60);
    case kSecond: return std::fmod(second, 60);
    case kDate:
    case kNight: return day * kDay - zone;
    default: break;
  }
  const CivilDate date = civil_from_days(static_cast<long long>(day));
  return part == kYear ? static_cast<double>(date.year) : part == kMonth ? date.month : date.day;
}

[[gnu::noinline]] double round_to(double value, double decimals) {
  if (std::isnan(decimals) || !std::isfinite(value)) return kNan;
  const double scale = std::pow(10, std::trunc(std::clamp(decimals, -300.0, 300.0)));
  const double rounded = std::round(value * scale) / scale;
  return std::isfinite(rounded) ? rounded : value;
}

[[gnu::noinline]] double extreme_of(const Program& program, const Node& n, const char* record) {
  double out = kNan;
  for (const int argument : program.many[static_cast<std::size_t>(n.extra)]) {
    const double value = number_of(program, argument, record);
    if (std::isnan(value)) {
      if (n.x == 1) return kNan;
    } else if (std::isnan(out) || (n.op == Op::least ? value < out : value > out)) {
      out = value;
    }
  }
  return out;
}

// The result of the first condition that holds; -1: none.
[[gnu::noinline]] int chosen(const Program& program, const Node& n, const char* record) {
  const auto& parts = program.many[static_cast<std::size_t>(n.extra)];
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (truth_of(program, parts[i], record) == Truth::yes) return parts[i + 1];
  }
  return parts.back();
}

[[gnu::noinline]] double distance_of(const Program& program, const Node& n, const char* record) {
  double angles[4];
  for (std::size_t i = 0; i < 4; ++i) {
    angles[i] = number_of(program, program.many[static_cast<std::size_t>(n.extra)][i], record);
    if (!std::isfinite(angles[i])) return kNan;
  }
  return separation({angles[0], angles[1]}, {angles[2], angles[3]});
}

[[gnu::noinline]] double length_of(const Program& program, const Node& n, const char* record) {
  std::string scratch;
  const auto text = text_of(program, n.a, record, scratch);
  return text.empty() ? kNan : static_cast<double>(characters(text));
}

[[gnu::noinline]] double number_in(const Program& program, const Node& n, const char* record) {
  std::string scratch;
  std::string text(text_of(program, n.a, record, scratch));
  double value = kNan;
  if (parse_number(text, value)) return value;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == 'D' || c == 'd'; }, 'E');  // Fortran's 1.5D3
  return parse_number(text, value) ? value : kNan;
}

[[gnu::noinline]] Truth is_empty(const Program& program, const Node& n, const char* record) {
  std::string scratch;
  return truth(text_of(program, n.a, record, scratch).empty());
}

[[gnu::noinline]] double find_of(const Program& program, const Node& n, const char* record) {
  std::string first, second;
  const auto text = text_of(program, n.a, record, first), part = text_of(program, n.b, record, second);
  if (text.empty() || part.empty()) return kNan;
  const std::size_t at = find_text(text, part, n.exact);
  return at == text.npos ? 0 : static_cast<double>(characters(text.substr(0, at)) + 1);
}

Truth all_of(const Program& program, const Node& n, const char* record) {
  Truth out = Truth::yes;
  for (const int argument : program.many[static_cast<std::size_t>(n.extra)]) {
    out = std::min(out, truth_of(program, argument, record));
    if (out == Truth::no) break;
  }
  return out;
}

Truth any_of(const Program& program, const Node& n, const char* record) {
  Truth out = Truth::no;
  for (const int argument : program.many[static_cast<std::size_t>(n.extra)]) {
    out = std::max(out, truth_of(program, argument, record));
    if (out == Truth::yes) break;
  }
  return out;
}

[[gnu::noinline]] Truth compare_wholes(const Program& program, const Node& n, const char* record) {
  std::int64_t a = 0, b = 0;
  const bool known = whole_of(program.nodes[static_cast<std::size_t>(n.a)], record, a) &&
                     whole_of(program.nodes[static_cast<std::size_t>(n.b)], record, b);
  return known ? truth(holds(n.compare, a, b)) : Truth::unknown;
}

bool is_listed(const std::vector<std::string>& words, std::string_view text, bool exact) {
  constexpr std::size_t kFew = 8;
  if (words.size() <= kFew) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& word) { return exact ? word == text : equal_nocase(word, text); });
  }
  const auto found =
      std::lower_bound(words.begin(), words.end(), text,
                       [exact](const std::string& a, std::string_view b) { return compare_texts(a, b, exact) < 0; });
  return found != words.end() && compare_texts(*found, text, exact) == 0;
}

// Conditions on one or two texts. Kept out of truth_of(), as all that needs a string, whose frame stays small so.
[[gnu::noinline]] Truth test_texts(const Program& program, const Node& n, const char* record) {
  std::string first, second, third;
  const auto text = text_of(program, n.a, record, first);
  if (text.empty()) return Truth::unknown;
  if (n.op == Op::text_one_of) return truth(is_listed(program.words[static_cast<std::size_t>(n.extra)], text, n.exact));
  if (n.op == Op::regexp)
    return truth(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()),
                                   *program.patterns[static_cast<std::size_t>(n.extra)]));
  const auto other = text_of(program, n.b, record, second);
  if (other.empty()) return Truth::unknown;
  switch (n.op) {
    case Op::text_compare: return truth(holds(n.compare, compare_texts(text, other, n.exact), 0));
    case Op::starts: return truth(find_text(text.substr(0, other.size()), other, n.exact) == 0);
    case Op::ends:
      return truth(text.size() >= other.size() &&
                   compare_texts(text.substr(text.size() - other.size()), other, n.exact) == 0);
    case Op::contains: return truth(find_text(text, other, n.exact) != text.npos);
    case Op::glob: return truth(glob_match(other, text, !n.exact));
    default: break;
  }
  const auto escape = n.c < 0 ? std::string_view() : text_of(program, n.c, record, third);
  if (n.c >= 0 && escape.empty()) return Truth::unknown;
  return truth(like_match(other, text, escape, n.exact));
}

[[gnu::noinline]] std::string_view cut_of(const Program& program, const Node& n, const char* record,
                                          std::string& scratch) {
  const double from = number_of(program, n.b, record);
  const double count = n.c < 0 ? 1e9 : number_of(program, n.c, record);
  if (std::isnan(from) || std::isnan(count)) return {};
  return substring(text_of(program, n.a, record, scratch), from, count);
}

[[gnu::noinline]] std::string_view word_of(const Program& program, const Node& n, const char* record,
                                           std::string& scratch) {
  const double code = number_of(program, n.a, record);
  if (std::isnan(code)) return {};
  const auto& words = program.fields[static_cast<std::size_t>(n.extra)].words;
  if (code >= 0 && code < static_cast<double>(words.size())) return words[static_cast<std::size_t>(code)];
  scratch = std::to_string(integer_at(program.nodes[static_cast<std::size_t>(n.a)], record));
  return scratch;
}

// number_of(), without a call for what most operands are.
inline double operand(const Program& program, int node, const char* record) {
  const Node& n = program.nodes[static_cast<std::size_t>(node)];
  if (n.op == Op::constant) return n.x;
  if (n.op == Op::field_f64) return load_big<double>(record + n.offset);
  if (n.op == Op::field_f32) return static_cast<double>(load_big<float>(record + n.offset));
  return number_of(program, node, record);
}

}  // namespace

double number_of(const Program& program, int node, const char* record) {
  const Node& n = program.nodes[static_cast<std::size_t>(node)];
  const auto at = [&](int argument) { return operand(program, argument, record); };
  switch (n.op) {
    case Op::constant: return n.x;
    case Op::field_f64: return load_big<double>(record + n.offset);
    case Op::field_f32: return static_cast<double>(load_big<float>(record + n.offset));
    case Op::field: return field_of(n, record);
    case Op::from_truth: {
      const Truth value = truth_of(program, n.a, record);
      return value == Truth::unknown ? kNan : value == Truth::yes ? 1 : 0;
    }
    case Op::add: return at(n.a) + at(n.b);
    case Op::subtract: return at(n.a) - at(n.b);
    case Op::multiply: return at(n.a) * at(n.b);
    case Op::divide: {
      const double by = at(n.b);
      return by == 0 ? kNan : at(n.a) / by;
    }
    case Op::function1: return n.function1(at(n.a));
    case Op::function2: return n.function2(at(n.a), at(n.b));
    case Op::round_to: return n.b < 0 ? std::round(at(n.a)) : round_to(at(n.a), at(n.b));
    case Op::least:
    case Op::greatest: return extreme_of(program, n, record);
    case Op::distance: return distance_of(program, n, record);
    case Op::length: return length_of(program, n, record);
    case Op::to_number: return number_in(program, n, record);
    case Op::find: return find_of(program, n, record);
    case Op::civil: return civil_of(program, at(n.a), static_cast<int>(n.x));
    case Op::add_months: return imreg::add(at(n.a), Duration{0, static_cast<int>(n.x)});
    case Op::coalesce: {
      for (const int argument : program.many[static_cast<std::size_t>(n.extra)]) {
        if (const double value = at(argument); !std::isnan(value)) return value;
      }
      return kNan;
    }
    case Op::choice: {
      const int which = chosen(program, n, record);
      return which < 0 ? kNan : at(which);
    }
    default: return kNan;
  }
}

Truth truth_of(const Program& program, int node, const char* record) {
  const Node& n = program.nodes[static_cast<std::size_t>(node)];
  switch (n.op) {
    case Op::truth_constant: return static_cast<Truth>(static_cast<int>(n.x));
    case Op::truth_field:
      return n.missing && record[n.offset] == '\0' ? Truth::unknown : truth(record[n.offset] == 'T');
    case Op::all: return all_of(program, n, record);
    case Op::any: return any_of(program, n, record);
    case Op::negation: return static_cast<Truth>(2 - static_cast<int>(truth_of(program, n.a, record)));
    case Op::within: {
      const double value = operand(program, n.a, record);
      return std::isnan(value) ? Truth::unknown : truth(n.x <= value && value <= n.y);
    }
    case Op::one_of: {
      const double value = number_of(program, n.a, record);
      const auto& list = program.numbers[static_cast<std::size_t>(n.extra)];
      return std::isnan(value) ? Truth::unknown : truth(std::binary_search(list.begin(), list.end(), value));
    }
    case Op::compare: {
      const double a = operand(program, n.a, record), b = operand(program, n.b, record);
      return std::isnan(a) || std::isnan(b) ? Truth::unknown : truth(holds(n.compare, a, b));
    }
    case Op::compare_exact: return compare_wholes(program, n, record);
    case Op::unknown_number: return truth(std::isnan(number_of(program, n.a, record)));
    case Op::unknown_text: return is_empty(program, n, record);
    case Op::unknown_truth: return truth(truth_of(program, n.a, record) == Truth::unknown);
    case Op::is_truth: return truth(truth_of(program, n.a, record) == static_cast<Truth>(static_cast<int>(n.x)));
    case Op::equal_truth: {
      const Truth a = truth_of(program, n.a, record), b = truth_of(program, n.b, record);
      return a == Truth::unknown || b == Truth::unknown ? Truth::unknown : truth(a == b);
    }
    case Op::coalesce: {
      for (const int argument : program.many[static_cast<std::size_t>(n.extra)]) {
        if (const Truth value = truth_of(program, argument, record); value != Truth::unknown) return value;
      }
      return Truth::unknown;
    }
    case Op::choice: {
      const int which = chosen(program, n, record);
      return which < 0 ? Truth::unknown : truth_of(program, which, record);
    }
    default: return test_texts(program, n, record);
  }
}

std::string_view text_of(const Program& program, int node, const char* record, std::string& scratch) {
  const Node& n = program.nodes[static_cast<std::size_t>(node)];
  switch (n.op) {
    case Op::text_constant: return program.texts[static_cast<std::size_t>(n.extra)];
    case Op::text_field: return trimmed(record + n.offset, static_cast<std::size_t>(n.size));
    case Op::path_field: {
      const auto path = trimmed(record + n.offset, static_cast<std::size_t>(n.size));
      if (path.empty() || path[0] != '$') return path;
      scratch = program.settings.expand_path(path);
      return scratch;
    }
    case Op::word: return word_of(program, n, record, scratch);
    case Op::lower:
    case Op::upper: {
      std::string own(text_of(program, n.a, record, scratch));
      std::transform(own.begin(), own.end(), own.begin(), n.op == Op::lower ? imreg::lower : imreg::upper);
      scratch = std::move(own);
      return scratch;
    }
    case Op::trim: return imreg::trim(text_of(program, n.a, record, scratch));
    case Op::substring: return cut_of(program, n, record, scratch);
    case Op::concatenate: {
      std::string own, part;
      for (const int argument : program.many[static_cast<std::size_t>(n.extra)])
        own += text_of(program, argument, record, part);
      scratch = std::move(own);
      return scratch;
    }
    case Op::iso: {
      scratch.resize(kIsoSize);
      const double time = number_of(program, n.a, record);
      const char* const end = write_iso(scratch.data(), time, -1, program.settings.dates.tz_hours);
      return std::string_view(scratch).substr(0, static_cast<std::size_t>(end - scratch.data()));
    }
    case Op::coalesce: {
      for (const int argument : program.many[static_cast<std::size_t>(n.extra)]) {
        if (const auto value = text_of(program, argument, record, scratch); !value.empty()) return value;
      }
      return {};
    }
    case Op::choice: {
      const int which = chosen(program, n, record);
      return which < 0 ? std::string_view() : text_of(program, which, record, scratch);
    }
    default: return {};
  }
}

}  // namespace imreg::expression
