// Reads the options of a line of imstatus.
#include "shell/options.h"

#include <cstdio>

#include "base/text.h"

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

}  // namespace

Status check_style(const std::string& style, const std::string& who) {
  if (style == "auto" || style == "braille" || style == "ascii" || style == "sixel") return {};
  return {Code::invalid, who + ": \"" + style + "\" is none of auto, braille, ascii, sixel"};
}

Status read_status_options(const Parsed& args, Settings& settings, trend::Request& request, StatusOutput& output) {
  IMREG_TRY(read_filters(args, settings, request.rows));
  // Dates stand in expressions, bins and axes too.
  IMREG_TRY(read_dates(args, settings, true, request.rows.dates));
  IMREG_TRY(read_amount(args, request));
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
