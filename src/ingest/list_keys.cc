// imkeys: one pass over each table that is asked for, by all threads; the answer as rows of a schema that every format can print.
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "headers/heap.h"
#include "headers/key_values.h"
#include "headers/table_schema.h"
#include "imreg/expression.h"
#include "imreg/ingest.h"
#include "imreg/keys.h"
#include "ingest/key_summary.h"
#include "os/processors.h"
#include "os/walk.h"
#include "query/candidates.h"
#include "query/conditions.h"

namespace imreg {

using namespace ingest;
using headers::is_own_field;

namespace {

constexpr std::size_t kShown = 5;             // most common values
constexpr std::size_t kLeastValues = 10'000;  // different ones that are counted of each keyword, when a table has many,
constexpr std::size_t kMostValues = 1'000'000;  // of a single one,
constexpr std::size_t kAllValues = 2'000'000;   // and of all of them together

// "date-obs", "ESO DET WIN1 NX", "date*": columns that match.
class Wanted {
 public:
  explicit Wanted(const std::string& word) : is_pattern_(is_glob(word)), column_(headers::column_of(word)) {
    bool inside = false;
    for (const char c : to_upper(word)) {
      inside = c == '[' || (inside && c != ']');
      const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("*?[]!_").find(c) != std::string_view::npos;
      pattern_ += plain || (inside && c == '-') ? c : '_';
    }
  }
  bool matches(const FieldInfo& field) const { return !is_own_field(field.name) && matches(field.column); }
  bool matches(const std::string& column) const {
    return is_pattern_ ? glob_match(pattern_, column) : equal_nocase(column, column_);
  }
  /// The first keyword of a header that matches and has a value, as a column; empty: there is none.
  std::string column_in(const Header& header) const {
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (!may_be(header.card(i))) continue;
      if (const auto key = headers::key_value(header, i); key && matches(key->column)) return key->column;
    }
    return {};
  }

 private:
  // By the first character alone: most cards are not looked at any further.
  bool may_be(std::string_view card) const {
    if (is_pattern_ || column_.starts_with("KEY_") || starts_nocase(card, "HIERARCH")) return true;
    const std::string first = to_upper(card.substr(0, 1));
    return first < "A" || first > "Z" || first == column_.substr(0, 1);
  }

  bool is_pattern_;
  std::string column_, pattern_;
};

std::int64_t bytes_of(const std::string& path) {
  const auto times = file_times(path);
  return times ? times->size : 0;
}

struct TableLine {
  std::string name;
  std::int64_t rows = 0, keywords = 0, others = 0, files = 0, bytes = 0;
  double written = 0;
};
struct KeyLine {
  std::string table, keyword, type, unit;
  std::int64_t rows = 0;
  std::optional<std::int64_t> values;  ///< none: they are too many
  std::string least, most, common;
};

// A schema and its records, a field after the other.
class Lines {
 public:
  Lines(std::string name, std::size_t lines) {
    schema_.extname = schema_.format = std::move(name), schema_.version = 1, records_.resize(lines);
  }

  template <class Of>
  void text(const char* name, const char* meaning, const Of& of) {
    std::size_t width = 1;
    for (std::size_t i = 0; i < records_.size(); ++i) width = std::max(width, of(i).size());
    add(name, Type::text, static_cast<int>(width), "", meaning);
    for (std::size_t i = 0; i < records_.size(); ++i) records_[i] += of(i) + std::string(width - of(i).size(), '\0');
  }
  template <class Of>
  void number(const char* name, const char* unit, const char* meaning, const Of& of) {
    add(name, Type::i64, 1, unit, meaning).missing = -1;
    for (std::size_t i = 0; i < records_.size(); ++i) put(i, static_cast<std::int64_t>(of(i)));
  }
  template <class Of>
  void time(const char* name, const char* meaning, const Of& of) {
    add(name, Type::f64, 1, "s", meaning).display = Display::time;
    for (std::size_t i = 0; i < records_.size(); ++i) put(i, static_cast<double>(of(i)));
  }

