// A search whose rows have partners in header tables. What is asked of the searched rows alone is asked of them first, by their
// index; only what they leave is joined, row by row in file order, and the rest is asked of what came out. The primary HDU of rows
// of an extension is such a table, too, whose keywords need no TABLE before them (registry of FITS conventions, INHERIT).
#include <algorithm>
#include <memory>
#include <set>

#include "base/text.h"
#include "formats/regimage.h"
#include "headers/heap.h"
#include "headers/key_values.h"
#include "headers/table_schema.h"
#include "imreg/ingest.h"
#include "imreg/join.h"
#include "imreg/query.h"
#include "ingest/inherited_keys.h"
#include "ingest/partners.h"
#include "os/file.h"
#include "os/walk.h"
#include "query/conditions.h"
#include "query/joined_rows.h"
#include "query/sorter.h"
#include "query/work.h"
#include "registry/search_filters.h"
#include "registry/search_tools.h"

namespace imreg {

using namespace ingest;

namespace {

constexpr int kWide = 1024;  // bytes of a record from which on only the fields that are needed are copied

// What cannot be asked of joined rows, and instead of it.
std::string option_alone(const SearchOptions& options) {
  const struct {
    bool there;
    const char* what;
  } kOthers[] = {{options.group.has_value(), "-group: print the rows with -format csv, and group those"},
                 {options.unique, "-unique"},
                 {options.last.has_value(), "-last: use -sort -obstime -limit N"},
                 {!options.near_to.empty(), "-near-to"}};
  for (const auto& other : kOthers) {
    if (other.there) return other.what;
  }
  return {};
}

Status check_options(const SearchOptions& options, const JoinOptions& join) {
  IMREG_TRY(check_together(options));
  const std::string alone = option_alone(options);
  if (!join.tables.empty() && !alone.empty()) return {Code::invalid, "-with does not go with " + alone};
  if (!join.by.empty() && join.by != "file" && join.by != "rootname")
    return {Code::invalid, "-by " + visible(join.by) + ": there are file and rootname"};
  return {};
}

// A table beside the searched one, and how its rows were found.
struct Beside {
  std::string name;
  Partners partners;
  std::set<std::string> inherited{};
  std::int64_t alone = 0, several = 0;  ///< rows of the searched one with no partner here, and with more than one
};

class JoinedSearch {
 public:
  JoinedSearch(const SearchOptions& options, const JoinOptions& join, const Sink& sink)
      : options_(options), join_(join), sink_(sink) {}

  Result<SearchReport> run() {
    IMREG_TRY(check_options(options_, join_));
    IMREG_TRY(open());
    if (beside_.empty()) return alone();
    IMREG_TRY(sort_out_conditions());
    if (options_.count) return count();
    if (options_.explain) return tell();
    return print();
  }

 private:
  using Visit = std::function<bool(RecordView)>;

  Status open() {
    IMREG_ASSIGN(auto file, open_database(options_.database));
    file_ = std::make_unique<RecordFile>(std::move(file));
    IMREG_ASSIGN(auto roots, PathRoots::load(options_.database));
    roots_ = std::make_unique<PathRoots>(std::move(roots));
    settings_ = expression_settings(options_, *roots_);
    name_ = to_lower(name_of(options_.database));
    if (name_.ends_with(".db")) name_.resize(name_.size() - 3);
    if (file_->schema().format == regimage::kFormat) name_ = "images";  // Imreg.db, or however they called it
    const int jobs = scan_options(options_).jobs;
    const JoinBy by = join_.by == "file" ? JoinBy::file : join_.by == "rootname" ? JoinBy::rootname : JoinBy::kind;
    for (const auto& word : join_.tables) {
      const std::string name = to_lower(word);
      auto path = header_table_path(join_.folder, name);
      if (path && folder_of(*path) == join_.folder)
        return Status(Code::invalid, "-with " + name + ": only header tables can stand beside rows; imkeys lists them");
      if (!path) return Status(path.status().code(), "-with: " + path.status().message()).in_file(path.status().file());
      const auto same = [&](const Beside& other) { return other.name == name; };
      if (name == name_ || std::any_of(beside_.begin(), beside_.end(), same))
        return Status(Code::invalid, "-with " + name + ": the table is there already; name it once");
      IMREG_ASSIGN(auto partners, Partners::open(*path, name, by, jobs));
      beside_.push_back({name, std::move(partners)});
    }
    IMREG_TRY(inherit(jobs));
    if (beside_.empty()) return {};
    IMREG_ASSIGN(origin_of_, origins_of(*file_, name_, join_.folder, *roots_, jobs));
    return {};
  }

