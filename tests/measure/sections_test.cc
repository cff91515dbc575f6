// Which pixels of an image are overscan and data: headers of cameras, and headers that do not belong to their image.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure/ccd_sections.h"

namespace imreg::measure {
namespace {

using Boxes = std::vector<PixelBox>;

CcdSections of(const std::vector<std::pair<const char*, const char*>>& cards, std::int64_t width, std::int64_t height,
               const ImageFacts& facts = {}) {
  Header header;
  for (const auto& [key, text] : cards) header.add(key, text);
  return sections_of(header, facts, width, height);
}

TEST(CcdSections, OfOneAmplifier) {
  const CcdSections got = of({{"BIASSEC", "[1:32,1:4612]"}, {"DATASEC", "[33:2080,1:4612]"}}, 2112, 4644);
  EXPECT_EQ(got.bias, (Boxes{{0, 0, 32, 4612}}));
  EXPECT_EQ(got.data, (Boxes{{32, 0, 2048, 4612}}));
  EXPECT_TRUE(got.notes.empty());
}

// Data and overscan of each amplifier, only where nothing is doubtful.
TEST(CcdSections, OfEachAmplifier) {
  using Cards = std::vector<std::pair<const char*, const char*>>;
  const Cards good = {{"DATASEC", "[57:2104,51:4146]"},
                      {"DATASECA", "[1081:2104,51:4146]"},
                      {"DATASECB", "[57:1080,51:4146]"},
                      {"BIASSECA", "[2105:2154,51:4146]"},
                      {"BIASSECB", "[7:56,51:4146]"}};
  const auto amplifiers = [](const Cards& cards) { return of(cards, 2160, 4146).amplifiers; };
  const auto with = [&](const char* key, const char* text) {
    Cards out;
    for (const auto& card : good) {
      if (card.first != std::string_view(key)) out.push_back(card);
    }
    if (*text) out.emplace_back(key, text);
    return out;
  };
  const auto found = amplifiers(good);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].data, (PixelBox{1080, 50, 1024, 4096}));
  EXPECT_EQ(found[0].bias, (PixelBox{2104, 50, 50, 4096}));
  EXPECT_EQ(found[1].data, (PixelBox{56, 50, 1024, 4096}));
  EXPECT_EQ(found[1].bias, (PixelBox{6, 50, 50, 4096}));
  EXPECT_EQ(amplifiers(with("DATASEC", "")).size(), 2U) << "without a section of the whole";
  EXPECT_TRUE(amplifiers(with("DATASECB", "[57:1000,51:4146]")).empty()) << "not all of the data";
  EXPECT_TRUE(amplifiers(with("DATASECB", "[57:1090,51:4146]")).empty()) << "onto each other";
  EXPECT_TRUE(amplifiers(with("DATASECB", "[47:1080,51:4146]")).empty()) << "beyond the data";
  EXPECT_TRUE(amplifiers(with("DATASECB", "")).empty()) << "one only";
  EXPECT_TRUE(amplifiers(with("BIASSECB", "")).empty()) << "no overscan of the second one";
  EXPECT_TRUE(amplifiers(with("BIASSECB", "[2150:2199,51:4146]")).empty()) << "its overscan is not in the image";
  const auto turned = of(
      {{"DSEC11", "[1:50,1:50]"}, {"DSEC12", "[71:120,1:50]"}, {"BSEC12", "[61:70,1:50]"}, {"BSEC11", "[51:60,1:50]"}},
      120, 50);
  ASSERT_EQ(turned.amplifiers.size(), 2U);
  EXPECT_EQ(turned.amplifiers[0].bias, (PixelBox{50, 0, 10, 50}));
}

