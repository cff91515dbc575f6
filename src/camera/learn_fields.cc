// Fields of one keyword: what names, comments, forms of values and other keywords say for it. And positions.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/learn.h"

namespace imreg::camera {

namespace {

// Evidence that a keyword is of a field. Points are added: the best line for its name and the best for its comment,
// less the worst of each that speaks against it. Names and comments in lower case, globs divided by |.
struct Clue {
  Field field;
  int points;
  std::string_view names, comments;
};

constexpr int kTrusted = 4;  // from here on a recipe
constexpr int kLikely = 3;   // from here on a guess

constexpr Clue kClues[] = {
    {Field::exptime, 3, "exptime*|expos*|*exptim*|inttime|int_time|itime|texp*|integ*|duration|xposure|*exp_time|*_dit|* dit", ""},
    {Field::exptime, 2, "*exp*|*int*t*|*last*|*dur*|*time", ""},
    {Field::exptime, 3, "", "*exposure time*|*exposure dur*|*integration time*|*length of exp*|*time*shutter*open*|*shutter*open*|*shutter*open*time*"},
    {Field::exptime, 3, "", "*duration of*exp*|*exptime*|*shutter*[[(]s*|*shutter*[[(]m*|*length of*integ*|*total*exposure*"},
    {Field::exptime, 2, "", "*exposure*|*integration*|*how long*shutter*|*how long*light*|*duration*"},
    {Field::exptime, 1, "", "*[[(]s]*|*[[(]s)*|*[[(]sec*|*second*|*[[(]min*|*minutes*|*millisec*|*[[(]ms*|*[[(]h]*"},
    {Field::exptime, -4, "*start*|*end*|*beg*|mjd*|date*|*date|*_id|*id|nexp*|num*|*num|*max*|*min|dark*|*lst*|*_ut|ut*|jd*|*mjd*|*level*", ""},
    {Field::exptime, -4, "", "*start*|* end *|*begin*|*number of*|dead*|*request*|*command*|*maxim*|*minimum*|*sequence*|*mjd*|*modified*|*date*|* ut *|*ut time*"},
    {Field::exptime, 1, "", "*actual*|*total*|*effective*"},
    {Field::exptime, -3, "", "*per *|*each*|*single*|*frame time*|*frame exp*|*asked*|*average*|*mid*|* id*|*meter*|*dark*|*lamp*|*map*"},

    {Field::airmass, 4, "airmass*|*airm*|secz|secz*|*airmass", ""},
    {Field::airmass, 4, "", "*air mass*|*airmass*|*sec*zenith*|*sec(z*|*secant*"},
    {Field::airmass, -2, "*end|*stop|*2", "* end*|*stop*|*finish*"},
    {Field::airmass, -4, "*ext*", "*extinction*|*error*"},

    {Field::dettemp, 3, "*ccd*te*|*te*ccd*|*det*te*|*te*det*|*chip*te*|*sens*te*|*arr*te*|*det*tmp*|*ccd*tmp*|*fpa*te*|t_*ccd*|t*ccd*", ""},
    {Field::dettemp, 3, "detarray|*dettem*|*ccdtem*", ""},
    {Field::dettemp, 1, "*temp*|*tmp*|t_*|t[0-9]", ""},
    {Field::dettemp, 3, "", "*ccd*temp*|*detector*temp*|*chip*temp*|*array*temp*|*sensor*temp*|*focal plane*temp*|*temp*ccd*|*temp*detector*|*temp*chip*|*temp*sensor*|*temp*array*"},
    {Field::dettemp, 1, "", "*degc*|*deg c*|*deg. c*|*celsius*|*kelvin*|*[[(]c?*|*[[(]k?*|* c|* k|*degrees c*"},
    {Field::dettemp, -3, "*set*|*sp|*targ*|*amb*|*amp*|*dew*|*hous*|*heat*|*ctrl*|*power*|*volt*|*date*|*time*|*err*|*var|*2", ""},
    {Field::dettemp, -3, "", "*set*|*target*|*ambient*|*dewar*|*housing*|*electronic*|*heater*|*controller*|*shield*|*mirror*|*volt*|*cold head*|*date*|*dome*|*cooler*"},

    {Field::telfocus, 3, "*foc*", ""},
    {Field::telfocus, 3, "", "*focus*"},
    {Field::telfocus, -4, "*focal*|*foclen*|*focn*|*focst*|*foctemp*|*fratio*|*date*|*mode*|*mask*|*len|*scale*", ""},
    {Field::telfocus, -4, "", "*focal*|*ratio*|*station*|*temp*|*which*|*guid*|*offset*"},

    {Field::rotangle, 3, "rot*|*rota|*rotang*|*posang*|pa|*_pa|*rotpos*", ""},
    {Field::rotangle, 3, "", "*rotator*|*position angle*|*rotation angle*|*sky angle*"},
    {Field::rotangle, -4, "*off*|*rate*|*mode*|*crota*|*lo|*hi", "*offset*|*rate*|*speed*|*mode*|*wcs*|*coord*"},

    {Field::object, 3, "object|objname|obj_name|target|targname|targ_nam|source|srcname|fieldname", ""},
    {Field::object, 2, "obj*|*targ*|*source*|*pointed*|*field*", ""},
    {Field::object, 4, "", "*name of*object*|*object name*|*target name*|*name of*target*|*observed object*|*object observed*|*source name*|*name of*source*|*title of*obs*"},
    {Field::object, -4, "*ra|*dec|*type|*typ|*id|*num*|*class*|*epoch*|*equi*|*file*", "*coord*|*right asc*|*declin*|*type*|*class*|*catalog*|*mode*"},

    {Field::instrument, 4, "instrum*|instrument", ""},
    {Field::instrument, 2, "*camera*|detnam*|*instr*|detector", ""},
    {Field::instrument, 3, "", "*instrument*name*|*name of*instrument*|*instrument used*|*camera name*|*name of*camera*|instrument|*acquisition instrument*|*detector name*"},
    {Field::instrument, -4, "*mode*|*conf*|*id|*soft*|*ver*|*temp*", "*mode*|*config*|*software*|*version*|*temp*|*status*|*port*"},

    {Field::ccd, 4, "ccdnum|chipnum|chipid|ccdid|ccd_id|det-id|detid|det_id|camnum|cam_num|detnum|ccdno|ccdchip|chip", ""},
    {Field::ccd, 3, "detector", ""},
    {Field::ccd, 2, "*ccd*|*chip*|*det*|extver|*imageid", ""},
    {Field::ccd, 3, "", "*ccd num*|*chip num*|*detector num*|*number of*chip in*|*ccd id*|*detector id*|*chip id*|*camera number*|*id of*detector*|*id of*ccd*|*which ccd*|*which chip*"},
    {Field::ccd, -6, "*size*|*temp*|*sum*|*gain*|*noise*|*sec*|*bin*|n*|*x*|*y*|*ser*|*time*|*bias*", "*number of ccds*|*number of chips*|*number of detectors*|*number of amp*|*serial*|*size*|*temp*|*binning*"},

    {Field::pixscale, 4, "pixscale|pixscal1|secpix|secpix1|*pltscale*|*pixscl*|*pscale*", ""},
    {Field::pixscale, 4, "", "*pixel scale*|*arcsec*/*pix*|*arcsec*per*pix*|*plate scale*"},
    {Field::pixscale, -3, "*2|*y", "*guid*|*mm*"},

    {Field::datasec, 4, "datasec|*datasec|data_sec|*imgsec*", "*data section*|*image section*|*useful*|*part*light*"},
    {Field::biassec, 4, "biassec|*biassec|bias_sec|oversc*|*oscan*", "*overscan*|*bias section*|*bias area*"},
    {Field::trimsec, 4, "trimsec|*trimsec|trim_sec", "*trim*"},
    {Field::detsec, 4, "detsec|*detsec|det_sec", "*detector section*|*position on*detector*|*mosaic section*"},
};

// Only a detector is as cold as that, in degrees Celsius or in kelvin.
bool is_cold(const Keyword& keyword) {
  return std::all_of(keyword.cards.begin(), keyword.cards.end(), [](const std::optional<CardValue>& card) {
    const double number = card ? card->number().value_or(-100) : -100;
    return (number > -273 && number < -25) || (number > 60 && number < 200);
  });
}

int points_for(Field field, const Keyword& keyword) {
  const std::string name = to_lower(keyword.name);
  int name_best = 0, says_best = 0, name_worst = 0, says_worst = 0, extra = 0;
  for (const Clue& clue : kClues) {
    if (clue.field != field) continue;
    const bool in_name = fits(clue.names, name), in_says = fits(clue.comments, keyword.says);
    if (clue.points == 1 && in_says) {
      extra = 1;
      continue;
    }
    if (in_name) name_best = std::max(name_best, clue.points), name_worst = std::min(name_worst, clue.points);
    if (in_says) says_best = std::max(says_best, clue.points), says_worst = std::min(says_worst, clue.points);
  }
  if (field == Field::dettemp && name_best > 1 && is_cold(keyword)) extra = 1;
  return name_best + says_best + extra + name_worst + says_worst;
}

// The unit that a comment says in words, where the engine does not read it itself.
std::string unit_of(Field field, const Keyword& keyword) {
  const std::string& says = keyword.says;
  if (dimension_of(field) == Dimension::time) {
    if (fits("*minute*|*[[(]min*|* min|*in min", says)) return " min";
    if (fits("*millisec*|*msec*|*[[(]ms*", says)) return " ms";
    if (fits("*microsec*|*usec*", says)) return " us";
    if (fits("*hours*|*[[(]h]*|*[[(]hr*", says)) return " h";
    if (fits("*[[(]d]*|*[[(]days*|*in days*", says)) return " d";
    return " s";
  }
  if (dimension_of(field) == Dimension::temperature) {
    bool warm = true;  // above 60 it can only be kelvin
    for (const std::optional<CardValue>& card : keyword.cards) {
      const double number = card ? card->number().value_or(61) : 61;
      warm = warm && number > 60 && number < 350;
    }
    return warm || fits("*kelvin*|*[[(]k?*|* k", says) ? " K 1..350" : " C -273..60";
  }
  if (field == Field::telfocus) return " -1e6..1e6";
  return "";
}

std::string modifiers(Field field, const Keyword& keyword) {
  if (dimension_of(field) == Dimension::text) return field == Field::instrument ? " text" : "";
  const bool colons = !keyword.numeric && keyword.example.find(':') != std::string::npos;
  return unit_of(field, keyword) + (colons && dimension_of(field) != Dimension::section ? " sexagesimal" : "");
}

struct Found {
  int points;
  const Keyword* keyword;
  std::string recipe;
};

// Keywords that may give the field, the best first.
std::vector<Found> candidates(const Lesson& lesson, Field field, int least) {
  std::vector<Found> out;
  for (const Keyword& keyword : lesson.keywords) {
    if (keyword.count == 0) continue;
    const int points = points_for(field, keyword);
    if (points < least) continue;
    out.push_back({points, &keyword,
                   std::string(name_of(field)) + " " + quoted_key(keyword.name) + modifiers(field, keyword)});
  }
  std::stable_sort(out.begin(), out.end(), [](const Found& a, const Found& b) {
    return a.points != b.points ? a.points > b.points : a.keyword->count > b.keyword->count;
  });
  constexpr std::size_t kMost = 12;
  if (out.size() > kMost) out.resize(kMost);
  return out;
}

template <class T>
std::vector<std::optional<T>> known_before(const Lesson& lesson, Fact<T> ImageFacts::*member) {
  std::vector<std::optional<T>> out;
  for (const View& view : lesson.views) out.push_back((view.facts->*member).value);
  return out;
}

// "exptime: in 12 of 12 rows from EXPTIME (120.0)".
template <class T>
void note_known(const Lesson& lesson, const char* field, Fact<T> ImageFacts::*member, Draft& draft) {
  std::size_t count = 0;
  std::string keyword;
  for (const View& view : lesson.views) {
    const Fact<T>& fact = view.facts->*member;
    if (!fact.value) continue;
    ++count;
    if (keyword.empty()) keyword = fact.keyword;
  }
  const Keyword* first = lesson.find(keyword.substr(0, keyword.find(' ')));
  draft.note(std::string(field) + ": " + lesson.like + " knows it for " + std::to_string(count) + " of " +
             counted(static_cast<long long>(lesson.views.size()), "image") +
             (count == 0 ? "" : ", by " + shown(keyword) + (first == nullptr ? "" : " (" + first->example + ")")));
}

// How many views a candidate adds to what is known, and whether it contradicts that.
template <class T, class Equal>
void weigh(const std::vector<std::optional<T>>& before, const std::vector<std::optional<T>>& now, std::size_t& fills,
           std::size_t& contradicts, Equal equal) {
  fills = contradicts = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!now[i]) continue;
    if (!before[i]) ++fills;
    else if (!equal(*before[i], *now[i])) ++contradicts;
  }
}

