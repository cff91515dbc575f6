// The proposed rules beside a search of all sets of rules, in small trees.
#include "archive/propose_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace imreg::archive {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const Proposal& proposal) {
  Pairs out;
  for (const auto& rule : proposal.rules) out.emplace_back(rule.from, rule.to);
  return out;
}

// As imrelocate reads a file of rules.
std::string target(const Pairs& rules, const std::string& path) {
  for (const auto& [from, to] : rules) {
    if (path == from || path.starts_with(from + "/")) return to + path.substr(from.size());
  }
  return path;
}

bool anything(const std::string&) { return true; }

TEST(ProposeRules, OneMoveIsOneRuleAtTheHighestFolder) {
  const auto proposal = propose_rules({{"/data/piko/m/a.fits", {"/data/niele/m/a.fits"}, 2},
                                       {"/data/piko/n/b.fits", {"/data/niele/n/b.fits"}, 3},
                                       {"/data/piko/n/lost.fits", {}, 1}},
                                      {"/data/other"}, anything);
  ASSERT_EQ(pairs_of(proposal), (Pairs{{"/data/piko", "/data/niele"}}));
  EXPECT_EQ(proposal.rules[0].files, 2);
  EXPECT_EQ(proposal.rules[0].rows, 5);
  EXPECT_EQ(proposal.rules[0].along, 1);
  EXPECT_EQ(proposal.to,
            (std::vector<std::string>{"/data/niele/m/a.fits", "/data/niele/n/b.fits", "/data/niele/n/lost.fits"}));
}

TEST(ProposeRules, ExceptionsComeFirst) {
  const auto proposal = propose_rules({{"/d/a/1/x", {"/e/a/1/x"}, 1},
                                       {"/d/a/2/x", {"/e/a/2/x"}, 1},
                                       {"/d/a/3/x", {"/f/three/x"}, 1},
                                       {"/d/a/3/y", {"/f/three/y"}, 1}},
                                      {}, anything);
  EXPECT_EQ(pairs_of(proposal), (Pairs{{"/d/a/3", "/f/three"}, {"/d", "/e"}}));
}

TEST(ProposeRules, AFolderWithFilesThatStayedIsNotTouched) {
  const auto proposal = propose_rules({{"/d/a/x", {"/e/a/x"}, 1}, {"/d/a/y", {"/e/a/y"}, 1}, {"/d/b/z", {"/e/b/z"}, 1}},
                                      {"/d/a"}, anything);
  EXPECT_EQ(pairs_of(proposal), (Pairs{{"/d/a/x", "/e/a/x"}, {"/d/a/y", "/e/a/y"}, {"/d/b", "/e/b"}}));
}

TEST(ProposeRules, OfTwoPlacesTheOneOfTheOthers) {
  const MovedFile sure{"/d/a", {"/e/a"}, 1}, unsure{"/d/b", {"/backup/b", "/e/b"}, 1};
  EXPECT_EQ(propose_rules({sure, unsure}, {}, anything).to[1], "/e/b");
  EXPECT_TRUE(propose_rules({unsure}, {}, anything).rules.empty());
}

TEST(ProposeRules, NoTwoRowsGetOnePath) {
  const auto twins = propose_rules({{"/d/a/x", {"/e/x"}, 1}, {"/d/b/x", {"/e/x"}, 1}}, {}, anything);
  EXPECT_EQ(twins.to, (std::vector<std::string>{"/e/x", ""}));
  EXPECT_EQ(target(pairs_of(twins), "/d/b/x"), "/d/b/x");
  // Where the lost one would go another has rows.
  const auto taken = propose_rules({{"/d/x", {"/e/x"}, 1}, {"/d/lost", {}, 1}}, {},
                                   [](const std::string& path) { return path != "/e/lost"; });
  EXPECT_EQ(pairs_of(taken), (Pairs{{"/d/x", "/e/x"}}));
}

TEST(ProposeRules, ToTheTopAndFromIt) {
  const auto up = propose_rules({{"/d/a/x", {"/a/x"}, 1}, {"/d/b/x", {"/b/x"}, 1}}, {}, anything);
  EXPECT_EQ(pairs_of(up), (Pairs{{"/d/a", "/a"}, {"/d/b", "/b"}}));  // /d becomes nothing
  const auto down = propose_rules({{"/a/x", {"/d/a/x"}, 1}, {"/b/x", {"/d/b/x"}, 1}}, {}, anything);
  EXPECT_EQ(pairs_of(down), (Pairs{{"/a", "/d/a"}, {"/b", "/d/b"}}));  // nothing is the prefix of all
  EXPECT_EQ(pairs_of(propose_rules({{"/x", {"/y"}, 1}}, {}, anything)), (Pairs{{"/x", "/y"}}));
}

