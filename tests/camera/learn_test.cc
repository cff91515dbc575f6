// A first draft of a table for cameras that nobody has told us about.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "imreg/camera_tools.h"
#include "imreg/date.h"

namespace imreg {
namespace {

// A folder that goes with the test, for header dumps.
class Learn : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("learn_test." + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    Result<Cameras> loaded = Cameras::load();
    ASSERT_TRUE(loaded.ok()) << loaded.status().text();
    cameras_.emplace(*std::move(loaded));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  // A header of one image as people mail it: a card a line.
  std::string header(const std::string& name, const std::string& cards) {
    return write(name + ".header",
                 "SIMPLE  =                    T\nBITPIX  =                   16\nNAXIS   =                    2\n"
                 "NAXIS1  =                 2048\nNAXIS2  =                 2048\n" +
                     cards + "END\n");
  }
  // And one of a cube.
  std::string cube(const std::string& name, int planes, const std::string& cards) {
    return write(name + ".header",
                 "SIMPLE  =                    T\nBITPIX  =                   16\nNAXIS   =                    3\n"
                 "NAXIS1  =                  256\nNAXIS2  =                  256\nNAXIS3  = " +
                     std::to_string(planes) + "\n" + cards + "END\n");
  }
  // The draft, which must be a table without mistakes.
  std::string learn(const std::vector<std::string>& files) {
    const Result<std::string> draft = learn_table(files, *cameras_);
    EXPECT_TRUE(draft.ok()) << draft.status().text();
    if (!draft) return {};
    const Result<std::string> name = cameras_->add_file(write("draft.cam", *draft));
    EXPECT_TRUE(name.ok()) << name.status().text() << "\n" << *draft;
    if (name) camera_ = *name;
    EXPECT_TRUE(cameras_->mistakes().empty()) << cameras_->mistakes()[0].text() << "\n" << *draft;
    return *draft;
  }
  ImageFacts read(const std::string& path, const std::string& forced = "") {
    const Result<FitsHeaders> headers = read_headers(path);
    EXPECT_TRUE(headers.ok());
    Cameras::Options options;
    options.camera = forced;
    const Result<FileFacts> facts = cameras_->translate(path, *headers, options);
    EXPECT_TRUE(facts.ok() && !facts->images.empty());
    chosen_ = facts->camera;
    return facts->images.at(0);
  }

  std::filesystem::path folder_;
  std::optional<Cameras> cameras_;
  std::string camera_, chosen_;
};

// Words that no other camera uses: what they mean is in their comments, in the forms of their values, and in how they
// fit together.
std::vector<std::string> odd_headers(const std::function<std::string(const std::string&, const std::string&)>& header) {
  const auto cards = [](const char* kind, const char* wheel, const char* lasted, const char* night, const char* began,
                        const char* mjd) {
    return std::string("WHOSE   = 'Nautilus Observatory'\nINSTRUME= 'Periscope 3'\nWHAT    = '") + kind +
           "' / type of image\nWHEEL   = '" + wheel + "' / name of the filter\nLASTED  = " + lasted +
           " / shutter open, in minutes\nNIGHT   = '" + night + "' / date of the evening\nBEGAN   = '" + began +
           "' / UT when the shutter opened\nCLOCKMJD= " + mjd + " / modified Julian date, shutter opened\n" +
           "AIM_RA  = '12:30:00.0' / right ascension of target\nAIM_DEC = '-10:20:30' / declination of target\n"
           "THICK   = 1.25 / air mass\nCOLDNESS= -95.5 / temperature of CCD [C]\nPREY    = 'Kraken' / name of the "
           "object\n";
  };
  return {header("a", cards("LIGHT EXPOSURE", "Violet 7", "2.5", "2019-03-04", "23:30:00.0", "58546.97916666667")),
          header("b", cards("DOME SCREEN", "Violet 7", "0.25", "2019-03-04", "02:15:00.0", "58547.09375")),
          header("c", cards("LIGHT EXPOSURE", "Ochre", "10", "2019-03-05", "23:00:30.0", "58547.95868055556")),
          header("d", cards("ZERO LENGTH", "EMPTY", "0.0", "2019-03-05", "08:00:00.0", "58548.33333333333"))};
}

TEST_F(Learn, ACameraWithWordsOfItsOwn) {
  const std::vector<std::string> files =
      odd_headers([this](const std::string& name, const std::string& cards) { return header(name, cards); });
  const ImageFacts generic = read(files[1], "generic");
  EXPECT_FALSE(generic.exptime.value || generic.type.value || generic.obstime.value || generic.filter.value);

  const std::string draft = learn({files[0], files[1], files[2], files[3]});
  const ImageFacts image = read(files[1]);
  EXPECT_EQ(chosen_, camera_) << draft;  // by its `when` lines
  EXPECT_NEAR(image.exptime.value.value_or(0), 15, 1e-9) << draft;
  // The night of 4 March, after midnight.
  EXPECT_EQ(format_iso(image.obstime.value.value_or(0)), "2019-03-05T02:15:00Z") << draft;
  EXPECT_EQ(image.filter.value, "Violet 7") << draft;
  EXPECT_EQ(image.type.value, "flat") << draft;
  EXPECT_NEAR(image.ra.value.value_or(0), 187.5, 1e-6) << draft;
  EXPECT_NEAR(image.dec.value.value_or(0), -10.341667, 1e-6) << draft;
  EXPECT_NEAR(image.airmass.value.value_or(0), 1.25, 1e-9) << draft;
  EXPECT_NEAR(image.dettemp.value.value_or(0), -95.5, 1e-9) << draft;
  EXPECT_EQ(image.object.value, "Kraken") << draft;
  EXPECT_EQ(read(files[3]).type.value, "bias") << draft;
  EXPECT_EQ(read(files[3]).filter.value, "CLEAR") << draft;
  EXPECT_EQ(read(files[0]).type.value, "object") << draft;
}

// No MJD tells that the date is that of the night: its comment does.
TEST_F(Learn, ANightWithoutASecondClock) {
  const auto cards = [](const char* began) {
    return std::string("INSTRUME= 'Periscope 4'\nNIGHT   = '2019-03-04' / date of the evening\nBEGAN   = '") + began +
           "' / UT at the start of the exposure\n";
  };
  const std::vector<std::string> files{header("a", cards("23:30:00")), header("b", cards("02:15:00"))};
  const std::string draft = learn(files);
  EXPECT_EQ(format_iso(read(files[0]).obstime.value.value_or(0)), "2019-03-04T23:30:00Z") << draft;
  EXPECT_EQ(format_iso(read(files[1]).obstime.value.value_or(0)), "2019-03-05T02:15:00Z") << draft;
}

// DATE-OBS is the date of the evening and nothing says so, but the MJD of the same moment does.
TEST_F(Learn, ANightThatTheModifiedJulianDateProves) {
  const auto cards = [](const char* ut, const char* mjd) {
    return std::string("INSTRUME= 'Periscope 8'\nDATE-OBS= '2019-03-04'\nUT      = '") + ut + "'\nMJD-OBS = " + mjd +
           "\n";
  };
  const std::vector<std::string> files{header("a", cards("23:30:00", "58546.97916666667")),
                                       header("b", cards("02:15:00", "58547.09375"))};
  EXPECT_EQ(format_iso(read(files[1], "generic").obstime.value.value_or(0)), "2019-03-04T02:15:00Z");
  const std::string draft = learn(files);
  EXPECT_EQ(format_iso(read(files[0]).obstime.value.value_or(0)), "2019-03-04T23:30:00Z") << draft;
  EXPECT_EQ(format_iso(read(files[1]).obstime.value.value_or(0)), "2019-03-05T02:15:00Z") << draft;
}

// The unit stands nowhere, but end minus start tells it.
TEST_F(Learn, UnitsAreProvedByTheEndOfTheExposure) {
  const auto cards = [](const char* lasted, const char* end) {
    return std::string("INSTRUME= 'Periscope 5'\nDATE-OBS= '2019-03-04T23:30:00'\nLASTED  = ") + lasted +
           "\nFINISH  = '" + end + "' / end\n";
  };
  const std::vector<std::string> files{header("a", cards("2.5", "2019-03-04T23:32:30")),
                                       header("b", cards("4", "2019-03-04T23:34:00.1"))};
  const std::string draft = learn(files);
  EXPECT_NEAR(read(files[0]).exptime.value.value_or(0), 150, 1e-9) << draft;
}

// What is only likely is a comment: a local time, a time of day of unknown kind, the file's own date.
TEST_F(Learn, GuessesAreNoRecipes) {
  const auto cards = [](const char* clock) {
    return std::string(
               "INSTRUME= 'Periscope 6'\nDATE    = '2020-01-01T00:00:00' / file was written\nMYDAY   = "
               "'2019-03-04'\nCLOCK   = '") +
           clock + "' / local time\nLST     = '10:11:12'\nWARMTH  = 12.5 / temperature\nCOUNTS  = 300\n";
  };
  const std::vector<std::string> files{header("a", cards("21:30:00")), header("b", cards("22:15:00"))};
  const std::string draft = learn(files);
  // Not even likely.
  EXPECT_EQ(draft.find("CLOCK"), draft.npos) << draft;
  EXPECT_EQ(draft.find("LST"), draft.npos) << draft;
  EXPECT_EQ(draft.find("obstime DATE"), draft.npos) << draft;
  const ImageFacts image = read(files[0]);
  EXPECT_FALSE(image.obstime.value) << draft;
  EXPECT_FALSE(image.exptime.value) << draft;
  EXPECT_FALSE(image.dettemp.value) << draft;
}

// The frames of a cube: their time and number make the exposure, whether another keyword says so or none.
TEST_F(Learn, AFrameTimesThePlanes) {
  const auto files = [&](const char* name, const char* total) {
    std::vector<std::string> out;
    for (const int planes : {40, 100}) {
      std::string cards = std::string("INSTRUME= '") + name + "'\nEXPTIME = 0.5 / frame exposure time in seconds\n";
      if (*total != '\0') cards += std::string(total) + std::to_string(planes / 2) + "\n";
      out.push_back(cube(name + std::to_string(planes), planes, cards));
    }
    return out;
  };
  for (const char* total : {"", "ALLTIME = "}) {
    const std::vector<std::string> cubes = files(*total == '\0' ? "Stills" : "Totals", total);
    const std::string draft = learn(cubes);
    EXPECT_NEAR(read(cubes[0]).exptime.value.value_or(0), 20, 1e-9) << draft;
    EXPECT_NEAR(read(cubes[1]).exptime.value.value_or(0), 50, 1e-9) << draft;
    EXPECT_NE(draft.find("\nslices no"), draft.npos) << draft;
  }
}

// No comment of ALLTIME helps, but it is the time of a frame times two of three numbers, with different factors.
TEST_F(Learn, AProductOfFrames) {
  const auto cards = [](const char* frame, int coadds, int scans, const char* all) {
    return "INSTRUME= 'Periscope 9'\nSHORT   = " + std::string(frame) +
           " / integration / frame\nNC      = " + std::to_string(coadds) +
           " / number of coadded frames\nPOINTS  = 7 / number of points\nNS      = " + std::to_string(scans) +
           " / number of scans\nALLTIME = " + all + "\nDEADTIME= 2.0\n";
  };
  const std::vector<std::string> files{header("a", cards("1.0119", 2, 4, "8.1")),
                                       header("b", cards("2.0238", 1, 8, "16.19"))};
  const std::string draft = learn(files);
  EXPECT_NEAR(read(files[0]).exptime.value.value_or(0), 8.1, 1e-9) << draft;
  EXPECT_NEAR(read(files[1]).exptime.value.value_or(0), 16.19, 1e-9) << draft;
}

// The MJD says that it is TAI, and it is the moment of DATE-OBS: so that is TAI, too.
TEST_F(Learn, AClockOnTai) {
  const auto cards = [](const char* mjd) {
    return std::string("INSTRUME= 'Periscope 10'\nDATE-OBS= '2019-03-04T12:00:00'\nMJD-OBS = ") + mjd +
           " / modified Julian date (also TAI)\n";
  };
  const std::string same = header("a", cards("58546.5")), later = header("b", cards("58546.50042824"));
  std::string draft = learn({same});
  EXPECT_EQ(format_iso(read(same).obstime.value.value_or(0)), "2019-03-04T11:59:23Z") << draft;
  // 37 s later: DATE-OBS is UTC.
  draft = learn({later});
  EXPECT_EQ(draft.find("timesys"), draft.npos) << draft;
  // What the table reads is no proof of itself.
  draft = learn({header("c", "INSTRUME= 'Periscope 17'\nEXPSTART= 1552515334.5 / start TAI time of exposure\n")});
  EXPECT_EQ(draft.find("timesys"), draft.npos) << draft;
}

TEST_F(Learn, FiltersThatNoKeywordIsNamedAfter) {
  // Names with the places of their wheel.
  const auto place = [&](const std::string& name, const char* text) {
    return header(name, "INSTRUME= 'Periscope 11'\nFILT_POS= '" + std::string(text) + "'\n");
  };
  const std::vector<std::string> places{place("a", "4308 (6)"), place("b", "K (12)")};
  std::string draft = learn(places);
  EXPECT_EQ(read(places[0]).filter.value, "4308") << draft;
  EXPECT_EQ(read(places[1]).filter.value, "K") << draft;
  // Names that a filter list has; a number that fits a pattern of the lists is none.
  const std::string listed = header("c", "INSTRUME= 'Periscope 12'\nWAVEBAND= 'Ca II H line'\nBANDWID = '3000 kHz'\n");
  draft = learn({listed});
  EXPECT_EQ(read(listed).filter.value, "Ca II H line") << draft;
  EXPECT_EQ(draft.find("BANDWID"), draft.npos) << draft;
  // Codes: only a person knows what they mean.
  const std::string coded = header("d", "INSTRUME= 'Periscope 13'\nBANDPASS= 35 / bandpass code\n");
  draft = learn({coded});
  EXPECT_NE(draft.find("\n# fill in: filter = NAME if BANDPASS 35..35    # bandpass code\n"), draft.npos) << draft;
  EXPECT_FALSE(read(coded).filter.value) << draft;
}

TEST_F(Learn, MapsOfBadPixelsByTheirTitle) {
  const auto cards = [](const char* title) {
    return std::string("INSTRUME= 'Periscope 14'\nCTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\nOBJECT  = '") + title +
           "'\n";
  };
  const std::vector<std::string> files{header("a", cards("M 31")), header("b", cards("Bad Pixels Map"))};
  const std::string draft = learn(files);
  EXPECT_EQ(read(files[0]).type.value, "object") << draft;
  EXPECT_EQ(read(files[1]).type.value, "mask") << draft;
}

// A word for a type that stands beside "observe" in one image and beside a sky in the other; arcs have a sky, too.
TEST_F(Learn, WordsOfTypesByTheirCompany) {
  const auto cards = [](const char* word, const char* more) {
    return "INSTRUME= 'Periscope 15'\nIMTYPE  = '" + std::string(word) + "'\n" + more;
  };
  const char* const sky = "CTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\n";
  const char* const told = "KINDTYPE= 'OBSERVE'\n";
  const std::vector<std::string> files{header("a", cards("MAGNETIC", told)), header("b", cards("MAGNETIC", sky)),
                                       header("c", cards("H-ALPHA", "")), header("d", cards("ARC", told)),
                                       header("e", cards("ARC", sky))};
  const std::string draft = learn(files);
  EXPECT_EQ(read(files[1]).type.value, "object") << draft;
  EXPECT_FALSE(read(files[2]).type.value) << draft;
  EXPECT_FALSE(read(files[4]).type.value) << draft;
  EXPECT_NE(draft.find("# ? words type WORD H-ALPHA"), draft.npos) << draft;
}

// A mode tells an object where nothing says better, and an arc stays one.
TEST_F(Learn, AModeIsNoTypeOfAnArc) {
  const auto cards = [](const char* type) {
    return "INSTRUME= 'Periscope 18'\nMODE    = 'STARE'\n" + std::string(type);
  };
  const std::vector<std::string> files{header("a", cards("")), header("b", cards("OBSTYPE = 'ARC'\n"))};
  const std::string draft = learn(files);
  EXPECT_EQ(read(files[0]).type.value, "object") << draft;
  EXPECT_FALSE(read(files[1]).type.value) << draft;
}

// chip#3 of 4 is the third; array#77 of 2 bears its maker's number.
TEST_F(Learn, SerialNumbersAreNoNumbersOfCcds) {
  const auto mosaic = [&](const std::string& name, const char* const* chips, int count) {
    std::string text =
        "SIMPLE  =                    T\nBITPIX  =                    8\nNAXIS   =                    0\n"
        "INSTRUME= '" +
        name + "'\nEND\n";
    for (int i = 0; i < count; ++i) {
      text += "# HDU " + std::to_string(i + 1) +
              "\nXTENSION= 'IMAGE   '\nBITPIX  =                   16\n"
              "NAXIS   =                    2\nNAXIS1  =                   64\nNAXIS2  =                   64\n"
              "PCOUNT  =                    0\nGCOUNT  =                    1\nEXTNAME = '" +
              chips[i] + "'\nEND\n";
    }
    return write(name + ".header", text);
  };
  const char* const chips[] = {"chip#4", "chip#3", "chip#2", "chip#1"};
  const std::string good = mosaic("Quartet", chips, 4);
  std::string draft = learn({good});
  EXPECT_EQ(read(good).ccd.value, 4) << draft;
  const char* const arrays[] = {"array#77", "array#60"};
  const std::string bad = mosaic("Duet", arrays, 2);
  draft = learn({bad});
  EXPECT_EQ(read(bad).ccd.value, 0) << draft;
}

TEST_F(Learn, TheInstrumentOfFilesThatDoNotNameIt) {
  const auto file = [&](const std::string& name, const std::string& cards) {
    return header(name, cards + "EXPTIME = 1.0\n");
  };
  // Half of them do, by FITS's keyword.
  std::vector<std::string> files{file("a", "INSTRUME= 'Sextant'\n"), file("b", "TELESCOP= 'Mast'\n")};
  std::string draft = learn(files);
  EXPECT_EQ(read(files[1], camera_).instrument.value, "Sextant") << draft;
  // None does, and a part of it has a name in one.
  files = {file("c", "TELESCOP= 'Keel'\n"), file("d", "TELESCOP= 'Keel'\n"),
           file("e", "TELESCOP= 'Keel'\nCAMERA  = 'DVC 4000M'\n")};
  draft = learn(files);
  for (const std::string& path : files) EXPECT_EQ(read(path, camera_).instrument.value, "Keel") << draft;
  // Two telescopes: a person must say.
  files = {file("f", "TELESCOP= 'Stern'\n"), file("g", "TELESCOP= 'Bow'\n")};
  draft = learn(files);
  EXPECT_NE(draft.find("# fill in: instrument = NAME    # not learnt for 2 of 2 images"), draft.npos) << draft;
  EXPECT_FALSE(read(files[0], camera_).instrument.value) << draft;
}

// Rival temperatures, and an exposure time that nothing tells: the draft asks.
TEST_F(Learn, WhatIsNotLearntIsAskedFor) {
  const std::string path =
      header("a", "INSTRUME= 'Periscope 16'\nT_ACCD  = -40.5\nT_BCCD  = -38.0\nDATE-OBS= '2019-03-04T12:00:00'\n");
  const std::string draft = learn({path});
  EXPECT_NE(draft.find("# ? dettemp T_ACCD"), draft.npos) << draft;
  EXPECT_NE(draft.find("# fill in: dettemp KEYWORD    # the keywords above differ: which of them is it?"), draft.npos)
      << draft;
  EXPECT_NE(draft.find("# fill in: exptime KEYWORD s    # not learnt for 1 of 1 image\n"), draft.npos) << draft;
  EXPECT_EQ(draft.find("# fill in: obstime"), draft.npos) << draft;
  EXPECT_FALSE(read(path).dettemp.value) << draft;
}

// What the generic table reads right needs no line, but the person sees where it comes from.
TEST_F(Learn, WhatGenericReadsIsToldOnly) {
  const std::string path =
      header("a", "INSTRUME= 'Periscope 7'\nEXPTIME =  30.0 / seconds\nDATE-OBS= '2019-03-04T23:30:00'\n");
  const std::string draft = learn({path});
  EXPECT_NE(draft.find("# exptime: generic knows it for 1 of 1 image, by EXPTIME (30.0)"), draft.npos) << draft;
  EXPECT_EQ(draft.find("\nexptime"), draft.npos) << draft;
  EXPECT_NE(draft.find("like   generic"), draft.npos) << draft;
  EXPECT_NE(draft.find("when   INSTRUME \"Periscope 7\""), draft.npos) << draft;
}

TEST_F(Learn, NothingToLearnFrom) {
  EXPECT_EQ(learn_table({}, *cameras_).status().code(), Code::invalid);
  EXPECT_EQ(learn_table({"/nowhere/a.fits"}, *cameras_).status().code(), Code::not_found);
  const std::string no_image = write("t.header",
                                     "SIMPLE  =                    T\nBITPIX  =                    8\nNAXIS   =        "
                                     "            1\nNAXIS1  =                  100\nEND\n");
  EXPECT_EQ(learn_table({no_image}, *cameras_).status().code(), Code::invalid);
}

// Whatever stands in the cards, the draft is a table without mistakes.
TEST_F(Learn, HostileHeadersGiveAGoodTable) {
  const char* const keys[] = {"INSTRUME", "TELESCOP", "DETECTOR", "ORIGIN", "DATE-OBS", "UT",      "MJD-OBS",
                              "EXPTIME",  "LASTED",   "FILTER9",  "WHEEL",  "IMAGETYP", "OBSTYPE", "WHATTYPE",
                              "AIM_RA",   "AIM_DEC",  "NIGHT",    "BEGAN",  "CCDTEMP9", "COADDS",  "CHIP",
                              "AMPID",    "EXTNAME",  "1..2",     "A..B",   "12345",    "&",       "#X",
                              "\"Q",      "WCS",      "TEND",     "TSTART"};
  const char* const values[] = {"'#'",
                                "'\"'",
                                "'a\"b # c'",
                                "'|'",
                                "'&'",
                                "'*'",
                                "'[a'",
                                "'1..2'",
                                "'not'",
                                "'unless'",
                                "'%d'",
                                "'ccd%07'",
                                "'a|b'",
                                "'    '",
                                "'\xff\xfe'",
                                "'BIAS \"x\"'",
                                "'FLAT|#'",
                                "'12:30:00'",
                                "'2019-03-04'",
                                "58000.5",
                                "2.5",
                                "'12:30:61'",
                                "'2019-03-04T23:30:00'",
                                "1e400",
                                "NaN",
                                "'OPEN \"'",
                                "'CLEAR|*'",
                                "'EMPTY ['",
                                "'\\'",
                                "'x\ty'",
                                "T",
                                "'@own'",
                                "'='",
                                "'words'"};
  const char* const comments[] = {"",
                                  " / [min] shutter open",
                                  " / # \"",
                                  " / name of filter",
                                  " / UT at start",
                                  " / date of the evening",
                                  " / type of image",
                                  " / right ascension",
                                  " / \xe9|&",
                                  " / end of exposure"};
  std::mt19937 random(5);
  for (int round = 0; round < 150; ++round) {
    std::vector<std::string> files;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      std::string cards;
      for (unsigned c = random() % 30; c > 0; --c) {
        std::string key = keys[random() % std::size(keys)];
        key.resize(8, ' ');
        cards += key + "= " + values[random() % std::size(values)] + comments[random() % std::size(comments)] + "\n";
      }
      files.push_back(header("h" + std::to_string(n), cards));
    }
    const Result<std::string> draft = learn_table(files, *cameras_);
    if (!draft) continue;  // a dump that the header reader refuses
    Result<Cameras> cameras = Cameras::load();
    const Result<std::string> name = cameras->add_file(write("draft.cam", *draft));
    ASSERT_TRUE(name.ok()) << name.status().text() << "\n" << *draft;
    ASSERT_TRUE(cameras->mistakes().empty()) << cameras->mistakes()[0].text() << "\n" << *draft;
  }
}

}  // namespace
}  // namespace imreg
