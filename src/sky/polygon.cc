// Whether a direction is inside: the arc to it from a direction of which that is known crosses the border an odd number of
// times or not. Each corner is on one side of the arc or on the other (never "on it"), the same for both its edges, so no
// crossing is counted twice or missed, wherever the corners lie; poles and 0h are places like all others.
#include "sky/polygon.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "sky/angle.h"

namespace imreg {

namespace {

constexpr double kPi = std::numbers::pi;
// Of the crossing of a parallel and a great circle that touch, acos() gives half of the digits.
constexpr double kArcPad = 1e-5;  // degrees
constexpr double kBandPad = 1e-8;
// Of the sine of a declination; near a pole that is some milliarcsec.
constexpr double kSinePad = 4e-16;

Status invalid(std::string message) { return {Code::invalid, "the polygon's " + std::move(message)}; }
std::string number(std::size_t corner) { return std::to_string(corner + 1); }

}  // namespace

// Nearer than asin(sine) to the edge, or a little further at its ends.
bool SkyPolygon::beside(const Edge& edge, const Vector& at, double sine) {
  return std::abs(dot(edge.normal, at)) <= sine && dot(edge.ahead, at) >= -sine && dot(edge.back, at) >= -sine;
}

// Whether the arc from..to with this normal crosses the edge.
bool SkyPolygon::crosses(const Vector& from, const Vector& to, const Vector& normal, const Edge& edge) {
  const bool leaves_left = dot(edge.from, normal) >= 0;
  const bool ends_left = dot(edge.to, normal) >= 0;
  if (leaves_left == ends_left) return false;
  const bool from_inside = dot(edge.normal, from) >= 0;
  return from_inside == ends_left && from_inside != (dot(edge.normal, to) >= 0);
}

Status SkyPolygon::join(const std::vector<Vector>& corners) {
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const std::size_t next = (i + 1) % corners.size();
    Edge edge{corners[i], corners[next], {}, {}, {}, 0};
    const Vector normal = normal_of(edge.from, edge.to);
    if (length(edge.from - edge.to) < 1e-13) {
      return invalid("corners " + number(i) + " and " + number(next) + " are the same position; leave one out");
    }
    if (length(edge.from + edge.to) < 1e-9) {
      return invalid("corners " + number(i) + " and " + number(next) +
                     " are opposite to each other, so that many great circles join them; put a corner between them");
    }
    edge.normal = unit(normal);
    edge.ahead = cross(edge.normal, edge.from);
    edge.back = cross(edge.to, edge.normal);
    edge.length = std::atan2(length(normal) / 2, dot(edge.from, edge.to));
    edges_.push_back(edge);
  }
  return {};
}

Status SkyPolygon::check_simple() const {
  const std::size_t count = edges_.size();
  constexpr double kTouch = 1e-13;
  for (std::size_t i = 0; i < count; ++i) {
    const Edge& edge = edges_[i];
    const Edge& next = edges_[(i + 1) % count];
    const double rounding = std::max(1e-9, 1e-15 / std::min(edge.length, next.length));
    if (dot(edge.normal, next.normal) < 0 && std::abs(dot(next.from, cross(edge.normal, next.normal))) < rounding) {
      return invalid("border turns back upon itself at corner " + number((i + 1) % count) +
                     "; give the corners in order around it");
    }
    for (std::size_t j = i + 2; j < count - (i == 0); ++j) {
      const Edge& other = edges_[j];
      if (crosses(edge.from, edge.to, edge.normal, other) || beside(edge, other.from, kTouch) ||
          beside(edge, other.to, kTouch) || beside(other, edge.from, kTouch) || beside(other, edge.to, kTouch)) {
        return invalid("edge from corner " + number(i) + " to " + number(i + 1) + " crosses or touches that from " +
                       number(j) + " to " + number((j + 1) % count) + "; give the corners in order around it");
      }
    }
  }
  return {};
}

// By how much the border turns left in all; 2 pi less the area on its left (Gauss and Bonnet).
double SkyPolygon::turning() const {
  double sum = 0;
  const Edge* last = &edges_.back();
  for (const Edge& edge : edges_) {
    sum += std::atan2(dot(edge.from, cross(last->normal, edge.normal)), dot(last->normal, edge.normal));
    last = &edge;
  }
  return sum;
}

