# imcamera as a user runs it: check, coverage, learn, lint and list, their formats, and what they say about mistakes.
import bz2, csv, gzip, html.parser, io, json, os, re, subprocess

from harness import *

for name in ("IMREG_CAMERAS",):
    os.environ.pop(name, None)


def lines(*args, code=0, **more):
    return run("imcamera", *args, code=code, **more).stdout.splitlines()


def objects(*args, code=0):
    return [json.loads(line) for line in lines(*args, code=code)]


os.mkdir("in")
image("in/a.fits", DETTEM=-100.0)
image("in/b.fits", OBSTYPE="bias", EXPTIME=0.0, RA=None, DEC=None, AIRMASS=None, FILTER=None, OBJECT=None)
write("in/notes.txt", "nothing\n")
write("in/header.txt", "OBJECT  = 'M 33'\nOBSTYPE = 'object'\nEXPTIME = 12.5\nDATE-OBS= '2001-01-27T10:20:30'\nFILTER  = 'No Such Glass'\nNAXIS   = 2\nNAXIS1  = 4\nNAXIS2  = 4\n")
os.mkdir("own")
write("own/mine.cam", 'camera mine\ntitle  "my camera"\nlike   generic\nwhen   INSTRUME TestCam\n\nexptime LASTED min 0..10\nexptime EXPTIME s\n')

# --- check: values, recipes, what lost, which table is chosen
image("l.fits", LASTED=99.0, DATE_OBS="2001-01-27T10:20:30")
text = "\n".join(lines("check", "own/mine.cam", "l.fits"))
check(re.search(r"^l\.fits\n  table       mine: this table is chosen \(when INSTRUME TestCam\)\n extension 0, mode SINGLE$", text, re.M), text)
check(re.search(r"^  exptime     60 s +EXPTIME \[0\] +mine:7  exptime EXPTIME s\n"
                r'    lost      LASTED \[0\] "99.0" is outside the range of the recipe  mine:6  exptime LASTED min 0..10$', text, re.M), text)
check(re.search(r"^  not known   chip, telfocus, [^:]*dettemp,[^:]*pixscale", text, re.M), "unknown fields: " + text)
check("generic: has no when line; generic is chosen" not in "\n".join(lines("check", "generic", "l.fits")), "generic")
os.mkdir("tables")
write("tables/other.cam", "camera other\nlike generic\nwhen INSTRUME TestCam & OBJECT M*\n")
found = "\n".join(lines("check", "generic", "l.fits", "-cameras", "tables"))
check("table       generic: has no when line; other is chosen" in found, found)
found = "\n".join(lines("check", "cfht", "l.fits"))
check("table       cfht: does not apply to this file; generic is chosen" in found, found)
check("table       other: chosen (when INSTRUME TestCam & OBJECT M*)" in "\n".join(lines("check", "-", "l.fits", "-cameras", "tables")), "-")
check("table       other: chosen" in "\n".join(lines("check", "auto", "l.fits", env={**os.environ, "IMREG_CAMERAS": work + "/tables"})), "auto, $IMREG_CAMERAS")
found = objects("check", "own/mine.cam", "-format", "json", "l.fits", "in/header.txt")
equal(len(found), 2, "an object for each image")
exptime = found[0]["fields"]["exptime"]
equal((exptime["value"], exptime["keyword"], exptime["hdu"], exptime["table"], exptime["line"]), (60.0, "EXPTIME", 0, "mine", 7), "json")
equal([(l["keyword"], l["text"], l["line"]) for l in exptime["lost"]], [("LASTED", "99.0", 6)], "json, what lost")
equal((found[0]["applies"], found[0]["chosen"], found[1]["applies"], found[1]["chosen"]), (True, "mine", False, "generic"), "json, choice")
equal(found[0]["fields"]["airmass"]["value"], 1.25, "json, a number")
equal(found[0]["fields"]["dettemp"], {"value": None, "keyword": None, "hdu": None, "table": None, "line": None, "recipe": None, "lost": []}, "json, unknown")

