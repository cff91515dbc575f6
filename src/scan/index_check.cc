// Adds up what the rows say and what the columns say, and looks at the order of each column on the way.
#include "scan/index_check.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

namespace imreg::index {

namespace {

constexpr std::int64_t kChunk = 16 * kPayload;  // bytes of a column at a time: whole pages
constexpr std::int64_t kLocated = 2 << 20;      // rows that are told apart at a time
constexpr std::uint64_t kNoText = 0x51ed270b7a1c3e5dU, kOdd = 0xa0761d6478bd642fU;

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32U;
  x *= 0xd6e8feb86659fd93U;
  x ^= x >> 32U;
  x *= 0xd6e8feb86659fd93U;
  return x ^ x >> 32U;
}

std::uint64_t row_key(std::int64_t row) { return mix(static_cast<std::uint64_t>(row) + 1); }

// A product of 128 bits, folded.
std::uint64_t folded(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// What a column holds of one row.
std::uint64_t pair_hash(std::size_t column, std::uint64_t key, std::uint64_t value) {
  return folded(key + column * 0x9e3779b97f4a7c15U, value ^ kOdd);
}

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }
std::uint64_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = kNoText + text.size(), words[2];
  for (; text.size() >= 16; text.remove_prefix(16)) {
    std::memcpy(words, text.data(), 16);
    hash = folded(words[0] ^ hash, words[1] ^ kOdd);
  }
  words[0] = words[1] = 0;
  text.copy(reinterpret_cast<char*>(words), text.size());
  return folded(words[0] ^ hash, words[1] ^ kOdd);
}

// The value of a field of codes as a segment has it: the bytes of the field, of a text without its padding.
std::uint64_t code_hash(const FieldInfo& field, const char* at) {
  if (field.type != Type::text && field.count == 1) {
    const auto value = static_cast<std::uint64_t>(load_integer(at, field.type));
    return folded(value ^ kNoText, kOdd);
  }
  const auto size = static_cast<std::size_t>(field.size());
  return text_hash(field.type == Type::text ? trimmed(at, size) : std::string_view(at, size));
}

// The sentence of a status, and where, without the file.
std::string said_by(const Status& status) {
  const std::string text = status.text(), file = status.file() + ": ";
  return text.starts_with(file) ? text.substr(file.size()) : text;
}

// A column from its beginning, some pages at a time.
template <class T>
class Walk {
 public:
  Walk(PageReader& pages, const Extent& extent)
      : pages_(&pages), extent_(extent), left_(extent.bytes / static_cast<std::int64_t>(sizeof(T))) {}
  std::int64_t left() const { return left_; }
  /// False at the end, and when a page is damaged: see the reader's status.
  bool next(T& value) {
    if (left_ == 0 || (at_ == held_.size() && !fetch())) return false;
    value = held_[at_++];
    --left_;
    return true;
  }
  bool next(std::size_t count, std::string& out) {
    for (out.resize(count); count > 0;) {
      if (left_ == 0 || (at_ == held_.size() && !fetch())) return false;
      const std::size_t part = std::min(count, held_.size() - at_);
      std::memcpy(out.data() + out.size() - count, held_.data() + at_, part);
      at_ += part, count -= part, left_ -= static_cast<std::int64_t>(part);
    }
    return true;
  }

 private:
  bool fetch() {
    const std::int64_t bytes = std::min(kChunk, extent_.bytes - read_);
    held_.resize(static_cast<std::size_t>(bytes) / sizeof(T));
    if (!pages_->copy(extent_, read_, bytes, reinterpret_cast<char*>(held_.data()))) return held_.clear(), false;
    read_ += bytes;
    at_ = 0;
    return true;
  }

  PageReader* pages_;
  Extent extent_;
  std::int64_t left_, read_ = 0;
  std::size_t at_ = 0;
  std::vector<T> held_;
};

}  // namespace

