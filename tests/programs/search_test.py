#!/usr/bin/python3
"""Every filter of imsearch, alone and together, against a naive loop over the rows as astropy reads them; and words that make no sense."""
import collections, fnmatch, math, random, re, struct
import numpy as np
from harness import *
from database import *

rnd = random.Random(4)
ROWS = 1500
run("imsim", "-rows", ROWS, "-db", "s.db", "-seed", 3, code=0)
data = records("s.db")
OBJECTS = ["M 31", "M31", "m_31", "NGC 4565", "ngc4565", "M 3", "Abell 2218, field 2", "", "M310", "[TEST] a"]
FILTERS = ["r", "r.MP9601", "i", "i.MP9702", "g.MP9401", "", "Ks", "Halpha"]
for n, row in enumerate(data):
    row["SEQ"] = n + 1  # tells the rows apart in the output
    row["FLAG"] = rnd.choice([0, 1, 2, 3])
    row["PROCSTATE"] = rnd.randrange(64) & 0b111111 if n % 5 else 1
    if row["PROCSTATE"] & 3 != 1:
        row["BIAS"] = float("nan")
    row["OBJECT"] = rnd.choice(OBJECTS).encode()
    row["FILTER"] = rnd.choice(FILTERS).encode()
    row["MODE"] = rnd.randrange(1, 6)
    row["TYPE"] = rnd.choice([0, 1, 2, 3, 4, 5, 6, 9, 37])
    row["DELETED"] = ord("T" if rnd.random() < 0.05 else "F")
    row["EXPTIME"] = rnd.choice([float("nan"), 0, 60, 60.5, 61, 500, 505, 505.5, row["EXPTIME"]])
    row["CCD"] = rnd.choice([0, 1, 2, 3, 7, 8, 9, 12, 36])
    if rnd.random() < 0.03:
        row["OBSTIME"] = float("nan")
    if rnd.random() < 0.1:
        row["FILENAME"] = f"a,b{n}.fits".encode()
store("s.db", data)
equal(len(run("imsearch", "-db", "s.db", code=0).stdout.splitlines()), int((data["DELETED"] == ord("F")).sum()), "the rewritten rows are whole")

naive = [{"seq": int(r["SEQ"]), "ccd": int(r["CCD"]), "type": int(r["TYPE"]), "mode": int(r["MODE"]), "flag": int(r["FLAG"]), "procstate": int(r["PROCSTATE"]),
          "object": text(r["OBJECT"]), "filter": text(r["FILTER"]), "name": text(r["FILENAME"]), "exptime": float(r["EXPTIME"]), "obstime": float(r["OBSTIME"])}
         for r in data if r["DELETED"] != ord("T")]


def glob(word, value):
    return fnmatch.fnmatchcase(value.lower(), word.lower())


def is_glob(word):
    return any(c in word for c in "*?[")


def split(value):
    """(negated, words) of a list; "\\," is a comma."""
    negated = value.startswith("!")
    return negated, [w.replace("\1", ",").strip() for w in value.lstrip("!").replace("\\,", "\1").split(",")]


def listed(value, one):
    negated, words = split(value)
    return lambda row: any(one(word, row) for word in words) != negated


def by_code(names, key):
    def one(word, row):
        code = names.index(next(n for n in names if n.lower() == word.lower())) if word.lower() in [n.lower() for n in names] else None
        if word == "any":
            return True
        if is_glob(word):
            return row[key] < len(names) and glob(word, names[row[key]])
        return row[key] == code
    return one


def by_ccd(word, row):
    digits = [int("".join(c for c in part if c.isdigit())) for part in word.split("-")]
    return digits[0] <= row["ccd"] <= digits[-1]


def by_etime(value):
    negated, words = split(value)

    def match(row):
        t = row["exptime"]
        if math.isnan(t):
            return False
        inside = False
        for word in words:
            ends = [float(e.rstrip("sm")) * (60 if e.endswith("m") else 1) for e in word.split("-")]
            reach = min(5, ends[0] / 100) if len(ends) == 1 else 0
            inside |= ends[0] - reach <= t <= ends[-1] + reach
        return inside != negated
    return match