// Adds a recipe for each keyword that says what the refined table does not know.
template <class T, class Read, class Equal>
void fill(const Lesson& lesson, Field field, Fact<T> ImageFacts::*member, Draft& draft, Read read, Equal equal) {
  std::vector<std::optional<T>> before = known_before(lesson, member);
  bool first = true;
  const std::vector<Found> all = candidates(lesson, field, kLikely);
  for (const Found& found : all) {
    const std::vector<std::optional<T>> now = read(found.recipe);
    std::size_t fills = 0, contradicts = 0;
    weigh(before, now, fills, contradicts, equal);
    if (fills == 0) continue;
    const std::string why = found.keyword->example + (found.keyword->says.empty() ? "" : ": " + shown(found.keyword->says));
    // The table reads it and leaves it in these images: for a reason.
    const bool left = lesson.base_knows(field, found.keyword->name);
    const bool rivalled = std::any_of(all.begin(), all.end(), [&](const Found& other) {
      if (other.keyword == found.keyword || other.points != found.points) return false;
      std::size_t unused = 0, differ = 0;
      weigh(now, read(other.recipe), unused, differ, equal);
      return differ > 0;
    });
    if (found.points < kTrusted || contradicts > 0 || left || rivalled) {
      draft.guess(found.recipe, why);
      continue;
    }
    if (std::exchange(first, false)) repeat_known(lesson, member, draft);
    draft.add(found.recipe + "    # " + why);
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!before[i]) before[i] = now[i];
    }
  }
}

