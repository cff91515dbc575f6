// Where the telescope looked: pairs of keywords, held against the WCS.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

// DEC of RA, OBJDEC of OBJRA, "ESO TEL DEC" of "ESO TEL ALPHA" is beyond it.
std::vector<const Keyword*> partners(const Lesson& lesson, const std::string& name) {
  std::vector<const Keyword*> out;
  for (const auto& [ra, dec] : {std::pair<std::string_view, std::string_view>{"RA", "DEC"},
                                {"RA", "DE"},
                                {"ALPHA", "DELTA"},
                                {"RTASC", "DECL"},
                                {"LON", "LAT"}}) {
    for (std::size_t at = name.find(ra); at != name.npos; at = name.find(ra, at + 1)) {
      std::string other = name.substr(0, at) + std::string(dec) + name.substr(at + ra.size());
      for (const std::string& form : {other, other.substr(0, 8)}) {
        const Keyword* keyword = lesson.find(form);
        if (keyword != nullptr && keyword->count > 0 && std::find(out.begin(), out.end(), keyword) == out.end())
          out.push_back(keyword);
      }
    }
  }
  return out;
}

// Names and comments of coordinates that are not where the telescope looks.
constexpr std::string_view kNoPosition =
    "*rate*|*off*|*guid*|*track*|*err*|*temp*|*prog*|*frame*|*gra*|*para*|*range*|*raw*|*ramp*|*crval*|*sun*|*moon*|*"
    "pm*|*end*";
constexpr std::string_view kNoPositionSays =
    "*offset*|*rate*|*guide*|*error*|*proper*|*sun*|*moon*|*tracking*|*apparent*|*request*|*command*|*at "
    "end*|*refined*";

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

// The position that is read is of date, and another one says that it is not: reduction adds what the telescope's clock and
// axes were wrong by, but the other one may only be what was asked for.
void ask_for_frame(const Lesson& lesson, Draft& draft) {
  const std::string& read = lesson.views[0].facts->ra.keyword;
  const Keyword* used = lesson.find(read.substr(0, read.find(' ')));
  if (used == nullptr || !fits("*of date*|*apparent*", used->says)) return;
  for (const Keyword& ra : lesson.keywords) {
    if (ra.count == 0 || !fits("*j2000*|*icrs*", ra.says) || !fits("*ra*|*alpha*", to_lower(ra.name))) continue;
    for (const Keyword* dec : partners(lesson, ra.name)) {
      const std::string recipe = "position " + quoted_key(ra.name) + " " + quoted_key(dec->name);
      draft.guess(recipe, shown(ra.says));
    }
  }
  draft.fill_in("position RA DEC", used->name + " is of date; is one of those above better?");
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
    ask_for_frame(lesson, draft);
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
  std::stable_sort(pointings.begin(), pointings.end(),
                   [](const Pointing& a, const Pointing& b) { return a.rank > b.rank; });
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
        if (fits("*radian*|*[[(]rad*", ra.says))
          recipe = keys + " rad";
        else if (fits("*hour*|*[[(]h*", ra.says))
          recipe = keys + " hours";
        else
          recipe = keys + " deg";
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
        repeat_known(lesson, &ImageFacts::ra, draft, [](const Fact<double>& fact) {
          return fact.keyword == "WCS" || fact.keyword.starts_with("CRVAL");
        });
      draft.add(recipe + "    # " + why);
      for (std::size_t i = 0; i < now.size(); ++i) {
        if (!before[i]) before[i] = now[i];
        if (!at_all[i]) at_all[i] = now[i];
      }
    }
  }
}

}  // namespace imreg::camera
