// Fuzz target for logs of temperatures. Whatever the text: values are temperatures, names are canonical, what is taken and written
// again reads back as the same; and tonight's log, given in two parts (a form feed divides them), knows what a reading of the
// whole says.
#include <cmath>
#include <map>

#include "fuzz.h"
#include "imreg/date.h"
#include "imreg/temps.h"
#include "temperature/temperature_log.h"

namespace imreg::fuzz {
namespace {

std::string line_of(const Temperature& entry) {
  char value[64];
  std::snprintf(value, sizeof value, "%.9g", static_cast<double>(entry.value));
  return format_iso(entry.time) + " " + entry.probe + " " + value + "\n";
}

void check_text(const std::string& text) {
  const auto read = read_temperatures(text, "t.log");
  require(read.bad_lines <= read.lines, "more bad lines than lines");
  require(read.bad_lines == 0 ? read.faults.empty() : !read.faults.empty(), "bad lines without a fault");
  for (const auto& fault : read.faults) require_clean(fault.text());
  std::string again;
  for (const auto& entry : read.entries) {
    require(entry.value >= -100 && entry.value <= 100, "no temperature");
    require(!entry.probe.empty() && canonical_probe(entry.probe) == entry.probe, "no canonical name", entry.probe);
    again += line_of(entry);
  }
  const auto second = read_temperatures(again, "again");
  require(second.bad_lines == 0 && second.entries.size() == read.entries.size(), "does not read back", again);
  for (std::size_t i = 0; i < second.entries.size(); ++i) {
    const auto &a = read.entries[i], &b = second.entries[i];
    require(a.time == b.time && a.probe == b.probe && a.value == b.value, "reads back as another", line_of(a));
  }
}

void check_tonight(const std::string& first, const std::string& second) {
  const std::string path = scratch_folder() + "/tonight.log";
  TemperatureOptions options;
  spill(path, first);
  TonightsLog log(path, options.probes);
  log.refresh();
  spill(path, first + second);
  log.refresh();
  const std::string text = first + second;
  const auto whole = read_temperatures(std::string_view(text).substr(0, text.rfind('\n') + 1), "t.log");
  std::map<double, float> mirror;
  for (const auto& entry : whole.entries) {
    if (entry.probe == "2" || entry.probe == "mirror") mirror[entry.time] = entry.value;
  }
  for (const auto& [time, value] : mirror) {
    std::vector<TemperatureNeighbours> around(options.probes.size());
    log.neighbours(time, around);
    require(around[0].before == time && around[0].at(time, 0) == value, "tonight's log has another value");
  }
}

std::vector<std::string> seeds() {
  return {"# a night\n2001-01-27T10:00:00Z 2 1.5\n2001/01/27,10:00:30 36 200.0\n980589630 mirror -3.25 43 7\n",
          "time mirror dome air1\n2001-01-27 10:00:00 1.5 - nan\n980589630.125 2 3 4\n\f2001-01-27T11:00:00Z 5 6 7\n",
          "time probe value\n52666.5J 2 1e1\n\fmjd51936.25 02 -0.0\ngarbage\n980589631 mirror 4"};
}

}  // namespace

const Target kTarget = {
    seeds,
    mutate_text,
    {"time ", "probe value\n", "mirror", "dome", "\n", "\r\n", " 2 ", "36", "200.0", "nan", "-", "# time ",
     "980589630 2 ", "2001-01-27T10:00:00Z 2 ", "\f", "1e300", "9999-12-31T23:59:59.9996Z 2 1\n", ":", "NOW"},
    20000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg::fuzz;
  if (size > 60000) return 0;  // tonight's log is read from its end
  const auto input = parts(std::string_view(reinterpret_cast<const char*>(data), size), 2);
  check_text(input[0] + input[1]);
  check_tonight(input[0], input[1]);
  return 0;
}
