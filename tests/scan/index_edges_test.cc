// What faults put into the index on purpose showed that no test asked for: one field that changes alone, the order of writes and
// syncs, heads that somebody made, places around 0h.
#include <functional>
#include <set>

#include "imreg/record_file.h"
#include "index_fixture.h"
#include "os/file.h"

namespace imreg {
namespace {

// The index follows a change of any field that it knows, also when nothing else changes; it does not care for others.
TEST_F(EdgesTest, OneFieldThatChangesAlone) {
  fill(2500, [](Record& row, int i) {
    row.set(regimage::kObstime, 1e9 + i);
    row.set(regimage::kExptime, 1.0);
    row.set(regimage::kRa, 10.0);
    row.set(regimage::kDec, 20.0);
    row.set(regimage::kType, 1);
    row.set(regimage::kMode, 1);
    row.set(regimage::kCcd, 1);
    row.set(regimage::kDeleted, false);
    for (const auto field : {regimage::kFilename, regimage::kObject, regimage::kPathname, regimage::kFilter})
      (void)row.set(field, "before");
    (void)row.set(regimage::kInstrument, "before");
  });
  struct Case {
    const char* name;
    std::function<void(Record&)> work;
    std::function<Status(Selection&)> finds;
  };
  using How = TextPattern::How;
  const auto& f = schema();
  const auto text = [&](const char* name, auto field) {
    return Case{name, [field](Record& r) { (void)r.set(field, "after"); },
                [&f, name](Selection& s) {
                  return s.patterns(f, name, {{"after", How::exact}});
                }};
  };
  const auto near = [&f](double ra, double dec) {
    return [&f, ra, dec](Selection& s) { return s.region(f, "ra", "dec", *SkyRegion::cone(ra, dec, 0.1)); };
  };
  const std::vector<Case> cases{
      {"obstime", [](Record& r) { r.set(regimage::kObstime, 2e9); },
       [&](Selection& s) {
         return s.number(f, "obstime", {{2e9, 2e9}});
       }},
      {"exptime", [](Record& r) { r.set(regimage::kExptime, 80000.0); },
       [&](Selection& s) {
         return s.overlap(f, "obstime", "exptime", {{1e9 + 70000, 1e9 + 70001}});
       }},
      {"ra", [](Record& r) { r.set(regimage::kRa, 200.0); }, near(200, 20)},
      {"dec", [](Record& r) { r.set(regimage::kDec, -40.0); }, near(10, -40)},
      {"type", [](Record& r) { r.set(regimage::kType, 3); }, [&](Selection& s) { return s.codes(f, "type", {3}); }},
      {"mode", [](Record& r) { r.set(regimage::kMode, 3); }, [&](Selection& s) { return s.codes(f, "mode", {3}); }},
      {"ccd", [](Record& r) { r.set(regimage::kCcd, 7); },
       [&](Selection& s) {
         return s.number(f, "ccd", {{7, 7}});
       }},
      text("filter", regimage::kFilter),
      text("instrument", regimage::kInstrument),
      text("filename", regimage::kFilename),
      text("object", regimage::kObject),
      text("pathname", regimage::kPathname),
  };
  std::set<std::int64_t> noted;
  std::int64_t row = 100;
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    ASSERT_NO_FATAL_FAILURE(change(++row, one.work));
    noted.insert(row);
    Selection selection;
    ASSERT_TRUE(one.finds(selection).ok());
    ASSERT_EQ(naive(*RecordFile::open(path_), selection), std::vector<std::int64_t>{row});
    ASSERT_NO_FATAL_FAILURE(right(selection));
  }
  ASSERT_NO_FATAL_FAILURE(change(++row, [](Record& r) { r.set(regimage::kDeleted, true); }));
  noted.insert(row);
  Selection there;
  there.without_deleted(f);
  ASSERT_NO_FATAL_FAILURE(right(there));
  ASSERT_NO_FATAL_FAILURE(change(300, [](Record& r) { r.set(regimage::kFwhm, 1.5); }));  // no business of the index
  std::string why;
  const auto changed = index::Index::open(*RecordFile::open(path_), why)->changed();
  EXPECT_EQ(std::set(changed.begin(), changed.end()), noted);
}

// Each text field has its own list, and rare texts are found by it.
TEST_F(EdgesTest, RareTextsOfEachField) {
  fill(2500, [](Record& row, int i) {
    if (i % 300 == 0) (void)row.set(regimage::kFilename, "rare");
    if (i % 400 == 0) (void)row.set(regimage::kObject, "rare");
    if (i % 500 == 0) (void)row.set(regimage::kPathname, "rare");
  });
  for (const char* name : {"filename", "object", "pathname"}) {
    Selection selection;
    ASSERT_TRUE(selection.patterns(schema(), name, {{"rare", TextPattern::How::exact}}).ok());
    ASSERT_NO_FATAL_FAILURE(right(selection)) << name;
    ScanReport report;
    (void)find_rows(*RecordFile::open(path_), selection, {}, &report);
    EXPECT_TRUE(report.plan[0].starts_with("index by text")) << report.plan[0];
  }
}

// Every 512th text is a fence: texts on both sides of each, of many lengths, with others that differ in case.
TEST_F(EdgesTest, TextsBesideFences) {
  std::vector<std::string> texts;
  const auto name = [](int i) {
    const std::string number = "n" + std::to_string(i / 3 * 7919 % 100000);
    return number + (i % 3 == 0 ? "a" : i % 3 == 1 ? "A" : "bbbbbbbbb");
  };
  fill(2700, [&](Record& row, int i) {
    ASSERT_TRUE(row.set(regimage::kFilename, name(i)));
    texts.push_back(name(i));
  });
  std::sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return index::compare_texts(a, b) < 0; });
  ASSERT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
  const auto file = RecordFile::open(path_);
  const auto ask = [&](const std::string& text, TextPattern::How how) {
    Selection selection;
    ASSERT_TRUE(selection.patterns(schema(), "filename", {{text, how}}, false).ok());
    ScanReport report;
    std::vector<std::int64_t> found;
    find_rows(*file, selection, {}, &report).each(0, [&](std::int64_t row) { return found.push_back(row), true; });
    ASSERT_EQ(found, naive(*file, selection)) << text;
    if (text.size() < 3) return;
    ASSERT_TRUE(report.plan[0].starts_with("index by text")) << text << ": " << report.plan[0];
  };
  for (const bool merged : {true, false}) {
    if (!merged) {  // as a segment is made, not as segments are merged
      std::filesystem::remove(path_ + ".idx");
      IndexKeeper::Limits limits;
      limits.tail = 1;
      limits.step = 2700;
      limits.small_merge = 0;
      IndexKeeper(IndexKeeper::Patience::none, limits).after(*file);
    }
    for (int fence = 0; fence <= 2700; fence += 512) {
      for (int at = std::max(fence - 4, 0); at < std::min(fence + 5, 2700); ++at) {
        const std::string& text = texts[static_cast<std::size_t>(at)];
        for (const std::string& asked : {text, text + "c", text.substr(0, text.size() - 1), text.substr(0, 4)}) {
          ask(asked, TextPattern::How::exact);
          ask(asked, TextPattern::How::prefix);
        }
      }
    }
    for (const char* outside : {"aaa", "m99", "n999999", "oo", "~~~"}) ask(outside, TextPattern::How::prefix);
  }
}

