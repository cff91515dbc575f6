// What the files beside a database know of it: how many rows it had, and how many changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "record/container.h"

namespace imreg::upkeep {

struct Known {
  std::int64_t rows = -1, change = -1;  ///< -1: nothing is known
};

/// What the last writer left in X.db.lock. It does not say of which file: another one may have been put in its place.
Known lock_knows(std::string_view text, const Container& container);
/// The index, when it is of this file.
Known index_knows(const std::string& base, const Uuid& uuid);
/// A sentence for each that the file has less of.
std::vector<std::string> less_than_known(const Known& known, const std::string& who, std::int64_t rows,
                                         std::int64_t change);

}  // namespace imreg::upkeep
