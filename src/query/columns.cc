// Values of many rows as vectors: what statistics and pictures are made of.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <unordered_map>

#include "base/text.h"
#include "os/memory.h"
#include "query/work.h"

namespace imreg {

namespace {

// Different texts as numbers, in the order in which they were met.
class Dictionary {
 public:
  std::uint32_t code_of(std::string_view text) {
    if (!texts_.empty() && text == *last_) return last_code_;  // neighbours usually agree
    const auto [at, is_new] = codes_.try_emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
    if (is_new) texts_.push_back(&at->first);
    last_ = &at->first;
    return last_code_ = at->second;
  }
  std::size_t size() const { return texts_.size(); }
  const std::string& text(std::size_t code) const { return *texts_[code]; }

 private:
  std::unordered_map<std::string, std::uint32_t> codes_;
  std::vector<const std::string*> texts_;  // keys of a map stay where they are
  const std::string* last_ = nullptr;
  std::uint32_t last_code_ = 0;
};

// What stands in one column of some rows.
struct Part {
  std::vector<double> numbers;
  std::vector<std::uint32_t> codes;
  Dictionary dictionary;

  void add(const Operand& operand, RecordView record, std::string& scratch) {
    if (operand.is_text()) {
      codes.push_back(dictionary.code_of(operand.text(record, scratch)));
    } else if (operand.is_word()) {
      codes.push_back(dictionary.code_of(word(operand, record, scratch)));
    } else {
      numbers.push_back(operand.number(record));
    }
  }
  void clear() { numbers.clear(), codes.clear(); }

 private:
  // A code that has no word is printed as a number, everywhere.
  static std::string_view word(const Operand& operand, RecordView record, std::string& scratch) {
    const auto code = static_cast<std::int64_t>(operand.number(record));
    const auto& words = operand.shape().words;
    if (code >= 0 && code < std::ssize(words)) return words[static_cast<std::size_t>(code)];
    return scratch = std::to_string(code);
  }
};

// A column that grows by parts, whose codes are those of its own dictionary.
struct Grown {
  Column column;
  Dictionary dictionary;

  void add(const Part& part, std::vector<std::uint32_t>& code_here) {
    column.numbers.insert(column.numbers.end(), part.numbers.begin(), part.numbers.end());
    while (code_here.size() < part.dictionary.size())
      code_here.push_back(dictionary.code_of(part.dictionary.text(code_here.size())));
    for (const auto code : part.codes) column.codes.push_back(code_here[code]);
  }

  Column finish() {
    std::vector<std::uint32_t> order(dictionary.size()), place(dictionary.size());
    std::iota(order.begin(), order.end(), 0U);
    std::vector<std::string> keys(order.size());
    for (std::size_t i = 0; i < keys.size(); ++i) add_text_key(dictionary.text(i), false, keys[i]);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = static_cast<std::uint32_t>(i);
      column.texts.push_back(dictionary.text(order[i]));
    }
    for (auto& code : column.codes) code = place[code];
    return std::move(column);
  }
};

// One thread's part.
struct Worker {
  Worker(const Candidates& candidates, std::size_t columns, std::vector<int> fetched)
      : looker(candidates, std::move(fetched)),
        copy(candidates.file->make_record()),
        parts(columns),
        code_here(columns) {}
  Looker looker;
  Record copy;
  std::vector<Part> parts;
  std::vector<std::vector<std::uint32_t>> code_here;  ///< of each part's codes: those of the whole
  std::int64_t rows = 0;
  DamagedRows damaged;
  std::string scratch;
};

}  // namespace

