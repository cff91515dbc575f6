#!/usr/bin/python3
"""imbackup: the copy as numpy reads it, against the database and against a diary of its states; beside writers, killed, on a full disk; restored."""
import random, resource, signal, subprocess, time
import numpy as np
from harness import *
from database import *

rnd = random.Random(12)
DIGEST = ("CRC", "CHANGENO")


def same(got, wanted, what):
    """All bytes of all rows: the copy has the identity of the database."""
    got, wanted = records(got), records(wanted)
    check(len(got) == len(wanted) and got.tobytes() == wanted.tobytes(), f"{what}: {len(got)} rows, wanted {len(wanted)}")


def report(*args, code=0):
    return json.loads(run("imbackup", *args, "-format", "json", code=code).stdout)


def trimmed(db):
    run("imcheck", "-db", db, "-trim", code=0)


def names(folder):
    return sorted(os.path.join(where, n)[len(folder) + 1:] for where, _, ns in os.walk(folder) for n in ns)


# --- first, again, incremental
run("imsim", "-rows", 12000, "-db", "a.db", "-seed", 3, code=0)
write("a.db.roots", "FAR\t/data/far\n")
write("a.db.future", b"\0\1" * 5000)
os.makedirs("a.db.queue/deep")
write("a.db.queue/deep/1", "one")
for name in ("a.db.idx.tmp", "a.db.new1234", "a.db.unfinished", "a.db.roots.lock"):
    write(name, "of the moment")
rehearsed = report("-n", "-db", "a.db", "copy")
check(not os.path.exists("copy"), "-n makes nothing")
first = report("-db", "a.db", "copy")
equal((first["full"], first["rows"], first["new"], first["changed"], first["files_copied"]), (True, 12000, 12000, 0, 3), "the first backup")
equal({k: rehearsed[k] for k in ("rows", "new", "files_copied")}, {k: first[k] for k in ("rows", "new", "files_copied")}, "-n says the same")
same("copy/Imreg.db", "a.db", "the first backup")
equal(names("copy"), ["Imreg.db", "Imreg.db.backup", "Imreg.db.future", "Imreg.db.idx", "Imreg.db.lock", "Imreg.db.queue/deep/1", "Imreg.db.roots"], "files of the copy")
equal([read(f"copy/Imreg.db.{n}") for n in ("roots", "future", "queue/deep/1")], [read(f"a.db.{n}") for n in ("roots", "future", "queue/deep/1")], "other files")
for query in (["-type", "object"], ["-count"]):
    equal(run("imsearch", "-db", "copy", *query, code=0).stdout, run("imsearch", "-db", "a.db", *query, code=0).stdout, f"the copy answers {query}")
equal(run("imbackup", "-db", "a.db", "copy", code=0).stdout, "copy/Imreg.db: 12000 rows: 0 new, 0 changed, 12000 unchanged\n", "nothing is new")


UNDER_STRACE = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}  # that looks by ptrace itself


def written(*line):
    """Bytes that a program gives to pwrite64."""
    subprocess.run(["strace", "-f", "-o", "trace", "-e", "trace=pwrite64", os.path.join(BIN, line[0]), *line[1:]], check=True, capture_output=True, env=UNDER_STRACE)
    return sum(int(l.rsplit("= ", 1)[1]) for l in open("trace") if "pwrite64(" in l)


image("night/x.fits"), image("night/y.fits")
run("imregister", "-db", "a.db", "night", code=0)
if shutil.which("strace"):
    size = written("imbackup", "-db", "a.db", "copy")
    check(size < 200_000, f"two new rows of 12002: {size} bytes written")
else:
    run("imbackup", "-db", "a.db", "copy", code=0)
