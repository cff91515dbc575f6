// master.db and datasets.db: the observations of an archive and their kinds of files. They follow from files.db: the rows of an
// observation are made again from those of its files whenever one of them changes, so that nothing depends on what was there.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "imreg/record_file.h"
#include "ingest/file_table.h"

namespace imreg::ingest {

/// Which type a programme is of: lines PROPOSAL TYPE, # begins a comment; * is every other proposal.
class ProposalTypes {
 public:
  /// Nothing is known.
  ProposalTypes() = default;
  /// Errors: not_found, io; invalid, with the line.
  static Result<ProposalTypes> load(const std::string& path);
  std::string of(const std::string& proposal) const;
  bool empty() const { return types_.empty(); }

 private:
  std::map<std::string, std::string> types_;  ///< by proposal in capitals
};

class Observations {
 public:
  /// Makes the tables when they are missing. Errors: those of RecordWriter::open_or_create; mismatch (of another release).
  static Result<Observations> open(const std::string& folder, ProposalTypes types,
                                   const RecordWriter::Options& options);

  /// Makes the rows of these observations again. `rows`: what files.db will say of files, instead of what it says now.
  Status update(const std::set<std::string>& names, FileTable& table, const std::vector<Record>& rows);
  /// Gives all programmes the types that are known now.
  Status update_types();
  /// Gives back room and journal.
  Status trim();

 private:
  struct Table {
    std::optional<RecordWriter> writer;
    std::optional<std::unordered_map<std::string, std::int64_t>> known;  // made when it is needed
    const RecordFile& file() const { return writer->file(); }
    std::unordered_map<std::string, std::int64_t>& rows();  // by observation
    Status open(const std::string& path, const Schema& schema, const RecordWriter::Options& options);
    Status write(const std::vector<std::pair<std::string, Record>>& fresh);
  };
  Observations() = default;

  ProposalTypes types_;
  Table master_, datasets_;
};

}  // namespace imreg::ingest
