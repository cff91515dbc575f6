#!/usr/bin/python3
"""The process that imregister leaves behind to merge the segments of an index: nobody waits for it, it blocks nobody, it may be killed
or come too late, and what it leaves is whole. As the subreaper of all processes below it, this script sees it, and how it ends."""
import ctypes, fcntl, random, signal, struct, time
from harness import *

SLICES = 900  # more changed rows than the head of the index has room for: each registration makes a segment
KILLS = int(os.environ.get("IMREG_KILLS", 8))
PR_SET_CHILD_SUBREAPER, F_OFD_SETLK = 36, 37
QUERIES = [["-type", "object"], ["-cone", "150", "2", "1d"], ["-name", "c[1-4].fits", "-sort", "-exptime"], ["-group", "type,filter"],
           ["-trange", "2001-01-20", "2001-02-10", "-sort", "obstime"], ["-count", "-where", "exptime > 50"], ["-last", "40"]]
rnd = random.Random(20010129)
ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
run("imsim", "-rows", 300_000, "-db", "x.db", code=0)
version = 0
pipe = os.pipe()[1]  # a descriptor of others, which it should not keep open
wanted = {}  # of each cube the exposure time that was acknowledged


def orphans():
    with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as children:
        return [int(pid) for pid in children.read().split()]


def ended(pid, seconds=60):
    """The exit code; of a process that does not end, nothing."""
    for _ in range(int(seconds * 200)):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)


def segments():
    """Number of the index, segments, changed rows: man 5 imreg-index."""
    head = read("x.db.idx")[:4096]
    return struct.unpack_from("<Q", head, 8)[0], struct.unpack_from("<q", head, 1712)[0], struct.unpack_from("<q", head, 104)[0]


def register():
    """One exposure, registered again. Its process must end by itself and at once, whoever merges."""
    global version
    version += 1
    name = f"c{version % 8}.fits"
    image(name, shape=(1, 1, SLICES), EXPTIME=float(version), DATE_OBS=f"2001-01-27T10:2{version % 8}:30")
    out = run("imregister", "-db", "x.db", name, code=0, timeout=30, pass_fds=(pipe,))
    equal(out.stderr, "", f"registration {version}")
    wanted[name] = float(version)


def grow():
    """Registers until a process is left behind."""
    for _ in range(200):
        register()
        if left := orphans():
            equal(len(left), 1, "one process is left behind")
            return left[0]
    check(False, "no process was left behind")
    finish()


def look(what):
    """Answers with the index and without, and of each cube the rows of its last registration."""
    for query in QUERIES:
        a, b = run("imsearch", "-db", "x.db", *query), run("imsearch", "-db", "x.db", "-noindex", *query)
        check(a.returncode == b.returncode == 0, f"{what}: {query}: {a.stderr} {b.stderr}")
        check(a.stdout == b.stdout, f"{what}: {query}: with the index and without")
    found = {}
    for row in rows("x.db", "-name", "c?.fits", "-fields", "filename,exptime,slice"):
        found.setdefault(row["filename"], []).append((row["slice"], row["exptime"]))
    for name, exptime in wanted.items():
        equal(sorted(found.get(name, [])), [(n, exptime) for n in range(SLICES + 1)], f"{what}: {name}")
    plan = run("imsearch", "-db", "x.db", "-explain", "-name", "c1.fits").stdout
    check("index by" in plan, f"{what}: the index answers: {plan!r}, {segments() if os.path.exists('x.db.idx') else 'no index'}")


def files_of(pid):
    """Its descriptors by number; of a process that has ended, none."""
    found = {}
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
    except OSError:
        pass
    return found


def stopped():
    """A process left behind that is stopped while it merges, without the lock. One that was too quick counts as merged."""
    for _ in range(20):
        pid = grow()
        while (files := files_of(pid)) and not any(".merge" in name for name in files.values()):
            time.sleep(0.001)
        os.kill(pid, signal.SIGSTOP)
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT).si_code == os.CLD_STOPPED:
            os.waitpid(pid, os.WUNTRACED)
            if b"process %d " % pid not in read("x.db.lock"):
                return pid
            os.kill(pid, signal.SIGCONT)
        equal(ended(pid), 0, "a merge")
    check(False, "each merge was over when it was looked at")
    finish()


@atexit.register
def end_all():
    for left in orphans():
        os.kill(left, signal.SIGKILL)


# --- it ends well: fewer segments, the same answers, nothing beside it
pid = grow()
number, before, _ = segments()
check(before > 24, f"{before} segments")
equal(ended(pid), 0, "the process")
after = segments()
check(after[0] != number and after[1] < before, f"{before} segments became {after[1]}")
check(not os.path.exists("x.db.idx.merge"), "nothing is left over")
look("after a merge")

# --- it is away from the terminal, at low priority, and has nothing open of what it was started with; it blocks nobody
pid = stopped()
with open(f"/proc/{pid}/stat") as stat:
    fields = stat.read().rpartition(")")[2].split()
equal((int(fields[3]), int(fields[16])), (pid, min(os.nice(0) + 10, 19)), "session and priority")
for number, name in files_of(pid).items():
    check(name == "/dev/null" if number < 3 else name.startswith(os.path.realpath("x.db")), f"descriptor {number} is {name}")
for _ in range(3):
    register()
look("beside a merge")
others = [other for other in orphans() if other != pid]  # they merge what the first one should: it comes too late
check(others, "others merge meanwhile")
for other in others:
    equal(ended(other), 0, "another merge")
number = segments()[0]
os.kill(pid, signal.SIGCONT)
equal(ended(pid), 0, "the late one")
equal((segments()[0], os.path.exists("x.db.idx.merge")), (number, False), "it leaves what others made")
look("after two merges")

# --- rows that are registered behind it are in what it leaves: here no other merge begins, because others hold no room for one
pid = stopped()
with open("x.db.lock", "r+b") as lock:
    fcntl.fcntl(lock, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
    os.kill(pid, signal.SIGCONT)
    number = segments()[0]
    time.sleep(1)
    equal((os.waitpid(pid, os.WNOHANG)[0], segments()[0]), (0, number), "it waits for the lock")
equal(ended(pid), 0, "it has waited")
check(segments()[0] != number, "and takes its place then")
look("after it has waited")

# --- killed at any moment, while it merges or while it takes its place
killed = 0
for attempt in range(10 * KILLS):
    pid = grow()
    time.sleep(rnd.uniform(0, rnd.choice([0.02, 0.1, 0.3])))
    os.kill(pid, signal.SIGKILL)
    killed += (code := ended(pid)) == -signal.SIGKILL
    check(code in (0, -signal.SIGKILL), f"killed: {code}")
    check(os.path.getsize("x.db.idx") > 0, "the index is there")
    if attempt % 2:
        look(f"kill {attempt}")
    if killed == KILLS or failures:
        break
check(killed == KILLS, f"{killed} were killed")
equal(ended(grow()), 0, "the next one")
check(segments()[1] <= 24 and not os.path.exists("x.db.idx.merge"), "merges, and removes what a killed one left")
look("after all")
print(version, "registrations,", killed, "killed")
finish()
