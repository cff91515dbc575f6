// Contact sheets: small pictures with captions, as one picture or as a page that needs nothing else.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "base/text.h"
#include "chart/text_coverage.h"
#include "emit/escape.h"
#include "imreg/date.h"
#include "imreg/look.h"
#include "look/annotate.h"
#include "look/content.h"
#include "look/ink.h"
#include "look/terminal_text.h"
#include "os/processors.h"

namespace imreg {

namespace {

using look::Colour, look::fill, raster::Raster;

struct Cell {
  std::optional<Look> look;
  std::string reason;  // why there is none
  bool no_image = false;
};

std::vector<Cell> cells_of(const std::vector<SheetEntry>& entries, const Cameras& cameras, const SheetOptions& options,
                           const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::vector<Cell> out(entries.size());
  LookOptions look = options.look;
  look.jobs = 1, look.grow = true;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::int64_t done = 0;
  at_once(std::min(options.look.jobs, static_cast<int>(std::max<std::size_t>(entries.size(), 1))), [&](int) {
    for (std::size_t i; (i = next++) < entries.size();) {
      auto made = look_at(entries[i].paths, cameras, look);
      if (made)
        out[i].look = *std::move(made);
      else
        out[i].reason = made.status().message(), out[i].no_image = made.status().code() == Code::invalid;
      const std::lock_guard lock(mutex);
      if (progress) progress(++done, std::ssize(entries));
    }
  });
  return out;
}

// What the caller did not say, the file does.
std::vector<std::string> lines_of(const SheetEntry& entry, const Cell& cell) {
  std::vector<std::string> out = {entry.name};
  LookCaption caption = entry.caption;
  if (cell.look && caption.object.empty() && caption.filter.empty() && !caption.obstime) caption = cell.look->caption();
  std::string what = caption.object.empty() ? caption.type : caption.object;
  if (!caption.filter.empty()) what += (what.empty() ? "" : "  ") + caption.filter;
  if (caption.exptime) what += (what.empty() ? "" : "  ") + look::seconds_text(*caption.exptime);
  if (!what.empty()) out.push_back(what);
  if (caption.obstime) out.push_back(format_iso(*caption.obstime, 0));
  if (!cell.reason.empty()) out.push_back(cell.reason);
  if (cell.look && !cell.look->damage().empty()) out.push_back(cell.look->damage());
  return out;
}

constexpr Colour kPaper = {24, 25, 30}, kInk = {225, 225, 225}, kFaint = {150, 152, 160}, kNoPicture = {60, 44, 44};

void write(Raster& page, int x, int y, std::string_view text, double size, bool bold, int most, const Colour& ink) {
  look::write(page, x, y, chart::text_coverage(text, size, bold, most), ink);
}

Raster page_of(const std::vector<SheetEntry>& entries, const std::vector<Cell>& cells, const SheetOptions& options) {
  constexpr int kGap = 12, kLines = 3;
  const double size = std::clamp(options.thumbnail / 16.0, 11.0, 18.0);
  const int row = static_cast<int>(std::ceil(1.35 * size)), side = options.thumbnail;
  const int cell_width = side + kGap, cell_height = side + kLines * row + kGap;
  const auto n = static_cast<int>(entries.size());
  const int columns =
      std::clamp(static_cast<int>(std::lround(std::sqrt(1.5 * n))), 1, std::max(1, std::min(n, 30000 / cell_width)));
  const int rows = (n + columns - 1) / columns, top = 3 * row;
  Raster page(columns * cell_width + kGap, top + rows * cell_height + kGap, 3);
  fill(page, 0, 0, page.width, page.height, kPaper);
  write(page, kGap, row / 2, options.title, 1.3 * size, true, page.width - 2 * kGap, kInk);
  for (int i = 0; i < n; ++i) {
    const auto& cell = cells[static_cast<std::size_t>(i)];
    const int x = kGap + i % columns * cell_width, y = top + i / columns * cell_height;
    if (cell.look) {
      const Raster picture = raster::in_colour(cell.look->content().picture);
      const int left = x + (side - picture.width) / 2, above = y + (side - picture.height) / 2;
      for (int line = 0; line < picture.height; ++line)
        std::copy_n(picture.row(line), picture.row_size(), page.at(left, above + line));
    } else {
      fill(page, x, y, side, side, kNoPicture);
      write(page, x + 8, y + side / 2 - row, "no picture", size, true, side - 16, kInk);
      write(page, x + 8, y + side / 2, cell.reason, size, false, side - 16, kInk);
    }
    const auto lines = lines_of(entries[static_cast<std::size_t>(i)], cell);
    for (int k = 0; k < std::min(kLines, static_cast<int>(lines.size())); ++k)
      write(page, x, y + side + 3 + k * row, lines[static_cast<std::size_t>(k)], size, k == 0, side,
            k == 0 ? kInk : kFaint);
  }
  return page;
}

constexpr auto html = emit::escaped<emit::Style::xml>;

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < here ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= here ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

constexpr std::string_view kStyle =
    "body{font:14px/1.4 system-ui,sans-serif;color:#e1e1e1;background:#18191e;margin:1.5em}h1{font-size:1.3em}"
    ".sheet{display:flex;flex-wrap:wrap;gap:14px}figure{margin:0}"
    ".frame{display:flex;align-items:center;justify-content:center;background:#101116}"
    "figcaption{font-size:12px;color:#9698a0;overflow-wrap:anywhere}figcaption b{color:#e1e1e1;display:block}"
    ".none{background:#3c2c2c;color:#e1e1e1;padding:8px;box-sizing:border-box;overflow:hidden;font-size:12px}"
    "@media print{body{background:#fff;color:#000}figcaption b{color:#000}}";

Result<std::string> html_of(const std::vector<SheetEntry>& entries, const std::vector<Cell>& cells,
                            const SheetOptions& options) {
  const std::string side = std::to_string(options.thumbnail) + "px";
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>" +
      html(options.title) + "</title>\n<style>" + std::string(kStyle) + "figure{width:" + side +
      "}.frame,.none{width:" + side + ";height:" + side + "}</style></head>\n<body>\n<h1>" + html(options.title) +
      "</h1>\n<div class=\"sheet\">\n";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto lines = lines_of(entries[i], cells[i]);
    out += "<figure>";
    if (cells[i].look) {
      IMREG_ASSIGN(const auto bytes, cells[i].look->jpeg(options.quality));
      out += "<div class=\"frame\"><img width=\"" + std::to_string(cells[i].look->width()) + "\" height=\"" +
             std::to_string(cells[i].look->height()) + "\" alt=\"" + html(lines[0]) +
             "\" src=\"data:image/jpeg;base64," + base64(bytes) + "\"></div>";
    } else {
      out += "<div class=\"none\"><b>no picture</b><br>" + html(cells[i].reason) + "</div>";
    }
    out += "<figcaption><b>" + html(lines[0]) + "</b>";
    for (std::size_t k = 1; k < lines.size() && (cells[i].look || k + 1 < lines.size()); ++k)
      out += (k > 1 ? "<br>" : "") + html(lines[k]);
    out += "</figcaption></figure>\n";
  }
  return out + "</div>\n</body></html>\n";
}

std::size_t characters(std::string_view text) {
  std::size_t out = 0;
  for (; !text.empty(); ++out) text.remove_prefix(std::max<std::size_t>(1, utf8_length(text)));
  return out;
}

// In lines of so many characters, one at least; they end behind a slash or a blank where they can.
std::vector<std::string> folded(std::string_view text, std::size_t most) {
  std::vector<std::string> out(1);
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(1, utf8_length(text));
    if (characters(out.back()) == most) {
      const auto gap = out.back().find_last_of("/ ");
      std::string rest = gap == std::string::npos ? "" : out.back().substr(gap + 1);
      out.back().resize(out.back().size() - rest.size());
      out.push_back(std::move(rest));
    }
    out.back() += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out;
}

// Strips of pictures, with the captions as the terminal's own letters below them.
std::string terminal_text_of(const std::vector<SheetEntry>& entries, const std::vector<Cell>& cells,
                             const SheetOptions& options) {
  constexpr int kGap = 2;  // characters
  const SheetScreen& screen = options.screen;
  const int side = options.thumbnail;
  const int wide = (side + screen.char_width - 1) / screen.char_width;
  const auto columns = static_cast<std::size_t>(std::max(1, (screen.columns + kGap) / (wide + kGap)));
  std::string out = options.title + "\n";
  for (std::size_t from = 0; from < cells.size(); from += columns) {
    const std::size_t end = std::min(cells.size(), from + columns), count = end - from;
    const int pitch = (wide + kGap) * screen.char_width;
    int height = 1;  // of the highest picture
    for (std::size_t i = from; i < end; ++i) height = std::max(height, cells[i].look ? cells[i].look->height() : 0);
    const int rows = (height + screen.char_height - 1) / screen.char_height;
    Raster strip(static_cast<int>(count) * pitch - kGap * screen.char_width, rows * screen.char_height, 3);
    std::vector<std::pair<std::size_t, std::string>> lines;  // with their characters
    for (std::size_t i = from; i < end; ++i) {
      const int x = static_cast<int>(i - from) * pitch;
      if (cells[i].look) {
        const Raster picture = raster::in_colour(cells[i].look->content().picture);
        for (int y = 0; y < picture.height; ++y)
          std::copy_n(picture.row(y), picture.row_size(), strip.at(x, strip.height - picture.height + y));
      }
      std::vector<std::string> own;
      for (const auto& text : lines_of(entries[i], cells[i])) {
        auto parts = folded(visible(text), static_cast<std::size_t>(wide));
        if (cells[i].look && !own.empty()) parts.resize(1);  // names and reasons go on in the next line
        own.insert(own.end(), parts.begin(), parts.end());
      }
      lines.resize(std::max(lines.size(), own.size()));
      for (std::size_t k = 0; k < own.size(); ++k) {
        auto& line = lines[k];
        const std::size_t start = (i - from) * static_cast<std::size_t>(wide + kGap);
        line.second.append(start - line.first, ' ');
        line.second += own[k];
        line.first = start + characters(own[k]);
      }
    }
    out += look::text_of(strip, screen.kind);
    for (const auto& [size, line] : lines) out += line + "\n";
    out += "\n";
  }
  return out;
}

}  // namespace

