// A header as its differences from another one: headers of the same kind of HDU say nearly the same, card by card.
// Written so, the 24 kB of an ACS header take some hundred bytes, and comparing costs less than parsing.
//
//   code: operations, one after the other. Each is a number n with its kind in the two lowest bits, as a varint:
//     same n       the next n cards of the model
//     at n         goes on in the model at card n
//     changed n    the model's next card with n first bytes of its own, then a byte: how many of its last bytes, then the rest
//     fresh n      a card of its own: n bytes; the rest is blank
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imreg/header.h"
#include "imreg/status.h"

namespace imreg::headers {

/// The cards again, of a code that was made with this model. Error: corrupt.
Result<std::string> decode(std::string_view model, std::string_view code);

/// Whether two cards are the same: 80 bytes each.
bool is_same_card(const char* a, const char* b);

/// Writes a code, card by card.
class Coder {
 public:
  void same(std::size_t cards) { same_ += cards; }  ///< the next ones of the model
  void go_to(std::size_t card);                     ///< of the model
  void changed(std::string_view card, std::string_view model);
  void fresh(std::string_view card);
  std::string take();

 private:
  void end_run();
  std::string out_;
  std::size_t same_ = 0;
};

/// A header that others are compared with. Lives as long as the text.
class Model {
 public:
  explicit Model(std::string_view cards);

  /// The code of these cards, whole ones. Without a model (an empty one) it is their text without the blanks at the end of each.
  std::string encode(std::string_view cards) const;

 private:
  std::size_t size() const { return cards_.size() / kCardSize; }
  std::string_view card(std::size_t i) const { return cards_.substr(i * kCardSize, kCardSize); }
  /// Where the model has such a card, best at or behind `from`; size(): nowhere.
  std::size_t find(std::string_view card, std::size_t from) const;

  std::string_view cards_;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_keyword_;  ///< the first 8 bytes
};

}  // namespace imreg::headers
