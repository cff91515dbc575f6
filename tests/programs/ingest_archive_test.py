"""imingest keeps more of an archive than headers: images, observations, kinds of files, where files went, a log. Oracle: imregister, and sums over what the test wrote."""
from harness import *
import glob, random, re, time


def counts(db, *args, code=0):
    return json.loads(run("imingest", "-db", db, "-format", "json", *args, code=code).stdout)


def table(db, name, *args):
    return [json.loads(line) for line in run("imsearch", "-db", db, "-from", name, "-format", "json", "-limit", 100000, *args, code=None).stdout.splitlines()]


def without(row, *names):
    return {k: v for k, v in row.items() if k not in names and v is not None}


# The images are those that imregister finds, row by row.
run("imsim", "-o", "night", "-ccds", 3, "-objects", 6, "-size", "60x80", "-seed", 4, code=0)
SIM = sorted(glob.glob("night/*/*.fits"))
run("imregister", "-db", "alone.db", "night", code=0)
report = counts("q", "night")
alone, together = ({(r["pathname"], r["filename"], r["extension"], r["slice"]): without(r, "regtime", "changeno", "crc") for r in rows(db)} for db in ("alone.db", "q"))
equal(together, alone, "images of an ingest and of imregister")
check(len(alone) > 20, "there are images")
equal(report["images"], len(alone), "told in the report")
equal(counts("q", "night")["images"], 0, "a second run")
run("imcheck", "-db", "q/Imreg.db", code=0)

# What was measured stays when a file moves, and goes when it changes.
row = next(r for r in rows("q") if r["type"] == "object")
old = os.path.join(row["pathname"], row["filename"])
run("imstatreg", "-db", "q/Imreg.db", "-", stdin=json.dumps({"file": old, "extension": row["extension"], "sky": 1234.5}) + "\n", code=0)
sky = [r["sky"] for r in rows("q", "-where", f"filename = '{row['filename']}' and extension = {row['extension']}")]
before = sky
equal(before, [1234.5], "measured")
os.makedirs("elsewhere/deep")
new = os.path.join(os.getcwd(), "elsewhere/deep", row["filename"])
os.rename(old, new)
report = counts("q", "elsewhere")  # the old place is not named: it is known all the same
equal((report["moved"], report["new"], report["gone"]), (1, 0, 0), "moved to another tree")
found = rows("q", "-where", f"filename = '{row['filename']}'")
equal({r["pathname"] for r in found}, {os.path.dirname(new)}, "its rows are where it is")
equal(len(found), sum(k[1] == row["filename"] for k in alone), "and no others")
equal([r["sky"] for r in found if r["extension"] == row["extension"]], before, "what was measured stays")
equal([r["pathname"] for r in table("q", "files", "-where", f"filename = '{row['filename']}'")], [os.path.dirname(new)], "one row in files.db")
equal(counts("q", "night", "elsewhere")["unchanged"], len(SIM) + 1, "then all is known")
os.rename(new, old)
equal(counts("q", "night", "elsewhere")["moved"], 1, "and back")
again = {(r["pathname"], r["filename"], r["extension"], r["slice"]): without(r, "regtime", "changeno", "crc", "sky", "procstate") for r in rows("q")}
equal(again, {k: without(v, "sky", "procstate") for k, v in alone.items()}, "images as before")
# A copy is a new file, not one that moved, whether the tree of the other one is named or not; a file that is gone has no image.
shutil.copy2(old, new)
report = counts("q", "elsewhere")
equal((report["moved"], report["new"]), (0, 1), "a copy")
equal({r["pathname"] for r in rows("q", "-where", f"filename = '{row['filename']}'")}, {os.path.dirname(old), os.path.dirname(new)}, "both have images")
equal(counts("q", "night", "elsewhere")["unchanged"], len(SIM) + 2, "and are known")
os.remove(new)
equal(counts("q", "night", "elsewhere")["gone"], 1, "a copy that is gone")
equal({r["pathname"] for r in rows("q", "-where", f"filename = '{row['filename']}'")}, {os.path.dirname(old)}, "its images are gone")