bool same_number(double a, double b) { return std::fabs(a - b) <= 1e-3 * (1 + std::fabs(a)); }

void learn_number(const Lesson& lesson, Field field, Fact<double> ImageFacts::*member, Draft& draft) {
  note_known(lesson, std::string(name_of(field)).c_str(), member, draft);
  fill(lesson, field, member, draft,
       [&](const std::string& recipe) { return lesson.numbers(field, recipe); }, same_number);
}

void learn_text(const Lesson& lesson, Field field, Fact<std::string> ImageFacts::*member, Draft& draft) {
  note_known(lesson, std::string(name_of(field)).c_str(), member, draft);
  fill(lesson, field, member, draft,
       [&](const std::string& recipe) { return lesson.texts(field, recipe); },
       [](const std::string& a, const std::string& b) { return a == b; });
}

void learn_section(const Lesson& lesson, Field field, Draft& draft) {
  for (const Found& found : candidates(lesson, field, kTrusted)) {
    const Texts now = lesson.texts(field, found.recipe);
    if (lesson.base_knows(field, found.keyword->name)) return;
    if (std::none_of(now.begin(), now.end(), [](const auto& v) { return v.has_value(); })) continue;
    draft.add(found.recipe);
    return;
  }
}

// One name for all images when no keyword gives it in some.
void learn_instrument(const Lesson& lesson, Draft& draft) {
  learn_text(lesson, Field::instrument, &ImageFacts::instrument, draft);
  const Texts before = known_before(lesson, &ImageFacts::instrument);
  std::string name;
  bool missing = false, several = false;
  std::size_t named = 0;
  for (const std::optional<std::string>& text : before) {
    missing = missing || !text;
    several = several || (text && !name.empty() && *text != name);
    if (text) name = *text, ++named;
  }
  if (!missing || several) return;
  if (2 * named > before.size())
    draft.add("instrument = " + quoted_text(name));
  else if (const Keyword* telescope = lesson.find("TELESCOP"); telescope != nullptr && telescope->count > 0)
    draft.guess("instrument TELESCOP", telescope->example);
}

