# FWHM, ellipticity and star counts of imstats against frames whose truth is known, made here with numpy: Gaussian and Moffat stars
# of 2 to 8 pixels, few, many, crowded, faint, among cosmic rays and galaxies; and frames that have no FWHM to give.
import numpy as np

from harness import *

random = np.random.default_rng(20261122)


def star(image, x, y, peak, fwhm, profile, noise, ellipticity=0.0, angle=0.0):
    """Adds a star at pixel centres. `profile`: the beta of a Moffat function, 0 for a Gaussian. fwhm: of the geometric mean."""
    stretch = 1 / np.sqrt(1 - ellipticity)
    if profile == 0:
        reach = fwhm * stretch * np.sqrt(np.log2(peak / noise * 100 + 2)) / 2 + 2
    else:
        reach = min(12 * fwhm, fwhm / 2 / np.sqrt(2 ** (1 / profile) - 1) * (peak / noise * 50 + 1) ** (0.5 / profile)) * stretch + 2
    x1, x2 = max(0, int(x - reach)), min(image.shape[1], int(x + reach) + 2)
    y1, y2 = max(0, int(y - reach)), min(image.shape[0], int(y + reach) + 2)
    if x1 >= x2 or y1 >= y2:
        return
    gy, gx = np.mgrid[y1:y2, x1:x2]
    along = (np.cos(angle) * (gx - x) + np.sin(angle) * (gy - y)) / stretch
    across = (-np.sin(angle) * (gx - x) + np.cos(angle) * (gy - y)) * stretch
    q = 4 * (along**2 + across**2) / fwhm**2
    image[y1:y2, x1:x2] += peak * (np.exp2(-q) if profile == 0 else (1 + (2 ** (1 / profile) - 1) * q) ** -profile)


def tracks(shape, rays, noise=10.0):
    image = np.zeros(shape)
    for _ in range(rays):
        x, y = random.uniform(0, shape[0], 2)
        dx, dy = random.uniform(-1, 1, 2)
        strength = noise * 10 ** random.uniform(1, 2.5)
        for _ in range(1 + int(min(3 * random.exponential(), 40))):
            if 0 <= x < shape[1] and 0 <= y < shape[0]:
                image[int(y), int(x)] += strength
            x, y = x + dx, y + dy
    return image


drawn = []  # stars of the last frame that must be found: bright, inside, alone


def frame(profile=0, fwhm=4.0, stars=300, size=768, sky=1000.0, noise=10.0, low=5, high=500, slope=0.0, cosmics=0, galaxies=0, **shape):
    """Stars with peaks of low to high in units of the sky's noise, the fainter the more; Poisson noise."""
    image = np.full((size, size), sky) + slope * np.add.outer(np.arange(size), 0.5 * np.arange(size)) / size
    peaks = noise * (low**-0.7 + random.uniform(size=stars) * (high**-0.7 - low**-0.7)) ** (-1 / 0.7)
    places = random.uniform(-5, size + 5, (stars, 2))
    for place, peak in zip(places, peaks):
        star(image, *place, peak, fwhm, profile, noise, **shape)
    drawn.clear()
    drawn.extend(place for place, peak in zip(places, peaks)
                 if peak > 8 * noise and min(*place, *(size - 1 - place)) > 20 and (peaks[np.hypot(*(places - place).T) < 3 * fwhm] > 0.3 * peak).sum() == 1)
    for _ in range(galaxies):
        star(image, *random.uniform(0, size, 2), noise * 10 ** random.uniform(0.7, 1.8), fwhm * random.uniform(1.3, 3), 0, noise,
             random.uniform(0, 0.7), random.uniform(0, np.pi))
    image += random.normal(size=image.shape) * np.sqrt(np.maximum(image, 0) * noise**2 / sky)
    return image + tracks(image.shape, cosmics, noise)


