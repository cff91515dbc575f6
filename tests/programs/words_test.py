#!/usr/bin/python3
"""What programs say to people: one and many, sums instead of floods, numbers rounded for the eye, no silence when output fails."""
import re, resource, signal, subprocess
from harness import *

PROGRAMS = ("imregister", "imsearch", "showiminfo", "convertimreg", "imregtable", "imsim", "imcamera", "imbackup")
for i in range(3):
    image(f"in/{i}.fits", RA=150.123456789012345, DEC=-2.000000001, DATE_OBS=f"2001-01-27T10:20:3{i}")


def limited(size):
    def act():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return act


# --- too little memory is told too, whatever step finds it: no signal, no half-written row
def memory(kilobytes):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024, kilobytes * 1024))


if not SANITIZED:  # those want terabytes of addresses
    run("imsim", "-rows", 20000, "-db", "many.db", code=0)
    told = 0
    for kilobytes in [*range(10000, 60000, 2500), 80000, 150000]:  # with less the system cannot start it
        for program, *args in (["imregister", "-db", f"memory{kilobytes}.db", "-j", "4", "in"], ["imsearch", "-db", "many.db"], ["showiminfo", "in/0.fits"],
                               ["convertimreg", "many.db", f"memory{kilobytes}.v3", "-to", "v3"], ["imregtable", "-db", f"merged{kilobytes}.db", "many.db"], ["imsim", "-rows", "30000", "-db", f"memory{kilobytes}.sim"]):
            line = [os.path.join(BIN, program), *args]
            out = subprocess.run(line, capture_output=True, text=True, preexec_fn=memory(kilobytes), timeout=60)
            if out.returncode == 127 or "error while loading shared libraries" in out.stderr:
                continue  # not even the loader had enough
            check(out.returncode in (0, 3, 4), f"{line} with {kilobytes} kB: exit code {out.returncode}: {out.stderr!r:.300}")
            if out.returncode != 0:
                told += check(out.stderr.startswith(program + ": "), f"{line} with {kilobytes} kB: {out.stderr!r:.300}")
        if os.path.exists(f"memory{kilobytes}.db"):
            rows(f"memory{kilobytes}.db")
    check(told > 5, f"only {told} times too little memory was told")

# --- a limit on file sizes is told like a full disk, also where the shell has not ignored the signal
run("imregister", "-db", "whole.db", "in", code=0)
before = rows("whole.db")
run("imsim", "-rows", 300, "-db", "rows.db", code=0)
for size in (100, 8000, 23100, 40000):
    for program, *args in (["imregister", "-db", f"limit{size}.db", "in"], ["imregister", "-db", "whole.db", "in"], ["imsim", "-rows", 900, "-db", "sim.db"],
                           ["convertimreg", "rows.db", "c.db", "-to", "v3"], ["convertimreg", "rows.db", "c.db"]):
        out = run(program, *args, restore_signals=False, preexec_fn=limited(size))
        if out.returncode != 0 or program != "imregister":
            check(out.returncode == 3 and "File too large" in out.stderr, f"{program} {args} with files of {size} bytes: {out.returncode} {out.stderr}")
    if os.path.exists(f"limit{size}.db"):
        check(run("imsearch", "-db", f"limit{size}.db").returncode in (0, 1), f"limit{size}.db is a database")
equal(rows("whole.db"), before, "the database stays valid under a limit")
run("imregister", "-db", "limit8000.db", "in", code=0)
equal(len(rows("limit8000.db")), 3, "and works on without the limit")

# --- a variable of the shell that is not set: one error, not everything and not nothing
for option in ("db", "ccd", "type", "mode", "filter", "name", "time", "trange", "format", "fields", "tz", "c", "D"):
    words = {"time": ["2001-01-27", ""], "trange": ["", "1d"], "D": ["KEY", ""]}.get(option, [""])
    out = fails(2, ["-" + option, "empty"], "imsearch", *(["-db", "whole.db"] if option != "db" else []), "-" + option, *words)
    equal((out.stdout, len(out.stderr.splitlines())), ("", 1), f"imsearch -{option} with an empty word: {out.stderr}")
