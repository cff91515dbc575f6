// Each row of pixels is read once, in its order, by one of the threads; a smaller picture is summed up on the way, so that memory is that of
// the picture and of some rows, whatever the mosaic has.
#include "look/render.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "os/processors.h"
#include "pixels/processor.h"

namespace imreg::look {

namespace {

constexpr int kRows = 16;  // of the picture, by one thread

// The row of the box that stands at this height of the mosaic.
std::int64_t row_at(const Piece& piece, std::int64_t y) {
  const std::int64_t up = y - piece.place.y;
  return piece.place.flip_y ? piece.box.height - 1 - up : up;
}

// Which rows of a picture a piece is in, from its lowest.
std::pair<std::int64_t, std::int64_t> rows_of(const Piece& piece, double step, int height) {
  const auto low = static_cast<std::int64_t>(std::floor(static_cast<double>(piece.place.y) / step));
  const auto top = static_cast<std::int64_t>(std::ceil(static_cast<double>(piece.place.y + piece.box.height) / step));
  return {low, std::min<std::int64_t>(height, top)};
}

// A picture on which several threads draw. Zeros of a large one would be written by one thread, so there are none where `covered`: each pixel
// will be drawn; marks are made when the first one is needed.
class Canvas {
 public:
  Canvas(Rendered& out, int width, int height, bool covered) : out_(out), covered_(covered) {
    out_.grey = covered ? raster::Raster::unset(width, height, 1) : raster::Raster(width, height, 1);
    if (!covered) out_.marks.assign(out_.grey.bytes.size(), Rendered::outside);
  }

  // Levels as bytes and marks.
  void put(const Levels& levels, std::span<const float> values, std::span<std::int16_t> scratch, std::size_t at) {
    levels.levels(values, scratch);
    std::uint8_t* const to = out_.grey.bytes.data() + at;
    std::int16_t least = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      to[i] = static_cast<std::uint8_t>(scratch[i]);
      least = std::min(least, scratch[i]);
    }
    if (!covered_) std::memset(out_.marks.data() + at, Rendered::good, values.size());
    if (least >= 0) return;
    has_marks_ = true;
    if (covered_) std::call_once(made_, [this] { out_.marks.assign(out_.grey.bytes.size(), Rendered::good); });
    std::uint8_t* const marks = out_.marks.data() + at;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (scratch[i] >= 0) continue;
      marks[i] = Rendered::without_value;
      to[i] = 0;
    }
  }

  // A picture has no marks where all is good.
  void end() {
    auto& marks = out_.marks;
    if (has_marks_ || marks.empty()) return;
    if (std::memchr(marks.data(), Rendered::outside, marks.size()) == nullptr) marks.clear();
  }

 private:
  Rendered& out_;
  const bool covered_;
  std::atomic<bool> has_marks_{false};
  std::once_flag made_;
};

// Whether each pixel of the mosaic is in one piece.
bool cover_all(const std::vector<Piece>& pieces, const Mosaic& mosaic) {
  std::int64_t area = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& a = pieces[i];
    area += a.box.pixels();
    for (std::size_t k = 0; k < i; ++k) {
      const auto& b = pieces[k];
      if (std::min(a.place.x + a.box.width, b.place.x + b.box.width) > std::max(a.place.x, b.place.x) &&
          std::min(a.place.y + a.box.height, b.place.y + b.box.height) > std::max(a.place.y, b.place.y))
        return false;
    }
  }
  return area == mosaic.width * mosaic.height;
}

