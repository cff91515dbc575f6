// imsearch's work: a query, or the calibration finder, and rows to a writer. man 1 imsearch tells the options.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "imreg/calibration.h"
#include "imreg/query.h"
#include "imreg/registry.h"
#include "registry/image_row.h"
#include "registry/search_filters.h"
#include "registry/search_tools.h"

namespace imreg {

// Which options cannot stand together; the first pair that does is named.
Status check_together(const SearchOptions& options) {
  const bool near = !options.near_to.empty(), group = options.group.has_value(), count = options.count && !group;
  const struct {
    bool both;
    const char* what;
  } kPairs[] = {
      {near && group, "-near-to and -group"},
      {near && options.count, "-near-to and -count"},
      {near && !options.sort.empty(), "-near-to and -sort"},
      {near && options.last, "-near-to and -last"},
      {near && options.unique, "-near-to and -unique"},
      {near && options.offset > 0, "-near-to and -offset"},
      {count && !options.emit.fields.empty(), "-count (a number) and -fields"},
      {count && options.format != "row", "-count (a number) and a format"},
      {options.emit.registration_time && (options.format != "row" || !options.emit.fields.empty() || count),
       "-treg (a word of the row) and another format, -fields or -count"},
      {group && (options.format == "row" || options.format == "trigger"), "-group and -format row or trigger"},
      {!near && options.days < std::numeric_limits<double>::infinity(), "-days and no -near-to"},
      {!near && !options.tolerance.empty(), "-tolerance and no -near-to"},
  };
  for (const auto& pair : kPairs) {
    if (pair.both) return {Code::invalid, std::string(pair.what) + " do not go together: leave one out"};
  }
  return {};
}

Result<Printer> make_printer(const SearchOptions& options, const Schema& schema, const PathRoots& roots,
                             const Sink& sink) {
  EmitOptions emit = emit_options(options, roots);
  if (options.group) emit.fields.clear();  // they were the aggregates
  auto writer = make_row_writer(options.format, schema, emit, sink);
  if (!writer && writer.status().code() == Code::not_found && !emit.fields.empty())
    return Status(Code::not_found, "-fields: " + writer.status().message());
  if (!writer) return writer.status();
  return Printer{*std::move(writer)};
}

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

}  // namespace

void explain(const std::vector<std::string>& plan, std::int64_t matched, const Sink& sink) {
  std::string text;
  for (const auto& line : plan) text += line + '\n';
  sink(text + counted(matched, "row") + " in the answer\n");
}

namespace {

// A trap: what asks for two types at once finds nothing, and looks as if there were nothing.
void explain_nothing(const SearchOptions& options, SearchReport& report) {
  for (const char* name : {"type", "ccd", "mode"}) {
    std::set<std::string> words;
    for (const auto& filter : options.filters) {
      if (filter.option == name && !filter.words[0].starts_with('!')) words.insert(filter.words[0]);
    }
    if (report.matched > 0 || words.size() < 2) continue;
    report.notes.push_back(std::string("nothing matched: -") + name +
                           " stands several times, and an image must match all of them; -" + name + " " +
                           *words.begin() + "," + *words.rbegin() + " takes either");
  }
}

// "5%" or "1s", "1".
Status read_tolerance(const SearchOptions& options, CalibrationRequest& request) {
  if (options.tolerance.empty()) return {};
  std::string_view text = options.tolerance;
  const bool percent = text.ends_with('%');
  if (percent || text.ends_with('s')) text.remove_suffix(1);
  double value = 0;
  if (!parse_number(text, value) || !(value >= 0 && value < std::numeric_limits<double>::infinity()))
    return {Code::invalid, "-tolerance: \"" + options.tolerance + "\" is neither a percentage (5%) nor seconds (1s)"};
  request.exposure_percent = percent ? value : 0;
  request.exposure_seconds = percent ? 0 : value;
  return {};
}

Result<SearchReport> find_near(const RecordFile& file, const SearchOptions& options, const PathRoots& roots,
                               const Sink& sink) {
  CalibrationRequest request;
  SearchOptions others = options;
  const auto type = std::find_if(others.filters.begin(), others.filters.end(),
                                 [](const SearchFilter& filter) { return filter.option == "type"; });
  if (type == others.filters.end())
    return Status(Code::invalid, "-near-to needs -type: which frames to look for, such as bias, dark or flat");
  IMREG_ASSIGN(request.type, one_type(*type, file.schema()));
  others.filters.erase(type);
  IMREG_ASSIGN(request.others, make_selection(others, file.schema()));
  IMREG_TRY(add_conditions(options, file.schema(), expression_settings(options, roots), request.others));
  IMREG_TRY(read_tolerance(options, request));
  request.near_to = options.near_to;
  request.limit = options.limit.value_or(1);
  request.days = options.days;
  request.scan = scan_options(options);
  request.cameras = options.cameras;
  IMREG_ASSIGN(Printer printer, make_printer(options, file.schema(), roots, sink));
  auto found = find_calibrations(file, request);
  if (!found)
    return Status(found.status().code(), "-near-to: " + found.status().message()).in_file(found.status().file());
  SearchReport report;
  report.damaged = std::move(found->scan.damaged);
  if (options.explain) {
    explain(found->scan.plan, found->scan.matched, sink);
    report.matched = found->scan.matched;
    return report;
  }
  if (found->ccds.empty()) report.notes.push_back("-near-to: the image has no CCD that -ccd lets through");
  Record row = file.make_record();
  std::string without;
  int none = 0;
  for (const auto& ccd : found->ccds) {
    if (ccd.frames.empty()) {  // one line, also for a mosaic of many
      if (none++ == 0) without = ccd.why_none;
      if (none == 2) without += "; none either for ccd " + std::to_string(ccd.ccd);
      if (none > 2) without += ", " + std::to_string(ccd.ccd);
    }
    for (const auto& frame : ccd.frames) {
      if (!file.read(frame.row, row).ok()) continue;  // among the damaged ones already
      ++report.matched;
      if (!printer.writer->row(++printer.index, row.view())) break;
    }
  }
  if (none > 0) report.notes.push_back(without + (none > 1 ? " (-ccd tells why)" : ""));
  IMREG_TRY(printer.end());
  return report;
}

// The question without groups.
Result<Query> make_query(const RecordFile& file, const SearchOptions& options, const PathRoots& roots) {
  IMREG_ASSIGN(Selection selection, make_selection(options, file.schema()));
  const ExpressionSettings settings = expression_settings(options, roots);
  for (const auto& text : options.where) {  // only to name the option of a mistake
    if (const auto condition = Expression::parse_condition(text, file.schema(), settings); !condition)
      return Status(condition.status().code(), "-where: " + condition.status().message());
  }
  Query query(file);
  query.select(std::move(selection)).settings(settings).jobs(scan_options(options).jobs).use_index(options.use_index);
  for (const auto& text : options.where) query.where(text);
  if (!options.sort.empty()) query.sort(options.sort);
  if (options.limit) query.limit(*options.limit);
  if (options.last) query.last(*options.last);
  if (options.unique) query.unique();
  query.offset(options.offset);
  return query;
}

}  // namespace

