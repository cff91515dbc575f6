// The habits of the tables for Gemini, DAO, CPAPIR and CFHT: coadds, wheels, chips, times. All headers are made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imreg/camera.h"
#include "imreg/date.h"

namespace imreg {
namespace {

using ::testing::ElementsAre;

struct File {
  FitsHeaders headers;
  File() { headers.hdus.reserve(16); }  // references to headers stay good
  Header& hdu(std::vector<std::int64_t> axes) {
    Hdu hdu;
    hdu.number = static_cast<int>(headers.hdus.size());
    hdu.kind = axes.empty() ? HduKind::empty : HduKind::image;
    hdu.axes = std::move(axes);
    headers.hdus.push_back(std::move(hdu));
    return headers.hdus.back().header;
  }
  Header& extension(const char* name = "SCI") {
    Header& header = hdu({8, 8});
    header.add("EXTNAME", name);
    return header;
  }
  FileFacts facts() const {
    static const Result<Cameras> cameras = Cameras::load();
    EXPECT_TRUE(cameras.ok()) << cameras.status().text();
    Cameras::Options options;
    options.explain = true;
    const Result<FileFacts> out = cameras->translate("/data/f.fits", headers, options);
    EXPECT_TRUE(out.ok()) << out.status().text();
    return out.ok() ? *out : FileFacts();
  }
  ImageFacts only(const std::string& camera) const {
    const FileFacts out = facts();
    EXPECT_EQ(out.camera, camera);
    EXPECT_EQ(out.images.size(), 1u) << out.why_none;
    return out.images.empty() ? ImageFacts() : out.images[0];
  }
};

std::string iso(const Fact<double>& time) { return time.value ? format_iso(*time.value) : "unknown"; }

// The primary HDU of an exposure at Gemini.
Header& gemini(File& file, const char* instrument, const char* obstype = "OBJECT") {
  Header& header = file.hdu({});
  header.add("TELESCOP", "Gemini-North");
  header.add("INSTRUME", instrument);
  header.add("OBSTYPE", obstype);
  header.add("DATE-OBS", "2010-02-03");
  return header;
}

std::vector<int> ccds(const FileFacts& facts) {
  std::vector<int> out;
  for (const ImageFacts& image : facts.images) out.push_back(image.ccd.value.value_or(-1));
  return out;
}

TEST(Gemini, ExptimeIsOfACoaddUntilPrepared) {
  File raw;
  Header& header = gemini(raw, "NIRI");
  header.add("EXPTIME", 2.5);
  header.add("COADDS", 4);
  raw.extension();
  EXPECT_EQ(raw.only("gemini").exptime.value, 10);
  header.add("PREPARE", "2010-02-04T01:00:00");
  EXPECT_EQ(raw.only("gemini").exptime.value, 2.5);

  File single;
  gemini(single, "NIFS").add("EXPTIME", 30.0);
  single.extension();
  EXPECT_EQ(single.only("gemini").exptime.value, 30);
}

TEST(Gemini, TheDetectorsClockGoesFirst) {
  File file;
  Header& header = gemini(file, "F2");
  header.add("UT", "05:06:00.5");
  header.add("TIME-OBS", "05:06:01.5");
  file.extension();
  EXPECT_EQ(iso(file.only("gemini-f2").obstime), "2010-02-03T05:06:01.5Z");
  header.add("UTSTART", "05:06:07.25");
  EXPECT_EQ(iso(file.only("gemini-f2").obstime), "2010-02-03T05:06:07.25Z");
}

TEST(Gemini, WheelsWithoutOpenPlacesAndPupilMasks) {
  const auto filter = [](const char* first, const char* second, const char* third) {
    File file;
    Header& header = gemini(file, "NIRI");
    header.add("FILTER1", first);
    header.add("FILTER2", second);
    if (*third != '\0') header.add("FILTER3", third);
    file.extension();
    return file.only("gemini").filter.value.value_or("unknown");
  };
  EXPECT_EQ(filter("open1-6", "g_G0301", ""), "g_G0301");
  EXPECT_EQ(filter("GG455_G0305", "g_G0301", ""), "GG455_G0305+g_G0301");
  EXPECT_EQ(filter("open1-6", "open2-8", ""), "CLEAR");
  EXPECT_EQ(filter("K_G0204", "open", "Pupil38_G5207"), "K_G0204");
  EXPECT_EQ(filter("Ksort_G0211", "blank", "Kgrism_G5204"), "Ksort_G0211+blank+Kgrism_G5204");
  EXPECT_EQ(filter("INVALID", "No Value", ""), "unknown");
}

TEST(Gemini, ShortNamesFindAFilter) {
  const Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  EXPECT_TRUE(cameras->same_filter("g_G0301", "g"));
  EXPECT_TRUE(cameras->same_filter("GG455_G0305+g_G0301", "g"));
  EXPECT_FALSE(cameras->same_filter("GG455_G0305", "g"));
  EXPECT_TRUE(cameras->same_filter("Kshort_G1105", "Ks"));
  EXPECT_TRUE(cameras->same_filter("SDSS r prime", "r"));
  EXPECT_TRUE(cameras->same_filter("Ha.MP9603", "Ha"));
  EXPECT_EQ(cameras->canonical_filter("Kshort_G1105"), "Kshort_G1105");
}

TEST(Gemini, FlatsAreObjectsByTheirName) {
  const auto type = [](const char* obstype, const char* object) {
    File file;
    gemini(file, "GNIRS", obstype).add("OBJECT", object);
    file.extension();
    return file.only("gemini-gnirs").type.value.value_or("unknown");
  };
  EXPECT_EQ(type("OBJECT", "Twilight"), "flat");
  EXPECT_EQ(type("CAL", "GCALflat"), "flat");
  EXPECT_EQ(type("DARK", "Twilight"), "dark");
  EXPECT_EQ(type("OBJECT", "M 33"), "object");
  EXPECT_EQ(type("ARC", "CuAr"), "unknown");
}

TEST(Gemini, AzimuthAndElevationAreNoPosition) {
  File file;
  Header& header = gemini(file, "NIFS");
  header.add("RA", 120.5);
  header.add("DEC", 45.25);
  Header& sky = file.extension();
  sky.add("CTYPE1", "RA---TAN");
  sky.add("CTYPE2", "DEC--TAN");
  sky.add("CRPIX1", 4.5);
  sky.add("CRPIX2", 4.5);
  sky.add("CRVAL1", 33.0);
  sky.add("CRVAL2", 19.75);
  sky.add("RADECSYS", "FK5");
  sky.add("CD1_1", -1e-5);
  sky.add("CD2_2", 1e-5);
  EXPECT_NEAR(file.only("gemini").ra.value.value_or(-1), 120.5, 1e-5);
  header.add("FRAME", "AZEL_TOPO");
  EXPECT_NEAR(file.only("gemini").ra.value.value_or(-1), 33.0, 1e-5);
  EXPECT_NEAR(file.only("gemini").dec.value.value_or(-1), 19.75, 1e-5);

  File silent;
  Header& none = gemini(silent, "NIFS");
  none.add("RA", -9999.0);
  none.add("DEC", -9999.0);
  none.add("FRAME", "No Value");
  silent.extension().add("CRVAL1", 75.0);
  EXPECT_EQ(silent.only("gemini").ra.value, std::nullopt);
}

TEST(Gemini, GmosAmplifiersAndRegionsAreOneCcd) {
  File file;
  gemini(file, "GMOS-N");
  const char* amps[][2] = {{"EEV 9273-20-04", "[2049:3072,1:500]"},
                           {"EEV 9273-20-04", "[2049:3072,900:1400]"},
                           {"EEV 9273-20-03", "[4097:5120,1:500]"}};
  for (const auto& [name, section] : amps) {
    Header& header = file.extension();
    header.add("CCDNAME", name);
    header.add("AMPNAME", std::string(name) + ", left");
    header.add("DETSEC", section);
  }
  const FileFacts facts = file.facts();
  EXPECT_EQ(facts.camera, "gemini-gmos");
  EXPECT_THAT(ccds(facts), ElementsAre(1, 2));
  EXPECT_EQ(facts.images.at(0).chip.value, "EEV 9273-20-04");
}

TEST(Gemini, GsaoiArrays) {
  File file;
  gemini(file, "GSAOI").add("DETTEMP", 45.0);
  for (const char* name : {"G2", "G4"}) file.extension().add("CCDNAME", name);
  const FileFacts facts = file.facts();
  EXPECT_THAT(ccds(facts), ElementsAre(1, 3));
  EXPECT_NEAR(facts.images.at(0).dettemp.value.value_or(0), 45 - 273.15, 1e-9);
}

TEST(Gemini, ArraysWithExposuresOfTheirOwn) {
  File nici;
  Header& header = gemini(nici, "NICI");
  header.add("ITIME_R", 2.0);
  header.add("NCOADD_R", 10);
  header.add("ITIME_B", 3.0);
  header.add("NCOADD_B", 5);
  header.add("FILTER_R", "H_G0728");
  header.add("FILTER_B", "J_G0702");
  nici.extension().add("FILTER_R", "H_G0728");
  nici.extension().add("FILTER_B", "J_G0702");
  const FileFacts facts = nici.facts();
  EXPECT_EQ(facts.camera, "gemini-nici");
  ASSERT_EQ(facts.images.size(), 2u);
  EXPECT_EQ(facts.images[0].exptime.value, 20);
  EXPECT_EQ(facts.images[1].exptime.value, 15);
  EXPECT_EQ(facts.images[1].filter.value, "J_G0702");

  File gpi;
  gemini(gpi, "GPI").add("COADDS", 3);
  Header& cube = gpi.extension();
  cube.add("ITIME", 60.0);
  cube.add("CRVAL1", 1.0);
  EXPECT_EQ(gpi.only("gemini-gpi").exptime.value, 180);

  File michelle;
  Header& nods = gemini(michelle, "michelle");
  nods.add("EXPOSURE", 2.5);
  nods.add("NUMEXPOS", 4);
  nods.add("NUMEXT", 3);
  michelle.extension();
  EXPECT_EQ(michelle.only("gemini-michelle").exptime.value, 30);
}

TEST(Gemini, NodsOfTrecsAreOneExposure) {
  File file;
  Header& header = gemini(file, "TReCS");
  header.add("OBJTIME", 90.0);
  header.add("UTSTART", "07:00:00.0");
  for (const char* start : {"07:00:15.5", "07:01:15.5"}) {
    Header& nod = file.hdu({8, 8, 2, 3});
    nod.add("NOD", "A");
    nod.add("UTSTART", start);
  }
  const ImageFacts image = file.only("gemini-trecs");
  EXPECT_EQ(image.exptime.value, 90);
  EXPECT_EQ(iso(image.obstime), "2010-02-03T07:00:15.5Z");
}

TEST(Gemini, FlamingosHasTheDateOfTheMorning) {
  File file;
  Header& header = gemini(file, "FLAMINGOS");
  header.add("UTCDATE", "2010-02-02");
  header.add("UTC", "23:15:00.0");
  header.add("EXP_TIME", 5);
  header.add("OBS_TYPE", "Object");
  header.add("OBJECT", "Dark");
  header.add("GRISM", "true_dark");
  header.add("RA_TEL", "01:00:00.0");
  header.add("DEC_TEL", "-30:00:00.0");
  file.extension();
  const ImageFacts image = file.only("gemini-flamingos");
  EXPECT_EQ(iso(image.obstime), "2010-02-02T23:15:00Z");
  EXPECT_EQ(image.type.value, "dark");
  EXPECT_EQ(image.exptime.value, 5);
  EXPECT_NEAR(image.ra.value.value_or(-1), 15, 1e-5);
}

TEST(Gemini, SpeckleCubes) {
  File file;
  Header& header = file.hdu({8, 8, 100});
  header.add("TELESCOP", "Gemini-South");
  header.add("INSTRUME", "Zorro");
  header.add("DATE-OBS", "2020-01-01");
  header.add("UTC", "00:10:30.0", "UTC time at end of observation");
  header.add("OBSTIME", 1577837401.5, "UTC at start of observation");
  header.add("EXPTIME", 0.06);
  header.add("EXPOSURE", 6.0);
  header.add("FILTER", "clear");
  const ImageFacts image = file.only("gemini-speckle");
  EXPECT_EQ(iso(image.obstime), "2020-01-01T00:10:01.5Z");
  EXPECT_EQ(image.exptime.value, 6);
  EXPECT_EQ(image.filter.value, "clear");
}

TEST(Gemini, VisitorsWithHeadersOfTheirOwn) {
  File texes;
  Header& header = gemini(texes, "TEXES");
  header.add("OBSTIME", 8.1);
  header.add("FILTER", 283.8);
  for (int i = 0; i < 3; ++i) texes.extension("RAWFRAME");
  const ImageFacts frames = texes.only("gemini-texes");
  EXPECT_EQ(frames.exptime.value, 8.1);
  EXPECT_EQ(frames.filter.value, std::nullopt);

  File phoenix;
  gemini(phoenix, "PHOENIX").add("FILT_POS", "4308 (6)");
  phoenix.extension();
  EXPECT_EQ(phoenix.only("gemini-phoenix").filter.value, "4308");

  File graces;
  Header& shutter = graces.hdu({8, 8});
  shutter.add("TELESCOP", "Gemini-North");
  shutter.add("INSTRUME", "GRACES");
  shutter.add("SHUTOPEN", "2015-08-07T8:09:54.5");
  shutter.add("MJDATE", "57241.340");
  EXPECT_EQ(iso(graces.only("gemini-graces").obstime), "2015-08-07T08:09:54.5Z");

  File camera;
  Header& wfs = gemini(camera, "hrwfs");
  wfs.add("UTSTART", "2010-02-03T04:05:06");
  wfs.add("TIME-OBS", "04:05:06.75");
  wfs.add("MJDOBS", 55230.17);
  wfs.add("RA", 2.0);
  wfs.add("DEC", -60.0);
  wfs.add("FILTER1", "undefined");
  wfs.add("FILTER2", "open");
  camera.extension();
  const ImageFacts image = camera.only("gemini-hrwfs");
  EXPECT_EQ(iso(image.obstime), "2010-02-03T04:05:06.75Z");
  EXPECT_NEAR(image.ra.value.value_or(-1), 30, 1e-5);
  EXPECT_EQ(image.filter.value, std::nullopt);

  File cirpass;
  Header& fibres = cirpass.hdu({});
  fibres.add("INSTRUME", "CIRPASS");
  fibres.add("DATE_OBS", "2003-03-09T03:28:04", "Sequence started");
  fibres.add("UTC_DATE", "2003-03-09");
  fibres.add("UTC", "02:28:54.3");
  fibres.add("EXP_TIME", 900);
  fibres.add("INT_TIME", 900.5);
  for (const char* name : {"SCI", "VAR", "DQ", "SCI", "VAR", "DQ"}) cirpass.extension(name);
  const ImageFacts reads = cirpass.only("gemini-cirpass");
  EXPECT_EQ(iso(reads.obstime), "2003-03-09T02:28:54.3Z");
  EXPECT_EQ(reads.exptime.value, 900.5);
}

TEST(Dao, TemperaturesAndFilters) {
  File file;
  Header& header = file.hdu({8, 8});
  header.add("TELESCOP", "1.2-m");
  header.add("OBSERVAT", "DAO");
  header.add("DATE-OBS", "2007-01-25T05:57:41");
  header.add("OBSTYPE", "comparison        ");
  header.add("CCDTEM", -105.8);
  header.add("OSFILTER", "Empty");
  header.add("M1_TEMP", 4.5);
  header.add("OUT_TEMP", 6.0);
  const ImageFacts image = file.only("dao");
  EXPECT_EQ(iso(image.obstime), "2007-01-25T05:57:41Z");
  EXPECT_EQ(image.dettemp.value, -105.8);
  EXPECT_EQ(image.teltemp[0].value, 4.5);
  EXPECT_EQ(image.teltemp[2].value, 6.0);
  EXPECT_EQ(image.type.value, std::nullopt);
  EXPECT_EQ(image.filter.value, std::nullopt);
}

TEST(Dao, PixelScaleOfTheImager) {
  const auto scale = [](double plate, const char* comment) {
    File file;
    Header& header = file.hdu({8, 8});
    header.add("TELESCOP", "1.8-m");
    header.add("OBSERVAT", "DAO");
    header.add("PLTSCALE", plate, comment);
    header.add("PIXSIZE", 15.0);
    header.add("XBIN", 2);
    return file.only("dao").pixscale.value.value_or(-1);
  };
  EXPECT_NEAR(scale(20, "Plate scale, arcsec/mm"), 0.6, 1e-9);
  EXPECT_EQ(scale(161, "Plate scale, microns/arcsec at tel focus"), -1);
}

TEST(Cpapir, CoaddsAndStacks) {
  const auto frame = [](File& file) -> Header& {
    Header& header = file.hdu({8, 8});
    header.add("TELESCOP", "OMM-1.6m");
    header.add("INSTRUME", "CPAPIR");
    header.add("DATE-OBS", "2016-09-30T04:08:22");
    header.add("TEXP", 10.0, "Exposure time asked for");
    header.add("NCOA", 2);
    return header;
  };
  File asked;
  frame(asked);
  EXPECT_EQ(asked.only("omm-cpapir").exptime.value, 20);
  File raw;
  Header& header = frame(raw);
  header.add("TEFF", 9.5, "integration time per COADD");
  header.add("DATATYPE", "SCIENCE");
  EXPECT_EQ(raw.only("omm-cpapir").exptime.value, 19);
  EXPECT_EQ(raw.only("omm-cpapir").type.value, "object");
  header.add("T_TOT", 19.25, "total integration time for all COADDS");
  EXPECT_EQ(raw.only("omm-cpapir").exptime.value, 19.25);

  File stack;
  Header& sum = frame(stack);
  sum.add("TEFF", 2500.0, "total exposure time in seconds");
  sum.add("T_TOT", 19.25);
  sum.add("DATATYPE", "REDUC");
  sum.add("MJD_STAR", 57661.625, "MJDATE of first exposure");
  EXPECT_EQ(stack.only("omm-cpapir").exptime.value, 2500);
  EXPECT_EQ(stack.only("omm-cpapir").type.value, "object");
  EXPECT_EQ(iso(stack.only("omm-cpapir").obstime), "2016-09-30T03:00:00Z");

  File dark;
  Header& lamp = frame(dark);
  lamp.add("DATATYPE", "CALIB");
  lamp.add("OBJECT", "domeflat_dark_OFF");
  lamp.add("FILTER", "dark");
  EXPECT_EQ(dark.only("omm-cpapir").type.value, "dark");
}

TEST(Cfht, StacksWithoutACamera) {
  File file;
  Header& header = file.hdu({8, 8});
  header.add("SOFTNAME", "SWarp");
  header.add("FILTER", "R.MP9601");
  header.add("MJD-OBS", 56417.5);
  ImageFacts image = file.only("cfht-stack");
  EXPECT_EQ(image.instrument.value, "MegaPrime");
  EXPECT_EQ(image.filter.value, "r.MP9601");
  EXPECT_EQ(image.type.value, "object");
  header.add("OBJECT", "Bad Pixels Map");
  EXPECT_EQ(file.only("cfht-stack").type.value, "mask");
}

TEST(Cfht, GuideCubesHaveNoRowsForTheirPlanes) {
  File wircam;
  Header& header = wircam.hdu({8, 8, 700});
  header.add("INSTRUME", "WIRCam");
  header.add("DATE-OBS", "2006-03-18");
  header.add("UTC-OBS", "13:53:36.5");
  header.add("MJD-OBS", 53812.5);
  header.add("MJDEND", 53812.625);
  EXPECT_EQ(iso(wircam.only("cfht-wircam-guide").obstime), "2006-03-18T13:53:36.5Z");
  EXPECT_NEAR(wircam.only("cfht-wircam-guide").exptime.value.value_or(-1), 10800, 1e-3);

  File spirou;
  Header& guide = spirou.hdu({8, 8, 50});
  guide.add("INSTRUME", "SPIRou");
  guide.add("ETYPE", "GUIDE");
  guide.add("DATE", "2020-09-10T15:38:31", "UTC Date of first image");
  guide.add("ETIME", 60.0);
  guide.add("NAXIS3", 50);
  const ImageFacts image = spirou.only("cfht-spirou-guide");
  EXPECT_EQ(iso(image.obstime), "2020-09-10T15:38:31Z");
  EXPECT_EQ(image.exptime.value, 3);
}

TEST(Cfht, ImagesOfTheRubinPipelinesKeepUtc) {
  for (const bool by_clock : {true, false}) {
    File file;
    Header& header = file.hdu({8, 8});
    header.add("INSTRUME", "MegaPrime");
    header.add("TIMESYS", "TAI");
    header.add("DATE-OBS", "2006-05-06");
    header.add("MJDATE", 53861.25);
    if (by_clock) header.add("UTIME", "6:00:00.00");
    EXPECT_EQ(iso(file.only("cfht-megaprime").obstime), "2006-05-06T06:00:00Z");
  }
}

TEST(Cfht, PolarimetryIsFourExposures) {
  File file;
  Header& header = file.hdu({8, 8});
  header.add("INSTRUME", "ESPaDOnS");
  header.add("TELESCOP", "CFHT 3.6m");
  for (const char* number : {"1", "2", "3", "4"}) header.add(std::string("EXPTIME") + number, "96.0000");
  header.add("DATE-OB1", "2019-11-21");
  header.add("UTC-OBS1", "15:56:11.75");
  header.add("UTIME", "06:29:15", "UTC time of reduction");
  const ImageFacts image = file.only("cfht-espadons");
  EXPECT_EQ(image.exptime.value, 384);
  EXPECT_EQ(iso(image.obstime), "2019-11-21T15:56:11.75Z");
}

}  // namespace
}  // namespace imreg
