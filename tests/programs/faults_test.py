#!/usr/bin/python3
"""Every program that writes, while its disk fails: each call that writes or syncs fails once (strace --inject), writes less than
it was given (a shim), finds a limit on file sizes, or a disk that is full (tmpfs). No row that was there is lost, a step is there
wholly or not at all, one line says what failed, and the program run again does the rest. The index: index_faults_test.py; immv, imrm and imcheck -finish: move_kill_test.py."""
import ctypes, random, re, threading
from concurrent.futures import ThreadPoolExecutor
from harness import *
from database import records, store

need_strace()
MOST = 4  # faults of one kind at one call of one job; in the long form others, too
rnd = random.Random(5)
# A mount of our own goes with us, however we end.
MOUNTS = os.getuid() == 0 and ctypes.CDLL(None).unshare(0x20000) == 0 and subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode == 0

CALLS = {"error=EIO": "pwrite64 pwritev write fdatasync fsync ftruncate fallocate rename openat unlink mkdir",
         "error=ENOSPC": "pwrite64 pwritev write fdatasync fsync ftruncate fallocate rename openat mkdir",
         "error=EINTR": "pwrite64 pwritev write fdatasync fsync ftruncate fallocate openat"}
TRACED = sorted({c for calls in CALLS.values() for c in calls.split()})
REASONS = {"EIO": "Input/output error", "ENOSPC": "No space left", "EINTR": "Interrupted", "EFBIG": "File too large"}


OWN = ("regtime", "changeno", "crc")  # of a row that is registered at another moment, in another place


# --- what the jobs start from
def night(seed):
    run("imsim", "-o", "night", "-ccds", 3, "-objects", 1, "-seed", seed, code=0)
    os.remove("night/truth.csv")


night(1)
FOLDER = os.path.join("night", os.listdir("night")[0])
IMAGES = sorted(os.path.join(work, FOLDER, n) for n in os.listdir(FOLDER))
run("imsim", "-rows", 300, "-db", "half.db", code=0)
run("imregister", "-db", "half.db", "-root", f"FAR={work}/far", *IMAGES[:5], code=0)
shutil.copytree("night", "night1")
night(2)
run("imregister", "-db", "whole.db", "night", code=0)
run("convertimreg", "whole.db", "elixir.db", "-to", "v3", code=0)
os.makedirs("saved")
for n in ("half.db", "half.db.roots"):
    shutil.copy(n, n.replace("half", "deleted"))
for n in ("half.db", "half.db.roots"):
    shutil.copy(n, n.replace("half", "moved"))
run("imrelocate", "-db", "moved.db", "-go", "/data", "/elsewhere", code=0)
for n in ("half.db", "half.db.roots"):
    shutil.copy(n, n.replace("half", "rooted"))
run("imrelocate", "-db", "rooted.db", "-go", "-make-root", "ALL=/data", code=0)
for n in ("rooted.db", "rooted.db.journal", "rooted.db.roots", "rooted.db.history"):
    shutil.copy(n, n.replace("rooted", "turned"))
run("imrelocate", "-db", "turned.db", "-root", "ALL=/turned", code=0)
marked = records("deleted.db")
marked["DELETED"][::3] = ord("T")
store("deleted.db", marked)
for n in ("half.db", "half.db.roots"):
    shutil.copy(n, n.replace("half", "rotten"))
with open("rotten.db", "r+b") as f:
    f.seek(-2880 - 1000, 2)
    f.write(b"rot")
run("imbackup", "-db", "half.db", "saved", code=0)
shutil.copy("half.db", "few.db")  # the backup knows less, by a few rows, or by many
shutil.copy("half.db", "many.db")
run("imregister", "-db", "few.db", IMAGES[0], IMAGES[6], code=0)
run("imregister", "-db", "many.db", "night", code=0)
os.makedirs("folder")
for n in ("half.db", "half.db.roots"):
    shutil.copy(n, "folder/" + n.replace("half", "Imreg"))
