// Which fields an index looks at; writes and reads the segments of it.
#include "scan/segment.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <tuple>

#include "base/text.h"
#include "record/crc32c.h"
#include "scan/columns.h"

namespace imreg::index {

namespace {

constexpr char kMagic[8] = {'I', 'M', 'S', 'E', 'G', '2', 0, 0};

const FieldInfo* field_of(const Schema& schema, std::string_view name, Type type) {
  const FieldInfo* field = schema.find(name);
  const bool plain = field && field->scale == 1 && field->zero == 0 && !field->missing;
  return plain && field->type == type && (type == Type::text || field->count == 1) ? field : nullptr;
}

}  // namespace

Fields::Fields(const Schema& of) {
  if (builtin_format(of.format, of.version) == &of)
    schema = {std::shared_ptr<const Schema>(), &of};  // it outlives all, and a copy is slow beside a small search
  else
    schema = std::make_shared<const Schema>(of);
  time = field_of(*schema, "obstime", Type::f64);
  if (time) length = field_of(*schema, "exptime", Type::f32);
  ra = field_of(*schema, "ra", Type::f64);
  dec = field_of(*schema, "dec", Type::f64);
  if (!ra || !dec) ra = dec = nullptr;
  for (const auto& [name, type] :
       {std::pair("type", Type::u8), std::pair("mode", Type::u8), std::pair("deleted", Type::boolean),
        std::pair("ccd", Type::i16), std::pair("filter", Type::text), std::pair("instrument", Type::text)}) {
    if (const auto* field = field_of(*schema, name, type)) codes.push_back(field);
  }
  for (const char* name : {"filename", "object", "pathname"}) {
    if (const auto* field = field_of(*schema, name, Type::text)) names.push_back(field);
  }
}

std::uint64_t Fields::signature() const {
  std::string text = "imreg index 1";
  const auto add = [&text](const FieldInfo* field) {
    text += field ? ';' + field->name + ' ' + std::string(name_of(field->type)) + ' ' + std::to_string(field->offset) +
                        ' ' + std::to_string(field->count)
                  : ";-";
  };
  for (const auto* field : {time, length, ra, dec}) add(field);
  for (const auto* field : codes) add(field);
  text += "|";
  for (const auto* field : names) add(field);
  return (static_cast<std::uint64_t>(crc32c(0, text)) << 32U) | crc32c(1, text);
}

bool place_of(double ra, double dec, Place& place) {
  if (!std::isfinite(ra) || !(std::abs(dec) <= 90)) return false;
  double turn = std::fmod(ra, 360) / 360;  // exact, whatever number of turns
  if (turn < 0) turn += 1;
  place.ra = static_cast<std::uint32_t>(std::min(turn * 4294967296.0, 4294967295.0));
  place.dec = static_cast<std::uint32_t>((dec + 90) / 180 * 4294967295.0);
  return true;
}

int compare_texts(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto x = static_cast<unsigned char>(lower(a[i])), y = static_cast<unsigned char>(lower(b[i]));
    if (x != y) return x < y ? -1 : 1;
  }
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

SegmentHead new_head() {
  SegmentHead head{};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  return head;
}

std::uint32_t TextPool::id_of(std::string_view text) {
  if (size() > 0 && this->text(last_) == text) return last_;
  if ((size() + 1) * 2 > slots_.size()) {
    slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
    for (std::uint32_t id = 0; id < size(); ++id) {
      std::size_t at = std::hash<std::string_view>()(this->text(id)) & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = id + 1;
    }
  }
  std::size_t at = std::hash<std::string_view>()(text) & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (this->text(slots_[at] - 1) == text) return last_ = slots_[at] - 1;
  }
  bytes_ += text;
  starts_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  slots_[at] = size();
  return last_ = size() - 1;
}

void Tally::add(const Codes& codes, std::int64_t rows) {
  const std::uint32_t id = pool_.id_of({reinterpret_cast<const char*>(codes.data()), sizeof codes});
  if (id == rows_.size()) rows_.push_back(0);
  rows_[id] += rows;
}

