// Reads and writes X.db.roots, shortens paths by them and makes them whole again.
#include "registry/path_roots.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "os/file.h"
#include "os/walk.h"
#include "record/crc32c.h"

namespace imreg {

namespace {

constexpr std::size_t kMostRoots = 1000, kMostBytes = 1 << 20;  // of a file that somebody wrote by hand
constexpr std::size_t kLongestFolder = 4095;                    // PATH_MAX without its NUL

// The last line of what programs write; a file that somebody writes by hand does without.
constexpr char kCheck[] = "# check ";
std::string check_line(std::string_view text) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08x\n", crc32c(0, text.data(), text.size()));
  return kCheck + std::string(digits);
}

std::string file_of(const std::string& database) { return resolved_path(database) + ".roots"; }

HostRoots& this_host() {
  static HostRoots host;
  return host;
}

Status bad_prefix(const std::string& name, const std::string& prefix, const std::string& what) {
  return {Code::invalid, "the prefix of root " + name + " " + what + ", not \"" + visible(prefix) + "\""};
}

// As imregister writes folders: no empty components, no dots, no slash at the end; else they would match nothing.
Result<std::string> normal_prefix(const std::string& name, const std::string& prefix) {
  if (prefix.find_first_of(std::string_view("\t\n\0", 3)) != prefix.npos || trim(prefix).size() != prefix.size())
    return bad_prefix(name, prefix, "has no tab, no line end, no NUL, and no blank at its ends");
  const auto other = root_of(prefix);
  if (prefix.starts_with('/') && prefix.size() <= kLongestFolder) return absolute_path(prefix);
  if (other.empty())
    return bad_prefix(name, prefix, "must be an absolute path of at most 4095 bytes, or $ROOT/rest with another root");
  const std::string rest = prefix.substr(other.size() + 1);
  for (const auto component : split(rest, '/')) {
    if (component == "..") return bad_prefix(name, prefix, "must stay below root " + std::string(other) + " (no ..)");
  }
  const std::string below = rest.empty() ? "/" : absolute_path(rest);
  return "$" + std::string(other) + (below == "/" ? "" : below);
}

std::string joined(const std::string& folder, std::string_view rest) {
  return folder == "/" && !rest.empty() ? std::string(rest) : folder + std::string(rest);
}

}  // namespace

std::string_view root_of(std::string_view pathname) {
  if (!pathname.starts_with('$')) return {};
  return pathname.substr(1, pathname.find('/') - 1);
}

bool is_in_folder(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

void PathRoots::set_host(HostRoots host) { this_host() = std::move(host); }

const PathRoots::Root* PathRoots::find(std::string_view name) const {
  const auto at = std::find_if(roots_.begin(), roots_.end(), [&](const Root& root) { return root.name == name; });
  return at == roots_.end() ? nullptr : &*at;
}

Result<PathRoots> PathRoots::load(const std::string& database) {
  PathRoots roots;
  const std::string path = file_of(database);
  auto text = read_file(path, kMostBytes);
  if (!text && text.status().code() == Code::not_found) return roots;
  if (!text) return text.status();
  const auto at_line = [&](int line, const Status& status) {
    return Status(Code::corrupt, "line " + std::to_string(line) + ": " + status.message()).in_file(path);
  };
  int number = 0;
  std::vector<int> lines;  // of each root
  for (const auto line : split(*text, '\n')) {
    ++number;
    if (trim(line).empty() || line.front() == '#') continue;
    const auto tab = line.find('\t');
    if (tab == line.npos) return at_line(number, {Code::corrupt, "NAME, a tab and PREFIX are needed"});
    const std::string name(line.substr(0, tab));
    // Roots may be built on later ones: they are put together when all are known.
    if (Status put = roots.put(name, std::string(trim(line.substr(tab + 1))), &Root::prefix); !put.ok())
      return at_line(number, put);
    lines.resize(roots.roots_.size());
    lines[static_cast<std::size_t>(roots.find(name) - roots.roots_.data())] = number;
  }
  std::size_t culprit = 0;
  if (Status whole = roots.resolve(&culprit); !whole.ok()) return at_line(lines[culprit], whole);
  if (!roots.empty()) IMREG_TRY(roots.take_host(database));
  return roots;
}

Status PathRoots::take_host(const std::string& database) {
  const HostRoots& host = this_host();
  if (!host.read) return {};
  IMREG_ASSIGN(const auto prefixes, host.read());
  const auto blamed = [](const std::string& name, const Status& status) {
    return Status(Code::invalid, "ROOT_" + name + " of the configuration: " + status.message());
  };
  for (const auto& [name, prefix] : prefixes) {
    if (!find(name)) {
      if (host.warn)
        host.warn(name, database + ": has no root " + name + "; ROOT_" + name + " of the configuration does nothing");
    } else if (Status put = this->put(name, prefix, &Root::host); !put.ok()) {
      return blamed(name, put);
    }
  }
  std::size_t culprit = 0;
  const Status whole = resolve(&culprit);
  return whole.ok() ? whole : blamed(roots_[culprit].name, whole);
}

Status PathRoots::put(const std::string& name, std::string prefix, std::string Root::*where) {
  const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
  });
  if (!good_name) return {Code::invalid, "a root's name has only letters, digits and _, not \"" + visible(name) + "\""};
  IMREG_ASSIGN(prefix, normal_prefix(name, prefix));
  auto at = std::find_if(roots_.begin(), roots_.end(), [&](const Root& root) { return root.name == name; });
  if (at == roots_.end() && roots_.size() == kMostRoots) return {Code::invalid, "more than 1000 roots"};
  if (at == roots_.end()) at = roots_.insert(at, {name, {}, {}, {}});
  (*at).*where = std::move(prefix);
  return {};
}

