// Sections have three sources: keywords of the amplifiers (BSECA, DATASEC2, TSEC21), the camera's table, the usual keyword in a spelling
// that the table does not take.
#include "measure/ccd_sections.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace imreg::measure {

namespace {

struct Named {
  std::string keyword, text;
  Section section;
  std::string amplifier;  // its letter or number; empty: of the whole image
};

using Notes = std::vector<std::string>;

// "[0:0,0:0]" and "none" say that there is no section; what has numbers was meant for one.
void note_unreadable(const std::string& keyword, const std::string& text, Notes& notes) {
  if (text.find_first_of("[(:") != text.npos && text.find_first_of("123456789") != text.npos)
    notes.push_back(keyword + " " + std::string(trim(text)) + " is no section: it is not used");
}

// BSECA, BSECB.. or BIASSEC1, BIASSEC2.. or, by row and column, BSEC11, BSEC12, BSEC21..: all of the first prefix that has any;
// letters first, numbers in their order.
std::vector<Named> of_amplifiers(const Header& header, std::initializer_list<const char*> prefixes, Notes& notes) {
  for (const std::string_view prefix : prefixes) {
    std::map<std::pair<long long, std::string>, Named> found;
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (!starts_nocase(header.card(i), prefix)) continue;
      std::string keyword = header.keyword(i);
      std::string name = keyword.substr(std::min(keyword.size(), prefix.size()));
      if (name.empty() || name.size() > 2 || name.find_first_of("-_") != name.npos) continue;
      long long number = -1;
      (void)parse_integer(name, number);
      const std::string text = header.text_of(keyword).value_or("");
      if (const auto section = parse_section(text))
        found.try_emplace({number, name}, Named{std::move(keyword), text, *section, name});
      else
        note_unreadable(keyword, text, notes);
    }
    if (found.empty()) continue;
    std::vector<Named> out;
    for (auto& [key, named] : found) out.push_back(std::move(named));
    return out;
  }
  return {};
}

void add(const std::string& keyword, const std::string& text, std::vector<Named>& out, Notes& notes) {
  if (const auto section = parse_section(text))
    out.push_back({keyword, text, *section, {}});
  else
    note_unreadable(keyword, text, notes);
}

std::vector<Named> of_image(const Header& header, const Fact<std::string>& fact,
                            std::initializer_list<const char*> keywords, Notes& notes) {
  std::vector<Named> out;
  if (fact.value) add(fact.keyword, *fact.value, out, notes);
  for (const char* keyword : keywords) {
    const auto text = header.text_of(keyword);
    if (out.empty() && text && !(fact.value && fact.keyword == keyword)) add(keyword, *text, out, notes);
  }
  return out;
}

// The bias of one amplifier says nothing of another one's sky.
void note_unmatched(const std::vector<Named>& of, const std::vector<Named>& in, const char* what, Notes& notes) {
  if (of.empty() || in.empty() || of[0].amplifier.empty() || in[0].amplifier.empty()) return;
  std::string names;
  for (const Named& one : of) {
    const bool there = std::any_of(in.begin(), in.end(), [&](const Named& n) { return n.amplifier == one.amplifier; });
    if (!there) names += (names.empty() ? "" : ", ") + one.keyword;
  }
  if (!names.empty()) notes.push_back(names + ": the header names no " + what + " section of the same amplifier");
}

std::string size_text(std::int64_t width, std::int64_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

bool overlap(const PixelBox& a, const PixelBox& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

std::vector<CcdSections::Amplifier> amplifiers_of(const Header& header, const std::vector<Named>& bias,
                                                  const std::vector<PixelBox>& all, std::int64_t width,
                                                  std::int64_t height) {
  Notes ignored;
  auto data = of_amplifiers(header, {"DSEC", "DATASEC"}, ignored);
  if (data.empty()) data = of_amplifiers(header, {"TSEC", "TRIMSEC"}, ignored);
  std::vector<CcdSections::Amplifier> out;
  std::int64_t missing = 0;
  for (const PixelBox& box : all) missing += box.pixels();
  for (const Named& one : data) {
    const auto its =
        std::find_if(bias.begin(), bias.end(), [&](const Named& b) { return b.amplifier == one.amplifier; });
    if (its == bias.end()) return {};
    bool data_fits = true, bias_fits = true;
    const PixelBox box = clip_section(one.section, width, height, &data_fits);
    const PixelBox over = clip_section(its->section, width, height, &bias_fits);
    const auto is_in = [&](const PixelBox& b) {
      return box.x >= b.x && box.y >= b.y && box.x + box.width <= b.x + b.width && box.y + box.height <= b.y + b.height;
    };
    const auto is_taken = [&](const CcdSections::Amplifier& other) { return overlap(other.data, box); };
    if (!data_fits || !bias_fits || box.empty() || over.empty() || std::none_of(all.begin(), all.end(), is_in) ||
        std::any_of(out.begin(), out.end(), is_taken))
      return {};
    out.push_back({box, over});
    missing -= box.pixels();
  }
  return out.size() > 1 && missing == 0 ? out : std::vector<CcdSections::Amplifier>();
}

}  // namespace

CcdSections sections_of(const Header& header, const ImageFacts& facts, std::int64_t width, std::int64_t height) {
  CcdSections out;
  const auto image = size_text(width, height);
  Notes& notes = out.notes;
  std::vector<Named> data = of_image(header, facts.datasec, {"DATASEC"}, notes);
  if (data.empty()) data = of_amplifiers(header, {"DSEC", "DATASEC"}, notes);
  if (data.empty()) data = of_image(header, facts.trimsec, {"TRIMSEC"}, notes);
  if (data.empty()) data = of_amplifiers(header, {"TSEC", "TRIMSEC"}, notes);
  std::vector<Named> bias = of_amplifiers(header, {"BSEC", "BIASSEC"}, notes);
  if (bias.empty()) bias = of_image(header, facts.biassec, {"BIASSEC", "OVERSEC"}, notes);
  note_unmatched(data, bias, "bias", notes);
  note_unmatched(bias, data, "data", notes);

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
  if (!out.data.empty()) {
    out.amplifiers = amplifiers_of(header, bias, out.data, width, height);
    return out;
  }

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

ImageFacts facts_of_amplifier(const Hdu& amplifier, const ImageFacts& facts) {
  ImageFacts out;
  for (auto section : {&ImageFacts::datasec, &ImageFacts::trimsec, &ImageFacts::biassec, &ImageFacts::detsec}) {
    out.*section = facts.*section;
    if ((facts.*section).hdu == facts.extension)
      (out.*section).value = amplifier.header.text_of((facts.*section).keyword);
  }
  return out;
}

const Hdu* hdu_of(const FitsHeaders& headers, int number) {
  const auto at =
      std::find_if(headers.hdus.begin(), headers.hdus.end(), [&](const Hdu& h) { return h.number == number; });
  return at == headers.hdus.end() ? nullptr : &*at;
}

}  // namespace imreg::measure