ALIASES = {"r": {"r", "r.MP9601"}, "i": {"i", "i.MP9702"}, "g": {"g.MP9401"}, "r.mp9601": {"r.MP9601"}, "ks": {"Ks"}}


def by_filter(word, row):
    if word.lower() in ("x", "any"):
        return True
    return glob(word, row["filter"]) if is_glob(word) else row["filter"] in ALIASES[word.lower()]


def by_name(word, row):
    return glob(word, row["name"]) if is_glob(word) else row["name"].lower().startswith(word.lower())


def by_object(word, row):
    bare = row["object"].lower().replace(" ", "").replace("_", "")
    word = word.lower().replace(" ", "").replace("_", "")
    return glob(word, bare) if is_glob(word) else word == bare


def overlap(first, last):
    def match(row):
        if math.isnan(row["obstime"]):
            return None
        end = row["obstime"] + (row["exptime"] if row["exptime"] > 0 else 0)
        return row["obstime"] <= last and end >= first
    return match


def wanted_truth(value):
    plain = value.lstrip("!").lower() in ("t", "true", "y", "yes", "1")
    return plain != value.startswith("!")


CHOICES = {
    "ccd": ["3", "03", "ccd03", "0,1", "3,7-9", "amp07-ccd09,36", "!0", "!0-8", "00", "12"],
    "ccdn": ["3", "0,1", "!7-9", "00"],
    "type": ["flat", "flat,bias", "!flat", "!flat, dark", "b*", "any", "none", "f[lr]*"],
    "mode": ["MEF", "mef,split", "!CUBE", "S*"],
    "filter": ["r", "r,i", "!r,i", "r*", "*MP*,Ks", "X", "x,r", "R.mp9601", "!*", "ks,g"],
    "name": ["6000", "60000,60001", "!600", "*o.fits", "*o.fits,*f.fits", "a\\,b", "a\\,b,6000", "!*[of].fits", "60000?[!o].fits"],
    "object": ["M31", "m 31", "M_31,ngc4565", "ngc*", "!m31", "m3", "Abell2218\\,field2", "m?", "!*[0-9]"],
    "etime": ["60", "500", "0", "60,500", "!60", "0-60.5", "1m", "!1m-10m", "60s,505.5"],
    "proc": ["t", "f", "!t", "True", "no"],
    "dist": ["t", "f", "!f", "1"],
}
TESTS = {"ccd": lambda v: listed(v, by_ccd), "ccdn": lambda v: listed(v, by_ccd), "type": lambda v: listed(v, by_code(TYPES, "type")),
         "mode": lambda v: listed(v, by_code(MODES, "mode")), "filter": lambda v: listed(v, by_filter), "name": lambda v: listed(v, by_name),
         "object": lambda v: listed(v, by_object), "etime": by_etime,
         "proc": lambda v: lambda row: (row["procstate"] & 3 == 1) == wanted_truth(v), "dist": lambda v: lambda row: (row["flag"] & 1 == 1) == wanted_truth(v)}
DAY, YEAR0 = 86400, 978307200  # 2001-01-01


def found(*args):
    out = run("imsearch", "-db", "s.db", *args, "-fields", "seq", "-format", "csv")
    check(out.returncode in (0, 1) and out.stderr == "", f"{args}: {out.returncode} {out.stderr}")
    lines = [int(x) for x in out.stdout.splitlines()[1:]]
    equal(out.returncode, 0 if lines else 1, f"{args}: exit code")
    return lines


def times():
    """Options of time, and what they mean: plain -trange are alternatives."""
    args, tests, plain = [], [], []
    for _ in range(rnd.choice([1, 1, 2])):
        start, days = rnd.randrange(365 * 20), rnd.choice([1, 30, 400, 2000])
        first, last = YEAR0 + start * DAY, YEAR0 + (start + days) * DAY
        option = rnd.choice(["time", "trange"])
        negated = rnd.random() < 0.3
        form = rnd.randrange(3)
        date = lambda t: f"{t / DAY + 40587:.1f}J"
        if form == 0 or option == "time":
            words = [date(first), f"{days}d"]
        elif form == 1:
            words = [date(last), f"-{days}d"]
        else:
            words = [date(last), date(first)]  # reversed dates are swapped
        args += ["-" + option, ("!" if negated else "") + words[0], words[1]]
        match = overlap(first, last)
        if option == "trange" and not negated:
            plain.append(match)
        else:
            tests.append(lambda row, m=match, n=negated: m(row) is not None and m(row) != n)
    if plain:
        tests.append(lambda row: any(m(row) for m in plain))
    return args, tests


