"""The step that is built into imelixir: behind it the rows hold what imstats prints, for files of every kind, and each line goes on to the
next queue; a camera table that imsort was told of is the step's, too."""
import gzip, warnings

import numpy as np
from astropy.io import fits
from harness import *

warnings.simplefilter("ignore")
random = np.random.default_rng(3)
SECTIONS = {"BIASSEC": "[1:16,1:160]", "DATASEC": "[17:176,1:160]"}


def frame(sky):
    """Overscan of 16 columns, sky, 25 round stars."""
    y, x = np.mgrid[:160, :176]
    out = random.normal(300, 3, (160, 176))
    out[:, 16:] += random.normal(sky, 8, (160, 160))
    for i in range(5):
        for j in range(5):
            out += 4000 * np.exp(-((x - 32.3 - 31 * i) ** 2 + (y - 16.2 - 31 * j) ** 2) / (2 * 1.7 ** 2))
    return np.round(out).astype("u2")


def hdu(pixels, primary=False, **keys):
    out = (fits.PrimaryHDU if primary else fits.ImageHDU)(pixels)
    for key, value in ({**KEYS, **keys} if primary else keys).items():
        out.header[key] = value
    return out


def save(name, *hdus):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    fits.HDUList(list(hdus)).writeto(name)


def measured(*args):
    return {(one["file"], one["extension"], one["slice"]): one
            for one in map(json.loads, run("imstats", "-format", "json", *args).stdout.splitlines())}


def compare(db, wanted, what):
    """Rows with what imstats says of the same pixels."""
    got = {(r["pathname"] + "/" + r["filename"], r["extension"], r["slice"]): r for r in rows(db)}
    equal(sorted(got), sorted(wanted), f"{what}: images")
    for key, one in wanted.items():
        for value in ("bias", "sky", "fwhm"):
            want = None if one[value] is None else float(np.float32(one[value]))
            have = None if key not in got or got[key][value] is None else float(np.float32(got[key][value]))
            equal(have, want, f"{what}: {value} of {key}")


mef = [frame(600 + 50 * i) for i in range(2)]
save("plain/single.fits", hdu(frame(500), True, **SECTIONS))
save("plain/mosaic.fits", hdu(None, True), *[hdu(c, EXTNAME=f"ccd{i:02}", **SECTIONS) for i, c in enumerate(mef)])
save("plain/cube.fits", hdu(np.stack([frame(700 + 20 * i) for i in range(3)]), True, **SECTIONS))
save("plain/amplifiers.fits", hdu(None, True), *[hdu(frame(800 + 40 * i), EXTNAME=f"amp{i}", CCDNAME=f"chip {i // 2}", AMPSEC=f"[{i}:1,1:1]", **SECTIONS) for i in range(4)])
tiles = [fits.CompImageHDU(c, compression_type="RICE_1", name=f"ccd{i:02}") for i, c in enumerate(mef)]
for one in tiles:
    one.header.update(SECTIONS)
save("plain/tiles.fits.fz", hdu(None, True), *tiles)
write("plain/packed.fits.gz", gzip.compress(read("plain/single.fits")))
save("plain/bias.fits", hdu(frame(0), True, **{**SECTIONS, "OBSTYPE": "BIAS"}))
for i in range(2):
    save(f"split/700001o/700001o{i:02}.fits", hdu(frame(900 + 30 * i), True, EXTNAME=f"ccd{i:02}", **SECTIONS))

db = "n.db"
next_step = write("next", '#!/bin/sh\necho "$@" >> ' + f"{work}/went_on\n")
os.chmod(next_step, 0o755)
rc = write("n.rc", f"QUEUE_IMSTAT all\nSTEP_IMSTAT imstats\nNEXT_IMSTAT AFTER\nSTEP_AFTER {work}/next {{path}} {{extension}} {{slice}}\n")
plain, split = (sorted(os.path.join(d, f) for d, _, files in os.walk(os.path.abspath(top)) for f in files) for top in ("plain", "split"))
run("imsort", "-c", rc, "-db", db, *plain, code=0)
run("imsort", "-c", rc, "-db", db, "-split", *split, code=0)
run("imelixir", "-c", rc, "-db", db, "-once", "-j", "2", code=0)
wanted = {**measured(*plain), **measured("-split", *split)}
check(len(wanted) == 1 + 2 + 4 + 2 + 2 + 1 + 1 + 2 and sum(one["fwhm"] is not None for one in wanted.values()) > 10, f"images with stars: {len(wanted)}")
compare(db, wanted, "the built-in step")
equal(sorted(read("went_on").decode().splitlines()), sorted(f"{p} {e} {s}" for p, e, s in wanted), "each line goes on once")

# A table that nobody finds by itself, for files that name their overscan as others do not.
os.makedirs("tables")
table = write("tables/tc.cam", "camera tc\nlike generic\nbiassec OVRSC\ndatasec GOODPIX\n")
save("own/a.fits", hdu(frame(400), True, OVRSC=SECTIONS["BIASSEC"], GOODPIX=SECTIONS["DATASEC"]))
own = os.path.abspath("own/a.fits")
check(measured("-camera", table, own)[own, 0, 0]["bias"] is not None and measured(own)[own, 0, 0]["bias"] is None, "only the table knows the overscan")
for camera in ([], ["-camera", table]):
    db = f"own{len(camera)}.db"
    run("imsort", "-db", db, "-camera", table, own, code=0)
    run("imelixir", "-db", db, "-once", *camera, code=0)
    compare(db, measured(*camera, own), f"imelixir {camera}")
# A file that goes: of a row that is there still, in the queue and from imstats.
run("imsort", "-db", "gone.db", image("gone/x.fits"), code=0)
os.remove("gone/x.fits")
fails(4, ["gone/x.fits", "image is unavailable: there is no such file"], "imstats", "gone/x.fits")
run("imelixir", "-db", "gone.db", "-once", "-D", "QUEUE_IMSTAT", "all", "-D", "STEP_IMSTAT", "imstats", "-D", "TRIES_IMSTAT", "1", code=4)
equal([r["result"].split(": ", 1)[1].split(": ", 1)[-1] for r in rows("gone.db.queue/IMSTAT.queue")], ["image is unavailable: there is no such file"], "in the queue")
fails(2, ["no camera table", "nosuch"], "imelixir", "-db", db, "-once", "-camera", "nosuch")
finish()
