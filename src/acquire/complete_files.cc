// Files wait here until they are whole.
#include "acquire/complete_files.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"
#include "imreg/fits_file.h"
#include "os/walk.h"
#include "registry/file_rows.h"

namespace imreg {

namespace {
constexpr std::size_t kMostClosed = 1000;  // exposures
constexpr double kQuiet = 2;               // seconds without another CCD, where nobody knows how many there are
}  // namespace

Status CompleteFiles::load() {
  IMREG_ASSIGN(auto cameras, load_cameras(options_.sort.registration));
  cameras_.emplace(std::move(cameras.first));
  camera_ = cameras.second;
  return {};
}

void CompleteFiles::add(const std::string& path, double time) {
  const auto headers = read_fits_headers(path);
  cut_.erase(path);
  if (!headers || !headers->damage.empty()) {
    const auto times = file_times(path);
    if (!times || (times->size > 0 && !headers && is_foreign(path, false, headers.status()))) return;
    cut_[path] = std::min(times->mtime, time);  // who writes it goes on, or has given up
    return;
  }
  const auto facts =
      cameras_->translate(path, *headers, {.split = options_.sort.registration.split, .camera = camera_});
  if (!facts || facts->images.empty() || facts->images[0].mode != ImageMode::split || !facts->images[0].obstime.value) {
    complete(path);
    return;
  }
  const auto& image = facts->images[0];
  const std::string instrument = image.instrument.value.value_or("");
  const Exposure exposure{path.substr(0, path.rfind('/')), instrument, *image.obstime.value};
  if (std::find(closed_.begin(), closed_.end(), exposure) != closed_.end()) {
    complete(path);
    return;
  }
  Ccds& ccds = exposures_[exposure];
  if (std::find(ccds.paths.begin(), ccds.paths.end(), path) == ccds.paths.end()) ccds.paths.push_back(path);
  ccds.last = std::max(ccds.last, time);
  const auto usual = usual_.find(instrument);
  ccds.expected = options_.ccds > 0 ? options_.ccds : usual != usual_.end() ? usual->second : facts->ccds;
}

std::vector<std::string> CompleteFiles::take(double now, std::vector<std::string>& notes) {
  for (auto at = exposures_.begin(); at != exposures_.end();) {
    Ccds& ccds = at->second;
    std::erase_if(ccds.paths, is_missing);  // written under another name than it has now
    if (ccds.paths.empty()) {
      at = exposures_.erase(at);
      continue;
    }
    const auto count = static_cast<int>(ccds.paths.size());
    const bool whole = ccds.expected > 0 && count >= ccds.expected;
    const double patience = ccds.expected > 0 ? options_.patience : std::min(kQuiet, options_.patience);
    if (!whole && now < ccds.last + patience) {
      ++at;
      continue;
    }
    if (!whole && ccds.expected > 0)
      notes.push_back(ccds.paths[0] + ": registered with " + std::to_string(count - 1) +
                      " other CCDs of its exposure, where " + std::to_string(ccds.expected) +
                      " in all were expected (-ccds says how many there are)");
    if (whole || ccds.expected == 0) usual_[std::get<1>(at->first)] = count;
    for (const auto& path : ccds.paths) complete(path);
    closed_.push_back(at->first);
    if (closed_.size() > kMostClosed) closed_.pop_front();
    at = exposures_.erase(at);
  }
  for (auto at = cut_.begin(); at != cut_.end();) {
    if (now < at->second + options_.patience) {
      ++at;
      continue;
    }
    const auto times = file_times(at->first);
    if (times && now < times->mtime + options_.patience && times->mtime <= now) {  // it was written to since
      at->second = times->mtime;
      continue;
    }
    const auto headers = read_fits_headers(at->first);
    if (times && (headers || !is_foreign(at->first, false, headers.status())))
      complete(at->first);  // registering it says what is wrong with it
    at = cut_.erase(at);
  }
  return std::exchange(ready_, {});
}

double CompleteFiles::next_time() const {
  double next = std::numeric_limits<double>::infinity();
  for (const auto& [exposure, ccds] : exposures_)
    next = std::min(next, ccds.last + (ccds.expected > 0 ? options_.patience : std::min(kQuiet, options_.patience)));
  for (const auto& [path, since] : cut_) next = std::min(next, since + options_.patience);
  return ready_.empty() ? next : 0;
}

std::vector<std::string> CompleteFiles::incomplete() const {
  std::vector<std::string> out;
  for (const auto& [exposure, ccds] : exposures_) {
    if (ccds.paths.empty()) continue;
    const auto others = static_cast<long long>(ccds.paths.size()) - 1;
    out.push_back(ccds.paths[0] + ": left for the next time, with " + counted(others, "other CCD") +
                  " of its exposure" +
                  (ccds.expected > 0 ? ", where " + std::to_string(ccds.expected) + " in all are expected" : ""));
  }
  for (const auto& [path, since] : cut_)
    out.push_back(path + ": left for the next time: it is cut off, or still written");
  return out;
}

}  // namespace imreg