def smooth(image, sigma):
    ky, kx = (np.exp(-2 * (np.pi * sigma * f) ** 2) for f in (np.fft.fftfreq(image.shape[0]), np.fft.rfftfreq(image.shape[1])))
    return np.fft.irfft2(np.fft.rfft2(image) * np.outer(ky, kx), s=image.shape)


def shared(size, sigma, white=0.0):
    """Noise that neighbours share, as in images that were smoothed or resampled."""
    image = smooth(random.normal(size=(size, size)), sigma)
    return 1000 + 10 * image / image.std() + white * random.normal(size=image.shape)


written = 0


def write_frame(image, as_float=False, **keys):
    global written
    written += 1
    name = f"frame{written}.fits"
    if as_float:
        data, bitpix = image.astype(">f4"), -32
    else:
        data, bitpix = (np.clip(np.round(image), 0, 65535) - 32768).astype(">i2"), 16
        keys = {"BZERO": 32768, **keys}
    cards = [("SIMPLE", True), ("BITPIX", bitpix), ("NAXIS", 2), ("NAXIS1", image.shape[1]), ("NAXIS2", image.shape[0])]
    return write(name, header(cards, {**KEYS, **keys}) + pad(data.tobytes(), b"\0"))


def measured(*paths, args=(), code=None):
    lines = run("imstats", "-format", "json", *args, *paths, code=code, timeout=300).stdout.splitlines()
    return [json.loads(line) for line in lines]


# What is asked: the most that the FWHM may be off, in percent. Most stars that are bright and alone must be found.
cases = [("usual", 2, {"stars": 200}), ("many", 2, {"stars": 700}), ("crowded", 5, {"stars": 3500}), ("faint", 5, {"stars": 250, "low": 3, "high": 15}),
         ("few", 2.5, {"stars": 30}), ("among cosmic rays", 2, {"stars": 100, "cosmics": 200}), ("among galaxies", 2, {"stars": 100, "galaxies": 150}),
         ("on a slope", 2, {"stars": 200, "slope": 500.0}), ("on a dark sky", 2, {"stars": 200, "sky": 30.0, "noise": 1.5})]
paths, wanted = [], []
for profile in (0, 2.5, 3, 4.765) if LONG else (0, 3):
    for fwhm in (2, 2.5, 3, 4, 6, 8) if LONG else (2, 3.3, 8):
        for what, most, more in cases:
            paths.append(write_frame(frame(profile, fwhm, **more), as_float=len(paths) % 2 == 1))
            wanted.append((what, most, profile, fwhm, len(drawn), more["stars"]))
worst = {}
for (what, most, profile, fwhm, least, all_drawn), got in zip(wanted, measured(*paths, code=0)):
    name = f"{what}, beta {profile}, FWHM {fwhm}"
    if not check(got["fwhm"] is not None, f"{name}: no FWHM ({got['reason']})"):
        continue
    off = 100 * (got["fwhm"] / fwhm - 1)
    worst[what] = max(worst.get(what, 0), abs(off))
    check(abs(off) <= most, f"{name}: {got['fwhm']:.3f}, {off:+.2f} %")
    check(got["ellipticity"] < 0.1, f"{name}: round stars have an ellipticity of {got['ellipticity']:.3f}")
    part = {"among galaxies": 0.7}.get(what, 0.9)  # galaxies blend with them
    check(got["state"] == "ok" and part * least <= got["stars"] <= all_drawn + 150 * (what == "among galaxies"), f"{name}: {got['stars']} stars, {least} bright of {all_drawn}, state {got['state']}")
print("worst, percent:", ", ".join(f"{what} {off:.2f}" for what, off in worst.items()))

# Shapes, widths beyond the usual, Elixir's rule.
paths = [write_frame(frame(fwhm=w, ellipticity=e, angle=a)) for w, e, a in ((4, 0.2, 1.0), (5, 0.4, 2.5), (12, 0.0, 0.0))]
for got, (fwhm, ellipticity) in zip(measured(*paths, code=0), ((4, 0.2), (5, 0.4), (12, 0))):
    check(abs(got["fwhm"] / fwhm - 1) < 0.02, f"FWHM {fwhm}, ellipticity {ellipticity}: {got['fwhm']}")
    check(abs(got["ellipticity"] - ellipticity) < 0.02, f"FWHM {fwhm}, ellipticity {ellipticity}: {got['ellipticity']}")
