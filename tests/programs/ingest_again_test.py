"""imingest on archives that change, killed runs, two at once, full disks, bad arguments. Oracle: the cards that the test wrote itself."""
from harness import *
import glob, random, signal, time

random.seed(3)
run("imsim", "-o", "night", "-ccds", 3, "-objects", 8, "-size", "60x80", "-seed", 4, code=0)
SIM = sorted(glob.glob("night/*/*.fits"))


def counts(db, *args, code=0):
    return json.loads(run("imingest", "-db", db, "-format", "json", *args, code=code).stdout)


def content(db):
    """{(path, hdu): row} of all tables, without what differs from run to run; and the cards of each file."""
    paths = {r["number"]: (r["pathname"] + "/" + r["filename"], r["state"]) for r in rows(f"{db}/files.db", "-where", "number > 0")}
    out = {}
    for table in sorted(glob.glob(f"{db}/headers/*.db")):
        for r in rows(table, code=None):
            path, state = paths[r["file"]]
            check(state == "done", f"{db}: a row of {path}, which is {state}")
            check((path, r["hdu"]) not in out, f"{db}: two rows of {path} HDU {r['hdu']}")
            out[path, r["hdu"]] = {k: v for k, v in r.items() if k not in ("file", "heap", "heapcrc", "ingested", "changeno", "crc") and v is not None}
    for r in rows(db, code=None):
        out["image", r["pathname"], r["filename"], r["extension"]] = {k: v for k, v in r.items() if k not in ("regtime", "changeno", "crc")}
    for table in ("master", "datasets"):
        for r in rows(f"{db}/{table}.db", code=None):
            check((table, r["rootname"]) not in out, f"{db}: {r['rootname']} twice in {table}")
            out[table, r["rootname"]] = {k: v for k, v in r.items() if k not in ("first", "last", "changeno", "crc")}
    return out


# A quiet run, and what changes.
first = counts("q", "night")
equal((first["new"], first["failed"], first["passed"]), (len(SIM), 0, 1), "a night of imsim, and its truth.csv")
quiet = content("q")
equal(sum(isinstance(key[1], int) for key in quiet), 4 * len(SIM), "a row for each HDU")
equal(counts("q", "night")["unchanged"], len(SIM) + 1, "a second run")
first_times = {r["filename"]: r["first"] for r in rows("q/files.db", "-where", "number > 0")}

new = image("night/new.fits", NEWKEY="a text")
equal(counts("q", "-n", "night")["new"], 1, "a rehearsal")
check(not any(r["filename"] == "new.fits" for r in rows("q/files.db", "-where", "number > 0")), "writes nothing")
equal(counts("q", "night")["new"], 1, "a new file")
equal(run("imheader", "-db", "q", "new.fits", "-key", "NEWKEY", code=0).stdout.splitlines(True)[-1], card("NEWKEY", "a text") + "\n", "its card")
image("night/new.fits", NEWKEY="another, which is much longer than the first one", OTHERKEY=5)
os.utime("night/new.fits", (1e9, 1e9))
report = counts("q", "night")
equal((report["changed"], report["new"]), (1, 0), "a changed file")
found = [r for t in glob.glob("q/headers/*.db") for r in rows(t, "-where", "filename = 'new.fits'", code=None)]
equal([(r["newkey"], r["otherkey"]) for r in found], [("another, which is much longer than the first one", 5)], "its row")
row = next(r for r in rows("q/files.db", "-where", "filename = 'new.fits'"))
check(row["last"] >= row["first"], "first and last")
os.rename("night/new.fits", "night/renamed.fits")
report = counts("q", "night")
equal((report["new"], report["moved"], report["gone"]), (0, 1, 0), "a renamed file")
equal(run("imheader", "-db", "q", "renamed.fits", "-key", "OTHERKEY", code=0).stdout.splitlines(True)[-1], card("OTHERKEY", 5) + "\n", "its card, by its new name")
fails(1, ["new.fits", "is no file"], "imheader", "-db", "q", "new.fits")
os.rename("night/renamed.fits", "night/new.fits")
equal((lambda r: (r["new"], r["moved"], r["gone"]))(counts("q", "night")), (0, 1, 0), "and back")
equal(next(r for r in rows("q/files.db", "-where", "filename = 'new.fits'"))["first"], row["first"], "the first time stays")
os.remove("night/new.fits")
equal(counts("q", "night")["gone"], 1, "gone")
equal(content("q"), quiet, "as it was before it came")
equal({r["filename"]: r["first"] for r in rows("q/files.db", "-where", "state = done")}, {k: v for k, v in first_times.items() if k != "truth.csv"}, "first times")

# A changed file has fewer HDUs, or is of another kind: nothing of the old one is left.
write("night/less.fits", read(SIM[0]))
counts("q", "night")
image("night/less.fits", INSTRUME="MegaPrime")
equal(counts("q", "night")["changed"], 1, "a file of another kind")
equal([k[1] for k in content("q") if k[0].endswith("less.fits") and isinstance(k[1], int)], [0], "its HDUs")
os.remove("night/less.fits")
counts("q", "night")
equal(content("q"), quiet, "as before that file")

