// Completes rows that have no temperatures: one when its image is registered, many by imtemps fill.
#include "registry/temperature_fill.h"

#include <cmath>

#include "base/text.h"
#include "registry/image_row.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

class FillEditor : public RowEditor {
 public:
  FillEditor(const SearchOptions& search, const PathRoots& roots, Temperatures& temperatures, FillReport& report)
      : search_(search), roots_(roots), temperatures_(temperatures), report_(report) {}

  Result<RowSet> rows(const RecordFile& file) override {
    IMREG_ASSIGN(Selection selection, make_selection(search_, file.schema()));
    IMREG_TRY(add_conditions(search_, file.schema(), expression_settings(search_, roots_), selection));
    return find_rows(file, selection, scan_options(search_));
  }
  Result<Edited> edit(std::int64_t, Record& record) override {
    last_ = fill_row(record, temperatures_);
    return last_ == Filled::filled ? Edited::changed : Edited::unchanged;
  }
  void planned(std::int64_t, RecordView, RecordView, const Result<Edited>&) override {
    report_.complete += last_ == Filled::complete;
    report_.without += last_ == Filled::none || last_ == Filled::untimed;
  }

 private:
  const SearchOptions& search_;
  const PathRoots& roots_;
  Temperatures& temperatures_;
  FillReport& report_;
  Filled last_ = Filled::complete;
};

}  // namespace

Filled fill_row(Record& row, Temperatures& temperatures) {
  const int wanted = static_cast<int>(temperatures.options().probes.size());
  const auto missing = [&](int i) { return std::isnan(row[regimage::kTeltemp(i)]); };
  bool any_missing = false;
  for (int i = 0; i < wanted; ++i) any_missing |= missing(i);
  if (!any_missing) return Filled::complete;
  const double time = row[regimage::kObstime];
  if (std::isnan(time) || (row[regimage::kFlag] & kDayOnly) != 0) return Filled::untimed;
  const auto values = temperatures.at(time);
  bool filled = false;
  for (int i = 0; i < wanted; ++i) {
    const float value = values[static_cast<std::size_t>(i)];
    if (!missing(i) || std::isnan(value)) continue;
    row.set(regimage::kTeltemp(i), value);
    filled = true;
  }
  return filled ? Filled::filled : Filled::none;
}

Result<FillReport> fill_temperatures(const SearchOptions& search, const TemperatureOptions& temperatures,
                                     const BulkEditOptions& options, const std::string& command) {
  FillReport report;
  BulkChange about;
  about.kind = BulkChange::Kind::modify;
  about.program = "imtemps";
  about.command = command;
  Temperatures source(temperatures);
  source.refresh(true);  // once: every row is asked for more than once, and shall say the same
  IMREG_ASSIGN(
      report.edit,
      edit_rows(options, about, [&](const RecordFile&, const PathRoots& roots) -> Result<std::unique_ptr<RowEditor>> {
        report.complete = report.without = 0;
        return std::unique_ptr<RowEditor>(std::make_unique<FillEditor>(search, roots, source, report));
      }));
  if (report.without > 0 && !source.trouble().empty()) report.edit.notes.push_back(source.trouble());
  return report;
}

std::string report_text(const FillReport& report) {
  std::string text = edit_troubles(report.edit);
  if (report.complete > 0) text += counted(report.complete, "row") + ": has all temperatures\n";
  if (report.without > 0) text += counted(report.without, "row") + ": nothing is known for its time\n";
  return text + edit_outcome(report.edit, report.edit.in_order(), {"filled", "would be filled", "-go does it"});
}

std::string report_json(const FillReport& report, const BulkEditOptions& options) {
  return "{" + edit_json(report.edit, options) + ",\"complete\":" + std::to_string(report.complete) +
         ",\"without\":" + std::to_string(report.without) + "}\n";
}

}  // namespace imreg
