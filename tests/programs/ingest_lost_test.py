"""What imingest does about what cannot be read for now, and about tables that somebody lost: nothing that was read is thrown away, and what
is missing is told. Oracle: the answers before."""
from harness import *
import glob

root = programs_for_nobody()


def counts(*args, code=0, **more):
    return json.loads(run("imingest", "-db", "h", "-format", "json", *args, code=code, **more).stdout)


def answers():
    """All that the folder tells, but when it was written."""
    out = {t: [{k: v for k, v in r.items() if k not in ("changeno", "crc", "heap", "heapcrc", "ingested", "last", "regtime", "mtime")} for r in rows(f"h/{t}.db")]
           for t in ("Imreg", "master", "datasets", "headers/simprime_0", "headers/simprime_ccd")}
    return {t: sorted((r for r in table if not r["deleted"]), key=str) for t, table in out.items()}


def file_row(name):
    return next(json.loads(l) for l in run("imsearch", "-db", "h", "-from", "files", "-where", f"filename = '{name}'", "-format", "json").stdout.splitlines())


run("imsim", "-o", "night", "-ccds", 2, "-objects", 3, "-size", "60x80", "-seed", 4, code=0)
files = sorted(glob.glob("night/*/*.fits"))
name = os.path.basename(files[3])

# -n tells which, as the run after it finds them.
listed = run("imingest", "-db", "h", "-n", "-v", "night", code=0).stdout
equal(sorted(l.split(":")[0] for l in listed.splitlines() if l.endswith(".fits: new")), [os.path.abspath(f) for f in files], "-n -v")
check("nothing was written" in listed and not os.path.exists("h"), "-n writes nothing")
counts("night")
before = answers()
header = run("imheader", "-db", "h", name, code=0).stdout
os.makedirs("away")
os.rename(files[0], "away/" + os.path.basename(files[0]))
os.rename(files[1], "away/renamed.fits")
os.remove(files[2])
shutil.copy2(files[5], "away/copy.fits")
os.utime(files[4])
listed = run("imingest", "-db", "h", "-n", "-v", "night", "away", code=0).stdout.splitlines()
found = run("imingest", "-db", "h", "-v", "night", "away", code=0).stdout.splitlines()
equal(sorted(listed[:-1]), sorted(l for l in found if l.startswith("/")), "what is told before and what happens")
equal([listed[-1].split(": ")[1].split("; ")[0]], [found[[i for i, l in enumerate(found) if " known, " in l][0]].split(": ")[1].split(", 0 passed")[0].split("; ")[0].split(", 1 passed")[0]], "the numbers")
counts("night", "away")

# A file that cannot be read now keeps what was read, in all tables, however often one tries; then it is read.
if root:
    before = answers()
    for folder, _, names in os.walk("h"):
        for one in ["."] + names:
            os.chown(os.path.join(folder, one), 65534, 65534)
    for state in (0o000, 0o644):
        os.utime(files[3])
        os.chmod(files[3], state)
        if state == 0:
            for _ in range(2):
                out = fails(4, [name, "ermission denied"], "imingest", "-db", "h", "night", preexec_fn=as_nobody)
                equal(answers(), before, "tables while a file cannot be read")
                row = file_row(name)
                equal((row["state"], row["class"], row["hdus"]), ("failed", "unreadable", 3), "files.db")
                equal(run("imheader", "-db", "h", name, code=0).stdout, header, "imheader")
                run("imcheck", "-db", "h", code=0)
            # A new one that cannot be read has nothing, and is failed.
            write("night/new.fits", read(files[3]))
            os.chmod("night/new.fits", 0)
            run("imingest", "-db", "h", "night", code=4, preexec_fn=as_nobody)
            equal((file_row("new.fits")["state"], file_row("new.fits")["hdus"]), ("failed", 0), "never read")
            os.remove("night/new.fits")
        else:
            equal(counts("night")["changed"], 1, "it can be read again")
            equal(file_row(name)["state"], "done", "it can be read again")
            equal(answers(), before, "and all is as before")

