#!/usr/bin/python3
"""CFHT's moves (piko, niele, sessions; noeau, lokahi, sessions) by imrelocate, killed at any moment, beside a reader and a writer, and undone back to equal rows;
imsearch -modify and -delete; what imregister logs; files that are looked for; input that makes no sense. Oracle: numpy, and python's own strings."""
import random, signal, socket, threading, time
import numpy as np
from harness import *
import database
from database import records, text, TYPES, MODES

ROWS = 1_000_000 if LONG else 300_000  # a million takes 50 s of processor, this 15
rnd = random.Random(1981)
started = time.time()
NAME = next((os.environ[n] for n in ("LOGNAME", "USER") if os.environ.get(n)), "")
WHO = f"{NAME[:23 - len(str(os.geteuid())) - 2]}({os.geteuid()})" if NAME else str(os.geteuid())
OWN = ("CHANGENO", "CRC")


def relocate(*args, code=0, db="k.db"):
    return run("imrelocate", "-db", db, *args, code=code, timeout=600)


def report(*args, code=0, db="k.db"):
    return json.loads(relocate(*args, "-format", "json", code=code, db=db).stdout)


def history(db="k.db"):
    return json.loads(relocate("-history", "-format", "json", db=db).stdout)


def paths(db="k.db"):
    """The pathnames of all rows, as a reader sees them, journal and all."""
    return run("imsearch", "-db", db, "-fields", "pathname", "-format", "csv", text=False, code=0).stdout.split(b"\n")[1:-1]


def rows_now(db):
    """All fields of all rows but the two that a writer fills in."""
    run("imcheck", "-db", db, "-trim", code=0)
    found = records(db)
    return found[[n for n in found.dtype.names if n not in OWN]]


def same(a, b):
    return len(a) == len(b) and all(a[n].tobytes() == b[n].tobytes() for n in a.dtype.names)


def move(names, old, new, which=None):
    """What a move makes of pathnames: whole components only."""
    old, new = old.encode(), new.encode()
    moved = {n: new + n[len(old):] if n == old or n.startswith(old + b"/") else n for n in set(names)}
    return [moved[n] if hit else n for n, hit in zip(names, [True] * len(names) if which is None else which)]


# --- the archive before its moves
run("imsim", "-rows", ROWS, "-db", "k.db", code=0, timeout=600)
start = rows_now("k.db")
PREFIX = "/data/archive/megacam"
ir = start["INSTRUMENT"] == b"SimIR"
check(0 < ir.sum() < len(ir), "two cameras")
relocate("-go", "-where", "instrument = 'SimIR'", PREFIX, "/data/noeau/wircam")
relocate("-go", PREFIX + "//", "/data/./piko/megacam/")
expected = move(move(start["PATHNAME"].astype("S160").tolist(), PREFIX, "/data/noeau/wircam", ir.tolist()), PREFIX, "/data/piko/megacam")
check(paths() == expected, "both cameras are where they were in 2003")
first = rows_now("k.db")
MOVES = [("/data/piko/megacam", "/data/niele/megacam"), ("/data/noeau/wircam", "/data/lokahi/wircam"), ("/data/niele/megacam", "/data/sessions/megacam"),
         ("/data/lokahi/wircam", "/data/sessions/wircam")]


