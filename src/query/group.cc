#include "query/group.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace imreg {

namespace {

constexpr std::array<std::pair<std::string_view, Function>, 9> kFunctions = {{{"count", Function::known},
                                                                              {"min", Function::min},
                                                                              {"max", Function::max},
                                                                              {"first", Function::first},
                                                                              {"last", Function::last},
                                                                              {"sum", Function::sum},
                                                                              {"mean", Function::mean},
                                                                              {"median", Function::median},
                                                                              {"stddev", Function::stddev}}};

// "max" of "max(exptime)", nothing when the text is no call of an aggregate.
const std::pair<std::string_view, Function>* function_of(std::string_view text, std::string_view& inside) {
  const auto open = text.find('(');
  if (open == text.npos || text.back() != ')') return nullptr;
  const auto name = trim(text.substr(0, open));
  inside = trim(text.substr(open + 1, text.size() - open - 2));
  for (const auto& function : kFunctions) {
    if (equal_nocase(function.first, name)) return &function;
  }
  return nullptr;
}

bool keeps_value(Function f) {
  return f == Function::min || f == Function::max || f == Function::first || f == Function::last;
}

Status meaningless(std::string_view what, std::string_view function, const Operand& operand) {
  return {Code::invalid, "group: " + std::string(function) + "(" + operand.shape().name + "): the field holds " +
                             std::string(what) + "; count, min, max, first and last are possible"};
}

Status check(const Aggregate& aggregate, std::string_view function, const Operand& operand) {
  if (keeps_value(aggregate.function) || aggregate.function == Function::known) return {};
  if (operand.is_text()) return meaningless("text", function, operand);
  if (operand.is_word()) return meaningless("words", function, operand);
  if (operand.is_time() && aggregate.function == Function::sum) return meaningless("times", function, operand);
  return {};
}

// The sum is an exact integer. That of 64-bit integers would not fit one.
bool sums_wholes(const Operand& operand) { return operand.is_integer() && operand.shape().type != Type::i64; }

void add_to_sum(Groups::Numbers& to, double value) {
  const double sum = to.sum + value;
  to.lost += std::abs(to.sum) >= std::abs(value) ? (to.sum - sum) + value : (value - sum) + to.sum;
  to.sum = sum;
}

void add_value(Groups::Numbers& to, double value, std::uint64_t key, bool whole, bool stddev) {
  if (to.known++ == 0) {
    to.low = to.high = to.first = key;
  } else {
    to.low = std::min(to.low, key);
    to.high = std::max(to.high, key);
  }
  to.last = key;
  if (whole) to.whole += static_cast<std::int64_t>(value);
  add_to_sum(to, value);
  if (stddev) {
    const double step = value - to.mean;
    to.mean += step / static_cast<double>(to.known);
    to.squares += step * (value - to.mean);
  }
}

// `part` stands behind `to` in the file.
void merge(Groups::Numbers& to, const Groups::Numbers& part) {
  if (part.known == 0) return;
  if (to.known == 0) {
    to = part;
    return;
  }
  to.low = std::min(to.low, part.low);
  to.high = std::max(to.high, part.high);
  to.last = part.last;
  to.whole += part.whole;
  add_to_sum(to, part.sum);
  to.lost += part.lost;
  const double a = static_cast<double>(to.known), b = static_cast<double>(part.known), step = part.mean - to.mean;
  to.mean += step * b / (a + b);
  to.squares += part.squares + step * step * a * b / (a + b);
  to.known += part.known;
}

void add_text(Groups::Texts& to, std::string_view key, bool is_first) {
  if (is_first || key < to.low) to.low = key;
  if (is_first || key > to.high) to.high = key;
  if (is_first) to.first = key;
  to.last = key;
}

void merge(Groups::Texts& to, const Groups::Texts& part, bool is_first) {
  if (is_first) {
    to = part;
    return;
  }
  to.low = std::min(to.low, part.low);
  to.high = std::max(to.high, part.high);
  to.last = part.last;
}

std::uint64_t hash_of(const char* bytes, std::size_t size) {
  std::uint64_t hash = size;
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32;
  }
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 32;
}

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash_of(text.data(), text.size()); }
};

}  // namespace

