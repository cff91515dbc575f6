// The start of the exposure: every way in which the headers write a moment, what each moment is, and which agree.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

constexpr double kDay = 86400;

// Names and comments, in lower case.
constexpr std::string_view kNeverNames =
    "date|*lst*|st|lt|*local*|hst*|*loctime*|ha|*_ha|*ra|*dec|proc*|*release*|rel_*|*version*|*modif*|iraf*|*file*|*"
    "creat*|"
    "*sid*|epoch|equinox|*zd*|*azim*|*alt*|*mod-date*|*dateproc*|*calib*|*valid*|mjdref*|*reduc*|*pipe*|*pub*|*sunrise*"
    "|"
    "*sunset*|*moon*|dateref|*clock*corr*|*boot*|*dateval*|jdref|crval*|*tlm*|*upd*";
constexpr std::string_view kNeverSays =
    "*creat*|*written*|*file was*|*file "
    "write*|*process*|*reduc*|*release*|*local*|*sidereal*|*version*|*updated*|*last mod*|"
    "*expir*|*calib*|*reference time*|*zero point*|*telemetry*|*hour angle*|*right asc*|*declin*|*sunrise*|*sunset*|"
    "*proprietary*|*public*|*conversion*|*hawaii*|*civil*|*pst*|*hawaiian*|*generated*|*archive*|*boot*|*focus*|*guide*"
    "|"
    "*last update*|*timezone*|*time zone*|*ob start*|*tpl*|*template*|*observing "
    "block*|*program*|*first*|*previous*|*sequence*";
constexpr std::string_view kStartNames = "*strt*|*start*|*beg*|*open*|*-sta|*_sta|tstart";
constexpr std::string_view kStartSays = "*start*|*begin*|*began*|*opened*|*shutter open*|*opening*";
constexpr std::string_view kEndNames = "*end|*end-*|*_end*|*-end*|utend*|*stop*|*close*|*fin|*enda";
constexpr std::string_view kEndSays = "* end*|end *|*stop*|*finish*|*closed*|*closing*|*shutter close*";
constexpr std::string_view kMiddleNames = "*mid*|*avg*|*mean*|*ave";
constexpr std::string_view kMiddleSays = "*mid*|*average*|*mean *|*centre of*|*center of*|*central*";
constexpr std::string_view kUtNames = "ut*|*ut|*utc*|*-ut*|*_ut*|*gmt*";
constexpr std::string_view kUtSays = "*ut *|* ut|* ut*|ut*|*utc*|*universal*|*greenwich*|*gmt*";
constexpr std::string_view kObsNames = "*obs*|*exp*|*shut*|*acq*|*frame*|*integ*";
constexpr std::string_view kObsSays = "*observ*|*exposure*|*integration*|*shutter*|*acquisition*|*frame*";
constexpr std::string_view kNight = "*night*|*evening*";

enum class Form { moment, date, clock, number };

struct Part {
  const Keyword* keyword;
  Form form;
  std::string modifier;  // " mjd"
  Moment role = Moment::start;
  bool says_role = false;
  int points = 0;
};

void judge(Part& part) {
  const std::string name = to_lower(part.keyword->name);
  const std::string& says = part.keyword->says;
  // The name is surer than the comment, where "start" may be that of a night.
  const auto role = [&](std::string_view names, std::string_view words, Moment moment) {
    if (part.says_role || !(fits(names, name) || fits(words, says))) return;
    part.says_role = true;
    part.role = moment;
  };
  if (fits(kStartNames, name)) role(kStartNames, "", Moment::start);
  role(kMiddleNames, "", Moment::middle);
  role(kEndNames, "", Moment::end);
  role("", kStartSays, Moment::start);
  role("", kMiddleSays, Moment::middle);
  role("", kEndSays, Moment::end);
  if (part.says_role) part.points += 2;
  if (fits(kUtNames, name) || fits(kUtSays, says)) part.points += 1;
  if (fits(kObsNames, name) || fits(kObsSays, says)) part.points += 1;
  if (fits("*date*|*mjd*|jd*|*time*", name)) part.points += 1;
}

