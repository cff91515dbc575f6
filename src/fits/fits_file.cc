// Reads the headers of a FITS file, plain or packed: header blocks only, data are stepped over by their computed size.
// One read finds most single headers; in a mosaic each further HDU costs one read of the size of the header before it.
#include "imreg/fits_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "fits/dump.h"
#include "fits/fits_internal.h"
#include "fits/unpack.h"

namespace imreg {

namespace fits {

namespace {

constexpr std::int64_t kBlock = static_cast<std::int64_t>(kBlockSize);
constexpr std::int64_t kCard = static_cast<std::int64_t>(kCardSize);
constexpr std::int64_t kFirstRead = 8 * kBlock;
constexpr std::int64_t kLongestHeader = std::int64_t{64} << 20;
constexpr std::int64_t kAllHeaders = std::int64_t{256} << 20;  // of one file: they are kept, and pack a thousandfold
constexpr int kStrangeCards = 36;  // that many keywords of unprintable bytes: these are data

static_assert(kFirstRead >= kFirstBytes);

// The part of the source that is in memory. It moves forward only.
class Window {
 public:
  explicit Window(Source& source) : source_(source) {}

  // Moves to `offset` and holds at least `want` bytes from there, fewer only where the file ends. False: errno tells.
  bool load(std::int64_t offset, std::int64_t want) {
    want = std::min(want, source_.size() - offset);
    std::int64_t keep = 0;
    if (offset >= begin_ && offset < begin_ + size_) {
      keep = begin_ + size_ - offset;
      start_ += offset - begin_;
    } else {
      start_ = 0;
    }
    begin_ = offset;
    size_ = keep;
    if (keep >= want) return true;
    if (start_ + want > capacity_) {
      std::unique_ptr<char[]> old = std::move(buffer_);
      if (want > capacity_) capacity_ = want;
      buffer_.reset(new char[static_cast<std::size_t>(capacity_)]);
      if (keep > 0) std::memcpy(buffer_.get(), old.get() + start_, static_cast<std::size_t>(keep));
      start_ = 0;
    }
    const std::int64_t got = source_.read(buffer_.get() + start_ + keep, want - keep, offset + keep);
    if (got < 0) return false;
    size_ += got;
    return true;
  }
  std::string_view bytes() const { return {buffer_.get() + start_, static_cast<std::size_t>(size_)}; }

 private:
  Source& source_;
  std::unique_ptr<char[]> buffer_;
  std::int64_t capacity_ = 0;
  std::int64_t start_ = 0;  // in the buffer
  std::int64_t begin_ = 0;  // in the file
  std::int64_t size_ = 0;
};

// Steps from card to card until END. The case of END does not matter, NULs may stand for the blanks behind it.
class EndFinder {
 public:
  enum class Found { end, not_yet, data };

  Found look(std::string_view bytes) {
    const char* text = bytes.data();
    const std::size_t size = bytes.size();
    for (; at_ + kCardSize <= size; at_ += kCardSize) {
      std::uint64_t word;
      std::memcpy(&word, text + at_, sizeof word);
      if (((word ^ kEnd) & kEndMask) == 0 && text[at_ + 8] != '=') return Found::end;
      // Any byte of the keyword below a blank or above ASCII.
      if (((word | (word - kOnes * 0x20)) & (kOnes * 0x80)) != 0 && ++strange_ > kStrangeCards) return Found::data;
    }
    return Found::not_yet;
  }
  std::size_t cards_size() const { return at_; }

