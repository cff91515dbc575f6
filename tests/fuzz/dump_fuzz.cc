// Fuzz target for header dumps: any bytes as the text of one, and as a file that read_headers() may take for one. Nothing
// may crash, hang, or give text that is not clean UTF-8; what file_kind() calls a header dump is read or refused as one.
#include "fits/dump.h"
#include "fuzz.h"

namespace imreg::fuzz {
namespace {

std::vector<std::string> seeds() {
  const std::string mef = small_mef();
  std::string lines = "# HDU 0 in a.fits:\n", numbered;
  int number = 0;
  for (std::size_t at = 0; at < mef.size() && mef[at] > '\1'; at += kCardSize) {
    lines += mef.substr(at, kCardSize) + "\r\n";
    numbered +=
        std::to_string(++number) + "\t" + mef.substr(at, mef.find_last_not_of(' ', at + kCardSize - 1) + 1 - at) + "\n";
  }
  return {
      lines,
      numbered,
      mef.substr(kCardSize * 20, kCardSize * 40),
      "# by hand\n---\nSIMPLE: true\nBITPIX: 16\nNAXIS: 2\nNAXIS1: [10, 8]\nOBJECT: 'it''s\n  long'\nEXPTIME: 1.5e+1\n"
      "COMMENT:\n- 'one: two'\n- three\n  four\nBLOCK: >-\n  d\n\n  e\n? ''\n: null\n...\n",
      "!<lsst.daf.base.PropertyList>\n- [XTENSION, String, IMAGE, an\n    extension]\n- [NAXIS, Int, [0, 2], '']\n"
      "- - BITPIX\n  - Int\n  - 20\n  - rows\n- - COMMENT\n  - String\n  - - one\n    - two\n  - ''\n",
      "{\"__CONTENT__\": \"metadata\", \"SIMPLE\": true, \"BITPIX\": 8, \"TEMP\": NaN, \"EXPTIME\": 1e-05, \"ESO\": "
      "{\"DET\": "
      "{\"ID\": \"\\u00e9 \\ud83d\\ude00\"}},\n\"OBJECT\": {\"value\": null, \"comment\": \"c\"}, \"ext\": "
      "[{\"NAXIS\": 1, "
      "\"NAXIS1\": 3}]}",
      "[[\"SIMPLE\", true, \"comment\"], [\"BITPIX\", 16]]"};
}

void check(const FitsHeaders& headers) {
  require(!headers.hdus.empty(), "no HDU and no error");
  for (const auto& warning : headers.warnings) require_clean(warning);
  require_clean(headers.damage);
  for (const Hdu& hdu : headers.hdus) {
    require(hdu.header.text().size() % kCardSize == 0, "cards are not whole");
    require(hdu.data_offset == -1 && hdu.data_size == 0, "a dump with data");
    require(hdu.kind != HduKind::image || !hdu.axes.empty(), "an image without axes");
    require_clean(hdu.extname);
    for (const auto length : hdu.axes) require(length >= 0, "a negative axis");
    for (std::size_t i = 0; i < hdu.header.size(); ++i) {
      require_clean(hdu.header.keyword(i));
      require_clean(hdu.header.value(i).text);
    }
  }
}

void mutate(std::string& bytes, Random& random) { (below(random, 8) == 0 ? mutate_cards : mutate_text)(bytes, random); }

}  // namespace

const Target kTarget = {seeds,
                        mutate,
                        {"SIMPLE  = T\n",
                         "XTENSION= 'IMAGE'\n",
                         "BITPIX: 16\n",
                         "NAXIS1  = ",
                         "END\n",
                         "# HDU 1\n",
                         "\n",
                         ": ",
                         "- ",
                         "[",
                         "]",
                         "{",
                         "}",
                         ",",
                         "'",
                         "\"",
                         "\\u",
                         "\n  ",
                         "\n---\n",
                         "|\n",
                         "? ",
                         "!x ",
                         "&",
                         "null"},
                        600};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FitsHeaders direct;  // whatever the bytes look like
  if (const Status status = fits::read_dump(bytes, direct); status.ok()) {
    check(direct);
  } else {
    require_clean(status.message());
  }
  const MemoryFile file(bytes);
  const auto kind = file_kind(file.path());
  require(kind.ok(), "file_kind() fails on a regular file");
  const auto headers = read_headers(file.path());
  const bool dump = *kind == FileKind::header_dump;
  require(dump || headers.ok() == read_fits_headers(file.path()).ok(), "what is no dump is read in two ways");
  if (!headers) {
    require(!headers.status().message().empty(), "an error without a message");
    require_clean(headers.status().message());
  } else if (dump) {
    require(headers->container == *kind, "a dump is no header dump");
    check(*headers);
  }
  return 0;
}
