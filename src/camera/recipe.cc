// Recipes: fields, units, keywords and modifiers.
#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "camera/table_internal.h"

namespace imreg::camera {

namespace {

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
    {"datasec", Dimension::section},
    {"biassec", Dimension::section},
    {"trimsec", Dimension::section},
    {"detsec", Dimension::section},
    {"pixscale", Dimension::scale},
}};

constexpr double kDegrees = 180.0 / 3.14159265358979323846;
constexpr Unit kUnits[] = {
    {"s", Dimension::time, 1, 0},           {"ms", Dimension::time, 1e-3, 0},
    {"us", Dimension::time, 1e-6, 0},       {"min", Dimension::time, 60, 0},
    {"h", Dimension::time, 3600, 0},        {"d", Dimension::time, 86400, 0},
    {"s", Dimension::date, 1, 0},           {"h", Dimension::date, 3600, 0},
    {"d", Dimension::date, 86400, 0},       {"deg", Dimension::angle, 1, 0},
    {"rad", Dimension::angle, kDegrees, 0}, {"arcsec", Dimension::angle, 1.0 / 3600, 0},
    {"deg", Dimension::position, 1, 0},     {"rad", Dimension::position, kDegrees, 0},
    {"C", Dimension::temperature, 1, 0},    {"K", Dimension::temperature, 1, -273.15},
    {"arcsec", Dimension::scale, 1, 0},     {"mas", Dimension::scale, 1e-3, 0},
    {"deg", Dimension::scale, 3600, 0},
};

// What comments call the units.
constexpr struct {
  std::string_view spelling, name;
  Dimension dimension;
} kSpellings[] = {
    {"s", "s", Dimension::time},
    {"sec", "s", Dimension::time},
    {"secs", "s", Dimension::time},
    {"second", "s", Dimension::time},
    {"seconds", "s", Dimension::time},
    {"ms", "ms", Dimension::time},
    {"msec", "ms", Dimension::time},
    {"millisecond", "ms", Dimension::time},
    {"milliseconds", "ms", Dimension::time},
    {"us", "us", Dimension::time},
    {"usec", "us", Dimension::time},
    {"min", "min", Dimension::time},
    {"minute", "min", Dimension::time},
    {"minutes", "min", Dimension::time},
    {"h", "h", Dimension::time},
    {"hr", "h", Dimension::time},
    {"hrs", "h", Dimension::time},
    {"hour", "h", Dimension::time},
    {"hours", "h", Dimension::time},
    {"d", "d", Dimension::time},
    {"day", "d", Dimension::time},
    {"days", "d", Dimension::time},
    {"deg", "deg", Dimension::angle},
    {"degree", "deg", Dimension::angle},
    {"degrees", "deg", Dimension::angle},
    {"rad", "rad", Dimension::angle},
    {"radian", "rad", Dimension::angle},
    {"radians", "rad", Dimension::angle},
    {"arcsec", "arcsec", Dimension::angle},
    {"c", "C", Dimension::temperature},
    {"degc", "C", Dimension::temperature},
    {"deg c", "C", Dimension::temperature},
    {"deg_c", "C", Dimension::temperature},
    {"celsius", "C", Dimension::temperature},
    {"degrees c", "C", Dimension::temperature},
    {"k", "K", Dimension::temperature},
    {"kelvin", "K", Dimension::temperature},
};

// These describe one HDU and are never inherited from the primary.
bool is_hdu_keyword(std::string_view keyword) {
  return keyword == "EXTNAME" || keyword == "EXTVER" || keyword == "HDUNAME" || keyword == "XTENSION";
}

bool is_text(Dimension dimension) { return dimension == Dimension::text || dimension == Dimension::section; }
bool is_numeric(Dimension dimension) {
  return !is_text(dimension) && dimension != Dimension::date && dimension != Dimension::position;
}

constexpr std::string_view kModifiers[] = {
    "if",    "unless",   "comment", "drop",     "else",  "words",  "match", "text", "sexagesimal", "dates", "clock",
    "start", "middle",   "end",     "day",      "night", "offset", "since", "mjd",  "jd",          "unix",  "mjdsec",
    "dmy",   "mdy",      "ymd",     "hours",    "utc",   "tai",    "tt",    "tdb",  "gps",         "icrs",  "fk5",
    "fk4",   "galactic", "date",    "apparent", "s",     "ms",     "us",    "min",  "h",           "d",     "deg",
    "rad",   "arcsec",   "mas",     "C",        "K"};