# --- many CCDs: the first in full, of the others what differs, and by which recipe
run("imsim", "-o", "night", "-ccds", "3", "-objects", "2", code=0)
folder = os.path.join("night", sorted(os.listdir("night"))[0])
mosaic = os.path.join(folder, sorted(f for f in os.listdir(folder) if f.endswith("o.fits"))[0])
text = "\n".join(lines("check", "-", mosaic))
rest = text[text.index("  the other 2 images: the same values by the same recipes, but for these\n"):].splitlines()
equal(rest[1].split()[:3], ["extension", "ccd", "chip"], "columns that differ")
equal([line.split()[:3] for line in rest[2:5]], [["1", "0", "ccd00"], ["2", "1", "ccd01"], ["3", "2", "ccd02"]], "CCDs")
equal(text.count("  exptime  "), 1, "exptime is told once")
one, two = [header([("XTENSION", "IMAGE"), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 4), ("NAXIS2", 4), ("PCOUNT", 0), ("GCOUNT", 1)], keys) + pad(b"\0" * 32, b"\0")
            for keys in ({"EXTNAME": "ccd00", "EXPTIME": 5.0}, {"EXTNAME": "ccd01", "EXPOSED": 6.0})]
write("two.fits", header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0)], {"INSTRUME": "Two"}) + one + two)
text = "\n".join(lines("check", "-", "two.fits"))
check(re.search(r"^  2 +1 +ccd01 +6 s\*$", text, re.M) and re.search(r"^  \* exptime of extension 2: EXPOSED \[2\]  generic:\d+  exptime EXPOSED s", text, re.M), text)

equal(text.count("its comment does not match"), 0, "a card that won by another recipe is not lost")

# --- check: trouble
fails(4, ["nothere.fits", "no such file"], "imcamera", "check", "-", "nothere.fits", "l.fits")
equal(len(lines("check", "-", "nothere.fits", "l.fits", code=4)) > 5, True, "the other files are shown")
fails(4, ["in/notes.txt", "not a FITS file"], "imcamera", "check", "-", "in/notes.txt")
write("own/bad.cam", "camera bad\nlike generic\nwhen INSTRUME Bad\nexptim EXPTIME\nexptime EXPTIME parsec\nobstime A + B + [\n")
out = run("imcamera", "check", "own/bad.cam", "l.fits", code=2)
equal([re.match(r"imcamera: own/bad\.cam: line (\d+), column (\d+): ", e).groups()[0] for e in out.stderr.splitlines()][:2], ["4", "5"], "all mistakes")
equal(out.stdout, "", "nothing is checked")
fails(2, ["gone.cam", "cannot be read"], "imcamera", "check", "gone.cam", "l.fits")
fails(2, ['no camera table "generik"', "did you mean generic?"], "imcamera", "check", "generik", "l.fits")

# --- packed dumps read like plain ones
text = read("in/header.txt")
long = b"".join(b"KEY%05d= %d / a number\n" % (i, i) for i in range(5000)) + text
for plain, name in ((text, "header"), (long, "long")):
    write(name + ".txt", plain)
    told = objects("check", "-", name + ".txt", "-format", "json")
    for suffix, packed in ((".hdr.gz", gzip.compress(plain)), (".header.bz2", bz2.compress(plain)), (".txt.gz", gzip.compress(plain[:50]) + gzip.compress(plain[50:]))):
        write(name + suffix, packed)
        equal([(o["fields"], o["warnings"]) for o in objects("check", "-", name + suffix, "-format", "json")], [(o["fields"], o["warnings"]) for o in told], name + suffix)
fails(4, ["header.hdr.gz", "gzip"], "imregister", "-db", "none.db", "header.hdr.gz")
write("cut.txt.gz", gzip.compress(long)[:-9])
check(any("gzip data end too early" in w for w in objects("check", "-", "cut.txt.gz", "-format", "json")[0]["warnings"]), "a cut dump is damaged")
write("noise.gz", gzip.compress(b"nothing\n" * 10))
fails(4, ["noise.gz", "without a FITS file inside"], "imcamera", "check", "-", "noise.gz")

# --- Elixir's keys of the configuration, as imregister reads them
write("elixir.rc", "EXPTIME-KEYWORD LASTED\n")
for more in (("-c", "elixir.rc"), ("-D", "EXPTIME-KEYWORD", "LASTED")):
    check(re.search(r"^  exptime     99 s +LASTED \[0\] +configuration:1  exptime \"LASTED\" s$", "\n".join(lines("check", "-", "l.fits", *more)), re.M), more)
