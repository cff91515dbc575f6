"""imingest's pictures: which files have some, where and when, by the log's order, behind kills, changes, moves and full disks. Oracles: numpy and PIL,
imlook on the same file, and runs that nobody disturbed."""
from harness import *
import glob, gzip, io
import numpy as np
from astropy.io import fits
from PIL import Image

rng = np.random.default_rng(6)


def ingest(db, *args, code=0):
    return json.loads(run("imingest", "-db", db, "-format", "json", *args, code=code).stdout.splitlines()[-1])


def pictures(*folders):
    """{path: bytes} of all files below."""
    return {p: read(p) for f in folders for p in sorted(glob.glob(f + "/**", recursive=True)) if os.path.isfile(p)}


def counted(report):
    return {k: v for k, v in report["pictures"].items() if v}


def alike(folder, made, what, ending=""):
    """The same files below a folder as below J and T."""
    there, wanted = ({p.split("/", 1)[1]: b for p, b in those.items() if p.endswith(ending)} for those in (pictures(folder), made))
    equal({p for p in {**there, **wanted} if there.get(p) != wanted.get(p)}, set(), what)


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def acs(path, detector="WFC", proposal=9453, chips=2, shape=(60, 90), kind=np.float32, **more):
    """As calacs leaves it: SCI, ERR and DQ of each chip; a flt has NaN and infinities in it."""
    primary = fits.PrimaryHDU()
    root = os.path.basename(path).split("_")[0]
    primary.header.update(TELESCOP="HST", INSTRUME="ACS", DETECTOR=detector, ROOTNAME=root, FILTER1="F606W", FILTER2="CLEAR2L", EXPTIME=30.5)
    primary.header["DATE-OBS"], primary.header["TIME-OBS"] = "2003-02-04", "10:11:12"
    if proposal is not None:
        primary.header["PROPOSID"] = proposal
    primary.header.update(more)
    hdus = [primary]
    for chip in range(1, chips + 1):
        science = rng.normal(300 * chip, 90, shape)
        if kind is np.float32:
            science[3:6, 10:14], science[7, 2] = np.nan, np.inf
        hdus += [fits.ImageHDU(science.astype(kind), name="SCI", ver=chip), fits.ImageHDU(np.ones(shape, np.float32), name="ERR", ver=chip),
                 fits.ImageHDU(np.zeros(shape, np.int16), name="DQ", ver=chip)]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def spectrum_table(path, **more):
    primary = fits.PrimaryHDU()
    primary.header.update(TELESCOP="HST", INSTRUME="STIS", ROOTNAME="o4sp040b0", PROPOSID=7777, **more)
    table = fits.BinTableHDU.from_columns([fits.Column("FLUX", "E", array=np.arange(5))])
    fits.HDUList([primary, table]).writeto(path)
    return path


def oracle(path):
    """acsql's arithmetic, of the values that are some."""
    with fits.open(path) as hdus:
        data = np.concatenate([h.data for h in hdus if h.name == "SCI"]).astype(np.float64)
    good = np.isfinite(data)
    values = np.minimum(data[good], np.percentile(data[good], 99))
    low = np.percentile(values, 1)
    values = np.maximum(values, low)
    levels = np.zeros(data.shape)
    levels[good] = (values - low) * (255.0 / (values.max() - low))
    return np.flipud(np.clip(levels, 0, 255).astype(np.uint8)), np.flipud(good)


def archive(root):
    """Two observations of the ACS and what belongs to them, an exposure of HRC, other cameras, what has no image."""
    at = lambda name: f"{root}/{name[:4]}/{name[:9]}/{name}.fits"
    for name in ("j8bt05njq_raw", "j8bt05njq_flt", "j8bt05njq_flc", "j8bt05nkq_raw", "j8bt05nkq_flt", "j8bt05nkq_flc", "j8bt05011_drz"):
        acs(at(name), kind=np.int16 if name.endswith("raw") else np.float32, chips=1 if name.endswith("drz") else 2)
    for name in ("j8bt05njq_spt", "j8bt05nkq_spt"):
        acs(at(name), chips=0)
    acs(at("j8bt05011_asn"), chips=0)
    acs(at("j94f05bgq_flt"), detector="HRC", proposal=None, chips=1, shape=(300, 200))
    acs(at("jaaa05bgq_raw"), detector="SBC", proposal="../../else where", chips=1, shape=(20, 30))
    acs(at("j8zz05aaq_flt"))
    write(at("j8zz05aaq_flt") + ".gz", gzip.compress(read(at("j8zz05aaq_flt")))), os.remove(at("j8zz05aaq_flt"))
    image(f"{root}/int/r123_flt.fits", shape=(50, 40), TELESCOP="INT", INSTRUME="WFC", DETECTOR="WFC")  # is none of the ACS
    for folder in ("one", "two"):
        image(f"{root}/{folder}/same.fits", shape=(50, 40))
    spectrum_table(f"{root}/one/o4sp040b0_x1d.fits")
    write(f"{root}/one/notes.txt", "no image\n")
    return root


