// Path roots against a naive model: whatever roots there are, a path that is shortened and expanded again is itself.
#include "registry/path_roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "../folder.h"
#include "formats/regimage.h"
#include "imreg/history.h"
#include "imreg/index.h"
#include "imreg/scan.h"
#include "registry/image_row.h"
#include "registry/root_changes.h"

namespace imreg {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The roots as plain lines, by the words of man 5 imreg-roots: one step after the other, nothing remembered.
using Model = std::map<std::string, std::string>;

std::optional<std::string> folder_in(const Model& model, const std::string& name, int depth = 0) {
  const auto at = model.find(name);
  if (at == model.end() || depth > 20) return std::nullopt;
  if (at->second[0] == '/') return at->second;
  const auto slash = at->second.find('/');
  const auto below = folder_in(model, at->second.substr(1, slash - 1), depth + 1);
  if (!below) return std::nullopt;
  const std::string rest = slash == std::string::npos ? "" : at->second.substr(slash);
  return (*below == "/" && !rest.empty() ? "" : *below) + rest;
}

std::string expanded(const Model& model, const std::string& path) {
  if (path[0] != '$') return path;
  const auto slash = path.find('/');
  const auto folder = folder_in(model, path.substr(1, slash - 1));
  const std::string rest = slash == std::string::npos ? "" : path.substr(slash);
  return !folder ? path : (*folder == "/" && !rest.empty() ? "" : *folder) + rest;
}

bool holds(const std::string& folder, const std::string& path) {
  return folder == "/" || (path + "/").substr(0, folder.size() + 1) == folder + "/";
}

std::string path_of(int least) {
  std::string out;
  for (int i = *rc::gen::inRange(least, 4); i > 0; --i) {
    out += '/';
    for (int k = *rc::gen::inRange(1, 3); k > 0; --k) out += *rc::gen::element('a', 'b', ' ', '$', '\xe9');
    out += 'c';
  }
  return out;
}

TEST(RootsModel, ExpandIsTheNaiveOneAndUndoesShorten) {
  const bool good = rc::check([] {
    PathRoots roots;
    Model model;
    for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
      const std::string name = *rc::gen::element<std::string>("A", "B", "C", "AB", "a", "_1");
      const std::string other = *rc::gen::element<std::string>("A", "B", "C", "AB", "a", "_1", "NONE");
      std::string prefix = *rc::gen::arbitrary<bool>() ? "$" + other + path_of(0) : path_of(0);
      if (prefix.empty()) prefix = "/";
      Model after = model;
      after[name] = prefix;
      const bool sound = std::all_of(after.begin(), after.end(),
                                     [&](const auto& one) { return folder_in(after, one.first).has_value(); });
      const Status status = roots.define(name, prefix);
      RC_ASSERT(status.ok() == sound);
      if (sound) model = after;
    }
    for (const auto& [name, prefix] : model) RC_ASSERT(roots.find(name)->folder == *folder_in(model, name));
    for (int i = 0; i < 10; ++i) {
      std::string path = path_of(1);
      if (!model.empty() && *rc::gen::arbitrary<bool>()) path = expanded(model, "$" + model.begin()->first + path);
      const std::string brief = roots.shorten(path);
      RC_ASSERT(roots.expand(brief) == path);
      RC_ASSERT(expanded(model, brief) == path);
      std::size_t longest = 0;
      for (const auto& [name, prefix] : model) {
        if (holds(*folder_in(model, name), path)) longest = std::max(longest, folder_in(model, name)->size());
      }
      RC_ASSERT((brief == path) == (longest == 0));
      if (longest > 0) RC_ASSERT(folder_in(model, std::string(root_of(brief)))->size() == longest);
    }
  });
  EXPECT_TRUE(good);
}

TEST(Roots, PrefixesBecomeNormalPaths) {
  PathRoots roots;
  const auto prefix = [&](const std::string& given) {
    EXPECT_TRUE(roots.define("A", given).ok()) << given;
    return roots.find("A")->prefix;
  };
  ASSERT_TRUE(roots.define("B", "/b").ok());
  EXPECT_EQ(prefix("/data//x/./y/../z/"), "/data/x/z");
  EXPECT_EQ(prefix("//data"), "/data");
  EXPECT_EQ(prefix("/.."), "/");
  EXPECT_EQ(prefix("$B"), "$B");
  EXPECT_EQ(prefix("$B/"), "$B");
  EXPECT_EQ(prefix("$B//x/./y/"), "$B/x/y");
  EXPECT_EQ(prefix("/a b/\xe9/$B"), "/a b/\xe9/$B");
  EXPECT_EQ(roots.expand("$A/x"), "/a b/\xe9/$B/x");
  for (const std::string bad : {"$B/../x", "$", "$/x", "/x\ty", "/x\ny", "/x ", "", "x", "$b/x"})
    EXPECT_EQ(roots.define("A", bad).code(), Code::invalid) << bad;
  EXPECT_EQ(roots.define("A", "/" + std::string(4095, 'x')).code(), Code::invalid);
  EXPECT_EQ(roots.expand("$A/x"), "/a b/\xe9/$B/x") << "what is refused changes nothing";
}

