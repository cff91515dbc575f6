// fit, corr: of vectors in pairs.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "imreg/date.h"
#include "imreg/vectors.h"
#include "trend/groups.h"
#include "trend/verbs.h"

namespace imreg::trend {

namespace {

constexpr double kDay = 86400;

// How many digits of the coefficients give the line itself, to a twentieth of the scatter.
int digits_of(const vectors::Fit& fit) {
  constexpr int kLeast = 5, kMost = 15;
  double size = 0;
  const auto place = [&](int i) { return fit.middle + fit.half * i / 10; };
  for (int i = -10; i <= 10; ++i) size = std::max(size, std::abs(fit.at(place(i))));
  const double wanted = std::max(std::isfinite(fit.rms) ? fit.rms / 20 : 0, size * 1e-6);
  std::vector<double> rounded(fit.coefficients.size());
  for (int digits = kLeast; digits < kMost; ++digits) {
    for (std::size_t k = 0; k < rounded.size(); ++k)
      rounded[k] = std::strtod(short_number(fit.coefficients[k], digits).c_str(), nullptr);
    double most = 0;
    for (int i = -10; i <= 10; ++i) {
      double value = 0;
      for (std::size_t k = rounded.size(); k-- > 0;) value = value * (place(i) - fit.x0) + rounded[k];
      most = std::max(most, std::abs(value - fit.at(place(i))));
    }
    if (most <= wanted) return digits;
  }
  return kMost;
}

// "fwhm = 2.31 + 0.0123 (obstime - 2001-01-27) in days, slope +- 0.0004, rms 0.12, 132 points"
std::string formula(const vectors::Fit& fit, int digits, const Request& request, bool time, bool y_is_time) {
  constexpr std::size_t kMost = 4;  // terms that can be read
  std::string origin = short_number(std::abs(fit.x0), 15), out;
  if (time) origin = format_iso(fit.x0, 0).substr(0, 10) + (request.rows.dates.tz_hours != 0 ? " UTC" : "");
  const std::string x =
      fit.x0 == 0 ? request.words[0] : "(" + request.words[0] + (fit.x0 < 0 && !time ? " + " : " - ") + origin + ")";
  double unit = 1;
  for (std::size_t k = 0; k < fit.coefficients.size() && fit.coefficients.size() <= kMost;
       ++k, unit *= time ? kDay : 1) {
    const double c = fit.coefficients[k] * unit;
    if (k == 0) {
      out = y_is_time ? format_iso(c, 0, request.rows.dates.tz_hours) : short_number(c, digits);
      continue;
    }
    out += (c < 0 ? " - " : " + ") + short_number(std::abs(c), digits) + " " + x;
    if (k > 1) out += "^" + std::to_string(k);
  }
  if (out.empty()) out = "a polynomial of order " + std::to_string(fit.coefficients.size() - 1);
  if (time && fit.coefficients.size() > 1 && fit.coefficients.size() <= kMost) out += " in days";
  if (fit.coefficients.size() == 2 && std::isfinite(fit.errors[1]))
    out += ", slope +- " + short_number(fit.errors[1] * (time ? kDay : 1), 2);
  if (std::isfinite(fit.rms)) out += ", rms " + short_number(fit.rms, 3);
  return request.words[1] + " = " + out + ", " + counted(fit.n, "point");
}

// Where powers are counted from: of a time the midnight (UTC) before the first; else 0, or, where that is so far away that the
// coefficients would tell little, a round number among the values.
double origin_of(const Vector& x, int order) {
  const auto all = vectors::summarize(x.column.numbers, {.percents = {}, .weights = {}});
  if (!std::isfinite(all.min) || !std::isfinite(all.max)) return 0;
  if (x.is_time()) return std::floor(all.min / kDay) * kDay;
  const double range = all.max - all.min, size = std::max(std::abs(all.min), std::abs(all.max));
  if (order == 0 || !(range > 0) || size <= (order == 1 ? 100 : 2) * range) return 0;
  const double step = std::pow(10, std::floor(std::log10(range)));
  return std::round((all.min / 2 + all.max / 2) / step) * step;
}

// Where a curve is drawn: as far as there are points and the axis goes, evenly as the axis counts.
std::vector<double> places_of_curve(const chart::Axis& axis, const std::vector<double>& points) {
  constexpr int kSteps = 400;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const double x : points) {
    if (std::isfinite(x) && (!axis.log || x > 0)) low = std::min(low, x), high = std::max(high, x);
  }
  const auto [first, last] = std::minmax({axis.low.value_or(low), axis.high.value_or(high)});
  if (first <= high && last >= low) low = std::max(low, first), high = std::min(high, last);
  std::vector<double> out;
  for (int i = 0; i <= kSteps; ++i) {
    const double part = static_cast<double>(i) / kSteps;
    out.push_back(axis.log ? low * std::pow(high / low, part) : low + (high - low) * part);
  }
  out.back() = high;
  return out;
}

}  // namespace

