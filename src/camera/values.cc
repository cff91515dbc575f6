// Recipes at work: texts, numbers, times, positions.
#include "camera/values.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "camera/header_time.h"
#include "imreg/date.h"

namespace imreg::camera {

namespace {

constexpr double kDay = 86400;

std::size_t index_of(Field field) { return static_cast<std::size_t>(field); }

std::string keywords_of(const Recipe& recipe) {
  std::string out;
  for (const Source& source : recipe.sources) out += (out.empty() ? "" : " + ") + source.keyword;
  return out;
}

bool is_sexagesimal(std::string_view text) {
  return text.find_first_of(": hHdD") != text.npos && text.find_first_of("0123456789") != text.npos;
}

// The time of day of the second card of a recipe, in seconds.
std::optional<double> clock_of(const Recipe& recipe, const CardValue& clock) {
  std::optional<double> seconds = time_of_day(clock.text);
  if (!seconds && recipe.has_unit && clock.number()) seconds = *clock.number() * recipe.scale;
  return seconds && *seconds >= 0 && *seconds <= kDay + 1 ? seconds : std::nullopt;
}

}  // namespace

// Calls `use` for every recipe whose conditions hold, the refining table first, until one is accepted.
template <class Use>
bool Reader::each_recipe(Field field, Use use) const {
  for (const Table* table : chain_) {
    for (const Recipe& recipe : table->recipes[index_of(field)]) {
      if (applies(recipe) && use(recipe)) return true;
    }
    if (table->forgotten[index_of(field)]) return false;
  }
  return false;
}

bool Reader::applies(const Recipe& recipe) const {
  return std::all_of(recipe.conditions.begin(), recipe.conditions.end(),
                     [&](const Condition& c) { return holds(place_, c); });
}

bool Reader::is_nothing(const Recipe& recipe, std::string_view text) const {
  if (text.empty() || matches(recipe.drop, text)) return true;
  return std::any_of(chain_.begin(), chain_.end(), [&](const Table* table) { return matches(table->nothing, text); });
}

bool Reader::in_range(Field field, double value) const {
  for (const Table* table : chain_) {
    if (const auto& range = table->ranges[index_of(field)]) return range->holds(value);
  }
  return true;
}

std::optional<std::string> Reader::word(const std::string& list, std::string_view text) const {
  for (const Table* table : chain_) {
    for (const Word& line : table->words) {
      if (line.list == list && matches(line.globs, text)) return line.word;
    }
  }
  return std::nullopt;
}

std::optional<std::string> Reader::text_of(const Recipe& recipe, const CardValue& value) const {
  if (recipe.text_only && value.kind != CardValue::Kind::text) return std::nullopt;
  const std::string text(trim(value.text));
  if (is_nothing(recipe, text)) return std::nullopt;
  if (recipe.words.empty()) return text;
  return word(recipe.words, text);
}

// Several keywords make one text: "F606W+POL0V". What is dropped is left out; when nothing is left, `otherwise` counts.
Fact<std::string> Reader::joined(const Recipe& recipe) const {
  Fact<std::string> out;
  bool any = false;
  for (const Source& source : recipe.sources) {
    const bool used = each_card(place_, source, [&](const CardValue& value, std::size_t hdu) {
      if (!recipe.comment.empty() && !matches(recipe.comment, value.comment)) return false;
      any = any || !recipe.text_only || value.kind == CardValue::Kind::text;
      const std::optional<std::string> text = text_of(recipe, value);
      if (!text) return false;
      out.value = out.value ? *out.value + "+" + *text : *text;
      out.keyword += (out.keyword.empty() ? "" : " + ") + source.keyword;
      if (out.hdu < 0) out.hdu = number_of_hdu(hdu);
      return true;
    });
    any = any || used;
  }
  if (!out.value && any && !recipe.otherwise.empty()) {
    out.value = recipe.otherwise;
    out.keyword = keywords_of(recipe);
    out.hdu = place_.own().number;
  }
  return out;
}

Fact<std::string> Reader::text(Field field) const {
  Fact<std::string> out;
  each_recipe(field, [&](const Recipe& recipe) {
    if (recipe.sources.empty()) {
      out.value = recipe.constant;
      out.keyword = "table";
    } else {
      out = joined(recipe);
    }
    return out.value.has_value();
  });
  return out;
}

std::optional<double> Reader::number_of(const Recipe& recipe, const CardValue& value) const {
  if (recipe.text_only && value.kind != CardValue::Kind::text) return std::nullopt;
  if (!recipe.comment.empty() && !matches(recipe.comment, value.comment)) return std::nullopt;
  const std::optional<double> number = value.number();
  if (!number || !std::isfinite(*number) || (recipe.range && !recipe.range->holds(*number))) return std::nullopt;
  return *number * recipe.scale + recipe.offset;
}

Fact<double> Reader::number(Field field) const {
  Fact<double> out;
  each_recipe(field, [&](const Recipe& recipe) {
    if (recipe.sources.empty()) {
      double constant = 0;
      if (parse_number(recipe.constant, constant)) out.value = constant;
      out.keyword = "table";
      return true;
    }
    return each_card(place_, recipe.sources[0], [&](const CardValue& value, std::size_t hdu) {
      const std::optional<double> number = number_of(recipe, value);
      if (!number || !in_range(field, *number)) return false;
      out.value = number;
      out.keyword = recipe.sources[0].keyword;
      out.hdu = number_of_hdu(hdu);
      return true;
    });
  });
  return out;
}

Fact<int> Reader::ccd() const {
  Fact<int> out;
  std::optional<int> ccds;
  for (const Table* table : chain_) {
    if (!ccds) ccds = table->ccds;
  }
  const auto accept = [&](std::optional<long long> number, const std::string& keyword, int hdu) {
    if (!number || *number < 0 || *number > 32767 || (ccds && *number >= *ccds)) return false;
    out.value = static_cast<int>(*number);
    out.keyword = keyword;
    out.hdu = hdu;
    return true;
  };
  each_recipe(Field::ccd, [&](const Recipe& recipe) {
    if (recipe.sources.empty()) {
      long long number = 0;
      return parse_integer(recipe.constant, number) && accept(number, "table", -1);
    }
    const Source& source = recipe.sources[0];
    if (source.scope == Scope::file_name)
      return !stem_.empty() && accept(number_in(recipe.number_pattern, stem_), source.keyword, -1);
    return each_card(place_, source, [&](const CardValue& value, std::size_t hdu) {
      if (!recipe.number_pattern.empty())
        return accept(number_in(recipe.number_pattern, trim(value.text)), source.keyword, number_of_hdu(hdu));
      const std::optional<double> number = number_of(recipe, value);
      if (!number || *number != std::floor(*number) || std::fabs(*number) > 1e6) return false;
      return accept(static_cast<long long>(*number), source.keyword, number_of_hdu(hdu));
    });
  });
  return out;
}

TimeScale Reader::time_scale() const {
  const Fact<std::string> name = text(Field::timesys);
  if (name.value) {
    if (const Result<TimeScale> scale = time_scale_named(*name.value)) return *scale;
  }
  return TimeScale::utc;
}

// The moment that a recipe's cards name, on the time scale of the header.
Fact<double> Reader::date_from(const Recipe& recipe, bool& day_only) const {
  Fact<double> out;
  each_card(place_, recipe.sources[0], [&](const CardValue& value, std::size_t hdu) {
    if (!recipe.comment.empty() && !matches(recipe.comment, value.comment)) return false;
    out.hdu = number_of_hdu(hdu);
    if (recipe.calendar != Calendar::text) {
      const std::optional<double> number = value.number();
      if (!number || !std::isfinite(*number) || (recipe.range && !recipe.range->holds(*number))) return false;
      out.value = recipe.calendar == Calendar::mjd  ? time_from_mjd(*number)
                  : recipe.calendar == Calendar::jd ? time_from_jd(*number)
                                                    : *number;
      return true;
    }
    const std::optional<HeaderDate> date = header_date(value.text);
    if (!date) return false;
    if (recipe.sources.size() == 1) {
      if (!date->time_of_day && !recipe.day) return false;
      day_only = !date->time_of_day;
      out.value = date->day + date->time_of_day.value_or(0);
      return true;
    }
    return each_card(place_, recipe.sources[1], [&](const CardValue& clock, std::size_t) {
      const std::optional<double> seconds = clock_of(recipe, clock);
      if (!seconds) return false;
      out.value = date->day + *seconds;
      return true;
    });
  });
  return out;
}

Fact<double> Reader::time(Field field, std::optional<double> exptime, bool* day_only) const {
  Fact<double> out;
  each_recipe(field, [&](const Recipe& recipe) {
    bool only_day = false;
    Fact<double> fact = date_from(recipe, only_day);
    if (!fact.value || (recipe.moment != Moment::start && !exptime)) return false;
    // A day has no time scale: half a minute of TAI-UTC would move it to the day before.
    if (!only_day)
      *fact.value = convert_time(*fact.value, recipe.time_scale ? *recipe.time_scale : time_scale(), TimeScale::utc);
    if (recipe.moment == Moment::end) *fact.value -= *exptime;
    if (recipe.moment == Moment::middle) *fact.value -= *exptime / 2;
    if (!std::isfinite(*fact.value)) return false;
    const double days = std::floor(*fact.value / kDay);
    if (!(std::fabs(days) < 1e7) ||
        !in_range(field, static_cast<double>(civil_from_days(static_cast<long long>(days)).year)))
      return false;
    out = std::move(fact);
    out.keyword = keywords_of(recipe);
    if (day_only != nullptr) *day_only = only_day;
    return true;
  });
  return out;
}

// Degrees, ra from 0 to 360.
std::optional<double> Reader::coordinate(const Recipe& recipe, const CardValue& card, bool is_ra) const {
  if (const std::optional<double> x = card.number()) {
    if (!std::isfinite(*x) || (recipe.range && !recipe.range->holds(*x))) return std::nullopt;
    const double degrees = *x * recipe.scale * (is_ra && recipe.hours ? 15 : 1);
    if (is_ra) return degrees >= -180 && degrees <= 360 ? std::optional(normalize_degrees(degrees)) : std::nullopt;
    return std::fabs(degrees) <= 90 ? std::optional(degrees) : std::nullopt;
  }
  const std::string_view text = trim(card.text);
  if (!is_sexagesimal(text)) return std::nullopt;
  const Result<double> angle = is_ra ? parse_right_ascension(text, AngleUnit::hours) : parse_declination(text);
  return angle ? std::optional(*angle) : std::nullopt;
}

// A pair of keywords from one HDU: sexagesimal right ascensions are hours, numbers are degrees unless the table
// says otherwise.
bool Reader::pointing(const Recipe& recipe, SkyPosition& out, std::string& keywords, int& hdu) const {
  const Source& ra_source = recipe.sources[0];
  return each_card(place_, ra_source, [&](const CardValue& value, std::size_t found) {
    if (!recipe.comment.empty() && !matches(recipe.comment, value.comment)) return false;
    const std::optional<CardValue> dec_value = place_.cards.get(found, recipe.sources[1].keyword);
    if (!dec_value) return false;
    const std::optional<double> ra = coordinate(recipe, value, true);
    const std::optional<double> dec = coordinate(recipe, *dec_value, false);
    // Programs that do not know a position write zeros; nobody points at exactly 0, 0.
    if (!ra || !dec || (*ra == 0 && *dec == 0)) return false;
    out = {*ra, *dec};
    keywords = keywords_of(recipe);
    hdu = number_of_hdu(found);
    return true;
  });
}

// CRVAL where CTYPE says that the axes are celestial (FITS 4.0, section 8).
bool Reader::reference_point(const Recipe& recipe, SkyPosition& out, Frame& frame, std::string& keywords,
                             int& hdu) const {
  static constexpr struct {
    std::string_view longitude, latitude;
    Frame frame;
  } kKinds[] = {{"RA--*", "DEC-*", Frame::icrs},
                {"RA", "DEC", Frame::icrs},
                {"GLON-*", "GLAT-*", Frame::galactic},
                {"ELON-*", "ELAT-*", Frame::ecliptic}};
  const Source ctype("CTYPE1", recipe.sources[0].scope);
  return each_card(place_, ctype, [&](const CardValue&, std::size_t found) {
    const auto text_of = [&](const std::string& key) {
      const std::optional<CardValue> value = place_.cards.get(found, key);
      return value ? std::string(trim(value->text)) : std::string();
    };
    const auto number_of = [&](const std::string& key) {
      const std::optional<CardValue> value = place_.cards.get(found, key);
      return value ? value->number() : std::nullopt;
    };
    int lon = 0, lat = 0;
    for (const auto& kind : kKinds) {
      lon = lat = 0;
      for (int axis = 1; axis <= 4; ++axis) {
        const std::string type = text_of("CTYPE" + std::to_string(axis));
        if (lon == 0 && glob_match(kind.longitude, type)) lon = axis;
        if (lat == 0 && glob_match(kind.latitude, type)) lat = axis;
      }
      frame = kind.frame;
      if (lon != 0 && lat != 0) break;
    }
    if (lon == 0 || lat == 0) return false;
    const std::string lon_key = "CRVAL" + std::to_string(lon), lat_key = "CRVAL" + std::to_string(lat);
    const std::optional<double> x = number_of(lon_key), y = number_of(lat_key);
    if (!x || !y || !(*x >= -180 && *x <= 360) || !(std::fabs(*y) <= 90) || (*x == 0 && *y == 0)) return false;
    out = {normalize_degrees(*x), *y};
    keywords = lon_key + " + " + lat_key;
    hdu = number_of_hdu(found);
    return true;
  });
}

void Reader::position(Fact<double>& ra, Fact<double>& dec) const {
  each_recipe(Field::position, [&](const Recipe& recipe) {
    SkyPosition found;
    Frame frame = Frame::icrs;
    std::string keywords;
    int hdu = -1;
    const bool wcs = recipe.sources.size() == 1;
    if (!(wcs ? reference_point(recipe, found, frame, keywords, hdu) : pointing(recipe, found, keywords, hdu)))
      return false;
    const std::optional<double> equinox = number(Field::equinox).value;
    if (recipe.sky_frame) {
      frame = *recipe.sky_frame;
    } else if (frame == Frame::icrs) {
      Result<Frame> named = frame_named(text(Field::frame).value.value_or(""), equinox);
      if (!named) named = frame_named("", equinox);
      if (named) frame = *named;
    }
    const Result<SkyPosition> icrs = to_icrs(found, frame, equinox.value_or(default_equinox(frame)));
    if (!icrs) return false;
    ra = {icrs->ra, keywords, hdu};
    dec = {icrs->dec, keywords, hdu};
    return true;
  });
}

bool Reader::is_nothing(const Recipe& recipe, const CardValue& value) const {
  return is_nothing(recipe, trim(value.text));
}

// Why a card gives no value: "is no date"; empty when it says nothing, or when it is not this card's fault.
std::string Reader::fault_of(Field field, const Recipe& recipe, const CardValue& value) const {
  if (is_nothing(recipe, value)) return "";
  const std::optional<double> number = value.number();
  if (field == Field::position) return coordinate(recipe, value, true) ? "" : "is no right ascension";
  const bool is_time = field == Field::obstime || field == Field::release;
  if (is_time && recipe.calendar == Calendar::text) {
    const std::optional<HeaderDate> date = header_date(value.text);
    if (!date) return "is no date";
    const auto year = civil_from_days(static_cast<long long>(std::floor(date->day / kDay))).year;
    return in_range(field, static_cast<double>(year)) ? "" : "is out of range";
  }
  if (!number || !std::isfinite(*number)) return is_time ? "is no date" : "is no number";
  if (is_time) return *number == 0 || !recipe.range || recipe.range->holds(*number) ? "" : "is out of range";
  // Nobody observes at airmass 0: it stands for no value, as 0 in MJD does. An exposure time of 0 is a value.
  if (*number == 0 || (recipe.range && !recipe.range->holds(*number))) return "";
  return in_range(field, *number * recipe.scale + recipe.offset) ? "" : "is out of range";
}

std::optional<Doubt> Reader::doubt(Field field, const std::string& kind) const {
  std::optional<Doubt> out;
  const auto blame = [&](const std::string& keyword, const CardValue& value, const std::string& fault) {
    if (fault.empty()) return false;
    constexpr std::size_t kShown = 60;
    std::string text(trim(value.text));
    if (text.size() > kShown) text = text.substr(0, kShown) + "...";
    out = Doubt{kind, keyword, keyword + " \"" + text + "\" " + fault + "; " + kind};
    return true;
  };
  each_recipe(field, [&](const Recipe& recipe) {
    if (recipe.sources.empty() || recipe.text_only) return false;
    return each_card(place_, recipe.sources[0], [&](const CardValue& value, std::size_t hdu) {
      if (!recipe.comment.empty() && !matches(recipe.comment, value.comment)) return false;
      if (blame(recipe.sources[0].keyword, value, fault_of(field, recipe, value))) return true;
      if (recipe.sources.size() < 2 || is_nothing(recipe, value)) return false;
      const Source& second = recipe.sources[1];
      if (field != Field::position) {
        return each_card(place_, second, [&](const CardValue& clock, std::size_t) {
          return !is_nothing(recipe, clock) && !clock_of(recipe, clock) &&
                 blame(second.keyword, clock, "is no time of day");
        });
      }
      const std::optional<CardValue> dec = place_.cards.get(hdu, second.keyword);
      return dec && !is_nothing(recipe, *dec) && !coordinate(recipe, *dec, false) &&
             blame(second.keyword, *dec, "is no declination");
    });
  });
  return out;
}

}  // namespace imreg::camera