some = 0
for option, values in CHOICES.items():  # each value alone
    for value in values:
        got = found("-" + option, value)
        some += 0 < len(got) < len(naive)
        equal(got, [r["seq"] for r in naive if TESTS[option](value)(r)], f"-{option} {value}")
check(some > 45, f"only {some} of the values select something")
for _ in range(250):  # several together, also the same one twice
    args, tests = times() if rnd.random() < 0.5 else ([], [])
    for option in rnd.choices(list(CHOICES), k=rnd.choice([1, 2, 2, 3])):
        value = rnd.choice(CHOICES[option])
        args += ["-" + option, value]
        tests.append(TESTS[option](value))
    out = run("imsearch", "-db", "s.db", *args, "-fields", "seq", "-format", "csv")
    equal([int(x) for x in out.stdout.splitlines()[1:]], [r["seq"] for r in naive if all(t(r) for t in tests)], f"{args}")

# --- conditions, regions, order, amount: over all rows that are alive
table = [r for r in data if r["DELETED"] != ord("T")]
ra, dec = np.array([r["RA"] for r in table], float), np.array([r["DEC"] for r in table], float)
number = {name: np.array([r[name.upper()] for r in table], float) for name in ("exptime", "fwhm", "airmass", "obstime", "ccd", "seq", "sky")}
words_of = {name: [text(r[name.upper()]) for r in table] for name in ("filter", "object", "filename")}
seqs = number["seq"].astype(int)


def seqs_where(mask):
    return [int(s) for s, m in zip(seqs, mask) if m]


def apart(ra1, dec1):
    """Degrees of a great circle, by the formula that is good for all distances."""
    a, b, c, d = np.radians(ra), np.radians(dec), math.radians(ra1), math.radians(dec1)
    with np.errstate(invalid="ignore"):
        return np.degrees(np.arctan2(np.hypot(np.cos(b) * np.sin(a - c), math.cos(d) * np.sin(b) - math.sin(d) * np.cos(b) * np.cos(a - c)),
                                     math.sin(d) * np.sin(b) + math.cos(d) * np.cos(b) * np.cos(a - c)))


with np.errstate(invalid="ignore"):
    for words, mask in ((["exptime > 60 and filter in ('r', 'i')"], (number["exptime"] > 60) & np.array([f.lower() in ("r", "i") for f in words_of["filter"]])),
                        (["fwhm*0.187 < 0.7 or airmass between 1.2 and 1.4"], (number["fwhm"] * 0.187 < 0.7) | ((number["airmass"] >= 1.2) & (number["airmass"] <= 1.4))),
                        (["object like 'ngc%'", "ccd >= 7"], np.array([o.lower().startswith("ngc") for o in words_of["object"]]) & (number["ccd"] >= 7)),
                        (["obstime >= 2010/01/01 and obstime < 2012/01/01"], (number["obstime"] >= 1262304000) & (number["obstime"] < 1325376000)),
                        (["filename ~ '^60[0-3]..o'"], np.array([f.startswith("60") and len(f) > 5 and f[2] in "0123" and f[5] == "o" for f in words_of["filename"]]))):
        for more in ([], ["-noindex"], ["-j", 3]):
            args = [w for condition in words for w in ("-where", condition)]
            equal(found(*args, *more), seqs_where(mask), f"{args} {more}")
            equal(run("imsearch", "-db", "s.db", *args, *more, "-count").stdout, f"{int(mask.sum())}\n", f"{args} -count")
    for _ in range(40):
        centre = (rnd.uniform(0, 360), rnd.choice([rnd.uniform(-90, 90), 89, -89.5]))
        radius = rnd.choice([0.5, 5, 40, 120])
        inside = apart(*centre) <= radius
        equal(found("-cone", centre[0], centre[1], f"{radius}d"), seqs_where(inside), f"-cone {centre} {radius}")
        equal(found("-cone", f"!{centre[0]}", centre[1], f"{radius * 60}'", "-noindex"), seqs_where(~inside & ~np.isnan(ra)), f"-cone !{centre} {radius}")
        low, high = rnd.uniform(0, 360), rnd.uniform(0, 360)
        bottom, top = sorted((rnd.uniform(-90, 90), rnd.uniform(-90, 90)))
        east = np.mod(ra - low, 360) <= (high - low) % 360
        equal(found("-box", low, high, bottom, top), seqs_where(east & (dec >= bottom) & (dec <= top)), f"-box {low} {high} {bottom} {top}")