// A number of the CCD where they are only counted: whole, and another one for each image of a file.
void learn_ccd(const Lesson& lesson, Draft& draft) {
  const auto is_counted = [](const View& view) { return !view.facts->ccd.value || view.facts->ccd.keyword == "order of the HDUs"; };
  if (std::none_of(lesson.views.begin(), lesson.views.end(), is_counted)) return;
  for (const Found& found : candidates(lesson, Field::ccd, kLikely)) {
    const Numbers now = lesson.numbers(Field::ccd, found.recipe);
    std::set<std::pair<const LearntFile*, double>> seen;
    bool distinct = true;
    std::size_t fills = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (!now[i]) continue;
      fills += is_counted(lesson.views[i]) ? 1 : 0;
      distinct = seen.emplace(lesson.views[i].file, *now[i]).second && distinct;
    }
    if (fills == 0 || !distinct) continue;
    if (seen.size() > lesson.files.size() || (found.points >= kTrusted && found.keyword->varies)) {
      draft.add(found.recipe + "    # " + found.keyword->example);
      return;
    }
    draft.guess(found.recipe, found.keyword->example);
  }
}

// The planes of a cube are parts of one exposure when that is as long as all of them.
bool planes_make_exposure(const Lesson& lesson, const Numbers& exptime) {
  const std::vector<Found> all = candidates(lesson, Field::exptime, 0);
  return std::any_of(all.begin(), all.end(), [&](const Found& frame) {
    const Numbers one = lesson.numbers(Field::exptime, frame.recipe);
    std::size_t cubes = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      const std::vector<std::int64_t>& axes = lesson.views[i].file->headers.hdus[lesson.views[i].hdu].axes;
      if (axes.size() < 3 || axes[2] < 2) continue;
      if (!one[i] || !exptime[i] || *one[i] <= 0 || !same_number(*one[i] * static_cast<double>(axes[2]), *exptime[i])) return false;
      ++cubes;
    }
    return cubes > 0;
  });
}

}  // namespace

