// What imreg reads from the headers of the files named on standard input, one JSON object a line: the oracles in
// tests/fits/*_test.py compare it with astropy. With -dumps header dumps are read too. No program for users.
#include <cstdio>
#include <iostream>
#include <string>

#include "imreg/fits_file.h"

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

const char* kKinds[] = {"none", "undefined", "text", "integer", "real", "logical"};
const char* kHduKinds[] = {"image", "compressed_image", "empty", "groups", "table", "other"};
const char* kFileKinds[] = {"fits", "gzip", "bzip2", "compress", "header_dump", "text", "empty", "unknown"};

std::string card_json(const imreg::Header& header, std::size_t i) {
  const imreg::CardValue value = header.value(i);
  return "[" + quoted(header.keyword(i)) + ",\"" + kKinds[static_cast<int>(value.kind)] + "\"," + quoted(value.text) +
         "," + quoted(value.comment) + "]";
}

std::string hdu_json(const imreg::Hdu& hdu) {
  std::string out = "{\"kind\":\"" + std::string(kHduKinds[static_cast<int>(hdu.kind)]) +
                    "\",\"bitpix\":" + std::to_string(hdu.bitpix) + ",\"extname\":" + quoted(hdu.extname) +
                    ",\"extver\":" + std::to_string(hdu.extver) + ",\"offset\":" + std::to_string(hdu.data_offset) +
                    ",\"axes\":[";
  for (std::size_t i = 0; i < hdu.axes.size(); ++i) out += (i > 0 ? "," : "") + std::to_string(hdu.axes[i]);
  out += "],\"cards\":[";
  for (std::size_t i = 0; i < hdu.header.size(); ++i) out += (i > 0 ? "," : "") + card_json(hdu.header, i);
  return out + "]}";
}

}  // namespace

int main(int argc, char** argv) {
  const bool dumps = argc > 1 && std::string_view(argv[1]) == "-dumps";
  for (std::string path; std::getline(std::cin, path);) {
    const auto kind = imreg::file_kind(path);
    std::string out = "{\"file\":" + quoted(path) + ",\"file_kind\":\"" +
                      (kind ? kFileKinds[static_cast<int>(*kind)] : "error") + "\"";
    const auto headers = dumps ? imreg::read_headers(path) : imreg::read_fits_headers(path);
    if (!headers) {
      out += ",\"error\":" + quoted(headers.status().message());
    } else {
      out += ",\"damage\":" + quoted(headers->damage) + ",\"warnings\":[";
      for (std::size_t i = 0; i < headers->warnings.size(); ++i)
        out += (i > 0 ? "," : "") + quoted(headers->warnings[i]);
      out += "],\"hdus\":[";
      for (std::size_t i = 0; i < headers->hdus.size(); ++i) out += (i > 0 ? "," : "") + hdu_json(headers->hdus[i]);
      out += "]";
    }
    std::puts((out + "}").c_str());
  }
  return 0;
}
