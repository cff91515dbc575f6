// The keyword index, and conditions on cards.
#include "camera/cards.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.h"

namespace imreg::camera {

namespace {

// The key of a card; 0 for cards without a value. Cards with their equals sign in the wrong column are read as the
// header room reads them.
std::uint64_t key_of_card(const Header& header, std::size_t i) {
  const std::string_view card = header.card(i);
  if (card[8] != '=') {
    const bool hierarch = starts_nocase(card, "HIERARCH");
    const std::size_t equals = card.substr(0, hierarch ? card.size() : 8).find('=');
    return equals == card.npos || equals == 0 ? 0 : key_of(header.keyword(i));
  }
  char name[8];
  std::transform(card.begin(), card.begin() + 8, name, [](char c) { return upper(c); });
  std::uint64_t key = 0;
  std::memcpy(&key, name, sizeof key);
  return key;
}

}  // namespace

const std::vector<FileCards::Slot>& FileCards::index(std::size_t hdu) const {
  std::vector<Slot>& slots = indexes_[hdu];
  if (!slots.empty()) return slots;
  const Header& header = file_.hdus[hdu].header;
  slots.resize(std::bit_ceil(2 * header.size() + 2));
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::uint64_t key = key_of_card(header, i);
    if (key == 0) continue;
    // Duplicates come to stand behind one another, so the first card is found first.
    std::size_t at = place_of(key) & (slots.size() - 1);
    while (slots[at].card >= 0) at = (at + 1) & (slots.size() - 1);
    slots[at] = {key, static_cast<std::int32_t>(i)};
  }
  return slots;
}

std::size_t FileCards::index_of_number(int number) const {
  const auto it =
      std::find_if(file_.hdus.begin(), file_.hdus.end(), [&](const Hdu& hdu) { return hdu.number == number; });
  return it == file_.hdus.end() ? 0 : static_cast<std::size_t>(it - file_.hdus.begin());
}

std::optional<CardValue> FileCards::get(std::size_t hdu, std::string_view keyword) const {
  std::optional<CardValue> out;
  each(hdu, key_of(keyword), [&](std::size_t card) {
    out = file_.hdus[hdu].header.value(card);
    return true;
  });
  return out;
}

bool holds(const Place& place, const Condition& condition) {
  return condition.wanted == each_card(place, condition.source, [&](const CardValue& value, std::size_t) {
           if (!condition.range) return matches(condition.globs, trim(value.text));
           const std::optional<double> number = value.number();
           return number && condition.range->holds(*number);
         });
}

bool holds(const Place& place, const std::vector<Condition>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return holds(place, c); });
}

}  // namespace imreg::camera
