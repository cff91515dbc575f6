// hist, bin: counts and means in bins.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "imreg/vectors.h"
#include "trend/groups.h"
#include "trend/verbs.h"

namespace imreg::trend {

namespace {

// A field of whole numbers: of ccd, not of a sky that happens to be 1000.
bool holds_whole_numbers(const Vector& vector) {
  const FieldInfo& shape = vector.column.shape;
  const bool whole = shape.type != Type::f32 && shape.type != Type::f64;
  return whole && shape.scale == 1 && shape.zero == 0 && !vector.is_time() && !vector.column.is_text;
}

// What -width, -bins and -range say for values of this vector.
Result<vectors::EdgesOptions> edges_options(const Vector& vector, const Request& request) {
  vectors::EdgesOptions out;
  out.time = vector.is_time();
  out.whole = holds_whole_numbers(vector);
  out.single = vector.column.shape.type == Type::f32;
  out.bins = request.bins;
  if (!request.width.empty()) {
    const auto length = parse_duration(request.width);
    double number = 0;
    if (parse_number(request.width, number) && number > 0)
      out.width = number;
    else if (length && length->months == 0 && length->seconds > 0 && (out.time || vector.column.shape.unit == "s"))
      out.width = length->seconds;
    else
      return Status(Code::invalid,
                    "-width: \"" + request.width + "\" is no width for " + request.words[0] +
                        (out.time ? ": a length of time in weeks, d, h, min or s (months and years have no length)"
                                  : ": a number above 0"));
  }
  if (out.width > 0 && out.bins > 0) return Status(Code::invalid, "-width and -bins do not go together: leave one out");
  if (!request.range[0].empty()) {
    IMREG_ASSIGN(out.low, value_of(request.range[0], out.time, request, "range"));
    IMREG_ASSIGN(out.high, value_of(request.range[1], out.time, request, "range"));
  }
  return out;
}

Result<vectors::Edges> edges_for(const Vector& vector, const Request& request) {
  IMREG_ASSIGN(const auto options, edges_options(vector, request));
  auto edges = vectors::choose_edges(vector.column.numbers, options);
  if (!edges) return Status(edges.status().code(), request.words[0] + ": " + edges.status().message());
  return edges;
}

}  // namespace

Result<Answer> hist(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::anything));
  const Vector& vector = *operands.vectors[0];
  if (vector.column.is_text) {  // bins of a text are its values
    if (!request.width.empty() || request.bins > 0 || !request.range[0].empty())
      return Status(Code::invalid,
                    request.words[0] + " is a text: its bins are its values, without -width, -bins, -range");
    Request all = request;
    all.most = std::numeric_limits<std::int64_t>::max();
    return top(workspace, all);
  }
  IMREG_ASSIGN(const auto edges, edges_for(vector, request));
  Answer out;
  Table& table = out.tables.emplace_back();
  chart::Plot plot;
  set_title(plot, request, request.words[0]);
  IMREG_ASSIGN(plot.x, axis_of(vector, request.words[0], request, true));
  IMREG_ASSIGN(plot.y, axis_of(number_vector({}), "number", request, false));
  std::int64_t unknown = 0, outside = 0, inside_all = 0, empty = 0;
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    const auto values = numbers_in(group, vector);
    const auto counts = vectors::histogram(values, edges);
    std::int64_t inside = 0, known = 0;
    for (const auto count : counts) inside += count;
    for (const double value : values) known += std::isnan(value) ? 0 : 1;
    inside_all += inside;
    unknown += std::ssize(values) - known;
    outside += known - inside;
    chart::Series series{.name = operands.groups.label(group), .mark = chart::Mark::bars};
    table["low"].unit = vector.column.shape.unit;
    // Of a group from its first to its last bin that is not empty; the bins of all are the same.
    std::int64_t from = 0, to = edges.bins;
    if (operands.groups.any()) {
      while (to > 0 && counts[static_cast<std::size_t>(to - 1)] == 0) --to;
      while (from < to && counts[static_cast<std::size_t>(from)] == 0) ++from;
    }
    operands.groups.add_keys(table, group, static_cast<std::size_t>(to - from));
    for (std::int64_t i = 0; i < edges.bins; ++i) {
      if (i >= from && i < to) {
        table["low"].add(edges.edge(i), vector.is_time());
        table["high"].add(edges.edge(i + 1), vector.is_time());
        table["n"].add(static_cast<double>(counts[static_cast<std::size_t>(i)]));
      }
      series.x.push_back(edges.edge(i));
      series.y.push_back(static_cast<double>(counts[static_cast<std::size_t>(i)]));
    }
    if (operands.groups.any() && inside == 0)  // takes no place in the legend
      ++empty;
    else
      plot.series.push_back(std::move(series));
  }
  table["n"].is_count = true;
  for (std::size_t i = table.keys; i < table.columns.size(); ++i) {
    if (table.columns[i].name == "n") table.bars = static_cast<int>(i);
  }
  if (inside_all == 0)
    return Status(Code::not_found, "no value of " + request.words[0] + " is in the bins: " + std::to_string(outside) +
                                       " of " + std::to_string(std::ssize(vector.column.numbers)) + " outside, " +
                                       std::to_string(unknown) + " not known");
  const auto total = std::ssize(vector.column.numbers);
  if (unknown > 0) out.notes.push_back(std::to_string(unknown) + " of " + std::to_string(total) + " not known");
  if (outside > 0) out.notes.push_back(std::to_string(outside) + " of " + std::to_string(total) + " outside the bins");
  plot.notes = out.notes;
  name_single_group(plot);
  if (empty > 0) plot.notes.push_back(groups_left_out(empty));
  constexpr std::size_t kMostOutlines = 6;
  if (plot.series.size() > kMostOutlines)
    plot.notes.push_back(
        "many outlines lie on each other: -by of fewer groups shows more, or the table (-format text)");
  out.picture = std::move(plot);
  return out;
}

