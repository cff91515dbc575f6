#!/usr/bin/python3
"""Elixir's own files, written here from the layout in the design and by nothing of imreg: listed, refused for writing, converted
both ways. What does not come back byte for byte is said where it is tested: bytes behind a text's NUL, spare bytes, NaN."""
import csv, datetime, random, struct
from decimal import Decimal
from harness import *

rnd = random.Random(360)
TYPES = "none object dark bias flat mask fringe scatter modes frpts any".split()
MODES = "none MEF SPLIT SINGLE CUBE SLICE MODES".split()
FLOATS = "exptime airmass sky bias fwhm telfocus xprobe yprobe zprobe dettemp".split()


def f32(x):
    return struct.unpack(">f", struct.pack(">f", x))[0]


def a_row(n):
    """Values as Elixir's programs stored them: 0 or -1 for a statistic, 200 for a missing temperature."""
    row = {"filename": f"{600000 + n}o.fits", "pathname": f"/data/niele/megacam/run{n % 5}", "filter": rnd.choice(["r.MP9601", "z", ""]), "instrument": "MegaPrime",
           "ccd": n % 40, "mode": 1 + n % 3, "type": n % 12, "flag": n % 2, "seqtime": f32(rnd.choice([0, 12.5])), "seq": n % 7,
           "ra": f32(rnd.uniform(0.1, 360)), "dec": f32(rnd.uniform(-90, 90)), "obstime": 980590810 + 1000 * n, "regtime": 980600000 + 1000 * n,
           "teltemp": [f32(rnd.choice([200, 1.5, -3.25])) for _ in range(4)], "rotangle": f32(n / 8)}
    for name in FLOATS:
        row[name] = f32(rnd.choice([0, rnd.uniform(0.1, 3000)]))
    for name in ("bias", "sky", "fwhm"):
        row[name] = f32(rnd.choice([0, -1, rnd.uniform(1, 3000)]))
    return row


def record(row, version, garbage):
    def text(value, size):
        value = value.encode()
        fill = bytes(rnd.randrange(1, 256) for _ in range(size)) if garbage else b"\0" * size
        return (value + b"\0" + fill)[:size] if len(value) < size else value
    out = text(row["filename"], 64) + text(row["pathname"], 128) + text(row["filter"], 32) + text(row["instrument"], 32)
    out += bytes([row["ccd"], row["mode"], row["type"]])
    spare = bytes(rnd.randrange(256) for _ in range(25)) if garbage else b"\0" * 25
    out += spare if version == 1 else struct.pack(">BfB", row["flag"], row["seqtime"], row["seq"]) + spare[:19]
    out += struct.pack(">10f", *(row[k] for k in FLOATS)) + struct.pack(">4f", *row["teltemp"]) + struct.pack(">3f", row["rotangle"], row["ra"], row["dec"])
    out += struct.pack(">II", row["obstime"], row["regtime"])
    assert len(out) == 360
    return out


def block_file(path, rows_, version, garbage=True, comments=0, named=False):
    cards = ["SIMPLE  =                    T /", "BITPIX  =                   16 /", "NAXIS   =                    0 /", f"NIMAGES = {len(rows_):>20} /", "ORIGIN  = 'MDM Observatory   ' /"]
    cards += ["COMMENT one more"] * comments + ([f"VERSION = {version:>20} /"] if named else []) + ["END"]
    write(path, pad("".join(c.ljust(80) for c in cards).encode(), b" ") + b"".join(record(r, version, garbage) for r in rows_))
    return path


COLUMNS = [("FILE", "64A"), ("PATH", "128A"), ("FILTER", "32A"), ("INSTRUMENT", "32A"), ("CCD", "B"), ("MODE", "B"), ("TYPE", "B"), ("FLAG", "B"), ("SEQTIME", "E"), ("SEQ", "B"), ("JUNK", "19A")]
COLUMNS += [(k.upper(), "E") for k in FLOATS] + [(f"TELTEMP{i}", "E") for i in range(4)] + [("ROTANGLE", "E"), ("RA", "E"), ("DEC", "E"), ("OBS_TIME", "J"), ("REG_TIME", "J")]


