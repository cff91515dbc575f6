// Fuzz target for what imstatreg reads: every entry, printed as JSON, is read back as the same; what cannot be read is told in clean
// lines; and a JSON object is read as its members say. The first part is the text, the second a .sdat.
#include <algorithm>
#include <cmath>

#include "base/json_object.h"
#include "fuzz.h"
#include "imreg/statistics.h"

namespace imreg::fuzz {
namespace {

bool same(const ImageStatistics::Value& a, const ImageStatistics::Value& b) {
  return a.state == b.state && (a.state != ImageStatistics::State::measured || a.value == b.value);
}

void check_entry(const ImageStatistics& entry) {
  for (const auto* value : {&entry.bias, &entry.sky, &entry.fwhm})
    require(value->state != ImageStatistics::State::measured || std::isfinite(value->value), "measured, and no number");
  require(entry.ccd >= -1 && entry.extension >= -1 && entry.slice >= -1, "a negative number");
  const std::string json = statistics_json(entry);
  const auto again = read_statistics(json, "again");
  require(again.faults.empty() && again.entries.size() == 1, "what was printed is not read", json);
  const auto& other = again.entries[0];
  require(other.path == entry.path, "another file is read", json);
  require(other.ccd == entry.ccd && other.extension == entry.extension &&
              std::max(other.slice, 0) == std::max(entry.slice, 0),
          "another image is read", json);
  require(same(other.bias, entry.bias) && same(other.sky, entry.sky) && same(other.fwhm, entry.fwhm),
          "other values are read", json);
  require(other.file_size == entry.file_size, "another size is read", json);
  require(statistics_json(other) == json, "it is printed otherwise now", json);
}

std::vector<std::string> seeds() {
  return {
      "{\"file\":\"/a/b.fits\",\"ccd\":3,\"extension\":4,\"slice\":0,\"bias\":1000.5,\"sky\":1200,\"fwhm\":null,"
      "\"bias_state\":\"measured\",\"fwhm_state\":\"failed\",\"filesize\":2880,\"mtime\":980589630.25,\"notes\":[\"x\","
      "{\"y\":1}]}\n",
      "# ccd ext slice bias sky sigma fwhm ellip stars saturated state file\n 0 1 0 1148.00 1277.00 13.3 4.6 0.0 42 33 "
      "ok "
      "night/a b.fits\n 1 2 0 - 3 1 - - 0 0 incomplete x.fits  (no FWHM: 0 stars)\n 1 2 0 failed 3 1 failed - 0 0 "
      "incomplete a\\x20\\xe9.fits  (why)\n",
      "{\"file\":\"/a/\\udce9.fits\",\"sky\":1}\n",
      "1500.5 990.25\n\f3.1 0 1 -9\n3.2 0 1 -8\n",
      "0 77.5 -1\n",
      "0 10 1.5\n1 11 1.6\n2 12 -1\n3 13 1.8\n"};
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_text,
                        {"{\"file\":\"",
                         "\",\"ccd\":",
                         "\\u00e9",
                         "\\ud83d\\ude00",
                         "null",
                         "[",
                         "]",
                         "}",
                         "\n",
                         "# ",
                         "file",
                         " ext",
                         "slice",
                         "1e38",
                         "1e400",
                         "-1",
                         "nan",
                         "inf",
                         "  (",
                         ")",
                         "\f",
                         "fwhm_state\":\"none\""},
                        20000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const auto input = parts(std::string_view(reinterpret_cast<const char*>(data), size), 2);
  for (const char* name : {"w/w03.stats", "standard input"}) {
    const auto read = read_statistics(input[0], name, input[1]);
    for (const auto& fault : read.faults) require_clean(fault.text());
    for (const auto& entry : read.entries) check_entry(entry);
  }
  const auto object = JsonObject::parse(input[0]);
  if (!object) require_clean(object.status().message());
  return 0;
}