same("copy/Imreg.db", "a.db", "two new rows")
image("night/x.fits", OBJECT="other"), image("night/z.fits")
run("imregister", "-db", "a.db", "night", code=0)
os.remove("a.db.queue/deep/1")
write("a.db.queue/2", "two")
write("a.db.later", "")
text_report = run("imbackup", "-db", "a.db", "copy", code=0).stdout
equal(text_report, "copy/Imreg.db: 12003 rows: 1 new, 1 changed, 12001 unchanged; 2 other files copied; 1 other file removed\n", "an update")
same("copy/Imreg.db", "a.db", "one changed, one new")
check(not os.path.exists("copy/Imreg.db.queue/deep/1") and read("copy/Imreg.db.queue/2") == b"two", "the queue as it is now")
run("imcheck", "-db", "copy", code=0)

# --- a row of the copy rots: the next backup mends it; one of the database rots: nothing is lost
start, count, dtype, own = layout("copy/Imreg.db")


def scribble(path, at, data=b"?!"):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


scribble("copy/Imreg.db", start + 512 * 77 + 300)
equal(report("-db", "a.db", "copy")["mended"], 1, "a rotten row of the copy")
same("copy/Imreg.db", "a.db", "mended")
good = read("a.db")
scribble("a.db", start + 512 * 5 + 300)
out = fails(3, ["a.db", "1 damaged record", "-damaged"], "imbackup", "-db", "a.db", "copy")
check("(record 6)" in out.stderr and "the copy has it" in out.stderr, "the damaged row is named: " + out.stderr)
run("imbackup", "-db", "a.db", "copy", "-damaged", code=4)
check(records("copy/Imreg.db")[5].tobytes() == good[start + 512 * 5:start + 512 * 6], "the copy keeps the good row")
fails(3, ["damaged"], "imbackup", "-db", "a.db", "fresh")
check(not os.path.exists("fresh/Imreg.db"), "no half copy")
run("imbackup", "-db", "a.db", "fresh", "-damaged", code=4)
check(records("fresh/Imreg.db").tobytes() == records("a.db").tobytes(), "all the others are copied")
run("imsearch", "-db", "fresh", "-name", "x.fits", code=0)
write("a.db", good)
shutil.rmtree("fresh")

# --- restore: another identity; what was of the old life is refused or does nothing
old = {n: read("a.db" + n) for n in (".journal", ".idx", ".lock") if os.path.exists("a.db" + n)}
equal(run("imbackup", "-restore", "copy", "new.db", code=0).stdout, "new.db: 12003 rows restored; 4 other files copied\n", "restore")
restored, source = records("new.db"), records("a.db")
restored["CRC"] = source["CRC"] = 0
check(restored.tobytes() == source.tobytes(), "restored rows")
check(layout("new.db")[3] != own, "a new identity")
equal(read("new.db.roots"), read("a.db.roots"), "restored roots")
run("imcheck", "-db", "new.db", code=0)
fails(3, ["new.db", "exists already"], "imbackup", "-restore", "copy", "new.db")
fails(3, ["the backup is named first"], "imbackup", "-restore", "nosuch.db", "copy")
fails(3, ["no backup here"], "imbackup", "-restore", "nosuch", "other.db")
answer = run("imsearch", "-db", "new.db", "-type", "object", code=0).stdout
for ending in (".idx", ".lock"):
    kept = read("new.db" + ending)
    write("new.db" + ending, old[ending])
    equal(run("imsearch", "-db", "new.db", "-type", "object", code=0).stdout, answer, f"the old {ending} beside the restored file")
    write("new.db" + ending, kept)
# a journal that holds a change of the old life
shutil.copy("a.db", "b.db")
image("night/x.fits", OBJECT="third")
run("imregister", "-db", "b.db", "night/x.fits", code=0)
live = read("b.db.journal")
check(b"TXN1" in live[1024:2048], "the journal of the old life holds a change")
for beside in ("new.db", "restored.db"):
    write(beside + ".journal", live)
