// Fuzz target for what people type at imsearch: filters, conditions, regions, order and amount, groups, calibrations, formats,
// and the path roots beside a database; and that counting agrees with printing, with and without the index. An input is X.db.roots and words, divided by a form feed; words end at line ends. A search runs over a few simulated rows.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "cli/options.h"
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

// How many words an option takes, those of one line divided by bars; what is missing is empty, as in a script.
std::size_t words_of(const std::string& option) {
  return option == "time" || option == "trange" ? 2 : option == "cone" ? 3 : option == "box" ? 4 : 1;
}

std::int64_t amount(const std::string& text) {
  long long out = 0;
  return parse_integer(text, out) && out >= 0 && out <= 1'000'000'000'000 ? out : 5;
}

SearchOptions options_of(const std::vector<std::string_view>& lines) {
  SearchOptions out;
  out.database = database();
  out.dates.now = 1044631201.25;
  out.jobs = 1;
  for (const auto line : lines) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string option(line.substr(0, blank)), rest(line.substr(std::min(blank + 1, line.size())));
    if (option == "fields") {
      out.emit.fields = cli::list_of_words(rest);
    } else if (option == "format") {
      out.format = rest;
    } else if (option == "width") {
      out.emit.width = static_cast<int>(rest.size());
      out.emit.ascii = rest.starts_with('a');
    } else if (option == "tz") {
      if (double zone = 0; parse_number(rest, zone) && zone >= -14 && zone <= 14) out.dates.tz_hours = zone;
      out.emit.tz_hours = out.dates.tz_hours;
    } else if (option == "treg") {
      out.emit.registration_time = true;
    } else if (option == "where") {
      out.where.push_back(rest);
    } else if (option == "sort") {
      out.sort = rest;
    } else if (option == "group") {
      out.group = rest;
    } else if (option == "limit") {
      out.limit = amount(rest);
    } else if (option == "last") {
      out.last = amount(rest);
    } else if (option == "offset") {
      out.offset = amount(rest);
    } else if (option == "unique") {
      out.unique = true;
    } else if (option == "count") {
      out.count = true;
    } else if (option == "explain") {
      out.explain = true;
    } else if (option == "noindex") {
      out.use_index = false;
    } else if (option == "near-to") {
      if (rest.find('/') == rest.npos) out.near_to = rest;  // no file of this machine
    } else if (option == "tolerance") {
      out.tolerance = rest;
    } else if (option == "days") {
      out.days = static_cast<double>(amount(rest));
    } else if (is_search_filter(option)) {
      SearchFilter filter{option, {}};
      for (const auto word : split(rest, '|')) filter.words.emplace_back(word);
      filter.words.resize(words_of(option));
      out.filters.push_back(std::move(filter));
    }
  }
  return out;
}

// Rows in lines of their own, and the lines before them; nothing of the other formats.
std::optional<int> lines_before_rows(const std::string& format) {
  if (format == "csv" || format == "tsv" || format == "table") return 1;
  if (format == "row" || format == "trigger" || format == "json") return 0;
  return std::nullopt;
}

// Counting is another way to the same answer, with and without the index.
void check_count(SearchOptions options, std::int64_t matched) {
  options.count = true;
  options.format = "row";
  options.emit = {};
  options.sort.clear();
  for (const bool use_index : {true, false}) {
    options.use_index = use_index;
    std::string out;
    const auto report = search(options, [&out](std::string_view text) { return out += text, true; });
    require(report.ok(), "rows, but no count", report.ok() ? "" : report.status().text());
    require(report->matched == matched && out == std::to_string(matched) + '\n', "another count", out);
  }
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
  return {
      "\ffields filename, ccd,obstime,ra\nformat csv\ntype object\nccd !3",
      "A\t/data/night\nB\t/data\n\fformat json\ntrange 2001/01/27|1d\nfilter r\nname 6*\ntz 5.75",
      "\fformat table\nwidth xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nmode mef\ntime 980557202|-3M",
      "\ftreg\nfilter !g*\ntype !d\nccd ccd07\nformat row",
      "\fformat tsv\nfields crc,teltemp,quality,deleted,pathname",
      "\fcone 10:00:28.6|+02:12:21|90d\nbox 350|10|-90|90\npolygon 0,0 90,0 45,80\nformat trigger\nlimit 7\noffset 2",
      "\fwhere exptime > 60 and filter in ('r','i')\nsort -obstime,filename desc\nlast 9\nunique\nformat votable",
      "\fgroup filter,year(obstime)\nfields count,mean(exptime),avg(fwhm),median(airmass)\nsort -count\nformat "
      "csv\nlimit 3",
      "\fnear-to 11\ntype flat\nccdn 1\ndays 30\ntolerance 5%\nlimit 2\nformat json",
      "\fcount\nobject NGC*\netime 60-600\nproc f\ndist !t\nexplain",
      "\fformat npy\nfields *,teltemp[1]\nlimit 5",
      "\fformat fits\nfields ccd,object\ntype bias",
      "\fformat fits-table\nnoindex\nfields filename\ncone !1|2|3'"};
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_text,
                        {"\n",           "fields ",    "format ", "json",   "csv",      "tsv",
                         "table",        "row",        "width x", "tz -10", "treg",     "time ",
                         "trange ",      "|",          "ccd ",    "type ",  "mode ",    "filter ",
                         "name ",        "!",          "any",     "X",      "*",        "[",
                         "object",       "2001/01/27", "1d",      "-3M",    "9999y",    "ccd99999999999",
                         "\t/",          "A\t/data",   "#",       "\f",     ",",        "obstime",
                         "teltemp",      "filename",   "where ",  "sort ",  "group ",   "limit ",
                         "offset ",      "last ",      "unique",  "count",  "explain",  "near-to ",
                         "days ",        "tolerance ", "cone ",   "box ",   "polygon ", "object ",
                         "etime ",       "proc ",      "dist ",   "ccdn ",  "noindex",  "treg\n",
                         "fits",         "fits-table", "votable", "npy",    "trigger",  "mean(",
                         "avg(exptime)", "-count",     " desc",   "0.5d",   "30'",      "[4]"},
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
  require(report->damaged.empty(), "damage in a whole file");
  if (options.explain || !options.near_to.empty()) return 0;
  require(report->matched >= 0 && report->matched <= kRows, "rows that are not there");
  if (options.limit && !options.count) require(report->matched <= *options.limit, "more rows than the limit", out);
  const auto lines = std::count(out.begin(), out.end(), '\n');
  const auto head = lines_before_rows(to_lower(options.format));
  if (options.count && !options.group)
    require(out == std::to_string(report->matched) + '\n', "a count that is none", out);
  else if (head)
    require(lines >= report->matched && lines <= report->matched + *head, "another number of lines", out);
  else
    require(!out.empty(), "a file without a byte");
  if (!options.group) check_count(options, report->matched);
  return 0;
}
