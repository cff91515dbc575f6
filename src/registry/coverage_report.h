// The matrix of coverage as text, CSV, HTML and JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "camera/coverage.h"

namespace imreg {

/// "text", "csv", "html" or "json". With findings, they are told too: below the matrix in text and html, as further
/// objects in json, and instead of the matrix in csv. `summary` is one sentence for people, in text and html.
/// `width`: columns of a line of text.
std::string coverage_text(const camera::Coverage& coverage, std::string_view format, int width,
                          const std::string& summary);

/// One line of RFC 4180.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace imreg