// One filter more than codes of a byte can tell apart.
TEST_F(EdgesTest, CodesOfTwoBytes) {
  for (const int filters : {256, 257}) {
    SetUp();
    fill(2570, [=](Record& row, int i) {
      (void)row.set(regimage::kFilter, "f" + std::to_string(i % filters));
      row.set(regimage::kDeleted, false);
    });
    for (const char* name : {"f0", "f7", "f255", "f256"}) {
      for (const bool negate : {false, true}) {
        Selection selection;
        ASSERT_TRUE(selection.patterns(schema(), "filter", {{name, TextPattern::How::exact}}, negate).ok());
        ASSERT_NO_FATAL_FAILURE(right(selection)) << name;
        ASSERT_TRUE(selection.number(schema(), "exptime", {{100, 300}}).ok());  // not by tallies
        ASSERT_NO_FATAL_FAILURE(right(selection)) << name;
      }
    }
  }
}

// What was written and not synced, file by file.
struct Watch : IoObserver {
  std::set<std::string> unsynced;
  int heads = 0, renames = 0;
  std::vector<std::string> wrong;
  int before(const IoOperation& o) override {
    using Kind = IoOperation::Kind;
    if (o.path.find(".idx") == o.path.npos || o.path.ends_with(".tmp")) return 0;
    const bool fresh = o.path.ends_with(".new");
    if (o.kind == Kind::write && o.offset == 0 && !fresh) {
      ++heads;
      if (unsynced.contains(o.path)) wrong.push_back("a head names pages that are not synced");
    } else if (o.kind == Kind::write) {
      unsynced.insert(o.path);
    } else if (o.kind == Kind::sync_data) {
      unsynced.erase(o.path);
    } else if (o.kind == Kind::rename) {
      ++renames;
      for (const auto& path : unsynced) {
        if (path.ends_with(".new")) wrong.push_back("an index takes its name before it is synced");
      }
      unsynced.clear();
    }
    return 0;
  }
};

