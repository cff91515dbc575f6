// A run that was ended goes on where it was by what the pictures say of themselves, without a list that could be lost or wrong.
#include "look/keep.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace look {

namespace {

constexpr const char* kSource = "; source ";
constexpr const char* kNone = ".none";  // beside where a picture would be: why there is none

// "zscale size 1000 palette grey": all that changes the picture.
std::string recipe_of(const KeepOptions& options) {
  const LookOptions& look = options.look;
  std::string out = "1 " + look.stretch + " " + look.layout + " " + look.palette;
  const auto add = [&](const char* name, const auto& text) { out += std::string(" ") + name + " " + text; };
  const auto pair = [](const std::pair<double, double>& of) {
    return json_number(of.first) + " " + json_number(of.second);
  };
  if (look.percents) add("percent", pair(*look.percents));
  if (look.range) add("range", pair(*look.range));
  if (look.negative) out += " negative";
  if (!look.region.empty()) add("region", look.region);
  if (look.most_width > 0) add("size", std::to_string(look.most_width));
  if (look.hdu) add("hdu", std::to_string(*look.hdu));
  if (look.slice > 0) add("slice", std::to_string(look.slice));
  if (!look.collapse.empty()) add("collapse", look.collapse);
  if (look.stars) out += " stars";
  if (look.label) out += " label";
  if (!look.flags) out += " noflags";
  if (!look.camera.empty()) add("camera", look.camera);
  if (options.quality != KeepOptions().quality) add("quality", std::to_string(options.quality));
  return out;
}

// The beginning of a file, where a picture's comment stands; empty: there is none.
std::string start_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string start(4096, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return start;
}

bool has_recipe(const std::string& start, const std::string& recipe) {
  const auto at = start.find(recipe);
  return at != start.npos && (at + recipe.size() == start.size() || start[at + recipe.size()] < ' ' ||
                              !std::isprint(static_cast<unsigned char>(start[at + recipe.size()])));
}

// A picture that imlook or imingest keeps, and no other.
bool is_ours(const std::string& picture) {
  const std::string start = start_of(picture);
  return (start.starts_with("\xff\xd8") || start.starts_with("\x89PNG")) && start.find("imreg imlook") != start.npos &&
         start.find(kSource) != start.npos;
}

// Nobody's file is overwritten; a picture that was cut in its first bytes is one of ours that somebody damaged.
bool is_foreign(const std::string& path) {
  constexpr std::int64_t kBeforeComment = 64;
  const auto times = file_times(path);
  return times && times->size > kBeforeComment && start_of(path).find("imreg imlook") == std::string::npos;
}

// Why this picture cannot be written, though others may be; empty: nothing is known against it.
std::string why_not(const std::string& path) {
  std::error_code error;
  if (is_folder(path)) return "there is a folder where its picture belongs: " + visible(path);
  for (std::filesystem::path at = path; at.has_relative_path(); at = at.parent_path()) {
    if (at.filename().string().size() > NAME_MAX) return "the name of its picture is too long: -as makes shorter ones";
    if (at != std::filesystem::path(path) && std::filesystem::exists(at, error) &&
        !std::filesystem::is_directory(at, error))
      return "there is a file where a folder of its picture belongs: " + visible(at.string());
  }
  if (is_foreign(path)) return "there is a file that is no picture of imlook's where its own belongs: " + visible(path);
  return {};
}

Status write(const std::string& path, const std::string& content) {
  std::error_code failed;
  std::filesystem::create_directories(folder_of(path), failed);
  return failed ? os_error(folder_of(path), "the folder cannot be made", failed.value()) : replace_file(path, content);
}

}  // namespace

void remove_leftovers(const std::string& folder) {
  for (const auto& path : walk_folder(folder).files) {
    const auto at = path.rfind(".new");
    long long process = 0;
    if (at == path.npos || !parse_integer(path.substr(at + 4), process) || process <= 1) continue;
    const std::string_view picture = std::string_view(path).substr(0, at);
    const bool ours = picture.ends_with(".jpg") || picture.ends_with(".png") || picture.ends_with(".thumb") ||
                      picture.ends_with(kNone);
    if (ours && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) (void)remove_file(path);
  }
}

Result<LookSource> source_of(const std::vector<std::string>& paths) {
  LookSource out{.paths = paths};
  for (const auto& path : paths) {
    const auto times = file_times(path);
    if (!times) return Status(Code::not_found, "there is no such file").in_file(path);
    out.size += times->size;
    out.mtime = std::max(out.mtime, times->mtime);
  }
  return out;
}

