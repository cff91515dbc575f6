// What is remembered from image to image never changes an answer: all real headers, each read twice in two orders, and
// with single cards changed, against readings that remember nothing (Options::explain).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "camera/cards.h"
#include "imreg/camera.h"
#include "imreg/fits_file.h"

namespace imreg {
namespace {

template <class T>
std::string text_of(const Fact<T>& fact) {
  std::string value = "-";
  if constexpr (std::is_same_v<T, std::string>)
    value = fact.value.value_or("-");
  else if (fact.value)
    value = std::to_string(*fact.value);
  return value + " " + fact.keyword + " " + std::to_string(fact.hdu) + " " + std::string(fact.recipe.text) + "; ";
}

std::string text_of(const FileFacts& facts) {
  std::string out = facts.camera + ": ";
  for (const ImageFacts& i : facts.images) {
    out += std::to_string(i.extension) + " " + std::to_string(static_cast<int>(i.mode)) + " " +
           std::to_string(i.slice) + " " + text_of(i.ccd) + text_of(i.chip) + text_of(i.instrument) +
           text_of(i.object) + text_of(i.type) + text_of(i.filter) + i.physical_filter + "; " + text_of(i.obstime) +
           text_of(i.exptime) + text_of(i.ra) + text_of(i.dec) + text_of(i.airmass) + text_of(i.telfocus) +
           text_of(i.rotangle) + text_of(i.xprobe) + text_of(i.yprobe) + text_of(i.zprobe) + text_of(i.dettemp) +
           text_of(i.teltemp[0]) + text_of(i.teltemp[1]) + text_of(i.teltemp[2]) + text_of(i.teltemp[3]) +
           text_of(i.release) + "\n";
  }
  for (const Doubt& doubt : facts.doubts) out += doubt.text + "\n";
  for (const std::string& warning : facts.warnings) out += warning + "\n";
  return out + facts.why_none;
}

struct Sample {
  std::string path;
  FitsHeaders headers;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = [] {
    std::vector<Sample> out;
    std::error_code error;
    std::filesystem::recursive_directory_iterator it(IMREG_DATA_DIR "/fits", error), end;
    for (; !error && it != end; it.increment(error)) {
      if (!it->is_regular_file()) continue;
      if (auto headers = read_headers(it->path().string())) out.push_back({it->path().string(), *std::move(headers)});
    }
    std::sort(out.begin(), out.end(), [](const Sample& a, const Sample& b) { return a.path < b.path; });
    return out;
  }();
  return all;
}

// A coordinate in several cards is remembered by all of them.
TEST(Memory, SecondsOfAPlate) {
  const auto cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  const auto ra = [&](const char* seconds) {
    std::string cards;
    for (std::string card : {"INSTRUME= 'scanner'", "OBJECT  = 'M31'", "EXPTIME = 60.", "AIRMASS = 1.5",
                             "FILTER  = 'B'", "DETTEMP = -50.", "OBSTYPE = 'object'", "PLTRAH  = 6", "PLTRAM  = 0",
                             seconds, "PLTDECSN= '+'", "PLTDECD = 10", "PLTDECM = 0", "PLTDECS = 0"}) {
      card.resize(kCardSize, ' ');
      cards += card;
    }
    FitsHeaders headers;
    headers.hdus.emplace_back();
    headers.hdus[0].kind = HduKind::image;
    headers.hdus[0].axes = {10, 10};
    headers.hdus[0].header = Header(cards);
    const auto facts = cameras->translate("f.fits", headers, {.camera = "generic"});
    return facts && facts->images.size() == 1 ? facts->images[0].ra.value.value_or(-1) : -2;
  };
  EXPECT_NEAR(ra("PLTRAS  = 0"), 90, 1e-9);
  EXPECT_NEAR(ra("PLTRAS  = 24"), 90.1, 1e-9);
}

class RealHeaders : public ::testing::TestWithParam<const char*> {};

TEST_P(RealHeaders, AnswersDoNotDependOnWhatCameBefore) {
  if (samples().empty()) GTEST_SKIP() << "no real data in " IMREG_DATA_DIR;
  const auto cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  const auto read = [&](const Sample& sample, bool explain) {
    const auto facts = cameras->translate(sample.path, sample.headers, {.camera = GetParam(), .explain = explain});
    return facts.ok() ? text_of(*facts) : facts.status().text();
  };
  std::vector<std::string> alone;
  for (const Sample& sample : samples()) alone.push_back(read(sample, true));
  const std::size_t n = samples().size();
  std::vector<std::string> wrong_files;
  for (std::size_t i = 0; i < 3 * n; ++i) {
    const std::size_t at = i < 2 * n ? i % n : 3 * n - 1 - i;
    if (read(samples()[at], false) != alone[at]) wrong_files.push_back(samples()[at].path);
  }
  EXPECT_THAT(wrong_files, ::testing::IsEmpty());

  // Several threads share the tables, each with a memory of its own.
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < n; ++i)
        wrong[t] += read(samples()[(i * 7 + t * 31) % n], false) != alone[(i * 7 + t * 31) % n];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
}

// What is read in place is what Header::value() reads: all cards of all real headers, and each with bytes changed.
TEST(Memory, PlainValues) {
  if (samples().empty()) GTEST_SKIP() << "no real data in " IMREG_DATA_DIR;
  std::mt19937 random(7);
  std::size_t plain = 0, all = 0;
  const auto check = [&](const std::string& card) {
    camera::CardView view;
    ++all;
    if (!camera::plain_value(card, view)) return;
    ++plain;
    const CardValue value = Header(card).value(0);
    ASSERT_TRUE(view.kind == value.kind && view.text == value.text && view.comment == value.comment) << card;
    ASSERT_EQ(view.number(), value.number()) << card;
  };
  for (const Sample& sample : samples()) {
    for (const Hdu& hdu : sample.headers.hdus) {
      for (std::size_t i = 0; i < std::min<std::size_t>(hdu.header.size(), 400); ++i) {
        std::string card(hdu.header.card(i));
        check(card);
        const std::size_t changes = random() % 3;
        for (std::size_t k = 0; k < changes; ++k)
          card[random() % 40] = "0123456789:.-+'/ &eDTF=C\x01\xe9"[random() % 26];
        check(card);
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(2 * plain, all);
}

// One card of one HDU is changed, takes the value of another, is removed, added, moved; or the keyword of one is.
std::string mutate(FitsHeaders& file, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t hdu = below(3) == 0 ? 0 : below(file.hdus.size());
  const std::string_view from = file.hdus[below(file.hdus.size())].header.text();
  std::string cards(file.hdus[hdu].header.text());
  if (cards.empty() || from.empty()) return "";
  const std::size_t at = kCardSize * below(cards.size() / kCardSize);
  const std::size_t other = kCardSize * below(from.size() / kCardSize);
  const std::string before = cards.substr(at, kCardSize);
  const std::size_t what = below(8);
  if (what < 3) {
    cards[at + 10 + below(what == 0 ? 70 : 21)] = "0123456789:.-'/ &aT"[below(19)];
  } else if (what == 3) {
    cards.replace(at + 8, kCardSize - 8, from.substr(other + 8, kCardSize - 8));
  } else if (what == 4) {
    cards.erase(at, kCardSize);
  } else if (what == 5) {
    cards.insert(at, from.substr(other, kCardSize));
  } else if (what == 6) {
    cards.erase(at, kCardSize);
    cards.insert(kCardSize * below(cards.size() / kCardSize + 1), before);
  } else {
    cards.replace(at, 8, from.substr(other, 8));
  }
  file.hdus[hdu].header = Header(cards);
  return "HDU " + std::to_string(hdu) + ", " + std::to_string(what) + ": " + before;
}

TEST_P(RealHeaders, AChangedCardIsNoticed) {
  if (samples().empty()) GTEST_SKIP() << "no real data in " IMREG_DATA_DIR;
  const auto cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  const auto read = [&](const std::string& path, const FitsHeaders& headers, bool explain) {
    const auto facts = cameras->translate(path, headers, {.camera = GetParam(), .explain = explain});
    return facts.ok() ? text_of(*facts) : facts.status().text();
  };
  constexpr int kRounds = 12;
  std::mt19937 random(20260728);
  for (const Sample& sample : samples()) {
    if (sample.headers.hdus.empty()) continue;
    FitsHeaders next = sample.headers;
    (void)read(sample.path, next, false);
    for (int i = 0; i < kRounds; ++i) {
      // Now and then from the beginning, so that a header is still one.
      if (i % 4 == 0) next = sample.headers;
      const std::string what = mutate(next, random);
      ASSERT_EQ(read(sample.path, next, false), read(sample.path, next, true)) << sample.path << "\n" << what;
    }
  }
}

// A header of these cards: "EXPTIME = 5\n".
Hdu image_of(int number, const std::string& cards) {
  std::string text;
  for (std::size_t at = 0; at < cards.size();) {
    const std::size_t end = std::min(cards.find('\n', at), cards.size());
    std::string card = cards.substr(at, end - at);
    card.resize(kCardSize, ' ');
    text += card;
    at = end + 1;
  }
  Hdu hdu;
  hdu.number = number;
  hdu.kind = HduKind::image;
  hdu.axes = {100, 100};
  hdu.header = Header(text);
  return hdu;
}

// Recipes of the primary HDU where the image stands in it, and where the HDUs of a dump have the same keywords.
TEST(Memory, WhatThePrimarySaysIsComparedToo) {
  const std::string path = ::testing::TempDir() + "imreg_memory_test.cam";
  std::ofstream(path) << "camera test\nexptime EXPTIME@primary s\nairmass AIRMASS@primary\ntelfocus FOCUS 0..10\n"
                         "object OBJECT\ninstrument INSTRUME\nfilter FILTER\ntype OBSTYPE\nchip EXTNAME\n";
  Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  const Result<std::string> name = cameras->add_file(path);
  ASSERT_TRUE(name.ok()) << name.status().text();
  std::filesystem::remove(path);
  const auto cards = [](const std::string& exptime, const std::string& focus) {
    return "EXPTIME = " + exptime + "\nAIRMASS = 1.5\nFOCUS   = " + focus +
           "\nOBJECT  = 'a'\nINSTRUME= 'b'\nFILTER  = 'r'\nOBSTYPE = 'object'\nEXTNAME = 'c'\n";
  };
  for (const int hdus : {1, 2, 3}) {
    for (const std::string exptime : {"5", "7", "9"}) {
      FitsHeaders file;
      for (int i = 0; i < hdus; ++i)
        file.hdus.push_back(image_of(i, cards(i == 0 ? exptime : "1", i == 0 ? exptime : "99")));
      const auto facts = cameras->translate("f.fits", file, {.camera = *name});
      ASSERT_TRUE(facts.ok());
      for (const ImageFacts& image : facts->images) {
        EXPECT_EQ(image.exptime.value, std::stod(exptime)) << hdus << " HDUs, extension " << image.extension;
        EXPECT_EQ(image.telfocus.value, std::stod(exptime)) << hdus << " HDUs, extension " << image.extension;
      }
    }
  }
}

// Files of HDUs with these cards, one after the other in both directions. Each differs from the one before by a single
// thing that an answer, or that there was none, has been read from.
struct Sequence {
  const char* what;
  std::vector<std::vector<std::string>> files;
};

const std::string kSeen = "INSTRUME= 'SEEN'\n";
const std::string kOther = "INSTRUME= 'OTHER'\n";
const std::string kLong = "'0123456789 0123456789 0123456789 ";

const std::string kEnd = "DATE-END= '2003-01-27T01:02:03'\n";
const std::string kWcs =
    "CTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\nCRVAL1  = 10\nCRVAL2  = 20\nCRPIX2  = 1\nCDELT1  = 0.01\nCDELT2  = "
    "0.01\n";

const std::vector<Sequence> kSequences = {
    {"another HDU", {{kSeen, "OWN = 1", "FOCUS = 1"}, {kSeen, "OWN = 1", "FOCUS = 2"}}},
    {"another HDU has the keyword now", {{kSeen, "OWN = 1", "NOTHING = 1"}, {kSeen, "OWN = 1", "FOCUS = 1"}}},
    {"a condition on another HDU", {{kSeen, "ANGLE = 1", "WHEEL = 'in'"}, {kSeen, "ANGLE = 1", "WHEEL = 'out'"}}},
    {"the primary", {{kSeen + "EXPTIME = 1", "OWN = 1"}, {kSeen + "EXPTIME = 2", "OWN = 1"}}},
    {"a condition on the primary", {{kSeen + "SHUTTER = 'open'", "OWN = 1"}, {kSeen + "SHUTTER = 'shut'", "OWN = 1"}}},
    {"a card that only wcslib reads", {{kSeen + kWcs + "CRPIX1  = 1"}, {kSeen + kWcs + "CRPIX1  = 9"}}},
    {"an extension of two", {{kSeen, "EXPTIME = 1", "EXPTIME = 2"}, {kSeen, "EXPTIME = 1", "EXPTIME = 3"}}},
    {"the exposure time of an end", {{kSeen + kEnd + "EXPTIME = 1"}, {kSeen + kEnd + "EXPTIME = 2"}}},
    {"the day of a position of the day",
     {{kSeen + "DATE-END= '2003-01-27T01:02:03'\nRA = 10\nDEC = 20\nEXPTIME = 1"},
      {kSeen + "DATE-END= '2013-01-27T01:02:03'\nRA = 10\nDEC = 20\nEXPTIME = 1"}}},
    {"a card that goes on in the next",
     {{kSeen + "OBJECT  = 'a&'\nCONTINUE  'b'"}, {kSeen + "OBJECT  = 'a&'\nCONTINUE  'c'"}}},
    {"the end of a card", {{kSeen + "OBJECT  = " + kLong + "a'"}, {kSeen + "OBJECT  = " + kLong + "b'"}}},
    {"a comment",
     {{kSeen + "EXPTIME =                    5 / [s]"}, {kSeen + "EXPTIME =                    5 / [ms]"}}},
    {"the last byte of a card",
     {{kSeen + "OBJECT  = '" + std::string(67, 'x') + "a'"}, {kSeen + "OBJECT  = '" + std::string(67, 'x') + "b'"}}},
    {"the end of a name of a chip", {{kSeen, "EXTNAME = " + kLong + "a'"}, {kSeen, "EXTNAME = " + kLong + "b'"}}},
    {"an HDU to skip", {{kSeen, "EXTNAME = 'a'", "EXTNAME = 'b'"}, {kSeen, "EXTNAME = 'a'", "EXTNAME = 'error'"}}},
    {"the value of another camera", {{"INSTRUME= 'NOBODY'\nEXPTIME = 1"}, {"INSTRUME= 'SEEN'\nEXPTIME = 1"}}},
    {"the same in an extension",
     {{"EXPTIME = 1", "INSTRUME= 'A'", "INSTRUME= 'A'"}, {"EXPTIME = 1", "INSTRUME= 'A'", "INSTRUME= 'SEEN'"}}},
    {"from one camera to the other", {{kSeen + "EXPTIME = 1"}, {"INSTRUME= 'OTHER'\nEXPTIME = 1"}}},
    {"the end of a camera's name",
     {{"INSTRUME= " + kLong + "a'\nEXPTIME = 1"}, {"INSTRUME= " + kLong + "b'\nEXPTIME = 1"}}},
    {"a second condition on a camera",
     {{"INSTRUME= 'HALF'\nMODE = 'a'\nEXPTIME = 1"}, {"INSTRUME= 'HALF'\nMODE = 'b'\nEXPTIME = 1"}}},
    // No built-in table looks at DESIGNED: it is read to find a rule by it, and for nothing else.
    {"a card that found no camera", {{"DESIGNED= 'A'\nEXPTIME = 1"}, {"DESIGNED= 'SEEN'\nEXPTIME = 1"}}},
    {"the same in the second of two extensions",
     {{"EXPTIME = 1", "DESIGNED= 'A'", "DESIGNED= 'A'"}, {"EXPTIME = 1", "DESIGNED= 'B'", "DESIGNED= 'SEEN'"}}},
    {"the keyword of a camera, only now", {{"EXPTIME = 1", "NOTHING = 1"}, {"EXPTIME = 1", kSeen}}},
    {"a card behind the last one", {{kSeen, "OWN = 1"}, {kSeen, "OWN = 1\nEXPTIME = 1"}}},
    {"behind the last one of the primary", {{kSeen, "OWN = 1"}, {kSeen + "EXPTIME = 1", "OWN = 1"}}},
    {"behind the last one of another HDU", {{kSeen, "OWN = 1", "A = 1"}, {kSeen, "OWN = 1", "A = 1\nFOCUS = 1"}}},
    {"a card in the place of another", {{kSeen, "AIRMASS = 1"}, {kSeen, "EXPTIME = 1"}}},
    {"an HDU more", {{kSeen, "OWN = 1"}, {kSeen, "OWN = 1", "FOCUS = 1"}}},
    {"two layouts by turns",
     {{kSeen + "EXPTIME = 1", "OWN = 1"},
      {kSeen + "OBJECT  = 'a'\nEXPTIME = 2", "OWN = 1"},
      {kSeen + "EXPTIME = 3", "OWN = 1"},
      {kSeen + "OBJECT  = 'a'\nEXPTIME = 4", "OWN = 1"}}},
    {"two layouts of an extension by turns",
     {{kSeen, "EXPTIME = 1"}, {kSeen, "A = 1\nEXPTIME = 2"}, {kSeen, "EXPTIME = 3"}, {kSeen, "A = 1\nEXPTIME = 4"}}},
    {"CCDs by turns, then another exposure",
     {{kSeen + "EXTNAME = 'ccd1'\nEXPTIME = 1"},
      {kSeen + "EXTNAME = 'ccd2'\nEXPTIME = 1"},
      {kSeen + "EXTNAME = 'ccd3'\nEXPTIME = 1"},
      {kSeen + "EXTNAME = 'ccd1'\nEXPTIME = 2"},
      {kSeen + "EXTNAME = 'err1'\nEXPTIME = 2"},
      {kSeen + "EXTNAME = 'ccd3'\nEXPTIME = 2"}}},
    // Recipes that the comment of their card has refused, twice and more.
    {"the comment that a recipe waits for",
     {{kSeen + "EXPTIME = 1 / one"},
      {kSeen + "EXPTIME = 2 / one"},
      {kSeen + "EXPTIME = 3 / one"},
      {kSeen + "EXPTIME = 4 / in minutes"},
      {kSeen + "EXPTIME = 5 / two"}}},
    {"the same in the primary",
     {{kSeen + "EXPTIME = 1 / one", "OWN = 1"},
      {kSeen + "EXPTIME = 2 / one", "OWN = 1"},
      {kSeen + "EXPTIME = 3 / one", "OWN = 1"},
      {kSeen + "EXPTIME = 3 / in minutes", "OWN = 1"},
      {kSeen + "EXPTIME = 5 / two", "OWN = 1"}}},
    {"the same behind an undefined value",
     {{kSeen + "EXPTIME = 1 / one"},
      {kSeen + "EXPTIME = 2 / one"},
      {kSeen + "EXPTIME =   / in minutes"},
      {kSeen + "EXPTIME = 2 / in minutes"},
      {kSeen + "EXPTIME = 5 / one"}}},
    {"the primary of two images of a layout",
     {{kSeen + "AIRMASS = 1", "EXPTIME = 1", "EXPTIME = 2"},
      {kSeen + "AIRMASS = 2", "EXPTIME = 1", "EXPTIME = 2"},
      {kSeen + "AIRMASS = 3", "EXPTIME = 1", "EXPTIME = 4"}}},
    // Extensions that are alike, until one is not.
    {"the last of three that were alike",
     {{kSeen, "EXPTIME = 1", "EXPTIME = 1", "EXPTIME = 1"},
      {kSeen, "EXPTIME = 2", "EXPTIME = 2", "EXPTIME = 2"},
      {kSeen, "EXPTIME = 3", "EXPTIME = 3", "EXPTIME = 3"},
      {kSeen, "EXPTIME = 3", "EXPTIME = 3", "EXPTIME = 4"},
      {kSeen, "EXPTIME = 3", "EXPTIME = 5", "EXPTIME = 4"}}},
    {"a camera by the last of three that were alike",
     {{"EXPTIME = 1", "DESIGNED= 'A'", "DESIGNED= 'A'", "DESIGNED= 'A'"},
      {"EXPTIME = 2", "DESIGNED= 'B'", "DESIGNED= 'B'", "DESIGNED= 'B'"},
      {"EXPTIME = 3", "DESIGNED= 'C'", "DESIGNED= 'C'", "DESIGNED= 'C'"},
      {"EXPTIME = 3", "DESIGNED= 'C'", "DESIGNED= 'C'", "DESIGNED= 'SEEN'"},
      {"EXPTIME = 3", "DESIGNED= 'C'", "DESIGNED= 'C'", "DESIGNED= 'D'"}}},
    {"the keyword of the last of three that were alike",
     {{kSeen, "EXPTIME = 1", "EXPTIME = 1", "EXPTIME = 1"},
      {kSeen, "EXPTIME = 2", "EXPTIME = 2", "EXPTIME = 2"},
      {kSeen, "EXPTIME = 2", "EXPTIME = 2", "AIRMASS = 2"}}},
    // A recipe of the time that came to nothing, three times.
    {"a date that has a time of day in the end",
     {{kSeen + "DATE-OBS= '2003-01-27'\nMJD-OBS = 52666.5"},
      {kSeen + "DATE-OBS= '2003-01-27'\nMJD-OBS = 52666.6"},
      {kSeen + "DATE-OBS= '2003-01-27'\nMJD-OBS = 52666.7"},
      {kSeen + "DATE-OBS= '2003-01-27'\nMJD-OBS = 52666.8"},
      {kSeen + "DATE-OBS= '2003-01-27T05:00:00'\nMJD-OBS = 52666.9"},
      {kSeen + "DATE-OBS= '2003-01-28'\nMJD-OBS = 52667.5"}}},
    // What is read on the way to a time or a position.
    {"the time scale",
     {{kSeen + kEnd + "EXPTIME = 1\nTIMESYS = 'UTC'"}, {kSeen + kEnd + "EXPTIME = 1\nTIMESYS = 'TAI'"}}},
    {"the time scale, and the time",
     {{kSeen + kEnd + "EXPTIME = 1\nTIMESYS = 'UTC'"}, {kSeen + kEnd + "EXPTIME = 2\nTIMESYS = 'TAI'"}}},
    {"the time scale of the primary",
     {{kSeen + "TIMESYS = 'UTC'", kEnd + "EXPTIME = 1"}, {kSeen + "TIMESYS = 'TAI'", kEnd + "EXPTIME = 1"}}},
    {"the time scale of another HDU",
     {{kOther + kEnd + "EXPTIME = 1", "SCALE   = 'UTC'"}, {kOther + kEnd + "EXPTIME = 1", "SCALE   = 'TAI'"}}},
    {"the equinox",
     {{kSeen + "OBJRA = 10\nOBJDEC = 20\nEQUINOX = 1950"}, {kSeen + "OBJRA = 10\nOBJDEC = 20\nEQUINOX = 1975"}}},
    {"the frame",
     {{kSeen + "OBJRA = 10\nOBJDEC = 20\nEQUINOX = 1950\nRADESYS = 'FK4'"},
      {kSeen + "OBJRA = 10\nOBJDEC = 20\nEQUINOX = 1950\nRADESYS = 'FK5'"}}},
    {"two layouts change places", {{kSeen, "EXPTIME = 1", "AIRMASS = 2"}, {kSeen, "AIRMASS = 2", "EXPTIME = 1"}}},
};

class Sequences : public ::testing::Test {
 protected:
  Sequences() {
    for (const auto& [name, when] :
         {std::pair("seen", "when INSTRUME SEEN\nwhen INSTRUME \"" + kLong.substr(1) + "a\"\n" +
                                "when INSTRUME HALF & MODE b\nwhen DESIGNED SEEN\n"),
          std::pair("other", std::string("when INSTRUME OTHER\ntimesys SCALE@any\n"))}) {
      const std::string path = ::testing::TempDir() + "imreg_memory_" + name + ".cam";
      std::ofstream(path) << "camera " << name << "\n"
                          << when
                          << "exptime EXPTIME min comment *minute*\nexptime EXPTIME s\nairmass AIRMASS\ntelfocus "
                             "FOCUS@any\nrotangle ANGLE if WHEEL@any in\n"
                             "object OBJECT\nchip EXTNAME\nskip EXTNAME err*\ntype = dark if SHUTTER shut\nobstime "
                             "DATE-END end\nobstime DATE-OBS\nobstime MJD-OBS mjd\nposition RA DEC date\nposition wcs\n"
                             "timesys TIMESYS\nequinox EQUINOX\nframe RADESYS\nposition OBJRA OBJDEC deg\n"
                             "instrument @name match f%d\nccd @name match f%d\n";
      if (cameras.ok()) added.push_back(cameras->add_file(path));
      std::filesystem::remove(path);
    }
  }
  void SetUp() override {
    ASSERT_TRUE(cameras.ok());
    for (const auto& name : added) ASSERT_TRUE(name.ok()) << name.status().text();
  }
  std::string read(const FitsHeaders& file, bool explain, const std::string& path = "f1.fits",
                   bool split = false) const {
    const auto facts = cameras->translate(path, file, {.split = split, .camera = "", .explain = explain});
    return facts.ok() ? text_of(*facts) : facts.status().text();
  }
  Result<Cameras> cameras = Cameras::load();
  std::vector<Result<std::string>> added;
};

FitsHeaders file_of(const std::vector<std::string>& hdus) {
  FitsHeaders out;
  for (const std::string& cards : hdus) out.hdus.push_back(image_of(static_cast<int>(out.hdus.size()), cards));
  return out;
}

TEST_F(Sequences, OneThingIsAnother) {
  for (const Sequence& sequence : kSequences) {
    SCOPED_TRACE(sequence.what);
    const std::size_t n = sequence.files.size();
    std::vector<FitsHeaders> files;
    std::vector<std::string> alone;
    for (const auto& hdus : sequence.files) {
      files.push_back(file_of(hdus));
      alone.push_back(read(files.back(), true));
    }
    for (std::size_t i = 1; i < n; ++i) EXPECT_NE(alone[i], alone[i - 1]) << "this tests nothing";
    for (std::size_t i = 0; i < 4 * n; ++i) {
      const std::size_t at = i / n % 2 == 0 ? i % n : n - 1 - i % n;
      EXPECT_EQ(read(files[at], false), alone[at]);
    }
  }
}

// More CCDs than are kept, and each comes again.
TEST_F(Sequences, ManyCcds) {
  for (int i = 0; i < 400; ++i) {
    const std::string name = std::to_string(i < 200 ? i % 70 : i % 3 == 0 ? i % 50 : i % 90);
    const auto facts = cameras->translate(
        "f.fits", file_of({kSeen + "EXTNAME = 'n" + name + "'\nEXPTIME = " + std::to_string(i)}), {});
    ASSERT_TRUE(facts.ok());
    ASSERT_EQ(facts->images.size(), 1U);
    EXPECT_EQ(facts->images[0].chip.value, "n" + name);
    EXPECT_EQ(facts->images[0].exptime.value, i);
  }
}

TEST_F(Sequences, TheNameOfTheFile) {
  const FitsHeaders file = file_of({kSeen});
  std::string before;
  for (const char* path : {"f1.fits", "f2.fits", "f1.fits"}) {
    for (const bool split : {false, true}) {
      const std::string now = read(file, false, path, split);
      EXPECT_EQ(now, read(file, true, path, split));
      EXPECT_NE(now, before);
      before = now;
    }
  }
}

// More threads than memories, so that some want the same one, with files of one layout.
TEST_F(Sequences, ManyThreads) {
  constexpr std::size_t kThreads = 20, kFiles = 3000;
  std::vector<std::size_t> wrong(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kFiles; ++i) {
        const double exptime = static_cast<double>(kFiles * t + i);
        const std::string cards = kSeen + "EXPTIME = " + std::to_string(kFiles * t + i);
        const auto facts = cameras->translate("f.fits", file_of({cards, "OWN = 1"}), {});
        wrong[t] += !facts.ok() || facts->images.size() != 2 || facts->images[0].exptime.value != exptime ||
                    facts->images[1].exptime.value != exptime;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
}

INSTANTIATE_TEST_SUITE_P(Tables, RealHeaders, ::testing::Values("", "generic"));

}  // namespace
}  // namespace imreg
