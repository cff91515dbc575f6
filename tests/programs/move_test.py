#!/usr/bin/python3
"""immv and imrm: what moves and what is refused; random sequences beside a model; the same while another program registers. Killed and
failing ones: move_kill_test.py."""
import ctypes, itertools, random
from harness import *

SHM = tempfile.mkdtemp(prefix="imreg-move-", dir="/dev/shm")  # another file system
atexit.register(shutil.rmtree, SHM, True)
check(os.stat(SHM).st_dev != os.stat(work).st_dev, "two file systems")
serial = itertools.count(1)


def make(path, rows=1, **keys):
    """A file that its rows can be told by."""
    assert rows != 2  # a cube of one slice is an image
    return image(path, shape=(4, 4) if rows == 1 else (4, 4, rows - 1), OBJECT=f"o{next(serial)}", **keys)


def on_disk(*tops):
    """{path: OBJECT} of every image below these folders; others by None."""
    out = {}
    for top in tops:
        for at, _, names in os.walk(os.path.abspath(top)):
            for name in names:
                path = os.path.join(at, name)
                if os.path.islink(path):
                    continue
                data = read(path)
                found = data.find(b"OBJECT  = '")
                out[path] = data[found + 11:found + 19].decode().split("'")[0].strip() if found > 0 else None
    return out


def in_rows(db, *args):
    """{path: (OBJECT, how many rows)}"""
    out = {}
    for row in rows(db, *args, code=None):
        path = os.path.join(row["pathname"], row["filename"])
        check(out.setdefault(path, (row["object"], 0))[0] == row["object"], f"{path}: rows of two files")
        out[path] = (row["object"], out[path][1] + 1)
    return out


def agree(db, tops, unregistered=(), what=""):
    """Each row's file is there, each file has its rows."""
    disk = {p: o for p, o in on_disk(*tops).items() if o and p not in unregistered}
    return equal({p: o for p, (o, n) in in_rows(db).items()}, disk, f"{what}: rows and files")


def whole(db, what=""):
    out = subprocess.run([os.path.join(BIN, "imcheck"), "-db", db], capture_output=True)
    equal((out.returncode, out.stderr), (0, b""), f"{what}: imcheck")
    check(not os.path.exists(db + ".moving"), f"{what}: {db}.moving is left")


# --- what moves
os.makedirs("a/in/deep")
os.makedirs("dest")
for name, n in (("a/1.fits", 1), ("a/2.fits", 4), ("a/in/3.fits", 1), ("a/in/deep/4.fits", 3), ("ab/5.fits", 1)):
    make(name, n)
run("imregister", "-db", "m.db", "a", "ab", code=0)
first = in_rows("m.db")
equal(sum(n for _, n in first.values()), 10, "rows to begin with")


def moved(old, new, *args):
    before = in_rows("m.db")
    out = run("immv", "-db", "m.db", *args, code=0)
    wanted = {(os.path.abspath(new) + p[len(os.path.abspath(old)):] if (p + "/").startswith(os.path.abspath(old) + "/") else p): r for p, r in before.items()}
    equal(in_rows("m.db"), wanted, f"immv {args}")
    agree("m.db", [".", SHM], what=f"immv {args}")
    whole("m.db", f"immv {args}")
    return out


equal(moved("a/1.fits", "dest/1.fits", "a/1.fits", "dest").stdout, "1 file moved: 1 row changed\n", "the summary")
moved("dest/1.fits", "dest/one.fits", "dest/1.fits", "dest/one.fits")
moved("a", "b", "a/", "b/")
check(os.path.exists("ab/5.fits"), "a folder whose name begins alike stays")
moved("b/in", "dest/in", "./b/../b/in//", "dest")
moved("b/2.fits", SHM + "/2.fits", "b/2.fits", SHM)
when = os.stat(SHM + "/2.fits").st_mtime_ns
moved(SHM + "/2.fits", "b/two.fits", SHM + "/2.fits", "b/two.fits")
equal(os.stat("b/two.fits").st_mtime_ns, when, "a copy has its time")
os.chmod("dest/in/deep/4.fits", 0o640)
os.chmod("dest/in/deep", 0o711)
os.symlink("4.fits", "dest/in/deep/link")
out = moved("dest/in", SHM + "/else", "-v", "dest/in", SHM + "/else")
check(f"{work}/dest/in -> {SHM}/else (4 rows, copied)" in out.stdout, f"-v: {out.stdout}")
equal((os.stat(SHM + "/else/deep/4.fits").st_mode & 0o777, os.stat(SHM + "/else/deep").st_mode & 0o777, os.readlink(SHM + "/else/deep/link")), (0o640, 0o711, "4.fits"),
      "modes and links of a copy")
