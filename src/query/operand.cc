// Parses what is sorted or grouped by, and turns its values into keys that compare as bytes, and back.
#include "query/operand.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "record/statistics.h"

namespace imreg {

namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
constexpr char kKnown = 1, kUnknown = 2;  // the first byte of a text's key

std::uint64_t key_of_real(double value) {
  if (std::isnan(value)) return kUnknownKey;
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);  // -0 is 0
  return bits & kSign ? ~bits : bits | kSign;
}

double real_of_key(std::uint64_t key) {
  if (key == kUnknownKey) return std::nan("");
  return std::bit_cast<double>(key & kSign ? key & ~kSign : ~key);
}

}  // namespace

Operand Operand::of_expression(Expression expression) {
  Operand out;
  const bool is_text = expression.kind() == Expression::Kind::text;
  out.kind_ = is_text ? Kind::text : Kind::real;
  out.has_unknown_ = true;
  out.shape_.name = out.shape_.meaning = expression.source();
  out.shape_.column = to_upper(out.shape_.name);
  for (char& c : out.shape_.column) {
    if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '_';
  }
  out.shape_.type = is_text ? Type::text : Type::f64;
  out.shape_.count = is_text ? 0 : 1;
  out.shape_.unit = expression.unit();
  if (expression.kind() == Expression::Kind::time) out.shape_.display = Display::time;
  out.expression_ = std::move(expression);
  return out;
}

Result<Operand> Operand::parse(std::string_view text, const Schema& schema, const ExpressionSettings& settings) {
  const std::string_view name = trim(text);
  int element = -1;
  const FieldInfo* field = schema.find(name);
  if (!field) field = schema.find_element(name, element);
  if (!field) {
    const bool is_name =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_[]") == name.npos;
    if (is_name) return schema.no_field(name);
    IMREG_ASSIGN(auto expression, Expression::parse(name, schema, settings));
    return of_expression(std::move(expression));
  }
  const bool is_text = field->type == Type::text;
  if (!is_text && field->count > 1 && element < 0) {
    return Status(Code::invalid, "field " + field->name + " holds " + std::to_string(field->count) +
                                     " values: choose one, " + field->name + "[0] to " + field->name + "[" +
                                     std::to_string(field->count - 1) + "]");
  }
  Operand out;
  out.field_ = out.shape_ = *field;
  if (!is_text) out.shape_.count = out.field_.count = 1;
  out.shape_.offset = 0;
  if (element >= 0 && field->count > 1) {
    out.field_.offset += element * size_of(field->type);
    out.shape_.name += "[" + std::to_string(element) + "]";
    out.shape_.column = out.shape_.column.substr(0, out.shape_.column.find("..")) + "_" + std::to_string(element);
  }
  const bool real = field->type == Type::f32 || field->type == Type::f64;
  const bool scaled = field->scale != 1 || field->zero != 0;
  out.kind_ = is_text                            ? Kind::text
              : real || scaled                   ? Kind::real
              : field->display == Display::words ? Kind::word
                                                 : Kind::integer;
  out.has_unknown_ = is_text || real || field->missing;
  if (scaled) {  // a result holds the value itself
    out.shape_.type = Type::f64;
    out.shape_.scale = 1, out.shape_.zero = 0;
    out.shape_.missing.reset();
    if (out.shape_.display == Display::words) out.shape_.display = Display::plain;
  }
  out.failed_is_minus_one_ = is_elixir_statistic(*field);
  if (out.kind_ == Kind::word) {
    out.code_.resize(field->words.size());
    std::iota(out.code_.begin(), out.code_.end(), 0);
    const auto word = [&](std::int64_t code) { return to_lower(field->words[static_cast<std::size_t>(code)]); };
    std::stable_sort(out.code_.begin(), out.code_.end(), [&](auto a, auto b) { return word(a) < word(b); });
    out.rank_.resize(out.code_.size());
    for (std::size_t rank = 0; rank < out.code_.size(); ++rank)
      out.rank_[static_cast<std::size_t>(out.code_[rank])] = rank;
  }
  return out;
}

std::vector<FieldInfo> Operand::fields() const {
  return expression_ ? expression_->fields() : std::vector<FieldInfo>{field_};
}

std::int64_t Operand::integer(RecordView record) const {
  const char* at = record.bytes() + field_.offset;
  return field_.type == Type::boolean && *at == '\0' && field_.missing ? kNeither : load_integer(at, field_.type);
}

double Operand::number(RecordView record) const {
  if (expression_) return expression_->number(record);
  const char* at = record.bytes() + field_.offset;
  double value = 0;
  switch (field_.type) {
    case Type::text: return std::nan("");
    case Type::f32: value = static_cast<double>(load_big<float>(at)); break;
    case Type::f64: value = load_big<double>(at); break;
    default: value = static_cast<double>(integer(record));
  }
  if (field_.is_missing(value) || (failed_is_minus_one_ && value == -1)) return std::nan("");
  return field_.scale == 1 && field_.zero == 0 ? value : field_.zero + field_.scale * value;
}

