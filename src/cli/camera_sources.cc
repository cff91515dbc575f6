// The user's camera tables and Elixir's keys for them.
#include "base/text.h"
#include "cli/config.h"
#include "os/walk.h"

namespace imreg::cli {

namespace {

// One key, one recipe. Two keys that belong together (DATE and UT, RA and DEC) are written by hand below.
constexpr struct {
  const char* key;
  const char* before;  // the keyword
  const char* after;
} kRecipes[] = {
    {"MJD-KEYWORD", "obstime ", " mjd"},   {"JD-KEYWORD", "obstime ", " jd"},
    {"EXPTIME-KEYWORD", "exptime ", " s"}, {"IMAGETYPE-KEYWORD", "type ", " words type"},
    {"CCDNUM-KEYWORD", "ccd ", ""},        {"CCDNUM-KEYWORD", "ccd ", " match *[a-z]%d"},
    {"FILTER-KEYWORD", "filter ", ""},     {"AIRMASS-KEYWORD", "airmass ", ""},
    {"FOCUS-KEYWORD", "telfocus ", ""},    {"ROTATION-KEYWORD", "rotangle ", " deg"},
    {"DETTEMP-KEYWORD", "dettemp ", " C"}, {"TELDATA1-KEYWORD", "xprobe ", ""},
    {"TELDATA2-KEYWORD", "yprobe ", ""},   {"TELDATA3-KEYWORD", "zprobe ", ""},
    {"CAMERA-KEYWORD", "instrument ", ""}, {"OBJECT-KEYWORD", "object ", ""},
};

// The keyword behind a key, in quotes; empty when there is none.
Result<std::string> keyword_of(const Config& config, const std::string& key) {
  if (!config.has(key)) return std::string();
  IMREG_ASSIGN(std::string word, config.get(key));
  if (equal_nocase(word, "NONE")) return std::string();
  if (word.size() > 2 && word.front() == '"' && word.back() == '"') word = word.substr(1, word.size() - 2);
  if (starts_nocase(word, "HIERARCH ")) word.erase(0, 9);
  if (word.find_first_of("\"\n@") != word.npos || trim(word).empty())
    return Status(Code::invalid, "the configuration key " + key + " names no header keyword: " + word);
  return '"' + word + '"';
}

// "yyyy-mm-dd", "dd/mm/yy": the order of a short date.
Result<std::string> order_of(const Config& config) {
  if (!config.has("DATE-MODE")) return std::string();
  IMREG_ASSIGN(const std::string mode, config.get("DATE-MODE"));
  const std::string text = to_lower(mode);
  if (text == "none") return std::string();
  const auto d = text.find('d'), m = text.find('m'), y = text.find('y');
  if (y < m && m < d && d != text.npos) return std::string(" ymd");
  if (d < m && m < y && y != text.npos) return std::string(" dmy");
  if (m < d && d < y && y != text.npos) return std::string(" mdy");
  return Status(Code::invalid, "the configuration key DATE-MODE is " + mode + "; it must be as yyyy-mm-dd or dd/mm/yy");
}

Status add_pair(const Config& config, const std::string& first, const std::string& second, const std::string& before,
                const std::string& between, const std::string& after, std::string& out) {
  IMREG_ASSIGN(const std::string one, keyword_of(config, first));
  IMREG_ASSIGN(const std::string two, keyword_of(config, second));
  if (!one.empty() && !two.empty()) out += before + one + between + two + after + '\n';
  return {};
}

}  // namespace

Result<std::string> elixir_recipes(const Config& config) {
  std::string out;
  IMREG_ASSIGN(const std::string order, order_of(config));
  IMREG_TRY(add_pair(config, "DATE-KEYWORD", "UT-KEYWORD", "obstime ", " + ", order, out));
  IMREG_ASSIGN(const std::string date, keyword_of(config, "DATE-KEYWORD"));
  if (!date.empty()) out += "obstime " + date + order + '\n';
  IMREG_TRY(add_pair(config, "RA-DDD-KEYWORD", "DEC-DDD-KEYWORD", "position ", " ", " deg", out));
  IMREG_TRY(add_pair(config, "RA-HMS-KEYWORD", "DEC-DMS-KEYWORD", "position ", " ", " hours", out));
  for (const auto& recipe : kRecipes) {
    IMREG_ASSIGN(const std::string keyword, keyword_of(config, recipe.key));
    if (!keyword.empty()) out += recipe.before + keyword + recipe.after + '\n';
  }
  return out;
}

Result<std::vector<std::string>> Settings::camera_folders(const std::string& database) {
  std::vector<std::string> out;
  const std::string folders = environment("IMREG_CAMERAS");
  for (const std::string_view folder : split(folders, ':')) {
    if (folder.empty()) continue;
    if (!is_folder(std::string(folder)))
      return Status(Code::not_found, "$IMREG_CAMERAS names a folder that is not there").in_file(std::string(folder));
    out.emplace_back(folder);
  }
  if (database.empty()) return out;
  const auto slash = database.rfind('/');
  out.push_back(slash == database.npos ? "." : slash == 0 ? "/" : database.substr(0, slash));
  return out;
}

Result<CameraSources> Settings::cameras(const std::string& database) {
  CameraSources out;
  IMREG_ASSIGN(out.folders, camera_folders(database));
  IMREG_ASSIGN(const Config* settings, config());
  IMREG_ASSIGN(out.recipes, elixir_recipes(*settings));
  for (const auto& file : settings->files()) out.recipes_from += (out.recipes_from.empty() ? "" : ", ") + file;
  if (out.recipes_from.empty()) out.recipes_from = "-D";
  return out;
}

Result<CameraSources> Settings::cameras_of_options(bool with_keys) {
  CameraSources out;
  if (with_keys) {
    IMREG_ASSIGN(out, cameras(""));
  } else {
    IMREG_ASSIGN(out.folders, camera_folders(""));
  }
  for (const auto* use : args_.all("cameras")) {
    out.folders.push_back(use->words[0]);
    if (!is_folder(use->words[0]))
      return Status(Code::not_found, "-cameras: there is no such folder").in_file(use->words[0]);
  }
  return out;
}

}  // namespace imreg::cli
