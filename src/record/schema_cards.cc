// A schema as cards of a BINTABLE header, and back. Standard: FITS 4.0, sections 7.3.1, 7.3.2; TCOMMn is the common
// convention for the meaning of a column (astropy reads it as the column's description).
#include <algorithm>

#include "base/text.h"
#include "imreg/schema.h"

namespace imreg {

namespace {

struct Form {
  char letter;
  Type type;
};
constexpr Form kForms[] = {{'L', Type::boolean}, {'B', Type::u8},   {'I', Type::i16}, {'J', Type::i32},
                           {'K', Type::i64},     {'A', Type::text}, {'E', Type::f32}, {'D', Type::f64}};

char form_letter(Type type) {
  if (type == Type::u32 || type == Type::raw_u32) return 'J';
  return std::find_if(std::begin(kForms), std::end(kForms), [type](const Form& form) { return form.type == type; })
      ->letter;
}

// "TELTEMP0..3" -> TELTEMP0 TELTEMP1 TELTEMP2 TELTEMP3; any other column stands for itself.
std::vector<std::string> columns_of(const FieldInfo& field) {
  const auto dots = field.column.find("..");
  if (dots == std::string::npos) return {field.column};
  std::vector<std::string> out;
  for (int i = 0; i < field.count; ++i) out.push_back(field.column.substr(0, dots - 1) + std::to_string(i));
  return out;
}

bool is_whole(Type type) { return type >= Type::u8 && type <= Type::i64; }

// Where 0 says it, that is a rule of the format (missing zero in .fmt), as it was before there was TNULL.
bool has_null(const FieldInfo& field) { return is_whole(field.type) && field.missing && *field.missing != 0; }

// What is stored, as FITS sees it, is less by this.
std::int64_t offset_of(const FieldInfo& field) { return field.type == Type::u32 ? 2147483648LL : 0; }

std::string numbered(const char* keyword, int n) { return keyword + std::to_string(n); }

}  // namespace

void add_schema_cards(const Schema& schema, Header& header) {
  int columns = 0;
  for (const auto& field : schema.fields) columns += static_cast<int>(columns_of(field).size());
  header.add("TFIELDS", columns, "columns");
  header.add("EXTNAME", schema.extname, schema.title);
  int n = 0;
  for (const auto& field : schema.fields) {
    const auto names = columns_of(field);
    for (const auto& name : names) {
      ++n;
      const int count = names.size() > 1 ? 1 : field.count;
      header.add(numbered("TTYPE", n), name, field.name == to_lower(name) ? "" : "field " + field.name);
      header.add(numbered("TFORM", n),
                 (count > 1 || field.type == Type::text ? std::to_string(count) : "") + form_letter(field.type));
      if (!field.unit.empty()) header.add(numbered("TUNIT", n), field.unit);
      if (field.type == Type::u32) header.add(numbered("TZERO", n), 2147483648LL, "unsigned");
      if (has_null(field))
        header.add(numbered("TNULL", n), static_cast<long long>(*field.missing) - offset_of(field), "not known");
      header.add(numbered("TCOMM", n), field.meaning);
    }
  }
  for (const auto& field : schema.fields) {
    if (field.words.empty()) continue;
    std::string text = field.column + " codes:";
    for (std::size_t code = 0; code < field.words.size(); ++code)
      text += " " + std::to_string(code) + " " + field.words[code];
    header.add_comment("COMMENT", text);
  }
}

namespace {

// One column as the header tells it.
struct Column {
  std::string name;
  std::string form;
  std::string unit;
  std::string comment;
  std::string clock;
  double scale = 1, zero = 0;
  std::optional<std::int64_t> null;
};

Result<std::vector<Column>> read_columns(const Header& header) {
  const auto count = header.integer_of("TFIELDS");
  if (!count || *count < 0 || *count > 999) return Status(Code::corrupt, "TFIELDS is missing or not 0 to 999");
  std::vector<Column> columns(static_cast<std::size_t>(*count));
  // One pass over the cards, not one search per keyword: header tables have hundreds of columns.
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto card = header.card(i);
    if (card[0] != 'T') continue;
    const auto keyword = header.keyword(i);
    long long n = 0;
    if (keyword.size() < 6 || !parse_integer(std::string_view(keyword).substr(5), n) || n < 1 || n > *count) continue;
    auto& column = columns[static_cast<std::size_t>(n - 1)];
    const auto key = std::string_view(keyword).substr(0, 5);
    const auto value = header.value(i);
    if (key == "TTYPE") column.name = trim(value.text);
    if (key == "TFORM") column.form = trim(value.text);
    if (key == "TUNIT") column.unit = trim(value.text);
    if (key == "TCOMM") column.comment = value.text;
    if (key == "TCTYP") column.clock = trim(value.text);
    if (key == "TSCAL") column.scale = value.number().value_or(1);
    if (key == "TZERO") column.zero = value.number().value_or(0);
    if (long long null = 0; key == "TNULL" && parse_integer(value.text, null)) column.null = null;
  }
  return columns;
}

// True when a built-in format has exactly these columns in this order.
bool has_columns(const Schema& schema, const std::vector<Column>& columns) {
  std::size_t n = 0;
  for (const auto& field : schema.fields) {
    for (const auto& name : columns_of(field)) {
      if (n >= columns.size() || !equal_nocase(columns[n++].name, name)) return false;
    }
  }
  return n == columns.size();
}

Status apply_form(const Column& column, FieldInfo& field) {
  const auto bad = [&] {
    return Status(Code::corrupt, "column " + column.name + ": TFORM '" + column.form + "' means nothing");
  };
  std::size_t digits = 0;
  while (digits < column.form.size() && column.form[digits] >= '0' && column.form[digits] <= '9') ++digits;
  long long count = 1;
  if (digits > 0 && !parse_integer(std::string_view(column.form).substr(0, digits), count)) return bad();
  if (digits == column.form.size() || count > (1 << 24)) return bad();
  const char letter = upper(column.form[digits]);
  if (letter == 'P' || letter == 'Q') {
    return {Code::invalid, "column " + column.name + " has rows of variable length: this is not a record file"};
  }
  field.count = static_cast<int>(count);
  if (letter == 'X') {  // bits, shown as bytes
    field.type = Type::u8;
    field.count = static_cast<int>((count + 7) / 8);
    return {};
  }
  if (letter == 'C' || letter == 'M') {  // complex numbers are pairs
    field.type = letter == 'C' ? Type::f32 : Type::f64;
    field.count *= 2;
    return {};
  }
  const auto form =
      std::find_if(std::begin(kForms), std::end(kForms), [letter](const Form& f) { return f.letter == letter; });
  if (form == std::end(kForms)) return bad();
  field.type = form->type;
  const bool number = field.type != Type::text && field.type != Type::boolean;
  if (field.type == Type::i32 && column.zero == 2147483648.0 && column.scale == 1) {
    field.type = Type::u32;
  } else if (number) {
    field.scale = column.scale;
    field.zero = column.zero;
  }
  if (field.type == Type::boolean) field.missing = kNeither;
  if (is_whole(field.type) && column.null) field.missing = *column.null + offset_of(field);
  return {};
}

}  // namespace