bool take_date_modifier(const std::string& word, Recipe& recipe) {
  if (word == "mjd") return recipe.calendar = Calendar::mjd, true;
  if (word == "jd") return recipe.calendar = Calendar::jd, true;
  if (word == "unix") return recipe.calendar = Calendar::unix_time, true;
  if (word == "mjdsec") return recipe.calendar = Calendar::mjd_seconds, true;
  if (word == "start") return recipe.moment = Moment::start, true;
  if (word == "middle") return recipe.moment = Moment::middle, true;
  if (word == "end") return recipe.moment = Moment::end, true;
  if (word == "day") return recipe.day = true;
  if (word == "dmy") return recipe.date_order = DateOrder::dmy, true;
  if (word == "mdy") return recipe.date_order = DateOrder::mdy, true;
  if (word == "ymd") return recipe.date_order = DateOrder::ymd, true;
  if (word == "utc" || word == "tai" || word == "tt" || word == "tdb" || word == "gps") {
    recipe.time_scale = *time_scale_named(word);
    return true;
  }
  return false;
}

// The modifiers that are one word for one kind of field. False: `word` is none of them.
bool take_plain_modifier(Dimension dimension, const std::string& word, Recipe& recipe) {
  if (dimension == Dimension::text && word == "text") return recipe.text_only = true;
  if (dimension == Dimension::date && take_date_modifier(word, recipe)) return true;
  if (dimension == Dimension::position) {
    if (word == "hours") return recipe.hours = true;
    if (word == "icrs") return recipe.sky_frame = Frame::icrs, true;
    if (word == "fk5") return recipe.sky_frame = Frame::fk5, true;
    if (word == "fk4") return recipe.sky_frame = Frame::fk4, true;
    if (word == "galactic") return recipe.sky_frame = Frame::galactic, true;
    if (word == "date") return recipe.sky_frame = Frame::of_date, true;
    if (word == "apparent") return recipe.sky_frame = Frame::apparent, true;
  }
  if (is_numeric(dimension) && word == "sexagesimal") return recipe.sexagesimal = true;
  if (dimension == Dimension::time && word == "dates") return recipe.difference = Difference::dates, true;
  if (dimension == Dimension::time && word == "clock") return recipe.difference = Difference::clock, true;
  if (const Unit* unit = unit_named(word, dimension)) {
    recipe.scale = unit->scale;
    recipe.offset = unit->offset;
    return recipe.has_unit = true;
  }
  return false;
}

Status take_night(Line& line, Recipe& recipe) {
  IMREG_ASSIGN(const std::string text, line.need("the hour behind night"));
  double hour = 0;
  if (!parse_number(text, hour) || hour < 0 || hour > 24) return line.error("'" + text + "' is no hour of the day");
  recipe.night = hour;
  return {};
}

// since KEY + KEY: the zero point, in days; numbers too.
Status take_since(Line& line, Recipe& recipe) {
  do {
    IMREG_ASSIGN(const std::string word, line.need("the keyword of the zero point"));
    double number = 0;
    if (parse_number(word, number)) {
      recipe.since.emplace_back();
      recipe.since.back().scope = Scope::number;
      recipe.since.back().number = number;
      continue;
    }
    IMREG_ASSIGN(Source source, source_of(line, word));
    recipe.since.push_back(std::move(source));
  } while (line.take_if("+"));
  return {};
}

// offset EAST NORTH
Status take_shift(Line& line, Recipe& recipe) {
  for (const char* what : {"the keyword of the offset east", "the keyword of the offset north"}) {
    IMREG_ASSIGN(const std::string word, line.need(what));
    IMREG_ASSIGN(Source source, source_of(line, word));
    recipe.shift.push_back(std::move(source));
  }
  return {};
}

Status take_capture(Line& line, Recipe& recipe) {
  IMREG_ASSIGN(recipe.capture, line.need("the pattern behind match"));
  if (const std::string fault = capture_fault(recipe.capture); !fault.empty())
    return line.error("the pattern '" + recipe.capture + "' " + fault);
  return {};
}

