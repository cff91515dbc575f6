// Height and sky of each star follow from the profile (linear least squares), so that only its width and its wings are searched
// for, over all stars together: faint stars are as good as bright ones when there are more of them.
#include "measure/profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "pixels/processor.h"

namespace imreg::measure {

namespace {

constexpr std::size_t kSteps = 512;  // of the table of a profile
constexpr double kMostGamma = 0.6;   // beta 1.7: wider wings are no star's
constexpr double kMismatch = 0.03;   // of the height: no star has exactly the profile of all
constexpr int kEvaluations = 80;
constexpr std::size_t kFirst = 50;  // stars, about, that the first rounds look at

// The pixels of one star: squared distances from its centre, as places in the table, and values.
struct Pixels {
  std::size_t begin = 0, count = 0;
  double v = 0, vv = 0;  // sums of values and their squares
  double noise = 0, weight = 0;
};

class Fit {
 public:
  std::vector<float> place, value;
  std::vector<Pixels> stars;
  double reach = 0;       // squared distance at the end of the table
  std::size_t every = 1;  // so many stars from one that rest() looks at to the next

  // (1 + gamma c q)^(-1/gamma) at the steps of the table; half of it at q = (fwhm/2)^2.
  void tabulate(double fwhm, double gamma) {
    const double half = fwhm * fwhm / 4, c = std::exp2(gamma) - 1;
    for (std::size_t i = 0; i < table_.size(); ++i) {
      const double q = reach * static_cast<double>(i) / kSteps;
      const double m = gamma < 1e-4 ? std::exp2(-q / half) : std::pow(1 + c * q / half, -1 / gamma);
      table_[i] = static_cast<float>(m);
    }
  }
  [[gnu::always_inline]] inline float at(float where) const {
    const auto i = static_cast<std::int32_t>(where);
    const float part = where - static_cast<float>(i);
    const float low = table_[static_cast<std::size_t>(i)];
    return low + part * (table_[static_cast<std::size_t>(i) + 1] - low);
  }
  // Height and sky of a star under the profile of the table, and what remains, squared and summed.
  struct Linear {
    double height = 0, sky = 0, rest = 0;
  };
  [[gnu::always_inline]] inline Linear linear_of(const Pixels& star) const {
    float m = 0, mm = 0, mv = 0;
    const float *const p = place.data() + star.begin, *const v = value.data() + star.begin;
    for (std::size_t i = 0; i < star.count; ++i) {
      const float f = at(p[i]);
      m += f, mm += f * f, mv += f * v[i];
    }
    const auto n = static_cast<double>(star.count);
    const double sm = static_cast<double>(m), det = n * static_cast<double>(mm) - sm * sm;
    Linear out;
    out.height = (n * static_cast<double>(mv) - sm * star.v) / det;
    out.sky = (star.v - out.height * sm) / n;
    out.rest = std::max(0.0, star.vv - out.height * static_cast<double>(mv) - out.sky * star.v);
    return out;
  }
#if defined(__x86_64__)
  [[gnu::target("avx2,fma")]] Linear linear_avx2(const Pixels& star) const { return linear_of(star); }
#endif
  Linear linear(const Pixels& star) const {
#if defined(__x86_64__)
    if (has_avx2()) return linear_avx2(star);
#endif
    return linear_of(star);
  }
  double rest(double fwhm, double gamma) {
    tabulate(fwhm, gamma);
    double out = 0;
    for (std::size_t i = 0; i < stars.size(); i += every) out += stars[i].weight * linear(stars[i]).rest;
    return out;
  }
  void sum(Pixels& star) const {
    star.v = star.vv = 0;
    for (std::size_t i = star.begin; i < star.begin + star.count; ++i) {
      const auto v = static_cast<double>(value[i]);
      star.v += v, star.vv += v * v;
    }
  }
  // Stars weigh by their noise, and by what the profile of all cannot be for each.
  void weigh() {
    for (Pixels& star : stars) {
      const double height = linear(star).height;
      star.weight = height > 0 ? 1 / (star.noise * star.noise + kMismatch * kMismatch * height * height) : 0;
    }
  }
  // Pixels far from the profile belong to neighbours, cosmic rays, bad columns. A star that loses many is none.
  void clean() {
    for (Pixels& star : stars) {
      const Linear fit = linear(star);
      const std::size_t before = star.count;
      std::size_t kept = star.begin;
      for (std::size_t i = star.begin; i < star.begin + before; ++i) {
        const double model = fit.height * static_cast<double>(at(place[i]));
        const double apart = std::abs(static_cast<double>(value[i]) - fit.sky - model);
        if (apart > 4 * star.noise + 0.1 * model + 0.03 * fit.height) continue;
        place[kept] = place[i], value[kept] = value[i];
        ++kept;
      }
      star.count = kept - star.begin;
      sum(star);
      if (3 * star.count < 2 * before || !(fit.height > 0)) star.count = 0;
    }
    std::erase_if(stars, [](const Pixels& star) { return star.count < 12; });
  }