equal(objects("coverage", "in/header.txt", "-format", "json", "-D", "EXPTIME-KEYWORD", "NONE")[0]["fields"]["exptime"]["right"], 1, "coverage without a key")
write("long.txt", "OBJECT  = 'M 33'\nEXPTIME = 12.5\nLASTED  = 2E5\nNAXIS   = 2\nNAXIS1  = 4\nNAXIS2  = 4\n")
equal(objects("coverage", "long.txt", "-format", "json", "-D", "EXPTIME-KEYWORD", "LASTED")[0]["fields"]["exptime"]["suspicious"], 1, "coverage by a key")
check("exptime" not in "\n".join(e for e in lines("learn", "l.fits", "-D", "EXPTIME-KEYWORD", "LASTED") if not e.startswith("#")), "learn by a key")
fails(2, ["gone.rc"], "imcamera", "check", "-", "l.fits", "-c", "gone.rc")
fails(2, ["DATE-MODE"], "imcamera", "coverage", "in", "-D", "DATE-MODE", "often")
fails(2, ["option -c is not for lint"], "imcamera", "lint", "-c", "elixir.rc")

# --- coverage
cells = {(r["camera"], r["field"]): r for r in csv.DictReader(io.StringIO(run("imcamera", "coverage", "in", "-format", "csv", code=0, text=False).stdout.decode(), newline=""))}
equal({k[0] for k in cells}, {"generic"}, "cameras")
equal([(f, *(cells["generic", f][w] for w in ("images", "right", "unknown", "suspicious", "unneeded"))) for f in ("obstime", "filter", "airmass", "dettemp")],
      [("obstime", "3", "3", "0", "0", "0"), ("filter", "3", "1", "0", "1", "1"), ("airmass", "3", "1", "1", "0", "1"), ("dettemp", "3", "1", "2", "0", "0")], "csv")
raw = run("imcamera", "coverage", "in", "-format", "csv", code=0, text=False).stdout
check(raw.count(b"\r\n") == raw.count(b"\n") == 12, "lines of RFC 4180")
text = lines("coverage", "in")
check(max(map(len, text)) <= 80, "the matrix fits 80 columns")
check(text[-1] == "3 files, 3 images; 0 without an image, 1 passed over (no headers), 0 failed", text[-1])
check(any(re.match(r"filter +1 +0 +1 +50\.0$", line) for line in text), "sums: " + "\n".join(text))
check(any(re.match(r"generic +3 +100 +100 +100 +50! ", line) for line in text), "matrix: " + "\n".join(text))
text = "\n".join(lines("coverage", "in", "-v"))
check("\nfilter\n  ! in/header.txt, extension 0 (generic): No Such Glass: is not in the filter list\n" in text, text)
check("\n  - in/header.txt, extension 0 (generic): no keyword of its recipes is there" in text, text)
found = [r for r in csv.DictReader(io.StringIO("\n".join(lines("coverage", "in", "-v", "-format", "csv"))))]
equal([(r["field"], r["verdict"], r["file"], r["value"]) for r in found if r["field"] == "filter"], [("filter", "suspicious", "in/header.txt", "No Such Glass")], "-v csv")
found = objects("coverage", "in", "-format", "json")
equal((found[0]["camera"], found[0]["files"], found[0]["fields"]["filter"]), ("generic", 3, {"right": 1, "unknown": 0, "suspicious": 1, "unneeded": 1}), "json")
equal(len(objects("coverage", "in", "-format", "json", "-v")) > 3, True, "-v json")
equal({r["camera"] for r in objects("coverage", "in", "-format", "json", "-cameras", "tables")}, {"generic", "other"}, "-cameras")
equal({r["camera"] for r in objects("coverage", "in", "-format", "json", "-cameras", "tables", "-camera", "generic")}, {"generic"}, "-camera")


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.outside = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta",):
            self.open.append(tag)
        self.outside += [v for k, v in attributes if k in ("src", "href")]
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, "html: </" + tag)

    def handle_data(self, text):
        if self.open and self.open[-1] in ("td", "th") and self.rows:
            self.rows[-1].append(text.strip())


image("<b>&.fits", OBJECT="<i>", FILTER="<script>")
page = run("imcamera", "coverage", "in", "<b>&.fits", "-v", "-format", "html", code=0).stdout
parsed = Page(page)
equal((parsed.open, parsed.outside), ([], []), "html: all is closed, nothing is loaded")
check("<script>" not in page and "&lt;script&gt;" in page and "&lt;b&gt;&amp;.fits" in page, "html: names are texts")
style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
used, known = set(re.findall(r"var\((--\w+)\)", style)), [set(re.findall(r"(--\w+):", part)) for part in re.findall(r":root\{(.*?)\}", style)]
check(len(known) == 2 and known[0] == used and known[0] - known[1] == set() and "prefers-color-scheme:dark" in style, "html: every colour has a dark one")
check({c for a in re.findall(r'class="([^"]+)"', page) for c in a.split()} - set(re.findall(r"\.([a-z]+)", style)) <= {"all"}, "html: classes have a style")
check('name="viewport"' in page and style.count("position:sticky") == 2, "html: narrow pages keep their heads")
equal([row[0] for row in parsed.rows], ["camera", "generic", "all"], "html: rows")
equal(parsed.rows[1][1:4], ["4", "4", "100 %"], "html: cells")
os.remove("<b>&.fits")

