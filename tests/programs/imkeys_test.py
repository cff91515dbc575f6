"""imkeys. Oracle: numpy over the bytes of the tables, whose columns, nulls and fillings the FITS header tells (astropy)."""
from harness import *
import csv, glob, io, random, warnings
import numpy as np
from astropy.io import fits
warnings.simplefilter("ignore")
dice = random.Random(int(os.environ.get("IMREG_SEED", "20261122")))
OWN = "file heap ingested changeno crc heapcrc hdu others deleted rootname filename".split()
SHOWN = 5
UNITS = {}  # by table and column


def naive(path):
    """{column: its values of the rows that are not deleted, None where a header does not have it}, types, and the files."""
    with fits.open(path) as hdus:
        header, columns, start = hdus[1].header, hdus[1].columns, hdus[1].fileinfo()["datLoc"]
        table = np.frombuffer(read(path), columns.dtype.newbyteorder(">"), header["NAXIS2"], start)
    table = table[table["DELETED"] != ord("T")]  # astropy's dtype of L
    out, types = {}, {}
    for i, column in enumerate(columns, 1):
        form, name = header[f"TFORM{i}"], column.name
        cells = table[name]
        if form == "L":
            values = [{84: "T", 70: "F"}.get(int(v)) for v in cells]
        elif form.endswith("A"):
            raw = np.ascontiguousarray(cells).view("u1").reshape(len(cells), -1) if len(cells) else np.zeros((0, 1), "u1")
            values = [None if r[0] == 0 else r.tobytes().rstrip(b"\0 ").decode("latin-1") for r in raw]
        elif form == "D":
            values = [None if np.isnan(v) else float(v) for v in cells]
        else:
            values = [None if int(v) == header.get(f"TNULL{i}") else int(v) for v in cells]
        out[name], types[name] = values, {"L": "logical", "D": "real", "K": "integer"}.get(form, "text" if form.endswith("A") else "integer")
    UNITS[path] = {c.name: header.get(f"TUNIT{i}") or None for i, c in enumerate(columns, 1)}
    return out, types, {int(v) for v in table["FILE"]}, len(table)


def order(value):
    return (value.lower().encode("latin-1"), value.encode("latin-1")) if isinstance(value, str) else value


def shown(value):
    if isinstance(value, str):
        return value
    return np.format_float_positional(value, unique=True, trim="-") if isinstance(value, float) else str(value)


def wanted_line(table, name, values, type_of):
    there = [v + 0.0 if isinstance(v, float) else v for v in values if v is not None]
    counts = {}
    for v in there:
        counts[v] = counts.get(v, 0) + 1
    common = sorted(counts, key=lambda v: (-counts[v], order(v)))[:SHOWN]
    if len(counts) > SHOWN and max(counts.values()) == 1:
        common = []
    return {"table": table, "keyword": name, "type": type_of, "unit": None, "rows": len(there), "values": len(counts),
            "min": shown(min(there, key=order)) if there else None, "max": shown(max(there, key=order)) if there else None,
            "common": ", ".join(f"{shown(v)} ({counts[v]})" for v in common) or None}


def keys(folder, *args, code=0):
    return [json.loads(l) for l in run("imkeys", "-db", folder, "-format", "json", *args, code=code).stdout.splitlines()]


def compare(folder):
    """All tables of a folder, and every keyword of each. {table: oracle}"""
    known = {}
    for path in sorted(glob.glob(folder + "/headers/*.db")):
        run("imcheck", "-db", path, "-trim")  # what is in the journal only would not be in the bytes
        known[os.path.basename(path)[:-3]] = naive(path)
    listed = keys(folder)
    equal([l["table"] for l in listed], list(known), f"{folder}: tables")
    for line in listed:
        columns, _, files, count = known[line["table"]]
        base = f"{folder}/headers/{line['table']}"
        equal((line["rows"], line["keywords"], line["others"], line["files"], line["bytes"]),
              (count, len([c for c in columns if c.lower() not in OWN]), sum(columns["OTHERS"]), len(files), os.path.getsize(base + ".db") + os.path.getsize(base + ".heap")), f"{line}")
        newest = max(os.path.getmtime(base + e) for e in (".db", ".heap", ".db.journal") if os.path.exists(base + e))
        check(abs(line["written"] - newest) < 1e-3, f"{line}: written {newest}")
        got = keys(folder, line["table"])
        wanted = [wanted_line(line["table"], name, values, known[line["table"]][1][name]) for name, values in columns.items() if name.lower() not in OWN]
        equal([g["keyword"] for g in got], [w["keyword"] for w in wanted], f"{line['table']}: keywords")
        for g, w in zip(got, wanted):
            w["unit"] = UNITS[base + ".db"][w["keyword"]]
            unlike = {k for k in w if g[k] != w[k] and not (k in ("min", "max") and w[k] == "" and g[k] is None)}
            if unlike & {"min", "max", "common"} and w["type"] == "text" and not (w["min"] + w["max"] + (w["common"] or "")).isprintable():
                continue  # control characters are made visible
            check(not unlike, f"{line['table']} {w['keyword']}: {[(k, g[k], w[k]) for k in unlike]!r:.500}")
        for jobs in ("1", "3"):
            equal(keys(folder, line["table"], "-j", jobs), got, f"{line['table']} -j {jobs}")
    return known


