// Types and filters: what is learnt from the texts that headers hold.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

// What a text of a type keyword means, by its stem; the first line that fits. Upper case. Empty: no type of image here.
struct Stem {
  std::string_view word, globs;
};
constexpr Stem kTypes[] = {
    {"", "*ARC*|*COMP*|*WAVE*|*FOCUS*|*ACQ*|*TEST*|*GCAL*|*FPS*|*ALIGN*|*POINTING*"},
    {"bias", "*BIAS*|ZERO*|*ZERO|*ZERO*FRAME*"},
    {"mask", "*BADPIX*|*BPM*|*MASK*"},
    {"fringe", "*FRINGE*"},
    {"flat", "*FLAT*|*TWILIGHT*|*DOME*|FF|FF[ ,_-]*|*,FF|*_FF*|LED*"},
    {"dark", "*DARK*"},
    {"", "*LAMP*|*CAL*"},
    {"object",
     "*OBJECT*|*SCIENCE*|SCI|LIGHT*|*TARGET*|SKY*|*STANDARD*|STD*|*OBSERV*|OBJ|*,OBJ|*STAR*|OBJ[ "
     ",_-]*|ON|ASTR*|*IMAG*EXPOS*"},
};

const Stem* stem_of(std::string_view text) {
  const std::string upper_case = to_upper(trim(text));
  for (const Stem& stem : kTypes) {
    if (fits(stem.globs, upper_case)) return &stem;
  }
  return nullptr;
}

// Texts of filters that let all light through.
constexpr std::string_view kClear =
    "clear*|open*|none|empty*|air|free*|blank*|hole*|out|no filter|nofilter|no_filter|clr*|null|-";

std::set<std::string> texts_of(const Keyword& keyword) {
  std::set<std::string> out;
  for (const std::optional<CardValue>& card : keyword.cards) {
    if (card) out.insert(std::string(trim(card->text)));
  }
  return out;
}

// Whether keyword names a type of image, judged by its values.
struct TypeKeyword {
  const Keyword* keyword;
  std::size_t known = 0, fills = 0;
  int points = 0;
};

std::vector<TypeKeyword> type_keywords(const Lesson& lesson) {
  std::vector<TypeKeyword> out;
  for (const Keyword& keyword : lesson.keywords) {
    const std::string name = to_lower(keyword.name);
    TypeKeyword found{&keyword};
    if (fits(
            "*obstype*|imagetyp|imagetype|*imgty*|*imgtype|*dpr type|*frametype|*exptype|*frametyp|*obs_type|*data-typ",
            name))
      found.points = 3;
    else if (fits("*typ*|*kind*|*purpose*|*intent*|*what*", name))
      found.points = 2;
    else if (fits("*mode*|*catg*|*class*|*prog*|*frame*|flavor|*product*", name))
      found.points = 1;
    if (fits("*type of*|*image type*|*observation type*|*exposure type*|*kind of*|*frame type*|*data type*|*purpose*",
             keyword.says))
      found.points += 2;
    if (found.points == 0 || keyword.numeric || fits("ctype*|*xten*|*targ*|*trg*|*scan*|dettype|*filt*|object", name))
      continue;
    for (std::size_t i = 0; i < keyword.cards.size(); ++i) {
      const Stem* stem = keyword.cards[i] ? stem_of(keyword.cards[i]->text) : nullptr;
      if (stem == nullptr || stem->word.empty()) continue;
      ++found.known;
      if (!lesson.views[i].facts->type.value) ++found.fills;
    }
    if (found.known * 2 >= keyword.count && found.fills > 0) out.push_back(found);
  }
  std::stable_sort(out.begin(), out.end(), [](const TypeKeyword& a, const TypeKeyword& b) {
    return a.points != b.points ? a.points > b.points : a.fills > b.fills;
  });
  return out;
}

// The lines that the word list lacks for the texts of a keyword.
void learn_words(const Lesson& lesson, const Keyword& keyword, Draft& draft) {
  const Texts read = lesson.texts(Field::type, "type " + quoted_key(keyword.name) + " words type");
  std::map<std::string_view, std::set<std::string>> lines;
  for (std::size_t i = 0; i < keyword.cards.size(); ++i) {
    if (!keyword.cards[i] || read[i]) continue;
    const std::string text(trim(keyword.cards[i]->text));
    const Stem* stem = stem_of(text);
    lines[stem == nullptr ? "" : stem->word].insert(text);
  }
  constexpr std::size_t kMost = 24;
  for (const auto& [word, texts] : lines) {
    std::size_t shown_texts = 0;
    for (const std::string& text : texts) {
      if (++shown_texts > kMost) break;
      if (word.empty())
        draft.guess("words type WORD " + quoted_glob(shown(text)), "what does it mean?");
      else
        draft.add("words type " + std::string(word) + " " + quoted_glob(text));
    }
  }
}

