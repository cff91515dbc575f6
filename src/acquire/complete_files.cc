// Files wait here until they are whole.
#include "acquire/complete_files.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/fits_file.h"
#include "imreg/queue.h"
#include "imreg/scan.h"
#include "os/walk.h"
#include "registry/file_rows.h"
#include "registry/path_roots.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {
constexpr std::size_t kMostClosed = 1000;  // exposures
constexpr double kQuiet = 2;               // seconds without another CCD, where nobody knows how many there are

// Files of an exposure that are registered: before this watcher began, or by another program. A database that cannot be read
// now knows of none.
std::set<std::string> registered_files(const std::string& database, const CompleteFiles::Exposure& exposure) {
  const auto& [folder, instrument, obstime] = exposure;
  std::set<std::string> out;
  const auto file = open_database(database);
  const auto roots = PathRoots::load(database);
  Selection at_that_time;
  if (!file || !roots || !at_that_time.number(file->schema(), "obstime", {{obstime, obstime}}).ok()) return out;
  at_that_time.without_deleted(file->schema());
  (void)scan(*file, at_that_time, {}, [&](std::int64_t, RecordView row) {
    const QueueLine image = queue_line_of(row, *roots);
    if (image.mode == static_cast<int>(regimage::Mode::split) && row[regimage::kInstrument] == instrument &&
        image.path.substr(0, image.path.rfind('/')) == folder)
      out.insert(image.path);
    return true;
  });
  std::erase_if(out, is_missing);  // they were moved by hand, or have another name now
  return out;
}

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
  if (const auto closed = closed_.find(exposure); closed != closed_.end()) {
    learn(instrument, path, facts->ccds, closed->second);
    complete(path);
    return;
  }
  const auto [at, is_new] = exposures_.try_emplace(exposure);
  Ccds& ccds = at->second;
  if (is_new) ccds.registered = registered_files(options_.sort.registration.database, exposure);
  ccds.registered.erase(path);
  if (std::find(ccds.paths.begin(), ccds.paths.end(), path) == ccds.paths.end()) ccds.paths.push_back(path);
  ccds.last = std::max(ccds.last, time);
  ccds.expected = expected(instrument, facts->ccds);
}

int CompleteFiles::expected(const std::string& instrument, int of_table) const {
  if (options_.ccds > 0) return options_.ccds;
  const auto usual = usual_.find(instrument);
  return std::max(usual != usual_.end() ? usual->second : 0, of_table);
}

// One more CCD of an exposure than were waited for: the next exposures wait for as many.
void CompleteFiles::learn(const std::string& instrument, const std::string& path, int of_table,
                          std::set<std::string>& files) {
  files.insert(path);
  const int wanted = expected(instrument, of_table);
  if (options_.ccds > 0 || static_cast<int>(files.size()) <= wanted) return;
  std::erase_if(files, is_missing);  // written under another name than they have now
  const auto count = static_cast<int>(files.size());
  if (count <= wanted) return;
  usual_[instrument] = count;
  notes_.push_back(path + ": came when its exposure was taken for complete; " + counted(count, "CCD") +
                   " of an exposure are waited for from now on (-ccds says how many there are)");
}

std::vector<std::string> CompleteFiles::take(double now, std::vector<std::string>& notes) {
  for (auto at = exposures_.begin(); at != exposures_.end();) {
    Ccds& ccds = at->second;
    std::erase_if(ccds.paths, is_missing);  // written under another name than it has now
    if (ccds.paths.empty()) {
      at = exposures_.erase(at);
      continue;
    }
    const auto count = [&ccds] { return static_cast<int>(ccds.paths.size() + ccds.registered.size()); };
    const auto whole = [&] { return ccds.expected > 0 && count() >= ccds.expected; };
    const double patience = ccds.expected > 0 ? options_.patience : std::min(kQuiet, options_.patience);
    if (!whole() && now < ccds.last + patience) {
      ++at;
      continue;
    }
    if (!whole()) {  // others may have registered some meanwhile
      ccds.registered = registered_files(options_.sort.registration.database, at->first);
      for (const auto& path : ccds.paths) ccds.registered.erase(path);
    }
    if (!whole() && ccds.expected > 0)
      notes.push_back(ccds.paths[0] + ": registered with " + std::to_string(count() - 1) +
                      " other CCDs of its exposure, where " + std::to_string(ccds.expected) +
                      " in all were expected (-ccds says how many there are)");
    int& usual = usual_[std::get<1>(at->first)];
    if (whole() || ccds.expected == 0) usual = std::max(usual, count());
    for (const auto& path : ccds.paths) complete(path);
    ccds.registered.insert(ccds.paths.begin(), ccds.paths.end());
    closed_.emplace(at->first, std::move(ccds.registered));
    closing_.push_back(at->first);
    if (closing_.size() > kMostClosed) {
      closed_.erase(closing_.front());
      closing_.pop_front();
    }
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
  notes.insert(notes.end(), notes_.begin(), notes_.end());
  notes_.clear();
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
