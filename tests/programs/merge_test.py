#!/usr/bin/python3
"""imregtable against a naive merge of rows as astropy reads them; killed in the middle and run again; with Elixir's databases; refusals."""
import math, random, signal, subprocess, time
import numpy as np
from harness import *
from database import *

programs_for_nobody()
rnd = random.Random(9)
ROWS = 320
STATISTICS = (("BIAS", 0), ("SKY", 2), ("FWHM", 4))
KEPT = ("BIAS", "SKY", "FWHM", "PROCSTATE", "FLAG", "QUALITY", "SEQ", "SEQTIME", "PATHNAME", "FILENAME", "CHANGENO", "CRC", "REGTIME")


def scrambled(name, share_changed=0.4, other_files=0.3):
    """A database with the files of the others, some newer, some changed, some with other statistics, some of its own."""
    run("imsim", "-rows", ROWS, "-db", name, "-seed", 5, code=0)
    data = records(name)
    own = name.encode()[:1]
    newer = {}
    for row in data:
        file = text(row["FILENAME"])
        if file not in newer:
            newer[file] = (rnd.choice([0, 0, -50, 1000]), rnd.random() < 0.3, rnd.random() < other_files)
        shift, changed, is_own = newer[file]
        row["MTIME"] += shift
        if changed or shift:
            row["FINGERPRINT"] = rnd.randrange(1, 4)
            row["OBJECT"] = own + b" object"
        if is_own:
            row["FILENAME"] = own + row["FILENAME"]
        row["REGTIME"] += rnd.choice([0, -7, 7])
        row["PROCSTATE"] = 0
        for column, shift in STATISTICS:
            state = rnd.randrange(3)
            row["PROCSTATE"] |= state << shift
            row[column] = rnd.uniform(1, 9) if state == 1 else float("nan")
        row["FLAG"], row["QUALITY"], row["SEQ"] = rnd.randrange(4), rnd.choice([0, 0, 5, 6]), rnd.choice([0, 3, 4])
        row["SEQTIME"] = rnd.choice([float("nan"), 2.5])
        row["AIRMASS"] = rnd.choice([float("nan"), 1.5])
        row["TELTEMP"][2] = rnd.choice([float("nan"), 4.5])
        row["FILTER"] = rnd.choice([b"", own + b"filter"])
        row["DELETED"] = ord("T" if rnd.random() < 0.08 else "F")
    store(name, data)
    return name


# --- the rule, once more, over dictionaries
def plain(row):
    out = {}
    for column in row.dtype.names:
        value = row[column]
        out[column] = text(value) if value.dtype.kind == "S" else tuple(map(float, value)) if value.shape else value.item()
    return out


def unknown(value):
    return value == "" or isinstance(value, float) and math.isnan(value)


def unplaced(row):
    return row["EXTENSION"] == row["SLICE"] == row["FINGERPRINT"] == row["FILESIZE"] == 0 and math.isnan(row["MTIME"])


def identity(row):
    return row["FINGERPRINT"], row["FILESIZE"], row["MTIME"]


def later(a, b):
    return not math.isnan(a) and (math.isnan(b) or a > b)


def combined(ours, theirs):
    by_registration = math.isnan(ours["MTIME"]) and math.isnan(theirs["MTIME"])
    column = "REGTIME" if by_registration else "MTIME"
    newer, older = (theirs, ours) if later(theirs[column], ours[column]) else (ours, theirs)
    out = {k: newer[k] for k in newer if k not in KEPT}
    out["REGTIME"] = newer["REGTIME"] if by_registration or math.isnan(older["REGTIME"]) else min(newer["REGTIME"], older["REGTIME"])
    if unplaced(older) and not by_registration and older["REGTIME"] == math.floor(newer["REGTIME"]):
        out["REGTIME"] = newer["REGTIME"]  # the same one without parts of the second
    same = unplaced(ours) or unplaced(theirs) or identity(ours) == identity(theirs)
    states = 0
    for column, shift in STATISTICS:
        mine, other = ours["PROCSTATE"] >> shift & 3, theirs["PROCSTATE"] >> shift & 3
        if same:
            source = ours if mine == 1 else theirs if other == 1 else ours if mine == 2 else theirs
        else:
            source = newer
        out[column] = source[column]
        states |= (source["PROCSTATE"] >> shift & 3) << shift
    if same:
        for k, value in out.items():
            if k in ("BIAS", "SKY", "FWHM"):
                continue
            if isinstance(value, tuple):
                out[k] = tuple(o if math.isnan(v) else v for v, o in zip(value, older[k]))
            elif unknown(value):
                out[k] = older[k]
    out["PROCSTATE"] = states
    out["FLAG"] = ours["FLAG"] | theirs["FLAG"]
    out["QUALITY"], out["SEQ"] = ours["QUALITY"] or theirs["QUALITY"], ours["SEQ"] or theirs["SEQ"]
    out["SEQTIME"] = theirs["SEQTIME"] if unknown(ours["SEQTIME"]) else ours["SEQTIME"]
    out["PATHNAME"], out["FILENAME"], out["CHANGENO"], out["CRC"] = ours["PATHNAME"], ours["FILENAME"], 0, 0
    return out