os.remove(SHM + "/else/deep/link")
moved(SHM + "/else", "back", SHM + "/else", "back")
equal(moved("back/*", "x", "-n", "back/*", "dest").stdout, "1 file and 1 folder would be moved: 4 rows changed; nothing is done (-n)\n", "-n")
before = in_rows("m.db")
out = run("immv", "-db", "m.db", "-format", "json", "back/*.fits", "b/t?o.fits", "dest", code=0)
report = json.loads(out.stdout)
equal((report["action"], report["done"], report["rows"], [n["rows"] for n in report["names"]], report["error"], report["refused"]), ("move", True, 5, [1, 4], None, []), "json")
agree("m.db", ["."], what="quoted globs")
equal(sorted(r for r in in_rows("m.db").values()), sorted(before.values()), "all rows are kept")
equal(sorted(in_rows("m.db").values()), sorted(first.values()), "the rows of the beginning")

# The history tells of it, and a registration of the new place finds nothing new.
kinds = [r["kind"] for r in rows("m.db.history") if r["kind"] != "part"]
check(kinds and set(kinds) == {"move"}, f"history: {kinds}")
out = run("imregister", "-db", "m.db", "dest", code=0)
check("0 rows added, 0 updated, 6 unchanged" in out.stdout, f"registered again: {out.stdout}")

# Names of any bytes.
odd = os.path.join(work.encode(), b"odd \xff\n\xc3\xa4 [1]*")
os.makedirs(odd)
make("z.fits")
run("imregister", "-db", "odd.db", "z.fits", code=0)
out = subprocess.run([os.path.join(BIN, "immv"), "-db", "odd.db", "-v", "z.fits", odd], capture_output=True)
equal((out.returncode, out.stdout.count(b"\n"), out.stderr), (0, 2, b""), "a folder with a newline: one line for a file")
check(os.path.exists(odd + b"/z.fits"), "odd names")
equal(run("imsearch", "-db", "odd.db", "-count", "-name", "z.fits").stdout.split()[-1], "1", "z is registered")
out = subprocess.run([os.path.join(BIN, "imrm"), "-db", "odd.db", odd + b"/z.fits"], capture_output=True)
equal((out.returncode, os.listdir(odd)), (0, []), "odd names are removed")
os.rmdir(odd)

