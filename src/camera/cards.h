// Finding keywords in the headers of a file quickly: this HDU, the primary, or any, duplicates included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "camera/table.h"
#include "imreg/fits_file.h"

namespace imreg::camera {

/// The headers of a file with an index of each HDU's keywords, made when first asked for. A table asks a header
/// for a hundred
/// keywords that it does not have; walking its cards each time would cost more than reading the file.
class FileCards {
 public:
  /// `name`: the file name without folder and suffixes.
  explicit FileCards(const FitsHeaders& file, std::string name = {})
      : file_(file), name_(std::move(name)), indexes_(file.hdus.size()) {}
  const FitsHeaders& file() const { return file_; }
  const std::string& name() const { return name_; }

  /// Calls `use(card number)` for every card of an HDU with this key, in order, until one is accepted.
  template <class Use>
  bool each(std::size_t hdu, std::uint64_t key, Use use) const {
    const std::vector<Slot>& slots = index(hdu);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = place_of(key) & mask; slots[at].card >= 0; at = (at + 1) & mask) {
      if (slots[at].key == key && use(static_cast<std::size_t>(slots[at].card))) return true;
    }
    return false;
  }
  /// The index of the HDU with this number.
  std::size_t index_of_number(int number) const;
  /// The value of the first card of an HDU with this keyword.
  std::optional<CardValue> get(std::size_t hdu, std::string_view keyword) const;

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t card = -1;
  };
  static std::size_t place_of(std::uint64_t key) { return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15U) >> 40); }
  const std::vector<Slot>& index(std::size_t hdu) const;

  const FitsHeaders& file_;
  std::string name_;
  mutable std::vector<std::vector<Slot>> indexes_;
};

/// The image whose facts are wanted, and the rest of its file.
struct Place {
  const FileCards& cards;
  std::size_t hdu;  ///< index into FitsHeaders::hdus
  const Hdu& own() const { return cards.file().hdus[hdu]; }
};

/// Calls `use(value, index of the HDU)` for every card of this keyword that has a value, nearest first, until one
/// is accepted.
template <class Use>
bool each_card(const Place& place, const Source& source, Use use) {
  const auto in_hdu = [&](std::size_t i) {
    return place.cards.each(i, source.key, [&](std::size_t card) {
      const CardValue value = place.cards.file().hdus[i].header.value(card);
      return value.kind != CardValue::Kind::none && value.kind != CardValue::Kind::undefined && use(value, i);
    });
  };
  switch (source.scope) {
    case Scope::own: return in_hdu(place.hdu);
    case Scope::primary: return in_hdu(0);
    case Scope::inherited: return in_hdu(place.hdu) || (place.hdu != 0 && in_hdu(0));
    case Scope::any:
      for (std::size_t i = 0; i < place.cards.file().hdus.size(); ++i) {
        if (in_hdu(i)) return true;
      }
      return false;
    case Scope::file_name: {
      CardValue value;
      value.kind = CardValue::Kind::text;
      value.text = place.cards.name();
      return use(value, place.hdu);
    }
    case Scope::number: return false;
  }
  return false;
}

/// Whether a keyword with such a text or number is there (or is not, when it is not wanted).
bool holds(const Place& place, const Condition& condition);
/// Whether all of them hold.
bool holds(const Place& place, const std::vector<Condition>& conditions);

}  // namespace imreg::camera
