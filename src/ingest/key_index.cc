// Collects hashes by several threads and sorts them.
#include "ingest/key_index.h"

#include <cstring>
#include <limits>
#include <memory>

#include "query/candidates.h"

namespace imreg::ingest {

std::uint64_t hash_of(std::uint64_t number) {  // the finisher of SplitMix64
  number += 0x9e3779b97f4a7c15U;
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9U;
  number = (number ^ number >> 27) * 0x94d049bb133111ebU;
  return number ^ number >> 31;
}

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = hash_of(seed + text.size());
  for (std::size_t at = 0; at < text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, std::min<std::size_t>(8, text.size() - at));
    hash = hash_of(hash ^ word);
  }
  return hash;
}

Result<KeyIndex> KeyIndex::make(const RecordFile& file, int jobs,
                                const std::function<std::uint64_t(RecordView)>& key) try {
  if (file.count() > std::numeric_limits<std::uint32_t>::max())
    return Status(Code::invalid, "has more rows than can be joined").in_file(file.path());
  struct Worker {
    Looker looker;
    std::vector<std::uint64_t> items;
  };
  Candidates all{&file, {}, {}};
  all.selection.without_deleted(file.schema());
  std::vector<Worker> workers;
  for (int i = 0; i < workers_for(file.count(), jobs); ++i) workers.push_back({Looker(all), {}});
  KeyIndex out;
  out.items_.reserve(static_cast<std::size_t>(file.count()));
  const auto of = [&](int worker) -> Worker& { return workers[static_cast<std::size_t>(worker)]; };
  IMREG_TRY(each_block(
      file.count(), jobs,
      [&](int number, std::int64_t from, std::int64_t end) -> Status {
        Worker& worker = of(number);
        worker.looker.between(from, end, [&](std::int64_t row, RecordView record) {
          if (const auto hash = key(record); hash != 0)
            worker.items.push_back(hash >> 32 << 32 | static_cast<std::uint64_t>(row));
          return true;
        });
        return {};
      },
      [&](int number, std::int64_t) -> Status {
        auto& items = of(number).items;
        out.items_.insert(out.items_.end(), items.begin(), items.end());
        items.clear();
        return {};
      }));
  std::sort(out.items_.begin(), out.items_.end());
  constexpr std::size_t kStarts = std::size_t{1} << kStartBits;
  out.starts_.resize(kStarts + 1);
  std::size_t start = 0;
  for (std::size_t i = 0; i < out.items_.size(); ++i) {
    while (start <= out.items_[i] >> (64 - kStartBits)) out.starts_[start++] = static_cast<std::ptrdiff_t>(i);
  }
  while (start <= kStarts) out.starts_[start++] = std::ssize(out.items_);
  return out;
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace imreg::ingest
