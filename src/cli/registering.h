// What imregister and imsort share: their options, messages and report.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/config.h"
#include "cli/options.h"
#include "imreg/registry.h"

namespace imreg::cli {

inline constexpr Option kRegisterOptions[] = {
    kDatabaseOption,
    {"split", "", "a file with one HDU is one CCD of a mosaic"},
    {"noreg", "", "read and check everything, write nothing"},
    {"needtype", "", "refuse images whose type is not known"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
    {"root", "NAME=PREFIX", "keep paths below PREFIX as $NAME/...", kRepeat},
    {"j", "N", "read headers with N threads (default: processors)"},
    {"v", "", "a line for every file"},
    kWaitOption,
    kConfigOption,
    kDefineOption,
};

using OnFile = std::function<void(const RegisteredFile&)>;
using OnFiles = std::function<void(std::int64_t done, std::int64_t all)>;
using RegisterWork =
    std::function<RegisterReport(const RegisterOptions& options, const OnFile& on_file, const OnFiles& on_progress)>;
/// Reads the options and the list of files, does the work and tells about it; `more` may add to the last line. Returns the
/// exit code.
int register_with(const Program& program, const Parsed& args, Settings& settings, const RegisterWork& work,
                  const std::function<std::string()>& more = {});

}  // namespace imreg::cli
