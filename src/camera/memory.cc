// Finds the remembered file and images that the next ones are like, and forgets when there are too many.
#include "camera/memory.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace imreg::camera {

void RememberedFile::fit(const FileCards& cards) {
  const std::vector<Hdu>& all = cards.file().hdus;
  ++files;
  bool same = layouts.size() == all.size();
  hdus.resize(all.size());
  layouts.resize(all.size());
  numbers.resize(all.size(), -1);
  const bool same_primary =
      layouts[0] == cards.layout(0) && numbers[0] == all[0].number && images.size() <= 2 * all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (same_primary && layouts[i] == cards.layout(i) && numbers[i] == all[i].number) continue;
    same = false;
    hdus[i] = {};
    layouts[i] = cards.layout(i);
    numbers[i] = all[i].number;
  }
  if (!same_primary) images.clear();
  std::vector<std::size_t> now = cards.likeness();
  if (!same || now != likeness) choice = {};
  likeness = std::move(now);
}

void RememberedFile::change_camera(std::string name, Chain its_chain) {
  camera.clear();
  hdus.clear();
  hdus.resize(layouts.size());
  images.clear();
  chain = std::move(its_chain);
  camera = std::move(name);
}

void Barren::check_recipes(const std::vector<const Recipe*>& now, const Place& place) {
  if (recipes != now) {
    *this = {};
    recipes = now;
  }
  const Answers before = known;
  check(place.cards, place.hdu);
  const Answers gone = before & ~known;
  hopeless |= gone & ~held;
  held = (held | known) & ~gone;
  trace.each(known, place.hdu,
             [&](std::size_t hdu, std::size_t card) { place.cards.listener()->card(place.cards.file(), hdu, card); });
}

void RememberedImage::check_file(const FileCards& cards, std::size_t own, std::uint64_t count) {
  const auto check = [&](Remembered& answers) {
    file == count ? answers.check_again(cards, own, checked) : answers.check(cards, own);
  };
  check(*this);
  check(aside);
  file = count;
  checked = own;
}

void RememberedImage::renumber(int number) {
  const auto move = [&](auto&... fact) { ((fact.hdu = fact.hdu == hdu && hdu >= 0 ? number : fact.hdu), ...); };
  if (number == hdu) return;
  ImageFacts& f = facts;
  move(f.instrument, f.object, f.type, f.filter, f.obstime, f.exptime, f.ra, f.dec, f.airmass, f.telfocus, f.rotangle,
       f.xprobe, f.yprobe, f.zprobe, f.dettemp, f.teltemp[0], f.teltemp[1], f.teltemp[2], f.teltemp[3], f.release);
  hdu = number;
}

RememberedImage& RememberedFile::image_of(const std::shared_ptr<const Plan>& plan) {
  const auto found = std::find_if(images.begin(), images.end(), [&](const auto& image) { return image->plan == plan; });
  return found != images.end() ? **found : *images.emplace_back(std::make_unique<RememberedImage>(plan));
}

// Files come in the order of their CCDs, as a rule: the next one is what came next before.
RememberedHdu& RememberedHdus::find(const Place& place, std::size_t most) {
  const FitsHeaders& file = place.cards.file();
  for (std::size_t i = 0; i < hdus_.size(); ++i) {
    const std::size_t at = at_ + i < hdus_.size() ? at_ + i : at_ + i - hdus_.size();
    if (hdus_[at].trace.holds(hdus_[at].known, file, place.hdu)) return hdus_[at_ = at];
  }
  if (hdus_.size() < most) {
    at_ = hdus_.size();
    hdus_.emplace_back();
  } else {
    at_ = at_ + 1 < hdus_.size() ? at_ + 1 : 0;
  }
  hdus_[at_].check(place.cards, place.hdu);
  return hdus_[at_];
}

RememberedHdu& RememberedFile::hdu_like(const Place& place) {
  constexpr std::size_t kMost = 64;  // in a file
  return hdus[place.hdu].find(place, std::max<std::size_t>(1, kMost / hdus.size()));
}

std::size_t RememberedFile::size() const {
  std::size_t out = 0;
  for (const RememberedHdus& each : hdus) out += each.size();
  return out;
}

Memory::Use::Use(Memory& memory, bool keep) {
  if (!keep) return;
  Slot& slot = memory.slots_[std::hash<std::thread::id>()(std::this_thread::get_id()) % kSlots];
  lock_ = std::unique_lock(slot.mutex, std::try_to_lock);
  if (lock_) slot_ = &slot;
}

RememberedFile& Memory::Use::file_like(const FileCards& cards) {
  constexpr std::size_t kMost = 1000;  // HDUs, of all files
  const std::size_t count = cards.file().hdus.size();
  RememberedFile* file = &nothing_;
  if (slot_ != nullptr) cards.use(&slot_->matches);
  if (slot_ != nullptr && count <= kMost) {
    if (slot_->last != nullptr) {
      const std::size_t size = slot_->last->size();
      slot_->hdus += size - std::exchange(slot_->last->counted, size);
    }
    const auto is_last = [&] { return slot_->last != nullptr && !slot_->last->layouts.empty(); };
    if (is_last()) cards.expect(0, slot_->last->layouts[0]);
    const Layout* primary = cards.layout(0).get();
    if (!is_last() || slot_->last->layouts[0].get() != primary) {
      if (slot_->hdus + count > kMost) {
        slot_->last = nullptr;
        slot_->files.clear();
        slot_->hdus = 0;
      }
      slot_->last = &slot_->files[primary];
    }
    file = slot_->last;
    bool begun = false;
    for (std::size_t i = 1; i < std::min(count, file->layouts.size()); ++i) {
      const std::shared_ptr<const Layout>& layout = file->layouts[i];
      const bool like_last = i > 1 && layout == file->layouts[i - 1];
      if (like_last && !std::exchange(begun, true)) file->unlike.begin(layout);
      if (!like_last || !cards.expect_like_last(i, file->unlike)) cards.expect(i, layout);
    }
  }
  file->fit(cards);
  return *file;
}

void Memory::clear() {
  for (Slot& slot : slots_) {
    const std::lock_guard lock(slot.mutex);
    slot.last = nullptr;
    slot.files.clear();
    slot.hdus = 0;
    slot.matches = {};
  }
}

}  // namespace imreg::camera