void learn_numbers_of_chips(const Lesson& lesson, const Numbers& exptime, Draft& draft) {
  learn_ccd(lesson, draft);
  std::int64_t most = 1;
  for (const View& view : lesson.views) {
    const std::vector<std::int64_t>& axes = view.file->headers.hdus[view.hdu].axes;
    for (std::size_t axis = 2; axis < axes.size(); ++axis) most = std::max(most, axes[axis]);
  }
  if (most < 2) return;
  const std::string planes = "cubes of up to " + std::to_string(most) + " planes";
  if (planes_make_exposure(lesson, exptime))
    draft.add("slices no    # " + planes + ", which make one exposure");
  else
    draft.guess("slices no", planes + ": are these no images of their own?");
}

void learn_simple_fields(const Lesson& lesson, Draft& draft) {
  learn_text(lesson, Field::object, &ImageFacts::object, draft);
  learn_instrument(lesson, draft);
  learn_number(lesson, Field::airmass, &ImageFacts::airmass, draft);
  learn_number(lesson, Field::telfocus, &ImageFacts::telfocus, draft);
  learn_number(lesson, Field::rotangle, &ImageFacts::rotangle, draft);
  learn_number(lesson, Field::dettemp, &ImageFacts::dettemp, draft);
  for (const Field field : {Field::datasec, Field::biassec, Field::trimsec, Field::detsec}) learn_section(lesson, field, draft);
  for (const Found& found : candidates(lesson, Field::pixscale, kTrusted)) {
    if (lesson.base_knows(Field::pixscale, found.keyword->name)) break;
    if (known(lesson.numbers(Field::pixscale, found.recipe)) == 0) continue;
    draft.guess(found.recipe, found.keyword->example);
    break;
  }
}

