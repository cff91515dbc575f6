// Names to items, by what the disk says.
#include "archive/move_plan.h"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <unordered_map>
#include <utility>

#include "archive/file_tree.h"
#include "base/text.h"
#include "os/walk.h"

namespace imreg::archive {

namespace {

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(below(folder, ""));
}
/// Links on the way resolved, not the last one.
std::string real_name(const std::string& path) { return below(resolved_path(folder_of(path)), name_of(path)); }

/// A name that nobody has, and that walks over folders leave out.
std::string hidden_beside(const std::string& path) {
  std::random_device random;
  std::string out = below(folder_of(path), ".imreg-moving-");
  for (int i = 0; i < 16; ++i) out += "0123456789abcdef"[random() % 16];
  return out;
}

Status refuse(const std::string& name, const std::string& why) { return Status(Code::invalid, why).in_file(name); }

/// A quoted glob is expanded here.
std::vector<std::string> expanded(const std::vector<std::string>& names, std::vector<Status>& refused) {
  std::vector<std::string> out;
  for (const auto& name : names) {
    if (name.empty()) {
      refused.push_back({Code::invalid, "an empty name; is a variable of the shell not set?"});
    } else if (exists(without_slash(name)) || !is_glob(name)) {
      out.push_back(name);
    } else {
      glob_t found{};
      const int result = ::glob(name.c_str(), 0, nullptr, &found);
      for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) out.emplace_back(found.gl_pathv[i]);
      ::globfree(&found);
      if (result != 0) refused.push_back(refuse(name, "no file has such a name"));
    }
  }
  return out;
}

/// The whole path of a name that is there, as imregister would know it.
Result<std::string> whole_path(const std::string& typed) {
  const std::string bare = without_slash(typed), last = name_of(bare), path = absolute_path(bare);
  if (last == "." || last == ".." || path == "/") return refuse(typed, "name the file or folder itself");
  const auto info = look_at(bare);
  if (!info && info.status().code() == Code::not_found) {
    return refuse(typed, "there is no such file; if it has rows: imcheck -files -search DIR finds where it went, " +
                             ("imsearch -name " + visible(last)) + " -delete takes them out");
  }
  if (!info) return info.status();
  if (bare != typed && S_ISLNK(info->st_mode))
    return refuse(typed, "is a symbolic link; without the slash behind it the link itself is meant");
  if (bare != typed && !S_ISDIR(info->st_mode)) return refuse(typed, "is a file, and no folder as the slash says");
  const auto same = look_at(path);
  if (!same || same->st_ino != info->st_ino || same->st_dev != info->st_dev)
    return refuse(typed, "its .. leads through a symbolic link; name it without ..");
  return path;
}

/// What must hold of the name alone, whatever is done with it.
Status check_source(const std::string& path, const std::string& database, bool folder) {
  const std::string typed = absolute_path(database), base = resolved_path(typed), real = real_name(path);
  if (real == base || real == real_name(typed) || real.starts_with(base + "."))
    return refuse(path, "belongs to the database itself, which immv and imrm leave alone");
  if (folder && is_at_or_below(base, real))
    return refuse(path, "the database itself is in it: name another -db, or use mv");
  if (::access(folder_of(path).c_str(), W_OK | X_OK) != 0)
    return os_error(folder_of(path), "cannot take names out of the folder", errno);
  if (file_system_of(path) != file_system_of(resolved_path(folder_of(path))))
    return refuse(path, "another file system is mounted there");
  return {};
}

/// A folder that is emptied name by name.
Status check_tree(const std::string& path, bool copied, std::int64_t& bytes) {
  IMREG_ASSIGN(const auto tree, tree_of(path));
  for (const auto& [rest, info] : tree) {
    const std::string here = path + rest;
    if (S_ISREG(info.st_mode)) bytes += info.st_size;
    if (S_ISDIR(info.st_mode) && ::access(here.c_str(), R_OK | W_OK | X_OK) != 0)
      return os_error(here, "cannot take names out of the folder", errno);
    if (!copied || S_ISDIR(info.st_mode)) continue;
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
      return refuse(here, "is a pipe or device, which is not copied to another file system");
    if (S_ISREG(info.st_mode) && ::access(here.c_str(), R_OK) != 0) return os_error(here, "cannot read it", errno);
  }
  return {};
}

/// Where files go.
struct Target {
  std::string typed, path;
  bool folder = false;  ///< into it, under their own names
};

Result<Target> target_of(const std::string& typed, std::size_t sources) {
  if (typed.empty()) return Status(Code::invalid, "an empty name; is a variable of the shell not set?");
  const std::string bare = without_slash(typed);
  const Target out{typed, absolute_path(typed), is_folder(typed)};
  if (!out.folder && sources > 1) return refuse(typed, "is no folder; more than one file needs one to go to");
  if (!out.folder && exists(bare)) return refuse(typed, "is there already, and nothing is overwritten");
  const std::string typed_folder = out.folder ? bare : folder_of(bare),
                    folder = out.folder ? out.path : folder_of(out.path);
  if (!is_folder(typed_folder)) return refuse(typed_folder, "there is no such folder; make it first");
  if (resolved_path(typed_folder) != resolved_path(folder))
    return refuse(typed, "its .. leads through a symbolic link; name it without ..");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return os_error(folder, "cannot put names into the folder", errno);
  return out;
}