# Where a file moved to it may be registered already, by imregister: one row of each image is left.
os.makedirs(os.path.dirname(new), exist_ok=True)
shutil.copy2(old, new)
run("imregister", "-db", "q/Imreg.db", new, code=0)
os.remove(old)
equal(counts("q", "night", "elsewhere")["moved"], 1, "moved to where it is registered")
found = rows("q", "-where", f"filename = '{row['filename']}'")
equal(sorted((r["pathname"], r["extension"]) for r in found), sorted((os.path.dirname(new), k[2]) for k in alone if k[1] == row["filename"]), "one row each")
os.rename(new, old)
counts("q", "night", "elsewhere")


# An archive as acsql had it.
def acs(root, kind, detector="WFC", proposal=9453, extensions=0, folder=None, **more):
    keys = dict(ROOTNAME=root, TELESCOP="HST", INSTRUME="ACS", PROPOSID=proposal, FILETYPE="SCI", EXPTIME=30.5, FILTER1="F606W", FILTER2="CLEAR2L")
    keys["DATE-OBS"], keys["TIME-OBS"] = "2003-02-04", "10:11:12"
    keys["DETECTOR"] = detector
    path = os.path.join(folder or os.path.join("acs", root[:4], root), f"{root}_{kind}.fits")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return image(path, **keys, **more)


kinds = {"j8bt05njq": ["raw", "flt", "spt", "jit"], "j8bt05nkq": ["raw", "flc"], "j8bt05010": ["asn", "drz", "drc"], "j94f05bgq": ["flt", "xyz", "crc"]}
for root, list_ in kinds.items():
    for kind in list_:
        acs(root, kind, detector="HRC" if root == "j94f05bgq" else "WFC", proposal=10000 if root == "j94f05bgq" else 9453)
write("types", b"# of programmes\n9453 GO\n\n10000 CAL # calibration\n")
began = time.time()
report = counts("a", "-layout", "acsql", "-proposals", "types", "-log", "logs", "acs")
total = sum(map(len, kinds.values()))
equal((report["new"], report["failed"], report["outside"]), (total, 0, 0), "files of the archive")
masters = {r["rootname"]: r for r in table("a", "master")}
equal(sorted(masters), sorted(k[:8] for k in kinds), "observations by their first eight characters")
equal({k: (r["detector"], r["proposal"], r["proptype"], r["files"]) for k, r in masters.items()},
      {k[:8]: (("HRC", "10000", "CAL", 3) if k == "j94f05bgq" else ("WFC", "9453", "GO", len(v))) for k, v in kinds.items()}, "master.db")
equal({k: r["pathname"] for k, r in masters.items()}, {k[:8]: os.path.abspath(f"acs/{k[:4]}/{k}") for k in kinds}, "their folders")
datasets = {r["rootname"]: r for r in table("a", "datasets")}
for root, list_ in kinds.items():
    r = datasets[root[:8]]
    for kind in ("raw", "flt", "flc", "spt", "drz", "drc", "crj", "jif", "jit", "asn"):
        equal(r[kind], int(kind in list_), f"{root} {kind}")
    equal(r["crc_files"], int("crc" in list_), f"{root} crc")
    equal(r["others"] or "", "xyz" if "xyz" in list_ else "", f"{root} others")
equal(sorted(r["rootname"] for r in table("a", "datasets", "-where", "flt > 0 and spt = 0")), ["j94f05bg"], "which have no spt")

