// An index whose checks are right and whose numbers are anything: it is refused, or some rows are missing; nothing else may
// happen to the program that reads it. (A writer that goes on with it is not tested here.)
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "index_fixture.h"
#include "os/file.h"

namespace {

std::atomic<std::int64_t> live{0}, peak{0};

void* counted_new(std::size_t size) {
  void* const at = std::malloc(size);
  if (!at) throw std::bad_alloc();
  const auto now = live += static_cast<std::int64_t>(::malloc_usable_size(at));
  for (auto was = peak.load(); now > was && !peak.compare_exchange_weak(was, now);) {
  }
  return at;
}

void counted_delete(void* at) noexcept {
  live -= static_cast<std::int64_t>(::malloc_usable_size(at));
  std::free(at);
}

}  // namespace

void* operator new(std::size_t size) { return counted_new(size); }
void* operator new[](std::size_t size) { return counted_new(size); }
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {  // stable_sort's buffer
  try {
    return counted_new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* at) noexcept { counted_delete(at); }
void operator delete[](void* at) noexcept { counted_delete(at); }
void operator delete(void* at, std::size_t) noexcept { counted_delete(at); }
void operator delete[](void* at, std::size_t) noexcept { counted_delete(at); }

namespace imreg {
namespace {

using index::kPage;
using index::kPayload;

// A number as an attacker would choose it, or one bit beside the right one.
std::uint64_t nasty(Dice& dice, std::uint64_t was) {
  const auto random =
      (static_cast<std::uint64_t>(dice.below(1 << 30)) << 32U) ^ static_cast<std::uint64_t>(dice.below(1 << 30));
  switch (dice.below(8)) {
    case 0: return 0;
    case 1: return ~std::uint64_t{0};
    case 2: return std::uint64_t{1} << static_cast<unsigned>(dice.below(64));
    case 3: return was ^ (std::uint64_t{1} << static_cast<unsigned>(dice.below(64)));
    case 4: return was + static_cast<std::uint64_t>(dice.below(9)) - 4;
    case 5: return was * 2;
    case 6: return random & 0xffffffff;
    default: return random;
  }
}

TEST_F(IndexTest, ForgedNumbersCostNothingButRows) {
  Dice dice(4711);
  {
    IndexKeeper::Limits limits;
    limits.tail = 50;
    limits.step = 1000;
    limits.small_merge = 700;
    limits.segments = 6;
    limits.piece = 400;
    IndexKeeper keeper(IndexKeeper::Patience::none, limits);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path_, options);
    ASSERT_TRUE(writer.ok());
    for (int i = 0; i < 3; ++i) {
      std::string added;
      for (int k = 0; k < 900; ++k) added += random_row(dice, i * 900 + k);
      ASSERT_TRUE(writer->append(added).ok());
    }
    std::vector<RowChange> changes;
    for (int i = 0; i < 30; ++i) changes.push_back({i * 70, random_row(dice, i)});
    ASSERT_TRUE(writer->commit(changes).ok());
    ASSERT_EQ(keeper.note(), "");
  }
  const auto file = RecordFile::open(path_);
  const std::string sound = Spoiler(path_ + ".idx").read();
  index::Head head;
  std::memcpy(&head, sound.data(), sizeof head);
  ASSERT_GE(head.segment_count, 2);
  ASSERT_GT(head.changed_count, 10);
  std::vector<std::int64_t> heads{0};  // pages with lengths in them
  for (std::int64_t i = 0; i < head.segment_count; ++i) heads.push_back(head.segments[i].head_page);

  auto forged = File::open(path_ + ".idx", File::Mode::write);
  ASSERT_TRUE(forged.ok());
  int refused = 0, used = 0;
  for (int i = 0; i < 20000; ++i) {
    const bool column = dice.below(3) == 0;
    const std::int64_t page = column ? 1 + dice.below(static_cast<int>(head.pages) - 1) : dice.of(heads);
    std::string bytes = sound.substr(static_cast<std::size_t>(page * kPage), static_cast<std::size_t>(kPage));
    // Of the heads: words behind the magic; the number of the index and what tells whose it is stay.
    const std::size_t first = column ? 0 : page == 0 ? offsetof(index::Head, covered) : 8;
    const std::size_t size = column      ? static_cast<std::size_t>(kPayload)
                             : page == 0 ? sizeof(index::Head)
                                         : sizeof(index::SegmentHead);
    for (int n = 1 + dice.below(3); n > 0; --n) {
      const std::size_t at = first + 8 * static_cast<std::size_t>(dice.below(static_cast<int>((size - first) / 8)));
      if (page == 0 && at >= offsetof(index::Head, done) && at < offsetof(index::Head, pages)) continue;
      std::uint64_t was = 0;
      std::memcpy(&was, bytes.data() + at, sizeof was);
      const std::uint64_t now = nasty(dice, was);
      std::memcpy(bytes.data() + at, &now, dice.below(2) ? 8 : 4);
    }
    const std::uint64_t check = index::page_check(head.nonce, page, bytes.data());
    std::memcpy(bytes.data() + kPayload, &check, sizeof check);
    ASSERT_TRUE(forged->write(page * kPage, bytes).ok());

    const auto before = live.load();
    peak = before;
    Selection selection = random_selection(dice);
    std::string why;
    const bool opens = index::Index::open(*file, why).has_value();
    ++(opens ? used : refused);
    const auto wanted = opens ? std::vector<std::int64_t>() : naive(*file, selection);
    std::vector<std::int64_t> found;
    Record scratch = file->make_record();
    ScanReport report;
    const auto take = [&](std::int64_t row, RecordView record) {
      EXPECT_TRUE(row >= 0 && row < file->count() && selection.matches(record));
      found.push_back(row);
      return true;
    };
    const auto hour = [](RecordView row) { return std::to_string(std::floor(row[regimage::kObstime] / 3600)); };
    switch (i % 7) {
      case 0: report = scan(*file, selection, {}, take); break;
      case 1: (void)count_matches(*file, selection); break;
      case 2: (void)scan_by_time(*file, selection, dice.below(2) != 0, report, take); break;
      case 3: (void)row_of_match(*file, selection, dice.below(100), report); break;
      case 4: (void)count_values(*file, selection, {schema().find("object")}, report); break;
      case 5: (void)count_values(*file, selection, {schema().find("ccd")}, report, hour); break;
      default: (void)count_values(*file, selection, {schema().find("type"), schema().find("filter")}, report);
    }
    if (!opens && i % 7 == 0) {
      ASSERT_EQ(found, wanted);
    }
    ASSERT_LE(std::ssize(found), 2 * file->count()) << "file " << i;
    ASSERT_LT(peak - before, std::int64_t{16} << 20) << "file " << i << ", page " << page;
    ASSERT_TRUE(forged->write(page * kPage, sound.substr(static_cast<std::size_t>(page * kPage), kPage)).ok());
  }
  EXPECT_GT(refused, 3000);
  EXPECT_GT(used, 3000);
}

}  // namespace
}  // namespace imreg
