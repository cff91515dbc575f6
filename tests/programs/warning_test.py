#!/usr/bin/python3
"""Header values that mean nothing: registered all the same, said by default, in few lines, and never of a good header."""
from harness import *


def warnings(*args, stdin=""):
    lines = run("imregister", "-db", "w.db", *args, stdin=stdin, code=0).stderr.splitlines()
    for suffix in ("", ".lock", ".journal"):
        if os.path.exists("w.db" + suffix):
            os.remove("w.db" + suffix)
    return lines


def one(wanted, **keys):
    """One file with these keywords: its only warning by imregister, with and without -v, and by showiminfo."""
    image("w.fits", **{"OBSTYPE": "object", "DATE-OBS": "2001-01-27T05:13:43", "EXPTIME": 10.0, "RA": "10:00:00", "DEC": "-5:00:00", **keys})
    said = [f"imregister: w.fits: warning: {wanted}"] if wanted else []
    equal(warnings("w.fits"), said, f"{keys}")
    equal([l for l in warnings("w.fits", "-v") if "warning" in l], said, f"{keys} -v")
    shown = [l.split(None, 1)[1] for l in run("showiminfo", "w.fits", code=0).stdout.splitlines() if l.startswith("  warning ")]
    equal(shown, [wanted] if wanted else [], f"{keys}: showiminfo")


one(None)
one(None, **{"DATE-OBS": ""})
one(None, **{"DATE-OBS": "Unknown", "MJD-OBS": 0.0, "AIRMASS": 0.0, "RA": 0.0, "DEC": 0.0})
one(None, **{"DATE-OBS": "nn/nn/nn", "MJD-OBS": 51936.2})
one(None, OBSTYPE="bias", DEC="+90:03:04")
for date in ("nn/nn/nn", "2010-02-31T00:00:00", "00/00/00"):
    one(f'DATE-OBS "{date}" is no date; obstime is not known', **{"DATE-OBS": date})
one('DATE-OBS "1066-10-14T09:00:00" is out of range 1840..2100; obstime is not known', **{"DATE-OBS": "1066-10-14T09:00:00"})
one('UTC-OBS "25:61:00" is no time of day; only the day of the observation is known, not the time',
    **{"DATE-OBS": "2001-01-27", "UTC-OBS": "25:61:00"})
one('EXPTIME "abc" is no number; exptime is not known', EXPTIME="abc")
for number in (-5.0, 1e30):
    image("n.fits", EXPTIME=number)
    (line,) = warnings("n.fits")
    check("n.fits: warning: EXPTIME \"" in line and line.endswith("is out of range 0..10000000; exptime is not known"), line)
one('RA "99:99:99" is no right ascension; ra and dec are not known', RA="99:99:99")
one('DEC "-95:00:00" is no declination; ra and dec are not known', DEC="-95:00:00")
one('AIRMASS "0.2" is out of range 0.99..60; airmass is not known', AIRMASS=0.2)
one("filter 'Qx-17' is not in the filter list", FILTER="Qx-17")
one('DATE-OBS "' + "x" * 60 + '..." is no date; obstime is not known', **{"DATE-OBS": "x" * 65})

# the row is there, with the rest of its values
image("w.fits", **{"DATE-OBS": "nn/nn/nn", "EXPTIME": 7.0})
run("imregister", "-db", "row.db", "w.fits", code=0)
equal([(r["obstime"], r["exptime"]) for r in rows("row.db")], [(None, 7)], "the row")

# only the day is known: every program that shows the time tells so, and Elixir's versions lose it with a word
os.mkdir("days")
for name, keys, day in (("days/plate.fits", {"DATE-OBS": "1979-11-21"}, True), ("days/stack.fits", {"MJD-OBS": 56391.0}, True),
                        ("days/both.fits", {"DATE-OBS": "2013-04-09T00:00:00", "MJD-OBS": 56391.0}, False)):
    image(name, **{"DATE-OBS": None, **keys})
    shown = json.loads(run("showiminfo", "-format", "json", name, code=0).stdout)
    time = shown["images"][0]["obstime"]
    equal((time.get("precision"), time["iso"][10:]), ("day", "") if day else (None, "T00:00:00Z"), name)
    equal(["only the day of the observation is known, not the time"] if day else [], shown["warnings"], name)
    (line,) = [l.split()[1] for l in run("showiminfo", name, code=0).stdout.splitlines() if l.startswith("  obstime")]
    equal(line, time["iso"], name)
