// Which HDUs: those that the camera's table takes for images; without any, the first one that has pixels. Bias is the median of an amplifier's
// overscan, so that amplifiers do not stripe.
#include "look/pieces.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/text.h"
#include "measure/ccd_sections.h"
#include "os/processors.h"

namespace imreg::look {

const std::vector<std::string>& collapse_names() {
  static const std::vector<std::string> names = {"mean", "median", "max"};
  return names;
}

using measure::facts_of_amplifier, measure::hdu_of;

namespace {

bool is_flags(const Hdu& hdu) {
  for (const char* name : {"DQ", "BPM", "MASK", "FLAGS", "CCDMASK"}) {
    if (equal_nocase(trim(hdu.extname), name)) return true;
  }
  return false;
}

// The data quality of this image: the next extension of such a name with its version and shape; else the only one of its shape.
const Hdu* flags_of(const FitsHeaders& headers, const Hdu& image) {
  const Hdu* out = nullptr;
  int of_shape = 0;
  for (const auto& hdu : headers.hdus) {
    if (!hdu.is_image() || hdu.bitpix < 0 || !is_flags(hdu) || hdu.axes != image.axes || hdu.number == image.number)
      continue;
    if (hdu.extver == image.extver) return &hdu;
    out = &hdu;
    ++of_shape;
  }
  return of_shape == 1 ? out : nullptr;
}

class Pieces {
 public:
  Pieces(const PixelFile& file, const FitsHeaders& headers, const PieceOptions& options)
      : file_(file), headers_(headers), options_(options) {}

  Status add(const Hdu& hdu, const ImageFacts& facts, bool cube) {
    const std::int64_t planes = planes_of(hdu);
    std::int64_t plane = std::max(0, facts.slice - 1);
    const bool collapsed = options_.collapse != Collapse::none && (cube || options_.hdu) && planes > 1;
    if (options_.slice > planes)
      return Status(Code::invalid, "HDU " + std::to_string(hdu.number) + " has " + counted(planes, "plane") +
                                       ": there is no plane " + std::to_string(options_.slice));
    if (collapsed) {
      plane = PixelFile::kAllPlanes;
    } else if (cube || options_.hdu) {
      plane = options_.slice > 0 ? options_.slice - 1 : planes / 2;
    }
    constexpr std::int64_t kLeast = 100;  // of a file that has less than a hundredth there is nothing to see
    const auto open = [&] {
      auto out = file_.image(hdu, plane, true);
      return out && out->rows() < out->plane().height / kLeast ? file_.image(hdu, plane) : std::move(out);
    };
    auto image = open();
    // The middle plane, or of a cube that was cut off before it the last one that is there.
    while (!image && cube && !collapsed && options_.slice == 0 && plane > 0 && hdu.kind == HduKind::image)
      --plane, image = open();
    if (!image) return image.status();
    const PixelPlane& pixels = image->plane();
    const PixelBox whole{0, 0, pixels.width, collapsed ? pixels.height / planes : pixels.height};
    const std::int64_t there = image->rows();
    Piece piece{.image = *std::move(image),
                .flags = {},
                .collapse = collapsed ? options_.collapse : Collapse::none,
                .planes = collapsed ? std::max<std::int64_t>(1, there / whole.height) : 1,
                .plane_height = whole.height,
                .rows = std::min(there, whole.height),
                .box = whole,
                .overscan = {},
                .shift = {},
                .place = {},
                .name = {},
                .hdu = &hdu,
                .primary = &headers_.hdus.front(),
                .detector = {}};
    piece.ccd = facts.ccd.value.value_or(-1);
    piece.name = facts.chip.value.value_or("HDU " + std::to_string(hdu.number));
    if (options_.flags) {
      if (const Hdu* const flags = flags_of(headers_, hdu)) {
        if (auto of = file_.image(*flags, plane)) piece.flags = *std::move(of);
      }
    }
    if (facts.detsec.value) piece.detector = parse_section(*facts.detsec.value);
    if (options_.all_pixels) return out_.push_back(std::move(piece)), Status();
    const auto sections = measure::sections_of(hdu.header, facts, whole.width, whole.height);
    // One overscan of each data region, or one for all of them.
    auto boxes = sections.data.empty() ? std::vector<PixelBox>{whole} : sections.data;
    auto overscans = sections.bias;
    if (!sections.amplifiers.empty()) {
      boxes.clear(), overscans.clear();
      for (const auto& amplifier : sections.amplifiers)
        boxes.push_back(amplifier.data), overscans.push_back(amplifier.bias);
    }
    const std::size_t count = boxes.size();
    for (std::size_t i = 0; i < count; ++i) {
      Piece one = piece;
      one.box = boxes[i];
      for (std::size_t k = 0; k < overscans.size(); ++k) {
        if (overscans.size() == count && k != i) continue;
        for (std::int64_t p = 0; p < one.planes; ++p) {
          PixelBox box = overscans[k];
          box.y += p * whole.height;
          box.height = std::min(box.height, there - box.y);
          if (!box.empty()) one.overscan.push_back(box);
        }
      }
      if (count > 1) place_within(one, piece.detector, boxes);
      out_.push_back(std::move(one));
    }
    return {};
  }

