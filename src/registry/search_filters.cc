// One function for each filter, and a table of them. man 1 imsearch tells what they mean.
#include "registry/search_filters.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <memory>

#include "base/text.h"
#include "os/file.h"
#include "os/processors.h"
#include "os/walk.h"
#include "registry/image_row.h"

namespace imreg {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Search {
  const SearchFilter& filter;
  const SearchOptions& options;
  const Schema& schema;
  Selection& selection;
};

Status bad(const SearchFilter& filter, const std::string& what) {
  return {Code::invalid, "-" + filter.option + ": " + what};
}

// "!dark" is "dark", negated.
bool take_negation(std::string_view& word) {
  if (!word.starts_with('!')) return false;
  word.remove_prefix(1);
  return true;
}

// "!r,i": any of these, or none of them. A comma in a name is "\,".
struct List {
  bool negate = false;
  std::vector<std::string> any_of;
};

Result<List> list_of(const SearchFilter& filter) {
  List list;
  std::string_view text = filter.words[0];
  list.negate = take_negation(text);
  std::string item;
  bool literal = false;  // the ! at its beginning belongs to the name
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool bang = i + 1 < text.size() && text[i] == '\\' && text[i + 1] == '!' && trim(item).empty();
    const bool escaped = bang || (i + 1 < text.size() && text[i] == '\\' && text[i + 1] == ',');
    literal |= bang;
    if (escaped || (i < text.size() && text[i] != ',')) {
      item += text[escaped ? ++i : i];
      continue;
    }
    const std::string_view word = trim(item);
    if (word.empty()) return bad(filter, "an empty word in the list \"" + filter.words[0] + "\"");
    if (word.front() == '!' && !literal)
      return bad(filter, "one ! stands before a whole list: \"!r,i\" is neither r nor i");
    list.any_of.emplace_back(word);
    item.clear();
    literal = false;
  }
  return list;
}

// A word of a code list: a letter of Elixir, the word itself, or the beginning of exactly one.
Result<int> code_of(const SearchFilter& filter, const std::vector<std::string>& words, std::string word) {
  if (filter.option == "type" && word.size() == 1) {
    if (const auto letter = kTypeLetters.find(word[0]); letter != kTypeLetters.npos) return static_cast<int>(letter);
  }
  if (filter.option == "type" && equal_nocase(word, "skyflat")) word = "flat";
  std::vector<int> hits;
  for (std::size_t code = 0; code < words.size(); ++code) {
    if (equal_nocase(words[code], word)) return static_cast<int>(code);
    if (starts_nocase(words[code], word)) hits.push_back(static_cast<int>(code));
  }
  if (hits.size() == 1) return hits[0];
  std::string all;
  for (std::size_t code = 0; code < words.size(); ++code) {
    const bool listed = hits.empty() || std::find(hits.begin(), hits.end(), static_cast<int>(code)) != hits.end();
    if (listed) all += (all.empty() ? "" : ", ") + words[code];
  }
  return bad(filter, "\"" + word + "\" is " +
                         (hits.empty() ? "not one of the words " : "the beginning of several words: ") + all);
}

Status by_code(const Search& search) {
  const auto& [filter, options, schema, selection] = search;
  const FieldInfo* field = schema.find(filter.option);
  if (!field || field->words.empty()) return bad(filter, "the records have no field " + filter.option);
  IMREG_ASSIGN(const List list, list_of(filter));
  std::vector<int> codes;
  for (const auto& word : list.any_of) {
    if (equal_nocase(word, "any")) return list.negate ? selection.codes(schema, filter.option, {}) : Status();
    if (is_glob(word)) {
      for (std::size_t code = 0; code < field->words.size(); ++code) {
        if (glob_match(word, field->words[code])) codes.push_back(static_cast<int>(code));
      }
      continue;
    }
    IMREG_ASSIGN(const int code, code_of(filter, field->words, word));
    codes.push_back(code);
  }
  return selection.codes(schema, filter.option, codes, list.negate);
}

// Numbers and ranges of them: "3,4,7-9". `one` reads one end of a range, `alone` makes the interval of a single number.
template <class One, class Alone>
Result<std::vector<Interval>> intervals_of(const SearchFilter& filter, const List& list, const One& one,
                                           const Alone& alone) {
  std::vector<Interval> out;
  for (const std::string_view word : list.any_of) {
    std::size_t dash = word.find('-', 1);
    while (dash != word.npos && lower(word[dash - 1]) == 'e') dash = word.find('-', dash + 1);  // 1e-3
    const auto first = one(word.substr(0, dash));
    if (!first) return first.status();
    if (dash == word.npos) {
      out.push_back(alone(*first));
      continue;
    }
    if (dash + 1 == word.size()) return bad(filter, "the range \"" + std::string(word) + "\" has no end");
    const auto last = one(word.substr(dash + 1));
    if (!last) return last.status();
    if (*first > *last) {
      return bad(filter, "the range \"" + std::string(word) + "\" is empty: its first number is the larger one");
    }
    out.push_back({*first, *last});
  }
  return out;
}

