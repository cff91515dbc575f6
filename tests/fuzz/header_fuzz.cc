// Fuzz target for everything that reads headers: any bytes as cards, as a file (plain or packed, as they begin), and packed
// by gzip, which must read the same. Nothing may crash, hang, or give text that is not clean UTF-8. Without libFuzzer: `header_fuzz [-mutations N] FILE|FOLDER...` replays the files and N mutations
// of each (bits, bytes, cards, cuts, inserted blocks; the same ones in every run). A folder that is absent is no failure.
#include <bzlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "imreg/fits_file.h"

namespace {

using imreg::Header;
using imreg::kCardSize;

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "header_fuzz: %s\n", what);
  std::abort();
}

void require_clean(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    require(lead >= 0x20 && lead != 0x7f, "control character in a value");
    std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    require(lead < 0x80 || lead >= 0xc2, "text is not UTF-8");
    for (++i; length > 1; --length, ++i) {
      require(i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80, "text is not UTF-8");
    }
  }
}

void walk(const Header& header) {
  require(header.text().size() % kCardSize == 0, "cards are not whole");
  // The whole text is searched once for each card, so a huge header is walked in part.
  const std::size_t count = std::min<std::size_t>(header.size(), 2000);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string keyword = header.keyword(i);
    require_clean(keyword);
    const imreg::CardValue value = header.value(i);
    require_clean(value.text);
    require_clean(value.comment);
    if (const auto number = value.number()) require(std::isfinite(*number), "a number that is not finite");
    if (keyword.find('?') == keyword.npos && !keyword.starts_with(' ') && !keyword.starts_with("HIERARCH ")) {
      const auto found = header.find(keyword);
      require(found && *found <= i && header.keyword(*found) == keyword, "find() does not find a keyword");
    }
    (void)header.integer_of(keyword);
  }
}

imreg::Result<imreg::FitsHeaders> read_as_file(const std::uint8_t* data, std::size_t size) {
  const int fd = memfd_create("header_fuzz", MFD_CLOEXEC);
  require(fd >= 0, "no memory file");
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::write(fd, data + done, size - done);
    require(n > 0, "memory file cannot be written");
    done += static_cast<std::size_t>(n);
  }
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  require(imreg::file_kind(path).ok(), "file_kind() fails on a regular file");
  auto headers = imreg::read_fits_headers(path);
  if (headers) {
    require(!headers->hdus.empty(), "no HDU and no error");
    require(imreg::header_fingerprint(*headers) != 0, "fingerprint is 0");
    for (const auto& hdu : headers->hdus) {
      require(hdu.data_size >= 0, "negative size of data");
      require_clean(hdu.extname);
      walk(hdu.header);
    }
    for (const auto& warning : headers->warnings) require_clean(warning);
  } else {
    require(!headers.status().message().empty(), "an error without a message");
    require_clean(headers.status().message());
  }
  ::close(fd);
  return headers;
}

