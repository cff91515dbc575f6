// Headers of gzip, bzip2 and compress files through CFITSIO, which unpacks them into memory.
// fits_open_diskfile only: fits_open_file would read "a.fits(b.fits)" or "http://..." as commands.
#include <fitsio.h>

#include <cstdio>
#include <cstring>
#include <mutex>

#include "base/text.h"
#include "fits/fits_internal.h"

namespace imreg::fits {

namespace {

// CFITSIO's own words for a failure, oldest message first; its stack is emptied.
std::string cfitsio_words(int status) {
  char short_text[FLEN_STATUS] = "", line[FLEN_ERRMSG] = "";
  fits_get_errstatus(status, short_text);
  std::string out = short_text;
  if (fits_read_errmsg(line) != 0 && *line != '\0') out += std::string(" (") + std::string(trim(line)) + ")";
  fits_clear_errmsg();
  return "CFITSIO says: " + out;
}

const char* container_word(FileKind kind) {
  return kind == FileKind::gzip ? "gzip" : kind == FileKind::bzip2 ? "bzip2" : "compress (.Z)";
}

// The raw cards of the current HDU: those of a compressed image stay those of its table.
Status read_cards(fitsfile* file, Header& into) {
  int status = 0, count = 0;
  if (fits_get_hdrspace(file, &count, nullptr, &status) != 0) return {Code::corrupt, cfitsio_words(status)};
  std::string cards(static_cast<std::size_t>(count) * kCardSize, ' ');
  for (int i = 0; i < count; ++i) {
    char card[FLEN_CARD] = "";
    if (fits_read_record(file, i + 1, card, &status) != 0) return {Code::corrupt, cfitsio_words(status)};
    std::memcpy(cards.data() + static_cast<std::size_t>(i) * kCardSize, card, std::strlen(card));
  }
  into = Header(std::move(cards));
  return {};
}

Status read_hdus(fitsfile* file, FitsHeaders& out) {
  for (int number = 0;; ++number) {
    int status = 0;
    if (number > 0 && fits_movabs_hdu(file, number + 1, nullptr, &status) != 0) {
      const std::string words = cfitsio_words(status);
      if (status != END_OF_FILE) {
        out.damage = "HDU " + std::to_string(number) + " cannot be read; " + words;
      }
      return {};
    }
    Hdu hdu;
    hdu.number = number;
    Status read = read_cards(file, hdu.header);
    std::string fault = read.ok() ? shape_of(hdu, out.warnings) : read.message();
    if (!fault.empty()) {
      std::string sentence = name_of(hdu) + " is damaged: " + fault;
      if (number == 0) return {Code::corrupt, std::move(sentence)};
      out.damage = std::move(sentence);
      return {};
    }
    out.hdus.push_back(std::move(hdu));
  }
}

}  // namespace

Status read_compressed(const std::string& path, FitsHeaders& out) {
  static std::mutex mutex;
  std::unique_lock lock(mutex, std::defer_lock);
  if (fits_is_reentrant() == 0) lock.lock();
  if (path.size() >= FLEN_FILENAME) {
    return {Code::invalid, "the path is too long for CFITSIO, which reads compressed files; go into the folder first"};
  }
  fitsfile* file = nullptr;
  int status = 0;
  if (fits_open_diskfile(&file, path.c_str(), READONLY, &status) != 0) {
    return {Code::corrupt, std::string("a ") + container_word(out.container) +
                               " file that holds no FITS file, or is damaged; " + cfitsio_words(status)};
  }
  Status read = read_hdus(file, out);
  status = 0;
  fits_close_file(file, &status);
  fits_clear_errmsg();
  return read;
}

}  // namespace imreg::fits
