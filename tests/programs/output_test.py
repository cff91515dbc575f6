#!/usr/bin/python3
"""Where the rows of imsearch go: files that are whole or not there, pipes that close, full disks, little memory, a terminal, a pager."""
import fcntl, glob, pty, resource, select, signal, struct, termios, time, unicodedata
import numpy as np
from harness import *

FORMATS = ["row", "trigger", "table", "csv", "tsv", "json", "votable", "npy", "fits", "fits-table"]
COUNTED = ["npy", "fits", "fits-table"]
ROWS = 200000
IMSEARCH = os.path.join(BIN, "imsearch")
run("imsim", "-rows", ROWS, "-db", "big.db", code=0)
os.remove("big.db.lock")
for i in range(3):
    image(f"night/{i}.fits", OBJECT=f"M {i}, \"x\"")
run("imregister", "-db", "small.db", "night", code=0)


def leftovers():
    return glob.glob("*.new*") + glob.glob(".*")


def keywords(data):
    return [data[i : i + 8] for i in range(0, 23040, 80)]


def same_output(one, two, what):
    """Of FITS the keywords: DATE, the identity of a database and with it the checks of its records differ."""
    if one[:6] == b"SIMPLE":
        check(len(one) == len(two), f"{what}: {len(one)} and {len(two)} bytes")
        one, two = keywords(one), keywords(two)
    check(one == two, what)


# --- a file, standard output that is a file, at its end or in its middle, and a pipe: the same bytes
for name in FORMATS:
    run("imsearch", "-db", "small.db", "-format", name, "-o", "out", code=0)
    whole = table = read("out")
    piped = run("imsearch", "-db", "small.db", "-format", name, text=False, code=0).stdout
    same_output(piped, whole, f"{name}: a pipe")
    same_output(run("imsearch", "-db", "small.db", "-format", name, "-o", "-", text=False, code=0).stdout, whole, f"{name}: -o -")
    for how in ("w", "a", "middle"):
        write("to", "before\n" if how != "w" else "")
        with open("to", "r+b" if how == "middle" else how + "b") as to:
            to.seek(0, 2)
            subprocess.run([IMSEARCH, "-db", "small.db", "-format", name], stdout=to, check=True)
        same_output(read("to")[7 if how != "w" else 0 :], whole, f"{name}: redirected, {how}")
# 24 MB of rows: the head is written first, and again in its place, which is not the begin of the file
whole = run("imsearch", "-db", "big.db", "-format", "npy", "-fields", "filename,obstime,ccd", text=False, code=0).stdout
for how in ("a", "r+"):
    write("to", "before\n")
    with open("to", how + "b") as to:
        to.seek(0, 2)
        subprocess.run([IMSEARCH, "-db", "big.db", "-format", "npy", "-fields", "filename,obstime,ccd"], stdout=to, check=True)
    check(read("to") == b"before\n" + whole, f"npy of {ROWS} rows, redirected, {how}")
run("imsearch", "-db", "small.db", "-table", "out.t", code=0)
same_output(read("out.t"), table, "-table is -format fits-table")
equal(subprocess.run(["fitsverify", "-q", "out.t"], capture_output=True, text=True).stdout.split(":")[0], "verification OK", "fitsverify -table")
equal(run("imsearch", "-db", "small.db", "-pt", code=0).stdout, run("imsearch", "-db", "small.db", "-format", "trigger", code=0).stdout, "-pt")
# without -format the ending of the file's name says it; a count and what was done are text, whatever the name
for ending, name in (("csv", "csv"), ("TSV", "tsv"), ("json", "json"), ("jsonl", "json"), ("xml", "votable"), ("vot", "votable"),
                     ("npy", "npy"), ("fits", "fits"), ("fit", "fits"), ("FTS", "fits"), ("txt", "row"), ("acsv", "row"), ("csv.old", "row")):
    out = run("imsearch", "-db", "small.db", "-o", "end." + ending, code=0)
    told = f"imsearch: end.{ending}: the ending names no format, so it is written as row; -format takes another\n"
    equal(out.stderr, told if ending in ("acsv", "csv.old") else "", f"-o end.{ending}: what is said")
    same_output(read("end." + ending), run("imsearch", "-db", "small.db", "-format", name, text=False, code=0).stdout, f"-o end.{ending}")
run("imsearch", "-db", "small.db", "-fields", "ccd", "-format", "json", "-o", "end.csv", code=0)
check(read("end.csv").startswith(b'{"ccd"'), "-format wins over the ending")
fails(0, ["end.dat: ", "written as table"], "imsearch", "-db", "small.db", "-fields", "ccd", "-o", "end.dat")
for quiet in (["-o", "end"], ["-o", "a.b/.end"], ["-o", "a.b/end"], ["-o", "end.dat", "-format", "row"], ["-o", "end.dat", "-count"], ["-table", "end.dat"]):
    os.makedirs("a.b", exist_ok=True)
    equal(run("imsearch", "-db", "small.db", *quiet, code=0).stderr, "", f"{quiet}: nothing is said")