Interval only(double number) { return {number, number}; }

Status by_ccd(const Search& search) {
  const auto& filter = search.filter;
  const bool number_only = filter.option == "ccdn";
  const auto one = [&](std::string_view word) -> Result<double> {
    // "ccd07", "amp07" and "07" are 7.
    std::size_t letters = 0;
    while (!number_only && letters < word.size() && lower(word[letters]) >= 'a' && lower(word[letters]) <= 'z')
      ++letters;
    long long number = 0;
    if (!parse_integer(word.substr(letters), number) || number < 0) {
      return bad(filter, "\"" + std::string(word) + "\" is " +
                             (number_only ? "no number of a CCD; names such as ccd07 are for -ccd"
                                          : "neither a number nor a chip name such as ccd07"));
    }
    return static_cast<double>(number);
  };
  IMREG_ASSIGN(const List list, list_of(filter));
  IMREG_ASSIGN(auto intervals, intervals_of(filter, list, one, only));
  return search.selection.number(search.schema, "ccd", std::move(intervals), list.negate);
}

Status by_exposure_time(const Search& search) {
  const auto& filter = search.filter;
  const auto one = [&](std::string_view word) -> Result<double> {
    double seconds = 0;
    if (!parse_number(word, seconds)) {
      const auto with_unit = parse_duration(word);
      if (!with_unit || with_unit->months != 0)
        return bad(filter, "\"" + std::string(word) + "\" is no length of time in seconds, nor with s, m or h");
      seconds = with_unit->seconds;
    }
    if (!(seconds >= 0 && seconds < kInfinity))
      return bad(filter, "an exposure time of " + std::string(word) + " s makes no sense");
    return seconds;
  };
  const auto near = [](double seconds) {
    const double tolerance = std::min(5.0, seconds / 100);
    return Interval{seconds - tolerance, seconds + tolerance};
  };
  IMREG_ASSIGN(const List list, list_of(filter));
  IMREG_ASSIGN(auto intervals, intervals_of(filter, list, one, near));
  // A record that shows 1.13 holds the nearest float: a range that begins or ends with 1.13 has it.
  const FieldInfo* const field = search.schema.find("exptime");
  const auto as_stored = [&](double seconds) {
    const bool fits = seconds <= static_cast<double>(std::numeric_limits<float>::max());
    return field && field->type == Type::f32 && fits ? static_cast<double>(static_cast<float>(seconds)) : seconds;
  };
  for (Interval& each : intervals) each = {as_stored(each.low), as_stored(each.high)};
  return search.selection.number(search.schema, "exptime", std::move(intervals), list.negate);
}

Status by_filter(const Search& search) {
  IMREG_ASSIGN(List list, list_of(search.filter));
  bool names = false;
  for (const auto& word : list.any_of) {
    if (equal_nocase(word, "X") || equal_nocase(word, "any")) {
      if (!list.negate) return {};
      return search.selection.text(
          search.schema, "filter", [](std::string_view) { return true; }, true);
    }
    names |= !is_glob(word);
  }
  std::shared_ptr<Cameras> cameras;  // they know the names of filters; patterns need none
  if (names) {
    CameraSources lists = search.options.cameras;
    lists.filters_only = true;
    IMREG_ASSIGN(auto loaded, Cameras::load(lists));
    cameras = std::make_shared<Cameras>(std::move(loaded));
  }
  const auto test = [cameras, any_of = std::move(list.any_of)](std::string_view text) {
    return std::any_of(any_of.begin(), any_of.end(), [&](const std::string& word) {
      return is_glob(word) ? glob_match(word, text) : cameras->same_filter(text, word);
    });
  };
  return search.selection.text(search.schema, "filter", test, list.negate);
}

Status by_name(const Search& search) {
  IMREG_ASSIGN(List list, list_of(search.filter));
  std::vector<TextPattern> patterns;
  for (auto& word : list.any_of) {
    const auto how = is_glob(word) ? TextPattern::How::glob : TextPattern::How::prefix;
    patterns.push_back({std::move(word), how});
  }
  return search.selection.patterns(search.schema, "filename", std::move(patterns), list.negate);
}

// Nobody writes names of objects the same way twice: "M 31", "m31", "M_31".
std::string bare_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != ' ' && c != '_') out += lower(c);
  }
  return out;
}