def killed_until_done(command, before, after, what):
    """Kills the command at random moments; the rows are as before or as behind it, never between. It ends when a run came through."""
    global kills, both
    began = time.monotonic()
    shutil.copy("k.db", "t.db")
    for e in (".idx", ".history", ".journal"):
        if os.path.exists("k.db" + e):
            shutil.copy("k.db" + e, "t.db" + e)
    relocate(*command, db="t.db")
    took = time.monotonic() - began
    for n in (os.listdir(".")):
        if n.startswith("t.db"):
            os.remove(n)
    for attempt in range(100):
        process = subprocess.Popen([os.path.join(BIN, "imrelocate"), "-db", "k.db", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if attempt < KILLS:
            time.sleep(rnd.uniform(0, took))
            process.kill()
        errors = process.communicate(timeout=600)[1]
        now = paths()
        done = now == after
        if not check(done or now == before, f"{what}: killed, and {sum(a != b for a, b in zip(now, before))} of {len(now)} rows differ from before, "
                     f"{sum(a != b for a, b in zip(now, after))} from behind"):
            return
        kills += process.returncode == -signal.SIGKILL
        both[done] += process.returncode == -signal.SIGKILL
        if done:
            check(process.returncode in (0, -signal.SIGKILL), f"{what}: {process.returncode} {errors}")
            return
        check(process.returncode == -signal.SIGKILL, f"{what}: ended with {process.returncode}: {errors}")


# --- the moves, killed
KILLS, kills, both = (8 if LONG else 3), 0, {False: 0, True: 0}
states = [expected]
for old, new in MOVES:
    after = move(states[-1], old, new)
    check(after != states[-1], f"{old}: something moves")
    killed_until_done(["-go", old, new], states[-1], after, f"{old} to {new}")
    states.append(after)
check(all(n.startswith(b"/data/sessions/") for n in states[-1]), "all are in sessions")
changes = history()
check(all(started <= c["time"] <= time.time() for c in changes) and sorted(changes, key=lambda c: -c["time"]) == changes, f"times: {[c['time'] for c in changes]}")
equal({(c["user"], c["host"], c["program"]) for c in changes}, {(WHO, socket.gethostname(), "imrelocate")}, "who, where, by what")
listed = relocate("-history").stdout.splitlines()[1:]
for c, line in zip(changes, listed):
    when = {time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(c["time"] + half)) for half in (0, 0.5)}
    check(len(listed) == len(changes) and line.split()[2] in when and f" {WHO}@{socket.gethostname()} " in line, f"listed: {line}, {c}")
done = [c for c in changes if c["done"]]
equal([c["command"].split()[-2:] for c in done[:4]], [list(m) for m in MOVES[::-1]], "the history has the four moves, whatever was killed")
sample = rows("k.db", "-limit", 5, "-name", "600010*")
equal(rows("k.db", "-limit", 5, "-name", "600010*", "-noindex"), sample, "with the index and without")

# --- and back, killed
for i in range(len(MOVES)):
    killed_until_done(["-go", "-undo", "1"], states[-1 - i], states[-2 - i], f"undo {i}")
    if i + 1 < len(MOVES):
        equal(report("-undo", "1")["undoes"], done[i + 1]["change"], "the next one to undo")
check(same(rows_now("k.db"), first), "all fields of all rows are what they were")
print(f"{kills} kills: {both[False]} before the commit, {both[True]} behind it")
check(kills >= 5, "killed often enough")

# --- beside a reader and a writer: each row is as before or as behind
stop, looks, registered = threading.Event(), [], [0]
image("in/one.fits", DATE_OBS="2001-01-27T10:20:30", EXPTIME=1.0)
before, after = states[0], move(states[0], *MOVES[0])
allowed = set(before) | set(after) | {os.path.abspath("in").encode()}


def read_on():
    while not stop.is_set():
        out = subprocess.run([os.path.join(BIN, "imsearch"), "-db", "k.db", "-group", "pathname", "-fields", "count", "-format", "csv"], capture_output=True, text=True)
        lines = [l.rsplit(",", 1) for l in out.stdout.splitlines()[1:]]
        looks.append((out.returncode, sum(int(n) for _, n in lines), [p for p, _ in lines if p.encode() not in allowed]))


def write_on():
    while not stop.is_set():
        image("in/one.fits", DATE_OBS="2001-01-27T10:20:30", EXPTIME=1.0 + registered[0])
        out = subprocess.run([os.path.join(BIN, "imregister"), "-db", "k.db", "in/one.fits", "-wait", "60"], capture_output=True, text=True)
        check(out.returncode == 0, f"a writer beside a move: {out.stderr}")
        registered[0] += 1


threads = [threading.Thread(target=t) for t in (read_on, write_on)]
for t in threads:
    t.start()
while not registered[0]:
    time.sleep(0.01)
for i in range(3):
    relocate("-go", *MOVES[0], "-wait", 60)
    relocate("-go", "-undo", 1, "-wait", 60)
stop.set()
for t in threads:
    t.join()
check(looks and all(code == 0 and n in (ROWS, ROWS + 1) and not others for code, n, others in looks), f"a reader beside moves: {[l for l in looks if l[1] not in (ROWS, ROWS + 1) or l[2]][:2]}")
check(registered[0] > 1, f"{registered[0]} images were registered beside the moves")
run("imsearch", "-db", "k.db", "-name", "one.fits", "-delete", code=0)
run("imcheck", "-db", "k.db", code=0)
check(same(rows_now("k.db")[:ROWS], first), "rows after moves beside a writer")

# --- a small database for the rest
run("imsim", "-rows", 2000, "-db", "s.db", code=0)
SMALL = rows_now("s.db")
out = report(PREFIX, "/d", db="s.db")
equal((out["go"], out["done"], out["rows"], out["rules"][0]["changed"]), (False, False, 2000, 2000), "a rehearsal")
check(same(rows_now("s.db"), SMALL) and not os.path.exists("s.db.history"), "a rehearsal writes nothing")
for name, bytes_ in out["rules"][0]["examples"]:
    equal(bytes_, name.replace(PREFIX, "/d"), "an example")
relocate("/data/arch", "/d", code=1, db="s.db")  # no whole component
equal(report("-type", "dark", PREFIX, "/d", db="s.db")["rows"], int((SMALL["TYPE"] == TYPES.index("dark")).sum()), "filters")
with open("rules", "w") as f:
    f.write(f"# moves\n\n{PREFIX}/2001\t/one/with blank\n{PREFIX} /two\ns|^/data|/three|\n")
fails(0, ["line 5 of rules", "nothing"], "imrelocate", "-db", "s.db", "-rules", "rules", "-go")
want = {b"/one/with blank" if p.startswith(b"/data/archive/megacam/2001/") else b"/two" for p in np.unique(SMALL["PATHNAME"])}
equal({p[:15] if p.startswith(b"/one") else p[:4] for p in np.unique(rows_now("s.db")["PATHNAME"])}, want, "a file of rules")
relocate("-go", "-undo", 1, db="s.db")
check(same(rows_now("s.db"), SMALL), "undone")

# collisions: two years become one; names that become one; a row that is there
out = report("s|/archive/megacam/20..|/all|", db="s.db")
equal((out["rows"], out["collisions"]), (2000, 0), "folders that become one without a name twice")
out = relocate("-go", "s|[0-9]+[a-z]?\\.fits|x.fits|", code=4, db="s.db").stdout
check("would get the place" in out and "stands against it" in out, out[-300:])
check(same(rows_now("s.db"), SMALL), "a plan that is refused changes nothing")
last = SMALL["PATHNAME"][-1].decode()
relocate("-go", last, "/moved", db="s.db")
relocate("-go", "/moved/" + text(SMALL["FILENAME"][-1]), last + "/" + text(SMALL["FILENAME"][0]), db="s.db")  # a file gets another name
check(report("-undo", 2, code=4, db="s.db")["kept"] > 0, "an older change: rows that were changed since stay")
relocate("-go", "-undo", 1, db="s.db")
relocate("-go", "-undo", 1, db="s.db")
check(same(rows_now("s.db"), SMALL), "undone, both")

# --- imsearch -modify and -delete
dark = SMALL["TYPE"] == TYPES.index("dark")
check(dark.any(), "there are darks")


def modified(*args, code=0):
    return run("imsearch", "-db", "s.db", *args, code=code)


for words in (["-modify", "filter", "none"], ["-delete"]):
    fails(2, ["-all"], "imsearch", "-db", "s.db", *words)
    fails(2, ["print no rows", "-sort"], "imsearch", "-db", "s.db", "-type", "dark", *words, "-sort", "obstime")
    check(modified("-type", "dark", *words, "-n").stdout.startswith(f"{dark.sum()} rows would "), "a rehearsal")
check(same(rows_now("s.db"), SMALL), "-n writes nothing")
for field, value, column, wanted in [("filter", "none", "FILTER", b"none"), ("type", "flat", "TYPE", TYPES.index("flat")), ("type", "b", "TYPE", TYPES.index("bias")),
                                     ("mode", "split", "MODE", MODES.index("SPLIT")), ("dist", "t", "FLAG", 1), ("path", "/a//b/", "PATHNAME", b"/a/b")]:
    modified("-where", "type = 'dark'", "-modify", field, value)
    now, want = rows_now("s.db"), SMALL.copy()
    want[column][dark] = wanted
    check(same(now, want), f"-modify {field} {value}")
    relocate("-go", "-undo", 1, db="s.db")
    check(same(rows_now("s.db"), SMALL), f"-modify {field} {value} undone")
modified("-type", "dark", "-delete")
modified("-type", "dark", "-delete", code=1)
want = SMALL.copy()
want["DELETED"][dark] = ord("T")
check(same(rows_now("s.db"), want), "-delete")
equal(rows("s.db", "-type", "dark", code=1), [], "deleted rows are not found")
relocate("-go", "-undo", 1, db="s.db")
check(same(rows_now("s.db"), SMALL), "-delete undone")
modified("-all", "-modify", "dist", "f", code=1)
for words, said in [(["-modify", "ra", "1"], "path, mode, dist, type, filter"), (["-modify", "type", "flatt"], "-modify type"), (["-modify", "path", "a/b"], "relative"),
                    (["-modify", "path", "/" + "x" * 200], "160"), (["-modify", "dist", "maybe"], "neither t nor f"), (["-modify", "type", "a", "-delete"], "together"),
                    (["-n", "-count"], "-modify and -delete only")]:
    fails(2, [said], "imsearch", "-db", "s.db", "-type", "dark", *words)
check(same(rows_now("s.db"), SMALL), "mistakes change nothing")

relocate("-go", PREFIX, "/old", db="s.db")

# --- files that are looked for; deleted rows do not come back in the place of living ones
run("imsim", "-o", "night", "-ccds", 2, "-objects", 4, code=0)
run("imregister", "-db", "n.db", "night", code=0)
here, there = os.path.abspath("night"), os.path.abspath("niele")
out = report(here, there, "-exists", "all", code=4, db="n.db")
equal(out["missing"], out["files"], "nothing is there yet")
shutil.copytree("night", "niele")
lost = rnd.sample(sorted(os.path.join(at, n) for at, _, names in os.walk("niele") for n in names if n.endswith(".fits")), 3)
for n in lost:
    os.rename(n, n + ".away")
out = report("-go", here, there, "-exists", "all", code=4, db="n.db")
equal(sorted(out["first_missing"]), sorted(map(os.path.abspath, lost)), "three are missing")
equal(report(here, there, "-exists", "2", code=None, db="n.db")["looked_for"], 2, "a sample")
for n in lost:
    os.rename(n + ".away", n)
n_rows = rows_now("n.db")
relocate("-go", here, there, "-exists", "all", db="n.db")
equal(len(history("n.db")), 1, "one change")
run("imregister", "-db", "n.db", "niele", code=0)
equal(len(rows("n.db")), len(n_rows), "registered again behind the move: no row is new")

# --- deleted, its place taken, undone: refused; the place is given back: done
shutil.copytree("niele", "twin")
one = os.path.basename(lost[0])
run("imsearch", "-db", "n.db", "-name", one, "-delete", code=0)
run("imregister", "-db", "n.db", lost[0].replace("niele", "twin"), code=0)
relocate("-go", os.path.abspath("twin"), there, db="n.db")
out = report("-go", "-undo", 2, code=4, db="n.db")
check(out["collisions"] == len(rows("n.db", "-name", one)) and not out["done"], f"its place is taken: {out}")
equal(len(rows("n.db")), len(n_rows), "deleted rows do not count")
run("imregister", "-db", "n.db", "niele", code=0)
equal(len(rows("n.db")), len(n_rows), "nor do they come back when their file, now another one, is registered")
relocate("-go", "-undo", 1, db="n.db")
equal(report("-go", "-undo", 1, db="n.db")["done"], True, "its place is free again")

# --- a run of many known files is logged, and can be undone; one exposure is not
run("imsim", "-o", "many", "-ccds", 6, "-objects", 8, code=0)
run("imregister", "-db", "m.db", "many", code=0)
before = rows_now("m.db")
fitses = sorted(os.path.join(at, n) for at, _, names in os.walk("many") for n in names if n.endswith(".fits"))
for n in fitses:
    os.utime(n, (1e9, 1e9))
run("imregister", "-db", "m.db", fitses[0], code=0)
check(not os.path.exists("m.db.history"), "a single registration has no history")
middle = rows_now("m.db")
run("imregister", "-db", "m.db", "many", code=0)
equal([(c["kind"], c["program"], c["rows"]) for c in history("m.db")], [("register", "imregister", len(before) - 6)], "a run of many is logged")
check(not same(rows_now("m.db"), before), "registered again")
relocate("-go", "-undo", 1, db="m.db")
check(same(rows_now("m.db"), middle), "and undone")

# --- roots
run("imregister", "-db", "r.db", "-root", f"NIGHT={here}", "night", code=0)
check(all(p.startswith(b"$NIGHT") for p in np.unique(rows_now("r.db")["PATHNAME"])), "paths below a root")
relocate("-go", "$NIGHT/", "/far", db="r.db")
check(all(p.startswith(b"/far") for p in np.unique(rows_now("r.db")["PATHNAME"])), "out of the root")
relocate("-go", "/far", here, db="r.db")
check(all(p.startswith(b"$NIGHT") for p in np.unique(rows_now("r.db")["PATHNAME"])), "and into it")
relocate("-go", "s|^.*/night/|/x/|", db="r.db")
check(all(p.startswith(b"/x/") for p in np.unique(rows_now("r.db")["PATHNAME"])), "expressions see whole paths")

# --- a database that was restored from a backup has its history, too; one that was compacted meanwhile as well
run("imsim", "-rows", 300, "-db", "b.db", code=0)
before = paths("b.db")
relocate("-go", "/data", "/moved", db="b.db")
run("imsearch", "-db", "b.db", "-type", "flat", "-delete", code=0)
kept = rows_now("b.db")["TYPE"] != TYPES.index("flat")
run("imcheck", "-db", "b.db", "-compact", code=0)
run("imbackup", "-db", "b.db", "copy", code=0)
run("imbackup", "-restore", "copy", "restored.db", code=0)
relocate("-go", "-undo", 2, db="restored.db")
check(0 < kept.sum() < 300 and paths("restored.db") == [p for p, k in zip(before, kept) if k], "undone in what was compacted and restored")

# --- a repaired one has it as well, whatever rows are lost and wherever; a damaged history, and one of an earlier file, undo nothing wrong
def flip(path, which):
    at, count, dtype, _ = database.layout(path)
    with open(path, "r+b") as file:
        for n in which:
            file.seek(at + n * dtype.itemsize + 40)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1]))


