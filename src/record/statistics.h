// The statistics of a registered image: which fields they are, and where a record says whether they were measured.
#pragma once

#include <optional>
#include <string_view>

#include "base/text.h"
#include "imreg/schema.h"

namespace imreg {

enum class Statistic : int { bias = 0, sky = 1, fwhm = 2 };
enum class StatisticState : int { not_measured = 0, measured = 1, failed = 2 };

inline std::optional<Statistic> statistic_of(std::string_view field) {
  if (equal_nocase(field, "bias")) return Statistic::bias;
  if (equal_nocase(field, "sky")) return Statistic::sky;
  if (equal_nocase(field, "fwhm")) return Statistic::fwhm;
  return std::nullopt;
}

/// Where our records tell the states: an i16 with 2 bits for each statistic. nullptr: the value itself tells it.
inline const FieldInfo* find_procstate(const Schema& schema) {
  const FieldInfo* field = schema.find("procstate");
  return field && field->type == Type::i16 && field->count == 1 ? field : nullptr;
}
constexpr int shift_of(Statistic which) { return 2 * static_cast<int>(which); }
inline StatisticState state_in(int procstate, Statistic which) {
  return static_cast<StatisticState>(procstate >> shift_of(which) & 3);
}

/// Of a file without procstate: 0 is not measured, -1 failed.
inline bool is_elixir_statistic(const FieldInfo& field) {
  return field.missing == 0 && (field.type == Type::f32 || field.type == Type::f64) && statistic_of(field.name);
}

}  // namespace imreg