# Files that cannot be read do not stop it; when they are whole they are read.
data = read(SIM[0])
write("night/cut.fits", data[:-3000])
write("night/empty.fits", b"")
write("night/words.txt", b"no image")
os.mkfifo("night/pipe.fits")
report = counts("q", "night", code=4)
equal((report["new"], report["failed"], report["passed"]), (1, 1, 1), "bad files")
reasons = {r["filename"]: (r["state"], r["class"], r["reason"]) for r in rows("q/files.db", "-where", "state != done or class != none")}
check(reasons["empty.fits"][:2] == ("failed", "empty") and reasons["words.txt"][:2] == ("passed", "foreign"), f"{reasons}")
check(reasons["cut.fits"][0] == "done" and "truncated" in reasons["cut.fits"][2], f"what is cut off is told: {reasons['cut.fits']}")
equal(counts("q", "night")["unchanged"], len(SIM) + 4, "they are known")
write("night/empty.fits", data)
equal(counts("q", "night")["changed"], 1, "mended")
for name in ("cut.fits", "empty.fits", "words.txt", "pipe.fits"):
    os.remove("night/" + name)
counts("q", "night")
equal(content("q"), quiet, "all is as before")

# Killed at any moment, the next run ends what was begun.
for attempt in range(12):
    shutil.rmtree("k", ignore_errors=True)
    kills = 0
    while kills < 4:
        process = subprocess.Popen([os.path.join(BIN, "imingest"), "-db", "k", "night"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.wait(random.uniform(0.002, 0.25))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    equal(counts("k", "night")["changed"], 0, f"after {kills} kills: what no run has ended is new")
    if not equal(content("k"), quiet, f"after {kills} kills"):
        break
    for path in [SIM[0], SIM[-1]]:
        equal(run("imheader", "-db", "k", path, code=0).stdout, run("imheader", "-db", "q", path, code=0).stdout, f"{path}: cards")

# Every call that changes something fails once.
if shutil.which("strace") and not SANITIZED:
    line = [os.path.join(BIN, "imingest"), "-db", "f", "-j", "1", "night"]
    shutil.rmtree("f", ignore_errors=True)
    strace("trace", ["openat", "pwrite64", "fdatasync", "fsync", "rename", "ftruncate", "fallocate", "mkdir"], line)
    calls = changing_calls("trace", "f/")
    tried = 0
    for call, numbers in calls.items():
        for nth in random.sample(numbers, min(5, len(numbers))):
            shutil.rmtree("f", ignore_errors=True)
            out, _ = inject("trace", call, "error=ENOSPC", nth, line)
            tried += 1
            check(out.returncode in (0, 3), f"{call} {nth}: {out.returncode} {out.stderr:.200}")
            check(out.returncode == 0 or out.stderr.startswith("imingest: "), f"{call} {nth}: {out.stderr:.200}")
            equal(counts("f", "night")["changed"], 0, f"behind {call} {nth} that failed: what no run has ended is new")
            equal(content("f"), quiet, f"behind {call} {nth} that failed")
    check(tried > 15, f"only {tried} calls failed")

# However many threads read: the same rows, and the same headers.
for jobs in (1, 4):
    counts(f"j{jobs}", "-j", jobs, "night")
    equal(content(f"j{jobs}"), quiet, f"-j {jobs}")
for path in SIM:
    equal(run("imheader", "-db", "j1", path, code=0).stdout, run("imheader", "-db", "j4", path, code=0).stdout, f"{path}: cards by one thread and by four")

# Two at once: one after the other. (Who does not wait is told who is at work: ingest_runs_test.py)
a, b = (subprocess.Popen([os.path.join(BIN, "imingest"), "-db", "two", "night"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2))
equal(sorted([a.wait(100), b.wait(100)]), [0, 0], f"two at once: {a.stderr.read()} {b.stderr.read()}")
equal(content("two"), quiet, "two at once")

# A name that is too long for files.db is told each time, and stops nothing; names of all kinds come back.
long_name = "night/" + "n" * 140 + ".fits"
write(long_name, data)
odd = image("night/new\nline 'quoted' \xff.fits".encode("latin-1").decode("utf-8", "surrogateescape"), ODDKEY=7)
for again in (False, True):
    out = run("imingest", "-db", "q", "-format", "json", "night", code=4, text=False, stdin="")
    check(b"too long" in out.stderr and out.stderr.count(b"\n") == 1, f"too long: {out.stderr!r:.300}")
    told = json.loads(out.stdout)
    equal((told["new"], told["classes"]["path"]), (0 if again else 1, 1), "the other one, and the class of this one")
check(b"ODDKEY  =                    7" in run("imheader", "-db", "q", odd, "-key", "ODDKEY", code=0, text=False, stdin="").stdout, "an odd name")
os.remove(long_name)
os.remove(odd)
counts("q", "night")
equal(content("q"), quiet, "as before the odd names")

# Bad arguments.
fails(2, ["nosuch", "no such file or folder"], "imingest", "-db", "q", "nosuch")
fails(2, ["-format yaml"], "imingest", "-db", "q", "-format", "yaml", "night")
fails(2, ["-j"], "imingest", "-db", "q", "-j", "many", "night")
write("plain", b"x")
fails(3, ["plain", "is a file"], "imingest", "-db", "plain", "night")
fails(1, ["nothing was ingested"], "imheader", "-db", "night", "x")
fails(1, ["no HDU 77"], "imheader", "-db", "q", SIM[0], "-hdu", 77)
fails(1, ["no such card"], "imheader", "-db", "q", SIM[0], "-key", "NOSUCH")
table = "simprime_0"
check(rows("q", "-from", table, "-where", "hdu = 0"), "imsearch -from")
fails(2, ["no header table", table], "imsearch", "-db", "q", "-from", table + "x")
write("q/headers/bad.db", b"no table")
fails(3, ["bad.db"], "imheader", "-db", "q", SIM[0])
os.remove("q/headers/bad.db")
finish()
