// showiminfo's work: the rows that a file would get, each value with the keyword and HDU that gave it.
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "imreg/fits_file.h"
#include "imreg/registry.h"
#include "registry/file_rows.h"
#include "registry/image_row.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

template <class Real>
std::string number_text(Real value) {
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return std::string(text, end);
}

// How a number is meant, for people.
enum class Meaning {
  plain,    // 32 bits in the database
  seconds,  // of exposure
  degrees,  // 64 bits; rounded to 0.4 mas for the eye, and never -0
  angle,
  celsius,
  arcsec,
  time,
};

std::string text_of(double value, Meaning meaning) {
  const auto as_kept = [value](const char* unit) { return number_text(static_cast<float>(value)) + unit; };
  switch (meaning) {
    case Meaning::plain: return as_kept("");
    case Meaning::seconds: return as_kept(" s");
    case Meaning::degrees: return number_text(std::round(value * 1e7) / 1e7 + 0.0) + " deg";
    case Meaning::angle: return as_kept(" deg");
    case Meaning::celsius: return as_kept(" C");
    case Meaning::arcsec: return number_text(std::round(value * 1e4) / 1e4 + 0.0) + " arcsec";
    case Meaning::time: return format_iso(value);
  }
  return "";
}

// Lines for people: name, value, where it comes from.
class Lines {
 public:
  explicit Lines(std::string& out) : out_(out) {}

  void line(std::string_view name, const std::string& value, const std::string& source) {
    std::string text = "  " + std::string(name);
    text.resize(std::max<std::size_t>(text.size() + 1, 14), ' ');
    text += visible(value);
    if (!source.empty()) {
      text.resize(std::max<std::size_t>(text.size() + 2, 44), ' ');
      text += visible(source);
    }
    out_ += text + '\n';
  }
  void word(std::string_view name, const std::string& value) { line(name, value, ""); }
  void fact(std::string_view name, const Fact<double>& f, Meaning meaning = Meaning::plain) {
    show(name, f, f.value ? text_of(*f.value, meaning) : "");
  }
  void fact(std::string_view name, const Fact<int>& f) { show(name, f, f.value ? std::to_string(*f.value) : ""); }
  void fact(std::string_view name, const Fact<std::string>& f) { show(name, f, f.value.value_or("")); }

 private:
  template <class T>
  void show(std::string_view name, const Fact<T>& fact, const std::string& text) {
    if (!fact.value) return line(name, "-", "not known");
    line(name, text, fact.hdu >= 0 ? fact.keyword + " [HDU " + std::to_string(fact.hdu) + "]" : fact.keyword);
  }
  std::string& out_;
};

// The members of a JSON object.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) {}

  void member(std::string_view name, const std::string& json) {
    out_ += (first_ ? "" : ",") + json_text(name) + ':' + json;
    first_ = false;
  }
  void word(std::string_view name, const std::string& value) { member(name, json_text(value)); }
  void fact(std::string_view name, const Fact<double>& f, Meaning meaning = Meaning::plain) {
    const std::string iso = meaning == Meaning::time && f.value ? ",\"iso\":" + json_text(format_iso(*f.value)) : "";
    show(name, f, f.value ? json_number(*f.value) + iso : "null");
  }
  void fact(std::string_view name, const Fact<int>& f) { show(name, f, f.value ? std::to_string(*f.value) : "null"); }
  void fact(std::string_view name, const Fact<std::string>& f) {
    show(name, f, f.value ? json_text(*f.value) : "null");
  }

 private:
  template <class T>
  void show(std::string_view name, const Fact<T>& fact, const std::string& value) {
    std::string json = "{\"value\":" + value;
    json += ",\"keyword\":" + (fact.keyword.empty() ? "null" : json_text(fact.keyword));
    json += ",\"hdu\":" + (fact.hdu < 0 ? "null" : std::to_string(fact.hdu));
    if (fact.recipe.table.empty()) {
      json += ",\"recipe\":null}";
    } else {
      json += ",\"recipe\":" + json_text(fact.recipe.text) + ",\"table\":" + json_text(fact.recipe.table) +
              ",\"line\":" + std::to_string(fact.recipe.line) + '}';
    }
    member(name, json);
  }
  std::string& out_;
  bool first_ = true;
};

