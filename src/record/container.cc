// The native header, by offset:
//   0      primary header, one block
//   2880   BINTABLE header; NAXIS2 and PCOUNT at 3200, inside the sector 3072..3583, written by one 160-byte pwrite
//          JRNLGEN and CHANGENO at 3600, inside the sector 3584..4095
//   23040  records (or 46080, ... when there are many columns)
#include "record/container.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "imreg/record.h"
#include "record/crc32c.h"

namespace imreg {

namespace {

constexpr std::int64_t kHeaderUnit = 8 * kFitsBlock;
constexpr std::int64_t kCountCards = kFitsBlock + 4 * 80;
constexpr std::int64_t kStateCards = kFitsBlock + 9 * 80;
constexpr std::size_t kPairSize = 2 * kCardSize;

struct PairText {
  const char* first;
  const char* first_comment;
  const char* second;
  const char* second_comment;
};
constexpr PairText kPairTexts[] = {
    {"NAXIS2", "rows; check", "PCOUNT", "bytes kept free behind the rows"},
    {"JRNLGEN", "journal generation; check", "CHANGENO", "last change number in this file"}};

// The check stands in the comment of the first card; it covers both cards as they are with a check of 00000000.
std::size_t check_place(const PairText& text) { return 8 + 2 + 20 + 3 + std::strlen(text.first_comment) + 1; }

std::string card(const char* keyword, std::int64_t value, const std::string& comment) {
  const std::string number = std::to_string(value);
  std::string out = keyword;
  out.resize(8, ' ');
  out += "= " + std::string(20 - number.size(), ' ') + number + " / " + comment;
  out.resize(kCardSize, ' ');
  return out;
}

std::uint32_t pair_check(const Uuid& uuid, std::string_view cards, const PairText& text) {
  std::string blank(cards);
  blank.replace(check_place(text), 8, "00000000");
  return crc32c(crc32c(0, uuid.data(), uuid.size()), blank);
}

// One FITS header: its cards, and where the block behind it begins.
Result<Header> read_header(const File& file, std::int64_t& offset) {
  std::string cards;
  char block[kFitsBlock];
  for (const std::int64_t start = offset; offset - start < (64 << 20);) {
    IMREG_ASSIGN(const std::size_t got, file.read(offset, block, sizeof block));
    if (got == 0) return Status(Code::not_found, "no further header");
    if (got < sizeof block)
      return Status(Code::corrupt, "the file ends inside a header").in_file(file.path()).at_byte(offset);
    offset += kFitsBlock;
    for (std::size_t i = 0; i < sizeof block; i += kCardSize) {
      if (std::memcmp(block + i, "END     ", 8) == 0) return Header(std::move(cards));
      cards.append(block + i, kCardSize);
    }
  }
  return Status(Code::corrupt, "a header without END").in_file(file.path());
}

// Bytes of the data behind a header, without filling. FITS 4.0, section 4.4.1.
Result<std::int64_t> data_size(const Header& header) {
  const auto naxis = header.integer_of("NAXIS").value_or(-1);
  const auto bitpix = header.integer_of("BITPIX").value_or(0);
  if (naxis < 0 || naxis > 999 || bitpix % 8 != 0 || bitpix < -64 || bitpix > 64)
    return Status(Code::corrupt, "BITPIX or NAXIS mean nothing");
  if (naxis == 0) return std::int64_t{0};
  std::int64_t elements = 1;
  for (long long i = 1; i <= naxis; ++i) {
    const auto n = header.integer_of("NAXIS" + std::to_string(i)).value_or(-1);
    if (n < 0 || (n > 0 && elements > (std::int64_t{1} << 56) / n))
      return Status(Code::corrupt, "NAXIS" + std::to_string(i) + " means nothing");
    elements *= n;
  }
  const auto pcount = header.integer_of("PCOUNT").value_or(0);
  if (pcount < 0 || pcount > (std::int64_t{1} << 56)) return Status(Code::corrupt, "PCOUNT means nothing");
  return (elements + pcount) * std::abs(bitpix / 8);
}

Result<Uuid> parse_uuid(const std::string& text) {
  Uuid uuid{};
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits += c;
  }
  if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    return Status(Code::corrupt, "FILEUUID is not a UUID");
  }
  for (std::size_t i = 0; i < uuid.size(); ++i)
    uuid[i] = static_cast<unsigned char>(std::strtoul(digits.substr(2 * i, 2).c_str(), nullptr, 16));
  return uuid;
}

