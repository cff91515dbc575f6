// The WCS cards are read here, and wcslib gets finite numbers only: its own header parser (7.12) crashes on hostile
// headers
// (found by tests/sky), allocates gigabytes for WCSAXES = 30000 and is stopped by the units of spectral axes.
// No lock: what is left of wcslib has no state but in wcserr_enable, wcsprintf_set, wcsnpv, wcsnps and disndp, which
// nobody calls.
#include "sky/wcs.h"

#include <wcslib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "sky/frames.h"

namespace imreg {

namespace {

constexpr std::size_t kCard = 80;
constexpr int kMaxAxes = 9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The axis of NAMEi, 0 when `word` is not that.
int axis_of(std::string_view word, std::string_view name) {
  if (word.size() != name.size() + 1 || !word.starts_with(name) || !is_digit(word.back())) return 0;
  return word.back() - '0';
}

// The larger axis of CDi_j, PCi_j and their old spelling CD00i00j; 0 when `word` is none.
int matrix_axes(std::string_view word) {
  if (!word.starts_with("CD") && !word.starts_with("PC")) return 0;
  char i = 0, j = 0;
  if (word.size() == 5 && word[3] == '_') {
    i = word[2];
    j = word[4];
  } else if (word.size() == 8 && word.substr(2, 2) == "00" && word.substr(5, 2) == "00") {
    i = word[4];
    j = word[7];
  }
  if (!is_digit(i) || !is_digit(j) || i == '0' || j == '0') return 0;
  return std::max(i, j) - '0';
}

// PVi_m: its axis, and m; 0 when `word` is none. 39 is the last that any projection has.
int parameter_axis(std::string_view word, int& m) {
  if (word.size() < 5 || word.size() > 6 || !word.starts_with("PV") || word[3] != '_') return 0;
  if (!is_digit(word[2]) || !is_digit(word[4]) || !is_digit(word.back())) return 0;
  m = word[4] - '0';
  if (word.size() == 6) m = m * 10 + (word[5] - '0');
  return m <= 39 ? word[2] - '0' : 0;
}

// A_p_q and B_p_q of SIP.
bool is_sip(std::string_view word) {
  return word.size() == 5 && (word[0] == 'A' || word[0] == 'B') && word[1] == '_' && is_digit(word[2]) &&
         word[3] == '_' && is_digit(word[4]);
}

// A text value between its quotes, trailing blanks gone.
std::string_view text_value(std::string_view card) {
  const std::size_t open = card.find_first_not_of(' ', 10);
  if (open == card.npos || card[open] != '\'') return {};
  const std::size_t close = card.find('\'', open + 1);
  return close == card.npos ? std::string_view() : trim(card.substr(open + 1, close - open - 1));
}

// RA---TAN and the like, in a frame that can be turned to ICRS, in a projection that is no table.
bool is_celestial(std::string_view type) {
  if (type.size() < 8 || type[4] != '-' || type.substr(5, 3) == "TAB") return false;
  const std::string_view axis = type.substr(0, 4);
  return axis == "RA--" || axis == "DEC-" || axis == "GLON" || axis == "GLAT" || axis == "ELON" || axis == "ELAT";
}

struct Parameter {
  int axis = 0, m = 0;
  double value = 0;
};

// SIP: a polynomial in the distance from CRPIX, added to it (Shupe et al. 2005).
struct Sip {
  double coefficient[10][10] = {};
  int order = 0;

