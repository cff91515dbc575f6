// Takes an expression apart: calls of vector functions are done first, from the inside out; what is left is computed row by row by
// room expression, over a record made of the vectors and fields it names.
#include "trend/workspace.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <set>

#include "base/text.h"
#include "imreg/expression.h"
#include "os/processors.h"
#include "trend/functions.h"

namespace imreg::trend {

namespace {

constexpr std::size_t kMostCached = std::size_t{2} << 30;  // bytes
constexpr int kMostDepth = 200;                            // as room expression

std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return (hash ^ 0xff) * 0x100000001b3U;
}

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Behind a quoted text that begins at `i`; the end of the text when it is not closed.
std::size_t behind_quotes(std::string_view text, std::size_t i) {
  const char quote = text[i];
  for (++i; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
  }
  return i;
}

// A word of letters, digits and _ outside of quotes; `called`: a parenthesis follows.
struct Name {
  std::size_t from, end;
  bool called;
};
std::vector<Name> names_in(std::string_view text) {
  std::vector<Name> out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\'' || text[i] == '"') {
      i = behind_quotes(text, i);
    } else if (is_name(text[i])) {
      const std::size_t from = i;
      while (i < text.size() && is_name(text[i])) ++i;
      std::size_t next = i;
      while (next < text.size() && text[next] == ' ') ++next;
      const bool number = std::isdigit(static_cast<unsigned char>(text[from])) != 0;
      if (!number) out.push_back({from, i, next < text.size() && text[next] == '('});
    } else {
      ++i;
    }
  }
  return out;
}

// The place of the parenthesis that closes the one at `i`; npos: none.
std::size_t closing(std::string_view text, std::size_t i) {
  int depth = 0;
  while (i < text.size()) {
    if (text[i] == '\'' || text[i] == '"') {
      i = behind_quotes(text, i);
      continue;
    }
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i;
    ++i;
  }
  return std::string_view::npos;
}

int depth_of(std::string_view text) {
  int depth = 0, most = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\'' || text[i] == '"') {
      i = behind_quotes(text, i);
      continue;
    }
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    most = std::max(most, depth);
    ++i;
  }
  return most;
}

// As long as the call whose result it names, so that "column 12" of a message is where the person typed it. No vector has such a name.
std::string temporary_name(std::size_t number, std::size_t length) {
  std::string out = "_" + std::to_string(number);
  out.resize(std::max(length, out.size() + 1), '_');
  return out;
}

std::size_t bytes_of(const Column& column) {
  return column.numbers.size() * sizeof(double) + column.codes.size() * 4 + column.texts.size() * 64;
}

// A field of a record that holds the values of a vector.
FieldInfo field_for(const Column& column, const std::string& name) {
  FieldInfo field = column.shape;
  field.name = name;
  field.column = to_upper(name);
  field.missing.reset();
  field.scale = 1, field.zero = 0;
  field.words.clear();
  if (field.display != Display::time) field.display = Display::plain;
  field.type = column.is_text ? Type::text : Type::f64;
  field.count = 1;
  if (column.is_text) {
    for (const auto& text : column.texts) field.count = std::max(field.count, static_cast<int>(text.size()));
  }
  return field;
}

// An unknown name may be that of a vector, mistyped: the message says so, in its first line.
Status with_near_vector(std::string_view text, const Status& status,
                        const std::map<std::string, VectorPtr, std::less<>>& vectors) {
  std::string message = status.message();
  std::vector<std::string> known;
  for (const auto& [name, vector] : vectors) known.push_back(name);
  for (const auto& name : names_in(text)) {
    const std::string word(text.substr(name.from, name.end - name.from));
    const auto at = std::min(message.find("no field " + word), message.find("no field \"" + word));
    const std::string near = at == message.npos ? "" : nearest_names(word, known);
    if (near.empty()) continue;
    message.insert(std::min(message.find('\n'), message.size()), "; a vector: " + near);
    return {status.code(), message};
  }
  return status;
}

}  // namespace

Vector number_vector(std::vector<double> values, std::uint64_t rows) {
  Vector out;
  out.column.shape.type = Type::f64;
  out.column.numbers = std::move(values);
  out.rows = rows;
  return out;
}

Vector text_vector(const std::vector<std::string>& values, std::uint64_t rows) {
  Vector out;
  out.column.shape.type = Type::text;
  out.column.is_text = true;
  out.rows = rows;
  const std::set<std::string> different(values.begin(), values.end());
  out.column.texts.assign(different.begin(), different.end());
  for (const auto& value : values) {
    const auto at = std::lower_bound(out.column.texts.begin(), out.column.texts.end(), value);
    out.column.codes.push_back(static_cast<std::uint32_t>(at - out.column.texts.begin()));
  }
  return out;
}

