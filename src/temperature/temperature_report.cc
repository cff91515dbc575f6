// What imtemps tells: as text and as JSON.
#include "base/text.h"
#include "imreg/date.h"
#include "imreg/temps.h"

namespace imreg {

namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

// What the configuration calls a probe; empty: nothing.
std::string name_of(const ProbeSummary& probe, const TemperatureOptions& options) {
  for (const auto& [name, number] : options.probes) {
    if (probe.probe == number || probe.probe == name) return name;
  }
  return {};
}

}  // namespace

std::string report_text(const TemperatureImport& report, const TemperatureText& read) {
  return counted(read.lines, "line") + ": " + counted(report.added, "value") + " added, " + number(report.changed) +
         " changed, " + number(report.known) + " known, " + number(read.without) + " without a temperature; " +
         number(read.bad_lines) + " bad\n";
}

std::string report_json(const TemperatureImport& report, const TemperatureText& read) {
  return "{\"lines\":" + number(read.lines) + ",\"added\":" + number(report.added) +
         ",\"changed\":" + number(report.changed) + ",\"known\":" + number(report.known) +
         ",\"without\":" + number(read.without) + ",\"bad\":" + number(read.bad_lines) + "}\n";
}

std::string report_text(const ProbeSummary& probe, const TemperatureOptions& options) {
  const std::string name = name_of(probe, options);
  return probe.probe + ' ' + (name.empty() ? "-" : name) + ' ' + format_iso(probe.first) + ' ' +
         format_iso(probe.last) + ' ' + number(probe.count) + '\n';
}

std::string report_json(const ProbeSummary& probe, const TemperatureOptions& options) {
  return "{\"probe\":\"" + probe.probe + "\",\"name\":\"" + name_of(probe, options) + "\",\"first\":\"" +
         format_iso(probe.first) + "\",\"last\":\"" + format_iso(probe.last) + "\",\"count\":" + number(probe.count) +
         "}\n";
}

}  // namespace imreg