image("in/cut.fits.gz")
write("in/cut.fits.gz", read("in/cut.fits.gz")[:100])
out = fails(4, ["in/cut.fits.gz"], "imcamera", "coverage", "in")
check(out.stdout.endswith("1 passed over (no headers), 1 failed\n") and "3 files, 3 images" in out.stdout, out.stdout)
fails(4, ["nosuch", "no such file"], "imcamera", "coverage", "nosuch")
os.mkdir("void")
equal(run("imcamera", "coverage", "void", code=1).stdout, "0 files, 0 images; 0 without an image, 0 passed over (no headers), 0 failed\n", "an empty folder")

# --- on a terminal: wider, and nothing of the progress is left
pid, terminal = os.forkpty()
if pid == 0:
    subprocess.run(["stty", "cols", "130"])
    os.execv(os.path.join(BIN, "imcamera"), ["imcamera", "coverage", "in"])
shown = read_terminal(terminal)
os.waitpid(pid, 0)
check(re.search(r"camera +images +obstime +exptime +type +filter", shown.decode()), "wide: " + shown.decode())
check(all(len(line) <= 130 for line in shown.decode().split("\r\n") if not line.startswith("imcamera:")), "wide lines")

# --- list
os.makedirs("mine")
os.rename("own/mine.cam", "mine/mine.cam")
os.environ["IMREG_CAMERAS"] = "mine"
equal(lines("list")[0].split(), ["name", "refines", "title", "when"], "list")
check(any(re.match(r"mine\* +generic +my camera +INSTRUME TestCam$", line) for line in lines("list")), "a table of the user is marked")
check("* other: tables/other.cam" in lines("list", "-cameras", "tables"), "where a user's table is")
known = objects("list", "-format", "json")
equal([(t["like"], t["when"], t["built_in"], t["title"]) for t in known if t["name"] == "mine"], [("generic", ["INSTRUME TestCam"], False, "my camera")], "list json")
equal([r["name"] for r in csv.DictReader(io.StringIO("\n".join(lines("list", "-format", "csv"))))], [t["name"] for t in known], "list csv")

equal([(r["when"] or "").split("\n") for r in csv.DictReader(io.StringIO(run("imcamera", "list", "-format", "csv").stdout, newline=""))], [t["when"] or [""] for t in known], "list csv: quotes and line ends")

# --- lint
os.rename("mine/mine.cam", "void/mine.cam")
os.environ.pop("IMREG_CAMERAS")
os.rename("own/bad.cam", "void/bad.cam")
check(re.fullmatch(r"\d+ tables, no mistake(, \d+ warnings?)?", lines("lint")[-1]), "the shipped tables are clean")
equal(lines("lint", "void/mine.cam"), ["1 table, no mistake"], "lint of a good table")
out = run("imcamera", "lint", "void/bad.cam", code=4)
check(out.stdout == "1 table, 3 mistakes\n" and len(out.stderr.splitlines()) == 3, out)
write("void/several.cam", "camera several\nlike generik\nwhen INSTRUME S & OBJECT M*\nexptim EXPTIME\ntype OBSTYPE words mine\nwords mine\n")
out = run("imcamera", "lint", "void/several.cam", code=4)
equal([re.sub(r", column.*", "", e) for e in out.stderr.splitlines()], ["imcamera: void/several.cam: line %d" % n for n in (4, 6, 2)],
      "all mistakes at once, also the bad like; the word list may be that of the bad line")
os.remove("void/several.cam")
write("void/one.cam", "camera one\nlike generic\nwhen INSTRUME X*\n")
write("void/two.cam", "camera two\nlike generic\nwhen INSTRUME *Y\n")
fails(4, ["void/two.cam: line 3, column ", "two and one", "apply equally"], "imcamera", "lint", "void/one.cam", "void/two.cam")
equal(lines("lint", "void/one.cam"), ["1 table, no mistake"], "alone it is good")
write("void/ring.cam", "camera ring\nlike ring\nwhen A B\n")
fails(4, ["void/ring.cam: line 2", "refines itself"], "imcamera", "lint", "void/ring.cam")
write("void/odd.cam", "camera odd\nlike generic\nexptime TEXP s\nexptime  TEXP  s if A B\ntype = arc\ntype OBJTYPE words type\nwords mine a b\n"
                      "words type comp COMP\nwords type flat COMP\nairmass AIRMASS\n")
