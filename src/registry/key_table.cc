// Finds the rows of a batch of files by their keys.
#include "registry/key_table.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "formats/regimage.h"
#include "imreg/scan.h"
#include "registry/image_row.h"

namespace imreg {

namespace {
std::uint64_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key) | 1; }
}  // namespace

std::size_t KeyTable::place_of(std::uint64_t hash) const {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].last >= 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void KeyTable::grow(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.last >= 0) slots_[place_of(slot.hash)] = slot;
  }
}

void KeyTable::insert(std::uint64_t hash, std::int64_t row) {
  if ((used_ + 1) * 2 > slots_.size()) grow(slots_.empty() ? 1024 : slots_.size() * 2);
  Slot& slot = slots_[place_of(hash)];
  if (slot.last < 0) ++used_;
  entries_.push_back({row, slot.last});
  slot = {hash, static_cast<std::int64_t>(entries_.size()) - 1};
}

Status KeyTable::take(const RecordFile& file, const PathRoots& roots, const std::vector<std::string>& names) {
  slots_.clear();
  entries_.clear();
  used_ = 0;
  Selection selection;
  std::vector<TextPattern> patterns;
  patterns.reserve(names.size());
  for (const auto& name : names) patterns.push_back({name, TextPattern::How::exact});
  IMREG_TRY(selection.patterns(file.schema(), "filename", std::move(patterns)));
  Record scratch = file.make_record();
  find_rows(file, selection, {}).each(0, [&](std::int64_t row) {
    insert(hash_of(file_key_of(file.peek(row, scratch), roots)), row);
    return true;
  });
  return {};
}

std::vector<std::int64_t> KeyTable::rows_of(const std::string& file_key, const RecordFile& file,
                                            const PathRoots& roots) const {
  std::vector<std::int64_t> rows;
  if (slots_.empty()) return rows;
  Record scratch = file.make_record();
  for (std::int64_t at = slots_[place_of(hash_of(file_key))].last; at >= 0; at = entries_[at].before) {
    if (file_key_of(file.peek(entries_[at].row, scratch), roots) == file_key) rows.push_back(entries_[at].row);
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

std::vector<std::int64_t> KeyTable::rows() const {
  std::vector<std::int64_t> rows;
  for (const Entry& entry : entries_) rows.push_back(entry.row);
  return rows;
}

}  // namespace imreg
