#!/usr/bin/python3
"""Paths with every strange byte that a file system allows: registered, found, and printed in each format so that the readers of
these formats get the same bytes back; on a terminal nothing of them acts; no shell ever sees them."""
import csv, io, re
import xml.etree.ElementTree as xml
import numpy as np
from astropy.io import fits
from harness import *

PLAIN = pad("".join([*(card(k, v) for k, v in {"SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": 4, "OBJECT": "M67", "EXPTIME": 5.0}.items()), "END".ljust(80)]).encode(), b" ") + bytes(2880)
NAMES = [b"plain.fits", b"a blank.fits", b" leading.fits", b"comma,semi;colon.fits", b'quote"double.fits', b"quote'single.fits", b"back\\slash\\n.fits", b"tab\there.fits", b"new\nline.fits",
         b"return\rhere.fits", b"bell\x07.fits", b"\x1b[31mred\x1b[0m.fits", b"\x1b]0;title\x07.fits", b"del\x7f.fits", b"all\x01\x02\x1f.fits", b"latin\xe9.fits", b"\xff\xfe\xfd.fits", b"utf8-\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\xad.fits",
         b"cut-utf8-\xe2\x82.fits", b"long-form-\xc0\xaf.fits", b"surrogate-\xed\xa0\x80.fits", b"c1-\xc2\x9b31m.fits", b"bidi-\xe2\x80\xaetxt.fits", b"$(touch ran1).fits", b"`touch ran2`.fits", b";touch ran3;.fits", b"|touch ran4.fits",
         b"&&touch ran5.fits", b"-rf.fits", b"--help.fits", b"%s%n%x%p.fits", b"$HOME.fits", b"~.fits", b"star*.fits", b"ask?.fits", b"[a-z].fits", b"{a,b}.fits", b"!not.fits", b"#hash.fits", b"<tag>&amp;.fits", b"]]>.fits",
         b"<!ENTITY x>.fits", b"=1+1.fits", b"@SUM(1).fits", b"null.fits", b"NaN.fits", b"'); DROP TABLE images; --.fits", b"\xef\xbb\xbfbom.fits"]
FOLDERS = [b"f plain", b"f new\nline", b"f\xff\x1b[2J", b"f $(touch ran6)"]
os.mkdir("sky")
root = os.path.abspath(b"sky")
wanted = []
for folder in FOLDERS:
    os.mkdir(os.path.join(root, folder))
    for name in NAMES:
        with open(os.path.join(root, folder, name), "wb") as f:
            f.write(PLAIN)
        wanted.append((os.path.join(root, folder), name))
wanted.sort()


def raw(program, *args, code=0, **more):
    """As run(), in bytes: what is printed need not be UTF-8."""
    out = subprocess.run([os.path.join(BIN, program), *args], capture_output=True, timeout=120, **more)
    if code is not None:
        equal(out.returncode, code, f"{program} {args}: exit code ({out.stderr[:300]})")
    return out


# in by a folder, by arguments, by a list with a name on each line, and each one again: nothing is registered twice
raw("imregister", "-db", "a.db", "sky")
raw("imregister", "-db", "a.db", *(os.path.join(f, n) for f, n in wanted[:60]))
subprocess.run([os.path.join(BIN, "imregister"), "-db", "list.db", "-"], input=b"\0".join(os.path.join(f, n) for f, n in wanted) + b"\0", capture_output=True, check=True)
count = lambda db: raw("imsearch", "-db", db, "-count").stdout
equal(count("a.db"), b"%d\n" % len(wanted), "a row for each file, by a folder and again by name")
equal(count("list.db"), b"%d\n" % len(wanted), "a row for each file, by a list of find -print0")
for f, n in wanted:
    raw("imregister", "-db", "b.db", "--" if n.startswith(b"-") else b"-v", os.path.join(f, n)) if f.endswith(b"f plain") else None
equal(count("b.db"), b"%d\n" % len(NAMES), "a row for each file, one at a time")
os.chdir(os.path.join(root, FOLDERS[0]))
equal(raw("imregister", "-db", os.path.join(work, "c.db"), "--", *NAMES).returncode, 0, "names relative to the folder, behind --")
os.chdir(work)
equal(count("c.db"), b"%d\n" % len(NAMES), "a row for each relative name")

FIELDS = ["-fields", "pathname,filename", "-sort", "pathname,filename"]
out = {f: raw("imsearch", "-db", "a.db", "-format", f, *FIELDS).stdout for f in "csv tsv json votable npy fits fits-table table".split()}


def same(form, got):
    equal(len(got), len(wanted), f"{form}: rows")
    for g, w in zip(sorted(got), wanted):
        equal(g, w, form)


