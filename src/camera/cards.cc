// The keyword index, and conditions on cards.
#include "camera/cards.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <numeric>

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

// The key of the i-th card, which begins at `card`.
std::uint64_t key_at(const Header& header, const char* card, std::size_t i) {
  std::uint64_t key = 0;
  std::memcpy(&key, card, sizeof key);
  // Bytes from 0x60 up are small letters, mostly.
  const bool plain = card[8] == '=' && ((key >> 1) & key & 0x2020202020202020) == 0;
  return plain ? key : key_of_card(header, i);
}

// The first eight characters of cards that never have a value, whatever follows (without "=" in column 9).
bool is_commentary(std::uint64_t key) {
  return key == 0x2020202020202020 || key == 0x20544e454d4d4f43 ||
         key == 0x2059524f54534948;  // blank, COMMENT, HISTORY
}

std::uint64_t multiplier() {
  static const std::uint64_t kMultiplier = [] {
    std::uint64_t out = 0x9e3779b97f4a7c15;
    (void)::getentropy(&out, sizeof out);
    return out | 1;
  }();
  return kMultiplier;
}

// The keys of all cards of a header, and a hash of them.
std::vector<std::uint64_t> keys_of(const Header& header, std::uint64_t& hash) {
  std::vector<std::uint64_t> out(header.size());
  const char* card = header.text().data();
  hash = out.size();
  for (std::size_t i = 0; i < out.size(); ++i, card += kCardSize) {
    out[i] = key_at(header, card, i);
    hash = (hash ^ out[i]) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29;
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether all 80 bytes are printable ASCII.
bool is_printable(const char* card) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  std::uint64_t odd = 0;
  for (std::size_t i = 0; i < kCardSize; i += sizeof odd) {
    std::uint64_t word = 0;
    std::memcpy(&word, card + i, sizeof word);
    odd |= word | (word - kOnes * 0x20) | (word + kOnes);
  }
  return (odd & (kOnes * 0x80)) == 0;
}

// Whether one of the first eight is an equals sign.
bool has_equals(const char* card) {
  std::uint64_t word = 0;
  std::memcpy(&word, card, sizeof word);
  word ^= 0x3d3d3d3d3d3d3d3d;
  return ((word - 0x0101010101010101) & ~word & 0x8080808080808080) != 0;
}

std::string_view trim_left(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

std::string_view trim_right(std::string_view text) {
  std::uint64_t word = 0x2020202020202020;
  const std::uint64_t blanks = word;
  while (text.size() >= sizeof word) {
    std::memcpy(&word, text.data() + text.size() - sizeof word, sizeof word);
    if (word != blanks) break;
    text.remove_suffix(sizeof word);
  }
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Of digits with a sign, a point and an exponent, each of which may be missing; kind none: it is no number.
CardView::Kind kind_of_number(std::string_view text) {
  std::size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - start;
  };
  std::size_t count = digits();
  if (i == text.size()) return count > 0 ? CardView::Kind::integer : CardView::Kind::none;
  if (text[i] == '.') ++i, count += digits();
  if (i < text.size() && count > 0 && (text[i] == 'E' || text[i] == 'e' || text[i] == 'D' || text[i] == 'd')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    count = digits();
  }
  return i == text.size() && count > 0 ? CardView::Kind::real : CardView::Kind::none;
}

}  // namespace

bool plain_value(std::string_view card, CardView& out) {
  // Names are of letters as a rule; those that mean something else than a value begin with C and H.
  if (card[8] != '=' || card[0] == ' ' || has_equals(card.data()) || !is_printable(card.data())) return false;
  const char first = upper(card[0]);
  if ((first == 'C' && (starts_nocase(card, "COMMENT ") || starts_nocase(card, "CONTINUE"))) ||
      (first == 'H' && starts_nocase(card, "HISTORY ")))
    return false;
  const std::string_view field = trim_right(trim_left(card.substr(9)));
  if (field.empty()) return false;
  if (field[0] == '\'') {
    const std::size_t end = field.find('\'', 1);
    // Doubled quotes, and those inside a word.
    if (end == field.npos || (end + 1 < field.size() && field[end + 1] != ' ' && field[end + 1] != '/')) return false;
    out.kind = CardView::Kind::text;
    out.text = trim_right(field.substr(1, end - 1));
    out.comment = trim_left(field.substr(end + 1));
    if (out.comment.starts_with('/')) out.comment = trim_left(out.comment.substr(1));
    return !out.text.ends_with('&');  // it goes on in the next card
  }
  const std::size_t slash = std::min(field.find('/'), field.size());
  out.text = trim_right(field.substr(0, slash));
  if (out.text.empty() || (slash < field.size() && field[slash - 1] != ' ')) return false;  // 15/04/88
  out.comment = slash < field.size() ? trim_left(field.substr(slash + 1)) : std::string_view();
  out.kind = out.text == "T" || out.text == "F" ? CardView::Kind::logical : kind_of_number(out.text);
  return out.kind != CardView::Kind::none;
}

std::optional<double> CardView::number() const {
  if (kind != Kind::integer && kind != Kind::real && kind != Kind::text) return std::nullopt;
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  if (text.size() > sign && (is_digit(text[sign]) || text[sign] == '.')) {  // no "inf", no "nan"
    double out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc() && end == text.data() + text.size()) return out;
  }
  return CardValue{kind, std::string(text), {}}.number();
}