// Over a time a slope is a change in a day.
Result<Answer> fit(Workspace& workspace, const Request& request) {
  if (request.robust && request.clip > 0)
    return Status(Code::invalid, "-robust and -clip do not go together: leave one out");
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::numbers));
  const Vector &x = *operands.vectors[0], &y = *operands.vectors[1];
  Answer out;
  Table& table = out.tables.emplace_back();
  IMREG_ASSIGN(chart::Plot plot, plot_of_pair(operands, request));
  Status failure;
  std::string not_fitted;
  std::size_t failed = 0;
  constexpr std::size_t kMostFormulas = 6;        // below a picture
  const double x0 = origin_of(x, request.order);  // of all groups
  std::vector<chart::Series> curves;              // behind the points, whose colours are those of neighbours then
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    auto px = numbers_in(group, x), py = numbers_in(group, y);
    std::vector<double> weights;
    if (operands.weight) weights = numbers_in(group, *operands.weight);
    if (px.size() == 1) px.assign(py.size(), px[0]);
    if (py.size() == 1) py.assign(px.size(), py[0]);
    if (weights.size() == 1) weights.assign(px.size(), weights[0]);
    const auto made = vectors::fit(
        px, py, {.order = request.order, .robust = request.robust, .clip = request.clip, .weights = weights}, x0);
    const std::string label = operands.groups.label(group);
    if (!made) {
      const std::string why = (label.empty() ? "" : label + ": ") + made.status().message();
      if (failed++ == 0) failure = Status(made.status().code(), why);
      out.notes.push_back(why);
      not_fitted += (not_fitted.empty() ? "" : ", ") + label;
      continue;
    }
    operands.groups.add_keys(table, group, 1);
    const auto text = [&](std::string_view name, const std::string& value) {
      table[name].is_text = true;
      table[name].texts.push_back(value);
    };
    text("x", request.words[0]);
    text("y", request.words[1]);
    table["n"].add(static_cast<double>(made->n));
    table["n"].is_count = true;
    table["left_out"].add(static_cast<double>(made->left_out));
    table["left_out"].is_count = true;
    table["x0"].add(made->x0, x.is_time());
    const int digits = digits_of(*made);
    double unit = 1;
    for (std::size_t k = 0; k < made->coefficients.size(); ++k, unit *= x.is_time() ? kDay : 1) {
      TableColumn& column = table["c" + std::to_string(k)];
      column.add(made->coefficients[k] * unit, y.is_time() && k == 0);
      column.digits = std::max(column.digits, digits);
      table["e" + std::to_string(k)].add(made->errors[k] * unit);
    }
    table["rms"].add(made->rms);
    if (table.rows() <= kMostFormulas)
      plot.notes.push_back((label.empty() ? "" : label + ": ") +
                           formula(*made, digits, request, x.is_time(), y.is_time()));
    plot.series.push_back({.name = label.empty() ? request.words[1] : label, .x = px, .y = py});
    chart::Series line{.name = label.empty() ? "fit" : label, .mark = chart::Mark::curve};
    if (!label.empty()) line.like = plot.series.size() - 1;
    line.x = places_of_curve(plot.x, px);
    for (const double place : line.x) line.y.push_back(made->at(place));
    curves.push_back(std::move(line));
  }
  if (table.rows() == 0 && failed > 1)
    return Status(failure.code(), "none of " + counted(static_cast<long long>(failed), "group") +
                                      " can be fitted; the first: " + failure.message());
  if (table.rows() == 0) return failure;
  if (table.rows() > kMostFormulas)
    plot.notes.push_back("the numbers of " + std::to_string(table.rows() - kMostFormulas) +
                         " more fits are in the table (-format text)");
  if (!not_fitted.empty()) plot.notes.push_back("not fitted, and left out: " + not_fitted);
  plot.series.insert(plot.series.end(), curves.begin(), curves.end());
  out.picture = std::move(plot);
  return out;
}

Result<Answer> corr(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::numbers));
  Answer out;
  Table& table = out.tables.emplace_back();
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    std::vector<std::vector<double>> values;
    for (const auto& vector : operands.vectors) values.push_back(numbers_in(group, *vector));
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (std::size_t k = i + 1; k < values.size(); ++k) {
        IMREG_ASSIGN(const auto pair, vectors::correlate(values[i], values[k]));
        operands.groups.add_keys(table, group, 1);
        for (const auto& [name, at] : {std::pair("x", i), std::pair("y", k)}) {
          table[name].is_text = true;
          table[name].texts.push_back(request.words[at]);
        }
        table["n"].add(static_cast<double>(pair.n));
        table["n"].is_count = true;
        table["pearson"].add(pair.pearson);
        table["spearman"].add(pair.spearman);
      }
    }
  }
  return out;
}

}  // namespace imreg::trend
