// Writes the page: numbers of the night, pictures, exposures, what failed. Which pictures there are is the table kPictures.
#include "trend/report.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "emit/escape.h"
#include "imreg/date.h"
#include "imreg/vectors.h"
#include "trend/groups.h"
#include "trend/verbs.h"

namespace imreg::trend {

namespace {

struct PagePicture {
  std::string_view title, verb;
  std::vector<std::string> words;
  std::vector<std::string> by;
  std::string_view type;     ///< only these frames; empty: all
  std::string_view label{};  ///< of the axis at the left; empty: what is drawn
};

const std::vector<PagePicture>& pictures() {
  static const std::vector<PagePicture> kPictures = {
      {"Seeing", "plot", {"obstime", "fwhm"}, {"filter"}, "object"},
      {"Sky", "plot", {"obstime", "sky/exptime"}, {"filter"}, "object"},
      {"Bias", "plot", {"obstime", "bias"}, {"type"}, ""},
      {"Focus", "plot", {"obstime", "telfocus"}, {}, ""},
      {"Seeing over focus", "plot", {"telfocus", "fwhm"}, {"filter"}, "object"},
      {"Seeing over airmass", "plot", {"airmass", "fwhm"}, {"filter"}, "object"},
      {"Temperatures",
       "plot",
       {"obstime", "dettemp", "teltemp[0]", "teltemp[1]", "teltemp[2]", "teltemp[3]"},
       {},
       "",
       "degrees Celsius"},
      {"Seeing by CCD", "focal", {"fwhm"}, {}, "object"},
      {"Sky by CCD", "focal", {"sky"}, {}, "object"},
      {"Bias by CCD", "focal", {"bias"}, {}, ""},
      {"Pointings", "map", {"ra", "dec"}, {"type"}, "object"},
  };
  return kPictures;
}

constexpr auto html = emit::escaped<emit::Style::xml>;

// -type WORD beside what the request asks for.
SearchOptions of_type(const SearchOptions& rows, std::string_view type) {
  SearchOptions out = rows;
  if (!type.empty()) out.filters.push_back({"type", {std::string(type)}});
  return out;
}

Result<chart::Picture> draw(Workspace& workspace, const Request& request, const PagePicture& wanted) {
  Request one;
  one.verb = wanted.verb;
  one.words = wanted.words;
  one.by = wanted.by;
  one.rows = of_type(request.rows, wanted.type);
  one.look.title = wanted.title;
  if (!wanted.label.empty()) one.look.y_label = wanted.label;
  for (const auto& verb : verbs()) {
    if (verb.name != one.verb) continue;
    IMREG_ASSIGN(auto answer, verb.run(workspace, one));
    return *std::move(answer.picture);
  }
  return Status(Code::not_found, "no such picture");
}

std::string row(const std::vector<std::string>& cells, std::string_view tag, std::size_t texts) {
  std::string out = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += "<" + std::string(tag) + (i < texts ? "" : " class=\"n\"") + ">" + html(cells[i]) + "</" + std::string(tag) +
           ">";
  }
  return out + "</tr>\n";
}

// The vectors of which the tables are made, of all rows of the night.
struct Night {
  std::vector<VectorPtr> columns;
  enum Which { time, exptime, fwhm, sky, bias, file, type, filter, object };
  const Vector& operator[](Which which) const { return *columns[which]; }
  static std::vector<std::string> names() {
    return {"obstime", "exptime", "fwhm", "sky", "bias", "filename", "type", "filter", "object"};
  }
};

double median_in(const Group& group, const Vector& vector) {
  return vectors::summarize(numbers_in(group, vector), {.percents = {}, .weights = {}}).median;
}

// One line for each exposure, or kind of exposures.
struct Exposure {
  double time, exptime, fwhm, sky, bias;
  std::string file, type, filter, object;
  std::size_t ccds;
};

Result<std::vector<Exposure>> exposures_of(const Night& night) {
  IMREG_ASSIGN(const auto groups,
               Groups::make({"filename"}, {night.columns[Night::file]}, night.columns[Night::file], "filename"));
  std::vector<Exposure> out;
  for (const auto& group : groups.groups()) {
    const std::size_t i = group.places[0];
    out.push_back({night[Night::time].column.numbers[i], night[Night::exptime].column.numbers[i],
                   median_in(group, night[Night::fwhm]), median_in(group, night[Night::sky]),
                   median_in(group, night[Night::bias]), night[Night::file].text(i), night[Night::type].text(i),
                   night[Night::filter].text(i), night[Night::object].text(i), group.places.size()});
  }
  std::stable_sort(out.begin(), out.end(), [](const Exposure& a, const Exposure& b) { return a.time < b.time; });
  return out;
}

std::string clock(double time, const DateSettings& dates) {
  const std::string text = format_iso(time, 0, dates.tz_hours);
  return text.size() < 19 ? "-" : text.substr(11, 8);
}

std::string summary_table(const std::vector<Exposure>& exposures) {
  struct Kind {
    std::size_t n = 0;
    double exptime = 0;
    std::vector<double> fwhm, sky;
  };
  std::vector<std::pair<std::string, Kind>> kinds;
  for (const auto& one : exposures) {
    const std::string name =
        one.type + (one.type == "bias" || one.type == "dark" || one.filter.empty() ? "" : " in " + one.filter);
    auto at = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.first == name; });
    if (at == kinds.end()) at = kinds.insert(kinds.end(), {name, {}});
    ++at->second.n;
    at->second.exptime += std::isnan(one.exptime) ? 0 : one.exptime;
    at->second.fwhm.push_back(one.fwhm);
    at->second.sky.push_back(one.sky);
  }
  std::sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out =
      "<table>\n" + row({"frames", "exposures", "seconds", "median fwhm", "best fwhm", "median sky"}, "th", 1);
  for (const auto& [name, kind] : kinds) {
    const auto fwhm = vectors::summarize(kind.fwhm, {.percents = {}, .weights = {}});
    const auto sky = vectors::summarize(kind.sky, {.percents = {}, .weights = {}});
    out += row({name, std::to_string(kind.n), short_number(kind.exptime), short_number(fwhm.median, 3),
                short_number(fwhm.min, 3), short_number(sky.median, 5)},
               "td", 1);
  }
  return out + "</table>\n";
}

