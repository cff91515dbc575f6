// Fuzz target for what people type at imsearch: filters, -fields, -format, -tz, and the path roots beside a database. An
// input is X.db.roots and words, divided by a form feed; words end at line ends. A search runs over a few simulated rows.
#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "fuzz.h"
#include "imreg/registry.h"
#include "registry/path_roots.h"

namespace imreg::fuzz {
namespace {

constexpr std::int64_t kRows = 40;

const std::string& database() {
  static const std::string path = [] {
    std::string out = scratch_folder() + "/Imreg.db";
    require(simulate_rows(out, kRows, 7).ok(), "no database");
    return out;
  }();
  return path;
}

SearchOptions options_of(const std::vector<std::string_view>& lines) {
  SearchOptions out;
  out.database = database();
  out.dates.now = 1044631201.25;
  for (const auto line : lines) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string option(line.substr(0, blank)), rest(line.substr(std::min(blank + 1, line.size())));
    if (option == "fields") {
      for (const auto name : split(rest, ',')) out.emit.fields.emplace_back(trim(name));
    } else if (option == "format") {
      out.format = rest;
    } else if (option == "width") {
      out.emit.width = static_cast<int>(rest.size());
    } else if (option == "tz") {
      if (double zone = 0; parse_number(rest, zone) && zone >= -14 && zone <= 14) out.dates.tz_hours = zone;
      out.emit.tz_hours = out.dates.tz_hours;
    } else if (option == "treg") {
      out.emit.registration_time = true;
    } else if (option == "time" || option == "trange") {
      const std::size_t bar = std::min(rest.find('|'), rest.size());
      out.filters.push_back({option, {rest.substr(0, bar), rest.substr(std::min(bar + 1, rest.size()))}});
    } else if (option == "ccd" || option == "type" || option == "mode" || option == "filter" || option == "name") {
      out.filters.push_back({option, {rest}});
    }
  }
  return out;
}

void check_roots(const std::string& text) {
  spill(database() + ".roots", text);
  const auto roots = PathRoots::load(database());
  if (!roots) {
    require(roots.status().file() == database() + ".roots", "an error without a file", roots.status().text());
    spill(database() + ".roots", "");
    return;
  }
  for (const auto& root : roots->roots()) {
    const std::string path = root.prefix + "/x/y";
    const std::string shorter = roots->shorten(path);
    require(roots->expand(shorter) == path, "a path that does not come back", path);
  }
  for (const char* path : {"$", "$/", "$a", "/", "", "$a/b/c", "/data"}) (void)roots->shorten(roots->expand(path));
}

std::vector<std::string> seeds() {
  return {"\ffields filename, ccd,obstime,ra\nformat csv\ntype object\nccd !3",
          "A\t/data/night\nB\t/data\n\fformat json\ntrange 2001/01/27|1d\nfilter r\nname 6*\ntz 5.75",
          "\fformat table\nwidth xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nmode mef\ntime 980557202|-3M",
          "\ftreg\nfilter !g*\ntype !d\nccd ccd07\nformat row",
          "\fformat tsv\nfields crc,teltemp,quality,deleted,pathname"};
}

}  // namespace

const Target kTarget = {
    seeds,
    mutate_text,
    {"\n",   "fields ",  "format ", "json", "csv",    "tsv",        "table",   "row",     "width x", "tz -10",
     "treg", "time ",    "trange ", "|",    "ccd ",   "type ",      "mode ",   "filter ", "name ",   "!",
     "any",  "X",        "*",       "[",    "object", "2001/01/27", "1d",      "-3M",     "9999y",   "ccd99999999999",
     "\t/",  "A\t/data", "#",       "\f",   ",",      "obstime",    "teltemp", "filename"},
    1500};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const auto input = parts(std::string_view(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096)), 2);
  check_roots(input[0]);
  const auto options = options_of(split(input[1], '\n'));
  std::string out;
  const auto report = search(options, [&out](std::string_view text) {
    out += text;
    return true;
  });
  if (!report) {
    require(report.status().code() != Code::ok && !report.status().message().empty(), "an odd failure");
    return 0;
  }
  require(report->matched >= 0 && report->matched <= kRows && report->damaged.empty(), "rows that are not there");
  const auto lines = std::count(out.begin(), out.end(), '\n');
  const std::string format = to_lower(options.format);
  const int head = format == "csv" || format == "tsv" || format == "table" ? 1 : 0;
  require(lines >= report->matched && lines <= report->matched + head, "another number of lines", out);
  return 0;
}
