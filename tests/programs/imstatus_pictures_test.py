"""Pictures of imstatus as data: an SVG is read, and what stands in it is held against the numbers: points, error bars, bars, curves, groups, maps, chips, texts."""
import xml.etree.ElementTree as tree
from status import *

NS = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
COLOURS = ["#1c52a0", "#ce4c10", "#207a3e", "#942c80", "#a67600"]


class Svg:
    def __init__(self, name):
        self.root = tree.fromstring(read(name))
        self.paths = [(p.get("d"), p.get("stroke"), p.get("fill"), p.get("stroke-linecap")) for p in self.root.iter(NS + "path")]
        self.texts = ["".join(t.itertext()) for t in self.root.iter(NS + "text")]
        self.at = {t.text: (float(t.get("x")) + float(t.get("textLength") or 7) / 2, float(t.get("y"))) for t in self.root.iter(NS + "text") if t.get("x")}
        check(all(t.get("textLength") for t in self.root.iter(NS + "text") if len(t.text) > 1), f"{name}: each text has the length that it was given room for")

    def discs(self, colour=COLOURS[0]):
        """Centres of the points of the first series, those of the legend too."""
        return [tuple(map(float, NUMBER.findall(m))) for d, stroke, _, cap in self.paths if cap == "round" and stroke == colour for m in re.findall(r"M([^Mh]*)h0", d)]

    def lines(self, colour=COLOURS[0]):
        """Open lines of a colour: lists of points, as written (absolute)."""
        out = []
        for d, stroke, fill, cap in self.paths:
            if stroke != colour or cap == "round" or "z" in d:
                continue
            for piece in re.findall(r"M[^M]*", d):
                out.append(absolute(piece))
        return out


def absolute(piece):
    """Points of M, L, H, V and their relative kin."""
    at, out = (0.0, 0.0), []
    for letter, rest in re.findall(r"([MLHVlhv])([^MLHVlhv]*)", piece):
        v = list(map(float, NUMBER.findall(rest)))
        while v:
            if letter in "ML":
                at, v = (v[0], v[1]), v[2:]
            elif letter == "l":
                at, v = (at[0] + v[0], at[1] + v[1]), v[2:]
            elif letter in "Hh":
                at, v = ((v[0] if letter == "H" else at[0] + v[0]), at[1]), v[1:]
            else:
                at, v = (at[0], (v[0] if letter == "V" else at[1] + v[0])), v[1:]
            out.append(at)
    return out


def picture(lines, options=(), name="p.svg"):
    script(lines) if not options else imstatus(*options, "-f", "-", stdin=lines)
    return Svg(name)


rng = np.random.default_rng(8)
run("imsim", "-rows", 50, "-db", "n.db", "-seed", 3, code=0)


def table(name, **columns):
    write(name, ",".join(columns) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in zip(*columns.values())))


def scale(of, pixels):
    """The straight line from values to pixels that two of them tell."""
    (a, b), (p, q) = of, pixels
    return lambda v: p + (np.asarray(v) - a) * (q - p) / (b - a)


