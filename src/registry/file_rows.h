// One file to its rows: headers, camera table, records.
#pragma once

#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/fits_file.h"
#include "imreg/record.h"
#include "imreg/registry.h"
#include "registry/path_roots.h"

namespace imreg {

struct FileRows {
  RegisteredFile report;
  std::vector<Record> rows;
};

/// Reads a file's headers and makes its rows. `named` files were given by the user, the others were found in a folder: there,
/// what is not FITS and does not claim to be is passed over. `now` becomes the registration time.
FileRows read_file_rows(const std::string& path, bool named, const Cameras& cameras, const RegisterOptions& options,
                        const std::string& camera, const PathRoots& roots, double now);

/// The rows of a file whose headers were read; `facts`: what Cameras::translate made of them.
FileRows rows_of_headers(const std::string& path, const FitsHeaders& headers, const Result<FileFacts>& facts,
                         const RegisterOptions& options, const PathRoots& roots, double now);

/// Whether a file whose headers cannot be read has nothing to do with images: it was found in a folder, and neither is FITS
/// nor claims to be.
bool is_foreign(const std::string& path, bool named, const Status& trouble);

/// The camera tables of the options, and the name of the table that -camera forces (empty: choose by the header).
Result<std::pair<Cameras, std::string>> load_cameras(const RegisterOptions& options);

}  // namespace imreg
