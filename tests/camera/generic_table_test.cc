// The generic table alone (-camera generic) on headers of instruments that nobody told us about: one habit of the
// world's headers per case, with made-up values. An empty expectation means that the value must stay unknown.
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <ostream>

#include "base/text.h"
#include "imreg/camera.h"

namespace imreg {
namespace {

struct Case {
  const char* name;
  const char* cards;  // one a line, the comment after " / "
  const char* field;
  const char* expected;  // obstime as 2001-02-03T04:05:06.7, a position as "ra dec" in degrees
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

double unix_time(const char* text) {
  std::tm tm{};
  double seconds = 0;
  EXPECT_EQ(
      std::sscanf(text, "%d-%d-%dT%d:%d:%lf", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &seconds),
      6)
      << text;
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return static_cast<double>(timegm(&tm)) + seconds;
}

FileFacts facts_of(const char* lines) {
  static const Result<Cameras> cameras = Cameras::load();
  EXPECT_TRUE(cameras.ok()) << cameras.status().text();
  std::string cards;
  for (std::string_view line : split(lines, '\n')) {
    std::string card(line);
    EXPECT_LE(card.size(), kCardSize) << card;
    card.resize(kCardSize, ' ');
    cards += card;
  }
  Hdu hdu;
  hdu.kind = HduKind::image;
  hdu.axes = {100, 100};
  hdu.header = Header(std::move(cards));
  FitsHeaders headers;
  headers.hdus.push_back(std::move(hdu));
  Cameras::Options options;
  options.camera = "generic";
  options.explain = true;
  const Result<FileFacts> facts = cameras->translate("/data/f.fits", headers, options);
  EXPECT_TRUE(facts.ok()) << facts.status().text();
  return facts.ok() ? *facts : FileFacts();
}

void expect_number(const Fact<double>& fact, const std::string& expected, double tolerance) {
  if (expected.empty()) {
    EXPECT_FALSE(fact.value) << *fact.value << " from " << fact.keyword;
    return;
  }
  double wanted = 0;
  ASSERT_TRUE(parse_number(expected, wanted)) << expected;
  ASSERT_TRUE(fact.value) << "unknown";
  EXPECT_NEAR(*fact.value, wanted, tolerance) << "from " << fact.keyword;
}

void expect_text(const Fact<std::string>& fact, const std::string& expected) {
  EXPECT_EQ(fact.value.value_or(""), expected) << "from " << fact.keyword;
}

class GenericTable : public ::testing::TestWithParam<Case> {};

TEST_P(GenericTable, ReadsTheHabit) {
  const Case& c = GetParam();
  const FileFacts facts = facts_of(c.cards);
  ASSERT_EQ(facts.images.size(), 1u) << facts.why_none;
  const ImageFacts& image = facts.images[0];
  const std::string field = c.field, expected = c.expected;
  if (field == "obstime") {
    if (expected.empty()) {
      EXPECT_FALSE(image.obstime.value) << "from " << image.obstime.keyword;
      return;
    }
    ASSERT_TRUE(image.obstime.value) << "unknown";
    EXPECT_NEAR(*image.obstime.value, unix_time(c.expected), 0.01) << "from " << image.obstime.keyword;
  } else if (field == "position") {
    const std::size_t blank = expected.find(' ');
    expect_number(image.ra, expected.substr(0, blank), 2e-5);
    expect_number(image.dec, blank == expected.npos ? "" : expected.substr(blank + 1), 2e-5);
  } else if (field == "exptime") {
    expect_number(image.exptime, expected, 1e-6);
  } else if (field == "airmass") {
    expect_number(image.airmass, expected, 1e-6);
  } else if (field == "pixscale") {
    expect_number(image.pixscale, expected, 1e-6);
  } else if (field == "telfocus") {
    expect_number(image.telfocus, expected, 1e-6);
  } else if (field == "dettemp") {
    expect_number(image.dettemp, expected, 1e-6);
  } else if (field == "type") {
    expect_text(image.type, expected);
  } else if (field == "filter") {
    expect_text(image.filter, expected);
  } else {
    ASSERT_EQ(field, "object");
    expect_text(image.object, expected);
  }
}

TEST(GenericDoubts, DayOrMonthFirst) {
  const FileFacts facts = facts_of("DATE-OBS= '04/05/2003'\nUT      = '06:07:08'");
  ASSERT_EQ(facts.doubts.size(), 1u);
  EXPECT_EQ(facts.doubts[0].text, "DATE-OBS \"04/05/2003\" does not tell the day from the month; obstime is not known");
}

TEST(GenericDoubts, CommaOfThousandsPerhaps) {
  const FileFacts facts = facts_of("DATE-OBS= '2003-04-05T06:07:08'\nEXPTIME = '12,500'");
  ASSERT_EQ(facts.doubts.size(), 1u);
  EXPECT_EQ(facts.doubts[0].text, "EXPTIME \"12,500\" is no number; exptime is not known");
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

constexpr Case kTimes[] = {
    {"DateObsIso", "DATE-OBS= '2003-04-05T06:07:08.5'", "obstime", "2003-04-05T06:07:08.5"},
    {"DateBegIsTheStart", "DATE-OBS= '2003-04-05T06:08:00'\nDATE-BEG= '2003-04-05T06:07:00'", "obstime",
     "2003-04-05T06:07:00"},
    {"DateAndUt", "DATE-OBS= '2003-04-05'\nUT      = '6:07:08.5'", "obstime", "2003-04-05T06:07:08.5"},
    {"DateAndUtInHours", "DATE-OBS= '2003-04-05'\nUT      = 6.5", "obstime", "2003-04-05T06:30:00"},
    {"DateWithMidnightAndUt", "DATE-OBS= '2003-04-05T00:00:00'\nUTSTART = '06:07:08'", "obstime",
     "2003-04-05T06:07:08"},
    {"SlashesOfThe1990s", "DATE-OBS= '15/04/88'\nTIME-OBS= '06:07:08'", "obstime", "1988-04-15T06:07:08"},
    {"CalarAltoSeconds", "DATE-OBS= '2003-04-05'\nTM-START= 21600.5", "obstime", "2003-04-05T06:00:00.5"},
    {"UkirtIntegers", "IDATE   = 19980704\nRUTSTART= 6.5", "obstime", "1998-07-04T06:30:00"},
    {"AnglAustralianColons", "UTDATE  = '2000:12:03'\nUTSTART = '11:35:40.16'", "obstime", "2000-12-03T11:35:40.16"},
    {"MagellanUtDate", "UT-DATE = '2009-08-07'\nUT-TIME = '05:04:03'", "obstime", "2009-08-07T05:04:03"},
    {"DateOfTheNightAndUtDate", "DATE-OBS= '2002-07-07'\nUTCDATE = '2002-07-06'\nUTC     = '22:15:13.5'", "obstime",
     "2002-07-06T22:15:13.5"},
    {"MjdWithoutItsHalfDay", "MJDATE  = 52734.75 / Julian day - 2 400 000", "obstime", ""},
    {"MjdOfTheFile", "MJD     = 52734.75 / Modified Julian Date that the file was written", "obstime", ""},
    {"MjdAtMidtime", "MJD-OBS = 52734.25 / Modified Julian Date of midtime of observation\nEXPTIME = 60.", "obstime",
     "2003-04-05T05:59:30"},
    {"PalomarUtshut", "UTSHUT  = '2006-05-04T03:02:01'", "obstime", "2006-05-04T03:02:01"},
    {"MjdOnly", "MJD-OBS = 52734.25", "obstime", "2003-04-05T06:00:00"},
    {"MjdOfTheMiddle", "MJD-OBS = 52734.25 / MJD at mid-exposure\nEXPTIME = 600.", "obstime", "2003-04-05T05:55:00"},
    {"DateOfTheMiddle", "DATE-OBS= '2003-04-05T06:00:00' / midpoint of exposure\nEXPTIME = 60.", "obstime",
     "2003-04-05T05:59:30"},
    {"DateOfTheEnd", "DATE-OBS= '2003-04-05T06:00:00' / UT at end of exposure\nEXPTIME = 60.", "obstime",
     "2003-04-05T05:59:00"},
    {"DateEndAlone", "DATE-END= '2003-04-05T06:00:00'\nEXPTIME = 60.", "obstime", "2003-04-05T05:59:00"},
    {"DateAvgAlone", "DATE-AVG= '2003-04-05T06:00:00'\nEXPTIME = 60.", "obstime", "2003-04-05T05:59:30"},
    {"JulianDate", "JD      = 2452734.75", "obstime", "2003-04-05T06:00:00"},
    {"TaiByTimesys", "DATE-OBS= '2003-04-05T06:00:32'\nTIMESYS = 'TAI'", "obstime", "2003-04-05T06:00:00"},
    {"TimesysInWords", "DATE-OBS= '2003-04-05T06:00:00'\nTIMESYS = 'UTC (NTP)'", "obstime", "2003-04-05T06:00:00"},
    {"DayOnly", "DATE-OBS= '2003-04-05'", "obstime", "2003-04-05T00:00:00"},
    {"DateIsTheFile", "DATE    = '2003-04-05T06:07:08'", "obstime", ""},
    {"LocalTimesAreNoUt", "DATE-LOC= '2003-04-05T06:07:08'\nHSTTIME = '06:07:08'\nLOCTIME = '06:07:08'", "obstime", ""},
    {"HeliocentricDatesAreNoStart", "HJD     = 2452734.75\nBJD     = 2452734.75\nHJD-OBS = 2452734.75", "obstime", ""},
    {"ReductionDatesAreNone", "PROCDATE= '2003-04-05T06:07:08'\nDATE-RED= '2003-04-05T06:07:08'", "obstime", ""},
    {"LocalByTimesys", "DATE-OBS= '2003-04-05T06:00:00'\nTIMESYS = 'LOCAL'", "obstime", ""},
    {"LocalByComment", "DATE-OBS= '2003-04-05T06:00:00' / local time at start\nMJD-OBS = 52734.5", "obstime",
     "2003-04-05T12:00:00"},
    {"SolarDynamicsDate", "T_START = '2003.04.05_06:00:32_TAI'", "obstime", "2003-04-05T06:00:00"},
    {"SecondsSinceMjdZero", "TAI     = 4556239232.", "obstime", "2003-04-05T06:00:00"},
    {"SecondsSinceReference", "MJDREFI = 52734\nMJDREFF = 0.25\nTSTART  = 60.", "obstime", "2003-04-05T06:01:00"},
    {"DaysSinceReference", "MJDREF  = 52734.\nTSTART  = 0.25\nTIMEUNIT= 'd'", "obstime", "2003-04-05T06:00:00"},
    {"ShutterInMilliseconds", "SHUTOPEN= 0.0", "obstime", ""},
    {"UtcByCommentAgainstTimesys", "DATE-OBS= '2003-04-05T06:00:00' / Start Time (UTC)\nTIMESYS = 'TT'", "obstime",
     "2003-04-05T06:00:00"},
    {"StartBeforeTimeOfTheHeader", "DATE-OBS= '2003-04-05'\nTIME-OBS= '05:59:40'\nUTSTART = '06:00:00'", "obstime",
     "2003-04-05T06:00:00"},
    {"ClockNotSet", "DATE-BEG= '1970-01-01T00:00:08.000'\nMJD-BEG = 40587.00009\nTIMESYS = 'TAI'", "obstime", ""},
    {"UtcByNameAgainstTimesys", "DATE-OBS= '2003-04-05'\nUTC-OBS = '06:00:00'\nTIMESYS = 'TAI'", "obstime",
     "2003-04-05T06:00:00"},
    {"TaiByComment", "MJD-OBS = 52734.25037037 / Modified Julian date (also TAI)", "obstime", "2003-04-05T06:00:00"},
    {"UnixStartBeforeUtcOfTheHeader", "DATE-OBS= '2003-04-05'\nUTC     = '06:01:00'\nEXPSTART= 1049522400.5", "obstime",
     "2003-04-05T06:00:00.5"},
    {"UnixEndBeforeUtcOfTheHeader",
     "DATE-OBS= '2003-04-05'\nUTC     = '06:01:00'\nEXPTIME = 60.\nEXPENDTM= 1049522460.5", "obstime",
     "2003-04-05T06:00:00.5"},
    {"DateOfTheFirstImage", "DATE    = '2003-04-05T06:07:08' / UTC Date of first image", "obstime",
     "2003-04-05T06:07:08"},
    {"HoursByBracket", "DATE-OBS= '2003-04-05'\nUTOBS   = 6.5 / [h] start", "obstime", "2003-04-05T06:30:00"},
    {"HoursInWords", "DATE-OBS= '2003-04-05'\nSTARTUT = 6.5 / start of exposure in decimal hours", "obstime",
     "2003-04-05T06:30:00"},
    {"SecondsInWords", "DATE-OBS= '2003-04-05'\nUTC     = 23400.5 / start, in seconds.", "obstime",
     "2003-04-05T06:30:00.5"},
    {"MidnightWhenNobodyTellsTheUnit", "DATE-OBS= '2003-04-05'\nUTC     = 6.5", "obstime", "2003-04-05T00:00:00"},
    {"DecimalCommaOfSeconds", "DATE-OBS= '2003-04-05T06:07:08,5'", "obstime", "2003-04-05T06:07:08.5"},
    {"DecimalCommaOfHours", "DATE-OBS= '2003-04-05'\nUT      = '6,5'", "obstime", "2003-04-05T06:30:00"},
    {"AmericanDateByItsDay", "DATE-OBS= '04/15/2003'\nUT      = '06:07:08'", "obstime", "2003-04-15T06:07:08"},
    {"DayFirstByItsDay", "DATE-OBS= '15/04/2003'\nUT      = '06:07:08'", "obstime", "2003-04-15T06:07:08"},
    {"DayOrMonthFirst", "DATE-OBS= '04/05/2003'\nUT      = '06:07:08'", "obstime", ""},
    {"DayIsMonth", "DATE-OBS= '05-05-2003'\nUT      = '06:07:08'", "obstime", "2003-05-05T06:07:08"},
    {"PointsOfEurope", "DATE-OBS= '04.05.2003'\nUT      = '06:07:08'", "obstime", "2003-05-04T06:07:08"},
    {"ZeroMjdIsNone", "MJD-OBS = 0.0", "obstime", ""},
};

constexpr Case kExposures[] = {
    {"Exptime", "EXPTIME = 12.5", "exptime", "12.5"},
    {"DecimalComma", "EXPTIME = '12,5'", "exptime", "12.5"},
    {"DecimalCommaWithoutQuotes", "EXPTIME = 12,5", "exptime", "12.5"},
    {"DecimalCommaBehindZero", "EXPTIME = '0,125'", "exptime", "0.125"},
    {"CommaOfThousandsPerhaps", "EXPTIME = '12,500'", "exptime", ""},
    {"NumbersWithCommas", "EXPTIME = '1,2,3'", "exptime", ""},
    {"MinutesInWords", "INTTIME = 2. / length in minutes", "exptime", "120"},
    {"ExposureInMinutes", "EXPOSURE= 60. / Exposure time minutes", "exptime", "3600"},
    {"Xposure", "XPOSURE = 12.5", "exptime", "12.5"},
    {"IntTime", "INT_TIME= 12.5", "exptime", "12.5"},
    {"Expos", "TM-EXPOS= 12.5", "exptime", "12.5"},
    {"Microseconds", "EXPOINUS= 2500000", "exptime", "2.5"},
    {"MillisecondsByBracket", "EXPTIME = 250. / [ms] exposure", "exptime", "0.25"},
    {"MinutesByBracket", "EXPOSURE= 2. / length (min)", "exptime", "120"},
    {"DaysOfTess", "EXPOSURE= 0.5 / [d] time on source", "exptime", "43200"},
    {"TextWithUnit", "EXPTIME = '300 sec'", "exptime", "300"},
    {"HoursMinutesSeconds", "EXPTIME = '0:05:30'", "exptime", "330"},
    {"PerCoadd", "ITIME   = 2.5 / Integration time per coadd\nCOADDS  = 4", "exptime", "10"},
    {"UkirtCoadds",
     "EXP_TIME= 2.75 / [s] Exposure time for each coadd\nNEXP    = 3 / Number of exposures in integration", "exptime",
     "8.25"},
    {"SumOfCoadds", "EXPTIME = 10. / total of all coadds\nCOADDS  = 4", "exptime", "10"},
    {"NumberOfTheExposure", "EXPOSURE= 1234 / exposure number", "exptime", ""},
    {"TotalBeforeFrame", "EXPTIME = 0.06 / Frame exposure\nEXPOSURE= 60. / Total exposure time", "exptime", "60"},
    {"ActualBeforeRequested", "EXP_TIME= 12 / Requested\nINT_TIME= 11.9 / Actual integration time", "exptime", "11.9"},
    {"AllCoaddsBeforeAskedFor",
     "TEXP    = 5. / Exposure time asked for\nTEFF    = 5.5 / time per coadd\nT_TOT   = 11. / total of all coadds",
     "exptime", "11"},
    {"TotalOfAStack",
     "TEXP    = 5. / Exposure time asked for\nTEFF    = 99. / total time\nT_TOT   = 11. / total of a frame", "exptime",
     "99"},
    {"FourExposures", "EXPTIME1= '11.0'\nEXPTIME2= '11.0'\nEXPTIME3= '11.0'\nEXPTIME4= '11.0'", "exptime", "44"},
    {"ZeroIsAValue", "EXPTIME = 0", "exptime", "0"},
    {"NegativeIsNone", "EXPTIME = -1", "exptime", ""},
    {"NegativeGivesWay", "EXPTIME = -1\nITIME   = 3.", "exptime", "3"},
    {"ExposureName", "EXPOSURE= 'r0012345'", "exptime", ""},
};

constexpr Case kTypes[] = {
    {"LightFrame", "IMAGETYP= 'Light Frame'", "type", "object"},
    {"Tricolor", "IMAGETYP= 'Tricolor Image'", "type", "object"},
    {"FlatField", "IMAGETYP= 'Flat Field'", "type", "flat"},
    {"DarkFrame", "IMAGETYP= 'Dark Frame'", "type", "dark"},
    {"BiasFrame", "IMAGETYP= 'Bias Frame'", "type", "bias"},
    {"Offset", "IMAGETYP= 'Offset'", "type", "bias"},
    {"Zero", "IMAGETYP= 'zero'", "type", "bias"},
    {"SkyFlatInOneWord", "OBSTYPE = 'skyflat'", "type", "flat"},
    {"FlatSky", "IMAGETYP= 'FLAT,SKY'", "type", "flat"},
    {"DomeFlatOfKeck", "OBSTYPE = 'DmeFlat'", "type", "flat"},
    {"DarkOfFlats", "IMAGETYP= 'FLATDARK'", "type", "dark"},
    {"Sky", "OBSTYPE = 'SKY'", "type", "object"},
    {"MasterDark", "IMAGETYP= 'Master Dark'", "type", "dark"},
    {"NumberOfType", "PICTTYPE= 4", "type", "flat"},
    {"EsoCategory", "HIERARCH ESO DPR TYPE = 'STD'", "type", "object"},
    {"NamedDark", "OBJECT  = 'dark'", "type", "dark"},
    {"NamedDomeFlat", "OBJECT  = 'R dome flat'", "type", "flat"},
    {"ClosedShutterWithoutExposure", "EXPTIME = 0.\nSHUTTER = 'CLOSED'", "type", "bias"},
    {"ShutterClosedDuringExposure", "EXPTIME = 60.\nSHUTTER = 'closed' / during exposure", "type", "dark"},
    {"ShutterClosedAfterwards", "EXPTIME = 60.\nSHUTTER = 'closed' / present state", "type", ""},
    {"BadPixels", "OBJECT  = 'Bad Pixels Map'", "type", "mask"},
    {"LampBeatsName", "OBSTYPE = 'ARC'\nOBJECT  = 'flat'", "type", ""},
    {"Arc", "IMAGETYP= 'comp'", "type", ""},
    {"Focus", "IMAGETYP= 'focus'", "type", ""},
    {"DarkCloudIsNoDark", "OBJECT  = 'Dark cloud B33'", "type", ""},
    {"GalaxyAlone", "OBJECT  = 'M31'", "type", ""},
    {"TypeOfTheArray", "DATATYPE= 'INTEGER*2'", "type", ""},
};

constexpr Case kFilters[] = {
    {"Filter", "FILTER  = 'V'", "filter", "V"},
    {"CaseCounts", "FILTER  = 'r'", "filter", "r"},
    {"SlotOfTheWheel", "FILTER  = 3", "filter", ""},
    {"SlotInQuotes", "FILTER  = '3'\nFILTNAME= 'R'", "filter", "R"},
    {"EmptySlotSaysNothing", "FILTER  = 'empty_1'", "filter", ""},
    {"NoneSaysNothing", "FILTER  = 'NONE'", "filter", ""},
    {"Wheels", "FILTER1 = 'Open'\nFILTER2 = 'GG455'\nFILTER3 = 'B'", "filter", "GG455+B"},
    {"ClearWheels", "FILTER1 = 'Open'\nFILTER2 = 'CLEAR'", "filter", "CLEAR"},
    {"FourWheels", "FILTER1 = 'OPEN'\nFILTER2 = 'OPEN'\nFILTER3 = 'OPEN'\nFILTER4 = 'Sloan_r'", "filter", "Sloan_r"},
    {"EsoWheels", "HIERARCH ESO INS FILT1 NAME = 'R#642'\nHIERARCH ESO INS FILT2 NAME = 'FREE'", "filter", "R#642"},
    {"WheelOfEmmi", "HIERARCH ESO INS OPTI-7 NAME = 'R'\nHIERARCH ESO INS OPTI-7 TYPE = 'FILTER'", "filter", "R"},
    {"TwoWheelsOfTheNot", "ALFLTNM = 'V_Bes 530_80'\nFAFLTNM = 'Open'\nFBFLTNM = 'Open'", "filter", "V_Bes 530_80"},
    {"BandOfTheInt", "WFFBAND = 'B'", "filter", "B"},
    {"PlateEmulsion", "EMULSION= 'IIIaJ+GG395'", "filter", "IIIaJ+GG395"},
    {"Wavelength", "WAVELNTH= 171", "filter", "171"},
};

constexpr Case kPositions[] = {
    {"SexagesimalText", "RA      = '06:00:00'\nDEC     = '-10:30:00'", "position", "90 -10.5"},
    {"Degrees", "RA      = 90.\nDEC     = -10.5", "position", "90 -10.5"},
    {"HoursByComment", "RA      = 6. / RA in hours\nDEC     = -10.5", "position", "90 -10.5"},
    {"HoursByBracket", "RA      = 6. / [h] right ascension\nDEC     = -10.5", "position", "90 -10.5"},
    {"Radians", "RA      = 1.5707963268 / radians\nDEC     = 0.", "position", "90 0"},
    {"DecimalHoursInWords", "TELRA   = 6.5 / RA, decimal hours\nTELDEC  = -10.5", "position", "97.5 -10.5"},
    {"DecimalCommas", "RA      = '06:00:00,0'\nDEC     = '-10,5'", "position", "90 -10.5"},
    {"PlateCentre",
     "PLTRAH  = 6\nPLTRAM  = 1\nPLTRAS  = 3.0E+00\nPLTDECSN= '-       '\nPLTDECD = 0\nPLTDECM = 30\nPLTDECS = 3.6",
     "position", "90.2625 -0.501"},
    {"PlateCentreWithoutSeconds", "PLTRAH  = 6\nPLTRAM  = 1\nPLTDECSN= '-'\nPLTDECD = 0\nPLTDECM = 30\nPLTDECS = 3.6",
     "position", ""},
    {"PlateCentreWithNonsense",
     "PLTRAH  = 6\nPLTRAM  = 71\nPLTRAS  = 3.\nPLTDECSN= '+'\nPLTDECD = 0\nPLTDECM = 30\nPLTDECS = 3.6", "position",
     ""},
    {"Blanks", "OBJCTRA = '06 00 00'\nOBJCTDEC= '-10 30 00'", "position", "90 -10.5"},
    {"PointingBeforeTarget", "TELRA   = '06:00:00'\nTELDEC  = '-10:30:00'\nRA_TARG = 91.\nDEC_TARG= 0.", "position",
     "90 -10.5"},
    {"Target", "TARG_RA = '06:00:00'\nTARG_DEC= '-10:30:00'", "position", "90 -10.5"},
    {"B1950", "RA      = '06:00:00'\nDEC     = '-10:30:00'\nEQUINOX = 1950.", "position", "90.588966 -10.501414"},
    {"EquinoxAsText", "RA      = '06:00:00'\nDEC     = '-10:30:00'\nEQUINOX = 'B1950.0'", "position",
     "90.588966 -10.501414"},
    {"UkirtBase", "RABASE  = 6. / [h] base\nDECBASE = -10.5 / [deg] base", "position", "90 -10.5"},
    {"OfDate", "TELRA   = 90. / [deg] equinox of date\nTELDEC  = -10.5\nDATE-OBS= '2010-01-01T12:00:00'", "position",
     "89.88218 -10.50005"},
    {"ParkIsNoPlace", "RA      = 90.\nDEC     = 89.97\nFRAME   = 'AZEL_TOPO'\nOBJRA   = 80.\nOBJDEC  = 10.", "position",
     "80 10"},
    {"ParkInHoursIsNoPlace", "RA      = 6. / RA in hours\nDEC     = 89.97\nFRAME   = 'AZEL_TOPO'", "position", ""},
    {"PointingBeforeObject", "RA_OBJ  = 80.\nDEC_OBJ = 10.\nRA_PNT  = 90.\nDEC_PNT = -10.5", "position", "90 -10.5"},
    {"PointingOfTheExposure", "RA_EXP  = 90.\nDEC_EXP = -10.5", "position", "90 -10.5"},
    {"NullIsNone", "RA      = 0.\nDEC     = 0.", "position", ""},
    {"ImpossibleIsNone", "RA      = -9999.\nDEC     = -9999.", "position", ""},
    {"SunIsNoStar", "CTYPE1  = 'HPLN-TAN'\nCTYPE2  = 'HPLT-TAN'\nCRVAL1  = 10.\nCRVAL2  = 20.", "position", ""},
};

constexpr Case kRest[] = {
    {"ScaleKeyword", "PIXSCALE= 0.25", "pixscale", "0.25"},
    {"ScaleOfTheWcs",
     "CTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\nCRVAL1  = 10.\nCRVAL2  = 0.\nCRPIX1  = 50.\nCRPIX2  = 50.\n"
     "CDELT1  = -0.001\nCDELT2  = 0.001",
     "pixscale", "3.6"},
    {"ScaleOfAmateurs", "XPIXSZ  = 9.\nFOCALLEN= 2062.65", "pixscale", "0.9"},
    {"AirmassZeroIsNone", "AIRMASS = 0.", "airmass", ""},
    {"Secz", "SECZ    = 1.25", "airmass", "1.25"},
    {"DetectorKelvin", "DETTEMP = 173.15", "dettemp", "-100"},
    {"DetectorCelsius", "CCD-TEMP= -20.", "dettemp", "-20"},
    {"SetpointIsNoTemperature", "CCDTEMP = -90. / setpoint", "dettemp", ""},
    {"CountsAreNoTemperature", "CCDTEMP = 7.5 / CCD temperature (DN/100)", "dettemp", ""},
    {"FocusOfTheGuider", "AGFOCUS = 8.5", "telfocus", ""},
    {"CameraTemperature", "CAMTEMP = -135.5 / Camera temperature in C", "dettemp", "-135.5"},
    {"EsoDetectorKelvin", "HIERARCH ESO DET TEMPMEAN = 138.15", "dettemp", "-135"},
    {"AirIsNoDetector", "TEMPERAT= 12.5 / dome temperature", "dettemp", ""},
    {"MillisecondsInWords", "EXPTIME = 10000 / milliseconds", "exptime", "10"},
    {"InMs", "EXPOSURE= 500 / exposure time in ms", "exptime", "0.5"},
    {"Microseconds", "EXPTIME = 500 / exposure in microseconds", "exptime", "0.0005"},
    {"HoursOfExposure", "EXPTIME = 0.5 / exposure in hours", "exptime", "1800"},
    {"MinutesInTheText", "EXPOSURE= '5 min'", "exptime", "300"},
    {"EsoCoadds", "EXPTIME = 10.\nHIERARCH ESO DET DIT = 10.\nHIERARCH ESO DET NDIT = 6", "exptime", "60"},
    {"PacificTime", "DATE-OBS= '2005-12-25T05:00:00' / PST", "obstime", ""},
    {"JapanTime", "DATE-OBS= '2005-12-25T05:00:00' / JST (UT+9h)", "obstime", ""},
    {"EndInTheSecondComment", "DATE-OBS= '2005-12-25'\nUT      = '05:05:05' / UT at end of exposure\nEXPTIME = 100.",
     "obstime", "2005-12-25T05:03:25"},
    {"UtcByCommentDespiteTimesys", "TIMESYS = 'TDB'\nDATE-OBS= '2005-12-25T05:00:00' / TSTART as UTC calendar date",
     "obstime", "2005-12-25T05:00:00"},
    {"TargetInHoursOfDate",
     "RA_OBJ  = 10.0 / EOD right ascension of target (hours)\nDEC_OBJ = 5.\nRAOBJ2K = 10.0\nDECOBJ2K= 5.", "position",
     "150 5"},
    {"HoursInWords", "RA      = 10.0 / RA hours\nDEC     = 5.0", "position", "150 5"},
    {"NoFilterInBrackets", "FILTER  = '<NO FILTER>'\nFILTER2 = 'r'", "filter", "r"},
    {"BiasInFrench", "IMAGETYP= 'biais'", "type", "bias"},
    {"ObjectUnknown", "OBJECT  = 'Unknown'\nOBJNAME = 'M31'", "object", "M31"},
};

INSTANTIATE_TEST_SUITE_P(Time, GenericTable, ::testing::ValuesIn(kTimes), name_of);
INSTANTIATE_TEST_SUITE_P(Exposure, GenericTable, ::testing::ValuesIn(kExposures), name_of);
INSTANTIATE_TEST_SUITE_P(Type, GenericTable, ::testing::ValuesIn(kTypes), name_of);
INSTANTIATE_TEST_SUITE_P(Filter, GenericTable, ::testing::ValuesIn(kFilters), name_of);
INSTANTIATE_TEST_SUITE_P(Position, GenericTable, ::testing::ValuesIn(kPositions), name_of);
INSTANTIATE_TEST_SUITE_P(Rest, GenericTable, ::testing::ValuesIn(kRest), name_of);

}  // namespace
}  // namespace imreg
