// An index whose checks are right and whose numbers are anything: it is refused, or some rows are missing; nothing else may
// happen to the program that reads it, or that writes on beside it and merges it: the rows are right in any case.
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "../long_form.h"
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

IndexKeeper::Limits forged_limits() {
  auto limits = low_limits();
  limits.step = 1000;
  return limits;
}

// Without what the writer adds to a row.
std::string as_written(std::string bytes) {
  Record row(std::move(bytes));
  row.set(regimage::kCrc, 0);
  row.set(regimage::kChangeno, 0);
  return row.bytes();
}

class ForgedTest : public IndexTest {
 protected:
  // Three segments, and changed rows beside them.
  void make_index(Dice& dice) {
    IndexKeeper keeper(IndexKeeper::Patience::none, forged_limits());
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
    sound_ = Spoiler(path_ + ".idx").read();
    std::memcpy(&head_, sound_.data(), sizeof head_);
    ASSERT_GE(head_.segment_count, 2);
    ASSERT_GT(head_.changed_count, 10);
    for (std::int64_t i = 0; i < head_.segment_count; ++i) heads_.push_back(head_.segments[i].head_page);
  }

  std::string sound_page(std::int64_t page) const {
    return sound_.substr(static_cast<std::size_t>(page * kPage), static_cast<std::size_t>(kPage));
  }

  // Some numbers of a page are changed, and its check is right again.
  std::pair<std::int64_t, std::string> forged_page(Dice& dice) const {
    const bool column = dice.below(3) == 0;
    const std::int64_t page = column ? 1 + dice.below(static_cast<int>(head_.pages) - 1) : dice.of(heads_);
    std::string bytes = sound_page(page);
    // Of the heads: words behind the magic; the number of the index and what tells whose it is stay.
    const std::size_t first = column ? 0 : page == 0 ? offsetof(index::Head, covered) : 8;
    const std::size_t size = column      ? static_cast<std::size_t>(kPayload)
                             : page == 0 ? sizeof(index::Head)
                                         : sizeof(index::SegmentHead);
    for (int n = 1 + dice.below(3); n > 0; --n) {
      std::size_t at = first + 8 * static_cast<std::size_t>(dice.below(static_cast<int>((size - first) / 8)));
      if (page == 0 && dice.below(2))
        at = dice.of<std::size_t>({offsetof(index::Head, covered), offsetof(index::Head, pages),
                                   offsetof(index::Head, changed_count), offsetof(index::Head, changed),
                                   offsetof(index::Head, segment_count), offsetof(index::Head, segments)});
      if (page == 0 && at >= offsetof(index::Head, done) && at < offsetof(index::Head, pages)) continue;
      std::uint64_t was = 0;
      std::memcpy(&was, bytes.data() + at, sizeof was);
      const std::uint64_t now = nasty(dice, was);
      std::memcpy(bytes.data() + at, &now, dice.below(2) ? 8 : 4);
    }
    const std::uint64_t check = index::page_check(head_.nonce, page, bytes.data());
    std::memcpy(bytes.data() + kPayload, &check, sizeof check);
    return {page, bytes};
  }

  std::string sound_;
  index::Head head_{};
  std::vector<std::int64_t> heads_{0};  // pages with lengths in them
};

TEST_F(ForgedTest, ForgedNumbersCostNothingButRows) {
  Dice dice(4711);
  ASSERT_NO_FATAL_FAILURE(make_index(dice));
  const auto file = RecordFile::open(path_);
  auto forged = File::open(path_ + ".idx", File::Mode::write);
  ASSERT_TRUE(forged.ok());
  int refused = 0, used = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto [page, bytes] = forged_page(dice);
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
    ASSERT_TRUE(forged->write(page * kPage, sound_page(page)).ok());
  }
  EXPECT_GT(refused, 3000);
  EXPECT_GT(used, 3000);
}

