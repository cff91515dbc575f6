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
  EXPECT_EQ(start(only({"INSTRUME= 'DECam'\nTIMESYS = 'TAI'\nDATE-OBS= '2016-01-02T03:04:15'\nEXPTIME = 60.0\n"
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
  int ccd = 0;
  for (const char* place : {"S00", "S01", "S02", "S10", "S11", "S12", "S20", "S21", "S22"}) {
    const std::string primary =
        "NAXIS   = 0\nTELESCOP= 'LSST'\nINSTRUME= 'COMCAM'\nRAFTBAY = 'R22'\nCCDSLOT = '" + std::string(place);
    EXPECT_THAT(ccds(facts_of({primary + "'", "EXTNAME = 'Segment10'", "EXTNAME = 'Segment11'"})), ElementsAre(ccd++));
  }
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
  // From true equator and equinox of the date (TETE) to ICRS by astropy.
  EXPECT_THAT(image.ra.value, near(0.0990511, 1e-5));
  EXPECT_THAT(image.dec.value, near(1.0429519, 1e-5));
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
  EXPECT_EQ(image.mode, ImageMode::split);
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

TEST(Decam, PositionOfCutoutsAndTemperatures) {
  const ImageFacts image =
      only({"FPA     = 'DECAM_BKP4'\nRA_EXP  = 316.5\nDEC_EXP = -65.5\nCRVAL1  = 310.0\nCRVAL2  = -60.0\n"
            "CTYPE1  = 'RA---TPV'\nCTYPE2  = 'DEC--TPV'\nMSURTEMP= 12.5\nOUTTEMP = 9.5\nUPTRTEMP= 11.5"},
           "noao-decam");
  EXPECT_THAT(image.ra.value, near(316.5, 1e-3));
  EXPECT_EQ(image.instrument.value, "DECam");
  EXPECT_THAT(image.teltemp[0].value, near(12.5));
  EXPECT_THAT(image.teltemp[2].value, near(9.5));
  EXPECT_THAT(image.teltemp[3].value, near(11.5));
}

TEST(Mosaic, CcdsWithOneAmplifierAndWithTwo) {
  const auto ccd = [](const std::string& text) {
    return only({"INSTRUME= 'Mosaic2'\nNCCDS   = 8\n" + text}, "noao-mosaic").ccd.value;
  };
  EXPECT_EQ(ccd("NAMPS   = 16\nEXTNAME = 'im13'\nIMAGEID = 13"), 7);
  EXPECT_EQ(ccd("NAMPS   = 8\nEXTNAME = 'im5'\nIMAGEID = 5"), 5);
  EXPECT_EQ(ccd("EXTNAME = 'CCD3'\nIMAGEID = 13"), 3);
  EXPECT_NE(ccd("EXTNAME = 'im13'\nIMAGEID = 13"), 13);
}

TEST(Odi, ArraysAndTheirMeasuredTime) {
  const FileFacts reduced = facts_of({"NAXIS   = 0\nINSTRUME= 'odi'\nEXPTIME = 60.0\nEXPMEAS = 60.25",
                                      "EXTNAME = 'OTA33.SCI'", "EXTNAME = 'OTA33.WEIGHT'", "EXTNAME = 'OTA34.SCI'"});
  EXPECT_THAT(ccds(reduced), ElementsAre(33, 34));
  EXPECT_THAT(reduced.images.at(0).exptime.value, near(60.25));
  EXPECT_THAT(
      ccds(facts_of({"NAXIS   = 0\nINSTRUME= 'podi'\nFPPOS   = 'xy24'", "EXTNAME = 'xy00'", "EXTNAME = 'xy01'"})),
      ElementsAre(24));
}

TEST(Panstarrs, CellsAndNamesOfTheFocalPlane) {
  EXPECT_EQ(facts_of({"NAXIS   = 0\nINSTRUME= 'GPC1'", "EXTNAME = 'xy00'", "EXTNAME = 'xy77'"}).images.size(), 1u);
  const ImageFacts image =
      only({"HIERARCH FPA.TELESCOPE = 'PS1'\nHIERARCH FPA.INSTRUMENT = 'GPC1'\n"
            "HIERARCH FPA.FILTERID = 'r.00000'\nHIERARCH FPA.OBSTYPE = 'OBJECT'\nHIERARCH FPA.OBJECT = 'a field'\n"
            "HIERARCH FPA.AIRMASS = 1.25\nHIERARCH FPA.RA = '01:00:00.0'\nHIERARCH FPA.DEC = '10:30:00.0'\n"
            "HIERARCH FPA.POSANGLE = 30.5"},
           "panstarrs");
  EXPECT_EQ(image.instrument.value, "GPC1");
  EXPECT_EQ(image.filter.value, "r.00000");
  EXPECT_EQ(image.type.value, "object");
  EXPECT_EQ(image.object.value, "a field");
  EXPECT_THAT(image.airmass.value, near(1.25));
  EXPECT_THAT(image.ra.value, near(15, 1e-3));
  EXPECT_THAT(image.rotangle.value, near(30.5));
}

TEST(Palomar, Wirc) {
  const ImageFacts image =
      only({"INSTRUME= 'WIRC'\nUTSHUT  = '2005-06-07T08:09:10'\nEXPTIME = 30.0\nCOADDS  = 3\nFORE    = 'OPEN'\n"
            "AFT     = 'J__(1.25)'"},
           "palomar");
  EXPECT_EQ(start(image), "2005-06-07T08:09:10Z");
  EXPECT_THAT(image.exptime.value, near(90));
  EXPECT_EQ(image.filter.value, "J__(1.25)");
}

TEST(PalomarP48, OneCcdAFile) {
  EXPECT_EQ(only({"INSTRUME= 'PTF/MOSAIC'\nCCDID   = '7'"}, "palomar-p48").mode, ImageMode::split);
  const ImageFacts ztf = only({"INSTRUME= 'ZTF/MOSAIC'\nCCD_ID  = 11\nFILTER  = 'ZTF g'\nRA      = '01:00:00.0'\n"
                               "DEC     = '20:00:00.0'\nOBJRA   = '02:00:00.0'\nOBJDEC  = '21:00:00.0'"},
                              "palomar-p48");
  EXPECT_EQ(ztf.mode, ImageMode::split);
  EXPECT_EQ(ztf.ccd.value, 11);
  EXPECT_EQ(ztf.filter.value, "ZTF_g");
  EXPECT_THAT(ztf.ra.value, near(15, 1e-3));
}

TEST(Ing, WheelsAndDates) {
  EXPECT_EQ(only({"TELESCOP= 'WHT'\nINSTRUME= 'ISIS'\nISIFILTA= 'CLEAR'\nISIFILTB= 'GG495'"}, "ing").filter.value,
            "GG495");
  EXPECT_EQ(only({"TELESCOP= 'WHT'\nINSTRUME= 'PF'\nPFMFBAND= 'Harris R'"}, "ing").filter.value, "Harris R");
  EXPECT_EQ(only({"TELESCOP= 'INT'\nWFFBAND = 'u'\nFILTER1 = 'CLEAR'"}, "ing").filter.value, "u");
  EXPECT_EQ(
      start(
          only({"TELESCOP= 'INT'\nDATE-OBS= '2004-01-02'\nUTSTART = '03:04:05'\nMJD-OBS = 53006.128\nJD = 2453006.628"},
               "ing")),
      "2004-01-02T03:04:05Z");
  // 50 years of precession are more than half a degree.
  EXPECT_THAT(
      only({"TELESCOP= 'INT'\nRA      = '00:00:00.0'\nDEC     = '00:00:00.0001'\nCAT-EQUI= 'B1950.0'"}, "ing").ra.value,
      near(0.64, 0.01));
}

TEST(Eso, ProductsSayWhatTheyAre) {
  const auto product = [](const std::string& name) {
    return only({"ORIGIN  = 'ESO-PARANAL'\nEXPTIME = 120.0\nHIERARCH ESO DET DIT = 10.0\nHIERARCH ESO DET NDIT = 6\n"
                 "HIERARCH ESO PRO CATG = '" +
                 name + "'"},
                "eso");
  };
  EXPECT_EQ(product("MASTER_BIAS").type.value, "bias");
  EXPECT_EQ(product("MASTER_DARK").type.value, "dark");
  EXPECT_EQ(product("MASTER_SKY_FLAT").type.value, "flat");
  EXPECT_EQ(product("STATIC_MASK").type.value, "mask");
  EXPECT_THAT(product("REDUCED").exptime.value, near(120));
}

TEST(Eso, TypesOfTheObservation) {
  const auto type = [](const std::string& cards) {
    return only({"ORIGIN  = 'ESO-PARANAL'\n" + cards}, "eso").type.value;
  };
  EXPECT_EQ(type("HIERARCH ESO DPR TYPE = 'LAMP,FLAT'"), "flat");
  EXPECT_EQ(type("HIERARCH ESO DPR TYPE = 'SKY,ODD'"), "object");
  EXPECT_EQ(type("HIERARCH ESO OBS TYPE = 'BIAS'"), "bias");
  EXPECT_EQ(type("HIERARCH ESO DPR TYPE = 'WAVE,LAMP'\nHIERARCH ESO DPR CATG = 'CALIB'"), std::nullopt);
}

TEST(Eso, WheelsFocusAnglesTemperatures) {
  const ImageFacts image =
      only({"TELESCOP= 'ESO-NTT'\nHIERARCH ESO INS FILT1 NAME = 'FREE'\nHIERARCH ESO INS FILT4 NAME = 'I#705'\n"
            "HIERARCH ESO TEL FOC-POS = 2932.0\nHIERARCH ESO ADA POSANG = 12.5\nHIERARCH ESO DET TEMPMEAN = 138.15\n"
            "HIERARCH ESO TEL AMBI TEMP = 11.5"},
           "eso");
  EXPECT_EQ(image.filter.value, "I#705");
  EXPECT_THAT(image.telfocus.value, near(2932));
  EXPECT_THAT(image.rotangle.value, near(12.5));
  EXPECT_THAT(image.dettemp.value, near(-135));
  EXPECT_THAT(image.teltemp[2].value, near(11.5));
  EXPECT_EQ(
      only({"TELESCOP= 'ESO-NTT'\nHIERARCH ESO INS OPTI-7 NAME = 'R'\nHIERARCH ESO INS OPTI-7 TYPE = 'FILTER'"}, "eso")
          .filter.value,
      "R");
  EXPECT_EQ(only({"TELESCOP= 'ESO-VLT-U4'\nHIERARCH ESO INS OPTI5 NAME = 'empty'\nHIERARCH ESO INS OPTI6 NAME = 'Ks'\n"
                  "HIERARCH ESO INS OPTI5 TYPE = 'FILTER'"},
                 "eso")
                .filter.value,
            "Ks");
}

TEST(Eso, QuadrantsOfVimos) {
  const ImageFacts image = only({"ORIGIN  = 'ESO-PARANAL'\nINSTRUME= 'VIMOS'\nHIERARCH ESO OCS CON QUAD = 3"}, "eso");
  EXPECT_EQ(image.ccd.value, 3);
  EXPECT_EQ(image.mode, ImageMode::split);
}

TEST(EsoTimmi2, MillisecondsAndChopping) {
  const ImageFacts image =
      only({"ORIGIN  = 'ESO-LASILLA'\nINSTRUME= 'TIMMI2'\nEXPTIME = 0.25\nHIERARCH ESO DET DIT = 12.5\n"
            "HIERARCH ESO DET NDIT = 100\nHIERARCH ESO INS OPTI4 NAME = 'N2-filter'"},
           "eso-timmi2");
  EXPECT_THAT(image.exptime.value, near(0.25));
  EXPECT_EQ(image.filter.value, "N2-filter");
}

TEST(EsoMidas, ZerosAreUnknown) {
  const std::string midas = "ORIGIN  = 'ESO-MIDAS'\nEXPTIME = 0.0\nTM-START= 0.0\n";
  EXPECT_FALSE(only({midas + "DATE-OBS= '02/03/92'"}, "eso-midas").exptime.value);
  EXPECT_THAT(only({"ORIGIN  = 'ESO-MIDAS'\nEXPTIME = 300.0\nTM-START= 0.0"}, "eso-midas").exptime.value, near(300));
  EXPECT_THAT(only({"ORIGIN  = 'ESO-MIDAS'\nEXPTIME = 0.0\nTM-START= 5.0"}, "eso-midas").exptime.value, near(0));
  EXPECT_EQ(start(only({midas + "DATE-OBS= '02/03/92'\nUT      = '04:05:06'"}, "eso-midas")), "1992-03-02T04:05:06Z");
  EXPECT_EQ(start(only({midas + "DATE-OBS= '1999-03-02T04:05:06'"}, "eso-midas")), "1999-03-02T04:05:06Z");
  EXPECT_EQ(start(only({midas + "DATE-OBS= '02/03/92'"}, "eso-midas")), "1992-03-02T00:00:00Z");
}

TEST(Subaru, ImagesOfTheRubinPipelines) {
  EXPECT_EQ(
      start(only({"TELESCOP= 'Subaru'\nTIMESYS = 'TAI'\nDATE-OBS= '2016-01-02'\nUT-STR  = '03:04:05'"}, "subaru")),
      "2016-01-02T03:04:05Z");
  EXPECT_EQ(start(only({"TELESCOP= 'Subaru'\nTIMESYS = 'TAI'\nDATE-OBS= '2016-01-02T03:04:15'\nEXPTIME = 60.0\n"
                        "DATE-AVG= '2016-01-02T03:05:11'"},
                       "subaru")),
            "2016-01-02T03:04:05Z");
}

TEST(Subaru, InfraredAndTemperatures) {
  const ImageFacts image =
      only({"TELESCOP= 'Subaru'\nINSTRUME= 'IRCS'\nEXP1TIME= 2.5\nCOADDS  = 4\nSECZ-STR= 1.25\nINR-STR = 12.5\n"
            "MJD-STR = 52000.5\nDOM-TMP = 274.15\nOUT-TMP = 273.15\nDATA-TYP= 'STANDARD_STAR'"},
           "subaru");
  EXPECT_THAT(image.exptime.value, near(10));
  EXPECT_THAT(image.airmass.value, near(1.25));
  EXPECT_THAT(image.rotangle.value, near(12.5));
  EXPECT_EQ(start(image), "2001-04-01T12:00:00Z");
  EXPECT_EQ(image.type.value, "object");
  EXPECT_THAT(image.teltemp[1].value, near(1));
  EXPECT_THAT(image.teltemp[2].value, near(0));
  EXPECT_THAT(only({"TELESCOP= 'Subaru'\nEXP1TIME= 2.5\nCOADD   = 2"}, "subaru").exptime.value, near(5));
  EXPECT_THAT(only({"TELESCOP= 'Subaru'\nRA2000  = '01:00:00.0'\nDEC2000 = '10:00:00.0'\nRA      = '01:00:50.0'\nDEC   "
                    "  = '10:05:00.0'"},
                   "subaru")
                  .ra.value,
              near(15, 1e-4));
}

TEST(Ukirt, ExposuresAndPlaces) {
  const auto read = [](const std::string& cards) {
    return only({"TELESCOP= 'UKIRT'\nEQUINOX = 2000.0\n" + cards}, "ukirt");
  };
  EXPECT_THAT(read("EXP_TIME= 5.0\nNEXP    = 2").exptime.value, near(10));
  EXPECT_THAT(read("EXP_TIME= 5.0\nNEXP    = 2\nINT_TIME= 30.0").exptime.value, near(30));
  EXPECT_THAT(read("DEXPTIME= 0.5\nNEXP    = 2\nEXPOSED = 9.0").exptime.value, near(9));
  EXPECT_THAT(read("RABASE  = 4.0\nDECBASE = 10.0").ra.value, near(60, 1e-4));
  const ImageFacts moved = read("RABASE  = 4.0\nDECBASE = 60.0\nTRAOFF  = 36.0\nTDECOFF = -12.0 / [arcsec]");
  EXPECT_THAT(moved.ra.value, near(60.02, 5e-5));
  EXPECT_THAT(moved.dec.value, near(59.99666667, 5e-5));
  EXPECT_THAT(read("RABASE  = 4.0\nDECBASE = 10.0\nTELRA   = 2.0\nTELDEC  = 10.0").ra.value, near(30, 1e-4));
  EXPECT_THAT(
      read("RABASE  = 4.0\nDECBASE = 10.0\nCTYPE1  = 'DEC--TAN'\nCTYPE2  = 'RA---TAN'\nCRVAL1  = 10.0\nCRVAL2  = 61.0")
          .ra.value,
      near(61, 1e-4));
  EXPECT_THAT(read("RABASE  = 4.0\nDECBASE = 10.0\nCTYPE1  = 'WAVE'\nCTYPE2  = 'RA---TAN'\nCTYPE3  = "
                   "'DEC--TAN'\nCRVAL2  = 62.0\n"
                   "CRVAL3  = 10.0")
                  .ra.value,
              near(62, 1e-4));
  const ImageFacts wfcam =
      read("INSTRUME= 'WFCAM'\nCAMNUM  = 3\nDET_TEMP= 74.15\nTCS_FOC = -3.5\nDOMETEMP= 2.5\nAIRTEMP = 1.5");
  EXPECT_EQ(wfcam.mode, ImageMode::split);
  EXPECT_EQ(wfcam.ccd.value, 3);
  EXPECT_THAT(wfcam.dettemp.value, near(-199));
  EXPECT_THAT(wfcam.telfocus.value, near(-3.5));
  EXPECT_THAT(wfcam.teltemp[1].value, near(2.5));
  EXPECT_THAT(wfcam.teltemp[2].value, near(1.5));
}

TEST(Jcmt, PlacesInOtherSystems) {
  const auto ra = [](const std::string& cards) { return only({"TELESCOP= 'JCMT'\n" + cards}, "jcmt").ra.value; };
  EXPECT_THAT(ra("TRACKSYS= 'ICRS'\nBASEC1  = 20.0\nBASEC2  = 10.0"), near(20, 1e-4));
  EXPECT_THAT(ra("TRACKSYS= 'J2000'\nBASEC1  = 20.0\nBASEC2  = 10.0"), near(20, 1e-4));
  EXPECT_FALSE(ra("TRACKSYS= 'APP'\nBASEC1  = 20.0\nBASEC2  = 10.0"));
  EXPECT_THAT(ra("CENT_CRD= 'RJ'\nLONG    = '+002:00:00.0'\nLAT     = '+010:00:00.0'\nMEANRA  = 40.0\nMEANDEC = 10.0"),
              near(30, 1e-3));
  EXPECT_THAT(
      ra("CENT_CRD= 'PLANET'\nLONG    = '+002:00:00.0'\nLAT     = '+010:00:00.0'\nMEANRA  = 40.0\nMEANDEC = 10.0"),
      near(40, 1e-3));
  EXPECT_EQ(only({"TELESCOP= 'JCMT'\nMODE    = 'MAP'"}, "jcmt").type.value, "object");
}

TEST(Keck, StartsAndFilters) {
  const auto read = [](const std::string& cards) { return only({"TELESCOP= 'Keck I'\n" + cards}, "keck"); };
  EXPECT_EQ(start(read("DATE-OBS= '2005-06-07'\nEXPSTART= '08:09:10'\nUTC     = '08:15:00'")), "2005-06-07T08:09:10Z");
  EXPECT_EQ(start(read("DATE-OBS= '2005-06-07'\nDATE_BEG= '2005-06-07T08:09:10'\nUTC     = '08:15:00'")),
            "2005-06-07T08:09:10Z");
  EXPECT_EQ(read("INSTRUME= 'LRIS'\nREDFILT = 'Halpha_6'\nBLUFILT = 'BG38'").filter.value, "Halpha_6");
  EXPECT_EQ(read("INSTRUME= 'OSIRIS'\nSFILTER = 'Kn3'").filter.value, "Kn3");
  EXPECT_EQ(read("INSTRUME= 'KCWI'\nBFILTNAM= 'KBlue'").filter.value, "KBlue");
  EXPECT_THAT(read("TRUITIME= 30.0\nITIME   = 30000\nCOADDS  = 2").exptime.value, near(60));
  EXPECT_THAT(read("ELAPTIME= 299\nTTIME   = 300").exptime.value, near(299));
}

TEST(Lco, FocusReleaseTemperatures) {
  const ImageFacts image =
      only({"ORIGIN  = 'LCOGT'\nOBSTYPE = 'SPECTRUM'\nFOCPOSN = 'UNKNOWN'\nAGFOCUS = 8.5\nDETECTID= 'fl99'\n"
            "L1PUBDAT= '2016-01-02T00:00:00'\nM1TEMP  = 12.5\nWMSTEMP = 9.5"},
           "lco");
  EXPECT_FALSE(image.telfocus.value);
  EXPECT_EQ(image.chip.value, "fl99");
  EXPECT_EQ(image.type.value, "object");
  EXPECT_THAT(image.release.value, near(1451692800.0));
  EXPECT_THAT(image.teltemp[0].value, near(12.5));
  EXPECT_THAT(image.teltemp[2].value, near(9.5));
}

TEST(Tables, OnesOfAFewLines) {
  EXPECT_THAT(only({"INSTRUME= '90prime'\nCAMTEMP = -135.5"}, "bok-90prime").dettemp.value, near(-135.5));
  EXPECT_EQ(only({"TELESCOP= 'NOT'\nALFLTNM = 'Open'\nFAFLTNM = 'Open'\nFBFLTNM = 'V_Bes 530_80'"}, "not").filter.value,
            "V_Bes 530_80");
  EXPECT_EQ(only({"TELESCOP= 'NOT'\nNCFLTNM1= 'Open'\nNCFLTNM2= 'Ks'"}, "not").filter.value, "Ks");
  EXPECT_EQ(only({"TELESCOP= 'NOT'\nSTFLTNM = 'R Bes'"}, "not").filter.value, "R Bes");
  EXPECT_THAT(only({"TELESCOP= 'Liverpool Telescope'\nCCDATEMP= 173.15"}, "liverpool").dettemp.value, near(-100));
  EXPECT_THAT(
      only({"TELESCOP= 'LBT-SX'\nINSTRUME= 'LUCI1'\nEXPTIME = 5.0\nDIT     = 5.0\nNDIT    = 12"}, "lbt").exptime.value,
      near(60));
  EXPECT_THAT(ccds(facts_of({"NAXIS   = 0\nTELESCOP= 'LBT-SX'", "EXTNAME = 'LBCCHIP3'", "EXTNAME = 'LBCCHIP4'"})),
              ElementsAre(3, 4));
  EXPECT_EQ(only({"TELESCOP= 'NASA IRTF'\nGFLT    = 'Open'\nFILTER  = 'K'"}, "irtf").filter.value, "K");
  EXPECT_EQ(only({"TELESCOP= 'NASA IRTF'\nGFLT    = 'H'"}, "irtf").filter.value, "H");
  EXPECT_THAT(only({"TELESCOP= 'NASA IRTF'\nTCS_RA  = '02:00:00.0'\nTCS_DEC = '10:00:00.0'"}, "irtf").ra.value,
              near(30, 1e-3));
  EXPECT_EQ(only({"OBSERVAT= 'SAAO'\nFILTERA = 'V - Green'\nFILTERB = '0 - Empty'"}, "saao").filter.value, "V - Green");
  EXPECT_THAT(only({"ORIGIN  = 'MMT WFS'\nCATRA   = 2.0\nCATDEC  = 10.0\nEPOCH   = 2000"}, "mmt-wfs").ra.value,
              near(30, 1e-4));
  EXPECT_THAT(only({"ORIGIN  = 'SDSS'\nIPA     = 170.5"}, "sdss").rotangle.value, near(170.5));
  EXPECT_EQ(start(only({"ORIGIN  = 'SDSS'\nTAI-BEG = 4453401632.0"}, "sdss")), "2000-01-01T00:00:00Z");
  EXPECT_EQ(only({"TELESCOP= 'LSST AuxTelescope'\nINSTRUME= 'LATISS'\nRAFTBAY = 'R00'"}, "lsst-latiss").mode,
            ImageMode::single);
  EXPECT_EQ(only({"TELESCOP= 'LSST'\nTESTTYPE= 'PHOSIM'\nROTANGZ = 12.5"}, "lsst-sim").rotangle.value, 12.5);
}

}  // namespace
}  // namespace imreg
