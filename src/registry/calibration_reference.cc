// The image of -near-to: a number of a row, a file on disk, or a registered name.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "imreg/fits_file.h"
#include "imreg/registry.h"
#include "os/walk.h"
#include "registry/calibration.h"
#include "registry/file_rows.h"

namespace imreg {

namespace {

Result<const FieldInfo*> need(const Schema& schema, const char* name) {
  if (const FieldInfo* field = schema.find(name)) return field;
  return Status(Code::not_found, std::string("this is no registration database: the records have no field ") + name);
}

double number(RecordView row, const FieldInfo* field) {
  const Value value = value_of(row, *field);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::nan("");
}

int whole(RecordView row, const FieldInfo* field) {
  const double value = field ? number(row, field) : 0;
  return std::abs(value) < 2e9 ? static_cast<int>(value) : 0;
}

std::string text(RecordView row, const FieldInfo* field) {
  const Value value = value_of(row, *field);
  const auto* found = std::get_if<std::string_view>(&value);
  return found ? std::string(*found) : std::string();
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder + (folder.ends_with('/') ? "" : "/") + name;
}

// One image for each CCD: the cube, not its slices.
std::vector<Exposure> one_of_each_ccd(std::vector<Exposure> images) {
  std::set<int> seen;
  std::erase_if(images, [&seen](const Exposure& image) { return !seen.insert(image.ccd).second; });
  return images;
}

Result<std::vector<Exposure>> images_of_file(const FitsHeaders& headers, const CalibrationRequest& request) {
  RegisterOptions options;
  options.camera = request.camera;
  options.cameras = request.cameras;
  IMREG_ASSIGN(const auto cameras, load_cameras(options));
  const std::string& path = request.near_to;
  IMREG_ASSIGN(const auto facts,
               cameras.first.translate(path, headers, {.split = request.split, .camera = cameras.second}));
  if (facts.images.empty()) return Status(Code::invalid, facts.why_none).in_file(path);
  std::vector<Exposure> out;
  for (const ImageFacts& image : facts.images) {
    out.push_back({absolute_path(path), image.ccd.value.value_or(0), image.extension, image.slice,
                   static_cast<int>(image.mode), 0, image.obstime.value.value_or(std::nan("")),
                   image.exptime.value.value_or(std::nan("")), image.filter.value.value_or(""),
                   image.instrument.value.value_or("")});
  }
  return out;
}

Result<std::vector<Exposure>> image_of_row(const RecordFile& file, const ExposureReader& reader, long long wanted,
                                           const ScanOptions& options) {
  Selection alive;
  alive.without_deleted(file.schema());
  std::vector<Exposure> out;
  long long printed = 0;
  // All are read: only so does a damaged one, which was not printed, not count.
  (void)scan(file, alive, options, [&](std::int64_t, RecordView row) {
    if (++printed == wanted) out.push_back(reader.read(row));
    return out.empty();
  });
  if (!out.empty()) return out;
  return Status(Code::not_found, "there is no row " + std::to_string(wanted) + ": the database shows " +
                                     counted(printed, "row") + ", counted from 1");
}

Result<std::vector<Exposure>> images_of_name(const RecordFile& file, const ExposureReader& reader,
                                             const CalibrationRequest& request) {
  const std::string& word = request.near_to;
  const std::string name = word.substr(word.rfind('/') + 1);
  const std::string path = absolute_path(word);
  Selection selection;
  selection.without_deleted(file.schema());
  IMREG_TRY(selection.patterns(file.schema(), "filename", {{name, TextPattern::How::exact}}));
  std::vector<Exposure> out;
  std::set<std::string> paths;
  (void)scan(file, selection, request.scan, [&](std::int64_t, RecordView row) {
    Exposure image = reader.read(row);
    if (name.size() < word.size() && image.path != path) return true;
    paths.insert(image.path);
    out.push_back(std::move(image));
    return paths.size() < 2;
  });
  if (paths.size() > 1) {
    return Status(Code::invalid, "several files of the name \"" + word + "\" are registered; give the path: " +
                                     *paths.begin() + ", " + *paths.rbegin() + " or another");
  }
  if (out.empty()) {
    return Status(Code::not_found,
                  "\"" + word + "\" is no file that can be read, no name of a registered one, and no number of a row");
  }
  return out;
}

}  // namespace

Result<ExposureReader> ExposureReader::make(const Schema& schema, const PathRoots& roots) {
  ExposureReader out(roots);
  IMREG_ASSIGN(out.filename_, need(schema, "filename"));
  IMREG_ASSIGN(out.pathname_, need(schema, "pathname"));
  IMREG_ASSIGN(out.filter_, need(schema, "filter"));
  IMREG_ASSIGN(out.instrument_, need(schema, "instrument"));
  IMREG_ASSIGN(out.ccd_, need(schema, "ccd"));
  IMREG_ASSIGN(out.mode_, need(schema, "mode"));
  IMREG_ASSIGN(out.obstime_, need(schema, "obstime"));
  IMREG_ASSIGN(out.exptime_, need(schema, "exptime"));
  out.extension_ = schema.find("extension");
  out.slice_ = schema.find("slice");
  out.quality_ = schema.find("quality");
  return out;
}

Exposure ExposureReader::read(RecordView row) const {
  return {joined(roots_->expand(text(row, pathname_)), text(row, filename_)),
          whole(row, ccd_),
          whole(row, extension_),
          whole(row, slice_),
          whole(row, mode_),
          whole(row, quality_),
          number(row, obstime_),
          number(row, exptime_),
          text(row, filter_),
          text(row, instrument_)};
}

Result<std::vector<Exposure>> find_reference(const RecordFile& file, const ExposureReader& reader,
                                             const CalibrationRequest& request) {
  const std::string& word = request.near_to;
  long long row = 0;
  if (!word.empty() && word.find_first_not_of("0123456789") == word.npos && parse_integer(word, row)) {
    return image_of_row(file, reader, row, request.scan);
  }
  const auto headers = read_headers(word);
  if (headers.ok()) {
    IMREG_ASSIGN(auto images, images_of_file(*headers, request));
    return one_of_each_ccd(std::move(images));
  }
  if (headers.status().code() != Code::not_found) return headers.status();
  IMREG_ASSIGN(auto images, images_of_name(file, reader, request));
  return one_of_each_ccd(std::move(images));
}

}  // namespace imreg
