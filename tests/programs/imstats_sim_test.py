# imstats against imsim's known truth: overscans and skies to the exact median of the same pixels (numpy), FWHM of Gaussian and
# Moffat stars of 2 to 8 pixels as imsim drew them, with its columns that differ, bad columns, cosmic rays and vignetting.
import csv

import numpy as np
from astropy.io import fits

from harness import *



def cut(data, text):
    x, y = text.strip("[]").split(",")
    (x1, x2), (y1, y2) = (map(int, part.split(":")) for part in (x, y))
    return data[y1 - 1:y2, x1 - 1:x2]


worst = 0
for profile in ("gaussian", "moffat"):
    for fwhm in (2, 2.5, 3, 4, 5, 6, 7, 8) if LONG else (2, 3.5, 5, 8):
        night = f"{profile}{fwhm}"
        run("imsim", "-o", night, "-size", "1000x900", "-ccds", 2, "-objects", 8 if LONG else 3, "-fwhm", fwhm, "-profile", profile,
            "-seed", int(fwhm * 10), code=0, timeout=300)
        truth = {(row["path"], int(row["extension"])): row for row in csv.DictReader(open(f"{night}/truth.csv"))}
        files = sorted({path for path, _ in truth})
        found = [json.loads(line) for line in run("imstats", "-format", "json", *[f"{night}/{f}" for f in files], code=0, timeout=300).stdout.splitlines()]
        equal(len(found), len(truth), f"{night}: chips")
        for got in found:
            path = os.path.relpath(got["file"], os.path.realpath(night)) if os.path.isabs(got["file"]) else os.path.relpath(got["file"], night)
            row = truth[path, got["extension"]]
            name = f"{night}/{path}[{got['extension']}]"
            with fits.open(f"{night}/{path}") as hdus:
                hdu = hdus[got["extension"]]
                over = np.concatenate([cut(hdu.data, hdu.header[key]).ravel() for key in ("BSECA", "BSECB")])
                data = cut(hdu.data, hdu.header["DATASEC"])
            equal(got["bias"], float(np.median(over)), f"{name}: bias")
            equal(got["sky"], float(np.median(data)), f"{name}: sky")
            check(abs(got["bias"] - float(row["bias"])) < 1.5, f"{name}: bias {got['bias']}, the truth {row['bias']}")
            level = float(row["sky"]) + float(row["bias"])
            near = 0.005 * float(row["sky"]) + 0.15 * got["sigma"] + 1  # the stars lift it a little
            check(abs(got["sky"] - level) < near, f"{name}: sky {got['sky']}, the truth {level}")
            if row["type"] != "object":
                check(got["fwhm"] is None, f"{name}: a {row['type']} has a FWHM of {got['fwhm']}")
            elif check(got["fwhm"] is not None, f"{name}: no FWHM ({got['reason']}), {row['stars']} stars"):
                off = 100 * (got["fwhm"] / fwhm - 1)
                worst = max(worst, abs(off))
                check(abs(off) <= 2, f"{name}: FWHM {got['fwhm']:.3f}, {off:+.2f} %, from {got['stars']} of {row['stars']} stars, filter {row['filter']}")
                check(got["ellipticity"] < 0.1, f"{name}: round stars have an ellipticity of {got['ellipticity']:.3f}")
        shutil.rmtree(night)

