// The calibration finder against a naive loop over all rows, on random databases and on simulated nights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "../folder.h"
#include "formats/regimage.h"
#include "imreg/calibration.h"
#include "imreg/date.h"
#include "imreg/registry.h"
#include "imreg/simulate.h"
#include "registry/image_row.h"

namespace imreg {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr double kDay = 86400;
constexpr double kStart = 980546400;
const double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kObject = 1, kDark = 2, kBias = 3, kFlat = 4, kMask = 5;

const Schema& native() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

struct Image {
  std::string name = "a.fits", folder = "/data", filter = "r", instrument = "Cam";
  int ccd = 0, type = kFlat, mode = 1, slice = 0, quality = 0;
  double days = 0, exptime = 10;
  bool deleted = false;
};

Record row_of(const Image& image) {
  Record row(regimage::kRecordSize);
  row.set(regimage::kObstime, kStart + image.days * kDay);
  row.set(regimage::kExptime, image.exptime);
  row.set(regimage::kCcd, image.ccd);
  row.set(regimage::kExtension, image.ccd + 1);
  row.set(regimage::kSlice, image.slice);
  row.set(regimage::kType, image.type);
  row.set(regimage::kMode, image.mode);
  row.set(regimage::kQuality, image.quality);
  row.set(regimage::kDeleted, image.deleted);
  EXPECT_TRUE(row.set(regimage::kFilename, image.name) && row.set(regimage::kPathname, image.folder) &&
              row.set(regimage::kFilter, image.filter) && row.set(regimage::kInstrument, image.instrument));
  return row;
}

class Calibration : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return folder_ / name; }

  RecordFile database(const std::vector<Image>& images) {
    const std::string path = at("c" + std::to_string(++databases_) + ".db");
    std::string rows;
    for (const Image& image : images) rows += row_of(image).bytes();
    EXPECT_TRUE(RecordWriter::create(path, native(), {}).ok());
    EXPECT_TRUE(RecordWriter::open(path, {})->append(rows).ok());
    auto file = RecordFile::open(path);
    EXPECT_TRUE(file.ok());
    return *std::move(file);
  }

  static CalibrationRequest near(const std::string& what, int type = kFlat, std::int64_t limit = 1) {
    CalibrationRequest request;
    request.near_to = what;
    request.type = type;
    request.limit = limit;
    return request;
  }
  // The rows of the frames of the only CCD.
  static std::vector<std::int64_t> rows(const RecordFile& file, const CalibrationRequest& request) {
    const auto report = find_calibrations(file, request);
    EXPECT_TRUE(report.ok()) << report.status().text();
    std::vector<std::int64_t> out;
    if (!report.ok()) return out;
    EXPECT_EQ(report->ccds.size(), 1U);
    for (const auto& frame : report->ccds.at(0).frames) out.push_back(frame.row);
    EXPECT_EQ(out.empty(), !report->ccds.at(0).why_none.empty());
    return out;
  }
  static std::string why(const RecordFile& file, const CalibrationRequest& request) {
    const auto report = find_calibrations(file, request);
    EXPECT_TRUE(report.ok()) << report.status().text();
    return report.ok() ? report->ccds.at(0).why_none : "";
  }

  Folder folder_;
  int databases_ = 0;
};

const Image kReference{.name = "o.fits", .type = kObject, .exptime = 60};

Image flat(double days) { return {.name = "f" + std::to_string(days) + ".fits", .days = days}; }

TEST_F(Calibration, NearestInTimeFirst) {
  const auto file = database({kReference, flat(3), flat(-2), flat(700), flat(-0.25), flat(2.5), flat(-5000)});
  EXPECT_THAT(rows(file, near("1")), ElementsAre(4));
  EXPECT_THAT(rows(file, near("1", kFlat, 3)), ElementsAre(4, 2, 5));
  EXPECT_THAT(rows(file, near("1", kFlat, 100)), ElementsAre(4, 2, 5, 1, 3, 6));
  auto request = near("1", kFlat, 100);
  request.days = 3;
  EXPECT_THAT(rows(file, request), ElementsAre(4, 2, 5, 1)) << "the limit itself is not too far";
  request.days = 2.9;
  EXPECT_THAT(rows(file, request), ElementsAre(4, 2, 5));
  const auto report = find_calibrations(file, near("1", kFlat, 2));
  EXPECT_EQ(report->ccds[0].frames[0].days, -0.25);
  EXPECT_EQ(report->ccds[0].frames[1].days, -2);
  EXPECT_NEAR(report->ccds[0].frames[0].exposure_ratio, 1 / 6.0, 1e-12);
}

