// Ticks: within the axis, three to twelve, labels that differ and are true.
#include "chart/ticks.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "imreg/date.h"

namespace imreg::chart {
namespace {

std::vector<Tick> named(const Ticks& ticks) {
  std::vector<Tick> out;
  for (const auto& tick : ticks.ticks) {
    if (!tick.label.empty()) out.push_back(tick);
  }
  return out;
}

void good(const Ticks& ticks, double low, double high, std::size_t least = 3) {
  const auto labelled = named(ticks);
  RC_ASSERT(labelled.size() >= least);
  RC_ASSERT(labelled.size() <= 12u);
  for (std::size_t i = 0; i < ticks.ticks.size(); ++i) {
    RC_ASSERT(ticks.ticks[i].value >= low);
    RC_ASSERT(ticks.ticks[i].value <= high);
    if (i > 0) RC_ASSERT(ticks.ticks[i].value > ticks.ticks[i - 1].value);
  }
}

void distinct(const Ticks& ticks) {
  std::set<std::string> labels;
  for (const auto& tick : named(ticks)) RC_ASSERT(labels.insert(tick.label).second);
}

// A number of any size: m x 10^e.
double any_number() { return *rc::gen::inRange(-100000, 100000) * std::pow(10.0, *rc::gen::inRange(-300, 300)); }

TEST(Ticks, NumbersAreInsideAndTrue) {
  EXPECT_TRUE(rc::check("number_ticks", [] {
    for (int i = 0; i < 20; ++i) {
      const double middle = any_number();
      const double span = std::max(std::abs(middle), 1e-300) * std::pow(10.0, *rc::gen::inRange(-130, 60) / 10.0);
      const double low = middle - span, high = middle + span * 1.1;
      const auto ticks = number_ticks(low, high, 12);
      good(ticks, low, high);
      distinct(ticks);
      const double offset = ticks.offset.empty() ? 0 : std::strtod(ticks.offset.c_str(), nullptr);
      for (const auto& tick : ticks.ticks) {
        RC_ASSERT(tick.label.size() <= 12u);
        const double said = offset + std::strtod(tick.label.c_str(), nullptr);
        RC_ASSERT(std::abs(said - tick.value) <= 1e-15 * std::abs(tick.value) + 1e-9 * span);
      }
    }
  }));
}

TEST(Ticks, NumbersThatPeopleWrite) {
  const auto labels = [](double low, double high, int most) {
    const auto ticks = number_ticks(low, high, most);
    std::string out = ticks.offset.empty() ? "" : ticks.offset + ":";
    for (const auto& tick : ticks.ticks) out += (out.empty() || out.back() == ':' ? "" : " ") + tick.label;
    return out;
  };
  EXPECT_EQ(labels(0, 2, 6), "0.0 0.5 1.0 1.5 2.0");
  EXPECT_EQ(labels(-1.2, 5, 8), "-1 0 1 2 3 4 5");
  EXPECT_EQ(labels(0, 4.1e9, 6), "0 1e9 2e9 3e9 4e9");
  EXPECT_EQ(labels(0, 2.1e-7, 6), "0 5e-8 1e-7 1.5e-7 2e-7");
  EXPECT_EQ(labels(1000001, 1000004, 5), "1000001 1000002 1000003 1000004");
  EXPECT_EQ(labels(1234567890, 1234567893, 5), "1234567890 1234567891 1234567892 1234567893");
  EXPECT_EQ(labels(1234567890.5, 1234567890.72, 5), "1234567890:+0.50 +0.55 +0.60 +0.65 +0.70");
  EXPECT_EQ(labels(-1.7e308, 1.7e308, 5), "-1e308 0 1e308");
  EXPECT_EQ(short_number(1030.26), "1030");
  EXPECT_EQ(short_number(1.5e-7), "1.5e-7");
  EXPECT_EQ(short_number(2e6), "2e6");
}

TEST(Ticks, SmallestAndLargestNumbersEnd) {
  for (const auto& [low, high] :
       {std::pair{0.0, 5e-324}, {5e-324, 1e-323}, {-1.7e308, 1.7e308}, {1.79e308, 1.7976931348623157e308}}) {
    const auto ticks = number_ticks(low, high, 12);
    EXPECT_GE(ticks.ticks.size(), 1u);
    for (const auto& tick : ticks.ticks) EXPECT_TRUE(tick.value >= low && tick.value <= high);
  }
}

TEST(Ticks, PowersAreInside) {
  EXPECT_TRUE(rc::check("log_ticks", [] {
    for (int i = 0; i < 20; ++i) {
      const double exponent = *rc::gen::inRange(-3000, 2900) / 10.0;
      const double low = std::pow(10, exponent);
      const double high = std::min(1.7e308, low * std::pow(10, *rc::gen::inRange(1, 60000) / 100.0));
      RC_PRE(high > low * 1.01);
      const auto ticks = log_ticks(low, high, 12);
      good(ticks, low, high);
      distinct(ticks);
      for (const auto& tick : named(ticks)) {
        if (ticks.offset.empty())
          RC_ASSERT(std::abs(std::strtod(tick.label.c_str(), nullptr) / tick.value - 1) < 1e-12);
      }
    }
  }));
}

TEST(Ticks, TimesAreInside) {
  EXPECT_TRUE(rc::check("time_ticks", [] {
    for (int i = 0; i < 20; ++i) {
      const double low = *rc::gen::inRange<long long>(-20000000000, 40000000000) / 10.0;
      const double span = std::pow(10, *rc::gen::inRange(0, 880) / 100.0);  // a second to 24 years
      const double zone = *rc::gen::inRange(-24, 28) / 2.0;
      const auto ticks = time_ticks(low, low + span, zone, 12);
      good(ticks, low, low + span);
      // Date and time together differ, and say when it is.
      std::set<std::string> seen;
      std::string upper;
      for (const auto& tick : ticks.ticks) {
        if (!tick.upper.empty()) upper = tick.upper;
        RC_ASSERT(seen.insert(upper + " " + tick.label).second);
        if (upper.size() != 10) continue;  // a date
        const auto said = parse_date(upper + "T" + tick.label, {.now = 0, .tz_hours = zone, .reference = {}});
        RC_ASSERT(said.ok());
        RC_ASSERT(std::abs(*said - tick.value) < 1e-5);
      }
    }
  }));
}

TEST(Ticks, TimesAsPeopleRead) {
  const auto labels = [](const char* from, double span, double zone, int most) {
    std::string out;
    const double low = *parse_date(from, {});
    for (const auto& tick : time_ticks(low, low + span, zone, most).ticks)
      out += (out.empty() ? "" : " ") + (tick.upper.empty() ? "" : "[" + tick.upper + "]") + tick.label;
    return out;
  };
  EXPECT_EQ(labels("2003-01-27T21:00:00", 5 * 3600, 0, 6),
            "[2003-01-27]21:00 22:00 23:00 [2003-01-28]00:00 01:00 02:00");
  EXPECT_EQ(labels("2003-01-27T21:00:00", 4 * 3600, -10, 5), "[2003-01-27]11:00 12:00 13:00 14:00 15:00");
  EXPECT_EQ(labels("2003-01-27T23:59:59", 1, 0, 6),
            "[2003-01-27]23:59:59.0 23:59:59.2 23:59:59.4 23:59:59.6 23:59:59.8 [2003-01-28]00:00:00.0");
  EXPECT_EQ(labels("2003-12-30", 4 * 86400, 0, 6), "[2003]Dec 30 Dec 31 [2004]Jan 1 Jan 2 Jan 3");
  EXPECT_EQ(labels("2003-01-27", 40 * 86400, 0, 6), "[2003]Feb 1 Feb 11 Feb 21 Mar 1");
  EXPECT_EQ(labels("2003-10-15", 150 * 86400, 0, 6), "[2003]Nov Dec [2004]Jan Feb Mar");
  EXPECT_EQ(labels("1999-06-01", 20 * 365.25 * 86400, 0, 6), "2000 2005 2010 2015");
  EXPECT_FALSE(time_ticks(1e15, 2e15, 0, 6).ticks.empty());
  EXPECT_FALSE(time_ticks(-1e300, 1e300, 0, 6).ticks.empty());
}

}  // namespace
}  // namespace imreg::chart
