// The table of verbs, and what they have in common.
#include "trend/verbs.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace imreg::trend {

namespace {

// What there is to make vectors of.
Result<Answer> fields(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const RecordFile* file, workspace.file(request.rows));
  const std::string wanted = request.words.empty() ? "" : to_lower(request.words[0]);
  Answer out;
  Table& table = out.tables.emplace_back();
  for (const auto& field : file->schema().fields) {
    if (field.display == Display::hidden) continue;
    if (to_lower(field.name + "\n" + field.meaning).find(wanted) == std::string::npos) continue;
    const bool array = field.type != Type::text && field.count > 1;
    const std::string elements = array ? "[0-" + std::to_string(field.count - 1) + "]" : "";
    for (const auto& [name, text] : {std::pair("field", field.name + elements), std::pair("unit", field.unit),
                                     std::pair("meaning", field.meaning)}) {
      table[name].is_text = true;
      table[name].texts.push_back(text);
    }
  }
  if (table.rows() == 0)
    return Status(Code::invalid,
                  "no field has \"" + request.words[0] + "\" in its name or meaning; fields alone lists all");
  return out;
}

constexpr std::size_t kMany = 100;
constexpr std::string_view kBare = "title size style", kAxes = "title size style xlabel ylabel xlog ylog xrange yrange";
constexpr Verb kVerbs[] = {
    {"stat", "EXPR...", "n, min, max, mean, median, sigma, MAD, percentiles", 1, kMany, "by clip weight percent", "",
     false, stat},
    {"hist", "EXPR", "how many values in each bin", 1, 1, "by width bins range", kAxes, false, hist},
    {"bin", "X Y", "mean and median of Y in bins of X", 2, 2, "by width bins range clip weight", kAxes, false, bin},
    {"fit", "X Y", "a polynomial through Y over X", 2, 2, "by clip weight order robust", kAxes, false, fit},
    {"corr", "X Y...", "correlations of each two", 2, kMany, "by", "", false, corr},
    {"top", "EXPR", "the most frequent values", 1, 1, "by most", "", false, top},
    {"vec", "EXPR...", "the values themselves", 1, kMany, "", "", false, vec},
    {"plot", "X Y...", "a picture of Y over X", 2, kMany, "by lines steps error", kAxes, true, plot},
    {"map", "[RA DEC]", "a picture of positions on the sky", 0, 2, "by", kBare, true, map},
    {"focal", "EXPR", "a picture of the median in each CCD", 1, 1, "clip", kBare, true, focal},
    {"fields", "[TEXT]", "which fields there are; those with TEXT in name or meaning", 0, 1, "", "", false, fields},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

Result<Operands> operands_of(Workspace& workspace, const Request& request, Taking taking) {
  std::vector<std::string> all = request.words;
  all.insert(all.end(), request.by.begin(), request.by.end());
  if (!request.weight.empty()) all.push_back(request.weight);
  IMREG_ASSIGN(auto vectors, workspace.evaluate(all, request.rows));
  Operands out{};
  const auto words = static_cast<std::ptrdiff_t>(request.words.size());
  out.vectors.assign(vectors.begin(), vectors.begin() + words);
  if (!request.weight.empty()) {
    out.weight = vectors.back();
    vectors.pop_back();
  }
  const VectorPtr& first = out.vectors[0];
  for (std::size_t i = 0; i < out.vectors.size(); ++i) {
    if (taking == Taking::numbers && out.vectors[i]->column.is_text)
      return Status(Code::invalid, request.words[i] + " is a text, and " + request.verb + " is of numbers: top " +
                                       request.words[i] + " counts its values");
    if (taking == Taking::each && request.by.empty() && !out.weight) continue;
    IMREG_TRY(check_together(*first, request.words[0], *out.vectors[i], request.words[i]));
  }
  if (out.weight && out.weight->column.is_text)
    return Status(Code::invalid, "-weight " + request.weight + " is a text");
  if (out.weight) {
    IMREG_TRY(check_together(*first, request.words[0], *out.weight, "-weight " + request.weight));
    const auto& weights = out.weight->column.numbers;
    if (!weights.empty() && std::none_of(weights.begin(), weights.end(), is_weight))
      return Status(Code::invalid, "-weight " + request.weight + ": none of them is a number above 0");
  }
  if (first->size() == 0)
    return Status(Code::not_found, "nothing is selected: there is no value of " + request.words[0]);
  IMREG_ASSIGN(out.groups, Groups::make(request.by, {vectors.begin() + words, vectors.end()}, first, request.words[0]));
  return out;
}

bool is_weight(double value) { return value > 0 && std::isfinite(value); }

Result<double> value_of(const std::string& text, bool time, const Request& request, std::string_view option) {
  double value = 0;
  if (!time && parse_number(text, value) && std::isfinite(value)) return value;
  if (time) {
    if (const auto date = parse_date(text, request.rows.dates)) return *date;
  }
  return Status(Code::invalid, "-" + std::string(option) + ": \"" + text + "\" is no " + (time ? "date" : "number"));
}

Result<chart::Axis> axis_of(const Vector& vector, const std::string& name, const Request& request, bool is_x) {
  const Look& look = request.look;
  const auto& label = is_x ? look.x_label : look.y_label;
  const auto* range = is_x ? look.x_range : look.y_range;
  chart::Axis axis;
  axis.label = label.value_or(name);
  if (!label) axis.unit = vector.column.shape.unit;
  axis.time = vector.is_time();
  if (axis.time) axis.unit.clear();
  axis.tz_hours = request.rows.dates.tz_hours;
  axis.log = is_x ? look.x_log : look.y_log;
  if (axis.log && axis.time) return Status(Code::invalid, name + " is a time: its axis has no logarithms");
  if (!range[0].empty()) {
    IMREG_ASSIGN(axis.low, value_of(range[0], axis.time, request, is_x ? "xrange" : "yrange"));
    IMREG_ASSIGN(axis.high, value_of(range[1], axis.time, request, is_x ? "xrange" : "yrange"));
  }
  return axis;
}

Result<chart::Plot> plot_of_pair(const Operands& operands, const Request& request) {
  chart::Plot plot;
  set_title(plot, request, request.words[1] + " over " + request.words[0]);
  IMREG_ASSIGN(plot.x, axis_of(*operands.vectors[0], request.words[0], request, true));
  IMREG_ASSIGN(plot.y, axis_of(*operands.vectors[1], request.words[1], request, false));
  return plot;
}

std::string by_text(const Request& request) {
  std::string out;
  for (std::size_t i = 0; i < request.by.size(); ++i) out += (i == 0 ? " by " : ", ") + request.by[i];
  return out;
}

void set_title(chart::Plot& plot, const Request& request, const std::string& what) {
  plot.title = request.look.title.empty() ? what : request.look.title;
  plot.by = request.look.title.empty() ? by_text(request) : "";
}

void name_single_group(chart::Plot& plot) {
  if (!plot.by.empty() && plot.series.size() == 1 && !plot.series[0].name.empty())
    plot.by += ": " + plot.series[0].name;
}

std::string groups_left_out(std::int64_t groups) {
  return counted(groups, "group") + " without a value " + (groups == 1 ? "is" : "are") + " left out";
}

std::string length_text(double seconds) {
  for (const auto& [size, unit] : {std::pair(86400.0, " d"), std::pair(3600.0, " h"), std::pair(60.0, " min")}) {
    if (seconds >= size && std::fmod(seconds, size) == 0) return short_number(seconds / size) + unit;
  }
  return short_number(seconds) + " s";
}

}  // namespace imreg::trend
