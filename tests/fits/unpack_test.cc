// Packed files: the bytes against those that were packed, cut and damaged at every place, several members, bombs.
#include "fits/unpack.h"

#include <bzlib.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "../folder.h"

namespace imreg::fits {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0'), in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string bzip2(const std::string& bytes) {
  std::string in = bytes, out(bytes.size() + bytes.size() / 50 + 1000, '\0');
  auto size = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(), static_cast<unsigned>(in.size()), 1, 0, 0), BZ_OK);
  out.resize(size);
  return out;
}

// As compress(1) does, but clears the table after every `clear_after` codes (0: never, and 256 is a string).
std::string lzw(const std::string& bytes, unsigned widest, unsigned clear_after) {
  const unsigned first = clear_after > 0 ? 257 : 256;
  std::string out = {'\x1f', '\x9d', static_cast<char>(widest | (clear_after > 0 ? 0x80 : 0))};
  widest = std::max(widest, 10U);
  std::map<std::pair<unsigned, char>, unsigned> table;
  unsigned width = 9, next = first, reader_next = first, codes = 0;
  bool before = false;
  std::uint64_t bits = 0, bit_count = 0, group = 0;
  const auto flush = [&](std::uint64_t unit) {
    for (; bit_count > 0; bit_count -= std::min<std::uint64_t>(bit_count, 8), bits >>= 8, ++group)
      out += static_cast<char>(bits);
    for (; unit > 0 && group % unit != 0; ++group) out += '\x5a';  // what is left out may hold anything
    group = 0;
  };
  const auto put = [&](unsigned code) {
    if (reader_next == 1U << width && width < widest) flush(width++);
    bits |= static_cast<std::uint64_t>(code) << bit_count;
    for (bit_count += width; bit_count >= 8; bit_count -= 8, bits >>= 8, ++group) out += static_cast<char>(bits);
    if (before && reader_next < 1U << widest) ++reader_next;
    before = true;
  };
  std::size_t at = 0;
  while (at < bytes.size()) {
    unsigned code = static_cast<unsigned char>(bytes[at++]);
    while (at < bytes.size() && table.contains({code, bytes[at]})) code = table[{code, bytes[at++]}];
    put(code);
    if (at < bytes.size() && next < 1U << widest) table[{code, bytes[at]}] = next++;
    if (clear_after > 0 && ++codes % clear_after == 0) {
      put(256);
      flush(width);
      table.clear();
      width = 9;
      next = reader_next = first;
      before = false;
    }
  }
  flush(0);
  return out;
}

class Unpack : public testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    std::ofstream(folder_ / "x.Z", std::ios::binary) << bytes;
    return folder_ / "x.Z";
  }
  // All bytes, in pieces of all sizes; every `leap`-th piece is stepped over and stands as '?'.
  std::string unpacked(const std::string& packed, int leap = 0, std::string* fault = nullptr,
                       std::int64_t always = Unpacker::kAlways) {
    auto file = OpenFile::open(write(packed));
    EXPECT_TRUE(file.ok());
    Unpacker unpacker(*file, kind_of(packed), always);
    std::string out;
    for (int i = 1; unpacker.size() == Source::kUnknown; ++i) {
      std::string piece(random_() % (i % 7 == 0 ? 300000 : 5000), '?');
      const auto at = static_cast<std::int64_t>(out.size()), size = static_cast<std::int64_t>(piece.size());
      if (leap > 0 && i % leap == 0) {
        EXPECT_TRUE(unpacker.reach(at + size));
        piece.resize(static_cast<std::size_t>(std::min(unpacker.size(), at + size) - at));
      } else {
        piece.resize(static_cast<std::size_t>(unpacker.read(piece.data(), size, at)));
      }
      out += piece;
    }
    EXPECT_EQ(unpacker.size(), static_cast<std::int64_t>(out.size()));
    if (fault != nullptr)
      *fault = unpacker.fault();
    else
      EXPECT_EQ(unpacker.fault(), "");
    return out;
  }
  FitsHeaders headers(const std::string& packed) {
    auto got = read_fits_headers(write(packed));
    EXPECT_TRUE(got.ok()) << got.status().text();
    return got ? *std::move(got) : FitsHeaders();
  }
  std::string failure(const std::string& packed) {
    const auto got = read_fits_headers(write(packed));
    return got ? "none" : got.status().message();
  }

  // Bytes of little variety, long runs and noise, as images have them.
  std::string noise(std::size_t size) {
    std::string out;
    while (out.size() < size) {
      const auto kind = random_() % 4, length = random_() % 20000;
      if (kind == 0) out.append(length, static_cast<char>(random_()));
      for (std::size_t i = 0; kind != 0 && i < length; ++i) out += static_cast<char>(random_() % (kind == 1 ? 256 : 5));
    }
    out.resize(size);
    return out;
  }

  Folder folder_;
  std::mt19937_64 random_{20030127};
};

