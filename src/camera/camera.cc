// Turning the headers of a file into facts: the table, the chips, the rows.
#include "imreg/camera.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "camera/catalog.h"
#include "camera/chips.h"
#include "camera/reader.h"

namespace imreg {

using namespace camera;

namespace {

constexpr const char* kGeneric = "generic";
constexpr long long kMaxSlices = 1000;

template <class T>
T first_of(const Chain& chain, std::optional<T> Table::*member, T otherwise) {
  for (const Table* table : chain) {
    if (table->*member) return *(table->*member);
  }
  return otherwise;
}

// Skipped, a mask, or an image.
void judge(const Place& place, bool keep, RememberedHdu& hdu) {
  Asking asking(hdu, place, keep);
  if (asking.needs(kSkip)) hdu.skip = first_rule(hdu.plan->skip, place) != nullptr;
  if (asking.needs(kMask)) hdu.mask = hdu.skip ? nullptr : first_rule(hdu.plan->mask, place);
  asking.done(kSkip | (hdu.skip ? 0 : kMask));
}

// Whether it is one CCD of a mosaic. To be judged before.
bool is_split(const Place& place, bool keep, RememberedHdu& hdu) {
  Asking asking(hdu, place, keep);
  if (asking.needs(kSplit)) hdu.split = first_rule(hdu.plan->split, place) != nullptr;
  asking.done(kSplit);
  return hdu.split;
}

// Name and number of its chip. To be judged before.
void read_chip(const Reader& reader, const Place& place, bool keep, RememberedHdu& hdu) {
  Asking asking(hdu, place, keep);
  if (asking.needs(answer_of(Field::chip))) hdu.chip = reader.text(Field::chip);
  if (asking.needs(answer_of(Field::ccd))) hdu.ccd = reader.ccd();
  asking.done(answer_of(Field::chip) | answer_of(Field::ccd));
}

// All else, but what depends on the other rows of the file.
void read_image(const Reader& reader, Asking& asking, RememberedImage& image) {
  ImageFacts& facts = image.facts;
  const auto text = [&](Field field, Fact<std::string>& fact) {
    if (asking.needs(answer_of(field))) fact = reader.text(field);
  };
  const auto number = [&](Field field, Fact<double>& fact) {
    if (asking.needs(answer_of(field))) fact = reader.number(field);
  };
  text(Field::instrument, facts.instrument);
  text(Field::object, facts.object);
  text(Field::type, facts.type);
  text(Field::filter, facts.filter);
  const std::optional<double> exptime = facts.exptime.value;
  number(Field::exptime, facts.exptime);
  if (facts.exptime.value != exptime) asking.reopen(answer_of(Field::obstime));
  if (asking.needs(answer_of(Field::obstime)))
    facts.obstime = reader.time(Field::obstime, facts.exptime.value, &facts.obstime_is_day);
  if (asking.needs(answer_of(Field::release))) facts.release = reader.time(Field::release, std::nullopt);
  if (image.plan->position_needs_time && image.position_time != facts.obstime.value)
    asking.reopen(answer_of(Field::position));
  if (asking.needs(answer_of(Field::position))) {
    facts.ra = facts.dec = {};
    reader.position(facts.ra, facts.dec, facts.obstime.value);
    image.position_time = facts.obstime.value;
  }
  number(Field::airmass, facts.airmass);
  number(Field::telfocus, facts.telfocus);
  number(Field::rotangle, facts.rotangle);
  number(Field::xprobe, facts.xprobe);
  number(Field::yprobe, facts.yprobe);
  number(Field::zprobe, facts.zprobe);
  number(Field::dettemp, facts.dettemp);
  for (int i = 0; i < 4; ++i)
    number(static_cast<Field>(static_cast<int>(Field::teltemp0) + i), facts.teltemp[static_cast<std::size_t>(i)]);
}

void explain(const Reader& reader, std::vector<Loss>& losses, ImageFacts& facts) {
  facts.datasec = reader.section(Field::datasec);
  facts.biassec = reader.section(Field::biassec);
  facts.trimsec = reader.section(Field::trimsec);
  facts.detsec = reader.section(Field::detsec);
  facts.pixscale = reader.number(Field::pixscale);
  reader.centre(facts.ccdra, facts.ccddec);
  for (Loss& loss : losses) facts.lost.push_back(std::move(loss.card));
}

void warn_once(FileFacts& file, const std::string& warning) {
  if (std::find(file.warnings.begin(), file.warnings.end(), warning) == file.warnings.end())
    file.warnings.push_back(warning);
}

// One doubt of a kind speaks for all images of the file.
void doubt_once(FileFacts& file, Doubt doubt) {
  constexpr std::size_t kMost = 1000;  // nobody reads so many, and each is held against all
  if (file.doubts.size() < kMost && std::none_of(file.doubts.begin(), file.doubts.end(), [&](const Doubt& d) {
        return d.kind == doubt.kind && d.cause == doubt.cause;
      }))
    file.doubts.push_back(std::move(doubt));
}

// A field that stays unknown although a keyword for it is there and says something. Only fields that every image of the
// sky has: others hold words in good headers ("Prime" as focus), and a telescope parked for its biases has
// a declination of "+90:03:04".
void doubt_unknown(FileFacts& file, const Reader& reader, Asking& asking, const ImageFacts& facts) {
  const auto doubt = [&](Field field, const char* what) {
    std::optional<Doubt> found = reader.doubt(field, what);
    if (!found) return false;
    doubt_once(file, *std::move(found));
    asking.must_be_said(answer_of(field));
    return true;
  };
  const auto check = [&](const Fact<double>& fact, Field field, const char* what, bool again = false) {
    if (!fact.value && (asking.needs(answer_of(field)) || again)) doubt(field, what);
  };
  if (facts.obstime_is_day) {
    constexpr const char* kDayOnly = "only the day of the observation is known, not the time";
    asking.must_be_said(answer_of(Field::obstime));
    if (asking.needs(answer_of(Field::obstime)) && !doubt(Field::obstime, kDayOnly)) warn_once(file, kDayOnly);
  }
  check(facts.obstime, Field::obstime, "obstime is not known");
  check(facts.exptime, Field::exptime, "exptime is not known");
  if (facts.type.value.value_or("object") != "object") return;
  const bool was_other = asking.is_open(answer_of(Field::type));
  check(facts.ra, Field::position, "ra and dec are not known", was_other);
  check(facts.airmass, Field::airmass, "airmass is not known", was_other);
}

}  // namespace

// The table of a file and those that it refines, into what is remembered.
Status Cameras::Tables::find_chain(const std::string& wanted, const FileCards& cards, bool keep, RememberedFile& last,
                                   FileFacts& out) const {
  if (wanted.empty()) {
    const Place place{cards, 0};
    std::string_view card;  // the extensions of a mosaic change alike
    bool found = false;
    const auto no_rule = [&](std::size_t hdu, std::size_t number) {
      const std::string_view other = cards.file().hdus[hdu].header.card(number);
      if (other != card) found = chooser->finds_rules(cards, hdu, number);
      card = other;
      return !found;
    };
    last.choice.known = last.choice.trace.still(last.choice.known, cards.file(), 0, Chooser::kNoRule, no_rule);
    Asking asking(last.choice, place, keep, true);
    if (asking.needs(kAllAnswers)) {
      asking.reopen(kAllAnswers);
      const Chooser::Choice choice = chooser->choose(cards);
      last.chosen = choice.table == nullptr ? kGeneric : choice.table->name;
      if (choice.rival != nullptr) {
        asking.must_be_said(kAllAnswers);
        const std::string pair = choice.table->name + " and " + choice.rival->name;
        doubt_once(out, {"two camera tables apply equally", pair,
                         "the camera tables " + pair + " apply equally; " + choice.table->name +
                             " is taken: give one of them a further condition"});
      }
      asking.done(kAllAnswers);
    }
  }
  const std::string& name = wanted.empty() ? last.chosen : wanted;
  if (name == last.camera) return {};
  IMREG_ASSIGN(Chain chain, chain_of(name));
  last.change_camera(name, std::move(chain));
  return {};
}

Result<FileFacts> Cameras::translate(const std::string& path, const FitsHeaders& headers,
                                     const Options& options) const {
  FileFacts out;
  if (headers.hdus.empty()) {
    out.why_none = "no HDU";
    return out;
  }
  Memory::Use memory(tables_->memory, !options.explain);
  const bool keep = memory.keeps();
  const FileCards cards(headers, path, tables_->layouts);
  RememberedFile& last = memory.file_like(cards);
  if (Status status = tables_->find_chain(options.camera, cards, keep, last, out); !status.ok()) {
    const std::string near = nearest_names(options.camera, names());
    if (status.code() != Code::not_found || near.empty()) return status;
    return Status(Code::not_found, status.message() + "; did you mean " + near + "?");
  }
  const Chain& chain = last.chain;
  out.camera = last.camera;
  const Table& chosen = *chain[chain.front() == &tables_->configuration ? 1 : 0];
  const Chips found = find_chips(cards, chain, [&](const Place& place) -> const RememberedHdu& {
    RememberedHdu& hdu = last.hdu_like(place);
    if (!hdu.plan) hdu.plan = tables_->plans.plan_of(chain, chosen, place);
    judge(place, keep, hdu);
    return hdu;
  });
  out.why_none = found.why_none;
  const long long max_slices = first_of(chain, &Table::slices, kMaxSlices);
  out.ccds = static_cast<int>(first_of(chain, &Table::ccds, 0));
  if (options.explain) {
    const auto with =
        std::find_if(chain.begin(), chain.end(), [](const Table* table) { return !table->layout.empty(); });
    if (with != chain.end()) out.layout = (*with)->layout;
  }
  const bool lone = found.chips.size() == 1 && !found.chips[0].in_extension;

  out.images.reserve(found.chips.size());
  for (std::size_t i = 0; i < found.chips.size(); ++i) {
    const Chip& chip = found.chips[i];
    const Place place{cards, chip.hdu};
    RememberedHdu& hdu = last.hdus[chip.hdu].found();
    if (hdu.image == nullptr) hdu.image = &last.image_of(hdu.plan);
    RememberedImage& image = *hdu.image;
    if (!keep) image.facts = {};
    const bool split = lone && (options.split || is_split(place, keep, hdu));
    std::vector<Loss> losses;
    const Reader reader(chain, *hdu.plan, place, split, options.explain ? &losses : nullptr,
                        keep ? &image.aside : nullptr);
    read_chip(reader, place, keep, hdu);
    {
      image.check_file(cards, chip.hdu, last.files);
      image.renumber(place.own().number);
      Asking asking(image, place, keep);
      read_image(reader, asking, image);
      if (options.explain) explain(reader, losses, image.facts);
      if (asking.needs(answer_of(Field::obstime))) {
        ImageFacts& facts = image.facts;
        std::optional<Doubt> against = reader.settle(facts.obstime, facts.exptime.value, facts.obstime_is_day);
        if (against) asking.must_be_said(answer_of(Field::obstime));
        if (against) doubt_once(out, *std::move(against));
      }
      if (asking.needs(answer_of(Field::filter)) && !name_filter(out, image.facts))
        asking.must_be_said(answer_of(Field::filter));
      doubt_unknown(out, reader, asking, image.facts);
      asking.done(kAllAnswers);
    }
    ImageFacts& facts = out.images.emplace_back(image.facts);
    facts.chip = hdu.chip;
    facts.ccd = hdu.ccd;
    facts.extension = headers.hdus[chip.hdu].number;
    facts.amplifiers = chip.amplifiers;
    facts.mode = split ? ImageMode::split : lone ? ImageMode::single : ImageMode::mef;
    if (!found.mask_keyword.empty()) facts.type = {"mask", found.mask_keyword, found.mask_hdu};
    if (chip.ccd.value) facts.ccd = chip.ccd;
    if (!facts.ccd.value && !split) facts.ccd = {static_cast<int>(i), "order of the HDUs", facts.extension};
    if (chip.planes > 1) facts.mode = ImageMode::cube;
    if (chip.planes <= 1 || chip.planes > max_slices) continue;
    ImageFacts slice = facts;
    slice.mode = ImageMode::slice;
    for (slice.slice = 1; slice.slice <= chip.planes; ++slice.slice) out.images.push_back(slice);
  }
  return out;
}

std::vector<std::string> Cameras::applying(const std::string& name, const std::string& path,
                                           const FitsHeaders& headers) const {
  std::vector<std::string> out;
  const auto it = tables_->entries.find(name);
  if (it == tables_->entries.end() || headers.hdus.empty()) return out;
  const FileCards cards(headers, path, tables_->layouts);
  for (const When& when : it->second->head.when) {
    if (holds({cards, 0}, when.all)) out.push_back(when.text);
  }
  return out;
}

// The registered name of the filter that the header names; false when no list knows it.
bool Cameras::name_filter(FileFacts& file, ImageFacts& image) const {
  image.physical_filter.clear();
  if (!image.filter.value) return true;
  image.physical_filter = *image.filter.value;
  if (const std::optional<std::string> name = canonical_filter(*image.filter.value)) {
    image.filter.value = name;
    return true;
  }
  doubt_once(file, {"filter is not in the filter list", image.physical_filter,
                    "filter '" + image.physical_filter + "' is not in the filter list"});
  return false;
}

std::optional<std::string> Cameras::canonical_filter(std::string_view name) const {
  return tables_->filters().canonical(name);
}

bool Cameras::same_filter(std::string_view stored, std::string_view wanted) const {
  stored = trim(stored);
  wanted = trim(wanted);
  if (equal_nocase(stored, wanted)) return true;
  const std::optional<std::string> a = canonical_filter(stored), b = canonical_filter(wanted);
  if (a && b && *a == *b) return true;
  const std::vector<std::string> groups = tables_->filters().groups(stored);
  return std::any_of(groups.begin(), groups.end(), [&](const std::string& word) { return equal_nocase(word, wanted); });
}

}  // namespace imreg
