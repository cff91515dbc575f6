"""imlook's pictures as they were when a person looked at them (tests/programs/golden): decoded pixels are compared, so that a change that nobody
wanted is seen. IMREG_RENEW=1 writes them anew: look at each one before it is committed."""
import numpy as np
from PIL import Image
from astropy.io import fits
from harness import *

GOLDEN = os.path.join(SOURCE, "tests", "programs", "golden")
RENEW = os.environ.get("IMREG_RENEW") == "1"


def exposures():
    """One exposure of 4 CCDs in each of three filters, the third one with pixels that are none; a cube; a spectrum."""
    run("imsim", "-o", "night", "-ccds", 4, "-objects", 16, "-size", "96x128", code=0), run("imregister", "-db", "n.db", "night")
    found = [json.loads(l) for l in run("imsearch", "-db", "n.db", "-type", "object", "-ccd", 0, "-sort", "obstime", "-format", "json").stdout.splitlines()]
    files = [os.path.join(r["pathname"], r["filename"]) for r in found]
    of = {}
    for row, path in zip(found, files):
        of.setdefault(row["filter"], path)
    y, x = np.indices((90, 120))
    image = 500 + x + 300 * np.exp(-((x - 60) ** 2 + (y - 40) ** 2) / 200)
    flags = (np.hypot(x - 20, y - 70) < 9).astype(np.int16)
    image[10:14, 100:] = np.nan
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image.astype(np.float32), name="SCI"), fits.ImageHDU(flags, name="DQ")]).writeto("flags.fits")
    cube = np.array([np.roll(image, 9 * k, axis=1) for k in range(7)], np.float32)
    fits.writeto("cube.fits", cube)
    wave = np.arange(600)
    spectrum = fits.PrimaryHDU((40 + wave / 20 + 30 * np.exp(-(wave - 200.0) ** 2 / 18) - 20 * np.exp(-(wave - 420.0) ** 2 / 50)).astype(np.float32))
    spectrum.header.update(CTYPE1="WAVE", CUNIT1="Angstrom", CRVAL1=4000.0, CDELT1=2.0, CRPIX1=1.0, OBJECT="Lines", BUNIT="ADU")
    spectrum.writeto("spectrum.fits")
    return files, of


def same(name, text=False):
    """`text`: letters are drawn with the fonts of the machine."""
    golden = os.path.join(GOLDEN, name)
    if RENEW:
        return shutil.copy(name, golden)
    got, wanted = (np.asarray(Image.open(p)).astype(int) for p in (name, golden))
    if not equal(got.shape, wanted.shape, f"{name}: size"):
        return
    away = np.abs(got - wanted)
    most = 4 if name.endswith(".jpg") else 1
    if text:
        check(away.mean() < 2 and (away > most).mean() < 0.05, f"{name}: {away.mean():.2f} levels away, {(away > most).mean():.4f} of all pixels")
    else:
        check(away.max() <= most, f"{name}: up to {away.max()} levels away, {np.count_nonzero(away > most)} pixels")


def pictures():
    files, of = exposures()
    first, third = files[0], files[2]
    filters = [of[f] for f in sorted(of)][:3]
    check(len(filters) == 3, f"three filters: {of}")
    for name, text, *words in (("mosaic.png", False, first), ("asinh_heat.png", False, "-stretch", "asinh", "-palette", "heat", first),
                               ("histeq_dusk_negative.png", False, "-stretch", "histeq", "-palette", "dusk", "-negative", third),
                               ("region_log_ocean.png", False, "-stretch", "log", "-palette", "ocean", "-region", "41:160,61:200", first),
                               ("small_sqrt.png", False, "-stretch", "sqrt", "-size", 90, first), ("label_stars.png", True, "-label", "-stars", first),
                               ("rgb.png", False, "-rgb", *filters), ("flags.png", False, "flags.fits"), ("acsql.jpg", False, "-stretch", "acsql", first),
                               ("thumb.jpg", False, "-thumb", first), ("collapse.png", False, "-collapse", "median", "-stretch", "linear", "cube.fits"),
                               ("spectrum.png", True, "-size", 480, "spectrum.fits")):
        run("imlook", "-o", name, *words, code=0)
        same(name, text)
    run("imlook", "-db", "n.db", "-type", "object", "-size", 96, "-title", "Objects of a night", "-sheet", "sheet.png", code=0)
    same("sheet.png", text=True)


guarded(pictures)
finish()
