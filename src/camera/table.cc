// Reading .cam files: words, statements, recipes. Every mistake is named with file, line and what would be right.
#include "camera/table.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace imreg::camera {

namespace {

enum class Dimension { text, number, time, date, angle, position, temperature };

struct FieldRow {
  std::string_view name;
  Dimension dimension;
};

constexpr std::array<FieldRow, kFieldCount> kFields = {{
    {"instrument", Dimension::text},
    {"object", Dimension::text},
    {"type", Dimension::text},
    {"filter", Dimension::text},
    {"chip", Dimension::text},
    {"ccd", Dimension::number},
    {"exptime", Dimension::time},
    {"obstime", Dimension::date},
    {"release", Dimension::date},
    {"timesys", Dimension::text},
    {"position", Dimension::position},
    {"frame", Dimension::text},
    {"equinox", Dimension::number},
    {"airmass", Dimension::number},
    {"telfocus", Dimension::number},
    {"rotangle", Dimension::angle},
    {"xprobe", Dimension::number},
    {"yprobe", Dimension::number},
    {"zprobe", Dimension::number},
    {"dettemp", Dimension::temperature},
    {"teltemp0", Dimension::temperature},
    {"teltemp1", Dimension::temperature},
    {"teltemp2", Dimension::temperature},
    {"teltemp3", Dimension::temperature},
}};

// Units turn a number into the unit of the database: seconds, degrees, degrees Celsius. In dates they are the unit
// of the time of day.
struct UnitRow {
  std::string_view name;
  Dimension dimension;
  double scale, offset;
};

constexpr double kDegrees = 180.0 / 3.14159265358979323846;
constexpr UnitRow kUnits[] = {
    {"s", Dimension::time, 1, 0},
    {"ms", Dimension::time, 1e-3, 0},
    {"us", Dimension::time, 1e-6, 0},
    {"min", Dimension::time, 60, 0},
    {"h", Dimension::time, 3600, 0},
    {"d", Dimension::time, 86400, 0},
    {"s", Dimension::date, 1, 0},
    {"h", Dimension::date, 3600, 0},
    {"deg", Dimension::angle, 1, 0},
    {"rad", Dimension::angle, kDegrees, 0},
    {"arcsec", Dimension::angle, 1.0 / 3600, 0},
    {"deg", Dimension::position, 1, 0},
    {"rad", Dimension::position, kDegrees, 0},
    {"C", Dimension::temperature, 1, 0},
    {"K", Dimension::temperature, 1, -273.15},
};

std::optional<Field> field_named(std::string_view name) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFields[i].name == name) return static_cast<Field>(i);
  }
  return std::nullopt;
}

Dimension dimension_of(Field field) { return kFields[static_cast<std::size_t>(field)].dimension; }

Globs globs_of(std::string_view text) {
  Globs out;
  for (std::string_view part : imreg::split(text, '|')) out.emplace_back(trim(part));
  return out;
}

std::optional<Range> range_of(std::string_view text) {
  const std::size_t dots = text.find("..");
  Range out;
  if (dots == text.npos || !parse_number(text.substr(0, dots), out.low) ||
      !parse_number(text.substr(dots + 2), out.high) || out.low > out.high) {
    return std::nullopt;
  }
  return out;
}

// These describe one HDU and are never inherited from the primary.
bool is_hdu_keyword(std::string_view keyword) {
  return keyword == "EXTNAME" || keyword == "EXTVER" || keyword == "HDUNAME" || keyword == "XTENSION";
}

// One statement of a table, word by word.
class Line {
 public:
  Line(const std::vector<std::string>& words, int number, const std::string& file)
      : words_(words), number_(number), file_(file) {}

  bool done() const { return at_ >= words_.size(); }
  const std::string& peek() const { return words_[at_]; }
  const std::string& take() { return words_[at_++]; }
  bool take_if(std::string_view word) {
    if (done() || peek() != word) return false;
    ++at_;
    return true;
  }
  int number() const { return number_; }
  Status error(const std::string& what) const {
    return Status(Code::invalid, "line " + std::to_string(number_) + ": " + what).in_file(file_);
  }
  Result<std::string> need(const std::string& what) {
    if (done()) return error(what + " is missing at the end of the line");
    return take();
  }
  Status end() const { return done() ? Status() : error("'" + peek() + "' is too much"); }

 private:
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  int number_;
  const std::string& file_;
};

