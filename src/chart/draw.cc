// From a picture to bytes: the canvas that is asked for, and the drawing that fits the picture.
#include <algorithm>

#include "chart/pictures.h"
#include "chart/sheet.h"
#include "chart/sixel.h"
#include "chart/text_canvas.h"
#include "chart/text_tools.h"

namespace imreg::chart {
namespace {

Status check_size(Size size) {
  for (const auto& [what, value] : {std::pair{"width", size.width}, std::pair{"height", size.height}}) {
    if (value < 200 || value > 10000)
      return Status(Code::invalid,
                    std::string("the ") + what + " of a picture is 200 to 10000 pixels, not " + std::to_string(value));
  }
  return {};
}

Status draw_on(const Picture& picture, Canvas& canvas) {
  return std::visit([&](const auto& one) { return draw(one, canvas); }, picture);
}

}  // namespace

Result<std::string> draw_svg(const Picture& picture, Size size) {
  IMREG_TRY(check_size(size));
  IMREG_ASSIGN(const auto canvas, make_svg_canvas(size));
  IMREG_TRY(draw_on(picture, *canvas));
  const auto* const plot = std::get_if<Plot>(&picture);
  const std::string title = std::visit([](const auto& one) { return one.title; }, picture);
  return canvas->svg(safe_text(title + (plot ? plot->by : "")));
}

Result<std::string> draw_png(const Picture& picture, Size size) {
  IMREG_TRY(check_size(size));
  IMREG_ASSIGN(const auto canvas, make_pixel_canvas(size));
  IMREG_TRY(draw_on(picture, *canvas));
  return canvas->png();
}

Result<std::string> draw_text(const Picture& picture, const Terminal& terminal) {
  constexpr int kMost = 1000;
  if (terminal.columns < 20 || terminal.rows < 8 || terminal.columns > kMost || terminal.rows > kMost)
    return Status(Code::invalid, "a picture in a terminal has 20 x 8 to 1000 x 1000 places, not " +
                                     std::to_string(terminal.columns) + " x " + std::to_string(terminal.rows));
  if (terminal.style == TerminalStyle::sixel) {
    const Size size{std::clamp(terminal.place.width * terminal.columns, 200, 1000),
                    std::clamp(terminal.place.height * (terminal.rows - 1), 200, 1000)};
    IMREG_ASSIGN(const auto canvas, make_pixel_canvas(size));
    IMREG_TRY(draw_on(picture, *canvas));
    IMREG_ASSIGN(const auto pixels, canvas->pixels());
    return sixel(size.width, size.height, pixels);
  }
  TextCanvas canvas(terminal);
  IMREG_TRY(draw_on(picture, canvas));
  return canvas.lines();
}

}  // namespace imreg::chart
