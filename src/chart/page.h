// What stands around every picture: the title above, notes below.
#pragma once

#include <string>
#include <vector>

#include "chart/canvas.h"
#include "imreg/status.h"

namespace imreg::chart {

class Page {
 public:
  Page(const Canvas& canvas, const std::string& title, const std::vector<std::string>& notes);
  /// What is left between title and notes, within the rim.
  const Box& inside() const { return inside_; }
  void draw(Canvas& canvas) const;

 private:
  std::vector<std::string> title_, notes_;
  Box inside_;
};

/// Error: invalid, there is no room for the picture itself.
Status no_room(const Canvas& canvas);

}  // namespace imreg::chart
