#!/usr/bin/python3
"""Who may what: readers without any permission to write, umask, root beside others, symbolic links that somebody planted."""
import io, stat
from astropy.io import fits
from harness import *

programs_for_nobody()
ROOT, NOBODY = os.geteuid() == 0, 65534
FORMATS = "row trigger table csv tsv json votable npy fits fits-table".split()


def image(name, **cards):
    cards = {"SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": 4, "OBJECT": "M67", "DATE-OBS": "2003-01-27T10:00:00", "EXPTIME": 12.5, **cards}
    write(name, pad("".join([*(card(k, v) for k, v in cards.items()), "END".ljust(80)]).encode(), b" ") + bytes(2880))
    os.chmod(name, 0o644)
    return name


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def content(path):
    with open(path, "rb") as f:
        return f.read()


def values(form, output):
    """What an output says, without its date and the UUID and checks of a database of its own."""
    if not form.startswith("fits"):
        return output
    table = fits.open(io.BytesIO(output))[1].data
    return [[str(table[name][n]) for name in table.names if name != "CRC"] for n in range(len(table))]


def side_files(db):
    return sorted(f for f in os.listdir(os.path.dirname(db) or ".") if f.startswith(os.path.basename(db) + "."))


def others(*args, code=None):
    """As a user who owns nothing here."""
    return run(*args, code=code, user=NOBODY, group=NOBODY, extra_groups=[])


# umask, and side files that whoever may write the database may write too
old = os.umask(0o027)
os.mkdir("night", 0o777)
os.chmod("night", 0o777)
for i in range(3):
    image(f"i{i}.fits", OBJECT=f"NGC {i}")
run("imregister", "-db", "night/a.db", "i0.fits", code=0)
equal({f: mode("night/" + f) for f in ["a.db", *side_files("night/a.db")]}, {"a.db": 0o640, "a.db.lock": 0o640}, "new files follow the umask")
os.chmod("night/a.db", 0o664)
os.remove("night/a.db.lock")
os.umask(0o077)
image("i0.fits", EXPTIME=99.0)
run("imregister", "-db", "night/a.db", "i0.fits", code=0)
found = {f: mode("night/" + f) for f in side_files("night/a.db")}
check({"a.db.lock", "a.db.journal"} <= set(found), f"lock and journal are there: {found}")
equal(set(found.values()), {0o664}, f"side files are as open as the database: {found}")
os.umask(0o022)
run("imsim", "-rows", "6000", "-db", "night/big.db", code=0)
os.chmod("night/big.db", 0o606)
os.remove("night/big.db.idx")
image("i4.fits")
run("imregister", "-db", "night/big.db", "i4.fits", code=0)
equal(mode("night/big.db.idx"), 0o606, "an index that is made later")
os.umask(old)

# readers need no permission to write, on file or folder, and leave nothing behind
wanted = {f: run("imsearch", "-db", "night/big.db", "-format", f, "-limit", 500, "-sort", "-obstime", code=0, text=False).stdout for f in FORMATS}
for f in os.listdir("night"):
    os.chmod("night/" + f, 0o444)