  // The primary HDU beside an extension, when somebody asks for what only it can tell.
  Status inherit(int jobs) {
    const std::string primary = primary_of(join_.folder, join_.from);
    if (primary.empty()) return {};
    IMREG_ASSIGN(const std::string path, header_table_path(join_.folder, primary));
    IMREG_ASSIGN(auto partners, Partners::open(path, primary, JoinBy::file, jobs));
    std::vector<std::string> texts = options_.where;
    texts.push_back(options_.sort);
    texts.insert(texts.end(), options_.emit.fields.begin(), options_.emit.fields.end());
    if (options_.group) texts.push_back(*options_.group);
    IMREG_ASSIGN(auto keys, inherited_keys(*file_, partners.file().schema(), texts, jobs));
    if (keys.empty()) return {};
    if (const std::string alone = option_alone(options_); !alone.empty()) {
      const auto lacks = [&](const std::string& key) { return !file_->schema().find(key); };
      if (const auto key = std::find_if(keys.begin(), keys.end(), lacks); key != keys.end())
        return {Code::not_found,
                *key + " is a keyword of the primary HDU (" + primary + "), and those do not go with " + alone};
      not_inherited_ = *keys.begin() + ": rows without it count as not known, although the primary HDU (" + primary +
                       ") may have it";
      return {};
    }
    own_.emplace(file_->schema());
    IMREG_ASSIGN(heap_, headers::Heap::open(headers::heap_of(file_->path())));
    beside_.push_back({primary, std::move(partners), std::move(keys)});
    return {};
  }

  // Keywords that the header of a row has, and the row does not: undefined, too long, behind the last column. They are not inherited.
  Status find_hidden(RecordView row, const std::set<std::string>& inherited) {
    hidden_.clear();
    std::set<std::string_view> unknown;
    for (const auto& column : inherited) {
      const FieldInfo* const field = file_->schema().find(column);
      const Value value = field ? value_of(row, *field) : Value();
      const auto* text = std::get_if<std::string_view>(&value);
      if (std::holds_alternative<std::monostate>(value) || (text && text->empty())) unknown.insert(column);
    }
    if (unknown.empty()) return {};
    std::string first = "Hh";  // of HIERARCH, and of the keywords: most cards are passed over by it
    for (const auto column : unknown) {
      const char c = column[column.starts_with("KEY_") ? 4 : 0];
      first += {c, static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)};
    }
    IMREG_ASSIGN(const std::string cards, heap_->read({row[own_->heap], row[own_->heapcrc]}));
    const Header header(cards);
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (first.find(cards[i * kCardSize]) == first.npos) continue;
      if (const auto found = unknown.find(headers::column_of(header.keyword(i))); found != unknown.end())
        hidden_.emplace_back(*found);
    }
    return {};
  }

  Result<SearchReport> alone() const {
    auto report = search(options_, sink_);
    if (report && !not_inherited_.empty()) report->notes.push_back(not_inherited_);
    return report;
  }

  JoinedRows joined(bool whole, const std::function<bool(const FieldInfo&)>& wanted) const {
    std::vector<JoinedRows::Table> tables = {{name_, &file_->schema()}};
    for (const auto& one : beside_) tables.push_back({one.name, &one.partners.file().schema(), one.inherited});
    return JoinedRows(tables, whole, wanted);
  }

