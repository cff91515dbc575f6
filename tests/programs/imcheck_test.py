# imcheck as a person uses it: exit codes, messages, JSON, repair, beside a writer. Oracles: the bytes that this test changed
# itself, astropy, fitsverify.
import fcntl, os, re, shutil, struct, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import *
from astropy.io import fits
import numpy as np

programs_for_nobody()
DATA_AT, SIZE = 23040, 512


def family(name):
    for end in ("", ".journal", ".idx", ".lock", ".lost", ".roots"):
        if os.path.exists("a.db" + end):
            shutil.copy("a.db" + end, name + end)
        elif os.path.exists(name + end):
            os.remove(name + end)
    return name


def put(name, at, data):
    with open(name, "r+b") as file:
        file.seek(at)
        file.write(data)


def report(name, code, *args):
    return json.loads(run("imcheck", "-db", name, "-format", "json", *args, code=code).stdout)


def names(db):
    return [(r["pathname"], r["filename"], r["ccd"]) for r in rows(db)]


run("imsim", "-o", "night", "-ccds", 4, "-objects", 6, code=0)
run("imregister", "-db", "a.db", "night", code=0)
total = len(rows("a.db"))
run("imsim", "-rows", 30000, "-db", "big.db", code=0)

# All is well.
out = run("imcheck", "-db", "a.db", code=0)
equal((out.stdout, out.stderr), (f"a.db: {total} rows: all is well\n", ""), "a whole database")
equal(run("imcheck", "-db", "a.db", "-q", code=0).stdout, "", "-q says nothing of a whole one")
found = report("big.db", 0)
equal((found["whole"], found["damages"], found["rows"], found["indexed"], found["findings"]), (True, 0, 30000, 30000, []), "JSON")
for jobs in (1, 2, 7):
    equal(report("big.db", 0, "-j", jobs)["bytes"], found["bytes"], f"-j {jobs} looks at as much")

# -stat against the file itself.
told = json.loads(run("imcheck", "-db", "a.db", "-stat", "-format", "json", code=0).stdout)
with fits.open("a.db") as hdus:
    header = hdus[1].header
    equal((told["rows"], told["uuid"], told["format"], told["version"], told["creator"], told["date"], told["journal"]["generation"]),
          (header["NAXIS2"], header["FILEUUID"], header["RECFMT"], header["RECVERS"], header["CREATOR"], header["DATE"], header["JRNLGEN"]), "-stat")
equal((told["bytes"], told["lock"], told["locked"], told["index"]["state"], told["lost_rows"]), (os.path.getsize("a.db"), "free", False, "none", 0), "-stat")
equal(json.loads(run("imcheck", "-db", "big.db", "-stat", "-format", "json", code=0).stdout)["index"]["rows"], 30000, "-stat of an index")

# A lock that somebody holds: told, never waited for; a repair is refused.
with open("a.db.lock", "r+b") as lock:
    text = lock.read()
    lock.seek(0)
    lock.write(b"held by observer, process 77 on here, since 2026-01-02T03:04:05Z".ljust(511) + b"\n")
    lock.flush()
    fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
    told = json.loads(run("imcheck", "-db", "a.db", "-stat", "-format", "json", code=0).stdout)
    equal((told["locked"], told["lock"]), (True, "held by observer, process 77 on here, since 2026-01-02T03:04:05Z"), "-stat of a locked one")
    start = time.monotonic()
    run("imcheck", "-db", "a.db", code=0)
    check(time.monotonic() - start < 5, "imcheck waits for nobody")
    fails(3, ["a.db.lock", "held by observer"], "imcheck", "-db", "a.db", "-repair", "no.db")
    check(not os.path.exists("no.db"), "nothing is made")
    lock.seek(0)
    lock.write(text)

