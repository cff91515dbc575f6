// Frames are sought in growing windows of time: a day around the image, then the rings around it, until every CCD has
// enough. So an index over time answers from a few rows, and without one there are some passes over the file.
#include "registry/calibration.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/date.h"

namespace imreg {

namespace {

constexpr double kDay = 86400;
constexpr double kForever = std::numeric_limits<double>::infinity();

// What of the image a frame must share beyond camera and CCD, by the code of its type.
enum class Needs { nothing, exposure, filter };
constexpr std::array<Needs, 10> kNeeds{Needs::nothing,                                   // none
                                       Needs::filter,                                    // object
                                       Needs::exposure, Needs::nothing,                  // dark, bias
                                       Needs::filter,   Needs::filter,  Needs::filter,   // flat, mask, fringe
                                       Needs::filter,   Needs::filter,  Needs::filter};  // scatter, modes, frpts

// CCDs of mosaics, in one file or in many; whole images; what no mode is known of goes with everything.
int kind_of_mode(int mode) {
  constexpr std::array<int, 6> kKinds{0, 1, 1, 2, 2, 2};  // none MEF SPLIT SINGLE CUBE SLICE
  return mode >= 0 && mode < 6 ? kKinds[static_cast<std::size_t>(mode)] : 0;
}

// Why a frame does not suit an image; bits, the same order as in the message.
enum Fault : unsigned {
  kOtherCcd = 1,
  kOtherCamera = 2,
  kOtherFilter = 4,
  kOtherExposure = 8,
  kNoTime = 16,
  kFar = 32,
  kBad = 64,
  kOtherMode = 128
};

struct Candidate {
  CalibrationFrame frame;
  double closeness = 0;  ///< how far the exposure times are apart; 0 where that does not matter
  bool operator<(const Candidate& other) const {
    const double a = std::abs(frame.days), b = std::abs(other.frame.days);
    if (a != b) return a < b;
    return closeness != other.closeness ? closeness < other.closeness : frame.row < other.frame.row;
  }
};

// The nearest frame that does not suit, for the message.
struct Miss {
  unsigned faults = ~0U;
  double days = kForever;
  Exposure frame;
  bool found() const { return faults != ~0U; }
};

struct Wanted {
  Exposure image;
  std::vector<Candidate> found;
  Miss miss;
};

class Finder {
 public:
  Finder(const RecordFile& file, const CalibrationRequest& request, const ExposureReader& reader)
      : file_(file), request_(request), reader_(reader), needs_(kNeeds[static_cast<std::size_t>(request.type)]) {}

  Status load() {
    if (needs_ != Needs::filter) return {};
    IMREG_ASSIGN(auto cameras, Cameras::load(request_.cameras));
    cameras_.emplace(std::move(cameras));
    return {};
  }

  Status find(std::vector<Wanted>& all);
  std::string why_none(const Wanted& wanted) const;
  ScanReport scanned;

 private:
  bool can_be_found(const Exposure& image) const {
    return std::isfinite(image.obstime) && !(needs_ == Needs::filter && image.filter.empty()) &&
           !(needs_ == Needs::exposure && std::isnan(image.exptime));
  }
  bool same_filter(const std::string& stored, const std::string& wanted);
  unsigned faults(const Exposure& frame, const Exposure& image);
  Result<Selection> selection_of(const std::vector<Wanted*>& group, std::vector<Interval> times);
  void read(const Selection& selection, const std::function<void(std::int64_t, const Exposure&)>& visit);
  Status find_near(double time, std::vector<Wanted*> group);
  Status find_misses(const std::vector<Wanted*>& group);
  void take(Wanted& wanted, std::int64_t row, const Exposure& frame) const;