archive("tree")
run("imsim", "-o", "tree/night", "-ccds", 3, "-objects", 2, "-size", "60x80", "-seed", 4, code=0)
os.remove("tree/night/truth.csv")
SIM = sorted(glob.glob("tree/night/*/*.fits"))
OTHERS = SIM + ["tree/int/r123_flt.fits", "tree/one/same.fits", "tree/two/same.fits"]
HERE = os.getcwd()
ACS = {f"J/9453/{n}.jpg": f"tree/j8bt/{n[:9]}/{n}.fits" for n in (r + k for r in ("j8bt05njq", "j8bt05nkq") for k in ("_raw", "_flt", "_flc"))}
ACS |= {"J/9453/j8zz05aaq_flt.jpg": "tree/j8zz/j8zz05aaq/j8zz05aaq_flt.fits.gz", "J/unknown/j94f05bgq_flt.jpg": "tree/j94f/j94f05bgq/j94f05bgq_flt.fits", "J/______else_where/jaaa05bgq_raw.jpg": "tree/jaaa/jaaa05bgq/jaaa05bgq_raw.fits"}
THUMBS = {p.replace("J/", "T/", 1)[:-4] + ".thumb": f for p, f in ACS.items() if "_flt" in f}
WANTED = {**ACS, **THUMBS, **{f"J{HERE}/{f}.jpg": f for f in OTHERS}, **{f"T{HERE}/{f}.thumb": f for f in OTHERS}}
NONE = f"J{HERE}/tree/one/o4sp040b0_x1d.fits.jpg.none"
BOTH = ["-jpeg", "J", "-thumbs", "T"]


def first_run():
    """Which pictures, where, of what pixels; the log."""
    equal(counted(ingest("rehearsal", *BOTH, "-n", "tree")), {}, "a rehearsal"), check(not os.path.exists("J"), "which makes nothing")
    report = ingest("q", *BOTH, "-log", "logs", "tree")
    equal(counted(report), {"made": len(WANTED), "without": 1}, "first run")
    equal((report["failed"], report["passed"]), (0, 1), "headers")
    made = pictures("J", "T")
    equal(sorted(set(made) - {NONE}), sorted(WANTED), "pictures")
    check("passed over: " in made.get(NONE, b"").decode(), f"why there is none: {made.get(NONE)}")
    for path, file in WANTED.items():
        picture = Image.open(path)
        equal(picture.format, "JPEG", path)
        if path.endswith(".thumb"):
            equal(max(picture.size) <= 128 and (max(picture.size) == 128 or picture.size == Image.open("J" + path[1:-6] + ".jpg").size), True, f"{path}: size")
            check(abs(pixels(made[path]).mean() - pixels(made["J" + path[1:-6] + ".jpg"]).mean()) < 3, f"{path}: as bright as the picture")
            continue
        how = ["-stretch", "acsql"] if path in ACS else ["-size", 2000]
        run("imlook", *how, "-o", "alone.jpg", file, code=0), run("imlook", *how, "-o", "alone.png", file, code=0)
        check(np.array_equal(pixels(made[path]), pixels(read("alone.jpg"))), f"{path}: imlook's pixels")
        if path in ACS:
            wanted, good = oracle(file)
            drawn = pixels(read("alone.png"))
            check(drawn.shape == wanted.shape and np.abs(drawn.astype(int) - wanted)[good].max() <= 1, f"{path}: acsql's pixels by numpy")
    # acsql's order, of each observation.
    (log,) = glob.glob("logs/*.log")
    told = [line[20:] for line in read(log).decode().splitlines()]
    equal(told[-1], "INFO: Process Complete.", "its last line")
    lines = lambda root, words: [i for i, t in enumerate(told) if t.startswith(f"INFO: {root}: {words}")]
    for root, jpegs, thumbs in (("j8bt05nj", 3, 1), ("j8bt05nk", 3, 1), ("j8bt0501", 0, 0), ("j94f05bg", 1, 1), ("jaaa05bg", 1, 0), (os.path.basename(SIM[0])[:-5], 1, 1)):
        own = [t.split(": ", 2)[2] for t in told if t.startswith(f"INFO: {root}: ")]
        kinds = "".join("B" if t == "Begin ingestion" else "M" if t == "Updated master table." else "E" if t == "End ingestion" else "J" if t == "Creating JPEG" else
                        "T" if t == "Creating Thumbnail" else "D" if t.startswith("Updated datasets") else "H" if t.startswith("Updated") else "?" for t in own)
        check(re.fullmatch("BMH+D+(JT?)*E", kinds), f"{root}: {own}")
        equal((kinds.count("J"), kinds.count("T")), (jpegs, thumbs), f"{root}: pictures in the log")
    return made


