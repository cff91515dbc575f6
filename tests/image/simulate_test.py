# imsim's files seen by others: astropy (headers, WCS, spherical astronomy), fitsverify, numpy (levels, FWHM),
# against truth.csv and stars.csv.
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

SOURCE, BIN, DATA = sys.argv[1:4]
IMSIM = os.path.join(BIN, "imsim")
if not os.path.exists(IMSIM):
    print("skipped: no", IMSIM)
    sys.exit(77)
try:
    import numpy as np
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_sun
    from astropy.io import fits
    from astropy.time import Time
    from astropy.utils import iers
    from astropy.wcs import WCS
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

iers.conf.auto_download = False
warnings.simplefilter("ignore")
failures = []
checks = 0


def check(ok, what):
    global checks
    checks += 1
    if not ok:
        failures.append(what)


def near(measured, expected, tolerance, what):
    check(abs(measured - expected) <= tolerance, f"{what}: {measured}, not {expected} within {tolerance}")


def section(text):
    a, b = text.strip("[]").split(",")
    return [int(v) for v in a.split(":") + b.split(":")]


def cut(data, text):
    x1, x2, y1, y2 = section(text)
    return data[y1 - 1:y2, x1 - 1:x2]


def moffat(dx, dy, fwhm):
    alpha = fwhm / (2 * np.sqrt(2 ** (1 / 3) - 1))
    return 2 / (np.pi * alpha ** 2) * (1 + (dx ** 2 + dy ** 2) / alpha ** 2) ** -3


def fit_star(stamp, dx, dy, fwhm):
    """Flux and FWHM that fit best: a search over FWHM, flux and level by least squares."""
    best = None
    for trial in np.arange(0.85, 1.16, 0.01) * fwhm:
        matrix = np.stack([moffat(dx, dy, trial).ravel(), np.ones(stamp.size)], 1)
        weights = 1 / np.sqrt(np.maximum(stamp.ravel(), 1))
        solution = np.linalg.lstsq(matrix * weights[:, None], stamp.ravel() * weights, rcond=None)[0]
        rest = np.sum(((matrix @ solution - stamp.ravel()) * weights) ** 2)
        if best is None or rest < best[0]:
            best = (rest, trial, solution[0])
    return best[1], best[2]


def check_header(header, row, chip_count):
    t = Time(row["obstime"].rstrip("Z"), scale="utc")
    name = row["path"] + " " + header.get("EXTNAME", "")
    near(Time(header["DATE-OBS"] + "T" + ":".join(f"{float(v):05.2f}" if i == 2 else f"{int(v):02d}" for i, v in
              enumerate(header["UTC-OBS"].split(":"))), scale="utc").unix, t.unix, 0.011, name + " UTC-OBS")
    near(header["MJD-OBS"] * 86400, t.mjd * 86400, 0.02, name + " MJD-OBS")
    near(header["EXPTIME"], float(row["exptime"]), 1e-6, name + " EXPTIME")
    near((header["MJDEND"] - header["MJD-OBS"]) * 86400, header["EXPTIME"], 0.03, name + " MJDEND")
    check(header["OBSTYPE"].strip().lower() == row["type"], name + " OBSTYPE")
    check(header["FILTER"] == row["filter"] and header["OBJECT"] == row["object"], name + " FILTER, OBJECT")
    check(header["ORIGIN"] == "imreg imsim" and "CFHT" not in repr(header), name + " pretends to be real")
    near(header["AIRMASS"], float(row["airmass"]), 1e-9, name + " AIRMASS")
    pointing = SkyCoord(header["RA"], header["DEC"], unit=(u.hourangle, u.deg))
    truth = SkyCoord(float(row["ra"]) * u.deg, float(row["dec"]) * u.deg)
    check(pointing.separation(truth).arcsec < 0.15, name + " RA, DEC")
    near(header["RA_DEG"], truth.ra.deg, 1e-6, name + " RA_DEG")
    near(header["DEC_DEG"], truth.dec.deg, 1e-6, name + " DEC_DEG")
    check(header["NCCDS"] == chip_count, name + " NCCDS")
    return t, truth


