#!/usr/bin/python3
"""imregister as written in its man page: order of options, lists, folders, roots, threads, registering again, two at once."""
from harness import *

IMAGES = 6
for i in range(IMAGES):
    image(f"in/deep/{i}.fits", EXPTIME=10.0 + i, DATE_OBS=f"2001-01-27T10:20:{10 + i}", OBSTYPE=("object", "dark", "flat")[i % 3])
write("in/notes.txt", "a text file\n")
write("in/.hidden.fits", "not looked at")
FILE = "in/deep/0.fits"


def keys(db):
    return [(r["pathname"], r["filename"], r["extension"], r["slice"]) for r in rows(db)]


def content(db, *without):
    hidden = {"regtime", "crc", "changeno", *without}
    return [{k: v for k, v in r.items() if k not in hidden} for r in rows(db)]


# every order, one dash or two
orders = [["-db", "DB", FILE], [FILE, "-db", "DB"], ["--db", "DB", FILE], [FILE, "-split", "-db", "DB"], ["-split", "-db", "DB", FILE],
          [FILE, "--split", "--db", "DB"], ["-j", "1", FILE, "-v", "-db", "DB"], ["-db", "DB", "--", FILE]]
for n, order in enumerate(orders):
    db = f"order{n}.db"
    run("imregister", *[db if w == "DB" else w for w in order], code=0)
    found = rows(db)
    equal(len(found), 1, f"{order}: rows")
    equal(found[0]["mode"], "SPLIT" if "split" in " ".join(order) else "SINGLE", f"{order}: mode")
    equal((found[0]["exptime"], found[0]["filter"], found[0]["type"], found[0]["object"]), (10, "r", "object", "M 31"), "values")
    equal(found[0]["obstime"], 980590810, "obstime")
run("imregister", FILE, code=0)
check(os.path.exists("Imreg.db"), "without -db the database is ./Imreg.db")
os.mkdir("folder")
run("imregister", FILE, code=0, env={**os.environ, "IMREG_DB": "folder"})
equal(len(rows("folder")), 1, "-db FOLDER means its Imreg.db")
write("site.rc", "# where\nTOP folder\nREGISTRATION_DATABASE $TOP/conf.db\n")
run("imregister", "-c", "site.rc", FILE, code=0)
equal(len(rows("folder/conf.db")), 1, "REGISTRATION_DATABASE")
run("imregister", "-D", "REGISTRATION_DATABASE", "folder/d.db", FILE, code=0)
equal(len(rows("folder/d.db")), 1, "-D")

# a folder is walked, a list is read
run("imregister", "-db", "walk.db", "in", code=0)
run("imregister", "-db", "list.db", "-", code=0, stdin="".join(f"in/deep/{i}.fits\n" for i in range(IMAGES)))
equal(keys("walk.db"), [(os.path.realpath("in/deep"), f"{i}.fits", 0, 0) for i in range(IMAGES)], "rows of a folder in order")
equal(content("walk.db"), content("list.db"), "folder and list")
run("imregister", "-db", "dots.db", "in/../in/./deep//0.fits", code=0)
equal(keys("dots.db"), keys("walk.db")[:1], "the path of the key has no . and ..")
os.symlink("deep", "in/link")
run("imregister", "-db", "dots.db", "in/link/0.fits", code=0)
equal(keys("dots.db")[1:], [(os.path.realpath("in") + "/link", "0.fits", 0, 0)], "symbolic links are kept")
os.remove("in/link")
run("imregister", "-db", "empty.db", "-", code=0, stdin="")
run("imregister", "-db", "empty.db", code=2)
check(not os.path.exists("empty.db"), "an empty list makes no database")

# -noreg writes nothing, -needtype refuses
before = sorted(os.listdir("."))
out = run("imregister", "-noreg", "-root", "R=/tmp", "-db", "noreg.db", "in", code=0)
equal(sorted(os.listdir(".")), before, "-noreg")
equal(out.stderr.count(" 1 row ("), IMAGES, "-noreg tells what it would do")
image("odd/untyped.fits", OBSTYPE=None, OBJECT="field")
image("odd/typed.fits", OBSTYPE="bias")
fails(4, ["odd/untyped.fits: ", "type", "-needtype"], "imregister", "-db", "need.db", "-needtype", "odd")
equal([r["filename"] for r in rows("need.db")], ["typed.fits"], "-needtype registers the others")

