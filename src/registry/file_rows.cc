// Reads a file's headers, chooses its camera table and makes a record of each image.
#include "registry/file_rows.h"

#include <algorithm>

#include "base/text.h"
#include "imreg/fits_file.h"
#include "os/walk.h"
#include "registry/image_row.h"

namespace imreg {

namespace {

bool claims_to_be_fits(const std::string& path) {
  const std::string name = to_lower(path.substr(path.rfind('/') + 1));
  for (const char* ending : {".fits", ".fit", ".fts", ".fz"}) {
    if (name.find(ending) != std::string::npos) return true;
  }
  return false;
}

// What a file without FITS inside looks like, for a sum: "a text file".
std::string looks_like(const std::string& reason) {
  constexpr std::string_view kLooks = "it looks like ";
  const auto at = reason.rfind(kLooks);
  return at == reason.npos ? "of unknown kind" : reason.substr(at + kLooks.size());
}

// Text dumps of headers are passed over by their kind; so is, in a folder, whatever neither is FITS nor claims to be:
// that is `foreign`.
RegisteredFile::Fate fate_of(const std::string& path, bool named, const Status& trouble, std::string& foreign) {
  const auto kind = trouble.code() == Code::invalid ? file_kind(path) : Result<FileKind>(trouble);
  if (!kind) return RegisteredFile::Fate::failed;
  if (*kind == FileKind::header_dump) return RegisteredFile::Fate::passed_over;
  if (named || claims_to_be_fits(path)) return RegisteredFile::Fate::failed;
  foreign = *kind == FileKind::empty ? "empty" : looks_like(trouble.message());
  return RegisteredFile::Fate::passed_over;
}

}  // namespace

bool is_foreign(const std::string& path, bool named, const Status& trouble) {
  std::string foreign;
  (void)fate_of(path, named, trouble, foreign);
  return !foreign.empty();
}

namespace {

// An image of 0 x 0 pixels is an exposure that failed, not a file of another kind.
bool has_empty_image(const FitsHeaders& headers) {
  return std::any_of(headers.hdus.begin(), headers.hdus.end(),
                     [](const Hdu& hdu) { return hdu.kind == HduKind::empty && !hdu.axes.empty(); });
}

}  // namespace

Result<std::pair<Cameras, std::string>> load_cameras(const RegisterOptions& options) {
  IMREG_ASSIGN(auto cameras, Cameras::load(options.cameras));
  std::string camera = options.camera;
  if (camera.find('/') != std::string::npos || camera.ends_with(".cam")) {
    IMREG_ASSIGN(camera, cameras.add_file(options.camera));
  } else if (!camera.empty()) {
    bool known = false;
    for (const auto& name : cameras.names()) {
      if (!equal_nocase(name, camera)) continue;
      camera = name;
      known = true;
    }
    if (!known) {
      const std::string near = nearest_names(camera, cameras.names());
      return Status(Code::not_found, "there is no camera table \"" + camera + "\"; " +
                                         (near.empty() ? "imcamera list names them" : "near: " + near));
    }
  }
  return std::pair<Cameras, std::string>(std::move(cameras), std::move(camera));
}

Status check_request(const RegisterOptions& options) { return load_cameras(options).status(); }

FileRows read_file_rows(const std::string& path, bool named, const Cameras& cameras, const RegisterOptions& options,
                        const std::string& camera, const PathRoots& roots, double now) {
  const auto headers = read_fits_headers(path);
  if (!headers) {
    FileRows out;
    out.report.path = path;
    out.report.fate = fate_of(path, named, headers.status(), out.report.foreign);
    out.report.reason =
        headers.status().message() + (out.report.fate == RegisteredFile::Fate::passed_over ? "; passed over" : "");
    return out;
  }
  const auto facts = cameras.translate(path, *headers, {.split = options.split, .camera = camera});
  return rows_of_headers(path, *headers, facts, options, roots, now);
}

FileRows rows_of_headers(const std::string& path, const FitsHeaders& headers, const Result<FileFacts>& facts,
                         const RegisterOptions& options, const PathRoots& roots, double now) {
  FileRows out;
  out.report.path = path;
  const auto fail = [&](const std::string& reason, RegisteredFile::Fate fate = RegisteredFile::Fate::failed) {
    out.report.fate = fate;
    out.report.reason = reason;
    out.rows.clear();
    return std::move(out);
  };
  if (!headers.damage.empty()) return fail(headers.damage + "; not registered");
  out.report.warnings = headers.warnings;
  if (!facts) return fail(facts.status().message());
  out.report.camera = facts->camera;
  out.report.doubts = facts->doubts;
  out.report.warnings.insert(out.report.warnings.end(), facts->warnings.begin(), facts->warnings.end());
  if (facts->images.empty() && has_empty_image(headers)) return fail(facts->why_none);
  if (facts->images.empty()) return fail(facts->why_none + "; passed over", RegisteredFile::Fate::passed_over);

  const std::string full = absolute_path(path);
  const auto slash = full.rfind('/');
  const FileIdentity identity{slash == 0 ? "/" : full.substr(0, slash), full.substr(slash + 1), headers.file_size,
                              headers.mtime, header_fingerprint(headers)};
  for (const auto& image : facts->images) {
    if (options.need_type && image.type.value.value_or("none") == "none") {
      return fail("the type of the image is not known, and -needtype asks for it (extension " +
                  std::to_string(image.extension) + ")");
    }
    auto row = make_image_row(image, identity, roots, now);
    if (!row) return fail(row.status().message());
    out.rows.push_back(*std::move(row));
  }
  out.report.rows = static_cast<int>(out.rows.size());
  return out;
}

}  // namespace imreg
