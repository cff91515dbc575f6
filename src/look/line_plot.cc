// The plot is drawn by chart, and comes back as pixels.
#include "look/line_plot.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "imreg/chart.h"

namespace imreg::look {

bool is_line(const std::vector<Piece>& pieces) {
  constexpr std::int64_t kLeast = 16;
  return pieces.size() == 1 && std::min(pieces[0].box.width, pieces[0].box.height) == 1 &&
         std::max(pieces[0].box.width, pieces[0].box.height) >= kLeast;
}

Result<raster::Raster> line_plot(const Piece& piece, const std::string& title, int width, int height) {
  const Header& header = piece.hdu->header;
  const bool upright = piece.box.width == 1;
  const std::string axis = upright ? "2" : "1";
  const auto step_of = [&] {
    const auto cd = header.number_of("CD" + axis + "_" + axis);
    return cd ? cd : header.number_of("CDELT" + axis);
  };
  const auto value = header.number_of("CRVAL" + axis), step = step_of();
  const double pixel = header.number_of("CRPIX" + axis).value_or(1);
  // A row of an image of the sky (RA---TAN) has no coordinate of its own.
  const bool of_sky = header.text_of("CTYPE" + axis).value_or("").find("--") != std::string::npos;
  const bool known = value && step && *step != 0 && std::isfinite(*value) && std::isfinite(*step) && !of_sky;
  chart::Plot plot;
  plot.title = title;
  plot.x.label = known ? header.text_of("CTYPE" + axis).value_or("coordinate") : "pixel";
  if (known) plot.x.unit = header.text_of("CUNIT" + axis).value_or("");
  plot.y.label = header.text_of("BTYPE").value_or("value");
  plot.y.unit = header.text_of("BUNIT").value_or("");
  for (std::string* text : {&plot.x.label, &plot.x.unit, &plot.y.label, &plot.y.unit}) *text = std::string(trim(*text));
  chart::Series series;
  series.mark = chart::Mark::line;
  std::vector<float> row(static_cast<std::size_t>(piece.box.width));
  for (std::int64_t y = 0; y < piece.box.height; ++y) {
    piece.read(y, row, true);
    for (std::size_t x = 0; x < row.size(); ++x) {
      const auto at = static_cast<double>(upright ? piece.box.y + y : piece.box.x + static_cast<std::int64_t>(x)) + 1;
      series.x.push_back(known ? *value + (at - pixel) * *step : at);
      series.y.push_back(piece.shift.back(static_cast<double>(row[x])));
    }
  }
  plot.series.push_back(std::move(series));
  IMREG_ASSIGN(const auto png, chart::draw_png(plot, {std::max(width, 200), std::max(height, 200)}));
  return raster::picture_from(png);
}

}  // namespace imreg::look
