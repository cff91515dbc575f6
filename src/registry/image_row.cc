// Fills a registration record, makes its keys, and merges or renews rows of the same image.
#include "registry/image_row.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/text.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Status store_text(Record& row, Field<Text> field, const char* name, std::string_view text, const std::string& remedy) {
  if (row.set(field, text)) return {};
  return {Code::invalid, std::string(name) + " \"" + std::string(text) + "\" has " + std::to_string(text.size()) +
                             " bytes, its field " + std::to_string(field.count) + ": " + remedy};
}

int type_code(const std::string& word) {
  const auto* field = builtin_format(regimage::kFormat, regimage::kVersion)->find("type");
  for (std::size_t code = 0; code < field->words.size(); ++code) {
    if (equal_nocase(field->words[code], word)) return static_cast<int>(code);
  }
  return 0;
}

}  // namespace

Result<Record> make_image_row(const ImageFacts& image, const FileIdentity& file, const PathRoots& roots, double now) {
  Record row(regimage::kRecordSize);
  const auto number = [&row](auto field, const Fact<double>& fact) { row.set(field, fact.value.value_or(kUnknown)); };
  number(regimage::kObstime, image.obstime);
  number(regimage::kRa, image.ra);
  number(regimage::kDec, image.dec);
  number(regimage::kExptime, image.exptime);
  number(regimage::kAirmass, image.airmass);
  number(regimage::kTelfocus, image.telfocus);
  number(regimage::kRotangle, image.rotangle);
  number(regimage::kDettemp, image.dettemp);
  for (int i = 0; i < 4; ++i) number(regimage::kTeltemp(i), image.teltemp[i]);
  number(regimage::kXprobe, image.xprobe);
  number(regimage::kYprobe, image.yprobe);
  number(regimage::kZprobe, image.zprobe);
  number(regimage::kRelease, image.release);
  row.set(regimage::kSeqtime, kUnknown);
  row.set(regimage::kFwhm, kUnknown);
  row.set(regimage::kSky, kUnknown);
  row.set(regimage::kBias, kUnknown);

  const int ccd = image.ccd.value.value_or(0);
  if (ccd < 0 || ccd > 32767) return Status(Code::invalid, "CCD number " + std::to_string(ccd) + " is not 0 to 32767");
  if (image.extension > 32767)
    return Status(Code::invalid, "extension " + std::to_string(image.extension) + " is beyond 32767");
  row.set(regimage::kCcd, ccd);
  row.set(regimage::kExtension, image.extension);
  row.set(regimage::kSlice, image.slice);
  row.set(regimage::kType, type_code(image.type.value.value_or("none")));
  row.set(regimage::kMode, static_cast<int>(image.mode));
  row.set(regimage::kFlag, image.obstime_is_day ? kDayOnly : 0);
  row.set(regimage::kDeleted, false);
  row.set(regimage::kRegtime, now);
  row.set(regimage::kMtime, file.mtime);
  row.set(regimage::kFilesize, file.size);
  row.set(regimage::kFingerprint, file.fingerprint);

  // Texts of FITS end before their trailing blanks (FITS 4.0, 4.2.1): the row would be that of another file.
  for (const std::string& name : {file.name, file.folder}) {
    if (name.ends_with(' '))
      return Status(Code::invalid, "\"" + name + "\" ends in a blank, which a record cannot hold; rename it");
  }
  IMREG_TRY(store_text(row, regimage::kFilename, "the file name", file.name, "give the file a shorter name"));
  IMREG_TRY(store_text(row, regimage::kPathname, "the path", roots.shorten(file.folder),
                       "define a path root for its upper part (imregister -root NAME=PREFIX)"));
  IMREG_TRY(store_text(row, regimage::kFilter, "the filter", image.filter.value.value_or(""),
                       "give it a shorter name in a camera table (-camera FILE.cam)"));
  IMREG_TRY(store_text(row, regimage::kInstrument, "the instrument", image.instrument.value.value_or(""),
                       "name it in a camera table (-camera FILE.cam)"));
  IMREG_TRY(store_text(row, regimage::kObject, "the object", image.object.value.value_or(""),
                       "take another keyword for it in a camera table (-camera FILE.cam)"));
  return row;
}

std::string file_key_of(RecordView row, const PathRoots& roots) {
  std::string key = roots.expand(row[regimage::kPathname]);
  key += '\n';
  key += row[regimage::kFilename];
  return key;
}

std::string file_key_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return (slash == 0 ? "/" : path.substr(0, slash)) + '\n' + path.substr(slash + 1);
}

std::string key_of(RecordView row, const PathRoots& roots) {
  std::string key = file_key_of(row, roots);
  key += '\n';
  key += std::to_string(row[regimage::kExtension]);
  key += ' ';
  key += std::to_string(row[regimage::kSlice]);
  return key;
}

StatisticState statistic_state(RecordView row, Statistic which) { return state_in(row[regimage::kProcstate], which); }

void set_statistic_state(Record& row, Statistic which, StatisticState state) {
  const int shift = shift_of(which);
  row.set(regimage::kProcstate, (row[regimage::kProcstate] & ~(3 << shift)) | (static_cast<int>(state) << shift));
}

