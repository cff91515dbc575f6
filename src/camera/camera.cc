// The tables of all cameras: loading them, choosing one for a file, and turning its headers into facts.
#include "imreg/camera.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/embedded.h"
#include "base/text.h"
#include "camera/chips.h"
#include "camera/table.h"
#include "camera/values.h"
#include "os/file.h"

namespace imreg {

using namespace camera;

struct Cameras::Tables {
  std::map<std::string, Table, std::less<>> tables;
  FilterList filters;

  Status add(const std::string& name, std::string_view text);
  Status check() const;
  Chain chain_of(const Table& table) const;
  const Table* choose(const FileCards& cards) const;
};

namespace {

constexpr const char* kGeneric = "generic";
constexpr long long kMaxSlices = 1000;

Result<std::string> text_of_table(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  const int reason = errno;
  std::error_code error;
  const bool folder = std::filesystem::is_directory(path, error);
  if (!in || folder) {
    return Status(Code::not_found, "the camera table cannot be read: " + error_text(folder ? EISDIR : reason))
        .in_file(path.string());
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

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

bool is_split(const Chain& chain, const Place& place) {
  return std::any_of(chain.begin(), chain.end(), [&](const Table* table) {
    return std::any_of(table->split.begin(), table->split.end(),
                       [&](const HduRule& rule) { return holds(place, rule); });
  });
}

// All but what depends on the other rows of the file.
ImageFacts facts_of(const Reader& reader, bool& day_only) {
  ImageFacts out;
  out.chip = reader.text(Field::chip);
  out.ccd = reader.ccd();
  out.instrument = reader.text(Field::instrument);
  out.object = reader.text(Field::object);
  out.type = reader.text(Field::type);
  out.filter = reader.text(Field::filter);
  out.exptime = reader.number(Field::exptime);
  out.obstime = reader.time(Field::obstime, out.exptime.value, &day_only);
  out.release = reader.time(Field::release, std::nullopt);
  reader.position(out.ra, out.dec);
  out.airmass = reader.number(Field::airmass);
  out.telfocus = reader.number(Field::telfocus);
  out.rotangle = reader.number(Field::rotangle);
  out.xprobe = reader.number(Field::xprobe);
  out.yprobe = reader.number(Field::yprobe);
  out.zprobe = reader.number(Field::zprobe);
  out.dettemp = reader.number(Field::dettemp);
  for (int i = 0; i < 4; ++i) {
    out.teltemp[i] = reader.number(static_cast<Field>(static_cast<int>(Field::teltemp0) + i));
  }
  return out;
}

void warn_once(FileFacts& file, const std::string& warning) {
  if (std::find(file.warnings.begin(), file.warnings.end(), warning) == file.warnings.end())
    file.warnings.push_back(warning);
}

// One doubt of a kind speaks for all images of the file.
void doubt_once(FileFacts& file, Doubt doubt) {
  if (std::none_of(file.doubts.begin(), file.doubts.end(),
                   [&](const Doubt& d) { return d.kind == doubt.kind && d.cause == doubt.cause; }))
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

}  // namespace

Status Cameras::Tables::add(const std::string& name, std::string_view text) {
  if (name.ends_with(".list")) return filters.add(text, name);
  IMREG_ASSIGN(Table table, parse_table(text, name));
  tables.insert_or_assign(table.name, std::move(table));
  return {};
}

// Every table refines one that exists, without a circle; every word list that is used is there.
Status Cameras::Tables::check() const {
  for (const auto& [name, table] : tables) {
    const auto error = [&t = table](int line, const std::string& what) {
      return Status(Code::invalid, "line " + std::to_string(line) + ": " + what).in_file(t.file);
    };
    Chain chain;
    for (const Table* at = &table; at != nullptr;) {
      if (std::find(chain.begin(), chain.end(), at) != chain.end()) {
        return error(table.like_line, "camera " + name + " refines itself by way of " + table.like);
      }
      chain.push_back(at);
      if (at->like.empty()) break;
      const auto it = tables.find(at->like);
      if (it == tables.end()) return error(at->like_line, "there is no camera '" + at->like + "' to refine");
      at = &it->second;
    }
    for (const auto& recipes : table.recipes) {
      for (const Recipe& recipe : recipes) {
        const bool known = recipe.words.empty() || std::any_of(chain.begin(), chain.end(), [&](const Table* t) {
                             return std::any_of(t->words.begin(), t->words.end(),
                                                [&](const Word& word) { return word.list == recipe.words; });
                           });
        if (!known) return error(recipe.line, "there is no word list '" + recipe.words + "'");
      }
    }
  }
  return {};
}

Chain Cameras::Tables::chain_of(const Table& table) const {
  Chain chain{&table};
  while (!chain.back()->like.empty()) chain.push_back(&tables.find(chain.back()->like)->second);
  return chain;
}

// The most special table that applies: the longest chain of refinements, then the most conditions.
const Table* Cameras::Tables::choose(const FileCards& cards) const {
  const Table* best = nullptr;
  std::size_t best_rank = 0;
  const Place place{cards, 0};
  for (const auto& [name, table] : tables) {
    for (const std::vector<Condition>& all : table.when) {
      const std::size_t rank = 1000 * chain_of(table).size() + all.size();
      if (rank <= best_rank) continue;
      if (std::all_of(all.begin(), all.end(), [&](const Condition& c) { return holds(place, c); })) {
        best = &table;
        best_rank = rank;
      }
    }
  }
  if (best != nullptr) return best;
  const auto generic = tables.find(kGeneric);
  return generic == tables.end() ? nullptr : &generic->second;
}

Cameras::Cameras(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
Cameras::Cameras(Cameras&&) noexcept = default;
Cameras& Cameras::operator=(Cameras&&) noexcept = default;
Cameras::~Cameras() = default;

Result<Cameras> Cameras::load(const std::vector<std::string>& folders) {
  auto tables = std::make_unique<Tables>();
  for (const EmbeddedFile& file : embedded_cameras()) IMREG_TRY(tables->add(std::string(file.name), file.text));
  for (const std::string& folder : folders) {
    std::error_code error;
    std::vector<std::filesystem::path> paths;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".cam" || it->path().extension() == ".list") paths.push_back(it->path());
    }
    std::sort(paths.begin(), paths.end());
    for (const std::filesystem::path& path : paths) {
      IMREG_ASSIGN(const std::string text, text_of_table(path));
      IMREG_TRY(tables->add(path.string(), text));
    }
  }
  IMREG_TRY(tables->check());
  return Cameras(std::move(tables));
}

Result<std::string> Cameras::add_file(const std::string& path) {
  IMREG_ASSIGN(const std::string text, text_of_table(path));
  IMREG_ASSIGN(Table table, parse_table(text, path));
  const std::string name = table.name;
  // A table with a mistake must not stay.
  Tables trial = *tables_;
  trial.tables.insert_or_assign(name, std::move(table));
  IMREG_TRY(trial.check());
  *tables_ = std::move(trial);
  return name;
}

std::vector<std::string> Cameras::names() const {
  std::vector<std::string> out;
  for (const auto& [name, table] : tables_->tables) out.push_back(name);
  return out;
}

Result<FileFacts> Cameras::translate(const std::string& path, const FitsHeaders& headers,
                                     const Options& options) const {
  FileFacts out;
  if (headers.hdus.empty()) {
    out.why_none = "no HDU";
    return out;
  }
  const FileCards cards(headers);
  const Table* table = nullptr;
  if (options.camera.empty()) {
    table = tables_->choose(cards);
  } else if (const auto it = tables_->tables.find(options.camera); it != tables_->tables.end()) {
    table = &it->second;
  }
  if (table == nullptr) {
    const std::string near = nearest_names(options.camera, names());
    return Status(Code::not_found, "there is no camera table '" + options.camera + "'" +
                                       (near.empty() ? "" : "; did you mean " + near + "?"));
  }
  out.camera = table->name;
  const Chain chain = tables_->chain_of(*table);
  const Chips found = find_chips(cards, chain);
  out.why_none = found.why_none;
  const long long max_slices = first_of(chain, &Table::slices, kMaxSlices);
  const bool lone = found.chips.size() == 1 && !found.chips[0].in_extension;

  for (std::size_t i = 0; i < found.chips.size(); ++i) {
    const Chip& chip = found.chips[i];
    const Place place{cards, chip.hdu};
    const bool split = lone && (options.split || is_split(chain, place));
    const Reader reader(chain, place, split ? stem_of(path) : std::string());
    bool day_only = false;
    ImageFacts facts = facts_of(reader, day_only);
    facts.extension = headers.hdus[chip.hdu].number;
    facts.mode = split ? ImageMode::split : lone ? ImageMode::single : ImageMode::mef;
    if (!found.mask_keyword.empty()) facts.type = {"mask", found.mask_keyword, found.mask_hdu};
    if (chip.ccd.value) facts.ccd = chip.ccd;
    if (!facts.ccd.value && !split) facts.ccd = {static_cast<int>(i), "order of the HDUs", facts.extension};
    doubt_unknown(out, reader, facts, day_only);
    if (facts.filter.value) {
      if (const std::optional<std::string> name = canonical_filter(*facts.filter.value)) {
        facts.filter.value = name;
      } else {
        doubt_once(out, {"filter is not in the filter list", *facts.filter.value,
                         "filter '" + *facts.filter.value + "' is not in the filter list"});
      }
    }
    if (chip.planes > 1) facts.mode = ImageMode::cube;
    out.images.push_back(facts);
    if (chip.planes > 1 && chip.planes <= max_slices) {
      facts.mode = ImageMode::slice;
      for (facts.slice = 1; facts.slice <= chip.planes; ++facts.slice) out.images.push_back(facts);
    }
  }
  return out;
}

std::optional<std::string> Cameras::canonical_filter(std::string_view name) const {
  return tables_->filters.canonical(name);
}

bool Cameras::same_filter(std::string_view stored, std::string_view wanted) const {
  stored = trim(stored);
  wanted = trim(wanted);
  if (equal_nocase(stored, wanted)) return true;
  const std::optional<std::string> a = canonical_filter(stored), b = canonical_filter(wanted);
  if (a && b && *a == *b) return true;
  const std::vector<std::string> groups = tables_->filters.groups(stored);
  return std::any_of(groups.begin(), groups.end(), [&](const std::string& word) { return equal_nocase(word, wanted); });
}

}  // namespace imreg