  // Which conditions can be asked of the searched rows alone: all of their fields stand in the record as it is.
  Status sort_out_conditions() {
    IMREG_ASSIGN(selection_, make_selection(options_, file_->schema()));
    const JoinedRows all = joined(true, [](const FieldInfo&) { return true; });
    const int end = file_->schema().record_size;
    const auto is_own = [&](const FieldInfo& field) { return field.offset < end; };
    std::vector<std::string> later;
    for (const auto& text : options_.where) {
      const auto condition = Expression::parse_condition(text, all.names(), settings_);
      if (!condition) return {condition.status().code(), "-where: " + condition.status().message()};
      const auto fields = condition->fields();
      const bool own = std::all_of(fields.begin(), fields.end(), is_own);
      for (const auto& part : condition->conjuncts()) {
        if (own || is_own_part(part, all.names(), is_own)) IMREG_TRY(add_conjunct(part, all.names(), selection_));
      }
      if (!own) later.push_back(text);
    }
    IMREG_TRY(check_names(all));
    choose_fields(later);
    for (const auto& text : later) {
      IMREG_ASSIGN(auto condition, Expression::parse_condition(text, rows_->names(), settings_));
      later_.push_back(std::move(condition));
    }
    return {};
  }

  // What is to be printed and sorted by, while all names are there to be near to a wrong one.
  Status check_names(const JoinedRows& all) {
    for (const auto& field : options_.emit.fields) {
      fields_.push_back(without_own_name(field));
      int element = 0;
      const std::string_view name = trim(fields_.back());
      if (name == "*" || all.schema().find(name) || all.schema().find_element(name, element)) continue;
      const Status none = all.schema().no_field(name);
      return {none.code(), "-fields: " + none.message()};
    }
    return options_.sort.empty() ? Status() : named(parse_keys(options_.sort, all.names(), settings_).status());
  }

  // A part of a condition that is data, on fields of the searched rows. A test does not say what it looks at.
  static bool is_own_part(const Conjunct& part, const Schema& names,
                          const std::function<bool(const FieldInfo&)>& is_own) {
    if (part.kind == Conjunct::Kind::test) return false;
    if (part.kind != Conjunct::Kind::any) {
      const FieldInfo* const field = names.find(part.field);
      return field && is_own(*field);
    }
    return std::all_of(part.branches.begin(), part.branches.end(), [&](const auto& branch) {
      return std::all_of(branch.begin(), branch.end(),
                         [&](const auto& one) { return is_own_part(one, names, is_own); });
    });
  }

  std::string without_own_name(const std::string& field) const {
    const std::string start = name_ + ".";
    return starts_nocase(field, start) ? field.substr(start.size()) : field;
  }

  // The fields that somebody may look at. Header tables have hundreds: nobody wants to carry them all along.
  void choose_fields(const std::vector<std::string>& conditions) {
    std::vector<std::string> texts = conditions;
    texts.push_back(options_.sort);
    texts.insert(texts.end(), fields_.begin(), fields_.end());
    const bool lines = options_.format == "row" || options_.format == "trigger";  // have fields of their own
    const bool everything =
        !options_.count && !options_.explain &&
        ((fields_.empty() && !lines) ||
         std::any_of(fields_.begin(), fields_.end(), [](const auto& field) { return trim(field) == "*"; }));
    const bool whole = everything || lines || file_->schema().record_size <= kWide;
    rows_.emplace(joined(whole, [&](const FieldInfo& field) { return everything || may_name(texts, field); }));
    // Whole records of a joined schema are no database: they are columns.
    if (fields_.empty() && equal_nocase(options_.format, "fits")) fields_.push_back("*");
  }

