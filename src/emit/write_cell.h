// The inner loop: one value of one record as text. Everything is decided by a switch over the cell's kind; the format is a
// template parameter, so no call is virtual and nothing is allocated.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "emit/buffer.h"
#include "emit/number.h"
#include "emit/plan.h"
#include "imreg/date.h"
#include "imreg/record.h"

namespace imreg::emit {

/// Full paths; neighbouring rows mostly lie in the same folder, so the last answer is kept.
class Paths {
 public:
  explicit Paths(std::function<std::string(std::string_view)> expand) : expand_(std::move(expand)) {}
  std::string_view full(std::string_view path) {
    if (!expand_ || path.empty() || path.front() != '$') return path;
    if (path != last_) {
      last_ = path;
      full_ = expand_(path);
    }
    return full_;
  }

 private:
  std::function<std::string(std::string_view)> expand_;
  std::string last_, full_;
};

/// What all cells of a writer share.
struct Context {
  Buffer buffer;
  Paths paths;
  double tz_hours = 0;
  struct LastWord {
    std::uint64_t raw = 0;  ///< the value's bits
    std::size_t size = 0;   ///< 0: nothing is known
    char text[32];
  };
  std::vector<LastWord> last_words;  ///< by cell
  Context(const EmitOptions& options, Sink sink)
      : buffer(std::move(sink)), paths(options.expand_path), tz_hours(options.tz_hours) {}
};

/// What is not known: null, nothing, or "-".
template <Style S>
inline char* write_missing(char* out) {
  if constexpr (S == Style::json) {
    std::copy_n("null", 4, out);
    return out + 4;
  } else if constexpr (S == Style::word || S == Style::table) {
    *out = '-';
    return out + 1;
  } else {
    return out;
  }
}

template <Style S, class Real>
inline char* write_real(char* out, Real value) {
  if constexpr (S == Style::json) {  // JSON has no infinity
    if (std::isinf(value)) return write_missing<S>(out);
  }
  if constexpr (S == Style::xml) {  // VOTable 1.4, section 2.1
    if (std::isinf(value)) return std::copy_n(value < 0 ? "-Inf" : "+Inf", 4, out);
  }
  return write_number(out, value);
}

/// A statistic that is not a number: 0 not measured, -1 failed.
inline char* write_state(char* out, const Cell& cell, const char* record) {
  const bool told = cell.state_offset >= 0;
  if (told && state_in(load_big<std::int16_t>(record + cell.state_offset), *cell.statistic) == StatisticState::failed) {
    *out++ = '-';
    *out++ = '1';
  } else {
    *out++ = '0';
  }
  return out;
}

inline bool is_missing(const Cell& cell, double value) {
  return cell.missing && value == static_cast<double>(*cell.missing);
}

template <Style S>
inline char* write_time(char* out, const Cell& cell, const char* at, double tz_hours) {
  const bool real = cell.type == Type::f64 || cell.type == Type::f32;
  const std::int64_t integer = real ? 0 : load_integer(at, cell.type);
  const double time = cell.type == Type::f64   ? load_big<double>(at)
                      : cell.type == Type::f32 ? static_cast<double>(load_big<float>(at))
                                               : static_cast<double>(integer);
  if (std::isnan(time) || is_missing(cell, time)) return write_missing<S>(out);
  if constexpr (S == Style::json || S == Style::xml) {
    return real ? write_real<S>(out, time) : write_number(out, integer);
  } else if constexpr (S == Style::word) {
    return write_elixir(out, time, tz_hours);
  } else {
    char* const end = write_iso(out, time, -1, tz_hours);
    return end == out ? write_missing<S>(out) : end;
  }
}

template <Style S>
inline char* write_scaled(char* out, const Cell& cell, const char* record, int element) {
  const Value value = value_of(RecordView(record), cell.field, cell.first_element + element);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return write_number(out, *integer);
  if (const auto* number = std::get_if<double>(&value); number && !std::isnan(*number))
    return write_real<S>(out, *number);
  return write_missing<S>(out);
}

/// Writes element `element` of a cell. `out` has cell.room bytes. Not for the pathname.
template <Style S>
inline char* write_element(char* out, const Cell& cell, const char* record, int element, double tz_hours) {
  const char* at = record + cell.offset + element * cell.step;
  switch (cell.kind) {
    case Kind::text: {
      const auto text = trimmed(at, static_cast<std::size_t>(cell.text_size));
      return text.empty() ? write_missing<S>(out) : write_text<S>(out, text);
    }
    case Kind::boolean: {
      const bool yes = *at == 'T';
      if (cell.missing && *at == '\0') return write_missing<S>(out);
      std::copy_n(yes ? "true\0" : "false", 5, out);
      return out + (yes ? 4 : 5);
    }
    case Kind::integer: {
      const auto value = load_integer(at, cell.type);
      if (cell.missing && value == *cell.missing) return write_missing<S>(out);
      return write_number(out, value);
    }
    case Kind::real32: {
      const float value = load_big<float>(at);
      if (std::isnan(value) || is_missing(cell, value)) {
        if (S == Style::word && cell.statistic) return write_state(out, cell, record);
        return write_missing<S>(out);
      }
      if (S != Style::word && cell.failed_is_minus_one && value == -1) return write_missing<S>(out);
      return write_real<S>(out, value);
    }
    case Kind::real64: {
      double value = load_big<double>(at);
      if (std::isnan(value) || is_missing(cell, value)) return write_missing<S>(out);
      if (S == Style::table && cell.degrees) value = std::round(value * 1e7) / 1e7 + 0.0;  // 0.4 mas; never -0
      return write_real<S>(out, value);
    }
    case Kind::time: return write_time<S>(out, cell, at, tz_hours);
    case Kind::word: {
      const auto code = static_cast<std::uint64_t>(load_integer(at, cell.type));  // negative ones are large
      if (code < cell.words.size()) return cell.words[code].write(out);
      return write_number(out, static_cast<std::int64_t>(code));
    }
    case Kind::scaled: break;
  }
  return write_scaled<S>(out, cell, record, element);
}

/// The same into the context's buffer, with room for it and 16 bytes more; the pathname expanded. The caller commits the end.
template <Style S>
inline char* write_cell(Context& context, const Cell& cell, const char* record, int element) {
  if (cell.pathname) {
    const auto path = context.paths.full(trimmed(record + cell.offset, static_cast<std::size_t>(cell.text_size)));
    char* const out = context.buffer.room(kMostGrowth * path.size() + kQuotes + 32);
    return path.empty() ? write_missing<S>(out) : write_text<S>(out, path);
  }
  return write_element<S>(context.buffer.room(cell.room + 16), cell, record, element, context.tz_hours);
}

}  // namespace imreg::emit
