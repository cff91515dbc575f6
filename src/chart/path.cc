// Lines: thinned, clipped, drawn in pieces.
#include "chart/path.h"

#include <cmath>

namespace imreg::chart {

// Liang and Barsky: which part of the segment is on the inner side of all four edges.
bool clip(const Box& box, Point& a, Point& b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  double from = 0, to = 1;
  const auto edge = [&](double direction, double distance) {
    if (direction == 0) return distance >= 0;
    const double t = distance / direction;
    if (direction < 0) {
      from = std::max(from, t);
    } else {
      to = std::min(to, t);
    }
    return from <= to;
  };
  if (!edge(-dx, a.x - box.x0) || !edge(dx, box.x1 - a.x) || !edge(-dy, a.y - box.y0) || !edge(dy, box.y1 - a.y))
    return false;
  const Point start = a;
  if (to < 1) b = {start.x + to * dx, start.y + to * dy};
  if (from > 0) a = {start.x + from * dx, start.y + from * dy};
  return true;
}

Path::Path(Canvas& canvas, const Box& area, const Stroke& stroke)
    : canvas_(canvas), area_(area), stroke_(stroke), grain_(canvas.metrics().characters ? 1 : 0.5) {}

void Path::add(Point point) {
  const double column = std::floor(point.x / grain_);
  if (in_column_ > 0 && column != column_) leave_column();
  column_ = column;
  if (in_column_ == 0) {
    first_ = low_ = high_ = point;
    low_first_ = true;
  } else if (point.y < low_.y) {
    low_ = point;
    low_first_ = false;
  } else if (point.y > high_.y) {
    high_ = point;
    low_first_ = true;
  }
  last_ = point;
  ++in_column_;
}

void Path::leave_column() {
  emit(first_);
  if (in_column_ > 2) {
    emit(low_first_ ? low_ : high_);
    emit(low_first_ ? high_ : low_);
  }
  if (in_column_ > 1) emit(last_);
  in_column_ = 0;
}

void Path::emit(Point point) {
  if (has_last_) {
    Point a = pen_, b = point;
    if (clip(area_, a, b)) {
      if (line_.empty() || a.x != line_.back().x || a.y != line_.back().y) {
        flush();
        line_.push_back(a);
      }
      line_.push_back(b);
    } else {
      flush();
    }
  }
  pen_ = point;
  has_last_ = true;
}

void Path::flush() {
  if (line_.size() > 1) canvas_.polyline(line_, stroke_);
  line_.clear();
}

void Path::end() {
  if (in_column_ > 0) leave_column();
  flush();
  has_last_ = false;
}

}  // namespace imreg::chart