equal(found("-polygon", "0,0 90,0 0,90"), seqs_where((np.mod(ra, 360) <= 90) & (dec >= 0)), "-polygon: an octant")


def listed_rows(*args):
    return [int(x) for x in run("imsearch", "-db", "s.db", *args, "-fields", "seq", "-format", "csv").stdout.splitlines()[1:]]


def ordered(keys):
    """Unknown values last in both directions; rows that agree stay in file order."""
    rows_ = list(range(len(table)))
    for key in reversed(keys):
        name = key.lstrip("-")
        values = number[name] if name in number else [w.lower() for w in words_of[name]]
        known = [n for n in rows_ if not (values[n] == "" or isinstance(values[n], float) and math.isnan(values[n]))]
        known.sort(key=lambda n: values[n], reverse=key.startswith("-"))
        if key.startswith("-"):  # sort(reverse=True) is stable, too
            pass
        inside = set(known)
        rows_ = known + [n for n in rows_ if n not in inside]
    return [int(seqs[n]) for n in rows_]


for keys in (["-obstime"], ["exptime", "-seq"], ["-filter", "obstime"], ["object", "filter", "-exptime"]):
    all_rows = ordered(keys)
    for more, part in (([], slice(None)), (["-limit", 7], slice(0, 7)), (["-limit", 5, "-offset", 1400], slice(1400, 1405)), (["-offset", 99999], slice(99999, None)), (["-limit", 0], slice(0, 0))):
        equal(listed_rows("-sort", ",".join(keys), *more), all_rows[part], f"-sort {keys} {more}")
newest = [s for s in ordered(["obstime"]) if not math.isnan(number["obstime"][list(seqs).index(s)])]
equal(sorted(listed_rows("-last", 9)), sorted(newest[-9:]), "-last 9")
equal(listed_rows("-last", 1), newest[-1:], "-last 1")
first = {}
for r in naive:
    key = r["name"].lower(), r["ccd"]
    if key not in first or first[key]["procstate"] & 3 != 1 and r["procstate"] & 3 == 1:
        first[key] = r
equal(listed_rows("-unique"), sorted(r["seq"] for r in first.values()), "-unique")

# --- groups, and a number
groups = {}
for n, r in enumerate(naive):
    groups.setdefault((r["filter"], r["ccd"]), []).append(n)
out = run("imsearch", "-db", "s.db", "-group", "filter,ccd", "-fields", "count,min(sky),max(sky),mean(sky),median(sky)", "-format", "csv", code=0).stdout.splitlines()
equal(out[0], "filter,ccd,count,min_sky,max_sky,mean_sky,median_sky", "-group: names")
got = {}
for line in out[1:]:
    filter_, ccd, count, *values = line.split(",")
    got[filter_, int(ccd)] = int(count), [float(v) for v in values]
equal({k: v[0] for k, v in got.items()}, {k: len(v) for k, v in groups.items()}, "-group: counts")
for key, members in groups.items():
    values = number["sky"][members]
    check(np.allclose(got[key][1], [values.min(), values.max(), values.mean(), np.median(values)], rtol=1e-6), f"-group {key}: {got[key][1]}")
