// Compares cards with those of a model, and puts them together again.
#include "headers/header_code.h"

#include <algorithm>
#include <cstring>
#include <utility>

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

}  // namespace

bool is_same_card(const char* a, const char* b) {
  std::uint64_t x[kCardSize / 8], y[kCardSize / 8], other = 0;
  static_assert(sizeof x == kCardSize);
  std::memcpy(x, a, sizeof x);
  std::memcpy(y, b, sizeof y);
  for (std::size_t i = 0; i < std::size(x); ++i) other |= x[i] ^ y[i];
  return other == 0;
}

void Coder::end_run() {
  if (same_ > 0) put(out_, kSame, same_);
  same_ = 0;
}

void Coder::go_to(std::size_t card) {
  end_run();
  put(out_, kAt, card);
}

void Coder::changed(std::string_view card, std::string_view model) {
  end_run();
  std::size_t first = 0, last = 0;
  while (first < kCardSize && card[first] == model[first]) ++first;
  while (last < kCardSize - first && card[kCardSize - 1 - last] == model[kCardSize - 1 - last]) ++last;
  put(out_, kChanged, first);
  out_ += static_cast<char>(last);
  out_ += card.substr(first, kCardSize - first - last);
}

void Coder::fresh(std::string_view card) {
  end_run();
  const std::size_t length = card.find_last_not_of(' ') + 1;  // npos + 1 is 0
  put(out_, kFresh, length);
  out_ += card.substr(0, length);
}

std::string Coder::take() {
  end_run();
  return std::exchange(out_, {});
}

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
  Coder out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < cards.size() / kCardSize; ++i) {
    const std::string_view card = cards.substr(i * kCardSize, kCardSize);
    if (at < size() && is_same_card(card.data(), this->card(at).data())) {
      out.same(1), ++at;
      continue;
    }
    if (at < size() && card.substr(0, kKeyword) == this->card(at).substr(0, kKeyword)) {  // what find() would give
      out.changed(card, this->card(at++));
      continue;
    }
    if (const std::size_t place = find(card, at); place == size()) {
      out.fresh(card);
    } else {
      if (place != at) out.go_to(at = place);
      if (card == this->card(at))
        out.same(1);
      else
        out.changed(card, this->card(at));
      ++at;
    }
  }
  return out.take();
}

Result<std::string> decode(std::string_view cards, std::string_view code) {
  const Status damaged(Code::corrupt, "the code of a header is damaged");
  const std::size_t size = cards.size() / kCardSize;
  std::string out;
  std::size_t at = 0;
  for (std::uint64_t number = 0; !code.empty();) {
    if (!take(code, number) || out.size() / kCardSize > kMostCards) return damaged;
    const std::uint64_t n = number >> 2U;
    switch (static_cast<Kind>(number & 3U)) {
      case kSame:
        if (n > size || at > size - n) return damaged;
        out += cards.substr(at * kCardSize, n * kCardSize);
        at += n;
        break;
      case kAt:
        if (n >= size) return damaged;
        at = n;
        break;
      case kChanged: {
        if (at >= size || n > kCardSize || code.empty()) return damaged;
        const std::size_t last = static_cast<unsigned char>(code[0]);
        code.remove_prefix(1);
        if (n + last > kCardSize || code.size() < kCardSize - n - last) return damaged;
        const std::string_view model = cards.substr(at++ * kCardSize, kCardSize),
                               fresh = code.substr(0, kCardSize - n - last);
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
