// The INHERIT convention, but whatever the keyword INHERIT says: that a file says FILTER1 = F606W is true of all of its HDUs.
#include "ingest/inherited_keys.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "headers/table_schema.h"
#include "imreg/ingest.h"
#include "imreg/query.h"
#include "query/joined_rows.h"

namespace imreg::ingest {

namespace {

// FITS Standard 4.0, sections 4.4.1 and 4.4.2.5 to 4.4.2.9, and of the conventions on checksums and on INHERIT itself.
constexpr std::string_view kOfOneHdu[] = {"SIMPLE",  "XTENSION", "BITPIX",   "NAXIS",   "EXTEND",  "PCOUNT",  "GCOUNT",
                                          "GROUPS",  "BSCALE",   "BZERO",    "BLANK",   "BUNIT",   "DATAMAX", "DATAMIN",
                                          "EXTNAME", "EXTVER",   "EXTLEVEL", "INHERIT", "DATASUM", "CHECKSUM"};

bool is_of_one_hdu(std::string_view column) {
  if (headers::is_own_field(column)) return true;
  while (column.size() > 5 && column.starts_with("NAXIS") && column.back() >= '0' && column.back() <= '9')
    column.remove_suffix(1);
  return std::find(std::begin(kOfOneHdu), std::end(kOfOneHdu), column) != std::end(kOfOneHdu);
}

// Everything in the texts that could be the name of a column, in capitals.
std::set<std::string> words_of(const std::vector<std::string>& texts) {
  std::set<std::string> out;
  for (const auto& text : texts) {
    std::string word;
    for (const char c : to_upper(text) + ' ') {
      const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (is_letter) {
        word += c;
      } else if (!word.empty()) {
        out.insert(std::move(word));
        word.clear();
      }
    }
  }
  return out;
}

Result<bool> all_have(const RecordFile& rows, const FieldInfo& field, int jobs) {
  Query query(rows);
  query.where("[" + field.column + "] is null").jobs(jobs).limit(1);
  IMREG_ASSIGN(const auto lacking, query.count());
  return lacking == 0;
}

}  // namespace

std::string primary_of(const std::string& folder, const std::string& table) {
  const auto bar = table.rfind('_');
  if (bar == table.npos || table.substr(bar) == "_0") return {};
  const auto names = header_tables(folder);
  const std::string primary = to_lower(table.substr(0, bar)) + "_0";
  return names && std::find(names->begin(), names->end(), primary) != names->end() ? primary : "";
}

Result<std::set<std::string>> inherited_keys(const RecordFile& extension, const Schema& primary,
                                             const std::vector<std::string>& texts, int jobs) {
  std::set<std::string> out;
  for (const auto& word : words_of(texts)) {
    const FieldInfo* const theirs = primary.find(word);
    if (!theirs || is_of_one_hdu(theirs->column)) continue;
    const FieldInfo* const own = extension.schema().find(word);
    if (own) {
      if (!common_type(*own, *theirs)) continue;
      IMREG_ASSIGN(const bool enough, all_have(extension, *own, jobs));
      if (enough) continue;
    }
    out.insert(theirs->column);
  }
  return out;
}

}  // namespace imreg::ingest
