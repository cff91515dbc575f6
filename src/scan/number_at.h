// A number of any type at its place in a record, as fast as a predicate needs it.
#pragma once

#include <limits>

#include "imreg/record.h"

namespace imreg {

/// NaN when it is not known; without TSCAL and TZERO.
inline double number_at(const char* record, const FieldInfo& field) {
  const char* at = record + field.offset;
  switch (field.type) {
    case Type::f64: return load_big<double>(at);
    case Type::f32: return static_cast<double>(load_big<float>(at));
    case Type::u8: return static_cast<unsigned char>(*at);
    case Type::i16: return load_big<std::int16_t>(at);
    case Type::i32: return load_big<std::int32_t>(at);
    case Type::raw_u32: return load_big<std::uint32_t>(at);
    case Type::u32: return load_big<std::uint32_t>(at) ^ 0x80000000U;
    case Type::i64: return static_cast<double>(load_big<std::int64_t>(at));
    case Type::boolean: return *at == 'T' ? 1 : 0;
    case Type::text: break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

inline double scaled_number_at(const char* record, const FieldInfo& field) {
  const double raw = number_at(record, field);
  return field.scale == 1 && field.zero == 0 ? raw : field.zero + field.scale * raw;
}

}  // namespace imreg
