// When is a file complete? When it is as long as its headers say, and with it the other CCDs of its exposure.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "imreg/camera.h"
#include "imreg/watch.h"

namespace imreg {

class CompleteFiles {
 public:
  using Exposure = std::tuple<std::string, std::string, double>;  // folder, instrument, time of its start

  explicit CompleteFiles(const WatchOptions& options) : options_(options) {}
  /// Errors: those of Cameras::load.
  Status load();

  /// A file was closed or moved in at this time, or found and is as old as that.
  void add(const std::string& path, double time);
  /// What may be registered now, in the order of its coming; `notes`: why something is that is not complete.
  std::vector<std::string> take(double now, std::vector<std::string>& notes);
  /// When take() may have something without another file; infinity: never.
  double next_time() const;
  /// What waits for other files, or for its own rest: a line for each exposure and each file.
  std::vector<std::string> incomplete() const;

 private:
  struct Ccds {
    std::vector<std::string> paths;
    std::set<std::string> registered;  // besides those
    double last = 0;                   // when one came
    int expected = 0;                  // 0: nobody knows
  };
  void complete(const std::string& path) { ready_.push_back(path); }
  int expected(const std::string& instrument, int of_table) const;
  void learn(const std::string& instrument, const std::string& path, int of_table, std::set<std::string>& files);

  const WatchOptions& options_;
  std::optional<Cameras> cameras_;
  std::string camera_;
  std::vector<std::string> ready_;
  std::map<std::string, double> cut_;   // files that are cut off, and since when
  std::map<Exposure, Ccds> exposures_;  // of which CCDs are missing
  std::map<std::string, int> usual_;    // by instrument: CCDs of its largest exposure so far
  // Exposures that went without waiting any longer, with the files that are known of each, and their order: stragglers follow
  // at once.
  std::map<Exposure, std::set<std::string>> closed_;
  std::deque<Exposure> closing_;
  std::vector<std::string> notes_;
};

}  // namespace imreg