# Tables of our own making: missing values, one value for all, all different, -0, empty texts, numbers that became texts.
os.mkdir("A")
for n in range(120):
    more = {"GAIN": dice.choice([1, 2, 4]), "SERIAL": n * 7, "SKY": dice.choice([0.0, -0.0, 1.5, -2.25, 1e-7, 123456.789]), "SHUT": dice.random() < 0.3,
            "NOTE": dice.choice(["", "good", "Good", "bad, very (9)", "bad"]), "MIXED": dice.choice([1, 2.5, "three"]), "ALONE": "same"}
    more = {k: v for k, v in more.items() if dice.random() < 0.6}
    image(f"A/f{n:03}.fits", DATE_OBS=f"2003-01-{n % 28 + 1:02}T00:00:00", INSTRUME="Cam A" if n % 3 else "cam-a", **more)
run("imingest", "-db", "H", "A", code=0)
for n in range(0, 120, 9):
    os.remove(f"A/f{n:03}.fits")
run("imingest", "-db", "H", "A", code=0)
known = compare("H")
check(any(v for units in UNITS.values() for v in units.values()), "some column has a unit")
if os.path.isdir(FITS):
    run("imingest", "-db", "R", FITS, code=4, timeout=1800)
    known_real = compare("R")
    check(len(known_real) > 50, f"{len(known_real)} tables of real files")
    # A keyword in all tables that have it, by its name in any case, by pattern.
    for word, matches in {"EXPTIME": r"EXPTIME", "exptime": r"EXPTIME", "DATE-OBS": r"DATE_OBS", "date_obs": r"DATE_OBS", "DATE*": r"DATE.*", "naxis[12]": r"NAXIS[12]",
                          "?AXIS": r".AXIS", "ESO DET *": r"ESO_DET_.*", "*-OBS": r".*_OBS", "FILENAME": r"KEY_FILENAME"}.items():
        got = keys("R", word)
        wanted = sorted((name, table) for table, (columns, _, _, _) in known_real.items() for name in columns if re.fullmatch(matches, name) and name.lower() not in OWN)
        equal([(g["keyword"], g["table"]) for g in got], wanted, word)
    only = sorted(known_real)[3:30]
    equal({g["table"] for g in keys("R", "NAXIS", *sum([["-from", t.upper()] for t in only], []))}, set(only), "-from")
    equal({g["table"] for g in keys("R", "-from", "*_0")}, {t for t in known_real if t.endswith("_0")}, "-from with a pattern")

# The rows that a condition leaves, and tables that cannot answer it.
columns = known["cam_a_0"][0]
chosen = [i for i, v in enumerate(columns["GAIN"]) if v is not None and v > 1]
for got in keys("H", "cam_a_0", "-where", "GAIN > 1"):
    w = wanted_line("cam_a_0", got["keyword"], [columns[got["keyword"]][i] for i in chosen], got["type"])
    equal((got["rows"], got["values"], got["common"]), (w["rows"], w["values"], w["common"]), f"-where: {got['keyword']}")
equal([(l["table"], l["rows"]) for l in keys("H", "-where", "GAIN > 1")], [("cam_a_0", len(chosen))], "tables with -where")
fails(2, ["-where", "GIAN", "gain"], "imkeys", "-db", "H", "-where", "GIAN > 1")

# Formats, columns, files.
whole = run("imkeys", "-db", "H", "cam_a_0", "-format", "csv", code=0).stdout
lines = list(csv.DictReader(io.StringIO(whole)))
equal([{k: v or None for k, v in l.items()} for l in lines], [{k: None if v is None else str(v) for k, v in l.items()} for l in keys("H", "cam_a_0")], "csv and json")
equal(run("imkeys", "-db", "H", "cam_a_0", "-o", "k.csv", code=0).stdout + open("k.csv").read(), whole, "-o")
equal(run("imkeys", "-db", "H", "GAIN", "-fields", "rows,keyword", "-format", "csv").stdout.splitlines()[0], "rows,keyword", "-fields")
check(run("imkeys", "-db", "H").stdout.split()[:7] == ["table", "rows", "keywords", "others", "files", "bytes", "written"], "a table for the eye")
for name in ("fits", "votable", "npy", "fits-table", "tsv"):
    run("imkeys", "-db", "H", "cam_a_0", "-format", name, "-o", "k." + name, code=0)
equal(len(fits.getdata("k.fits", 1)), len(lines), "fits")
equal(len(np.load("k.npy")), len(lines), "npy")

# More different values than are counted of each keyword of a table with many: told as not known; of a single one they are counted.
keywords = "\n".join(card(f"K{i}", i % 3) for i in range(300)).split("\n")
for n in range(3):
    image(f"B/g{n}.fits", extra=keywords)
run("imingest", "-db", "W", "B", code=0)
equal(len(keys("W", "testcam_0", "-fields", "keyword")), len(keys("W", "*", "-from", "testcam_0", "-fields", "keyword")), "a pattern for all")

# Wrong words.
fails(1, ["no table and no keyword", "gain"], "imkeys", "-db", "H", "GIAN")
out = fails(1, ["no table and no keyword", "imkeys lists"], "imkeys", "-db", "H", "qqqqqqqqqqqq")
check(len(out.stderr) < 300, f"{out.stderr!r}")
fails(1, ["no header tables", "imingest"], "imkeys", "-db", "nowhere")
fails(1, ["no header table", "cam_a_0"], "imkeys", "-db", "H", "-from", "cam_a_O")
fails(2, ["-fields", "keyword"], "imkeys", "-db", "H", "GAIN", "-fields", "keyward")
fails(2, ["no format"], "imkeys", "-db", "H", "-format", "xlsx")
write("H/headers/odd.db", "not a table")
fails(3, ["odd.db"], "imkeys", "-db", "H")
finish()
