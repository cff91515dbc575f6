// Gives the rows of an answer: each is read, checked and tested again.
#include "query/answer.h"

#include <algorithm>
#include <new>

namespace imreg {

std::int64_t row_of(std::string_view item) {
  return static_cast<std::int64_t>(load_big<std::uint64_t>(item.data() + item.size() - 8));
}

Result<std::int64_t> Rows::State::next_candidate() {
  if (sorted) {
    IMREG_ASSIGN(const auto* item, sorted->next());
    return item ? row_of(*item) : -1;
  }
  constexpr std::size_t kBatch = 1024;
  if (batch.empty() && !candidates.chosen) return std::int64_t{-1};
  if (batch.empty()) {
    candidates.chosen->each(at, [&](std::int64_t row) { return batch.push_back(row), batch.size() < kBatch; });
    if (batch.empty()) return std::int64_t{-1};
    at = batch.back() + 1;
    std::reverse(batch.begin(), batch.end());
  }
  const std::int64_t row = batch.back();
  batch.pop_back();
  return row;
}

Result<bool> Rows::State::next_group() {
  if (!sorted) return groups->next(record);
  IMREG_ASSIGN(const auto* item, sorted->next());
  if (!item) return false;
  record = Record(item->substr(item->size() - static_cast<std::size_t>(groups->schema().record_size)));
  return true;
}

bool Rows::State::next() {
  try {
    while (left > 0 && groups) {
      auto more = next_group();
      if (!more) status = more.status();
      if (!more || !*more) break;
      if (skip > 0) {
        --skip;
        continue;
      }
      --left;
      number = report.rows++;
      return true;
    }
    while (left > 0 && !groups) {
      auto row = next_candidate();
      if (!row) status = row.status();
      if (!row || *row < 0) break;
      if (auto read = reader.read(*row, record); !read.ok()) {
        report.damaged.add(std::move(read));
      } else if (!candidates.selection.matches(record.view())) {  // a writer changed it between the two looks
      } else if (skip > 0) {
        --skip;
      } else {
        --left;
        number = *row;
        ++report.rows;
        return true;
      }
    }
  } catch (const std::bad_alloc&) {
    status = no_memory();
  }
  left = 0;
  return false;
}

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;
const Schema& Rows::schema() const { return state_->groups ? state_->groups->schema() : state_->file->schema(); }
bool Rows::next() { return state_->next(); }
RecordView Rows::record() const { return state_->record.view(); }
std::int64_t Rows::number() const { return state_->number; }
const Status& Rows::status() const { return state_->status; }
const QueryReport& Rows::report() const { return state_->report; }

}  // namespace imreg
