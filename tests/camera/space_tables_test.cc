// The tables of space and solar telescopes: small headers with made-up values show the habits of each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "imreg/camera.h"
#include "imreg/date.h"

namespace imreg {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Optional;

const Cameras& cameras() {
  static const Result<Cameras> loaded = Cameras::load();
  EXPECT_TRUE(loaded.ok()) << loaded.status().text();
  return *loaded;
}

// Cards, one a line; an HDU begins with "--" and, for an extension, its name; it has 8 x 8 pixels unless a line
// "NAXIS = 0" (none) or "NAXIS3 = n" says otherwise.
FileFacts read(std::string_view text, const std::string& path = "/data/f.fits") {
  FitsHeaders file;
  std::string cards;
  const auto close = [&] {
    if (file.hdus.empty()) return;
    Hdu& hdu = file.hdus.back();
    hdu.header = Header(std::move(cards));
    cards.clear();
    hdu.axes = {8, 8};
    if (const auto planes = hdu.header.integer_of("NAXIS3")) hdu.axes.push_back(*planes);
    if (hdu.header.integer_of("NAXIS") == 0) hdu.axes.clear();
    hdu.kind = hdu.axes.empty() ? HduKind::empty : HduKind::image;
  };
  const auto card = [&](std::string line) {
    line.resize(kCardSize, ' ');
    cards += line;
  };
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    if (!line.starts_with("--")) {
      const std::size_t equals = line.find('=');
      card(std::string(trim(line.substr(0, equals))) + std::string(8 - trim(line.substr(0, equals)).size(), ' ') +
           "= " + std::string(trim(line.substr(equals + 1))));
      continue;
    }
    close();
    file.hdus.emplace_back();
    file.hdus.back().number = static_cast<int>(file.hdus.size()) - 1;
    if (const std::string_view name = trim(line.substr(2)); !name.empty())
      card("EXTNAME = '" + std::string(name) + "'");
  }
  close();
  Cameras::Options options;
  options.explain = true;  // the geometry too
  const Result<FileFacts> out = cameras().translate(path, file, options);
  EXPECT_TRUE(out.ok()) << out.status().text();
  return out.ok() ? *out : FileFacts();
}

ImageFacts only(std::string_view text, const std::string& camera) {
  const FileFacts facts = read(text);
  EXPECT_EQ(facts.camera, camera);
  EXPECT_EQ(facts.images.size(), 1u) << facts.why_none;
  return facts.images.empty() ? ImageFacts() : facts.images[0];
}

std::vector<int> extensions(const FileFacts& facts) {
  std::vector<int> out;
  for (const ImageFacts& image : facts.images) out.push_back(image.extension);
  return out;
}

std::string iso(const Fact<double>& time) { return time.value ? format_iso(*time.value) : "unknown"; }

TEST(Hst, TargetElseApertureAndBothWheels) {
  const FileFacts facts = read(
      "--\nNAXIS = 0\nTELESCOP= 'HST'\nINSTRUME= 'ACS'\nDETECTOR= 'WFC'\nIMAGETYP= 'EXT'\nFILTER1 = 'F606W'\n"
      "FILTER2 = 'POL0V'\nRA_TARG = 10.0\nDEC_TARG= 20.0\nDATE-OBS= '2011-03-04'\nTIME-OBS= '05:06:07'\nEXPTIME = "
      "30.5\n"
      "-- SCI\nCCDCHIP = 2\nRA_APER = 10.5\nDEC_APER= 20.5\n-- ERR\n-- DQ\n-- SCI\nCCDCHIP = 1\n-- ERR\n-- DQ\n");
  EXPECT_EQ(facts.camera, "hst-acs");
  EXPECT_THAT(extensions(facts), ElementsAre(1, 4));
  EXPECT_EQ(facts.images[0].ccd.value, 2);
  EXPECT_EQ(facts.images[0].filter.value, "F606W+POL0V");
  EXPECT_EQ(facts.images[0].type.value, "object");
  EXPECT_EQ(iso(facts.images[0].obstime), "2011-03-04T05:06:07Z");
  EXPECT_THAT(facts.images[0].ra.value, Optional(DoubleNear(10, 1e-4)));
  EXPECT_THAT(facts.images[1].ra.value, Optional(DoubleNear(10, 1e-4)));
}

TEST(Hst, ExposuresOfStisAreNoChips) {
  const FileFacts facts = read(
      "--\nNAXIS = 0\nTELESCOP= 'HST'\nINSTRUME= 'STIS'\nTDATEOBS= '1999-01-02'\nTTIMEOBS= '03:04:05'\nOBSTYPE = "
      "'SPECTROSCOPIC'\nSCLAMP  = 'NONE'\nOPT_ELEM= "
      "'G430L'\n"
      "FILTER  = 'Clear'\nTARGNAME= 'STAR'\nTEXPTIME= 60.0\n"
      "-- SCI\nEXPTIME = 20.0\nDATE-OBS= '1999-01-02'\nTIME-OBS= '03:04:05'\n-- ERR\n-- DQ\n"
      "-- SCI\nEXPTIME = 40.0\nDATE-OBS= '1999-01-02'\nTIME-OBS= '03:05:05'\n-- ERR\n-- DQ\n");
  EXPECT_EQ(facts.camera, "hst-stis");
  EXPECT_THAT(extensions(facts), ElementsAre(1, 4));
  EXPECT_EQ(facts.images[1].ccd.value, 0);
  EXPECT_EQ(facts.images[1].exptime.value, 40);
  EXPECT_EQ(iso(facts.images[1].obstime), "1999-01-02T03:05:05Z");
  EXPECT_EQ(facts.images[1].filter.value, "G430L");
  EXPECT_EQ(facts.images[1].type.value, "object");
}

