// The checks are independent of the recipes: they look at cards that say the same thing in another way.
#include "camera/coverage.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "camera/cards.h"
#include "camera/fact_rows.h"
#include "camera/header_time.h"
#include "camera/pattern.h"
#include "imreg/date.h"
#include "sky/angle.h"
#include "sky/time_scale.h"

namespace imreg::camera {

namespace {

constexpr double kDay = 86400;
constexpr double kLongest = 1e5;    // of an exposure, seconds
constexpr double kLongestBias = 1;  // likewise
constexpr double kFarOff = 5;       // of the pointing from the centre of the image, degrees

// A text that speaks of one of the database's types: a lost one is worth a look. Arcs and acquisitions are none of them.
bool speaks_of_a_type(std::string_view text) {
  static const Globs kStems = {"*bias*", "*zero*", "*dark*", "*flat*", "*obj*", "*sci*", "*mask*", "*fringe*"};
  return matches(kStems, text);
}

std::string day_of(double time) { return format_iso(time).substr(0, 10); }

// The cards that speak about one image.
class Witness {
 public:
  Witness(const FileCards& cards, const ImageFacts& image) : place_{cards, cards.index_of_number(image.extension)} {}

  // Of the own HDU, else of the primary.
  std::optional<double> number(const char* keyword) const {
    std::optional<double> out;
    each(keyword, [&](const CardView& value) { return (out = value.number()).has_value(); });
    return out;
  }
  std::optional<HeaderDate> date(const char* keyword) const {
    std::optional<HeaderDate> out;
    each(keyword, [&](const CardView& value) { return (out = header_date(value.text)).has_value(); });
    return out;
  }

 private:
  template <class Use>
  void each(const char* keyword, Use use) const {
    each_card(place_, Source(keyword, Scope::inherited),
              [&](const CardView& value, std::size_t) { return use(value); });
  }
  Place place_;
};

class Judge {
 public:
  Judge(const Witness& witness, const FileFacts& file, const ImageFacts& image, double now)
      : witness_(witness), file_(file), image_(image), now_(now), type_(image.type.value.value_or("")) {}

  // Why a value is doubtful; empty when it is not.
  std::string against(std::string_view field) const {
    if (field == "obstime") return against_obstime();
    if (field == "exptime") return against_exptime();
    if (field == "type") return against_type();
    if (field == "filter")
      return doubt("filter is not in the filter list", image_.physical_filter).empty() ? ""
                                                                                       : "is not in the filter list";
    if (field == "ra" || field == "dec") return against_pointing();
    if (field == "airmass" && (*image_.airmass.value < 0.99 || *image_.airmass.value > 40)) return "is no airmass";
    if (field == "object") return against_text(*image_.object.value);
    if (field == "instrument") return against_text(*image_.instrument.value);
    if (field == "ccd") return against_ccd();
    if (field == "dettemp" && (*image_.dettemp.value < -273.15 || *image_.dettemp.value > 60))
      return "is no temperature of a detector";
    return "";
  }

  // Why there is no value although a card says something; empty when none does.
  std::string unused(std::string_view field) const {
    if (field == "obstime") return doubt("obstime is not known");
    if (field == "exptime") return doubt("exptime is not known");
    if (field == "ra" || field == "dec") return doubt("ra and dec are not known");
    if (field == "airmass") return doubt("airmass is not known");
    if (field != "type") return "";
    const auto lost = std::find_if(image_.lost.begin(), image_.lost.end(), [](const LostCard& card) {
      return card.field == "type" && card.reason.starts_with("is not in the word list") && speaks_of_a_type(card.text);
    });
    return lost == image_.lost.end() ? "" : lost->keyword + " \"" + lost->text + "\" " + lost->reason;
  }

  // Whether an image of this type need not have the field.
  bool is_unneeded(std::string_view field) const {
    const bool mask = type_ == "mask";
    const bool dark = type_ == "bias" || type_ == "dark" || mask;
    if (field == "filter") return dark && !mask;
    if (field == "ra" || field == "dec" || field == "airmass" || field == "object")
      return dark || type_ == "flat" || type_ == "fringe" || type_ == "scatter";
    return mask && (field == "obstime" || field == "exptime" || field == "dettemp");
  }