Layout::Layout(std::vector<std::uint64_t> keys) : multiplier_(multiplier()), keys_(std::move(keys)) {
  slots_.resize(std::bit_ceil(2 * keys_.size() + 2));
  shift_ = 64 - std::countr_zero(slots_.size());
  next_.resize(keys_.size(), -1);
  for (std::size_t i = keys_.size(); i-- > 0;) {  // from the end: the first of duplicates comes to stand in the slot
    if (keys_[i] == 0) continue;
    const std::size_t at = slot_of(keys_[i]);
    next_[i] = slots_[at].card;
    slots_[at] = {keys_[i], static_cast<std::int32_t>(i)};
  }
}

bool Layout::fits(const Header& header, std::size_t card) const {
  const char* const text = header.text().data() + card * kCardSize;
  std::uint64_t key = 0;
  std::memcpy(&key, text, sizeof key);
  if (key == keys_[card] && text[8] == '=') return true;
  const bool commentary = keys_[card] == 0 && text[8] != '=' && is_commentary(key);
  return commentary || key_at(header, text, card) == keys_[card];
}

bool Layout::fits(const Header& header) const {
  if (header.size() != keys_.size()) return false;
  const char* const cards = header.text().data();
  const auto differs = [&](std::size_t i) {
    std::uint64_t key = 0;
    std::memcpy(&key, cards + i * kCardSize, sizeof key);
    return (key ^ keys_[i]) | static_cast<std::uint64_t>(cards[i * kCardSize + 8] ^ '=');
  };
  std::size_t i = 0;
  for (; i + 4 <= keys_.size(); i += 4) {
    if ((differs(i) | differs(i + 1) | differs(i + 2) | differs(i + 3)) == 0) continue;
    for (std::size_t k = i; k < i + 4; ++k) {
      if (differs(k) != 0 && !fits(header, k)) return false;
    }
  }
  for (; i < keys_.size(); ++i) {
    if (differs(i) != 0 && !fits(header, i)) return false;
  }
  return true;
}

void Unlike::begin(const std::shared_ptr<const Layout>& layout) {
  if (layout == layout_) return;
  cards_.clear();
  too_many_ = false;
  layout_ = layout;
}

bool Unlike::compare(const Header& a, const Header& b) {
  constexpr std::size_t kMost = 32;
  const char* const x = a.text().data();
  const char* const y = b.text().data();
  const auto same = [&](std::size_t from, std::size_t to) {
    return from == to || std::memcmp(x + from * kCardSize, y + from * kCardSize, (to - from) * kCardSize) == 0;
  };
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cards_.size() && !too_many_; ++i) {
    const std::size_t to = i < cards_.size() ? cards_[i] : layout_->keys().size();
    if (!same(from, to)) {
      while (same(from, from + 1)) ++from;
      cards_.insert(cards_.begin() + static_cast<std::ptrdiff_t>(i), static_cast<std::uint32_t>(from));
      too_many_ = cards_.size() > kMost;
    }
    if (i < cards_.size()) from = cards_[i] + 1;
  }
  return !too_many_;
}

std::shared_ptr<const Layout> LayoutCache::layout_of(const Header& header) {
  constexpr std::size_t kMost = 16 << 20, kLargest = 2000;  // bytes of all, cards of one
  std::uint64_t hash = 0;
  std::vector<std::uint64_t> keys = keys_of(header, hash);
  {
    const std::lock_guard lock(mutex_);
    const auto found = layouts_.find(hash);
    if (found != layouts_.end() && found->second->keys() == keys) return found->second;
  }
  const bool keep = keys.size() <= kLargest;
  auto layout = std::make_shared<const Layout>(std::move(keys));
  if (!keep) return layout;
  const std::lock_guard lock(mutex_);
  if (bytes_ + layout->bytes() > kMost) layouts_.clear(), bytes_ = 0;
  bytes_ += layout->bytes();
  layouts_.insert_or_assign(hash, layout);
  return layout;
}