TEST(Hst, LampsAndDarksAreNoObjects) {
  const std::string stis = "--\nTELESCOP= 'HST'\nINSTRUME= 'STIS'\nFILTER = 'F28X50LP'\nOPT_ELEM= 'MIRVIS'\n";
  EXPECT_EQ(only(stis + "OBSTYPE = 'INTERNAL'\nSCLAMP = 'NONE'\nTARGNAME= 'DARK'\n", "hst-stis").type.value, "dark");
  EXPECT_FALSE(only(stis + "OBSTYPE = 'SPECTROSCOPIC'\nSCLAMP = 'HITM1'\nTARGNAME= 'WAVE'\n", "hst-stis").type.value);
  EXPECT_EQ(only(stis, "hst-stis").filter.value, "F28X50LP");
  EXPECT_EQ(only("--\nTELESCOP= 'HST'\nINSTRUME= 'WFPC2'\nIMAGETYP= 'VFLAT'\n", "hst-wfpc2").type.value, "flat");
}

TEST(Hst, DetectorsOfWfpc2WithTheirTemperatures) {
  const FileFacts facts = read(
      "--\nNAXIS = 0\nINSTRUME= 'WFPC2'\nFILTNAM1= 'F555W'\nFILTNAM2= 'POLQ'\nFILTER1 = 33\nDATE-OBS= '19/05/94'\n"
      "TIME-OBS= '15:41:16'\nUCH1CJTM= -88.0\nUCH4CJTM= -89.0\n-- SCI\nDETECTOR= 1\n-- SCI\nDETECTOR= 4\n");
  ASSERT_EQ(facts.images.size(), 2u);
  EXPECT_EQ(facts.images[1].ccd.value, 4);
  EXPECT_EQ(facts.images[1].dettemp.value, -89);
  EXPECT_EQ(facts.images[1].filter.value, "F555W+POLQ");
  EXPECT_EQ(iso(facts.images[1].obstime), "1994-05-19T15:41:16Z");
}

TEST(Hst, CorrectionsOfReferenceFilesAreNoImages) {
  EXPECT_TRUE(read("--\nNAXIS = 0\nTELESCOP= 'HST'\nINSTRUME= 'ACS'\n-- DX\n-- DY\n").images.empty());
}

TEST(Rows, OneDetectorHasOneNumberAndOnlySciencePixels) {
  const std::string head = "--\nNAXIS = 0\nTELESCOP= ";
  const FileFacts wfc3 = read(head + "'HST'\nINSTRUME= 'WFC3'\nDETECTOR= 'IR'\n-- SCI\n-- SAMP\n-- TIME\n-- SCI\n");
  EXPECT_THAT(extensions(wfc3), ElementsAre(1, 4));
  EXPECT_EQ(wfc3.images.at(1).ccd.value, 0);
  const FileFacts slits = read(head + "'JWST'\n-- SCI\n-- PATHLOSS_PS\n-- SCI\n-- PIXELDQ\n");
  EXPECT_THAT(extensions(slits), ElementsAre(1, 3));
  EXPECT_EQ(slits.images.at(1).ccd.value, 0);
  EXPECT_THAT(extensions(read(head + "'TESS'\n-- CAMERA.CCD 1.1 cal\n-- CAMERA.CCD 1.1 uncert\n")), ElementsAre(1));
  EXPECT_THAT(extensions(read(head + "'KEPLER'\n-- MOD.OUT 2.1\n-- UNCERT 2.1\n-- APERTURE\n")), ElementsAre(1));
  EXPECT_THAT(extensions(read(head + "'HERSCHEL'\n-- image\n-- stDev\n-- coverage\n-- exposure\n")), ElementsAre(1));
}

TEST(Jwst, ScienceOnlyAndNoRowsForGroups) {
  const FileFacts facts = read(
      "--\nNAXIS = 0\nTELESCOP= 'JWST'\nINSTRUME= 'NIRCAM'\nDETECTOR= 'NRCB3'\nEXP_TYPE= 'NRC_IMAGE'\nFILTER = "
      "'F200W'\n"
      "PUPIL   = 'CLEAR'\nDATE-BEG= '2023-04-05T06:07:08.5'\nDATE-OBS= '2023-04-05'\nTIME-OBS= '06:07:08.5'\n"
      "TIMESYS = 'UTC'\nEFFEXPTM= 311.4\nTARG_RA = 80.0\nTARG_DEC= -69.0\n"
      "-- SCI\nNAXIS3 = 5\nRA_REF = 80.1\nDEC_REF = -69.1\n-- ERR\n-- DQ\n-- AREA\n-- VAR_POISSON\n-- VAR_RNOISE\n-- "
      "VAR_FLAT\n"
      "-- WHT\n-- CON\n");
  EXPECT_EQ(facts.camera, "jwst");
  ASSERT_THAT(extensions(facts), ElementsAre(1));
  const ImageFacts& image = facts.images[0];
  EXPECT_EQ(image.mode, ImageMode::cube);
  EXPECT_EQ(image.chip.value, "NRCB3");
  EXPECT_EQ(image.filter.value, "F200W");
  EXPECT_EQ(image.exptime.value, 311.4);
  EXPECT_EQ(iso(image.obstime), "2023-04-05T06:07:08.5Z");
  EXPECT_EQ(image.ra.value, 80.1);
  EXPECT_EQ(image.type.value, "object");
}

TEST(Jwst, TypesAndWheels) {
  const auto type = [](const std::string& word) {
    return only("--\nTELESCOP= 'JWST'\nEXP_TYPE= '" + word + "'\n", "jwst").type.value;
  };
  EXPECT_EQ(type("MIR_DARKIMG"), "dark");
  EXPECT_EQ(type("FGS_INTFLAT"), "flat");
  EXPECT_EQ(type("NRC_LED"), "flat");
  EXPECT_EQ(type("NIS_SOSS"), "object");
  EXPECT_FALSE(type("NRS_LAMP"));
  EXPECT_EQ(only("--\nTELESCOP= 'JWST'\nFILTER = 'F170LP'\nGRATING = 'G235H'\n", "jwst").filter.value, "F170LP+G235H");
  EXPECT_EQ(only("--\nTELESCOP= 'JWST'\nFILTER = 'CLEAR'\nPUPIL = 'F115W'\n", "jwst").filter.value, "F115W");
}

