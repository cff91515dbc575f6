// What was found for the last file like this one: same camera, same keywords in the same order in every HDU. Facts whose
// cards are the same again are taken over; which they are, trace.h tells. The CCDs of a mosaic repeat each other's
// keywords, so what is told of exposure and telescope is remembered once for all HDUs of a layout, and what tells the
// HDUs of a file apart (which they are, name and number of the chip) for each HDU: it is the same in the next exposure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "camera/plan.h"
#include "camera/trace.h"
#include "imreg/camera.h"

namespace imreg::camera {

/// Answers that were found, and the cards they were read from.
struct Remembered {
  Trace trace;
  Answers known = 0;
  /// Keeps those that hold for this HDU too.
  void check(const FileCards& cards, std::size_t hdu) {
    known = trace.still(known, cards.file(), hdu, 0, [](std::size_t, std::size_t) { return false; });
  }
  /// The same when those that are known hold for HDU `last` of this file.
  void check_again(const FileCards& cards, std::size_t hdu, std::size_t last) {
    const std::vector<std::uint32_t>* unlike = last < hdu ? cards.unlike(last, hdu) : nullptr;
    known = trace.still_again(known, cards.file(), hdu, unlike);
  }
};

/// Finding the answers that are not known, and noting the cards that they are read from.
class Asking {
 public:
  /// `whole_file`: answers about a file, all of whose layouts are those of the last.
  Asking(Remembered& memory, const Place& place, bool keep, bool whole_file = false)
      : memory_(memory), cards_(place.cards), keep_(keep), listener_{memory.trace, place.hdu, whole_file} {
    if (keep) cards_.listen(&listener_);
  }
  ~Asking() { cards_.listen(nullptr); }
  Asking(const Asking&) = delete;

  bool is_open(Answers answer) const { return (memory_.known & answer) != answer; }
  /// Whether this must be read, which is what follows.
  bool needs(Answers answer) {
    listener_.reading = answer;
    return is_open(answer);
  }
  /// What this depends on has changed.
  void reopen(Answers answer) {
    memory_.known &= ~answer;
    memory_.trace.forget(answer);
  }
  /// What must be said of every file that has it is not remembered.
  void must_be_said(Answers answer) { listener_.beyond |= answer; }
  /// These answers were read, or were known.
  void done(Answers answers) {
    if (keep_) memory_.known = (memory_.known | answers) & ~listener_.beyond;
  }

