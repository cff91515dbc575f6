// Prints what the camera tables make of FITS files and header dumps, one JSON object a file, for the oracle in Python.
//   camera_facts_tool [-camera NAME] [-split] FILE...     "-" reads paths from standard input
//   camera_facts_tool -filters                                    of each line read, the filter's registered name
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/fits_file.h"

using namespace imreg;

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += ' ';
    else
      out += c;
  }
  return out + "\"";
}

std::string value(const std::string& text) { return quoted(text); }
std::string value(int number) { return std::to_string(number); }
std::string value(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", number);
  return text;
}

template <class T>
void put(std::string& out, const char* name, const Fact<T>& fact) {
  out += ", " + quoted(name) + ": " + (fact.value ? value(*fact.value) : "null");
  out += ", " + quoted(std::string(name) + "_from") + ": " + quoted(fact.keyword);
}

std::string json(const std::string& path, const FileFacts& facts) {
  std::string out = "{\"file\": " + quoted(path) + ", \"camera\": " + quoted(facts.camera) +
                    ", \"why_none\": " + quoted(facts.why_none);
  out += ", \"warnings\": [";
  for (std::size_t i = 0; i < facts.warnings.size(); ++i) out += (i == 0 ? "" : ", ") + quoted(facts.warnings[i]);
  out += "], \"doubts\": [";
  for (std::size_t i = 0; i < facts.doubts.size(); ++i) out += (i == 0 ? "" : ", ") + quoted(facts.doubts[i].text);
  out += "], \"images\": [";
  for (std::size_t i = 0; i < facts.images.size(); ++i) {
    const ImageFacts& image = facts.images[i];
    out += std::string(i == 0 ? "" : ", ") + "{\"mode\": " + std::to_string(static_cast<int>(image.mode)) +
           ", \"extension\": " + std::to_string(image.extension) + ", \"slice\": " + std::to_string(image.slice);
    put(out, "ccd", image.ccd);
    put(out, "chip", image.chip);
    put(out, "instrument", image.instrument);
    put(out, "object", image.object);
    put(out, "type", image.type);
    put(out, "filter", image.filter);
    put(out, "exptime", image.exptime);
    put(out, "obstime", image.obstime);
    put(out, "release", image.release);
    put(out, "ra", image.ra);
    put(out, "dec", image.dec);
    put(out, "airmass", image.airmass);
    put(out, "telfocus", image.telfocus);
    put(out, "rotangle", image.rotangle);
    put(out, "dettemp", image.dettemp);
    out += "}";
  }
  return out + "]}";
}

}  // namespace

int main(int argc, char** argv) {
  Cameras::Options options;
  bool filters = false;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-split")
      options.split = true;
    else if (word == "-filters")
      filters = true;
    else if (word == "-camera" && i + 1 < argc)
      options.camera = argv[++i];
    else if (word == "-")
      for (std::string line; std::getline(std::cin, line);) paths.push_back(line);
    else
      paths.push_back(word);
  }
  const Result<Cameras> cameras = Cameras::load();
  if (!cameras) {
    std::cerr << cameras.status().text() << "\n";
    return 1;
  }
  if (filters) {
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << cameras->canonical_filter(line).value_or(line) << "\n";
    }
  }
  for (const std::string& path : paths) {
    const Result<FitsHeaders> headers = read_headers(path);
    if (!headers) {
      std::cout << "{\"file\": " << quoted(path) << ", \"error\": " << quoted(headers.status().message()) << "}\n";
      continue;
    }
    const Result<FileFacts> facts = cameras->translate(path, *headers, options);
    if (!facts) {
      std::cerr << facts.status().text() << "\n";
      return 1;
    }
    std::cout << json(path, *facts) << "\n";
  }
  return 0;
}
