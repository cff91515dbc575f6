"""Path roots as people use them: roots on roots, two hosts that see the same archive elsewhere, imrelocate -root and -make-root,
undo, and a kill between the definition of a root and the rows that get it."""
import random, signal, time
from harness import *
import database


def image(path, **cards):
    words = {"SIMPLE": True, "BITPIX": 8, "NAXIS": 2, "NAXIS1": 2, "NAXIS2": 2, "INSTRUME": "MegaPrime", "OBSTYPE": "OBJECT",
             "EXPTIME": 60.0, "DATE-OBS": "2004-01-27", "UTC-OBS": "05:00:00", "RA_DEG": 10.0, "DEC_DEG": 20.0} | cards
    head = "".join(card(k, v) for k, v in words.items()) + "END".ljust(80)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(pad(head.encode(), b" ") + pad(b"\0" * 4, b"\0"))


def write(path, text):
    with open(path, "w" if isinstance(text, str) else "wb") as file:
        file.write(text)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def places(db, *more):
    return sorted(f"{r['pathname']}/{r['filename']}" for r in rows(db, *more))


def roots_of(db, *more):
    out = run("imrelocate", "-db", db, "-roots", "-format", "json", *more)
    return {r["name"]: r for r in map(json.loads, out.stdout.splitlines())}


top = os.path.realpath(".")
for night in ("2003A", "2004B"):
    for n in range(3):
        image(f"summit/mega/{night}/{n}.fits", EXPTIME=10.0 + n)
image("summit/wircam/9.fits")
files = sorted(f"{top}/summit/{p}" for p in ("mega/2003A/0.fits", "mega/2003A/1.fits", "mega/2003A/2.fits", "mega/2004B/0.fits",
                                             "mega/2004B/1.fits", "mega/2004B/2.fits", "wircam/9.fits"))

# two hosts see the same database and the same files under different prefixes: no row twice, whoever registers
os.symlink(f"{top}/summit", "laptop")
run("imregister", "-db", "two.db", "-root", f"ALL={top}/summit", "-root", "MEGA=$ALL/mega", "summit", code=0)
equal(places("two.db"), files, "on the summit")
check(b"$MEGA/2003A" in read("two.db") and b"$ALL/wircam" in read("two.db"), "the most specific root is stored")
write("laptop.rc", f"# a laptop\nROOT_ALL {top}/laptop\n")
here = ["-c", "laptop.rc"]
seen = sorted(f.replace("/summit/", "/laptop/") for f in files)
equal(places("two.db", *here), seen, "on the laptop")
equal(places("two.db", *here, "-where", f"pathname ~ '{top}/laptop/mega'"), seen[:6], "a condition sees the paths of this host")
equal(places("two.db", "-D", "ROOT_ALL", "/elsewhere", "-where", "pathname = '/elsewhere/wircam'"), ["/elsewhere/wircam/9.fits"], "-D")
equal(rows("two.db", *here, "-where", f"pathname ~ '{top}/summit'", code=1), [], "and no others")
out = run("imregister", "-db", "two.db", *here, "laptop", code=0)
check("0 rows added, 0 updated, 7 unchanged" in out.stdout, "the laptop registers what the summit did: " + out.stdout)
image("summit/mega/2004B/new.fits")
run("imregister", "-db", "two.db", *here, "laptop/mega/2004B/new.fits", code=0)
out = run("imregister", "-db", "two.db", "summit", code=0)
check("0 rows added, 0 updated, 8 unchanged" in out.stdout, "the summit registers what the laptop did: " + out.stdout)
equal(len(places("two.db")), 8, "rows")
os.environ["PTOLEMY"] = os.path.abspath("laptop.rc")
equal(places("two.db")[-1], f"{top}/laptop/wircam/9.fits", "$PTOLEMY")
run("convertimreg", "two.db", "two.v3", "-to", "v3", code=0)
check(f"{top}/laptop/wircam".encode() in read("two.v3"), "convertimreg writes the paths of this host")
run("imregtable", "-db", "merged.db", "two.db", code=0)
equal(len([p for p in places("merged.db") if p.startswith(f"{top}/laptop/")]), 8, "imregtable takes the paths of this host")
run("imcheck", "-db", "two.db", code=0)
del os.environ["PTOLEMY"]
run("imregister", "-db", "row.db", "summit/wircam", code=0)
equal(run("imsearch", "-db", "row.db", "-c", "laptop.rc", code=0).stderr, "", "without roots nobody minds an override")

