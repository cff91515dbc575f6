// Canvases of pixels and of SVG. Both measure their texts by cairo, unhinted, so that a layout is the same in both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chart/canvas.h"
#include "imreg/chart.h"
#include "imreg/status.h"

namespace imreg::chart {

class PixelCanvas : public Canvas {
 public:
  virtual Result<std::string> png() = 0;
  /// 0xrrggbb, rows from the top.
  virtual Result<std::vector<std::uint32_t>> pixels() = 0;
};
Result<std::unique_ptr<PixelCanvas>> make_pixel_canvas(Size size);

class SvgCanvas : public Canvas {
 public:
  virtual Result<std::string> svg(const std::string& title) = 0;
};
Result<std::unique_ptr<SvgCanvas>> make_svg_canvas(Size size);

/// A PNG of these colours, 0xaarrggbb where a is 0 or 255.
Result<std::string> png_of(int width, int height, const std::vector<std::uint32_t>& pixels);

}  // namespace imreg::chart
