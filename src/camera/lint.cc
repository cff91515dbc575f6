// What is wrong with camera tables, and what a parser cannot see: lines that have no effect.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "camera/catalog.h"
#include "imreg/schema.h"

namespace imreg {

using namespace camera;

namespace {

bool is_file(std::string_view word) {
  return word.find('/') != word.npos || word.ends_with(".cam") || word.ends_with(".list");
}

// A text of the table, one blank between words.
std::string even(std::string_view text) {
  std::string out;
  for (const std::string_view word : words(text)) out += (out.empty() ? "" : " ") + std::string(word);
  return out;
}

// A recipe without its conditions: two that are equal take the same value from the same cards.
std::string core_of(const Recipe& recipe) {
  std::string out;
  bool skip = false;
  const std::vector<std::string_view> all = words(recipe.text);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 1 && (all[i] == "if" || all[i] == "unless")) {
      skip = true;
      i += 2;
      // A quoted keyword or pattern may have blanks: then the texts are compared as they stand.
      if (i < all.size() &&
          (all[i].find('"') != std::string_view::npos || all[i - 1].find('"') != std::string_view::npos))
        return even(recipe.text);
      continue;
    }
    out += (out.empty() ? "" : " ") + std::string(all[i]);
  }
  return skip ? out : even(recipe.text);
}

// Those of the database, without the words for no type and for all.
std::vector<std::string> type_words() {
  for (const Schema& schema : builtin_formats()) {
    const FieldInfo* field = schema.format == "regimage" ? schema.find("type") : nullptr;
    if (field == nullptr) continue;
    std::vector<std::string> out = field->words;
    std::erase_if(out, [](const std::string& word) { return word == "none" || word == "any"; });
    return out;
  }
  return {};
}

// One table at a time, with those that it refines and those that refine it.
class Linter {
 public:
  Linter(const std::vector<Chain>& chains, std::vector<Status>& warnings) : chains_(chains), warnings_(warnings) {}

  void look(const Chain& chain) {
    const Table& table = *chain.front();
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      look_at_field(chain, i);
    }
    look_at_words(table);
    look_at_types(table);
    const bool refined = std::any_of(chains_.begin(), chains_.end(), [&](const Chain& other) {
      return other.front() != &table && std::find(other.begin(), other.end(), &table) != other.end();
    });
    if (table.when.empty() && !refined)
      warn(table, 1, "there is no when line and no table refines this one: no file is ever read by it");
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [line, status] : found_) warnings_.push_back(std::move(status));
    found_.clear();
  }

 private:
  void warn(const Table& table, int line, const std::string& what) {
    found_.emplace_back(
        line, Status(Code::invalid, "line " + std::to_string(line) + ": warning: " + what).in_file(table.file));
  }

  void look_at_field(const Chain& chain, std::size_t field) {
    const Table& table = *chain.front();
    const std::vector<Recipe>& recipes = table.recipes[field];
    for (std::size_t i = 1; i < recipes.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Recipe &late = recipes[i], &early = recipes[j];
        const std::string at = "line " + std::to_string(early.line);
        const bool constant = early.sources.empty() && early.conditions.empty();
        const bool same =
            even(late.text) == even(early.text) || (early.conditions.empty() && core_of(late) == even(early.text));
        if (!constant && !same) continue;
        warn(table, late.line,
             constant ? "this recipe is never tried: " + at + " always gives a value"
                      : "this recipe never wins: " + at + " takes the same, and is tried before");
        break;
      }
    }
    // The last line of a table is needless when the refined tables begin with it anyway.
    if (recipes.empty() || table.forgotten[field]) return;
    for (std::size_t i = 1; i < chain.size(); ++i) {
      const Table& above = *chain[i];
      if (!above.recipes[field].empty()) {
        if (even(above.recipes[field].front().text) == even(recipes.back().text))
          warn(table, recipes.back().line,
               "this recipe is needless: " + above.name + " begins with the same (its line " +
                   std::to_string(above.recipes[field].front().line) + ")");
        return;
      }
      if (above.forgotten[field]) return;
    }
  }

  // A list is in use when a recipe of a chain that goes through its table names it.
  void look_at_words(const Table& table) {
    std::set<std::string> told, patterns;
    for (const Word& word : table.words) {
      for (const std::string& glob : word.globs) {
        if (!patterns.insert(word.list + '\n' + to_lower(glob)).second) warn_of_twice(table, word, glob);
      }
      if (told.contains(word.list) || uses(table, word.list)) continue;
      told.insert(word.list);
      warn(table, line_of_words(table, word.list), "no recipe uses the word list " + word.list);
    }
  }

  void warn_of_twice(const Table& table, const Word& word, const std::string& glob) {
    const auto first = std::find_if(table.words.begin(), table.words.end(), [&](const Word& other) {
      return other.list == word.list && std::any_of(other.globs.begin(), other.globs.end(),
                                                    [&](const std::string& g) { return equal_nocase(g, glob); });
    });
    warn(table, word.line,
         "the pattern " + glob + " stands twice in the word list " + word.list + "; it means " + first->word);
  }

  bool uses(const Table& table, const std::string& list) const {
    return std::any_of(chains_.begin(), chains_.end(), [&](const Chain& chain) {
      if (std::find(chain.begin(), chain.end(), &table) == chain.end()) return false;
      return std::any_of(chain.begin(), chain.end(), [&](const Table* member) {
        return std::any_of(member->recipes.begin(), member->recipes.end(), [&](const std::vector<Recipe>& recipes) {
          return std::any_of(recipes.begin(), recipes.end(), [&](const Recipe& r) { return r.words == list; });
        });
      });
    });
  }

  static int line_of_words(const Table& table, const std::string& list) {
    return std::find_if(table.words.begin(), table.words.end(), [&](const Word& w) { return w.list == list; })->line;
  }

  void look_at_types(const Table& table) {
    const std::vector<std::string> known = type_words();
    const auto check = [&](const std::string& word, int line) {
      if (std::find(known.begin(), known.end(), word) != known.end()) return;
      std::string all;
      for (const std::string& name : known) all += (all.empty() ? "" : " ") + name;
      warn(table, line, "'" + word + "' is no type of the database; there are: " + all);
    };
    std::set<std::string> lists;
    for (const Chain& chain : chains_) {
      if (std::find(chain.begin(), chain.end(), &table) == chain.end()) continue;
      for (const Table* member : chain) {
        for (const Recipe& recipe : member->recipes[index_of(Field::type)]) lists.insert(recipe.words);
      }
    }
    for (const Word& word : table.words) {
      if (lists.contains(word.list)) check(word.word, word.line);
    }
    for (const Recipe& recipe : table.recipes[index_of(Field::type)]) {
      if (recipe.sources.empty()) check(recipe.constant, recipe.line);
      if (!recipe.otherwise.empty()) check(recipe.otherwise, recipe.line);
    }
  }

  const std::vector<Chain>& chains_;
  std::vector<Status>& warnings_;
  std::vector<std::pair<int, Status>> found_;  // in the table at hand: line, warning
};

}  // namespace

