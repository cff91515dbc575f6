// The trigger line of Elixir's queues (-pt): "fullpath outroot ccd MODE". outroot is where the products of an image go:
// MEF f.fits f/fNN, SPLIT w/wNN.fits w/wNN, SINGLE (and CUBE, SLICE) f.fits f.
#include "emit/trigger.h"

#include <algorithm>

#include "base/text.h"
#include "emit/emit_internal.h"
#include "emit/line_writer.h"

namespace imreg::emit {

namespace {

std::string_view without_suffix(std::string_view name) {
  for (const std::string_view packed : {".gz", ".fz", ".bz2", ".Z"}) {
    if (name.size() > packed.size() && name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  const auto dot = name.rfind('.');
  const bool fits = dot != name.npos && dot > 0 &&
                    (equal_nocase(name.substr(dot), ".fits") || equal_nocase(name.substr(dot), ".fit") ||
                     equal_nocase(name.substr(dot), ".fts"));
  return fits ? name.substr(0, dot) : name;
}

// The three words that say which file, where its products go and which CCD, and their ends in `out`; `put` writes a text.
template <class Put>
char* write_outroot(char* out, std::string_view folder, std::string_view file, std::int64_t ccd, std::string_view mode,
                    const Put& put) {
  const std::string_view stem = without_suffix(file);
  const std::string_view last = folder.substr(folder.rfind('/') + 1);
  if (mode == "SPLIT" && !last.empty()) {
    out = put(out, last);
    *out++ = '/';
  }
  out = stem.empty() ? write_missing<Style::word>(out) : put(out, stem);
  if (mode == "MEF") {
    *out++ = '/';
    out = put(out, stem);
    if (ccd >= 0 && ccd < 10) *out++ = '0';
    out = write_number(out, ccd);
  }
  return out;
}

char* put_words(char* out, std::string_view text) { return text.empty() ? out : write_text<Style::word>(out, text); }

char* write_line(char* out, std::string_view folder, std::string_view file, std::int64_t ccd, std::string_view mode) {
  if (!folder.empty()) {
    out = put_words(out, folder);
    *out++ = '/';
  }
  out = file.empty() ? write_missing<Style::word>(out) : put_words(out, file);
  *out++ = ' ';
  out = write_outroot(out, folder, file, ccd, mode, put_words);
  *out++ = ' ';
  out = write_number(out, ccd);
  *out++ = ' ';
  return out;
}

std::size_t room_for(std::string_view folder, std::string_view file) {
  return 2 * folder.size() + 4 * file.size() + 3 * kIntegerSize + 64;
}

class Trigger {
 public:
  // Cells: pathname, filename, ccd, mode.
  explicit Trigger(std::vector<Cell> cells) : cells_(std::move(cells)) {}

  void put(Context& context, std::int64_t, RecordView record) const {
    const char* const bytes = record.bytes();
    const auto text = [&](const Cell& cell) {
      return trimmed(bytes + cell.offset, static_cast<std::size_t>(cell.text_size));
    };
    const std::string_view path = context.paths.full(text(cells_[0])), file = text(cells_[1]);
    const auto ccd = load_integer(bytes + cells_[2].offset, cells_[2].type);
    context.buffer.commit(write_line(context.buffer.room(room_for(path, file)), path, file, ccd, word(bytes)));
    char* const out = write_cell<Style::word>(context, cells_[3], bytes, 0);
    *out = '\n';
    context.buffer.commit(out + 1);
  }

 private:
  std::string_view word(const char* record) const {
    const auto code = static_cast<std::uint64_t>(load_integer(record + cells_[3].offset, cells_[3].type));
    return code < cells_[3].words.size() ? cells_[3].words[code].text() : std::string_view();
  }

  std::vector<Cell> cells_;
};

}  // namespace

MadeWriter make_trigger(const Schema& schema, const EmitOptions& options, Sink sink) {
  if (!options.fields.empty())
    return Status(Code::invalid, "trigger lines have their own four words: leave out -fields");
  std::vector<Cell> cells;
  for (const char* name : {"pathname", "filename", "ccd", "mode"}) {
    const FieldInfo* field = schema.find(name);
    if (field) cells.push_back(make_cell(schema, *field, Style::word));
  }
  const auto good = [&] {
    return cells.size() == 4 && cells[0].kind == Kind::text && cells[1].kind == Kind::text &&
           cells[2].kind == Kind::integer && cells[3].kind == Kind::word;
  };
  if (!good()) {
    return Status(Code::invalid,
                  "the records have no pathname, filename, ccd and mode of an image, so there are no trigger lines");
  }
  return make_line_writer(Trigger(std::move(cells)), options, std::move(sink));
}

std::string outroot(std::string_view folder, std::string_view file, std::int64_t ccd, std::string_view mode) {
  std::string out(room_for(folder, file), '\0');
  const auto plain = [](char* to, std::string_view text) { return std::copy(text.begin(), text.end(), to); };
  out.resize(static_cast<std::size_t>(write_outroot(out.data(), folder, file, ccd, mode, plain) - out.data()));
  return out;
}

std::string trigger_line(std::string_view folder, std::string_view file, std::int64_t ccd, std::string_view mode) {
  std::string out(room_for(folder, file), '\0');
  out.resize(static_cast<std::size_t>(write_line(out.data(), folder, file, ccd, mode) - out.data()));
  return out += mode;
}

}  // namespace imreg::emit
