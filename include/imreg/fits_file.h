// The headers of a FITS file: every HDU's cards and shape, without touching its data.
// Reads plain, gzip, bzip2 and compress (.Z) files, by content and not by name, and tile-compressed images.
// Standard: FITS 4.0, sections 3, 4 and 10.1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imreg/header.h"
#include "imreg/status.h"

namespace imreg {

enum class HduKind {
  image,             ///< primary or IMAGE with at least one pixel (in a header dump an axis of 0 pixels is not known)
  compressed_image,  ///< BINTABLE with ZIMAGE = T; bitpix and axes are those of the image inside
  empty,             ///< no data: NAXIS = 0, or an axis of length 0
  groups,            ///< random groups
  table,             ///< ASCII or binary table
  other
};

struct Hdu {
  int number = 0;  ///< from 0, the primary
  HduKind kind = HduKind::other;
  Header header;    ///< without the blank cards that writers keep in reserve before END
  int reserve = 0;  ///< how many of those there are
  int bitpix = 0;
  std::vector<std::int64_t> axes;  ///< NAXIS1, NAXIS2, ...
  std::string extname;
  int extver = 1;
  std::int64_t data_offset = -1;  ///< bytes from the start of the file, -1 in compressed files
  std::int64_t data_size = 0;     ///< bytes, without the filling
  bool is_image() const { return kind == HduKind::image || kind == HduKind::compressed_image; }
};

/// What a file is, by its first bytes.
enum class FileKind { fits, gzip, bzip2, compress, header_dump, text, empty, unknown };

struct FitsHeaders {
  std::vector<Hdu> hdus;
  FileKind container = FileKind::fits;  ///< fits, gzip, bzip2 or compress; header_dump
  std::int64_t file_size = 0;
  double mtime = 0;                   ///< seconds since 1970 UTC
  std::vector<std::string> warnings;  ///< what is odd but loses nothing: a missing END, stray bytes at the end
  std::string damage;  ///< not empty: the first place where something is lost (truncated data, a broken header
                       ///< after the first); the HDUs before it are there, with the one whose data are cut
};

/// Names what a file is from its first bytes; not_found or io when it cannot be opened, invalid for a
/// directory, pipe, socket or device (they are never waited for).
Result<FileKind> file_kind(const std::string& path);

/// Reads the header of every HDU.
/// Errors: not_found, io (unreadable), invalid (not a regular file, not FITS, a text dump: the message says which),
/// corrupt (no END in the primary header, truncated or packed data damaged inside the primary header).
/// Packed files are unpacked to their end, so that a cut and a wrong checksum are seen, but never kept in memory.
/// A fault in a later HDU, and data that are cut off, are `damage`: the HDUs before it are returned.
Result<FitsHeaders> read_fits_headers(const std::string& path);

/// The same for all that holds headers: FITS files as above, else header dumps (cards one a line or in records of 80
/// characters, YAML, JSON): what they say of each HDU, with data_offset -1 and data_size 0. src/fits/README.md tells
/// how values of YAML become cards and what an HDU is taken for when the cards of its shape are missing.
/// Errors in dumps: invalid, with the line; a dump of more than 64 MiB.
Result<FitsHeaders> read_headers(const std::string& path);

/// A hash of all header cards in order, for noticing changed and moved files. Never 0.
std::int64_t header_fingerprint(const FitsHeaders& headers);

}  // namespace imreg
