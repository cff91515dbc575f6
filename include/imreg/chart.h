// Pictures of numbers: plots, maps of the sky, values on a focal plane; as SVG, PNG, or text for a terminal.
//
//   chart::Plot plot{.title = "seeing", .x = {.label = "obstime", .time = true}, .y = {.label = "fwhm", .unit = "pixel"}};
//   plot.series.push_back({.name = "r", .x = times, .y = fwhm});
//   IMREG_ASSIGN(const std::string bytes, chart::draw_png(plot, {.width = 1200, .height = 800}));
//
// Values that are not known (NaN) or infinite are left out and counted in a note below the picture; a line has a gap there. A picture never comes
// without a word: what has nothing to show is an error. Texts are data: markup is shown as it is, control characters as \x1b. Long ones
// are broken into lines, and end with "..." where they would take the room of the picture.
// More points than can be told apart (20,000; in a terminal two a place) are drawn as their density, with a colour bar; all series of
// points together, as a note says then.
// Pure functions: no state, any thread.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "imreg/status.h"

namespace imreg::chart {

/// One direction of a plot.
struct Axis {
  std::string label{};
  std::string unit{};                   ///< as FITS writes it; empty: none
  bool log = false;                     ///< powers of ten; values <= 0 are left out and counted
  bool time = false;                    ///< values are seconds since 1970 UTC: ticks are dates and times of day
  double tz_hours = 0;                  ///< of `time`: the zone of the ticks, hours east of UTC
  std::optional<double> low{}, high{};  ///< else what the data need, and a little more; low > high turns the axis round
};

enum class Mark {
  points,
  line,
  steps,
  bars,
  curve  ///< a line that is no data (a fit): before all others, without symbols
};

/// What is drawn in one colour and with one symbol. x and y have one length; the errors have it too, or are empty.
struct Series {
  std::string name{};  ///< for the legend; empty: not in it
  std::vector<double> x{}, y{};
  std::vector<double> x_error{}, y_error{};  ///< half the length of the bar; NaN: none
  /// steps: y[i] holds from x[i] to x[i + 1]. bars: from x[i] to x[i + 1], the last one as wide as the one before it (1 when alone),
  /// from 0, on a log axis from its low end; several series of bars are outlines.
  Mark mark = Mark::points;
  std::optional<std::size_t>
      like{};  ///< in the colour of this series, and one entry of the legend with it when they have one name
};

struct Plot {
  std::string title{};
  std::string by{};  ///< " by filter": more of the title, as long as the series are told apart
  Axis x{}, y{};
  std::vector<Series> series{};
  std::vector<std::string> notes{};  ///< small lines below: "12 of 300 not measured"
  bool legend = true;                ///< when there are two named series or more
};

/// Positions on the whole sky, in Aitoff's projection: 12h in the middle, right ascension growing to the left. Lines that cross 0h
/// go on at the other side; bars are drawn as points, errors are not drawn.
struct SkyMap {
  std::string title{};
  std::vector<Series> series{};  ///< x: right ascension, y: declination, degrees (ICRS)
  std::vector<std::string> notes{};
};

/// A rectangle of a focal plane, in any unit, y upwards.
struct Chip {
  std::string name{};
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;  ///< either order
  double value = 0;                       ///< NaN: drawn in its own shade and crossed out, without a colour
};
struct FocalPlane {
  std::string title{};
  std::string label{}, unit{};  ///< of the values
  std::vector<Chip> chips{};
  std::vector<std::string> notes{};
};

using Picture = std::variant<Plot, SkyMap, FocalPlane>;

struct Size {
  int width = 960,
      height = 600;  ///< pixels (SVG: CSS pixels), 200..10,000; texts and symbols grow with the smaller of both
};

/// Errors of all: invalid (x and y of different lengths, no value that can be shown: the message says of what and why,
/// a size out of range), io (no memory for the picture).
/// The SVG has no ids, no scripts, no links and loads nothing: several may stand in one HTML page as they are. Equal input gives equal
/// bytes on one machine (measures of texts come from its fonts).
Result<std::string> draw_svg(const Picture& picture, Size size = {});
Result<std::string> draw_png(const Picture& picture, Size size = {});

enum class TerminalStyle {
  braille,  ///< UTF-8: 2 x 4 dots in each place
  ascii,    ///< one mark in each place
  sixel     ///< a PNG's pixels, for terminals that can; the terminal is asked nothing
};
struct Terminal {
  int columns = 80, rows = 24;  ///< 20 x 8 to 1000 x 1000
  TerminalStyle style = TerminalStyle::braille;
  bool colour = false;   ///< the 16 colours of ANSI
  Size place = {8, 16};  ///< pixels of a place, for sixels; of a picture at most 1000 x 1000, which is what xterm shows
};
/// As many lines as the terminal has rows, each ended by a newline, none wider than the terminal. Several series are told apart by
/// letters, also without colours.
Result<std::string> draw_text(const Picture& picture, const Terminal& terminal);

}  // namespace imreg::chart
