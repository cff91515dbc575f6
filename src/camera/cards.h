// Finding keywords in the headers of a file quickly: this HDU, the primary, or any, duplicates included.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "camera/pattern.h"
#include "camera/table.h"
#include "camera/trace.h"
#include "imreg/fits_file.h"

namespace imreg::camera {

/// The keywords of a header in their order, with an index. Headers of one camera have the same layout by the thousand,
/// so it is made once (LayoutCache).
class Layout {
 public:
  explicit Layout(std::vector<std::uint64_t> keys);
  const std::vector<std::uint64_t>& keys() const { return keys_; }
  bool fits(const Header& header) const;
  /// The same of a single card of a header with as many cards.
  bool fits(const Header& header, std::size_t card) const;
  /// What it takes in memory.
  std::size_t bytes() const { return sizeof *this + 12 * keys_.size() + sizeof(Slot) * slots_.size(); }

  /// Calls `use(card number)` for the cards with this key, in order, until one is accepted; for no more than kChances of
  /// them, or ten thousand dates beside ten thousand times of day would be tried in all pairs.
  template <class Use>
  bool each(std::uint64_t key, Use use) const {
    std::int32_t card = slots_[slot_of(key)].card;
    for (int chance = 0; card >= 0 && chance < kChances; ++chance, card = next_[static_cast<std::size_t>(card)]) {
      if (use(static_cast<std::size_t>(card))) return true;
    }
    return false;
  }
  bool has(std::uint64_t key) const {
    return each(key, [](std::size_t) { return true; });
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t card = -1;  // the first with this key
  };
  static constexpr int kChances = 16;
  // The slot of a key, or the free one where it belongs. The multiplier is another one in every process, and the highest
  // bits count: no header can be made whose keywords fall into the same place.
  std::size_t slot_of(std::uint64_t key) const {
    std::size_t at = static_cast<std::size_t>((key * multiplier_) >> shift_);
    while (slots_[at].card >= 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  std::uint64_t multiplier_;
  int shift_;
  std::vector<std::uint64_t> keys_;  // 0 for cards without a value
  std::vector<Slot> slots_;
  std::vector<std::int32_t> next_;  // by card number: the next with the same key, -1 for the last
};

/// The cards in which HDUs of one layout were seen to differ from their neighbours: the extensions of a mosaic say the
/// same, but for a few cards.
class Unlike {
 public:
  /// For HDUs of this layout.
  void begin(const std::shared_ptr<const Layout>& layout);
  const Layout* layout() const { return layout_.get(); }
  /// Adds the cards in which two headers of as many cards as the layout has differ. False: there are too many, or were.
  bool compare(const Header& a, const Header& b);
  const std::vector<std::uint32_t>& cards() const { return cards_; }

 private:
  std::shared_ptr<const Layout> layout_;
  std::vector<std::uint32_t> cards_;  // in their order
  bool too_many_ = false;
};

/// The layouts seen last. Safe from several threads.
class LayoutCache {
 public:
  std::shared_ptr<const Layout> layout_of(const Header& header);

 private:
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const Layout>> layouts_;
  std::size_t bytes_ = 0;
};

/// What Header::value() gives, without a copy: texts lie in the header, or in what FileCards keeps.
struct CardView {
  using Kind = CardValue::Kind;
  Kind kind = Kind::none;
  std::string_view text, comment;
  std::optional<double> number() const;
};

/// The value of a card that is written as most are: a text, number or logical in printable ASCII, whole in one card.
/// False: Header::value() knows.
bool plain_value(std::string_view card, CardView& out);

/// The headers of a file: each card is found by an index, and told to who listens.
class FileCards {
 public:
  FileCards(const FitsHeaders& file, std::string path, LayoutCache& cache)
      : file_(file), path_(std::move(path)), cache_(cache), layouts_(file.hdus.size()) {}
  const FitsHeaders& file() const { return file_; }
  /// The file name without folder and suffixes: "1616681p21" of "/data/1616681p21.fits.fz".
  std::string name() const;
  /// What layout() tries first for an HDU.
  void expect(std::size_t hdu, const std::shared_ptr<const Layout>& likely) const;
  /// The same for the layout of the HDU before, when the two have the same cards but for those of `unlike`.
  bool expect_like_last(std::size_t hdu, Unlike& unlike) const;
  /// The cards in which HDUs `first` to `last` may differ; null: that is not known.
  const std::vector<std::uint32_t>* unlike(std::size_t first, std::size_t last) const {
    return last < like_since_.size() && like_since_[last] <= first ? &unlike_->cards() : nullptr;
  }
  /// Which HDUs are alike: by HDU, the first of them; then the number of unlike cards. Empty: none.
  std::vector<std::size_t> likeness() const {
    std::vector<std::size_t> out = like_since_;
    if (unlike_ != nullptr) out.push_back(unlike_->cards().size());
    return out;
  }
  /// Who hears of the cards that are read from now on; null: nobody.
  void listen(Listener* listener) const {
    listener_ = listener;
    ++listeners_;
  }
  Listener* listener() const { return listener_; }
  /// Patterns are then looked up there first.
  void use(MatchCache* cache) const { matches_ = cache; }
  bool matches(const Globs& globs, std::string_view text) const {
    return matches_ == nullptr ? camera::matches(globs, text) : matches_->matches(globs, text);
  }
  const std::shared_ptr<const Layout>& layout(std::size_t hdu) const {
    return layouts_[hdu] ? layouts_[hdu] : find_layout(hdu);
  }
  CardView value(std::size_t hdu, std::size_t card) const;
  std::string_view bytes(std::size_t hdu, std::size_t card) const;

  /// Calls `use(card number)` for every card of an HDU with this key, in order, until one is accepted.
  template <class Use>
  bool each(std::size_t hdu, std::uint64_t key, Use use) const {
    return layout(hdu)->each(key, use);
  }
  /// The index of the HDU with this number.
  std::size_t index_of_number(int number) const;
  /// The value of the first card of an HDU with this keyword.
  std::optional<CardView> get(std::size_t hdu, std::string_view keyword) const;

 private:
  const std::shared_ptr<const Layout>& find_layout(std::size_t hdu) const;
  void tell(std::size_t hdu, std::size_t card) const;

  const FitsHeaders& file_;
  std::string path_;
  LayoutCache& cache_;
  mutable Listener* listener_ = nullptr;
  mutable std::uint64_t listeners_ = 0;
  mutable MatchCache* matches_ = nullptr;
  mutable std::vector<std::shared_ptr<const Layout>> layouts_;
  mutable std::vector<std::size_t> like_since_;  // by HDU: the first of those from which it differs in unlike_ alone
  mutable const Unlike* unlike_ = nullptr;
  // The cards read last, and those of them that are not plain.
  struct Read {
    const char* text = nullptr;
    std::uint64_t told = 0;  // which of those who listened one after the other, and for which answers
    Answers answers = 0;
    CardView value;
  };
  static constexpr std::size_t kRead = 64;
  mutable std::array<Read, kRead> read_;
  mutable std::map<std::pair<std::size_t, std::size_t>, CardValue> parsed_;  // by HDU and card
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
      const CardView value = place.cards.value(i, card);
      return value.kind != CardView::Kind::none && value.kind != CardView::Kind::undefined && use(value, i);
    });
  };
  switch (source.scope) {
    case Scope::own: return in_hdu(place.hdu);
    case Scope::primary: return in_hdu(0);
    case Scope::inherited: return in_hdu(place.hdu) || (place.hdu != 0 && in_hdu(0));
    case Scope::any:
      if (Listener* listener = place.cards.listener()) listener->other_hdus();
      for (std::size_t i = 0; i < place.cards.file().hdus.size(); ++i) {
        if (in_hdu(i)) return true;
      }
      return false;
    case Scope::file_name: {
      if (Listener* listener = place.cards.listener()) listener->anything();
      const std::string name = place.cards.name();
      return use(CardView{CardView::Kind::text, name, {}}, place.hdu);
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
