// From cards to values by the recipes of a table and of those that it refines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "camera/cards.h"
#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg::camera {

/// A table, then the table that it refines, and so on.
using Chain = std::vector<const Table*>;

/// Reads the values of one image. A recipe that has no keyword, no sense or no sensible number gives way to the next.
class Reader {
 public:
  /// `stem`: the file name without folder and suffixes, for @name; empty when the name says nothing about the CCD.
  Reader(const Chain& chain, const Place& place, std::string stem)
      : chain_(chain), place_(place), stem_(std::move(stem)) {}

  Fact<std::string> text(Field field) const;
  Fact<double> number(Field field) const;
  Fact<int> ccd() const;
  /// Seconds since 1970 UTC; `exptime` for recipes of the middle or the end. `day_only` is set when the time of
  /// day is not known.
  Fact<double> time(Field field, std::optional<double> exptime, bool* day_only = nullptr) const;
  /// ICRS, degrees.
  void position(Fact<double>& ra, Fact<double>& dec) const;

  /// What the headers hold for a field that has no value all the same (for obstime also: no time of day): the first keyword of its recipes with a text
  /// that says something and makes no sense ("DATE-OBS", ...). Nothing when they hold nothing. For fields of number(),
  /// time() and position(); `kind`: "obstime is not known".
  std::optional<Doubt> doubt(Field field, const std::string& kind) const;

  /// The word that a text means in a word list; nothing when it is in none of its lines.
  std::optional<std::string> word(const std::string& list, std::string_view text) const;

 private:
  template <class Use>
  bool each_recipe(Field field, Use use) const;
  bool applies(const Recipe& recipe) const;
  bool is_nothing(const Recipe& recipe, std::string_view text) const;
  bool is_nothing(const Recipe& recipe, const CardValue& value) const;
  std::string fault_of(Field field, const Recipe& recipe, const CardValue& value) const;
  std::optional<double> coordinate(const Recipe& recipe, const CardValue& card, bool is_ra) const;
  bool in_range(Field field, double value) const;
  std::optional<std::string> text_of(const Recipe& recipe, const CardValue& value) const;
  Fact<std::string> joined(const Recipe& recipe) const;
  std::optional<double> number_of(const Recipe& recipe, const CardValue& value) const;
  Fact<double> date_from(const Recipe& recipe, bool& day_only) const;
  bool pointing(const Recipe& recipe, SkyPosition& out, std::string& keywords, int& hdu) const;
  bool reference_point(const Recipe& recipe, SkyPosition& out, Frame& frame, std::string& keywords, int& hdu) const;
  TimeScale time_scale() const;
  int number_of_hdu(std::size_t index) const { return place_.cards.file().hdus[index].number; }

  const Chain& chain_;
  Place place_;
  std::string stem_;
};

}  // namespace imreg::camera
