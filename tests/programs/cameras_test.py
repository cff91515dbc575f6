#!/usr/bin/python3
"""The user's camera tables and filter lists: in $IMREG_CAMERAS, beside the database, by -camera; Elixir's keys of the
configuration, which win over all; mistakes in them; headers that contradict themselves or mean nothing."""
from harness import *

image("in/a.fits", LASTED=2.0, OPENED=7.0, WHEEL="Glass 7")
TABLE = "camera {0}\nlike generic\nwhen INSTRUME TestCam\nexptime LASTED {1}\nfilter WHEEL\n"


def exptime(db, *args, **more):
    run("imregister", "-db", db, *args, "in/a.fits", code=0, **more)
    return [(r["exptime"], r["filter"]) for r in rows(db)]


equal(exptime("plain.db"), [(60.0, "r")], "without a table of the user's")
os.makedirs("tables")
write("tables/mine.cam", TABLE.format("mine", "min"))
write("tables/mine.list", "filter \"Glass 7\" group deep\n")
write("tables/other.cam", "\x00\x01 no table at all")
write("tables/night.list", "a list of something else\n")
with_tables = {**os.environ, "IMREG_CAMERAS": os.path.abspath("tables")}
equal(exptime("folder/env.db" if os.makedirs("folder") is None else "", env=with_tables), [(120.0, "Glass 7")], "$IMREG_CAMERAS")
out = run("imregister", "-db", "folder/env.db", "-v", "in/a.fits", code=0, env=with_tables)
check("(mine)" in out.stderr and "filter list" not in out.stderr, "the list of the user knows the filter: " + out.stderr)
for word, found in (("deep", 0), ("shallow", 1)):
    run("imsearch", "-db", "folder/env.db", "-filter", word, code=found, env=with_tables)
run("imsearch", "-db", "folder/env.db", "-filter", "deep", code=1)

# Beside the database goes before $IMREG_CAMERAS; -camera before both; Elixir's keys before all.
os.makedirs("beside")
write("beside/near.cam", TABLE.format("near", "h"))
equal(exptime("beside/x.db", env=with_tables), [(7200.0, "Glass 7")], "beside the database")
write("third.cam", TABLE.format("third", "ms"))
equal(exptime("beside/y.db", "-camera", "./third.cam", env=with_tables), [(0.002, "Glass 7")], "-camera")
keys = ["-D", "EXPTIME-KEYWORD", "OPENED", "-D", "FILTER-KEYWORD", "NONE"]
equal(exptime("beside/z.db", *keys, env=with_tables), [(7.0, "Glass 7")], "Elixir's keys")
write("ptolemy.rc", "# of the site\nEXPTIME-KEYWORD OPENED\nFILTER-KEYWORD OBJECT\n")
equal(exptime("elixir.db"), [(7.0, "M 31")], "Elixir's keys in ./ptolemy.rc")
info = json.loads(run("showiminfo", "-format", "json", "in/a.fits", code=0).stdout)["images"][0]
equal((info["exptime"]["keyword"], info["exptime"]["table"], info["exptime"]["hdu"]), ("OPENED", "configuration", 0), "showiminfo tells so")
os.remove("ptolemy.rc")

# Every key of Elixir's.
image("in/e.fits", DAY="27/01/03", CLOCK="10:20:30", OPENED=7.0, KIND="dark", CHIP="chip5", GLASS="r", SECZ2=1.5, FOC=3.0, ROT=30.0, COLD=-90.0,
      P1=1.0, P2=2.0, P3=3.0, CAM="MyCam", NAME="M 1", LON=10.0, LAT=20.0, DATE_OBS=None)
site = ["DATE-KEYWORD DAY", "UT-KEYWORD CLOCK", "DATE-MODE dd/mm/yy", "EXPTIME-KEYWORD OPENED", "IMAGETYPE-KEYWORD KIND", "CCDNUM-KEYWORD CHIP",
        "FILTER-KEYWORD GLASS", "AIRMASS-KEYWORD SECZ2", "FOCUS-KEYWORD FOC", "ROTATION-KEYWORD ROT", "DETTEMP-KEYWORD COLD", "TELDATA1-KEYWORD P1",
        "TELDATA2-KEYWORD P2", "TELDATA3-KEYWORD P3", "CAMERA-KEYWORD CAM", "OBJECT-KEYWORD NAME", "RA-DDD-KEYWORD LON", "DEC-DDD-KEYWORD LAT"]
write("site.rc", "\n".join(site) + "\n")
run("imregister", "-db", "site.db", "-c", "site.rc", "in/e.fits", code=0)
(row,) = rows("site.db")
wanted = {"obstime": 1043662830, "exptime": 7.0, "type": "dark", "ccd": 5, "filter": "r", "airmass": 1.5, "telfocus": 3.0, "rotangle": 30.0, "dettemp": -90.0,
          "xprobe": 1.0, "yprobe": 2.0, "zprobe": 3.0, "instrument": "MyCam", "object": "M 1"}
equal({k: row[k] for k in wanted}, wanted, "all keys of Elixir's")
check(abs(row["ra"] - 10) < 1e-4 and abs(row["dec"] - 20) < 1e-4, f"its position: {row['ra']} {row['dec']}")
fails(2, ["DATE-MODE", "yyyy-mm-dd"], "imregister", "-db", "never.db", "-D", "DATE-MODE", "sometimes", "in/e.fits")