// Version 1 left spare what version 2 uses, and Elixir's own headers do not say which one they are: where spare bytes hold
// what no program writes, they are spare. FLAG has one bit in use, SEQTIME seconds of a sequence.
bool has_spare_bytes(const File& file, const Schema& v2, std::int64_t offset, std::int64_t rows) {
  const FieldInfo &flag = *v2.find("flag"), &seqtime = *v2.find("seqtime");
  constexpr std::int64_t kEnough = 1000;
  std::string bytes(static_cast<std::size_t>(std::min(rows, kEnough) * v2.record_size), '\0');
  if (const auto got = file.read(offset, bytes.data(), bytes.size()); !got || *got < bytes.size()) return false;
  for (std::size_t at = 0; at < bytes.size(); at += static_cast<std::size_t>(v2.record_size)) {
    const float seconds = load_big<float>(bytes.data() + at + seqtime.offset);
    if ((bytes[at + static_cast<std::size_t>(flag.offset)] & ~3) != 0) return true;
    if (!(seconds == 0 || (seconds > 1e-6F && seconds < 1e8F))) return true;
  }
  return false;
}

// Shared with nobody: it lives as long as the program.
std::shared_ptr<const Schema> builtin(std::string_view name, int version) {
  return {std::shared_ptr<const Schema>(), builtin_format(name, version)};
}

// Elixir v1 and v2: the header counts the images, raw records follow it.
Result<Container> elixir_block(const File& file, const Header& header, std::int64_t offset, std::int64_t file_size) {
  Container out;
  const auto version = header.integer_of("VERSION");
  if (version && *version != 1 && *version != 2) {
    return Status(Code::mismatch, "VERSION " + std::to_string(*version) +
                                      " of Elixir's database is not known to this program (1 and 2 are)")
        .in_file(file.path());
  }
  out.schema = builtin("regimage", version == 1 ? 1 : 2);
  out.data_offset = offset;
  out.count = header.integer_of("NIMAGES").value_or(-1);
  const std::int64_t fits = (file_size - offset) / out.schema->record_size;
  if (out.count < 0 || out.count > fits) {
    return Status(Code::corrupt,
                  "the header counts " + std::to_string(out.count) + " images, the file holds " + std::to_string(fits))
        .in_file(file.path());
  }
  if (!version && has_spare_bytes(file, *out.schema, offset, out.count)) out.schema = builtin("regimage", 1);
  return out;
}

// Whether the cards that describe the columns are those of the schema: other programs read the records by them. Comments and
// the place of a card may differ (another release wrote them, or a person added a card).
bool describes(const Header& header, const Schema& schema) {
  Header wanted;
  add_schema_cards(schema, wanted);
  if (header.text().find(wanted.text()) != std::string_view::npos) return true;  // as this release writes them
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string keyword = wanted.keyword(i);
    // What a field means may be told better in a later release.
    if (keyword == "COMMENT" || keyword.empty() || keyword.starts_with("TCOMM") || keyword == "CONTINUE") continue;
    const auto value = header.get(keyword);
    if (!value || value->text != wanted.value(i).text) return false;
  }
  return true;
}

Status fill_native(Container& out, const File& file, const Header& header) {
  const auto wrong = [&](Code code, const std::string& what) { return Status(code, what).in_file(file.path()); };
  const auto format = header.text_of("RECFMT").value_or("");
  if (header.text_of("BYTEORDR").value_or("BIG_ENDIAN") != "BIG_ENDIAN")
    return wrong(Code::mismatch, "its byte order is not BIG_ENDIAN");
  const Schema* known = builtin_format(out.schema->format, out.schema->version);
  if (known && known->layout_hash() != header.text_of("LAYOUT").value_or("")) {
    return wrong(Code::mismatch,
                 "format " + format + " version " + std::to_string(out.schema->version) +
                     " with another layout than this program knows; read it with the program that wrote it");
  }
  if (known && (known->layout_hash() != out.schema->layout_hash() || !describes(header, *known))) {
    return wrong(Code::corrupt, "the header is damaged: its columns are not those of format " + format + " version " +
                                    std::to_string(out.schema->version));
  }
  if (!known && format == "regimage") {
    return wrong(Code::mismatch, "format regimage version " + std::to_string(header.integer_of("RECVERS").value_or(0)) +
                                     " is not known to this program; install a newer imreg");
  }
  auto uuid = parse_uuid(header.text_of("FILEUUID").value_or(""));
  if (!uuid) return Status(uuid.status()).in_file(file.path());
  out.uuid = *uuid;
  out.native = true;
  out.count_cards = kCountCards;
  out.state_cards = kStateCards;
  return {};
}

