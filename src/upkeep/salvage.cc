// Finds layout and identity of the rows without believing the header, and gives what is whole.
#include "upkeep/salvage.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "base/text.h"
#include "imreg/record.h"
#include "record/record_state.h"
#include "scan/index_file.h"

namespace imreg::upkeep {

namespace {

constexpr std::int64_t kSampled = 2000;
constexpr std::size_t kDigits = 36;  // of a UUID as text, with its hyphens
constexpr char kHex[] = "0123456789abcdef";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Rows of a file, some of them, as bytes: enough to tell whether a layout and an identity are theirs.
std::vector<std::pair<std::int64_t, std::string>> sample(const File& file, const Container& container,
                                                         std::int64_t size) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  const std::int64_t record = container.schema->record_size, rows = (size - container.data_offset) / record;
  const std::int64_t step = std::max<std::int64_t>(1, rows / kSampled);
  for (std::int64_t row = 0; row < rows; row += row < 100 ? 1 : step) {
    std::string bytes(static_cast<std::size_t>(record), '\0');
    const auto got = file.read(container.data_offset + row * record, bytes.data(), bytes.size());
    if (got && *got == bytes.size() && bytes.find_first_not_of('\0') != bytes.npos)
      out.emplace_back(row, std::move(bytes));
  }
  return out;
}

std::int64_t whole_of(const std::vector<std::pair<std::int64_t, std::string>>& rows, const Container& container,
                      std::size_t enough = SIZE_MAX) {
  const auto* crc = container.schema->find("crc");
  std::int64_t whole = 0;
  for (std::size_t i = 0; i < rows.size() && i < enough; ++i) {
    const auto& [row, bytes] = rows[i];
    whole += load(bytes.data(), Field<std::uint32_t>{crc->offset}) ==
             record_crc(container.uuid, row, bytes.data(), std::ssize(bytes), crc->offset);
  }
  return whole;
}

bool has_check(const Schema& schema) {
  const auto* crc = schema.find("crc");
  return crc && crc->type == Type::u32 && crc->count == 1;
}

// The text behind "FILEUUID= '", wherever it stands.
std::string uuid_card(const File& file) {
  std::string head(2 * 23040, '\0');
  head.resize(file.read(0, head.data(), head.size()).value_or(0));
  constexpr std::string_view kCard = "FILEUUID= '";
  auto at = head.find(kCard);
  std::size_t value = at == head.npos ? at : at + kCard.size();
  if (at == head.npos) {  // its keyword or quote is damaged: something with the hyphens of one
    for (at = 0; at + 80 <= head.size() && value == head.npos; at += 80) {
      const std::string_view card = std::string_view(head).substr(at, 80);
      const int hyphens = (card[19] == '-') + (card[24] == '-') + (card[29] == '-') + (card[34] == '-');
      if (hyphens >= 3) value = at + 11;
    }
  }
  return value == head.npos || value + kDigits > head.size() ? std::string() : head.substr(value, kDigits);
}

// Identities that a card with a few damaged digits may have had.
std::vector<Uuid> near_uuids(std::string text) {
  std::vector<Uuid> out;
  const auto take = [&] {
    if (const auto uuid = uuid_of(text)) out.push_back(*uuid);
  };
  std::vector<std::size_t> unknown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23)
      text[i] = '-';
    else if (!is_hex(text[i]))
      unknown.push_back(i);
  }
  if (text.size() != kDigits || unknown.size() > 3) return out;
  const std::size_t combinations = std::size_t{1} << (4 * unknown.size());
  for (std::size_t k = 0; k < combinations; ++k) {
    for (std::size_t i = 0; i < unknown.size(); ++i) text[unknown[i]] = kHex[k >> (4 * i) & 15];
    take();
  }
  if (!unknown.empty()) return out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char was = text[i];
    if (was == '-') continue;
    for (const char digit : std::string_view(kHex, 16)) {
      text[i] = digit;
      if (digit != was) take();
    }
    text[i] = was;
  }
  return out;
}

