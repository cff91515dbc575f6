// stat, top, vec: of vectors one by one.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "imreg/vectors.h"
#include "os/processors.h"
#include "trend/groups.h"
#include "trend/verbs.h"

namespace imreg::trend {

namespace {

std::string percent_name(double percent) { return "p" + short_number(percent); }

// `unknown`: of the values themselves; those that only have no weight are told apart.
void add_numbers(Table& table, const Vector& vector, const vectors::Summary& s, std::int64_t unknown,
                 const Request& request) {
  const bool time = vector.is_time();
  const auto count = [&](std::string_view name, std::int64_t value) {
    auto& column = table[name];
    column.is_count = true;
    column.add(static_cast<double>(value));
  };
  count("n", s.n);
  table["min"].add(s.min, time);
  table["max"].add(s.max, time);
  table["mean"].add(s.mean, time);
  table["median"].add(s.median, time);
  table["sigma"].add(s.sigma);
  table["mad"].add(s.mad);
  for (std::size_t i = 0; i < request.percents.size(); ++i)
    table[percent_name(request.percents[i])].add(s.percentiles[i], time);
  count("unknown", unknown);
  if (!request.weight.empty()) count("unweighted", s.unknown - unknown);
  if (request.clip > 0) count("clipped", s.clipped);
}

// Of a text vector: how many rows have each code.
std::vector<std::int64_t> counts_of(const Vector& vector, const Group& group) {
  std::vector<std::int64_t> out(vector.column.texts.size());
  if (group.whole) {
    for (const auto code : vector.column.codes) ++out[code];
  } else {
    for (const auto i : group.places) ++out[vector.column.codes[i]];
  }
  return out;
}

void add_text(TableColumn& column, std::string text) {
  column.is_text = true;
  column.texts.push_back(std::move(text));
}

void add_texts(Table& table, const Vector& vector, const Group& group) {
  const auto counts = counts_of(vector, group);
  std::int64_t n = 0, different = 0, unknown = 0;
  std::size_t top = counts.size();
  for (std::size_t code = 0; code < counts.size(); ++code) {
    if (vector.column.texts[code].empty()) {
      unknown = counts[code];
      continue;
    }
    n += counts[code];
    different += counts[code] > 0 ? 1 : 0;
    if (counts[code] > 0 && (top == counts.size() || counts[code] > counts[top])) top = code;
  }
  const auto count = [&](std::string_view name, std::int64_t value) {
    auto& column = table[name];
    column.is_count = true;
    column.add(static_cast<double>(value));
  };
  count("n", n);
  count("unique", different);
  add_text(table["top"], top < counts.size() ? vector.column.texts[top] : "");
  count("frequency", top < counts.size() ? counts[top] : 0);
  count("unknown", unknown);
}

}  // namespace

Result<Answer> stat(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::each));
  Table numbers, texts;
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    for (std::size_t i = 0; i < operands.vectors.size(); ++i) {
      const Vector& vector = *operands.vectors[i];
      Table& table = vector.column.is_text ? texts : numbers;
      operands.groups.add_keys(table, group, 1);
      add_text(table["field"], request.words[i]);
      if (vector.column.is_text) {
        add_texts(table, vector, group);
        continue;
      }
      std::vector<double> weights, gathered;
      if (operands.weight) weights = numbers_in(group, *operands.weight);
      if (!group.whole) gathered = numbers_in(group, vector);
      const vectors::Values values = group.whole ? vectors::Values(vector.column.numbers) : gathered;
      if (operands.weight && weights.size() != values.size()) weights.assign(values.size(), weights[0]);
      const auto s = vectors::summarize(values, {.percents = request.percents,
                                                 .clip = request.clip,
                                                 .weights = weights,
                                                 .jobs = threads_of(request.rows.jobs)});
      const auto is_unknown = [](double x) { return std::isnan(x); };
      const auto unknown = operands.weight ? std::count_if(values.begin(), values.end(), is_unknown) : s.unknown;
      add_numbers(table, vector, s, unknown, request);
    }
  }
  Answer out;
  for (auto* table : {&numbers, &texts}) {
    if (table->rows() > 0) out.tables.push_back(std::move(*table));
  }
  return out;
}

Result<Answer> top(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::each));
  const Vector& vector = *operands.vectors[0];
  Answer out;
  Table& table = out.tables.emplace_back();
  std::int64_t left_out = 0;
  for (const auto& group : operands.groups.groups()) {
    IMREG_TRY(workspace.go_on());
    std::vector<std::pair<std::size_t, std::int64_t>> counts;  // a place that has the value, and how many have it
    std::int64_t n = 0;
    if (vector.column.is_text) {
      const auto all = counts_of(vector, group);
      std::vector<std::size_t> place(all.size());
      for (std::size_t i = 0; i < vector.size(); ++i) place[vector.column.codes[i]] = i;
      for (std::size_t code = 0; code < all.size(); ++code) {
        if (all[code] > 0 && !vector.column.texts[code].empty()) counts.emplace_back(place[code], all[code]);
      }
    } else {
      std::vector<std::size_t> places = group.places;
      if (group.whole) {
        places.resize(vector.size());
        std::iota(places.begin(), places.end(), std::size_t{0});
      }
      const auto& values = vector.column.numbers;
      std::erase_if(places, [&](std::size_t i) { return std::isnan(values[i]); });
      std::stable_sort(places.begin(), places.end(), [&](auto a, auto b) { return values[a] < values[b]; });
      for (const auto i : places) {
        if (counts.empty() || values[counts.back().first] != values[i]) counts.emplace_back(i, 0);
        ++counts.back().second;
      }
    }
    for (const auto& one : counts) n += one.second;
    std::stable_sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    const auto most = std::min<std::size_t>(counts.size(), static_cast<std::size_t>(request.most));
    left_out += static_cast<std::int64_t>(counts.size() - most);
    operands.groups.add_keys(table, group, most);
    if (!table.columns.empty() && most == 0) continue;
    for (std::size_t i = 0; i < most; ++i) {
      const auto at = operands.groups.any() ? request.by.size() : 0;
      if (table.columns.size() <= at) {
        table.columns.push_back(column_like(vector, request.words[0]));
        table.columns.push_back({.name = "n", .is_count = true});
        table.columns.push_back({.name = "percent"});
      }
      add_value(table.columns[at], vector, counts[i].first);
      table.columns[at + 1].add(static_cast<double>(counts[i].second));
      table.columns[at + 2].add(std::round(static_cast<double>(counts[i].second) / static_cast<double>(n) * 1e4) / 100);
    }
  }
  if (table.rows() == 0) return Status(Code::not_found, "no value of " + request.words[0] + " is known");
  if (left_out > 0) out.notes.push_back(std::to_string(left_out) + " more values; -most N shows more");
  table.bars = static_cast<int>(table.columns.size()) - 2;
  return out;
}

Result<Answer> vec(Workspace& workspace, const Request& request) {
  IMREG_ASSIGN(const auto operands, operands_of(workspace, request, Taking::anything));
  Answer out;
  Table& table = out.tables.emplace_back();
  std::size_t n = 0;
  for (const auto& vector : operands.vectors) n = std::max(n, vector->size());
  for (std::size_t k = 0; k < operands.vectors.size(); ++k) {
    const Vector& vector = *operands.vectors[k];
    table.columns.push_back(column_like(vector, request.words[k]));
    for (std::size_t i = 0; i < n; ++i) add_value(table.columns.back(), vector, vector.size() == 1 ? 0 : i);
  }
  return out;
}

}  // namespace imreg::trend
