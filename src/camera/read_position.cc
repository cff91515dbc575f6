// Positions: the pointing or the target by keywords, else the sky at the centre of the image by its WCS. Always ICRS.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/reader.h"
#include "camera/reader_internal.h"
#include "sky/time_scale.h"
#include "sky/wcs.h"

namespace imreg::camera {

namespace {

bool is_sexagesimal(std::string_view text) {
  bool separated = false, digit = false;
  for (const char c : text) {
    separated = separated || c == ':' || c == ' ' || lower(c) == 'h' || lower(c) == 'd';
    digit = digit || (c >= '0' && c <= '9');
  }
  return separated && digit;
}

// Degrees (or hours of right ascension) per unit of a number: the unit in the comment wins over the recipe's.
double step_of(const Recipe& recipe, const CardView& card, bool is_ra) {
  const Unit* unit = unit_of_comment(card.comment);
  if (unit != nullptr && unit->dimension == Dimension::angle) return unit->scale;
  if (unit != nullptr && unit->name == "h" && is_ra) return 15;
  return recipe.scale * (is_ra && recipe.hours ? 15 : 1);
}

// 2003.07 of seconds since 1970.
double julian_year(double time) { return 2000 + (mjd_from_time(time) - 51544.5) / 365.25; }

}  // namespace

// Degrees, ra from 0 to 360. Sexagesimal right ascensions are hours, numbers are degrees unless somebody says otherwise.
std::optional<double> Reader::coordinate(const Recipe& recipe, const CardView& card, bool is_ra,
                                         std::string_view& reason) const {
  reason = is_ra ? "is no right ascension" : "is no declination";
  const std::optional<std::string_view> part = counted_part(recipe, card.text);
  if (!part) return std::nullopt;
  const bool colons = part->find(':') != part->npos;
  if (const std::optional<double> number = colons ? std::nullopt : header_number(*part)) {
    if (!std::isfinite(*number)) return std::nullopt;
    const double degrees = *number * step_of(recipe, card, is_ra);
    if (is_ra) return degrees >= -180 && degrees <= 360 ? std::optional(normalize_degrees(degrees)) : std::nullopt;
    return std::fabs(degrees) <= 90 ? std::optional(degrees) : std::nullopt;
  }
  if (!is_sexagesimal(*part)) return std::nullopt;
  const std::string pointed = with_point(*part);
  const Result<double> angle = is_ra ? parse_right_ascension(pointed, AngleUnit::hours) : parse_declination(pointed);
  return angle ? std::optional(*angle) : std::nullopt;
}

// Degrees on the sky, of arcsec unless the comment says otherwise; an offset that is not there is none.
double Reader::shift_by(const Source& source, std::size_t hdu) const {
  const std::optional<CardView> card = place_.cards.get(hdu, source.keyword);
  const Unit* unit = card ? unit_of_comment(card->comment) : nullptr;
  const double scale = unit != nullptr && unit->dimension == Dimension::angle ? unit->scale : 1 / 3600.0;
  return card ? card->number().value_or(0) * scale : 0;
}

// A coordinate of several cards as one: "-35:03:21.27128", which is put into `text`. Nothing when one of them is not
// there.
std::optional<CardView> Reader::whole(const CardView& first, const std::vector<Source>& parts, std::size_t hdu,
                                      std::string& text) const {
  if (parts.empty()) return first;
  const auto text_of = [](const CardView& card) {
    const std::optional<double> number = card.number();
    return number ? short_number(*number) : std::string(trim(card.text));
  };
  text = text_of(first);
  for (const Source& part : parts) {
    const std::optional<CardView> card = place_.cards.get(hdu, part.keyword);
    if (!card) return std::nullopt;
    text += (text == "-" || text == "+" ? "" : ":") + text_of(*card);
  }
  return CardView{first.kind, text, first.comment};
}

// A pair of keywords from one HDU.
bool Reader::pointing(const Recipe& recipe, SkyPosition& out, std::string& keywords, int& hdu) const {
  const Source& ra_source = recipe.sources[0];
  const Source& dec_source = recipe.sources[1];
  return each_card(place_, ra_source, [&](const CardView& value, std::size_t found) {
    if (!usable(Field::position, recipe, ra_source, value, found)) return false;
    std::string_view reason;
    const auto lose = [&](const Source& source, const CardView& card) {
      lost(Field::position, recipe, source, card, found, reason, !says_nothing(recipe, trim(card.text)));
      return false;
    };
    std::string ra_text, dec_text;
    const std::optional<CardView> ra_value = whole(value, recipe.parts[0], found, ra_text);
    if (!ra_value) return false;
    const std::optional<double> ra = coordinate(recipe, *ra_value, true, reason);
    if (!ra) return lose(ra_source, *ra_value);
    std::optional<CardView> dec_value = place_.cards.get(found, dec_source.keyword);
    if (dec_value) dec_value = whole(*dec_value, recipe.parts[1], found, dec_text);
    if (!dec_value) return false;
    const std::optional<double> dec = coordinate(recipe, *dec_value, false, reason);
    if (!dec) return lose(dec_source, *dec_value);
    // Programs that do not know a position write zeros; nobody points at exactly 0, 0.
    if (*ra == 0 && *dec == 0) {
      lost(Field::position, recipe, ra_source, value, found, "and the declination are 0, which stands for no position",
           false);
      return false;
    }
    out = {*ra, *dec};
    if (!recipe.shift.empty() && std::fabs(*dec) < 89) {
      out.ra = normalize_degrees(*ra + shift_by(recipe.shift[0], found) / std::cos(*dec * std::numbers::pi / 180));
      out.dec = std::clamp(*dec + shift_by(recipe.shift[1], found), -90.0, 90.0);
    }
    keywords = keywords_of(recipe);
    hdu = number_of_hdu(found);
    return true;
  });
}

// CRVAL where CTYPE says that the axes are celestial (FITS 4.0, section 8), when the reference pixel lies in the image.
bool Reader::reference_point(SkyPosition& out, Frame& frame, std::string& keywords) const {
  static constexpr struct {
    std::string_view longitude, latitude;
    Frame frame;
  } kKinds[] = {{"RA--*", "DEC-*", Frame::icrs},
                {"RA", "DEC", Frame::icrs},
                {"GLON-*", "GLAT-*", Frame::galactic},
                {"ELON-*", "ELAT-*", Frame::ecliptic}};
  const auto card = [&](const char* name, int axis) {
    return place_.cards.get(place_.hdu, name + std::to_string(axis));
  };
  const auto number = [&](const char* name, int axis) {
    const std::optional<CardView> value = card(name, axis);
    return value ? value->number() : std::nullopt;
  };
  int lon = 0, lat = 0;
  for (const auto& kind : kKinds) {
    lon = lat = 0;
    for (int axis = 1; axis <= 4; ++axis) {
      const std::optional<CardView> type = card("CTYPE", axis);
      if (!type) continue;
      if (lon == 0 && glob_match(kind.longitude, trim(type->text))) lon = axis;
      if (lat == 0 && glob_match(kind.latitude, trim(type->text))) lat = axis;
    }
    frame = kind.frame;
    if (lon != 0 && lat != 0) break;
  }
  if (lon == 0 || lat == 0) return false;
  for (const int axis : {lon, lat}) {
    const std::optional<double> pixel = number("CRPIX", axis);
    const auto size = static_cast<std::size_t>(axis) <= place_.own().axes.size()
                          ? static_cast<double>(place_.own().axes[static_cast<std::size_t>(axis) - 1])
                          : 1.0;
    if (pixel && !(*pixel >= 0.5 && *pixel <= size + 0.5)) return false;
  }
  const std::optional<double> x = number("CRVAL", lon), y = number("CRVAL", lat);
  if (!x || !y || !(*x >= -180 && *x <= 360) || !(std::fabs(*y) <= 90) || (*x == 0 && *y == 0)) return false;
  out = {normalize_degrees(*x), *y};
  keywords = "CRVAL" + std::to_string(lon) + " + CRVAL" + std::to_string(lat);
  return true;
}

// The sky at the centre of the image; the reference point where wcslib cannot tell (no scale, TNX far out), or where the
// size of the image is not known (text dumps of headers).
bool Reader::by_wcs(char version, SkyPosition& icrs, std::string& keywords) const {
  if (Listener* listener = place_.cards.listener()) listener->anything();  // wcslib reads the whole header
  const std::vector<std::int64_t>& axes = place_.own().axes;
  const std::string suffix(version == ' ' ? 0 : 1, version);
  if (axes.size() < 2 || !place_.cards.get(place_.hdu, "CTYPE1" + suffix)) return false;
  // A WCS of zeros is no WCS.
  const auto zero = [&](const char* name) {
    const std::optional<CardView> value = place_.cards.get(place_.hdu, name + suffix);
    return !value || value->number() == 0.0;
  };
  const std::optional<CardView> type = place_.cards.get(place_.hdu, "CTYPE1" + suffix);
  const bool galactic = glob_match("GL*", trim(type->text));  // 0, 0 is the centre of the Galaxy
  if (!galactic && zero("CRVAL1") && zero("CRVAL2")) return false;
  const std::string other = version == ' ' ? "" : alternate_wcs(place_.own().header.text(), version);
  const std::string_view cards = version == ' ' ? place_.own().header.text() : std::string_view(other);
  if (axes[0] > 0 && axes[1] > 0) {
    const double x = (static_cast<double>(axes[0]) + 1) / 2, y = (static_cast<double>(axes[1]) + 1) / 2;
    if (const Result<SkyPosition> centre = pixel_position(cards, x, y)) {
      icrs = *centre;
      keywords = "WCS" + (suffix.empty() ? "" : ' ' + suffix);
      return true;
    }
  }
  SkyPosition found;
  Frame frame = Frame::icrs;
  if (version != ' ' || !reference_point(found, frame, keywords)) return false;
  const std::optional<double> equinox = header_equinox().value;
  const Result<SkyPosition> turned =
      to_icrs(found, frame == Frame::icrs ? frame_of(equinox) : frame, equinox.value_or(default_equinox(frame)));
  if (turned) icrs = *turned;
  return turned.ok();
}

// As RADESYS and the equinox say.
Frame Reader::frame_of(std::optional<double> equinox) const {
  Result<Frame> named = frame_named(aside_text(Field::frame, &RememberedAside::frame).value.value_or(""), equinox);
  if (!named) named = frame_named("", equinox);
  return named.ok() ? *named : Frame::icrs;
}

void Reader::position(Fact<double>& ra, Fact<double>& dec, std::optional<double> obstime) const {
  each_recipe(Field::position, [&](const Recipe& recipe) {
    SkyPosition found;
    std::string keywords;
    int hdu = place_.own().number;
    if (recipe.sources.size() == 1) {
      if (!by_wcs(recipe.wcs_version, found, keywords)) return false;
    } else {
      if (!pointing(recipe, found, keywords, hdu)) return false;
      const std::optional<double> equinox = header_equinox().value;
      const Frame frame = recipe.sky_frame ? *recipe.sky_frame : frame_of(equinox);
      const std::optional<double> epoch = obstime ? std::optional(julian_year(*obstime)) : std::nullopt;
      const Result<SkyPosition> icrs =
          to_icrs(found, frame, equinox.value_or(default_equinox(frame)), recipe.needs_time() ? epoch : std::nullopt);
      if (!icrs) return false;
      found = *icrs;
    }
    ra = {found.ra, keywords, hdu, line_of(recipe)};
    dec = {found.dec, keywords, hdu, line_of(recipe)};
    return true;
  });
}

void Reader::centre(Fact<double>& ra, Fact<double>& dec) const {
  SkyPosition found;
  std::string keywords;
  if (!by_wcs(' ', found, keywords)) return;
  ra = {found.ra, keywords, place_.own().number, {}};
  dec = {found.dec, keywords, place_.own().number, {}};
}

}  // namespace imreg::camera