TEST_F(Calibration, NothingIsLostBetweenTheWindows) {
  const double second = 1 / kDay;
  std::vector<Image> all = {kReference};
  for (const double edge : {1, 8, 64, 512}) {
    for (const double away : {edge, edge + 0.5 * second, edge + 1e-9 * edge}) {
      all.push_back(flat(away));
      all.push_back(flat(-away));
    }
  }
  EXPECT_EQ(rows(database(all), near("1", kFlat, 99)).size(), 24U);
}

TEST_F(Calibration, TimesThatAreNoNumbersAreNotKnown) {
  const double endless = std::numeric_limits<double>::infinity();
  std::vector<Image> all = {kReference};
  for (int i = 0; i < 100; ++i) all.push_back(flat(i % 2 ? endless : kUnknown));
  all.push_back(flat(3));
  EXPECT_THAT(rows(database(all), near("1", kFlat, 9)), ElementsAre(101));
  all[0].days = endless;
  EXPECT_THAT(why(database(all), near("1")), HasSubstr("the time of the image is not known"));
}

TEST_F(Calibration, OfManyTheNearest) {
  std::vector<Image> all = {kReference};
  for (int i = 0; i < 700; ++i) all.push_back(flat(1 + (i * 37 % 700) * 1e-3));
  std::vector<std::int64_t> expected;
  for (const double days : {1.0, 1.001, 1.002}) {
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i].days == days) expected.push_back(static_cast<std::int64_t>(i));
    }
  }
  EXPECT_EQ(rows(database(all), near("1", kFlat, 3)), expected);
}

TEST_F(Calibration, ADamagedRowIsToldOnceAndIsNoFrame) {
  const auto path = database({kReference, flat(2)}).path();
  std::fstream raw(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(raw), {}};
  const auto at_name = bytes.find("f2.000000.fits");
  ASSERT_NE(at_name, bytes.npos);
  raw.seekp(static_cast<std::streamoff>(at_name));
  raw.put('F').flush();
  const auto report = find_calibrations(*RecordFile::open(path), near("1"));
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->ccds[0].frames, testing::IsEmpty());
  EXPECT_EQ(report->scan.damaged.count, 1);
}

TEST_F(Calibration, TiesGoToTheExposureTimeAndThenToTheFirstRow) {
  const auto frame = [](int type, double days, double exptime) {
    return Image{.name = "x", .type = type, .days = days, .exptime = exptime};
  };
  const auto file = database({kReference, frame(kDark, 1, 61), frame(kDark, -1, 59.5), frame(kDark, 1, 60.5),
                              frame(kDark, -1, 60), frame(kBias, 1, 0), frame(kBias, -1, 0)});
  EXPECT_THAT(rows(file, near("1", kDark, 9)), ElementsAre(4, 2, 3, 1));
  EXPECT_THAT(rows(file, near("1", kBias, 9)), ElementsAre(5, 6));
}

TEST_F(Calibration, OnlyWhatSuits) {
  Image frame = flat(1);
  std::vector<Image> all = {kReference};
  const auto add = [&](auto change) {
    all.push_back(frame);
    change(all.back());
  };
  add([](Image& i) { i.ccd = 1; });
  add([](Image& i) { i.instrument = "Other"; });
  add([](Image& i) { i.instrument = ""; });
  add([](Image& i) { i.filter = "g"; });
  add([](Image& i) { i.filter = ""; });
  add([](Image& i) { i.deleted = true; });
  add([](Image& i) { i.quality = -1; });
  add([](Image& i) { i.mode = 3; });
  add([](Image& i) { i.slice = 2; });
  add([](Image& i) { i.days = kUnknown; });
  add([](Image& i) { i.type = kMask; });
  EXPECT_THAT(rows(database(all), near("1", kFlat, 99)), ElementsAre());
  add([](Image& i) { i.mode = 2; });             // a file for each CCD
  add([](Image& i) { i.mode = 0; });             // not known
  add([](Image& i) { i.instrument = "CAM"; });   // case-blind
  add([](Image& i) { i.filter = "r.MP9601"; });  // another name of it
  add([](Image& i) { i.quality = 3; });
  add([](Image& i) { i.exptime = kUnknown; });
  EXPECT_THAT(rows(database(all), near("1", kFlat, 99)), ElementsAre(12, 13, 14, 15, 16, 17));
  auto request = near("1", kFlat, 99);
  const auto file = database(all);
  ASSERT_TRUE(request.others.number(file.schema(), "quality", {{1, 9}}).ok());
  EXPECT_THAT(rows(file, request), ElementsAre(16)) << "what it must match besides";
}