Status named(const Status& status) {
  if (!status.file().empty()) return status;
  for (const std::string_view option : {"sort ", "group: ", "last: ", "unique: "}) {
    if (status.message().starts_with(option)) return Status(status.code(), "-" + status.message());
  }
  return status;
}

Result<Columns> read_columns(const RecordFile& file, const SearchOptions& options,
                             const std::vector<std::string>& expressions, bool checked) {
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  IMREG_ASSIGN(const Query query, make_query(file, options, roots));
  auto columns = query.columns(expressions, checked);
  if (!columns) return named(columns.status());
  return columns;
}

Result<SearchReport> search(const SearchOptions& options, const Sink& sink) {
  IMREG_TRY(check_together(options));
  IMREG_ASSIGN(const RecordFile file, open_database(options.database));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  if (!options.near_to.empty()) return find_near(file, options, roots, sink);

  IMREG_ASSIGN(Query query, make_query(file, options, roots));
  if (options.group) query.group(*options.group, options.emit.fields.empty() ? "count" : joined(options.emit.fields));
  SearchReport report;
  if (options.count && !options.group) {
    QueryReport done;
    const auto count = query.count(&done);
    if (!count) return named(count.status());
    report.matched = *count;
    if (options.explain)
      explain(done.plan, *count, sink);
    else
      sink(std::to_string(*count) + '\n');
    explain_nothing(options, report);
    return report;
  }
  if (options.explain) {
    auto done = query.each([&](std::int64_t, RecordView) { return ++report.matched, true; });
    if (!done) return named(done.status());
    explain(done->plan, report.matched, sink);
    report.damaged = std::move(done->damaged);
    return report;
  }
  if (options.group) {
    auto rows = query.rows();
    if (!rows) return named(rows.status());
    IMREG_ASSIGN(Printer printer, make_printer(options, rows->schema(), roots, sink));
    while (rows->next()) {
      ++report.matched;
      if (!printer.writer->row(++printer.index, rows->record())) break;
    }
    IMREG_TRY(rows->status());
    IMREG_TRY(printer.end());
    report.damaged = rows->report().damaged;
    return report;
  }
  IMREG_ASSIGN(Printer printer, make_printer(options, file.schema(), roots, sink));
  auto done = query.each([&](std::int64_t index, RecordView row) { return printer.writer->row(index, row); });
  if (!done) return named(done.status());
  IMREG_TRY(printer.end());
  report.matched = done->rows;
  report.damaged = std::move(done->damaged);
  explain_nothing(options, report);
  return report;
}

}  // namespace imreg
