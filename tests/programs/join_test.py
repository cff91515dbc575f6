"""imsearch -with. Oracle: a naive join in Python (loops, no hash, no index) over the rows that imsearch gives of each table alone."""
from harness import *
import csv, glob, io, itertools, math, random, warnings
import numpy as np
from astropy.io import fits
from astropy.table import Table
warnings.simplefilter("ignore")

SEED = int(os.environ.get("IMREG_SEED", "20261122"))
dice = random.Random(SEED)


def hdu_of(kind, keys, name=None, extver=None):
    hdu = fits.PrimaryHDU() if kind == "primary" else fits.ImageHDU(np.zeros((2, 3), np.int16), name=name)
    for key, value in keys.items():
        hdu.header[key] = value
    if extver is not None:
        hdu.header["EXTVER"] = extver
    return hdu


def values():
    """Some keywords with some values of all types; many are missing."""
    out = {}
    for key, make in {"GAIN": lambda: dice.choice([1, 2, 4, 8]), "SKY": lambda: round(dice.uniform(-50, 500), 3), "FILTER1": lambda: dice.choice(["F606W", "F814W", "f60 low", "CLEAR1S"]),
                      "SHUTTER": lambda: dice.random() < 0.5, "OBSTIME": lambda: dice.randrange(10**9), "FILENAME": lambda: f"old{dice.randrange(9)}.fits",
                      "EXPTIME": lambda: float(dice.randrange(1, 900))}.items():
        if dice.random() < 0.7:
            out[key] = make()
    return out


def common(root, n):
    return {"ROOTNAME": root, "DATE-OBS": f"2003-01-{n % 28 + 1:02}T{n % 24:02}:00:00", "EXPTIME": float(dice.randrange(1, 500)), "OBSTYPE": "object",
            "RA": 150.0 + n / 100, "DEC": 2.0, "OBJECT": f"field {n % 5}"}


def write_file(path, hdus):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fits.HDUList(hdus).writeto(path, output_verify="silentfix", overwrite=True)
    return path


def acs(folder, root, kind, n):
    """Two chips as the ACS writes them: SCI,1 ERR,1 SCI,2 ERR,2."""
    keys = {**common(root, n), "INSTRUME": "ACS", "DETECTOR": "WFC", **{k: v for k, v in values().items() if k not in ("FILENAME", "EXPTIME")}}
    if dice.random() < 0.5:
        keys["GAIN"] = 1.5  # real in the primary HDU, an integer in extensions
    parts = [hdu_of("primary", keys)]
    for extver in (1, 2)[:dice.choice([1, 2, 2])]:
        parts += [hdu_of("image", {**values(), "CCDCHIP": extver}, "SCI", extver), hdu_of("image", values(), "ERR", extver)]
    return write_file(f"{folder}/{root}_{kind}.fits", parts)


def mosaic(folder, name, n):
    """A camera nobody knows: CCDs by EXTNAME, or pairs of SCI and ERR, some without their partner, some without EXTVER."""
    keys = {**common(name, n), "INSTRUME": "TestCam", **values()}
    del keys["ROOTNAME"]
    parts = [hdu_of("primary", keys)]
    if dice.random() < 0.4:
        parts += [hdu_of("image", values(), f"CCD{i}") for i in range(dice.randrange(1, 5))]
    else:
        for extver in range(1, dice.randrange(2, 4)):
            parts.append(hdu_of("image", values(), "SCI", extver if dice.random() < 0.8 else None))
            if dice.random() < 0.7:
                parts.append(hdu_of("image", values(), "ERR", extver if dice.random() < 0.9 else None))
    return write_file(f"{folder}/{name}.fits", parts)


def of_name(table):
    """(kind of file, whether of one HDU number) as the man page tells it."""
    parts = table.split("_")
    return parts[1] if len(parts) == 3 and parts[0] in ("wfc", "hrc", "sbc") and parts[2].isdigit() else "", parts[-1].isdigit()


def known(*values):
    return all(v is not None for v in values)