TEST(CcdSections, OfSeveralAmplifiers) {
  const CcdSections megacam = of({{"BIASSEC", "[1:32,1:4644]"},
                                  {"BSECA", "[1:32,1:4644]"},
                                  {"BSECB", "[2081:2112,1:4644]"},
                                  {"DSECA", "[33:1056,1:4612]"},
                                  {"DSECB", "[1057:2080,1:4612]"}},
                                 2112, 4644);
  EXPECT_EQ(megacam.bias, (Boxes{{0, 0, 32, 4644}, {2080, 0, 32, 4644}}));
  EXPECT_EQ(megacam.data, (Boxes{{32, 0, 1024, 4612}, {1056, 0, 1024, 4612}}));
  const CcdSections decam =
      of({{"BIASSECA", "[2105:2160,51:4146]"}, {"BIASSECB", "[1:56,51:4146]"}, {"DATASEC", "[57:2104,51:4146]"}}, 2160,
         4146);
  EXPECT_EQ(decam.bias.size(), 2u);
  EXPECT_EQ(decam.data, (Boxes{{56, 50, 2048, 4096}}));
  const CcdSections numbered = of({{"BIASSEC1", "[1025:1032,1:1024]"},
                                   {"BIASSEC2", "[1033:1040,1:1024]"},
                                   {"DATASEC1", "[1:512,1:1024]"},
                                   {"DATASEC2", "[513:1024,1:1024]"}},
                                  1040, 1024);
  EXPECT_EQ(numbered.bias.size(), 2u);
  EXPECT_EQ(numbered.data, (Boxes{{0, 0, 512, 1024}, {512, 0, 512, 1024}}));
  // By row and column, as CTIO and NOAO number them; in any order of the cards.
  for (const std::string data : {"DSEC", "TSEC"}) {
    const std::vector<std::string> keys = {"BSEC21",    "BSEC22",    "BSEC11",    "BSEC12",
                                           data + "22", data + "21", data + "12", data + "11"};
    const CcdSections quad = of({{keys[0].c_str(), "[51:60,51:100]"},
                                 {keys[1].c_str(), "[61:70,51:100]"},
                                 {keys[2].c_str(), "[51:60,1:50]"},
                                 {keys[3].c_str(), "[61:70,1:50]"},
                                 {keys[4].c_str(), "[71:120,51:100]"},
                                 {keys[5].c_str(), "[1:50,51:100]"},
                                 {keys[6].c_str(), "[71:120,1:50]"},
                                 {keys[7].c_str(), "[1:50,1:50]"}},
                                120, 100);
    EXPECT_EQ(quad.bias, (Boxes{{50, 0, 10, 50}, {60, 0, 10, 50}, {50, 50, 10, 50}, {60, 50, 10, 50}}));
    EXPECT_EQ(quad.data, (Boxes{{0, 0, 50, 50}, {70, 0, 50, 50}, {0, 50, 50, 50}, {70, 50, 50, 50}}));
    EXPECT_TRUE(quad.notes.empty());
  }
  const CcdSections from_zero = of({{"BIASSEC0", "[1:4,1:50]"}, {"BIASSEC1", "[97:100,1:50]"}}, 100, 50);
  EXPECT_EQ(from_zero.bias, (Boxes{{0, 0, 4, 50}, {96, 0, 4, 50}}));
  const CcdSections ten =
      of({{"BSEC10", "[9:10]"}, {"BSEC9", "[7:8]"}, {"BSECB", "[5:6]"}, {"BSECA", "[3:4]"}}, 100, 50);
  EXPECT_EQ(ten.bias, (Boxes{{2, 0, 2, 50}, {4, 0, 2, 50}, {6, 0, 2, 50}, {8, 0, 2, 50}}));
  // Not of amplifiers.
  EXPECT_TRUE(
      of({{"BSECABC", "[1:4]"}, {"BSEC_1", "[1:4]"}, {"BSEC", "[1:4]"}, {"BSECT", "3600"}}, 100, 50).bias.empty());
}

TEST(CcdSections, OfAmplifiersWithoutTheirPartnersAreTold) {
  const CcdSections got = of(
      {{"BSEC11", "[1:4]"}, {"DSEC11", "[5:50]"}, {"DSEC21", "[51:90]"}, {"DSEC22", "[91:95]"}, {"BSEC12", "[96:100]"}},
      100, 50);
  EXPECT_EQ(got.notes,
            (std::vector<std::string>{"DSEC21, DSEC22: the header names no bias section of the same amplifier",
                                      "BSEC12: the header names no data section of the same amplifier"}));
  // One overscan for all, or one data region: nothing is missing.
  EXPECT_TRUE(of({{"BIASSEC", "[1:4]"}, {"DSECA", "[5:50]"}, {"DSECB", "[51:90]"}}, 100, 50).notes.empty());
  EXPECT_TRUE(of({{"BSECA", "[1:4]"}, {"DATASEC", "[5:50]"}}, 100, 50).notes.empty());
}

