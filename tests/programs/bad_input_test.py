#!/usr/bin/python3
"""Bad input: each a clear line with file and reason, the right exit code, the other files registered, nothing half-written."""
import fcntl, resource, socket, sqlite3, struct, subprocess, time
from harness import *

image("good.fits")
GOOD = read("good.fits")
root = programs_for_nobody()


# --- files: each is named with its reason, exit 4, and the good file beside it is registered
bad = {}


def file_case(path, *words, data=None, code=4, refused=False):
    if data is not None:
        write(path, data)
    bad[path] = words
    db = f"file{len(bad)}.db"
    out = fails(code, [path + ": ", *words], "imregister", "-db", db, path, "good.fits")
    equal(len(out.stderr.splitlines()), 1, f"{path}: one line")
    equal([r["filename"] for r in rows(db)], ["good.fits"], f"{path}: the good file is registered")
    if refused:
        check(words[0] in "".join(l for l in run("showiminfo", path, code=0).stdout.splitlines() if l.startswith("  refused ")), f"showiminfo {path}: refused")
    elif words[0] != "path":
        fails(4, [path + ": "], "showiminfo", path)
    fails(code, [path + ": ", *words], "imregister", "-db", "none.db", path)
    check(not os.path.exists("none.db"), f"{path}: no database for no rows")


def big(n):
    return [card(f"KEY{i}", i) for i in range(n)]


file_case("missing.fits", "o such file")
file_case("empty.fits", "empty", data=b"")
file_case("text.fits", "not a FITS file", data="hello\n" * 1000)
file_case("random.fits", "not a FITS file", data=bytes((i * i * 31 + i) % 251 for i in range(20000)))
file_case("nul.fits", "not a FITS file", data=b"\0" * 5760)
file_case("in_header.fits", "END", data=GOOD[:400])
file_case("block.fits", "END", data=(GOOD[:2880].replace(b"END  ", b"ENE  ")))
file_case("in_data.fits", "truncated", "of 32 bytes", data=GOOD[:2880 + 7], refused=True)
file_case("no_data.fits", "truncated", data=GOOD[:2880], refused=True)
file_case("zero.fits", "no pixels", data=read(image("t.fits", shape=(0, 0))))
file_case("bitpix.fits", "BITPIX", data=GOOD.replace(card("BITPIX", 16).encode(), card("BITPIX", 17).encode()))
file_case("naxis.fits", "NAXIS", data=GOOD.replace(card("NAXIS", 2).encode(), card("NAXIS", -2).encode()))
file_case("huge.fits", "axes", data=GOOD.replace(card("NAXIS1", 4).encode(), card("NAXIS1", 2**62).encode()))
file_case("good.fits.fz", "gzip", data=b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"rubbish" * 9)
file_case("filter.fits", "filter", "has 40 bytes", "32", "-camera", data=read(image("t.fits", FILTER="F" * 40)), refused=True)
file_case("object.fits", "object", "has 50 bytes", "32", "-camera", data=read(image("t.fits", OBJECT="O" * 50)), refused=True)
file_case("n" * 100 + ".fits", "file name", "105 bytes", "96", data=GOOD, refused=True)
os.makedirs("p" * 90 + "/" + "q" * 90)
file_case("p" * 90 + "/" + "q" * 90 + "/deep.fits", "path", "160", "-root NAME=PREFIX", data=GOOD)
out = run("imregister", "-db", "remedy.db", "-root", f"LONG={work}/{'p' * 90}", "p" * 90 + "/" + "q" * 90 + "/deep.fits", code=0)
equal(rows("remedy.db")[0]["pathname"], f"{work}/{'p' * 90}/{'q' * 90}", "the remedy for a long path works")
os.mkfifo("pipe.fits")
file_case("pipe.fits", "pipe")
s = socket.socket(socket.AF_UNIX)
s.bind("socket.fits")
file_case("socket.fits", "")
file_case("/dev/null", "")
os.symlink("nowhere", "dangling.fits")
file_case("dangling.fits", "o such file")
os.symlink("itself.fits", "itself.fits")
file_case("itself.fits", "")
if root:
    os.chmod(work, 0o777)
    write("secret.fits", GOOD)
    os.chmod("secret.fits", 0)
    os.mkdir("closed", 0o700)
    write("closed/x.fits", GOOD)
    for path in ("secret.fits", "closed", "closed/x.fits"):
        fails(4, [path, "ermission denied"], "imregister", "-db", "nobody.db", path, "good.fits", preexec_fn=as_nobody)
    equal([r["filename"] for r in rows("nobody.db")], ["good.fits"], "unreadable: the good file is registered")
    os.remove("secret.fits"), shutil.rmtree("closed")

