"""imstatus by group, with weights and with clipping, against numpy: bin, fit, corr, hist, top; the issue's first line; a great many groups."""
import collections
from status import *

f = simulated(20000)
OBJECT = f["type"] == "object"
FILTERS = sorted({t for t in f["filter"]}, key=lambda t: (t == "", t.lower()))


def of(chosen, *names):
    """Columns of the rows where all are known."""
    keep = chosen & np.all([~np.isnan(f[n]) for n in names], axis=0)
    return [f[n][keep] for n in names]


def by(lines, what):
    """{filter: its lines}, which stand in the order of the filters, what is not known last."""
    out = {}
    for line in lines:
        out.setdefault(line["filter"], []).append(line)
    equal(list(out), [t for t in FILTERS if t in out], f"{what}: groups in order")
    return out


def clipped(x, k, w=None):
    """By definition: until none is left out."""
    w = np.ones(len(x)) if w is None else w
    while True:
        if len(x) < 2:
            return x, w
        keep = np.abs(x - np.median(x)) <= k * np.std(x, ddof=1)
        if keep.all() or not keep.any():
            return x, w
        x, w = x[keep], w[keep]


def fitted(x, y, order, w=None):
    c = np.polyfit(x, y, order, w=None if w is None else np.sqrt(w))
    return c[::-1]


def line_of_the_issue():
    t0 = f["obstime"][OBJECT].min()
    day = run("imsearch", "-db", "n.db", "-type", "object", "-sort", "obstime", "-limit", 1, "-format", "csv", "-fields", "obstime", code=0).stdout.split("\n")[1][:10].replace("-", "/")
    start = np.floor(t0 / 86400) * 86400
    keep = OBJECT & (f["obstime"] >= start) & (f["obstime"] < start + 500 * 86400)
    lines = objects("-trange", day, "500d", "-type", "object", "stat", "fwhm", "sky")
    for line in lines:
        x = f[line["field"]][keep]
        equal(line["n"], int((~np.isnan(x)).sum()), f"-trange ... stat {line['field']}"), near(line["median"], np.nanmedian(x), "its median")
    check(0 < lines[1]["n"] < OBJECT.sum(), "some rows are meant, not all")


def selections():
    """Rows are those of imsearch, filter by filter."""
    for words in (("-type", "flat,dark"), ("-filter", "r"), ("-name", "*1*"), ("-object", "NGC*"), ("-time", "2005/01/01", "900d"), ("-trange", "2004/06/01", "2009/01/01"),
                  ("-where", "exptime > 60 and airmass < 1.5"), ("-cone", "10:00:00", "+20:00:00", "30d"), ("-box", "0d", "90d", "-10d", "60d"), ("-polygon", "10d,0d 80d,0d 40d,60d"),
                  ("-ccd", "3,7-9"), ("-ccdn", "3"), ("-mode", "SPLIT"), ("-etime", "60-600"), ("-proc", "t"), ("-dist", "f"), ("-type", "!object", "-filter", "!r")):
        counted = int(run("imsearch", "-db", "n.db", *words, "-count", code=None).stdout or 0)
        line = json.loads(imstatus("-format", "json", *words, "stat", "ccd", code=None).stdout or '{"n": 0, "unknown": 0}')
        equal(line["n"] + line["unknown"], counted, f"as many rows as imsearch: {words}")


def clips():
    x = f["fwhm"][OBJECT]
    x = x[~np.isnan(x)]
    for k in (1.5, 2, 3):
        kept, _ = clipped(x, k)
        line, = objects("-type", "object", "-clip", k, "stat", "fwhm")
        equal((line["n"], line["clipped"]), (len(kept), len(x) - len(kept)), f"-clip {k}: until none is"), near(line["mean"], kept.mean(), "its mean", 10)
        focal = {l["ccd"]: l for l in objects("-type", "object", "-clip", k, "focal", "fwhm")}
        for ccd in (0, 5):
            mine, = of(OBJECT & (f["ccd"] == ccd), "fwhm")
            equal(focal[ccd]["n"], len(clipped(mine, k)[0]), f"focal -clip {k}")
    a, y = of(OBJECT, "airmass", "fwhm")
    x0, y0 = a, y
    # A fit: least squares again of what is within k sigma (MAD) until none is left out; where it ends, all that is kept is within.
    line, = objects("-type", "object", "-clip", 2, "fit", "airmass", "fwhm")
    rest = np.abs(y0 - line["c0"] - line["c1"] * x0)
    sizes = np.sort(rest)[:line["n"]]
    sigma = 1.482602218505602 * np.median(sizes)
    check(sizes[-1] <= 2 * sigma * (1 + 1e-9), f"-clip of a fit: the last that is kept is within 2 sigma: {sizes[-1]} of {sigma}")
    equal(line["left_out"], len(x0) - line["n"], "and the others are counted")
    c = fitted(x0[rest <= sizes[-1]], y0[rest <= sizes[-1]], 1)
    near(line["c1"], c[1], "the line of those that are kept", 6)
    # bin: clipped within each bin
    for line in objects("-type", "object", "-clip", 2, "-width", 0.5, "bin", "airmass", "fwhm"):
        i = np.floor(line["airmass"] / 0.5)
        kept, _ = clipped(y0[np.floor(x0 / 0.5) == i], 2)
        equal(line["n"], len(kept), f"bin -clip at {line['airmass']}"), near(line["mean"], kept.mean(), "its mean", 9)


