"""Vectors of imstatus: functions against numpy, infinite values, what is read once, refresh; the numbers of the page of a night."""
from status import *

f = simulated(3000)


def functions():
    x, t = f["fwhm"], f["sky"]
    known = x[~np.isnan(x)]
    for text, wanted in (("count(fwhm)", len(known)), ("size(fwhm)", len(x)), ("max(fwhm)", known.max()), ("min(fwhm)", known.min()), ("mean(fwhm)", known.mean()),
                         ("median(fwhm)", np.median(known)), ("sum(fwhm)", known.sum()), ("sigma(fwhm)", known.std(ddof=1)), ("mad(fwhm)", np.median(np.abs(known - np.median(known)))),
                         ("percentile(fwhm, 33.3)", np.percentile(known, 33.3)), ("count(object)", (f["object"] != "").sum()), ("max(sky) - min(sky)", np.ptp(t))):
        near(answers(f"v = {text}\nvec v\n")[0]["v"], wanted, text, 10)
    cumulated = np.cumsum(np.nan_to_num(x))
    for text, wanted in (("reverse(fwhm)", x[::-1]), ("diff(fwhm)", np.concatenate([[np.nan], np.diff(x)])), ("cumsum(fwhm)", cumulated), ("max(fwhm, sky / 1000)", np.maximum(x, t / 1000)),
                         ("sort(sky, -airmass)", t[np.argsort(-f["airmass"], kind="stable")]), ("subset(sky, 1)", t), ("subset(sky, median(sky) > 3)", t), ("subset(sky, median(sky) < 3)", t[:0])):
        script(f"v = {text}\nwrite v.npy v\n", code=2 if len(wanted) == 0 else 0)
        if len(wanted):
            got = np.load("v.npy")["v"]
            check(len(got) == len(wanted) and np.allclose(got, wanted, rtol=1e-12, equal_nan=True), f"{text}: {got[:5]}, {wanted[:5]}")


def infinite():
    """Infinite values count, as numpy has it; pictures leave them out and say how many."""
    values = [1, 2, 3, math.inf, 5, -math.inf, math.nan, 4]
    write("i.csv", "x,y\n" + "".join(f"{i},{'' if math.isnan(v) else v}\n" for i, v in enumerate(values)))
    line, = answers("read i.csv\nstat y\n")
    equal((line["n"], line["unknown"], line["median"], line["mean"]), (7, 1, 3, None), "statistics")
    line, = answers("read i.csv\nz = subset(y, x < 4)\nstat z\n")
    equal((line["n"], line["median"], line["mean"]), (4, 2.5, None), "with one side infinite")
    check("inf" in script("read i.csv\nz = subset(y, x < 4)\nstat z\n").stdout, "in text they are inf")
    equal(sum(l["n"] for l in answers("read i.csv\nhist y\n")), 5, "bins are of finite values")
    line, = answers("read i.csv\nfit x y\n")
    equal(line["n"], 5, "a fit, too")
    script("read i.csv\nplot x y -o i.svg\n")
    check("3 of 8 points not drawn: 1 not known, 2 infinite" in read("i.svg").decode(), "a picture says what it leaves out")
    write("j.csv", "x,y\n1,inf\n2,-inf\n")
    fails(2, ["line 2", "2 of 2 points not drawn", "infinite"], "imstatus", "-db", "n.db", "-f", "-", stdin="read j.csv\nplot x y -o j.svg\n")
    check(not os.path.exists("j.svg"), "no empty picture")