def later_runs(made):
    """Nothing is made again; with fewer or more threads the same; what is missing, cut or wished in another way is made."""
    when = {p: os.stat(p).st_mtime_ns for p in made}
    for more in ([], ["-j", "1"], ["-j", "4"]):
        equal(counted(ingest("q", *BOTH, *more, "tree")), {"current": len(WANTED), "without": 1}, f"again {more}")
    equal({p: os.stat(p).st_mtime_ns for p in pictures("J", "T")}, when, "nothing is written")
    equal(counted(ingest("q", "tree")), {}, "without the options nothing is looked at")
    if shutil.which("strace") and not SANITIZED and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0:
        out = strace("trace", ["openat", "open"], [os.path.join(BIN, "imingest"), "-db", "q", *BOTH, "tree"])
        equal(out.returncode, 0, out.stderr)
        equal([l for l in read("trace").decode("latin-1").splitlines() if "tree" in l and ".fits\"" in l], [], "a run that has nothing to do opens no image")
    else:
        print("no strace: that no image is opened is not tested")
    some = sorted(WANTED)
    os.remove(some[0]), write(some[-1], made[some[-1]][:30])
    equal(counted(ingest("q", *BOTH, "tree")), {"made": 2, "current": len(WANTED) - 2, "without": 1}, "missing and cut ones")
    equal(pictures("J", "T"), made, "are as they were")
    one = ACS["J/9453/j8bt05njq_flt.jpg"]
    equal(counted(ingest("q", *BOTH, "-again", one)), {"made": 2}, "-again makes them once more")
    equal(pictures("J", "T"), made, "the same")
    # Into a database that had none; one kind alone; by the configuration; with other numbers of threads.
    ingest("later", "tree")
    report = ingest("later", "-D", "INGEST_JPEG", "J1", "-D", "INGEST_THUMBS", "J1", "-j", "4", "tree")
    equal((counted(report), report["headers"]), ({"made": len(WANTED), "without": 1}, 0), "pictures later")
    alike("J1", made, "both in one folder")
    equal(counted(ingest("later", "-thumbs", "T1", "tree")), {"made": sum(p[0] == "T" for p in WANTED), "without": 1}, "thumbnails only")
    alike("T1", made, "the same", ".thumb")


