"""What imstatus refuses, and what it says then: options that would do nothing, expressions that are too deep, lines that make no sense."""
from status import *

f = simulated(2000)


def options():
    """An option does something for its verb, or is refused with the verbs that have it."""
    for words, line in ((["-weight", "corr", "stat, bin, fit"], ("-weight", "exptime", "corr", "sky", "bias")), (["-clip", "corr"], ("-clip", 2, "corr", "sky", "bias")),
                        (["-weight", "hist"], ("-weight", "exptime", "hist", "sky")), (["-weight", "plot"], ("-weight", "exptime", "plot", "obstime", "sky")),
                        (["-robust", "bin", "fit"], ("-robust", "bin", "airmass", "sky")), (["-order", "stat", "fit"], ("-order", 3, "stat", "sky")),
                        (["-bins", "top", "hist, bin"], ("-bins", 5, "top", "sky")), (["-error", "hist", "plot"], ("-error", "bias", "hist", "sky")),
                        (["-follow", "stat", "report"], ("-follow", "stat", "sky")), (["-by", "report"], ("-by", "filter", "report", "2001-01-27", "-o", "x.html")),
                        (["-by", "vec"], ("-by", "filter", "vec", "sky")), (["-by", "focal"], ("-by", "filter", "focal", "sky")), (["-most", "stat", "top"], ("-most", 3, "stat", "sky")),
                        (["-percent", "bin", "stat"], ("-percent", 5, "bin", "airmass", "sky")), (["-lines", "map", "plot"], ("-lines", "map")), (["-xlog", "map"], ("-xlog", "map")),
                        (["-robust", "-clip", "leave one out"], ("-clip", 2, "-robust", "fit", "airmass", "sky")), (["-lines", "-steps"], ("-lines", "-steps", "plot", "obstime", "sky")),
                        (["-title", "picture"], ("-title", "T", "hist", "sky")), (["-size", "stat"], ("-size", "60x20", "stat", "sky")),
                        (["-style", "terminal"], ("-style", "ascii", "-o", "x.png", "plot", "obstime", "sky")), (["object is a text", "-width"], ("-width", 3, "hist", "object"))):
        refused(words, *line)
    check(not any(os.path.exists(name) for name in ("x.png", "x.html")), "and nothing is written")
    # What the command line says for all lines of a script need not fit each of them; what a line says must.
    out = imstatus("-weight", "exptime", "-f", "-", stdin="stat sky\ncorr sky bias\n")
    check("pearson" in out.stdout, "an option for all lines")
    refused(["line 1", "-weight", "corr"], "-f", "-", stdin="corr sky bias -weight exptime\n")
    refused(["-where", "each row alone", "median", "subset("], "-where", "sky > median(sky)", "stat", "sky")
    check(objects("-where", "max(sky, bias) > 0", "stat", "sky"), "max of a row is one of -where")
    for text in ("-1", "sky*0-1"):
        refused([f"-weight {text}", "above 0"], "-weight", text, "stat", "sky")
        refused([f"-error {text}", "below 0"], "-error", text, "-o", "x.png", "plot", "obstime", "sky")


def depths():
    """Nested calls of vectors count as levels: 200 are too many, and however many there are it takes no time and no stack."""
    for levels in (201, 6000, 100000):
        for call, begins in (("median(", "median("), ("min(1,", "min("), ("(", "(")):
            refused(["line 1", "200 levels"], "-f", "-", stdin=f"x = {call * levels}sky{')' * levels}\n")
    near(answers("x = " + "median(" * 100 + "sky" + ")" * 100 + "\nvec x\n")[0]["x"], np.median(f["sky"]), "100 levels")


