// Turning the headers of a file into facts: the table, the chips, the rows.
#include "imreg/camera.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "camera/catalog.h"
#include "camera/chips.h"
#include "camera/reader.h"

namespace imreg {

using namespace camera;

namespace {

constexpr const char* kGeneric = "generic";
constexpr long long kMaxSlices = 1000;

// "1616681p21" of "/data/1616681p21.fits.fz".
std::string stem_of(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  for (const char* suffix : {".gz", ".bz2", ".Z", ".fz", ".fits", ".fit", ".fts"}) {
    const std::string_view end = suffix;
    if (name.size() > end.size() && equal_nocase(std::string_view(name).substr(name.size() - end.size()), end)) {
      name.resize(name.size() - end.size());
    }
  }
  return name;
}

template <class T>
T first_of(const Chain& chain, std::optional<T> Table::*member, T otherwise) {
  for (const Table* table : chain) {
    if (table->*member) return *(table->*member);
  }
  return otherwise;
}

// All but what depends on the other rows of the file. Fields whose cards are those of the image that is remembered have
// its facts; those are put into `known`.
ImageFacts facts_of(const Reader& reader, const Remembered* last, const Place& place, bool& day_only,
                    std::bitset<kFieldCount>& known) {
  ImageFacts out;
  const auto get = [&](Field field, auto member, auto read) {
    if (last != nullptr && last->holds(field, place)) {
      out.*member = last->moved(last->facts.*member, place);
      known.set(index_of(field));
    } else {
      out.*member = read(field);
    }
  };
  const auto text = [&](Field field) { return reader.text(field); };
  const auto number = [&](Field field) { return reader.number(field); };
  get(Field::chip, &ImageFacts::chip, text);
  get(Field::ccd, &ImageFacts::ccd, [&](Field) { return reader.ccd(); });
  get(Field::instrument, &ImageFacts::instrument, text);
  get(Field::object, &ImageFacts::object, text);
  get(Field::type, &ImageFacts::type, text);
  get(Field::filter, &ImageFacts::filter, text);
  get(Field::exptime, &ImageFacts::exptime, number);
  get(Field::obstime, &ImageFacts::obstime,
      [&](Field field) { return reader.time(field, out.exptime.value, &day_only); });
  get(Field::release, &ImageFacts::release, [&](Field field) { return reader.time(field, std::nullopt); });
  if (last != nullptr && last->holds(Field::position, place)) {
    out.ra = last->moved(last->facts.ra, place);
    out.dec = last->moved(last->facts.dec, place);
    known.set(index_of(Field::position));
  } else {
    reader.position(out.ra, out.dec, out.obstime.value);
  }
  get(Field::airmass, &ImageFacts::airmass, number);
  get(Field::telfocus, &ImageFacts::telfocus, number);
  get(Field::rotangle, &ImageFacts::rotangle, number);
  get(Field::xprobe, &ImageFacts::xprobe, number);
  get(Field::yprobe, &ImageFacts::yprobe, number);
  get(Field::zprobe, &ImageFacts::zprobe, number);
  get(Field::dettemp, &ImageFacts::dettemp, number);
  for (int i = 0; i < 4; ++i) {
    const Field field = static_cast<Field>(static_cast<int>(Field::teltemp0) + i);
    if (last != nullptr && last->holds(field, place)) {
      out.teltemp[i] = last->moved(last->facts.teltemp[i], place);
      known.set(index_of(field));
    } else {
      out.teltemp[i] = reader.number(field);
    }
  }
  return out;
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
void doubt_unknown(FileFacts& file, const Reader& reader, const ImageFacts& facts, bool day_only) {
  const auto check = [&](const Fact<double>& fact, Field field, const char* what) {
    if (fact.value) return;
    if (std::optional<Doubt> doubt = reader.doubt(field, what)) doubt_once(file, *std::move(doubt));
  };
  if (day_only) {
    constexpr const char* kDayOnly = "only the day of the observation is known, not the time";
    if (std::optional<Doubt> doubt = reader.doubt(Field::obstime, kDayOnly))
      doubt_once(file, *std::move(doubt));
    else
      warn_once(file, kDayOnly);
  }
  check(facts.obstime, Field::obstime, "obstime is not known");
  check(facts.exptime, Field::exptime, "exptime is not known");
  if (facts.type.value.value_or("object") != "object") return;
  check(facts.ra, Field::position, "ra and dec are not known");
  check(facts.airmass, Field::airmass, "airmass is not known");
}

// A mosaic's CCDs differ in name, number and place only: the first of them serves all.
bool worth_remembering(const Plan& plan, const std::bitset<kFieldCount>& known) {
  constexpr std::size_t kFew = 4;
  std::size_t read = 0;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (plan.by_cards.test(i) && !plan.recipes[i].empty() && !known.test(i) && i < index_of(Field::datasec)) ++read;
  }
  return read > kFew;
}

}  // namespace

Result<FileFacts> Cameras::translate(const std::string& path, const FitsHeaders& headers,
                                     const Options& options) const {
  FileFacts out;
  if (headers.hdus.empty()) {
    out.why_none = "no HDU";
    return out;
  }
  Memory::Use memory(tables_->memory);
  const FileCards cards(headers, stem_of(path), tables_->layouts, &memory.layouts());
  out.camera = options.camera;
  if (options.camera.empty()) {
    const Chooser::Choice choice = tables_->chooser->choose(cards);
    out.camera = choice.table == nullptr ? kGeneric : choice.table->name;
    if (choice.rival != nullptr) {
      const std::string pair = choice.table->name + " and " + choice.rival->name;
      doubt_once(out, {"two camera tables apply equally", pair,
                       "the camera tables " + pair + " apply equally; " + choice.table->name +
                           " is taken: give one of them a further condition"});
    }
  }
  Result<Chain> read = tables_->chain_of(out.camera);
  if (!read) {
    const std::string near = nearest_names(options.camera, names());
    if (read.status().code() != Code::not_found || near.empty()) return read.status();
    return Status(Code::not_found, read.status().message() + "; did you mean " + near + "?");
  }
  const Chain chain = *std::move(read);
  const Table& chosen = *chain[chain.front() == &tables_->configuration ? 1 : 0];
  const Chips found =
      find_chips(cards, chain, [&](const Place& place) { return tables_->plans.plan_of(chain, chosen, place); });
  out.why_none = found.why_none;
  const long long max_slices = first_of(chain, &Table::slices, kMaxSlices);
  const bool lone = found.chips.size() == 1 && !found.chips[0].in_extension;

  out.images.reserve(found.chips.size());
  for (std::size_t i = 0; i < found.chips.size(); ++i) {
    const Chip& chip = found.chips[i];
    const Place place{cards, chip.hdu};
    const bool split = lone && (options.split || any_rule(chip.plan->split, place));
    std::vector<Loss> losses;
    const Reader reader(chain, *chip.plan, place, split, options.explain ? &losses : nullptr);
    const Remembered* last = options.explain ? nullptr : memory.find(*chip.plan);
    std::bitset<kFieldCount> known;
    bool day_only = false;
    ImageFacts facts = facts_of(reader, last, place, day_only, known);
    if (options.explain) explain(reader, losses, facts);
    const bool time_known = known.test(index_of(Field::obstime)), filter_known = known.test(index_of(Field::filter));
    const std::optional<Doubt> against =
        time_known ? std::nullopt : reader.settle(facts.obstime, facts.exptime.value, day_only);
    if (against) doubt_once(out, *against);
    const bool in_list = filter_known || name_filter(out, facts);
    if (filter_known) facts.physical_filter = last->facts.physical_filter;
    doubt_unknown(out, reader, facts, day_only);
    if (!options.explain && worth_remembering(*chip.plan, known)) {
      // What must be said of every file that has it is not remembered.
      std::bitset<kFieldCount> plain = std::bitset<kFieldCount>().set();
      plain.set(index_of(Field::obstime), !against && !day_only);
      plain.set(index_of(Field::filter), in_list);
      memory.remember(chip.plan, place, facts, plain);
    }
    facts.extension = headers.hdus[chip.hdu].number;
    facts.mode = split ? ImageMode::split : lone ? ImageMode::single : ImageMode::mef;
    if (!found.mask_keyword.empty()) facts.type = {"mask", found.mask_keyword, found.mask_hdu};
    if (chip.ccd.value) facts.ccd = chip.ccd;
    if (!facts.ccd.value && !split) facts.ccd = {static_cast<int>(i), "order of the HDUs", facts.extension};
    if (chip.planes > 1) facts.mode = ImageMode::cube;
    const bool sliced = chip.planes > 1 && chip.planes <= max_slices;
    if (!sliced) {
      out.images.push_back(std::move(facts));
      continue;
    }
    out.images.push_back(facts);
    facts.mode = ImageMode::slice;
    for (facts.slice = 1; facts.slice <= chip.planes; ++facts.slice) out.images.push_back(facts);
  }
  memory.remember_layouts(cards);
  return out;
}

std::vector<std::string> Cameras::applying(const std::string& name, const std::string& path,
                                           const FitsHeaders& headers) const {
  std::vector<std::string> out;
  const auto it = tables_->entries.find(name);
  if (it == tables_->entries.end() || headers.hdus.empty()) return out;
  const FileCards cards(headers, stem_of(path), tables_->layouts);
  for (const When& when : it->second->head.when) {
    if (holds({cards, 0}, when.all)) out.push_back(when.text);
  }
  return out;
}

// The registered name of the filter that the header names; false when no list knows it.
bool Cameras::name_filter(FileFacts& file, ImageFacts& image) const {
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