fails(3, ["another database"], "imsearch", "-db", "new.db", "-count")
fails(3, ["another database"], "imregister", "-db", "new.db", "night/y.fits")
fails(3, ["restored.db.journal", "holds changes", "move it away"], "imbackup", "-restore", "copy", "restored.db")
check(not os.path.exists("restored.db"), "nothing is restored over a journal with changes")
os.remove("new.db.journal")
run("imregister", "-db", "new.db", "night", code=0)
os.remove("restored.db.journal")
write("restored.db.roots", "NEAR\t/elsewhere\n")
fails(3, ["restored.db.roots", "earlier database"], "imbackup", "-restore", "copy", "restored.db")
fails(2, ["do not go together"], "imbackup", "-restore", "copy", "q.db", "-full")
fails(2, ["no third"], "imbackup", "-restore", "copy", "q.db", "third")
# a restored database is another file than its copy
fails(3, ["another file", "-full"], "imbackup", "-db", "new.db", "copy")
same("copy/Imreg.db", "a.db", "a refused backup changes nothing")
equal(report("-db", "new.db", "copy", "-full")["full"], True, "-full")
same("copy/Imreg.db", "new.db", "-full")
run("imcheck", "-db", "copy", code=0)

# --- an older copy put in the place of the database
shutil.copy("a.db", "older.db")
image("night/w.fits")
run("imbackup", "-db", "a.db", "second", code=0)
run("imregister", "-db", "a.db", "night/w.fits", "night/x.fits", code=0)
run("imbackup", "-db", "a.db", "second", code=0)
fails(3, ["knows more"], "imbackup", "-db", "older.db", "second")

# --- a folder with its tables
os.makedirs("folder/headers")
shutil.copy("older.db", "folder/Imreg.db")
for name in ("master.db", "headers/wfc_raw_0.db"):
    run("imsim", "-rows", 50, "-db", "folder/" + name, code=0)
write("folder/headers/wfc_raw_0.heap", "text")
write("folder/notes.txt", "not of the database")
equal(report("-db", "folder", "tables")["tables"], 3, "tables")
for name in ("Imreg.db", "master.db", "headers/wfc_raw_0.db"):
    same("tables/" + name, "folder/" + name, name)
check(read("tables/headers/wfc_raw_0.heap") == b"text" and not os.path.exists("tables/notes.txt"), "its heap, and no other file")
fails(3, ["belong to the Imreg.db of a folder"], "imbackup", "-restore", "tables", "q.db")
os.makedirs("again")
run("imbackup", "-restore", "tables", "again/Imreg.db", code=0)
equal([len(records("again/" + n)) for n in ("Imreg.db", "master.db", "headers/wfc_raw_0.db")], [12003, 50, 50], "restored tables")

# --- refusals
fails(3, ["folder of the database itself"], "imbackup", "-db", "folder", "folder")
fails(3, ["folder of the database itself"], "imbackup", "-db", "folder", "folder/headers")
fails(3, ["folder of the database itself"], "imbackup", "-db", "a.db", "a.db.queue")
fails(3, ["nosuch.db", "no such database"], "imbackup", "-db", "nosuch.db", "copy")
fails(3, ["mounted"], "imbackup", "-db", "a.db", "no/such/folder")
fails(3, ["not a folder"], "imbackup", "-db", "a.db", "older.db")
fails(2, ["name the folder"], "imbackup", "-db", "a.db")
fails(3, ["x.fits"], "imbackup", "-db", "night/x.fits", "copy")
run("convertimreg", "master.db" if os.path.exists("master.db") else "folder/master.db", "elixir.db", "-to", "v3", code=0)
fails(3, ["elixir.db", "convert it first"], "imbackup", "-db", "elixir.db", "elixircopy")
os.makedirs("foreign")
shutil.copy("night/x.fits", "foreign/Imreg.db")
fails(3, ["foreign", "imbackup did not make"], "imbackup", "-db", "a.db", "foreign")
if not (os.getuid() == 0 and BIN.startswith("/root")):  # root may write everywhere: somebody else tries
    os.makedirs("closed", mode=0o555)
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    fails(3, ["closed", "Permission denied"], "imbackup", "-db", "a.db", "closed", **other)
    equal(os.listdir("closed"), [], "nothing is begun")