std::string exposure_table(const std::vector<Exposure>& exposures, const DateSettings& dates) {
  std::string out =
      "<table>\n" +
      row({"file", "type", "filter", "object", "begin", "seconds", "CCDs", "fwhm", "sky", "bias"}, "th", 4);
  for (const auto& one : exposures) {
    out +=
        row({one.file, one.type, one.filter, one.object, clock(one.time, dates), short_number(one.exptime),
             std::to_string(one.ccds), short_number(one.fwhm, 3), short_number(one.sky, 5), short_number(one.bias, 5)},
            "td", 4);
  }
  return out + "</table>\n";
}

// Images whose bias, sky or fwhm could not be measured, by file.
Result<std::vector<std::string>> failed_images(Workspace& workspace, const Request& request) {
  SearchOptions rows = request.rows;
  rows.where.emplace_back("(procstate & 3) = 2 or (procstate & 12) = 8 or (procstate & 48) = 32");
  const auto found = workspace.evaluate({"filename", "ccd", "procstate"}, rows);
  if (!found) return found.status();
  std::vector<std::string> out;
  for (std::size_t i = 0; i < (*found)[0]->size(); ++i) {
    const int state = static_cast<int>((*found)[2]->column.numbers[i]);
    std::string what;
    for (const auto& [name, shift] : {std::pair("bias", 0), std::pair("sky", 2), std::pair("fwhm", 4)}) {
      if ((state >> shift & 3) == 2) what += (what.empty() ? "" : ", ") + std::string(name);
    }
    out.push_back((*found)[0]->text(i) + " CCD " + short_number((*found)[1]->column.numbers[i]) + ": " + what +
                  " could not be measured");
  }
  return out;
}

std::string list_of(const std::vector<std::string>& lines) {
  constexpr std::size_t kMost = 500;
  std::string out = "<ul>\n";
  for (std::size_t i = 0; i < std::min(lines.size(), kMost); ++i) out += "<li>" + html(lines[i]) + "</li>\n";
  if (lines.size() > kMost) out += "<li>and " + std::to_string(lines.size() - kMost) + " more</li>\n";
  return out + "</ul>\n";
}

