// Fuzz target for camera tables, filter lists and header translation. An input is a .cam text, a filter list and a FITS
// file, divided by form feeds. The table translates the file (without one: a small MEF); so does every built-in table.
#include <algorithm>
#include <cmath>

#include "camera/catalog.h"
#include "camera/table.h"
#include "fuzz.h"
#include "imreg/camera.h"

namespace imreg::fuzz {
namespace {

void check(const Fact<std::string>& fact) {
  if (fact.value) require_clean(*fact.value);
  require_clean(fact.keyword);
}
void check(const Fact<double>& fact, double low = -1e300, double high = 1e300) {
  require(!fact.value || (*fact.value >= low && *fact.value <= high), "a number out of range", fact.keyword);
  require_clean(fact.keyword);
}

void check_facts(const FileFacts& facts) {
  require_clean(facts.why_none);
  require(!facts.images.empty() || !facts.why_none.empty(), "no image and no reason");
  for (const auto& warning : facts.warnings) require_clean(warning);
  for (const auto& doubt : facts.doubts) require_clean(doubt.text);
  for (const auto& image : facts.images) {
    for (const auto* fact : {&image.chip, &image.instrument, &image.object, &image.type, &image.filter}) check(*fact);
    require(!image.ccd.value || *image.ccd.value >= 0, "a negative CCD");
    require(image.extension >= 0 && image.slice >= 0, "a negative extension or slice");
    check(image.obstime, -62167219200.0, 253402300800.0);
    check(image.release, -62167219200.0, 253402300800.0);
    check(image.ra, 0, 360);
    check(image.dec, -90, 90);
    require(image.ra.value.has_value() == image.dec.value.has_value(), "half a position");
    for (const auto* fact : {&image.exptime, &image.airmass, &image.telfocus, &image.rotangle, &image.xprobe,
                             &image.yprobe, &image.zprobe, &image.dettemp})
      check(*fact);
    for (const auto& fact : image.teltemp) check(fact);
  }
}

Result<FitsHeaders> headers_of(std::string_view bytes) { return read_fits_headers(MemoryFile(bytes).path()); }

void translate(const Cameras& cameras, const FitsHeaders& headers, const std::string& camera, bool split) {
  const auto facts =
      cameras.translate("/data/12345o07.fits", headers, {.split = split, .camera = camera, .explain = true});
  if (facts) check_facts(*facts);
  if (!facts) require(facts.status().code() == Code::not_found, "an odd failure", facts.status().text());
}

void check_list(const std::string& text) {
  camera::FilterList list;
  const Status status = list.add(text, "fuzz.list");
  if (!status.ok()) require(status.file() == "fuzz.list", "an error without a file");
  for (std::string_view name : {"r", "R", "r.MP9601", "Halpha", "", "[", "a*"}) {
    const auto known = list.canonical(name);
    if (known) require(list.canonical(*known).has_value(), "a name that is not known itself", *known);
    (void)list.groups(name);
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  std::string list;
  const auto files = camera::tables_in(IMREG_SOURCE_DIR "/formats/cameras");
  require(files.ok(), "the tables cannot be read");
  for (const auto& file : *files) {
    if (file.is_list())
      list += file.text;
    else
      out.push_back(file.text);
  }
  out.push_back("\f" + list);
  out.push_back("\f\f" + small_mef());
  out.push_back(
      "camera mine\nlike generic\nwhen TELESCOP *\nccd EXTNAME number ccd%d\nobstime DATE-OBS + UTC-OBS\n"
      "position RA DEC hours fk5\nposition wcs\nexptime EXPTIME min 0..1e9\ntype OBSTYPE words t drop x|y else z\n"
      "words t object OBJ*|o\nfilter FILTER\namps EXTNAME ccd%d 2\n\ffilter r also R \"r x\" group red\n\f" +
      small_mef());
  return out;
}

// Cards where a FITS file stands, words elsewhere.
void mutate(std::string& bytes, Random& random) {
  const std::size_t fits = bytes.find("\fSIMPLE  =");
  if (fits == bytes.npos || below(random, 3) == 0) return mutate_text(bytes, random);
  std::string file = bytes.substr(fits + 1);
  mutate_cards(file, random);
  bytes.replace(fits + 1, bytes.npos, file);
}

}  // namespace

const Target kTarget = {seeds,
                        mutate,
                        {"\n",
                         "like generic",
                         "like cfht",
                         "like mine",
                         "camera ",
                         "when TELESCOP *",
                         "forget ",
                         "range ",
                         "nothing ",
                         "words ",
                         "skip EXTNAME ",
                         "mask ",
                         "split ",
                         "amps EXTNAME by AMPNAME",
                         "slices no",
                         "ccds 3",
                         "ccd ",
                         "obstime ",
                         "position wcs",
                         "exptime ",
                         " if ",
                         " unless ",
                         " comment ",
                         " drop ",
                         " else ",
                         " number %d",
                         " middle",
                         " mjd",
                         " unix",
                         " day",
                         " tdb",
                         " galactic",
                         " fk4",
                         " hours",
                         " 0..1",
                         "@own",
                         "@primary",
                         "@any",
                         "@name",
                         " + ",
                         "= 5",
                         " K",
                         " rad",
                         "'1858-11-17T00:00:00'",
                         "'99999999'",
                         "MJD-OBS",
                         "EQUINOX",
                         "RADESYS",
                         "CTYPE1",
                         "NAXIS3",
                         "also ",
                         "group ",
                         "\f",
                         "*"},
                        300};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const auto input =
      parts(std::string_view(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 1 << 16)), 3);
  static const Cameras builtin = [] {
    auto loaded = Cameras::load();
    require(loaded.ok(), "the built-in tables do not load");
    return *std::move(loaded);
  }();
  check_list(input[1]);
  static const FitsHeaders plain = *headers_of(small_mef());
  const auto headers = input[2].empty() ? Result<FitsHeaders>(plain) : headers_of(input[2]);
  if (!headers) return 0;
  if (!input[2].empty()) {
    translate(builtin, *headers, "", size % 2 == 0);
    for (const auto& name : builtin.names()) translate(builtin, *headers, name, size % 2 == 0);
  }
  const auto table = camera::parse_table(input[0], "fuzz.cam");
  if (!table) {
    require(table.status().file() == "fuzz.cam", "an error without a file", table.status().text());
    return 0;
  }
  auto cameras = Cameras::load();
  const MemoryFile file(input[0]);
  const auto name = cameras->add_file(file.path());
  if (!name) {
    require(name.status().code() == Code::invalid || name.status().code() == Code::not_found, "an odd failure");
    return 0;
  }
  translate(*cameras, *headers, *name, false);
  translate(*cameras, *headers, "", true);
  return 0;
}