// The folder of every root; those that others are built on first.
Status PathRoots::resolve(std::size_t* culprit) {
  for (auto& root : roots_) root.folder.clear();
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    if (culprit) *culprit = i;
    std::vector<Root*> chain;  // each is built on the next one
    for (Root* at = &roots_[i]; at->folder.empty();) {
      chain.push_back(at);
      const std::string& prefix = at->host.empty() ? at->prefix : at->host;
      const auto other = root_of(prefix);
      if (other.empty()) {
        at->folder = prefix;
        break;
      }
      Root* const next = const_cast<Root*>(find(other));
      if (!next) {
        return {Code::invalid, "root " + at->name + " is built on root " + std::string(other) +
                                   ", which is not defined; define that one first"};
      }
      if (std::find(chain.begin(), chain.end(), next) != chain.end()) {
        std::string way;
        for (auto one = std::find(chain.begin(), chain.end(), next); one != chain.end(); ++one)
          way += (*one)->name + " -> ";
        return {Code::invalid, "roots are built on each other in a circle: " + way + next->name};
      }
      at = next;
    }
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
      const std::string& prefix = (*at)->host.empty() ? (*at)->prefix : (*at)->host;
      const auto other = root_of(prefix);
      if (!other.empty())
        (*at)->folder = joined(find(other)->folder, std::string_view(prefix).substr(other.size() + 1));
      if ((*at)->folder.size() > kLongestFolder)
        return {Code::invalid, "the folder of root " + (*at)->name + " has more than 4095 bytes"};
    }
  }
  return {};
}

Status PathRoots::define(const std::string& name, const std::string& prefix) {
  PathRoots after = *this;
  IMREG_TRY(after.put(name, prefix, &Root::prefix));
  IMREG_TRY(after.resolve());
  roots_ = std::move(after.roots_);
  return {};
}

Status PathRoots::remove(const std::string& name) {
  if (!find(name)) return {Code::not_found, "there is no root " + visible(name)};
  for (const auto& root : roots_) {
    if (root_of(root.prefix) == name || root_of(root.host) == name)
      return {Code::invalid, "root " + root.name + " is built on root " + name + "; remove or change it first"};
  }
  std::erase_if(roots_, [&](const Root& root) { return root.name == name; });
  return {};
}

Status PathRoots::save(const std::string& database, IoObserver* observer) const {
  std::string text = "# Path roots: NAME, a tab, PREFIX. A pathname $NAME/rest stands for PREFIX/rest.\n";
  for (const auto& root : roots_) text += root.name + '\t' + root.prefix + '\n';
  return replace_file(file_of(database), text + check_line(text), observer);
}

Status PathRoots::check_file(const std::string& database) {
  const std::string path = file_of(database);
  const auto text = read_file(path, kMostBytes);
  if (!text) return text.status().code() == Code::not_found ? Status() : text.status();
  const auto at = text->rfind(kCheck);
  if (at == text->npos || *text == text->substr(0, at) + check_line(text->substr(0, at))) return {};
  return Status(
             Code::mismatch,
             "its last line, the check, does not hold: it was edited by hand, or is damaged; see whether each folder "
             "is right, then remove that line (imrelocate -root writes it anew)")
      .in_file(path);
}

std::string PathRoots::expand(std::string_view pathname) const {
  if (const auto name = root_of(pathname); !name.empty()) {
    if (const Root* root = find(name)) return joined(root->folder, pathname.substr(1 + name.size()));
  }
  return std::string(pathname);
}

std::string PathRoots::shorten(std::string_view pathname) const {
  const Root* best = nullptr;
  for (const auto& root : roots_) {
    if (is_in_folder(pathname, root.folder) && (!best || root.folder.size() > best->folder.size())) best = &root;
  }
  if (!best) return std::string(pathname);
  const auto rest = pathname.substr(best->folder == "/" ? 0 : best->folder.size());
  return "$" + best->name + (rest == "/" ? "" : std::string(rest));
}

}  // namespace imreg
