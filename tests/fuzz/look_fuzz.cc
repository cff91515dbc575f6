// Fuzz target for imlook: any bytes as a file of images. A picture has the size that was asked for, is the same by any number of threads
// and comes back from its PNG; what has none is told in a clean line.
#include <algorithm>
#include <functional>

#include "fuzz.h"
#include "imreg/look.h"
#include "raster/raster.h"

namespace imreg::fuzz {
namespace {

// Images of 16 bits or floats with what layouts, biases, flags, cubes and positions are made from.
std::string image(bool first, int bitpix, const std::vector<int>& axes, const char* name,
                  const std::vector<std::pair<const char*, const char*>>& cards) {
  Header header;
  if (first)
    header.add("SIMPLE", true);
  else
    header.add("XTENSION", "IMAGE");
  header.add("BITPIX", bitpix);
  header.add("NAXIS", static_cast<int>(axes.size()));
  std::size_t size = static_cast<std::size_t>(std::abs(bitpix) / 8);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    header.add("NAXIS" + std::to_string(i + 1), axes[i]);
    size *= static_cast<std::size_t>(axes[i]);
  }
  if (!first) {
    header.add("PCOUNT", 0);
    header.add("GCOUNT", 1);
    header.add("EXTNAME", name);
  }
  for (const auto& [keyword, value] : cards) header.add(keyword, value);
  header.add("CTYPE1", "RA---TAN");
  header.add("CTYPE2", "DEC--TAN");
  header.add("CRVAL1", 83.6);
  header.add("CRVAL2", 22.0);
  header.add("CRPIX1", 5.0);
  header.add("CRPIX2", 5.0);
  header.add("CD1_1", -5e-5);
  header.add("CD2_2", 5e-5);
  header.add("LTV1", 3.0);
  header.add("LTV2", 0.0);
  header.add("BLANK", 17);
  std::string pixels;
  for (std::size_t i = 0; i < size; ++i) pixels += static_cast<char>((i * 2654435761U) >> 13);
  pixels.resize((size + kBlockSize - 1) / kBlockSize * kBlockSize);
  return header.file_bytes() + pixels;
}

std::vector<std::string> seeds() {
  const std::string empty = image(true, 8, {0, 0}, "", {});
  return {image(true, 16, {30, 20}, "", {}),
          image(true, -32, {300}, "", {}),
          image(true, -64, {9, 8, 5}, "", {}),
          empty +
              image(false, 16, {24, 16}, "im1",
                    {{"DETSEC", "[1:20,1:16]"}, {"DATASEC", "[1:20,1:16]"}, {"BIASSEC", "[21:24,1:16]"}}) +
              image(false, 16, {24, 16}, "im2",
                    {{"DETSEC", "[40:21,16:1]"}, {"DATASEC", "[5:24,1:16]"}, {"BIASSEC", "[1:4,1:16]"}}),
          empty + image(false, -32, {40, 30}, "SCI", {}) + image(false, 16, {40, 30}, "DQ", {}),
          small_mef()};
}

const Cameras& cameras() {
  static const Cameras all = [] {
    auto loaded = Cameras::load();
    require(loaded.ok(), "camera tables");
    return *std::move(loaded);
  }();
  return all;
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_cards,
                        {"END     ", "[1:20,1:16]", "NAXIS1  =", "LTM1_1  =", "DETSEC  =", "BITPIX  =", "'", "-"},
                        1200};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const MemoryFile file(bytes);
  const std::size_t choice = std::hash<std::string_view>()(bytes);  // the same in every run
  LookOptions options;
  options.stretch = look_stretches()[choice % look_stretches().size()];
  options.layout = choice / 8 % 3 == 0 ? look_layouts()[choice / 32 % look_layouts().size()] : "auto";
  options.collapse = choice / 256 % 3 == 0 ? look_collapses()[choice / 1024 % look_collapses().size()] : "";
  options.stars = choice / 4096 % 4 == 0;
  options.label = choice / 16384 % 4 == 0;
  options.grow = choice / 65536 % 4 == 0;
  options.most_width = options.most_height = 64;
  options.jobs = 1;
  const auto look = look_at({file.path()}, cameras(), options);
  if (!look) {
    require(!look.status().message().empty(), "an error without a message");
    require_clean(look.status().message());
    return 0;
  }
  for (const auto& note : look->notes()) require_clean(note);
  require(look->width() > 0 && look->height() > 0, "a picture without pixels");
  require(look->width() <= 64 && look->height() <= (options.label ? 256 : 64), "a picture of another size",
          std::to_string(look->width()) + " x " + std::to_string(look->height()));
  const auto png = look->png();
  require(png.ok(), "no PNG", png.status().message());
  const auto back = raster::picture_from(*png);
  require(back && back->width == look->width() && back->height == look->height(), "the PNG has another size");
  options.jobs = 3;
  const auto again = look_at({file.path()}, cameras(), options);
  require(again.ok(), "only by one thread", again.status().message());
  require(*again->png() == *png, "another picture by three threads");
  (void)look->terminal(Look::Terminal::ascii);
  return 0;
}