constexpr std::string_view kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1c1c1c;background:#fff;margin:2em auto;max-width:1240px;padding:0 "
    "1em}"
    "h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.15em;margin:1.6em 0 .5em}p.facts{color:#444;margin-top:0}"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:14px}"
    ".grid svg{display:block;width:100%;height:auto;min-width:0;border:1px solid #ddd;box-sizing:border-box}"
    "table{border-collapse:collapse;font-size:.92em}th,td{padding:.2em .8em;text-align:left;border-bottom:1px solid "
    "#e4e4e4}"
    "th{border-bottom:1px solid "
    "#888}.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#8a1c00}.none{color:#666}"
    "@media(max-width:600px){body{margin:1em auto}table{display:block;overflow-x:auto}th,td{padding:.2em .35em}}"
    "@media print{.grid{grid-template-columns:1fr 1fr}}";

}  // namespace

Result<std::string> report(Workspace& workspace, const Request& request, const ReportOptions& options) {
  Night night;
  IMREG_ASSIGN(night.columns, workspace.evaluate(Night::names(), request.rows));
  const std::size_t images = night[Night::time].size();
  if (images == 0) return Status(Code::not_found, "nothing is selected: there is no exposure in " + options.title);
  IMREG_ASSIGN(const auto exposures, exposures_of(night));
  IMREG_ASSIGN(const auto failed, failed_images(workspace, request));
  const DateSettings& dates = request.rows.dates;
  std::size_t unmeasured = 0;
  for (const double value : night[Night::sky].column.numbers) unmeasured += std::isnan(value) ? 1 : 0;

  std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  if (options.refresh_seconds > 0)
    out += "<meta http-equiv=\"refresh\" content=\"" + std::to_string(options.refresh_seconds) + "\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + html(options.title) +
         "</title>\n<style>" + std::string(kStyle) + "</style></head>\n<body>\n";
  out += "<h1>" + html(options.title) + "</h1>\n<p class=\"facts\">" +
         html(counted(static_cast<long long>(exposures.size()), "exposure") + ", " +
              counted(static_cast<long long>(images), "image") + ", " +
              format_iso(exposures.front().time, 0, dates.tz_hours) + " to " +
              format_iso(exposures.back().time, 0, dates.tz_hours) + ". " + request.rows.database + ", made " +
              format_iso(dates.now, 0, dates.tz_hours) + ".") +
         "</p>\n";
  const std::size_t failures = failed.size() + options.failures.size();
  if (failures > 0)
    out += "<p class=\"bad\"><a href=\"#failed\">" + counted(static_cast<long long>(failures), "failure") +
           "</a>, listed below.</p>\n";
  if (unmeasured > 0)
    out += "<p class=\"none\">" + std::to_string(unmeasured) + " of " +
           counted(static_cast<long long>(images), "image") +
           " without a sky level: not measured yet, or failed.</p>\n";
  out += "<h2>The night in numbers</h2>\n" + summary_table(exposures);
  out += "<h2>Pictures</h2>\n<div class=\"grid\">\n";
  std::vector<std::string> missing;
  for (const auto& wanted : pictures()) {
    const auto picture = draw(workspace, request, wanted);
    const auto svg = picture ? chart::draw_svg(*picture, {720, 450}) : Result<std::string>(picture.status());
    if (!svg) {
      missing.push_back(std::string(wanted.title) + ": " + svg.status().message());
      continue;
    }
    out += *svg + "\n";
  }
  out += "</div>\n";
  if (!missing.empty()) out += "<p class=\"none\">Not drawn:</p>\n" + list_of(missing);
  if (failures > 0) {
    auto lines = options.failures;
    lines.insert(lines.end(), failed.begin(), failed.end());
    out += "<h2 id=\"failed\">What failed</h2>\n" + list_of(lines);
  }
  out += "<h2>Exposures</h2>\n" + exposure_table(exposures, dates);
  return out + "</body></html>\n";
}

}  // namespace imreg::trend
