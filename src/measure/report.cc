// Statistics as text and JSON.
#include <cmath>
#include <cstdio>

#include "base/json.h"
#include "imreg/measure.h"

namespace imreg {

namespace {

const char* word(Measured state) {
  return state == Measured::yes ? "measured" : state == Measured::failed ? "failed" : "none";
}

std::string cell(double value, int width, int digits) {
  char text[64];
  if (std::isfinite(value)) {
    std::snprintf(text, sizeof text, " %*.*f", width, digits, value);
  } else {
    std::snprintf(text, sizeof text, " %*s", width, "-");
  }
  return text;
}

}  // namespace

std::string statistics_json(const CcdStatistics& ccd) {
  const auto number = [](double value) { return json_number(value); };
  std::string notes;
  for (const auto& note : ccd.notes) notes += (notes.empty() ? "" : ",") + json_text(note);
  return "{\"file\":" + json_text(ccd.file) + ",\"ccd\":" + (ccd.ccd < 0 ? "null" : std::to_string(ccd.ccd)) +
         ",\"chip\":" + json_text(ccd.chip) + ",\"extension\":" + std::to_string(ccd.extension) +
         ",\"slice\":" + std::to_string(ccd.slice) + ",\"bias\":" + number(ccd.bias) + ",\"sky\":" + number(ccd.sky) +
         ",\"sigma\":" + number(ccd.sigma) + ",\"fwhm\":" + number(ccd.fwhm) +
         ",\"ellipticity\":" + number(ccd.ellipticity) + ",\"stars\":" + std::to_string(ccd.stars) +
         ",\"saturated\":" + std::to_string(ccd.saturated) + ",\"bad\":" + std::to_string(ccd.bad) +
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
  char head[64], tail[96];
  std::snprintf(head, sizeof head, "%5d %3d %5d", ccd.ccd, ccd.extension, ccd.slice);
  std::snprintf(tail, sizeof tail, " %6lld %10lld %-10s ", static_cast<long long>(ccd.stars),
                static_cast<long long>(ccd.saturated), ccd.state());
  return head + cell(ccd.bias, 10, 2) + cell(ccd.sky, 10, 2) + cell(ccd.sigma, 8, 3) + cell(ccd.fwhm, 7, 3) +
         cell(ccd.ellipticity, 6, 3) + tail + ccd.file + (ccd.reason.empty() ? "" : "  (" + ccd.reason + ")") + "\n";
}

}  // namespace imreg