std::string result_name(std::string_view text) {
  std::string_view inside;
  const auto* function = function_of(trim(text), inside);
  // max(exptime, 60) is a function of the language of conditions.
  if (function && split_expressions(inside).size() > 1) function = nullptr;
  return function ? std::string(function->first) + "_" + std::string(inside) : std::string(text);
}

Result<Grouping> Grouping::parse(std::string_view fields, std::string_view aggregates, const Schema& schema,
                                 const ExpressionSettings& settings) {
  Grouping out;
  const auto operand_of = [&](std::string_view text) -> Result<Operand> {
    auto operand = Operand::parse(text, schema, settings);
    if (operand) return operand;
    return Status(operand.status().code(), "group: " + operand.status().message());
  };
  if (!trim(fields).empty()) {
    for (const auto& name : split_expressions(fields)) {
      IMREG_ASSIGN(Operand key, operand_of(name));
      out.keys.push_back(std::move(key));
    }
  }
  for (const auto& text : split_expressions(aggregates)) {
    Aggregate aggregate{Function::count, 0, "count"};
    std::string_view inside;
    if (!equal_nocase(text, "count") && !equal_nocase(text, "count(*)")) {
      const auto* function = function_of(text, inside);
      if (!function) {
        return Status(Code::invalid, "group: \"" + visible(text) +
                                         "\" is no aggregate; there are count, count(x), min(x), " +
                                         "max(x), first(x), last(x), sum(x), mean(x), median(x), stddev(x)");
      }
      IMREG_ASSIGN(Operand operand, operand_of(inside));
      aggregate.function = function->second;
      aggregate.name = std::string(function->first) + "_" + operand.shape().name;
      IMREG_TRY(check(aggregate, function->first, operand));
      const auto same = std::find_if(out.operands.begin(), out.operands.end(),
                                     [&](const Operand& other) { return other.shape().name == operand.shape().name; });
      aggregate.operand = static_cast<std::size_t>(same - out.operands.begin());
      if (same == out.operands.end()) out.operands.push_back(std::move(operand));
    }
    out.aggregates.push_back(std::move(aggregate));
  }
  std::vector<std::string> names;
  for (const auto& key : out.keys) names.push_back(to_lower(key.shape().name));
  for (const auto& aggregate : out.aggregates) names.push_back(to_lower(aggregate.name));
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    return Status(Code::invalid, "group: " + *twice + " would be there twice; name it once");
  return out;
}

// Groups in memory. Keys are exact: all bytes of them are compared.
class Groups::Table {
 public:
  explicit Table(const Grouping& grouping) : grouping_(&grouping) {}

  std::size_t size() const { return rows.size(); }
  std::size_t memory() const { return memory_; }
  std::size_t find(std::string_view key) {
    if (const auto found = places_.find(key); found != places_.end()) return found->second;
    const std::size_t place = rows.size();
    places_.emplace(key, place);
    keys.emplace_back(key);
    rows.push_back(0);
    numbers.resize(numbers.size() + grouping_->operands.size());
    texts.resize(texts.size() + (has_texts() ? grouping_->operands.size() : 0));
    memory_ +=
        2 * key.size() + 160 + grouping_->operands.size() * (sizeof(Numbers) + (has_texts() ? sizeof(Texts) : 0));
    return place;
  }
  void clear() { *this = Table(*grouping_); }
  Numbers* numbers_of(std::size_t group) { return numbers.data() + group * grouping_->operands.size(); }
  Texts* texts_of(std::size_t group) { return texts.data() + group * grouping_->operands.size(); }
  bool has_texts() const {
    return std::any_of(grouping_->operands.begin(), grouping_->operands.end(),
                       [](const auto& o) { return o.is_text(); });
  }
  // `part` stands behind this in the file.
  void merge_in(Table& part) {
    const std::size_t operands = grouping_->operands.size();
    for (std::size_t from = 0; from < part.size(); ++from) {
      if (part.rows[from] == 0) continue;
      const std::size_t to = find(part.keys[from]);
      rows[to] += part.rows[from];
      for (std::size_t i = 0; i < operands; ++i) {
        if (grouping_->operands[i].is_text()) {
          if (part.numbers_of(from)[i].known > 0) {
            merge(texts_of(to)[i], part.texts_of(from)[i], numbers_of(to)[i].known == 0);
            for (const auto* text : {&texts_of(to)[i].low, &texts_of(to)[i].high}) memory_ += text->size();
          }
        }
        merge(numbers_of(to)[i], part.numbers_of(from)[i]);
      }
    }
  }
  // Ready for the next block: what is known about keys is kept while it is little.
  void restart() {
    if (size() > 4096) return clear();
    std::fill(rows.begin(), rows.end(), 0);
    std::fill(numbers.begin(), numbers.end(), Numbers());
  }