template <class Out>
void show_image(const ImageFacts& image, Out&& out) {
  static constexpr const char* kModes[] = {"none", "MEF", "SPLIT", "SINGLE", "CUBE", "SLICE"};
  out.word("mode", kModes[static_cast<int>(image.mode)]);
  out.fact("ccd", image.ccd);
  out.fact("chip", image.chip);
  out.fact("type", image.type);
  out.fact("object", image.object);
  out.fact("filter", image.filter);
  if (image.filter.value && image.physical_filter != *image.filter.value)
    out.word("physical_filter", image.physical_filter);
  out.fact("instrument", image.instrument);
  out.fact("obstime", image.obstime, Meaning::time);
  out.fact("exptime", image.exptime, Meaning::seconds);
  out.fact("ra", image.ra, Meaning::degrees);
  out.fact("dec", image.dec, Meaning::degrees);
  out.fact("airmass", image.airmass);
  out.fact("telfocus", image.telfocus);
  out.fact("rotangle", image.rotangle, Meaning::angle);
  out.fact("xprobe", image.xprobe);
  out.fact("yprobe", image.yprobe);
  out.fact("zprobe", image.zprobe);
  out.fact("dettemp", image.dettemp, Meaning::celsius);
  for (int i = 0; i < 4; ++i) out.fact("teltemp[" + std::to_string(i) + "]", image.teltemp[i], Meaning::celsius);
  out.fact("release", image.release, Meaning::time);
  out.fact("ccdra", image.ccdra, Meaning::degrees);
  out.fact("ccddec", image.ccddec, Meaning::degrees);
  out.fact("datasec", image.datasec);
  out.fact("biassec", image.biassec);
  out.fact("trimsec", image.trimsec);
  out.fact("detsec", image.detsec);
  out.fact("pixscale", image.pixscale, Meaning::arcsec);
}

// Why imregister would not take the file; empty when it would. The path is not judged: that depends on a database's roots.
std::string why_refused(const std::string& path, const FitsHeaders& headers, const FileFacts& facts) {
  if (!headers.damage.empty()) return headers.damage;
  FileIdentity identity;
  identity.name = path.substr(path.rfind('/') + 1);
  for (const auto& image : facts.images) {
    if (const auto row = make_image_row(image, identity, {}, 0); !row) return row.status().message();
  }
  return "";
}

}  // namespace

Result<std::string> show_image_info(const std::string& path, const RegisterOptions& options, InfoFormat format) {
  IMREG_ASSIGN(const auto cameras, load_cameras(options));
  const auto headers = read_headers(path);
  if (!headers) return headers.status();
  const auto facts =
      cameras.first.translate(path, *headers, {.split = options.split, .camera = cameras.second, .explain = true});
  if (!facts) return facts.status();
  if (facts->images.empty()) return Status(Code::invalid, facts->why_none);
  std::vector<std::string> warnings = headers->warnings;
  for (const auto& doubt : facts->doubts) warnings.push_back(doubt.text);
  warnings.insert(warnings.end(), facts->warnings.begin(), facts->warnings.end());
  const std::string refused = why_refused(path, *headers, *facts);
  std::string out;
  if (format == InfoFormat::json) {
    std::string list;
    for (const auto& warning : warnings) list += (list.empty() ? "" : ",") + json_text(warning);
    std::string images;
    for (const auto& image : facts->images) {
      images += (images.empty() ? "" : ",") + ("{\"extension\":" + std::to_string(image.extension)) +
                ",\"slice\":" + std::to_string(image.slice) + ',';
      show_image(image, Members(images));
      images += '}';
    }
    Members members(out += '{');
    members.word("file", path);
    members.word("camera", facts->camera);
    members.member("warnings", '[' + list + ']');
    members.member("refused", refused.empty() ? "null" : json_text(refused));
    members.member("images", '[' + images + ']');
    return out + "}\n";
  }
  Lines lines(out);
  lines.word("file", path);
  lines.word("camera", facts->camera);
  for (const auto& warning : warnings) lines.word("warning", warning);
  if (!refused.empty()) lines.word("refused", refused);
  for (const auto& image : facts->images) {
    out += "extension " + std::to_string(image.extension) +
           (image.slice > 0 ? ", slice " + std::to_string(image.slice) : "") + '\n';
    show_image(image, lines);
  }
  return out;
}

}  // namespace imreg