// An identity under which the checks of these rows hold. All of them begin with the CRC of the same 16 bytes, 32 unknown bits
// that one row determines (a CRC is linear in each of its bits) and another confirms. It does what the lost one did.
std::optional<Uuid> identity_by_rows(const std::vector<std::pair<std::int64_t, std::string>>& rows, Container layout) {
  constexpr std::size_t kTried = 20, kConfirming = 100;
  const int place = layout.schema->find("crc")->offset;
  for (std::size_t i = 0; i < rows.size() && i < kTried; ++i) {
    const auto& [row, bytes] = rows[i];
    const auto check_with = [&](std::uint32_t bits) {
      layout.uuid = {};
      store_big(reinterpret_cast<char*>(layout.uuid.data()) + 12, bits);
      return record_crc(layout.uuid, row, bytes.data(), std::ssize(bytes), place);
    };
    const std::uint32_t none = check_with(0);
    std::uint32_t basis[32] = {}, from[32] = {};  // by highest bit: a change of the check, and the bits that make it
    const auto reduce = [&](std::uint32_t change, std::uint32_t bits, bool keep) {
      for (int bit = 31; bit >= 0; --bit) {
        if ((change >> bit & 1U) == 0) continue;
        if (keep && basis[bit] == 0) return basis[bit] = change, from[bit] = bits;
        change ^= basis[bit], bits ^= from[bit];
      }
      return bits;
    };
    for (unsigned bit = 0; bit < 32; ++bit) reduce(check_with(1U << bit) ^ none, 1U << bit, true);
    check_with(reduce(load(bytes.data(), Field<std::uint32_t>{place}) ^ none, 0, false));
    if (whole_of(rows, layout, kConfirming) >= 2) return layout.uuid;
  }
  return std::nullopt;
}

// A native file of which the cards that say so are lost looks like a FITS table of somebody else.
bool was_native(const Container& own, const std::string& base) {
  for (const Schema& schema : builtin_formats()) {
    if (has_check(schema) && schema.record_size == own.schema->record_size &&
        own.data_offset == std::ssize(make_native_header(schema, {}, "2000-01-01T00:00:00")))
      return true;
  }
  const bool beside = File::open(base + ".journal", File::Mode::read) || File::open(base + ".idx", File::Mode::read);
  return has_check(*own.schema) && beside;
}

}  // namespace

std::optional<Uuid> uuid_of(const std::string& text) {
  Uuid uuid{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const char* digit = std::strchr(kHex, c);
    if (c == 0 || !digit || digits == 32) return std::nullopt;
    auto& byte = uuid[digits / 2];
    byte = static_cast<unsigned char>(byte << 4U | static_cast<unsigned>(digit - kHex));
    ++digits;
  }
  return digits == 32 ? std::optional(uuid) : std::nullopt;
}

std::string what_is_readable(const Schema& schema, const char* record) {
  if (std::all_of(record, record + schema.record_size, [](char c) { return c == 0; })) return "it is all zeros";
  std::string out;
  for (const char* name : {"pathname", "filename"}) {
    const auto* field = schema.find(name);
    if (!field || field->type != Type::text) continue;
    const auto text = trimmed(record + field->offset, static_cast<std::size_t>(field->count));
    if (text.empty() || visible(text) != text) continue;
    std::string_view rest = text;
    while (const std::size_t letter = utf8_length(rest)) rest.remove_prefix(letter);
    if (rest.empty()) out += (out.empty() ? "its " : ", its ") + std::string(name) + " reads " + std::string(text);
  }
  return out;
}

