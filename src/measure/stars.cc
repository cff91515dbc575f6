// From peaks to stars: those whose sizes agree are stars, and the good ones among them tell the profile.
#include "measure/stars.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "image/elixir_fwhm.h"
#include "measure/background.h"
#include "measure/peaks.h"
#include "measure/profile.h"
#include "measure/shape.h"

namespace imreg::measure {

namespace {

constexpr std::size_t kMostShapes = 10'000;  // the highest peaks
constexpr std::size_t kAhead = 4;            // peaks whose pixels are on their way
constexpr std::size_t kMostFitted = 150;
constexpr std::size_t kFewest = 3;      // stars for a FWHM
constexpr double kLongest = 0.5;        // ellipticity of a star that is not trailed
constexpr double kGoodSignal = 12;      // to noise
constexpr double kMostScatter = 0.2;    // of the two components of stars' ellipticities
constexpr double kSmallestLog = -0.9;   // of sizes
constexpr std::int64_t kFewPeaks = 60;  // then wide and faint stars are looked for too

struct Star {
  std::size_t area;
  Shape shape;
  StarPlace place() const { return {area, shape.x, shape.y, shape.size}; }
};

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Where the logarithms of sizes are the densest. Each is known to about 1 / signal to noise, so that those of good stars make
// a narrow peak, which galaxies of all sizes cannot. Of those from `least` on.
double densest(const std::vector<Star>& stars, double least_signal, double least) {
  constexpr double kStep = 0.01, kNarrow = 0.03, kLeast = kSmallestLog, kMost = 2.3;
  std::vector<double> density(static_cast<std::size_t>((kMost - kLeast) / kStep) + 1);
  for (const Star& star : stars) {
    if (star.shape.signal_to_noise < least_signal) continue;
    const double size = std::log(star.shape.size), width = kNarrow + 1.5 / star.shape.signal_to_noise;
    if (size < least) continue;
    const auto first = static_cast<std::ptrdiff_t>(std::ceil((std::max(size - width, kLeast) - kLeast) / kStep));
    for (auto i = first; i < std::ssize(density); ++i) {
      const double away = std::abs(kLeast + static_cast<double>(i) * kStep - size) / width;
      if (away > 1) break;
      density[static_cast<std::size_t>(i)] += (1 - away) / width;
    }
  }
  // In a field of galaxies the stars are the smallest: the first of the highest tops.
  const double top = *std::max_element(density.begin(), density.end());
  std::size_t i = 0;
  while (!(density[i] >= 0.6 * top)) ++i;
  while (i + 1 < density.size() && density[i + 1] >= density[i]) ++i;
  return kLeast + static_cast<double>(i) * kStep;
}

// Stars of one size, and those of them that the profile is fitted to; medians of these.
struct Alike {
  double locus = 0;
  std::vector<StarPlace> stars;
  std::vector<ProfileStar> fitted;
  double e1 = 0, e2 = 0, size = 0;
  double scatter = 0;  // of e1 and e2, beyond what noise makes of them
};

Alike find_alike(std::span<const PixelArea> areas, const std::vector<Star>& all, double least) {
  Alike out;
  const auto counts = [&](const Star& star) {
    return star.shape.signal_to_noise >= kGoodSignal && std::log(star.shape.size) >= least;
  };
  if (std::none_of(all.begin(), all.end(), counts)) return out;
  out.locus = densest(all, kGoodSignal, least);
  const auto agrees = [&](const Star& star, double most) {
    return std::abs(std::log(star.shape.size) - out.locus) < most + 2.5 / star.shape.signal_to_noise;
  };
  std::vector<const Star*> stars;
  for (const Star& star : all) {
    if (agrees(star, 0.15)) stars.push_back(&star);
  }
  for (const Star* star : stars) out.stars.push_back(star->place());

  // For the profile: those of good signal that stand alone.
  const double apart = 5 * std::exp(out.locus);
  const auto choose = [&](double least_signal, double share) {
    out.fitted.clear();
    for (const Star* star : stars) {
      if (out.fitted.size() == kMostFitted || star->shape.signal_to_noise < least_signal) break;
      if (!agrees(*star, 0.1)) continue;
      const bool alone = std::none_of(all.begin(), all.end(), [&](const Star& other) {
        return &other != star && other.area == star->area && std::abs(other.shape.x - star->shape.x) < apart &&
               std::abs(other.shape.y - star->shape.y) < apart && other.shape.height > share * star->shape.height;
      });
      if (alone) out.fitted.push_back({&areas[star->area], &star->shape});
    }
    return out.fitted.size();
  };
  if (choose(30, 0.05) < 20 && choose(20, 0.1) < 20 && choose(12, 0.3) < 10) choose(8, 2);
  const auto median = [&](const auto& of) {
    std::vector<double> values;
    for (const ProfileStar& star : out.fitted) values.push_back(of(*star.shape));
    return median_of(std::move(values));
  };
  out.e1 = median([](const Shape& s) { return s.e1(); });
  out.e2 = median([](const Shape& s) { return s.e2(); });
  out.size = median([](const Shape& s) { return s.size; });
  out.scatter = median(
      [&](const Shape& s) { return std::abs(s.e1() - out.e1) + std::abs(s.e2() - out.e2) - 2.5 / s.signal_to_noise; });
  return out;
}

// Shapes of peaks, the same star once.
void add_shapes(const PixelArea& area, std::size_t number, const std::vector<Peak>& peaks, double saturation,
                float shared, std::vector<Star>& out) {
  Stamp stamp;
  // Taken places, in cells of four pixels.
  const std::int64_t columns = area.box.width / 4 + 1, rows = area.box.height / 4 + 1;
  std::vector<std::uint32_t> head(static_cast<std::size_t>(columns * rows), 0);  // 1 + place in out
  const std::size_t count = std::min(peaks.size(), kMostShapes);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) fetch(area, peaks[i + kAhead]);
    auto shape = shape_of(area, peaks[i], saturation, stamp);
    if (!shape || shape->x < 0 || shape->y < 0) continue;
    const auto column = static_cast<std::int64_t>(shape->x) / 4, row = static_cast<std::int64_t>(shape->y) / 4;
    if (column >= columns || row >= rows) continue;
    bool again = false;
    for (std::int64_t y = std::max<std::int64_t>(0, row - 1); y <= std::min(rows - 1, row + 1); ++y) {
      for (std::int64_t x = std::max<std::int64_t>(0, column - 1); x <= std::min(columns - 1, column + 1); ++x) {
        const std::uint32_t other = head[static_cast<std::size_t>(y * columns + x)];
        if (other == 0) continue;
        const Shape& s = out[other - 1].shape;
        again = again || std::hypot(s.x - shape->x, s.y - shape->y) < std::max(1.0, shape->size);
      }
    }
    if (again) continue;
    shape->signal_to_noise /= static_cast<double>(shared);
    out.push_back({number, *shape});
    head[static_cast<std::size_t>(row * columns + column)] = static_cast<std::uint32_t>(out.size());
  }
}

}  // namespace

