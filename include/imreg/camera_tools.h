// What a person needs to write camera tables: imcamera's check, coverage and learn.
#pragma once

#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/status.h"

namespace imreg {

/// The first draft of a camera table, learnt from files of one camera (FITS files or header dumps): the text of a .cam
/// file. What the headers prove or clearly say is a recipe; what is only likely is a comment with a question mark. The
/// draft always parses. `cameras`: the tables that are known; the draft refines the one that applies to its telescope.
/// Errors: invalid (no file, none with an image), and what read_headers() says when no file can be read.
Result<std::string> learn_table(const std::vector<std::string>& files, const Cameras& cameras);

}  // namespace imreg
