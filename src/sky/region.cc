// The three shapes behind SkyRegion, and the words that make them. Every shape answers the same four questions.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <variant>

#include "base/text.h"
#include "imreg/sky_region.h"
#include "sky/angle.h"
#include "sky/polygon.h"
#include "sky/vector.h"

namespace imreg {

namespace {

using Where = SkyRegion::Where;
using Range = SkyRegion::Range;

constexpr double kPad = 1e-8;  // degrees, by which bands and arcs are larger

double sine(double degrees) { return std::sin(degrees / kDegreesPerRadian); }
double cosine(double degrees) { return std::cos(degrees / kDegreesPerRadian); }
double square(double x) { return x * x; }

class Cone {
 public:
  Cone(double ra, double dec, double radius)
      : ra_(ra), dec_(dec), radius_(radius), wide_(radius > 90), centre_(direction(ra, dec)) {
    // Near 180 degrees chords hardly grow: a wide cone is what is not near the antipode.
    if (wide_) centre_ = -1 * centre_;
    const double angle =
        wide_ ? (180 - radius) / kDegreesPerRadian - kSkySlack : radius / kDegreesPerRadian + kSkySlack;
    limit_ = angle < 0 ? -1 : square(2 * std::sin(angle / 2));
  }

  bool contains(double ra, double dec) const {
    const Vector chord = direction(ra, dec) - centre_;
    return (dot(chord, chord) <= limit_) != wide_;
  }

  Where classify(double ra, double dec, double margin) const {
    double distance = 2 * std::asin(std::min(1.0, length(direction(ra, dec) - centre_) / 2)) * kDegreesPerRadian;
    if (wide_) distance = 180 - distance;
    if (std::abs(distance - radius_) <= margin + kPad) return Where::border;
    return distance < radius_ ? Where::inside : Where::outside;
  }

  Range band() const { return {std::max(-90.0, dec_ - radius_ - kPad), std::min(90.0, dec_ + radius_ + kPad)}; }

  RaArc arc(double low, double high) const {
    low = std::max(low, band().low);
    high = std::min(high, band().high);
    if (!(low <= high)) return {};
    if (radius_ > 179) return {0, 360};
    double half = std::max(half_width(low), half_width(high));
    // Without a pole inside it is widest where meridians touch the circle. By colatitudes: close to a pole the sine of a
    // declination tells little.
    const double product = cosine(dec_ + radius_) * cosine(dec_ - radius_);
    if (radius_ < 90 && product >= 0) {
      const double touching = std::atan2(sine(dec_), std::sqrt(product)) * kDegreesPerRadian;
      half = std::max(half, half_width(std::clamp(touching, low, high)));
    }
    if (half + kPad >= 180) return {0, 360};
    return {normalize_degrees(ra_ - half - kPad), 2 * (half + kPad)};
  }

 private:
  // By how much the right ascension of what is inside differs from that of the centre, at most.
  double half_width(double dec) const {
    const double radius = radius_ + kPad, away = dec - dec_;
    const double above = sine((radius + away) / 2) * sine((radius - away) / 2);
    const double below = cosine(dec) * cosine(dec_);
    if (above >= below) return 180;
    return above > 0 ? 2 * std::asin(std::sqrt(above / below)) * kDegreesPerRadian : 0;
  }

  double ra_, dec_, radius_;
  bool wide_;
  Vector centre_;  ///< of a wide cone its antipode
  double limit_;   ///< square of the chord from there to the border; -1: all is inside
};

class Box {
 public:
  Box(double ra_min, double ra_max, Range decs)
      : whole_(ra_max - ra_min >= 360),
        ra_low_(normalize_degrees(ra_min)),
        ra_high_(normalize_degrees(ra_max)),
        decs_(decs) {}

  bool contains(double ra, double dec) const {
    if (!(decs_.low <= dec && dec <= decs_.high)) return false;
    return whole_ || std::abs(dec) == 90 || within(ra);
  }

  Where classify(double ra, double dec, double margin) const {
    margin += kPad;
    const double across = cosine(dec);
    const double limit = margin < 90 ? sine(margin) : 2;
    const auto near_side = [&](double side) {
      return across * std::abs(sine(ra - side)) <= limit && (cosine(ra - side) >= 0 || across <= limit);
    };
    const bool beside = !whole_ && (near_side(ra_low_) || near_side(ra_high_));
    if (dec < decs_.low - margin || dec > decs_.high + margin || !(whole_ || beside || within(ra))) {
      return Where::outside;
    }
    const bool deep = (decs_.low == -90 || dec > decs_.low + margin) && (decs_.high == 90 || dec < decs_.high - margin);
    return deep && !beside ? Where::inside : Where::border;
  }

  Range band() const { return decs_; }

