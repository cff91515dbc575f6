// Header dumps: the forms people and programs give them, and what is taken for a card, an HDU, an image.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../folder.h"
#include "base/text.h"
#include "imreg/fits_file.h"

namespace imreg {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Dump : public testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    const std::string path = folder_ / "dump";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  FitsHeaders headers(const std::string& bytes) {
    const std::string path = write(bytes);
    EXPECT_EQ(*file_kind(path), FileKind::header_dump) << bytes;
    auto got = read_headers(path);
    EXPECT_TRUE(got.ok()) << got.status().text();
    if (!got) return {};
    EXPECT_EQ(got->container, FileKind::header_dump);
    for (const Hdu& hdu : got->hdus) EXPECT_TRUE(hdu.data_offset == -1 && hdu.data_size == 0);
    return *std::move(got);
  }
  // "image 16 [10,20]: SIMPLE=T BITPIX=16 ...", one text an HDU.
  std::vector<std::string> read(const std::string& bytes) {
    static constexpr const char* kKinds[] = {"image", "compressed", "empty", "groups", "table", "other"};
    std::vector<std::string> out;
    for (const Hdu& hdu : headers(bytes).hdus) {
      EXPECT_EQ(hdu.number, static_cast<int>(out.size()));
      std::string text = kKinds[static_cast<int>(hdu.kind)] + (" " + std::to_string(hdu.bitpix)) + " [";
      for (const auto length : hdu.axes) text += std::to_string(length) + ",";
      if (!hdu.axes.empty()) text.pop_back();
      text += "]:";
      for (std::size_t i = 0; i < hdu.header.size(); ++i) {
        const CardValue value = hdu.header.value(i);
        text += " " + hdu.header.keyword(i);
        if (value.kind != CardValue::Kind::none) text += "=" + value.text;
      }
      out.push_back(text);
    }
    return out;
  }
  std::string failure(const std::string& bytes) {
    const auto got = read_headers(write(bytes));
    if (got) return "none";
    EXPECT_EQ(got.status().code(), Code::invalid);
    EXPECT_EQ(got.status().file(), folder_ / "dump");
    return got.status().message();
  }

  Folder folder_;
};

std::string padded(std::string card) {
  card.resize(kCardSize, ' ');
  return card;
}

const std::vector<std::string> kCards = {"SIMPLE  =                    T / it is", "BITPIX  =                   16",
                                         "NAXIS   =                    2",         "NAXIS1  =                   10",
                                         "NAXIS2  =                   20",         "OBJECT  = 'M 31'"};
const std::string kRead = "image 16 [10,20]: SIMPLE=T BITPIX=16 NAXIS=2 NAXIS1=10 NAXIS2=20 OBJECT=M 31";

TEST_F(Dump, LinesHaveAnyEndAndAnyLength) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string cut, full;
    for (const auto& card : kCards) cut += card + end, full += padded(card) + end;
    EXPECT_THAT(read(cut), ElementsAre(kRead));
    EXPECT_THAT(read(full), ElementsAre(kRead));
    EXPECT_THAT(read("\xef\xbb\xbf" + end + cut + end + "END" + end + end), ElementsAre(kRead));
    EXPECT_THAT(headers(full).warnings, IsEmpty());
  }
}

TEST_F(Dump, RecordsNeedNoLines) {
  const std::string one = padded("XTENSION= 'IMAGE   '") + padded("BITPIX  = -32") + padded("NAXIS   = 1") +
                          padded("NAXIS1  = 7") + padded("") + padded("END");
  EXPECT_THAT(read(one), ElementsAre("image -32 [7]: XTENSION=IMAGE BITPIX=-32 NAXIS=1 NAXIS1=7"));
  EXPECT_EQ(read(one + std::string(2400, ' ') + one).size(), 2U);
  // A text of several cards in one line.
  EXPECT_THAT(read("SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 1\nNAXIS1  = 2\n" + padded("A       = 'one &'") +
                   padded("CONTINUE  'two'") + "\n"),
              ElementsAre("image 8 [2]: SIMPLE=T BITPIX=8 NAXIS=1 NAXIS1=2 A=one two CONTINUE"));
}

TEST_F(Dump, LinesMayBeNumberedOrIndented) {
  std::string cat, grep, editor, moved;
  for (std::size_t i = 0; i < kCards.size(); ++i) {
    const std::string number = std::to_string(i + 7);
    cat += std::string(6 - number.size(), ' ') + number + "\t" + kCards[i] + "\n";
    grep += number + ":" + kCards[i] + "\n";
    editor += number + (number.size() == 1 ? "  " : " ") + kCards[i] + "\n";
    moved += "    " + kCards[i] + "\n";
  }
  for (const auto& text : {cat, grep, editor, moved}) EXPECT_THAT(read(text), ElementsAre(kRead)) << text;
}

