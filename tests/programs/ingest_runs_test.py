"""What runs of imingest do beside each other and one behind the other: nothing when there is nothing to do, who is at work, files that change while they are
read, release dates that pass, what failed before, progress, and the report of each file. Oracle: what the test did itself."""
from harness import *
import glob, pty, signal

PUBLIC = dict(TELESCOP="CFHT 3.6m", INSTRUME="MegaPrime", DETECTOR="MegaCam", OBSTYPE="OBJECT", EXPTIME=5, DATE_OBS="2003-02-04", UTC_OBS="10:00:00")


def counts(db, *args, code=0):
    return json.loads(run("imingest", "-db", db, "-format", "json", *args, code=code).stdout)


def of_file(db, name):
    return next(r for r in rows(f"{db}/files.db") if r["filename"] == name)


def tables(db):
    """Bytes and times of all tables; what tells who holds a lock is no table."""
    return {p: (read(p), os.stat(p).st_mtime_ns) for p in glob.glob(db + "/**", recursive=True) if os.path.isfile(p) and not p.endswith(".lock")}


# A run that has nothing to do leaves all tables alone, their times too.
run("imsim", "-o", "night", "-ccds", 2, "-objects", 3, "-size", "60x80", "-seed", 4, code=0)
counts("q", "night")
before = tables("q")
check(len(before) > 6, f"tables: {list(before)}")
for line in (["night"], ["-n", "night"], ["-j", "1", "night"]):
    counts("q", *line)
    after = tables("q")
    equal([p for p in {**before, **after} if before.get(p) != after.get(p)], [], f"written by imingest {line}")

# The report of each file, with the class of its reason.
files = {
    "good.fits": ("new", "", lambda p: image(p)),
    "words.txt": ("passed over", "foreign", lambda p: write(p, "no image")),
    "empty.fits": ("failed", "empty", lambda p: write(p, b"")),
    "cut.fits": ("new", "cut", lambda p: write(p, read(image(p, shape=(60, 80)))[:-3000])),
    "damaged.fits": ("failed", "damaged", lambda p: write(p, read(image(p))[:800])),
    "flat.fits": ("new", "unregistered", lambda p: image(p, shape=(0, 4))),
    "soon.fits": ("waiting", "embargo", lambda p: image(p, extra=[card("REL_DATE", "2199-01-01")], **PUBLIC)),
    "n" * 140 + ".fits": ("failed", "path", lambda p: image(p)),
}
os.makedirs("kinds")
for name, (_, _, make) in files.items():
    make("kinds/" + name)
out = run("imingest", "-db", "k", "-public", "-v", "-format", "json", "kinds", code=4)
*told, report = [json.loads(line) for line in out.stdout.splitlines()]
check(all(set(t) == {"path", "fate", "class", "headers", "reason"} for t in told), f"members: {told}")
equal({t["path"]: (t["fate"], t["class"]) for t in told}, {os.path.abspath("kinds/" + n): f[:2] for n, f in files.items()}, "fates and classes")
for t in told:
    equal((t["headers"] > 0, t["reason"] != ""), (t["fate"] == "new", t["class"] != ""), f"headers and reason: {t}")
equal(report["classes"], {f[1]: 1 for f in files.values() if f[1]}, "counted")
equal((report["new"], report["passed"], report["waiting"], report["failed"], report["headers"]), (3, 1, 1, 3, 3), "numbers")
text = run("imingest", "-db", "k2", "-public", "-v", "kinds", code=4).stdout
equal(sorted(line.split("kinds/")[1] for line in text.splitlines() if "kinds/" in line), sorted(f"{n}: {f[0]}" + (f" ({f[1]})" if f[1] else "") for n, f in files.items()), "-v as text")
for name, (fate, what, _) in files.items():
    if what not in ("path", "unregistered", ""):
        equal(of_file("k", name)["class"], what, f"files.db: {name}")

