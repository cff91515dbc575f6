// Fuzz target for everything that reads headers: any bytes as cards, as a file (plain or packed, as they begin), and packed
// by gzip, bzip2 or compress, which must read the same. Nothing may crash, hang, or give text that is not clean UTF-8.
#include <algorithm>
#include <cmath>

#include "fuzz.h"
#include "imreg/fits_file.h"

namespace imreg::fuzz {
namespace {

void walk(const Header& header) {
  require(header.text().size() % kCardSize == 0, "cards are not whole");
  // The whole text is searched once for each card, so a huge header is walked in part.
  const std::size_t count = std::min<std::size_t>(header.size(), 2000);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string keyword = header.keyword(i);
    require_clean(keyword);
    const CardValue value = header.value(i);
    require_clean(value.text);
    require_clean(value.comment);
    if (const auto number = value.number()) require(std::isfinite(*number), "a number that is not finite");
    if (keyword.find('?') == keyword.npos && !keyword.starts_with(' ') && !keyword.starts_with("HIERARCH ")) {
      const auto found = header.find(keyword);
      require(found && *found <= i && header.keyword(*found) == keyword, "find() does not find a keyword", keyword);
    }
    (void)header.integer_of(keyword);
  }
}

Result<FitsHeaders> read_as_file(std::string_view bytes) {
  const MemoryFile file(bytes);
  const std::string path = file.path();
  require(file_kind(path).ok(), "file_kind() fails on a regular file");
  auto headers = read_fits_headers(path);
  if (headers) {
    require(!headers->hdus.empty(), "no HDU and no error");
    require(header_fingerprint(*headers) != 0, "fingerprint is 0");
    for (const auto& hdu : headers->hdus) {
      require(hdu.data_size >= 0, "negative size of data");
      require_clean(hdu.extname);
      walk(hdu.header);
    }
    for (const auto& warning : headers->warnings) require_clean(warning);
  } else {
    require(!headers.status().message().empty(), "an error without a message");
    require_clean(headers.status().message());
  }
  return headers;
}

// What is plain FITS reads the same when it is packed.
void compare_packed(const Result<FitsHeaders>& plain, std::string_view bytes) {
  if (plain && plain->container != FileKind::fits) return;
  const std::size_t kind = bytes.size() > (1 << 16) ? 0 : bytes.size() % 3;  // bzip2 is slow
  const auto pack = kind == 0 ? gzipped : kind == 1 ? bzipped : compressed;
  const auto other = read_as_file(pack(bytes));
  require(plain.ok() == other.ok(), "only one of plain and packed can be read",
          (plain ? other : plain).status().message());
  if (!plain) return;
  require(plain->hdus.size() == other->hdus.size(), "plain and packed differ in their HDUs");
  require(header_fingerprint(*plain) == header_fingerprint(*other), "plain and packed differ in a card");
  require(plain->damage == other->damage && plain->warnings == other->warnings,
          "plain and packed differ in their faults");
}

std::vector<std::string> seeds() {
  const std::string made = small_mef();
  return {made, gzipped(made), bzipped(made), compressed(made)};
}

void mutate(std::string& bytes, Random& random) { (below(random, 8) == 0 ? mutate_text : mutate_cards)(bytes, random); }

}  // namespace

const Target kTarget = {
    seeds, mutate, {"END     ", "HIERARCH", "CONTINUE", "= ", "XTENSION= 'IMAGE   '", "SIMPLE  =", "'", "/"}, 600};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string cards(bytes.substr(0, 1 << 16));
  cards.resize((cards.size() + kCardSize - 1) / kCardSize * kCardSize, ' ');
  walk(Header(std::move(cards)));
  compare_packed(read_as_file(bytes), bytes);
  return 0;
}