TEST(Roots, FoldersThatBeginWithADollarAreNoRoots) {
  PathRoots roots;
  ASSERT_TRUE(roots.define("X", "/x").ok());
  for (const std::string path : {"/$X/a", "/data/$X", "./$X/a"}) {
    EXPECT_EQ(roots.expand(path), path);
    EXPECT_EQ(roots.shorten(path), path);
  }
}

class RootFiles : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return folder / name; }
  Result<PathRoots> load(const std::string& text) const {
    std::ofstream(at("x.db.roots"), std::ios::binary) << text;
    return PathRoots::load(at("x.db"));
  }
  ~RootFiles() override { PathRoots::set_host({}); }
  Folder folder;
};

TEST_F(RootFiles, OrderIsFreeAndFaultsAreToldWithTheirLine) {
  const auto roots = load("# roots\nDEEP\t$TOP/deep\n\nTOP\t/top\n");
  ASSERT_TRUE(roots.ok()) << roots.status().text();
  EXPECT_EQ(roots->expand("$DEEP/x"), "/top/deep/x");
  const struct {
    const char *text, *line, *words;
  } kBad[] = {
      {"A\t/a\nB\t$NONE/x\n", "line 2", "NONE"},
      {"A\t/a\nB\t$C\nC\t$D/x\nD\t$B\n", "line 2", "B -> C -> D -> B"},
      {"A\t$A\n", "line 1", "A -> A"},
      {"\n\nA B\t/x\n", "line 3", "letters"},
      {"A\trelative\n", "line 1", "absolute"},
      {"A /x\n", "line 1", "a tab"},
      {"A\t/a\nB\t$A/../x\n", "line 2", "stay below"},
  };
  for (const auto& bad : kBad) {
    const Status status = load(bad.text).status();
    EXPECT_EQ(status.code(), Code::corrupt) << bad.text;
    EXPECT_THAT(status.text(), AllOf(HasSubstr("x.db.roots"), HasSubstr(bad.line), HasSubstr(bad.words))) << bad.text;
  }
  std::string chain = "R0\t/" + std::string(4000, 'x') + "\n";  // each longer than the one before
  for (int i = 1; i < 500; ++i) chain += "R" + std::to_string(i) + "\t$R" + std::to_string(i - 1) + "/yyyyyyy\n";
  EXPECT_THAT(load(chain).status().text(), HasSubstr("4095"));
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "R" + std::to_string(i) + "\t/x\n";
  EXPECT_THAT(load(many).status().text(), HasSubstr("more than 1000 roots"));
}

TEST_F(RootFiles, AHostHasOtherPrefixes) {
  std::vector<std::pair<std::string, std::string>> host = {{"TOP", "/mnt/top"}};
  std::vector<std::string> told;
  int asked = 0;
  PathRoots::set_host({[&]() -> Result<std::vector<std::pair<std::string, std::string>>> {
                         ++asked;
                         return host;
                       },
                       [&](const std::string&, const std::string& note) { told.push_back(note); }});
  EXPECT_TRUE(PathRoots::load(at("none.db"))->empty());
  EXPECT_TRUE(load("# nothing is defined\n")->empty());
  EXPECT_EQ(asked, 0) << "a database without roots asks for no configuration";
  auto roots = load("TOP\t/top\nDEEP\t$TOP/deep\n");
  ASSERT_TRUE(roots.ok()) << roots.status().text();
  EXPECT_EQ(roots->expand("$DEEP/x"), "/mnt/top/deep/x");
  EXPECT_EQ(roots->shorten("/mnt/top/deep/x"), "$DEEP/x");
  EXPECT_EQ(roots->shorten("/top/deep/x"), "/top/deep/x");
  ASSERT_TRUE(roots->define("NEW", "$DEEP/new").ok());
  ASSERT_TRUE(roots->save(at("x.db")).ok());
  PathRoots::set_host({});
  EXPECT_EQ(PathRoots::load(at("x.db"))->expand("$NEW"), "/top/deep/new") << "the file has nothing of this host";

  PathRoots::set_host({[&]() -> Result<std::vector<std::pair<std::string, std::string>>> { return host; },
                       [&](const std::string& name, const std::string& note) { told.push_back(name + " " + note); }});
  host = {{"TOP", "$DEEP/x"}};
  EXPECT_THAT(load("TOP\t/top\nDEEP\t$TOP/deep\n").status().text(), AllOf(HasSubstr("ROOT_TOP"), HasSubstr("circle")));
  host = {{"TOP", "mnt"}};
  EXPECT_THAT(load("TOP\t/top\n").status().text(), AllOf(HasSubstr("ROOT_TOP"), HasSubstr("absolute")));
  EXPECT_TRUE(told.empty());
  host = {{"OTHER", "/o"}};
  EXPECT_TRUE(load("TOP\t/top\n").ok());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], AllOf(HasSubstr("OTHER"), HasSubstr("x.db")));
}

