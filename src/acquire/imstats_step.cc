// The built-in step: imstats on one image, and its statistics into its row.
#include "acquire/imstats_step.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "acquire/queue_file.h"
#include "imreg/measure.h"
#include "imreg/statistics.h"
#include "os/walk.h"
#include "registry/file_rows.h"

namespace imreg {

namespace {

ImageStatistics::Value value_of(Measured state, double value) {
  using State = ImageStatistics::State;
  if (state == Measured::no) return {};
  return {state == Measured::yes ? State::measured : State::failed, static_cast<float>(value)};
}

std::string number(const char* name, double value) {
  char text[48];
  std::snprintf(text, sizeof text, " %s %.6g", name, value);
  return std::isfinite(value) ? text : "";
}

}  // namespace

Result<std::string> run_imstats_step(const QueueLine& line, const ElixirOptions& options) {
  RegisterOptions tables;
  tables.cameras = options.cameras;
  tables.camera = options.camera;
  IMREG_ASSIGN(const auto cameras, load_cameras(tables));
  MeasureOptions measuring;
  measuring.camera = cameras.second;
  measuring.jobs = 1;
  measuring.only = {{line.extension, line.slice}};
  measuring.split = acquire::word_of_mode(line.mode) == "SPLIT";
  FileStatistics file;
  measure_files({line.path}, cameras.first, measuring, [&](const FileStatistics& done) {
    file = done;
    return true;
  });
  if (file.ccds.empty()) return file.status;
  if (is_missing(line.path))
    return Status(Code::not_found, "image is unavailable: it was moved or removed while it was measured")
        .in_file(line.path);
  const CcdStatistics& ccd = file.ccds[0];
  ImageStatistics entry;
  entry.path = line.path;
  entry.extension = line.extension;
  entry.ccd = line.ccd;
  entry.slice = line.slice;
  entry.bias = value_of(ccd.bias_state, ccd.bias);
  entry.sky = value_of(ccd.sky_state, ccd.sky);
  entry.fwhm = value_of(ccd.fwhm_state, ccd.fwhm);
  entry.file_size = file.file_size;
  entry.mtime = file.mtime;
  StatisticsOptions registering;
  registering.database = options.database;
  registering.wait_seconds = std::max(options.wait_seconds, 60.0);  // a long merge does not fail a line
  registering.on_network = options.on_network;
  registering.program = options.program;
  registering.may_wait = false;  // the line came from a row: where that is now, the next attempt finds
  IMREG_ASSIGN(const StatisticsReport report, register_statistics(registering, {entry}));
  if (!report.faults.empty()) return report.faults[0];
  if (ccd.sky_state == Measured::failed)  // the row says so, and so does the line
    return Status(Code::corrupt, ccd.reason).in_file(line.path);
  return ccd.state() + number("bias", ccd.bias) + number("sky", ccd.sky) + number("fwhm", ccd.fwhm) +
         (ccd.reason.empty() ? "" : " (" + ccd.reason + ")");
}

}  // namespace imreg
