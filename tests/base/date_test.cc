// The date grammar: what is decided by us (ambiguities, messages, edges), round trips, and hostile bytes.
// The bulk of valid spellings is held against Python by date_oracle_test.py.
#include "imreg/date.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <fstream>
#include <random>

#include "base/text.h"

namespace imreg {
namespace {

constexpr double kYear0 = -62167219200.0;
constexpr double kYear10000 = 253402300800.0;

double parsed(std::string_view text, DateSettings settings = {}) {
  const auto time = parse_date(text, settings);
  EXPECT_TRUE(time.ok()) << time.status().text();
  return time.value_or(std::nan(""));
}

std::string iso_of(std::string_view text) { return format_iso(parsed(text)); }

TEST(Date, ReadsWhatTheGrammarLists) {
  EXPECT_EQ(iso_of("2000"), "2000-01-01T00:00:00Z");
  EXPECT_EQ(iso_of("49"), "2049-01-01T00:00:00Z");
  EXPECT_EQ(iso_of("50/2"), "1950-02-01T00:00:00Z");
  EXPECT_EQ(iso_of("2003/01/27,15:20:01"), "2003-01-27T15:20:01Z");
  EXPECT_EQ(iso_of("2003-01-27T15:20:01Z"), "2003-01-27T15:20:01Z");
  EXPECT_EQ(iso_of("2452667.139j"), "2003-01-27T15:20:09.6Z");
  EXPECT_EQ(iso_of("52666.639J"), "2003-01-27T15:20:09.6Z");
  EXPECT_EQ(iso_of("mjd52666.639"), "2003-01-27T15:20:09.6Z");
  EXPECT_EQ(iso_of("jd2452667.139"), "2003-01-27T15:20:09.6Z");
  EXPECT_EQ(iso_of("10m"), "1970-01-01T00:10:00Z");
  EXPECT_EQ(iso_of("10M"), "1970-11-01T00:00:00Z");
  EXPECT_EQ(iso_of("2003d"), "1975-06-27T00:00:00Z") << "a number with a unit is never a year";
}

TEST(Date, DecidesWhatIsAmbiguous) {
  EXPECT_EQ(iso_of("20030127"), "2003-01-27T00:00:00Z");
  EXPECT_EQ(iso_of("20030127T152001.25Z"), "2003-01-27T15:20:01.25Z");
  EXPECT_EQ(iso_of("03-01-27"), "2003-01-27T00:00:00Z");
  EXPECT_EQ(iso_of("2003/01/27,24:00"), "2003-01-28T00:00:00Z");
  EXPECT_EQ(iso_of("2016/12/31,23:59:60"), "2017-01-01T00:00:00Z");
  EXPECT_EQ(iso_of("2016/12/31,23:59:60.5"), "2017-01-01T00:00:00.5Z");
  EXPECT_EQ(iso_of("2017-01-01T00:59:60+01:00"), "2017-01-01T00:00:00Z");
  EXPECT_EQ(iso_of("2003-01-27-15-20-01"), "2003-01-27T15:20:01Z") << "- is a separator";
  EXPECT_EQ(iso_of("2003-01-27T15-05"), "2003-01-27T20:00:00Z") << "- is a zone behind T";
  EXPECT_EQ(iso_of("2003/01/27,15:20-05"), "2003-01-27T20:20:00Z") << "- is a zone behind hh:mm";
  EXPECT_EQ(iso_of("2003/01/27,15:20:01,5"), "2003-01-27T15:20:01.5Z") << "ISO's decimal comma";
  EXPECT_EQ(iso_of("1.5y"), "1971-07-01T00:00:00Z");
  EXPECT_EQ(iso_of("  2003/1 "), "2003-01-01T00:00:00Z");
}

TEST(Date, ZoneMovesOnlyWhatIsTyped) {
  DateSettings hawaii;
  hawaii.tz_hours = -10;
  hawaii.now = 1043625600 + 5 * 3600;  // 2003-01-27T05Z is still the 26th there
  EXPECT_EQ(parsed("2003/01/27,05:00", hawaii), 1043625600 + 15 * 3600);
  EXPECT_EQ(parsed("TODAY", hawaii), 1043625600 - 14 * 3600);
  EXPECT_EQ(parsed("now", hawaii), hawaii.now);
  EXPECT_EQ(parsed("2003-01-27T05:00Z", hawaii), 1043625600 + 5 * 3600);
  EXPECT_EQ(parsed("40587J", hawaii), 0);
  EXPECT_EQ(parsed("5s", hawaii), 5);
}

TEST(Date, ReferenceMovesNumbers) {
  DateSettings settings;
  settings.reference = parsed("2004/01/31");
  EXPECT_EQ(format_iso(parsed("1M", settings)), "2004-02-29T00:00:00Z");
  EXPECT_EQ(format_iso(parsed("-1d", settings)), "2004-01-30T00:00:00Z");
  EXPECT_EQ(parsed("40587J", settings), 0);
}

TEST(Date, SaysWhereItIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"2003/13/01", "date \"2003/13/01\": column 6: month 13 is not 1..12"},
      {"2003/04/31", "column 9: day 31 is not 1..30, the days of April 2003"},
      {"1900/02/29", "column 9: day 29 is not 1..28, the days of February 1900"},
      {"2003/00/01", "column 6: month 0"},
      {" 27/01/2001", "column 2: the year comes first, such as 2001/01/27"},
      {"1.2.2001,10:00", "column 1: the year comes first"},
      {"15/04/88", "column 7: day 88 is not 1..30, the days of April 2015 (the year comes first)"},
      {"27-Jan-2001", "column 4: expected the digits of the month, not J"},
      {"  2003/01/00", "column 11: day 0"},
      {"2003/01/27,25", "column 12: hour 25"},
      {"2003/01/27,24:00:01", "column 12: hour 24"},
      {"2003/01/27,23:60", "column 15: minute 60"},
      {"2003/01/27,23:59:61", "column 18: second 61"},
      {"2003/01/27,22:59:60", "column 12: second 60"},
      {"2003/01/27,23:59:59x", "column 20: "},
      {"2003/01/27,23:59:59.", "column 21: "},
      {"2003/01/27,23:59:59Zx", "column 20: "},
      {"2003/01/27x", "column 12: "},
      {"2003/", "column 6: "},
      {"2003 01", "column 5: expected a separator and the month (or Z, or the end), not a blank"},
      {"2003//01", "column 6: "},
      {"2003.5", "column 7: "},
      {"2003/001", "column 6: "},
      {"2003-W05", "column 6: "},
      {"15/04/88", "column 7: day 88"},
      {"5", "column 1: a year has 2 or 4 digits"},
      {"200", "column 1: a year"},
      {"5m10", "column 1: a year"},
      {"15m10", "column 3: a letter"},
      {"1d12h", "column 1: "},
      {"", "column 1: "},
      {" ", "column 1: "},
      {"nan", "column 1: "},
      {"inf", "column 1: "},
      {"1e400", "column 1: "},
      {"1e3s", "column 1: "},
      {"nand", "column 1: "},
      {"99999999999999999999999d", "column 1: "},
      {"1e", "column 1: "},
      {"-", "column 2: "},
      {"+2003/01/27", "column 6: "},
      {"jd", "column 3: "},
      {"jdx", "column 3: "},
      {"mjd5j", "column 5: "},
      {"99999999999j", "column 1: the time is not within the years"},
      {"TODAY12", "column 6: "},
      {"TODAY,", "column 7: "},
      {"TODAY,25", "column 7: "},
      {"TODAY,12:00Z", "column 12: "},
      {"yesterday", "column 1: "},
      {"nowx", "column 1: "},
      {"2003-01-27T05:00+5", "column 18: "},
      {"2003-01-27T05:00+24:00", "column 18: zone"},
      {"0000-01-01T00:00+01", "column 1: the time is not within"},
  };
  for (const auto& [text, message] : cases) {
    const auto time = parse_date(text, {});
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_EQ(time.status().code(), Code::invalid);
    EXPECT_NE(time.status().message().find(message), std::string::npos) << text << "\n  " << time.status().message();
  }
}

