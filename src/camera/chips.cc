// Science CCDs: what is an image, what the table leaves out, which amplifiers belong together.
#include "camera/chips.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace imreg::camera {

namespace {

std::string own_text(const Hdu& hdu, const std::string& keyword) {
  const std::optional<std::string> text = hdu.header.text_of(keyword);
  return text ? std::string(trim(*text)) : std::string();
}

const HduRule* first_rule(const Chain& chain, std::vector<HduRule> Table::*rules, const Place& place) {
  for (const Table* table : chain) {
    for (const HduRule& rule : table->*rules) {
      if (holds(place, rule)) return &rule;
    }
  }
  return nullptr;
}

// The CCD that an HDU is an amplifier of, by this rule; empty when the rule does not speak of it.
std::string ccd_of(const AmpRule& rule, const Hdu& hdu) {
  // A compressed file has the name of the image in a second EXTNAME, so all cards of the keyword are tried.
  for (auto at = hdu.header.find(rule.keyword); at; at = hdu.header.find(rule.keyword, *at + 1)) {
    const std::string text(trim(hdu.header.value(*at).text));
    if (rule.kind == AmpRule::Kind::numbered) {
      if (const auto n = number_in(rule.pattern, text)) return std::to_string(*n / rule.per_ccd);
    } else if (rule.kind == AmpRule::Kind::named) {
      return text;
    } else if (matches(rule.globs, text)) {
      return "one";
    }
  }
  return {};
}

// Leaves of each CCD its first amplifier, when this rule speaks of all chips.
bool group_amplifiers(const AmpRule& rule, const FitsHeaders& file, std::vector<Chip>& chips) {
  std::map<std::string, std::set<std::string>> amps_of;
  std::vector<std::string> ccds;
  for (const Chip& chip : chips) {
    const Hdu& hdu = file.hdus[chip.hdu];
    const std::string ccd = ccd_of(rule, hdu);
    if (ccd.empty()) return false;
    ccds.push_back(ccd);
    if (rule.kind == AmpRule::Kind::named) {
      // The same amplifier twice is two exposures of a CCD and not two halves of it.
      const std::string amp = own_text(hdu, rule.amp_keyword);
      if (amp.empty() || !amps_of[ccd].insert(amp).second) return false;
    }
  }
  std::vector<Chip> out;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < chips.size(); ++i) {
    if (seen.insert(ccds[i]).second) out.push_back(chips[i]);
  }
  chips = std::move(out);
  return true;
}

std::string reason(const FitsHeaders& file) {
  bool groups = false, flat = false, zero = false, table = false, skipped = false;
  for (const Hdu& hdu : file.hdus) {
    groups = groups || hdu.kind == HduKind::groups;
    table = table || hdu.kind == HduKind::table;
    zero = zero || (hdu.kind == HduKind::empty && !hdu.axes.empty());
    flat = flat || (hdu.is_image() && hdu.axes.size() < 2);
    skipped = skipped || (hdu.is_image() && hdu.axes.size() >= 2);
  }
  if (groups) return "random groups (visibilities) and no image";
  if (skipped) return "only images that belong to other data (errors, quality, corrections)";
  if (zero) return "its image has no pixels (an axis of length 0)";
  if (flat) return "its data have one axis, which makes no image";
  if (table) return "only tables and no image";
  return "no HDU with pixels";
}

}  // namespace

Chips find_chips(const FitsHeaders& file, const Chain& chain) {
  Chips out;
  std::vector<Chip> masks;
  for (std::size_t i = 0; i < file.hdus.size(); ++i) {
    const Hdu& hdu = file.hdus[i];
    if (!hdu.is_image() || hdu.axes.size() < 2) continue;
    const Place place{file, i};
    if (first_rule(chain, &Table::skip, place) != nullptr) continue;
    Chip chip;
    chip.hdu = i;
    chip.in_extension = hdu.kind == HduKind::image && hdu.number > 0;
    for (std::size_t axis = 2; axis < hdu.axes.size(); ++axis) chip.planes *= std::max<std::int64_t>(1, hdu.axes[axis]);
    if (const HduRule* rule = first_rule(chain, &Table::mask, place)) {
      if (masks.empty()) {
        out.mask_keyword = rule->source.keyword;
        out.mask_hdu = hdu.number;
      }
      masks.push_back(chip);
    } else {
      out.chips.push_back(chip);
    }
  }
  if (out.chips.empty()) {
    out.chips = std::move(masks);
  } else {
    out.mask_keyword.clear();
  }
  if (out.chips.empty()) out.why_none = reason(file);
  if (out.chips.size() > 1) {
    bool grouped = false;
    for (const Table* table : chain) {
      for (const AmpRule& rule : table->amps) grouped = grouped || group_amplifiers(rule, file, out.chips);
    }
  }
  return out;
}

}  // namespace imreg::camera
