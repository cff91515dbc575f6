#include "camera/memory.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace imreg::camera {

namespace {

std::string_view bytes_of(const CardPlace& card, const Place& place) {
  return place.cards.file().hdus[card.own ? place.hdu : 0].header.card(card.number);
}

// Whether a position is that of its cards alone: found before the WCS was looked at, and not by the time.
bool position_by_cards(const Plan& plan, const ImageFacts& facts) {
  for (const Recipe* recipe : plan.recipes[index_of(Field::position)]) {
    const bool winner = recipe->line == facts.ra.recipe.line && recipe->table == facts.ra.recipe.table;
    if (recipe->sources[0].keyword == "WCS" || (recipe->needs_time() && (winner || !facts.obstime.value))) return false;
    if (winner) return true;
  }
  return plan.recipes[index_of(Field::position)].empty();
}

}  // namespace

bool Remembered::holds(Field field, const Place& place) const {
  if (!fields.test(index_of(field))) return false;
  const char* at = cards.data() + kCardSize * plan->first_card[index_of(field)];
  for (const CardPlace& card : plan->cards[index_of(field)]) {
    if (std::memcmp(at, bytes_of(card, place).data(), kCardSize) != 0) return false;
    at += kCardSize;
  }
  return true;
}

Memory::Use::Use(Memory& memory) {
  Slot& slot = memory.slots_[std::hash<std::thread::id>()(std::this_thread::get_id()) % kSlots];
  lock_ = std::unique_lock(slot.mutex, std::try_to_lock);
  if (lock_) slot_ = &slot;
}

const std::vector<std::shared_ptr<const Layout>>& Memory::Use::layouts() const {
  static const std::vector<std::shared_ptr<const Layout>> kNone;
  return slot_ == nullptr ? kNone : slot_->layouts;
}

void Memory::Use::remember_layouts(const FileCards& cards) {
  constexpr std::size_t kMost = 1000;
  if (slot_ == nullptr) return;
  std::vector<std::shared_ptr<const Layout>> layouts;  // `cards` may still look at the old ones
  for (std::size_t hdu = 0; hdu < std::min(kMost, cards.file().hdus.size()); ++hdu)
    layouts.push_back(cards.layout(hdu));
  slot_->layouts = std::move(layouts);
}

const Remembered* Memory::Use::find(const Plan& plan) const {
  if (slot_ == nullptr) return nullptr;
  const auto at = slot_->images.find(&plan);
  return at == slot_->images.end() ? nullptr : &at->second;
}

void Memory::Use::remember(const std::shared_ptr<const Plan>& plan, const Place& place, const ImageFacts& facts,
                           const std::bitset<kFieldCount>& fields) {
  constexpr std::size_t kMost = 100;
  if (slot_ == nullptr) return;
  if (slot_->images.size() >= kMost && slot_->images.count(plan.get()) == 0) slot_->images.clear();
  Remembered& out = slot_->images[plan.get()];
  out.plan = plan;
  out.facts = facts;
  out.hdu = place.own().number;
  out.fields = fields & plan->by_cards;
  if (!position_by_cards(*plan, facts)) out.fields.reset(index_of(Field::position));
  out.cards.clear();
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    const std::size_t start = out.cards.size();
    for (const CardPlace& card : plan->cards[field]) out.cards += bytes_of(card, place);
    // A text that goes on in further cards.
    if (out.fields.test(field) && out.cards.find('&', start) != out.cards.npos) out.fields.reset(field);
  }
}

void Memory::clear() {
  for (Slot& slot : slots_) {
    const std::lock_guard lock(slot.mutex);
    slot.images.clear();
    slot.layouts.clear();
  }
}

}  // namespace imreg::camera
