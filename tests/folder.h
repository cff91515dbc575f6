// A folder for the files of a test, which goes away with it.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace imreg {

class Folder {
 public:
  // In memory where that is possible: thousands of syncs, and none of them is what is tested.
  Folder() {
    for (const std::string& root : {std::string("/dev/shm"), std::filesystem::temp_directory_path().string()}) {
      path_ = root + "/imreg-test-XXXXXX";
      if (::mkdtemp(path_.data())) return;
    }
    std::abort();
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What a progress callback was told: it must only rise, never above all of it, which never changes, and end there.
struct Told {
  std::int64_t done = -1, all = -1, calls = 0;
  bool good = true;
  auto callback() {
    return [this](std::int64_t now, std::int64_t of) {
      good = good && now >= done && now <= of && (all < 0 || of == all);
      done = now, all = of, ++calls;
    };
  }
  bool whole() const { return good && calls > 1 && done == all; }
};

}  // namespace imreg