// Half of the files are damaged by chance instead: then the searches are right, too.
TEST_F(ForgedTest, AWriterGoesOnWithIt) {
  Dice dice(4712);
  ASSERT_NO_FATAL_FAILURE(make_index(dice));
  const std::string rows = Spoiler(path_).read(), journal = Spoiler(path_ + ".journal").read();
  int removed = 0, kept = 0, merged = 0, used = 0, right = 0;
  int files = 0;
  const LongForm limit;
  for (; files < 300 || !limit.over(); ++files) {
    const int i = files;
    const bool forges = i % 2 == 0;
    auto bytes = sound_;
    for (int n = 1 + dice.below(forges ? 3 : 40); n > 0; --n) {
      if (forges) {
        const auto [page, forged] = forged_page(dice);
        bytes.replace(static_cast<std::size_t>(page * kPage), forged.size(), forged);
      } else if (dice.below(200) == 0) {
        bytes.resize(bytes.size() - static_cast<std::size_t>(dice.below(static_cast<int>(bytes.size() / 2))));
      } else {
        // A column, usually: an index whose heads are damaged is removed at once.
        const std::int64_t page =
            dice.below(100) == 0 ? dice.of(heads_) : 1 + dice.below(static_cast<int>(head_.pages) - 1);
        const auto at = static_cast<std::size_t>(page * kPage + dice.below(kPage));
        if (at < bytes.size()) bytes[at] = static_cast<char>(dice.below(256));
      }
    }
    Spoiler(path_).write(rows);
    Spoiler(path_ + ".journal").write(journal);
    Spoiler(path_ + ".idx").write(bytes);

    const auto before = live.load();
    peak = before;
    std::vector<std::string> wanted;
    {
      const auto file = RecordFile::open(path_);
      Record record = file->make_record();
      for (std::int64_t row = 0; row < file->count(); ++row) {
        ASSERT_TRUE(file->read(row, record).ok());
        wanted.emplace_back(record.bytes());
      }
    }
    const auto held = live.load();
    for (int life = 0; life < 3; ++life) {
      IndexKeeper keeper(dice.below(3) ? IndexKeeper::Patience::none : IndexKeeper::Patience::full, forged_limits());
      RecordWriter::Options options;
      options.follower = &keeper;
      auto writer = RecordWriter::open(path_, options);
      ASSERT_TRUE(writer.ok()) << writer.status().text();
      if (dice.below(2)) keeper.begin(writer->file());
      std::string added;
      for (int n = dice.below(3) ? dice.below(20) : dice.below(700); n > 0; --n)
        added += random_row(dice, static_cast<int>(wanted.size()) + n);
      std::vector<RowChange> changes;
      for (int n = dice.below(3) ? dice.below(10) : dice.below(300); n > 0; --n)
        changes.push_back({dice.below(static_cast<int>(wanted.size())), random_row(dice, n)});
      ASSERT_TRUE(writer->commit(changes, added).ok());
      if (dice.below(2)) keeper.finish(writer->file());
      (keeper.note().empty() ? kept : removed) += 1;
      EXPECT_TRUE(keeper.note().empty() || !std::filesystem::exists(path_ + ".idx")) << keeper.note();
      for (const auto& change : changes) wanted[static_cast<std::size_t>(change.row)] = change.bytes;
      constexpr auto kSize = static_cast<std::size_t>(regimage::kRecordSize);
      for (std::size_t at = 0; at < added.size(); at += kSize) wanted.push_back(added.substr(at, kSize));
    }
    if (i % 3 == 0 && std::filesystem::exists(path_ + ".idx")) {
      const auto status = merge_index(path_, {}, forged_limits());  // says what is wrong with it, if anything
      merged += status.ok();
      EXPECT_FALSE(std::filesystem::exists(path_ + ".idx.merge"));
    }
    ASSERT_LT(peak - held, std::int64_t{24} << 20) << "file " << i;
    ASSERT_TRUE(!std::filesystem::exists(path_ + ".idx") || std::filesystem::file_size(path_ + ".idx") < 32 << 20);

    const auto file = RecordFile::open(path_);
    ASSERT_EQ(file->count(), std::ssize(wanted));
    Record record = file->make_record();
    for (std::int64_t row = 0; row < file->count(); ++row) {
      ASSERT_TRUE(file->read(row, record).ok()) << "file " << i << ", row " << row;
      ASSERT_EQ(as_written(record.bytes()), as_written(wanted[static_cast<std::size_t>(row)]))
          << "file " << i << ", row " << row;
    }
    for (int look = 0; look < 3; ++look) {
      const auto selection = random_selection(dice);
      if (!forges) {
        bool with = false;
        ASSERT_NO_FATAL_FAILURE(check(*file, selection, true, with)) << "file " << i;
        used += with;
        continue;
      }
      std::vector<std::int64_t> found;
      find_rows(*file, selection, {}, nullptr).each(0, [&](std::int64_t row) { return found.push_back(row), true; });
      const auto expected = naive(*file, selection);
      ASSERT_TRUE(std::includes(expected.begin(), expected.end(), found.begin(), found.end())) << "file " << i;
      right += found == expected;
    }
    ASSERT_TRUE(rebuild_index(*file).ok());
  }
  EXPECT_GT(removed, files / 10);
  EXPECT_GT(kept, files);
  EXPECT_GT(merged, files / 50);
  EXPECT_GT(used, files / 10);
  std::printf(
      "%d lives kept the index, %d removed it; %d merges; damaged: %d answers with it; forged: %d of %d right\n", kept,
      removed, merged, used, right, 3 * files / 2);
}

}  // namespace
}  // namespace imreg