  Result<std::int64_t> write(const KeyOptions& options, const Sink& sink) const {
    const auto writer = make_row_writer(options.format, schema_, options.emit, sink);
    if (writer.status().code() == Code::not_found)
      return Status(Code::invalid, "-fields: " + writer.status().message());
    if (!writer) return writer.status();
    std::int64_t index = 0;
    for (const auto& record : records_) {
      if (!(*writer)->row(++index, RecordView(record.data()))) break;
    }
    (*writer)->finish();
    IMREG_TRY((*writer)->status());
    return std::ssize(records_);
  }

 private:
  FieldInfo& add(const char* name, Type type, int count, const char* unit, const char* meaning) {
    FieldInfo& field = schema_.fields.emplace_back();
    field.name = name;
    field.column = to_upper(name);
    field.type = type;
    field.count = count;
    field.unit = unit;
    field.meaning = meaning;
    field.offset = schema_.record_size;
    schema_.record_size += field.size();
    return field;
  }
  template <class T>
  void put(std::size_t i, T value) {
    char bytes[sizeof value];
    store_big(bytes, value);
    records_[i].append(bytes, sizeof value);
  }

  Schema schema_;
  std::vector<std::string> records_;
};

class Keys {
 public:
  Keys(const KeyOptions& options, const Sink& sink) : options_(options), sink_(sink), jobs_(threads_of(options.jobs)) {}

  Result<std::int64_t> run() {
    IMREG_TRY(choose_tables());
    if (options_.word.empty()) return tables();
    if (const auto same = find_table(options_.word); same != names_.end()) return keywords_of(*same);
    const Wanted wanted(options_.word);
    for (const auto& name : names_)
      IMREG_TRY(passed_over(summarize(name, [&](const FieldInfo& field) { return wanted.matches(field); })));
    if (!keys_.empty()) {
      std::stable_sort(keys_.begin(), keys_.end(), [](const auto& a, const auto& b) { return a.keyword < b.keyword; });
      return write_keys();
    }
    if (is_glob(options_.word)) {
      const std::vector<std::string> all = names_;
      std::erase_if(names_, [&](const std::string& name) { return !glob_match(options_.word, name); });
      if (!names_.empty()) return tables();
      names_ = all;
    }
    return unknown();
  }

 private:
  std::vector<std::string>::const_iterator find_table(const std::string& word) const {
    return std::find(names_.begin(), names_.end(), to_lower(word));
  }

  Status choose_tables() {
    IMREG_ASSIGN(names_, header_tables(options_.folder));
    if (names_.empty())
      return Status(Code::not_found,
                    "there are no header tables in " + visible(options_.folder) + ": imingest makes them");
    if (options_.tables.empty()) return {};
    std::vector<std::string> chosen;
    for (const auto& pattern : options_.tables) {
      const auto before = chosen.size();
      for (const auto& name : names_) {
        if (is_glob(pattern) ? glob_match(pattern, name) : equal_nocase(pattern, name)) chosen.push_back(name);
      }
      if (chosen.size() == before) return header_table_path(options_.folder, pattern).status();  // names near ones
    }
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    names_ = std::move(chosen);
    return {};
  }

  Result<RecordFile> open(const std::string& name, std::string& path) const {
    IMREG_ASSIGN(path, header_table_path(options_.folder, name));
    IMREG_ASSIGN(auto file, RecordFile::open(path));
    IMREG_TRY(headers::check_own_fields(file.schema()).in_file(path));
    return file;
  }

  // The rows that are meant; nothing when the table does not have a field of the conditions.
  Result<std::optional<Selection>> selection(const RecordFile& file) {
    Selection out;
    out.without_deleted(file.schema());
    ExpressionSettings settings;
    settings.dates = options_.dates;
    for (const auto& text : options_.where) {
      const auto condition = Expression::parse_condition(text, file.schema(), settings);
      if (!condition) {
        if (trouble_.ok()) trouble_ = Status(condition.status().code(), "-where: " + condition.status().message());
        return std::optional<Selection>();
      }
      for (const auto& part : condition->conjuncts()) IMREG_TRY(add_conjunct(part, file.schema(), out));
    }
    fitted_ = true;
    return std::optional<Selection>(std::move(out));
  }