namespace {

// Time from the start to the end of the exposure, by every pair of keywords that say so.
struct Span {
  std::string recipe;
  Numbers seconds;
  bool of_exposure;  // and not of a whole observation
};

std::vector<Span> spans(const Lesson& lesson) {
  constexpr std::string_view kStart = "*start*|*strt*|*beg*|*open*|*-obs|*obs", kEnd = "*end*|*stop*|*fin*|*close*|*-end";
  std::vector<const Keyword*> starts, ends;
  for (const Keyword& keyword : lesson.keywords) {
    const std::string name = to_lower(keyword.name);
    const bool time = keyword.numeric ? fits("*mjd*|*jd*", name) : header_date(keyword.example) || time_of_day(keyword.example);
    if (!time || fits("*lst*|*sid*|ha|ra|dec|*_ra|*_dec", name)) continue;
    const bool end = fits(kEnd, name) || fits("*end*|*stop*|*finish*|*close*", keyword.says);
    if (end)
      ends.push_back(&keyword);
    else if (fits(kStart, name) || fits("*start*|*begin*|*began*|*open*", keyword.says))
      starts.push_back(&keyword);
  }
  std::vector<Span> out;
  constexpr std::size_t kMost = 12;
  if (starts.size() > kMost) starts.resize(kMost);
  if (ends.size() > kMost) ends.resize(kMost);
  for (const Keyword* start : starts) {
    for (const Keyword* end : ends) {
      if (start->numeric != end->numeric || !(start->varies || end->varies)) continue;
      const std::string pair = "exptime " + quoted_key(end->name) + " - " + quoted_key(start->name);
      for (const char* unit : {" dates", " clock", " d"}) {
        if (start->numeric != (unit[1] == 'd' && unit[2] == '\0')) continue;
        Span span{pair + unit, lesson.numbers(Field::exptime, pair + unit),
                  fits("*exposure*|*integration*|*shutter*", end->says)};
        // An exposure lasts, and not for a day.
        const bool good = std::all_of(span.seconds.begin(), span.seconds.end(), [](const auto& s) { return !s || (*s >= 0 && *s < 40000); });
        const bool some = std::any_of(span.seconds.begin(), span.seconds.end(), [](const auto& s) { return s && *s > 0; });
        if (good && some) out.push_back(std::move(span));
      }
    }
  }
  return out;
}

// What the span leaves for reading out and opening a shutter.
Agreement proof(const Numbers& exptime, const Numbers& span) { return agreement(exptime, span, 3, 0.02); }

bool proved(const Numbers& exptime, const std::vector<Span>& all) {
  return std::any_of(all.begin(), all.end(), [&](const Span& span) { return proof(exptime, span.seconds).holds(); });
}

}  // namespace