os.chmod("night", 0o555)
before = sorted(os.listdir("night"))
if ROOT:
    os.chmod(work, 0o755)
    for f in FORMATS:
        out = run("imsearch", "-db", "night/big.db", "-format", f, "-limit", 500, "-sort", "-obstime", code=0, text=False, user=NOBODY, group=NOBODY, extra_groups=[])
        equal(values(f, out.stdout), values(f, wanted[f]), f"a reader who may not write: {f}")
    equal(others("imsearch", "-db", "night/big.db", "-group", "filter", code=0).stdout, run("imsearch", "-db", "night/big.db", "-group", "filter").stdout, "groups")
    equal(others("imsearch", "-db", "night/a.db", "-fields", "exptime", "-format", "csv", code=0).stdout, "exptime\n99\n", "the journal of a database that may not be written")
    for hidden in ("night/big.db.idx", "night/a.db.lock"):
        os.chmod(hidden, 0)
    equal(others("imsearch", "-db", "night/big.db", "-count", code=0).stdout, "6001\n", "an index that may not be read")
    equal(others("imsearch", "-db", "night/a.db", "-count", code=0).stdout, "1\n", "a lock that may not be read")
    for args in (["imregister", "-db", "night/a.db", "i1.fits"], ["imregtable", "-db", "night/a.db", "night/big.db"]):
        out = others(*args)
        check(out.returncode in (3, 4) and out.stderr.count("\n") == 1 and "Permission denied" in out.stderr, f"{args}: {out.returncode} {out.stderr}")
    os.chmod("night/a.db", 0)
    fails(3, ["night/a.db", "Permission denied"], "imsearch", "-db", "night/a.db", user=NOBODY, group=NOBODY, extra_groups=[])
    equal(sorted(os.listdir("night")), before, "nothing is left behind")

    # root's job does not lock the observers out
    os.mkdir("theirs")
    os.chown("theirs", NOBODY, NOBODY)
    others("imregister", "-db", "theirs/b.db", "i1.fits", code=0)
    os.remove("theirs/b.db.lock")
    image("i1.fits", EXPTIME=44.0)
    run("imregister", "-db", "theirs/b.db", "i1.fits", code=0)
    equal({f: os.stat("theirs/" + f).st_uid for f in os.listdir("theirs")}, {f: NOBODY for f in ("b.db", "b.db.lock", "b.db.journal")}, "files that root makes beside a database have its owner")
    image("i1.fits", EXPTIME=55.0)
    others("imregister", "-db", "theirs/b.db", "i1.fits", "i2.fits", code=0)
    equal([r["exptime"] for r in rows("theirs/b.db")], [55, 12.5], "who owned it writes on")
os.chmod("night", 0o755)

# links that somebody planted in a folder that he may write, too
for end in (".journal", ".lock", ".idx", ".idx.new", ".idx.merge", ".lost", ".roots"):
    for f in os.listdir("."):
        if f.startswith(("c.db", "victim")):
            os.remove(f)
    image("i0.fits", EXPTIME=12.5)
    run("imregister", "-db", "c.db", "i0.fits", code=0)
    if os.path.lexists("c.db" + end):
        os.remove("c.db" + end)
    write("victim", b"precious" * 600)
    os.symlink(os.path.abspath("victim"), "c.db" + end)
    image("i0.fits", EXPTIME=77.0)
    for args in (["imregister", "-db", "c.db", "i0.fits"], ["imregister", "-db", "c.db", "-root", "HERE=" + work], ["imregtable", "-db", "c.db", os.path.join("night", "big.db")]):
        out = run(*args)
        check(out.returncode in (0, 3, 4), f"{args} with a link as {end}: {out.returncode} {out.stderr}")
        check(out.returncode == 0 or end in out.stderr, f"{args} with a link as {end} says so: {out.stderr}")
        equal(content("victim"), b"precious" * 600, f"{args}: what the link {end} points to")
    if end != ".roots":  # what the victim says is no root
        equal([r["object"] for r in rows("c.db", "-name", "i0.fits")], ["M67"], f"c.db with a link as {end} can be read")
os.symlink("nowhere", "d.db")
out = run("imregister", "-db", "d.db", "i0.fits")
check(out.returncode != 0 and not os.path.exists("nowhere"), f"a link to nothing: {out.returncode} {out.stderr}")
# the database itself may be a link: all its names have one lock and one journal
os.mkdir("real")
os.symlink(os.path.abspath("real/e.db"), "linked.db")
run("imregister", "-db", "real/e.db", "i0.fits", code=0)
image("i0.fits", EXPTIME=33.0)
run("imregister", "-db", "linked.db", "i0.fits", "i2.fits", code=0)
equal([r["exptime"] for r in rows("real/e.db")], [33, 12.5], "written through a link")
equal(side_files("linked.db"), [], "nothing stands beside the link")
finish()