TEST(Euclid, QuadrantsMakeACcd) {
  const std::string head = "--\nNAXIS = 0\nTELESCOP= 'Euclid'\nINSTRUME= 'VIS'\nEXPTIME = 560.5\n";
  const auto quadrant = [](const std::string& ccd, const std::string& quad) {
    return "-- " + ccd + "." + quad + ".SCI\nCCDID = '" + ccd + "'\nQUADID = '" + quad + "'\n-- " + ccd + "." + quad +
           ".RMS\n-- " + ccd + "." + quad + ".FLG\n";
  };
  const FileFacts facts = read(head + quadrant("1-1", "E") + quadrant("1-1", "F") + quadrant("3-4", "E"));
  EXPECT_EQ(facts.camera, "euclid-vis");
  EXPECT_THAT(extensions(facts), ElementsAre(1, 7));
  EXPECT_EQ(facts.images[1].chip.value, "3-4");
  EXPECT_EQ(facts.images[1].filter.value, "VIS");
}

TEST(Euclid, NispWheelsAndTiles) {
  const FileFacts facts = read(
      "--\nNAXIS = 0\nTELESCOP= 'Euclid'\nINSTRUME= 'NISP'\nFWA_POS = 'J'\nGWA_POS = 'OPEN'\n"
      "-- DET11.SCI\n-- DET11.RMS\n-- DET11.DQ\n-- DET21.SCI\n");
  EXPECT_THAT(extensions(facts), ElementsAre(1, 4));
  EXPECT_EQ(facts.images[0].filter.value, "J");
  const std::string tile = "--\nPIPDEFID= 'MER_ProcessTile_EUCLID_9'\nFILTER = 'NIR_H'\n";
  EXPECT_EQ(only(tile + "COMBINET= 'MEDIAN'\n", "euclid-mer").type.value, "object");
  EXPECT_EQ(only(tile + "COMBINET= 'OR'\n", "euclid-mer").type.value, "mask");
  EXPECT_TRUE(read(tile, "/data/EUC_MER_BGMOD-NIR-H_TILE1.fits").images.empty());
  EXPECT_EQ(read(tile, "/data/EUC_MER_MOSAIC-NIR-H-RMS_TILE1.fits").images.at(0).type.value, "mask");
  EXPECT_TRUE(read("--\nNAXIS = 0\n-- PSF image\nSOFTINST= 'Euclid Consortium'\n").images.empty());
}

TEST(Infrared, ChannelsAreFilters) {
  const std::string spitzer =
      "--\nTELESCOP= 'Spitzer'\nINSTRUME= 'IRAC'\nCHNLNUM = 2\nDATE_OBS= '2007-08-09T10:11:12.5'\n";
  EXPECT_EQ(only(spitzer, "spitzer").filter.value, "IRAC2");
  EXPECT_EQ(iso(only(spitzer, "spitzer").obstime), "2007-08-09T10:11:12.5Z");
  const ImageFacts wise = only(
      "--\nTELESCOP= 'WISE'\nBAND = 3\nDATE_OBS= '2010-02-03T04:05:10.0'\nEXPTIME = 8.0\n"
      "FILETYPE= 'intensity image frame'\n",
      "wise");
  EXPECT_EQ(wise.filter.value, "W3");
  EXPECT_EQ(iso(wise.obstime), "2010-02-03T04:05:06Z");  // DATE_OBS is the middle
  EXPECT_EQ(wise.type.value, "object");
  EXPECT_EQ(only("--\nTELESCOP= 'WISE'\nFILETYPE= 'processing bit mask'\n", "wise").type.value, "mask");
}

TEST(HighEnergy, PointingAndTimeScale) {
  const std::string times =
      "DATE-OBS= '2003-03-04T05:06:07'\nTIMESYS = 'TT'\nRA_OBJ = 10.0\nDEC_OBJ = 10.0\nRA_PNT = 11.0\n"
      "DEC_PNT = 11.0\nOBS_MODE= 'POINTING'\n";
  const ImageFacts xmm = only("--\nTELESCOP= 'XMM'\nINSTRUME= 'EMOS1'\nFILTER = 'Thin1'\nCCDNR = 7\n" + times, "xmm");
  EXPECT_EQ(iso(xmm.obstime), "2003-03-04T05:06:07Z");  // UTC whatever TIMESYS says
  EXPECT_EQ(xmm.ra.value, 11);
  EXPECT_EQ(only("--\nTELESCOP= 'XMM'\nDATE-END= '2003-03-04T05:08:07'\n" + times, "xmm").exptime.value, 120);
  EXPECT_EQ(xmm.ccd.value, 7);
  EXPECT_EQ(xmm.type.value, "object");
  const ImageFacts chandra = only("--\nTELESCOP= 'CHANDRA'\nGRATING = 'NONE'\nEXPOSURE= 4000.5\n" + times, "chandra");
  EXPECT_EQ(iso(chandra.obstime), "2003-03-04T05:05:02.816Z");
  EXPECT_EQ(chandra.exptime.value, 4000.5);
  EXPECT_FALSE(chandra.filter.value);
}

TEST(Photometry, ExposuresInDaysAndUtcBesideTdb) {
  const std::string text =
      "CHANNEL = 31\nCAMERA = 2\nCCD = 3\nEXPOSURE= 0.5\nDATE-OBS= '2019-02-03T04:05:06.7Z'\nTIMESYS = 'TDB'\n";
  for (const std::string camera : {"kepler", "tess"}) {
    const ImageFacts image = only("--\nTELESCOP= '" + camera + "'\n" + text, camera);
    EXPECT_EQ(image.exptime.value, 43200);
    EXPECT_EQ(iso(image.obstime), "2019-02-03T04:05:06.7Z");
    EXPECT_EQ(image.ccd.value, camera == "tess" ? 6 : 31);
  }
}