# --- what is refused: one line, and nothing has changed.
make("dest/taken.fits")
make("not.fits")
make("gone.fits")
run("imregister", "-db", "m.db", "dest/taken.fits", "gone.fits", code=0)
os.rename("gone.fits", "kept_gone")
os.makedirs("empty")
os.symlink("b", "link")
os.symlink("nowhere", "dangling")
os.makedirs("real/sub")
os.symlink("real/sub", "jump")
split = [make(f"p/700001o/700001o{c:02}.fits", EXTNAME=f"ccd{c:02}") for c in range(4)]
mixed = [make(f"flat/800001o{c:02}.fits") for c in range(2)] + [make("flat/800002o00.fits", DATE_OBS="2001-01-28T00:00:00")]
run("imregister", "-db", "m.db", "-split", "p", "flat", code=0)
equal({r["mode"] for r in rows("m.db", "-name", "[78]0000*")}, {"SPLIT"}, "SPLIT files")
os.remove("p/700001o/700001o03.fits")  # who is not there cannot be named
os.makedirs(SHM + "/long")
long_name = "n" * 120
os.makedirs(SHM + "/" + "d" * 150)
os.makedirs("blank ")
b1 = "b/" + sorted(os.listdir("b"))[0] if os.listdir("b") else None
REFUSED = [
    ("immv", ["nothere.fits", "dest"], ["nothere.fits", "no such file"]),
    ("immv", ["nothere*", "dest"], ["nothere*", "no file has such a name"]),
    ("immv", ["dest/taken.fits", "dest/one.fits", "z"], ["z: is no folder"]),
    ("immv", ["dest/one.fits", "dest/taken.fits"], ["taken.fits", "is there already", "nothing is overwritten"]),
    ("immv", ["dest/one.fits", "dangling"], ["dangling", "is there already"]),
    ("immv", ["dest/one.fits", "new/"], ["new/", "no such folder"]),
    ("immv", ["dest/one.fits", "no/such"], ["no", "no such folder"]),
    ("immv", ["dest/one.fits/", "b"], ["one.fits/", "is a file"]),
    ("immv", ["dest/one.fits", "dest"], ["source and target are the same"]),
    ("immv", ["dest/one.fits", "./dest/../dest/one.fits"], ["is there already"]),
    ("immv", ["dest", "dest/in"], ["into itself"]),
    ("immv", ["b", "link/x"], ["into itself"]),
    ("immv", [".", "dest"], ["name the file or folder itself"]),
    ("immv", ["dest/..", "b"], ["name the file or folder itself"]),
    ("immv", ["/", "b"], ["name the file or folder itself"]),
    ("immv", ["", "b"], ["empty name"]),
    ("immv", ["dest/one.fits", ""], ["empty name"]),
    ("immv", ["link/", "dest"], ["symbolic link"]),
    ("immv", ["jump/../../dest/one.fits", "b"], [".. leads through a symbolic link"]),
    ("immv", ["jump/../sub", "b"], [".. leads through a symbolic link"]),
    ("immv", ["dest/one.fits", "jump/../here"], [".. leads through a symbolic link"]),
    ("immv", ["dest/one.fits", "dest/one.fits", "b"], ["named twice"]),
    ("immv", ["dest/one.fits", "dest", "b"], ["named twice"]),
    ("immv", ["dest/one.fits", "gone.fits"], ["gone.fits", "is registered, although there is no such file"]),
    ("immv", ["dest/one.fits", long_name], ["file name", "120 bytes", "shorter"]),
    ("immv", ["dest/one.fits", SHM + "/" + "d" * 150], ["path", "bytes, its field 160", "path root"]),
    ("immv", ["dest", SHM + "/" + "d" * 150], ["path", "bytes, its field 160", "path root"]),
    ("immv", ["dest/one.fits", "b/one "], ["ends in a blank"]),
    ("immv", ["dest/one.fits", "blank "], ["ends in a blank"]),
    ("immv", ["m.db", "b"], ["belongs to the database"]),
    ("immv", ["m.db.journal", "b"], ["belongs to the database"]),
    ("immv", [work, SHM], ["the database itself is in it"]),
    ("immv", [split[0], "dest"], ["one CCD of a SPLIT exposure", "2 other files", "700001o01.fits", f"name its folder {work}/p/700001o or all its files", "-part"]),
    ("immv", [split[0], split[1], "dest"], ["1 other file of it is not named (700001o02.fits)"]),
    ("immv", [mixed[0], "dest"], ["1 other file", "(800001o01.fits): name all its files"]),
    ("immv", [split[0], SHM], ["one CCD of a SPLIT exposure"]),
    ("imrm", [split[2]], ["one CCD of a SPLIT exposure"]),
    ("imrm", ["nothere.fits"], ["no such file", "imcheck -files -search", "imsearch -name nothere.fits -delete"]),
    ("imrm", ["dest"], ["is a folder; -r"]),
    ("imrm", ["not.fits"], ["not registered", "rm"]),
    ("imrm", ["dest/one.fits", "not.fits"], ["not registered"]),
    ("imrm", ["-r", "empty"], ["nothing in it is registered"]),
    ("imrm", ["-r", "."], ["name the file or folder itself"]),
    ("imrm", ["-r", work], ["the database itself is in it"]),
    ("imrm", ["-r", "dest", "dest/one.fits"], ["named twice"]),
    ("imrm", ["m.db"], ["belongs to the database"]),
]


def state():
    return (sorted(on_disk(".", SHM)), read("m.db"), sorted(n for n in os.listdir(".") if not n.endswith(".lock")))


for program, words, said in REFUSED:
    for dry in ([], ["-n"]):
        before = state()
        out = fails(4, said, program, "-db", "m.db", *dry, *words)
        check(out.stdout == "", f"{program} {words}: {out.stdout}")
        check(state() == before, f"{program} {dry} {words}: something changed")
shutil.copy("not.fits", "dest/stranger.fits")
for words in (["-r", "dest"], ["-r", "-i", "dest"]):
    fails(4, ["1 file that is not registered", "dest/stranger.fits", "-f"], "imrm", "-db", "m.db", *words, stdin="y\n")
