// The canvas of SVG. Written here and not by cairo: cairo's writer gives ids that collide when two pictures stand in one page and
// differ from run to run, and turns letters into outlines. Here are no ids at all, text stays text (to be searched and read aloud),
// and each text has the length that was measured (textLength), whatever font the reader's machine has.
#include <cairo/cairo.h>

#include <cmath>
#include <cstdio>

#include "base/markup.h"
#include "chart/cairo_text.h"
#include "chart/palette.h"
#include "chart/sheet.h"
#include "chart/symbol.h"

namespace imreg::chart {
namespace {

// One decimal, no zero at the end.
std::string number(double value) {
  if (!(std::abs(value) < 1e9)) return "0";  // no picture is so large
  const auto tenths = std::llround(value * 10);
  std::string out = (tenths < 0 ? "-" : "") + std::to_string(std::llabs(tenths) / 10);
  if (const auto digit = std::llabs(tenths) % 10; digit != 0) out += "." + std::to_string(digit);
  return out;
}
std::string pair(Point point) { return number(point.x) + " " + number(point.y); }

std::string colour_name(Colour c) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", c.red, c.green, c.blue);
  return text;
}

std::string base64(std::string_view bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kLetters[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

class Svg final : public SvgCanvas {
 public:
  explicit Svg(Size size)
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1)),
        context_(cairo_create(surface_.get())),
        metrics_(pixel_metrics({double(size.width), double(size.height)})),
        scale_(pixel_scale(metrics_.size)) {}

  const Metrics& metrics() const override { return metrics_; }
  Extent measure(std::string_view text, Font font) const override {
    return measure_text(context_.get(), text, font, scale_);
  }

  void text(Point at, std::string_view text, Font font, Anchor anchor, Colour ink, bool upward) override {
    const Extent size = measure(text, font);
    const double base = ascent(font, scale_);
    out_ += "<text ";
    if (upward) {
      const Point start{at.x - anchor.across * size.height + base, at.y + (1 - anchor.down) * size.width};
      out_ += "transform=\"translate(" + pair(start) + ")rotate(-90)\"";
    } else {
      out_ += "x=\"" + number(at.x - anchor.across * size.width) + "\" y=\"" +
              number(at.y - anchor.down * size.height + base) + "\"";
    }
    out_ += " font-size=\"" + number(font_size(font, scale_)) + "\"";
    if (font == Font::title) out_ += " font-weight=\"bold\"";
    out_ += " fill=\"" + colour_name(ink) + "\"";
    if (text.size() > 1) out_ += " textLength=\"" + number(size.width) + "\" lengthAdjust=\"spacingAndGlyphs\"";
    out_ += ">" + escaped_markup(text) + "</text>\n";
  }

  void polyline(std::span<const Point> points, const Stroke& stroke) override {
    if (points.empty()) return;
    out_ += "<path d=\"";
    for (std::size_t i = 0; i < points.size(); ++i) out_ += (i == 0 ? "M" : i == 1 ? "L" : " ") + pair(points[i]);
    out_ += "\"" + line_style(stroke.colour, stroke.width);
    const double u = 2 * scale_;
    const std::string dashes[kDashes] = {
        "", number(4 * u) + " " + number(2 * u), number(u) + " " + number(1.5 * u),
        number(5 * u) + " " + number(1.5 * u) + " " + number(u) + " " + number(1.5 * u)};
    if (stroke.dash % kDashes != 0) out_ += " stroke-dasharray=\"" + dashes[stroke.dash % kDashes] + "\"";
    out_ += " stroke-linejoin=\"round\"/>\n";
  }

  void polygon(std::span<const Point> points, Colour fill) override {
    out_ += "<path d=\"";
    for (std::size_t i = 0; i < points.size(); ++i) out_ += (i == 0 ? "M" : i == 1 ? "L" : " ") + pair(points[i]);
    out_ += "z\" fill=\"" + colour_name(fill) + "\"/>\n";
  }

  void shade(const Box& box, int step) override {
    const Point corners[] = {{box.x0, box.y0}, {box.x1, box.y0}, {box.x1, box.y1}, {box.x0, box.y1}};
    polygon(corners, step == 0 ? Colour{244, 244, 244} : ramp(step));
  }

  void symbols(std::span<const Point> points, Symbol symbol, double radius, Colour ink) override {
    if (points.empty()) return;
    const bool disc = symbol == Symbol::dot || symbol == Symbol::circle;
    const Shape shape = shape_of(symbol, radius);
    // The shape is the same at each point, moved: relative steps after the first.
    std::vector<std::string> steps;
    for (const auto& line : shape.lines) {
      std::string step;
      for (std::size_t i = 1; i < line.size(); ++i)
        step += (i == 1 ? "l" : " ") + pair({line[i].x - line[i - 1].x, line[i].y - line[i - 1].y});
      steps.push_back(step + (shape.closed ? "z" : ""));
    }
    out_ += "<path d=\"";
    for (const auto& at : points) {
      // A line of no length with round ends is a disc.
      if (disc) out_ += "M" + pair(at) + "h0";
      for (std::size_t i = 0; i < steps.size(); ++i)
        out_ += "M" + pair({at.x + shape.lines[i][0].x, at.y + shape.lines[i][0].y}) + steps[i];
    }
    out_ += "\"";
    if (disc) {
      out_ += line_style(ink, 2 * radius) + " stroke-linecap=\"round\"/>\n";
    } else if (shape.filled) {
      out_ += " fill=\"" + colour_name(ink) + "\"/>\n";
    } else {
      out_ += line_style(ink, std::max(0.8, 0.4 * radius)) + "/>\n";
    }
  }

  void image(const Box& box, const Image& image) override {
    std::vector<std::uint32_t> pixels;
    pixels.reserve(image.steps.size());
    for (const int step : image.steps) {
      const Colour c = ramp(step);
      pixels.push_back(step == 0 ? 0 : 0xff000000u | c.red << 16 | c.green << 8 | c.blue);
    }
    auto png = png_of(image.width, image.height, pixels);
    if (!png.ok()) {
      status_ = png.status();
      return;
    }
    out_ += "<image x=\"" + number(box.x0) + "\" y=\"" + number(box.y0) + "\" width=\"" + number(box.width()) +
            "\" height=\"" + number(box.height()) +
            "\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64," +
            base64(*png) + "\"/>\n";
  }

  void rule(Point from, Point to, Colour ink) override {
    const auto sharp = [](double v) { return std::floor(v) + 0.5; };
    out_ += "<path d=\"M" + pair({sharp(from.x), sharp(from.y)}) + "L" + pair({sharp(to.x), sharp(to.y)}) + "\"" +
            line_style(ink, std::max(1.0, std::round(scale_))) + "/>\n";
  }

  void tick(Point at, Side side, double length) override { rule(at, tick_end(at, side, length), kFrame); }

  Result<std::string> svg(const std::string& title) override {
    if (!status_.ok()) return status_;
    if (const auto status = cairo_status(context_.get()); status != CAIRO_STATUS_SUCCESS)
      return Status(Code::io, std::string("the picture cannot be drawn: ") + cairo_status_to_string(status));
    const std::string w = number(metrics_.size.width), h = number(metrics_.size.height);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w +
           " " + h + "\" role=\"img\" aria-label=\"" + escaped_markup(title) +
           "\" font-family=\"'DejaVu Sans',Verdana,Arial,Helvetica,sans-serif\" style=\"white-space:pre\">\n<path "
           "d=\"M0 0H" +
           w + "V" + h + "H0z\" fill=\"#fff\"/>\n" + out_ + "</svg>\n";
  }

 private:
  static std::string line_style(Colour ink, double width) {
    return " fill=\"none\" stroke=\"" + colour_name(ink) + "\" stroke-width=\"" + number(width) + "\"";
  }

  CairoSurface surface_;
  CairoContext context_;
  Metrics metrics_;
  double scale_;
  std::string out_;
  Status status_;
};

}  // namespace

Result<std::unique_ptr<SvgCanvas>> make_svg_canvas(Size size) {
  return std::unique_ptr<SvgCanvas>(std::make_unique<Svg>(size));
}

}  // namespace imreg::chart
