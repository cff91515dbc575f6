// Command lines: words per option, order, mistakes, help text; random words never crash.
#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "cli/messages.h"

namespace imreg::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

constexpr Option kOptions[] = {
    kDatabaseOption,
    {"trange", "DATE DATE|RANGE", "exposures that overlap a range of time", kRepeat},
    {"cone", "RA DEC RADIUS", "positions around a point"},
    {"sort", "FIELD", "order of the rows; -FIELD is descending"},
    {"split", "", "a single-HDU file is one CCD of a mosaic"},
    {"ccd", "ID", "number or chip name of the CCD"},
};
constexpr Program kProgram = {"imtest", "tests the command line", "PATH...", kOptions, {"imtest a.fits", "imtest -"}};

Result<Parsed> parse_words(const Words& args, const Program& program = kProgram) {
  std::vector<const char*> argv = {"imtest"};
  for (const auto& word : args) argv.push_back(word.c_str());
  return parse(static_cast<int>(argv.size()), argv.data(), program);
}

std::string failure(const Words& args, const Program& program = kProgram) {
  const auto result = parse_words(args, program);
  EXPECT_FALSE(result.ok());
  return result.ok() ? "" : result.status().message();
}

TEST(Options, TakesItsWordsWhateverTheyBeginWith) {
  const auto parsed =
      parse_words({"-trange", "2001/01/27", "-1d", "--cone", "10:00:28", "-02:12:21", "--", "-sort", "-obstime"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().text();
  EXPECT_THAT(parsed->find("trange")->words, ElementsAre("2001/01/27", "-1d"));
  EXPECT_THAT(parsed->find("cone")->words, ElementsAre("10:00:28", "-02:12:21", "--"));
  EXPECT_EQ(parsed->word("sort"), "-obstime");
  EXPECT_TRUE(parsed->positionals.empty());
}

TEST(Options, AWordTooManyTellsWhichOptionTookAnother) {
  const Program two = {"imtest", "", "IN OUT", kOptions, {}, 2, 2};
  EXPECT_THAT(failure({"-trange", "2001/01/27", "-split", "a", "b", "c"}, two),
              HasSubstr("one too many is c; option -trange has taken -split for its DATE|RANGE"));
  EXPECT_THAT(failure({"-sort", "--help", "a"}, two), HasSubstr("option -sort has taken --help for its FIELD"));
  EXPECT_THAT(failure({"-sort", "-obstime", "a"}, two), HasSubstr("-help tells more"));
  EXPECT_TRUE(parse_words({"-sort", "-ccd", "a", "b"}, two).ok());  // a descending order is no mistake
}

TEST(Options, KeepsTheOrderAndEveryRepetition) {
  const auto parsed = parse_words({"-trange", "a", "b", "one", "-split", "-trange", "-c", "d", "two"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().text();
  ASSERT_EQ(parsed->uses.size(), 3u);
  EXPECT_EQ(parsed->uses[1].name, "split");
  ASSERT_EQ(parsed->all("trange").size(), 2u);
  EXPECT_THAT(parsed->all("trange")[1]->words, ElementsAre("-c", "d"));
  EXPECT_THAT(parsed->positionals, ElementsAre("one", "two"));
}

TEST(Options, OptionsMayFollowTheFiles) {
  const auto parsed = parse_words({"FILE.fits", "-split"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->has("split"));
  EXPECT_THAT(parsed->positionals, ElementsAre("FILE.fits"));
}

TEST(Options, DashAloneAndWordsBehindTwoDashesAreFiles) {
  const auto parsed = parse_words({"-", "", "--", "-split", "--", "-", "--x"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().text();
  EXPECT_FALSE(parsed->has("split"));
  EXPECT_THAT(parsed->positionals, ElementsAre("-", "", "-split", "--", "-", "--x"));
}

TEST(Options, TwoDashesAtTheVeryEnd) {
  const auto parsed = parse_words({"a", "--"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->positionals, ElementsAre("a"));
}

TEST(Options, UnknownOptionsAreNamedWithNearOnes) {
  EXPECT_THAT(failure({"-trang", "a", "b"}), HasSubstr("no option -trang; near names: -trange"));
  EXPECT_THAT(failure({"--xyzzy"}), HasSubstr("no option --xyzzy; -help lists them"));
  EXPECT_THAT(failure({"-ccd=3"}), HasSubstr("-ccd takes its value as the next word, without ="));
  EXPECT_THAT(failure({"---split"}), HasSubstr("no option ---split"));
  EXPECT_THAT(failure({"-s"}), HasSubstr("no option -s"));  // no abbreviations
  EXPECT_THAT(failure({"-1d"}), HasSubstr("no option -1d"));
}

TEST(Options, MissingWordsAreNamed) {
  EXPECT_EQ(failure({"-trange", "2001"}), "option -trange needs DATE DATE|RANGE; missing: DATE|RANGE");
  EXPECT_EQ(failure({"--db"}), "option --db needs PATH; missing: PATH");
}

TEST(Options, OnceMeansOnce) {
  EXPECT_THAT(failure({"-ccd", "1", "-ccd", "2"}), HasSubstr("-ccd is given twice"));
  EXPECT_TRUE(parse_words({"-split", "-split"}).ok());
}

TEST(Options, CountsTheOtherWords) {
  Program two = kProgram;
  two.positionals = "IN OUT";
  two.min_positionals = two.max_positionals = 2;
  EXPECT_THAT(failure({"in"}, two), HasSubstr("too few words: it needs IN OUT"));
  EXPECT_THAT(failure({"in", "out", "more"}, two), HasSubstr("the first one too many is more"));
  EXPECT_TRUE(parse_words({"in", "out"}, two).ok());
  EXPECT_TRUE(parse_words({"-help"}, two).ok());
  Program none = kProgram;
  none.max_positionals = 0;
  EXPECT_THAT(failure({"stray"}, none), HasSubstr("the word stray belongs to no option"));
}

TEST(Options, Numbers) {
  const auto parsed = parse_words({"-ccd", "12", "-sort", "12x"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed->integer("ccd", 5, 0, 99), 12);
  EXPECT_EQ(*parsed->integer("db", 5, 0, 99), 5);
  EXPECT_EQ(*parsed->number("ccd", 5, 0, 99), 12.0);
  EXPECT_FALSE(parsed->integer("ccd", 5, 0, 11).ok());
  EXPECT_EQ(parsed->integer("sort", 0, 1, 64).status().message(),
            "option -sort takes a whole number from 1 to 64, not 12x");
  EXPECT_FALSE(parsed->number("sort", 0, 1, 64).ok());
}

TEST(Options, HelpNamesEveryOptionAndFitsAScreen) {
  const std::string text = *help(kProgram);
  for (const auto& option : kOptions) EXPECT_THAT(text, HasSubstr("  -" + std::string(option.name)));
  for (const char* example : {"  imtest a.fits\n", "  imtest -\n", "  -help", "  -version"})
    EXPECT_THAT(text, HasSubstr(example));
  const auto lines = split(text, '\n');
  for (const auto line : lines) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_LE(lines.size(), 24u);
  EXPECT_EQ(lines[0], "imtest: tests the command line");
  EXPECT_EQ(lines[1], "usage: imtest [OPTION...] PATH...");
  EXPECT_EQ(lines[3], "  -db PATH                 the database, or the folder of Imreg.db (default .)");
}

TEST(Options, SeldomOptionsAreNamedAndExplainedByParts) {
  static constexpr Option kGrouped[] = {
      {"db", "PATH", "where"},
      {"", "filters", "all must hold"},
      {"type", "WORD", "a kind"},
      {"name", "TEXT", "a file"},
      kSeldom,
      {"box", "A B C D", "a part of the sky"},
      {"", "output", ""},
      {"o", "FILE", "to FILE"},
      kSeldom,
      {"tz", "HOURS", "the zone"},
  };
  const Program program = {"p", "does it", "", kGrouped, {"p one", "p two"}, 0, 0};
  EXPECT_EQ(*help(program), R"(p: does it
usage: p [OPTION...]
  -db PATH      where
filters: all must hold
  -type WORD  a kind                      -name TEXT  a file
output:
  -o FILE       to FILE
also, see -help all: -box -tz -help -version
examples:
  p one
  p two
)");
  EXPECT_EQ(*help(program, "filters"), R"(filters: all must hold
  -type WORD    a kind
  -name TEXT    a file
  -box A B C D  a part of the sky
)");
  EXPECT_EQ(*help(program, "box"), "  -box A B C D  a part of the sky\n");
  EXPECT_THAT(*help(program, "all"), HasSubstr("output:\n  -o FILE       to FILE\n  -tz HOURS     the zone\n  -help"));
  EXPECT_EQ(help(program, "xyzzy").status().message(), "-help xyzzy: there are an option's name, all, filters, output");
  EXPECT_FALSE(parse_words({"-=1"}, program).ok());  // a heading is no option without a name
  EXPECT_THAT(failure({"-=1"}, program), HasSubstr("no option -=1"));
}

TEST(Options, LongHelpIsWrappedAtItsColumn) {
  static constexpr Option kLong[] = {{"a-rather-long-name", "WITH MANY-MANY WORDS",
                                      "a meaning that is so long that it cannot stand in one line of eighty columns"},
                                     {"b", "", "short"}};
  const std::string text = *help({"p", "does it", "", kLong, {}, 0, 0});
  for (const auto line : split(text, '\n')) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(text, HasSubstr("  -b                          short\n"));
  EXPECT_THAT(text, HasSubstr("  -a-rather-long-name WITH MANY-MANY WORDS  a meaning that is so long that it\n" +
                              std::string(30, ' ') + "cannot"));
}

TEST(Options, HelpWinsOverOtherMistakes) {
  for (const char* word : {"-help", "--help", "-h", "-version", "--version"}) {
    EXPECT_TRUE(parse_words({"-ccd", "1", "-ccd", "2", word}).ok()) << word;
  }
}

// A plain second parser as the oracle: it walks the words once, with no library.
bool expected(const Words& args, Words& positionals, std::size_t& uses) {
  bool ended = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    if (ended || word == "-" || word.empty() || word[0] != '-') {
      positionals.push_back(word);
    } else if (word == "--") {
      ended = true;
    } else {
      const std::string name = word.substr(word.compare(0, 2, "--") == 0 ? 2 : 1);
      std::size_t count = 0;
      if (name == "trange")
        count = 2;
      else if (name == "cone")
        count = 3;
      else if (name == "db" || name == "sort" || name == "ccd")
        count = 1;
      else if (name != "split")
        return false;
      if (i + count >= args.size()) return false;
      i += count;
      ++uses;
    }
  }
  return true;
}

RC_GTEST_PROP(OptionsProperty, AgreesWithAPlainWalk, ()) {
  const auto args = *rc::gen::container<Words>(rc::gen::element<std::string>("-trange", "--cone", "-sort", "-split",
                                                                             "--split", "-", "--", "a", "", "-x", "-1d",
                                                                             "=", "-=", "file name", "@rsp"));
  const auto parsed = parse_words(args);
  Words positionals;
  std::size_t uses = 0;
  const bool good = expected(args, positionals, uses);
  if (parsed.ok()) {
    RC_ASSERT(good);
    RC_ASSERT(parsed->positionals == positionals);
    RC_ASSERT(parsed->uses.size() == uses);
  } else {
    // The plain walk knows nothing of options that may stand once.
    RC_ASSERT(!good || parsed.status().message().find("given twice") != std::string::npos);
    RC_ASSERT(!parsed.status().message().empty());
  }
}

RC_GTEST_PROP(OptionsProperty, AnyBytesAreAnAnswerOrAnError, (const std::vector<std::string>& words)) {
  Words args = words;
  for (auto& word : args) word.erase(std::remove(word.begin(), word.end(), '\0'), word.end());
  const auto parsed = parse_words(args);
  RC_ASSERT(parsed.ok() || parsed.status().code() == Code::invalid);
}

}  // namespace
}  // namespace imreg::cli