TEST_F(Calibration, ToleranceOfDarks) {
  std::vector<Image> all = {kReference};
  for (const double exptime : {56.9, 57.0, 60.0, 63.0, 63.1, kUnknown}) {
    all.push_back({.name = "d", .type = kDark, .exptime = exptime});
  }
  const auto file = database(all);
  EXPECT_THAT(rows(file, near("1", kDark, 9)), ElementsAre(3, 2, 4));
  auto request = near("1", kDark, 9);
  request.exposure_seconds = 3.2;
  EXPECT_THAT(rows(file, request), ElementsAre(3, 2, 4, 1, 5)) << "the larger tolerance counts";
  request.exposure_seconds = request.exposure_percent = 0;
  EXPECT_THAT(rows(file, request), ElementsAre(3));
  Image shortest = kReference;
  shortest.exptime = 2;
  const auto second = database({shortest, {.name = "d", .type = kDark, .exptime = 2.9}});
  EXPECT_THAT(rows(second, near("1", kDark)), ElementsAre(1)) << "5 % of 2 s is less than 1 s";
}

TEST_F(Calibration, WhichImage) {
  Image gone = flat(5);
  gone.deleted = true;
  Image other = kReference;
  other.folder = "/elsewhere";
  other.days = 100;
  Image odd = flat(7);
  odd.name = "odd[1].fits";
  Image cube = kReference, slice = kReference;
  cube.name = slice.name = "cube.fits";
  cube.mode = 4;
  slice.mode = 5;
  slice.slice = 2;
  slice.days = 98;
  Image single = flat(2);
  single.mode = 3;
  const auto file = database({gone, kReference, flat(1), other, flat(99), odd, cube, slice, single});
  EXPECT_THAT(rows(file, near("cube.fits")), ElementsAre(8)) << "the cube, not its slices; no CCD of a mosaic";
  EXPECT_THAT(rows(file, near("1")), ElementsAre(2)) << "deleted rows have no number";
  EXPECT_THAT(rows(file, near("3")), ElementsAre(4));
  EXPECT_THAT(rows(file, near("2")), ElementsAre(5)) << "a flat is not its own flat";
  EXPECT_THAT(rows(file, near("/elsewhere/o.fits")), ElementsAre(4));
  EXPECT_THAT(rows(file, near("/data/o.fits")), ElementsAre(2));
  EXPECT_THAT(rows(file, near("odd[1].fits")), ElementsAre(2)) << "no glob";
  const auto message = [&](const std::string& what) {
    const auto report = find_calibrations(file, near(what));
    EXPECT_FALSE(report.ok());
    return report.status().text();
  };
  EXPECT_THAT(message("o.fits"),
              AllOf(HasSubstr("several files"), HasSubstr("/data/o.fits"), HasSubstr("/elsewhere/")));
  EXPECT_THAT(message("nothing.fits"), HasSubstr("\"nothing.fits\" is no file"));
  EXPECT_THAT(message("o.fit"), HasSubstr("\"o.fit\" is no file")) << "the whole name";
  EXPECT_THAT(message("/wrong/o.fits"), HasSubstr("is no file"));
  EXPECT_THAT(message("9"), HasSubstr("there is no row 9: the database shows 8 rows"));
  EXPECT_THAT(message("0"), HasSubstr("there is no row 0"));
  EXPECT_THAT(message(""), HasSubstr("is no file"));
  std::ofstream(at("text.fits")) << "no FITS";
  EXPECT_THAT(message(at("text.fits")), HasSubstr("text.fits"));
}

