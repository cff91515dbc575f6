#!/usr/bin/python3
"""The real files: each gives rows or one line; the values of the database, read through imsearch and through astropy, against
an independent reading of the headers. The rules of that reading are those of tests/camera/oracle_test.py: its functions, not the facts tool."""
import collections, csv, re, time
from harness import *

if not os.path.isdir(FITS):
    skip("no real data in " + DATA)
import numpy as np
from astropy.table import Table

# The oracle of the camera room is a script: its functions are taken, its run is not.
text = read(os.path.join(SOURCE, "tests/camera/oracle_test.py")).decode()
oracle = {}
exec(compile(text[:text.index("tally, lines, rows_without_reason")], "oracle_test.py", "exec"), oracle)

manifest = list(csv.DictReader(open(os.path.join(FITS, "MANIFEST.tsv")), delimiter="\t"))
is_text = {r["file"]: r["structure"].startswith("HDRDUMP") or "yaml" in r["structure"] for r in manifest}
binary = [f for f, dump in is_text.items() if not dump]
equal(len(binary), 229, "binary files of the manifest")

out = run("imregister", "-db", "real.db", FITS, code=4)
found = rows("real.db")
said = {}
for line in out.stderr.splitlines():
    path, _, reason = line.removeprefix("imregister: ").partition(": ")
    if reason.startswith("warning: "):  # of a file that is registered; warning_test.py knows them
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

# the independent reading
tally = collections.defaultdict(collections.Counter)
apart = []


def compare(field, label, ours, theirs, same):
    if ours is not None or theirs is not None:
        kind = "only ours" if theirs is None else "only theirs" if ours is None else "equal" if same(ours, theirs) else "differ"
        tally[field][kind] += 1
        if kind != "equal":
            apart.append(f"{field} {kind} {label}: {ours} {theirs}")


by_file = collections.defaultdict(list)
for r in found:
    if r["slice"] == 0:
        by_file[os.path.relpath(os.path.join(r["pathname"], r["filename"]), FITS)].append(r)
for name in binary:
    if any("passed over" not in reason for reason in said.get(name, [])):
        continue  # damaged: the reason is its answer
    hdus = oracle["open_any"](os.path.join(FITS, name))
    if hdus is None:
        continue
    compare("ccds", name, len(by_file[name]), oracle["ccd_count"](hdus, oracle["science"](hdus)), lambda a, b: a == b)
    for r in by_file[name]:
        h, label = oracle["merged"](hdus, r["extension"]), f"{name}[{r['extension']}]"
        compare("exptime", label, r["exptime"], oracle["exptime"](h), lambda a, b: abs(a - b) <= 1e-6 * max(1, abs(b)))
        compare("obstime", label, r["obstime"], oracle["obstime"](h), lambda a, b: abs(a - b) <= 1)
        compare("filter", label, r["filter"], oracle["filter_name"](h), lambda a, b: a == b)
        compare("type", label, None if r["type"] == "none" else r["type"], oracle["image_type"](h), lambda a, b: a == b)
        ra, dec = oracle["position"](h) or (None, None)
        scale = np.cos(np.radians(dec)) if dec is not None else 1
        compare("ra", label, r["ra"], ra, lambda a, b: abs((a - b + 180) % 360 - 180) * scale * 3600 <= 1)
        compare("dec", label, r["dec"], dec, lambda a, b: abs(a - b) * 3600 <= 1)
print("\n".join(sorted(apart)[:30]))
good = all_values = 0
for field, kinds in tally.items():
    n = sum(kinds.values())
    good, all_values = good + kinds["equal"], all_values + n
    print(f"{field:8} {n:5} values, {100 * kinds['equal'] / n:5.1f} % equal  {dict(kinds)}")
    check(kinds["equal"] >= 0.85 * n, field + ": 85 % of the values are equal")
print(f"all      {all_values:5} values, {100 * good / all_values:5.1f} % equal")
check(good >= 0.95 * all_values and all_values > 1000, "95 % of all values are equal")
finish()