# overrides that make no sense
out = run("imsearch", "-db", "two.db", "-D", "ROOT_NONE", "/x", "-count", code=0)
equal(len(out.stderr.splitlines()), 1, "one warning")
check("NONE" in out.stderr and "two.db" in out.stderr, "a root that is not defined: " + out.stderr)
fails(2, ["ROOT_ALL", "absolute"], "imsearch", "-db", "two.db", "-D", "ROOT_ALL", "mnt")
fails(2, ["ROOT_ALL", "circle"], "imsearch", "-db", "two.db", "-D", "ROOT_ALL", "$MEGA/x")
write("row.db.roots", "A\t/a\nB\t$C/x\n")
for program in (["imsearch"], ["imregister", files[0]], ["imrelocate", "-roots"], ["imcheck"]):
    fails(3, ["row.db.roots", "line 2", "root C"], program[0], "-db", "row.db", *program[1:])
write("row.db.roots", "# a circle\nA\t$B\nB\t$A/x\n")
fails(3, ["line 2", "A -> B -> A"], "imsearch", "-db", "row.db")
os.remove("row.db.roots")

# rows that begin with a root that is not defined: imcheck counts those of each, beside numpy
run("imregister", "-db", "un.db", "-root", f"MEGA={top}/summit/mega", "-root", f"WIR={top}/summit/wircam", "summit", code=0)
run("imcheck", "-db", "un.db", code=0)
run("imsearch", "-db", "un.db", "-name", "0.fits", "-delete", code=0)
run("imcheck", "-db", "un.db", "-trim", code=0)
table = database.records("un.db")
of = {root: [n for n, (path, gone) in enumerate(zip(table["PATHNAME"], table["DELETED"])) if path.startswith(root) and gone != ord("T")] for root in (b"$MEGA", b"$WIR")}
check(min(map(len, of.values())) > 0 and sum(map(len, of.values())) < len(table), f"both roots have rows, and some are deleted: {of}")
whole = read("un.db.roots")
for at in range(0, len(whole), 3):  # each third byte: found, or nothing that it says has changed
    write("un.db.roots", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    out = run("imcheck", "-db", "un.db", "-q", "-format", "json")
    check(out.returncode != 0 or at >= whole.rindex(b"# check"), f"byte {at} of the roots: {out.stdout}")
write("un.db.roots", whole)
roots = [line for line in whole.decode().splitlines() if not line.startswith("# check ")]  # as who edits it by hand
for left_out in (["MEGA"], ["WIR"], ["MEGA", "WIR"]):
    write("un.db.roots", "".join(line + "\n" for line in roots if line.split("\t")[0] not in left_out))
    found = json.loads(run("imcheck", "-db", "un.db", "-format", "json", code=4).stdout)
    said = [(f["kind"], f["record"], f["what"].split(" begin")[0]) for f in found["findings"]]
    wanted = [of[b"$" + name.encode()] for name in left_out]
    equal(said, sorted(("warning", rows[0] + 1, f"{len(rows)} row" + ("s" if len(rows) > 1 else "")) for rows in wanted), f"without {left_out}")
    fails(4, [f"begin", f"${left_out[0]}, a root that is not defined", f"imrelocate -root {left_out[0]}=DIR"], "imcheck", "-db", "un.db")
os.remove("un.db.roots")
equal(len(json.loads(run("imcheck", "-db", "un.db", "-format", "json", code=4).stdout)["findings"]), 2, "without any roots")
for line in roots:
    if not line.startswith("#"):
        run("imrelocate", "-db", "un.db", "-root", line.replace("\t", "="), code=0)
run("imcheck", "-db", "un.db", code=0)

# a root goes when no row has it: a rule from it to its own folder gives its rows whole paths, and those of no other root
run("imregister", "-db", "go.db", "-root", f"MEGA={top}/summit/mega", "-root", f"NIGHT={top}/summit/mega/2003A", "summit", code=0)
at_first = places("go.db")
out = fails(2, ["is used by", "give them whole paths first"], "imrelocate", "-db", "go.db", "-root", "MEGA=")
remedy = out.stderr.split("first: imrelocate -go ")[1].split()
equal(remedy, ["'$MEGA'", f"{top}/summit/mega"], "the remedy")
having = lambda: {name: r["rows"] for name, r in roots_of("go.db").items()}
before = having()
out = run("imrelocate", "-db", "go.db", "-go", remedy[0].strip("'"), remedy[1], code=0)
equal((having(), places("go.db")), ({"MEGA": 0, "NIGHT": before["NIGHT"]}, at_first), "whole paths, the same ones")
check(before["MEGA"] > 0 and before["NIGHT"] > 0 and f"{before['MEGA']} rows changed" in out.stdout, f"so many as it had: {before} {out.stdout}")
run("imrelocate", "-db", "go.db", "-go", "-undo", 1, code=0)
equal((having(), places("go.db")), (before, at_first), "undone")
run("imrelocate", "-db", "go.db", "-go", "$MEGA", f"{top}/summit/mega", code=0)
run("imrelocate", "-db", "go.db", "-go", "$NIGHT", f"{top}/summit/mega/2003A", code=0)
run("imrelocate", "-db", "go.db", "-root", "NIGHT=", "-root", "MEGA=", code=0)
equal((having(), places("go.db")), ({}, at_first), "the roots are gone")
fails(2, ["same path"], "imrelocate", "-db", "go.db", top, top)

# imrelocate -root: at once, rehearsed, refused, logged, undone
run("imregister", "-db", "r.db", "-root", f"MEGA={top}/summit/mega", "summit", code=0)
before = read("r.db"), read("r.db.roots")
out = run("imrelocate", "-db", "r.db", "-n", "-root", "MEGA=/moved", code=0)
check("7 rows" in out.stdout and "nothing is changed" in out.stdout, "rehearsal: " + out.stdout)
equal((read("r.db"), read("r.db.roots")), before, "a rehearsal changes nothing")
out = run("imrelocate", "-db", "r.db", "-root", "MEGA=/moved/mega/", code=0)
check("7 rows" in out.stdout, out.stdout)
check("/moved/mega is no folder" in out.stderr, "a prefix that is no folder: " + out.stderr)
equal(read("r.db"), before[0], "no row is written")
equal(places("r.db")[0], "/moved/mega/2003A/0.fits", "all rows moved")
run("imrelocate", "-db", "r.db", "-root", "OLD=$MEGA/2003A", code=0)
listed = roots_of("r.db", "-D", "ROOT_OLD", "/here")
equal([(r["prefix"], r["host"], r["folder"], r["rows"]) for r in listed.values()],
      [("/moved/mega", None, "/moved/mega", 7), ("$MEGA/2003A", "/here", "/here", 0)], "-roots")
check("$MEGA\t/moved/mega\t7 rows\n" in run("imrelocate", "-db", "r.db", "-roots", code=0).stdout, "-roots as text")
before = read("r.db.roots")
for word, says in ((f"MEGA=$OLD/x", "circle"), ("NEW=$NONE/x", "root NONE"), ("NEW=data", "absolute"), ("NEW", "NAME=PREFIX"),
                   ("N W=/x", "letters"), ("MEGA=", "OLD is built on"), ("NONE=", "no root NONE"), ("NEW=/a\tb", "tab"), ("NEW=/a\nb", "line end"),
                   ("NEW=/a ", "blank"), ("NEW=$OLD/../x", "stay below")):
    fails(2, [says], "imrelocate", "-db", "r.db", "-root", word)
equal(read("r.db.roots"), before, "what is refused changes nothing")
run("imrelocate", "-db", "r.db", "-root", "OLD=", code=0)
fails(2, ["MEGA", "7 rows"], "imrelocate", "-db", "r.db", "-root", "MEGA=")
subprocess.run([os.path.join(BIN, "imrelocate"), "-db", "r.db", "-root", b"ODD=/a b/\xe9$x"], check=True, capture_output=True)
check(b"ODD\t/a b/\xe9$x\n" in read("r.db.roots"), "blanks and bytes that are no UTF-8 stay")
subprocess.run([os.path.join(BIN, "imrelocate"), "-db", "r.db", "-go", "-undo", "1"], check=True, capture_output=True)
check(b"ODD" not in read("r.db.roots"), "and are undone")
for words in (["-root", "A=/a", "OLD", "NEW"], ["-roots", "-go"], ["-root", "A=/a", "-type", "dark"], ["-roots", "-root", "A=/a"], ["-n", "-go", "/a", "/b"]):
    fails(2, ["do not go together"] if words[0] != "-n" else ["leave one out"], "imrelocate", "-db", "r.db", *words)
out = run("imrelocate", "-db", "r.db", "-undo", "2", code=0)
check("$MEGA/2003A" in out.stdout and "would move" in out.stdout, "-undo rehearses: " + out.stdout)
for _ in range(2):  # OLD gone, OLD
    run("imrelocate", "-db", "r.db", "-go", "-undo", "1", code=0)
equal(sorted(roots_of("r.db")), ["MEGA"], "undone")
run("imrelocate", "-db", "r.db", "-go", "-undo", "1", code=0)
equal(places("r.db"), sorted(files + [f"{top}/summit/mega/2004B/new.fits"]), "back at the first place")
check("root" in run("imrelocate", "-db", "r.db", "-history", code=0).stdout, "-history tells of roots")

# a change that would make two rows the same image
run("imrelocate", "-db", "r.db", "-root", "MEGA=/moved", code=0)
run("imregister", "-db", "r.db", "summit/mega/2003A/0.fits", code=0)
fails(2, ["two rows", "0.fits"], "imrelocate", "-db", "r.db", "-root", f"MEGA={top}/summit/mega")

# -make-root: rehearsal, then the root and the rows; paths stay what they are for everybody
run("imregister", "-db", "m.db", "summit", code=0)
all_places, bytes_before = places("m.db"), read("m.db")
make = ["imrelocate", "-db", "m.db", "-make-root", f"MEGA={top}/summit/mega"]
out = run(*make, code=0)
check("7 rows would" in out.stdout, "rehearsal: " + out.stdout)
check(read("m.db") == bytes_before and not os.path.exists("m.db.roots"), "a rehearsal changes nothing")
out = run(*make, "-go", code=0)
check("7 rows" in out.stdout, out.stdout)
equal(places("m.db"), all_places, "paths are what they were")
equal(roots_of("m.db")["MEGA"]["rows"], 7, "rows have the root")
run(*make, "-go", code=1)
fails(2, ["already"], "imrelocate", "-db", "m.db", "-go", "-make-root", "MEGA=/other")
fails(2, ["stands for", "already"], "imrelocate", "-db", "m.db", "-go", "-make-root", f"M2={top}/summit/mega")
run("imrelocate", "-db", "m.db", "-go", "-make-root", f"OLD={top}/summit/mega/2003A", code=0)
equal((roots_of("m.db")["OLD"]["rows"], places("m.db")), (3, all_places), "a root inside a root")
run("imrelocate", "-db", "m.db", "-go", "-make-root", f"ALL={top}/summit", code=0)
equal((roots_of("m.db")["ALL"]["rows"], roots_of("m.db")["OLD"]["rows"], places("m.db")), (1, 3, all_places), "a root around them")
out = run("imregister", "-db", "m.db", "summit", code=0)
check("0 rows added, 0 updated, 8 unchanged" in out.stdout, "registered again: " + out.stdout)
for _ in range(6):  # rows and root, three times
    run("imrelocate", "-db", "m.db", "-go", "-undo", "1", code=0)
equal((roots_of("m.db"), places("m.db")), ({}, all_places), "all undone")
check(b"$" + b"MEGA" not in read("m.db"), "rows have full paths again")

# killed at any point -make-root leaves the old state, the root alone, or all of it; run again it is done
run("imsim", "-rows", "20000", "-db", "kill.db", code=0)
expected = places("kill.db")
prefix = os.path.commonpath(p.rsplit("/", 1)[0] for p in expected)
words = [os.path.join(BIN, "imrelocate"), "-db", "kill.db", "-go", "-make-root", f"SIM={prefix}"]
saved = {n: read(n) for n in os.listdir(".") if n.startswith("kill.db")}


def put_back():
    for n in os.listdir("."):
        if n.startswith("kill.db"):
            os.remove(n)
    for n, content in saved.items():
        with open(n, "wb") as file:
            file.write(content)


states = set()
start = time.monotonic()
shutil.copy("kill.db", "whole.db")
subprocess.run([w.replace("kill.db", "whole.db") for w in words], check=True, capture_output=True)
whole = time.monotonic() - start
rng = random.Random(6)
for _ in range(60 if LONG else 12):
    put_back()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(0, whole))
    child.send_signal(signal.SIGKILL)
    child.wait()
    got = places("kill.db")
    known = roots_of("kill.db")
    state = "none" if not known else known["SIM"]["rows"]
    states.add(state)
    check(state in ("none", 0, len(expected)), f"rows with the root: {state}")
    equal(got == expected, True, "paths after a kill")
    out = run("imrelocate", *words[1:])
    check(out.returncode in (0, 1), out.stderr)
    equal((roots_of("kill.db")["SIM"]["rows"], places("kill.db") == expected), (len(expected), True), "run again")
    out = run("imcheck", "-db", "kill.db")
    check(out.returncode in (0, 4), f"imcheck: 4, the index may be out of use: {out.stderr}")
# the state between the two steps, always
put_back()
run("imrelocate", "-db", "kill.db", "-root", f"SIM={prefix}", code=0)
equal((roots_of("kill.db")["SIM"]["rows"], places("kill.db") == expected), (0, True), "defined, and no row yet")
run("imrelocate", *words[1:], code=0)
equal((roots_of("kill.db")["SIM"]["rows"], places("kill.db") == expected), (len(expected), True), "the rest of it")
print("states after kills:", sorted(map(str, states)))

# a database without roots opens no configuration file
strace = None if SANITIZED else shutil.which("strace")
if strace:
    write("ptolemy.rc", "ROOT_X /x\n")
    for db, wanted in (("row.db", False), ("two.db", True)):
        trace = subprocess.run([strace, "-f", "-e", "trace=open,openat", os.path.join(BIN, "imsearch"), "-db", db, "-count"],
                               capture_output=True, text=True).stderr
        equal("ptolemy.rc" in trace, wanted, f"imsearch of {db} opens the configuration")
finish()
