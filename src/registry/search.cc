// imsearch's work: filters to a Selection, a scan, rows to a writer. man 1 imsearch tells the filters.
#include <algorithm>
#include <memory>
#include <string_view>

#include "base/text.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "imreg/scan.h"
#include "registry/image_row.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

Status bad(const SearchFilter& filter, const std::string& what) {
  return {Code::invalid, "-" + filter.option + ": " + what};
}

// "!dark" is "dark", negated.
bool take_negation(std::string& word) {
  if (word.empty() || word.front() != '!') return false;
  word.erase(0, 1);
  return true;
}

// A word of a code list: a letter of Elixir, the word itself, or the beginning of exactly one.
Result<int> code_of(const SearchFilter& filter, const std::vector<std::string>& words, std::string word) {
  if (filter.option == "type" && word.size() == 1) {
    if (const auto letter = kTypeLetters.find(word[0]); letter != kTypeLetters.npos) return static_cast<int>(letter);
  }
  if (filter.option == "type" && equal_nocase(word, "skyflat")) word = "flat";
  std::vector<int> hits;
  for (std::size_t code = 0; code < words.size(); ++code) {
    if (equal_nocase(words[code], word)) return static_cast<int>(code);
    if (!word.empty() && starts_nocase(words[code], word)) hits.push_back(static_cast<int>(code));
  }
  if (hits.size() == 1) return hits[0];
  std::string all;
  for (std::size_t code = 0; code < words.size(); ++code) {
    const bool listed = hits.empty() || std::find(hits.begin(), hits.end(), static_cast<int>(code)) != hits.end();
    if (listed) all += (all.empty() ? "" : ", ") + words[code];
  }
  return bad(filter, "\"" + word + "\" is " +
                         (hits.empty() ? "not one of the words " : "the beginning of several words: ") + all);
}

Status add_code(const SearchFilter& filter, const Schema& schema, Selection& selection) {
  std::string word = filter.words[0];
  const bool negate = take_negation(word);
  const FieldInfo* field = schema.find(filter.option);
  if (!field || field->words.empty()) return bad(filter, "the records have no field " + filter.option);
  if (equal_nocase(word, "any")) return negate ? selection.codes(schema, filter.option, {}) : Status();
  IMREG_ASSIGN(const int code, code_of(filter, field->words, word));
  return selection.codes(schema, filter.option, {code}, negate);
}

// A number, or the name of a chip: "ccd07", "amp07" and "07" are 7.
Status add_ccd(const SearchFilter& filter, const Schema& schema, Selection& selection) {
  std::string word = filter.words[0];
  const bool negate = take_negation(word);
  const auto digits = word.find_first_of("0123456789");
  long long number = 0;
  const bool name_is_letters =
      std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(std::min(digits, word.size())),
                  [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; });
  if (digits == std::string::npos || !name_is_letters ||
      !parse_integer(std::string_view(word).substr(digits), number)) {
    return bad(filter, "\"" + word + "\" is neither a number nor a chip name such as ccd07");
  }
  return selection.number(schema, "ccd", {{static_cast<double>(number), static_cast<double>(number)}}, negate);
}

Status add_filter(const SearchFilter& filter, const Schema& schema, const SearchOptions& options,
                  Selection& selection) {
  std::string word = filter.words[0];
  const bool negate = take_negation(word);
  if (equal_nocase(word, "X") || equal_nocase(word, "any")) {
    if (!negate) return {};
    return selection.text(
        schema, "filter", [](std::string_view) { return true; }, true);
  }
  if (is_glob(word))
    return selection.text(
        schema, "filter", [word](std::string_view text) { return glob_match(word, text); }, negate);
  IMREG_ASSIGN(auto loaded, Cameras::load(options.cameras));
  const auto cameras = std::make_shared<Cameras>(std::move(loaded));
  return selection.text(
      schema, "filter", [cameras, word](std::string_view text) { return cameras->same_filter(text, word); }, negate);
}

Result<Interval> interval_of(const SearchFilter& filter, std::string_view first, const DateSettings& dates) {
  const auto start = parse_date(first, dates);
  if (!start) return bad(filter, start.status().message());
  const auto& second = filter.words[1];
  if (const auto range = parse_duration(second); range) {
    const TimeRange out = range_from(*start, *range);
    return Interval{out.first, out.last};
  }
  if (filter.option == "time") return bad(filter, parse_duration(second).status().message());
  const auto end = parse_date(second, dates);
  if (!end) return bad(filter, end.status().message());
  return Interval{std::min(*start, *end), std::max(*start, *end)};
}

// All filters of the command line. Several plain -trange are alternatives; everything else must hold at once.
Result<Selection> make_selection(const SearchOptions& options, const Schema& schema) {
  Selection selection;
  selection.without_deleted(schema);
  std::vector<Interval> ranges;
  for (const auto& filter : options.filters) {
    if (filter.option == "type" || filter.option == "mode") {
      IMREG_TRY(add_code(filter, schema, selection));
    } else if (filter.option == "ccd") {
      IMREG_TRY(add_ccd(filter, schema, selection));
    } else if (filter.option == "filter") {
      IMREG_TRY(add_filter(filter, schema, options, selection));
    } else if (filter.option == "name") {
      std::string word = filter.words[0];
      const bool negate = take_negation(word);
      IMREG_TRY(selection.name(schema, "filename", word, negate));
    } else {  // time, trange
      std::string first = filter.words[0];
      const bool negate = take_negation(first);
      IMREG_ASSIGN(const Interval interval, interval_of(filter, first, options.dates));
      if (filter.option == "trange" && !negate)
        ranges.push_back(interval);
      else
        IMREG_TRY(selection.overlap(schema, "obstime", "exptime", {interval}, negate));
    }
  }
  if (!ranges.empty()) IMREG_TRY(selection.overlap(schema, "obstime", "exptime", ranges));
  return selection;
}

Result<RecordFile> open_database(const std::string& path) {
  auto file = RecordFile::open(path);
  if (file.ok() || file.status().code() != Code::not_found) return file;
  return Status(Code::not_found, "there is no such database; name another one with -db, or make it with imregister")
      .in_file(path);
}

}  // namespace

Result<SearchReport> search(const SearchOptions& options, const Sink& sink) {
  IMREG_ASSIGN(const RecordFile file, open_database(options.database));
  IMREG_ASSIGN(const Selection selection, make_selection(options, file.schema()));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  EmitOptions emit = options.emit;
  if (!roots.empty()) emit.expand_path = [&roots](std::string_view path) { return roots.expand(path); };
  IMREG_ASSIGN(const auto writer, make_row_writer(options.format, file.schema(), emit, sink));
  SearchReport report;
  std::int64_t index = 0;
  auto found = scan(file, selection, {}, [&](std::int64_t, RecordView row) { return writer->row(++index, row); });
  writer->finish();
  report.matched = found.matched;
  report.damaged = std::move(found.damaged);
  return report;
}

}  // namespace imreg