Header image(bool primary, const std::vector<long long>& axes) {
  Header out;
  primary ? out.add("SIMPLE", true) : out.add("XTENSION", "IMAGE");
  out.add("BITPIX", 8);
  out.add("NAXIS", static_cast<int>(axes.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) out.add("NAXIS" + std::to_string(i + 1), axes[i]);
  if (!primary) out.add("PCOUNT", 0);
  if (!primary) out.add("GCOUNT", 1);
  return out;
}

// A primary HDU and two images of 6000 bytes.
std::string mef() {
  std::string out = image(true, {}).file_bytes();
  for (int i = 0; i < 2; ++i) {
    out += image(false, {100, 60}).file_bytes();
    for (int k = 0; k < 6000; ++k) out += static_cast<char>(k * k >> 3);
    out.append(2640, '\0');
  }
  return out;
}

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

TEST_F(Unpack, GivesTheBytesThatWerePacked) {
  for (const std::size_t size : {0UL, 1UL, 300UL, 98304UL, 2000000UL}) {
    const std::string bytes = noise(size);
    EXPECT_EQ(unpacked(gzip(bytes)), bytes);
    EXPECT_EQ(unpacked(bzip2(bytes)), bytes);
    EXPECT_EQ(unpacked(lzw(bytes, 16, 0)), bytes);
    const std::string some = unpacked(gzip(bytes), 3);
    ASSERT_EQ(some.size(), bytes.size());
    for (std::size_t i = 0; i < size; ++i) ASSERT_TRUE(some[i] == bytes[i] || some[i] == '?') << i;
  }
}

TEST_F(Unpack, LzwOfEveryWidth) {
  const std::string bytes = noise(400000), run(300000, 'a');
  for (unsigned widest = 9; widest <= 16; ++widest) {
    for (const unsigned clear_after : {0U, 40U, 301U, 100000U}) {
      if (widest == 9 && clear_after == 100000) continue;  // the packers of old had no such files
      const std::string packed = lzw(bytes, widest, clear_after);
      EXPECT_TRUE(unpacked(packed) == bytes) << widest << ' ' << clear_after;
      EXPECT_TRUE(unpacked(lzw(run, widest, clear_after)) == run) << widest << ' ' << clear_after;
      // gzip is the judge of what the test packs.
      const std::string path = write(packed), plain = path.substr(0, path.size() - 2);
      if (std::system(("gzip -dc < " + path + " > " + plain + " 2> /dev/null").c_str()) != 0) continue;
      std::ifstream in(plain, std::ios::binary);
      EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(in), {}) == bytes) << widest << ' ' << clear_after;
    }
  }
}

TEST_F(Unpack, LzwThatIsNone) {
  std::string fault;
  EXPECT_EQ(unpacked("\x1f\x9d\x90\xff\xff", 0, &fault), "");  // the first code is a letter
  EXPECT_EQ(fault, "the compress (.Z) data are damaged after 0 unpacked bytes");
  for (const char* flags : {"\x88", "\x91", "\xb0", "\xd0"}) {
    EXPECT_EQ(unpacked(std::string("\x1f\x9d") + flags + std::string("A\0\0\0", 4), 0, &fault), "");
    EXPECT_THAT(fault, HasSubstr("damaged"));
  }
  for (int i = 0; i < 300; ++i) {
    std::string packed = "\x1f\x9d" + noise(3000);
    packed[2] = static_cast<char>(0x90 - random_() % 7);
    unpacked(packed, 0, &fault);
  }
}

TEST_F(Unpack, ACutIsSeenAtEveryPlace) {
  const std::string bytes = mef();
  for (const std::string& packed : {gzip(bytes), bzip2(bytes)}) {
    for (std::size_t size = 3; size < packed.size(); ++size) {
      const auto got = read_fits_headers(write(packed.substr(0, size)));
      const std::string words = got ? got->damage : got.status().message();
      ASSERT_THAT(words, HasSubstr("data end too early")) << size << " of " << packed.size();
    }
    EXPECT_THAT(headers(packed).damage, IsEmpty());
    EXPECT_EQ(headers(packed).hdus.size(), 3U);
  }
  const std::string packed = gzip(bytes);
  EXPECT_EQ(headers(packed.substr(0, packed.size() - 1)).damage,
            "the gzip data end too early, after " + std::to_string(bytes.size()) + " unpacked bytes");
  EXPECT_EQ(headers(packed.substr(0, packed.size() - 1)).hdus.size(), 3U);
  // Nothing in a .Z file tells its end: only the HDUs do.
  EXPECT_EQ(headers(lzw(bytes.substr(0, 2 * 2880 + 100), 16, 0)).damage,
            "truncated: of the data of HDU 1 the file holds 100 of 6000 bytes");
}

