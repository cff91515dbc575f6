#!/usr/bin/python3
"""Every filter of imsearch, alone and together, against a naive loop over the rows as astropy reads them; and words that make no sense."""
import fnmatch, math, random
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