  // What the header has, for a value that is not known.
  std::string why_unknown(std::string_view field) const {
    const std::string_view recipes = field == "ra" || field == "dec" ? "position" : field;
    for (const LostCard& card : image_.lost) {
      // A card whose comment speaks of something else has nothing to say here.
      if (card.field == recipes && !card.reason.starts_with("its comment"))
        return card.keyword + " \"" + card.text + "\" " + card.reason;
    }
    return "no keyword of its recipes is there";
  }

 private:
  std::string doubt(std::string_view kind, std::string_view cause = {}) const {
    for (const Doubt& doubt : file_.doubts) {
      if (doubt.kind == kind && (cause.empty() || doubt.cause == cause)) return doubt.text;
    }
    return "";
  }

  std::string against_obstime() const {
    const double time = *image_.obstime.value;
    if (time > now_ + kDay) return "is in the future";
    if (const CivilDate date = civil_from_days(static_cast<long long>(std::floor(time / kDay))); date.year < 1840)
      return "is before 1840";
    for (const char* kind :
         {"the times contradict each other", "only the day of the observation is known, not the time"}) {
      if (std::string text = doubt(kind); !text.empty()) return text;
      if (std::find(file_.warnings.begin(), file_.warnings.end(), kind) != file_.warnings.end()) return kind;
    }
    if (const auto made = witness_.date("DATE")) {
      const double latest = made->day + made->time_of_day.value_or(kDay) + kDay;
      if (time > latest) return "is after DATE (" + day_of(made->day) + "), when the file was made";
    }
    for (const char* keyword : {"MJD-OBS", "MJD_OBS", "MJD-BEG", "MJD-STR"}) {
      const auto mjd = witness_.number(keyword);
      if (mjd && *mjd > 1000 && *mjd < 100000 && std::fabs(time_from_mjd(*mjd) - time) > kDay)
        return std::string(keyword) + " is another day (" + day_of(time_from_mjd(*mjd)) + ")";
    }
    for (const char* keyword : {"DATE-OBS", "DATE-BEG"}) {
      // A table may know better in which order day and month stand.
      if (image_.obstime.keyword.find(keyword) != std::string::npos) continue;
      const auto date = witness_.date(keyword);
      if (date && std::fabs(date->day + date->time_of_day.value_or(kDay / 2) - time) > 1.5 * kDay)
        return std::string(keyword) + " is another day (" + day_of(date->day) + ")";
    }
    return "";
  }

  // From the first to the last moment of the exposure, as the header has them.
  std::optional<double> span() const {
    for (const auto& [from, to] : {std::pair("DATE-BEG", "DATE-END"), {"DATE-OBS", "DATE-END"}}) {
      const auto a = witness_.date(from), b = witness_.date(to);
      if (a && b && a->time_of_day && b->time_of_day) return b->day + *b->time_of_day - a->day - *a->time_of_day;
    }
    const auto a = witness_.number("MJD-OBS"), b = witness_.number("MJD-END");
    return a && b && *a > 0 ? std::optional((*b - *a) * kDay) : std::nullopt;
  }

  std::string against_exptime() const {
    const double seconds = *image_.exptime.value;
    if (seconds < 0 || seconds > kLongest) return "is outside 0..100000 s";
    const auto whole = span();
    if (whole && *whole > 0 && seconds > 1.1 * *whole + 2)
      return "is longer than from the begin to the end that the header tells (" + std::to_string(std::llround(*whole)) +
             " s)";
    return "";
  }

  std::string against_type() const {
    const std::optional<double> seconds = image_.exptime.value;
    if (type_ == "bias" && seconds && *seconds > kLongestBias) return "a bias that was exposed";
    if (type_ == "dark" && seconds && *seconds == 0) return "a dark of 0 s";
    if (type_ == "object" && seconds && *seconds == 0) return "an object that was exposed for 0 s";
    return "";
  }

  std::string against_pointing() const {
    const double ra = image_.ra.value.value_or(0), dec = image_.dec.value.value_or(0);
    if (!(ra >= 0 && ra <= 360 && dec >= -90 && dec <= 90)) return "is no position";
    if (!image_.ccdra.value || !image_.ccddec.value || !(type_.empty() || type_ == "object")) return "";
    const double apart = separation({ra, dec}, {*image_.ccdra.value, *image_.ccddec.value});
    if (apart <= kFarOff) return "";
    return "is " + std::to_string(std::llround(apart)) + " degrees from the centre of the image by its WCS";
  }

