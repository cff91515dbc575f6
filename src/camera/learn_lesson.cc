// What the files of one camera say, keyword by keyword, and what a recipe would give for each of them.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "camera/learn.h"

namespace imreg::camera {

namespace {

// A table of this recipe alone: those of the refined table do not count for its field.
Table table_of(Field field, const std::string& recipe) {
  Result<Table> table = parse_recipes(recipe, "draft");
  Table out = table ? *std::move(table) : Table();
  out.forgotten[index_of(field)] = true;
  return out;
}

template <class Use>
void each_view(const Lesson& lesson, Field field, const std::string& recipe, Use use) {
  const Table table = table_of(field, recipe);
  Chain chain{&table};
  chain.insert(chain.end(), lesson.base.begin(), lesson.base.end());
  for (std::size_t i = 0; i < lesson.views.size(); ++i) {
    const View& view = lesson.views[i];
    const Place place{view.file->cards, view.hdu};
    const std::shared_ptr<const Plan> plan = make_plan(chain, place);
    use(Reader(chain, *plan, place, false), i);
  }
}

}  // namespace

const Keyword* Lesson::find(std::string_view name) const {
  const auto it = std::find_if(keywords.begin(), keywords.end(), [&](const Keyword& k) { return k.name == name; });
  return it == keywords.end() ? nullptr : &*it;
}

Numbers Lesson::numbers(Field field, const std::string& recipe, const Numbers* exptime) const {
  Numbers out(views.size());
  each_view(*this, field, recipe, [&](const Reader& reader, std::size_t i) {
    if (dimension_of(field) == Dimension::date) {
      out[i] = reader.time(field, exptime == nullptr ? std::nullopt : (*exptime)[i]).value;
    } else if (field == Field::ccd) {
      const std::optional<int> ccd = reader.ccd().value;
      if (ccd) out[i] = *ccd;
    } else {
      out[i] = reader.number(field).value;
    }
  });
  return out;
}

Texts Lesson::texts(Field field, const std::string& recipe) const {
  Texts out(views.size());
  each_view(*this, field, recipe, [&](const Reader& reader, std::size_t i) {
    out[i] = dimension_of(field) == Dimension::section ? reader.section(field).value : reader.text(field).value;
  });
  return out;
}

Numbers Lesson::positions(const std::string& recipe) const {
  Numbers out(2 * views.size());
  each_view(*this, Field::position, recipe, [&](const Reader& reader, std::size_t i) {
    Fact<double> ra, dec;
    reader.position(ra, dec, views[i].facts->obstime.value);
    out[2 * i] = ra.value;
    out[2 * i + 1] = dec.value;
  });
  return out;
}

bool Lesson::base_knows(Field field, std::string_view keyword) const {
  for (const Table* table : base) {
    for (const Recipe& recipe : table->recipes[index_of(field)]) {
      if (!recipe.sources.empty() && recipe.sources[0].keyword == keyword) return true;
    }
    if (table->forgotten[index_of(field)]) break;
  }
  return false;
}

bool fits(std::string_view globs, std::string_view text) {
  for (const std::string_view glob : split(globs, '|')) {
    if (!glob.empty() && glob_match(glob, text)) return true;
  }
  return false;
}

std::string quoted_key(const std::string& keyword) {
  return keyword.find(' ') == keyword.npos ? keyword : '"' + keyword + '"';
}

std::string quoted_text(std::string_view text) {
  std::string out;
  for (const char c : visible(trim(text))) out += c == '"' ? '\'' : c;
  return '"' + out + '"';
}

std::string quoted_glob(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '|' && c != '[' && c != ']' && c != '*';
    out += plain ? c : '?';
  }
  // "1..2" would be a range, and & joins conditions.
  if (range_of(out)) out[out.find('.')] = '?';
  const bool bare = !out.empty() && out != "&" && out.find_first_of(" #") == out.npos;
  return bare ? out : '"' + out + '"';
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string out;
  for (const char c : trim(text).substr(0, kLongest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

std::size_t known(const Numbers& values) {
  return static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [](const auto& v) { return v.has_value(); }));
}

Agreement agreement(const Numbers& a, const Numbers& b, double tolerance, double share) {
  Agreement out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i] || !b[i]) continue;
    const bool equal = std::fabs(*a[i] - *b[i]) <= tolerance + share * std::fabs(*a[i]);
    ++(equal ? out.equal : out.different);
  }
  return out;
}

}  // namespace imreg::camera
