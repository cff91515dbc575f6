// What must hold before a program makes a database where there is none.
#pragma once

#include <string>

#include "imreg/status.h"

namespace imreg {

/// Ok when nothing has this name and its folder exists. Errors: invalid, not_found, each with the remedy.
Status check_new_database(const std::string& path);
bool is_link(const std::string& path);
/// "its folder does not exist", with the remedy, for the name that was asked for.
Status no_folder(const std::string& path);

}  // namespace imreg
