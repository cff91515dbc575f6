// The canvas of pixels: cairo's image surface.
#include <cairo/cairo.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "chart/cairo_text.h"
#include "chart/palette.h"
#include "chart/sheet.h"
#include "chart/symbol.h"

namespace imreg::chart {
namespace {

Status no_memory(cairo_status_t status) {
  return Status(Code::io, std::string("the picture cannot be drawn: ") + cairo_status_to_string(status));
}

Result<std::string> surface_png(cairo_surface_t* surface) {
  std::string out;
  const auto append = [](void* to, const unsigned char* bytes, unsigned count) {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
  };
  if (const auto status = cairo_surface_write_to_png_stream(surface, append, &out); status != CAIRO_STATUS_SUCCESS)
    return no_memory(status);
  return out;
}

class Pixels final : public PixelCanvas {
 public:
  Pixels(CairoSurface surface, Size size)
      : surface_(std::move(surface)),
        context_(cairo_create(surface_.get())),
        metrics_(pixel_metrics({double(size.width), double(size.height)})),
        scale_(pixel_scale(metrics_.size)) {
    colour(kPaper);
    cairo_paint(context_.get());
    cairo_set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
  }

  cairo_status_t status() const { return cairo_status(context_.get()); }
  const Metrics& metrics() const override { return metrics_; }
  Extent measure(std::string_view text, Font font) const override {
    return measure_text(context_.get(), text, font, scale_);
  }

  void text(Point at, std::string_view text, Font font, Anchor anchor, Colour ink, bool upward) override {
    const Extent size = measure(text, font);
    const double base = ascent(font, scale_);
    colour(ink);
    if (upward) {
      // The box on the paper is height wide and width high; its text begins at the lower end.
      cairo_save(context_.get());
      cairo_translate(context_.get(), at.x - anchor.across * size.height + base, at.y + (1 - anchor.down) * size.width);
      cairo_rotate(context_.get(), -std::numbers::pi / 2);
      cairo_move_to(context_.get(), 0, 0);
      cairo_show_text(context_.get(), std::string(text).c_str());
      cairo_restore(context_.get());
    } else {
      cairo_move_to(context_.get(), at.x - anchor.across * size.width, at.y - anchor.down * size.height + base);
      cairo_show_text(context_.get(), std::string(text).c_str());
    }
    cairo_new_path(context_.get());
  }

  void polyline(std::span<const Point> points, const Stroke& stroke) override {
    if (points.empty()) return;
    for (std::size_t i = 0; i < points.size(); ++i) cairo_line_to(context_.get(), points[i].x, points[i].y);
    colour(stroke.colour);
    cairo_set_line_width(context_.get(), stroke.width);
    const double u = 2 * scale_;
    const double dashes[kDashes][4] = {
        {}, {4 * u, 2 * u, 4 * u, 2 * u}, {u, 1.5 * u, u, 1.5 * u}, {5 * u, 1.5 * u, u, 1.5 * u}};
    cairo_set_dash(context_.get(), dashes[stroke.dash % kDashes], stroke.dash % kDashes == 0 ? 0 : 4, 0);
    cairo_stroke(context_.get());
    cairo_set_dash(context_.get(), nullptr, 0, 0);
  }

  void polygon(std::span<const Point> points, Colour fill) override {
    for (const auto& point : points) cairo_line_to(context_.get(), point.x, point.y);
    colour(fill);
    cairo_fill(context_.get());
  }

  void shade(const Box& box, int step) override {
    cairo_rectangle(context_.get(), box.x0, box.y0, box.width(), box.height());
    colour(step == 0 ? Colour{244, 244, 244} : ramp(step));
    cairo_fill(context_.get());
  }

  void symbols(std::span<const Point> points, Symbol symbol, double radius, Colour ink) override {
    colour(ink);
    const bool disc = symbol == Symbol::dot || symbol == Symbol::circle;
    const Shape shape = shape_of(symbol, radius);
    cairo_set_line_width(context_.get(), std::max(0.8, 0.4 * radius));
    for (const auto& at : points) {
      if (disc) {
        cairo_arc(context_.get(), at.x, at.y, radius, 0, 2 * std::numbers::pi);
      } else {
        for (const auto& line : shape.lines) {
          cairo_new_sub_path(context_.get());
          for (const auto& point : line) cairo_line_to(context_.get(), at.x + point.x, at.y + point.y);
          if (shape.closed) cairo_close_path(context_.get());
        }
      }
      // One by one: a path of thousands of shapes takes cairo a square of that time.
      if (disc || shape.filled) {
        cairo_fill(context_.get());
      } else {
        cairo_stroke(context_.get());
      }
    }
  }