TEST(Small, NeossatShutterGalexBandIueDates) {
  const std::string neossat = "--\nTELESCOP= 'NEOSSat'\nEXPOSURE= 9.5\nSHUTTER = ";
  EXPECT_EQ(only(neossat + "'1 (closed)'\n", "neossat").type.value, "dark");
  EXPECT_EQ(only(neossat + "'0 (open)'\n", "neossat").type.value, "object");
  EXPECT_EQ(only("--\nTELESCOP= 'GALEX'\nBAND = 2\n", "galex").filter.value, "FUV");
  const ImageFacts iue =
      only("--\nTELESCOP= 'IUE'\nDATEOBS = '02/03/86'\nTIMEOBS = '04:05:06'\nEXPTIME = 60.5\n", "iue");
  EXPECT_EQ(iso(iue.obstime), "1986-03-02T04:05:06Z");
}

TEST(Sun, UnknownTelescopesToo) {
  const ImageFacts image = only(
      "--\nTELESCOP= 'New one'\nCTYPE1  = 'HPLN-TAN'\nCTYPE2  = 'HPLT-TAN'\nCRVAL1 = 10.0\nCRVAL2 = 20.0\nWAVELNTH= "
      "393\n"
      "DATE-BEG= '2021-02-03T04:05:06.5'\nDATE-OBS= '2021-02-03T04:06:06.5'\nOBJECT = '?\?'\n",
      "solar");
  EXPECT_EQ(image.type.value, "object");
  EXPECT_FALSE(image.ra.value);
  EXPECT_FALSE(image.object.value);
  EXPECT_EQ(image.filter.value, "393");
  EXPECT_EQ(iso(image.obstime), "2021-02-03T04:05:06.5Z");
  EXPECT_EQ(only("--\nCTYPE1 = 'HPLN-TAN'\nIMG_TYPE= 'DARK'\n", "solar").type.value, "dark");
}

TEST(Sun, EitWavelengthAndCountsThatAreNoDegrees) {
  const ImageFacts image = only(
      "--\nTELESCOP= 'SOHO'\nINSTRUME= 'EIT'\nDATE-OBS= '03-JAN-97'\nTIME-OBS= '04:05:06'\nWAVELNTH= 284\nFILTER = 'Al "
      "+1'\n"
      "DATE_OBS= '1997-01-03T04:05:06.789Z'\nCCDTEMP = 7.5\nCFTEMP = -66.5\nEXPTIME = 12.5\n",
      "soho-eit");
  EXPECT_EQ(image.filter.value, "284");
  EXPECT_EQ(image.dettemp.value, -66.5);
  EXPECT_EQ(iso(image.obstime), "1997-01-03T04:05:06.789Z");
  EXPECT_EQ(only("--\nTELESCOP= 'Extreme-ultraviolet Imaging Telescope (EIT)'\nOBSRVTRY= 'Observatory (SOHO)'\nTYPE = "
                 "'calib'\n",
                 "soho-eit")
                .type.value,
            "dark");
}

TEST(Sun, WheelsOfCoronagraphsAndXrayTelescopes) {
  const std::string lasco = "--\nTELESCOP= 'SOHO'\nINSTRUME= 'LASCO'\nDETECTOR= 'C2'\nFILTER = 'Orange'\n";
  EXPECT_EQ(only(lasco + "POLAR = 'Clear'\n", "soho-lasco").filter.value, "Orange");
  EXPECT_EQ(only(lasco + "POLAR = '+60 Deg'\nLP_NUM = 'Dark'\n", "soho-lasco").filter.value, "Orange++60 Deg");
  EXPECT_EQ(only(lasco + "LP_NUM = 'Dark'\n", "soho-lasco").type.value, "dark");
  const std::string xrt = "--\nTELESCOP= 'HINODE'\nINSTRUME= 'XRT'\nEC_FW1_ = 'Open'\nCCD_TEMP= 47\nCCD_TMPC= -60.5\n";
  EXPECT_EQ(only(xrt + "EC_FW2_ = 'Ti_poly'\n", "hinode-xrt").filter.value, "Ti_poly");
  EXPECT_EQ(only(xrt, "hinode-xrt").dettemp.value, -60.5);
  EXPECT_EQ(only("--\nTELESCOP= 'HINODE'\nINSTRUME= 'SOT/NB'\nWAVE = 'TF Fe I 6302'\n", "hinode-sot").filter.value,
            "TF Fe I 6302");
}

TEST(Sun, SecchiDetectors) {
  const std::string text =
      "--\nINSTRUME= 'SECCHI'\nFILTER = 'S1'\nCTYPE1A = 'RA---AZP'\nCRVAL1A = -30.0\nCRVAL2A = 10.0\n";
  EXPECT_EQ(only(text + "DETECTOR= 'EUVI'\nWAVELNTH= 304\n", "stereo-secchi").filter.value, "304");
  EXPECT_FALSE(only(text + "DETECTOR= 'EUVI'\n", "stereo-secchi").ra.value);
  const ImageFacts image = only(text + "DETECTOR= 'HI1'\nWAVELNTH= 0\n", "stereo-secchi");
  EXPECT_EQ(image.ra.value, 330);
  EXPECT_EQ(image.chip.value, "HI1");
  EXPECT_EQ(image.filter.value, "S1");
}