# One damaged record: found, named, the others saved.
name = family("b.db")
put(name, DATA_AT + 5 * SIZE + 17, b"\xaa")
fails(3, ["b.db", "record 6", f"byte {DATA_AT + 5 * SIZE}", "imcheck -repair"], "imcheck", "-db", name)
found = report(name, 3)
equal([(f["kind"], f["file"], f["record"], f["byte"]) for f in found["findings"]], [("damage", name, 6, DATA_AT + 5 * SIZE)], "findings as JSON")
equal(run("imcheck", "-db", name, "-q", code=3).stderr.count("\n"), 1, "-q names damage")
saved = run("imcheck", "-db", name, "-repair", "b2.db", code=4)
check("(record 6)" in saved.stderr and f"{total - 1} rows saved; 1 lost" in saved.stdout, saved)
equal(names("b2.db"), names("a.db")[:5] + names("a.db")[6:], "the rows of the repaired file")
with fits.open("b2.db") as mine, fits.open("a.db") as theirs:
    left = np.delete(theirs[1].data, 5)
    for column in left.names:
        if column not in ("CRC", "CHANGENO"):
            check(np.array_equal(mine[1].data[column], left[column], equal_nan=left[column].dtype.kind == "f"), f"astropy: {column} of the repaired file")
if shutil.which("fitsverify"):
    verified = subprocess.run(["fitsverify", "-q", "b2.db"], capture_output=True, text=True)
    check("verification OK" in verified.stdout, verified.stdout)
run("imcheck", "-db", "b2.db", code=0)
fails(3, ["b2.db", "exists already"], "imcheck", "-db", name, "-repair", "b2.db")

