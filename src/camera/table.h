// The camera tables in memory: what a .cam file says, line for line (man 5 imreg-camera). No header is looked at here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/status.h"
#include "sky/frames.h"
#include "sky/time_scale.h"

namespace imreg::camera {

/// What a table can tell about an image. The order is that of kFields in table.cc.
enum class Field {
  instrument,
  object,
  type,
  filter,
  chip,
  ccd,
  exptime,
  obstime,
  release,
  timesys,
  position,
  frame,
  equinox,
  airmass,
  telfocus,
  rotangle,
  xprobe,
  yprobe,
  zprobe,
  dettemp,
  teltemp0,
  teltemp1,
  teltemp2,
  teltemp3,
  count
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::count);
/// "exptime".
std::string_view name_of(Field field);

/// Patterns of which one must match the whole text, case-blind.
using Globs = std::vector<std::string>;
bool matches(const Globs& globs, std::string_view text);

/// Where a keyword is looked for.
enum class Scope {
  inherited,  ///< the HDU of the pixels, then the primary HDU
  own,        ///< the HDU of the pixels
  primary,
  any,       ///< all HDUs in order
  file_name  ///< @name: no keyword but the name of the file, without folder and suffixes
};

/// A keyword as a number, for quick search: its eight characters, or a hash of a longer name (HIERARCH). Capitals only.
std::uint64_t key_of(std::string_view keyword);

struct Source {
  Source() = default;
  Source(std::string name, Scope where) : keyword(std::move(name)), key(key_of(keyword)), scope(where) {}
  std::string keyword;
  std::uint64_t key = 0;
  Scope scope = Scope::inherited;
};

/// `if KEY GLOBS`, `unless KEY GLOBS`, `comment GLOBS`.
struct Condition {
  Source source;
  Globs globs;
  bool wanted = true;
};

/// Numbers from A to B, both included.
struct Range {
  double low = 0, high = 0;
  bool holds(double x) const { return x >= low && x <= high; }
};

enum class Calendar { text, mjd, jd, unix_time };  ///< how a time is written
enum class Moment { start, middle, end };          ///< of the exposure

/// One way to get a value: keywords and how to read them.
struct Recipe {
  int line = 0;
  std::vector<Source> sources;  ///< empty: `constant` is the value; the keyword "wcs" stands for CTYPE and CRVAL
  std::string constant;
  double scale = 1, offset = 0;  ///< unit: value = number * scale + offset
  bool has_unit = false;
  bool hours = false;          ///< numbers of right ascension are hours
  std::optional<Range> range;  ///< of the number as it is written
  std::vector<Condition> conditions;
  Globs comment;               ///< the comment of the first keyword must match
  Globs drop;                  ///< texts that say nothing here
  std::string otherwise;       ///< the value when all keywords were there and all were dropped
  std::string words;           ///< the word list that the text goes through
  std::string number_pattern;  ///< "ccd%d": the number inside the text
  bool text_only = false;      ///< numbers without quotes are no value
  Calendar calendar = Calendar::text;
  Moment moment = Moment::start;
  bool day = false;  ///< a date without a time of day is accepted
  std::optional<TimeScale> time_scale;
  std::optional<Frame> sky_frame;
};

/// `skip KEY GLOBS`, `mask KEY GLOBS`, `split KEY GLOBS`.
struct HduRule {
  Source source;
  Globs globs;
};

/// How amplifiers are told from CCDs.
struct AmpRule {
  enum class Kind {
    numbered,  ///< `amps EXTNAME amp%d 2`: CCD = number / 2
    one,       ///< `amps EXTNAME Segment*`: all of these are amplifiers of the one CCD
    named      ///< `amps CCDNAME by AMPNAME`: one CCD per CCDNAME when AMPNAME differs
  };
  Kind kind = Kind::one;
  Source ccd, amp;
  std::string pattern;
  Globs globs;
  int per_ccd = 1;
};

struct Word {
  std::string list, word;
  Globs globs;
};

struct Table {
  std::string name, title, file, like;
  int like_line = 0;
  std::vector<std::vector<Condition>> when;  ///< one of these must hold, each with all its conditions
  std::array<std::vector<Recipe>, kFieldCount> recipes;
  std::array<bool, kFieldCount> forgotten{};  ///< the recipes of the refined table do not count
  std::array<std::optional<Range>, kFieldCount> ranges;
  Globs nothing;  ///< texts that are no value anywhere
  std::vector<Word> words;
  std::vector<HduRule> skip, mask, split;
  std::vector<AmpRule> amps;
  std::optional<long long> slices;  ///< a cube with more planes gets no rows for them
  std::optional<int> ccds;          ///< CCD numbers are below this
};

/// Reads a table. `file` is for messages. Error: invalid, with file and line.
Result<Table> parse_table(std::string_view text, const std::string& file);

/// The names of filters: `filter NAME [also ALIAS...] [group WORD...]`; a NAME with * ? [ stands for all names like it.
class FilterList {
 public:
  /// Adds the lines of a .list file; later lines win. Error: invalid, with file and line.
  Status add(std::string_view text, const std::string& file);
  /// The registered name of a filter, or nothing when the list does not know it. Exact spelling first, then case-blind.
  std::optional<std::string> canonical(std::string_view name) const;
  /// The words that find a filter beside its names: "g" for "g.MP9401".
  std::vector<std::string> groups(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::string> aliases, groups;
  };
  const Entry* find(std::string_view name) const;
  std::vector<Entry> patterns_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> exact_, nocase_;
};

/// The words of a line: blanks divide, "..." holds together, # at the start of a word begins a comment.
/// Error: invalid, a quote without end.
Result<std::vector<std::string>> line_words(std::string_view line);

/// The number that stands for %d in `pattern`, the rest of which is a glob: "ccd%d" in "ccd07" is 7.
std::optional<long long> number_in(std::string_view pattern, std::string_view text);

}  // namespace imreg::camera