Vector picked(const Vector& from, const std::vector<std::size_t>& places) {
  Vector out;
  out.column.shape = from.column.shape;
  out.column.is_text = from.column.is_text;
  out.column.texts = from.column.texts;
  std::uint64_t hash = from.rows;
  for (const auto i : places) {
    if (from.column.is_text)
      out.column.codes.push_back(from.column.codes[i]);
    else
      out.column.numbers.push_back(from.column.numbers[i]);
    hash = (hash ^ i) * 0x100000001b3U;
  }
  out.rows = from.rows == 0 ? 0 : hash | 1;
  return out;
}

std::string vector_function_in(std::string_view text) {
  for (const auto& name : names_in(text)) {
    const std::string word = to_lower(text.substr(name.from, name.end - name.from));
    if (name.called && is_vector_function(word) && word != "min" && word != "max") return word;
  }
  return {};
}

Status check_together(const Vector& a, std::string_view name_a, const Vector& b, std::string_view name_b) {
  if (a.size() == 1 || b.size() == 1) return {};
  const auto length = [](const Vector& v, std::string_view name) {
    return std::string(name) + " has " + counted(static_cast<long long>(v.size()), "value");
  };
  if (a.size() != b.size())
    return {Code::invalid, length(a, name_a) + " and " + length(b, name_b) + ": they cannot be taken together"};
  if (a.rows != 0 && b.rows != 0 && a.rows != b.rows) {
    return {Code::invalid, std::string(name_a) + " and " + std::string(name_b) +
                               " are of different rows, though as many: make both with the same selection"};
  }
  return {};
}

Status Workspace::assign(const std::string& name, const VectorPtr& vector) {
  const bool good = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 && name.size() <= 64 &&
                    std::all_of(name.begin(), name.end(), is_name);
  if (!good) return {Code::invalid, "\"" + name + "\" is no name of a vector: letters, digits and _, a letter first"};
  vectors_[to_lower(name)] = vector;
  return {};
}

bool Workspace::remove(const std::string& name) { return vectors_.erase(to_lower(name)) > 0; }

VectorPtr Workspace::find(std::string_view name) const {
  const std::string key = to_lower(name);
  for (const auto* from : {&temporary_, &vectors_}) {
    if (const auto at = from->find(key); at != from->end()) return at->second;
  }
  return nullptr;
}

std::string Workspace::vector_of_rows(std::string_view text) const {
  for (const auto& name : names_in(text)) {
    const auto word = text.substr(name.from, name.end - name.from);
    const auto vector = name.called ? nullptr : find(word);
    if (vector && vector->rows != 0 && vector->size() > 1) return std::string(word);
  }
  return {};
}

void Workspace::refresh() {
  file_.reset();
  cache_.clear();
}

Status Workspace::go_on() const { return stopped_ && stopped_() ? Status(Code::invalid, "interrupted") : Status(); }

Status Workspace::check(const SearchOptions& rows) {
  IMREG_ASSIGN(const RecordFile* from, file(rows));
  SearchOptions none = rows;
  none.last.reset();
  none.limit = 0;
  return read_columns(*from, none, {from->schema().fields.front().name}, false).status();
}

Result<const RecordFile*> Workspace::file(const SearchOptions& rows) {
  if (!file_ || file_path_ != rows.database) {
    refresh();
    IMREG_ASSIGN(auto opened, open_database(rows.database));
    file_ = std::make_unique<RecordFile>(std::move(opened));
    file_path_ = rows.database;
  }
  return file_.get();
}

std::uint64_t Workspace::identity_of(const SearchOptions& rows) const {
  std::uint64_t hash = mixed(0xcbf29ce484222325U, file_->uuid() + "|" + std::to_string(file_->count()));
  for (const auto& filter : rows.filters) {
    hash = mixed(hash, filter.option);
    for (const auto& word : filter.words) hash = mixed(hash, word);
  }
  for (const auto& text : rows.where) hash = mixed(hash, text);
  hash = mixed(hash, rows.sort + "|" + std::to_string(rows.limit.value_or(-1)) + "|" +
                         std::to_string(rows.last.value_or(-1)) + "|" + std::to_string(rows.offset) +
                         (rows.unique ? "u" : ""));
  return hash | 1;
}

