# Regions against astropy's separations (cones), plain comparison (boxes) and gnomonic projections in 80-bit numbers (polygons):
# great circles are straight lines there. 100,000 positions and more, many of them within 1e-10 rad of the border.
import os
import random
import subprocess
import sys

import numpy as np
from astropy.coordinates import SkyCoord

TOOL = os.path.join(sys.argv[2], "..", "tests", "region_tool")
random.seed(2718)
L = np.longdouble
PI = L("3.14159265358979323846264338327950288")
RAD = PI / 180
HAIR = 1e-12  # rad; nearer to the border nothing is asked
lines, checks = [], []


def ask(line, check):
    lines.append(line)
    checks.append((line, check))


def is_ok(line, answer):
    assert answer.startswith("ok"), (line, answer)


def some_dec():
    kind = random.randrange(6)
    if kind == 0:
        return random.choice([90, -90, 0])
    if kind == 1:
        return random.choice([-1, 1]) * (90 - 10 ** random.uniform(-9, 1))
    return float(np.degrees(np.arcsin(random.uniform(-1, 1))))


def some_ra():
    return random.choice([0, 359.9999999, 1e-9, 180, random.uniform(0, 360), random.uniform(0, 360), random.uniform(0, 360)])


def vectors(ra, dec):
    ra, dec = np.asarray(ra, L) * RAD, np.asarray(dec, L) * RAD
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], -1)


def degrees(v):
    ra = np.arctan2(v[..., 1], v[..., 0]) / RAD
    return np.asarray(ra, float) % 360, np.asarray(np.arctan2(v[..., 2], np.hypot(v[..., 0], v[..., 1])) / RAD, float)


def offset(ra, dec, angle, away):
    """The directions that lie `away` rad from (ra, dec), at position angles `angle`."""
    ra, dec = L(ra) * RAD, L(dec) * RAD
    centre = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    north = np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), L(0)])
    angle, away = np.asarray(angle, L)[:, None], np.asarray(away, L)[:, None]
    return np.cos(away) * centre + np.sin(away) * (np.cos(angle) * north + np.sin(angle) * east)


def norm(v):
    return v / np.sqrt((v * v).sum(-1, keepdims=True))


def ask_positions(ra, dec, inside, distance, margin):
    """`distance` from the border in rad: within HAIR of it contains() may say either."""
    for r, d, i, far in zip(ra, dec, inside, distance):
        def check(line, answer, i=bool(i), far=float(far)):
            contains, where = answer.split()
            if far > HAIR:
                assert contains == str(int(i)), (line, answer, i, far)
            if far < np.radians(margin) - HAIR:
                assert where == "2", (line, answer, i, far)
            elif where != "2":
                assert where == str(int(i)), (line, answer, i, far)
        ask("at\t%r\t%r\t%r" % (float(r), float(d), margin), check)


def angle_between(a, b):
    c = np.cross(a, b)
    return np.arctan2(np.sqrt((c * c).sum(-1)), (a * b).sum(-1))


# Cones; the positions by astropy.
RADII = [0.01 / 3600, 1 / 3600, 0.5, 5, 60, 89.9999, 90, 90.0001, 120, 179, 179.9, 180]
cone_positions = 0
for _ in range(700):
    ra, dec, radius = some_ra(), some_dec(), random.choice(RADII + [10 ** random.uniform(-6, 2)])
    ask("cone\t%r\t%r\t%r" % (ra, dec, radius), is_ok)
    near = np.concatenate([random.choice([1e-11, 1e-9, 1e-6]) * np.random.default_rng(len(lines)).uniform(-1, 1, 50) + np.radians(radius),
                           np.random.default_rng(len(lines)).uniform(0, min(np.pi, 3 * np.radians(radius)), 40)])
    angles = np.random.default_rng(len(lines)).uniform(0, 2 * np.pi, 100)
    r, d = degrees(offset(ra, dec, angles[:len(near)], np.clip(near, 0, np.pi)))
    r, d = np.append(r, [some_ra() for _ in range(10)]), np.append(d, [some_dec() for _ in range(10)])
    distance = SkyCoord(r, d, unit="deg").separation(SkyCoord(ra, dec, unit="deg")).rad
    ask_positions(r, d, distance <= np.radians(radius), np.abs(distance - np.radians(radius)), min(1, radius / 3))
    cone_positions += len(r)

