// All tables and filter lists: those built in, and those of users. Loading them, and what is wrong between them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/embedded.h"
#include "camera/choose.h"
#include "camera/filters.h"
#include "camera/memory.h"
#include "camera/plan.h"
#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg {

namespace camera {

/// A table: what chooses it is read at once, the rest when a file first needs it.
struct Entry {
  Entry(std::string t, std::string f, std::size_t o) : text(std::move(t)), file(std::move(f)), origin(o) {
    head = scan_table(text, file);
  }
  const std::string text, file;
  const std::size_t origin;  // 0: built in; user tables in the order of their folders
  Table head;

  const Result<Table>& full() const {
    // No std::call_once: what throws below it needs libgcc_s, which programs without memory cannot load.
    const std::lock_guard lock(mutex_);
    if (!full_) full_ = parse_table(text, file);
    return *full_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::optional<Result<Table>> full_;
};

/// Of a table that was named on the command line: above those of any folder.
inline constexpr std::size_t kNamed = 1000;

Result<std::string> text_of_table(const std::filesystem::path& path);

struct TableFile {
  std::string path, text;
  bool is_list() const { return path.ends_with(".list"); }
};
/// The *.cam and *.list of a folder that are what their names say, in the order of their names.
Result<std::vector<TableFile>> tables_in(const std::string& folder);

}  // namespace camera

/// What is known of all cameras.
struct Cameras::Tables {
  std::map<std::string, std::shared_ptr<const camera::Entry>, std::less<>> entries;
  std::vector<std::pair<std::string, std::string>> lists;  // of filters, those of users: names and texts
  camera::Table configuration;                             // CameraSources::recipes; without a name when there are none
  std::optional<camera::Chooser> chooser;
  mutable camera::LayoutCache layouts;
  mutable camera::PlanCache plans;
  mutable camera::Memory memory;

  const camera::FilterList& filters() const {
    const std::lock_guard lock(filters_mutex);
    for (; lists_read < lists.size(); ++lists_read)
      (void)filters_read.add(lists[lists_read].second, lists[lists_read].first);
    return filters_read;
  }
  mutable std::mutex filters_mutex;
  mutable std::size_t lists_read = 0;
  mutable camera::FilterList filters_read{camera::builtin_filters()};

  Status add_user(const std::string& path, std::string text, std::size_t origin, bool is_list,
                  std::vector<std::string>& added);
  void index();
  std::size_t length_of_chain(const camera::Table& head) const;
  Result<camera::Chain> chain_of(const std::string& name) const;
  Status find_chain(const std::string& wanted, const camera::FileCards& cards, bool keep, camera::RememberedFile& last,
                    FileFacts& out) const;
  std::vector<Status> mistakes(const std::vector<std::string>& names) const;
};

}  // namespace imreg