  // Gives the rows in spans to `add(worker, records)`, each worker a thread of its own.
  template <class Add>
  Status each_span(const RecordFile& file, Selection selection, const Add& add) const {
    const Candidates candidates{&file, std::move(selection), {}};
    std::vector<std::unique_ptr<Looker>> lookers;
    for (int i = 0; i < workers_for(file.count(), jobs_); ++i) lookers.push_back(std::make_unique<Looker>(candidates));
    return each_block(file.count(), jobs_, [&](int worker, std::int64_t from, std::int64_t end) -> Status {
      const auto at = static_cast<std::size_t>(worker);
      lookers[at]->some_between(from, end, [&](std::span<const char* const> records) { add(at, records); });
      return {};
    });
  }

  // Whether a table that cannot be read ends everything.
  Status passed_over(const Status& status) {
    const bool damaged = !status.ok() && !status.file().empty();
    if (!damaged || !options_.on_fault || names_.size() == 1) return status;
    options_.on_fault(status);
    return {};
  }

  Status add_table(const std::string& name, std::vector<TableLine>& lines) {
    std::string path;
    IMREG_ASSIGN(const RecordFile file, open(name, path));
    IMREG_ASSIGN(auto chosen, selection(file));
    if (!chosen) return {};
    TableLine line;
    line.name = name;
    const auto& fields = file.schema().fields;
    line.keywords =
        std::count_if(fields.begin(), fields.end(), [](const FieldInfo& field) { return !is_own_field(field.name); });
    IMREG_TRY(count_rows(file, *std::move(chosen), line));
    const std::string heap = headers::heap_of(path);
    line.bytes = bytes_of(path) + bytes_of(heap);
    for (const auto& part : {path, path + ".journal", heap}) {
      if (const auto times = file_times(part)) line.written = std::max(line.written, times->mtime);
    }
    lines.push_back(std::move(line));
    return {};
  }

  Result<std::int64_t> tables() {
    std::vector<TableLine> lines;
    for (const auto& name : names_) IMREG_TRY(passed_over(add_table(name, lines)));
    if (!fitted_ && !trouble_.ok()) return trouble_;
    Lines out("TABLES", lines.size());
    const auto of = [&](auto member) { return [&lines, member](std::size_t i) { return lines[i].*member; }; };
    out.text("table", "header table", of(&TableLine::name));
    out.number("rows", "", "headers", of(&TableLine::rows));
    out.number("keywords", "", "columns of keywords", of(&TableLine::keywords));
    out.number("others", "", "values in the heap only", of(&TableLine::others));
    out.number("files", "", "files that these headers are of", of(&TableLine::files));
    out.number("bytes", "byte", "size of the table and its heap", of(&TableLine::bytes));
    out.time("written", "when it was written last", of(&TableLine::written));
    return out.write(options_, sink_);
  }

  Status count_rows(const RecordFile& file, Selection chosen, TableLine& line) const {
    constexpr std::int64_t kMostFiles = std::int64_t{1} << 32;  // rows are not checked: a damaged one may say anything
    const headers::OwnFields own(file.schema());
    struct Worker {
      std::int64_t rows = 0, others = 0;
      std::vector<bool> files;
    };
    std::vector<Worker> workers(static_cast<std::size_t>(workers_for(file.count(), jobs_)));
    IMREG_TRY(each_span(file, std::move(chosen), [&](std::size_t at, std::span<const char* const> records) {
      Worker& worker = workers[at];
      worker.rows += std::ssize(records);
      for (const char* record : records) {
        worker.others += RecordView(record)[own.others];
        const std::int64_t number = RecordView(record)[own.file];
        if (number < 0 || number >= kMostFiles) continue;
        const auto bit = static_cast<std::size_t>(number);
        if (bit >= worker.files.size()) worker.files.resize(std::max(bit + 1, 2 * worker.files.size()));
        worker.files[bit] = true;
      }
    }));
    std::size_t most = 0;
    for (const auto& worker : workers) most = std::max(most, worker.files.size());
    for (const auto& worker : workers) line.rows += worker.rows, line.others += worker.others;
    for (std::size_t bit = 0; bit < most; ++bit)
      line.files += std::any_of(workers.begin(), workers.end(),
                                [bit](const auto& one) { return bit < one.files.size() && one.files[bit]; });
    return {};
  }

