// Pictures of all files of trees, or of what else is named.
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/text.h"
#include "imreg/look.h"
#include "look/keep.h"
#include "os/file.h"
#include "os/processors.h"
#include "os/walk.h"

namespace imreg {

using namespace look;

namespace {

// {root9} and {proposal} are acsql's.
std::string name_by(const std::string& pattern, const std::string& relative, const LookCaption& caption) {
  const std::string name = name_of(relative);
  std::string stem = name.substr(0, name.find('.'));
  const auto bar = stem.rfind('_');
  const std::string root = bar == stem.npos ? stem : stem.substr(0, bar),
                    type = bar == stem.npos ? "" : stem.substr(bar + 1);
  std::uint64_t sum = 0xcbf29ce484222325U;  // FNV-1a: the same on every machine
  for (const char c : relative) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(sum));
  const std::pair<const char*, std::string> words[] = {
      {"{path}", relative},
      {"{stem}", stem},
      {"{rootname}", root},
      {"{filetype}", type},
      {"{hash}", hash},
      {"{hash:2}", std::string(hash, 2)},
      {"{proposal}", caption.proposal.empty() ? "unknown" : caption.proposal}};
  std::string out = pattern;
  for (const auto& [word, value] : words) {
    for (auto at = out.find(word); at != out.npos; at = out.find(word, at + value.size()))
      out.replace(at, std::string_view(word).size(), value);
  }
  return out;
}

bool needs_header(const std::string& pattern) { return pattern.find("{proposal}") != pattern.npos; }

}  // namespace

Status check_look_pattern(const std::string& pattern) {
  const std::set<std::string> known = {"path", "stem", "rootname", "filetype", "hash", "hash:2", "proposal"};
  for (auto at = pattern.find('{'); at != pattern.npos; at = pattern.find('{', at + 1)) {
    const auto end = pattern.find('}', at);
    const std::string word = pattern.substr(at + 1, end == pattern.npos ? end : end - at - 1);
    if (end == pattern.npos || !known.contains(word))
      return {Code::invalid, "-as " + pattern + ": {" + word +
                                 "} is none of {path} {stem} {rootname} {filetype} {proposal} {hash} {hash:2}"};
  }
  const std::string name = name_of(pattern);
  if (pattern.empty() || name.find('{') == name.npos)
    return {Code::invalid,
            "-as " + pattern +
                ": the pictures would all have one name; {path}, {stem} or {rootname}_{filetype} tell them apart"};
  if (pattern.find("..") != pattern.npos) return {Code::invalid, "-as " + pattern + ": .. leads out of the folder"};
  return {};
}

Result<LookReport> look_at_trees(const std::vector<std::string>& trees, const Cameras& cameras,
                                 const LookTreeOptions& options, const std::function<void(const LookedFile&)>& on_file,
                                 const std::function<void(std::int64_t done, std::int64_t all)>& progress) {
  std::vector<LookItem> items;
  std::vector<Status> faults;
  const std::string own = absolute_path(options.folder) + "/";
  for (const auto& tree : trees) {
    const std::string path = absolute_path(tree);
    if ((path + "/").starts_with(own))
      return Status(Code::invalid,
                    visible(tree) + ": the pictures would lie in it or above it: choose another folder for them");
    const std::string start =
        trees.size() > 1 && path != "/" ? name_of(path) + "/" : "";  // two trees may have one name in them
    if (file_times(path)) {
      items.push_back({{path}, name_of(path)});
      continue;
    }
    if (!is_folder(path)) return Status(Code::not_found, visible(tree) + ": there is no such file or folder");
    Walk walk = walk_folder(path);
    for (const auto& file : walk.files) {
      if (file.starts_with(own)) continue;  // the pictures themselves
      items.push_back({{file}, start + file.substr(path == "/" ? 1 : path.size() + 1)});
    }
    std::move(walk.faults.begin(), walk.faults.end(), std::back_inserter(faults));
  }
  IMREG_ASSIGN(auto report, look_at_each(items, cameras, options, on_file, progress));
  report.faults = std::move(faults);
  return report;
}

Result<LookReport> look_at_each(const std::vector<LookItem>& items, const Cameras& cameras,
                                const LookTreeOptions& options, const std::function<void(const LookedFile&)>& on_file,
                                const std::function<void(std::int64_t done, std::int64_t all)>& progress) {
  IMREG_TRY(check_look(options.look));
  IMREG_TRY(check_look_pattern(options.pattern));
  LookReport report;
  report.found = std::ssize(items);
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) return os_error(options.folder, "the folder cannot be made", error.value());

  remove_leftovers(absolute_path(options.folder));
  const KeepOptions keeping{.look = options.look, .quality = options.quality, .again = options.again};
  std::mutex mutex;
  std::map<std::string, std::string> taken;  // by picture: whose it is
  Status stop;                               // what would happen to all others, too: a full disk
  std::atomic<std::size_t> next{0};
  std::int64_t done = 0;
  const auto work_on = [&](const LookItem& item) -> LookedFile {
    using Fate = LookedFile::Fate;
    LookedFile out{item.paths.front(), {}, Fate::failed, {}};
    const auto give_up = [&](const Status& why) {
      out.fate = why.code() == Code::invalid ? Fate::passed : Fate::failed;
      out.reason = why.message();
      return out;
    };
    LookCaption caption;
    if (needs_header(options.pattern)) {
      auto said = look_caption(out.path, cameras, options.look);
      if (!said) return give_up(said.status());
      caption = *std::move(said);
    }
    const char* const ending = options.thumbnails ? ".thumb" : options.png ? ".png" : ".jpg";
    out.picture = below(options.folder, name_by(options.pattern, item.name, caption) + ending);
    {
      const std::lock_guard lock(mutex);
      const auto [at, is_new] = taken.try_emplace(out.picture, out.path);
      if (!is_new) {
        out.reason = "has the same picture as " + at->second + ": -as tells them apart";
        return out;
      }
    }
    const auto source = source_of(item.paths);
    if (!source) return give_up(source.status());
    const KeptPicture::Kind kind = options.png ? KeptPicture::Kind::png : KeptPicture::Kind::jpeg;
    auto kept = keep_pictures(*source, {{out.picture, kind}}, cameras, keeping);
    if (kept) {
      out.fate = kept->fate, out.reason = std::move(kept->reason);
      return out;
    }
    const std::lock_guard lock(mutex);
    out.reason = "its picture cannot be written: " + kept.status().message();
    if (stop.ok()) stop = kept.status();
    return out;
  };
  at_once(std::min<int>(options.jobs, static_cast<int>(std::max<std::size_t>(items.size(), 1))), [&](int) {
    for (std::size_t i; (i = next++) < items.size();) {
      LookedFile file = work_on(items[i]);
      const std::lock_guard lock(mutex);
      if (!stop.ok()) next = items.size();
      ++report.fates[static_cast<std::size_t>(file.fate)];
      if (on_file) on_file(file);
      if (progress) progress(++done, std::ssize(items));
    }
  });
  IMREG_TRY(stop);
  return report;
}

}  // namespace imreg
