// The input of record_fuzz: a database, its journal and its lock text in one piece, and changes of it that put the checks
// right again, so that the code behind them is reached.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "fuzz.h"
#include "os/lock.h"
#include "record/crc32c.h"
#include "record/record_state.h"

namespace imreg::fuzz {

inline constexpr Uuid kUuid = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88,
                               0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xf0, 0x0f};
inline constexpr std::size_t kCountCards = 3200, kStateCards = 3600;      // man 5 imreg-record
inline constexpr std::size_t kHint = 512, kHintSize = 92, kFirst = 1024;  // the journal's head, by src/record/journal.h
inline constexpr std::size_t kHeadSize = 40, kTransactionHead = 44, kManyHead = 40;

struct Bundle {
  std::string database, journal, lock;

  static Bundle of(std::string_view bytes) {
    Bundle out;
    for (auto* part : {&out.database, &out.journal}) {
      if (bytes.size() < 4) return out;
      const std::size_t size = std::min<std::size_t>(load_big<std::uint32_t>(bytes.data()), bytes.size() - 4);
      *part = bytes.substr(4, size);
      bytes.remove_prefix(4 + size);
    }
    out.lock = bytes;
    return out;
  }
  std::string bytes() const {
    std::string out;
    for (const auto* part : {&database, &journal}) {
      char size[4];
      store_big(size, static_cast<std::uint32_t>(part->size()));
      out.append(size, 4) += *part;
    }
    return out + lock;
  }
};

inline Header table_header(const std::string& database) {
  std::string cards;
  for (std::size_t at = kFitsBlock; at + kCardSize <= database.size(); at += kCardSize) {
    if (database.compare(at, 8, "END     ") == 0) break;
    cards.append(database, at, kCardSize);
  }
  return Header(std::move(cards));
}

inline void mend_pair(std::string& database, PairKind kind, std::size_t place) {
  if (database.size() < place + 160) return;
  const Header cards(database.substr(place, 160));
  const bool count = kind == PairKind::count;
  const auto first = cards.integer_of(count ? "NAXIS2" : "JRNLGEN"),
             second = cards.integer_of(count ? "PCOUNT" : "CHANGENO");
  database.replace(place, 160, make_card_pair(kUuid, kind, first.value_or(1), second.value_or(0)));
}

// The rows of a native database: where they begin, their size and where their CRC stands.
struct Rows {
  std::size_t begin = 0, size = 0, crc = 0, count = 0;
};
inline Rows rows_of(const std::string& database) {
  const Header header = table_header(database);
  const auto schema = schema_from_header(header);
  Rows out;
  if (!schema || !header.find("RECFMT")) return out;
  const auto* crc = schema->find("crc");
  if (!crc || crc->type != Type::u32) return out;
  const auto end = static_cast<std::int64_t>(kFitsBlock + (header.size() + 1) * kCardSize);
  out.begin = static_cast<std::size_t>(round_up(end, kFitsBlock));
  out.size = static_cast<std::size_t>(schema->record_size);
  out.crc = static_cast<std::size_t>(crc->offset);
  if (database.size() > out.begin) out.count = (database.size() - out.begin) / out.size;
  return out;
}

inline void mend_row(std::string& bytes, std::size_t at, const Rows& rows, std::int64_t row) {
  const auto crc =
      record_crc(kUuid, row, bytes.data() + at, static_cast<std::int64_t>(rows.size), static_cast<int>(rows.crc));
  store(bytes.data() + at, Field<std::uint32_t>{static_cast<int>(rows.crc)}, crc);
}

inline void mend_rows(std::string& database) {
  const Rows rows = rows_of(database);
  for (std::size_t i = 0; i < rows.count; ++i) {
    const std::size_t at = rows.begin + i * rows.size;
    const bool empty = database.find_first_not_of('\0', at) >= at + rows.size;
    if (!empty) mend_row(database, at, rows, static_cast<std::int64_t>(i));
  }
}

inline std::uint32_t check_of(std::string_view bytes) { return crc32c(crc32c(0, kUuid.data(), kUuid.size()), bytes); }

inline void mend_check(std::string& journal, std::size_t at, std::size_t size) {
  if (at + size <= journal.size())
    store_big(journal.data() + at + size - 4, check_of(std::string_view(journal).substr(at, size - 4)));
}

// Where the transactions begin, and behind the last one.
inline std::vector<std::size_t> transactions_of(const std::string& journal) {
  std::vector<std::size_t> out;
  std::size_t at = kFirst;
  for (;;) {
    if (at + kManyHead <= journal.size() && journal.compare(at, 4, "TXN2") == 0) {
      const auto size = load_big<std::uint64_t>(journal.data() + at + 28);
      if (size > journal.size() - at - kManyHead) break;
      out.push_back(at);
      at += kManyHead + size;
      continue;
    }
    if (at + kTransactionHead + 4 > journal.size() || journal.compare(at, 4, "TXN1") != 0) break;
    const auto changes = load_big<std::uint64_t>(journal.data() + at + 28),
               added = load_big<std::uint64_t>(journal.data() + at + 36);
    const std::size_t room = journal.size() - at - kTransactionHead - 4;
    if (changes > room || added > room - changes) break;
    out.push_back(at);
    at += kTransactionHead + changes + added + 4;
  }
  out.push_back(at);
  return out;
}

