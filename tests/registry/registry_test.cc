// The registry's units: rows from facts, renewal, keys, path roots, filters of a search, conversion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <thread>

#include "../folder.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "registry/image_row.h"
#include "registry/key_table.h"
#include "registry/path_roots.h"
#include "registry/root_changes.h"

namespace imreg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Schema& native() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

class Registry : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return folder_ / name; }
  Folder folder_;
};

ImageFacts facts_of(const std::string& filter = "r") {
  ImageFacts image;
  image.mode = ImageMode::mef;
  image.extension = 3;
  image.ccd.value = 2;
  image.type.value = "object";
  image.filter.value = filter;
  image.object.value = "M 31";
  image.obstime.value = 980590810.25;
  image.exptime.value = 60;
  image.ra.value = 150.1;
  image.dec.value = -2.2;
  return image;
}
FileIdentity file_named(const std::string& name, const std::string& folder = "/data/night") {
  return {folder, name, 1000, 980590900.5, 77};
}

Record row_named(const std::string& name, const std::string& folder = "/data/night", const PathRoots& roots = {}) {
  return *make_image_row(facts_of(), file_named(name, folder), roots, 980600000.0);
}

TEST(ImageRow, HoldsTheFactsAndMarksWhatIsNotKnown) {
  const Record row = row_named("a.fits");
  EXPECT_EQ(row[regimage::kObstime], 980590810.25);
  EXPECT_EQ(row[regimage::kExptime], 60);
  EXPECT_EQ(row[regimage::kRa], 150.1);
  EXPECT_EQ(row[regimage::kCcd], 2);
  EXPECT_EQ(row[regimage::kExtension], 3);
  EXPECT_EQ(row[regimage::kType], 1);
  EXPECT_EQ(row[regimage::kMode], 1);
  EXPECT_EQ(row[regimage::kFilename], "a.fits");
  EXPECT_EQ(row[regimage::kPathname], "/data/night");
  EXPECT_EQ(row[regimage::kFilter], "r");
  EXPECT_EQ(row[regimage::kFingerprint], 77);
  EXPECT_EQ(row[regimage::kQuality], 0);
  EXPECT_FALSE(row[regimage::kDeleted]);
  for (const auto field : {regimage::kBias, regimage::kSky, regimage::kFwhm, regimage::kAirmass, regimage::kTelfocus,
                           regimage::kTeltemp(3)}) {
    EXPECT_TRUE(std::isnan(row[field])) << field.offset;
  }
  EXPECT_EQ(row.bytes()[static_cast<std::size_t>(regimage::kDeleted.offset)], 'F');
}

TEST(ImageRow, ATextThatDoesNotFitNamesFieldLengthsAndRemedy) {
  const auto refused = [](const ImageFacts& image, const FileIdentity& file) {
    return make_image_row(image, file, {}, 0).status();
  };
  EXPECT_TRUE(refused(facts_of(std::string(32, 'f')), file_named("a")).ok());
  const Status filter = refused(facts_of(std::string(33, 'f')), file_named("a"));
  EXPECT_THAT(filter.message(),
              testing::AllOf(HasSubstr("filter"), HasSubstr("33"), HasSubstr("32"), HasSubstr("-camera")));
  const Status name = refused(facts_of(), file_named(std::string(97, 'n')));
  EXPECT_THAT(name.message(), testing::AllOf(HasSubstr("file name"), HasSubstr("97"), HasSubstr("96")));
  const Status path = refused(facts_of(), file_named("a", "/" + std::string(160, 'p')));
  EXPECT_THAT(path.message(),
              testing::AllOf(HasSubstr("path"), HasSubstr("161"), HasSubstr("160"), HasSubstr("-root")));
  ImageFacts image = facts_of();
  image.ccd.value = 40000;
  EXPECT_THAT(refused(image, file_named("a")).message(), HasSubstr("40000"));
}

TEST(ImageRow, TheWordOfATypeGivesItsCode) {
  const auto& words = native().find("type")->words;
  for (std::size_t code = 0; code < words.size(); ++code) {
    ImageFacts image = facts_of();
    image.type.value = words[code];
    EXPECT_EQ((*make_image_row(image, file_named("a"), {}, 0))[regimage::kType], code) << words[code];
  }
}

