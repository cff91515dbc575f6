// The built-in tables at work on small headers: which HDUs become rows, and what each field is taken from.
#include "imreg/camera.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "imreg/date.h"

namespace imreg {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

const Cameras& cameras() {
  static const Result<Cameras> loaded = Cameras::load();
  EXPECT_TRUE(loaded.ok()) << loaded.status().text();
  return *loaded;
}

// A file under construction.
struct File {
  FitsHeaders headers;
  Hdu& add(std::vector<std::int64_t> axes, HduKind kind = HduKind::image) {
    Hdu hdu;
    hdu.number = static_cast<int>(headers.hdus.size());
    hdu.kind = axes.empty() && kind == HduKind::image ? HduKind::empty : kind;
    hdu.axes = std::move(axes);
    headers.hdus.push_back(std::move(hdu));
    return headers.hdus.back();
  }
  Hdu& extension(const std::string& name, std::vector<std::int64_t> axes = {8, 8}, HduKind kind = HduKind::image) {
    Hdu& hdu = add(std::move(axes), kind);
    if (!name.empty()) hdu.header.add("EXTNAME", name);
    return hdu;
  }
  FileFacts facts(const std::string& path = "/data/f.fits", bool split = false, const std::string& camera = "") const {
    Cameras::Options options;
    options.split = split;
    options.camera = camera;
    const Result<FileFacts> out = cameras().translate(path, headers, options);
    EXPECT_TRUE(out.ok()) << out.status().text();
    return out.ok() ? *out : FileFacts();
  }
  ImageFacts only() const {
    const FileFacts out = facts();
    EXPECT_EQ(out.images.size(), 1u) << out.why_none;
    return out.images.empty() ? ImageFacts() : out.images[0];
  }
};

Header& single(File& file) { return file.add({8, 8}).header; }

std::vector<int> extensions(const FileFacts& facts) {
  std::vector<int> out;
  for (const ImageFacts& image : facts.images) out.push_back(image.extension);
  return out;
}

std::vector<int> ccds(const FileFacts& facts) {
  std::vector<int> out;
  for (const ImageFacts& image : facts.images) out.push_back(image.ccd.value.value_or(-1));
  return out;
}

std::string iso(const Fact<double>& time) { return time.value ? format_iso(*time.value) : "unknown"; }

TEST(Rows, MosaicOfCcds) {
  File file;
  file.add({}).header.add("INSTRUME", "MegaPrime");
  for (const char* name : {"ccd00", "ccd01", "ccd35"}) file.extension(name);
  const FileFacts facts = file.facts();
  EXPECT_EQ(facts.camera, "cfht-megaprime");
  EXPECT_THAT(extensions(facts), ElementsAre(1, 2, 3));
  EXPECT_THAT(ccds(facts), ElementsAre(0, 1, 35));
  EXPECT_EQ(facts.images[2].mode, ImageMode::mef);
  EXPECT_EQ(facts.images[2].chip.value, "ccd35");
  EXPECT_EQ(facts.images[2].ccd.keyword, "EXTNAME");
  EXPECT_EQ(facts.images[2].ccd.hdu, 3);
}

TEST(Rows, AmplifiersOfACcdAreOneRow) {
  File file;
  file.add({}).header.add("INSTRUME", "MegaPrime");
  for (const char* name : {"amp00", "amp01", "amp04", "amp05"}) file.extension(name);
  EXPECT_THAT(extensions(file.facts()), ElementsAre(1, 3));
  EXPECT_THAT(ccds(file.facts()), ElementsAre(0, 2));

  File lsst;
  lsst.add({});
  for (const char* name : {"Segment10", "Segment11", "Segment00"})
    lsst.extension(name, {8, 8}, HduKind::compressed_image);
  lsst.add({3, 3}, HduKind::table);
  EXPECT_THAT(extensions(lsst.facts()), ElementsAre(1));

  File mosaic;
  mosaic.add({});
  for (int amp = 1; amp <= 4; ++amp) {
    Header& header = mosaic.extension("im" + std::to_string(amp)).header;
    header.add("CCDNAME", amp <= 2 ? "SITe 1" : "SITe 2");
    header.add("AMPNAME", "amp " + std::to_string(amp));
  }
  EXPECT_THAT(extensions(mosaic.facts()), ElementsAre(1, 3));
}

TEST(Rows, ExposuresOfOneCcdAreNotAmplifiers) {
  File file;
  file.add({});
  for (int i = 0; i < 3; ++i) {
    Header& header = file.extension("SCI").header;
    header.add("CCDNAME", "Sony");
    header.add("AMPNAME", 0);
  }
  EXPECT_THAT(extensions(file.facts()), ElementsAre(1, 2, 3));
}

TEST(Rows, ErrorsQualityMasksAndTablesAreNone) {
  File file;
  file.add({}).header.add("TELESCOP", "HST");
  file.headers.hdus[0].header.add("INSTRUME", "ACS");
  for (int chip = 2; chip >= 1; --chip) {
    file.extension("SCI").header.add("CCDCHIP", chip);
    file.extension("ERR");
    file.extension("DQ");
  }
  file.extension("D2IMARR");
  file.extension("WCSCORR", {3, 3}, HduKind::table);
  const FileFacts facts = file.facts();
  EXPECT_EQ(facts.camera, "hst-acs");
  EXPECT_THAT(extensions(facts), ElementsAre(1, 4));
  EXPECT_THAT(ccds(facts), ElementsAre(2, 1));
}

TEST(Rows, MasksAloneAreMasks) {
  File beside;
  beside.add({});
  beside.extension("SCI");
  beside.extension("WHT");
  beside.extension("CTX");
  EXPECT_THAT(extensions(beside.facts()), ElementsAre(1));
  EXPECT_EQ(beside.facts().images[0].type.value, std::nullopt);

  File alone;
  alone.add({});
  alone.extension("WHT");
  alone.extension("MASK");
  EXPECT_THAT(extensions(alone.facts()), ElementsAre(1, 2));
  EXPECT_EQ(alone.facts().images[0].type.value, "mask");
  EXPECT_EQ(alone.facts().images[0].type.keyword, "EXTNAME");
  EXPECT_EQ(alone.facts().images[0].type.hdu, 1);
}

TEST(Rows, CompressedImagesAllCalledTheSame) {
  File file;
  file.add({});
  for (int i = 0; i < 3; ++i) {
    file.extension("COMPRESSED_IMAGE", {8, 8}, HduKind::compressed_image)
        .header.add("EXTNAME", i < 2 ? "ccd0" + std::to_string(i) : "COMPRESSED_IMAGE");
  }
  EXPECT_THAT(ccds(file.facts()), ElementsAre(0, 1, 2));
  EXPECT_EQ(file.facts().images[1].chip.value, "ccd01");
  EXPECT_EQ(file.facts().images[2].chip.value, std::nullopt);
}

TEST(Rows, CubesAndTheirSlices) {
  File file;
  file.add({8, 8, 3});
  const FileFacts facts = file.facts();
  ASSERT_EQ(facts.images.size(), 4u);
  EXPECT_EQ(facts.images[0].mode, ImageMode::cube);
  EXPECT_EQ(facts.images[0].slice, 0);
  EXPECT_EQ(facts.images[3].mode, ImageMode::slice);
  EXPECT_EQ(facts.images[3].slice, 3);

  File flat;
  flat.add({8, 8, 1, 1});
  EXPECT_EQ(flat.only().mode, ImageMode::single);
  File spectral;
  spectral.add({8, 8, 4000});
  EXPECT_EQ(spectral.only().mode, ImageMode::cube);
  File huge;
  huge.add({1, 1, INT64_MAX, INT64_MAX});
  EXPECT_EQ(huge.only().mode, ImageMode::cube);
}

TEST(Rows, WhyThereAreNone) {
  File tables;
  tables.add({});
  tables.add({3, 3}, HduKind::table);
  EXPECT_THAT(tables.facts().why_none, HasSubstr("only tables"));
  File groups;
  groups.add({0, 3, 4}, HduKind::groups);
  EXPECT_THAT(groups.facts().why_none, HasSubstr("random groups"));
  File zero;
  zero.add({0, 0}, HduKind::empty);
  EXPECT_THAT(zero.facts().why_none, HasSubstr("no pixels"));
  File line;
  line.add({965});
  EXPECT_THAT(line.facts().why_none, HasSubstr("one axis"));
  File nothing;
  nothing.add({});
  EXPECT_THAT(nothing.facts().why_none, HasSubstr("no HDU with pixels"));
  EXPECT_FALSE(File().facts().why_none.empty());
}

TEST(Rows, SplitByHeaderByOptionAndByName) {
  File by_header;
  single(by_header).add("EXTNAME", "ccd21");
  EXPECT_EQ(by_header.only().mode, ImageMode::split);
  EXPECT_EQ(by_header.only().ccd.value, 21);

  File plain;
  single(plain).add("TELESCOP", "CFHT 3.6m");
  EXPECT_EQ(plain.only().mode, ImageMode::single);
  EXPECT_EQ(plain.only().ccd.value, 0);
  const ImageFacts named = plain.facts("/p/1616681p/1616681p07.fits.fz", true).images[0];
  EXPECT_EQ(named.mode, ImageMode::split);
  EXPECT_EQ(named.ccd.value, 7);
  EXPECT_EQ(named.ccd.keyword, "file name");
  EXPECT_EQ(plain.facts("/p/dome.fits", true).images[0].ccd.value, std::nullopt);
}

TEST(Times, DateAndTimeKeywords) {
  File file;
  Header& header = single(file);
  header.add("DATE", "2013-04-09T08:50:22");
  header.add("HSTTIME", "Mon Apr 08 22:50:22 HST 2013");
  EXPECT_EQ(iso(file.only().obstime), "unknown");
  header.add("DATE-OBS", "2013-04-09");
  EXPECT_EQ(iso(file.only().obstime), "2013-04-09T00:00:00Z");
  EXPECT_TRUE(file.only().obstime_is_day);
  EXPECT_THAT(file.facts().warnings, Contains(HasSubstr("only the day")));
  header.add("UTC-OBS", "8:45:29.17");
  const ImageFacts facts = file.only();
  EXPECT_EQ(iso(facts.obstime), "2013-04-09T08:45:29.17Z");
  EXPECT_FALSE(facts.obstime_is_day);
  EXPECT_EQ(facts.obstime.keyword, "DATE-OBS + UTC-OBS");
  EXPECT_TRUE(file.facts().warnings.empty());
}

// A number of whole days is a day, and neither the middle nor the end of an exposure, nor on a time scale.
TEST(Times, AWholeMjdOrMidnightJdIsADay) {
  for (const auto& [keyword, value, comment] : {std::tuple<const char*, double, const char*>{"MJD-OBS", 56391, ""},
                                                {"MJD-OBS", 56391, "middle of the exposure"},
                                                {"MJD-END", 56391, ""},
                                                {"JD", 2456391.5, ""}}) {
    File file;
    Header& header = single(file);
    header.add(keyword, value, comment);
    header.add("EXPTIME", 100.0);
    header.add("TIMESYS", "TAI");
    EXPECT_EQ(iso(file.only().obstime), "2013-04-09T00:00:00Z") << keyword;
    EXPECT_TRUE(file.only().obstime_is_day) << keyword;
    EXPECT_THAT(file.facts().warnings, Contains(HasSubstr("only the day"))) << keyword;
  }
  // It gives way to a time of day, also to a true midnight.
  for (const char* end : {"2013-04-09T08:47:09.17", "2013-04-09T00:01:40"}) {
    File file;
    Header& header = single(file);
    header.add("MJD-OBS", 56391.0);
    header.add("DATE-END", end);
    header.add("EXPTIME", 100.0);
    const ImageFacts facts = file.only();
    EXPECT_EQ(facts.obstime.keyword, "DATE-END");
    EXPECT_FALSE(facts.obstime_is_day);
    EXPECT_TRUE(file.facts().warnings.empty());
  }
}

TEST(Doubts, OneOfAKindForAllImagesOfAFile) {
  File file;
  file.add({}).header.add("DATE-OBS", "nn/nn/nn");
  for (const char* name : {"ccd00", "ccd01", "ccd02"})
    file.extension(name).header.add("EXPTIME", std::string("x") + name);
  const FileFacts facts = file.facts();
  ASSERT_EQ(facts.images.size(), 3u);
  ASSERT_EQ(facts.doubts.size(), 2u);
  EXPECT_EQ(facts.doubts[0].text, "DATE-OBS \"nn/nn/nn\" is no date; obstime is not known");
  EXPECT_EQ(facts.doubts[1].text, "EXPTIME \"xccd00\" is no number; exptime is not known");
  EXPECT_EQ(facts.doubts[1].kind, "exptime is not known");
  EXPECT_EQ(facts.doubts[1].cause, "EXPTIME");
}

TEST(Doubts, NoneWhereAnotherKeywordGivesTheValueOrNoneSaysAnything) {
  File file;
  Header& header = single(file);
  header.add("DATE-OBS", "nn/nn/nn");
  header.add("JD", 2455805.25);
  header.add("EXPTIME", "N/A");
  header.add("DATE", "not the date of the observation");
  EXPECT_TRUE(file.facts().doubts.empty());
}

TEST(Times, NonsenseGivesWayToTheNextRecipe) {
  File file;
  Header& header = single(file);
  header.add("DATE-OBS", "nn/nn/nn");
  header.add("MJD-OBS", 0.0);
  header.add("JD", 2455805.5);
  const ImageFacts facts = file.only();
  EXPECT_EQ(iso(facts.obstime), "2011-09-01T00:00:00Z");
  EXPECT_EQ(facts.obstime.keyword, "JD");
}

TEST(Times, ScalesAndEnds) {
  File tai;
  single(tai).add("DATE-OBS", "2022-10-05T06:53:26.357");
  tai.headers.hdus[0].header.add("TIMESYS", "TAI");
  EXPECT_EQ(iso(tai.only().obstime), "2022-10-05T06:52:49.357Z");
  File approximate;
  single(approximate).add("DATE-OBS", "2016-03-19T07:51:12.0");
  approximate.headers.hdus[0].header.add("TIMESYS", "UTC approximate");
  EXPECT_EQ(iso(approximate.only().obstime), "2016-03-19T07:51:12Z");
  File end;
  single(end).add("DATE-END", "2016-03-19T00:01:00");
  EXPECT_EQ(iso(end.only().obstime), "unknown");
  end.headers.hdus[0].header.add("EXPTIME", 90.0);
  EXPECT_EQ(iso(end.only().obstime), "2016-03-18T23:59:30Z");
}

TEST(Positions, HoursDegreesAndRadians) {
  File file;
  Header& header = single(file);
  header.add("RA", " 8:49:43.20");
  header.add("DEC", "63:34:30.0");
  EXPECT_NEAR(*file.only().ra.value, 132.43, 1e-7);
  EXPECT_NEAR(*file.only().dec.value, 63.575, 1e-7);
  File degrees;
  single(degrees).add("RA", 356.37594);
  degrees.headers.hdus[0].header.add("DEC", -59.447875);
  EXPECT_NEAR(*degrees.only().ra.value, 356.37594, 1e-9);
  File radians;
  single(radians).add("RA", 0.0512603201, "RA in radians");
  radians.headers.hdus[0].header.add("DEC", -0.5680338887);
  EXPECT_NEAR(*radians.only().ra.value, 2.937, 1e-4);
}

TEST(Positions, SenselessOnesGiveWay) {
  File file;
  Header& header = single(file);
  header.add("RA", 0.0);
  header.add("DEC", 0.0);
  header.add("OBJCTRA", "17 21 04.610");
  header.add("OBJCTDEC", "-35 32 29.00");
  EXPECT_EQ(file.only().ra.keyword, "OBJCTRA + OBJCTDEC");
  EXPECT_NEAR(*file.only().dec.value, -35.54138889, 1e-7);
  File outside;
  single(outside).add("RA", 1117.786);
  outside.headers.hdus[0].header.add("DEC", 513.4501);
  EXPECT_EQ(outside.only().ra.value, std::nullopt);
  File sun;
  single(sun).add("CTYPE1", "Solar-X");
  sun.headers.hdus[0].header.add("CRVAL1", 10.0);
  EXPECT_EQ(sun.only().ra.value, std::nullopt);
}

TEST(Positions, OldEquinoxAndGalacticWcs) {
  File file;
  Header& header = single(file);
  header.add("CTYPE1", "DEC--SIN");
  header.add("CTYPE2", "RA---SIN");
  header.add("CRVAL1", -37.3856168315);
  header.add("CRVAL2", 50.1966661513);
  header.add("EQUINOX", 1950.0);
  // astropy 5.2: SkyCoord(50.1966661513, -37.3856168315, unit='deg', frame=FK4(equinox='B1950')).icrs
  EXPECT_NEAR(*file.only().ra.value, 50.67377548, 1e-6);
  EXPECT_NEAR(*file.only().dec.value, -37.20823210, 1e-6);
  EXPECT_EQ(file.only().ra.keyword, "CRVAL2 + CRVAL1");
  File galactic;
  Header& g = single(galactic);
  g.add("CTYPE1", "GLON-CAR");
  g.add("CTYPE2", "GLAT-CAR");
  g.add("CRVAL1", 0.0);
  g.add("CRVAL2", 90.0);
  EXPECT_NEAR(*galactic.only().ra.value, 192.85947789, 1e-5);
  EXPECT_NEAR(*galactic.only().dec.value, 27.12825241, 1e-5);
}

TEST(Values, TypesByWords) {
  for (const auto& [text, type] : std::vector<std::pair<const char*, const char*>>{{"OBJECT  ", "object"},
                                                                                   {"scatter", "scatter"},
                                                                                   {"SKYFLAT", "flat"},
                                                                                   {"dome flat", "flat"},
                                                                                   {"zero", "bias"},
                                                                                   {"Light Frame", "object"},
                                                                                   {"Bias Frame", "bias"},
                                                                                   {"MASK", "mask"},
                                                                                   {"FRPTS", "frpts"},
                                                                                   {"science", "object"},
                                                                                   {"DARK", "dark"},
                                                                                   {"fringe", "fringe"},
                                                                                   {"FLAT,SKY", "flat"}}) {
    File file;
    single(file).add("OBSTYPE", text);
    EXPECT_EQ(file.only().type.value, type) << text;
  }
  File other;
  single(other).add("OBSTYPE", "COMPARISON");
  EXPECT_EQ(other.only().type.value, std::nullopt);
  other.headers.hdus[0].header.add("IMAGETYP", "flat");
  EXPECT_EQ(other.only().type.keyword, "IMAGETYP");
}

TEST(Values, FiltersAndWheels) {
  const auto acs = [](const char* one, const char* two) {
    File file;
    Header& header = single(file);
    header.add("TELESCOP", "HST");
    header.add("INSTRUME", "ACS");
    header.add("FILTER1", one);
    header.add("FILTER2", two);
    return file.only().filter.value.value_or("unknown");
  };
  EXPECT_EQ(acs("CLEAR1S", "F435W"), "F435W");
  EXPECT_EQ(acs("F606W", "POL0V"), "F606W+POL0V");
  EXPECT_EQ(acs("CLEAR1L", "CLEAR2L"), "CLEAR");
  EXPECT_EQ(acs("PR110L", "N/A"), "PR110L");
  for (const char* text : {"Unknown", "filter_name", "_unknown_", "", "NONE", "N/A"}) {
    File file;
    single(file).add("FILTER", text);
    EXPECT_EQ(file.only().filter.value, std::nullopt) << text;
  }
  File numbered;
  single(numbered).add("FILTER1", 33);
  numbered.headers.hdus[0].header.add("FILTNAM1", "F673N");
  EXPECT_EQ(numbered.only().filter.value, "F673N");
  File strange;
  single(strange).add("FILTER", "Qx-17 ");
  EXPECT_EQ(strange.only().filter.value, "Qx-17");
  ASSERT_EQ(strange.facts().doubts.size(), 1u);
  EXPECT_EQ(strange.facts().doubts[0].text, "filter 'Qx-17' is not in the filter list");
}

TEST(Values, FilterNamesInSearches) {
  EXPECT_TRUE(cameras().same_filter("g.MP9401", "g"));
  EXPECT_TRUE(cameras().same_filter("g DECam SDSS c0001 4720.0 1520.0", "G"));
  EXPECT_TRUE(cameras().same_filter("g.MP9401", "G.mp9401"));
  EXPECT_TRUE(cameras().same_filter("Qx-17", "qX-17"));
  EXPECT_FALSE(cameras().same_filter("g.MP9401", "r"));
  EXPECT_FALSE(cameras().same_filter("g.MP9401", "g.MP9402"));
  EXPECT_EQ(cameras().canonical_filter("no such filter"), std::nullopt);
}

TEST(Values, ExposureUnitsAndRanges) {
  File plate;
  single(plate).add("EXPOSURE", 70.0, "Exposure time minutes");
  plate.headers.hdus[0].header.add("EXPTIME", 0.0);
  EXPECT_EQ(plate.only().exptime.value, 4200);
  File negative;
  single(negative).add("EXPTIME", -1);
  EXPECT_EQ(negative.only().exptime.value, std::nullopt);
  negative.headers.hdus[0].header.add("INTTIME", 5);
  EXPECT_EQ(negative.only().exptime.keyword, "INTTIME");
  File text;
  single(text).add("EXPTIME", "53.907456");
  EXPECT_EQ(text.only().exptime.value, 53.907456);
}

TEST(Values, ExtensionBeforePrimary) {
  File file;
  file.add({}).header.add("EXPTIME", 10.0);
  file.headers.hdus[0].header.add("OBJECT", "M31");
  file.extension("ccd00").header.add("EXPTIME", 20.0);
  file.extension("ccd01");
  const FileFacts facts = file.facts();
  EXPECT_EQ(facts.images[0].exptime.value, 20);
  EXPECT_EQ(facts.images[0].exptime.hdu, 1);
  EXPECT_EQ(facts.images[1].exptime.value, 10);
  EXPECT_EQ(facts.images[1].exptime.hdu, 0);
  EXPECT_EQ(facts.images[1].object.value, "M31");
}

TEST(Values, TemperaturesInTwoUnits) {
  File celsius;
  single(celsius).add("CCDTEMP", -102.7);
  EXPECT_NEAR(*celsius.only().dettemp.value, -102.7, 1e-9);
  File kelvin;
  single(kelvin).add("CCDTEMP", 173.0);
  EXPECT_NEAR(*kelvin.only().dettemp.value, -100.15, 1e-9);
}

// Facts are remembered from file to file while their cards are alike; those of a WCS are many.
TEST(Values, AWcsIsThatOfItsOwnFile) {
  const auto centre = [](double ra) {
    File file;
    Header& header = single(file);
    header.add("CTYPE1", "RA---TAN");
    header.add("CTYPE2", "DEC--TAN");
    header.add("CRPIX1", 4.5);
    header.add("CRPIX2", 4.5);
    header.add("CRVAL1", ra);
    header.add("CRVAL2", 20.0);
    header.add("CDELT1", -0.001);
    header.add("CDELT2", 0.001);
    for (const char* keyword : {"INSTRUME", "OBJECT", "FILTER", "OBSTYPE"}) header.add(keyword, "R");
    header.add("EXPTIME", 10.0);
    header.add("DATE-OBS", "2010-01-02T03:04:05");
    return file.only().ra.value.value_or(-1);
  };
  EXPECT_NEAR(centre(100.0), 100, 1e-4);
  EXPECT_NEAR(centre(200.0), 200, 1e-4);
}

TEST(Values, LongTextsStayWhole) {
  File file;
  const std::string name(300, 'x');
  single(file).add("OBJECT", name);
  EXPECT_EQ(file.only().object.value, name);
}

TEST(Tables, EveryBuiltInTableLoads) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(IMREG_SOURCE_DIR "/formats/cameras"))
    if (file.path().extension() == ".cam") names.push_back(file.path().stem().string());
  EXPECT_THAT(names, Contains("generic"));
  EXPECT_THAT(cameras().names(), UnorderedElementsAreArray(names));
}

