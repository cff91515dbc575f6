// Polynomials through points: least squares, with outliers left out, or robust.
#include <algorithm>
#include <cmath>
#include <set>

#include "imreg/vectors.h"

namespace imreg::vectors {

namespace {

constexpr int kMostOrder = 9;
constexpr double kNormal = 1.4826;  // sigma of normal values from their MAD

// Polynomials that are orthogonal over the points with their weights (Forsythe 1957): p[k+1] = (x - a[k]) p[k] - b[k] p[k-1].
// x is scaled to -1..1 first. No matrix is inverted, so order 9 over a night in seconds loses no digits.
struct Basis {
  double middle = 0, half = 1;
  std::vector<double> a, b, norm;
};

struct Solved {
  Basis basis;
  std::vector<double> c;  // of the basis
};

double scaled(const Basis& basis, double x) { return (x - basis.middle) / basis.half; }

double value_at(const Solved& s, double x) {
  const double t = scaled(s.basis, x);
  double before = 0, now = 1, sum = s.c[0];
  for (std::size_t k = 1; k < s.c.size(); ++k) {
    const double next = (t - s.basis.a[k - 1]) * now - (k > 1 ? s.basis.b[k - 1] : 0) * before;
    before = now, now = next;
    sum += s.c[k] * now;
  }
  return sum;
}

Solved solve(Values x, Values y, const std::vector<double>& w, int order, double middle, double half) {
  Solved out;
  out.basis.middle = middle, out.basis.half = half;
  const std::size_t n = x.size(), terms = static_cast<std::size_t>(order) + 1;
  std::vector<double> before(n, 0.0), now(n, 1.0), rest(y.begin(), y.end());
  double norm_before = 1;
  for (std::size_t k = 0; k < terms; ++k) {
    double norm = 0, shift = 0, product = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double wp = w[i] * now[i];
      norm += wp * now[i];
      shift += wp * now[i] * scaled(out.basis, x[i]);
      product += wp * rest[i];  // of what is left, not of y: rounding corrects itself
    }
    const double c = norm > 0 ? product / norm : 0, a = norm > 0 ? shift / norm : 0, b = norm / norm_before;
    out.c.push_back(c);
    out.basis.a.push_back(a), out.basis.b.push_back(b), out.basis.norm.push_back(norm);
    for (std::size_t i = 0; i < n; ++i) {
      rest[i] -= c * now[i];
      const double next = (scaled(out.basis, x[i]) - a) * now[i] - (k > 0 ? b : 0) * before[i];
      before[i] = now[i], now[i] = next;
    }
    norm_before = norm > 0 ? norm : 1;
  }
  return out;
}

// Rows: the basis as powers of x - x0.
std::vector<std::vector<double>> powers_of(const Basis& basis, std::size_t terms, double x0) {
  const double shift = (x0 - basis.middle) / basis.half, scale = 1 / basis.half;
  std::vector<std::vector<double>> rows(terms, std::vector<double>(terms, 0.0));
  rows[0][0] = 1;
  for (std::size_t k = 1; k < terms; ++k) {
    for (std::size_t j = 0; j < terms; ++j) {
      double value = (shift - basis.a[k - 1]) * rows[k - 1][j];
      if (j > 0) value += scale * rows[k - 1][j - 1];
      if (k > 1) value -= basis.b[k - 1] * rows[k - 2][j];
      rows[k][j] = value;
    }
  }
  return rows;
}

double mad_about_zero(std::vector<double> r) {
  for (double& x : r) x = std::abs(x);
  return summarize(r, {.percents = {}, .weights = {}}).median;
}

}  // namespace

double Fit::at(double x) const {
  const double t = (x - middle) / half;
  double out = 0;
  for (std::size_t k = scaled.size(); k-- > 0;) out = out * t + scaled[k];
  return out;
}