  // All rows, one behind the other, until `visit` returns false.
  Status each(SearchReport& report, std::vector<std::string>* plan, const Visit& visit) {
    Query query(*file_);
    query.select(selection_).jobs(scan_options(options_).jobs).use_index(options_.use_index);
    Record row = rows_->empty();
    Origin origin;
    auto done = query.each([&](std::int64_t, RecordView own) {
      ++looked_at_;
      rows_->put(0, own.bytes(), row);
      if (Status found = origin_of_(own, origin); !found.ok()) return report.damaged.add(std::move(found)), true;
      if (origin.file == 0) ++strangers_;
      found_.assign(beside_.size(), nullptr);
      for (std::size_t i = 0; i < beside_.size(); ++i) {
        auto found = beside_[i].partners.of(origin);
        if (!found) return report.damaged.add(found.status()), true;
        found_[i] = *found;
        beside_[i].alone += found_[i]->empty() ? 1 : 0;
        beside_[i].several += found_[i]->size() > 1 ? 1 : 0;
        if (beside_[i].inherited.empty()) continue;
        if (Status told = find_hidden(own, beside_[i].inherited); !told.ok())
          return report.damaged.add(std::move(told)), true;
      }
      return combine(0, row, visit);
    });
    if (!done) return named(done.status());
    report.damaged.add(std::move(done->damaged));
    if (plan) *plan = std::move(done->plan);
    return {};
  }

  // Each partner in one table with each in the next one. False: enough.
  bool combine(std::size_t i, Record& row, const Visit& visit) {
    if (i == beside_.size()) {
      const bool holds = std::all_of(later_.begin(), later_.end(),
                                     [&](const Expression& one) { return one.truth(row.view()) == Truth::yes; });
      return !holds || visit(row.view());
    }
    if (found_[i]->empty()) {
      rows_->put(i + 1, nullptr, row);
      return combine(i + 1, row, visit);
    }
    for (const Record& partner : *found_[i]) {
      rows_->put(i + 1, partner.bytes().data(), row);
      if (!beside_[i].inherited.empty()) forget_hidden(row);
      if (!combine(i + 1, row, visit)) return false;
    }
    return true;
  }

  void forget_hidden(Record& row) const {
    for (const auto& column : hidden_) {
      if (const FieldInfo* const field = rows_->schema().find(column)) (void)set_value(row, *field, Value());
    }
  }

  Status each_in_order(SearchReport& report, std::vector<std::string>* plan, const Visit& visit) {
    if (options_.sort.empty()) return each(report, plan, visit);
    const auto keys = parse_keys(options_.sort, rows_->names(), settings_);
    if (!keys) return named(keys.status());
    const std::int64_t keep =
        options_.limit ? sum_of(*options_.limit, options_.offset) : std::numeric_limits<std::int64_t>::max();
    Sorter sorter({std::size_t{32} << 20, temporary_folder(), keep});
    std::string item;
    std::uint64_t number = 0;
    Status full;
    IMREG_TRY(each(report, plan, [&](RecordView row) {
      item.clear();
      for (const auto& key : *keys) key.operand.add_key(row, key.descending, item);
      add_big(number++, item);
      item.append(row.bytes(), static_cast<std::size_t>(rows_->schema().record_size));
      full = sorter.add(item);
      return full.ok();
    }));
    IMREG_TRY(std::move(full));
    IMREG_TRY(sorter.finish());
    for (;;) {
      IMREG_ASSIGN(const auto* next, sorter.next());
      if (!next || !visit(RecordView(next->data() + next->size() - rows_->schema().record_size))) return {};
    }
  }

  // With offset and limit; visit(index, row) with numbers from 1.
  Result<SearchReport> answer(std::vector<std::string>* plan,
                              const std::function<bool(std::int64_t, RecordView)>& visit) {
    SearchReport report;
    if (options_.limit == 0) return report;
    std::int64_t skip = options_.offset;
    IMREG_TRY(each_in_order(report, plan, [&](RecordView row) {
      if (skip > 0) return --skip, true;
      return visit(++report.matched, row) && report.matched != options_.limit;
    }));
    add_notes(report);
    return report;
  }

  Result<SearchReport> count() {
    IMREG_ASSIGN(SearchReport report, answer(nullptr, [](std::int64_t, RecordView) { return true; }));
    sink_(std::to_string(report.matched) + '\n');
    return report;
  }

  Result<SearchReport> tell() {
    std::vector<std::string> plan;
    IMREG_ASSIGN(SearchReport report, answer(&plan, [](std::int64_t, RecordView) { return true; }));
    for (const auto& one : beside_)
      plan.push_back(one.name + ": " + counted(looked_at_, "row") + " looked for, " + one.partners.told());
    explain(plan, report.matched, sink_);
    return report;
  }