for seed in range(6):
    rnd = random.Random(seed)
    for name in ("w.db", "n.db"):
        for end in ("", ".idx", ".history", ".journal", ".lock", ".history.journal", ".history.lock", ".roots"):
            if os.path.exists(name + end):
                os.remove(name + end)
    run("imsim", "-rows", 300, "-db", "w.db", code=0)
    first = rows_now("w.db")
    relocate("-go", "/data", "/moved", db="w.db")
    second = rows_now("w.db")
    run("imsearch", "-db", "w.db", "-type", "flat", "-modify", "filter", "none", code=0)
    if seed % 2:
        run("imcheck", "-db", "w.db", "-compact", code=0)
    run("imcheck", "-db", "w.db", "-trim", code=0)
    third = rows_now("w.db")
    lost = sorted(rnd.sample(range(300), rnd.choice([0, 1, 7, 40])))
    flip("w.db", lost)
    if seed == 5:
        write("n.db.history", read("b.db.history"))
    out = run("imcheck", "-db", "w.db", "-repair", "n.db", code=4 if lost or seed == 5 else 0)
    kept = np.array([n not in lost for n in range(300)])
    if seed == 5:
        check("n.db.history: exists already" in out.stderr and "cannot be undone" in out.stderr, f"a history of an earlier one: {out.stderr}")
        before = rows_now("n.db")
        fails(3, ["was made in another file"], "imrelocate", "-db", "n.db", "-go", "-undo", 1)
        check(same(rows_now("n.db"), before), "nothing is undone")
        continue
    check(same(rows_now("n.db"), third[kept]), f"repair {seed}: the rows")
    relocate("-go", "-undo", 1, db="n.db")
    check(same(rows_now("n.db"), second[kept]), f"repair {seed}: the change of the filter is undone")
    relocate("-go", "-undo", 1, db="n.db")
    check(same(rows_now("n.db"), first[kept]), f"repair {seed}: the move is undone")
    relocate("-go", "-undo", 1, code=2, db="n.db")
    run("imcheck", "-db", "n.db", code=0)
    os.rename("n.db", "old.db"), os.remove("n.db.history")
    count = database.layout("w.db.history")[1]
    shutil.copy("w.db.history", "whole.history")
    listed = [c for c in json.loads(run("imrelocate", "-db", "w.db", "-history", "-format", "json", code=0).stdout)]
    flip("w.db.history", [count - 1])  # the newest head: the change before it must not be taken for it
    out = fails(3, ["w.db.history", "damaged record", f"record {count}"], "imrelocate", "-db", "w.db", "-history", "-format", "json")
    equal([c["change"] for c in json.loads(out.stdout)], [c["change"] for c in listed[1:]], "the others are listed")
    before = rows_now("w.db")
    for n in (1, 2, 9):
        fails(3, ["w.db.history", f"number {n} cannot be told", f"record {count}"], "imrelocate", "-db", "w.db", "-go", "-undo", n)
    check(same(rows_now("w.db"), before), "nothing is undone")
    fails(3, ["w.db.history"], "imcheck", "-db", "w.db")
    shutil.copy("whole.history", "w.db.history")
    flip("w.db.history", [0])  # an older one: what came behind it is known
    out = run("imcheck", "-db", "w.db", "-repair", "n.db", code=4)
    check("1 damaged record of it: what they tell of cannot be undone" in out.stderr, f"a damaged history: {out.stderr}")
    relocate("-go", "-undo", 1, db="n.db")
    check(same(rows_now("n.db"), second[kept]), f"repair {seed}: the newest change is whole and undone")
    run("imrelocate", "-db", "n.db", "-go", "-undo", 1)
    check(same(rows_now("n.db"), second[kept]), f"repair {seed}: what is damaged undoes nothing")
    os.remove("old.db")

