"""The lines of one file, that is its CCDs, are done by one process of imelixir: the rows are those of one process per line; a packed file is
unpacked once; a damaged CCD takes no other along; processes that are killed at any moment lose nothing and do nothing twice."""
import collections, gzip, random, signal, time
from harness import *

CCDS = 36
READ_AT_MOST = 1.1  # times of a packed file: its beginning, to see that it is one, and then all of it
random.seed(11)
VALUES = ("bias", "sky", "fwhm", "procstate")
BUILT_IN = "QUEUE_A all\nSTEP_A imstats\nTRIES_A 1\n"


def put(folder, data, ending=""):
    os.makedirs(f"{work}/{folder}")
    return write(f"{work}/{folder}/{os.path.basename(plain)}{ending}", data)


def config(name, text):
    return write(f"{work}/{name}.rc", text)


def database(name, *files):
    run("imregister", "-db", f"{name}.db", *files, code=0)
    return f"{work}/{name}.db"


def work_on(db, rc, *args, code=0, **more):
    run("imqueue", "-db", db, "-c", rc, "fill", code=None)
    return run("imelixir", "-db", db, "-c", rc, "-once", *args, code=code, **more)


def measured(db):
    return {(r["filename"].replace(".gz", ""), r["extension"]): tuple(r[v] for v in VALUES) for r in rows(db)}


def lines(db, rc):
    return [json.loads(line) for line in run("imqueue", "-db", db, "-c", rc, "-format", "json", "show", code=0).stdout.splitlines()]


run("imsim", "-o", "sky", "-objects", 3, "-ccds", CCDS, "-size", "160x160", "-density", 20, "-seed", 4, code=0)
objects = sorted(os.path.join(d, f) for d, _, names in os.walk(f"{work}/sky") for f in names if f.endswith("o.fits"))
equal(len(objects), 3, "exposures")
plain = objects[0]
packed = put("packed", gzip.compress(read(plain), 1), ".gz")

# --- as one process per line does it: of each CCD alone in the queue
db = database("apart", plain)
for ccd in range(CCDS):
    out = work_on(db, config("one", BUILT_IN.replace("all", f"ccd = {ccd}")))
    check("1 step at once" in out.stderr and out.stderr.count("done in") == 1, f"one line: {out.stderr!r:.300}")
wanted = measured(db)
equal((len(wanted), sum(v[2] is not None for v in wanted.values())), (CCDS, CCDS), "CCDs with stars")
rc = config("all", BUILT_IN)
for name, path, jobs in (("together", plain, 1), ("shared", plain, 3), ("packed", packed, 2)):
    db = database(name, path)
    out = work_on(db, rc, "-j", jobs)
    equal(measured(db), wanted, f"{name}: as by one process per line")
    done = re.findall(r"A line (\d+) \S+ \S+ (\d+) MEF: done in \d+\.\d s: ok bias", out.stderr)
    equal(sorted(map(int, (c for _, c in done))), list(range(CCDS)), f"{name}: a line for each CCD is told")
    shown = lines(db, rc)
    equal([(s["state"], s["tries"], s["taken"]) for s in shown], [("done", 0, 1)] * CCDS, f"{name}: lines")
    log = read(f"{db}.queue/A.log").decode()
    equal((log.count(": done\n"), log.count("\nok bias ")), (CCDS, CCDS), f"{name}: the log")
    rates = json.loads(run("imqueue", "-db", db, "-c", rc, "-format", "json", "rates", code=0).stdout.splitlines()[0])
    equal(rates["last_hour"], CCDS, f"{name}: rates")

# --- a packed file is read once, and by one process
if shutil.which("strace") and not SANITIZED and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0:
    for name, path in (("counted", packed), ("counted_plain", plain)):
        db = database(name, path)
        run("imqueue", "-db", db, "-c", rc, "fill", code=0)
        got = subprocess.run(["strace", "-f", "-y", "-o", f"{work}/trace", "-e", "trace=read,pread64,fork,vfork,clone,clone3", os.path.join(BIN, "imelixir"), "-db", db, "-c", rc, "-once", "-j", "4"], capture_output=True, text=True)
        equal((got.returncode, measured(db)), (0, wanted), f"{name}: below strace")
        trace = read(f"{work}/trace").decode().splitlines()
        taken = sum(int(m[1]) for m in (re.search(r"(?:read|pread64)\(\d+<[^>]*/" + re.escape(os.path.basename(path)) + r">.* = (\d+)$", line) for line in trace) if m)
        processes = len({m[1] for m in (re.search(r"(?:fork|vfork|clone3?)\(.* = (\d+)$", line) for line in trace) if m})
        # Idle ones share the lines of a plain file, as far as there are some left when they look.
        check(1 <= processes <= (1 if name == "counted" else 4), f"{name}: {processes} processes")
        print(f"{name}: {taken} bytes were read of {os.path.getsize(path)} by {processes} processes")
        if name == "counted":
            check(os.path.getsize(path) / 2 < taken < READ_AT_MOST * os.path.getsize(path), f"{name}: {taken} bytes of {os.path.getsize(path)} were read")