Status Workspace::fetch(const std::vector<std::string>& expressions, const SearchOptions& rows) {
  IMREG_ASSIGN(const RecordFile* from, file(rows));
  const auto identity = identity_of(rows);
  std::vector<std::string> missing, keys;
  for (const auto& text : expressions) {
    const auto key = std::to_string(identity) + ":" + text;
    const bool known = std::any_of(cache_.begin(), cache_.end(), [&](const Cached& one) { return one.key == key; });
    if (known || std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    missing.push_back(text);
    keys.push_back(key);
  }
  if (missing.empty()) return {};
  SearchOptions search = rows;
  search.jobs = threads_of(rows.jobs);
  IMREG_ASSIGN(auto read, read_columns(*from, search, missing, from->count() <= kMostChecked));
  damaged_.add(std::move(read.report.damaged));
  for (std::size_t i = 0; i < missing.size(); ++i)
    cache_.push_back({keys[i], std::make_shared<const Vector>(Vector{std::move(read.columns[i]), identity})});
  std::size_t bytes = 0;
  for (const auto& one : cache_) bytes += bytes_of(one.vector->column);
  while (bytes > kMostCached && cache_.size() > expressions.size()) {
    bytes -= bytes_of(cache_.front().vector->column);
    cache_.erase(cache_.begin());
  }
  return {};
}

Result<VectorPtr> Workspace::from_database(const std::string& expression, const SearchOptions& rows) {
  IMREG_TRY(fetch({expression}, rows));
  const auto key = std::to_string(identity_of(rows)) + ":" + expression;
  const auto at = std::find_if(cache_.begin(), cache_.end(), [&](const Cached& one) { return one.key == key; });
  return at->vector;
}

// "median(s) + 1" becomes "_1_______ + 1", and the vector of that name is made.
Result<std::string> Workspace::with_calls_done(std::string_view text, const SearchOptions& rows) {
  std::string out;
  std::size_t done = 0;
  for (const auto& name : names_in(text)) {
    if (name.from < done || !name.called) continue;
    const std::string word = to_lower(text.substr(name.from, name.end - name.from));
    if (!is_vector_function(word)) continue;
    const std::size_t open = text.find('(', name.end), close = closing(text, open);
    if (close == text.npos)
      return Status(Code::invalid, "the parenthesis behind " + word + " is not closed: " + std::string(text) +
                                       "; what has blanks stands in quotes");
    const auto parts = split_expressions(text.substr(open + 1, close - open - 1));
    const auto* function = find_vector_function(word, parts.size());
    if (!function) {
      if (word == "min" || word == "max") continue;  // of each row
      std::string usage;
      for (const auto& one : vector_functions()) {
        if (one.name == word) usage = one.signature;
      }
      return Status(Code::invalid, word + " takes other arguments: " + usage);
    }
    std::vector<VectorPtr> arguments;
    for (const auto& part : parts) {
      IMREG_ASSIGN(auto argument, nested(part, rows));
      arguments.push_back(std::move(argument));
    }
    IMREG_TRY(go_on());
    auto result = function->call(arguments);
    if (!result) return Status(result.status().code(), word + ": " + result.status().message());
    const std::string call(text.substr(name.from, close + 1 - name.from));
    const std::string temporary = temporary_name(temporary_.size() + 1, call.size());
    temporary_[temporary] = std::make_shared<const Vector>(*std::move(result));
    calls_[temporary] = call;
    out += std::string(text.substr(done, name.from - done)) + temporary;
    done = close + 1;
  }
  return out + std::string(text.substr(done));
}

// A message with the calls as they were typed.
Status Workspace::as_typed(const Status& status) const {
  if (!status.file().empty()) return status;
  std::string text = status.message();
  for (const auto& [name, call] : calls_) {
    for (auto at = text.find(name); at != text.npos; at = text.find(name, at + call.size()))
      text.replace(at, name.size(), call);
  }
  return {status.code(), text};
}

Result<VectorPtr> Workspace::nested(std::string_view text, const SearchOptions& rows) {
  IMREG_ASSIGN(const std::string plain, with_calls_done(trim(text), rows));
  if (plain.empty()) return Status(Code::invalid, "an empty expression");
  if (const auto alone = find(plain)) return alone;
  return combined(plain, rows);
}

Result<VectorPtr> Workspace::evaluate(std::string_view text, const SearchOptions& rows) {
  IMREG_TRY(go_on());
  if (depth_of(text) > kMostDepth)
    return Status(Code::invalid, "the expression is nested more than " + std::to_string(kMostDepth) + " levels deep");
  auto result = nested(text, rows);
  if (!result) result = as_typed(with_near_vector(text, result.status(), vectors_));
  temporary_.clear();
  calls_.clear();
  return result;
}

Result<std::vector<VectorPtr>> Workspace::evaluate(const std::vector<std::string>& texts, const SearchOptions& rows) {
  // Those that need nothing but the database are read together.
  std::vector<std::string> plain;
  for (const auto& text : texts) {
    const auto names = names_in(text);
    const bool other = names.empty() || std::any_of(names.begin(), names.end(), [&](const Name& name) {
                         const auto word = text.substr(name.from, name.end - name.from);
                         return name.called ? is_vector_function(to_lower(word)) : find(word) != nullptr;
                       });
    if (!other) plain.emplace_back(trim(text));
  }
  if (plain.size() > 1) IMREG_TRY(fetch(plain, rows));
  std::vector<VectorPtr> out;
  for (const auto& text : texts) {
    IMREG_ASSIGN(auto vector, evaluate(text, rows));
    out.push_back(std::move(vector));
  }
  return out;
}

Result<VectorPtr> Workspace::combined(const std::string& text, const SearchOptions& rows) {
  ExpressionSettings settings;
  settings.dates = rows.dates;
  std::vector<std::pair<std::string, VectorPtr>> used;  // vectors, then fields, with their names in the record
  for (const auto& name : names_in(text)) {
    const std::string word = to_lower(std::string_view(text).substr(name.from, name.end - name.from));
    const VectorPtr vector = name.called ? nullptr : find(word);
    if (vector && std::find(used.begin(), used.end(), std::pair{word, vector}) == used.end())
      used.emplace_back(word, vector);
  }
  if (used.empty()) {
    if (const auto constant = Expression::parse(text, Schema{}, settings)) {  // y = 3
      Record none(1);
      std::string scratch;
      if (constant->kind() == Expression::Kind::text)
        return std::make_shared<const Vector>(text_vector({std::string(constant->text(none.view(), scratch))}));
      auto one = number_vector({constant->number(none.view())});
      if (constant->kind() == Expression::Kind::time) one.column.shape.display = Display::time;
      return std::make_shared<const Vector>(std::move(one));
    }
    return from_database(text, rows);
  }
  // A record of the vectors; and, when the expression names fields too, of those.
  Schema schema;
  schema.format = "vectors";
  const auto add_field = [&](FieldInfo field) {
    field.offset = schema.record_size;
    schema.record_size += field.size();
    schema.fields.push_back(std::move(field));
  };
  for (const auto& [name, vector] : used) add_field(field_for(vector->column, name));
  auto parsed = Expression::parse(text, schema, settings);
  if (!parsed) {
    const auto opened = file(rows);
    if (!opened) return parsed.status();  // there is no database: only vectors are known
    std::vector<std::string> fields;
    for (const auto& field : (*opened)->schema().fields) {
      const bool shadowed =
          std::any_of(used.begin(), used.end(), [&](const auto& one) { return one.first == field.name; });
      const bool named = field.type == Type::text || field.count == 1;  // elements of arrays: s = teltemp[2] first
      if (shadowed || !named) continue;
      for (const auto& name : names_in(text)) {
        if (equal_nocase(std::string_view(text).substr(name.from, name.end - name.from), field.name)) {
          fields.push_back(field.name);
          break;
        }
      }
    }
    if (fields.empty()) return parsed.status();
    IMREG_TRY(fetch(fields, rows));
    for (const auto& field : fields) {
      IMREG_ASSIGN(const VectorPtr column, from_database(field, rows));
      used.emplace_back(field, column);
      add_field(field_for(column->column, field));
    }
    parsed = Expression::parse(text, schema, settings);
    if (!parsed) return parsed.status();
  }
  const auto* longest = &used[0];
  for (const auto& one : used) {
    if (longest->second->size() == 1 || (one.second->rows != 0 && longest->second->rows == 0 && one.second->size() > 1))
      longest = &one;
  }
  for (const auto& one : used) IMREG_TRY(check_together(*longest->second, longest->first, *one.second, one.first));
  const std::size_t n = longest->second->size();
  Vector out;
  out.rows = longest->second->rows;
  Column& column = out.column;
  column.is_text = parsed->kind() == Expression::Kind::text;
  column.shape.type = column.is_text ? Type::text : Type::f64;
  column.shape.unit = parsed->unit();
  if (parsed->kind() == Expression::Kind::time) column.shape.display = Display::time;
  Record record(static_cast<std::size_t>(schema.record_size));
  std::vector<std::string> texts;
  std::string scratch;
  for (std::size_t i = 0; i < n; ++i) {
    if (i % 65536 == 0) IMREG_TRY(go_on());
    for (std::size_t k = 0; k < used.size(); ++k) {
      const Vector& from = *used[k].second;
      const FieldInfo& field = schema.fields[k];
      const std::size_t at = from.size() == 1 ? 0 : i;
      if (from.column.is_text)
        store(record.data(), Field<Text>{field.offset, field.count}, std::string_view(from.text(at)));
      else
        store_big(record.data() + field.offset, from.column.numbers[at]);
    }
    if (column.is_text)
      texts.emplace_back(parsed->text(record.view(), scratch));
    else
      column.numbers.push_back(parsed->number(record.view()));
  }
  if (column.is_text) {
    auto made = text_vector(texts, out.rows);
    made.column.shape = column.shape;
    out = std::move(made);
  }
  return std::make_shared<const Vector>(std::move(out));
}

}  // namespace imreg::trend
