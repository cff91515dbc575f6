// A segment of an index: what searches ask for, of a set of rows, in orders that make few pages answer. Never changed once
// it is written; a newer segment that has the same row again takes its place.
//
//   by time     columns in the order of obstime (rows without one come last): obstime, exptime, row number, and one column of
//               codes for each field of few values (type, mode, deleted, ccd, filter, instrument) with a list of its values
//   by place    ra, dec and row number in half-degree zones of declination, by ra in each
//   by text     for filename, object and pathname: the different texts in case-blind order, every 512th of them again, and for
//               each the rows that have it
//
// Row numbers are relative to the lowest row of the segment. Everything is a candidate only: who searches looks at the row.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"
#include "scan/pages.h"

namespace imreg::index {

constexpr std::size_t kMostCodes = 8, kMostNames = 4;
constexpr std::int64_t kZones = 360;
constexpr double kLongExposure =
    86400;  ///< longer ones are listed apart: one senseless value must not widen all searches
constexpr std::uint32_t kMostTallied = 65536;  ///< combinations of codes; with more a segment has no tally
constexpr std::int64_t kFence = 512;           ///< texts; among the first of each a search begins: few pages are read
constexpr std::int64_t kMostValues = 65535;    ///< of a code field; with more it has no column

/// The fields of a format that an index knows, found by name and type.
struct Fields {
  explicit Fields(const Schema& of);
  const FieldInfo* time = nullptr;    ///< obstime, f64
  const FieldInfo* length = nullptr;  ///< exptime, f32
  const FieldInfo* ra = nullptr;      ///< f64, degrees
  const FieldInfo* dec = nullptr;
  std::vector<const FieldInfo*> codes;
  std::vector<const FieldInfo*> names;
  std::shared_ptr<const Schema> schema;  ///< a copy: the fields live in it
  /// The same for formats whose records an index reads in the same way.
  std::uint64_t signature() const;
};

struct SegmentHead {
  char magic[8];
  std::int64_t rows, base, end;  ///< how many; the lowest row; the highest + 1
  std::int64_t timed, placed;    ///< rows with a time, with a place
  double first_time, last_time;
  double longest;  ///< exposure, of those that are not long
  Extent time, length, row;
  Extent long_rows;  ///< positions in the order of time, of long exposures
  Extent codes[kMostCodes], values[kMostCodes];
  Extent zones, ra, dec, sky_row;  ///< zones: u32[kZones + 1]
  struct Names {
    Extent starts, bytes, posts, rows;  ///< starts and posts: u32, one more than there are texts
    Extent fences;                      ///< texts 0, kFence, 2 kFence.., filled with NUL to the longest of them
  } names[kMostNames];
  Extent tally;  ///< combinations of codes and how many rows have each: u16 for each code field, then u32
  /// Rows whose numbers ra and dec their place does not tell: only one is known, or one is out of bounds; and the least and
  /// the greatest ra of the others.
  Extent odd_rows;
  double least_ra, greatest_ra;
};
static_assert(sizeof(SegmentHead) <= kPayload);
SegmentHead new_head();

/// Zone and quantised place.
struct Place {
  std::uint32_t ra = 0, dec = 0;
  std::uint32_t zone() const {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(dec) * static_cast<std::uint64_t>(kZones)) >> 32U);
  }
};
/// False for what is not a place: NaN, infinite, beyond a pole.
bool place_of(double ra, double dec, Place& place);

/// The numbers of what has a place (or has none) are not those of the place (or not unknown).
inline bool is_odd_place(bool placed, double ra, double dec) {
  return placed ? !(ra >= -360 && ra <= 720) : !(std::isnan(ra) && std::isnan(dec));
}

/// Width in bytes of a code column with so many values.
inline std::int64_t code_width(std::int64_t values) { return values <= 256 ? 1 : 2; }