Result<Fit> fit(Values x, Values y, const FitOptions& options, double x0) {
  if (x.size() != y.size() || (!options.weights.empty() && options.weights.size() != x.size()))
    return Status(Code::invalid, std::to_string(x.size()) + " values of x and " + std::to_string(y.size()) +
                                     " of y: a fit needs pairs");
  if (options.order < 0 || options.order > kMostOrder)
    return Status(Code::invalid, "the order of a polynomial is 0 to 9");
  std::vector<double> px, py, pw;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double w = options.weights.empty() ? 1 : options.weights[i];
    if (!std::isfinite(x[i]) || !std::isfinite(y[i]) || !(w > 0) || !std::isfinite(w)) continue;
    px.push_back(x[i]), py.push_back(y[i]), pw.push_back(w);
  }
  if (px.empty()) return Status(Code::invalid, "there is no point with a finite x and a finite y");
  const auto terms = static_cast<std::size_t>(options.order) + 1;
  std::set<double> different;
  for (std::size_t i = 0; i < px.size() && different.size() < terms; ++i) different.insert(px[i]);
  if (different.size() < terms) {
    return Status(Code::invalid, "an order of " + std::to_string(options.order) + " needs " + std::to_string(terms) +
                                     " different values of x; there are " + std::to_string(different.size()));
  }
  const auto [least, most] = std::minmax_element(px.begin(), px.end());
  const double middle = *least / 2 + *most / 2, half = *most > *least ? *most / 2 - *least / 2 : 1;
  std::vector<double> w = pw, residuals(px.size());
  Solved solved;
  const auto solve_now = [&] {
    solved = solve(px, py, w, options.order, middle, half);
    for (std::size_t i = 0; i < px.size(); ++i) residuals[i] = py[i] - value_at(solved, px[i]);
  };
  // Fewer different x with weight than coefficients decide nothing.
  const auto enough = [&] {
    std::set<double> left;
    for (std::size_t i = 0; i < px.size() && left.size() < terms; ++i) {
      if (w[i] > 0) left.insert(px[i]);
    }
    return left.size() >= terms;
  };
  solve_now();
  Fit out;
  if (options.robust || options.clip > 0) {  // what is to be clipped must not have pulled the line to itself
    constexpr int kRounds = 50;
    double size = 0;
    for (const double v : py) size = std::max(size, std::abs(v));
    for (int round = 0; round < kRounds; ++round) {  // least absolute deviations first, then the biweight
      const double sigma = kNormal * mad_about_zero(residuals);
      const double floor = std::max(sigma * 1e-3, size * 1e-14);
      const bool absolute = round < kRounds / 2;
      if (!absolute && !options.robust) break;
      if (!(sigma > size * 1e-14)) break;  // more than half of the points lie on it
      const auto kept = w;
      for (std::size_t i = 0; i < px.size(); ++i) {
        const double r = std::abs(residuals[i]), u = r / (4.685 * sigma);
        w[i] = pw[i] * (absolute ? 1 / std::max(r, floor) : u < 1 ? (1 - u * u) * (1 - u * u) : 0);
      }
      if (!enough()) {
        w = kept;
        break;
      }
      const auto before = residuals;
      solve_now();
      double change = 0;
      for (std::size_t i = 0; i < px.size(); ++i) change = std::max(change, std::abs(residuals[i] - before[i]));
      if (!absolute && change < 1e-9 * sigma) break;
    }
  }
  if (!options.robust) w = pw;
  while (options.clip > 0) {
    std::vector<double> left;
    for (std::size_t i = 0; i < px.size(); ++i) {
      if (w[i] > 0) left.push_back(residuals[i]);
    }
    const double sigma = kNormal * mad_about_zero(left);
    const auto kept = w;
    bool changed = false;
    for (std::size_t i = 0; i < px.size(); ++i) {
      if (w[i] > 0 && sigma > 0 && std::abs(residuals[i]) > options.clip * sigma) w[i] = 0, changed = true;
    }
    if (!changed) break;
    if (!enough()) {
      w = kept;
      break;
    }
    solve_now();
  }
  double squares = 0, weights = 0;
  for (std::size_t i = 0; i < px.size(); ++i) {
    if (!(w[i] > 0)) {
      ++out.left_out;
      continue;
    }
    ++out.n;
    squares += w[i] * residuals[i] * residuals[i];
    weights += w[i];
  }
  const auto n = static_cast<double>(out.n), freedom = n - static_cast<double>(terms);
  const double variance = freedom > 0 ? squares / freedom : kUnknown;  // of unit weight
  out.rms = freedom > 0 ? std::sqrt(squares / weights * n / freedom) : kUnknown;
  out.x0 = x0;
  out.middle = middle, out.half = half;
  const auto about_middle = powers_of(solved.basis, terms, middle);
  for (std::size_t j = 0; j < terms; ++j) {
    double c = 0;
    for (std::size_t k = 0; k < terms; ++k) c += solved.c[k] * about_middle[k][j];
    out.scaled.push_back(c * std::pow(half, static_cast<double>(j)));
  }
  const auto rows = powers_of(solved.basis, terms, x0);
  for (std::size_t j = 0; j < terms; ++j) {
    double c = 0, e = 0;
    for (std::size_t k = 0; k < terms; ++k) {
      c += solved.c[k] * rows[k][j];
      e += rows[k][j] * rows[k][j] / solved.basis.norm[k];
    }
    out.coefficients.push_back(c);
    out.errors.push_back(std::sqrt(e * variance));
  }
  return out;
}

}  // namespace imreg::vectors
