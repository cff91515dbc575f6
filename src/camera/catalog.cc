// Loads the tables and filter lists built in and those of users, ranks them, and finds what is wrong between them.
#include "camera/catalog.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/text.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

using namespace camera;

namespace {

// Files of such names that other programs have hold no line that begins with one of these words. A broken first line
// does not hide a table.
bool looks_like_table(std::string_view text, bool is_list) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    if (is_list ? word == "filter" : word == "camera" || word == "like" || word == "when") return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace

Result<std::string> camera::text_of_table(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  const int reason = errno;
  std::error_code error;
  const bool folder = std::filesystem::is_directory(path, error);
  if (!in || folder) {
    return Status(Code::not_found, "the camera table cannot be read: " + error_text(folder ? EISDIR : reason))
        .in_file(path.string());
  }
  std::string text(std::istreambuf_iterator<char>(in), {});
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // Windows editors write it
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return text;
}

Result<std::vector<TableFile>> camera::tables_in(const std::string& folder) {
  std::vector<TableFile> out;
  const auto names = names_in(folder);
  if (names.status().code() == Code::not_found) return out;
  IMREG_TRY(names.status());  // rows would be read without tables that somebody put there
  for (const std::string& name : *names) {
    const bool named = (name.ends_with(".cam") && name.size() > 4) || (name.ends_with(".list") && name.size() > 5);
    if (!named) continue;
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (std::error_code error; !std::filesystem::is_regular_file(path, error)) continue;
    IMREG_ASSIGN(std::string text, text_of_table(path));
    TableFile file{path.string(), std::move(text)};
    if (looks_like_table(file.text, file.is_list())) out.push_back(std::move(file));
  }
  return out;
}

Status Cameras::Tables::add_user(const std::string& path, std::string text, std::size_t origin, bool is_list,
                                 std::vector<std::string>& added) {
  if (is_list) {
    IMREG_TRY(FilterList().add(text, path));
    lists.emplace_back(path, std::move(text));
    return {};
  }
  auto entry = std::make_shared<const Entry>(std::move(text), path, origin);
  if (entry->head.name.empty()) IMREG_TRY(parse_table(entry->text, path).status());  // mistakes() finds the rest
  added.push_back(entry->head.name);
  entries.insert_or_assign(entry->head.name, std::move(entry));
  return {};
}

// The number of tables that one refines, itself included. A circle has no end: as many as there are tables.
std::size_t Cameras::Tables::length_of_chain(const Table& head) const {
  std::size_t length = 1;
  for (const Table* at = &head; !at->like.empty() && length < entries.size(); ++length) {
    const auto it = entries.find(at->like);
    if (it == entries.end()) break;
    at = &it->second->head;
  }
  return length;
}

// The more special a table the higher its rank: a user's before those built in, then the longest chain of refinements,
// then the most conditions.
void Cameras::Tables::index() {
  std::vector<Chooser::Rule> rules;
  for (const auto& [name, entry] : entries) {
    const std::size_t length = length_of_chain(entry->head);
    for (const When& when : entry->head.when)
      rules.push_back({&entry->head, &when, 1'000'000 * entry->origin + 1000 * length + when.all.size()});
  }
  chooser.emplace(std::move(rules));
  plans.clear();
  memory.clear();
}

Result<Chain> Cameras::Tables::chain_of(const std::string& name) const {
  Chain chain;
  if (!configuration.name.empty()) chain.push_back(&configuration);
  std::string like = name;
  while (!like.empty() && chain.size() <= entries.size() + 1) {
    const auto it = entries.find(like);
    if (it == entries.end()) return Status(Code::not_found, "there is no camera table '" + like + "'");
    const Result<Table>& table = it->second->full();
    if (!table) return table.status();
    chain.push_back(&*table);
    like = table->like;
  }
  return chain;
}

// What is wrong with these tables, and between them and all others.
std::vector<Status> Cameras::Tables::mistakes(const std::vector<std::string>& names) const {
  std::vector<Status> out;
  const auto error = [&](const Table& table, int line, int column, const std::string& what) {
    out.push_back(
        Status(Code::invalid, "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what)
            .in_file(table.file));
  };
  for (const std::string& name : names) {
    const Entry& entry = *entries.find(name)->second;
    const std::size_t before = out.size();
    const Result<Table> parsed = parse_table(entry.text, entry.file, &out);
    if (!parsed) continue;
    Chain chain;
    bool whole = out.size() == before;  // of a table with other mistakes the list may be in a bad line
    for (const Table* at = &*parsed; at != nullptr;) {
      const bool circle = std::any_of(chain.begin(), chain.end(), [&](const Table* t) { return t->name == at->name; });
      if (circle)
        error(*parsed, parsed->like_line, parsed->like_column,
              "camera " + name + " refines itself by way of " + parsed->like);
      whole = whole && !circle;
      if (circle) break;
      chain.push_back(at);
      if (at->like.empty()) break;
      const auto it = entries.find(at->like);
      if (it == entries.end()) {
        error(*at, at->like_line, at->like_column, "there is no camera '" + at->like + "' to refine");
        whole = false;
        break;
      }
      const Result<Table>& next = it->second->full();
      at = next ? &*next : nullptr;
    }
    for (const auto& recipes : parsed->recipes) {
      for (const Recipe& recipe : recipes) {
        const bool known =
            !whole || recipe.words.empty() || std::any_of(chain.begin(), chain.end(), [&](const Table* t) {
              return std::any_of(t->words.begin(), t->words.end(),
                                 [&](const Word& word) { return word.list == recipe.words; });
            });
        if (!known) error(*parsed, recipe.line, 1, "there is no word list '" + recipe.words + "'");
      }
    }
  }
  // Of each pair of rules the one of the later name is told, or the one that is asked about.
  const std::set<std::string_view> asked(names.begin(), names.end());
  std::map<std::size_t, std::vector<std::pair<const Chooser::Rule*, bool>>> ranks;  // the rules stand by name
  for (const Chooser::Rule& rule : chooser->rules()) {
    auto& before = ranks[rule.rank];
    const bool ask = asked.contains(rule.table->name);
    for (const auto& [other, ask_other] : before) {
      if ((!ask && !ask_other) || other->table == rule.table || !may_clash(*rule.when, *other->when)) continue;
      const auto& [told, rival] = ask ? std::pair(&rule, other) : std::pair(other, &rule);
      error(*told->table, told->when->line, told->when->column,
            "the tables " + told->table->name + " and " + rival->table->name + " (" + rival->table->file + ", line " +
                std::to_string(rival->when->line) +
                ") apply equally to some headers; give one of them a further condition");
    }
    before.emplace_back(&rule, ask);
  }
  return out;
}

Cameras::Cameras(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
Cameras::Cameras(Cameras&&) noexcept = default;
Cameras& Cameras::operator=(Cameras&&) noexcept = default;
Cameras::~Cameras() = default;

Result<Cameras> Cameras::load(const CameraSources& sources) {
  auto tables = std::make_unique<Tables>();
  for (const EmbeddedFile& file : embedded_cameras()) {
    if (sources.filters_only) break;
    auto entry = std::make_shared<const Entry>(std::string(file.text), std::string(file.name), 0);
    tables->entries.insert_or_assign(entry->head.name, std::move(entry));
  }
  std::vector<std::string> added;
  for (std::size_t i = 0; i < sources.folders.size(); ++i) {
    IMREG_ASSIGN(std::vector<TableFile> files, tables_in(sources.folders[i]));
    for (TableFile& file : files) {
      if (sources.filters_only && !file.is_list()) continue;
      IMREG_TRY(tables->add_user(file.path, std::move(file.text), i + 1, file.is_list(), added));
    }
  }
  if (!sources.recipes.empty()) {
    IMREG_ASSIGN(tables->configuration, parse_recipes(sources.recipes, sources.recipes_from));
  }
  tables->index();
  if (!added.empty()) {
    for (Status& mistake : tables->mistakes(added)) return std::move(mistake);
  }
  return Cameras(std::move(tables));
}

Result<std::string> Cameras::add_file(const std::string& path) {
  IMREG_ASSIGN(std::string text, text_of_table(path));
  // A table with a mistake must not stay.
  const auto before = tables_->entries;
  std::vector<std::string> added;
  // A new version of a table is chosen as that one was.
  const auto same = before.find(scan_table(text, path).name);
  const std::size_t origin = same == before.end() ? kNamed : same->second->origin;
  Status status = tables_->add_user(path, std::move(text), origin, false, added);
  // The table that it refines may lie beside it.
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  while (status.ok()) {
    const std::string like = tables_->entries.find(added.back())->second->head.like;
    const std::filesystem::path parent = folder / (like + ".cam");
    std::error_code error;
    if (like.empty() || tables_->entries.count(like) != 0 || !std::filesystem::is_regular_file(parent, error)) break;
    Result<std::string> found = text_of_table(parent);
    status = found ? tables_->add_user(parent.string(), *std::move(found), origin, false, added) : found.status();
    if (status.ok() && added.back() != like) break;  // a file of another name
  }
  tables_->index();
  if (status.ok()) {
    for (Status& mistake : tables_->mistakes(added)) {
      if (status.ok()) status = std::move(mistake);
    }
  }
  if (status.ok()) return added.front();
  tables_->entries = before;
  tables_->index();
  return status;
}

Status Cameras::remove(const std::string& name) {
  if (tables_->entries.erase(name) == 0) return Status(Code::not_found, "there is no camera table '" + name + "'");
  tables_->index();
  return {};
}

std::vector<std::string> Cameras::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : tables_->entries) out.push_back(name);
  return out;
}

std::vector<CameraTable> Cameras::tables() const {
  std::vector<CameraTable> out;
  for (const auto& [name, entry] : tables_->entries) {
    CameraTable table{name, entry->head.title, entry->head.like, entry->file, {}, entry->origin == 0};
    for (const When& when : entry->head.when) table.when.push_back(when.text);
    out.push_back(std::move(table));
  }
  return out;
}

std::vector<Status> Cameras::mistakes() const { return tables_->mistakes(names()); }

}  // namespace imreg
