// Reads the configuration file with its includes and $KEYs, and says which database is meant.
#include "cli/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "base/text.h"
#include "cli/messages.h"
#include "os/file.h"
#include "registry/path_roots.h"

namespace imreg::cli {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::size_t kLongestValue = 64 * 1024;

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

Result<std::string> text_of_file(const std::string& path) {
  IMREG_ASSIGN(std::string text, read_file(path, kMostBytes));
  if (text.find('\0') != text.npos)
    return Status(Code::invalid, "this is no configuration: it has NUL bytes").in_file(path);
  return text;
}

std::string canonical(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

bool is_key_letter(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// Without the comment: a # at the start or behind a blank.
std::string_view without_comment(std::string_view line) {
  for (std::size_t at = 0; (at = line.find('#', at)) != line.npos; ++at) {
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  }
  return line;
}

}  // namespace

bool Config::has(const std::string& key) const { return defined_.count(key) != 0 || values_.count(key) != 0; }

Result<std::string> Config::get(const std::string& key) const {
  if (const auto at = defined_.find(key); at != defined_.end()) return at->second;
  if (const auto at = values_.find(key); at != values_.end()) return at->second;
  if (files_.empty()) {
    return Status(Code::not_found, "the configuration key " + key +
                                       " is missing, and there is no configuration file; give -D " + key +
                                       " VALUE or -c FILE");
  }
  std::string where;
  for (const auto& file : files_) where += (where.empty() ? "" : ", ") + file;
  return Status(Code::not_found, "the configuration key " + key + " is missing").in_file(where);
}

void Config::define(const std::string& key, const std::string& value) { defined_.insert_or_assign(key, value); }

Result<std::string> Config::expand(std::string_view value) const {
  std::string out;
  while (!value.empty()) {
    const std::size_t dollar = value.find('$');
    out += value.substr(0, dollar);
    if (dollar == value.npos) break;
    value.remove_prefix(dollar + 1);
    if (!value.empty() && value[0] == '$') {
      out += '$';
      value.remove_prefix(1);
      continue;
    }
    const bool braces = !value.empty() && value[0] == '{';
    if (braces) value.remove_prefix(1);
    std::size_t size = 0;
    // Without braces a key ends at - and . too: $DIR-old and $DIR.db are what people write.
    while (size < value.size() && is_key_letter(value[size]) && (braces || (value[size] != '-' && value[size] != '.')))
      ++size;
    const std::string key(value.substr(0, size));
    value.remove_prefix(size);
    if (key.empty()) return Status(Code::invalid, "no key follows the $; a dollar sign itself is $$");
    if (braces && (value.empty() || value[0] != '}')) return Status(Code::invalid, "${" + key + " lacks its }");
    if (braces) value.remove_prefix(1);
    if (has(key)) {
      IMREG_ASSIGN(const std::string known, get(key));
      out += known;
    } else if (const char* variable = std::getenv(key.c_str())) {
      out += variable;
    } else {
      return Status(Code::invalid, "$" + key + " has no value here: no line above gives it, nor does the environment");
    }
    if (out.size() > kLongestValue) return Status(Code::invalid, "the value grows beyond 64 KiB");
  }
  if (out.size() > kLongestValue) return Status(Code::invalid, "the value is longer than 64 KiB");
  return out;
}

Status Config::read(const std::string& path) {
  std::vector<std::string> open;
  return read_inside(path, open);
}

Status Config::read_inside(const std::string& path, std::vector<std::string>& open) {
  const std::string real = canonical(path);
  if (std::find(open.begin(), open.end(), real) != open.end()) {
    return Status(Code::invalid, "the file includes itself, directly or through others").in_file(path);
  }
  // Files that include others twice each would otherwise take 2^n readings.
  if (files_.size() >= 100) return Status(Code::invalid, "more than 100 files are included").in_file(path);
  IMREG_ASSIGN(const std::string text, text_of_file(path));
  open.push_back(real);
  files_.push_back(path);
  int number = 0;
  for (const auto raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(without_comment(raw));
    if (line.empty()) continue;
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    const std::string key(line.substr(0, blank));
    auto value = expand(trim(line.substr(blank)));
    if (value.ok() && value->empty()) value = Status(Code::invalid, "the key " + key + " has no value");
    if (!value.ok() && value.status().file().empty()) {  // else it is the fault of the line of another key
      value = Status(Code::invalid, "line " + std::to_string(number) + ": " + value.status().message()).in_file(path);
    }
    if (key != "input") {
      values_.insert_or_assign(key, std::move(value));  // a bad line matters to those who ask for its key
      continue;
    }
    IMREG_ASSIGN(const std::string name, value);
    const std::size_t slash = path.rfind('/');
    const bool as_it_is = name.front() == '/' || slash == path.npos;
    IMREG_TRY(read_inside(as_it_is ? name : path.substr(0, slash + 1) + name, open));
  }
  open.pop_back();
  return {};
}

std::vector<std::string> Config::keys_from(const std::string& start) const {
  std::set<std::string> keys;
  const auto take = [&](const auto& map) {
    for (auto at = map.lower_bound(start); at != map.end() && at->first.starts_with(start); ++at)
      keys.insert(at->first);
  };
  take(values_);
  take(defined_);
  return {keys.begin(), keys.end()};
}

Settings::Settings(const Parsed& args) : args_(args), state_(std::make_shared<State>(State{args, false, {}})) {
  HostRoots host;
  host.read = [state = state_]() -> Result<std::vector<std::pair<std::string, std::string>>> {
    static const std::string kStart = "ROOT_";
    IMREG_ASSIGN(const Config* config, state->get());
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& key : config->keys_from(kStart)) {
      IMREG_ASSIGN(std::string prefix, config->get(key));
      out.emplace_back(key.substr(kStart.size()), std::move(prefix));
    }
    return out;
  };
  host.warn = [program = args.program, told = std::set<std::string>()](const std::string& name,
                                                                       const std::string& note) mutable {
    if (told.insert(name).second) warn(program, note);
  };
  PathRoots::set_host(std::move(host));
}

Result<const Config*> Settings::config() { return state_->get(); }

Result<const Config*> Settings::State::get() {
  if (read) return &config;
  for (const Use* use : args.all(kDefineOption.name)) config.define(use->words[0], use->words[1]);
  std::string path = args.word(kConfigOption.name);
  if (!args.has(kConfigOption.name)) {
    path = environment("PTOLEMY");
    if (path.empty() && exists("./ptolemy.rc")) path = "./ptolemy.rc";
    const std::string home = environment("HOME");
    if (path.empty() && !home.empty() && exists(home + "/.ptolemyrc")) path = home + "/.ptolemyrc";
    if (path.empty()) {
      read = true;
      return &config;
    }
  }
  if (Status status = config.read(path); !status.ok()) {
    const bool variable = !args.has(kConfigOption.name) && path == environment("PTOLEMY");
    return Status(status.code(),
                  (variable ? "the configuration ($PTOLEMY): " : "the configuration: ") + status.message())
        .in_file(status.file());
  }
  read = true;
  return &config;
}

Status read_reference_date(const Config& config, DateSettings& dates) {
  IMREG_ASSIGN(const std::string text, config.get("REFDATE"));
  const auto reference = parse_date(text, dates);
  if (!reference) return {Code::invalid, "REFDATE: " + reference.status().message()};
  dates.reference = *reference;
  return {};
}

std::string database_file(const std::string& path) {
  if (!is_folder(path)) return path;
  // A folder of imingest has its images in images.db.
  const std::string start = path.back() == '/' ? path : path + "/", usual = start + "Imreg.db",
                    of_ingest = start + "images.db";
  return !exists(usual) && exists(of_ingest) ? of_ingest : usual;
}

Result<std::string> Settings::database() {
  std::string path = args_.word(kDatabaseOption.name);
  if (args_.has(kDatabaseOption.name) && path.empty()) return Status(Code::invalid, "option -db has an empty PATH");
  if (path.starts_with('-')) {
    return Status(Code::invalid,
                  "option -db needs PATH and has taken " + path + " for it; if that is meant, write ./" + path);
  }
  if (args_.has(kConfigOption.name)) IMREG_TRY(config().status());  // a file that is named must be there, needed or not
  if (path.empty()) path = environment("IMREG_DB");
  if (path.empty()) {
    IMREG_ASSIGN(const Config* settings, config());
    if (settings->has("REGISTRATION_DATABASE")) {
      IMREG_ASSIGN(path, settings->get("REGISTRATION_DATABASE"));
    }
  }
  if (path.empty()) path = "./Imreg.db";
  return database_file(path);
}

}  // namespace imreg::cli
