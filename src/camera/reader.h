// From cards to values by the recipes of a table and of those that it refines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "camera/cards.h"
#include "camera/memory.h"
#include "camera/plan.h"
#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg::camera {

/// A card that a recipe found and did not use.
struct Loss {
  LostCard card;
  bool fault;  ///< the card says something, and it makes no sense
};

/// Reads the values of one image. A recipe that has no keyword, no sense or no sensible number gives way to the next.
/// Texts and numbers: reader.cc; times: read_time.cc; positions: read_position.cc.
class Reader {
 public:
  /// `split`: the file is one CCD of a mosaic, so its name may tell which. `losses`: filled when given.
  /// `aside`: what is remembered of the image, when somebody listens to the cards.
  Reader(const Chain& chain, const Plan& plan, const Place& place, bool split, std::vector<Loss>* losses = nullptr,
         RememberedAside* aside = nullptr)
      : chain_(chain), plan_(plan), place_(place), split_(split), losses_(losses), aside_(aside) {}

  Fact<std::string> text(Field field) const;
  /// "[1:2048,1:4096]", blanks taken out.
  Fact<std::string> section(Field field) const;
  Fact<double> number(Field field) const;
  Fact<int> ccd() const;
  /// Seconds since 1970 UTC; `exptime` for recipes of the middle or the end. `day_only`: whether the time of
  /// day is not known; the value is then midnight.
  Fact<double> time(Field field, std::optional<double> exptime, bool* day_only = nullptr) const;
  /// Holds the start of an exposure against every other recipe that gives it from other keywords. When one is more than
  /// a day away, the better one is kept and the doubt says so: the one that others agree with, then the one not
  /// after DATE, then the first.
  std::optional<Doubt> settle(Fact<double>& obstime, std::optional<double> exptime, bool& day_only) const;
  /// ICRS, degrees; `obstime` for coordinates of date.
  void position(Fact<double>& ra, Fact<double>& dec, std::optional<double> obstime) const;
  /// The centre of this HDU's image by its WCS alone.
  void centre(Fact<double>& ra, Fact<double>& dec) const;

  /// The first card that a field without value cannot be known by: it says something and makes no sense.
  /// `kind`: "obstime is not known". For fields of number(), time() and position().
  std::optional<Doubt> doubt(Field field, const std::string& kind) const;

 private:
  template <class Use>
  bool each_recipe(Field field, Use use) const;
  const std::vector<const Recipe*>& recipes_of(Field field) const;
  bool applies(const Recipe& recipe) const;
  std::string_view refusal(Field field, const Recipe& recipe, const Source& source, std::string_view comment) const;
  bool usable(Field field, const Recipe& recipe, const Source& source, const CardView& value, std::size_t hdu) const;
  bool says_nothing(const Recipe& recipe, std::string_view text) const;
  bool in_range(Field field, double value) const;
  std::string range_text(Field field) const;
  std::optional<std::string> word(const std::string& list, std::string_view text) const;
  std::optional<std::string> text_of(const Recipe& recipe, const CardView& value, std::string& reason) const;
  Fact<std::string> joined(Field field, const Recipe& recipe) const;
  std::optional<double> raw_number(const Recipe& recipe, const CardView& value) const;
  std::optional<double> operand(Field field, const Recipe& recipe, const Source& source, Fact<double>& out,
                                bool& united) const;
  Fact<std::string> aside_text(Field field, Fact<std::string> RememberedAside::*fact) const;
  Fact<double> header_equinox() const;
  Fact<double> computed(Field field, const Recipe& recipe) const;
  Fact<double> measured(Field field, const Recipe& recipe) const;
  std::optional<TimeScale> time_scale() const;
  std::optional<double> zero_point(const Recipe& recipe) const;
  Fact<double> date_from(Field field, const Recipe& recipe, bool& day_only, std::optional<TimeScale>& written,
                         CardView& card) const;
  Fact<double> attempt(Field field, const Recipe& recipe, std::size_t at, std::optional<double> exptime,
                       bool& day_only) const;
  Fact<double> time_from(Field field, const Recipe& recipe, std::optional<double> exptime, bool& day_only) const;
  std::optional<double> coordinate(const Recipe& recipe, const CardView& card, bool is_ra,
                                   std::string_view& reason) const;
  std::optional<CardView> whole(const CardView& first, const std::vector<Source>& parts, std::size_t hdu,
                                std::string& text) const;
  double shift_by(const Source& source, std::size_t hdu) const;
  bool pointing(const Recipe& recipe, SkyPosition& out, std::string& keywords, int& hdu) const;
  bool by_wcs(char version, SkyPosition& icrs, std::string& keywords) const;
  Frame frame_of(std::optional<double> equinox) const;
  bool reference_point(SkyPosition& out, Frame& frame, std::string& keywords) const;
  void lost(Field field, const Recipe& recipe, const Source& source, const CardView& value, std::size_t hdu,
            std::string_view reason, bool fault) const;
  int number_of_hdu(std::size_t index) const { return place_.cards.file().hdus[index].number; }

  const Chain& chain_;
  const Plan& plan_;
  Place place_;
  bool split_;
  std::vector<Loss>* losses_;
  RememberedAside* aside_;
  mutable Answers verified_ = 0;      // the fields whose refusals hold here
  mutable Barren* barren_ = nullptr;  // of obstime, when it holds here
};

// Calls `use` for every recipe whose conditions hold, the refining table first, until one is accepted.
template <class Use>
bool Reader::each_recipe(Field field, Use use) const {
  for (const Recipe* recipe : recipes_of(field)) {
    if (applies(*recipe) && use(*recipe)) return true;
  }
  return false;
}

}  // namespace imreg::camera