StarStatistics measure_stars(std::span<const PixelArea> areas, const PixelStatistics& sky, double saturation,
                             FwhmRule rule) {
  StarStatistics out;
  if (!(sky.maximum > sky.minimum)) {
    out.why_none = "all pixels are alike";
    return out;
  }
  // Whole numbers with little noise, most of them the same: a step of them is the least noise that can be.
  const double sigma = sky.sigma > 0 ? sky.sigma : 1;
  std::size_t peaks_found = 0;
  std::string note;
  const auto search = [&](int binning) {
    std::vector<Star> found;
    peaks_found = 0;
    note.clear();
    for (std::size_t i = 0; i < areas.size(); ++i) {
      Background background(areas[i], sky.median, sigma);
      const float shared = shared_noise(areas[i], background);
      const auto peaks = find_peaks(areas[i], background, saturation, binning, shared);
      peaks_found += peaks.size();
      if (peaks.size() > kMostShapes)
        note = counted(std::ssize(peaks), "peak") + ": stars were counted among the highest " +
               std::to_string(kMostShapes) + " only";
      add_shapes(areas[i], i, peaks, saturation, shared, found);
    }
    return found;
  };
  std::vector<Star> all = search(1);
  const auto good = [](const Star& star) { return star.shape.signal_to_noise > kGoodSignal; };
  if (std::count_if(all.begin(), all.end(), good) < kFewPeaks) {
    const std::string note_of_all = note;
    std::vector<Star> wide = search(3);
    if (std::count_if(wide.begin(), wide.end(), good) > std::count_if(all.begin(), all.end(), good))
      all = std::move(wide);
    else
      note = note_of_all;
  }
  out.note = note;
  std::sort(all.begin(), all.end(),
            [](const Star& a, const Star& b) { return a.shape.signal_to_noise > b.shape.signal_to_noise; });

  // The sizes of stars agree; galaxies and blends are larger, cosmic rays smaller.
  const std::int64_t found = std::count_if(all.begin(), all.end(), good);
  if (found < static_cast<std::int64_t>(kFewest)) {
    out.stars = found;
    for (const Star& star : all) {
      if (good(star)) out.places.push_back(star.place());
    }
    out.why_none = all.empty() && peaks_found >= kFewest
                       ? counted(static_cast<long long>(peaks_found), "peak") +
                             ", none with the shape of a star (FWHM of 1 to 21 pixels)"
                       : counted(found, "star") + " that stand out: too few";
    return out;
  }
  // Tracks of cosmic rays, blurred in the detector, point everywhere, stars do not: then the next size is tried.
  Alike alike;
  int tries = 0;
  do {
    ++tries;
    alike = find_alike(areas, all, alike.fitted.empty() ? kSmallestLog : alike.locus + 0.15);
  } while (alike.scatter > kMostScatter && !alike.fitted.empty());
  out.stars = std::ssize(alike.stars);
  out.places = std::move(alike.stars);
  const auto& fitted = alike.fitted;
  if (fitted.size() < kFewest) {
    out.why_none = tries > 1 ? "the shapes of the stars do not agree"
                             : counted(std::ssize(fitted), "star") + " of the same size: too few";
    return out;
  }
  const double m1 = alike.e1, m2 = alike.e2, e = std::min(0.999, std::hypot(m1, m2));
  out.ellipticity = 1 - std::sqrt((1 - e) / (1 + e));
  if (out.ellipticity > kLongest) {
    out.why_none = "the stars are trailed";
    return out;
  }
  const double mean_size = alike.size;
  const Profile profile = fit_profile(fitted, m1, m2, mean_size, saturation);
  if (!(profile.fwhm > 0) || profile.stars < static_cast<int>(kFewest)) {
    out.why_none = "no profile fits the stars";
    return out;
  }
  out.fwhm = profile.fwhm;
  if (rule == FwhmRule::elixir) {
    std::vector<StarShape> shapes;  // the brightest first
    for (const Star& star : all)
      shapes.push_back({profile.fwhm * star.shape.size / mean_size, static_cast<double>(shapes.size())});
    const double fwhm = elixir_fwhm(std::move(shapes));
    out.fwhm = fwhm > 0 ? fwhm : CcdStatistics::kNone;
    if (!std::isfinite(out.fwhm)) out.why_none = "too few stars for Elixir's rule";
  }
  return out;
}

}  // namespace imreg::measure
