// Statistics and what became of them, as text.
#include <cmath>

#include "base/json.h"
#include "base/name_text.h"
#include "base/text.h"
#include "imreg/statistics.h"

namespace imreg {

std::string report_text(const StatisticsReport& report, std::size_t faults) {
  std::string out = counted(report.updated, "row") + " updated, " + std::to_string(report.unchanged) + " unchanged";
  if (report.waiting > 0) out += ", " + std::to_string(report.waiting) + " waiting for their image to be registered";
  if (faults > 0) out += ", " + std::to_string(faults) + " not used";
  return out + "\n";
}

std::string report_json(const StatisticsReport& report, std::size_t faults) {
  return "{\"updated\":" + std::to_string(report.updated) + ",\"unchanged\":" + std::to_string(report.unchanged) +
         ",\"waiting\":" + std::to_string(report.waiting) + ",\"faults\":" + std::to_string(faults) + "}\n";
}

std::string statistics_json(const ImageStatistics& entry) {
  std::string out = "{\"file\":" + json_name(entry.path);
  const auto whole = [&](const char* name, std::int64_t number, bool told) {
    if (told) out += std::string(",\"") + name + "\":" + std::to_string(number);
  };
  whole("ccd", entry.ccd, entry.ccd >= 0);
  whole("extension", entry.extension, entry.extension >= 0);
  whole("slice", entry.slice, entry.slice > 0);
  const auto value = [&](const char* name, const ImageStatistics::Value& what) {
    if (what.state == ImageStatistics::State::none) return;
    out += std::string(",\"") + name + "\":";
    out += what.state == ImageStatistics::State::measured ? json_number(what.value) : "null";
  };
  value("bias", entry.bias);
  value("sky", entry.sky);
  value("fwhm", entry.fwhm);
  whole("filesize", entry.file_size, entry.file_size > 0);
  if (std::isfinite(entry.mtime)) out += ",\"mtime\":" + json_number(entry.mtime);
  return out + "}";
}

}  // namespace imreg
