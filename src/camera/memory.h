// What the last image with the same plan gave: an image whose cards for a field are those of the last, byte for byte, has
// the same fact. The CCDs of a mosaic repeat their primary's keywords, and the exposures of a night their instrument's.
#pragma once

#include <bitset>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "camera/cards.h"
#include "camera/plan.h"
#include "imreg/camera.h"

namespace imreg::camera {

struct Remembered {
  std::shared_ptr<const Plan> plan;
  std::string cards;  // of each field in turn, as Plan::cards lists them
  std::bitset<kFieldCount> fields;
  ImageFacts facts;
  int hdu = 0;  // of the image

  /// Whether the cards of a field are those of the image that is remembered.
  bool holds(Field field, const Place& place) const;
  /// A fact of the image that is remembered, as one of the image at `place`.
  template <class T>
  Fact<T> moved(const Fact<T>& fact, const Place& place) const {
    Fact<T> out = fact;
    if (hdu != 0 && out.hdu == hdu) out.hdu = place.own().number;
    return out;
  }
};

/// One memory for each thread, more or less: a thread that finds its memory in use goes without.
class Memory {
  struct Slot;

 public:
  class Use {
   public:
    explicit Use(Memory& memory);
    /// The layouts of the last file's HDUs.
    const std::vector<std::shared_ptr<const Layout>>& layouts() const;
    void remember_layouts(const FileCards& cards);
    /// What is remembered of this plan; null: nothing.
    const Remembered* find(const Plan& plan) const;
    /// `fields`: those that depend on nothing but their cards.
    void remember(const std::shared_ptr<const Plan>& plan, const Place& place, const ImageFacts& facts,
                  const std::bitset<kFieldCount>& fields);

   private:
    std::unique_lock<std::mutex> lock_;
    Slot* slot_ = nullptr;
  };
  /// When tables change.
  void clear();

 private:
  struct Slot {
    std::mutex mutex;
    std::map<const Plan*, Remembered> images;
    std::vector<std::shared_ptr<const Layout>> layouts;
  };
  static constexpr std::size_t kSlots = 16;
  Slot slots_[kSlots];
};

}  // namespace imreg::camera
