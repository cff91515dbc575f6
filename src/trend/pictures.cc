// plot, map: what is drawn of the values themselves.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "imreg/vectors.h"
#include "trend/groups.h"
#include "trend/verbs.h"

namespace imreg::trend {

namespace {

bool any_point(const std::vector<double>& x, const std::vector<double>& y) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (std::isfinite(y[i]) && std::isfinite(x[x.size() == 1 ? 0 : i])) return true;
  }
  return false;
}

Table values_of(const Operands& operands, const Request& request) {
  Table table;
  for (std::size_t k = 0; k < operands.vectors.size(); ++k) {
    const Vector& vector = *operands.vectors[k];
    table.columns.push_back(column_like(vector, request.words[k]));
    for (std::size_t i = 0; i < operands.vectors[0]->size(); ++i)
      add_value(table.columns.back(), vector, vector.size() == 1 ? 0 : i);
  }
  return table;
}

}  // namespace

Result<Answer> plot(Workspace& workspace, const Request& request) {
  Request asked = request;
  if (!request.look.error.empty()) asked.words.push_back(request.look.error);
  IMREG_ASSIGN(const auto operands, operands_of(workspace, asked, Taking::numbers));
  const std::size_t ys = request.words.size();
  const Vector& x = *operands.vectors[0];
  chart::Plot plot;
  std::string what;
  for (std::size_t k = 1; k < ys; ++k) what += (k > 1 ? ", " : "") + request.words[k];
  set_title(plot, request, what + " over " + request.words[0]);
  IMREG_ASSIGN(plot.x, axis_of(x, request.words[0], request, true));
  IMREG_ASSIGN(plot.y, axis_of(*operands.vectors[1], what, request, false));
  for (std::size_t k = 2; k < ys; ++k) {
    if (operands.vectors[k]->column.shape.unit != operands.vectors[1]->column.shape.unit) plot.y.unit.clear();
  }
  if (!request.look.error.empty()) {
    const auto& errors = operands.vectors.back()->column.numbers;
    const auto below = std::count_if(errors.begin(), errors.end(), [](double e) { return e < 0; });
    if (below > 0)
      return Status(Code::invalid, "-error " + request.look.error + ": " + counted(below, "value") +
                                       " below 0, and a bar has no such length");
  }
  Answer out;
  long long empty = 0;
  std::string unknown;
  std::vector<bool> known(ys);  // of several, those of which nothing is known take no place in the legend
  for (std::size_t k = 1; k < ys; ++k) {
    const auto& values = operands.vectors[k]->column.numbers;
    known[k] = std::any_of(values.begin(), values.end(), [](double y) { return std::isfinite(y); });
    if (!known[k] && ys > 2) unknown += (unknown.empty() ? "" : ", ") + request.words[k];
  }
  if (!unknown.empty()) plot.notes.push_back("no value is known of " + unknown);
  const bool any = std::find(known.begin(), known.end(), true) != known.end();
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    const auto px = numbers_in(group, x);
    for (std::size_t k = 1; k < ys; ++k) {
      if (any && !known[k]) continue;
      auto py = numbers_in(group, *operands.vectors[k]);
      if (py.size() == 1) py.assign(px.size(), py[0]);
      if (operands.groups.any() && !any_point(px, py)) {  // takes no place in the legend
        ++empty;
        continue;
      }
      std::string name = operands.groups.label(group);
      if (ys > 2) name += (name.empty() ? "" : ": ") + request.words[k];
      chart::Series series{.name = name, .x = px, .mark = request.look.mark.value_or(chart::Mark::points)};
      if (!request.look.error.empty()) {
        series.y_error = numbers_in(group, *operands.vectors.back());
        if (series.y_error.size() == 1) series.y_error.assign(px.size(), series.y_error[0]);
      }
      series.y = std::move(py);
      plot.series.push_back(std::move(series));
    }
  }
  if (empty > 0 && !plot.series.empty()) plot.notes.push_back(groups_left_out(empty));
  name_single_group(plot);
  out.tables.push_back(values_of(operands, asked));
  out.picture = std::move(plot);
  out.wants_picture = true;
  return out;
}

Result<Answer> map(Workspace& workspace, const Request& request) {
  Request asked = request;
  if (asked.words.empty()) asked.words = {"ra", "dec"};
  if (asked.words.size() != 2)
    return Status(Code::invalid, "map is of a right ascension and a declination, in degrees");
  IMREG_ASSIGN(const auto operands, operands_of(workspace, asked, Taking::numbers));
  chart::SkyMap map;
  std::int64_t empty = 0;
  map.title = request.look.title.empty() ? "pointings" + by_text(request) : request.look.title;
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    auto ra = numbers_in(group, *operands.vectors[0]), dec = numbers_in(group, *operands.vectors[1]);
    if (operands.groups.any() && !any_point(ra, dec))
      ++empty;
    else
      map.series.push_back({.name = operands.groups.label(group), .x = std::move(ra), .y = std::move(dec)});
  }
  if (map.series.empty())
    return Status(Code::not_found, "no position is known: " + asked.words[0] + " or " + asked.words[1] + " is not");
  if (empty > 0) map.notes.push_back(groups_left_out(empty));
  Answer out;
  out.tables.push_back(values_of(operands, asked));
  out.picture = std::move(map);
  out.wants_picture = true;
  return out;
}

}  // namespace imreg::trend
