// Work in a process of its own: a library that a damaged file can crash, or keep busy for ever, does neither to us.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "imreg/status.h"

namespace imreg {

/// Runs `work` in a copy of this process, which has only this thread, and returns its Status. What `work` changes in memory is
/// gone; what it writes to files stays. It may have `bytes` of memory beside what this process has. Error: corrupt when it was
/// ended by a signal or took more than `seconds` of processor time (`what` names the work: "the decompression"), io when there
/// can be no other process.
Status run_apart(const std::string& what, int seconds, std::int64_t bytes, const std::function<Status()>& work);

}  // namespace imreg
