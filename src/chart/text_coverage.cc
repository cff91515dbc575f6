// By cairo, on paper that only knows coverage.
#include "chart/text_coverage.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "chart/cairo_text.h"
#include "chart/text_tools.h"

namespace imreg::chart {

Coverage text_coverage(std::string_view text, double size, bool bold, int most) {
  const Font font = bold ? Font::title : Font::label;
  const double scale = size / font_size(font, 1);
  std::string line = safe_text(text);
  const CairoSurface small(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1));
  const CairoContext measure(cairo_create(small.get()));
  const auto width_of = [&](const std::string& of) { return measure_text(measure.get(), of, font, scale).width; };
  if (width_of(line) > most) {
    do {
      line.pop_back();
      while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0x80U) line.pop_back();
      if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xc0U) line.pop_back();
    } while (!line.empty() && width_of(line + "...") > most);
    line += "...";
  }
  Coverage out;
  out.width = std::clamp(static_cast<int>(std::ceil(width_of(line))), 1, std::max(most, 1));
  out.height = static_cast<int>(std::ceil(1.25 * size));
  const CairoSurface paper(cairo_image_surface_create(CAIRO_FORMAT_A8, out.width, out.height));
  const CairoContext context(cairo_create(paper.get()));
  select_font(context.get(), font, scale);
  cairo_move_to(context.get(), 0, ascent(font, scale));
  cairo_show_text(context.get(), line.c_str());
  cairo_surface_flush(paper.get());
  const unsigned char* const data = cairo_image_surface_get_data(paper.get());
  const int stride = cairo_image_surface_get_stride(paper.get());
  out.parts.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height));
  for (int y = 0; data != nullptr && y < out.height; ++y)
    std::copy_n(data + static_cast<std::ptrdiff_t>(y) * stride, out.width,
                out.parts.begin() + static_cast<std::ptrdiff_t>(y) * out.width);
  return out;
}

}  // namespace imreg::chart
