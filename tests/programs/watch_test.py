"""imsort and imwatch: exactly one row and one line of each queue for each image, whatever comes in which order and whoever is killed."""
import random, re, signal, subprocess, time
from harness import *


def lines(db, queue="IMSTAT", states=("waiting", "taken", "done", "failed")):
    path = f"{db}.queue/{queue}.queue"
    if not os.path.exists(path):
        return []
    return [(r["path"], r["ccd"]) for r in rows(path, code=None) if r["state"] in states]


def registered(db):
    return sorted((r["pathname"] + "/" + r["filename"], r["ccd"]) for r in rows(db, code=None))


def mosaic(path, ccds=3, final=None, **keys):
    """A mosaic as MEF; final: written elsewhere and moved there."""
    primary = header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)], {**KEYS, **keys, "RA": None, "DEC": None})
    parts = [header([("XTENSION", "IMAGE"), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 40), ("NAXIS2", 40), ("PCOUNT", 0), ("GCOUNT", 1),
                     ("EXTNAME", f"ccd{i:02d}")], {}) + pad(b"\0" * 3200, b"\0") for i in range(ccds)]
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    write(path, primary + b"".join(parts))
    if final:
        os.rename(path, final)
    return os.path.abspath(final or path)


class Watch:
    def __init__(self, db, *args, under=(), log=None, **more):
        self.log = open(log or db + ".log", "a+")
        self.process = subprocess.Popen([*under, os.path.join(BIN, "imwatch"), "-db", db, *args], stderr=self.log, **more)

    def ready(self):
        self.until(lambda: "watching" in self.said(), "ready")
        return self

    def said(self):
        self.log.flush()
        return read(self.log.name).decode()

    def until(self, good, what, seconds=60):
        end = time.time() + seconds
        while time.time() < end and self.process.poll() is None:
            if good():
                return True
            time.sleep(0.02)
        return check(good(), f"{what}; imwatch said: {self.said()[-2000:]}")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(60)
        # SIGTERM in its first milliseconds ends it as any program.
        check(code in ((0, -how) if how == signal.SIGTERM else (-how,)), f"imwatch ended with {code}: {self.said()[-500:]}")


def holding(lock):
    """A process that holds a lock of ours for two seconds."""
    holder = subprocess.Popen([sys.executable, "-c", f"""
import fcntl, struct, time
f = open({lock!r}, "r+b")
fcntl.fcntl(f, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLKW
print("held", flush=True)
time.sleep(2)
"""], stdout=subprocess.PIPE)
    holder.stdout.readline()
    return holder


def sorting():
    """imsort: lines for new and changed images and for no others; conditions; trouble with a queue leaves no row."""
    db = "s.db"
    files = [mosaic(f"s/{i}.fits", OBSTYPE="object" if i % 2 else "dark") for i in range(4)]
    out = run("imsort", "-db", db, *files, code=0)
    check("queued: IMSTAT 12 lines, PTOLEMY 6 lines" in out.stdout, out.stdout)
    equal(sorted(lines(db)), registered(db), "a line for each row")
    equal(sorted(lines(db, "PTOLEMY")), [r for r in registered(db) if r[0] in files[1::2]], "objects only")
    check("queued" not in run("imsort", "-db", db, *files, code=0).stdout, "rows that are as they were give lines")
    mosaic(files[2], OBJECT="new")
    run("imsort", "-db", db, *files, code=0)
    equal(len(lines(db)), 15, "a changed file is queued again")
    run("imregister", "-db", db, mosaic("s/quiet.fits"), code=0)
    equal(len(lines(db)), 15, "imregister queues nothing")
    write("q.rc", "QUEUE_LONG exptime > 50 and ccd = 1\n")
    run("imsort", "-c", "q.rc", "-db", db, mosaic("s/long.fits"), mosaic("s/short.fits", EXPTIME=1.0), code=0)
    equal(lines(db, "LONG"), [(os.path.abspath("s/long.fits"), 1)], "by a condition")
    equal(len(lines(db)), 15, "only the queues of the configuration")
    write("bad.rc", "QUEUE_X exptime >\n")
    before, objects = registered(db), lines(db, "PTOLEMY")
    check(run("imsort", "-c", "bad.rc", "-db", db, mosaic("s/never.fits")).returncode in (2, 3), "a queue that makes no sense")
    equal(registered(db), before, "a queue that makes no sense")
    first = lines(db)
    holder = holding(db + ".queue/PTOLEMY.queue.lock")
    out = run("imsort", "-wait", "0", "-db", db, mosaic("s/held.fits"))
    check(out.returncode == 3 and "PTOLEMY.queue" in out.stderr, f"a queue that is held: {out.returncode} {out.stderr}")
    equal((registered(db), lines(db)), (before, first), "no row without all its lines, and no line of those")
    holder.wait()
    with open(db + ".queue/IMSTAT.queue", "r+b") as f:
        f.write(b"garbage, not FITS at all" * 200)
    more = [mosaic(f"s/more{i}.fits") for i in range(3)]
    out = run("imsort", "-db", db, *more, code=3)
    told = [line for line in out.stderr.splitlines() if "IMSTAT.queue" in line]
    check(len(told) == 1 and "imcheck -db" in told[0] and "fill IMSTAT" in told[0], f"a damaged queue: {out.stderr}")
    now = [row for row in registered(db) if row[0] in more]
    equal((len(now), registered(db)), (9, sorted(before + now)), "images are registered")
    equal(lines(db, "PTOLEMY"), objects + now, "with their lines in the other queues")


