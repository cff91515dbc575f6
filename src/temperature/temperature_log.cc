// Logs of temperatures as text. man 5 imreg-temps has the grammar.
#include "temperature/temperature_log.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "imreg/date.h"
#include "os/file.h"

namespace imreg {

namespace {

constexpr std::size_t kLongestName = 24;  // formats/temps.fmt
constexpr double kColdest = -100, kHottest = 100;
constexpr double kElixirNone = 200;  // Elixir: there is no value
// A bare number of this range is seconds since 1970: 3 March 1973 to November 2286, so that 200101271030 is none.
constexpr double kFirstUnixTime = 1e8, kLastUnixTime = 1e10;
constexpr double kEndOfTime = 253402300800;  // the year 10000
constexpr std::int64_t kTail = 16 << 10;     // bytes of tonight's log that are read first
constexpr std::int64_t kLongTail = 1 << 20;  // and at most
constexpr std::int64_t kHead = 4096;         // of its begin, where it may tell its columns
constexpr std::size_t kKnownBytes = 64;
constexpr std::size_t kMostKept = 1 << 17;  // values of a probe in memory; the older half goes

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.'; });
}

// A word of a log, for a message.
std::string shown(std::string_view word) {
  std::string out(word.substr(0, 40));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

Result<double> time_of(std::string_view word) {
  if (is_number(word)) {
    double seconds = 0;
    if (!parse_number(word, seconds) || seconds < kFirstUnixTime || seconds >= kLastUnixTime)
      return Status(Code::invalid, "\"" + shown(word) + "\" is no time");
    return seconds;
  }
  // NOW and TODAY would mean something else tomorrow.
  if (!is_digit(word.front()) && !starts_nocase(word, "jd") && !starts_nocase(word, "mjd"))
    return Status(Code::invalid, "\"" + shown(word) + "\" is no time");
  return parse_date(word, {});
}

bool is_none(std::string_view word) { return word == "-" || equal_nocase(word, "nan") || equal_nocase(word, "none"); }

Result<float> value_of(std::string_view word) {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  double value = 0;
  if (is_none(word)) return kNone;
  if (!parse_number(word, value)) return Status(Code::invalid, "\"" + shown(word) + "\" is no number");
  if (value == kElixirNone) return kNone;
  if (!(value >= kColdest && value <= kHottest))
    return Status(Code::invalid, shown(word) + " is no temperature: -100 to 100 degrees Celsius");
  return static_cast<float>(value);
}

// Of numbers only whole ones are names: else "TIME 3.5 4.25", whose header is not known, would be a probe and a value.
bool is_name(std::string_view word) {
  double number = 0;
  const bool whole = std::all_of(word.begin(), word.end(), is_digit);
  return !word.empty() && word.size() <= kLongestName && (whole || (!is_none(word) && !parse_number(word, number))) &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '.' || c == '+' || c == '-';
         });
}

bool is_time_word(std::string_view word) {
  return equal_nocase(word, "time") || equal_nocase(word, "date") || equal_nocase(word, "obstime");
}

}  // namespace

std::string canonical_probe(std::string_view word) {
  if (!is_name(word)) return {};
  if (std::all_of(word.begin(), word.end(), is_digit)) {
    while (word.size() > 1 && word.front() == '0') word.remove_prefix(1);
  }
  return to_lower(word);
}

bool TemperatureParser::is_probe_of_images(std::string_view word) const {
  const std::string name = canonical_probe(word);
  return std::any_of(probes_.begin(), probes_.end(), [&](const auto& p) { return name == p.name || name == p.number; });
}

bool TemperatureParser::take_header(const std::vector<std::string_view>& words, bool comment) {
  if (words.size() < 2 || !is_time_word(words[0])) return false;
  const std::vector<std::string> columns(words.begin() + 1, words.end());
  const bool pairs = columns.size() == 2 && equal_nocase(columns[0], "probe") && equal_nocase(columns[1], "value");
  const bool named = comment ? std::any_of(columns.begin(), columns.end(),
                                           [this](const auto& word) { return is_probe_of_images(word); })
                             : true;
  if (!pairs && !(named && std::all_of(columns.begin(), columns.end(), is_name))) return false;
  columns_ = pairs ? std::vector<std::string>() : columns;
  return true;
}