Result<Source> source_of(Line& line, const std::string& word) {
  if (word == "@name") return Source("file name", Scope::file_name);
  const std::size_t at = word.rfind('@');
  Source out(to_upper(trim(std::string_view(word).substr(0, at))), Scope::inherited);
  if (out.keyword.empty()) return line.error("'" + word + "' is no keyword");
  if (at == word.npos) {
    if (is_hdu_keyword(out.keyword)) out.scope = Scope::own;
    return out;
  }
  const std::string scope = word.substr(at + 1);
  if (scope == "own")
    out.scope = Scope::own;
  else if (scope == "primary")
    out.scope = Scope::primary;
  else if (scope == "any")
    out.scope = Scope::any;
  else
    return line.error("'@" + scope + "' is no place; there are @own, @primary and @any");
  return out;
}

Result<Condition> condition_of(Line& line) {
  Condition out;
  IMREG_ASSIGN(const std::string key, line.need("a keyword"));
  IMREG_ASSIGN(out.source, source_of(line, key));
  IMREG_ASSIGN(const std::string globs, line.need("a pattern for " + key));
  out.globs = globs_of(globs);
  return out;
}

const std::vector<std::string> kModifiers = {
    "if",       "unless", "comment", "drop",  "else", "words", "number", "text", "start", "middle", "end", "day",
    "mjd",      "jd",     "unix",    "hours", "utc",  "tai",   "tt",     "tdb",  "gps",   "icrs",   "fk5", "fk4",
    "galactic", "s",      "ms",      "us",    "min",  "h",     "d",      "deg",  "rad",   "arcsec", "C",   "K"};

// The modifiers that are one word for one kind of field. False: `word` is none of them.
bool take_plain_modifier(Dimension dimension, const std::string& word, Recipe& recipe) {
  if (dimension == Dimension::text && word == "text") return recipe.text_only = true;
  if (dimension == Dimension::date) {
    if (word == "mjd") return recipe.calendar = Calendar::mjd, true;
    if (word == "jd") return recipe.calendar = Calendar::jd, true;
    if (word == "unix") return recipe.calendar = Calendar::unix_time, true;
    if (word == "start") return recipe.moment = Moment::start, true;
    if (word == "middle") return recipe.moment = Moment::middle, true;
    if (word == "end") return recipe.moment = Moment::end, true;
    if (word == "day") return recipe.day = true;
    if (word == "utc" || word == "tai" || word == "tt" || word == "tdb" || word == "gps") {
      recipe.time_scale = *time_scale_named(word);
      return true;
    }
  }
  if (dimension == Dimension::position) {
    if (word == "hours") return recipe.hours = true;
    if (word == "icrs") return recipe.sky_frame = Frame::icrs, true;
    if (word == "fk5") return recipe.sky_frame = Frame::fk5, true;
    if (word == "fk4") return recipe.sky_frame = Frame::fk4, true;
    if (word == "galactic") return recipe.sky_frame = Frame::galactic, true;
  }
  for (const UnitRow& unit : kUnits) {
    if (unit.dimension == dimension && unit.name == word) {
      recipe.scale = unit.scale;
      recipe.offset = unit.offset;
      return recipe.has_unit = true;
    }
  }
  return false;
}

Status take_modifier(Line& line, Field field, Recipe& recipe) {
  const std::string word = line.take();
  const Dimension dimension = dimension_of(field);
  if (word == "if" || word == "unless") {
    IMREG_ASSIGN(Condition condition, condition_of(line));
    condition.wanted = word == "if";
    recipe.conditions.push_back(std::move(condition));
  } else if (word == "comment") {
    IMREG_ASSIGN(const std::string globs, line.need("a pattern for the comment"));
    recipe.comment = globs_of(globs);
  } else if (word == "drop") {
    IMREG_ASSIGN(const std::string globs, line.need("a pattern of texts to drop"));
    recipe.drop = globs_of(globs);
  } else if (word == "else") {
    IMREG_ASSIGN(recipe.otherwise, line.need("the value behind else"));
  } else if (word == "words" && dimension == Dimension::text) {
    IMREG_ASSIGN(recipe.words, line.need("the name of a word list"));
  } else if (word == "number" && field == Field::ccd) {
    IMREG_ASSIGN(recipe.number_pattern, line.need("a pattern with %d"));
    if (recipe.number_pattern.find("%d") == std::string::npos)
      return line.error("'" + recipe.number_pattern + "' has no %d");
  } else if (take_plain_modifier(dimension, word, recipe)) {
    return {};
  } else if (word.find("..") != std::string::npos && !recipe.range) {
    recipe.range = range_of(word);
    if (!recipe.range) return line.error("'" + word + "' is no range; write LOW..HIGH, as in 0..3600");
  } else {
    const bool elsewhere = std::find(kModifiers.begin(), kModifiers.end(), word) != kModifiers.end();
    const std::string near = nearest_names(word, kModifiers);
    return line.error("'" + word + "' " + (elsewhere ? "does not fit " : "means nothing behind ") +
                      std::string(name_of(field)) + (elsewhere || near.empty() ? "" : "; did you mean " + near + "?"));
  }
  return {};
}

