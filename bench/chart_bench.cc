// Ten million points to a PNG and to a terminal, and a line through them; the goal is one second each. The peer is the bare work: two
// passes over the columns, for their range and for a histogram as large as the picture.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "imreg/chart.h"

namespace {

using namespace imreg;
using namespace imreg::chart;

constexpr std::size_t kPoints = 10'000'000;

const Plot& plot(Mark mark, bool log) {
  static Plot out = [] {
    Plot one{.title = "ten million",
             .x = {.label = "obstime", .time = true},
             .y = {.label = "fwhm", .unit = "pixel"},
             .series = {{}}};
    Random random(11);
    for (std::size_t i = 0; i < kPoints; ++i) {
      one.series[0].x.push_back(1.0e9 + 60.0 * static_cast<double>(i));
      one.series[0].y.push_back(3 + std::abs(random.normal()));
    }
    return one;
  }();
  out.series[0].mark = mark;
  out.y.log = log;
  return out;
}

template <class Draw>
void run(benchmark::State& state, const Plot& what, Draw draw) {
  for (auto _ : state) {
    auto bytes = draw(what);
    if (!bytes.ok()) state.SkipWithError(bytes.status().message().c_str());
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kPoints));
}

void png(benchmark::State& state) {
  run(state, plot(Mark::points, false), [](const Plot& p) { return draw_png(p); });
}
void png_log(benchmark::State& state) {
  run(state, plot(Mark::points, true), [](const Plot& p) { return draw_png(p); });
}
void svg(benchmark::State& state) {
  run(state, plot(Mark::points, false), [](const Plot& p) { return draw_svg(p); });
}
void line(benchmark::State& state) {
  run(state, plot(Mark::line, false), [](const Plot& p) { return draw_png(p); });
}
void terminal(benchmark::State& state) {
  run(state, plot(Mark::points, false), [](const Plot& p) { return draw_text(p, {}); });
}

void bare_histogram(benchmark::State& state) {
  const auto& s = plot(Mark::points, false).series[0];
  for (auto _ : state) {
    const auto [x0, x1] = std::minmax_element(s.x.begin(), s.x.end());
    const auto [y0, y1] = std::minmax_element(s.y.begin(), s.y.end());
    std::vector<std::uint32_t> counts(900 * 500);
    const double a = 899.99 / (*x1 - *x0), b = 499.99 / (*y1 - *y0), x = *x0, y = *y0;
    for (std::size_t i = 0; i < s.x.size(); ++i)
      ++counts[static_cast<std::size_t>((s.y[i] - y) * b) * 900 + static_cast<std::size_t>((s.x[i] - x) * a)];
    benchmark::DoNotOptimize(counts);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kPoints));
}

BENCHMARK(png)->Unit(benchmark::kMillisecond);
BENCHMARK(png_log)->Unit(benchmark::kMillisecond);
BENCHMARK(svg)->Unit(benchmark::kMillisecond);
BENCHMARK(line)->Unit(benchmark::kMillisecond);
BENCHMARK(terminal)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_histogram)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
