// showiminfo's work: the rows that a file would get, each value with the keyword and HDU that gave it.
#include <charconv>
#include <cmath>

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

  template <class T, class F>
  void fact(std::string_view name, const Fact<T>& fact, F&& as_text) {
    if (!fact.value) return line(name, "-", "not known");
    line(name, as_text(*fact.value),
         fact.hdu >= 0 ? fact.keyword + " [HDU " + std::to_string(fact.hdu) + "]" : fact.keyword);
  }
  // As the database keeps it, in 32 bits.
  void fact(std::string_view name, const Fact<double>& f, const char* unit = "") {
    fact(name, f, [unit](double value) { return number_text(static_cast<float>(value)) + unit; });
  }
  // 64 bits in the database; rounded to 0.4 mas for the eye, and never -0.
  void degrees(std::string_view name, const Fact<double>& f) {
    fact(name, f, [](double value) { return number_text(std::round(value * 1e7) / 1e7 + 0.0) + " deg"; });
  }
  void fact(std::string_view name, const Fact<std::string>& f) {
    fact(name, f, [](const std::string& value) { return value; });
  }

 private:
  std::string& out_;
};

void show_image(const ImageFacts& image, Lines& lines) {
  static constexpr const char* kModes[] = {"none", "MEF", "SPLIT", "SINGLE", "CUBE", "SLICE"};
  const auto time = [](double value) { return format_iso(value); };
  lines.line("mode", kModes[static_cast<int>(image.mode)], "");
  lines.fact("ccd", image.ccd, [](int value) { return std::to_string(value); });
  lines.fact("chip", image.chip);
  lines.fact("type", image.type);
  lines.fact("object", image.object);
  lines.fact("filter", image.filter);
  lines.fact("instrument", image.instrument);
  lines.fact("obstime", image.obstime, time);
  lines.fact("exptime", image.exptime, " s");
  lines.degrees("ra", image.ra);
  lines.degrees("dec", image.dec);
  lines.fact("airmass", image.airmass);
  lines.fact("telfocus", image.telfocus);
  lines.fact("rotangle", image.rotangle, " deg");
  lines.fact("xprobe", image.xprobe);
  lines.fact("yprobe", image.yprobe);
  lines.fact("zprobe", image.zprobe);
  lines.fact("dettemp", image.dettemp, " C");
  for (int i = 0; i < 4; ++i) lines.fact("teltemp[" + std::to_string(i) + "]", image.teltemp[i], " C");
  lines.fact("release", image.release, time);
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

Result<std::string> show_image_info(const std::string& path, const RegisterOptions& options) {
  IMREG_ASSIGN(const auto cameras, load_cameras(options));
  const auto headers = read_headers(path);
  if (!headers) return headers.status();
  const auto facts = cameras.first.translate(path, *headers, {.split = options.split, .camera = cameras.second});
  if (!facts) return facts.status();
  if (facts->images.empty()) return Status(Code::invalid, facts->why_none);
  std::string out;
  Lines lines(out);
  lines.line("file", path, "");
  lines.line("camera", facts->camera, "");
  for (const auto& warning : headers->warnings) lines.line("warning", warning, "");
  for (const auto& doubt : facts->doubts) lines.line("warning", doubt.text, "");
  for (const auto& warning : facts->warnings) lines.line("warning", warning, "");
  if (const auto why = why_refused(path, *headers, *facts); !why.empty()) lines.line("refused", why, "");
  for (const auto& image : facts->images) {
    out += "extension " + std::to_string(image.extension) +
           (image.slice > 0 ? ", slice " + std::to_string(image.slice) : "") + '\n';
    show_image(image, lines);
  }
  return out;
}

}  // namespace imreg
