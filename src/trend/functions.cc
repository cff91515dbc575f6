// The table of vector functions.
#include "trend/functions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "imreg/vectors.h"

namespace imreg::trend {

namespace {

using Arguments = std::span<const VectorPtr>;
using vectors::Values;

Status needs_numbers() { return {Code::invalid, "is of numbers, not of texts"}; }

Result<Values> numbers_of(const VectorPtr& vector) {
  if (vector->column.is_text) return needs_numbers();
  return Values(vector->column.numbers);
}

Result<double> one_number(const VectorPtr& vector, std::string_view what) {
  if (vector->column.is_text || vector->size() != 1) return Status(Code::invalid, std::string(what) + " is one number");
  return vector->column.numbers[0];
}

// A result with the unit and, of times, the meaning of its argument.
Vector like(const Vector& from, std::vector<double> values, std::uint64_t rows) {
  Vector out = number_vector(std::move(values), rows);
  out.column.shape.unit = from.column.shape.unit;
  out.column.shape.display = from.column.shape.display == Display::time ? Display::time : Display::plain;
  return out;
}

// Places in ascending order, what is not known last.
std::vector<std::size_t> order_of(const Vector& vector) {
  if (!vector.column.is_text) return vectors::order_of(vector.column.numbers);
  std::vector<std::size_t> out(vector.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
    const auto &x = vector.text(a), &y = vector.text(b);
    if (x.empty() || y.empty()) return !x.empty() && y.empty();
    return vector.column.codes[a] < vector.column.codes[b];  // texts stand in order
  });
  return out;
}

Result<Vector> subset(Arguments a) {
  IMREG_TRY(check_together(*a[0], "the vector", *a[1], "its condition"));
  if (a[1]->column.is_text) return Status(Code::invalid, "the second argument is a condition: fwhm < 4");
  const bool one = a[1]->size() == 1;  // a single value goes with all
  if (!one && a[0]->size() != a[1]->size())
    return Status(Code::invalid, "the condition is of " + counted(static_cast<long long>(a[1]->size()), "value") +
                                     ", the vector of " + std::to_string(a[0]->size()));
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < a[0]->size(); ++i) {
    const double holds = a[1]->column.numbers[one ? 0 : i];
    if (holds != 0 && !std::isnan(holds)) places.push_back(i);
  }
  return picked(*a[0], places);
}

Result<Vector> sort(Arguments a) {
  const Vector& by = *a.back();
  if (a.size() > 1) {
    IMREG_TRY(check_together(*a[0], "the vector", by, "its order"));
    if (a[0]->size() != by.size()) return Status(Code::invalid, "the second argument is as long as the first");
  }
  return picked(*a[0], order_of(by));
}

Result<Vector> unique(Arguments a) {
  const auto order = order_of(*a[0]);
  std::vector<std::size_t> places;
  for (const auto i : order) {
    const bool same =
        !places.empty() && (a[0]->column.is_text ? a[0]->column.codes[places.back()] == a[0]->column.codes[i]
                                                 : a[0]->column.numbers[places.back()] == a[0]->column.numbers[i]);
    const bool known = a[0]->column.is_text ? !a[0]->text(i).empty() : !std::isnan(a[0]->column.numbers[i]);
    if (!same && known) places.push_back(i);
  }
  return picked(*a[0], places);
}

Result<Vector> reverse(Arguments a) {
  std::vector<std::size_t> places(a[0]->size());
  std::iota(places.rbegin(), places.rend(), std::size_t{0});
  return picked(*a[0], places);
}

Result<Vector> interp(Arguments a) {
  IMREG_ASSIGN(const Values at, numbers_of(a[0]));
  IMREG_ASSIGN(const Values x, numbers_of(a[1]));
  IMREG_ASSIGN(const Values y, numbers_of(a[2]));
  IMREG_TRY(check_together(*a[1], "X", *a[2], "Y"));
  if (x.size() != y.size()) return Status(Code::invalid, "X and Y have the same length");
  return like(*a[2], vectors::interpolate(x, y, at), a[0]->rows);
}

Result<Vector> smooth(Arguments a) {
  IMREG_ASSIGN(const Values values, numbers_of(a[0]));
  IMREG_ASSIGN(const double width, one_number(a[1], "the width"));
  if (!(width >= 1 && width <= 100001) || std::fmod(width, 2) != 1)
    return Status(Code::invalid, "the width is an odd number of values, 1 to 100001");
  return like(*a[0], vectors::running_median(values, static_cast<int>(width)), a[0]->rows);
}