TEST_F(Dump, HandMadeCardsAreBroughtIntoForm) {
  EXPECT_THAT(
      read("SIMPLE = T\nbitpix=16\nNAXIS\t= 2 / two\nNAXIS1    = 10\nNAXIS2           = 20\nOBJECT  = 'O''Neill\n"
           "LONGKEYWORD = 5\nHIERARCH ESO DET ID = 'x'\nHISTORY made\nCOMMENT\n        a remark\nDATE-OBS\n"),
      ElementsAre("image 16 [10,20]: SIMPLE=T BITPIX=16 NAXIS=2 NAXIS1=10 NAXIS2=20 OBJECT=O'Neill LONGKEYWORD=5 "
                  "ESO DET ID=x HISTORY COMMENT  DATE-OBS"));
}

TEST_F(Dump, RemarksStayRemarks) {
  const std::string cards = "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 1\nNAXIS1  = 2\n";
  const FitsHeaders got = headers(cards + "COMMENT  = 'J2000'\nESO-LOG 00:00:00> DATE = 1\nHISTORY = no value\n");
  ASSERT_EQ(got.hdus[0].header.size(), 7U);
  for (std::size_t i = 4; i < 7; ++i) EXPECT_EQ(got.hdus[0].header.value(i).kind, CardValue::Kind::none) << i;
  EXPECT_EQ(got.hdus[0].header.value(5).text, "00:00:00> DATE = 1");
  std::string listing;  // cards without a keyword: the old way to keep a log
  for (int i = 0; i < 50; ++i) listing += "        TARGET IN LWLA   " + std::to_string(i) + "  C\n";
  EXPECT_EQ(headers("# HDU 0 in a.fits:\n" + cards + listing).hdus[0].header.size(), 54U);
}

TEST_F(Dump, HdusEndInManyWays) {
  const std::string primary = "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 0\n", extension =
                                                                             "BITPIX  = 16\nNAXIS   = 2\nNAXIS1  = 3\n"
                                                                             "NAXIS2  = 4\n";
  const std::string first = "empty 8 []: SIMPLE=T BITPIX=8 NAXIS=0", second =
                                                                         "image 16 [3,4]: XTENSION=IMAGE BITPIX=16 "
                                                                         "NAXIS=2 NAXIS1=3 NAXIS2=4";
  const std::string xtension = "XTENSION= 'IMAGE   '\n" + extension;
  EXPECT_THAT(read(primary + xtension), ElementsAre(first, second));
  EXPECT_THAT(read(primary + "END\n" + xtension + "END\nEND\n"), ElementsAre(first, second));
  EXPECT_THAT(read("# HDU 0 in a.fits:\n" + primary + "\n# HDU 1 in a.fits:\n" + xtension), ElementsAre(first, second));
  EXPECT_THAT(read("Filename: a.fits\n\n--- PHU ---\n" + primary + "\n--- HDU 0 ---\n" + xtension + "\n"),
              ElementsAre(first, second));
  EXPECT_THAT(
      read("Header listing for HDU #1:\n" + primary + "END\n\nHeader listing for HDU #2:\n" + xtension + "END\n"),
      ElementsAre(first, second));
  // Without XTENSION only the title divides.
  EXPECT_THAT(read("# HDU 0\n" + primary + "# HDU 1\n" + extension),
              ElementsAre(first, "image 16 [3,4]: BITPIX=16 NAXIS=2 NAXIS1=3 NAXIS2=4"));
  // The keywords in alphabetical order are one header.
  EXPECT_THAT(read("BITPIX  = 16\nNAXIS   = 1\nNAXIS1  = 3\nSIMPLE  = T\nWCSAXES = 1\n"),
              ElementsAre("image 16 [3]: BITPIX=16 NAXIS=1 NAXIS1=3 SIMPLE=T WCSAXES=1"));
}

TEST_F(Dump, XtensionAmongTheCardsOfAnImageBeginsNothing) {
  EXPECT_THAT(read("SIMPLE = T\nBITPIX = 16\nNAXIS = 2\nNAXIS1 = 3\nNAXIS2 = 4\nXTENSION= 'BINTABLE'\nEXPTIME = 5\n"
                   "XTENSION= 'IMAGE'\nBITPIX = 8\nNAXIS = 1\nNAXIS1 = 7\n"),
              ElementsAre("image 16 [3,4]: SIMPLE=T BITPIX=16 NAXIS=2 NAXIS1=3 NAXIS2=4 EXPTIME=5",
                          "image 8 [7]: XTENSION=IMAGE BITPIX=8 NAXIS=1 NAXIS1=7"));
}

