// The facts of an image as texts, one row for each field, known or not.
#include "camera/fact_rows.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "imreg/date.h"

namespace imreg::camera {

namespace {

// As the database keeps it, in 32 bits.
std::string as_float(double value) {
  char text[400];
  return std::string(text,
                     std::to_chars(text, text + sizeof text, static_cast<float>(value), std::chars_format::fixed).ptr);
}

// Rounded for the eye, and never -0.
std::string rounded(double value, double steps) {
  char text[400];
  const double near = std::round(value * steps) / steps + 0.0;
  return std::string(text, std::to_chars(text, text + sizeof text, near, std::chars_format::fixed).ptr);
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
  // `steps`: of the last digit that means something in a unit, for values that the database keeps in 64 bits.
  void add(std::string_view field, const Fact<double>& fact, const char* unit = "", double steps = 0) {
    if (FactRow& row = start(field, fact); row.known) {
      row.text = (steps == 0 ? as_float(*fact.value) : rounded(*fact.value, steps)) + unit;
      row.json = json_number(*fact.value);
    }
  }
  void time(std::string_view field, const Fact<double>& fact, bool is_day = false) {
    if (FactRow& row = start(field, fact); row.known) {
      row.is_time = true;
      row.is_day = is_day;
      row.text = format_iso(*fact.value);
      if (is_day) row.text.resize(row.text.find('T'));
      row.json = json_number(*fact.value);
    }
  }

 private:
  template <class T>
  FactRow& start(std::string_view field, const Fact<T>& fact) {
    FactRow row{field, fact.value.has_value(), false, false, "-", "null", "", -1, {}};
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
  constexpr double kSky = 1e7, kScale = 1e4;  // 0.4 mas
  std::vector<FactRow> out;
  Rows rows(out);
  rows.add("ccd", image.ccd);
  rows.add("chip", image.chip);
  rows.add("type", image.type);
  rows.add("object", image.object);
  rows.add("filter", image.filter);
  rows.add("instrument", image.instrument);
  rows.time("obstime", image.obstime, image.obstime_is_day);
  rows.add("exptime", image.exptime, " s");
  rows.add("ra", image.ra, " deg", kSky);
  rows.add("dec", image.dec, " deg", kSky);
  rows.add("airmass", image.airmass);
  rows.add("telfocus", image.telfocus);
  rows.add("rotangle", image.rotangle, " deg");
  rows.add("xprobe", image.xprobe);
  rows.add("yprobe", image.yprobe);
  rows.add("zprobe", image.zprobe);
  rows.add("dettemp", image.dettemp, " C");
  static constexpr std::string_view kTemperatures[] = {"teltemp0", "teltemp1", "teltemp2", "teltemp3"};
  for (std::size_t i = 0; i < 4; ++i) rows.add(kTemperatures[i], image.teltemp[i], " C");
  rows.time("release", image.release);
  rows.add("ccdra", image.ccdra, " deg", kSky);
  rows.add("ccddec", image.ccddec, " deg", kSky);
  rows.add("datasec", image.datasec);
  rows.add("biassec", image.biassec);
  rows.add("trimsec", image.trimsec);
  rows.add("detsec", image.detsec);
  rows.add("pixscale", image.pixscale, " arcsec", kScale);
  return out;
}

}  // namespace imreg::camera