for what in ("-count", "-explain"):
    equal(run("imsearch", "-db", "small.db", what, "-o", "end.fits", code=0).stdout, "", what)
    equal(read("end.fits").decode(), run("imsearch", "-db", "small.db", what, code=0).stdout, f"{what} -o end.fits")
for wrong in (["-pt", "-format", "row"], ["-table", "x", "-bintable", "y"], ["-table", "x", "-o", "y"], ["-format", "xml", "-o", "y"],
              ["-fields", "nofield", "-o", "y"], ["-o", "."], ["-pt", "-fields", "ccd"], ["-o", "small.db"]):
    fails(2, [], "imsearch", "-db", "small.db", *wrong)
check(not os.path.exists("x") and not os.path.exists("y"), "a wrong command line makes no file")
fails(3, ["nodir/out"], "imsearch", "-db", "small.db", "-o", "nodir/out")

# --- a database in a file of its own: searched, written to, and then no longer replaced
run("imsearch", "-db", "small.db", "-bintable", "copy.db", code=0)
equal(run("imsearch", "-db", "copy.db", code=0).stdout, run("imsearch", "-db", "small.db", code=0).stdout, "-bintable is a database")
check(read("copy.db")[:23040] != read("small.db")[:23040], "with an identity of its own")
equal(subprocess.run(["fitsverify", "-q", "copy.db"], capture_output=True, text=True).stdout.split(":")[0], "verification OK", "fitsverify")
image("night2/9.fits")
run("imregister", "-db", "copy.db", "night2", code=0)
equal(len(rows("copy.db")), 4, "a row more")
fails(2, ["copy.db", "programs write to"], "imsearch", "-db", "small.db", "-bintable", "copy.db")
equal(len(rows("copy.db")), 4, "is not replaced")
run("imsearch", "-db", "small.db", "-name", "nothing", "-bintable", "none.db", code=1)
equal(len(rows("none.db", code=1)), 0, "no rows are a database too")

# --- full disks and limits: one line, exit 3, the old file is what it was
write("old", "as it was")
os.chmod("old", 0o640)
for name in FORMATS:
    fails(3, ["/dev/full: No space left on device"], "imsearch", "-db", "small.db", "-format", name, "-o", "/dev/full")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    fails(3, ["old", "File too large"], "imsearch", "-db", "big.db", "-format", name, "-o", "old", preexec_fn=limit)
    equal(read("old"), b"as it was", f"{name}: a file that got too large")
    equal(leftovers(), [], f"{name}: nothing is left")
    if name in COUNTED:  # the temporary file for a pipe
        out = subprocess.run([IMSEARCH, "-db", "big.db", "-format", name], capture_output=True, preexec_fn=limit, env={**os.environ, "TMPDIR": work})
        check(out.returncode == 3 and b"File too large" in out.stderr and work.encode() in out.stderr, f"{name}: {out.stderr}")
        equal(out.stdout, b"", f"{name}: nothing half-written")
run("imsearch", "-db", "small.db", "-o", "old", code=0)
check(read("old") != b"as it was" and os.stat("old").st_mode & 0o777 == 0o640, "replaced when whole, with the mode it had")
os.symlink("old", "link")
run("imsearch", "-db", "small.db", "-format", "csv", "-o", "link", code=0)
check(os.path.islink("link") and read("old").startswith(b"obstime,"), "a link stays a link")

# --- Ctrl-C and kill: nothing is left, the old file is what it was
write("old", "as it was")
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    for attempt in range(20):  # it may be done before the signal comes
        process = subprocess.Popen([IMSEARCH, "-db", "big.db", "-format", "json", "-o", "old"])
        while not glob.glob("old.new*") and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(number)
        if process.wait() == -number:
            break
    equal(process.returncode, -number, f"{number!r}")
    equal((read("old"), leftovers()), (b"as it was", []), f"{number!r}: what is left")