# Usual, crowded, faint and trailed stars; none. FWHM in percent, the part of the bright stars that must be found.
for words, most, part in ((["-fwhm", 3.5], 2, 0.9), (["-density", 4, "-fwhm", 3.5], 5, 0.75), (["-density", 0.1, "-fwhm", 3], 5, 0.9),
                          (["-density", 0.5, "-fwhm", 5, "-profile", "gaussian"], 2, 0.9), (["-ellipticity", 0.2, "-fwhm", 4], 2, 0.9),
                          (["-ellipticity", 0.4, "-fwhm", 4, "-profile", "gaussian"], 2, 0.9), (["-ellipticity", 0.7, "-fwhm", 4], 0, 0), (["-density", 0], 0, 0)):
    run("imsim", "-o", "other", "-size", "1200x1000", "-ccds", 1, "-objects", 2, "-seed", 5, *words, code=0, timeout=300)
    truth = {row["path"]: row for row in csv.DictReader(open("other/truth.csv")) if row["type"] == "object"}
    for path, row in truth.items():
        got = json.loads(run("imstats", "-format", "json", f"other/{path}", code=0).stdout)
        name = f"{words}: {path}, filter {row['filter']}"
        if most == 0:
            wanted = "trailed" if "-ellipticity" in words else "no FWHM: "
            check(got["fwhm"] is None and got["state"] == "incomplete" and wanted in got["reason"], f"{name}: {got['fwhm']} {got['reason']}")
            check("-ellipticity" in words or got["stars"] < 3, f"{name}: {got['stars']} stars of none")
        elif check(got["fwhm"] is not None, f"{name}: no FWHM ({got['reason']}), {row['bright']} bright stars"):
            off = 100 * (got["fwhm"] / float(row["fwhm"]) - 1)
            check(abs(off) <= most, f"{name}: FWHM off by {off:.2f} %")
            check(abs(got["ellipticity"] - float(row["ellipticity"])) < (0.02 if "-ellipticity" in words else 0.1), f"{name}: ellipticity {got['ellipticity']}")
            check(part * int(row["bright"]) <= got["stars"] <= int(row["stars"]), f"{name}: {got['stars']} stars, of {row['stars']} and {row['bright']} bright ones")
    shutil.rmtree("other")
print(f"FWHM off by {worst:.2f} % at worst")

# What imsim is asked for, and cannot do.
for words, said in ((["-size", "100"], "WIDTHxHEIGHT"), (["-size", "10x99999"], "WIDTHxHEIGHT"), (["-size", "x"], "WIDTHxHEIGHT"),
                    (["-profile", "airy"], "moffat nor gaussian"), (["-fwhm", "0.2"], "-fwhm"), (["-density", "-1"], "-density"), (["-ellipticity", "1"], "-ellipticity")):
    fails(2, [said], "imsim", "-o", "none", *words)
fails(2, ["-fwhm", "-o DIR"], "imsim", "-rows", 10, "-db", "none", "-fwhm", 3)
check(not os.path.exists("none"), "a folder was made for nothing")
for option in (["-fwhm", "3"], ["-size", "64x64"], ["-profile", "gaussian"], ["-density", "2"], ["-ellipticity", "0.1"], ["-stars"], ["-nights", "2"], ["-ccds", "2"]):
    fails(2, ["-rows makes no pixels", option[0]], "imsim", "-rows", "5", "-db", "rows.db", *option)
check(not os.path.exists("rows.db"), "a database was made")
# What imstats prints, text and JSON, goes by a pipe into the rows.
for mode in ("mef", "split"):
    run("imsim", "-o", f"pipe-{mode}", "-ccds", 2, "-objects", 2, "-mode", mode, "-seed", 9, code=0)
    files = sorted(os.path.join(d, f) for d, _, names in os.walk(os.path.abspath(f"pipe-{mode}")) for f in names if f.endswith(".fits"))
    found = {(one["file"], one["extension"]): one for one in map(json.loads, run("imstats", "-format", "json", *files, code=0).stdout.splitlines())}
    for words in (["-format", "json"], []):
        db = f"{mode}{len(words)}.db"
        run("imregister", "-db", db, f"pipe-{mode}", code=0)
        out = run("imstatreg", "-db", db, stdin=run("imstats", *words, *files, code=0).stdout, code=0)
        got = {(r["pathname"] + "/" + r["filename"], r["extension"]): r for r in rows(db)}
        equal(sorted(got), sorted(found), f"{mode} {words}: images")
        for key, one in found.items():
            for value in ("bias", "sky", "fwhm"):
                near = 1e-7 if words else 1e-3  # the table has some digits
                same = got[key][value] is None if one[value] is None else got[key][value] is not None and abs(got[key][value] - one[value]) <= near * abs(one[value])
                check(same, f"{mode} {words}: {value} of {key}: {got[key][value]}, imstats says {one[value]}")
            check(got[key]["procstate"] & 15 == 5, f"{mode} {words}: {key}: bias and sky are measured: {got[key]['procstate']}")
finish()