def partners(origin, table, rows_of_table, by):
    kind, one_hdu = of_name(table)
    by_file = by == "file" or by is None and (kind == "" or kind == origin["filetype"])
    if by_file:
        found = [r for r in rows_of_table if origin["file"] is not None and r["file"] == origin["file"]]
    else:
        found = [r for r in rows_of_table if known(origin["rootname"], r["rootname"]) and r["rootname"] == origin["rootname"]]
    if one_hdu or not found or origin["hdu"] == 0:
        return found
    same = [r for r in found if r["hdu"] == origin["hdu"]]
    if same:
        return same
    if origin["extver"] is not None:
        same = [r for r in found if r.get("extver") == origin["extver"]]
        if same:
            return same
        found = [r for r in found if r.get("extver") is None]
    return found if len(found) == 1 else []


OF_ONE_HDU = {"simple", "xtension", "bitpix", "extend", "pcount", "gcount", "groups", "bscale", "bzero", "blank", "bunit", "datamax", "datamin", "extname", "extver",
              "extlevel", "inherit", "datasum", "checksum", "file", "hdu", "rootname", "filename", "ingested", "others", "heap", "heapcrc", "changeno", "crc", "deleted"}


def kind_of_value(value):
    return "word" if isinstance(value, str) else "flag" if isinstance(value, bool) else "number"


def inherit(table, rows_of_table, primary):
    """Rows of an extension with what they lack and the primary HDU of their file has."""
    own = {r["file"]: r for r in primary}
    out = []
    for row in rows_of_table:
        out.append(dict(row))
        for name, value in own.get(row["file"], {}).items():
            there = [r[name] for r in rows_of_table if known(r.get(name))]
            if name in OF_ONE_HDU or re.fullmatch(r"naxis\d*", name) or row.get(name) not in (None, "") or not known(value):
                continue
            if not there or kind_of_value(there[0]) == kind_of_value(value):
                out[-1][name] = value
    return out


def joined(left, origin_of, tables, by=None):
    """Every left row with all combinations of its partners: [({"": row, table: row or None}), ...], and the counts of the notes."""
    out, alone, several = [], {t: 0 for t in tables}, {t: 0 for t in tables}
    for row in left:
        lists = []
        for name, of_table in tables.items():
            found = partners(origin_of(row), name, of_table, by)
            alone[name] += not found
            several[name] += len(found) > 1
            lists.append(found or [None])
        out += [{"": row, **dict(zip(tables, choice))} for choice in itertools.product(*lists)]
    return out, alone, several


def cell(row, field):
    table, _, name = field.rpartition(".")
    of_table = row[table]
    return None if of_table is None else of_table.get(name.lower())


os.makedirs("A")
paths = []
for n in range(60):
    root = f"j{n:03}abcdq"
    for kind in ("raw", "flt", "spt"):
        if dice.random() < 0.75:
            paths.append(acs(f"A/{root[:4]}", root, kind, n))
    if dice.random() < 0.4:
        paths.append(acs("A/again", root, "raw", n))  # another copy of the observation
for n in range(40):
    paths.append(mosaic("A/cam", f"m{n:04}o", n))
paths = [os.path.abspath(p) for p in paths]
ingested = [p for p in paths if dice.random() < 0.8]
run("imingest", "-db", "H", *ingested, code=0)
run("imregister", "-db", "H/Imreg.db", *paths, code=0)
gone = dice.sample(ingested, 12)
for path in gone:
    os.remove(path)
changed = dice.sample([p for p in ingested if p not in gone and "/cam/" in p], 5)
for path in changed:
    mosaic("A/cam", os.path.basename(path)[:-5], 7)
strangers = [p for p in paths if p not in ingested]  # imingest never sees them
os.mkdir("away")
for path in strangers:
    os.rename(path, "away/" + os.path.basename(path) + str(len(path)))
run("imingest", "-db", "H", "A", code=0)
for path in strangers:
    os.rename("away/" + os.path.basename(path) + str(len(path)), path)

tables = {os.path.basename(p)[:-3]: rows(p) for p in sorted(glob.glob("H/headers/*.db"))}
check(len(tables) > 12 and {"testcam_sci", "testcam_err", "wfc_raw_0", "wfc_flt_4"} <= set(tables), f"tables: {sorted(tables)}")
files = {(r["pathname"], r["filename"]): r for r in rows("H/files.db")}
images = rows("H/Imreg.db")


def of_image(row):
    of_file = files.get((row["pathname"], row["filename"]))
    return {"file": of_file and of_file["number"], "rootname": of_file and of_file["rootname"], "filetype": of_file and of_file["filetype"], "hdu": row["extension"],
            "extver": None}


