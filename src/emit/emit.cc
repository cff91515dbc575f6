// Formats by name.
#include "imreg/emit.h"

#include "base/text.h"
#include "emit/emit_internal.h"

namespace imreg {

namespace {

struct Format {
  const char* name;
  emit::MadeWriter (*make)(const Schema&, const EmitOptions&, Sink);
};

constexpr Format kFormats[] = {{"row", emit::make_elixir_row},
                               {"table", emit::make_table},
                               {"csv", emit::make_csv},
                               {"tsv", emit::make_tsv},
                               {"json", emit::make_json}};

}  // namespace

std::vector<std::string> emit_formats() {
  std::vector<std::string> out;
  for (const auto& format : kFormats) out.push_back(format.name);
  return out;
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
