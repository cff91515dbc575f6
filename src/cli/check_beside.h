// What stands beside a database and is looked at with it: roots, temperatures, queues, header tables.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "imreg/upkeep.h"
#include "registry/path_roots.h"

namespace imreg::cli {

class CheckBeside {
 public:
  explicit CheckBeside(std::string database) : database_(std::move(database)), roots_(PathRoots::load(database_)) {}
  /// For CheckOptions; empty: the roots cannot be read. Lives no longer than this.
  std::function<std::string(std::string_view folder)> expand() const;
  void check(const CheckOptions& options, CheckReport& report) const;

 private:
  std::string database_;
  Result<PathRoots> roots_;
};

}  // namespace imreg::cli
