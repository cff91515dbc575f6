// What people say to imingest, and what it says to them.
#include "cli/ingesting.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/name_text.h"
#include "base/text.h"
#include "cli/temperature_options.h"
#include "os/processors.h"

namespace imreg::cli {

namespace {

const char* word_of(IngestedFile::Fate fate) {
  constexpr const char* kWords[] = {"new", "changed", "moved", "gone", "passed over", "waiting", "failed"};
  return kWords[static_cast<std::size_t>(fate)];
}

// The word of an option, else the value of a key of the configuration.
Status read_word(const Parsed& args, const Config& config, const char* option, const char* key, std::string& value) {
  value = args.word(option);
  if (args.has(option) || !config.has(key)) return {};
  IMREG_ASSIGN(value, config.get(key));
  return {};
}

}  // namespace

Status read_ingest_options(const Parsed& args, Settings& settings, IngestOptions& options) {
  options.folder = args.word("db", ".");
  options.trees = args.positionals;
  options.rehearse = args.has("n");
  options.again = args.has("again");
  options.on_network = environment("IMREG_NETWORK") == "yes";
  IMREG_ASSIGN(const long long jobs, args.integer("j", 0, 0, 1024));
  IMREG_ASSIGN(options.wait_seconds, args.number("wait", options.wait_seconds, 0, 1e6));
  options.jobs = threads_of(static_cast<int>(jobs));
  IMREG_ASSIGN(options.cameras, settings.cameras_of_options(true));
  IMREG_ASSIGN(const Config* const config, settings.config());
  IMREG_TRY(read_word(args, *config, "layout", "INGEST_LAYOUT", options.layout));
  IMREG_TRY(read_word(args, *config, "proposals", "PROPOSAL_TYPES", options.proposals));
  IMREG_TRY(read_word(args, *config, "log", "INGEST_LOG", options.log));
  IMREG_TRY(read_word(args, *config, "jpeg", "INGEST_JPEG", options.jpegs));
  IMREG_TRY(read_word(args, *config, "thumbs", "INGEST_THUMBS", options.thumbnails));
  std::string only, log_format;
  IMREG_TRY(read_word(args, *config, "", "INGEST_LOG_FORMAT", log_format));
  if (!log_format.empty() && log_format != "acsql" && log_format != "json")
    return {Code::invalid, "INGEST_LOG_FORMAT " + visible(log_format) + ": there are acsql and json"};
  options.json_log = log_format == "json";
  IMREG_TRY(read_word(args, *config, "public", "INGEST_PUBLIC", only));
  if (!only.empty() && only != "yes" && only != "no")
    return {Code::invalid, "INGEST_PUBLIC " + visible(only) + ": there are yes and no"};
  options.public_only = args.has("public") || only == "yes";
  const std::string images = ingest_registration(options).database;
  IMREG_ASSIGN(auto temperatures, temperature_options(settings, images));
  options.temperatures = std::make_shared<Temperatures>(std::move(temperatures));
  return {};
}

std::string report_text(const IngestReport& report, bool rehearse) {
  const auto part = [](std::int64_t n, const char* word) { return ", " + std::to_string(n) + " " + word; };
  const auto seldom = [&](std::int64_t n, const char* word) { return n > 0 ? part(n, word) : ""; };
  std::string out = counted(report.found, "file") + ": " + std::to_string(report.unchanged) + " known";
  out += part(report.fresh, "new") + part(report.changed, "changed") + seldom(report.moved, "moved") +
         part(report.gone, "gone");
  if (rehearse) return out + seldom(report.outside, "outside of the layout") + "; nothing was written\n";
  out += part(report.passed, "passed over") + seldom(report.waiting, "not public yet") + part(report.failed, "failed") +
         seldom(report.failed_before, "failed before and unchanged") + seldom(report.outside, "outside of the layout") +
         "; " + counted(report.rows, "header") + " read\n";
  if (report.images.rows > 0 || report.images.failed > 0)
    out += "images: " + counted(report.images.rows, "row") + part(report.images.added, "added") +
           part(report.images.updated, "updated") + seldom(report.images.failed, "not registered") + "\n";
  const PictureReport& pictures = report.pictures;
  if (pictures.made + pictures.current + pictures.removed + pictures.failed + pictures.failed_before > 0)
    out += "pictures: " + std::to_string(pictures.made) + " made" + part(pictures.current, "up to date") +
           seldom(pictures.removed, "removed") + seldom(pictures.failed, "failed") +
           seldom(pictures.failed_before, "failed before and unchanged") + "\n";
  for (const auto& [what, n] : report.classes) out += "  " + what + ": " + std::to_string(n) + "\n";
  return out;
}

std::string report_json(const IngestReport& report) {
  std::string out = "{";
  const auto add = [&](const char* name, std::int64_t value) {
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
  };
  add("found", report.found), add("unchanged", report.unchanged), add("new", report.fresh);
  add("changed", report.changed), add("moved", report.moved), add("gone", report.gone);
  add("passed", report.passed), add("waiting", report.waiting), add("failed", report.failed);
  add("failed_before", report.failed_before);
  add("outside", report.outside), add("headers", report.rows), add("images", report.images.rows);
  const PictureReport& pictures = report.pictures;
  const std::pair<const char*, std::int64_t> counts[] = {
      {"made", pictures.made},       {"current", pictures.current}, {"removed", pictures.removed},
      {"without", pictures.without}, {"failed", pictures.failed},   {"failed_before", pictures.failed_before}};
  std::string made;
  for (const auto& [name, n] : counts)
    made += (made.empty() ? "\"" : ",\"") + std::string(name) + "\":" + std::to_string(n);
  std::string classes;
  for (const auto& [what, n] : report.classes)
    classes += (classes.empty() ? "\"" : ",\"") + what + "\":" + std::to_string(n);
  return out + ",\"pictures\":{" + made + "},\"classes\":{" + classes + "}}\n";
}

// A file in one line, and all that is known of it in JSON.
std::string file_line(const IngestedFile& file, bool json) {
  if (json)
    return "{\"path\":" + json_name(file.path) + ",\"fate\":\"" + word_of(file.fate) + "\",\"class\":\"" + file.what +
           "\",\"headers\":" + std::to_string(file.hdus) + ",\"reason\":" + json_name(file.reason) + "}\n";
  return visible(file.path) + ": " + word_of(file.fate) + (file.what.empty() ? "" : " (" + file.what + ")") + "\n";
}

}  // namespace imreg::cli
