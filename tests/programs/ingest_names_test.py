"""Names and places that are not as one expects: keywords and files that differ in case only, keywords and texts that no column holds, links, record files
among the data, words of the configuration. Oracle: the cards that the test wrote itself."""
from harness import *
import glob


def counts(db, *args, code=0):
    return json.loads(run("imingest", "-db", db, "-format", "json", *args, code=code).stdout)


def cards(db, name, *keys):
    return run("imheader", "-db", db, name, *(w for k in keys for w in ("-key", k)), code=0).stdout.splitlines()


def keys(db, *args):
    return [json.loads(l) for l in run("imkeys", "-db", db, "-format", "json", *args, code=0).stdout.splitlines()]


# Keywords that differ in case only, and DATE-OBS beside DATE_OBS, share a column: the first one counts, and imheader has them all.
extra = [card("exptime", 61.0), card("ExpTime", 62.0), card("DATE_OBS", "1999-09-09")]
image("case/A.fits", extra=extra)
image("case/a.fits", extra=[card("date_obs", "1998-08-08")], DATE_OBS=None, EXPTIME=7.0)
equal(counts("C", "case")["new"], 2, "A.fits and a.fits are two files")
equal([(r["filename"], r["exptime"], r["date_obs"], r["others"]) for r in rows("C", "-from", "testcam_0", "-sort", "exptime")],
      [("a.fits", 7.0, "1998-08-08", 0), ("A.fits", 60.0, "2001-01-27T10:20:30", 3)], "columns")
equal(cards("C", "A.fits", "EXPTIME", "DATE_OBS"), [card("EXPTIME", 60.0), card("DATE-OBS", "2001-01-27T10:20:30"), *extra], "all of them")
equal(cards("C", "A.fits", "DATE-OBS"), [card("DATE-OBS", "2001-01-27T10:20:30")], "by what the card says")
equal(cards("C", "a.fits", "date_obs"), [card("date_obs", "1998-08-08")], "by name, in that case")
equal([(k["keyword"], k["rows"]) for k in keys("C", "exptime")], [("EXPTIME", 2)], "imkeys: a column")
equal(keys("C")[0]["others"], 3, "imkeys: values that are in no column")

# More keywords than FITS allows columns: the rest is in the heap, which every program says that is asked for one of them.
many = [card(f"K{i}", i * 3) for i in range(2000)]
image("many/m.fits", extra=many)
odd = [card("alone", 4), card("-ODD", 5), card("1ST", 6), "HIERARCH ESO FAR AWAY = 7".ljust(80), card("DP9", "AXIS.1: 8")]
image("many/n.fits", extra=many[1980:] + odd)
equal(counts("M", "many")["new"], 2, "2,000 keywords")
table = {r["filename"]: r for r in rows("M", "-from", "testcam_0")}
there = [f"K{i}" for i in range(2000) if f"k{i}" in table["m.fits"]]
check(900 < len(there) < 999 and there == [f"K{i}" for i in range(len(there))], f"{len(there)} columns")
equal([table["m.fits"][k.lower()] for k in there], [3 * int(k[1:]) for k in there], "values")
equal((table["m.fits"]["others"], table["n.fits"]["others"]), (2000 - len(there), 20 + len(odd)), "values in the heap only")
equal(cards("M", "m.fits", "K*"), many, "imheader")
out = fails(1, ["k1990 is in no column", "2 headers of testcam_0", "imheader -key"], "imkeys", "-db", "M", "k1990")
for word in ("ALON?", "ALONE", "-odd", "_ODD", "1ST", "KEY_1ST", "ESO FAR AWAY", "ESO_FAR_AWAY", "eso far*", "DP9.AXIS.1", "DP9_AXIS_1"):
    fails(1, ["1 header of testcam_0"], "imkeys", "-db", "M", "--", word) if word[0] == "-" else fails(1, ["1 header of testcam_0"], "imkeys", "-db", "M", word)
