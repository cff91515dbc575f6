// The configuration: KEY value lines of a file, and -D. And the rule that finds the database.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "imreg/camera.h"
#include "imreg/date.h"
#include "imreg/status.h"

namespace imreg::cli {

/// Lines `KEY value`, # begins a comment (at the start of a line or behind a blank), the last line of a key wins, $KEY
/// and ${KEY} in a value stand for the value of a key known so far, else of the environment; $$ is a dollar sign.
/// `input FILE` reads another file, relative to the folder of the one that names it. Keys are case-sensitive.
class Config {
 public:
  /// Errors: not_found, io; invalid (no text, files that include each other).
  Status read(const std::string& path);
  /// As -D does: the value is taken as it is, and wins over every line of a file, read before or after.
  void define(const std::string& key, const std::string& value);

  bool has(const std::string& key) const;
  /// Errors: not_found, naming the key and the files that were read; invalid, with file and line, when the key's line makes
  /// no sense (no value, unknown $KEY): such a line troubles nobody who does not ask for its key.
  Result<std::string> get(const std::string& key) const;
  /// The keys that begin so, in order.
  std::vector<std::string> keys_from(const std::string& start) const;
  const std::vector<std::string>& files() const { return files_; }

 private:
  Status read_inside(const std::string& path, std::vector<std::string>& open);
  Result<std::string> expand(std::string_view value) const;

  std::map<std::string, Result<std::string>> values_;
  std::map<std::string, std::string> defined_;
  std::vector<std::string> files_;
};

/// The lines of a camera table that Elixir's keys stand for: `EXPTIME-KEYWORD EXPOSED` is `exptime EXPOSED`. NONE is no
/// keyword. Error: a key whose line makes no sense.
Result<std::string> elixir_recipes(const Config& config);

/// REFDATE of the configuration. Errors: the key is missing, or no date.
Status read_reference_date(const Config& config, DateSettings& dates);

/// A variable of the environment, empty when there is none.
std::string environment(const char* name);

/// The record file that a word names: itself, or the Imreg.db of a folder.
std::string database_file(const std::string& path);

/// The configuration of a program, read when it is first asked for: -c FILE, else $PTOLEMY, else ./ptolemy.rc, else
/// ~/.ptolemyrc, else none; then every -D KEY VALUE. From its making on, whoever loads the path roots of a database gets
/// what the configuration says of them (ROOT_NAME PREFIX); `args` must live as long as the work.
class Settings {
 public:
  explicit Settings(const Parsed& args);
  /// Error: the file that -c or $PTOLEMY names cannot be read, or a line makes no sense.
  Result<const Config*> config();
  /// -db PATH, else $IMREG_DB, else REGISTRATION_DATABASE of the configuration, else ./Imreg.db. A folder means
  /// its Imreg.db. The file need not exist. Errors: those of config().
  Result<std::string> database();
  /// The user's camera tables and filter lists: the folders of $IMREG_CAMERAS (colons between them), then that of the
  /// database unless its name is empty. Error: not_found, a folder of $IMREG_CAMERAS is not there.
  static Result<std::vector<std::string>> camera_folders(const std::string& database);
  /// Those, and the keywords that Elixir's configuration names (EXPTIME-KEYWORD and its like, man imreg-camera).
  /// Errors: those of config() too.
  Result<CameraSources> cameras(const std::string& database);
  /// For work without a database: the folders of $IMREG_CAMERAS and of every -cameras FOLDER; `with_keys`: and Elixir's
  /// keywords. Errors: not_found, a folder is not there; those of config().
  Result<CameraSources> cameras_of_options(bool with_keys);

 private:
  struct State {
    const Parsed& args;
    bool read = false;
    Config config;
    Result<const Config*> get();
  };
  const Parsed& args_;
  std::shared_ptr<State> state_;  ///< the roots may be loaded when these Settings are gone
};

}  // namespace imreg::cli