TEST(CcdSections, ThatCannotBeReadAreTold) {
  const char* const two = "[51:60,1:100][61:70,1:100]";
  const CcdSections got = of({{"BIASSEC", two}, {"DATASEC", "[1:50,1:100]"}}, 120, 100);
  EXPECT_TRUE(got.bias.empty());
  ASSERT_EQ(got.notes.size(), 1u);
  EXPECT_EQ(got.notes[0], std::string("BIASSEC ") + two + " is no section: it is not used");
  ImageFacts facts;
  facts.biassec = {two, "BIASSEC"};
  EXPECT_EQ(of({{"BIASSEC", two}}, 120, 100, facts).notes.size(), 1u);
  EXPECT_EQ(of({{"BSECA", "[1:4"}, {"BSECB", "[5:9]"}}, 120, 100).notes,
            (std::vector<std::string>{"BSECA [1:4 is no section: it is not used"}));
  // They say that there is none.
  EXPECT_TRUE(
      of({{"BIASSEC", "[0:0,0:0]"}, {"DATASEC", "none"}, {"TRIMSEC", ""}, {"BSEC1", "7"}}, 120, 100).notes.empty());
}

TEST(CcdSections, ThatTheCameraTableKnows) {
  ImageFacts facts;
  facts.biassec = {"[1:4,1:50]", "OVRSC"};
  facts.datasec = {"[5:100,1:50]", "GOODPIX"};
  const CcdSections got = of({}, 100, 50, facts);
  EXPECT_EQ(got.bias, (Boxes{{0, 0, 4, 50}}));
  EXPECT_EQ(got.data, (Boxes{{4, 0, 96, 50}}));
}

TEST(CcdSections, WithoutDataRegionLeaveTheOverscanOut) {
  EXPECT_EQ(of({{"BIASSEC", "[96:100,1:50]"}}, 100, 50).data, (Boxes{{0, 0, 95, 50}}));
  EXPECT_EQ(of({{"BIASSEC", "[1:4]"}}, 100, 50).data, (Boxes{{4, 0, 96, 50}}));
  EXPECT_EQ(of({{"BIASSEC", "[1:100,45:50]"}}, 100, 50).data, (Boxes{{0, 0, 100, 44}}));
  EXPECT_EQ(of({{"BIASSEC", "[1:100,1:2]"}}, 100, 50).data, (Boxes{{0, 2, 100, 48}}));
  EXPECT_EQ(of({}, 100, 50).data, (Boxes{{0, 0, 100, 50}}));
  EXPECT_TRUE(of({}, 100, 50).bias.empty());
  EXPECT_EQ(of({{"BIASSEC", "[0:0,0:0]"}, {"DATASEC", "none"}}, 100, 50).data, (Boxes{{0, 0, 100, 50}}));
}

TEST(CcdSections, ThatDoNotFitAreTold) {
  // A cutout keeps the cards of the frame that it was cut from: its pixels are no overscan.
  const CcdSections cutout = of({{"BIASSEC", "[1:32,1:4612]"}, {"DATASEC", "[33:2080,1:4612]"}}, 151, 101);
  EXPECT_TRUE(cutout.bias.empty());
  EXPECT_EQ(cutout.data, (Boxes{{0, 0, 151, 101}}));
  EXPECT_EQ(cutout.notes.size(), 2u);
  // Trimmed: what was overscan is sky now.
  const CcdSections trimmed = of({{"BIASSEC", "[1:32,1:4612]"}, {"DATASEC", "[33:2080,1:4612]"}}, 2048, 4612);
  EXPECT_TRUE(trimmed.bias.empty());
  EXPECT_EQ(trimmed.notes.size(), 2u);
  // Most of it is there.
  const CcdSections most = of({{"BIASSEC", "[91:103,1:50]"}, {"DATASEC", "[1:90,1:50]"}}, 100, 50);
  EXPECT_EQ(most.bias, (Boxes{{90, 0, 10, 50}}));
  ASSERT_EQ(most.notes.size(), 1u);
  EXPECT_EQ(most.notes[0], "BIASSEC [91:103,1:50] reaches beyond the image of 100 x 50; the part inside is used");
  EXPECT_TRUE(of({{"BIASSEC", "[2049:2080,1:50]"}}, 100, 50).bias.empty());
}

}  // namespace
}  // namespace imreg::measure