// A row with statistics, a flag and a judgement, as it stands in a database after some time.
Record row_with_history() {
  Record row = row_named("a.fits");
  row.set(regimage::kBias, 1001.5);
  row.set(regimage::kSky, 250);
  row.set(regimage::kFwhm, 3.5);
  set_statistic_state(row, Statistic::bias, StatisticState::measured);
  set_statistic_state(row, Statistic::fwhm, StatisticState::failed);
  row.set(regimage::kFlag, 1);
  row.set(regimage::kQuality, -3);
  row.set(regimage::kSeq, 9);
  row.set(regimage::kRegtime, 970000000.0);
  row.set(regimage::kChangeno, 12);
  return row;
}

TEST(Renewal, TheSameFileChangesNothing) {
  const Record old = row_with_history();
  EXPECT_EQ(renewed_row(old.view(), row_named("a.fits")).bytes(), old.bytes());
}

TEST(Renewal, AChangedFileLosesItsStatisticsAndKeepsWhatPeopleSaid) {
  const Record old = row_with_history();
  for (int which = 0; which < 3; ++which) {
    Record fresh = row_named("a.fits");
    if (which == 0) fresh.set(regimage::kFingerprint, 78);
    if (which == 1) fresh.set(regimage::kFilesize, 1001);
    if (which == 2) fresh.set(regimage::kMtime, 980590901.5);
    const Record row = renewed_row(old.view(), fresh);
    EXPECT_TRUE(std::isnan(row[regimage::kBias]) && std::isnan(row[regimage::kSky]) &&
                std::isnan(row[regimage::kFwhm]));
    EXPECT_EQ(row[regimage::kProcstate], 0);
    EXPECT_EQ(row[regimage::kFlag], 1);
    EXPECT_EQ(row[regimage::kQuality], -3);
    EXPECT_EQ(row[regimage::kSeq], 9);
    EXPECT_EQ(row[regimage::kRegtime], 970000000.0);
    EXPECT_EQ(row[regimage::kFingerprint], fresh[regimage::kFingerprint]);
  }
}

TEST(Renewal, ABetterCameraTableKeepsTheStatistics) {
  const Record old = row_with_history();
  const Record row = renewed_row(old.view(), *make_image_row(facts_of("g"), file_named("a.fits"), {}, 980600000.0));
  EXPECT_EQ(row[regimage::kFilter], "g");
  EXPECT_EQ(row[regimage::kBias], 1001.5F);
  EXPECT_EQ(statistic_state(row.view(), Statistic::bias), StatisticState::measured);
  EXPECT_EQ(statistic_state(row.view(), Statistic::sky), StatisticState::not_measured);
  EXPECT_EQ(statistic_state(row.view(), Statistic::fwhm), StatisticState::failed);
}

// Bit 3 of flag: it goes with the time that the row has, and people's bits stay.
TEST(Renewal, ThatOnlyTheDayIsKnownGoesWithTheTime) {
  ImageFacts plate = facts_of();
  plate.obstime_is_day = true;
  const auto row_of = [](const ImageFacts& image, double mtime) {
    FileIdentity file = file_named("a.fits");
    file.mtime = mtime;
    return *make_image_row(image, file, {}, 980600000.0);
  };
  const auto flag = [](const Record& row) { return static_cast<int>(row[regimage::kFlag]); };
  const auto distributed = [](Record row) {
    row.set(regimage::kFlag, row[regimage::kFlag] | kDistributed);
    return row;
  };
  const Record day = row_of(plate, 980590900), moment = row_of(facts_of(), 980590900);
  EXPECT_EQ(flag(day), kDayOnly);
  EXPECT_EQ(flag(moment), 0);
  EXPECT_EQ(flag(renewed_row(distributed(moment).view(), day)), kDistributed | kDayOnly);
  EXPECT_EQ(flag(renewed_row(distributed(day).view(), moment)), kDistributed);

  const Record later_day = row_of(plate, 980590950), later_moment = row_of(facts_of(), 980590950);
  EXPECT_EQ(flag(merged_row(distributed(moment).view(), later_day.view())), kDistributed | kDayOnly);
  EXPECT_EQ(flag(merged_row(later_moment.view(), distributed(day).view())), kDistributed);
  ImageFacts timeless = facts_of();
  timeless.obstime = {};
  const Record none = row_of(timeless, 980590900);
  EXPECT_EQ(flag(merged_row(none.view(), day.view())), kDayOnly) << "the time that is known is taken";
  EXPECT_EQ(flag(merged_row(day.view(), none.view())), kDayOnly);
}

