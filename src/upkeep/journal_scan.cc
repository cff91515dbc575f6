// Parses head, hint and every whole transaction of a journal, damaged parts between them or not.
#include "upkeep/journal_scan.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "imreg/record.h"
#include "os/lock.h"
#include "os/map.h"
#include "record/crc32c.h"
#include "upkeep/findings.h"

namespace imreg::upkeep {

namespace {

constexpr std::size_t kHint = 512, kFirst = 1024;
constexpr std::size_t kHeadSize = 40, kHintSize = 92, kOldHintSize = 76;
constexpr std::string_view kMagic = "IMREGJNL";
constexpr std::string_view kTransactionMagics[] = {"TXN1", "TXN2"};

std::uint32_t check_of(const Uuid& uuid, std::string_view bytes) {
  return crc32c(crc32c(0, uuid.data(), uuid.size()), bytes);
}
bool holds(const Uuid& uuid, std::string_view bytes) {
  return load_big<std::uint32_t>(bytes.data() + bytes.size() - 4) == check_of(uuid, bytes.substr(0, bytes.size() - 4));
}
bool is_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

}  // namespace

JournalScan scan_journal(std::string_view bytes, const Uuid& uuid, std::int64_t generation, std::int64_t record_size) {
  JournalScan out;
  if (bytes.size() < kFirst) return out;
  const std::string_view head = bytes.substr(0, kHeadSize), hint = bytes.substr(kHint, kHintSize);
  std::memcpy(out.uuid.data(), head.data() + 12, out.uuid.size());
  out.generation = load_big<std::int64_t>(head.data() + 28);
  out.head = JournalScan::Head::damaged;
  if (head.starts_with(kMagic) && holds(out.uuid, head)) {
    out.head = out.uuid != uuid                               ? JournalScan::Head::of_another
               : load_big<std::uint32_t>(head.data() + 8) > 2 ? JournalScan::Head::newer
                                                              : JournalScan::Head::good;
  }
  if (generation < 0) generation = out.generation;
  const bool hint_holds =
      holds(uuid, hint) || holds(uuid, hint.substr(0, kOldHintSize));  // without the row, as it was first
  const auto hint_generation = load_big<std::int64_t>(hint.data() + 40);
  out.hint_empty = is_zero(hint) || (hint_holds && hint_generation < generation);
  out.hint_good = hint_holds && hint_generation == generation;
  if (out.hint_good) out.hint_end = load_big<std::int64_t>(hint.data() + 48);
  const auto stray = [&](std::size_t from, std::size_t end) {
    const auto at = bytes.substr(0, end).find_first_not_of('\0', from);
    if (at != bytes.npos && out.stray_byte < 0) out.stray_byte = static_cast<std::int64_t>(at);
  };
  stray(kHeadSize, kHint);
  stray(kHint + kHintSize, kFirst);

  std::size_t at = kFirst;
  const auto take = [&] {
    std::size_t used = 0;
    auto found = transaction_at(bytes.substr(at), uuid, generation, record_size, used);
    if (!found) return false;
    at += used;
    out.transactions.push_back({*std::move(found), static_cast<std::int64_t>(at)});
    return true;
  };
  while (take()) ++out.chained;
  out.end = static_cast<std::int64_t>(at);
  // What is left of older generations is of theirs: only a magic and this generation together begin one of ours.
  for (const std::string_view magic : kTransactionMagics) {
    char begin[12];
    magic.copy(begin, 4);
    store_big(begin + 4, generation);
    const std::string_view wanted(begin, sizeof begin);
    out.begun_behind_end |= bytes.substr(static_cast<std::size_t>(out.end)).starts_with(wanted);
  }
  while (auto found = next_transaction(bytes, at, bytes.size(), uuid, generation, record_size))
    out.transactions.push_back({*std::move(found), static_cast<std::int64_t>(at)});
  // A power cut has left room without a head: what was to be the first change was not synced.
  if (is_zero(bytes.substr(0, kFirst)) && out.transactions.empty()) out.head = JournalScan::Head::none;
  return out;
}

std::vector<std::int64_t> JournalScan::missing(std::int64_t before) const {
  constexpr std::size_t kMost = 1 << 16;
  std::vector<std::int64_t> out;
  if (!holds_behind_damage()) return out;
  const auto number = [&](std::size_t i) { return static_cast<std::int64_t>(transactions[i].sequence); };
  // Where nothing says what came before the first one, the damaged one in front of it is one.
  std::int64_t last = chained > 0 ? number(chained - 1) : before >= 0 ? before : number(0) - 2;
  for (std::size_t i = chained; i < transactions.size(); last = std::max(last, number(i++))) {
    for (std::int64_t gone = last + 1; gone < number(i) && out.size() < kMost; ++gone) out.push_back(gone);
  }
  return out;
}

Status refuse_to_clear_changes(const std::string& path) {
  const std::string base = resolved_path(path);
  // Who holds the lock has brought the file in order already; what he writes may look torn. So only what stays is damage.
  for (int look = 0; look < 2; ++look) {
    const auto file = File::open(path, File::Mode::read);
    if (file.status().code() == Code::not_found) return explained(file.status(), path);
    const auto journal = File::open(base + ".journal", File::Mode::read);
    const bool none = journal.status().code() == Code::not_found;
    if (WriterLock::is_held(base + ".lock") || !file || none) return {};
    const auto container = read_container(*file);
    if (!container || !container->native) return {};  // said by who opens it
    IMREG_TRY(journal.status());
    IMREG_ASSIGN(const auto size, journal->size());
    IMREG_ASSIGN(const auto map, Map::of(*journal, size));
    IMREG_ASSIGN(const auto state, read_card_pair(*file, *container, PairKind::state));
    const auto scan = scan_journal({map.data(), static_cast<std::size_t>(map.size())}, container->uuid,
                                   state.valid ? state.first : -1, container->schema->record_size);
    if (WriterLock::is_held(base + ".lock") || !scan.holds_behind_damage()) return {};
  }
  return Status(Code::corrupt,
                "whole changes stand behind a damaged one, and this would clear them: save them with imcheck -repair "
                "NEW.db first")
      .in_file(base + ".journal");
}

}  // namespace imreg::upkeep