# The log in acsql's lines.
(log,) = glob.glob("logs/imingest_*.log")
check(re.fullmatch(r"logs/imingest_\d{4}-\d\d-\d\d-\d\d-\d\d\.log", log), log)
lines = read(log).decode().splitlines()
for line in lines:
    check(re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d (INFO|WARNING|ERROR): .+", line), line)
told = [line[20:] for line in lines]
equal(told[-1], "INFO: Process Complete.", "its last line")
for root, list_ in kinds.items():
    own = [t for t in told if t.split(": ")[1].startswith(root[:8])]
    equal((own[0], own[-1]), (f"INFO: {root[:8]}: Begin ingestion", f"INFO: {root[:8]}: End ingestion"), "begin and end")
    check(f"INFO: {root[:8]}: Updated master table." in own, f"{root}: master")
    for kind in list_:
        check(f"INFO: {root[:8]}: Updated datasets table for {kind}." in own, f"{root}: datasets {kind}: {own}")
    detector = "HRC" if root == "j94f05bgq" else "WFC"
    for kind in list_:
        check(f"INFO: {root[:8]}: Updated {detector}_{kind}_0 table." in own, f"{root}: table {kind}: {own}")
check(not any(f"{key} not in WFC_{kind}_0" in t for t in told for key in ("FILTER1", "PROPOSID", "EXPTIME", "ROOTNAME") for kind in ("flt", "raw")), "known keywords are no news")

# Another kind of a known observation, and a keyword that nobody knew.
first = {k: (r["first"], r["last"]) for k, r in masters.items()}
time.sleep(0.01)
acs("j8bt05njq", "flc", BRANDNEW=5)
report = counts("a", "-layout", "acsql", "-proposals", "types", "-log", "logs2", "-D", "INGEST_LOG_FORMAT", "json", "acs")
equal((report["new"], report["unchanged"]), (1, total), "a new kind of a known observation")
now = {r["rootname"]: r for r in table("a", "master")}
check(now["j8bt05nj"]["first"] == first["j8bt05nj"][0] and now["j8bt05nj"]["last"] > first["j8bt05nj"][1], "first stays, last is new")
equal([now[k]["last"] for k in now if k != "j8bt05nj"], [first[k][1] for k in now if k != "j8bt05nj"], "others as they were")
equal(next(r["flc"] for r in table("a", "datasets") if r["rootname"] == "j8bt05nj"), 1, "datasets")
(log,) = glob.glob("logs2/imingest_*.json")
told = [json.loads(line) for line in read(log).decode().splitlines()]
check(all({"time", "level", "message"} <= set(t) for t in told), "JSON lines")
check(any(t["level"] == "WARNING" and t["message"] == "BRANDNEW not in WFC_flc_0" and t["rootname"] == "j8bt05njq" for t in told), f"a new keyword: {told}")
equal(rows("a/headers/wfc_flc_0.db", "-where", "brandnew = 5", "-fields", "filename", code=None), [{"filename": "j8bt05njq_flc.fits"}], "is a column")

# Other types, an observation that is gone, a file that belongs to no archive.
write("types", b"9453 SNAP\n* OTHER\n")
shutil.rmtree("acs/j94f")
write("acs/readme.txt", b"no image")
image("acs/stray.fits", EXPTIME=1)
report = counts("a", "-layout", "acsql", "-proposals", "types", "acs")
equal((report["gone"], report["outside"], report["found"]), (3, 2, total + 1 - 3), "gone and outside")
equal({r["rootname"]: r["proptype"] for r in table("a", "master")}, {k[:8]: "SNAP" for k in kinds if k != "j94f05bgq"}, "types as they are now; no row without files")
equal(counts("a", "-n", "-layout", "acsql", "acs")["outside"], 2, "a rehearsal knows the layout, too")

# Layouts.
for pattern, path, fits in [("{yyyy}/{mm}/{dd}/*", "2003/02/04/a.fits", 1), ("{yyyy}/{mm}/{dd}/*", "2003/2/04/a.fits", 0), ("{yyyy}/{mm}/{dd}/*", "20o3/02/04/a.fits", 0), ("{yyyy}{mm}{dd}/*", "20030204/a.fits", 1),
                            ("{yyyy}{mm}{dd}/*", "2003020/a.fits", 0), ("{yyyy}{mm}{dd}/*", "200302041/a.fits", 0), ("{yyyy}/{yyyy}{mm}/*", "2003/200402/a.fits", 0), ("date", "x/2003/02/04/a.fits.gz", 1),
                            ("flat", "a_raw.fits", 1), ("flat", "a.fits", 0), ("{rootname:4}/{rootname}/{rootname}_{filetype}.fits", "j8bt/j8bt05njq/j8bt05njq_raw.fits", 1),
                            ("{rootname:4}/{rootname}/{rootname}_{filetype}.fits", "j8bx/j8bt05njq/j8bt05njq_raw.fits", 0),
                            ("{rootname}/{rootname}_{filetype}.fits", "one/two_raw.fits", 0), ("*_{filetype}.fits", "a_b_c_flt.fits", 1), ("n*/*.fits", "m1/a.fits", 0)]:
    shutil.rmtree("lay", ignore_errors=True)
    os.makedirs(os.path.dirname("lay/" + path), exist_ok=True)
    image("lay/" + path if not path.endswith(".gz") else "lay/" + path, EXPTIME=1)
    equal(counts("l", "-n", "-layout", pattern, "lay")["found"], fits, f"{pattern} and {path}")
shutil.rmtree("lay")
image("one-two_flt.fits", ROOTNAME="other")
counts("names", "-layout", "*-{rootname}_{filetype}.fits", "one-two_flt.fits")
equal([(r["rootname"], r["filetype"]) for r in table("names", "files")], [("two", "flt")], "names by the layout")

# Only what is public.
os.makedirs("pub")
soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86400))
for name, date in (("old", "2003-01-01"), ("soon", soon)):
    image(f"pub/{name}.fits", TELESCOP="CFHT 3.6m", INSTRUME="MegaPrime", DETECTOR="MegaCam", OBSTYPE="OBJECT", EXPTIME=5, extra=[card("REL_DATE", date)],
          **{"DATE-OBS": "2003-02-04", "UTC-OBS": "10:00:00"})
