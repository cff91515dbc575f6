#!/usr/bin/python3
"""Real power cuts: a database on ext4 in a loop file, programs that register and change rows in it, and EXT4_IOC_SHUTDOWN with
NOLOGFLUSH in the middle of it: what the file system had not sent to the device is gone, as when the plug is pulled. What was
acknowledged is written down outside. After each cut the file system is mounted again (its own journal is replayed) and every
acknowledged row must be there, as it was acknowledged or newer, none mixed, none invented; the next programs go on with it.
Needs root and loop devices; 50 cuts, with IMREG_LONG=1 a thousand."""
import array, fcntl, random, struct, sys, threading, time
sys.path.insert(0, sys.argv[1] + "/tests/programs")
from harness import *

CUTS = 1000 if os.environ.get("IMREG_LONG") else 50
EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2  # _IOR('X', 125, __u32), linux/fs.h and ext4.h
rnd = random.Random(int(os.environ.get("IMREG_SEED", "20030127")))
IMAGE, MOUNT = os.path.join(work, "disk"), os.path.join(work, "mount")
DB = os.path.join(MOUNT, "night.db")


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
    for end, place, size in ((".lock", 0, 512), (".journal", 512, 512)):  # the journal's hint has a check
        if os.path.exists(DB + end):
            with open(DB + end, "r+b") as f:
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
    """Registers new files and files that changed, one or some at a time, until the plug is pulled."""

    def __init__(self, letter):
        super().__init__()
        self.letter, self.dice = letter, random.Random(rnd.random())
        self.attempted, self.acknowledged, self.operations, self.strange = {}, {}, 0, []

    def run(self):
        while not stop.is_set():
            names = []
            for _ in range(self.dice.choice([1, 1, 1, 2, 5, 30])):
                old = self.dice.random() < 0.5 and self.attempted
                name = self.dice.choice(list(self.attempted)) if old else f"{self.letter}{len(self.attempted)}.fits"
                if name not in names:
                    names.append(name)
                    self.attempted[name] = self.attempted.get(name, 0) + 1
                    image(name, self.attempted[name])
            out = subprocess.run([os.path.join(BIN, "imregister"), "-db", DB, *names], capture_output=True, text=True)
            if stop.is_set():  # a moment before the plug is pulled: what is said from now on nobody hears any more
                break
            if out.returncode == 0:
                self.acknowledged.update({n: self.attempted[n] for n in names})
                self.operations += 1
            else:
                self.strange.append((out.returncode, out.stderr))


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
with open(IMAGE, "wb") as f:
    f.truncate(96 << 20)
equal(shell("mkfs.ext4", "-q", "-F", IMAGE).returncode, 0, "mkfs")
mount()
workers = [Worker("a"), Worker("b")]
totals = {"cuts": 0, "operations": 0, "rows acknowledged": 0, "rows lost": 0}
history = {}  # what each worker attempted and was told, over all cuts
for number in range(CUTS):
    if number % 10 == 0:  # a new database now and then
        for f in os.listdir(MOUNT):
            if f != "lost+found":
                os.remove(os.path.join(MOUNT, f))
        os.sync()
        history = {letter: ({}, {}) for letter in "ab"}
    stop = threading.Event()
    workers = [Worker(letter) for letter in "ab"]
    for w in workers:
        w.attempted, w.acknowledged = history[w.letter]
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
    attempted = {n: v for w in workers for n, v in w.attempted.items()} | {"next.fits": 1}
    acknowledged = {n: v for w in workers for n, v in w.acknowledged.items()}
    totals["rows acknowledged"] += len(acknowledged)
    for w in workers:
        check(not w.strange, f"cut {number}: before it: {w.strange}")
    for when in ("a reader", "after the next writer"):
        if not os.path.exists(DB):
            check(not acknowledged, f"cut {number}: the database is gone, {len(acknowledged)} rows were acknowledged")
            break
        out = run("imsearch", "-db", DB, "-format", "json", "-fields", "filename,exptime,object")
        check(out.returncode in (0, 1) and out.stderr == "", f"cut {number}, {when}: imsearch: {out.returncode} {out.stderr}")
        found = {}
        for line in out.stdout.splitlines():
            row = json.loads(line)
            name, version = row["filename"], row["exptime"]
            check(name not in found, f"cut {number}, {when}: {name} is there twice")
            found[name] = version
            check(row["object"] == f"version {version:.0f}" and 1 <= version <= attempted.get(name, 0), f"cut {number}, {when}: an invented or mixed row {row}")
        for name, version in acknowledged.items():
            if not check(found.get(name, 0) >= version, f"cut {number}, {when}: {name} was acknowledged as version {version}, found is {found.get(name)}"):
                totals["rows lost"] += 1
        for name, version in found.items():  # what is there now stays
            for w in workers:
                if name in w.attempted:
                    w.acknowledged[name] = max(version, w.acknowledged.get(name, 0))
        acknowledged = {n: v for w in workers for n, v in w.acknowledged.items()}
        if when == "a reader":
            image("next.fits", 1)
            run("imregister", "-db", DB, "next.fits", code=0)
            if os.path.exists(os.path.join(BIN, "imcheck")):
                out = run("imcheck", "-db", DB)
                check(out.returncode == 0, f"cut {number}: imcheck: {out.returncode} {out.stdout} {out.stderr}")
print(", ".join(f"{value} {name}" for name, value in totals.items()))
finish()
