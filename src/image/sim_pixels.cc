// The pixels of one simulated chip: sky, stars, dark current, cosmic rays, bad columns, read-out.
#include "image/sim_pixels.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "image/night_sky.h"

namespace imreg {
namespace {

constexpr double kLn2 = 0.6931471805599453;
constexpr double kStarsPerMegapixel = 1100;  // at 0.187 arcsec per pixel
constexpr double kFaintest = 24.0, kBrightest = 13.0;
constexpr double kCounts = 0.25;      // log10 of the number of stars grows by this per magnitude
constexpr double kCosmicRate = 3e-8;  // per pixel and second

// Of a smooth frame, from about 16,000 of its pixels: an odd step meets all columns.
double median_level(const std::vector<float>& light) {
  const std::size_t step = (light.size() >> 14) | 1;
  std::vector<float> sample;
  sample.reserve(light.size() / step + 1);
  for (std::size_t i = 0; i < light.size(); i += step) sample.push_back(light[i]);
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return static_cast<double>(*middle);
}

}  // namespace

std::vector<SimStarOnSky> sim_stars(const SimulateOptions& options, const CameraGeometry& camera,
                                    const PlannedExposure& exposure) {
  Random random(mix_seed({options.seed, 0x57a2, static_cast<std::uint64_t>(exposure.field)}));
  // Twice the reach of the dithers, and the rotation of the mosaic, around it.
  const double scale = camera.pixel_scale / 3600;
  const double half_x = (0.5 * camera.width + 0.01 * camera.height + 20 + 0.14 * options.chip_width) * scale;
  const double half_y = (0.5 * camera.height + 0.01 * camera.width + 20 + 0.14 * options.chip_width) * scale;
  const double crowding =
      random.uniform(0.6, 1.8) * std::min(1.0, (camera.pixel_scale / 0.187) * (camera.pixel_scale / 0.187));
  const double count =
      random.poisson(options.density * crowding * kStarsPerMegapixel * 1e-6 * 4 * half_x * half_y / (scale * scale));
  std::vector<SimStarOnSky> stars;
  stars.reserve(static_cast<std::size_t>(count));
  for (double i = 0; i < count; ++i) {
    const double xi = random.uniform(-half_x, half_x), eta = random.uniform(-half_y, half_y);
    const SkyPosition place = from_plane({exposure.field_ra, exposure.field_dec}, {xi, eta});
    const double magnitude = std::max(kBrightest, kFaintest - random.exponential() / (kCounts * 2.302585092994046));
    stars.push_back({place.ra, place.dec, magnitude, 0.7 + 0.35 * random.normal()});
  }
  return stars;
}

double sim_fwhm(const SimulateOptions& options, const CameraGeometry& camera, const ChipGeometry& chip,
                const PlannedExposure& exposure) {
  if (options.fwhm > 0) return options.fwhm;
  const double x = (chip.detector.x1 + chip.detector.x2) / 2.0 - camera.center_x();
  const double y = (chip.detector.y1 + chip.detector.y2) / 2.0 - camera.center_y();
  const double corner = camera.center_x() * camera.center_x() + camera.center_y() * camera.center_y();
  return exposure.seeing / camera.pixel_scale * (1 + 0.12 * (x * x + y * y) / corner);
}

MosaicMatrix mosaic_matrix(const CameraGeometry& camera, const PlannedExposure& exposure) {
  const double scale = camera.pixel_scale / 3600;
  const double c = scale * std::cos(exposure.rotation * kDegree), s = scale * std::sin(exposure.rotation * kDegree);
  return {-c, s, s, c};  // east is to the left
}

void SimPainter::paint(const ChipGeometry& chip, const SimChip& defects, const PlannedExposure& exposure,
                       const std::vector<SimStarOnSky>& stars, std::string& bytes, SimulatedImage& truth) {
  const std::uint64_t seed =
      mix_seed({options_.seed, static_cast<std::uint64_t>(exposure.number), static_cast<std::uint64_t>(chip.number)});
  const double bias = defects.bias + 2.5 * std::sin(exposure.obstime / 4000 + chip.number);
  truth.bias = bias;
  paint_background(chip, defects, exposure);
  truth.sky = median_level(light_) / defects.gain;
  truth.fwhm = 0;
  truth.star_count = truth.bright_count = 0;
  truth.stars.clear();
  if (exposure.letter == 'o') paint_stars(chip, defects, exposure, stars, truth);
  paint_bad_columns(defects);
  paint_cosmic_rays(exposure, seed);
  read_out(chip, defects, bias, seed, bytes);
}

void SimPainter::paint_background(const ChipGeometry& chip, const SimChip& defects, const PlannedExposure& exposure) {
  const int width = chip.data.width(), height = chip.data.height();
  light_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  const double sky = exposure.sky_rate * exposure.exptime;
  const float dark = static_cast<float>(defects.dark_rate * exposure.exptime);
  float* out = light_.data();
  for (int y = 0; y < height; ++y) {
    // Vignetting is a sum of squares: one term for the row, one for the column.
    const double my = chip.mosaic_y(chip.data.y1 + y), x1 = chip.mosaic_x(chip.data.x1), step = chip.detector.step_x();
    const double row = sky * static_cast<double>(defects.row_response[static_cast<std::size_t>(y)]);
    const double edge = vignetting(camera_, camera_.center_x(), my);
    const double corner = camera_.center_x() * camera_.center_x() + camera_.center_y() * camera_.center_y();
    const float a = static_cast<float>(row * edge), b = static_cast<float>(row * 0.25 / corner);
    float dx = static_cast<float>(x1 - camera_.center_x());
    for (int x = 0; x < width; ++x, dx += static_cast<float>(step)) {
      *out++ = (a - b * dx * dx) * defects.column_response[static_cast<std::size_t>(x)] + dark;
    }
  }
}

void SimPainter::paint_stars(const ChipGeometry& chip, const SimChip& defects, const PlannedExposure& exposure,
                             const std::vector<SimStarOnSky>& stars, SimulatedImage& truth) {
  const SimFilter& filter = sim_filter(exposure.filter);
  const MosaicMatrix m = mosaic_matrix(camera_, exposure);
  const double determinant = m.xi_x * m.eta_y - m.xi_y * m.eta_x;
  // r - filter of a star in units of its g - r.
  const double slope = filter.name[0] == 'u'   ? -2.4
                       : filter.name[0] == 'g' ? -1.0
                       : filter.name[0] == 'r' ? 0
                       : filter.name[0] == 'i' ? 0.4
                                               : 0.6;
  truth.fwhm = sim_fwhm(options_, camera_, chip, exposure);
  const double margin = 12 * truth.fwhm;
  const int width = chip.data.width(), height = chip.data.height();
  const double sky = truth.sky * defects.gain, noise = std::hypot(std::sqrt(sky), defects.read_noise);
  const double full = (65535 - truth.bias) * defects.gain - sky;
  for (const SimStarOnSky& star : stars) {
    const PlanePosition plane = to_plane({exposure.ra, exposure.dec}, {star.ra, star.dec});
    const double mx = camera_.center_x() + (m.eta_y * plane.xi - m.xi_y * plane.eta) / determinant;
    const double my = camera_.center_y() + (m.xi_x * plane.eta - m.eta_x * plane.xi) / determinant;
    const double x = chip.raw_x(mx) - chip.data.x1, y = chip.raw_y(my) - chip.data.y1;  // data pixels, from 0
    if (x < -margin || y < -margin || x > width - 1 + margin || y > height - 1 + margin) continue;
    const double magnitude = star.magnitude - slope * star.color;
    const double electrons = std::pow(10, 0.4 * (filter.zero_point - magnitude)) * exposure.exptime *
                             exposure.extinction * vignetting(camera_, mx, my);
    const double peak = paint_star(x, y, electrons, truth.fwhm);
    if (x < -0.5 || y < -0.5 || x >= width - 0.5 || y >= height - 0.5) continue;
    ++truth.star_count;
    if (std::min({x, y, width - 1 - x, height - 1 - y}) >= 20 && peak > 8 * noise && peak < full) ++truth.bright_count;
    if (options_.stars)
      truth.stars.push_back({x + chip.data.x1, y + chip.data.y1, electrons / defects.gain, star.ra, star.dec});
  }
}

// Either profile is taken at the centres of the pixels: its FWHM is that of the image. Out to where it adds less than a fifth
// of an electron. Moffat: beta = 3, no pow(). Gaussian: a factor for the row and one for the column.
double SimPainter::paint_star(double x, double y, double electrons, double fwhm) {
  constexpr double kHalfWidth = 0.50982452725;  // sqrt(2^(1/3) - 1)
  const bool gaussian = options_.profile == StarProfile::gaussian;
  const double alpha = gaussian ? fwhm / 2 : fwhm / (2 * kHalfWidth);
  const double peak = electrons * (gaussian ? kLn2 : 2) / (kPi * alpha * alpha);
  const double out_to = gaussian ? std::log2(std::max(1.0, peak / 0.2)) : std::max(0.0, std::cbrt(peak / 0.2) - 1);
  const double radius = std::clamp(alpha * std::sqrt(out_to), 2.0, 40 * alpha);
  const double stretch = 1 / std::sqrt(1 - options_.ellipticity), reach_x = radius * stretch,
               reach_y = radius / stretch;
  const int width = options_.chip_width, height = options_.chip_height;
  const int x1 = std::max(0, static_cast<int>(std::ceil(x - reach_x))),
            x2 = std::min(width - 1, static_cast<int>(x + reach_x));
  const int y1 = std::max(0, static_cast<int>(std::ceil(y - reach_y))),
            y2 = std::min(height - 1, static_cast<int>(y + reach_y));
  const double per_x = 1 / (alpha * stretch), per_y = stretch / alpha;
  const float scale = static_cast<float>(per_x * per_x), scale_y = static_cast<float>(per_y * per_y);
  const float top = static_cast<float>(peak);
  if (gaussian) {
    columns_.clear();
    for (int column = x1; column <= x2; ++column) {
      const float dx = static_cast<float>(column - x);
      columns_.push_back(top * std::exp2(-dx * dx * scale));
    }
  }
  for (int row = y1; row <= y2; ++row) {
    float* out = light_.data() + static_cast<std::ptrdiff_t>(row) * width;
    const float dy = static_cast<float>(row - y), base = 1 + dy * dy * scale_y;
    if (gaussian) {
      const float factor = std::exp2(-dy * dy * scale_y);
      for (int column = x1; column <= x2; ++column)
        out[column] += factor * columns_[static_cast<std::size_t>(column - x1)];
      continue;
    }
    for (int column = x1; column <= x2; ++column) {
      const float dx = static_cast<float>(column - x), t = base + dx * dx * scale;
      out[column] += top / (t * t * t);
    }
  }
  return peak;
}

void SimPainter::paint_bad_columns(const SimChip& defects) {
  const int width = options_.chip_width, height = options_.chip_height;
  for (const SimChip::BadColumn& bad : defects.bad_columns) {
    for (int y = bad.y; y < height; ++y) {
      float& pixel =
          light_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(bad.x)];
      pixel = bad.hot ? pixel + 900 : pixel / 20;
    }
  }
}