def partner(row, table):
    """The index of the same image in the table, or None."""
    file = [n for n, other in enumerate(table) if (other["PATHNAME"], other["FILENAME"]) == (row["PATHNAME"], row["FILENAME"])]
    for n in file:
        other = table[n]
        if not unplaced(row) and not unplaced(other):
            if (other["EXTENSION"], other["SLICE"]) == (row["EXTENSION"], row["SLICE"]):
                return n
        elif other["CCD"] == row["CCD"]:
            return n
    return None


def naive(start, *sources):
    table = [dict(r) for r in start]
    for last in (False, True):
        for source in sources:
            for row in source:
                if unplaced(row) != last or row["DELETED"] == ord("T"):
                    continue
                n = partner(row, table)
                if n is None:
                    table.append(dict(row))
                else:
                    table[n] = combined(table[n], row)
    return table


def content(rows_):
    return [{k: "nan" if unknown(v) and v != "" else tuple("nan" if math.isnan(x) else x for x in v) if isinstance(v, tuple) else v
             for k, v in r.items() if k not in ("CRC", "CHANGENO")} for r in rows_]


def read_rows(path):
    return [plain(r) for r in records(path)]


def same_rows(got, wanted, what):
    got, wanted = content(got), content(wanted)
    equal(len(got), len(wanted), what + ": rows")
    for n, (a, b) in enumerate(zip(got, wanted)):
        bad = {k: (a[k], b[k]) for k in b if a[k] != b[k]}
        if not check(not bad, f"{what}: row {n}: {bad}"):
            return


def copy(source, target):
    for ending in ("", ".journal"):
        if os.path.exists(source + ending):
            shutil.copy(source + ending, target + ending)
    return target


bases = [scrambled(f"{c}.db") for c in "abc"]
tables = {name: read_rows(name) for name in bases}
for name in bases:
    run("convertimreg", name, "e" + name, "-to", "v3", code=0)
    run("convertimreg", "e" + name, "n" + name, code=0)
    tables["e" + name] = tables["n" + name] = read_rows("n" + name)

# --- native, Elixir, both; into an existing database, into itself again, into a new one
for sources in (["b.db"], ["b.db", "c.db"], ["eb.db"], ["nb.db"], ["eb.db", "c.db"], ["c.db", "eb.db", "b.db"], ["eb.db", "ec.db", "c.db", "b.db"]):
    for start in ("a.db", "ea.db", None):
        what = f"{sources} into {start}"
        wanted = naive(tables[start] if start else [], *(tables[s] for s in sources))
        if start is None:
            target = "new.db"
        elif start[0] == "e":
            target = copy("n" + start[1:], "target.db")
        else:
            target = copy(start, "target.db")
        before = read(target) if start else b""
        rehearsed = [json.loads(line) for line in run("imregtable", "-n", "-db", target, *sources, "-format", "json", code=0).stdout.splitlines()]
        check((read(target) if os.path.exists(target) else b"") == before, what + ": -n writes nothing")
        report = [json.loads(line) for line in run("imregtable", "-db", target, *sources, "-format", "json", code=0).stdout.splitlines()]
        equal([r["added"] for r in rehearsed], [r["added"] for r in report], what + ": -n counts what is added")
        equal([r["rows"] for r in rehearsed], [r["rows"] for r in report], what + ": -n reads every row")
        for r in report:
            equal(r["rows"], sum(r[k] for k in ("added", "updated", "unchanged", "repeated", "deleted", "left_out")), what + ": each row has one fate")
        equal(sum(r["added"] for r in report), len(wanted) - (len(tables[start]) if start else 0), what + ": rows added")
        same_rows(read_rows(target), wanted, what)
        after = records(target)
        again = [json.loads(line) for line in run("imregtable", "-db", target, *sources, "-format", "json", code=0).stdout.splitlines()]
        equal([(r["added"], r["updated"], r["repeated"]) for r in again], [(0, 0, 0)] * len(sources), what + ": nothing is left to do")
        check(records(target).tobytes() == after.tobytes(), what + ": merging again changes nothing")
        for ending in ("", ".journal", ".lock", ".idx"):
            if os.path.exists(target + ending):
                os.remove(target + ending)

