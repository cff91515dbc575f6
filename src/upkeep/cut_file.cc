// The header with a count of 0 is one that every reader takes, so it is read as everybody reads it.
#include "upkeep/cut_file.h"

#include <algorithm>

#include "base/text.h"
#include "imreg/header.h"
#include "imreg/record.h"

namespace imreg::upkeep {

namespace {

constexpr std::size_t kLongestHeader = 1 << 20;
constexpr std::string_view kCounts[] = {"NIMAGES =", "NAXIS2  ="};

// The cards that count rows say so many.
void set_count(std::string& header, std::int64_t said, std::int64_t rows) {
  for (std::size_t at = 0; at + kCardSize <= header.size(); at += kCardSize) {
    const std::string_view card = std::string_view(header).substr(at, kCardSize);
    const bool counts = std::ranges::any_of(kCounts, [&](std::string_view name) { return card.starts_with(name); });
    if (!counts || Header(std::string(card)).integer_of(std::string(trim(card.substr(0, 8)))) != said) continue;
    const std::string number = std::to_string(rows);
    header.replace(at + 10, 20, std::string(20 - number.size(), ' ') + number);
  }
}

}  // namespace

Result<CutFile> CutFile::open(const std::string& path) {
  CutFile out;
  IMREG_ASSIGN(out.file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(const std::int64_t size, out.file.size());
  out.header.resize(kLongestHeader);
  IMREG_ASSIGN(const std::size_t got, out.file.read(0, out.header.data(), out.header.size()));
  out.header.resize(got);
  const Status none = Status(Code::invalid, "is no table that was cut off").in_file(path);
  if (!out.header.starts_with("SIMPLE  =") || read_container(out.file)) return none;
  for (const std::string_view name : kCounts) {
    const std::string keyword(trim(name.substr(0, 8)));
    std::size_t at = 0;
    while (at < out.header.size() && out.header.compare(at, name.size(), name) != 0) at += kCardSize;
    if (at + kCardSize > out.header.size()) continue;
    out.said = Header(out.header.substr(at, kCardSize)).integer_of(keyword).value_or(0);
    if (out.said > 0) break;
  }
  std::string empty = out.header;
  set_count(empty, out.said, 0);
  IMREG_ASSIGN(File copy, File::temporary(temporary_folder()));
  IMREG_TRY(copy.write(0, empty));
  const auto container = read_container(copy);
  if (!container || container->native || container->data_offset > std::ssize(empty)) return none;
  out.container = *container;
  out.container.count = (size - container->data_offset) / container->schema->record_size;
  if (out.container.count >= out.said) return none;
  out.header.resize(static_cast<std::size_t>(container->data_offset));
  set_count(out.header, out.said, out.container.count);
  return out;
}

Status CutFile::copy_to(File& out, const std::function<void(std::int64_t, std::int64_t)>& progress) const {
  IMREG_TRY(out.write(0, header));
  const std::int64_t end = container.data_offset + container.count * container.schema->record_size;
  std::string piece(1 << 20, '\0');
  for (std::int64_t at = container.data_offset; at < end; at += std::ssize(piece)) {
    piece.resize(static_cast<std::size_t>(std::min<std::int64_t>(std::ssize(piece), end - at)));
    IMREG_TRY(file.read_exactly(at, piece.data(), piece.size()));
    IMREG_TRY(out.write(at, piece));
    if (progress) progress(at, end);
  }
  IMREG_TRY(out.write_zeros(end, round_up(end, kFitsBlock) - end));
  return out.sync();
}

}  // namespace imreg::upkeep