report = counts("p", "-public", "pub")
equal((report["new"], report["waiting"]), (1, 1), "one is public")
equal([r["filename"] for r in table("p", "files", "-where", "state = waiting")], ["soon.fits"], "the other one waits")
equal([r["filename"] for r in rows("p")], ["old.fits"], "images")
equal(counts("p", "-D", "INGEST_PUBLIC", "yes", "pub")["unchanged"], 2, "it waits on")
equal(counts("p", "pub")["changed"], 1, "all, when all are asked for")
equal(sorted(r["filename"] for r in rows("p")), ["old.fits", "soon.fits"], "images")

# Killed behind any sync of a run that has something new, changed, moved and gone: the next run ends it, and what was measured is there.
def state(db):
    """What all tables say, without what differs from run to run."""
    out = {}
    for name in [None, "master", "datasets", "files", *(os.path.basename(p)[:-3] for p in glob.glob(f"{db}/headers/*.db"))]:
        for r in table(db, name) if name else rows(db):
            if r.get("state") not in ("gone", "begun"):
                key = (name, r.get("pathname"), r.get("filename"), r.get("rootname"), r.get("hdu"), r.get("extension"))
                check(key not in out, f"{db}: twice {key}")
                out[key] = without(r, "file", "number", "heap", "heapcrc", "ingested", "first", "last", "regtime", "changeno", "crc")
                if name == "files" and r["rootname"] != "fresh":
                    out[key]["old"] = r["first"] < r["last"]
    return out


def same(got, what):
    """Names what is not as in the quiet run."""
    wrong = [(key, {k: (got.get(key, {}).get(k), wanted.get(key, {}).get(k)) for k in {**got.get(key, {}), **wanted.get(key, {})} if got.get(key, {}).get(k) != wanted.get(key, {}).get(k)})
             for key in {**got, **wanted} if got.get(key) != wanted.get(key)]
    return check(not wrong, f"{what}: {len(wrong)} rows differ, {wrong!r:.500}")


