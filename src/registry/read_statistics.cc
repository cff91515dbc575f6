// Statistics as text: what imstats prints (a table under a line of names, or JSON lines), and the files of Elixir.
//
// Elixir's imstats wrote three files for an image, called after its outroot: NAME.stats has, for one CCD of a mosaic (outroot
// f/fNN or w/wNN), the sky and the bias; for a file with one image its CCD, sky and fwhm; for a cube a line for each slice and one
// for the whole: number, sky and fwhm. NAME.sdat has the stars, a line each: fwhm, flags, something, magnitude.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/json_object.h"
#include "base/name_text.h"
#include "base/text.h"
#include "image/elixir_fwhm.h"
#include "imreg/statistics.h"
#include "os/walk.h"

namespace imreg {

namespace {

using State = ImageStatistics::State;
using Value = ImageStatistics::Value;

constexpr double kMostImages = 32767, kMostSlices = 1e6;  // in a file
constexpr std::string_view kImageEndings[] = {".fits", ".fits.fz", ".fits.gz", ".fit", ".fts"};

Value measured(double value) {
  return std::abs(value) <= std::numeric_limits<float>::max() ? Value{State::measured, static_cast<float>(value)}
                                                              : Value{State::failed};
}
// Elixir has -1 for what failed; some programs print nan then.
Value of_elixir(double value) { return value == -1 ? Value{State::failed} : measured(value); }

bool numbers_of(std::string_view line, std::vector<double>& out) {
  out.clear();
  for (auto word : words(line)) {
    const bool is_number = parse_number(word, out.emplace_back());
    if (word.starts_with('-')) word.remove_prefix(1);
    if (!is_number && !equal_nocase(word, "nan") && !equal_nocase(word, "inf")) return false;
    if (!is_number) out.back() = std::numeric_limits<double>::quiet_NaN();
  }
  return true;
}

// Elixir's number of a CCD or slice: whole, from 0.
bool is_number_up_to(double value, double most) { return value >= 0 && value <= most && value == std::floor(value); }

std::string whole_path(const std::string& path) {
  return path.find('/') == std::string::npos || path[0] == '$' ? path : absolute_path(path);
}

class Lines {
 public:
  Lines(std::string_view text, const std::string& name, StatisticsText& out) : rest_(text), name_(name), out_(out) {}

  /// The next that is not empty.
  bool next(std::string_view& line) {
    while (!rest_.empty()) {
      const auto end = rest_.find('\n');
      line = rest_.substr(0, end);
      rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
      ++number_;
      if (!trim(line).empty()) return true;
    }
    return false;
  }
  std::string place() const { return name_ + ", line " + std::to_string(number_); }
  void fault(const std::string& what) {
    out_.faults.push_back(Status(Code::invalid, "line " + std::to_string(number_) + ": " + what).in_file(name_));
  }

 private:
  std::string_view rest_;
  const std::string& name_;
  StatisticsText& out_;
  int number_ = 0;
};

// What a line of imstats says: by the names of its members.
class Entry {
 public:
  explicit Entry(std::string place) { out_.place = std::move(place); }

  /// False: not one that is wanted, or it is what it shall be. The value is nothing where there was no number.
  std::string take(const std::string& name, std::optional<double> value) {
    for (auto& [known, statistic] : {std::pair{"bias", &out_.bias}, {"sky", &out_.sky}, {"fwhm", &out_.fwhm}}) {
      if (name == known) *statistic = value ? measured(*value) : Value{State::failed};
    }
    for (auto& [known, number] :
         {std::pair{"ccd", &out_.ccd}, {"extension", &out_.extension}, {"slice", &out_.slice}}) {
      if (name != known) continue;
      const bool is_slice = number == &out_.slice;
      const double least = is_slice ? 0 : -1, most = is_slice ? kMostSlices : kMostImages;
      if (!value || *value != std::floor(*value) || *value < least || *value > most)
        return name + " is no whole number from " + (is_slice ? "0 to 1000000" : "-1 to 32767");
      *number = static_cast<int>(*value);
    }
    if (name == "filesize" && value && *value > 0 && *value < 1e18) out_.file_size = static_cast<std::int64_t>(*value);
    if (name == "mtime" && value) out_.mtime = *value;
    return {};
  }
  ImageStatistics finish(const std::string& file) {
    out_.path = whole_path(file);
    return std::move(out_);
  }

