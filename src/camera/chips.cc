// Science CCDs: what is an image, what the table leaves out, which amplifiers belong together.
#include "camera/chips.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace imreg::camera {

namespace {

// The CCD that an HDU is an amplifier of, by this rule; empty when the rule does not speak of it.
std::string ccd_of(const AmpRule& rule, const Place& place) {
  std::string out;
  // A compressed file has the name of the image in a second EXTNAME, so all cards of the keyword are tried.
  each_card(place, rule.ccd, [&](const CardView& value, std::size_t) {
    const std::string_view text = trim(value.text);
    if (rule.kind == AmpRule::Kind::numbered) {
      long long n = 0;
      if (parse_integer(captured(rule.pattern, text).value_or(""), n)) out = std::to_string(n / rule.per_ccd);
    } else if (rule.kind == AmpRule::Kind::named) {
      out = text;
    } else if (place.cards.matches(rule.globs, text)) {
      out = "one";
    }
    return !out.empty();
  });
  return out;
}

// Leaves of each CCD its first amplifier, when this rule speaks of all chips.
bool group_amplifiers(const AmpRule& rule, const FileCards& cards, std::vector<Chip>& chips) {
  if (rule.kind == AmpRule::Kind::named && !cards.layout(chips.front().hdu)->has(rule.amp.key)) return false;
  if (ccd_of(rule, Place{cards, chips.front().hdu}).empty()) return false;
  std::map<std::string, std::set<std::string>> amps_of;
  std::vector<std::string> ccds;
  for (const Chip& chip : chips) {
    const std::string ccd = ccd_of(rule, Place{cards, chip.hdu});
    if (ccd.empty()) return false;
    ccds.push_back(ccd);
    if (rule.kind == AmpRule::Kind::named) {
      // The same amplifier twice is two exposures of a CCD and not two halves of it.
      const std::optional<CardView> amp = cards.get(chip.hdu, rule.amp.keyword);
      if (!amp || amp->text.empty() || !amps_of[ccd].insert(std::string(amp->text)).second) return false;
    }
  }
  std::vector<Chip> out;
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < chips.size(); ++i) {
    const auto [place, is_new] = seen.try_emplace(ccds[i], out.size());
    if (!is_new) {
      std::vector<int>& amplifiers = out[place->second].amplifiers;
      if (amplifiers.empty()) amplifiers.push_back(cards.file().hdus[out[place->second].hdu].number);
      amplifiers.push_back(cards.file().hdus[chips[i].hdu].number);
      continue;
    }
    out.push_back(chips[i]);
    long long number = 0;
    if (rule.kind == AmpRule::Kind::numbered && parse_integer(ccds[i], number) && number >= 0 && number < 32768) {
      out.back().ccd = {static_cast<int>(number), rule.ccd.keyword, cards.file().hdus[chips[i].hdu].number};
    }
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

const HduRule* first_rule(const std::vector<const HduRule*>& rules, const Place& place) {
  const auto at = std::find_if(rules.begin(), rules.end(), [&](const HduRule* rule) { return holds(place, *rule); });
  return at == rules.end() ? nullptr : *at;
}

Chips find_chips(const FileCards& cards, const Chain& chain, const Judge& judge) {
  const FitsHeaders& file = cards.file();
  Chips out;
  out.chips.reserve(file.hdus.size());
  std::vector<Chip> masks;
  for (std::size_t i = 0; i < file.hdus.size(); ++i) {
    const Hdu& hdu = file.hdus[i];
    if (!hdu.is_image() || hdu.axes.size() < 2) continue;
    const Place place{cards, i};
    Chip chip;
    chip.hdu = i;
    const RememberedHdu& judged = judge(place);
    if (judged.skip) continue;
    chip.in_extension = hdu.kind == HduKind::image && hdu.number > 0;
    for (std::size_t axis = 2; axis < hdu.axes.size(); ++axis) {
      // Far above any limit on slices, far below an overflow.
      chip.planes = std::min<std::int64_t>(1'000'000'000, chip.planes) *
                    std::clamp<std::int64_t>(hdu.axes[axis], 1, 1'000'000'000);
    }
    if (judged.mask != nullptr) {
      if (masks.empty()) {
        out.mask_keyword = judged.mask->front().source.keyword;
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
      for (const AmpRule& rule : table->amps) grouped = grouped || group_amplifiers(rule, cards, out.chips);
      if (table->forgets("amps")) break;
    }
  }
  return out;
}

}  // namespace imreg::camera
