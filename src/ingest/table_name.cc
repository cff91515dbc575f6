// ACS tables by acsql's rule (detector, filetype, number of the HDU), all others by camera, instrument and EXTNAME.
#include "ingest/table_name.h"

#include <algorithm>

#include "base/text.h"
#include "os/walk.h"

namespace imreg::ingest {

namespace {

constexpr std::size_t kLongest = 60;  // of a part of a name

// Of observatories that tell: STScI, NOIRLab and others, ESO, Gemini, CFHT.
constexpr const char* kProposals[] = {"PROPOSID", "PROPID",   "PROP_ID",         "PROPOSAL", "PROGRAM",
                                      "PROGID",   "OBS-PROG", "ESO OBS PROG ID", "GEMPRGID", "RUNID"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }

// "GMOS-N red" to "gmos_n_red".
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : to_lower(trim(text))) {
    if (is_word(c))
      out += c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (out.ends_with('_')) out.pop_back();
  return out.substr(0, kLongest);
}

// The name of a file without folder and without .fits, .fits.gz ...
std::string stem_of(const std::string& path) {
  std::string name = name_of(path);
  for (const std::string_view ending : {".gz", ".bz2", ".Z", ".fz", ".header", ".fits", ".fit", ".fts"}) {
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  return name;
}

// The first HDU that tells.
std::string said_by_any(const FitsHeaders& headers, std::string_view keyword) {
  for (const auto& hdu : headers.hdus) {
    std::string said = safe(hdu.header.text_of(keyword).value_or(""));
    if (!said.empty()) return said;
  }
  return {};
}

// A camera table may be that of a whole observatory, or know nothing at all: the instrument tells files of different keywords apart.
// "eso" and "FORS2" make eso_fors2, "gemini-gmos" and "GMOS-N" gemini_gmos.
std::string group_of(const std::string& camera, const FitsHeaders& headers) {
  std::string instrument = said_by_any(headers, "INSTRUME");
  if (camera == "generic") {
    if (instrument.empty()) instrument = said_by_any(headers, "TELESCOP");
    return instrument.empty() ? "generic" : instrument;
  }
  const std::string known = safe(camera);
  if (instrument.empty() || known.find(instrument.substr(0, instrument.find('_'))) != known.npos) return known;
  return safe(known + "_" + instrument);
}

// Jitter files have no DETECTOR, but CONFIG = 'ACS/WFC'.
std::string acs_detector(const Header& primary) {
  for (const char* const keyword : {"DETECTOR", "SS_DTCTR", "CONFIG"}) {
    std::string text = to_upper(primary.text_of(keyword).value_or(""));
    if (text.starts_with("ACS/")) text.erase(0, 4);
    for (const char* const known : {"WFC", "HRC", "SBC"}) {
      if (trim(text) == known) return known;
    }
  }
  return {};
}

}  // namespace

FileNames names_of(const std::string& path, const FitsHeaders& headers, const std::string& camera,
                   const LayoutNames& said) {
  FileNames out;
  out.camera = camera.empty() ? "generic" : camera;
  out.group = group_of(out.camera, headers);
  std::string stem = stem_of(path);
  constexpr std::size_t kLongestType = 4;
  const auto bar = stem.rfind('_');
  if (bar != stem.npos && bar > 0 && stem.size() - bar - 1 >= 2 && stem.size() - bar - 1 <= kLongestType) {
    const std::string type = to_lower(stem.substr(bar + 1));
    if (std::all_of(type.begin(), type.end(), is_word) && !is_digit(type[0])) {
      out.filetype = type;
      stem.resize(bar);
    }
  }
  out.rootname = stem;
  if (!said.filetype.empty()) out.filetype = said.filetype;
  if (headers.hdus.empty()) return out;
  const Header& primary = headers.hdus[0].header;
  if (const auto name = primary.text_of("ROOTNAME"); name && !trim(*name).empty()) out.rootname = to_lower(trim(*name));
  if (!said.rootname.empty()) out.rootname = said.rootname;
  for (const char* const keyword : kProposals) {
    out.proposal = trim(primary.text_of(keyword).value_or(""));
    if (!out.proposal.empty()) break;
  }
  out.detector = trim(primary.text_of("DETECTOR").value_or(""));
  if (equal_nocase(trim(primary.text_of("INSTRUME").value_or("")), "ACS")) {
    const std::string detector = acs_detector(primary);
    out.of_acs = !detector.empty();
    if (out.of_acs) out.detector = detector;
  }
  return out;
}

std::string table_of(const FileNames& names, const Hdu& hdu) {
  if (names.of_acs && !names.filetype.empty())
    return to_lower(names.detector) + "_" + names.filetype + "_" + std::to_string(hdu.number);
  std::string part = safe(hdu.extname);
  while (!part.empty() && (is_digit(part.back()) || part.back() == '_')) part.pop_back();
  if (hdu.number == 0)
    part = "0";
  else if (part.empty())
    part = hdu.is_image() ? "image" : hdu.kind == HduKind::table ? "table" : "other";
  return names.group + "_" + part;
}

}  // namespace imreg::ingest