def check_sky(header, t, place):
    """Our simple astronomy against astropy's: no precession in ours, so a quarter of a degree."""
    site = EarthLocation(lat=19.8252 * u.deg, lon=-155.4689 * u.deg, height=4200 * u.m)
    seen = place.transform_to(AltAz(obstime=t, location=site))
    near(header["TELALT"], seen.alt.deg, 0.25, header["FILENAME"] + " TELALT")
    near(header["AIRMASS"], 1 / np.cos(np.radians(90 - seen.alt.deg)), 0.03, header["FILENAME"] + " AIRMASS")
    lst = sum(float(v) / 60 ** i for i, v in enumerate(header["LST-OBS"].split(":"))) * 15
    expected = t.sidereal_time("mean", longitude=-155.4689 * u.deg).deg
    near((lst - expected + 180) % 360 - 180, 0, 0.01, header["FILENAME"] + " LST")
    sun = get_sun(t).transform_to(AltAz(obstime=t, location=site)).alt.deg
    if header["OBSTYPE"].strip() == "OBJECT":
        check(sun < -14.5, header["FILENAME"] + f" object with the sun at {sun}")
    if header["OBSTYPE"].strip() == "FLAT":
        check(-9 < sun < -2, header["FILENAME"] + f" flat with the sun at {sun}")


def check_pixels(hdu, row, stars):
    header, data = hdu.header, hdu.data.astype(float)
    name = f"{row['path']}[{row['extension']}]"
    check(hdu.data.dtype == np.uint16, name + " is not unsigned 16 bit")
    over = np.concatenate([cut(data, header["BSECA"]).ravel(), cut(data, header["BSECB"]).ravel()])
    near(np.median(over), float(row["bias"]), 1.0, name + " overscan")
    spread = 1.4826 * np.median(np.abs(over - np.median(over)))
    near(spread, header["RDNOISE"] / header["GAIN"], 0.8, name + " read noise")
    good = cut(data, header["DATASEC"]) - float(row["bias"])
    sky = float(row["sky"])
    noise = np.sqrt(max(sky, 0) / header["GAIN"] + (header["RDNOISE"] / header["GAIN"]) ** 2)
    near(np.median(good), sky, 0.005 * sky + 0.15 * noise + 1, name + " sky")
    if row["type"] != "object":
        return []
    w = WCS(header)
    mine = [s for s in stars if s["path"] == row["path"] and s["extension"] == row["extension"]]
    check(len(mine) == int(row["stars"]), name + " star count")
    xy = np.array([[float(s["x"]), float(s["y"])] for s in mine])
    sky_xy = np.array(w.all_world2pix([float(s["ra"]) for s in mine], [float(s["dec"]) for s in mine], 1)).T
    near(np.abs(sky_xy - xy).max(), 0, 0.01, name + " stars against the WCS")
    center = w.all_pix2world(header["CRPIX1"], header["CRPIX2"], 1)
    near(float(center[0]), float(row["ra"]), 1e-6, name + " WCS centre")
    # Bright stars that stand alone, away from edges, unsaturated.
    found, fwhm, flux = [], float(row["fwhm"]), np.array([float(s["flux"]) for s in mine])
    x1, x2, y1, y2 = section(header["DATASEC"])
    for i in np.argsort(-flux):
        x, y = xy[i]
        r = int(round(2.5 * fwhm))
        peak = flux[i] * moffat(0, 0, fwhm)
        if peak > 45000 or peak < 25 * noise or not (x1 + r < x < x2 - r and y1 + r < y < y2 - r):
            continue
        distance = np.hypot(*(xy - xy[i]).T)
        if any((distance > 0) & (distance < 6 * fwhm) & (flux > 0.02 * flux[i])):
            continue
        cx, cy = int(round(x)), int(round(y))
        yy, xx = np.mgrid[cy - r:cy + r + 1, cx - r:cx + r + 1]
        stamp = data[cy - 1 - r:cy + r, cx - 1 - r:cx + r] - float(row["bias"])
        found.append(tuple(np.array(fit_star(stamp, xx - x, yy - y, fwhm)) / (fwhm, flux[i])))
        if len(found) == 4:
            break
    return found


