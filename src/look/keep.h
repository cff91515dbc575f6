// Pictures that are kept up to date: what one was made of, and how, stands in its own comment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imreg/look.h"

namespace imreg::look {

/// What killed runs have left in a folder of pictures: NAME.jpg.new1234 of a process that is there no more.
void remove_leftovers(const std::string& folder);
/// PictureKeeper::keep(); `look` is the file as it was looked at already, or will be.
Result<KeptPictures> keep_pictures(const LookSource& source, const std::vector<KeptPicture>& pictures,
                                   const Cameras& cameras, const KeepOptions& options,
                                   std::optional<Result<Look>>& look);

}  // namespace imreg::look