TEST_F(Calibration, SaysWhyThereIsNone) {
  Image green = flat(2), bad = flat(1), third = flat(-1), far = flat(40);
  green.filter = "g";
  Image later = flat(2.5);
  later.filter = "z";
  bad.quality = -2;
  bad.filter = "i";
  third.ccd = 3;
  third.filter = "z";
  EXPECT_THAT(why(database({kReference, green, bad, later, third}), near("1")),
              AllOf(HasSubstr("no flat for ccd 0 of Cam in filter r of 2001-01-26T22:00:00Z"),
                    HasSubstr("(2 days after)"), HasSubstr("its filter is g")));
  EXPECT_THAT(why(database({kReference, bad}), near("1")), HasSubstr("its filter is i, it is judged bad (quality -2)"));
  EXPECT_THAT(why(database({kReference, third}), near("1")),
              HasSubstr("(1 days before), does not suit: it is of ccd 3, its"));
  auto request = near("1");
  request.days = 30;
  EXPECT_THAT(why(database({kReference, far}), request),
              AllOf(HasSubstr("within 30 days"), HasSubstr("(40 days after), does not suit: it is too far away")));
  EXPECT_THAT(why(database({kReference}), near("1")), HasSubstr("there is no other flat at all"));
  EXPECT_THAT(why(database({kReference, {.type = kDark, .exptime = 300}}), near("1", kDark)),
              AllOf(HasSubstr("no dark for ccd 0 of Cam of 60 s"), HasSubstr("its exposure time is 300 s")));
  Image timeless = kReference, colourless = kReference, endless = kReference;
  timeless.days = kUnknown;
  colourless.filter = "";
  endless.exptime = kUnknown;
  EXPECT_THAT(why(database({timeless, flat(0)}), near("1")), HasSubstr("the time of the image is not known"));
  EXPECT_THAT(why(database({colourless, flat(0)}), near("1")), HasSubstr("the filter of the image is not known"));
  EXPECT_THAT(why(database({endless, {.type = kDark}}), near("1", kDark)),
              HasSubstr("the exposure time of the image is not"));
  EXPECT_THAT(rows(database({colourless, {.type = kBias}}), near("1", kBias)), ElementsAre(1))
      << "a bias has no filter";
  Image unknown = flat(kUnknown);
  EXPECT_THAT(why(database({kReference, unknown}), near("1")), HasSubstr(", does not suit: its time is not known"));
}

TEST_F(Calibration, RefusesNonsense) {
  const auto file = database({kReference});
  const auto message = [&](auto change) {
    auto request = near("1");
    change(request);
    const auto report = find_calibrations(file, request);
    EXPECT_EQ(report.status().code(), Code::invalid);
    return report.status().text();
  };
  EXPECT_THAT(message([](auto& r) { r.type = 0; }), HasSubstr("bias, dark or flat"));
  EXPECT_THAT(message([](auto& r) { r.type = 10; }), HasSubstr("bias, dark or flat"));
  EXPECT_THAT(message([](auto& r) { r.limit = 0; }), HasSubstr("the limit"));
  EXPECT_THAT(message([](auto& r) { r.days = -1; }), HasSubstr("the days"));
  EXPECT_THAT(message([](auto& r) { r.days = kUnknown; }), HasSubstr("the days"));
  EXPECT_THAT(message([](auto& r) { r.exposure_percent = -1; }), HasSubstr("tolerance"));
}

// The naive loop: every row, every rule, one after the other.
std::vector<std::int64_t> naive(const RecordFile& file, const Cameras& cameras, const CalibrationRequest& request,
                                const Record& image) {
  struct Hit {
    double days, exposure;
    std::int64_t row;
  };
  std::vector<Hit> hits;
  Record row = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    EXPECT_TRUE(file.read(i, row).ok());
    if (row[regimage::kDeleted] || row[regimage::kType] != request.type || row[regimage::kQuality] < 0) continue;
    if (row[regimage::kCcd] != image[regimage::kCcd] || row[regimage::kSlice] != 0) continue;
    if (row[regimage::kFilename] == image[regimage::kFilename] &&
        row[regimage::kPathname] == image[regimage::kPathname])
      continue;
    std::string mine(image[regimage::kInstrument]), its(row[regimage::kInstrument]);
    std::transform(mine.begin(), mine.end(), mine.begin(), ::tolower);
    std::transform(its.begin(), its.end(), its.begin(), ::tolower);
    if (mine != its) continue;
    const std::set<int> mosaic = {1, 2}, single = {3, 4, 5};
    const int a = row[regimage::kMode], b = image[regimage::kMode];
    if ((mosaic.count(a) && single.count(b)) || (mosaic.count(b) && single.count(a))) continue;
    const double days = std::abs(row[regimage::kObstime] - image[regimage::kObstime]) / kDay;
    if (!(days <= request.days)) continue;
    double exposure = 0;
    if (request.type == kDark) {
      const double mine_s = image[regimage::kExptime], its_s = row[regimage::kExptime];
      exposure = std::abs(mine_s - its_s);
      if (!(exposure <= mine_s * request.exposure_percent / 100) && !(exposure <= request.exposure_seconds)) continue;
      if (std::isnan(mine_s)) continue;
    } else if (request.type != kBias) {
      const std::string wanted(image[regimage::kFilter]);
      if (wanted.empty() || !cameras.same_filter(row[regimage::kFilter], wanted)) continue;
    }
    hits.push_back({days, exposure, i});
  }
  std::sort(hits.begin(), hits.end(), [](const Hit& x, const Hit& y) {
    return std::tie(x.days, x.exposure, x.row) < std::tie(y.days, y.exposure, y.row);
  });
  std::vector<std::int64_t> out;
  for (const Hit& hit : hits) {
    if (out.size() < static_cast<std::size_t>(request.limit)) out.push_back(hit.row);
  }
  return out;
}