shutil.copy("half.db", "folder/more.db")
run("imbackup", "-db", "folder", "family", code=0)
run("imsim", "-rows", 400, "-seed", 3, "-db", "sim.db", code=0)
run("imregtable", "-db", "many.db", "sim.db", code=0)
for n in ("whole.db", "whole.db.journal"):
    if os.path.exists(n):
        shutil.copy(n, n.replace("whole", "measured"))
shutil.copytree("night", "queued")
run("imsort", "-db", "measured.db", "queued", code=0)
measured = run("imstats", "-format", "json", *sorted(os.path.join(at, n) for at, _, names in os.walk("night") for n in names)).stdout
write("night.stats", measured.replace('"file":"night/', f'"file":"{work}/night/'))
for log, probe in (("first.log", 2), ("night.log", 43)):
    write(log, "".join(f"2001-01-{d}T{h:02}:{m:02}:00Z {probe} {h / 2 + m / 100:.2f}\n" for d in (26, 27) for h in range(24) for m in range(0, 60, 10)))
run("imtemps", "-db", "measured.db", "import", "first.log", code=0)
for at, _, names in os.walk("."):
    for n in names:
        if n.endswith(".lock") and (at == "." or ".queue" in at):
            os.remove(os.path.join(at, n))


class Job:
    """A command; the files that it starts from (name: name in its folder); the database that it makes; how it ends when all is well;
    `wholly`: all of it or nothing, else each image (and each line of `listed`); `refuses`: behind a success it would refuse what it has made."""

    def __init__(self, name, line, files=(), result="x.db", code=0, wholly=False, refuses=False, listed=None, idle=None, made=()):
        self.name, self.line, self.files, self.result, self.code, self.wholly, self.refuses = name, line, dict(files), result, code, wholly, refuses
        self.listed = listed  # what else is compared: {key: value} of a folder
        self.made = set(made)  # by a second run
        self.codes = (code, code if idle is None else idle)  # and when it was done before

    def start(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for source, target in self.files.items():
            if os.path.isdir(source):
                shutil.copytree(source, f"{folder}/{target}")
            elif os.path.exists(source):
                shutil.copy(source, f"{folder}/{target}")

    def command(self, folder):
        return [os.path.join(BIN, self.line[0]), *(a.replace("@", folder) for a in self.line[1:])]


def as_x(database):
    return {database + e: "x.db" + e for e in ("", ".journal", ".roots", ".history")}


def queue_lines(folder):
    """{(queue, image, ccd): how many lines}. A line whose announcer has ended is one when its image is registered: the next who
    comes sees that."""
    registered = {os.path.join(*key) for key in content(f"{folder}/x.db", "queue")}
    found = {}
    out = started([os.path.join(BIN, "imqueue"), "-db", f"{folder}/x.db", "-format", "json", "show"])
    check(out.returncode in (0, 1, 3), f"imqueue: {out.returncode} {out.stderr}")
    for line in map(json.loads, out.stdout.splitlines()):
        if line["state"] != "announced" or line["path"] in registered:
            key = line["queue"], line["path"], line["ccd"]
            found[key] = found.get(key, 0) + 1
    return found


def temperatures(folder):
    out = started([os.path.join(BIN, "imtemps"), "-db", f"{folder}/x.db", "extract", "2001-01-26", "2d"])
    check(out.returncode in (0, 1), f"imtemps: {out.returncode} {out.stderr}")
    return {line: 1 for line in out.stdout.splitlines()}


def waiting(folder):
    out = started([os.path.join(BIN, "imstatreg"), "-db", f"{folder}/x.db", "-pending", "-format", "json"])
    check(out.returncode in (0, 1), f"imstatreg: {out.returncode} {out.stderr}")
    return {line: 1 for line in re.findall(r"[^/]*\.fits[^{]*", out.stdout)}


SAVED = {"saved": "copy"}
MEASURED = {**as_x("measured.db"), "measured.db.queue": "x.db.queue", "measured.db.temps": "x.db.temps"}
JOBS = [
    Job("new database", ["imregister", "-db", "@/x.db", work + "/night"]),
    Job("append", ["imregister", "-db", "@/x.db", *IMAGES[5:8]], as_x("half.db")),
    Job("registered again", ["imregister", "-db", "@/x.db", IMAGES[2]], as_x("half.db")),
    Job("batch", ["imregister", "-db", "@/x.db", work + "/night"], as_x("half.db")),
    Job("merge", ["imregtable", "-db", "@/x.db", "@/other.db"], {**as_x("half.db"), "whole.db": "other.db"}),
    Job("merge into a new one", ["imregtable", "-db", "@/x.db", "@/other.db"], {"whole.db": "other.db"}),
    Job("convert", ["convertimreg", "@/old.db", "@/x.db"], {"half.db": "old.db", "half.db.roots": "old.db.roots"}, wholly=True, refuses=True),
    Job("convert to v3", ["convertimreg", "@/old.db", "@/x.db", "-to", "v3"], {"half.db": "old.db"}, wholly=True, refuses=True),
    Job("convert from v3", ["convertimreg", "@/old.db", "@/x.db"], {"elixir.db": "old.db"}, wholly=True, refuses=True),
    Job("simulate", ["imsim", "-rows", "400", "-db", "@/x.db"], wholly=True, refuses=True),
    Job("repair", ["imcheck", "-db", "@/old.db", "-repair", "@/x.db"], {"rotten.db": "old.db", "rotten.db.roots": "old.db.roots"}, code=4,
        wholly=True, refuses=True),
    Job("rebuild index", ["imcheck", "-db", "@/x.db", "-rebuild-index"], as_x("half.db"), wholly=True),
    Job("trim", ["imcheck", "-db", "@/x.db", "-trim"], as_x("few.db"), wholly=True),
    Job("relocate", ["imrelocate", "-db", "@/x.db", "-go", work, "/elsewhere"], as_x("half.db"), wholly=True, refuses=True),
    Job("undo", ["imrelocate", "-db", "@/x.db", "-go", "-undo", "1"], as_x("moved.db"), wholly=True, refuses=True),
    Job("change a root", ["imrelocate", "-db", "@/x.db", "-root", "ALL=/there"], as_x("rooted.db"), wholly=True),
    Job("make a root", ["imrelocate", "-db", "@/x.db", "-go", "-make-root", f"WORK={work}"], as_x("half.db"), wholly=True, refuses=True),
    Job("undo of a root", ["imrelocate", "-db", "@/x.db", "-go", "-undo", "1"], as_x("turned.db"), wholly=True, refuses=True),
    Job("modify", ["imsearch", "-db", "@/x.db", "-modify", "filter", "none", "-all"], as_x("half.db"), wholly=True, refuses=True),
    Job("compact", ["imcheck", "-db", "@/x.db", "-compact"], as_x("deleted.db"), wholly=True),
    Job("first backup", ["imbackup", "-db", "@/x.db", "@/copy"], as_x("half.db"), "copy/Imreg.db", wholly=True),
    Job("backup of a few", ["imbackup", "-db", "@/x.db", "@/copy"], {**as_x("few.db"), **SAVED}, "copy/Imreg.db", wholly=True),
    Job("backup of many", ["imbackup", "-db", "@/x.db", "@/copy"], {**as_x("many.db"), **SAVED}, "copy/Imreg.db", wholly=True),
    Job("full backup", ["imbackup", "-db", "@/x.db", "@/copy", "-full"], {**as_x("few.db"), **SAVED}, "copy/Imreg.db", wholly=True),
    Job("restore", ["imbackup", "-restore", "@/copy", "@/x.db"], SAVED, wholly=True, refuses=True),
    Job("restore a folder", ["imbackup", "-restore", "@/copy", "@/Imreg.db"], {"family": "copy"}, "Imreg.db", wholly=True, refuses=True),
    Job("backup of a folder", ["imbackup", "-db", "@/Imreg.db", "@/copy"], {"many.db": "Imreg.db", "few.db": "more.db", "family": "copy"},
        "copy/Imreg.db", wholly=True),
    Job("delete", ["imsearch", "-db", "@/x.db", "-where", "ccd = 0", "-delete"], as_x("half.db"), wholly=True, refuses=True),
    Job("register and queue", ["imsort", "-db", "@/x.db", work + "/night"], as_x("half.db"), listed=queue_lines),
    Job("statistics", ["imstatreg", "-db", "@/x.db", work + "/night.stats"], as_x("whole.db")),
    Job("statistics that wait", ["imstatreg", "-db", "@/x.db", work + "/night.stats"], as_x("sim.db"), listed=waiting, made=["x.db.pending.journal"]),
    Job("import temperatures", ["imtemps", "-db", "@/x.db", "import", work + "/night.log"], MEASURED, listed=temperatures, wholly=True),
    Job("fill in temperatures", ["imtemps", "-db", "@/x.db", "-go", "fill"], MEASURED, listed=temperatures, idle=1),
    Job("fill a queue", ["imqueue", "-db", "@/x.db", "-all", "fill", "IMSTAT"], as_x("whole.db"), listed=queue_lines, idle=1),
    Job("clear a queue", ["imqueue", "-db", "@/x.db", "-all", "clear", "IMSTAT"], MEASURED, listed=queue_lines, idle=1),
]


def files_of(folder):
    return {os.path.relpath(os.path.join(at, n), folder) for at, _, names in os.walk(folder) for n in names}


def started(line, **more):
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env={**os.environ, **more})