def table_file(path, rows_, garbage=True):
    first = ["SIMPLE  =                    T /", "BITPIX  =                    8 /", "NAXIS   =                    0 /", "PCOUNT  =                    0 /", "GCOUNT  =                    1 /",
             "EXTEND  =                    T /", "NEXTEND =                    1 /", "END"]
    second = ["XTENSION= 'BINTABLE          ' /", "BITPIX  =                    8 /", "NAXIS   =                    2 /", "NAXIS1  =                  360 /", f"NAXIS2  = {len(rows_):>20} /",
              "PCOUNT  =                    0 /", "GCOUNT  =                    1 /", f"TFIELDS = {len(COLUMNS):>20} /", "EXTNAME = 'IMAGE_DATABASE    ' /"]
    for n, (name, form) in enumerate(COLUMNS, 1):
        second += [f"TTYPE{n:<3}= '{name:<18}' / {name.lower()}", f"TUNIT{n:<3}= '{'':18}' /", f"TFORM{n:<3}= '{form:<18}' /", f"TSCAL{n:<3}=         1.0000000000 /", f"TZERO{n:<3}=         0.0000000000 /"]
    heads = [pad("".join(c.ljust(80) for c in cards).encode(), b" ") for cards in (first, second + ["END"])]
    write(path, b"".join(heads) + pad(b"".join(record(r, 3, garbage) for r in rows_), b"\0"))
    return path


def shortest(x):
    """The shortest decimal that reads back as this float, without exponent."""
    for digits in range(1, 12):
        text = f"{x:.{digits}g}"
        if f32(float(text)) == x:
            return format(Decimal(text), "f").rstrip("0").rstrip(".") if "." in format(Decimal(text), "f") else format(Decimal(text), "f")


def twelve_words(n, row):
    day = datetime.datetime.fromtimestamp(row["obstime"], datetime.timezone.utc).strftime("%Y/%m/%d,%H:%M:%S")
    word = lambda words, code: words[code] if code < len(words) else str(code)
    return [str(n), word(TYPES, row["type"]), word(MODES, row["mode"]), str(row["ccd"]), row["pathname"], row["filename"], row["filter"] or "-", shortest(row["exptime"]), day] + \
        [shortest(row[k]) for k in ("fwhm", "bias", "sky")]


table = [a_row(n) for n in range(120)]
late = [dict(a_row(7), obstime=2**31 + 5, regtime=2**32 - 1)]
FILES = {
    "v1.db": (block_file("v1.db", table, 1), 1), "v1n.db": (block_file("v1n.db", table, 1, named=True), 1), "v1blocks.db": (block_file("v1blocks.db", table, 1, comments=80), 1),
    "v2.db": (block_file("v2.db", table + late, 2), 2), "v3.db": (table_file("v3.db", table + late), 3), "clean3.db": (table_file("clean3.db", table + late, garbage=False), 3)}
