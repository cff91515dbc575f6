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
    const std::size_t end = cards.find('\n', at);
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

INSTANTIATE_TEST_SUITE_P(Tables, RealHeaders, ::testing::Values("", "generic"));

}  // namespace
}  // namespace imreg
