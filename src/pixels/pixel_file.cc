// Where the pixels of a file lie: in its map, or in the map of a file without a name that holds them unpacked.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "fits/unpack.h"
#include "imreg/pixels.h"
#include "os/apart.h"
#include "os/file.h"
#include "os/map.h"
#include "pixels/tile_compressed.h"

namespace imreg {

struct PixelFile::Content {
  std::string path;
  File file;  // what is mapped
  Map map;
  std::vector<std::int64_t> offsets;  // of the data, by number of the HDU
};

namespace {

constexpr std::int64_t kAnyTiles = std::int64_t{512} << 20;  // bytes that may come out of any file, however small
constexpr std::int64_t kPiece = std::int64_t{1} << 20;

Result<FitsHeaders> headers_in(const File& file) {
  return read_fits_headers("/proc/self/fd/" + std::to_string(file.fd()));
}

// All that a packed file holds, and what is to be said about it: into `headers`, when they are wanted.
Result<File> unpack(const std::string& path, FileKind kind, FitsHeaders* headers = nullptr) {
  IMREG_ASSIGN(fits::OpenFile packed, fits::OpenFile::open(path));
  fits::Unpacker unpacker(packed, kind);
  IMREG_ASSIGN(File out, File::temporary(temporary_folder()));
  std::vector<char> piece(kPiece);
  for (std::int64_t offset = 0;;) {
    const std::int64_t got = unpacker.read(piece.data(), kPiece, offset);
    if (got < 0) return os_error(path, "cannot be read", errno);
    if (got == 0) break;
    IMREG_TRY(out.write(offset, {piece.data(), static_cast<std::size_t>(got)}));
    offset += got;
  }
  if (headers == nullptr) return out;
  IMREG_ASSIGN(*headers, headers_in(out));
  headers->container = kind;
  headers->file_size = packed.size();
  headers->mtime = packed.mtime();
  if (unpacker.stray() > 0)
    headers->warnings.push_back(std::to_string(unpacker.stray()) + " stray bytes after the " + unpacker.name() +
                                " data");
  if (!unpacker.fault().empty()) headers->damage += (headers->damage.empty() ? "" : "; ") + unpacker.fault();
  return out;
}

// Whether a table can hold the tiles of such an image: one row for each, and packed no denser than gzip can (1032 : 1), or PLIO,
// which has up to 4095 pixels of four bytes in two.
Status check_tiles(const Hdu& hdu, std::int64_t size) {
  const std::string name = "HDU " + std::to_string(hdu.number);
  double tiles = 1;
  for (std::size_t i = 0; i < hdu.axes.size(); ++i) {
    const long long length = hdu.header.integer_of("ZTILE" + std::to_string(i + 1)).value_or(i == 0 ? hdu.axes[0] : 1);
    if (length < 1) return {Code::corrupt, name + ": its tiles have no size"};
    tiles *= std::ceil(static_cast<double>(hdu.axes[i]) / static_cast<double>(length));
  }
  const long long rows = hdu.header.integer_of("NAXIS2").value_or(0);
  if (static_cast<double>(rows) != tiles)
    return {Code::corrupt,
            name + ": a table of " + std::to_string(rows) + " rows does not hold the tiles of this image"};
  const bool plio = hdu.header.text_of("ZCMPTYPE") == "PLIO_1";
  if (size > kAnyTiles && size / (plio ? 8190 : 1100) > hdu.data_size)
    return {Code::corrupt, name + " claims more pixels than its tiles can hold"};
  return {};
}

}  // namespace

PixelFile::PixelFile(std::shared_ptr<Content> content) : content_(std::move(content)) {}
PixelFile::PixelFile(PixelFile&&) noexcept = default;
PixelFile& PixelFile::operator=(PixelFile&&) noexcept = default;
PixelFile::~PixelFile() = default;

Result<PixelFile> PixelFile::open(const std::string& path, const FitsHeaders& headers) {
  auto content = std::make_shared<Content>();
  content->path = path;
  const bool packed = headers.container != FileKind::fits;
  if (headers.container == FileKind::header_dump)
    return Status(Code::invalid, "a header dump has no pixels").in_file(path);
  Result<File> file = packed ? unpack(path, headers.container) : File::open(path, File::Mode::read);
  if (!file) return file.status().in_file(path);
  content->file = *std::move(file);
  IMREG_ASSIGN(const std::int64_t size, content->file.size());
  IMREG_ASSIGN(content->map, Map::of(content->file, size));
  // Of packed files the offsets are not known: HDUs follow each other, a header fills its blocks.
  if (packed) {
    IMREG_ASSIGN(const FitsHeaders inside, headers_in(content->file));
    for (const Hdu& hdu : inside.hdus) content->offsets.push_back(hdu.data_offset);
  } else {
    for (const Hdu& hdu : headers.hdus) content->offsets.push_back(hdu.data_offset);
  }
  return PixelFile(std::move(content));
}

Result<std::pair<FitsHeaders, PixelFile>> PixelFile::open(const std::string& path) {
  const auto kind = file_kind(path).value_or(FileKind::unknown);
  if (kind == FileKind::gzip || kind == FileKind::bzip2 || kind == FileKind::compress) {
    auto content = std::make_shared<Content>();
    content->path = path;
    FitsHeaders headers;
    if (auto file = unpack(path, kind, &headers)) {
      content->file = *std::move(file);
      IMREG_ASSIGN(const std::int64_t size, content->file.size());
      IMREG_ASSIGN(content->map, Map::of(content->file, size));
      for (Hdu& hdu : headers.hdus) content->offsets.push_back(std::exchange(hdu.data_offset, -1));
      return std::pair(std::move(headers), PixelFile(std::move(content)));
    }
  }
  // Of a packed file that is none: what is wrong with it is told with its own name.
  IMREG_ASSIGN(FitsHeaders headers, read_fits_headers(path));
  IMREG_ASSIGN(PixelFile file, open(path, headers));
  return std::pair(std::move(headers), std::move(file));
}

std::int64_t planes_of(const Hdu& hdu) {
  std::int64_t planes = 1;
  for (std::size_t i = 2; i < hdu.axes.size(); ++i) planes *= hdu.axes[i];
  return planes;
}

Result<PixelFile::Image> PixelFile::image(const Hdu& hdu, std::int64_t plane, bool what_is_there) const {
  const std::string name = "HDU " + std::to_string(hdu.number);
  const auto number = static_cast<std::size_t>(hdu.number);
  if (!hdu.is_image() || number >= content_->offsets.size())
    return Status(Code::invalid, name + " is no image with pixels").in_file(content_->path);
  if (plane < kAllPlanes || plane >= planes_of(hdu))
    return Status(Code::invalid, name + " has no plane " + std::to_string(plane + 1)).in_file(content_->path);
  Image out;
  PixelPlane& pixels = out.plane_;
  pixels.bitpix = hdu.bitpix;
  pixels.width = hdu.axes[0];
  pixels.height = hdu.axes.size() > 1 ? hdu.axes[1] : 1;
  if (plane == kAllPlanes) {
    pixels.height *= planes_of(hdu);
    plane = 0;
  }
  pixels.bscale = hdu.header.number_of("BSCALE").value_or(1);
  pixels.bzero = hdu.header.number_of("BZERO").value_or(0);
  if (pixels.bscale == 0 || !std::isfinite(pixels.bscale) || !std::isfinite(pixels.bzero))
    return Status(Code::corrupt, name + ": BSCALE or BZERO makes no sense").in_file(content_->path);
  if (hdu.bitpix > 0) {
    std::optional<long long> blank = hdu.header.integer_of("BLANK");
    if (!blank && hdu.kind == HduKind::compressed_image) blank = hdu.header.integer_of("ZBLANK");
    if (blank) pixels.blank = *blank;
  }
  // read_fits_headers() has seen to it that the axes, of tiles too, multiply to less than 2^62 bytes.
  const std::int64_t size = pixels.width * pixels.height * pixels.pixel_size();
  const bool tiles = hdu.kind == HduKind::compressed_image;
  const std::int64_t begin = content_->offsets[number], there = content_->map.size() - begin;
  out.rows_ = pixels.height;
  if (what_is_there && !tiles && begin >= 0 && size > 0)
    out.rows_ = std::clamp<std::int64_t>((there - plane * size) / (size / pixels.height), 0, pixels.height);
  const bool is_there = !tiles && what_is_there && out.rows_ > 0;
  if (begin < 0 || (!is_there && there < (tiles ? hdu.data_size : (plane + 1) * size))) {
    return Status(Code::corrupt, name + " is truncated: the file holds " +
                                     std::to_string(std::max<std::int64_t>(0, there)) + " of " +
                                     std::to_string(hdu.data_size) + " bytes of its pixels")
        .in_file(content_->path);
  }
  if (!tiles) {
    pixels.bytes = reinterpret_cast<const unsigned char*>(content_->map.data()) + begin + plane * size;
    out.content_ = content_;
    return out;
  }
  if (Status status = check_tiles(hdu, size); !status.ok()) return std::move(status).in_file(content_->path);
  auto unpacked = std::make_shared<Content>();
  unpacked->path = content_->path;
  IMREG_ASSIGN(unpacked->file, File::temporary(temporary_folder()));
  const auto work = [&] {
    return decompress(content_->file, hdu, plane * pixels.height, pixels.height, unpacked->file);
  };
  const int seconds = 5 + static_cast<int>(size >> 24);  // a slow machine needs one for 16 MiB
  const std::int64_t memory = 4 * size + (std::int64_t{256} << 20);
  if (Status status = run_apart(name + ": the decompression", seconds, memory, work); !status.ok())
    return std::move(status).in_file(content_->path);
  IMREG_ASSIGN(unpacked->map, Map::of(unpacked->file, size));
  pixels.bytes = reinterpret_cast<const unsigned char*>(unpacked->map.data());
  out.content_ = std::move(unpacked);
  return out;
}

void PixelFile::Image::want(std::int64_t y, std::int64_t rows) const {
  const auto* const start = reinterpret_cast<const unsigned char*>(content_->map.data());
  const std::int64_t size = plane_.width * plane_.pixel_size();
  content_->map.want(plane_.bytes - start + y * size, rows * size);
}

Status PixelFile::Image::check() const {
  if (!content_->map.lost()) return {};
  return Status(Code::io, "the file was cut, or its disk failed, while its pixels were read").in_file(content_->path);
}

double PixelPlane::limit() const {
  if (bitpix < 0) return std::numeric_limits<double>::infinity();
  const double highest = bitpix == 8 ? 255 : std::ldexp(1, bitpix - 1) - 1;
  const double lowest = bitpix == 8 ? 0 : -std::ldexp(1, bitpix - 1);
  return std::max(value(highest), value(lowest));
}

}  // namespace imreg