  std::vector<std::string> keys;
  std::vector<std::int64_t> rows;
  std::vector<Numbers> numbers;  // of all operands of a group, one behind the other
  std::vector<Texts> texts;

 private:
  const Grouping* grouping_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> places_;
  std::size_t memory_ = 0;
};

namespace {

// One thread's work: rows into a table of its own.
class Collector {
 public:
  Collector(const Grouping& grouping, const Candidates& candidates, const Sorter::Settings& settings)
      : table(grouping),
        widths(grouping.keys.size() + grouping.operands.size()),
        grouping_(&grouping),
        candidates_(&candidates),
        copy_(candidates.file->make_record()),
        looker_(candidates, offsets_of(grouping)) {
    std::size_t raw_size = 0;
    for (const auto& key : grouping.keys) {
      if (!key.has_raw()) raw_ = false;
      raw_size += key.has_raw() ? static_cast<std::size_t>(key.raw_size()) : 0;
    }
    raw_now_.resize(raw_size);
    for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
      const auto asks = [&](Function f) {
        return std::any_of(grouping.aggregates.begin(), grouping.aggregates.end(),
                           [&](const Aggregate& a) { return a.function == f && a.operand == i; });
      };
      stddev_.push_back(asks(Function::stddev));
      values.push_back(asks(Function::median) ? std::make_unique<Sorter>(settings) : nullptr);
    }
  }

  static std::vector<int> offsets_of(const Grouping& grouping) {
    std::vector<int> out;
    for (const auto* operands : {&grouping.keys, &grouping.operands}) {
      for (const auto& operand : *operands) {
        if (operand.has_raw() && operand.raw_offset() >= 64) out.push_back(operand.raw_offset());
      }
    }
    return out;
  }

  Status add_block(std::int64_t from, std::int64_t end) {
    table.restart();
    if (table.size() == 0) {
      known_.assign(kKnown, {});
      last_ = known_.data();
    }
    Status status;
    looker_.between(from, end, [&](std::int64_t row, RecordView) {
      if (auto read = candidates_->file->read(row, copy_); !read.ok()) {
        damaged.push_back(std::move(read));
      } else if (candidates_->selection.matches(copy_.view())) {  // else a writer changed it between the two looks
        status = add(copy_.view());
      }
      return status.ok();
    });
    return status;
  }

  Groups::Table table;
  std::vector<std::unique_ptr<Sorter>> values;
  std::vector<int> widths;      // the longest text of each key and each operand
  std::vector<Status> damaged;  // since the last look at it

 private:
  static constexpr std::size_t kKnown = 1024;

  Status add(RecordView record) {
    const std::size_t group = group_of(record);
    ++table.rows[group];
    Groups::Numbers* const numbers = table.numbers_of(group);
    for (std::size_t i = 0; i < grouping_->operands.size(); ++i) {
      const Operand& operand = grouping_->operands[i];
      if (operand.is_text()) {
        const auto text = operand.text(record, scratch_);
        if (text.empty()) continue;
        int& width = widths[grouping_->keys.size() + i];
        width = std::max(width, static_cast<int>(text.size()));
        key_.clear();
        add_text_key(text, false, key_);
        add_text(table.texts_of(group)[i], key_, numbers[i].known++ == 0);
        continue;
      }
      const std::uint64_t key = operand.number_key(record);
      if (operand.has_unknown() && key == kUnknownKey) continue;
      add_value(numbers[i], operand.number(record), key, sums_wholes(operand), stddev_[i]);
      if (values[i]) {
        key_ = table.keys[group];
        add_big(key, key_);
        IMREG_TRY(values[i]->add(key_));
      }
    }
    return {};
  }

