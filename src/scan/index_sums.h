// What a row says and what a column says as one number each, and what of an index is looked at.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "scan/index_check.h"

namespace imreg::index {

inline constexpr std::uint64_t kNoText = 0x51ed270b7a1c3e5dU, kOdd = 0xa0761d6478bd642fU;

inline std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32U;
  x *= 0xd6e8feb86659fd93U;
  x ^= x >> 32U;
  x *= 0xd6e8feb86659fd93U;
  return x ^ x >> 32U;
}

inline std::uint64_t row_key(std::int64_t row) { return mix(static_cast<std::uint64_t>(row) + 1); }

// A product of 128 bits, folded.
inline std::uint64_t folded(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// What a column holds of one row.
inline std::uint64_t pair_hash(std::size_t column, std::uint64_t key, std::uint64_t value) {
  return folded(key + column * 0x9e3779b97f4a7c15U, value ^ kOdd);
}

inline std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }
inline std::uint64_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

inline std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = kNoText + text.size(), words[2];
  for (; text.size() >= 16; text.remove_prefix(16)) {
    std::memcpy(words, text.data(), 16);
    hash = folded(words[0] ^ hash, words[1] ^ kOdd);
  }
  words[0] = words[1] = 0;
  text.copy(reinterpret_cast<char*>(words), text.size());
  return folded(words[0] ^ hash, words[1] ^ kOdd);
}

// The value of a field of codes as a segment has it: the bytes of the field, of a text without its padding.
inline std::uint64_t code_hash(const FieldInfo& field, const char* at) {
  if (field.type != Type::text && field.count == 1) {
    const auto value = static_cast<std::uint64_t>(load_integer(at, field.type));
    return folded(value ^ kNoText, kOdd);
  }
  const auto size = static_cast<std::size_t>(field.size());
  return text_hash(field.type == Type::text ? trimmed(at, size) : std::string_view(at, size));
}

struct IndexCheck::State {
  explicit State(const Schema& schema) : fields(schema) {
    const auto add = [this](bool there, std::string name) {
      columns.push_back(there ? std::move(name) : std::string());
      return columns.size() - 1;
    };
    rows_column = add(true, "row");
    time = add(fields.time != nullptr, "obstime");
    length = add(fields.length != nullptr, "exptime");
    place = add(fields.ra != nullptr, "position");
    odd = add(fields.ra != nullptr, "unusual position");
    codes = columns.size();
    for (const auto* field : fields.codes) add(true, field->name);
    names = columns.size();
    for (const auto* field : fields.names) add(true, field->name);
    if (const auto* field = fields.schema->find("changeno"); field && field->type == Type::i64) changeno = field;
  }

  Fields fields;
  const FieldInfo* changeno = nullptr;
  File file;
  Head head{};
  std::vector<SegmentHead> segments;
  std::vector<std::int64_t> changed;  ///< in order
  std::vector<std::string> columns;   ///< names; empty: the format has no such field
  std::size_t rows_column, time, length, place, odd, codes, names;

  /// The newest segment of each row; empty where no two segments can have the same row.
  std::vector<std::uint8_t> newest;
  std::vector<std::int64_t> left_out;  ///< in order
  bool has_left_out = false;

  Status find_newest();

  // Whether what segment `i` says of a row counts.
  bool counts(std::size_t i, std::int64_t row) const {
    if (!newest.empty() && newest[static_cast<std::size_t>(row)] != i) return false;
    return !has_left_out || !std::binary_search(left_out.begin(), left_out.end(), row);
  }
};

}  // namespace imreg::index