path = write_frame(frame(3, 3.6, stars=400))
exact, elixir = measured(path)[0], measured(path, args=["-fwhm", "elixir"])[0]
check(exact["fwhm"] != elixir["fwhm"] and abs(elixir["fwhm"] / 3.6 - 1) < 0.03, f"Elixir's rule: {elixir['fwhm']}, not 3.6")
check(abs(exact["stars"] - elixir["stars"]) == 0, "the rule does not change the number of stars")

# Colour cameras: the pattern begins with any of its pixels, in any keyword, data region and type; a grey frame that claims one.
COLOURS = {"R": 0.5, "G": 1.0, "B": 0.7}
for n, (profile, fwhm) in enumerate([(0, 3), (3, 3), (3, 4.5), (0, 6), (3, 8)]):
    pattern, keyword = ["RGGB", "BGGR", "GRBG", "GBRG", "rggb"][n], ["BAYERPAT", "COLORTYP", "CFATYPE", "BAYERPAT", "BAYERPAT"][n]
    image = frame(profile, fwhm, stars=700, size=1301, low=8)
    colours = np.array([COLOURS[c] for c in pattern.upper()]).reshape(2, 2)
    image = image * (np.tile(colours, (651, 651))[:1301, :1301] if n < 4 else 1)
    data = image[4:, 3:]
    if n == 3:
        data[700:704, 900:904] = np.nan
        data[30:33, 50] = 70000
    got = measured(write_frame(image, as_float=n == 3, SATURATE=60000, DATASEC="[4:1301,5:1301]", BIASSEC="[1:3,1:1301]", **{keyword: pattern}))[0]
    stored = data if n == 3 else np.clip(np.round(data), 0, 65535)
    greens = stored.astype("f4")[(np.add.outer(np.arange(4, 1301), np.arange(3, 1301)) + (colours[0, 0] != 1)) % 2 == 0]
    sky = np.nanmedian(greens)
    name = f"{keyword} {pattern}, beta {profile}, FWHM {fwhm}"
    check(abs(got["sky"] - sky) < 1e-4 and abs(got["sigma"] / (1.4826022 * np.nanmedian(np.abs(greens - sky))) - 1) < 1e-4, f"{name}: {got}, sky {sky}")
    check(got["pixels"] == data.size and got["bad"] == np.isnan(data).sum() and got["saturated"] == (stored >= 60000).sum(), f"{name}: counts {got}")
    if check(got["fwhm"] is not None, f"{name}: {got['reason']}"):
        check(abs(got["fwhm"] / fwhm - 1) < 0.03 and got["ellipticity"] < 0.1, f"{name}: FWHM {got['fwhm']}")
        check(got["stars"] > 0.8 * len(drawn), f"{name}: {got['stars']} stars of {len(drawn)} bright ones")
    check(any("green" in note for note in got["notes"]) and got["state"] == "ok", f"{name}: {got['notes']}")
flipped = (frame(3, 3.5, stars=900, size=1000, low=8) * np.tile([[1.0, 0.5], [0.7, 1.0]], (500, 500)))[::-1]
for name, image, sky in (("rows of another order", flipped, 1000), ("a strip", flipped[300:420], 1000), ("a narrow strip", flipped.T[501:502], None)):
    got = measured(write_frame(image, BAYERPAT="GRBG"))[0]
    check(got["sky"] is not None and (sky is None or abs(got["sky"] - sky) < 3), f"{name}: sky {got['sky']}")
    if sky is not None and check(got["fwhm"] is not None, f"{name}: {got['reason']}"):
        check(abs(got["fwhm"] / 3.5 - 1) < 0.02, f"{name}: FWHM {got['fwhm']}")