TEST(Sun, StartsAndNotMiddles) {
  const ImageFacts hmi = only(
      "--\nTELESCOP= 'SDO/HMI'\nINSTRUME= 'HMI_FRONT2'\nWAVELNTH= 6173.0\nDATE-OBS= '2015-01-02T03:04:05.5'\n"
      "T_OBS = '2015.01.02_03:05:02.500_TAI'\nT_REC = '2015.01.02_03:04:30.000_TAI'\n",
      "sdo-hmi");
  EXPECT_EQ(iso(hmi.obstime), "2015-01-02T03:04:05.5Z");
  EXPECT_EQ(hmi.filter.value, "6173");
  const std::string synoptic = "T_OBS = '2015.01.15_00:00:00_TAI'\nT_START = '2015.01.02_00:00:35_TAI'\n";
  EXPECT_EQ(iso(only("--\nTELESCOP= 'SDO/HMI'\n" + synoptic, "sdo-hmi").obstime), "2015-01-02T00:00:00Z");
  EXPECT_EQ(iso(only("--\nTELESCOP= 'SOHO'\nINSTRUME= 'MDI'\n" + synoptic, "soho-mdi").obstime),
            "2015-01-02T00:00:00Z");
  EXPECT_EQ(
      iso(only("--\nTELESCOP= 'PUNCH-1'\nDATE-BEG= '2025-06-07T08:10:00'\nDATE-OBS= '2025-06-07T08:26:00'\n", "punch")
              .obstime),
      "2025-06-07T08:10:00Z");
}

TEST(Sun, ExposuresUnderOtherNames) {
  const ImageFacts trace = only(
      "--\nTELESCOP= 'TRACE'\nWAVE_LEN= '195'\nSHT_NOM = 10.0\nSHT_MDUR= 10.25\nDATE_OBS= '2001-02-03T04:05:06.7'\n",
      "trace");
  EXPECT_EQ(trace.exptime.value, 10.25);
  EXPECT_EQ(trace.filter.value, "195");
  EXPECT_EQ(only("--\nMISSION = 'Aditya-L1'\nFTR_NAME= 'NB04'\nWAVELNTH= 2796\n", "aditya-suit").filter.value, "NB04");
  const std::string rhessi = "--\nTELESCOP= 'RHESSI'\nTIMESYS = '1979.00'\nDATE_OBS= '2010-01-02T03:59:58.0'\n";
  EXPECT_EQ(only(rhessi + "DATE_END= '2010-01-02T04:00:02.5'\n", "rhessi").exptime.value, 4.5);
  const std::string kcor = "--\nINSTRUME= 'COSMO K-Coronagraph'\nWAVELNTH= 735\n";
  EXPECT_EQ(only(kcor + "EXPTIME = 0.0025\nNUMSUM = 400\n", "cosmo-kcor").exptime.value, 1);
  EXPECT_EQ(only("--\nTELESCOP= 'NSO-GONG'\nITIME = 60.5\nRA = -0.5\nDEC = -0.2\n", "gong").exptime.value, 60.5);
  EXPECT_FALSE(only("--\nTELESCOP= 'NSO-GONG'\nRA = -0.5\nDEC = -0.2\n", "gong").ra.value);
  EXPECT_EQ(only("--\nINSTRUME= 'COSMO K-Coronagraph'\nDARKSHUT= 'in'\nDATATYPE= 'science'\n", "cosmo-kcor").type.value,
            "dark");
}

TEST(Sun, CubesInTimeHaveNoRowsForTheirPlanes) {
  EXPECT_EQ(only("--\nNAXIS3 = 4\nTELESCOP= 'SST'\n", "sst").mode, ImageMode::cube);
  const ImageFacts iris = only("--\nNAXIS3 = 4\nTELESCOP= 'IRIS'\nTDESC1 = 'SJI_2796'\n", "iris");
  EXPECT_EQ(iris.mode, ImageMode::cube);
  EXPECT_EQ(iris.filter.value, "SJI_2796");
  EXPECT_EQ(iso(only("--\nNAXIS3 = 9\nMAPTIME = '2020-01-02T03:00:00'\nCTYPE1 = 'Long'\n", "adapt").obstime),
            "2020-01-02T03:00:00Z");
}

// One value of one image as text.
std::string value_of(const ImageFacts& image, const std::string& field) {
  const auto text = [](const auto& fact) { return fact.value.value_or("unknown"); };
  const auto number = [](const Fact<double>& fact) {
    std::ostringstream out;
    if (fact.value) out << *fact.value;
    return fact.value ? out.str() : "unknown";
  };
  if (field == "filter") return text(image.filter);
  if (field == "type") return text(image.type);
  if (field == "chip") return text(image.chip);
  if (field == "object") return text(image.object);
  if (field == "instrument") return text(image.instrument);
  if (field == "ccd") return image.ccd.value ? std::to_string(*image.ccd.value) : "unknown";
  if (field == "exptime") return number(image.exptime);
  if (field == "obstime") return iso(image.obstime);
  if (field == "ra") return number(image.ra);
  if (field == "rotangle") return number(image.rotangle);
  if (field == "dettemp") return number(image.dettemp);
  if (field == "pixscale") return number(image.pixscale);
  return "no such field: " + field;
}

// A header with one image (cards divided by ;), the table that reads it, and what one field is.
struct Habit {
  const char *cards, *camera, *field, *value;
};