def of_header(table):
    return lambda row: {"file": row["file"], "rootname": row["rootname"], "filetype": of_name(table)[0], "hdu": row["hdu"], "extver": row.get("extver")}


def of_file(row):
    return {"file": row["number"], "rootname": row["rootname"], "filetype": row["filetype"], "hdu": 0, "extver": None}


def search(*args, code=None, **more):
    return run("imsearch", "-db", "H", *args, code=code, **more)


def fields_of(names):
    """Own fields, and keywords of these tables that are there."""
    out = []
    for name in names:
        of_table = tables[name]
        columns = [c for c in (of_table[0] if of_table else {}) if c not in ("heap", "heapcrc", "crc", "changeno", "deleted")]
        out += [f"{name}.{c.upper() if dice.random() < 0.5 else c}" for c in dice.sample(columns, min(len(columns), dice.randrange(1, 5)))]
    return out


def compare(got, wanted, fields, what):
    """The rows of two answers, field by field."""
    if not equal(len(got), len(wanted), f"{what}: rows"):
        return
    for g, w in zip(got, wanted):
        for field in fields:
            name = field.lower()
            if not check(g.get(name) == cell(w, field), f"{what}: {field}: {g.get(name)!r}, wanted {cell(w, field)!r} of {w['']}"):
                return


def notes(out, alone, several, what):
    for name in alone:
        line = "".join(l for l in out.stderr.splitlines() if f"-with {name}:" in l)
        counts = [int((re.search(words + r" (\d+) of", text) or [0, 0])[1])
                  for words, text in (("the files of", out.stderr), ("no partner for", line), ("several partners for", line))]
        equal(counts[0] + counts[1], alone[name], f"{what}: {name}: rows without a partner, {out.stderr!r:.300}")
        equal(counts[2], several[name], f"{what}: {name}: rows with several")


# Every table beside images, files and other tables; by rule, by file, by rootname.
several_seen = alone_seen = 0
names = sorted(tables)
heirs = {t: inherit(t, tables[t], tables.get(t[:t.rindex("_")] + "_0", [])) if not t.endswith("_0") else tables[t] for t in names}
sources = [("images", images, of_image, [])] + [(t, heirs[t], of_header(t), ["-from", t]) for t in names]
for round_number in range(60):
    source, left, origin_of, begin = sources[0] if dice.random() < 0.4 else dice.choice(sources[1:])
    others = dice.sample([t for t in names if t != source], dice.choice([1, 1, 1, 2]))
    by = dice.choice([None, None, "file", "rootname"])
    here = [f for f in ("filename", "exptime", "rootname", "sky", "extension", "filter1", "gain", "shutter", "object") if any(f in r for r in left)]
    fields = dice.sample(here, min(len(here), dice.randrange(2, 5))) + fields_of(others)
    line = begin + sum([["-with", dice.choice([t, t.upper()])] for t in others], []) + (["-by", by] if by else [])
    wanted, alone, several = joined(left, origin_of, {t: tables[t] for t in others}, by)
    out = search(*line, "-fields", ",".join(fields), "-format", "json", code=0 if wanted else 1)
    compare([json.loads(l) for l in out.stdout.splitlines()], wanted, fields, " ".join(line))
    notes(out, alone, several, " ".join(line))
    several_seen += sum(several.values())
    alone_seen += sum(alone.values())
    equal(search(*line, "-count").stdout, f"{len(wanted)}\n", f"{line} -count")
    # Order (what is not known last, equal ones in their order), offset and limit over the whole.
    key = dice.choice(fields)
    first, most = dice.randrange(4), dice.randrange(1, 30)
    down = dice.random() < 0.5

    def rank(row):
        value = cell(row, key)
        return (value is None or value == "", (value.lower() if isinstance(value, str) else value) if value is not None else 0)
    if not isinstance(next((cell(r, key) for r in wanted if cell(r, key) is not None), None), str) or not down:
        order = sorted(wanted, key=rank)
        if down:
            order = sorted([r for r in wanted if not rank(r)[0]], key=lambda r: -rank(r)[1]) + [r for r in wanted if rank(r)[0]]
        out = search(*line, "-fields", ",".join(fields), "-format", "json", "-sort", ("-" if down else "") + key, "-offset", first, "-limit", most)
        compare([json.loads(l) for l in out.stdout.splitlines()], order[first:first + most], fields, f"{line} -sort {key}, {down}")