Tally::Codes Tally::codes(std::uint32_t i) const {
  Codes out;
  std::memcpy(out.data(), pool_.text(i).data(), sizeof out);
  return out;
}

std::vector<char> Tally::bytes(std::size_t fields) const {
  std::vector<char> out;
  const auto put = [&out](const auto& value) {
    const char* from = reinterpret_cast<const char*>(&value);
    out.insert(out.end(), from, from + sizeof value);
  };
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (rows_[i] == 0) continue;
    const Codes all = codes(i);
    for (std::size_t field = 0; field < fields; ++field) put(all[field]);
    put(static_cast<std::uint32_t>(rows_[i]));
  }
  return out;
}

SegmentBuilder::SegmentBuilder(const Fields& fields, std::int64_t base)
    : fields_(fields), base_(base), codes_(fields.codes.size()), names_(fields.names.size()) {}

void SegmentBuilder::add(std::int64_t row, RecordView record) {
  const char* bytes = record.bytes();
  if (fields_.ra) {
    Place place;
    const double ra = load_big<double>(bytes + fields_.ra->offset), dec = load_big<double>(bytes + fields_.dec->offset);
    const bool placed = place_of(ra, dec, place);
    if (placed) {
      placed_.push_back(static_cast<std::uint32_t>(row_.size()));
      place_.push_back(place);
    }
    if (is_odd_place(placed, ra, dec)) {
      odd_rows_.push_back(static_cast<std::uint32_t>(row - base_));
    } else if (placed) {
      least_ra_ = std::min(least_ra_, ra);
      greatest_ra_ = std::max(greatest_ra_, ra);
    }
  }
  row_.push_back(static_cast<std::uint32_t>(row - base_));
  if (fields_.time) time_.push_back(load_big<double>(bytes + fields_.time->offset));
  if (fields_.length) length_.push_back(load_big<float>(bytes + fields_.length->offset));
  for (std::size_t i = 0; i < codes_.size(); ++i) {
    const auto* field = fields_.codes[i];
    const std::string_view value(bytes + field->offset, static_cast<std::size_t>(field->size()));
    codes_[i].ids.push_back(
        codes_[i].pool.id_of(field->type == Type::text ? trimmed(value.data(), value.size()) : value));
  }
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto* field = fields_.names[i];
    names_[i].ids.push_back(
        names_[i].pool.id_of(trimmed(bytes + field->offset, static_cast<std::size_t>(field->count))));
  }
}

namespace {

template <class T>
std::vector<T> in_order(const std::vector<T>& values, const std::vector<std::uint32_t>& order) {
  std::vector<T> out(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) out[i] = values[order[i]];
  return out;
}

template <class T, class From>
std::vector<T> codes_in_order(const std::vector<From>& ids, const std::vector<std::uint32_t>& order) {
  std::vector<T> out(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) out[i] = static_cast<T>(ids[order[i]]);
  return out;
}

}  // namespace