TEST_F(Dump, ASecondFileIsNotMixedIn) {
  const std::string one = "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 1\nNAXIS1  = 5\nOBJECT  = 'A'\n";
  for (const std::string between : {"", "END\n", "# HDU 0 in b.fits:\n"}) {
    const FitsHeaders got = headers(one + between + one);
    EXPECT_EQ(got.hdus.size(), 1U);
    EXPECT_THAT(got.damage, HasSubstr(": the header of a second file; only the first is read"));
  }
}

TEST_F(Dump, StrangeLinesAreCounted) {
  const FitsHeaders got = headers(
      "A title of some words\n# a remark\nSIMPLE  = T\nBITPIX  = 8\nNAXIS   = 1\nNAXIS1  = 5\n"
      "# another\nthe rest of a comment\nEXPTIME = 5.0\nmore words\n");
  EXPECT_THAT(got.warnings, ElementsAre("2 lines inside the headers are no card, the first in line 8"));
  EXPECT_EQ(got.hdus[0].header.number_of("EXPTIME"), 5.0);
}

TEST_F(Dump, ShapesThatAreNotToldAreImages) {
  EXPECT_THAT(read("TELESCOP= 'JCMT'\nINSTRUME= 'SCUBA'\n"),
              ElementsAre("image 0 [0,0]: TELESCOP=JCMT INSTRUME=SCUBA"));
  EXPECT_THAT(read("BITPIX  = 16\nNAXIS   = 3\nNAXIS1  = 8\n"),
              ElementsAre("image 16 [8,0,0]: BITPIX=16 NAXIS=3 NAXIS1=8"));
  EXPECT_THAT(read("NAXIS1  = 8\nNAXIS2  = 9\nBITPIX  = 7\n"),
              ElementsAre("image 7 [8,9]: NAXIS1=8 NAXIS2=9 BITPIX=7"));
  EXPECT_THAT(read("ZIMAGE  = T\nZNAXIS  = 2\nZNAXIS1 = 8\nZNAXIS2 = 9\nBITPIX  = 8\nNAXIS   = 2\n"),
              ElementsAre(testing::StartsWith("compressed 8 [8,9]:")));
  EXPECT_THAT(read("XTENSION= 'BINTABLE'\nTFIELDS = 1\nBITPIX  = 8\n"),
              ElementsAre(testing::StartsWith("table 8 []:")));
  EXPECT_THAT(read("XTENSION= 'FOREIGN '\nBITPIX  = 8\n"), ElementsAre(testing::StartsWith("other 8 []:")));
  EXPECT_THAT(headers("TELESCOP= 'JCMT'\nINSTRUME= 'SCUBA'\n").warnings,
              ElementsAre("the primary HDU: BITPIX is missing; taken for an image"));
}

TEST_F(Dump, APrimaryAloneStandsForItsImages) {
  const std::string primary = "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 0\n";
  EXPECT_THAT(read(primary), ElementsAre("image 8 [0,0]: SIMPLE=T BITPIX=8 NAXIS=0"));
  EXPECT_THAT(headers(primary).warnings,
              ElementsAre("the primary HDU: NAXIS = 0, and its extensions are not in the dump; taken for an image"));
  EXPECT_THAT(read(primary + "XTENSION= 'BINTABLE'\nBITPIX  = 8\nNAXIS   = 2\nNAXIS1  = 1\nNAXIS2  = 1\n"),
              ElementsAre("empty 8 []: SIMPLE=T BITPIX=8 NAXIS=0",
                          "table 8 [1,1]: XTENSION=BINTABLE BITPIX=8 NAXIS=2 NAXIS1=1 NAXIS2=1"));
}

TEST_F(Dump, YamlMappings) {
  EXPECT_THAT(
      read("# by hand\n---\nSIMPLE: true\nBITPIX: 16   # bits\nNAXIS: 2\nNAXIS1: 10\nNAXIS2: 20\n"
           "OBJECT: 'it''s'\nFILTER: g_01\nCONTNUM: 080056\nSERIAL: 189216e7\nEXPTIME: 1.5e+1\nRA: 12:30:45\n"
           "DEC: null\nTILT:\nTEMP: .nan\nCOMMENT:\n- 'one: two'\n- three\n  four\nHISTORY: five\nAIR MASS: 1.2\n"
           "DOUBLE: \"a\\tb\\_\\u0041\\\n  c\"\nBLOCK: |\n  d\n  e\n? ''\n: null\nNAXIS3: [1, 7]\n...\n"),
      ElementsAre("image 16 [10,20]: SIMPLE=T BITPIX=16 NAXIS=2 NAXIS1=10 NAXIS2=20 OBJECT=it's FILTER=g_01 "
                  "CONTNUM=080056 SERIAL=189216e7 EXPTIME=15.0 RA=12:30:45 DEC= TILT= TEMP= COMMENT COMMENT HISTORY "
                  "AIR MASS=1.2 DOUBLE=a b Ac BLOCK=d e NAXIS3=7 NAXIS3=1"));
}

