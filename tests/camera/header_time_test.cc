// Dates as headers write them.
#include "camera/header_time.h"

#include <gtest/gtest.h>

#include "imreg/date.h"

namespace imreg::camera {
namespace {

std::string iso(std::string_view text) {
  const auto date = header_date(text);
  if (!date) return "none";
  return date->time_of_day ? format_iso(date->day + *date->time_of_day) : format_iso(date->day).substr(0, 10);
}

TEST(HeaderDate, FormsSeenInRealHeaders) {
  EXPECT_EQ(iso("2003-01-27T15:20:01.5"), "2003-01-27T15:20:01.5Z");
  EXPECT_EQ(iso("2001-01-20T5:33:58"), "2001-01-20T05:33:58Z");
  EXPECT_EQ(iso("2016-02-26"), "2016-02-26");
  EXPECT_EQ(iso("2002/05/21"), "2002-05-21");
  EXPECT_EQ(iso("2000:12:03"), "2000-12-03");
  EXPECT_EQ(iso("2003/03/29,01:34:54"), "2003-03-29T01:34:54Z");
  EXPECT_EQ(iso("2016-05-12 07:00:47 UTC"), "2016-05-12T07:00:47Z");
  EXPECT_EQ(iso("1969-12-31T23:59:51.5Z"), "1969-12-31T23:59:51.5Z");
  EXPECT_EQ(iso("19930417"), "1993-04-17");
  EXPECT_EQ(iso("19930417T120000"), "1993-04-17T12:00:00Z");
  EXPECT_EQ(iso("2005-019T15:34:52"), "2005-01-19T15:34:52Z");
  EXPECT_EQ(iso("2005.019:15:34:52"), "2005-01-19T15:34:52Z");
  EXPECT_EQ(iso("2003-366"), "none");
  EXPECT_EQ(iso("2004-366"), "2004-12-31");
  EXPECT_EQ(iso("2010.10.15_23:01:00.000_TAI"), "2010-10-15T23:01:00Z");
  EXPECT_EQ(iso("30-JAN-01 02:58:23"), "2001-01-30T02:58:23Z");
  EXPECT_EQ(iso("Wed Feb 25 11:57:05 2009"), "2009-02-25T11:57:05Z");
  EXPECT_EQ(iso("Jan 27, 2003"), "2003-01-27");
  EXPECT_EQ(iso("May"), "none");
  EXPECT_EQ(iso("Monday"), "none");
  EXPECT_EQ(iso("Feb 30 2003"), "none");
  EXPECT_EQ(iso("15/04/88"), "1988-04-15");
  EXPECT_EQ(iso(" 4/07/92"), "1992-07-04");
  EXPECT_EQ(iso("27/ 5/84"), "1984-05-27");
  EXPECT_EQ(iso("01/12/51"), "1951-12-01");
  EXPECT_EQ(iso("23/08/18"), "2018-08-23");
  EXPECT_EQ(iso("30/04/97 GMT"), "1997-04-30");
  EXPECT_EQ(iso("01-May-23 13:07:58.713"), "2023-05-01T13:07:58.713Z");
  EXPECT_EQ(iso("18-Feb-1993"), "1993-02-18");
}

TEST(HeaderDate, DayAndMonthOfFourDigitYears) {
  EXPECT_EQ(iso("04/15/2003"), "2003-04-15");
  EXPECT_EQ(iso("15-04-2003"), "2003-04-15");
  EXPECT_EQ(iso("04/05/2003"), "none");
  EXPECT_EQ(iso("04-05-2003"), "none");
  EXPECT_EQ(iso("04.05.2003"), "2003-05-04");
  EXPECT_EQ(iso("05/05/2003"), "2003-05-05");
  EXPECT_EQ(iso("13/13/2003"), "none");
  EXPECT_EQ(iso("04/15/03"), "none");  // two digits: the FITS form, whose day comes first
  EXPECT_TRUE(header_date("04/05/2003", DateOrder::dmy) && header_date("04/05/2003", DateOrder::mdy));
}

TEST(HeaderNumber, DecimalCommas) {
  for (const auto& [text, number] : {std::pair("12,5", 12.5),
                                     {"-12,25", -12.25},
                                     {"0,125", 0.125},
                                     {"-0,125", -0.125},
                                     {"52666,639", 52666.639},
                                     {"1,2345E2", 123.45},
                                     {"12.5", 12.5},
                                     {"+1,5", 1.5}}) {
    ASSERT_TRUE(header_number(text)) << text;
    EXPECT_DOUBLE_EQ(*header_number(text), number) << text;
  }
  for (const char* text :
       {"12,500", "-1,234", "1,2,3", "1,234.5", ",5", "5,", ",", "a,5", "5,a", "", "-,5", "4000, 9000"})
    EXPECT_FALSE(header_number(text)) << text;
}

TEST(HeaderDate, NoDates) {
  for (const char* text : {"",
                           " ",
                           "nn/nn/nn",
                           "00/00/00",
                           "1970-00-01",
                           "2003-02-29",
                           "2003-13-01",
                           "2003-01-32",
                           "32/01/99",
                           "12:30:00",
                           "2003",
                           "2003-01-27T",
                           "2003-01-27T25:00:00",
                           "2003-01-27x",
                           "2003-01-27T12:00:00 HST",
                           "Mon Apr 08 22:50:22 HST 2013",
                           "-",
                           "2003--01-27",
                           "01-Foo-23",
                           "97-04-30",
                           "12345678",
                           "2003-01/27"}) {
    EXPECT_EQ(iso(text), "none") << text;
  }
}

TEST(TimeOfDay, FormsAndNonsense) {
  EXPECT_DOUBLE_EQ(*time_of_day("6:15:39.35"), 22539.35);
  EXPECT_DOUBLE_EQ(*time_of_day(" 9:27:27.00"), 34047);
  EXPECT_DOUBLE_EQ(*time_of_day("12h30m15s"), 45015);
  EXPECT_DOUBLE_EQ(*time_of_day("15 20 01"), 55201);
  EXPECT_DOUBLE_EQ(*time_of_day("09:27"), 34020);
  EXPECT_DOUBLE_EQ(*time_of_day("24:00:00"), 86400);
  EXPECT_DOUBLE_EQ(*time_of_day("23:59:60.5"), 86400.5);
  for (const char* text : {"", "12", "25:00:00", "12:60:00", "12:00:61", "12:00:00:00", "12:00:00 HST", "ab:cd",
                           "-1:00:00", "1.5:00:00", "18:00 PM"}) {
    EXPECT_FALSE(time_of_day(text)) << text;
  }
}

}  // namespace
}  // namespace imreg::camera
