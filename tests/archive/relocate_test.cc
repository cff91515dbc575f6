// Moves of random small databases against naive loops: rows behind a move, keys that would stand twice, undoing, a disk that fails.
#include "imreg/relocate.h"

#include <rapidcheck.h>

#include <map>
#include <set>

#include "../faults.h"
#include "../record/record_fixture.h"
#include "archive/file_check.h"
#include "formats/regimage.h"
#include "imreg/index.h"

namespace imreg::testing {
namespace {

using ::testing::HasSubstr;

// What a key is made of, and whether the row counts.
struct Image {
  std::string folder, name;
  int extension = 0;
  bool deleted = false;
  auto operator<=>(const Image&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Image& image) {
  return out << image.folder << '/' << image.name << '[' << image.extension << (image.deleted ? "] deleted" : "]");
}
using Images = std::vector<Image>;

std::string bytes_of(const Image& image) {
  Record out(regimage::kRecordSize);
  EXPECT_TRUE(out.set(regimage::kPathname, image.folder));
  EXPECT_TRUE(out.set(regimage::kFilename, image.name));
  out.set(regimage::kExtension, image.extension);
  out.set(regimage::kDeleted, image.deleted);
  return out.bytes();
}

Images images_of(const std::string& path) {
  const RecordFile file = must(RecordFile::open(path));
  Images out;
  Record row = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    EXPECT_OK(file.read(i, row));
    out.push_back({std::string(row[regimage::kPathname]), std::string(row[regimage::kFilename]),
                   row[regimage::kExtension], row[regimage::kDeleted]});
  }
  return out;
}

std::string make_database(const Folder& folder, const Images& images, bool with_index) {
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, *builtin_format(regimage::kFormat, regimage::kVersion), {}));
  auto writer = must(RecordWriter::open(path, {}));
  std::string bytes;
  for (const auto& image : images) bytes += bytes_of(image);
  EXPECT_OK(writer.append(bytes));
  if (with_index) EXPECT_OK(rebuild_index(writer.file()));
  return path;
}

// Rows of which no two that count are the same image.
Images some_images() {
  Images out;
  std::set<Image> seen;
  const int rows = *rc::gen::inRange(1, 40);
  for (int i = 0; i < rows; ++i) {
    Image one{*rc::gen::element<std::string>("/a", "/a/b", "/ab", "/c", "/c/b", "/d"),
              *rc::gen::element<std::string>("x", "y", "z"), *rc::gen::inRange(0, 2), *rc::gen::inRange(0, 6) == 0};
    if (one.deleted || seen.insert(one).second) out.push_back(one);
  }
  return out;
}

struct Rule {
  std::string from, to;
};

// The naive way: a row at a time, the first rule that fits.
Images moved(const Images& images, const std::vector<Rule>& rules) {
  Images out = images;
  for (auto& image : out) {
    if (image.deleted) continue;
    const std::string path = (image.folder == "/" ? "" : image.folder) + "/" + image.name;
    for (const auto& rule : rules) {
      if (path != rule.from && !path.starts_with(rule.from + "/")) continue;
      const std::string fresh = rule.to + path.substr(rule.from.size());
      image.folder = fresh.substr(0, std::max<std::size_t>(fresh.rfind('/'), 1));
      image.name = fresh.substr(fresh.rfind('/') + 1);
      break;
    }
  }
  return out;
}

bool twice(const Images& images) {
  std::set<Image> seen;
  for (const auto& image : images) {
    if (!image.deleted && !seen.insert(image).second) return true;
  }
  return false;
}

RelocateOptions options_of(const std::string& path, const std::vector<Rule>& rules, bool go) {
  RelocateOptions options;
  options.edit.database = options.search.database = path;
  options.edit.go = go;
  for (const auto& rule : rules) {
    options.words.push_back(rule.from);
    options.words.push_back(rule.to);
  }
  options.command = "a test";
  return options;
}