Result<Columns> Query::columns(const std::vector<std::string>& expressions, bool checked) const try {
  if (group_) return Status(Code::invalid, "groups have no columns: ask for rows()");
  Work work{*this};
  IMREG_TRY(work.prepare());
  std::vector<Operand> operands;
  std::vector<int> fetched;  // of fields that do not stand where a record begins
  std::vector<Grown> grown(expressions.size());
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    IMREG_ASSIGN(auto operand, Operand::parse(expressions[i], work.schema, settings_));
    for (const auto& field : operand.fields()) {
      if (field.offset >= 64 && std::find(fetched.begin(), fetched.end(), field.offset) == fetched.end())
        fetched.push_back(field.offset);
    }
    grown[i].column.shape = operand.shape();
    grown[i].column.is_text = operand.is_text() || operand.is_word();
    operands.push_back(std::move(operand));
  }
  Columns out;
  const auto take = [&](Worker& worker) {
    for (std::size_t i = 0; i < grown.size(); ++i) grown[i].add(worker.parts[i], worker.code_here[i]);
    out.rows += std::exchange(worker.rows, 0);
    out.report.damaged.add(std::exchange(worker.damaged, {}));
    for (auto& part : worker.parts) part.clear();
  };
  const auto add = [&](Worker& worker, RecordView record) {
    for (std::size_t i = 0; i < operands.size(); ++i) worker.parts[i].add(operands[i], record, worker.scratch);
    ++worker.rows;
  };
  // One operand after the other, while the records are near.
  const auto add_some = [&](Worker& worker, std::span<const char* const> records) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].is_text() || operands[i].is_word()) {
        for (const char* record : records) worker.parts[i].add(operands[i], RecordView(record), worker.scratch);
      } else {
        operands[i].add_numbers(records, worker.parts[i].numbers);
      }
    }
    worker.rows += std::ssize(records);
  };
  const bool in_file_order =
      sort_.empty() && !last_ && offset_ == 0 && limit_ == std::numeric_limits<std::int64_t>::max();
  if (in_file_order) {
    IMREG_ASSIGN(const auto candidates, work.candidates(out.report));
    std::vector<double*>
        places;  // of columns in which nearly each row of the file will have its value, where row 0's goes
    if (const auto most = candidates.chosen ? candidates.chosen->size() : file_->count(); !checked) {
      const auto& conditions = candidates.selection.conditions();
      const bool nearly_all =
          !candidates.chosen && std::all_of(conditions.begin(), conditions.end(),
                                            [](const auto& one) { return one.kind == Condition::Kind::deleted; });
      for (auto& one : grown) {
        auto& numbers = one.column.numbers;
        numbers.reserve(one.column.is_text ? 0 : static_cast<std::size_t>(most));
        prefer_large_pages(numbers.data(), numbers.capacity() * sizeof(double));
        if (nearly_all && numbers.capacity() > 0) places.push_back(numbers.data());
      }
    }
    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < workers_for(file_->count(), jobs_); ++i)
      workers.push_back(std::make_unique<Worker>(candidates, operands.size(), fetched));
    const auto of = [&](int worker) -> Worker& { return *workers[static_cast<std::size_t>(worker)]; };
    IMREG_TRY(each_block(
        file_->count(), jobs_,
        [&](int number, std::int64_t from, std::int64_t end) -> Status {
          Worker& worker = of(number);
          for (double* const place : places)
            make_pages(place + from, static_cast<std::size_t>(end - from) * sizeof(double));
          const auto add_checked = [&](std::int64_t row, RecordView) {
            if (auto read = file_->read(row, worker.copy); !read.ok())
              worker.damaged.add(std::move(read));
            else if (worker.looker.still_matches(worker.copy.view()))
              add(worker, worker.copy.view());
            return true;
          };
          if (checked)
            worker.looker.between(from, end, add_checked);
          else
            worker.looker.some_between(from, end, [&](auto records) { add_some(worker, records); });
          return {};
        },
        [&](int number, std::int64_t) -> Status { return take(of(number)), Status(); }));
  } else {
    IMREG_ASSIGN(Rows answer, rows());
    Worker worker(Candidates{file_, work.selection, {}}, operands.size(), fetched);
    while (answer.next()) {
      add(worker, answer.record());
      if (worker.rows == kRowsOfBlock) take(worker);
    }
    IMREG_TRY(answer.status());
    take(worker);
    out.report = answer.report();
  }
  for (auto& column : grown) out.columns.push_back(column.finish());
  out.report.rows = out.rows;
  return out;
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace imreg