check(several_seen > 3 and alone_seen > 200, f"partners: {several_seen} several, {alone_seen} alone")

# Conditions on either side, on both, and what is absent.
wanted, _, _ = joined(images, of_image, {"wfc_raw_0": tables["wfc_raw_0"], "testcam_sci": tables["testcam_sci"]})
both = ["-with", "wfc_raw_0", "-with", "testcam_sci"]
FIELDS = ["filename", "extension", "exptime", "wfc_raw_0.GAIN", "wfc_raw_0.FILTER1", "wfc_raw_0.SHUTTER", "testcam_sci.SKY", "testcam_sci.KEY_FILENAME", "testcam_sci.hdu"]


def like(value, pattern):
    return value is not None and re.fullmatch(pattern, value, re.I) is not None


for condition, holds in {
        "wfc_raw_0.GAIN > 2": lambda r: known(cell(r, "wfc_raw_0.gain")) and cell(r, "wfc_raw_0.gain") > 2,
        "not (wfc_raw_0.GAIN > 2)": lambda r: known(cell(r, "wfc_raw_0.gain")) and not cell(r, "wfc_raw_0.gain") > 2,
        "wfc_raw_0.FILTER1 like 'f6%'": lambda r: like(cell(r, "wfc_raw_0.filter1"), "f6.*"),
        "wfc_raw_0.filter1 like 'F___W'": lambda r: like(cell(r, "wfc_raw_0.filter1"), "F...W"),
        "wfc_raw_0.FILTER1 not like 'F6%'": lambda r: known(cell(r, "wfc_raw_0.filter1")) and not like(cell(r, "wfc_raw_0.filter1"), "f6.*"),
        "exptime > 200 and wfc_raw_0.GAIN = 4": lambda r: r[""]["exptime"] > 200 and cell(r, "wfc_raw_0.gain") == 4,
        "exptime > 200 and type = object and (wfc_raw_0.GAIN = 4 or testcam_sci.SKY < 100)": lambda r: r[""]["exptime"] > 200 and (
            cell(r, "wfc_raw_0.gain") == 4 or known(cell(r, "testcam_sci.sky")) and cell(r, "testcam_sci.sky") < 100),
        "images.exptime < 250": lambda r: r[""]["exptime"] < 250,
        "wfc_raw_0.EXPTIME = images.exptime": lambda r: cell(r, "wfc_raw_0.exptime") == r[""]["exptime"],
        "wfc_raw_0.EXPTIME - exptime < -1 or testcam_sci.SKY*2 > 500": lambda r: known(cell(r, "wfc_raw_0.exptime")) and cell(r, "wfc_raw_0.exptime") - r[""]["exptime"] < -1
        or known(cell(r, "testcam_sci.sky")) and cell(r, "testcam_sci.sky") * 2 > 500,
        "wfc_raw_0.SHUTTER": lambda r: cell(r, "wfc_raw_0.shutter") is True,
        "not wfc_raw_0.SHUTTER": lambda r: cell(r, "wfc_raw_0.shutter") is False,
        "wfc_raw_0.file is null": lambda r: r["wfc_raw_0"] is None,
        "wfc_raw_0.FILE > 0 and filename like 'j%_flt%'": lambda r: r["wfc_raw_0"] is not None and like(r[""]["filename"], "j.*.flt.*"),
        "[testcam_sci.SKY] between 0 and 100": lambda r: known(cell(r, "testcam_sci.sky")) and 0 <= cell(r, "testcam_sci.sky") <= 100,
        "testcam_sci.KEY_FILENAME <> filename": lambda r: known(cell(r, "testcam_sci.key_filename"), r[""]["filename"]) and cell(r, "testcam_sci.key_filename") != r[""]["filename"],
        "coalesce(testcam_sci.SKY, -1000) < -100": lambda r: (cell(r, "testcam_sci.sky") if known(cell(r, "testcam_sci.sky")) else -1000) < -100}.items():
    answer = [r for r in wanted if holds(r)]
    for more in ([], ["-noindex", "-j", "1"]):
        out = search(*both, "-where", condition, "-fields", ",".join(FIELDS), "-format", "json", *more, code=0 if answer else 1)
        compare([json.loads(l) for l in out.stdout.splitlines()], answer, FIELDS, condition)
    equal(search(*both, "-where", condition, "-count").stdout, f"{len(answer)}\n", f"-count {condition}")
