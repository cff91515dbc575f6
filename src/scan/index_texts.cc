// The different texts of a field: a range of the order of texts in each segment, and the rows outside.
#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "imreg/scan.h"
#include "scan/index_rows.h"
#include "scan/index_search.h"

namespace imreg {

namespace {

std::vector<TextCount> in_order(const std::unordered_map<std::string, std::int64_t>& counts) {
  std::vector<TextCount> out;
  for (const auto& [text, rows] : counts) {
    if (rows > 0) out.push_back({text, rows});
  }
  std::sort(out.begin(), out.end(), [](const TextCount& a, const TextCount& b) { return a.text < b.text; });
  return out;
}

bool is_in(std::string_view text, std::string_view folder) {
  return starts_nocase(text, folder) && (text.size() == folder.size() || text[folder.size()] == '/');
}

std::string_view text_of(RecordView record, const FieldInfo& field) {
  return record[Field<Text>{field.offset, field.count}];
}

}  // namespace

namespace index {

std::optional<std::vector<TextCount>> texts_from(const DecidedSearch& search, const FieldInfo& field,
                                                 std::string_view prefix) {
  const auto& known = search.index.fields().names;
  const auto at = std::find_if(known.begin(), known.end(), [&](const auto* f) { return f->offset == field.offset; });
  if (at == known.end()) return std::nullopt;
  std::unordered_map<std::string, std::int64_t> counts;
  std::vector<std::uint32_t> starts, posts, rows;
  std::string bytes;
  for (std::size_t i = 0; i < search.segments.size(); ++i) {
    auto& of = search.segments[i];
    const auto& head = of.head();
    const auto& names = head.names[static_cast<std::size_t>(at - known.begin())];
    if (head.rows == 0) continue;
    if (names.starts.bytes < 8) return std::nullopt;
    const std::int64_t from = of.text_bound(names, prefix, false), end = of.text_bound(names, prefix, true);
    if (!of.ok() || from >= end) continue;
    starts.resize(static_cast<std::size_t>(end - from) + 1);
    posts.resize(starts.size());
    if (!search.pages.values(names.starts, from, std::ssize(starts), starts.data()) ||
        !search.pages.values(names.posts, from, std::ssize(posts), posts.data()) ||
        !std::is_sorted(starts.begin(), starts.end()) || !std::is_sorted(posts.begin(), posts.end()) ||
        starts.back() > names.bytes.bytes)
      return std::nullopt;
    bytes.resize(starts.back() - starts.front());
    if (!search.pages.copy(names.bytes, starts.front(), std::ssize(bytes), bytes.data())) return std::nullopt;
    const bool all = search.all_believed(i);
    for (std::size_t k = 0; k + 1 < starts.size(); ++k) {
      const auto text = std::string_view(bytes).substr(starts[k] - starts[0], starts[k + 1] - starts[k]);
      if (!text.starts_with(prefix)) continue;
      std::int64_t believed = all ? posts[k + 1] - posts[k] : 0;
      for (std::int64_t post = posts[k]; !all && post < posts[k + 1]; post += std::ssize(rows)) {
        rows.resize(static_cast<std::size_t>(std::min<std::int64_t>(SegmentSearch::kStep, posts[k + 1] - post)));
        if (!search.pages.values(names.rows, post, std::ssize(rows), rows.data())) return std::nullopt;
        believed += std::count_if(rows.begin(), rows.end(),
                                  [&](std::uint32_t row) { return search.believed(i, head.base + row); });
      }
      counts[std::string(text)] += believed;
    }
  }
  Record scratch = search.file.make_record();
  search.each_outside([&](std::int64_t row) {
    const auto text = text_of(search.file.peek(row, scratch), field);
    if (text.starts_with(prefix)) ++counts[std::string(text)];
  });
  return in_order(counts);
}

std::optional<std::int64_t> count_in_folder(const DecidedSearch& search, const FieldInfo& field,
                                            const std::string& folder, bool exactly) {
  const auto& known = search.index.fields().names;
  const auto at = std::find_if(known.begin(), known.end(), [&](const auto* f) { return f->offset == field.offset; });
  if (at == known.end()) return std::nullopt;
  std::int64_t count = 0;
  std::vector<std::uint32_t> rows;
  std::string text;
  for (std::size_t i = 0; i < search.segments.size(); ++i) {
    auto& of = search.segments[i];
    const auto& head = of.head();
    const auto& names = head.names[static_cast<std::size_t>(at - known.begin())];
    if (head.rows == 0) continue;
    if (names.starts.bytes < 8) return std::nullopt;
    const bool all = !exactly || search.all_believed(i);
    const auto add = [&](std::int64_t from, std::int64_t end) {
      std::uint32_t first = 0, last = 0;
      if (from >= end || !search.pages.at(names.posts, from, first) || !search.pages.at(names.posts, end, last)) return;
      if (all) count += std::max(first, last) - first;
      for (std::int64_t post = first; !all && post < last; post += std::ssize(rows)) {
        rows.resize(static_cast<std::size_t>(std::min<std::int64_t>(SegmentSearch::kStep, last - post)));
        if (!search.pages.values(names.rows, post, std::ssize(rows), rows.data())) return;
        count += std::count_if(rows.begin(), rows.end(),
                               [&](std::uint32_t row) { return search.believed(i, head.base + row); });
      }
    };
    // The folder itself, in capitals and small letters, stands before everything that is longer.
    const std::int64_t from = of.text_bound(names, folder, false), texts = names.starts.bytes / 4 - 1;
    std::int64_t own = from;
    while (own < texts && of.text_at(names, own, text) && equal_nocase(text, folder)) ++own;
    add(from, own);
    add(of.text_bound(names, folder + "/", false), of.text_bound(names, folder + "/", true));
    if (!of.ok()) return std::nullopt;
  }
  Record scratch = search.file.make_record();
  search.each_outside([&](std::int64_t row) {
    if (is_in(text_of(search.file.peek(row, scratch), field), folder)) ++count;
  });
  return count;
}

}  // namespace index

std::int64_t count_in_folder(const RecordFile& file, const FieldInfo& field, const std::string& folder, bool exactly) {
  ScanReport report;
  const Selection all;
  if (auto search = index::IndexSearch::open(file, all, report)) {
    if (const auto count = search->count_in_folder(field, folder, exactly, report)) return *count;
  }
  std::int64_t count = 0;
  Record scratch = file.make_record();
  for (std::int64_t row = 0; row < file.count(); ++row) {
    if (is_in(text_of(file.peek(row, scratch), field), folder)) ++count;
  }
  return count;
}

std::vector<TextCount> texts_from(const RecordFile& file, const FieldInfo& field, std::string_view prefix) {
  ScanReport report;
  const Selection all;
  if (auto search = index::IndexSearch::open(file, all, report)) {
    if (auto texts = search->texts_from(field, prefix, report)) return *std::move(texts);
  }
  std::unordered_map<std::string, std::int64_t> counts;
  Record scratch = file.make_record();
  std::string last;  // neighbours usually agree
  std::int64_t* count = nullptr;
  for (std::int64_t row = 0; row < file.count(); ++row) {
    const auto text = text_of(file.peek(row, scratch), field);
    if (!text.starts_with(prefix)) continue;
    if (!count || text != last) count = &counts[last = std::string(text)];
    ++*count;
  }
  return in_order(counts);
}

}  // namespace imreg