const Habit kHabits[] = {
    {"TELESCOP='HST';INSTRUME='ACS';FILTER1='CLEAR1L';FILTER2='BLOCK1'", "hst-acs", "filter", "CLEAR"},
    {"TELESCOP='HST';INSTRUME='COS';OPT_ELEM='G130M'", "hst-cos", "filter", "G130M"},
    {"INSTRUME='COS';DETECTOR='FUV';EXPTYPE='EXTERNAL/SCI'", "hst-cos", "type", "object"},
    {"TELESCOP='HST';INSTRUME='FOC';FILTNAM1='F372M';FILTNAM2='CLEAR2';FILTNAM3='F4ND'", "hst-foc", "filter",
     "F372M+F4ND"},
    {"INSTRUME='FOC';FILTNAM1='F372M';TARGNAME='M87'", "hst-foc", "type", "object"},
    {"TELESCOP='HST';INSTRUME='FOS';FGWA_ID='H19'", "hst-fos", "filter", "H19"},
    {"INSTRUME='FOS';EXPSTART=49000.0;TARGNAME='DARK'", "hst-fos", "type", "unknown"},
    {"INSTRUME='FOS';EXPSTART=49000.0;TARGNAME='NGC1'", "hst-fos", "type", "object"},
    {"TELESCOP='HST';INSTRUME='HRS';GRATING='G270M';DETECTOR=2", "hst-hrs", "filter", "G270M"},
    {"INSTRUME='HRS';EXPSTART=49000.0;DETECTOR=2", "hst-hrs", "ccd", "2"},
    {"INSTRUME='HRS';EXPSTART=49000.0;TARGNAME='NGC1'", "hst-hrs", "type", "object"},
    {"INSTRUME='HRS';EXPSTART=49000.0", "hst-hrs", "type", "unknown"},
    {"TELESCOP='HST';INSTRUME='NICMOS';CAMERA=3", "hst-nicmos", "ccd", "3"},
    {"INSTRUME='NICMOS';EXPSTART=51000.25;FILTER='F160W'", "hst-nicmos", "obstime", "1998-07-06T06:00:00Z"},
    {"INSTRUME='WFC3';EXPSTART=55000.0;DETECTOR='UVIS';CCDCHIP=2", "hst-wfc3", "ccd", "2"},
    {"INSTRUME='STIS';EXPSTART=51000.0;TDATEOBS='1999-01-02';TTIMEOBS='03:04:05'", "hst-stis", "obstime",
     "1999-01-02T03:04:05Z"},
    {"TELESCOP='HST';INSTRUME='STIS';TEXPSTRT=51000.5", "hst-stis", "obstime", "1998-07-06T12:00:00Z"},
    {"INSTRUME='WFPC2';FILTNAM1='F300W';DETECTOR=2;UCH2CJTM=-77.5", "hst-wfpc2", "dettemp", "-77.5"},
    {"INSTRUME='WFPC2';FILTNAM1='F300W';DETECTOR=1;UCH1CJTM=-76.5", "hst-wfpc2", "dettemp", "-76.5"},
    {"INSTRUME='WFPC2';FILTNAM1='F300W';DETECTOR=3;UCH3CJTM=-75.5", "hst-wfpc2", "dettemp", "-75.5"},
    {"TELESCOP='HST';INSTRUME='WFC3';IMAGETYP='DARK';OBSTYPE='IMAGING';SCLAMP='NONE'", "hst-wfc3", "type", "dark"},
    {"TELESCOP='HST';INSTRUME='FGS';PA_V3=10.5;ORIENTAT=20.5", "hst", "rotangle", "10.5"},
    {"TELESCOP='HST';PA_APER=11.5;ORIENTAT=20.5", "hst", "rotangle", "11.5"},
    {"TELESCOP='HST';ORIENTAT=20.5", "hst", "rotangle", "20.5"},
    {"TELESCOP='HST';EXTNAME='SCI';EXTVER=2", "hst", "chip", "SCI_2"},
    {"TELESCOP='JWST';TARGPROP='MY-STAR';TARGNAME='HD 1'", "jwst", "object", "MY-STAR"},
    {"TELESCOP='JWST';EXP_TYPE='MIR_MRS';CHANNEL='12';BAND='SHORT'", "jwst", "filter", "12+SHORT"},
    {"TELESCOP='JWST';DATE-OBS='2023-01-02';TIME-OBS='03:04:05.25';TIMESYS='TDB'", "jwst", "obstime",
     "2023-01-02T03:04:05.25Z"},
    {"TELESCOP='JWST';DATE-BEG='2023-01-02T03:04:05';TIMESYS='TDB'", "jwst", "obstime", "2023-01-02T03:04:05Z"},
    {"TELESCOP='JWST';EFFEXPTM=9.5;EXPTIME=11.5;XPOSURE=10.5", "jwst", "exptime", "9.5"},
    {"TELESCOP='JWST';XPOSURE=10.5;EXPTIME=11.5", "jwst", "exptime", "10.5"},
    {"TELESCOP='JWST';TARG_RA=10.5;TARG_DEC=1.5", "jwst", "ra", "10.5"},
    {"TELESCOP='JWST';PA_V3=33.5;ROLL_REF=34.5", "jwst", "rotangle", "33.5"},
    {"TELESCOP='JWST';ROLL_REF=34.5", "jwst", "rotangle", "34.5"},
    {"TELESCOP='Euclid';UTC-OBS='2024-05-06T07:08:09.5Z';DATE-OBS='2024-05-06T07:08:12.5'", "euclid", "obstime",
     "2024-05-06T07:08:09.5Z"},
    {"TELESCOP='Euclid';OBSMODE='WIDE'", "euclid", "type", "object"},
    {"TELESCOP='Euclid';IMG_CAT='SCIENCE'", "euclid", "type", "object"},
    {"TELESCOP='Euclid';INSTRUME='NISP';FILTER='NIR_Y';FWA_POS='Y'", "euclid-nisp", "filter", "NIR_Y"},
    {"TELESCOP='SIRTF';INSTRUME='MIPS';CHNLNUM=1", "spitzer", "filter", "MIPS24"},
    {"TELESCOP='SIRTF';INSTRUME='MIPS';CHNLNUM=2", "spitzer", "filter", "MIPS70"},
    {"TELESCOP='SIRTF';INSTRUME='MIPS';CHNLNUM=3", "spitzer", "filter", "MIPS160"},
    {"TELESCOP='SIRTF';INSTRUME='IRAC';CHNLNUM=1", "spitzer", "filter", "IRAC1"},
    {"TELESCOP='SIRTF';INSTRUME='IRAC';CHNLNUM=3", "spitzer", "filter", "IRAC3"},
    {"TELESCOP='SIRTF';INSTRUME='IRAC';CHNLNUM=4", "spitzer", "filter", "IRAC4"},
    {"TELESCOP='XMM';EXPOSURE=90.5;EXPTIME=99.5", "xmm", "exptime", "90.5"},
    {"TELESCOP='XMM';ONTIME=91.5;DATE-OBS='2003-01-02T03:00:00';DATE-END='2003-01-02T03:04:00'", "xmm", "exptime",
     "91.5"},
    {"TELESCOP='XMM';OBS_MODE='POINTING';FILTER='CalClosed'", "xmm", "type", "unknown"},
    {"TELESCOP='XMM';PA_PNT=12.5", "xmm", "rotangle", "12.5"},
    {"TELESCOP='CHANDRA';GRATING='HETG';ROLL_PNT=13.5", "chandra", "filter", "HETG"},
    {"TELESCOP='CHANDRA';RA_NOM=20.5;DEC_NOM=1.5;RA_TARG=21.5;DEC_TARG=1.5", "chandra", "ra", "20.5"},
    {"TELESCOP='CHANDRA';ROLL_PNT=13.5", "chandra", "rotangle", "13.5"},
    {"TELESCOP='CHANDRA';OBS_MODE='POINTING'", "chandra", "type", "object"},
    {"TELESCOP='CHANDRA';RA_PNT=20.5;DEC_PNT=1.5;RA_TARG=21.5;DEC_TARG=1.5", "chandra", "ra", "20.5"},
    {"TELESCOP='HST';INSTRUME='STIS';SCLAMP='TUNGSTEN';TARGNAME='TUNGSTEN'", "hst-stis", "type", "flat"},
    {"TELESCOP='HST';INSTRUME='FOC'", "hst-foc", "filter", "unknown"},
    {"INSTRUME='ACS';DETECTOR='HRC'", "hst-acs", "filter", "unknown"},
    {"PIPDEFID='MER_ProcessTile_EUCLID_9';COMBINET='OR'", "euclid-mer", "type", "mask"},
    {"TELESCOP='Euclid';INSTRUME='VIS';FILTER='NONE'", "euclid-vis", "filter", "VIS"},
    {"TELESCOP='GALEX'", "galex", "type", "object"},
    {"TELESCOP='JWST';EXP_TYPE='NRC_MIMF'", "jwst", "type", "object"},
    {"TELESCOP='IUE';CAMERA='SWP';INSTRUME='spectrograph'", "iue", "instrument", "SWP"},
    {"TELESCOP='SOHO';INSTRUME='EIT';CCDTEMP=7.5", "soho-eit", "dettemp", "unknown"},
    {"TELESCOP='HINODE';INSTRUME='XRT';CCD_TEMP=47", "hinode-xrt", "dettemp", "unknown"},
    {"TELESCOP='SST';FILTER1='6173';WAVELNTH=617.3", "sst", "filter", "6173"},
    {"TELESCOP='SWIFT';DATAMODE='IMAGE'", "swift", "type", "object"},
    {"TELESCOP='HST';RA_APER=10.5;DEC_APER=1.5", "hst", "ra", "10.5"},
    {"TELESCOP='IUE';CAMERA='SWP';DISPERSN='LOW'", "iue", "filter", "LOW"},
    {"TELESCOP='IUE';CAMERA='SWP';DISPERSN='HIGH'", "iue", "filter", "HIGH"},
    {"TELESCOP='NEOSSat';OBJCTROL=101.5", "neossat", "rotangle", "101.5"},
    {"TELESCOP='KEPLER';MJDSTART=55000.5;TIMESYS='TDB'", "kepler", "obstime", "2009-06-18T12:00:00Z"},
    {"TELESCOP='KEPLER'", "kepler", "type", "object"},
    {"TELESCOP='TESS'", "tess", "type", "object"},
    {"TELESCOP='GALEX';BAND=1", "galex", "filter", "NUV"},
    {"TELESCOP='GALEX';OBS-DATE='2004-05-06';TIME-OBS='07:08:09'", "galex", "obstime", "2004-05-06T07:08:09Z"},
    {"TELESCOP='GALEX';RA_CENT=30.5;DEC_CENT=1.5", "galex", "ra", "30.5"},
    {"TELESCOP='SWIFT';RA_PNT=40.5;DEC_PNT=1.5;RA_OBJ=41.5;DEC_OBJ=1.5", "swift", "ra", "40.5"},
    {"TELESCOP='SWIFT';OBS_MODE='POINTING';PA_PNT=14.5", "swift", "type", "object"},
    {"TELESCOP='SWIFT';PA_PNT=14.5", "swift", "rotangle", "14.5"},
    {"TELESCOP='WISE';BAND=1", "wise", "filter", "W1"},
    {"TELESCOP='WISE';BAND=2", "wise", "filter", "W2"},
    {"TELESCOP='WISE';BAND=4", "wise", "filter", "W4"},
    {"TELESCOP='WISE';MJD_OBS=55000.5;EXPTIME=10.0", "wise", "obstime", "2009-06-18T11:59:55Z"},
    {"TELESCOP='Herschel Space Observatory';META_0='PLW'", "herschel", "filter", "PLW"},
    {"TELESCOP='Herschel';WAVELNTH=70.0", "herschel", "filter", "70.0"},
    {"TELESCOP='Herschel';RA_NOM=50.5;DEC_NOM=1.5", "herschel", "ra", "50.5"},
    {"TELESCOP='Herschel'", "herschel", "type", "object"},
    {"CTYPE1='SOLAR-X';IMG_TYPE='FLAT'", "solar", "type", "flat"},
    {"OBJECT='Sun';IMAGETYP='BIAS'", "solar", "type", "bias"},
    {"CTYPE1='HPLN-TAN';OBSTYPE='PINHOLE'", "solar", "type", "frpts"},
    {"CTYPE1='HPLN-TAN';DATATYPE='SCI';IMAGETYP='DARK'", "solar", "type", "object"},
    {"CTYPE1='HPLN-TAN';DATE_BEG='2020-01-02T03:04:05';DATE_OBS='2020-01-02T03:05:05'", "solar", "obstime",
     "2020-01-02T03:04:05Z"},
    {"CTYPE1='HPLN-TAN';XPOSURE=3.5;EXPTIME=0.5", "solar", "exptime", "3.5"},
    {"CTYPE1='SOLAR_X';CDELT1=2.5;CUNIT1='arcsec'", "solar", "pixscale", "2.5"},
    {"CTYPE1='HPLN-TAN';CDELT1=0.5;CUNIT1='deg'", "solar", "pixscale", "1800"},
    {"CTYPE1='CRLN-CEA';CDELT1=0.5;CUNIT1='deg'", "solar", "pixscale", "unknown"},
    {"CTYPE1='HPLN-TAN';FILTER='Red';WAVELNTH=0", "solar", "filter", "Red"},
    {"TELESCOP='SOHO'", "soho", "type", "object"},
    {"TELESCOP='SOHO';INSTRUME='EIT';CCDTEMP=-60.5;CFTEMP=-50.5", "soho-eit", "dettemp", "-60.5"},
    {"TELESCOP='Extreme-ultraviolet Imaging Telescope (EIT)';OBSRVTRY='The (SOHO)'", "soho-eit", "instrument", "EIT"},
    {"TELESCOP='SOHO';INSTRUME='LASCO';LP_NUM='Cal Lamp'", "soho-lasco", "type", "flat"},
    {"TELESCOP='SOHO';INSTRUME='LASCO';DETECTOR='C3'", "soho-lasco", "chip", "C3"},
    {"TELESCOP='SOHO';CAMERA='MDI'", "soho-mdi", "instrument", "MDI"},
    {"TELESCOP='SOHO';CONTENT='MDI Full Disk'", "soho-mdi", "instrument", "MDI"},
    {"TELESCOP='SDO/AIA';IMG_TYPE='DARK';CAMERA=3", "sdo", "type", "dark"},
    {"TELESCOP='SDO/AIA';CAMERA=3", "sdo", "chip", "3"},
    {"INSTRUME='HMI_SIDE1'", "sdo-hmi", "type", "object"},
    {"INSTRUME='SECCHI';SEB_PROG='DARK'", "stereo-secchi", "type", "dark"},
    {"INSTRUME='SECCHI';TEMP_CCD=-70.5", "stereo-secchi", "dettemp", "-70.5"},
    {"TELESCOP='HINODE';INSTRUME='XRT';EC_IMTY_='dark'", "hinode-xrt", "type", "dark"},
    {"TELESCOP='HINODE';INSTRUME='SOT/WB';T_FGCCD=-40.5", "hinode-sot", "dettemp", "-40.5"},
    {"TELESCOP='TRACE';T_CCD_A=-58.5", "trace", "dettemp", "-58.5"},
    {"INSTRUME='GOES-R Series Solar Ultraviolet Imager';CMD_EXP=1.5", "goes-suvi", "exptime", "1.5"},
    {"INSTRUME='GOES-R Series Solar Ultraviolet Imager';WAVELNTH=94", "goes-suvi", "filter", "94"},
    {"TELESCOP='YOHKOH';INSTRUME='SXT';WAVELNTH='AlMg'", "yohkoh-sxt", "filter", "AlMg"},
    {"TELESCOP='PROBA2';INSTRUME='SWAP';TEMP1DET=-2.5;WAVELNTH=174;FILTER='Al'", "proba2-swap", "dettemp", "-2.5"},
    {"TELESCOP='PUNCH 1-2-3-4';DATE-OBS='2025-06-07T08:26:00'", "punch", "obstime", "unknown"},
    {"TELESCOP='NSO-GONG';CAMERA='Make 1'", "gong", "instrument", "NSO-GONG"},
    {"TELESCOP='NSO-GONG';ROTATOR=0.5", "gong", "rotangle", "unknown"},
    {"INSTRUME='COSMO K-Coronagraph';DIFFUSER='in';DATATYPE='science'", "cosmo-kcor", "type", "flat"},
    {"TELESCOP='ASO-S';INSTRUME='HXI'", "aso-s-hxi", "type", "object"},
    {"ORIGIN='ASO-S/HXI clean'", "aso-s-hxi", "instrument", "HXI"},
    {"MISSION='Aditya-L1'", "aditya-suit", "instrument", "SUIT"},
    {"TELESCOP='Daniel K. Inouye Solar Telescope';TEXPOSUR=10.0;XPOSURE=250.0", "dkist", "exptime", "0.25"},
    {"TELESCOP='Daniel K. Inouye Solar Telescope';TEXPOSUR=10.0", "dkist", "exptime", "0.01"},
    {"TELESCOP='Daniel K. Inouye Solar Telescope';IPTASK='dark'", "dkist", "type", "dark"},
    {"TELESCOP='Daniel K. Inouye Solar Telescope';WAVEBAND='H alpha';LINEWAV=656.3", "dkist", "filter", "Ha"},
    {"TELESCOP='Daniel K. Inouye Solar Telescope';LINEWAV=656.3", "dkist", "filter", "656.3"},
    {"TELESCOP='Swedish 1-m Solar Telescope';FILTER1='6173'", "sst", "filter", "6173"},
    {"TELESCOP='GST';DATE_OBS='2012-01-02T03:04:05'", "bbso", "type", "object"},
    {"ORIGIN='Big Bear Solar Observatory'", "bbso", "type", "object"},
    {"TELESCOP='KHPI';EXP_TIME=4.0", "kanzelhoehe", "exptime", "0.004"},
    {"ORIGIN='Kanzelhoehe Observatory';EXP_TIME=4.0", "kanzelhoehe", "exptime", "0.004"},
    {"ORIGIN='Kanzelhoehe Observatory';FILTER='H-alpha';WAVELNTH=6563", "kanzelhoehe", "filter", "Ha"},
};

TEST(Habits, OfEachTable) {
  for (const Habit& habit : kHabits) {
    SCOPED_TRACE(habit.cards);
    std::string cards = std::string("--\n") + habit.cards;
    std::replace(cards.begin(), cards.end(), ';', '\n');
    EXPECT_EQ(value_of(only(cards, habit.camera), habit.field), habit.value);
  }
}

}  // namespace
}  // namespace imreg
