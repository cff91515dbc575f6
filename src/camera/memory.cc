#include "camera/memory.h"

#include <cstring>
#include <functional>

namespace imreg::camera {

namespace {

std::string_view bytes_of(const CardPlace& card, const Place& place) {
  return place.cards.file().hdus[card.own ? place.hdu : 0].header.card(card.number);
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
  Memory::Slot& slot = memory.slots_[std::hash<std::thread::id>()(std::this_thread::get_id()) % kSlots];
  lock_ = std::unique_lock(slot.mutex, std::try_to_lock);
  if (lock_) images_ = &slot.images;
}

const Remembered* Memory::Use::find(const Plan& plan) const {
  if (images_ == nullptr) return nullptr;
  const auto at = images_->find(&plan);
  return at == images_->end() ? nullptr : &at->second;
}

void Memory::Use::remember(const std::shared_ptr<const Plan>& plan, const Place& place, const ImageFacts& facts,
                           const std::bitset<kFieldCount>& fields) {
  constexpr std::size_t kMost = 100;
  if (images_ == nullptr) return;
  if (images_->size() >= kMost && images_->count(plan.get()) == 0) images_->clear();
  Remembered& out = (*images_)[plan.get()];
  out.plan = plan;
  out.facts = facts;
  out.fields = fields & plan->by_cards;
  out.cards.clear();
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    const std::size_t start = out.cards.size();
    for (const CardPlace& card : plan->cards[field]) out.cards += bytes_of(card, place);
    // A text that goes on in further cards.
    if (out.fields.test(field) && out.cards.find('&', start) != out.cards.npos) out.fields.reset(field);
  }
}

}  // namespace imreg::camera