Result<Answer> bin(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::numbers));
  const Vector &x = *operands.vectors[0], &y = *operands.vectors[1];
  IMREG_ASSIGN(const auto edges, edges_for(x, request));
  Answer out;
  Table& table = out.tables.emplace_back();
  IMREG_ASSIGN(chart::Plot plot, plot_of_pair(operands, request));
  // The middle of the whole numbers 10 to 19 is 14.5, of 3 alone it is 3.
  const bool whole = holds_whole_numbers(x), has_end = !request.range[0].empty() || request.bins > 0;
  const auto middle_of = [&](std::int64_t i) {
    const double low = edges.edge(i), high = edges.edge(i + 1);
    if (!whole) return low + (high - low) / 2;
    const double last = has_end && i + 1 == edges.bins ? std::floor(high) : std::ceil(high) - 1;
    return (std::ceil(low) + last) / 2;
  };
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    const auto at = numbers_in(group, x), values = numbers_in(group, y);
    std::vector<double> weights;
    if (operands.weight) weights = numbers_in(group, *operands.weight);
    std::vector<std::vector<std::size_t>> members(static_cast<std::size_t>(edges.bins));
    for (std::size_t i = 0; i < at.size(); ++i) {
      const auto which = vectors::bin_of(edges, at[i]);
      if (which >= 0) members[static_cast<std::size_t>(which)].push_back(i);
    }
    chart::Series series{.name = operands.groups.label(group)};
    for (std::int64_t i = 0; i < edges.bins; ++i) {
      std::vector<double> here, their_weights;
      for (const auto k : members[static_cast<std::size_t>(i)]) {
        here.push_back(values[values.size() == 1 ? 0 : k]);
        if (operands.weight) their_weights.push_back(weights[weights.size() == 1 ? 0 : k]);
      }
      const auto s = vectors::summarize(here, {.percents = {}, .clip = request.clip, .weights = their_weights});
      if (s.n == 0) continue;  // a bin without a value has no line
      const double middle = middle_of(i);
      const double error = s.sigma / std::sqrt(static_cast<double>(s.n));
      operands.groups.add_keys(table, group, 1);
      table.key(request.by.size(), {.name = request.words[0], .unit = x.column.shape.unit}).add(middle, x.is_time());
      table["n"].add(static_cast<double>(s.n));
      table["n"].is_count = true;
      table["mean"].add(s.mean, y.is_time());
      table["error"].add(error);
      table["median"].add(s.median, y.is_time());
      table["sigma"].add(s.sigma);
      table["mad"].add(s.mad);
      series.x.push_back(middle);
      series.y.push_back(s.mean);
      series.y_error.push_back(error);
    }
    plot.series.push_back(std::move(series));
  }
  if (table.rows() == 0)
    return Status(Code::not_found, "no value of " + request.words[1] + " is known where " + request.words[0] + " is");
  name_single_group(plot);
  plot.notes.push_back("mean of bins of " + (x.is_time() ? length_text(edges.width) : short_number(edges.width)) +
                       ", with its error");
  out.picture = std::move(plot);
  return out;
}

}  // namespace imreg::trend