// Keywords of a WCS of the sky (or of the sun), and of a plate solution.
constexpr std::pair<std::string_view, std::string_view> kSkies[] = {{"CTYPE1", "RA*|DEC*|HPL*|CRL*|GL*|EL*|SOL*|HG*"},
                                                                    {"AMDX1", "*"}};

bool has_sky(const Lesson& lesson, std::size_t i) {
  return std::any_of(std::begin(kSkies), std::end(kSkies), [&](const auto& sky) {
    const Keyword* axis = lesson.find(sky.first);
    return axis != nullptr && axis->cards[i] && fits(to_lower(sky.second), to_lower(axis->cards[i]->text));
  });
}

// A text that the refined table does not know of a keyword for types that it knows: object, when all images that have it
// and say by another keyword what they are say that, and the others have a sky.
void learn_words_of_companions(const Lesson& lesson, const std::vector<TypeKeyword>& found, std::vector<bool>& left,
                               Draft& draft) {
  std::vector<std::string> known;  // the type of each image, as far as it is
  for (std::size_t i = 0; i < lesson.views.size(); ++i) {
    known.push_back(lesson.views[i].facts->type.value.value_or(""));
    const Stem* stem =
        !found.empty() && found[0].keyword->cards[i] ? stem_of(found[0].keyword->cards[i]->text) : nullptr;
    if (known[i].empty() && stem != nullptr) known[i] = stem->word;
  }
  for (const Keyword& keyword : lesson.keywords) {
    if (keyword.name == "OBJECT" || keyword.numeric || !lesson.base_knows(Field::type, keyword.name)) continue;
    const Texts read = lesson.texts(Field::type, "type " + quoted_key(keyword.name) + " words type");
    for (const std::string& text : texts_of(keyword)) {
      if (stem_of(text) != nullptr || text.find_first_of("0123456789") != text.npos) continue;
      bool missing = false, unread = true, is_object = true, told = false;
      const auto has = [&](std::size_t i) { return keyword.cards[i] && trim(keyword.cards[i]->text) == text; };
      for (std::size_t i = 0; i < known.size(); ++i) {
        if (!has(i)) continue;
        unread = unread && !read[i];
        told = told || !known[i].empty();
        missing = missing || known[i].empty();
        is_object = is_object && (known[i].empty() ? has_sky(lesson, i) : known[i] == "object");
      }
      if (!unread || !missing || !told || !is_object) continue;
      draft.add("words type object " + quoted_glob(text) + "    # beside OBJECT in other images, and here with a sky");
      for (std::size_t i = 0; i < known.size(); ++i) left[i] = left[i] && !has(i);
    }
  }
}

}  // namespace

void learn_type(const Lesson& lesson, Draft& draft) {
  std::size_t missing = 0;
  std::string keyword;
  for (const View& view : lesson.views) {
    if (!view.facts->type.value)
      ++missing;
    else if (keyword.empty())
      keyword = view.facts->type.keyword;
  }
  draft.note("type: " + lesson.like + " knows it for " + std::to_string(lesson.views.size() - missing) + " of " +
             counted(static_cast<long long>(lesson.views.size()), "image") +
             (keyword.empty() ? "" : ", by " + shown(keyword)));
  if (missing == 0) return;
  std::vector<bool> left;  // images that no word speaks of
  for (const View& view : lesson.views) left.push_back(!view.facts->type.value);
  const std::vector<TypeKeyword> found = type_keywords(lesson);
  if (!found.empty()) {
    const Keyword& best = *found.front().keyword;
    learn_words(lesson, best, draft);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = left[i] && !best.cards[i];
    if (!lesson.base_knows(Field::type, best.name)) {
      repeat_known(lesson, &ImageFacts::type, draft);
      // A mode is no type where a keyword for types says that this is none of ours.
      const bool weak = found.front().points < 2;
      draft.add("type " + quoted_key(best.name) + " words type" +
                (weak ? " unless OBSTYPE ARC*|COMP*|FOCUS*|ACQ* unless IMAGETYP ARC*|COMP*|FOCUS*|ACQ*" : "") +
                "    # " + best.example);
    }
  }
  learn_words_of_companions(lesson, found, left, draft);
  // A keyword that the table knows, with texts that it does not.
  for (const Keyword& known_keyword : lesson.keywords) {
    const bool type = known_keyword.name != "OBJECT" && lesson.base_knows(Field::type, known_keyword.name);
    if (!type || known_keyword.numeric || known_keyword.count == 0) continue;
    if (found.empty() || std::find(left.begin(), left.end(), true) != left.end())
      learn_words(lesson, known_keyword, draft);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = left[i] && !known_keyword.cards[i];
  }
  // No word at all, but a sky: raw calibrations say what they are, products of the sky need not.
  if (std::find(left.begin(), left.end(), true) == left.end()) return;
  bool first = true;
  for (const auto& [sky, globs] : kSkies) {
    const Keyword* axis = lesson.find(sky);
    std::size_t fills = 0;
    for (std::size_t i = 0; axis != nullptr && i < left.size(); ++i) {
      if (!left[i] || !axis->cards[i] || !fits(to_lower(globs), to_lower(axis->cards[i]->text))) continue;
      left[i] = false;
      ++fills;
    }
    if (fills == 0) continue;
    if (std::exchange(first, false)) repeat_known(lesson, &ImageFacts::type, draft);
    draft.add("type = object if " + std::string(sky) + " " + std::string(globs) +
              " unless OBSTYPE * unless IMAGETYP *    # no keyword says it, but they have a sky");
  }
  const auto unknown = std::count(left.begin(), left.end(), true);
  if (unknown == 0) return;
  draft.guess("type = object", "no keyword says what some images are");
  draft.fill_in("type = WORD if KEYWORD TEXT", "not learnt for " + std::to_string(unknown) + " of " +
                                                   counted(static_cast<long long>(lesson.views.size()), "image"));
}