# Boxes.
for _ in range(200):
    west, east, south, north = some_ra(), some_ra(), some_dec(), some_dec()
    south, north = min(south, north), max(south, north)
    if south == north or west == east:
        continue
    ask("box\t%r\t%r\t%r\t%r" % (west, east, south, north), is_ok)
    for _ in range(100):
        r, d = some_ra(), min(90, max(-90, random.choice([some_dec(), south, north, random.uniform(south, north)])))
        in_ra = west <= r <= east if west <= east else r >= west or r <= east
        inside = south <= d <= north and (in_ra or abs(d) == 90)
        ask("at\t%r\t%r\t0.01" % (r, d), lambda line, answer, inside=inside: (
            answer.split()[0] == str(int(inside)) and answer.split()[1] in ("2", str(int(inside)))) or sys.exit(repr((line, answer, inside))))


def planar_inside(x, y, px, py):
    """Even-odd rule with straight edges; distances are taken on the sphere elsewhere."""
    inside = np.zeros(len(px), bool)
    for i in range(len(x)):
        x1, y1, x2, y2 = x[i - 1], y[i - 1], x[i], y[i]
        over = (y1 > py) != (y2 > py)
        with np.errstate(divide="ignore", invalid="ignore"):
            cut = x1 + (py - y1) * (x2 - x1) / (y2 - y1)
        inside ^= over & (px < cut)
    return inside


def edge_distance(points, corners):
    least = np.full(len(points), L(10))
    for a, b in zip(corners, np.roll(corners, -1, 0)):
        n = norm(np.cross(a, b))
        line = np.abs(points @ n)
        within = (points @ np.cross(n, a) >= 0) & (points @ np.cross(b, n) >= 0)
        ends = np.minimum(angle_between(points, a), angle_between(points, b))
        least = np.minimum(least, np.where(within, np.arcsin(np.clip(line, 0, 1)), ends))
    return least


def project(points, centre):
    """Gnomonic about a unit vector; the far half of the sky becomes NaN."""
    helper = np.array([0, 0, 1], L) if abs(centre[2]) < 0.9 else np.array([1, 0, 0], L)
    u = norm(np.cross(helper, centre))
    v = np.cross(centre, u)
    depth = points @ centre
    depth = np.where(depth > 0, depth, np.nan)
    return points @ u / depth, points @ v / depth


def words_of(corners):
    """And the corners as imreg reads them: the double nearest to what is printed."""
    ra, dec = degrees(corners)
    return " ".join("%r,%r" % (float(r), float(d)) for r, d in zip(ra, dec)), vectors(ra, dec)


