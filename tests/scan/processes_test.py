#!/usr/bin/python3
"""Four writers (two that add, one that measures, one that moves all paths) and four readers on one database, and the writers
are killed all the time: every acknowledged row is there once and as new as was said, nobody ever sees a mixed or invented row,
a lock is free as soon as its holder is dead, no search waits. 12 seconds; with IMREG_LONG=1 a minute."""
import collections, random, signal, sys, threading, time
sys.path.insert(0, sys.argv[1] + "/tests/programs")
from harness import *

TOOL = os.path.join(os.path.dirname(BIN), "tests", "writers_tool")
SECONDS = 60 if os.environ.get("IMREG_LONG") else 12
rnd = random.Random(20030127)
DB = os.path.join(work, "a.db")
equal(subprocess.run([TOOL, "create", DB, "x"]).returncode, 0, "a new database")

added, versions, said = {}, {}, collections.Counter()
wrong, lock = [], threading.Lock()


class Process:
    """A process that is started again under a new name when it was killed, and a thread that listens to it."""
    number = 0

    def __init__(self, what):
        self.what = what
        self.start()

    def start(self):
        Process.number += 1
        self.process = subprocess.Popen([TOOL, self.what, DB, f"{self.what}{Process.number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.listen, args=(self.process,))
        self.thread.start()

    def listen(self, process):
        for line in process.stdout:
            if not line.endswith("\n"):
                break
            what, *words = line.split()
            with lock:
                said[what] += 1
                if what == "add":
                    for i in range(int(words[2])):
                        added[f"{words[0]}-{int(words[1]) + i}"] = True
                elif what == "measure":
                    versions[words[0]] = max(versions.get(words[0], 0), int(words[1]))
                elif what not in ("move", "seen"):
                    wrong.append(line.strip())

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.thread.join()
        self.start()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(120)
        self.thread.join()
        equal(self.process.returncode, 0, f"{self.what} ends")


writers = [Process(what) for what in ("add", "add", "measure", "move")]
readers = [Process("read") for _ in range(3)]
kills, searches, slowest = 0, 0, 0.0
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    time.sleep(rnd.uniform(0, 0.06))
    rnd.choice(writers).kill()
    kills += 1
    start = time.monotonic()  # the fourth reader is imsearch itself
    out = run("imsearch", "-db", DB, "-name", "add*5", "-count")
    check(out.returncode in (0, 1) and out.stderr == "", f"imsearch beside writers: {out.returncode} {out.stderr}")
    searches, slowest = searches + 1, max(slowest, time.monotonic() - start)
# Nobody holds a reader up: milliseconds, on a machine that is busy some more.
check(slowest < (60 if SANITIZED else 5), f"a search beside writers took {slowest:.1f} s")
# A writer waits for at most one other's turn once nobody is killed any more.
for p in writers + readers:
    p.stop()
equal(wrong[:5], [], "what the processes saw")
check(all(said[w] > 0 for w in ("add", "measure", "move", "seen")), f"every kind has worked: {dict(said)}")

found = {}
for line in run("imsearch", "-db", DB, "-format", "json", "-noindex", "-fields", "filename,pathname,sky,bias", code=0).stdout.splitlines():
    row = json.loads(line)
    check(row["filename"] not in found, f"{row['filename']} is there twice")
    check(row["bias"] == -2 * row["sky"], f"a mixed row: {row}")
    found[row["filename"]] = row
lost = [n for n in added if n not in found]
equal(lost[:5], [], f"{len(lost)} of {len(added)} acknowledged rows are lost")
old = [n for n, v in versions.items() if n not in found or found[n]["sky"] < v]
equal(old[:5], [], f"{len(old)} of {len(versions)} acknowledged changes are lost")
# Each move took all rows or none: behind rows of one side stand only those that were added since, on the left.
sides = "".join(r["pathname"][1] for r in found.values())
check("lr" not in sides, f"a move of a part: {sides.find('lr')} of {len(sides)}")
for args in (["-name", "add*7"], ["-where", "sky > 2"], ["-trange", "2001-09-09", "1d"]):
    with_index = sorted(run("imsearch", "-db", DB, *args, "-fields", "filename,sky", "-format", "csv").stdout.splitlines())
    without = sorted(run("imsearch", "-db", DB, *args, "-fields", "filename,sky", "-format", "csv", "-noindex").stdout.splitlines())
    equal(with_index, without, f"with and without index: {args}")
print(f"{len(added)} rows and {len(versions)} changes acknowledged, {len(lost) + len(old)} lost; {kills} kills, {said['move']} moves, {said['seen']} reads, {searches} searches")
finish()