Result<KeptPictures> keep_pictures(const LookSource& source, const std::vector<KeptPicture>& pictures,
                                   const Cameras& cameras, const KeepOptions& options) {
  using Fate = LookedFile::Fate;
  using Kind = KeptPicture::Kind;
  const std::string general = recipe_of(options),
                    state = kSource + std::to_string(source.size) + " bytes " + json_number(source.mtime) +
                            (source.paths.size() > 1 ? " of " + std::to_string(source.paths.size()) + " files" : "");
  const auto recipe_for = [&](Kind kind) { return general + (kind == Kind::thumbnail ? " thumbnail" : "") + state; };
  KeptPictures out;
  out.made.resize(pictures.size());
  std::vector<bool> wanted;
  for (const auto& one : pictures)
    wanted.push_back(options.again || !has_recipe(start_of(one.path), recipe_for(one.kind)));
  if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) {
    out.fate = Fate::current;
    return out;
  }
  const std::string note = pictures.front().path + kNone;
  const auto none = [&](Fate fate, std::string reason) {
    out.fate = fate, out.reason = std::move(reason);
    return out;
  };
  constexpr std::string_view kPassed = "\npassed over: ", kFailed = "\nfailed: ";
  if (options.remember && !options.again) {
    const std::string said = start_of(note);
    if (has_recipe(said, general + state)) {
      const bool passed = said.find(kPassed) != said.npos;
      const auto at = said.find(": ", general.size() + state.size());
      const std::string reason = at == said.npos ? "" : said.substr(at + 2);
      out.before = true;
      return none(passed ? Fate::passed : Fate::failed, std::string(trim(reason)));
    }
  }
  // That it is so until the file changes; a file that could not be read this time is tried again.
  const auto remember = [&](const Status& why) -> Result<KeptPictures> {
    const Fate fate = why.code() == Code::invalid ? Fate::passed : Fate::failed;
    if (options.remember && (why.code() == Code::invalid || why.code() == Code::corrupt)) {
      for (const auto& one : pictures) {  // of what it was
        if (is_ours(one.path)) (void)remove_file(one.path);
      }
      const auto head = fate == Fate::passed ? kPassed : kFailed;
      IMREG_TRY(write(note, general + state + std::string(head) + visible(why.message()) + "\n"));
    }
    return none(fate, why.message());
  };
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (!wanted[i]) continue;
    if (std::string why = why_not(pictures[i].path); !why.empty()) return none(Fate::failed, std::move(why));
  }
  const auto look = look_at(source.paths, cameras, options.look);
  if (!look) return remember(look.status());
  const auto now = source_of(source.paths);
  if (!now || now->size != source.size || now->mtime != source.mtime)
    return none(Fate::failed, "changed while it was read: the next run looks at it again");
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (!wanted[i]) continue;
    const std::string recipe = recipe_for(pictures[i].kind);
    const auto bytes = pictures[i].kind == Kind::png         ? look->png(recipe)
                       : pictures[i].kind == Kind::thumbnail ? look->thumbnail(128, recipe)
                                                             : look->jpeg(options.quality, recipe);
    if (!bytes) {
      Result<KeptPictures> failed = remember(bytes.status());
      if (failed) failed->fate = Fate::failed;  // there is an image
      return failed;
    }
    IMREG_TRY(write(pictures[i].path, *bytes));
    out.made[i] = true;
  }
  if (options.remember && !is_missing(note)) (void)remove_file(note);
  out.fate = Fate::made;
  out.reason = look->damage();
  return out;
}

}  // namespace look

namespace {

using namespace look;

class Keeper : public PictureKeeper {
 public:
  Status begin(const std::string& folder) override {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return os_error(folder, "the folder cannot be made", error.value());
    remove_leftovers(absolute_path(folder));
    return {};
  }
  Result<KeptPictures> keep(const LookSource& source, const std::vector<KeptPicture>& pictures, const Cameras& cameras,
                            const KeepOptions& options) override {
    return keep_pictures(source, pictures, cameras, options);
  }
  bool remove(const std::string& folder, const std::string& picture) override {
    const bool ours = is_ours(picture), noted = start_of(picture + kNone).find(kSource) != std::string::npos;
    if (ours) (void)remove_file(picture);
    if (noted) (void)remove_file(picture + kNone);
    if (ours || noted) remove_empty(folder, picture);
    return ours;
  }
  void move(const std::string& folder, const std::string& from, const std::string& to) override {
    std::error_code error;
    if (is_ours(from) && is_missing(to)) {
      std::filesystem::create_directories(folder_of(to), error);
      if (!error && rename_file(from, to).ok()) remove_empty(folder, from);
    }
    remove(folder, from);  // what is left there is no picture of the file any more
  }

 private:
  static void remove_empty(const std::string& folder, const std::string& picture) {
    std::error_code error;
    for (std::string at = folder_of(picture); at.size() > folder.size() && at.starts_with(folder) && !error;
         at = folder_of(at)) {
      if (!std::filesystem::remove(at, error)) return;
    }
  }
};

}  // namespace

std::shared_ptr<PictureKeeper> picture_keeper() { return std::make_shared<Keeper>(); }

}  // namespace imreg