Record row_at(const std::string& pathname, const std::string& name) {
  Record row(regimage::kRecordSize);
  (void)row.set(regimage::kPathname, pathname);
  (void)row.set(regimage::kFilename, name);
  return row;
}

// Texts by the index and by looking at every row are the same; so is the check of keys and a naive one over all rows.
TEST_F(RootFiles, TextsAndKeysAsANaiveLoopFindsThem) {
  const bool good = rc::check([&] {
    const std::string db = at("m.db");
    for (const char* ending : {"", ".idx", ".journal", ".lock"}) std::remove((db + ending).c_str());
    const Schema& schema = *builtin_format(regimage::kFormat, regimage::kVersion);
    RC_ASSERT(RecordWriter::create(db, schema, {}).ok());
    IndexKeeper keeper(IndexKeeper::Patience::full);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(db, options);
    const auto folder = [] {
      return *rc::gen::element<std::string>("$A", "$B", "$a", "$AB", "/a", "/b", "/ab", "/x") +
             *rc::gen::element<std::string>("", "/1", "/2", "/1/3");
    };
    std::string bytes;
    const int rows = *rc::gen::inRange(1, 30);
    for (int i = 0; i < rows; ++i)
      bytes += row_at(folder(), *rc::gen::element<std::string>("f", "g", "h") + std::to_string(i / 8)).bytes();
    for (int i = 0; i < 600; ++i) bytes += row_at("/many", std::to_string(i)).bytes();  // an index is worth it
    RC_ASSERT(writer->append(bytes).ok());
    keeper.finish(writer->file());
    std::vector<RowChange> changes;  // and some rows that the index knows otherwise
    for (int i = 0; i < *rc::gen::inRange(0, 4); ++i)
      changes.push_back({i % rows, row_at(folder(), "c" + std::to_string(i)).bytes()});
    std::set<std::int64_t> different;
    std::erase_if(changes, [&](const RowChange& change) { return !different.insert(change.row).second; });
    if (!changes.empty()) RC_ASSERT(writer->commit(changes).ok());

    const RecordFile& file = writer->file();
    Record scratch = file.make_record();
    for (const std::string prefix : {"", "$", "$A", "/", "/a", "/many", "/none"}) {
      std::map<std::string, std::int64_t> naive, got;
      for (std::int64_t row = 0; row < file.count(); ++row) {
        const std::string path(file.peek(row, scratch)[regimage::kPathname]);
        if (path.starts_with(prefix)) ++naive[path];
      }
      for (const auto& one : texts_from(file, *schema.find("pathname"), prefix)) got[one.text] = one.rows;
      RC_ASSERT(naive == got);
      if (prefix.empty() || prefix == "/") continue;
      std::int64_t in = 0;
      for (std::int64_t row = 0; row < file.count(); ++row) {
        std::string path = std::string(file.peek(row, scratch)[regimage::kPathname]) + "/", start = prefix + "/";
        for (char& c : path) c = static_cast<char>(std::tolower(c));
        for (char& c : start) c = static_cast<char>(std::tolower(c));
        in += path.starts_with(start);
      }
      RC_ASSERT(count_in_folder(file, *schema.find("pathname"), prefix, true) == in);
      RC_ASSERT(count_in_folder(file, *schema.find("pathname"), prefix, false) >= in);
    }

    PathRoots before, after;
    const auto some = [] { return *rc::gen::element<std::string>("/a", "/b", "/ab", "/x", "/x/1", "/n"); };
    for (const char* name : {"A", "B", "AB", "a"}) {
      const std::string old = some();
      RC_ASSERT(before.define(name, old).ok());
      RC_ASSERT(after.define(name, *rc::gen::arbitrary<bool>() ? old : some()).ok());
    }
    bool apart = true;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < i; ++j) {
        Record one(file.peek(i, scratch).bytes()
                       ? std::string_view(file.peek(i, scratch).bytes(), regimage::kRecordSize)
                       : std::string_view());
        Record two(std::string_view(file.peek(j, scratch).bytes(), regimage::kRecordSize));
        apart &= key_of(one.view(), after) != key_of(two.view(), after) ||
                 key_of(one.view(), before) == key_of(two.view(), before);
      }
    }
    RC_ASSERT(check_keys_stay_apart(file, before, after).ok() == apart);
  });
  EXPECT_TRUE(good);
}

