// The same work without an engine, as a static program: what somebody would write for this one layout on one afternoon.
//   plain rows DB   every row as imsearch prints it: a map, std::to_chars, no checks
//   plain map DB    one word of each row through a map
//   plain read DB   all bytes by read()
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "formats/regimage.h"
#include "imreg/record.h"
#include "row_text.h"

namespace {

using namespace imreg;
using namespace imreg::bench;

constexpr std::int64_t kHeader = 23040;
bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(1, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// NAXIS2 of the table, at its fixed place.
std::int64_t row_count(const char* bytes) { return std::strtoll(bytes + 3200 + 10, nullptr, 10); }

bool write_rows(const char* bytes) {
  namespace r = regimage;
  std::vector<char> buffer(300000);
  char* out = buffer.data();
  const std::int64_t count = row_count(bytes);
  for (std::int64_t index = 0; index < count; ++index) {
    const char* row = bytes + kHeader + index * r::kRecordSize;
    out = std::to_chars(out, out + 20, index + 1).ptr;
    out = put_word(out, kTypes[load(row, r::kType)]);
    out = put_word(out, kModes[load(row, r::kMode)]);
    *out++ = ' ';
    out = std::to_chars(out, out + 8, load(row, r::kCcd)).ptr;
    out = put_word(out, load(row, r::kPathname));
    out = put_word(out, load(row, r::kFilename));
    out = put_word(out, load(row, r::kFilter));
    out = put_real(out, load(row, r::kExptime));
    out = put_time(out, load(row, r::kObstime));
    const int state = load(row, r::kProcstate);
    out = put_statistic(out, load(row, r::kFwhm), state >> 4);
    out = put_statistic(out, load(row, r::kBias), state);
    out = put_statistic(out, load(row, r::kSky), state >> 2);
    *out++ = '\n';
    if (out - buffer.data() < 256 * 1024) continue;
    if (!write_all({buffer.data(), static_cast<std::size_t>(out - buffer.data())})) return false;
    out = buffer.data();
  }
  return write_all({buffer.data(), static_cast<std::size_t>(out - buffer.data())});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view work = argv[1];
  const int fd = ::open(argv[2], O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) return 3;
  if (work == "read") {
    std::vector<char> buffer(256 * 1024);
    std::int64_t all = 0;
    for (ssize_t got; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) all += got;
    return all == info.st_size ? 0 : 3;
  }
  void* map = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return 3;
  const char* bytes = static_cast<const char*>(map);
  if (work == "rows") return write_rows(bytes) ? 0 : 3;
  std::uint64_t sum = 0;
  for (std::int64_t index = 0, count = row_count(bytes); index < count; ++index) {
    std::uint64_t word;
    std::memcpy(&word, bytes + kHeader + index * regimage::kRecordSize, sizeof word);
    sum += word;
  }
  return sum == 0 ? 1 : 0;
}
