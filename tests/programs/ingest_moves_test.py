"""Files that move onto names that others had, lose their image, stand beside links that lead nowhere: each path has one row, and a run behind has nothing to do."""
from harness import *
import itertools

KEYS = dict(INSTRUME="CamA", DATE_OBS="2001-01-02T03:04:05", EXPTIME=1)


def take(*trees, db="H", code=None):
    return json.loads(run("imingest", "-db", db, "-format", "json", *(trees or ("T",)), code=code).stdout)


def files(db="H"):
    return {r["filename"]: (r["number"], r["state"]) for r in rows(f"{db}/files.db") if r["filename"] != "notes.txt"}


def images(db="H"):
    return sorted((r["filename"], r["object"]) for r in rows(f"{db}/Imreg.db"))


def fresh():
    for folder in ("T", "U", "H"):
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs("T"), os.makedirs("U"), write("T/notes.txt", "no image\n")


def settled(what, *trees):
    again = take(*trees, code=0)
    equal([again[k] for k in ("new", "changed", "moved", "gone", "headers")], [0] * 5, f"{what}: the next run has nothing to do: {again}")
    names = [r["filename"] for r in rows("H/files.db") if r["state"] != "gone"]
    equal(len(names), len(set(names)), f"{what}: one row for each path: {names}")


# A file onto the name of one that is gone, in both orders, with files that differ or not.
for order, (same_size, same_time) in itertools.product(("ab", "ba"), itertools.product((True, False), repeat=2)):
    fresh()
    image("T/a.fits", shape=(20, 20), OBJECT="one", **KEYS), image("T/b.fits", shape=(20, 20) if same_size else (20, 30), OBJECT="two", **KEYS)
    for name, when in (("a", 1e9), ("b", 1e9 if same_time else 1e9 + 5)):
        os.utime(f"T/{name}.fits", (when, when))
    take(code=0)
    number = files()
    gone, mover = (f"T/{n}.fits" for n in (order[1], order[0]))
    os.remove(gone)
    equal(take(code=0)["gone"], 1, "one is gone")
    os.rename(mover, gone)
    done = take(code=0)
    what = f"{mover} to {gone}, {same_size, same_time}"
    equal((done["moved"], done["new"], done["gone"]), (1, 0, 0), f"{what}: {done}")
    equal(files(), {os.path.basename(gone): (number[os.path.basename(mover)][0], "done")}, f"{what}: it keeps its number")
    equal(images(), [(os.path.basename(gone), "one" if order[0] == "a" else "two")], f"{what}: its image")
    settled(what)
    os.remove(gone)
    equal(take(code=0)["gone"], 1, f"{what}: and goes once")
    settled(what)

# One that was there until now comes before a copy that went long ago: it keeps number and first time.
fresh()
image("T/a.fits", shape=(20, 20), OBJECT="one", **KEYS)
shutil.copy2("T/a.fits", "T/b.fits")
take(code=0)
before = {r["filename"]: (r["number"], r["first"]) for r in rows("H/files.db")}
os.remove("T/a.fits"), take(code=0), os.rename("T/b.fits", "T/c.fits")
equal(take(code=0)["moved"], 1, "a copy that is gone does not take the other's place")
equal({r["filename"]: (r["number"], r["first"]) for r in rows("H/files.db") if r["state"] == "done"}, {"c.fits": before["b.fits"]}, "number and first time")
settled("copies")

# An image that is one no more: its row goes with it, also when the file moved or is no FITS file.
for change in (lambda: image("T/f.fits", shape=(), OBJECT="two", **KEYS), lambda: write("T/f.fits", "hello\n")):
    fresh()
    image("T/k.fits", shape=(20, 20), OBJECT="keep", **KEYS), image("T/f.fits", shape=(20, 20), OBJECT="one", **KEYS)
    take(code=0)
    change(), take()
    equal(images(), [("k.fits", "keep")], "an image that is one no more")
    settled("no image")
    image("T/f.fits", shape=(20, 20), OBJECT="three", **KEYS), take(code=0)
    equal(images(), [("f.fits", "three"), ("k.fits", "keep")], "and one again")

# A loop and a link that leads nowhere hide only what lies below them.
fresh()
os.makedirs("T/x")
for name in ("T/a1", "T/a2", "T/x/in", "U/u", "U/v"):
    image(name + ".fits", shape=(20, 20), OBJECT=name, **KEYS)
os.makedirs("far"), image("far/away.fits", shape=(20, 20), OBJECT="away", **KEYS)
os.symlink(os.path.abspath("far"), "T/link"), os.symlink("../", "T/x/loop")
equal(take("T", "U")["new"], 6, "files, one by a link")
os.remove("T/a1.fits"), os.remove("U/u.fits")
done = take("T", "U", code=4)
equal(done["gone"], 2, f"a loop hides nothing: {done}")
os.rename("far", "elsewhere"), os.remove("T/a2.fits")
check("1 known file is not there" in run("imingest", "-n", "-db", "H", "T", "U", code=4).stderr, "told")
done = take("T", "U", code=4)
equal((done["gone"], files()["away.fits"][1]), (1, "done"), f"what lies behind a link that leads nowhere is not gone, all others are: {done}")

# A tree that is empty is perhaps not mounted; not when the one above it, which is not empty, is looked at, too.
fresh()
os.makedirs("T/sub")
image("T/sub/a.fits", shape=(20, 20), OBJECT="one", **KEYS), image("T/b.fits", shape=(20, 20), OBJECT="two", **KEYS)
take(code=0)
os.remove("T/sub/a.fits")
equal(take("T/sub", code=4)["gone"], 0, "an empty tree")
equal(take("T/sub", "T", code=0)["gone"], 1, "and the folder above it")
settled("empty", "T/sub", "T")
finish()
