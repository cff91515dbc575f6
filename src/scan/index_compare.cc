// Compares what the rows say with what the columns say, by threads; where the sums differ, finds the rows.
#include <algorithm>
#include <atomic>

#include "os/processors.h"
#include "scan/index_columns.h"

namespace imreg::index {

namespace {
constexpr std::int64_t kLocated = 2 << 20;  // rows that are told apart at a time
}

Status IndexCheck::State::find_newest() {
  bool overlap = false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      overlap |= segments[i].base < segments[j].end && segments[j].base < segments[i].end;
  }
  newest.clear();
  if (!overlap) return {};
  newest.resize(static_cast<std::size_t>(head.covered), 255);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    PageReader pages(file, head.nonce);
    Walk<std::uint32_t> rows(pages, segments[i].row);
    std::uint32_t number = 0;
    while (rows.next(number)) {
      if (const std::int64_t row = segments[i].base + number; row < head.covered)
        newest[static_cast<std::size_t>(row)] = static_cast<std::uint8_t>(i);
    }
    IMREG_TRY(pages.status());
  }
  return {};
}

std::vector<IndexFault> IndexCheck::compare(const Sums& rows, const RecordFile& file, int jobs,
                                            std::size_t most) const {
  State& s = *state_;
  s.left_out = rows.left_out_;
  s.left_out.insert(s.left_out.end(), s.changed.begin(), s.changed.end());
  std::sort(s.left_out.begin(), s.left_out.end());
  s.has_left_out = !s.left_out.empty();
  if (const auto status = s.find_newest(); !status.ok()) return {{-1, -1, said_by(status)}};

  const std::size_t groups = 2 + s.fields.names.size();
  std::vector<std::vector<IndexFault>> faults(groups);
  std::vector<std::vector<std::uint64_t>> sums(groups, std::vector<std::uint64_t>(s.columns.size()));
  std::atomic<std::size_t> next{0};
  at_once(std::min<int>(jobs, static_cast<int>(groups)), [&](int) {
    for (std::size_t group; (group = next++) < groups;) {
      std::vector<std::uint64_t> own(s.columns.size());  // in no line of the cache with another thread's
      std::uint64_t* const sum = own.data();
      const auto add = [sum](std::size_t column, std::int64_t, std::uint64_t key, std::uint64_t value) {
        sum[column] += pair_hash(column, key, value);
      };
      ColumnWalk<decltype(add)>{s, add, faults[group], most}.group(group);
      sums[group] = std::move(own);
    }
  });

  std::vector<IndexFault> out;
  for (auto& of_group : faults) out.insert(out.end(), of_group.begin(), of_group.end());
  if (rows.odd_ra_ > 0 && std::none_of(out.begin(), out.end(), [](const IndexFault& f) { return f.row < 0; }))
    out.push_back({rows.first_odd_ra_, -1, "its ra is outside of what its segment says"});
  if (!out.empty()) return out;  // where a column is out of order its sum says nothing more

  for (std::size_t column = 0; column < s.columns.size() && out.size() < most; ++column) {
    if (s.columns[column].empty()) continue;
    const bool everywhere = std::all_of(s.segments.begin(), s.segments.end(), [&](const SegmentHead& segment) {
      if (segment.rows == 0 || column < s.codes) return true;
      return column < s.names ? segment.values[column - s.codes].bytes > 0
                              : segment.names[column - s.names].starts.bytes > 0;
    });
    std::uint64_t sum = 0;
    for (const auto& of_group : sums) sum += of_group[column];
    if (!everywhere || sum == rows.of_column_[column]) continue;
    locate(column, file, most, out);
    if (out.empty()) out.push_back({-1, -1, "its " + s.columns[column] + " is not that of the rows"});
    if (column == s.rows_column) break;  // the other columns lack the same rows
  }
  return out;
}

void IndexCheck::locate(std::size_t column, const RecordFile& file, std::size_t most,
                        std::vector<IndexFault>& out) const {
  const State& s = *state_;
  const std::size_t group = column == s.place || column == s.odd ? 1 : column >= s.names ? 2 + column - s.names : 0;
  Record copy = file.make_record();
  for (std::int64_t from = 0; from < s.head.covered && out.size() < most; from += kLocated) {
    const std::int64_t end = std::min(from + kLocated, s.head.covered);
    std::vector<std::uint64_t> differences(static_cast<std::size_t>(end - from));
    std::vector<std::int64_t> changed;  // since they were added up
    for (std::int64_t row = from; row < end; ++row) {
      if (!s.counts(s.newest.empty() ? 0 : s.newest[static_cast<std::size_t>(row)], row)) continue;
      Sums one(*this);
      if (file.read(row, copy).ok()) one.add(row, copy.bytes().data());
      if (!one.left_out_.empty()) changed.push_back(row);
      differences[static_cast<std::size_t>(row - from)] = one.of_column_[column];
    }
    const auto subtract = [&](std::size_t of, std::int64_t row, std::uint64_t key, std::uint64_t value) {
      if (of == column && row >= from && row < end)
        differences[static_cast<std::size_t>(row - from)] -= pair_hash(of, key, value);
    };
    std::vector<IndexFault> ignored;
    ColumnWalk<decltype(subtract)>{s, subtract, ignored, most}.group(group);
    for (std::int64_t row = from; row < end && out.size() < most; ++row) {
      if (differences[static_cast<std::size_t>(row - from)] == 0) continue;
      if (std::binary_search(changed.begin(), changed.end(), row)) continue;
      out.push_back({row, -1,
                     column == s.rows_column ? "it does not have this row once"
                                             : "it has another " + s.columns[column] + " for this row"});
    }
  }
}

Result<std::vector<IndexFault>> check_index(const RecordFile& file, std::size_t most) {
  IMREG_ASSIGN(const auto check, IndexCheck::open(file));
  auto sums = check.sums();
  Record copy = file.make_record();
  for (std::int64_t row = 0; row < file.count(); ++row) {
    if (file.read(row, copy).ok())
      sums.add(row, copy.bytes().data());
    else
      sums.leave_out(row);
  }
  return check.compare(sums, file, 1, most);
}

}  // namespace imreg::index