 private:
  Remembered& memory_;
  const FileCards& cards_;
  bool keep_;
  Listener listener_;
};

/// The recipes of a field that the comments of their cards leave: of a dozen for DATE-OBS nine want another comment. A
/// comment stays while the value changes, from exposure to exposure.
struct Refusals {
  struct Comment {
    bool own;  ///< of the image's HDU, else of the primary
    std::size_t card;
    std::string text;
  };
  bool asked = false;  ///< once before: they are found the second time
  bool known = false;
  std::vector<const Recipe*> open;
  std::vector<Comment> comments;  ///< of the cards that decide
};

/// The recipes of obstime that came to nothing, a bit for each, and the cards which that is known by: those of a date
/// without a time of day, for a night.
struct Barren : Remembered {
  std::vector<const Recipe*> recipes;
  Answers lost = 0;      ///< the last time: what they read is noted the second time
  Answers held = 0;      ///< at least once since then
  Answers hopeless = 0;  ///< that their cards stay is not to be expected
  /// Keeps those that come to nothing here too.
  void check_recipes(const std::vector<const Recipe*>& now, const Place& place);
};

/// What is read on the way to several answers: they then depend on the same cards.
struct RememberedAside : Remembered {
  Fact<std::string> timesys, frame;
  Fact<double> equinox;
  std::array<Refusals, kFieldCount> refusals;
  Barren barren;
  /// `fact`, found by `read` unless it is known; who listens to the cards hears of those that it was read from.
  template <class T, class Read>
  const Fact<T>& recall(Field field, Fact<T>& fact, const Place& place, Read read) {
    const Answers answer = answer_of(field);
    Listener* const outer = place.cards.listener();
    if ((known & answer) == 0) {
      Listener inner{trace, place.hdu};
      inner.reading = answer;
      place.cards.listen(&inner);
      fact = read();
      place.cards.listen(outer);
      known |= answer & ~inner.beyond;
    }
    if ((known & answer) == 0) outer->anything();
    trace.each(answer, place.hdu,
               [&](std::size_t hdu, std::size_t card) { outer->card(place.cards.file(), hdu, card); });
    return fact;
  }
};

/// The images of a file with one plan.
struct RememberedImage : Remembered {
  explicit RememberedImage(std::shared_ptr<const Plan> p) : plan(std::move(p)) {}
  std::shared_ptr<const Plan> plan;
  ImageFacts facts;
  int hdu = -1;                         ///< number of the HDU that they are of
  std::uint64_t file = 0;               ///< the last one that it was checked against, by RememberedFile::files
  std::size_t checked = 0;              ///< and the last HDU of it
  std::optional<double> position_time;  ///< the time that the position was found with
  RememberedAside aside;
  /// Keeps the answers that hold for this HDU of a file, the `count`-th.
  void check_file(const FileCards& cards, std::size_t own, std::uint64_t count);
  /// Facts of its own HDU become those of HDU `number`.
  void renumber(int number);
};

struct RememberedHdu : Remembered {
  std::shared_ptr<const Plan> plan;
  RememberedImage* image = nullptr;
  bool skip = false, split = false;
  const HduRule* mask = nullptr;  ///< the rule that makes it one
  Fact<std::string> chip;
  Fact<int> ccd;
};

/// The HDUs that came in the same place: files of one CCD each are the CCDs of a mosaic by turns.
class RememberedHdus {
 public:
  /// The one whose answers all hold for this file; else a new one, up to `most`; else one that keeps what holds.
  RememberedHdu& find(const Place& place, std::size_t most);
  /// The one found last.
  RememberedHdu& found() { return hdus_[at_]; }
  std::size_t size() const { return hdus_.size(); }

 private:
  std::vector<RememberedHdu> hdus_ = std::vector<RememberedHdu>(1);
  std::size_t at_ = 0;
};

struct RememberedFile {
  std::vector<std::shared_ptr<const Layout>> layouts;
  std::vector<int> numbers;  ///< of the HDUs
  Remembered choice;
  std::vector<std::size_t> likeness;  ///< of the HDUs that it was made for
  std::string chosen;                 ///< the camera
  std::string camera;                 ///< of the chain: the one chosen or one asked for; empty: none
  Chain chain;
  std::vector<RememberedHdus> hdus;
  Unlike unlike;
  std::uint64_t files = 0;  ///< how many there were
  std::size_t counted = 0;  ///< what size() was when it was last added to that of all files
  std::vector<std::unique_ptr<RememberedImage>> images;

  /// Makes it one of this file's layouts.
  void fit(const FileCards& cards);
  /// Another table: nothing but the layouts stays.
  void change_camera(std::string name, Chain its_chain);
  RememberedImage& image_of(const std::shared_ptr<const Plan>& plan);
  /// The HDU as it is remembered.
  RememberedHdu& hdu_like(const Place& place);
  std::size_t size() const;  ///< HDUs, with all that came in one place
};

/// One memory for each thread, more or less: a thread that finds its memory in use goes without.
class Memory {
  struct Slot;

 public:
  class Use {
   public:
    /// `keep`: whether to remember at all.
    Use(Memory& memory, bool keep);
    bool keeps() const { return slot_ != nullptr; }  ///< false: nothing is remembered
    /// What is remembered of the last file with the layouts of this one, HDU by HDU.
    RememberedFile& file_like(const FileCards& cards);

   private:
    std::unique_lock<std::mutex> lock_;
    Slot* slot_ = nullptr;
    RememberedFile nothing_;
  };
  /// When tables change.
  void clear();

 private:
  struct Slot {
    std::mutex mutex;
    std::unordered_map<const Layout*, RememberedFile> files;  // by the layout of the primary HDU
    RememberedFile* last = nullptr;
    MatchCache matches;
    std::size_t hdus = 0;  // of all files
  };
  static constexpr std::size_t kSlots = 16;
  Slot slots_[kSlots];
};

}  // namespace imreg::camera