// What a field means may be told otherwise by another release; its name may not.
TEST_F(Registry, ADatabaseOfAnotherReleaseOpens) {
  const std::string path = at("old.db");
  ASSERT_TRUE(RecordWriter::create(path, native(), {}).ok());
  const auto change = [&](const std::string& from, const std::string& to) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const std::size_t place = bytes.find(from);
    ASSERT_NE(place, bytes.npos) << from;
    std::ofstream(path, std::ios::binary) << bytes.replace(place, from.size(), to);
  };
  change("bit 1: distributed; bit 3", "bit 1: distributed       ");
  EXPECT_TRUE(RecordFile::open(path).ok()) << RecordFile::open(path).status().text();
  change("'FLAG    '", "'FLAX    '");
  EXPECT_EQ(RecordFile::open(path).status().code(), Code::corrupt);
}

TEST(Roots, WholeComponentsAndTheLongestPrefix) {
  PathRoots roots;
  ASSERT_TRUE(roots.define("A", "/data/a/").ok());
  ASSERT_TRUE(roots.define("DEEP", "/data/a/deep").ok());
  EXPECT_EQ(roots.shorten("/data/a"), "$A");
  EXPECT_EQ(roots.shorten("/data/a/x/y"), "$A/x/y");
  EXPECT_EQ(roots.shorten("/data/ab/x"), "/data/ab/x");
  EXPECT_EQ(roots.shorten("/data/a/deep/z"), "$DEEP/z");
  EXPECT_EQ(roots.shorten("/data/a/deeper"), "$A/deeper");
  EXPECT_EQ(roots.expand("$A/x/y"), "/data/a/x/y");
  EXPECT_EQ(roots.expand("$A"), "/data/a");
  EXPECT_EQ(roots.expand("$NONE/x"), "$NONE/x");
  EXPECT_EQ(roots.expand("$AB/x"), "$AB/x");
  EXPECT_EQ(roots.expand(""), "");
}

TEST(Roots, ARootOfTheWholeTree) {
  PathRoots roots;
  ASSERT_TRUE(roots.define("ALL", "/").ok());
  for (const std::string path : {"/", "/data", "/data/night"})
    EXPECT_EQ(roots.expand(roots.shorten(path)), path) << roots.shorten(path);
}

TEST(Roots, ShorteningIsUndoneByExpanding) {
  const auto whole = rc::check([] {
    const auto component = [] {
      return std::string(static_cast<std::size_t>(*rc::gen::inRange(1, 3)), *rc::gen::element('a', 'b'));
    };
    const auto path = [&] {
      std::string out;
      for (int i = *rc::gen::inRange(1, 4); i > 0; --i) out += "/" + component();
      return out;
    };
    PathRoots roots;
    for (const char* name : {"R1", "R2", "R3"}) RC_ASSERT(roots.define(name, path()).ok());
    const std::string some = path();
    RC_ASSERT(roots.expand(roots.shorten(some)) == some);
  });
  EXPECT_TRUE(whole);
}

TEST_F(Registry, RootsAreKeptBesideTheDatabase) {
  PathRoots roots;
  ASSERT_TRUE(roots.define("A", "/data/a").ok());
  ASSERT_TRUE(roots.define("A", "/moved/a").ok());
  ASSERT_TRUE(roots.save(at("x.db")).ok());
  const auto loaded = PathRoots::load(at("x.db"));
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->roots().size(), 1U);
  EXPECT_EQ(loaded->expand("$A/b"), "/moved/a/b");
  EXPECT_TRUE(PathRoots::load(at("none.db"))->empty());
  std::ofstream(at("bad.db.roots")) << "# fine\nNAME no tab\n";
  const Status bad = PathRoots::load(at("bad.db")).status();
  EXPECT_EQ(bad.code(), Code::corrupt);
  EXPECT_THAT(bad.text(), testing::AllOf(HasSubstr("bad.db.roots"), HasSubstr("line 2")));
}

TEST(Roots, NamesAndPrefixesThatMeanNothing) {
  PathRoots roots;
  for (const char* name : {"", "a b", "a/b", "$A", "ü"})
    EXPECT_EQ(roots.define(name, "/x").code(), Code::invalid) << name;
  for (const char* prefix : {"", "x", "./x", "/x\ty", "/x\ny"})
    EXPECT_EQ(roots.define("A", prefix).code(), Code::invalid) << prefix;
}