Status TemperatureParser::read(std::string_view line, std::vector<Reading>& out) {
  out.clear();
  line = trim(line);
  if (line.empty()) return {};
  if (line.front() == '#') {
    line.remove_prefix(1);
    take_header(words(line), true);  // "# Time is UTC" is none
    return {};
  }
  auto all = words(line);
  if (is_time_word(all[0])) {
    if (take_header(all, false)) return {};
    return {Code::invalid, "names columns that cannot be: time, then \"probe value\" or the names of probes"};
  }
  std::string date_and_time;  // in two words
  if (all.size() > 1 && all[1].find(':') != all[1].npos && all[0].find(':') == all[0].npos) {
    date_and_time = std::string(all[0]) + ',' + std::string(all[1]);
    all.erase(all.begin());
    all[0] = date_and_time;
  }
  if (all[0] != time_word_) {
    IMREG_ASSIGN(const double exact, time_of(all[0]));
    time_ = std::round(exact * 1000) / 1000;  // what is extracted reads back as the same
    time_word_ = all[0];
  }
  const double time = time_;
  if (!(time < kEndOfTime)) return {Code::invalid, "the time is beyond the year 9999"};
  const std::size_t values = all.size() - 1;
  if (!columns_.empty()) {
    if (values != columns_.size())
      return {Code::invalid, "has " + counted(static_cast<long long>(values), "value") + " for " +
                                 counted(std::ssize(columns_), "probe")};
    for (std::size_t i = 0; i < values; ++i) {
      IMREG_ASSIGN(const float value, value_of(all[i + 1]));
      out.push_back({time, columns_[i], value});
    }
    return {};
  }
  if (values == 0 || values % 2 != 0) return {Code::invalid, "is not a time, a probe and a value"};
  for (std::size_t i = 1; i < all.size(); i += 2) {
    if (!is_name(all[i])) return {Code::invalid, "\"" + shown(all[i]) + "\" is no name of a probe"};
    IMREG_ASSIGN(const float value, value_of(all[i + 1]));
    out.push_back({time, all[i], value});
  }
  return {};
}