run("imregister", "-db", "day.db", "days", code=0)
run("imregister", "-db", "day.db", "days", code=0)
marked = [("both.fits", 0), ("plate.fits", 4), ("stack.fits", 4)]
equal(sorted((r["filename"], r["flag"]) for r in rows("day.db")), marked, "flag in JSON")
csv = run("imsearch", "-db", "day.db", "-format", "csv", "-fields", "filename,flag", code=0).stdout.splitlines()[1:]
equal(sorted(csv), [f"{name},{flag}" for name, flag in marked], "flag in CSV")
table = run("imsearch", "-db", "day.db", "-format", "table", "-fields", "filename,flag", code=0).stdout.splitlines()[1:]
equal(sorted(tuple(l.split()) for l in table), [(name, str(flag)) for name, flag in marked], "flag in a table")
found = run("imsearch", "-db", "day.db", "-where", "flag & 4 = 4", "-format", "json", code=0).stdout.splitlines()
equal(sorted(json.loads(l)["filename"] for l in found), ["plate.fits", "stack.fits"], "-where")
run("imsearch", "-db", "day.db", "-dist", "t", code=1)
out = run("convertimreg", "day.db", "day3.db", "-to", "v3", code=0)
check("flag that only the day of obstime is known (2 rows)" in out.stderr, out.stderr)
equal({r["flag"] for r in rows("day3.db")}, {0}, "no program of Elixir takes a plate for distributed")

# 36 CCDs are one file; a doubt of one CCD only is said too
parts = [read(image("p.fits", shape=(), DATE_OBS=None))]
bad = {"DATE-OBS": "nn/nn/nn", "FILTER": "Qx-17"}
for i in range(36):
    body = read(image("p.fits", **bad)).replace(card("SIMPLE", True).encode(), card("XTENSION", "IMAGE").encode())
    parts.append(body)
write("mosaic.fits", b"".join(parts))
equal([l.split("warning: ")[1] for l in warnings("mosaic.fits")],
      ["filter 'Qx-17' is not in the filter list", 'DATE-OBS "nn/nn/nn" is no date; obstime is not known'], "a mosaic")

# few are named, many are summed up by kind; one kind does not hide the other
os.makedirs("tree")
for i in range(10):
    image(f"tree/f{i:02}.fits", FILTER="Qa" if i < 7 else "Qb")
image("tree/date.fits", **{"DATE-OBS": "nn/nn/nn"})
said = warnings("tree")
equal(len(said), 11, "ten filters and a date")
check(all("tree/" in l and ": warning: " in l for l in said), said)
image("tree/f10.fits", FILTER="Qc")
sum_line = "imregister: warning: 11 times: filter is not in the filter list (Qa: 7, Qb: 3, Qc: 1); -v names them"
date_line = 'imregister: tree/date.fits: warning: DATE-OBS "nn/nn/nn" is no date; obstime is not known'
equal(sorted(warnings("tree")), sorted([sum_line, date_line]), "eleven filters and a date")
equal(sorted(warnings("-", stdin="\n".join("tree/" + f for f in os.listdir("tree")))), sorted([sum_line, date_line]), "a list")
equal(sum(": warning: filter" in l for l in warnings("tree", "-v")), 11, "-v names all")
for i in range(30):
    image(f"tree/g{i:02}.fits", FILTER=f"Z{i:02}")
(line,) = (l for l in warnings("tree") if "filter" in l)
check("41 times: " in line and "(Qa: 7, Qb: 3, " in line and line.endswith(", and 23 more); -v names them"), line)

# real files: what is said of them is known, so a good header is not warned of
if not os.path.isdir(FITS):
    finish()
    sys.exit()
said = [l[len("imregister: "):].replace(FITS + "/", "") for l in run("imregister", "-db", "real.db", FITS, code=4, timeout=500).stderr.splitlines() if "warning: " in l and "filter list" not in l]
equal(sorted(said), sorted([
    "b/test1.fits: warning: DATE-OBS + TIME-OBS (1994-05-19) and EXPSTART (1994-05-20) are more than a day apart; DATE-OBS + TIME-OBS is taken",
    'e/badheaders1.fits.gz: warning: EXPTIME "-1" is out of range 0..10000000; exptime is not known',
    'e/timmi2.fits: warning: RA "1.117786E+03" is no right ascension; ra and dec are not known',
    'e/timmi2.fits: warning: ESO TEL AIRM START "-1.854545E+00" is out of range 0.99..60; airmass is not known']), "warnings of the real files")
finish()
