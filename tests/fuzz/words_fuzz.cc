// Fuzz target for small texts: angles, regions, numbers, globs (held against a slow matcher), near names, words and lines.
#include <cmath>

#include "base/text.h"
#include "camera/line.h"
#include "fuzz.h"
#include "imreg/sky_region.h"
#include "sky/angle.h"

namespace imreg::fuzz {
namespace {

// A glob without sets, by a table over all places.
bool slow_match(std::string_view pattern, std::string_view text) {
  std::vector<bool> row(text.size() + 1, false);
  row[0] = true;
  for (const char p : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    bool before = false;
    for (std::size_t t = 0; t <= text.size(); ++t) {
      before = before || row[t];
      if (p == '*') {
        next[t] = before;
      } else if (t > 0) {
        next[t] = row[t - 1] && (p == '?' || lower(p) == lower(text[t - 1]));
      }
    }
    row = std::move(next);
  }
  return row[text.size()];
}

void check_angle(std::string_view text) {
  for (const AngleUnit unit : {AngleUnit::degrees, AngleUnit::hours}) {
    const auto angle = parse_angle(text, unit);
    if (!angle) require(!angle.status().message().empty(), "an error without a message");
    if (angle) require(std::isfinite(*angle), "an angle that is not finite", text);
    const auto ra = parse_right_ascension(text, unit);
    if (ra) require(*ra >= 0 && *ra < 360, "right ascension out of range", text);
  }
  const auto dec = parse_declination(text);
  if (dec) require(*dec >= -90 && *dec <= 90, "declination out of range", text);
}

void check_regions(std::string_view first, std::string_view second) {
  for (const auto& region : {SkyRegion::parse_cone(first, second, "1d"), SkyRegion::parse_cone("10", "89", first),
                             SkyRegion::parse_box(first, second, "-90", first), SkyRegion::parse_polygon(first)}) {
    if (!region) {
      const std::string message = region.status().message();
      require(!message.empty() && message.find('\n') == message.npos, "an error that is not one line", message);
      continue;
    }
    const auto band = region->band();
    require(-90 <= band.low && band.low < band.high && band.high <= 90, "no band", first);
    require(!region->ra_ranges(band.low, band.high).empty(), "a region without right ascensions", first);
    for (const double dec : {-90.0, band.low, (band.low + band.high) / 2, 89.5, 90.0}) {
      const auto where = region->classify(10, dec, 0.01);
      const bool in = region->contains(10, dec);
      require(where == SkyRegion::Where::border || in == (where == SkyRegion::Where::inside), "two answers", first);
      require(!in || (band.low <= dec && dec <= band.high), "inside, but not in the band", first);
    }
  }
}

std::vector<std::string> seeds() {
  return {"18:42:13.76",      "-0 30 59.99",  "12h30m15s",         "+41d16m09s\f359.9999999",
          "*a?b*\fxxaybzz",   "[!a-c]*\fdog", "ccd%d\fccd07",      "1e300",
          "\"a b\" c # d\fx", "0.5d\f1800\"", "10,10 20,10 20,20", "359 -1 1 -1 1 1 359 1\f350"};
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_text,
                        {"*", "?",  "[",  "]",        "[!", "-",  "h",  "m",  "s",    "d",
                         ":", "59", "60", "\xc2\xb0", "'",  "\"", "\f", "%d", "e308", "inf"},
                        60000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const auto both = parts(std::string_view(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 400)), 2);
  const std::string &first = both[0], &second = both[1];
  check_angle(first);
  check_regions(first, second);
  if (double number = 0; parse_number(first, number)) require(std::isfinite(number), "not finite", first);
  long long whole = 0;
  if (parse_integer(first, whole)) {
    double number = 0;
    require(parse_number(first, number) && std::abs(number - static_cast<double>(whole)) <= 1024, "two numbers", first);
  }
  const bool match = glob_match(first, second);
  if (first.find('[') == first.npos) require(match == slow_match(first, second), "the glob differs", first);
  if (!is_glob(first)) require(match == equal_nocase(first, second), "a plain word differs", first);
  (void)nearest_names(first, {second, "exptime", "obstime", ""});
  if (const auto part = camera::captured(first, second))
    require(!part->empty() && second.find(*part) != second.npos, "a capture from elsewhere", second);
  if (first.size() < 200 && second.size() < 200 && camera::glob_fault(first).empty() &&
      camera::glob_fault(second).empty() && match && second.find_first_of("*?[") == second.npos)
    require(camera::overlap({std::string(first)}, {std::string(second)}), "a match that does not overlap", first);
  const std::string file = "fuzz";
  camera::Line line(first, 1, file);
  while (line.fault().ok() && !line.done()) require(line.take().size() <= first.size(), "a word grew", first);
  std::string joined;
  for (const auto word : words(first)) joined += std::string(word) + " ";
  require(words(joined) == words(first), "words differ", first);
  return 0;
}