constexpr std::int64_t kIdentitySize = 3 * kCardSize;
constexpr KnownHeader kKnownHeaders[] = {
    {"regimage", 4, 23040, 14720, {500002296U, 1486957309U}},
    {"queue", 2, 23040, 11520, {1245933370U, 1245933370U}},
    {"queue", 1, 23040, 10960, {1503503732U, 1503503732U}}};  // tests/record/schema_test.cc tells new ones

std::optional<Container> known_container(const File& file) {
  for (const auto& known : kKnownHeaders) {
    const auto size = static_cast<std::size_t>(known.size);
    const auto bytes = std::make_unique_for_overwrite<char[]>(size);
    const auto got = file.read(0, bytes.get(), size);
    const std::string_view header(bytes.get(), size);
    if (!got || *got < size) continue;
    if (std::ranges::count(known.checks, header_check(known, header)) == 0) continue;
    auto schema = builtin(known.format, known.version);
    const auto card = [&](std::int64_t place) {
      return Header(std::string(header.substr(static_cast<std::size_t>(place), kCardSize)));
    };
    const auto uuid = parse_uuid(card(known.identity).text_of("FILEUUID").value_or(""));
    const auto count = card(kCountCards).integer_of("NAXIS2");
    if (!schema || !uuid || !count) continue;
    return Container{true, std::move(schema), known.size, *count, *uuid, kCountCards, kStateCards};
  }
  return std::nullopt;
}

}  // namespace

Result<Container> read_container(const File& file) {
  if (auto known = known_container(file)) return *std::move(known);
  IMREG_ASSIGN(const std::int64_t file_size, file.size());
  if (file_size == 0) return Status(Code::invalid, "is empty, not a database").in_file(file.path());
  char magic[30] = {};
  IMREG_ASSIGN(const std::size_t got, file.read(0, magic, sizeof magic));
  if (got < sizeof magic || std::memcmp(magic, "SIMPLE  =", 9) != 0) {
    return Status(Code::invalid, std::memcmp(magic, "SQLite format 3", 15) == 0
                                     ? "is an SQLite database, not an imreg database"
                                     : "is not a FITS file, so not an imreg database")
        .in_file(file.path());
  }
  std::int64_t offset = 0;
  IMREG_ASSIGN(Header header, read_header(file, offset));
  if (header.find("NIMAGES") && header.find("NAXIS1") == std::nullopt)
    return elixir_block(file, header, offset, file_size);
  if (header.find("NIMAGES") && trim(header.text_of("EXTNAME").value_or("")).empty())
    return elixir_block(file, header, offset, file_size);
  for (;;) {
    const std::int64_t data_offset = offset;
    const bool table = equal_nocase(trim(header.text_of("XTENSION").value_or("")), "BINTABLE") &&
                       !header.logical_of("ZIMAGE").value_or(false);
    if (table) {
      Container out;
      auto schema = schema_from_header(header);
      if (!schema) return Status(schema.status()).in_file(file.path());
      out.schema = std::make_shared<const Schema>(*std::move(schema));
      out.data_offset = data_offset;
      out.count = header.integer_of("NAXIS2").value_or(-1);
      if (header.find("RECFMT")) IMREG_TRY(fill_native(out, file, header));
      if (!out.native && (out.count < 0 || out.count > (file_size - data_offset) / out.schema->record_size)) {
        return Status(Code::corrupt, "truncated: the header counts " + std::to_string(out.count) +
                                         " records, the file holds " +
                                         std::to_string((file_size - data_offset) / out.schema->record_size))
            .in_file(file.path());
      }
      return out;
    }
    auto size = data_size(header);
    if (!size) return Status(size.status()).in_file(file.path());
    offset += round_up(*size, kFitsBlock);
    auto next = read_header(file, offset);
    if (!next && next.status().code() == Code::not_found) {
      return Status(Code::invalid, "holds no table of records, so it is not an imreg database").in_file(file.path());
    }
    if (!next) return next.status();
    header = *std::move(next);
  }
}

std::uint32_t header_check(const KnownHeader& known, std::string_view header) {
  std::uint32_t check = 0;
  std::size_t from = 0;
  for (const auto& [place, size] :
       {std::pair(kCountCards, std::int64_t{kPairSize}), std::pair(kStateCards, std::int64_t{kPairSize}),
        std::pair(known.identity, kIdentitySize)}) {
    check = crc32c(check, header.substr(from, static_cast<std::size_t>(place) - from));
    from = static_cast<std::size_t>(place + size);
  }
  return crc32c(check, header.substr(from));
}

std::span<const KnownHeader> known_headers() { return kKnownHeaders; }