answer = [r for r in wanted if r[""]["exptime"] > 100 and like(r[""]["filename"], "m.*") and known(cell(r, "testcam_sci.sky"))]
out = search(*both, "-name", "m", "-where", "exptime > 100", "-where", "testcam_sci.SKY is not null", "-fields", ",".join(FIELDS), "-format", "json")
compare([json.loads(l) for l in out.stdout.splitlines()], answer, FIELDS, "filters and two conditions")

# What an extension lacks is that of the primary HDU, in conditions, order and columns, whatever the two have as types.
for table in ("wfc_flt_1", "wfc_raw_4", "testcam_ccd", "testcam_sci"):
    for condition, holds in {
            "GAIN > 1": lambda r: known(r.get("gain")) and r["gain"] > 1,
            "not (GAIN > 1)": lambda r: known(r.get("gain")) and not r["gain"] > 1,
            "hdu > 0 and GAIN = 1.5": lambda r: r.get("gain") == 1.5,
            "GAIN is null": lambda r: not known(r.get("gain")),
            "FILTER1 like 'f6%' and exptime > 100": lambda r: like(r.get("filter1"), "f6.*") and known(r.get("exptime")) and r["exptime"] > 100,
            "SHUTTER or hdu = 2": lambda r: r.get("shutter") is True or r["hdu"] == 2,
            "OBJECT = 'field 3' and BITPIX = 16": lambda r: r.get("object") == "field 3",
            f"{table}.OBJECT = 'field 3'": lambda r: r.get("object") == "field 3"}.items():
        answer = [r for r in heirs[table] if holds(r)]
        if table + "." in condition and "object" not in tables[table][0]:
            fails(2, ["no field"], "imsearch", "-db", "H", "-from", table, "-where", condition)
            continue
        out = search("-from", table, "-where", condition, "-fields", "filename,hdu,gain,object,FILTER1", "-format", "json", code=0 if answer else 1)
        compare([json.loads(l) for l in out.stdout.splitlines()], [{"": r} for r in answer], ["filename", "hdu", "gain", "object", "filter1"], f"{table}: {condition}")
        equal(search("-from", table, "-where", condition, "-count").stdout, f"{len(answer)}\n", f"{table}: -count {condition}")
check({r["gain"] for r in heirs["wfc_flt_1"] if known(r["gain"])} > {1.5, 2} and isinstance(tables["wfc_flt_1"][0]["gain"], (int, type(None))), "integers and reals are mixed")
columns = search("-from", "wfc_flt_1", "-format", "csv", "-where", "OBJECT like 'field%'").stdout.splitlines()[0].split(",")
equal([c for c in columns if c not in tables["wfc_flt_1"][0]], ["object"], "of the primary HDU only what was asked for")
out = search("-from", "wfc_flt_1", "-with", "wfc_flt_0", "-fields", "OBJECT,wfc_flt_0.OBJECT", "-format", "csv", code=0)
check(all(a == b for a, b in [l.split(",") for l in out.stdout.splitlines()[1:]]), "inherited and named")
check("primary HDU (wfc_flt_0)" in fails(2, ["OBJECT", "-group"], "imsearch", "-db", "H", "-from", "wfc_flt_1", "-group", "OBJECT").stderr, "groups")
check("GAIN" in search("-from", "wfc_flt_1", "-group", "GAIN", code=0).stderr, "groups take what the HDU itself says, and say so")
fails(2, ["no field"], "imsearch", "-db", "H", "-from", "wfc_flt_1", "-where", "NEXTENDX > 1")

# What the header of an extension has and its row does not, is that: nothing, and not the primary HDU's.
os.mkdir("heir")
primary, names = fits.PrimaryHDU(), ["UNDEF", "EMPTYT", "LONGT", "LASTKEY", "OTHER", "NUMBER"]
for key, value in zip(names, [1, "full", "short", 5, "inherited", 7]):
    primary.header[key] = value
extension = fits.ImageHDU(np.zeros((2, 2), np.int16), name="SCI")
extension.header["INSTRUME"] = primary.header["INSTRUME"] = "HeirCam"
extension.header["UNDEF"] = fits.card.Undefined()
extension.header["EMPTYT"] = ""
extension.header["LONGT"] = "L" * 600
for i in range(1000):
    extension.header[f"Q{i:07}"] = i