void FileCards::expect(std::size_t hdu, const std::shared_ptr<const Layout>& likely) const {
  if (likely && likely->fits(file_.hdus[hdu].header)) layouts_[hdu] = likely;
}

bool FileCards::expect_like_last(std::size_t hdu, Unlike& unlike) const {
  const Header& header = file_.hdus[hdu].header;
  const std::shared_ptr<const Layout>& last = layouts_[hdu - 1];
  if (last.get() != unlike.layout() || header.size() != last->keys().size() ||
      !unlike.compare(file_.hdus[hdu - 1].header, header) ||
      !std::all_of(unlike.cards().begin(), unlike.cards().end(), [&](auto card) { return last->fits(header, card); }))
    return false;
  layouts_[hdu] = last;
  if (like_since_.empty()) {
    like_since_.resize(file_.hdus.size());
    std::iota(like_since_.begin(), like_since_.end(), 0);
    unlike_ = &unlike;
  }
  like_since_[hdu] = like_since_[hdu - 1];
  return true;
}

std::string FileCards::name() const {
  std::string name = path_.substr(path_.rfind('/') + 1);
  for (const std::string_view suffix : {".gz", ".bz2", ".Z", ".fz", ".fits", ".fit", ".fts"}) {
    if (name.size() > suffix.size() && equal_nocase(std::string_view(name).substr(name.size() - suffix.size()), suffix))
      name.resize(name.size() - suffix.size());
  }
  return name;
}

// The extensions of a mosaic are alike.
const std::shared_ptr<const Layout>& FileCards::find_layout(std::size_t hdu) const {
  const Header& header = file_.hdus[hdu].header;
  std::shared_ptr<const Layout>& out = layouts_[hdu];
  if (hdu > 0 && layouts_[hdu - 1] && layouts_[hdu - 1]->fits(header))
    out = layouts_[hdu - 1];
  else
    out = cache_.layout_of(header);
  return out;
}

// Of HDUs that are alike the first stands for all, where all of them count.
void FileCards::tell(std::size_t hdu, std::size_t card) const {
  if (listener_->all && hdu < like_since_.size() && like_since_[hdu] < hdu &&
      !std::binary_search(unlike_->cards().begin(), unlike_->cards().end(), card))
    hdu = like_since_[hdu];
  listener_->card(file_, hdu, card);
}

std::string_view FileCards::bytes(std::size_t hdu, std::size_t card) const {
  if (listener_ != nullptr) tell(hdu, card);
  return file_.hdus[hdu].header.card(card);
}

CardView FileCards::value(std::size_t hdu, std::size_t card) const {
  const std::string_view text = file_.hdus[hdu].header.card(card);
  Read& read = read_[card % kRead];
  const bool known = read.text == text.data();
  if (listener_ != nullptr && (!known || read.told != listeners_ || read.answers != listener_->reading)) {
    tell(hdu, card);
    read.told = listeners_;
    read.answers = listener_->reading;
  }
  if (known) return read.value;
  read.text = text.data();
  if (!plain_value(text, read.value)) {
    const auto [at, is_new] = parsed_.try_emplace({hdu, card});
    if (is_new) at->second = file_.hdus[hdu].header.value(card);
    read.value = {at->second.kind, at->second.text, at->second.comment};
  }
  return read.value;
}

std::size_t FileCards::index_of_number(int number) const {
  const auto it =
      std::find_if(file_.hdus.begin(), file_.hdus.end(), [&](const Hdu& hdu) { return hdu.number == number; });
  return it == file_.hdus.end() ? 0 : static_cast<std::size_t>(it - file_.hdus.begin());
}

std::optional<CardView> FileCards::get(std::size_t hdu, std::string_view keyword) const {
  std::optional<CardView> out;
  each(hdu, key_of(keyword), [&](std::size_t card) {
    out = value(hdu, card);
    return true;
  });
  return out;
}

bool holds(const Place& place, const Condition& condition) {
  return condition.wanted == each_card(place, condition.source, [&](const CardView& value, std::size_t) {
           if (!condition.range) return place.cards.matches(condition.globs, trim(value.text));
           const std::optional<double> number = value.number();
           return number && condition.range->holds(*number);
         });
}

bool holds(const Place& place, const std::vector<Condition>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return holds(place, c); });
}

}  // namespace imreg::camera