  Result<SearchReport> print() {
    SearchOptions options = options_;
    options.emit.fields = fields_;
    IMREG_ASSIGN(Printer printer, make_printer(options, rows_->schema(), *roots_, sink_));
    IMREG_ASSIGN(SearchReport report,
                 answer(nullptr, [&](std::int64_t index, RecordView row) { return printer.writer->row(index, row); }));
    IMREG_TRY(printer.end());
    return report;
  }

  void add_notes(SearchReport& report) const {
    const auto of = [&](std::int64_t rows) {
      return std::to_string(rows) + " of " + std::to_string(looked_at_) + " rows";
    };
    if (strangers_ > 0)
      report.notes.push_back("imingest does not know the files of " + of(strangers_) +
                             ", which therefore have no partner");
    for (const auto& one : beside_) {
      const std::string table = (one.inherited.empty() ? "-with " : "") + one.name + ": ";
      if (one.alone > strangers_)
        report.notes.push_back(table + "no partner for " + of(one.alone - strangers_) +
                               ": its fields are not known there");
      if (one.several > 0)
        report.notes.push_back(table + "several partners for " + of(one.several) + ", which stand once for each");
    }
  }

  const SearchOptions& options_;
  const JoinOptions& join_;
  const Sink& sink_;
  std::unique_ptr<RecordFile> file_;
  std::unique_ptr<PathRoots> roots_;
  ExpressionSettings settings_;
  std::string name_;  ///< of what is searched, as a table
  OriginOf origin_of_;
  std::vector<Beside> beside_;
  std::string not_inherited_;              ///< a note
  std::optional<headers::OwnFields> own_;  ///< of the rows of an extension, with their heap
  std::optional<headers::Heap> heap_;
  std::vector<std::string> hidden_;  ///< columns
  Selection selection_;              ///< of what is searched
  std::vector<std::string> fields_;  ///< to be printed
  std::optional<JoinedRows> rows_;
  std::vector<Expression> later_;  ///< conditions on joined rows
  std::vector<const std::vector<Record>*> found_;
  std::int64_t looked_at_ = 0, strangers_ = 0;
};

// Whether the table that is searched has as many columns as it can have.
bool is_full(const JoinOptions& join) {
  if (join.from.empty()) return false;
  const auto path = header_table_path(join.folder, join.from);
  const auto file = path ? RecordFile::open(*path) : Result<RecordFile>(path.status());
  return file && file->schema().fields.size() >= headers::kMostColumns;
}

}  // namespace

Status with_table_hint(Status status, const JoinOptions& join) {
  constexpr std::string_view kStart = "there is no field ";
  const std::string& message = status.message();
  const auto start = message.find(kStart);
  if (start == message.npos || !join.tables.empty()) return status;
  if (is_full(join)) {
    const auto line = std::min(message.find('\n'), message.size());
    return {status.code(),
            message.substr(0, line) + "; " + join.from +
                " has all the 999 columns that FITS allows: keywords that came later are in its heap only (imheader)" +
                message.substr(line)};
  }
  std::string_view name = std::string_view(message).substr(start + kStart.size());
  if (name.starts_with('"')) name.remove_prefix(1);
  const auto dot = name.find('.');
  if (dot == name.npos || name.substr(0, dot).find_first_of(" \";\n") != name.npos) return status;
  const std::string table(name.substr(0, dot));
  if (!header_table_path(join.folder, table)) return status;
  const std::string hint = equal_nocase(table, join.from)
                               ? "; without -with its keywords stand alone, without " + table + "."
                               : "; -with " + table + " takes the keywords of that table";
  const auto end = std::min(message.find('\n'), message.find(';', start));
  return {status.code(), message.substr(0, end) + hint + message.substr(std::min(message.find('\n'), message.size()))};
}

Result<SearchReport> search_joined(const SearchOptions& options, const JoinOptions& join, const Sink& sink) try {
  if (join.tables.empty() && primary_of(join.folder, join.from).empty()) return search(options, sink);
  return JoinedSearch(options, join, sink).run();
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace imreg