  double at(double u, double v) const {
    double sum = 0, u_power = 1;
    for (int p = 0; p <= order; ++p, u_power *= u) {
      double term = u_power;
      for (int q = 0; p + q <= order; ++q, term *= v) {
        if (coefficient[p][q] != 0) sum += coefficient[p][q] * term;
      }
    }
    return sum;
  }
};

struct Axis {
  std::string type;  // empty: linear
  std::string unit;
  double reference_pixel = 0, reference_value = 0, step = 1, rotation = 0;
};

// What a header says of its celestial axes.
struct Description {
  std::array<Axis, kMaxAxes> axis;
  int axes = 2;
  double matrix[kMaxAxes][kMaxAxes] = {};  // CDi_j or PCi_j
  double old_matrix[kMaxAxes][kMaxAxes] = {};
  bool has_cd = false, has_pc = false, has_rotation = false, has_step = false;
  std::optional<double> native_longitude, native_latitude, equinox, epoch;
  std::string frame;
  std::vector<Parameter> parameters;
  std::array<Sip, 2> sip;
};

// The keyword of a clean "KEYWORD = " card; empty otherwise.
std::string_view keyword_of(std::string_view card) {
  if (card.substr(8, 2) != "= ") return {};
  for (const char c : card) {
    if (c < ' ' || c > '~') return {};
  }
  return trim(card.substr(0, 8));
}

std::optional<double> number_value(std::string_view card) {
  std::string text(card.substr(10, card.find('/', 10) - 10));
  for (char& c : text) {
    if (c == 'D' || c == 'd') c = 'E';
  }
  double value = 0;
  if (!parse_number(text, value)) return {};
  return value;
}

// CUNIT of a celestial axis as wcslib spells it; "?" when it is no angle. wcslib's own parser of units sees nothing
// else.
std::string unit_of(std::string_view text) {
  const std::string word = to_lower(text);
  if (word.starts_with("deg")) return "deg";
  return word.empty() || word == "arcmin" || word == "arcsec" || word == "mas" || word == "rad" ? word : "?";
}

void read_matrix(std::string_view word, double value, Description& out) {
  const auto digit = [word](std::size_t at) { return static_cast<std::size_t>(word[at] - '1'); };
  const std::size_t i = word.size() == 5 ? digit(2) : digit(4);
  const std::size_t j = word.size() == 5 ? digit(4) : digit(7);
  const bool cd = word[1] == 'D';
  (cd ? out.has_cd : out.has_pc) = true;
  (cd ? out.matrix : out.old_matrix)[i][j] = value;
}

void read_number(std::string_view word, double value, Description& out) {
  int axis = 0, m = 0;
  const auto is = [&](std::string_view name) { return (axis = axis_of(word, name)) > 0; };
  const auto at = [&]() -> Axis& { return out.axis[static_cast<std::size_t>(axis - 1)]; };
  if (is("CRVAL")) {
    at().reference_value = value;
  } else if (is("CRPIX")) {
    at().reference_pixel = value;
  } else if (is("CDELT")) {
    at().step = value;
    out.has_step = true;
  } else if (is("CROTA")) {
    at().rotation = value;
    out.has_rotation = true;
  } else if ((axis = matrix_axes(word)) > 0) {
    read_matrix(word, value, out);
  } else if ((axis = parameter_axis(word, m)) > 0) {
    std::erase_if(out.parameters, [&](const Parameter& old) { return old.axis == axis && old.m == m; });
    out.parameters.push_back({axis, m, value});
    axis = 0;
  } else if (is_sip(word)) {
    out.sip[word[0] == 'A' ? 0 : 1].coefficient[word[2] - '0'][word[4] - '0'] = value;
  } else if (word == "A_ORDER" || word == "B_ORDER") {
    out.sip[word[0] == 'A' ? 0 : 1].order = value >= 1 && value <= 9 ? static_cast<int>(value) : 0;
  } else if (word == "LONPOLE") {
    out.native_longitude = value;
  } else if (word == "LATPOLE") {
    out.native_latitude = value;
  } else if (word == "EQUINOX") {
    out.equinox = value;
  } else if (word == "EPOCH") {
    out.epoch = value;
  }
  out.axes = std::max(out.axes, axis);
}

Description read_cards(std::string_view cards) {
  Description out;
  for (std::size_t i = 0; i < kMaxAxes; ++i) out.old_matrix[i][i] = 1;
  for (; cards.size() >= kCard; cards.remove_prefix(kCard)) {
    const std::string_view card = cards.substr(0, kCard);
    const std::string_view word = keyword_of(card);
    if (word.empty()) continue;
    if (const int typed = axis_of(word, "CTYPE")) {
      // Other axes stay linear: their types and units could only fail.
      const std::string_view type = text_value(card);
      out.axis[static_cast<std::size_t>(typed - 1)].type = is_celestial(type) ? std::string(type.substr(0, 8)) : "";
      out.axes = std::max(out.axes, typed);
    } else if (const int united = axis_of(word, "CUNIT")) {
      out.axis[static_cast<std::size_t>(united - 1)].unit = unit_of(text_value(card));
    } else if (word == "RADESYS" || (word == "RADECSYS" && out.frame.empty())) {
      out.frame = text_value(card);
    } else if (const auto value = number_value(card)) {
      read_number(word, *value, out);
    }
  }
  if (!out.equinox) out.equinox = out.epoch;
  return out;
}

bool has_pair(const Description& d) {
  return std::count_if(d.axis.begin(), d.axis.end(), [](const Axis& axis) { return !axis.type.empty(); }) == 2;
}

// The habits of programs that wrote before, or beside, the standard.
void adapt(Description& d) {
  const bool sip = d.sip[0].order > 0 || d.sip[1].order > 0;
  // No projection but TPV (and ZPN) has parameters 5 and up; SCAMP before 2012 called it TAN, or wrote them beside SIP.
  const bool many = std::any_of(d.parameters.begin(), d.parameters.end(), [](const Parameter& p) { return p.m >= 5; });
  for (Axis& axis : d.axis) {
    if (axis.type.empty()) continue;
    const std::string projection = axis.type.substr(5);
    if (projection == "TNX" || (projection == "TAN" && many && !sip))
      axis.type.replace(5, 3, projection == "TNX" ? "TAN" : "TPV");
  }
  std::erase_if(d.parameters, [&](const Parameter& p) {
    return (sip && many) || d.axis[static_cast<std::size_t>(p.axis - 1)].type.empty();
  });
  // A matrix that forgets an axis, as two-dimensional ones in cubes do, leaves it alone.
  for (int i = 0; i < d.axes && d.has_cd; ++i) {
    bool empty = true;
    for (int j = 0; j < d.axes; ++j) empty = empty && d.matrix[i][j] == 0 && d.matrix[j][i] == 0;
    if (empty && d.axis[static_cast<std::size_t>(i)].type.empty()) d.matrix[i][i] = 1;
  }
}

// wcslib's struct, freed.
struct Prm {
  wcsprm wcs;
  Prm() { wcs.flag = -1; }
  Prm(const Prm&) = delete;
  Prm& operator=(const Prm&) = delete;
  ~Prm() { wcsfree(&wcs); }
};

void copy_text(char (&to)[72], const std::string& from) {
  std::memset(to, 0, sizeof to);
  std::memcpy(to, from.data(), std::min(from.size(), sizeof to - 1));
}

// wcsset would see a singular matrix too, but loses memory over it (7.12).
bool is_singular(const Description& d) {
  const std::size_t n = static_cast<std::size_t>(d.axes);
  std::vector<double> matrix(n * n), inverse(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j)
      matrix[i * n + j] = d.has_cd ? d.matrix[i][j] : d.axis[i].step * d.old_matrix[i][j];
  }
  return matinv(d.axes, matrix.data(), inverse.data()) != 0;
}

int fill(const Description& d, wcsprm& wcs) {
  if (const int code = wcsinit(1, d.axes, &wcs, static_cast<int>(d.parameters.size()), 0, 0)) return code;
  wcs.altlin = d.has_cd ? 2 : d.has_pc ? 1 : d.has_rotation ? 4 : 0;
  for (int i = 0; i < d.axes; ++i) {
    const Axis& axis = d.axis[static_cast<std::size_t>(i)];
    wcs.crpix[i] = axis.reference_pixel;
    wcs.crval[i] = axis.reference_value;
    wcs.cdelt[i] = d.has_cd ? 1 : axis.step;
    wcs.crota[i] = axis.rotation;
    copy_text(wcs.ctype[i], axis.type);
    copy_text(wcs.cunit[i], axis.type.empty() ? "" : axis.unit);
    for (int j = 0; j < d.axes; ++j) {
      wcs.cd[i * d.axes + j] = d.matrix[i][j];
      wcs.pc[i * d.axes + j] = d.old_matrix[i][j];
    }
  }
  for (const Parameter& p : d.parameters) wcs.pv[wcs.npv++] = {p.axis, p.m, p.value};
  if (d.native_longitude) wcs.lonpole = *d.native_longitude;
  if (d.native_latitude) wcs.latpole = *d.native_latitude;
  celfix(&wcs);  // NCP and GLS
  return wcsset(&wcs);
}

Status wrong(int code) {
  const bool known = code > 0 && code <= 13;
  return Status(Code::invalid,
                std::string("the WCS cards are wrong: ") + (known ? wcs_errmsg[code] : "wcslib refuses them"));
}

Status none() { return Status(Code::not_found, "the header describes no celestial axes that can be turned to ICRS"); }

// What a header says, ready for wcslib.
Result<Description> describe(std::string_view cards80) {
  Description description = read_cards(cards80);
  if (!has_pair(description)) return none();
  adapt(description);
  for (const Axis& axis : description.axis) {
    if (!axis.type.empty() && axis.unit == "?")
      return Status(Code::invalid, "the WCS cards are wrong: CUNIT is no unit of angle");
  }
  // The standard's default of one degree a pixel is what nobody means.
  if (!description.has_step && !description.has_cd)
    return Status(Code::invalid, "the WCS cards give no scale (CDELTi or CDi_j)");
  if (is_singular(description)) return wrong(WCSERR_SINGULAR_MTX);
  return description;
}

}  // namespace

