// Cards to columns.
#include "headers/key_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "headers/table_schema.h"

namespace imreg::headers {

namespace {

bool is_letter(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "AXIS.1: 2.0" to the name and the number that a record-valued card has. False: it is a text as others.
bool split_record(std::string_view text, std::string_view& name, std::string_view& number) {
  const auto colon = text.find(": ");
  if (colon == 0 || colon == text.npos) return false;
  name = text.substr(0, colon);
  number = trim(text.substr(colon + 2));
  const bool is_name = !is_digit(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
  });
  if (!is_name || number.empty()) return false;
  char* end = nullptr;
  const std::string digits(number);
  (void)std::strtod(digits.c_str(), &end);
  return end == digits.c_str() + digits.size() && (is_digit(number.back()) || number.back() == '.');
}

}  // namespace

std::string column_of(std::string_view keyword) {
  std::string out = to_upper(keyword);
  for (char& c : out) {
    if (!is_letter(c) && !is_digit(c)) c = '_';
  }
  return is_digit(out[0]) || is_own_field(out) ? "KEY_" + out : out;
}

namespace {

// A comment may say "[see above]" as well: a unit is short, of the characters of units and without a blank.
std::string unit_of(std::string_view comment) {
  constexpr std::size_t kLongest = 16;
  constexpr std::string_view kOthers = "*/^.()+-%";
  const auto end = comment.find(']');
  if (!comment.starts_with('[') || end == comment.npos || end == 1 || end > kLongest) return {};
  const std::string_view unit = comment.substr(1, end - 1);
  const bool good = std::all_of(unit.begin(), unit.end(), [&](char c) {
    return is_letter(upper(c)) || is_digit(c) || kOthers.find(c) != kOthers.npos;
  });
  return good ? std::string(trim(unit)) : "";
}

}  // namespace

namespace {

// What the text comes to as a number.
void read_number(KeyValue& key) {
  using Kind = CardValue::Kind;
  if (key.kind == Kind::logical) key.type = Type::boolean;
  if (key.kind != Kind::integer && key.kind != Kind::real) return;
  CardValue value;
  value.kind = key.kind;
  std::swap(value.text, key.text);
  if (const auto real = value.number(); real && std::isfinite(*real)) key.real = *real;
  std::swap(value.text, key.text);
  if (key.kind == Kind::real && !std::isnan(key.real)) key.type = Type::f64;
  if (key.kind != Kind::integer) return;
  const char *const begin = key.text.data() + (key.text.starts_with('+') ? 1 : 0), *const end = key.text.data() +
                                                                                                key.text.size();
  const auto [stop, error] = std::from_chars(begin, end, key.integer);
  if (error == std::errc() && stop == end && key.integer != kNoInteger) key.type = Type::i64;
}

}  // namespace

KeyRef key_value(const Header& header, std::size_t i, const KeyValue* alike) {
  CardValue value = header.value(i);
  if (value.kind == CardValue::Kind::none || value.kind == CardValue::Kind::undefined) return {};
  auto key = std::make_shared<KeyValue>();
  key->keyword = alike ? alike->keyword : header.keyword(i);
  if (key->keyword.empty() || key->keyword == "CONTINUE") return {};
  key->kind = value.kind;
  key->text = std::move(value.text);
  key->unit = unit_of(value.comment);
  std::string_view name, number;
  if (key->kind == CardValue::Kind::text && split_record(key->text, name, number)) {
    alike = nullptr;
    key->keyword += "." + std::string(name);
    key->kind = CardValue::Kind::real;
    key->text = std::string(number);
  }
  key->column = alike ? alike->column : column_of(key->keyword);
  key->hash = alike ? alike->hash : std::hash<std::string>()(key->column);
  read_number(*key);
  return key;
}

}  // namespace imreg::headers
