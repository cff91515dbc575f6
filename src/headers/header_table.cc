// Writes rows into a header table, and makes the table anew when it must hold more.
//
// Order of the steps, each durable before the next: if it must be, the next version of the table takes its name; the heap's
// entries; the rows. Whenever the machine stops, every row that is there has its header.
#include "headers/header_table.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"
#include "imreg/date.h"
#include "os/walk.h"
#include "record/new_file.h"

namespace imreg::headers {

namespace {

HeapPlace place_of(RecordView row, const OwnFields& own) { return {row[own.heap], row[own.heapcrc]}; }

Columns columns_of(const Schema& schema) {
  Columns out;
  for (const auto& field : schema.fields) out.emplace(field.column, &field);
  return out;
}

// How many of the values have no column that holds them.
int store_all(const Columns& columns, const std::vector<KeyRef>& values, Record& row) {
  int others = 0;
  for (const auto& key : values) {
    const auto column = columns.find(key->column);
    if (column == columns.end() || !store_key(*column->second, *key, row)) ++others;
  }
  return others;
}

// Those that have no column. Headers of a form have its columns.
std::vector<TableReport::NewKeyword> new_keywords(const Columns& columns, const std::vector<HeaderRow>& rows) {
  std::vector<TableReport::NewKeyword> out;
  const bool is_empty =
      std::all_of(columns.begin(), columns.end(), [](const auto& column) { return is_own_field(column.first); });
  std::set<std::string_view> seen;
  std::set<const Form*> forms;
  for (std::size_t i = 0; i < rows.size() && !is_empty; ++i) {
    if (!forms.insert(rows[i].parsed->form.get()).second) continue;
    for (const auto& key : rows[i].parsed->form->values) {
      if (!columns.contains(key->column) && seen.insert(key->column).second)
        out.push_back({rows[i].file, key->keyword});
    }
  }
  return out;
}

// All keywords absent.
Record empty_row(const Schema& schema) {
  Record row(static_cast<std::size_t>(schema.record_size));
  for (const auto& field : schema.fields) {
    if (!is_own_field(field.name)) (void)set_value(row, field, Value());
  }
  return row;
}

}  // namespace

Status check_heap_is_there(const std::string& table, std::int64_t rows) {
  if (!is_missing(heap_of(table))) return {};
  return Status(Code::not_found, "is missing, and its table has " + counted(rows, "row") + ": restore it, or remove " +
                                     table + ", too, and let imingest -again TREE read everything once more")
      .in_file(heap_of(table));
}

Result<HeaderTable> HeaderTable::open(const std::string& path, const Schema& first,
                                      const RecordWriter::Options& options) {
  HeaderTable out;
  out.path_ = path;
  out.options_ = options;
  IMREG_ASSIGN(out.writer_, RecordWriter::open_or_create(path, first, options));
  IMREG_TRY(check_own_fields(out.file().schema()).in_file(path));
  out.know_columns();
  const std::int64_t count = out.file().count();
  if (count > 0) IMREG_TRY(check_heap_is_there(path, count));
  IMREG_ASSIGN(out.heap_, Heap::open_to_write(heap_of(path), path, options.observer));
  // A last row that is damaged lends no model.
  Record row = out.file().make_record();
  if (count > 0 && out.file().read(count - 1, row).ok())
    (void)out.heap_->go_on_behind(place_of(row.view(), OwnFields(out.file().schema())));
  return out;
}

void HeaderTable::know_columns() {
  columns_ = columns_of(file().schema());
  empty_ = empty_row(file().schema());
  stored_forms_.clear();
}

void HeaderTable::find_rows() {
  if (rows_) return;
  rows_.emplace();
  const OwnFields own(file().schema());
  Record scratch = file().make_record();
  for (std::int64_t i = 0; i < file().count(); ++i) {
    const RecordView row = file().peek(i, scratch);
    if (!row[own.deleted]) (*rows_)[row[own.file]].push_back(i);
  }
}

Status HeaderTable::each_header(const std::function<void(const ParsedHeader&)>& visit) const {
  const OwnFields own(file().schema());
  Record row = file().make_record();
  HeaderReader reader;
  for (std::int64_t i = 0; i < file().count(); ++i) {
    IMREG_TRY(file().read(i, row));
    IMREG_ASSIGN(auto cards, heap_->read(place_of(row.view(), own)));
    visit(reader.parse("", Header(std::move(cards))));
  }
  return {};
}

// Which types columns get must not depend on the order of the rows: all are seen until nothing grows any more.
Status HeaderTable::make_room(const std::vector<HeaderRow>& rows, TableReport& report) {
  // Whether the integers that a column has are the same as reals.
  const auto fits = [this](const FieldInfo& column) {
    const FieldInfo* const old = file().schema().find(column.name);
    Record scratch = file().make_record();
    for (std::int64_t i = 0; old && i < file().count(); ++i) {
      const Value value = value_of(file().peek(i, scratch), *old);
      const auto* integer = std::get_if<std::int64_t>(&value);
      if (integer && !is_exact(*integer)) return false;
    }
    return true;
  };
  Growth growth(file().schema());
  // Values that are in the table already fit, as long as no column gets another type.
  const auto see = [&] {
    std::set<const Form*> forms;
    for (const auto& row : rows) {
      growth.see_text("rootname", row.rootname);
      growth.see_text("filename", row.filename);
      const auto& form = row.parsed->form;
      const auto known = growth.has_other_types() ? stored_forms_.end() : stored_forms_.find(form.get());
      if (forms.insert(form.get()).second && known == stored_forms_.end()) {
        for (const auto& key : form->values) growth.see(*key, fits);
      }
      for (const auto& [number, key] : row.parsed->changed) {
        const FieldInfo* const column = known == stored_forms_.end() ? nullptr : known->second.fields[number];
        if (column == nullptr || !holds(*column, *key)) growth.see(*key, fits);
      }
    }
  };
  for (int changes = -1; changes != growth.changes();) {
    changes = growth.changes();
    see();
    if (!growth.has_other_types()) continue;
    IMREG_TRY(each_header([&](const ParsedHeader& old) {
      for (const auto& key : old.values()) growth.see(*key, fits);
    }));
  }
  if (growth.changes() == 0) return {};
  Record scratch = empty_;
  for (const auto& field : growth.schema().fields) {
    const auto old = columns_.find(field.column);
    if (old == columns_.end() || field.type != Type::text || old->second->type == Type::text) continue;
    const auto brings = [&](const HeaderRow& row) {
      const auto values = row.parsed->values();
      return std::any_of(values.begin(), values.end(), [&](const KeyRef& key) {
        return key->column == field.column && !store_key(*old->second, *key, scratch);
      });
    };
    const auto row = std::find_if(rows.begin(), rows.end(), brings);
    if (row != rows.end()) report.texts.push_back({row->file, field.column});
  }
  return remake(growth.schema(), growth.has_other_types());
}

// The whole table again, as another schema has it. When columns have other types now all are filled from the heap, with what the
// cards say: a number that has become a text is as it was written.
Status HeaderTable::remake(const Schema& schema, bool other_types) {
  IMREG_TRY(writer_->checkpoint());
  const RecordFile& old = file();
  IMREG_ASSIGN(const File raw, File::open(path_, File::Mode::read));
  IMREG_ASSIGN(Container container, read_container(raw));
  container.schema = std::make_shared<const Schema>(schema);
  container.uuid = new_uuid();
  const std::string header = make_native_header(schema, container.uuid, format_iso(current_time(), 0).substr(0, 19));
  container.data_offset = static_cast<std::int64_t>(header.size());
  IMREG_ASSIGN(auto out, NewRecordFile::create(path_, header, &raw, container, options_.observer));
  IMREG_TRY(out.reserve(old.count()));

  const OwnFields own(old.schema());
  const Field<std::int32_t> others = OwnFields(schema).others;
  std::vector<std::pair<const FieldInfo*, const FieldInfo*>> same;  // old, new
  for (const auto& field : old.schema().fields) {
    const FieldInfo* now = schema.find(field.name);
    if (now->type == field.type) same.emplace_back(&field, now);
  }
  const Record empty = empty_row(schema);
  const Columns columns = columns_of(schema);
  Record row = old.make_record();
  HeaderReader reader;
  for (std::int64_t i = 0; i < old.count(); ++i) {
    IMREG_TRY(old.read(i, row));
    Record fresh = empty;
    for (const auto& [before, now] : same)
      std::copy_n(row.bytes().data() + before->offset, before->size(), fresh.data() + now->offset);
    if (other_types) {
      IMREG_ASSIGN(auto cards, heap_->read(place_of(row.view(), own)));
      const ParsedHeader parsed = reader.parse("", Header(std::move(cards)));
      fresh.set(others, parsed.form->others + store_all(columns, parsed.values(), fresh));
    }
    IMREG_TRY(out.add(fresh.bytes()));
  }
  IMREG_TRY(out.finish(old.count(), old.change_number()));
  IMREG_TRY(remove_journal(path_, options_.observer));
  IMREG_TRY(out.take_name());
  writer_.reset();  // its file has no name any more; others may write now
  rows_.reset();
  IMREG_ASSIGN(writer_, RecordWriter::open(path_, options_));
  know_columns();
  if (file().uuid() != uuid_text(container.uuid))
    return Status(Code::busy, "another program has made the table anew at the same moment; try again").in_file(path_);
  return {};
}

const HeaderTable::StoredForm& HeaderTable::stored(const std::shared_ptr<const Form>& form) {
  constexpr std::size_t kMost = 64;
  if (const auto known = stored_forms_.find(form.get()); known != stored_forms_.end()) return known->second;
  if (stored_forms_.size() >= kMost) stored_forms_.clear();
  StoredForm out{form};
  out.row = empty_;
  for (const auto& key : form->values) {
    const auto column = columns_.find(key->column);
    out.fields.push_back(column == columns_.end() ? nullptr : column->second);
    if (!out.fields.back() || !store_key(*out.fields.back(), *key, out.row)) ++out.others;
  }
  return stored_forms_.emplace(form.get(), std::move(out)).first->second;
}

Record HeaderTable::row_of(const HeaderRow& from) {
  const OwnFields own(file().schema());
  const HeapPlace place = heap_->add(*from.parsed);
  const StoredForm& form = stored(from.parsed->form);
  Record row = form.row;
  int others = form.others;
  for (const auto& [number, key] : from.parsed->changed) {
    const FieldInfo* const field = form.fields[number];
    if (field == nullptr) continue;
    const auto begin = static_cast<std::size_t>(field->offset), size = static_cast<std::size_t>(field->size());
    std::copy_n(empty_.bytes().data() + begin, size, row.data() + begin);
    if (!store_key(*field, *key, row)) ++others;
  }
  row.set(own.others, from.parsed->form->others + others);
  row.set(own.file, from.file);
  row.set(own.hdu, from.hdu);
  row.set(own.heap, place.offset);
  row.set(own.heapcrc, place.check);
  row.set(own.ingested, from.time);
  row.set(own.deleted, false);
  (void)row.set(own.rootname, from.rootname);  // there is room: make_room()
  (void)row.set(own.filename, from.filename);
  return row;
}

Result<TableReport> HeaderTable::write(std::vector<HeaderRow> rows, const std::vector<std::int64_t>& files) {
  for (auto& row : rows) {
    if (!row.parsed) row.parsed = reader_.parse("", Header(row.cards));
  }
  TableReport report;
  report.new_keywords = new_keywords(columns_, rows);
  IMREG_TRY(make_room(rows, report));
  find_rows();

  report.version = file().schema().version;
  const OwnFields own(file().schema());
  std::vector<RowChange> changes;
  std::string added;
  added.reserve(rows.size() * static_cast<std::size_t>(file().schema().record_size));
  Record old = file().make_record();
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> rows_now;  // of the files that are written
  std::set<std::int64_t> stay;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Record fresh = row_of(rows[i]);
    const auto& known = (*rows_)[rows[i].file];
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](std::int64_t row) { return file().peek(row, old)[own.hdu] == rows[i].hdu; });
    if (same != known.end()) {
      changes.push_back({*same, fresh.bytes()});
      stay.insert(*same);
      rows_now[rows[i].file].push_back(*same);
      ++report.changed;
    } else {
      added += fresh.bytes();
      rows_now[rows[i].file].push_back(file().count() + report.added++);
    }
  }
  for (const auto number : files) {
    const auto known = rows_->find(number);
    if (known == rows_->end()) continue;
    for (const auto row : known->second) {
      if (stay.contains(row)) continue;
      IMREG_TRY(file().read(row, old));
      old.set(own.deleted, true);
      changes.push_back({row, old.bytes()});
      ++report.deleted;
    }
    rows_now.try_emplace(number);
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  IMREG_TRY(heap_->flush());
  IMREG_TRY(writer_->commit(changes, std::move(added)));
  for (auto& [number, list] : rows_now) (*rows_)[number] = std::move(list);
  return report;
}

}  // namespace imreg::headers
