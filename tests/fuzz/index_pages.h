// An index as an input, for index_fuzz and check_fuzz: each page as two bytes with its length, and its bytes without the zeros
// at its end. A page with kMended gets its right check when it is laid out, so that what a fuzzer made of it is believed;
// one with kWhole gets no zeros. Seven segments are 900 KB of pages and a tenth of that so.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "fuzz.h"
#include "record_bundle.h"
#include "scan/index_file.h"

namespace imreg::fuzz {

using index::kPage;
using index::kPayload;

inline constexpr std::uint16_t kMended = 0x8000, kWhole = 0x4000, kLength = 0x1fff;
inline constexpr std::size_t kMostPages = 1024;

inline std::uint64_t right_check(const std::string& index, std::size_t at) {
  index::Head head;
  std::memcpy(&head, index.data(), sizeof head);
  return index::page_check(head.nonce, static_cast<std::int64_t>(at / kPage), index.data() + at);
}

inline std::string packed(const std::string& index, bool mended) {
  std::string out;
  for (std::size_t at = 0; at < index.size(); at += kPage) {
    std::string page = index.substr(at, kPage);
    std::uint16_t bits = kWhole;
    if (page.size() == kPage) {
      std::uint64_t check = 0;
      std::memcpy(&check, page.data() + kPayload, sizeof check);
      bits = mended || check == right_check(index, at) ? kMended : 0;
      if (bits != 0) page.resize(kPayload);
      page.resize(page.find_last_not_of('\0') + 1);
    }
    char begin[2];
    store_big(begin, static_cast<std::uint16_t>(bits | page.size()));
    out.append(begin, 2) += page;
  }
  return out;
}

inline std::string unpacked(std::string_view bytes) {
  std::string out;
  std::vector<std::size_t> mended;
  for (std::size_t n = 0; n < kMostPages && bytes.size() >= 2; ++n) {
    const auto bits = load_big<std::uint16_t>(bytes.data());
    bytes.remove_prefix(2);
    const std::size_t size = std::min<std::size_t>({std::size_t{bits} & kLength, kPage, bytes.size()});
    if ((bits & kMended) != 0) mended.push_back(out.size());
    out += bytes.substr(0, size);
    if ((bits & kWhole) == 0) out.append(kPage - size, '\0');
    bytes.remove_prefix(size);
  }
  if (out.size() < kPage) return out;
  for (const std::size_t at : mended) {
    if (at % kPage != 0 || at + kPage > out.size()) continue;
    const std::uint64_t check = right_check(out, at);
    std::memcpy(out.data() + at + kPayload, &check, sizeof check);
  }
  return out;
}

inline void mutate_index(std::string& input, Random& random) {
  std::string bytes = unpacked(input);
  for (std::size_t n = 1 + below(random, 3); n > 0 && bytes.size() >= kPage; --n) {
    const bool head = below(random, 3) == 0;
    const std::size_t page = head ? 0 : below(random, bytes.size() / kPage);
    const std::size_t most = page == 0 ? sizeof(index::Head) : static_cast<std::size_t>(kPayload);
    const std::size_t at = page * kPage + (below(random, most) & ~std::size_t{3});
    const std::int64_t number = kNumbers[below(random, std::size(kNumbers))];
    switch (below(random, 5)) {
      case 0: std::memcpy(bytes.data() + at, &number, 8); break;
      case 1: std::memcpy(bytes.data() + at, &number, 4); break;
      case 2: bytes[at + below(random, 8)] ^= static_cast<char>(1U << below(random, 8)); break;
      case 3:  // another page in its place
        bytes.replace(page * kPage, kPage, bytes.substr(below(random, bytes.size() / kPage) * kPage, kPage));
        break;
      default: mutate_text(bytes, random);
    }
  }
  input = packed(bytes, below(random, 8) > 0);
}

}  // namespace imreg::fuzz