# --- killed at any system call that writes or syncs, or at any moment: run again, it is what it would have been
run("imsim", "-rows", 30000, "-db", "big.db", "-seed", 11, code=0)
run("convertimreg", "big.db", "ebig.db", "-to", "v2", code=0)
copy("big.db", "half.db")
data = records("half.db")
for n, row in enumerate(data):
    row["PROCSTATE"] = 0
    if n % 3 == 0:
        row["FILENAME"] = b"h" + row["FILENAME"]
store("half.db", data)
copy("half.db", "whole.db")
run("imregtable", "-db", "whole.db", "big.db", "ebig.db", code=0)
wanted = records("whole.db")
equal(len(wanted), 40000, "two thirds are the same images")
started = time.time()
run("imregtable", "-db", copy("half.db", "timed.db"), "big.db", "ebig.db", code=0)
length = time.time() - started
kills = 0
line = [os.path.join(BIN, "imregtable"), "-db", "killed.db", "big.db", "ebig.db"]
for turn in range(10):
    copy("half.db", "killed.db")
    for _ in range(rnd.choice([1, 1, 3])):
        if shutil.which("strace") and not SANITIZED and turn % 2:
            call, nth = rnd.choice(["pwrite64", "fdatasync"]), rnd.randrange(1, 25)
            ended = subprocess.run(["strace", "-o", "/dev/null", "-f", "-e", f"inject={call}:signal=SIGKILL:when={nth}", *line], capture_output=True).returncode
            kills += ended in (-9, 137)
        else:
            process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
            time.sleep(rnd.random() * length)
            process.kill()
            kills += process.wait() == -9
        rows_so_far = run("imsearch", "-db", "killed.db", "-format", "csv", "-fields", "seq", code=0).stdout
        check(30000 < rows_so_far.count("\n") <= 40001, "a killed merge leaves a database")
    run("imregtable", "-db", "killed.db", "big.db", "ebig.db", code=0)
    got = records("killed.db")
    for rows_ in (got, wanted):
        rows_["CRC"] = 0
        rows_["CHANGENO"] = 0
    check(len(got) == len(wanted) and got.tobytes() == wanted.tobytes(), f"turn {turn}: killed and run again: {len(got)} rows, wanted {len(wanted)}")
    os.remove("killed.db"), os.remove("killed.db.journal")
check(kills >= 5, f"only {kills} kills came in time")

# --- an Elixir database, then the files themselves: neither twice, nor deleted, and statistics stay
run("imsim", "-o", "night", "-ccds", 4, "-seed", 2, code=0)
run("imregister", "-db", "night.db", "night")
data = records("night.db")
for row in data:
    row["PROCSTATE"], row["BIAS"] = 1, 1000 + row["CCD"]
store("night.db", data)
run("convertimreg", "night.db", "old.db", "-to", "v3", code=0)
run("imregtable", "-db", "elixir_first.db", "old.db", code=0)
out = run("imregister", "-db", "elixir_first.db", "night")
check(f": 0 rows added, {len(data)} updated, 0 unchanged;" in out.stdout, "registering behind Elixir: " + out.stdout)
run("imregtable", "-db", "elixir_last.db", "night.db", code=0)
run("imregtable", "-db", "elixir_last.db", "old.db", code=0)
for db in ("elixir_first.db", "elixir_last.db"):
    got = records(db)
    equal((len(got), int((got["DELETED"] == ord("T")).sum())), (len(data), 0), db + ": each image once")
    equal(sorted((text(r["FILENAME"]), int(r["EXTENSION"]), float(r["BIAS"])) for r in got),
          sorted((text(r["FILENAME"]), int(r["EXTENSION"]), float(r["BIAS"])) for r in data), db + ": places and statistics")

# --- roots: keys are full paths, whatever each database calls them
image("far/x.fits"), image("far/deep/y.fits")
run("imregister", "-db", "rooted.db", "-root", f"FAR={work}/far", "far", code=0)
run("imregister", "-db", "flat.db", "far", code=0)
equal(run("imregtable", "-db", "flat.db", "rooted.db", code=0).stdout, "rooted.db: 2 rows: 0 added, 2 updated, 0 unchanged\n", "a root is no other place; the first registration counts")
run("imregtable", "-db", "fresh.db", "rooted.db", code=0)
equal({r["pathname"] for r in rows("fresh.db")}, {work + "/far", work + "/far/deep"}, "roots of the other are expanded")
image("far/x.fits", FILTER="z")
run("imregister", "-db", "rooted.db", "far", code=0)
equal(run("imregtable", "-db", "flat.db", "rooted.db", code=0).stdout, "rooted.db: 2 rows: 0 added, 1 updated, 1 unchanged\n", "the newer file wins")
equal([r["filter"] for r in rows("flat.db", "-name", "x.fits")], ["z"], "its filter")
os.rename("rooted.db.roots", "kept.roots")
out = fails(4, ["rooted.db", "$FAR", "root"], "imregtable", "-db", "lost.db", "rooted.db")
equal(out.stdout, "rooted.db: 2 rows: 0 added, 0 updated, 0 unchanged, 2 left out\n", "roots that are not known")
check(not os.path.exists("lost.db"), "no rows, no database")
os.makedirs("d" * 100 + "/" + "e" * 60)
deep = "/".join([work, "d" * 100, "e" * 60])
image(deep + "/z.fits")
run("imregister", "-db", "deep.db", "-root", f"DEEP={deep}", deep, code=0)
fails(4, ["deep.db: z.fits: ", "path root"], "imregtable", "-db", "fresh.db", "deep.db")
run("imregister", "-db", "fresh.db", "-root", f"DEEP={deep}", code=0)
run("imregtable", "-db", "fresh.db", "deep.db", code=0)
equal(rows("fresh.db", "-name", "z.fits")[0]["pathname"], deep, "a root makes room")

