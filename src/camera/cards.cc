// Conditions on cards.
#include "camera/cards.h"

#include "base/text.h"

namespace imreg::camera {

namespace {

bool found(const Place& place, const Source& source, const Globs& globs) {
  return each_card(place, source, [&](const CardValue& value, const Header&, int) { return matches(globs, trim(value.text)); });
}

}  // namespace

bool holds(const Place& place, const Condition& condition) {
  return found(place, condition.source, condition.globs) == condition.wanted;
}

bool holds(const Place& place, const HduRule& rule) { return found(place, rule.source, rule.globs); }

}  // namespace imreg::camera
