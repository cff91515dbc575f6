#!/usr/bin/python3
"""Real power cuts: a database on ext4 in a loop file, programs that register, move, change, delete, compact and back up its rows, and
EXT4_IOC_SHUTDOWN with NOLOGFLUSH in the middle of it: what the file system had not sent to the device is gone, as when the plug is
pulled. What was acknowledged is written down outside. After each cut the file system is mounted again (its own journal is replayed)
and every acknowledged row must be there, as it was acknowledged or newer, none mixed, none invented; a change of many rows is there
wholly or not at all, and known to the history; a copy is whole, and has what it had; a queue has each image that was queued once, and gives
none out again; header tables have what imingest said it had read; the next programs go on with it.
Needs root and loop devices; 50 cuts, with IMREG_LONG=1 more, as far as the time goes."""
import array, fcntl, random, struct, sys, threading, time
sys.path.insert(0, sys.argv[1] + "/tests/programs")
from harness import *

EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2  # _IOR('X', 125, __u32), linux/fs.h and ext4.h
rnd = random.Random(int(os.environ.get("IMREG_SEED", "20030127")))
IMAGE, MOUNT = os.path.join(work, "disk"), os.path.join(work, "mount")
DB, COPY = os.path.join(MOUNT, "night.db"), os.path.join(MOUNT, "copy")
QUEUED, HEADERS, TREE = os.path.join(MOUNT, "queued.db"), os.path.join(MOUNT, "headers"), os.path.join(work, "tree")
FIXED = 40


def shell(*words):
    return subprocess.run(words, capture_output=True, text=True)


def mount():
    for _ in range(400):  # on a busy machine the kernel keeps the one that was shut down for some seconds
        out = shell("mount", "-o", "loop,noatime", IMAGE, MOUNT)
        if out.returncode != 0:
            skip(f"mount: {out.stderr.strip()}")
        try:
            os.close(os.open(MOUNT + "/probe", os.O_CREAT | os.O_RDWR))
            return
        except OSError:  # the kernel still had the one that was shut down
            unmount()
            time.sleep(0.05)
    raise RuntimeError("the file system does not come back")


def unmount():
    for _ in range(100):
        if shell("umount", MOUNT).returncode == 0:
            return
        time.sleep(0.02)
    raise RuntimeError("the file system is still in use: " + shell("fuser", "-vm", MOUNT).stderr)


@atexit.register
def leave():
    if os.path.ismount(MOUNT):
        shell("umount", "-l", MOUNT)


def cut():
    fd = os.open(MOUNT, os.O_RDONLY)
    fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, array.array("I", [NOLOGFLUSH]))
    os.close(fd)


def restart_machine():
    """After a power cut the machine has another boot identity; what the files say of this one is of an earlier one then."""
    with open("/proc/sys/kernel/random/boot_id", "rb") as f:
        boot = f.read().strip()
    for path in (os.path.join(at, n) for at, _, names in os.walk(MOUNT) for n in names):
        for end, place, size in ((".lock", 0, 512), (".journal", 512, 512)):  # the journal's hint has a check
            if path.endswith(end):
                with open(path, "r+b") as f:
                    f.seek(place)
                    text = f.read(size)
                    f.seek(place)
                    f.write(bytes(size) if end == ".journal" and boot in text else text.replace(boot, b"00000000-0000-4000-8000-000000000000"))


def image(name, n):
    """Version n of a file: EXPTIME and OBJECT both say n, so that a row shows whether it is whole."""
    cards = {"SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": 4, "OBJECT": f"version {n}", "EXPTIME": float(n)}
    write(name + ".part", pad("".join([*(card(k, v) for k, v in cards.items()), "END".ljust(80)]).encode(), b" ") + bytes(2880))
    os.rename(name + ".part", name)


class Worker(threading.Thread):
    """Programs one after the other until the plug is pulled; what was attempted, and what was acknowledged."""

    def __init__(self, letter, known):
        super().__init__()
        self.letter, self.dice, self.known = letter, random.Random(rnd.random()), known
        self.attempted, self.acknowledged = known.setdefault(letter, ({}, {}))
        self.operations, self.strange = 0, []

    def done(self, program, *args, fine=(0,)):
        """Whether it ended well, before the plug was pulled: what is said from a moment before on nobody hears any more."""
        out = subprocess.run([os.path.join(BIN, program), *map(str, args)], capture_output=True, text=True)
        if stop.is_set():
            return False
        if out.returncode not in fine:
            self.strange.append((program, args, out.returncode, out.stderr))
        self.operations += out.returncode == 0
        self.said = out.stdout
        return out.returncode == 0

    def register(self, names):
        for name in names:
            self.attempted[name] = self.attempted.get(name, 0) + 1
            image(name, self.attempted[name])
        good = self.done("imregister", "-db", DB, *names)
        if good:
            self.acknowledged.update({n: self.attempted[n] for n in names})
        return good

    def run(self):
        while not stop.is_set():
            self.step()