# --- refusals and half successes
for name in ("a.db", "./a.db", f"{work}/a.db"):
    fails(4, ["the database itself"], "imregtable", "-db", "a.db", name)
os.link("a.db", "hard.db")
os.symlink("a.db", "soft.db")
for name in ("hard.db", "soft.db"):
    fails(4, [name, "the database itself"], "imregtable", "-db", "a.db", name)
before = read("a.db")
out = fails(4, ["nosuch.db", "no such database"], "imregtable", "-db", copy("a.db", "half.db"), "nosuch.db", "b.db")
check("b.db: 320 rows: " in out.stdout, "the others are merged: " + out.stdout)
fails(4, ["i.fits"], "imregtable", "-db", "half.db", image("i.fits"))
fails(3, ["no/x.db: its folder does not exist"], "imregtable", "-db", "no/x.db", "b.db")
# slices of Elixir whose time is not known cannot be told apart: they are one image, however often they come
image("cube/c.fits", shape=(4, 4, 3), DATE_OBS=None)
run("imregister", "-db", "cube.db", "cube", code=0)
run("convertimreg", "cube.db", "cube3.db", "-to", "v3", code=0)
slices = sum(r["mode"] == "SLICE" for r in rows("cube3.db"))
check(slices >= 2, f"cube.db has {slices} slices")
run("imregtable", "-db", "cubes.db", "cube3.db", code=0)
count = len(rows("cubes.db"))
check(" 0 added, 0 updated, " in run("imregtable", "-db", "cubes.db", "cube3.db", code=0).stdout, "slices without a time are not added again")
equal(len(rows("cubes.db")), count, "nor have they grown")
check(f"0 added" in run("imregtable", "-n", "-db", "cubes.db", "cube3.db", code=0).stdout, "nor does -n say so")
# a database that cannot be written: one line, and no count of what was not done; also to a script
os.mkdir("locked")
run("imregtable", "-db", "locked/x.db", "b.db", code=0)
shutil.copy("c.db", "readable.db")
for name, mode in (("readable.db", 0o644), ("locked/x.db", 0o444), ("locked/x.db.lock", 0o444), ("locked", 0o555)):
    os.chmod(name, mode)
nobody = (lambda: os.setuid(65534)) if os.getuid() == 0 else None
for more in ((), ("-format", "json"), ("-v",)):
    out = fails(3, ["locked/x.db", "ermission denied"], "imregtable", "-db", "locked/x.db", "readable.db", *more, preexec_fn=nobody)
    equal((out.stdout, len(out.stderr.splitlines())), ("", 1), f"a database that cannot be written {more}: {out.stderr}")
fails(3, ["ea.db", "convertimreg"], "imregtable", "-db", "ea.db", "b.db")
fails(2, ["OTHER.db"], "imregtable", "-db", "a.db")
fails(2, ["xml"], "imregtable", "-db", "a.db", "b.db", "-format", "xml")
fails(2, ["empty"], "imregtable", "-db", "a.db", "")
equal(read("a.db") == before, True, "refused: nothing is written")
# a rotten row: the others are merged, it is named
rotten = bytearray(read("b.db"))
rotten[layout("b.db")[0] + 512 * 7 + 300] ^= 4
write("rotten.db", bytes(rotten))
out = fails(4, ["rotten.db", "record 8"], "imregtable", "-db", "mended.db", "rotten.db")
check(", 1 left out" in out.stdout and len(read_rows("mended.db")) == len([r for n, r in enumerate(tables["b.db"]) if n != 7 and r["DELETED"] != ord("T")]), out.stdout)
# what rotted here is written anew
mine = bytearray(read("mended.db"))
mine[layout("mended.db")[0] + 512 * 3 + 300] ^= 4
write("mended.db", bytes(mine))
check("damaged and is written anew" in run("imregtable", "-db", "mended.db", "b.db", code=0).stderr, "a rotten row of ours")
run("imsearch", "-db", "mended.db", code=0)
finish()