# What failed and has not changed is not tried again: it is counted, and is no failure of this run. What can be mended by waiting is tried.
os.remove("kinds/" + "n" * 140 + ".fits")
again = counts("k", "-public", "kinds")
equal((again["unchanged"], again["failed"], again["failed_before"], again["headers"]), (7, 0, 2, 0), "a second run")
check("2 failed before" in run("imingest", "-db", "k", "-public", "kinds", code=0).stdout, "as text")
image("kinds/empty.fits")
equal((lambda r: (r["changed"], r["failed_before"]))(counts("k", "-public", "kinds")), (1, 1), "one is mended")

# A release date that passes: what waited is read by the run after it, without a change of the file.
for ahead in (2, 5, 15, 60):  # on a machine that is slow it may have passed before the first run has looked
    shutil.rmtree("public", ignore_errors=True)
    date = int(time.time()) + ahead
    image("public/soon.fits", extra=[card("REL_DATE", time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(date)))], **PUBLIC)
    db = f"p{ahead}"
    if counts(db, "-public", "public")["waiting"]:
        equal((of_file(db, "soon.fits")["state"], os.path.exists(db + "/Imreg.db")), ("waiting", False), "it waits")
        while time.time() <= date:
            time.sleep(0.1)
        report = counts(db, "-public", "public")
        equal((report["waiting"], report["headers"], report["images"]), (0, 1, 1), "it is public")
        equal(of_file(db, "soon.fits")["state"], "done", "files.db")
        break
else:
    check(False, "no run was fast enough to find a file that waits")


def begin(*line, **more):
    return subprocess.Popen([os.path.join(BIN, "imingest"), *line], stdout=subprocess.PIPE, text=True, **more)


def stopped(process, lock):
    """Whether the process stands still while it holds the lock of files.db."""
    while process.poll() is None:
        if os.path.exists(lock) and b"at work" in read(lock):
            process.send_signal(signal.SIGSTOP)
            return os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        time.sleep(0.0005)
    return False


# Two at once: who does not wait is told who is at work; who waits goes on behind it.
for i in range(300):
    image(f"many/m{i}.fits", NUMBER=i)
for attempt in range(20):
    first = begin("-db", f"two{attempt}", "-j", "1", "many", stderr=subprocess.PIPE)
    if not stopped(first, f"two{attempt}/files.db.lock"):
        continue  # it has ended before
    fails(3, [f"two{attempt}/files.db", f"held by imingest, process {first.pid} on ", "try again"], "imingest", "-db", f"two{attempt}", "-wait", "0", "many")
    second = begin("-db", f"two{attempt}", "-format", "json", "-wait", "100", "many")
    first.send_signal(signal.SIGCONT)
    equal((first.wait(100), second.wait(100)), (0, 0), "both end well")
    equal(json.loads(second.stdout.read())["unchanged"], 300, "the second one has nothing to do")
    break
else:
    check(False, "no run was caught at work")

# On a terminal a line tells how far it is. (It comes after half a second: the run stands still for so long.)
for attempt in range(20):
    ours, theirs = pty.openpty()
    process = begin("-db", f"t{attempt}", "-j", "1", "many", stderr=theirs)
    caught = stopped(process, f"t{attempt}/files.db.lock")
    os.close(theirs)
    if caught:
        time.sleep(0.7)
        process.send_signal(signal.SIGCONT)
    shown = read_terminal(ours).decode()
    os.close(ours)
    equal(process.wait(100), 0, "a run on a terminal")
    found = re.findall(r"(\d+)/300 files +[\d.]+k? files/s +[^\r]*left", shown)
    if found:
        check(all(0 < int(n) <= 300 for n in found) and "\n" not in shown, f"progress: {shown!r:.300}")
        check(shown.endswith("\r\x1b[K"), f"the line is gone at the end: {shown!r:.300}")
        break
else:
    check(False, f"no progress on a terminal: {shown!r:.300}")

