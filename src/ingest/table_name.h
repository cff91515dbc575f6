// Names that follow from a file: of its observation, its kind, and the tables of its HDUs.
#pragma once

#include <string>

#include "imreg/fits_file.h"
#include "ingest/layout.h"

namespace imreg::ingest {

struct FileNames {
  std::string rootname;  ///< ROOTNAME of the primary header, else the name of the file as far as its filetype
  std::string filetype;  ///< "flt" of j94f05bgq_flt.fits; empty: the name does not tell
  std::string camera;    ///< the camera table
  std::string group;     ///< camera table and instrument: what the names of its tables begin with
  std::string detector;  ///< WFC, CCD2; empty: the header does not tell
  bool of_acs = false;   ///< detector is WFC, HRC or SBC of the Advanced Camera for Surveys
  std::string proposal;  ///< number or name of the programme
};

/// `camera`: name of the table that knows the file; `said`: what the layout of the archive says.
FileNames names_of(const std::string& path, const FitsHeaders& headers, const std::string& camera,
                   const LayoutNames& said = {});
/// The table of an HDU: small letters, digits and underscores.
std::string table_of(const FileNames& names, const Hdu& hdu);

}  // namespace imreg::ingest