def content(path, what):
    """{image: its rows}; without the time of registration, which is that of the run."""
    if not os.path.exists(path):
        return {}
    out = started([os.path.join(BIN, "imsearch"), "-db", path, "-format", "json"])
    check(out.returncode in (0, 1) and not out.stderr, f"{what}: imsearch: {out.returncode} {out.stderr}")
    found = {}
    for line in out.stdout.splitlines():
        row = json.loads(line)
        for field in OWN:
            row.pop(field, None)
        found.setdefault((row["pathname"], row["filename"]), []).append(row)
    return found


def content_of(job, folder, what):
    found = content(f"{folder}/{job.result}", what)
    return {**found, **job.listed(folder)} if job.listed else found


def whole(job, folder, what, after_fault=False):
    """imcheck finds nothing, or what a writer that failed may leave: counts and free room that the next one corrects."""
    path = f"{folder}/{job.result}"
    if not os.path.exists(path):
        return
    out = started([os.path.join(BIN, "imcheck"), "-db", path])
    # The history's next writer is the next bulk change, which the same command run again need not be; a queue's the next worker, and so on.
    found = [e for e in clean(out.stderr, folder) if not ((after_fault or re.search(r"\.(history|queue|pending): warning: ", e)) and "the next " in e)]
    check(out.returncode == 0 or out.returncode == 4 and not found, f"{what}: imcheck: {out.returncode} {found}")


