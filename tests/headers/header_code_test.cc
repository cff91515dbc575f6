// Headers as differences from a model: whatever the two are, the cards come back; and a code that is damaged is refused.
#include "headers/header_code.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>

#include "headers/header_reader.h"
#include "headers/heap.h"
#include "imreg/fits_file.h"

namespace imreg::headers {
namespace {

std::string card(std::string text) {
  text.resize(kCardSize, ' ');
  return text;
}

std::string many(const std::vector<int>& kinds) {
  static const std::string kCards[] = {card("SIMPLE  =                    T"),
                                       card("EXPTIME =                 60.0 / seconds"),
                                       card("EXPTIME =                 61.5 / seconds"),
                                       card("HISTORY one"),
                                       card("HISTORY two"),
                                       card(""),
                                       card("FILTER  = 'r       '"),
                                       std::string(80, 'x'),
                                       std::string(80, '\0')};
  std::string out;
  for (const int kind : kinds) out += kCards[static_cast<unsigned>(kind) % std::size(kCards)];
  return out;
}

RC_GTEST_PROP(HeaderCode, CardsComeBack, (const std::vector<int>& model_kinds, const std::vector<int>& kinds)) {
  const std::string model_cards = many(model_kinds), cards = many(kinds);
  const Model model(model_cards);
  const auto back = decode(model_cards, model.encode(cards));
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == cards);
}

RC_GTEST_PROP(HeaderCode, AnyBytesAreRefusedOrCards, (const std::vector<int>& model_kinds, const std::string& code)) {
  const std::string model_cards = many(model_kinds);
  const auto back = decode(model_cards, code);
  const bool good = !back.ok() || back->size() % kCardSize == 0;
  RC_ASSERT(good);
}

TEST(HeaderCode, TheSameHeaderIsTwoBytes) {
  std::string cards;
  for (int i = 0; i < 25; ++i) cards += card("KEY" + std::to_string(i) + "    = 'value of it'");
  const Model model(cards);
  EXPECT_EQ(model.encode(cards).size(), 1U);
  std::string other = cards;
  other[80 * 7 + 12] = 'X';
  EXPECT_EQ(model.encode(other).size(), 1U + 3 + 1);
  EXPECT_EQ(*decode(cards, model.encode(other)), other);
  // A card that is missing, one that is new, and two in another order.
  const std::string less = cards.substr(0, 240) + cards.substr(320);
  EXPECT_EQ(*decode(cards, model.encode(less)), less);
  EXPECT_LE(model.encode(less).size(), 4U);
}

class RealHeaders : public testing::Test {
 protected:
  static std::vector<std::string> all() {
    std::vector<std::string> out;
    const std::filesystem::path folder(std::string(IMREG_DATA_DIR) + "/fits");
    if (!std::filesystem::exists(folder)) return out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const auto headers = read_fits_headers(entry.path());
      if (!headers) continue;
      for (const auto& hdu : headers->hdus) out.emplace_back(hdu.header.text());
    }
    return out;
  }
};

TEST_F(RealHeaders, ComeBackByteForByteFromAHeap) {
  const auto headers = all();
  if (headers.empty()) GTEST_SKIP() << "the real files are not there";
  const auto folder = std::filesystem::temp_directory_path() / "imreg-heap-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const std::string path = folder / "x.heap", of_parsed = folder / "parsed.heap";
  std::vector<HeapPlace> places, parsed_places;
  std::int64_t bytes = 0;
  {
    auto heap = Heap::open_to_write(path), parsed = Heap::open_to_write(of_parsed);
    ASSERT_TRUE(heap.ok()) << heap.status().text();
    HeaderReader readers[2];  // of two threads: each has its own forms
    for (std::size_t i = 0; i < headers.size(); ++i) {
      places.push_back(heap->add(headers[i]));
      const int reserve = i % 7 == 0 ? 3 : 0;
      parsed_places.push_back(parsed->add(readers[i % 2].parse("", Header(headers[i]), reserve)));
      bytes += static_cast<std::int64_t>(headers[i].size());
      if (i % 100 == 0) {
        ASSERT_TRUE(heap->flush().ok());
        ASSERT_TRUE(parsed->flush().ok());
      }
      if (i == headers.size() / 2) {  // another run goes on
        ASSERT_TRUE(parsed->flush().ok());
        parsed = Heap::open_to_write(of_parsed);
        ASSERT_TRUE(parsed->go_on_behind(parsed_places.back()).ok());
      }
    }
    ASSERT_TRUE(heap->flush().ok());
    ASSERT_TRUE(parsed->flush().ok());
  }
  auto heap = Heap::open(path), parsed = Heap::open(of_parsed);
  ASSERT_TRUE(heap.ok());
  for (std::size_t i = headers.size(); i-- > 0;) {
    const auto cards = heap->read(places[i]);
    ASSERT_TRUE(cards.ok()) << cards.status().text();
    ASSERT_EQ(*cards, headers[i]);
    const auto same = parsed->read(parsed_places[i]);
    ASSERT_TRUE(same.ok()) << same.status().text();
    ASSERT_EQ(*same, headers[i] + std::string(i % 7 == 0 ? std::size_t{240} : 0, ' '));
  }
  const auto size = std::filesystem::file_size(path), parsed_size = std::filesystem::file_size(of_parsed);
  std::printf("%zu headers, %lld bytes of cards, %lld in the heap, %lld by their forms\n", headers.size(),
              static_cast<long long>(bytes), static_cast<long long>(size), static_cast<long long>(parsed_size));
  EXPECT_LT(parsed_size, size + size / 4);
  HeapPlace wrong = places[0];
  wrong.check ^= 1U;
  EXPECT_EQ(heap->read(wrong).status().code(), Code::corrupt);
  {
    std::filesystem::resize_file(folder / "x.heap", 16);
    std::ofstream(path, std::ios::binary).write(std::string(16, '\0').data(), 16);
    EXPECT_TRUE(Heap::open_to_write(path).ok()) << "a power cut left its size only";
    std::filesystem::resize_file(path, 7);
    EXPECT_TRUE(Heap::open_to_write(path).ok()) << "or a part of them";
    std::ofstream(path, std::ios::binary) << "no heap at all, but a text";
    EXPECT_EQ(Heap::open_to_write(path).status().code(), Code::mismatch);
  }
  wrong.offset += 3;
  EXPECT_EQ(heap->read(wrong).status().code(), Code::corrupt);
  wrong.offset = std::int64_t{1} << 50;
  EXPECT_EQ(heap->read(wrong).status().code(), Code::corrupt);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace imreg::headers
