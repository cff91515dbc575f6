// Cards to columns.
#include "headers/key_values.h"

#include <algorithm>
#include <bit>
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

// The value of a card; nothing: it has none.
KeyRef key_of(const Header& header, std::size_t i) {
  CardValue value = header.value(i);
  if (value.kind == CardValue::Kind::none || value.kind == CardValue::Kind::undefined) return {};
  auto key = std::make_shared<KeyValue>();
  key->keyword = header.keyword(i);
  if (key->keyword.empty() || key->keyword == "CONTINUE") return {};
  key->kind = value.kind;
  key->text = std::move(value.text);
  key->unit = unit_of(value.comment);
  std::string_view name, number;
  if (key->kind == CardValue::Kind::text && split_record(key->text, name, number)) {
    key->keyword += "." + std::string(name);
    key->kind = CardValue::Kind::real;
    key->text = std::string(number);
  }
  key->column = column_of(key->keyword);
  key->hash = std::hash<std::string>()(key->column);
  return key;
}

// Headers of a kind say nearly the same: most cards have been read before. A text that goes on in the next card is not of its card alone.
class KnownCards {
 public:
  KeyRef key_of(const Header& header, std::size_t i) {
    const std::string_view card = header.card(i);
    if (i + 1 < header.size() && header.card(i + 1).starts_with("CONTINUE")) return headers::key_of(header, i);
    if (const auto known = keys_.find(card); known != keys_.end()) return known->second;
    if (keys_.size() >= kMost) keys_.clear();
    return keys_.emplace(std::string(card), headers::key_of(header, i)).first->second;
  }

 private:
  static constexpr std::size_t kMost = 1 << 14;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, KeyRef, Hash, std::equal_to<>> keys_;
};

// Columns that were seen: open addressing, at most half full.
class Seen {
 public:
  explicit Seen(std::size_t most) : places_(std::bit_ceil(2 * most + 2)) {}
  // False: it was there.
  bool insert(const KeyValue& key) {
    for (std::size_t at = key.hash;; ++at) {
      const KeyValue*& place = places_[at & (places_.size() - 1)];
      if (place && (place->hash != key.hash || place->column != key.column)) continue;
      if (place) return false;
      place = &key;
      return true;
    }
  }

 private:
  std::vector<const KeyValue*> places_;
};

}  // namespace

std::vector<KeyRef> key_values(const Header& header, int& others) {
  thread_local KnownCards known;
  std::vector<KeyRef> out;
  out.reserve(header.size());
  Seen seen(header.size());
  others = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    KeyRef key = known.key_of(header, i);
    if (!key) continue;
    if (seen.insert(*key))
      out.push_back(std::move(key));
    else
      ++others;
  }
  return out;
}

}  // namespace imreg::headers
