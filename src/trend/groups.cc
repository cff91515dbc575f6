// Rows with the same values, by ranks of the values.
#include "trend/groups.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "imreg/vectors.h"

namespace imreg::trend {

namespace {

// Equal values have one rank, ascending; what is not known has the last.
std::vector<std::uint32_t> ranks_of(const Vector& vector) {
  if (vector.column.is_text) {
    auto out = vector.column.codes;  // texts stand in order, and "" before all
    const auto last = static_cast<std::uint32_t>(vector.column.texts.size());
    for (auto& code : out) {
      if (vector.column.texts[code].empty()) code = last;
    }
    return out;
  }
  const auto& values = vector.column.numbers;
  std::vector<double> different;
  for (const double value : values) {
    if (!std::isnan(value) && (different.empty() || different.back() != value)) different.push_back(value);
  }
  std::sort(different.begin(), different.end());
  different.erase(std::unique(different.begin(), different.end()), different.end());
  std::vector<std::uint32_t> out;
  out.reserve(values.size());
  for (const double value : values) {
    const auto at = std::isnan(value) ? different.end() : std::lower_bound(different.begin(), different.end(), value);
    out.push_back(static_cast<std::uint32_t>(at - different.begin()));
  }
  return out;
}

}  // namespace

Result<Groups> Groups::make(std::vector<std::string> names, std::vector<VectorPtr> by, const VectorPtr& of,
                            const std::string& name_of) {
  Groups out;
  out.names_ = std::move(names);
  out.by_ = std::move(by);
  if (out.by_.empty()) {
    out.groups_.push_back({.whole = true});
    return out;
  }
  for (std::size_t i = 0; i < out.by_.size(); ++i) {
    IMREG_TRY(check_together(*of, name_of, *out.by_[i], "-by " + out.names_[i]));
    if (of->size() == 1 && out.by_[i]->size() > 1)
      return Status(Code::invalid, name_of + " is one value for all: there is nothing to group by " + out.names_[i]);
    if (out.by_[i]->size() != of->size())
      return Status(Code::invalid, "-by " + out.names_[i] + " is one value for all: group by a field");
  }
  std::vector<std::vector<std::uint32_t>> ranks;
  for (const auto& vector : out.by_) ranks.push_back(ranks_of(*vector));
  std::map<std::vector<std::uint32_t>, std::size_t> known;
  std::vector<std::uint32_t> key(ranks.size()), last_key;
  std::size_t last = 0;
  for (std::size_t i = 0; i < of->size(); ++i) {
    for (std::size_t k = 0; k < key.size(); ++k) key[k] = ranks[k][i];
    if (key != last_key || out.groups_.empty()) {
      const auto [at, is_new] = known.try_emplace(key, out.groups_.size());
      if (is_new) out.groups_.push_back({.keys = std::vector<std::size_t>(key.size(), i)});
      last = at->second;
      last_key = key;
    }
    out.groups_[last].places.push_back(i);
  }
  std::vector<Group> ordered;
  for (const auto& [ignored, place] : known) ordered.push_back(std::move(out.groups_[place]));
  out.groups_ = std::move(ordered);
  return out;
}

void Groups::add_keys(Table& table, const Group& group, std::size_t rows) const {
  for (std::size_t k = 0; k < by_.size(); ++k) {
    TableColumn& column = table.key(k, column_like(*by_[k], names_[k]));
    for (std::size_t row = 0; row < rows; ++row) add_value(column, *by_[k], group.keys[k]);
  }
}

std::string Groups::label(const Group& group) const {
  std::string out;
  for (std::size_t k = 0; k < by_.size(); ++k) {
    TableColumn one = column_like(*by_[k], names_[k]);
    add_value(one, *by_[k], group.keys[k]);
    const bool bare = by_[k]->column.is_text;
    out += (out.empty() ? "" : ", ") + (bare ? "" : names_[k] + " ") + cell_text(one, 0, {});
  }
  return out;
}

std::vector<double> numbers_in(const Group& group, const Vector& vector) {
  if (group.whole) return vector.column.numbers;
  std::vector<double> out;
  out.reserve(group.places.size());
  for (const auto i : group.places) out.push_back(vector.column.numbers[vector.size() == 1 ? 0 : i]);
  return out;
}

TableColumn column_like(const Vector& vector, std::string name) {
  TableColumn out{.name = std::move(name), .unit = vector.column.shape.unit, .is_text = vector.column.is_text};
  const auto type = vector.column.shape.type;
  out.is_count = !out.is_text && type != Type::f32 && type != Type::f64;
  return out;
}

void add_value(TableColumn& column, const Vector& vector, std::size_t place) {
  if (vector.column.is_text)
    column.texts.push_back(vector.text(place));
  else
    column.add(vector.column.numbers[place], vector.is_time());
}

}  // namespace imreg::trend