bool is_unplaced(RecordView row) {
  return row[regimage::kExtension] == 0 && row[regimage::kSlice] == 0 && row[regimage::kFingerprint] == 0 &&
         row[regimage::kFilesize] == 0 && std::isnan(row[regimage::kMtime]);
}

namespace {

// What is known is later than what is not.
bool later(double a, double b) { return !std::isnan(a) && !(b >= a); }

constexpr std::pair<Statistic, Field<float>> kStatistics[] = {
    {Statistic::bias, regimage::kBias}, {Statistic::sky, regimage::kSky}, {Statistic::fwhm, regimage::kFwhm}};

}  // namespace

Record merged_row(RecordView ours, RecordView theirs) {
  const bool no_times = std::isnan(ours[regimage::kMtime]) && std::isnan(theirs[regimage::kMtime]);
  const auto time = no_times ? regimage::kRegtime : regimage::kMtime;
  const bool theirs_is_newer = later(theirs[time], ours[time]);
  const RecordView newer = theirs_is_newer ? theirs : ours, older = theirs_is_newer ? ours : theirs;
  Record out(std::string_view(newer.bytes(), regimage::kRecordSize));
  const auto copy = [&out](RecordView from, auto field) { out.set(field, from[field]); };
  // The first registration. Elixir's is the same one when it only lacks the parts of the second.
  const double first = older[regimage::kRegtime], last = newer[regimage::kRegtime];
  if (!no_times && first < last && !(is_unplaced(older) && first == std::floor(last))) copy(older, regimage::kRegtime);
  if (is_same_file(ours, theirs)) {
    for (const auto& [which, field] : kStatistics) {
      const auto mine = statistic_state(ours, which), other = statistic_state(theirs, which);
      const bool take_theirs = mine != StatisticState::measured &&
                               (other == StatisticState::measured || mine == StatisticState::not_measured);
      copy(take_theirs ? theirs : ours, field);
      set_statistic_state(out, which, take_theirs ? other : mine);
    }
    // What the newer row does not know, and the older one does.
    for (const auto& field : builtin_format(regimage::kFormat, regimage::kVersion)->fields) {
      if (field.type != Type::f32 && field.type != Type::f64 && field.type != Type::text) continue;
      if (statistic_of(field.name)) continue;
      const int elements = field.type == Type::text ? 1 : field.count;
      const int size = field.size() / elements;
      for (int i = 0; i < elements; ++i) {
        const Value value = value_of(newer, field, i);
        if (std::holds_alternative<std::monostate>(value) || value == Value(std::string_view()))
          std::memcpy(out.data() + field.offset + i * size, older.bytes() + field.offset + i * size,
                      static_cast<std::size_t>(size));
      }
    }
  }
  // How well the time is known goes with the time.
  const RecordView timed =
      std::isnan(newer[regimage::kObstime]) && !std::isnan(out[regimage::kObstime]) ? older : newer;
  const int both = ours[regimage::kFlag] | theirs[regimage::kFlag];
  out.set(regimage::kFlag, (both & ~kDayOnly) | (timed[regimage::kFlag] & kDayOnly));
  copy(ours[regimage::kQuality] != 0 ? ours : theirs, regimage::kQuality);
  copy(ours[regimage::kSeq] != 0 ? ours : theirs, regimage::kSeq);
  copy(std::isnan(ours[regimage::kSeqtime]) ? theirs : ours, regimage::kSeqtime);
  // Ours keeps its name, and what is no content: an unchanged row compares equal.
  (void)out.set(regimage::kPathname, ours[regimage::kPathname]);
  (void)out.set(regimage::kFilename, ours[regimage::kFilename]);
  copy(ours, regimage::kChangeno);
  copy(ours, regimage::kCrc);
  return out;
}

bool is_same_file(RecordView a, RecordView b) {
  return is_unplaced(a) || is_unplaced(b) ||
         (a[regimage::kFingerprint] == b[regimage::kFingerprint] && a[regimage::kFilesize] == b[regimage::kFilesize] &&
          a[regimage::kMtime] == b[regimage::kMtime]);
}

Record renewed_row(RecordView old_row, Record fresh) {
  const auto keep = [&](auto field) { fresh.set(field, old_row[field]); };
  fresh.set(regimage::kFlag, (old_row[regimage::kFlag] & ~kDayOnly) | (fresh[regimage::kFlag] & kDayOnly));
  keep(regimage::kQuality);
  keep(regimage::kRegtime);
  keep(regimage::kSeq);
  keep(regimage::kSeqtime);
  if (is_same_file(old_row, fresh.view())) {
    keep(regimage::kProcstate);
    keep(regimage::kBias);
    keep(regimage::kSky);
    keep(regimage::kFwhm);
    // They may be from a log that is not there any more.
    for (int i = 0; i < regimage::kTeltemp.count; ++i) {
      if (std::isnan(fresh[regimage::kTeltemp(i)])) keep(regimage::kTeltemp(i));
    }
  }
  // Not part of the content: so an unchanged row compares equal to the old one.
  fresh.set(regimage::kChangeno, old_row[regimage::kChangeno]);
  fresh.set(regimage::kCrc, old_row[regimage::kCrc]);
  return fresh;
}

}  // namespace imreg
