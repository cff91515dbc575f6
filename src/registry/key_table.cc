#include "registry/key_table.h"

#include <functional>
#include <string_view>

#include "registry/image_row.h"

namespace imreg {

namespace {
std::uint64_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key) | 1; }
}  // namespace

void KeyTable::grow(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  used_ = 0;
  for (const Slot& slot : old) {
    if (slot.row >= 0) insert(slot.hash, slot.row);
  }
}

void KeyTable::insert(std::uint64_t hash, std::int64_t row) {
  if ((used_ + 1) * 2 > slots_.size()) grow(slots_.empty() ? 1024 : slots_.size() * 2);
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].row >= 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {hash, row};
  ++used_;
}

void KeyTable::follow(const RecordFile& file, const PathRoots& roots) {
  if (file.uuid() != uuid_ || file.count() < rows_ || file.change_number() != change_number_) {
    slots_.clear();
    used_ = 0;
    rows_ = 0;
    uuid_ = file.uuid();
  }
  std::size_t slots = 1024;
  while (slots < static_cast<std::size_t>(file.count()) * 2 + 2) slots *= 2;
  if (slots > slots_.size()) grow(slots);
  Record scratch = file.make_record();
  for (; rows_ < file.count(); ++rows_) insert(hash_of(key_of(file.peek(rows_, scratch), roots)), rows_);
  change_number_ = file.change_number();
}

std::int64_t KeyTable::find(const std::string& key, const RecordFile& file, const PathRoots& roots) const {
  if (slots_.empty()) return -1;
  const std::uint64_t hash = hash_of(key);
  Record scratch = file.make_record();
  for (std::size_t at = hash & (slots_.size() - 1); slots_[at].row >= 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && key_of(file.peek(slots_[at].row, scratch), roots) == key) return slots_[at].row;
  }
  return -1;
}

}  // namespace imreg