  const RecordFile& file_;
  const CalibrationRequest& request_;
  const ExposureReader& reader_;
  Needs needs_;
  std::optional<Cameras> cameras_;
  std::map<std::string, std::map<std::string, bool>> filters_;  ///< wanted, stored: the same
};

bool Finder::same_filter(const std::string& stored, const std::string& wanted) {
  const auto [entry, is_new] = filters_[wanted].try_emplace(stored, false);
  if (is_new) entry->second = !wanted.empty() && cameras_->same_filter(stored, wanted);
  return entry->second;
}

unsigned Finder::faults(const Exposure& frame, const Exposure& image) {
  unsigned out = 0;
  const auto fault = [&out](Fault which, bool is_there) { out |= is_there ? which : 0U; };
  fault(kOtherCcd, frame.ccd != image.ccd);
  fault(kOtherCamera, !equal_nocase(frame.instrument, image.instrument));
  fault(kBad, frame.quality < 0);
  const int a = kind_of_mode(frame.mode), b = kind_of_mode(image.mode);
  fault(kOtherMode, frame.slice > 0 || (a != b && a != 0 && b != 0));
  fault(kNoTime, !std::isfinite(frame.obstime));
  fault(kFar, std::abs(frame.obstime - image.obstime) > request_.days * kDay);
  if (needs_ == Needs::filter) fault(kOtherFilter, !same_filter(frame.filter, image.filter));
  if (needs_ == Needs::exposure) {
    const double most = std::max(request_.exposure_seconds, request_.exposure_percent / 100 * image.exptime);
    fault(kOtherExposure, !(std::abs(frame.exptime - image.exptime) <= most));
  }
  return out;
}

// What an index can serve; faults() decides.
Result<Selection> Finder::selection_of(const std::vector<Wanted*>& group, std::vector<Interval> times) {
  const Schema& schema = file_.schema();
  Selection out = request_.others;
  out.without_deleted(schema);
  IMREG_TRY(out.codes(schema, "type", {request_.type}));
  IMREG_TRY(out.number(schema, "obstime", std::move(times)));
  std::set<int> ccds;
  std::set<std::string> instruments;
  for (const Wanted* wanted : group) {
    ccds.insert(wanted->image.ccd);
    instruments.insert(wanted->image.instrument);
  }
  std::vector<Interval> numbers;
  for (const int each : ccds) numbers.push_back({static_cast<double>(each), static_cast<double>(each)});
  IMREG_TRY(out.number(schema, "ccd", std::move(numbers)));
  std::vector<TextPattern> names;
  for (const std::string& each : instruments) names.push_back({each, TextPattern::How::exact});
  IMREG_TRY(out.patterns(schema, "instrument", std::move(names)));
  return out;
}

void Finder::read(const Selection& selection, const std::function<void(std::int64_t, const Exposure&)>& visit) {
  ScanReport report = scan(file_, selection, request_.scan, [&](std::int64_t row, RecordView record) {
    visit(row, reader_.read(record));
    return true;
  });
  scanned.looked_at += report.looked_at;
  scanned.plan = std::move(report.plan);
  scanned.damaged.add(std::move(report.damaged));
}

void Finder::take(Wanted& wanted, std::int64_t row, const Exposure& frame) const {
  const double ratio = wanted.image.exptime > 0 ? frame.exptime / wanted.image.exptime : std::nan("");
  const double closeness = needs_ == Needs::exposure ? std::abs(frame.exptime - wanted.image.exptime) : 0;
  auto& found = wanted.found;
  found.push_back({{row, (frame.obstime - wanted.image.obstime) / kDay, ratio}, closeness});
  // The limit best ones are kept, and as many again, so that a night of flats is sorted seldom.
  const auto limit = static_cast<std::size_t>(request_.limit);
  if (found.size() < 2 * limit + 64) return;
  std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  found.resize(limit);
}

// All images of a group have the same time.
Status Finder::find_near(double time, std::vector<Wanted*> group) {
  const double furthest = request_.days * kDay;
  std::vector<Interval> ring;
  for (double radius = std::min(kDay, furthest);;
       radius = radius >= 512 * kDay ? furthest : std::min(8 * radius, furthest)) {
    const Interval window{time - radius, time + radius};
    if (ring.empty()) {
      ring = {window};
    } else {
      ring = {{window.low, std::nextafter(ring.front().low, -kForever)},
              {std::nextafter(ring.back().high, kForever), window.high}};
    }
    IMREG_ASSIGN(const Selection selection, selection_of(group, ring));
    read(selection, [&](std::int64_t row, const Exposure& frame) {
      for (Wanted* wanted : group) {
        if (frame.ccd != wanted->image.ccd || frame.path == wanted->image.path) continue;
        if (faults(frame, wanted->image) == 0) take(*wanted, row, frame);
      }
    });
    std::erase_if(
        group, [&](const Wanted* wanted) { return wanted->found.size() >= static_cast<std::size_t>(request_.limit); });
    if (group.empty() || radius >= furthest) return {};
    ring = {window};
  }
}

// All frames of the type once more, for the message: fewest faults first, then the nearest.
Status Finder::find_misses(const std::vector<Wanted*>& group) {
  Selection selection = request_.others;
  selection.without_deleted(file_.schema());
  IMREG_TRY(selection.codes(file_.schema(), "type", {request_.type}));
  scanned.damaged = {};  // read() meets the same rows again
  read(selection, [&](std::int64_t, const Exposure& frame) {
    for (Wanted* wanted : group) {
      if (frame.path == wanted->image.path) continue;
      const unsigned wrong = faults(frame, wanted->image);
      const double days = (frame.obstime - wanted->image.obstime) / kDay;
      Miss& miss = wanted->miss;
      const int more = miss.found() ? std::popcount(wrong) - std::popcount(miss.faults) : -1;
      if (more > 0 || (more == 0 && !(std::abs(days) < std::abs(miss.days)))) continue;
      miss = {wrong, std::isnan(days) ? kForever : days, frame};
    }
  });
  return {};
}

Status Finder::find(std::vector<Wanted>& all) {
  std::map<double, std::vector<Wanted*>> groups;
  for (Wanted& wanted : all) {
    if (can_be_found(wanted.image)) groups[wanted.image.obstime].push_back(&wanted);
  }
  std::vector<Wanted*> without;
  for (const auto& [time, group] : groups) {
    IMREG_TRY(find_near(time, group));
    for (Wanted* wanted : group) {
      std::sort(wanted->found.begin(), wanted->found.end());
      if (wanted->found.size() > static_cast<std::size_t>(request_.limit)) {
        wanted->found.resize(static_cast<std::size_t>(request_.limit));
      }
      if (wanted->found.empty()) without.push_back(wanted);
    }
  }
  return without.empty() ? Status() : find_misses(without);
}

std::string shown(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3g", value);
  return out;
}
std::string shown_days(double days) { return shown(std::abs(days)) + (days < 0 ? " days before" : " days after"); }
std::string shown_exposure(double seconds) { return std::isnan(seconds) ? "not known" : shown(seconds) + " s"; }

std::string Finder::why_none(const Wanted& wanted) const {
  const Exposure& image = wanted.image;
  const std::string& type = builtin_format(regimage::kFormat, regimage::kVersion)
                                ->find("type")
                                ->words[static_cast<std::size_t>(request_.type)];
  std::string sought = "no " + type + " for ccd " + std::to_string(image.ccd) + " of " +
                       (image.instrument.empty() ? "an unknown camera" : visible(image.instrument));
  if (!std::isfinite(image.obstime)) return sought + ": the time of the image is not known, so nothing is near to it";
  if (needs_ == Needs::filter) {
    if (image.filter.empty()) return sought + ": the filter of the image is not known";
    sought += " in filter " + visible(image.filter);
  }
  if (needs_ == Needs::exposure) {
    if (std::isnan(image.exptime)) return sought + ": the exposure time of the image is not known";
    sought += " of " + shown_exposure(image.exptime);
  }
  if (request_.days < kForever) sought += " within " + shown(request_.days) + " days";
  sought += " of " + format_iso(image.obstime, 0);
  const Miss& miss = wanted.miss;
  if (!miss.found()) return sought + ": there is no other " + type + " at all";
  const Exposure& frame = miss.frame;
  std::vector<std::string> wrong;
  const auto tell = [&](Fault which, const std::string& what) {
    if ((miss.faults & which) != 0) wrong.push_back(what);
  };
  tell(kOtherCcd, "it is of ccd " + std::to_string(frame.ccd));
  tell(kOtherCamera, "its camera is " + (frame.instrument.empty() ? "not known" : visible(frame.instrument)));
  tell(kOtherFilter, "its filter is " + (frame.filter.empty() ? "not known" : visible(frame.filter)));
  tell(kOtherExposure, "its exposure time is " + shown_exposure(frame.exptime));
  tell(kNoTime, "its time is not known");
  tell(kFar, "it is too far away");
  tell(kBad, "it is judged bad (quality " + std::to_string(frame.quality) + ")");
  tell(kOtherMode, frame.slice > 0 ? "it is a slice of a cube" : "its mode does not go with that of the image");
  std::string why;
  for (const std::string& each : wrong) why += (why.empty() ? "" : ", ") + each;
  const std::string when = std::isfinite(miss.days) ? " (" + shown_days(miss.days) + ")" : "";
  return sought + "; the nearest, " + visible(frame.path) + when + ", does not suit: " + why;
}

Status check(const CalibrationRequest& request) {
  const auto invalid = [](const std::string& what) { return Status(Code::invalid, what); };
  if (request.type < 1 || request.type >= static_cast<int>(kNeeds.size())) {
    return invalid("name the type of frame to look for, such as bias, dark or flat");
  }
  if (request.limit < 1 || request.limit > 1000000)
    return invalid("the limit must be 1 to 1000000 frames for each CCD");
  if (!(request.days >= 0)) return invalid("the days must be 0 or more");
  if (!(request.exposure_percent >= 0 && request.exposure_seconds >= 0)) {
    return invalid("the tolerance of the exposure time must be 0 or more");
  }
  return {};
}

}  // namespace

namespace {

// -ccd says for which CCDs of the image frames are wanted.
void keep_wanted_ccds(const RecordFile& file, const Selection& others, std::vector<Exposure>& images) {
  const FieldInfo* field = file.schema().find("ccd");
  Record row = file.make_record();
  std::erase_if(images, [&](const Exposure& image) {
    if (!field || !set_value(row, *field, std::int64_t{image.ccd}).ok()) return false;
    return std::any_of(others.conditions().begin(), others.conditions().end(), [&](const Condition& c) {
      return c.kind == Condition::Kind::number && c.field.offset == field->offset && !c.holds(row.view());
    });
  });
}

}  // namespace

Result<CalibrationReport> find_calibrations(const RecordFile& file, const CalibrationRequest& request) {
  IMREG_TRY(check(request));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(file.path()));
  IMREG_ASSIGN(const ExposureReader reader, ExposureReader::make(file.schema(), roots));
  IMREG_ASSIGN(auto images, find_reference(file, reader, request));
  keep_wanted_ccds(file, request.others, images);
  std::vector<Wanted> all;
  for (Exposure& image : images) all.push_back({std::move(image), {}, {}});
  Finder finder(file, request, reader);
  IMREG_TRY(finder.load());
  IMREG_TRY(finder.find(all));
  CalibrationReport report;
  for (const Wanted& wanted : all) {
    CalibrationFind& find = report.ccds.emplace_back();
    find.ccd = wanted.image.ccd;
    find.extension = wanted.image.extension;
    for (const Candidate& each : wanted.found) find.frames.push_back(each.frame);
    report.scan.matched += static_cast<std::int64_t>(find.frames.size());
    if (find.frames.empty()) find.why_none = finder.why_none(wanted);
  }
  report.scan.looked_at = finder.scanned.looked_at;
  report.scan.plan = std::move(finder.scanned.plan);
  report.scan.damaged = std::move(finder.scanned.damaged);
  return report;
}

}  // namespace imreg
