// Correlations, and vectors made from vectors: order, interpolation, running medians.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "imreg/vectors.h"

namespace imreg::vectors {

namespace {

double pearson_of(Values x, Values y) {
  const auto n = static_cast<double>(x.size());
  if (n < 2) return kUnknown;
  const double mx = std::accumulate(x.begin(), x.end(), 0.0) / n, my = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  if (!(xx > 0) || !(yy > 0)) return kUnknown;  // what does not vary goes along with nothing
  return std::clamp(xy / std::sqrt(xx) / std::sqrt(yy), -1.0, 1.0);
}

// Places from 1; equal values have the mean of theirs.
std::vector<double> ranks_of(Values values) {
  const auto order = order_of(values);
  std::vector<double> out(values.size());
  for (std::size_t from = 0, end = 0; from < order.size(); from = end) {
    while (end < order.size() && values[order[end]] == values[order[from]]) ++end;
    for (std::size_t i = from; i < end; ++i) out[order[i]] = static_cast<double>(from + end + 1) / 2;
  }
  return out;
}

}  // namespace

Result<Correlation> correlate(Values x, Values y) {
  if (x.size() != y.size())
    return Status(Code::invalid, std::to_string(x.size()) + " values of the one and " + std::to_string(y.size()) +
                                     " of the other: a correlation needs pairs");
  std::vector<double> px, py;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i]) && std::isfinite(y[i])) px.push_back(x[i]), py.push_back(y[i]);
  }
  return Correlation{std::ssize(px), pearson_of(px, py), pearson_of(ranks_of(px), ranks_of(py))};
}

std::vector<std::size_t> order_of(Values values) {
  std::vector<std::size_t> out(values.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
    if (std::isnan(values[a]) || std::isnan(values[b])) return !std::isnan(values[a]) && std::isnan(values[b]);
    return values[a] < values[b];
  });
  return out;
}

std::vector<double> interpolate(Values x, Values y, Values at) {
  std::vector<double> kx, ky;
  std::int64_t same = 0;
  for (const auto i : order_of(x)) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    if (!kx.empty() && kx.back() == x[i]) {
      ky.back() += (y[i] - ky.back()) / static_cast<double>(++same);
    } else {
      kx.push_back(x[i]), ky.push_back(y[i]);
      same = 1;
    }
  }
  std::vector<double> out;
  for (const double t : at) {
    const auto above = std::lower_bound(kx.begin(), kx.end(), t);
    if (std::isnan(t) || above == kx.end() || (above == kx.begin() && t < *above)) {
      out.push_back(kUnknown);
      continue;
    }
    const auto i = static_cast<std::size_t>(above - kx.begin());
    if (kx[i] == t)
      out.push_back(ky[i]);
    else
      out.push_back(ky[i - 1] + (ky[i] - ky[i - 1]) * ((t - kx[i - 1]) / (kx[i] - kx[i - 1])));
  }
  return out;
}

std::vector<double> running_median(Values values, int width) {
  const auto half = static_cast<std::size_t>(std::max(width, 1) / 2);
  std::vector<double> out, window;  // the known values of the window, in order
  for (std::size_t i = 0, end = 0; i < values.size(); ++i) {
    for (; end < std::min(values.size(), i + half + 1); ++end) {
      if (!std::isnan(values[end]))
        window.insert(std::upper_bound(window.begin(), window.end(), values[end]), values[end]);
    }
    if (i > half && !std::isnan(values[i - half - 1]))
      window.erase(std::lower_bound(window.begin(), window.end(), values[i - half - 1]));
    const std::size_t n = window.size();
    out.push_back(n == 0 ? kUnknown : window[(n - 1) / 2] / 2 + window[n / 2] / 2);
  }
  return out;
}

}  // namespace imreg::vectors