equal(len(run("imsearch", "-db", "s.db", "-group", "filter", "-count", code=0).stdout.splitlines()), 1 + len(set(r["filter"] for r in naive)), "-group -count")
equal(run("imsearch", "-db", "s.db", "-count", code=0).stdout, f"{len(naive)}\n", "-count")
for sql, ours in (("exptime desc, seq ASC", "-exptime,seq"), ("exptime DESC", "-exptime"), ("abs(sky - 5) desc,seq", "-abs(sky - 5),seq")):
    equal(run("imsearch", "-db", "s.db", "-sort", sql).stdout, run("imsearch", "-db", "s.db", "-sort", ours).stdout, f"-sort {sql}")
fails(2, ["-sort"], "imsearch", "-db", "s.db", "-sort", "-exptime desc")
equal(run("imsearch", "-db", "s.db", "-group", "filter,type", "-fields", "Type,count,filter,max(sky)", code=0).stdout,
      run("imsearch", "-db", "s.db", "-group", "filter,type", "-fields", "count,max(sky)", code=0).stdout, "keys among the -fields of -group")
by_count = sorted(collections.Counter(r["filter"] for r in naive).values(), reverse=True)
for key in ("-count", "count desc", "count(*) desc", "COUNT( * ) DESC", "-count(*)"):
    out = run("imsearch", "-db", "s.db", "-group", "filter", "-sort", key + ",filter", "-format", "csv", code=0).stdout.splitlines()[1:]
    equal([int(line.split(",")[1]) for line in out], by_count, f"-group filter -sort '{key}'")
fails(2, ["-sort", '"median_sky"', "filter, mean_fwhm", "name it in -fields"], "imsearch", "-db", "s.db", "-group", "filter", "-fields", "mean(fwhm)", "-sort", "-median(sky)")
out = [line.split(",") for line in run("imsearch", "-db", "s.db", "-group", "filter", "-fields", "count(*),mean(exptime),avg(exptime)", "-sort", "avg(exptime) desc", "-format", "csv", code=0).stdout.splitlines()]
equal(out[0], ["filter", "count", "mean_exptime", "avg_exptime"], "-group: avg is mean")
check(all(line[2] == line[3] for line in out[1:]) and [float(l[3]) for l in out[1:] if l[3]] == sorted((float(l[3]) for l in out[1:] if l[3]), reverse=True), out)
everything = run("imsearch", "-db", "s.db", "-format", "csv", "-limit", 3, code=0).stdout
equal(run("imsearch", "-db", "s.db", "-format", "csv", "-fields", "*", "-limit", 3, code=0).stdout, everything, "-fields '*'")
equal(run("imsearch", "-db", "s.db", "-format", "csv", "-fields", "ccd,*", "-limit", 1, code=0).stdout.splitlines()[0], "ccd," + everything.splitlines()[0], "-fields 'ccd,*'")
for more in ((), ("-limit", 7), ("-offset", 5), ("-ccd", 3, "-last", 4), ("-unique",)):
    equal(run("imsearch", "-db", "s.db", "-sort", "-exptime,seq", "-count", *more).stdout, run("imsearch", "-db", "s.db", "-count", *more).stdout, f"-sort does not change -count {more}")
equal(run("imsearch", "-db", "s.db", "-sort", "seq", "-limit", 7, "-count", code=0).stdout, "7\n", "-sort -limit -count")
equal(run("imsearch", "-db", "s.db", "-count", "-ccd", 999, code=1).stdout, "0\n", "-count of nothing")

# --- outputs read back by astropy and numpy
run("imsearch", "-db", "s.db", "-ccd", 3, "-bintable", "part.db", code=0)
equal([int(x) for x in records("part.db")["SEQ"]], [r["seq"] for r in naive if r["ccd"] == 3], "-bintable")
equal(len(run("imsearch", "-db", "part.db", code=0).stdout.splitlines()), sum(r["ccd"] == 3 for r in naive), "-bintable is a database")
run("imsearch", "-db", "s.db", "-fields", "seq,exptime", "-format", "npy", "-o", "s.npy", code=0)
equal(list(np.load("s.npy")["seq"]), [r["seq"] for r in naive], "-format npy -o")
check("rows in the answer" in run("imsearch", "-db", "s.db", "-explain", "-type", "flat", code=0).stdout, "-explain")
for options in ((), ("-sort", "-exptime", "-limit", 3), ("-sort", "-obstime", "-limit", 3), ("-unique",), ("-last", 3), ("-group", "filter"), ("-group", "filter", "-fields", "count,max(sky)")):
    check(f"every row is looked at: {ROWS}\n" in run("imsearch", "-db", "s.db", "-noindex", "-explain", *options, code=0).stdout, f"-explain {options}: how many rows are touched")

