// What is called X.db and X.db.something of ours.
#include "registry/own_files.h"

#include <algorithm>
#include <string_view>

#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace {

// Each may have a lock and a journal of its own.
constexpr std::string_view kEndings[] = {"", ".roots", ".lost", ".temps", ".pending", ".history", ".moving", ".idx"};
constexpr std::string_view kMore[] = {"", ".lock", ".journal"};

}  // namespace

OwnFiles::OwnFiles(const std::string& database) : name_(name_of(database)), base_(resolved_path(database)) {
  if (base_.front() == '/') return;  // else there is no database yet, but there may be roots and a lock
  const std::string path = absolute_path(database);
  base_ = resolved_path(path.substr(0, path.rfind('/') + 1)) + '/' + name_;
}

bool OwnFiles::have(const std::string& path) const {
  const std::string name = name_of(path);
  const std::string folder = name_of(path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/')));
  const auto may_be = [&](const std::string& text) {  // spares resolving all others
    return text.starts_with(name_) || text.starts_with(name_of(base_));
  };
  if (!may_be(name) && !may_be(folder)) return false;
  const std::string real = resolved_path(path);
  if (real.starts_with(base_ + ".queue/")) return true;
  for (const auto ending : kEndings) {
    for (const auto more : kMore) {
      if (real == base_ + std::string(ending) + std::string(more)) return true;
    }
  }
  return false;
}

}  // namespace imreg
