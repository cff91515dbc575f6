// imcamera's work: files through camera tables, told to a person who writes such tables.
#include "imreg/camera_tools.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "camera/coverage.h"
#include "camera/fact_rows.h"
#include "imreg/date.h"
#include "imreg/fits_file.h"
#include "os/walk.h"
#include "registry/coverage_report.h"
#include "registry/file_rows.h"

namespace imreg {

using namespace camera;

namespace {

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string place_of(std::string_view keyword, int hdu) {
  return visible(keyword) + (hdu < 0 ? "" : " [" + std::to_string(hdu) + "]");
}

std::string recipe_text(const RecipeLine& recipe) {
  if (recipe.table.empty()) return "";
  return std::string(recipe.table) + ":" + std::to_string(recipe.line) + "  " + visible(recipe.text);
}

// The name under which the cards of a field are lost: ra and dec have one recipe.
std::string_view recipe_field(std::string_view field) { return field == "ra" || field == "dec" ? "position" : field; }

// What a file and a table have to do with each other.
struct Match {
  std::string table, chosen;
  std::vector<std::string> when;  // lines of the table that hold
  bool automatic = false, has_when = true;

  std::string text() const {
    const std::string because = when.empty() ? "" : " (when " + when.front() + ")";
    if (automatic) return table + (when.empty() ? ": no when line of any table applies" : ": chosen" + because);
    if (chosen == table) return table + ": this table is chosen" + because;
    if (!when.empty()) return table + ": applies" + because + ", but " + chosen + " is chosen: it is more special";
    return table + (has_when ? ": does not apply to this file; " : ": has no when line; ") + chosen + " is chosen";
  }
};

class ImageText {
 public:
  explicit ImageText(const ImageFacts& image) : image_(image), rows_(fact_rows(image)) {}

  std::string text() const {
    std::size_t values = 0, places = 0;
    for (const FactRow& row : rows_) {
      values = std::max(values, std::min<std::size_t>(visible(row.text).size(), 30));
      places = std::max(places, std::min<std::size_t>(place_of(row.keyword, row.hdu).size(), 26));
    }
    std::string out;
    std::set<std::string_view> told;
    std::string unknown = "  " + padded("not known", 11);
    const std::size_t none = unknown.size();
    for (const FactRow& row : rows_) {
      const std::string_view recipes = recipe_field(row.field);
      const std::string lost = told.contains(recipes) ? "" : lost_text(recipes, "");
      if (!row.known && lost.empty()) {
        if (unknown.size() - (unknown.rfind('\n') + 1) + row.field.size() > 76) unknown += '\n' + std::string(13, ' ');
        unknown += " ";
        unknown += std::string(row.field) + ',';
        continue;
      }
      told.insert(recipes);
      std::string line = "  " + padded(std::string(row.field), 12) + padded(visible(row.text), values) + "  ";
      line += row.known ? padded(place_of(row.keyword, row.hdu), places) + "  " + recipe_text(row.recipe) : "not known";
      out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n' + lost;
    }
    for (const LostCard& card : image_.lost) {
      if (told.insert(card.field).second) out += lost_text(card.field, std::string(card.field) + ": ");
    }
    if (unknown.size() > none) out += unknown.substr(0, unknown.size() - 1) + '\n';
    return out;
  }

  std::string json() const {
    std::string out;
    for (const FactRow& row : rows_) {
      out += (out.empty() ? "" : ",") + json_text(row.field) + ":{\"value\":" + row.json;
      out += ",\"keyword\":" + (row.keyword.empty() ? "null" : json_text(row.keyword));
      out += ",\"hdu\":" + (row.hdu < 0 ? "null" : std::to_string(row.hdu)) + recipe_json(row.recipe) +
             ",\"lost\":" + lost_json(recipe_field(row.field)) + '}';
    }
    return '{' + out + '}';
  }

 private:
  static std::string recipe_json(const RecipeLine& recipe) {
    if (recipe.table.empty()) return ",\"table\":null,\"line\":null,\"recipe\":null";
    return ",\"table\":" + json_text(recipe.table) + ",\"line\":" + std::to_string(recipe.line) +
           ",\"recipe\":" + json_text(recipe.text);
  }