extension.header["LASTKEY"] = 77
fits.HDUList([primary, extension]).writeto("heir/one.fits")
run("imingest", "-db", "K", "heir", code=0)
row = json.loads(run("imsearch", "-db", "K", "-from", "heircam_sci", "-fields", ",".join(names), "-format", "json", code=0).stdout)
equal({k: v for k, v in row.items() if v not in (None, "", " ")}, {"other": "inherited", "number": 7}, "only what the extension does not speak of")
for key in ("UNDEF = 1", "EMPTYT = 'full'", "LONGT = 'short'", "LASTKEY = 5"):
    run("imsearch", "-db", "K", "-from", "heircam_sci", "-where", key, "-count", code=1)
run("imsearch", "-db", "K", "-from", "heircam_sci", "-where", "NUMBER = 7 and number(NUMBER) = 7", "-count", code=0)
check("999 columns" in fails(2, ["no field"], "imsearch", "-db", "K", "-from", "heircam_sci", "-where", "Q0000999 = 3").stderr, "a table that is full says so")

# Whoever stands in the answer, the database may lie in a folder, or be named, or be files.db.
equal(run("imsearch", "-db", "H/Imreg.db", *both, "-count").stdout, f"{len(wanted)}\n", "-db Imreg.db")
of_files, _, _ = joined(rows("H/files.db"), of_file, {"testcam_ccd": tables["testcam_ccd"]})
equal(run("imsearch", "-db", "H/files.db", "-with", "testcam_ccd", "-count").stdout, f"{len(of_files)}\n", "-db files.db")

# All formats hold the same values.
line = [*both, "-fields", ",".join(FIELDS), "-limit", "60"]
head = wanted[:60]
plain = search(*line, "-format", "csv").stdout
equal(plain.splitlines()[0], ",".join(f.lower() for f in FIELDS), "csv: names")
text = list(csv.reader(io.StringIO(plain)))[1:]
for got, w in zip(text, head):
    for value, field in zip(got, FIELDS):
        should = cell(w, field)
        same = value == "" if should is None else value == {True: "true", False: "false"}.get(should, value) if isinstance(should, bool) else (
            float(value) == should if isinstance(should, (int, float)) else value == should)
        check(same, f"csv {field}: {value!r}, wanted {should!r}")
equal([[c.replace("\\t", "\t") for c in l.split("\t")] for l in search(*line, "-format", "tsv").stdout.splitlines()[1:]], text, "tsv")
equal(len(search(*line, "-format", "table").stdout.splitlines()), 61, "table")
for name, ending in (("fits", "fits"), ("votable", "xml"), ("npy", "npy"), ("fits-table", "fits")):
    run("imsearch", "-db", "H", *line, "-format", name, "-o", f"o.{name}.{ending}", code=0)
    if name == "npy":
        got = np.load("o.npy.npy")
        equal(list(got.dtype.names), [f.lower() for f in FIELDS], "npy: names")
        equal([v.decode() for v in got["filename"]], [w[""]["filename"] for w in head], "npy")
        continue
    table = Table.read(f"o.{name}.{ending}", format="votable" if name == "votable" else "fits", **({} if name == "votable" else {"hdu": 1}))
    equal(len(table), 60, name)
    column = [c for c in table.colnames if c.lower() in ("wfc_raw_0.gain", "wfc_raw_0_gain")][0]
    for value, w in zip(table[column], head):
        should = cell(w, "wfc_raw_0.gain")
        # (astropy reads NULL of an ASCII table as 0)
        check((value is np.ma.masked or name == "fits-table") if should is None else float(value) == should, f"{name}: {value!r}, wanted {should!r}")
for more in (["-format", "fits"], ["-format", "csv"], ["-format", "votable"], ["-fields", "*", "-format", "npy"]):  # everything
    run("imsearch", "-db", "H", *both, *more, "-o", "whole", code=0)
    check(os.path.getsize("whole") > 1000, f"{more}")
run("imsearch", "-db", "H", *both, "-format", "fits", "-o", "whole.fits", code=0)
with fits.open("whole.fits") as f:
    equal(f[1].header["NAXIS2"], len(wanted), "all columns as FITS")
    check({"WFC_RAW_0_GAIN", "FILENAME", "TESTCAM_SCI_SKY"} <= {c.upper() for c in f[1].columns.names}, f"{f[1].columns.names}")
