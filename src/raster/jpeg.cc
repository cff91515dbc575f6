// JPEG by libjpeg-turbo. Bands of rows are compressed by several threads and joined by restart markers (ITU T.81, B.2.1 and B.2.4.4):
// a band begins as a file does, with nothing carried over from what is above it, so that its scan stands as it is behind the one before.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// It needs stdio's FILE first.
#include <jpeglib.h>

#include <algorithm>
#include <atomic>

#include "os/processors.h"
#include "raster/formats.h"
#include "raster/raster.h"

namespace imreg::raster {

namespace {

constexpr int kBlock = 8;           // pixels of a side of what is coded together
constexpr int kMostBlocks = 65535;  // between restart markers
constexpr int kBandRows = 16;       // rows of blocks, where as many may stand together
constexpr unsigned char kMarker = 0xff, kScan = 0xda, kEnd = 0xd9, kFrame = 0xc0, kRestart = 0xd0;

// What libjpeg calls when something is wrong: it must not return.
struct Errors {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char text[JMSG_LENGTH_MAX];
};
void leave(j_common_ptr info) {
  auto* const errors = reinterpret_cast<Errors*>(info->err);
  info->err->format_message(info, errors->text);
  std::longjmp(errors->back, 1);  // NOLINT(cert-err52-cpp): libjpeg is C, and may not be thrown through
}
void be_silent(j_common_ptr, int) {}
jpeg_error_mgr* handler_of(Errors& errors) {
  jpeg_error_mgr* const out = jpeg_std_error(&errors.manager);
  out->error_exit = leave;
  out->emit_message = be_silent;
  return out;
}

struct Band {
  unsigned char* bytes = nullptr;  // malloc'ed by libjpeg
  unsigned long size = 0;
  bool ok = false;
};

// A whole JPEG of some rows. No object with a destructor may live in a frame that longjmp leaves.
void compress(const Raster& picture, int from, int rows, int quality, int interval, Band& out) {
  jpeg_compress_struct info;
  Errors errors;
  info.err = handler_of(errors);
  if (setjmp(errors.back) != 0) {  // NOLINT(cert-err52-cpp)
    jpeg_destroy_compress(&info);
    return;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &out.bytes, &out.size);
  info.image_width = static_cast<JDIMENSION>(picture.width);
  info.image_height = static_cast<JDIMENSION>(rows);
  info.input_components = picture.channels;
  info.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  for (int i = 0; i < info.num_components; ++i) info.comp_info[i].h_samp_factor = info.comp_info[i].v_samp_factor = 1;
  info.restart_interval = static_cast<unsigned>(interval);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(picture.row(from + static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  out.ok = true;
}

// As above: `out` is the caller's.
bool decompress(std::string_view bytes, Raster& out, Errors& errors) {
  jpeg_decompress_struct info;
  info.err = handler_of(errors);
  if (setjmp(errors.back) != 0) {  // NOLINT(cert-err52-cpp)
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = info.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&info);
  out = Raster(static_cast<int>(info.output_width), static_cast<int>(info.output_height), info.output_components);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = out.row(static_cast<int>(info.output_scanline));
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}

// Where the compressed pixels begin, and the height of the frame is written.
struct Places {
  std::size_t scan = 0, height = 0;
};
Places places_in(const unsigned char* bytes, std::size_t size) {
  Places out;
  for (std::size_t at = 2; at + 4 <= size && bytes[at] == kMarker;) {
    const std::size_t length = static_cast<std::size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (bytes[at + 1] == kFrame) out.height = at + 5;
    if (bytes[at + 1] == kScan) {
      out.scan = at + 2 + length;
      return out;
    }
    at += 2 + length;
  }
  return {};
}

void add_comment(std::string& out, const Texts& texts) {
  std::string text;
  for (const auto& [key, value] : texts) text += key + ": " + value + "\n";
  if (text.empty()) return;
  text.resize(std::min<std::size_t>(text.size(), 65533));
  const std::size_t length = text.size() + 2;
  out += {static_cast<char>(0xff), static_cast<char>(0xfe), static_cast<char>(length >> 8),
          static_cast<char>(length & 255)};
  out += text;
}

}  // namespace

Result<std::string> jpeg_of(const Raster& picture, int quality, int threads, const Texts& texts) {
  if (picture.width < 1 || picture.height < 1) return Status(Code::invalid, "a picture without pixels");
  constexpr int kMost = JPEG_MAX_DIMENSION;
  if (picture.width > kMost || picture.height > kMost)
    return Status(Code::invalid, "a JPEG has at most " + std::to_string(kMost) + " pixels a side, not " +
                                     std::to_string(std::max(picture.width, picture.height)) +
                                     ": -size makes it smaller, a .png may be larger");
  const int in_row = (picture.width + kBlock - 1) / kBlock;
  const int rows = std::clamp(kMostBlocks / in_row, 1, kBandRows) * kBlock;
  const int bands = (picture.height + rows - 1) / rows;
  std::vector<Band> made(static_cast<std::size_t>(bands));
  std::atomic<int> next{0};
  at_once(std::min(threads, bands), [&](int) {
    for (int band; (band = next++) < bands;) {
      const int from = band * rows;
      compress(picture, from, std::min(rows, picture.height - from), quality, bands > 1 ? in_row * (rows / kBlock) : 0,
               made[static_cast<std::size_t>(band)]);
    }
  });
  std::string out;
  bool good = true;
  std::size_t size = 0;
  for (const auto& band : made) size += band.size;
  out.reserve(size + 65540);
  for (int i = 0; i < bands; ++i) {
    const Band& band = made[static_cast<std::size_t>(i)];
    const Places places = band.ok ? places_in(band.bytes, band.size) : Places();
    good = good && places.scan > 0 && places.height > 0;
    if (!good) break;
    const char* const bytes = reinterpret_cast<const char*>(band.bytes);
    if (i == 0) {
      out.append(bytes, 2);
      add_comment(out, texts);
      const std::size_t at = out.size() + places.height - 2;
      out.append(bytes + 2, places.scan - 2);
      out[at] = static_cast<char>(picture.height >> 8), out[at + 1] = static_cast<char>(picture.height & 255);
    } else {
      out += {static_cast<char>(kMarker), static_cast<char>(kRestart + (i - 1) % 8)};
    }
    out.append(bytes + places.scan, band.size - places.scan - 2);
  }
  for (auto& band : made) std::free(band.bytes);
  if (!good) return Status(Code::io, "the picture could not be compressed: is there memory?");
  out += {static_cast<char>(kMarker), static_cast<char>(kEnd)};
  return out;
}

Result<Raster> picture_from_jpeg(std::string_view bytes) {
  Raster out;
  Errors errors;
  if (!decompress(bytes, out, errors))
    return Status(Code::corrupt, std::string("no JPEG that can be read: ") + errors.text);
  return out;
}

}  // namespace imreg::raster