# --- what is refused leaves nothing behind: no folder, no mark, no lock beside nothing
os.mkdir("litter")
os.chdir("litter")
run("imsim", "-rows", 300, "-db", "a.db", code=0)
write("a.db.roots", "FAR\t/data/far\n")
os.makedirs("a.db.queue/deep")
write("a.db.queue/deep/1", "one")
shutil.copy("a.db", "bad.db")
scribble("bad.db", start + 512 * 5 + 300)
write("bad.db.future", "x")
os.makedirs("bad.db.queue")
write("bad.db.queue/1", "one")
os.symlink("nowhere", "link.db")
os.symlink("nowhere/else.db", "folderlink.db")
before = names(".")
for dest in ("a.db.queue", "a.db.queue/deep", "a.db.queue/new", "a.db.new", "a.db.idx", "a.db.lock/", "a.heap", "a.db.copy/"):
    out = run("imbackup", "-db", "a.db", dest, code=3)
    equal((names("."), os.path.exists(dest.rstrip("/")) and dest), (before, dest if dest in ("a.db.queue", "a.db.queue/deep", "a.db.lock/") else False), f"{dest} is of the database: {out.stderr}")
for words in (["-db", "bad.db", "fresh"], ["-restore", "bad.db", "new.db"], ["-restore", "nosuch", "new.db"]):
    run("imbackup", *words, code=3)
    equal(names("."), before, f"{words} leaves nothing")
    check(not os.path.exists("fresh") and not os.path.exists("new.db.queue"), f"{words} leaves no folder")
os.mkdir("kept")
run("imbackup", "-db", "bad.db", "kept", code=3)
equal(os.listdir("kept"), [], "a folder that was there stays, empty")
for name in ("link.db", "folderlink.db"):
    fails(3, [name, "symbolic link"], "imbackup", "-restore", "a.db", name)
    check(os.path.islink(name) and names(".") == before, "a dangling link is not replaced")
fails(3, ["no/such.db: its folder does not exist"], "imbackup", "-restore", "a.db", "no/such.db")

# --- a pipe beside it: -n and the real run say the same
os.mkfifo("a.db.pipe")
said = [run("imbackup", *n, "-db", "a.db", "copy", code=0) for n in (["-n"], [])]
check("a.db.pipe: is a pipe" in said[0].stderr and said[0].stderr == said[1].stderr, f"a pipe: {said}")
equal(said[0].stdout, said[1].stdout.replace("\n", "; nothing is written (-n)\n"), "-n beside a pipe")
check(not os.path.lexists("copy/Imreg.db.pipe"), "a pipe is not copied")

# --- a broken copy is made anew by -full, when it is one
for title, content in (("cut", read("copy/Imreg.db")[:20000]), ("shorter", read("copy/Imreg.db")[:40000]), ("empty", b""), ("text", b"nonsense\n" * 9000)):
    write("copy/Imreg.db", content)
    fails(3, ["copy/Imreg.db", "-full"], "imbackup", "-db", "a.db", "copy")
    check(read("copy/Imreg.db") == content, f"{title}: is refused")
    run("imbackup", "-db", "a.db", "copy", "-full", "-n", code=0)
    check(read("copy/Imreg.db") == content, f"{title}: -n writes nothing")
    equal(report("-db", "a.db", "copy", "-full")["new"], 300, f"{title}: -full")
    same("copy/Imreg.db", "a.db", f"{title}: the new copy")
write("copy/Imreg.db", b"mine")
os.remove("copy/Imreg.db.backup")
fails(3, ["copy", "imbackup did not make"], "imbackup", "-db", "a.db", "copy", "-full")
check(read("copy/Imreg.db") == b"mine", "what is no copy of ours stays")
os.chdir("..")