  std::vector<Piece> take() { return std::move(out_); }

 private:
  // Of several amplifiers in one image: side by side as they are stored, on the detector of the CCD if that is told.
  static void place_within(Piece& piece, const std::optional<Section>& detector, const std::vector<PixelBox>& boxes) {
    // Overscan between them is left out: what stands at the left of it and below it is counted once.
    const auto place = [&](const PixelBox& of) {
      std::pair<std::int64_t, std::int64_t> out;
      for (const auto& box : boxes) {
        if (box.x + box.width <= of.x && box.y == of.y) out.first += box.width;
        if (box.y + box.height <= of.y && box.x == of.x) out.second += box.height;
      }
      return out;
    };
    std::int64_t width = 0, height = 0;
    for (const auto& box : boxes) {
      const auto [x, y] = place(box);
      width = std::max(width, x + box.width), height = std::max(height, y + box.height);
    }
    const auto [x, y] = place(piece.box);
    const Section whole = detector.value_or(Section{1, width, 1, height});
    // Its part of the detector, which may be turned, and have several pixels for one of the image.
    const auto part = [](std::int64_t first, std::int64_t last, std::int64_t from, std::int64_t size, std::int64_t of) {
      const std::int64_t step = last < first ? -1 : 1, length = std::abs(last - first) + 1;
      const std::int64_t begin = from * length / of, end = (from + size) * length / of;
      return std::pair(first + step * begin, first + step * (end - 1));
    };
    Section own;
    std::tie(own.x1, own.x2) = part(whole.x1, whole.x2, x, piece.box.width, width);
    std::tie(own.y1, own.y2) = part(whole.y1, whole.y2, y, piece.box.height, height);
    piece.detector = own;
  }

  const PixelFile& file_;
  const FitsHeaders& headers_;
  const PieceOptions& options_;
  std::vector<Piece> out_;
};

}  // namespace

void Piece::read_plane(std::int64_t plane, std::int64_t y, std::int64_t x, std::span<float> to,
                       bool trusted_only) const {
  const std::int64_t row = plane * plane_height + box.y + y;
  if (!shift.is_none()) {
    constexpr auto kMost = static_cast<double>(std::numeric_limits<float>::max());
    std::vector<double> values(to.size());
    read_row(image.plane(), row, box.x + x, values);
    for (std::size_t i = 0; i < to.size(); ++i) {
      const double value = shift.of(values[i] - bias);
      to[i] = static_cast<float>(std::isfinite(values[i]) ? std::clamp(value, -kMost, kMost) : values[i]);
    }
  } else {
    read_row(image.plane(), row, box.x + x, to);
  }
  if (bias != 0 && shift.is_none()) {
    const auto off = static_cast<float>(bias);
    for (float& value : to) value -= off;
  }
  if (!trusted_only || !flags) return;
  std::vector<float> bits(to.size());
  read_row(flags->plane(), row, box.x + x, bits);
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (bits[i] != 0) to[i] = std::numeric_limits<float>::quiet_NaN();
  }
}

namespace {

// Of the finite values of one pixel in all planes, which are put into another order.
float collapsed(std::span<float> values, Collapse how) {
  const auto end = std::partition(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  const auto count = end - values.begin();
  if (count == 0) return std::numeric_limits<float>::quiet_NaN();
  if (how == Collapse::max) return *std::max_element(values.begin(), end);
  if (how == Collapse::mean)
    return static_cast<float>(std::accumulate(values.begin(), end, 0.0) / static_cast<double>(count));
  const auto middle = values.begin() + count / 2;
  std::nth_element(values.begin(), middle, end);
  if (count % 2 == 1) return *middle;
  return static_cast<float>(
      (static_cast<double>(*middle) + static_cast<double>(*std::max_element(values.begin(), middle))) / 2);
}

}  // namespace

void Piece::find_bias() {
  std::vector<PixelArea> areas;
  for (const auto& one : overscan) areas.push_back({&image.plane(), one});
  if (const double median = statistics_of(areas).median; std::isfinite(median)) bias = median;
}

void leave_out_missing(std::vector<Piece>& pieces) {
  for (auto& piece : pieces) {
    const std::int64_t missing =
        std::clamp<std::int64_t>(piece.box.y + piece.box.height - piece.rows, 0, piece.box.height);
    piece.box.height -= missing;
    if (piece.place.flip_y) piece.place.y += missing;
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.box.empty(); });
}

bool Piece::has_all_values(bool trusted_only) const {
  const PixelPlane& plane = image.plane();
  return plane.bitpix > 0 && !plane.blank && !(trusted_only && flags);
}

