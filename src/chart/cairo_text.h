// Texts as cairo measures them, and the font of each role.
#pragma once

#include <cairo/cairo.h>

#include <memory>
#include <string_view>

#include "chart/canvas.h"

namespace imreg::chart {

struct CairoFree {
  void operator()(cairo_t* one) const { cairo_destroy(one); }
  void operator()(cairo_surface_t* one) const { cairo_surface_destroy(one); }
};
using CairoContext = std::unique_ptr<cairo_t, CairoFree>;
using CairoSurface = std::unique_ptr<cairo_surface_t, CairoFree>;

/// The layout's numbers for a picture of this size: a picture of twice the size looks the same with twice the pixels.
Metrics pixel_metrics(Extent size);
double pixel_scale(Extent size);
double font_size(Font font, double scale);

void select_font(cairo_t* context, Font font, double scale);
Extent measure_text(cairo_t* context, std::string_view text, Font font, double scale);
/// From the top of a line's box to its base line.
double ascent(Font font, double scale);

}  // namespace imreg::chart
