// Reads the options of a line of imstatus.
#include "shell/options.h"

#include <algorithm>

#include "base/text.h"
#include "shell/answer_output.h"
#include "trend/verbs.h"

namespace imreg::cli {

namespace {

Status read_amount(const Parsed& args, trend::Request& request) {
  if (args.has("by")) request.by = list_of_words(args.word("by"));
  for (const auto& one : request.by) {
    if (one.empty()) return {Code::invalid, "-by has an empty word in its list"};
  }
  request.weight = args.word("weight");
  IMREG_ASSIGN(request.clip, args.number("clip", 0, 0.1, 1000));
  if (args.has("percent")) {
    request.percents.clear();
    for (const auto& word : list_of_words(args.word("percent"))) {
      double value = 0;
      if (!parse_number(word, value) || !(value >= 0 && value <= 100))
        return {Code::invalid, "-percent: \"" + word + "\" is no number from 0 to 100"};
      request.percents.push_back(value);
    }
  }
  request.width = args.word("width");
  IMREG_ASSIGN(request.bins, args.integer("bins", 0, 1, 10'000'000));
  for (std::size_t i = 0; i < 2; ++i) request.range[i] = args.word("range", "", i);
  IMREG_ASSIGN(const long long order, args.integer("order", 1, 0, 9));
  request.order = static_cast<int>(order);
  request.robust = args.has("robust");
  IMREG_ASSIGN(request.most, args.integer("most", 20, 1, 1'000'000'000));
  constexpr long long kMost = 1'000'000'000'000;
  for (const auto& [name, number] : {std::pair("limit", &request.rows.limit), std::pair("last", &request.rows.last)}) {
    if (!args.has(name)) continue;
    IMREG_ASSIGN(*number, args.integer(name, 0, 0, kMost));
  }
  request.rows.sort = args.word("sort");
  request.rows.unique = args.has("unique");
  return {};
}

void read_look(const Parsed& args, trend::Look& look) {
  look.title = args.word("title");
  if (args.has("xlabel")) look.x_label = args.word("xlabel");
  if (args.has("ylabel")) look.y_label = args.word("ylabel");
  look.x_log = args.has("xlog");
  look.y_log = args.has("ylog");
  for (std::size_t i = 0; i < 2; ++i) {
    look.x_range[i] = args.word("xrange", "", i);
    look.y_range[i] = args.word("yrange", "", i);
  }
  if (args.has("lines")) look.mark = chart::Mark::line;
  if (args.has("steps")) look.mark = chart::Mark::steps;
  look.error = args.word("error");
}

// "title size" has "size".
bool has_word(std::string_view list, std::string_view word) {
  const auto all = words(list);
  return std::find(all.begin(), all.end(), word) != all.end();
}

struct VerbOptions {
  std::string_view verb, options, look;
};
std::vector<VerbOptions> options_of_verbs() {
  std::vector<VerbOptions> out = {{"report", "title follow", ""}};
  for (const auto& verb : trend::verbs()) out.push_back({verb.name, verb.options, verb.look});
  return out;
}

}  // namespace

bool chooses_rows(const Use& use) {
  return is_search_filter(use.name) || has_word("where sort limit last unique noindex tz", use.name);
}

Status check_options(const std::vector<Use>& uses, const trend::Request& request, const StatusOutput& output) {
  const auto all = options_of_verbs();
  const auto mine = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.verb == request.verb; });
  if (mine == all.end()) return {};  // there is no such verb, which is told behind
  const std::string format = format_of(output);
  const bool file = is_picture_format(format);
  const auto verb = std::find_if(trend::verbs().begin(), trend::verbs().end(),
                                 [&](const auto& one) { return one.name == request.verb; });
  const bool draws = file || (format.empty() && verb != trend::verbs().end() && verb->draws);
  for (const auto& use : uses) {
    std::string others;
    for (const auto& one : all) {
      if (has_word(one.options, use.name) || has_word(one.look, use.name))
        others += (others.empty() ? "" : ", ") + std::string(one.verb);
    }
    if (others.empty() || has_word(mine->options, use.name)) continue;
    const std::string option = "-" + std::string(use.name);
    if (!has_word(mine->look, use.name))
      return {Code::invalid, option + " does nothing for " + request.verb + "; it is for " + others};
    if (!draws) return {Code::invalid, option + " is of a picture: -o FILE.png draws one"};
    if (file && use.name == "style") return {Code::invalid, "-style is of pictures in the terminal, not of files"};
  }
  return {};
}

Status check_style(const std::string& style, const std::string& who) {
  if (style == "auto" || style == "braille" || style == "ascii" || style == "sixel") return {};
  return {Code::invalid, who + ": \"" + style + "\" is none of auto, braille, ascii, sixel"};
}

Status read_status_options(const Parsed& args, Settings& settings, trend::Request& request, StatusOutput& output) {
  IMREG_TRY(read_filters(args, settings, request.rows));
  // Dates stand in expressions, bins and axes too.
  IMREG_TRY(read_dates(args, settings, true, request.rows.dates));
  IMREG_TRY(read_amount(args, request));
  if (args.has("lines") && args.has("steps"))
    return {Code::invalid, "-lines and -steps do not go together: leave one out"};
  read_look(args, request.look);
  output.format = args.word("format");
  output.path = args.word("o");
  output.style = args.word("style");
  if (args.has("style")) IMREG_TRY(check_style(output.style, "-style"));
  if (args.has("size")) {
    const std::string size = args.word("size");
    const auto x = size.find('x');
    long long width = 0, height = 0;
    const bool good = x != size.npos && parse_integer(size.substr(0, x), width) &&
                      parse_integer(size.substr(x + 1), height) && width > 0 && height > 0 && width <= 10000 &&
                      height <= 10000;
    if (!good) return {Code::invalid, "-size: \"" + size + "\" is no width and height: 960x600"};
    output.width = static_cast<int>(width), output.height = static_cast<int>(height);
  }
  if (!args.positionals.empty()) {
    request.verb = args.positionals[0];
    request.words.assign(args.positionals.begin() + 1, args.positionals.end());
  }
  return {};
}

}  // namespace imreg::cli