fails(1, ["K1500", "1 header of testcam_0"], "imkeys", "-db", "M", "K1500", "-where", "filename = 'm.fits'")
fails(1, ["no table and no keyword"], "imkeys", "-db", "M", "K1500", "-where", "filename = 'n.fits'")
fails(1, ["no table and no keyword"], "imkeys", "-db", "M", "K2000")
fails(2, ["K1990", "heap"], "imsearch", "-db", "M", "-from", "testcam_0", "-where", "K1990 > 0")
out = run("imkeys", "-db", "M", "testcam_0", code=0)
check(f"testcam_0: {2000 - len(there) + 20 + len(odd)} values of its headers are in no column" in out.stderr, f"imkeys TABLE: {out.stderr}")
whole = read("M/headers/testcam_0.heap")
write("M/headers/testcam_0.heap", whole[:40] + bytes(len(whole) - 40))
fails(3, ["M/headers/testcam_0.heap", "damaged"], "imkeys", "-db", "M", "K1990")
os.remove("M/headers/testcam_0.heap")
fails(3, ["M/headers/testcam_0.heap"], "imkeys", "-db", "M", "K1990")
write("M/headers/testcam_0.heap", whole)
equal(run("imkeys", "-db", "C", "-from", "testcam_0", "GAIN", code=1).stderr.count("no column"), 0, "of no keyword in a heap")

# A text of more than 500 bytes, in CONTINUE cards: in the heap; a shorter one of the keyword makes the column.
long = "".join(chr(33 + i % 90) if chr(33 + i % 90) not in "'&" else "x" for i in range(700))
pieces = [long[i:i + 60] for i in range(0, 700, 60)]
continued = [f"LONGTEXT= '{pieces[0]}&'".ljust(80)] + [f"CONTINUE  '{p}{'&' if i < len(pieces) - 2 else ''}'".ljust(80) for i, p in enumerate(pieces[1:])]
image("long/a.fits", extra=continued)
counts("L", "long")
equal(rows("L", "-from", "testcam_0")[0]["others"], 1, "a long text")
equal(cards("L", "a.fits", "LONGTEXT"), continued, "imheader has it, and what continues it")
fails(1, ["LONGTEXT is in no column", "1 header of testcam_0"], "imkeys", "-db", "L", "LONGTEXT")
image("long/b.fits", LONGTEXT="short")
counts("L", "long")
equal([(r["filename"], r["longtext"]) for r in rows("L", "-from", "testcam_0", "-sort", "filename")], [("a.fits", None), ("b.fits", "short")], "beside a short one")
equal([(k["rows"], k["common"]) for k in keys("L", "LONGTEXT")], [(1, "short (1)")], "imkeys counts those in the column")
equal(keys("L")[0]["others"], 1, "and the other one")

# Links. A symbolic link is followed, also to a folder, and each way to a file is a file of its own, as each hard link is; a loop is told.
image("links/real/one.fits", NUMBER=1)
os.symlink("real/one.fits", "links/soft.fits")
os.symlink("real", "links/way")
os.link("links/real/one.fits", "links/hard.fits")
equal(counts("S", "links")["new"], 4, "each way to a file")
equal(sorted(os.path.relpath(r["pathname"] + "/" + r["filename"], "links") for r in rows("S/files.db")), ["hard.fits", "real/one.fits", "soft.fits", "way/one.fits"], "files.db")
equal([r["number"] for r in rows("S", "-from", "testcam_0", "-fields", "number")], [1] * 4, "a row each")
os.utime("links/real/one.fits", (1e9, 1e9))
equal(counts("S", "links")["changed"], 4, "a change is seen through all of them")
os.remove("links/soft.fits")
equal((lambda r: (r["gone"], r["unchanged"]))(counts("S", "links")), (1, 3), "a link that is gone")
os.symlink("..", "links/real/loop")
for again in range(2):
    out = fails(4, ["loop", "not entered"], "imingest", "-db", "S", "-format", "json", "links")
    equal((json.loads(out.stdout)["gone"], json.loads(out.stdout)["unchanged"]), (0, 3), "a loop")
os.remove("links/real/loop")