// How most values of a keyword are written; nothing when they are no part of a time.
std::optional<Part> part_of(const Keyword& keyword) {
  const std::string name = to_lower(keyword.name);
  if (keyword.count == 0 || fits(kNeverNames, name)) return std::nullopt;
  // "modified Julian date" is no date of a modification.
  if (fits(kNeverSays, keyword.says) && !fits("*modified julian*", keyword.says)) return std::nullopt;
  std::size_t moments = 0, dates = 0, clocks = 0;
  double low = 1e300, high = -1e300;
  for (const std::optional<CardValue>& card : keyword.cards) {
    if (!card) continue;
    if (const std::optional<double> number = card->number(); number && keyword.numeric) {
      if (*number == 0) continue;  // no value
      low = std::min(low, *number);
      high = std::max(high, *number);
    } else if (time_of_day(card->text)) {
      ++clocks;
    } else if (const std::optional<HeaderDate> date = header_date(card->text)) {
      ++(date->time_of_day ? moments : dates);
    }
  }
  Part out{&keyword, Form::moment, {}};
  const std::string both = name + " " + keyword.says;
  if (keyword.numeric && high > -1e300) {
    out.form = Form::number;
    if (low > 40000 && high < 80000 && fits("*mjd*|*modified julian*", both))
      out.modifier = " mjd 40000..80000";
    else if (low > 2.4e6 && high < 2.5e6 && fits("*jd*|*julian*", both))
      out.modifier = " jd 2.4e6..2.5e6";
    else if (low > 3e8 && high < 4e9 &&
             fits("*unix*|*since 1970*|*1970-01-01*|*start*time*|*time*start*|*end*time*|*time*end*", both))
      out.modifier = " unix";
    else if (low >= 0 && high <= 24 && fits(kUtNames, name))
      out.form = Form::clock, out.modifier = " h";
    else if (low >= 0 && high <= 86401 && fits("*second*|*[[(]s*", keyword.says) && fits("tm-*|*ut*|*time*", name))
      out.form = Form::clock, out.modifier = " s";
    else if (fits("*date*", name) && low > 18400101 && high < 21000101)
      out.form = Form::date;
    else
      return std::nullopt;
  } else if (moments >= std::max<std::size_t>(dates, clocks) && moments > 0) {
    out.form = Form::moment;
  } else if (dates >= clocks && dates > 0) {
    out.form = Form::date;
  } else if (clocks > 0) {
    out.form = Form::clock;
  } else {
    return std::nullopt;
  }
  judge(out);
  return out;
}

struct Way {
  std::string recipe;
  const Keyword *date, *clock;  // clock: null when one keyword says all
  Moment role;
  bool says_role;
  int points;
  bool proved = false;
  bool night = false;  // another moment proves that the date is that of the evening
  Numbers start;       // of the exposure
  std::string why() const {
    std::string out = date->example + (clock == nullptr ? "" : " " + clock->example);
    const std::string& says = clock == nullptr ? date->says : clock->says;
    return says.empty() ? out : out + ": " + shown(says);
  }
  bool shares(const Way& other) const {
    return date == other.date && (clock == nullptr || other.clock == nullptr || clock == other.clock);
  }
};

std::string role_word(Moment role) { return role == Moment::middle ? " middle" : role == Moment::end ? " end" : ""; }

std::string scale_of(const Lesson& lesson, const Part& part) {
  if (lesson.find("TIMESYS") != nullptr) return "";
  const std::string both = to_lower(part.keyword->name) + " " + part.keyword->says;
  if (fits("*tai*", both) && !fits("*utc*|*contain*|*detail*", both)) return " tai";
  if (fits("*tdb*", both)) return " tdb";
  if (fits("*[[(]tt?*|* tt", both)) return " tt";
  return "";
}

// The clock of the camera is TAI when a keyword that says TAI holds the moment that the refined table reads as UTC.
std::string clock_is_tai(const Lesson& lesson, const Numbers& read) {
  if (lesson.find("TIMESYS") != nullptr) return {};
  for (const Keyword& keyword : lesson.keywords) {
    const std::optional<Part> part = part_of(keyword);
    if (!part || part->form == Form::date || part->form == Form::clock || scale_of(lesson, *part) != " tai") continue;
    const Numbers as_utc =
        lesson.numbers(Field::obstime, "obstime " + quoted_key(keyword.name) + part->modifier + " utc");
    Numbers others = read;  // what this keyword gave proves nothing about it
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (lesson.views[i].facts->obstime.keyword.find(keyword.name) != std::string::npos) others[i].reset();
    }
    const Agreement same = agreement(others, as_utc, 0.5);
    if (same.equal > 0 && same.different == 0)
      return keyword.name + (keyword.says.empty() ? "" : ", " + shown(keyword.says));
  }
  return {};
}