Result<SkyPosition> pixel_position(std::string_view cards80, double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return Status(Code::invalid, "a pixel position must be finite");
  IMREG_ASSIGN(const Description description, describe(cards80));

  Prm prm;
  wcsprm& wcs = prm.wcs;
  if (const int code = fill(description, wcs)) return wrong(code);
  if (wcs.lng < 0 || wcs.lat < 0) return none();

  std::array<double, kMaxAxes> pixel, image, world;
  pixel.fill(1);
  const double u = x - description.axis[0].reference_pixel, v = y - description.axis[1].reference_pixel;
  pixel[0] = x + description.sip[0].at(u, v);
  pixel[1] = y + description.sip[1].at(u, v);
  if (!std::isfinite(pixel[0]) || !std::isfinite(pixel[1]))
    return Status(Code::invalid, "the SIP cards are wrong: the pixel goes to infinity");
  double phi = 0, theta = 0;
  int bad = 0;
  if (const int code = wcsp2s(&wcs, 1, wcs.naxis, pixel.data(), image.data(), &phi, &theta, world.data(), &bad)) {
    if (code == 8) return Status(Code::invalid, "the pixel lies outside the sky of its projection");
    return wrong(code);
  }
  const SkyPosition found{world[static_cast<std::size_t>(wcs.lng)], world[static_cast<std::size_t>(wcs.lat)]};

  const std::string_view type = wcs.lngtyp;
  Frame frame = Frame::icrs;
  if (type.starts_with("GL")) {
    frame = Frame::galactic;
  } else if (type.starts_with("EL")) {
    frame = Frame::ecliptic;
  } else {
    IMREG_ASSIGN(frame, frame_named(description.frame, description.equinox));
  }
  return to_icrs(found, frame, description.equinox.value_or(default_equinox(frame)));
}

