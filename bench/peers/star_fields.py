# FWHM of the real star fields in shared/data/fits/f: imstats, source-extractor, and a reference that is neither of them.
# star_fields.py BIN_DIR FITS_DIR [FILE...]; of all files the medians go to bench/results/star_fields.json; needs numpy, astropy and source-extractor.
#
# source-extractor: its own defaults but a threshold of 3 sigma; the median FWHM_IMAGE of stars with FLAGS = 0 (no neighbour, not
# saturated, not cut), FLUX_AUTO of 20 errors or more and ELONGATION below 1.5, after objects more than 30 % away from the mode of
# FWHM_IMAGE (the densest third: galaxies, blends and cosmic rays lie elsewhere) are dropped.
# Reference: least squares of a Gaussian and of a Moffat, both elliptical, to each of up to 60 of the brightest stars that stand alone and
# are not saturated; the median of those that agree, chosen in the same way. No code is shared with imstats.
# A field is left out of the comparison when the reference has fewer than three stars, or Moffat and Gaussian differ by more than
# 15 %: then nobody knows its FWHM.
import json, os, subprocess, sys, tempfile, warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter("ignore")
BIN, FOLDER = sys.argv[1], sys.argv[2]
FEWEST = 3


def agreeing(values):
    """The values within 30 % of the middle of the shortest interval that holds a third of them."""
    values = np.sort(np.asarray(values, float))
    if len(values) < FEWEST:
        return values
    third = max(2, len(values) // 3)
    spans = np.log(values[third - 1:] / values[:len(values) - third + 1])
    first = int(np.argmin(spans))
    middle = np.median(values[first:first + third])
    return values[np.abs(values / middle - 1) < 0.3]


def profile(p, x, y, beta):
    """height, sky, x, y and the inverse covariance by its Cholesky factors; beta 0: a Gaussian."""
    dx, dy = x - p[2], y - p[3]
    u, v = np.exp(p[4]) * dx + p[6] * dy, np.exp(p[5]) * dy
    q = u * u + v * v
    return p[0] * (np.exp(-q) if beta is None else (1 + q / np.exp(beta)) ** -np.exp(beta)) + p[1]


def fit(stamp, moffat):
    """FWHM of one star (the geometric mean of the axes), or None. Levenberg and Marquardt's method."""
    half = stamp.shape[0] // 2
    y, x = np.mgrid[-half:half + 1, -half:half + 1].astype(float)
    good = np.isfinite(stamp)
    x, y, z = x[good], y[good], stamp[good]
    p = np.array([z.max() - np.median(z), np.median(z), 0, 0, -0.7, -0.7, 0] + ([1.0] if moffat else []))
    model = lambda p: profile(p, x, y, p[7] if moffat else None)
    rest, damping = model(p) - z, 1e-2
    for _ in range(80):
        steps = 1e-5 * np.maximum(np.abs(p), 1e-2)
        jacobian = np.stack([(model(p + step * unit) - model(p)) / step for step, unit in zip(steps, np.eye(len(p)))], 1)
        normal, slope = jacobian.T @ jacobian, jacobian.T @ rest
        try:
            change = -np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), slope)
        except np.linalg.LinAlgError:
            return None
        tried = p + change
        if moffat:
            tried[7] = np.clip(tried[7], 0.2, 4)
        tried[4:6] = np.clip(tried[4:6], -3.5, 1.5)
        other = model(tried) - z
        if not np.all(np.isfinite(other)):
            return None
        if other @ other < rest @ rest:
            done = rest @ rest - other @ other < 1e-7 * (rest @ rest)
            p, rest, damping = tried, other, damping / 4
            if done:
                break
        else:
            damping *= 5
            if damping > 1e8:
                break
    power = np.exp(p[7]) if moffat else None
    unit = np.log(2) if not moffat else power * (2 ** (1 / power) - 1)
    a, b = np.exp(p[4]), np.exp(p[5])
    fwhm = 2 * np.sqrt(unit / (a * b))
    if not p[0] > 0 or abs(p[2]) > 1.5 or abs(p[3]) > 1.5 or np.std(rest) > 0.1 * p[0]:
        return None
    # The axes: singular values of the factor.
    axes = np.linalg.svd(np.array([[a, p[6]], [0, b]]), compute_uv=False)
    return fwhm if 0.8 < fwhm < stamp.shape[0] and axes[0] / axes[1] < 1.6 else None


def reference(image, top):
    """(Moffat, Gaussian, stars) by stars that stand alone."""
    known = image[np.isfinite(image)]
    sky = np.median(known)
    noise = 1.4826 * np.median(np.abs(known - sky)) or 1.0
    padded = np.pad(np.nan_to_num(image, nan=sky), 2, mode="edge")
    shifts = [padded[i:i + image.shape[0], k:k + image.shape[1]] for i in range(5) for k in range(5)]
    peaks = (image >= np.max(shifts, 0)) & (image > sky + 5 * noise)
    rows, columns = np.nonzero(peaks)
    heights = image[rows, columns] - sky
    chosen, half = [], 10
    for i in np.argsort(-heights):
        y, x = rows[i], columns[i]
        if len(chosen) >= 60 or heights[i] < 15 * noise:
            break
        if min(y, x, image.shape[0] - 1 - y, image.shape[1] - 1 - x) < half:
            continue
        near = (np.abs(rows - y) <= half + 3) & (np.abs(columns - x) <= half + 3) & (heights > 0.1 * heights[i])
        stamp = image[y - half:y + half + 1, x - half:x + half + 1]
        cross = np.sort([image[y - 1, x], image[y + 1, x], image[y, x - 1], image[y, x + 1]]) - sky
        if near.sum() == 1 and not (stamp >= top).any() and np.isfinite(stamp).mean() > 0.95 and cross[1] > 0.1 * heights[i]:
            chosen.append(stamp)
    out = []
    for moffat in (True, False):
        widths = agreeing([w for w in (fit(stamp, moffat) for stamp in chosen) if w])
        out.append(np.median(widths) if len(widths) else np.nan)
        count = len(widths)
    return (*out, count)


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
        top = hdu.header.get("SATURATE", np.inf)
        if (image == image.max()).sum() >= 10:
            top = min(top, image.max())
        top = float(min(top, 65535 if hdu.header["BITPIX"] == 16 else 1e30))
        fits.PrimaryHDU(image.astype("f4")).writeto(f"{folder}/plain.fits")
        with open(f"{folder}/default.sex", "w"):
            pass
        peer, peers = extracted(f"{folder}/plain.fits", top, folder)
        moffat, gauss, stars = reference(image, top)
    known = stars >= FEWEST and abs(gauss / moffat - 1) < 0.15
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
