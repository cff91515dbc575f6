// Collects what is found: all are counted, the first of each kind are named.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "imreg/upkeep.h"

namespace imreg::upkeep {

/// What a person can do when there is no file at `path`; other errors as they are.
Status explained(const Status& status, const std::string& path);

class Findings {
 public:
  void add(Finding finding);
  void damage(std::string file, std::string what, std::int64_t record = -1, std::int64_t byte = -1) {
    add({Finding::Kind::damage, std::move(file), record, byte, std::move(what)});
  }
  void warning(std::string file, std::string what, std::int64_t record = -1, std::int64_t byte = -1) {
    add({Finding::Kind::warning, std::move(file), record, byte, std::move(what)});
  }
  void note(std::string file, std::string what) {
    add({Finding::Kind::note, std::move(file), -1, -1, std::move(what)});
  }
  void add(Findings others);
  /// Damage and warnings of another file.
  void add(const CheckReport& other);
  bool empty() const { return named_[0].empty() && named_[1].empty() && named_[2].empty(); }
  std::int64_t damages() const { return count_[0]; }
  std::int64_t warnings() const { return count_[1]; }
  /// Damage first, then by record; at most CheckReport::kMostNamed.
  std::vector<Finding> sorted() &&;

 private:
  std::vector<Finding> named_[3];  ///< by kind
  std::int64_t count_[3] = {};
};

}  // namespace imreg::upkeep