if shutil.which("strace") and not SANITIZED:
    shutil.copytree("night", "base/night")
    os.makedirs("base/other")
    os.makedirs("now")
    os.chdir("now")  # the paths are the same in each attempt
    sim = sorted(glob.glob("../night/*/*.fits"))
    inside = [path.replace("../", "") for path in sim]

    def begin():
        os.chdir(work)
        shutil.rmtree("now")
        shutil.copytree("base", "now")
        os.chdir("now")

    begin()
    run("imingest", "-db", "db", "night", "other", code=0)
    run("imstatreg", "-db", "db/Imreg.db", "-", stdin=json.dumps({"file": os.path.abspath(inside[3]), "extension": 1, "sky": 77.5}) + "\n", code=0)
    os.rename(inside[3], "other/moved_elsewhere.fits")
    os.remove(inside[4])
    image(inside[5], RUNID="changed")
    image("other/fresh_raw.fits", ROOTNAME="fresh")
    os.chdir(work)
    shutil.rmtree("base")
    shutil.copytree("now", "base")
    begin()
    line = [os.path.join(BIN, "imingest"), "-db", "db", "-j", "1", "night", "other"]
    strace("../trace", ["fdatasync", "rename"], line)
    wanted = state("db")
    equal([r["sky"] for key, r in wanted.items() if key[0] is None and key[2] == "moved_elsewhere.fits" and key[5] == 1], [77.5], "a quiet run")
    trace = read("../trace").decode()
    tried = 0
    for call in ("fdatasync", "rename"):
        for nth in range(1, trace.count(call + "(") + 1):
            begin()
            inject("../trace", call, "signal=KILL", nth, line)
            counts("db", "night", "other")
            tried += same(state("db"), f"killed at {call} {nth}")
    check(tried > 12, f"only {tried} kills")
    os.chdir(work)
else:
    print("no strace, or sanitizers: a run is not killed at its syncs")

# imcheck looks at all of it: every byte of a heap, a table that is not there, a row that is not.
run("imingest", "-db", "c", "night", code=0)
run("imcheck", "-db", "c", code=0)
heap = glob.glob("c/headers/*_ccd.heap")[0]
whole = read(heap)
random.seed(8)
missed = []
for at in [*range(24), *random.sample(range(len(whole)), 150), len(whole) - 1]:
    write(heap, whole[:at] + bytes([whole[at] ^ 1 << random.randrange(8)]) + whole[at + 1:])
    if run("imcheck", "-db", "c", "-q").returncode != 3:
        missed.append(at)
equal(missed, [], "flipped bytes of a heap that imcheck does not find")
write(heap, whole[:-5])
fails(3, ["damaged", "imingest -again"], "imcheck", "-db", heap.replace(".heap", ".db"))
os.remove(heap)
fails(3, [heap], "imcheck", "-db", "c")
write(heap, whole)
db = heap.replace(".heap", ".db")
found = next(r for r in rows(db, "-where", "hdu = 2"))
path = next(r["pathname"] + "/" + r["filename"] for r in table("c", "files", "-where", f"number = {found['file']}"))
keep = read(db)
at = keep.index(found["filename"].encode())
with open(db, "r+b") as f:  # a damaged row
    f.seek(at)
    f.write(b"X")
fails(3, ["imingest -again"], "imcheck", "-db", "c")
write(db, keep)
os.rename(db, "away")
os.rename(heap, "away.heap")
fails(3, ["1 of its 4 headers", "imingest -again"], "imcheck", "-db", "c")
os.rename("away", db)
os.rename("away.heap", heap)
run("imcheck", "-db", "c", code=0)
write(heap, whole[:-5])
last = max(rows(db), key=lambda r: r["heap"])
path = next(r["pathname"] + "/" + r["filename"] for r in table("c", "files", "-where", f"number = {last['file']}"))
equal(counts("c", "-again", path)["changed"], 1, "the remedy")
run("imcheck", "-db", "c", code=0)
equal(run("imheader", "-db", "c", path, code=0).stdout, run("imheader", "-db", "q", path, code=0).stdout, "the header is there again")

# Readers see all rows that were acknowledged, while the table becomes another one again and again: new columns, longer texts, other types.
import threading  # noqa: E402

done, over, looks = [0], [False], [0]


