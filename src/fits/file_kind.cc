// What a file is, by its first bytes and never by its name: FITS, a compressed file, a header written out as text, or
// something that can at least be called by its name in the message.
#include "imreg/fits_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "fits/dump.h"
#include "fits/fits_internal.h"

namespace imreg {

namespace fits {

namespace {

const char* kind_word(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "something special";
}

bool is_word(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

// Without control characters that no text has.
bool is_text(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f') || byte == 0x7f;
  });
}

// Keywords of the standard that nearly every header has a few of.
constexpr std::array<std::string_view, 26> kCommonKeywords = {
    "SIMPLE",   "XTENSION", "BITPIX",   "NAXIS",    "NAXIS1",  "NAXIS2",  "EXTEND",  "EXTNAME", "BZERO",
    "BSCALE",   "BUNIT",    "OBJECT",   "ORIGIN",   "CRVAL1",  "CRPIX1",  "CTYPE1",  "CD1_1",   "WCSAXES",
    "DATE-OBS", "TELESCOP", "INSTRUME", "OBSERVER", "EXPTIME", "EQUINOX", "RADESYS", "MJD-OBS"};

// How many different common keywords stand where a header written as text, YAML or JSON has them: at the start of a
// line or behind [ { , " and before = : , or, in a YAML list, alone on their line.
int common_keywords(std::string_view text) {
  unsigned seen = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    std::size_t before = i, behind = end;
    while (before > 0 && std::string_view(" \"'-").find(text[before - 1]) != std::string_view::npos) --before;
    const bool item = text.substr(before, i - before).find('-') != text.npos;
    while (behind < text.size() && (text[behind] == ' ' || text[behind] == '"' || text[behind] == '\'')) ++behind;
    const bool starts = before == 0 || std::string_view("\n\r[{,").find(text[before - 1]) != std::string_view::npos;
    const bool ends = behind < text.size() && (text[behind] == '=' || text[behind] == ':' || text[behind] == ',' ||
                                               (item && text[behind] == '\n'));
    if (starts && ends) {
      const auto* at = std::find(kCommonKeywords.begin(), kCommonKeywords.end(), text.substr(i, end - i));
      if (at != kCommonKeywords.end()) seen |= 1U << (at - kCommonKeywords.begin());
    }
    i = end;
  }
  return __builtin_popcount(seen);
}

constexpr int kJudgedLines = 60;

// Whether a line has a keyword in front and a value behind it, as cards, JSON, YAML and CSV do; or is a word alone (END).
bool is_header_line(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t\"'-[{");
  if (start == line.npos || line[start] < 'A' || line[start] > 'Z')
    return line.size() > 1 && common_keywords(line) >= 2;
  std::size_t end = start;
  while (end < line.size() && is_word(line[end])) ++end;
  const std::size_t behind = line.find_first_not_of(" \t\"'", end);
  if (end > start && (behind == line.npos || std::string_view("=:,").find(line[behind]) != std::string_view::npos))
    return true;
  for (std::string_view word : {"COMMENT ", "HISTORY ", "HIERARCH ", "CONTINUE "}) {
    if (line.substr(start).starts_with(word)) return true;
  }
  return common_keywords(line) >= 2;  // JSON without line ends
}

// A header as text, and not a program or a manual that speaks of headers: at least half of the first lines are header
// lines. Lines without letters, remarks, cards without a keyword, and the items of a YAML list, which are values, say
// nothing either way.
bool is_mostly_header(std::string_view text) {
  int like = 0, unlike = 0;
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("        ")) continue;
    line = trim(line);
    if (std::none_of(line.begin(), line.end(), [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; })) continue;
    if (is_header_line(line))
      ++like;
    else if (line[0] != '#' && line[0] != '!' && !line.starts_with("- "))
      ++unlike;
    if (like + unlike == kJudgedLines) break;
  }
  return like > 0 && like >= unlike;
}

// "KEYWORD = " in its ten columns.
bool is_value_card(std::string_view card) {
  if (card.size() < 10 || card[8] != '=' || card[9] != ' ') return false;
  const std::string_view name = trim(card.substr(0, 8));
  return !name.empty() && card[0] != ' ' && std::all_of(name.begin(), name.end(), is_word);
}

bool starts_fits(std::string_view first) {
  if (first.size() < 10 || !starts_nocase(first, "SIMPLE")) return false;
  const std::size_t equals = first.substr(0, 10).find('=');
  return equals != first.npos && trim(first.substr(6, equals - 6)).empty();
}

