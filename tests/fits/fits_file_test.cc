// Reading the headers of files that are whole, odd, hostile, or no FITS files at all.
#include "imreg/fits_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../folder.h"

namespace imreg {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FitsFile : public testing::Test {
 protected:
  std::string write(const std::string& bytes, const std::string& name = "x.fits") {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // The failure of reading `bytes`, as "code: message".
  std::string failure(const std::string& bytes) { return failure_of(write(bytes)); }
  static std::string failure_of(const std::string& path) {
    const auto got = read_fits_headers(path);
    if (got) return "none";
    EXPECT_EQ(got.status().file(), path);
    const char* codes[] = {"ok", "not_found", "corrupt", "io", "invalid", "busy", "mismatch"};
    return std::string(codes[static_cast<int>(got.status().code())]) + ": " + got.status().message();
  }
  FitsHeaders headers(const std::string& bytes) {
    auto got = read_fits_headers(write(bytes));
    EXPECT_TRUE(got.ok()) << got.status().text();
    return got ? *std::move(got) : FitsHeaders();
  }

  Folder folder_;
};

std::string pad(std::string bytes) {
  bytes.resize((bytes.size() + kBlockSize - 1) / kBlockSize * kBlockSize, '\0');
  return bytes;
}

Header image(bool primary, int bitpix, const std::vector<long long>& axes, const std::string& extname = {}) {
  Header out;
  if (primary)
    out.add("SIMPLE", true);
  else
    out.add("XTENSION", "IMAGE");
  out.add("BITPIX", bitpix);
  out.add("NAXIS", static_cast<int>(axes.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) out.add("NAXIS" + std::to_string(i + 1), axes[i]);
  if (!primary) {
    out.add("PCOUNT", 0);
    out.add("GCOUNT", 1);
  }
  if (!extname.empty()) out.add("EXTNAME", extname);
  return out;
}

// Primary without data, then one 10 x 10 image of 16 bits for each name.
std::string mef(const std::vector<std::string>& names) {
  std::string out = image(true, 8, {}).file_bytes();
  for (const auto& name : names) out += image(false, 16, {10, 10}, name).file_bytes() + pad(std::string(200, '\7'));
  return out;
}

// Two cards exchanged for hostile ones.
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  const std::size_t at = bytes.find(from);
  EXPECT_NE(at, bytes.npos) << from;
  bytes.replace(at, from.size(), to);
  return bytes;
}

TEST_F(FitsFile, ReadsAMosaic) {
  const FitsHeaders got = headers(mef({"ccd00", "ccd01", "ccd00"}));
  ASSERT_EQ(got.hdus.size(), 4U);
  EXPECT_EQ(got.hdus[0].kind, HduKind::empty);
  EXPECT_EQ(got.hdus[3].kind, HduKind::image);
  EXPECT_EQ(got.hdus[3].extname, "ccd00");
  EXPECT_EQ(got.hdus[3].number, 3);
  EXPECT_EQ(got.hdus[3].bitpix, 16);
  EXPECT_THAT(got.hdus[3].axes, ElementsAre(10, 10));
  EXPECT_EQ(got.hdus[3].data_size, 200);
  EXPECT_EQ(got.hdus[1].data_offset, 2 * 2880);
  EXPECT_EQ(got.hdus[3].data_offset, 6 * 2880);
  EXPECT_EQ(got.hdus[1].header.size(), 8U);
  EXPECT_EQ(got.file_size, 7 * 2880);
  EXPECT_GT(got.mtime, 1e9);
  EXPECT_EQ(got.container, FileKind::fits);
  EXPECT_THAT(got.warnings, IsEmpty());
}

TEST_F(FitsFile, KnowsTheKinds) {
  Header groups = image(true, -32, {0, 3, 4});
  groups.add("GROUPS", true);
  groups.add("PCOUNT", 5);
  groups.add("GCOUNT", 7);
  Header table = image(false, 8, {12, 5});
  std::string bytes = groups.file_bytes() + pad(std::string(4 * 7 * (5 + 12), 'g'));
  bytes += replaced(table.file_bytes(), "'IMAGE   '", "'BINTABLE'") + pad(std::string(60, 't'));
  table.add("ZIMAGE", true);
  table.add("ZBITPIX", -32);
  table.add("ZNAXIS", 2);
  table.add("ZNAXIS1", 100);
  table.add("ZNAXIS2", 200);
  // The second PCOUNT does not count: the first of duplicates does.
  table.add("PCOUNT", 99999);
  bytes += replaced(table.file_bytes(), "'IMAGE   '", "'BINTABLE'") + pad(std::string(60, 't'));
  bytes += replaced(table.file_bytes(), "'IMAGE   '", "'FOREIGN '") + pad(std::string(60, 't'));
  bytes += image(false, 16, {0, 10}).file_bytes();
  bytes += image(false, 16, std::vector<long long>(999, 1)).file_bytes() + pad("xy");
  const FitsHeaders got = headers(bytes);
  std::vector<HduKind> kinds;
  for (const auto& hdu : got.hdus) kinds.push_back(hdu.kind);
  EXPECT_THAT(kinds, ElementsAre(HduKind::groups, HduKind::table, HduKind::compressed_image, HduKind::other,
                                 HduKind::empty, HduKind::image));
  EXPECT_EQ(got.hdus[0].data_size, 476);
  EXPECT_EQ(got.hdus[2].bitpix, -32);
  EXPECT_THAT(got.hdus[2].axes, ElementsAre(100, 200));
  EXPECT_EQ(got.hdus[2].header.text_of("XTENSION"), "BINTABLE");
  EXPECT_TRUE(got.hdus[2].is_image());
  EXPECT_EQ(got.hdus[5].axes.size(), 999U);
  EXPECT_THAT(got.warnings, IsEmpty());
}

TEST_F(FitsFile, ReadsLongHeadersAndDropsTheReserve) {
  Header h = image(true, 8, {});
  for (int i = 0; i < 9000; ++i) h.add("K" + std::to_string(i), i);
  std::string bytes(h.text());
  bytes += std::string(500 * kCardSize, ' ') + "END";
  bytes.resize((bytes.size() + kBlockSize - 1) / kBlockSize * kBlockSize, ' ');
  const FitsHeaders got = headers(bytes + image(false, 16, {1}).file_bytes() + pad("ab"));
  ASSERT_EQ(got.hdus.size(), 2U);
  EXPECT_EQ(got.hdus[0].header.text(), h.text());
  EXPECT_EQ(got.hdus[0].header.integer_of("K8999"), 8999);
}

TEST_F(FitsFile, OddFilesAreReadWithAWarning) {
  const std::string good = mef({"a", "b"});
  EXPECT_THAT(headers(good + "x").warnings, ElementsAre("1 stray bytes after the last HDU"));
  EXPECT_THAT(headers(good.substr(0, good.size() - 2780)).damage,
              HasSubstr("of the data of HDU 2 (b) the file holds 100 of 200 bytes"));
  EXPECT_EQ(headers(good.substr(0, good.size() - 2780)).hdus.size(), 3U);
  EXPECT_THAT(headers(good.substr(0, 3 * 2880 + 500)).damage, HasSubstr("HDU 2 is damaged: no END card"));
  EXPECT_EQ(headers(good.substr(0, 3 * 2880 + 500)).hdus.size(), 2U);
  EXPECT_THAT(headers(replaced(good, "T", "F")).warnings, ElementsAre(HasSubstr("SIMPLE is not T")));
  EXPECT_THAT(headers(replaced(good, "SIMPLE", "simple")).warnings, IsEmpty());
  // END without the blanks that should follow, and with a line end
  std::string bare = std::string(image(true, 8, {}).text()) + "END";
  EXPECT_THAT(headers(bare).warnings, ElementsAre(HasSubstr("last block")));
  EXPECT_EQ(headers(bare + "\n").hdus.at(0).header.size(), 3U);
  // Negative and enormous axes end the reading where they stand.
  const std::string second = good.substr(2880);
  for (const std::string axis :
       {"NAXIS1  =                   -5", "NAXIS1  = 9223372036854775807 ", "NAXIS1  =              'ten' "}) {
    const FitsHeaders got = headers(good.substr(0, 2880) + replaced(second, "NAXIS1  =                   10", axis));
    EXPECT_EQ(got.hdus.size(), 1U) << axis;
    EXPECT_FALSE(got.damage.empty()) << axis;
  }
}

TEST_F(FitsFile, HostileHeadersAreNamed) {
  const std::string good = image(true, 16, {10, 10}).file_bytes() + pad(std::string(200, 'x'));
  EXPECT_EQ(failure(replaced(good, "NAXIS2  ", "NAXIS3  ")), "corrupt: the primary HDU is damaged: NAXIS2 is missing");
  EXPECT_EQ(failure(replaced(good, "=                    2", "=                 1000")),
            "corrupt: the primary HDU is damaged: NAXIS = 1000 makes no sense");
  EXPECT_EQ(failure(replaced(good, "=                   16", "=                   17")),
            "corrupt: the primary HDU is damaged: BITPIX = 17 makes no sense");
  EXPECT_EQ(failure(replaced(good, "BITPIX", "BITPOX")), "corrupt: the primary HDU is damaged: BITPIX is missing");
  EXPECT_EQ(failure(image(true, 64, {4294967296, 4294967296}).file_bytes()),
            "corrupt: the primary HDU is damaged: the axes ask for more bytes than any file can hold");
  Header none = image(true, 16, {2147483648, 2147483648});
  none.add("GCOUNT", 0);  // no bytes at all, and 2^62 pixels
  EXPECT_EQ(failure(none.file_bytes()),
            "corrupt: the primary HDU is damaged: the axes ask for more bytes than any file can hold");
  EXPECT_EQ(failure(good.substr(0, 300)),
            "corrupt: the primary HDU is damaged: no END card: the file ends inside the header, after 3 cards");
  EXPECT_EQ(failure(replaced(good, "END", "DNE") + std::string(100000, '\377')),
            "corrupt: the primary HDU is damaged: no END card: binary data follow the header");
}

TEST_F(FitsFile, TilesOfAnImageThatCannotBeAreATable) {
  const auto kind = [&](const std::vector<long long>& axes) {
    Header table;
    table.add("XTENSION", "BINTABLE");
    table.add("BITPIX", 8);
    table.add("NAXIS", 2);
    table.add("NAXIS1", 8);
    table.add("NAXIS2", 1);
    table.add("PCOUNT", 0);
    table.add("GCOUNT", 1);
    table.add("ZIMAGE", true);
    table.add("ZBITPIX", 16);
    table.add("ZNAXIS", static_cast<int>(axes.size()));
    for (std::size_t i = 0; i < axes.size(); ++i) table.add("ZNAXIS" + std::to_string(i + 1), axes[i]);
    return headers(image(true, 8, {}).file_bytes() + table.file_bytes() + pad("12345678")).hdus.at(1).kind;
  };
  EXPECT_EQ(kind({10, 10}), HduKind::compressed_image);
  EXPECT_EQ(kind({274177, 67280421310721}), HduKind::table);  // 2^64 + 1
  EXPECT_EQ(kind({1, 1, 4294967296, 4294967296}), HduKind::table);
  EXPECT_EQ(kind({0, 10}), HduKind::empty);
  EXPECT_EQ(kind({0, 274177, 67280421310721}), HduKind::empty);
  EXPECT_EQ(kind({}), HduKind::empty);
}

TEST_F(FitsFile, AHeaderWithoutEndIsNotReadForever) {
  const std::string path = write(std::string(image(true, 8, {}).text()));
  std::ofstream out(path, std::ios::binary | std::ios::app);
  const std::string cards(36000 * kCardSize, 'A');
  for (int i = 0; i < 30; ++i) out << cards;  // 86 MB
  out.close();
  EXPECT_EQ(failure_of(path), "corrupt: the primary HDU is damaged: no END card within 64 MiB");
}

TEST_F(FitsFile, WhatIsNoFitsFileIsNamed) {
  EXPECT_EQ(failure(""), "invalid: the file is empty");
  EXPECT_EQ(failure("SIMPLE"), "invalid: not a FITS file: it looks like a text file");
  EXPECT_EQ(failure("\xff\xd8\xff\xe0 JFIF"), "invalid: not a FITS file: it looks like a JPEG image");
  EXPECT_EQ(failure("\x89PNG\r\n"), "invalid: not a FITS file: it looks like a PNG image");
  EXPECT_EQ(failure("<!doctype html><body>"), "invalid: not a FITS file: it looks like an HTML page");
  EXPECT_EQ(failure("Notes of the night\n"), "invalid: not a FITS file: it looks like a text file");
  EXPECT_EQ(failure(std::string(5000, '\0')), "invalid: not a FITS file: it begins with zeros only");
  EXPECT_EQ(failure("\1\2\3"), "invalid: not a FITS file: it does not begin with SIMPLE =");
  EXPECT_EQ(failure("\x1f\x8b not gzip"), "corrupt: the gzip data are damaged after 0 unpacked bytes");
  EXPECT_EQ(failure(std::string("\x1f\x8b\0\xed", 4)), "corrupt: the gzip data are damaged after 0 unpacked bytes");
  EXPECT_EQ(failure("BZh9 not bzip2"), "corrupt: the bzip2 data are damaged after 0 unpacked bytes");
  EXPECT_EQ(failure("\x1f\x9d\x90 not"), "corrupt: the compress (.Z) data are damaged after 1 unpacked bytes");
  EXPECT_EQ(failure("\x1f\x9d"), "invalid: a compress (.Z) file without a FITS file inside: it holds nothing");
  const std::string dump = "invalid: a text dump of a header, not a FITS file";
  EXPECT_EQ(
      failure("SIMPLE  =                    T / x\nBITPIX  =                   16\nNAXIS   =                    0\n"),
      dump);
  EXPECT_EQ(failure("{\"SIMPLE\": true, \"BITPIX\": 16, \"EXPTIME\": 3}"), dump);
  EXPECT_EQ(failure("SIMPLE: true\nBITPIX: 16\n"), dump);
  EXPECT_EQ(failure("- - SIMPLE\n  - Bool\n- - BITPIX\n"), dump);
  EXPECT_EQ(failure("CD1_2   =             -3.7E-05"), dump);
  EXPECT_EQ(failure("{\"header\": {\"SIMPLE\": true, \"BITPIX\": 16, \"comment\": \"a word, and another\"}}"), dump);
  EXPECT_EQ(failure("# patched by hand\nSIMPLE: true\nBITPIX: 16\nfacility: x\nHISTORY of it\n"), dump);
  const std::string text = "invalid: not a FITS file: it looks like a text file";
  EXPECT_EQ(failure("#!/usr/bin/python3\nimport sys\n\ncards = {\n    'SIMPLE': True,\n    'BITPIX': 16,\n}\n"
                    "for key in cards:\n    print(key)\nif len(sys.argv) > 1:\n    sys.exit(1)\n"),
            text);
  EXPECT_EQ(failure("How to write a header:\nSIMPLE = T comes first,\nBITPIX = 16 is next.\nThen come the axes.\n"
                    "All of this is in the standard.\n"),
            text);
  EXPECT_EQ(failure("#define NAXIS 2\n// NAXIS1, NAXIS2\nBITPIX  = 16;\nint main() {\n  return 0;\n}\n"), text);
  EXPECT_EQ(*file_kind(write("SIMPLE: true\nBITPIX: 16\n")), FileKind::header_dump);
  EXPECT_EQ(*file_kind(write("hello")), FileKind::text);
  EXPECT_EQ(*file_kind(write("")), FileKind::empty);
  EXPECT_EQ(*file_kind(write("\1")), FileKind::unknown);
}

TEST_F(FitsFile, SpecialFilesAreNeverWaitedFor) {
  EXPECT_EQ(failure_of(folder_ / "absent.fits"), "not_found: there is no such file");
  EXPECT_EQ(failure_of(write("x") + "/below"), "not_found: there is no such file");
  EXPECT_EQ(failure_of(folder_.path()), "invalid: a directory, not a file");
  EXPECT_EQ(failure_of("/dev/null"), "invalid: a device, not a file");
  const std::string pipe = folder_ / "pipe", socket_path = folder_ / "socket";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(failure_of(pipe), "invalid: a pipe, not a file");
  EXPECT_EQ(file_kind(pipe).status().code(), Code::invalid);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socket_path.size(), sizeof address.sun_path);
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(failure_of(socket_path), "invalid: a socket, not a file");
  close(fd);
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(failure_of(folder_ / "loop"), testing::StartsWith("io: cannot be opened: "));
  if (geteuid() != 0) {
    const std::string secret = write("x", "secret");
    chmod(secret.c_str(), 0);
    EXPECT_EQ(failure_of(secret), "io: cannot be opened: Permission denied");
  }
  fs::create_symlink(write(mef({"a"})), folder_ / "link");
  EXPECT_TRUE(read_fits_headers(folder_ / "link").ok());
}

TEST_F(FitsFile, NamesThatLibrariesWouldObeyAreNames) {
  const std::string path = write(mef({"a"}), "a.fits(evil.fits)");
  ASSERT_EQ(std::system(("gzip -9 '" + path + "' && mv '" + path + ".gz' '" + path + "[1].fits'").c_str()), 0);
  const auto got = read_fits_headers(path + "[1].fits");  // gzip under a .fits name
  ASSERT_TRUE(got.ok()) << got.status().text();
  EXPECT_EQ(got->container, FileKind::gzip);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(FitsFile, CompressedFilesHaveTheSameHeaders) {
  Header table = image(false, 8, {8, 1});
  table.add("TFIELDS", 1);
  table.add("TFORM1", "1PB(0)");
  table.add("TTYPE1", "COMPRESSED_DATA");
  table.add("ZCMPTYPE", "GZIP_1");
  table.add("EXTNAME", "COMPRESSED_IMAGE");
  table.add("ZIMAGE", true);
  table.add("ZBITPIX", 16);
  table.add("ZNAXIS", 1);
  table.add("ZNAXIS1", 100);
  const std::string bytes =
      mef({"a"}) + replaced(table.file_bytes(), "'IMAGE   '", "'BINTABLE'") + pad(std::string(8, '\0'));
  const FitsHeaders plain = headers(bytes);
  for (const std::string tool : {"gzip", "bzip2"}) {
    const std::string path = write(bytes, "c.fits");
    if (std::system((tool + " -f " + path).c_str()) != 0) GTEST_SKIP() << "no " << tool;
    const auto got = read_fits_headers(path + (tool == "gzip" ? ".gz" : ".bz2"));
    ASSERT_TRUE(got.ok()) << got.status().text();
    ASSERT_EQ(got->hdus.size(), 3U) << testing::PrintToString(got->warnings);
    EXPECT_EQ(got->hdus[2].kind, HduKind::compressed_image);
    EXPECT_EQ(got->hdus[2].data_offset, -1);
    EXPECT_THAT(got->hdus[2].axes, ElementsAre(100));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(got->hdus[i].header.text(), plain.hdus[i].header.text());
    EXPECT_EQ(header_fingerprint(*got), header_fingerprint(plain));
  }
}

TEST_F(FitsFile, FingerprintIsPinned) {
  // A change of this number makes every registered file look changed: it must never change.
  const FitsHeaders two = headers(mef({"ccd00", "ccd01"}));
  EXPECT_EQ(header_fingerprint(two), -3294262239734690757);
  EXPECT_NE(header_fingerprint(two), header_fingerprint(headers(mef({"ccd01", "ccd00"}))));
  EXPECT_NE(header_fingerprint(two), header_fingerprint(headers(mef({"ccd00"}))));
  EXPECT_NE(header_fingerprint(FitsHeaders()), 0);
}

}  // namespace
}  // namespace imreg