def reader():
    while not over[0]:
        before = done[0]
        out = run("imsearch", "-db", "g", "-from", "testcam_0", "-where", "number >= 0", "-fields", "number,thing", "-format", "json")
        if before == 0 and out.returncode:
            continue  # not there yet
        found = [json.loads(line) for line in out.stdout.splitlines()]
        check(out.returncode == 0 and not out.stderr, f"a reader: {out.returncode} {out.stderr!r:.200}")
        check(before <= len(found) <= done[0] + 1, f"{before} rows were there, {len(found)} are seen, {done[0]} are there")
        check(all(str(r["thing"]) == str(thing(int(r["number"]))) for r in found), f"values: {found!r:.300}")
        looks[0] += 1


def thing(i):
    return i if i < 8 else "x" * i  # a number for a while, then a text that grows


readers = [threading.Thread(target=guarded, args=(reader,)) for _ in range(2)]
for r in readers:
    r.start()
for i in range(24):
    image(f"grow/f{i:02}.fits", NUMBER=i, THING=thing(i), **{f"NEW{i}": i})
    equal(counts("g", "grow")["new"], 1, "one more")
    done[0] += 1
over[0] = True
for r in readers:
    r.join()
version = int(re.search(r"^IMREGVER= *(\d+)|version (\d+)", run("imcheck", "-db", "g/headers/testcam_0.db", "-stat", code=0).stdout, re.M)[0].split()[-1])
check(version > 20 and looks[0] > 5, f"{version} versions, {looks[0]} looks")

# A tree that is not mounted, a link that leads nowhere, a file that is cut.
shutil.copytree("night", "mnt")
run("imingest", "-db", "u", "mnt", code=0)
many = len(rows("u"))
os.rename("mnt", "mnt2")
os.mkdir("mnt")
out = fails(4, ["mnt", "is it mounted"], "imingest", "-db", "u", "mnt")
equal((len(rows("u")), "0 gone" in out.stdout), (many, True), "an empty tree")
os.rmdir("mnt")
os.rename("mnt2", "mnt")
os.symlink("nowhere", "mnt/link.fits")
victim = sorted(glob.glob("mnt/*/*.fits"))[0]
os.remove(victim)
out = fails(4, ["mnt/link.fits", "cannot look"], "imingest", "-db", "u", "mnt")
check("1 gone" in out.stdout, f"a link that leads nowhere hides only what lies behind it: {out.stdout}")
os.remove("mnt/link.fits")
equal(counts("u", "mnt")["gone"], 0, "it went once")
write("mnt/half.fits", read(SIM[0])[:-3000])
check("not registered" in run("imingest", "-db", "u", "mnt", code=4).stdout, "headers without images are told, as imregister tells them")
equal([r["class"] for r in table("u", "files", "-where", "filename = 'half.fits'")], ["cut"], "a class")
check(run("imheader", "-db", "a", "j8bt05nk", code=0).stdout.count("SIMPLE") == 2, "imheader of an observation")

for name in ("master", "datasets", "files", "wfc_flt_0"):
    check("rootname" in run("imsearch", "-db", "a", "-from", name, code=0).stdout.splitlines()[0].split(), f"-from {name}, as a table")

# Wrong words.
for name in ("files", "Master", "datasets"):
    fails(2, [f"-with {name.lower()}", "only header tables", "imkeys"], "imsearch", "-db", "a", "-with", name, "-count")
fails(2, ["layout", "rootname, filetype"], "imingest", "-db", "z", "-layout", "{what}", "pub")
fails(2, ["layout", "last part of a path"], "imingest", "-db", "z", "-layout", "/abs/*.fits", "pub")
fails(3, ["nowhere", "No such file"], "imingest", "-db", "z", "-proposals", "nowhere", "pub")
write("bad", b"9453\n")
fails(3, ["bad", "line 1", "PROPOSAL TYPE"], "imingest", "-db", "z", "-proposals", "bad", "pub")
fails(2, ["INGEST_PUBLIC", "yes and no"], "imingest", "-db", "z", "-D", "INGEST_PUBLIC", "maybe", "pub")
fails(2, ["INGEST_LOG_FORMAT", "acsql and json"], "imingest", "-db", "z", "-D", "INGEST_LOG_FORMAT", "xml", "pub")
check(not os.path.exists("z"), "nothing is made then")
finish()