# A file that changes while it is read: a new one is left to the next run, of a known one all stays as it was until then.
if shutil.which("strace") and not SANITIZED:

    def change_while_read(db, path):
        """A run that stops when it opens the file, which changes then. Its exit code."""
        if os.path.exists("trace"):
            os.remove("trace")
        trace = subprocess.Popen(["strace", "-f", "-o", "trace", "-P", os.path.abspath(path), "-e", "trace=openat", "-e", "inject=openat:signal=SIGSTOP:when=1",
                                  os.path.join(BIN, "imingest"), "-db", db, "-j", "1", os.path.dirname(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stands, end = None, time.time() + 60
        while not stands and trace.poll() is None and time.time() < end:
            time.sleep(0.01)
            found = re.search(rb"(\d+) +--- stopped by SIGSTOP ---", read("trace") if os.path.exists("trace") else b"")
            stands = found and int(found[1])
        if check(stands, f"{path} was not opened"):
            image(path, NUMBER=100, MORE="than before")
            os.kill(stands, signal.SIGCONT)
        return trace.wait(100)

    image("moving/m.fits", NUMBER=1)
    image("moving/quiet.fits", NUMBER=2)
    equal(change_while_read("c", "moving/m.fits"), 4, "a new file that changes")
    equal([of_file("c", "m.fits")[k] for k in ("state", "class", "hdus")], ["failed", "changing", 0], "files.db")
    equal([r["number"] for r in rows("c", "-from", "testcam_0")], [2], "no row of it")
    report = counts("c", "moving")
    equal((report["headers"], report["failed"]), (1, 0), "the next run reads it")
    os.utime("moving/m.fits", (1e9, 1e9))
    before = sorted(str((r["number"], r["more"], r["filename"])) for r in rows("c", "-from", "testcam_0"))
    old = run("imheader", "-db", "c", "m.fits", code=0).stdout
    image("moving/m.fits", NUMBER=55)
    equal(change_while_read("c", "moving/m.fits"), 4, "a known file that changes")
    equal([of_file("c", "m.fits")[k] for k in ("state", "class", "hdus")], ["failed", "changing", 1], "files.db")
    equal(sorted(str((r["number"], r["more"], r["filename"])) for r in rows("c", "-from", "testcam_0")), before, "its row stays")
    equal(run("imheader", "-db", "c", "m.fits", code=0).stdout, old, "its header, too")
    run("imcheck", "-db", "c", code=0)
    equal((lambda r: (r["changed"], r["headers"], r["failed"]))(counts("c", "moving")), (1, 1, 0), "the next run reads it")
    equal([of_file("c", "m.fits")[k] for k in ("state", "class")], ["done", None], "files.db")
    # A run that ended before it was done with a new file: begun, and new still; when it cannot be read then, nothing of it is there.
    strace("trace", ["fdatasync"], [os.path.join(BIN, "imingest"), "-db", "all", "-j", "1", "moving"])
    states = set()
    image("moving/m.fits", NUMBER=1, ROOTNAME="same")
    image("moving/quiet.fits", NUMBER=2, ROOTNAME="same")
    for nth in range(1, read("trace").decode().count("fdatasync(") + 1):
        db = f"b{nth}"
        inject("trace", "fdatasync", "signal=KILL", nth, [os.path.join(BIN, "imingest"), "-db", db, "-j", "1", "moving"])
        there = rows(f"{db}/files.db", code=None) if os.path.exists(f"{db}/files.db") else []
        states |= {r["state"] for r in there}
        check(all((r["first"] is None) == (r["state"] == "begun") for r in there), f"{there}")
        if there and there[0]["state"] == "begun":
            shutil.copytree(db, db + "gone")
            os.rename("moving/m.fits", "m.fits")
            report = counts(db + "gone", "moving")
            equal((report["gone"], report["new"]), (1, 1), "one is gone before any run has ended with it")
            (master,) = rows(db + "gone/master.db")
            equal((master["first"] is None, master["files"]), (False, 1), "the observation has the time of the other one")
            os.rename("m.fits", "moving/m.fits")
            equal(change_while_read(db, "moving/m.fits"), 4, "it changes when it is read again")
            equal([of_file(db, "m.fits")[k] for k in ("state", "class", "hdus")], ["failed", "changing", 0], "files.db")
            run("imcheck", "-db", db, code=0)
        report = counts(db, "moving")
        equal((report["new"] + report["unchanged"] + report["changed"], report["failed"]), (2, 0), f"killed at {nth}: all is read")
        run("imcheck", "-db", db, code=0)
    check("begun" in states, f"no run was killed while files were begun: {states}")
else:
    print("no strace, or sanitizers: no file changes while it is read")
finish()
