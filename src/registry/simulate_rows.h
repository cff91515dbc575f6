// The rows of a simulated database one exposure after the other, for who needs them without a database of that size.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "imreg/status.h"

namespace imreg {

/// What simulate_rows() writes: `records` are the rows of one exposure from number `first_row` on, without change number
/// and CRC. Ends with the first error of `visit`.
Status each_simulated_exposure(std::int64_t rows, std::uint64_t seed,
                               const std::function<Status(std::int64_t first_row, std::string_view records)>& visit);

}  // namespace imreg