# a new camera is a new file, no code
image("cam/a.fits", EXPTIME=None, BELICHT=42.5, FILTER=None, GLAS="Rot 7", INSTRUME="Zeiss")
write("my.cam", "camera zeiss\nexptime BELICHT\nfilter GLAS\n")
out = run("imregister", "-db", "cam.db", "-camera", "my.cam", "cam/a.fits", "-v")
if check(out.returncode == 0, "a camera file: " + out.stderr):
    equal([(r["exptime"], r["filter"]) for r in rows("cam.db")], [(42.5, "Rot 7")], "values by a camera file")
run("imregister", "-db", "cam2.db", "-camera", "generic", FILE, code=0)
fails(2, ["\"nosuch\"", "imcamera list"], "imregister", "-db", "cam3.db", "-camera", "nosuch", FILE)
fails(2, ["no.cam"], "imregister", "-db", "cam3.db", "-camera", "./no.cam", FILE)
os.makedirs("tables", exist_ok=True)
write("tables/bad.cam", "camera bad\nthis is no line\n")
fails(2, ["bad.cam", "line 2, column 1"], "imregister", "-db", "cam3.db", "-camera", "tables/bad.cam", FILE)
check(not os.path.exists("cam3.db"), "a wrong -camera writes nothing")

# path roots
top = os.path.realpath("in")
run("imregister", "-db", "root.db", "in", code=0)
run("imregister", "-db", "root.db", "-root", f"NIGHT={top}", code=0)
check(f"NIGHT\t{top}" in read("root.db.roots").decode().splitlines(), "root.db.roots")
out = run("imregister", "-db", "root.db", "in", code=0)
equal(len(rows("root.db")), IMAGES, "the key of a row is the same before and after its root was defined")
run("imregister", "-db", "root2.db", "-root", f"NIGHT={top}", "in", code=0)
check(b"$NIGHT/deep" in read("root2.db") and f"{top}/deep".encode() not in read("root2.db"), "stored as $NIGHT/deep")
check(b"$NIGHT/deep" in read("root.db"), "a row that is registered again gets the root")
equal(keys("root2.db"), keys("walk.db"), "shown expanded")
check(f" {top}/deep 0.fits " in run("imsearch", "-db", "root2.db").stdout, "the row shows the full path")
out = run("imregister", "-db", "root2.db", "in", code=0)
check("0 rows added, 0 updated, 6 unchanged" in out.stdout, "again with a root: " + out.stdout)
run("imregister", "-db", "root2.db", "-root", "NIGHT=/archive/elsewhere", code=0)
equal({r["pathname"] for r in rows("root2.db")}, {"/archive/elsewhere/deep"}, "a changed root moves the rows")
os.makedirs(top + "x")
image(f"{top}x/0.fits")
run("imregister", "-db", "root3.db", "-root", f"NIGHT={top}", f"{top}x/0.fits", code=0)
equal(rows("root3.db")[0]["pathname"], top + "x", "roots match whole components")
for wrong in ("NIGHT", "NI GHT=/a", "N=relative", "=/a"):
    fails(2, ["root" if "=" in wrong else "-root"], "imregister", "-db", "root4.db", "-root", wrong, FILE)
check(not os.path.exists("root4.db") and not os.path.exists("root4.db.roots"), "a wrong root writes nothing")

# a root that would make two rows the same image is refused, and nothing changes; a prefix that is no folder is told
there = f"{top}/deep"
out = run("imregister", "-db", "same.db", "-root", f"T={there}", FILE, code=0)
equal(out.stderr, "", "a root that is a folder")
out = run("imregister", "-db", "same.db", "-root", "T=/nonexistent", FILE, code=0)
equal(out.stderr, "imregister: same.db: root T: /nonexistent is no folder on this machine\n", "a root that is no folder")
equal(sorted(k[0] for k in keys("same.db")), ["/nonexistent", there], "the file is at both places")
before = read("same.db"), read("same.db.roots"), rows("same.db")
for more in ([], ["-noreg"]):
    fails(2, [FILE, "two rows", "nothing is changed"], "imregister", "-db", "same.db", "-root", f"T={there}", FILE, "in/deep/1.fits", *more)
equal((read("same.db"), read("same.db.roots"), rows("same.db")), before, "a refused root changes nothing")
run("imregister", "-db", "same.db", "-root", f"U={there}", FILE, "in/deep/1.fits", code=0)
equal(len(rows("same.db")), 3, "under another name")
os.remove("same.db.roots")
run("imregister", "-db", "same.db", "-root", f"U={there}", code=0)
fails(2, ["this would make", "two rows"], "imregister", "-db", "same.db", "-root", f"T={there}")  # of rows whose root was lost
run("convertimreg", "same.db", "rows.v3", "-to", "v3", code=0)
fails(3, ["rows.v3", "read-only"], "imregister", "-db", "rows.v3", "-root", "T=/tmp")