TEST(Keys, TheSameBeforeAndAfterARootIsDefined) {
  PathRoots roots;
  const Record before = row_named("a.fits", "/data/a/x", roots);
  ASSERT_TRUE(roots.define("A", "/data/a").ok());
  const Record after = row_named("a.fits", "/data/a/x", roots);
  EXPECT_EQ(after[regimage::kPathname], "$A/x");
  EXPECT_EQ(key_of(before.view(), roots), key_of(after.view(), roots));
  Record other = after;
  other.set(regimage::kSlice, 1);
  EXPECT_NE(key_of(other.view(), roots), key_of(after.view(), roots));
}

TEST_F(Registry, KeyTableGivesAllRowsOfAFileAndNoOthers) {
  ASSERT_TRUE(RecordWriter::create(at("f.db"), native(), {}).ok());
  auto writer = RecordWriter::open(at("f.db"), {});
  PathRoots roots;
  ASSERT_TRUE(roots.define("A", "/data/night").ok());
  std::map<std::string, std::vector<std::int64_t>> oracle;
  std::string rows;
  for (int i = 0; i < 6000; ++i) {
    const std::string name = std::to_string(i * 7919 % 1500) + ".fits", folder = i % 3 ? "/data/night" : "/data/day";
    Record row = row_named(name, folder, i % 2 ? roots : PathRoots());
    row.set(regimage::kExtension, i);
    rows += row.bytes();
    oracle[folder + "/" + name].push_back(i);
  }
  ASSERT_TRUE(writer->append(rows).ok());
  // With an index and without.
  std::vector<std::string> names;
  for (int i = 0; i < 1500; ++i) names.push_back(std::to_string(i) + ".fits");
  KeyTable all, indexed, few;
  ASSERT_TRUE(all.take(writer->file(), roots, names).ok());
  ASSERT_TRUE(rebuild_index(writer->file()).ok());
  ASSERT_TRUE(indexed.take(writer->file(), roots, names).ok());
  ASSERT_TRUE(few.take(writer->file(), roots, {"7.fits", "1499.fits"}).ok());
  for (const auto& [path, numbers] : oracle) {
    const auto slash = path.rfind('/');
    const Record row = row_named(path.substr(slash + 1), path.substr(0, slash));
    const auto key = file_key_of(row.view(), roots);
    ASSERT_EQ(all.rows_of(key, writer->file(), roots), numbers) << path;
    ASSERT_EQ(indexed.rows_of(key, writer->file(), roots), numbers) << path;
    const bool asked = path.ends_with("/7.fits") || path.ends_with("/1499.fits");
    ASSERT_EQ(few.rows_of(key, writer->file(), roots), asked ? numbers : std::vector<std::int64_t>()) << path;
  }
}

TEST_F(Registry, RootsThatWouldMakeKeysTheSameAreRefused) {
  ASSERT_TRUE(RecordWriter::create(at("s.db"), native(), {}).ok());
  auto writer = RecordWriter::open(at("s.db"), {});
  PathRoots before;
  ASSERT_TRUE(before.define("A", "/a").ok());
  ASSERT_TRUE(before.define("B", "/b").ok());
  std::string rows;
  for (const char* folder : {"/a/x", "/b/x", "/c/y", "/c/y"})  // the last two are the same already: an old fault
    rows += row_named("1.fits", folder, before).bytes();
  ASSERT_TRUE(writer->append(rows).ok());
  const auto with = [&](const std::string& name, const std::string& prefix) {
    PathRoots after = before;
    EXPECT_TRUE(after.define(name, prefix).ok());
    return check_keys_stay_apart(writer->file(), before, after);
  };
  EXPECT_TRUE(with("A", "/elsewhere").ok());
  EXPECT_TRUE(with("C", "/c").ok());
  const Status same = with("A", "/b");
  EXPECT_EQ(same.code(), Code::invalid);
  EXPECT_THAT(same.message(), HasSubstr("/b/x/1.fits"));
  PathRoots swapped;
  ASSERT_TRUE(swapped.define("A", "/b").ok());
  ASSERT_TRUE(swapped.define("B", "/a").ok());
  EXPECT_TRUE(check_keys_stay_apart(writer->file(), before, swapped).ok());
}