# Mistakes: file, line, column; nothing is written.
faults = {"unknown field": ("camera bad\nexptme EXPTIME\n", "line 2, column 1", "exptme"),
          "bad pattern": ("camera bad\nwhen INSTRUME [a-z\n", "line 2, column 15", "[a-z"),
          "circle": ("camera bad\nlike bad\n", "line 2, column 6", "refines itself"),
          "nothing to refine": ("camera bad\nlike nobody\n", "line 2, column 6", "nobody")}
for what, (text, where, word) in faults.items():
    os.makedirs("faulty", exist_ok=True)
    write("faulty/bad.cam", text)
    fails(2, ["faulty/bad.cam", where, word], "imregister", "-db", "never.db", "-camera", "faulty/bad.cam", "in/a.fits")
    fails(2, ["faulty/bad.cam", where, word], "imregister", "-db", "never.db", "in/a.fits", env={**os.environ, "IMREG_CAMERAS": "faulty"})
    fails(2, ["bad.cam", where, word], "imregister", "-db", "faulty/never.db", "in/a.fits")
    fails(2, ["bad.cam", where, word], "showiminfo", "-camera", "faulty/bad.cam", "in/a.fits")
write("faulty/bad.cam", "camera one\nlike generic\nwhen INSTRUME Test*\n")
write("faulty/two.cam", "camera two\nlike generic\nwhen INSTRUME *Cam\n")
fails(2, ["faulty/two.cam", "line 3, column 1", "one", "apply equally"], "imregister", "-db", "never.db", "in/a.fits", env={**os.environ, "IMREG_CAMERAS": "faulty"})

# A broken first line does not hide a table; a byte order mark does no harm; the table that one refines may lie beside it.
os.makedirs("broken")
write("broken/mine.cam", "cammera mine\nlike generic\nexptime LASTED s\n")
fails(2, ["broken/mine.cam", "line 1, column 1", "camera NAME"], "imregister", "-db", "never.db", "in/a.fits", env={**os.environ, "IMREG_CAMERAS": "broken"})
fails(4, ["broken/mine.cam", "line 1, column 1"], "imcamera", "lint", "broken/mine.cam")
os.makedirs("pair")
write("pair/child.cam", b"\xef\xbb\xbf" + TABLE.format("child", "min").replace("like generic", "like parent").encode())
write("pair/parent.cam", "camera parent\nlike generic\nobject WHEEL\n")
run("imregister", "-db", "pair.db", "-camera", "pair/child.cam", "in/a.fits", code=0)
equal([(r["exptime"], r["object"]) for r in rows("pair.db")], [(120.0, "Glass 7")], "the table beside the named one is refined")
write("pair/parent.cam", "camera parent\nlike child\n")
fails(2, ["pair/", "refines itself"], "imregister", "-db", "never.db", "-camera", "pair/child.cam", "in/a.fits")
# Tables that apply equally by different keywords can only be told when a file has both.
os.makedirs("equal")
write("equal/one.cam", "camera one\nlike generic\nwhen INSTRUME TestCam\n")
write("equal/two.cam", "camera two\nlike generic\nwhen OBJECT \"M 31\"\n")
os.makedirs("else")
out = run("imregister", "-db", "else/equal.db", "in/a.fits", code=0, env={**os.environ, "IMREG_CAMERAS": "equal"})
check("one" in out.stderr and "two" in out.stderr and "apply equally" in out.stderr, "tables that apply equally: " + out.stderr)
# A draft in the current folder is no table for imcamera before it is named.
write("draft.cam", "camera draft\nbroken\n")
run("imcamera", "check", "generic", "in/a.fits", code=0)
os.remove("draft.cam")
fails(2, ["nowhere", "not there"], "imregister", "-db", "never.db", "in/a.fits", env={**os.environ, "IMREG_CAMERAS": "tables:nowhere"})
check(not os.path.exists("never.db") and not os.path.exists("faulty/never.db"), "nothing is written")

# Bad headers: a row with unknown values and one warning, never a guess.
bad = {"no usable time": ({"DATE_OBS": "soon"}, "obstime", 'DATE-OBS "soon" is no date'),
       "an impossible position": ({"RA": "27:00:00.0"}, "ra", 'RA "27:00:00.0" is no right ascension'),
       "a unit of another kind": ({"EXPTIME": None, "extra": ["EXPTIME =                 60.0 / [K] exposure".ljust(80)]}, "exptime", "is in K"),
       "an unusable exposure": ({"EXPTIME": "long"}, "exptime", 'EXPTIME "long" is no number')}
for what, (more, field, message) in bad.items():
    image("bad.fits", **more)
    out = run("imregister", "-db", f"{field}.db", "bad.fits", code=0)
    warned = [line for line in out.stderr.splitlines() if "warning" in line]
    check(len(warned) == 1 and message in warned[0], f"{what}: one warning: {out.stderr}")
    equal([r[field] for r in rows(f"{field}.db")], [None], what + ": unknown")
image("bad.fits", DATE_OBS="2013-01-27T10:20:30", MJD_OBS=51936.43090278)
out = run("imregister", "-db", "two.db", "bad.fits", code=0)
check("DATE-OBS (2013-01-27) and MJD-OBS (2001-01-27) are more than a day apart" in out.stderr, "contradicting times: " + out.stderr)
image("bad.fits", OBJECT="caf\xe9")
run("imregister", "-db", "latin.db", "bad.fits", code=0)
equal([r["object"] for r in rows("latin.db")], ["caf\xe9"], "Latin-1 is read as text")
finish()
