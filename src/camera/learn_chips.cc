// Which HDUs are CCDs: errors and masks, amplifiers, numbers, planes of cubes.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

// HDUs that are no image of the sky, by their names. Upper case.
constexpr std::string_view kErrors =
    "ERR*|*_ERR|*ERROR*|*VAR|VAR*|*VARIANCE*|*UNCERT*|*SIGMA*|*NOISE*|*RMS*|*STDDEV*|*IVAR*";
constexpr std::string_view kQuality =
    "*QUAL*|DQ*|*_DQ|*FLAG*|*CONTEXT*|CTX|*EXPMAP*|*NEXP*|*CONF*|*COVERAGE*|*WAVELENGTH*|*SKYMODEL*|*BACKGROUND*";
constexpr std::string_view kMasks = "*MASK*|*BPM*|*BADPIX*|*WEIGHT*|WHT*|*_WHT";
constexpr std::string_view kOthers = "*GUID*|*FOCUS*|FN[0-9]*|FS[0-9]*|GN[0-9]*|GS[0-9]*";

void learn_hdus(const Lesson& lesson, Draft& draft) {
  std::set<std::string> seen;
  const auto judge = [&](const std::string& name) {
    if (name.empty() || !seen.insert(name).second) return;
    const std::string upper_case = to_upper(name);
    if (fits(kErrors, upper_case) || fits(kQuality, upper_case))
      draft.add("skip EXTNAME " + quoted_glob(name));
    else if (fits(kMasks, upper_case))
      draft.add("mask EXTNAME " + quoted_glob(name));
    else if (fits(kOthers, upper_case))
      draft.guess("skip EXTNAME " + quoted_glob(name), "is it a science CCD?");
  };
  for (const LearntFile& file : lesson.files) {  // not the views: what is no CCD often stands last
    for (const ImageFacts& image : file.facts.images)
      judge(std::string(trim(file.headers.hdus[file.cards.index_of_number(image.extension)].extname)));
  }
}

// Amplifiers: a keyword that is the same for some images of a file and another that differs in all of them.
void learn_amplifiers(const Lesson& lesson, Draft& draft) {
  std::map<const LearntFile*, std::vector<std::size_t>> rows;
  for (std::size_t i = 0; i < lesson.views.size(); ++i) rows[lesson.views[i].file].push_back(i);
  std::erase_if(rows, [](const auto& item) { return item.second.size() < 2; });
  if (rows.empty()) return;
  const auto texts = [](const Keyword& keyword, const std::vector<std::size_t>& at) {
    std::set<std::string> out;
    for (const std::size_t i : at) {
      if (!keyword.cards[i]) return std::set<std::string>();
      out.insert(keyword.cards[i]->text);
    }
    return out;
  };
  const auto everywhere = [&](const Keyword& keyword, auto good) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](const auto& item) { return good(texts(keyword, item.second).size(), item.second.size()); });
  };
  const Keyword *ccd = nullptr, *amp = nullptr;
  for (const Keyword& keyword : lesson.keywords) {
    const std::string name = to_lower(keyword.name);
    if (amp == nullptr && fits("*amp*|detsec|ccdsec|*detsec", name) &&
        everywhere(keyword, [](std::size_t n, std::size_t all) { return n == all; }))
      amp = &keyword;
    if (ccd == nullptr &&
        fits("ccdname|ccdnum|ccdid|chip|chipid|chipnum|chipname|ccd|detnum|detid|det_id|*ccd*name", name) &&
        everywhere(keyword, [](std::size_t n, std::size_t all) { return n > 0 && n < all; }))
      ccd = &keyword;
  }
  if (ccd == nullptr || amp == nullptr) return;
  // Sections differ between CCDs, too: only a CCD that is one of several makes them amplifiers.
  const bool several = everywhere(*ccd, [](std::size_t n, std::size_t) { return n > 1; });
  if (several || fits("*amp*", to_lower(amp->name)))
    draft.add("amps " + quoted_key(ccd->name) + " by " + quoted_key(amp->name) + "    # " + ccd->example + ", " +
              amp->example);
}

// "ccd" and 7 of ccd07: what stands before the digits at the end, and they.
std::optional<std::pair<std::string, std::size_t>> numbered(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') --at;
  long long number = 0;
  if (at == text.size() || at == 0 || text.size() - at > 5 || !parse_integer(text.substr(at), number))
    return std::nullopt;
  return std::pair(std::string(text.substr(0, at)), static_cast<std::size_t>(number));
}

void learn_ccd_names(const Lesson& lesson, Draft& draft) {
  std::size_t counted_only = 0;
  std::set<std::string> stems;
  bool all = true;
  for (const View& view : lesson.views) {
    if (view.facts->ccd.keyword == "order of the HDUs" || !view.facts->ccd.value) ++counted_only;
    const auto name = numbered(trim(view.file->headers.hdus[view.hdu].extname));
    // More than there are is no number of a CCD but that of a maker.
    all = all && name && name->second <= 2 * view.file->facts.images.size();
    if (name) stems.insert(name->first);
  }
  if (counted_only == 0) return;
  if (all && stems.size() == 1 && lesson.views.size() > lesson.files.size())
    draft.add("ccd EXTNAME match " + quoted_glob(*stems.begin() + "%d"));
}

// A number of the CCD where they are only counted: whole, and another one for each image of a file.
void learn_ccd(const Lesson& lesson, Draft& draft) {
  const auto is_counted = [](const View& view) {
    return !view.facts->ccd.value || view.facts->ccd.keyword == "order of the HDUs";
  };
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
      if (!one[i] || !exptime[i] || *one[i] <= 0 || !same_number(*one[i] * static_cast<double>(axes[2]), *exptime[i]))
        return false;
      ++cubes;
    }
    return cubes > 0;
  });
}

}  // namespace

void learn_chips(const Lesson& lesson, Draft& draft) {
  draft.add("");
  learn_hdus(lesson, draft);
  learn_amplifiers(lesson, draft);
  learn_ccd_names(lesson, draft);
}

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

}  // namespace imreg::camera
