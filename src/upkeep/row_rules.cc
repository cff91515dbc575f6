// Looks at the fields of a record.
#include "upkeep/row_rules.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/text.h"
#include "imreg/date.h"

namespace imreg::upkeep {

namespace {

bool is_plain_by_byte(const char* at, std::size_t size) {
  const char* const end = at + size;
  while (at < end && *at >= 0x20 && *at <= 0x7e) ++at;
  return std::all_of(at, end, [](char c) { return c == 0; });
}

// Printable ASCII, then NUL to the end. Without branches: where a text ends cannot be foreseen.
bool is_plain_text(const char* at, std::size_t size) {
#if defined(__SSE2__)
  unsigned bad = 0, ended = 0;
  for (; size >= 16; size -= 16, at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto mask = [](__m128i of) { return static_cast<unsigned>(_mm_movemask_epi8(of)); };
    const unsigned nul = mask(_mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
    const unsigned low = mask(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)));  // and all with the highest bit
    bad |= (low & ~nul) | mask(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))) | ((nul << 1U | ended) & ~nul & 0xffffU);
    ended = nul >> 15U;
  }
  if (bad != 0 || size == 0) return bad == 0;
  if (ended != 0) return std::all_of(at, at + size, [](char c) { return c == 0; });
#endif
  return is_plain_by_byte(at, size);
}

std::string fault_of_text(const FieldInfo& field, const char* at) {
  const auto size = static_cast<std::size_t>(field.count);
  const std::string_view all(at, size);
  const std::size_t length = std::min(all.find('\0'), size);
  if (all.find_first_not_of('\0', length) != all.npos) return field.name + " is not filled up with NUL";
  for (std::string_view rest = all.substr(0, length); !rest.empty();) {
    const std::size_t letter = utf8_length(rest);
    if (letter == 0) return field.name + " is not UTF-8: \"" + visible(all.substr(0, length)) + "\"";
    if (letter == 1 && (rest[0] < 0x20 || rest[0] == 0x7f))
      return field.name + " has a control character: \"" + visible(all.substr(0, length)) + "\"";
    rest.remove_prefix(letter);
  }
  return {};
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

double double_at(const FieldInfo& field, const char* record) {
  const char* at = record + field.offset;
  switch (field.type) {
    case Type::f32: return static_cast<double>(load_big<float>(at));
    case Type::f64: return load_big<double>(at);
    default: return static_cast<double>(load_integer(at, field.type));
  }
}

}  // namespace

RowRules::RowRules(const Schema& schema, bool native) {
  // What no telescope has seen: a place beyond a pole, an exposure before photography or so late that somebody's "never" or a
  // wrong unit made it. A release may be in the year 9999: never.
  constexpr double kPhotography = -4102444800, kLate = 7258118400;  // 1840, 2200
  for (const auto& field : schema.fields) {
    if (field.scale != 1 || field.zero != 0) continue;
    if (field.type == Type::text && native && field.display != Display::hidden) texts_.push_back(&field);
    if (field.type == Type::boolean) booleans_.push_back(&field);
    if (field.display == Display::words && field.count == 1) words_.push_back(&field);
    if ((field.type != Type::f32 && field.type != Type::f64) || field.count != 1) continue;
    if (!native && schema.format.empty()) continue;  // who knows what others mean by "ra"
    Bounds bounds{&field, -std::numeric_limits<double>::max(), std::numeric_limits<double>::max(), "is infinite"};
    if (field.name == "dec") bounds = {&field, -90, 90, "is beyond a pole"};
    if (field.name == "ra") bounds = {&field, -180, 540, "is no right ascension"};  // a mosaic goes on behind 360
    if (field.name == "exptime") bounds = {&field, 0, 1e9, "is no exposure time"};
    if (field.name == "obstime" || field.name == "mtime" || field.name == "regtime")
      bounds = {&field, kPhotography, kLate, "is no time of an image"};
    numbers_.push_back(bounds);
    if (bounds.high != std::numeric_limits<double>::max())
      bounded_.push_back(bounds);
    else
      (field.type == Type::f32 ? finite32_ : finite64_).push_back(field.offset);
  }
  for (const auto& field : schema.fields) {
    if (field.type != Type::text || !native) continue;
    const auto from = static_cast<std::size_t>(field.offset), end = from + static_cast<std::size_t>(field.count);
    const std::size_t known_end = std::max(texts_from_ + texts_size_, end);
    texts_from_ = texts_size_ == 0 ? from : std::min(texts_from_, from);
    texts_size_ = known_end - texts_from_;
  }
}