def damaged():
    """imwatch goes on beside a damaged queue, tells it once; imcheck finds it, with a recipe that brings the lines back."""
    db = os.path.abspath("d/x.db")
    os.makedirs("d/in")
    for i in range(4):
        mosaic(f"d/in/{i}.fits")
    told = run("imwatch", "-db", db, "-once", "-v", "d/in", code=0).stderr.splitlines()
    check(len(told) == 5 and all(re.match(r"imwatch: \d{4}-\d\d-\d\dT[\d:]+Z [-\w/.]+: |imwatch: \S+Z 4 files: ", line) for line in told), f"with the time: {told}")
    with open("d/journal", "w+") as err:
        info = os.fstat(err.fileno())
        subprocess.run([os.path.join(BIN, "imwatch"), "-db", "d/j.db", "-once", "-v", "d/in"], stderr=err, env={**os.environ, "JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"})
    told = read("d/journal").decode().splitlines()
    check(len(told) == 5 and all(line.startswith("<6>") and "imwatch" not in line for line in told), f"for journald: {told}")
    equal(json.loads(run("imcheck", "-db", db, "-format", "json", code=0).stdout)["findings"], [], "whole queues")
    queue = db + ".queue/IMSTAT.queue"
    sound = read(queue)
    recipe = lambda text: text.split("mend it: ")[1].split(" (imreg-queue")[0]
    for what, content in (("one line", sound.replace(b"in/2.fits", b"in/!.fits", 1)), ("cut", sound[:sound.index(b"in/3.fits") + 3]), ("a header", sound.replace(b"TTYPE1", b"TT?PE1", 1)),
                          ("cards", sound.replace(b"NAXIS2", b"NAX!S2")), ("no queue", b"garbage, not FITS at all" * 200)):
        write(queue, content)
        out = run("imcheck", "-db", db, code=3)
        check("IMSTAT.queue: " in out.stderr and "mend it" in out.stderr and "all is well" not in out.stdout, f"{what}: {out.stderr} {out.stdout}")
        check("register this image" not in out.stderr, f"{what}: registering it brings no line: {out.stderr}")
        found = json.loads(run("imcheck", "-db", db, "-format", "json", code=3).stdout)
        check(not found["whole"] and found["damages"] >= 1 and found["rows"] == len(registered(db)), f"{what}: {found}")
        equal({f["file"] for f in found["findings"]}, {queue}, what)
        told = [f["what"] for f in found["findings"] if "mend it: " in f["what"]]
        equal(len(told), 1, f"{what}: the recipe is told once")
        before = len(registered(db))
        late = [mosaic(f"d/in/{what} {i}.fits".replace(" ", "_")) for i in range(2)]
        if what == "one line":
            run("imsort", "-db", db, *late, code=0)
        else:
            out = run("imwatch", "-db", db, "-once", "d/in", code=3)
            equal(out.stderr.count("IMSTAT.queue: "), 1, f"{what}: told once: {out.stderr}")
        equal(len(registered(db)), before + 6, f"{what}: registered")
        equal(lines(db, "PTOLEMY")[-6:], [(path, i) for path in late for i in range(3)], f"{what}: the other queue has its lines")
        subprocess.run(recipe(told[0]), shell=True, capture_output=True, env={**os.environ, "PATH": BIN + ":" + os.environ["PATH"]})
        run("imcheck", "-db", db, code=0)
        equal(set(lines(db)), set(registered(db)), f"{what}: mended, a line for each row")
        equal(len(lines(db)), len(registered(db)), f"{what}: and only one")
        sound = read(queue)
    write(queue, b"garbage, not FITS at all" * 200)
    watch = Watch(db, "d/in").ready()
    for i in range(3):
        mosaic(f"d/late{i}", final=f"d/in/late{i}.fits")
        watch.until(lambda: f"late{i}.fits" in str(registered(db)), "registered beside a damaged queue")
    watch.end()
    equal(watch.said().count("IMSTAT.queue: "), 1, f"told once: {watch.said()}")
    # Another step's queue, whose images were measured meanwhile.
    rc = write("d/rc", "QUEUE_IMSTAT none\nQUEUE_LONG all\nSTEP_LONG true\n")
    run("imqueue", "-db", db, "-c", rc, "fill", "LONG", code=0)
    run("imqueue", "-db", db, "-c", rc, "take", "LONG", "-n", "3", code=0)
    statistics = [json.dumps({"file": path, "ccd": ccd, "sky": 5}) for path, ccd in registered(db)]
    run("imstatreg", "-db", db, stdin="\n".join(statistics), code=0)
    run("imqueue", "-db", db, "-c", rc, "clear", "-all", "LONG", code=0)
    all_of = len(registered(db))
    run("imqueue", "-db", db, "-c", rc, "fill", "LONG", code=1)
    equal(run("imqueue", "-db", db, "-c", rc, "fill", "LONG", "-all", code=0).stdout, f"LONG: {all_of}\n", "measured images too")
    run("imqueue", "-db", db, "-c", rc, "take", "LONG", "-n", "3", code=0)
    run("imqueue", "-db", db, "-c", rc, "fill", "LONG", "-all", code=1)


