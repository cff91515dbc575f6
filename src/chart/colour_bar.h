// What the colours of a picture mean.
#pragma once

#include <string>

#include "chart/canvas.h"
#include "chart/scale.h"
#include "chart/ticks.h"

namespace imreg::chart {

class ColourBar {
 public:
  /// For a bar of about this height; `counts`: only whole numbers are written.
  ColourBar(const Canvas& canvas, const Scale& scale, std::string title, double height, bool counts);
  /// What it takes at the right of a picture.
  double width() const { return width_; }
  /// Where nothing can be written upwards, the title stands in a note.
  std::string note(const Canvas& canvas) const;
  void draw(Canvas& canvas, const Box& room) const;

 private:
  Scale scale_;
  std::string title_;
  Ticks ticks_;
  double bar_, gap_, width_;
};

}  // namespace imreg::chart