  // The same bytes are the same group, so the key is made for new bytes only; other bytes may be the same group, too.
  std::size_t group_of(RecordView record) {
    if (!raw_) return new_group_of(record);
    char* to = raw_now_.data();
    for (const auto& key : grouping_->keys) {
      const auto size = static_cast<std::size_t>(key.raw_size());
      std::memcpy(to, record.bytes() + key.raw_offset(), size);
      to += size;
    }
    if (last_->group != kNone && last_->bytes == raw_now_) return last_->group;  // neighbours usually agree
    Known& known = known_[hash_of(raw_now_.data(), raw_now_.size()) % kKnown];
    if (known.group == kNone || known.bytes != raw_now_) {
      known.group = new_group_of(record);
      known.bytes = raw_now_;
    }
    last_ = &known;
    return known.group;
  }
  std::size_t new_group_of(RecordView record) {
    key_.clear();
    for (std::size_t i = 0; i < grouping_->keys.size(); ++i) {
      const Operand& key = grouping_->keys[i];
      if (key.is_text()) widths[i] = std::max(widths[i], static_cast<int>(key.text(record, scratch_).size()));
      key.add_key(record, false, key_);
    }
    return table.find(key_);
  }

  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Known {
    std::string bytes;
    std::size_t group = kNone;
  };
  const Grouping* grouping_;
  const Candidates* candidates_;
  Record copy_;
  Looker looker_;
  bool raw_ = true;
  std::string raw_now_;
  std::vector<Known> known_;
  const Known* last_ = nullptr;
  std::vector<bool> stddev_;
  std::string key_, scratch_;
};

// A group's state as bytes, and back: for the sort, which ends on this machine.
void add_bytes(std::string& to, const void* from, std::size_t size) { to.append(static_cast<const char*>(from), size); }
void take_bytes(std::string_view& from, void* to, std::size_t size) {
  std::memcpy(to, from.data(), size);
  from.remove_prefix(size);
}
void add_counted(std::string& to, const std::string& text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  add_bytes(to, &size, sizeof size);
  to += text;
}
void take_counted(std::string_view& from, std::string& text) {
  std::uint32_t size = 0;
  take_bytes(from, &size, sizeof size);
  text = from.substr(0, size);
  from.remove_prefix(size);
}

// Item: key, number of the part, state, size of the key.
Status put_away(Groups::Table& table, const Grouping& grouping, std::uint64_t part, Sorter& states) {
  std::string item;
  for (std::size_t group = 0; group < table.size(); ++group) {
    item = table.keys[group];
    const auto size = static_cast<std::uint32_t>(item.size());
    add_big(part, item);
    add_bytes(item, &table.rows[group], sizeof(std::int64_t));
    for (std::size_t i = 0; i < grouping.operands.size(); ++i) {
      add_bytes(item, &table.numbers_of(group)[i], sizeof(Groups::Numbers));
      if (!grouping.operands[i].is_text()) continue;
      for (const auto* text : {&table.texts_of(group)[i].low, &table.texts_of(group)[i].high,
                               &table.texts_of(group)[i].first, &table.texts_of(group)[i].last}) {
        add_counted(item, *text);
      }
    }
    add_bytes(item, &size, sizeof size);
    IMREG_TRY(states.add(item));
  }
  table.clear();
  return {};
}

std::string_view key_of(std::string_view item) {
  std::uint32_t size = 0;
  std::memcpy(&size, item.data() + item.size() - sizeof size, sizeof size);
  return item.substr(0, size);
}

}  // namespace

Groups::Groups(Grouping grouping, const Settings& settings)
    : grouping_(std::move(grouping)), states_(Sorter::Settings{settings.memory / 4, settings.folder}) {}

Result<std::unique_ptr<Groups>> Groups::make(Grouping grouping, const Candidates& candidates, const Settings& settings,
                                             std::vector<Status>& damaged) {
  std::unique_ptr<Groups> out(new Groups(std::move(grouping), settings));
  IMREG_TRY(out->collect(candidates, settings, damaged));
  return out;
}

Result<std::unique_ptr<Groups>> Groups::make(Grouping grouping, const std::vector<Counted>& counts,
                                             const Settings& settings) {
  std::unique_ptr<Groups> out(new Groups(std::move(grouping), settings));
  Table table(out->grouping_);
  std::string key, scratch;
  std::vector<int> widths(out->grouping_.keys.size());
  for (const auto& counted : counts) {
    key.clear();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const Operand& operand = out->grouping_.keys[i];
      if (!operand.is_text()) continue;
      widths[i] = std::max(widths[i], static_cast<int>(operand.text(counted.sample.view(), scratch).size()));
    }
    for (const auto& operand : out->grouping_.keys) operand.add_key(counted.sample.view(), false, key);
    table.rows[table.find(key)] += counted.rows;
  }
  IMREG_TRY(out->finish(table, 0, widths));
  return out;
}

