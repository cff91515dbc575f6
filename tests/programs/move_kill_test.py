#!/usr/bin/python3
"""immv and imrm are killed before each call that changes the disk (strace), and at random moments; each of these calls fails once.
Behind that, and the next command, files and rows agree and are all at the old place or all at the new one. Sometimes another program
registers everything before the next command comes."""
import itertools, random, threading, time
from harness import *

need_strace()
MOST = 3  # of one kind at one call of one job; in the long form others, too
SHM = tempfile.mkdtemp(prefix="imreg-move-", dir="/dev/shm")  # another file system
atexit.register(shutil.rmtree, SHM, True)
CALLS = "openat pwrite64 fdatasync fsync ftruncate fallocate rename renameat2 unlink rmdir mkdir symlink chmod lchown utimensat".split()
FAULTS = {"EIO": CALLS, "ENOSPC": "openat pwrite64 fallocate rename renameat2 mkdir symlink".split(), "EROFS": "renameat2 rename unlink openat".split(),
          "EINTR": "openat pwrite64 fdatasync fsync ftruncate fallocate".split()}
REASONS = {"EIO": "Input/output error", "ENOSPC": "No space left", "EROFS": "Read-only file system", "EINTR": "Interrupted"}
SLOTS = 4

# --- places to work in, each with a copy of what it begins with
serial = itertools.count(1)


def place(slot):
    here, there = f"{work}/live{slot}", f"{SHM}/live{slot}"
    for path, shape in (("a/1.fits", (4, 4)), ("a/2.fits", (4, 4, 2)), ("a/in/3.fits", (4, 4)), ("c/4.fits", (4, 4)), ("c/other.fits", (4, 4))):
        image(f"{here}/{path}", shape=shape, OBJECT=f"o{next(serial)}")
    image(f"{there}/far.fits", OBJECT=f"o{next(serial)}")
    write(f"{here}/a/in/notes.txt", "clouds\n")
    os.symlink("notes.txt", f"{here}/a/in/link")
    os.makedirs(f"{here}/b")
    run("imregister", "-db", f"{here}/x.db", image(f"{here}/c/deleted.fits"), code=0)
    run("imrm", "-db", f"{here}/x.db", f"{here}/c/deleted.fits", code=0)
    run("imregister", "-db", f"{here}/x.db", f"{here}/a/1.fits", f"{here}/a/2.fits", f"{here}/a/in/3.fits", f"{here}/c", there, code=0)
    shutil.copytree(here, f"{work}/saved{slot}", symlinks=True)
    shutil.copytree(there, f"{SHM}/saved{slot}", symlinks=True)


def restore(slot, job):
    for top in (work, SHM):
        shutil.rmtree(f"{top}/live{slot}", ignore_errors=True)
        shutil.copytree(f"{top}/saved{slot}", f"{top}/live{slot}", symlinks=True)
    if job == "finish":  # of what a killed immv has left
        inject(f"{work}/begun.{slot}.trace", "renameat2", "signal=KILL", 2, command("files", slot))
        check(os.path.exists(f"{work}/live{slot}/x.db.moving"), "immv that is killed leaves something to be finished")


JOBS = {"files": ["immv", "-db", "@/x.db", "@/a/1.fits", "@/a/2.fits", "@/b"],
        "folder": ["immv", "-db", "@/x.db", "@/a", "@/b"],
        "copied file": ["immv", "-db", "@/x.db", "@/a/2.fits", "%/new.fits"],
        "copied folder": ["immv", "-db", "@/x.db", "@/a", "%"],
        "both": ["immv", "-db", "@/x.db", "@/c/4.fits", "%/far.fits", "@/a/in", "@/b"],
        "remove files": ["imrm", "-db", "@/x.db", "@/a/1.fits", "@/a/2.fits", "%/far.fits"],
        "remove folder": ["imrm", "-db", "@/x.db", "-r", "-f", "@/a"],
        "finish": ["imcheck", "-db", "@/x.db", "-finish"]}


def command(job, slot):
    return [os.path.join(BIN, JOBS[job][0]), *(a.replace("@", f"{work}/live{slot}").replace("%", f"{SHM}/live{slot}") for a in JOBS[job][1:])]


def started(line):
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


