// Fonts and their measures.
#include "chart/cairo_text.h"

#include <algorithm>
#include <string>

#ifdef __SANITIZE_ADDRESS__
// fontconfig keeps what it found until the process ends, and never gives it back: no leak of ours.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }
extern "C" const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

namespace imreg::chart {

double pixel_scale(Extent size) { return std::clamp(std::min(size.width / 960, size.height / 600), 0.7, 20.0); }

Metrics pixel_metrics(Extent size) {
  const double s = pixel_scale(size);
  Metrics out;
  out.size = size;
  out.pad = 12 * s;
  out.gap = 5 * s;
  out.apart = 12 * s;
  out.tick = 5 * s;
  out.line = 1.4 * s;
  out.symbol = 3 * s;
  return out;
}

double font_size(Font font, double scale) {
  switch (font) {
    case Font::title: return 16 * scale;
    case Font::label: return 14 * scale;
    case Font::tick: return 12.5 * scale;
    case Font::note: return 11 * scale;
  }
  return 12 * scale;
}

void select_font(cairo_t* context, Font font, double scale) {
  cairo_select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         font == Font::title ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, font_size(font, scale));
  // Unhinted and in greys: the same on each screen and at each size.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(context, options);
  cairo_font_options_destroy(options);
}

double ascent(Font font, double scale) { return 0.95 * font_size(font, scale); }

Extent measure_text(cairo_t* context, std::string_view text, Font font, double scale) {
  select_font(context, font, scale);
  cairo_text_extents_t extents;
  cairo_text_extents(context, std::string(text).c_str(), &extents);
  // The ink may reach beyond the last letter's advance; blanks at the end have no ink.
  return {std::max(extents.x_advance, extents.x_bearing + extents.width), 1.25 * font_size(font, scale)};
}

}  // namespace imreg::chart