Status add_move(const MoveOptions& options, const std::string& typed, const Target& target, MovePlan& plan) {
  MovingItem item;
  IMREG_ASSIGN(item.from, whole_path(typed));
  IMREG_ASSIGN(const auto info, look_at(item.from));
  item.folder = S_ISDIR(info.st_mode);
  item.inode = info.st_ino;
  item.to = target.folder ? below(target.path, name_of(item.from)) : target.path;
  if (!item.folder && !target.folder && target.typed.ends_with('/'))
    return refuse(target.typed, "there is no such folder");
  if (real_name(item.from) == real_name(item.to))
    return refuse(typed, "is there already: source and target are the same");
  if (item.folder && is_at_or_below(real_name(item.to), real_name(item.from)))
    return refuse(typed, "a folder cannot move into itself (" + item.to + ")");
  if (exists(item.to)) return refuse(item.to, "is there already, and nothing is overwritten");
  IMREG_TRY(check_source(item.from, options.database, item.folder));
  const bool copied = file_system_of(item.from) != file_system_of(resolved_path(folder_of(item.to)));
  if (copied) {
    IMREG_TRY(check_tree(item.from, true, plan.bytes));
    item.temporary = hidden_beside(item.to);
  }
  char first = '/';
  if (S_ISLNK(info.st_mode) && ::readlink(item.from.c_str(), &first, 1) == 1 && first != '/')
    plan.notes.push_back(item.from +
                         ": is a symbolic link that points somewhere from its folder: look where it points to now");
  plan.names.push_back({item.from, item.to, item.folder, copied, 0, 0});
  plan.moving.items.push_back(std::move(item));
  return {};
}

Status add_removal(const MoveOptions& options, const std::string& typed, MovePlan& plan) {
  MovingItem item;
  IMREG_ASSIGN(item.from, whole_path(typed));
  IMREG_ASSIGN(const auto info, look_at(item.from));
  item.folder = S_ISDIR(info.st_mode);
  item.inode = info.st_ino;
  if (item.folder && !options.recursive) return refuse(typed, "is a folder; -r removes it with all that is in it");
  IMREG_TRY(check_source(item.from, options.database, item.folder));
  std::int64_t bytes = 0;
  if (item.folder) IMREG_TRY(check_tree(item.from, false, bytes));
  item.to = hidden_beside(item.from);
  plan.names.push_back({item.from, "", item.folder, false, 0, 0});
  plan.moving.items.push_back(std::move(item));
  return {};
}

/// No file may be named twice, by itself or by a folder above it, and no two may get one name.
void check_together(MovePlan& plan) {
  std::unordered_map<std::string, std::size_t> from, to;
  for (std::size_t i = 0; i < plan.moving.items.size(); ++i) {
    const auto& item = plan.moving.items[i];
    if (!from.emplace(real_name(item.from), i).second)
      plan.refused.push_back(refuse(item.from, "is named twice"));
    else if (!to.emplace(real_name(item.to), i).second)
      plan.refused.push_back(refuse(item.from, "another one of these files would become " + item.to + " too"));
  }
  for (const auto& item : plan.moving.items) {
    for (std::string above = folder_of(real_name(item.from)); above != "/"; above = folder_of(above)) {
      if (!from.contains(above)) continue;
      plan.refused.push_back(refuse(item.from, "is named twice: by itself, and by " + above));
      break;
    }
  }
}

void ask(const MoveOptions& options, MovePlan& plan) {
  if (!options.ask || !plan.refused.empty()) return;
  MovePlan wanted;
  for (std::size_t i = 0; i < plan.names.size(); ++i) {
    if (!options.ask(plan.names[i].from, plan.names[i].to)) continue;
    wanted.names.push_back(plan.names[i]);
    wanted.moving.items.push_back(plan.moving.items[i]);
  }
  plan.names = std::move(wanted.names);
  plan.moving.items = std::move(wanted.moving.items);
}

MovePlan begin(const MoveOptions& options, Moving::Action action) {
  MovePlan plan;
  plan.moving.action = action;
  plan.moving.program = options.program;
  plan.moving.command = options.command;
  return plan;
}

void end(const MoveOptions& options, MovePlan& plan) {
  check_together(plan);
  ask(options, plan);
  const auto& items = plan.moving.items;
  const bool copies =
      std::any_of(items.begin(), items.end(), [](const MovingItem& item) { return !item.temporary.empty(); });
  plan.moving.phase = copies ? Moving::Phase::copying : Moving::Phase::renaming;
}

}  // namespace

MovePlan plan_move(const MoveOptions& options, const std::vector<std::string>& sources, const std::string& target) {
  MovePlan plan = begin(options, Moving::Action::move);
  const auto names = expanded(sources, plan.refused);
  const auto to = target_of(target, names.size());
  if (!to) {
    plan.refused.push_back(to.status());
    return plan;
  }
  for (const auto& name : names) {
    if (Status added = add_move(options, name, *to, plan); !added.ok()) plan.refused.push_back(std::move(added));
  }
  end(options, plan);
  return plan;
}

MovePlan plan_removal(const MoveOptions& options, const std::vector<std::string>& files) {
  MovePlan plan = begin(options, Moving::Action::remove);
  for (const auto& name : expanded(files, plan.refused)) {
    if (Status added = add_removal(options, name, plan); !added.ok()) plan.refused.push_back(std::move(added));
  }
  end(options, plan);
  return plan;
}

}  // namespace imreg::archive