def reused():
    """What was read is not read again until refresh: bytes that change meanwhile are not seen, nor are rows that come."""
    shutil.copy("n.db", "r.db")
    with fits.open("r.db") as hdus:
        start = hdus[1].fileinfo()["datLoc"] + hdus[1].columns.dtype.fields["SKY"][1]
    shell = subprocess.Popen([os.path.join(BIN, "imstatus"), "-db", "r.db", "-format", "json", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(*lines):
        shell.stdin.write("\n".join(lines) + "\n"), shell.stdin.flush()
        return json.loads(shell.stdout.readline())

    first = ask("stat sky")
    equal(first["n"], int((~np.isnan(f["sky"])).sum()), "the first answer")
    with open("r.db", "r+b") as db:  # a row that is not what its CRC says
        db.seek(start + 7 * 512), db.write(np.array(1e30, ">f4").tobytes())
    equal(ask("stat sky"), first, "the same field again: nothing is read")
    equal(ask("refresh", "stat sky")["n"], first["n"] - 1, "refresh: it is read again, without the damaged row")
    image("new.fits")
    run("imregister", "-db", "r.db", "new.fits", code=0)
    equal(ask("stat ccd")["n"], len(f["ccd"]) - 1, "another field: the new row is not there yet")
    equal(ask("refresh", "stat ccd")["n"], len(f["ccd"]), "refresh: the new row is there")
    equal(ask("stat sky")["n"], first["n"] - 1, "and the damaged one is left out of the other field as well")
    shell.stdin.close()
    equal(shell.wait(60), 0, "the end")


def page():
    """Each number of the tables, from imsearch's rows; the picture of temperatures."""
    run("imsim", "-o", "night", "-ccds", 3, "-objects", 6, "-size", "200x300", "-seed", 2, code=0)
    run("imsort", "-db", "t.db", "night", code=0), run("imelixir", "-db", "t.db", "-once", "-j", 2, code=0)
    images = rows("t.db", "-sort", "obstime")
    day = run("imsearch", "-db", "t.db", "-sort", "obstime", "-limit", 1, "-format", "csv", "-fields", "obstime", code=0).stdout.split("\n")[1][:10]
    run("imstatus", "report", day, "2d", "-db", "t.db", "-o", "night.html", code=0)
    text = read("night.html").decode()
    tables = [[re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in re.findall(r"<tr>.*?</tr>", t, re.S)] for t in re.findall(r"<table>.*?</table>", text, re.S)]

    def median(values):
        values = [v for v in values if v is not None]
        return float(np.median(values)) if values else None

    def shows(cell, wanted, digits, what):
        if wanted is None:
            return equal(cell, "-", what)
        return check(abs(float(cell) - wanted) <= 0.51 * 10 ** (math.floor(math.log10(abs(wanted) or 1)) + 1 - digits), f"{what}: {cell}, {wanted}")

    files = {}
    for row in images:
        files.setdefault(row["filename"], []).append(row)
    equal(len(tables[1]) - 1, len(files), "a line for each exposure")
    kinds = {}
    for line in tables[1][1:]:
        mine = files[line[0]]
        one = mine[0]
        equal((line[1], line[2], line[3], line[6]), (one["type"], one.get("filter") or "", one.get("object") or "", str(len(mine))), f"exposure {line[0]}")
        for cell, name, digits in ((line[5], "exptime", 6), (line[7], "fwhm", 3), (line[8], "sky", 5), (line[9], "bias", 5)):
            shows(cell, median([r[name] for r in mine]), digits, f"{line[0]}: {name}")
        kind = one["type"] + ("" if one["type"] in ("bias", "dark") or not one.get("filter") else " in " + one["filter"])
        kinds.setdefault(kind, []).append(mine)
    equal([l[0] for l in tables[0][1:]], sorted(kinds), "kinds of frames, in order")
    for line in tables[0][1:]:
        mine = kinds[line[0]]
        fwhm, sky = ([median([r[n] for r in one]) for one in mine] for n in ("fwhm", "sky"))
        equal(line[1], str(len(mine)), f"{line[0]}: exposures")
        shows(line[2], sum(one[0]["exptime"] for one in mine), 6, f"{line[0]}: seconds"), shows(line[3], median(fwhm), 3, f"{line[0]}: fwhm"), shows(line[5], median(sky), 5, f"{line[0]}: sky")
        shows(line[4], min((v for v in fwhm if v is not None), default=None), 3, f"{line[0]}: best fwhm")
    picture = re.search(r'<svg [^>]*aria-label="Temperatures".*?</svg>', text, re.S)
    check(picture, "a picture of temperatures")
    check(picture.group(0).count("no value is known of") == 1 and "teltemp[3]" in picture.group(0), "what is not known is said in one line")
    discs = sum(len(re.findall(r"h0", d)) for d in re.findall(r'd="([^"]*)"[^>]*stroke-linecap="round"', picture.group(0)))
    equal(discs, sum(r["dettemp"] is not None for r in images), "a point for each temperature")


for part in (functions, infinite, reused, page):
    guarded(part)
finish()