def weights():
    keep = OBJECT & (f["exptime"] > 0)
    x, y, w = f["airmass"][keep], f["sky"][keep], f["exptime"][keep]
    for line in objects("-type", "object", "-weight", "exptime", "-width", 0.5, "bin", "airmass", "sky"):
        mine = np.floor(x / 0.5) == np.floor(line["airmass"] / 0.5)
        near(line["mean"], np.average(y[mine], weights=w[mine]), f"bin -weight at {line['airmass']}", 9), equal(line["n"], int(mine.sum()), "its n")
    line, = objects("-type", "object", "-weight", "exptime", "-order", 2, "fit", "airmass", "sky")
    for k, c in enumerate(fitted(x, y, 2, w)):
        near(line[f"c{k}"], c, f"fit -weight: c{k}", 5)
    # Equal weights are no weights, whatever their scale.
    plain, = objects("-type", "object", "stat", "sky")
    for weight in ("ccd*0+1", "ccd*0+0.1", "1e-200", "7e100"):
        line, = objects("-type", "object", "-weight", weight, "stat", "sky")
        for name in ("n", "mean", "median", "sigma", "mad", "p5", "p95"):
            near(line[name], plain[name], f"-weight {weight}: {name}", 9)
    # Unknown values and those without weight are told apart.
    line, = objects("-type", "object", "-weight", "fwhm - 4", "stat", "sky")
    good = OBJECT & (f["fwhm"] > 4)
    equal((line["n"], line["unknown"], line["unweighted"]), (int((good & ~np.isnan(f["sky"])).sum()), int(np.isnan(f["sky"][OBJECT]).sum()), int((OBJECT & ~good & ~np.isnan(f["sky"])).sum())), "without weight")


def groups():
    for group, (line,) in by(objects("-by", "filter", "fit", "airmass", "fwhm"), "fit").items():
        x, y = of(f["filter"] == group, "airmass", "fwhm")
        c = fitted(x, y, 1)
        equal(line["n"], len(x), f"fit by filter {group}"), near(line["c0"], c[0], "c0", 6), near(line["c1"], c[1], "c1", 6)
    for group, lines in by(objects("-by", "filter", "-width", 0.5, "bin", "airmass", "sky"), "bin").items():
        x, y = of(f["filter"] == group, "airmass", "sky")
        equal([l["n"] for l in lines], [int((np.floor(x / 0.5) == i).sum()) for i in np.unique(np.floor(x / 0.5))], f"bin by filter {group}")
        for line in lines:
            mine = y[np.floor(x / 0.5) == np.floor(line["airmass"] / 0.5)]
            near(line["mean"], mine.mean(), "mean", 10), near(line["median"], np.median(mine), "median")
    for group, lines in by(objects("-by", "filter", "-width", 1000, "-range", 0, 30000, "hist", "sky"), "hist").items():
        wanted, _ = np.histogram(f["sky"][(f["filter"] == group) & ~np.isnan(f["sky"])], np.arange(0, 31000, 1000))
        known = np.flatnonzero(wanted)  # a group has lines from its first to its last value
        begin, end = (known[0], known[-1] + 1) if known.size else (0, 0)
        equal([l["n"] for l in lines], list(wanted[begin:end]), f"hist by filter {group}")
        equal([l["low"] for l in lines], list(range(begin * 1000, end * 1000, 1000)), "its edges")
    for group, (line,) in by(objects("-by", "filter", "corr", "airmass", "fwhm"), "corr").items():
        x, y = of(f["filter"] == group, "airmass", "fwhm")
        equal(line["n"], len(x), f"corr by filter {group}"), len(x) > 1 and near(line["pearson"], np.corrcoef(x, y)[0, 1], "pearson", 8)
    for group, lines in by(objects("-by", "filter", "-most", 2, "top", "type"), "top").items():
        counts = collections.Counter(f["type"][f["filter"] == group])
        equal([l["n"] for l in lines], [n for _, n in counts.most_common(2)], f"top by filter {group}")
        check(all(counts[l["type"]] == l["n"] for l in lines), "its values")


def many():
    """A group for each row."""
    lines = objects("-by", "filename,ccd", "stat", "sky")
    where = {(n, int(c)): k for k, (n, c) in enumerate(zip(f["filename"], f["ccd"]))}
    check(len(lines) == len(where) > 10000, f"many groups: {len(lines)}")
    for line in lines:
        near(line["median"], f["sky"][where[line["filename"], line["ccd"]]], "a group of one")


for part in (line_of_the_issue, selections, clips, weights, groups, many):
    guarded(part)
finish()