for name, (path, version) in FILES.items():
    wanted = table + (late if version > 1 else [])
    os.chmod(path, 0o444)
    lines = [line.split(" ") for line in run("imsearch", "-db", path, code=0).stdout.splitlines()]
    equal(lines, [twelve_words(n, r) for n, r in enumerate(wanted, 1)], f"{name}: rows of 12 words")
    got = rows(path)
    equal(len(got), len(wanted), name + ": json")
    fields = ["filename", "pathname", "ccd", "exptime", "ra", "dec", "obstime"] + (["flag", "seq"] if version > 1 else [])
    for mine, theirs in zip(got, wanted):
        for k in fields:
            same = mine[k] == theirs[k] or isinstance(theirs[k], float) and mine[k] is not None and f32(mine[k]) == theirs[k]
            check(same, f"{name} {k}: {mine[k]} is not {theirs[k]}")
        for k in ("bias", "sky", "fwhm", "airmass"):
            check(mine[k] is None if theirs[k] in (0, -1) else mine[k] is not None and f32(mine[k]) == theirs[k], f"{name} {k}: {mine[k]} is not {theirs[k]}")
    equal({r["filter"] for r in got}, {"r.MP9601", "z", None}, name + ": filters stop at the NUL")
    out = list(csv.reader(run("imsearch", "-db", path, "-format", "csv", "-fields", "filename,pathname,ccd,obstime", code=0).stdout.splitlines()))
    equal(out[1], ["600000o.fits", "/data/niele/megacam/run0", "0", "2001-01-27T10:20:10Z"], name + ": csv")
    some = [r for r in wanted if r["type"] == 4 and r["ccd"] != 3]
    equal(len(run("imsearch", "-db", path, "-type", "flat", "-ccd", "!3").stdout.splitlines()), len(some), name + ": filters")
    if version == 1:
        check(all("flag" not in r and "seqtime" not in r for r in got), name + ": spare bytes are no values")
    if version > 1:
        equal([r["obstime"] for r in rows(path, "-trange", "2038/01/01", "1y")], [2**31 + 5], name + ": times beyond 2^31")
    # never written
    before = read(path)
    fails(3, [name, "convertimreg"], "imregister", "-db", path, image("i.fits"))
    equal((read(path) == before, os.path.exists(path + ".journal")), (True, False), f"{name}: not written")

# a real one, against astropy
real = os.path.join(FITS, "a/detrend.db.fits")
if os.path.exists(real):
    from astropy.io import fits
    with fits.open(real, ignore_missing_simple=True, memmap=False) as hdus:
        data = hdus[1].data
        got = [json.loads(line) for line in run("imsearch", "-db", real, "-format", "json", code=0).stdout.splitlines()]
        equal(len(got), len(data), "detrend: rows")
        for ours, theirs in zip(got, data):
            for k in ("start_time", "stop_time", "reg_time"):
                equal(ours[k] or 0, int(theirs[k.upper()]) & 0xFFFFFFFF, "detrend " + k)
            for k in ("filter", "ccdnum", "version", "order"):
                equal(ours[k], int(theirs[k.upper()]), "detrend " + k)
            equal(ours["imagetyp"], TYPES[int(theirs["IMAGETYP"])], "detrend imagetyp")
            equal(ours["exptime"], float(theirs["EXPTIME"]), "detrend exptime")
            for k in ("label", "path"):
                text = bytes(theirs.array.field(k.upper())[theirs.row]).split(b"\0")[0].decode("latin-1").rstrip() if hasattr(theirs, "array") else str(theirs[k.upper()])
                equal((ours[k] or "").encode().decode("utf-8"), text.split("\0")[0], "detrend " + k)
    out = run("imsearch", "-db", real, "-fields", "label,path,start_time", code=0).stdout
    check(len(out.splitlines()) >= len(got), "detrend: -fields")
    fails(3, ["detrend.db.fits"], "imregister", "-db", real, "i.fits")
    fails(2, ["-fields"], "imsearch", "-db", real)
    fails(3, ["detrend", "registration"], "convertimreg", real, "x.db")

