"""imstatus against numpy: every verb on the columns that astropy reads from the same file, every format, the shell, bad input."""
import collections, csv, io, math
import numpy as np
from astropy.io import fits
from harness import *

ROWS = 30000
run("imsim", "-rows", ROWS, "-db", "n.db", "-seed", 3, code=0)
with fits.open("n.db") as hdus:
    table = {name.lower(): np.array(hdus[1].data[name]) for name in hdus[1].columns.names}
TYPES = "none object dark bias flat mask fringe scatter modes frpts any".split()
types = np.array([TYPES[t] for t in table["type"]])
f = {k: table[k].astype("f8") for k in ("fwhm", "sky", "bias", "obstime", "exptime", "airmass", "ccd", "ra", "dec")}
for name in ("filter", "object", "filename"):
    f[name] = np.array([t.strip("\0 ") for t in table[name].astype(str)])
OBJECT = types == "object"
check(OBJECT.sum() > 1000 and np.isnan(f["fwhm"]).sum() > 100, "the simulated rows have objects, and values that are not measured")


def imstatus(*words, code=0, db="n.db", **more):
    return run("imstatus", "-db", db, *words, code=code, **more)


def objects(*words):
    return [json.loads(line) for line in imstatus("-format", "json", *words).stdout.splitlines()]


def near(got, wanted, what, digits=12):
    """null is NaN."""
    got = math.nan if got is None else got
    same = (math.isnan(got) and math.isnan(wanted)) or got == wanted or abs(got - wanted) <= 10.0 ** -digits * max(abs(got), abs(wanted), 1e-300)
    check(same, f"{what}: got {got!r}, numpy {float(wanted)!r}")


def summary(x):
    known = x[~np.isnan(x)]
    if len(known) == 0:
        return dict(n=0, min=math.nan, max=math.nan, mean=math.nan, median=math.nan, sigma=math.nan, mad=math.nan, p5=math.nan, p95=math.nan)
    median = np.median(known)
    return dict(n=len(known), unknown=len(x) - len(known), min=known.min(), max=known.max(), mean=math.fsum(known) / len(known), median=median,
                sigma=np.std(known, ddof=1) if len(known) > 1 else math.nan, mad=np.median(np.abs(known - median)),
                p5=np.percentile(known, 5), p95=np.percentile(known, 95))


def compare(line, wanted, what):
    for name, value in wanted.items():
        near(line[name], value, f"{what}: {name}", 9 if name in ("sigma",) else 12)


def weighted_median(x, w):
    """Of values in order: the mean over the weight of one of as many equal ones as tell as much, around the middle; shares by a naive loop."""
    w = w / w.sum()
    part, ends = (w ** 2).sum(), np.cumsum(w)
    shares = [max(0.0, min(end, (1 + part) / 2) - max(end - one, (1 - part) / 2)) for end, one in zip(ends, w)]
    return np.dot(shares, x) / sum(shares)


def stat():
    for name in ("fwhm", "sky", "obstime", "ccd"):
        compare(objects("stat", name)[0], summary(f[name]), f"stat {name}")
        compare(objects("-type", "object", "stat", name)[0], summary(f[name][OBJECT]), f"stat {name} of objects")
    with np.errstate(all="ignore"):
        made = {"fwhm*0.187": f["fwhm"] * 0.187, "sky/exptime": np.where(f["exptime"] == 0, np.nan, f["sky"] / f["exptime"]),
                "mjd(obstime)": f["obstime"] / 86400 + 40587, "hour(obstime)": np.floor(f["obstime"] % 86400 / 3600)}
    for text, values in made.items():
        line, = objects("-type", "object", "stat", text)
        compare(line, summary(values[OBJECT]), text)
        equal(line["field"], text, "the field's name")
    lines = objects("stat", "fwhm", "sky", "-percent", "0,10,33.3,100")
    equal([l["field"] for l in lines], ["fwhm", "sky"], "two fields")
    for line in lines:
        x = f[line["field"]]
        for p in (0, 10, 33.3, 100):
            near(line[f"p{p}"], np.percentile(x[~np.isnan(x)], p), f"percentile {p}")
    # groups
    lines = objects("-by", "filter,ccd", "-where", "ccd < 3", "stat", "fwhm")
    chosen = f["ccd"] < 3
    wanted = sorted({(a, b) for a, b in zip(f["filter"][chosen], f["ccd"][chosen])}, key=lambda k: (k[0] == "", k[0].lower(), k[1]))
    equal([(l["filter"], l["ccd"]) for l in lines], [(a, int(b)) for a, b in wanted], "groups in order, unknown last")
    for line in lines:
        mine = chosen & (f["filter"] == line["filter"]) & (f["ccd"] == line["ccd"])
        compare(line, summary(f["fwhm"][mine]), f"group {line['filter']} {line['ccd']}")
    # clipping and weights, by definition
    line, = objects("-clip", "2.5", "-type", "object", "stat", "fwhm")
    x = f["fwhm"][OBJECT]
    x, left = x[~np.isnan(x)], 0
    while True:
        keep = np.abs(x - np.median(x)) <= 2.5 * np.std(x, ddof=1)
        if keep.all():
            break
        left += (~keep).sum()
        x = x[keep]
    compare(line, {**summary(x), "clipped": left, "unknown": np.isnan(f["fwhm"][OBJECT]).sum()}, "clipped")
    line, = objects("-weight", "exptime", "-type", "object", "stat", "sky")
    keep = OBJECT & (f["exptime"] > 0)
    x, w = f["sky"][keep], f["exptime"][keep]
    mean = np.average(x, weights=w)
    near(line["mean"], mean, "weighted mean", 10)
    near(line["sigma"], math.sqrt((w * (x - mean) ** 2).sum() / (w.sum() - (w ** 2).sum() / w.sum())), "weighted sigma", 9)
    order = np.argsort(x, kind="stable")
    near(line["median"], weighted_median(x[order], w[order]), "weighted median", 9)
    # texts
    line, = objects("stat", "filter")
    counts = collections.Counter(t for t in f["filter"] if t)
    equal((line["n"], line["unique"], line["frequency"], line["unknown"]), (sum(counts.values()), len(counts), max(counts.values()), int((f["filter"] == "").sum())), "a text")
    check(counts[line["top"]] == line["frequency"], "its most frequent value")


