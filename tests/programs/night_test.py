"""A night at the telescope: exposures appear one by one; imwatch, two imelixir are at work and are killed at random; in the end every CCD
has exactly one row, with the statistics of a quiet run."""
import random, signal, subprocess, time
from harness import *

EXPOSURES, CCDS = 10, 3
FIELDS = ("bias", "sky", "fwhm", "procstate", "type", "exptime")


def content(db):
    return sorted((r["filename"], r["ccd"], *(r[f] for f in FIELDS)) for r in rows(db))


def quiet(mode, files):
    """files: paths below the folder sky of the mode."""
    db, folder = mode + "-quiet.db", mode + "-quiet"
    for path in files:
        os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
        os.link(f"{mode}-sky/{path}", f"{folder}/{path}")
    run("imsort", "-db", db, folder, code=0)
    run("imelixir", "-db", db, "-once", "-j", 2, code=None, timeout=600)
    out = content(db)
    check(all(c[5] & 3 for c in out), "the quiet run measured every bias")
    return out


class Service:
    """A program that is started again whenever it was killed, as systemd would."""

    def __init__(self, *words):
        self.words, self.starts = words, 0
        self.log = open(f"{words[0]}{id(self)}.log", "a+")
        self.start()

    def start(self):
        self.starts += 1
        self.process = subprocess.Popen([os.path.join(BIN, self.words[0]), *map(str, self.words[1:])], stderr=self.log, stdout=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def end(self):
        self.process.terminate()
        code = self.process.wait(120)
        check(code == 0, f"{self.words[0]} ended with {code}: {read(self.log.name)[-600:]}")


def busy(mode, files, wanted):
    rng = random.Random(13)
    db, folder = mode + ".db", mode + "-tonight"
    os.makedirs(folder)
    watch = ["-ccds", CCDS, "-patience", 3] if mode == "split" else []
    services = [Service("imwatch", "-db", db, *watch, folder), Service("imelixir", "-db", db, "-j", 2), Service("imelixir", "-db", db)]
    pause, killed = (0.25, 0.7) if mode == "mef" else (0.08, 0.25)  # for each file; an exposure in CCDs has more of them
    for path in files:
        to, name = os.path.split(f"{folder}/{path}")
        os.makedirs(to, exist_ok=True)
        if rng.random() < 0.5:
            os.link(f"{mode}-sky/{path}", f"{to}/.{name}")
            os.rename(f"{to}/.{name}", f"{to}/{name}")
        else:  # as a camera writes: the file grows
            data = read(f"{mode}-sky/{path}")
            with open(f"{to}/{name}", "wb") as f:
                for at in range(0, len(data), len(data) // 5 + 1):
                    f.write(data[at:at + len(data) // 5 + 1])
                    f.flush()
        time.sleep(rng.uniform(0, pause))
        if rng.random() < killed:
            rng.choice(services).kill()
    end = time.time() + (1200 if SANITIZED else 240)
    while time.time() < end and (not os.path.exists(db) or content(db) != wanted):
        time.sleep(0.3)
        if rng.random() < 0.05:
            rng.choice(services[1:]).kill()
    time.sleep(2)  # who was started a moment ago listens to signals by then
    for service in services:
        service.end()
    check(sum(s.starts for s in services) > 8, "nobody was killed")


for mode in ("mef", "split"):
    run("imsim", "-o", f"{mode}-sky", "-objects", EXPOSURES, "-ccds", CCDS, "-mode", mode, "-seed", 5, code=0)
    files = sorted(os.path.relpath(os.path.join(d, f), f"{mode}-sky") for d, _, names in os.walk(f"{mode}-sky") for f in names if f.endswith(".fits"))
    check(len(files) > EXPOSURES, "frames of the simulator")
    wanted = quiet(mode, files)
    equal(len(wanted), len(files) * (CCDS if mode == "mef" else 1), f"{mode}: rows of the quiet run")
    busy(mode, files, wanted)
    db = mode + ".db"
    equal(content(db), wanted, f"{mode}: the night and the quiet run")
    places = [(r["pathname"], r["filename"], r["extension"]) for r in rows(db)]
    equal(len(set(places)), len(places), f"{mode}: a CCD has one row")
    counts = json.loads(run("imqueue", "-db", db, "-format", "json", code=0).stdout.splitlines()[0])
    print(mode, counts)
    run("imcheck", "-db", db, code=0)
    for queue in ("IMSTAT", "PTOLEMY"):
        run("imcheck", "-db", f"{db}.queue/{queue}.queue", code=0)
    lines = [(r["path"], r["ccd"]) for r in rows(f"{db}.queue/IMSTAT.queue") if r["state"] != "dropped"]
    equal(len(lines), len(set(lines)), f"{mode}: a CCD was queued once")
    equal(len(lines), len(wanted), f"{mode}: every CCD was queued")
finish()