got = measured(write_frame(random.normal(300, 5, (400, 300)), BAYERPAT="RGGB", OBSTYPE="BIAS"))[0]
check(abs(got["sky"] - 300) < 0.2 and got["state"] == "ok", f"a bias of a colour camera: {got}")
raw = measured(write_frame(image, BAYERPAT="XTRANS"), write_frame(image, COLORTYP="MONO"), write_frame(image))
equal([len(got["notes"]) for got in raw], [1, 0, 0], "what is no pattern is told")
for got in raw[:2]:
    equal({**got, "file": 0, "mtime": 0, "notes": []}, {**raw[2], "file": 0, "mtime": 0}, "what is no pattern")

# Stars that are saturated are no measure of anything; those that are not still are.
image = frame(stars=500, low=500, high=50000)
got = measured(write_frame(image))[0]
equal(got["saturated"], int((np.round(image) >= 65535).sum()), "pixels at the converter's top")
check(abs(got["fwhm"] / 4 - 1) < 0.02, f"saturated stars: {got['fwhm']}")
got = measured(write_frame(image, SATURATE=30000))[0]
equal(got["saturated"], int((np.round(image) >= 30000).sum()), "pixels at SATURATE")
image = np.minimum(image, 16383)  # a converter of 14 bits that no keyword tells of
got = measured(write_frame(image))[0]
equal(got["saturated"], int((np.round(image) >= 16383).sum()), "pixels piled up at the top")
check(any("16383" in note for note in got["notes"]), f"piled up: {got['notes']}")
check(abs(got["fwhm"] / 4 - 1) < 0.02, f"clipped stars: {got['fwhm']}")

# Blank pixels here and there, bad columns.
image = frame(stars=300)
image[random.random(image.shape) < 0.02] = np.nan
got = measured(write_frame(image, as_float=True))[0]
equal(got["bad"], int(np.isnan(image).sum()), "NaN")
check(abs(got["fwhm"] / 4 - 1) < 0.02, f"with NaN: {got['fwhm']}")
image = frame(stars=300, fwhm=3)
image[:, 200] += 5000
image[:, 300:302] = 0
image[100:, 500] += 40
got = measured(write_frame(image))[0]
check(abs(got["fwhm"] / 3 - 1) < 0.02, f"with bad columns: {got['fwhm']}")

# Cosmic rays in a thick detector, where charge spreads: smaller than stars, and many more.
for stars, rays, blur in ((20, 300, 0.5), (40, 300, 0.6), (100, 1000, 0.6)):
    image = frame(3, 4, stars=stars, size=1024)
    got = measured(write_frame(image + smooth(tracks((1024, 1024), rays), blur)))[0]
    check(got["fwhm"] is None or abs(got["fwhm"] / 4 - 1) < 0.05, f"{stars} stars, {rays} rays blurred by {blur}: {got['fwhm']} {got['reason']}")

# Few steps of the converter in the noise.
image = frame(stars=200, low=20)
got = measured(write_frame(np.round(image / 50) * 50))[0]
check(got["fwhm"] is None or abs(got["fwhm"] / 4 - 1) < 0.03, f"in steps of 5 sigma: {got['fwhm']}")

# Nothing to measure: never a number, always a reason.
empty = {"noise": random.normal(1000, 10, (1024, 1024)), "constant": np.full((300, 300), 500.0), "cosmic rays": frame(stars=0, cosmics=800),
         "chessboard": 1000 + 100.0 * (np.indices((300, 300)).sum(0) % 2), "slope": np.add.outer(np.arange(500) * 7.0, np.arange(500) * 3.0),
         "random": random.uniform(0, 65535, (500, 500)), "one pixel": np.array([[5.0]]), "one row": random.normal(1000, 3, (1, 3000)),
         "two stars": frame(stars=0), "photons": random.poisson(0.1, (500, 500)), "counts": random.poisson(3, (500, 500))}
