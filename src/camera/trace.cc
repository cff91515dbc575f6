// Notes which cards an answer was read from.
#include "camera/trace.h"

#include <algorithm>
#include <cstring>

namespace imreg::camera {

void Trace::forget(Answers answers) {
  for (Card& card : cards_) card.by &= ~answers;
  std::erase_if(cards_, [](const Card& card) { return card.by == 0; });
}

bool Trace::add(std::int32_t hdu, std::size_t card, std::string_view bytes, Answers by) {
  constexpr std::size_t kMost = 4000, kNear = 64;
  // The same card twice does no harm.
  const auto end = cards_.rbegin() + static_cast<std::ptrdiff_t>(std::min(kNear, cards_.size()));
  const auto known =
      std::find_if(cards_.rbegin(), end, [&](const Card& c) { return c.number == card && c.hdu == hdu; });
  if (known != end) {
    known->by |= by;
    return true;
  }
  if (cards_.size() >= kMost || bytes.find('&') != bytes.npos) return false;
  Card& added = cards_.emplace_back(Card{hdu, static_cast<std::uint32_t>(card), by, {}});
  std::memcpy(added.bytes, bytes.data(), kCardSize);
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