void Operand::add_numbers(std::span<const char* const> records, std::vector<double>& out) const {
  const bool plain = !expression_ && !field_.missing && field_.scale == 1 && field_.zero == 0;
  const std::size_t first = out.size();
  out.resize(first + records.size());
  const auto each = [&](const auto& value_of) {
    for (std::size_t i = 0; i < records.size(); ++i) out[first + i] = value_of(records[i]);
  };
  const int at = field_.offset;
  if (plain && field_.type == Type::f32)
    each([at](const char* record) { return static_cast<double>(load_big<float>(record + at)); });
  else if (plain && field_.type == Type::f64)
    each([at](const char* record) { return load_big<double>(record + at); });
  else
    each([this](const char* record) { return number(RecordView(record)); });
}

std::uint64_t Operand::number_key(RecordView record) const {
  if (kind_ == Kind::real) return key_of_real(number(record));
  const std::int64_t value = integer(record);
  if (field_.is_missing(value)) return kUnknownKey;
  if (kind_ == Kind::word) {  // codes that have no word stand behind the words
    const bool listed = value >= 0 && value < static_cast<std::int64_t>(rank_.size());
    return listed ? rank_[static_cast<std::size_t>(value)] : rank_.size() + static_cast<std::uint32_t>(value);
  }
  const std::uint64_t key = static_cast<std::uint64_t>(value) ^ kSign;
  return field_.missing && value > *field_.missing ? key - 1 : key;  // one value less, so the last key is free
}

void Operand::store_key(std::uint64_t key, Record& to, const FieldInfo& field) const {
  char* const at = to.data() + field.offset;
  if (kind_ == Kind::real) {
    double value = real_of_key(key);
    if (std::isnan(value) && field.missing) value = static_cast<double>(*field.missing);
    if (field.type == Type::f32)
      store_big(at, static_cast<float>(value));
    else
      store_big(at, value);
    return;
  }
  std::int64_t value = 0;
  if (has_unknown_ && key == kUnknownKey) {
    value = field_.missing.value_or(0);
  } else if (kind_ == Kind::word) {
    value = key < code_.size() ? code_[static_cast<std::size_t>(key)] : static_cast<std::int32_t>(key - code_.size());
  } else {
    if (field_.missing && key >= (static_cast<std::uint64_t>(*field_.missing) ^ kSign)) ++key;
    value = static_cast<std::int64_t>(key ^ kSign);
  }
  switch (field.type) {
    case Type::boolean: *at = value == kNeither ? '\0' : value ? 'T' : 'F'; break;
    case Type::u8: *at = static_cast<char>(value); break;
    case Type::i16: store_big(at, static_cast<std::int16_t>(value)); break;
    case Type::i32: store_big(at, static_cast<std::int32_t>(value)); break;
    case Type::u32: store_big(at, static_cast<std::uint32_t>(value) ^ 0x80000000U); break;
    case Type::raw_u32: store_big(at, static_cast<std::uint32_t>(value)); break;
    default: store_big(at, value); break;
  }
}

double Operand::number_of(std::uint64_t key) const {
  if (kind_ == Kind::real) return real_of_key(key);
  if (has_unknown_ && key == kUnknownKey) return std::nan("");
  if (field_.missing && key >= (static_cast<std::uint64_t>(*field_.missing) ^ kSign)) ++key;
  return static_cast<double>(static_cast<std::int64_t>(key ^ kSign));
}

std::string_view Operand::text(RecordView record, std::string& scratch) const {
  if (expression_) return expression_->text(record, scratch);
  return record[Field<Text>{field_.offset, field_.count}];
}

void Operand::add_key(RecordView record, bool descending, std::string& key) const {
  if (is_text()) {
    std::string scratch;
    return add_text_key(text(record, scratch), descending, key);
  }
  std::uint64_t value = number_key(record);
  if (descending && !(has_unknown_ && value == kUnknownKey))
    value = (has_unknown_ ? kUnknownKey - 1 : kUnknownKey) - value;
  add_big(value, key);
}

void Operand::take_key(std::string_view& key, Record& to, const FieldInfo& field) const {
  if (is_text()) {
    store(to.data(), Field<Text>{field.offset, field.count}, std::string_view(take_text_key(key)));
    return;
  }
  store_key(load_big<std::uint64_t>(key.data()), to, field);
  key.remove_prefix(8);
}

void add_big(std::uint64_t value, std::string& key) {
  char bytes[8];
  store_big(bytes, value);
  key.append(bytes, 8);
}

void add_text_key(std::string_view text, bool descending, std::string& key) {
  if (text.empty()) {
    key += kUnknown;
    return;
  }
  key += kKnown;
  const std::size_t from = key.size();
  for (const char c : text) key += lower(c);
  key += '\0';  // a text has none inside
  for (std::size_t i = 0; i < text.size(); i += 8) {
    unsigned bits = 0;  // A is before a
    for (std::size_t j = i; j < i + 8; ++j) bits = bits << 1 | (j < text.size() && text[j] >= 'a' && text[j] <= 'z');
    key += static_cast<char>(bits);
  }
  if (descending) {
    for (std::size_t i = from; i < key.size(); ++i) key[i] = static_cast<char>(~key[i]);
  }
}

std::string take_text_key(std::string_view& key) {
  const char first = key.front();
  key.remove_prefix(1);
  if (first == kUnknown) return {};
  std::string text(key.substr(0, key.find('\0')));
  key.remove_prefix(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool was_small = static_cast<unsigned char>(key[i / 8]) >> (7 - i % 8) & 1;
    if (!was_small) text[i] = upper(text[i]);
  }
  key.remove_prefix((text.size() + 7) / 8);
  return text;
}

}  // namespace imreg