// `weight`: nullptr, all have a value.
[[gnu::always_inline]] inline void add_row(std::span<const float> row, float part, float* sum, float* weight) {
  constexpr float kMost = std::numeric_limits<float>::max();
  if (weight == nullptr) {
    for (std::size_t i = 0; i < row.size(); ++i) sum[i] += row[i] * part;
    return;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool known = std::abs(row[i]) <= kMost;
    sum[i] += known ? row[i] * part : 0;
    weight[i] += known ? part : 0;
  }
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void add_avx2(std::span<const float> row, float part, float* sum, float* weight) {
  add_row(row, part, sum, weight);
}
#endif
void add_to(std::span<const float> row, float part, float* sum, float* weight) {
#if defined(__x86_64__)
  if (has_avx2()) return add_avx2(row, part, sum, weight);
#endif
  add_row(row, part, sum, weight);
}

// Sums and weights of what each column of the picture covers.
void gather(const Piece& piece, std::vector<float>& sums, std::vector<float>& weights, double step, std::size_t columns,
            float* to, float* to_weights, std::size_t first) {
  if (piece.place.flip_x) {
    std::reverse(sums.begin(), sums.end());
    std::reverse(weights.begin(), weights.end());
  }
  const auto left = static_cast<double>(piece.place.x);
  for (std::size_t i = 0; i < columns; ++i) {
    const double begin = static_cast<double>(first + i) * step - left, end = begin + step;
    const auto from = static_cast<std::int64_t>(std::max(0.0, std::floor(begin)));
    const auto last = std::min(static_cast<std::int64_t>(std::ceil(end - 1e-9)), piece.box.width);
    float sum = 0, weight = 0;
    for (std::int64_t x = from; x < last; ++x) {
      const auto k = static_cast<std::size_t>(x);
      const auto at = static_cast<double>(x);
      const auto part = static_cast<float>(std::min(at + 1, end) - std::max(at, begin));
      sum += part * sums[k], weight += part * weights[k];
    }
    to[i] = sum, to_weights[i] = weight;
  }
}

}  // namespace

Status crop(std::vector<Piece>& pieces, Mosaic& mosaic, const PixelBox& part) {
  std::vector<Piece> kept;
  for (auto& piece : pieces) {
    const auto x0 = std::max(piece.place.x, part.x), y0 = std::max(piece.place.y, part.y);
    const auto x1 = std::min(piece.place.x + piece.box.width, part.x + part.width);
    const auto y1 = std::min(piece.place.y + piece.box.height, part.y + part.height);
    if (x1 <= x0 || y1 <= y0) continue;
    const auto right = piece.place.x + piece.box.width, top = piece.place.y + piece.box.height;
    piece.box.x += piece.place.flip_x ? right - x1 : x0 - piece.place.x;
    piece.box.y += piece.place.flip_y ? top - y1 : y0 - piece.place.y;
    piece.box.width = x1 - x0, piece.box.height = y1 - y0;
    piece.place.x = x0 - part.x, piece.place.y = y0 - part.y;
    kept.push_back(std::move(piece));
  }
  if (kept.empty()) return {Code::invalid, "nothing of the image lies in the region"};
  pieces = std::move(kept);
  mosaic.width = part.width, mosaic.height = part.height;
  return {};
}

Rendered render(const std::vector<Piece>& pieces, const Mosaic& mosaic, const Levels& levels, bool trusted_only,
                int threads) {
  Rendered out;
  const int height = static_cast<int>(mosaic.height);
  Canvas canvas(out, static_cast<int>(mosaic.width), height, cover_all(pieces, mosaic));
  struct Block {
    const Piece* piece;
    std::int64_t from, end;
  };
  std::vector<Block> blocks;
  for (const auto& piece : pieces) {
    const auto [low, top] = rows_of(piece, 1, height);
    for (std::int64_t from = low; from < top; from += kRows)
      blocks.push_back({&piece, from, std::min(from + kRows, top)});
  }
  std::atomic<std::size_t> next{0};
  at_once(threads, [&](int) {
    for (std::size_t i; (i = next++) < blocks.size();) {
      const Piece& piece = *blocks[i].piece;
      std::vector<float> row(static_cast<std::size_t>(piece.box.width));
      std::vector<std::int16_t> scratch(row.size());
      for (std::int64_t y = blocks[i].from; y < blocks[i].end; ++y) {
        piece.read(row_at(piece, y), row, trusted_only);
        if (piece.place.flip_x) std::reverse(row.begin(), row.end());
        const std::int64_t start = (height - 1 - y) * mosaic.width + piece.place.x;
        canvas.put(levels, row, scratch, static_cast<std::size_t>(start));
      }
    }
  });
  canvas.end();
  return out;
}

