// Times: a date with its time of day in one card or two, on the time scale of the header, of the start, middle or end of
// an exposure; and what is done when a header contradicts itself.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/reader.h"
#include "camera/reader_internal.h"
#include "imreg/date.h"

namespace imreg::camera {

namespace {

constexpr double kDay = 86400;
constexpr double kMjdZero = -40587 * kDay;

// The time of day of the second card of a recipe, in seconds.
std::optional<double> clock_of(const Recipe& recipe, const CardView& clock) {
  std::optional<double> seconds = time_of_day(clock.text);
  if (!seconds && clock.kind == CardView::Kind::text) {
    // "2003-01-27T15:20:01" as the time of 2003-01-27
    const std::optional<HeaderDate> date = header_date(clock.text);
    if (date) seconds = date->time_of_day;
  }
  if (const std::optional<double> number = seconds ? std::nullopt : header_number(clock.text)) {
    const Unit* unit = unit_of_comment(clock.comment);
    const Unit* known = unit == nullptr ? nullptr : unit_named(unit->name, Dimension::time);
    if (known != nullptr || recipe.has_unit) seconds = *number * (known == nullptr ? recipe.scale : known->scale);
  }
  return seconds && *seconds >= 0 && *seconds <= kDay + 1 ? seconds : std::nullopt;
}

// "2010.10.15_23:01:00.000_TAI", or "[TAI]" in the comment: a scale that the card itself names.
std::optional<TimeScale> scale_written(const CardView& card, std::string_view text) {
  const bool digit = !text.empty() && text.back() <= '9';
  if (digit && card.comment.find('[') == card.comment.npos) return std::nullopt;
  for (const std::string_view brackets : {"[TAI]", "[TT]", "[TDB]", "[UTC]"}) {
    const std::string_view name = brackets.substr(1, brackets.size() - 2);
    const bool behind =
        text.size() > name.size() && text.ends_with(name) &&
        !(lower(text[text.size() - name.size() - 1]) >= 'a' && lower(text[text.size() - name.size() - 1]) <= 'z');
    if (behind || card.comment.find(brackets) != card.comment.npos) return *time_scale_named(name);
  }
  return std::nullopt;
}

double from_calendar(Calendar calendar, double number) {
  switch (calendar) {
    case Calendar::mjd: return time_from_mjd(number);
    case Calendar::jd: return time_from_jd(number);
    case Calendar::mjd_seconds: return number + kMjdZero;
    default: return number;
  }
}

double year_of(double time) {
  const double days = std::floor(time / kDay);
  if (!(std::fabs(days) < 1e7)) return std::nan("");
  return static_cast<double>(civil_from_days(static_cast<long long>(days)).year);
}

}  // namespace

// Nothing when the header says that its times are local: those are of no use.
std::optional<TimeScale> Reader::time_scale() const {
  const Fact<std::string> name = aside_text(Field::timesys, &RememberedAside::timesys);
  if (!name.value) return TimeScale::utc;
  const Result<TimeScale> scale = time_scale_named(*name.value);
  return scale ? std::optional(*scale) : std::nullopt;
}

// The zero point of `since`: MJD in one number or two, JD, or a date.
std::optional<double> Reader::zero_point(const Recipe& recipe) const {
  double days = 0;
  std::optional<double> date;
  for (const Source& source : recipe.since) {
    if (source.scope == Scope::number) {
      days += source.number;
      continue;
    }
    const bool found = each_card(place_, source, [&](const CardView& value, std::size_t) {
      const std::optional<double> number = value.number();
      if (number && std::isfinite(*number)) return days += *number, true;
      const std::optional<HeaderDate> text = header_date(value.text);
      if (text) date = text->day + text->time_of_day.value_or(0);
      return text.has_value();
    });
    if (!found) return std::nullopt;
  }
  constexpr double kSmallestJd = 2.3e6;
  return date ? date : days >= kSmallestJd ? time_from_jd(days) : time_from_mjd(days);
}

// The moment that a recipe's cards name, on the time scale of the header unless its first card names one.
Fact<double> Reader::date_from(Field field, const Recipe& recipe, bool& day_only, std::optional<TimeScale>& written,
                               CardView& card) const {
  Fact<double> out;
  const Source& first = recipe.sources[0];
  each_card(place_, first, [&](const CardView& value, std::size_t hdu) {
    if (!usable(field, recipe, first, value, hdu)) return false;
    const auto lose = [&](const Source& source, const CardView& which, std::string_view reason, bool fault) {
      lost(field, recipe, source, which, hdu, reason, fault);
      return false;
    };
    const std::string_view text = trim(value.text);
    if (says_nothing(recipe, text)) return lose(first, value, "says nothing", false);
    if (first.scope != Scope::file_name) out.hdu = number_of_hdu(hdu);
    written = scale_written(value, text);
    if (losses_ != nullptr) card = value;
    if (!recipe.since.empty()) {
      const std::optional<double> number = raw_number(recipe, value), zero = zero_point(recipe);
      if (!number || !zero) return lose(first, value, number ? "has no zero point" : "is no number", false);
      out.value = *zero + *number * recipe.scale;
      return true;
    }
    if (recipe.calendar != Calendar::text) {
      const std::optional<double> number = raw_number(recipe, value);
      if (!number) return lose(first, value, "is no date", true);
      if (recipe.range && !recipe.range->holds(*number)) return lose(first, value, "is out of range", *number != 0);
      out.value = from_calendar(recipe.calendar, *number);
      const bool of_days = recipe.calendar == Calendar::mjd || recipe.calendar == Calendar::jd;
      day_only = of_days && std::fmod(*out.value, kDay) == 0;
      return true;
    }
    const std::optional<std::string_view> part = counted_part(recipe, text);
    if (!part) return lose(first, value, "does not match " + recipe.capture, false);
    const std::optional<HeaderDate> date = header_date(*part, recipe.date_order);
    if (!date) {
      const bool swapped = losses_ != nullptr && header_date(*part, DateOrder::dmy).has_value();
      return lose(first, value, swapped ? "does not tell the day from the month" : "is no date", true);
    }
    if (recipe.sources.size() == 1) {
      if (!date->time_of_day && !recipe.day) return lose(first, value, "has no time of day", false);
      day_only = !date->time_of_day;
      out.value = date->day + date->time_of_day.value_or(0);
      return true;
    }
    const Source& second = recipe.sources[1];
    return each_card(place_, second, [&](const CardView& clock, std::size_t) {
      if (!usable(field, recipe, second, clock, hdu)) return false;
      const bool meant = recipe.comment.empty() || place_.cards.matches(recipe.comment, value.comment) ||
                         place_.cards.matches(recipe.comment, clock.comment);
      if (!meant || place_.cards.matches(recipe.not_comment, value.comment) ||
          place_.cards.matches(recipe.not_comment, clock.comment))
        return lose(second, clock, "its comment does not match", false);
      const std::optional<double> seconds = clock_of(recipe, clock);
      if (!seconds) return lose(second, clock, "is no time of day", !says_nothing(recipe, trim(clock.text)));
      const bool morning = recipe.night && *seconds < *recipe.night * 3600;
      out.value = date->day + *seconds + (morning ? kDay : 0);
      return true;
    });
  });
  return out;
}

Fact<double> Reader::time_from(Field field, const Recipe& recipe, std::optional<double> exptime, bool& day_only) const {
  CardView card;
  std::optional<TimeScale> written;
  Fact<double> out = date_from(field, recipe, day_only, written, card);
  if (!out.value) return {};
  const auto lose = [&](std::string_view reason, bool fault) {
    if (losses_ != nullptr)
      lost(field, recipe, recipe.sources[0], card, place_.cards.index_of_number(out.hdu), reason, fault);
    return Fact<double>();
  };
  if (recipe.moment != Moment::start && !exptime) return lose("is no start, and the exposure time is not known", false);
  // A day has no time scale and no middle: half a minute of TAI-UTC would move it to the day before.
  if (!day_only) {
    const std::optional<TimeScale> scale = recipe.time_scale ? recipe.time_scale : written ? written : time_scale();
    if (!scale) return lose("is local time by TIMESYS", true);
    *out.value = convert_time(*out.value, *scale, TimeScale::utc);
    if (recipe.moment == Moment::end) *out.value -= *exptime;
    if (recipe.moment == Moment::middle) *out.value -= *exptime / 2;
  }
  const double year = year_of(*out.value);
  if (!std::isfinite(year) || !in_range(field, year)) return lose("is out of range" + range_text(field), true);
  out.keyword = keywords_of(recipe);
  out.recipe = line_of(recipe);
  return out;
}

// What a recipe, the `at`-th of the field, gives; it is not asked again while the cards are the same that it could not use.
Fact<double> Reader::attempt(Field field, const Recipe& recipe, std::size_t at, std::optional<double> exptime,
                             bool& day_only) const {
  const auto ask = [&] { return applies(recipe) ? time_from(field, recipe, exptime, day_only) : Fact<double>(); };
  const Answers bit = at < 32 && recipe.moment == Moment::start ? Answers{1} << at : 0;
  // The first time of all, recipes_of() finds fewer when it is asked again.
  const bool noted =
      barren_ != nullptr && field == Field::obstime && at < barren_->recipes.size() && barren_->recipes[at] == &recipe;
  if (!noted || (barren_->hopeless & bit) != 0) return ask();
  if ((barren_->known & bit) != 0) return {};
  Listener* const outer = place_.cards.listener();
  Listener inner{barren_->trace, place_.hdu};
  inner.reading = barren_->lost & bit;
  if (inner.reading != 0) place_.cards.listen(&inner);
  Fact<double> out = ask();
  if (inner.reading != 0) {
    place_.cards.listen(outer);
    barren_->trace.each(bit, place_.hdu,
                        [&](std::size_t hdu, std::size_t card) { outer->card(place_.cards.file(), hdu, card); });
    if (inner.beyond != 0) outer->anything();
    if (!out.value) barren_->known |= bit & ~inner.beyond;
  }
  barren_->lost = out.value ? barren_->lost & ~bit : barren_->lost | bit;
  return out;
}

Fact<double> Reader::time(Field field, std::optional<double> exptime, bool* day_only) const {
  Fact<double> out;
  bool is_day = false;
  const std::vector<const Recipe*>& recipes = recipes_of(field);
  if (aside_ != nullptr && field == Field::obstime) {
    barren_ = &aside_->barren;
    barren_->check_recipes(recipes, place_);
  }
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    bool only_day = false;
    Fact<double> found = attempt(field, *recipes[i], i, exptime, only_day);
    if (!found.value) continue;
    if (!out.value || !only_day) {
      out = std::move(found);
      is_day = only_day;
    }
    // A whole MJD gives way to a time of day, whichever recipe has one.
    if (!only_day || recipes[i]->day) break;
  }
  if (day_only != nullptr) *day_only = is_day;
  return out;
}