TEST_F(Registry, KeyTableOfAFewNamesFindsAllTheirRows) {
  ASSERT_TRUE(RecordWriter::create(at("n.db"), native(), {}).ok());
  auto writer = RecordWriter::open(at("n.db"), {});
  ASSERT_TRUE(writer.ok());
  const PathRoots roots;
  std::string rows;
  for (const char* name : {"a", "longname1.fits", "a", "longname2.fits", "longname1.fits"})
    rows += row_named(name).bytes();
  ASSERT_TRUE(writer->append(rows).ok());
  const auto row_of = [&](const KeyTable& keys, const std::string& name) {
    const auto rows = keys.rows_of(file_key_of(row_named(name).view(), roots), writer->file(), roots);
    return rows.empty() ? -1 : rows[0];
  };
  KeyTable keys;
  ASSERT_TRUE(keys.take(writer->file(), roots, {"a", "longname2.fits"}).ok());
  EXPECT_EQ(row_of(keys, "a"), 0);
  EXPECT_EQ(row_of(keys, "longname2.fits"), 3);
  ASSERT_TRUE(keys.take(writer->file(), roots, {"longname1.fits", "b"}).ok());
  EXPECT_EQ(row_of(keys, "longname1.fits"), 1);
  EXPECT_EQ(row_of(keys, "b"), -1);
  // A change that is only in the journal is seen through the few names too.
  ASSERT_TRUE(writer->commit({{1, row_named("renamed").bytes()}}).ok());
  KeyTable later;
  ASSERT_TRUE(later.take(writer->file(), roots, {"renamed"}).ok());
  EXPECT_EQ(row_of(later, "renamed"), 1);
}

// A FITS file of one image.
void write_image(const std::string& path, const std::string& filter) {
  std::string header;
  const auto card = [&](std::string text) {
    text.resize(80, ' ');
    header += text;
  };
  for (const char* text :
       {"SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2",
        "NAXIS1  =                    2", "NAXIS2  =                    2", "OBSTYPE = 'object'",
        "DATE-OBS= '2001-01-27T10:20:30'", "EXPTIME =                 60.0"}) {
    card(text);
  }
  card("FILTER  = '" + filter + "'");
  card("END");
  header.resize(2880, ' ');
  std::ofstream(path, std::ios::binary) << header << std::string(2880, '\0');
}

struct Row {
  std::int64_t number;
  Record record;
};
std::vector<Row> rows_of(const std::string& database) {
  const auto file = RecordFile::open(database);
  std::vector<Row> out;
  for (std::int64_t i = 0; file.ok() && i < file->count(); ++i) {
    out.push_back({i, file->make_record()});
    EXPECT_TRUE(file->read(i, out.back().record).ok());
  }
  return out;
}

TEST_F(Registry, RegisteringAgainInADatabase) {
  RegisterOptions options;
  options.database = at("r.db");
  options.paths = {at("a.fits"), at("b.fits")};
  for (const auto& path : options.paths) write_image(path, "r");
  const auto ignore = [](const RegisteredFile& file) {
    EXPECT_EQ(file.fate, RegisteredFile::Fate::registered) << file.reason;
  };
  auto report = register_files(options, ignore);
  EXPECT_EQ(report.added, 2);
  auto rows = rows_of(options.database);
  ASSERT_EQ(rows.size(), 2U);

  Record judged = rows[0].record;
  judged.set(regimage::kQuality, 4);
  judged.set(regimage::kFlag, 1);
  judged.set(regimage::kSky, 99);
  set_statistic_state(judged, Statistic::sky, StatisticState::measured);
  {
    auto writer = RecordWriter::open(options.database, {});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->commit({{0, judged.bytes()}}).ok());
  }
  report = register_files(options, ignore);
  EXPECT_EQ(report.unchanged, 2);
  EXPECT_EQ(rows_of(options.database)[0].record[regimage::kSky], 99);

  write_image(at("a.fits"), "g");
  report = register_files(options, ignore);
  EXPECT_EQ(report.updated, 1);
  EXPECT_EQ(report.unchanged, 1);
  const auto after = rows_of(options.database);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].record[regimage::kFilter], "g");
  EXPECT_EQ(after[0].record[regimage::kQuality], 4);
  EXPECT_EQ(after[0].record[regimage::kFlag], 1);
  EXPECT_EQ(after[0].record[regimage::kRegtime], rows[0].record[regimage::kRegtime]);
  EXPECT_TRUE(std::isnan(after[0].record[regimage::kSky]));
  EXPECT_EQ(after[0].record[regimage::kProcstate], 0);
  EXPECT_EQ(after[1].record.bytes(), rows[1].record.bytes());
}