Means::Means(std::vector<Piece>& pieces, const Mosaic& mosaic, int width, int height, bool trusted_only, int threads)
    : width_(width),
      height_(height),
      x_step_(static_cast<double>(mosaic.width) / width),
      y_step_(static_cast<double>(mosaic.height) / height) {
  const auto size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  sums_.resize(size), weights_.resize(size);
  marks_.assign(size, Rendered::outside);
  // The bias of a piece is found, which reads all of it from the disk, while the one before it is computed.
  struct Task {
    std::size_t piece;
    std::int64_t from = 0, end = 0;  // rows of the picture; none: the bias
  };
  std::vector<Task> tasks;
  for (std::size_t i = 0; i <= pieces.size(); ++i) {
    if (i < pieces.size() && !pieces[i].overscan.empty()) tasks.push_back({i});
    if (i == 0) continue;
    const auto [low, top] = rows_of(pieces[i - 1], y_step_, height);
    for (std::int64_t from = low; from < top; from += kRows)
      tasks.push_back({i - 1, from, std::min(from + kRows, top)});
  }
  std::vector<std::atomic<bool>> is_found(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) is_found[i] = pieces[i].overscan.empty();
  std::atomic<std::size_t> next{0};
  at_once(threads, [&](int) {
    for (std::size_t i; (i = next++) < tasks.size();) {
      const Task& task = tasks[i];
      if (task.from == task.end) {
        pieces[task.piece].find_bias();
        is_found[task.piece] = true;
        is_found[task.piece].notify_all();
      } else {
        is_found[task.piece].wait(false);
        add(pieces[task.piece], task.from, task.end, trusted_only);
      }
    }
  });
}

void Means::add(const Piece& piece, std::int64_t from, std::int64_t end, bool trusted_only) {
  const auto first = static_cast<std::size_t>(static_cast<double>(piece.place.x) / x_step_);
  const auto behind = static_cast<std::size_t>(
      std::min(static_cast<double>(width_), std::ceil(static_cast<double>(piece.place.x + piece.box.width) / x_step_)));
  const std::size_t columns = behind - std::min(first, behind);
  std::vector<float> row(static_cast<std::size_t>(piece.box.width)), sum(row.size()), weight(row.size());
  std::vector<float> to(columns), to_weights(columns);
  const bool all = piece.has_all_values(trusted_only);
  for (std::int64_t y = from; y < end; ++y) {
    std::fill(sum.begin(), sum.end(), 0.0F);
    std::fill(weight.begin(), weight.end(), 0.0F);
    const double begin = static_cast<double>(y) * y_step_, stop = begin + y_step_;
    const auto low = std::max(piece.place.y, static_cast<std::int64_t>(std::floor(begin)));
    const auto last = std::min(piece.place.y + piece.box.height, static_cast<std::int64_t>(std::ceil(stop - 1e-9)));
    float height = 0;
    for (std::int64_t at = low; at < last; ++at) {
      const auto place = static_cast<double>(at);
      const auto part = static_cast<float>(std::min(place + 1, stop) - std::max(place, begin));
      piece.read(row_at(piece, at), row, trusted_only);
      add_to(row, part, sum.data(), all ? nullptr : weight.data());
      height += part;
    }
    if (all) std::fill(weight.begin(), weight.end(), height);
    gather(piece, sum, weight, x_step_, columns, to.data(), to_weights.data(), first);
    const std::size_t start = static_cast<std::size_t>(height_ - 1 - y) * static_cast<std::size_t>(width_) + first;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < columns; ++i) {
      sums_[start + i] += to[i], weights_[start + i] += to_weights[i];
      marks_[start + i] = Rendered::good;
    }
  }
}

Rendered Means::rendered(const Levels& levels) const {
  Rendered out;
  Canvas canvas(out, width_, height_, false);
  const auto wide = static_cast<std::size_t>(width_);
  std::vector<float> means(wide);
  std::vector<std::int16_t> scratch(wide);
  for (std::size_t start = 0; start < sums_.size(); start += wide) {
    for (std::size_t i = 0; i < wide; ++i) {
      means[i] = sums_[start + i] / weights_[start + i];  // 0 / 0: no value
      if (std::isinf(means[i])) means[i] = std::copysign(std::numeric_limits<float>::max(), means[i]);
    }
    canvas.put(levels, means, scratch, start);
    for (std::size_t i = 0; i < wide; ++i) {
      if (marks_[start + i] == Rendered::outside) out.marks[start + i] = Rendered::outside;
    }
  }
  canvas.end();
  return out;
}

}  // namespace imreg::look
