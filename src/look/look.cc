// From files to one picture: pieces, places, the part that is wanted, levels, pixels, colours.
#include "imreg/look.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "base/json.h"
#include "base/text.h"
#include "imreg/pixels.h"
#include "look/palette.h"
#include "look/render.h"
#include "look/terminal_text.h"
#include "raster/raster.h"

namespace imreg {

using namespace look;

struct Look::Content {
  raster::Raster picture;
  LookCaption caption;
  std::vector<std::string> notes;
  std::string layout;
  int jobs = 1;
};

namespace {

// acsql's pictures show what is stored, one image above the other.
bool is_acsql(const LookOptions& options) { return options.stretch == "acsql"; }

struct Opened {
  FitsHeaders headers;
  PixelFile file;
  FileFacts facts;
};

Result<std::unique_ptr<Opened>> open(const std::string& path, const Cameras& cameras, const LookOptions& options) {
  IMREG_ASSIGN(auto opened, PixelFile::open(path));
  IMREG_ASSIGN(auto facts, cameras.translate(path, opened.first, {.camera = options.camera, .explain = true}));
  return std::make_unique<Opened>(Opened{std::move(opened.first), std::move(opened.second), std::move(facts)});
}

LookCaption caption_of(const FileFacts& facts) {
  LookCaption out;
  if (facts.images.empty()) return out;
  const ImageFacts& image = facts.images.front();
  out.object = image.object.value.value_or("");
  out.filter = image.filter.value.value_or("");
  out.type = image.type.value.value_or("");
  out.instrument = image.instrument.value.value_or("");
  out.obstime = image.obstime.value;
  out.exptime = image.exptime.value;
  return out;
}

// "[x1:x2,y1:y2]" of the mosaic.
Result<PixelBox> box_of(const std::string& region, const Mosaic& mosaic) {
  const auto section = parse_section(region);
  if (!section) return Status(Code::invalid, "-region \"" + region + "\" is no region: x1:x2,y1:y2 in pixels, from 1");
  bool whole = true;
  const PixelBox box = clip_section(*section, mosaic.width, mosaic.height, &whole);
  if (box.empty())
    return Status(Code::invalid, "-region " + region + " lies outside of the picture of " +
                                     std::to_string(mosaic.width) + " x " + std::to_string(mosaic.height) + " pixels");
  return box;
}

Status with_file(Status status, const std::string& path) {
  return status.file().empty() ? std::move(status).in_file(path) : status;
}

}  // namespace

std::vector<std::string> look_stretches() { return stretch_names(); }
std::vector<std::string> look_palettes() { return palette_names(); }
std::vector<std::string> look_layouts() {
  std::vector<std::string> out;
  for (const auto rule :
       {LayoutRule::automatic, LayoutRule::detector, LayoutRule::sky, LayoutRule::table, LayoutRule::stack})
    out.emplace_back(name_of(rule));
  return out;
}

Status check_look(const LookOptions& options) {
  const auto is_one_of = [](const std::string& option, const std::string& word, const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), word) != names.end()) return Status();
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return Status(Code::invalid, "-" + option + ": \"" + word + "\" is none of " + list);
  };
  IMREG_TRY(is_one_of("stretch", options.stretch, look_stretches()));
  IMREG_TRY(is_one_of("layout", options.layout, look_layouts()));
  IMREG_TRY(is_one_of("palette", options.palette, look_palettes()));
  if (options.percents && !(options.percents->first >= 0 && options.percents->first < options.percents->second &&
                            options.percents->second <= 100))
    return {Code::invalid, "-percent LOW HIGH: 0 to 100, the lower one first"};
  if (options.range &&
      !(options.range->first < options.range->second && std::isfinite(options.range->second - options.range->first)))
    return {Code::invalid, "-range LOW HIGH: two values, the lower one first"};
  if (options.percents && options.range)
    return {Code::invalid, "-percent and -range do not go together: leave one out"};
  if (!options.region.empty() && !parse_section(options.region))
    return {Code::invalid, "-region \"" + options.region + "\" is no region: x1:x2,y1:y2 in pixels, from 1"};
  return {};
}