Status take_recipe(Line& line, Field field, Table& table) {
  Recipe recipe;
  recipe.line = line.number();
  const Dimension dimension = dimension_of(field);
  if (line.take_if("=")) {
    if (dimension != Dimension::text && dimension != Dimension::number)
      return line.error("a constant fits texts and plain numbers only");
    IMREG_ASSIGN(recipe.constant, line.need("the constant"));
    double number = 0;
    if (dimension == Dimension::number && !parse_number(recipe.constant, number)) {
      return line.error("'" + recipe.constant + "' is no number");
    }
  } else {
    do {
      IMREG_ASSIGN(const std::string word, line.need("a keyword"));
      IMREG_ASSIGN(Source source, source_of(line, word));
      recipe.sources.push_back(std::move(source));
    } while (line.take_if("+"));
  }
  if (dimension == Dimension::position && recipe.sources.size() == 1 && recipe.sources[0].keyword != "WCS") {
    IMREG_ASSIGN(const std::string word, line.need("the keyword of the declination"));
    IMREG_ASSIGN(Source source, source_of(line, word));
    recipe.sources.push_back(std::move(source));
  }
  while (!line.done()) IMREG_TRY(take_modifier(line, field, recipe));

  const std::size_t most = dimension == Dimension::text                                       ? 9
                           : dimension == Dimension::date || dimension == Dimension::position ? 2
                                                                                              : 1;
  for (const Source& source : recipe.sources) {
    if (source.scope == Scope::file_name && recipe.number_pattern.empty())
      return line.error("@name gives a ccd by a number pattern only");
  }
  if (recipe.sources.size() > most) return line.error("too many keywords for " + std::string(name_of(field)));
  if (recipe.sources.size() > 1 && !recipe.words.empty()) return line.error("a word list takes one keyword");
  if (dimension == Dimension::date && recipe.sources.size() == 2 && recipe.calendar != Calendar::text) {
    return line.error("mjd, jd and unix take one keyword");
  }
  table.recipes[static_cast<std::size_t>(field)].push_back(std::move(recipe));
  return {};
}

Status take_hdu_rule(Line& line, std::vector<HduRule>& rules) {
  IMREG_ASSIGN(const std::string key, line.need("a keyword"));
  HduRule rule;
  IMREG_ASSIGN(rule.source, source_of(line, key));
  if (line.done()) return line.error("a pattern for " + key + " is missing at the end of the line");
  while (!line.done()) {
    for (std::string& glob : globs_of(line.take())) rule.globs.push_back(std::move(glob));
  }
  rules.push_back(std::move(rule));
  return {};
}

Status take_amps(Line& line, Table& table) {
  AmpRule rule;
  IMREG_ASSIGN(const std::string key, line.need("a keyword"));
  rule.ccd = Source(to_upper(key), Scope::own);
  IMREG_ASSIGN(const std::string second, line.need("a pattern, or by"));
  if (second == "by") {
    rule.kind = AmpRule::Kind::named;
    IMREG_ASSIGN(const std::string amp, line.need("the keyword that differs between amplifiers"));
    rule.amp = Source(to_upper(amp), Scope::own);
  } else if (second.find("%d") != std::string::npos) {
    rule.kind = AmpRule::Kind::numbered;
    rule.pattern = second;
    IMREG_ASSIGN(const std::string count, line.need("the number of amplifiers of a CCD"));
    long long n = 0;
    if (!parse_integer(count, n) || n < 1 || n > 1000) return line.error("'" + count + "' is no number of amplifiers");
    rule.per_ccd = static_cast<int>(n);
  } else {
    rule.globs = globs_of(second);
  }
  IMREG_TRY(line.end());
  table.amps.push_back(std::move(rule));
  return {};
}

Status take_when(Line& line, Table& table) {
  std::vector<Condition> all;
  do {
    IMREG_ASSIGN(Condition condition, condition_of(line));
    condition.source.scope = Scope::any;
    all.push_back(std::move(condition));
  } while (line.take_if("&"));
  IMREG_TRY(line.end());
  table.when.push_back(std::move(all));
  return {};
}