Status take_modifier(Line& line, Field field, Recipe& recipe) {
  const std::string word = line.take();
  const int column = line.column();
  const Dimension dimension = dimension_of(field);
  if (word == "if" || word == "unless") {
    IMREG_ASSIGN(Condition condition, take_condition(line));
    condition.wanted = word == "if";
    recipe.conditions.push_back(std::move(condition));
  } else if (word == "comment") {
    Globs& globs = line.take_if("not") ? recipe.not_comment : recipe.comment;
    IMREG_ASSIGN(globs, line.need_globs("a pattern for the comment"));
  } else if (word == "drop") {
    IMREG_ASSIGN(recipe.drop, line.need_globs("a pattern of texts to drop"));
  } else if (word == "else" && dimension == Dimension::text) {
    IMREG_ASSIGN(recipe.otherwise, line.need("the value behind else"));
  } else if (word == "words" && dimension == Dimension::text) {
    IMREG_ASSIGN(recipe.words, line.need("the name of a word list"));
  } else if (word == "match") {
    IMREG_TRY(take_capture(line, recipe));
  } else if (word == "since" && dimension == Dimension::date) {
    IMREG_TRY(take_since(line, recipe));
  } else if (word == "offset" && dimension == Dimension::position && recipe.shift.empty()) {
    IMREG_TRY(take_shift(line, recipe));
  } else if (word == "night" && dimension == Dimension::date) {
    IMREG_TRY(take_night(line, recipe));
  } else if (take_plain_modifier(dimension, word, recipe)) {
    return {};
  } else if (word.find("..") != std::string::npos && !recipe.range && !is_text(dimension)) {
    recipe.range = range_of(word);
    if (!recipe.range) return line.error("'" + word + "' is no range; write LOW..HIGH, as in 0..3600");
  } else {
    const bool elsewhere = std::find(std::begin(kModifiers), std::end(kModifiers), word) != std::end(kModifiers);
    const std::string near = nearest_names(word, {std::begin(kModifiers), std::end(kModifiers)});
    return line.error_at(column, "'" + word + "' " + (elsewhere ? "does not fit " : "means nothing behind ") +
                                     std::string(name_of(field)) +
                                     (elsewhere || near.empty() ? "" : "; did you mean " + near + "?"));
  }
  return {};
}

// KEY, KEY + KEY, KEY * 2 - KEY.
Status take_sources(Line& line, Dimension dimension, Recipe& recipe) {
  while (true) {
    IMREG_ASSIGN(const std::string word, line.need("a keyword"));
    double number = 0;
    if (is_numeric(dimension) && parse_number(word, number)) {
      recipe.sources.emplace_back();
      recipe.sources.back().scope = Scope::number;
      recipe.sources.back().number = number;
    } else {
      IMREG_ASSIGN(Source source, source_of(line, word));
      recipe.sources.push_back(std::move(source));
    }
    if (line.take_if("+")) {
      recipe.operators += '+';
    } else if (is_numeric(dimension) && !line.done() && line.peek().size() == 1 &&
               std::strchr("-*/", line.peek()[0]) != nullptr) {
      recipe.operators += line.take()[0];
    } else {
      return {};
    }
  }
}

// PLTRAH:PLTRAM:PLTRAS, coordinates in several cards: hours, minutes, seconds; a sign, degrees, minutes, seconds.
Status take_parts(const Line& line, Recipe& recipe) {
  for (std::size_t i = 0; i < recipe.sources.size(); ++i) {
    const Source whole = recipe.sources[i];
    const std::vector<std::string_view> names = split(whole.keyword, ':');
    if (names.size() > 4 || std::any_of(names.begin(), names.end(), [](auto name) { return name.empty(); }))
      return line.error("'" + whole.keyword + "' is no keyword, nor two to four with colons between them");
    recipe.sources[i] = Source(std::string(names[0]), whole.scope);
    for (std::size_t part = 1; part < names.size(); ++part)
      recipe.parts[i].emplace_back(std::string(names[part]), whole.scope);
  }
  return {};
}

Status check_recipe(const Line& line, Field field, const Recipe& recipe) {
  const Dimension dimension = dimension_of(field);
  const bool wcs = recipe.sources.size() == 1 && recipe.sources[0].keyword == "WCS";
  const std::size_t most = dimension == Dimension::section                                    ? 1
                           : dimension == Dimension::date || dimension == Dimension::position ? 2
                                                                                              : 9;
  if (recipe.sources.size() > most) return line.error("too many keywords for " + std::string(name_of(field)));
  for (const Source& source : recipe.sources) {
    if (source.scope == Scope::file_name && recipe.capture.empty())
      return line.error("@name gives a value by match only");
    if (source.scope == Scope::number && recipe.sources.size() == 1)
      return line.error("a constant is written: = VALUE");
  }
  if (dimension == Dimension::position && recipe.range)
    return line.error("a range does not fit position: it would be held against both coordinates");
  if (wcs && dimension != Dimension::position && dimension != Dimension::scale)
    return line.error("wcs gives a position or a pixscale");
  if (recipe.sources.size() > 1 && !recipe.words.empty()) return line.error("a word list takes one keyword");
  if (dimension == Dimension::date && recipe.sources.size() == 2 && recipe.calendar != Calendar::text)
    return line.error("mjd, jd, unix and mjdsec take one keyword");
  if (!recipe.since.empty() && (recipe.sources.size() > 1 || recipe.calendar != Calendar::text))
    return line.error("since takes one keyword and no calendar");
  if (recipe.night && recipe.sources.size() != 2) return line.error("night takes a date and a time of day");
  if (recipe.difference != Difference::none && recipe.operators != "-")
    return line.error("dates and clock take: KEY - KEY");
  return {};
}