std::vector<Way> ways(const Lesson& lesson, const Numbers& exptime) {
  std::vector<Part> dates, clocks, alone;
  for (const Keyword& keyword : lesson.keywords) {
    const std::optional<Part> part = part_of(keyword);
    if (!part) continue;
    const bool of_days = fits("*dat*|*day*|*night*|*obs*|*ut*", to_lower(keyword.name)) ||
                         fits("*date*|*day*|*night*|*evening*", keyword.says);
    if (part->form == Form::date && of_days)
      dates.push_back(*part);
    else if (part->form == Form::date)
      continue;
    else if (part->form == Form::clock)
      clocks.push_back(*part);
    else
      alone.push_back(*part);
    if (part->form == Form::moment && part->modifier.empty()) {
      // Some cameras write midnight, and the time of day elsewhere.
      const bool midnight = fits("*t00:00:00*", to_lower(keyword.example));
      if (midnight) dates.push_back(*part);
    }
  }
  constexpr std::size_t kMost = 10;
  const auto best_first = [&](std::vector<Part>& parts) {
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.points > b.points; });
    if (parts.size() > kMost) parts.resize(kMost);
  };
  best_first(dates);
  best_first(clocks);
  best_first(alone);
  std::vector<Way> out;
  const auto add = [&](const std::string& keys, const Part& date, const Part* clock, const std::string& more) {
    const Part& teller = clock != nullptr ? *clock : date;
    Way way{"obstime " + keys + more + role_word(teller.role) + scale_of(lesson, teller),
            date.keyword,
            clock == nullptr ? nullptr : clock->keyword,
            teller.role,
            teller.says_role,
            teller.points + (clock == nullptr ? 1 : std::min(date.points, 2)),
            false,
            false,
            {}};
    way.start = lesson.numbers(Field::obstime, way.recipe, &exptime);
    if (known(way.start) > 0) out.push_back(std::move(way));
  };
  for (const Part& part : alone) add(quoted_key(part.keyword->name), part, nullptr, part.modifier);
  for (const Part& date : dates) {
    for (const Part& clock : clocks) {
      const std::string keys = quoted_key(date.keyword->name) + " + " + quoted_key(clock.keyword->name);
      const bool night = fits(kNight, to_lower(date.keyword->name)) || fits(kNight, date.keyword->says);
      add(keys, date, &clock, clock.modifier + (night ? " night 12" : ""));
    }
  }
  return out;
}

// A day that is that of the evening: with it every time of day before some hour belongs to the next day. Known by
// another moment of the same header.
void find_night(const Lesson& lesson, const Numbers& exptime, const std::vector<Way>& others, Way& way) {
  if (way.clock == nullptr || way.recipe.find(" night ") != way.recipe.npos) return;
  for (const Way& other : others) {
    if (other.date == way.date || other.clock != nullptr) continue;
    double last_moved = -1, first_kept = 24;
    bool good = true;
    for (std::size_t i = 0; good && i < way.start.size(); ++i) {
      if (!way.start[i] || !other.start[i]) continue;
      const double late = *other.start[i] - *way.start[i];
      const double hour = (*way.start[i] - std::floor(*way.start[i] / kDay) * kDay) / 3600;
      if (std::fabs(late - kDay) < 3)
        last_moved = std::max(last_moved, hour);
      else if (std::fabs(late) < 3)
        first_kept = std::min(first_kept, hour);
      else
        good = false;
    }
    if (!good || last_moved < 0 || last_moved >= first_kept) continue;
    const double hour = first_kept == 24 ? 24 : last_moved < 12 && first_kept > 12 ? 12 : std::ceil(last_moved + 1e-6);
    way.night = true;
    way.recipe += " night " + std::to_string(static_cast<int>(hour));
    way.start = lesson.numbers(Field::obstime, way.recipe, &exptime);
    return;
  }
}

}  // namespace