TEST_F(Calibration, AgreesWithANaiveLoop) {
  std::mt19937 random(5);
  const auto below = [&random](int end) { return static_cast<int>(random() % static_cast<unsigned>(end)); };
  const char* filters[] = {"r", "r.MP9601", "g", "g.MP9401", "", "Halpha"};
  const char* instruments[] = {"Cam", "CAM", "Cam", "Other", ""};
  const double exposures[] = {0, 10, 10.4, 11.5, 60, 62, 64, kUnknown};
  const auto cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  int found = 0, none = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Image> images(static_cast<std::size_t>(20 + below(1500)));
    for (Image& image : images) {
      image.name = "n" + std::to_string(below(400));
      image.filter = filters[below(6)];
      image.instrument = instruments[below(5)];
      image.ccd = below(3);
      image.type = 1 + below(5);
      image.mode = below(8) ? 1 + below(2) : below(6);
      image.slice = below(10) == 0;
      image.quality = below(8) ? below(2) : -1;
      image.deleted = below(10) == 0;
      image.exptime = exposures[below(8)];
      // Many of the same time, some on the edges of the windows, some years away.
      image.days = below(20) == 0 ? kUnknown
                   : below(3)     ? below(40) / 4.0
                   : below(2)     ? (below(2) ? 8 : 64) * (below(5) - 2)
                                  : below(20000) - 10000;
    }
    const auto file = database(images);
    std::vector<std::int64_t> alive;
    for (std::size_t i = 0; i < images.size(); ++i) {
      if (!images[i].deleted) alive.push_back(static_cast<std::int64_t>(i));
    }
    for (int query = 0; query < 40; ++query) {
      const int number = below(static_cast<int>(alive.size()));
      CalibrationRequest request = near(std::to_string(number + 1), 1 + below(5), below(3) ? 1 + below(4) : 1000);
      if (below(2)) request.days = below(2) ? below(10) : 100.5;
      if (below(4) == 0) request.exposure_percent = below(20);
      request.scan = {.jobs = 1 + below(2), .use_index = below(2) == 0};
      Record image = file.make_record();
      ASSERT_TRUE(file.read(alive[static_cast<std::size_t>(number)], image).ok());
      const auto expected = naive(file, *cameras, request, image);
      ASSERT_EQ(rows(file, request), expected)
          << round << " " << query << " row " << number << " type " << request.type;
      ++(expected.empty() ? none : found);
    }
  }
  EXPECT_GT(found, 300);
  EXPECT_GT(none, 300);
}

class Nights : public Calibration {
 protected:
  // Registers simulated nights; the truth about them by path.
  void make(SimulateMode mode) {
    SimulateOptions options;
    options.nights = 2;
    options.ccds = 4;
    options.objects = 4;
    options.mode = mode;
    options.chip_width = options.chip_height = 32;
    auto truth = simulate_nights(at("nights"), options);
    ASSERT_TRUE(truth.ok()) << truth.status().text();
    truth_ = *std::move(truth);
    RegisterOptions reg;
    reg.database = at("night.db");
    reg.paths = {at("nights")};
    reg.roots = {{"NIGHTS", at("nights")}};
    const auto report = register_files(reg, [](const RegisteredFile&) {});
    ASSERT_EQ(report.rows, static_cast<std::int64_t>(truth_.size()));
    file_.emplace(*RecordFile::open(at("night.db")));
  }

