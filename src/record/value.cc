// Values of fields that are known only at run time.
#include <cmath>
#include <limits>

#include "imreg/record.h"

namespace imreg {

Value value_of(RecordView record, const FieldInfo& field, int element) {
  const char* at = record.bytes() + field.offset + element * size_of(field.type);
  std::int64_t integer = 0;
  double real = 0;
  switch (field.type) {
    case Type::boolean:
      if (field.missing && *at == '\0') return std::monostate{};
      return *at == 'T';
    case Type::text: {
      const auto text = trimmed(record.bytes() + field.offset, static_cast<std::size_t>(field.count));
      if (text.empty()) return std::monostate{};
      return text;
    }
    case Type::f32:
    case Type::f64: {
      real = field.type == Type::f32 ? static_cast<double>(load_big<float>(at)) : load_big<double>(at);
      if (std::isnan(real) || field.is_missing(real)) return std::monostate{};
      return field.scale == 1 && field.zero == 0 ? real : field.zero + field.scale * real;
    }
    default: integer = load_integer(at, field.type);
  }
  if (field.is_missing(integer)) return std::monostate{};
  if (field.scale == 1 && field.zero == 0) return integer;
  real = field.zero + field.scale * static_cast<double>(integer);
  if (field.scale == 1 && std::abs(real) < 9007199254740992.0 && real == std::floor(real))
    return static_cast<std::int64_t>(real);
  return real;
}

namespace {

struct Limits {
  double low, high;
};

Limits limits_of(Type type) {
  switch (type) {
    case Type::u8: return {0, 255};
    case Type::i16: return {-32768, 32767};
    case Type::i32: return {-2147483648.0, 2147483647.0};
    case Type::u32:
    case Type::raw_u32: return {0, 4294967295.0};
    default: return {-9223372036854775808.0, 9223372036854774784.0};
  }
}

void store_integer(char* at, Type type, std::int64_t value) {
  switch (type) {
    case Type::u8: *at = static_cast<char>(value); break;
    case Type::i16: store_big(at, static_cast<std::int16_t>(value)); break;
    case Type::i32: store_big(at, static_cast<std::int32_t>(value)); break;
    case Type::u32: store_big(at, static_cast<std::uint32_t>(value) ^ 0x80000000U); break;
    case Type::raw_u32: store_big(at, static_cast<std::uint32_t>(value)); break;
    default: store_big(at, value); break;
  }
}

}  // namespace

Status set_value(Record& record, const FieldInfo& field, const Value& value, int element) {
  char* at = record.data() + field.offset + element * size_of(field.type);
  const auto no = [&](const std::string& what) { return Status(Code::invalid, "field " + field.name + ": " + what); };
  if (field.type == Type::text) {
    const auto* text = std::get_if<std::string_view>(&value);
    if (!text && !std::holds_alternative<std::monostate>(value)) return no("it holds text");
    const auto what = text ? *text : std::string_view();
    if (!store(record.data(), Field<Text>{field.offset, field.count}, what)) {
      return no("the text has " + std::to_string(what.size()) + " bytes, the field " + std::to_string(field.count));
    }
    return {};
  }
  if (field.type == Type::boolean) {
    const auto* flag = std::get_if<bool>(&value);
    if (!flag && !std::holds_alternative<std::monostate>(value)) return no("it holds true or false");
    *at = !flag && field.missing ? '\0' : flag && *flag ? 'T' : 'F';
    return {};
  }
  const bool real_field = field.type == Type::f32 || field.type == Type::f64;
  const bool scaled = field.scale != 1 || field.zero != 0;
  double real = std::numeric_limits<double>::quiet_NaN();
  if (const auto* integer = std::get_if<std::int64_t>(&value); integer && !scaled) {
    if (!real_field && field.type != Type::i64 &&
        (static_cast<double>(*integer) < limits_of(field.type).low ||
         static_cast<double>(*integer) > limits_of(field.type).high)) {
      return no(std::to_string(*integer) + " does not fit");
    }
    if (!real_field) {
      store_integer(at, field.type, *integer);
      return {};
    }
    real = static_cast<double>(*integer);
  } else if (integer) {
    real = static_cast<double>(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    real = *number;
  } else if (!std::holds_alternative<std::monostate>(value)) {
    return no("it holds a number");
  }
  if (scaled) real = (real - field.zero) / field.scale;
  if (real_field) {
    if (std::isnan(real) && field.missing) real = static_cast<double>(*field.missing);
    if (field.type == Type::f32 && std::isfinite(real) &&
        std::abs(real) > static_cast<double>(std::numeric_limits<float>::max())) {
      return no(std::to_string(real) + " does not fit");
    }
    if (field.type == Type::f32)
      store_big(at, static_cast<float>(real));
    else
      store_big(at, real);
    return {};
  }
  if (std::isnan(real)) {
    store_integer(at, field.type, field.missing.value_or(0));
    return {};
  }
  if (real < limits_of(field.type).low || real > limits_of(field.type).high)
    return no(std::to_string(real) + " does not fit");
  store_integer(at, field.type, static_cast<std::int64_t>(scaled ? std::nearbyint(real) : std::floor(real)));
  return {};
}

}  // namespace imreg
