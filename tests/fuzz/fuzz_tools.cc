// The tools that the fuzz targets share: see fuzz.h.
#include <bzlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "../folder.h"
#include "fuzz.h"
#include "imreg/header.h"

namespace imreg::fuzz {

void require(bool good, std::string_view what, std::string_view detail) {
  if (good) return;
  const std::string line = "fuzz: " + std::string(what) + ": " + std::string(detail) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::abort();
}

void require_clean(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    require(lead >= 0x20 && lead != 0x7f, "control character in a value", text);
    std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    require(lead < 0x80 || lead >= 0xc2, "text is not UTF-8", text);
    for (++i; length > 1; --length, ++i) {
      require(i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80, "text is not UTF-8", text);
    }
  }
}

std::size_t below(Random& random, std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random() % n); }

void mutate_text(std::string& bytes, Random& random) {
  const std::size_t at = below(random, bytes.size() + 1);
  const std::size_t length = 1 + below(random, below(random, 4) == 0 ? 64 : 4);
  const auto& words = kTarget.words;
  switch (below(random, bytes.empty() ? 3 : 9)) {
    case 0: bytes.insert(at, 1, static_cast<char>(random())); break;
    case 1:
    case 2:
      if (!words.empty()) bytes.insert(at, words[below(random, words.size())]);
      break;
    case 3:
      if (!words.empty()) bytes.replace(at, length, words[below(random, words.size())]);
      break;
    case 4: bytes.erase(at, length); break;
    case 5: bytes.insert(at, bytes.substr(below(random, bytes.size()), length)); break;
    case 6: bytes.resize(at); break;
    case 7: bytes[at % bytes.size()] = static_cast<char>(bytes[at % bytes.size()] ^ (1 << below(random, 8))); break;
    default: bytes[at % bytes.size()] = "0123456789-+.:/\"'$*[] "[below(random, 22)]; break;
  }
}

void mutate_cards(std::string& bytes, Random& random) {
  if (bytes.empty()) return;
  // Most changes in the first blocks, where the headers are.
  const std::size_t head = std::min<std::size_t>(bytes.size(), below(random, 4) == 0 ? bytes.size() : 5760);
  const std::size_t at = below(random, head), card = at / kCardSize * kCardSize;
  switch (below(random, 10)) {
    case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8))); break;
    case 1: bytes[at] = static_cast<char>(random()); break;
    case 2: bytes.resize(at); break;
    case 3:
      bytes.insert(at / kBlockSize * kBlockSize, std::string(kBlockSize, below(random, 2) == 0 ? ' ' : '\0'));
      break;
    case 4: bytes.erase(card, kCardSize); break;
    case 5: bytes.insert(card, bytes.substr(below(random, head) / kCardSize * kCardSize, kCardSize)); break;
    case 6: bytes.replace(at, 1, "'"); break;
    case 7:
    case 8: {
      static constexpr std::string_view kValues[] = {"-1",
                                                     "9223372036854775807",
                                                     "-9223372036854775808",
                                                     "99999999999999999999",
                                                     "999",
                                                     "0",
                                                     "1E400",
                                                     "'",
                                                     "T",
                                                     "&'",
                                                     "nan",
                                                     "'2003-13-41T25:61:61'"};
      const auto value = kValues[below(random, std::size(kValues))];
      if (card + 10 + value.size() <= bytes.size()) bytes.replace(card + 10, value.size(), value);
      break;
    }
    default: bytes.insert(card, "END" + std::string(kCardSize - 3, ' ')); break;
  }
}

std::vector<std::string> parts(std::string_view input, std::size_t count) {
  std::vector<std::string> out;
  while (out.size() + 1 < count) {
    const std::size_t end = std::min(input.find('\f'), input.size());
    out.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  out.emplace_back(input);
  return out;
}

MemoryFile::MemoryFile(std::string_view bytes) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
  require(fd_ >= 0, "no memory file");
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    require(n > 0, "memory file cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}
MemoryFile::~MemoryFile() { ::close(fd_); }
std::string MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

const std::string& scratch_folder() {
  static const Folder folder;
  return folder.path();
}

void spill(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  require(out.good(), "cannot be written", path);
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string small_mef() {
  Header primary, extension;
  primary.add("SIMPLE", true);
  primary.add("BITPIX", 8);
  primary.add("NAXIS", 0);
  primary.add("TELESCOP", "CFHT 3.6m");
  primary.add("DETECTOR", "CFH12K");
  primary.add("INSTRUME", "CFH12K Mosaic");
  primary.add("OBJECT", std::string(150, 'x') + "''&");
  primary.add("OBSTYPE", "OBJECT");
  primary.add("EXPTIME", 300.5);
  primary.add("DATE-OBS", "2001-01-27");
  primary.add("UTC-OBS", "05:59:58.7");
  primary.add("MJD-OBS", 51936.249985);
  primary.add("FILTER", "R");
  primary.add("RA", "05:34:31.9");
  primary.add("DEC", "+22:00:52");
  primary.add("EQUINOX", 2000.0);
  primary.add("AIRMASS", 1.05);
  primary.add("ESO DET ID", 1.5);
  extension.add("XTENSION", "IMAGE");
  extension.add("BITPIX", 16);
  extension.add("NAXIS", 2);
  extension.add("NAXIS1", 10);
  extension.add("NAXIS2", 10);
  extension.add("PCOUNT", 0);
  extension.add("GCOUNT", 1);
  extension.add("EXTNAME", "ccd00");
  extension.add("CTYPE1", "RA---TAN");
  extension.add("CTYPE2", "DEC--TAN");
  extension.add("CRVAL1", 83.6);
  extension.add("CRVAL2", 22.0);
  extension.add("CRPIX1", 5.0);
  extension.add("CRPIX2", 5.0);
  extension.add("CD1_1", 5e-5);
  extension.add("CD2_2", 5e-5);
  return primary.file_bytes() + extension.file_bytes() + std::string(2880, '\0') + extension.file_bytes() +
         std::string(2880, '\1');
}

std::string gzipped(std::string_view bytes) {
  std::string out(compressBound(bytes.size()) + 64, '\0');
  z_stream stream{};
  require(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "no memory for zlib");
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib cannot pack");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string bzipped(std::string_view bytes) {
  std::string in(bytes), out(bytes.size() + bytes.size() / 50 + 1000, '\0');
  auto size = static_cast<unsigned>(out.size());
  require(BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(), static_cast<unsigned>(in.size()), 1, 0, 0) == BZ_OK,
          "libbz2 cannot pack");
  out.resize(size);
  return out;
}

// Each character is its own code. The table is cleared before codes would need 10 bits, at the end of a group of eight.
std::string compressed(std::string_view bytes) {
  constexpr unsigned kClear = 256, kClearEvery = 208;
  std::string out = "\x1f\x9d\x90";
  unsigned waiting = 0, bits = 0, codes = 0;
  const auto put = [&](unsigned code) {
    ++codes;
    waiting |= code << bits;
    for (bits += 9; bits >= 8; bits -= 8, waiting >>= 8) out += static_cast<char>(waiting & 0xff);
  };
  for (const char c : bytes) {
    if (codes % kClearEvery == kClearEvery - 1) put(kClear);
    put(static_cast<unsigned char>(c));
  }
  if (bits > 0) out += static_cast<char>(waiting & 0xff);
  return out;
}

}  // namespace imreg::fuzz
