#!/usr/bin/python3
"""The real files: each gives rows or one line; the rows are the same through imsearch and through astropy, and they hold what
showiminfo tells of the headers."""
import collections, csv, json, re, time
from harness import *

if not os.path.isdir(FITS):
    skip("no real data in " + DATA)
import numpy as np
from astropy.table import Table

manifest = list(csv.DictReader(open(os.path.join(FITS, "MANIFEST.tsv")), delimiter="\t"))
is_text = {r["file"]: r["structure"].startswith("HDRDUMP") or "yaml" in r["structure"] for r in manifest}
binary = [f for f, dump in is_text.items() if not dump]
equal(len(binary), 229, "binary files of the manifest")

out = run("imregister", "-db", "real.db", FITS, "-v", code=4)
found = rows("real.db")
said = {}
for line in out.stderr.splitlines():
    path, _, reason = line.removeprefix("imregister: ").partition(": ")
    if re.fullmatch(r"\d+ rows? \([a-z0-9-]+\)", reason) or reason.startswith("warning: "):  # of a file that is registered; warning_test.py knows them
        continue
    said.setdefault(os.path.relpath(path, FITS), []).append(reason)
with_rows = collections.Counter(os.path.relpath(os.path.join(r["pathname"], r["filename"]), FITS) for r in found)
for name in binary:
    equal((with_rows[name] > 0) + len(said.get(name, [])), 1, f"{name}: rows or one line: {with_rows[name]} rows, {said.get(name, [])}")
for name, dump in is_text.items():
    if dump:
        check(with_rows[name] == 0 and len(said.get(name, [])) == 1 and re.search("text|JSON|YAML|HTML", said[name][0]) and (said[name][0].endswith("; passed over") or name.endswith(".fits")),
              f"{name}: a text dump is named as such and passed over: {said.get(name, [])}")
equal(set(said) | set(with_rows), set(is_text) | {"MANIFEST.tsv"}, "all files are told of")
passed = sum(r[0].endswith("; passed over") for r in said.values())
check(f"{len(is_text) + 1} files: {len(found)} rows added, 0 updated, 0 unchanged; {passed} files passed over, {len(said) - passed} failed" in out.stdout, out.stdout)

# registering again changes nothing; threads change nothing
before = read("real.db")
again = run("imregister", "-db", "real.db", FITS, code=4)
check(f"0 rows added, 0 updated, {len(found)} unchanged" in again.stdout and read("real.db") == before, "again: " + again.stdout)
run("imregister", "-db", "one.db", "-j", 1, FITS, code=4)
volatile = ("regtime", "crc", "changeno")
equal([{k: v for k, v in r.items() if k not in volatile} for r in rows("one.db")], [{k: v for k, v in r.items() if k not in volatile} for r in found], "-j 1")

# astropy reads the same values, fitsverify finds no fault
table = Table.read("real.db", hdu=1)
equal(len(table), len(found), "astropy: rows")
words = {"type": "none object dark bias flat mask fringe scatter modes frpts any".split(), "mode": "none MEF SPLIT SINGLE CUBE SLICE MODES".split()}
wrong = collections.Counter()
for theirs, ours in zip(table, found):
    for name in ours:
        value = theirs[name.upper()]
        value = value.tolist() if hasattr(value, "tolist") else value
        value = value.decode() if isinstance(value, bytes) else value
        value = [None if x != x else x for x in value] if isinstance(value, list) else None if value is np.ma.masked or value != value or value == "" else value
        if name in words:
            value = words[name][value] if value else None
        if name in ("seq", "filesize", "fingerprint") and value == 0:
            value = None
        mine = ours[name]
        same = value == mine or (isinstance(value, float) and mine is not None and np.float32(value) == np.float32(mine)) or \
            (isinstance(value, list) and all(a == b or np.float32(a) == np.float32(b) for a, b in zip(value, mine)))
        if name == "pathname":
            same = mine == value
        wrong[name] += not same
equal({k: v for k, v in wrong.items() if v}, {}, "imsearch and astropy agree, but for")
if shutil.which("fitsverify"):
    import subprocess
    said_by = subprocess.run(["fitsverify", "real.db"], capture_output=True, text=True).stdout
    check("found 0 warning(s) and 0 error(s)" in said_by, "fitsverify: " + said_by[-400:])

# What the camera tables make of the headers (held against an independent reading by tests/camera/oracle_test.py) is what
# the database keeps: row by row, value by value, and nothing else.
names = sorted({os.path.join(r["pathname"], r["filename"]) for r in found})
facts = {}
for line in run("showiminfo", "-db", "real.db", "-format", "json", *names, code=0).stdout.splitlines():
    info = json.loads(line)
    for image in info["images"]:
        facts[info["file"], image["extension"], image["slice"]] = image
equal(len(facts), len(found), "showiminfo shows as many images as there are rows")
compared = collections.Counter()
for r in found:
    label = f"{r['filename']}[{r['extension']}]"
    image = facts.get((os.path.join(r["pathname"], r["filename"]), r["extension"], r["slice"]))
    if not check(image is not None, label + " is shown"):
        continue
    for field in ("obstime", "exptime", "ra", "dec", "airmass", "telfocus", "rotangle", "xprobe", "yprobe", "zprobe", "dettemp", "release"):
        kept, told = r[field], image[field]["value"]
        wide = field in ("obstime", "ra", "dec", "release")
        same = kept == told if wide or told is None or kept is None else np.float32(kept) == np.float32(told)
        check(same, f"{label} {field}: {kept} is kept, {told} is told")
        compared[field] += told is not None
    for field, none in (("type", "none"), ("filter", ""), ("object", ""), ("instrument", "")):
        kept, told = r[field] or none, image[field]["value"] or none
        # Texts are cut to 32 bytes, and what is not ASCII takes more of them.
        check(kept == told or (len(told.encode()) > 31 and told.startswith(kept)), f"{label} {field}: {kept!r} is kept, {told!r} is told")
        compared[field] += told != none
    equal(r["mode"], image["mode"], label + " mode")
    if image["ccd"]["value"] is not None:
        equal(r["ccd"], image["ccd"]["value"], label + " ccd")
print(dict(compared))
check(min(compared[f] for f in ("obstime", "exptime", "ra", "type", "filter", "object")) > 100, f"values are there: {compared}")
finish()
