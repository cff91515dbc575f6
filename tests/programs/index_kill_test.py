#!/usr/bin/python3
"""Two registering programs beside each other are killed at any moment, again and again, and a third reads: what was acknowledged is
there once, and searches say the same with the index and without. IMREG_KILLS sets how often."""
import random, signal, threading, time
from harness import *

KILLS = int(os.environ.get("IMREG_KILLS", 60))
FILES = 8  # of each of the two
rnd = random.Random(20010128)
run("imsim", "-rows", 5000, "-db", "k.db", code=0)
check(os.path.exists("k.db.idx"), "the database has an index")
QUERIES = [["-type", "object"], ["-cone", "150", "2", "1d"], ["-name", "[ab]*.fits"], ["-trange", "2001-01-20", "2001-02-10", "-sort", "obstime"],
           ["-group", "type,filter"], ["-count", "-where", "exptime > 50"], ["-where", "object = 'v3'"]]


def ask(*args):
    return subprocess.run([os.path.join(BIN, "imsearch"), "-db", "k.db", *args], capture_output=True, text=True)


class Writer:
    """One after the other registers some of its images again, with a higher exposure time each time, until it is killed."""

    def __init__(self, letter):
        self.letter, self.version = letter, 0
        self.acknowledged, self.tried = {}, {}
        self.folder = f"in{letter}"

    def start(self):
        self.version += 1
        shutil.rmtree(self.folder, ignore_errors=True)
        self.names = rnd.sample([f"{self.letter}{i}.fits" for i in range(FILES)], rnd.choice([1, 1, 3, FILES]))
        for name in self.names:
            image(f"{self.folder}/{name}", EXPTIME=1000.0 + self.version, OBJECT=f"v{self.version % 7}", FILTER=rnd.choice("ri"), DATE_OBS=f"2001-01-27T10:20:{10 + self.version % 40}")
            self.tried.setdefault(name, []).append(1000.0 + self.version)
        paths = [self.folder] if len(self.names) > 1 else [f"{self.folder}/{self.names[0]}"]
        self.process = subprocess.Popen([os.path.join(BIN, "imregister"), "-db", "k.db", *paths], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def end(self, kill):
        if kill:
            self.process.kill()
        errors = self.process.communicate(timeout=60)[1]
        code = self.process.returncode
        check(code in (0, -signal.SIGKILL), f"imregister ended with {code}: {errors}")
        check(errors == "" or "k.db" in errors and "could not be kept" not in errors, f"imregister said: {errors}")
        if code == 0:
            for name in self.names:
                self.acknowledged[name] = 1000.0 + self.version
        return code != 0


# A reader: no row ever stops to have this, so a count without the index lies between two with it.
stop = threading.Event()
looks = 0


def read_on():
    global looks
    while not stop.is_set():
        counts = []
        for flags in ([], ["-noindex"], []):
            out = ask("-count", "-where", "exptime > 1000", *flags)
            check(out.returncode in (0, 1), f"a reader: {out.stderr}")
            counts.append(int(out.stdout.split()[-1]))
        check(counts == sorted(counts), f"a reader counts {counts}: with the index, without, with it")
        looks += 1


reader = threading.Thread(target=read_on)
reader.start()
writers = [Writer("a"), Writer("b")]
killed = used = rounds = 0
while killed < KILLS and rounds < 4 * KILLS and not failures:
    rounds += 1
    for writer in writers:
        writer.start()
    time.sleep(rnd.uniform(0, rnd.choice([0.01, 0.03, 0.1])))
    for writer in rnd.sample(writers, 2):
        killed += writer.end(rnd.random() < 0.9)
    if rounds % 4 and not (writers[0].process.returncode or writers[1].process.returncode):
        continue
    with_index = [ask(*q) for q in QUERIES]
    if os.path.exists("k.db.idx"):
        used += "index by" in subprocess.run([os.path.join(BIN, "imsearch"), "-db", "k.db", "-explain", "-name", "a*"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    for query, a in zip(QUERIES, with_index):
        check(a.returncode in (0, 1), f"{query}: {a.stderr}")
        b = ask(*query, "-noindex")
        equal((a.returncode, a.stdout), (b.returncode, b.stdout), f"round {rounds}: {query} with the index and without")
    found = {}
    for row in rows("k.db", "-name", "[ab]?.fits", code=None):
        check(row["filename"] not in found, f"round {rounds}: {row['filename']} is there twice")
        found[row["filename"]] = row["exptime"]
    for writer in writers:
        for name, tried in writer.tried.items():
            least = writer.acknowledged.get(name)
            good = found.get(name) in tried and (least is None or found[name] >= least) if name in found else least is None
            check(good, f"round {rounds}: {name}: {found.get(name)}, acknowledged {least}, tried {tried[-3:]}")
stop.set()
reader.join()
print(f"{killed} kills in {rounds} rounds; {looks} looks of a reader; the index answered in {used}")
check(killed >= KILLS and looks > 5 and used > 5, "kills and looks")
finish()
