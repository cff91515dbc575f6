// Statistics as text and JSON.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "base/name_text.h"
#include "imreg/measure.h"

namespace imreg {

namespace {

const char* word(Measured state) {
  return state == Measured::yes ? "measured" : state == Measured::failed ? "failed" : "none";
}

std::string cell(const std::string& text, int width) {
  return " " + std::string(static_cast<std::size_t>(std::max(0, width - static_cast<int>(text.size()))), ' ') + text;
}

std::string cell(double value, int width, int digits) {
  if (!std::isfinite(value)) return cell("-", width);
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return cell(text, width);
}

// Of the pixels: count rates may be small. Fixed digits for counts, six significant ones for these.
std::string level(double value, int width, int digits) {
  if (!(value != 0 && std::abs(value) < 10)) return cell(value, width, digits);
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return cell(text, width);
}

// What failed is no number and not nothing.
std::string level(Measured state, double value) {
  return state == Measured::failed ? cell("failed", 10) : level(value, 10, 2);
}

std::string count(std::int64_t value, const char* none) { return value < 0 ? none : std::to_string(value); }

}  // namespace

std::string statistics_json(const CcdStatistics& ccd) {
  const auto number = [](double value) { return json_number(value); };
  std::string notes;
  for (const auto& note : ccd.notes) notes += (notes.empty() ? "" : ",") + json_text(note);
  return "{\"file\":" + json_name(ccd.file) + ",\"ccd\":" + count(ccd.ccd, "null") +
         ",\"chip\":" + json_text(ccd.chip) + ",\"extension\":" + std::to_string(ccd.extension) +
         ",\"slice\":" + std::to_string(ccd.slice) + ",\"bias\":" + number(ccd.bias) + ",\"sky\":" + number(ccd.sky) +
         ",\"sigma\":" + number(ccd.sigma) + ",\"fwhm\":" + number(ccd.fwhm) +
         ",\"ellipticity\":" + number(ccd.ellipticity) + ",\"stars\":" + count(ccd.stars, "null") +
         ",\"saturated\":" + count(ccd.saturated, "null") + ",\"bad\":" + count(ccd.bad, "null") +
         ",\"pixels\":" + std::to_string(ccd.pixels) + ",\"filesize\":" + std::to_string(ccd.file_size) +
         ",\"mtime\":" + number(ccd.mtime) + ",\"state\":\"" + ccd.state() + "\",\"bias_state\":\"" +
         word(ccd.bias_state) + "\",\"sky_state\":\"" + word(ccd.sky_state) + "\",\"fwhm_state\":\"" +
         word(ccd.fwhm_state) + "\",\"reason\":" + (ccd.reason.empty() ? "null" : json_text(ccd.reason)) +
         ",\"notes\":[" + notes + "]}\n";
}

std::string statistics_title() {
  return "# ccd ext slice       bias        sky    sigma    fwhm  ellip  stars  saturated state      file\n";
}

std::string statistics_text(const CcdStatistics& ccd) {
  return cell(count(ccd.ccd, "-"), 4) + cell(std::to_string(ccd.extension), 3) + cell(std::to_string(ccd.slice), 5) +
         level(ccd.bias_state, ccd.bias) + level(ccd.sky_state, ccd.sky) + level(ccd.sigma, 8, 3) +
         (ccd.fwhm_state == Measured::failed ? cell("failed", 7) : cell(ccd.fwhm, 7, 3)) + cell(ccd.ellipticity, 6, 3) +
         cell(count(ccd.stars, "-"), 6) + cell(count(ccd.saturated, "-"), 10) + " " + ccd.state() +
         std::string(11 - std::strlen(ccd.state()), ' ') + escaped_name(ccd.file) +
         (ccd.reason.empty() ? "" : "  (" + escaped_name(ccd.reason) + ")") + "\n";
}

}  // namespace imreg