  static std::string against_text(const std::string& text) {
    const bool odd = std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    return odd || text.find("\xef\xbf\xbd") != text.npos ? "has characters that are none" : "";
  }

  std::string against_ccd() const {
    const auto same = std::count_if(file_.images.begin(), file_.images.end(), [&](const ImageFacts& other) {
      return other.slice == 0 && other.ccd.value == image_.ccd.value;
    });
    return same > 1 ? std::to_string(same) + " images of the file have this number" : "";
  }

  const Witness& witness_;
  const FileFacts& file_;
  const ImageFacts& image_;
  double now_;
  std::string type_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  static constexpr std::string_view kNames[] = {"right", "unknown", "suspicious", "unneeded"};
  return kNames[static_cast<std::size_t>(verdict)];
}

namespace {

Judgements judge_image(const FileCards& cards, const FileFacts& file, const ImageFacts& image, double now) {
  const Witness witness(cards, image);
  const Judge judge(witness, file, image, now);
  const std::vector<FactRow> rows = fact_rows(image);
  Judgements out;
  for (std::size_t i = 0; i < kJudged.size(); ++i) {
    const std::string_view field = kJudged[i];
    const FactRow& row = *std::find_if(rows.begin(), rows.end(), [&](const FactRow& r) { return r.field == field; });
    out[i].value = row.known ? row.text : "";
    out[i].reason = row.known ? judge.against(field) : judge.unused(field);
    if (!out[i].reason.empty())
      out[i].verdict = Verdict::suspicious;
    else if (!row.known)
      out[i].verdict = judge.is_unneeded(field) ? Verdict::unneeded : Verdict::unknown;
    if (out[i].verdict == Verdict::unknown) out[i].reason = judge.why_unknown(field);
  }
  return out;
}

}  // namespace

Judgements judge(const FitsHeaders& headers, const FileFacts& file, std::size_t index, double now) {
  LayoutCache cache;
  return judge_image(FileCards(headers, "", cache), file, file.images[index], now);
}

void Count::add(Verdict verdict) {
  right += verdict == Verdict::right;
  unknown += verdict == Verdict::unknown;
  suspicious += verdict == Verdict::suspicious;
}

Count& Count::operator+=(const Count& other) {
  right += other.right;
  unknown += other.unknown;
  suspicious += other.suspicious;
  return *this;
}

void Coverage::add(const std::string& path, const FitsHeaders& headers, const FileFacts& file, double now,
                   bool keep_findings) {
  if (file.images.empty()) return;
  CameraCount& camera = cameras[file.camera];
  ++camera.files;
  LayoutCache cache;
  const FileCards cards(headers, "", cache);
  const std::size_t first = findings.size();
  for (const ImageFacts& image : file.images) {
    if (image.slice > 0) continue;
    ++camera.images;
    const Judgements judged = judge_image(cards, file, image, now);
    for (std::size_t i = 0; i < kJudged.size(); ++i) {
      const Judgement& one = judged[i];
      camera.fields[i].add(one.verdict);
      if (!keep_findings || (one.verdict != Verdict::unknown && one.verdict != Verdict::suspicious)) continue;
      const auto same = std::find_if(findings.begin() + static_cast<std::ptrdiff_t>(first), findings.end(),
                                     [&](const Finding& finding) {
                                       return finding.field == kJudged[i] && finding.verdict == one.verdict &&
                                              finding.value == one.value && finding.reason == one.reason;
                                     });
      if (same != findings.end()) {
        ++same->images;
        continue;
      }
      findings.push_back({file.camera, path, image.extension, 1, kJudged[i], one.verdict, one.value, one.reason});
    }
  }
}

CameraCount Coverage::sum() const {
  CameraCount out;
  for (const auto& [name, camera] : cameras) {
    out.files += camera.files;
    out.images += camera.images;
    for (std::size_t i = 0; i < kJudged.size(); ++i) out.fields[i] += camera.fields[i];
  }
  return out;
}

}  // namespace imreg::camera
