// Rows of a database beside rows of header tables that are of the same file or observation: imsearch -with.
#pragma once

#include <string>
#include <vector>

#include "imreg/registry.h"

namespace imreg {

struct JoinOptions {
  std::string folder;               ///< the folder that imingest wrote
  std::vector<std::string> tables;  ///< "wfc_raw_0"
  /// What makes rows partners: "file", "rootname"; empty: the file, where a table is of another kind of file the rootname.
  std::string by;
  /// The header table that is searched, "wfc_flt_1"; empty: images. Keywords that its HDU lacks are those of the primary HDU.
  std::string from;
};

/// Finds rows and writes them, as search() does, with the fields TABLE.KEYWORD of their partners. A row without a partner is
/// there once, and what it would have is not known; with several it is there once for each. Not for groups, unique, last and
/// calibrations. The notes tell how many rows had none or several.
/// Errors: those of search(); not_found (no such table, with near names), mismatch (what is searched has neither file nor observation).
Result<SearchReport> search_joined(const SearchOptions& options, const JoinOptions& join, const Sink& sink);

/// A mistake about a field TABLE.KEYWORD in a search without -with, with what to do; other mistakes as they are.
Status with_table_hint(Status status, const JoinOptions& join);

}  // namespace imreg