 private:
  static constexpr std::uint64_t kOnes = 0x0101010101010101U;
  static constexpr std::uint64_t kEnd = 0x2020202020444e45U;      // "END     "
  static constexpr std::uint64_t kEndMask = 0xdfdfdfdfdfdfdfdfU;  // blind for 0x20: case, and NUL for a blank
  std::size_t at_ = 0;
  int strange_ = 0;
};

struct RawHeader {
  std::string cards;
  int reserve = 0;       // blank cards before END
  std::int64_t end = 0;  // where the data begin
  std::string fault;
  bool failed_read = false;
};

RawHeader read_header(const Source& source, Window& window, std::int64_t offset, std::int64_t guess) {
  RawHeader out;
  EndFinder finder;
  while (true) {
    if (!window.load(offset, guess)) {
      out.failed_read = true;
      out.fault = std::string("cannot be read: ") + std::strerror(errno);
      return out;
    }
    const std::string_view bytes = window.bytes();
    const EndFinder::Found found = finder.look(bytes);
    const std::size_t size = finder.cards_size();
    bool end = found == EndFinder::Found::end;
    const bool all = offset + static_cast<std::int64_t>(bytes.size()) >= source.size();
    if (!end && all) end = equal_nocase(trim(bytes.substr(size)), "END");  // the file stops right behind END
    if (end) {
      const std::size_t used = bytes.substr(0, size).find_last_not_of(' ');
      out.cards.assign(bytes.data(), used == bytes.npos ? 0 : used / kCardSize * kCardSize + kCardSize);
      out.reserve = static_cast<int>((size - out.cards.size()) / kCardSize);
      const std::int64_t behind = offset + static_cast<std::int64_t>(size) + kCard;
      out.end = offset + (behind - offset + kBlock - 1) / kBlock * kBlock;
      return out;
    }
    if (found == EndFinder::Found::data) {
      out.fault = "no END card: binary data follow the header";
    } else if (all || static_cast<std::int64_t>(bytes.size()) < guess) {
      out.fault = "no END card: the file ends inside the header, after " + std::to_string(size / kCardSize) + " cards";
    } else if (guess >= kLongestHeader) {
      out.fault = "no END card within 64 MiB";
    }
    if (!out.fault.empty()) return out;
    guess = std::min(std::max(static_cast<std::int64_t>(bytes.size()), guess) * 2, kLongestHeader);
  }
}

Status not_fits(FileKind kind, std::string_view first) {
  if (kind == FileKind::empty) return {Code::invalid, "the file is empty"};
  if (kind == FileKind::header_dump) return {Code::invalid, "a text dump of a header, not a FITS file"};
  return {Code::invalid, "not a FITS file: " + looks_like(first)};
}

Status failed_read() { return {Code::io, std::string("cannot be read: ") + std::strerror(errno)}; }

bool starts_extension(std::string_view bytes) { return bytes.size() >= kCardSize && starts_nocase(bytes, "XTENSION"); }

Status read_hdus(Source& source, Window& window, FitsHeaders& out) {
  std::int64_t offset = 0, guess = kFirstRead, all_headers = 0;
  for (int number = 0;; ++number) {
    RawHeader raw = read_header(source, window, offset, guess);
    if (raw.failed_read) return {Code::io, std::move(raw.fault)};
    Hdu hdu;
    hdu.number = number;
    hdu.header = Header(std::move(raw.cards));
    hdu.reserve = raw.reserve;
    guess = raw.end - offset;
    all_headers += guess;
    if (all_headers > kAllHeaders) raw.fault = "the headers of this file fill more than 256 MiB";
    if (raw.fault.empty()) raw.fault = shape_of(hdu, out.warnings);
    if (!raw.fault.empty()) {
      std::string sentence = name_of(hdu) + " is damaged: " + raw.fault;
      if (number == 0) return Status(Code::corrupt, std::move(sentence)).at_byte(offset);
      out.damage = std::move(sentence);
      return {};
    }
    hdu.data_offset = raw.end;
    const std::int64_t data_size = hdu.data_size;
    if (!source.reach(raw.end + data_size)) return failed_read();
    const std::int64_t there = std::max<std::int64_t>(0, source.size() - raw.end);
    if (there < data_size) {
      out.damage = "truncated: of the data of " + name_of(hdu) + " the file holds " + std::to_string(there) + " of " +
                   std::to_string(data_size) + " bytes";
    } else if (source.size() < raw.end) {
      out.warnings.push_back("the file ends inside the last block of its header");
    }
    out.hdus.push_back(std::move(hdu));
    if (there < data_size) return {};
    offset = raw.end + (data_size + kBlock - 1) / kBlock * kBlock;
    if (offset >= source.size()) return {};
    if (!window.load(offset, guess)) return failed_read();
    if (window.bytes().empty()) return {};
    if (!starts_extension(window.bytes())) {
      if (!source.reach(Source::kUnknown)) return failed_read();
      out.warnings.push_back(std::to_string(source.size() - offset) + " stray bytes after the last HDU");
      return {};
    }
  }
}

constexpr std::int64_t kLongestDump = std::int64_t{64} << 20;

Status read_whole_dump(Window& window, FitsHeaders& out) {
  for (std::int64_t size = kFirstRead; static_cast<std::int64_t>(window.bytes().size()) >= size;) {
    if (size > kLongestDump) return {Code::invalid, "a header dump of more than 64 MiB"};
    size = std::min(2 * size, kLongestDump + 1);
    if (!window.load(0, size)) return failed_read();
  }
  out.container = FileKind::header_dump;
  return read_dump(window.bytes(), out);
}

Status read_packed(OpenFile& file, FitsHeaders& out, bool dumps) {
  Unpacker unpacker(file, out.container);
  Window window(unpacker);
  if (!window.load(0, kFirstRead)) return failed_read();
  const FileKind inside = kind_of(window.bytes());
  const bool dump = dumps && inside == FileKind::header_dump;
  if (inside != FileKind::fits && !dump) {
    if (!unpacker.fault().empty()) return {Code::corrupt, unpacker.fault()};
    const std::string what = inside == FileKind::empty ? std::string("it holds nothing") : looks_like(window.bytes());
    return {Code::invalid, "a " + std::string(unpacker.name()) + " file without a FITS file inside: " + what};
  }
  Status status = dump ? read_whole_dump(window, out) : read_hdus(unpacker, window, out);
  for (Hdu& hdu : out.hdus) hdu.data_offset = -1;
  if (unpacker.stray() > 0) {
    out.warnings.push_back(std::to_string(unpacker.stray()) + " stray bytes after the " + unpacker.name() + " data");
  }
  if (unpacker.fault().empty()) return status;
  if (!status.ok()) return {status.code(), status.message() + "; " + unpacker.fault()};
  out.damage += (out.damage.empty() ? "" : "; ") + unpacker.fault();
  return {};
}

Result<FitsHeaders> read(const std::string& path, bool dumps) {
  IMREG_ASSIGN(OpenFile file, OpenFile::open(path));
  FitsHeaders out;
  out.file_size = file.size();
  out.mtime = file.mtime();
  Window window(file);
  if (!window.load(0, fits::kFirstRead)) {
    return failed_read().in_file(path);
  }
  const FileKind kind = kind_of(window.bytes());
  Status status;
  switch (kind) {
    case FileKind::fits: status = read_hdus(file, window, out); break;
    case FileKind::gzip:
    case FileKind::bzip2:
    case FileKind::compress:
      out.container = kind;
      status = read_packed(file, out, dumps);
      break;
    default:
      status = kind == FileKind::header_dump && dumps ? read_whole_dump(window, out) : not_fits(kind, window.bytes());
  }
  if (!status.ok()) return std::move(status).in_file(path);
  return out;
}

}  // namespace

}  // namespace fits

Result<FitsHeaders> read_fits_headers(const std::string& path) { return fits::read(path, false); }

Result<FitsHeaders> read_headers(const std::string& path) { return fits::read(path, true); }

// Each 16 bytes are multiplied into the state (128-bit product, folded), each HDU begins with its number of cards. The
// value is stored in databases: a change of this function makes every file look changed. Pinned by a test.
std::int64_t header_fingerprint(const FitsHeaders& headers) {
  __extension__ typedef unsigned __int128 Wide;
  constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15U, kSecond = 0xd6e8feb86659fd93U;
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t state = kFirst;
  for (const Hdu& hdu : headers.hdus) {
    const std::string_view text = hdu.header.text();
    state = mix(state ^ hdu.header.size(), kSecond);
    for (std::size_t at = 0; at + 16 <= text.size(); at += 16) {
      std::uint64_t words[2];  // little-endian
      std::memcpy(words, text.data() + at, sizeof words);
      state = mix(state ^ words[0] ^ kFirst, words[1] ^ kSecond) + (state << 1 | state >> 63);
    }
  }
  return state == 0 ? 1 : static_cast<std::int64_t>(state);
}

}  // namespace imreg