def points():
    x, y = np.concatenate([[0, 10], rng.uniform(0, 10, 48)]), np.concatenate([[0, 100], rng.uniform(0, 100, 48)])
    table("t.csv", x=x, y=y, e=np.full(50, 3.0))
    svg = picture("read t.csv\nplot x y -xrange 0 10 -yrange 0 100 -o p.svg\n")
    got = svg.discs()
    equal(len(got), 50, "as many points as rows")
    px, py = scale((0, 10), (got[0][0], got[1][0])), scale((0, 100), (got[0][1], got[1][1]))
    check(got[1][0] - got[0][0] > 600 and got[0][1] - got[1][1] > 350, "which fill the frame")
    far = max(max(abs(px(a) - p), abs(py(b) - q)) for a, b, (p, q) in zip(x, y, got))
    check(far <= 0.11, f"and stand where their values are: {far} pixels away")
    for word in ("y over x", "x", "y", "0", "10", "100"):
        check(word in svg.texts, f"the text {word}: {svg.texts}")
    # Error bars: one upright line for each point, 2 e high, with a cap at each end that is inside.
    with_bars = picture("read t.csv\nplot x y -error e -xrange 0 10 -yrange 0 100 -o p.svg\n")
    plain = len(svg.lines())
    lines = [l for l in with_bars.lines() if len(l) == 2]
    upright = [l for l in lines if l[0][0] == l[1][0]]
    equal((len(svg.lines()), len(upright)), (0, 50), "a bar for each point, and none without")
    inside = [(a, b) for a, b in zip(x, y) if 3 < b < 97]
    heights = sorted(abs(l[0][1] - l[1][1]) for l in upright)
    check(abs(heights[-1] - abs(py(6) - py(0))) < 0.3 and abs(heights[25] - heights[-1]) < 0.3, f"which are 2 e high: {heights[-1]}, {abs(py(6) - py(0))}")
    caps = [l for l in lines if l[0][1] == l[1][1]]
    check(2 * len(inside) <= len(caps) <= 100, f"and have caps: {len(caps)}")
    # limits, labels, label, box: what Elixir's shell says changes the picture
    named = picture("read t.csv\nlimits 0 5 0 50\nlabels 'the x' 'the y' 'The title'\nbox\nplot x y -o p.svg\n")
    check({"the x", "the y", "The title"} <= set(named.texts), f"labels: {named.texts}")
    equal(len(named.discs()), int(((x <= 5) & (y <= 50)).sum()), "limits: the points inside")
    check(any("outside of the axes" in t for t in named.texts), "and the others are counted")
    named = picture("read t.csv\nlimits 0 5\nlabel -x abc -y def -t ghi\nlimits -\nplot x y -o p.svg\n")
    check({"abc", "def", "ghi"} <= set(named.texts), f"label: {named.texts}")
    equal(len(named.discs()), 50, "limits - forgets them")
    # A line: all points in the order of the rows
    line = picture("read t.csv\nplot x y -lines -xrange 0 10 -yrange 0 100 -o p.svg\n").lines()
    check(any(len(l) == 50 for l in line), f"-lines: {[len(l) for l in line]}")
    # Logarithms
    table("l.csv", x=10.0 ** np.arange(5), y=10.0 ** np.arange(5))
    got = picture("read l.csv\nplot x y -xlog -ylog -o p.svg\n").discs()
    check(len(got) == 5 and np.ptp(np.diff([p for p, _ in got])) < 0.3 and np.ptp(np.diff([q for _, q in got])) < 0.3, "powers of ten at equal steps")
    # The curve of a fit: even steps as the axis counts, the window alone, and where it ends on a log axis is said.
    table("l.csv", x=10.0 ** np.arange(5), y=10.0 ** np.arange(5))
    table("q.csv", x=np.arange(-1.0, 101.0), y=np.arange(-1.0, 101.0) ** 2)
    svg = picture("read q.csv\nfit x y -order 2 -xlog -ylog -o p.svg\n")
    line, = [l for l in svg.lines(COLOURS[1]) if abs(l[0][0] - l[-1][0]) > 300]
    at, to = np.array(line).T
    straight = to[0] + (to[-1] - to[0]) * (at - at[0]) / (at[-1] - at[0])
    check(abs(to - straight).max() < 1 and np.diff(at).max() < 6, f"a parabola is straight on two log axes from its first point above 0 on: {line}")
    svg = picture("read q.csv\nfit x y -xrange 50.2 50.8 -o p.svg\n")
    check(any(l[-1][0] - l[0][0] > 300 for l in svg.lines(COLOURS[1])) and any("102 of 102 points not drawn: 102 outside" in t for t in svg.texts), f"a window between two points shows the line: {svg.texts}")
    table("d.csv", x=np.arange(10.0), y=np.arange(10.0)[::-1] ** 3 + 0.1)
    svg = picture("read d.csv\nfit x y -ylog -o p.svg\n")
    check(any("the curve ends where it is not positive (log axis)" in t for t in svg.texts), f"what a log axis cannot show is told: {svg.texts}")
    check(not any("the curve ends" in t for t in picture("read d.csv\nfit x y -o p.svg\n").texts), "elsewhere it is whole")
    # Outlines on each other
    table("h.csv", x=np.arange(70.0) % 10, g=np.arange(70) % 7)
    check(any("many outlines" in t for t in picture("read h.csv\nhist x -by g -o p.svg\n").texts), "seven histograms in one picture")
    check(not any("many outlines" in t for t in picture("read h.csv\nh = subset(x, g < 6)\nk = subset(g, g < 6)\nhist h -by k -o p.svg\n").texts), "six can be told apart")