Result<Look> look_at(const std::vector<std::string>& paths, const Cameras& cameras, const LookOptions& options) try {
  IMREG_TRY(check_look(options));
  std::vector<std::unique_ptr<Opened>> opened;
  std::vector<Piece> pieces;
  const bool stored = is_acsql(options);
  for (const auto& path : paths) {
    auto one = open(path, cameras, options);
    if (!one) return with_file(one.status(), path);
    auto found = pieces_of(
        (*one)->file, (*one)->headers, (*one)->facts,
        {.all_pixels = stored, .flags = options.flags && !stored, .slice = options.slice, .hdu = options.hdu});
    if (!found) return with_file(found.status(), path);
    opened.push_back(*std::move(one));
    std::move(found->begin(), found->end(), std::back_inserter(pieces));
  }
  std::erase_if(pieces, [](const Piece& one) { return one.box.empty(); });
  if (pieces.empty()) return with_file(Status(Code::invalid, "there are no pixels in it"), paths.front());
  auto content = std::make_shared<Look::Content>();
  content->jobs = options.jobs;
  content->caption = caption_of(opened.front()->facts);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!opened[i]->headers.damage.empty()) content->notes.push_back(paths[i] + ": " + opened[i]->headers.damage);
  }
  std::int64_t side = 0;
  for (const auto& piece : pieces) side = std::max({side, piece.box.width, piece.box.height});
  const auto rule = stored && options.layout == "auto" ? LayoutRule::stack : *layout_named(options.layout);
  auto mosaic = lay_out(pieces, opened.front()->facts, rule, stored ? 0 : std::max<std::int64_t>(2, side / 64));
  if (!mosaic) return with_file(mosaic.status(), paths.front());
  if (pieces.size() > 1) content->layout = name_of(mosaic->by);
  if (!options.region.empty()) {
    IMREG_ASSIGN(const PixelBox box, box_of(options.region, *mosaic));
    IMREG_TRY(crop(pieces, *mosaic, box));
  }
  constexpr std::int64_t kMostSide = 1'000'000, kMostPixels = 2'000'000'000;
  const auto longest = std::max(mosaic->width, mosaic->height);
  if (!options.most_width && !options.most_height &&
      (longest > kMostSide || mosaic->width * mosaic->height > kMostPixels))
    return with_file(
        Status(Code::invalid, "a picture of " + std::to_string(mosaic->width) + " x " + std::to_string(mosaic->height) +
                                  " pixels is too large: -size makes it smaller"),
        paths.front());
  const auto fit = [](int most, std::int64_t size) {
    return most > 0 ? static_cast<double>(most) / static_cast<double>(size) : 1;
  };
  const double factor =
      std::min({1.0, fit(options.most_width, mosaic->width), fit(options.most_height, mosaic->height)});
  const auto side_of = [&](std::int64_t size) {
    return std::max(1, static_cast<int>(std::lround(static_cast<double>(size) * factor)));
  };

  Stretch stretch{*stretch_named(options.stretch), options.percents, options.range};
  const Values values(pieces, true, options.jobs);
  const Levels levels = Levels::of(stretch, values);
  auto rendered = render(pieces, *mosaic, levels, side_of(mosaic->width), side_of(mosaic->height), true, options.jobs);
  for (const auto& piece : pieces) {
    if (Status cut = piece.image.check(); !cut.ok()) return with_file(std::move(cut), paths.front());
  }
  if (!levels.has_values()) content->notes.emplace_back("no pixel has a value");
  if (levels.has_values() && levels.is_flat())
    content->notes.push_back("all is one value: " + json_number(levels.low()));
  if (stored) rendered.marks.clear();
  content->picture = coloured(std::move(rendered), options.palette, options.negative);
  return Look(std::move(content));
} catch (const std::bad_alloc&) {
  return Status(Code::io, "no memory for this picture: -size makes it smaller")
      .in_file(paths.empty() ? "" : paths.front());
}

int Look::width() const { return content_->picture.width; }
int Look::height() const { return content_->picture.height; }
const LookCaption& Look::caption() const { return content_->caption; }
const std::vector<std::string>& Look::notes() const { return content_->notes; }
std::string Look::layout() const { return content_->layout; }

namespace {
raster::Texts texts_of(const std::string& recipe) {
  raster::Texts out = {{"Software", "imreg imlook"}};
  if (!recipe.empty()) out.emplace_back("Recipe", recipe);
  return out;
}
}  // namespace

Result<std::string> Look::jpeg(int quality, const std::string& recipe) const {
  return raster::jpeg_of(content_->picture, quality, content_->jobs, texts_of(recipe));
}
Result<std::string> Look::png(const std::string& recipe) const {
  return raster::png_of(content_->picture, texts_of(recipe));
}
Result<std::string> Look::thumbnail(int most) const {
  const auto [width, height] = raster::size_within(content_->picture.width, content_->picture.height, most);
  return raster::jpeg_of(raster::shrunk(content_->picture, width, height), 85, 1, texts_of({}));
}

std::string Look::terminal(Terminal kind) const { return text_of(content_->picture, kind); }

}  // namespace imreg