# Star-shaped polygons within 80 degrees of their centre, of all sizes, around poles and across 0h.
polygon_positions = 0
for _ in range(400):
    rng = np.random.default_rng(len(lines))
    ra, dec, size = some_ra(), some_dec(), random.choice([0.01 / 3600, 1 / 3600, 0.1, 1, 20, 80, 10 ** random.uniform(-6, 1.9)])
    count = random.randrange(3, 14)
    angles = (np.arange(count) + rng.uniform(0, 0.7, count)) * 2 * np.pi / count
    if max(np.diff(np.append(angles, angles[0] + 2 * np.pi))) > 3:
        continue
    text, corners = words_of(offset(ra, dec, angles if random.random() < 0.5 else -angles, rng.uniform(0.2, 1, count) * np.radians(size)))
    # Walking around one way or the other, from any corner: the same region.
    ask("polygon\t" + text, is_ok)
    centre = vectors(ra, dec)
    a, b = corners, np.roll(corners, -1, 0)
    share = rng.uniform(0, 1, (40, 1))
    which = rng.integers(0, count, 40)
    on = norm(a[which] * (1 - share) + b[which] * share)
    step = rng.normal(size=(40, 3)) * random.choice([1e-11, 1e-10, 1e-8])
    points = norm(np.concatenate([on + step, a + rng.normal(size=a.shape) * 1e-10, offset(
        ra, dec, rng.uniform(0, 2 * np.pi, 40), rng.uniform(0, min(3, 2 * np.radians(size)), 40)), rng.normal(size=(10, 3))]))
    r, d = degrees(points)
    r, d = np.append(r, [0, 0, 180, 359.9999999]), np.append(d, [90, -90, dec, dec])
    points = vectors(r, d)
    x, y = project(corners, centre)
    px, py = project(points, centre)
    inside = planar_inside(x, y, np.where(np.isnan(px), 1e9, px), np.where(np.isnan(px), 1e9, py)) & ~np.isnan(px)
    ask_positions(r, d, inside, edge_distance(points, corners), size / 10)
    polygon_positions += len(r)

# Long strips that wind around the sky (both poles may lie outside, antipodes inside): each piece a convex quadrangle.
for _ in range(60):
    rng = np.random.default_rng(len(lines))
    pole = norm(rng.normal(size=3).astype(L)) if random.random() < 0.7 else np.array([0, 0, random.choice([-1, 1])], L)
    u = norm(np.cross(pole, norm(rng.normal(size=3).astype(L))))
    v = np.cross(pole, u)
    steps = random.randrange(4, 12)
    along = np.linspace(0, np.radians(random.uniform(60, 340)), steps)[:, None].astype(L)
    half = np.radians(random.uniform(0.5, 8))
    side = [np.cos(half) * (np.cos(along) * u + np.sin(along) * v) + s * np.sin(half) * pole for s in (1, -1)]
    text, corners = words_of(np.concatenate([side[0], side[1][::-1]]))
    ask("polygon\t" + text, is_ok)
    points = norm(np.concatenate([rng.normal(size=(120, 3)), np.cos(along) * u + np.sin(along) * v, -(np.cos(along) * u + np.sin(along) * v)]))
    r, d = degrees(points)
    points = vectors(r, d)
    inside = np.zeros(len(points), bool)
    upper, lower = corners[:steps], corners[steps:][::-1]
    for k in range(steps - 1):
        quad = np.stack([lower[k], lower[k + 1], upper[k + 1], upper[k]])
        middle = norm(quad.sum(0))
        x, y = project(quad, middle)
        px, py = project(points, middle)
        inside |= planar_inside(x, y, np.where(np.isnan(px), 1e9, px), np.where(np.isnan(px), 1e9, py)) & ~np.isnan(px)
        # The border between two pieces is none of the region: nothing is asked within a hair of it.
    seams = np.full(len(points), L(10))
    for k in range(1, steps - 1):
        seams = np.minimum(seams, edge_distance(points, np.stack([lower[k], upper[k]])))
    keep = seams > 1e-9
    ask_positions(r[keep], d[keep], inside[keep], edge_distance(points, corners)[keep], 0.3)
    polygon_positions += int(keep.sum())

answers = subprocess.run([TOOL], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
assert len(answers) == len(lines), (len(answers), len(lines))
last = ""
for (line, check), answer in zip(checks, answers):
    if not line.startswith("at"):
        last = line
    try:
        check(line, answer)
    except AssertionError as error:
        sys.exit("%s\n  %s" % (last, error))
assert cone_positions > 60000 and polygon_positions > 40000, (cone_positions, polygon_positions)
print("%d positions: %d of cones, %d of polygons" % (len(lines), cone_positions, polygon_positions))