namespace {

// Calls visit(line) for each.
template <class Visit>
void each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

TemperatureText read_temperatures(std::string_view text, const std::string& name,
                                  const std::vector<TemperatureOptions::Probe>& probes) {
  TemperatureText out;
  TemperatureParser parser(probes);
  std::vector<TemperatureParser::Reading> readings;
  each_line(text, [&](std::string_view line) {
    ++out.lines;
    if (const Status status = parser.read(line, readings); !status.ok()) {
      if (++out.bad_lines <= static_cast<std::int64_t>(TemperatureText::kMostNamed))
        out.faults.push_back(
            Status(status.code(), "line " + std::to_string(out.lines) + ": " + status.message()).in_file(name));
      readings.clear();
    }
    for (const auto& reading : readings) {
      if (std::isnan(reading.value))
        ++out.without;
      else
        out.entries.push_back({reading.time, canonical_probe(reading.probe), reading.value});
    }
  });
  return out;
}

float TemperatureNeighbours::at(double time, double limit) const {
  if (after - before <= limit) {
    if (after == before) return value_before;
    const double part = (time - before) / (after - before);
    return static_cast<float>(value_before + part * (static_cast<double>(value_after) - value_before));
  }
  const double to_before = time - before, to_after = after - time;
  if (to_before <= limit && !(to_after < to_before)) return value_before;
  return to_after <= limit ? value_after : std::numeric_limits<float>::quiet_NaN();
}

void TonightsLog::forget() {
  for (auto& values : values_) values.clear();
  parser_ = TemperatureParser(probes_);
  start_ = end_ = tail_ = 0;
  last_bytes_.clear();
  in_line_ = any_bad_line_ = false;
}

void TonightsLog::refresh() {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0 || !S_ISREG(now.st_mode)) {
    // What was read of it is still true: perhaps it is being replaced.
    trouble_ = path_ + " is not there, or no file";
    identity_ = {};
    return;
  }
  const Identity identity{now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
  if (identity == identity_) return;
  const bool another = identity.device != identity_.device || identity.inode != identity_.inode;
  if (another) forget();
  identity_ = identity;
  read(end_ > 0 ? kLongTail : kTail);
}

void TonightsLog::reach(double time, double limit) {
  const auto more_may_help = [&] {
    double first = std::numeric_limits<double>::infinity();
    bool all_have_one = true;
    for (const auto& values : values_) {
      all_have_one &= !values.empty() && values.begin()->first <= time;
      if (!values.empty()) first = std::min(first, values.begin()->first);
    }
    return !all_have_one && time - limit < first;
  };
  for (std::int64_t tail = 4 * kTail; tail <= kLongTail && start_ > 0 && more_may_help(); tail *= 4) {
    if (tail <= tail_ || identity_.size < 0) continue;
    forget();
    read(tail);
  }
}

void TonightsLog::read(std::int64_t tail) {
  trouble_.clear();
  if (const Status status = read_on(tail); !status.ok()) {
    trouble_ = status.text();
    identity_.size = -1;  // it is read the next time, be it as it was
  }
}

// From end_ on, or of a file that is new or has grown too much its last `tail` bytes.
Status TonightsLog::read_on(std::int64_t tail) {
  IMREG_ASSIGN(const File file, File::open(path_, File::Mode::read));
  IMREG_ASSIGN(const std::int64_t size, file.size());
  const auto part = [&file](std::int64_t from, std::int64_t bytes) -> Result<std::string> {
    std::string text(static_cast<std::size_t>(std::max<std::int64_t>(bytes, 0)), '\0');
    IMREG_ASSIGN(const std::size_t got, file.read(from, text.data(), text.size()));
    text.resize(got);
    return text;
  };
  const auto known = static_cast<std::int64_t>(last_bytes_.size());
  IMREG_ASSIGN(const std::string before, part(end_ - known, known));
  if (before != last_bytes_) forget();  // written anew in its place
  if (size - end_ > tail) {
    if (end_ == 0) IMREG_TRY(read_headers(part(0, kHead), size - tail));
    start_ = end_ = size - tail;
    tail_ = tail;
    in_line_ = true;
  }
  IMREG_ASSIGN(const std::string text, part(end_, size - end_));
  std::string_view lines = text;
  if (in_line_) {
    const auto end = lines.find('\n');
    lines = end == lines.npos ? std::string_view() : lines.substr(end + 1);
    in_line_ = end == lines.npos;
  }
  const auto whole = lines.rfind('\n');
  const std::size_t rest = whole == lines.npos ? lines.size() : lines.size() - whole - 1;
  take_text(lines.substr(0, lines.size() - rest));
  const bool too_long = static_cast<std::int64_t>(rest) >= kTail;
  in_line_ = in_line_ || too_long;
  const std::size_t end = text.size() - (in_line_ ? 0 : rest);
  end_ += static_cast<std::int64_t>(end);
  last_bytes_ += std::string_view(text).substr(0, end).substr(end - std::min(end, kKnownBytes));
  if (last_bytes_.size() > kKnownBytes) last_bytes_.erase(0, last_bytes_.size() - kKnownBytes);
  // Not how many: who says this again when it changes would say it for each.
  if (any_bad_line_) trouble_ = path_ + " has lines of no meaning (imtemps import names them)";
  return {};
}

// The columns that lines at the begin of the log tell, up to the one in which what is read of its end begins.
Status TonightsLog::read_headers(const Result<std::string>& head, std::int64_t end_begins) {
  IMREG_TRY(head.status());
  auto end = head->find('\n', static_cast<std::size_t>(end_begins));
  if (end == head->npos) end = head->rfind('\n');
  std::vector<TemperatureParser::Reading> readings;
  each_line(std::string_view(*head).substr(0, end + 1),
            [&](std::string_view line) { (void)parser_.read(line, readings); });
  return {};
}

void TonightsLog::take_text(std::string_view text) {
  std::vector<TemperatureParser::Reading> readings;
  each_line(text, [&](std::string_view line) {
    if (!parser_.read(line, readings).ok()) {
      any_bad_line_ = true;
      return;
    }
    for (const auto& reading : readings) {
      if (std::isnan(reading.value)) continue;
      const std::string probe = canonical_probe(reading.probe);
      for (std::size_t i = 0; i < probes_.size(); ++i) {
        if (probe != probes_[i].name && probe != probes_[i].number) continue;
        auto& values = values_[i];
        values[reading.time] = reading.value;
        if (values.size() > kMostKept) values.erase(values.begin(), std::next(values.begin(), kMostKept / 2));
      }
    }
  });
}

void TonightsLog::neighbours(double time, std::vector<TemperatureNeighbours>& of_probes) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    auto at = values_[i].lower_bound(time);
    if (at != values_[i].end()) of_probes[i].take(time, at->first, at->second);
    if (at != values_[i].begin()) {
      --at;
      of_probes[i].take(time, at->first, at->second);
    }
  }
}

}  // namespace imreg
