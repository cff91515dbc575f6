// The C interface: handles around Query and Rows. No exception leaves it.
#include <charconv>
#include <cmath>
#include <ctime>
#include <memory>
#include <new>

#include "base/text.h"
#include "imreg/date.h"
#include "imreg/imreg.h"
#include "imreg/query.h"

namespace {

struct Column {
  imreg::FieldInfo field;
  int element = 0;
  std::string name;
};

thread_local char last_error[2048];

void say(std::string_view text) { last_error[text.copy(last_error, sizeof last_error - 1)] = '\0'; }

// Calls `work`; an exception (a lack of memory) is an error as any other.
template <class Work>
auto guarded(const Work& work, decltype(work()) failed) -> decltype(work()) try {
  return work();
} catch (const std::bad_alloc&) {
  say("not enough memory");
  return failed;
} catch (const std::exception& error) {
  say(error.what());
  return failed;
}

}  // namespace

struct imreg_file {
  std::shared_ptr<const imreg::RecordFile> file;
};

struct imreg_rows {
  std::shared_ptr<const imreg::RecordFile> file;  // lives as long as its rows
  imreg::Rows rows;
  std::vector<Column> columns;
  std::vector<std::string> texts{};
  std::string damage{};
  bool has_row = false;

  const Column* at(int column) const {
    return column >= 0 && column < static_cast<int>(columns.size()) ? &columns[static_cast<std::size_t>(column)]
                                                                    : nullptr;
  }
  imreg::Value value(int column) const {
    const Column* const found = at(column);
    return found && has_row ? imreg::value_of(rows.record(), found->field, found->element) : imreg::Value();
  }
};

namespace {

imreg::Query query_of(const imreg::RecordFile& file, const imreg_question* question) {
  imreg::Query query(file);
  if (!question) return query;
  if (question->where) query.where(question->where);
  if (question->sort) query.sort(question->sort);
  if (question->unique) query.unique(question->unique);
  if (question->group) query.group(question->group, question->aggregates ? question->aggregates : "count");
  if (question->limit != 0) query.limit(question->limit);
  if (question->last != 0) query.last(question->last);
  imreg::ExpressionSettings settings;
  settings.dates.now = static_cast<double>(std::time(nullptr));
  return query.settings(std::move(settings))
      .offset(question->offset)
      .jobs(question->jobs)
      .use_index(question->no_index == 0);
}

std::vector<Column> columns_of(const imreg::Schema& schema) {
  std::vector<Column> out;
  for (const auto& field : schema.fields) {
    if (field.display == imreg::Display::hidden) continue;
    const bool array = field.type != imreg::Type::text && field.count > 1;
    for (int element = 0; element < (array ? field.count : 1); ++element)
      out.push_back({field, element, array ? field.name + "[" + std::to_string(element) + "]" : field.name});
  }
  return out;
}

std::string text_of(const imreg::Value& value, const imreg::FieldInfo& field) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  const auto* whole = std::get_if<std::int64_t>(&value);
  const double real = whole ? static_cast<double>(*whole) : std::get<double>(value);
  if (whole && field.display == imreg::Display::words && *whole >= 0 && *whole < std::ssize(field.words))
    return field.words[static_cast<std::size_t>(*whole)];
  if (field.display == imreg::Display::time) {
    if (auto text = imreg::format_iso(real); !text.empty()) return text;
  }
  char digits[64];
  const auto end = whole ? std::to_chars(digits, digits + sizeof digits, *whole)
                   : field.type == imreg::Type::f32
                       ? std::to_chars(digits, digits + sizeof digits, static_cast<float>(real))
                       : std::to_chars(digits, digits + sizeof digits, real);
  return {digits, end.ptr};
}

}  // namespace

