// Each row of pixels is read once, in its order, by one of the threads; a smaller picture is summed up on the way, so that memory is that of
// the picture and of some rows, whatever the mosaic has.
#include "look/render.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>

#include "os/processors.h"
#include "pixels/processor.h"

namespace imreg::look {

namespace {

constexpr int kRows = 16;  // of the picture, by one thread

struct Block {
  const Piece* piece;
  std::int64_t from, end;  // rows of the picture, from its lowest
};

// The row of the box that stands at this height of the mosaic.
std::int64_t row_at(const Piece& piece, std::int64_t y) {
  const std::int64_t up = y - piece.place.y;
  return piece.place.flip_y ? piece.box.height - 1 - up : up;
}

void each_block(const std::vector<Piece>& pieces, double step, int height, int threads,
                const std::function<void(const Block&)>& work) {
  std::vector<Block> blocks;
  for (const auto& piece : pieces) {
    const auto low = static_cast<std::int64_t>(std::floor(static_cast<double>(piece.place.y) / step));
    const auto top = std::min<std::int64_t>(
        height, static_cast<std::int64_t>(std::ceil(static_cast<double>(piece.place.y + piece.box.height) / step)));
    for (std::int64_t from = low; from < top; from += kRows)
      blocks.push_back({&piece, from, std::min(from + kRows, top)});
  }
  std::atomic<std::size_t> next{0};
  at_once(threads, [&](int) {
    for (std::size_t i; (i = next++) < blocks.size();) work(blocks[i]);
  });
}

// Levels as bytes and marks.
void put(Rendered& out, const Levels& levels, std::span<const float> values, std::span<std::int16_t> scratch,
         std::size_t at, std::atomic<bool>& has_marks) {
  levels.levels(values, scratch);
  std::uint8_t* const to = out.grey.bytes.data() + at;
  std::int16_t least = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    to[i] = static_cast<std::uint8_t>(scratch[i]);
    least = std::min(least, scratch[i]);
  }
  std::uint8_t* const marks = out.marks.data() + at;
  for (std::size_t i = 0; i < values.size(); ++i) marks[i] = Rendered::good;
  if (least >= 0) return;
  has_marks = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (scratch[i] >= 0) continue;
    marks[i] = Rendered::without_value;
    to[i] = 0;
  }
}

[[gnu::always_inline]] inline void add_row(std::span<const float> row, float part, float* sum, float* weight) {
  constexpr float kMost = std::numeric_limits<float>::max();
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
void add(std::span<const float> row, float part, std::vector<float>& sum, std::vector<float>& weight) {
#if defined(__x86_64__)
  if (has_avx2()) return add_avx2(row, part, sum.data(), weight.data());
#endif
  add_row(row, part, sum.data(), weight.data());
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

Rendered render(const std::vector<Piece>& pieces, const Mosaic& mosaic, const Levels& levels, int width, int height,
                bool trusted_only, int threads) {
  Rendered out;
  out.grey = raster::Raster(width, height, 1);
  const auto size = out.grey.bytes.size(), wide = static_cast<std::size_t>(width);
  out.marks.assign(size, Rendered::outside);
  std::atomic<bool> has_marks{false};
  const auto start_of = [&](std::int64_t row) { return static_cast<std::size_t>(height - 1 - row) * wide; };
  const double x_step = static_cast<double>(mosaic.width) / width, y_step = static_cast<double>(mosaic.height) / height;
  if (mosaic.width == width && mosaic.height == height) {
    each_block(pieces, 1, height, threads, [&](const Block& block) {
      const Piece& piece = *block.piece;
      std::vector<float> row(static_cast<std::size_t>(piece.box.width));
      std::vector<std::int16_t> scratch(row.size());
      for (std::int64_t y = block.from; y < block.end; ++y) {
        piece.read(row_at(piece, y), row, trusted_only);
        if (piece.place.flip_x) std::reverse(row.begin(), row.end());
        put(out, levels, row, scratch, start_of(y) + static_cast<std::size_t>(piece.place.x), has_marks);
      }
    });
  } else {
    std::vector<float> sums(size), weights(size);
    std::mutex mutex;  // two pieces may stand in one pixel of the picture
    each_block(pieces, y_step, height, threads, [&](const Block& block) {
      const Piece& piece = *block.piece;
      const auto first = static_cast<std::size_t>(static_cast<double>(piece.place.x) / x_step);
      const auto end = static_cast<std::size_t>(std::min(
          static_cast<double>(width), std::ceil(static_cast<double>(piece.place.x + piece.box.width) / x_step)));
      const std::size_t columns = end - std::min(first, end);
      std::vector<float> row(static_cast<std::size_t>(piece.box.width)), sum(row.size()), weight(row.size());
      std::vector<float> to(columns), to_weights(columns);
      for (std::int64_t y = block.from; y < block.end; ++y) {
        std::fill(sum.begin(), sum.end(), 0.0F);
        std::fill(weight.begin(), weight.end(), 0.0F);
        const double begin = static_cast<double>(y) * y_step, stop = begin + y_step;
        const auto from = std::max(piece.place.y, static_cast<std::int64_t>(std::floor(begin)));
        const auto last = std::min(piece.place.y + piece.box.height, static_cast<std::int64_t>(std::ceil(stop - 1e-9)));
        for (std::int64_t at = from; at < last; ++at) {
          const auto place = static_cast<double>(at);
          const auto part = static_cast<float>(std::min(place + 1, stop) - std::max(place, begin));
          piece.read(row_at(piece, at), row, trusted_only);
          add(row, part, sum, weight);
        }
        gather(piece, sum, weight, x_step, columns, to.data(), to_weights.data(), first);
        const std::size_t start = start_of(y) + first;
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < columns; ++i) {
          sums[start + i] += to[i], weights[start + i] += to_weights[i];
          out.marks[start + i] = Rendered::good;
        }
      }
    });
    std::vector<float> means(wide);
    std::vector<std::int16_t> scratch(wide);
    for (int y = 0; y < height; ++y) {
      const std::size_t start = static_cast<std::size_t>(y) * wide;
      for (std::size_t i = 0; i < wide; ++i) means[i] = sums[start + i] / weights[start + i];  // 0 / 0: no value
      const std::vector<std::uint8_t> places(out.marks.begin() + static_cast<std::ptrdiff_t>(start),
                                             out.marks.begin() + static_cast<std::ptrdiff_t>(start + wide));
      put(out, levels, means, scratch, start, has_marks);
      for (std::size_t i = 0; i < wide; ++i) {
        if (places[i] == Rendered::outside) out.marks[start + i] = Rendered::outside;
      }
    }
  }
  const bool full = std::find(out.marks.begin(), out.marks.end(), Rendered::outside) == out.marks.end();
  if (full && !has_marks) out.marks.clear();
  return out;
}

}  // namespace imreg::look