class Registrar(Worker):
    """New files and files that changed, one or some at a time."""

    def step(self):
        names = []
        for _ in range(self.dice.choice([1, 1, 1, 2, 5, 30])):
            old = self.dice.random() < 0.5 and self.attempted
            name = self.dice.choice(list(self.attempted)) if old else f"{self.letter}{len(self.attempted) + len(names)}.fits"
            if name not in names:
                names.append(name)
        self.register(names)


class Changer(Worker):
    """Changes of many rows at once, of rows that nobody else registers: all of them have one path and one filter, those of the last
    change that was acknowledged or of the one behind it. Rows that are deleted and compacted away; copies."""

    def __init__(self, letter, known):
        super().__init__(letter, known)
        # of path and filter: number acknowledged, number attempted; names that are gone; rows and numbers that a copy has
        self.state = known.setdefault("changes", {"path": [0, 0], "filter": [0, 0], "history": 0, "gone": set(), "going": set(), "copy": None, "compacted": False})

    def change(self, what, *line):
        self.state[what][1] += 1
        if self.done(*line):
            self.state[what][0] = self.state[what][1]
            self.state["history"] += 1

    def step(self):
        fixed = [f"fixed/s{i}.fits" for i in range(FIXED)]
        if not self.known["registered"]:
            self.known["registered"] = self.done("imregister", "-db", DB, *fixed)
            return
        state, dice = self.state, self.dice.random()
        if dice < 0.35:
            old, new = (path_of(state["path"][1] + more) for more in (0, 1))
            self.change("path", "imrelocate", "-db", DB, "-go", old, new)
        elif dice < 0.6:
            self.change("filter", "imsearch", "-db", DB, "-name", "s*", "-modify", "filter", f"f{state['filter'][1] + 1}")
        elif dice < 0.8:
            rows = {n: v for w in night for n, v in list(w.acknowledged.items()) if w is not self}
            had = {"rows": rows, "path": state["path"][0], "filter": state["filter"][0], "gone": set(state["gone"])}
            if self.done("imbackup", "-db", DB, COPY, *["-full"] * state["compacted"]):  # then it is another file
                state["copy"], state["compacted"] = had, False
        else:
            name = f"d{len(state['going'])}.fits"
            state["going"].add(name)
            image(name, 1)
            if self.done("imregister", "-db", DB, name) and self.done("imsearch", "-db", DB, "-name", name, "-delete"):
                state["gone"].add(name)
                state["history"] += 1
                state["compacted"] = True
                self.done("imcheck", "-db", DB, "-compact")


class Queuer(Worker):
    """New files that are registered and queued, and lines that are taken out of the queue."""

    def __init__(self, letter, known):
        super().__init__(letter, known)
        self.taken = known.setdefault("taken", set())  # lines that were given out, and that was heard

    def step(self):
        if self.dice.random() < 0.6 or not self.acknowledged:
            names = [f"{self.letter}{len(self.attempted) + i}.fits" for i in range(self.dice.choice([1, 1, 2, 4]))]
            self.attempted.update(dict.fromkeys(names, 1))
            for name in names:
                image(name, 1)
            if self.done("imsort", "-db", QUEUED, *names):
                self.acknowledged.update(dict.fromkeys(names, 1))
        elif self.done("imqueue", "-db", QUEUED, "take", "-n", self.dice.choice([1, 3]), "-format", "json", "IMSTAT", fine=(0, 1)):
            lines = {os.path.basename(json.loads(l)["path"]) for l in self.said.splitlines()}
            if lines & self.taken:
                self.strange.append(("given out again", lines & self.taken))
            self.taken |= lines


class Archivist(Worker):
    """Files of an archive that come and change, and imingest."""

    def step(self):
        for _ in range(self.dice.choice([1, 2, 5])):
            old = self.dice.random() < 0.4 and self.attempted
            name = self.dice.choice(list(self.attempted)) if old else f"{self.letter}{len(self.attempted)}.fits"
            self.attempted[name] = self.attempted.get(name, 0) + 1
            image(os.path.join(TREE, name), self.attempted[name])
        if self.done("imingest", "-db", HEADERS, TREE):
            self.acknowledged.update(self.attempted)


def path_of(number):
    return f"/moved/{number}" if number else os.path.join(work, "fixed")


def skip(why):
    print("skipped:", why)
    sys.exit(77)


if os.geteuid() != 0:
    skip("mounting needs root")
