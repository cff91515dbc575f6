"""FWHM of all real star fields against fits of single stars that share no code with imstats (star_reference.py): each within 2.5 %, the median
within 1 %; and where imstats finds no FWHM the reference has no three stars that agree."""
import warnings

import numpy as np
from astropy.io import fits
from harness import *
from star_reference import FEWEST, is_known, reference, saturation

if not os.path.isdir(FITS):
    skip("no real files")
warnings.simplefilter("ignore")
paths = [os.path.join(FITS, folder, name) for folder in "abcdefg" for name in sorted(os.listdir(os.path.join(FITS, folder)))]
away, unknown, none, seen = {}, [], 0, set()
for line in run("imstats", "-format", "json", *paths, code=4, timeout=600).stdout.splitlines():
    one = json.loads(line)
    failed = one["fwhm"] is None and one["sky"] is not None and "no FWHM" in (one["reason"] or "")
    what = (one["fwhm"], one["stars"], one["pixels"], one["sky"])  # the same field is there packed in several ways
    if not (one["fwhm"] or failed) or one["slice"] > 0 or not one["sigma"] or what in seen:
        continue
    seen.add(what)
    try:
        with fits.open(one["file"]) as file:
            image, header = file[one["extension"]].data.astype(float), file[one["extension"]].header
    except OSError:  # .Z
        continue
    if image.ndim != 2 or min(image.shape) < 64:
        continue
    moffat, gauss, stars = reference(image, saturation(image, header))
    name = os.path.relpath(one["file"], FITS)
    if failed:
        none += 1
        check(stars < FEWEST, f"{name}: imstats finds no FWHM ({one['reason']}), the reference {moffat:.3f} of {stars} stars")
    elif is_known(moffat, gauss, stars):
        away[name] = 100 * (one["fwhm"] / moffat - 1)
        check(abs(away[name]) < 2.5, f"{name}: FWHM {one['fwhm']:.3f} of {one['stars']} stars; single stars: {moffat:.3f} of {stars}")
    else:
        unknown.append(name)
median = np.median(np.abs(list(away.values())))
print(f"{len(away)} fields, median deviation {median:.2f} %, at most {max(map(abs, away.values())):.2f} %; {len(unknown)} without a reference; {none} without stars")
print(", ".join(f"{name} {percent:+.1f}" for name, percent in away.items()))
print("without a reference:", ", ".join(unknown))
check(len(away) >= 11 and none >= 25, "few were compared")
check(median < 1, f"median deviation {median}")
finish()