# pipes, sockets and devices of a folder are named, and not opened
import socket
image("special/a.fits")
os.mkfifo("special/pipe.fits")
out = run("imregister", "-db", "special.db", "special", code=0)
equal(out.stderr, "imregister: special/pipe.fits: a pipe, not a file; passed over\n", "a pipe in a folder")
check("2 files: 1 row added, 0 updated, 0 unchanged; 1 file passed over, 0 failed" in out.stdout, "a pipe in a folder: " + out.stdout)
sock = socket.socket(socket.AF_UNIX)
sock.bind("special/socket")
os.symlink("/dev/null", "special/zero")
out = run("imregister", "-db", "special.db", "special", "-v", code=0)
for name, kind in (("pipe.fits", "pipe"), ("socket", "socket"), ("zero", "device")):
    check(f"imregister: special/{name}: a {kind}, not a file; passed over\n" in out.stderr, f"{name} in a folder: {out.stderr}")
check("3 files passed over" in out.stdout, "special files: " + out.stdout)

# a file that gives fewer rows: those that are gone are marked deleted, and come back with it
def mosaic(path, count, **keys):
    write(path, header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)], {**KEYS, **keys}) +
          b"".join(header([("XTENSION", "IMAGE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", 2), ("NAXIS2", 2), ("PCOUNT", 0), ("GCOUNT", 1)],
                          {"EXTNAME": f"ccd{i:02}", "IMAGEID": i}) + pad(b"\0" * 4, b"\0") for i in range(count)))


os.makedirs("shrink/other")
for name in ("shrink/m.fits", "shrink/n.fits", "shrink/other/m.fits"):
    mosaic(name, 4)
run("imregister", "-db", "shrink.db", "shrink", code=0)
equal(len(rows("shrink.db")), 12, "three files of four CCDs")
places = lambda: [(k[0][len(work):], k[1], k[2]) for k in keys("shrink.db")]
whole = places()
mosaic("shrink/m.fits", 2)
run("imregister", "-db", "shrink.db", "shrink/m.fits", "-noreg", code=0)
equal(places(), whole, "-noreg marks nothing")
out = run("imregister", "-db", "shrink.db", "shrink/m.fits", code=0)
equal(out.stdout, "1 file: 0 rows added, 2 updated, 0 unchanged, 2 gone; 0 files passed over, 0 failed\n", "a file of fewer CCDs")
equal(places(), [p for p in whole if p[:2] != ("/shrink", "m.fits") or p[2] <= 2], "its rows that are gone")
data = read("shrink.db")
out = run("imregister", "-db", "shrink.db", "shrink", code=0)
check("0 rows added, 0 updated, 10 unchanged; " in out.stdout, "gone rows are gone once: " + out.stdout)
write("shrink/n.fits", read("shrink/n.fits")[:-3000])
run("imregister", "-db", "shrink.db", "shrink", code=4)
equal(len(rows("shrink.db")), 10, "a damaged file takes no rows away")
mosaic("shrink/m.fits", 4)
mosaic("shrink/n.fits", 4)
run("imregister", "-db", "shrink.db", "shrink", code=0)
equal(places(), whole, "rows that come back take their old places")
for i in range(12):  # more files than a look-up of a few names takes
    mosaic(f"shrink/{i}.fits", 3)
run("imregister", "-db", "shrink.db", "shrink", code=0)
for i in range(12):
    mosaic(f"shrink/{i}.fits", 1)
out = run("imregister", "-db", "shrink.db", "shrink", code=0)
check("12 updated, 12 unchanged, 24 gone; " in out.stdout, "many files of fewer CCDs: " + out.stdout)
equal(len(rows("shrink.db")), 24, "rows of many files of fewer CCDs")

# threads: the same content in the same order
for i in range(300):
    image(f"many/{i % 7}/{i:03}.fits", EXPTIME=float(i))
for jobs in (1, 2, 7):
    run("imregister", "-db", f"j{jobs}.db", "-j", jobs, "many", code=0)
equal(content("j2.db"), content("j1.db"), "-j 2")
equal(content("j7.db"), content("j1.db"), "-j 7")
equal(len(rows("j1.db")), 300, "-j 1")
fails(2, ["-j", "0"], "imregister", "-db", "j.db", "-j", "0", FILE)