  // A card that several recipes could not use for the same reason is told once.
  // Nor is a card lost that only was not meant by a recipe with `comment`, and then won by another.
  std::string lost_text(std::string_view field, const std::string& before) const {
    struct Lost {
      const LostCard* first;
      std::vector<int> hdus;
      std::vector<RecipeLine> recipes;
    };
    std::vector<Lost> all;
    for (const LostCard& card : image_.lost) {
      if (card.field != field || (card.reason == "its comment does not match" && won(field, card.keyword))) continue;
      auto at = std::find_if(all.begin(), all.end(), [&](const Lost& lost) {
        return lost.first->keyword == card.keyword && lost.first->text == card.text &&
               lost.first->reason == card.reason;
      });
      if (at == all.end()) at = all.insert(all.end(), {&card, {}, {}});
      if (std::ranges::find(at->hdus, card.hdu) == at->hdus.end()) at->hdus.push_back(card.hdu);
      if (std::ranges::none_of(at->recipes, [&](const RecipeLine& line) {
            return line.table == card.recipe.table && line.line == card.recipe.line;
          }))
        at->recipes.push_back(card.recipe);
    }
    std::string out;
    for (const Lost& lost : all) {
      std::string where, recipes;
      for (const int hdu : lost.hdus) where += (where.empty() ? "" : ",") + std::to_string(hdu);
      for (const RecipeLine& line : lost.recipes)
        recipes += (recipes.empty() ? "" : ", ") + std::string(line.table) + ":" + std::to_string(line.line);
      out += "    lost      " + before + visible(lost.first->keyword) + " [" + where + "] \"" +
             visible(lost.first->text) + "\" " + lost.first->reason + "  " +
             (lost.recipes.size() == 1 ? recipe_text(lost.recipes.front()) : recipes) + '\n';
    }
    return out;
  }

  bool won(std::string_view field, const std::string& keyword) const {
    return std::ranges::any_of(rows_, [&](const FactRow& row) {
      return recipe_field(row.field) == field && row.keyword.find(keyword) != std::string::npos;
    });
  }

  std::string lost_json(std::string_view field) const {
    std::string out;
    for (const LostCard& card : image_.lost) {
      if (card.field != field) continue;
      out += (out.empty() ? "" : ",") + ("{\"keyword\":" + json_text(card.keyword)) +
             ",\"hdu\":" + std::to_string(card.hdu) + ",\"text\":" + json_text(card.text) +
             ",\"reason\":" + json_text(card.reason) + recipe_json(card.recipe) + '}';
    }
    return '[' + out + ']';
  }