Status SegmentBuilder::write(File& file, std::uint64_t nonce, std::int64_t& page) {
  Columns columns(file, nonce, page);
  SegmentHead head = new_head();
  head.rows = rows();
  head.base = base_;
  head.end = row_.empty() ? base_ : base_ + *std::max_element(row_.begin(), row_.end()) + 1;

  std::vector<std::uint32_t> order(row_.size());
  std::iota(order.begin(), order.end(), 0U);
  if (fields_.time) {
    const auto before = [this](std::uint32_t a, std::uint32_t b) {
      const double x = time_[a], y = time_[b];
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) || (std::isnan(y) && row_[a] < row_[b]);
      return x != y ? x < y : row_[a] < row_[b];
    };
    if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
    time_ = in_order(time_, order);
    head.timed = std::find_if(time_.begin(), time_.end(), [](double t) { return std::isnan(t); }) - time_.begin();
    if (head.timed > 0) {
      head.first_time = time_.front();
      head.last_time = time_[static_cast<std::size_t>(head.timed - 1)];
    }
    head.time = columns.write(time_);
  }
  if (fields_.length) {
    length_ = in_order(length_, order);
    std::vector<std::uint32_t> long_ones;
    for (std::size_t i = 0; i < static_cast<std::size_t>(head.timed); ++i) {
      if (static_cast<double>(length_[i]) > kLongExposure)
        long_ones.push_back(static_cast<std::uint32_t>(i));
      else if (static_cast<double>(length_[i]) > head.longest)
        head.longest = static_cast<double>(length_[i]);
    }
    head.length = columns.write(length_);
    head.long_rows = columns.write(long_ones);
  }
  head.row = columns.write(in_order(row_, order));

  Tally tally;
  bool tallied = true;
  for (std::size_t i = 0; i < codes_.size(); ++i) {
    const auto& pool = codes_[i].pool;
    if (pool.size() > kMostValues) {
      tallied = false;
      continue;
    }
    std::string values;
    const auto width = static_cast<std::size_t>(fields_.codes[i]->size());
    for (std::uint32_t id = 0; id < pool.size(); ++id) {
      values += pool.text(id);
      values.resize((id + 1) * width, '\0');
    }
    head.values[i] = columns.write(std::vector<char>(values.begin(), values.end()));
    head.codes[i] = code_width(pool.size()) == 1 ? columns.write(codes_in_order<std::uint8_t>(codes_[i].ids, order))
                                                 : columns.write(codes_in_order<std::uint16_t>(codes_[i].ids, order));
  }
  if (tallied) {
    Tally::Codes codes{};
    for (std::size_t at = 0; at < row_.size() && tally.size() <= kMostTallied; ++at) {
      for (std::size_t i = 0; i < codes_.size(); ++i) codes[i] = static_cast<std::uint16_t>(codes_[i].ids[at]);
      tally.add(codes, 1);
    }
    if (tally.size() <= kMostTallied) head.tally = columns.write(tally.bytes(codes_.size()));
  }

  if (fields_.ra) {
    std::vector<std::uint32_t> by_place(place_.size());
    std::iota(by_place.begin(), by_place.end(), 0U);
    std::sort(by_place.begin(), by_place.end(), [this](std::uint32_t a, std::uint32_t b) {
      return std::tuple(place_[a].zone(), place_[a].ra, a) < std::tuple(place_[b].zone(), place_[b].ra, b);
    });
    std::vector<std::uint32_t> zones(kZones + 1), ra, dec, rows;
    for (const std::uint32_t at : by_place) {
      ++zones[place_[at].zone() + 1];
      ra.push_back(place_[at].ra);
      dec.push_back(place_[at].dec);
      rows.push_back(row_[placed_[at]]);
    }
    std::partial_sum(zones.begin(), zones.end(), zones.begin());
    head.placed = static_cast<std::int64_t>(rows.size());
    head.odd_rows = columns.write(odd_rows_);
    head.least_ra = least_ra_, head.greatest_ra = greatest_ra_;
    head.zones = columns.write(zones);
    head.ra = columns.write(ra);
    head.dec = columns.write(dec);
    head.sky_row = columns.write(rows);
  }

  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto& pool = names_[i].pool;
    std::vector<std::uint32_t> sorted(pool.size()), rank(pool.size());
    std::iota(sorted.begin(), sorted.end(), 0U);
    std::sort(sorted.begin(), sorted.end(),
              [&](std::uint32_t a, std::uint32_t b) { return compare_texts(pool.text(a), pool.text(b)) < 0; });
    std::vector<std::uint32_t> starts{0}, posts(pool.size() + 1), rows(row_.size());
    std::vector<char> bytes;
    std::vector<std::string> fences;
    for (std::uint32_t at = 0; at < pool.size(); ++at) {
      rank[sorted[at]] = at;
      const auto text = pool.text(sorted[at]);
      if (at % kFence == 0) fences.emplace_back(text);
      bytes.insert(bytes.end(), text.begin(), text.end());
      starts.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
    for (const std::uint32_t id : names_[i].ids) ++posts[rank[id] + 1];
    std::partial_sum(posts.begin(), posts.end(), posts.begin());
    std::vector<std::uint32_t> next(posts.begin(), posts.end() - 1);
    for (std::size_t at = 0; at < row_.size(); ++at) rows[next[rank[names_[i].ids[at]]]++] = row_[at];
    auto& names = head.names[i];
    names.starts = columns.write(starts);
    names.bytes = columns.write(bytes);
    names.posts = columns.write(posts);
    names.rows = columns.write(rows);
    names.fences = columns.write(fence_column(fences));
  }
  return columns.finish(head);
}