  Status summarize(const std::string& name, const std::function<bool(const FieldInfo&)>& wanted) {
    std::string path;
    IMREG_ASSIGN(const RecordFile file, open(name, path));
    for (const auto& field : file.schema().fields) {
      if (!is_own_field(field.name)) known_.push_back(field.name);
    }
    std::vector<FieldInfo> fields;
    std::copy_if(file.schema().fields.begin(), file.schema().fields.end(), std::back_inserter(fields), wanted);
    if (fields.empty()) return {};
    IMREG_ASSIGN(auto chosen, selection(file));
    if (!chosen) return {};
    const std::size_t most = std::clamp(kAllValues / fields.size(), kLeastValues, kMostValues);
    std::vector<std::vector<KeySummary>> workers(static_cast<std::size_t>(workers_for(file.count(), jobs_)));
    for (auto& worker : workers) {
      for (const auto& field : fields) worker.emplace_back(field, most);
    }
    std::vector<std::int64_t> others(workers.size());
    const auto other_values = headers::OwnFields(file.schema()).others;
    IMREG_TRY(each_span(file, *std::move(chosen), [&](std::size_t at, std::span<const char* const> records) {
      for (auto& one : workers[at]) one.add(records);
      for (const char* record : records) others[at] += RecordView(record)[other_values];
    }));
    others_ += std::accumulate(others.begin(), others.end(), std::int64_t{0});
    for (std::size_t i = 0; i < fields.size(); ++i) {
      KeySummary& all = workers[0][i];
      for (std::size_t k = 1; k < workers.size(); ++k) all.merge(workers[k][i]);
      add_line(name, fields[i], all);
    }
    return {};
  }

  void add_line(const std::string& table, const FieldInfo& field, const KeySummary& all) {
    const auto type = [&]() -> std::string {
      switch (field.type) {
        case Type::boolean: return "logical";
        case Type::text: return "text";
        case Type::f32:
        case Type::f64: return "real";
        default: return "integer";
      }
    };
    KeyLine& line = keys_.emplace_back();
    line.table = table;
    line.keyword = field.column;
    line.type = type();
    line.unit = field.unit;
    line.rows = all.rows();
    if (!all.too_many()) line.values = all.values();
    line.least = all.least();
    line.most = all.most();
    line.common = all.common(kShown);
  }

  Result<std::int64_t> keywords_of(const std::string& name) {
    IMREG_TRY(summarize(name, [](const FieldInfo& field) { return !is_own_field(field.name); }));
    if (others_ > 0 && options_.on_note)
      options_.on_note(name + ": " + counted(others_, "value") +
                       " of its headers are in no column (man imingest, TABLES); imheader shows them");
    return write_keys();
  }

  Result<std::int64_t> write_keys() {
    if (!fitted_ && !trouble_.ok()) return trouble_;
    Lines out("KEYWORDS", keys_.size());
    const auto of = [&](auto member) { return [this, member](std::size_t i) { return keys_[i].*member; }; };
    out.text("table", "header table", of(&KeyLine::table));
    out.text("keyword", "column of the keyword", of(&KeyLine::keyword));
    out.text("type", "logical, integer, real or text", of(&KeyLine::type));
    out.text("unit", "unit of the values", of(&KeyLine::unit));
    out.number("rows", "", "headers that have it", of(&KeyLine::rows));
    out.number("values", "", "how many different values", [&](std::size_t i) { return keys_[i].values.value_or(-1); });
    out.text("min", "the least value", of(&KeyLine::least));
    out.text("max", "the greatest value", of(&KeyLine::most));
    out.text("common", "the most common values, and how many rows have each", of(&KeyLine::common));
    return out.write(options_, sink_);
  }