Result<std::string> contact_sheet(const std::vector<SheetEntry>& all, const Cameras& cameras, const SheetOptions& asked,
                                  SheetReport& report,
                                  const std::function<void(std::int64_t, std::int64_t)>& progress) {
  SheetOptions options = asked;
  options.look.most_width = options.look.most_height = options.thumbnail;
  IMREG_TRY(check_look(options.look));
  auto cells = cells_of(all, cameras, options, progress);
  std::vector<SheetEntry> entries;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!options.images_only || !cells[i].no_image) entries.push_back(all[i]);
  }
  if (options.images_only) std::erase_if(cells, [](const Cell& one) { return one.no_image; });
  if (entries.empty())
    return Status(
        Code::not_found,
        "there is no image in what was named: -sheet FILE.html takes FITS files, folders, or -db with filters");
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].look && !cells[i].look->damage().empty())
      report.damaged.push_back(Status(Code::corrupt, cells[i].look->damage()).in_file(entries[i].paths.front()));
    if (cells[i].look)
      ++report.pictures;
    else
      report.failed.push_back(Status(Code::invalid, cells[i].reason).in_file(entries[i].paths.front()));
  }
  if (options.format == "html") return html_of(entries, cells, options);
  if (options.format == "terminal") return terminal_text_of(entries, cells, options);
  const Raster page = page_of(entries, cells, options);
  return options.format == "png" ? raster::png_of(page) : raster::jpeg_of(page, options.quality, options.look.jobs);
}

}  // namespace imreg
