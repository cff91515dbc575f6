// Finding keywords in the headers of a file: this HDU, the primary, or any, duplicates included.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "camera/table.h"
#include "imreg/fits_file.h"

namespace imreg::camera {

/// The image whose facts are wanted, and the rest of its file.
struct Place {
  const FitsHeaders& file;
  std::size_t hdu;  ///< index into file.hdus
};

/// Calls `use(value, header, hdu number)` for every card of this keyword that has a value, nearest first, until one is accepted.
template <class Use>
bool each_card(const Place& place, const Source& source, Use use) {
  const auto in_hdu = [&](std::size_t i) {
    const Header& header = place.file.hdus[i].header;
    for (auto at = header.find(source.keyword); at; at = header.find(source.keyword, *at + 1)) {
      const CardValue value = header.value(*at);
      if (value.kind != CardValue::Kind::none && value.kind != CardValue::Kind::undefined && use(value, header, place.file.hdus[i].number)) {
        return true;
      }
    }
    return false;
  };
  switch (source.scope) {
    case Scope::own: return in_hdu(place.hdu);
    case Scope::primary: return in_hdu(0);
    case Scope::inherited: return in_hdu(place.hdu) || (place.hdu != 0 && in_hdu(0));
    case Scope::any:
      for (std::size_t i = 0; i < place.file.hdus.size(); ++i) {
        if (in_hdu(i)) return true;
      }
      return false;
    case Scope::file_name: return false;
  }
  return false;
}

/// Whether a keyword with a text of these patterns is there.
bool holds(const Place& place, const Condition& condition);
bool holds(const Place& place, const HduRule& rule);

}  // namespace imreg::camera
