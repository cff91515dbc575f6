// What must hold before a program writes: to a database, or makes one where there is none.
#pragma once

#include <string>

#include "imreg/record_file.h"
#include "imreg/status.h"

namespace imreg {

/// Ok when it is a registration database of today's format. Error: invalid, with what it is.
Status check_format(const RecordFile& file);
/// Ok when nothing has this name and its folder exists. Errors: invalid, not_found, each with the remedy.
Status check_new_database(const std::string& path);
bool is_link(const std::string& path);
/// "its folder does not exist", with the remedy, for the name that was asked for.
Status no_folder(const std::string& path);

}  // namespace imreg