# again: nothing changes; a changed file is one row still
data = read("walk.db")
out = run("imregister", "-db", "walk.db", "in", code=0)
check("0 rows added, 0 updated, 6 unchanged" in out.stdout, "again: " + out.stdout)
equal(read("walk.db"), data, "again: the database is the same to the byte")
old = rows("walk.db")
image(FILE, EXPTIME=99.0)
out = run("imregister", "-db", "walk.db", "in", code=0)
check("0 rows added, 1 updated, 5 unchanged" in out.stdout, "changed: " + out.stdout)
new = rows("walk.db")
equal((len(new), new[0]["exptime"], new[0]["regtime"]), (IMAGES, 99, old[0]["regtime"]), "changed file")
check(new[0]["fingerprint"] != old[0]["fingerprint"] and new[0]["changeno"] > old[0]["changeno"], "fingerprint and change number")
equal(new[1:], old[1:], "the other rows stay")
out = run("imregister", "-db", "twice.db", FILE, "in/deep/1.fits", FILE, "in", code=0)
equal(len(rows("twice.db")), IMAGES, "duplicates in one batch")
os.rename("in/deep/5.fits", "in/deep/6.fits")
run("imregister", "-db", "walk.db", "in", code=0)
equal([k[1] for k in keys("walk.db")][-2:], ["5.fits", "6.fits"], "a moved file is a new row")

# two at once on a new database, each with half of the files and some in common
import subprocess
halves = [[f"many/{i}" for i in (0, 1, 2, 3)], [f"many/{i}" for i in (3, 4, 5, 6)]]
for turn in range(5):
    db = f"two{turn}.db"
    procs = [subprocess.Popen([os.path.join(BIN, "imregister"), "-db", db, *half], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for half in halves]
    for p in procs:
        errors = p.communicate()[1]
        equal((p.returncode, errors), (0, ""), "two at once")
    names = sorted(r["filename"] for r in rows(db))
    equal(names, [f"{i:03}.fits" for i in range(300)], "two at once: every row once")

# showiminfo: the value, its keyword, its HDU
out = run("showiminfo", FILE, code=0).stdout
for name, value, source in (("exptime", "99 s", "EXPTIME [HDU 0]"), ("filter", "r", "FILTER [HDU 0]"), ("type", "object", "OBSTYPE [HDU 0]"),
                            ("obstime", "2001-01-27T10:20:30Z", "DATE-OBS [HDU 0]"), ("airmass", "1.25", "AIRMASS [HDU 0]")):
    check(any(l.split()[:1] == [name] and value in l and source in l for l in out.splitlines()), f"showiminfo {name}:\n{out}")
check("mode        SPLIT" in run("showiminfo", FILE, "-split", code=0).stdout, "showiminfo -split")
fails(2, ["nosuch", "imcamera list"], "showiminfo", "-camera", "nosuch", FILE, "in/deep/1.fits")
check("42.5 s" in run("showiminfo", "--camera", "my.cam", "cam/a.fits", code=0).stdout, "showiminfo -camera")

# help, version, usage
for program in ("imregister", "imsearch", "showiminfo", "convertimreg", "imsim"):
    for option in ("-help", "--help", "-h"):
        check("usage: " + program in run(program, option, code=0).stdout, program + " " + option)
    check(run(program, "-version", code=0).stdout.startswith(program + " "), program + " -version")
    fails(2, ["-nonsense"], program, "-nonsense")
fails(2, ["-db", "missing"], "imregister", FILE, "-db")
fails(2, ["too few"], "showiminfo")
fails(2, ["too few"], "convertimreg", "a.db")
# roots defined by many at once are all kept, also where there is no database yet
for with_database in (False, True):
    db = f"crowd{int(with_database)}.db"
    if with_database:
        run("imregister", "-db", db, "in", code=0)
    procs = [subprocess.Popen([os.path.join(BIN, "imregister"), "-db", db, "-root", f"R{i}=/data/r{i}"], stderr=subprocess.DEVNULL) for i in range(12)]
    equal([p.wait() for p in procs], [0] * 12, "roots at once")
    equal(read(db + ".roots").count(b"/data/r"), 12, "no root is lost")

# one rotten record stops nothing: it is written anew from its file, and is left out of a conversion
run("imregister", "-db", "rot.db", "in", code=0)
data = bytearray(read("rot.db"))
data[23040 + 512 * 2 + 60] ^= 4
write("rot.db", bytes(data))
os.remove("rot.db.lock")
out = run("convertimreg", "rot.db", "rot.v3", "-to", "v3")
check("rot.db" in out.stderr and "damaged" in out.stderr and len(rows("rot.v3")) == IMAGES - 1, "conversion beside a rotten record: " + out.stderr)
out = run("imregister", "-db", "rot.db", "in", code=0)
check("row 3 was damaged and is written anew" in out.stderr and "1 updated, 5 unchanged" in out.stdout, "a rotten record: " + out.stderr + out.stdout)
equal(len(rows("rot.db")), IMAGES, "whole again")
finish()