fails(2, ["-filter", "empty"], "imsearch", "-db", "whole.db", "-filter", "!")

# --- -help and -version to a full device, and to a reader that has gone
with open("/dev/full", "w") as full:
    for program in PROGRAMS:
        for option in ("-help", "-version"):
            out = subprocess.run([os.path.join(BIN, program), option], stdout=full, stderr=subprocess.PIPE, text=True)
            equal((out.returncode, out.stderr), (3, f"{program}: cannot write to standard output: No space left on device\n"), f"{program} {option} > /dev/full")
out = subprocess.run(f"'{BIN}/imsearch' -help | true", shell=True, capture_output=True, text=True)
equal((out.returncode, out.stderr), (0, ""), "-help | true")

# --- -help fits on a screen of 80 columns and 24 lines, with two examples and the names of all options; parts of it explain them
for program in PROGRAMS:
    lines = run(program, "-help", code=0).stdout.splitlines()
    check(len(lines) <= 24 and max(map(len, lines)) <= 80, f"{program} -help: {len(lines)} lines of up to {max(map(len, lines))} columns")
    equal(len(lines) - lines.index("examples:"), 3, f"{program} -help: two examples")
    explained = set(re.findall(r"^  (-[a-zA-Z-]+)", run(program, "-help", "all", code=0).stdout, re.M))
    equal(set(re.findall(r"(?<= )-[a-zA-Z]+(?:-[a-z]+)?(?= |$)", " ".join(lines[2:-3]))), explained, f"{program} -help names what -help all explains")
    for option in explained:
        check(option + " " in run(program, "-help", option[1:], code=0).stdout, f"{program} -help {option[1:]}")
filters = run("imsearch", "-help", "filters", code=0).stdout
check("-polygon CORNERS " in filters and "-sort" not in filters and "examples" not in filters, filters)
fails(2, ["-help xyzzy: there are an option's name, all, filters, order, output"], "imsearch", "-help", "xyzzy")
equal(run("imregister", "-help", "in", code=0).stdout, run("imregister", "-help", code=0).stdout, "a file behind -help")

# --- one and many
out = run("imregister", "-v", "-db", "one.db", "in/0.fits", code=0)
equal(out.stdout, "1 file: 1 row added, 0 updated, 0 unchanged; 0 files passed over, 0 failed\n", "one file")
check("in/0.fits: 1 row (" in out.stderr, "one row: " + out.stderr)
equal(run("convertimreg", "one.db", "one3.db", "-to", "v3", code=0).stdout, "1 row written, 0 left out\n", "convertimreg: one row")
check("object (1 row)" in run("convertimreg", "one.db", "one2.db", "-to", "v2", code=0).stderr, "convertimreg: one row is lost")
equal(run("imregister", "-db", "three.db", "in", code=0).stdout, "3 files: 3 rows added, 0 updated, 0 unchanged; 0 files passed over, 0 failed\n", "three files")

# --- -noreg tells how many rows there would be
equal(run("imregister", "-noreg", "-db", "none.db", "in", code=0).stdout, "3 files: 3 rows would be registered, nothing is written (-noreg); 0 files passed over, 0 failed\n", "-noreg")
equal(run("imregister", "-noreg", "-db", "none.db", "in/1.fits", code=0).stdout, "1 file: 1 row would be registered, nothing is written (-noreg); 0 files passed over, 0 failed\n", "-noreg, one")

# --- a folder of other things: one line for all of them; what is named, claims to be FITS or is a header has its own
os.makedirs("mixed/deep")
image("mixed/a.fits")
for i in range(5):
    write(f"mixed/deep/{i}.py", "print('hello')\n")
