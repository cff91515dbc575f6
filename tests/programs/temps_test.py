"""imtemps: values against numpy.interp on random series with gaps; import, extract, list, fill, undo; images registered with tonight's
log as it is, missing, garbage, a pipe; bad input; kills."""
import datetime, random, signal, subprocess, time
import numpy as np
from harness import *
from database import records, store

DB = "n.db"
TOOL = os.path.join(os.path.dirname(BIN), "tests", "temps_tool")
NIGHT = 980553600  # 2001-01-27
NUMBERS = ("2", "36", "43", "45")
NAMES = ("mirror", "dome", "air1", "air2")


def date(t):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=round(t * 1000))).isoformat() + "Z"


def log(path, entries, mode="w"):
    with open(path, mode) as f:
        f.writelines(f"{date(t)} {p} {v}\n" for t, p, v in entries)
    return path


def values_at(db, times, tonight="", limit=1800):
    out = subprocess.run([TOOL, db, tonight, str(limit)], input="".join(f"{t!r}\n" for t in times), capture_output=True, text=True,
                         timeout=120, check=True)
    return np.array([[float(w) for w in line.split()] for line in out.stdout.splitlines()])


def oracle(series, times, limit):
    """One probe: numpy.interp between neighbours that are near enough, else the nearer one within the limit."""
    if not series:
        return np.full(len(times), np.nan)
    at = np.array(sorted(series))
    value = np.array([series[t] for t in at])
    after = np.searchsorted(at, times, "left")
    before = np.searchsorted(at, times, "right") - 1
    t0 = np.where(before >= 0, at[np.maximum(before, 0)], -np.inf)
    t1 = np.where(after < len(at), at[np.minimum(after, len(at) - 1)], np.inf)
    near = np.where(times - t0 <= t1 - times, value[np.maximum(before, 0)], value[np.minimum(after, len(at) - 1)])
    near = np.where(np.minimum(times - t0, t1 - times) <= limit, near, np.nan)
    return np.where(t1 - t0 <= limit, np.interp(times, at, value), near)


def series_of(rng, start, length, step):
    """What one probe showed: uneven steps, gaps, an end before the others."""
    out, t = {}, start + rng.uniform(0, 100)
    stop = start + length * rng.choice([0.5, 1, 1])
    while t < stop:
        out[round(t * 1000) / 1000] = round(rng.uniform(-20, 25), 2)
        t += rng.uniform(0.2, 2) * step if rng.random() > 0.03 else rng.uniform(500, 6000)
    return out


