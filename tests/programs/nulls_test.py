"""Tables of others whose columns say what is not known: TNULLn of integers, logicals that are neither T nor F, NaN, empty texts. Oracle: masked
columns of numpy, as astropy reads them."""
from harness import *
import csv, io, random
import numpy as np
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table

random.seed(7)
ROWS = 400
KINDS = {"u1": ("B", np.uint8, 255), "i2": ("I", np.int16, -32768), "i4": ("J", np.int32, 0), "i8": ("K", np.int64, -(1 << 63)), "pos": ("J", np.int32, 7)}


def make(path):
    """Writes it, and returns {name: list of values, None where they are not known}."""
    truth, columns = {}, []
    for name, (form, dtype, null) in KINDS.items():
        values = [None if random.random() < 0.2 else random.choice([0, 1, 2, 6, 8, 100, -3 if dtype != np.uint8 else 3]) for _ in range(ROWS)]
        if null == 0:
            values = [5 if v == 0 else v for v in values]
        truth[name] = values
        columns.append(fits.Column(name, form, null=null, array=np.array([null if v is None else v for v in values], dtype)))
    truth["flag"] = [random.choice([True, False, None]) for _ in range(ROWS)]
    columns.append(fits.Column("flag", "L", array=np.zeros(ROWS, bool)))
    truth["x"] = [None if random.random() < 0.2 else random.choice([0.0, 1.5, -2.0, 1e300]) for _ in range(ROWS)]
    columns.append(fits.Column("x", "D", array=np.array([np.nan if v is None else v for v in truth["x"]])))
    truth["word"] = [random.choice(["", "a", "B", "c d"]) or None for _ in range(ROWS)]
    columns.append(fits.Column("word", "4A", array=np.array([v or "" for v in truth["word"]])))
    table = fits.BinTableHDU.from_columns(columns)
    table.writeto(path)
    # astropy writes F for what is masked: put the third byte there by hand.
    raw, head = bytearray(read(path)), fits.open(path)[1]
    start = head._header.tostring().__len__() + fits.open(path)[1]._header_offset
    at, width = sum(c.dtype.itemsize for c in head.columns if c.name in KINDS), head.header["NAXIS1"]
    for i, value in enumerate(truth["flag"]):
        raw[start + i * width + at] = {True: 84, False: 70, None: 0}[value]
    write(path, bytes(raw))
    return truth


truth = make("t.fits")
NAMES = list(truth)


def numbers(*args):
    """Row numbers (from 0) that a search finds."""
    return [int(r["i"]) for r in csv.DictReader(io.StringIO(run("imsearch", "-db", "n.fits", "-format", "csv", "-fields", "i", *args, code=None).stdout))]


# The same with a number of the row, to know which rows are meant.
with fits.open("t.fits") as t:
    numbered = fits.BinTableHDU.from_columns(list(t[1].columns) + [fits.Column("i", "J", array=np.arange(ROWS)), fits.Column("one", "J", array=np.ones(ROWS))])
    numbered.writeto("n.fits")
raw, old = bytearray(read("n.fits")), read("t.fits")
w_new, w_old = fits.getheader("n.fits", 1)["NAXIS1"], fits.getheader("t.fits", 1)["NAXIS1"]
starts = [len(fits.getheader(f, 1).tostring()) + len(fits.getheader(f, 0).tostring()) for f in ("n.fits", "t.fits")]
flag_at = 1 + 2 + 4 + 8 + 4
for i in range(ROWS):
    raw[starts[0] + i * w_new + flag_at] = old[starts[1] + i * w_old + flag_at]
write("n.fits", bytes(raw))


def where(condition, keep):
    equal(numbers("-where", condition), [i for i in range(ROWS) if keep(i)], condition)