void learn_obstime(const Lesson& lesson, const Numbers& exptime, Draft& draft) {
  Numbers before;
  std::size_t count = 0;
  std::string keyword;
  for (const View& view : lesson.views) {
    const Fact<double>& fact = view.facts->obstime;
    before.push_back(fact.value);
    if (!fact.value) continue;
    ++count;
    if (keyword.empty()) keyword = fact.keyword;
  }
  draft.note("obstime: " + lesson.like + " knows it for " + std::to_string(count) + " of " +
             counted(static_cast<long long>(lesson.views.size()), "image") +
             (count == 0 ? "" : ", by " + shown(keyword)));
  if (const std::string tai = clock_is_tai(lesson, before); !tai.empty()) {
    draft.add("timesys = TAI    # the same moment: " + tai);
    ask_for(lesson, "obstime KEYWORD", before, draft);
    return;
  }
  std::vector<Way> all = ways(lesson, exptime);
  for (Way& way : all) find_night(lesson, exptime, all, way);
  // Moments that agree prove each other: DATE + UT and MJD, a start and an end less the exposure.
  for (Way& way : all) {
    for (const Way& other : all) {
      if (way.shares(other) || way.proved) continue;
      way.proved = agreement(way.start, other.start, 2).holds();
    }
    way.points += way.proved ? 2 : 0;
  }
  std::stable_sort(all.begin(), all.end(), [](const Way& a, const Way& b) {
    const bool first = a.role == Moment::start, second = b.role == Moment::start;
    return a.points + (first ? 2 : 0) != b.points + (second ? 2 : 0)
               ? a.points + (first ? 2 : 0) > b.points + (second ? 2 : 0)
               : known(a.start) > known(b.start);
  });
  // What the refined table reads is known to be no start when a keyword says that it is one and differs.
  const Keyword* taken = lesson.find(keyword.substr(0, keyword.find(' ')));
  const Keyword* clock =
      keyword.find(" + ") == keyword.npos ? nullptr : lesson.find(keyword.substr(keyword.find(" + ") + 3));
  Part teller{clock != nullptr ? clock : taken, Form::moment, {}};
  if (teller.keyword != nullptr) judge(teller);
  const bool vague = teller.keyword == nullptr || !teller.says_role || teller.role != Moment::start;
  // Other moments that agree with what the refined table reads, and with another way.
  const auto friends = [&](const Numbers& start, const Keyword* date, const Keyword* time) {
    return std::count_if(all.begin(), all.end(), [&](const Way& other) {
      const bool shared = other.clock == nullptr ? other.date == date
                          : time == nullptr      ? other.date == date
                                                 : other.clock == time;
      return !shared && agreement(start, other.start, 0.5).holds();
    });
  };
  const auto friends_before = friends(before, taken, clock);
  // Or that it is of something else: a sequence, a file.
  const bool wrong = teller.keyword != nullptr && fits(kNeverSays, teller.keyword->says) &&
                     !fits("*modified julian*", teller.keyword->says);
  std::size_t guesses = 0;
  bool first = true;
  for (const Way& way : all) {
    std::size_t fills = 0, other = 0, near = 0, equal = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!way.start[i]) continue;
      const double wide = std::max(600.0, exptime[i].value_or(0) * 1.1);
      const double late = before[i] ? std::fabs(*way.start[i] - *before[i]) : 0;
      if (!before[i])
        ++fills;
      else if (late > wide)
        ++other;
      else
        ++(late > 1 ? near : equal);
    }
    const bool surer = wrong ? near + other > equal : near > equal && other == 0 && way.says_role;
    const bool better =
        (way.night && other > 0) || (vague && surer && way.role == Moment::start && way.points >= kTrusted &&
                                     friends(way.start, way.date, way.clock) >= friends_before);
    if (fills == 0 && !better) continue;
    if ((better || (other == 0 && way.points >= kTrusted))) {
      if (!better && std::exchange(first, false)) repeat_known(lesson, &ImageFacts::obstime, draft);
      draft.add(way.recipe + "    # " + way.why());
      if (way.recipe.find(" night ") != way.recipe.npos && !way.proved)
        draft.note(
            "? Is the date above that of the evening, and does UT before 12 h belong to the next day? (24: it always "
            "does)");
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (way.start[i] && (better || !before[i])) before[i] = way.start[i];
      }
    } else if (guesses < 4) {
      ++guesses;
      draft.guess(way.recipe, way.why());
    }
  }
  ask_for(lesson, "obstime KEYWORD", before, draft);
}

}  // namespace imreg::camera
