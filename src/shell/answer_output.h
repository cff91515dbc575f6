// Where an answer goes: a table or a picture, to a terminal, a pipe or a file.
#pragma once

#include <string>
#include <string_view>

#include "shell/options.h"
#include "trend/request.h"

namespace imreg::cli {

/// What the name of a file says of its format: "csv", "png"; "text" of .txt and .dat, "json" of .jsonl, "fits" of .fit.
std::string ending_of(const std::string& path);

/// What is asked for, in words or by the name of the file; empty: nothing is.
std::string format_of(const StatusOutput& output);
bool is_picture_format(std::string_view format);

/// Prints notes, too, to standard error. Errors: invalid (a format that is none, or cannot be), those of pictures and files.
Status print_answer(std::string_view program, const trend::Answer& answer, const StatusOutput& output,
                    const trend::Request& request);

}  // namespace imreg::cli
