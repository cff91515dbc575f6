#!/usr/bin/python3
"""imsearch -follow on a live database: new rows, changed rows, a replaced database; how it ends."""
import queue, signal, subprocess, threading, time
from harness import *

for n in range(8):
    image(f"in/{n}.fits", FILTER="r" if n % 2 else "z", DATE_OBS=f"2001-01-27T10:20:3{n}")
run("imregister", "-db", "live.db", "in/0.fits", code=0)


class Follower:
    def __init__(self, *args):
        self.process = subprocess.Popen([os.path.join(BIN, "imsearch"), "-db", "live.db", "-follow", "-fields", "filename", "-format", "csv", *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line.rstrip()) for line in self.process.stdout], daemon=True).start()
        self.next("filename")  # the heading comes at once: it is waiting

    def next(self, *wanted):
        for line in wanted:
            try:
                equal(self.lines.get(timeout=60), line, "-follow")
            except queue.Empty:
                check(False, f"-follow: {line} does not come")

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        equal((self.process.wait(timeout=60), self.process.stderr.read(), self.lines.qsize()), (0, "", 0), f"ended by {how}: exit 0, quietly, nothing more printed")


all_rows, red, changed = Follower(), Follower("-filter", "r"), Follower("-changed", "-where", "filter = 'r'")
run("imregister", "-db", "live.db", "in/1.fits", code=0)
all_rows.next("1.fits"), red.next("1.fits"), changed.next("1.fits")
run("imregister", "-db", "live.db", "in/2.fits", "in/3.fits", code=0)
all_rows.next("2.fits", "3.fits"), red.next("3.fits"), changed.next("3.fits")
image("in/1.fits", FILTER="r", DATE_OBS="2001-01-28T10:20:31")  # registered again: a change, no new row
run("imregister", "-db", "live.db", "in/1.fits", code=0)
changed.next("1.fits")
# replaced by a copy with another UUID, as compaction does it: only what is new in it is printed
run("convertimreg", "live.db", "next.db", code=0)
run("imregister", "-db", "next.db", "in/4.fits", "in/5.fits", code=0)
for ending in (".journal", ".idx"):
    os.path.exists("next.db" + ending) and os.remove("next.db" + ending)
    os.path.exists("live.db" + ending) and os.remove("live.db" + ending)
os.rename("next.db", "live.db")
all_rows.next("4.fits", "5.fits"), red.next("5.fits"), changed.next("5.fits")
# gone for a moment, then another one: all of its rows are new
os.remove("live.db")
time.sleep(0.5)
run("imregister", "-db", "live.db", "in/6.fits", "in/7.fits", code=0)
red.next("7.fits"), changed.next("7.fits")
all_rows.end(signal.SIGTERM) if all_rows.lines.get(timeout=60) == "6.fits" and all_rows.lines.get(timeout=60) == "7.fits" else check(False, "a new database")
red.end(), changed.end(signal.SIGHUP)

# -limit ends it; a reader that goes ends it, also when no row comes
limited = Follower("-limit", "1")
run("imregister", "-db", "live.db", "in/0.fits", "in/1.fits", code=0)
limited.next("0.fits")
equal(limited.process.wait(timeout=60), 0, "-limit 1")
equal(limited.lines.qsize(), 0, "-limit 1: one row")
out = subprocess.run(f"'{BIN}/imsearch' -db live.db -follow -format csv | head -1", shell=True, capture_output=True, text=True, timeout=60)
equal((out.returncode, out.stderr), (0, ""), "a reader that has gone")
fails(3, ["nosuch.db", "no such database"], "imsearch", "-db", "nosuch.db", "-follow")
finish()