# Record files are no data: those of this run, wherever it makes them, and those of others below the tree; what stands beside them is.
image("data/x.fits", NUMBER=1)
image("data/deep/y.fits", NUMBER=2)
os.chdir("data")
equal(counts(".", ".")["new"], 2, "a folder of images that holds the record files too")
equal(counts(".", ".")["unchanged"], 2, "as before")
os.chdir(work)
report = counts("O", "data")
equal((report["found"], report["new"], report["passed"]), (2, 2, 0), "a tree with the record files of another run")
keep = read("data/files.db")
write("data/files.db", keep[:20000] + b"x" * 100)
equal(counts("O", "data")["found"], 2, "also when their files.db is damaged")
write("data/files.db", keep)
image("data/headers/z.fits", NUMBER=3)
equal(counts("O", "data")["found"], 2, "headers/ is theirs whole")
shutil.copytree("data", "plain", ignore=lambda folder, names: [n for n in names if ".db" in n or ".heap" in n])
image("plain/Imreg.dbx.fits")
equal(counts("P", "plain")["new"], 4, "a folder named headers without files.db beside it, and a name that begins so")
write("plain/files.db", b"a file of somebody else")
equal((lambda r: (r["found"], r["passed"]))(counts("P", "plain")), (5, 1), "somebody else's files.db")

# Without an image there is no Imreg.db, and what to do is told.
image("words/w.fits", shape=())
report = counts("N", "words", code=None)
check(not os.path.exists("N/Imreg.db") and report["headers"] == 1, f"a file without pixels: {report}")
fails(3, ["N/Imreg.db", "no image", "-from TABLE", "imkeys"], "imsearch", "-db", "N", "-count")
equal(run("imsearch", "-db", "N", "-from", "testcam_0", "-count", code=0).stdout, "1\n", "which helps")
fails(3, ["there is no such database"], "imsearch", "-db", "nowhere", "-count")

# Words of the configuration, in a file and on the command line; an option counts more.
image("arc/j8bt/j8bt05njq/j8bt05njq_raw.fits", ROOTNAME="j8bt05njq", TELESCOP="HST", INSTRUME="ACS", DETECTOR="WFC", PROPOSID=9453, ATODGNA=1.5)
image("arc/j8bt/j8bt05njq/j8bt05njq_flt.fits", ROOTNAME="j8bt05njq", TELESCOP="HST", INSTRUME="ACS", DETECTOR="WFC", PROPOSID=9453, EXPTIME=400.0)
image("arc/stray.fits")
write("types", "9453 GO\n* CAL\n")
write("rc", "INGEST_LAYOUT acsql\nPROPOSAL_TYPES types\nINGEST_LOG logs\n")
report = counts("F", "-c", "rc", "arc")
equal((report["new"], report["outside"]), (2, 1), "INGEST_LAYOUT")
equal([r["proptype"] for r in rows("F/master.db")], ["GO"], "PROPOSAL_TYPES")
equal(len(glob.glob("logs/imingest_*.log")), 1, "INGEST_LOG")
report = counts("F", "-c", "rc", "-layout", "stray.fits", "-n", "arc")
equal((report["new"], report["outside"]), (1, 2), "-layout before INGEST_LAYOUT")
fails(2, ["layout", "{what}"], "imingest", "-db", "F", "-D", "INGEST_LAYOUT", "{what}", "arc")
fails(3, ["nowhere"], "imingest", "-db", "F", "-D", "PROPOSAL_TYPES", "nowhere", "arc")
counts("F", "-D", "INGEST_LOG", "logs3", "-D", "INGEST_LOG_FORMAT", "json", "arc")
equal(len(glob.glob("logs3/imingest_*.json")), 1, "INGEST_LOG and its format")

# A join as the issue writes it, of header tables and of images.
for source in (["-from", "wfc_flt_0"], []):
    out = run("imsearch", "-db", "F", *source, "-with", "wfc_raw_0", "-where", "exptime > 100", "-fields", "filename,exptime,wfc_raw_0.ATODGNA", "-format", "csv", code=0)
    equal(out.stdout.splitlines()[1:], ["j8bt05njq_flt.fits,400,1.5"], f"{source} -with wfc_raw_0")
finish()
