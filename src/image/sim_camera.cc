// SimPrime, the simulator's mosaic camera.
#include "image/sim_camera.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace imreg {

const SimFilter& sim_filter(const std::string& name) {
  for (const SimFilter& filter : kSimFilters) {
    if (name == filter.name) return filter;
  }
  return kSimFilters[2];
}

CameraGeometry sim_geometry(const SimulateOptions& options) {
  const int rows = options.ccds < 4 ? 1 : options.ccds < 12 ? 2 : 4;
  const int columns = (options.ccds + rows - 1) / rows;
  const int gap_x = std::max(4, options.chip_width / 32), gap_y = std::max(8, options.chip_height / 32);
  CameraGeometry camera;
  camera.name = "SimPrime";
  camera.pixel_scale = options.pixel_scale;
  camera.pixel_size = 13.5;
  camera.width = columns * options.chip_width + (columns - 1) * gap_x;
  camera.height = rows * options.chip_height + (rows - 1) * gap_y;
  for (int number = 0; number < options.ccds; ++number) {
    const int row = number / columns, column = number % columns;
    ChipGeometry chip;
    chip.number = number;
    chip.name = "ccd" + std::string(number < 10 ? "0" : "") + std::to_string(number);
    chip.width = options.chip_width + 2 * options.overscan;
    chip.height = options.chip_height;
    chip.data = {options.overscan + 1, options.overscan + options.chip_width, 1, chip.height};
    chip.overscans = {{1, options.overscan, 1, chip.height}, {chip.data.x2 + 1, chip.width, 1, chip.height}};
    const int x = 1 + column * (options.chip_width + gap_x);
    const int y = 1 + (rows - 1 - row) * (options.chip_height + gap_y);
    chip.detector = {x, x + options.chip_width - 1, y, y + options.chip_height - 1};
    if (row < rows / 2) {  // read out at the far side: turned by 180 degrees
      std::swap(chip.detector.x1, chip.detector.x2);
      std::swap(chip.detector.y1, chip.detector.y2);
    }
    camera.chips.push_back(std::move(chip));
  }
  return camera;
}

SimChip sim_chip(const SimulateOptions& options, int number) {
  Random random(mix_seed({options.seed, 0xc41b, static_cast<std::uint64_t>(number)}));
  SimChip chip;
  chip.gain = std::round(random.uniform(1.5, 1.75) * 1000) / 1000;
  chip.read_noise = std::round(random.uniform(3.5, 5.5) * 100) / 100;
  chip.bias = random.uniform(900, 1300);
  chip.dark_rate = random.uniform(2, 12) / 3600;
  chip.bias_slope = random.uniform(-3, 3);
  const auto width = static_cast<std::size_t>(options.chip_width),
             height = static_cast<std::size_t>(options.chip_height);
  const double chip_response = random.uniform(0.95, 1.05);
  for (std::size_t x = 0; x < width; ++x) {
    chip.column_response.push_back(static_cast<float>(chip_response * (1 + 0.004 * random.normal())));
    chip.column_bias.push_back(static_cast<float>(0.6 * random.normal()));
  }
  for (std::size_t y = 0; y < height; ++y) chip.row_response.push_back(static_cast<float>(1 + 0.003 * random.normal()));
  for (int bad = static_cast<int>(random.below(3)); bad > 0; --bad) {
    chip.bad_columns.push_back({static_cast<int>(random.below(static_cast<std::uint32_t>(width))),
                                static_cast<int>(random.below(static_cast<std::uint32_t>(height))),
                                random.uniform() < 0.5});
  }
  return chip;
}

double vignetting(const CameraGeometry& camera, double mosaic_x, double mosaic_y) {
  const double dx = mosaic_x - camera.center_x(), dy = mosaic_y - camera.center_y();
  const double corner = camera.center_x() * camera.center_x() + camera.center_y() * camera.center_y();
  return 1 - 0.25 * (dx * dx + dy * dy) / corner;
}

}  // namespace imreg