std::optional<Doubt> Reader::settle(Fact<double>& obstime, std::optional<double> exptime, bool& day_only) const {
  struct Witness {
    Fact<double> fact;
    bool day_only;
    std::string_view first;  // its first keyword: DATE-OBS + UT and DATE-OBS alone are one witness
  };
  if (!obstime.value) return std::nullopt;
  std::vector<Witness> witnesses;
  witnesses.reserve(4);
  witnesses.push_back({obstime, day_only, std::string_view(obstime.keyword).substr(0, obstime.keyword.find(' '))});
  const auto agree = [](const Witness& a, const Witness& b) {
    return std::fabs(*a.fact.value - *b.fact.value) <= (a.day_only || b.day_only ? 2 : 1) * kDay;
  };
  // Three that agree are enough.
  const std::vector<const Recipe*>& recipes = recipes_of(Field::obstime);
  const auto enough = [&] {
    return witnesses.size() == 3 && agree(witnesses[0], witnesses[1]) && agree(witnesses[0], witnesses[2]);
  };
  for (std::size_t i = 0; i < recipes.size() && !enough(); ++i) {
    if (recipes[i]->sources.empty()) continue;
    const std::string_view first = recipes[i]->sources[0].keyword;
    if (std::any_of(witnesses.begin(), witnesses.end(), [&](const Witness& w) { return w.first == first; })) continue;
    bool only_day = false;
    Fact<double> fact = attempt(Field::obstime, *recipes[i], i, exptime, only_day);
    if (fact.value) witnesses.push_back({std::move(fact), only_day, first});
  }
  const Witness& taken = witnesses.front();
  const auto against =
      std::find_if(witnesses.begin(), witnesses.end(), [&](const Witness& w) { return !agree(w, taken); });
  if (against == witnesses.end()) return std::nullopt;

  // A file is not made before its exposure.
  double latest = std::numeric_limits<double>::infinity();
  if (const std::optional<CardView> made = place_.cards.get(0, "DATE")) {
    if (const std::optional<HeaderDate> date = header_date(made->text)) latest = date->day + 2 * kDay;
  }
  const auto rank = [&](const Witness& witness) {
    const auto friends =
        std::count_if(witnesses.begin(), witnesses.end(), [&](const Witness& w) { return agree(w, witness); });
    return 2 * static_cast<int>(friends) + (*witness.fact.value <= latest ? 1 : 0);
  };
  const Witness* best = &taken;
  for (const Witness& witness : witnesses) {
    if (rank(witness) > rank(*best)) best = &witness;
  }
  const auto day = [](const Witness& w) {
    return w.fact.keyword + " (" + format_iso(*w.fact.value).substr(0, 10) + ")";
  };
  const std::string pair = day(taken) + " and " + day(*against);
  Doubt doubt{"the times contradict each other", pair,
              pair + " are more than a day apart; " + best->fact.keyword + " is taken"};
  obstime = best->fact;
  day_only = best->day_only;
  return doubt;
}

}  // namespace imreg::camera
