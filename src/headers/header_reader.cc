// Compares a header with the forms of its kind, card by card, and reads only the cards that differ.
#include "headers/header_reader.h"

#include <algorithm>
#include <bit>

#include "headers/header_code.h"

namespace imreg::headers {

namespace {

constexpr std::size_t kMostKeys = 1 << 14, kMostForms = 8;
constexpr std::string_view kContinue = "CONTINUE";
constexpr std::string_view kName = "KEYWORD = ";  // where it ends on its card, unless that is HIERARCH's

// Columns that were seen: open addressing, at most half full.
class Seen {
 public:
  explicit Seen(std::size_t most) : places_(std::bit_ceil(2 * most + 2)) {}
  // The number of the value with this column: `number`, when it is the first.
  std::int32_t insert(const KeyValue& key, std::int32_t number) {
    for (std::size_t at = key.hash;; ++at) {
      Place& place = places_[at & (places_.size() - 1)];
      if (place.key && (place.key->hash != key.hash || place.key->column != key.column)) continue;
      if (!place.key) place = {&key, number};
      return place.number;
    }
  }

 private:
  struct Place {
    const KeyValue* key = nullptr;
    std::int32_t number = 0;
  };
  std::vector<Place> places_;
};

}  // namespace

std::vector<KeyRef> ParsedHeader::values() const {
  std::vector<KeyRef> out = form->values;
  for (const auto& [place, key] : changed) out[place] = key;
  return out;
}

// Most cards have been read before. A text that goes on in the next card is not of its card alone.
KeyRef HeaderReader::key_of(const Header& header, std::size_t i) {
  const std::string_view card = header.card(i);
  if (i + 1 < header.size() && header.card(i + 1).starts_with(kContinue)) return key_value(header, i);
  if (const auto known = keys_.find(card); known != keys_.end()) return known->second;
  if (keys_.size() >= kMostKeys) keys_.clear();
  return keys_.emplace(std::string(card), key_value(header, i)).first->second;
}

std::shared_ptr<const Form> HeaderReader::form_of(const Header& header, int reserve) {
  auto out = std::make_shared<Form>();
  out->cards = header.text();
  out->reserve = reserve;
  out->values.reserve(header.size());
  out->value_of_card.assign(header.size(), -1);
  Seen seen(header.size());
  for (std::size_t i = 0; i < header.size(); ++i) {
    KeyRef key = key_of(header, i);
    if (!key) continue;
    const auto next = static_cast<std::int32_t>(out->values.size());
    if (const auto number = seen.insert(*key, next); number == next) {
      out->value_of_card[i] = number;
      out->values.push_back(std::move(key));
    } else {
      out->value_of_card[i] = -2 - number;
      ++out->others;
    }
  }
  return out;
}

// False: it is of another form, or so unlike this one that another would serve better.
bool HeaderReader::differs(Known& with, const Header& header, ParsedHeader& out) {
  const Form& form = *with.form;
  const std::string_view cards = header.text(), known = form.cards;
  const std::size_t most = header.size() / 3;
  Coder code;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string_view card = cards.substr(i * kCardSize, kCardSize), old = known.substr(i * kCardSize, kCardSize);
    if (is_same_card(card.data(), old.data())) {
      code.same(1);
      continue;
    }
    code.changed(card, old);
    if (card.starts_with(kContinue) || old.starts_with(kContinue) || out.changed.size() > most) return false;
    const bool goes_on = i + 1 < header.size() && (cards.substr((i + 1) * kCardSize).starts_with(kContinue) ||
                                                   known.substr((i + 1) * kCardSize).starts_with(kContinue));
    if (goes_on) return false;
    const std::int32_t value = form.value_of_card[i];
    auto& [latest, key] = with.latest[i];
    if (latest != card) {
      const auto* names = value < 0 ? nullptr : form.values[static_cast<std::size_t>(value)].get();
      const bool alike = names && card.substr(0, kName.size()) == old.substr(0, kName.size()) &&
                         card.substr(8, 2) == kName.substr(8) && names->keyword.find('.') == names->keyword.npos;
      key = key_value(header, i, alike ? names : nullptr);
      latest = card;
    }
    if (!key && value == -1) continue;  // comments, cards without a value
    if (!key || value == -1) return false;
    const bool twice = value < 0;
    const auto number = static_cast<std::uint32_t>(twice ? -2 - value : value);
    if (key->column != form.values[number]->column) return false;
    if (!twice) out.changed.emplace_back(number, key);
  }
  code.same(static_cast<std::size_t>(form.reserve));
  out.code = code.take();
  return true;
}

ParsedHeader HeaderReader::parse(const std::string& kind, const Header& header, int reserve) {
  auto& forms = forms_[kind];
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (forms[i].form->cards.size() != header.text().size() || forms[i].form->reserve != reserve) continue;
    ParsedHeader out{forms[i].form};
    if (!differs(forms[i], header, out)) continue;
    std::rotate(forms.begin(), forms.begin() + static_cast<std::ptrdiff_t>(i),
                forms.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    return out;
  }
  if (forms.size() >= kMostForms) forms.pop_back();
  forms.insert(forms.begin(), {form_of(header, reserve), {}});
  forms.front().latest.resize(header.size());
  Coder all;
  all.same(header.size() + static_cast<std::size_t>(reserve));
  return {forms.front().form, {}, all.take()};
}

}  // namespace imreg::headers
