// Opens an index for its check, and adds up what the rows say.
#include "scan/index_check.h"

#include <algorithm>

#include "scan/index_sums.h"

namespace imreg::index {

IndexCheck::IndexCheck(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexCheck::IndexCheck(IndexCheck&&) noexcept = default;
IndexCheck& IndexCheck::operator=(IndexCheck&&) noexcept = default;
IndexCheck::~IndexCheck() = default;

Result<IndexCheck> IndexCheck::open(const RecordFile& file) {
  if (!file.is_native()) return Status(Code::not_found, "only imreg's own files have an index").in_file(file.path());
  auto state = std::make_unique<State>(file.schema());
  IMREG_ASSIGN(state->file, File::open(index_path(file.path()), File::Mode::read));
  IMREG_ASSIGN(state->head, read_head(state->file));
  if (const auto why = why_unfit(state->head, file, state->fields); !why.empty())
    return Status(Code::mismatch, why).in_file(state->file.path());
  for (std::int64_t i = 0; i < state->head.segment_count; ++i) {
    IMREG_ASSIGN(auto source,
                 source_of(state->file, state->head.nonce, state->head.segments[i].head_page, state->fields));
    state->segments.push_back(source.head);
  }
  state->changed.assign(state->head.changed, state->head.changed + state->head.changed_count);
  std::sort(state->changed.begin(), state->changed.end());
  return IndexCheck(std::move(state));
}

std::int64_t IndexCheck::covered() const { return state_->head.covered; }
std::int64_t IndexCheck::bytes() const { return state_->head.pages * kPage; }
std::int64_t IndexCheck::segments() const { return state_->head.segment_count; }

IndexCheck::Sums::Sums(const IndexCheck& check) : check_(&check), of_column_(check.state_->columns.size()) {
  const State& s = *check.state_;
  for (std::size_t i = 0; i < s.fields.codes.size(); ++i) {
    if (s.fields.codes[i]->type == Type::text) texts_.push_back({s.codes + i, s.fields.codes[i], {}});
  }
  for (std::size_t i = 0; i < s.fields.names.size(); ++i) texts_.push_back({s.names + i, s.fields.names[i], {}});
}

void IndexCheck::Sums::leave_out(std::int64_t row) { left_out_.push_back(row); }

void IndexCheck::Sums::add(const Sums& others) {
  for (std::size_t i = 0; i < of_column_.size(); ++i) of_column_[i] += others.of_column_[i];
  left_out_.insert(left_out_.end(), others.left_out_.begin(), others.left_out_.end());
  odd_ra_ += others.odd_ra_;
  if (first_odd_ra_ < 0 || (others.first_odd_ra_ >= 0 && others.first_odd_ra_ < first_odd_ra_))
    first_odd_ra_ = others.first_odd_ra_;
}

void IndexCheck::Sums::add(std::int64_t row, const char* record, bool same_texts) {
  const State& s = *check_->state_;
  if (row >= s.head.covered) return;
  if (std::binary_search(s.changed.begin(), s.changed.end(), row)) return;  // is looked at by itself
  // Changed since the index was opened.
  if (s.changeno && load_big<std::int64_t>(record + s.changeno->offset) > std::max(s.head.done, s.head.announced))
    return leave_out(row);
  same_texts &= last_row_ == row - 1;
  last_row_ = row;
  const std::uint64_t key = row_key(row);
  const auto add_value = [&](std::size_t column, std::uint64_t value) {
    of_column_[column] += pair_hash(column, key, value);
  };
  add_value(s.rows_column, 0);
  if (s.fields.time) add_value(s.time, bits_of(load_big<double>(record + s.fields.time->offset)));
  if (s.fields.length) add_value(s.length, bits_of(load_big<float>(record + s.fields.length->offset)));
  for (std::size_t i = 0; i < s.fields.codes.size(); ++i) {
    const FieldInfo& field = *s.fields.codes[i];
    if (field.type != Type::text) add_value(s.codes + i, code_hash(field, record + field.offset));
  }
  for (Text& text : texts_) {
    const std::string_view now(record + text.field->offset, static_cast<std::size_t>(text.field->count));
    if (!same_texts && now != text.last) {
      text.last = now;
      text.hash = code_hash(*text.field, now.data());
    }
    add_value(text.column, text.hash);
  }
  if (!s.fields.ra) return;
  const double ra = load_big<double>(record + s.fields.ra->offset),
               dec = load_big<double>(record + s.fields.dec->offset);
  Place at;
  const bool placed = place_of(ra, dec, at);
  if (placed) add_value(s.place, static_cast<std::uint64_t>(at.ra) << 32U | at.dec);
  if (is_odd_place(placed, ra, dec)) return add_value(s.odd, 0);
  if (!placed || (ra >= 0 && ra <= 360)) return;
  for (const auto& segment : s.segments) {
    if (row >= segment.base && row < segment.end && ra >= segment.least_ra && ra <= segment.greatest_ra) return;
  }
  if (odd_ra_++ == 0) first_odd_ra_ = row;
}

}  // namespace imreg::index