Status take_words(Line& line, Table& table) {
  Word word;
  IMREG_ASSIGN(word.list, line.need("the name of the word list"));
  IMREG_ASSIGN(word.word, line.need("the word"));
  if (line.done()) return line.error("the texts that mean " + word.word + " are missing");
  while (!line.done()) {
    for (std::string& glob : globs_of(line.take())) word.globs.push_back(std::move(glob));
  }
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

Status take_statement(Line& line, Table& table) {
  static const std::vector<std::string> kStatements = {"camera", "title",   "like",   "when", "forget",
                                                       "range",  "nothing", "words",  "skip", "mask",
                                                       "split",  "amps",    "slices", "ccds"};
  const std::string word = line.take();
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
  if (word == "nothing") {
    while (!line.done()) {
      for (std::string& glob : globs_of(line.take())) table.nothing.push_back(std::move(glob));
    }
    return {};
  }
  if (word == "forget" || word == "range") {
    IMREG_ASSIGN(const std::string name, line.need("the name of a field"));
    const std::optional<Field> field = field_named(name);
    if (!field) return line.error("there is no field '" + name + "'");
    const auto i = static_cast<std::size_t>(*field);
    if (word == "forget") {
      table.forgotten[i] = true;
    } else {
      IMREG_ASSIGN(const std::string text, line.need("a range"));
      table.ranges[i] = range_of(text);
      if (!table.ranges[i]) return line.error("'" + text + "' is no range; write LOW..HIGH, as in 0..3600");
    }
    return line.end();
  }
  if (const std::optional<Field> field = field_named(word)) return take_recipe(line, *field, table);
  std::vector<std::string> names = kStatements;
  for (const FieldRow& row : kFields) names.emplace_back(row.name);
  const std::string near = nearest_names(word, names);
  return line.error("'" + word + "' is neither a field nor a statement" +
                    (near.empty() ? "" : "; did you mean " + near + "?"));
}

}  // namespace

std::uint64_t key_of(std::string_view keyword) {
  if (keyword.size() <= 8 && keyword.find(' ') == keyword.npos) {
    char name[8] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    std::copy(keyword.begin(), keyword.end(), name);
    std::uint64_t key = 0;
    std::memcpy(&key, name, sizeof key);
    return key;
  }
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : keyword) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string_view name_of(Field field) { return kFields[static_cast<std::size_t>(field)].name; }

bool matches(const Globs& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return glob_match(glob, text); });
}

Result<std::vector<std::string>> line_words(std::string_view line) {
  std::vector<std::string> out;
  std::size_t i = 0;
  while (true) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')) ++i;
    if (i == line.size() || line[i] == '#') return out;
    std::string word;
    while (i < line.size() && line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
      if (line[i] != '"') {
        word += line[i++];
        continue;
      }
      const std::size_t close = line.find('"', i + 1);
      if (close == line.npos) return Status(Code::invalid, "a quote has no end");
      word += line.substr(i + 1, close - i - 1);
      i = close + 1;
    }
    out.push_back(std::move(word));
  }
}

std::optional<long long> number_in(std::string_view pattern, std::string_view text) {
  const std::size_t mark = pattern.find("%d");
  if (mark == pattern.npos) return std::nullopt;
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!digit(i) || (i > 0 && digit(i - 1))) continue;
    std::size_t end = i;
    while (digit(end)) ++end;
    long long number = 0;
    if (glob_match(pattern.substr(0, mark), text.substr(0, i)) &&
        glob_match(pattern.substr(mark + 2), text.substr(end)) && parse_integer(text.substr(i, end - i), number)) {
      return number;
    }
  }
  return std::nullopt;
}

Result<Table> parse_table(std::string_view text, const std::string& file) {
  Table table;
  table.file = file;
  int number = 0;
  for (std::string_view raw : imreg::split(text, '\n')) {
    ++number;
    Result<std::vector<std::string>> words = line_words(raw);
    if (!words)
      return Status(Code::invalid, "line " + std::to_string(number) + ": " + words.status().message()).in_file(file);
    if (words->empty()) continue;
    Line line(*words, number, file);
    IMREG_TRY(take_statement(line, table));
  }
  if (table.name.empty())
    return Status(Code::invalid, "no table in this file: it begins with: camera NAME").in_file(file);
  return table;
}

}  // namespace imreg::camera
