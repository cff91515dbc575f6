// Headers read as differences from one before them: the values are those of the header read alone.
#include "headers/header_reader.h"
#include "headers/header_code.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>
#include <set>

#include "imreg/fits_file.h"

namespace imreg::headers {
namespace {

// Card by card, with nothing remembered.
struct Plain {
  std::vector<KeyRef> values;
  int others = 0;
};

Plain plain(const Header& header) {
  Plain out;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < header.size(); ++i) {
    KeyRef key = key_value(header, i);
    if (!key) continue;
    if (seen.insert(key->column).second)
      out.values.push_back(std::move(key));
    else
      ++out.others;
  }
  return out;
}

// "" when they agree.
std::string difference(const ParsedHeader& got, const Plain& wanted) {
  const auto values = got.values();
  if (values.size() != wanted.values.size() || got.form->others != wanted.others)
    return std::to_string(values.size()) + " values and " + std::to_string(got.form->others) + " others, not " +
           std::to_string(wanted.values.size()) + " and " + std::to_string(wanted.others);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const KeyValue &a = *values[i], &b = *wanted.values[i];
    const bool same_number = a.real == b.real || (std::isnan(a.real) && std::isnan(b.real));
    if (a.column != b.column || a.keyword != b.keyword || a.kind != b.kind || a.text != b.text || a.unit != b.unit ||
        a.hash != b.hash || a.type != b.type || a.integer != b.integer || !same_number)
      return a.column + " = " + a.text + ", not " + b.column + " = " + b.text;
  }
  return {};
}

std::string card(std::string text) {
  text.resize(kCardSize, ' ');
  return text;
}

TEST(HeaderReader, GivesTheValuesOfEachHeader) {
  std::mt19937_64 random(11);
  const auto dice = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto any_card = [&](int name, int kind) {
    const std::string keyword = "KEY" + std::to_string(name);
    std::string padded = keyword;
    padded.resize(8, ' ');
    switch (kind) {
      case 0: return card(padded + "= " + std::to_string(dice(5)));
      case 1: return card(padded + "= " + std::to_string(dice(5)) + ".5 / [s] a time");
      case 2: return card(padded + "= 'text " + std::to_string(dice(4)) + "'");
      case 3: return card(padded + "= 'AXIS." + std::to_string(dice(2)) + ": " + std::to_string(dice(3)) + "'");
      case 4: return card(padded + "=");
      case 5: return card("COMMENT something " + std::to_string(dice(3)));
      case 6: return card("HIERARCH ESO " + keyword + " = " + std::to_string(dice(3)));
      case 7: return card("HIERARCH ESO OTHER = 'x" + std::to_string(dice(3)) + "'");
      case 8: return card(padded + "= 'goes on &'");
      case 9: return card("CONTINUE  'here " + std::to_string(dice(3)) + "'");
      case 10: return card("");
      case 11: return card(padded + "= T");
      case 12: return card("KEY0    = " + std::to_string(dice(4)));  // stands twice
      default: return card(padded + "= 99999999999999999999");
    }
  };
  HeaderReader reader;
  std::int64_t of_known_forms = 0, headers = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> cards;
    std::vector<int> kinds;
    for (int i = 0, n = 1 + dice(60); i < n; ++i) {
      kinds.push_back(dice(14));
      cards.push_back(any_card(i, kinds.back()));
    }
    for (int turn = 0; turn < 40; ++turn) {
      for (int change = dice(4); change > 0 && !cards.empty(); --change) {
        const auto at = static_cast<std::size_t>(dice(static_cast<int>(cards.size())));
        const auto place = static_cast<std::ptrdiff_t>(at);
        const int what = dice(20);
        if (what == 0) {
          cards.erase(cards.begin() + place), kinds.erase(kinds.begin() + place);
        } else if (what == 1) {
          kinds.insert(kinds.begin() + place, dice(14));
          cards.insert(cards.begin() + place, any_card(70 + dice(9), kinds[at]));
        } else {
          if (what < 5) kinds[at] = dice(14);
          cards[at] = any_card(static_cast<int>(at), kinds[at]);
        }
      }
      std::string text;
      for (const auto& one : cards) text += one;
      const Header header(text);
      const auto got = reader.parse(round % 2 ? "a" : "b", header);
      ASSERT_EQ(difference(got, plain(header)), "") << text;
      ASSERT_EQ(*decode(got.form->whole(), got.code), text);
      of_known_forms += got.changed.empty() ? 0 : 1;
      ++headers;
    }
  }
  EXPECT_GT(of_known_forms, headers / 6) << "else nothing was compared with a form";
}

// A text that goes on in the next card: neither card tells the value alone.
TEST(HeaderReader, KnowsThatATextGoesOn) {
  const auto header = [](const char* text, const char* rest) {
    std::string cards;
    for (int i = 0; i < 9; ++i) cards += card("SAME" + std::to_string(i) + "   = 'always'");
    return Header(cards + card("KEY     = '" + std::string(text) + "&'") +
                  card("CONTINUE  '" + std::string(rest) + "'"));
  };
  HeaderReader reader;
  for (const auto& [text, rest] : {std::pair("a", "x"), {"b", "y"}, {"b", "x"}, {"a", "y"}, {"a", "x"}, {"b", "y"}}) {
    const auto values = reader.parse("", header(text, rest)).values();
    EXPECT_EQ(values.back()->text, std::string(text) + rest);
  }
}

TEST(HeaderReader, GivesTheValuesOfRealHeaders) {
  const std::filesystem::path folder(std::string(IMREG_DATA_DIR) + "/fits");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the real files are not there";
  HeaderReader reader;
  std::size_t headers = 0, alike = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto found = read_fits_headers(entry.path());
    if (!found) continue;
    for (const auto& hdu : found->hdus) {
      const auto got = reader.parse("", hdu.header);
      ASSERT_EQ(difference(got, plain(hdu.header)), "") << entry.path() << " HDU " << hdu.number;
      ASSERT_EQ(*decode(got.form->whole(), got.code), hdu.header.text());
      alike += got.form->cards != hdu.header.text();
      ++headers;
    }
  }
  std::printf("%zu headers, %zu of them like one before\n", headers, alike);
  EXPECT_GT(alike, headers / 5);
}

}  // namespace
}  // namespace imreg::headers