extern "C" {

const char* imreg_error(void) { return last_error; }

imreg_file* imreg_open(const char* path) {
  return guarded(
      [&]() -> imreg_file* {
        auto file = imreg::RecordFile::open(path ? path : "");
        if (!file) return say(file.status().text()), nullptr;
        return new imreg_file{std::make_shared<const imreg::RecordFile>(*std::move(file))};
      },
      nullptr);
}

void imreg_close(imreg_file* file) { delete file; }

imreg_rows* imreg_query(imreg_file* file, const imreg_question* question) {
  return guarded(
      [&]() -> imreg_rows* {
        auto rows = query_of(*file->file, question).rows();
        if (!rows) return say(rows.status().text()), nullptr;
        auto columns = columns_of(rows->schema());
        auto out = std::make_unique<imreg_rows>(imreg_rows{file->file, *std::move(rows), std::move(columns)});
        out->texts.resize(out->columns.size());
        return out.release();
      },
      nullptr);
}

long long imreg_count(imreg_file* file, const imreg_question* question) {
  return guarded(
      [&]() -> long long {
        const auto count = query_of(*file->file, question).count();
        if (!count) return say(count.status().text()), -1;
        return *count;
      },
      -1);
}

int imreg_next(imreg_rows* rows) {
  rows->has_row = false;
  return guarded(
      [&] {
        rows->has_row = rows->rows.next();
        if (rows->has_row) return 1;
        if (rows->rows.status().ok()) return 0;
        return say(rows->rows.status().text()), -1;
      },
      -1);
}

long long imreg_damaged(const imreg_rows* rows) { return rows->rows.report().damaged.count; }

const char* imreg_damage(const imreg_rows* rows, long long index) {
  return guarded(
      [&]() -> const char* {
        const auto& damaged = rows->rows.report().damaged.first;
        if (index < 0 || index >= std::ssize(damaged)) return nullptr;
        auto& text = const_cast<imreg_rows*>(rows)->damage;
        text = damaged[static_cast<std::size_t>(index)].text();
        return text.c_str();
      },
      nullptr);
}

void imreg_free(imreg_rows* rows) { delete rows; }

int imreg_columns(const imreg_rows* rows) { return static_cast<int>(rows->columns.size()); }

int imreg_column(const imreg_rows* rows, const char* name) {
  for (int i = 0; i < imreg_columns(rows); ++i) {
    if (imreg::equal_nocase(rows->at(i)->name, name)) return i;
  }
  return -1;
}

const char* imreg_column_name(const imreg_rows* rows, int column) {
  const Column* const found = rows->at(column);
  return found ? found->name.c_str() : nullptr;
}
const char* imreg_column_unit(const imreg_rows* rows, int column) {
  const Column* const found = rows->at(column);
  return found ? found->field.unit.c_str() : nullptr;
}
const char* imreg_column_meaning(const imreg_rows* rows, int column) {
  const Column* const found = rows->at(column);
  return found ? found->field.meaning.c_str() : nullptr;
}
imreg_type imreg_column_type(const imreg_rows* rows, int column) {
  const Column* const found = rows->at(column);
  if (!found || found->field.type == imreg::Type::text) return IMREG_TEXT;
  const auto& field = found->field;
  if (field.type == imreg::Type::boolean) return IMREG_BOOLEAN;
  if (field.display == imreg::Display::time) return IMREG_TIME;
  if (field.display == imreg::Display::words) return IMREG_WORD;
  const bool real = field.type == imreg::Type::f32 || field.type == imreg::Type::f64;
  return real || field.scale != 1 || field.zero != 0 ? IMREG_REAL : IMREG_INTEGER;
}

int imreg_is_known(const imreg_rows* rows, int column) {
  return !std::holds_alternative<std::monostate>(rows->value(column));
}

double imreg_get_double(const imreg_rows* rows, int column) {
  const imreg::Value value = rows->value(column);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  return std::nan("");
}

long long imreg_get_int64(const imreg_rows* rows, int column) {
  const imreg::Value value = rows->value(column);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  const double real = std::floor(imreg_get_double(rows, column));
  return real >= -0x1p63 && real < 0x1p63 ? static_cast<long long>(real) : 0;
}

const char* imreg_get_text(imreg_rows* rows, int column) {
  return guarded(
      [&]() -> const char* {
        const imreg::Value value = rows->value(column);
        if (std::holds_alternative<std::monostate>(value)) return nullptr;
        auto& text = rows->texts[static_cast<std::size_t>(column)];
        text = text_of(value, rows->at(column)->field);
        return text.c_str();
      },
      nullptr);
}

}  // extern "C"
