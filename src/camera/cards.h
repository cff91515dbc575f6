// Finding keywords in the headers of a file quickly: this HDU, the primary, or any, duplicates included.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "camera/table.h"
#include "imreg/fits_file.h"

namespace imreg::camera {

/// The keywords of a header in their order, with an index. Headers of one camera have the same layout by the thousand,
/// so it is made once (LayoutCache).
class Layout {
 public:
  explicit Layout(std::vector<std::uint64_t> keys);
  const std::vector<std::uint64_t>& keys() const { return keys_; }
  bool fits(const Header& header) const;

  /// Calls `use(card number)` for every card with this key, in order, until one is accepted.
  template <class Use>
  bool each(std::uint64_t key, Use use) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = place_of(key) & mask; slots_[at].card >= 0; at = (at + 1) & mask) {
      if (slots_[at].key == key && use(static_cast<std::size_t>(slots_[at].card))) return true;
    }
    return false;
  }
  bool has(std::uint64_t key) const {
    return each(key, [](std::size_t) { return true; });
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t card = -1;
  };
  static std::size_t place_of(std::uint64_t key) { return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15U) >> 40); }

  std::vector<std::uint64_t> keys_;  // 0 for cards without a value
  std::vector<Slot> slots_;
};

/// The layouts seen last. Safe from several threads.
class LayoutCache {
 public:
  std::shared_ptr<const Layout> layout_of(const Header& header);

 private:
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const Layout>> layouts_;
};

/// The headers of a file: each card is found by an index and read once.
class FileCards {
 public:
  /// `name`: the file name without folder and suffixes. `likely`: the layouts of the last file's HDUs.
  FileCards(const FitsHeaders& file, std::string name, LayoutCache& cache,
            const std::vector<std::shared_ptr<const Layout>>* likely = nullptr)
      : file_(file), name_(std::move(name)), cache_(cache), likely_(likely), hdus_(file.hdus.size()) {}
  const FitsHeaders& file() const { return file_; }
  const std::string& name() const { return name_; }
  const std::shared_ptr<const Layout>& layout(std::size_t hdu) const {
    return hdus_[hdu].layout ? hdus_[hdu].layout : find_layout(hdu);
  }
  const CardValue& value(std::size_t hdu, std::size_t card) const;

  /// Calls `use(card number)` for every card of an HDU with this key, in order, until one is accepted.
  template <class Use>
  bool each(std::size_t hdu, std::uint64_t key, Use use) const {
    return layout(hdu)->each(key, use);
  }
  /// The index of the HDU with this number.
  std::size_t index_of_number(int number) const;
  /// The value of the first card of an HDU with this keyword; null when there is none.
  const CardValue* get(std::size_t hdu, std::string_view keyword) const;

 private:
  struct Cached {
    std::shared_ptr<const Layout> layout;
    std::vector<const CardValue*> values;  // by card number, null: not read yet
  };
  const std::shared_ptr<const Layout>& find_layout(std::size_t hdu) const;

  const FitsHeaders& file_;
  std::string name_;
  LayoutCache& cache_;
  const std::vector<std::shared_ptr<const Layout>>* likely_;
  mutable std::vector<Cached> hdus_;
  mutable std::deque<CardValue> values_;
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
      const CardValue& value = place.cards.value(i, card);
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