TEST(Date, MessagesStayPrintableAndShort) {
  const auto time = parse_date("20\x1b[31m\xff\n" + std::string(100000, '7'), {});
  ASSERT_FALSE(time.ok());
  EXPECT_LT(time.status().message().size(), 300u);
  const std::string message = time.status().message();
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << int(c);
}

TEST(Date, RangesAreNumbersWithUnits) {
  EXPECT_EQ(parse_duration("1d")->seconds, 86400);
  EXPECT_EQ(parse_duration("-1.5H")->seconds, -5400);
  EXPECT_EQ(parse_duration("+.5m")->seconds, 30);
  EXPECT_EQ(parse_duration("3M")->months, 3);
  EXPECT_EQ(parse_duration("-2Y")->months, -24);
  for (const char* text : {"", "1", "d", "1q", "1dd", "1 d", "--1d", "1.3M", "0.1y", "1e3s", "nand", "99999999y",
                           "1e400d", "9999999999d"}) {
    const auto range = parse_duration(text);
    ASSERT_FALSE(range.ok()) << text;
    EXPECT_NE(range.status().message().find("column "), std::string::npos);
  }
}

TEST(Date, MonthsEndWhereTheMonthEnds) {
  const double january = parsed("2003/01/31,12:00");
  EXPECT_EQ(format_elixir(add(january, {0, 1})), "2003/02/28,12:00:00");
  EXPECT_EQ(format_elixir(add(january, {0, 13})), "2004/02/29,12:00:00");
  EXPECT_EQ(format_elixir(add(january, {0, -2})), "2002/11/30,12:00:00");
  EXPECT_EQ(format_elixir(add(parsed("1960/02/29"), {0, 12})), "1961/02/28,00:00:00");
  EXPECT_TRUE(std::isnan(add(std::nan(""), {0, 1})));
  EXPECT_TRUE(std::isnan(add(1e300, {1, 0})));
}