os.remove("dest/stranger.fits")
out = json.loads(run("immv", "-db", "m.db", "-format", "json", "nothere.fits", "dest", code=4).stdout)
equal((out["done"], out["refused"]), (False, ["nothere.fits: there is no such file; if it has rows: imcheck -files -search DIR finds where it went, imsearch -name nothere.fits -delete takes them out"]), "json of a refusal")
fails(2, ["it needs SRC... DEST"], "immv", "-db", "m.db", "x")
fails(2, ["-format fish"], "imrm", "-db", "m.db", "x", "-format", "fish")
for dry in ([], ["-n"]):
    fails(3, ["none.db", "there is no such database"], "immv", "-db", "none.db", *dry, "dest/one.fits", "b")
run("convertimreg", "m.db", "elixir.db", "-to", "v3")
for dry in ([], ["-n"]):
    fails(3, ["elixir.db", "convert it first"], "immv", "-db", "elixir.db", *dry, "dest/one.fits", "b")
os.remove("elixir.db")

# --- folders and disks that let nothing be done
if os.geteuid() == 0:
    os.makedirs("shut")
    os.makedirs("open")
    make("shut/1.fits")
    run("imregister", "-db", "shut/x.db", "shut/1.fits", code=0)
    for name in ("shut/x.db", "shut/x.db.lock"):
        os.chmod(name, 0o666)
    os.chmod("open", 0o777)
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    fails(4, [f"{work}/shut: cannot take names out of the folder: Permission denied"], "immv", "-db", "shut/x.db", "shut/1.fits", "open", **nobody)
    fails(4, [f"{work}/shut: cannot take names out of the folder: Permission denied"], "imrm", "-db", "shut/x.db", "shut/1.fits", **nobody)
    shutil.copy("shut/1.fits", "open/2.fits")
    fails(4, [f"{work}/shut: cannot put names into the folder: Permission denied"], "immv", "-db", "shut/x.db", "open/2.fits", "shut", **nobody)
    os.chmod("open", 0o777)
    fails(3, ["shut/x.db.moving", "Permission denied", "nothing is done"], "immv", "-db", "shut/x.db", "open/2.fits", "open/3.fits", **nobody)
    equal((os.listdir("open"), sorted(os.listdir("shut"))), (["2.fits"], ["1.fits", "x.db", "x.db.lock"]), "nothing is done")
    shutil.rmtree("shut")
    shutil.rmtree("open")
    if ctypes.CDLL(None).unshare(0x20000) == 0 and subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode == 0:
        os.makedirs("small")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "small"], check=True)
        os.makedirs("large/in")
        make("large/in/1.fits", 4)
        image("large/in/2.fits", shape=(200, 200), OBJECT="large")
        run("imregister", "-db", "large.db", "large", code=0)
        before = in_rows("large.db"), on_disk("large")
        fails(3, ["No space left on device; nothing is moved"], "immv", "-db", "large.db", "large/in", "small")
        equal((in_rows("large.db"), on_disk("large"), os.listdir("small")), (*before, []), "a full disk")
        fails(4, ["another file system is mounted there"], "immv", "-db", "large.db", "small", "large")
        run("immv", "-db", "large.db", "large/in/1.fits", "small", code=0)
        subprocess.run(["mount", "-o", "remount,ro", "small"], check=True)
        for words in (["large/in/2.fits", "small"], ["small/1.fits", "large"]):
            fails(4, [f"{work}/small", "Read-only file system"], "immv", "-db", "large.db", *words)
        subprocess.run(["umount", "small"], check=True)
        os.rmdir("small")
        shutil.rmtree("large")

# --- exposures as a whole
run("immv", "-db", "m.db", "p/700001o", "dest", code=0)
run("immv", "-db", "m.db", mixed[0], mixed[1], SHM, code=0)
run("immv", "-db", "m.db", "-part", "dest/700001o/700001o00.fits", "dest", code=0)
run("immv", "-db", "m.db", mixed[2], "dest", code=0)
gone = {work + "/gone.fits", work + "/dest/700001o/700001o03.fits"}
others = {work + "/not.fits", work + "/kept_gone"}


def settled(what):
    equal({p: o for p, (o, n) in in_rows("m.db").items() if p not in gone}, {p: o for p, o in on_disk(".", SHM).items() if o and p not in others}, what)