TEST(Relocate, IsWhatANaiveLoopDoesAndUndoes) {
  int refused = 0, done = 0;
  EXPECT_TRUE(rc::check([&] {
    Folder folder;
    const Images images = some_images();
    const std::string path = make_database(folder, images, *rc::gen::arbitrary<bool>());
    std::vector<Images> states{images};
    const int moves = *rc::gen::inRange(1, 5);
    for (int i = 0; i < moves; ++i) {
      std::vector<Rule> rules;
      const int count = *rc::gen::inRange(1, 4);
      const auto paths =
          rc::gen::element<std::string>("/a", "/a/b", "/ab", "/c", "/c/b", "/d", "/a/x", "/d/y", "/a/b/z", "/e");
      while (std::ssize(rules) < count) {
        const Rule rule{*paths, *paths};
        bool good = rule.from != rule.to;
        for (const auto& other : rules) good &= rule.from != other.to || rule.to != other.from;
        if (good) rules.push_back(rule);
      }
      const Images wanted = moved(states.back(), rules);
      std::int64_t changes = 0;
      for (std::size_t row = 0; row < wanted.size(); ++row) changes += wanted[row] != states.back()[row];
      const auto plan = must(relocate_paths(options_of(path, rules, false)));
      RC_ASSERT(images_of(path) == states.back());
      RC_ASSERT(plan.edit.rows == changes);
      RC_ASSERT((plan.edit.collisions > 0) == twice(wanted));
      const auto report = must(relocate_paths(options_of(path, rules, true)));
      RC_ASSERT(report.edit.collisions == plan.edit.collisions);
      RC_ASSERT(report.edit.done == (changes > 0 && !twice(wanted)));
      if (report.edit.done) states.push_back(wanted);
      RC_ASSERT(images_of(path) == states.back());
      (twice(wanted) ? refused : done) += 1;
    }
    // A search by folder, with the index and without.
    for (const bool use_index : {true, false}) {
      RelocateOptions options = options_of(path, {{"/c", "/nowhere"}}, false);
      options.search.use_index = use_index;
      const Images wanted = moved(states.back(), {{"/c", "/nowhere"}});
      std::int64_t changes = 0;
      for (std::size_t row = 0; row < wanted.size(); ++row) changes += wanted[row] != states.back()[row];
      RC_ASSERT(must(relocate_paths(options)).edit.rows == changes);
    }
    while (states.size() > 1) {
      states.pop_back();
      BulkEditOptions options;
      options.database = path;
      options.go = true;
      const auto undone = must(undo_change(options, 1));
      RC_ASSERT(undone.edit.done);
      RC_ASSERT(images_of(path) == states.back());
    }
  }));
  EXPECT_GT(refused, 5);
  EXPECT_GT(done, 50);
}

// Rows that were changed or deleted meanwhile, undone in any order, against a diary of fields.
TEST(Relocate, UndoneInAnyOrderRowsThatChangedSinceStay) {
  EXPECT_TRUE(rc::check([] {
    Folder folder;
    Images images;
    for (int i = 0; i < 30; ++i) images.push_back({"/f" + std::to_string(i % 3), "n" + std::to_string(i), 0, false});
    const std::string path = make_database(folder, images, true);
    struct Change {
      Images before, after;
      bool in_force = true;
    };
    std::vector<Change> changes;
    BulkEditOptions options;
    options.database = path;
    options.go = true;
    for (int step = 0; step < 8; ++step) {
      const Images now = images_of(path);
      std::vector<std::size_t> can;
      for (std::size_t i = changes.size(); i-- > 0;) {
        if (changes[i].in_force) can.push_back(i);
      }
      if (!can.empty() && *rc::gen::inRange(0, 3) == 0) {
        const auto n = *rc::gen::inRange<std::size_t>(0, can.size());
        auto& target = changes[can[n]];
        Images wanted = now;
        std::int64_t kept = 0, rows = 0;
        for (std::size_t row = 0; row < now.size(); ++row) {
          const auto &was = target.before[row], &made = target.after[row];
          if (was == made) continue;
          const bool still = (was.folder == made.folder || now[row].folder == made.folder) &&
                             (was.deleted == made.deleted || now[row].deleted == made.deleted);
          (still ? rows : kept) += 1;
          if (!still) continue;
          if (was.folder != made.folder) wanted[row].folder = was.folder;
          if (was.deleted != made.deleted) wanted[row].deleted = was.deleted;
        }
        const auto report = must(undo_change(options, static_cast<std::int64_t>(n) + 1));
        RC_ASSERT(report.edit.kept == kept);
        RC_ASSERT(report.edit.rows == rows);
        if (report.edit.done) target.in_force = false;
        RC_ASSERT(images_of(path) == wanted);
      } else if (*rc::gen::inRange(0, 3) == 0) {
        SearchOptions search;
        search.database = path;
        search.filters = {{"name", {"n" + std::to_string(*rc::gen::inRange(0, 10))}}};
        ModifyRequest request;
        request.remove = true;
        const auto report = must(modify_rows(search, request, options));
        if (report.done) changes.push_back({now, images_of(path)});
      } else {
        const auto at = *rc::gen::element<std::string>("/f0", "/f1", "/f2"),
                   to = *rc::gen::element<std::string>("/g", "/f0", "/h/f0");
        if (at == to) continue;
        const auto report = must(relocate_paths(options_of(path, {{at, to}}, true)));
        RC_ASSERT(images_of(path) == moved(now, {{at, to}}));
        if (report.edit.done) changes.push_back({now, images_of(path)});
      }
    }
  }));
}

