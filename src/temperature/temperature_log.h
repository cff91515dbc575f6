// Text logs of temperatures: their lines, and tonight's log, which somebody else writes and replaces while it is read.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/temps.h"

namespace imreg {

/// Reads a log line by line; a header line tells the columns of those behind it.
class TemperatureParser {
 public:
  /// `probes`: that images want. A line behind # is a header only when it names one of them.
  explicit TemperatureParser(std::vector<TemperatureOptions::Probe> probes) : probes_(std::move(probes)) {}
  /// One value of a line. The views live as long as the line and this parser.
  struct Reading {
    double time;
    std::string_view probe;  ///< as it is written
    float value;             ///< NaN: it says that there is none
  };
  /// What a line says, until the next call; none of a comment or header. Error: invalid, the line means nothing.
  Status read(std::string_view line, std::vector<Reading>& out);

 private:
  bool take_header(const std::vector<std::string_view>& words, bool comment);
  bool is_probe_of_images(std::string_view word) const;
  std::vector<TemperatureOptions::Probe> probes_;
  std::string time_word_;  // of the last line, whose time the next one often has
  double time_ = 0;
  std::vector<std::string> columns_;  // probes behind the time; empty: each value has its probe before it
};

/// The last value at or before a time, and the first at or behind it; NaN: there is none.
struct TemperatureNeighbours {
  double before = kNone, after = kNone;  ///< times
  float value_before = 0, value_after = 0;
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  void take(double time, double of, float value) {
    if (of <= time && !(before >= of)) before = of, value_before = value;
    if (of >= time && !(after <= of)) after = of, value_after = value;
  }
  float at(double time, double limit) const;
};

/// Tonight's log: its end is kept in memory, and what is added is read when it is asked for.
class TonightsLog {
 public:
  TonightsLog(std::string path, const std::vector<TemperatureOptions::Probe>& probes)
      : path_(std::move(path)), probes_(probes), values_(probes.size()), parser_(probes) {}
  void refresh();
  /// Reads more of its end, when an image of this time may need it.
  void reach(double time, double limit);
  void neighbours(double time, std::vector<TemperatureNeighbours>& of_probes) const;
  const std::string& trouble() const { return trouble_; }

 private:
  struct Identity {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = -1, seconds = 0, nanoseconds = 0;
    bool operator==(const Identity&) const = default;
  };
  void read(std::int64_t tail);
  Status read_on(std::int64_t tail);
  Status read_headers(const Result<std::string>& head, std::int64_t end_begins);
  void forget();
  void take_text(std::string_view text);

  std::string path_;
  std::vector<TemperatureOptions::Probe> probes_;
  std::vector<std::map<double, float>> values_;  // of each probe
  TemperatureParser parser_;
  Identity identity_;
  std::int64_t start_ = 0, end_ = 0;  // of what was read, whole lines
  std::int64_t tail_ = 0;             // with which start_ was chosen
  std::string last_bytes_;            // before end_: they tell that the file is still what it was
  bool in_line_ = false;              // end_ is inside a line that is too long
  bool any_bad_line_ = false;
  std::string trouble_;
};

}  // namespace imreg