Status by_object(const Search& search) {
  IMREG_ASSIGN(List list, list_of(search.filter));
  for (auto& word : list.any_of) {
    const std::string bare = bare_name(word);
    if (bare.empty()) return bad(search.filter, "\"" + word + "\" is no name of an object");
    word = bare;
  }
  const auto test = [any_of = std::move(list.any_of)](std::string_view text) {
    const std::string bare = bare_name(text);
    return std::any_of(any_of.begin(), any_of.end(),
                       [&](const std::string& word) { return is_glob(word) ? glob_match(word, bare) : word == bare; });
  };
  return search.selection.text(search.schema, "object", test, list.negate);
}

// "t" or "f", perhaps negated.
Result<bool> truth_of(const SearchFilter& filter) {
  std::string_view word = filter.words[0];
  const bool negate = take_negation(word);
  for (const std::string_view yes : {"t", "true", "y", "yes", "1"}) {
    if (equal_nocase(word, yes)) return !negate;
  }
  for (const std::string_view no : {"f", "false", "n", "no", "0"}) {
    if (equal_nocase(word, no)) return negate;
  }
  return bad(filter, "\"" + std::string(word) + "\" is neither t nor f");
}

// Codes 0 to 255 of which the bits of `mask` are `bits`.
std::vector<int> codes_with(int mask, int bits) {
  std::vector<int> out;
  for (int code = 0; code < 256; ++code) {
    if ((code & mask) == bits) out.push_back(code);
  }
  return out;
}

Status by_processed(const Search& search) {
  IMREG_ASSIGN(const bool wanted, truth_of(search.filter));
  if (find_procstate(search.schema)) {
    constexpr int kMask = 3 << shift_of(Statistic::bias);
    constexpr int kMeasured = static_cast<int>(StatisticState::measured) << shift_of(Statistic::bias);
    return search.selection.codes(search.schema, "procstate", codes_with(kMask, kMeasured), !wanted);
  }
  // Elixir: 0 is not measured, -1 failed.
  return search.selection.number(search.schema, "bias", {{0, 0}, {-1, -1}}, wanted);
}

Status by_distributed(const Search& search) {
  IMREG_ASSIGN(const bool wanted, truth_of(search.filter));
  return search.selection.codes(search.schema, "flag", codes_with(kDistributed, kDistributed), !wanted);
}

struct TimeFilter {
  Interval interval;
  bool negate;
};

Result<TimeFilter> time_filter(const SearchFilter& filter, const DateSettings& dates) {
  std::string_view first = filter.words[0];
  const bool negate = take_negation(first);
  const Status length = parse_duration(filter.words[1]).status();
  if (filter.option == "time" && !length.ok() && parse_date(first, dates)) return bad(filter, length.message());
  const auto times = parse_time_range(first, filter.words[1], dates);
  if (!times) return bad(filter, times.status().message());
  return TimeFilter{{times->first, times->last}, negate};
}

Status by_time(const Search& search) {
  IMREG_ASSIGN(const TimeFilter time, time_filter(search.filter, search.options.dates));
  return search.selection.overlap(search.schema, "obstime", "exptime", {time.interval}, time.negate);
}

// Plain -trange are alternatives: the first one adds them all. A negated one stands for itself.
Status by_time_ranges(const Search& search) {
  IMREG_ASSIGN(const TimeFilter own, time_filter(search.filter, search.options.dates));
  if (own.negate) return search.selection.overlap(search.schema, "obstime", "exptime", {own.interval}, true);
  std::vector<Interval> ranges;
  for (const auto& other : search.options.filters) {
    if (other.option != search.filter.option || other.words[0].starts_with('!')) continue;
    if (ranges.empty() && &other != &search.filter) return {};
    IMREG_ASSIGN(const TimeFilter time, time_filter(other, search.options.dates));
    ranges.push_back(time.interval);
  }
  return search.selection.overlap(search.schema, "obstime", "exptime", ranges);
}

Status by_region(const Search& search) {
  const auto& filter = search.filter;
  std::vector<std::string_view> words(filter.words.begin(), filter.words.end());
  const bool negate = take_negation(words[0]);
  auto region = filter.option == "cone"  ? SkyRegion::parse_cone(words[0], words[1], words[2])
                : filter.option == "box" ? SkyRegion::parse_box(words[0], words[1], words[2], words[3])
                                         : SkyRegion::parse_polygon(words[0]);
  if (!region) return bad(filter, region.status().message());
  return search.selection.region(search.schema, "ra", "dec", *std::move(region), negate);
}

struct Filter {
  std::string_view option;
  Status (*add)(const Search&);
};