std::string gzip(const std::uint8_t* data, std::size_t size) {
  std::string out(compressBound(size) + 64, '\0');
  z_stream stream{};
  require(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "no memory for zlib");
  stream.next_in = const_cast<Bytef*>(data);
  stream.avail_in = static_cast<unsigned>(size);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib cannot pack");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// What is plain FITS reads the same when it is packed.
void compare_packed(const imreg::Result<imreg::FitsHeaders>& plain, const std::uint8_t* data, std::size_t size) {
  if (plain && plain->container != imreg::FileKind::fits) return;
  const std::string packed = gzip(data, size);
  const auto other = read_as_file(reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size());
  require(plain.ok() == other.ok(), "only one of plain and packed can be read");
  if (!plain) return;
  require(plain->hdus.size() == other->hdus.size(), "plain and packed differ in their HDUs");
  require(imreg::header_fingerprint(*plain) == imreg::header_fingerprint(*other), "plain and packed differ in a card");
  require(plain->damage == other->damage && plain->warnings == other->warnings,
          "plain and packed differ in their faults");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string cards(data, data + std::min<std::size_t>(size, 1 << 16));
  cards.resize((cards.size() + kCardSize - 1) / kCardSize * kCardSize, ' ');
  walk(Header(std::move(cards)));
  compare_packed(read_as_file(data, size), data, size);
  return 0;
}

#ifndef IMREG_LIBFUZZER

namespace {

void run(const std::string& bytes) {
  const std::vector<std::uint8_t> data(bytes.begin(), bytes.end());  // exact size: the sanitizer sees a read past it
  LLVMFuzzerTestOneInput(data.data(), data.size());
}

// One to eight changes, most of them in the first blocks, where the headers are.
std::string mutated(std::string bytes, std::mt19937_64& random) {
  const auto below = [&random](std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random() % n); };
  for (std::size_t changes = 1 + below(8); changes > 0 && !bytes.empty(); --changes) {
    const std::size_t head = std::min<std::size_t>(bytes.size(), below(4) == 0 ? bytes.size() : 5760);
    const std::size_t at = below(head), card = at / kCardSize * kCardSize;
    switch (below(9)) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 1: bytes[at] = static_cast<char>(below(256)); break;
      case 2: bytes.resize(at); break;
      case 3: bytes.insert(at / 2880 * 2880, std::string(2880, below(2) == 0 ? ' ' : '\0')); break;
      case 4: bytes.erase(card, kCardSize); break;
      case 5: bytes.insert(card, bytes.substr(below(head) / kCardSize * kCardSize, kCardSize)); break;
      case 6: bytes.replace(at, 1, "'"); break;
      case 7: {
        static const char* kNumbers[] = {
            "-1", "9223372036854775807", "99999999999999999999", "999", "0", "1E400", "'", "T", "&'"};
        const std::string number = kNumbers[below(9)];
        if (card + 10 + number.size() <= bytes.size()) bytes.replace(card + 10, number.size(), number);
        break;
      }
      default: bytes.insert(card, "END" + std::string(kCardSize - 3, ' ')); break;
    }
  }
  return bytes;
}

// A small MEF, for machines without the real files.
std::string made_here() {
  Header primary, extension;
  primary.add("SIMPLE", true);
  primary.add("BITPIX", 8);
  primary.add("NAXIS", 0);
  primary.add("OBJECT", std::string(150, 'x') + "''&");
  primary.add("ESO DET ID", 1.5);
  extension.add("XTENSION", "IMAGE");
  extension.add("BITPIX", 16);
  extension.add("NAXIS", 2);
  extension.add("NAXIS1", 10);
  extension.add("NAXIS2", 10);
  extension.add("PCOUNT", 0);
  extension.add("GCOUNT", 1);
  extension.add("EXTNAME", "ccd00");
  return primary.file_bytes() + extension.file_bytes() + std::string(2880, '\0') + extension.file_bytes() +
         std::string(2880, '\1');
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::size_t mutations = 0, runs = 0;
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "-mutations" && i + 1 < argc) {
      mutations = std::strtoul(argv[++i], nullptr, 10);
    } else if (fs::is_directory(argv[i])) {
      for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else if (fs::exists(argv[i])) {
      files.emplace_back(argv[i]);
    }
  }
  std::sort(files.begin(), files.end());
  std::mt19937_64 random(20030127);
  const auto all_of = [&](const std::string& bytes, std::size_t count) {
    run(bytes);
    for (std::size_t i = 0; i < count; ++i) run(mutated(bytes, random));
    runs += count + 1;
  };
  std::string made = made_here(), bzipped(made.size() + 1000, '\0');
  auto bzipped_size = static_cast<unsigned>(bzipped.size());
  require(BZ2_bzBuffToBuffCompress(bzipped.data(), &bzipped_size, made.data(), static_cast<unsigned>(made.size()), 1, 0,
                                   0) == BZ_OK,
          "libbz2 cannot pack");
  bzipped.resize(bzipped_size);
  all_of(made, 100 * mutations);
  all_of(gzip(reinterpret_cast<const std::uint8_t*>(made.data()), made.size()), 100 * mutations);
  all_of(bzipped, 100 * mutations);
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    all_of(std::string(std::istreambuf_iterator<char>(in), {}), mutations);
  }
  std::printf("%zu inputs from %zu files\n", runs, files.size());
  return 0;
}

#endif