void SkyPolygon::find_reference() {
  constexpr int kCandidates = 200;  // evenly on the sphere, on a spiral
  double best = -1;
  for (int i = 0; i < kCandidates; ++i) {
    const double z = 1 - (2 * i + 1.0) / kCandidates;
    const double turn = i * kPi * (3 - std::sqrt(5.0));
    const double across = std::sqrt(1 - z * z);
    const Vector at{across * std::cos(turn), across * std::sin(turn), z};
    double least = 2;
    for (const Edge& edge : edges_) least = std::min(least, std::abs(dot(edge.normal, at)));
    if (least <= best) continue;
    best = least;
    reference_ = at;
  }
  // The arc to the middle of the longest edge arrives there from the side on which the reference is.
  const Edge& goal =
      *std::max_element(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) { return a.length < b.length; });
  const Vector middle = unit(goal.from + goal.to);
  const Vector normal = normal_of(reference_, middle);
  reference_inside_ = dot(goal.normal, reference_) >= 0;
  for (const Edge& edge : edges_) {
    if (&edge != &goal && crosses(reference_, middle, normal, edge)) reference_inside_ = !reference_inside_;
  }
}

bool SkyPolygon::contains(const Vector& at) const {
  const Vector normal = normal_of(reference_, at);
  bool inside = reference_inside_;
  for (const Edge& edge : edges_) {
    if (crosses(reference_, at, normal, edge)) inside = !inside;
    if (std::abs(dot(edge.normal, at)) <= kSkySlack && beside(edge, at, kSkySlack)) return true;
  }
  return inside;
}

SkyRegion::Where SkyPolygon::classify(double ra, double dec, double margin) const {
  const Vector at = direction(ra, dec);
  const double sine = margin < 90 ? std::sin(margin / kDegreesPerRadian) + kSkySlack : 2;
  for (const Edge& edge : edges_) {
    if (beside(edge, at, sine)) return SkyRegion::Where::border;
  }
  return contains(at) ? SkyRegion::Where::inside : SkyRegion::Where::outside;
}

void SkyPolygon::find_band() {
  double low = 90, high = -90;
  for (const Edge& edge : edges_) {
    const double dec = std::atan2(edge.from.z, std::hypot(edge.from.x, edge.from.y));
    low = std::min(low, dec * kDegreesPerRadian);
    high = std::max(high, dec * kDegreesPerRadian);
    // The northernmost place of its circle is on the edge when that goes north first and south in the end.
    const double top = std::atan2(std::hypot(edge.normal.x, edge.normal.y), std::abs(edge.normal.z));
    if (edge.ahead.z >= -kSinePad && edge.back.z >= -kSinePad) high = std::max(high, top * kDegreesPerRadian);
    if (edge.ahead.z <= kSinePad && edge.back.z <= kSinePad) low = std::min(low, -top * kDegreesPerRadian);
  }
  if (contains(Vector{0, 0, 1})) high = 90;
  if (contains(Vector{0, 0, -1})) low = -90;
  band_ = {std::max(low - kBandPad, -90.0), std::min(high + kBandPad, 90.0)};
}

