// Which sign means which series.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chart/canvas.h"
#include "chart/palette.h"
#include "imreg/chart.h"

namespace imreg::chart {

class Legend {
 public:
  /// All named series; those drawn as points are left out when `skip_points`.
  Legend(const Canvas& canvas, const Plot& plot, bool skip_points);
  /// Two names or more, and wanted.
  bool wanted() const { return wanted_; }
  /// Breaks names and makes columns for this room. True when all names have found place; else the last line says how many have not.
  bool fit(const Canvas& canvas, Extent room);
  Extent size() const { return size_; }
  void draw(Canvas& canvas, Point corner) const;

 private:
  struct Entry {
    std::string name;
    Look look;
    Mark mark;
    std::optional<Look> curve;  ///< of a fit through these points
    std::vector<std::string> lines;
  };
  struct Placed {
    std::size_t entry;  ///< past the end: the line of those that are missing
    Point at;
  };
  bool wanted_;
  std::vector<Entry> entries_;
  std::vector<Placed> placed_;
  std::string missing_;
  Extent size_;
  double sample_ = 0, row_ = 0, gap_ = 0;
};

/// Remembers what the data cover, so that a legend can be put where nothing is.
class Obstacles final : public Canvas {
 public:
  explicit Obstacles(const Canvas& like) : like_(like) {}
  bool hit(const Box& box) const;

  const Metrics& metrics() const override { return like_.metrics(); }
  Extent measure(std::string_view text, Font font) const override { return like_.measure(text, font); }
  void text(Point, std::string_view, Font, Anchor, Colour, bool) override {}
  void polyline(std::span<const Point> points, const Stroke&) override;
  void polygon(std::span<const Point> points, Colour) override;
  void shade(const Box& box, int) override { boxes_.push_back(box); }
  void symbols(std::span<const Point> points, Symbol, double radius, Colour) override;
  void image(const Box& box, const Image&) override { boxes_.push_back(box); }
  void rule(Point, Point, Colour) override {}
  void tick(Point, Side, double) override {}

 private:
  const Canvas& like_;
  std::vector<Box> boxes_;
  std::vector<std::pair<Point, Point>> lines_;
};

}  // namespace imreg::chart