TEST_F(Dump, YamlTextsOfAnyLength) {
  const std::string words = "It's long, very long, and 'quoted' '''' " + std::string(200, 'x') + " & so on";
  std::string doubled;
  for (const char c : words) doubled += c == '\'' ? "''" : std::string(1, c);
  const FitsHeaders got =
      headers("SIMPLE: true\nBITPIX: 8\nVERYLONGNAME: '" + doubled + "'\nNOTE: '" + doubled + "'\n");
  EXPECT_EQ(got.hdus[0].header.text_of("VERYLONGNAME"), words);
  EXPECT_EQ(got.hdus[0].header.text_of("NOTE"), words);
  EXPECT_FALSE(got.hdus[0].header.find("LONGSTRN"));
}

TEST_F(Dump, ListsOfCards) {
  const FitsHeaders got =
      headers("!<lsst.daf.base.PropertyList>\n- [EXPTIME, Double, 2.5, '[s] how long']\n- [BITPIX, Int, 8, '']\n");
  EXPECT_EQ(got.hdus[0].header.value(0).comment, "[s] how long");
  EXPECT_THAT(
      read("!<lsst.daf.base.PropertyList>\n- [XTENSION, String, IMAGE, an\n    extension]\n- [BITPIX, Int, 16, '']\n"
           "- [NAXIS, Int, [0, 2], '']\n- [NAXIS1, Int, 10, '']\n- - NAXIS2\n  - Int\n  - 20\n  - rows\n"
           "- [SERIAL, String, 12, '']\n- [TEMP, Undef, null, '']\n- - COMMENT\n  - String\n  - - one\n    - two\n  - "
           "''\n"),
      ElementsAre("image 16 [10,20]: XTENSION=IMAGE BITPIX=16 NAXIS=2 NAXIS=0 NAXIS1=10 NAXIS2=20 SERIAL=12 TEMP= "
                  "COMMENT COMMENT"));
  EXPECT_EQ(headers("- [SIMPLE, Bool, true, '']\n- [SERIAL, String, 12, '']\n- [BITPIX, Int, 8, '']\n")
                .hdus[0]
                .header.value(1)
                .kind,
            CardValue::Kind::text);
}

TEST_F(Dump, Json) {
  const std::string shape = R"("BITPIX": 16, "NAXIS": 2, "NAXIS1": 10, "NAXIS2": 20)";
  const std::string cards = "image 16 [10,20]: BITPIX=16 NAXIS=2 NAXIS1=10 NAXIS2=20";
  EXPECT_THAT(
      read("{\"__CONTENT__\": \"metadata\", " + shape +
           R"(, "EXPTIME": 1e-05, "TEMP": NaN, "OBJECT": "a \"b\" \u00e9 \ud83d\ude00", "DEC": null, "OK": false})"),
      ElementsAre(cards + " EXPTIME=1.0E-05 TEMP= OBJECT=a \"b\" ?? ???? DEC= OK=F"));
  EXPECT_THAT(read("{\"EXPTIME\":{\"value\": 3,\"comment\":\"s\"},\"ESO\":{\"DET\":{\"ID\":\"x\"}}," + shape + "}"),
              ElementsAre("image 16 [10,20]: EXPTIME=3 ESO DET ID=x BITPIX=16 NAXIS=2 NAXIS1=10 NAXIS2=20"));
  // HDUs inside: what stands beside them is about the file.
  const std::string two = "{" + shape + "}";
  EXPECT_THAT(read("[" + two + ",\n" + two + "]"), ElementsAre(cards, cards));
  EXPECT_THAT(read("{\"file\": \"a.fits\", \"hdus\": [" + two + "," + two + "]}"), ElementsAre(cards, cards));
  EXPECT_THAT(read("{\"PRIMARY\": " + two + ", \"SCI\": " + two + "}"), ElementsAre(cards, cards));
  EXPECT_THAT(read("{\"SIMPLE\": true, \"BITPIX\": 8, \"NAXIS\": 0, \"ext\": [" + two + "]}"),
              ElementsAre("empty 8 []: SIMPLE=T BITPIX=8 NAXIS=0", cards));
  EXPECT_THAT(read(R"([["BITPIX", 16, "bits"], ["NAXIS", 2, ""], ["NAXIS1", 10], ["NAXIS2", 20]])"),
              ElementsAre(cards));
}