for x in (100, 300):
    star(empty["two stars"], x, 400, 3000, 4, 0, 10)
trail = np.zeros((768, 768))
for x, y, peak in zip(*random.uniform(100, 660, (2, 60)), random.uniform(300, 3000, 60)):
    for step in range(-15, 16):
        star(trail, x + step, y + step / 2, peak / 5, 4, 0, 10)
empty["trails"] = 1000 + trail + random.normal(0, 10, trail.shape)

half = random.normal(0, 10, (2049, 2049))
empty |= {"smoothed, sigma 1": shared(1024, 1), "smoothed, sigma 1.5": shared(2048, 1.5), "white and smooth": shared(1024, 2, 10),
          "few photons, steps of 5": 5.0 * random.poisson(0.3, (1024, 1024)), "coarse steps": np.round(random.normal(1000, 10, (2048, 2048)) / 30) * 30,
          "blurred rays": 1000 + random.normal(0, 10, (1024, 1024)) + smooth(tracks((1024, 1024), 300), 0.5),
          "resampled": 1000 + (half[1:, 1:] + half[:-1, 1:] + half[1:, :-1] + half[:-1, :-1]) / 4}
for name, got in zip(empty, measured(*[write_frame(image, as_float=i % 2 == 1) for i, image in enumerate(empty.values())], code=0)):
    check(got["fwhm"] is None and got["state"] == "incomplete" and got["fwhm_state"] == "failed", f"{name}: {got}")
    check((got["reason"] or "").startswith("no FWHM: "), f"{name}: the reason is {got['reason']}")
    check(got["sky"] is not None and got["sky_state"] == "measured", f"{name}: the sky is {got['sky']}")
    check(got["stars"] < 10 or name == "trails", f"{name}: {got['stars']} stars")
    check((got["ellipticity"] is None or got["ellipticity"] > 0.5) if name != "trails" else got["ellipticity"] > 0.5, f"{name}: {got['ellipticity']}")
def galaxies(dice, count, low, high):
    """Large smooth objects far apart, in all directions."""
    out = dice.normal(1000, 10, (768, 768))
    y, x = np.mgrid[:768, :768]
    across = int(np.ceil(np.sqrt(count)))
    for i in range(count):
        dx, dy, t = x - (i % across + 0.5) * 768 / across, y - (i // across + 0.5) * 768 / across, i * np.pi / count
        a, b = np.cos(t) * dx + np.sin(t) * dy, -np.sin(t) * dx + np.cos(t) * dy
        out += dice.uniform(low, high) * np.exp(-a * a / 2 / 14**2 - b * b / 2 / 4.5**2)
    return out


dice = np.random.default_rng(3)
for image in (galaxies(dice, 12, 8.5, 13), galaxies(dice, 5, 9, 13)):  # for the second imstats looked without end
    check(measured(write_frame(image, as_float=True))[0]["fwhm"] is None, "large galaxies")

# A processor without wide registers (AVX2) says the same: exact numbers exactly, sums of floats in another order nearly.
usual = frame(stars=300)
paths = [write_frame(usual), write_frame(usual, as_float=True), write_frame(np.where(random.random(usual.shape) < 0.002, np.nan, usual), as_float=True)]
without = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable"}
plain = run("imstats", "-format", "json", *paths, code=0, env=without).stdout.splitlines()
for wide, got in zip(measured(*paths), map(json.loads, plain)):
    for key in ("sky", "sigma", "bad", "saturated", "stars", "state"):
        equal(got[key], wide[key], f"{key} without AVX2")
    check(abs(got["fwhm"] / wide["fwhm"] - 1) < 1e-3, f"FWHM without AVX2: {got['fwhm']}, with {wide['fwhm']}")
    check(abs(got["ellipticity"] - wide["ellipticity"]) < 1e-3, f"ellipticity without AVX2: {got['ellipticity']}, with {wide['ellipticity']}")
finish()
