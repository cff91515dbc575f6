// One record: bytes in the order of the file, and the only accessor for them, record[field].
//
//   double when = record[regimage::kObstime];            // a field known when compiled
//   auto field = find_field<float>(schema, "exptime");   // a field of any file, found at run time
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "imreg/schema.h"

namespace imreg {

/// Reads a big-endian number; the address needs no alignment.
template <class T>
inline T load_big(const void* from) {
  static_assert(std::endian::native == std::endian::little, "add the trivial case for big-endian hosts");
  if constexpr (sizeof(T) == 1) {
    T value;
    std::memcpy(&value, from, 1);
    return value;
  } else {
    using Word = std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
    Word word;
    std::memcpy(&word, from, sizeof word);
    if constexpr (sizeof(T) == 2) word = __builtin_bswap16(word);
    if constexpr (sizeof(T) == 4) word = __builtin_bswap32(word);
    if constexpr (sizeof(T) == 8) word = __builtin_bswap64(word);
    return std::bit_cast<T>(word);
  }
}

/// The integer (T of a boolean is 1) at its place in a record; 0 of other types.
inline std::int64_t load_integer(const char* at, Type type) {
  switch (type) {
    case Type::boolean: return *at == 'T';
    case Type::u8: return static_cast<unsigned char>(*at);
    case Type::i16: return load_big<std::int16_t>(at);
    case Type::i32: return load_big<std::int32_t>(at);
    case Type::u32: return load_big<std::uint32_t>(at) ^ 0x80000000U;
    case Type::raw_u32: return load_big<std::uint32_t>(at);
    case Type::i64: return load_big<std::int64_t>(at);
    default: return 0;
  }
}

/// Writes a big-endian number.
template <class T>
inline void store_big(void* to, T value) {
  value = load_big<T>(&value);
  std::memcpy(to, &value, sizeof value);
}

/// A text field's C++ type.
struct Text {};
/// An unsigned number without FITS's offset of 2^31 (Elixir's times).
struct RawU32 {};

/// A typed byte offset. `count` is the number of elements, for Text the number of bytes.
template <class T>
struct Field {
  int offset = 0;
  int count = 1;
  /// One element of an array field.
  constexpr Field operator()(int element) const { return Field{offset + element * static_cast<int>(sizeof(T)), 1}; }
};

/// A text without its padding: up to the first NUL, without trailing blanks.
inline std::string_view trimmed(const char* bytes, std::size_t size) {
  if (const void* nul = std::memchr(bytes, 0, size))
    size = static_cast<std::size_t>(static_cast<const char*>(nul) - bytes);
  while (size > 0 && bytes[size - 1] == ' ') --size;
  return {bytes, size};
}

template <class T>
inline T load(const char* record, Field<T> field) {
  return load_big<T>(record + field.offset);
}
inline bool load(const char* record, Field<bool> field) { return record[field.offset] == 'T'; }
inline std::uint32_t load(const char* record, Field<std::uint32_t> field) {
  return load_big<std::uint32_t>(record + field.offset) ^ 0x80000000U;
}
inline std::uint32_t load(const char* record, Field<RawU32> field) {
  return load_big<std::uint32_t>(record + field.offset);
}
inline std::string_view load(const char* record, Field<Text> field) {
  return trimmed(record + field.offset, static_cast<std::size_t>(field.count));
}

template <class T>
inline void store(char* record, Field<T> field, T value) {
  store_big(record + field.offset, value);
}
inline void store(char* record, Field<bool> field, bool value) { record[field.offset] = value ? 'T' : 'F'; }
inline void store(char* record, Field<std::uint32_t> field, std::uint32_t value) {
  store_big(record + field.offset, value ^ 0x80000000U);
}
inline void store(char* record, Field<RawU32> field, std::uint32_t value) { store_big(record + field.offset, value); }
/// False, and nothing written, when the text does not fit.
inline bool store(char* record, Field<Text> field, std::string_view text) {
  if (text.size() > static_cast<std::size_t>(field.count)) return false;
  text.copy(record + field.offset, text.size());  // not memcpy(): an empty view's address may be null
  std::memset(record + field.offset + text.size(), 0, static_cast<std::size_t>(field.count) - text.size());
  return true;
}

template <class T>
extern const Type type_of;  // only the types below are types of fields: any other is an error of the linker
template <>
inline constexpr Type type_of<Text> = Type::text;
template <>
inline constexpr Type type_of<bool> = Type::boolean;
template <>
inline constexpr Type type_of<std::uint8_t> = Type::u8;
template <>
inline constexpr Type type_of<std::int16_t> = Type::i16;
template <>
inline constexpr Type type_of<std::int32_t> = Type::i32;
template <>
inline constexpr Type type_of<std::uint32_t> = Type::u32;
template <>
inline constexpr Type type_of<RawU32> = Type::raw_u32;
template <>
inline constexpr Type type_of<std::int64_t> = Type::i64;
template <>
inline constexpr Type type_of<float> = Type::f32;
template <>
inline constexpr Type type_of<double> = Type::f64;

/// Bytes of a record that somebody else owns.
class RecordView {
 public:
  RecordView() = default;
  explicit RecordView(const char* bytes) : bytes_(bytes) {}
  template <class T>
  auto operator[](Field<T> field) const {
    return load(bytes_, field);
  }
  const char* bytes() const { return bytes_; }

 private:
  const char* bytes_ = nullptr;
};

/// A record of its own, all zero when new.
class Record {
 public:
  explicit Record(std::size_t size) : bytes_(size, '\0') {}
  explicit Record(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  auto operator[](Field<T> field) const {
    return load(bytes_.data(), field);
  }
  template <class T, class V>
    requires std::is_arithmetic_v<T>
  void set(Field<T> field, V value) {
    store(bytes_.data(), field, static_cast<T>(value));
  }
  void set(Field<RawU32> field, std::uint32_t value) { store(bytes_.data(), field, value); }
  [[nodiscard]] bool set(Field<Text> field, std::string_view text) { return store(bytes_.data(), field, text); }
  RecordView view() const { return RecordView(bytes_.data()); }
  const std::string& bytes() const { return bytes_; }
  char* data() { return bytes_.data(); }

 private:
  std::string bytes_;
};

/// The typed offset of a field by name, so that tools and compiled-in code use the same accessor.
/// Errors: not_found, mismatch (it has another type).
template <class T>
Result<Field<T>> find_field(const Schema& schema, std::string_view name) {
  const FieldInfo* field = schema.find(name);
  if (!field) return Status(Code::not_found, "there is no field " + std::string(name));
  if (field->type != type_of<T>)
    return Status(Code::mismatch, "field " + field->name + " has type " + std::string(name_of(field->type)));
  return Field<T>{field->offset, field->count};
}

/// Any value of any field, for tools that learn the schema at run time.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;

/// Element `element` of a field. Floats come as double; monostate for NaN and for Elixir's "0 is not known".
Value value_of(RecordView record, const FieldInfo& field, int element = 0);
/// Stores a value. A real goes into an integer field rounded down (times of Elixir's files are whole seconds), into one with
/// TSCAL and TZERO to the nearest step, into a float as the nearest one. Error: invalid, naming the field and what does not fit.
Status set_value(Record& record, const FieldInfo& field, const Value& value, int element = 0);

}  // namespace imreg
