// Directions as unit vectors: x towards ra 0, y towards ra 90, z north.
#pragma once

#include <cmath>
#include <numbers>

namespace imreg {

inline constexpr double kDegreesPerRadian = 180 / std::numbers::pi;
/// Directions nearer than this (radians) are the same one: the rounding of what is computed from degrees.
inline constexpr double kSkySlack = 2e-15;

struct Vector {
  double x = 0, y = 0, z = 0;
};

inline Vector operator+(const Vector& a, const Vector& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vector operator-(const Vector& a, const Vector& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vector operator*(double f, const Vector& a) { return {f * a.x, f * a.y, f * a.z}; }
inline double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vector cross(const Vector& a, const Vector& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double length(const Vector& a) { return std::sqrt(dot(a, a)); }
inline Vector unit(const Vector& a) { return (1 / length(a)) * a; }
/// Along the cross product of two unit vectors; exact to the last digits when they are close, too.
inline Vector normal_of(const Vector& a, const Vector& b) { return cross(a - b, a + b); }

/// Degrees; ra finite and best within 0..360.
inline Vector direction(double ra, double dec) {
  const double across = std::cos(dec / kDegreesPerRadian);
  return {across * std::cos(ra / kDegreesPerRadian), across * std::sin(ra / kDegreesPerRadian),
          std::sin(dec / kDegreesPerRadian)};
}

}  // namespace imreg