# names and texts that could break a line or a format
for name in ("new\nline.fits", "tab\there.fits", "b[1].fits", "a.fits(evil.fits)", "quote\"'`.fits", "ümläut.fits", "-dash.fits", "$ROOT.fits", " blank .fits", "esc\x1b[2J.fits"):
    write(name, GOOD)
    run("imregister", "-db", "names.db", "--", name, code=0)
    fails(4, ["text"], "imregister", "-db", "names.db", write("t" + name, "text\n"))
equal(len(rows("names.db")), 10, "odd names are registered")
check("evil.fits" not in os.listdir("."), "no extended file names")
table = run("imsearch", "-db", "names.db").stdout.splitlines()
equal((len(table), {len(line.split()) for line in table}), (10, {12}), "odd names: 12 words a row")
check("\x1b" not in run("imregister", "-v", "-db", "names.db", "esc\x1b[2J.fits").stderr, "no escape reaches the terminal")

# a folder with everything in it, a loop too, never waits
os.mkdir("loop")
os.symlink("..", "loop/up")
write("loop/inside.fits", GOOD)
fails(4, ["loop/up", "loop"], "imregister", "-db", "loop.db", "loop", "good.fits")
check({"inside.fits", "good.fits"} <= {r["filename"] for r in rows("loop.db")}, "a loop: the files are registered")
os.remove("loop/up")

# headers of 9,000 cards, odd numbers, dates that mean nothing
image("long.fits", extra=big(9000))
run("imregister", "-db", "long.db", "long.fits", code=0)
equal(rows("long.db")[0]["exptime"], 60, "a header of 9,000 cards")
image("junk.fits", DATE_OBS="31/31/99", EXPTIME="soon", RA="99:99:99", DEC="south", AIRMASS=1e300)
out = run("imregister", "-db", "long.db", "junk.fits", code=0)
junk = rows("long.db")[1]
equal([junk[k] for k in ("obstime", "ra", "dec")], [None] * 3, "nonsense is not known")
check(junk["exptime"] is None, f"EXPTIME 'soon': {junk['exptime']}")

# --- searches that mean nothing: exit 2, the option and the place are named
run("imregister", "-db", "ok.db", "good.fits", code=0)
for args, words in ((["-trange", "2001/13/01", "1d"], ["-trange", "column 6", "month 13"]), (["-time", "2001/04/31", "1d"], ["-time", "column"]),
                    (["-trange", "2001/01/27", "tomorrow"], ["-trange", "tomorrow"]), (["-time", "2001", "2002"], ["-time"]),
                    (["-type", "banana"], ["-type", "banana", "object"]), (["-type", ""], ["-type"]), (["-type", "f"], []), (["-mode", "S"], ["-mode", "SPLIT"]),
                    (["-ccd", "x"], ["-ccd", "ccd07"]), (["-fields", "filname"], ["filname", "filename"]), (["-fields", ""], ["field"]),
                    (["-format", "xml"], ["xml", "json"]), (["-tz", "99"], ["-tz"]), (["word"], ["word"]), (["-trange", "2001"], ["-trange", "missing"])):
    if words:
        fails(2, words, "imsearch", "-db", "ok.db", *args)
run("imsearch", "-db", "ok.db", "-type", "dark", code=1)
fails(3, ["nodb.db", "no such database", "-db"], "imsearch", "-db", "nodb.db")
check(not os.path.exists("nodb.db.lock"), "a search writes nothing")

# --- databases that are something else: exit 3, unchanged, and the reason
run("imsim", "-rows", 200, "-db", "rows.db", code=0)
ROWS = read("rows.db")
start = len(ROWS) - 200 * 512 - (-(200 * 512) % 2880)
db = sqlite3.connect("lite.db")
db.execute("create table t (x)"), db.commit(), db.close()
write("text.db", "just a text\n" * 500)
write("png.db", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
write("empty.db", b"")
write("image.db", GOOD)
other = header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0)], {}) + header(
    [("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", 12), ("NAXIS2", 2), ("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", 2)],
    {"TTYPE1": "NAME", "TFORM1": "8A", "TTYPE2": "X", "TFORM2": "1J"}) + pad(b"first\0\0\0\0\0\0\1second\0\0\0\0\0\2", b"\0")