  // Every object image by its file: for each CCD the flat of its filter (any bias) that the truth says is the nearest.
  int check(int type, const std::string& word) {
    int checked = 0;
    std::set<std::string> files;
    for (const auto& image : truth_) {
      if (image.type != "object" || !files.insert(image.path).second) continue;
      const auto report = find_calibrations(*file_, near(at("nights/" + image.path), type));
      EXPECT_TRUE(report.ok()) << report.status().text();
      for (const auto& mine : truth_) {
        if (mine.path != image.path) continue;
        double nearest = 1e300;
        for (const auto& other : truth_) {
          if (other.type == word && other.ccd == mine.ccd && (word == "bias" || other.filter == mine.filter))
            nearest = std::min(nearest, std::abs(other.obstime - mine.obstime));
        }
        const auto find = std::find_if(report->ccds.begin(), report->ccds.end(),
                                       [&](const auto& each) { return each.ccd == mine.ccd; });
        if (find == report->ccds.end()) {
          ADD_FAILURE() << image.path << " has no ccd " << mine.ccd;
          continue;
        }
        if (nearest == 1e300) {
          EXPECT_THAT(find->frames, testing::IsEmpty());
          EXPECT_THAT(find->why_none, HasSubstr("its filter is"));
          continue;
        }
        if (find->frames.size() != 1) {
          ADD_FAILURE() << image.path << " ccd " << mine.ccd << ": " << find->why_none;
          continue;
        }
        EXPECT_NEAR(std::abs(find->frames[0].days) * kDay, nearest, 0.01);
        Record row = file_->make_record();
        EXPECT_TRUE(file_->read(find->frames[0].row, row).ok());
        EXPECT_EQ(row[regimage::kType], type);
        EXPECT_EQ(row[regimage::kCcd], mine.ccd);
        ++checked;
      }
    }
    return checked;
  }

  std::vector<SimulatedImage> truth_;
  std::optional<RecordFile> file_;
};

TEST_F(Nights, MosaicsInOneFile) {
  make(SimulateMode::mef);
  EXPECT_GT(check(kFlat, "flat"), 12);
  EXPECT_EQ(check(kBias, "bias"), 2 * 4 * 4);
  // The same from the row, from the name, and from a copy that nobody registered.
  const auto object = std::find_if(truth_.begin(), truth_.end(), [](const auto& i) { return i.type == "object"; });
  const std::string path = at("nights/" + object->path);
  const auto by_file = find_calibrations(*file_, near(path, kBias, 2));
  std::filesystem::copy_file(path, at("copy.fits"));
  const auto by_copy = find_calibrations(*file_, near(at("copy.fits"), kBias, 2));
  std::filesystem::rename(path, path + ".away");
  const auto by_path = find_calibrations(*file_, near(path, kBias, 2));
  const auto by_name = find_calibrations(*file_, near(std::filesystem::path(path).filename(), kBias, 2));
  for (const auto* other : {&by_copy, &by_path, &by_name}) {
    ASSERT_TRUE(other->ok()) << other->status().text();
    ASSERT_EQ((*other)->ccds.size(), 4U);
    for (std::size_t ccd = 0; ccd < 4; ++ccd) {
      ASSERT_EQ((*other)->ccds[ccd].frames.size(), 2U);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*other)->ccds[ccd].frames[i].row, by_file->ccds[ccd].frames[i].row);
      }
    }
  }
}

TEST_F(Nights, AFileForEachCcd) {
  make(SimulateMode::split);
  EXPECT_GT(check(kFlat, "flat"), 12);
  EXPECT_EQ(check(kBias, "bias"), 2 * 4 * 4);
}

TEST_F(Calibration, ElixirsFilesToo) {
  const auto file = database({kReference, flat(3), flat(-2), flat(kUnknown)});
  for (const char* version : {"v1", "v2", "v3"}) {
    const std::string out = at(std::string(version) + ".db");
    ASSERT_TRUE(convert_database(file.path(), out, version).ok());
    const auto elixir = RecordFile::open(out);
    ASSERT_TRUE(elixir.ok());
    EXPECT_THAT(rows(*elixir, near("1", kFlat, 9)), ElementsAre(2, 1)) << version;
  }
}

}  // namespace
}  // namespace imreg