// The fewest rules, by trying: at each folder and file none, or one of the moves that a file below it has made.
class Search {
 public:
  Search(const std::vector<MovedFile>& files, const std::set<std::string>& kept) : files_(files), kept_(kept) {
    std::map<std::string, std::set<std::string>> choices;
    for (const auto& file : files) {
      if (file.places.empty()) continue;
      const std::string& to = file.places[0];
      std::string rest;
      for (std::string from = file.from; !from.empty(); from = from.substr(0, from.rfind('/'))) {
        rest = file.from.substr(from.size());
        if (to.ends_with(rest) && to.size() > rest.size()) choices[from].insert(to.substr(0, to.size() - rest.size()));
      }
    }
    for (const auto& [from, all] : choices)
      choices_.emplace_back(from, std::vector<std::string>(all.begin(), all.end()));
    // As rules are tried: longer ones first.
    std::stable_sort(choices_.begin(), choices_.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  }

  bool possible(std::size_t rules) { return place(0, rules); }

 private:
  bool good() const {
    for (const auto& file : files_) {
      if (!file.places.empty() && target(rules_, file.from) != file.places[0]) return false;
    }
    return std::all_of(kept_.begin(), kept_.end(),
                       [&](const std::string& f) { return target(rules_, f + "/k") == f + "/k"; });
  }
  bool place(std::size_t from, std::size_t left) {
    if (good()) return true;
    if (left == 0) return false;
    for (std::size_t at = from; at < choices_.size(); ++at) {
      for (const auto& to : choices_[at].second) {
        rules_.emplace_back(choices_[at].first, to);
        const bool found = place(at + 1, left - 1);
        rules_.pop_back();
        if (found) return true;
      }
    }
    return false;
  }

  const std::vector<MovedFile>& files_;
  const std::set<std::string>& kept_;
  std::vector<std::pair<std::string, std::vector<std::string>>> choices_;
  Pairs rules_;
};

TEST(ProposeRules, AreRightAndTheFewest) {
  std::mt19937 random(20010127);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  std::size_t most = 0;
  for (int round = 0; round < 3000; ++round) {
    // Files in folders two or three deep; whole folders have moved, then some go their own way.
    std::set<std::string> paths;
    for (unsigned i = 0, n = 1 + below(7); i < n; ++i) {
      std::string path = "/d";
      for (unsigned deep = below(4); deep-- > 0;) path += std::string("/") + "ab"[below(2)];
      paths.insert(path + "/f" + std::to_string(below(4)));
    }
    const Pairs moves = {{"/d/a", "/e"}, {"/d/b", "/e/b"}, {"/d/a/b", "/g/q"}, {"/d/b/a", "/d/c"}, {"/d", "/h"}};
    std::vector<MovedFile> files;
    std::set<std::string> kept, goals;
    for (const auto& path : paths) {
      Pairs mine;
      for (const auto& move : moves) {
        if (below(2)) mine.push_back(move);
      }
      std::sort(mine.begin(), mine.end(), [](auto& a, auto& b) { return a.first.size() > b.first.size(); });
      const std::string to = target(round % 2 ? moves : mine, path);
      const unsigned fate = below(12);
      if (fate == 0) {
        files.push_back({path, {}, 1});
      } else if (to == path || fate == 1) {
        kept.insert(path.substr(0, path.rfind('/')));
      } else if (goals.insert(to).second) {
        files.push_back({path, {to}, 1});
      }
    }
    // A file that is nowhere may be in the way of another, which costs rules: it has its own test.
    const auto proposal = propose_rules(files, {kept.begin(), kept.end()}, anything);
    const Pairs rules = pairs_of(proposal);
    for (const auto& file : files) {
      const std::string wanted = file.places.empty() ? target(rules, file.from) : file.places[0];
      EXPECT_EQ(target(rules, file.from), wanted) << "round " << round;
    }
    for (const auto& folder : kept) EXPECT_EQ(target(rules, folder + "/k"), folder + "/k") << "round " << round;
    std::set<std::string> ends;
    for (const auto& file : files) EXPECT_TRUE(ends.insert(target(rules, file.from)).second) << "round " << round;
    const bool plain = std::none_of(files.begin(), files.end(), [](const auto& f) { return f.places.empty(); });
    const bool fewer = plain && !rules.empty() && Search(files, kept).possible(rules.size() - 1);
    EXPECT_FALSE(fewer) << "round " << round;
    most = std::max(most, rules.size());
    if (HasFailure()) break;
  }
  EXPECT_GE(most, 4u);
}

}  // namespace
}  // namespace imreg::archive
