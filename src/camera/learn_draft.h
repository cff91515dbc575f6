// The draft of a camera table as it grows, and the parts that write it.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "camera/learn.h"

namespace imreg::camera {

/// The lines of the draft, field by field.
class Draft {
 public:
  /// A line that is there already says nothing new.
  void add(std::string line) {
    if (line.empty() || std::find(lines_.begin(), lines_.end(), line) == lines_.end())
      lines_.push_back(std::move(line));
  }
  void note(const std::string& text) { add("# " + text); }
  void guess(const std::string& line, const std::string& why) { add("# ? " + line + "    # " + why); }
  /// What the headers do not tell: a person must write it.
  void fill_in(const std::string& line, const std::string& why) { add("# fill in: " + line + "    # " + why); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

/// The recipes of the refined table that gave a value: they go before a recipe that only fills what they leave.
template <class T, class Unless = bool (*)(const Fact<T>&)>
void repeat_known(
    const Lesson& lesson, Fact<T> ImageFacts::*member, Draft& draft,
    Unless unless = [](const Fact<T>&) { return false; }) {
  std::vector<RecipeLine> lines;
  for (const View& view : lesson.views) {
    const Fact<T>& fact = view.facts->*member;
    const auto same = [&](const RecipeLine& l) { return l.table == fact.recipe.table && l.line == fact.recipe.line; };
    if (fact.value && !unless(fact) && fact.recipe.line > 0 && std::none_of(lines.begin(), lines.end(), same))
      lines.push_back(fact.recipe);
  }
  // As they stand: the lines of a refining table before those of the table it refines.
  const auto place = [&](const RecipeLine& line) {
    std::size_t at = 0;
    while (at < lesson.base.size() && lesson.base[at]->name != line.table) ++at;
    return std::pair(at, line.line);
  };
  std::sort(lines.begin(), lines.end(), [&](const RecipeLine& a, const RecipeLine& b) { return place(a) < place(b); });
  for (const RecipeLine& line : lines) draft.add(std::string(line.text) + "    # as in " + std::string(line.table));
}

constexpr int kTrusted = 4;  ///< points of evidence from which on a line is a recipe
constexpr int kLikely = 3;   ///< from which on it is a guess

/// A keyword that may give a field.
struct Found {
  int points;
  const Keyword* keyword;
  std::string recipe;
};

/// The best first, those with `least` points and more.
std::vector<Found> candidates(const Lesson& lesson, Field field, int least);
int points_for(Field field, const Keyword& keyword);
/// " min": the unit of a recipe by the comment of its card.
std::string unit_of(Field field, const Keyword& keyword);

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

// Asks for the values of the images that have none yet.
template <class T>
void ask_for(const Lesson& lesson, const char* line, const std::vector<std::optional<T>>& values, Draft& draft) {
  const auto missing = std::count_if(values.begin(), values.end(), [](const auto& value) { return !value; });
  if (missing > 0)
    draft.fill_in(line, "not learnt for " + std::to_string(missing) + " of " +
                            counted(static_cast<long long>(lesson.views.size()), "image"));
}

// How many views a candidate adds to what is known, and whether it contradicts that.
template <class T, class Equal>
void weigh(const std::vector<std::optional<T>>& before, const std::vector<std::optional<T>>& now, std::size_t& fills,
           std::size_t& contradicts, Equal equal) {
  fills = contradicts = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!now[i]) continue;
    if (!before[i])
      ++fills;
    else if (!equal(*before[i], *now[i]))
      ++contradicts;
  }
}

inline bool same_number(double a, double b) { return std::fabs(a - b) <= 1e-3 * (1 + std::fabs(a)); }

// The parts of the draft: learn_chips.cc, learn_rules.cc, learn_position.cc, learn_fields.cc, learn_exptime.cc,
// learn_times.cc.
void learn_chips(const Lesson& lesson, Draft& draft);
void learn_type(const Lesson& lesson, Draft& draft);
void learn_filter(const Lesson& lesson, Draft& draft);
void learn_position(const Lesson& lesson, Draft& draft);
void learn_simple_fields(const Lesson& lesson, Draft& draft);
/// Gives the exposure times that the draft will give.
Numbers learn_exptime(const Lesson& lesson, Draft& draft);
void learn_numbers_of_chips(const Lesson& lesson, const Numbers& exptime, Draft& draft);
void learn_obstime(const Lesson& lesson, const Numbers& exptime, Draft& draft);

}  // namespace imreg::camera
