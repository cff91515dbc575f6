// Places of several segments in one order: zone by zone, by right ascension; and the odd ones.
#include <functional>
#include <queue>

#include "scan/merge_internal.h"

namespace imreg::index::merging {

Status Merger::merge_places() {
  std::vector<std::vector<std::uint32_t>> zones(inputs_.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const auto& input = inputs_[i];
    PageReader pages(*input.source.file, input.source.nonce);
    zones[i].resize(kZones + 1);
    if (!pages.values(input.source.head.zones, 0, kZones + 1, zones[i].data())) return damaged(pages.status());
    head_.placed += input.source.head.placed;
    if (input.skipped.empty()) continue;
    Cursor<std::uint32_t> rows(input.source, input.source.head.sky_row);
    std::uint32_t row = 0;
    while (rows.next(row)) head_.placed -= input.skips(row) ? 1 : 0;
    IMREG_TRY(rows.status());
  }
  PageWriter ra_out(to_, nonce_, head_.ra = columns_.take(head_.placed * 4));
  PageWriter dec_out(to_, nonce_, head_.dec = columns_.take(head_.placed * 4));
  PageWriter row_out(to_, nonce_, head_.sky_row = columns_.take(head_.placed * 4));
  struct Cursors {
    Cursor<std::uint32_t> ra, dec, row;
  };
  std::vector<Cursors> cursors;
  for (const auto& input : inputs_) {
    const auto& head = input.source.head;
    cursors.push_back({{input.source, head.ra}, {input.source, head.dec}, {input.source, head.sky_row}});
  }
  std::vector<std::uint32_t> merged(kZones + 1);
  for (std::size_t zone = 0; zone < static_cast<std::size_t>(kZones); ++zone) {
    struct Spot {
      std::uint32_t ra;
      std::size_t input;
      bool operator>(const Spot& other) const { return std::pair(ra, input) > std::pair(other.ra, other.input); }
    };
    std::priority_queue<Spot, std::vector<Spot>, std::greater<>> queue;
    std::vector<std::int64_t> left(inputs_.size());
    const auto push = [&](std::size_t i) {
      Spot spot{0, i};
      if (left[i]-- <= 0) return true;
      if (!cursors[i].ra.next(spot.ra)) return false;
      queue.push(spot);
      return true;
    };
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (zones[i][zone + 1] < zones[i][zone]) return damaged({});
      left[i] = zones[i][zone + 1] - zones[i][zone];
      if (!push(i)) return damaged(cursors[i].ra.status());
    }
    while (!queue.empty()) {
      const Spot spot = queue.top();
      queue.pop();
      std::uint32_t dec = 0, row = 0;
      auto& c = cursors[spot.input];
      if (!c.dec.next(dec) || !c.row.next(row)) return damaged(c.dec.status().ok() ? c.row.status() : c.dec.status());
      if (!inputs_[spot.input].skips(row)) {
        ra_out.value(spot.ra);
        dec_out.value(dec);
        row_out.value(shifted(inputs_[spot.input], row));
        ++merged[zone + 1];
      }
      if (!push(spot.input)) return damaged(c.ra.status());
    }
    merged[zone + 1] += merged[zone];
  }
  IMREG_TRY(ra_out.finish());
  IMREG_TRY(dec_out.finish());
  IMREG_TRY(row_out.finish());
  head_.zones = columns_.write(merged);
  return {};
}

Status Merger::merge_odd_places() {
  head_.greatest_ra = 360;
  std::vector<std::uint32_t> odd;
  for (const auto& input : inputs_) {
    const auto& head = input.source.head;
    head_.least_ra = std::min(head_.least_ra, head.least_ra);
    head_.greatest_ra = std::max(head_.greatest_ra, head.greatest_ra);
    Cursor<std::uint32_t> rows(input.source, head.odd_rows);
    std::uint32_t row = 0;
    while (rows.next(row)) {
      if (!input.skips(row)) odd.push_back(shifted(input, row));
    }
    IMREG_TRY(rows.status());
  }
  head_.odd_rows = columns_.write(odd);
  return {};
}

}  // namespace imreg::index::merging
