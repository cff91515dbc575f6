// Goes back through the history: a row is where it is now, and before each change where that one says.
#include "registry/earlier_paths.h"

#include <algorithm>
#include <utility>

#include "formats/regimage.h"
#include "imreg/history.h"
#include "os/walk.h"

namespace imreg {

Result<std::unordered_map<std::string, std::vector<std::int64_t>>> earlier_paths(
    const RecordFile& file, const PathRoots& roots, const std::unordered_set<std::string>& names) {
  std::unordered_map<std::string, std::vector<std::int64_t>> out;
  IMREG_ASSIGN(const History history, History::load(file));
  const auto each = [&](const auto& visit) -> Status {
    for (auto change = history.changes().rbegin(); change != history.changes().rend(); ++change) {
      std::int64_t gone = 0;
      if (!change->done) continue;
      IMREG_TRY(history.each(*change, gone, [&](std::int64_t row, const Difference& difference) -> Status {
        const std::string *folder = nullptr, *name = nullptr;
        for (const auto& field : difference) {
          if (field.field == "pathname") folder = &field.before;
          if (field.field == "filename") name = &field.before;
        }
        if (row >= 0 && row < file.count() && (folder != nullptr || name != nullptr)) visit(row, folder, name);
        return {};
      }));
    }
    return {};
  };
  // Of files that kept their name only those with a wanted one are remembered: a change may be of all rows.
  std::unordered_set<std::int64_t> renamed;
  IMREG_TRY(each([&](std::int64_t row, const std::string*, const std::string* name) {
    if (name != nullptr) renamed.insert(row);
  }));
  std::unordered_map<std::int64_t, std::pair<std::string, std::string>> before;
  Record scratch = file.make_record();
  IMREG_TRY(each([&](std::int64_t row, const std::string* folder, const std::string* name) {
    const RecordView now = file.peek(row, scratch);
    if (!renamed.contains(row) && !names.contains(std::string(now[regimage::kFilename]))) return;
    auto& [in, called] = before.try_emplace(row, now[regimage::kPathname], now[regimage::kFilename]).first->second;
    if (folder != nullptr) in = *folder;
    if (name != nullptr) called = *name;
    if (!names.contains(called)) return;
    auto& rows = out[below(roots.expand(in), called)];
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
  }));
  return out;
}

}  // namespace imreg