write("mixed/README", "read me\n")
write("mixed/b.jpg", b"\xff\xd8\xff\xe0" + b"x" * 300)
write("mixed/void", b"")
write("mixed/dump.txt", "\n".join(read("in/0.fits")[i:i + 80].decode().rstrip() for i in range(0, 1120, 80)) + "\n")
write("mixed/claims.fits", "a text\n")
out = run("imregister", "-db", "mixed.db", "mixed", code=4)
lines = out.stderr.splitlines()
equal(lines[-1], "imregister: passed over 8 files that are not FITS (a JPEG image: 1, a text file: 6, empty: 1); -v names them", "other files")
equal([line.split(": ")[1] for line in lines[:-1]], ["mixed/claims.fits", "mixed/dump.txt"], "a header and a false name are named")
check("11 files: 1 row added" in out.stdout and "9 files passed over, 1 failed" in out.stdout, out.stdout)
for more in (["-v"], ["-noreg"]):
    lines = run("imregister", "-db", "mixed.db", "mixed", *more, code=4).stderr.splitlines()
    equal(sum("; passed over" in line for line in lines), 9, f"{more} names each")
    check(not any("files that are not FITS" in line for line in lines), f"{more}: no sum")
os.makedirs("dumps")
for i in range(12):
    shutil.copy("mixed/dump.txt", f"dumps/{i}.txt")
image("dumps/empty.fits", shape=())
equal(run("imregister", "-db", "dumps.db", "dumps", code=0).stderr, "imregister: passed over 13 files without an image (a text dump of a header, not a FITS file: 12, no HDU with pixels: 1); -v names them\n", "many header dumps")
equal(run("imregister", "-db", "dumps.db", "dumps", "-v", code=0).stderr.count("; passed over\n"), 13, "-v names them")
out = run("imregister", "-db", "mixed.db", "mixed/README", "mixed/void", "mixed/deep/1.py", code=4)
equal([line.split(": ")[1] for line in out.stderr.splitlines()], ["mixed/README", "mixed/void", "mixed/deep/1.py"], "named files are named")
os.makedirs("single")
write("single/notes.txt", "one\n")
equal(run("imregister", "-db", "mixed.db", "single", code=0).stderr, "imregister: single/notes.txt: not a FITS file: it looks like a text file; passed over\n", "a single one is named")

# --- the database's own files are no input, wherever it lies and by whatever name; other files beside it are
os.makedirs("own")
image("own/a.fits")
image("own/Imreg.db.fits")
image("own/Imreg.db2.fits")
for turn in range(3):
    out = run("imregister", "-root", f"TOP={work}", ".", code=0, cwd="own")
    equal((out.stderr, out.stdout.split(";")[1]), ("", " 0 files passed over, 0 failed\n"), f"imregister . with the database in it, turn {turn}")
    equal(sorted(r["filename"] for r in rows("own")), ["Imreg.db.fits", "Imreg.db2.fits", "a.fits"], "images beside the database")
check({"Imreg.db.lock", "Imreg.db.roots"} <= set(os.listdir("own")), "it has other files beside it")
for name in (".journal", ".idx", ".lost", ".history"):
    write("own/Imreg.db" + name, "something\n") if not os.path.exists("own/Imreg.db" + name) else None
os.remove("own/Imreg.db.journal")
equal(run("imregister", "-db", "own", "own", code=0).stderr, "", "-db FOLDER")
os.symlink("own/Imreg.db", "link.db")
equal(run("imregister", "-db", "link.db", "own", code=0).stderr, "", "-db LINK")
os.symlink("Imreg.db", "own/linked.db")
equal(run("imregister", "-db", "own/linked.db", "own", code=0).stderr, "", "-db LINK, with the link in the folder")
equal(run("imregister", "-db", "other.db", "own", code=0).stderr.count("Imreg.db: only tables"), 1, "another database is told of")