Cameras::Lint Cameras::lint(const std::vector<std::string>& folders, const std::vector<std::string>& tables) {
  Lint out;
  Result<Cameras> loaded = load();
  if (!loaded) {
    out.mistakes.push_back(loaded.status());
    return out;
  }
  Tables& known = *loaded->tables_;
  std::set<std::string> asked;
  std::map<std::string, std::string> file_of;  // the tables that come from files
  const auto add = [&](TableFile file, std::size_t origin, bool ask) {
    const std::string& path = file.path;
    out.tables += ask ? 1 : 0;
    if (file.is_list()) {
      if (Status status = FilterList().add(file.text, path); !status.ok()) out.mistakes.push_back(std::move(status));
      return;
    }
    const std::string name = scan_table(file.text, path).name;
    if (name.empty()) return (void)parse_table(file.text, path, &out.mistakes).ok();
    const auto same = known.entries.find(name);
    if (ask && file_of.contains(name) && file_of[name] != path)
      out.mistakes.push_back(
          Status(Code::invalid, "line 1, column 1: camera " + name + " is also the table of " + file_of[name])
              .in_file(path));
    if (ask) file_of[name] = path;
    // In the place of a built-in table it keeps that table's rank.
    const bool built_in = same != known.entries.end() && same->second->origin == 0;
    known.entries.insert_or_assign(name,
                                   std::make_shared<const Entry>(std::move(file.text), path, built_in ? 0 : origin));
    if (ask) asked.insert(name);
  };
  for (std::size_t i = 0; i < folders.size(); ++i) {
    Result<std::vector<TableFile>> files = tables_in(folders[i]);
    if (!files) out.mistakes.push_back(files.status());
    for (TableFile& file : files.value_or({})) add(std::move(file), i + 1, tables.empty());
  }
  for (const std::string& word : tables) {
    if (is_file(word)) {
      Result<std::string> text = text_of_table(word);
      if (text)
        add({word, *std::move(text)}, kNamed, true);
      else
        out.mistakes.push_back(text.status());
    } else if (known.entries.contains(word)) {
      asked.insert(word);
      ++out.tables;
    } else {
      const std::string near = nearest_names(word, loaded->names());
      out.mistakes.push_back(Status(Code::not_found, "there is no camera table '" + word + "'" +
                                                         (near.empty() ? "" : "; did you mean " + near + "?")));
    }
  }
  if (tables.empty()) {
    for (const std::string& name : loaded->names()) {
      out.tables += asked.insert(name).second ? 1 : 0;
    }
  }
  known.index();
  for (Status& mistake : loaded->mistakes()) out.mistakes.push_back(std::move(mistake));

  std::vector<Chain> chains;
  for (const std::string& name : loaded->names()) {
    Result<Chain> chain = known.chain_of(name);
    if (chain) chains.push_back(*std::move(chain));
  }
  Linter linter(chains, out.warnings);
  for (const Chain& chain : chains) {
    if (asked.contains(chain.front()->name)) linter.look(chain);
  }
  return out;
}

}  // namespace imreg