TEST_F(Dump, FaultsHaveTheirLine) {
  const std::string head = "SIMPLE: true\nBITPIX: 16\n";
  EXPECT_EQ(failure(head + "A: b: c\n"), "line 3: a colon inside a value: put the value into quotes");
  EXPECT_EQ(failure(head + "OBJECT: 'M 31\nEXPTIME: 1\n"), "line 3: a quote that never ends");
  EXPECT_EQ(failure(head + "NAXIS 2\n"), "line 3: a key and a colon are missing");
  EXPECT_EQ(failure(head + "A: 'x' y\n"), "line 3: unexpected text behind a value");
  EXPECT_EQ(failure(head + "A: &x 1\nB: *x\n"), "line 3: anchors and aliases are not read");
  EXPECT_EQ(failure(head + "A:\n    - 1\n  - 2\n"), "line 5: this line is indented like nothing above it");
  EXPECT_EQ(failure(head + "- 2\n"), "line 3: a list item among keys");
  EXPECT_EQ(failure(head + "A: [1, {b: [2]}]\n"), "line 3: the value of a keyword is not one value");
  EXPECT_EQ(failure("{\"SIMPLE\": true, \"NAXIS\": 0,\n \"BITPIX\" 16}"), "line 2: a key and a colon are missing");
  EXPECT_EQ(failure("{\"SIMPLE\": true,\n \"BITPIX\": 16 \"A\": 1}"), "line 2: a comma or } is missing");
  EXPECT_EQ(failure("{\"SIMPLE\": true,\n \"BITPIX\": 16,"), "line 1: a { that is never closed");
  EXPECT_EQ(failure("{\"SIMPLE\": true,,\n \"BITPIX\": 16}"), "line 1: a comma without a value before it");
  EXPECT_EQ(failure("{\"SIMPLE\": true, \"BITPIX\": \"\\q\"}"), "line 1: an escape that is none in a quoted text");
  EXPECT_EQ(failure("{\"SIMPLE\": true, \"BITPIX\": 16}\n}"), "line 2: this does not belong to what stands before it");
  EXPECT_EQ(failure("{\"SIMPLE\": true, \"BITPIX\": " + std::string(99, '[')), "line 1: nested more than 32 deep");
  EXPECT_EQ(failure(head + std::string(1001, 'K') + ":\n  a: 1\n"), "line 4: a keyword of more than 1000 characters");
}

TEST_F(Dump, TextsAndHugeDumpsAreRefused) {
  EXPECT_EQ(failure("Notes of the night\n"), "not a FITS file: it looks like a text file");
  EXPECT_EQ(failure(""), "the file is empty");
  const std::string path = write("SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 0\n");
  EXPECT_EQ(read_fits_headers(path).status().message(), "a text dump of a header, not a FITS file");
  fs::resize_file(path, (64 << 20) + 1);
  EXPECT_EQ(read_headers(path).status().message(), "a header dump of more than 64 MiB");
  std::string many = "SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 0\n";
  for (int i = 0; i <= 100000; ++i) many += "A=\nEND\n";
  EXPECT_EQ(failure(many), "more than 100000 HDUs");
  many.assign("SIMPLE  = T\nBITPIX  = 8\nNAXIS   = 0\n");
  for (int i = 0; i < 3'400'000; ++i) many += "A=\n";
  EXPECT_EQ(failure(many), "the headers of this dump fill more than 256 MiB");
  many.assign("SIMPLE: true\nBITPIX: [");
  for (int i = 0; i < 1'000'001; ++i) many += "1,";
  EXPECT_EQ(failure(many + "1]\n"), "line 2: more than 1000000 values");
}

TEST_F(Dump, FitsFilesAreReadAsEver) {
  Header header;
  header.add("SIMPLE", true);
  header.add("BITPIX", 8);
  header.add("NAXIS", 0);
  const std::string path = write(header.file_bytes());
  const auto got = read_headers(path);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->container, FileKind::fits);
  EXPECT_EQ(got->hdus[0].kind, HduKind::empty);
  EXPECT_EQ(header_fingerprint(*got), header_fingerprint(*read_fits_headers(path)));
}

}  // namespace
}  // namespace imreg