def messages():
    """Expressions stand in messages as they were typed, and columns are those of the line."""
    out = fails(2, ["column 17", "nosuch"], "imstatus", "-db", "n.db", "vec", "sky-median(sky)+nosuch")
    equal(out.stderr.splitlines()[1:], ["imstatus:   sky-median(sky)+nosuch", "imstatus:   " + " " * 16 + "^"], "the text, and the caret below")
    for words, text in ((["line 1", "sort(sky) and sky", "different rows"], "y = sort(sky) - sky\n"), (["line 1", "subset(sky, ccd < 3)", "sky has 2000 values"], "y = subset(sky, ccd < 3) - sky\n"),
                        (["n.svg", ".csv", "plot draws"], "write n.svg sky\n"), (["line 2", "a is one value", "ccd"], "a = ramp(1, 1)\nfocal a\n"),
                        (["line 1", "-type", "nosuch"], "select -type nosuch\nstat sky\n"), (["line 1", "select takes filters"], "select -type object -o x\n"),
                        (["line 2", '"a"', "no number and no date"], "# limits\nlimits a b\nplot obstime sky\n"), (["line 1", "NUL"], "stat sky\0 bias\n"),
                        (["line 1", "quit takes no words", "now"], "quit now\n"), (["line 1", "no word", "nosuch"], "help nosuch\n"), (["line 1", "no name"], "_1 = 3\n"),
                        (["not closed", "in quotes"], "stat subset(sky, sky > 3)\n"), (["line 1", 'no ">"', "-o FILE"], "stat sky > out.txt\n"),
                        (["one verb", "line of its own"], "stat sky; stat bias\n"), (["one verb"], "stat sky ; stat bias\n"), (["no blanks", "quotes"], "stat (sky > 1000)\n"), (['no ">>"', "-o FILE"], "stat sky >> out.txt\n"), (['no "|"'], "vec sky | sort\n")):
        refused(words, "-f", "-", stdin=text)
        check("temporary" not in script(text, code=2).stderr, f"{text!r}: a name that nobody typed")
    # Fields apart by commas, a field with a minus, names that are like nothing, a folder for a file: what to do is said.
    refused(["sky,bias", "blanks", "stat sky bias"], "stat", "sky,bias"), refused(["obstime,sky:", "plot obstime sky"], "-o", "x.png", "plot", "obstime,sky")
    refused(["no option -sky", "-- -sky"], "plot", "obstime", "-sky"), refused(["-bins", "-- -bias"], "stat", "-bias")
    near(objects("stat", "--", "-sky")[0]["mean"], -np.nanmean(f["sky"]), "a minus behind --"), near(objects("stat", "(-sky)")[0]["mean"], -np.nanmean(f["sky"]), "and in parentheses")
    out = fails(2, ['"qqqqqqq"', "imstatus fields"], "imstatus", "-db", "n.db", "stat", "qqqqqqq")
    check(len(out.stderr) < 160, f"no list of all fields: {out.stderr}")
    refused(["near: fwhm"], "stat", "fwmh")
    refused(["line 2", "a vector: seeing"], "-f", "-", stdin="seeing = fwhm*0.187\nstat seeng\n")
    check("a vector: seeing" in script("seeing = fwhm*0.187\nstat seeng*2\n", code=2).stderr.split("\n")[0], "in the first line of three")
    check("a vector" not in script("skyy = fwhm*0.187\nstat sky*nosuch\n", code=2).stderr, "a name that is known is not the one")
    os.makedirs("folder.png", exist_ok=True)
    refused(["-o folder.png is a folder", "name a file in it"], "-o", "folder.png", "plot", "obstime", "sky")
    refused(["hist of texts has no picture"], "-o", "x.png", "hist", "object")
    refused(["1e-300", "10 million bins"], "-width", "1e-300", "hist", "sky")
    equal([l["n"] for l in objects("hist", "exptime*0")], [2000], "bins of nothing but zero"), equal(objects("hist", "exptime*0")[0]["high"], 1, "which are of a width that can be read")
    # select alone tells filters, and nothing else of the command line
    equal(imstatus("-type", "object", "-format", "json", "-j", 1, "-f", "-", stdin="select -filter r\nselect\n").stdout, "-type object\n-filter r\n", "select alone")
    equal(script("select -filter r\nselect all\nselect\n").stdout, "all rows\n", "select all")
    equal(script("\ufeffstat sky -format csv\n").stdout.split("\n")[1].split(",")[0], "sky", "a script with the mark of UTF-8")
    lines = script("help stat\n").stdout.splitlines()
    check(len(lines) == 2 and lines[0].split()[0] == "stat" and lines[1].split() == ["-by", "-clip", "-weight", "-percent"], f"help of one word: {lines}")