Result<Salvage> Salvage::open(const std::string& path, const std::string* lock_text) {
  Salvage out;
  IMREG_ASSIGN(out.file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(out.size, out.file.size());
  IMREG_TRY(out.find_rows(path));
  const std::string base = resolved_path(path);
  out.take_journal(base + ".journal");
  out.lock = lock_knows(lock_text ? *lock_text : read_file(base + ".lock", 4096).value_or(""), out.container);
  // The lock does not say whose it is: it is believed where the file itself says nothing.
  const std::int64_t known = std::max(index_knows(base, out.container.uuid).rows, out.counted ? -1 : out.lock.rows);
  const std::int64_t most = kLargest / out.record_size();  // the place of each row is a number
  out.container.count = std::min(std::max(out.container.count, known), most);
  return out;
}

// The header if it is one, else the layouts that we write; the identity that most rows have.
Status Salvage::find_rows(const std::string& path) {
  const auto own = read_container(file);
  std::vector<Container> layouts;
  if (own && has_check(*own->schema)) {
    layouts.push_back(*own);
    layouts.back().native = true;
    layouts.back().count_cards = kFitsBlock + 4 * 80;
    layouts.back().state_cards = kFitsBlock + 9 * 80;
  }
  for (const Schema& schema : builtin_formats()) {
    if (!has_check(schema)) continue;
    Container layout;
    layout.native = true;
    layout.schema = {std::shared_ptr<const Schema>(), &schema};
    layout.data_offset = std::ssize(make_native_header(schema, {}, "2000-01-01T00:00:00"));
    layout.count_cards = kFitsBlock + 4 * 80;
    layout.state_cards = kFitsBlock + 9 * 80;
    layouts.push_back(std::move(layout));
  }

  const std::string base = resolved_path(path), card = uuid_card(file);
  if (own && !own->native && card.empty() && !was_native(*own, base)) {
    return Status(Code::invalid,
                  "is not in imreg's own format: its rows have no checks; convertimreg reads it as it is")
        .in_file(path);
  }
  std::vector<std::pair<Uuid, std::string>> identities;
  if (const auto uuid = uuid_of(card)) identities.emplace_back(*uuid, "");
  if (const auto beside = File::open(base + ".journal", File::Mode::read)) {
    std::string head(1024, '\0');
    (void)beside->read(0, head.data(), head.size());
    const auto scan = scan_journal(head, {}, -1, 1);
    if (scan.head == JournalScan::Head::of_another)
      identities.emplace_back(scan.uuid, "its identity is that of the journal");
  }
  if (const auto index = File::open(base + ".idx", File::Mode::read)) {
    if (const auto head = index::read_head(*index)) {
      if (const auto uuid = uuid_of(head->uuid)) identities.emplace_back(*uuid, "its identity is that of the index");
    }
  }
  for (const Uuid& uuid : near_uuids(card))
    identities.emplace_back(uuid, "its identity was damaged and could be mended");

  std::int64_t best = -1;
  std::string how;
  for (auto& layout : layouts) {
    const auto rows = sample(file, layout, size);
    const bool from_header = own && own->native && &layout == &layouts.front();
    for (const auto& [uuid, note] : identities) {
      layout.uuid = uuid;
      if (!note.empty() && whole_of(rows, layout, 100) == 0) continue;  // one of many
      const std::int64_t whole = whole_of(rows, layout);
      if (whole <= best || (whole == 0 && !from_header)) continue;
      best = whole;
      container = layout;
      how = note;
      if (!from_header && how.empty()) how = "its identity could be read";
    }
    if (best <= 0) {
      if (const auto uuid = identity_by_rows(rows, layout)) {
        layout.uuid = *uuid;
        best = whole_of(rows, layout);
        container = layout;
        how = "its identity is known by the checks of its rows";
      }
    }
    if (best > 0) break;
  }
  if (best < 0) {
    return own && own->native ? Status(Code::corrupt, "none of its rows is whole").in_file(path)
                              : Status(own ? Code::invalid : own.status().code(),
                                       (own ? "is not in imreg's own format" : own.status().message()) +
                                           "; no row of one was found in it")
                                    .in_file(path);
  }
  if (!own)
    notes.push_back("the header is damaged (" + own.status().message() + "): the layout is that of format " +
                    container.schema->format + " version " + std::to_string(container.schema->version) + ", and " +
                    how);
  else if (!how.empty())
    notes.push_back("FILEUUID of the header is damaged: " + how);
  const auto counts = read_card_pair(file, container, PairKind::count);
  counted = counts && counts->valid;
  container.count = counted ? counts->first : 0;
  return {};
}

void Salvage::take_journal(const std::string& path) {
  const auto state = read_card_pair(file, container, PairKind::state);
  if (state && state->valid) newest_change = state->second;
  const auto opened = File::open(path, File::Mode::read);
  if (!opened) {
    if (opened.status().code() != Code::not_found) unread = opened.status();
    return;
  }
  const auto bytes = opened->size();
  auto mapped = bytes ? Map::of(*opened, *bytes) : Result<Map>(bytes.status());
  if (!mapped) {
    unread = mapped.status();
    return;
  }
  journal_map = *std::move(mapped);
  const std::int64_t generation = state && state->valid ? state->first : -1;
  journal = scan_journal({journal_map.data(), static_cast<std::size_t>(journal_map.size())}, container.uuid, generation,
                         record_size());
  if (journal.head == JournalScan::Head::newer) {
    unread = Status(Code::mismatch, "is that of a newer imreg");
    return;
  }
  if (journal.head == JournalScan::Head::of_another)
    return notes.push_back("the journal beside it is not taken: it is that of another file");
  missing = journal.missing(state && state->valid ? state->second : -1);
  if (journal.holds_behind_damage())
    notes.push_back("the journal is damaged at byte " + std::to_string(journal.end) +
                    "; what is whole behind it is taken too");
  const auto record = static_cast<std::size_t>(record_size());
  for (const auto& transaction : journal.transactions) {
    newest_change = std::max(newest_change, static_cast<std::int64_t>(transaction.sequence));
    if (transaction.many) large.push_back(&transaction);
    for (const auto& change : transaction.changes) pieces[change.row].push_back(change);
    std::int64_t row = transaction.rows_before;
    for (std::size_t at = 0; at + record <= transaction.added.size(); at += record, ++row)
      pieces[row].push_back(
          {row, 0, transaction.added.substr(at, record), static_cast<std::int64_t>(transaction.sequence)});
    container.count = std::max(container.count, row);
  }
}

bool Salvage::holds(std::int64_t row, const char* bytes) const {
  const auto* crc = container.schema->find("crc");
  return load(bytes, Field<std::uint32_t>{crc->offset}) ==
         record_crc(container.uuid, row, bytes, record_size(), crc->offset);
}

SealFields Salvage::seal() const {
  const auto* changeno = container.schema->find("changeno");
  return {changeno && changeno->type == Type::i64 ? changeno : nullptr, container.schema->find("crc")};
}

// Lays over the row what is newer than it, one transaction after the other, and keeps the last state that is whole.
Salvage::Fate Salvage::fate_of(std::int64_t row, std::string& bytes) const {
  const bool whole = holds(row, bytes.data());
  const auto found = pieces.find(row);
  if (found == pieces.end() && large.empty()) return whole ? Fate::whole : Fate::lost;
  const auto sealed = seal();
  const std::int64_t has =
      whole ? (sealed.changeno ? load_big<std::int64_t>(bytes.data() + sealed.changeno->offset) : 0) : -1;
  std::string work = bytes, best = whole ? bytes : std::string();
  bool newer = false, last_held = true;
  const auto laid = [&] {
    last_held = holds(row, work.data());
    if (last_held) best = work, newer = true;
  };
  std::size_t next = 0;
  const auto lay_until = [&](std::uint64_t sequence) {
    if (found == pieces.end()) return;
    const auto& all = found->second;
    for (; next < all.size() && static_cast<std::uint64_t>(all[next].sequence) <= sequence; ++next) {
      if (all[next].sequence <= has) continue;
      work.replace(all[next].offset, all[next].bytes.size(), all[next].bytes);
      if (next + 1 == all.size() || all[next + 1].sequence != all[next].sequence) laid();
    }
  };
  for (const auto* transaction : large) {
    lay_until(transaction->sequence);
    const auto edit = transaction->many->find(row);
    if (!edit || edit->number <= has) continue;
    transaction->many->lay(*edit, sealed, work.data());
    laid();
  }
  lay_until(kLargest);
  if (best.empty()) return Fate::lost;
  bytes = best;
  return !last_held ? Fate::older : newer ? Fate::newer : Fate::whole;
}

// Something was written there as a row: it has a check, and something that is checked. A stray byte has not.
bool Salvage::was_sealed(std::string row) const {
  const auto at = static_cast<std::size_t>(container.schema->find("crc")->offset);
  const bool check = row.find_first_not_of('\0', at) < at + 4;
  return check && row.replace(at, 4, 4, '\0').find_first_not_of('\0') != row.npos;
}

// The first row from `row` on that a change of the journal is about; a very large number when there is none.
std::int64_t Salvage::next_in_journal(std::int64_t row) const {
  const auto piece = pieces.lower_bound(row);
  std::int64_t next = piece == pieces.end() ? std::numeric_limits<std::int64_t>::max() : piece->first;
  for (const auto* transaction : large) next = std::min(next, transaction->many->next(row));
  return next;
}

Status Salvage::each(const Visit& visit) const {
  constexpr std::int64_t kPiece = 1 << 20;
  const std::int64_t record = record_size(),
                     in_file = std::max<std::int64_t>(0, (size - container.data_offset) / record);
  std::string piece, bytes(static_cast<std::size_t>(record), '\0');
  std::int64_t piece_from = 0, piece_end = 0;
  // Behind the rows that the file counts only what is whole is a row, and whatever stands in front of a whole one; when it
  // does not count them, all that is not zero; when it does, what was written as a row. So doubtful ones wait.
  std::vector<std::pair<std::int64_t, std::string>> doubtful;
  constexpr std::size_t kMostDoubtful = 1 << 16;
  const std::int64_t rows = std::max(container.count, in_file);
  for (std::int64_t row = 0; row < rows; ++row) {
    // Where nothing is counted and nothing is written there is no row; of those in front of a whole one enough wait.
    if (row >= piece_end && row >= container.count && row < in_file && doubtful.size() >= kMostDoubtful) {
      row = std::max(row, (file.next_data(place_of(row)) - container.data_offset) / record);
      if (row >= in_file) break;
    }
    if (row >= in_file) {
      const std::int64_t next = std::min(rows, next_in_journal(row));
      if (next > row && !visit(row, next - row, Fate::lost, nullptr)) return {};
      row = next;
      if (row == rows) break;
    }
    if (row >= piece_end && row < in_file) {
      piece_from = row;
      piece.resize(static_cast<std::size_t>(std::max<std::int64_t>(1, kPiece / record) * record));
      auto got = file.read(place_of(row), piece.data(), piece.size());
      if (!got)
        got = file.read(place_of(row), piece.data(), static_cast<std::size_t>(record));  // a bad sector, perhaps
      piece_end = row + (got ? static_cast<std::int64_t>(*got) / record : 0);
    }
    const bool there = row >= piece_from && row < piece_end;
    const std::size_t at = static_cast<std::size_t>((row - piece_from) * record);
    bytes = there ? piece.substr(at, static_cast<std::size_t>(record))
                  : std::string(static_cast<std::size_t>(record), '\0');
    const std::string raw = bytes;
    const Fate fate = fate_of(row, bytes);
    const bool zero = raw.find_first_not_of('\0') == raw.npos;
    if (fate == Fate::lost && row >= container.count) {
      if (doubtful.size() < kMostDoubtful) doubtful.emplace_back(row, zero ? std::string() : raw);
      continue;
    }
    if (fate != Fate::lost) {
      // Room that was taken ahead is no row: only what is not zero, or stands in front of a whole row.
      for (const auto& [before, text] : doubtful) {
        if (!visit(before, 1, Fate::lost, text.empty() ? nullptr : text.data())) return {};
      }
      doubtful.clear();
    }
    if (!visit(row, 1, fate, fate == Fate::lost ? (there ? raw.data() : nullptr) : bytes.data())) return {};
  }
  const auto was_row = [&](const std::string& text) { return !text.empty() && (!counted || was_sealed(text)); };
  while (!doubtful.empty() && !was_row(doubtful.back().second)) doubtful.pop_back();
  for (const auto& [before, text] : doubtful) {
    if (!visit(before, 1, Fate::lost, text.empty() ? nullptr : text.data())) return {};
  }
  return {};
}

}  // namespace imreg::upkeep