template <class Of>
Result<Vector> summary(Arguments a, const Of& of, const vectors::SummaryOptions& options = {}) {
  IMREG_ASSIGN(const Values values, numbers_of(a[0]));
  return like(*a[0], {of(vectors::summarize(values, options))}, 0);
}
using vectors::Summary;
Result<Vector> plain(Result<Vector> made) {  // a length of time, a number of values: not a date
  if (made) made->column.shape.display = Display::plain;
  return made;
}
Result<Vector> mean(Arguments a) {
  return summary(a, [](const Summary& s) { return s.mean; });
}
Result<Vector> median(Arguments a) {
  return summary(a, [](const Summary& s) { return s.median; });
}
Result<Vector> least(Arguments a) {
  return summary(a, [](const Summary& s) { return s.min; });
}
Result<Vector> most(Arguments a) {
  return summary(a, [](const Summary& s) { return s.max; });
}
Result<Vector> sum(Arguments a) {
  return plain(summary(a, [](const Summary& s) { return s.n == 0 ? 0 : s.sum; }));
}
Result<Vector> sigma(Arguments a) {
  return plain(summary(a, [](const Summary& s) { return s.sigma; }));
}
Result<Vector> mad(Arguments a) {
  return plain(summary(a, [](const Summary& s) { return s.mad; }));
}
Result<Vector> percentile(Arguments a) {
  IMREG_ASSIGN(const double percent, one_number(a[1], "the percentage"));
  if (!(percent >= 0 && percent <= 100)) return Status(Code::invalid, "a percentage is 0 to 100");
  return summary(a, [](const Summary& s) { return s.percentiles[0]; }, {.percents = {percent}, .weights = {}});
}
Result<Vector> count(Arguments a) {
  double n = 0;
  for (std::size_t i = 0; i < a[0]->size(); ++i)
    n += (a[0]->column.is_text ? !a[0]->text(i).empty() : !std::isnan(a[0]->column.numbers[i])) ? 1 : 0;
  return number_vector({n});
}
Result<Vector> length(Arguments a) { return number_vector({static_cast<double>(a[0]->size())}); }

Result<Vector> differences(Arguments a) {
  IMREG_ASSIGN(const Values values, numbers_of(a[0]));
  std::vector<double> out;
  for (std::size_t i = 0; i < values.size(); ++i) out.push_back(i == 0 ? vectors::kUnknown : values[i] - values[i - 1]);
  return plain(like(*a[0], std::move(out), a[0]->rows));
}

Result<Vector> cumulated(Arguments a) {
  IMREG_ASSIGN(const Values values, numbers_of(a[0]));
  std::vector<double> out;
  double all = 0;
  for (const double value : values) out.push_back(all += std::isnan(value) ? 0 : value);
  return plain(like(*a[0], std::move(out), a[0]->rows));
}

Result<Vector> clipped(Arguments a) {
  IMREG_ASSIGN(const Values values, numbers_of(a[0]));
  IMREG_ASSIGN(const double sigmas, one_number(a[1], "the limit"));
  if (!(sigmas > 0)) return Status(Code::invalid, "the limit is a number of sigma, more than 0");
  const auto kept = vectors::summarize(values, {.percents = {}, .clip = sigmas, .weights = {}});
  std::vector<double> out(values.begin(), values.end());
  for (double& value : out) {
    if (!(value >= kept.min && value <= kept.max)) value = vectors::kUnknown;
  }
  return like(*a[0], std::move(out), a[0]->rows);
}

