// From files to one picture: pieces, places, the part that is wanted, levels, pixels, colours.
#include "imreg/look.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <numeric>

#include "base/json.h"
#include "base/safe_name.h"
#include "base/text.h"
#include "imreg/pixels.h"
#include "look/ahead.h"
#include "look/annotate.h"
#include "look/content.h"
#include "look/line_plot.h"
#include "look/palette.h"
#include "look/render.h"
#include "look/star_marks.h"
#include "look/terminal_text.h"
#include "os/walk.h"
#include "raster/raster.h"

namespace imreg {

using namespace look;

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

LookCaption caption_of(const FileFacts& facts, const FitsHeaders& headers) {
  LookCaption out;
  for (const char* keyword : {"PROPOSID", "PROP_ID", "PROPID", "RUNID", "PROGRAM"}) {
    const auto said = headers.hdus.front().header.text_of(keyword);
    if (said && out.proposal.empty()) out.proposal = safe_name(*said);
  }
  if (facts.images.empty()) {
    out.object = std::string(trim(headers.hdus.front().header.text_of("OBJECT").value_or("")));
    return out;
  }
  const ImageFacts& image = facts.images.front();
  out.object = image.object.value.value_or("");
  out.filter = image.filter.value.value_or("");
  out.type = image.type.value.value_or("");
  out.instrument = image.instrument.value.value_or("");
  out.obstime = image.obstime.value;
  out.exptime = image.exptime.value;
  return out;
}

// Of an option that was checked.
Collapse collapse_named(const std::string& name) {
  const auto& names = collapse_names();
  const auto at = std::find(names.begin(), names.end(), name);
  return at == names.end() ? Collapse::none : static_cast<Collapse>(at - names.begin() + 1);
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
std::vector<std::string> look_collapses() { return collapse_names(); }
std::vector<std::string> look_layouts() {
  std::vector<std::string> out;
  for (const auto rule : {LayoutRule::automatic, LayoutRule::detector, LayoutRule::physical, LayoutRule::sky,
                          LayoutRule::table, LayoutRule::stack})
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
  if (!options.collapse.empty()) IMREG_TRY(is_one_of("collapse", options.collapse, look_collapses()));
  if (!options.collapse.empty() && options.slice > 0)
    return {Code::invalid, "-slice and -collapse do not go together: leave one out"};
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

namespace {

// One picture on its way.
class Maker {
 public:
  Maker(const Cameras& cameras, const LookOptions& options) : cameras_(cameras), options_(options) {
    content_->jobs = options.jobs;
  }

  /// The pieces of some files; their headers and maps are kept.
  Result<std::vector<Piece>> open(const std::vector<std::string>& paths) {
    std::vector<Piece> out;
    const bool stored = is_acsql(options_);
    for (const auto& path : paths) {
      auto one = imreg::open(path, cameras_, options_);
      if (!one) return with_file(one.status(), path);
      std::vector<Status> missing;
      auto found = pieces_of((*one)->file, (*one)->headers, (*one)->facts,
                             {.all_pixels = stored,
                              .flags = options_.flags && !stored,
                              .slice = options_.slice,
                              .collapse = collapse_named(options_.collapse),
                              .hdu = options_.hdu},
                             missing);
      if (!found) return with_file(found.status(), path);
      if (opened_.empty()) content_->caption = caption_of((*one)->facts, (*one)->headers);
      const LookCaption own = caption_of((*one)->facts, (*one)->headers), &first = content_->caption;
      const auto differs = [](const auto& a, const auto& b) { return a && b && std::abs(*a - *b) > 1; };
      if (paths.size() > 1 && !mixed_ &&
          (differs(own.obstime, first.obstime) || own.filter != first.filter || own.type != first.type)) {
        mixed_ = true;
        content_->notes.push_back("is of another exposure than " + name_of(path) + ": one picture of both");
      }
      std::string damage = (*one)->headers.damage;
      if (!missing.empty()) {
        if (damage.empty()) damage = missing.front().message();
        damage += "; " + counted(std::ssize(missing), "part") + " of the image " + (missing.size() > 1 ? "are" : "is") +
                  " not in the picture";
      }
      if (!damage.empty() && content_->damage.empty())
        content_->damage = paths.size() > 1 ? path + ": " + damage : damage;
      opened_.push_back(*std::move(one));
      std::move(found->begin(), found->end(), std::back_inserter(out));
    }
    std::erase_if(out, [](const Piece& one) { return one.box.empty(); });
    if (out.empty()) return with_file(Status(Code::invalid, "there are no pixels in it"), paths.front());
    return out;
  }

  /// Puts pieces into their places, cuts out the region, chooses the size.
  Status place(std::vector<Piece>& pieces) {
    IMREG_ASSIGN(mosaic_, laid_out(pieces, *opened_.front()));
    whole_ = mosaic_, all_ = pieces;
    if (pieces.size() > 1) content_->layout = name_of(mosaic_.by);
    if (!options_.region.empty()) {
      IMREG_ASSIGN(part_, box_of(options_.region, mosaic_));
      IMREG_TRY(crop(pieces, mosaic_, part_));
    } else {
      part_ = {0, 0, mosaic_.width, mosaic_.height};
    }
    constexpr std::int64_t kMostSide = 1'000'000, kMostPixels = 2'000'000'000;
    const bool any_size = options_.most_width == 0 && options_.most_height == 0;
    if (any_size &&
        (std::max(mosaic_.width, mosaic_.height) > kMostSide || mosaic_.width * mosaic_.height > kMostPixels))
      return {Code::invalid, "a picture of " + std::to_string(mosaic_.width) + " x " + std::to_string(mosaic_.height) +
                                 " pixels is too large: -size makes it smaller"};
    const auto fit = [](int most, std::int64_t size) {
      return most > 0 ? static_cast<double>(most) / static_cast<double>(size) : 1;
    };
    const double factor =
        std::min({1.0, fit(options_.most_width, mosaic_.width), fit(options_.most_height, mosaic_.height)});
    const auto side_of = [&](std::int64_t size) {
      return std::max(1, static_cast<int>(std::lround(static_cast<double>(size) * factor)));
    };
    width_ = side_of(mosaic_.width), height_ = side_of(mosaic_.height);
    return {};
  }

  /// What of these pieces, of the file that was opened last, lies where those of place() do: laid out as those are, and all moved by as much as
  /// the sky has moved between the first pieces; without a WCS in both, pixel on pixel.
  Status place_upon(std::vector<Piece>& pieces) {
    IMREG_ASSIGN(const Mosaic own, laid_out(pieces, *opened_.back()));
    std::vector<Piece> both = {all_.front(), pieces.front()};
    if (place_by_sky(both) && !both[1].place.flip_x && !both[1].place.flip_y) {
      const Piece &first = all_.front(), &piece = pieces.front();
      // As the first piece is stored; it may be drawn turned.
      const auto from = [](std::int64_t away, std::int64_t size, std::int64_t of, bool flip) {
        return flip ? of - away - size : away;
      };
      const auto dx = first.place.x - piece.place.x +
                      from(both[1].place.x - both[0].place.x, piece.box.width, first.box.width, first.place.flip_x);
      const auto dy = first.place.y - piece.place.y +
                      from(both[1].place.y - both[0].place.y, piece.box.height, first.box.height, first.place.flip_y);
      for (auto& one : pieces) one.place.x += dx, one.place.y += dy;
    } else if (own.width != whole_.width || own.height != whole_.height) {
      return {Code::invalid,
              "has another size than the first image, and without a WCS in both nobody knows where it belongs"};
    }
    Mosaic same = whole_;
    if (crop(pieces, same, part_).ok()) return {};
    return {Code::invalid,
            "shows another part of the sky than the first image, by their WCS: nothing of it would be seen"};
  }

  Result<Rendered> draw(std::vector<Piece>& pieces) {
    const Stretch stretch{*stretch_named(options_.stretch), options_.percents, options_.range};
    const Ahead ahead(pieces);
    choose_shift(pieces);
    const Values values(pieces, true, options_.jobs);
    std::optional<Means> means;
    if (mosaic_.width == width_ && mosaic_.height == height_)
      find_biases(pieces, options_.jobs);
    else
      means.emplace(pieces, mosaic_, width_, height_, true, options_.jobs);
    const Levels levels = Levels::of(stretch, values);
    auto out = means ? means->rendered(levels) : render(pieces, mosaic_, levels, true, options_.jobs);
    for (const auto& piece : pieces) IMREG_TRY(piece.image.check());
    if (!levels.has_values()) content_->notes.emplace_back("no pixel has a value");
    if (levels.has_values() && levels.is_flat())
      content_->notes.push_back(
          (is_acsql(options_) ? "its 1st and 99th percentile are one value: " : "all is one value: ") +
          json_number(values.shift().back(levels.low())));
    return out;
  }

  /// A spectrum, by chart.
  Look finish(raster::Raster plot) {
    content_->picture = std::move(plot);
    return Look(std::move(content_));
  }
  Result<raster::Raster> plot(std::vector<Piece>& pieces, const std::string& path) const {
    leave_out_missing(pieces);
    Piece& piece = pieces.front();
    piece.find_bias();
    choose_shift(pieces);
    constexpr int kWidth = 960, kHeight = 600, kLeast = 320;  // of letters that can be read
    const auto asked = [](int most, int room) { return most > 0 ? std::min(most, room) : room; };
    const int width = asked(options_.most_width, kWidth),
              height = asked(options_.most_height, (kHeight * width + kWidth - 1) / kWidth);
    const int drawn = std::max(width, kLeast);
    const LookCaption& caption = content_->caption;
    IMREG_ASSIGN(auto out, line_plot(piece, caption.object.empty() ? name_of(path) : caption.object, drawn,
                                     drawn > width ? kHeight * drawn / kWidth : height));
    if (out.width > width || out.height > height) {
      const double factor = std::min(static_cast<double>(width) / out.width, static_cast<double>(height) / out.height);
      const auto side = [&](int size) { return std::max(1, static_cast<int>(std::lround(size * factor))); };
      out = raster::shrunk(out, side(out.width), side(out.height));
    }
    return out;
  }

  /// Of the pieces that place() has put into their places.
  Look finish(raster::Raster picture, const std::vector<Piece>& pieces) {
    content_->picture = std::move(picture);
    const auto& now = content_->picture;
    const auto room = [&](int width, int height) {
      return std::max(1, std::min(width / now.width, height / now.height));
    };
    constexpr int kLabelled = 240, kHigh = 960;  // that letters find room
    int factor = options_.grow || options_.most_width > 0 ? room(options_.most_width, options_.most_height) : kHigh;
    if (!options_.grow) factor = options_.label ? std::min(factor, room(kLabelled, kHigh)) : 1;
    const double shrink = static_cast<double>(mosaic_.width) / std::max(1, width_) / factor;
    if (factor > 1) content_->picture = raster::enlarged(now, factor);
    if (options_.stars) {  // of the whole image: those at the edge of a region, too
      auto stars = stars_in(all_, options_.jobs);
      for (auto& star : stars) star.x -= static_cast<double>(part_.x), star.y -= static_cast<double>(part_.y);
      draw_rings(content_->picture, stars, shrink);
    }
    if (options_.label)
      content_->picture = annotated(content_->picture, content_->caption, sky_scale(pieces, mosaic_), shrink);
    return Look(std::move(content_));
  }

 private:
  Result<Mosaic> laid_out(std::vector<Piece>& pieces, const Opened& of) const {
    std::int64_t side = 0;
    for (const auto& piece : pieces) side = std::max({side, piece.box.width, piece.box.height});
    const bool stored = is_acsql(options_);
    const auto rule = stored && options_.layout == "auto" ? LayoutRule::stack : *layout_named(options_.layout);
    IMREG_ASSIGN(const Mosaic out, lay_out(pieces, of.facts, rule, stored ? 0 : std::max<std::int64_t>(2, side / 64)));
    leave_out_missing(pieces);
    if (pieces.empty()) return Status(Code::corrupt, "truncated: no row of what is drawn is in the file");
    return out;
  }

  const Cameras& cameras_;
  const LookOptions& options_;
  std::shared_ptr<Look::Content> content_ = std::make_shared<Look::Content>();
  std::vector<std::unique_ptr<Opened>> opened_;
  Mosaic whole_, mosaic_;   // as laid out; the region of it
  std::vector<Piece> all_;  // as laid out
  PixelBox part_;
  int width_ = 0, height_ = 0;
  bool mixed_ = false;  // files of several exposures
};

Status no_memory(const std::string& path) {
  return Status(Code::io, "no memory for this picture: -size makes it smaller").in_file(path);
}

}  // namespace

Result<LookCaption> look_caption(const std::string& path, const Cameras& cameras, const LookOptions& options) {
  IMREG_ASSIGN(const FitsHeaders headers, read_fits_headers(path));
  IMREG_ASSIGN(const FileFacts facts, cameras.translate(path, headers, {.camera = options.camera, .explain = true}));
  return caption_of(facts, headers);
}

Result<Look> look_at(const std::vector<std::string>& paths, const Cameras& cameras, const LookOptions& options) try {
  IMREG_TRY(check_look(options));
  Maker maker(cameras, options);
  IMREG_ASSIGN(auto pieces, maker.open(paths));
  if (is_line(pieces) && !is_acsql(options)) {
    auto plot = maker.plot(pieces, paths.front());
    if (plot) return maker.finish(*std::move(plot));
    if (plot.status().code() != Code::not_found)
      return with_file(plot.status(), paths.front());  // no value: as an image
  }
  if (Status placed = maker.place(pieces); !placed.ok()) return with_file(std::move(placed), paths.front());
  auto rendered = maker.draw(pieces);
  if (!rendered) return with_file(rendered.status(), paths.front());
  if (is_acsql(options)) rendered->marks.clear();
  return maker.finish(coloured(*std::move(rendered), options.palette, options.negative), pieces);
} catch (const std::bad_alloc&) {
  return no_memory(paths.front());
}

Result<Look> look_in_colour(const std::array<std::string, 3>& paths, const Cameras& cameras,
                            const LookOptions& options) try {
  IMREG_TRY(check_look(options));
  Maker maker(cameras, options);
  std::array<Rendered, 3> parts;
  std::vector<Piece> first;
  for (std::size_t i = 0; i < 3; ++i) {
    IMREG_ASSIGN(auto pieces, maker.open({paths[i]}));
    Status placed = i == 0 ? maker.place(pieces) : maker.place_upon(pieces);
    if (!placed.ok()) return with_file(std::move(placed), paths[i]);
    if (i == 0) first = pieces;
    auto rendered = maker.draw(pieces);
    if (!rendered) return with_file(rendered.status(), paths[i]);
    parts[i] = *std::move(rendered);
  }
  return maker.finish(in_one(parts), first);
} catch (const std::bad_alloc&) {
  return no_memory(paths.front());
}

int Look::width() const { return content_->picture.width; }
int Look::height() const { return content_->picture.height; }
double Look::mean_level() const {
  const auto& bytes = content_->picture.bytes;
  return std::accumulate(bytes.begin(), bytes.end(), 0.0) / static_cast<double>(bytes.size());
}
const LookCaption& Look::caption() const { return content_->caption; }
const std::vector<std::string>& Look::notes() const { return content_->notes; }
const std::string& Look::damage() const { return content_->damage; }
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
Result<std::string> Look::thumbnail(int most, const std::string& recipe) const {
  const auto [width, height] = raster::size_within(content_->picture.width, content_->picture.height, most);
  return raster::jpeg_of(raster::shrunk(content_->picture, width, height), 85, 1, texts_of(recipe));
}

std::string Look::terminal(Terminal kind) const { return text_of(content_->picture, kind); }

}  // namespace imreg