// Power may fail at any moment: a head on the disk never names pages that are not there.
TEST_F(EdgesTest, SegmentsAreSyncedBeforeTheHeadNamesThem) {
  Watch watch;
  IndexKeeper::Limits limits;
  limits.tail = 50;
  limits.step = 300;
  limits.observer = &watch;
  Dice dice(91);
  IndexKeeper keeper(IndexKeeper::Patience::none, limits);
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path_, options);
  for (int i = 0; i < 20; ++i) {
    std::string rows;
    for (int k = 0; k < 60; ++k) rows += random_row(dice, k);
    ASSERT_TRUE(writer->append(rows).ok());
    ASSERT_TRUE(writer->commit({{i, random_row(dice, i)}}).ok());
  }
  EXPECT_EQ(watch.wrong, std::vector<std::string>());
  EXPECT_GT(watch.heads, 20);
  EXPECT_EQ(watch.renames, 1);
  std::string why;
  const auto index = index::Index::open(writer->file(), why);
  ASSERT_TRUE(index) << why;
  EXPECT_EQ(index->changed().size(), 1U);  // the others are in segments
}

// A writer that dies between the announcement of its third change and the commit.
TEST_F(EdgesTest, AnAnnouncedChangeThatDidNotHappenLeavesTheIndexBelieved) {
  fill(2500, [](Record&, int) {});
  for (int i = 0; i < 2; ++i)
    ASSERT_NO_FATAL_FAILURE(change(i, [](Record& r) { (void)r.set(regimage::kFilter, "other"); }));
  const auto file = RecordFile::open(path_);
  Dice dice(93);
  IndexKeeper(IndexKeeper::Patience::none).before(*file, {{7, random_row(dice, 7)}}, file->change_number() + 1);
  std::string why;
  EXPECT_TRUE(index::Index::open(*file, why)) << why;
}

// Heads that pass their check and are not of this database, this format, or make no sense.
TEST_F(EdgesTest, HeadsThatSomebodyMade) {
  fill(2500, [](Record&, int) {});
  const Spoiler spoiler(path_ + ".idx");
  const std::string good = spoiler.read();
  const auto why_not = [&](const std::function<void(index::Head&)>& work) {
    std::string bad = good;
    index::Head head;
    std::memcpy(&head, bad.data(), sizeof head);
    work(head);
    std::memcpy(bad.data(), &head, sizeof head);
    const std::uint64_t check = index::page_check(head.nonce, 0, bad.data());
    std::memcpy(bad.data() + index::kPayload, &check, sizeof check);
    spoiler.write(bad);
    std::string why;
    const bool opened = index::Index::open(*RecordFile::open(path_), why).has_value();
    EXPECT_EQ(opened, why.empty());
    const std::string name = path_ + ".idx: ";
    return why.starts_with(name) ? why.substr(name.size()) : why;
  };
  using index::Head;
  EXPECT_EQ(why_not([](Head&) {}), "");
  EXPECT_EQ(why_not([](Head& h) { ++h.signature; }), "it is of another format");
  EXPECT_EQ(why_not([](Head& h) { h.uuid[0] ^= 1; }), "it belongs to another database");
  EXPECT_EQ(why_not([](Head& h) { h.covered = 2501; }), "it covers more rows than there are");
  EXPECT_EQ(why_not([](Head& h) { h.witness ^= 2; }), "its last row is not that of the database");
  EXPECT_EQ(why_not([](Head& h) { h.done = h.announced = 77; }), "rows were changed without it");
  EXPECT_EQ(why_not([](Head& h) { h.announced = 77; }), "");
  EXPECT_EQ(why_not([](Head& h) { h.done = 77; }), "");
  EXPECT_EQ(why_not([](Head& h) { h.done = h.announced = -1; }), "rows were changed without it");
  EXPECT_EQ(why_not([](Head& h) { h.magic[7] = '0'; }), "is not an index of this version of imreg");
  for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{index::kMostSegments + 1}})
    EXPECT_EQ(why_not([=](Head& h) { h.segment_count = count; }), "the head of the index is damaged");
  for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{index::kMostChanged + 1}})
    EXPECT_EQ(why_not([=](Head& h) { h.changed_count = count; }), "the head of the index is damaged");
  EXPECT_EQ(why_not([](Head& h) { h.segments[0].head_page = 1; }), "a segment has no head that fits");
}