namespace {

// "4308 (6)": the name of a filter and the place of its wheel.
bool is_name_with_place(std::string_view text) {
  const std::size_t open = text.rfind(" (");
  return open != text.npos && open > 0 && text.ends_with(")") && text.size() > open + 3 &&
         text.substr(open + 2, text.size() - open - 3).find_first_not_of("0123456789") == text.npos;
}

// No keyword is called a filter: one whose texts are filters of the lists, or names with their places; else who reads
// the draft is asked, with the codes that stand there.
void learn_other_filter(const Lesson& lesson, Draft& draft) {
  const auto take = [&](const std::string& recipe, const Keyword& keyword, const std::string& why) {
    repeat_known(lesson, &ImageFacts::filter, draft);
    draft.add(recipe + "    # " + keyword.example + ": " + why);
    const Texts now = lesson.texts(Field::filter, recipe);
    Texts all = known_before(lesson, &ImageFacts::filter);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i]) all[i] = now[i];
    }
    ask_for(lesson, "filter KEYWORD", all, draft);
  };
  const Keyword* codes = nullptr;
  for (const Keyword& keyword : lesson.keywords) {
    const std::string name = to_lower(keyword.name);
    if (keyword.count == 0 || fits("*temp*|*stat*|*serial*|*ver*", name)) continue;
    const std::set<std::string> texts = texts_of(keyword);
    const auto all = [&](auto good) { return std::all_of(texts.begin(), texts.end(), good); };
    if (fits("*filt*|*flt*", name) && all(is_name_with_place))
      return take("filter " + quoted_key(keyword.name) + " match \"%s (*\"", keyword, "a name and its place");
    // A letter may mean anything, and patterns of the lists fit numbers.
    const auto is_listed = [&](const std::string& text) {
      return text.size() >= 4 && fits("[a-z]*", to_lower(text)) && lesson.names_filter(text);
    };
    const bool of_light = fits("*wave*|*line*|*band*|*chan*|*pass*", name + " " + keyword.says);
    if (!keyword.numeric && of_light && all(is_listed))
      return take("filter " + quoted_key(keyword.name) + " text", keyword, "filters of the lists");
    constexpr std::size_t kMostCodes = 24;
    const bool of_filters =
        fits("*filt*|*bandp*|*passb*", name) || fits("*filter*|*bandpass*|*passband*", keyword.says);
    const bool whole =
        std::all_of(keyword.cards.begin(), keyword.cards.end(), [](const std::optional<CardValue>& card) {
          const double number = card ? card->number().value_or(0.5) : 0;
          return number >= 0 && number < 1000 && number == static_cast<int>(number);
        });
    if (codes == nullptr && of_filters && keyword.numeric && whole && texts.size() <= kMostCodes) codes = &keyword;
  }
  if (codes != nullptr) {
    for (const std::string& text : texts_of(*codes))
      draft.fill_in("filter = NAME if " + quoted_key(codes->name) + " " + text + ".." + text, shown(codes->says));
  } else {
    ask_for(lesson, "filter KEYWORD", known_before(lesson, &ImageFacts::filter), draft);
  }
}

}  // namespace

