// Sizes and colours.
#include "raster/raster.h"

#include <algorithm>
#include <cmath>

#include "raster/formats.h"

namespace imreg::raster {

namespace {

// Which pixels of a longer line each pixel of a shorter one covers, and how much of them.
struct Cover {
  int from = 0;
  std::vector<float> parts;  // their sum is 1
};
std::vector<Cover> covers_of(int size, int smaller) {
  std::vector<Cover> out(static_cast<std::size_t>(smaller));
  const double step = static_cast<double>(size) / smaller;
  for (int i = 0; i < smaller; ++i) {
    const double begin = i * step, end = std::min<double>((i + 1) * step, size);
    Cover& cover = out[static_cast<std::size_t>(i)];
    cover.from = std::min(static_cast<int>(begin), size - 1);
    for (int k = cover.from; k < size && (k == cover.from || k < end - 1e-9); ++k)
      cover.parts.push_back(static_cast<float>((std::min<double>(k + 1, end) - std::max<double>(k, begin)) / step));
  }
  return out;
}

}  // namespace

Raster shrunk(const Raster& picture, int width, int height) {
  width = std::clamp(width, 1, picture.width), height = std::clamp(height, 1, picture.height);
  if (width == picture.width && height == picture.height) return picture;
  Raster out(width, height, picture.channels);
  const auto across = covers_of(picture.width, width), down = covers_of(picture.height, height);
  const std::size_t size = picture.row_size(), channels = static_cast<std::size_t>(picture.channels);
  std::vector<float> sum(size);
  for (int y = 0; y < height; ++y) {
    std::fill(sum.begin(), sum.end(), 0.0F);
    const Cover& rows = down[static_cast<std::size_t>(y)];
    for (std::size_t k = 0; k < rows.parts.size(); ++k) {
      const std::uint8_t* const row = picture.row(rows.from + static_cast<int>(k));
      const float part = rows.parts[k];
      for (std::size_t i = 0; i < size; ++i) sum[i] += part * static_cast<float>(row[i]);
    }
    std::uint8_t* to = out.row(y);
    for (const Cover& columns : across) {
      for (std::size_t c = 0; c < channels; ++c) {
        float value = 0;
        for (std::size_t k = 0; k < columns.parts.size(); ++k)
          value += columns.parts[k] * sum[(static_cast<std::size_t>(columns.from) + k) * channels + c];
        *to++ = static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
      }
    }
  }
  return out;
}

Raster enlarged(const Raster& picture, int factor) {
  Raster out(picture.width * factor, picture.height * factor, picture.channels);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) std::copy_n(picture.at(x / factor, y / factor), picture.channels, out.at(x, y));
  }
  return out;
}

std::pair<int, int> size_within(int width, int height, int most) {
  const double factor = std::min(1.0, static_cast<double>(most) / std::max(width, height));
  const auto side = [&](int size) { return std::max(1, static_cast<int>(std::lround(size * factor))); };
  return {side(width), side(height)};
}

Raster in_colour(const Raster& grey) {
  if (grey.channels == 3) return grey;
  Raster out(grey.width, grey.height, 3);
  for (std::size_t i = 0; i < grey.bytes.size(); ++i)
    std::fill_n(out.bytes.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, grey.bytes[i]);
  return out;
}

Result<Raster> picture_from(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8")) return picture_from_jpeg(bytes);
  if (bytes.starts_with("\x89PNG")) return picture_from_png(bytes);
  return Status(Code::corrupt, "is neither a JPEG nor a PNG");
}

}  // namespace imreg::raster