TEST_F(Unpack, DamageIsSeen) {
  const std::string bytes = mef();
  for (std::string packed : {gzip(bytes), bzip2(bytes)}) {
    for (std::size_t at = 10; at < packed.size(); ++at) {
      packed[at] = static_cast<char>(packed[at] ^ 0x10);
      const auto got = read_fits_headers(write(packed));
      // A bit may say the same in another way: then the bytes are those that were packed.
      if (got && got->damage.empty()) {
        ASSERT_EQ(unpacked(packed), bytes) << at;
      }
      packed[at] = static_cast<char>(packed[at] ^ 0x10);
    }
  }
  std::string packed = gzip(bytes);
  for (const std::size_t from_end : {8U, 4U}) {  // checksum, length
    std::string bad = packed;
    ++bad[bad.size() - from_end];
    const FitsHeaders got = headers(bad);
    EXPECT_EQ(got.hdus.size(), 3U);
    EXPECT_EQ(got.damage, "the gzip data are damaged after " + std::to_string(bytes.size()) + " unpacked bytes");
  }
}

TEST_F(Unpack, MembersAndWhatStandsBehindThem) {
  const std::string bytes = mef();
  for (auto* pack : {gzip, bzip2}) {
    std::string many;
    for (std::size_t at = 0; at < bytes.size(); at += 777) many += pack(bytes.substr(at, 777));
    EXPECT_EQ(unpacked(many), bytes);
    const std::string two = pack(bytes.substr(0, 3000)) + pack(bytes.substr(3000));
    EXPECT_THAT(headers(two).warnings, IsEmpty());
    EXPECT_EQ(header_fingerprint(headers(two)), header_fingerprint(headers(bytes)));
    EXPECT_THAT(headers(two + std::string(100000, '\0')).warnings, IsEmpty());  // a tape's last block
    const FitsHeaders stray = headers(two + "some words");
    EXPECT_THAT(stray.warnings,
                ElementsAre("10 stray bytes after the " + std::string(pack == gzip ? "gzip" : "bzip2") + " data"));
    EXPECT_THAT(stray.damage, IsEmpty());
    EXPECT_THAT(headers(two + std::string(70000, '\0') + "x").warnings.at(0), testing::StartsWith("1 stray byte"));
    EXPECT_THAT(headers(two.substr(0, two.size() - 5)).damage, HasSubstr("end too early"));
    EXPECT_THAT(headers(pack(bytes) + pack("x").substr(0, 6)).damage, HasSubstr("end too early"));
    EXPECT_THAT(headers(pack(bytes + "xyz")).warnings, ElementsAre("3 stray bytes after the last HDU"));
  }
}

TEST_F(Unpack, WhatIsNoFitsFileInsideIsNamed) {
  EXPECT_EQ(failure(gzip("Notes of the night\n")), "a gzip file without a FITS file inside: it looks like a text file");
  EXPECT_EQ(failure(bzip2("")), "a bzip2 file without a FITS file inside: it holds nothing");
  EXPECT_EQ(failure(gzip(gzip(mef()))), "a gzip file without a FITS file inside: it looks like a gzip file");
  EXPECT_EQ(failure(gzip(mef().substr(0, 240))),
            "the primary HDU is damaged: no END card: the file ends inside the header, after 3 cards");
}

TEST_F(Unpack, BombsStaySmall) {
  const long before = peak_megabytes();
  const std::string zeros = gzip(std::string(16 << 20, '\0'));
  std::string bomb;
  for (int i = 0; i < 128; ++i) bomb += zeros;  // 2 GiB
  EXPECT_EQ(failure(bomb), "a gzip file without a FITS file inside: it begins with zeros only");
  const FitsHeaders got =
      headers(gzip(image(true, {1 << 16, 1 << 15}).file_bytes()) + bomb + gzip(std::string(1, '\0')));
  EXPECT_EQ(got.hdus.size(), 1U);
  EXPECT_THAT(got.damage, IsEmpty());
  EXPECT_LT(peak_megabytes() - before, 60);  // the 16 MiB that were packed here, and little more

  std::string headers_only = gzip(image(true, {}).file_bytes()), thousand;
  for (int i = 0; i < 1000; ++i) thousand += image(false, {}).file_bytes();
  thousand = gzip(thousand);
  for (int i = 0; i < 110; ++i) headers_only += thousand;
  EXPECT_THAT(headers(headers_only).damage, HasSubstr("the headers of this file fill more than 256 MiB"));

  std::string fault;
  EXPECT_EQ(unpacked(lzw(std::string(12 << 20, 'a'), 16, 0), 0, &fault, 1 << 20).size() >> 20, 7U);
  EXPECT_THAT(fault, HasSubstr("unpack to more than "));
  EXPECT_EQ(unpacked(zeros, 0, &fault, 1 << 20).size(), 16U << 20);  // no denser than gzip can
  EXPECT_EQ(fault, "");
}

}  // namespace
}  // namespace imreg::fits
