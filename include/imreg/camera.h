// From header cards to facts about an image: what the telescope's tables (formats/cameras/*.cam) make of a file's
// headers.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/fits_file.h"
#include "imreg/status.h"

namespace imreg {

namespace camera {
class Learner;
}

/// A line of a camera table. The views live as long as the Cameras, until its next add_file() or remove().
struct RecipeLine {
  std::string_view table;  ///< "hst-acs"; empty when no recipe gave the value
  int line = 0;
  std::string_view text;  ///< "exptime EXPTIME s"
};

/// A value and where it came from. No value: the header does not tell, or tells nonsense.
template <class T>
struct Fact {
  std::optional<T> value;
  std::string keyword;  ///< "EXPTIME", "DATE-OBS + UTC-OBS", "file name", "table"; empty when there is no value
  int hdu = -1;         ///< the HDU that held the keyword, -1 when none did
  RecipeLine recipe = {};
};

/// A card that a recipe asked for and could not use, or did not need to.
struct LostCard {
  std::string_view field;  ///< "exptime"
  RecipeLine recipe;
  std::string keyword;
  int hdu = -1;
  std::string text;
  std::string reason;  ///< "is out of range 0..1e7"
};

enum class ImageMode { none = 0, mef = 1, split = 2, single = 3, cube = 4, slice = 5 };

/// What becomes one row of the registration database.
struct ImageFacts {
  ImageMode mode = ImageMode::none;
  int extension = 0;                 ///< the HDU of the pixels (of the first amplifier of a CCD)
  std::vector<int> amplifiers = {};  ///< the HDUs of its amplifiers, when they are several
  int slice = 0;                     ///< 0 the image or the whole cube, then from 1
  Fact<int> ccd;
  Fact<std::string> chip;  ///< its name: "ccd00"
  Fact<std::string> instrument;
  Fact<std::string> object;
  Fact<std::string> type;       ///< a word of the type list: object, dark, bias, flat, mask, fringe, scatter, frpts
  Fact<std::string> filter;     ///< canonical name when the filter list knows it, else as it stands in the header
  std::string physical_filter;  ///< as it stands in the header
  Fact<double> obstime;         ///< start of the exposure, seconds since 1970 UTC
  bool obstime_is_day = false;  ///< only its day is known: it is the midnight at which the day begins
  Fact<double> exptime;         ///< seconds
  Fact<double> ra, dec;         ///< degrees, ICRS
  Fact<double> airmass, telfocus, rotangle;
  Fact<double> xprobe, yprobe, zprobe;
  Fact<double> dettemp;                 ///< degrees Celsius
  std::array<Fact<double>, 4> teltemp;  ///< mirror, dome top, two air probes; degrees Celsius
  Fact<double> release;                 ///< when the data become public, seconds since 1970 UTC

