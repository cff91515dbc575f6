// Notes which cards an answer was read from.
#include "camera/trace.h"

#include <algorithm>
#include <cstring>

namespace imreg::camera {

void Trace::forget(Answers answers) {
  noted_ &= ~answers;
  for (Card& card : cards_) card.by &= ~answers;
  if (noted_ != 0) return;
  cards_.clear();
  places_ = {};
}

Answers Trace::still_again(Answers known, const FitsHeaders& file, std::size_t own,
                           const std::vector<std::uint32_t>* unlike) {
  const Header& header = file.hdus[own].header;
  const auto compare = [&](const Card& card) {
    if ((card.by & known) != 0 && !same_bytes(card, header)) known &= ~card.by;
  };
  if (unlike == nullptr) {
    for (const Card& card : cards_) {
      if (card.hdu != 0) compare(card);
    }
  } else {
    for (const std::uint32_t number : *unlike) {
      if (number < places_[0].size() && places_[0][number] != 0) compare(cards_[places_[0][number] - 1U]);
    }
  }
  if ((noted_ & ~known) != 0) forget(~known);
  return known;
}

bool Trace::add(std::int32_t hdu, std::size_t card, std::string_view bytes, Answers by) {
  constexpr std::size_t kMost = 4000, kNear = 64;
  Card* known = nullptr;
  std::uint16_t* place = nullptr;
  if (hdu <= 0) {
    std::vector<std::uint16_t>& places = places_[hdu == kOwn ? 0 : 1];
    if (places.size() <= card) places.resize(card + card / 2 + 64);
    place = &places[card];
    known = *place == 0 ? nullptr : &cards_[*place - 1U];
  } else {
    // The same card twice does no harm.
    const auto end = cards_.rbegin() + static_cast<std::ptrdiff_t>(std::min(kNear, cards_.size()));
    const auto found =
        std::find_if(cards_.rbegin(), end, [&](const Card& c) { return c.number == card && c.hdu == hdu; });
    known = found == end ? nullptr : &*found;
  }
  noted_ |= by;
  if (known != nullptr && known->by != 0) {
    known->by |= by;
    return true;
  }
  if (bytes.find('&') != bytes.npos || (known == nullptr && cards_.size() >= kMost)) return false;
  if (known == nullptr) {
    known = &cards_.emplace_back(Card{hdu, static_cast<std::uint32_t>(card), by, {}});
    if (place != nullptr) *place = static_cast<std::uint16_t>(cards_.size());
  }
  known->by = by;
  std::memcpy(known->bytes, bytes.data(), kCardSize);
  return true;
}

void Listener::card(const FitsHeaders& file, std::size_t hdu, std::size_t number) {
  const bool is_own = hdu == own && !all;
  if (!is_own && hdu != 0) other_hdus();
  if (is_own || hdu == 0 || all) {
    const std::int32_t where = is_own ? Trace::kOwn : static_cast<std::int32_t>(hdu);
    if (!trace.add(where, number, file.hdus[hdu].header.card(number), reading)) beyond |= reading;
  }
}

}  // namespace imreg::camera