def killed(made):
    """Ended at any step: the headers are there or read again, the next run makes what is missing, and nothing half is left."""
    def judge(db, what):
        for path, data in pictures("K").items():
            if ".new" not in path:
                check(path.endswith(".none") or data == made["J" + path[1:] if path.endswith(".jpg") else "T" + path[1:]], f"{what}: {path} is whole")
        before = len([p for p in pictures("K") if not p.endswith(".none") and ".new" not in p])
        report = ingest(db, "-jpeg", "K", "-thumbs", "K", "tree")
        # The file without an image is found again where it was not noted.
        equal((report["pictures"]["made"] + report["pictures"]["current"], report["failed"]), (len(WANTED), 0), f"{what}: behind it")
        check(report["pictures"]["made"] >= len(WANTED) - before, f"{what}: {before} were there: {report}")
        alike("K", made, f"{what}: all pictures")
        equal(sum(r["hdus"] for r in (json.loads(l) for l in run("imsearch", "-db", db, "-from", "files", "-format", "json", "-limit", 1000).stdout.splitlines())), HEADERS, f"{what}: headers")
        shutil.rmtree("K"), shutil.rmtree(db)

    HEADERS = ingest("whole", "tree")["headers"]
    line = lambda db: [os.path.join(BIN, "imingest"), "-db", db, "-j", "2", "-jpeg", "K", "-thumbs", "K", "tree"]
    began = time.monotonic()
    subprocess.run(line("k"), capture_output=True, check=True)
    length = time.monotonic() - began
    shutil.rmtree("K"), shutil.rmtree("k")
    for attempt in range(10):
        child = subprocess.Popen(line("k"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(length * (attempt + 0.5) / 10)
        child.kill(), child.wait()
        judge("k", f"kill {attempt}")
    # Among the pictures
    for many in (1, 5):
        child = subprocess.Popen(line("k"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None and len([p for p in glob.glob("K/**/*.jpg", recursive=True)]) < many:
            time.sleep(0.0005)
        child.kill(), child.wait()
        judge("k", f"kill behind {many} pictures")
    os.makedirs("K/9453"), write("K/9453/j8bt05njq_flt.jpg.new999999999", "half"), write("K/9453/mine.new999999999", "not ours")
    ingest("k", "-jpeg", "K", "tree")
    equal([p for p in pictures("K") if ".new" in p], ["K/9453/mine.new999999999"], "what was begun is cleared away")
    shutil.rmtree("K"), shutil.rmtree("k")


def changes(made):
    """Changed, damaged, mended, moved, copied, gone, hidden until its release."""
    last = lambda *more, code=0: counted(ingest("q", *BOTH, *more, "tree", code=code))
    same = {"current": len(WANTED), "without": 1}
    # Changed
    name = "J/9453/j8bt05nkq_flt.jpg"
    file, thumb = ACS[name], name.replace("J/", "T/")[:-4] + ".thumb"
    old = read(file)
    acs(file, shape=(70, 90))
    equal(last(), {"made": 2, "current": len(WANTED) - 2, "without": 1}, "a changed file")
    equal(pixels(read(name)).shape, (140, 90), "has new pictures")
    # Damaged: the pictures of what it was go; it is told once.
    write(file, read(file)[:6000])
    out = run("imingest", "-db", "q", *BOTH, "-log", "logs3", "tree", code=4)
    check(sum("no picture: " in l and file in l for l in out.stderr.splitlines()) == 1, f"a line: {out.stderr}")
    check("pictures: 0 made" in out.stdout and "1 failed" in out.stdout.split("pictures: ")[1], out.stdout)
    check(any("WARNING: j8bt05nk: " in l and "no picture: " in l for l in read(glob.glob("logs3/*")[0]).decode().splitlines()), "in the log")
    equal((os.path.exists(name), os.path.exists(thumb), os.path.exists(name + ".none")), (False, False, True), "no picture of what it was, and why")
    equal({r["state"] for r in rows("q/files.db", "-where", "filename = 'j8bt05nkq_flt.fits'")}, {"done"}, "its headers are there")
    out = run("imingest", "-db", "q", *BOTH, "tree", code=0)
    check("1 failed before and unchanged" in out.stdout and out.stderr == "", f"not tried again: {out.stdout} {out.stderr}")
    write(file, old)
    equal(last()["made"], 2, "mended")
    check(not os.path.exists(name + ".none"), "nothing says that it is not")
    # Moved: the picture of a path goes with the file, the same bytes; acsql's stays.
    file = OTHERS[-1]
    place, number = f"J{HERE}/{file}.jpg", os.stat(f"J{HERE}/{file}.jpg").st_ino
    os.makedirs("tree/three/deep"), os.rename(file, "tree/three/deep/moved.fits"), os.rename("tree/jaaa/jaaa05bgq", "tree/jaaa/elsewhere")
    equal(last(), same, "moved")
    equal(os.stat(f"J{HERE}/tree/three/deep/moved.fits.jpg").st_ino, number, "the picture, too")
    check(not os.path.exists(os.path.dirname(place)), "no empty folder is left")
    os.rename("tree/three/deep/moved.fits", file), os.rename("tree/jaaa/elsewhere", "tree/jaaa/jaaa05bgq"), os.removedirs("tree/three/deep")
    equal(last(), same, "and back")
    # Copies of an archive share a picture, whoever of them goes.
    shutil.copytree("tree/j94f", "tree/a copy")
    equal(last(), same, "a copy with the same pictures")
    os.utime("tree/a copy/j94f05bgq/j94f05bgq_flt.fits", (1000000001.5, 1000000001.5))
    for _ in range(2):
        equal(last(), same, "a copy of another time takes nothing away")
    shutil.move("tree/j94f", "away")
    equal(last()["made"], 2, "the first of the two is gone: the other one has its pictures")
    check(b"bytes 1000000001.5" in read("J/unknown/j94f05bgq_flt.jpg"), "of its time")
    shutil.move("away", "tree/j94f"), shutil.rmtree("tree/a copy")
    equal(last()["made"], 2, "the other one is gone")
    equal(last(), same, "and that was all")
    # Gone: its pictures go, never what is none of ours.
    shutil.copytree("tree", "kept")
    mine = f"J{HERE}/tree/two/same.fits.jpg"
    Image.new("L", (30, 30)).save(mine.replace("same", "holiday"))
    os.remove("tree/one/same.fits"), os.remove("tree/one/o4sp040b0_x1d.fits"), shutil.rmtree("tree/j8bt/j8bt05nkq"), os.remove("tree/two/same.fits")
    Image.new("L", (30, 30)).save(mine)
    gone = {p for p in WANTED if "nkq" in p or "same" in p} - {mine}
    report = last()
    equal(report, {"current": len(WANTED) - len(gone) - 1, "removed": len(gone)}, "gone files")
    equal(set(pictures("J", "T")), set(WANTED) - gone | {mine, mine.replace("same", "holiday")}, "whose pictures are there")
    check(not os.path.exists(f"J{HERE}/tree/one"), "no empty folder is left")
    os.remove(mine)
    # A run without pictures has found a file gone: the next one with pictures clears up.
    os.remove(SIM[0]), ingest("q", "tree")
    check(os.path.exists(f"J{HERE}/{SIM[0]}.jpg"), "without the option pictures are left alone")
    equal(last()["removed"], 2, "then they go")
    # What waits for its release has no picture, nor what it had before.
    hidden = dict(TELESCOP="CFHT 3.6m", INSTRUME="MegaPrime", DETECTOR="MegaCam", OBSTYPE="OBJECT", EXPTIME=5, DATE_OBS="2003-02-04", UTC_OBS="10:00:00")
    image("tree/h.fits", **hidden)
    equal(last("-public")["made"], 2, "public")
    image("tree/h.fits", extra=[card("REL_DATE", "2199-01-01")], **hidden)
    equal(last("-public").get("removed"), 2, "it waits")
    check(not glob.glob(f"J{HERE}/tree/h.fits*"), "nothing is shown")
    shutil.rmtree("tree"), shutil.copytree("kept", "tree")


def folders():
    """A folder of pictures below the tree is no part of it; one above it, or one that cannot be, is told."""
    os.makedirs("own")
    image("own/a.fits", shape=(30, 30)), image("own/link/b.fits", shape=(30, 30))
    for _ in range(2):
        report = ingest("o", "-jpeg", "own/pics", "-thumbs", "own/pics", "own")
        equal((report["found"], report["passed"], report["pictures"]["made"] + report["pictures"]["current"]), (2, 0, 4), "pictures below the tree")
    os.symlink("own", "way")
    equal(ingest("o2", "-jpeg", "own/pics", "way")["found"], 2, "by another way")
    for folder in (".", "own", "own/link/.."):
        fails(2, ["own", "choose another folder"], "imingest", "-db", "o3", "-jpeg", folder, "own")
    check(not os.path.exists("o3"), "nothing is begun")
    # No folder can be made there: one line, the headers are in, and the next run goes on.
    write("plain", "a file"), shutil.rmtree("own/pics")
    out = fails(3, ["plain", "no picture can be written", "the headers are in the tables"], "imingest", "-db", "o4", "-jpeg", "plain/pics", "own")
    equal(len(out.stderr.splitlines()), 1, f"one line: {out.stderr}")
    equal(len(rows("o4/files.db")), 2, "headers")
    equal(counted(ingest("o4", "-jpeg", "pics4", "own")), {"made": 2}, "elsewhere")


def full_disk():
    os.makedirs("small")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", "small"], capture_output=True).returncode:
        return print("no tmpfs: a full disk is not tested")
    try:
        os.makedirs("many")
        for i in range(40):
            fits.writeto(f"many/{i:02}.fits", rng.normal(0, 1, (90, 90)).astype(np.float32))
        for jobs in (1, 4):
            out = fails(3, ["no picture can be written", "No space left", "the next run makes the pictures"], "imingest", "-db", "full", "-j", jobs, "-jpeg", "small/pics", "many")
            equal(len(out.stderr.splitlines()), 1, f"one line: {out.stderr}")
        equal({r["state"] for r in rows("full/files.db")}, {"done"}, "all headers")
        equal(len(rows("full/files.db")), 40, "of all files")
        there = pictures("small")
        check(0 < len(there) < 40 and all(pixels(data).shape == (90, 90) for data in there.values()), f"whole pictures: {sorted(there)}")
        subprocess.run(["mount", "-o", "remount,size=8m", "small"], check=True)
        equal(counted(ingest("full", "-jpeg", "small/pics", "many")), {"made": 40 - len(there), "current": len(there)}, "then there is room")
    finally:
        subprocess.run(["umount", "small"])


def damaged_tiles():
    """Pixels that cannot be unpacked: a line, and nothing else is lost."""
    os.makedirs("tiles")
    for name in ("good", "bad"):
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU((rng.normal(500, 20, (80, 100))).astype(np.int16), compression_type="RICE_1")]).writeto(f"tiles/{name}.fits")
    with fits.open("tiles/bad.fits", disable_image_compression=True) as hdus:
        start = hdus[1].fileinfo()["datLoc"] + hdus[1].header["NAXIS1"] * hdus[1].header["NAXIS2"]
    data = bytearray(read("tiles/bad.fits"))
    data[start:start + 2000] = b"\xff" * 2000
    write("tiles/bad.fits", bytes(data))
    out = run("imingest", "-db", "tl", "-jpeg", "tp", "-thumbs", "tp", "tiles", code=None)
    made = pictures("tp")
    check(f"tp{HERE}/tiles/good.fits.jpg" in made, f"{sorted(made)}")
    if f"tp{HERE}/tiles/bad.fits.jpg" not in made:
        check(out.returncode == 4 and sum("tiles/bad.fits: no picture: " in l for l in out.stderr.splitlines()) == 1, f"{out.returncode} {out.stderr}")
    equal(len(rows("tl/files.db")), 2, "headers")


def real_files():
    found = [p for p in glob.glob(FITS + "/**/j*_[rf]*.fits", recursive=True) if re.search(r"/j\w{8}_(raw|flt|flc)\.fits$", p)]
    os.makedirs("real")
    for path in found:
        shutil.copy(path, "real")
    ingest("r", "-jpeg", "RJ", "-thumbs", "RJ", "real")
    check(len(found) > 2, f"files: {found}")
    for path in found:
        name = os.path.basename(path)[:-5]
        (picture,) = glob.glob(f"RJ/*/{name}.jpg")
        equal(picture.split("/")[1], str(fits.getheader(path).get("PROPOSID", "unknown")), f"{name}: folder")
        equal(len(glob.glob(f"RJ/*/{name}.thumb")), int(name.endswith("flt")), f"{name}: thumbnail")
        run("imlook", "-stretch", "acsql", "-o", "alone.jpg", path, code=0)
        check(np.array_equal(pixels(read(picture)), pixels(read("alone.jpg"))), f"{name}: imlook's pixels")


MADE = first_run()
for part in (later_runs, killed, changes):
    guarded(part, MADE)
for part in (folders, full_disk, damaged_tiles):
    guarded(part)
if os.path.isdir(FITS):
    guarded(real_files)
else:
    print("the real files are not there")
finish()