 private:
  ImageStatistics out_;
};

constexpr const char* kNumbers[] = {"ccd", "extension", "slice", "bias", "sky", "fwhm", "filesize", "mtime"};

bool is_statistic(const std::string& name) { return name == "bias" || name == "sky" || name == "fwhm"; }

std::string take_object(std::string_view line, const std::string& place, StatisticsText& out) {
  const auto object = JsonObject::parse(line);
  if (!object) return object.status().message();
  const auto file = object->text("file");
  if (!file || file->empty()) return "there is no member file";
  Entry entry(place);
  for (const std::string name : kNumbers) {
    if (!object->has(name) || object->text(name + "_state") == "none") continue;
    if ((name == "ccd" || name == "extension" || name == "slice") && object->is_null(name)) continue;
    const auto number = object->number(name);
    if (is_statistic(name) && !number && !object->is_null(name)) return name + " is no number, and not null";
    if (const std::string wrong = entry.take(name, number); !wrong.empty()) return wrong;
  }
  out.entries.push_back(entry.finish(*file));
  return {};
}

// Words of imstats, and of programs that print what they could not divide.
bool says_failure(std::string_view word) {
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  return word.empty() || word == "failed" || equal_nocase(word, "nan") || equal_nocase(word, "inf") ||
         equal_nocase(word, "infinity");
}

// A line of the table: the file is the last, with blanks in its name perhaps, and behind it why something failed.
std::string take_row(std::string_view line, const std::vector<std::string>& columns, const std::string& place,
                     StatisticsText& out) {
  const auto values = words(line);
  if (values.size() < columns.size())
    return "has " + counted(static_cast<long long>(values.size()), "word") + ", the line of names has " +
           std::to_string(columns.size());
  // Before imstats said "failed" of a quantity, a bar in a row of another state than ok was that, but for the bias.
  bool bar_failed = false, says_failed = false;
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
    const bool is_state = columns[i] == "state";
    bar_failed |= is_state && values[i] != "ok";
    says_failed |= !is_state && values[i] == "failed";
  }
  bar_failed &= !says_failed;
  Entry entry(place);
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
    double number = 0;
    const bool is_number = parse_number(values[i], number);
    // What was not there to be measured is no failure.
    if (values[i] == "-" && (!bar_failed || columns[i] == "bias" || columns[i] == "ccd")) continue;
    if (!is_number && is_statistic(columns[i]) && !says_failure(values[i]))
      return columns[i] + " is no number, and not - or failed: " + escaped_name(values[i]);
    const std::string wrong = entry.take(columns[i], is_number ? std::optional(number) : std::nullopt);
    if (!wrong.empty()) return wrong;
  }
  const char* const name = values[columns.size() - 1].data();
  std::string_view file = trim(line.substr(static_cast<std::size_t>(name - line.data())));
  if (const auto reason = file.rfind("  ("); reason != file.npos && file.ends_with(')'))
    file = trim(file.substr(0, reason));
  out.entries.push_back(entry.finish(unescaped_name(file)));
  return {};
}

// The parts of the path of a .stats file of Elixir: f/fNN.stats has the mosaic f and the CCD NN.
struct Outroot {
  std::string file, mosaic;
  int ccd = -1;  ///< -1: it is not told
};

Outroot outroot_of(std::string_view path) {
  Outroot out;
  const std::string stem = absolute_path(std::string(path.substr(0, path.size() - kElixirEnding.size())));
  out.file = name_of(stem);
  out.mosaic = name_of(stem.substr(0, stem.rfind('/')));
  long long ccd = 0;
  if (!out.mosaic.empty() && out.file.size() > out.mosaic.size() && out.file.starts_with(out.mosaic) &&
      parse_integer(out.file.substr(out.mosaic.size()), ccd) && ccd >= 0 && ccd <= kMostImages)
    out.ccd = static_cast<int>(ccd);
  return out;
}

