// One segment and one selection: the slices, zones and texts that can hold matching rows, and the columns that tell more.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imreg/scan.h"
#include "scan/index_file.h"
#include "scan/place_ranges.h"

namespace imreg::index {

constexpr double kScanCost = 25;     ///< nanoseconds for a row when all are looked at in order
constexpr double kLookCost = 300;    ///< for a record somewhere in the file
constexpr double kInPlaceCost = 50;  ///< where one of many is looked at in order, and not copied

/// Positions from..end-1 of a column.
struct Slice {
  std::int64_t from = 0, end = 0;
};
std::int64_t size_of(const std::vector<Slice>& slices);
/// In order and without overlap.
std::vector<Slice> merged(std::vector<Slice> slices);

class SegmentSearch {
 public:
  enum class Way { time, place, text, branches };

  /// `pages` is the thread's own and outlives it. Check ok() behind: a damaged page makes everything else void.
  SegmentSearch(const Index& index, const SegmentHead& head, const RecordFile& file, const Selection& selection,
                PageReader& pages);
  bool ok() const { return pages_.status().ok(); }

  /// Every condition is decided by the columns in the order of time.
  bool decided() const { return decided_; }
  /// No condition needs more than codes.
  bool codes_only() const;

  /// Chooses the cheapest way: before way(), cost() and find(). Roughly where that is good enough, or exactly: to compare.
  void weigh(const Selection& selection, bool exactly);
  /// How candidates are found, for people.
  std::string way() const;
  /// Nanoseconds, roughly, to find the candidates and to look at them.
  double cost() const { return cost_; }

  /// Candidates' rows by the cheapest way.
  void find(const std::function<void(std::int64_t row)>& add);

  /// The slices of the order of time where rows can match, in order.
  const std::vector<Slice>& slices() const { return slices_; }
  static constexpr std::int64_t kStep = 4 * kBatch;
  /// Which positions of from..end-1 fulfil all conditions that columns can decide, and how many; at most kStep. `exactly`, or
  /// as far as a column costs less than to look at the rows that it may spare.
  std::int64_t test(const Slice& slice, std::vector<std::uint8_t>& alive, bool exactly);
  Slice part_of(const Slice& slice, std::int64_t from) const;
  std::int64_t row_at(std::int64_t position);
  /// The first position whose time is not below `value`, or above it.
  std::int64_t time_bound(double value, bool above);
  /// Codes of a field (an index into Fields::codes).
  void codes(std::size_t field, const Slice& slice, std::vector<std::uint16_t>& out);
  std::string value(std::size_t field, std::uint16_t code);
  /// Combinations of codes that the conditions on codes let pass, with their rows; false: not known.
  bool tally(const std::function<void(const Tally::Codes&, std::int64_t rows)>& visit);
  const SegmentHead& head() const { return head_; }
  PageReader& pages() { return pages_; }
  /// The first text that is not before those with the prefix, or the first behind them.
  std::int64_t text_bound(const SegmentHead::Names& names, std::string_view prefix, bool above);
  bool text_at(const SegmentHead::Names& names, std::int64_t i, std::string& text);

 private:
  struct CodeTest {
    std::size_t field;
    std::vector<std::uint8_t> passes;     ///< by code
    int only = -1;                        ///< the one code that passes, if it is one
    double share = 1;                     ///< of the different codes
    std::int64_t before = 0, behind = 0;  ///< rows that came to this test so far, and that passed it
  };
  /// A branch of an OR, with the conditions that stand beside the OR.
  struct Branch {
    Selection selection;
    std::unique_ptr<SegmentSearch> search;
  };
  void add_branches(const Condition& any, const Selection& selection, const RecordFile& file);
  bool passes(const Tally::Codes& codes) const;
  std::size_t columns() const;
  void sort_conditions(const Selection& selection, const RecordFile& file);
  void find_slices();
  void test_moments(const Slice& slice, std::vector<std::uint8_t>& alive);
  std::vector<Slice> slices_of(const Condition& condition, double reach);
  bool place_slices(const PlaceRanges& ranges);
  void find_places(const std::function<void(std::int64_t row)>& add);
  bool text_slices(const Condition& condition, std::size_t field);
  void find_texts(const std::function<void(std::int64_t row)>& add);

  const Index& index_;
  const SegmentHead& head_;
  PageReader& pages_;
  std::vector<CodeTest> code_tests_;
  std::vector<const Condition*> moments_;  ///< on obstime and exptime
  std::vector<std::vector<Branch>> ors_;
  const std::vector<Branch>* union_ = nullptr;  ///< of `ors_`: its candidates are those of all
  bool decided_ = true;
  bool with_unknown_times_ = true;
  bool nothing_ = false;  ///< a condition lets no value pass that the segment has
  std::vector<Slice> slices_;
  std::vector<Slice> sure_;  ///< of the slices: here every condition on times is known to hold
  std::vector<std::uint8_t> small_, either_, branch_;
  std::vector<std::uint16_t> wide_;
  std::vector<double> times_;
  std::vector<float> lengths_;

  Way way_ = Way::time;
  double cost_ = 0;
  std::optional<PlaceRanges> places_;
  std::vector<Slice> place_slices_;
  std::size_t text_field_ = 0;
  std::vector<Slice> text_slices_;  ///< of the rows of texts
};

}  // namespace imreg::index
