# FWHM of the real star fields in shared/data/fits/f: imstats, source-extractor, and a reference that is neither of them.
# star_fields.py BIN_DIR FITS_DIR [FILE...]; of all files the medians go to bench/results/star_fields.json; needs numpy, astropy and source-extractor.
#
# source-extractor: its own defaults but a threshold of 3 sigma; the median FWHM_IMAGE of stars with FLAGS = 0 (no neighbour, not
# saturated, not cut), FLUX_AUTO of 20 errors or more and ELONGATION below 1.5, after objects more than 30 % away from the mode of
# FWHM_IMAGE (the densest third: galaxies, blends and cosmic rays lie elsewhere) are dropped.
# The reference, and which fields it knows: tests/programs/star_reference.py.
import json, os, subprocess, sys, tempfile, warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter("ignore")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "programs"))
from star_reference import FEWEST, agreeing, is_known, reference, saturation

BIN, FOLDER = sys.argv[1], sys.argv[2]


def extracted(path, top, folder):
    """Median FWHM_IMAGE and its number of stars."""
    names = ["FWHM_IMAGE", "FLAGS", "FLUX_AUTO", "FLUXERR_AUTO", "ELONGATION"]
    with open(f"{folder}/names.param", "w") as file:
        file.write("\n".join(names) + "\n")
    out = subprocess.run(["source-extractor", path, "-c", f"{folder}/default.sex", "-PARAMETERS_NAME", f"{folder}/names.param", "-FILTER", "N", "-CATALOG_NAME",
                          f"{folder}/found.cat", "-DETECT_THRESH", "3", "-ANALYSIS_THRESH", "3", "-SATUR_LEVEL", str(min(top, 1e9)), "-SATUR_KEY", "NONE",
                          "-VERBOSE_TYPE", "QUIET"], capture_output=True, text=True, cwd=folder)
    if out.returncode != 0:
        sys.exit(f"source-extractor {path}: {out.stderr}")
    found = np.loadtxt(f"{folder}/found.cat", ndmin=2)
    os.remove(f"{folder}/found.cat")
    if found.size == 0:
        return np.nan, 0
    width, flags, flux, error, elongation = found.T
    good = agreeing(width[(flags == 0) & (flux > 20 * error) & (elongation < 1.5) & (width > 0.8)])
    return (np.median(good) if len(good) >= FEWEST else np.nan), len(good)


def shown(value, form):
    return format(value, form) if np.isfinite(value) else "-".rjust(int(form.lstrip("+").split(".")[0]))


print(f"{'field':<28}{'imstats':>8}{'stars':>6}{'s-e':>8}{'stars':>6}{'Moffat':>8}{'Gauss':>8}{'stars':>6}{'imstats %':>11}{'s-e %':>8}")
ours, theirs = [], []
for name in sys.argv[3:] or sorted(os.listdir(FOLDER)):
    path = os.path.join(FOLDER, name)
    out = subprocess.run([os.path.join(BIN, "imstats"), "-format", "json", path], capture_output=True, text=True).stdout.splitlines()
    if len(out) != 1:
        continue
    got = json.loads(out[0])
    if got["sky"] is None or got["sigma"] == 0:
        continue
    with fits.open(path) as file, tempfile.TemporaryDirectory() as folder:
        hdu = file[got["extension"]]
        image = hdu.data.astype(float)
        if image.ndim != 2 or min(image.shape) < 64:
            continue
        top = saturation(image, hdu.header)
        fits.PrimaryHDU(image.astype("f4")).writeto(f"{folder}/plain.fits")
        with open(f"{folder}/default.sex", "w"):
            pass
        peer, peers = extracted(f"{folder}/plain.fits", top, folder)
        moffat, gauss, stars = reference(image, top)
    known = is_known(moffat, gauss, stars)
    fwhm = got["fwhm"] or np.nan
    off, peer_off = (100 * (value / moffat - 1) if known else np.nan for value in (fwhm, peer))
    if known:
        ours.append(off), theirs.append(peer_off)
    print(f"{name:<28}{shown(fwhm, '8.3f')}{got['stars'] or 0:>6}{shown(peer, '8.3f')}{peers:>6}{shown(moffat, '8.3f')}{shown(gauss, '8.3f')}{stars:>6}"
          f"{shown(off, '+11.1f')}{shown(peer_off, '+8.1f')}{'' if known else '  no reference: not compared'}")
both = np.isfinite(ours) & np.isfinite(theirs)
if both.any():
    mine, peers = (float(np.median(np.abs(np.array(values)[both]))) for values in (ours, theirs))
    print(f"median deviation of {both.sum()} fields: imstats {mine:.1f} %, source-extractor {peers:.1f} %; goal: no worse, {'met' if mine <= peers else 'NOT met'}")
    print("no FWHM: imstats", np.isnan(ours).sum(), "source-extractor", np.isnan(theirs).sum(), "of", len(ours), "fields with a reference")
    if len(sys.argv) == 3:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results", "star_fields.json"), "w") as file:
            json.dump({"fields": int(both.sum()), "imstats_percent": round(mine, 2), "source_extractor_percent": round(peers, 2),
                       "imstats_without_fwhm": int(np.isnan(ours).sum()), "source_extractor_without_fwhm": int(np.isnan(theirs).sum())}, file, indent=1)
            file.write("\n")