// The last part, and the first group.
Status Groups::finish(Table& table, std::uint64_t part, const std::vector<int>& widths) {
  IMREG_TRY(put_away(table, grouping_, part, states_));
  IMREG_TRY(states_.finish());
  values_.resize(grouping_.operands.size());
  for (const auto& values : values_) {
    if (values) IMREG_TRY(values->finish());
  }
  make_schema(widths);
  IMREG_ASSIGN(const auto* first, states_.next());
  has_next_ = first != nullptr;
  if (first) next_ = *first;
  return {};
}

Status Groups::collect(const Candidates& candidates, const Settings& settings, std::vector<Status>& damaged) {
  const std::int64_t count = candidates.file->count();
  const int workers = workers_for(count, settings.jobs);
  // A quarter of the memory each: the table, its sorted parts, and the values whose medians are wanted.
  const auto medians = std::max<std::size_t>(grouping_.operands.size(), 1);
  const Sorter::Settings for_values{settings.memory / 2 / static_cast<std::size_t>(workers) / medians, settings.folder};
  std::vector<std::unique_ptr<Collector>> collectors;
  for (int i = 0; i < workers; ++i)
    collectors.push_back(std::make_unique<Collector>(grouping_, candidates, for_values));
  Table table(grouping_);
  std::uint64_t part = 0;
  const auto collector = [&](int worker) -> Collector& { return *collectors[static_cast<std::size_t>(worker)]; };
  IMREG_TRY(each_block(
      count, workers,
      [&](int worker, std::int64_t from, std::int64_t end) { return collector(worker).add_block(from, end); },
      [&](int worker) {
        table.merge_in(collector(worker).table);
        for (auto& status : std::exchange(collector(worker).damaged, {})) damaged.push_back(std::move(status));
        return table.memory() > settings.memory / 4 ? put_away(table, grouping_, part++, states_) : Status();
      }));
  std::vector<int> widths = collectors[0]->widths;
  values_ = std::move(collectors[0]->values);
  for (std::size_t worker = 1; worker < collectors.size(); ++worker) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], collectors[worker]->widths[i]);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i]) IMREG_TRY(values_[i]->absorb(std::move(*collectors[worker]->values[i])));
    }
  }
  return finish(table, part, widths);
}

void Groups::make_schema(const std::vector<int>& widths) {
  schema_.format = "groups";
  schema_.version = 1;
  schema_.extname = "GROUPS";
  schema_.title = "groups of rows";
  const auto add = [&](FieldInfo field, int width) {
    if (field.type == Type::text && field.count <= 0) field.count = std::max(width, 1);
    field.offset = schema_.record_size;
    schema_.record_size += field.size();
    schema_.fields.push_back(std::move(field));
  };
  for (std::size_t i = 0; i < grouping_.keys.size(); ++i) add(grouping_.keys[i].shape(), widths[i]);
  for (const auto& aggregate : grouping_.aggregates) {
    FieldInfo field;
    field.type = Type::i64;
    field.meaning = "number of rows";
    if (aggregate.function != Function::count) {
      const Operand& operand = grouping_.operands[aggregate.operand];
      const FieldInfo& shape = operand.shape();
      const auto word = std::find_if(kFunctions.begin(), kFunctions.end(),
                                     [&](const auto& f) { return f.second == aggregate.function; });
      const bool f32 = shape.type == Type::f32;
      switch (aggregate.function) {
        case Function::count:
        case Function::known: break;
        case Function::min:
        case Function::max:
        case Function::first:
        case Function::last: field = shape; break;
        case Function::sum: field.type = sums_wholes(operand) ? Type::i64 : Type::f64; break;
        case Function::median: field.type = f32 ? Type::f32 : Type::f64; break;
        case Function::mean:
        case Function::stddev: field.type = Type::f64; break;
      }
      if (aggregate.function != Function::known) field.unit = shape.unit;
      const bool moment = aggregate.function == Function::mean || aggregate.function == Function::median;
      if (moment && operand.is_time()) field.display = Display::time;
      field.meaning =
          (aggregate.function == Function::known ? "known values" : std::string(word->first)) + " of " + shape.name;
      field.source.clear();
    }
    field.name = aggregate.name;
    field.column = to_upper(aggregate.name);
    for (char& c : field.column) {
      if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '_';
    }
    const std::size_t width = grouping_.keys.size() + aggregate.operand;
    add(std::move(field), width < widths.size() ? widths[width] : 0);
  }
}