def killed():
    """imsort killed at any moment: rows and lines agree, always."""
    rng = random.Random(5)
    db = "k.db"
    files = [mosaic(f"k/{i}.fits") for i in range(60)]
    for i, path in enumerate(files):
        process = subprocess.Popen([os.path.join(BIN, "imsort"), "-db", db, path], stderr=subprocess.PIPE)
        try:
            process.wait(rng.uniform(0, 0.03))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        if os.path.exists(db):
            there, sure, announced = set(registered(db)), set(lines(db)), set(lines(db, states=("announced",)))
            check(sure <= there <= sure | announced, f"rows and lines differ behind kill {i}")
    run("imsort", "-db", db, *files, mosaic("k/last.fits"), code=0)  # what the dead announced is settled
    equal(sorted(lines(db)), registered(db), "in the end")
    equal(len(registered(db)), 183, "rows")


def watching():
    """Files come in every way, folders come and go, imwatch is killed and stopped and started; in the end each image is there once."""
    rng = random.Random(11)
    db = "w.db"
    os.makedirs("tonight")
    expected, watch = set(), Watch(db, "tonight")
    for i in range(60):
        path = f"tonight/{rng.choice(['', 'a/', 'b/c/'])}{i}.fits"
        way = rng.randrange(5)
        if way == 0:
            expected.add(mosaic(path))
        elif way == 1:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            expected.add(mosaic(f"elsewhere/{i}", final=path))
        elif way == 2:  # slowly
            whole = read(mosaic(f"elsewhere/{i}"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                for at in range(0, len(whole), 3000):
                    f.write(whole[at:at + 3000])
                    f.flush()
                    time.sleep(0.002)
            expected.add(os.path.abspath(path))
        elif way == 3:  # a whole folder moved in
            mosaic(f"elsewhere/f{i}/x.fits")
            mosaic(f"elsewhere/f{i}/deep/y.fits")
            os.rename(f"elsewhere/f{i}", f"tonight/f{i}")
            expected |= {os.path.abspath(f"tonight/f{i}/x.fits"), os.path.abspath(f"tonight/f{i}/deep/y.fits")}
        else:  # written twice
            expected.add(mosaic(path))
            mosaic(path, OBJECT="again")
        time.sleep(rng.choice([0, 0, 0.01, 0.05]))
        if rng.random() < 0.12:
            watch.end(rng.choice([signal.SIGKILL, signal.SIGTERM]) if not SANITIZED else signal.SIGKILL)
            watch = Watch(db, "tonight")
    write("tonight/notes.txt", "no image\n")
    wanted = sorted((p, c) for p in expected for c in range(3))
    watch.until(lambda: os.path.exists(db) and registered(db) == wanted, f"{len(wanted)} rows")
    run("imsort", "-db", db, mosaic("elsewhere/last.fits"), code=0)  # settles what the killed ones announced
    got = lines(db)
    check(set(got) == set(registered(db)), "each image has its line, and no other")
    watch.end()
    check("notes.txt" not in watch.said(), "a text is no image")
    equal(registered(db), sorted(wanted + [(os.path.abspath("elsewhere/last.fits"), c) for c in range(3)]), "nothing twice")
    run("imcheck", "-db", db, code=0)


def speed():
    """From close() to the row that others see: told, not judged (man 1 imwatch has the figures)."""
    db, took = "t.db", []
    os.makedirs("quick")
    watch = Watch(db, "quick")
    mosaic("quick/first.fits")
    watch.until(lambda: os.path.exists(db) and len(registered(db)) == 3, "the first file")
    for i in range(12):
        path = mosaic(f"elsewhere/q{i}", final=f"quick/{i}.fits")
        begin = time.time()
        watch.until(lambda: any(r[0] == path for r in registered(db)), path)
        took.append(time.time() - begin)
    watch.end()
    print(f"from a rename to a row that imsearch prints: median {sorted(took)[6] * 1000:.0f} ms (a start of imsearch in it)")


def splits():
    """The CCDs of a SPLIT exposure come together; who waits too long goes without the rest; stragglers follow."""
    db = "x.db"
    os.makedirs("split")
    ccd = lambda exposure, i: image(f"split/{exposure}/{exposure}{i:02d}.fits", EXTNAME=f"ccd{i:02d}", DATE_OBS=f"2001-01-27T10:{exposure[-3:-1]}:00")
    watch = Watch(db, "-split", "-ccds", "5", "-patience", "3", "split")
    os.makedirs("split/700010o")
    for i in range(5):
        if i == 4:
            time.sleep(0.3)
            check(not os.path.exists(db), "registered without its last CCD")
        ccd("700010o", i)
    watch.until(lambda: os.path.exists(db) and len(registered(db)) == 5, "five CCDs", 2.5)
    for i in range(3):
        ccd("700020o", i)
    watch.until(lambda: len(registered(db)) == 8, "three of five, behind the patience", 20)
    check("2 other CCDs of its exposure, where 5 in all were expected" in watch.said(), "what is missing is told")
    ccd("700020o", 3)
    watch.until(lambda: len(registered(db)) == 9, "a straggler", 2.5)
    watch.end()
    young = [ccd(exposure, i) for exposure in ("700050o", "700055o") for i in range(3 if exposure == "700050o" else 1)]
    before = len(registered(db))
    out = run("imwatch", "-db", db, "-split", "-ccds", "5", "-once", "split", code=0)
    left = [line for line in out.stderr.splitlines() if "left for the next time" in line]
    equal((len(left), len(registered(db))), (2, before), out.stderr)
    check("700050o00.fits" in left[0] and "with 2 other CCDs" in left[0] and "5 in all are expected" in left[0], left)
    check("700055o00.fits" in left[1] and "with 0 other CCDs" in left[1], left)
    for path in young:
        os.remove(path)
    for i in range(3):
        os.utime(ccd("700030o", i), (10 ** 9, 10 ** 9))
    out = run("imwatch", "-db", db, "-split", "-ccds", "5", "-once", "split", code=0)
    check("2 other CCDs" in out.stderr and len(registered(db)) == 12, f"an old exposure without two CCDs, once: {out.stderr}")
    # Behind a restart: the last CCD of an exposure, and one that is replaced, wait for nobody: the others are registered.
    for i in range(4):
        os.utime(ccd("700040o", i), (10 ** 9, 10 ** 9))
    run("imwatch", "-db", db, "-split", "-ccds", "5", "-once", "split", code=0)
    watch = Watch(db, "-split", "-ccds", "5", "-patience", "10", "split").ready()
    said = len(watch.said())
    ccd("700040o", 4)
    watch.until(lambda: len(registered(db)) == 17, "a straggler behind a restart", 2.5)
    watch.end()
    watch = Watch(db, "-split", "-ccds", "5", "-patience", "10", "split").ready()
    image("split/700040o/700040o02.fits", EXTNAME="ccd02", DATE_OBS="2001-01-27T10:40:00", OBJECT="again")
    watch.until(lambda: any(r["object"] == "again" for r in rows(db)), "a replaced CCD behind a restart", 2.5)
    check("other CCDs" not in watch.said()[said:], f"the others are there: {watch.said()[said:]}")
    watch.end()


def unknown_number():
    """Nobody says how many CCDs an exposure has, and the first one comes slowly, or in part before imwatch does: the next ones come whole."""
    ccd = lambda folder, exposure, i: image(f"{folder}/{exposure}/{exposure}{i:02d}.fits", EXTNAME=f"ccd{i:02d}", DATE_OBS=f"2001-01-29T10:{exposure[-3:-1]}:00")
    for folder, before, pause in (("slow", 0, 2.6), ("middle", 2, 0.1)):
        db = folder + ".db"
        there = lambda: len(registered(db)) if os.path.exists(db) else 0
        os.makedirs(folder)
        for i in range(before):
            ccd(folder, "700010o", i)
        watch = Watch(db, "-split", "-patience", "20", folder).ready()
        if before:
            watch.until(lambda: there() == before, "those that were there", 20)
        for i in range(before, 4):
            ccd(folder, "700010o", i)
            time.sleep(pause)
        watch.until(lambda: there() == 4, f"{folder}: the first exposure", 20)
        check("4 CCDs of an exposure are waited for" in watch.said(), f"{folder}: told what it learned: {watch.said()}")
        ccd(folder, "700010o", 3)  # replaced: no fifth
        for exposure in ("700020o", "700030o"):
            for i in range(4):
                had = there()
                check(had % 4 == 0, f"{folder}: {exposure} in pieces: {had} rows")
                ccd(folder, exposure, i)
                time.sleep(0.3)
            watch.until(lambda: there() == had + 4, f"{folder}: {exposure} at once", 5)
        check("5 CCDs" not in watch.said(), f"{folder}: a replaced file is no fifth CCD: {watch.said()}")
        watch.end()


def catching_up():
    """What happens between the end of imwatch and its next start: new, replaced and moved files, the rest of an exposure."""
    db, exposures = "c.db", "cs.db"
    mosaic("catch/a.fits")
    mosaic("catch/b.fits")
    ccd = lambda i: image(f"catchs/700010o/700010o{i:02d}.fits", EXTNAME=f"ccd{i:02d}", DATE_OBS="2001-01-30T10:00:00")
    ccd(0)
    ccd(1)
    start = lambda: (Watch(db, "catch").ready(), Watch(exposures, "-split", "-ccds", "4", "-patience", "60", "catchs").ready())
    for how in (signal.SIGTERM, signal.SIGKILL):
        for watch in start():
            watch.end(how)
    equal(len(registered(db)), 6, "what was there")
    check(not os.path.exists(exposures), "two CCDs of four wait")
    mosaic("catch/new.fits")
    mosaic("catch/a.fits", OBJECT="again")
    mosaic("elsewhere/night/deep/x.fits")
    os.rename("elsewhere/night", "catch/night")
    os.makedirs("catch/late")
    os.rename("catch/b.fits", "catch/late/b.fits")
    ccd(2)
    ccd(3)
    watches = start()
    there = lambda: sorted((r["pathname"][len(work) + 1:] + "/" + r["filename"], r["object"]) for r in rows(db) if r["ccd"] == 0)
    moved = [("catch/b.fits", "M 31"), ("catch/late/b.fits", "M 31")]
    wanted = [("catch/a.fits", "again"), ("catch/new.fits", "M 31"), ("catch/night/deep/x.fits", "M 31")]
    watches[0].until(lambda: set(wanted) <= set(there()) and moved[1] in there(), "what came while it was away", 20)
    watches[1].until(lambda: os.path.exists(exposures) and len(registered(exposures)) == 4, "the rest of an exposure", 20)
    check("other CCDs" not in watches[1].said(), f"the exposure is whole: {watches[1].said()}")
    for watch in watches:
        watch.end()
    check(set(there()) - set(wanted) <= set(moved), f"nothing else: {there()}")
    count = lambda name: sum(path.endswith(name) for path, _ in lines(db))
    equal([count(name) for name in ("catch/a.fits", "catch/new.fits", "deep/x.fits")], [6, 3, 3], "lines: twice of the file that was replaced")
    equal(len(lines(exposures)), 4, "lines of the exposure")


def together():
    """Two imwatch and some imsort on one folder: no row and no line twice."""
    db = "tw.db"
    os.makedirs("shared")
    watches = [Watch(db, "shared").ready() for _ in range(2)]
    sorts = []
    for i in range(40):
        mosaic(f"elsewhere/tw{i}", final=f"shared/{i}.fits")
        if i % 8 == 7:
            sorts.append(subprocess.Popen([os.path.join(BIN, "imsort"), "-wait", "60", "-db", db, "shared"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    for process in sorts:
        equal(process.wait(120), 0, "imsort beside two imwatch")
    watches[0].until(lambda: len(registered(db)) == 120, "all of them", 60)
    time.sleep(0.5)
    for watch in watches:
        watch.end()
    equal((len(registered(db)), len(set(registered(db)))), (120, 120), "rows")
    equal(sorted(lines(db)), registered(db), "a line for each row")


def full_disk():
    """imsort, imwatch and imstatreg where nothing can be written: no row without its lines, and it goes on when there is room."""
    small = os.path.abspath("small")
    os.makedirs(small)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", small], capture_output=True).returncode:
        return print("no tmpfs: a full disk is not tested")
    try:
        db = f"{small}/x.db"
        run("imsort", "-db", db, mosaic("disk/a.fits"), code=0)
        statistics = json.dumps({"file": os.path.abspath("disk/a.fits"), "ccd": 1, "bias": 7.5, "sky": 9}) + "\n"
        state = lambda: (registered(db), lines(db), lines(db, "PTOLEMY"), [(r["bias"], r["sky"]) for r in rows(db)])
        before = state()
        try:
            with open(f"{small}/filler", "wb", buffering=0) as f:
                while f.write(b"x" * 4096):
                    pass
        except OSError:
            pass
        many = [mosaic(f"disk/more/{i}.fits", ccds=30) for i in range(30)]
        fails(3, ["No space left"], "imsort", "-db", db, *many)
        equal(state(), before, "behind imsort on a full disk")
        entries = "".join(json.dumps({"file": f"/nowhere/{i}.fits", "ccd": 1, "sky": 9}) + "\n" for i in range(20000))
        fails(3, ["No space left"], "imstatreg", "-db", db, stdin=statistics + entries)
        equal(state(), before, "behind imstatreg on a full disk")
        watch = Watch(db, "disk", log="disk.log")
        watch.until(lambda: "No space left" in watch.said() and "trying again" in watch.said(), "a full disk is told", 20)
        equal(state(), before, "behind imwatch on a full disk")
        os.remove(f"{small}/filler")
        watch.until(lambda: len(registered(db)) == 903, "and it goes on when there is room", 90)
        watch.end()
        equal(sorted(lines(db)), registered(db), "with all lines")
        run("imstatreg", "-db", db, stdin=statistics, code=0)
        equal([(r["bias"], r["sky"]) for r in rows(db, "-name", "a.fits", "-ccd", "1")], [(7.5, 9)], "statistics")
        run("imcheck", "-db", db, code=0)
    finally:
        subprocess.run(["umount", "-l", small])


def renamed():
    """CCDs that are written under another name first count once; an exposure that was not complete says nothing of the next."""
    db = "n.db"
    os.makedirs("names")
    ccd = lambda exposure, i, ending="fits": image(f"names/{exposure}/{exposure}{i:02d}.{ending}", EXTNAME=f"ccd{i:02d}", DATE_OBS=f"2001-01-28T10:{exposure[-3:-1]}:00")
    there = lambda n: os.path.exists(db) and len(registered(db)) == n
    watch = Watch(db, "-split", "-patience", "4", "names").ready()
    for i in range(4):
        ccd("700010o", i)
    watch.until(lambda: there(4), "an exposure whose CCDs nobody knows", 20)
    for i in range(3):
        path = ccd("700020o", i, "tmp")
        time.sleep(0.3)
        check(there(4), "registered before all CCDs were there")
        os.rename(path, path.replace("tmp", "fits"))
    ccd("700020o", 3)
    watch.until(lambda: there(8), "as many as before", 3)
    check(".tmp" not in watch.said(), f"a name that was only for writing: {watch.said()[-500:]}")
    ccd("700030o", 0)
    ccd("700030o", 1)
    watch.until(lambda: there(10), "two of four, behind the patience", 20)
    for i in range(4):
        if i == 3:
            time.sleep(1)
            check(there(10), "an exposure that was not complete is the measure of the next")
        ccd("700040o", i)
    watch.until(lambda: there(14), "four again", 3)
    watch.end()


def no_images():
    """Empty files are no images; a file that grows is not told as cut off."""
    db = "e.db"
    os.makedirs("empty")
    for name in ("x.done", "README"):
        os.utime(write(f"empty/{name}", ""), (1, 1))
    out = run("imwatch", "-db", db, "-once", "empty", code=0)
    check("done" not in out.stderr and "README" not in out.stderr, out.stderr)
    whole = read(mosaic("elsewhere/grows"))
    with open("empty/grows.fits", "wb", buffering=0) as f:
        f.write(whole[:7000])
        watch = Watch(db, "-patience", "1.5", "empty")
        write("empty/y.done", "")
        for at in range(7000, len(whole), 700):
            time.sleep(0.5)
            f.write(whole[at:at + 700])
    watch.until(lambda: os.path.exists(db) and len(registered(db)) == 3, "a file that grew", 20)
    time.sleep(2)
    watch.end()
    check("grows.fits" not in watch.said() and "y.done" not in watch.said(), watch.said())


def lost():
    """More happens than the kernel can tell: what is made then is watched, too."""
    db = "l.db"
    os.makedirs("lost")
    watch = Watch(db, "lost").ready()
    watch.process.send_signal(signal.SIGSTOP)
    for i in range(int(read("/proc/sys/fs/inotify/max_queued_events")) + 100):
        os.close(os.open(f"lost/.{i % 2}", os.O_WRONLY | os.O_CREAT))
    mosaic("lost/new/deep/first.fits")
    watch.process.send_signal(signal.SIGCONT)
    watch.until(lambda: os.path.exists(db) and len(registered(db)) == 3, "what was there")
    mosaic("lost/new/deep/second.fits")
    watch.until(lambda: len(registered(db)) == 6, "a file in a folder of which nothing was told", 10)
    watch.end()


def elsewhere():
    """A folder above a watched one is moved; a watched link leads elsewhere; names that are made for files that are there."""
    db = "m.db"
    os.makedirs("above/t")
    os.makedirs("one")
    os.makedirs("two")
    os.symlink("one", "linked")
    watch = Watch(db, "above/t", "linked").ready()
    names = lambda: sorted(r[0][len(work) + 1:] for r in registered(db) if r[1] == 0) if os.path.exists(db) else []
    mosaic("one/a.fits")
    watch.until(lambda: names() == ["linked/a.fits"], "a file behind a link", 10)
    os.rename("above", "older")
    os.makedirs("above/t/deep")
    mosaic("above/t/deep/b.fits")
    os.symlink("two", "new")
    os.rename("new", "linked")
    mosaic("two/c.fits")
    watch.until(lambda: names() == ["above/t/deep/b.fits", "linked/a.fits", "linked/c.fits"], "in other folders of these names", 20)
    mosaic("hidden/d.fits")
    time.sleep(0.05)  # more than a tick of the clock of files
    watch.process.send_signal(signal.SIGSTOP)  # it looks when the other name is gone
    os.link("hidden/d.fits", "two/z.fits")
    os.remove("hidden/d.fits")
    watch.process.send_signal(signal.SIGCONT)
    watch.until(lambda: "linked/z.fits" in names(), "published by a link", 3)
    for name in "de":
        mosaic(f"elsewhere/{name}.fits")
    os.link("elsewhere/d.fits", "above/t/deep/d.fits")
    os.symlink(os.path.abspath("elsewhere/e.fits"), "two/e.fits")
    wanted = ["above/t/deep/b.fits", "above/t/deep/d.fits", "linked/a.fits", "linked/c.fits", "linked/e.fits", "linked/z.fits"]
    watch.until(lambda: names() == wanted, "other names of files", 10)
    os.rename("above", "older2")
    watch.until(lambda: watch.said().count("another folder") == 3, "a folder that went without a word", 20)
    watch.end()


def forbidden():
    """A folder that nobody may look into is told; the others are registered."""
    if os.geteuid() != 0:
        return
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    os.makedirs("mine/closed")
    mosaic("mine/open/x.fits")
    os.chmod("mine/closed", 0)
    os.chown("mine", 65534, 65534)
    out = fails(4, ["mine/closed", "Permission denied"], "imwatch", "-db", "mine/f.db", "-once", "mine", **nobody)
    equal(len(registered("mine/f.db")), 3, "the others")
    watch = Watch("mine/f.db", "-poll", "0.2", "mine", **nobody).ready()
    time.sleep(1)
    watch.end()
    equal(watch.said().count("mine/closed"), 1, "told once")


def few_watches():
    """Fewer of the kernel's watches than folders: it says so, and looks."""
    under = ("unshare", "-Ur", "sh", "-c", 'echo 2 > /proc/sys/user/max_inotify_watches && exec "$@"', "sh")
    if subprocess.run([*under, "true"], capture_output=True).returncode:
        return print("no user namespaces: a want of watches is not tested")
    for name in "abc":
        mosaic(f"many/{name}/1.fits")
    watch = Watch("f.db", "many", under=under).ready()
    equal(len(registered("f.db")), 9, "what was there")
    check("max_user_watches" in watch.said(), watch.said())
    for name in "abc":
        mosaic(f"many/{name}/2.fits")
    mosaic("many/d/3.fits")
    watch.until(lambda: len(registered("f.db")) == 21, "what came", 20)
    watch.end()
    equal(watch.said().count("max_user_watches"), 1, "told once")


def ended_meanwhile():
    """Files that are ended while imwatch reads what was there before: none is forgotten."""
    whole = read(mosaic("elsewhere/m"))
    os.makedirs("ended")
    for i in range(200):
        write(f"ended/{i}.fits", whole[:7000])
        os.utime(f"ended/{i}.fits", (1, 1))
    watch = Watch("ended.db", "-patience", "1", "ended")
    while not os.path.exists("ended.db") and watch.process.poll() is None:
        if "truncated" in watch.said():
            break
    for i in range(200):
        with open(f"ended/{i}.fits", "ab") as f:
            f.write(whole[7000:])
    watch.until(lambda: os.path.exists("ended.db") and len(registered("ended.db")) == 600, "all that were ended meanwhile")
    watch.end()


def trouble():
    """Cut files, a database that takes nothing for a while, a folder that goes and comes back, folders that are not there."""
    db = "y.db"
    os.makedirs("odd")
    fails(3, ["nosuch", "no such folder"], "imwatch", "-db", db, "-once", "nosuch")
    fails(2, ["DIR"], "imwatch", "-db", db)
    for program, words in (("imqueue", []), ("imelixir", ["-once"]), ("imelixir", ["status"])):
        fails(3, ["mistyped.db", "no such database, and no queue"], program, "-db", "mistyped.db", *words)
    fails(2, ["-patience"], "imwatch", "-db", db, "-patience", "soon", "odd")
    whole = read(mosaic("elsewhere/c"))
    write("odd/cut.fits", whole[:7000])
    out = run("imwatch", "-db", db, "-once", "odd", code=0)
    equal(out.stderr.count("\n"), 1, out.stderr)
    check("odd/cut.fits: left for the next time: it is cut off" in out.stderr, out.stderr)
    os.utime("odd/cut.fits", (1, 1))
    fails(4, ["cut.fits"], "imwatch", "-db", db, "-once", "odd")
    fails(3, ["broken.db"], "imwatch", "-db", write("broken.db", "no database " * 300), "-once", "odd")
    watch = Watch(db, "-wait", "0", "-patience", "1", "odd")
    with open("odd/cut.fits", "ab") as f:
        f.write(whole[7000:])
    watch.until(lambda: os.path.exists(db) and len(registered(db)) == 3, "the rest of a file")
    holder = holding(db + ".lock")
    mosaic("elsewhere/h", final="odd/held.fits")
    watch.until(lambda: "trying again" in watch.said(), "a database that is held is told", 10)
    watch.until(lambda: len(registered(db)) == 6, "and tried again")
    holder.wait()
    os.rename("odd", "away")
    watch.until(lambda: "no more there" in watch.said(), "a folder that went", 20)
    os.makedirs("odd")
    mosaic("odd/back.fits")
    watch.until(lambda: len(registered(db)) == 9, "a folder that came back", 20)
    watch.end()
    polled = Watch("p.db", "-poll", "0.2", "away")
    polled.until(lambda: os.path.exists("p.db") and len(registered("p.db")) == 6, "what was there")
    polled.end()


sorting()
damaged()
killed()
watching()
speed()
splits()
unknown_number()
catching_up()
together()
full_disk()
renamed()
no_images()
lost()
elsewhere()
forbidden()
few_watches()
trouble()
ended_meanwhile()
finish()