Numbers learn_exptime(const Lesson& lesson, Draft& draft) {
  draft.add("");
  note_known(lesson, "exptime", &ImageFacts::exptime, draft);
  Numbers known_now = known_before(lesson, &ImageFacts::exptime);
  const std::vector<Span> all = spans(lesson);
  bool first = true;
  const auto take = [&](const std::string& recipe, const Numbers& now, const std::string& why, bool better) {
    if (!better && std::exchange(first, false)) repeat_known(lesson, &ImageFacts::exptime, draft);
    draft.add(recipe + "    # " + why);
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i]) known_now[i] = now[i];
    }
  };
  // Coadds: the table's keyword is for one of them when the span says so.
  const Keyword* base = nullptr;
  for (const View& view : lesson.views) {
    if (base == nullptr && view.facts->exptime.value) base = lesson.find(view.facts->exptime.keyword);
  }
  for (const Keyword& count : lesson.keywords) {
    const std::string name = to_lower(count.name);
    const bool coadds = fits("*coadd*|*ncoad*|ndit|* ndit|numexp*|nexp|*_nexp|nsub*|numframe", name) ||
                        fits("*number of coadd*|*number of co-add*|*coadds*|*number of integrations*|*number of exposures*summed*", count.says);
    if (!coadds || !count.numeric || base == nullptr) continue;
    const bool many = std::any_of(count.cards.begin(), count.cards.end(), [](const auto& card) { return card && card->number().value_or(1) > 1; });
    if (!many) continue;
    const std::string recipe = "exptime " + quoted_key(base->name) + " * " + quoted_key(count.name) + unit_of(Field::exptime, *base);
    const Numbers product = lesson.numbers(Field::exptime, recipe);
    const bool by_span = proved(product, all) && !proved(known_now, all);
    const bool by_words = fits("*per *|*each*|*single*|*individual*|*one *", base->says);
    if (by_span || by_words)
      take(recipe, product, by_span ? "end minus start says so" : shown(base->says), true);
    else
      draft.guess(recipe, shown(base->says) + "; " + shown(count.says));
    break;
  }
  for (const Found& found : candidates(lesson, Field::exptime, 2)) {
    // The unit that agrees with end minus start, else that of the comment.
    std::string recipe = found.recipe;
    Numbers now = lesson.numbers(Field::exptime, recipe);
    bool sure = proved(now, all);
    for (const char* unit : {"s", "min", "ms", "h"}) {
      if (sure || all.empty()) break;
      const std::string other = "exptime " + quoted_key(found.keyword->name) + " " + unit;
      const Numbers read = lesson.numbers(Field::exptime, other);
      if (!proved(read, all)) continue;
      sure = true;
      recipe = other;
      now = read;
    }
    std::size_t fills = 0, contradicts = 0;
    weigh(known_now, now, fills, contradicts, same_number);
    // What was asked for, or one frame, gives way to what was.
    const bool worse_base = base != nullptr && points_for(Field::exptime, *base) + 3 <= found.points;
    if (lesson.base_knows(Field::exptime, found.keyword->name) && !sure && !worse_base) continue;
    const bool better = contradicts > 0 && (sure || worse_base) && !proved(known_now, all) && found.points >= kTrusted;
    if (fills == 0 && !better) continue;
    const std::string why = found.keyword->example + (found.keyword->says.empty() ? "" : ": " + shown(found.keyword->says));
    if (better || (contradicts == 0 && (sure || found.points >= kTrusted)))
      take(recipe, now, why, better);
    else if (found.points >= kLikely)
      draft.guess(recipe, why);
  }
  if (known(known_now) == 0) {
    for (const Span& span : all) {
      if (!span.of_exposure) {
        draft.guess(span.recipe, "end minus start, if they are those of the exposure");
        continue;
      }
      take(span.recipe, span.seconds, "end minus start", false);
      break;
    }
  }
  return known_now;
}

namespace {

// DEC of RA, OBJDEC of OBJRA, "ESO TEL DEC" of "ESO TEL ALPHA" is beyond it.
std::vector<const Keyword*> partners(const Lesson& lesson, const std::string& name) {
  std::vector<const Keyword*> out;
  for (const auto& [ra, dec] : {std::pair<std::string_view, std::string_view>{"RA", "DEC"}, {"RA", "DE"}, {"ALPHA", "DELTA"}, {"RTASC", "DECL"}, {"LON", "LAT"}}) {
    for (std::size_t at = name.find(ra); at != name.npos; at = name.find(ra, at + 1)) {
      std::string other = name.substr(0, at) + std::string(dec) + name.substr(at + ra.size());
      for (const std::string& form : {other, other.substr(0, 8)}) {
        const Keyword* keyword = lesson.find(form);
        if (keyword != nullptr && keyword->count > 0 && std::find(out.begin(), out.end(), keyword) == out.end()) out.push_back(keyword);
      }
    }
  }
  return out;
}

// Names and comments of coordinates that are not where the telescope looks.
constexpr std::string_view kNoPosition =
    "*rate*|*off*|*guid*|*track*|*err*|*temp*|*prog*|*frame*|*gra*|*para*|*range*|*raw*|*ramp*|*crval*|*sun*|*moon*|*pm*|*end*";
constexpr std::string_view kNoPositionSays =
    "*offset*|*rate*|*guide*|*error*|*proper*|*sun*|*moon*|*tracking*|*apparent*|*request*|*command*|*at end*|*refined*";

// Within two degrees on the sky.
Agreement near_each_other(const Numbers& a, const Numbers& b) {
  Agreement out;
  for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
    if (!a[i] || !b[i]) continue;
    const double dec = std::fabs(*a[i + 1] - *b[i + 1]);
    const double ra = std::fabs(std::remainder(*a[i] - *b[i], 360)) * std::cos(*b[i + 1] * 3.14159265358979 / 180);
    ++(dec < 2 && ra < 2 ? out.equal : out.different);
  }
  return out;
}

}  // namespace

