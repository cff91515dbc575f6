#!/usr/bin/python3
"""imcheck -files: every file that was removed, changed, touched, copied or added is named, and no other; files that python moved by rules of its
own are found, and the rules that imcheck proposes send each row to where python has put its file, and no other row anywhere."""
import random, threading
import numpy as np
from harness import *
import database

FINDINGS = ("missing", "changed", "touched", "twice", "unregistered", "unreadable", "ambiguous", "unexplained", "no folder")


def files(db, *args, code=None):
    """The report of imcheck -files, and the paths of each kind."""
    out = run("imcheck", "-db", db, "-files", "-format", "json", *args, code=code)
    report = json.loads(out.stdout)
    kinds = {kind: set() for kind in FINDINGS}
    for finding in report["findings"]:
        kinds[finding["kind"]].add(finding["path"])
    return report, kinds


def register(db, *folders):
    run("imregister", "-db", db, *folders)
    return {r["pathname"] + "/" + r["filename"] for r in rows(db)}


def expect(kinds, what, **wanted):
    for kind in FINDINGS:
        equal(sorted(kinds[kind]), sorted(wanted.get(kind.replace(" ", "_"), [])), f"{what}: {kind}")


def serial(n):
    """Images of which no two are the same, as those of a telescope are."""
    return {"EXPNUM": n, "DATE_OBS": f"2001-01-{1 + n % 28:02}T{n // 28 % 24:02}:20:30"}


def files_below(*folders):
    return {os.path.join(where, n) for folder in folders for where, _, names in os.walk(folder) for n in names}


def apply(rules, path):
    """What imrelocate makes of a path: the first rule that matches whole components."""
    for old, new in rules:
        if path == old or path.startswith(old + "/"):
            return new + path[len(old):]
    return path