/// Different texts (or field values, or combinations of codes), numbered as they come.
class TextPool {
 public:
  std::uint32_t id_of(std::string_view text);
  std::uint32_t size() const { return static_cast<std::uint32_t>(starts_.size() - 1); }
  std::string_view text(std::uint32_t id) const {
    return std::string_view(bytes_).substr(starts_[id], starts_[id + 1] - starts_[id]);
  }
  void clear() {
    bytes_.clear();
    starts_.resize(1);
    std::fill(slots_.begin(), slots_.end(), 0);
  }
  std::size_t memory() const { return bytes_.capacity() + 4 * (starts_.capacity() + slots_.capacity()); }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> starts_{0};
  std::vector<std::uint32_t> slots_;  ///< id + 1 by hash, open addressing
  std::uint32_t last_ = 0;            ///< neighbours usually agree
};

/// How many rows have each combination of codes.
class Tally {
 public:
  using Codes = std::array<std::uint16_t, kMostCodes>;
  void add(const Codes& codes, std::int64_t rows);
  std::uint32_t size() const { return pool_.size(); }
  Codes codes(std::uint32_t i) const;
  std::int64_t rows(std::uint32_t i) const { return rows_[i]; }
  /// As it stands in a segment: for each combination a u16 for each of `fields` codes, then the rows as u32.
  std::vector<char> bytes(std::size_t fields) const;
  /// Calls `visit(codes, rows)` for each combination of a segment. False: damaged.
  template <class Visit>
  static bool each(PageReader& pages, const Extent& extent, std::size_t fields, const Visit& visit) {
    const std::size_t step = 2 * fields + 4;
    if (extent.bytes > kMostTallied * static_cast<std::int64_t>(step)) return false;
    std::string bytes(static_cast<std::size_t>(extent.bytes), '\0');
    if (!pages.copy(extent, 0, extent.bytes, bytes.data())) return false;
    Codes codes{};
    for (std::size_t at = 0; at + step <= bytes.size(); at += step) {
      std::uint32_t rows = 0;
      std::memcpy(codes.data(), bytes.data() + at, 2 * fields);
      std::memcpy(&rows, bytes.data() + at + 2 * fields, sizeof rows);
      visit(codes, std::int64_t{rows});
    }
    return true;
  }

 private:
  TextPool pool_;
  std::vector<std::int64_t> rows_;
};

/// Takes the rows of a segment and writes it.
class SegmentBuilder {
 public:
  SegmentBuilder(const Fields& fields, std::int64_t base);
  /// `row` is not below `base`; each row once.
  void add(std::int64_t row, RecordView record);
  std::int64_t rows() const { return static_cast<std::int64_t>(row_.size()); }
  /// Writes the pages from `page` on; `page` is then behind them. The segment's head is the last page.
  Status write(File& file, std::uint64_t nonce, std::int64_t& page);

 private:
  Fields fields_;
  std::int64_t base_;
  std::vector<std::uint32_t> row_;
  std::vector<double> time_;
  std::vector<float> length_;
  std::vector<Place> place_;
  std::vector<std::uint32_t> odd_rows_;
  double least_ra_ = 0, greatest_ra_ = 360;
  std::vector<std::uint32_t> placed_;  ///< rows that have a place, as positions in row_
  struct Column {
    TextPool pool;
    std::vector<std::uint32_t> ids;
  };
  std::vector<Column> codes_;  ///< values are the bytes of the field
  std::vector<Column> names_;
};

/// Whether all that it says fits together and into a file of so many pages: what is taken at its word later, sizes above
/// all, is checked here. Page checks find what rotted; they are no signatures.
bool fits(const SegmentHead& head, const Fields& fields, std::int64_t file_pages);
/// Reads and checks the head of a segment. False: damaged, or it does not fit, see the reader's status.
bool read_head(PageReader& pages, std::int64_t page, const Fields& fields, SegmentHead& head);

/// Where a segment stands.
struct SegmentSource {
  const File* file = nullptr;
  std::uint64_t nonce = 0;
  SegmentHead head{};
};
/// Several segments as one; a row that stands in several is taken from the last of them. Writes as SegmentBuilder does.
/// Errors: corrupt (a damaged page), io.
Status merge_segments(const std::vector<SegmentSource>& sources, const Fields& fields, File& to, std::uint64_t nonce,
                      std::int64_t& page);

/// The order of texts in a segment: case-blind, then by bytes.
int compare_texts(std::string_view a, std::string_view b);
/// How many fences so many texts have.
inline std::int64_t fences_of(std::int64_t texts) { return (texts + kFence - 1) / kFence; }

}  // namespace imreg::index
