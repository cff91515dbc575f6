// Formats by name.
#include "imreg/emit.h"

#include <algorithm>

#include "base/text.h"
#include "emit/emit_internal.h"

namespace imreg {

namespace {

struct Format {
  const char* name;
  emit::MadeWriter (*make)(const Schema&, const EmitOptions&, Sink);
  bool binary = false;
};

constexpr Format kFormats[] = {{"row", emit::make_elixir_row},  {"trigger", emit::make_trigger},
                               {"table", emit::make_table},     {"csv", emit::make_csv},
                               {"tsv", emit::make_tsv},         {"json", emit::make_json},
                               {"votable", emit::make_votable}, {"npy", emit::make_npy, true},
                               {"fits", emit::make_fits, true}, {"fits-table", emit::make_fits_table, true}};

}  // namespace

void RowWriter::format_rows(std::int64_t, std::span<const RecordView>, std::string&) const {}
bool RowWriter::lines(std::string_view) { return false; }

std::vector<std::string> emit_formats() {
  std::vector<std::string> out;
  for (const auto& format : kFormats) out.push_back(format.name);
  return out;
}

bool is_binary_format(std::string_view name) {
  return std::any_of(std::begin(kFormats), std::end(kFormats),
                     [name](const Format& format) { return format.binary && equal_nocase(format.name, name); });
}

Result<std::unique_ptr<RowWriter>> make_row_writer(std::string_view format, const Schema& schema,
                                                   const EmitOptions& options, Sink sink) {
  std::string names;
  for (const auto& known : kFormats) {
    if (equal_nocase(known.name, format)) return known.make(schema, options, std::move(sink));
    names += std::string(names.empty() ? "" : ", ") + known.name;
  }
  return Status(Code::invalid, "there is no format \"" + std::string(format) + "\"; there are " + names);
}

}  // namespace imreg
