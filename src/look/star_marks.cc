// Stars are looked for as imstats does it, piece by piece.
#include "look/star_marks.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "look/ink.h"
#include "measure/saturation.h"
#include "measure/stars.h"
#include "os/processors.h"

namespace imreg::look {

namespace {

std::vector<StarMark> stars_of(const Piece& piece) {
  if (piece.collapse != Collapse::none) return {};
  const PixelArea area{&piece.image.plane(), piece.box};
  double saturation = measure::saturation_of(piece.hdu->header, piece.primary->header, *area.plane);
  const PixelStatistics sky = statistics_of({&area, 1}, saturation);
  if (!std::isfinite(sky.median)) return {};
  if (measure::is_top(sky)) saturation = std::min(saturation, sky.maximum);
  std::vector<StarMark> out;
  for (const auto& star : measure::measure_stars({&area, 1}, sky, saturation, FwhmRule::profile).places) {
    const auto width = static_cast<double>(piece.box.width), height = static_cast<double>(piece.box.height);
    const double x = star.x + 0.5, y = star.y + 0.5;
    out.push_back({static_cast<double>(piece.place.x) + (piece.place.flip_x ? width - x : x),
                   static_cast<double>(piece.place.y) + (piece.place.flip_y ? height - y : y), star.size});
  }
  return out;
}

}  // namespace

std::vector<StarMark> stars_in(const std::vector<Piece>& pieces, int threads) {
  std::vector<std::vector<StarMark>> parts(pieces.size());
  std::atomic<std::size_t> next{0};
  at_once(std::min(threads, static_cast<int>(pieces.size())), [&](int) {
    for (std::size_t i; (i = next++) < pieces.size();) parts[i] = stars_of(pieces[i]);
  });
  std::vector<StarMark> out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

void draw_rings(raster::Raster& picture, const std::vector<StarMark>& stars, double shrink) {
  constexpr Colour kRing = {64, 224, 96};
  constexpr double kSigmas = 5, kLeast = 5;
  picture = raster::in_colour(picture);
  const double thin = std::clamp(std::max(picture.width, picture.height) / 1000.0, 1.0, 3.0);
  for (const auto& star : stars)
    ring(picture, star.x / shrink, picture.height - star.y / shrink, std::max(kLeast, kSigmas * star.size / shrink),
         thin, kRing);
}

}  // namespace imreg::look
