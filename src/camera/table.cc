// Reading .cam files: statements. Every mistake is named with file, line and column, and what would be right.
#include "camera/table.h"

#include <algorithm>

#include "base/text.h"
#include "camera/table_internal.h"

namespace imreg::camera {

namespace {

// Patterns up to the end of the line.
Status take_all_globs(Line& line, const std::string& what, Globs& out) {
  do {
    IMREG_ASSIGN(Globs globs, line.need_globs(what));
    out.insert(out.end(), std::make_move_iterator(globs.begin()), std::make_move_iterator(globs.end()));
  } while (!line.done() && line.peek() != "&");
  return {};
}

// A keyword of amplifiers: always of their own HDU.
Result<Source> take_own(Line& line, const std::string& what) {
  IMREG_ASSIGN(const std::string key, line.need(what));
  if (key.find('@') != key.npos) return line.error("amplifiers are told by keywords of their own HDUs, without @");
  return Source(to_upper(key), Scope::own);
}

// KEY PATTERN... & not KEY PATTERN..., of one HDU.
Status take_hdu_rule(Line& line, std::vector<HduRule>& rules) {
  HduRule rule;
  do {
    const bool wanted = !line.take_if("not");
    IMREG_ASSIGN(Condition condition, take_condition(line));
    condition.wanted = wanted;
    if (!condition.range && !line.done() && line.peek() != "&")
      IMREG_TRY(take_all_globs(line, "a pattern", condition.globs));
    rule.push_back(std::move(condition));
  } while (line.take_if("&"));
  IMREG_TRY(line.end());
  rules.push_back(std::move(rule));
  return {};
}

Status take_amps(Line& line, Table& table) {
  AmpRule rule;
  IMREG_ASSIGN(rule.ccd, take_own(line, "a keyword"));
  if (line.take_if("by")) {
    rule.kind = AmpRule::Kind::named;
    IMREG_ASSIGN(rule.amp, take_own(line, "the keyword that differs between amplifiers"));
  } else if (!line.done() && line.peek().find("%d") != std::string::npos) {
    rule.kind = AmpRule::Kind::numbered;
    rule.pattern = line.take();
    if (const std::string fault = capture_fault(rule.pattern); !fault.empty())
      return line.error("the pattern '" + rule.pattern + "' " + fault);
    IMREG_ASSIGN(const std::string count, line.need("the number of amplifiers of a CCD"));
    long long n = 0;
    if (!parse_integer(count, n) || n < 1 || n > 1000) return line.error("'" + count + "' is no number of amplifiers");
    rule.per_ccd = static_cast<int>(n);
  } else {
    IMREG_ASSIGN(rule.globs, line.need_globs("a pattern, or by,"));
  }
  IMREG_TRY(line.end());
  table.amps.push_back(std::move(rule));
  return {};
}

Status take_when(Line& line, Table& table) {
  When when{line.number(), line.column(), std::string(trim(line.text().substr(4))), {}};
  do {
    const bool wanted = !line.take_if("not");
    IMREG_ASSIGN(Condition condition, take_condition(line));
    condition.wanted = wanted;
    if (condition.source.scope != Scope::file_name && condition.source.scope != Scope::primary)
      condition.source.scope = Scope::any;
    when.all.push_back(std::move(condition));
  } while (line.take_if("&"));
  IMREG_TRY(line.end());
  if (std::none_of(when.all.begin(), when.all.end(), [](const Condition& c) { return c.wanted; }))
    return line.error_at(when.column, "a table needs a keyword that is there, not only ones that are not");
  table.when.push_back(std::move(when));
  return {};
}

Status take_words(Line& line, Table& table) {
  Word word;
  word.line = line.number();
  IMREG_ASSIGN(word.list, line.need("the name of the word list"));
  IMREG_ASSIGN(word.word, line.need("the word"));
  IMREG_TRY(take_all_globs(line, "a text that means " + word.word, word.globs));
  IMREG_TRY(line.end());
  table.words.push_back(std::move(word));
  return {};
}

Status take_count(Line& line, std::optional<long long>& out) {
  IMREG_ASSIGN(const std::string text, line.need("a number"));
  long long n = 0;
  if (text == "no")
    n = 1;
  else if (!parse_integer(text, n) || n < 1 || n > 1000000)
    return line.error("'" + text + "' is no count");
  out = n;
  return line.end();
}

// A row of the focal plane: numbers of CCDs, a dot where there is none.
Status take_layout(Line& line, Table& table) {
  std::vector<int> row;
  while (!line.done()) {
    const std::string text = line.take();
    long long ccd = -1;
    if (text != "." && (!parse_integer(text, ccd) || ccd < 0 || ccd > 32767))
      return line.error("'" + text + "' is no number of a CCD, and no dot");
    const auto has = [&](const std::vector<int>& other) { return std::count(other.begin(), other.end(), ccd) > 0; };
    if (ccd >= 0 && (has(row) || std::any_of(table.layout.begin(), table.layout.end(), has)))
      return line.error("CCD " + text + " has a place already");
    row.push_back(static_cast<int>(ccd));
  }
  if (row.empty()) return line.error("a layout is a row of CCDs, from the left: layout 0 1 . 2");
  table.layout.push_back(std::move(row));
  return {};
}

Result<Field> take_field(Line& line) {
  IMREG_ASSIGN(const std::string name, line.need("the name of a field"));
  const std::optional<Field> field = field_named(name);
  if (!field) return line.error("there is no field '" + name + "'");
  return *field;
}

Status take_forget(Line& line, Table& table) {
  IMREG_ASSIGN(std::string rule, line.need("the name of a field"));
  if (rule == "words") {
    IMREG_ASSIGN(const std::string list, line.need("the name of the word list"));
    table.forgotten_rules.push_back("words " + list);
  } else if (rule == "skip" || rule == "mask" || rule == "split" || rule == "amps") {
    table.forgotten_rules.push_back(rule);
  } else if (const std::optional<Field> field = field_named(rule)) {
    table.forgotten[index_of(*field)] = true;
  } else {
    return line.error("there is no field '" + rule + "'");
  }
  return line.end();
}

Status take_range(Line& line, Table& table) {
  IMREG_ASSIGN(const Field field, take_field(line));
  IMREG_ASSIGN(const std::string text, line.need("a range"));
  std::optional<Range>& range = table.ranges[index_of(field)];
  range = range_of(text);
  if (!range) return line.error("'" + text + "' is no range; write LOW..HIGH, as in 0..3600");
  return line.end();
}

Status take_avoid(Line& line, Table& table) {
  IMREG_ASSIGN(const Field field, take_field(line));
  IMREG_TRY(take_all_globs(line, "a pattern of comments", table.avoid[index_of(field)]));
  return line.end();
}

Status take_statement(Line& line, Table& table) {
  static const std::vector<std::string> kStatements = {"camera",  "title",  "like",  "when",  "forget", "range",
                                                       "nothing", "words",  "avoid", "skip",  "mask",   "split",
                                                       "amps",    "slices", "ccds",  "layout"};
  const std::string word = line.take();
  const int column = line.column();
  if (table.name.empty() && word != "camera") return line.error("a table begins with: camera NAME");
  if (word == "camera") {
    if (!table.name.empty()) return line.error("a file holds one camera");
    IMREG_ASSIGN(table.name, line.need("the name of the camera"));
    return line.end();
  }
  if (word == "title") {
    while (!line.done()) table.title += (table.title.empty() ? "" : " ") + line.take();
    return {};
  }
  if (word == "like") {
    IMREG_ASSIGN(table.like, line.need("the name of the table that this one refines"));
    table.like_line = line.number();
    table.like_column = line.column();
    return line.end();
  }
  if (word == "when") return take_when(line, table);
  if (word == "words") return take_words(line, table);
  if (word == "skip") return take_hdu_rule(line, table.skip);
  if (word == "mask") return take_hdu_rule(line, table.mask);
  if (word == "split") return take_hdu_rule(line, table.split);
  if (word == "amps") return take_amps(line, table);
  if (word == "slices") return take_count(line, table.slices);
  if (word == "ccds") {
    std::optional<long long> n;
    IMREG_TRY(take_count(line, n));
    table.ccds = static_cast<int>(*n);
    return {};
  }
  if (word == "layout") return take_layout(line, table);
  if (word == "nothing") {
    IMREG_TRY(take_all_globs(line, "a pattern", table.nothing));
    return line.end();
  }
  if (word == "avoid") return take_avoid(line, table);
  if (word == "forget") return take_forget(line, table);
  if (word == "range") return take_range(line, table);
  if (const std::optional<Field> field = field_named(word)) return take_recipe(line, *field, table);
  std::vector<std::string> names = kStatements;
  for (std::size_t i = 0; i < kFieldCount; ++i) names.emplace_back(name_of(static_cast<Field>(i)));
  const std::string near = nearest_names(word, names);
  return line.error_at(column, "'" + word + "' is neither a field nor a statement" +
                                   (near.empty() ? "" : "; did you mean " + near + "?"));
}

// Calls `use(line)` for every line that says something, until one fails.
template <class Use>
Status each_line(std::string_view text, Use use) {
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const std::size_t first = raw.find_first_not_of(" \t\r");
    if (first == raw.npos || raw[first] == '#') continue;
    if (Status status = use(raw, number); !status.ok()) return status;
  }
  return {};
}

}  // namespace