# --- roots of a database that is reached through a link lie beside the real one, like its lock
os.makedirs("real")
image("far/x.fits")
run("imregister", "-db", "real/r.db", "in/0.fits", code=0)
os.symlink("real/r.db", "to.db")
run("imregister", "-db", "to.db", "-root", f"FAR={work}/far", "far", code=0)
equal((os.path.exists("to.db.roots"), os.path.exists("real/r.db.roots")), (False, True), "roots beside the real database")
equal([r["pathname"] for r in rows("real/r.db")], [r["pathname"] for r in rows("to.db")], "both names show the same folders")
equal(rows("real/r.db")[-1]["pathname"], f"{work}/far", "full path")

# --- positions: rounded where people look, whole where programs read
text = run("showiminfo", "in/0.fits", code=0).stdout
check(" 150.1234568 deg " in text and " -2 deg " in text, "showiminfo: " + text)
equal(run("imsearch", "-db", "three.db", "-fields", "ra,dec", code=0).stdout.splitlines()[1].split(), ["150.1234568", "-2"], "table")
for form in ("csv", "tsv", "json"):
    check("150.12345678901" in run("imsearch", "-db", "three.db", "-format", form, "-fields", "ra,dec", code=0).stdout, form)
equal(rows("three.db")[0]["dec"], -2.000000001, "json is whole")
image("zero.fits", RA=-0.00000000001 + 360, DEC=-0.00000000001)
check(" 0 deg " in (text := run("showiminfo", "zero.fits").stdout) and "-0 " not in text, "no -0: " + text)

# --- reasons
fails(2, ["no.cam", "camera table cannot be read: No such file"], "showiminfo", "-camera", "no.cam", "in/0.fits")
os.mkdir("dir.cam")
fails(2, ["dir.cam", "camera table cannot be read: Is a directory"], "showiminfo", "-camera", "dir.cam", "in/0.fits")
for date in ("27/01/2001", "01/27/2001", "1/2/2001", "27.01.2001", "27-01-2001,10:00"):
    fails(2, [date, "column 1: the year comes first, such as 2001/01/27"], "imsearch", "-db", "one.db", "-time", date, "1d")
fails(2, ["15/04/88", "day 88 is not 1..30, the days of April 2015 (the year comes first)"], "imsearch", "-db", "one.db", "-time", "15/04/88", "1d")
fails(2, ["27-Jan-2001", "expected the digits of the month"], "imsearch", "-db", "one.db", "-time", "27-Jan-2001", "1d")

# --- mistakes of the command line name what went wrong
fails(2, ["-trange has taken -type for its DATE|RANGE"], "imsearch", "-db", "one.db", "-trange", "2001/01/27", "-type", "object")
fails(2, ["-o has taken -ccds for its DIR"], "imsim", "-o", "-ccds", "4")
fails(2, ["-to has taken -help for its VERSION"], "convertimreg", "one.db", "-to", "-help")
for program, *args in (["imregister", "-db", "-split", "in"], ["imsearch", "-db", "-ccd"]):
    fails(2, ["-db needs PATH and has taken -"], program, *args)
check(not os.path.exists("-split"), "no database by the name of an option")
run("imregister", "-db", "./-split", "in/0.fits", code=0)
fails(2, ["$PTOLEMY", "nothere", "No such file"], "imsearch", env={**os.environ, "PTOLEMY": "nothere"})
fails(2, ["nothere", "configuration", "No such file"], "imsearch", "-c", "nothere")
fails(2, ["REFDATE", '"yesterday"'], "imsearch", "-db", "one.db", "-D", "REFDATE", "yesterday", "-trange", "1d", "1d")
# REFDATE of whatever configuration counts, and none is read where there is no date
write("ref.rc", "REFDATE 2000/01/28\n")
since = ["imsearch", "-db", "one.db", "-trange", "365d", "1d"]
equal(len(run(*since, "-c", "ref.rc", code=0).stdout.splitlines()), 1, "REFDATE of -c")
equal(len(run(*since, code=0, env={**os.environ, "PTOLEMY": "ref.rc"}).stdout.splitlines()), 1, "REFDATE of $PTOLEMY")
run(*since, code=1)
os.rename("ref.rc", "ptolemy.rc")
equal(len(run(*since, code=0).stdout.splitlines()), 1, "REFDATE of ./ptolemy.rc")
os.remove("ptolemy.rc")
fails(2, ["nosuch.rc: the configuration"], "imsearch", "-db", "one.db", "-c", "nosuch.rc")  # also when nothing of it is needed
run("imsearch", "-db", "one.db", code=0, env={**os.environ, "PTOLEMY": "nosuch.rc"})
# X is any filter, in either case, and nothing is not any
for any_filter in ("X", "x", "any"):
    equal(len(run("imsearch", "-db", "one.db", "-filter", any_filter, code=0).stdout.splitlines()), 1, any_filter)
    run("imsearch", "-db", "one.db", "-filter", "!" + any_filter, code=1)
