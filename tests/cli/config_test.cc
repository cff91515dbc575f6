// The configuration file, -D, and the rule that finds the database.
#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../folder.h"

namespace imreg::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Option kOptions[] = {kDatabaseOption, kConfigOption, kDefineOption};
constexpr Program kProgram = {"imtest", "tests the configuration", "", kOptions, {}};

// A folder of its own as the current one, and an environment without the variables that matter.
class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());
    ::unsetenv("PTOLEMY");
    ::unsetenv("IMREG_DB");
    ::setenv("HOME", (folder_ / "home").c_str(), 1);
    std::filesystem::create_directory("home");
  }
  void TearDown() override { std::filesystem::current_path(before_); }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static Parsed args(std::vector<const char*> words) {
    words.insert(words.begin(), "imtest");
    auto parsed = parse(static_cast<int>(words.size()), words.data(), kProgram);
    EXPECT_TRUE(parsed.ok());
    return *parsed;
  }
  static std::string database(std::vector<const char*> words) {
    const Parsed parsed = args(std::move(words));
    const auto path = Settings(parsed).database();
    return path.ok() ? *path : "failed: " + path.status().text();
  }

  Folder folder_;
  std::filesystem::path before_;
};

TEST_F(ConfigTest, LinesCommentsAndTheLastOneWins) {
  put("a.rc", "# a comment\nKEY one\n\n  KEY \t two words  # of it\r\nHASH a#b\n\tTAB\tx\n");
  Config config;
  ASSERT_TRUE(config.read("a.rc").ok());
  EXPECT_EQ(*config.get("KEY"), "two words");
  EXPECT_EQ(*config.get("HASH"), "a#b");
  EXPECT_EQ(*config.get("TAB"), "x");
  EXPECT_FALSE(config.has("key"));
}

TEST_F(ConfigTest, KeysExpand) {
  ::setenv("IMREG_TEST_VARIABLE", "/env", 1);
  put("a.rc", "ROOT /data\nDB $ROOT/x.db\nOLD $ROOT-old\nBOTH ${ROOT}y$IMREG_TEST_VARIABLE\nMONEY 5$$\nROOT /later\n");
  Config config;
  ASSERT_TRUE(config.read("a.rc").ok());
  EXPECT_EQ(*config.get("DB"), "/data/x.db");
  EXPECT_EQ(*config.get("OLD"), "/data-old");
  EXPECT_EQ(*config.get("BOTH"), "/datay/env");
  EXPECT_EQ(*config.get("MONEY"), "5$");
  EXPECT_EQ(*config.get("ROOT"), "/later");
}

TEST_F(ConfigTest, ABadLineMattersOnlyToItsKey) {
  put("a.rc", "GOOD 1\nBAD $NO_SUCH_KEY_HERE\nEMPTY\nUSER $BAD/x\nOPEN ${GOOD\n");
  Config config;
  ASSERT_TRUE(config.read("a.rc").ok());
  EXPECT_EQ(*config.get("GOOD"), "1");
  EXPECT_EQ(config.get("BAD").status().text(),
            "a.rc: line 2: $NO_SUCH_KEY_HERE has no value here: no line above gives it, nor does the environment");
  EXPECT_EQ(config.get("EMPTY").status().text(), "a.rc: line 3: the key EMPTY has no value");
  EXPECT_THAT(config.get("USER").status().text(), HasSubstr("a.rc: line 2:"));
  EXPECT_THAT(config.get("OPEN").status().text(), HasSubstr("a.rc: line 5: ${GOOD lacks its }"));
}

TEST_F(ConfigTest, IncludesAreRelativeToTheirFile) {
  std::filesystem::create_directory("sub");
  put("a.rc", "KEY a\ninput sub/b.rc\nLAST a\n");
  put("sub/b.rc", "KEY b\nLAST b\ninput c.rc\n");
  put("sub/c.rc", "FROM c\n");
  Config config;
  ASSERT_TRUE(config.read("a.rc").ok());
  EXPECT_EQ(*config.get("KEY"), "b");
  EXPECT_EQ(*config.get("LAST"), "a");
  EXPECT_EQ(*config.get("FROM"), "c");
  EXPECT_THAT(config.files(), ElementsAre("a.rc", "sub/b.rc", "sub/c.rc"));
}

