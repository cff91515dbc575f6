// The table of searches that are timed, in imsearch's words and in SQL.
#include "search_works.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "bench_data.h"
#include "formats/regimage.h"
#include "peers/row_text.h"
#include "registry/simulate_rows.h"

namespace imreg::bench {

namespace {

constexpr double kMiddle = 1293840000;  // 2011-01-01, the middle of the simulated years
constexpr double kEnd = 978307200 + 20 * 365.25 * 86400;
constexpr double kLongest = 600;  // no exposure is longer
constexpr double kRa = 150.11916666666667, kDec = 2.2058333333333333;

std::string date(double time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char out[64];
  std::strftime(out, sizeof out, "%Y/%m/%d,%H:%M:%S", &parts);
  return out;
}

std::string decimal(double value) {
  char out[64];
  std::snprintf(out, sizeof out, "%.12g", value);
  return out;
}

// The file of the thousandth exposure: its letter is by chance.
std::string some_filename(std::int64_t rows) {
  std::string out;
  const auto look = [&](std::int64_t first_row, std::string_view records) {
    if (first_row < 40000) return Status();
    out = load(records.data(), regimage::kFilename);
    return Status(Code::not_found, "enough");
  };
  (void)each_simulated_exposure(rows, 1, look);
  if (out.empty()) die("too few rows for a bench");
  return out;
}

bool overlaps(RecordView row, double from, double to) {
  return row[regimage::kObstime] <= to && row[regimage::kObstime] + double{row[regimage::kExptime]} >= from;
}
std::string overlap_sql(double from, double to) {
  return "obstime BETWEEN " + decimal(from - kLongest) + " AND " + decimal(to) +
         " AND obstime + exptime >= " + decimal(from) + " AND deleted = false";
}

bool is_half_year_kind(RecordView row) {
  return row[regimage::kFilter] == "r" && row[regimage::kCcd] == 12 && row[regimage::kType] == 1;
}

bool in_cone(RecordView row, double radius) {
  constexpr double kDegree = 3.14159265358979323846 / 180;
  const double ra = row[regimage::kRa] * kDegree, dec = row[regimage::kDec] * kDegree;
  return std::sin(dec) * std::sin(kDec * kDegree) +
             std::cos(dec) * std::cos(kDec * kDegree) * std::cos(ra - kRa * kDegree) >=
         std::cos(radius * kDegree);
}

Work cone(double scale) {
  const double radius = 0.5 * std::sqrt(scale);
  const double ra_radius = radius / std::cos((std::fabs(kDec) + radius) * 3.14159265358979323846 / 180);
  const auto box = [&](const char* ra_low, const char* ra_high, const char* dec_low, const char* dec_high) {
    return std::string(ra_high) + " >= " + decimal(kRa - ra_radius) + " AND " + ra_low +
           " <= " + decimal(kRa + ra_radius) + " AND " + dec_high + " >= " + decimal(kDec - radius) + " AND " +
           dec_low + " <= " + decimal(kDec + radius);
  };
  const std::string distance = " AND deleted = false AND sin(radians(dec)) * sin(radians(" + decimal(kDec) +
                               ")) + cos(radians(dec)) * cos(radians(" + decimal(kDec) + ")) * cos(radians(ra - " +
                               decimal(kRa) + ")) >= cos(radians(" + decimal(radius) + "))";
  return {.name = "cone",
          .words = {"-cone", "10:00:28.6", "+02:12:21", decimal(radius) + "d"},
          .sql = "images WHERE " + box("ra", "ra", "dec", "dec") + distance,
          .sqlite = "positions JOIN images ON images.rowid = positions.id WHERE " + box("ra0", "ra1", "dec0", "dec1") +
                    distance,
          .holds = [=](RecordView row) { return in_cone(row, radius); }};
}

std::string words_of(const char* field, const std::string_view* words, std::size_t count) {
  std::string out = std::string("CASE ") + field;
  for (std::size_t code = 0; code < count; ++code)
    out += " WHEN " + std::to_string(code) + " THEN '" + std::string(words[code]) + "'";
  return out + " END";
}
// DuckDB prints 600.0 and 18136.6875 where std::to_chars has 600 and 18136.688: the same float.
std::string with_our_floats(const std::string& text) {
  std::string out;
  int word = 0;
  for (std::size_t at = 0; at < text.size(); ++word) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size() - 1);
    float value = 0;
    char number[64];
    if (word == 6 || word > 7) {
      std::from_chars(text.data() + at, text.data() + end, value);
      out.append(number, std::to_chars(number, number + sizeof number, value, std::chars_format::fixed).ptr);
    } else {
      out.append(text, at, end - at);
    }
    out += text[end];
    if (text[end] == '\n') word = -1;
    at = end + 1;
  }
  return out;
}

std::string type_words() { return words_of("images.type", kTypes, std::size(kTypes)); }
std::string mode_words() { return words_of("mode", kModes, std::size(kModes)); }

}  // namespace