bool Table::forgets(std::string_view rule) const {
  return std::find(forgotten_rules.begin(), forgotten_rules.end(), rule) != forgotten_rules.end();
}

Result<Table> parse_table(std::string_view text, const std::string& file, std::vector<Status>* mistakes) {
  Table table;
  table.file = file;
  Status first;
  const Status status = each_line(text, [&](std::string_view raw, int number) -> Status {
    Line line(raw, number, file);
    Status fault = line.fault().ok() ? take_statement(line, table) : line.fault();
    if (fault.ok() || mistakes == nullptr) return fault;
    if (first.ok()) first = fault;
    mistakes->push_back(std::move(fault));
    return {};
  });
  IMREG_TRY(status);
  if (!table.name.empty()) return table;
  IMREG_TRY(first);
  const Status none = Status(Code::invalid, "no table in this file: it begins with: camera NAME").in_file(file);
  if (mistakes != nullptr) mistakes->push_back(none);
  return none;
}

Result<Table> parse_recipes(std::string_view text, const std::string& file) {
  Table table;
  table.name = "configuration";
  table.file = file;
  const Status status = each_line(text, [&](std::string_view raw, int number) {
    Line line(raw, number, file);
    return line.fault().ok() ? take_statement(line, table) : line.fault();
  });
  IMREG_TRY(status);
  return table;
}

Table scan_table(std::string_view text, const std::string& file) {
  Table table;
  table.file = file;
  const Status ignored = each_line(text, [&](std::string_view raw, int number) -> Status {
    const std::string_view word = trim(raw);
    if (!word.starts_with("camera") && !word.starts_with("title") && !word.starts_with("like") &&
        !word.starts_with("when"))
      return {};
    Line line(raw, number, file);
    if (line.fault().ok()) (void)take_statement(line, table);
    return {};
  });
  (void)ignored;
  return table;
}

}  // namespace imreg::camera