# conversion to native and back: the same records, but for bytes that mean nothing
for name, (path, version) in FILES.items():
    wanted = table + (late if version > 1 else [])
    native, back = "native_" + name, "back_" + name
    out = run("convertimreg", path, native, code=0)
    check(f"{len(wanted)} rows written, 0 left out" in out.stdout, name + ": " + out.stdout)
    equal(run("imsearch", "-db", native, code=0).stdout, run("imsearch", "-db", path, code=0).stdout, name + ": the same rows in the native file")
    check(not [f for f in os.listdir(".") if f.startswith(native) and f != native], "nothing else beside the native file")
    run("imregister", "-db", native, "i.fits", code=0)
    os.remove(native)
    run("convertimreg", path, native, "-to", "native", code=0)
    for to in (1, 2, 3):
        out = run("convertimreg", native, f"{back}{to}", "-to", f"v{to}", code=0)
        equal(out.stderr.count("not in version v3"), 0, f"{name}: nothing is lost between native and v3: {out.stderr}")
        data = read(f"{back}{to}")
        at = data.index(record(wanted[0], 3, False)[:60])
        body = data[at:at + 360 * len(wanted)]
        kept = [r if version > 1 else dict(r, flag=0, seqtime=0, seq=0) for r in wanted]
        if name in ("v1n.db", "v2.db", "v3.db", "clean3.db"):  # an unnamed v1 cannot be told from v2: its spare bytes pass for flags
            equal(body == b"".join(record(r, to, False) for r in kept), True, f"{name} -> native -> v{to}: the records, byte for byte, spare bytes zero")
        equal(len(run("imsearch", "-db", f"{back}{to}", code=0).stdout.splitlines()), len(wanted), f"{name} -> v{to}: readable")
from astropy.table import Table
import warnings
warnings.simplefilter("error")
t = Table.read("back_v3.db3", hdu=1)
equal((len(t), str(t["FILE"][0]), int(t["CCD"][5]), float(t["TELTEMP2"][3])), (121, "600000o.fits", 5, table[3]["teltemp"][2]), "astropy reads v3")
equal(read("clean3.db")[-360 * 121 - (-360 * 121 % 2880):][:360 * 121] == read("back_clean3.db3")[-360 * 121 - (-360 * 121 % 2880):][:360 * 121], True, "v3 -> native -> v3")
if shutil.which("fitsverify"):
    import subprocess
    said = subprocess.run(["fitsverify", "back_v3.db3"], capture_output=True, text=True).stdout
    check("and 0 error(s)" in said, "fitsverify of v3: " + said[-500:])

# native to v3: what is lost is said, what does not fit is left out with its reason, exit 4
image("night/ok.fits", extra=[card("REL_DATE", "2003-01-01")])
image("night/" + "n" * 70 + ".fits")
image("night/early.fits", DATE_OBS="1965-02-03T04:05:06")
image("night/" + "x" * 59 + ".fits")  # 64 bytes: no room for the NUL that ends a text in Elixir
run("imregister", "-db", "mine.db", "night", code=0)
out = run("convertimreg", "mine.db", "mine3.db", "-to", "v3", code=4)
check("1 row written, 3 left out" in out.stdout, out.stdout)
for words in (["record 1", "obstime"], ["record 2", "filename", "75"], ["filename", "64"], ["object (1 row)"]):
    check(any(all(w in line for w in words) for line in out.stderr.splitlines()), f"{words}: {out.stderr}")
equal([r["filename"] for r in rows("mine3.db")], ["ok.fits"], "what fits is converted")
run("imregister", "-db", "rooted.db", "-root", f"N={work}/night", "night/ok.fits", code=0)
run("convertimreg", "rooted.db", "rooted3.db", "-to", "v3", code=0)
equal(rows("rooted3.db")[0]["pathname"], work + "/night", "roots are expanded: Elixir has none")
run("convertimreg", "rooted.db", "rooted4.db", code=0)
equal(rows("rooted4.db")[0]["pathname"], work + "/night", "roots come along")

fails(3, ["v3.db", "exists"], "convertimreg", "v1.db", "v3.db")
fails(2, ["-to", "v9"], "convertimreg", "v1.db", "x.db", "-to", "v9")
fails(3, ["nosuch.db"], "convertimreg", "nosuch.db", "x.db")
fails(3, ["no/folder"], "convertimreg", "v1.db", "no/folder/x.db")
# more images promised than there are
data = bytearray(read("v1.db"))
write("short.db", bytes(data[:-100]))
fails(3, ["short.db", "120", "119"], "imsearch", "-db", "short.db")
check(not os.path.exists("x.db"), "a failed conversion writes nothing")
finish()
