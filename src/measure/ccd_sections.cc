// Sections have three sources: keywords of the amplifiers (BSECA, DATASEC2), the camera's table, the usual keyword in a spelling
// that the table does not take.
#include "measure/ccd_sections.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"

namespace imreg::measure {

namespace {

struct Named {
  std::string keyword, text;
  Section section;
};

// BSECA, BSECB.. or BIASSEC1, BIASSEC2..: the first of the prefixes that has any.
std::vector<Named> of_amplifiers(const Header& header, std::initializer_list<const char*> prefixes) {
  constexpr const char* kNames[] = {"A", "B", "C", "D", "E", "F",  "G",  "H",  "1",  "2",  "3",  "4",
                                    "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};
  std::vector<Named> out;
  for (const char* prefix : prefixes) {
    for (const char* name : kNames) {
      std::string keyword = std::string(prefix) + name;
      if (keyword.size() > 8) continue;
      const auto text = header.text_of(keyword);
      const auto section = text ? parse_section(*text) : std::nullopt;
      if (section) out.push_back({std::move(keyword), *text, *section});
    }
    if (!out.empty()) return out;
  }
  return out;
}

void add(const std::string& keyword, const std::string& text, std::vector<Named>& out) {
  if (const auto section = parse_section(text)) out.push_back({keyword, text, *section});
}

std::vector<Named> of_image(const Header& header, const Fact<std::string>& fact,
                            std::initializer_list<const char*> keywords) {
  std::vector<Named> out;
  if (fact.value) add(fact.keyword, *fact.value, out);
  for (const char* keyword : keywords) {
    const auto text = header.text_of(keyword);
    if (out.empty() && text) add(keyword, *text, out);
  }
  return out;
}

std::string size_text(std::int64_t width, std::int64_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

}  // namespace

CcdSections sections_of(const Header& header, const ImageFacts& facts, std::int64_t width, std::int64_t height) {
  CcdSections out;
  const auto image = size_text(width, height);
  std::vector<Named> data = of_image(header, facts.datasec, {"DATASEC"});
  if (data.empty()) data = of_amplifiers(header, {"DSEC", "DATASEC"});
  if (data.empty()) data = of_image(header, facts.trimsec, {"TRIMSEC"});
  if (data.empty()) data = of_amplifiers(header, {"TSEC", "TRIMSEC"});
  std::vector<Named> bias = of_amplifiers(header, {"BSEC", "BIASSEC"});
  if (bias.empty()) bias = of_image(header, facts.biassec, {"BIASSEC", "OVERSEC"});

  // A section of which less than half lies in the image was written for another one: a cutout keeps its cards.
  const auto fit = [&](const Named& named, std::vector<PixelBox>& boxes) {
    bool whole = true;
    const PixelBox box = clip_section(named.section, width, height, &whole);
    const Section& s = named.section;
    const auto length = [](std::int64_t a, std::int64_t b, std::int64_t all) {
      if (a == Section::kEnd || b == Section::kEnd) return all;
      return (a < b ? b - a : a - b) + 1;
    };
    const double wanted =
        static_cast<double>(length(s.x1, s.x2, width)) * static_cast<double>(length(s.y1, s.y2, height));
    const bool used = 2 * static_cast<double>(box.pixels()) >= wanted && !box.empty();
    if (!whole)
      out.notes.push_back(named.keyword + " " + std::string(trim(named.text)) + " reaches beyond the image of " +
                          image + (used ? "; the part inside is used" : "; it is not used"));
    if (used && std::find(boxes.begin(), boxes.end(), box) == boxes.end()) boxes.push_back(box);
    // Lower edges of 0 are the habit of some; what passes the upper ones was written for a larger image.
    const auto passes = [](std::int64_t a, std::int64_t b, std::int64_t last) {
      return (a != Section::kEnd && a > last) || (b != Section::kEnd && b > last);
    };
    return used && !passes(s.x1, s.x2, width) && !passes(s.y1, s.y2, height);
  };
  bool data_fit = true;
  for (const Named& named : data) data_fit = fit(named, out.data) && data_fit;
  if (!data_fit && !bias.empty()) {
    out.notes.push_back(
        "the data region of the header is larger than the image, so its overscan is no longer there: no bias");
    bias.clear();
  }
  for (const Named& named : bias) (void)fit(named, out.bias);
  if (!out.data.empty()) return out;

  // No data region: the image, without the overscan at its edges.
  PixelBox rest{0, 0, width, height};
  std::vector<PixelBox> edges;  // overscans may lie side by side, in any order
  for (std::size_t i = 0; i < out.bias.size(); ++i) edges.insert(edges.end(), out.bias.begin(), out.bias.end());
  for (const PixelBox& box : edges) {
    const std::int64_t right = rest.x + rest.width, top = rest.y + rest.height;
    if (10 * box.height >= 9 * height && box.width < width) {
      if (box.x < right && box.x + box.width >= right) {
        rest.width = box.x - rest.x;
      } else if (box.x <= rest.x && box.x + box.width > rest.x) {
        rest.width = right - (box.x + box.width);
        rest.x = box.x + box.width;
      }
    } else if (10 * box.width >= 9 * width && box.height < height) {
      if (box.y < top && box.y + box.height >= top) {
        rest.height = box.y - rest.y;
      } else if (box.y <= rest.y && box.y + box.height > rest.y) {
        rest.height = top - (box.y + box.height);
        rest.y = box.y + box.height;
      }
    }
  }
  if (rest.empty()) rest = {0, 0, width, height};
  out.data.push_back(rest);
  return out;
}

}  // namespace imreg::measure