for program in ("mkfs.ext4", "mount", "umount", "losetup"):
    if not shutil.which(program, path=os.environ["PATH"] + ":/sbin:/usr/sbin"):
        skip(f"there is no {program}")
os.environ["PATH"] += ":/sbin:/usr/sbin"
if shell("losetup", "-f").returncode != 0:
    skip("there are no loop devices")

os.mkdir(MOUNT)
os.mkdir("fixed")
for i in range(FIXED):
    image(f"fixed/s{i}.fits", 1)
with open(IMAGE, "wb") as f:
    f.truncate(96 << 20)
equal(shell("mkfs.ext4", "-q", "-F", IMAGE).returncode, 0, "mkfs")
mount()
totals = {"cuts": 0, "operations": 0, "moves, changes, deletions, copies": 0, "looks at copies": 0, "lines queued": 0, "headers": 0, "rows acknowledged": 0, "rows lost": 0}


def rows_in(path, what):
    """{name: row}, each once and whole."""
    out = run("imsearch", "-db", path, "-format", "json", "-fields", "filename,pathname,filter,exptime,object")
    check(out.returncode in (0, 1) and out.stderr == "", f"{what}: imsearch: {out.returncode} {out.stderr}")
    found = {}
    for row in map(json.loads, out.stdout.splitlines()):
        check(row["filename"] not in found, f"{what}: {row['filename']} is there twice")
        check(row["object"] == f"version {row['exptime']:.0f}", f"{what}: a mixed row {row}")
        found[row["filename"]] = row
    return found


def whole(path, what, written=True):
    """imcheck finds nothing but what the next writer corrects: of the history, whose next one is the next change of many rows, and of
    what nobody has written to since the cut."""
    out = run("imcheck", "-db", path)
    warnings = [e for e in out.stderr.splitlines() if "warning: " in e]
    mended = all("the next writer" in e and (".history: " in e or not written) for e in warnings)
    check(out.returncode == 0 or out.returncode == 4 and mended, f"{what}: imcheck: {out.returncode} {out.stdout} {out.stderr}")


def lost(found, acknowledged, what):
    for name, version in acknowledged.items():
        now = found[name]["exptime"] if name in found else 0
        if not check(now >= version, f"{what}: {name} was acknowledged as version {version}, found is {now}"):
            totals["rows lost"] += 1


def numbers(found, known, what):
    """Of the changes of many rows: path and filter that all the rows have; nothing before they are registered."""
    fixed = [row for name, row in found.items() if name[0] == "s"]
    check(len(fixed) == FIXED or not known["registered"], f"{what}: {len(fixed)} of {FIXED} rows")
    both = {(row["pathname"], row["filter"]) for row in fixed}
    if not fixed or not check(len(both) == 1, f"{what}: a change of many rows is done in part: {both}"):
        return {}
    path, filter_ = both.pop()
    return {"path": int(path[7:]) if path.startswith("/moved/") else 0, "filter": int(filter_[1:]) if filter_ else 0}


def look_at_changes(found, known, what):
    state = known["changes"]
    for name, now in numbers(found, known, what).items():
        check(now in state[name], f"{what}: {name} {now}, acknowledged was {state[name][0]}, attempted {state[name][1]}")
        state[name] = [now, now]  # what is there now stays
    check(not state["gone"] & found.keys(), f"{what}: deleted rows are back: {state['gone'] & found.keys()}")
    out = run("imrelocate", "-db", DB, "-history", "-format", "json")
    there = len([l for l in out.stdout.splitlines() if l])
    check(out.returncode in (0, 1) and there >= state["history"], f"{what}: the history knows {there} changes of {state['history']}: {out.stderr}")


def look_at_copy(known, what):
    had = known["changes"]["copy"]
    if not had:
        return
    path = COPY + "/Imreg.db"
    totals["looks at copies"] += 1
    found = rows_in(path, what)
    lost(found, had["rows"], what)
    check(not had["gone"] & found.keys(), f"{what}: deleted rows are back")
    for name, now in numbers(found, known, what).items():
        check(now >= had[name], f"{what}: {name} {now} is older than the copy was")
    whole(path, what, written=False)


def look_at_queue(queuer, what):
    """Each image that was queued has one line, and no line that was given out waits."""
    if not os.path.exists(QUEUED):
        check(not queuer.acknowledged, f"{what}: the database is gone")
        return
    found = rows_in(QUEUED, what)
    lost(found, queuer.acknowledged, what)
    out = run("imqueue", "-db", QUEUED, "show", "-format", "json", "IMSTAT")
    check(out.returncode == 0 or not queuer.acknowledged, f"{what}: imqueue: {out.returncode} {out.stderr}")
    lines = {}
    for line in map(json.loads, out.stdout.splitlines()):
        name = os.path.basename(line["path"])
        check(name in queuer.attempted and name not in lines, f"{what}: {name} is twice in the queue, or nobody put it there")
        lines[name] = line["state"]
    for name in queuer.acknowledged:
        check(lines.get(name) in ("waiting", "taken", "done"), f"{what}: {name} was queued, and is {lines.get(name)}")
    for name in queuer.taken:
        check(lines.get(name) == "done", f"{what}: {name} was given out, and is {lines.get(name)}")
    totals["lines queued"] += len(queuer.acknowledged)


