// Writes and reads the stream of details.
#include "history/details.h"

#include <limits>

namespace imreg::history {

namespace {

enum Item : char { kDifference = 1, kRun = 2, kForget = 3, kOther = 4 };

// Differences that are remembered: as many as fit here. An archive has some ten thousand folders; names of files are all different.
constexpr std::size_t kKnownBytes = 16 << 20;
constexpr std::uint64_t kLongestText = 1 << 20;

void put_number(std::string& to, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) to += static_cast<char>(number | 0x80);
  to += static_cast<char>(number);
}

void put_text(std::string& to, std::string_view text) {
  put_number(to, text.size());
  to += text;
}

Status damaged() { return {Code::corrupt, "the details of a change are damaged"}; }

}  // namespace

DetailsBuilder::DetailsBuilder(std::string_view command) { put_text(bytes_, command); }

std::size_t DetailsBuilder::number_of(const Difference& difference) {
  scratch_.clear();
  put_number(scratch_, difference.size());
  for (const auto& field : difference) {
    put_text(scratch_, field.field);
    put_text(scratch_, field.before);
    put_text(scratch_, field.after);
  }
  if (const auto at = known_.find(scratch_); at != known_.end()) return at->second;
  if (known_bytes_ + scratch_.size() > kKnownBytes) {
    bytes_ += static_cast<char>(kForget);
    known_.clear();
    known_bytes_ = 0;
  }
  known_bytes_ += scratch_.size();
  bytes_ += static_cast<char>(kDifference);
  bytes_ += scratch_;
  return known_.emplace(scratch_, known_.size()).first->second;
}

void DetailsBuilder::end_run() {
  if (count_ == 0) return;
  bytes_ += static_cast<char>(kRun);
  put_number(bytes_, static_cast<std::uint64_t>(from_ - end_));
  put_number(bytes_, static_cast<std::uint64_t>(count_));
  put_number(bytes_, difference_);
  end_ = from_ + count_;
  count_ = 0;
}

void DetailsBuilder::add(std::int64_t row, std::int64_t count, const Difference& difference) {
  end_run();  // before its difference may be forgotten
  difference_ = number_of(difference);
  from_ = row;
  count_ = count;
  rows_ += count;
}

void DetailsBuilder::add_alike(std::int64_t row, std::int64_t count) {
  rows_ += count;
  if (count_ > 0 && row == from_ + count_) {
    count_ += count;
    return;
  }
  end_run();
  from_ = row;
  count_ = count;
}

void DetailsBuilder::add_other(const Difference& difference) {
  end_run();
  const std::size_t number = number_of(difference);
  bytes_ += static_cast<char>(kOther);
  put_number(bytes_, number);
}

Status DetailsReader::fill(std::size_t size) {
  while (buffer_.size() - at_ < size && !ended_) {
    IMREG_ASSIGN(const auto more, more_());
    ended_ = more.empty();
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_ += more;
  }
  return buffer_.size() - at_ < size ? damaged() : Status();
}

Result<std::uint64_t> DetailsReader::number() {
  std::uint64_t out = 0;
  for (int shift = 0; shift < 63; shift += 7) {
    IMREG_TRY(fill(1));
    const auto byte = static_cast<unsigned char>(buffer_[at_++]);
    out |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return out;
  }
  return damaged();
}

Result<std::string> DetailsReader::text() {
  IMREG_ASSIGN(const std::uint64_t size, number());
  if (size > kLongestText) return damaged();
  IMREG_TRY(fill(size));
  at_ += size;
  return buffer_.substr(at_ - size, size);
}

Result<std::string> DetailsReader::command() { return text(); }

Result<bool> DetailsReader::next(Run& run) {
  for (;;) {
    if (const Status status = fill(1); !status.ok()) {
      if (ended_) return false;
      return status;
    }
    switch (buffer_[at_++]) {
      case kForget: known_.clear(); break;
      case kDifference: {
        IMREG_ASSIGN(const std::uint64_t fields, number());
        if (fields > 1000) return damaged();
        Difference difference(fields);
        for (auto& field : difference) {
          IMREG_ASSIGN(field.field, text());
          IMREG_ASSIGN(field.before, text());
          IMREG_ASSIGN(field.after, text());
        }
        known_.push_back(std::move(difference));
        break;
      }
      case kRun: {
        IMREG_ASSIGN(const std::uint64_t gap, number());
        IMREG_ASSIGN(const std::uint64_t count, number());
        IMREG_ASSIGN(const std::uint64_t which, number());
        constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;
        if (which >= known_.size() || gap > kMost || count == 0 || count > kMost ||
            static_cast<std::uint64_t>(end_) > kMost)
          return damaged();
        run = {end_ + static_cast<std::int64_t>(gap), static_cast<std::int64_t>(count), &known_[which]};
        end_ = run.row + run.count;
        return true;
      }
      case kOther: {
        IMREG_ASSIGN(const std::uint64_t which, number());
        if (which >= known_.size()) return damaged();
        run = {-1, 1, &known_[which]};
        return true;
      }
      default: return damaged();
    }
  }
}

}  // namespace imreg::history