std::string alternate_wcs(std::string_view cards80, char version) {
  std::string out;
  for (; cards80.size() >= kCard; cards80.remove_prefix(kCard)) {
    const std::string_view word = keyword_of(cards80.substr(0, kCard));
    if (word.size() < 2 || word.back() != version) continue;
    const std::string_view base = word.substr(0, word.size() - 1);
    const bool named = base == "RADESYS" || base == "EQUINOX" || base == "LONPOLE" || base == "LATPOLE";
    // CTYPE1A, CD1_1A, PV2_1A: a digit stands before the version.
    if (!named && !is_digit(base.back())) continue;
    std::string card(cards80.substr(0, kCard));
    card[word.size() - 1] = ' ';
    out += card;
  }
  return out;
}

Result<double> pixel_scale(std::string_view cards80) {
  IMREG_ASSIGN(const Description description, describe(cards80));
  std::array<std::size_t, 2> sky{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < kMaxAxes && count < 2; ++i) {
    if (!description.axis[i].type.empty()) sky[count++] = i;
  }
  // describe() has made sure of two. The plane before it is projected; rotations do not change the determinant.
  const auto element = [&](std::size_t i, std::size_t j) {
    const std::string& unit = description.axis[i].unit;
    const double degrees = unit == "arcsec"   ? 1 / 3600.0
                           : unit == "arcmin" ? 1 / 60.0
                           : unit == "mas"    ? 1 / 3.6e6
                           : unit == "rad"    ? 180 / 3.14159265358979323846
                                              : 1.0;
    return degrees *
           (description.has_cd ? description.matrix[i][j] : description.axis[i].step * description.old_matrix[i][j]);
  };
  const double area =
      element(sky[0], sky[0]) * element(sky[1], sky[1]) - element(sky[0], sky[1]) * element(sky[1], sky[0]);
  return 3600 * std::sqrt(std::fabs(area));
}

}  // namespace imreg
