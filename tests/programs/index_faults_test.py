#!/usr/bin/python3
"""File operations of imregister and imregtable fail from outside (strace --inject) one after the other, on the database and on its
index: rows that were acknowledged are there once, searches say the same with the index and without, and messages say what failed."""
import re, resource, signal
from harness import *

need_strace()
SUFFIXES = ["", ".idx", ".idx.new", ".idx.tmp", ".journal"]
QUERIES = [["-type", "object"], ["-cone", "150", "2", "1d"], ["-name", "n*"], ["-trange", "2001-01-20", "2001-02-10", "-sort", "obstime"],
           ["-group", "type,filter"], ["-count", "-filter", "r"]]
NAMES = [f"n{i}.fits" for i in range(4)]


def images(version):
    for i, name in enumerate(NAMES):
        image(f"in/{name}", EXPTIME=version + i, OBJECT=f"v{version}", FILTER="r" if version > 100 else "i", DATE_OBS=f"2001-01-27T10:20:{10 + i}")


run("imsim", "-rows", 5000, "-db", "base.db", code=0)
images(100)
run("imregister", "-db", "base.db", *[f"in/{n}" for n in NAMES[:2]], code=0)
images(200)
run("imregister", "-db", "other.db", "in", code=0)
check(os.path.exists("base.db.idx"), "the database has an index")
REGISTER = ["imregister", "-db", "x.db"]
# what is run, whether there is an index, the images that it writes
JOBS = {"one": (REGISTER + ["in/n0.fits"], True, 1), "batch": (REGISTER + ["in"], True, 4), "made": (REGISTER + ["in/n2.fits"], False, 0),
        "made by a batch": (REGISTER + ["in"], False, 4), "merge": (["imregtable", "-db", "x.db", "other.db"], True, 4)}

# "retval": the disk says that it has written a page, and has not.
CALLS = {"error=EIO": ("openat", "pread64", "pwrite64", "fdatasync", "fsync", "ftruncate", "fallocate", "rename", "mmap", "unlink"),
         "error=ENOSPC": ("openat", "pwrite64", "fallocate"), "error=EINTR": ("openat", "pwrite64", "fdatasync"), "retval=4096": ("pwrite64",)}


def start(with_index):
    for suffix in SUFFIXES + [".lock", ".lost"]:
        if os.path.exists("x.db" + suffix):
            os.remove("x.db" + suffix)
    shutil.copy("base.db", "x.db")
    if with_index:
        shutil.copy("base.db.idx", "x.db.idx")


def answers():
    return [subprocess.run([os.path.join(BIN, "imsearch"), "-db", "x.db", *q], capture_output=True, text=True) for q in QUERIES]


def look(what, done, whole):
    """Every image once; of the first `done` the values of now, when it was acknowledged: `whole`."""
    kept = answers()
    check(all(a.returncode in (0, 1) for a in kept), f"{what}: {[a.stderr for a in kept]}")
    if os.path.exists("x.db.idx"):
        os.rename("x.db.idx", "aside")
        bare = answers()
        os.rename("aside", "x.db.idx")
        for query, a, b in zip(QUERIES, kept, bare):
            equal((a.returncode, a.stdout), (b.returncode, b.stdout), f"{what}: {query} with the index and without")
    found = {}
    for row in rows("x.db", "-name", "n*"):
        check(row["filename"] not in found, f"{what}: {row['filename']} is there twice")
        found[row["filename"]] = row["exptime"]
    for i, name in enumerate(NAMES):
        if whole and i < done:
            equal(found.get(name), 200 + i, f"{what}: {name} was acknowledged")
        else:
            check(found.get(name) in (100 + i, 200 + i, None if i > 1 else 100 + i), f"{what}: {name} has {found.get(name)}")


def fail(job, call, fault, nth):
    line, with_index, done = JOBS[job]
    start(with_index)
    paths = [w for suffix in SUFFIXES for w in ("-P", os.path.join(work, "x.db" + suffix))]
    out, lines = inject("trace", call, fault, nth, [os.path.join(BIN, line[0]), *line[1:]], *paths)
    return out, lines[0] if lines else "", done


tried = noted = refused = 0


def fails_at(job, call, fault, nth):
    """Whether there is such a call."""
    global tried, noted, refused
    out, hit, done = fail(job, call, fault, nth)
    what = f"{job}: {call} {nth} {fault} {hit[:200]}"
    index = ".idx" in hit
    if not hit or (fault == "retval=4096" and not index):
        return hit  # a disk that lies about rows
    tried += 1
    program = JOBS[job][0][0]
    errors = [e for e in out.stderr.splitlines() if not e.startswith("strace: ")]
    check(all(e.startswith(program + ": ") for e in errors), f"{what}: messages: {errors}")
    if index:
        equal(out.returncode, 0, f"{what}: rows do not suffer: {errors}")
    else:
        check(out.returncode in (0, 3), f"{what}: exit code {out.returncode}: {errors}")
    if fault == "error=EINTR" and call != "fdatasync":  # a sync that failed is never tried again
        equal((out.returncode, errors), (0, []), f"{what}: an interrupted call is made again")
    if out.returncode == 3:
        refused += 1
        reason = {"error=EIO": "Input/output error", "error=ENOSPC": "No space left", "error=EINTR": "Interrupted"}[fault]
        check(any("x.db" in e and (reason in e or "a write failed before" in e) for e in errors), f"{what}: says what failed: {errors}")
    if index and out.returncode == 0 and (call == "fdatasync" or fault in ("error=EIO", "error=ENOSPC")) and call in ("pwrite64", "fdatasync", "rename"):
        noted += 1
        check(len(errors) == 1 and "index could not be kept" in errors[0], f"{what}: a note: {errors}")
        check(not os.path.exists("x.db.idx"), f"{what}: the index is removed")
    look(what, done, out.returncode == 0)
    if out.returncode:
        run(*JOBS[job][0], code=0)
        look(what + ", again", done, True)
    check(not os.path.exists("x.db.idx.new") and not os.path.exists("x.db.idx.tmp") or call == "unlink", f"{what}: left over")
    return hit


others = []
for job in JOBS:
    for call in CALLS["error=EIO"]:
        for fault in CALLS:
            if call in CALLS[fault]:
                nth = 1
                while fails_at(job, call, fault, nth):  # the first ones, and some of many
                    others += [(job, call, fault, n) for n in range(nth + 1, nth + 1 + nth // 3)]
                    nth += 1 + nth // 3
for case in long_form((), others):
    fails_at(*case)
check(tried > 150 and noted > 20 and refused > 10, f"{tried} faults, {noted} noted, {refused} refused")

# writes that end halfway: the file may not grow
end = os.path.getsize("base.db")
for job in ("one", "batch", "merge"):
    for room in (-262144, 0, 1, 100, 511, 512, 513, 1500):
        start(True)
        line = JOBS[job][0]
        out = subprocess.run([os.path.join(BIN, line[0]), *line[1:]], capture_output=True, text=True, preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (end + room, end + room))))
        check(out.returncode in (0, 3), f"{job}: room for {room} bytes: exit code {out.returncode} {out.stderr}")
        check(out.returncode == 0 or "x.db" in out.stderr, f"{job}: room for {room} bytes: {out.stderr}")
        look(f"{job}: room for {room} bytes", JOBS[job][2], out.returncode == 0)
        run(*line, code=0)
        look(f"{job}: room for {room} bytes, again", JOBS[job][2], True)
print(tried, "faults,", noted, "noted,", refused, "refused")
finish()
