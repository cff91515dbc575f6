// What stands around the records: the header of a native record file and its four cards that change, and the headers of
// the other files that we read (any FITS binary table of fixed rows, Elixir's header block with raw records).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "imreg/schema.h"
#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

using Uuid = std::array<unsigned char, 16>;

struct Container {
  bool native = false;
  std::shared_ptr<const Schema> schema;  ///< a built-in one is not copied: it outlives all
  std::int64_t data_offset = 0;          ///< of the first record
  std::int64_t count = 0;                ///< NAXIS2, or NIMAGES of Elixir's header block
  Uuid uuid{};
  std::int64_t count_cards = 0;  ///< where NAXIS2 and PCOUNT stand, 160 bytes
  std::int64_t state_cards = 0;  ///< where JRNLGEN and CHANGENO stand, 160 bytes
};

/// Reads the headers of an open file. Errors: invalid, corrupt, mismatch.
Result<Container> read_container(const File& file);

/// A header as this release writes it is known by its check, without reading its cards: a search starts often. FILEUUID,
/// CREATOR and DATE, the counts and the state of the journal differ from file to file and do not count.
struct KnownHeader {
  const char* format;
  int version;
  std::int64_t size;
  std::int64_t identity;  ///< where FILEUUID, CREATOR and DATE stand
  /// Of all other bytes: as this release writes them, then as others did whose fields have other meanings in words only.
  std::array<std::uint32_t, 2> checks;
};
std::span<const KnownHeader> known_headers();
std::uint32_t header_check(const KnownHeader& known, std::string_view header);

/// The header of a new native file: a multiple of 23,040 bytes, so that records begin at a block and sector boundary.
std::string make_native_header(const Schema& schema, const Uuid& uuid, const std::string& date);

/// Two numbers in neighbouring cards with a check over both: seen half-written, or torn by a power cut, they are not valid.
struct CardPair {
  bool valid = false;
  std::int64_t first = 0;   ///< NAXIS2 or JRNLGEN
  std::int64_t second = 0;  ///< PCOUNT or CHANGENO
};
enum class PairKind { count, state };
Result<CardPair> read_card_pair(const File& file, const Container& container, PairKind kind);
/// The writer writes these cards by their place. Error: corrupt, when another program has moved them.
Status check_card_places(const File& file, const Container& container);
std::string make_card_pair(const Uuid& uuid, PairKind kind, std::int64_t first, std::int64_t second);

Uuid new_uuid();
std::string uuid_text(const Uuid& uuid);

inline constexpr std::int64_t kFitsBlock = 2880;
/// No file of ours is larger, no count or change number higher: what says so is damaged, and no arithmetic overflows below.
inline constexpr std::int64_t kLargest = std::int64_t{1} << 56;
inline std::int64_t round_up(std::int64_t size, std::int64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

}  // namespace imreg
