// The tables of a folder: their names, and those that are open to be written.
#pragma once

#include <list>
#include <map>
#include <string>

#include "headers/header_table.h"
#include "imreg/status.h"

namespace imreg::ingest {

/// Makes DIR and DIR/headers. Error: io.
Status make_ingest_folder(const std::string& folder);
std::string table_path(const std::string& folder, const std::string& name);

/// A table that cannot be opened, and what helps.
Status with_remedy(const Status& fault);

class Tables {
 public:
  static constexpr std::size_t kTogether = 32;
  Tables(std::string folder, RecordWriter::Options options)
      : folder_(std::move(folder)), options_(std::move(options)) {}
  /// Lives until kTogether others were opened. Errors: those of HeaderTable::open.
  Result<headers::HeaderTable*> open(const std::string& name);
  /// Gives back what tables have for more rows.
  Status trim();

 private:
  std::string folder_;
  RecordWriter::Options options_;
  std::map<std::string, headers::HeaderTable> open_;
  std::list<std::string> order_;  ///< the one that was asked for last is first
};

}  // namespace imreg::ingest