  const ImageFacts& image_;
  std::vector<FactRow> rows_;
};

bool same_source(const FactRow& a, const FactRow& b) {
  return a.keyword == b.keyword && a.recipe.table == b.recipe.table && a.recipe.line == b.recipe.line;
}

std::string title_of(const ImageFacts& image) { return "extension " + std::to_string(image.extension); }

// The images after the first, only the fields that are not alike in all of them, as a table. A slice is as its cube.
std::string other_images(const std::vector<ImageFacts>& all) {
  std::vector<ImageFacts> images;
  std::ranges::copy_if(all, std::back_inserter(images), [](const ImageFacts& image) { return image.slice == 0; });
  const std::string slices = images.size() == all.size()
                                 ? ""
                                 : "  " + counted(static_cast<long long>(all.size() - images.size()), "slice") +
                                       ": the same values as their cubes\n";
  if (images.size() < 2) return slices;
  std::vector<std::vector<FactRow>> rows;
  for (const ImageFacts& image : images) rows.push_back(fact_rows(image));
  std::vector<std::vector<std::string>> columns(1);
  columns[0].emplace_back("extension");
  for (const ImageFacts& image : images) columns[0].push_back(std::to_string(image.extension));
  std::string notes;
  for (std::size_t field = 0; field < rows[0].size(); ++field) {
    const FactRow& first = rows[0][field];
    std::vector<std::string> column{std::string(first.field)};
    bool alike = true;
    std::map<std::string, std::string> others;  // recipes that the first image does not have, and who has them
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const FactRow& row = rows[i][field];
      const bool other = row.known && !same_source(row, first);
      alike = alike && !other && row.text == first.text;
      column.push_back(visible(row.text) + (other ? "*" : ""));
      if (other) {
        std::string& who = others[place_of(row.keyword, row.hdu) + "  " + recipe_text(row.recipe)];
        who += (who.empty() ? "" : ", ") + title_of(images[i]);
      }
    }
    if (alike) continue;
    columns.push_back(std::move(column));
    for (const auto& [recipe, who] : others)
      notes += "  * " + std::string(first.field) + " of " + who + ": " + recipe + '\n';
  }
  const std::string rest = slices + "  the other " + counted(static_cast<long long>(images.size()) - 1, "image");
  if (columns.size() == 1) return rest + ": the same values by the same recipes\n";
  std::string out = rest + ": the same values by the same recipes, but for these\n";
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    std::size_t width = 0;
    for (const auto& cell : column) width = std::max(width, cell.size());
    widths.push_back(width);
  }
  for (std::size_t i = 0; i <= images.size(); ++i) {
    std::string line = " ";
    for (std::size_t c = 0; c < columns.size(); ++c) line += ' ' + padded(columns[c][i], widths[c] + 1);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out + notes;
}

std::vector<std::string> warnings_of(const FitsHeaders& headers, const FileFacts& facts) {
  std::vector<std::string> out = headers.warnings;
  if (!headers.damage.empty()) out.push_back(headers.damage);
  for (const Doubt& doubt : facts.doubts) out.push_back(doubt.text);
  out.insert(out.end(), facts.warnings.begin(), facts.warnings.end());
  return out;
}

std::string check_text(const std::string& path, const Match& match, const FitsHeaders& headers,
                       const FileFacts& facts) {
  std::string out = visible(path) + "\n  " + padded("table", 12) + visible(match.text()) + '\n';
  for (const auto& warning : warnings_of(headers, facts)) out += "  " + padded("warning", 12) + visible(warning) + '\n';
  if (facts.images.empty()) return out + "  " + padded("no image", 12) + visible(facts.why_none) + '\n';
  const ImageFacts& first = facts.images.front();
  out += " " + title_of(first) + ", mode " + std::string(name_of(first.mode)) + '\n' + ImageText(first).text();
  if (facts.images.size() > 1) out += other_images(facts.images);
  return out;
}

std::string check_json(const std::string& path, const Match& match, const FitsHeaders& headers,
                       const FileFacts& facts) {
  std::string when, warnings, out;
  for (const auto& line : match.when) when += (when.empty() ? "" : ",") + json_text(line);
  for (const auto& text : warnings_of(headers, facts)) warnings += (warnings.empty() ? "" : ",") + json_text(text);
  const std::string begin = "{\"file\":" + json_text(path) + ",\"table\":" + json_text(match.table) +
                            ",\"applies\":" + (match.when.empty() ? "false" : "true") + ",\"when\":[" + when +
                            "],\"chosen\":" + json_text(match.chosen) + ",\"warnings\":[" + warnings + "]";
  if (facts.images.empty()) return begin + ",\"why_none\":" + json_text(facts.why_none) + "}\n";
  for (const ImageFacts& image : facts.images) {
    out += begin + ",\"extension\":" + std::to_string(image.extension) + ",\"slice\":" + std::to_string(image.slice) +
           ",\"mode\":" + json_text(name_of(image.mode)) + ",\"fields\":" + ImageText(image).json() + "}\n";
  }
  return out;
}

bool is_table_file(std::string_view word) { return word.find('/') != word.npos || word.ends_with(".cam"); }

// The tables of the options, and the name of the one that was asked for (empty: each file chooses). All mistakes are told.
Result<std::pair<Cameras, std::string>> load_for_check(const CheckOptions& options, std::vector<Status>& mistakes) {
  std::string name = options.table == "-" || options.table == "auto" ? "" : options.table;
  if (is_table_file(name)) {
    mistakes = Cameras::lint(options.cameras.folders, {name}).mistakes;
    if (!mistakes.empty()) return mistakes.front();
  }
  IMREG_ASSIGN(Cameras cameras, Cameras::load(options.cameras));
  if (is_table_file(name)) {
    IMREG_ASSIGN(name, cameras.add_file(name));
  } else if (!name.empty()) {
    const std::vector<std::string> names = cameras.names();
    const auto same =
        std::find_if(names.begin(), names.end(), [&](const auto& known) { return equal_nocase(known, name); });
    const std::string near = nearest_names(name, names);
    if (same == names.end())
      return Status(Code::not_found,
                    "there is no camera table \"" + name + "\"" +
                        (near.empty() ? "; imcamera list names them, and a file has a / or ends in .cam"
                                      : "; did you mean " + near + "?"));
    name = *same;
  }
  return std::pair(std::move(cameras), std::move(name));
}

}  // namespace

CheckReport check_table(const CheckOptions& options, const std::vector<std::string>& files, const TextSink& sink) {
  CheckReport report;
  const auto loaded = load_for_check(options, report.mistakes);
  if (!loaded) {
    if (report.mistakes.empty()) report.mistakes.push_back(loaded.status());
    return report;
  }
  const auto& [cameras, table] = *loaded;
  const std::vector<CameraTable> tables = cameras.tables();
  for (const std::string& path : files) {
    const auto headers = read_headers(path);
    if (!headers) {
      report.failed.push_back(Status(headers.status()).in_file(path));
      continue;
    }
    const auto facts = cameras.translate(path, *headers, {.split = options.split, .camera = table, .explain = true});
    const auto chosen = table.empty() ? facts : cameras.translate(path, *headers, {});
    if (!facts || !chosen) {
      report.mistakes.push_back(facts ? chosen.status() : facts.status());
      return report;
    }
    Match match{facts->camera, chosen->camera, cameras.applying(facts->camera, path, *headers), table.empty(), true};
    for (const CameraTable& known : tables) {
      if (known.name == match.table) match.has_when = !known.when.empty();
    }
    if (!sink(options.json ? check_json(path, match, *headers, *facts) : check_text(path, match, *headers, *facts)))
      break;
  }
  return report;
}