std::string make_card_pair(const Uuid& uuid, PairKind kind, std::int64_t first, std::int64_t second) {
  const auto& text = kPairTexts[static_cast<int>(kind)];
  std::string cards = card(text.first, first, std::string(text.first_comment) + " 00000000") +
                      card(text.second, second, text.second_comment);
  char check[9];
  std::snprintf(check, sizeof check, "%08x", pair_check(uuid, cards, text));
  cards.replace(check_place(text), 8, check);
  return cards;
}

Result<CardPair> read_card_pair(const File& file, const Container& container, PairKind kind) {
  std::string cards(kPairSize, '\0');
  IMREG_TRY(file.read_exactly(kind == PairKind::count ? container.count_cards : container.state_cards, cards.data(),
                              cards.size()));
  const Header header(cards);
  const auto first = header.integer_of(kPairTexts[static_cast<int>(kind)].first);
  const auto second = header.integer_of(kPairTexts[static_cast<int>(kind)].second);
  CardPair pair;
  if (!first || !second) return pair;
  pair.first = *first;
  pair.second = *second;
  const std::int64_t most = kind == PairKind::count ? kLargest / container.schema->record_size : kLargest;
  pair.valid = pair.first >= 0 && pair.first <= most && pair.second >= 0 && pair.second <= kLargest &&
               cards == make_card_pair(container.uuid, kind, pair.first, pair.second);
  return pair;
}

Status check_card_places(const File& file, const Container& container) {
  for (const PairKind kind : {PairKind::count, PairKind::state}) {
    const auto& text = kPairTexts[static_cast<int>(kind)];
    std::string cards(kPairSize, '\0');
    const std::int64_t place = kind == PairKind::count ? container.count_cards : container.state_cards;
    IMREG_TRY(file.read_exactly(place, cards.data(), cards.size()));
    const Header header(std::move(cards));
    if (header.keyword(0) == text.first && header.keyword(1) == text.second) continue;
    return Status(Code::corrupt, "read-only: another program has changed its header, " + std::string(text.first) +
                                     " and " + text.second +
                                     " are not where imreg writes them; convert it to a new file (convertimreg OLD NEW "
                                     "-to native)")
        .in_file(file.path())
        .at_byte(place);
  }
  return {};
}

std::string make_native_header(const Schema& schema, const Uuid& uuid, const std::string& date) {
  Header primary;
  primary.add("SIMPLE", true, "FITS standard");
  primary.add("BITPIX", 8, "no image here");
  primary.add("NAXIS", 0, "no image here");
  primary.add("EXTEND", true, "the records stand in the first extension");
  primary.add_comment("COMMENT", "imreg record file: records of fixed length, big-endian, in the extension.");

  Header first;
  first.add("XTENSION", "BINTABLE", "binary table");
  first.add("BITPIX", 8, "bytes");
  first.add("NAXIS", 2, "rows of bytes");
  first.add("NAXIS1", schema.record_size, "bytes of a record");
  Header table;
  table.add("GCOUNT", 1, "one group");
  add_schema_cards(schema, table);
  table.add("RECFMT", schema.format, "format of the records");
  table.add("RECVERS", schema.version, "version of the format");
  table.add("BYTEORDR", "BIG_ENDIAN", "byte order of the records");
  table.add("LAYOUT", schema.layout_hash(), "hash of the layout");
  table.add("FILEUUID", uuid_text(uuid), "identity of this file, part of each CRC");
  table.add("CREATOR", "imreg " IMREG_VERSION, "the software that made this file");
  table.add("DATE", date, "when this file was made, UTC");

  // GCOUNT, TFIELDS and EXTNAME come before the state cards: see the offsets above.
  std::string cards(first.text());
  cards += make_card_pair(uuid, PairKind::count, 0, 0);
  cards += table.text().substr(0, 3 * kCardSize);
  cards += make_card_pair(uuid, PairKind::state, 1, 0);
  cards += table.text().substr(3 * kCardSize);
  std::string out = primary.file_bytes();
  const auto total = round_up(static_cast<std::int64_t>(out.size() + cards.size() + kCardSize), kHeaderUnit);
  cards.resize(static_cast<std::size_t>(total) - out.size() - kCardSize, ' ');
  cards += "END";
  out += cards;
  out.resize(static_cast<std::size_t>(total), ' ');
  return out;
}

Uuid new_uuid() {
  Uuid uuid{};
  if (::getrandom(uuid.data(), uuid.size(), 0) != static_cast<ssize_t>(uuid.size()))
    std::abort();                                                 // 16 bytes never fail on Linux
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | 0x40);  // RFC 4122: version 4, random
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string uuid_text(const Uuid& uuid) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[uuid[i] >> 4];
    out += kDigits[uuid[i] & 15];
  }
  return out;
}

}  // namespace imreg
