"""The 109 formats of the ACS (formats/acs): each is well-formed, agrees with the lists of keywords that it was written from, makes its table as it
says, and holds what real ACS files have without being changed."""
from harness import *
import collections, glob, itertools
from astropy.io import fits

OWN = "FILE HEAP INGESTED CHANGENO CRC HEAPCRC HDU OTHERS DELETED ROOTNAME FILENAME".split()
FORMATS = os.path.join(SOURCE, "formats", "acs")
LISTS = os.path.join(DATA, "acs")
dice = random.Random(9)

# The files as formats/acs/README.md has them.
keywords, why = {}, {}
for number, line in enumerate(read(os.path.join(FORMATS, "keywords")).decode().splitlines(), 1):
    words, comment = line.split("#")[0].split(), line.partition("#")[2].strip()
    if not words:
        continue
    if check(len(words) == 3 and re.fullmatch("bool|i64|f64|text[1-9][0-9]*", words[1]), f"keywords, line {number}: {line}"):
        check(words[0] not in keywords, f"keywords: {words[0]} twice")
        keywords[words[0]], why[words[0]] = words[1], comment
tables = {}
for path in sorted(glob.glob(FORMATS + "/*.fmt")):
    lines = [l.split("#")[0].split() for l in read(path).decode().splitlines()]
    check(all(l[0] == "keys" for l in lines if l), path)
    tables[os.path.basename(path)[:-4]] = [w for l in lines for w in l[1:]]
# design/acs.md: WFC raw flt flc crj crc jif jit 0-6, drz drc 0-3, spt asn 0-1 ...
KINDS = {"wfc": {7: "raw flt flc crj crc jif jit", 4: "drz drc", 2: "spt asn"}, "hrc": {4: "raw flt crj drz", 3: "jif jit", 2: "spt asn"}, "sbc": {4: "raw flt drz", 3: "jif jit", 2: "spt asn"}}
HDUS = {(detector, kind): n for detector, kinds in KINDS.items() for n, list_ in kinds.items() for kind in list_.split()}
equal(sorted(tables), sorted(f"{d}_{k}_{i}" for (d, k), n in HDUS.items() for i in range(n)), "tables")
equal(len(tables), 109, "as many as acsql had")
for name, columns in tables.items():
    twice = [c for c, n in collections.Counter(columns).items() if n > 1]
    equal((twice, [c for c in columns if c not in keywords or c in OWN]), ([], []), f"{name}: twice, and unknown")
    check(len(columns) + len(OWN) <= 999, f"{name}: FITS allows 999 columns")
equal(set(keywords), set(itertools.chain(*tables.values())), "keywords that no table has")

# The lists: every keyword of the last ones has a column, but for those of drizzled images (README); of every conflict the comment says what the
# lists say, and which of them was chosen.
if os.path.isdir(LISTS):
    says = collections.defaultdict(collections.Counter)
    for state in ("2017_full", "2019_trimmed"):
        for path in sorted(glob.glob(f"{LISTS}/{state}/*.txt")):
            name = os.path.basename(path)[:-4]
            for line in read(path).decode().splitlines():
                word, type_of = (w.strip() for w in line.split(","))
                column = re.sub("[^A-Z0-9]", "_", word.upper())
                column = "KEY_" + column if column in OWN else column
                check(column in tables[name] or re.fullmatch(r"D\d\d\d[A-Z]+", column) and state == "2017_full", f"{name}: {column} of {state}")
                says[column][{"String": "text", "Integer": "integer", "Float": "real", "Bool": "logical"}[type_of]] += 1
    conflicts = 0
    for column, type_of in keywords.items():
        ours = {"bool": "logical", "i64": "integer", "f64": "real"}.get(type_of, "text")
        lists = says[column]
        if set(lists) <= {ours}:
            continue
        conflicts += 1
        said = re.fullmatch("lists say (.*?); (.*)", why[column])
        if not check(said, f"{column} is {type_of}, lists say {dict(lists)}, and nothing says why"):
            continue
        equal({kind: int(n) for kind, n in (part.split(" in ") for part in said[1].split(", "))}, dict(lists), f"{column}: what lists say")
        if said[2] == "what most say":
            equal(lists[ours], max(lists.values()), f"{column} is {type_of}")
        else:
            check(said[2] in (f"{ours} by files", "logical by FITS 4.0", "integer by FITS 4.0", "real by FITS 4.0", "text by FITS 4.0") and said[2].startswith(ours), f"{column} is {type_of}: {said[2]}")
    check(conflicts > 100, f"only {conflicts} conflicts")