for name in [*KINDS, "x"]:
    v = truth[name]
    known = [n is not None for n in v]
    where(f"{name} = 1", lambda i: known[i] and v[i] == 1)
    where(f"{name} != 1", lambda i: known[i] and v[i] != 1)
    where(f"{name} < 3", lambda i: known[i] and v[i] < 3)
    where(f"not {name} < 3", lambda i: known[i] and not v[i] < 3)
    where(f"{name} in (0, 8, 100)", lambda i: known[i] and v[i] in (0, 8, 100))
    where(f"{name} not in (0, 8, 100)", lambda i: known[i] and v[i] not in (0, 8, 100))
    where(f"{name} between -5 and 6", lambda i: known[i] and -5 <= v[i] <= 6)
    where(f"{name} is null", lambda i: not known[i])
    where(f"{name} is not null", lambda i: known[i])
    where(f"{name} * 2 > 5", lambda i: known[i] and v[i] * 2 > 5)
    where(f"{name} = 1 or flag", lambda i: (known[i] and v[i] == 1) or truth["flag"][i] is True)
    # What is not known is last, both ways.
    for sign, reverse in (("", False), ("-", True)):
        order = sorted((i for i in range(ROWS) if known[i]), key=lambda i: v[i], reverse=reverse)
        got = numbers("-sort", sign + name)
        equal([v[i] for i in got[:len(order)]], [v[i] for i in order], f"sort {sign}{name}")
        check(all(v[i] is None for i in got[len(order):]) and len(got) == ROWS, f"sort {sign}{name}: the rest")
    line = next(csv.DictReader(io.StringIO(run("imsearch", "-db", "n.fits", "-format", "csv", "-group", "one", "-fields", f"count({name}),min({name}),max({name}),mean({name})", code=0).stdout)), {})
    got = [float(x) for x in list(line.values())[1:]]
    some = [n for n in v if n is not None]
    check(len(got) == 4 and np.allclose(got, [len(some), min(some), max(some), np.mean(np.array(some, float))]), f"aggregates of {name}: {line}")
flag = truth["flag"]
where("flag", lambda i: flag[i] is True)
where("not flag", lambda i: flag[i] is False)
where("flag = false", lambda i: flag[i] is False)
where("flag is null", lambda i: flag[i] is None)
where("flag is not null", lambda i: flag[i] is not None)
where("flag or i4 = 5", lambda i: flag[i] is True or truth["i4"][i] == 5)
got = numbers("-sort", "flag")
equal([flag[i] for i in got], [False] * flag.count(False) + [True] * flag.count(True) + [None] * flag.count(None), "sort flag")
groups = {r["flag"]: int(r["count"]) for r in csv.DictReader(io.StringIO(run("imsearch", "-db", "n.fits", "-format", "csv", "-group", "flag", code=0).stdout))}
equal(groups, {"false": flag.count(False), "true": flag.count(True), "": flag.count(None)}, "groups of flag")
groups = {r["u1"]: int(r["count"]) for r in csv.DictReader(io.StringIO(run("imsearch", "-db", "n.fits", "-format", "csv", "-group", "u1", code=0).stdout))}
equal(groups, {("" if k is None else str(k)): truth["u1"].count(k) for k in set(truth["u1"])}, "groups of u1")

# Every output says the same.
fields = ",".join(NAMES)
found = [json.loads(l) for l in run("imsearch", "-db", "n.fits", "-format", "json", "-fields", fields, code=0).stdout.splitlines()]
for name in NAMES:
    equal([r[name] for r in found], truth[name], f"json {name}")
found = list(csv.DictReader(io.StringIO(run("imsearch", "-db", "n.fits", "-format", "csv", "-fields", fields, code=0).stdout)))
for name in NAMES:
    text = {None: "", True: "true", False: "false"}
    same = all((r[name] == "") == (w is None) and (w is None or name in ("word", "flag") and r[name] == text.get(w, w) or name not in ("word", "flag") and float(r[name]) == w) for r, w in zip(found, truth[name]))
    check(same, f"csv {name}")
for kind in ("fits", "votable"):
    write("out", run("imsearch", "-db", "n.fits", "-format", kind, "-fields", fields, code=0, text=False, stdin="").stdout)
    table = Table.read("out", format="fits") if kind == "fits" else parse_single_table("out").to_table()
    for name in NAMES:
        column = table[name]
        masked = np.ma.getmaskarray(column) if hasattr(column, "mask") else np.zeros(ROWS, bool)
        if name == "flag" and kind == "fits":
            continue  # astropy has two values for it: below
        got = [None if m or (isinstance(c, (float, np.floating)) and np.isnan(c)) or (name == "word" and str(c) == "") else (str(c) if name == "word" else c.item() if hasattr(c, "item") else c) for c, m in zip(column, masked)]
        equal(got, truth[name], f"{kind} {name}")
# Logicals in FITS: the bytes.
out = run("imsearch", "-db", "n.fits", "-format", "fits", "-fields", "flag", code=0, text=False, stdin="").stdout
start = len(out) - len(pad(b"x" * ROWS, b"\0"))
equal(out[start:start + ROWS], bytes({True: 84, False: 70, None: 0}[v] for v in flag), "logicals of FITS")
array = np.load(io.BytesIO(run("imsearch", "-db", "n.fits", "-format", "npy", "-fields", fields, code=0, text=False, stdin="").stdout))
equal([{b"T": True, b"F": False, b"": None}[v] for v in array["flag"]], flag, "npy flag")
equal([None if v == KINDS["i8"][2] else int(v) for v in array["i8"]], truth["i8"], "npy i8")
finish()