void read_elixir(std::string_view text, const std::string& name, std::optional<std::string_view> sdat,
                 StatisticsText& out) {
  Lines lines(text, name, out);
  std::vector<std::vector<double>> rows;
  std::vector<std::string> places;
  for (std::string_view line; lines.next(line);) {
    std::vector<double> numbers;
    const bool all = numbers_of(line, numbers);
    const auto size = rows.empty() ? numbers.size() : rows[0].size();
    if (!all || numbers.size() != size || size < 2 || size > 3 ||
        (size == 3 && !is_number_up_to(numbers[0], kMostSlices - 1)))
      return lines.fault("neither \"sky bias\" nor \"number sky fwhm\"");
    rows.push_back(std::move(numbers));
    places.push_back(lines.place());
  }
  const bool one_ccd = rows[0].size() == 2;
  if (one_ccd && rows.size() > 1) return lines.fault("a second line; a file with sky and bias has one");
  if (!one_ccd && rows.size() == 1 && rows[0][0] > kMostImages)
    return lines.fault("the number of the CCD is beyond 32767");
  ImageStatistics image;
  image.path = absolute_path(name);
  if (one_ccd) image.ccd = outroot_of(image.path).ccd;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ImageStatistics entry = image;
    entry.place = places[i];
    if (one_ccd) {
      entry.sky = of_elixir(rows[i][0]);
      entry.bias = of_elixir(rows[i][1]);
      if (sdat) entry.fwhm = of_elixir(elixir_fwhm_of_text(*sdat));  // an empty one: no star was found
    } else {
      const auto number = static_cast<int>(rows[i][0]);
      entry.sky = of_elixir(rows[i][1]);
      entry.fwhm = of_elixir(rows[i][2]);
      // Slices are 0, 1, ...; the last line is about the whole cube, which is our slice 0.
      if (rows.size() == 1)
        entry.ccd = number;
      else
        entry.slice = i + 1 == rows.size() ? 0 : number + 1;
    }
    out.entries.push_back(std::move(entry));
  }
}

}  // namespace

bool tells_folder(const ImageStatistics& entry) {
  return entry.path.find('/') != entry.path.npos && !entry.path.ends_with(kElixirEnding);
}

bool is_image_name(std::string_view name) {
  return std::any_of(std::begin(kImageEndings), std::end(kImageEndings),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::vector<std::string> image_names(const ImageStatistics& entry) {
  if (!entry.path.ends_with(kElixirEnding)) return {name_of(entry.path)};
  const Outroot outroot = outroot_of(entry.path);
  const bool of_mosaic = outroot.ccd >= 0 && entry.bias.state != State::none;  // "sky bias", not "number sky fwhm"
  std::vector<std::string> out = {outroot.file + std::string(kImageEndings[0])};
  for (const auto ending : kImageEndings) {
    if (of_mosaic) out.push_back(outroot.mosaic + std::string(ending));
    if (ending != kImageEndings[0]) out.push_back(outroot.file + std::string(ending));
  }
  return out;
}

bool is_elixir_statistics(std::string_view text, const std::string& name) {
  if (!name.ends_with(kElixirEnding)) return false;
  std::vector<double> numbers;
  const auto first = trim(text).substr(0, trim(text).find('\n'));
  return numbers_of(first, numbers) && !numbers.empty();
}

StatisticsText read_statistics(std::string_view text, const std::string& name, std::optional<std::string_view> sdat) {
  StatisticsText out;
  if (is_elixir_statistics(text, name)) {
    read_elixir(text, name, sdat, out);
    return out;
  }
  // An image in their place, say: one line, not one for each of what pass for its lines.
  if (text.starts_with("SIMPLE  =") || text.find('\0') != text.npos) {
    out.faults.push_back(Status(Code::invalid, text.starts_with("SIMPLE  =")
                                                   ? "no statistics but a FITS file; imstats measures it"
                                                   : "no statistics: it is no text")
                             .in_file(name));
    return out;
  }
  Lines lines(text, name, out);
  std::vector<std::string> columns;
  for (std::string_view line; lines.next(line);) {
    const auto what = trim(line);
    std::string wrong;
    if (what[0] == '{') {
      wrong = take_object(what, lines.place(), out);
    } else if (what[0] == '#') {
      const auto names = words(what.substr(1));
      if (names.empty() || names.back() != "file") continue;
      columns.assign(names.begin(), names.end());
      std::replace(columns.begin(), columns.end(), std::string("ext"), std::string("extension"));
    } else if (columns.empty()) {
      wrong = "no statistics: neither a JSON object nor a row under a line \"# ccd ext ... file\"";
    } else {
      wrong = take_row(what, columns, lines.place(), out);
    }
    if (!wrong.empty()) lines.fault(wrong);
  }
  return out;
}

}  // namespace imreg