TEST_F(RootFiles, AChangeIsLoggedAndUndone) {
  const std::string db = at("h.db");
  ASSERT_TRUE(change_roots(db, {{"EARLY", "/early"}}, {"test", "early"}).ok()) << "before there is a database";
  ASSERT_TRUE(RecordWriter::create(db, *builtin_format(regimage::kFormat, regimage::kVersion), {}).ok());
  {
    auto writer = RecordWriter::open(db, {});
    ASSERT_TRUE(
        writer->append(row_at("$A/1", "f").bytes() + row_at("$A", "g").bytes() + row_at("$AB", "h").bytes()).ok());
  }
  const auto set = [&](const std::string& name, const std::string& prefix, bool dry_run = false) {
    return change_roots(db, {{name, prefix}}, {"test", name + "=" + prefix, dry_run});
  };
  const auto prefix = [&](const std::string& name) {
    const auto roots = PathRoots::load(db);
    return roots->find(name) ? roots->find(name)->prefix : "";
  };
  const auto changes = [&] { return History::load(*RecordFile::open(db))->changes().size(); };
  const auto first = set("A", "/a", true);
  ASSERT_TRUE(first.ok()) << first.status().text();
  EXPECT_EQ(first->changed.size(), 1U);
  EXPECT_EQ(first->changed[0].rows, 2);
  EXPECT_EQ(prefix("A"), "") << "a rehearsal";
  EXPECT_EQ(changes(), 0U);
  ASSERT_TRUE(set("A", "/a").ok());
  ASSERT_TRUE(set("A", "/a/").ok());
  EXPECT_EQ(changes(), 1U) << "the same prefix is no change";
  ASSERT_TRUE(set("A", "/elsewhere").ok());
  ASSERT_TRUE(set("B", "$A/b").ok());
  EXPECT_EQ(prefix("B"), "$A/b");
  EXPECT_EQ(set("A", "$B").status().code(), Code::invalid);
  EXPECT_THAT(set("A", "").status().text(), HasSubstr("B is built on root A"));
  ASSERT_TRUE(set("B", "").ok());
  EXPECT_THAT(set("A", "").status().text(), AllOf(HasSubstr("2 rows"), HasSubstr("imrelocate")));
  EXPECT_EQ(set("NONE", "").status().code(), Code::not_found);

  const auto undo = [&](std::int64_t n) { return undo_root_change(db, n, {"test", "undo"}); };
  const auto wrong = undo(4);  // A=/a, which is /elsewhere now
  EXPECT_EQ(wrong.status().code(), Code::mismatch);
  EXPECT_THAT(wrong.status().text(), HasSubstr("/elsewhere"));
  auto done = undo(1);
  ASSERT_TRUE(done.ok()) << done.status().text();
  EXPECT_EQ(prefix("B"), "$A/b");
  EXPECT_EQ(done->target.command, "B=");
  ASSERT_TRUE(undo(1).ok());
  EXPECT_EQ(prefix("B"), "");
  ASSERT_TRUE(undo(1).ok());
  EXPECT_EQ(prefix("A"), "/a");
  // The machine stopped between the history and the roots: what never happened is undone by doing nothing.
  {
    auto roots = PathRoots::load(db);
    ASSERT_TRUE(set("A", "/lost").ok());
    ASSERT_TRUE(roots->save(db).ok());
  }
  ASSERT_TRUE(undo(1).ok());
  EXPECT_EQ(prefix("A"), "/a");
  EXPECT_THAT(undo(1).status().text(), HasSubstr("2 rows")) << "the first definition, with rows in it";
}

}  // namespace
}  // namespace imreg
