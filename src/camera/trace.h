// Which cards an answer was read from. A value, or whether a rule holds, is decided by the layouts of the headers that it
// looks at and by the cards that it reads there; so the answers of one image are those of the next with the same layouts,
// but for the answers that read a card which is not the same, byte for byte. FileCards tells a Listener of every card
// that is read, the Trace keeps the cards, and memory.h the answers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "camera/table.h"
#include "imreg/fits_file.h"

namespace imreg::camera {

/// A set of answers about an HDU: a bit for each field, and for each kind of rule.
using Answers = std::uint32_t;
inline constexpr Answers kAllAnswers = ~Answers{0};
constexpr Answers answer_of(Field field) { return Answers{1} << static_cast<unsigned>(field); }
inline constexpr Answers kSkip = Answers{1} << kFieldCount, kMask = kSkip << 1, kSplit = kSkip << 2;
static_assert(kFieldCount + 3 <= 32);

class Trace {
 public:
  /// Which of the answers `known` hold for these headers too; the others are forgotten. `own`: index of the HDU.
  /// `same(hdu, card)`: whether a card whose bytes are others says the same to `harmless`; it is then kept as it is now.
  template <class Same>
  Answers still(Answers known, const FitsHeaders& file, std::size_t own, Answers harmless, Same same) {
    for (Card& card : cards_) {
      const std::size_t hdu = card.hdu == kOwn ? own : static_cast<std::size_t>(card.hdu);
      if ((card.by & known) == 0) continue;
      if (same_bytes(card, file.hdus[hdu].header)) continue;
      if (card.by == harmless && same(hdu, card.number))
        file.hdus[hdu].header.card(card.number).copy(card.bytes, kCardSize);
      else
        known &= ~card.by;
    }
    if ((noted_ & ~known) != 0) forget(~known);
    return known;
  }
  /// The same when all of them hold for another image of this file, so that the primary's cards are known to be the same,
  /// and of the image's own those that are not `unlike` (null: nothing is known of those).
  Answers still_again(Answers known, const FitsHeaders& file, std::size_t own,
                      const std::vector<std::uint32_t>* unlike);
  /// Cards of the image and the primary HDU keep their place: the next answers are read from them too, as a rule.
  void forget(Answers answers);
  /// Whether all of the answers `known` hold for these headers.
  bool holds(Answers known, const FitsHeaders& file, std::size_t own) const {
    return std::all_of(cards_.begin(), cards_.end(), [&](const Card& card) {
      const std::size_t hdu = card.hdu == kOwn ? own : static_cast<std::size_t>(card.hdu);
      return (card.by & known) == 0 || same_bytes(card, file.hdus[hdu].header);
    });
  }
  /// Calls `use(hdu, card number)` for the cards that one of these answers was read from.
  template <class Use>
  void each(Answers answers, std::size_t own, Use use) const {
    for (const Card& card : cards_) {
      if ((card.by & answers) != 0) use(card.hdu == kOwn ? own : static_cast<std::size_t>(card.hdu), card.number);
    }
  }
  /// False: there are too many cards to keep, or the card goes on in the next one.
  bool add(std::int32_t hdu, std::size_t card, std::string_view bytes, Answers by);

  static constexpr std::int32_t kOwn = -1;  ///< the HDU of the image, whichever that is

 private:
  struct Card {
    std::int32_t hdu;
    std::uint32_t number;
    Answers by;
    char bytes[kCardSize];
  };
  static bool same_bytes(const Card& card, const Header& header) {
    using Block [[gnu::vector_size(16)]] = std::uint64_t;
    const char* other = header.text().data() + card.number * kCardSize;
    Block differ{};
    for (std::size_t i = 0; i < kCardSize; i += sizeof(Block)) {
      Block a, b;
      std::memcpy(&a, card.bytes + i, sizeof a);
      std::memcpy(&b, other + i, sizeof b);
      differ |= a ^ b;
    }
    return (differ[0] | differ[1]) == 0;
  }
  std::vector<Card> cards_;
  Answers noted_ = 0;  // of all cards
  // Where a card stands in cards_, by its number, from 1; those of the image's HDU and of the primary HDU.
  std::array<std::vector<std::uint16_t>, 2> places_;
};

/// Who wants to know which cards are read.
struct Listener {
  Trace& trace;
  std::size_t own;      ///< the HDU of the image, or
  bool all = false;     ///< the HDUs of the file are those of the last one, so that all their cards may be kept
  Answers reading = 0;  ///< what the cards are being read for
  Answers beyond = 0;   ///< answers that depend on more than cards which can be kept

  void card(const FitsHeaders& file, std::size_t hdu, std::size_t number);
  void other_hdus() { beyond |= all ? 0 : reading; }
  void anything() { beyond |= reading; }
};

}  // namespace imreg::camera
