// Groups of rows that change alike: made, checked, found by row, laid over a record.
#include "record/many_changes.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "imreg/record.h"
#include "record/container.h"

namespace imreg {

namespace {

constexpr std::size_t kGroupHead = 8 + 8 + 4 + 4;
constexpr std::size_t kPieceHead = 4 + 4;
// So that a group with its checks is small and a row is found in it soon.
constexpr std::size_t kMostTogether = 1024;
constexpr std::size_t kMarkEvery = 4096;
constexpr std::int64_t kNoRow = std::numeric_limits<std::int64_t>::max();

// Calls visit(offset, bytes) for each piece of an edit. False: they do not fit into the record, or into the edit.
template <class Visit>
bool each_piece(std::string_view edit, std::int64_t record_size, const Visit& visit) {
  while (!edit.empty()) {
    if (edit.size() < kPieceHead) return false;
    const auto offset = load_big<std::uint32_t>(edit.data()), length = load_big<std::uint32_t>(edit.data() + 4);
    edit.remove_prefix(kPieceHead);
    if (length > edit.size() || std::int64_t{offset} + length > record_size) return false;
    visit(offset, edit.substr(0, length));
    edit.remove_prefix(length);
  }
  return true;
}

// Where two records differ, from `at` on.
std::size_t next_difference(const char* a, const char* b, std::size_t at, std::size_t size) {
  for (; at + 8 <= size; at += 8) {
    std::uint64_t x, y;
    std::memcpy(&x, a + at, sizeof x);
    std::memcpy(&y, b + at, sizeof y);
    if (x != y) break;
  }
  while (at < size && a[at] == b[at]) ++at;
  return at;
}

}  // namespace

std::optional<ManyChanges::Group> ManyChanges::group_at(std::size_t place) const {
  if (place > bytes_.size() || bytes_.size() - place < kGroupHead) return std::nullopt;
  // Each number is read once, and then checked: a writer may change them under us.
  const char* const at = bytes_.data() + place;
  Group out;
  out.row = load_big<std::int64_t>(at);
  out.number = load_big<std::int64_t>(at + 8);
  out.rows = load_big<std::uint32_t>(at + 16);
  const std::size_t edit = load_big<std::uint32_t>(at + 20), checks = static_cast<std::size_t>(out.rows) * 4;
  const std::size_t left = bytes_.size() - place - kGroupHead;
  if (out.row < 0 || out.row > kLargest || out.number < 0 || out.number > kLargest || out.rows == 0)
    return std::nullopt;
  if (edit > left || checks > left - edit) return std::nullopt;
  out.edit = bytes_.substr(place + kGroupHead, edit);
  out.checks = bytes_.substr(place + kGroupHead + edit, checks);
  out.end = place + kGroupHead + edit + checks;
  return out;
}

std::optional<ManyChanges> ManyChanges::parse(std::string_view bytes, std::int64_t rows, std::int64_t record_size) {
  ManyChanges out;
  out.bytes_ = bytes;
  out.record_size_ = record_size;
  std::size_t place = 0;
  for (std::int64_t end = 0; place < bytes.size();) {
    const auto group = out.group_at(place);
    if (!group || group->row < end || group->row > rows - group->rows) return std::nullopt;
    if (!each_piece(group->edit, record_size, [](std::size_t, std::string_view) {})) return std::nullopt;
    if (out.marks_.empty() || place - out.marks_.back().place >= kMarkEvery) out.marks_.push_back({group->row, place});
    end = group->row + group->rows;
    place = group->end;
  }
  return out;
}

std::optional<ManyChanges::Group> ManyChanges::group_from(std::int64_t row) const {
  auto mark = std::upper_bound(marks_.begin(), marks_.end(), row,
                               [](std::int64_t number, const Mark& of) { return number < of.row; });
  if (mark != marks_.begin()) --mark;
  if (mark == marks_.end()) return std::nullopt;
  auto group = group_at(mark->place);
  while (group && group->row + group->rows <= row) group = group_at(group->end);
  return group;
}

std::int64_t ManyChanges::next(std::int64_t from) const {
  const auto group = group_from(from);
  return group ? std::max(from, group->row) : kNoRow;
}

std::optional<RowEdit> ManyChanges::find(std::int64_t row) const {
  const auto group = group_from(row);
  if (!group || group->row > row) return std::nullopt;
  return group->edit_of(row - group->row);
}

void ManyChanges::lay(const RowEdit& edit, const SealFields& seal, char* record) const {
  each_piece(edit.edit, record_size_,
             [record](std::size_t offset, std::string_view bytes) { bytes.copy(record + offset, bytes.size()); });
  if (seal.changeno) store_big(record + seal.changeno->offset, edit.number);
  edit.check.copy(record + seal.crc->offset, 4);
}

void ManyChangesBuilder::compare_part(const char* old, const char* fresh, std::size_t offset, std::size_t size) {
  edit_.clear();
  for (std::size_t at = next_difference(old, fresh, 0, size); at < size;) {
    // Equal bytes shorter than the head of another piece are told, too.
    std::size_t end = at, next = at;
    do {
      while (next < size && old[next] != fresh[next]) ++next;
      end = next;
      next = next_difference(old, fresh, end, size);
    } while (next < size && next - end <= kPieceHead);
    put(edit_, static_cast<std::uint32_t>(offset + at));
    put(edit_, static_cast<std::uint32_t>(end - at));
    edit_.append(fresh + at, end - at);
    at = next;
  }
}

void ManyChangesBuilder::add(std::int64_t row, std::int64_t number, std::string_view check) {
  const std::size_t rows = checks_.size() / 4;
  const bool alike = rows > 0 && rows < kMostTogether && row == row_ + static_cast<std::int64_t>(rows) &&
                     number == number_ && edit_ == group_edit_;
  if (!alike) {
    finish();
    row_ = row;
    number_ = number;
    group_edit_ = edit_;
  }
  checks_ += check;
  last_row_ = row;
}

void ManyChangesBuilder::finish() {
  if (checks_.empty()) return;
  put(bytes_, row_);
  put(bytes_, number_);
  put(bytes_, static_cast<std::uint32_t>(checks_.size() / 4));
  put(bytes_, static_cast<std::uint32_t>(group_edit_.size()));
  bytes_ += group_edit_;
  bytes_ += checks_;
  checks_.clear();
}

}  // namespace imreg
