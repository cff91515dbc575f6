// Reads and writes X.db.roots, shortens paths by them and makes them whole again.
#include "registry/path_roots.h"

#include <algorithm>

#include "base/text.h"
#include "os/file.h"

namespace imreg {

namespace {
std::string file_of(const std::string& database) { return resolved_path(database) + ".roots"; }
}  // namespace

Result<PathRoots> PathRoots::load(const std::string& database) {
  PathRoots roots;
  auto text = read_file(file_of(database));
  if (!text && text.status().code() == Code::not_found) return roots;
  if (!text) return text.status();
  int line_number = 0;
  for (const auto line : split(*text, '\n')) {
    ++line_number;
    if (trim(line).empty() || line.front() == '#') continue;
    const auto tab = line.find('\t');
    auto status = tab == line.npos
                      ? Status(Code::corrupt, "NAME, a tab and PREFIX are needed")
                      : roots.define(std::string(line.substr(0, tab)), std::string(trim(line.substr(tab + 1))));
    if (!status.ok()) {
      return Status(Code::corrupt, "line " + std::to_string(line_number) + ": " + status.message())
          .in_file(file_of(database));
    }
  }
  return roots;
}

Status PathRoots::define(const std::string& name, const std::string& prefix) {
  const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
  });
  if (!good_name) return {Code::invalid, "a root's name has only letters, digits and _, not \"" + name + "\""};
  std::string folder = prefix;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  if (folder.empty() || folder.front() != '/' || folder.find_first_of("\t\n") != std::string::npos) {
    return {Code::invalid, "the prefix of root " + name + " must be an absolute path, not \"" + prefix + "\""};
  }
  const auto old = std::find_if(roots_.begin(), roots_.end(), [&](const Root& root) { return root.name == name; });
  if (old != roots_.end())
    old->prefix = folder;
  else
    roots_.push_back({name, folder});
  return {};
}

Status PathRoots::save(const std::string& database) const {
  std::string text = "# Path roots: NAME, a tab, PREFIX. A pathname $NAME/rest stands for PREFIX/rest.\n";
  for (const auto& root : roots_) text += root.name + '\t' + root.prefix + '\n';
  // The temporary name of a failure means nothing to people.
  const Status status = replace_file(file_of(database), text);
  return status.ok() ? status : Status(status.code(), status.message()).in_file(file_of(database));
}

std::string PathRoots::expand(std::string_view pathname) const {
  if (!pathname.empty() && pathname.front() == '$') {
    const auto name = pathname.substr(1, pathname.find('/') - 1);
    for (const auto& root : roots_) {
      if (root.name == name) return root.prefix + std::string(pathname.substr(1 + name.size()));
    }
  }
  return std::string(pathname);
}

std::string PathRoots::shorten(std::string_view pathname) const {
  const Root* best = nullptr;
  for (const auto& root : roots_) {
    const bool below = pathname.substr(0, root.prefix.size()) == root.prefix &&
                       (pathname.size() == root.prefix.size() || pathname[root.prefix.size()] == '/');
    if (below && (!best || root.prefix.size() > best->prefix.size())) best = &root;
  }
  return best ? "$" + best->name + std::string(pathname.substr(best->prefix.size())) : std::string(pathname);
}

}  // namespace imreg