def state(slot, what):
    """Images on disk and in rows, as paths that say nothing of the slot."""
    tops = [f"{work}/live{slot}", f"{SHM}/live{slot}"]
    tidy = lambda path: path.replace(tops[0], "@").replace(tops[1], "%")
    disk, found, left = {}, {}, []
    for top in tops:
        for at, _, names in os.walk(top):
            left += [n for n in names + [os.path.basename(at)] if n.startswith(".imreg") or ".moving" in n]
            for name in names:
                path = os.path.join(at, name)
                if name.endswith(".fits") and not at.count(".imreg"):
                    data = read(path)
                    disk[tidy(path)] = data[data.find(b"OBJECT  = '") + 11:][:8].decode().split("'")[0].strip()
    out = started([os.path.join(BIN, "imsearch"), "-db", f"{tops[0]}/x.db", "-format", "json"])
    check(out.returncode in (0, 1) and not out.stderr, f"{what}: imsearch: {out.stderr}")
    for line in out.stdout.splitlines():
        row = json.loads(line)
        found.setdefault(tidy(os.path.join(row["pathname"], row["filename"])), []).append((row["object"], row["extension"], row["slice"]))
    return disk, {p: sorted(r) for p, r in found.items()}, left


tally, lock, wanted, free = {}, threading.Lock(), {}, list(range(SLOTS))


def count(key):
    with lock:
        tally[key] = tally.get(key, 0) + 1


class Slot:
    def __init__(self, job):
        self.job = job

    def __enter__(self):
        with lock:
            self.number = free.pop()
        restore(self.number, self.job)
        return self.number

    def __exit__(self, *_):
        with lock:
            free.append(self.number)


def ends(job, slot):
    """What there may be behind a success: who ends what another has begun goes on with it, or takes it back."""
    return wanted[job, slot][job != "finish":]


def judge(job, slot, what, rnd):
    """What is there when the program has stopped, and behind the next one."""
    base, moving = f"{work}/live{slot}", f"{work}/live{slot}/x.db.moving"
    before, after = wanted[job, slot]
    ours = lambda s: s[:2]
    now = state(slot, what)
    begun = os.path.exists(moving)
    if begun:
        count("named")
        out = started([os.path.join(BIN, "imcheck"), "-db", f"{base}/x.db"])
        check(out.returncode == 4 and "imcheck -finish" in out.stderr, f"{what}: imcheck: {out.returncode} {out.stderr}")
    else:
        check(ours(now) in (before, after), f"{what}: neither old nor new, and nothing names it: {now}")
    between = begun and rnd.random() < 0.4
    if between:
        count("registered meanwhile")
        out = started([os.path.join(BIN, "imregister"), "-db", f"{base}/x.db", base, f"{SHM}/live{slot}"])
        check(out.returncode == 0 or "a/in/link: cannot look at it" in out.stderr, f"{what}: imregister: {out.stderr}")  # its target has gone before it
    if begun and rnd.random() < 0.3:
        count("compacted meanwhile")
        out = started([os.path.join(BIN, "imcheck"), "-db", f"{base}/x.db", "-compact"])
        check(out.returncode == 0 and " taken out" in out.stdout, f"{what}: -compact: {out.stdout} {out.stderr}")
    way = rnd.choice(["finish", "again", "other", "other rm"])
    line = {"finish": [os.path.join(BIN, "imcheck"), "-db", f"{base}/x.db", "-finish"], "again": command(job, slot),
            "other": [os.path.join(BIN, "immv"), "-db", f"{base}/x.db", f"{base}/c/other.fits", f"{base}/c/same.fits"],
            "other rm": [os.path.join(BIN, "imrm"), "-db", f"{base}/x.db", f"{base}/nothing"]}[way]
    out = started(line)
    check(out.returncode in ((0, 4) if way == "again" else (0,) if way != "other rm" else (4,)), f"{what}: {way}: {out.returncode} {out.stderr}")
    if way == "other":
        os.rename(f"{base}/c/same.fits", f"{base}/c/other.fits")  # as if nothing had been, for the comparison
    end = state(slot, what)
    if way == "other":
        end[1]["@/c/other.fits"] = end[1].pop("@/c/same.fits", None)
    check(not end[2], f"{what}: {way}: left over: {end[2]}")
    if way == "again":
        check(ours(end) in ends(job, slot), f"{what}: done again: {end}")
    else:
        check(ours(end) in (before, after), f"{what}, {way}{', registered between' if between else ''}: neither old nor new: {end}\n  wanted {before}\n  or {after}")
        count("new" if ours(end) == after else "old")
    out = started([os.path.join(BIN, "imcheck"), "-db", f"{base}/x.db"])
    # The history's next writer is the next bulk change: until then its rows may stand behind its count.
    other = [e for e in out.stderr.splitlines() if not (".history: warning: " in e and "the next writer" in e)]
    check(out.returncode == 0 or out.returncode == 4 and not [e for e in other if "warning: " in e], f"{what}: {way}: imcheck: {out.returncode} {out.stderr}")