  // What the database does not keep; only with Options::explain.
  Fact<std::string> datasec, biassec, trimsec, detsec;  ///< "[1:2048,1:4096]"
  Fact<double> pixscale;                                ///< arcsec per pixel
  Fact<double> ccdra, ccddec;                           ///< the centre of the CCD by its WCS; degrees, ICRS
  std::vector<LostCard> lost;                           ///< field by field, in the order of the recipes
};

/// A value of the header that could not be used, or not as it stands: once for a file, however many images have it.
struct Doubt {
  std::string kind;   ///< what such doubts have in common: "obstime is not known"
  std::string cause;  ///< what tells them apart: the keyword, the filter
  std::string text;   ///< the whole sentence: "DATE-OBS \"nn/nn/nn\" is no date; obstime is not known"
};

struct FileFacts {
  std::string camera;  ///< name of the table that was used
  int ccds = 0;        ///< how many CCDs the camera has, by its table; 0: it does not say
  /// CCDs in the focal plane, by its table: rows from the top, -1 where there is none. Only with Options::explain.
  std::vector<std::vector<int>> layout;
  std::vector<ImageFacts> images;  ///< empty: nothing in this file is an image to register; `why_none` says why
  std::string why_none;
  std::vector<Doubt> doubts;
  std::vector<std::string> warnings;  ///< what may well be so: "only the day of the observation is known, not the time"
};

/// What a user adds to the tables that are built in.
struct CameraSources {
  std::vector<std::string> folders;  ///< with *.cam and *.list; those of a later folder win
  std::string recipes;               ///< lines that win over every table (Elixir's EXPTIME-KEYWORD and its like)
  std::string recipes_from;          ///< where they stand, for messages
  bool filters_only = false;         ///< filter lists and no tables: enough for same_filter() and canonical_filter()
};

/// A table, for lists of them.
struct CameraTable {
  std::string name, title, like;
  std::string file;               ///< "hst.cam" of a built-in table, else its path
  std::vector<std::string> when;  ///< "INSTRUME ACS & DETECTOR WFC|HRC|SBC"
  bool built_in = true;
};

/// All camera tables, filter and type lists: the built-in ones, and those of further folders.
/// Built-in tables are read when a file first needs them; after load() all const members are safe from several threads.
class Cameras {
 public:
  /// Built-in tables, then every *.cam and *.list of the folders; a later table of the same name replaces an earlier one,
  /// and a table of a later folder that applies to a file wins over those before. A folder that is not there has no
  /// tables. Error: invalid, with file, line and column.
  static Result<Cameras> load(const CameraSources& sources = {});
  /// One more table from a file (`-camera FILE.cam`); its name is then known to translate(). Error: not_found, invalid.
  Result<std::string> add_file(const std::string& path);
  /// For tests and `imcamera learn`: as if this table had never been written. Error: not_found.
  Status remove(const std::string& name);
  std::vector<std::string> names() const;
  std::vector<CameraTable> tables() const;
  /// Every mistake in all tables and in how they go together: parse errors, refinement of nothing or in a circle, word
  /// lists that are not there, two tables that apply equally. Empty: none.
  std::vector<Status> mistakes() const;

  struct Lint {
    int tables = 0;
    std::vector<Status> mistakes;
    std::vector<Status> warnings;  ///< what is no mistake and has no effect, or an effect that nobody can want
  };
  /// Looks at tables and filter lists: files (with a / or ending in .cam or .list) and names of built-in tables; all there
  /// are when `tables` is empty. They are held against the built-in ones and those of `folders`; a file stands in for a
  /// built-in table of its name. What is wrong in any table is told, warnings only of those that were asked for.
  static Lint lint(const std::vector<std::string>& folders, const std::vector<std::string>& tables);

  struct Options {
    bool split = false;    ///< a single-HDU file is one CCD of a mosaic
    std::string camera;    ///< force this table instead of choosing one
    bool explain = false;  ///< also sections, pixel scale, the centre of each CCD, and what lost
  };
  /// Errors: not_found (no table of that name).
  Result<FileFacts> translate(const std::string& path, const FitsHeaders& headers, const Options& options) const;
  /// The `when` lines of a table that hold for these headers: "INSTRUME ACS & DETECTOR WFC|HRC|SBC".
  std::vector<std::string> applying(const std::string& name, const std::string& path, const FitsHeaders& headers) const;

  /// The registered name of a filter by its other names, exact spelling first (r is not R), then case-blind;
  /// nullopt when the list does not know it.
  std::optional<std::string> canonical_filter(std::string_view name) const;
  /// Whether `-filter WANTED` finds a row whose filter is STORED: the same text, another name of it, or a group word of
  /// the filter list ("g" finds "g.MP9401"); case-blind. "X = any" is the caller's.
  bool same_filter(std::string_view stored, std::string_view wanted) const;

  Cameras(Cameras&&) noexcept;
  Cameras& operator=(Cameras&&) noexcept;
  ~Cameras();

 private:
  friend class camera::Learner;  // learn_table() of imreg/camera_tools.h
  struct Tables;
  explicit Cameras(std::unique_ptr<Tables> tables);
  bool name_filter(FileFacts& file, ImageFacts& image) const;
  std::unique_ptr<Tables> tables_;
};

}  // namespace imreg