void learn_filter(const Lesson& lesson, Draft& draft) {
  std::size_t missing = 0, clear_read = 0;
  std::string by;
  for (const View& view : lesson.views) {
    const Fact<std::string>& filter = view.facts->filter;
    if (!filter.value)
      ++missing;
    else if (by.empty())
      by = filter.keyword;
    if (filter.value && fits(kClear, to_lower(*filter.value)) && !equal_nocase(*filter.value, "CLEAR")) ++clear_read;
  }
  draft.note("filter: " + lesson.like + " knows it for " + std::to_string(lesson.views.size() - missing) + " of " +
             counted(static_cast<long long>(lesson.views.size()), "image") + (by.empty() ? "" : ", by " + shown(by)));
  std::vector<const Keyword*> wheels, likely;
  for (const Keyword& keyword : lesson.keywords) {
    const std::string name = to_lower(keyword.name);
    if (keyword.numeric || keyword.count == 0) continue;
    if (fits("*pos*|*id|*num*|*wav*|*width*|*fwhm*|*cen*|*sys*|*temp*|*stat*|*enc*|*mode*|*type|*no|*mech*|*home*|*bw*|"
             "*slot*|*trans*|*zp*|*offset*|*off*",
             name))
      continue;
    if (fits("*position*|*number*|*width*|*central*|*temp*|*status*|*wavelength "
             "of*|*encoder*|*barcode*|*serial*|*url*|*file*|*offset*|*zero*|*digital*|*signal*|*guid*|*meter*",
             keyword.says))
      continue;
    const bool named = fits("*filt*|*wheel*|*flt*|band", name);
    const bool said = fits("*filter*|*bandpass*|*passband*", keyword.says);
    if (named)
      wheels.push_back(&keyword);
    else if (said)
      likely.push_back(&keyword);
  }
  if (wheels.empty() && !likely.empty()) wheels.push_back(likely.front());
  if (wheels.empty()) {
    if (missing > 0) learn_other_filter(lesson, draft);
    return;
  }
  // A name that never changes while the wheels turn.
  std::set<std::string> read_names;
  for (const View& view : lesson.views) read_names.insert(view.facts->filter.value.value_or(""));
  const bool constant = missing == 0 && read_names.size() == 1 && lesson.files.size() > 2;
  if (constant) {
    std::erase_if(wheels, [&](const Keyword* wheel) { return by.find(wheel->name) != by.npos; });
    if (std::none_of(wheels.begin(), wheels.end(), [](const Keyword* wheel) { return wheel->varies; })) return;
  }
  if (missing == 0 && clear_read == 0 && !constant) return;
  // Wheels differ in a digit or letter at the end of their names; take the family that speaks most.
  std::map<std::string, std::vector<const Keyword*>> families;
  for (const Keyword* wheel : wheels) {
    std::string stem;
    for (const char c : wheel->name) stem += c >= '0' && c <= '9' ? '#' : c;
    families[stem].push_back(wheel);
  }
  const auto total = [](const std::vector<const Keyword*>& family) {
    std::size_t out = 0;
    for (const Keyword* wheel : family) out = std::max(out, wheel->count);
    return out;
  };
  std::vector<std::vector<const Keyword*>> order;
  for (auto& [stem, family] : families) order.push_back(family);
  std::stable_sort(order.begin(), order.end(), [&](const auto& a, const auto& b) { return total(a) > total(b); });
  if (missing == 0 && !constant) {
    // Only the name of a clear place is wrong: the keywords are those that were read.
    std::erase_if(order, [&](const auto& family) { return by.find(family[0]->name) == by.npos; });
  }
  if (order.empty()) return;
  std::set<std::string> clears;
  std::string recipe = "filter ";
  constexpr std::size_t kMostWheels = 6;
  std::vector<const Keyword*>& best = order.front();
  if (best.size() > kMostWheels) best.resize(kMostWheels);
  for (const Keyword* wheel : best) {
    recipe += (wheel == best.front() ? "" : " + ") + quoted_key(wheel->name);
    for (const std::string& text : texts_of(*wheel)) {
      if (fits(kClear, to_lower(text))) clears.insert(text);
    }
  }
  recipe += " text";
  if (!clears.empty()) {
    std::string globs;
    for (const std::string& text : clears) {
      std::string glob = quoted_glob(text);
      std::erase(glob, '"');
      globs += (globs.empty() ? "" : "|") + glob;
    }
    recipe += " drop \"" + globs + "\" else CLEAR";
  }
  const Texts now = lesson.texts(Field::filter, recipe);
  std::size_t fills = 0;
  for (std::size_t i = 0; i < now.size(); ++i) fills += now[i] && !lesson.views[i].facts->filter.value ? 1 : 0;
  if (fills > 0 && clear_read == 0 && !constant) repeat_known(lesson, &ImageFacts::filter, draft);
  if (fills > 0 || clear_read > 0 || constant)
    draft.add(recipe + "    # " + best.front()->example +
              (best.front()->says.empty() ? "" : ": " + shown(best.front()->says)));
}

}  // namespace imreg::camera