// North of any place of the region within the two parallels there is an edge between them, or the northern parallel with the
// place inside. So the right ascensions are those of the edges' pieces and those of the northern parallel's inside parts.
RaArc SkyPolygon::arc(double dec_low, double dec_high) const {
  if (!(std::max(dec_low, band_.low) <= std::min(dec_high, band_.high))) return {};
  constexpr RaArc kAll{0, 360};
  constexpr double kRounding = 1e-7;  // radians; a crossing that is found twice does no harm
  const double z_low = std::sin(std::max(dec_low, -90.0) / kDegreesPerRadian) - kSinePad;
  const double z_high = std::min(std::sin(std::min(dec_high, 90.0) / kDegreesPerRadian) + kSinePad, 1.0);
  const double high_across = std::sqrt((1 - z_high) * (1 + z_high));
  const auto on_high = [&](double ra) {
    return Vector{high_across * std::cos(ra / kDegreesPerRadian), high_across * std::sin(ra / kDegreesPerRadian),
                  z_high};
  };
  std::vector<RaArc> arcs;
  std::vector<double> crossings;  // of the northern parallel, degrees
  for (const Edge& edge : edges_) {
    std::vector<double> steps = {0, edge.length};
    const auto place = [&](double step) { return std::cos(step) * edge.from + std::sin(step) * edge.ahead; };
    const double largest = std::hypot(edge.from.z, edge.ahead.z);
    const double top = std::atan2(edge.ahead.z, edge.from.z);
    for (const double z : {z_low, z_high}) {
      if (!(std::abs(z) < largest)) continue;
      for (const double side : {-1.0, 1.0}) {
        double step = std::remainder(top + side * std::acos(z / largest), 2 * kPi);
        if (step < -kRounding || step > edge.length + kRounding) continue;
        step = std::clamp(step, 0.0, edge.length);
        steps.push_back(step);
        const Vector at = place(step);
        if (z == z_high) crossings.push_back(normalize_degrees(std::atan2(at.y, at.x) * kDegreesPerRadian));
      }
    }
    std::sort(steps.begin(), steps.end());
    for (std::size_t i = 1; i < steps.size(); ++i) {
      const double middle = place((steps[i - 1] + steps[i]) / 2).z;
      if (middle < z_low || middle > z_high) continue;
      const Vector a = place(steps[i - 1]), b = place(steps[i]);
      const double across = std::max(1e-12, std::min(std::hypot(a.x, a.y), std::hypot(b.x, b.y)));
      const double turn = std::atan2(cross(a, b).z, a.x * b.x + a.y * b.y) * kDegreesPerRadian;
      const Vector& west = turn > 0 ? a : b;
      const double pad = kArcPad / across;
      arcs.push_back(
          {normalize_degrees(std::atan2(west.y, west.x) * kDegreesPerRadian - pad), std::abs(turn) + 2 * pad});
    }
  }
  std::sort(crossings.begin(), crossings.end());
  if (crossings.empty() && contains(on_high(0))) return kAll;
  for (std::size_t i = 0; i < crossings.size(); ++i) {
    const double end = i + 1 < crossings.size() ? crossings[i + 1] : crossings[0] + 360;
    if (contains(on_high((crossings[i] + end) / 2))) arcs.push_back({crossings[i], end - crossings[i]});
  }
  if (arcs.empty()) return {};

  // One arc around all: the largest gap is outside. A gap of rounding is none.
  std::sort(arcs.begin(), arcs.end(), [](const RaArc& a, const RaArc& b) { return a.start < b.start; });
  double largest_gap = 10 * kArcPad / std::max(high_across, 1e-7);
  double reached = -360;  // the furthest east that the arcs so far come; those of the turn before count
  for (const RaArc& each : arcs) reached = std::max(reached, each.start + each.width - 360);
  RaArc around = kAll;
  for (const RaArc& each : arcs) {
    if (const double gap = each.start - reached; gap > largest_gap) {
      largest_gap = gap;
      around = {each.start, 360 - gap};
    }
    reached = std::max(reached, each.start + each.width);
  }
  return around;
}

Result<SkyPolygon> SkyPolygon::make(std::vector<std::pair<double, double>> corners) {
  if (corners.size() > 1 && corners.front() == corners.back()) corners.pop_back();
  if (corners.size() < 3) {
    return Status(Code::invalid, "a polygon needs at least 3 corners, this one has " + std::to_string(corners.size()));
  }
  if (corners.size() > SkyRegion::kMaxCorners) {
    return Status(Code::invalid, "a polygon has at most " + std::to_string(SkyRegion::kMaxCorners) +
                                     " corners, this one has " + std::to_string(corners.size()));
  }
  std::vector<Vector> places;
  for (const auto& [ra, dec] : corners) places.push_back(direction(ra, dec));
  SkyPolygon polygon;
  IMREG_TRY(polygon.join(places));
  IMREG_TRY(polygon.check_simple());
  if (polygon.turning() < -1e-12) {  // the smaller side is on the right
    std::reverse(places.begin(), places.end());
    polygon.edges_.clear();
    IMREG_TRY(polygon.join(places));
  }
  polygon.find_reference();
  polygon.find_band();
  return polygon;
}

}  // namespace imreg
