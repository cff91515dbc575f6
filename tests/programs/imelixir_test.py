#!/usr/bin/python3
"""imelixir and imqueue: steps that succeed, fail, hang, flood, fork; workers that are killed at any moment, two at once, stopped,
aborted; a full disk, a folder that cannot be written, queue files that are damaged or cut. Nothing is lost, nothing done twice."""
import collections, fcntl, random, re, signal, struct, time
from harness import *

random.seed(7)
LINE = re.compile(r"imelixir: \d{4}-\d\d-\d\dT[\d:]+Z .+")


def script(name, text):
    path = write(f"{work}/{name}", "#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def database(name, files):
    """A folder with a database of so many images."""
    for i in range(files):
        image(f"{work}/{name}/f/i{i}.fits", OBJECT=f"o{i}")
    run("imregister", "-db", f"{work}/{name}/x.db", f"{work}/{name}/f", code=0)
    return f"{work}/{name}/x.db"


def config(name, *lines):
    return write(f"{work}/{name}.rc", "\n".join(lines) + "\n")


def queue(db, rc, *args, **more):
    return run("imqueue", "-db", db, "-c", rc, *args, **more)


def shown(db, rc, *names):
    return [json.loads(line) for line in queue(db, rc, "-format", "json", "show", *names).stdout.splitlines()]


def counts(db, rc, name):
    wanted = [q for q in map(json.loads, queue(db, rc, "-format", "json", "list").stdout.splitlines()) if q["queue"] == name]
    return {k: v for k, v in wanted[0].items() if k in ("waiting", "taken", "done", "failed", "announced") and v}


def elixir(db, rc, *args, **more):
    return run("imelixir", "-db", db, "-c", rc, *args, **more)


def start(db, rc, *args):
    process = subprocess.Popen([os.path.join(BIN, "imelixir"), "-db", db, "-c", rc, *args], stderr=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    return process


def said(process):
    return "" if process.stderr.closed else process.communicate(timeout=60)[1]


def wait_until(what, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def remove(db, name):
    for file in os.listdir(db + ".queue"):
        if file.startswith(name + "."):
            os.remove(f"{db}.queue/{file}")


def lines_of(path):
    return read(path).decode().splitlines() if os.path.exists(path) else []


# --- a chain: done goes on, failed goes elsewhere, after so many attempts
db = database("chain", 12)
first = script("first", 'echo "$5" >> "$1/first"; case "$2 $3 $4" in "x i"*" SINGLE 0") ;; *) exit 9;; esac; echo "said: $4"')
second = script("second", 'echo "$2" >> "$1/second"; case $2 in *i1.*|*i3.*) echo "no stars" >&2; exit 3;; esac')
rc = config("chain", "QUEUE_ONE all", f"STEP_ONE {first} {work}/chain 'x {{outroot}}' {{mode}} {{ccd}} \"{{line}}\"",
            "NEXT_ONE TWO", f"STEP_TWO {second} {work}/chain {{path}}", "TRIES_TWO 3", "WAIT_TWO 0.05", "FAILED_TWO LOST", "JOBS_TWO 2", "QUEUE_LOST none")
equal(queue(db, rc, "fill", "ONE", code=0).stdout, "ONE: 12\n", "fill")
equal(queue(db, rc, "fill", "ONE", code=1).stdout, "ONE: 0\n", "fill again")
out = elixir(db, rc, "-once", "-j", "3", code=4)
check(all(LINE.fullmatch(line) for line in out.stderr.splitlines()), f"lines: {out.stderr!r:.300}")
equal(counts(db, rc, "ONE"), {"done": 12}, "queue ONE")
equal(counts(db, rc, "TWO"), {"done": 10, "failed": 2}, "queue TWO")
equal(counts(db, rc, "LOST"), {"waiting": 2}, "queue LOST")
wanted = [f"{work}/chain/f/i{i}.fits i{i} 0 SINGLE" for i in range(12)]
equal(sorted(lines_of("chain/first")), sorted(wanted), "each line once")
equal(sorted(lines_of("chain/first")), sorted(rows_ := run("imsearch", "-db", db, "-pt", code=0).stdout.splitlines()), "as imsearch -pt prints them")
times = collections.Counter(lines_of("chain/second"))
equal(sorted(times.values()), [1] * 10 + [3] * 2, "attempts")
failed = [line for line in shown(db, rc, "TWO") if line["state"] == "failed"]
equal([(line["result"], line["tries"], line["taken"]) for line in failed], [("exit 3: no stars", 3, 3)] * 2, "what is kept of failures")
equal({line["result"] for line in shown(db, rc, "ONE")}, {"said: 0"}, "what is kept of success")
check("no stars" in read(db + ".queue/TWO.log").decode(), "the log")
equal(queue(db, rc, "take", "LOST", "-n", "5", code=0).stdout.splitlines(), [wanted[1], wanted[3]], "take")
queue(db, rc, "take", "LOST", code=1)
equal(queue(db, rc, "retry", "TWO", code=0).stdout, "TWO: 2\n", "retry")
equal(counts(db, rc, "TWO"), {"done": 10, "waiting": 2}, "sent again")
# What lies beside the database is no input of imregister, and part of a backup.
out = run("imregister", "-db", db, "-v", f"{work}/chain")
check(".queue" not in out.stdout + out.stderr, f"queues are registered: {out.stderr!r:.300}")
run("imbackup", "-db", db, f"{work}/chain-copy", code=0)
equal(counts(f"{work}/chain-copy", rc, "TWO"), {"done": 10, "waiting": 2}, "a queue of a backup")
check(not os.path.exists(f"{work}/chain-copy/Imreg.db.queue/ONE.queue.journal"), "a journal is not copied")
equal(queue(db, rc, "clear", code=0).stdout, "LOST: 2\nONE: 12\nTWO: 10\n", "clear")
equal(queue(db, rc, "clear", "-all", "TWO", code=0).stdout, "TWO: 2\n", "clear -all")
elixir(db, rc, "-once", code=0)
for args in (["nonsense"], ["take"], ["show", "NONE"], ["clear", "a/b"]):
    queue(db, rc, *args, code=2)
fails(2, ["STEP_"], "imelixir", "-db", db, "-c", config("none", "QUEUE_A all"), "-once")
fails(2, ["TRIES_A"], "imelixir", "-db", db, "-c", config("bad", "TRIES_A no"), "-once")
fails(2, ["TIMEOUT_A"], "imelixir", "-db", db, "-c", config("bad", "TIMEOUT_A 0"), "-once")
fails(2, ["yaml", "text and json"], "imelixir", "-db", db, "-format", "yaml", "status")
# What the configuration says of steps is told at once: no line is taken, none loses its attempts.
rc = config("good", "QUEUE_A all", "STEP_A true")
equal(queue(db, rc, "fill", "A", code=0).stdout, "A: 12\n", "lines that wait for a good configuration")
plain = write(f"{work}/plain", "no program")
for words, *lines in ((["STEP_A", "no {paht}", "{path}", "{ccd}"], "STEP_A echo x={paht}"),
                      (["NEXT_A REDUC", "no queue REDUC", "QUEUE_REDUC none"], "STEP_A true", "NEXT_A REDUC", "QUEUE_REDUCE none"),
                      (["FAILED_A", "no queue LOST"], "STEP_A true", "FAILED_A LOST"),
                      (["STEP_A", "there is no program /no/such/program"], "STEP_A /no/such/program {path}"),
                      (["STEP_A", "there is no program no-such-program"], "STEP_A no-such-program"),
                      (["STEP_A", f"{plain} may not be run"], f"STEP_A {plain}"),
                      (["STEP_A", f"{work} may not be run"], f"STEP_A {work}"),
                      (["QUEUE_B", "exptime"], "STEP_A true", "QUEUE_B exptime >> 5"),
                      (["QUEUE_B", "nosuchfield"], "STEP_A true", "QUEUE_B nosuchfield = 1")):
    fails(2, words, "imelixir", "-db", db, "-c", config("bad", "QUEUE_A all", *lines), "-once")
fails(2, ["QUEUE_B", "nosuchfield"], "imsort", "-db", db, "-c", rc, "-D", "QUEUE_B", "nosuchfield = 1", f"{work}/chain/f")
equal(counts(db, rc, "A"), {"waiting": 12}, "untouched")
rc = config("good", "QUEUE_A ccd = 0", "STEP_A /bin/sh -c 'test $$# = 2 && f=$$1 && test -f $${f} && echo $$0' '{ print } {}' {path} {mode}", "TRIES_A 1")
elixir(db, rc, "-once", code=0)
equal({line["result"] for line in shown(db, rc, "A")}, {"{ print } {}"}, "braces of others")
queue(db, rc, "clear", "A")
fails(2, ["QUEUE_TWO"], "imqueue", "-db", db, "-c", config("other", "QUEUE_A all"), "fill", "TWO")

# --- lines for journald only where standard error is the journal
rc = config("once", "QUEUE_ONE all", "STEP_ONE true")
for mine in (False, True):
    with open("said", "w+") as err:
        info = os.fstat(err.fileno())
        stream = f"{info.st_dev}:{info.st_ino}" if mine else "1:2"
        queue(db, rc, "clear", "-all")
        queue(db, rc, "fill", "ONE", code=0)
        subprocess.run([os.path.join(BIN, "imelixir"), "-db", db, "-c", rc, "-once"], stderr=err, env={**os.environ, "JOURNAL_STREAM": stream})
        err.seek(0)
        told = err.read().splitlines()
        check(told and all(line.startswith("<6>") if mine else LINE.fullmatch(line) for line in told), f"JOURNAL_STREAM={stream}: {told!r:.300}")

# --- a program that is not there; one that hangs, and one that hears nothing; a flood; children
db = database("bad", 1)
OUT = f"{work}/bad/pid"
gone = write(f"{work}/gone", "#!/no/such/shell\n")
os.chmod(gone, 0o755)
CASES = {"GONE": (f"{gone} {{path}}", 9, f"cannot run {gone}: No such file or directory"),
         "HANG": (script("hang", "echo working; sleep 100"), 0.3, "timed out after 0.3 s: working"),
         "POLITE": (script("polite", "trap 'exit 0' TERM; echo begun; while :; do sleep 0.05; done"), 0.3, "timed out after 0.3 s"),
         "DEAF": (script("deaf", "trap '' TERM; while :; do sleep 0.1; done"), 0.3, "timed out"),
         "FLOOD": (script("flood", "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo end; exit 1"), 60, "exit 1: end"),
         "SILENT": (script("silent", "exec >&- 2>&-; sleep 0.3; exit 4"), 60, "exit 4"),
         "KILLED": (script("killed", "echo a; kill -SEGV $$"), 60, "killed by signal 11 (Segmentation fault): a"),
         "FORKS": (script("forks", f"sleep 1000 & echo $! > {OUT}; exit 5"), 60, "exit 5")}
for name, (step, timeout, words) in CASES.items():
    rc = config(name, f"QUEUE_{name} all", f"STEP_{name} {step}", f"TRIES_{name} 1", f"TIMEOUT_{name} {timeout}")
    queue(db, rc, "fill", name, code=0)
    begin = time.time()
    out = elixir(db, rc, "-once", code=4, timeout=60)
    result = shown(db, rc, name)[0]["result"]
    check(words in result, f"{name}: {result!r}, wanted {words!r}")
    check(len(read(f"{db}.queue/{name}.log")) < 300000, f"{name}: its log is {os.path.getsize(f'{db}.queue/{name}.log')} bytes")
child = int(read(OUT))
check(wait_until(lambda: not os.path.exists(f"/proc/{child}") or " Z " in read(f"/proc/{child}/stat").decode(), 5), "a child of a step lives on")

# --- stop, abort, status, signals
db = database("ends", 4)
slow = script("slow", f"echo $1 >> {work}/ends/begun; sleep ${{2:-0.5}}; echo $1 >> {work}/ends/ended")
rc = config("ends", "QUEUE_A all", f"STEP_A {slow} {{path}}")
longer = config("longer", "QUEUE_A all", f"STEP_A {slow} {{path}} 100")


def fresh():
    for name in ("begun", "ended"):
        write(f"ends/{name}", "")
    queue(db, rc, "clear", "-all")
    equal(queue(db, rc, "fill", "A", code=0).stdout, "A: 4\n", "fill")


def begun(n):
    return check(wait_until(lambda: len(lines_of("ends/begun")) >= n), f"{n} steps have not begun: {lines_of('ends/begun')}")


fresh()
run("imelixir", "-db", db, "status", code=1)
for verb in ("stop", "abort"):
    fails(1, ["imelixir does not run"], "imelixir", "-db", db, verb)
worker = start(db, rc, "-j", "2")
begun(2)
out = run("imelixir", "-db", db, "status", code=0).stdout
check(re.search(rf"process {worker.pid} on \S+ since \S+: 2 of 2 steps", out), out)
equal(len(json.loads(run("imelixir", "-db", db, "-format", "json", "status", code=0).stdout)["held"]), 2, "held lines")
run("imelixir", "-db", db, "stop", code=0)
equal(worker.wait(10), 0, "exit code of a worker that was stopped")
equal(counts(db, rc, "A"), {"done": 2, "waiting": 2}, "what ran was finished, nothing new begun")
equal(sorted(lines_of("ends/begun")), sorted(lines_of("ends/ended")), "all that had begun")
run("imelixir", "-db", db, "status", code=1)
for how in ("abort", "two TERM", "INT, INT"):
    fresh()
    worker = start(db, longer, "-j", "3")
    begun(3)
    if how == "abort":
        run("imelixir", "-db", db, "abort", code=0)
    else:
        number = signal.SIGTERM if "TERM" in how else signal.SIGINT
        worker.send_signal(number)
        time.sleep(0.1)
        check(worker.poll() is None, "the first signal waits for steps")
        worker.send_signal(number)
    equal(worker.wait(15), 0, f"{how}: exit code")
    equal(counts(db, rc, "A"), {"waiting": 4}, f"{how}: lines are given back")
    equal({(line["tries"]) for line in shown(db, rc, "A")}, {0}, f"{how}: no attempt was counted")
    equal(lines_of("ends/ended"), [], how)
    check("given back" in worker.stderr.read(), f"{how}: is told")

# --- rates: six lines, two at once
db2 = database("rates", 6)
rc2 = config("rates", "QUEUE_A all", f"STEP_A {script('nap', 'sleep 0.4; case $1 in */i5.fits) exit 1;; esac')} {{path}}", "TRIES_A 1")
equal([q["last_hour"] for q in map(json.loads, queue(db2, rc2, "-format", "json", "rates").stdout.splitlines())], [0], "rates of no lines")
queue(db2, rc2, "fill", "A", code=0)
elixir(db2, rc2, "-once", "-j", "2", code=4)
rates = json.loads(queue(db2, rc2, "-format", "json", "rates", "A", code=0).stdout)
listed = [(line["queued"], line["started"], line["finished"]) for line in shown(db2, rc2, "A")]
equal((rates["last_hour"], rates["done"], rates["failed"]), (6, 5, 1), "lines of the last hour, one of them failed")
check(0.4 <= rates["mean_working"] < (30 if SANITIZED else 5), f"seconds of a step: {rates}")
check(abs(rates["mean_working"] - sum(end - begin for _, begin, end in listed) / 6) < 1e-5, f"the mean of what show tells: {rates}, {listed}")
check(abs(rates["mean_waiting"] - sum(begin - came for came, begin, _ in listed) / 6) < 1e-5 and rates["mean_waiting"] > 0.2, f"three pairs: {rates}, {listed}")
equal(rates["per_minute"], 6, "lines a minute")
words = queue(db2, rc2, "rates", "A", code=0).stdout.splitlines()[1].split()
equal(words[:3] + [words[4], words[5]], ["A", "6", "6.00", f"{rates['mean_working']:.2f}", "0"], "rates as text")

# --- JOBS_ is a limit of one queue; a log of 16 MiB becomes QUEUE.log.old
count = script("many", f'echo "$1 +" >> {work}/rates/at_once; sleep 0.3; echo "$1 -" >> {work}/rates/at_once')
rc2 = config("limit", "QUEUE_L all", f"STEP_L {count} L", "JOBS_L 2", "QUEUE_M all", f"STEP_M {count} M")
queue(db2, rc2, "fill", "L", "M", code=0)
write(db2 + ".queue/L.log", b"old line\n" * (2 << 20))  # beyond 16 MiB
write(db2 + ".queue/M.log", b"kept\n")
elixir(db2, rc2, "-once", "-j", "6", code=0)
most, now = collections.Counter(), collections.Counter()
for line in lines_of("rates/at_once"):
    name, sign = line.split()
    now[name] += 1 if sign == "+" else -1
    now["all"] += 1 if sign == "+" else -1
    most = most | now
check(most["L"] == 2 and most["M"] > 2 and most["all"] <= 6, f"at once: {most}")
equal(len(lines_of("rates/at_once")), 24, "six steps of both")
equal(os.path.getsize(db2 + ".queue/L.log.old"), 9 * (2 << 20), "the log of before")
check("old line" not in read(db2 + ".queue/L.log").decode() and os.path.getsize(db2 + ".queue/L.log") < 10000, "and a new one")
check(not os.path.exists(db2 + ".queue/M.log.old") and read(db2 + ".queue/M.log").startswith(b"kept\n"), "a log that is small goes on")

# --- a worker wakes when lines come; a line that a dead worker had is the next one's
fresh()
queue(db, rc, "clear", "-all", code=0)
worker = start(db, rc, "-j", "4")
check(wait_until(lambda: run("imelixir", "-db", db, "status").returncode == 0), "it starts")
queue(db, rc, "fill", "A", code=0)
begin = time.time()
begun(4)
check(time.time() - begin < 4, f"it slept for {time.time() - begin:.1f} s")
worker.send_signal(signal.SIGKILL)
worker.wait()
equal(counts(db, rc, "A"), {"waiting": 4}, "lines of a killed worker")
time.sleep(0.7)
equal(lines_of("ends/ended"), [], "steps die with their worker")
elixir(db, rc, "-once", "-j", "4", code=0)
equal(counts(db, rc, "A"), {"done": 4}, "done by the next")

# --- killed at any moment: what was done is not done again, and in the end all is
FILES, KILLS = (200, 500) if LONG else (60, 110)
db = database("kill", FILES)
note = script("note", f'echo "$1" >> {work}/kill/out')
rc = config("kill", "QUEUE_A all", f"STEP_A {note} {{path}}", "NEXT_A B", f"STEP_B {note} B{{path}}")
kills = 0
rounds = 0
while kills < KILLS:
    rounds += 1
    write("kill/out", "")
    queue(db, rc, "clear", "-all")
    equal(queue(db, rc, "fill", "A", code=0).stdout, f"A: {FILES}\n", "fill")
    workers = [start(db, rc, "-j", "2", "-once") for _ in range(2)]
    done_before, settled = set(), {}
    while any(w.poll() is None for w in workers) and kills < KILLS * 2:
        time.sleep(random.uniform(0.002, 0.05))
        victim = random.randrange(2)
        if workers[victim].poll() is None:
            workers[victim].kill()
            kills += 1
        said(workers[victim])
        done_before |= {line["path"] for line in shown(db, rc, "A") if line["state"] == "done"}
        executed = collections.Counter(lines_of("kill/out"))
        for path in done_before:  # from now on these must not run again
            settled.setdefault(path, executed[path])
            check(executed[path] == settled[path] > 0, f"{path}: was done, and ran again")
        if len(done_before) < FILES:
            workers[victim] = start(db, rc, "-j", "2", "-once")
    for w in workers:
        said(w)
    elixir(db, rc, "-once", "-j", "4", code=0, timeout=120)
    ran = collections.Counter(lines_of("kill/out"))
    equal(counts(db, rc, "A"), {"done": FILES}, "in the end A is done")
    equal(counts(db, rc, "B"), {"done": FILES}, "each line went on once")
    equal(len(ran), 2 * FILES, "each line ran, in both queues")
    equal({p: ran[p] for p in settled}, settled, "what was done did not run again")
    equal(run("imcheck", "-db", f"{db}.queue/A.queue").returncode, 0, "the file is whole")
twice = sum(n > 1 for n in ran.values())
print(f"{kills} workers killed in {rounds} rounds; in the last {twice} of {2 * FILES} steps ran again")

# --- two workers that are left alone: each line exactly once
write("kill/out", "")
queue(db, rc, "clear", "-all")
queue(db, rc, "fill", "A", code=0)
workers = [start(db, rc, "-j", "2", "-once") for _ in range(2)]
for w in workers:
    equal((w.wait(120), w.communicate()[1] is None), (0, False), "exit code")
elixir(db, rc, "-once", code=0)  # what the slower one brought last
equal(set(collections.Counter(lines_of("kill/out")).values()), {1}, "exactly once")
equal(len(lines_of("kill/out")), 2 * FILES, "all")

# --- files that move, and one that is removed, while their lines wait
db = database("moves", 5)
look = script("look", f'echo "$1" >> {work}/moves/out; test -f "$1"')
rc = config("moves", "QUEUE_A all", f"STEP_A {look} {{path}}", "WAIT_A 0.05", "FAILED_A LOST", "NEXT_A NEXT", "QUEUE_LOST none", "QUEUE_NEXT none", "QUEUE_B all", "QUEUE_C all", "STEP_C imstats", "TRIES_C 1")
for name in "ABC":
    equal(queue(db, rc, "fill", name, code=0).stdout, f"{name}: 5\n", "fill")
f = f"{work}/moves/f"
for folder in ("g", "h"):
    os.makedirs(f"{work}/moves/{folder}")
run("immv", "-db", db, f"{f}/i0.fits", f"{work}/moves/g/renamed.fits", code=0)
run("immv", "-db", db, f"{f}/i1.fits", f"{work}/moves/g", code=0)
os.rename(f"{f}/i2.fits", f"{work}/moves/h/i2.fits")
run("imrelocate", "-db", db, "-go", f"{f}/i2.fits", f"{work}/moves/h/i2.fits", code=0)
run("imrm", "-db", db, "-f", f"{f}/i3.fits", code=0)
now = [f"{work}/moves/{p}.fits" for p in ("g/renamed", "g/i1", "h/i2", "f/i4")]
equal(sorted(os.path.join(r["pathname"], r["filename"]) for r in rows(db)), sorted(now), "where they are")
equal(queue(db, rc, "fill", "A", code=1).stdout, "A: 0\n", "an image that has moved has its line")
out = elixir(db, rc, "-once", "-j", "2", code=4)
equal(set(lines_of("moves/out")), {*now, f"{f}/i3.fits"}, "programs get the file where it is, or what its path was")
equal([(line["path"], line["result"]) for line in shown(db, rc, "C") if line["state"] == "failed"],
      [(f"{f}/i3.fits", "image is unavailable: it was removed, there is no such file, and no row of its image")], "a file that was removed")
check(sum("i3.fits" in line and "image is unavailable" in line for line in out.stderr.splitlines()) == 1, f"it is told: {out.stderr!r:.600}")
equal((counts(db, rc, "A"), counts(db, rc, "LOST"), counts(db, rc, "NEXT")), ({"done": 4, "failed": 1}, {"waiting": 1}, {"waiting": 4}), "what became of them")
out = queue(db, rc, "take", "B", "-n", "9", code=0)
equal([line.split()[0] for line in out.stdout.splitlines()], now[:3] + [f"{f}/i3.fits"] + now[3:], "imqueue take")
equal(out.stderr, f"imqueue: B line 4: {f}/i3.fits was removed: there is no such file, and no row of its image\n", "take says what was removed")
queue(db, rc, "clear", "B")
os.rename(db, db + ".away")
image(f"{f}/gone.fits")
run("imsort", "-db", f"{work}/moves/other.db", "-c", rc, f"{f}/gone.fits", code=0)
os.rename(f"{work}/moves/other.db.queue/B.queue", f"{db}.queue/B.queue")
os.remove(f"{f}/gone.fits")
out = queue(db, rc, "take", "B", code=0)
equal((out.stdout.split()[0], out.stderr.count("\n")), (f"{f}/gone.fits", 1), "without a database")
check("whether files have moved cannot be known" in out.stderr, out.stderr)
os.rename(db + ".away", db)
check(all(r["procstate"] != 0 for r in rows(db)), f"statistics: {[r['procstate'] for r in rows(db)]}")
run("imstatreg", "-db", db, "-pending", code=1)

# --- an image whose file is there, and whose row is not: its statistics do not wait for it for ever
db = database("unrowed", 2)
rc = config("unrowed", "QUEUE_A all", "STEP_A imstats", "TRIES_A 2", "WAIT_A 0.05")
queue(db, rc, "fill", "A", code=0)
run("imsearch", "-db", db, "-name", "i0.fits", "-delete", code=0)
equal(len(rows(db)), 1, "one row is left")
elixir(db, rc, "-once", code=4)
equal([(line["state"], line["tries"], "is not registered" in line["result"]) for line in shown(db, rc, "A")], [("failed", 2, True), ("done", 0, False)], "a step without a row")
run("imstatreg", "-db", db, "-pending", code=1)

# --- steps get the whole path of the database, wherever they go
os.makedirs("relative")
db = database("relative", 1)
rc = config("relative", "QUEUE_A all", f"STEP_A {script('where', 'cd / && test -f $IMREG_DB && echo $IMREG_DB')}", "TRIES_A 1")
queue(db, rc, "fill", "A", code=0)
run("imelixir", "-db", "x.db", "-c", rc, "-once", code=0, cwd=f"{work}/relative")
equal(shown(db, rc, "A")[0]["result"], db, "IMREG_DB")

# --- the patience with a queue that is held begins with each outcome
db = database("patience", 2)
rc = config("patience", "QUEUE_A all", f"STEP_A {script('long', 'case $1 in *i0.*) sleep 4;; *) exit 1;; esac')} {{path}}", "TRIES_A 9", "WAIT_A 0.8")
queue(db, rc, "fill", "A", code=0)
worker = start(db, rc, "-j", "2", "-wait", "1")
check(wait_until(lambda: any(line["tries"] == 1 for line in shown(db, rc, "A"))), "one has failed")
begin = time.time()
with open(f"{db}.queue/A.queue.lock", "r+b") as lock:  # its next attempt cannot be taken
    fcntl.fcntl(lock, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLKW
    time.sleep(2.2)
    worker.terminate()
    time.sleep(max(0, begin + 5.6 - time.time()))
    check(worker.poll() is None, "it gave up what has just ended")
told = said(worker)
equal((worker.returncode, counts(db, rc, "A")), (0, {"done": 1, "waiting": 1}), f"what a step did is kept: {told}")
check("A.queue" in told, told)

# --- queue files that are damaged or cut: the others go on, and it is told
db = database("hurt", 20)
rc = config("hurt", "QUEUE_A all", "STEP_A true", "QUEUE_B all", "STEP_B true")
for name in "AB":
    queue(db, rc, "fill", name, code=0)
file = f"{db}.queue/A.queue"
content = read(file)
at = content.index(b"i13.fits")
write(file, content[:at] + b"!" + content[at + 1:])
other = read(f"{db}.queue/B.queue")
at = other.index(b"i0.fits")
write(f"{db}.queue/B.queue", other[:at] + b"!" + other[at + 1:])
check("passed over" in queue(db, rc, "take", "B", code=0).stderr, "a damaged line is told by take")
remove(db, "B")
queue(db, rc, "fill", "B", code=0)
out = elixir(db, rc, "-once", code=0)
check("passed over" in out.stderr, out.stderr[-300:])
equal(counts(db, rc, "A"), {"done": 19}, "the others")
fails(3, ["damaged"], "imcheck", "-db", file)
# As the man page says. The journal of the file that is mended holds its last changes.
recipe = read(f"{SOURCE}/man/imreg-queue.5").decode().split("Mend it:")[1].split(".RS\n")[1].split(".RE")[0].replace("\\-", "-")
recipe = recipe.replace("X.db", db).replace("NAME", "A").replace("imqueue", f"imqueue -c {rc}")
subprocess.run(recipe, shell=True, capture_output=True, env={**os.environ, "PATH": BIN + ":" + os.environ["PATH"]})
equal(counts(db, rc, "A"), {"done": 19, "waiting": 20}, "mended: the lines that are whole, and all that was never measured")
elixir(db, rc, "-once", code=0)
equal(counts(db, rc, "A"), {"done": 39}, "and it works")
remove(db, "A")
queue(db, rc, "fill", "A", code=0)
content = read(file)
write(file, content[:content.index(b"i13.fits") + 3])  # cut in mid-line
queue(db, rc, "clear", "B", code=0)
queue(db, rc, "fill", "B", code=0)
out = elixir(db, rc, "-once", code=3)
check("A.queue" in out.stderr, f"a cut file is told: {out.stderr!r:.300}")
equal({line["state"] for line in shown(db, rc, "B")}, {"done"}, "and the other queue served")
fails(3, ["A.queue"], "imcheck", "-db", file)
run("imcheck", "-db", file, "-repair", f"{work}/mended")
shutil.copy(f"{work}/mended", file)
worker = start(db, rc)  # it mends while a worker is there
elixir(db, rc, "-once", code=0)
worker.terminate()
said(worker)
done = counts(db, rc, "A")["done"]
check(4 <= done < 20, f"what was before the cut: {done}")
equal(queue(db, rc, "fill", "A", code=0).stdout, f"A: {20}\n", "fill brings the rest")
write(file, b"no queue at all")
out = elixir(db, rc, "-once", code=3)
check("A.queue" in out.stderr, out.stderr[-300:])
equal({line["state"] for line in shown(db, rc, "B")}, {"done"}, "the other queue")
fails(3, ["A.queue"], "imqueue", "-db", db, "-c", rc, "list")
worker = start(db, rc)
check(wait_until(lambda: run("imelixir", "-db", db, "status").returncode == 0, 10), "status with a damaged queue")
worker.terminate()
said(worker)

# --- a queue that lines go on to is damaged: the others are served, the machine rests, and it can be told to end
db = database("next", 6)
rc = config("next", "QUEUE_A all", "STEP_A true", "NEXT_A B", "QUEUE_B none", "QUEUE_C all", "STEP_C sleep 0.01", "QUEUE_D exptime > 50", "STEP_D sleep 0.3")
queue(db, rc, "fill", "A", "C", "D", code=0)
write(f"{db}.queue/B.queue", b"no queue at all" * 300)
out = elixir(db, rc, "-once", "-wait", "1", code=3)
check("B.queue" in out.stderr, out.stderr[-300:])
equal((counts(db, rc, "C"), counts(db, rc, "D")), ({"done": 6}, {"done": 6}), "queues that have nothing to do with it")
equal(counts(db, rc, "A"), {"waiting": 6}, "what cannot go on is not done")
queue(db, rc, "clear", "-all")
queue(db, rc, "fill", "C", "D", code=0)
queue(db, rc, "fill", "A", code=0)
worker = start(db, rc)
time.sleep(3)
used = sum(map(int, read(f"/proc/{worker.pid}/stat").split()[13:15])) / os.sysconf("SC_CLK_TCK")
check(used < 1, f"{used} s of work in 3 s of waiting")
worker.terminate()
said(worker)
remove(db, "B")
elixir(db, rc, "-once", code=0)
equal(counts(db, rc, "B"), {"waiting": 6}, "mended: it goes on")
write(f"{db}.queue/B.queue", b"no queue at all" * 300)
rc = config("endless", "QUEUE_A all", f"STEP_A {script('one', 'case $1 in *i1.*) sleep 0.2;; *) sleep 100;; esac')} {{path}}", "NEXT_A B", "QUEUE_B none")
queue(db, rc, "clear", "-all")
queue(db, rc, "fill", "A", code=0)
worker = start(db, rc, "-j", "6", "-wait", "0.5")
check(wait_until(lambda: run("imelixir", "-db", db, "status").stdout.count("line") == 6), "six steps")
time.sleep(0.5)
worker.terminate()
time.sleep(2)
run("imelixir", "-db", db, "-wait", "8", "abort", code=0)
check(wait_until(lambda: worker.poll() is not None), "it ends when it is told a second time")  # its slot is free a moment before
equal(counts(db, rc, "A"), {"waiting": 6}, "all lines are free again")

# --- a folder that cannot be written
if os.geteuid() == 0:
    db = database("readonly", 3)
    rc = config("readonly", "QUEUE_A all", "STEP_A true")
    queue(db, rc, "fill", "A", code=0)
    os.chmod(work, 0o755)
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    equal(counts(db, rc, "A"), {"waiting": 3}, "before")
    out = run("imqueue", "-db", db, "-c", rc, "list", code=0, **nobody)
    check(re.search(r"A +0 +3", out.stdout), "readers need no permission")
    fails(3, ["x.db.queue", "Permission denied"], "imelixir", "-db", db, "-c", rc, "-once", **nobody)
    fails(3, ["Permission denied"], "imqueue", "-db", db, "-c", rc, "take", "A", **nobody)
    fails(3, ["Permission denied"], "imqueue", "-db", db, "-c", rc, "clear", "-all", **nobody)
    equal(counts(db, rc, "A"), {"waiting": 3}, "behind")

    # Observers of one group share what one of them began, and what root began before there was a database.
    ASTRO = 4711
    observer = lambda n: {"user": 4800 + n, "group": 4800 + n, "extra_groups": [ASTRO], "umask": 0o007}
    for folder, mode in (("astro", 0o770), ("early", 0o770)):
        os.makedirs(folder)
        os.chown(folder, 4801, ASTRO)
        os.chmod(folder, mode)
        for n in range(3):
            os.chmod(image(f"{folder}.f/{n}.fits", OBJECT=f"o{n}"), 0o644)
    rc = config("astro", "QUEUE_A all", "STEP_A true")
    run("imregister", "-db", "astro/x.db", "astro.f/0.fits", code=0, **observer(1))
    os.chown("astro/x.db", 4801, ASTRO)
    for name in os.listdir("astro"):
        os.chown(f"astro/{name}", 4801, ASTRO)
        os.chmod(f"astro/{name}", 0o660)
    worker = start("early/x.db", rc)
    check(wait_until(lambda: os.path.exists("early/x.db.queue/workers")), "a worker before there is a database")
    worker.terminate()
    said(worker)
    run("imsort", "-c", rc, "-db", "early/x.db", "early.f/0.fits", code=0, **observer(1))
    for n in (2, 3):
        run("imsort", "-c", rc, "-db", "astro/x.db", f"astro.f/{n - 1}.fits", code=0, **observer(n))
    info = os.stat("astro/x.db.queue")
    equal((info.st_gid, info.st_mode & 0o777), (ASTRO, 0o770), "the group of a folder of queues")

# --- a full disk: nothing is begun that cannot be kept; it goes on when there is room
small = f"{work}/small"
os.makedirs(small)
if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", small], capture_output=True).returncode == 0:
    atexit.register(subprocess.run, ["umount", "-l", small])
    db = database("small", 30)
    rc = config("small", "QUEUE_A all", f"STEP_A {script('count', f'echo $1 >> {work}/counted; sleep 0.3; head -c 6000 /dev/zero | tr -c x x; echo; echo end')} {{path}}", "NEXT_A B", "QUEUE_B none")
    queue(db, rc, "fill", "A", code=0)
    write(db + ".queue/A.log", "a page that is not full\n")
    worker = start(db, rc, "-j", "2")
    check(wait_until(lambda: len(lines_of("counted")) == 2), "it works")
    try:
        with open(f"{small}/filler", "wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
    except OSError:
        pass
    time.sleep(1.5)
    full = len(lines_of("counted"))
    time.sleep(0.5)
    check(worker.poll() is None, "a full disk does not end it")
    equal(full, 2, "what cannot go on to B is not followed by more")
    os.remove(f"{small}/filler")
    check(wait_until(lambda: counts(db, rc, "A") == {"done": 30}, 30), f"it goes on: {counts(db, rc, 'A')}")
    worker.terminate()
    told = said(worker)
    print("full disk:", full, "steps run by then;", sum("No space" in line for line in told.splitlines()), "lines about it")
    check(1 <= sum("No space" in line for line in told.splitlines()) <= 3, f"it is told, and not again and again: {told!r:.600}")
    check("A.log: cannot be written: No space left" in told, f"a log that is cut: {told!r:.600}")
    equal(set(collections.Counter(lines_of("counted")).values()), {1}, "each once, also around a full disk")
    equal(counts(db, rc, "B"), {"waiting": 30}, "each went on once")
else:
    print("no tmpfs: a full disk is not tested")

finish()