process = subprocess.run([IMSEARCH, "-db", "small.db", "-o", "old"], preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
equal(process.returncode, 0, "nohup")

# --- a reader that goes: quiet, soon, exit 0
for name in FORMATS:
    process = subprocess.Popen([IMSEARCH, "-db", "big.db", "-format", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = process.stdout.read(100)
    process.stdout.close()
    equal((len(first), process.stderr.read(), process.wait()), (100, b"", 0), f"{name}: closed pipe")

# --- ten million rows never sit in memory: with 24 MiB of it, files and pipes of 14 to 180 MB
if not SANITIZED:
    little = lambda: resource.setrlimit(resource.RLIMIT_DATA, (24 << 20, 24 << 20))
    for name in FORMATS:
        out = subprocess.run([IMSEARCH, "-db", "big.db", "-format", name, "-o", "large"], preexec_fn=little, capture_output=True)
        check(out.returncode == 0 and os.path.getsize("large") > 14e6, f"{name}: {out}")
        with subprocess.Popen([IMSEARCH, "-db", "big.db", "-format", name], preexec_fn=little, stdout=subprocess.PIPE) as process:
            size = sum(len(piece) for piece in iter(lambda: process.stdout.read(1 << 20), b""))
        equal((process.returncode, size), (0, os.path.getsize("large")), f"{name}: a pipe")
    run("imsearch", "-db", "big.db", "-format", "npy", "-o", "large", code=0)
    equal(np.load("large", mmap_mode="r").shape, (ROWS,), "numpy maps it")


# --- a terminal
def terminal(*args, columns=80, keys=b"", **env):
    """What a person sees, and the exit code. Keys are typed when something is to be seen."""
    child, fd = pty.fork()
    if child == 0:
        time.sleep(0.1)  # until the size is set
        os.environ.update({"TERM": "xterm", **env})
        os.execv(IMSEARCH, ["imsearch", *map(str, args)])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen, end = b"", time.time() + 30
    while time.time() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(fd, 65536)
        except OSError:
            piece = b""
        if not piece:
            break
        seen += piece
        if keys:
            os.write(fd, keys)
            keys = b""
    else:
        os.kill(child, signal.SIGKILL)
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode().replace("\r\n", "\n")


for name in ("IMREG_PAGER", "PAGER", "LESS"):
    os.environ.pop(name, None)
plain = run("imsearch", "-db", "small.db", code=0).stdout
equal(terminal("-db", "small.db", "-nopager"), (0, plain), "-nopager")
equal(terminal("-db", "small.db", PAGER="sed s/^/P:/"), (0, "".join("P:" + l + "\n" for l in plain.splitlines())), "$PAGER")
equal(terminal("-db", "small.db", PAGER="sed s/^/P:/", IMREG_PAGER="cat"), (0, plain), "$IMREG_PAGER before $PAGER; cat is none")
equal(terminal("-db", "small.db", PAGER=""), (0, plain), "PAGER= is none")
code, seen = terminal("-db", "small.db", PAGER="no-such-pager")
check(code == 3 and 'imsearch: the pager "no-such-pager" cannot be started' in seen, seen)
code, seen = terminal("-db", "big.db", PAGER="head -1")
equal((code, len(seen.splitlines())), (0, 1), "a pager that is quit early")
equal(terminal("-db", "small.db", "-name", "nothing", PAGER="sed s/^/P:/"), (1, ""), "no rows: no pager, the exit code is kept")
code, seen = terminal("-db", "small.db", "-fields", "nofield", PAGER="sed s/^/P:/")
check(code == 2 and "P:" not in seen, f"an error is not paged: {seen}")
equal(terminal("-db", "small.db", "-format", "npy")[0], 2, "no bytes on a terminal")
if shutil.which("less"):
    code, seen = terminal("-db", "big.db", keys=b"q")
    check(code == 0 and "1 " in seen and len(seen) < 10000, f"less: {code} {seen[-200:]!r}")
    code, seen = terminal("-db", "small.db", "-fields", "filename,ccd")  # one screen: less goes by itself
    check(code == 0 and "filename" in seen, f"less -F: {code} {seen!r}")
code, seen = terminal("-db", "big.db", PAGER="cat > /dev/null; sleep 0.3; echo read")
equal((code, seen), (0, "read\n"), "a slow pager is waited for")

# no line is wider than the terminal
image("wide/星団星団星団星団-été.fits", OBJECT="a long name of a target")
run("imregister", "-db", "small.db", "wide", code=0)
for columns in (1, 7, 20, 40, 61, 80, 132):
    for fields in ("pathname,filename,object,exptime,obstime,ccd", "fingerprint,ra,dec,obstime"):
        code, seen = terminal("-db", "small.db", "-nopager", "-fields", fields, columns=columns)
        widths = [sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in seen.splitlines()]
        check(code == 0 and len(widths) == 5 and max(widths) <= columns, f"{columns} columns: {widths} {seen}")
for locale, mark in (({"LC_ALL": "C"}, "~"), ({"LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "de_DE.UTF-8"}, "~"), ({"LC_ALL": "C.utf8"}, "…"), ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "de_DE.UTF-8"}, "…"), ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, "~")):
    seen = terminal("-db", "small.db", "-nopager", "-name", "[0-9]*", "-fields", "pathname,object", columns=30, **locale)[1]
    check(mark in seen and (seen.isascii() or mark == "…"), f"{locale}: what is cut is marked by {mark}: {seen}")
table = run("imsearch", "-db", "small.db", "-fields", "filename,exptime,object", code=0).stdout
check("…" not in table and "[s]" not in table and "a long name of a target" in table, f"elsewhere nothing is cut: {table}")
finish()