write("other.db", other)
write("newer.db", ROWS.replace(card("RECVERS", 4)[:30].encode(), card("RECVERS", 9)[:30].encode()))
check(read("newer.db") != ROWS, "RECVERS is found")
for name, cut in (("cut_header.db", 1000), ("cut_rows.db", start + 512 * 100 + 77), ("cut_none.db", start)):
    write(name, ROWS[:cut])
write("cards.db", ROWS[:2880] + ROWS[2880:start].replace(card("NAXIS1", 512)[:30].encode(), card("NAXIS1", 511)[:30].encode()) + ROWS[start:])
for name, words in (("text.db", ["not"]), ("lite.db", ["SQLite"]), ("png.db", ["not"]), ("empty.db", ["empty"]), ("image.db", ["table"]),
                    ("newer.db", ["version 9"]), ("cut_header.db", []), ("cut_rows.db", ["runcated"]), ("cut_none.db", ["runcated"]), ("cards.db", ["NAXIS1"]),
                    ("/dev/null", []), ("pipe.fits", [])):
    before = read(name) if name.endswith(".db") else None
    out = fails(3, [name + ": ", *words], "imsearch", "-db", name)
    equal(len(out.stderr.splitlines()), 1, f"imsearch {name}: one line")
    out = fails(3, [name + ": ", *words], "imregister", "-db", name, "good.fits")
    equal(len(out.stderr.splitlines()), 1, f"imregister {name}: one line")
    fails(3, [name + ": "], "convertimreg", name, "converted.db")
    check(not os.path.exists("converted.db"), f"convertimreg {name}: nothing written")
    if before is not None:
        equal(read(name) == before, True, f"{name} is as it was")
fails(3, ["other.db: "], "imregister", "-db", "other.db", "good.fits")
equal(read("other.db"), other, "other.db")
equal(run("imsearch", "-db", "other.db", "-fields", "name,x", "-format", "csv", code=0).stdout.split(), ["name,x", "first,1", "second,2"], "any table is searched")
fails(3, ["rows.db", "exists"], "imsim", "-rows", 3, "-db", "rows.db")
equal(read("rows.db"), ROWS, "an existing database is not overwritten")

# --- rotten records: the others are printed, each rotten one is named, exit 3
rotten = bytearray(ROWS)
for n in (17, 150):
    rotten[start + 512 * n + 300] ^= 4
write("rotten.db", bytes(rotten))
out = fails(3, ["rotten.db", "record 18"], "imsearch", "-db", "rotten.db", "-fields", "filename,ccd", "-format", "csv")
check("record 151" in out.stderr and len(out.stderr.splitlines()) == 2, "rotten: " + out.stderr)
whole = run("imsearch", "-db", "rows.db", "-fields", "filename,ccd", "-format", "csv", code=0).stdout.splitlines()
equal(out.stdout.splitlines(), [line for n, line in enumerate(whole) if n - 1 not in (17, 150)], "rotten: the other rows")
run("imregister", "-db", "rotten.db", "good.fits", code=0)
equal(len(rows("rotten.db", code=3)), 199, "rotten: registering goes on")

# --- a database that cannot be written; readers need no permission
if root:
    os.makedirs("ro")
    write("ro/r.db", ROWS)
    os.chmod("ro/r.db", 0o644), os.chmod("ro", 0o755)
    fails(3, ["ro/r.db", "ermission denied"], "imregister", "-db", "ro/r.db", "good.fits", preexec_fn=as_nobody)
    fails(3, ["ro/new.db", "ermission denied"], "imregister", "-db", "ro/new.db", "good.fits", preexec_fn=as_nobody)
    equal(len(run("imsearch", "-db", "ro/r.db", code=0, preexec_fn=as_nobody).stdout.splitlines()), 200, "reading needs no permission")
    equal((os.listdir("ro"), read("ro/r.db")), (["r.db"], ROWS), "nothing is left behind")
fails(3, ["no/such/x.db: ", "folder"], "imregister", "-db", "no/such/x.db", "good.fits")