def look_at_headers(archivist, what, last=False):
    if not os.path.exists(os.path.join(HEADERS, "files.db")):
        check(not archivist.acknowledged, f"{what}: the tables are gone")
        return
    if not archivist.acknowledged:
        return
    out = run("imsearch", "-db", HEADERS, "-from", "generic_0", "-format", "json", "-fields", "filename,object,exptime", code=0)
    found = {}
    for row in map(json.loads, out.stdout.splitlines()):
        check(row["filename"] not in found and row["object"] == f"version {row['exptime']:.0f}", f"{what}: {row}, twice or mixed")
        found[row["filename"]] = row
    lost(found, archivist.acknowledged, what)
    if last:
        equal({n: r["exptime"] for n, r in found.items()}, archivist.attempted, f"{what}: headers and files")
        whole(os.path.join(HEADERS, "Imreg.db"), what, written=False)
    totals["headers"] += len(found)


for number, _ in enumerate(long_form(range(50), range(950))):
    if number % 10 == 0:  # a new database now and then
        for f in os.listdir(MOUNT):
            if f != "lost+found":
                path = os.path.join(MOUNT, f)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        os.sync()
        known = {"registered": False}  # what each worker attempted and was told, over all cuts
    stop = threading.Event()
    if number % 10 == 0:
        shutil.rmtree(TREE, ignore_errors=True)
        os.mkdir(TREE)
    night = [Registrar("a", known), Registrar("b", known), Changer("c", known)]
    queuer, archivist = Queuer("q", known), Archivist("h", known)
    workers = night + [queuer, archivist]
    for w in workers:
        w.start()
    time.sleep(rnd.uniform(0.02, 0.35))
    if rnd.random() < 0.3:
        os.sync()  # what was not acknowledged may be on the disk, too
        time.sleep(rnd.uniform(0, 0.02))
    stop.set()
    cut()
    for w in workers:
        w.join()
    unmount()
    mount()
    restart_machine()
    totals["cuts"] += 1
    totals["operations"] += sum(w.operations for w in workers)
    totals["moves, changes, deletions, copies"] += night[-1].operations
    attempted = {n: v for w in night for n, v in w.attempted.items()}
    attempted |= {"next.fits": 1} | {f"s{i}.fits": 1 for i in range(FIXED)} | dict.fromkeys(known["changes"]["going"], 1)
    totals["rows acknowledged"] += sum(len(w.acknowledged) for w in workers)
    for w in workers:
        check(not w.strange, f"cut {number}: before it: {w.strange}")
    look_at_queue(queuer, f"cut {number}, the queue")
    look_at_headers(archivist, f"cut {number}, header tables")
    behind = f"behind{number}.fits"
    image(behind, 1)
    run("imsort", "-db", QUEUED, behind, code=0)
    queuer.attempted[behind] = queuer.acknowledged[behind] = 1
    look_at_queue(queuer, f"cut {number}, the queue after the next writer")
    if archivist.attempted:
        run("imingest", "-db", HEADERS, TREE, code=0)
        archivist.acknowledged.update(archivist.attempted)
        look_at_headers(archivist, f"cut {number}, header tables after the next run", last=True)
    for when in ("a reader", "after the next writer"):
        what = f"cut {number}, {when}"
        acknowledged = {n: v for w in night for n, v in w.acknowledged.items()}
        if not os.path.exists(DB):
            check(not acknowledged and not known["registered"], f"{what}: the database is gone, {len(acknowledged)} rows were acknowledged")
            break
        found = rows_in(DB, what)
        for name, row in found.items():
            check(1 <= row["exptime"] <= attempted.get(name, 0), f"{what}: an invented row {row}")
        lost(found, acknowledged, what)
        look_at_changes(found, known, what)
        look_at_copy(known, f"{what}, the copy")
        for name, row in found.items():  # what is there now stays
            known["registered"] |= name[0] == "s"
            for w in night:
                if name in w.attempted:
                    w.acknowledged[name] = max(row["exptime"], w.acknowledged.get(name, 0))
        if when == "a reader":
            image("next.fits", 1)
            run("imregister", "-db", DB, "next.fits", code=0)
            whole(DB, f"cut {number}")
print(", ".join(f"{value} {name}" for name, value in totals.items()))
finish()
