// Compares cards with those of a model, and puts them together again.
#include "headers/header_code.h"

#include <algorithm>

namespace imreg::headers {

namespace {

constexpr std::size_t kKeyword = 8;
constexpr std::size_t kMostCards = std::size_t{1} << 22;  // 320 MiB: more than a reader of headers gives

enum Kind : std::uint64_t { kSame, kAt, kChanged, kFresh };

void put(std::string& out, Kind kind, std::uint64_t n) {
  std::uint64_t number = n << 2U | kind;
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>(number | 0x80U);
  out += static_cast<char>(number);
}

// Takes a number from the front. False: there is none.
bool take(std::string_view& code, std::uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 35 && !code.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(code[0]);
    code.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void put_changed(std::string& out, std::string_view card, std::string_view model) {
  std::size_t first = 0, last = 0;
  while (first < kCardSize && card[first] == model[first]) ++first;
  while (last < kCardSize - first && card[kCardSize - 1 - last] == model[kCardSize - 1 - last]) ++last;
  put(out, kChanged, first);
  out += static_cast<char>(last);
  out += card.substr(first, kCardSize - first - last);
}

void put_fresh(std::string& out, std::string_view card) {
  const std::size_t length = card.find_last_not_of(' ') + 1;  // npos + 1 is 0
  put(out, kFresh, length);
  out += card.substr(0, length);
}

}  // namespace

Model::Model(std::string_view cards) : cards_(cards) {
  by_keyword_.reserve(size());
  for (std::size_t i = 0; i < size(); ++i)
    by_keyword_[card(i).substr(0, kKeyword)].push_back(static_cast<std::uint32_t>(i));
}

std::size_t Model::find(std::string_view wanted, std::size_t from) const {
  const auto found = by_keyword_.find(wanted.substr(0, kKeyword));
  if (found == by_keyword_.end()) return size();
  const auto& places = found->second;
  const auto behind = std::lower_bound(places.begin(), places.end(), from);
  return behind == places.end() ? places.front() : *behind;
}

std::string Model::encode(std::string_view cards) const {
  std::string out;
  std::size_t at = 0, same = 0;
  const auto end_run = [&] {
    if (same > 0) put(out, kSame, same);
    same = 0;
  };
  for (std::size_t i = 0; i < cards.size() / kCardSize; ++i) {
    const std::string_view card = cards.substr(i * kCardSize, kCardSize);
    if (at < size() && card == this->card(at)) {
      ++same, ++at;
      continue;
    }
    end_run();
    if (at < size() && card.substr(0, kKeyword) == this->card(at).substr(0, kKeyword)) {  // what find() would give
      put_changed(out, card, this->card(at++));
      continue;
    }
    if (const std::size_t place = find(card, at); place == size()) {
      put_fresh(out, card);
    } else {
      if (place != at) put(out, kAt, at = place);
      if (card == this->card(at))
        ++same;
      else
        put_changed(out, card, this->card(at));
      ++at;
    }
  }
  end_run();
  return out;
}

Result<std::string> Model::decode(std::string_view code) const {
  const Status damaged(Code::corrupt, "the code of a header is damaged");
  std::string out;
  std::size_t at = 0;
  for (std::uint64_t number = 0; !code.empty();) {
    if (!take(code, number) || out.size() / kCardSize > kMostCards) return damaged;
    const std::uint64_t n = number >> 2U;
    switch (static_cast<Kind>(number & 3U)) {
      case kSame:
        if (n > size() || at > size() - n) return damaged;
        out += cards_.substr(at * kCardSize, n * kCardSize);
        at += n;
        break;
      case kAt:
        if (n >= size()) return damaged;
        at = n;
        break;
      case kChanged: {
        if (at >= size() || n > kCardSize || code.empty()) return damaged;
        const std::size_t last = static_cast<unsigned char>(code[0]);
        code.remove_prefix(1);
        if (n + last > kCardSize || code.size() < kCardSize - n - last) return damaged;
        const std::string_view model = card(at++), fresh = code.substr(0, kCardSize - n - last);
        out += model.substr(0, n);
        out += fresh;
        out += model.substr(kCardSize - last);
        code.remove_prefix(fresh.size());
        break;
      }
      case kFresh:
        if (n > kCardSize || code.size() < n) return damaged;
        out += code.substr(0, n);
        out.append(kCardSize - n, ' ');
        code.remove_prefix(n);
        break;
    }
  }
  return out;
}

}  // namespace imreg::headers
