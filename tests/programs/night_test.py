#!/usr/bin/python3
"""A simulated night: every chip once with its true values; random searches give what a plain loop over truth.csv gives.
And imsim -rows: the same database each time, the distribution of performance.md, little memory for a search of a million rows."""
import collections, csv, datetime, fnmatch, math, random, resource, select
from harness import *

UTC = datetime.timezone.utc


def seconds(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


def truth_of(folder):
    out = []
    for row in csv.DictReader(open(folder + "/truth.csv")):
        path, name = os.path.split(os.path.realpath(os.path.join(folder, row["path"])))
        out.append({"pathname": path, "filename": name, "extension": int(row["extension"]), "ccd": int(row["ccd"]), "type": row["type"], "object": row["object"],
                    "filter": row["filter"], "obstime": seconds(row["obstime"]), "exptime": float(row["exptime"]), "ra": float(row["ra"]), "dec": float(row["dec"])})
    return out


def key(row):
    return row["pathname"], row["filename"], row["extension"]


truth = []
for mode, nights, ccds in (("mef", 2, 3), ("split", 1, 2)):
    run("imsim", "-o", mode, "-mode", mode, "-nights", nights, "-ccds", ccds, "-objects", 8, "-seed", 5, code=0)
    here = truth_of(mode)
    db = mode + ".db"
    run("imregister", "-db", db, mode, code=0)
    found = rows(db)
    equal(sorted(map(key, found)), sorted(map(key, here)), mode + ": every chip once")
    by_key = {key(r): r for r in found}
    for want in here:
        got = by_key.get(key(want), {})
        name = f"{mode} {want['filename']}[{want['extension']}]"
        for field in ("ccd", "type", "object", "filter"):
            equal(got.get(field), want[field], f"{name} {field}")
        equal(got.get("mode"), mode.upper(), name + " mode")
        for field, near in (("obstime", 0.011), ("exptime", 1e-3), ("ra", 1 / 3600), ("dec", 1 / 3600)):
            check(got.get(field) is not None and abs(got[field] - want[field]) <= near, f"{name} {field}: {got.get(field)} is not {want[field]}")
    again = run("imregister", "-db", db, mode, code=0)
    check(f"0 rows added, 0 updated, {len(here)} unchanged" in again.stdout, mode + " again: " + again.stdout)
    truth += here

# all in one database, in this order; the values that searches see are those of the headers
run("imregister", "-db", "night.db", "mef", "split", code=0)
ROWS = rows("night.db")
equal(len(ROWS), len(truth), "both nights")
true = {key(t): t for t in truth}
rnd = random.Random(20010127)


def text_of_date(t, second=False):
    """One of the spellings of a whole second. Behind a date, number and unit would be a length of time."""
    d = datetime.datetime.fromtimestamp(t, UTC)
    return rnd.choice([
        d.strftime("%Y/%m/%d,%H:%M:%S"), d.strftime("%y/%m/%d,%H:%M:%S"), d.strftime("%Y-%m-%dT%H:%M:%SZ"), d.strftime("%Y:%m:%d:%H:%M:%S"),
        (d + datetime.timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S+05:30"), f"mjd{t / 86400 + 40587:.9f}", f"{t / 86400 + 2440587.5:.9f}j"] + ([] if second else [f"{t}s"]))


def random_filter():
    """Words of one option, and what they mean for a row of the truth (r) and the order of rows."""
    kind = rnd.choice(["type", "type", "filter", "filter", "ccd", "name", "mode", "time", "time", "trange", "trange"])
    no = rnd.random() < 0.3
    bang = "!" if no else ""
    if kind == "type":
        word = rnd.choice(["object", "bias", "dark", "flat", "mask"])
        spelled = rnd.choice([word, word.upper(), word[:3], {"object": "o", "bias": "b", "dark": "d", "flat": "f", "mask": "m"}[word]] + (["SKYFLAT"] if word == "flat" else []))
        return ["-type", bang + spelled], lambda r: (r["type"] == word) != no
    if kind == "filter":
        word = rnd.choice(["u", "g", "r", "i", "z", "none such"])
        return ["--filter", bang + word], lambda r: (r["filter"] == word) != no
    if kind == "ccd":
        n = rnd.randrange(4)
        return ["-ccd", bang + rnd.choice([f"{n}", f"{n:02}", f"ccd{n:02}", f"CCD{n}"])], lambda r: (r["ccd"] == n) != no
    if kind == "mode":
        word = rnd.choice(["mef", "split"])
        return ["-mode", bang + rnd.choice([word, word.upper(), word[:2]])], lambda r: (("/mef/" in r["pathname"]) == (word == "mef")) != no
    if kind == "name":
        some = rnd.choice(truth)["filename"]
        pattern = rnd.choice([some, some[:5], some[:6], some[:6].upper(), "*" + some[5:], "?" + some[1:], some[:4] + "[0-9]*[of].fits", "*5*"])
        wanted = pattern.lower() if any(c in pattern for c in "*?[") else pattern.lower() + "*"
        return ["-name", bang + pattern], lambda r: fnmatch.fnmatchcase(r["filename"].lower(), wanted) != no
    at = rnd.choice(truth)["obstime"] + rnd.choice([0, rnd.uniform(-30000, 30000)])
    at = round(at)
    number, unit = rnd.choice([(rnd.randrange(1, 7000), "s"), (rnd.randrange(1, 300), "m"), (rnd.randrange(1, 20), "h"), (rnd.choice([0.25, 1, 2]), "d")])
    length = number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    sign = rnd.choice(["", "", "-", "+"])
    span = (at, at + length) if sign != "-" else (at - length, at)
    overlaps = lambda r: r["obstime"] <= span[1] and r["obstime"] + r["exptime"] >= span[0]
    if kind == "trange" and rnd.random() < 0.5:
        ends = list(span)
        rnd.shuffle(ends)  # reversed dates are swapped
        words = [text_of_date(ends[0]), text_of_date(ends[1], True)]
        return ["-trange", bang + words[0], words[1]], lambda r: overlaps(r) != no, None if no else overlaps
    return ["-" + kind, bang + text_of_date(at), f"{sign}{number}{unit}"], lambda r: overlaps(r) != no, overlaps if kind == "trange" and not no else None


some_rows = none = 0
for query in range(400):
    args, tests, ranges = [], [], []
    for _ in range(rnd.choice([1, 1, 2, 2, 3, 4])):
        words, test, *alternative = random_filter()
        args += words
        if alternative and alternative[0]:
            ranges.append(alternative[0])  # several -trange are alternatives
        else:
            tests.append(test)
    if ranges:
        tests.append(lambda r: any(t(r) for t in ranges))
    # exptime and obstime as registered: the truth is rounded in its last place, which a range's end may cut
    wanted = [r for r in ROWS if all(t({**true[key(r)], "obstime": r["obstime"], "exptime": r["exptime"]}) for t in tests)]
    out = run("imsearch", "-db", "night.db", "-format", "json", *args)
    got = [json.loads(line) for line in out.stdout.splitlines()]
    equal([key(r) for r in got], [key(r) for r in wanted], f"imsearch {args}")
    equal(out.returncode, 0 if wanted else 1, f"imsearch {args}: exit code {out.stderr}")
    some_rows, none = some_rows + bool(wanted), none + (not wanted)
check(some_rows > 100 and none > 20, f"the random searches say something: {some_rows} found rows, {none} none")

# the forms of the rows
fields = ["filename", "pathname", "ccd", "obstime"]
out = run("imsearch", "-db", "night.db", "-format", "csv", "-fields", ",".join(fields), code=0).stdout
table = list(csv.reader(out.splitlines()))
equal(table[0], fields, "csv: names")
equal([(r[0], r[1], int(r[2])) for r in table[1:]], [(r["filename"], r["pathname"], r["ccd"]) for r in ROWS], "csv")
check(all(r[3].endswith("Z") and abs(seconds(r[3]) - row["obstime"]) < 0.0011 for r, row in zip(table[1:], ROWS)), "csv: times are ISO 8601 UTC")
lines = [line.split(" ") for line in run("imsearch", "-db", "night.db", code=0).stdout.splitlines()]
for n, (line, row) in enumerate(zip(lines, ROWS)):
    day = datetime.datetime.fromtimestamp(math.floor(row["obstime"]), UTC).strftime("%Y/%m/%d,%H:%M:%S")
    wanted = [str(n + 1), row["type"], row["mode"], str(row["ccd"]), row["pathname"], row["filename"], row["filter"], None, day, "0", "0", "0"]
    equal([w for i, w in enumerate(line) if i != 7], [w for w in wanted if w is not None], "the row of 12 words")
    equal(float(line[7]), row["exptime"], "exptime in the row")
east = run("imsearch", "-db", "night.db", "-tz", "-10", "-trange", "2001/01/26,12:00:00", "1d", code=0).stdout.splitlines()
utc = run("imsearch", "-db", "night.db", "-trange", "2001/01/26,22:00:00", "1d", code=0).stdout.splitlines()
equal(len(east), len(utc), "-tz shifts the dates that are typed")
check(east[0].split()[8] != utc[0].split()[8], "-tz shifts the dates that are shown")
run("imsearch", "-db", "night.db", "-format", "tsv", code=0), run("imsearch", "-db", "night.db", "-format", "table", code=0)

# imsim -rows
N = 1_000_000
run("imsim", "-rows", 30_011, "-db", "a.db", "-seed", 3, code=0), run("imsim", "-rows", 30_011, "-db", "b.db", "-seed", 3, code=0), run("imsim", "-rows", 30_011, "-db", "c.db", code=0)
names = ["filename", "ccd", "obstime", "filter", "type", "instrument", "pathname", "ra", "exptime", "sky"]
one, two, three = ([{k: r[k] for k in names} for r in rows(db)] for db in ("a.db", "b.db", "c.db"))
check(len(one) == 30_011 and one == two and one != three, "-rows: N rows, decided by the seed")
exposures = [r for r in one if r["ccd"] == 0]
equal(len(exposures), -(-30_011 // 40), "40 CCDs an exposure")
equal((len({r["filter"] for r in one if r["filter"]}), len({r["type"] for r in one}), len({r["instrument"] for r in one})), (12, 8, 4), "12 filters, 8 types, 4 cameras")
check(58 <= len({r["pathname"] for r in one}) <= 100, "a folder for every 500 rows, and those of exposures out of order")
times = [r["obstime"] for r in exposures]
year = 365.25 * 86400
check(18 * year < max(times) - min(times) < 24.5 * year, "20 years")
step = 20 * year / len(times)
off = sum(abs(t - 978307200 - step * n) > 2 * step for n, t in enumerate(times))
check(0.005 * len(times) < off < 0.04 * len(times), f"2 % out of order: {off} of {len(times)}")

run("imsim", "-rows", N, "-db", "million.db", code=0)


def memory_of(*args):
    """Rows and the highest private memory of a search, sampled while it runs."""
    process = subprocess.Popen([os.path.join(BIN, "imsearch"), "-db", "million.db", *args], stdout=subprocess.PIPE)
    most, count, piece = 0, 0, b"-"
    while piece:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                most = max(most, sum(int(l.split()[1]) for l in status if l.startswith(("RssAnon", "RssShmem"))))
        except OSError:  # it has ended
            pass
        if select.select([process.stdout], [], [], 0.002)[0]:
            piece = process.stdout.read1(1 << 20)
            count += piece.count(b"\n")
    equal(process.wait(), 0, f"imsearch {args}: exit code")
    return count, most


# Threads share one budget of 32 MiB, and an instrument's median needs all of its values: 6 million numbers in all. A line of
# heads comes first.
medians = ["-group", "instrument", "-fields", "instrument," + ",".join(f"median({f})" for f in ("obstime", "ra", "dec", "sky", "fwhm", "bias"))]
for args, wanted in (([], N), (["-format", "json", "-ccd", "!3"], N * 39 // 40), (["-format", "table"], None), (medians + ["-j", "64"], 4 + 1),
                     (["-sort", "object,-fwhm", "-fields", "ccd", "-j", "64"], N + 1)):
    count, most = memory_of(*args)
    if wanted:
        equal(count, wanted, f"a million rows {args}")
    if SANITIZED:
        continue  # a sanitizer's own memory would be measured
    limit = 36 if "-group" in args else 64
    check(100 < most < limit * 1024, f"imsearch {args} on a million rows: {most} KiB of private memory")
    print(most, "KiB:", *args)
finish()