std::vector<Work> search_works(std::int64_t rows) {
  const double scale = 1e7 / static_cast<double>(rows);
  const double night = kMiddle + std::floor(86400 * scale);
  const double half = kMiddle + std::floor(182 * 86400 * scale);
  const std::string name = some_filename(rows);
  const auto newest = [](RecordView row) { return row[regimage::kObstime] > kEnd + 1.6 * 365.25 * 86400; };
  const std::string kind = " AND filter = 'r' AND ccd = 12 AND type = 1";
  const std::vector<std::string> half_words = {"-trange", date(kMiddle), date(half), "-filter", "r",
                                               "-ccd",    "12",          "-type",    "object"};
  const std::vector<std::string> scan_words = [&] {
    auto out = half_words;
    out.insert(out.begin(), "-noindex");
    return out;
  }();
  const std::string newest_ten =
      "exptime > 60 AND filter IN ('r', 'i') AND deleted = false ORDER BY obstime DESC, rowid LIMIT 10";
  const auto is_half = [=](RecordView row) { return is_half_year_kind(row) && overlaps(row, kMiddle, half); };
  return {
      {.name = "night",
       .words = {"-trange", date(kMiddle), date(night)},
       .sql = "images WHERE " + overlap_sql(kMiddle, night),
       .holds = [=](RecordView row) { return overlaps(row, kMiddle, night); }},
      {.name = "half",
       .words = half_words,
       .sql = "images WHERE " + overlap_sql(kMiddle, half) + kind,
       .holds = is_half},
      cone(scale),
      {.name = "name",
       .words = {"-name", name},
       .sql = "images WHERE filename = '" + name + "' AND deleted = false",
       .sqlite = "images WHERE filename = '" + name + "' COLLATE NOCASE AND deleted = false",
       .holds = [=](RecordView row) { return row[regimage::kFilename] == name; }},
      {.name = "prefix",
       .words = {"-name", "60123"},
       .sql = "images WHERE filename LIKE '60123%' AND deleted = false",
       .holds = [](RecordView row) { return row[regimage::kFilename].starts_with("60123"); }},
      {.name = "substring",
       .words = {"-name", "*12345*"},
       .sql = "images WHERE filename LIKE '%12345%' AND deleted = false",
       .sqlite = "images WHERE rowid IN (SELECT rowid FROM images WHERE filename LIKE '%12345%') AND deleted = false",
       .holds = [](RecordView row) { return row[regimage::kFilename].find("12345") != std::string_view::npos; }},
      {.name = "group",
       .words = {"-group", "filter,type", "-count", "-format", "csv"},
       .sql = "images WHERE deleted = false GROUP BY filter, images.type",
       .groups = true},
      {.name = "sort",
       .words = {"-where", "exptime > 60 and filter in (\"r\",\"i\")", "-sort", "-obstime", "-limit", "10"},
       .sql = "images WHERE " + newest_ten,
       .sqlite = "images INDEXED BY by_time WHERE " + newest_ten,  // alone, it sorts what by_kind finds: 10 x slower
       .ordered = true,
       .holds = newest},
      {.name = "last",
       .words = {"-last", "40"},
       .sql = "images WHERE rowid IN (SELECT rowid FROM images WHERE deleted = false ORDER BY obstime DESC LIMIT 40) "
              "ORDER BY obstime, rowid",
       .ordered = true,
       .holds = newest},
      {.name = "scan",
       .words = scan_words,
       .sql = "images WHERE " + overlap_sql(kMiddle, half) + kind,
       .sqlite = "images NOT INDEXED WHERE " + overlap_sql(kMiddle, half) + kind,
       .holds = is_half},
      {.name = "list", .words = {}, .sql = "images WHERE deleted = false", .ordered = true},
  };
}

std::string row_values() {
  return "images.type, mode, ccd, pathname, filename, filter, exptime, obstime, fwhm, bias, images.sky";
}

// printf() shows NULL as 0, as a row shows what is not measured.
std::string row_texts_sqlite() {
  return type_words() + ", " + mode_words() +
         ", ccd, pathname, filename, ifnull(nullif(filter, ''), '-'), printf('%.9g', exptime), "
         "strftime('%Y/%m/%d,%H:%M:%S', obstime, 'unixepoch'), printf('%.9g', fwhm), printf('%.9g', bias), "
         "printf('%.9g', images.sky)";
}

std::string row_texts_duckdb() {
  const auto real = [](const std::string& field) { return "ifnull(" + field + "::VARCHAR, '0')"; };
  return "concat_ws(' ', " + type_words() + ", " + mode_words() +
         ", ccd, pathname, filename, ifnull(nullif(filter, ''), '-'), " + real("exptime") +
         ", strftime(make_timestamp(CAST(floor(obstime) AS BIGINT) * 1000000), '%Y/%m/%d,%H:%M:%S'), " + real("fwhm") +
         ", " + real("bias") + ", " + real("images.sky") + ")";
}

std::string group_text() { return "filter || ',' || " + type_words() + " || ',' || count(*)"; }

std::string comparable(const Work& work, const std::string& printed, Lines kind) {
  const std::string text = kind == Lines::other_floats && !work.groups ? with_our_floats(printed) : printed;
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line(text.data() + at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (work.groups && line == "filter,type,count") continue;
    if (kind == Lines::numbered && !work.groups) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    lines.push_back(line);
  }
  if (!work.ordered) std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& line : lines) out.append(line) += '\n';
  return out;
}

}  // namespace imreg::bench
