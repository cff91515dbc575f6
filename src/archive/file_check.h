// Which of many files are there: a folder's names are read once, several folders at the same time; no file is looked at by itself.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "imreg/status.h"

namespace imreg {

class FileCheck {
 public:
  static constexpr std::size_t kMostNamed = 10;
  /// `sample`: look for so many of them only, taken by chance; 0: for all.
  explicit FileCheck(std::int64_t sample) : sample_(static_cast<std::size_t>(sample)) {}

  /// Neighbours that are the same file are one.
  void add(std::string folder, std::string name);
  /// Behind the last one.
  void finish();

  std::int64_t files() const { return files_; }  ///< that were added
  std::int64_t looked_for() const { return looked_for_; }
  std::int64_t missing() const { return missing_; }
  const std::vector<std::string>& first_missing() const { return first_missing_; }
  std::int64_t unknown() const { return unknown_; }                                  ///< in folders that cannot be read
  const std::vector<Status>& first_unreadable() const { return first_unreadable_; }  ///< such folders

 private:
  using Place = std::pair<std::string, std::string>;  // folder, name
  void look();

  std::size_t sample_;
  Random random_{20010127};  // the rehearsal and the move look for the same files
  std::vector<Place> waiting_;
  Place last_;
  std::int64_t files_ = 0, looked_for_ = 0, missing_ = 0, unknown_ = 0;
  std::vector<std::string> first_missing_;
  std::vector<Status> first_unreadable_;
};

}  // namespace imreg