  RaArc arc(double low, double high) const {
    low = std::max(low, decs_.low);
    high = std::min(high, decs_.high);
    if (!(low <= high)) return {};
    if (whole_ || low == -90 || high == 90) return {0, 360};
    return {normalize_degrees(ra_low_ - kPad),
            std::min(360.0, ra_high_ - ra_low_ + (ra_high_ < ra_low_ ? 360 : 0) + 2 * kPad)};
  }

 private:
  bool within(double ra) const {
    if (ra_low_ <= ra_high_) return ra_low_ <= ra && ra <= ra_high_;
    return ra >= ra_low_ || ra <= ra_high_;
  }

  bool whole_;
  double ra_low_, ra_high_;  ///< 0 <= ra < 360; low > high: over 0h
  Range decs_;
};

std::string shown(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}
std::string quoted(std::string_view word) {
  return '"' + visible(word.substr(0, 60)) + (word.size() > 60 ? "...\"" : "\"");
}

// `word` is how the value was given.
Status check_ra(double ra, const std::string& word) {
  if (std::abs(ra) <= 360) return {};
  return {Code::invalid, "right ascension " + word + " is not within -360..360 degrees (-24..24 hours)"};
}
Status check_dec(double dec, const std::string& word) {
  if (std::abs(dec) <= 90) return {};
  return {Code::invalid, "declination " + word + " is not within -90..90 degrees; right ascensions come first"};
}
Status check_radius(double radius, const std::string& word) {
  if (radius > 0 && radius <= 180) return {};
  return {Code::invalid, "radius " + word + " is not above 0 and up to 180 degrees"};
}
Status check_box(double ra_min, double ra_max, const std::string& ra_words, double dec_min, double dec_max,
                 const std::string& dec_words) {
  if (!(dec_min < dec_max))
    return {Code::invalid, "the box is empty: its declinations " + dec_words + " must go from south to north"};
  if (ra_max - ra_min < 360 && normalize_degrees(ra_min) == normalize_degrees(ra_max)) {
    return {Code::invalid,
            "the box is empty: its right ascensions " + ra_words + " are the same; the whole circle is 0 360"};
  }
  return {};
}

// A plain number counts in degrees, everything else is sexagesimal.
Result<double> read_ra(std::string_view word) {
  double ra = 0;
  if (!parse_number(word, ra)) {
    IMREG_ASSIGN(ra, parse_angle(word, AngleUnit::hours, "right ascension"));
    IMREG_TRY(check_ra(ra, quoted(word)));
    return ra;
  }
  IMREG_TRY(check_ra(ra, quoted(word)));
  return ra;
}

Result<double> read_dec(std::string_view word) {
  double dec = 0;
  if (!parse_number(word, dec)) {
    if (word.find_first_of("hH") != word.npos) {
      return Status(Code::invalid, "declination " + quoted(word) + " counts in degrees, not in hours");
    }
    IMREG_ASSIGN(dec, parse_angle(word, AngleUnit::degrees, "declination"));
  }
  IMREG_TRY(check_dec(dec, quoted(word)));
  return dec;
}

Result<double> read_radius(std::string_view word) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},      {"d", 1},    {"deg", 1},       {"degree", 1},       {"degrees", 1},       {"\xc2\xb0", 1},
      {"'", 60},    {"m", 60},   {"arcmin", 60},   {"arcminute", 60},   {"arcminutes", 60},   {"\xe2\x80\xb2", 60},
      {"\"", 3600}, {"s", 3600}, {"arcsec", 3600}, {"arcsecond", 3600}, {"arcseconds", 3600}, {"\xe2\x80\xb3", 3600},
      {"''", 3600}};
  const std::string_view text = trim(word);
  double radius = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto number = std::from_chars(begin, text.data() + text.size(), radius);
  if (number.ec == std::errc()) {
    const std::string_view unit = trim(text.substr(static_cast<std::size_t>(number.ptr - text.data())));
    for (const auto& [name, parts] : kUnits) {
      if (!equal_nocase(unit, name)) continue;
      radius /= parts;
      IMREG_TRY(check_radius(radius, quoted(word)));
      return radius;
    }
  }
  const auto angle = parse_angle(text, AngleUnit::degrees);
  if (!angle || text.find_first_of("hH") != text.npos) {
    return Status(Code::invalid,
                  "radius " + quoted(word) + " is no angle; give a number and d (default), ' (arcmin) or \" (arcsec)");
  }
  IMREG_TRY(check_radius(*angle, quoted(word)));
  return *angle;
}

}  // namespace

struct SkyRegion::Shape {
  Range band;
  RaArc arc;  ///< of the whole band
  std::variant<Cone, Box, SkyPolygon> shape;

  template <class T>
  explicit Shape(T each) : band(each.band()), arc(each.arc(-90, 90)), shape(std::move(each)) {}
};

SkyRegion::SkyRegion(Shape shape) : shape_(std::make_shared<const Shape>(std::move(shape))) {}