 private:
  std::array<float, kSteps + 2> table_{};
};

// Nelder and Mead 1965 in two dimensions: ln(fwhm) and gamma. `step`: about how far away the end is; `enough`: how well ln(fwhm) has
// to be known.
std::array<double, 2> least(Fit& fit, std::array<double, 2> start, double step, double enough) {
  struct Point {
    std::array<double, 2> at;
    double value;
  };
  const auto value = [&](std::array<double, 2> at) {
    const double outside = std::max({0.0, at[1] - kMostGamma, -at[1]});
    return fit.rest(std::exp(at[0]), std::clamp(at[1], 0.0, kMostGamma)) * (1 + outside);
  };
  std::array<Point, 3> p{};
  p[0].at = start;
  p[1].at = {start[0] + step, start[1]};
  p[2].at = {start[0], start[1] + step};
  for (Point& point : p) point.value = value(point.at);
  for (int used = 3; used < kEvaluations; ++used) {
    std::sort(p.begin(), p.end(), [](const Point& a, const Point& b) { return a.value < b.value; });
    if (std::abs(p[2].at[0] - p[0].at[0]) + std::abs(p[1].at[0] - p[0].at[0]) < enough) break;
    const auto along = [&](double t) {
      Point out{};
      for (std::size_t i = 0; i < 2; ++i) {
        const double middle = (p[0].at[i] + p[1].at[i]) / 2;
        out.at[i] = middle + t * (p[2].at[i] - middle);
      }
      out.value = value(out.at);
      return out;
    };
    const Point mirrored = along(-1);
    if (mirrored.value < p[0].value) {
      const Point far = along(-2);
      p[2] = far.value < mirrored.value ? far : mirrored;
    } else if (mirrored.value < p[1].value) {
      p[2] = mirrored;
    } else {
      const Point near = along(mirrored.value < p[2].value ? -0.5 : 0.5);
      if (near.value < std::min(p[2].value, mirrored.value)) {
        p[2] = near;
      } else {
        for (std::size_t k = 1; k < 3; ++k) {
          for (std::size_t i = 0; i < 2; ++i) p[k].at[i] = (p[k].at[i] + p[0].at[i]) / 2;
          p[k].value = value(p[k].at);
        }
      }
    }
  }
  const Point& best =
      *std::min_element(p.begin(), p.end(), [](const Point& a, const Point& b) { return a.value < b.value; });
  return {best.at[0], std::clamp(best.at[1], 0.0, kMostGamma)};
}

}  // namespace

Profile fit_profile(std::span<const ProfileStar> stars, double e1, double e2, double size, double saturation) {
  // Squared distances in units that make the mean star round and keep its area.
  const double root = std::sqrt(std::max(1e-6, 1 - e1 * e1 - e2 * e2));
  const double a = (1 - e1) / root, b = -2 * e2 / root, c = (1 + e1) / root;
  double fwhm = 2.3548 * size;
  const double radius = std::clamp(2.2 * fwhm, 4.0, 40.0);
  Fit fit;
  fit.reach = radius * radius;
  const auto to_place = static_cast<double>(kSteps) / fit.reach;
  Stamp stamp;
  const auto stretch = std::sqrt((1 + std::hypot(e1, e2)) / root);
  const auto half = static_cast<std::int64_t>(std::ceil(radius * stretch)) + 1;
  for (const ProfileStar& star : stars) {
    const Shape& s = *star.shape;
    const auto x = static_cast<std::int64_t>(std::lround(s.x)), y = static_cast<std::int64_t>(std::lround(s.y));
    const PixelBox& box = star.area->box;
    Pixels pixels{fit.value.size(), 0, 0, 0, static_cast<double>(s.noise), 0};
    const std::int64_t x1 = std::max<std::int64_t>(0, x - half), x2 = std::min(box.width, x + half + 1);
    if (x2 <= x1) continue;
    std::vector<float> row(static_cast<std::size_t>(x2 - x1));
    for (std::int64_t i = std::max<std::int64_t>(0, y - half); i < std::min(box.height, y + half + 1); ++i) {
      read_row(*star.area->plane, box.y + i, box.x + x1, row);
      const double dy = static_cast<double>(i) - s.y;
      for (std::int64_t k = x1; k < x2; ++k) {
        const double dx = static_cast<double>(k) - s.x;
        const double q = a * dx * dx + b * dx * dy + c * dy * dy;
        const float v = row[static_cast<std::size_t>(k - x1)];
        if (!(q < fit.reach) || !(static_cast<double>(v) < saturation)) continue;
        fit.place.push_back(static_cast<float>(q * to_place));
        fit.value.push_back(v - s.level);
      }
    }
    pixels.count = fit.value.size() - pixels.begin;
    if (pixels.count < 12) continue;
    fit.sum(pixels);
    fit.stars.push_back(pixels);
  }
  Profile out;
  double gamma = 0.25;
  for (int round = 0; round < 3 && !fit.stars.empty(); ++round) {
    fit.tabulate(fwhm, gamma);
    fit.weigh();
    // What the first rounds find only tells which pixels do not belong: some stars are enough for that.
    const bool last = round == 2;
    fit.every = last ? 1 : std::max<std::size_t>(1, fit.stars.size() / kFirst);
    const auto [log_fwhm, best_gamma] =
        least(fit, {std::log(fwhm), gamma}, round == 0 ? 0.1 : 0.03, last ? 3e-4 : 3e-3);
    fwhm = std::exp(log_fwhm), gamma = best_gamma;
    out = {fwhm, gamma, static_cast<int>(fit.stars.size())};
    if (last) break;
    fit.tabulate(fwhm, gamma);
    fit.clean();
  }
  if (fit.stars.empty() || !(out.fwhm > 0.5 && out.fwhm < 2 * radius)) return {};
  return out;
}

}  // namespace imreg::measure
