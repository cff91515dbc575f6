// A line through many points, cut to the area and thinned to what the paper can show.
#pragma once

#include <vector>

#include "chart/canvas.h"

namespace imreg::chart {

/// The part of a segment that lies in the box; false: none does.
bool clip(const Box& box, Point& a, Point& b);

/// Of the points that fall one after the other into the same column of pixels it draws the first, the lowest, the highest and the
/// last: the line looks the same and has at most four points a column.
class Path {
 public:
  Path(Canvas& canvas, const Box& area, const Stroke& stroke);
  ~Path() { end(); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  void add(Point point);
  /// The line ends here; the next point begins another one.
  void end();

 private:
  void leave_column();
  void emit(Point point);
  void flush();

  Canvas& canvas_;
  Box area_;
  Stroke stroke_;
  double grain_, column_ = 0;
  int in_column_ = 0;
  Point first_, low_, high_, last_;
  bool low_first_ = true, has_last_ = false;
  Point pen_;
  std::vector<Point> line_;
};

}  // namespace imreg::chart