def weights():
    """Expressions as weights, of several fields at once, in bins and fits; the same of vectors in the shell."""
    with np.errstate(all="ignore"):
        w = f["exptime"] ** 2 / f["airmass"]
    write("w.txt", "select -type object\nw = exptime/airmass\ndouble = fwhm*2\nstat sky double -weight w*exptime -format json\nfit airmass double -weight w*exptime -format json\n"
                   "bin obstime sky -width 1000d -weight w*exptime -format json\n")
    typed = [json.loads(line) for line in imstatus("-f", "w.txt").stdout.splitlines()]
    words = ("-type", "object", "-weight", "exptime*exptime/airmass")
    lines = [*objects(*words, "stat", "sky", "fwhm*2"), *objects(*words, "fit", "airmass", "fwhm*2"), *objects(*words, "-width", "1000d", "bin", "obstime", "sky")]
    equal(len(typed), len(lines), "as many lines in the shell")
    for a, b in zip(typed, lines):
        for key in b:
            if not isinstance(b[key], str):
                near(a[key], math.nan if b[key] is None else b[key], f"the shell: {key}", 9)

    def weighted(line, x, what):
        keep = OBJECT & (w > 0) & np.isfinite(w) & ~np.isnan(x)
        v, mine = x[keep], w[keep]
        equal(line["n"], len(v), f"{what}: values with a weight")
        mean, order = np.average(v, weights=mine), np.argsort(v, kind="stable")
        near(line["mean"], mean, f"{what}: mean", 9)
        near(line["median"], weighted_median(v[order], mine[order]), f"{what}: median", 9)
        return v, mine, mean

    for line, x in ((lines[0], f["sky"]), (lines[1], f["fwhm"] * 2)):
        v, mine, mean = weighted(line, x, f"weights of {line['field']}")
        near(line["sigma"], math.sqrt((mine * (v - mean) ** 2).sum() / (mine.sum() - (mine ** 2).sum() / mine.sum())), "weighted sigma", 9)
    good = OBJECT & (w > 0) & np.isfinite(w) & ~np.isnan(f["fwhm"]) & ~np.isnan(f["airmass"])
    c = np.polyfit(f["airmass"][good], 2 * f["fwhm"][good], 1, w=np.sqrt(w[good]))
    near(lines[2]["c1"], c[0], "weighted slope", 6), near(lines[2]["c0"], c[1], "weighted fit at 0", 6)
    for line in lines[3:]:
        edge = line["obstime"] - 500 * 86400
        weighted(line, np.where((f["obstime"] >= edge) & (f["obstime"] < edge + 1000 * 86400), f["sky"], np.nan), "weights in a bin")


def bins():
    x = f["sky"]
    lines = objects("-bins", 17, "hist", "sky")
    counts, edges = np.histogram(x[~np.isnan(x)], 17)
    equal([l["n"] for l in lines], list(counts), "hist: numpy's counts")
    for line, low, high in zip(lines, edges, edges[1:]):
        near(line["low"], low, "low edge", 12), near(line["high"], high, "high edge", 12)
    lines = objects("-type", "object", "hist", "fwhm")
    known = f["fwhm"][OBJECT]
    known = known[~np.isnan(known)]
    equal(sum(l["n"] for l in lines), len(known), "hist: every value in a bin")
    for line in lines:
        last = line is lines[-1]
        equal(line["n"], int(((known >= line["low"]) & ((known < line["high"]) | (last & (known <= line["high"])))).sum()), f"bin {line}")
    check(10 <= len(lines) <= 200, f"bins of itself: {len(lines)}")
    lines = objects("-width", "30d", "-range", "2001-01-01", "2002-01-01", "bin", "obstime", "sky")
    t0, t1 = 978307200.0, 1009843200.0  # 365 days: the thirteenth bin has 5
    for line in lines:
        i = int((line["obstime"] - t0) / 2592000)
        mine = (f["obstime"] >= t0 + i * 2592000) & (f["obstime"] < t0 + (i + 1) * 2592000) & (f["obstime"] <= t1)
        s = summary(f["sky"][mine])
        for key in ("n", "mean", "median", "sigma", "mad"):
            near(line[key], s[key], f"bin {i}: {key}", 9)
        near(line["error"], s["sigma"] / math.sqrt(s["n"]), "error of the mean", 9)
    wanted = sum(((f["obstime"] >= t0 + i * 2592000) & (f["obstime"] < t0 + (i + 1) * 2592000) & (f["obstime"] <= t1)).any() for i in range(13))
    equal(len(lines), wanted, "bins with a value")
    lines = objects("hist", "filter")
    equal({l["filter"]: l["n"] for l in lines}, dict(collections.Counter(t for t in f["filter"] if t)), "hist of a text")