  void image(const Box& box, const Image& image) override {
    CairoSurface source(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, image.width, image.height));
    if (cairo_surface_status(source.get()) != CAIRO_STATUS_SUCCESS) return;
    unsigned char* bytes = cairo_image_surface_get_data(source.get());
    const int stride = cairo_image_surface_get_stride(source.get());
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const int step = image.steps[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                                     static_cast<std::size_t>(x)];
        const Colour c = ramp(step);
        const std::uint32_t pixel = step == 0 ? 0 : 0xff000000u | c.red << 16 | c.green << 8 | c.blue;
        std::memcpy(bytes + std::ptrdiff_t{y} * stride + std::ptrdiff_t{x} * 4, &pixel, 4);
      }
    }
    cairo_surface_mark_dirty(source.get());
    cairo_save(context_.get());
    cairo_translate(context_.get(), box.x0, box.y0);
    cairo_scale(context_.get(), box.width() / image.width, box.height() / image.height);
    cairo_set_source_surface(context_.get(), source.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context_.get()), CAIRO_FILTER_NEAREST);
    cairo_rectangle(context_.get(), 0, 0, image.width, image.height);
    cairo_fill(context_.get());
    cairo_restore(context_.get());
  }

  void rule(Point from, Point to, Colour ink) override {
    // On the middle of pixels: a line of one pixel is sharp there.
    const auto sharp = [](double v) { return std::floor(v) + 0.5; };
    cairo_move_to(context_.get(), sharp(from.x), sharp(from.y));
    cairo_line_to(context_.get(), sharp(to.x), sharp(to.y));
    colour(ink);
    cairo_set_line_width(context_.get(), std::max(1.0, std::round(scale_)));
    cairo_stroke(context_.get());
  }

  void tick(Point at, Side side, double length) override { rule(at, tick_end(at, side, length), kFrame); }

  Result<std::string> png() override {
    if (status() != CAIRO_STATUS_SUCCESS) return no_memory(status());
    return surface_png(surface_.get());
  }

  Result<std::vector<std::uint32_t>> pixels() override {
    if (status() != CAIRO_STATUS_SUCCESS) return no_memory(status());
    cairo_surface_flush(surface_.get());
    const auto width = static_cast<std::size_t>(metrics_.size.width),
               height = static_cast<std::size_t>(metrics_.size.height);
    std::vector<std::uint32_t> out(width * height);
    const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface_.get()));
    for (std::size_t y = 0; y < height; ++y)
      std::memcpy(&out[y * width], cairo_image_surface_get_data(surface_.get()) + y * stride, width * 4);
    for (auto& pixel : out) pixel &= 0xffffff;
    return out;
  }

 private:
  void colour(Colour c) { cairo_set_source_rgb(context_.get(), c.red / 255.0, c.green / 255.0, c.blue / 255.0); }

  CairoSurface surface_;
  CairoContext context_;
  Metrics metrics_;
  double scale_;
};

}  // namespace

Result<std::unique_ptr<PixelCanvas>> make_pixel_canvas(Size size) {
  CairoSurface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, size.width, size.height));
  if (const auto status = cairo_surface_status(surface.get()); status != CAIRO_STATUS_SUCCESS) return no_memory(status);
  auto out = std::make_unique<Pixels>(std::move(surface), size);
  if (out->status() != CAIRO_STATUS_SUCCESS) return no_memory(out->status());
  return std::unique_ptr<PixelCanvas>(std::move(out));
}

Result<std::string> png_of(int width, int height, const std::vector<std::uint32_t>& pixels) {
  CairoSurface surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height));
  if (const auto status = cairo_surface_status(surface.get()); status != CAIRO_STATUS_SUCCESS) return no_memory(status);
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface.get()));
  const auto row = static_cast<std::size_t>(width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    std::memcpy(cairo_image_surface_get_data(surface.get()) + y * stride, &pixels[y * row], row * 4);
  cairo_surface_mark_dirty(surface.get());
  return surface_png(surface.get());
}

}  // namespace imreg::chart