settled("exposures")
# A file that is not registered moves, with a note; a link moves as it is.
out = run("immv", "-db", "m.db", "not.fits", "link", "dest", code=0)
check("not registered" in out.stderr and "symbolic link" in out.stderr, out.stderr)
others = {work + "/dest/not.fits", work + "/kept_gone"}
settled("an unregistered file")

# -i asks; no is no, and so is the end of the input.
out = run("immv", "-db", "m.db", "-i", "dest/one.fits", "dest/taken.fits", "b", stdin="n\ny\n", code=0)
equal((os.path.exists("dest/one.fits"), os.path.exists("b/taken.fits")), (True, True), "-i")
check(out.stderr.count("? ") == 2, out.stderr)
run("imrm", "-db", "m.db", "-i", "b/taken.fits", stdin="", code=1)
settled("-i")

# --- removals
out = run("imrm", "-db", "m.db", "b/taken.fits", "dest/o*.fits", code=0)
equal(out.stdout, "2 files removed: 2 rows marked as deleted\n", "imrm")
settled("imrm")
out = run("imrm", "-db", "m.db", "-r", "-f", "-v", "dest", code=0)
check("dest (" in out.stdout and "not registered" in out.stdout and not os.path.exists("dest"), out.stdout)
gone = {work + "/gone.fits"}
others = {work + "/kept_gone"}
settled("imrm -r")
kinds = [r["kind"] for r in rows("m.db.history") if r["kind"] != "part"]
check("remove" in kinds, kinds)
whole("m.db")
# A file that was registered by way of a link, too, is one image: one row goes with it.
make("two/real/1.fits", 3)
make("two/real/2.fits")
os.symlink("real", "two/link")
run("imregister", "-db", "two.db", "two/real", code=0)
run("imregister", "-db", "two.db", "two/link/1.fits", code=0)
at_first = in_rows("two.db")
equal(sorted(n for _, n in at_first.values()), [1, 3, 3], "registered by two ways")
for typed in ("two/link/1.fits", "two/real/../link/1.fits"):
    out = run("immv", "-db", "two.db", "-n", typed, SHM, code=0)
    check(len(out.stderr.splitlines()) == 1 and "1 file registered twice, by way of a link" in out.stderr and "one row of each image stays" in out.stderr, f"it is said: {out.stderr}")
out = run("immv", "-db", "two.db", "two/link/1.fits", SHM, code=0)
equal({p: n for p, (o, n) in in_rows("two.db").items()}, {SHM + "/1.fits": 3, work + "/two/real/2.fits": 1}, "one row for an image")
whole("two.db", "registered by two ways")
out = run("imregister", "-db", "two.db", SHM + "/1.fits", code=0)
equal(len(rows("two.db")), 4, "and no other is added")
run("immv", "-db", "two.db", SHM + "/1.fits", "two/link/", code=0)
run("imregister", "-db", "two.db", "two/real/1.fits", code=0)
equal(in_rows("two.db"), at_first, "back, and registered by two ways again")
whole("two.db", "back")
out = run("imrm", "-db", "two.db", "two/link/1.fits", code=0)
equal((out.stdout, list(in_rows("two.db"))), ("1 file removed: 6 rows marked as deleted\n", [work + "/two/real/2.fits"]), "removed with both rows")
# A root that moves is named, also one that is built on another.
os.makedirs("two/top/mega/x")
make("two/top/mega/x/3.fits")
run("imregister", "-db", "two.db", "-root", f"TOP={work}/two/top", "-root", "MEGA=$TOP/mega", "two/top", code=0)
out = run("immv", "-db", "two.db", "two/top/mega", "two/other", code=0)
check(f"root MEGA still stands for {work}/two/top/mega" in out.stderr and "root TOP" not in out.stderr, f"roots: {out.stderr}")
shutil.rmtree("two")
os.remove("two.db")
for name in (n for n in os.listdir(".") if n.startswith("two.db.")):
    os.remove(name)
# What is registered again at a place where a row was deleted, and what moves there, is there once.
make("r/1.fits")
make("r/2.fits")
run("imregister", "-db", "r.db", "r", code=0)
run("imrm", "-db", "r.db", "r/1.fits", code=0)
run("immv", "-db", "r.db", "r/2.fits", "r/1.fits", code=0)
agree("r.db", ["r"], what="over a deleted row")
run("imregister", "-db", "r.db", "r", code=0)
equal(len(rows("r.db")), 1, "over a deleted row, registered again")
make("r/2.fits")
run("imregister", "-db", "r.db", "r", code=0)
agree("r.db", ["r"], what="at the place of a row that has moved")
equal(len(rows("r.db")), 2, "at the place of a row that has moved")
whole("r.db")

