// wcslib behind a filter: only cards that matter here, with axes 1..9, reach its parser. So no header can make it allocate
// by WCSAXES = 30000, stumble over alternates, tables or units of spectral axes, or print.
// No lock: the scanners of wcslib 7 are reentrant, and its only writable globals belong to wcserr_enable, wcsprintf_set, wcsnpv,
// wcsnps and disndp, which nobody here calls.
#include "sky/wcs.h"

#include <wcslib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>

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
  return word.size() == 5 && (word[0] == 'A' || word[0] == 'B') && word[1] == '_' && is_digit(word[2]) && word[3] == '_' &&
         is_digit(word[4]);
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

// The cards for wcslib, with a NAXIS of our own in front.
struct Selection {
  std::string cards;
  int axes = 0;
  bool celestial = false;
};

struct Survey {
  std::array<bool, kMaxAxes + 1> celestial{};
  bool sip = false;
  bool many_parameters = false;  // PVi_5 and beyond: no projection but TPV (or ZPN) has them
};

// The keyword of a clean "KEYWORD = " card; empty otherwise.
std::string_view keyword_of(std::string_view card) {
  if (card.substr(8, 2) != "= ") return {};
  for (const char c : card) {
    if (c < ' ' || c > '~') return {};
  }
  return trim(card.substr(0, 8));
}

Survey survey(std::string_view cards) {
  Survey out;
  for (; cards.size() >= kCard; cards.remove_prefix(kCard)) {
    const std::string_view card = cards.substr(0, kCard);
    const std::string_view word = keyword_of(card);
    int m = 0;
    if (const int axis = axis_of(word, "CTYPE")) out.celestial[static_cast<std::size_t>(axis)] = is_celestial(text_value(card));
    if (is_sip(word)) out.sip = true;
    if (parameter_axis(word, m) > 0 && m >= 5) out.many_parameters = true;
  }
  return out;
}

// CTYPE with the projection that wcslib can do; the length stays.
std::string adapted_type(std::string_view card, const Survey& seen) {
  std::string out(card);
  const std::size_t at = out.find('\'') + 6;
  const std::string_view projection = std::string_view(out).substr(at, 3);
  const bool plain = seen.many_parameters && !seen.sip && projection == "TAN";  // SCAMP before 2012 called TPV so
  if (plain) out.replace(at, 3, "TPV");
  if (projection == "TNX") out.replace(at, 3, "TAN");
  return out;
}

Selection select(std::string_view cards) {
  const Survey seen = survey(cards);
  Selection out;
  const auto take = [&out](std::string_view card, int axis) {
    out.cards += card;
    out.axes = std::max(out.axes, axis);
  };
  for (; cards.size() >= kCard; cards.remove_prefix(kCard)) {
    const std::string_view card = cards.substr(0, kCard);
    const std::string_view word = keyword_of(card);
    int m = 0;
    if (word.empty()) continue;
    if (word == "LONPOLE" || word == "LATPOLE" || word == "RADESYS" || word == "RADECSYS" || word == "EQUINOX" || word == "EPOCH") {
      take(card, 0);
    } else if (const int typed = axis_of(word, "CTYPE")) {
      // Other axes stay linear: their types and units could only fail.
      if (!seen.celestial[static_cast<std::size_t>(typed)]) continue;
      if (!is_celestial(text_value(card))) continue;  // an earlier card of the same name
      take(adapted_type(card, seen), typed);
      out.celestial = true;
    } else if (const int united = axis_of(word, "CUNIT")) {
      if (seen.celestial[static_cast<std::size_t>(united)]) take(card, united);
    } else if (const int axis = std::max({axis_of(word, "CRVAL"), axis_of(word, "CRPIX"), axis_of(word, "CDELT"), axis_of(word, "CROTA"),
                                          matrix_axes(word)})) {
      take(card, axis);
    } else if (const int parameter = parameter_axis(word, m)) {
      // SCAMP's PV beside SIP say the same once more.
      if (!(seen.sip && seen.many_parameters) && seen.celestial[static_cast<std::size_t>(parameter)]) take(card, parameter);
    } else if (is_sip(word)) {
      take(card, 2);
    }
  }
  std::string naxis = "NAXIS   =                    " + std::to_string(std::max(out.axes, 2));
  naxis.resize(kCard, ' ');
  out.cards.insert(0, naxis);
  std::string end = "END";
  end.resize(kCard, ' ');
  out.cards += end;
  return out;
}

// Owns what wcspih allocates.
struct Parsed {
  int count = 0;
  wcsprm* list = nullptr;
  Parsed() = default;
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  ~Parsed() { wcsvfree(&count, &list); }
};

Status wrong(int code) {
  const bool known = code > 0 && code <= 13;
  return Status(Code::invalid, std::string("the WCS cards are wrong: ") + (known ? wcs_errmsg[code] : "wcslib cannot parse them"));
}

Status none() { return Status(Code::not_found, "the header describes no celestial axes that can be turned to ICRS"); }

}  // namespace

Result<SkyPosition> pixel_position(std::string_view cards80, double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return Status(Code::invalid, "a pixel position must be finite");
  Selection selected = select(cards80);
  if (!selected.celestial) return none();

  Parsed parsed;
  int rejected = 0;
  const int cards = static_cast<int>(selected.cards.size() / kCard);
  if (wcspih(selected.cards.data(), cards, WCSHDR_all, 0, &rejected, &parsed.count, &parsed.list) != 0) return wrong(0);
  if (parsed.count < 1) return none();
  wcsprm& wcs = parsed.list[0];
  if (wcs.naxis < 2 || wcs.naxis > kMaxAxes) return none();
  unitfix(0, &wcs);  // "degree" and the like
  celfix(&wcs);      // NCP and GLS
  if (const int code = wcsset(&wcs)) return wrong(code);
  if (wcs.lng < 0 || wcs.lat < 0) return none();

  std::array<double, kMaxAxes> pixel, image, world;
  pixel.fill(1);
  pixel[0] = x;
  pixel[1] = y;
  double phi = 0, theta = 0;
  int bad = 0;
  if (const int code = wcsp2s(&wcs, 1, wcs.naxis, pixel.data(), image.data(), &phi, &theta, world.data(), &bad)) {
    if (code == 8) return Status(Code::invalid, "the pixel lies outside the sky of its projection");
    return wrong(code);
  }
  const SkyPosition found{world[static_cast<std::size_t>(wcs.lng)], world[static_cast<std::size_t>(wcs.lat)]};

  const std::string_view type = wcs.lngtyp;
  std::optional<double> equinox;
  if (!undefined(wcs.equinox)) equinox = wcs.equinox;
  Frame frame = Frame::icrs;
  if (type.starts_with("GL")) {
    frame = Frame::galactic;
  } else if (type.starts_with("EL")) {
    frame = Frame::ecliptic;
  } else {
    IMREG_ASSIGN(frame, frame_named(std::string_view(wcs.radesys, strnlen(wcs.radesys, sizeof wcs.radesys)), equinox));
  }
  return to_icrs(found, frame, equinox.value_or(default_equinox(frame)));
}

}  // namespace imreg