TEST_F(ConfigTest, LoopsAndEndlessGrowthAreErrors) {
  put("a.rc", "input b.rc\n");
  put("b.rc", "input ./a.rc\n");
  Config config;
  EXPECT_THAT(config.read("a.rc").text(), HasSubstr("includes itself"));
  std::string doubling = "K xxxxxxxx\n";
  for (int i = 0; i < 60; ++i) doubling += "K $K$K\n";
  put("c.rc", doubling);
  Config big;
  ASSERT_TRUE(big.read("c.rc").ok());
  EXPECT_FALSE(big.get("K").ok());
  // Each file includes the next one twice: 2^12 readings without a limit.
  for (int i = 0; i < 12; ++i) {
    const std::string next = "input t" + std::to_string(i + 1) + ".rc\n";
    put("t" + std::to_string(i) + ".rc", next + next);
  }
  put("t12.rc", "X 1\n");
  Config tree;
  EXPECT_THAT(tree.read("t0.rc").text(), HasSubstr("more than 100 files"));
}

TEST_F(ConfigTest, MissingKeysAndFilesAreNamed) {
  put("a.rc", "KEY 1\n");
  Config config;
  EXPECT_THAT(config.get("OTHER").status().text(), HasSubstr("there is no configuration file"));
  ASSERT_TRUE(config.read("a.rc").ok());
  EXPECT_EQ(config.get("OTHER").status().text(), "a.rc: the configuration key OTHER is missing");
  EXPECT_EQ(config.read("none.rc").code(), Code::not_found);
  EXPECT_FALSE(config.read("home").ok());
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  EXPECT_FALSE(config.read("pipe").ok());  // and it does not wait for a writer
  std::ofstream("nul.rc").write("A \0 b\n", 6);
  EXPECT_FALSE(config.read("nul.rc").ok());
}

TEST_F(ConfigTest, DefinitionsWinAndAreTakenAsTheyAre) {
  put("a.rc", "KEY file\nUSES $KEY\n");
  const Parsed parsed = args({"-D", "KEY", "-$x", "-c", "a.rc"});
  Settings settings(parsed);
  const auto config = settings.config();
  ASSERT_TRUE(config.ok()) << config.status().text();
  EXPECT_EQ(*(*config)->get("KEY"), "-$x");
  EXPECT_EQ(*(*config)->get("USES"), "-$x");
}

TEST_F(ConfigTest, TheDatabaseRule) {
  EXPECT_EQ(database({}), "./Imreg.db");
  put("home/.ptolemyrc", "REGISTRATION_DATABASE /from/home\n");
  EXPECT_EQ(database({}), "/from/home");
  put("ptolemy.rc", "REGISTRATION_DATABASE /from/here\n");
  EXPECT_EQ(database({}), "/from/here");
  put("p.rc", "REGISTRATION_DATABASE /from/ptolemy\n");
  ::setenv("PTOLEMY", "p.rc", 1);
  EXPECT_EQ(database({}), "/from/ptolemy");
  put("c.rc", "REGISTRATION_DATABASE /from/c\n");
  EXPECT_EQ(database({"-c", "c.rc"}), "/from/c");
  EXPECT_EQ(database({"-c", "c.rc", "-D", "REGISTRATION_DATABASE", "/from/D"}), "/from/D");
  ::setenv("IMREG_DB", "/from/environment", 1);
  EXPECT_EQ(database({"-c", "c.rc"}), "/from/environment");
  EXPECT_EQ(database({"-db", "x.db"}), "x.db");
  EXPECT_EQ(database({"-db", "home"}), "home/Imreg.db");
  EXPECT_EQ(database({"-db", "home/"}), "home/Imreg.db");
}

TEST_F(ConfigTest, TheFileIsReadOnlyWhenNeeded) {
  ::setenv("PTOLEMY", "/no/such/file", 1);
  EXPECT_EQ(database({"-db", "x.db"}), "x.db");
  EXPECT_THAT(database({}), HasSubstr("failed: /no/such/file: "));
  EXPECT_THAT(database({"-db", ""}), HasSubstr("empty PATH"));
}

TEST_F(ConfigTest, AnyBytesAreAConfigurationOrAnError) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    put("any.rc", text);
    Config config;
    const Status status = config.read("any.rc");
    RC_ASSERT(status.ok() || !status.message().empty());
  }));
  EXPECT_TRUE(rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("A", "B", " ", "$A", "${B}", "$", "#", "\n", "input", "any.rc", "{", "}", "\t"));
    std::string text;
    for (const auto& piece : pieces) text += piece;
    put("any.rc", text);
    Config config;
    const Status status = config.read("any.rc");
    RC_ASSERT(status.ok() || !status.message().empty());
  }));
}

}  // namespace
}  // namespace imreg::cli