bool RowRules::fine(const char* record, bool same_texts) const {
  for (const auto* field : texts_) {
    if (same_texts) break;
    if (!is_plain_text(record + field->offset, static_cast<std::size_t>(field->count))) return faults(record).empty();
  }
  for (const auto* field : booleans_) {
    for (int i = 0; i < field->count; ++i) {
      const char c = record[field->offset + i];
      if (c != 'T' && c != 'F' && c != 0) return false;
    }
  }
  for (const auto* field : words_) {
    const auto code = load_integer(record + field->offset, field->type);
    if (code < 0 || code >= std::ssize(field->words)) return false;
  }
  for (const auto& bounds : bounded_) {
    const double value = double_at(*bounds.field, record);
    if (value < bounds.low || value > bounds.high) return false;
  }
  bool infinite = false;  // without branches
  for (const int at : finite32_) infinite |= (load_big<std::uint32_t>(record + at) & 0x7fffffffU) == 0x7f800000U;
  for (const int at : finite64_)
    infinite |= (load_big<std::uint64_t>(record + at) & ~(std::uint64_t{1} << 63U)) == 0x7ff0000000000000U;
  return !infinite;
}

std::vector<std::string> RowRules::faults(const char* record) const {
  std::vector<std::string> out;
  for (const auto* field : texts_) {
    if (auto fault = fault_of_text(*field, record + field->offset); !fault.empty()) out.push_back(std::move(fault));
  }
  for (const auto* field : booleans_) {
    for (int i = 0; i < field->count; ++i) {
      const char c = record[field->offset + i];
      if (c != 'T' && c != 'F' && c != 0) out.push_back(field->name + " is neither T nor F");
    }
  }
  for (const auto* field : words_) {
    const auto code = load_integer(record + field->offset, field->type);
    if (code < 0 || code >= std::ssize(field->words))
      out.push_back(field->name + " " + std::to_string(code) + " is none of its words");
  }
  for (const auto& bounds : numbers_) {
    const double value = double_at(*bounds.field, record);
    if (!(value < bounds.low || value > bounds.high)) continue;
    const bool time = bounds.field->display == Display::time && std::abs(value) < 253402300800.0;
    out.push_back(bounds.field->name + " " + (time ? format_iso(value, 0) : short_number(value)) + " " + bounds.what);
  }
  return out;
}

RowKey::RowKey(const Schema& schema, bool native) {
  const auto find = [&](const char* name, Type type) {
    const FieldInfo* field = schema.find(name);
    return field && field->type == type && (type == Type::text || field->count == 1) ? field : nullptr;
  };
  deleted_ = find("deleted", Type::boolean);
  pathname_ = find("pathname", Type::text);
  extension_ = find("extension", Type::i16);
  slice_ = find("slice", Type::i32);
  fingerprint_ = find("fingerprint", Type::i64);
  ccd_ = find("ccd", Type::i16);
  if (native && pathname_ && extension_ && slice_) filename_ = find("filename", Type::text);
}

namespace {
std::string_view text_of(const FieldInfo& field, const char* record) {
  return trimmed(record + field.offset, static_cast<std::size_t>(field.count));
}
}  // namespace

std::string_view RowKey::folder(const char* record) const { return text_of(*pathname_, record); }
std::string RowKey::name(const char* record) const { return std::string(text_of(*filename_, record)); }

bool RowKey::unplaced(const char* record) const {
  return fingerprint_ && ccd_ && load_big<std::int64_t>(record + fingerprint_->offset) == 0 &&
         load_integer(record + extension_->offset, Type::i16) == 0 &&
         load_integer(record + slice_->offset, Type::i32) == 0;
}

namespace {

std::uint64_t with_word(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0xd6e8feb86659fd93U;
  return hash ^ hash >> 32U;
}

std::uint64_t with_text(std::uint64_t hash, std::string_view text) {
  std::uint64_t word = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::memcpy(&word, text.data() + at, 8);
    hash = with_word(hash, word);
  }
  word = text.size();
  if (at < text.size()) std::memcpy(&word, text.data() + at, text.size() - at);
  return with_word(with_word(hash, word), text.size());
}

}  // namespace

std::uint64_t RowKey::name_hash(const char* record, std::string_view folder) const {
  return with_text(with_text(0x9e3779b97f4a7c15U, folder), text_of(*filename_, record));
}

std::uint64_t RowKey::hash(const char* record, std::uint64_t name_hash) const {
  const auto of = [record](const FieldInfo& field) {
    return static_cast<std::uint64_t>(load_integer(record + field.offset, field.type));
  };
  std::uint64_t hash = with_word(with_word(name_hash, of(*extension_)), of(*slice_));
  if (unplaced(record)) hash = with_word(hash, of(*ccd_));
  hash *= 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 29U;
}

bool RowKey::same(const char* a, std::string_view folder_a, const char* b, std::string_view folder_b) const {
  const auto equal = [&](const FieldInfo& field) {
    return std::memcmp(a + field.offset, b + field.offset, static_cast<std::size_t>(field.size())) == 0;
  };
  return equal(*extension_) && equal(*slice_) && folder_a == folder_b &&
         text_of(*filename_, a) == text_of(*filename_, b) && (!unplaced(a) || (unplaced(b) && equal(*ccd_)));
}

}  // namespace imreg::upkeep