TEST(Relocate, ADiskThatFailsLeavesItDoneOrNotDone) {
  Images images;
  for (int i = 0; i < 50; ++i) images.push_back({"/f" + std::to_string(i % 7), "n" + std::to_string(i), 0, false});
  const std::vector<Rule> rules{{"/f1", "/g"}, {"/f2", "/h/very/long"}};
  const Images wanted = moved(images, rules);
  for (const Fault& fault : all_faults()) {
    int failed = 0;
    for (int at = 0;; ++at) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      Folder folder;
      const std::string path = make_database(folder, images, true);
      FaultAt observer(at, fault);
      RelocateOptions options = options_of(path, rules, true);
      options.edit.observer = &observer;
      const auto report = relocate_paths(options);
      const Images now = images_of(path);
      const bool done = now == wanted;
      EXPECT_TRUE(done || now == images);
      if (report) {
        EXPECT_EQ(report->edit.done, done);
      } else {
        ++failed;
        EXPECT_FALSE(observer.harmless()) << report.status().text();
        EXPECT_EQ(report.status().code(), Code::io) << report.status().text();
        EXPECT_FALSE(report.status().file().empty()) << report.status().text();
        EXPECT_TRUE(!done || fault.for_ever);  // what cannot be taken back either may be there
      }
      // The next one does it, or finds it done; and it can be taken back.
      options.edit.observer = nullptr;
      const auto again = must(relocate_paths(options));
      EXPECT_EQ(again.edit.done, !done);
      EXPECT_EQ(images_of(path), wanted);
      const auto undo = must(undo_change(options.edit, 1));
      EXPECT_TRUE(undo.edit.done);
      EXPECT_EQ(images_of(path), images);
      if (HasFailure()) return;
      if (!observer.reached()) break;
    }
    EXPECT_TRUE(failed > 20 || fault.error == 0 || fault.error == EINTR) << fault.name << ": " << failed;
  }
}

TEST(Relocate, TellsHowFarItIs) {
  Folder folder;
  Images images;
  for (int i = 0; i < 40000; ++i) images.push_back({"/f" + std::to_string(i % 3), "n" + std::to_string(i), 0, false});
  const std::string path = make_database(folder, images, false);
  for (const bool go : {false, true}) {
    Told told;
    auto options = options_of(path, {{"/f1", "/g"}}, go);
    options.edit.progress = told.callback();
    ASSERT_EQ(must(relocate_paths(options)).edit.rows, 13333);
    EXPECT_TRUE(told.whole()) << go << ": " << told.done << " of " << told.all << " in " << told.calls;
  }
}

TEST(Relocate, ADamagedRowStaysAndIsNamed) {
  Folder folder;
  Images images;
  for (int i = 0; i < 20; ++i) images.push_back({"/f", "n" + std::to_string(i), 0, false});
  const std::string path = make_database(folder, images, false);
  std::string bytes = slurp(path);
  const std::size_t at = bytes.find("n7");
  ASSERT_NE(at, std::string::npos);
  scribble(path, static_cast<std::int64_t>(at), "m");
  const auto report = must(relocate_paths(options_of(path, {{"/f", "/g"}}, true)));
  EXPECT_TRUE(report.edit.done);
  EXPECT_EQ(report.edit.rows, 19);
  ASSERT_EQ(report.edit.damaged.count, 1);
  EXPECT_THAT(report.edit.damaged.first[0].text(), HasSubstr("record 8"));
  BulkEditOptions options;
  options.database = path;
  options.go = true;
  EXPECT_EQ(must(undo_change(options, 1)).edit.rows, 19);
}

TEST(FileCheck, CountsWhatAFolderLacksAndSamples) {
  Folder folder;
  std::set<std::string> missing;
  FileCheck all(0), some(50);
  for (int i = 0; i < 300; ++i) {
    const std::string at = folder / ("f" + std::to_string(i % 10)), name = "n" + std::to_string(i);
    std::filesystem::create_directories(at);
    if (i % 7 == 0)
      missing.insert(at + "/" + name);
    else
      spill(at + "/" + name, "x");
    for (int twice = 0; twice < 2; ++twice) {
      all.add(at, name);
      some.add(at, name);
    }
  }
  all.add(folder / "nowhere", "n");
  missing.insert(folder / "nowhere/n");
  all.finish();
  some.finish();
  EXPECT_EQ(all.files(), 301);
  EXPECT_EQ(all.looked_for(), 301);
  EXPECT_EQ(all.missing(), std::ssize(missing));
  for (const auto& path : all.first_missing()) EXPECT_TRUE(missing.contains(path)) << path;
  EXPECT_EQ(some.looked_for(), 50);
  EXPECT_GT(some.missing(), 0);
  EXPECT_LT(some.missing(), 25);
}

}  // namespace
}  // namespace imreg::testing