struct IndexCheck::State {
  explicit State(const Schema& schema) : fields(schema) {
    const auto add = [this](bool there, std::string name) {
      columns.push_back(there ? std::move(name) : std::string());
      return columns.size() - 1;
    };
    rows_column = add(true, "row");
    time = add(fields.time != nullptr, "obstime");
    length = add(fields.length != nullptr, "exptime");
    place = add(fields.ra != nullptr, "position");
    odd = add(fields.ra != nullptr, "unusual position");
    codes = columns.size();
    for (const auto* field : fields.codes) add(true, field->name);
    names = columns.size();
    for (const auto* field : fields.names) add(true, field->name);
    if (const auto* field = fields.schema->find("changeno"); field && field->type == Type::i64) changeno = field;
  }

  Fields fields;
  const FieldInfo* changeno = nullptr;
  File file;
  Head head{};
  std::vector<SegmentHead> segments;
  std::vector<std::int64_t> changed;  ///< in order
  std::vector<std::string> columns;   ///< names; empty: the format has no such field
  std::size_t rows_column, time, length, place, odd, codes, names;

  /// The newest segment of each row; empty where no two segments can have the same row.
  std::vector<std::uint8_t> newest;
  std::vector<std::int64_t> left_out;  ///< in order
  bool has_left_out = false;