# --- path roots, and names that lead through links
os.makedirs("roots/m/2001")
make("roots/m/2001/1.fits")
make("roots/m/2.fits")
run("imregister", "-db", "q.db", "-root", f"M={work}/roots/m", "-root", f"S={SHM}", "roots", code=0)
out = run("immv", "-db", "q.db", "roots/m/2001", SHM, code=0)
stored = {bytes(r["PATHNAME"]).rstrip(b"\0").decode() for r in __import__("database").records("q.db")}
equal(stored, {"$S/2001", "$M"}, "paths below another root")
run("immv", "-db", "q.db", SHM + "/2001", "roots/m", code=0)
out = run("immv", "-db", "q.db", "roots/m", "roots/n", code=0)
check("root M still stands for" in out.stderr, out.stderr)
agree("q.db", ["roots"], what="a root's own folder")
os.symlink(work + "/roots/n", "door")
run("immv", "-db", "q.db", "door/2001/1.fits", "door", code=0)
agree("q.db", ["roots"], what="through a link")
run("imregister", "-db", "q2.db", "door/", code=0)
run("immv", "-db", "q2.db", "door/2.fits", "roots/2.fits", code=0)
equal(sorted(in_rows("q2.db")), [work + "/door/1.fits", work + "/roots/2.fits"], "rows keep the link's path")

# --- random sequences beside a model
rnd = random.Random(int(os.environ.get("IMREG_SEED", 6)))


class Model:
    """Files: {path: (object, rows)}; folders: a set. A folder is there while it is in the set."""

    def __init__(self, number):
        self.top, self.shm, self.db = f"{work}/seq{number}", f"{SHM}/seq{number}", f"seq{number}.db"
        self.files, self.folders = {}, {self.top, self.shm}
        os.makedirs(self.top)
        os.makedirs(self.shm)
        for _ in range(4):
            self.folder()
        self.register(8)

    def folder(self):
        path = f"{rnd.choice(sorted(self.folders))}/d{rnd.randrange(4)}"
        if path not in self.folders and path not in self.files and path.count("/d") < 4:
            os.makedirs(path)
            self.folders.add(path)

    def register(self, count):
        new = []
        for _ in range(count):
            path = f"{rnd.choice(sorted(self.folders))}/f{rnd.randrange(5)}.fits"
            n = rnd.choice([1, 1, 3])
            if path in self.files:
                os.remove(path)
            make(path, n)
            self.files[path] = (f"o{next(serial) - 1}", n)
            new.append(path)
        if new:
            run("imregister", "-db", self.db, *new, code=0)

    def below(self, top):
        return [p for p in [*self.files, *self.folders] if p == top or p.startswith(top + "/")]

    def move(self):
        everything = sorted(set(self.files) | self.folders - {self.top, self.shm})
        if not everything:
            return
        sources = rnd.sample(everything, min(len(everything), rnd.choice([1, 1, 1, 2, 3])))
        target = rnd.choice([*sorted(self.folders), f"{rnd.choice(sorted(self.folders))}/{rnd.choice(['f', 'd'])}{rnd.randrange(6)}" + rnd.choice(["", ".fits"])])
        into = target in self.folders
        places = {s: target + "/" + os.path.basename(s) if into else target for s in sources}
        taken = set(self.files) | self.folders
        good = (into or len(sources) == 1 and target not in taken) and not any(p in taken for p in places.values()) and len(set(places.values())) == len(places)
        good &= not any((p + "/").startswith(s + "/") for s, p in places.items()) and not any(a != b and (a + "/").startswith(b + "/") for a in sources for b in sources)
        out = run("immv", "-db", self.db, *sources, target, code=0 if good else 4)
        if good:
            for source, place in places.items():
                for path in self.below(source):
                    new = place + path[len(source):]
                    if path in self.files:
                        self.files[new] = self.files.pop(path)
                    else:
                        self.folders.remove(path)
                        self.folders.add(new)
        return out

    def remove(self):
        everything = sorted(set(self.files) | self.folders - {self.top, self.shm})
        if not everything:
            return
        path = rnd.choice(everything)
        holds = path in self.files or any(p in self.files for p in self.below(path))
        run("imrm", "-db", self.db, *(["-r"] if path in self.folders else []), path, code=0 if holds else 4)
        if holds:
            for p in self.below(path):
                self.files.pop(p, None)
                self.folders.discard(p)

    def judge(self, what):
        equal({p: o for p, o in on_disk(self.top, self.shm).items()}, {p: o for p, (o, n) in self.files.items()}, f"{what}: the disk")
        equal(in_rows(self.db), self.files, f"{what}: the rows")
        equal({at for top in (self.top, self.shm) for at, _, _ in os.walk(top)}, self.folders, f"{what}: folders")


