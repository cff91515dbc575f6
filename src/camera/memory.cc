#include "camera/memory.h"

#include <algorithm>
#include <functional>

namespace imreg::camera {

void RememberedFile::fit(const FileCards& cards) {
  const std::vector<Hdu>& all = cards.file().hdus;
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
  if (!same) choice = {};
}

void RememberedFile::change_camera(std::string name, Chain its_chain) {
  camera.clear();
  hdus.clear();
  hdus.resize(layouts.size());
  images.clear();
  chain = std::move(its_chain);
  camera = std::move(name);
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
    for (std::size_t i = 1; i < std::min(count, file->layouts.size()); ++i) cards.expect(i, file->layouts[i]);
    slot_->hdus += count - std::min(count, file->layouts.size());
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
