// One field of many rows gets other values, as one step. The rest of a row is not looked at, so that a million rows cost as much
// as their paths, and not as their records.
//
// CRC-32C is affine: texts of the same length that differ in a few bytes have checks that differ by what these bytes and their
// place say, whatever the rest is. So a row that was whole is whole again, and one that was damaged stays so: its check is
// wrong by as much as before.
#include <algorithm>
#include <cstring>

#include "record/crc32c.h"
#include "record/writer_state.h"

namespace imreg {

namespace {

// Neighbours with the same value are looked at twice, while they are in the processor's cache.
constexpr std::int64_t kMostAtOnce = 512;
constexpr std::int64_t kAhead = 16;

std::uint32_t difference(const FieldInfo& field, const char* old, const char* fresh, std::int64_t record_size) {
  return crc32c_difference(old, fresh, static_cast<std::size_t>(field.size()),
                           static_cast<std::size_t>(record_size - field.offset - field.size()));
}

// By what the checks of rows change when their change number becomes another. Neighbours usually have the same one.
class NumberDifference {
 public:
  NumberDifference(const FieldInfo* field, std::int64_t record_size) : field_(field), record_size_(record_size) {}
  std::uint32_t of(const char* old, std::int64_t number) {
    if (!field_ || (number == number_ && std::memcmp(old, old_, sizeof old_) == 0)) return difference_;
    std::memcpy(old_, old, sizeof old_);
    char fresh[8];
    store_big(fresh, number_ = number);
    return difference_ = difference(*field_, old_, fresh, record_size_);
  }

 private:
  const FieldInfo* field_;
  std::int64_t record_size_;
  char old_[8] = {};
  std::int64_t number_ = -1;  // no change has it
  std::uint32_t difference_ = 0;
};

}  // namespace

Status RecordWriter::change_field(const FieldInfo& field, const NextRow& next, const FieldEdit& edit,
                                  const CommitSteps& steps) {
  auto& seen = state_->seen();
  IMREG_TRY(state_->refuse_if_broken());
  const FieldInfo* const known = seen.container.schema->find(field.name);
  if (!known || known->offset != field.offset || known->size() != field.size() || known == seen.crc ||
      known == seen.changeno)
    return Status(Code::invalid, "field " + field.name + " is none that can be changed").in_file(file().path());
  IMREG_TRY(state_->open_journal());
  const DropAdded dropping{*state_->journal};
  RowFollower* const follower = state_->options.follower;

  const auto size = static_cast<std::size_t>(field.size());
  const std::int64_t record_size = seen.record_size();
  const auto row_at = [&](std::int64_t row) { return seen.map.data() + seen.place_of(row); };
  const auto next_row = [&](std::int64_t from) { return next ? std::max(next(from), from) : from; };
  const auto has_value = [&](std::int64_t row, const char* value) {
    const char* const at = row_at(row);
    const char* const ahead = at + kAhead * record_size;  // a prefetch never faults
    for (std::size_t line = 0; line < size; line += 64) __builtin_prefetch(ahead + field.offset + line);
    __builtin_prefetch(ahead + seen.crc->offset);
    if (seen.changeno) __builtin_prefetch(ahead + seen.changeno->offset);
    return std::memcmp(at + field.offset, value, size) == 0;
  };

  ManyChangesBuilder builder(record_size);
  NumberDifference numbers(seen.changeno, record_size);
  std::int64_t number = seen.change_number + 1;
  bool changed = false;
  for (std::int64_t row = next_row(0), end = 0, following = 0; row < seen.count; row = following) {
    const char* const old = row_at(row) + field.offset;
    end = row + 1;
    following = next_row(end);
    while (following == end && end < seen.count && end - row < kMostAtOnce && has_value(end, old))
      following = next_row(++end);
    std::int64_t rows = end - row;
    IMREG_ASSIGN(const std::string_view fresh, edit(row, rows, std::string_view(old, size)));
    if (rows < end - row) following = end = row + rows;
    if (fresh.empty()) continue;
    if (fresh.size() != size)
      return Status(Code::invalid, "a value of " + std::to_string(fresh.size()) + " bytes for field " + field.name)
          .in_file(file().path())
          .at_record(row);
    builder.compare_part(old, fresh.data(), static_cast<std::size_t>(field.offset), size);
    const std::uint32_t by_value = difference(field, old, fresh.data(), record_size);
    for (std::int64_t i = row; i < end; ++i) {
      const char* const at = row_at(i);
      const char* const old_number = seen.changeno ? at + seen.changeno->offset : nullptr;
      // As in commit(): a row may be ahead of the file's own number.
      if (old_number && load_big<std::int64_t>(old_number) >= number)
        number = std::max(number, seen.change_of(i, at) + 1);
      char check[4];
      store_big(check, load_big<std::uint32_t>(at + seen.crc->offset) ^ by_value ^ numbers.of(old_number, number));
      builder.add(i, number, {check, sizeof check});
    }
    changed = true;
    if (follower) follower->collect(file(), field, row, end);
    if (steps.change) steps.change(row, end - row, std::string_view(old, size), fresh);
    IMREG_TRY(state_->add_to_journal(builder));
  }
  if (seen.map.lost()) return Status(Code::io, "some of its rows cannot be read").in_file(file().path());
  if (!changed) return {};
  return state_->commit_added(builder, number, steps);
}

}  // namespace imreg
