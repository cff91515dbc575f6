// Rows as text: each format on 200,000 synthetic registrations, and writers of the "row" format written by hand for this one
// layout: with std::to_chars, and with the library's own number writer. Before anything is timed the bytes of all three are compared. Afterwards the
// ratios and the goals are printed.
#include <benchmark/benchmark.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "emit/number.h"
#include "imreg/date.h"
#include "imreg/emit.h"
#include "imreg/record.h"

namespace {

using namespace imreg;

constexpr int kRows = 200000;
constexpr double kNow = 1000000000;

const Schema& schema() { return *builtin_format("regimage", 4); }

template <class T>
Field<T> field(const char* name) {
  return *find_field<T>(schema(), name);
}

// 40 CCDs an exposure; statistics of full float precision, the hardest case, or rounded as instruments write them.
std::string make_rows(bool rounded) {
  std::mt19937 random(1);
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const auto pick = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  const char* const filters[] = {"u.MP9301", "g.MP9401", "r.MP9601", "i.MP9701", "z.MP9801", "Ha.MP7605"};
  std::string out;
  out.reserve(static_cast<std::size_t>(kRows) * static_cast<std::size_t>(schema().record_size));
  double time = kNow;
  int exposure = 600000, type = 1, filter = 0;
  float exptime = 0;
  for (int i = 0; i < kRows; ++i) {
    const int ccd = i % 40;
    if (ccd == 0) {
      ++exposure;
      time += uniform(30, 900);
      type = pick(5);
      filter = pick(6);
      const float times[] = {0, 1, 0.5F, 30.01F, 120.4F, 300, 620.08F};
      exptime = times[pick(7)];
    }
    Record record(static_cast<std::size_t>(schema().record_size));
    const auto real = [&](const char* name, double value) {
      record.set(field<float>(name), rounded ? std::round(value * 100) / 100 : value);
    };
    record.set(field<double>("obstime"), time);
    record.set(field<double>("regtime"), time + 60);
    record.set(field<double>("ra"), uniform(0, 360));
    record.set(field<double>("dec"), uniform(-30, 80));
    record.set(field<float>("exptime"), exptime);
    record.set(field<std::int16_t>("ccd"), ccd);
    record.set(field<std::int16_t>("extension"), ccd + 1);
    record.set(field<std::uint8_t>("type"), type);
    record.set(field<std::uint8_t>("mode"), 1);
    const bool measured = pick(4) > 0;
    record.set(field<std::int16_t>("procstate"), measured ? 0x15 : 0);
    real("fwhm", measured ? uniform(2, 8) : NAN);
    real("sky", measured ? uniform(100, 30000) : NAN);
    real("bias", measured ? uniform(900, 1100) : NAN);
    real("airmass", uniform(1, 2));
    real("dettemp", uniform(-100, -90));
    record.set(field<std::int64_t>("fingerprint"), static_cast<std::int64_t>(random()) << 32 | random());
    const auto text = [&](const char* name, std::string_view what) {
      if (!record.set(field<Text>(name), what)) std::abort();
    };
    text("filename", std::to_string(exposure) + "o.fits");
    text("pathname", "/data/sessions/megacam/2003AQ" + std::to_string(exposure / 300));
    text("filter", filters[filter]);
    text("instrument", "MegaPrime");
    text("object", "D" + std::to_string(1 + pick(4)) + " field");
    out += record.bytes();
  }
  return out;
}

const std::string& rows(bool rounded) {
  static const std::string full = make_rows(false), few = make_rows(true);
  return rounded ? few : full;
}

std::string write_all(const std::string& format, const std::string& records) {
  std::string out;
  auto writer = make_row_writer(format, schema(), {}, [&](std::string_view text) { return out.append(text), true; });
  if (!writer.ok()) std::abort();
  const auto size = static_cast<std::size_t>(schema().record_size);
  for (int i = 0; i < kRows; ++i)
    (*writer)->row(i + 1, RecordView(records.data() + static_cast<std::size_t>(i) * size));
  (*writer)->finish();
  return out;
}

char* put_text(char* out, const char* from, int size) {
  const auto text = trimmed(from, static_cast<std::size_t>(size));
  *out++ = ' ';
  if (text.empty()) *out++ = '-';
  for (const char c : text) *out++ = c == ' ' ? '.' : c;
  return out;
}

// What somebody would write who needs this one format of this one layout.
template <bool kToChars, class OnFull>
void write_by_hand(const std::string& records, OnFull&& full) {
  const auto type = field<std::uint8_t>("type"), mode = field<std::uint8_t>("mode");
  const auto ccd = field<std::int16_t>("ccd"), procstate = field<std::int16_t>("procstate");
  const auto path = field<Text>("pathname"), file = field<Text>("filename"), filter = field<Text>("filter");
  const auto exptime = field<float>("exptime"), fwhm = field<float>("fwhm"), bias = field<float>("bias"),
             sky = field<float>("sky");
  const auto obstime = field<double>("obstime");
  const std::string types[] = {"none",   "object",  "dark",  "bias",  "flat", "mask",
                               "fringe", "scatter", "modes", "frpts", "any"};
  const std::string modes[] = {"none", "MEF", "SPLIT", "SINGLE", "CUBE", "SLICE", "MODES"};
  std::vector<char> buffer(300000);
  char* out = buffer.data();
  const auto word = [&](const std::string& text) {
    *out++ = ' ';
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  const auto real = [&](float value) {
    *out++ = ' ';
    if constexpr (kToChars)
      out = std::to_chars(out, out + 64, value, std::chars_format::fixed).ptr;
    else
      out = emit::write_number(out, value);
  };
  const auto statistic = [&](float value, int state) {
    if (std::isnan(value))
      word((state & 3) == 2 ? "-1" : "0");
    else
      real(value);
  };
  const auto size = static_cast<std::size_t>(schema().record_size);
  for (int i = 0; i < kRows; ++i) {
    const char* record = records.data() + static_cast<std::size_t>(i) * size;
    out = std::to_chars(out, out + 12, i + 1).ptr;
    const auto type_code = load(record, type), mode_code = load(record, mode);
    word(type_code < 11 ? types[type_code] : std::to_string(type_code));
    word(mode_code < 7 ? modes[mode_code] : std::to_string(mode_code));
    *out++ = ' ';
    out = std::to_chars(out, out + 12, load(record, ccd)).ptr;
    out = put_text(out, record + path.offset, path.count);
    out = put_text(out, record + file.offset, file.count);
    out = put_text(out, record + filter.offset, filter.count);
    real(load(record, exptime));
    *out++ = ' ';
    out = write_elixir(out, load(record, obstime));
    const int state = load(record, procstate);
    statistic(load(record, fwhm), state >> 4);
    statistic(load(record, bias), state);
    statistic(load(record, sky), state >> 2);
    *out++ = '\n';
    if (out - buffer.data() >= 256 * 1024) {
      full(std::string_view(buffer.data(), static_cast<std::size_t>(out - buffer.data())));
      out = buffer.data();
    }
  }
  full(std::string_view(buffer.data(), static_cast<std::size_t>(out - buffer.data())));
}

void emit_rows(benchmark::State& state, const std::string& format, bool rounded) {
  const auto& records = rows(rounded);
  const auto size = static_cast<std::size_t>(schema().record_size);
  std::size_t bytes = 0;
  for (auto _ : state) {
    auto writer =
        make_row_writer(format, schema(), {}, [&](std::string_view text) { return bytes += text.size(), true; });
    for (int i = 0; i < kRows; ++i)
      (*writer)->row(i + 1, RecordView(records.data() + static_cast<std::size_t>(i) * size));
    (*writer)->finish();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

template <bool kToChars>
void by_hand(benchmark::State& state, bool rounded) {
  const auto& records = rows(rounded);
  std::size_t bytes = 0;
  for (auto _ : state) write_by_hand<kToChars>(records, [&](std::string_view text) { bytes += text.size(); });
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

// Keeps the fastest run of each name: other work on the machine only ever slows down.
class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const double ns = run.GetAdjustedCPUTime() * 1e6 / kRows;
      auto& best = best_[run.run_name.function_name];
      if (best == 0 || ns < best) best = ns;
    }
  }
  void ratios() {
    std::printf("\n%-34s %8s %8s %6s %s\n", "ns a row", "ours", "by hand", "ratio", "goal 1.3");
    for (const char* kind : {"full", "rounded"}) {
      for (const char* hand : {"to_chars", "own numbers"}) {
        const double ours = best_[std::string("row/") + kind],
                     theirs = best_[std::string("by hand, ") + hand + "/" + kind];
        if (ours == 0 || theirs == 0) continue;
        std::printf("row, %-8s against %-12s %8.0f %8.0f %6.2f %s\n", kind, hand, ours, theirs, ours / theirs,
                    ours <= 1.3 * theirs ? "met" : "not met");
      }
    }
  }

 private:
  std::map<std::string, double> best_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const bool rounded : {false, true}) {
    std::string a, b;
    write_by_hand<true>(rows(rounded), [&](std::string_view text) { a += text; });
    write_by_hand<false>(rows(rounded), [&](std::string_view text) { b += text; });
    const auto ours = write_all("row", rows(rounded));
    if (ours != a || ours != b) {
      std::fprintf(stderr, "emit_bench: the writers do not write the same bytes\n");
      return 1;
    }
  }
  for (const bool rounded : {false, true}) {
    const std::string kind = rounded ? "/rounded" : "/full";
    for (const auto& format : emit_formats()) {
      benchmark::RegisterBenchmark((format + kind).c_str(), [=](benchmark::State& state) {
        emit_rows(state, format, rounded);
      })->Unit(benchmark::kMillisecond);
    }
    benchmark::RegisterBenchmark(("by hand, to_chars" + kind).c_str(), [=](benchmark::State& state) {
      by_hand<true>(state, rounded);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("by hand, own numbers" + kind).c_str(), [=](benchmark::State& state) {
      by_hand<false>(state, rounded);
    })->Unit(benchmark::kMillisecond);
  }
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.ratios();
  return 0;
}
