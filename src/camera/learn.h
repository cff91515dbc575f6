// The rooms's own side of `imcamera learn` (imreg/camera_tools.h): what the files of one camera say, keyword by keyword,
// and the draft that grows from it.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "camera/reader.h"
#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg::camera {

/// A file to learn from, and what the table that the draft will refine makes of it.
struct LearntFile {
  LearntFile(FitsHeaders h, std::string name, LayoutCache& cache)
      : headers(std::move(h)), cards(headers, std::move(name), cache) {}
  LearntFile(const LearntFile&) = delete;
  const FitsHeaders headers;
  const FileCards cards;
  FileFacts facts;
};

/// A row of a file.
struct View {
  const LearntFile* file;
  std::size_t hdu;  ///< index into FitsHeaders::hdus
  const ImageFacts* facts;
};

using Numbers = std::vector<std::optional<double>>;  // one for each view
using Texts = std::vector<std::optional<std::string>>;

/// A keyword over all views: the card in the HDU of the pixels, else in the primary.
struct Keyword {
  std::string name;
  std::vector<std::optional<CardValue>> cards;
  std::size_t count = 0;   ///< views that have it with a value
  bool varies = false;     ///< not the same in all of them
  bool numeric = false;    ///< every value is a number
  std::string says;        ///< the comment of the first card that has one, in lower case
  std::string example;     ///< its first value, fit for a comment
};

struct Lesson {
  LayoutCache layouts;
  std::deque<LearntFile> files;
  std::vector<View> views;
  std::vector<Keyword> keywords;
  Chain base;
  std::string like;

  const Keyword* find(std::string_view name) const;
  /// What one recipe ("exptime LASTED min") would give for each view, read by the engine itself.
  Numbers numbers(Field field, const std::string& recipe, const Numbers* exptime = nullptr) const;
  Texts texts(Field field, const std::string& recipe) const;
  /// Right ascension and declination, one behind the other for each view.
  Numbers positions(const std::string& recipe) const;
  /// Whether the refined table has a recipe that begins with this keyword.
  bool base_knows(Field field, std::string_view keyword) const;
};

/// Globs that are divided by |, against lower-case text.
bool fits(std::string_view globs, std::string_view text);
/// A keyword as a table writes it.
std::string quoted_key(const std::string& keyword);
/// A text as one word of a table, and as a pattern that fits it (what has a meaning in patterns becomes ?).
std::string quoted_text(std::string_view text);
std::string quoted_glob(std::string_view text);
/// A text for comments: one short line.
std::string shown(std::string_view text);
std::size_t known(const Numbers& values);
/// Views where both are known and differ by no more than `tolerance`, and those where they differ by more.
struct Agreement {
  std::size_t equal = 0, different = 0;
  bool holds() const { return equal > 0 && different * 10 <= equal; }
};
Agreement agreement(const Numbers& a, const Numbers& b, double tolerance, double share = 0);

/// The lines of the draft, field by field.
class Draft {
 public:
  /// A line that is there already says nothing new.
  void add(std::string line) {
    if (line.empty() || std::find(lines_.begin(), lines_.end(), line) == lines_.end()) lines_.push_back(std::move(line));
  }
  void note(const std::string& text) { add("# " + text); }
  void guess(const std::string& line, const std::string& why) { add("# ? " + line + "    # " + why); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

/// The recipes of the refined table that gave a value: they go before a recipe that only fills what they leave.
template <class T, class Unless = bool (*)(const Fact<T>&)>
void repeat_known(const Lesson& lesson, Fact<T> ImageFacts::*member, Draft& draft,
                  Unless unless = [](const Fact<T>&) { return false; }) {
  std::vector<RecipeLine> lines;
  for (const View& view : lesson.views) {
    const Fact<T>& fact = view.facts->*member;
    const auto same = [&](const RecipeLine& l) { return l.table == fact.recipe.table && l.line == fact.recipe.line; };
    if (fact.value && !unless(fact) && fact.recipe.line > 0 && std::none_of(lines.begin(), lines.end(), same)) lines.push_back(fact.recipe);
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

// The parts of the draft: learn_fields.cc, learn_times.cc, learn_rules.cc.
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
