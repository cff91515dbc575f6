// Pictures of images to look at: of one CCD, of all CCDs of an exposure in their places, of three filters. imlook(1).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/camera.h"
#include "imreg/status.h"

namespace imreg {

struct LookOptions {
  std::string stretch = "zscale";  ///< one of look_stretches()
  /// Of the values that are shown, instead of what the stretch takes: percentiles (0 to 100), or values.
  std::optional<std::pair<double, double>> percents, range;
  std::string layout = "auto";          ///< of several CCDs or amplifiers; one of look_layouts()
  std::string palette = "grey";         ///< one of look_palettes()
  bool negative = false;                ///< dark stars on bright sky
  std::string region;                   ///< "[x1:x2,y1:y2]" of the mosaic, from 1; empty: all
  int most_width = 0, most_height = 0;  ///< the picture is made smaller to fit; 0: any size
  bool grow = false;                    ///< a small picture is made larger to fit, by a whole factor
  bool label = false;      ///< a band below with object, filter, time, a bar of a known length, north and east
  std::optional<int> hdu;  ///< only this one
  std::int64_t slice = 0;  ///< plane of a cube, from 1; 0: the middle one
  std::string collapse;    ///< instead, of all planes of a cube: one of look_collapses(); empty: one plane
  bool stars = false;      ///< a ring around each star that is found
  bool flags = true;       ///< pixels that a data quality extension marks have no value
  std::string camera;      ///< the camera table; empty: by the header
  int jobs = 1;            ///< threads
};
std::vector<std::string> look_stretches(), look_layouts(), look_palettes(), look_collapses();
/// What is wrong with the words and numbers of options. Error: invalid.
Status check_look(const LookOptions& options);

/// What stands below a picture.
struct LookCaption {
  std::string object, filter, type, instrument, proposal;
  std::optional<double> obstime, exptime;  ///< seconds since 1970 UTC; seconds
};

/// A picture in memory.
class Look {
 public:
  int width() const;
  int height() const;
  double mean_level() const;  ///< of all pixels and colours, 0 to 255
  const LookCaption& caption() const;
  const std::vector<std::string>& notes() const;  ///< what is odd
  const std::string& damage() const;  ///< why the picture may lack something of the image; empty: it does not
  std::string layout() const;         ///< the rule that placed several pieces; empty: it is one
  /// The bytes of a file. `recipe` is written into it. Errors: invalid (too large for a JPEG), io.
  Result<std::string> jpeg(int quality = 85, const std::string& recipe = {}) const;
  Result<std::string> png(const std::string& recipe = {}) const;
  /// A JPEG whose longer side is at most `most`.
  Result<std::string> thumbnail(int most = 128, const std::string& recipe = {}) const;
  /// For a terminal that shows sixels; lines for one that shows colours (two pixels of a column in a character of each line: 256
  /// colours, or all), or, without `colour`, characters of ASCII.
  enum class Terminal { sixel, true_colour, colours, ascii };
  std::string terminal(Terminal kind) const;