def fields():
    """fields: all that can be asked for, by the file's own schema."""
    lines = {l["field"].split("[")[0]: l for l in objects("fields")}
    with fits.open("n.db") as hdus:
        columns = {n.lower().split("..")[0].rstrip("0123456789") for n in hdus[1].columns.names}
    check({"obstime", "fwhm", "sky", "bias", "teltemp", "filename"} <= set(lines), f"fields: {sorted(lines)}")
    check(all(n.rstrip("0123456789") in columns for n in lines), f"each is a column: {set(lines) - columns}")
    check(all(l["meaning"] for l in lines.values()), "each has a meaning")
    named = {n for n, l in lines.items() if "fwhm" in (n + " " + l["meaning"]).lower()}
    equal({l["field"] for l in objects("fields", "FWHM")}, named, "those with a word")
    for name in (n for n in lines if n != "teltemp"):
        imstatus("-limit", 5, "stat", name)
    refused(["no field has", "qqq"], "fields", "qqq")


def tables():
    """write and read: what comes back is what went out."""
    write("inf.csv", "a,b\n1,inf\n2,-inf\n,+Infinity\n")
    equal(script("read inf.csv\nc = a + 1\nwrite inf2.csv a b\nvec c b -format csv\n").stdout.split(), ["c,b", "2,inf", "3,-inf", ",inf"], "infinite values are numbers")
    equal(script("read inf2.csv\nwrite inf3.csv a b\n").stdout, "", "again"), equal(read("inf3.csv"), read("inf2.csv"), "infinite values, written and read")
    write("dup.csv", "a,a,A\n1,2,3\n"), write("bom.csv", b"\xef\xbb\xbfa,b\n1,2\n"), write("semi.csv", "a;b\n1;'x'\n2;\"y;z\"\n"), write("tab.tsv", "a\tb c\n1\t2\n")
    out = script("read dup.csv\nvec -format csv a a_2 a_3\n")
    equal(out.stdout.split(), ["a,a_2,a_3", "1,2,3"], "columns of one name: none is lost"), check("a a_2 A_3" in out.stderr, "and they are told")
    for name, wanted in (("bom.csv", ["a,b", "1,2"]), ("semi.csv", ["a,b", "1,'x'", "2,y;z"]), ("tab.tsv", ["a,b_c", "1,2"])):
        equal(script(f"read {name}\nvec -format csv {wanted[0].replace(',', ' ')}\n").stdout.split(), wanted, name)
    # An expression has one name in each format, and each file can be read again.
    for name in ("e.csv", "e.fits"):
        out = script(f"write {name} exp(sky/30000) 2*sky sky/(bias+1)\nread {name}\nvec exp_sky_30000 c2 sky_bias_1 -format csv\n").stdout.splitlines()
        equal((out[0], len(out)), ("exp_sky_30000,c2,sky_bias_1", 2001), name)
    text = "x = subset(obstime, ccd = 3)\ny = subset(fwhm, ccd = 3)\nz = subset(object, ccd = 3)\nn = subset(ccd, ccd = 3)\nwrite w1.{0} x y z n\nread w1.{0}\nvectors\nwrite w2.{0} x y z n\n"
    for ending in ("csv", "tsv", "fits"):
        out = script(text.format(ending)).stdout
        check(f"x  {int((f['ccd'] == 3).sum())} times" in out, f"{ending}: times are times again: {out}")
        mask = re.compile(rb"DATE    = '[^']*'")
        equal(mask.sub(b"", read(f"w2.{ending}")), mask.sub(b"", read(f"w1.{ending}")), f"{ending}: written, read and written")
    with fits.open("w1.fits") as hdus:
        equal((hdus[1].header["TCTYP1"], hdus[1].header["MJDREF"], hdus[1].header["TUNIT1"]), ("UTC", 40587, "s"), "a time as the standard tells it")
        check(np.array_equal(hdus[1].data["X"], f["obstime"][f["ccd"] == 3]), "and the values")
    if shutil.which("fitsverify"):
        check("verification OK" in subprocess.run(["fitsverify", "-q", "w1.fits"], capture_output=True, text=True).stdout, "fitsverify")
    shutil.copy("w1.fits", "w1.table")
    equal(script("read w1.table\nstat n -format csv\n").stdout.split("\n")[1].split(",")[1], str(int((f["ccd"] == 3).sum())), "FITS under another name")
    for ending in ("json", "npy"):
        script(text.split("read")[0].format(ending))
        refused(["line 1", f"w1.{ending}", "not read", "CSV"], "-f", "-", stdin=f"read w1.{ending}\n")
        shutil.copy(f"w1.{ending}", f"{ending}.txt")
        refused([f"{ending}.txt"], "-f", "-", stdin=f"read {ending}.txt\n")


for part in (options, depths, messages, fields, tables):
    guarded(part)
finish()