# The header gone, a cut-off file, a page of zeros, rows in the journal only.
name = family("c.db")
put(name, 0, bytes(2880))
fails(3, ["c.db", f"{total} rows of {total} whole"], "imcheck", "-db", name)
run("imcheck", "-db", name, "-repair", "c2.db", code=0)
equal(names("c2.db"), names("a.db"), "a database without its first block")
name = family("d.db")
os.truncate(name, DATA_AT + (total - 3) * SIZE)
fails(3, ["d.db", "truncated"], "imcheck", "-db", name)
found = report(name, 4, "-repair", "d2.db")
equal((found["saved"], found["lost"], [f["record"] for f in found["findings"]]), (total - 3, 3, [total - 2, total - 1, total]), "a cut-off file")
equal(names("d2.db"), names("a.db")[:-3], "its rows")
name = family("e.db")
put(name, 24576, bytes(4096))
lost = list(range((24576 - DATA_AT) // SIZE + 1, (24576 + 4095 - DATA_AT) // SIZE + 2))
equal([f["record"] for f in report(name, 3)["findings"]], lost, "a page of zeros")
equal(report(name, 4, "-repair", "e2.db")["saved"], total - len(lost), "a page of zeros")

# What is no database: nothing is made.
for title, content in (("empty", b""), ("zeros", bytes(50000)), ("text", b"hello\n" * 9000)):
    with open("no", "wb") as file:
        file.write(content)
    run("imcheck", "-db", "no", code=3)
    run("imcheck", "-db", "no", "-repair", "no.db", code=3)
    check(not os.path.exists("no.db") and not os.path.exists("no.lock"), f"{title}: nothing is made")
fails(3, ["none.db"], "imcheck", "-db", "none.db")
for words in (["-repair", "x.db", "-trim"], ["-repair", ""], ["-format", "xml"], ["-j", "0"], ["file"]):
    run("imcheck", "-db", "a.db", *words, code=2)

# Warnings: 4, and no damage. Here two living rows of one image, by a change that the writer's programs would not make.
name = family("f.db")
run("imregister", "-db", name, "-root", "R=" + os.path.join(work, "elsewhere"), code=0)
run("imcheck", "-db", name, code=0)
with open("f.db.lost", "wb") as file:
    file.write(open("b2.db", "rb").read())
out = run("imcheck", "-db", name, code=4)
check("f.db.lost: warning: " in out.stderr and f"{total - 1} rows" in out.stderr, out.stderr)

# The index: damaged, gone, made again. Searches agree.
for end in ("", ".idx", ".lock"):
    shutil.copy("big.db" + end, "g.db" + end)
wanted = rows("g.db", "-filter", "r", "-ccd", "3")
put("g.db.idx", 40000, b"\xff\x00\xff")
fails(3, ["g.db.idx", "-rebuild-index"], "imcheck", "-db", "g.db")
run("imcheck", "-db", "g.db", "-rebuild-index", code=0)
run("imcheck", "-db", "g.db", code=0)
os.remove("g.db.idx")
check("there is none" in run("imcheck", "-db", "g.db", code=0).stderr, "a large database without an index")
run("imcheck", "-db", "g.db", "-rebuild-index", code=0)
equal(json.loads(run("imcheck", "-db", "g.db", "-stat", "-format", "json", code=0).stdout)["index"]["state"], "good", "a new index")
equal(rows("g.db", "-filter", "r", "-ccd", "3"), wanted, "searches by the new index")

# -trim.
one = sorted(os.path.join(root, f) for root, _, files in os.walk("night") for f in files if f.endswith(".fits"))[0]
run("imregister", "-db", "h.db", one, code=0)
before = os.path.getsize("h.db")
run("imcheck", "-db", "h.db", "-trim", code=0)
check(os.path.getsize("h.db") < before, "-trim gives room back")
with fits.open("h.db") as hdus:
    equal(hdus[1].header["PCOUNT"], 0, "PCOUNT of a trimmed file")
run("imcheck", "-db", "h.db", code=0)

# -compact, where nothing is deleted: the file stays as it is.
kept = names("h.db")
check("0 deleted rows taken out" in run("imcheck", "-db", "h.db", "-compact", code=0).stdout, "-compact")
equal(names("h.db"), kept, "-compact keeps the rows")

# Elixir's files and tables of others.
for version in ("v1", "v2", "v3"):
    run("convertimreg", "a.db", version + ".db", "-to", version, code=0)
    out = run("imcheck", "-db", version + ".db", code=0)
    check("rows have no checks" in out.stderr and f"{total} rows" in out.stdout, out)
    fails(3, ["imreg's own format"], "imcheck", "-db", version + ".db", "-repair", "no.db")
table = fits.BinTableHDU.from_columns([fits.Column("x", "D", array=np.arange(9.0)), fits.Column("b", "L", array=np.arange(9) % 2 == 0)])
table.writeto("table.fits")
equal(report("table.fits", 0)["rows"], 9, "a table of somebody else")

# One of Elixir's, or a table, that was cut off: the rows in front of the end are saved as they are.
for version, size in (("v1", 360), ("v2", 360), ("v3", 512)):
    source = version + ".db"
    whole = open(source, "rb").read()
    with open("cut.db", "wb") as file:
        file.write(whole[:-(len(whole) - whole.rindex(b"o.fits")) // 2880 * 2880 - 3000])
    out = run("imcheck", "-db", "cut.db", code=3)
    left = int(re.search(rf" (\d+) rows of {total} whole: imcheck -repair saves them", out.stderr)[1])
    check(0 < left < total, out.stderr)
    saved = run("imcheck", "-db", "cut.db", "-repair", version + "cut.db", code=4)
    check(saved.stdout == f"{version}cut.db: {left} rows saved; {total - left} lost\n" and f"(record {left + 1})" in saved.stderr, saved)
    check(report(version + "cut.db", 0)["rows"] == left, f"{version}: the saved file is whole")
    run("convertimreg", version + "cut.db", version + "native.db", "-to", "native", code=0)
    run("convertimreg", source, version + "all.db", "-to", "native", code=0)
    equal(names(version + "native.db"), names(version + "all.db")[:left], f"{version}: the rows in front of the cut")
    os.remove(version + "cut.db")
with fits.open("table.fits") as hdus:
    wide = fits.BinTableHDU.from_columns([fits.Column("x", "1000D", array=np.arange(9000.0).reshape(9, 1000))])
wide.writeto("wide.fits")
os.truncate("wide.fits", 5760 + 8000 * 4 + 77)
report("wide.fits", 3)
run("imcheck", "-db", "wide.fits", "-repair", "wide4.fits", code=4)
with fits.open("wide4.fits") as hdus:
    check(np.array_equal(hdus[1].data["x"], np.arange(4000.0).reshape(4, 1000)), "astropy reads the rows of a cut table")

# A cure says that rows are damaged; nothing is left where something is refused; what is not there has a remedy.
name = family("cure.db")
put(name, DATA_AT + 5 * SIZE + 17, b"\xaa")
for verb in ("-trim", "-rebuild-index"):
    out = run("imcheck", "-db", name, verb, code=0)
    check("1 damaged row" in out.stderr and out.stderr.count("\n") == 1, f"{verb}: {out.stderr}")
    equal(report(name, 0, verb)["damaged"], 1, verb)
    equal(run("imcheck", "-db", "a.db", verb, code=0).stderr, "", f"{verb} of a whole one")
before = sorted(os.listdir("."))
for words in ([], ["-trim"], ["-stat"], ["-compact"], ["-rebuild-index"], ["-repair", "new.db"]):
    fails(3, ["nosuch.db: there is no such database", "-db"], "imcheck", "-db", "nosuch.db", *words)
fails(3, ["no/such/new.db: its folder does not exist"], "imcheck", "-db", "a.db", "-repair", "no/such/new.db")
fails(3, ["no row of one"], "imcheck", "-db", "no", "-repair", "new.db")
equal(sorted(os.listdir(".")), before, "what is refused leaves nothing")

# A journal with a damaged change in front of a whole one: nothing clears it, a repair saves it and says what is lost.
GOLDEN = os.path.join(harness.SOURCE, "tests", "golden", "native-4-pending.db")


def pending(name):
    for end in ("", ".journal"):
        shutil.copy(GOLDEN + end, name + end)
    return name


run("imcheck", "-db", pending("q.db"), "-repair", "q1.db", code=0)
put("q.db.journal", 1080, b"\1")
before, tried = open("q.db.journal", "rb").read(), 0
out = fails(3, ["q.db.journal", "1 change behind it", "imcheck -repair"], "imcheck", "-db", "q.db")
check("-trim" not in out.stderr, f"advice that would clear a whole change: {out.stderr}")
for verb in ("-trim", "-compact", "-rebuild-index"):
    fails(3, ["q.db.journal", "imcheck -repair"], "imcheck", "-db", "q.db", verb)
    equal(open("q.db.journal", "rb").read(), before, f"{verb} leaves the journal as it was")
# Nor when the journal cannot be read.
if shutil.which("strace") and not SANITIZED and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0:
    for call in ("openat", "fstat", "newfstatat", "pread64", "mmap"):
        for nth in range(1, 100):
            out, hit = inject("trace", call, "error=EIO", nth, [os.path.join(harness.BIN, "imcheck"), "-db", "q.db", "-trim"], "-P", os.path.abspath("q.db.journal"))
            if not hit:
                break
            check(out.returncode == 3 and "imcheck: " in out.stderr, f"-trim, {call} {nth} of the journal fails: {out.returncode} {out.stderr}")
            equal(open("q.db.journal", "rb").read(), before, f"{call} {nth} of the journal fails, and -trim leaves it as it was")
            tried += 1
    check(tried > 2, f"{tried} reads of the journal failed")
# Nor does anybody who writes, whatever he writes.
for words in (("imregister", "-db", "q.db", "night"), ("imregtable", "-db", "q.db", "a.db")):
    fails(3, ["q.db.journal: damaged", "imcheck -repair NEW.db"], *words)
    equal(open("q.db.journal", "rb").read(), before, f"{words[0]} leaves the journal as it was")
found = report("q.db", 4, "-repair", "q2.db")
equal((found["saved"], found["lost"], found["changes_lost"]), (12, 0, 1), "a lost change is counted")
check(any("change 1 is damaged" in f["what"] for f in found["findings"]), found)
check("; 1 change lost" in run("imcheck", "-db", "q.db", "-repair", "q3.db", code=4).stdout, "a lost change is said")

# A journal that cannot be read: a repair without it would lose what is only there.
pending("r.db")
os.remove("r.db.journal")
os.symlink("r.db.journal", "r.db.journal")
fails(3, ["r.db.journal", "make it readable"], "imcheck", "-db", "r.db", "-repair", "r1.db")
check(not os.path.exists("r1.db"), "nothing is made without the journal")
if os.geteuid() == 0:
    pending("r2.db")
    os.chmod("r2.db.journal", 0)
    os.chmod(".", 0o777)
    out = subprocess.run([os.path.join(harness.BIN, "imcheck"), "-db", "r2.db", "-repair", "r3.db"], capture_output=True, text=True, user=65534, group=65534, extra_groups=[])
    os.chmod(".", 0o755)
    equal((out.returncode, "make it readable" in out.stderr, os.path.exists("r3.db")), (3, True, False), f"another user: {out.stderr}")

# Header and end lost: index and lock know how many rows there were, together and alone.
run("imsim", "-rows", 40, "-db", "w.db", code=0)
run("imcheck", "-db", "w.db", "-rebuild-index", code=0)
ORIGINAL = open("w.db", "rb").read()
put("w.db", 0, bytes(DATA_AT))
os.truncate("w.db", 25789)
fails(3, ["5 rows of 40 whole"], "imcheck", "-db", "w.db")
found = report("w.db", 4, "-repair", "w1.db")
equal((found["saved"], found["lost"]), (5, 35), "lost by index and lock")
lock = open("w.db.lock", "rb").read()
os.remove("w.db.lock")
equal(report("w.db", 4, "-repair", "w2.db")["lost"], 35, "lost by the index")
shutil.copy("w.db.idx", "w.idx")
with open("w.db", "wb") as file:  # FILEUUID alone is left
    file.write(bytes(14720) + ORIGINAL[14720:14800] + bytes(DATA_AT - 14800) + ORIGINAL[DATA_AT:25789])
os.remove("w.db.idx")
with open("w.db.lock", "wb") as file:
    file.write(lock)
equal(report("w.db", 4, "-repair", "w3.db")["lost"], 35, "lost by the lock")

# Behind the last row a byte that is not zero: damage of the file, no row.
run("imsim", "-rows", 40, "-db", "s.db", code=0)
put("s.db", DATA_AT + 40 * SIZE + 7, b"x")
run("imcheck", "-db", "s.db", code=3)
found = report("s.db", 0, "-repair", "s1.db")
equal((found["saved"], found["lost"]), (40, 0), "no row is invented")
with open("s.db", "rb") as file:  # a row that a power cut left behind the count, and that has rotted
    file.seek(DATA_AT + 39 * SIZE)
    put("s.db", DATA_AT + 40 * SIZE, file.read(SIZE))
put("s.db", DATA_AT + 40 * SIZE + 7, b"x")
equal(report("s.db", 4, "-repair", "s2.db")["lost"], 1, "a damaged row behind the count")

# An older copy in the place of a newer one: index and lock know better, together and alone. And changes that are gone.
files = sorted(os.path.join(root, f) for root, _, found in os.walk("night") for f in found if f.endswith(".fits"))
run("imregister", "-db", "o.db", files[0], code=0)
shutil.copy("o.db", "older.db")
run("imregister", "-db", "o.db", *files[1:], code=0)
run("imcheck", "-db", "o.db", "-rebuild-index", code=0)
run("imcheck", "-db", "o.db", code=0)
shutil.copy("older.db", "o.db")
fails(4, ["o.db: warning: the last writer left", f"{total} rows"], "imcheck", "-db", "o.db")
fails(4, ["o.db: warning: the index knows", f"{total} rows"], "imcheck", "-db", "o.db")
found = report("o.db", 4, "-repair", "o1.db")
equal(found["saved"] + found["lost"], total, "an older copy: rows that the index knows")
os.remove("o.db.idx")
fails(4, ["o.db: warning: the last writer left"], "imcheck", "-db", "o.db")
fails(4, ["the last writer left", "is lost"], "imcheck", "-db", "o.db", "-repair", "o2.db")
pending("p.db")
with open("p.db.lock", "w") as file:
    file.write(f"free boot=0 file={os.stat('p.db').st_ino}/2.3 rows=12 size=31680 change=2")
run("imcheck", "-db", "p.db", code=0)
run("imcheck", "-db", "p.db", "-repair", "p1.db", code=0)
with open("p.db.lock", "w") as file:
    file.write(f"free boot=0 file={os.stat('p.db').st_ino}/2.3 rows=12 size=31680 change=2")
os.truncate("p.db.journal", 0)
fails(4, ["p.db: warning: the last writer left change 2"], "imcheck", "-db", "p.db")
fails(4, ["the last writer left change 2"], "imcheck", "-db", "p.db", "-repair", "p2.db")

# The sector of RECFMT..FILEUUID lost: damage, no whole table of somebody else; all rows are saved, with and without companions.
run("imsim", "-rows", 40, "-db", "t.db", code=0)
put("t.db", 14336, bytes(512))
for alone in (False, True):
    for end in (".idx", ".journal", ".lock"):
        if alone and os.path.exists("t.db" + end):
            os.remove("t.db" + end)
    fails(3, ["t.db", "40 rows of 40 whole", "imcheck -repair"], "imcheck", "-db", "t.db")
    found = report("t.db", 0, "-repair", f"t{alone}.db")
    equal((found["saved"], found["lost"]), (40, 0), "rows without RECFMT and FILEUUID")
    run("imcheck", "-db", f"t{alone}.db", code=0)

# The summary and the exit code say the same; everything that is asked for JSON gives one object.
run("imsim", "-rows", 40, "-db", "j.db", code=0)
for verb, keys in (("-trim", {"database", "bytes", "damaged"}), ("-rebuild-index", {"database", "bytes", "damaged"}), ("-compact", {"database", "removed", "rows", "bytes", "notes"})):
    out = run("imcheck", "-db", "j.db", verb, "-format", "json", code=0).stdout
    equal(set(json.loads(out or "{}")), keys, f"{verb} as JSON")
    equal(set(json.loads(run("imcheck", "-db", "nope.db", verb, "-format", "json", code=3).stdout or "{}")), {"database", "error"}, f"{verb} of nothing as JSON")
for verb in ((), ("-stat",), ("-repair", "j1.db")):
    out = run("imcheck", "-db", "nope.db", "-format", "json", *verb, code=3)
    check("nope.db" in json.loads(out.stdout or '{"error":""}')["error"] and "nope.db" in out.stderr, out)
with open("j.db.roots", "w") as file:
    file.write("no root\n")
out = fails(3, ["j.db.roots"], "imcheck", "-db", "j.db")
check("all is well" not in out.stdout and "1 damage" in out.stdout, out.stdout)
equal((report("j.db", 3)["whole"], report("j.db", 3)["damages"]), (False, 1), "roots that cannot be read, as JSON")

# On a terminal long work shows how far it is, and nothing of that is left. So that it takes long enough to be shown it must wait for the lock.
def has_open(pid, path):
    for n in os.listdir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{n}") == os.path.realpath(path):
                return True
        except OSError:  # closed since
            pass
    return False


def on_terminal(*line):
    with open("long.db.lock", "r+b") as lock:
        fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
        pid, terminal = os.forkpty()
        if pid == 0:
            os.execv(os.path.join(BIN, line[0]), [*line, "-db", "long.db", "-wait", "600"])
        while not has_open(pid, "long.db.lock"):
            time.sleep(0.01)
        time.sleep(1)
    shown = read_terminal(terminal)
    os.close(terminal)
    equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, f"{line} on a terminal: {shown}")
    *lines, last = shown.decode().split("\r\x1b[K")
    return [line for line in lines if line], last


shutil.copy("big.db", "long.db")
deleted = int(run("imsearch", "-db", "long.db", "-ccd", "1", "-count", code=0).stdout)
run("imsearch", "-db", "long.db", "-ccd", "1", "-delete", code=0)
for verb, megabytes, left in (("-compact", 3 * 30000 * SIZE >> 20, rf"long.db: {deleted} deleted rows? taken out.*\r\n"),
                              ("-rebuild-index", (30000 - deleted) * SIZE * 3 // 2 >> 20, "")):
    lines, last = on_terminal("imcheck", verb)
    told = [re.fullmatch(rf"  (?:\d+/{megabytes} MB  \d+ MB/s  \d+ s left|0 MB  0 MB/s)", line) for line in lines]
    check(told and all(told), f"{verb} shows how far it is: {lines}")
    check(re.fullmatch(left, last), f"{verb} leaves only what it says: {last!r}")

# Beside a writer that registers all the time: no false alarm, and nobody waits.
stop = time.monotonic() + 4
files = sorted(os.path.join(root, f) for root, _, found in os.walk("night") for f in found if f.endswith(".fits"))
script = f"while [ ! -e stop ]; do for f in {' '.join(files)}; do [ -e stop ] && break; {BIN}/imregister -db busy.db $f || exit 9; touch $f; done; done"
run("imregister", "-db", "busy.db", files[0], code=0)
writer = subprocess.Popen(["bash", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
checked = 0
while time.monotonic() < stop:
    out = run("imcheck", "-db", "busy.db", code=0)
    check("warning" not in out.stderr, out.stderr)
    checked += 1
with open("stop", "w"):
    pass
complaints = writer.communicate(timeout=60)[1]
equal(writer.returncode, 0, f"the writer beside imcheck: {complaints}")
check(checked >= 5, f"{checked} checks beside a writer")
run("imcheck", "-db", "busy.db", code=0)

print(f"imcheck: {harness.checks} checks, {checked} of them runs beside a writer, {len(failures)} failures")
for failure in failures[:20]:
    print(failure)
sys.exit(1 if failures else 0)