def as_characters(data):
    """The characters that stand for a text: of UTF-8, and U+0080..U+00FF for bytes that are none."""
    return "".join(c if ord(c) < 0xDC80 or ord(c) > 0xDCFF else chr(ord(c) - 0xDC00) for c in data.decode("utf-8", "surrogateescape"))


# Fields end in NULs or blanks: FITS knows no blank at the end of a text.
bytes_of = lambda text: text.encode("latin-1")
same("csv", [tuple(map(bytes_of, row)) for row in list(csv.reader(io.StringIO(out["csv"].decode("latin-1"), newline="")))[1:]])
unescape = lambda t: re.sub(rb"\\(.)", lambda m: {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"\\": b"\\"}[m[1]], t)
same("tsv", [tuple(unescape(w) for w in line.split(b"\t")) for line in out["tsv"].split(b"\n")[1:-1]])
got = sorted((r["pathname"], r["filename"]) for r in map(json.loads, out["json"].decode("utf-8").splitlines()))
equal(got, sorted((as_characters(f), as_characters(n)) for f, n in wanted), "json: characters")
no_xml = lambda t: re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", t)
cells = [td.text or "" for td in xml.fromstring(out["votable"]).iter("{http://www.ivoa.net/xml/VOTable/v1.3}TD")]
got = sorted(zip(cells[::2], cells[1::2]))
equal(got, sorted((no_xml(as_characters(f)), no_xml(as_characters(n))) for f, n in wanted), "votable: characters")
array = np.load(io.BytesIO(out["npy"]))
same("npy", [(bytes(r["pathname"]), bytes(r["filename"])) for r in array])
# FITS has printable ASCII only: a ? for each other character, as the man page says.
ascii_only = lambda t: "".join(c if " " <= c <= "~" else "?" for c in as_characters(t))
with fits.open(io.BytesIO(out["fits"])) as hdus:
    got = sorted((r["PATHNAME"], r["FILENAME"]) for r in hdus[1].data)
    equal(got, sorted((ascii_only(f), ascii_only(n)) for f, n in wanted), "fits")

# for eyes, for Elixir's readers and on the way to a terminal: nothing acts, a row is a line
for form in ("table", "row", "trigger", "fits-table"):
    printed = raw("imsearch", "-db", "a.db", "-format", form, *(FIELDS if form in ("table", "fits-table") else [])).stdout
    acting = re.findall(rb"[\x00-\x09\x0b-\x1f\x7f]", printed)
    equal(acting, [], f"{form}: control characters")
    if form != "fits-table":
        check(b"\xc2\x9b" not in printed, f"{form}: a C1 control character")
        equal(printed.count(b"\n"), len(wanted) + (1 if form == "table" else 0), f"{form}: lines")
    if form in ("row", "trigger"):
        words = {len(line.split()) for line in printed.splitlines()}
        equal(words, {12} if form == "row" else {4}, f"{form}: words of a line")

# found again by name, exactly, and by expressions
for f, n in wanted[:len(NAMES)]:
    quoted = "filename = '" + n.decode("utf-8", "surrogateescape").replace("'", "''") + "'"
    equal(raw("imsearch", "-db", "a.db", "-count", "-where", os.fsencode(quoted)).stdout, b"%d\n" % len(FOLDERS), f"-where with {n}")

# what a record cannot hold is refused: it would be the row of another file
for name in (b"trailing.fits ", b"trailing blank /x.fits"):
    os.makedirs(os.path.dirname(name) or b".", exist_ok=True)
    with open(name, "wb") as f:
        f.write(PLAIN)
    said = raw("imregister", "-db", "a.db", name, code=4).stderr
    check(said.count(b"\n") == 1 and b"ends in a blank" in said, f"{name}: {said}")
equal(count("a.db"), b"%d\n" % len(wanted), "no row for names that end in a blank")

# messages: of a file that cannot be registered, in one line, and nothing acts
for f, n in wanted:
    with open(os.path.join(f, n), "wb") as file:
        file.write(b"no image\n")
said = raw("imregister", "-db", "a.db", "sky", code=None).stderr
equal(re.findall(rb"[\x00-\x09\x0b-\x1f\x7f]", said), [], f"messages: control characters: {said[:300]}")
check(b"\xc2\x9b" not in said, "messages: a C1 control character")
check(all(line.startswith(b"imregister: ") for line in said.splitlines()), "a message is a line")
said = raw("imsearch", "-db", b"no\nsuch\x1b[31m.db", code=3).stderr
equal((said.count(b"\n"), b"\x1b" in said), (1, False), f"the database's own name in a message: {said}")
equal([f for f in os.listdir(b".") + os.listdir(os.path.join(root, FOLDERS[0])) if f.startswith(b"ran")], [], "no shell has seen a name")
finish()
