// A script's way to pixels: lines of "FILE HDU PLANE SECTION... [saturation=S]" in (words separated by tabs), a line of JSON each out.
// A SECTION "row=Y" prints the pixels of a row instead.
#include <cstdio>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "imreg/pixels.h"

using namespace imreg;

namespace {

std::string answer(const std::vector<std::string_view>& words) {
  const std::string path(words[0]);
  const auto headers = read_fits_headers(path);
  if (!headers) return "{\"error\":" + json_text(headers.status().text()) + "}";
  const auto file = PixelFile::open(path, *headers);
  if (!file) return "{\"error\":" + json_text(file.status().text()) + "}";
  long long hdu = 0, plane = 0;
  double saturation = std::numeric_limits<double>::infinity();
  if (!parse_integer(words[1], hdu) || !parse_integer(words[2], plane)) return "{\"error\":\"numbers are wanted\"}";
  const auto image = file->image(headers->hdus.at(static_cast<std::size_t>(hdu)), plane);
  if (!image) return "{\"error\":" + json_text(image.status().text()) + "}";
  const PixelPlane& pixels = image->plane();
  std::vector<PixelArea> areas;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i].starts_with("saturation=")) {
      (void)parse_number(words[i].substr(11), saturation);
    } else if (words[i].starts_with("row=")) {
      long long y = 0;
      (void)parse_integer(words[i].substr(4), y);
      std::vector<float> row(static_cast<std::size_t>(pixels.width));
      read_row(pixels, y, 0, row);
      std::string out = "[";
      for (const float value : row) out += (out.size() > 1 ? "," : "") + json_number(static_cast<double>(value));
      return out + "]";
    } else if (const auto section = parse_section(words[i])) {
      bool whole = true;
      areas.push_back({&pixels, clip_section(*section, pixels.width, pixels.height, &whole)});
    }
  }
  const PixelStatistics s = statistics_of(areas, saturation);
  const Status status = image->check();
  if (!status.ok()) return "{\"error\":" + json_text(status.text()) + "}";
  return "{\"pixels\":" + std::to_string(s.pixels) + ",\"bad\":" + std::to_string(s.bad) +
         ",\"saturated\":" + std::to_string(s.saturated) + ",\"median\":" + json_number(s.median) +
         ",\"sigma\":" + json_number(s.sigma) + ",\"minimum\":" + json_number(s.minimum) +
         ",\"maximum\":" + json_number(s.maximum) + "}";
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::printf("%s\n", answer(split(line, '\t')).c_str());
}
