// A thread that asks the system for pixels in the order in which they are needed.
#include "look/ahead.h"

#include <algorithm>
#include <system_error>

namespace imreg::look {

Ahead::Ahead(const std::vector<Piece>& pieces) {
  constexpr std::int64_t kStep = std::int64_t{4} << 20;  // bytes
  const auto work = [this, &pieces] {
    for (const auto& piece : pieces) {
      const PixelPlane& plane = piece.image.plane();
      const std::int64_t rows = std::max<std::int64_t>(1, kStep / (plane.width * plane.pixel_size()));
      const std::int64_t end = piece.box.y + piece.box.height;
      for (std::int64_t y = piece.box.y; y < end && !stop_; y += rows) piece.image.want(y, std::min(rows, end - y));
    }
  };
  try {
    thread_ = std::thread(work);
  } catch (const std::system_error&) {  // it only helps
  }
}

Ahead::~Ahead() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace imreg::look