out = run("imcamera", "lint", "void/odd.cam", code=0)
equal(out.stdout, "1 table, no mistake, 8 warnings\n", "warnings are no mistakes")
for number, what in ((1, "no file is ever read by it"), (4, "never wins: line 3"), (5, "'arc' is no type"), (6, "never tried: line 5"), (7, "no recipe uses the word list mine"),
                     (8, "'comp' is no type"), (9, "COMP stands twice"), (10, "generic begins with the same")):
    check(any(e.startswith(f"imcamera: void/odd.cam: line {number}: warning: ") and what in e for e in out.stderr.splitlines()), f"{number} {what}: {out.stderr}")
write("void/bad.list", "filter r also\nfiltre g\n")
fails(4, ["void/bad.list: line 2"], "imcamera", "lint", "void/bad.list")
equal(run("imcamera", "lint", "-cameras", "void", code=4).stderr.count("void/bad.cam"), 3, "a folder with bad tables")
fails(2, ["void/bad", "line "], "imcamera", "list", "-cameras", "void")
equal(lines("lint", "generic")[-1].startswith("1 table, no mistake"), True, "a table by name")
fails(4, ["no camera table 'generik'", "did you mean generic?"], "imcamera", "lint", "generik")

# --- learn: the draft is a good table, and it is chosen for its files
draft = run("imcamera", "learn", mosaic, code=0).stdout
write("new.cam", draft)
check(re.search(r"^camera \S+$", draft, re.M), draft)
equal(lines("lint", "new.cam")[-1].startswith("1 table, no mistake"), True, "lint of a draft")
check("this table is chosen" in "\n".join(lines("check", "new.cam", mosaic)), "a draft is chosen")
fails(4, ["nothere.fits"], "imcamera", "learn", "nothere.fits")

# --- learn: of many files some, spread over all of them
os.mkdir("many")
for i in range(1500):
    write(f"many/{i:04}.txt", f"INSTRUME= '{'early' if i < 1000 else 'late'}'\nSERIAL  = {i}\nNAXIS   = 2\nNAXIS1  = 4\nNAXIS2  = 4\n")
draft = run("imcamera", "learn", *(f"many/{i:04}.txt" for i in range(1500)), code=0).stdout
check("learnt from 600 files of 1500." in draft and "INSTRUME early" in draft and "INSTRUME late" in draft, "many: " + draft)
check(run("imcamera", "learn", "many", code=0).stdout == draft, "learn takes a folder")
os.mkdir("hollow")
fails(4, ["hollow: no file in this folder"], "imcamera", "learn", "hollow")
fails(4, ["no such file"], "imcamera", "learn", "gone1", "gone2")
draft = run("imcamera", "learn", "gone1", "many/0001.txt", code=0).stdout
check("learnt from 1 file of 2." in draft, draft)

# --- the command line
fails(2, ["there is no verb chek; did you mean check?"], "imcamera", "chek", "a", "b")
fails(2, ["there is no verb xyzzy; -help tells them"], "imcamera", "xyzzy")
fails(2, ["too few words"], "imcamera")
fails(2, ["check takes TABLE FILE..."], "imcamera", "check", "l.fits")
fails(2, ["coverage takes TREE..."], "imcamera", "coverage")
fails(2, ["learn takes FILE..."], "imcamera", "learn")
fails(2, ["list takes no further word"], "imcamera", "list", "x")
fails(2, ["-format html: list has text, csv, json"], "imcamera", "list", "-format", "html")
fails(2, ["option -v is not for list"], "imcamera", "list", "-v")
fails(2, ["nosuch", "there is no such folder"], "imcamera", "list", "-cameras", "nosuch")
fails(2, ["gneric"], "imcamera", "coverage", "in", "-camera", "gneric")

# --- real headers: every file is told of, no verb fails where another reads
if os.path.isdir(FITS):
    out = run("imcamera", "coverage", FITS, "-v", "-format", "json")
    cameras = [o for o in map(json.loads, out.stdout.splitlines()) if "fields" in o]
    check(sum(c["files"] for c in cameras) > 600 and sum(c["images"] for c in cameras) > 1000, "real files")
    for camera in cameras:
        for field, count in camera["fields"].items():
            equal(sum(count.values()), camera["images"], f"{camera['camera']} {field}: each image counts once")
    check(len(out.stderr.splitlines()) < 10, "files that cannot be read: " + out.stderr)
finish()
