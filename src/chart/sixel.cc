// Sixels: bands of six rows. In each band every colour draws its own pixels, six to a letter, runs as !COUNT.
#include "chart/sixel.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace imreg::chart {
namespace {

constexpr std::size_t kMost = 256;

// Five bits of each: what the eye can hardly tell apart counts as one colour.
std::size_t coarse(std::uint32_t rgb) { return (rgb >> 19 & 31) << 10 | (rgb >> 11 & 31) << 5 | (rgb >> 3 & 31); }

int distance(std::uint32_t a, std::uint32_t b) {
  int sum = 0;
  for (const int shift : {0, 8, 16}) {
    const int d = static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255);
    sum += d * d;
  }
  return sum;
}

struct Reduced {
  std::vector<std::uint32_t> palette;
  std::vector<std::uint8_t> indices;
};

Reduced reduce(const std::vector<std::uint32_t>& pixels) {
  struct Bin {
    std::uint64_t count = 0, red = 0, green = 0, blue = 0;
  };
  std::vector<Bin> bins(32768);
  for (const auto rgb : pixels) {
    Bin& bin = bins[coarse(rgb)];
    ++bin.count;
    bin.red += rgb >> 16 & 255;
    bin.green += rgb >> 8 & 255;
    bin.blue += rgb & 255;
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i].count > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return bins[a].count > bins[b].count; });
  const auto mean = [&](std::size_t i) {
    const Bin& bin = bins[i];
    return static_cast<std::uint32_t>(bin.red / bin.count << 16 | bin.green / bin.count << 8 | bin.blue / bin.count);
  };
  Reduced out;
  for (std::size_t i = 0; i < std::min(order.size(), kMost); ++i) out.palette.push_back(mean(order[i]));
  std::vector<std::uint8_t> nearest(bins.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto colour = mean(order[i]);
    const auto best = i < kMost ? out.palette.begin() + static_cast<std::ptrdiff_t>(i)
                                : std::min_element(out.palette.begin(), out.palette.end(), [&](auto a, auto b) {
                                    return distance(a, colour) < distance(b, colour);
                                  });
    nearest[order[i]] = static_cast<std::uint8_t>(best - out.palette.begin());
  }
  out.indices.reserve(pixels.size());
  for (const auto rgb : pixels) out.indices.push_back(nearest[coarse(rgb)]);
  return out;
}

void add_run(std::string& out, char letter, int count) {
  if (count > 3) {
    out += '!' + std::to_string(count) + letter;
  } else {
    out.append(static_cast<std::size_t>(count), letter);
  }
}

}  // namespace

std::string sixel(int width, int height, const std::vector<std::uint32_t>& pixels) {
  const Reduced image = reduce(pixels);
  std::string out = "\x1bP0;1;0q\"1;1;" + std::to_string(width) + ";" + std::to_string(height);
  for (std::size_t i = 0; i < image.palette.size(); ++i) {
    out += "#" + std::to_string(i) + ";2";
    for (const int shift : {16, 8, 0})
      out += ";" + std::to_string(((image.palette[i] >> shift & 255) * 100 + 127) / 255);
  }
  const auto columns = static_cast<std::size_t>(width);
  std::vector<std::array<std::uint8_t, kMost>> bits(columns);
  for (int band = 0; band < height; band += 6) {
    std::array<bool, kMost> used{};
    for (auto& column : bits) column.fill(0);
    for (int y = band; y < std::min(band + 6, height); ++y) {
      for (std::size_t x = 0; x < columns; ++x) {
        const auto index = image.indices[static_cast<std::size_t>(y) * columns + x];
        used[index] = true;
        bits[x][index] |= static_cast<std::uint8_t>(1 << (y - band));
      }
    }
    bool first = true;
    for (std::size_t colour = 0; colour < image.palette.size(); ++colour) {
      if (!used[colour]) continue;
      if (!first) out += '$';  // back to the left
      first = false;
      out += "#" + std::to_string(colour);
      std::size_t end = columns;
      while (end > 0 && bits[end - 1][colour] == 0) --end;
      for (std::size_t x = 0; x < end;) {
        const auto letter = bits[x][colour];
        std::size_t next = x;
        while (next < end && bits[next][colour] == letter) ++next;
        add_run(out, static_cast<char>(63 + letter), static_cast<int>(next - x));
        x = next;
      }
    }
    out += '-';
  }
  return out + "\x1b\\\n";
}

}  // namespace imreg::chart
