// What the files of one camera say, keyword by keyword, for `imcamera learn` (imreg/camera_tools.h).
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
  std::size_t count = 0;  ///< views that have it with a value
  bool varies = false;    ///< not the same in all of them
  bool numeric = false;   ///< every value is a number
  std::string says;       ///< the comment of the first card that has one, in lower case
  std::string example;    ///< its first value, fit for a comment
};

struct Lesson {
  LayoutCache layouts;
  std::deque<LearntFile> files;
  std::vector<View> views;
  std::vector<Keyword> keywords;
  Chain base;
  std::string like;
  std::function<bool(const std::string&)> names_filter;  ///< whether a filter list has the text

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

}  // namespace imreg::camera
