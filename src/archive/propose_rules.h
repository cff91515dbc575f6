// The fewest prefix rules that send files from where they were to where they are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/find_files.h"

namespace imreg::archive {

/// A file that is not where it was.
struct MovedFile {
  std::string from;                 ///< its path in the database, expanded
  std::vector<std::string> places;  ///< where it is; more than one: it cannot be known which was meant; none: nowhere
  std::int64_t rows = 0;
};

struct Proposal {
  std::vector<ProposedRule> rules;
  std::vector<std::string> to;  ///< of each file: where the rules send its rows; empty: they leave them
};

/// `kept`: folders with files that are where they were: no rule touches them. `allowed`: whether a path may be given to rows
/// of a file that is not there (it has no rows, and fits). No two files go to one place.
Proposal propose_rules(const std::vector<MovedFile>& files, const std::vector<std::string>& kept,
                       const std::function<bool(const std::string&)>& allowed);

}  // namespace imreg::archive
