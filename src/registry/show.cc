// showiminfo's work: the rows that a file would get, each value with the keyword and HDU that gave it.
#include "base/json.h"
#include "base/text.h"
#include "camera/fact_rows.h"
#include "imreg/fits_file.h"
#include "imreg/registry.h"
#include "registry/file_rows.h"
#include "registry/image_row.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

// The database's name of a field of the tables: teltemp[0] of teltemp0.
std::string database_name(std::string_view field) {
  return field.starts_with("teltemp") ? "teltemp[" + std::string(1, field.back()) + ']' : std::string(field);
}

void add_line(std::string_view name, const std::string& value, const std::string& source, std::string& out) {
  std::string text = "  " + std::string(name);
  text.resize(std::max<std::size_t>(text.size() + 1, 14), ' ');
  text += visible(value);
  if (!source.empty()) {
    text.resize(std::max<std::size_t>(text.size() + 2, 44), ' ');
    text += visible(source);
  }
  out += text + '\n';
}

// Lines for people: name, value, where it comes from.
void show_image(const ImageFacts& image, std::string& out) {
  out += "extension " + std::to_string(image.extension) +
         (image.slice > 0 ? ", slice " + std::to_string(image.slice) : "") + '\n';
  add_line("mode", std::string(camera::name_of(image.mode)), "", out);
  for (const camera::FactRow& row : camera::fact_rows(image)) {
    const std::string place = row.hdu >= 0 ? " [HDU " + std::to_string(row.hdu) + "]" : "";
    add_line(database_name(row.field), row.text, row.known ? row.keyword + place : "not known", out);
  }
}

std::string json_of(const ImageFacts& image) {
  std::string out = "{\"extension\":" + std::to_string(image.extension) + ",\"slice\":" + std::to_string(image.slice) +
                    ",\"mode\":" + json_text(camera::name_of(image.mode));
  if (image.filter.value && image.physical_filter != *image.filter.value)
    out += ",\"physical_filter\":" + json_text(image.physical_filter);
  for (const camera::FactRow& row : camera::fact_rows(image)) {
    out += ',' + json_text(database_name(row.field)) + ":{\"value\":" + row.json;
    if (row.is_time) out += ",\"iso\":" + json_text(row.text);
    if (row.is_day) out += ",\"precision\":\"day\"";
    out += ",\"keyword\":" + (row.keyword.empty() ? "null" : json_text(row.keyword));
    out += ",\"hdu\":" + (row.hdu < 0 ? "null" : std::to_string(row.hdu));
    if (row.recipe.table.empty()) {
      out += ",\"recipe\":null}";
    } else {
      out += ",\"recipe\":" + json_text(row.recipe.text) + ",\"table\":" + json_text(row.recipe.table) +
             ",\"line\":" + std::to_string(row.recipe.line) + '}';
    }
  }
  return out + '}';
}

// Why imregister would not take the file; empty when it would. The path is not judged: that depends on a database's roots.
std::string why_refused(const std::string& path, const FitsHeaders& headers, const FileFacts& facts) {
  if (!headers.damage.empty()) return headers.damage;
  FileIdentity identity;
  identity.name = path.substr(path.rfind('/') + 1);
  for (const auto& image : facts.images) {
    if (const auto row = make_image_row(image, identity, {}, 0); !row) return row.status().message();
  }
  return "";
}

}  // namespace

Result<std::string> show_image_info(const std::string& path, const RegisterOptions& options, InfoFormat format) {
  IMREG_ASSIGN(const auto cameras, load_cameras(options));
  const auto headers = read_headers(path);
  if (!headers) return headers.status();
  const auto facts =
      cameras.first.translate(path, *headers, {.split = options.split, .camera = cameras.second, .explain = true});
  if (!facts) return facts.status();
  if (facts->images.empty()) return Status(Code::invalid, facts->why_none);
  std::vector<std::string> warnings = headers->warnings;
  for (const auto& doubt : facts->doubts) warnings.push_back(doubt.text);
  warnings.insert(warnings.end(), facts->warnings.begin(), facts->warnings.end());
  const std::string refused = why_refused(path, *headers, *facts);
  std::string out;
  if (format == InfoFormat::json) {
    std::string list, images;
    for (const auto& warning : warnings) list += (list.empty() ? "" : ",") + json_text(warning);
    for (const auto& image : facts->images) images += (images.empty() ? "" : ",") + json_of(image);
    return "{\"file\":" + json_text(path) + ",\"camera\":" + json_text(facts->camera) + ",\"warnings\":[" + list +
           "],\"refused\":" + (refused.empty() ? "null" : json_text(refused)) + ",\"images\":[" + images + "]}\n";
  }
  add_line("file", path, "", out);
  add_line("camera", facts->camera, "", out);
  for (const auto& warning : warnings) add_line("warning", warning, "", out);
  if (!refused.empty()) add_line("refused", refused, "", out);
  for (const auto& image : facts->images) show_image(image, out);
  return out;
}

}  // namespace imreg