steps = 0
for number in long_form(range(50), range(50, 400)):
    model = Model(number)
    for step in range(rnd.randrange(3, 9)):
        steps += 1
        rnd.choice([model.move] * 6 + [model.remove] * 2 + [model.folder, lambda: model.register(2)])()
        if not failures and (step % 3 == 2 or LONG):
            model.judge(f"sequence {number}, step {step}")
    model.judge(f"sequence {number}")
    whole(model.db, f"sequence {number}")
    if failures:
        break
print(steps, "random steps")

# --- two at a time: while one copies, the database is free, and another one that moves waits
make("two/1.fits")
make("two/2.fits")
run("imregister", "-db", "two.db", "two", code=0)
os.makedirs("two/slow")
with open("two/slow/zeros", "wb") as f:
    f.truncate(600 << 20)
slow = subprocess.Popen([os.path.join(BIN, "immv"), "-db", "two.db", "two/slow", "two/1.fits", SHM], stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
while not os.path.exists("two.db.moving") and slow.poll() is None:
    pass
fails(3, ["two.db.moving", "another program moves files (immv two/slow"], "imrm", "-db", "two.db", "-wait", "0.2", "two/2.fits")
fails(3, ["another program moves files"], "imcheck", "-db", "two.db", "-finish", "-wait", "0.2")
out = run("imcheck", "-db", "two.db", code=0)
check("a program moves or removes files now" in out.stderr, f"imcheck beside it: {out.stderr}")
make("two/3.fits")
run("imregister", "-db", "two.db", "-wait", "0.2", "two/3.fits", code=0)
check(slow.poll() is None, "all this while it copied")
run("immv", "-db", "two.db", "-wait", "60", "two/2.fits", "two/3.fits", SHM, code=0)
check("nothing in it is registered" in slow.communicate()[1] and slow.returncode == 0, "the slow one ends")
equal(sorted(in_rows("two.db")), [f"{SHM}/{n}.fits" for n in (1, 2, 3)], "two at a time")
check(os.path.getsize(SHM + "/slow/zeros") == 600 << 20 and not os.path.exists("two/slow"), "the large file")
shutil.rmtree(SHM + "/slow")
whole("two.db")

# --- beside a program that registers all the time, old and new places
make("busy/a/1.fits")
make("busy/a/2.fits", 3)
os.makedirs("busy/b")
run("imregister", "-db", "busy.db", "busy", code=0)
others = [subprocess.Popen([os.path.join(BIN, "imregister"), "-db", "busy.db", "-wait", "60", *(["busy"] * 200)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
place = "busy/a"
for turn in range(12):
    os.makedirs(f"busy/b{turn}")
    run("immv", "-db", "busy.db", "-wait", 60, f"{place}/1.fits", f"{place}/2.fits", f"busy/b{turn}", code=0)
    run("immv", "-db", "busy.db", "-wait", 60, f"busy/b{turn}", f"{SHM}/{turn}", code=0)
    run("immv", "-db", "busy.db", "-wait", 60, f"{SHM}/{turn}", f"busy/c{turn}", code=0)
    place = f"busy/c{turn}"
for other in others:
    other.kill()
    other.wait()
# What imregister read at an old place just before it moved may be registered there: rows without a file are nobody's promise.
live = in_rows("busy.db")
check(set(on_disk("busy")) <= set(live), f"beside writers: {live}")
equal({p: n for p, (o, n) in live.items() if p in on_disk("busy")}, {p: (1 if p.endswith("1.fits") else 3) for p in on_disk("busy")}, "one row for each image")
out = run("imcheck", "-db", "busy.db", code=0)
finish()