tally, lock = {}, threading.Lock()


def count(key, n=1):
    with lock:
        tally[key] = tally.get(key, 0) + n


def clean(text, folder):
    return [re.sub(r"\.new\d+", ".new", l.replace(folder, "@")) for l in text.splitlines() if not l.startswith("strace: ")]


def judge(job, folder, what, out, reason, retried=False):
    """What is there after a fault, and after the same command without it."""
    program, result = job.line[0], f"{folder}/{job.result}"
    errors = [e for e in clean(out.stderr, folder) if e not in job.errors]
    check(out.returncode in (job.code, 3), f"{what}: exit code {out.returncode}: {errors}")
    check(all(e.startswith(program + ": ") for e in errors), f"{what}: messages: {errors}")
    if retried:
        equal((out.returncode, errors), (job.code, []), f"{what}: the call is made again")
    if out.returncode == 3:
        check(len(errors) == 1 and reason in errors[0] and "@" in errors[0], f"{what}: one line names the file and {reason!r}: {errors}")
    for name, bytes_ in job.inputs.items():
        equal(read(f"{folder}/{name}") == bytes_, True, f"{what}: {name} is only read")
    whole(job, folder, what, out.returncode == 3)
    found = content_of(job, folder, what)
    if out.returncode == job.code:
        count("survived")
        check(found == job.after, f"{what}: it said that it is done")
    elif job.wholly:
        check(found in (job.before, job.after), f"{what}: neither as it was nor as it shall be: {len(found)} images")
    else:
        check(found.keys() <= job.before.keys() | job.after.keys(), f"{what}: invented images")
        for image_ in job.before.keys() | job.after.keys():
            check(found.get(image_) in (job.before.get(image_), job.after.get(image_)), f"{what}: {image_} is half there: {found.get(image_)!r:.300}")
    left = files_of(folder) - job.files_after - job.files_before
    check(not left or "unlink" in what, f"{what}: left over: {left}")
    if out.returncode == job.code and job.refuses:
        return
    out = started(job.command(folder))
    check(out.returncode in job.codes, f"{what}: run again: exit code {out.returncode}: {out.stderr}")
    whole(job, folder, what + ", run again")
    equal(content_of(job, folder, what) == job.after, True, f"{what}: run again it gives all")
    left = files_of(folder) - job.files_after - job.files_before - job.made
    check(not left, f"{what}: run again: left over: {left}")