def against_numpy():
    for seed in range(6):
        rng = random.Random(seed)
        db = f"random{seed}.db"
        series = [series_of(rng, NIGHT, 50000, rng.choice([30, 60, 400])) for _ in range(4)]
        entries = [(t, NUMBERS[p] if rng.random() < 0.7 else NAMES[p].upper(), v) for p in range(4) for t, v in series[p].items()]
        entries = [e for e in entries] + rng.sample(entries, len(entries) // 10)  # again
        entries += [(NIGHT + i * 7, "77", 99) for i in range(500)]  # somebody else's
        rng.shuffle(entries)
        if seed % 2:
            entries.sort()
        pieces = rng.choice([1, 3, 9])
        last = entries[len(entries) * 9 // 10:] if seed >= 3 else []  # of tonight's log
        rest = entries[:len(entries) - len(last)]
        for i in range(pieces):
            run("imtemps", "-db", db, "import", log("piece.log", rest[i::pieces] if seed % 3 else rest[len(rest) * i // pieces:len(rest) * (i + 1) // pieces]), code=0)
        tonight = log(f"tonight{seed}.log", last) if last else ""
        times = np.array([NIGHT + rng.uniform(-4000, 56000) for _ in range(3000)] + [t for s in series for t in rng.choices(sorted(s), k=50)])
        for limit in (1800, 45):
            got = values_at(db, times, tonight, limit)
            for p in range(4):
                wanted = oracle(series[p], times, limit)
                wrong = ~((np.isnan(got[:, p]) & np.isnan(wanted)) | (np.abs(got[:, p] - wanted) < 1e-4))
                check(not wrong.any(), f"seed {seed}, limit {limit}, probe {p}: {wrong.sum()} of {len(times)} differ, the first at "
                                       f"{times[wrong][:1] - NIGHT}: {got[wrong, p][:1]}, wanted {wanted[wrong][:1]}")
            check(0 < np.isnan(got).sum() < got.size, "nothing to test")


def importing():
    entries = [(NIGHT + i * 60, NUMBERS[i % 4], i / 8) for i in range(400)]
    text = read(log("a.log", entries)).decode()
    out = run("imtemps", "-db", DB, "import", "a.log", code=0)
    equal(out.stdout, "400 lines: 400 values added, 0 changed, 0 known, 0 without a temperature; 0 bad\n", "import")
    before = read(DB + ".temps")
    out = run("imtemps", "-db", DB, "import", "a.log", "-", stdin=text, code=0)
    equal(out.stdout, "800 lines: 0 values added, 0 changed, 800 known, 0 without a temperature; 0 bad\n", "again")
    equal(read(DB + ".temps"), before, "again: the file")
    equal(run("imtemps", "-db", DB, "list", code=0).stdout.splitlines()[1],
          f"36 dome {date(NIGHT + 60)} {date(NIGHT + 397 * 60)} 100", "list")
    # A later word of the same probe and time counts.
    out = run("imtemps", "-db", DB, "-format", "json", "import", log("b.log", [(NIGHT, "2", 5), (NIGHT, "02", 6.5)]), code=0)
    equal(json.loads(out.stdout), {"lines": 2, "added": 0, "changed": 1, "known": 0, "without": 0, "bad": 0}, "a correction")
    # Extracts read back, and are the same whoever imports them.
    out = run("imtemps", "-db", DB, "extract", "2001-01-27", "2001-01-28", "-o", "e.log", code=0)
    equal(out.stdout, "", "extract -o")
    equal(run("imtemps", "-db", DB, "extract", "2001-01-28", "2001-01-27", code=0).stdout, read("e.log").decode(), "dates swapped")
    run("imtemps", "-db", "copy.db", "import", "e.log", code=0)
    equal(run("imtemps", "-db", "copy.db", "extract", "2001-01-27", "2001-01-28", code=0).stdout, read("e.log").decode(), "extract of an extract")
    lines = read("e.log").decode().splitlines()
    equal((lines[0], lines[1], len(lines)), ("time probe value", "2001-01-27T00:00:00Z 2 6.5", 401), "extract")
    equal(len(run("imtemps", "-db", DB, "extract", date(NIGHT + 60), date(NIGHT + 120), code=0).stdout.splitlines()), 3, "both ends")
    run("imtemps", "-db", DB, "extract", "1999", "2000", code=1)
    for first, length, other in (("2001-01-27", "1h", "2001-01-27,01:00"), ("2001-01-28", "-1d", "2001-01-27"), ("2001-01-27,12", "12h", "2001-01-28"), ("2000-12-27", "1M", "2001-01-27")):
        equal(run("imtemps", "-db", DB, "extract", "--", first, length).stdout, run("imtemps", "-db", DB, "extract", first, other).stdout, f"{first} {length}")
    check(1 < len(run("imtemps", "-db", DB, "extract", "2001-01-27", "1h", code=0).stdout.splitlines()) < 401, "an hour of it")
    # REFDATE counts, as in every date of the command line.
    equal(run("imtemps", "-db", DB, "-D", "REFDATE", "2001-01-27", "extract", "0d", "1d", code=0).stdout, read("e.log").decode(), "REFDATE")
    run("imtemps", "-db", DB, "-D", "REFDATE", "nonsense", "extract", "0d", "1d", code=2)
    # Out of order, and what says that there is nothing.
    out = run("imtemps", "-db", DB, "import", "-", stdin="".join(reversed(text.splitlines(True))) + f"{NIGHT} 99 200.0\n", code=0)
    equal(out.stdout, "401 lines: 0 values added, 1 changed, 399 known, 1 without a temperature; 0 bad\n", "backwards")
    run("imcheck", "-db", DB + ".temps", code=0)


def growing():
    """A log that is written while it is imported: a line without its end is left, and taken when it is whole."""
    db, text = "grow.db", "".join(f"{date(NIGHT + i)} 2 -{i}.25\n" for i in range(12))
    model = {}
    for end in range(len(text) + 1):
        write("grow.log", text[:end])
        if end % 7 and text[end - 1] != "\n":
            continue
        out = run("imtemps", "-db", db, "import", "grow.log", code=0)
        equal("grow.log: its last line has no end" in out.stderr, end > 0 and text[end - 1] != "\n", f"{end} bytes: {out.stderr!r}")
        whole = text[:end].count("\n")
        check(out.stdout.startswith(f"{whole} line") and "0 changed" in out.stdout, out.stdout)
    equal(run("imtemps", "-db", db, "extract", "2001-01-27", "2001-01-28", code=0).stdout, "time probe value\n" + text, "all of it")
    out = run("imtemps", "-db", db, "import", "-", stdin=f"{date(NIGHT + 50)} 2 7", code=0)
    check("1 value added" in out.stdout and out.stderr == "", "standard input ends where it ends")


def not_in_order():
    """imcheck tells of runs that are not in order, and its remedy helps."""
    db = "order.db"
    run("imtemps", "-db", db, "import", log("order.log", [(NIGHT + i * 60, "2", i) for i in range(50)]), code=0)
    good = run("imtemps", "-db", db, "extract", "1900", "2100", code=0).stdout
    run("imcheck", "-db", db + ".temps", code=0)
    table = records(db + ".temps")
    for name in ("TIME", "VALUE"):
        table[name][[20, 30]] = table[name][[30, 20]]
    store(db + ".temps", table)
    run("imregister", "-db", db, image("order/a.fits"), code=0)
    for path in (db + ".temps", db):
        fails(3, [db + ".temps: record 22 ", "imtemps extract"], "imcheck", "-db", path)
        out = json.loads(run("imcheck", "-db", path, "-format", "json", code=3).stdout)
        equal([f["file"] for f in out["findings"]], [db + ".temps"], "as JSON")
    run("imtemps", "-db", db, "extract", "0001-01-01", "9999-12-31", "-o", "all.log", code=0)
    os.rename(db + ".temps", "wrong.temps")
    run("imtemps", "-db", db, "import", "all.log", code=0)
    equal(run("imtemps", "-db", db, "extract", "1900", "2100", code=0).stdout, good, "made anew")
    run("imcheck", "-db", db + ".temps", code=0)
    run("imcheck", "-db", db, code=0)


def watching():
    """imwatch tells once that there are no temperatures, until that changes."""
    db, tonight = "watch.db", os.path.abspath("watch.log")
    os.mkdir("watched")
    said = open("watch.said", "w+")
    watch = subprocess.Popen([os.path.join(BIN, "imwatch"), "-db", db, "-D", "TEMPERATURE_LOG", tonight, "watched"], stderr=said)
    def notes():
        return [line for line in read("watch.said").decode().splitlines() if "without temperatures" in line]
    def names():
        return [r["filename"] for r in rows(db, code=None)] if os.path.exists(db) else []
    def exposures(prefix, n, seconds):
        for i in range(n):
            image(f"coming/{prefix}{i}.fits", DATE_OBS=date(NIGHT + seconds)[:-1])
            os.rename(f"coming/{prefix}{i}.fits", f"watched/{prefix}{i}.fits")
            end = time.time() + 60
            while time.time() < end and f"{prefix}{i}.fits" not in names():
                time.sleep(0.05)
    while "watching" not in read("watch.said").decode() and watch.poll() is None:
        time.sleep(0.02)
    exposures("a", 3, 100)
    check(len(notes()) == 1 and "is not there" in notes()[0], f"no log: {notes()}")
    log(tonight, [(NIGHT - 90000, "2", 1)])
    exposures("b", 3, 100)
    check(len(notes()) == 2 and "is not there" not in notes()[1], f"another reason: {notes()}")
    log(tonight, [(NIGHT + 100, "2", 1)], "a")
    exposures("c", 2, 100)
    equal(len(notes()), 2, "all is well")
    exposures("d", 3, 90000)
    equal(len(notes()), 3, f"the log has stopped: {notes()}")
    watch.send_signal(signal.SIGTERM)
    equal(watch.wait(60), 0, "imwatch")
    equal(len(names()), 11, "all are registered")


def bad_input():
    out = fails(4, ["none.log: cannot read it"], "imtemps", "-db", "x.db", "import", "none.log")
    equal(out.stdout, "0 lines: 0 values added, 0 changed, 0 known, 0 without a temperature; 0 bad\n", "an unreadable log has no lines")
    check(not os.path.exists("x.db.temps"), "a file was made of nothing")
    run("imtemps", "-db", "x.db", "list", code=1)
    out = fails(4, ["g.log: line 2: ", "no time"], "imtemps", "-db", "x.db", "import", write("g.log", f"{NIGHT} 2 3\nnoise\n{NIGHT} 36 4\n"))
    equal(out.stdout, "3 lines: 2 values added, 0 changed, 0 known, 0 without a temperature; 1 bad\n", "one bad line")
    rng = random.Random(5)
    noise = b"\n".join(bytes(rng.randrange(256) for _ in range(60)) for _ in range(2000))
    out = run("imtemps", "-db", "x.db", "import", write("noise.log", noise + b"\n" + f"{NIGHT} 43 5\n".encode()), code=4)
    check("1 value added" in out.stdout, out.stdout)
    check(len(out.stderr.splitlines()) == 21, f"{len(out.stderr.splitlines())} lines of complaints")
    for line in ("9" * 5000, "2001 " * 100000, "\0" * 1000, f"{NIGHT} " + "2 3 " * 50000 + "x"):
        run("imtemps", "-db", "x.db", "import", "-", stdin=line, code=4)
    equal(len(run("imtemps", "-db", "x.db", "extract", "1999", "2020", code=0).stdout.splitlines()), 4, "the good ones")
    for args in (["import"], ["extract", "2001"], ["extract", "x", "y"], ["fill", "more"], ["nothing"], ["-format", "xml", "list"], ["-go", "list"], ["-o", "x", "import", "g.log"],
                 ["-D", "TEMPERATURE_PROBES", "a=1 b=2 c=3 d=4 e=5", "list"], ["-D", "TEMPERATURE_LIMIT", "-1", "list"], []):
        out = run("imtemps", "-db", "x.db", *args, code=2)
        check(out.stdout == "" and out.stderr != "", args)
    fails(3, ["nowhere/x.db.temps"], "imtemps", "-db", "nowhere/x.db", "import", "g.log")
    write("no.db.temps", b"this is no record file" * 500)
    fails(3, ["no.db.temps"], "imtemps", "-db", "no.db", "import", "g.log")
    fails(3, ["no.db.temps"], "imtemps", "-db", "no.db", "list")
    run("imregister", "-db", "images.db", image("images/a.fits"), code=0)
    shutil.copy("images.db", "other.db.temps")
    for verb in (["list"], ["import", "g.log"], ["extract", "1999", "2020"]):
        fails(3, ["other.db.temps: holds no temperatures", "move it away and import the logs again"], "imtemps", "-db", "other.db", *verb)


def temperatures(db, *args):
    return {r["filename"]: r["teltemp"] for r in rows(db, *args)}


def registering():
    db = "r.db"
    def exposure(name, seconds, **keys):
        return image(name, DATE_OBS=date(NIGHT + seconds)[:-1], **keys)
    run("imtemps", "-db", db, "import", log("past.log", [(NIGHT + i * 300, n, i) for i in range(10) for n in NUMBERS[:3]]), code=0)
    out = run("imregister", "-db", db, exposure("i/a.fits", 450), code=0)
    equal((out.stderr, temperatures(db)["a.fits"]), ("", [1.5, 1.5, 1.5, None]), "from X.db.temps")
    out = run("imregister", "-db", db, exposure("i/b.fits", 90000), exposure("i/b2.fits", 90001), code=0)
    notes = out.stderr.splitlines()
    check(len(notes) == 1 and "2 rows without temperatures" in notes[0], notes)
    equal(temperatures(db)["b.fits"], [None] * 4, "none")
    # The header's word counts: table of a telescope that writes it.
    write("t.cam", "camera testscope\ntitle  a telescope that writes one temperature\nlike   generic\nteltemp0 MIRTEMP C -50..60\n")
    run("imregister", "-db", db, "-camera", "t.cam", exposure("i/c.fits", 450, MIRTEMP=9.5), code=0)
    equal(temperatures(db)["c.fits"], [9.5, 1.5, 1.5, None], "the header first")
    # Tonight's log, in each state that it may have.
    rc = ["-D", "TEMPERATURE_LOG", os.path.abspath("tonight.log")]
    for n, program in enumerate(("imregister", "imsort", "imwatch")):
        name = f"w{n}/t{n}.fits"
        exposure(name, 91000)
        log("tonight.log", [(NIGHT + 90970, "mirror", 3), (NIGHT + 91010, "2", 4), (NIGHT + 91000, "45", -1)])
        out = run(program, "-db", db, *rc, *(["-once", f"w{n}"] if program == "imwatch" else [name]), code=0)
        equal(temperatures(db)[f"t{n}.fits"], [3.75, None, None, -1], program)
        check("temperatures" not in out.stderr, out.stderr)
    os.remove("tonight.log")
    before = read(db)
    run("imregister", "-db", db, *rc, "w0/t0.fits", code=0)
    equal(read(db), before, "registered again without the log: the row keeps its temperatures")
    garbage = bytes(random.Random(2).randrange(256) for _ in range(200000))
    states = {"missing": lambda p: None, "garbage": lambda p: write(p, garbage), "a folder": os.mkdir, "a pipe": os.mkfifo,
              "empty": lambda p: write(p, ""), "a link to nothing": lambda p: os.symlink("/nowhere", p), "a device": lambda p: os.symlink("/dev/zero", p)}
    for n, (state, make) in enumerate(states.items()):
        path = os.path.abspath(f"log{n}")
        make(path)
        out = run("imregister", "-db", db, "-D", "TEMPERATURE_LOG", path, exposure(f"s/s{n}.fits", 95000), code=0)
        equal(temperatures(db)[f"s{n}.fits"], [None] * 4, state)
        check(len(out.stderr.splitlines()) == 1 and "without temperatures" in out.stderr, f"{state}: {out.stderr!r}")
    # Other names and numbers, another limit.
    log("own.log", [(NIGHT + 95000, "truss", 6), (NIGHT + 95100, "truss", 7)])
    own = ["-D", "TEMPERATURE_LOG", os.path.abspath("own.log"), "-D", "TEMPERATURE_PROBES", "truss=9 floor=10", "-D", "TEMPERATURE_LIMIT"]
    run("imregister", "-db", db, *own, "99", exposure("o/o1.fits", 95075), exposure("o/o2.fits", 95200), code=0)
    run("imregister", "-db", db, *own, "100", exposure("o/o3.fits", 95075), code=0)
    equal([temperatures(db)[f"o{i}.fits"][0] for i in (1, 2, 3)], [7, None, 6.75], "limits")
    # Local time, and its summer, are nobody's business.
    os.environ["TZ"] = "America/New_York"
    spring = 986094000 - NIGHT  # 2001-04-01T03:00Z; clocks changed at 07:00Z
    log("dst.log", [(NIGHT + spring + i * 900, "2", i) for i in range(40)])
    run("imtemps", "-db", db, "import", "dst.log", code=0)
    names = [exposure(f"d/d{i}.fits", spring + i * 1800 + 450) for i in range(15)]
    run("imregister", "-db", db, *names, code=0)
    equal([temperatures(db)[f"d{i}.fits"][0] for i in range(15)], [2 * i + 0.5 for i in range(15)], "clocks that change")
    del os.environ["TZ"]
    # Damaged or foreign X.db.temps: the image is registered all the same.
    write("q.db.temps", b"nonsense" * 1000)
    out = run("imregister", "-db", "q.db", exposure("q/q.fits", 95000), code=0)
    check("q.db.temps" in out.stderr and "without temperatures" in out.stderr, out.stderr)


def filling():
    db = "f.db"
    names = [image(f"f/f{i}.fits", DATE_OBS=date(NIGHT + i * 600)[:-1], FILTER="r" if i % 2 else "i") for i in range(30)]
    image("f/day.fits", DATE_OBS="2001-01-27")
    run("imregister", "-db", db, "f", code=0)
    run("imtemps", "-db", db, "import", log("fill.log", [(NIGHT + i * 600 + 30, "2", i) for i in range(20)]), code=0)
    before = read(db)
    out = run("imtemps", "-db", db, "fill", code=0)
    check("23 rows would be filled; nothing is filled, -go does it" in out.stdout and "8 rows: nothing is known" in out.stdout, out.stdout)
    equal(read(db), before, "a rehearsal")
    out = run("imtemps", "-db", db, "-go", "fill", "-filter", "r", code=0)
    check("11 rows filled (change 1); imrelocate -go -undo 1 takes it back" in out.stdout, out.stdout)
    got = temperatures(db)
    for i in range(30):
        wanted = None if i % 2 == 0 or i > 22 else 19.0 if i > 19 else round(i - 0.05, 2)
        check(got[f"f{i}.fits"] == [wanted, None, None, None] or i == 0, f"fill: f{i}: {got[f'f{i}.fits']}, wanted {wanted}")
    equal(got["day.fits"], [None] * 4, "only the day is known")
    run("imtemps", "-db", db, "-go", "fill", "-filter", "r", code=1)
    out = run("imtemps", "-db", db, "-go", "-format", "json", "fill", code=0)
    equal([json.loads(out.stdout)[k] for k in ("rows", "done", "without")], [12, True, 19], "json")
    got = temperatures(db)
    for i in range(30):
        wanted = 0 if i == 0 else None if i > 22 else 19.0 if i > 19 else round(i - 0.05, 2)
        equal(got[f"f{i}.fits"], [wanted, None, None, None], f"filled in two steps: f{i}")
    for n in (1, 2):
        run("imrelocate", "-db", db, "-go", "-undo", 1, code=0)
    equal(set(map(tuple, temperatures(db).values())), {(None,) * 4}, "undone")
    run("imcheck", "-db", db, code=0)
    fails(3, ["none.db"], "imtemps", "-db", "none.db", "fill")
    # From tonight's log, into rows that the header gave one of the temperatures.
    write("part.cam", "camera testscope\ntitle  a telescope that writes one temperature\nlike   generic\nteltemp0 MIRTEMP C -50..60\n")
    for i in range(4):
        image(f"part/p{i}.fits", DATE_OBS=date(NIGHT + i * 600)[:-1], **({"MIRTEMP": 9.5} if i % 2 else {}))
    run("imregister", "-db", "part.db", "-camera", "part.cam", "part", code=0)
    equal(sorted(temperatures("part.db").values(), key=str), [[9.5, None, None, None]] * 2 + [[None] * 4] * 2, "before")
    log("now.log", [(NIGHT + t, n, v) for n, v in (("2", 1.5), ("45", -3)) for t in (-60, 700, 2000)])
    run("imtemps", "-db", "part.db", "-go", "-D", "TEMPERATURE_LOG", os.path.abspath("now.log"), "fill", code=0)
    equal(temperatures("part.db"), {f"p{i}.fits": [9.5 if i % 2 else 1.5, None, None, -3] for i in range(4)}, "tonight's log fills what is not known")


def kills():
    rng = random.Random(9)
    entries = [(NIGHT + i, NUMBERS[i % 4], i % 50) for i in range(120000)]
    rng.shuffle(entries)
    parts = [log(f"k{i}.log", entries[i::3]) for i in range(3)]
    interrupted = 0
    for attempt in range(6):
        for part in parts:
            process = subprocess.Popen([os.path.join(BIN, "imtemps"), "-db", "k.db", "import", part], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            interrupted += process.wait() != 0
            if os.path.exists("k.db.temps"):
                run("imtemps", "-db", "k.db", "list")
    check(interrupted > 0, "nothing was killed")
    for part in parts:
        run("imtemps", "-db", "k.db", "import", part, code=0)
    run("imcheck", "-db", "k.db.temps", code=0)
    out = run("imtemps", "-db", "k.db", "extract", "2001-01-27", "2001-01-30", code=0).stdout
    wanted = "time probe value\n" + "".join(f"{date(t)} {p} {v}\n" for t, p, v in sorted(entries))
    check(out == wanted, f"after kills: {len(out.splitlines())} lines of {len(entries) + 1}")


if not os.path.exists(TOOL):
    skip(TOOL + " is not built")
against_numpy()
importing()
growing()
not_in_order()
bad_input()
registering()
watching()
filling()
kills()
finish()