else:
    print("no strace: how often a packed file is read is not counted")

# --- one CCD is damaged, or has no values: the others are measured
try:
    import numpy as np
    from astropy.io import fits
    os.makedirs(f"{work}/empty")
    empty = f"{work}/empty/{os.path.basename(plain)}"
    with fits.open(plain) as file:
        hdus = [fits.ImageHDU(h.data.astype("f4"), h.header) for h in file[1:]]
        hdus[20].data[:] = np.nan
        fits.HDUList([file[0], *hdus]).writeto(empty)
    db = database("empty", empty)
    work_on(db, rc, "-j", 2, code=4)
    stats = run("imstats", "-format", "json", empty, code=None).stdout
    run("imstatreg", "-db", database("alone", empty), stdin=stats, code=0)
    equal(measured(db), measured(f"{work}/alone.db"), "a CCD without a value")
    shown = lines(db, rc)
    equal([s["state"] for s in shown], ["failed" if c == 20 else "done" for c in range(CCDS)], "only its line has failed")
    check("no data pixel has a value" in shown[20]["result"] and shown[20]["tries"] == 1, shown[20])
    tiles = f"{work}/tiles/{os.path.basename(plain)}"
    os.makedirs(os.path.dirname(tiles))
    with fits.open(plain) as file:
        fits.HDUList([file[0], *(fits.CompImageHDU(h.data, h.header, compression_type="RICE_1") for h in file[1:])]).writeto(tiles)
    with fits.open(tiles, disable_image_compression=True) as file:
        at, size = (file[17].fileinfo()[key] for key in ("datLoc", "datSpan"))
        heap = file[17].header["THEAP"] if "THEAP" in file[17].header else file[17].header["NAXIS1"] * file[17].header["NAXIS2"]
        length = file[17].header["PCOUNT"]
    content = bytearray(read(tiles))
    content[at + heap:at + heap + length] = b"\xff" * length
    write(tiles, bytes(content))
    db = database("tiles", tiles)
    out = work_on(db, rc, code=None)
    got = measured(db)
    equal({k: v for k, v in got.items() if k[1] != 17}, {k: v for k, v in wanted.items() if k[1] != 17}, "tiles of one CCD are damaged")
    equal([s["state"] for s in lines(db, rc) if s["ccd"] != 16], ["done"] * (CCDS - 1), "tiles: the lines of the others")
    check(got[os.path.basename(plain), 17] != wanted[os.path.basename(plain), 17], f"the damaged one: {got[os.path.basename(plain), 17]}")
except ImportError:
    print("no astropy: damaged CCDs are not tested")

# --- its processes are killed at any moment
db = database("killed", *objects)
rc = config("killed", BUILT_IN.replace("TRIES_A 1", "TRIES_A 1000\nWAIT_A 0.02"))
quiet = database("quiet", *objects)
work_on(quiet, config("all", BUILT_IN), "-j", 2)
run("imqueue", "-db", db, "-c", rc, "fill", code=0)
worker = subprocess.Popen([os.path.join(BIN, "imelixir"), "-db", db, "-c", rc, "-once", "-j", "2"], stderr=subprocess.PIPE, text=True)
atexit.register(worker.kill)
kills = 0
while worker.poll() is None and kills < 25:
    time.sleep(random.uniform(0, 0.04))
    with open(f"/proc/{worker.pid}/task/{worker.pid}/children") as f:
        children = f.read().split()
    if children:
        try:
            os.kill(int(random.choice(children)), signal.SIGKILL)
            kills += 1
        except ProcessLookupError:
            pass
told = worker.communicate(timeout=300)[1]
equal(worker.returncode, 0, f"a worker whose processes are killed: {told[-600:]}")
equal(measured(db), measured(quiet), "the statistics of a quiet run")
shown = lines(db, rc)
equal([s["state"] for s in shown], ["done"] * 3 * CCDS, "all are done")
times = collections.Counter(re.findall(r"A line (\d+) .*: done in", told))
equal(sorted(times.values()), [1] * 3 * CCDS, "each once")
failed = re.findall(r"A line \d+ .*: failed: (killed by signal 9 \(Killed\))", told)
check(len(failed) <= kills and sum(s["tries"] for s in shown) == len(failed), f"{kills} kills, {len(failed)} attempts that failed")
print(f"{kills} processes killed, {len(failed)} of them in the middle of a line; {told.count('given back')} times lines were given back")
finish()