def prepare(job):
    """A run without faults: what it gives, and which calls it makes on files in its folder, each with its number."""
    folder = f"{work}/{job.name.replace(' ', '_')}"
    job.start(folder)
    job.files_before = files_of(folder)
    job.before = content_of(job, folder, job.name)
    job.inputs = {n: read(f"{folder}/{n}") for n in job.files_before if not n.startswith(job.result) and not n.startswith(os.path.dirname(job.result) or "/")
                  and not n.endswith((".lock", ".journal"))}
    trace = folder + ".trace"
    out = strace(trace, TRACED, job.command(folder))
    check(out.returncode == job.code, f"{job.name}: exit code {out.returncode}: {out.stderr}")
    job.errors = clean(out.stderr, folder)
    job.after = content_of(job, folder, job.name)
    check(job.after, f"{job.name}: it makes {job.result}")
    whole(job, folder, job.name)
    job.files_after = files_of(folder)
    job.sizes = [os.path.getsize(f"{folder}/{n}") for n in job.files_after]
    job.calls = changing_calls(trace, folder)
    shutil.rmtree(folder)
    return job


def fail(job, call, fault, nth):
    folder = f"{work}/{job.name}-{call}-{fault}-{nth}".replace(" ", "_").replace("=", "_")
    job.start(folder)
    out, lines = inject(folder + ".trace", call, fault, nth, job.command(folder))
    what = f"{job.name}: {call} {nth} {fault} {(lines[0] if lines else '').replace(folder, '@')[:160]}"
    if lines:
        count(fault)
        syncs = call in ("fdatasync", "fsync")
        if syncs:
            file = re.search(r"sync\((\d+<.*?>)\)", lines[0]).group(1)
            if not file.endswith("/x.db.queue>"):  # the folder of several files: the next one needs a sync of its own
                check(not any(file in l for l in lines[1:]), f"{what}: a sync that failed is tried again")
        judge(job, folder, what, out, REASONS[fault.split("=")[1]], retried="EINTR" in fault and not syncs)
    shutil.rmtree(folder)


