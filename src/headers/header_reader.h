// Headers as values, quickly: those of a kind say nearly the same, so a header is read as what it has other than one before it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "headers/key_values.h"
#include "imreg/header.h"

namespace imreg::headers {

/// A header that others are like: the same keywords in the same order.
struct Form {
  std::string cards;           ///< without those that are kept free
  int reserve = 0;             ///< blank cards behind them, before END
  std::vector<KeyRef> values;  ///< as key_values() gives them
  /// Which of the values a card is; -1: none. Below it: of the same column as the value -2 - n, which came first.
  std::vector<std::int32_t> value_of_card;
  int others = 0;  ///< cards with a value that are not among them

  std::string whole() const { return cards + std::string(static_cast<std::size_t>(reserve) * kCardSize, ' '); }
};

/// One header: the values of a form, but for some.
struct ParsedHeader {
  std::shared_ptr<const Form> form;
  std::vector<std::pair<std::uint32_t, KeyRef>>
      changed{};       ///< which of the form's values, in their order; of the same column
  std::string code{};  ///< its cards, with the whole form as the model (header_code.h)

  std::vector<KeyRef> values() const;
};

/// One for each thread.
class HeaderReader {
 public:
  /// `kind`: a name for headers that may be alike; a form is a header of that kind that was read before. `reserve`: blank cards behind
  /// it.
  ParsedHeader parse(const std::string& kind, const Header& header, int reserve = 0);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Known {
    std::shared_ptr<const Form> form;
    /// Cards that were other than the form's: the last one in each place.
    std::vector<std::pair<std::string, KeyRef>> latest;
  };
  KeyRef key_of(const Header& header, std::size_t i);
  bool differs(Known& known, const Header& header, ParsedHeader& out);
  std::shared_ptr<const Form> form_of(const Header& header, int reserve);

  std::unordered_map<std::string, KeyRef, Hash, std::equal_to<>> keys_;  ///< of cards of forms
  std::map<std::string, std::vector<Known>, std::less<>> forms_;         ///< the latest first
};

}  // namespace imreg::headers
