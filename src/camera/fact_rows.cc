#include "camera/fact_rows.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "imreg/date.h"

namespace imreg::camera {

namespace {

// Decimals that mean something: 1e-7 degree is 0.4 mas. Never -0.
std::string decimal(double value, double step, const char* unit) {
  const double rounded = std::round(value / step) * step + 0.0;
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, static_cast<float>(value), std::chars_format::fixed).ptr;
  if (step >= 1e-6) return std::string(text, end) + unit;
  const int written = std::snprintf(text, sizeof text, "%.7f", rounded);
  std::string out(text, static_cast<std::size_t>(written));
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return (out == "-0" ? "0" : out) + unit;
}

class Rows {
 public:
  explicit Rows(std::vector<FactRow>& out) : out_(out) {}

  void add(std::string_view field, const Fact<std::string>& fact) {
    if (FactRow& row = start(field, fact); row.known) {
      row.text = *fact.value;
      row.json = json_text(*fact.value);
    }
  }
  void add(std::string_view field, const Fact<int>& fact) {
    if (FactRow& row = start(field, fact); row.known) row.text = row.json = std::to_string(*fact.value);
  }
  void add(std::string_view field, const Fact<double>& fact, const char* unit = "", double step = 1e-6) {
    if (FactRow& row = start(field, fact); row.known) {
      row.text = decimal(*fact.value, step, unit);
      row.json = json_number(*fact.value);
    }
  }
  void time(std::string_view field, const Fact<double>& fact) {
    if (FactRow& row = start(field, fact); row.known) {
      row.text = format_iso(*fact.value);
      row.json = json_number(*fact.value);
    }
  }

 private:
  template <class T>
  FactRow& start(std::string_view field, const Fact<T>& fact) {
    FactRow row{field, fact.value.has_value(), "-", "null", "", -1, {}};
    if (row.known) {
      row.keyword = fact.keyword;
      row.hdu = fact.hdu;
      row.recipe = fact.recipe;
    }
    return out_.emplace_back(std::move(row));
  }
  std::vector<FactRow>& out_;
};

}  // namespace

std::string_view name_of(ImageMode mode) {
  static constexpr std::string_view kNames[] = {"none", "MEF", "SPLIT", "SINGLE", "CUBE", "SLICE"};
  return kNames[static_cast<std::size_t>(mode)];
}

std::vector<FactRow> fact_rows(const ImageFacts& image) {
  constexpr double kSky = 1e-7;
  std::vector<FactRow> out;
  Rows rows(out);
  rows.add("instrument", image.instrument);
  rows.add("object", image.object);
  rows.add("type", image.type);
  rows.add("filter", image.filter);
  rows.time("obstime", image.obstime);
  rows.add("exptime", image.exptime, " s");
  rows.add("ra", image.ra, " deg", kSky);
  rows.add("dec", image.dec, " deg", kSky);
  rows.add("airmass", image.airmass);
  rows.add("ccd", image.ccd);
  rows.add("chip", image.chip);
  rows.add("dettemp", image.dettemp, " C");
  rows.add("telfocus", image.telfocus);
  rows.add("rotangle", image.rotangle, " deg");
  rows.add("xprobe", image.xprobe);
  rows.add("yprobe", image.yprobe);
  rows.add("zprobe", image.zprobe);
  static constexpr std::string_view kTemperatures[] = {"teltemp0", "teltemp1", "teltemp2", "teltemp3"};
  for (std::size_t i = 0; i < 4; ++i) rows.add(kTemperatures[i], image.teltemp[i], " C");
  rows.time("release", image.release);
  rows.add("datasec", image.datasec);
  rows.add("biassec", image.biassec);
  rows.add("trimsec", image.trimsec);
  rows.add("detsec", image.detsec);
  rows.add("pixscale", image.pixscale, " arcsec");
  rows.add("ccdra", image.ccdra, " deg", kSky);
  rows.add("ccddec", image.ccddec, " deg", kSky);
  return out;
}

}  // namespace imreg::camera