def short(job, nth):
    folder = f"{work}/{job.name}-short-{nth}".replace(" ", "_")
    job.start(folder)
    out = started(job.command(folder), LD_PRELOAD=work + "/short.so", SHORT_AT=str(nth), SHORT_LOG=folder + ".hit")
    if os.path.exists(folder + ".hit"):
        count("short")
        judge(job, folder, f"{job.name}: write {nth} takes a part", out, "", retried=True)
    shutil.rmtree(folder)


def limited(job, size):
    folder = f"{work}/{job.name}-limit-{size}".replace(" ", "_")
    job.start(folder)
    out = started(["prlimit", f"--fsize={size}", *job.command(folder)])
    count("limit")
    judge(job, folder, f"{job.name}: files of {size} bytes at most", out, REASONS["EFBIG"])
    shutil.rmtree(folder)


def full(job, disk, room):
    """A disk with so much room behind what is there."""
    folder = f"{disk}/{job.name}".replace(" ", "_")
    job.start(folder)
    ballast = disk + "/ballast"
    with open(ballast, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * 4096)
        except OSError:
            pass
    os.truncate(ballast, max(0, os.path.getsize(ballast) - room))
    out = started(job.command(folder))
    os.remove(ballast)
    count("full disk")
    judge(job, folder, f"{job.name}: a disk with room for {room} bytes", out, REASONS["ENOSPC"])
    shutil.rmtree(folder)


def some(things):
    things = sorted(things)
    return things if len(things) <= MOST else [things[0], things[-1], *rnd.sample(things[1:-1], MOST - 2)]


only = os.environ.get("IMREG_JOB")
JOBS = [j for j in JOBS if not only or j.name == only]
with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
    for job in pool.map(prepare, JOBS):
        pass
    tasks, others = [], []

    def add(numbers, *task):
        tasks.extend((*task, nth) for nth in some(numbers))
        others.extend((*task, nth) for nth in numbers)

    for job in JOBS:
        for fault, calls in CALLS.items():
            for call in calls.split():
                add(job.calls.get(call, ()), fail, job, call, fault)
    write("short.c", """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static int calls;
  const char* nth = getenv("SHORT_AT");
  if (nth && ++calls == atoi(nth) && size > 1) {
    close(open(getenv("SHORT_LOG"), O_WRONLY | O_CREAT, 0600));
    size = calls % 2 ? size / 2 : 1;
  }
  return syscall(SYS_pwrite64, fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }
""")
    compiler = shutil.which("cc") or shutil.which("g++")
    if compiler and subprocess.run([compiler, "-x", "c", "-shared", "-fPIC", "-o", "short.so", "short.c"], capture_output=True).returncode == 0:
        for job in JOBS:
            add(range(1, 1 + len(job.calls["pwrite64"])), short, job)
    if shutil.which("prlimit"):
        for job in JOBS:
            sizes = {s + more for s in job.sizes for more in (-4096, -513, -1)} | {0, 100, 512, 513, 2880, 5761, 12000} | {max(job.sizes) * k // 7 for k in range(7)}
            add([s for s in sizes if s >= 0], limited, job)
    in_threads(2 * (os.cpu_count() or 1), long_form(tasks, [t for t in others if t not in tasks]))
    if MOUNTS:
        def on_disk(part):
            disk = f"{work}/disk{part}"
            os.mkdir(disk)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
            for job in JOBS[part::2]:
                rooms = [0, 4096, 8192, 16384, 32768, 65536, 131072, 180224, 196608, 262144, 393216, 524288]
                for room in rooms if LONG else some(rooms):
                    guarded(full, job, disk, room)
            subprocess.run(["umount", disk], check=True)
        list(pool.map(on_disk, (0, 1)))
    else:
        print("no full disk: only root can mount one")
print(", ".join(f"{k} {v}" for k, v in sorted(tally.items())))
if not only:
    check(sum(v for k, v in tally.items() if k != "survived") > 300, tally)
finish()