words = search(*both, "-where", "wfc_raw_0.GAIN > 0", "-format", "row").stdout.splitlines()
equal({len(l.split()) for l in words}, {12}, "rows have 12 words")
equal([l.split()[5] for l in words], [r[""]["filename"] for r in wanted if known(cell(r, "wfc_raw_0.gain")) and cell(r, "wfc_raw_0.gain") > 0], "rows")
check("looked for" in search(*both, "-explain").stdout, "-explain")
equal(search("-from", "wfc_flt_1", "-with", "wfc_raw_1", "-where", "wfc_flt_1.GAIN = wfc_raw_1.GAIN", "-fields", "wfc_flt_1.GAIN,wfc_raw_1.GAIN", "-format", "csv").stdout.splitlines()[0],
      "gain,wfc_raw_1.gain", "own table named")

# Wrong words: one clear line, near names, not hundreds.
fails(2, ["no header table", "wfc_raw_0"], "imsearch", "-db", "H", "-with", "wfc_rw_0")
fails(2, ["no header table"], "imsearch", "-db", "H", "-from", "nonsense")
for option in ("-fields", "-sort", "-where"):
    out = fails(2, ["wfc_raw_0.gain"], "imsearch", "-db", "H", "-with", "wfc_raw_0", option, "wfc_raw_0.GIAN" + (" > 1" if option == "-where" else ""))
    check(len(out.stderr) < 500, f"{option}: {out.stderr!r:.700}")
fails(2, ["-with wfc_raw_0 takes"], "imsearch", "-db", "H", "-fields", "filename,wfc_raw_0.GAIN")
fails(2, ["-with wfc_raw_0 takes"], "imsearch", "-db", "H", "-where", "wfc_raw_0.GAIN > 1")
fails(2, ["without wfc_raw_0."], "imsearch", "-db", "H", "-from", "wfc_raw_0", "-where", "wfc_raw_0.GAIN > 1")
fails(2, ["there already"], "imsearch", "-db", "H", "-with", "wfc_raw_0", "-with", "WFC_RAW_0")
fails(2, ["there already"], "imsearch", "-db", "H", "-from", "wfc_raw_0", "-with", "wfc_raw_0")
fails(2, ["-by sky", "rootname"], "imsearch", "-db", "H", "-with", "wfc_raw_0", "-by", "sky")
fails(2, ["-by", "-with"], "imsearch", "-db", "H", "-by", "file")
for more in (["-group", "filter"], ["-unique"], ["-last", "3"], ["-follow"], ["-near-to", "x", "-type", "dark"]):
    fails(2, ["-with does not go with", more[0]], "imsearch", "-db", "H", "-with", "wfc_raw_0", *more)
os.mkdir("E")
shutil.copy("H/Imreg.db", "E/Imreg.db")
fails(2, ["no header table", "imingest"], "imsearch", "-db", "E/Imreg.db", "-with", "wfc_raw_0")
os.makedirs("E/headers")
shutil.copy("H/headers/wfc_raw_0.db", "E/headers/wfc_raw_0.db")
fails(3, ["files.db", "imingest"], "imsearch", "-db", "E/Imreg.db", "-with", "wfc_raw_0")

# Rows of the table that are damaged are not printed as data: what would have them is told and left out.
db = "E/headers/wfc_raw_0.db"
shutil.copy("H/files.db", "E/files.db")
with fits.open(db) as f:
    start, size, count = f[1].fileinfo()["datLoc"], f[1].header["NAXIS1"], f[1].header["NAXIS2"]
data = bytearray(read(db))
for i in range(count):
    data[start + (i + 1) * size - 1] ^= 1
write(db, bytes(data))
whole, _, _ = joined(images, of_image, {"wfc_raw_0": tables["wfc_raw_0"]})
out = run("imsearch", "-db", "E/Imreg.db", "-with", "wfc_raw_0", "-fields", "filename,wfc_raw_0.GAIN", "-format", "json", code=3)
check("wfc_raw_0.db" in out.stderr and "(record " in out.stderr, f"{out.stderr!r:.300}")
equal([json.loads(l)["filename"] for l in out.stdout.splitlines()], [r[""]["filename"] for r in whole if r["wfc_raw_0"] is None], "those without a partner")
finish()