constexpr Filter kFilters[] = {
    {"ccd", by_ccd},
    {"ccdn", by_ccd},
    {"type", by_code},
    {"mode", by_code},
    {"filter", by_filter},
    {"name", by_name},
    {"object", by_object},
    {"time", by_time},
    {"trange", by_time_ranges},
    {"etime", by_exposure_time},
    {"proc", by_processed},
    {"dist", by_distributed},
    {"cone", by_region},
    {"box", by_region},
    {"polygon", by_region},
};

}  // namespace

bool is_search_filter(std::string_view option) {
  return std::any_of(std::begin(kFilters), std::end(kFilters), [&](const Filter& f) { return f.option == option; });
}

Result<Selection> make_selection(const SearchOptions& options, const Schema& schema) {
  Selection selection;
  selection.without_deleted(schema);
  for (const auto& filter : options.filters) {
    const auto row = std::find_if(std::begin(kFilters), std::end(kFilters),
                                  [&](const Filter& f) { return f.option == filter.option; });
    if (row == std::end(kFilters)) return Status(Code::invalid, "there is no filter -" + filter.option);
    if (Status added = row->add({filter, options, schema, selection}); !added.ok()) {
      for (const std::string& word : filter.words) {  // -trange 2003-01-27 -count
        if (word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1])))
          return Status(Code::invalid, "-" + filter.option + " has taken " + word + " for its own: a word is missing");
      }
      // What the selection says names the field, not yet the option.
      return added.message().starts_with("-") ? added
                                              : Status(added.code(), "-" + filter.option + ": " + added.message());
    }
  }
  return selection;
}

Result<int> one_type(const SearchFilter& filter, const Schema& schema) {
  const FieldInfo* field = schema.find("type");
  if (!field || field->words.empty()) return bad(filter, "the records have no field type");
  IMREG_ASSIGN(const List list, list_of(filter));
  if (list.negate || list.any_of.size() > 1) return bad(filter, "-near-to looks for frames of one type");
  return code_of(filter, field->words, list.any_of[0]);
}

Result<int> code_of_word(const std::string& option, const std::string& word, const Schema& schema) {
  const SearchFilter filter{option, {word}};
  const FieldInfo* field = schema.find(option);
  if (!field || field->words.empty()) return bad(filter, "the records have no field " + option);
  return code_of(filter, field->words, word);
}

Result<bool> truth_of_word(const std::string& option, const std::string& word) { return truth_of({option, {word}}); }

ExpressionSettings expression_settings(const SearchOptions& options, const PathRoots& roots) {
  ExpressionSettings out;
  out.dates = options.dates;
  if (!roots.empty()) out.expand_path = [&roots](std::string_view path) { return roots.expand(path); };
  return out;
}

Status add_conditions(const SearchOptions& options, const Schema& schema, const ExpressionSettings& settings,
                      Selection& selection) {
  for (const auto& text : options.where) {
    const auto condition = Expression::parse_condition(text, schema, settings);
    if (!condition) return {condition.status().code(), "-where: " + condition.status().message()};
    selection.test([wanted = *condition](RecordView row) { return wanted.truth(row) == Truth::yes; }, text);
  }
  return {};
}

Result<TimeRange> parse_time_range(std::string_view date, std::string_view until, const DateSettings& dates) {
  IMREG_ASSIGN(const double start, parse_date(date, dates));
  if (const auto length = parse_duration(until); length) return range_from(start, *length);
  IMREG_ASSIGN(const double end, parse_date(until, dates));
  return TimeRange{std::min(start, end), std::max(start, end)};
}

ScanOptions scan_options(const SearchOptions& options) {
  ScanOptions out;
  out.use_index = options.use_index;
  out.jobs = threads_of(options.jobs);
  return out;
}

Result<RecordFile> open_database(const std::string& path) {
  auto file = RecordFile::open(path);
  if (file.ok() || file.status().code() != Code::not_found) return file;
  if (const std::string folder = folder_of(path);
      name_of(path) == "Imreg.db" && is_folder(below(folder, "headers")) && !is_missing(below(folder, "files.db")))
    return Status(
               Code::not_found,
               "is not there: imingest has found no image; -from TABLE searches its header tables, which imkeys lists")
        .in_file(path);
  return Status(Code::not_found, "there is no such database; name another one with -db, or make it with imregister")
      .in_file(path);
}

EmitOptions emit_options(const SearchOptions& options, const PathRoots& roots) {
  EmitOptions emit = options.emit;
  if (!roots.empty()) emit.expand_path = [&roots](std::string_view path) { return roots.expand(path); };
  for (const auto& root : roots.roots())
    emit.expanded_bytes =
        std::max(emit.expanded_bytes, static_cast<int>(root.folder.size()) - static_cast<int>(root.name.size()) - 1);
  return emit;
}

}  // namespace imreg