# --- a damaged row is in no sum, and it is told
def touched(*options):
    return int(re.search(r"index by time, in the order of obstime: (\d+) candidates", run("imsearch", "-db", "indexed.db", "-explain", *options, code=0).stdout)[1])


run("imsim", "-rows", 20000, "-db", "indexed.db", code=0)
equal(touched("-sort", "-obstime", "-limit", 10), 10, "-explain of an index by time")
check(4 <= touched("-last", 4) < 20000, "-explain -last")
darks = int(run("imsearch", "-db", "indexed.db", "-count", "-type", "dark", code=0).stdout)
equal(run("imsearch", "-db", "indexed.db", "-count", "-type", "dark", "-explain", code=0).stdout, f"counted by the index alone: by its tallies\n{darks} rows in the answer\n", "-explain tells how -count counts")
with open("indexed.db", "rb") as file:
    rotten = bytearray(file.read())
start, _, dtype, _ = layout("indexed.db")
rotten[start + 5 * dtype.itemsize + 100] ^= 1
with open("rot.db", "wb") as file:
    file.write(rotten)
shutil.copy("indexed.db.idx", "rot.db.idx")
printed = run("imsearch", "-db", "rot.db", "-format", "csv", "-fields", "ccd", code=3).stdout.splitlines()[12001]
equal(run("imsearch", "-db", "rot.db", "-near-to", 12001, "-type", "bias", "-format", "csv", "-fields", "ccd", code=0).stdout.splitlines()[1:], [printed], "-near-to counts the rows that are printed, not a damaged one before them")
os.remove("rot.db.idx")
with open("indexed.db.idx", "w") as file:
    file.write("no index")
for options in (("-sort", "-obstime", "-limit", 10), ("-last", 4), ("-group", "filter")):
    out = run("imsearch", "-db", "indexed.db", "-explain", *options, code=0).stdout
    check(out.count("no index: ") == 1 and "every row is looked at: 20000\n" in out, f"-explain {options} says why there is no index: {out}")
with open("s.db", "rb") as file:
    rotten = bytearray(file.read())
start, _, dtype, _ = layout("s.db")
victim = next(n for n, row in enumerate(data) if row["DELETED"] == ord("F"))
at = start + victim * dtype.itemsize + dtype.fields["SKY"][1]
rotten[at:at + 4] = struct.pack(">f", 1e30)
with open("rot.db", "wb") as file:
    file.write(rotten)
for options in (("-group", "mode", "-fields", "max(sky)"), ("-where", "sky > 1e20"), ("-explain",)):
    out = run("imsearch", "-db", "rot.db", *options, code=3)
    check("damaged record" in out.stderr and f"record {victim + 1}" in out.stderr and "00000000" not in out.stdout, f"a damaged row and {options}: {out}")

# --- a name that begins with ! is not a negation
bang = data.copy()
bang["FILENAME"][:3] = [b"!a.fits", b"!b.fits", b"a.fits"]
bang["DELETED"][:3] = ord("F")
shutil.copy("s.db", "bang.db")
store("bang.db", bang)
for word, names in (("\\!a", ["!a.fits"]), ("\\!b*,\\!a", ["!a.fits", "!b.fits"]), ("!\\!?.*,[!!]*", ["!a.fits", "!b.fits"][:0])):
    out = run("imsearch", "-db", "bang.db", "-name", word, "-fields", "filename", "-format", "tsv")
    equal(out.stdout.split()[1:], names, f"-name {word}")

