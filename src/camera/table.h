// The camera tables in memory: what a .cam file says, line for line (man 5 imreg-camera). No header is looked at here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "camera/header_time.h"
#include "camera/pattern.h"
#include "imreg/status.h"
#include "sky/frames.h"
#include "sky/time_scale.h"

namespace imreg::camera {

/// What a table can tell about an image. The order is that of kFields in recipe.cc.
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
  datasec,
  biassec,
  trimsec,
  detsec,
  pixscale,
  count
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::count);
inline std::size_t index_of(Field field) { return static_cast<std::size_t>(field); }
/// "exptime".
std::string_view name_of(Field field);
std::optional<Field> field_named(std::string_view name);

/// What a field's values are measured in; decides which units and modifiers fit.
enum class Dimension { text, section, number, time, date, angle, position, temperature, scale };
Dimension dimension_of(Field field);

/// A unit: value in the database's unit = number * scale + offset. In dates it is the unit of the time of day.
struct Unit {
  std::string_view name;
  Dimension dimension;
  double scale, offset;
};
/// The unit of this name in a table ("ms"); null when the dimension has none such.
const Unit* unit_named(std::string_view name, Dimension dimension);
/// The unit that a comment names in brackets, "[ms] exposure time" (FITS 4.0, section 4.3.2) or "time (ms)", in its
/// usual spellings, or a unit of time in words, "UT in hours", "decimal hours"; null when it names none that is known here. The
/// dimension is the unit's own.
const Unit* unit_of_comment(std::string_view comment);

/// Where a keyword is looked for.
enum class Scope {
  inherited,  ///< the HDU of the pixels, then the primary HDU
  own,        ///< the HDU of the pixels
  primary,
  any,        ///< all HDUs in order
  file_name,  ///< @name: no keyword but the name of the file, without folder and suffixes
  number      ///< no keyword but a number, in arithmetic
};

/// A keyword as a number, for quick search: its eight characters, or a hash of a longer name (HIERARCH). Capitals only.
std::uint64_t key_of(std::string_view keyword);

struct Source {
  Source() = default;
  Source(std::string name, Scope where) : keyword(std::move(name)), key(key_of(keyword)), scope(where) {}
  std::string keyword;
  std::uint64_t key = 0;
  Scope scope = Scope::inherited;
  double number = 0;  ///< of Scope::number
};

/// Numbers from A to B, both included.
struct Range {
  double low = 0, high = 0;
  bool holds(double x) const { return x >= low && x <= high; }
};
std::optional<Range> range_of(std::string_view text);

/// `if KEY PATTERN`, `unless KEY PATTERN`, `if KEY LOW..HIGH`.
struct Condition {
  Source source;
  Globs globs;
  std::optional<Range> range;  ///< of the number; then there are no patterns
  bool wanted = true;
};

enum class Calendar { text, mjd, jd, unix_time, mjd_seconds };  ///< how a time is written
enum class Moment { start, middle, end };                       ///< of the exposure
enum class Difference { none, dates, clock };                   ///< `DATE-END - DATE-OBS dates`

/// One way to get a value: keywords and how to read them.
struct Recipe {
  int line = 0;
  std::string table;            ///< its name
  std::string text;             ///< the line as it stands in the table
  std::vector<Source> sources;  ///< empty: `constant` is the value; the keyword "wcs" stands for the WCS cards
  std::string operators;        ///< of numbers: one of + - * / between every two sources
  std::string constant;
  double scale = 1, offset = 0;  ///< unit: value = number * scale + offset
  bool has_unit = false;
  bool hours = false;        ///< numbers of right ascension are hours
  bool sexagesimal = false;  ///< of numbers: 0:05:30
  Difference difference = Difference::none;
  std::optional<Range> range;  ///< of the number as it is written
  std::vector<Condition> conditions;
  Globs comment;           ///< the comment of the first keyword must match
  Globs not_comment;       ///< and must not match these
  Globs drop;              ///< texts that say nothing here
  std::string otherwise;   ///< the value when all keywords were there and all were dropped
  std::string words;       ///< the word list that the text goes through
  std::string capture;     ///< "ccd%d": the part of the text that counts
  bool text_only = false;  ///< numbers without quotes are no value
  Calendar calendar = Calendar::text;
  Moment moment = Moment::start;
  DateOrder date_order = DateOrder::by_form;
  bool day = false;             ///< a date without a time of day is accepted
  std::optional<double> night;  ///< hours: the date is that of the evening, an earlier time of day is the next day's
  std::vector<Source> since;    ///< `TSTART s since MJDREFI + MJDREFF`: the zero point, an MJD, a JD or a date
  std::array<std::vector<Source>, 2> parts;  ///< of ra and dec, behind the first: PLTRAH:PLTRAM:PLTRAS
  std::vector<Source> shift;                 ///< of a position: what was moved east and north since, arcsec on the sky
  std::optional<TimeScale> time_scale;
  std::optional<Frame> sky_frame;
  bool needs_time() const { return sky_frame == Frame::of_date || sky_frame == Frame::apparent; }
  char wcs_version = ' ';  ///< of `position wcs A`: the alternate description (CTYPE1A, ...)
};

/// `skip KEY GLOBS & KEY GLOBS`, `mask ...`, `split ...`: all conditions must hold.
using HduRule = std::vector<Condition>;

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
  int line = 0;
  std::string list, word;
  Globs globs;
};

/// A `when` line: the table applies when all its conditions hold.
struct When {
  int line = 0, column = 0;
  std::string text;  ///< what follows the word when
  std::vector<Condition> all;
};

struct Table {
  std::string name, title, file, like;
  int like_line = 0, like_column = 0;
  std::vector<When> when;  ///< one of these must hold
  std::array<std::vector<Recipe>, kFieldCount> recipes;
  std::array<Globs, kFieldCount> avoid;       ///< comments of cards that are never used for the field
  std::array<bool, kFieldCount> forgotten{};  ///< the recipes of the refined table do not count
  std::array<std::optional<Range>, kFieldCount> ranges;
  Globs nothing;  ///< texts that are no value anywhere
  std::vector<Word> words;
  std::vector<HduRule> skip, mask, split;
  std::vector<AmpRule> amps;
  std::vector<std::string> forgotten_rules;  ///< "skip", "mask", "split", "amps", "words LIST"
  std::optional<long long> slices;           ///< a cube with more planes gets no rows for them
  std::optional<int> ccds;                   ///< CCD numbers are below this
  std::vector<std::vector<int>> layout;      ///< CCDs in the focal plane: rows from the top, -1 where there is none

  bool forgets(std::string_view rule) const;
};

/// Reads a table. `file` is for messages. Error: invalid, with file, line and column of the first mistake. When `mistakes`
/// is given all of them go there, and the table of the good lines is returned; then only one without a name is an error.
Result<Table> parse_table(std::string_view text, const std::string& file, std::vector<Status>* mistakes = nullptr);

/// A table without `camera`, `when` and `like`: recipes that win over every table. Error: invalid.
Result<Table> parse_recipes(std::string_view text, const std::string& file);

/// What chooses a table, read without the rest: name, title, like and when. Mistakes are left to parse_table().
Table scan_table(std::string_view text, const std::string& file);

}  // namespace imreg::camera