Result<Schema> schema_from_header(const Header& header) {
  const auto width = header.integer_of("NAXIS1");
  if (!width || *width < 1 || *width > (1 << 24))
    return Status(Code::corrupt, "NAXIS1 is missing or not a sensible record size");
  IMREG_ASSIGN(const auto columns, read_columns(header));
  const std::string extname(trim(header.text_of("EXTNAME").value_or("")));

  Schema schema;
  schema.format = header.text_of("RECFMT").value_or("");
  schema.version = static_cast<int>(header.integer_of("RECVERS").value_or(0));
  // Elixir's files tell little about their columns: some have no TFORM. Their name and record size say which layout it is.
  const bool has_forms =
      std::all_of(columns.begin(), columns.end(), [](const Column& column) { return !column.form.empty(); });
  if (!schema.format.empty()) {
    const Schema* known = builtin_format(schema.format, schema.version);
    if (known && known->record_size == *width && has_columns(*known, columns)) return *known;
  } else {
    for (const auto& known : builtin_formats()) {
      if (known.record_size == *width && known.extname == extname && has_columns(known, columns)) return known;
    }
  }
  if (!has_forms && schema.format.empty()) {
    const Schema* newest = nullptr;
    for (const auto& known : builtin_formats()) {
      if (known.record_size == *width && known.extname == extname)
        newest = !newest || known.version > newest->version ? &known : newest;
    }
    if (newest) return *newest;
  }

  schema.extname = extname;
  schema.record_size = static_cast<int>(*width);
  const bool since_1970 = header.integer_of("MJDREF") == 40587;  // as room emit writes its times (FITS 4.0, 9.2)
  std::int64_t offset = 0;  // 999 columns can tell of more bytes than an int counts
  for (const auto& column : columns) {
    FieldInfo field;
    field.column = column.name;
    field.name = to_lower(column.name);
    if (field.name.empty()) field.name = "column" + std::to_string(schema.fields.size() + 1);
    field.unit = column.unit;
    field.meaning = column.comment;
    IMREG_TRY(apply_form(column, field));
    if (since_1970 && column.clock == "UTC" && column.unit == "s" && field.type == Type::f64 && field.count == 1)
      field.display = Display::time;
    field.offset = static_cast<int>(offset);
    offset += field.size();
    if (field.count > 0) schema.fields.push_back(std::move(field));  // a 0A column has no bytes
  }
  if (offset != schema.record_size) {
    return Status(Code::corrupt, "the columns take " + std::to_string(offset) + " bytes, NAXIS1 says " +
                                     std::to_string(schema.record_size));
  }
  IMREG_TRY(schema.check());
  return schema;
}

}  // namespace imreg