  // Headers of a table that have such a keyword, which is in no column: among those of rows that say they have more than their columns.
  Result<std::int64_t> count_in_heap(const std::string& name, const Wanted& wanted, std::string& column) {
    std::string path;
    IMREG_ASSIGN(const RecordFile file, open(name, path));
    IMREG_ASSIGN(auto chosen, selection(file));
    if (!chosen) return 0;
    const headers::OwnFields own(file.schema());
    struct Worker {
      std::optional<headers::Heap> heap;
      std::int64_t count = 0;
      std::string column;
      Status status;
    };
    std::vector<Worker> workers(static_cast<std::size_t>(workers_for(file.count(), jobs_)));
    const auto look = [&](Worker& worker, RecordView row) -> Status {
      if (!worker.heap) {
        IMREG_ASSIGN(worker.heap, headers::Heap::open(headers::heap_of(path)));
      }
      IMREG_ASSIGN(auto cards, worker.heap->read({row[own.heap], row[own.heapcrc]}));
      std::string found = wanted.column_in(Header(std::move(cards)));
      if (found.empty()) return {};
      worker.column = std::move(found);
      ++worker.count;
      return {};
    };
    IMREG_TRY(each_span(file, *std::move(chosen), [&](std::size_t at, std::span<const char* const> records) {
      for (const char* record : records) {
        if (RecordView(record)[own.others] == 0) continue;
        if (Status status = look(workers[at], RecordView(record)); !status.ok()) workers[at].status = std::move(status);
      }
    }));
    std::int64_t count = 0;
    for (const auto& worker : workers) {
      IMREG_TRY(worker.status);
      if (worker.count > 0) column = worker.column;
      count += worker.count;
    }
    return count;
  }

  // A keyword that no table has as a column may be in heaps.
  Status in_heaps() {
    const Wanted wanted(options_.word);
    std::string told, column;
    for (const auto& name : names_) {
      auto count = count_in_heap(name, wanted, column);
      if (!count) {
        if (!options_.on_fault) return count.status();
        options_.on_fault(count.status());
      } else if (*count > 0) {
        told += (told.empty() ? "" : ", ") + counted(*count, "header") + " of " + name;
      }
    }
    if (told.empty()) return {};
    return Status(Code::not_found, visible(is_glob(options_.word) ? column : options_.word) +
                                       " is in no column, but in the heap: " + told +
                                       " (table full, or its values too long); imheader -key shows it");
  }

  Status unknown() {
    if (!fitted_ && !trouble_.ok()) return trouble_;
    IMREG_TRY(in_heaps());
    std::vector<std::string> all = known_;
    all.insert(all.end(), names_.begin(), names_.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const char* const own : {"files", "master", "datasets"}) {
      if (equal_nocase(options_.word, own))
        return Status(Code::not_found,
                      std::string(own) +
                          " is no table of headers: man 5 imreg-ingest has its columns, imsearch -from " + own +
                          " its rows");
    }
    const std::string near = nearest_names(options_.word, all);
    return Status(Code::not_found,
                  "there is no table and no keyword \"" + visible(options_.word) + "\"" +
                      (near.empty() ? "; imkeys lists the tables, imkeys TABLE its keywords" : "; near: " + near));
  }

  const KeyOptions& options_;
  const Sink& sink_;
  const int jobs_;
  std::vector<std::string> names_;  ///< of the tables
  std::vector<std::string> known_;  ///< keywords, for those who mistype them
  std::vector<KeyLine> keys_;
  std::int64_t others_ = 0;  ///< values that are in no column, of the tables that were summarized
  Status trouble_;           ///< of a condition that a table could not answer
  bool fitted_ = false;      ///< some table could
};

}  // namespace

std::string column_of_keyword(std::string_view keyword) { return headers::column_of(keyword); }

Result<std::int64_t> list_keys(const KeyOptions& options, const Sink& sink) try {
  return Keys(options, sink).run();
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace imreg
