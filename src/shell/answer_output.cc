// Chooses the format of an answer, draws its picture, writes it when it is whole.
#include "shell/answer_output.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "imreg/chart.h"
#include "trend/table.h"

namespace imreg::cli {

bool is_picture_format(std::string_view format) { return format == "png" || format == "svg"; }

std::string format_of(const StatusOutput& output) {
  return output.format.empty() && !output.path.empty() ? ending_of(output.path) : output.format;
}

std::string ending_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  const std::string ending = dot == name.npos ? "" : to_lower(name.substr(dot + 1));
  if (ending == "jsonl") return "json";
  if (ending == "fit" || ending == "fts") return "fits";
  if (ending == "txt" || ending == "dat") return "text";
  return ending;
}

Status print_answer(std::string_view program, const trend::Answer& answer, const StatusOutput& output,
                    const trend::Request& request) {
  const std::string format = format_of(output);
  const auto formats = trend::table_formats();
  const bool known = is_picture_format(format) || std::find(formats.begin(), formats.end(), format) != formats.end();
  if (!format.empty() && !known) {
    if (!output.format.empty()) {
      std::string list = "png, svg";
      for (const auto& one : formats) list += ", " + one;
      return {Code::invalid, "-format: \"" + format + "\" is none of " + list};
    }
    return {Code::invalid,
            output.path + ": its ending names no format: .png, .svg, .csv, .json, .fits, .npy, .txt, or -format"};
  }
  const bool terminal = ::isatty(1) == 1 && output.path.empty();
  if (terminal && (format == "png" || format == "npy" || format == "fits"))
    return {Code::invalid, "-format " + format + " is not for a terminal: -o FILE"};
  const bool draw = answer.picture && (is_picture_format(format) || (format.empty() && answer.wants_picture));
  if (is_picture_format(format) && !answer.picture)
    return {Code::invalid, request.verb + (request.verb == "hist" ? " of texts" : "") +
                               " has no picture: text, csv, tsv, json, npy or fits"};
  std::string picture;  // made before a file is begun
  if (draw && is_picture_format(format)) {
    chart::Size size;
    if (output.width > 0) size = {output.width, output.height};
    auto drawn = format == "png" ? chart::draw_png(*answer.picture, size) : chart::draw_svg(*answer.picture, size);
    if (!drawn) return drawn.status();
    picture = *std::move(drawn);
  } else if (draw) {
    chart::Terminal shape;
    if (const int columns = terminal_columns(); columns > 0)
      shape.columns = columns, shape.rows = std::clamp(columns * 3 / 10, 12, 40);
    if (output.width > 0) shape.columns = output.width, shape.rows = output.height;
    if (const auto place = terminal_place(); place.width > 0) shape.place = {place.width, place.height};
    shape.colour = terminal;
    const std::string style = !output.style.empty() ? output.style : utf8_locale() ? "braille" : "ascii";
    shape.style = style == "braille" ? chart::TerminalStyle::braille
                  : style == "ascii" ? chart::TerminalStyle::ascii
                                     : chart::TerminalStyle::sixel;
    auto drawn = chart::draw_text(*answer.picture, shape);
    if (!drawn) return drawn.status();
    picture = *std::move(drawn);
  }
  if (!draw && answer.tables.size() > 1 && (format == "npy" || format == "fits"))
    return {Code::invalid, "numbers and texts are two tables: ask for them one by one in " + format};
  std::unique_ptr<Output> out;
  if (output.path.empty()) {
    out = std::make_unique<Output>();
  } else {
    IMREG_ASSIGN(out, Output::to_file(output.path));
  }
  Status status;
  if (draw) {
    out->write(picture);
  } else {
    const trend::TableOptions options{request.rows.dates.tz_hours, terminal ? terminal_columns() : 0, !utf8_locale(),
                                      request.verb == "vec" && !output.path.empty()};
    for (std::size_t i = 0; i < answer.tables.size() && status.ok(); ++i) {
      if (i > 0 && (format.empty() || format == "text" || format == "csv" || format == "tsv")) out->write("\n");
      status = trend::write_table(answer.tables[i], format.empty() ? "text" : format, options, out->sink());
    }
  }
  const Status finished = out->finish(status.ok());
  IMREG_TRY(status);
  IMREG_TRY(finished);
  for (const auto& note : answer.notes) warn(program, note);
  return {};
}

}  // namespace imreg::cli