# A folder that cannot be read: it is told, nothing below it is gone, and what is new elsewhere is read.
if root:
    before = answers()
    folder = os.path.dirname(files[6])
    known = counts("night", "away")["unchanged"]
    inside = sum(len(names) for _, _, names in os.walk(folder))
    for one in glob.glob("h/**", recursive=True):
        os.chown(one, 65534, 65534)
    os.chmod(folder, 0)
    image("away/fresh.fits")
    for fresh in (1, 0):
        out = fails(4, [os.path.basename(folder), "ermission denied"], "imingest", "-db", "h", "-format", "json", "night", "away", preexec_fn=as_nobody)
        report = json.loads(out.stdout)
        equal((report["new"], report["gone"], report["unchanged"]), (fresh, 0, known - inside + (1 - fresh)), "a folder that cannot be read")
        check("not taken for gone" not in out.stderr, "what cannot be looked at is not said to be missing")
    equal(run("imheader", "-db", "h", os.path.basename(files[6]), code=0).stdout[:10] != "", True, "its headers are there")
    os.chmod(folder, 0o755)
    os.remove("away/fresh.fits")
    equal((lambda r: (r["gone"], r["unchanged"]))(counts("night", "away")), (1, known), "it can be read again")
    equal(answers(), before, "as before")

# A table that somebody removed: told, until all was read once more.
before = answers()
os.remove("h/headers/simprime_ccd.db")
check("a table is missing" in fails(4, ["headers", "imingest -again"], "imingest", "-db", "h", "night").stderr, "a lost table")
fails(3, ["of its 3 headers are in the tables", "imingest -again"], "imcheck", "-db", "h")
run("imingest", "-db", "h", "-again", "night", "away", code=0)
equal(answers(), before, "all is there again")
run("imcheck", "-db", "h", code=0)
equal(counts("night", "away")["new"], 0, "and known")

# A heap without which rows have no headers: nothing is written into the table before it is there, or the table is gone, too.
heap = "h/headers/simprime_ccd.heap"
os.rename(heap, "kept")
check("is missing" in fails(4, [heap], "imingest", "-db", "h", "night").stderr, "a run that has nothing to do says it, too")
os.utime(files[4])
fails(3, [heap, "is missing", "rows", "-again"], "imingest", "-db", "h", "night", "away")
equal(file_row(os.path.basename(files[4]))["state"], "done", "no file is begun that cannot be ended")
check(not os.path.exists(heap), "no heap is made beside rows that need another one")
fails(3, [heap], "imcheck", "-db", "h")
os.rename("kept", heap)
equal(counts("night", "away")["changed"], 1, "with it the run goes on")
equal(answers(), before, "as before")

# master.db and datasets.db are sums of files.db, and are made again; files.db itself nobody can make again.
for lost in ("master", "datasets"):
    os.remove(f"h/{lost}.db")
    counts("night", "away")
    equal(answers(), before, f"{lost}.db was lost")
for part in glob.glob("h/files.db*"):
    os.rename(part, part.replace("h/", "kept-"))
fails(3, ["files.db", "is missing", "restore it"], "imingest", "-db", "h", "night", "away")
for part in glob.glob("kept-files.db*"):
    os.replace(part, part.replace("kept-", "h/"))
equal(answers(), before, "restored")

# A table that is damaged: the others are told, and what helps.
sim = sorted(glob.glob("night/*/*.fits"))
whole = run("imheader", "-db", "h", sim[0], code=0).stdout
write("h/headers/simprime_0.db", b"garbage" * 100)
os.utime(sim[0], (1e9, 1e9))
for more in ([], ["GAIN"]):
    out = run("imkeys", "-db", "h", "-format", "csv", *more, code=3)
    check("simprime_ccd" in out.stdout and "simprime_0.db: is not a FITS file" in out.stderr, f"imkeys {more}: {out}")
fails(3, ["simprime_0.db"], "imkeys", "-db", "h", "simprime_0")
check("no keyword" in run("imkeys", "-db", "h", "NOSUCH", code=3).stderr, "what was not read may have it")
out = run("imheader", "-db", "h", sim[0], code=3)
check(out.stdout and out.stdout.splitlines()[2:] == [l for l in whole.split("\n# ", 1)[1].splitlines()][2:] and "simprime_0.db" in out.stderr, f"imheader tells the other HDUs: {out.stdout[:300]}")
found = [l for l in run("imcheck", "-db", "h", code=3).stderr.splitlines() if l]
check(len(found) == 1 and "simprime_0.db" in found[0] and "remove it and its heap" in found[0], f"imcheck: {found}")
fails(3, ["simprime_0.db", "imingest -again TREE"], "imingest", "-db", "h", "night", "away")
for part in glob.glob("h/headers/simprime_0.*"):
    os.remove(part)