Result<bool> Groups::next(Record& record) {
  if (!has_next_) return false;
  std::int64_t rows = 0;
  const std::size_t operands = grouping_.operands.size();
  std::vector<Numbers> numbers(operands);
  std::vector<Texts> texts(operands);
  const std::string key(key_of(next_));
  do {  // all parts of the group
    std::string_view state = std::string_view(next_).substr(key.size() + 8);
    std::int64_t more = 0;
    take_bytes(state, &more, sizeof more);
    rows += more;
    for (std::size_t i = 0; i < operands; ++i) {
      Numbers part;
      take_bytes(state, &part, sizeof part);
      if (grouping_.operands[i].is_text()) {
        Texts text;
        for (auto* one : {&text.low, &text.high, &text.first, &text.last}) take_counted(state, *one);
        if (part.known > 0) merge(texts[i], text, numbers[i].known == 0);
      }
      merge(numbers[i], part);
    }
    IMREG_ASSIGN(const auto* item, states_.next());
    has_next_ = item != nullptr;
    if (item) next_ = *item;
  } while (has_next_ && key_of(next_) == key);

  record = Record(static_cast<std::size_t>(schema_.record_size));
  std::string_view left = key;
  std::size_t field = 0;
  for (const auto& operand : grouping_.keys) operand.take_key(left, record, schema_.fields[field++]);
  std::vector<double> medians(operands, std::nan(""));
  for (std::size_t i = 0; i < operands; ++i) {
    if (!values_[i]) continue;
    // The values of this group are the next ones: the middle one, or the mean of the two in the middle.
    const std::int64_t known = numbers[i].known;
    double sum = 0;
    for (std::int64_t n = 0; n < known; ++n) {
      IMREG_ASSIGN(const auto* item, values_[i]->next());
      if (n == (known - 1) / 2 || n == known / 2) {
        const double value = grouping_.operands[i].number_of(load_big<std::uint64_t>(item->data() + item->size() - 8));
        medians[i] = n == (known - 1) / 2 ? value : sum / 2 + value / 2;
        sum = value;
      }
    }
  }
  for (const auto& aggregate : grouping_.aggregates) {
    const FieldInfo& info = schema_.fields[field++];
    const auto put = [&](double value) {
      if (info.type == Type::f32)
        store_big(record.data() + info.offset, static_cast<float>(value));
      else
        store_big(record.data() + info.offset, value);
    };
    if (aggregate.function == Function::count) {
      store_big(record.data() + info.offset, rows);
      continue;
    }
    const Operand& operand = grouping_.operands[aggregate.operand];
    const Numbers& n = numbers[aggregate.operand];
    const auto known = static_cast<double>(n.known);
    const double sum = std::isfinite(n.lost) ? n.sum + n.lost : n.sum;  // infinity takes nothing away
    switch (aggregate.function) {
      case Function::count: break;
      case Function::known: store_big(record.data() + info.offset, n.known); break;
      case Function::sum:
        if (info.type == Type::i64)
          store_big(record.data() + info.offset, n.whole);
        else
          put(n.known > 0 ? sum : std::nan(""));
        break;
      case Function::mean: put(n.known > 0 ? sum / known : std::nan("")); break;
      case Function::median: put(medians[aggregate.operand]); break;
      case Function::stddev: put(n.known > 1 ? std::sqrt(n.squares / (known - 1)) : std::nan("")); break;
      default: {
        const auto of = [&](const auto& a) {
          return aggregate.function == Function::min     ? a.low
                 : aggregate.function == Function::max   ? a.high
                 : aggregate.function == Function::first ? a.first
                                                         : a.last;
        };
        if (operand.is_text()) {
          const std::string text = of(texts[aggregate.operand]);
          std::string_view from = text;
          if (n.known > 0) operand.take_key(from, record, info);
        } else {
          operand.store_key(n.known > 0 ? of(n) : kUnknownKey, record, info);
        }
      }
    }
  }
  return true;
}

}  // namespace imreg