bool fits(const SegmentHead& head, const Fields& fields, std::int64_t file_pages) {
  constexpr std::int64_t kMost = 0xffffffff;
  const std::int64_t rows = head.rows;
  // Columns of so many values of `size` bytes; without values they may be anywhere.
  const auto is = [&](const Extent& extent, std::int64_t values, std::int64_t size) {
    return extent.bytes == values * size && (values == 0 || (extent.page >= 0 && extent.page < file_pages &&
                                                             extent.pages() <= file_pages - extent.page));
  };
  const auto whole = [&](const Extent& extent, std::int64_t size) {
    return extent.bytes >= 0 && extent.bytes <= file_pages * kPayload && extent.bytes % size == 0 &&
           is(extent, extent.bytes / size, size);
  };
  if (rows < 0 || head.base < 0 || head.base > (std::int64_t{1} << 48) || head.end < head.base ||
      head.end - head.base > kMost || rows > head.end - head.base)
    return false;
  if (head.timed < 0 || head.timed > rows || head.placed < 0 || head.placed > rows) return false;
  if (!is(head.row, rows, 4) || !is(head.time, fields.time ? rows : 0, 8) ||
      !is(head.length, fields.length ? rows : 0, 4) || !whole(head.long_rows, 4) || head.long_rows.bytes / 4 > rows)
    return false;
  for (std::size_t i = 0; i < fields.codes.size(); ++i) {
    const Extent &codes = head.codes[i], &values = head.values[i];
    const std::int64_t count = values.bytes / fields.codes[i]->size();
    if (!whole(values, fields.codes[i]->size()) || count > kMostValues) return false;
    if (!is(codes, count == 0 ? 0 : rows, code_width(count))) return false;
  }
  if (!whole(head.tally, static_cast<std::int64_t>(2 * fields.codes.size() + 4))) return false;
  if (fields.ra && (!is(head.zones, kZones + 1, 4) || !is(head.ra, head.placed, 4) || !is(head.dec, head.placed, 4) ||
                    !is(head.sky_row, head.placed, 4) || !whole(head.odd_rows, 4) || head.odd_rows.bytes / 4 > rows))
    return false;
  for (std::size_t i = 0; i < fields.names.size(); ++i) {
    const auto& names = head.names[i];
    if (names.starts.bytes == 0 && names.posts.bytes == 0) continue;  // they were too long
    if (!whole(names.starts, 4) || !whole(names.bytes, 1) || !is(names.posts, names.starts.bytes / 4, 4) ||
        !is(names.rows, rows, 4))
      return false;
    const std::int64_t fences = fences_of(names.starts.bytes / 4 - 1);
    if (!whole(names.fences, std::max<std::int64_t>(fences, 1)) || names.fences.bytes > fences * fields.names[i]->count)
      return false;
  }
  return true;
}

bool read_head(PageReader& pages, std::int64_t page, const Fields& fields, SegmentHead& head) {
  const char* bytes = page < pages.count() ? pages.payload(page) : nullptr;
  if (!bytes) return false;
  std::memcpy(&head, bytes, sizeof head);
  return std::memcmp(head.magic, kMagic, sizeof kMagic) == 0 && fits(head, fields, pages.count());
}

}  // namespace imreg::index