# --- locked by another process: who, since when
fd = os.open("ok.db.lock", os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
holder = os.pread(fd, 512, 0)
os.pwrite(fd, b"held by imsort, process 4711 on niele, since 2001-01-27T10:00:00Z\n".ljust(512), 0)
image("second.fits")
for program, *args in (["imregister", "second.fits"], ["imregtable", "rows.db"]):
    start = time.monotonic()
    out = fails(3, ["imsort", "4711", "2001-01-27T10:00:00Z"], program, "-db", "ok.db", "-wait", "0", *args)
    check(time.monotonic() - start < 8, f"{program} -wait 0 does not wait for 10 seconds")
fails(2, ["-wait"], "imregister", "-db", "ok.db", "-wait", "soon", "second.fits")
locked = subprocess.Popen([os.path.join(BIN, "imregister"), "-db", "ok.db", "-wait", "1.5", "second.fits"], stderr=subprocess.PIPE, text=True)
equal(len(rows("ok.db")), 1, "readers do not wait for a writer")
errors = locked.communicate(timeout=60)[1]
check(locked.returncode == 3 and all(w in errors for w in ("imsort", "4711", "2001-01-27T10:00:00Z")) and errors.count("\n") == 1, "locked: " + errors)
os.pwrite(fd, holder, 0)
waiting = subprocess.Popen([os.path.join(BIN, "imregister"), "-db", "ok.db", "-wait", "60", "second.fits"], stderr=subprocess.PIPE, text=True)
time.sleep(0.5)
equal(waiting.poll(), None, "it waits")
os.close(fd)
errors = waiting.communicate(timeout=60)[1]
equal((waiting.returncode, errors), (0, ""), "it goes on when the lock is free")
equal(len(rows("ok.db")), 2, "after the lock")

# --- outputs that end early
with open("/dev/full", "w") as full:
    for program, args in (("imsearch", ["-db", "rows.db"]), ("showiminfo", ["good.fits"]), ("imregister", ["-db", "f.db", "good.fits", "second.fits"]),
                          ("convertimreg", ["rows.db", "full.db", "-to", "v3"])):
        out = subprocess.run([os.path.join(BIN, program), *args], stdout=full, stderr=subprocess.PIPE, text=True)
        check(out.returncode == 3, f"{program} {args} > /dev/full: {out.returncode} {out.stderr}")
        check(len([l for l in out.stderr.splitlines() if "o space left" in l]) == 1, f"{program} {args} > /dev/full: {out.stderr!r}")
run("imsim", "-rows", 60000, "-db", "many.db", code=0)
out = subprocess.run(f"'{BIN}/imsearch' -db many.db | head -1", shell=True, capture_output=True, text=True)
equal((out.returncode, out.stderr, len(out.stdout.splitlines())), (0, "", 1), "| head -1")
out = subprocess.run([os.path.join(BIN, "imsearch"), "-db", "rows.db"], stdout=None, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: os.close(1))
check(out.returncode == 3, f"closed stdout: {out.returncode} {out.stderr}")

# --- a full disk: one line, and the database stays valid at its last whole batch
def full_disk():
    os.makedirs("disk")
    if not root or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", "disk"], capture_output=True).returncode != 0:
        print("not tried: a full disk (no mount)")
        return
    try:
        for i in range(6000):
            image(f"fill/{i:03}.fits")
        run("imregister", "-db", "disk/d.db", "fill/000.fits", "fill/001.fits", code=0)
        fails(3, ["disk/d.db", "o space left"], "imregister", "-db", "disk/d.db", "fill")
        equal(len(rows("disk/d.db")) >= 2, True, "full disk: the old rows are there")
        check(all(r["exptime"] == 60 for r in rows("disk/d.db")), "full disk: only whole rows")
        # How many groups of rows come before the one that fails is a matter of time; each leaves at most 256 KiB ahead of its rows.
        taken, needed = os.stat("disk/d.db").st_blocks * 512, 512 * len(rows("disk/d.db"))
        check(taken < needed + 350_000, f"full disk: the room that could not be used is given back: {taken} bytes for {needed} of rows")
        with open("disk/filler", "wb") as f:
            f.write(b"x" * (os.statvfs("disk").f_bavail * os.statvfs("disk").f_bsize - 90000))
        fails(3, ["disk/"], "imsim", "-rows", 5000, "-db", "disk/sim.db")
        fails(3, ["disk/"], "convertimreg", "rows.db", "disk/c.db", "-to", "native")
        equal([n for n in os.listdir("disk") if "unfinished" in n or ".tmp" in n], [], "full disk: nothing half-written under any name")
        fails(3, ["disk/", "o space left"], "imsim", "-o", "disk/night")
    finally:
        subprocess.run(["umount", "disk"])


full_disk()
# a limit on file sizes is a full disk too
out = run("imregister", "-db", "limit.db", "good.fits", restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000)))
check(out.returncode == 3 and "limit.db" in out.stderr, f"file size limit: {out.returncode} {out.stderr}")
finish()
