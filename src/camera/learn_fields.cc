// Fields of one keyword.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

// Adds a recipe for each keyword that says what the refined table does not know.
template <class T, class Read, class Equal>
void fill(const Lesson& lesson, Field field, Fact<T> ImageFacts::*member, Draft& draft, Read read, Equal equal) {
  std::vector<std::optional<T>> before = known_before(lesson, member);
  bool first = true, differ = false;
  const std::vector<Found> all = candidates(lesson, field, kLikely);
  for (const Found& found : all) {
    const std::vector<std::optional<T>> now = read(found.recipe);
    std::size_t fills = 0, contradicts = 0;
    weigh(before, now, fills, contradicts, equal);
    if (fills == 0) continue;
    const std::string why =
        found.keyword->example + (found.keyword->says.empty() ? "" : ": " + shown(found.keyword->says));
    // The table reads it and leaves it in these images: for a reason.
    const bool left = lesson.base_knows(field, found.keyword->name);
    const bool rivalled = std::any_of(all.begin(), all.end(), [&](const Found& other) {
      if (other.keyword == found.keyword || other.points != found.points) return false;
      std::size_t unused = 0, unequal = 0;
      weigh(now, read(other.recipe), unused, unequal, equal);
      return unequal > 0;
    });
    differ = differ || rivalled;
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
  if (differ && std::find(before.begin(), before.end(), std::nullopt) != before.end())
    draft.fill_in(std::string(name_of(field)) + " KEYWORD", "the keywords above differ: which of them is it?");
}

void learn_number(const Lesson& lesson, Field field, Fact<double> ImageFacts::*member, Draft& draft) {
  note_known(lesson, std::string(name_of(field)).c_str(), member, draft);
  fill(
      lesson, field, member, draft, [&](const std::string& recipe) { return lesson.numbers(field, recipe); },
      same_number);
}

void learn_text(const Lesson& lesson, Field field, Fact<std::string> ImageFacts::*member, Draft& draft) {
  note_known(lesson, std::string(name_of(field)).c_str(), member, draft);
  fill(
      lesson, field, member, draft, [&](const std::string& recipe) { return lesson.texts(field, recipe); },
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
  std::set<const LearntFile*> named;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::optional<std::string>& text = before[i];
    missing = missing || !text;
    several = several || (text && !name.empty() && *text != name);
    if (text) name = *text, named.insert(lesson.views[i].file);
  }
  if (!missing) return;
  const std::size_t files = lesson.files.size();
  // FITS's own keyword for it need not stand in most of them.
  const Keyword* standard = lesson.find("INSTRUME");
  const Keyword* telescope = lesson.find("TELESCOP");
  const bool by_standard = standard != nullptr && standard->count > 0;
  if (!several && (2 * named.size() > files || (by_standard && 2 * named.size() == files))) {
    draft.add("instrument = " + quoted_text(name) + "    # no other name stands in any image");
  } else if (!several && !by_standard && telescope != nullptr && !telescope->varies &&
             telescope->count == before.size()) {
    draft.add("instrument TELESCOP    # " + telescope->example + ": all images have it, and none has INSTRUME");
  } else {
    if (telescope != nullptr && telescope->count > 0) draft.guess("instrument TELESCOP", telescope->example);
    ask_for(lesson, "instrument = NAME", before, draft);
  }
}

}  // namespace

void learn_simple_fields(const Lesson& lesson, Draft& draft) {
  learn_text(lesson, Field::object, &ImageFacts::object, draft);
  learn_instrument(lesson, draft);
  learn_number(lesson, Field::airmass, &ImageFacts::airmass, draft);
  learn_number(lesson, Field::telfocus, &ImageFacts::telfocus, draft);
  learn_number(lesson, Field::rotangle, &ImageFacts::rotangle, draft);
  learn_number(lesson, Field::dettemp, &ImageFacts::dettemp, draft);
  for (const Field field : {Field::datasec, Field::biassec, Field::trimsec, Field::detsec})
    learn_section(lesson, field, draft);
  for (const Found& found : candidates(lesson, Field::pixscale, kTrusted)) {
    if (lesson.base_knows(Field::pixscale, found.keyword->name)) break;
    if (known(lesson.numbers(Field::pixscale, found.recipe)) == 0) continue;
    draft.guess(found.recipe, found.keyword->example);
    break;
  }
}

}  // namespace imreg::camera