CoverageReport cover(const CoverageOptions& options, const std::vector<std::string>& trees, const TextSink& sink,
                     const std::function<void(const Status&)>& on_fault,
                     const std::function<void(std::int64_t)>& on_progress) {
  CoverageReport report;
  RegisterOptions request;
  request.camera = options.camera;
  request.cameras = options.cameras;
  const auto loaded = load_cameras(request);
  if (!loaded) {
    report.request = loaded.status();
    return report;
  }
  const auto& [cameras, forced] = *loaded;
  const auto fault = [&](const Status& status) {
    ++report.failed;
    on_fault(status);
  };
  std::vector<std::pair<std::string, bool>> paths;  // and whether it was named
  for (const std::string& tree : trees) {
    if (!is_folder(tree)) {
      paths.emplace_back(tree, true);
      continue;
    }
    Walk walk = walk_folder(tree);
    for (std::string& path : walk.files) paths.emplace_back(std::move(path), false);
    report.foreign += static_cast<std::int64_t>(walk.special.size());
    for (const Status& status : walk.faults) fault(status);
  }
  const double now = current_time();
  Coverage coverage;
  for (const auto& [path, named] : paths) {
    if (on_progress) on_progress(static_cast<std::int64_t>(paths.size()));
    const auto headers = read_headers(path);
    if (!headers) {
      if (is_foreign(path, named, headers.status()))
        ++report.foreign;
      else
        fault(Status(headers.status()).in_file(path));
      continue;
    }
    const auto facts = cameras.translate(path, *headers, {.camera = forced, .explain = true});
    if (!facts) {
      fault(Status(facts.status()).in_file(path));
      continue;
    }
    ++report.files;
    if (facts->images.empty()) ++report.empty;
    coverage.add(path, *headers, *facts, now, options.verbose);
  }
  report.images = coverage.sum().images;
  sink(coverage_text(coverage, options.format, options.width,
                     counted(report.files, "file") + ", " + counted(report.images, "image") + "; " +
                         std::to_string(report.empty) + " without an image, " + std::to_string(report.foreign) +
                         " passed over (no headers), " + std::to_string(report.failed) + " failed"));
  return report;
}

std::string list_tables(const Cameras& cameras, std::string_view format) {
  const std::vector<CameraTable> tables = cameras.tables();
  std::string out;
  if (format == "json") {
    for (const CameraTable& table : tables) {
      std::string when;
      for (const auto& line : table.when) when += (when.empty() ? "" : ",") + json_text(line);
      out += "{\"name\":" + json_text(table.name) + ",\"title\":" + json_text(table.title) +
             ",\"like\":" + (table.like.empty() ? "null" : json_text(table.like)) + ",\"when\":[" + when +
             "],\"file\":" + json_text(table.file) + ",\"built_in\":" + (table.built_in ? "true" : "false") + "}\n";
    }
    return out;
  }
  if (format == "csv") {
    out = "name,title,like,when,file,built_in\r\n";
    for (const CameraTable& table : tables) {
      std::string when;
      for (const auto& line : table.when) when += (when.empty() ? "" : "\n") + line;
      out += csv_line({table.name, table.title, table.like, when, table.file, table.built_in ? "yes" : "no"});
    }
    return out;
  }
  std::size_t name = 4, like = 7, title = 5;
  for (const CameraTable& table : tables) {
    name = std::max(name, table.name.size() + (table.built_in ? 0 : 1));
    like = std::max(like, table.like.size());
    title = std::max(title, visible(table.title).size());
  }
  const auto line = [&](const std::string& a, const std::string& b, const std::string& c, const std::string& d) {
    const std::string text = padded(a, name + 2) + padded(b, like + 2) + padded(c, title + 2) + d;
    out += text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
  };
  line("name", "refines", "title", "when");
  std::string notes;
  for (const CameraTable& table : tables) {
    const std::string mark = table.built_in ? "" : "*";
    line(table.name + mark, table.like, visible(table.title), table.when.empty() ? "" : visible(table.when[0]));
    for (std::size_t i = 1; i < table.when.size(); ++i) line("", "", "", visible(table.when[i]));
    if (!table.built_in) notes += "* " + table.name + ": " + visible(table.file) + '\n';
  }
  return out + notes;
}

}  // namespace imreg