def relations():
    keep = OBJECT & ~np.isnan(f["fwhm"]) & ~np.isnan(f["airmass"])
    x, y = f["airmass"][keep], f["fwhm"][keep]
    for order in range(0, 6):
        line, = objects("-type", "object", "-order", order, "fit", "airmass", "fwhm")
        c, cov = np.polyfit(x, y, order, cov=True) if order else (np.array([y.mean()]), np.array([[y.var(ddof=1) / len(y)]]))
        equal(line["n"], len(x), "points of a fit")
        for k in range(order + 1):
            near(line[f"c{k}"], c[order - k], f"order {order}: c{k}", 5)
            near(line[f"e{k}"], math.sqrt(cov[order - k][order - k]), f"order {order}: e{k}", 4)
        rest = y - np.polyval(c, x)
        near(line["rms"], math.sqrt((rest ** 2).sum() / (len(x) - order - 1)), "rms", 6)
    line, = objects("-type", "object", "fit", "obstime", "sky")
    t = (f["obstime"][OBJECT] - line["x0"]) / 86400
    c = np.polyfit(t, f["sky"][OBJECT], 1)
    near(line["c1"], c[0], "slope of a day", 6), near(line["c0"], c[1], "at x0", 6)
    check(line["x0"] % 86400 == 0 and line["x0"] <= f["obstime"][OBJECT].min() < line["x0"] + 86400, "x0 is the midnight before")
    lines = objects("-type", "object", "corr", "airmass", "fwhm", "sky")
    equal([(l["x"], l["y"]) for l in lines], [("airmass", "fwhm"), ("airmass", "sky"), ("fwhm", "sky")], "pairs")

    def ranks(v):
        order, out = np.argsort(v, kind="stable"), np.empty(len(v))
        out[order] = np.arange(1, len(v) + 1)
        return np.array([{k: out[v == k].mean() for k in np.unique(v)}[k] for k in v]) if len(v) < 3000 else _ties(v, out)

    def _ties(v, out):
        unique, inverse, counts = np.unique(v, return_inverse=True, return_counts=True)
        return (np.bincount(inverse, out) / counts)[inverse]

    for line in lines:
        a, b = f[line["x"]][OBJECT], f[line["y"]][OBJECT]
        good = ~np.isnan(a) & ~np.isnan(b)
        a, b = a[good], b[good]
        near(line["pearson"], np.corrcoef(a, b)[0, 1], "pearson", 8)
        near(line["spearman"], np.corrcoef(ranks(a), ranks(b))[0, 1], "spearman", 8)
    lines = objects("-type", "object", "-most", 3, "top", "object")
    counts = collections.Counter(t for t in f["object"][OBJECT] if t)
    equal([l["n"] for l in lines], [n for _, n in counts.most_common(3)], "top")
    check(all(counts[l["object"]] == l["n"] for l in lines), "top: its values")


