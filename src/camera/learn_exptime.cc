// The length of the exposure, proved where it can be by its start and its end.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

// Time from the start to the end of the exposure, by every pair of keywords that say so.
struct Span {
  std::string recipe;
  Numbers seconds;
  bool of_exposure;  // and not of a whole observation
};

std::vector<Span> spans(const Lesson& lesson) {
  constexpr std::string_view kStart = "*start*|*strt*|*beg*|*open*|*-obs|*obs",
                             kEnd = "*end*|*stop*|*fin*|*close*|*-end";
  std::vector<const Keyword*> starts, ends;
  for (const Keyword& keyword : lesson.keywords) {
    const std::string name = to_lower(keyword.name);
    const bool time =
        keyword.numeric ? fits("*mjd*|*jd*", name) : header_date(keyword.example) || time_of_day(keyword.example);
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
        const bool good = std::all_of(span.seconds.begin(), span.seconds.end(),
                                      [](const auto& s) { return !s || (*s >= 0 && *s < 40000); });
        const bool some =
            std::any_of(span.seconds.begin(), span.seconds.end(), [](const auto& s) { return s && *s > 0; });
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

// Comments of the time of one of many frames.
constexpr std::string_view kOfAFrame =
    "*per image*|*per frame*|*per plane*|*/ frame*|*/frame*|*frame exp*|*each frame*|*each image*|*single frame*|*one "
    "frame*|*of a frame*";

// The time of a frame times the planes of the cube that holds them; nothing for images that are no cubes.
struct Planes {
  std::string recipe;
  Numbers seconds;
};
Planes of_all_planes(const Lesson& lesson, const Keyword* frame) {
  Planes out;
  if (frame == nullptr || !fits(kOfAFrame, frame->says)) return out;
  out.recipe = "exptime " + quoted_key(frame->name) + " * NAXIS3" + unit_of(Field::exptime, *frame);
  out.seconds = lesson.numbers(Field::exptime, out.recipe);
  return out;
}

bool same_where_known(const Numbers& a, const Numbers& b) {
  const Agreement both = agreement(a, b, 0.01, 0.005);
  return both.equal > 0 && both.different == 0;
}

// Whether it is the time of a frame times some numbers of frames, reads, scans: in all images, and not always once.
bool is_product(const Lesson& lesson, const Numbers& seconds) {
  std::vector<Numbers> frames, counts;
  constexpr std::size_t kMost = 6;
  for (const Keyword& keyword : lesson.keywords) {
    if (!keyword.numeric || keyword.count == 0) continue;
    if (frames.size() < kMost && fits(kOfAFrame, keyword.says))
      frames.push_back(lesson.numbers(Field::exptime, "exptime " + quoted_key(keyword.name) + " s"));
    if (counts.size() >= kMost || !fits("*number of*", keyword.says)) continue;
    Numbers count;
    for (const std::optional<CardValue>& card : keyword.cards) count.push_back(card ? card->number() : std::nullopt);
    const bool whole = std::all_of(count.begin(), count.end(),
                                   [](const auto& n) { return n && *n >= 1 && *n < 1e5 && *n == std::floor(*n); });
    if (whole) counts.push_back(std::move(count));
  }
  for (const Numbers& frame : frames) {
    for (unsigned chosen = 1; chosen < 1U << counts.size(); ++chosen) {
      Numbers product = frame;
      for (std::size_t c = 0; c < counts.size(); ++c) {
        if ((chosen >> c & 1U) == 0) continue;
        for (std::size_t i = 0; i < product.size(); ++i) {
          if (product[i]) *product[i] *= *counts[c][i];
        }
      }
      if (same_where_known(seconds, product) && agreement(frame, product, 0.01, 0.1).different > 0) return true;
    }
  }
  return false;
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
    const bool coadds =
        fits("*coadd*|*ncoad*|ndit|* ndit|numexp*|nexp|*_nexp|nsub*|numframe", name) ||
        fits("*number of coadd*|*number of co-add*|*coadds*|*number of integrations*|*number of exposures*summed*",
             count.says);
    if (!coadds || !count.numeric || base == nullptr) continue;
    const bool many = std::any_of(count.cards.begin(), count.cards.end(),
                                  [](const auto& card) { return card && card->number().value_or(1) > 1; });
    if (!many) continue;
    const std::string recipe =
        "exptime " + quoted_key(base->name) + " * " + quoted_key(count.name) + unit_of(Field::exptime, *base);
    const Numbers product = lesson.numbers(Field::exptime, recipe);
    const bool by_span = proved(product, all) && !proved(known_now, all);
    const bool by_words = fits("*per *|*each*|*single*|*individual*|*one *", base->says);
    if (by_span || by_words)
      take(recipe, product, by_span ? "end minus start says so" : shown(base->says), true);
    else
      draft.guess(recipe, shown(base->says) + "; " + shown(count.says));
    break;
  }
  const Planes planes = of_all_planes(lesson, base);
  for (const Found& found : candidates(lesson, Field::exptime, 2)) {
    // The unit that agrees with end minus start, else that of the comment.
    std::string recipe = found.recipe;
    Numbers now = lesson.numbers(Field::exptime, recipe);
    bool sure = proved(now, all) || same_where_known(planes.seconds, now);
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
    // A keyword of the plain name is not given up for one with a better comment.
    const bool plain_base = base != nullptr && (base->name == "EXPTIME" || base->name == "EXPOSURE");
    const bool better =
        contradicts > 0 && (sure || (worse_base && !plain_base)) && !proved(known_now, all) && found.points >= kTrusted;
    if (fills == 0 && !better) continue;
    const std::string why =
        found.keyword->example + (found.keyword->says.empty() ? "" : ": " + shown(found.keyword->says));
    if (better || (contradicts == 0 && (sure || found.points >= kTrusted)))
      take(recipe, now, why, better);
    else if (found.points >= kLikely)
      draft.guess(recipe, why);
  }
  if (known(planes.seconds) > 0 && !same_where_known(planes.seconds, known_now))
    take(planes.recipe, planes.seconds, shown(base->says) + ": the cube holds them all", true);
  if (known(known_now) == 0) {
    // The longest is all of it, and not one of several beams.
    const Found* longest = nullptr;
    Numbers most;
    const std::vector<Found> likely = candidates(lesson, Field::exptime, 1);
    for (const Found& found : likely) {
      Numbers now = lesson.numbers(Field::exptime, found.recipe);
      const auto longer = [](const auto& a, const auto& b) { return a.value_or(0) > b.value_or(0); };
      if (!is_product(lesson, now) || (longest != nullptr && !std::equal(now.begin(), now.end(), most.begin(), longer)))
        continue;
      longest = &found;
      most = std::move(now);
    }
    if (longest != nullptr)
      take(longest->recipe, most, longest->keyword->example + ": time of a frame, times the numbers of them", false);
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
  ask_for(lesson, "exptime KEYWORD s", known_now, draft);
  return known_now;
}

}  // namespace imreg::camera
