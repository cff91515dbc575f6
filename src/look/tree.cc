// Pictures of all files of a tree.
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

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
  IMREG_TRY(check_look(options.look));
  IMREG_TRY(check_look_pattern(options.pattern));
  struct Source {
    std::string path, relative;
    FileTimes times;
  };
  LookReport report;
  std::vector<Source> sources;
  const std::string own = absolute_path(options.folder) + "/";
  for (const auto& tree : trees) {
    const std::string path = absolute_path(tree);
    if ((path + "/").starts_with(own))
      return Status(Code::invalid,
                    visible(tree) + ": the pictures would lie in it or above it: choose another folder for them");
    const std::string start =
        trees.size() > 1 && path != "/" ? name_of(path) + "/" : "";  // two trees may have one name in them
    if (const auto times = file_times(path)) {
      sources.push_back({path, name_of(path), *times});
      continue;
    }
    if (!is_folder(path)) return Status(Code::not_found, visible(tree) + ": there is no such file or folder");
    Walk walk = walk_folder(path);
    for (std::size_t i = 0; i < walk.files.size(); ++i) {
      if (walk.files[i].starts_with(own)) continue;  // the pictures themselves
      sources.push_back(
          {walk.files[i], start + walk.files[i].substr(path == "/" ? 1 : path.size() + 1), walk.times[i]});
    }
    std::move(walk.faults.begin(), walk.faults.end(), std::back_inserter(report.faults));
  }
  report.found = std::ssize(sources);
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
  const auto work_on = [&](const Source& source) -> LookedFile {
    using Fate = LookedFile::Fate;
    LookedFile out{source.path, {}, Fate::failed, {}};
    LookCaption caption;
    std::optional<Result<Look>> look;
    const auto made = [&]() -> const Result<Look>& {
      if (!look) look.emplace(look_at({source.path}, cameras, options.look));
      return *look;
    };
    if (needs_header(options.pattern)) {
      if (!made()) {
        out.fate = made().status().code() == Code::invalid ? Fate::passed : Fate::failed;
        out.reason = made().status().message();
        return out;
      }
      caption = (*look)->caption();
    }
    out.picture =
        below(options.folder, name_by(options.pattern, source.relative, caption) + (options.thumbnails ? ".thumb"
                                                                                    : options.png      ? ".png"
                                                                                                       : ".jpg"));
    {
      const std::lock_guard lock(mutex);
      const auto [at, is_new] = taken.try_emplace(out.picture, source.path);
      if (!is_new) {
        out.reason = "has the same picture as " + at->second + ": -as tells them apart";
        return out;
      }
    }
    const KeptPicture::Kind kind = options.png ? KeptPicture::Kind::png : KeptPicture::Kind::jpeg;
    auto kept = keep_pictures({source.path, source.times.size, source.times.mtime}, {{out.picture, kind}}, cameras,
                              keeping, look);
    if (kept) {
      out.fate = kept->fate, out.reason = std::move(kept->reason);
      return out;
    }
    const std::lock_guard lock(mutex);
    out.reason = "its picture cannot be written: " + kept.status().message();
    if (stop.ok()) stop = kept.status();
    return out;
  };
  at_once(std::min<int>(options.jobs, static_cast<int>(std::max<std::size_t>(sources.size(), 1))), [&](int) {
    for (std::size_t i; (i = next++) < sources.size();) {
      LookedFile file = work_on(sources[i]);
      const std::lock_guard lock(mutex);
      if (!stop.ok()) next = sources.size();
      ++report.fates[static_cast<std::size_t>(file.fate)];
      if (on_file) on_file(file);
      if (progress) progress(++done, std::ssize(sources));
    }
  });
  IMREG_TRY(stop);
  return report;
}

}  // namespace imreg
