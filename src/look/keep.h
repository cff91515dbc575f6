// Pictures that are kept up to date: what one was made of, and how, stands in its own comment.
#pragma once

#include <string>
#include <vector>

#include "imreg/look.h"

namespace imreg::look {

/// What killed runs have left in a folder of pictures: NAME.jpg.new1234 of a process that is there no more.
void remove_leftovers(const std::string& folder);
/// Error: not_found, the first one that is not there.
Result<LookSource> source_of(const std::vector<std::string>& paths);
/// PictureKeeper::keep().
Result<KeptPictures> keep_pictures(const LookSource& source, const std::vector<KeptPicture>& pictures,
                                   const Cameras& cameras, const KeepOptions& options);

}  // namespace imreg::look
