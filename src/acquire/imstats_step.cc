// The built-in step: imstats on images, and their statistics into their rows.
#include "acquire/imstats_step.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "acquire/queue_file.h"
#include "imreg/measure.h"
#include "imreg/statistics.h"
#include "os/file.h"
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

class ImstatsStep : public LineStep {
 public:
  explicit ImstatsStep(const ElixirOptions& options) : options_(options) {}
  void run(const QueueLine& line) override { said_.push_back(measure(line)); }
  std::vector<Result<std::string>> save() override;

 private:
  Status open(const QueueLine& line);
  Result<std::string> measure(const QueueLine& line);
  const ElixirOptions options_;
  std::optional<std::pair<Cameras, std::string>> cameras_;
  std::optional<FileMeasurement> file_;
  std::string which_;  // it is
  // Of the lines that are not saved: what is said of each, and the statistics of those that have some.
  std::vector<Result<std::string>> said_;
  std::vector<ImageStatistics> entries_;
  std::vector<std::size_t> lines_;  // of the entries
};

// Again when it has another name or content than that of the line before.
Status ImstatsStep::open(const QueueLine& line) {
  const auto file = File::open(line.path, File::Mode::read);
  const bool split = acquire::word_of_mode(line.mode) == "SPLIT";
  const std::string which = line.path + (split ? " as one CCD " : " ") + (file ? file->stamp() : "");
  if (file && file_ && which == which_) return {};
  file_.reset();
  if (!cameras_) {
    RegisterOptions tables;
    tables.cameras = options_.cameras;
    tables.camera = options_.camera;
    IMREG_ASSIGN(cameras_, load_cameras(tables));
  }
  MeasureOptions measuring;
  measuring.camera = cameras_->second;
  measuring.split = split;
  file_.emplace(line.path, cameras_->first, measuring);
  which_ = which;
  return {};
}

Result<std::string> ImstatsStep::measure(const QueueLine& line) {
  IMREG_TRY(open(line));
  const FileStatistics file = file_->measure(line.extension, line.slice);
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
  entries_.push_back(std::move(entry));
  lines_.push_back(said_.size());
  if (ccd.sky_state == Measured::failed)  // the row says so, and so does the line
    return Status(Code::corrupt, ccd.reason).in_file(line.path);
  return ccd.state() + number("bias", ccd.bias) + number("sky", ccd.sky) + number("fwhm", ccd.fwhm) +
         (ccd.reason.empty() ? "" : " (" + ccd.reason + ")");
}

std::vector<Result<std::string>> ImstatsStep::save() {
  StatisticsOptions registering;
  registering.database = options_.database;
  registering.wait_seconds = std::max(options_.wait_seconds, 60.0);  // a long merge does not fail a line
  registering.on_network = options_.on_network;
  registering.program = options_.program;
  registering.may_wait = false;  // the lines came from rows: where those are now, the next attempt finds
  if (!entries_.empty()) {
    const auto report = register_statistics(registering, entries_);
    if (!report) {
      for (const auto line : lines_) said_[line] = report.status();
    } else {
      for (std::size_t i = 0; i < report->faults.size(); ++i) said_[lines_[report->faulty[i]]] = report->faults[i];
    }
  }
  entries_.clear();
  lines_.clear();
  return std::exchange(said_, {});
}

}  // namespace

std::unique_ptr<LineStep> imstats_step(const ElixirOptions& options) { return std::make_unique<ImstatsStep>(options); }

}  // namespace imreg