TEST(Date, NegativeRangesLieBefore) {
  const TimeRange after = range_from(1000, {10, 0});
  EXPECT_EQ(after.first, 1000);
  EXPECT_EQ(after.last, 1010);
  const TimeRange before = range_from(parsed("2003/03/31"), {0, -1});
  EXPECT_EQ(before.first, parsed("2003/02/28"));
  EXPECT_EQ(before.last, parsed("2003/03/31"));
}

TEST(Date, FormatsTheEdges) {
  EXPECT_EQ(format_elixir(-0.5), "1969/12/31,23:59:59");
  EXPECT_EQ(format_iso(-0.5), "1969-12-31T23:59:59.5Z");
  EXPECT_EQ(format_iso(59.9996), "1970-01-01T00:01:00Z");
  EXPECT_EQ(format_iso(1043681001.5, 0), "2003-01-27T15:23:22Z");
  EXPECT_EQ(format_iso(1, 3), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(format_iso(1.25, 99), "1970-01-01T00:00:01.250000Z");
  EXPECT_EQ(format_iso(0, -1, -9.5), "1969-12-31T14:30:00-09:30");
  EXPECT_EQ(format_elixir(0, 5.75), "1970/01/01,05:45:00");
  EXPECT_EQ(format_iso(kYear0), "0000-01-01T00:00:00Z");
  EXPECT_EQ(format_elixir(kYear10000 - 1), "9999/12/31,23:59:59");
  EXPECT_EQ(format_iso(kYear10000 - 0.0001), "9999-12-31T23:59:59.999Z");
  for (const double none : {std::nan(""), HUGE_VAL, -HUGE_VAL, kYear10000, kYear0 - 1, 1e300}) {
    EXPECT_EQ(format_iso(none), "");
    EXPECT_EQ(format_elixir(none), "-");
  }
  EXPECT_EQ(format_elixir(kYear0, -1), "-") << "shifted out of the calendar";
}

TEST(Date, CalendarMatchesTheNaiveOne) {
  long long day = days_from_civil(-401, 1, 1);
  for (long long year = -401; year <= 2500; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int d = 1; d <= days_in_month(year, month); ++d, ++day) {
        ASSERT_EQ(days_from_civil(year, month, d), day);
        const CivilDate back = civil_from_days(day);
        ASSERT_TRUE(back.year == year && back.month == month && back.day == d) << year << ' ' << month << ' ' << d;
      }
    }
  }
  EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
}