  Status find_newest() {
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

  // Whether what segment `i` says of a row counts.
  bool counts(std::size_t i, std::int64_t row) const {
    if (!newest.empty() && newest[static_cast<std::size_t>(row)] != i) return false;
    return !has_left_out || !std::binary_search(left_out.begin(), left_out.end(), row);
  }
};

IndexCheck::IndexCheck(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexCheck::IndexCheck(IndexCheck&&) noexcept = default;
IndexCheck& IndexCheck::operator=(IndexCheck&&) noexcept = default;
IndexCheck::~IndexCheck() = default;

Result<IndexCheck> IndexCheck::open(const RecordFile& file) {
  if (!file.is_native()) return Status(Code::not_found, "only imreg's own files have an index").in_file(file.path());
  auto state = std::make_unique<State>(file.schema());
  IMREG_ASSIGN(state->file, File::open(index_path(file.path()), File::Mode::read));
  IMREG_ASSIGN(state->head, read_head(state->file));
  if (const auto why = why_unfit(state->head, file, state->fields); !why.empty())
    return Status(Code::mismatch, why).in_file(state->file.path());
  for (std::int64_t i = 0; i < state->head.segment_count; ++i) {
    IMREG_ASSIGN(auto source,
                 source_of(state->file, state->head.nonce, state->head.segments[i].head_page, state->fields));
    state->segments.push_back(source.head);
  }
  state->changed.assign(state->head.changed, state->head.changed + state->head.changed_count);
  std::sort(state->changed.begin(), state->changed.end());
  return IndexCheck(std::move(state));
}

std::int64_t IndexCheck::covered() const { return state_->head.covered; }
std::int64_t IndexCheck::bytes() const { return state_->head.pages * kPage; }
std::int64_t IndexCheck::segments() const { return state_->head.segment_count; }

IndexCheck::Sums::Sums(const IndexCheck& check) : check_(&check), of_column_(check.state_->columns.size()) {
  const State& s = *check.state_;
  for (std::size_t i = 0; i < s.fields.codes.size(); ++i) {
    if (s.fields.codes[i]->type == Type::text) texts_.push_back({s.codes + i, s.fields.codes[i], {}});
  }
  for (std::size_t i = 0; i < s.fields.names.size(); ++i) texts_.push_back({s.names + i, s.fields.names[i], {}});
}

void IndexCheck::Sums::leave_out(std::int64_t row) { left_out_.push_back(row); }

void IndexCheck::Sums::add(const Sums& others) {
  for (std::size_t i = 0; i < of_column_.size(); ++i) of_column_[i] += others.of_column_[i];
  left_out_.insert(left_out_.end(), others.left_out_.begin(), others.left_out_.end());
  odd_ra_ += others.odd_ra_;
  if (first_odd_ra_ < 0 || (others.first_odd_ra_ >= 0 && others.first_odd_ra_ < first_odd_ra_))
    first_odd_ra_ = others.first_odd_ra_;
}

void IndexCheck::Sums::add(std::int64_t row, const char* record, bool same_texts) {
  const State& s = *check_->state_;
  if (row >= s.head.covered) return;
  if (std::binary_search(s.changed.begin(), s.changed.end(), row)) return;  // is looked at by itself
  // Changed since the index was opened.
  if (s.changeno && load_big<std::int64_t>(record + s.changeno->offset) > std::max(s.head.done, s.head.announced))
    return leave_out(row);
  same_texts &= last_row_ == row - 1;
  last_row_ = row;
  const std::uint64_t key = row_key(row);
  const auto add_value = [&](std::size_t column, std::uint64_t value) {
    of_column_[column] += pair_hash(column, key, value);
  };
  add_value(s.rows_column, 0);
  if (s.fields.time) add_value(s.time, bits_of(load_big<double>(record + s.fields.time->offset)));
  if (s.fields.length) add_value(s.length, bits_of(load_big<float>(record + s.fields.length->offset)));
  for (std::size_t i = 0; i < s.fields.codes.size(); ++i) {
    const FieldInfo& field = *s.fields.codes[i];
    if (field.type != Type::text) add_value(s.codes + i, code_hash(field, record + field.offset));
  }
  for (Text& text : texts_) {
    const std::string_view now(record + text.field->offset, static_cast<std::size_t>(text.field->count));
    if (!same_texts && now != text.last) {
      text.last = now;
      text.hash = code_hash(*text.field, now.data());
    }
    add_value(text.column, text.hash);
  }
  if (!s.fields.ra) return;
  const double ra = load_big<double>(record + s.fields.ra->offset),
               dec = load_big<double>(record + s.fields.dec->offset);
  Place at;
  const bool placed = place_of(ra, dec, at);
  if (placed) add_value(s.place, static_cast<std::uint64_t>(at.ra) << 32U | at.dec);
  if (is_odd_place(placed, ra, dec)) return add_value(s.odd, 0);
  if (!placed || (ra >= 0 && ra <= 360)) return;
  for (const auto& segment : s.segments) {
    if (row >= segment.base && row < segment.end && ra >= segment.least_ra && ra <= segment.greatest_ra) return;
  }
  if (odd_ra_++ == 0) first_odd_ra_ = row;
}

// One group of columns of all segments. `Visit` is a template's argument: it is called for each value.
template <class Visit>
struct ColumnWalk {
  const IndexCheck::State& s;
  const Visit& visit;
  std::vector<IndexFault>& faults;
  std::size_t most;
  PageReader pages{s.file, s.head.nonce};

  void fault(const SegmentHead& segment, const std::string& what) {
    if (faults.size() >= most) return;
    faults.push_back({-1, -1,
                      "the segment of rows " + std::to_string(segment.base + 1) + " to " + std::to_string(segment.end) +
                          ": " + what});
  }
  bool broken() {
    if (pages.status().ok()) return false;
    faults.push_back({-1, -1, said_by(pages.status())});
    return true;
  }
  bool row_of(const SegmentHead& segment, std::uint32_t number, std::int64_t& row) {
    row = segment.base + number;
    if (row < segment.end && row < s.head.covered) return true;
    fault(segment, "it names a row that it does not have");
    return false;
  }

  void times(std::size_t i) {
    const SegmentHead& segment = s.segments[i];
    const std::size_t fields = s.fields.codes.size();
    std::vector<std::vector<std::uint64_t>> values(fields);  // hashes of values, by code
    std::vector<std::pair<Walk<std::uint8_t>, Walk<std::uint16_t>>> codes;
    std::vector<char> wide(fields);
    for (std::size_t f = 0; f < fields; ++f) {
      const auto width = static_cast<std::size_t>(s.fields.codes[f]->size());
      std::string bytes(static_cast<std::size_t>(segment.values[f].bytes), '\0');
      if (!pages.copy(segment.values[f], 0, segment.values[f].bytes, bytes.data())) return;
      for (std::size_t at = 0; at + width <= bytes.size(); at += width)
        values[f].push_back(code_hash(*s.fields.codes[f], bytes.data() + at));
      codes.emplace_back(Walk<std::uint8_t>(pages, segment.codes[f]), Walk<std::uint16_t>(pages, segment.codes[f]));
      wide[f] = code_width(static_cast<std::int64_t>(values[f].size())) == 2;
    }
    Walk<std::uint32_t> rows(pages, segment.row);
    Walk<double> times(pages, segment.time);
    Walk<float> lengths(pages, segment.length);
    std::vector<std::uint32_t> long_rows;
    std::int64_t timed = 0;
    double before = -std::numeric_limits<double>::infinity(), first = 0, last = 0, longest = 0;
    std::int64_t row_before = -1;
    std::uint64_t tally = 0;
    std::uint32_t number = 0;
    for (std::int64_t position = 0; rows.next(number); ++position) {
      std::int64_t row = 0;
      if (!row_of(segment, number, row)) return;
      double time = std::numeric_limits<double>::quiet_NaN();
      float length = 0;
      if ((s.fields.time && !times.next(time)) || (s.fields.length && !lengths.next(length))) return;
      const bool in_order = std::isnan(time) ? !std::isnan(before) || row > row_before
                                             : time > before || (time == before && row > row_before);
      if (!in_order) return fault(segment, "its times are out of order");
      before = time, row_before = row;
      if (!std::isnan(time)) {
        if (timed++ == 0) first = time;
        last = time;
        if (static_cast<double>(length) > kLongExposure)
          long_rows.push_back(static_cast<std::uint32_t>(position));
        else if (static_cast<double>(length) > longest)
          longest = static_cast<double>(length);
      }
      const bool counts = s.counts(i, row);
      const std::uint64_t key = row_key(row);
      if (counts) {
        visit(s.rows_column, row, key, 0);
        if (s.fields.time) visit(s.time, row, key, bits_of(time));
        if (s.fields.length) visit(s.length, row, key, bits_of(length));
      }
      std::uint64_t combination = 0;
      for (std::size_t f = 0; f < fields; ++f) {
        if (values[f].empty()) continue;
        std::uint8_t small = 0;
        std::uint16_t code = 0;
        if (wide[f] ? !codes[f].second.next(code) : !codes[f].first.next(small)) return;
        if (!wide[f]) code = small;
        if (code >= values[f].size()) return fault(segment, "a code of " + s.fields.codes[f]->name + " has no value");
        if (counts) visit(s.codes + f, row, key, values[f][code]);
        combination = mix(combination * 65537 + code + 1);
      }
      tally += combination;
    }
    if (s.fields.time &&
        (timed != segment.timed || (timed > 0 && (first != segment.first_time || last != segment.last_time))))
      fault(segment, "its head has other first and last times than its rows");
    if (s.fields.length && !(segment.longest >= longest)) fault(segment, "it has longer exposures than its head says");
    Walk<std::uint32_t> said(pages, segment.long_rows);
    bool same = said.left() == std::ssize(long_rows);
    for (std::size_t k = 0; same && said.next(number); ++k) same = number == long_rows[k];
    if (s.fields.length && !same) fault(segment, "its list of long exposures is not that of its rows");
    if (segment.tally.bytes > 0) compare_tally(segment, tally);
  }

  void compare_tally(const SegmentHead& segment, std::uint64_t wanted) {
    std::uint64_t sum = 0;
    Tally::each(pages, segment.tally, s.fields.codes.size(), [&](const Tally::Codes& codes, std::int64_t rows) {
      std::uint64_t combination = 0;
      for (std::size_t f = 0; f < s.fields.codes.size(); ++f) combination = mix(combination * 65537 + codes[f] + 1);
      sum += combination * static_cast<std::uint64_t>(rows);
    });
    if (sum != wanted) fault(segment, "its counts of codes are not those of its rows");
  }

  void places(std::size_t i) {
    const SegmentHead& segment = s.segments[i];
    if (!s.fields.ra) return;
    std::vector<std::uint32_t> zones(kZones + 1);
    if (!pages.values(segment.zones, 0, kZones + 1, zones.data())) return;
    Walk<std::uint32_t> ras(pages, segment.ra), decs(pages, segment.dec), rows(pages, segment.sky_row);
    if (zones.front() != 0 || zones.back() != segment.placed || !std::is_sorted(zones.begin(), zones.end()))
      return fault(segment, "its zones of the sky do not follow each other");
    std::int64_t row = 0;
    for (std::uint32_t zone = 0; zone < static_cast<std::uint32_t>(kZones); ++zone) {
      std::uint32_t before = 0;
      for (std::uint32_t at = zones[zone]; at < zones[zone + 1]; ++at) {
        Place place;
        std::uint32_t number = 0;
        if (!ras.next(place.ra) || !decs.next(place.dec) || !rows.next(number)) return;
        if (!row_of(segment, number, row)) return;
        if (place.zone() != zone || place.ra < before) return fault(segment, "its positions are out of order");
        before = place.ra;
        if (s.counts(i, row))
          visit(s.place, row, row_key(row), static_cast<std::uint64_t>(place.ra) << 32U | place.dec);
      }
    }
    Walk<std::uint32_t> odd(pages, segment.odd_rows);
    for (std::uint32_t number = 0; odd.next(number);) {
      if (!row_of(segment, number, row)) return;
      if (s.counts(i, row)) visit(s.odd, row, row_key(row), 0);
    }
  }

  void texts(std::size_t i, std::size_t field) {
    const SegmentHead& segment = s.segments[i];
    const auto& names = segment.names[field];
    if (names.starts.bytes == 0) return;
    const std::string& name = s.fields.names[field]->name;
    Walk<std::uint32_t> starts(pages, names.starts), posts(pages, names.posts), rows(pages, names.rows);
    Walk<char> bytes(pages, names.bytes), fences(pages, names.fences);
    std::uint32_t start = 0, post = 0;
    if (!starts.next(start) || !posts.next(post)) return;
    if (start != 0 || post != 0) return fault(segment, "its texts of " + name + " do not begin at the beginning");
    const std::int64_t texts = starts.left(), count = fences_of(texts);
    const auto width = count == 0 ? 0 : static_cast<std::size_t>(names.fences.bytes / count);
    std::string text, before, fence;
    for (std::int64_t t = 0; t < texts; ++t) {
      std::uint32_t end = 0, post_end = 0;
      if (!starts.next(end) || !posts.next(post_end)) return;
      if (end < start || end - start > 65536 || post_end < post || end - start > bytes.left() ||
          post_end - post > rows.left())
        return fault(segment, "its texts of " + name + " do not follow each other");
      if (!bytes.next(end - start, text)) return;
      if (t > 0 && compare_texts(before, text) >= 0)
        return fault(segment, "its texts of " + name + " are out of order");
      if (t % kFence == 0) {
        if (!fences.next(width, fence)) return;
        std::string wanted = text;
        wanted.resize(std::max(width, text.size()), '\0');
        if (wanted != fence) return fault(segment, "the beginnings of its texts of " + name + " are not its texts");
      }
      const std::uint64_t hash = text_hash(text);
      for (; post < post_end; ++post) {
        std::uint32_t number = 0;
        std::int64_t row = 0;
        if (!rows.next(number) || !row_of(segment, number, row)) return;
        if (s.counts(i, row)) visit(s.names + field, row, row_key(row), hash);
      }
      start = end;
      before.swap(text);
    }
    if (start != names.bytes.bytes || post != segment.rows)
      fault(segment, "its texts of " + name + " are not those of all rows");
  }

  // Group 0: times and codes, 1: places, behind it one for each field of texts.
  void group(std::size_t which) {
    for (std::size_t i = 0; i < s.segments.size() && !broken(); ++i) {
      if (which == 0)
        times(i);
      else if (which == 1)
        places(i);
      else
        texts(i, which - 2);
    }
    (void)broken();
  }
};

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
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (std::size_t group; (group = next++) < groups;) {
        std::vector<std::uint64_t> own(s.columns.size());  // in no line of the cache with another thread's
        std::uint64_t* const sum = own.data();
        const auto add = [sum](std::size_t column, std::int64_t, std::uint64_t key, std::uint64_t value) {
          sum[column] += pair_hash(column, key, value);
        };
        ColumnWalk<decltype(add)>{s, add, faults[group], most}.group(group);
        sums[group] = std::move(own);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::thread> threads;
    for (int i = 1; i < std::min<int>(jobs, static_cast<int>(groups)); ++i) threads.emplace_back(work);
    work();
    for (auto& thread : threads) thread.join();
  }
  if (failure) std::rethrow_exception(failure);

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
