"""A night at the telescope: exposures appear one by one; imwatch, two imelixir are at work and are killed at random; in the end every CCD
has exactly one row, with the statistics of a quiet run."""
import random, signal, subprocess, time
from harness import *

EXPOSURES, CCDS = 10, 3
run("imsim", "-o", "sky", "-objects", EXPOSURES, "-ccds", CCDS, "-seed", 5, code=0)
files = sorted(os.path.join(d, f) for d, _, names in os.walk("sky") for f in names if f.endswith(".fits"))
check(len(files) > EXPOSURES, "frames of the simulator")
FIELDS = ("bias", "sky", "fwhm", "procstate", "type", "exptime")


def content(db):
    return sorted((r["filename"], r["ccd"], *(r[f] for f in FIELDS)) for r in rows(db))


def quiet():
    os.makedirs("quiet")
    for path in files:
        os.link(path, "quiet/" + os.path.basename(path))
    run("imsort", "-db", "quiet.db", "quiet", code=0)
    run("imelixir", "-db", "quiet.db", "-once", "-j", 2, code=None, timeout=600)
    out = content("quiet.db")
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


def busy(wanted):
    rng = random.Random(13)
    os.makedirs("tonight")
    services = [Service("imwatch", "-db", "night.db", "tonight"), Service("imelixir", "-db", "night.db", "-j", 2), Service("imelixir", "-db", "night.db")]
    for path in files:
        name = os.path.basename(path)
        if rng.random() < 0.5:
            os.link(path, "tonight/." + name)
            os.rename("tonight/." + name, "tonight/" + name)
        else:  # as a camera writes: the file grows
            data = read(path)
            with open("tonight/" + name, "wb") as f:
                for at in range(0, len(data), len(data) // 5 + 1):
                    f.write(data[at:at + len(data) // 5 + 1])
                    f.flush()
        time.sleep(rng.uniform(0, 0.25))
        if rng.random() < 0.7:
            rng.choice(services).kill()
    end = time.time() + (1200 if SANITIZED else 240)
    while time.time() < end and (not os.path.exists("night.db") or content("night.db") != wanted):
        time.sleep(0.3)
        if rng.random() < 0.05:
            rng.choice(services[1:]).kill()
    time.sleep(2)  # who was started a moment ago listens to signals by then
    for service in services:
        service.end()
    check(sum(s.starts for s in services) > 8, "nobody was killed")


wanted = quiet()
equal(len(wanted), len(files) * CCDS, "rows of the quiet run")
busy(wanted)
equal(content("night.db"), wanted, "the night and the quiet run")
places = [(r["pathname"], r["filename"], r["extension"]) for r in rows("night.db")]
equal(len(set(places)), len(places), "a CCD has one row")
counts = json.loads(run("imqueue", "-db", "night.db", "-format", "json", code=0).stdout.splitlines()[0])
print(counts)
run("imcheck", "-db", "night.db", code=0)
for queue in ("IMSTAT", "PTOLEMY"):
    run("imcheck", "-db", f"night.db.queue/{queue}.queue", code=0)
lines = [(r["path"], r["ccd"]) for r in rows("night.db.queue/IMSTAT.queue") if r["state"] != "dropped"]
equal(len(lines), len(set(lines)), "a CCD was queued once")
equal(len(lines), len(wanted), "every CCD was queued")
finish()
