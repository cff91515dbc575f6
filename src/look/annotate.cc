// Letters come from chart; lines are drawn here, pixel by pixel with soft edges.
#include "look/annotate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "chart/text_coverage.h"
#include "imreg/date.h"
#include "look/ink.h"
#include "sky/wcs.h"

namespace imreg::look {

namespace {

constexpr Colour kBand = {16, 17, 22}, kInk = {225, 225, 225}, kFaint = {150, 152, 160};

// The longest round angle of at most `most` arcsec, and its name.
std::optional<std::pair<double, std::string>> round_angle(double most) {
  constexpr double kSteps[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,  0.2,  0.5,  1,     2,     5,     10,    15,
                               30,    60,    120,   300,  600,  900,  1800, 3600, 7200, 18000, 36000, 54000, 108000};
  std::optional<std::pair<double, std::string>> out;
  for (const double step : kSteps) {
    if (step > most) break;
    char text[32];
    if (step >= 3600)
      std::snprintf(text, sizeof text, "%g deg", step / 3600);
    else if (step >= 60)
      std::snprintf(text, sizeof text, "%g'", step / 60);
    else
      std::snprintf(text, sizeof text, "%g\"", step);
    out = {step, text};
  }
  return out;
}

}  // namespace

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(seconds) >= 1000 ? "%.0f s" : "%.4g s", seconds);
  return text;
}

std::optional<SkyScale> sky_scale(const std::vector<Piece>& pieces, const Mosaic& mosaic) {
  constexpr double kStep = 10, kDegree = std::numbers::pi / 180;
  const auto away = [&](const Piece& one) {
    const double x = static_cast<double>(2 * one.place.x + one.box.width - mosaic.width);
    const double y = static_cast<double>(2 * one.place.y + one.box.height - mosaic.height);
    return x * x + y * y;
  };
  const Piece& one = *std::min_element(pieces.begin(), pieces.end(),
                                       [&](const Piece& a, const Piece& b) { return away(a) < away(b); });
  const std::string_view text = one.hdu->header.text();
  const double x = static_cast<double>(one.box.x) + static_cast<double>(one.box.width + 1) / 2;
  const double y = static_cast<double>(one.box.y) + static_cast<double>(one.box.height + 1) / 2;
  const auto at = pixel_position(text, x, y), right = pixel_position(text, x + kStep, y),
             up = pixel_position(text, x, y + kStep);
  if (!at || !right || !up) return {};
  // East and north of a step, in degrees; steps are small.
  const auto step_of = [&](const SkyPosition& to) {
    double ra = to.ra - at->ra;
    ra -= 360 * std::round(ra / 360);
    return std::pair(ra * std::cos(at->dec * kDegree) / kStep, (to.dec - at->dec) / kStep);
  };
  auto [a, c] = step_of(*right);
  auto [b, d] = step_of(*up);
  if (one.place.flip_x) a = -a, c = -c;
  if (one.place.flip_y) b = -b, d = -d;
  const double det = a * d - b * c;
  if (!(std::abs(det) > 1e-20) || !std::isfinite(det)) return {};
  SkyScale out;
  out.arcsec = std::sqrt(std::abs(det)) * 3600;
  const auto direction = [&](double east, double north, double& to_x, double& to_y) {
    const double dx = (d * east - b * north) / det, dy = (a * north - c * east) / det, length = std::hypot(dx, dy);
    to_x = dx / length, to_y = dy / length;
  };
  direction(0, 1, out.north_x, out.north_y);
  direction(1, 0, out.east_x, out.east_y);
  return out;
}

raster::Raster annotated(const raster::Raster& picture, const LookCaption& caption, const std::optional<SkyScale>& sky,
                         double shrink) {
  const double size = std::clamp(picture.width / 55.0, 10.0, 30.0);
  const int band = static_cast<int>(std::ceil(3.4 * size)), pad = static_cast<int>(std::ceil(0.6 * size));
  raster::Raster out(picture.width, picture.height + band, 3);
  fill(out, 0, picture.height, out.width, band, kBand);
  const raster::Raster coloured = raster::in_colour(picture);
  std::copy(coloured.bytes.begin(), coloured.bytes.end(), out.bytes.begin());
  int right = out.width - pad;
  const double middle = picture.height + band / 2.0, thin = std::max(2.0, size / 7);
  if (sky) {
    // The rose: both arms from its middle, letters at their ends.
    const double arm = band * 0.22, centre = right - band * 0.45;
    for (const auto& [dx, dy, name] : {std::tuple(sky->north_x, sky->north_y, "N"), {sky->east_x, sky->east_y, "E"}}) {
      line(out, centre, middle, centre + arm * dx, middle - arm * dy, thin, kInk);
      const auto letter = chart::text_coverage(name, 0.8 * size, true, band);
      write(out, static_cast<int>(centre + 1.5 * arm * dx - letter.width / 2.0),
            static_cast<int>(middle - 1.5 * arm * dy - letter.height / 2.0), letter, kInk);
    }
    right -= band;
    const double arcsec = sky->arcsec * shrink;
    const auto bar = round_angle(arcsec * std::max(40.0, out.width * 0.22));
    if (bar && bar->first / arcsec >= 12 && bar->first / arcsec < right - pad) {
      const double length = bar->first / arcsec, low = middle + 0.45 * size;
      line(out, right - length, low, right, low, thin, kInk);
      for (const double end : {right - length, static_cast<double>(right)})
        line(out, end, low - size / 4, end, low + size / 4, thin, kInk);
      const auto text = chart::text_coverage(bar->second, size, false, right);
      write(out, static_cast<int>(right - length / 2 - text.width / 2.0), static_cast<int>(middle - 1.1 * size), text,
            kInk);
      right -= static_cast<int>(std::max(length, static_cast<double>(text.width))) + 2 * pad;
    }
  }
  std::string what = caption.filter;
  if (caption.exptime) what += (what.empty() ? "" : "   ") + seconds_text(*caption.exptime);
  if (caption.obstime) what += (what.empty() ? "" : "   ") + format_iso(*caption.obstime, 0);
  if (right > 4 * pad) {
    const std::string name = !caption.object.empty() ? caption.object : caption.type;
    write(out, pad, static_cast<int>(middle - 1.35 * size), chart::text_coverage(name, 1.1 * size, true, right - pad),
          kInk);
    write(out, pad, static_cast<int>(middle + 0.1 * size), chart::text_coverage(what, size, false, right - pad),
          kFaint);
  }
  return out;
}

}  // namespace imreg::look
