#include "registry/key_table.h"

#include <cstring>
#include <functional>
#include <string_view>

#include "formats/regimage.h"
#include "registry/image_row.h"

namespace imreg {

namespace {
// Rows between the one that is looked at and the one whose cache line is fetched.
constexpr std::int64_t kAhead = 16;

// The first bytes of a file name: they tell most names apart.
std::uint64_t beginning(const char* name) {
  std::uint64_t word;
  std::memcpy(&word, name, sizeof word);
  return word;
}

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

void KeyTable::clear() {
  slots_.clear();
  used_ = 0;
  rows_ = 0;
}

void KeyTable::follow_names(const RecordFile& file, const PathRoots& roots, const std::vector<std::string>& names) {
  if (rows_ > 0) return follow(file, roots);
  clear();
  struct Name {
    std::uint64_t begins, mask;  // a record may fill its name with NUL or with blanks: only the name's own bytes count
    std::string_view text;
  };
  std::vector<Name> wanted;
  for (const auto& name : names) {
    char start[8] = {}, ones[8] = {};
    const std::size_t size = name.copy(start, sizeof start);
    std::memset(ones, 0xff, size);
    wanted.push_back({beginning(start), beginning(ones), name});
  }
  const auto look_at = [&](RecordView record, std::int64_t row) {
    const std::uint64_t begins = beginning(record.bytes() + regimage::kFilename.offset);
    for (const auto& name : wanted) {
      if ((begins & name.mask) == name.begins && record[regimage::kFilename] == name.text)
        insert(hash_of(key_of(record, roots)), row);
    }
  };
  Record scratch = file.make_record();
  for (std::int64_t row = 0, count = file.count(); row < count; ++row) {
    const RecordFile::Run run = file.run_in_place(row);
    for (const char* bytes = run.bytes; row < run.end; ++row, bytes += regimage::kRecordSize) {
      __builtin_prefetch(bytes + kAhead * regimage::kRecordSize + regimage::kFilename.offset);  // never faults
      look_at(RecordView(bytes), row);
    }
    if (row < count) look_at(file.peek(row, scratch), row);
  }
}

void KeyTable::follow(const RecordFile& file, const PathRoots& roots) {
  if (file.uuid() != uuid_ || file.count() < rows_ || file.change_number() != change_number_) {
    clear();
    uuid_ = file.uuid();
  }
  if (rows_ == 0) clear();  // of what follow_names() took in
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
