// The tables of ground-based cameras: what each of them knows that the generic one does not. All values are made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "imreg/camera.h"
#include "imreg/date.h"

namespace imreg {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Optional;

// A file of one HDU for each text; a text holds cards as they stand in a header, one a line.
FitsHeaders file_of(const std::vector<std::string>& texts) {
  FitsHeaders out;
  for (const std::string& text : texts) {
    std::string cards;
    for (std::string_view line : split(text, '\n')) {
      std::string card(trim(line));
      card.resize(80, ' ');
      if (!trim(line).empty()) cards += card;
    }
    Hdu hdu;
    hdu.number = static_cast<int>(out.hdus.size());
    hdu.header = Header(std::move(cards));
    const bool pixels = hdu.header.integer_of("NAXIS").value_or(2) > 0;
    hdu.kind = pixels ? HduKind::image : HduKind::empty;
    if (pixels) hdu.axes = {8, 8};
    if (const auto planes = hdu.header.integer_of("NAXIS3")) hdu.axes.push_back(*planes);
    out.hdus.push_back(std::move(hdu));
  }
  return out;
}

FileFacts facts_of(const std::vector<std::string>& texts) {
  static const Result<Cameras> cameras = Cameras::load();
  EXPECT_TRUE(cameras.ok()) << cameras.status().text();
  const Result<FileFacts> out = cameras->translate("/data/f.fits", file_of(texts), {});
  EXPECT_TRUE(out.ok()) << out.status().text();
  return out.ok() ? *out : FileFacts();
}

ImageFacts only(const std::vector<std::string>& texts, const std::string& camera) {
  const FileFacts out = facts_of(texts);
  EXPECT_EQ(out.camera, camera);
  EXPECT_EQ(out.images.size(), 1u) << out.why_none;
  return out.images.empty() ? ImageFacts() : out.images[0];
}

std::string start(const ImageFacts& image) {
  return image.obstime.value ? format_iso(*image.obstime.value) : "unknown";
}

auto near(double value, double by = 1e-6) { return Optional(DoubleNear(value, by)); }

std::vector<int> ccds(const FileFacts& facts) {
  std::vector<int> out;
  for (const ImageFacts& image : facts.images) out.push_back(image.ccd.value.value_or(-1));
  return out;
}

TEST(Decam, FocusAndGuideChipsAreNoScience) {
  const FileFacts facts =
      facts_of({"NAXIS   = 0\nINSTRUME= 'DECam'", "EXTNAME = 'S29'\nDETPOS  = 'S29'\nCCDNUM  = 1",
                "EXTNAME = 'FN2'\nDETPOS  = 'FN2'\nCCDNUM  = 64", "EXTNAME = 'GS1'\nDETPOS  = 'GS1'",
                "EXTNAME = 'N31'\nDETPOS  = 'N31'\nCCDNUM  = 62"});
  EXPECT_EQ(facts.camera, "noao-decam");
  EXPECT_THAT(ccds(facts), ElementsAre(1, 62));
  EXPECT_EQ(facts.images.at(1).chip.value, "N31");
}

TEST(Decam, DateObsIsUtcWhateverTimesysSays) {
  EXPECT_EQ(start(only({"INSTRUME= 'DECam'\nTIMESYS = 'TAI'\nDATE-OBS= '2016-01-02T03:04:05'"}, "noao-decam")),
            "2016-01-02T03:04:05Z");
  // The Rubin pipelines' own time is TAI, of the middle: 36 s and half the exposure.
  EXPECT_EQ(start(only({"INSTRUME= 'DECam'\nTIMESYS = 'TAI'\nDATE-OBS= '2016-01-02T03:04:05'\nEXPTIME = 60.0\n"
                        "DATE-AVG= '2016-01-02T03:05:11'"},
                       "noao-decam")),
            "2016-01-02T03:04:05Z");
}

TEST(Decam, FocusOfTheHexapod) {
  EXPECT_THAT(
      only({"INSTRUME= 'DECam'\nTELFOCUS= '-11.50,-22.25,2020.75,3.00,-4.00,-0.00'"}, "noao-decam").telfocus.value,
      near(2020.75));
}

TEST(Mosaic, ImageIdNumbersAmplifiers) {
  const std::string primary = "NAXIS   = 0\nINSTRUME= 'Mosaic3'\nNCCDS   = 4\nNAMPS   = 16\n";
  const std::string amp = "CCDNAME = 'CCD C'\n";
  const FileFacts facts = facts_of({primary, amp + "EXTNAME = 'im9'\nIMAGEID = 9\nAMPNAME = 'a'",
                                    amp + "EXTNAME = 'im10'\nIMAGEID = 10\nAMPNAME = 'b'"});
  EXPECT_EQ(facts.camera, "noao-mosaic");
  EXPECT_THAT(ccds(facts), ElementsAre(3));
}

TEST(Newfirm, CoaddsAreSummed) {
  EXPECT_THAT(only({"INSTRUME= 'newfirm'\nEXPTIME = 12.5\nEXPCOADD= 12.5\nNCOADD  = 4"}, "noao-newfirm").exptime.value,
              near(50));
}

TEST(Lsst, SixteenAmplifiersAreOneCcdNamedByRaftAndSlot) {
  const ImageFacts image =
      only({"NAXIS   = 0\nTELESCOP= 'LSST'\nINSTRUME= 'lsstCam'\nRAFTBAY = 'R14'\nCCDSLOT = 'S02'\n"
            "TIMESYS = 'TAI'\nDATE-OBS= '2021-06-01T00:00:37'\nIMGTYPE = 'DARK'\nTESTTYPE= 'FLAT'",
            "EXTNAME = 'Segment10'", "EXTNAME = 'Segment11'", "EXTNAME = 'Segment00'"},
           "lsst");
  EXPECT_EQ(start(image), "2021-06-01T00:00:00Z");
  EXPECT_EQ(image.type.value, "dark");
  EXPECT_EQ(image.chip.value, "R14_S02");
}

TEST(Lsst, GuidersOfTheCornerRaftsAreNoScience) {
  EXPECT_TRUE(facts_of({"NAXIS   = 0\nTELESCOP= 'LSST'\nRAFTBAY = 'R44'\nCCDSLOT = 'SG1'", "EXTNAME = 'Segment10'"})
                  .images.empty());
}

TEST(Lsst, TheYear1970IsNoTime) {
  const ImageFacts image =
      only({"TELESCOP= 'LSST AuxTelescope'\nINSTRUME= 'LATISS'\nTIMESYS = 'TAI'\n"
            "DATE-OBS= '1970-01-01T00:00:08'\nDATE-BEG= '1970-01-01T00:00:08'\nMJD-OBS = 40587.0000926\n"
            "RA      = 4.7\nDEC     = -0.3\nRASTART = 12.0\nDECSTART= -60.0"},
           "lsst-latiss");
  EXPECT_EQ(start(image), "unknown");
  EXPECT_FALSE(image.ra.value);
}

TEST(Lsst, CcdsOfComCamByTheirPlace) {
  EXPECT_THAT(ccds(facts_of({"NAXIS   = 0\nTELESCOP= 'LSST'\nINSTRUME= 'COMCAM'\nRAFTBAY = 'R22'\nCCDSLOT = 'S12'",
                             "EXTNAME = 'Segment10'", "EXTNAME = 'Segment11'"})),
              ElementsAre(5));
}

TEST(Lsst, LatissHasTwoWheels) {
  const std::string latiss = "TELESCOP= 'LSST AuxTelescope'\nINSTRUME= 'LATISS'\n";
  EXPECT_EQ(only({latiss + "FILTER  = 'RG610'\nGRATING = 'holo4_003'"}, "lsst-latiss").filter.value, "RG610+holo4_003");
  EXPECT_EQ(only({latiss + "FILTER  = 'SDSSr_65mm'\nGRATING = 'empty_1'"}, "lsst-latiss").filter.value, "SDSSr_65mm");
  EXPECT_EQ(only({latiss + "FILTER  = 'empty_1'\nGRATING = 'empty_1'"}, "lsst-latiss").filter.value, "CLEAR");
}

TEST(Lsst, SimulatorsCountInTai) {
  const ImageFacts image =
      only({"TESTTYPE= 'IMSIM'\nIMGTYPE = 'SKYEXP'\nEXPTIME = 0.0\nDATE-OBS= '2022-06-01T00:00:37'\n"
            "RATEL   = 30.5\nDECTEL  = -10.5\nCHIPID  = 'R22_S11'"},
           "lsst-sim");
  EXPECT_EQ(start(image), "2022-06-01T00:00:00Z");
  EXPECT_EQ(image.type.value, "bias");
  EXPECT_EQ(image.chip.value, "R22_S11");
  EXPECT_THAT(image.ra.value, near(30.5, 1e-5));
}

TEST(Lco, QuadrantsOfASinistroAreOneCcd) {
  const std::string head = "ORIGIN  = 'LCOGT'\nFOCPOSN = 0.25\nAGFOCUS = 8.5\nDETECTID= 'fl99'\n";
  EXPECT_EQ(facts_of({head + "NAXIS   = 3\nNAXIS3  = 4"}).images.size(), 1u);
  EXPECT_EQ(facts_of({"NAXIS   = 0\nORIGIN  = 'LCOGT'", "EXTNAME = 'SCI'\nEXTVER  = 1", "EXTNAME = 'SCI'\nEXTVER  = 2",
                      "EXTNAME = 'SCI'\nEXTVER  = 3"})
                .images.size(),
            1u);
  EXPECT_THAT(only({head}, "lco").telfocus.value, near(0.25));
}

TEST(Sdss, TaiCountsSeconds) {
  // 51544 days of 86400 s are 2000-01-01 TAI, 32 s before that in UTC.
  EXPECT_EQ(start(only({"ORIGIN  = 'SDSS'\nTIMESYS = 'TAI'\nTAI     = 4453401632.0"}, "sdss")), "2000-01-01T00:00:00Z");
  const ImageFacts image = only({"ORIGIN  = 'SDSS'\nTIMESYS = 'TAI'\nDATE-OBS= '2000-01-01'\nTAIHMS  = '00:00:32.00'\n"
                                 "CCDLOC  = 23\nCAMCOL  = 3\nEXPTIME = '53.9'"},
                                "sdss");
  EXPECT_EQ(start(image), "2000-01-01T00:00:00Z");
  EXPECT_EQ(image.ccd.value, 23);
  EXPECT_EQ(image.mode, ImageMode::split);
  EXPECT_THAT(image.exptime.value, near(53.9));
}

TEST(PalomarP48, TheFieldThatWasAskedForIsJ2000) {
  const ImageFacts image =
      only({"INSTRUME= 'PTF/MOSAIC'\nCCDID   = '7'\nUTC-OBS = '2011-02-03T04:05:06.7'\nOBJRAD  = 100.5\n"
            "OBJDECD = 20.25\nTELRA   = 100.66\nTELDEC  = 20.23\nEQUINOX = 2000.0\nCCD9TEMP= 175.0"},
           "palomar-p48");
  EXPECT_THAT(image.ra.value, near(100.5, 1e-4));
  EXPECT_EQ(image.ccd.value, 7);
  EXPECT_THAT(image.dettemp.value, near(-98.15));
}

TEST(Decam, WhatTheCommunityPipelineMakes) {
  EXPECT_EQ(
      only({"FPA     = 'DECAM_BKP4'\nPROCTYPE= 'InstCal'\nPRODTYPE= 'image'\nCCDNUM  = 4"}, "noao-decam").type.value,
      "object");
  EXPECT_FALSE(
      only({"FPA     = 'DECAM_BKP4'\nPROCTYPE= 'MasterCal'\nPRODTYPE= 'image'\nCCDNUM  = 4"}, "noao-decam").type.value);
}

TEST(Mmt, WavefrontSensorsWriteHours) {
  EXPECT_THAT(only({"ORIGIN  = 'MMT Binospec WFS'\nRA      = 6.5\nDEC     = 20.5\nEPOCH   = 2000"}, "mmt-wfs").ra.value,
              near(97.5, 1e-4));
}

TEST(Ing, JulianDatesAreOfTheMiddle) {
  EXPECT_EQ(
      start(only({"TELESCOP= 'INT'\nINSTRUME= 'WFC'\nMJD-OBS = 53000.25\nEXPTIME = 100.0\nWFFBAND = 'Halpha'"}, "ing")),
      "2003-12-27T05:59:10Z");
}

TEST(Saao, WheelsAndKelvin) {
  const ImageFacts image =
      only({"OBSERVAT= 'SAAO'\nDATE-OBS= '2013-01-02'\nUT      = '03:04:05'\nFILTERS = 48\nCCD-TEMP= 183.15"}, "saao");
  EXPECT_EQ(start(image), "2013-01-02T03:04:05Z");
  EXPECT_FALSE(image.filter.value);
  EXPECT_THAT(image.dettemp.value, near(-90));
}

TEST(Eso, IntegrationsAreSummed) {
  const ImageFacts image =
      only({"ORIGIN  = 'ESO-PARANAL'\nINSTRUME= 'HAWKI'\nEXPTIME = 10.0\nHIERARCH ESO DET DIT = 10.0\n"
            "HIERARCH ESO DET NDIT = 6\nHIERARCH ESO DPR CATG = 'SCIENCE'\nHIERARCH ESO DPR TYPE = 'ODD'\n"
            "HIERARCH ESO INS FILT1 NAME = 'Ks'\nHIERARCH ESO INS FILT2 NAME = 'OPEN'"},
           "eso");
  EXPECT_THAT(image.exptime.value, near(60));
  EXPECT_EQ(image.filter.value, "Ks");
  EXPECT_EQ(image.type.value, "object");
}

TEST(Eso, ChipsByTheirNames) {
  EXPECT_THAT(ccds(facts_of({"NAXIS   = 0\nORIGIN  = 'ESO-LASILLA'\nINSTRUME= 'WFI'", "EXTNAME = 'WIN1.CHIP3.OUT1'",
                             "EXTNAME = 'WIN1.CHIP8.OUT2'"})),
              ElementsAre(3, 8));
  EXPECT_THAT(
      ccds(facts_of({"NAXIS   = 0\nORIGIN  = 'ESO-PARANAL'", "EXTNAME = 'ESO_CCD_#65'", "EXTNAME = 'ESO_CCD_#96'"})),
      ElementsAre(65, 96));
  EXPECT_THAT(
      ccds(facts_of({"NAXIS   = 0\nORIGIN  = 'ESO-PARANAL'", "EXTNAME = 'DET1.CHIP14'", "EXTNAME = 'DET1.CHIP2'"})),
      ElementsAre(14, 2));
}

TEST(Eso, FilesOfTheNineties) {
  const ImageFacts image =
      only({"ORIGIN  = 'ESO-LASILLA'\nINSTRUME= 'IRAC-2'\nDATE-OBS= '05/06/93'\nTM-START= 0.36061E+05\n"
            "EXPTIME = 2.0\nHIERARCH ESO DET DIT = 2.0\nHIERARCH ESO DET NDIT = 30\n"
            "HIERARCH ESO GEN TYPE = 'SCI'\nHIERARCH ESO INS FILTER = 'KP'"},
           "eso");
  EXPECT_EQ(start(image), "1993-06-05T10:01:01Z");
  EXPECT_THAT(image.exptime.value, near(60));
  EXPECT_EQ(image.filter.value, "KP");
  EXPECT_EQ(image.type.value, "object");
}

TEST(Eso, IhapWritesPlacesOfDate) {
  const ImageFacts image =
      only({"ORIGIN  = 'ESO-IHAP'\nINSTRUME= 'CCD'\nINSTRUME= 'EMMI'\nMJD-OBS = 48622.5\nRA      = 0.0\n"
            "DEC     = 1.0\nHIERARCH ESO GEN EXPO TYPE = 'SCI'\nHIERARCH ESO DPR CATG = 'CALIB'\n"
            "OBJECT  = 'FF B SCREEN'"},
           "eso-ihap");
  // Precession is 46.1" a year in right ascension at the equinox, eight years.
  EXPECT_THAT(image.ra.value, near(8 * 46.12 / 3600, 2e-4));
  EXPECT_EQ(image.type.value, "flat");
  EXPECT_EQ(image.instrument.value, "EMMI");
}

TEST(EsoMidas, TimeOfDayInSecondsAndNoDateIsNone) {
  const std::string midas = "ORIGIN  = 'ESO-MIDAS'\nTELESCOP= 'ESONTTB'\n";
  EXPECT_EQ(start(only({midas + "DATE-OBS= '02/03/92'\nMJD-OBS = 48683.62513\nTM-START= 10811.0"}, "eso-midas")),
            "1992-03-02T03:00:11Z");
  EXPECT_EQ(start(only({midas + "DATE-OBS= '01/01/00'\nTM-START= 0.0"}, "eso-midas")), "unknown");
}

TEST(Subaru, StartAndNotTheTypicalMoment) {
  const ImageFacts image =
      only({"TELESCOP= 'Subaru'\nINSTRUME= 'SuprimeCam'\nDATE-OBS= '2004-05-06'\nUT      = '07:09:09.0'\n"
            "UT-STR  = '07:08:09.0'\nDET-ID  = 9\nDET-TMP = 173.15\nFILTER01= 'W-J-V'\nFILTER02= 'NONE'\n"
            "TELFOCUS= 'Prime'\nFOC-VAL = 7.5\nDATA-TYP= 'SKYFLAT'\nDETECTOR= 'rosetta'"},
           "subaru");
  EXPECT_EQ(start(image), "2004-05-06T07:08:09Z");
  EXPECT_EQ(image.mode, ImageMode::split);
  EXPECT_EQ(image.ccd.value, 9);
  EXPECT_EQ(image.chip.value, "rosetta");
  EXPECT_EQ(image.filter.value, "W-J-V");
  EXPECT_EQ(image.type.value, "flat");
  EXPECT_THAT(image.telfocus.value, near(7.5));
  EXPECT_THAT(image.dettemp.value, near(-100));
}

TEST(SubaruHsc, FocusChipsAreNoScience) {
  const std::string hsc = "TELESCOP= 'Subaru'\nINSTRUME= 'Hyper Suprime-Cam'\nDET-TMP = -99.5\n";
  EXPECT_TRUE(facts_of({hsc + "DET-ID  = 104"}).images.empty());
  const ImageFacts image = only({hsc + "DET-ID  = 103"}, "subaru-hsc");
  EXPECT_EQ(image.ccd.value, 103);
  EXPECT_THAT(image.dettemp.value, near(-99.5));
}

TEST(Ukirt, DateAsANumberHoursAndCoadds) {
  const ImageFacts image =
      only({"TELESCOP= 'UKIRT, Mauna Kea, HI'\nINSTRUME= 'CGS4'\nIDATE   = 20010203\nRUTSTART= 7.5\n"
            "UTDATE  = 'Saturday, 03-Feb-2001'\nDEXPTIME= 5.0\nNEXP    = 3\nMEANRA  = 2.0\nMEANDEC = 10.0\n"
            "EQUINOX = 2000.0"},
           "ukirt");
  EXPECT_EQ(start(image), "2001-02-03T07:30:00Z");
  EXPECT_THAT(image.exptime.value, near(15));
  EXPECT_THAT(image.ra.value, near(30, 1e-4));
}

TEST(Jcmt, PlacesInTheSystemOfTheTelescope) {
  const ImageFacts image =
      only({"TELESCOP= 'JCMT'\nINSTRUME= 'SCUBA-2'\nTRACKSYS= 'GAL'\nBASEC1  = 0.0\nBASEC2  = 90.0\n"
            "NAXIS   = 3\nNAXIS3  = 50\nINT_TIME= 35.5\nEXP_TIME= 0.5"},
           "jcmt");
  EXPECT_THAT(image.dec.value, near(27.128, 1e-2));
  EXPECT_THAT(image.exptime.value, near(35.5));
}

TEST(Keck, EveryInstrumentSumsInItsWay) {
  const std::string keck = "TELESCOP= 'Keck II'\n";
  EXPECT_THAT(only({keck + "INSTRUME= 'NIRC2'\nITIME   = 2.5\nCOADDS  = 4"}, "keck").exptime.value, near(10));
  EXPECT_THAT(only({keck + "INSTRUME= 'OSIRIS'\nITIME   = 2500\nCOADDS  = 4"}, "keck").exptime.value, near(10));
  EXPECT_THAT(only({keck + "INSTRUME= 'MOSFIRE'\nTRUITIME= 2.5\nCOADDONE= 4"}, "keck").exptime.value, near(10));
  const ImageFacts image =
      only({keck + "INSTRUME= 'LRISBLUE'\nTTIME   = 300\nDATE-OBS= '2005-06-07'\nUTC     = '08:09:10.5'\n"
                   "REDFILT = 'R'\nBLUFILT = 'BG38'\nKOAIMTYP= 'flatlamp'"},
           "keck");
  EXPECT_THAT(image.exptime.value, near(300));
  EXPECT_EQ(image.filter.value, "BG38");
  EXPECT_EQ(image.type.value, "flat");
  EXPECT_EQ(start(image), "2005-06-07T08:09:10.5Z");
}

TEST(Magellan, UniversalTimeHasADateOfItsOwn) {
  const ImageFacts image =
      only({"TELESCOP= 'Baade'\nINSTRUME= 'IMACS Short-Camera'\nNIGHT   = '2006-03-01'\nUT-DATE = '2006-03-02'\n"
            "UT-TIME = '03:04:05'\nLC-TIME = '00:04:05'\nEXPTYPE = 'Object'\nCHIP    = 5"},
           "magellan");
  EXPECT_EQ(start(image), "2006-03-02T03:04:05Z");
  EXPECT_EQ(image.type.value, "object");
  EXPECT_EQ(image.ccd.value, 5);
  EXPECT_EQ(image.mode, ImageMode::split);
}

TEST(Irtf, CoaddsAreSummed) {
  const ImageFacts image = only(
      {"TELESCOP= 'NASA IRTF'\nDATE_OBS= '2009-01-02'\nTIME_OBS= '03:04:05.5'\nITIME   = 15.0\nCO_ADDS = 2"}, "irtf");
  EXPECT_THAT(image.exptime.value, near(30));
  EXPECT_EQ(start(image), "2009-01-02T03:04:05.5Z");
}

TEST(Gtc, FourWheels) {
  EXPECT_EQ(only({"TELESCOP= 'GTC'\nFILTER1 = 'OPEN'\nFILTER2 = 'OPEN'\nFILTER3 = 'Sloan_r'\nFILTER4 = 'OPEN'"}, "gtc")
                .filter.value,
            "Sloan_r");
}

TEST(Tables, OnesThatOnlyNameTheirKeywords) {
  EXPECT_THAT(only({"INSTRUME= '90prime'\nCAMTEMP = -135.5\nFOCUSVAL= '*0.1*0.2*0.3'"}, "bok-90prime").dettemp.value,
              near(-135.5));
  EXPECT_EQ(only({"TELESCOP= 'SALT'\nCCDTYPE = 'ZERO'"}, "salt").type.value, "bias");
  EXPECT_EQ(only({"TELESCOP= 'NOT'\nALFLTNM = 'Open'\nFAFLTNM = 'Open'\nFBFLTNM = 'V_Bes 530_80'"}, "not").filter.value,
            "V_Bes 530_80");
  EXPECT_EQ(start(only({"TELESCOP= 'TNG'\nDATE-OBS= '2005-06-07'\nEXPSTART= '08:09:10'"}, "tng")),
            "2005-06-07T08:09:10Z");
  EXPECT_THAT(only({"TELESCOP= 'Liverpool Telescope'\nCCDATEMP= 173.15"}, "liverpool").dettemp.value, near(-100));
  EXPECT_EQ(start(only({"INSTRUME= 'WIRC'\nUTSHUT  = '2005-06-07T08:09:10'"}, "palomar")), "2005-06-07T08:09:10Z");
  EXPECT_THAT(
      only({"TELESCOP= 'LBT-SX'\nINSTRUME= 'LUCI1'\nEXPTIME = 5.0\nDIT     = 5.0\nNDIT    = 12"}, "lbt").exptime.value,
      near(60));
  EXPECT_EQ(facts_of({"NAXIS   = 0\nINSTRUME= 'GPC1'", "EXTNAME = 'xy00'", "EXTNAME = 'xy77'"}).images.size(), 1u);
  EXPECT_THAT(ccds(facts_of({"NAXIS   = 0\nINSTRUME= 'odi'", "EXTNAME = 'OTA33.SCI'", "EXTNAME = 'OTA34.SCI'"})),
              ElementsAre(33, 34));
  EXPECT_EQ(only({"TELESCOP= 'SkyMapper'\nFILTNAME= 'g'\nIMAGEID = 17"}, "skymapper").ccd.value, 17);
  EXPECT_EQ(only({"TELESCOP= 'CA-2.2'\nINSFLNAM= 'John R'"}, "caha").filter.value, "John R");
  EXPECT_EQ(only({"TELESCOP= 'Nickel 1m'\nFILTNAM = 'V'"}, "lick").filter.value, "V");
}

}  // namespace
}  // namespace imreg