struct Magic {
  std::string_view bytes;
  const char* name;
};
constexpr Magic kMagics[] = {{"\xff\xd8\xff", "a JPEG image"},
                             {"\x89PNG", "a PNG image"},
                             {"GIF8", "a GIF image"},
                             {std::string_view("II*\0", 4), "a TIFF image"},
                             {std::string_view("MM\0*", 4), "a TIFF image"},
                             {"%PDF", "a PDF document"},
                             {"PK\x03\x04", "a ZIP archive"},
                             {"\x1f\x8b", "a gzip file"},
                             {"\xfd"
                              "7zXZ",
                              "an xz archive"},
                             {"\x28\xb5\x2f\xfd", "a zstd archive"},
                             {"\x89HDF", "an HDF5 file"},
                             {"SQLite format 3", "an SQLite database"},
                             {"\x7f"
                              "ELF",
                              "a program"},
                             {"{", "JSON"},
                             {"<!DOCTYPE HTML", "an HTML page"},
                             {"<html", "an HTML page"},
                             {"<?xml", "XML"},
                             {"version https://git-lfs", "a git-lfs pointer (the file itself was not fetched)"}};

}  // namespace

Result<OpenFile> OpenFile::open(const std::string& path) {
  if (path.find('\0') != path.npos) return Status(Code::invalid, "the name holds a NUL byte").in_file(path);
  // O_NONBLOCK: a pipe without a writer does not stop us. It means nothing for regular files.
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  struct stat info {};
  if (fd < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return Status(Code::not_found, "there is no such file").in_file(path);
    if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
      return Status(Code::invalid, std::string(kind_word(info.st_mode)) + ", not a file").in_file(path);
    }
    return Status(Code::io, std::string("cannot be opened: ") + std::strerror(error)).in_file(path);
  }
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    const std::string what = kind_word(info.st_mode);
    ::close(fd);
    return Status(Code::invalid, what + ", not a file").in_file(path);
  }
  return OpenFile(fd, info.st_size,
                  static_cast<double>(info.st_mtim.tv_sec) + static_cast<double>(info.st_mtim.tv_nsec) * 1e-9);
}

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::int64_t OpenFile::read(char* to, std::int64_t size, std::int64_t offset) {
  std::int64_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd_, to + done, static_cast<std::size_t>(size - done), offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += n;
    if (offset + done >= size_) break;  // spares the read that would only say "end of file"
  }
  return done;
}

FileKind kind_of(std::string_view first) {
  if (first.empty()) return FileKind::empty;
  if (starts_fits(first)) {
    // Cards have no line ends. Lines of a text do, near the first card's end, and a keyword begins the next one.
    const std::string_view cards = first.substr(0, 3 * kCardSize);
    return (cards.find('\n') != cards.npos || cards.find('\r') != cards.npos) &&
                   common_keywords(first.substr(0, 2 * kBlockSize)) >= 2
               ? FileKind::header_dump
               : FileKind::fits;
  }
  if (first.starts_with("\x1f\x8b")) return FileKind::gzip;
  if (first.starts_with("BZh")) return FileKind::bzip2;
  if (first.starts_with("\x1f\x9d")) return FileKind::compress;
  if (!is_text(first)) return FileKind::unknown;
  const auto unnumbered = without_line_numbers(first);
  first = unnumbered ? std::string_view(*unnumbered) : without_byte_order_mark(first);
  if ((is_value_card(first) || common_keywords(first) >= 2) && is_mostly_header(first)) return FileKind::header_dump;
  return FileKind::text;
}

std::string looks_like(std::string_view first) {
  const std::string_view text = trim(first.substr(0, 4096));
  for (const Magic& magic : kMagics) {
    if (starts_nocase(text, magic.bytes)) return std::string("it looks like ") + magic.name;
  }
  if (is_text(first)) return "it looks like a text file";
  if (std::all_of(first.begin(), first.end(), [](char c) { return c == '\0'; })) return "it begins with zeros only";
  return "it does not begin with SIMPLE =";
}

}  // namespace fits

Result<FileKind> file_kind(const std::string& path) {
  IMREG_ASSIGN(fits::OpenFile file, fits::OpenFile::open(path));
  std::string first(static_cast<std::size_t>(std::min(file.size(), fits::kFirstBytes)), '\0');
  const std::int64_t got = file.read(first.data(), static_cast<std::int64_t>(first.size()), 0);
  if (got < 0) return Status(Code::io, std::string("cannot be read: ") + std::strerror(errno)).in_file(path);
  first.resize(static_cast<std::size_t>(got));
  return fits::kind_of(first);
}

}  // namespace imreg
