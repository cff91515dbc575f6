// The shape of an HDU by its cards: kind, axes, and how many bytes of data follow (FITS 4.0, sections 4.4.1, 6, 7, 10.1).
// One pass over the cards; the numbers of a hostile header cannot overflow.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>

#include "base/text.h"
#include "fits/fits_internal.h"

namespace imreg::fits {

namespace {

constexpr int kMostAxes = 999;

std::uint64_t load8(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The value of a fixed-format integer card; everything else takes the long way.
std::optional<long long> integer_at(const Header& header, std::size_t i) {
  const std::string_view card = header.card(i);
  if (card[8] == '=' && card[9] == ' ') {
    std::size_t at = 10;
    while (at < 30 && card[at] == ' ') ++at;
    long long value = 0;
    const auto [end, error] = std::from_chars(card.data() + at, card.data() + kCardSize, value);
    if (error == std::errc() && (*end == ' ' || *end == '/')) {
      const char* rest = end;
      while (rest < card.data() + kCardSize && *rest == ' ') ++rest;
      if (rest == card.data() + kCardSize || *rest == '/') return value;
    }
  }
  return Header(std::string(card)).integer_of(header.keyword(i));
}

struct Axis {
  std::optional<long long> length;
  bool seen = false;
};

// The cards that tell the shape; the first one of each name counts.
struct Cards {
  std::optional<long long> bitpix, naxis, pcount, gcount, zbitpix, znaxis, extver;
  std::optional<std::size_t> xtension, extname;
  bool has_bitpix = false, has_naxis = false;
  bool simple = true, groups = false, zimage = false;
  std::vector<Axis> axes, zaxes;
};

void take(const Header& header, std::size_t i, std::optional<long long>& into) {
  if (!into) into = integer_at(header, i);
}

// NAXISn or ZNAXISn: `digits` are the characters behind the name.
void take_axis(const Header& header, std::size_t i, std::string_view digits, std::vector<Axis>& axes) {
  int n = 0;
  digits = digits.substr(0, std::min(digits.find_first_of(" ="), digits.size()));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (error != std::errc() || end != digits.data() + digits.size() || n < 1 || n > kMostAxes) return;
  if (axes.size() < static_cast<std::size_t>(n)) axes.resize(static_cast<std::size_t>(n));
  Axis& axis = axes[static_cast<std::size_t>(n) - 1];
  if (axis.seen) return;
  axis.seen = true;
  axis.length = integer_at(header, i);
}

// A name of eight columns as a number, to switch over.
constexpr std::uint64_t word(const char (&name)[9]) {
  std::uint64_t out = 0;
  for (int i = 7; i >= 0; --i) out = out << 8 | static_cast<unsigned char>(name[i]);
  return out;
}

// The letters of either case that the names of interest begin with, by their low five bits.
constexpr std::uint32_t letters(std::string_view text) {
  std::uint32_t out = 0;
  for (const char c : text) out |= 1U << (c & 31);
  return out;
}
constexpr std::uint32_t kFirstLetters = letters("NBPGEXZS");

Cards collect(const Header& header) {
  Cards out;
  const char* at = header.text().data();
  for (std::size_t i = 0, count = header.size(); i < count; ++i, at += kCardSize) {
    // Letters that no name of interest begins with: most cards are done here.
    if ((kFirstLetters >> (*at & 31) & 1) == 0) continue;
    char name[8];
    for (int k = 0; k < 8; ++k) name[k] = at[k] == '=' ? ' ' : upper(at[k]);
    switch (load8(name)) {
      case word("SIMPLE  "):
        if (i == 0) out.simple = header.value(i).logical().value_or(false);
        break;
      case word("XTENSION"):
        if (!out.xtension) out.xtension = i;
        break;
      case word("BITPIX  "):
        out.has_bitpix = true;
        take(header, i, out.bitpix);
        break;
      case word("NAXIS   "):
        out.has_naxis = true;
        take(header, i, out.naxis);
        break;
      case word("PCOUNT  "): take(header, i, out.pcount); break;
      case word("GCOUNT  "): take(header, i, out.gcount); break;
      case word("EXTVER  "): take(header, i, out.extver); break;
      case word("ZBITPIX "): take(header, i, out.zbitpix); break;
      case word("ZNAXIS  "): take(header, i, out.znaxis); break;
      case word("GROUPS  "): out.groups = out.groups || header.value(i).logical().value_or(false); break;
      case word("ZIMAGE  "): out.zimage = out.zimage || header.value(i).logical().value_or(false); break;
      case word("EXTNAME "):
        if (!out.extname) out.extname = i;
        break;
      default:
        if (std::memcmp(name, "NAXIS", 5) == 0) take_axis(header, i, {at + 5, 4}, out.axes);
        if (std::memcmp(name, "ZNAXIS", 6) == 0) take_axis(header, i, {at + 6, 3}, out.zaxes);
    }
  }
  return out;
}

bool good_bitpix(std::optional<long long> bitpix) {
  return bitpix &&
         (*bitpix == 8 || *bitpix == 16 || *bitpix == 32 || *bitpix == 64 || *bitpix == -32 || *bitpix == -64);
}

std::string number_text(std::optional<long long> value) {
  return value ? std::to_string(*value) : std::string("not a number");
}

// The product of axes: 0 when one of them is, nothing when it is more than an image of doubles can have in a file.
std::optional<std::int64_t> pixels_of(std::span<const std::int64_t> axes) {
  if (std::find(axes.begin(), axes.end(), 0) != axes.end()) return 0;
  std::int64_t out = 1;
  for (const std::int64_t length : axes) {
    if (__builtin_mul_overflow(out, length, &out) || out > INT64_MAX / 16) return std::nullopt;
  }
  return out;
}

// NAXIS and the NAXISn into `axes`; the fault, if there is one. `prefix` is "" or "Z".
std::string axes_of(std::optional<long long> naxis, const std::vector<Axis>& from, const std::string& prefix,
                    std::vector<std::int64_t>& axes) {
  if (!naxis) return prefix + "NAXIS is missing or not a number";
  if (*naxis < 0 || *naxis > kMostAxes) return prefix + "NAXIS = " + std::to_string(*naxis) + " makes no sense";
  axes.reserve(static_cast<std::size_t>(*naxis));
  for (std::size_t n = 0; n < static_cast<std::size_t>(*naxis); ++n) {
    const std::string name = prefix + "NAXIS" + std::to_string(n + 1);
    if (n >= from.size() || !from[n].seen) return name + " is missing";
    if (!from[n].length) return name + " is not a number";
    if (*from[n].length < 0) return name + " = " + std::to_string(*from[n].length) + " makes no sense";
    axes.push_back(*from[n].length);
  }
  return {};
}

}  // namespace

std::string name_of(const Hdu& hdu) {
  std::string out = hdu.number == 0 ? std::string("the primary HDU") : "HDU " + std::to_string(hdu.number);
  if (!hdu.extname.empty()) out += " (" + hdu.extname + ")";
  return out;
}

std::string shape_of(Hdu& hdu, std::vector<std::string>& warnings) {
  const Cards cards = collect(hdu.header);
  if (cards.extname) hdu.extname = hdu.header.value(*cards.extname).text;
  if (cards.extver)
    hdu.extver = static_cast<int>(
        std::clamp<long long>(*cards.extver, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
  if (!cards.simple && hdu.number == 0) {
    warnings.push_back("SIMPLE is not T: the file itself says that it may differ from the FITS standard");
  }
  if (!good_bitpix(cards.bitpix)) {
    return cards.has_bitpix ? "BITPIX = " + number_text(cards.bitpix) + " makes no sense" : "BITPIX is missing";
  }
  hdu.bitpix = static_cast<int>(*cards.bitpix);
  if (std::string fault = axes_of(cards.naxis, cards.axes, "", hdu.axes); !fault.empty()) return fault;

  const long long pcount = cards.pcount.value_or(0), gcount = cards.gcount.value_or(1);
  if (pcount < 0 || gcount < 0) return "PCOUNT or GCOUNT is negative";
  const bool primary = hdu.number == 0 && !cards.xtension;
  const bool groups = primary && cards.groups && !hdu.axes.empty() && hdu.axes[0] == 0;
  // Checked before GCOUNT: 0 of it would make any product small.
  const auto pixels = pixels_of(std::span(hdu.axes).subspan(groups ? 1 : 0));
  const std::int64_t elements = hdu.axes.empty() ? 0 : pixels.value_or(0);
  std::int64_t bytes = 0;
  bool overflow = !pixels || __builtin_add_overflow(elements, hdu.axes.empty() ? 0 : pcount, &bytes);
  overflow = overflow || __builtin_mul_overflow(bytes, gcount, &bytes);
  overflow = overflow || __builtin_mul_overflow(bytes, std::abs(hdu.bitpix) / 8, &bytes);
  if (overflow || bytes > INT64_MAX / 2) return "the axes ask for more bytes than any file can hold";
  hdu.data_size = bytes;

  const std::string type = cards.xtension ? to_upper(hdu.header.value(*cards.xtension).text) : std::string();
  if (primary || type == "IMAGE" || type == "IUEIMAGE") {
    hdu.kind = groups ? HduKind::groups : elements > 0 ? HduKind::image : HduKind::empty;
  } else if (type == "BINTABLE" && cards.zimage) {
    std::vector<std::int64_t> axes;
    std::string fault = axes_of(cards.znaxis, cards.zaxes, "Z", axes);
    if (fault.empty() && !good_bitpix(cards.zbitpix)) fault = "ZBITPIX makes no sense";
    const auto inside = pixels_of(axes);
    if (fault.empty() && !inside) fault = "its axes ask for more pixels than any file can hold";
    if (fault.empty()) {
      hdu.kind = axes.empty() || *inside == 0 ? HduKind::empty : HduKind::compressed_image;
      hdu.bitpix = static_cast<int>(*cards.zbitpix);
      hdu.axes = std::move(axes);
    } else {
      hdu.kind = HduKind::table;
      warnings.push_back(name_of(hdu) + " says that it is a compressed image, but " + fault + ": taken for a table");
    }
  } else {
    hdu.kind = type == "BINTABLE" || type == "TABLE" || type == "A3DTABLE" ? HduKind::table : HduKind::other;
  }
  return {};
}

}  // namespace imreg::fits
