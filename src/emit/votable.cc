// VOTable 1.4 (IVOA), TABLEDATA: units, UCDs and meanings in the head, then one line of XML a row. Nothing needs the
// number of rows, so it streams. What is not known is an empty TD (NaN inside arrays), whatever the type; times are
// seconds.
#include <string>

#include "base/text.h"
#include "emit/emit_internal.h"
#include "emit/line_writer.h"

namespace imreg::emit {

namespace {

// UCD1+ of the fields that registrations have.
struct Ucd {
  const char* field;
  const char* ucd;
};
constexpr Ucd kUcds[] = {
    {"obstime", "time.start;obs.exposure"},
    {"exptime", "time.duration;obs.exposure"},
    {"ra", "pos.eq.ra;meta.main"},
    {"dec", "pos.eq.dec;meta.main"},
    {"ccd", "meta.id;instr.det"},
    {"type", "meta.code.class;obs"},
    {"mode", "meta.code"},
    {"flag", "meta.code"},
    {"quality", "meta.code.qual"},
    {"fwhm", "phys.angSize;instr.det.psf"},
    {"sky", "instr.skyLevel"},
    {"airmass", "obs.airMass"},
    {"regtime", "time.creation"},
    {"release", "time.release"},
    {"filesize", "phys.size;meta.file"},
    {"rotangle", "pos.posAng;instr"},
    {"dettemp", "phys.temperature;instr.det"},
    {"teltemp", "phys.temperature;instr.tel"},
    {"filename", "meta.id;meta.file"},
    {"filter", "meta.id;instr.filter"},
    {"instrument", "meta.id;instr"},
    {"object", "meta.id;src"},
    {"count", "meta.number"},
};

const char* datatype_of(const Cell& cell) {
  switch (cell.kind) {
    case Kind::text:
    case Kind::word: return "unicodeChar";
    case Kind::boolean: return "boolean";
    case Kind::real32: return "float";
    case Kind::real64:
    case Kind::time: return "double";
    case Kind::scaled: return cell.scaled_to_integer() ? "long" : "double";
    case Kind::integer: break;
  }
  switch (cell.type) {
    case Type::u8: return "unsignedByte";
    case Type::i16: return "short";
    case Type::i32: return "int";
    default: return "long";
  }
}

std::string escaped(std::string_view text) {
  std::string out(kMostGrowth * text.size() + kQuotes + 8, '\0');
  out.resize(static_cast<std::size_t>(write_careful(Style::xml, out.data(), text) - out.data()));
  return out;
}

std::string attribute(const char* name, std::string_view value) {
  return value.empty() ? "" : ' ' + std::string(name) + "=\"" + escaped(value) + '"';
}

std::string description(std::string_view text) {
  return text.empty() ? "" : "<DESCRIPTION>" + escaped(text) + "</DESCRIPTION>";
}

std::string field_element(const Cell& cell) {
  const bool text = cell.kind == Kind::text || cell.kind == Kind::word;
  std::string out = "<FIELD" + attribute("name", cell.name()) + attribute("datatype", datatype_of(cell));
  if (text || cell.array) out += attribute("arraysize", text ? "*" : std::to_string(cell.elements));
  out += attribute("unit", cell.field.unit);
  for (const auto& known : kUcds) {
    if (equal_nocase(known.field, cell.field.name)) out += attribute("ucd", known.ucd);
  }
  if (cell.kind == Kind::time) out += attribute("ref", "unix");
  if (cell.field.meaning.find("ICRS") != std::string::npos) out += attribute("ref", "icrs");
  return out + '>' + description(cell.field.meaning) + "</FIELD>\n";
}

class Votable {
 public:
  Votable(const Schema& schema, std::vector<Cell> cells) : cells_(std::move(cells)) {
    std::string fields;
    for (const auto& cell : cells_) fields += field_element(cell);
    head_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<VOTABLE version=\"1.4\" xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n"
        "<RESOURCE type=\"results\">\n"
        "<INFO name=\"creator\" value=\"imreg " IMREG_VERSION "\"/>\n";
    // Both only where a field refers to them.
    if (fields.find("ref=\"icrs\"") != std::string::npos) head_ += "<COOSYS ID=\"icrs\" system=\"ICRS\"/>\n";
    if (fields.find("ref=\"unix\"") != std::string::npos) {
      head_ += "<TIMESYS ID=\"unix\" timeorigin=\"2440587.5\" timescale=\"UTC\" refposition=\"TOPOCENTER\"/>\n";
    }
    head_ += "<TABLE" + attribute("name", schema.extname) + ">\n";
    if (!schema.title.empty()) head_ += description(schema.title) + '\n';
    head_ += fields + "<DATA><TABLEDATA>\n";
  }

  void begin(Context& context) const { put_text(context, head_); }
  void put(Context& context, std::int64_t, RecordView record) const {
    const Snippet* before = &first_;
    for (const auto& cell : cells_) {
      context.buffer.commit(before->write(context.buffer.room(before->room())));
      before = &next_;
      for (int element = 0; element < cell.elements; ++element) {
        char* out = write_cell<Style::xml>(context, cell, record.bytes(), element);
        if (cell.array) {
          if (out == context.buffer.room(0)) {  // an array has no empty places
            const std::string_view unknown = cell.real() ? "NaN" : "0";
            out = std::copy(unknown.begin(), unknown.end(), out);
          }
          *out++ = ' ';
        }
        context.buffer.commit(out);
      }
    }
    context.buffer.commit(last_.write(context.buffer.room(last_.room())));
  }
  void end(Context& context) const { put_text(context, "</TABLEDATA></DATA></TABLE>\n</RESOURCE>\n</VOTABLE>\n"); }

 private:
  std::vector<Cell> cells_;
  std::string head_;
  Snippet first_{"<TR><TD>"}, next_{"</TD><TD>"}, last_{"</TD></TR>\n"};
};

}  // namespace

MadeWriter make_votable(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto cells, make_distinct_cells(schema, options.fields, Style::xml));
  return make_line_writer(Votable(schema, std::move(cells)), options, std::move(sink));
}

}  // namespace imreg::emit