# --- calibrations: the nearest flat of each CCD, from the files of a night
run("imsim", "-o", "night", "-ccds", 3, "-seed", 6, code=0)
run("imregister", "-db", "night.db", "night")
frames = [r for r in rows("night.db")]
image_row = next(r for r in frames if r["type"] == "object" and any(f["type"] == "flat" and f["filter"] == r["filter"] for f in frames))
flats = [min((f for f in frames if f["type"] == "flat" and f["filter"] == image_row["filter"] and f["ccd"] == ccd), key=lambda f: abs(f["obstime"] - image_row["obstime"])) for ccd in range(3)]
path = f"{image_row['pathname']}/{image_row['filename']}"
for name in (path, frames.index(next(f for f in frames if f["filename"] == image_row["filename"])) + 1, image_row["filename"]):
    got = rows("night.db", "-near-to", name, "-type", "flat")
    equal([(f["filename"], f["ccd"]) for f in got][:1] if isinstance(name, int) else [(f["filename"], f["ccd"]) for f in got],
          [(f["filename"], f["ccd"]) for f in (flats[:1] if isinstance(name, int) else flats)], f"-near-to {name}")
equal(len(rows("night.db", "-near-to", path, "-type", "bias", "-limit", 2)), 6, "-near-to -limit")
only = run("imsearch", "-db", "night.db", "-near-to", path, "-type", "flat", "-ccd", 1, "-fields", "ccd", "-format", "csv")
equal((only.stdout.split(), only.stderr), (["ccd", "1"], ""), "-near-to -ccd: nothing is said of the other CCDs")
out = fails(1, ["no flat", "ccd 1"], "imsearch", "-db", "night.db", "-near-to", path, "-type", "flat", "-days", 0.0001, "-ccd", "ccd01")
equal(len(out.stderr.splitlines()), 1, "-near-to -ccd: the other CCDs are not missed")
fails(1, ["has no CCD"], "imsearch", "-db", "night.db", "-near-to", path, "-type", "flat", "-ccd", 9)
out = fails(1, ["no flat", "ccd 0", "none either for ccd 1, 2 (-ccd tells why)"], "imsearch", "-db", "night.db", "-near-to", path, "-type", "flat", "-days", 0.0001)
equal(len(out.stderr.splitlines()), 1, "-near-to: one line for all CCDs")
# what a row shows is in the range that begins, or ends, with it
shown = run("imsearch", "-db", "night.db", "-fields", "exptime", "-format", "tsv", code=0).stdout.split()[1:]
for t in sorted(set(shown)):
    for ends in (f"{t}-{t}", f"{t}-{float(t) + 1e-9:.9f}", f"0-{t}"):
        wanted = sum(float(s) == float(t) if ends[0] != "0" or t == "0" else float(s) <= float(t) for s in shown)
        equal(int(run("imsearch", "-db", "night.db", "-etime", ends, "-count").stdout), wanted, f"-etime {ends}")