def outliers():
    """A robust fit and a clipped one find the line under a third of outliers; the plain one does not."""
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 10, 300)
    y = 2 + 0.5 * x + rng.normal(0, 0.1, 300)
    y[:100] += rng.uniform(5, 50, 100)
    write("out.csv", "x,y\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(x.tolist(), y.tolist())))
    write("o.txt", "read out.csv\nfit x y -format json\nfit x y -robust -format json\nfit x y -clip 3 -format json\n")
    plain, robust, clipped = (json.loads(l) for l in imstatus("-f", "o.txt").stdout.splitlines())
    check(abs(plain["c0"] - 2) > 1, f"the plain fit is pulled: {plain}")
    for one in (robust, clipped):
        check(abs(one["c0"] - 2) < 0.05 and abs(one["c1"] - 0.5) < 0.01, f"outliers do not pull: {one}")
    check(robust["left_out"] >= 100 and 190 <= clipped["n"] <= 200, "they are counted")


def formats():
    names = ("fwhm", "filter", "obstime")
    words = ("-type", "object", "-limit", 50, "vec", *names)
    wanted = [(f["fwhm"][i], f["filter"][i], f["obstime"][i]) for i in np.flatnonzero(OBJECT)[:50]]
    got = [(l["fwhm"], l["filter"], l["obstime"]) for l in objects(*words)]
    equal([(math.nan if a is None else a, b, c) for a, b, c in got] if any(a is None for a, _, _ in got) else got, wanted, "json")
    lines = list(csv.reader(io.StringIO(imstatus("-format", "csv", *words).stdout)))
    equal(lines[0], list(names), "csv heading")
    equal([float(l[0]) for l in lines[1:]], [w[0] for w in wanted], "csv numbers")
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", lines[1][2]), f"csv date {lines[1]}")
    tsv = [l.split("\t") for l in imstatus("-format", "tsv", *words).stdout.splitlines()]
    equal(tsv, lines, "tsv is csv with tabs")
    imstatus("-o", "v.npy", *words)
    data = np.load("v.npy")
    equal(list(data["fwhm"]), [w[0] for w in wanted], "npy"), equal([t.decode() for t in data["filter"]], [w[1] for w in wanted], "npy texts")
    imstatus("-o", "v.fits", *words)
    with fits.open("v.fits") as hdus:
        equal(list(hdus[1].data["OBSTIME"]), [w[2] for w in wanted], "fits")
    check("fits" not in imstatus("-format", "fits", "-o", "v2.fits", "stat", "fwhm").stdout, "nothing but the file")
    with fits.open("v2.fits") as hdus:
        equal(int(hdus[1].data["N"][0]), int((~np.isnan(f["fwhm"])).sum()), "a statistic in FITS")
    text = imstatus("stat", "fwhm").stdout.splitlines()
    equal(text[0].split()[:8], "field n min max mean median sigma mad".split(), "text")
    check(len(set(map(len, text))) == 1, "aligned")
    for name in ("a.png", "a.svg"):
        imstatus("-o", name, "-type", "object", "-by", "filter", "plot", "obstime", "fwhm")
        check(os.path.getsize(name) > 5000, name)
    check(read("a.png").startswith(b"\x89PNG\r\n\x1a\n") and b"<svg" in read("a.svg"), "pictures")
    drawn = imstatus("-type", "object", "-style", "ascii", "-size", "60x20", "plot", "obstime", "fwhm").stdout.splitlines()
    check(5 < len(drawn) <= 20 and max(map(len, drawn)) <= 60 and "fwhm" in "".join(drawn), f"a picture in the terminal: {drawn}")
    imstatus("-o", "h.png", "-by", "filter", "hist", "sky"), imstatus("-o", "b.svg", "bin", "obstime", "sky"), imstatus("-o", "m.png", "map")
    imstatus("-o", "f.svg", "-type", "object", "fit", "airmass", "fwhm")


def shell():
    script = """# vectors live on and combine
select -type object
s = sky/exptime     # a comment
x = subset(s, fwhm < 4)
y = sort(x)
m = median(fwhm)
d = fwhm - m
u = uniq(filter)
c = clip(fwhm, 2)
r = ramp(0, 10, 2.5)
i = interp(r, r, r*r)
w = smooth(fwhm, 5)
z = subset(object, match(object, 'M*'))
h = histogram(fwhm, 2, 8, 0.5)
p = fwhm - fit(airmass, fwhm, 2)
vec -format json m
write x.csv x
write y.npy y
write i.json i
write w.npy w
write u.txt u
write h.npy h
write p.npy p
stat d -format json
stat c -format json
stat z -format json
stat s -type dark -format json
"""
    write("s.txt", script)
    out = imstatus("-f", "s.txt", code=None)
    check("s is a vector" in out.stderr or out.returncode != 0, "a filter and a vector of other rows do not go together in silence")
    lines = [json.loads(l) for l in out.stdout.splitlines()]
    good = OBJECT & ~np.isnan(f["fwhm"])
    m = np.median(f["fwhm"][good])
    near(lines[0]["m"], m, "median as a vector of one")
    s = f["sky"] / np.where(f["exptime"] == 0, np.nan, f["exptime"])
    x = s[OBJECT & (f["fwhm"] < 4)]
    got = [float(v) if v else math.nan for v in read("x.csv").decode().split("\n")[1:-1]]
    check(np.array_equal(got, x, equal_nan=True), "subset")
    check(np.array_equal(np.load("y.npy")["y"], np.sort(x), equal_nan=True), "sort, unknown last")
    equal([json.loads(l)["i"] for l in read("i.json").splitlines()], [0, 6.25, 25, 56.25, 100], "interp, ramp")
    equal(read("u.txt").decode().split()[1:], sorted({t for t in f["filter"][OBJECT] if t}, key=str.lower), "uniq of texts")
    w, v = np.load("w.npy")["w"], f["fwhm"][OBJECT]
    with np.errstate(all="ignore"):
        import warnings
        warnings.simplefilter("ignore")
        wanted = np.array([np.nanmedian(v[max(0, i - 2):i + 3]) for i in range(len(v))])
    check(np.allclose(w, wanted, equal_nan=True, rtol=1e-14), "smooth")
    compare(lines[1], summary(f["fwhm"][OBJECT] - m), "d")
    equal(lines[3]["n"], int(sum(t.upper().startswith("M") for t in f["object"][OBJECT])), "match")
    v, a = f["fwhm"][OBJECT], f["airmass"][OBJECT]
    equal(list(np.load("h.npy")["h"]), list(np.histogram(v[~np.isnan(v)], np.arange(2, 8.25, 0.5))[0]), "histogram as a vector")
    good = ~np.isnan(v) & ~np.isnan(a)
    check(np.allclose(np.load("p.npy")["p"][good], (v - np.polyval(np.polyfit(a[good], v[good], 2), a))[good], atol=1e-7), "fit as a vector")
    # the same lines from standard input; Elixir's words
    out = imstatus("-f", "-", stdin="imrough fwhm -type object\nsubset q = fwhm where fwhm < 3\nvstat q -format json\ncreate t 1 5\nvec t -format csv\nctimes 2001-01-27\n"
                   "limits 0 5\nlabels a b\nbox\nset k = 3\nvec k\nhistogram t -bins 2 -format csv\nlist\nquit\nnonsense\n")
    known = f["fwhm"][OBJECT & (f["fwhm"] < 3)]
    compare(json.loads(out.stdout.splitlines()[0]), summary(known), "imrough, subset, vstat")
    check("980553600.000" in out.stdout and "MJD 51936.0" in out.stdout, f"ctimes: {out.stdout}")
    # a condition that is not known chooses nothing
    out = imstatus("-f", "-", stdin="k = subset(sky, fwhm < 4)\nvec -format csv size(k)\n")
    equal(float(out.stdout.split()[1]), int((f["fwhm"] < 4).sum()), "subset where fwhm is not measured")
    # what was read is what was written
    imstatus("-f", "-", stdin="a = subset(obstime, fwhm < 3)\nb = subset(filter, fwhm < 3)\nwrite ab.csv a b\nread ab.csv\nwrite ab2.csv a b\nread n.db.fits\n", code=None)
    equal(read("ab2.csv"), read("ab.csv"), "write and read")


def nothing_made_up():
    fails(1, ["nothing is selected"], "imstatus", "-db", "n.db", "-where", "sky < -1e9", "stat", "fwhm")
    fails(1, ["nothing is selected"], "imstatus", "-db", "n.db", "-where", "sky < -1e9", "-o", "no.png", "plot", "obstime", "fwhm")
    check(not os.path.exists("no.png"), "no empty picture")
    fails(2, ["imstatus", "fwmh", "near: fwhm"], "imstatus", "-db", "n.db", "stat", "fwmh")
    fails(2, ["there is no verb", "near: stat"], "imstatus", "-db", "n.db", "stad", "fwhm")
    fails(2, ["plot takes X Y"], "imstatus", "-db", "n.db", "plot", "fwhm")
    fails(2, ["-format", "xls", "json"], "imstatus", "-db", "n.db", "-format", "xls", "stat", "fwhm")
    fails(2, ["p.gif", "names no format"], "imstatus", "-db", "n.db", "-o", "p.gif", "plot", "obstime", "fwhm")
    fails(2, ["stat has no picture"], "imstatus", "-db", "n.db", "-o", "p.png", "stat", "fwhm")
    fails(2, ["filter is a text"], "imstatus", "-db", "n.db", "plot", "obstime", "filter")
    fails(2, ["-width", "no width"], "imstatus", "-db", "n.db", "-width", "soon", "bin", "obstime", "sky")
    fails(2, ["-width", "-bins"], "imstatus", "-db", "n.db", "-width", "1", "-bins", "3", "hist", "sky")
    fails(2, ["10 million bins"], "imstatus", "-db", "n.db", "-width", "1e-9", "hist", "sky")
    fails(2, ["order"], "imstatus", "-db", "n.db", "-order", "12", "fit", "airmass", "fwhm")
    fails(2, ["different values of x"], "imstatus", "-db", "n.db", "-limit", "1", "-type", "object", "fit", "airmass", "fwhm")
    fails(2, ["-percent", "101"], "imstatus", "-db", "n.db", "-percent", "101", "stat", "sky")
    fails(3, ["nowhere.db", "no such database"], "imstatus", "-db", "nowhere.db", "stat", "fwhm")
    fails(3, ["nowhere.txt"], "imstatus", "-db", "n.db", "-f", "nowhere.txt")
    for text, words in (("stat fwhm\n\n# x\n\n\n\nstat fwhm sky) \n", ["e.txt: line 7"]), ("x = subset(fwhm)\n", ["line 1", "subset(X, CONDITION)"]),
                        ("a = ramp(1,3)\nb = ramp(1,4)\nc = a + b\n", ["line 3", "a has 3 values", "b has 4 values"]), ("x = fwhm\nselect -type dark\ny = x + sky\n", ["line 3"]),
                        ("1x = 3\n", ["line 1", "no name"]), ("stat 'fwhm\n", ["line 1", "quote"]), ("delete q\n", ["no vector q"]), ("x = median(median(\n", ["line 1", "not closed"]),
                        ("x = ramp(1, 5, 0)\n", ["line 1", "ramp"]), ("stat fwhm -db other.db\n", ["line 1", "-db is for the command line"]), ("read nowhere.csv\n", ["nowhere.csv"]),
                        ("x = smooth(fwhm, 4)\n", ["odd"]), ("a = ramp(1,3)\nplot a fwhm\n", ["line 2", "a has 3 values"])):
        write("e.txt", text)
        out = run("imstatus", "-db", "n.db", "-f", "e.txt")
        check(out.returncode in (2, 3) and all(w in out.stderr for w in words) and out.stderr.count("\n") <= 3, f"{text!r}: {out.returncode} {out.stderr!r}")
    for text in ("a,b\n1\n", "", "# only\n"):
        write("bad.csv", text)
        out = imstatus("-f", "-", stdin="read bad.csv\n", code=None)
        check(out.returncode == 2 and "bad.csv" in out.stderr, f"{text!r}: {out.stderr}")
    # Days are far from 0: the coefficients count from a round number among them, and give the curve, also with the digits that are printed.
    line, = objects("-type", "object", "-order", 3, "fit", "mjd(obstime)", "airmass")
    cells = run("imstatus", "-db", "n.db", "-type", "object", "-order", 3, "fit", "mjd(obstime)", "airmass", code=0).stdout.splitlines()
    printed = dict(zip(cells[0].split(), cells[1].split()))
    rows = [json.loads(l) for l in run("imsearch", "-db", "n.db", "-type", "object", "-fields", "obstime,airmass", "-format", "json", code=0).stdout.splitlines()]
    x = np.array([r["obstime"] for r in rows if r["airmass"] is not None]) / 86400 + 40587
    y = np.array([r["airmass"] for r in rows if r["airmass"] is not None])
    wanted = np.polynomial.Polynomial.fit(x, y, 3)(x)
    check(line["x0"] != 0 and x.min() - np.ptp(x) < line["x0"] < x.max() + np.ptp(x), f"an origin among the values: {line}")
    for where in (line, printed):
        mine = sum(float(where[f"c{k}"]) * (x - float(where["x0"])) ** k for k in range(4))
        check(np.abs(mine - wanted).max() < line["rms"] / 10, f"the coefficients give the curve: {np.abs(mine - wanted).max()} of {where}")
    # Powers of hours up to the ninth cancel each other: six digits would not do.
    cells = run("imstatus", "-db", "n.db", "-type", "object", "-order", 9, "fit", "hour(obstime)+20", "airmass", code=0).stdout.splitlines()
    printed = dict(zip(cells[0].split(), cells[1].split()))
    hours = np.array([r["obstime"] for r in rows if r["airmass"] is not None]) % 86400 // 3600 + 20
    wanted = np.polynomial.Polynomial.fit(hours, y, 9)(hours)
    mine = sum(float(printed[f"c{k}"]) * (hours - float(printed["x0"])) ** k for k in range(10))
    check(np.abs(mine - wanted).max() < float(printed["rms"]) / 10, f"the digits that are printed: {np.abs(mine - wanted).max()} of {printed}")
    # Floats on the ends of bins are where a condition has them.
    for bin in objects("-width", 0.1, "hist", "airmass"):
        if bin["n"] and bin["high"] < 2.5:
            n = run("imsearch", "-db", "n.db", "-where", f"airmass >= {bin['low']} and airmass < {bin['high']}", "-count").stdout
            equal(bin["n"], int(n), f"airmass from {bin['low']} to {bin['high']}")
    bins = objects("-width", 2.5, "bin", "ccd", "sky")
    equal([b["ccd"] for b in bins[:4]], [1, 3.5, 6, 8.5], "middles of the whole numbers in bins")
    # odd values: one point, all equal, all unknown, infinite, division by zero, 20 years and one second, 10,000 groups
    imstatus("-limit", 1, "-type", "object", "-o", "one.png", "plot", "obstime", "sky")
    line, = objects("-limit", 1, "stat", "sky")
    equal((line["n"], line["sigma"]), (1, None), "one value has no sigma")
    # Columns of people's names beside those of results: each is there once, and the results keep theirs.
    def script(*lines):
        return [json.loads(l) for l in run("imstatus", "-db", "n.db", "-f", "-", stdin="\n".join(lines) + "\n", code=0).stdout.splitlines()]
    plain = objects("-by", "filter", "stat", "sky")
    equal(script("n = filter", "stat sky -by n -format json"), [{("n_" if k == "filter" else k): v for k, v in l.items()} for l in plain], "a group called n")
    equal(script("unknown = filter", "stat sky -by unknown -format json"), [{("unknown_" if k == "filter" else k): v for k, v in l.items()} for l in plain], "called unknown")
    fits_plain = objects("-by", "ccd", "fit", "airmass", "sky")
    equal(script("x = ccd", "fit airmass sky -by x -format json"), [{("x_" if k == "ccd" else k): v for k, v in l.items()} for l in fits_plain], "called x")
    bins = objects("-by", "ccd", "-width", "1", "bin", "ccd", "sky")
    equal([(l["ccd"], l["n"]) for l in bins], [(l["ccd"], l["n"]) for l in objects("-by", "ccd", "stat", "sky") if l["n"]], "bins of what groups are of")
    equal([l["ccd_"] for l in bins], [l["ccd"] for l in bins], "their middles: of one whole number, itself")
    means = objects("bin", "airmass", "sky")
    equal(script("mean = airmass", "bin mean sky -format json"), [{("mean_" if k == "airmass" else k): v for k, v in l.items()} for l in means], "bins of a vector called mean")
    low = script("low = ccd", "hist sky -by low -bins 2 -format json")
    equal([(l["low_"], l["n"]) for l in low], [(l["ccd"], l["n"]) for l in objects("-by", "ccd", "-bins", "2", "hist", "sky")], "called low")
    for words in (["-by", "type", "top", "type"], ["vec", "sky", "sky"]):
        for line in run("imstatus", "-db", "n.db", "-format", "json", *words, code=0).stdout.splitlines()[:3]:
            names = [k for k, _ in json.loads(line, object_pairs_hook=list)]
            equal(len(set(names)), len(names), f"{words}: names of columns")
    # A range is kept, also when it is no multiple of the width; where nothing is in it, that is said, and no picture made.
    line, = objects("-range", "1900", "2000", "-width", "300", "hist", "sky")
    equal((line["low"], line["high"], line["n"]), (1900, 2000, int(((f["sky"] >= 1900) & (f["sky"] <= 2000)).sum())), "a range narrower than a bin")
    out = run("imstatus", "-db", "n.db", "-range", "1e7", "2e7", "-o", "z.png", "hist", "sky", code=1)
    check("outside" in out.stderr and not os.path.exists("z.png"), f"nothing in the bins: {out.stderr}")
    check(re.search(r"\b\d{5}\.\d{4}\b", run("imstatus", "-db", "n.db", "-limit", 1, "vec", "mjd(obstime)", code=0).stdout), "days have a fraction")
    run("imstatus", "-db", "n.db", "-f", "-", stdin="m = mjd(obstime)\nwrite m.txt m\n", code=0)
    text = [float(l) for l in open("m.txt").read().split()[1:]]
    check(max(abs(a - b) for a, b in zip(text, (l["mjd(obstime)"] for l in objects("vec", "mjd(obstime)")))) == 0, "what was written is what it was")
    line, = objects("stat", "exp(sky+1000)")
    equal(line["sigma"], None, "sigma of infinite values")
    fails(2, ["r.png", ".html"], "imstatus", "-db", "n.db", "report", "2001/01/27", "-o", "r.png")
    fails(2, ["word of the shell"], "imstatus", "-db", "n.db", "help")
    fails(2, ["1M", "months"], "imstatus", "-db", "n.db", "-width", "1M", "bin", "obstime", "sky")
    line, = objects("stat", "sky/0")
    equal((line["n"], line["unknown"], line["mean"]), (0, ROWS, None), "division by zero is not known")
    fails(2, ["no finite value"], "imstatus", "-db", "n.db", "hist", "sky/0")
    out = run("imstatus", "-db", "n.db", "-o", "z.png", "plot", "obstime", "sky/0")
    check(out.returncode == 1 and not os.path.exists("z.png") and out.stderr.count("\n") == 1, f"nothing to draw: {out.stderr}")
    equal([l["n"] for l in objects("-where", "exptime = 0", "hist", "exptime")][0:1] if (f["exptime"] == 0).any() else [1], [int((f["exptime"] == 0).sum())] if (f["exptime"] == 0).any() else [1], "all equal")
    imstatus("-o", "const.svg", "-format", "svg", "plot", "obstime", "sky*0+5")
    t = f["obstime"][OBJECT][0]
    imstatus("-where", f"abs(unixepoch(obstime)-{t!r}) < 1", "-o", "second.png", "plot", "obstime", "sky")
    many = objects("-by", "round(ra * 7919 - floor(ra * 7919), 4)", "stat", "sky")
    check(sum(g["n"] for g in many) == ROWS and len(many) > 500, f"many groups: {len(many)}")
    single = objects("-by", "filename,ccd", "stat", "sky")
    check(len(single) > 10000 and sum(g["n"] for g in single) == ROWS, f"10,000 groups: {len(single)}")
    groups = objects("-by", "filename", "stat", "sky")
    equal(len(groups), len(set(f["filename"])), "as many groups as files")


def rows_chosen():
    """The newest, one of each, a zone of time; damaged rows are named, left out, and told by the exit code."""
    order = np.argsort(f["obstime"], kind="stable")
    equal([l["obstime"] for l in objects("-last", 7, "vec", "obstime")], list(f["obstime"][order][-7:]), "the newest")
    equal(len(objects("-unique", "vec", "filename", "ccd")), len(set(zip(f["filename"], f["ccd"]))), "one of each")
    zone = imstatus("-format", "csv", "-tz", 2, "-limit", 1, "vec", "obstime").stdout.splitlines()[1]
    check(zone.endswith("+02:00"), f"a zone: {zone}")
    imstatus("-type", "object", "-limit", 100, "-xlog", "-error", "fwhm/10", "-o", "e.svg", "plot", "exptime", "fwhm")
    check(read("e.svg").count(b"<path") + read("e.svg").count(b"<line") > 3, "error bars over a logarithm")
    data = bytearray(read("n.db"))
    with fits.open("n.db") as hdus:
        start = hdus[1].fileinfo()["datLoc"] + hdus[1].columns.dtype.fields["SKY"][1]
    hit = [3, 17, 20000]
    for row in hit:  # a value that would carry the mean away
        at = start + row * 512
        wanted = np.array(f["sky"][row], ">f4").tobytes()
        check(bytes(data[at:at + 4]) == wanted, "where SKY stands in a row")
        data[at:at + 4] = np.array(1e30, ">f4").tobytes()
    write("damaged.db", bytes(data))
    out = run("imstatus", "-db", "damaged.db", "-format", "json", "stat", "sky", code=3)
    compare(json.loads(out.stdout), summary(np.delete(f["sky"], hit)), "without the damaged rows")
    check(out.stderr.count("damaged record") == 3 and "(record 4)" in out.stderr, f"each is named: {out.stderr}")


def focal():
    """CCDs stand where DETSEC says, else the layout of the camera's table, also when the files are gone; else in their order."""
    def mosaic(name, instrument, ccds, detsec=None):
        hdus = [fits.PrimaryHDU()]
        hdus[0].header.update({"INSTRUME": instrument, "DATE-OBS": "2005-01-27", "UTC-OBS": "10:20:30", "OBSTYPE": "OBJECT", "OBJECT": "M31", "EXPTIME": 60.0})
        for ccd in range(ccds):
            hdus.append(fits.ImageHDU(np.zeros((4, 4), "i2"), name=f"ccd{ccd:02d}"))
            if detsec:
                hdus[-1].header["DETSEC"] = detsec(ccd)
        fits.HDUList(hdus).writeto(name, overwrite=True)

    def places(name, instrument, ccds, gone=False, **more):
        """Where each CCD's number stands in the picture, and what is said below it."""
        for old in ("f.db", "f.svg"):
            if os.path.exists(old):
                os.remove(old)
        mosaic(name, instrument, ccds, **more)
        run("imregister", "-db", "f.db", name, code=0)
        if gone:
            os.remove(name)
        run("imstatus", "-db", "f.db", "-o", "f.svg", "focal", "ccd * 1000 + 5e5", code=0)
        import xml.etree.ElementTree as tree
        texts = [("".join(one.itertext()), float(one.get("x")), float(one.get("y"))) for one in tree.parse("f.svg").getroot().iter() if one.tag.endswith("}text") and one.get("x")]
        numbers = {int(t.split()[0]): (x, y) for t, x, y in texts if re.fullmatch(r"\d\d?( 5\d*)?", t)}
        return numbers, " ".join(t for t, _, _ in texts)

    def rows_of(numbers):
        """The CCDs row by row from the top, each from the left."""
        lines = {}
        for ccd, (x, y) in numbers.items():
            lines.setdefault(round(y), []).append((x, ccd))
        return [[ccd for _, ccd in sorted(lines[y])] for y in sorted(lines)]

    ears = [list(range(9)), [36, *range(9, 18), 37], [38, *range(18, 27), 39], list(range(27, 36))]
    for gone in (False, True):
        numbers, said = places("mega.fits", "MegaPrime", 40, gone)
        equal(rows_of(numbers), ears, f"MegaCam, files gone {gone}")
        check("in their order" not in said, "the table tells")
        numbers, _ = places("mega.fits", "MegaPrime", 36, gone)
        equal(rows_of(numbers), [list(range(9 * i, 9 * i + 9)) for i in range(4)], f"MegaCam before 2014, files gone {gone}")
        numbers, _ = places("12k.fits", "CFH12K", 12, gone)
        equal(rows_of(numbers), [list(range(6)), list(range(6, 12))], f"CFH12K, files gone {gone}")
    numbers, _ = places("mega.fits", "MegaPrime", 36, detsec=lambda ccd: f"[{2048 * ccd + 1}:{2048 * ccd + 2048},1:4612]")
    equal(rows_of(numbers), [list(range(36))], "DETSEC wins")
    numbers, said = places("other.fits", "TestCam", 8)
    check("in their order" in said and len(rows_of(numbers)) == 2, f"no camera table tells: {said}")
    write("mine.cam", "camera mine\nwhen INSTRUME TestCam\nlayout 3 2 . 1\nlayout 0 . 5 4\nlayout 6 7\n")
    numbers, _ = places("other.fits", "TestCam", 8)
    equal(rows_of(numbers), [[3, 2, 1], [0, 5, 4], [6, 7]], "a table of the user's")
    os.remove("mine.cam")
    os.makedirs("bad", exist_ok=True)
    for text, words in (("layout 1 2 1", "CCD 1 has a place already"), ("layout", "a row of CCDs"), ("layout 1 x", "'x' is no number of a CCD"), ("layout 1\nlayout 1", "CCD 1 has a place")):
        write("bad/bad.cam", "camera bad\nwhen INSTRUME TestCam\n" + text + "\n")
        out = run("imcamera", "lint", "bad/bad.cam")
        check(out.returncode != 0 and words in out.stdout + out.stderr, f"{text}: {out.stdout} {out.stderr}")


for part in (focal, stat, weights, rows_chosen, bins, relations, outliers, formats, shell, nothing_made_up):
    part()
finish()