# --- a read that fails: one line, exit code 3, nothing half made; or it was tried again and all is done
jobs = [(["imcheck", "-db", "a.db", "-q"], None), (["imcheck", "-db", "a.db", "-repair", "new.db"], "new.db"), (["imbackup", "-db", "a.db", "new"], "new/Imreg.db"),
        (["imbackup", "-db", "changed.db", "saved"], None), (["imbackup", "-restore", "saved", "new.db"], "new.db"), (["imcheck", "-db", "a.db", "-compact"], None)]
faults = refused = 0
if shutil.which("strace") and not SANITIZED and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0:
    os.mkdir("reads")
    run("imsim", "-rows", 300, "-db", "reads/a.db", code=0)
    run("imbackup", "-db", "reads/a.db", "reads/saved", code=0)
    shutil.copy("reads/a.db", "reads/changed.db")
    changed = records("reads/changed.db")
    changed["CHANGENO"][7] += 1
    store("reads/changed.db", changed)
    copied = read("reads/saved/Imreg.db")
    tasks, others = [], []
    for line, made in jobs:
        for call in ("pread64", "openat", "mmap", "getdents64"):
            shutil.rmtree("w", ignore_errors=True)
            shutil.copytree("reads", "w")
            command = ["strace", "-f", "-o", os.path.join(work, "trace"), "-e", f"trace={call}", os.path.join(BIN, line[0]), *line[1:]]
            subprocess.run(command, cwd="w", capture_output=True)
            calls = [l for l in open(os.path.join(work, "trace")) if call + "(" in l]
            ours = [i + 1 for i, l in enumerate(calls) if "ELF" not in l and not any(f'"/{d}' in l for d in ("lib", "usr", "etc", "proc", "sys")) and (call != "mmap" or "MAP_SHARED" in l)]
            some = sorted(rnd.sample(ours, min(len(ours), 3)))
            tasks += [(line, made, call, nth) for nth in some]
            others += [(line, made, call, nth) for nth in ours if nth not in some]
    for line, made, call, nth in long_form(tasks, others):
        shutil.rmtree("w", ignore_errors=True)
        shutil.copytree("reads", "w")
        command = ["strace", "-f", "-o", os.path.join(work, "trace"), "-e", f"inject={call}:error=EIO:when={nth}", os.path.join(BIN, line[0]), *line[1:]]
        out = subprocess.run(command, cwd="w", capture_output=True, text=True)
        if out.returncode == 127 and "shared libraries" in out.stderr:  # it was a read of the loader
            continue
        what = f"{line}, {call} {nth} fails: {out.returncode} {out.stderr!r:.300}"
        faults += 1
        refused += out.returncode == 3
        check(out.returncode in (0, 3, 4), what)
        check(out.returncode == 0 or out.stderr.startswith(line[0] + ": ") and out.stderr.count("\n") <= 2, what)
        check(out.returncode != 3 or "rror" in out.stderr or "xists" in out.stderr or "holds changes" in out.stderr, what)
        if made and os.path.exists("w/" + made):
            check(len(records("w/" + made)) == 300, f"{what}: {made} has not all rows")
            check(run("imcheck", "-db", "w/" + made, "-q").returncode in (0, 4), f"{what}: {made}")
        elif made:
            check(out.returncode == 3 and not any("new" in n for n in names("w")), f"{what}: left {names('w')}")
        check(len(records("w/saved/Imreg.db")) == 300 and (out.returncode == 0 or line[-1] == "saved" or read("w/saved/Imreg.db") == copied), f"{what}: the copy")
        check(not any(n.endswith(".unfinished") for n in names("w")), f"{what}: left {names('w')}")
    check(refused > faults // 5, f"{refused} of {faults} read faults were seen")
    print(f"{faults} read faults, {refused} refused")

# --- what is refused changes nothing, in no file
for name, rows_, root in (("one", 10, "D\t/archiveA\n"), ("two", 20, "D\t/archiveB\n")):
    os.mkdir(name)
    run("imsim", "-rows", rows_, "-seed", rows_, "-db", name + "/Imreg.db", code=0)
    write(name + "/Imreg.db.roots", root.encode())


def content(folder):
    return {f: open(os.path.join(folder, f), "rb").read() for f in sorted(os.listdir(folder)) if not f.endswith(".lock")}


run("imbackup", "-db", "one", "their copy", code=0)
before = content("their copy")
fails(3, ["their copy", "copy of another file"], "imbackup", "-db", "two", "their copy")
equal(content("their copy"), before, "a refused backup of another database")
write("one/Imreg.db.roots", b"D\t/new\n")
write("one/Imreg.db.history", b"x")
before = content("one")
for full in ([], ["-full"], ["-n"]):
    fails(3, ["one", "imbackup did not make"], "imbackup", "-db", "their copy", "one", *full)
    equal(content("one"), before, f"exchanged names {full} do no harm")
os.mkdir("seeded")
shutil.copy("one/Imreg.db", "seeded/Imreg.db")
write("seeded/Imreg.db.mine", b"mine")
fails(3, ["seeded", "imbackup did not make"], "imbackup", "-db", "one", "seeded")
equal(sorted(os.listdir("seeded")), ["Imreg.db", "Imreg.db.mine"], "a folder that imbackup did not make")
for words in (["their copy", ""], ["", "new.db"]):
    before = sorted(os.listdir("."))
    fails(2, ["-restore", "empty"], "imbackup", "-restore", *words)
    equal(sorted(os.listdir(".")), before, f"-restore {words} leaves nothing")
# --- a journal of the lost database is kept, also when its head has gone
for damage in (lambda j: bytes(512) + j[512:], lambda j: j[:12] + b"?" + j[13:], lambda j: b"garbage"):
    for end in ("", ".journal"):
        shutil.copy(os.path.join(SOURCE, "tests", "golden", "native-4-pending.db" + end), "s.db" + end)
    run("imbackup", "-db", "s.db", "s copy", code=0)
    os.remove("s.db")
    with open("s.db.journal", "rb") as f:
        journal = damage(f.read())
    write("s.db.journal", journal)
    fails(3, ["s.db.journal", "move it away"], "imbackup", "-restore", "s copy", "s.db")
    with open("s.db.journal", "rb") as f:
        equal((f.read(), os.path.exists("s.db")), (journal, False), "a restore beside a journal with a damaged head")

# --- a full disk: whatever size a file may reach, the copy is the old one or the new one
shutil.rmtree("second")
run("imbackup", "-db", "older.db", "second", code=0)
shutil.copytree("second", "kept")
before, after = records("older.db").tobytes(), records("a.db").tobytes()
small = os.path.getsize("second/Imreg.db")
for limit in (4096, 100_000, small - 4096, small + 512, small + 100_000):
    for full in ([], ["-full"]):
        shutil.rmtree("second")
        shutil.copytree("kept", "second")
        out = run("imbackup", "-db", "a.db", "second", *full, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        check(out.returncode in (0, 3) and (out.returncode == 0) == (out.stderr == ""), f"files of {limit} bytes: {out.returncode} {out.stderr}")
        got = records("second/Imreg.db").tobytes()
        check(got == after or out.returncode == 3 and got == before, f"files of {limit} bytes: the old copy or the new one")
        check(not any(n.endswith(".unfinished") for n in names("second")), "nothing unfinished stays")
        run("imbackup", "-db", "a.db", "second", code=0)
        same("second/Imreg.db", "a.db", "and goes on when there is room")

# --- killed at any moment
line = [os.path.join(BIN, "imbackup"), "-db", "a.db", "second"]
started = time.time()
shutil.rmtree("second")
shutil.copytree("kept", "second")
subprocess.run(line, capture_output=True)
length = time.time() - started
kills = 0
for turn in range(50):
    shutil.rmtree("second")
    if turn % 5:
        shutil.copytree("kept", "second")
    words = line + (["-full"] if turn % 3 == 0 else [])
    if shutil.which("strace") and turn % 2:
        call, nth = rnd.choice(["pwrite64", "fdatasync", "rename", "unlink", "ftruncate"]), rnd.randrange(1, 9)
        ended = subprocess.run(["strace", "-o", "/dev/null", "-f", "-e", f"inject={call}:signal=SIGKILL:when={nth}", *words], capture_output=True, env=UNDER_STRACE).returncode
        kills += ended in (-9, 137)
    else:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rnd.random() * length)
        process.kill()
        kills += process.wait() == -9
    if os.path.exists("second/Imreg.db"):
        out = run("imsearch", "-db", "second", "-format", "npy", "-o", "rows.npy", code=0)
        rows_now = len(np.load("rows.npy"))
        check(rows_now in (12003, 12004), f"turn {turn}: {rows_now} rows")
    run("imbackup", "-db", "a.db", "second", code=0)
    same("second/Imreg.db", "a.db", f"turn {turn}: killed and run again")
check(kills >= 20, f"only {kills} kills came in time")

# --- beside two writers. One registers a file again and again; its OBJECT counts. The other adds files, each of which says in
# OBJECT what the first had counted when it began: so in each state that ever was the counter is at least that of every added row,
# and the rows that were added are the first n.
# Between the row that counts and those that are added stand so many that a look takes longer than a registration.
os.makedirs("busy/added")
image("busy/counter.fits", OBJECT="0")
run("imregister", "-db", "busy.db", "busy/counter.fits", code=0)
run("imregtable", "-db", "busy.db", "a.db", code=0)
between = len(records("busy.db"))
seconds = 30 if LONG else 4
script = """
import sys, os, time, subprocess
sys.argv = ["x"] + sys.argv[1:]
sys.path.insert(0, {tests!r})
from harness import *
os.chdir({work!r})
kind, end = {kind!r}, time.time() + {seconds}
n = 0
while time.time() < end:
    n += 1
    if kind == "count":
        path = image("busy/counter.fits", OBJECT=str(n))
        os.utime(path, (n, n))
    else:
        path = image(f"busy/added/{{n:05}}.fits", OBJECT=open("busy/now").read() if os.path.exists("busy/now") else "0")
    out = subprocess.run([os.path.join(BIN, "imregister"), "-db", "busy.db", path], capture_output=True, text=True)
    if out.returncode:
        print(out.stderr)
        os._exit(1)
    if kind == "count":
        with open("busy/next", "w") as f:
            f.write(str(n))
        os.rename("busy/next", "busy/now")
os._exit(0)
"""
writers = [subprocess.Popen([sys.executable, "-c", script.format(tests=os.path.join(SOURCE, "tests/programs"), work=work, kind=kind, seconds=seconds),
                             SOURCE, BIN, DATA], stdout=subprocess.PIPE, text=True) for kind in ("count", "add")]
backups, last = [], (0, 0)
longest = looks = 0
while any(w.poll() is None for w in writers):
    done = report("-db", "busy.db", "busycopy")
    looks, longest = looks + done["looks"], max(longest, done["locked_seconds"])
    data = records("busycopy/Imreg.db")
    counter = int(text(data[0]["OBJECT"]))
    seen = [int(text(r["OBJECT"])) for r in data[between:]]
    added = [text(r["FILENAME"]) for r in data[between:]]
    equal(added, [f"{i + 1:05}.fits" for i in range(len(added))], "the first n files")
    check(all(s <= counter for s in seen), f"a row knows of {max(seen, default=0)}, the counter says {counter}: no state that ever was")
    check((counter, len(added)) >= last and len(added) >= last[1], "a copy never goes back")
    last = (counter, len(added))
    backups.append(last)
for w in writers:
    check(w.wait() == 0, "a writer failed: " + (w.stdout.read() or ""))
run("imbackup", "-db", "busy.db", "busycopy", code=0)
trimmed("busy.db")
same("busycopy/Imreg.db", "busy.db", "at the end")
check(len(set(backups)) > 3, f"only {len(set(backups))} different states")
print(f"{len(backups)} backups, {looks} looks, writers waited {longest * 1000:.2f} ms at most, {last} rows at the end; {kills} kills")
finish()