def rules_in(text):
    return [tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#")]


# --- each thing that can happen to a file, among real files and a simulated night
os.mkdir("real")
for name in sorted(os.listdir(FITS) if os.path.isdir(FITS) else [])[:60]:
    path = os.path.join(FITS, name)
    if os.path.isfile(path) and os.path.getsize(path) < 3_000_000:
        shutil.copy2(path, "real/" + name)
run("imsim", "-o", "night", "-ccds", 3, "-objects", 6, "-nights", 2, code=0)
known = register("a.db", "real", "night")
check(len(known) > 30, f"there are {len(known)} files")
_, kinds = files("a.db")
twins = kinds.pop("twice")
check(not any(v for k, v in kinds.items() if k != "unregistered"), f"nothing is wrong at first: {kinds}")
foreign = kinds["unregistered"]
again = run("imregister", "-db", "a.db", "real", "-noreg")
failed = {line.split(": ")[1] for line in again.stderr.splitlines() if line.count(": ") > 1}
check(all(any(path.endswith(f) for f in failed) for path in foreign), f"what is not registered cannot be: {foreign}, {failed}")
night = sorted(p for p in known if "/night/" in p)
rnd = random.Random(7)
rnd.shuffle(night)
gone, renamed, grown, headed, cut, touched, hard, soft, copied, piped, foldered = night[:11]
os.remove(gone)
os.rename(renamed, os.path.dirname(renamed) + "/new name.fits")
with open(grown, "ab") as f:
    f.write(b"\0" * 2880)
data = read(headed)
at = data.index(b"OBJECT  =")
write(headed, data[:at] + card("OBJECT", "another").encode() + data[at + 80:])
write(cut, read(cut)[:-100_000])
os.utime(touched, (1e9, 1e9))
os.link(hard, os.path.dirname(hard) + "/zz_hard.fits")
os.symlink(soft, os.path.dirname(soft) + "/zz_soft.fits")
shutil.copy2(copied, os.path.dirname(copied) + "/zz_copy.fits")
os.remove(piped), os.mkfifo(piped)
os.remove(foldered), os.mkdir(foldered)
write(os.path.dirname(gone) + "/notes.txt", "nothing of interest\n")
write(os.path.dirname(gone) + "/broken.fits", b"SIMPLE  = junk")
os.mkfifo(os.path.dirname(gone) + "/pipe.fits")
wanted = {"missing": [gone, renamed], "changed": [grown, headed, cut, piped, foldered], "touched": [touched], "twice": twins,
          "unregistered": foreign | {os.path.dirname(renamed) + "/new name.fits", os.path.dirname(gone) + "/broken.fits", os.path.dirname(hard) + "/zz_hard.fits",
                                     os.path.dirname(soft) + "/zz_soft.fits", os.path.dirname(copied) + "/zz_copy.fits"}}
report, kinds = files("a.db", code=4)
expect(kinds, "each of them", **wanted)
equal([report[k] for k in ("missing", "changed", "touched")], [2, 5, 1], "counts")
equal(report["missing_rows"], 6, "rows of missing files")
what = {f["path"]: f["what"] for f in report["findings"]}
check("bytes" in what[grown] and "headers" in what[headed] and "pipe" in what[piped] and "folder" in what[foldered], f"why: {what}")
check(what[os.path.dirname(gone) + "/broken.fits"], "why a broken file cannot be registered")
for jobs in (1, 7):
    equal([f for f in files("a.db", "-j", jobs)[0]["findings"]], report["findings"], f"-j {jobs}")
# rows in any order: those of a folder, and of a file, do not stand together
shutil.copy("a.db", "shuffled.db")
table = database.records("shuffled.db")
np.random.default_rng(3).shuffle(table)
database.store("shuffled.db", table)
shuffled, _ = files("shuffled.db", code=4)
plain = lambda r: ({k: v for k, v in r.items() if k not in ("findings", "database", "seconds")}, [{**f, "record": 0} for f in r["findings"] if f["kind"] != "twice"])
equal(plain(shuffled), plain(report), "rows in any order")
first = {}
for n, row in enumerate(table):
    first.setdefault(database.text(row["PATHNAME"]) + "/" + database.text(row["FILENAME"]), n + 1)
for f in shuffled["findings"]:
    if f["kind"] in ("missing", "changed", "touched"):
        equal(f["record"], first[f["path"]], "the first row of a file")
# a header that changed while size and time did not is seen by -full alone
quiet = next(p for p in night[11:])
times = os.stat(quiet)
data = read(quiet)
at = data.index(b"OBJECT  =")
write(quiet, data[:at] + card("OBJECT", "secret").encode() + data[at + 80:])
os.utime(quiet, ns=(times.st_atime_ns, times.st_mtime_ns))
expect(files("a.db")[1], "a quiet change", **wanted)
wanted["changed"].append(quiet)
expect(files("a.db", "-full")[1], "a quiet change with -full", **wanted)
# registered under two names: by a link, by a copy
register("a.db", os.path.dirname(hard) + "/zz_hard.fits", os.path.dirname(soft) + "/zz_soft.fits", os.path.dirname(copied) + "/zz_copy.fits")
report, kinds = files("a.db")
pairs = {frozenset((f["path"], f["other"])): f["what"] for f in report["findings"] if f["kind"] == "twice" and f["path"] not in twins}
equal(set(pairs), {frozenset((p, os.path.dirname(p) + "/" + n)) for p, n in ((hard, "zz_hard.fits"), (soft, "zz_soft.fits"), (copied, "zz_copy.fits"))}, "registered twice")
check(all(("same file" in what) == ("copy" not in str(pair)) for pair, what in pairs.items()), f"which of them are one file: {pairs}")
# a folder that cannot be read: by somebody else when this is root, who may read everything
if not (os.getuid() == 0 and BIN.startswith("/root")):
    os.chmod(os.path.dirname(gone), 0)
    out = run("imcheck", "-db", "a.db", "-files", "-format", "json", code=4, **({"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}))
    kinds = {kind: {f["path"] for f in json.loads(out.stdout)["findings"] if f["kind"] == kind} for kind in ("unreadable", "missing")}
    check(os.path.dirname(gone) in kinds["unreadable"] and gone not in kinds["missing"], "a folder without permission")
    os.chmod(os.path.dirname(gone), 0o755)
# words for people
unwritten = sorted(os.listdir(".")), read("a.db"), os.stat("a.db").st_mtime_ns
out = run("imcheck", "-db", "a.db", "-files", code=4)
check(f"{gone}: is missing (record" in out.stderr and "2 missing" in out.stdout, out.stderr)
check(len(run("imcheck", "-db", "a.db", "-files", "-q", code=4).stderr.splitlines()) < len(run("imcheck", "-db", "a.db", "-files", "-v", code=4).stderr.splitlines()), "-q and -v")
check(not run("imcheck", "-db", "a.db", "-files", "-q", code=4).stdout, "-q: no summary")
for words in (["-search", "night"], ["-full"], ["-v"], ["night"], ["-files", "night"], ["-files", "-stat"]):
    run("imcheck", "-db", "a.db", *words, code=2)
fails(3, ["No such", "nowhere"], "imcheck", "-db", "a.db", "-files", "-search", "nowhere")
equal((sorted(os.listdir(".")), read("a.db"), os.stat("a.db").st_mtime_ns), unwritten, "nothing is written")

# --- one root, one folder, a mount point without a disk: a line for all
for n in range(12):
    image(f"disk/m/{n % 4}/f{n}.fits", **serial(n))
run("imregister", "-db", "root.db", "-root", f"MEGA={work}/disk/m", "disk", code=0)
equal({r["pathname"][:6] for r in rows("root.db")}, {"$MEGA/"} if rows("root.db")[0]["pathname"].startswith("$") else {work[:6]}, "paths")
files("root.db", code=0)
os.rename("disk/m", "disk/away")
report, kinds = files("root.db", code=4)
equal((report["missing"], len(report["findings"]), report["findings"][0]["rows"]), (12, 1, 12), "a root that is not there is one finding")
check("root MEGA" in run("imcheck", "-db", "root.db", "-files").stderr, "its name")
os.mkdir("disk/m")
report, kinds = files("root.db", code=4)
equal((report["missing"], len(report["findings"])), (12, 1), "an empty mount point")
check("mounted" in report["findings"][0]["what"], "it is said")
report, _ = files("root.db", "-search", "disk", code=4)
equal([(r["from"], r["to"], r["root"]) for r in report["rules"]], [(work + "/disk/m", work + "/disk/away", "MEGA")], "a root that moved")
os.rmdir("disk/m"), os.rename("disk/away", "disk/m")

# --- rows that know one folder by a root and others by its path: the root is named, whichever comes first
for n in range(16):
    image(f"disk/m/{n % 8}/h{n}.fits", **serial(300 + n))
for first, second in (("0", "1"), ("1", "0")):
    run("imregister", "-db", f"both{first}.db", *[f"disk/m/{n % 8}/h{n}.fits" for n in range(16) if str(n // 8) == first], code=0)
    run("imregister", "-db", f"both{first}.db", "-root", f"MEGA={work}/disk/m", *[f"disk/m/{n % 8}/h{n}.fits" for n in range(16) if str(n // 8) == second], code=0)
os.rename("disk/m", "disk/away")
for first in "01":
    report, _ = files(f"both{first}.db", code=4)
    equal([(f["kind"], f["files"]) for f in report["findings"]], [("no folder", 16)], "two forms of a path: one finding")
os.rename("disk/away", "disk/m")

# --- searches: links, loops, pipes, copies, names of any bytes
for n in range(9):
    image(f"s/old/d{n % 3}/g{n}.fits", **serial(100 + n))
odd = b"s/old/d0/tab\there \xff.fits"
image("s/odd.fits", **serial(200)), os.rename(b"s/odd.fits", odd)
image("s/old/d2/two\nlines.fits", **serial(201)), image("s/old/d2/lone.fits", **serial(202))
run("imregister", "-db", "s.db", "s", code=0)
os.makedirs("s/new/below"), os.rename("s/old/d0", "s/new/d0"), os.rename("s/old/d1", "s/new/below/d1")
shutil.copytree("s/new/below/d1", "s/copy/d1")
os.symlink(work + "/s", "s/new/loop"), os.symlink("nowhere", "s/new/broken"), os.mkfifo("s/new/g1.fits")
os.symlink(work + "/s/new/d0", "s/d0_by_link"), os.mkdir("s/links"), os.rename("s/old/d2/lone.fits", "s/new/lone.fits"), os.symlink(work + "/s/new/lone.fits", "s/links/lone.fits")
os.rename("s/old/d2/g2.fits", "s/new/other name.fits"), os.remove("s/old/d2/g5.fits")
os.rename("s/old/d2/two\nlines.fits", "s/new/two\nlines.fits")
report, kinds = files("s.db", "-search", "s", code=4)
here = work + "/s/"
equal(sorted((r["from"], r["to"]) for r in report["rules"]), [(here + "old/d0", here + "new/d0"), (here + "old/d2/g2.fits", here + "new/other name.fits"), (here + "old/d2/lone.fits", here + "new/lone.fits"), (here + "old/d2/two\nlines.fits", here + "new/two\nlines.fits")], "rules")
equal(kinds["ambiguous"], {here + f"old/d1/g{n}.fits" for n in (1, 4, 7)}, "found at two places")
equal(kinds["unexplained"], {here + "old/d2/g5.fits"}, "found nowhere")
equal((report["found"], report["ambiguous"], report["nowhere"], report["explained"]), (10, 3, 1, 7), "counts of a search")
shutil.rmtree("s/copy")
# in two folders, and in one of them: what is found there, and no more
for dirs, wanted in ((["s/new/d0", "s/new/below"], [("old/d0", "new/d0"), ("old/d1", "new/below/d1")]), (["s/new/below", "s/new/below/d1"], [("old/d1", "new/below/d1")]),
                     (["s/old", "s/new/d0"], [("old/d0", "new/d0")])):
    report, _ = files("s.db", "-search", *dirs, code=4)
    equal(sorted((r["from"], r["to"]) for r in report["rules"]), [(here + a, here + b) for a, b in wanted], f"rules of {dirs}")
# a name that is registered is no place to go to
shutil.copytree("s/new/below", "s/twin"), register("s.db", "s/twin")
shutil.rmtree("s/new/below")
report, kinds = files("s.db", "-search", "s", code=4)
told = {f["path"]: f["other"] for f in report["findings"] if f["kind"] == "unexplained"}
equal({k: v for k, v in told.items() if v}, {here + f"old/d1/g{n}.fits": here + f"twin/d1/g{n}.fits" for n in (1, 4, 7)}, "registered elsewhere, too")
text = run("imcheck", "-db", "s.db", "-files", "-search", "s", code=4).stdout
equal(rules_in(text), [(r["from"], r["to"]) for r in report["rules"] if "\n" not in r["from"]], "the text is a file of rules")
check("two words only" in text and "two\\nlines" in text, f"what cannot stand in a line is a remark: {text}")

# --- files vanish and come back while they are looked at
stop = threading.Event()


def restless():
    while not stop.is_set():
        for n in range(6):
            try:
                os.rename(f"s/new/d0/g{3 * (n % 3)}.fits", f"s/new/d0/.g{3 * (n % 3)}"), os.rename(f"s/new/d0/.g{3 * (n % 3)}", f"s/new/d0/g{3 * (n % 3)}.fits")
            except OSError:
                pass


thread = threading.Thread(target=restless)
thread.start()
for _ in range(20):
    run("imcheck", "-db", "s.db", "-files", "-search", "s", "-j", 3, code=4)
stop.set(), thread.join()

# --- random trees, moved by random rules
BASE = work + "/p"


def tree(rnd, base, serials):
    """Some folders of files, as paths; files of the same name in different folders are usual."""
    folders = [base + "/data"]
    for _ in range(rnd.randrange(3, 14)):
        folders.append(rnd.choice(folders) + "/" + rnd.choice(["piko", "niele", "2003A", "2003B", "raw", "n1", "n2"]))
    for folder in sorted(set(folders)):
        for n in range(rnd.choice([0, 1, 2, 5])):
            image(f"{folder}/{rnd.choice('ab')}{n}.fits", **serial(next(serials)))


def move(rnd, base, log):
    """Moves a folder or a file somewhere else with os.rename, as an operator does. `log`: path now by path at first."""
    whole = sorted(set(log.values()))
    path = rnd.choice(whole)
    if rnd.random() < 0.8:
        for _ in range(rnd.randrange(1, 4)):
            if len(os.path.dirname(path)) > len(base):
                path = os.path.dirname(path)
    if path == base:
        return
    goal = f"{base}/{rnd.choice(['data', 'sessions', 'sessions/old', 'archive/x', 'new'])}/{os.path.basename(path) if rnd.random() < 0.7 else 'as%03d' % rnd.randrange(1000)}"
    if os.path.exists(goal) or goal.startswith(path + "/") or os.path.isfile(os.path.dirname(goal)):
        return
    os.makedirs(os.path.dirname(goal), exist_ok=True)
    os.rename(path, goal)
    for first, now in log.items():
        if now == path or now.startswith(path + "/"):
            log[first] = goal + now[len(path):]


def fewest(moved, kept):
    """An upper bound that is easily understood: a rule for each topmost folder of which all registered files have moved alike, else for each file."""
    def alike(prefix):
        below = [f for f in moved if f.startswith(prefix + "/")]
        if not below or any(f.startswith(prefix + "/") for f in kept):
            return False
        first = below[0]
        tail = first[len(prefix):]
        return moved[first].endswith(tail) and all(moved[f] == moved[first][:-len(tail)] + f[len(prefix):] for f in below)
    rules = set()
    for f in moved:
        parts = f.split("/")
        rules.add(next((p for p in ("/".join(parts[:k]) for k in range(2, len(parts))) if alike(p)), f))
    return len(rules)


# --- folders that took each other's names: any permutation of them, some below others; the proposal does as it stands
for seed in range(60 if LONG else 12):
    rnd = random.Random(1000 + seed)
    shutil.rmtree(BASE, ignore_errors=True)
    serials = iter(range(seed * 100, 10_000_000))
    count = 2 if seed < 4 else rnd.randrange(2, 7)
    old = [f"{BASE}/{rnd.choice(['x', 'y/z', 'data'])}/n{i}" for i in range(count)]
    for folder in old:
        for _ in range(rnd.randrange(1, 4)):
            n = next(serials)
            image(f"{folder}/{rnd.choice(['', '', 'sub/'])}f{n}.fits", **serial(n))
    known = register(f"w{seed}.db", BASE)
    new = rnd.sample(old, count) if seed >= 4 else old[::-1]
    goal = {p: apply(list(zip(old, new)), p) for p in known}
    for i, folder in enumerate(old):
        os.rename(folder, f"{BASE}/moving{i}")
    for i, folder in enumerate(new):
        os.rename(f"{BASE}/moving{i}", folder)
    equal(set(goal.values()), files_below(BASE), f"permutation {seed}: the oracle")
    out = run("imcheck", "-db", f"w{seed}.db", "-files", "-search", BASE)
    write("rules", out.stdout)
    check(old == new or len(rules_in(out.stdout)) <= len(known), f"permutation {seed}: {out.stdout}")
    objects = {r["pathname"] + "/" + r["filename"]: r["obstime"] for r in rows(f"w{seed}.db")}
    if old != new:
        out = run("imrelocate", "-db", f"w{seed}.db", "-go", "-rules", "rules", code=0)
        if count == 2:
            check("exchange two places; done once more they would" in out.stderr, f"permutation {seed}: it is said: {out.stderr}")
    equal({r["pathname"] + "/" + r["filename"]: r["obstime"] for r in rows(f"w{seed}.db")}, {goal[p]: t for p, t in objects.items()}, f"permutation {seed}: each row at its file")
    run("imcheck", "-db", f"w{seed}.db", "-files", code=0)
    if old != new:
        run("imrelocate", "-db", f"w{seed}.db", "-go", "-undo", 1, code=0)
        equal({r["pathname"] + "/" + r["filename"]: r["obstime"] for r in rows(f"w{seed}.db")}, objects, f"permutation {seed}: undone")
    os.remove(f"w{seed}.db")
    if os.path.exists(f"w{seed}.db.history"):
        os.remove(f"w{seed}.db.history")

total = 0
for seed in range(200 if LONG else 40):
    rnd = random.Random(seed)
    shutil.rmtree(BASE, ignore_errors=True)
    tree(rnd, BASE, iter(range(10_000 * 2 * (seed % 4), 10_000_000)))
    if not files_below(BASE):
        continue
    known = register(f"p{seed}.db", BASE)
    equal(known, files_below(BASE), f"tree {seed} is registered")
    log = {path: path for path in sorted(known)}
    for _ in range(rnd.randrange(1, 6)):
        move(rnd, BASE, log)
    lost = {p for p in sorted(known) if rnd.random() < 0.1} if seed % 3 == 0 else set()
    for path in lost:
        os.remove(log[path])
    moved = {p: q for p, q in log.items() if p != q and p not in lost and not os.path.exists(p)}
    # a file that stands where another one was registered is that one's change
    shadowed = {p for p in log if log[p] != p and os.path.exists(p)}
    kept = {p for p in known if os.path.exists(p)}
    blocked = {p for p, q in moved.items() if q in known and os.path.exists(q)}
    report, kinds = files(f"p{seed}.db", "-search", BASE)
    rules = [(r["from"], r["to"]) for r in report["rules"]]
    for path in kept:
        equal(apply(rules, path), path, f"tree {seed}: a file that is there stays, {rules}")
    for path in moved:
        if path not in blocked:
            equal(apply(rules, path), moved[path], f"tree {seed}: a file that went, {rules}")
    goals = [apply(rules, p) for p in known]
    equal(len(set(goals)), len(goals), f"tree {seed}: no two rows at one path, {rules}")
    good = {p: q for p, q in moved.items() if p not in blocked}
    check(len(rules) <= fewest(good, kept | blocked), f"tree {seed}: {len(rules)} rules, {fewest(good, kept | blocked)} would do: {rules}")
    equal(report["explained"], len(good), f"tree {seed}: explained")
    equal(kinds["changed"], {p for p in shadowed}, f"tree {seed}: changed")
    total += len(good)
    if os.path.exists(os.path.join(BIN, "imrelocate")) and rules and not blocked and not shadowed:
        text = run("imcheck", "-db", f"p{seed}.db", "-files", "-search", BASE).stdout
        write("rules", text)
        run("imrelocate", "-db", f"p{seed}.db", "-go", "-rules", "rules", code=0)
        _, kinds = files(f"p{seed}.db")
        equal(sorted({r["pathname"] + "/" + r["filename"] for r in rows(f"p{seed}.db")} - {apply(rules, p) for p in lost}), sorted(set(log.values()) - {log[p] for p in lost}), f"tree {seed}: imrelocate")
        expect({k: v if k != "no folder" else set() for k, v in kinds.items()}, f"tree {seed}: clean behind imrelocate", missing={m for m in kinds["missing"] if m in {apply(rules, p) for p in lost}})
        if not lost:
            run("imcheck", "-db", f"p{seed}.db", "-files", code=0)
    os.remove(f"p{seed}.db")
check(total > 100, f"{total} files moved")
print(total, "files moved in all trees")
finish()