const Unit* unit_spelt(std::string_view text) {
  for (const auto& row : kSpellings) {
    if (equal_nocase(row.spelling, text)) return unit_named(row.name, row.dimension);
  }
  return nullptr;
}

// The unit between brackets at `open`: "[ms]".
const Unit* unit_in_brackets(std::string_view comment, std::size_t open) {
  const std::size_t close = comment.find(comment[open] == '[' ? ']' : ')', open);
  if (close == comment.npos || close - open > 16) return nullptr;
  return unit_spelt(trim(comment.substr(open + 1, close - open - 1)));
}

// The unit of a time in words: "UT in hours", "decimal hours". Not of angles: Gemini's PA of 340 degrees has the comment
// of another card, "offset in arcsec".
const Unit* time_unit_in_words(std::string_view comment) {
  constexpr std::size_t kShortest = 5;  // "in s" may be anything
  bool told = false;
  for (std::string_view word : words(comment)) {
    while (!word.empty() && std::string_view(".,;:)").find(word.back()) != word.npos) word.remove_suffix(1);
    const Unit* unit = told && word.size() >= kShortest ? unit_spelt(word) : nullptr;
    if (unit != nullptr && unit->dimension == Dimension::time) return unit;
    told = equal_nocase(word, "in") || equal_nocase(word, "decimal") || equal_nocase(word, "fractional");
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(Field field) { return kFields[index_of(field)].name; }
Dimension dimension_of(Field field) { return kFields[index_of(field)].dimension; }

std::optional<Field> field_named(std::string_view name) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFields[i].name == name) return static_cast<Field>(i);
  }
  return std::nullopt;
}

const Unit* unit_named(std::string_view name, Dimension dimension) {
  for (const Unit& unit : kUnits) {
    if (unit.dimension == dimension && unit.name == name) return &unit;
  }
  return nullptr;
}

const Unit* unit_of_comment(std::string_view comment) {
  for (std::size_t i = 0; i < comment.size(); ++i) {
    // "exposure(s)" names no unit.
    const bool open = comment[i] == '[' || (comment[i] == '(' && (i == 0 || comment[i - 1] == ' '));
    if (!open) continue;
    if (const Unit* unit = unit_in_brackets(comment, i)) return unit;
  }
  return time_unit_in_words(comment);
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

Result<Source> source_of(const Line& line, const std::string& word) {
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

Result<Condition> take_condition(Line& line) {
  Condition out;
  IMREG_ASSIGN(const std::string key, line.need("a keyword"));
  IMREG_ASSIGN(out.source, source_of(line, key));
  const std::string missing = "a pattern for " + key;
  if (!line.done()) out.range = range_of(line.peek());
  if (out.range) {
    line.take();
  } else {
    IMREG_ASSIGN(out.globs, line.need_globs(missing));
  }
  return out;
}

Status take_recipe(Line& line, Field field, Table& table) {
  Recipe recipe;
  recipe.line = line.number();
  recipe.table = table.name;
  recipe.text = line.text();
  const Dimension dimension = dimension_of(field);
  if (line.take_if("=")) {
    if (dimension != Dimension::text && !is_numeric(dimension))
      return line.error("a constant fits texts and numbers only");
    IMREG_ASSIGN(recipe.constant, line.need("the constant"));
    double number = 0;
    if (is_numeric(dimension) && !parse_number(recipe.constant, number))
      return line.error("'" + recipe.constant + "' is no number");
  } else {
    IMREG_TRY(take_sources(line, dimension, recipe));
    if (dimension == Dimension::position && recipe.sources.size() == 1 && recipe.sources[0].keyword != "WCS") {
      IMREG_ASSIGN(const std::string word, line.need("the keyword of the declination"));
      IMREG_ASSIGN(Source source, source_of(line, word));
      recipe.sources.push_back(std::move(source));
    } else if (dimension == Dimension::position && !line.done() && line.peek().size() == 1 && line.peek()[0] >= 'A' &&
               line.peek()[0] <= 'Z') {
      recipe.wcs_version = line.take()[0];
    }
    if (dimension == Dimension::position) IMREG_TRY(take_parts(line, recipe));
  }
  while (!line.done()) IMREG_TRY(take_modifier(line, field, recipe));
  IMREG_TRY(check_recipe(line, field, recipe));
  table.recipes[index_of(field)].push_back(std::move(recipe));
  return {};
}

}  // namespace imreg::camera