def groups():
    x = np.arange(60.0)
    g = np.array(list("abc") * 20)
    y = np.where(g == "a", 1 + x, np.where(g == "b", 100 - x, np.nan))
    write("g.csv", "x,y,g\n" + "".join(f"{a},{'' if np.isnan(b) else b},{c}\n" for a, b, c in zip(x, y, g)))
    svg = picture("read g.csv\nplot x y -by g -o p.svg\n")
    check("y over x by g" in svg.texts and "a" in svg.texts and "b" in svg.texts, f"groups in the legend: {svg.texts}")
    check("c" not in svg.texts and any("1 group without a value" in t for t in svg.texts), f"a group without a point is not: {svg.texts}")
    equal(len(svg.discs()), 21, "the points of a, and the sign of the legend")
    # A fit of each group: a curve in the colour of its points, which begins and ends on the line, without symbols.
    svg = picture("read g.csv\nfit x y -by g -o f.svg\n", name="f.svg")
    equal(len(svg.discs()), 21, "a fit adds no symbols")
    got = svg.discs()[:20]
    for colour, of, values in ((COLOURS[0], "a", y[g == "a"]), (COLOURS[1], "b", y[g == "b"])):
        line, = [l for l in svg.lines(colour) if abs(l[0][0] - l[-1][0]) > 300]
        inside = scale((x[g == "a"][0], x[g == "a"][-1]), (got[0][0], got[-1][0])), scale((y[0], y[57]), (got[0][1], got[-1][1]))
        mine = x[g == of]
        ends = [(inside[0](a), inside[1](b)) for a, b in ((mine[0], values[0]), (mine[-1], values[-1]))]
        check(all(max(abs(p - q) for p, q in zip(a, b)) < 0.5 for a, b in zip(ends, (line[0], line[-1]))), f"the curve of {of}: {line[0]} {line[-1]}, {ends}")
    equal([t for t in svg.texts if t in ("a", "b")], ["a", "b"], "each group stands once in the legend")
    check("not fitted, and left out: c" in svg.texts, f"a group without a fit is told of: {svg.texts}")
    check("a: y = 1 + 1 x, slope +- 0, rms 0, 20 points" in svg.texts and "b: y = 100 - 1 x, slope +- 0, rms 0, 20 points" in svg.texts, f"the numbers of each fit: {svg.texts}")
    # Times count from one day in all groups, so that their numbers can be compared; many fits: a few formulas.
    write("t.csv", "t,y,g\n" + "".join(f"2001-01-{27 + k // 12}T{k % 12}:30:00,{k},g{k // 3}\n" for k in range(36)))
    svg = picture("read t.csv\nfit t y -by g -o f.svg\n", name="f.svg")
    lines = [json.loads(l) for l in script("read t.csv\nfit t y -by g -format json\n").stdout.splitlines()]
    equal({l["x0"] for l in lines}, {lines[0]["x0"]}, "one origin")
    check(all(abs(l["c0"] + 12 * (int(l["g"][1:]) // 4) + 0.5) < 1e-6 and abs(l["c1"] - 24) < 1e-6 for l in lines), f"{lines}")
    check(sum("(t - 2001-01-27) in days" in t for t in svg.texts) == 6 and any("6 more fits" in t for t in svg.texts), f"{svg.texts}")
    out = run("imstatus", "-db", "n.db", "-f", "-", stdin="read t.csv\nfit t y -by t\n", code=2)
    check("none of 36 groups can be fitted; the first: t 2001-01-27" in out.stderr, out.stderr)
    # Too many points to tell groups apart: the title does not say that they are.
    table("m.csv", x=rng.uniform(0, 1, 30000), y=rng.uniform(0, 1, 30000), g=np.tile(np.arange(3), 10000))
    svg = picture("read m.csv\nplot x y -by g -o p.svg\n")
    check("y over x, all together" in svg.texts and not any("by g" in t for t in svg.texts), f"a density of all: {svg.texts}")
    table("two.csv", x=np.r_[np.repeat(np.arange(200.0), 200), 0, 0, 0], y=np.r_[np.tile(np.arange(200.0), 200), 0, 0, 0], g=np.arange(40003))
    svg = picture("read two.csv\nplot x y -by g -o p.svg\n")
    equal(svg.texts[:4], ["1", "2", "3", "4"], f"points are counted by whole numbers: {svg.texts}")
    out = script("read m.csv\nplot x y -by x -o p.svg\n")
    check("colours" not in out.stderr and not any("colours" in t for t in Svg("p.svg").texts), "colours that are not used are not spoken of")
    table("k.csv", x=np.arange(40), y=np.arange(40), g=np.arange(40) % 20)
    check(any("20 series" in t for t in picture("read k.csv\nplot x y -by g -o p.svg\n").texts), "colours that repeat are")


def bars():
    table("h.csv", v=[0, 0.5, 1, 1.5, 1.6, 2.2, 4], g=[0, 0, 0, 0, 1, 1, 1])
    svg = picture("read h.csv\nhist v -bins 4 -o p.svg\n")
    boxes = [absolute(d) for d, _, fill, _ in svg.paths if fill == "#96b2d6"]
    equal(len(boxes), 4, "a bar for each bin that is not empty, and no other")
    heights = [max(q for _, q in b) - min(q for _, q in b) for b in boxes]
    check(abs(heights[0] / heights[2] - 2) < 0.02 and abs(heights[1] / heights[2] - 3) < 0.02, f"as high as the counts 2, 3, 1 and 1: {heights}")
    svg = picture("read h.csv\nhist v -by g -bins 4 -o p.svg\n")
    outline = max(svg.lines(), key=len)
    equal(outline[0][1], outline[-1][1], "the outline of a group begins and ends at 0")
    bottom = max(q for _, q in outline)
    check(outline[0][1] == bottom and len({p for p, _ in outline}) == 3, f"and has its two bars alone: {outline}")
    imstatus("-width", "48h", "-o", "b.svg", "bin", "obstime", "sky")
    check(any("bins of 2 d" in t for t in Svg("b.svg").texts), "the width of a bin of time as people say it")


def texts():
    """Units of axes, times of another zone, numbers of a colour bar."""
    imstatus("-o", "u.svg", "plot", "obstime", "exptime")
    check("exptime (s)" in Svg("u.svg").texts, f"the unit of an axis: {Svg('u.svg').texts}")
    write("z.csv", "t,y\n2001-01-27T00:00:00Z,1\n2001-01-27T12:00:00Z,2\n")
    for zone, local in ((0, 0), (-10, -10), (5.5, 5.5)):
        svg = picture("read z.csv\nplot t y -o p.svg\n", ["-tz", zone])
        (a, _), (b, _) = svg.discs()
        hours = {t: x for t, (x, _) in svg.at.items() if re.fullmatch(r"\d\d:\d\d", t)}
        place = scale((0, 12), (a, b))
        check(len(hours) > 4, f"hours: {svg.texts}")
        for text, x in hours.items():
            utc = int(text[:2]) + int(text[3:]) / 60 - local
            check(min(abs(place(utc + 24 * day) - x) for day in (-1, 0, 1)) < 1, f"{text} of the zone {zone} stands at {x}")
    table("d.csv", x=rng.normal(0, 1, 30000), y=rng.normal(0, 1, 30000))
    svg = picture("read d.csv\nplot x y -o p.svg\n")
    bar = sorted((y, int(t)) for t, (x, y) in svg.at.items() if x > 880 and t.isdigit())
    check(len(bar) > 1 and [n for _, n in bar] == sorted((n for _, n in bar), reverse=True), f"the numbers of a bar grow upwards: {bar}")


def sky():
    """Aitoff: x and y of the formula; 12h in the middle, right ascension grows to the left."""
    ra, dec = np.array([180.0, 90, 270, 180, 180, 120, 200, 300, 10]), np.array([0.0, 0, 0, 80, -80, 30, -45, 60, -20])
    table("s.csv", a=ra, d=dec)
    got = picture("read s.csv\nmap a d -o p.svg\n").discs()
    equal(len(got), len(ra), "a point for each position")
    lon, lat = np.radians(180 - ra), np.radians(dec)
    alpha = np.arccos(np.cos(lat) * np.cos(lon / 2))
    sinc = np.where(alpha == 0, 1, np.sin(alpha) / np.where(alpha == 0, 1, alpha))
    x, y = 2 * np.cos(lat) * np.sin(lon / 2) / sinc, np.sin(lat) / sinc
    (cx, cy), unit = got[0], (got[1][0] - got[0][0]) / x[1]
    check(unit > 50, f"east is left: {got[:3]}")
    names = Svg("p.svg").at
    check(names["+60°"][1] < names["+30°"][1] < cy < names["-30°"][1] < names["-60°"][1], f"north is up: {names}")
    check(names["8h"][0] > names["12h"][0] > names["16h"][0], f"and right ascension grows to the left: {names}")
    far = max(max(abs(cx + unit * a - p), abs(cy - unit * b - q)) for a, b, (p, q) in zip(x, y, got))
    check(far < 0.3, f"each is where Aitoff's projection puts it: {far} pixels away")
    # ra and dec of the database, when nothing is named
    imstatus("-o", "m.svg", "map")
    known = run("imsearch", "-db", "n.db", "-where", "ra is not null and dec is not null", "-count", code=0).stdout
    equal(len(Svg("m.svg").discs()), int(known), "a point for each row that has a position")


def chips():
    """focal: the median of each CCD in the chip that DETSEC tells of."""
    run("imsim", "-o", "night", "-ccds", 6, "-objects", 4, "-size", "200x300", "-seed", 5, code=0)
    run("imregister", "-db", "t.db", "night", code=0)
    medians = {l["ccd"]: l for l in objects("focal", "exptime*0+ccd*1.5", db="t.db")}
    equal({c: l["median"] for c, l in medians.items()}, {c: c * 1.5 for c in medians}, "medians")
    sections = {}
    for folder, _, files in os.walk("night"):
        for one in files:
            if one.endswith(".fits"):
                with fits.open(os.path.join(folder, one)) as hdus:
                    for hdu in hdus[1:]:
                        x0, x1, y0, y1 = map(int, re.findall(r"\d+", hdu.header["DETSEC"]))
                        sections[int(hdu.header["EXTNAME"][3:])] = ((x0 + x1) / 2, (y0 + y1) / 2)
    equal(sorted(sections), sorted(medians), "the CCDs of the files")
    imstatus("-o", "f.svg", "focal", "exptime*0+ccd*1.5", db="t.db")
    root = tree.fromstring(read("f.svg"))
    at = {t.text: (float(t.get("x")), float(t.get("y"))) for t in root.iter(NS + "text") if t.get("x") and float(t.get("x")) < 740}  # not those of the bar
    first, last = min(sections), max(sections)
    px, py = (scale([sections[first][i], sections[last][i]], [at[str(first)][i], at[str(last)][i]]) for i in (0, 1))
    for ccd, (x, y) in sections.items():
        p, q = at[str(ccd)]
        check(abs(px(x) - p) < 2 and abs(py(y) - q) < 2, f"CCD {ccd} stands where DETSEC says: {p, q}, {float(px(x)), float(py(y))}")
    check(px(1) > px(0) and py(1) < py(0), "x to the right, y upwards")
    text = read("f.svg").decode()
    for ccd in medians:
        check(f">{ccd}<" in text and f">{ccd * 1.5:.1f}<" in text or f">{ccd * 1.5:.2f}<" in text, f"chip {ccd} and its value: {re.findall(r'>([^<]+)</text', text)}")
    values = [t for t in re.findall(r">(\d+\.\d+)</text", text)]
    check(len({len(v.split(".")[1]) for v in values[:len(medians)]}) == 1, f"all values have as many decimals: {values}")


for part in (points, groups, bars, texts, sky, chips):
    guarded(part)
finish()
