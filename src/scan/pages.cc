// Reads and writes pages with their checks.
#include "scan/pages.h"

#include <algorithm>

#include "record/crc32c.h"

namespace imreg::index {

namespace {
constexpr std::int64_t kPagesRead = 32;  // at a time, when a column is walked
}

std::uint64_t page_check(std::uint64_t nonce, std::int64_t page, const char* payload) {
  const std::uint64_t head[2] = {nonce, static_cast<std::uint64_t>(page)};
  const std::uint32_t crc = crc32c(crc32c(0, head, sizeof head), payload, static_cast<std::size_t>(kPayload));
  return crc | (nonce << 32U);
}

bool PageReader::fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
  return false;
}

bool PageReader::damaged(std::int64_t page) {
  return fail(Status(Code::corrupt, "a page of the index is damaged").in_file(file_->path()).at_byte(page * kPage));
}

const char* PageReader::payload(std::int64_t page) {
  if (page < 0)
    return fail(Status(Code::corrupt, "the index points outside of itself").in_file(file_->path())), nullptr;
  if (held_[last_] == page + 1) return payloads_[last_].get();
  last_ = static_cast<std::size_t>(std::find(held_.begin(), held_.end(), page + 1) - held_.begin());
  if (last_ < kSlots) return payloads_[last_].get();
  last_ = next_;
  next_ = (next_ + 1) % kSlots;
  if (!payloads_[last_]) payloads_[last_] = std::make_unique_for_overwrite<char[]>(kPayload);
  char* const bytes = payloads_[last_].get();
  held_[last_] = 0;
  if (!read_run(page, 1, bytes)) return nullptr;
  held_[last_] = page + 1;
  return bytes;
}

// The payloads of pages, one behind the other: each check goes to a place of its own.
bool PageReader::read_run(std::int64_t page, std::int64_t pages, char* to) {
  std::array<std::uint64_t, kPagesRead> checks;
  std::array<iovec, 2 * kPagesRead> parts;
  const auto n = static_cast<std::size_t>(pages);
  for (std::size_t i = 0; i < n; ++i) {
    parts[2 * i] = {to + i * kPayload, kPayload};
    parts[2 * i + 1] = {&checks[i], sizeof checks[i]};
  }
  if (auto status = file_->read_exactly(page * kPage, {parts.data(), 2 * n}); !status.ok())
    return fail(std::move(status));
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t number = page + static_cast<std::int64_t>(i);
    if (checks[i] != page_check(nonce_, number, to + i * kPayload)) return damaged(number);
  }
  return true;
}

bool PageReader::copy(const Extent& extent, std::int64_t from, std::int64_t size, char* to) {
  if (from < 0 || size < 0 || from + size > extent.bytes)
    return fail(Status(Code::corrupt, "the index points outside of itself").in_file(file_->path()));
  while (size > 0) {
    const std::int64_t page = extent.page + from / kPayload, skip = from % kPayload;
    const std::int64_t run = skip == 0 ? std::min(size / kPayload, kPagesRead) : 0;
    std::int64_t part = run * kPayload;
    if (run > 1) {
      if (!read_run(page, run, to)) return false;
    } else {
      const char* bytes = payload(page);
      if (!bytes) return false;
      part = std::min(size, kPayload - skip);
      std::memcpy(to, bytes + skip, static_cast<std::size_t>(part));
    }
    from += part, size -= part, to += part;
  }
  return true;
}

void PageWriter::start_page() {
  if (held_.size() >= kPagesHeld * static_cast<std::size_t>(kPage)) flush();
  held_.resize(held_.size() + kPage, '\0');
  filled_ = 0;
  open_ = true;
}

void PageWriter::close_page() {
  char* payload = held_.data() + held_.size() - kPage;
  const std::uint64_t check = page_check(nonce_, next_, payload);
  std::memcpy(payload + kPayload, &check, sizeof check);
  ++next_;
  open_ = false;
}

void PageWriter::flush() {
  if (held_.empty()) return;
  const auto size = static_cast<std::int64_t>(held_.size());
  if (status_.ok()) status_ = file_->write(next_ * kPage - size, {held_.data(), held_.size()});
  held_.clear();
}

Status PageWriter::finish() {
  if (open_) close_page();
  flush();
  if (status_.ok() && left_ != 0) return Status(Code::invalid, "a column of the index is not what was promised");
  return status_;
}

}  // namespace imreg::index