  struct Content;
  const Content& content() const { return *content_; }
  explicit Look(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

 private:
  std::shared_ptr<const Content> content_;
};

/// What the headers of a file say of it. Errors: those of reading headers.
Result<LookCaption> look_caption(const std::string& path, const Cameras& cameras, const LookOptions& options);

/// A picture of a file; of several, a mosaic of all of their CCDs (an exposure of which each CCD is a file). Errors: those of reading
/// headers and pixels, with the file; invalid: no image, nothing in the region, a layout that does not hold.
Result<Look> look_at(const std::vector<std::string>& paths, const Cameras& cameras, const LookOptions& options);
/// Three filters as red, green and blue, each by its own stretch; where the first one is, the others by their WCS in whole pixels.
/// Errors also: invalid, another size and no WCS.
Result<Look> look_in_colour(const std::array<std::string, 3>& paths, const Cameras& cameras,
                            const LookOptions& options);

/// Pictures of many files.
struct LookTreeOptions {
  LookOptions look;    ///< of each; its jobs is 1
  std::string folder;  ///< where they go
  std::string pattern =
      "{path}";  ///< their names below it, without ending: {path} {stem} {rootname} {filetype} {proposal} {hash} {hash:2}
  bool thumbnails = false, png = false;
  int quality = 85;
  bool again = false;  ///< also those that are up to date
  int jobs = 1;        ///< files at the same time
};
struct LookedFile {
  enum class Fate { made, current, passed, failed };
  std::string path, picture;
  Fate fate = Fate::failed;
  std::string reason;  ///< of what was passed over (no image in it) or failed
};
struct LookReport {
  std::int64_t found = 0;
  std::array<std::int64_t, 4> fates{};  ///< by Fate
  std::vector<Status> faults;           ///< folders that cannot be read
  std::int64_t of(LookedFile::Fate fate) const { return fates[static_cast<std::size_t>(fate)]; }
};
/// Error: invalid.
Status check_look_pattern(const std::string& pattern);
/// A picture of each file of the trees that has none made of it as it is now, in the same way; written under another name and renamed.
/// `on_file` and `progress` are called by one thread at a time. Errors: not_found (no such tree), invalid (options), io (the folder, a full disk:
/// what is made stays).
Result<LookReport> look_at_trees(const std::vector<std::string>& trees, const Cameras& cameras,
                                 const LookTreeOptions& options,
                                 const std::function<void(const LookedFile&)>& on_file = {},
                                 const std::function<void(std::int64_t done, std::int64_t all)>& progress = {});

/// What one picture is made of, as look_at() takes it; {path} of its name, below the folder of the pictures.
struct LookItem {
  std::vector<std::string> paths;
  std::string name;
};
/// The same of other things than trees.
Result<LookReport> look_at_each(const std::vector<LookItem>& items, const Cameras& cameras,
                                const LookTreeOptions& options,
                                const std::function<void(const LookedFile&)>& on_file = {},
                                const std::function<void(std::int64_t done, std::int64_t all)>& progress = {});

/// Files of a picture as they were found.
struct LookSource {
  std::vector<std::string> paths;
  std::int64_t size = 0;  ///< of all
  double mtime = 0;       ///< of the latest, seconds since 1970
};
/// A picture that stands for a file, and says itself of which state of it and how it was made.
struct KeptPicture {
  enum class Kind { jpeg, png, thumbnail };  ///< thumbnail: a JPEG of 128 pixels of what the others have
  std::string path;
  Kind kind = Kind::jpeg;
};
struct KeepOptions {
  LookOptions look;
  int quality = 85;
  bool again = false;     ///< also those that are up to date
  bool remember = false;  ///< that there can be none: FIRST_PICTURE.none says why, until the file changes
};
struct KeptPictures {
  LookedFile::Fate fate = LookedFile::Fate::failed;
  std::vector<bool> made;  ///< which of them
  bool before = false;     ///< it was found before that there can be none
  std::string reason;      ///< why there is none
};
/// Pictures of files, for who keeps more than pictures; behind an interface, since they bring libraries that not everybody needs.
class PictureKeeper {
 public:
  virtual ~PictureKeeper() = default;
  /// Makes a folder for them, and takes away what killed runs have left there. Error: io.
  virtual Status begin(const std::string& folder) = 0;
  /// Makes those that are not up to date, from one look at the file; each is written under another name and renamed. Several threads may
  /// call it, for different pictures. Error: io, they cannot be written, nor could others.
  virtual Result<KeptPictures> keep(const LookSource& source, const std::vector<KeptPicture>& pictures,
                                    const Cameras& cameras, const KeepOptions& options) = 0;
  /// Takes a picture away, and folders below `folder` that are empty then; true: it was there. Never what is no such picture.
  virtual bool remove(const std::string& folder, const std::string& picture) = 0;
  /// Gives it another place, unless something is there.
  virtual void move(const std::string& folder, const std::string& from, const std::string& to) = 0;
};
std::shared_ptr<PictureKeeper> picture_keeper();

/// A page of small pictures with captions.
struct SheetEntry {
  std::vector<std::string> paths;  ///< of one picture, as look_at() takes them
  std::string name;
  LookCaption caption;  ///< empty: that of the file
};
/// A terminal, and how many pixels a character has there; with half blocks 1 x 2.
struct SheetScreen {
  Look::Terminal kind = Look::Terminal::ascii;
  int columns = 80, char_width = 1, char_height = 2;
};
struct SheetOptions {
  LookOptions look;             ///< its jobs: pictures at the same time
  std::string format = "html";  ///< html (one file, with the pictures in it), jpg, png, terminal
  SheetScreen screen{};         ///< of format terminal
  std::string title;
  int thumbnail = 256;  ///< pixels of the longest side
  int quality = 85;
  bool images_only = false;  ///< entries without an image are left out, and not told
};
struct SheetReport {
  std::int64_t pictures = 0;
  std::vector<Status> failed;   ///< entries that have no picture; the sheet says so, too
  std::vector<Status> damaged;  ///< of which the picture lacks something
};
/// The bytes of the file. Errors: invalid (options; a page too large for a JPEG), io.
Result<std::string> contact_sheet(const std::vector<SheetEntry>& entries, const Cameras& cameras,
                                  const SheetOptions& options, SheetReport& report,
                                  const std::function<void(std::int64_t done, std::int64_t all)>& progress = {});

}  // namespace imreg