TEST_F(Registry, ProgressCountsFilesThatAreReadBeforeTheyAreWritten) {
  RegisterOptions options;
  options.database = at("p.db");
  for (const char* name : {"1.fits", "2.fits", "3.fits"}) {
    write_image(at(name), "r");
    options.paths.push_back(at(name));
  }
  std::vector<std::string> read;
  std::size_t written = 0;
  register_files(
      options, [&](const RegisteredFile&) { EXPECT_LE(++written, read.size()); },
      [&](std::int64_t done, std::int64_t all) { read.push_back(std::to_string(done) + "/" + std::to_string(all)); });
  EXPECT_EQ(written, 3U);
  EXPECT_THAT(read, ElementsAre("1/3", "2/3", "3/3"));
}

TEST_F(Registry, AFileThatGoesWhileItIsReadGetsNoRow) {
  RegisterOptions options;
  options.database = at("g.db");
  for (const char* name : {"1.fits", "2.fits", "3.fits"}) {
    write_image(at(name), "r");
    options.paths.push_back(at(name));
  }
  std::vector<std::string> failed;
  const auto report = register_files(
      options,
      [&](const RegisteredFile& file) {
        if (file.fate == RegisteredFile::Fate::failed) failed.push_back(file.path + ": " + file.reason);
      },
      [&](std::int64_t read, std::int64_t) {  // behind its headers, before its rows
        if (read == 2) std::filesystem::rename(at("2.fits"), at("moved.fits"));
      });
  EXPECT_THAT(failed, ElementsAre(::testing::HasSubstr("2.fits: was moved or removed while it was read")));
  EXPECT_EQ(report.added, 2);
  EXPECT_EQ(report.rows, 2);
  EXPECT_EQ(report.failed, 1);
  std::vector<std::string> names;
  for (const auto& row : rows_of(options.database)) names.emplace_back(row.record[regimage::kFilename]);
  EXPECT_THAT(names, ElementsAre("1.fits", "3.fits"));
}

TEST_F(Registry, ABatchSeesTheRootsThatAnotherDefinesMeanwhile) {
  RegisterOptions options;
  options.database = at("x.db");
  options.jobs = 1;
  for (const char* name : {"a.fits", "b.fits", "c.fits"}) {
    write_image(at(name), "r");
    options.paths.push_back(at(name));
  }
  RegisterOptions other = options;
  other.paths = {at("c.fits")};
  other.roots = {{"N", folder_.path()}};
  const auto report = register_files(
      options,
      [&](const RegisteredFile& file) {
        if (file.path != at("b.fits")) return;  // a and b are written, c is not yet
        const auto meanwhile = register_files(other, [](const RegisteredFile&) {});
        EXPECT_TRUE(meanwhile.database.ok()) << meanwhile.database.text();
        EXPECT_EQ(meanwhile.added, 1);
      },
      [](std::int64_t read, std::int64_t) {  // long enough for the batch to write what it has
        if (read == 2) std::this_thread::sleep_for(std::chrono::milliseconds(1100));
      });
  EXPECT_TRUE(report.database.ok()) << report.database.text();
  EXPECT_EQ(report.added, 2);
  EXPECT_EQ(report.updated + report.unchanged, 1);
  const auto file = RecordFile::open(options.database);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->count(), 3);
}

TEST_F(Registry, ADeletedRowThatIsRegisteredAgainIsAliveAgain) {
  RegisterOptions options;
  options.database = at("d.db");
  options.paths = {at("a.fits")};
  write_image(at("a.fits"), "r");
  register_files(options, [](const RegisteredFile&) {});
  Record row = rows_of(options.database).at(0).record;
  row.set(regimage::kDeleted, true);
  {
    auto writer = RecordWriter::open(options.database, {});
    ASSERT_TRUE(writer->commit({{0, row.bytes()}}).ok());
  }
  const auto report = register_files(options, [](const RegisteredFile&) {});
  EXPECT_EQ(report.updated, 1);
  const auto rows = rows_of(options.database);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].record[regimage::kDeleted]);
}

