// Temperatures at a time, from X.db.temps and tonight's log together.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/text.h"
#include "temperature/temperature_file.h"
#include "temperature/temperature_log.h"

namespace imreg {

Result<std::vector<TemperatureOptions::Probe>> parse_probes(std::string_view text) {
  std::vector<TemperatureOptions::Probe> probes;
  for (const auto word : words(text)) {
    const auto equals = std::min(word.find('='), word.size());
    const std::string name = canonical_probe(word.substr(0, equals));
    // "mirror 2 dome 36" would be four names, each without a value for ever.
    const std::string number = equals == word.size() ? "" : canonical_probe(word.substr(equals + 1));
    if (name.empty() || number.empty())
      return Status(Code::invalid, "\"" + visible(word) +
                                       "\" is not NAME=NUMBER of a probe, without blanks; for a log "
                                       "that has names, NAME=NAME");
    for (const auto& other : probes) {
      for (const auto& same : {name, number}) {
        if (same == other.name || same == other.number)
          return Status(Code::invalid, "\"" + same + "\" stands for two probes");
      }
    }
    probes.push_back({name, number});
  }
  if (probes.empty() || probes.size() > TemperatureOptions::kPlaces)
    return Status(Code::invalid, "names " + counted(std::ssize(probes), "probe") +
                                     "; an image has room for 1 to 4: mirror, dome top, two of the air");
  return probes;
}

namespace {
constexpr int kAttempts = 100;  // to look for a time in a file that others are changing
}

struct Temperatures::State {
  TemperatureOptions options;
  std::optional<TonightsLog> log = {};
  std::optional<RecordFile> file = {};
  std::vector<TemperatureRun> runs = {};
  std::string file_trouble = {};
  std::optional<std::pair<double, Values>> last = {};  // the CCDs of an exposure have one time
  std::optional<std::string> told = {};                // the trouble of is_news(); none since a value was found

  void open() {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      file_trouble.clear();
      runs.clear();
      auto opened = open_temperatures(options.database);
      file = opened ? *std::move(opened) : std::nullopt;
      if (!opened) file_trouble = opened.status().text();
      if (!file) return;
      TemperatureRecords records(*file);
      runs = runs_of(records, *file);
      if (!records.changed()) return;
    }
  }
};

Temperatures::Temperatures(TemperatureOptions options) : state_(std::make_unique<State>(State{std::move(options)})) {
  if (!state_->options.log.empty()) state_->log.emplace(state_->options.log, state_->options.probes);
}
Temperatures::~Temperatures() = default;

const TemperatureOptions& Temperatures::options() const { return state_->options; }

void Temperatures::refresh(bool whole_log) {
  State& state = *state_;
  state.last.reset();
  state.open();
  if (!state.log) return;
  state.log->refresh();
  if (whole_log) state.log->reach(-std::numeric_limits<double>::infinity(), 0);
}

bool Temperatures::any_source() const { return state_->log || state_->file || !state_->file_trouble.empty(); }

Temperatures::Values Temperatures::at(double time) {
  State& state = *state_;
  if (state.last && state.last->first == time) return state.last->second;
  const double limit = state.options.limit;
  const auto& probes = state.options.probes;
  std::vector<TemperatureNeighbours> around(probes.size());
  for (int attempt = 0; state.file && attempt < kAttempts; ++attempt) {
    around.assign(probes.size(), {});
    if (find_neighbours(*state.file, state.runs, time, limit, probes, around)) break;
    state.open();
  }
  if (state.log) {
    state.log->reach(time, limit);
    state.log->neighbours(time, around);
  }
  Values values;
  values.fill(std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < around.size(); ++i) {
    values[i] = around[i].at(time, limit);
    if (!std::isnan(values[i])) state.told.reset();
  }
  state.last.emplace(time, values);
  return values;
}

std::string Temperatures::trouble() const {
  if (!state_->file_trouble.empty()) return state_->file_trouble;
  return state_->log ? state_->log->trouble() : "";
}

bool Temperatures::is_news() {
  std::optional now = trouble();
  return std::exchange(state_->told, now) != now;
}

}  // namespace imreg
