// Header cards: what is read from the odd cards of real files, and that what is written reads back.
#include "imreg/header.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <limits>

namespace imreg {
namespace {

using Kind = CardValue::Kind;

std::string pad(std::string card) {
  card.resize(kCardSize, ' ');
  return card;
}

Header header(const std::vector<std::string>& cards) {
  std::string out;
  for (const auto& card : cards) out += pad(card);
  return Header(out);
}

CardValue value(const std::string& card) { return header({card}).value(0); }

struct Example {
  const char* card;
  Kind kind;
  const char* text;
  const char* comment;
};

TEST(Header, ReadsValues) {
  const Example examples[] = {{"EXPTIME =                 12.5 / [s] time", Kind::real, "12.5", "[s] time"},
                              {"NAXIS   =                    2", Kind::integer, "2", ""},
                              {"NAXIS   = +07", Kind::integer, "+07", ""},
                              {"SIMPLE  =                    T / ok", Kind::logical, "T", "ok"},
                              {"EXTEND  = F", Kind::logical, "F", ""},
                              {"OBJECT  = 'M 31    '           / name", Kind::text, "M 31", "name"},
                              {"OBJECT  = 'O''Neill''s' /", Kind::text, "O'Neill's", ""},
                              {"OBJECT  = 'O'Neill ' / undoubled", Kind::text, "O'Neill", "undoubled"},
                              {"OBJECT  = '  leading'", Kind::text, "  leading", ""},
                              {"OBJECT  = ''                   / nothing", Kind::text, "", "nothing"},
                              {"OBJECT  = '''quoted'''", Kind::text, "'quoted'", ""},
                              {"OBJECT  = 'a / b'/c", Kind::text, "a / b", "c"},
                              {"OBJECT  = 'never closed / is text", Kind::text, "never closed / is text", ""},
                              {"OBJECT  = M31 nucleus / no quotes", Kind::text, "M31 nucleus", "no quotes"},
                              {"DATE-OBS= 15/04/88", Kind::text, "15/04/88", ""},
                              {"DATE-OBS= 15/04/88 / date", Kind::text, "15/04/88", "date"},
                              {"RATE    = 15/04 was the day", Kind::integer, "15", "04 was the day"},
                              {"RA      = 12 30 45.1", Kind::text, "12 30 45.1", ""},
                              {"EXPTIME = 12.5 seconds", Kind::real, "12.5", "seconds"},
                              {"EXPTIME = 12.5s", Kind::text, "12.5s", ""},
                              {"SKEW    = -1.38E+00, / a comma", Kind::real, "-1.38E+00", "a comma"},
                              {"X       = 1.5D-03", Kind::real, "1.5D-03", ""},
                              {"X       = .5", Kind::real, ".5", ""},
                              {"X       = - 5", Kind::integer, "- 5", ""},
                              {"X       = 1.0E 05", Kind::real, "1.0E 05", ""},
                              {"X       = 1E", Kind::text, "1E", ""},
                              {"X       = .", Kind::text, ".", ""},
                              {"X       = NaN", Kind::text, "NaN", ""},
                              {"X       = (1.0, 2.0)", Kind::text, "(1.0, 2.0)", ""},
                              {"X       =", Kind::undefined, "", ""},
                              {"X       =                      / no value", Kind::undefined, "", "no value"},
                              {"X       =5 / no blank", Kind::integer, "5", "no blank"},
                              {"X= 5", Kind::integer, "5", ""},
                              {"X       5", Kind::none, "5", ""},
                              {"COMMENT = 5 is no value", Kind::none, "= 5 is no value", ""},
                              {"HISTORY a line ", Kind::none, "a line", ""},
                              {"", Kind::none, "", ""},
                              {"        = 5", Kind::none, "= 5", ""},
                              {"HIERARCH ESO DET WIN1 NX = 5 / [pix] size", Kind::integer, "5", "[pix] size"},
                              {"HIERARCH   ESO   TEL  AMBI= 'dry'", Kind::text, "dry", ""},
                              {"HIERARCH no sign", Kind::none, " no sign", ""},
                              {"HIERARCH= 5", Kind::integer, "5", ""},
                              {"OBJECT  = 'Ren\xe9'", Kind::text, "Ren\xc3\xa9", ""},
                              {"OBJECT  = 'Ren\xc3\xa9'", Kind::text, "Ren\xc3\xa9", ""},
                              {"OBJECT  = 'tab\there' / bell\a", Kind::text, "tab here", "bell"}};
  for (const Example& example : examples) {
    const CardValue got = value(example.card);
    EXPECT_EQ(got.kind, example.kind) << example.card;
    EXPECT_EQ(got.text, example.text) << example.card;
    EXPECT_EQ(got.comment, example.comment) << example.card;
  }
}

TEST(Header, Numbers) {
  EXPECT_EQ(value("X       = 1.5D-03").number(), 1.5e-3);
  EXPECT_EQ(value("X       = - 5").number(), -5);
  EXPECT_EQ(value("X       = '  12.5 '").number(), 12.5);
  EXPECT_EQ(value("X       = '12.5 s'").number(), std::nullopt);
  EXPECT_EQ(value("X       = 'nan'").number(), std::nullopt);
  EXPECT_EQ(value("X       = T").number(), std::nullopt);
  EXPECT_EQ(value("X       =").number(), std::nullopt);
  EXPECT_EQ(value("X       = 1E999").number(), std::nullopt);
  EXPECT_EQ(value("X       = 1E-999").number(), 0.0);
  EXPECT_EQ(value("X       = 'T'").logical(), std::nullopt);
  const Header h = header({"A       = 16.0", "B       = 16.5", "C       = 9223372036854775807",
                           "D       = 9223372036854775808", "E       = '7'", "F       = 1E300", "G       = T"});
  EXPECT_EQ(h.integer_of("a"), 16);
  EXPECT_EQ(h.integer_of("B"), std::nullopt);
  EXPECT_EQ(h.integer_of("C"), std::numeric_limits<long long>::max());
  EXPECT_EQ(h.integer_of("D"), std::nullopt);
  EXPECT_EQ(h.number_of("D"), 9223372036854775808.0);
  EXPECT_EQ(h.integer_of("E"), 7);
  EXPECT_EQ(h.integer_of("F"), std::nullopt);
  EXPECT_EQ(h.logical_of("G"), true);
  EXPECT_EQ(h.text_of("G"), "T");
  EXPECT_EQ(h.text_of("H"), std::nullopt);
}

TEST(Header, Continue) {
  const Header h = header({"LONG    = 'one &' / first", "CONTINUE  'two&'", "CONTINUE  '' / last", "NEXT    = 5",
                           "ALONE   = 'ends&'", "CONTINUE  without quotes", "CUT     = 'a&' / x", "continue  '&'"});
  EXPECT_EQ(h.value(0).text, "one two");
  EXPECT_EQ(h.value(0).comment, "first last");
  EXPECT_EQ(h.value(1).kind, Kind::none);
  EXPECT_EQ(h.value(4).text, "ends&");
  EXPECT_EQ(h.value(6).text, "a&");  // the & of the last CONTINUE has nothing to go on in
  EXPECT_EQ(h.keyword(7), "CONTINUE");
}

TEST(Header, Finds) {
  const Header h = header({"RADECSYS= 'FK5'", "RA      = 1", "ra      = 2", "exptime = 3", "HIERARCH  eso  Det Id = 4",
                           "ID= 5", "HIERARCH GAIN = 6", "COMMENT x", "        blank", "DATE-OBS= 'a'", "HIERARCH= 8"});
  EXPECT_EQ(h.find("RA"), 1U);
  EXPECT_EQ(h.find("RA", 2), 2U);
  EXPECT_EQ(h.find("RA", 3), std::nullopt);
  EXPECT_EQ(h.find("ra "), 1U);
  EXPECT_EQ(h.find("EXPTIME"), 3U);
  EXPECT_EQ(h.find("ESO DET ID"), 4U);
  EXPECT_EQ(h.find("hierarch eso  det id"), 4U);
  EXPECT_EQ(h.find("ESO DET"), std::nullopt);
  EXPECT_EQ(h.find("ID"), 5U);
  EXPECT_EQ(h.find("GAIN"), 6U);
  EXPECT_EQ(h.find("COMMENT"), 7U);
  EXPECT_EQ(h.find(""), 8U);
  EXPECT_EQ(h.find("DATE-OBS"), 9U);
  EXPECT_EQ(h.find("DATE"), std::nullopt);
  EXPECT_EQ(h.find("HIERARCH"), 10U);
  EXPECT_EQ(h.find("RA", 99), std::nullopt);
  EXPECT_EQ(h.find("LONGERTHANEIGHT"), std::nullopt);
  EXPECT_EQ(h.keyword(4), "ESO DET ID");
  EXPECT_EQ(h.keyword(2), "RA");
  EXPECT_EQ(h.keyword(8), "");
  EXPECT_EQ(Header().find("X"), std::nullopt);
}

// Found by tests/fuzz: a control character was a blank to keyword() and a letter to find().
TEST(Header, AKeywordIsFoundByItsNameWhateverStandsInIt) {
  for (const std::string name : {"\tESO", "ESO \n DET", "ESO\rDET", "ESO  DET  ID"}) {
    std::string card = "HIERARCH " + name + " = 1";
    card.resize(kCardSize, ' ');
    const Header header(card);
    const std::string keyword = header.keyword(0);
    EXPECT_EQ(header.find(keyword).has_value(), keyword.find('?') == std::string::npos) << keyword;
    EXPECT_EQ(keyword.find('?') == std::string::npos, name == "ESO  DET  ID") << keyword;
  }
}

TEST(Header, WritesFixedFormat) {
  Header h;
  h.add("SIMPLE", true, "conforms");
  h.add("NAXIS", 0);
  h.add("EXPTIME", 10.0, "[s]");
  h.add("BIG", 1e20);
  h.add("NOTHING", std::nan(""));
  h.add("OBJECT", "O'N", "who");
  h.add("ESO DET ID", "x");
  h.add_comment("HISTORY", "one");
  h.add_comment("COMMENT", std::string(70, 'a') + " " + std::string(80, 'b') + "\nnew");
  h.add("BAD", "caf\xc3\xa9\n");
  h.add("LONGCOM", 1, std::string(100, 'c'));
  const std::vector<std::string> expected = {"SIMPLE  =                    T / conforms",
                                             "NAXIS   =                    0",
                                             "EXPTIME =                 10.0 / [s]",
                                             "BIG     =              1.0E+20",
                                             "NOTHING =                     ",
                                             "OBJECT  = 'O''N    '           / who",
                                             "HIERARCH ESO DET ID = 'x       '",
                                             "HISTORY one",
                                             "COMMENT " + std::string(70, 'a'),
                                             "COMMENT " + std::string(72, 'b'),
                                             "COMMENT " + std::string(8, 'b'),
                                             "COMMENT new",
                                             "BAD     = 'caf???  '",
                                             "LONGCOM =                    1 / " + std::string(47, 'c')};
  ASSERT_EQ(h.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(h.card(i), pad(expected[i]));
  EXPECT_EQ(h.file_bytes().size(), kBlockSize);
  EXPECT_EQ(h.file_bytes(),
            std::string(h.text()) + pad("END") + std::string(kBlockSize - (h.size() + 1) * kCardSize, ' '));
  EXPECT_EQ(h.file_bytes(23040).size(), 23040U);
  EXPECT_EQ(h.file_bytes(kCardSize).size(), (h.size() + 1) * kCardSize);
}

TEST(Header, LongTextGoesOnInContinueCards) {
  Header h;
  const std::string text = std::string(66, 'x') + "''''''" + std::string(150, 'y') + " & z&";
  h.add("LONG", text, "the end");
  h.add("LONG2", text + text);
  EXPECT_EQ(h.keyword(0), "LONGSTRN");
  EXPECT_EQ(h.find("LONGSTRN", 1), std::nullopt);
  EXPECT_EQ(h.text_of("LONG"), text);
  EXPECT_EQ(h.get("LONG")->comment, "the end");
  EXPECT_EQ(h.text_of("LONG2"), text + text);
}

TEST(HeaderProperty, TextsReadBack) {
  EXPECT_TRUE(rc::check([] {
    const auto length = *rc::gen::inRange(0, 400);
    const auto text = *rc::gen::container<std::string>(static_cast<std::size_t>(length),
                                                       rc::gen::elementOf(std::string("''''&& /ab1.")));
    Header h;
    h.add("BEFORE", 1);
    h.add("TEXT", text, "c");
    h.add("ESO ONE TWO", text);
    h.add("AFTER", 2);
    std::string want = text;
    while (want.ends_with(' ')) want.pop_back();
    RC_ASSERT(h.text_of("TEXT") == want);
    RC_ASSERT(h.text_of("ESO ONE TWO") == want);
    RC_ASSERT(h.integer_of("AFTER") == 2);
    RC_ASSERT(h.text().size() % kCardSize == 0);
  }));
}

TEST(HeaderProperty, DoublesReadBackExactly) {
  EXPECT_TRUE(rc::check([](std::uint64_t bits) {
    const double number = std::bit_cast<double>(bits);
    RC_PRE(std::isfinite(number));
    Header h;
    h.add("X", number, "comment");
    RC_ASSERT(h.value(0).kind == Kind::real);
    RC_ASSERT(h.value(0).text.find('.') != std::string::npos);
    RC_ASSERT(h.number_of("X") == number);
  }));
}

TEST(HeaderProperty, IntegersReadBack) {
  EXPECT_TRUE(rc::check([](long long number) {
    Header h;
    h.add("X", number);
    RC_ASSERT(h.value(0).kind == Kind::integer);
    RC_ASSERT(h.integer_of("X") == number);
  }));
}

}  // namespace
}  // namespace imreg