def check_mosaic(headers):
    """DETSEC and the WCS tell the same story on all chips: one linear map from mosaic pixels to the tangent plane."""
    seen = []
    for header in headers:
        d, m = section(header["DATASEC"]), section(header["DETSEC"])
        w = WCS(header)
        for x, y, mx, my in ((d[0], d[2], m[0], m[2]), (d[1], d[3], m[1], m[3]), (d[0], d[3], m[0], m[3])):
            plane = w.wcs.cd @ (np.array([x, y]) - w.wcs.crpix)
            seen.append([mx, my, plane[0], plane[1]])
    seen = np.array(seen)
    matrix = np.column_stack([seen[:, 0], seen[:, 1], np.ones(len(seen))])
    for axis in (2, 3):
        solution = np.linalg.lstsq(matrix, seen[:, axis], rcond=None)[0]
        near(np.abs(matrix @ solution - seen[:, axis]).max() * 3600, 0, 1e-3, "DETSEC against the WCS, arcsec")
    size = section(headers[0]["DETSIZE"])
    for header in headers:
        m = section(header["DETSEC"])
        check(min(m) >= 1 and max(m[:2]) <= size[1] and max(m[2:]) <= size[3], "DETSEC outside DETSIZE")


def run(mode, ccds, folder):
    command = [IMSIM, "-o", folder, "-nights", "1", "-ccds", str(ccds), "-mode", mode, "-seed", "11", "-stars"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    rows = list(csv.DictReader(open(os.path.join(folder, "truth.csv"))))
    stars = list(csv.DictReader(open(os.path.join(folder, "stars.csv"))))
    paths = sorted({row["path"] for row in rows})
    on_disk = sorted(os.path.relpath(os.path.join(d, f), folder) for d, _, names in os.walk(folder)
                     for f in names if not f.endswith(".csv"))
    check(paths == on_disk, mode + ": truth.csv does not name the files on the disk")
    if shutil.which("fitsverify"):
        command = ["fitsverify", "-q"] + [os.path.join(folder, p) for p in paths]
        out = subprocess.run(command, capture_output=True, text=True).stdout
        check(out.count("verification OK") == len(paths) and "FAILED" not in out, mode + ": fitsverify\n" + out[:2000])
    measured = []
    for path in paths:
        mine = [row for row in rows if row["path"] == path]
        number = os.path.basename(path)[:7]
        check(number[:6].isdigit() and number[6] == mine[0]["type"][0], path)
        with fits.open(os.path.join(folder, path)) as hdus:
            for hdu in hdus:
                hdu.verify("exception")
            check(len(hdus) == (ccds + 1 if mode == "mef" else 1), path + " number of HDUs")
            if mode == "mef":
                check(hdus[0].header["NEXTEND"] == ccds == len(mine), path + " NEXTEND")
                check_sky(hdus[0].header, *check_header(hdus[0].header, mine[0], ccds))
            for row in mine:
                hdu = hdus[int(row["extension"])]
                check(hdu.header["EXTNAME"] == "ccd%02d" % int(row["ccd"]), path + " EXTNAME")
                check(hdu.header["EXTVER"] == int(row["ccd"]), path + " EXTVER")
                check_header(hdu.header, row, ccds)
                measured += check_pixels(hdu, row, stars)
            if mode == "mef":
                check_mosaic([hdu.header for hdu in hdus[1:]])
    check(len(measured) > 50, f"{mode}: only {len(measured)} stars to measure")
    fwhm, flux = np.median(np.array(measured), 0)
    near(fwhm, 1, 0.01, mode + " FWHM / truth")
    near(flux, 1, 0.01, mode + " flux / truth")
    worst = np.percentile(np.abs(np.array(measured)[:, 0] - 1), 90)
    check(worst < 0.06, f"{mode}: a tenth of the stars have a FWHM wrong by more than {worst:.3f}")
    print(f"{mode}: {len(paths)} files, {len(measured)} stars, FWHM / truth {fwhm:.4f}, flux / truth {flux:.4f}")


with tempfile.TemporaryDirectory() as top:
    run("mef", 4, os.path.join(top, "mef"))
    run("split", 3, os.path.join(top, "split"))
for failure in failures[:40]:
    print("FAILED", failure)
print(checks, "checks,", len(failures), "failures")
sys.exit(1 if failures else 0)