counts("-again", "night", "away")
run("imcheck", "-db", "h", code=0)
equal(run("imheader", "-db", "h", sim[0], code=0).stdout, whole, "what it advises helps")
# One that a newer imreg has written is whole: nobody is told to remove it.
heap = "h/headers/simprime_ccd.heap"
old = read(heap)
write(heap, old.replace(b"IMREG HEAP 1", b"IMREG HEAP 2"))
os.utime(sim[0], (1.1e9, 1.1e9))
check("remove" not in fails(3, [heap, "newer imreg"], "imingest", "-db", "h", "night", "away").stderr, "a heap of a newer imreg")
check("remove" not in fails(3, [heap, "newer imreg"], "imcheck", "-db", "h").stderr, "imcheck on it")
write(heap, old)
files_db = read("h/files.db")
newer = re.sub(rb"(RECVERS = +)1 ", rb"\g<1>2 ", files_db, count=1)
check(newer != files_db, "the version of files.db")
write("h/files.db", newer)
fails(3, ["h/files.db", "newer imreg"], "imingest", "-db", "h", "night", "away")  # settles the file, since this test wrote it
before = {p: read(p) for p in glob.glob("h/**", recursive=True) if os.path.isfile(p) and not p.endswith(".lock")}
for line in (["imingest", "-db", "h", "night", "away"], ["imingest", "-db", "h", "-n", "night"], ["imheader", "-db", "h", sim[0]]):
    check("remove" not in fails(3, ["h/files.db", "newer imreg"], *line).stderr, "files.db of a newer imreg")
equal([p for p in before if read(p) != before[p]], [], "of which nothing is written")
write("h/files.db", files_db)
equal(counts("night", "away")["changed"], 1, "and it goes on")
# Names of columns and the word HIERARCH stand for keywords.
for name in ("DATE_OBS", "HIERARCH DATE-OBS", "date-obs"):
    equal(run("imheader", "-db", "h", sim[0], "-hdu", 0, "-key", name, code=0).stdout.split("=")[0], "DATE-OBS", name)

# Integers that reals do not hold stay as they are written.
os.mkdir("drift")
run("imsim", "-o", "one", "-ccds", 1, "-objects", 1, "-size", "60x80", "-seed", 4, code=0)
donor = read(sorted(glob.glob("one/*/*.fits"))[0])
for n, value in enumerate(("9007199254740993", "1.5", "9007199254740992")):
    write(f"drift/{n}.fits", donor[:2880].replace(donor[:2880].split(b"END" + b" " * 77)[0][-80:], f"BIG     = {value:>20}".ljust(80).encode()) + donor[2880:])
out = run("imingest", "-db", "drifted", "drift")
check("BIG" not in out.stderr, "nothing that changed while the table was made")
write("drift/3.fits", re.sub(rb"AIRMASS =[^/]{21}", b"AIRMASS = 'N/A               '", read("drift/1.fits")))
out = run("imingest", "-db", "drifted", "drift")
check("simprime_0: AIRMASS holds texts from now on, since 3 has one" in out.stderr, f"a column that becomes a text: {out.stderr}")
equal(run("imsearch", "-db", "drifted", "-from", "simprime_0", "-where", "number(AIRMASS) >= 1 and number(EXPTIME) >= 0", "-count", code=0).stdout, "3\n", "as numbers, both")
out = run("imsearch", "-db", "drifted", "-from", "simprime_0", "-where", "BIG = '9007199254740993'", "-fields", "filename,BIG", "-format", "csv", code=0)
equal(out.stdout.splitlines()[1:], ["0.fits,9007199254740993"], "2^53 + 1 beside a real")
equal(run("imsearch", "-db", "drifted", "-from", "simprime_0", "-where", "number(BIG) < 2", "-count", code=0).stdout, "2\n", "as a number")

# A folder in which no image was found has tables all the same.
os.mkdir("words")
write("words/a.txt", b"no image\n")
run("imingest", "-db", "none", "words", code=0)
run("imcheck", "-db", "none", code=0)
equal(json.loads(run("imcheck", "-db", "none", "-format", "json", code=0).stdout)["rows"], 0, "imcheck of tables without images")
finish()
