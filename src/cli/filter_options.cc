// Reads filters from the command line, and says again what was typed.
#include "cli/filter_options.h"

#include <cctype>

namespace imreg::cli {

namespace {

std::string as_shell_word(const std::string& word) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("/_-.,:=+@%$^").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Status read_dates(const Parsed& args, Settings& settings, bool any, DateSettings& dates) {
  dates.now = current_time();
  IMREG_ASSIGN(dates.tz_hours, args.number("tz", 0, -14, 14));
  if (!any) return {};
  IMREG_ASSIGN(const Config* config, settings.config());
  return config->has("REFDATE") ? read_reference_date(*config, dates) : Status();
}

Status read_filters(const Parsed& args, Settings& settings, SearchOptions& options) {
  IMREG_TRY(check_words(args));
  IMREG_ASSIGN(options.database, settings.database());
  IMREG_ASSIGN(options.cameras.folders, Settings::camera_folders(options.database));
  const bool any_date = args.has("time") || args.has("trange") || args.has("where");
  IMREG_TRY(read_dates(args, settings, any_date, options.dates));
  for (const auto& use : args.uses) {
    if (is_search_filter(use.name)) options.filters.push_back({std::string(use.name), use.words});
    if (use.name == "where") options.where.push_back(use.words[0]);
  }
  IMREG_ASSIGN(const long long jobs, args.integer("j", 0, 1, 256));
  options.jobs = static_cast<int>(jobs);
  options.use_index = !args.has("noindex");
  return {};
}

std::string command_of(const Parsed& args, std::initializer_list<std::string_view> without) {
  std::string out;
  const auto add = [&out](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (const auto& use : args.uses) {
    const bool left_out = use.name == "db" || use.name == "c" || use.name == "D" || use.name == "v" ||
                          use.name == "wait" || std::find(without.begin(), without.end(), use.name) != without.end();
    if (left_out) continue;
    add("-" + std::string(use.name));
    for (const auto& word : use.words) add(as_shell_word(word));
  }
  for (const auto& word : args.positionals) add(as_shell_word(word));
  return out;
}

}  // namespace imreg::cli