inline void mend_journal(std::string& journal, const std::string& database, bool hint_holds) {
  mend_check(journal, 0, kHeadSize);
  if (journal.size() >= kHint + kHintSize) {
    std::string boot = boot_id();
    boot.resize(40, '\0');
    journal.replace(kHint, 40, boot);
    if (hint_holds) mend_check(journal, kHint, kHintSize);
  }
  const Rows rows = rows_of(database);
  const auto places = transactions_of(journal);
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    const std::size_t at = places[i];
    if (journal.compare(at, 4, "TXN2") == 0) {  // the check stands in the head, and covers the changes first
      const std::string_view all(journal);
      const auto changes = check_of(all.substr(at + kManyHead, places[i + 1] - at - kManyHead));
      store_big(journal.data() + at + kManyHead - 4, crc32c(changes, journal.data() + at, kManyHead - 4));
      continue;
    }
    const auto before = load_big<std::int64_t>(journal.data() + at + 20);
    const auto changes = load_big<std::uint64_t>(journal.data() + at + 28);
    std::int64_t row = before;
    for (std::size_t added = at + kTransactionHead + changes;
         rows.size > 0 && added + rows.size + 4 <= places[i + 1] && row < (1 << 20); added += rows.size)
      mend_row(journal, added, rows, row++);
    mend_check(journal, at, places[i + 1] - at);
  }
}

inline constexpr std::int64_t kNumbers[] = {0,
                                            1,
                                            -1,
                                            2,
                                            3,
                                            7,
                                            10,
                                            11,
                                            12,
                                            56,
                                            255,
                                            1 << 20,
                                            0x7fffffff,
                                            std::int64_t{1} << 32,
                                            std::int64_t{1} << 56,
                                            INT64_MAX,
                                            INT64_MAX - 1,
                                            INT64_MIN};

inline void mutate_journal(std::string& journal, Random& random) {
  const auto places = transactions_of(journal);
  const std::size_t at = places[below(random, places.size())];
  switch (below(random, 6)) {
    case 0: {  // generation, sequence, rows before, sizes
      const std::size_t place = at + 4 + 8 * below(random, 5);
      if (place + 8 <= journal.size()) store_big(journal.data() + place, kNumbers[below(random, std::size(kNumbers))]);
      break;
    }
    case 1: {  // row, offset and length of the first change
      const std::size_t place = at + kTransactionHead + 4 * below(random, 4);
      if (place + 8 > journal.size()) break;
      if (below(random, 2) == 0) {
        store_big(journal.data() + place, kNumbers[below(random, std::size(kNumbers))]);
      } else {
        store_big(journal.data() + place, static_cast<std::uint32_t>(kNumbers[below(random, std::size(kNumbers))]));
      }
      break;
    }
    case 2: {  // head and hint
      const std::size_t place = below(random, 2) == 0 ? 28 : kHint + 40 + 8 * below(random, 4);
      if (place + 8 <= journal.size()) store_big(journal.data() + place, kNumbers[below(random, std::size(kNumbers))]);
      break;
    }
    case 3:  // the same transaction again
      if (at < places.back()) {
        const auto next = *std::upper_bound(places.begin(), places.end(), at);
        journal.insert(places.back(), journal.substr(at, next - at));
      }
      break;
    default: mutate_text(journal, random); break;
  }
}

inline void mutate_database(std::string& database, Random& random) {
  const Rows rows = rows_of(database);
  const std::size_t row = below(random, rows.count), at = rows.begin + row * rows.size;
  switch (below(random, 8)) {
    case 0: {
      const PairKind kind = below(random, 2) == 0 ? PairKind::count : PairKind::state;
      const std::size_t place = kind == PairKind::count ? kCountCards : kStateCards;
      const auto first = kNumbers[below(random, std::size(kNumbers))],
                 second = kNumbers[below(random, std::size(kNumbers))];
      if (database.size() >= place + 160) database.replace(place, 160, make_card_pair(kUuid, kind, first, second));
      break;
    }
    case 1:
    case 2:
      if (rows.count > 0) database[at + below(random, rows.size)] = static_cast<char>(random());
      break;
    case 3:
      if (rows.count > 0) database.replace(at, rows.size, rows.size, '\0');
      break;
    case 4:
      if (rows.count > 0) database.replace(at, rows.size, database.substr(rows.begin, rows.size));
      break;
    case 5:
      if (rows.count > 0) database.resize(at + (below(random, 2) == 0 ? 0 : below(random, rows.size)));
      break;
    case 6: mutate_text(database, random); break;
    default: {  // cards of the table
      if (database.size() < 2 * kFitsBlock) break;
      std::string cards = database.substr(kFitsBlock);
      mutate_cards(cards, random);
      database.replace(kFitsBlock, database.npos, cards);
    }
  }
}

inline void mutate(std::string& bytes, Random& random) {
  Bundle bundle = Bundle::of(bytes);
  switch (below(random, 8)) {
    case 0: mutate_text(bundle.lock, random); break;
    case 1:
    case 2:
    case 3: mutate_journal(bundle.journal, random); break;
    default: mutate_database(bundle.database, random); break;
  }
  if (below(random, 8) > 0) {
    mend_pair(bundle.database, PairKind::count, kCountCards);
    mend_pair(bundle.database, PairKind::state, kStateCards);
  }
  if (below(random, 4) > 0) mend_rows(bundle.database);
  if (below(random, 8) > 0) mend_journal(bundle.journal, bundle.database, below(random, 2) == 0);
  bytes = bundle.bytes();
}

}  // namespace imreg::fuzz
