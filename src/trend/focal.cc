// focal: one value for each CCD, where it stands in the camera. The places are those that DETSEC tells, by the recipe of the
// camera's table, in the newest file of the selection that can be read; without them, those of the table's layout, which is that of
// the instrument when no file can be read; without it the CCDs are drawn in their order.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "imreg/camera.h"
#include "imreg/fits_file.h"
#include "imreg/vectors.h"
#include "registry/path_roots.h"
#include "trend/groups.h"
#include "trend/verbs.h"

namespace imreg::trend {

namespace {

struct Box {
  double x0, y0, x1, y1;
};
using Places = std::map<int, Box>;

// "[1:2048,1:4612]"; backwards is the same place.
bool parse_section(std::string_view text, Box& box) {
  text = trim(text);
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  std::vector<double> ends;
  for (const auto side : split(text.substr(1, text.size() - 2), ',')) {
    for (const auto end : split(side, ':')) {
      if (!parse_number(end, ends.emplace_back())) return false;
    }
  }
  if (ends.size() != 4) return false;
  box = {std::min(ends[0], ends[1]) - 1, std::min(ends[2], ends[3]) - 1, std::max(ends[0], ends[1]),
         std::max(ends[2], ends[3])};
  return true;
}

bool overlap(const Box& a, const Box& b) { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1; }

// A CCD in a frame of cells twice as high as wide; the rows go down.
Box cell(int column, int row) {
  const double x = column, y = -2.0 * row;
  return {x + 0.02, y + 0.04, x + 0.98, y + 1.96};
}

Places places_of(const std::vector<std::vector<int>>& layout) {
  Places out;
  for (int row = 0; row < std::ssize(layout); ++row) {
    const auto& ccds = layout[static_cast<std::size_t>(row)];
    for (int column = 0; column < std::ssize(ccds); ++column) {
      const int ccd = ccds[static_cast<std::size_t>(column)];
      if (ccd >= 0) out[ccd] = cell(column, row);
    }
  }
  return out;
}

// What the table says that a file of this instrument would be read by.
Places places_of_instrument(const Cameras& cameras, const std::string& instrument) {
  FitsHeaders headers;
  headers.hdus.emplace_back();
  headers.hdus[0].header.add("INSTRUME", instrument);
  const auto facts = cameras.translate("", headers, {.camera = "", .explain = true});
  return facts ? places_of(facts->layout) : Places();
}

// What the files of the newest exposure say, or one before it; else what the camera's table says.
Places known_places(Workspace& workspace, const Request& request) {
  SearchOptions newest = request.rows;
  newest.sort = "-obstime";
  newest.limit = 2000;
  newest.last.reset();
  const auto found = workspace.evaluate({"obstime", "pathname", "filename", "instrument"}, newest);
  const auto roots = PathRoots::load(request.rows.database);
  const auto cameras = Cameras::load(request.rows.cameras);
  Places out;
  if (!found || !roots || !cameras) return out;
  const auto& [times, folders, names] = std::tie((*found)[0], (*found)[1], (*found)[2]);
  std::vector<std::vector<int>> layout;
  int unreadable = 0;
  std::string last;
  for (std::size_t i = 0; i < times->size() && unreadable < 20; ++i) {
    const std::string path = roots->expand(folders->text(i)) + "/" + names->text(i);
    if (path == last) continue;
    last = path;
    if (!out.empty() && times->column.numbers[i] != times->column.numbers[i - 1]) break;  // the exposure is whole
    const auto headers = read_fits_headers(path);
    if (!headers) {
      ++unreadable;
      continue;
    }
    const auto facts = cameras->translate(path, *headers, {.camera = "", .explain = true});
    if (!facts) continue;
    if (layout.empty()) layout = facts->layout;
    for (const auto& image : facts->images) {
      Box box{};
      if (image.detsec.value && parse_section(*image.detsec.value, box)) out.emplace(image.ccd.value.value_or(0), box);
    }
  }
  for (auto a = out.begin(); a != out.end(); ++a) {
    for (auto b = std::next(a); b != out.end(); ++b) {
      if (!overlap(a->second, b->second)) continue;
      out.clear();  // every CCD in a frame of its own
      break;
    }
    if (out.empty()) break;
  }
  if (out.empty()) out = places_of(layout);
  const Vector& instruments = *(*found)[3];
  if (out.empty() && instruments.size() > 0) out = places_of_instrument(*cameras, instruments.text(0));
  return out;
}

Places in_rows(const std::vector<int>& ccds) {
  const int columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(ccds.size()) * 2)));
  Places out;
  for (int i = 0; i < static_cast<int>(ccds.size()); ++i) {
    out[ccds[static_cast<std::size_t>(i)]] = cell(i % columns, i / columns);
  }
  return out;
}

}  // namespace

Result<Answer> focal(Workspace& workspace, const Request& request) {
  if (!request.by.empty()) return Status(Code::invalid, "focal has a value for each CCD: leave out -by");
  Request asked = request;
  asked.by = {"ccd"};
  IMREG_ASSIGN(const auto operands, operands_of(workspace, asked, Taking::numbers));
  const Vector& vector = *operands.vectors[0];
  Answer out;
  Table& table = out.tables.emplace_back();
  chart::FocalPlane picture;
  picture.title = request.look.title.empty() ? request.words[0] + " by CCD" : request.look.title;
  picture.label = "median " + request.words[0];
  picture.unit = vector.column.shape.unit;
  std::vector<int> ccds;
  std::vector<double> medians;
  for (const auto& group : operands.groups.groups()) {
    const auto s = vectors::summarize(numbers_in(group, vector), {.percents = {}, .clip = request.clip, .weights = {}});
    operands.groups.add_keys(table, group, 1);
    table["n"].is_count = true;
    table["n"].add(static_cast<double>(s.n));
    table["median"].add(s.median, vector.is_time());
    table["mean"].add(s.mean, vector.is_time());
    table["sigma"].add(s.sigma);
    ccds.push_back(static_cast<int>(table.columns[0].numbers.back()));
    medians.push_back(s.median);
  }
  Places places = known_places(workspace, request);
  const bool known = std::all_of(ccds.begin(), ccds.end(), [&](int ccd) { return places.contains(ccd); });
  if (!known) {
    places = in_rows(ccds);
    picture.notes.push_back(
        "in their order: neither a file (DETSEC) nor a camera table (layout) tells where the CCDs stand");
  }
  for (std::size_t i = 0; i < ccds.size(); ++i) {
    const Box& box = places[ccds[i]];
    picture.chips.push_back({std::to_string(ccds[i]), box.x0, box.y0, box.x1, box.y1, medians[i]});
  }
  out.picture = std::move(picture);
  out.wants_picture = true;
  return out;
}

}  // namespace imreg::trend
