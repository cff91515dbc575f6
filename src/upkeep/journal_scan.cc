// Parses head, hint and every whole transaction of a journal, damaged parts between them or not.
#include "upkeep/journal_scan.h"

#include <algorithm>
#include <cstring>

#include "imreg/record.h"
#include "record/crc32c.h"

namespace imreg::upkeep {

namespace {

constexpr std::size_t kHint = 512, kFirst = 1024;
constexpr std::size_t kHeadSize = 40, kHintSize = 76, kTransactionHead = 44;
constexpr std::string_view kMagic = "IMREGJNL";
constexpr char kTransactionMagic[] = "TXN1";

std::uint32_t check_of(const Uuid& uuid, std::string_view bytes) {
  return crc32c(crc32c(0, uuid.data(), uuid.size()), bytes);
}
bool holds(const Uuid& uuid, std::string_view bytes) {
  return load_big<std::uint32_t>(bytes.data() + bytes.size() - 4) == check_of(uuid, bytes.substr(0, bytes.size() - 4));
}
bool is_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

// The transaction at the front of `in`, and its size.
std::optional<std::pair<Transaction, std::size_t>> transaction_at(std::string_view in, const Uuid& uuid,
                                                                  std::int64_t generation, std::int64_t record_size) {
  if (in.size() < kTransactionHead + 4 || in.substr(0, 4) != kTransactionMagic) return std::nullopt;
  if (load_big<std::int64_t>(in.data() + 4) != generation) return std::nullopt;
  Transaction out;
  out.sequence = load_big<std::uint64_t>(in.data() + 12);
  out.rows_before = load_big<std::int64_t>(in.data() + 20);
  const auto changes = load_big<std::uint64_t>(in.data() + 28), added = load_big<std::uint64_t>(in.data() + 36);
  const std::size_t room = in.size() - kTransactionHead - 4;
  if (changes > room || added > room - changes || added % static_cast<std::uint64_t>(record_size) != 0)
    return std::nullopt;
  if (out.sequence > kLargest || out.rows_before < 0 || out.rows_before > kLargest / record_size) return std::nullopt;
  const std::size_t size = kTransactionHead + changes + added + 4;
  if (!holds(uuid, in.substr(0, size))) return std::nullopt;
  std::string_view body = in.substr(kTransactionHead, changes);
  while (body.size() >= 16) {
    Change change{load_big<std::int64_t>(body.data()),
                  load_big<std::uint32_t>(body.data() + 8),
                  {},
                  static_cast<std::int64_t>(out.sequence)};
    const auto length = load_big<std::uint32_t>(body.data() + 12);
    body.remove_prefix(16);
    if (length > body.size() || change.offset + std::int64_t{length} > record_size) return std::nullopt;
    if (change.row < 0 || change.row >= out.rows_before) return std::nullopt;
    change.bytes = body.substr(0, length);
    body.remove_prefix(length);
    out.changes.push_back(change);
  }
  out.added = in.substr(kTransactionHead + changes, added);
  return std::pair(std::move(out), size);
}

}  // namespace

JournalScan scan_journal(std::string_view bytes, const Uuid& uuid, std::int64_t generation, std::int64_t record_size) {
  JournalScan out;
  if (bytes.size() < kFirst) return out;
  const std::string_view head = bytes.substr(0, kHeadSize), hint = bytes.substr(kHint, kHintSize);
  std::memcpy(out.uuid.data(), head.data() + 12, out.uuid.size());
  out.generation = load_big<std::int64_t>(head.data() + 28);
  out.head = JournalScan::Head::damaged;
  if (head.starts_with(kMagic) && holds(out.uuid, head)) {
    out.head = out.uuid != uuid                                ? JournalScan::Head::of_another
               : load_big<std::uint32_t>(head.data() + 8) != 1 ? JournalScan::Head::newer
                                                               : JournalScan::Head::good;
  }
  if (generation < 0) generation = out.generation;
  out.hint_empty = is_zero(hint);
  out.hint_good = holds(uuid, hint) && load_big<std::int64_t>(hint.data() + 40) == generation;
  if (out.hint_good) out.hint_end = load_big<std::int64_t>(hint.data() + 48);
  const auto stray = [&](std::size_t from, std::size_t end) {
    const auto at = bytes.substr(0, end).find_first_not_of('\0', from);
    if (at != bytes.npos && out.stray_byte < 0) out.stray_byte = static_cast<std::int64_t>(at);
  };
  stray(kHeadSize, kHint);
  stray(kHint + kHintSize, kFirst);

  std::size_t at = kFirst;
  const auto take = [&] {
    auto found = transaction_at(bytes.substr(at), uuid, generation, record_size);
    if (!found) return false;
    at += found->second;
    out.transactions.push_back({std::move(found->first), static_cast<std::int64_t>(at)});
    return true;
  };
  while (take()) ++out.chained;
  out.end = out.last_end = static_cast<std::int64_t>(at);
  // What is left of older generations is of theirs: only the magic and this generation together begin one of ours.
  char begin[13] = {};
  std::memcpy(begin, kTransactionMagic, 4);
  store_big(begin + 4, generation);
  const std::string_view wanted(begin, 12);
  out.begun_behind_end = bytes.substr(at).starts_with(wanted);
  while ((at = bytes.find(wanted, at)) != bytes.npos) {
    if (take())
      out.last_end = static_cast<std::int64_t>(at);
    else
      ++at;
  }
  return out;
}

}  // namespace imreg::upkeep