// Right ascensions on both sides of 0h, to the last bit, and conditions that end there.
class AtZeroHours : public EdgesTest {
 protected:
  static constexpr double kZoneEdge = 45.5 + 3e-8;  // quantised it is in the zone below
  void look(const std::vector<double>& places) {
    Dice dice(92);
    const std::vector<double> decs{0.0, 45.25, kZoneEdge, 89.9, -90.0, 90.0};
    fill(2600, [&](Record& row, int i) {
      const bool there = i % 4 == 0;  // few: the index by place is the cheapest way to them
      row.set(regimage::kRa, there ? dice.of(places) : dice.uniform(1, 359));
      row.set(regimage::kDec, there ? dice.of(decs) : dice.uniform(-80, 80));
      row.set(regimage::kObstime, 1e9);
    });
    const double most = 360;
    const std::vector<double> ends{0,
                                   1e-300,
                                   1e-20,
                                   1e-12,
                                   1e-8,
                                   4e-8,
                                   9e-8,
                                   3e-7,
                                   6e-7,
                                   0.01,
                                   most,
                                   most - 6e-7,
                                   most - 3e-7,
                                   most - 9e-8,
                                   most - 1e-8,
                                   most - 1e-12,
                                   std::nextafter(most, 0.0),
                                   most - 0.01};
    const auto file = RecordFile::open(path_);
    std::string why;
    ASSERT_TRUE(index::Index::open(*file, why)) << why;
    int by_place = 0;
    const auto ask = [&](const Selection& selection) {
      ScanReport report;
      std::vector<std::int64_t> found;
      find_rows(*file, selection, {}, &report).each(0, [&](std::int64_t row) { return found.push_back(row), true; });
      by_place += report.plan[0].starts_with("index by place");
      return found == naive(*file, selection);
    };
    for (const double low : ends) {
      for (const double high : ends) {
        Selection numbers;
        ASSERT_TRUE(numbers.number(schema(), "ra", {{low, high}}).ok() &&
                    numbers.number(schema(), "dec", {{-90, 90}}).ok());
        EXPECT_TRUE(low > high || ask(numbers)) << low << ".." << high;
        Selection box;
        if (const auto region = SkyRegion::box(low, high, -90, 50); region.ok()) {
          ASSERT_TRUE(box.region(schema(), "ra", "dec", *region).ok());
          EXPECT_TRUE(ask(box)) << "box " << low << ".." << high;
        }
      }
      for (const double dec : {0.0, 45.25, kZoneEdge, 89.9, -90.0}) {
        for (const double radius : {1e-9, 1e-8, 4e-8, 9e-8, 3e-7, 0.011}) {
          Selection cone;
          ASSERT_TRUE(cone.region(schema(), "ra", "dec", *SkyRegion::cone(low, dec, radius)).ok());
          EXPECT_TRUE(ask(cone)) << "cone " << low << " " << dec << " " << radius;
        }
        for (const double width : {1e-6, 0.01, 3.0}) {
          const auto region = SkyRegion::polygon({{low, dec - 0.01}, {low + width, dec - 0.005}, {low, dec + 0.01}});
          Selection polygon;
          if (!region.ok()) continue;
          ASSERT_TRUE(polygon.region(schema(), "ra", "dec", *region).ok());
          EXPECT_TRUE(ask(polygon)) << "polygon " << low << " " << dec << " " << width;
        }
      }
    }
    EXPECT_GT(by_place, 300);
  }
};

TEST_F(AtZeroHours, OfOneTurn) {
  look({0.0, -0.0, 5e-324, 1e-20, 1e-12, 4e-8, 8.4e-8, 359.9999999, 359.99999991, 359.999999999,
        std::nextafter(360.0, 0.0), 360.0});
}

TEST_F(AtZeroHours, OfSeveralTurns) {
  look({0.0, -1e-300, -1e-20, -1e-12, -4e-8, 1e-20, 359.99999991, std::nextafter(360.0, 0.0), 360.0,
        std::nextafter(360.0, 361.0), 720.0, -360.0, std::nextafter(-360.0, 0.0)});
}

}  // namespace
}  // namespace imreg
