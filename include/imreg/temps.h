// Temperatures of the telescope: what probes showed, from text logs, kept in X.db.temps and put into images by their time.
// man 1 imtemps, man 5 imreg-temps.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/emit.h"
#include "imreg/status.h"

namespace imreg {

class IoObserver;

/// What a probe showed.
struct Temperature {
  double time = 0;    ///< seconds since 1970-01-01 UTC
  std::string probe;  ///< its number or name, as canonical_probe() has it
  float value = 0;    ///< degrees Celsius
};

/// Lower case, numbers without leading zeros; empty when it can be no name: 1 to 24 letters, digits and any of _ . + -, and
/// of numbers only whole ones.
std::string canonical_probe(std::string_view word);

/// Which probes an image wants, and where what they showed is found.
struct TemperatureOptions {
  static constexpr int kPlaces = 4;
  struct Probe {
    std::string name, number;
  };
  std::string database;
  std::string log = {};  ///< tonight's; empty: none
  /// In the order of the field teltemp; at most kPlaces. Either word is the probe.
  std::vector<Probe> probes = {{"mirror", "2"}, {"dome", "36"}, {"air1", "43"}, {"air2", "45"}};
  double limit = 1800;  ///< seconds: farther values say nothing about a time
};
/// "mirror=2 dome=36". Error: invalid.
Result<std::vector<TemperatureOptions::Probe>> parse_probes(std::string_view text);

/// What a log says. man 5 imreg-temps.
struct TemperatureText {
  static constexpr std::size_t kMostNamed = 20;
  std::vector<Temperature> entries;
  std::int64_t without = 0;  ///< values that say themselves that there is none
  std::int64_t lines = 0, bad_lines = 0;
  std::vector<Status> faults;  ///< of the first of the bad lines, with file and line
  void add_counts(const TemperatureText& other) {
    without += other.without;
    lines += other.lines;
    bad_lines += other.bad_lines;
  }
};
/// `probes`: a line behind # tells the columns only when it names one of them.
TemperatureText read_temperatures(std::string_view text, const std::string& name,
                                  const std::vector<TemperatureOptions::Probe>& probes = TemperatureOptions().probes);

struct TemperatureStore {
  std::string database;
  double wait_seconds = 10;  ///< for the lock of X.db.temps
  bool on_network = false;
  IoObserver* observer = nullptr;  ///< tests: sees and fails file operations
};

struct TemperatureImport {
  std::int64_t added = 0, changed = 0;  ///< changed: the same probe and time with another value
  std::int64_t known = 0;
  std::vector<std::string> notes;  ///< what recovery did
  void add(const TemperatureImport& other) {
    added += other.added;
    changed += other.changed;
    known += other.known;
  }
};
/// The last line of imtemps import, or one JSON object.
std::string report_text(const TemperatureImport& report, const TemperatureText& read);
std::string report_json(const TemperatureImport& report, const TemperatureText& read);
/// Adds entries to X.db.temps, durably; it is made when there is none. Of two with the same time and probe the last one counts.
/// Entries that are known add nothing. A crash leaves a part of them: importing again adds the others. Errors: those of
/// RecordWriter::create, open, append, commit.
Result<TemperatureImport> import_temperatures(const TemperatureStore& store, std::vector<Temperature> entries);

/// Entries with from <= time <= to in the order of time and probe, as lines that read_temperatures() reads. How many. What
/// others import meanwhile moves values, and none is missed or told twice. Errors: those of RecordFile::open; busy.
Result<std::int64_t> extract_temperatures(const std::string& database, double from, double to, const Sink& sink);

struct ProbeSummary {
  std::string probe;
  double first = 0, last = 0;
  std::int64_t count = 0;
};
/// By probe. Errors: the same, but none when there is no X.db.temps.
Result<std::vector<ProbeSummary>> list_temperatures(const std::string& database);

/// Whether the runs of X.db.temps are in order, on which finding a time rests; `path` may be that file itself. What is not
/// there, and what is damaged, is none of its business. Errors: those of RecordFile::open; corrupt, with what to do.
Status check_temperatures(const std::string& path);

/// "2 mirror FIRST LAST COUNT", or one JSON object.
std::string report_text(const ProbeSummary& probe, const TemperatureOptions& options);
std::string report_json(const ProbeSummary& probe, const TemperatureOptions& options);

/// Values at a time, from X.db.temps and tonight's log. One thread.
class Temperatures {
 public:
  using Values = std::array<float, TemperatureOptions::kPlaces>;
  explicit Temperatures(TemperatureOptions options);
  ~Temperatures();

  /// Takes X.db.temps and the log as they are now: of the log what was added since, and of one that is new or was replaced
  /// its end (16 KiB, more when an image is older; `whole_log`: 1 MiB, and at() reads nothing more). Never fails, never waits
  /// for a pipe: what cannot be read is told by trouble().
  void refresh(bool whole_log = false);
  /// There is a log or X.db.temps, since refresh().
  bool any_source() const;
  /// Of each probe: on the straight line between its values before and behind `time` when these are not farther apart than
  /// the limit; else the nearer one when that is within the limit; else NaN.
  Values at(double time);
  const TemperatureOptions& options() const;
  /// Why values may be missing; empty: nothing is known.
  std::string trouble() const;
  /// Whether images without values, and trouble(), are to be told: not again while nothing has changed.
  bool is_news();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imreg