# --- input that makes no sense: one line, exit code 2, nothing changed
for words, said in [([], "no rule"), (["/a"], "OLD NEW"), (["a", "/b"], "relative"), (["/a", "b"], "relative"), (["", "/b"], "empty"), (["$NO/a", "/b"], "$NO"),
                    (["/a", "$NO"], "$NO"), (["/a", "/a/"], "same"), (["s|(a|b|"], "closed"), (["s|a|b|q"], "flags"),
                    (["s|((x{1,100}){1,100}){1,100}|b|"], "RE2"), (["/a", "/b "], "blank"), (["-undo", "9"], "-undo 9"), (["-undo", "1", "/a", "/b"], "together"),
                    (["-history", "-go"], "together"), (["/a", "/b", "-exists", "some"], "-exists"), (["/a", "/b", "-format", "xml"], "text and json"), (["/a", "/b", "-type", "xyz"], "-type"),
                    (["-undo", "x"], "-undo")]:
    out = fails(2, [said], "imrelocate", "-db", "s.db", *words, *([] if "-go" in words else ["-go"]))
    equal(len(out.stderr.splitlines()), 1, f"{words}: one line: {out.stderr}")
fails(3, ["no such database"], "imrelocate", "-db", "nosuch.db", "/a", "/b")
relocate("/nowhere", "/b", code=1, db="s.db")
out = relocate("/nowhere/../none/x", "/b", code=1, db="s.db").stdout
check("(taken as /none/x /b): 0 rows" in out, f"what a .. was resolved to: {out}")
out = relocate("-go", "/old", "/" + "y" * 150, code=4, db="s.db").stdout
check("160" in out and "path root" in out, out[-400:])
out = relocate("-go", "s|^/|x|", code=4, db="s.db").stdout
check("relative" in out, out[-400:])
odd = ["/with blank/é", "/line\nend/tab\t", os.fsdecode(b"/\xff\xfe")]
for new in odd:
    subprocess.run([os.path.join(BIN, "imrelocate"), "-db", "s.db", "-go", "/old", new], capture_output=True)
    now = {p for p in np.unique(rows_now("s.db")["PATHNAME"]) if p.startswith(os.fsencode(new))}
    check(now, f"{new!r}: paths are bytes")
    equal(subprocess.run([os.path.join(BIN, "imrelocate"), "-db", "s.db", "-go", new, "/old"], capture_output=True).returncode, 0, f"{new!r}: and back")
# a folder and a file that may only be read: as somebody else when this is root, who may write everywhere
os.chmod("s.db", 0o444)
os.chmod(".", 0o555)
other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
if os.getuid() == 0 and BIN.startswith("/root"):
    print("programs below /root: nobody else can run them")
else:
    before = read("s.db")
    out = fails(3, ["s.db", "Permission denied"], "imrelocate", "-db", "s.db", "-go", "/old", "/x", **other)
    equal(len(out.stderr.splitlines()), 1, f"one line: {out.stderr}")
    run("imrelocate", "-db", "s.db", "-history", code=0, **other)
    check(read("s.db") == before, "nothing is changed")
os.chmod(".", 0o755)
os.chmod("s.db", 0o644)
finish()