// Short straight tracks; they gather during the read-out too.
void SimPainter::paint_cosmic_rays(const PlannedExposure& exposure, std::uint64_t seed) {
  struck_.clear();
  Random random(mix_seed({seed, 0xc05}));
  const double pixels = static_cast<double>(light_.size());
  const double count = random.poisson(kCosmicRate * pixels * (exposure.exptime + 15));
  if (count > 0) struck_.assign(light_.size(), 0);
  const int width = options_.chip_width, height = options_.chip_height;
  for (double i = 0; i < count; ++i) {
    double x = random.uniform(0, width), y = random.uniform(0, height);
    const double dx = random.uniform(-1, 1), dy = random.uniform(-1, 1);
    const int length = 1 + static_cast<int>(std::min(3 * random.exponential(), 40.0));
    const double electrons = 600 + 1500 * random.exponential();
    for (int step = 0; step < length; ++step, x += dx, y += dy) {
      if (x < 0 || y < 0 || x >= width || y >= height) break;
      struck_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)] +=
          static_cast<float>(electrons);
    }
  }
}

void SimPainter::read_out(const ChipGeometry& chip, const SimChip& defects, double bias, std::uint64_t seed,
                          std::string& bytes) {
  Random random(seed);
  const int width = options_.chip_width, overscan = options_.overscan;
  bytes.resize(static_cast<std::size_t>(chip.width) * static_cast<std::size_t>(chip.height) * 2);
  char* out = bytes.data();
  const auto put = [&out](double adu) {
    const int value = adu <= 0 ? 0 : adu >= 65535 ? 65535 : static_cast<int>(adu + 0.5);
    *out++ = static_cast<char>((value >> 8) ^ 0x80);  // minus BZERO
    *out++ = static_cast<char>(value);
  };
  const double noise = defects.read_noise / defects.gain, per_electron = 1 / defects.gain;
  std::size_t pixel = 0;
  for (int y = 0; y < chip.height; ++y) {
    const double level = bias + defects.bias_slope * ((y + 0.5) / chip.height - 0.5);
    for (int x = 0; x < overscan; ++x) put(level + noise * random.normal());
    for (int x = 0; x < width; ++x, ++pixel) {
      double electrons = random.poisson(static_cast<double>(light_[pixel]));
      if (!struck_.empty()) electrons += static_cast<double>(struck_[pixel]);
      put(level + static_cast<double>(defects.column_bias[static_cast<std::size_t>(x)]) + electrons * per_electron +
          noise * random.normal());
    }
    for (int x = 0; x < overscan; ++x) put(level + noise * random.normal());
  }
}

}  // namespace imreg