Result<SkyRegion> SkyRegion::cone(double ra, double dec, double radius) {
  IMREG_TRY(check_ra(ra, shown(ra)));
  IMREG_TRY(check_dec(dec, shown(dec)));
  IMREG_TRY(check_radius(radius, shown(radius)));
  return SkyRegion(Shape(Cone(normalize_degrees(ra), dec, radius)));
}

Result<SkyRegion> SkyRegion::box(double ra_min, double ra_max, double dec_min, double dec_max) {
  for (const double ra : {ra_min, ra_max}) IMREG_TRY(check_ra(ra, shown(ra)));
  for (const double dec : {dec_min, dec_max}) IMREG_TRY(check_dec(dec, shown(dec)));
  IMREG_TRY(check_box(ra_min, ra_max, shown(ra_min) + ", " + shown(ra_max), dec_min, dec_max,
                      shown(dec_min) + ", " + shown(dec_max)));
  return SkyRegion(Shape(Box(ra_min, ra_max, {dec_min, dec_max})));
}

Result<SkyRegion> SkyRegion::polygon(std::vector<std::pair<double, double>> corners) {
  for (auto& [ra, dec] : corners) {
    IMREG_TRY(check_ra(ra, shown(ra)));
    IMREG_TRY(check_dec(dec, shown(dec)));
    ra = normalize_degrees(ra);
  }
  IMREG_ASSIGN(auto made, SkyPolygon::make(std::move(corners)));
  return SkyRegion(Shape(std::move(made)));
}

Result<SkyRegion> SkyRegion::parse_cone(std::string_view ra, std::string_view dec, std::string_view radius) {
  IMREG_ASSIGN(const double x, read_ra(ra));
  IMREG_ASSIGN(const double y, read_dec(dec));
  IMREG_ASSIGN(const double r, read_radius(radius));
  return cone(x, y, r);
}

Result<SkyRegion> SkyRegion::parse_box(std::string_view ra_min, std::string_view ra_max, std::string_view dec_min,
                                       std::string_view dec_max) {
  IMREG_ASSIGN(const double west, read_ra(ra_min));
  IMREG_ASSIGN(const double east, read_ra(ra_max));
  IMREG_ASSIGN(const double south, read_dec(dec_min));
  IMREG_ASSIGN(const double north, read_dec(dec_max));
  IMREG_TRY(check_box(west, east, quoted(ra_min) + ", " + quoted(ra_max), south, north,
                      quoted(dec_min) + ", " + quoted(dec_max)));
  return box(west, east, south, north);
}

Result<SkyRegion> SkyRegion::parse_polygon(std::string_view corners) {
  std::string text(corners);
  std::replace(text.begin(), text.end(), ',', ' ');
  const auto numbers = words(text);
  if (numbers.size() % 2 != 0) {
    return Status(Code::invalid, "polygon " + quoted(corners) + " has " + std::to_string(numbers.size()) +
                                     " numbers, which are no pairs; give RA,DEC RA,DEC RA,DEC");
  }
  std::vector<std::pair<double, double>> places;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    IMREG_ASSIGN(const double ra, read_ra(numbers[i]));
    IMREG_ASSIGN(const double dec, read_dec(numbers[i + 1]));
    places.emplace_back(ra, dec);
  }
  auto made = polygon(std::move(places));
  if (made.ok()) return made;
  return Status(Code::invalid, "polygon " + quoted(corners) + ": " + made.status().message());
}

Range SkyRegion::band() const { return shape_->band; }

bool SkyRegion::contains(double ra, double dec) const {
  const Shape& shape = *shape_;
  if (!(dec >= shape.band.low && dec <= shape.band.high)) return false;
  if (!(ra >= 0 && ra < 360)) {
    ra = normalize_degrees(ra);
    if (std::isnan(ra)) return false;
  }
  if (shape.arc.width < 360) {
    const double east = ra - shape.arc.start;
    if ((east < 0 ? east + 360 : east) > shape.arc.width) return false;
  }
  return std::visit([=](const auto& s) { return s.contains(ra, dec); }, shape.shape);
}

Where SkyRegion::classify(double ra, double dec, double margin) const {
  ra = normalize_degrees(ra);
  if (std::isnan(ra) || !(std::abs(dec) <= 90)) return Where::outside;
  return std::visit([=](const auto& s) { return s.classify(ra, dec, margin); }, shape_->shape);
}

std::vector<Range> SkyRegion::ra_ranges(double dec_low, double dec_high) const {
  const RaArc arc = std::visit([=](const auto& s) { return s.arc(dec_low, dec_high); }, shape_->shape);
  if (arc.width < 0) return {};
  if (arc.width >= 360) return {{0, 360}};
  const double end = arc.start + arc.width;
  if (end < 360) return {{arc.start, end}};
  return {{0, end - 360}, {arc.start, 360}};
}

}  // namespace imreg