def prepare(job, slot):
    restore(slot, "")
    before = state(slot, job)[:2]
    restore(slot, job)
    trace = f"{work}/{job}.{slot}.trace"
    out = strace(trace, CALLS, command(job, slot))
    check(out.returncode == 0, f"{job}: {out.stderr}")
    after = state(slot, job)
    check(before != after[:2] and not after[2], f"{job}: it does something, and leaves nothing: {after[2]}")
    equal({p: sorted({o for o, *_ in r}) for p, r in after[1].items()}, {p: [o] for p, o in after[0].items()}, f"{job}: rows and files")
    wanted[job, slot] = before, after[:2]
    return changing_calls(trace, "/live")


def traced(job, slot, call, action, nth):
    return inject(f"{work}/{job}-{call}-{action}-{nth}.trace".replace(" ", "_"), call, action, nth, command(job, slot))


def reached(lines, out, job, slot, what):
    """How many calls a program makes differs by one or two from run to run: it may end before the last one."""
    if not lines:
        count("not reached")
        check(out.returncode == 0, f"{what}: not reached, and it ended with {out.returncode}: {out.stderr}")
        equal(state(slot, what)[:2], wanted[job, slot][1], f"{what}: not reached, so all is done")
    return bool(lines)


def kill(job, call, nth):
    with Slot(job) as slot:
        out, lines = traced(job, slot, call, "signal=KILL", nth)
        if reached(lines, out, job, slot, f"{job}: {call} {nth}"):
            count("kills")
            judge(job, slot, f"{job}: killed at {call} {nth}", random.Random(f"{job}{call}{nth}"))


def fail(job, call, error, nth):
    with Slot(job) as slot:
        out, lines = traced(job, slot, call, f"error={error}", nth)
        what = f"{job}: {call} {nth} {error} {(lines[0] if lines else '')[:150]}"
        if not reached(lines, out, job, slot, what):
            return
        count(error)
        errors = [l for l in out.stderr.splitlines() if not l.startswith("strace: ")]
        check(out.returncode in (0, 3, 4), f"{what}: exit code {out.returncode}: {errors}")
        begun = os.path.exists(f"{work}/live{slot}/x.db.moving")
        if out.returncode == 0:
            count("survived")
            check(not begun, f"{what}: it said that all is done")
            check(state(slot, what)[:2] in ends(job, slot), f"{what}: it said that all is done")
        else:
            check(len(errors) >= 1 and any(REASONS[error] in e for e in errors), f"{what}: {errors}")
            check(all(e.startswith(JOBS[job][0] + ": ") for e in errors), f"{what}: {errors}")
            check(not begun or job == "finish" or any("imcheck -finish" in e for e in errors), f"{what}: {errors}")
        judge(job, slot, what, random.Random(f"{job}{call}{nth}{error}"))


def at_random(job, number):
    rnd = random.Random(f"{job}{number}")
    with Slot(job) as slot:
        process = subprocess.Popen(command(job, slot), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rnd.uniform(0, 0.03))
        process.kill()
        count("killed at random" if process.wait() else "too late")
        judge(job, slot, f"{job}: killed at random, {number}", rnd)


def some(things, rnd):
    return things if len(things) <= MOST else sorted([things[0], things[-1], *rnd.sample(things[1:-1], MOST - 2)])


for slot in range(SLOTS):
    place(slot)
only = os.environ.get("IMREG_JOB")
rnd = random.Random(6)
tasks, others = [], []
for job in [j for j in JOBS if not only or j == only]:
    for slot in range(SLOTS):
        calls = prepare(job, slot)
    # What decides is killed and fails always: renames, removals; the rest by some.
    for call, numbers in calls.items():
        all_of_them = call in ("renameat2", "unlink", "rmdir", "rename")
        tasks += [(kill, job, call, nth) for nth in (numbers if all_of_them else some(numbers, rnd))]
        others += [(kill, job, call, nth) for nth in numbers]
        for error in [e for e, those in FAULTS.items() if call in those]:
            tasks += [(fail, job, call, error, nth) for nth in some(numbers, rnd)[-2:]]
            others += [(fail, job, call, error, nth) for nth in numbers]
    tasks += [(at_random, job, n) for n in range(4)]
    others += [(at_random, job, n) for n in range(4, 200)]
in_threads(SLOTS, long_form(tasks, sorted(set(others) - set(tasks), key=str)))
print(dict(sorted(tally.items())))
check(tally.get("not reached", 0) <= (40 if LONG else 4), "calls that were not reached")
finish()
