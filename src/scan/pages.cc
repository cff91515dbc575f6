// Reads and writes pages with their checks.
#include "scan/pages.h"

#include <algorithm>

#include "record/crc32c.h"

namespace imreg::index {

namespace {
constexpr std::int64_t kPagesRead =
    16;  // at a time, when a column is walked: more would cost more page faults than it saves calls
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

const char* PageReader::payload(std::int64_t page) {
  if (page < 0)
    return fail(Status(Code::corrupt, "the index points outside of itself").in_file(file_->path())), nullptr;
  if (!pages_) pages_ = std::make_unique_for_overwrite<Page[]>(kSlots);
  const std::size_t slot = static_cast<std::size_t>(page) % kSlots;
  if (place_[slot] == 0) place_[slot] = ++places_;
  char* bytes = pages_[place_[slot] - 1U].bytes;
  if (held_[slot] == page + 1) return bytes;
  held_[slot] = 0;
  ++fetched_;
  if (auto status = file_->read_exactly(page * kPage, bytes, kPage); !status.ok())
    return fail(std::move(status)), nullptr;
  std::uint64_t check;
  std::memcpy(&check, bytes + kPayload, sizeof check);
  if (check != page_check(nonce_, page, bytes)) {
    fail(Status(Code::corrupt, "a page of the index is damaged").in_file(file_->path()).at_byte(page * kPage));
    return nullptr;
  }
  held_[slot] = page + 1;
  return bytes;
}

bool PageReader::copy(const Extent& extent, std::int64_t from, std::int64_t size, char* to) {
  if (from < 0 || size < 0 || from + size > extent.bytes)
    return fail(Status(Code::corrupt, "the index points outside of itself").in_file(file_->path()));
  while (size > 0) {
    const std::int64_t page = extent.page + from / kPayload, skip = from % kPayload;
    const std::int64_t pages = (skip + size + kPayload - 1) / kPayload;
    if (pages < 3) {
      const char* bytes = payload(page);
      if (!bytes) return false;
      const std::int64_t part = std::min(size, kPayload - skip);
      std::memcpy(to, bytes + skip, static_cast<std::size_t>(part));
      from += part, size -= part, to += part;
      continue;
    }
    if (!run_) run_ = std::make_unique_for_overwrite<char[]>(kPagesRead * kPage);
    const std::int64_t run = std::min(pages, kPagesRead);
    fetched_ += run;
    if (auto status = file_->read_exactly(page * kPage, run_.get(), static_cast<std::size_t>(run * kPage));
        !status.ok())
      return fail(std::move(status));
    for (std::int64_t i = 0; i < run; ++i) {
      const char* bytes = run_.get() + i * kPage;
      std::uint64_t check;
      std::memcpy(&check, bytes + kPayload, sizeof check);
      if (check != page_check(nonce_, page + i, bytes)) {
        return fail(
            Status(Code::corrupt, "a page of the index is damaged").in_file(file_->path()).at_byte((page + i) * kPage));
      }
      const std::int64_t at = i == 0 ? skip : 0, part = std::min(size, kPayload - at);
      std::memcpy(to, bytes + at, static_cast<std::size_t>(part));
      from += part, size -= part, to += part;
    }
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