// Integers of 16 bits are floats; others may have steps that are too small for their size, or no size that floats have.
void choose_shift(std::vector<Piece>& pieces) {
  constexpr std::int64_t kSample = 200;  // each may be a wait for a disk
  constexpr double kTooLarge = 1e30, kTooSmall = 1e-30;
  constexpr double kSteps = 4096;  // spreads: floats have 4,000 steps in one then
  const auto is_exact = [](const Piece& piece) {
    const PixelPlane& plane = piece.image.plane();
    return (plane.bitpix == 8 || plane.bitpix == 16) && plane.bscale == 1 && std::abs(plane.bzero) < 0x1p20;
  };
  if (std::all_of(pieces.begin(), pieces.end(), is_exact)) return;
  std::int64_t pixels = 0;
  for (const auto& piece : pieces) pixels += piece.box.pixels();
  const std::int64_t step = std::max<std::int64_t>(1, pixels / kSample) | 1;
  std::vector<double> sample;
  std::int64_t at = 0;
  for (const auto& piece : pieces) {
    for (; at < piece.box.pixels(); at += step) {
      double value = 0;
      read_row(piece.image.plane(), piece.box.y + at / piece.box.width, piece.box.x + at % piece.box.width,
               std::span<double>(&value, 1));
      if (std::isfinite(value)) sample.push_back(value);
    }
    at -= piece.box.pixels();
  }
  if (sample.empty()) return;
  std::sort(sample.begin(), sample.end());
  const auto rank = [&](std::size_t percent) { return sample[(sample.size() - 1) * percent / 100]; };
  const double spread = std::min(rank(95) - rank(5), std::numeric_limits<double>::max()),
               size = std::max(std::abs(rank(5)), std::abs(rank(95)));
  Shift shift;
  if (size > kSteps * spread) shift.offset = rank(50);
  if (size > kTooLarge || (spread > 0 && spread < kTooSmall)) {
    const double unit = spread > 0 ? spread : size;
    shift.scale = std::ldexp(1.0, std::clamp(-std::ilogb(unit), -1000, 1000));
  }
  for (auto& piece : pieces) piece.shift = shift;
}

void find_biases(std::vector<Piece>& pieces, int threads) {
  std::atomic<std::size_t> next{0};
  at_once(std::min(threads, static_cast<int>(pieces.size())), [&](int) {
    for (std::size_t i; (i = next++) < pieces.size();) pieces[i].find_bias();
  });
}

void Piece::read(std::int64_t y, std::span<float> to, bool trusted_only) const {
  if (collapse == Collapse::none) return read_plane(0, y, 0, to, trusted_only);
  constexpr std::size_t kMost = std::size_t{1} << 20;  // floats at the same time
  const auto depth = static_cast<std::size_t>(planes);
  const std::size_t part = std::clamp<std::size_t>(kMost / depth, 1, to.size());
  std::vector<float> values(part * depth), pixel(depth);
  for (std::size_t x = 0; x < to.size(); x += part) {
    const std::size_t size = std::min(part, to.size() - x);
    for (std::size_t p = 0; p < depth; ++p)
      read_plane(static_cast<std::int64_t>(p), y, static_cast<std::int64_t>(x), {values.data() + p * size, size},
                 trusted_only);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t p = 0; p < depth; ++p) pixel[p] = values[p * size + i];
      to[x + i] = collapsed(pixel, collapse);
    }
  }
}

Result<std::vector<Piece>> pieces_of(const PixelFile& file, const FitsHeaders& headers, const FileFacts& facts,
                                     const PieceOptions& options, std::vector<Status>& missing) {
  Pieces out(file, headers, options);
  if (options.hdu) {
    const Hdu* const hdu = hdu_of(headers, *options.hdu);
    if (!hdu || !hdu->is_image())
      return Status(Code::invalid, "HDU " + std::to_string(*options.hdu) + (hdu ? " is no image" : " is not there"));
    ImageFacts none;
    for (const auto& facts_of_one : facts.images) {
      if (facts_of_one.extension == hdu->number) none = facts_of_one;
    }
    IMREG_TRY(out.add(*hdu, none, true));
    return out.take();
  }
  for (const auto& one : facts.images) {
    if (one.mode == ImageMode::slice) continue;  // its cube stands before it
    for (const int number : one.amplifiers.empty() ? std::vector<int>{one.extension} : one.amplifiers) {
      const Hdu* const hdu = hdu_of(headers, number);
      if (!hdu) continue;
      const Status added =
          out.add(*hdu, number == one.extension ? one : facts_of_amplifier(*hdu, one), one.mode == ImageMode::cube);
      if (added.code() == Code::invalid) return added;  // what is asked for is not there
      if (!added.ok()) missing.push_back(added);
    }
  }
  auto pieces = out.take();
  if (!pieces.empty()) return pieces;
  if (!missing.empty()) return missing.front();
  for (const auto& hdu : headers.hdus) {
    if (!hdu.is_image() || is_flags(hdu)) continue;
    IMREG_TRY(out.add(hdu, {}, true));
    return out.take();
  }
  return Status(Code::invalid, facts.why_none.empty() ? "there is no image in it" : facts.why_none);
}

}  // namespace imreg::look
