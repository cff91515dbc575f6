// CFITSIO reads the tiles, some rows at a time. It is given a descriptor and never a name: in names it sees filters,
// programs and addresses.
#include "pixels/tile_compressed.h"

#include <fitsio.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "pixels/byte_order.h"

namespace imreg {

namespace {

constexpr std::int64_t kBand = std::int64_t{1}
                               << 20;  // bytes decompressed at a time, or one row of tiles when that is more

struct Close {
  void operator()(fitsfile* file) const {
    int status = 0;
    fits_close_file(file, &status);
  }
};

Status failure(const Hdu& hdu, int status) {
  char text[FLEN_STATUS] = "", detail[FLEN_ERRMSG] = "";
  fits_get_errstatus(status, text);
  std::string message = "HDU " + std::to_string(hdu.number) + " cannot be decompressed: " + text;
  if (fits_read_errmsg(detail) != 0) message += std::string(" (") + detail + ")";
  fits_clear_errmsg();
  return {Code::corrupt, message};
}

struct Kind {
  int bitpix, datatype, size;
};
constexpr Kind kKinds[] = {{8, TBYTE, 1}, {16, TSHORT, 2}, {32, TINT, 4}, {-32, TFLOAT, 4}, {-64, TDOUBLE, 8}};

}  // namespace

Status decompress(const File& from, const Hdu& hdu, std::int64_t row, std::int64_t rows, File& to) {
  const auto* const kind =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.bitpix == hdu.bitpix; });
  if (kind == std::end(kKinds))
    return {Code::corrupt, "ZBITPIX = " + std::to_string(hdu.bitpix) + " is no type of a compressed image"};
  fitsfile* opened = nullptr;
  int status = 0;
  fits_open_diskfile(&opened, ("/proc/self/fd/" + std::to_string(from.fd())).c_str(), READONLY, &status);
  const std::unique_ptr<fitsfile, Close> file(opened);
  fits_movabs_hdu(opened, hdu.number + 1, nullptr, &status);
  int compressed = status == 0 ? fits_is_compressed_image(opened, &status) : 0;
  if (status == 0 && compressed == 0) return {Code::corrupt, "HDU " + std::to_string(hdu.number) + " has no tiles"};
  // The stored integers: scaling is for those who know what they want to do with it.
  if (hdu.bitpix > 0) fits_set_bscale(opened, 1, 0, &status);
  const std::int64_t width = hdu.axes[0];
  const std::int64_t tile = std::clamp<std::int64_t>(hdu.header.integer_of("ZTILE2").value_or(1), 1, rows);
  const std::int64_t band = std::clamp<std::int64_t>(kBand / (width * kind->size) / tile * tile, tile, rows);
  std::vector<char> bytes(static_cast<std::size_t>(width * band * kind->size));
  float no_float = std::numeric_limits<float>::quiet_NaN();
  double no_double = std::numeric_limits<double>::quiet_NaN();
  void* const none = hdu.bitpix == -32 ? static_cast<void*>(&no_float) : hdu.bitpix == -64 ? &no_double : nullptr;
  std::int64_t offset = 0;
  for (std::int64_t y = 0; y < rows && status == 0; y += band) {
    const std::int64_t count = width * std::min(band, rows - y);
    int any = 0;
    fits_read_img(opened, kind->datatype, (row + y) * width + 1, count, none, bytes.data(), &any, &status);
    if (status != 0) break;
    const auto size = static_cast<std::size_t>(count * kind->size);
    swap_bytes(bytes.data(), size, kind->size);
    IMREG_TRY(to.write(offset, {bytes.data(), size}));
    offset += count * kind->size;
  }
  return status == 0 ? Status() : failure(hdu, status);
}

}  // namespace imreg
