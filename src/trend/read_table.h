// Columns of a text file as vectors.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "imreg/date.h"
#include "trend/workspace.h"

namespace imreg::trend {

/// What the text at the head of a column (from 0) is called as a vector: plain_name(), or c1, c2 ... when that is no name.
std::string vector_name(std::string_view text, std::size_t column);

/// Columns separated by commas (.csv; by semicolons when its first line has those alone), tabs (.tsv), or blanks. The first line names
/// them when one of its words is no number; else they are c1, c2 ... The second of two with one name is a_2. Lines that begin with #
/// are comments (names, when it is the first and has as many words). A column of numbers (inf, too), of dates, or of texts; empty,
/// "-", "nan" and "null" are not known. Errors: not_found, io; invalid, with the line (no columns, another number of them than before).
Result<std::vector<std::pair<std::string, VectorPtr>>> read_text_table(const std::string& path,
                                                                       const DateSettings& dates);

}  // namespace imreg::trend