# --- what contradicts itself, or asks in vain: said at once, exit 2
for args, said in ((["-where", "exptme > 3"], "near: exptime"), (["-where", "exptime > "], "column"), (["-where", "object > 3"], "column"), (["-where", "exptime between 9 and 3 and"], "column"),
                   (["-where", "obstime > 2001/13/01"], "month 13"), (["-cone", "1", "2", "0"], "radius"), (["-cone", "1", "2", "400"], "radius"), (["-cone", "1", "95", "1"], "-cone"),
                   (["-cone", "25:00:00", "2", "1"], "-cone"), (["-box", "1", "1", "2", "3"], "empty"), (["-box", "1", "2", "3", "3"], "-box"), (["-polygon", "1,1 2,2"], "-polygon"),
                   (["-polygon", "1,1 2,2 2,2"], "-polygon"), (["-sort", "foo"], "-sort"), (["-group", "foo"], "-group"), (["-group", "filter", "-fields", "mean(object)"], "-group"),
                   (["-fields", "foo"], "-fields"), (["-limit", "-5"], "-limit"), (["-limit", "1e99"], "-limit"), (["-limit", "many"], "-limit"), (["-offset", "-1"], "-offset"),
                   (["-last", "x"], "-last"), (["-j", "0"], "-j"), (["-count", "-format", "fits", "-o", "x.fits"], "-count"), (["-count", "-sort", "foo"], "-sort"), (["-days", "3"], "-near-to"),
                   (["-trange", "2001/01/27", "-count"], "-trange has taken -count for its own: a word is missing"), (["-box", "1", "2", "3", "-j", "1"], "has taken -j"),
                   (["-tolerance", "3"], "-near-to"), (["-near-to", "1"], "-type"), (["-near-to", "1", "-type", "flat,bias"], "one type"), (["-near-to", "1", "-type", "flat", "-count"], "-count"),
                   (["-near-to", "1", "-type", "dark", "-tolerance", "much"], "-tolerance"), (["-near-to", "nosuch.fits", "-type", "flat"], "-near-to"), (["-follow", "-sort", "seq"], "-follow"),
                   (["-follow", "-format", "votable"], "-follow"), (["-follow", "-group", "ccd"], "-follow and -group"), (["-group", "ccd,,type"], "missing"), (["-follow", "-o", "x"], "-follow"), (["-changed"], "-follow"), (["-format", "row", "-group", "ccd"], "-group"),
                   (["-table", "x", "-pt"], "-pt"), (["-format", "nosuch"], "nosuch"), (["-treg", "-format", "csv"], "-treg"), (["-treg", "-fields", "ccd"], "-treg"),
                   (["-treg", "-fields", "ccd", "-format", "row"], "-treg"), (["-treg", "-pt"], "-treg"), (["-treg", "-count"], "-treg"), (["-c", "nofile"], "nofile: the configuration"),
                   (["-fields", "teltemp[99]"], "-fields: there is no teltemp[99]; field teltemp has the elements [0] to [3]"), (["-sort", "teltemp[x]"], "[0] to [3]"), (["-where", "teltemp[4] > 1"], "teltemp has 4 elements"),
                   (["-group", "teltemp[4]"], "[0] to [3]"), (["-fields", "object[0]"], "object is a text"), (["-fields", "telltemp[0]"], "near: teltemp")):
    out = fails(2, [said], "imsearch", "-db", "s.db", *args)
    equal(out.stdout, "", f"{args}: nothing is printed")
    check(not os.path.exists("x.fits") and not os.path.exists("x"), f"{args}: no file")

# --- words that make no sense: one line that names the option, exit 2
for option, words, said in (
        ("ccd", ["x"], "chip name"), ("ccd", ["-1"], "-1"), ("ccd", ["9-7"], "empty"), ("ccd", ["3-"], "no end"), ("ccd", ["1,,2"], "empty word"), ("ccd", ["1.5"], "1.5"),
        ("ccd", ["1,!2"], "before a whole list"), ("ccdn", ["ccd07"], "-ccd"), ("ccdn", ["1e99"], "1e99"), ("ccd", ["99999999999999999999"], "999"),
        ("type", ["x*,zebra"], "zebra"), ("type", ["flat,,bias"], "empty word"), ("mode", ["s"], "several"), ("mode", ["S,MEF"], "several"),
        ("filter", ["r,"], "empty word"), ("name", [","], "empty word"), ("object", ["_"], "object"), ("etime", ["-5"], "-5"), ("etime", ["1e999"], "1e999"),
        ("etime", ["nan"], "nan"), ("etime", ["600-60"], "empty"), ("etime", ["1M"], "1M"), ("etime", ["ten"], "ten"), ("etime", ["60-"], "no end"),
        ("proc", ["maybe"], "neither t nor f"), ("dist", ["2"], "neither t nor f"), ("time", ["2001/02/30", "1d"], "30"), ("time", ["2001", "2002"], "2002"),
        ("trange", ["2001", "sometimes"], "sometimes"), ("trange", ["!", "1d"], "-trange"), ("time", ["2001", "1.5M"], "month")):
    out = fails(2, ["-" + option, said], "imsearch", "-db", "s.db", "-" + option, *words)
    equal((out.stdout, len(out.stderr.splitlines())), ("", 1), f"-{option} {words}: one line: {out.stderr}")
finish()