// Facts are remembered from image to image; those that depend on more than their cards must not be.
TEST(Memory, NothingOfAnotherImageStays) {
  const auto image = [](Header& header, double crval, const char* filter) {
    header.add("OBJECT", "M 1");
    header.add("FILTER", filter);
    header.add("CTYPE1", "RA---TAN");
    header.add("CTYPE2", "DEC--TAN");
    header.add("CRVAL1", crval);
    header.add("CRVAL2", crval / 2);
    header.add("CRPIX1", 50.0);
    header.add("CRPIX2", 50.0);
    header.add("CDELT1", -1e-4);
    header.add("CDELT2", 1e-4);
  };
  for (const double crval : {10.0, 20.0, 20.0, 30.0}) {
    File file;
    image(single(file), crval, crval == 20 ? "r" : "g");
    const ImageFacts facts = file.only();
    EXPECT_NEAR(facts.ra.value.value_or(0), crval, 0.01);
    EXPECT_NEAR(facts.dec.value.value_or(0), crval / 2, 0.01);
    EXPECT_EQ(facts.filter.value, crval == 20 ? "r" : "g");
    EXPECT_EQ(facts.object.value, "M 1");
  }
}

// What must be said of a header is said of every one.
TEST(Memory, DoubtsAreSaidAgain) {
  for (int i = 0; i < 3; ++i) {
    File file;
    Header& header = single(file);
    header.add("DATE-OBS", "2003-01-27T10:00:00");
    header.add("MJD-OBS", 40000.5);
    header.add("EXPTIME", "long");
    header.add("FILTER", "no such filter");
    const FileFacts facts = file.facts();
    EXPECT_EQ(facts.doubts.size(), 3u);
  }
}

TEST(Tables, TheMostSpecialOneIsChosen) {
  const auto chosen = [](const char* telescope, const char* instrument) {
    File file;
    single(file).add("TELESCOP", telescope);
    file.headers.hdus[0].header.add("INSTRUME", instrument);
    return file.facts().camera;
  };
  EXPECT_EQ(chosen("CFHT 3.6m", "MegaPrime"), "cfht-megaprime");
  EXPECT_EQ(chosen("CFHT 3.6m", "ESPaDOnS"), "cfht-espadons");
  EXPECT_EQ(chosen("CFHT 3.6m", "a new one"), "cfht");
  EXPECT_EQ(chosen("HST", "acs"), "hst-acs");
  EXPECT_EQ(chosen("HST", "WFC3"), "hst-wfc3");
  EXPECT_EQ(chosen("HST", "FGS"), "hst");
  EXPECT_EQ(chosen("Feder", "Apogee Alta"), "generic");
}

}  // namespace
}  // namespace imreg