else:
    print("the lists of keywords are not there")


def columns_of(db, name):
    """[(column, format)] of a table, without the fields that all have, and how often the table was changed."""
    with fits.open(f"{db}/headers/{name}.db") as hdus:
        return [(c.name, c.format) for c in hdus[1].columns if c.name not in OWN], hdus[1].header["RECVERS"]


def wanted_columns(name):
    return [(c, {"bool": "L", "i64": "K", "f64": "D"}.get(keywords[c], keywords[c][4:] + "A")) for c in tables[name]]


def value_of(type_of):
    return {"bool": lambda: dice.random() < 0.5, "i64": lambda: dice.randrange(-10**9, 10**9), "f64": lambda: dice.choice([dice.randrange(1000), round(dice.random() * 1e5, 3)])}.get(
        type_of, lambda: "".join(dice.choice("ABCxyz019/$") for _ in range(min(int(type_of[4:]), 67))))()


# A file for each kind whose HDUs have all of their keywords, as wide as may be: 109 tables as declared, of their first version, with these values.
FIXED = {"SIMPLE": True, "XTENSION": "IMAGE", "BITPIX": 8, "NAXIS": 0, "EXTEND": True, "PCOUNT": 0, "GCOUNT": 1, "GROUPS": False, "INSTRUME": "ACS", "TELESCOP": "HST", "KEY_ROOTNAME": "j8zz01010"}
written = {}
for (detector, kind), count in HDUS.items():
    data = b""
    for hdu in range(count):
        name = f"{detector}_{kind}_{hdu}"
        values = {c: FIXED.get(c, value_of(keywords[c])) for c in tables[name]}
        start = ["SIMPLE" if hdu == 0 else "XTENSION", "BITPIX", "NAXIS"] + (["PCOUNT", "GCOUNT"] if hdu else [])
        if hdu == 0:
            told = next(k for k in ("DETECTOR", "SS_DTCTR", "CONFIG") if k in values)  # which one tells the detector
            values |= {told: detector.upper() if told == "DETECTOR" else "ACS/" + detector.upper()}
        values = {c: FIXED[c] for c in start} | {c: v for c, v in values.items() if (c != "SIMPLE" or hdu == 0) and (c != "XTENSION" or hdu)}
        cards = []
        for column, value in values.items():
            keyword, _, field = column.removeprefix("KEY_").partition("_") if len(column) > 8 else (column, "", "")
            if column.startswith("KEY_"):
                keyword, field = column[4:], ""
            cards.append((keyword, f"{field.replace('_', '.', 1)}: {value}" if field else value))
        data += header(cards, {})
        written[name] = values
    os.makedirs(f"acs/{detector}", exist_ok=True)
    write(f"acs/{detector}/j8zz01010_{kind}.fits", data)
out = run("imingest", "-db", "H", "-log", "logs", "-format", "json", "acs")
equal((json.loads(out.stdout)["headers"], json.loads(out.stdout)["classes"]), (109, {}), "headers")
equal(sorted(os.path.basename(p)[:-3] for p in glob.glob("H/headers/*.db")), sorted(tables), "tables that were made")
equal([l for l in read(glob.glob("logs/*")[0]).decode().splitlines() if " not in " in l or "holds texts" in l], [], "all keywords are known")
run("imcheck", "-db", "H", code=0)
for name, values in written.items():
    equal(columns_of("H", name), (wanted_columns(name), 1), f"{name}: columns and version")
    (row,) = rows("H", "-from", name)
    check(row["others"] == 0, f"{name}: {row['others']} values without a column")
    equal({c: row[c.lower()] for c in values}, values, f"{name}: values")

# Real files change no table of theirs: no type, no width, no keyword that is not declared.
real = [p for p in glob.glob(os.path.join(FITS, "*", "*")) if re.fullmatch(r"j\w+_(raw|flt|spt)\.fits", os.path.basename(p))]
if real:
    run("imingest", "-db", "R", *real, code=None)
    made = [os.path.basename(p)[:-3] for p in sorted(glob.glob("R/headers/*.db"))]
    for name in made:
        if check(name in tables, f"{name} of real files is not among the 109"):
            equal(columns_of("R", name), (wanted_columns(name), 1), f"{name} of real files")
    check(len(made) >= 13, f"tables of real files: {made}")
else:
    print("the real files are not there")
finish()