Result<Vector> ramp(Arguments a) {
  IMREG_ASSIGN(const double from, one_number(a[0], "the first value"));
  IMREG_ASSIGN(const double to, one_number(a[1], "the last value"));
  IMREG_ASSIGN(const double step, one_number(a.back(), "the step"));
  const double by = a.size() > 2 ? step : 1, n = std::floor((to - from) / by + 1e-9) + 1;
  if (!(by != 0) || !(n >= 1 && n <= 1e8))
    return Status(Code::invalid, "the step leads from the first to the last value in 1 to 100 million steps");
  std::vector<double> out(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = from + by * static_cast<double>(i);
  return like(*a[0], std::move(out), 0);
}

Result<Vector> match(Arguments a) {
  if (!a[0]->column.is_text || !a[1]->column.is_text || a[1]->size() != 1)
    return Status(Code::invalid, "is of a text vector and one pattern: match(object, 'NGC*')");
  std::vector<double> matches, out;
  for (const auto& text : a[0]->column.texts)
    matches.push_back(text.empty() ? vectors::kUnknown : glob_match(a[1]->text(0), text) ? 1 : 0);
  for (const auto code : a[0]->column.codes) out.push_back(matches[code]);
  return number_vector(std::move(out), a[0]->rows);
}

// How many values are in each bin from FIRST to LAST; the bins begin where ramp(FIRST, LAST, STEP) says.
Result<Vector> histogram(Arguments a) {
  IMREG_ASSIGN(const Values values, numbers_of(a[0]));
  IMREG_ASSIGN(const double from, one_number(a[1], "FIRST"));
  IMREG_ASSIGN(const double to, one_number(a[2], "LAST"));
  IMREG_ASSIGN(const double step, one_number(a[3], "STEP"));
  if (!(step > 0)) return Status(Code::invalid, "STEP is more than 0");
  IMREG_ASSIGN(const auto edges, vectors::choose_edges(values, {.width = step, .low = from, .high = to}));
  const auto counts = vectors::histogram(values, edges);
  return number_vector({counts.begin(), counts.end()});
}

// The polynomial through Y over X, at each X.
Result<Vector> fitted(Arguments a) {
  IMREG_ASSIGN(const Values x, numbers_of(a[0]));
  IMREG_ASSIGN(const Values y, numbers_of(a[1]));
  IMREG_TRY(check_together(*a[0], "X", *a[1], "Y"));
  double order = 1;
  if (a.size() > 2) {
    IMREG_ASSIGN(order, one_number(a[2], "the order"));
  }
  if (!(order >= 0 && order <= 9) || order != std::floor(order))
    return Status(Code::invalid, "the order is a whole number, 0 to 9");
  const double middle = vectors::summarize(x, {.percents = {}, .weights = {}}).median;
  IMREG_ASSIGN(const auto made, vectors::fit(x, y, {.order = static_cast<int>(order), .weights = {}}, middle));
  std::vector<double> out;
  for (const double at : x) out.push_back(made.at(at));
  return like(*a[1], std::move(out), a[0]->rows);
}

constexpr VectorFunction kFunctions[] = {
    {"subset", 2, 2, "subset(X, CONDITION)", "the values for which the condition holds", subset},
    {"sort", 1, 2, "sort(X [, BY])", "in ascending order, or in the order of BY; unknown last", sort},
    {"uniq", 1, 1, "uniq(X)", "each different value once, in order", unique},
    {"reverse", 1, 1, "reverse(X)", "from the last to the first", reverse},
    {"interp", 3, 3, "interp(AT, X, Y)", "Y over X at other places, by straight lines; of equal X the mean of Y",
     interp},
    {"smooth", 2, 2, "smooth(X, N)", "the median of N values around each", smooth},
    {"histogram", 4, 4, "histogram(X, FIRST, LAST, STEP)", "how many values in each bin", histogram},
    {"fit", 2, 3, "fit(X, Y [, ORDER])", "the polynomial through Y over X, at each X", fitted},
    {"match", 2, 2, "match(TEXT, 'PATTERN')", "1 where a text is like the glob, else 0", match},
    {"clip", 2, 2, "clip(X, SIGMAS)", "values further from the median become unknown", clipped},
    {"diff", 1, 1, "diff(X)", "each value less the one before", differences},
    {"cumsum", 1, 1, "cumsum(X)", "sums of all up to each", cumulated},
    {"ramp", 2, 3, "ramp(FIRST, LAST [, STEP])", "numbers at equal steps", ramp},
    {"count", 1, 1, "count(X)", "how many values are known", count},
    {"size", 1, 1, "size(X)", "how many values", length},
    {"sum", 1, 1, "sum(X)", "of the known values", sum},
    {"mean", 1, 1, "mean(X)", "", mean},
    {"median", 1, 1, "median(X)", "", median},
    {"sigma", 1, 1, "sigma(X)", "standard deviation (n - 1)", sigma},
    {"mad", 1, 1, "mad(X)", "median of |x - median|", mad},
    {"percentile", 2, 2, "percentile(X, P)", "", percentile},
    {"min", 1, 1, "min(X)", "of two or more, of each row: min(a, b)", least},
    {"max", 1, 1, "max(X)", "of two or more, of each row: max(a, b)", most},
};

}  // namespace

const VectorFunction* find_vector_function(std::string_view name, std::size_t arguments) {
  for (const auto& one : kFunctions) {
    if (one.name == name && arguments >= one.least && arguments <= one.most) return &one;
  }
  return nullptr;
}

bool is_vector_function(std::string_view name) {
  return std::any_of(std::begin(kFunctions), std::end(kFunctions), [&](const auto& one) { return one.name == name; });
}

std::span<const VectorFunction> vector_functions() { return kFunctions; }

}  // namespace imreg::trend