equal(run("imregister", "-db", "case.db", "-camera", "GENERIC", "in/0.fits", "-v", code=0).stderr, "imregister: in/0.fits: 1 row (generic)\n", "-camera in upper case")

equal(run("imsearch", "-db", "one.db", "-type", "object", "-type", "dark", code=1).stderr,
      "imsearch: nothing matched: -type stands several times, and an image must match all of them; -type dark,object takes either\n", "two types")
equal(run("imsearch", "-db", "one.db", "-type", "!object", "-type", "!dark", code=1).stderr, "", "two types that are not wanted")

# --- new databases: a folder that is missing, a dangling link; a line says what was made
for program, *args in (["imregister", "-db", "no/x.db", "in"], ["imsim", "-rows", "3", "-db", "no/x.db"], ["convertimreg", "one.db", "no/x.db"],
                       ["convertimreg", "one.db", "no/x.db", "-to", "v3"]):
    fails(3, ["no/x.db: its folder does not exist; make the folder first"], program, *args)
os.symlink("nowhere.db", "dangling.db")
for program, *args in (["imsim", "-rows", "3", "-db", "dangling.db"], ["convertimreg", "one.db", "dangling.db"], ["convertimreg", "one.db", "dangling.db", "-to", "v1"]):
    fails(3, ["dangling.db: exists already"], program, *args)
fails(3, ["dangling.db: is a link to a file that does not exist"], "imregister", "-db", "dangling.db", "in")
check(os.path.islink("dangling.db") and not os.path.exists("nowhere.db"), "a dangling link stays")
equal([run("imsim", "-rows", n, "-db", f"n{n}.db", code=0).stdout for n in (0, 1, 2)], ["0 rows in n0.db\n", "1 row in n1.db\n", "2 rows in n2.db\n"], "imsim -rows")

# --- names and headers cannot forge lines of showiminfo
image("forged\n  ccd         7.fits", OBJECT="M\x1b[2J31")
text = run("showiminfo", "forged\n  ccd         7.fits", code=0).stdout
check("forged\\n  ccd         7.fits\n" in text and "\n  ccd         7" not in text and "\x1b" not in text, "showiminfo: " + text)

# --- on a terminal nothing of the progress is left
pid, terminal = os.forkpty()
if pid == 0:
    os.execv(os.path.join(BIN, "imsim"), ["imsim", "-o", "sim", "-ccds", "9", "-objects", "30"])
shown = read_terminal(terminal)
equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "imsim on a terminal")
last = shown.decode().split("\r\x1b[K")[-1]
equal(last, "360 images of 40 exposures in sim\r\n", "the progress line is gone at the end")

# what Elixir cannot hold is named by file, and times as times
image("old.fits", DATE_OBS="1951-11-08T10:00:00")
run("imregister", "-db", "old.db", "old.fits", code=0)
fails(4, ["old.db: old.fits: ", "obstime: 1951-11-08T10:00:00Z is not within 1970 to 2106", "(record 1)"], "convertimreg", "old.db", "old3.db", "-to", "v3")
# nobody is told to remove the database that is to be converted
os.symlink("one.db", "same.db")
for out in ("one.db", "./one.db", "same.db"):
    fails(3, [out, "IN and OUT at once", "another OUT"], "convertimreg", "one.db", out)
finish()