// Filters on a database of a few rows whose answers are plain to see.
class Filters : public Registry {
 protected:
  Filters() {
    std::string rows;
    for (int i = 0; i < 10; ++i) {
      Record row = row_named("f" + std::to_string(i) + ".fits");
      row.set(regimage::kCcd, i);
      row.set(regimage::kType, i);
      row.set(regimage::kMode, i % 6);
      row.set(regimage::kObstime, i == 9 ? std::numeric_limits<double>::quiet_NaN() : 1000.0 * i);
      row.set(regimage::kExptime, i == 8 ? std::nan("") : 100.0);
      EXPECT_TRUE(row.set(regimage::kFilter, std::string_view(i < 3 ? "r.MP9601" : i < 6 ? "g" : "")));
      row.set(regimage::kDeleted, i == 4);
      rows += row.bytes();
    }
    EXPECT_TRUE(RecordWriter::create(at("f.db"), native(), {}).ok());
    EXPECT_TRUE(RecordWriter::open(at("f.db"), {})->append(rows).ok());
  }

  std::vector<int> found(std::vector<SearchFilter> filters) {
    SearchOptions options;
    options.database = at("f.db");
    options.filters = std::move(filters);
    options.format = "csv";
    options.emit.fields = {"ccd"};
    std::string text;
    const auto report = search(options, [&text](std::string_view piece) {
      text += piece;
      return true;
    });
    status_ = report.status();
    std::vector<int> out;
    for (std::size_t at = text.find('\n'); at != text.npos && at + 1 < text.size(); at = text.find('\n', at + 1))
      out.push_back(std::atoi(text.c_str() + at + 1));
    if (report.ok()) {
      EXPECT_EQ(report->matched, static_cast<std::int64_t>(out.size()));
    }
    return out;
  }
  Status status_;
};

TEST_F(Filters, NoFilterGivesAllThatAreNotDeleted) { EXPECT_THAT(found({}), ElementsAre(0, 1, 2, 3, 5, 6, 7, 8, 9)); }

TEST_F(Filters, WordsOfTypesAndModes) {
  EXPECT_THAT(found({{"type", {"object"}}}), ElementsAre(1));
  EXPECT_THAT(found({{"type", {"OB"}}}), ElementsAre(1));
  EXPECT_THAT(found({{"type", {"x"}}}), ElementsAre(0));
  EXPECT_THAT(found({{"type", {"m"}}}), ElementsAre(5));  // a letter of Elixir: mask
  EXPECT_THAT(found({{"type", {"M"}}}), ElementsAre(8));  // modes
  EXPECT_THAT(found({{"type", {"!dark"}}}), ElementsAre(0, 1, 3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"type", {"any"}}}), ElementsAre(0, 1, 2, 3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"type", {"!any"}}}), ElementsAre());
  EXPECT_THAT(found({{"type", {"!object"}}, {"type", {"!flat"}}, {"ccd", {"!0"}}}), ElementsAre(2, 3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"mode", {"mef"}}}), ElementsAre(1, 7));
  EXPECT_THAT(found({{"mode", {"sl"}}}), ElementsAre(5));
  found({{"mode", {"s"}}});
  EXPECT_THAT(status_.message(),
              testing::AllOf(HasSubstr("-mode"), HasSubstr("SPLIT"), HasSubstr("SINGLE"), HasSubstr("SLICE")));
  found({{"type", {"!"}}});
  EXPECT_EQ(status_.code(), Code::invalid);
}