TEST(Date, RoundTrips) {
  EXPECT_TRUE(rc::check("every second of the calendar", [] {
    const double time = static_cast<double>(*rc::gen::inRange<long long>(-62167219200LL, 253402300800LL));
    RC_ASSERT(*parse_date(format_elixir(time), {}) == time);
    RC_ASSERT(*parse_date(format_iso(time), {}) == time);
  }));
  EXPECT_TRUE(rc::check("milliseconds and zones", [] {
    const double time = static_cast<double>(*rc::gen::inRange<long long>(-4000000000000LL, 8000000000000LL)) / 1000;
    const double zone = *rc::gen::inRange(-14 * 60, 14 * 60) / 60.0;
    RC_ASSERT(std::abs(*parse_date(format_iso(time, -1, zone), {}) - time) < 1e-6);
    DateSettings local;
    local.tz_hours = std::round(zone);
    RC_ASSERT(*parse_date(format_elixir(time, local.tz_hours), local) == std::floor(time));
  }));
  EXPECT_TRUE(rc::check("Julian dates", [] {
    const double time = *rc::gen::inRange<long long>(-4000000000LL, 8000000000LL);
    DateSettings settings;
    settings.reference = time;
    RC_ASSERT(*parse_date("0s", settings) == time);
    RC_ASSERT(std::abs(*parse_date(std::to_string(time / 86400 + 40587) + "J", {}) - time) < 0.05);
  }));
}

// The table of examples in the man page is what the code does.
TEST(Date, ManPageExamples) {
  std::ifstream page(IMREG_SOURCE_DIR "/man/imreg-dates.7");
  std::string line;
  int examples = 0;
  while (std::getline(page, line)) {
    const auto columns = split(line, '\t');
    if (columns.size() != 2 || !columns[1].ends_with("Z")) continue;
    EXPECT_EQ(iso_of(columns[0]), columns[1]) << line;
    ++examples;
  }
  EXPECT_GE(examples, 19);
}

// A result within the calendar, or an error with a column inside the text; never anything else.
void hold(const std::string& text) {
  DateSettings settings;
  settings.now = 1e9;
  const auto time = parse_date(text, settings);
  if (time.ok()) {
    ASSERT_TRUE(*time >= kYear0 && *time < kYear10000) << text;
  } else {
    const std::string message = time.status().message();
    const auto at = message.rfind("\": column ");
    ASSERT_NE(at, std::string::npos) << message;
    const long column = std::strtol(message.c_str() + at + 10, nullptr, 10);
    ASSERT_TRUE(column >= 1 && column <= static_cast<long>(text.size()) + 1) << text << ": " << message;
  }
  (void)parse_duration(text);
}

TEST(Date, SurvivesRandomBytes) {
  std::mt19937 random(7);
  const std::string seeds[] = {
      "2003/01/27,15:20:01.5", "2003-01-27T15:20:01+05:30", "TODAY,12:30:15", "NOW", "2452667.139j",
      "mjd52666.639",          "20030127T152001Z",          "-12.5d",         "1.5y"};
  const std::string alphabet = "0123456789/-:,.TZjJdmMyYhHsS+ nowtaNTD\xff\x01x";
  for (int i = 0; i < 300000; ++i) {
    std::string text = seeds[random() % std::size(seeds)];
    if (i % 3 == 0) {
      text.resize(random() % 24);
      for (char& c : text) c = static_cast<char>(random());
    }
    for (unsigned n = random() % 4; n > 0; --n) {
      const std::size_t at = random() % (text.size() + 1);
      const char c = random() % 8 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
      switch (random() % 4) {
        case 0: text.insert(at, 1, c); break;
        case 1: text.erase(at, random() % 4); break;
        case 2: text.insert(at, text.substr(random() % (text.size() + 1), random() % 6)); break;
        default:
          if (at < text.size()) text[at] = c;
      }
    }
    hold(text);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace imreg