void learn_position(const Lesson& lesson, Draft& draft) {
  note_known(lesson, "position", &ImageFacts::ra, draft);
  Numbers before, at_all;
  // A pointing or a target is better than the sky at the centre.
  for (const View& view : lesson.views) {
    const bool by_wcs = view.facts->ra.keyword == "WCS" || view.facts->ra.keyword.starts_with("CRVAL");
    const auto value = [&](const Fact<double>& fact) { return by_wcs ? std::nullopt : fact.value; };
    before.insert(before.end(), {value(view.facts->ra), value(view.facts->dec)});
    at_all.insert(at_all.end(), {view.facts->ra.value, view.facts->dec.value});
  }
  const Numbers wcs = lesson.positions("position wcs");
  if (known(before) == before.size()) {
    const Agreement fit = near_each_other(before, wcs);
    if (fit.different > 0 && fit.equal + fit.different > 0)
      draft.note("In " + counted(static_cast<long long>(fit.different), "image") +
                 " the pointing is more than 2 degrees from the WCS: a parked telescope, or `position wcs` is right.");
    return;
  }
  struct Pointing {
    int rank;  // 3: of the telescope, 2: of the target, 1: of something
    const Keyword* ra;
  };
  std::vector<Pointing> pointings;
  for (const Keyword& ra : lesson.keywords) {
    const std::string name = to_lower(ra.name);
    const bool asks = fits("*ra*|*alpha*|*rtasc*", name) || fits("*right asc*", ra.says);
    if (ra.count == 0 || !asks || fits(kNoPosition, name) || fits(kNoPositionSays, ra.says)) continue;
    const bool telescope = fits("*tel*|*pnt*|*point*|*aper*|ra", name) || fits("*telescope*|*pointing*", ra.says);
    const bool target = fits("*obj*|*targ*|*trg*", name) || fits("*target*|*object*", ra.says);
    pointings.push_back({telescope ? 3 : target ? 2 : 1, &ra});
  }
  std::stable_sort(pointings.begin(), pointings.end(), [](const Pointing& a, const Pointing& b) { return a.rank > b.rank; });
  bool first = true;
  for (const auto& [rank, keyword] : pointings) {
    const Keyword& ra = *keyword;
    if (rank == 1) before = at_all;  // the sky at the centre is better
    for (const Keyword* dec : partners(lesson, ra.name)) {
      if (lesson.base_knows(Field::position, ra.name)) continue;
      const std::string keys = "position " + quoted_key(ra.name) + " " + quoted_key(dec->name);
      std::string recipe = keys;
      bool proved_by_wcs = false;
      for (const char* unit : {" deg", " hours", " rad", ""}) {
        if (!ra.numeric && *unit != '\0') continue;
        const Agreement fit = near_each_other(lesson.positions(keys + unit), wcs);
        if (!fit.holds()) continue;
        recipe = keys + unit;
        proved_by_wcs = true;
        break;
      }
      if (!proved_by_wcs && ra.numeric) {
        if (fits("*radian*|*[[(]rad*", ra.says)) recipe = keys + " rad";
        else if (fits("*hour*|*[[(]h*", ra.says)) recipe = keys + " hours";
        else recipe = keys + " deg";
      }
      const Numbers now = lesson.positions(recipe);
      std::size_t fills = 0;
      for (std::size_t i = 0; i < now.size(); ++i) fills += now[i] && !before[i] ? 1 : 0;
      if (fills == 0) continue;
      const bool said = rank > 1 || fits("*right asc*|*ra of*|*ra *", ra.says) || fits("ra*|*_ra", to_lower(ra.name));
      const std::string why = ra.example + " " + dec->example + (ra.says.empty() ? "" : ": " + shown(ra.says));
      if (!proved_by_wcs && !said) {
        draft.guess(recipe, why);
        continue;
      }
      if (std::exchange(first, false))
        repeat_known(lesson, &ImageFacts::ra, draft, [](const Fact<double>& fact) { return fact.keyword == "WCS" || fact.keyword.starts_with("CRVAL"); });
      draft.add(recipe + "    # " + why);
      for (std::size_t i = 0; i < now.size(); ++i) {
        if (!before[i]) before[i] = now[i];
        if (!at_all[i]) at_all[i] = now[i];
      }
    }
  }
}

}  // namespace imreg::camera