TEST_F(Filters, Filters) {
  EXPECT_THAT(found({{"filter", {"r"}}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(found({{"filter", {"r.mp9601"}}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(found({{"filter", {"!r"}}}), ElementsAre(3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"filter", {"X"}}}), ElementsAre(0, 1, 2, 3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"filter", {"?.MP*"}}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(found({{"filter", {"!?.MP*"}}}), ElementsAre(3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"filter", {"no such"}}}), ElementsAre());
}

TEST_F(Filters, TimesOverlapWithBothEndsAndUnknownOnesAreNeverFound) {
  EXPECT_THAT(found({{"trange", {"1000s", "1970/01/01"}}}), ElementsAre(0, 1));  // swapped
  EXPECT_THAT(found({{"time", {"1100s", "1s"}}}), ElementsAre(1));               // the end of the exposure counts
  EXPECT_THAT(found({{"time", {"1101s", "899s"}}}), ElementsAre(2));             // the end of the range counts
  EXPECT_THAT(found({{"time", {"1101s", "898s"}}}), ElementsAre());
  EXPECT_THAT(found({{"time", {"3000s", "-1000s"}}}), ElementsAre(2, 3));
  EXPECT_THAT(found({{"time", {"8050s", "1d"}}}), ElementsAre());  // an unknown length is a moment
  EXPECT_THAT(found({{"time", {"8000s", "1d"}}}), ElementsAre(8));
  EXPECT_THAT(found({{"trange", {"!1000s", "1s"}}}), ElementsAre(0, 2, 3, 5, 6, 7, 8));
  EXPECT_THAT(found({{"trange", {"1000s", "1s"}}, {"trange", {"5000s", "1s"}}}), ElementsAre(1, 5));
  EXPECT_THAT(found({{"trange", {"1000s", "1s"}}, {"trange", {"5000s", "1s"}}, {"time", {"0s", "2000s"}}}),
              ElementsAre(1));
}

TEST_F(Filters, NamesAndChips) {
  EXPECT_THAT(found({{"name", {"F3"}}}), ElementsAre(3));
  EXPECT_THAT(found({{"name", {"*.fits"}}}), ElementsAre(0, 1, 2, 3, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"name", {"f[1-3].fit?"}}}), ElementsAre(1, 2, 3));
  EXPECT_THAT(found({{"name", {"!f[1-3]*"}}}), ElementsAre(0, 5, 6, 7, 8, 9));
  EXPECT_THAT(found({{"name", {".fits"}}}), ElementsAre());
  for (const char* chip : {"7", "07", "ccd07", "CCD7", "amp07"})
    EXPECT_THAT(found({{"ccd", {chip}}}), ElementsAre(7)) << chip;
  EXPECT_THAT(found({{"ccd", {"00"}}}), ElementsAre(0));
  for (const char* chip : {"", "ccd", "c-7", "7x", "1.5"}) {
    found({{"ccd", {chip}}});
    EXPECT_EQ(status_.code(), Code::invalid) << chip;
  }
}

TEST_F(Registry, ConversionKeepsTheStateOfStatistics) {
  Record row = row_with_history();
  row.set(regimage::kFwhm, std::nan(""));
  set_statistic_state(row, Statistic::sky, StatisticState::not_measured);
  row.set(regimage::kSky, std::nan(""));
  Record dead = row_named("dead.fits");
  dead.set(regimage::kDeleted, true);
  ASSERT_TRUE(RecordWriter::create(at("n.db"), native(), {}).ok());
  ASSERT_TRUE(RecordWriter::open(at("n.db"), {})->append(row.bytes() + dead.bytes()).ok());
  for (const char* version : {"v1", "v2", "V3"}) {
    const std::string elixir = at(version), back = at(std::string("back") + version);
    const auto there = convert_database(at("n.db"), elixir, version);
    ASSERT_TRUE(there.ok()) << there.status().text();
    EXPECT_EQ(there->rows, 1);  // a deleted row is not carried over
    const auto again = convert_database(elixir, back, "native");
    ASSERT_TRUE(again.ok()) << again.status().text();
    const auto rows = rows_of(back);
    ASSERT_EQ(rows.size(), 1U);
    const auto& out = rows[0].record;
    EXPECT_EQ(statistic_state(out.view(), Statistic::bias), StatisticState::measured);
    EXPECT_EQ(statistic_state(out.view(), Statistic::sky), StatisticState::not_measured);
    EXPECT_EQ(statistic_state(out.view(), Statistic::fwhm), StatisticState::failed);
    EXPECT_EQ(out[regimage::kBias], 1001.5F);
    EXPECT_TRUE(std::isnan(out[regimage::kSky]) && std::isnan(out[regimage::kFwhm]) &&
                std::isnan(out[regimage::kTeltemp(0)]) && std::isnan(out[regimage::kAirmass]));
    EXPECT_EQ(out[regimage::kObstime], 980590810);  // Elixir has whole seconds
    EXPECT_EQ(out[regimage::kFilename], "a.fits");
  }
}

}  // namespace
}  // namespace imreg
