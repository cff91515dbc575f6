# imstats as a user meets it: bias, sky and sigma against numpy for frames with overscan in many spellings, mosaics, amplifiers in
# extensions, cubes, packed and compressed files; and every kind of bad input. Real files: imstats_real_test.py.
import gzip, bz2, time, warnings

import numpy as np
from astropy.io import fits
from harness import *

warnings.simplefilter("ignore")
random = np.random.default_rng(7)
KEYS_WANTED = ["file", "ccd", "extension", "bias", "sky", "sigma", "fwhm", "ellipticity", "stars", "saturated", "state"]


def statistics(*args, code=0, lines=None):
    out = run("imstats", "-format", "json", *args, code=code)
    found = [json.loads(line) for line in out.stdout.splitlines()]
    for one in found:
        check(all(key in one for key in KEYS_WANTED), f"{args}: keys {list(one)}")
    if lines is not None:
        equal(len(found), lines, f"{args}: number of objects")
    return found


def raw(shape=(60, 100), bias=300, sky=900, noise=8):
    """Overscan in columns 1 to 10 and 91 to 100, sky between."""
    image = random.normal(bias, 3, shape)
    image[:, 10:90] += sky - bias + random.normal(0, noise, (shape[0], 80))
    return np.round(image).astype("u2")


def truth(values):
    values = np.asarray(values, float).ravel()
    values = values[~np.isnan(values)]
    median = np.median(values)
    return median, 1.482602218505602 * np.median(np.abs(values - median))


def compare(got, bias, data, what):
    """Arrays of the pixels, or None."""
    if bias is None:
        check(got["bias"] is None and got["bias_state"] == "none", f"{what}: bias {got['bias']}")
    else:
        equal(got["bias"], truth(bias)[0], f"{what}: bias")
    sky, sigma = truth(data)
    check(abs(got["sky"] - sky) <= 1e-12 * abs(sky), f"{what}: sky {got['sky']}, wanted {sky}")
    check(abs(got["sigma"] - sigma) <= 1e-9 * sigma, f"{what}: sigma {got['sigma']}, wanted {sigma}")
    equal(got["pixels"], np.asarray(data).size, f"{what}: pixels")


def hdu(image, first, **keys):
    keys = {k: v for k, v in keys.items()}
    out = fits.PrimaryHDU(image) if first else fits.ImageHDU(image)
    for key, value in {**(KEYS if first else {}), **keys}.items():
        out.header[key.replace("_", "-")] = value
    return out


def save(name, *hdus):
    fits.HDUList(list(hdus)).writeto(name, overwrite=True)
    return name


# Sections and their spellings.
image = raw()
left, right, data = image[:, :10], image[:, 90:], image[:, 10:90]
both = np.concatenate([left, right], axis=1)
cases = [({"BIASSEC": "[1:10,1:60]", "DATASEC": "[11:90,1:60]"}, left, data), ({"BIASSEC": "[ 10 : 1 , 60:1 ]", "DATASEC": "[90:11,1:60]"}, left, data),
         ({"BIASSEC": "[1:10]", "DATASEC": "[11:90,*]"}, left, data), ({"BIASSEC": "[91:100,:]", "TRIMSEC": "[11:90, :]"}, right, data),
         ({"BSECA": "[1:10,1:60]", "BSECB": "[91:100,1:60]", "DSECA": "[11:50,1:60]", "DSECB": "[51:90,1:60]"}, both, data),
         ({"BIASSECA": "[1:10,1:60]", "BIASSECB": "[91:100,1:60]", "DATASEC": "[11:90,1:60]"}, both, data),
         ({"BIASSEC": "[0:0,0:0]", "DATASEC": "[11:90,5:60]"}, None, data[4:]), ({}, None, image), ({"BIASSEC": "[91:100,1:60]"}, right, image[:, :90]),
         ({"OVERSEC": "[2:9,3:60]", "DATASEC": "[11:90,1:60]"}, image[2:, 1:9], data),
         ({"BIASSEC": "[93:105,1:60]", "DATASEC": "[11:90,1:60]"}, image[:, 92:], data),
         ({"BIASSEC": "[1:10,1:60]", "DATASEC": "[11:90,1:4000]"}, None, image), ({"BIASSEC": "[201:210,1:60]", "DATASEC": "[11:90,1:60]"}, None, data)]
for number, (cards, bias, wanted) in enumerate(cases):
    name = save(f"section{number}.fits", hdu(image, True, **cards))
    compare(statistics(name, lines=1)[0], bias, wanted, f"{cards}")
beyond = run("imstats", "-v", "section11.fits", code=0).stderr
check("DATASEC" in beyond and "not used" in beyond and "no bias" in beyond, f"what does not fit is told: {beyond!r}")
# Four amplifiers by row and column, of different bias and sky: the medians of all their pixels; a quarter that is left out is told.
quad = np.round(random.normal(300, 3, (100, 120))).astype("u2")
quad[:, :50] += 500
quad[:, 70:] += 900
quad[50:] += 200
part = {"BSEC11": "[51:60,1:50]", "BSEC12": "[61:70,1:50]", "BSEC21": "[51:60,51:100]", "BSEC22": "[61:70,51:100]"}
for key in ("DSEC", "TSEC"):
    parts = {**part, **{key + n: s for n, s in (("11", "[1:50,1:50]"), ("12", "[71:120,1:50]"), ("21", "[1:50,51:100]"), ("22", "[71:120,51:100]"))}}
    got = statistics(save("quad.fits", hdu(quad, True, **parts)), lines=1)[0]
    compare(got, quad[:, 50:70], np.concatenate([quad[:, :50], quad[:, 70:]], axis=1), f"four amplifiers, {key}")
    equal(got["notes"], [], f"notes of four amplifiers, {key}")
    parts["BSEC22"] = "[61:70,51:100][61:70,1:50]"
    told = run("imstats", "-v", save("quad.fits", hdu(quad, True, **parts)), code=0).stderr
    check("BSEC22 [61:70,51:100][61:70,1:50] is no section" in told and f"{key}22: the header names no bias section" in told, f"an amplifier without overscan: {told!r}")

# Mosaics: one object for each CCD, numbered as imregister does; amplifiers in extensions are one CCD.
chips = [raw(sky=800 + 50 * i) for i in range(4)]
cards = {"BIASSEC": "[1:10,1:60]", "DATASEC": "[11:90,1:60]"}
save("mosaic.fits", hdu(None, True), *[hdu(c, False, EXTNAME=f"ccd{i:02}", **cards) for i, c in enumerate(chips)])
for jobs in (1, 2, 7):
    found = statistics("-j", jobs, "mosaic.fits", "section0.fits", "mosaic.fits", lines=9)
    equal([(f["file"], f["ccd"], f["extension"]) for f in found],
          [("mosaic.fits", i, i + 1) for i in range(4)] + [("section0.fits", 0, 0)] + [("mosaic.fits", i, i + 1) for i in range(4)], f"-j {jobs}: the order")
    for i in range(4):
        compare(found[i], chips[i][:, :10], chips[i][:, 10:90], f"CCD {i}, -j {jobs}")
run("imregister", "-db", "mosaic.db", "mosaic.fits", code=0)
equal([(r["ccd"], r["extension"]) for r in rows("mosaic.db", "-sort", "ccd")], [(i, i + 1) for i in range(4)], "as registered")
amps = [hdu(c, False, EXTNAME=f"amp{i}", CCDNAME=f"chip {i // 2}", AMPSEC=f"[{i}:1,1:1]", **cards) for i, c in enumerate(chips)]
save("amplifiers.fits", hdu(None, True), *amps)
found = statistics("amplifiers.fits", lines=2)
for i in range(2):
    pair = chips[2 * i: 2 * i + 2]
    compare(found[i], [c[:, :10] for c in pair], [c[:, 10:90] for c in pair], f"two amplifiers of CCD {i}")

# Pixels of every type, packed, compressed, in cubes.
image = raw(sky=150, bias=60)
for kind in ("u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"):
    pixels = image.astype(kind) + (random.normal(0, 0.1, image.shape).astype(kind) if kind[0] == "f" else 0)
    name = save(f"type-{kind}.fits", hdu(pixels, True, **cards))
    compare(statistics(name, lines=1)[0], pixels[:, :10], pixels[:, 10:90], kind)
    for packed, pack in (("gz", gzip.compress), ("bz2", bz2.compress)):
        other = write(f"type-{kind}.fits.{packed}", pack(read(name)))
        a, b = statistics(name)[0], statistics(other, lines=1)[0]
        of_the_file = {"file": 0, "filesize": 0, "mtime": 0}
        equal({**b, **of_the_file}, {**a, **of_the_file}, f"{kind}.{packed}")
    if kind in ("u1", "i2", "u2", "i4", "f4"):
        tiles = fits.CompImageHDU(pixels, compression_type="RICE_1", quantize_level=0 if kind == "f4" else 16, name="ccd00")
        if kind == "f4":
            tiles = fits.CompImageHDU(pixels, compression_type="GZIP_2", quantize_level=0, name="ccd00")
        for key, value in cards.items():
            tiles.header[key] = value
        name = save(f"tiles-{kind}.fits.fz", hdu(None, True), tiles)
        compare(statistics(name, lines=1)[0], pixels[:, :10], pixels[:, 10:90], f"tiles {kind}")
cube = np.stack([raw(sky=700 + 100 * i) for i in range(3)])
save("cube.fits", hdu(cube, True, **cards))
found = statistics("cube.fits", lines=4)
equal([f["slice"] for f in found], [0, 1, 2, 3], "a cube, and its planes")
compare(found[0], cube[:, :, :10], cube[:, :, 10:90], "the whole cube")
for i in range(3):
    compare(found[i + 1], cube[i, :, :10], cube[i, :, 10:90], f"plane {i + 1}")

# SATURATE, and sections of amplifiers, in the primary header are said of all HDUs that say nothing themselves.
high = [raw(sky=800 + 50 * i) for i in range(4)]
for image in high:
    image[20:30, 20:30] = 21000
    image[25, 25] = 31000
save("primary.fits", hdu(None, True, SATURATE=20000), hdu(high[0], False, **cards), hdu(high[1], False, SATURATE=30000, **cards))
equal([f["saturated"] for f in statistics("primary.fits", lines=2)], [100, 1], "SATURATE of the primary header, and of the HDU")
for where in (0, 1):
    amps = [hdu(c, False, EXTNAME=f"amp{i}", CCDNAME="chip", AMPSEC=f"[{i}:1,1:1]", **(cards if where else {})) for i, c in enumerate(high)]
    save("amplifiers.fits", hdu(None, True, **({} if where else cards)), *amps)
    compare(statistics("amplifiers.fits", lines=1)[0], [c[:, :10] for c in high], [c[:, 10:90] for c in high], f"sections of amplifiers in HDU {where}")
other = hdu((high[1] - 100).astype("i2"), False, EXTNAME="amp1", CCDNAME="chip", AMPSEC="[1:1,1:1]")
save("scales.fits", hdu(None, True), hdu(high[0], False, EXTNAME="amp0", CCDNAME="chip", AMPSEC="[0:1,1:1]"), other)
found = statistics("scales.fits", code=4, lines=1)[0]
check(found["state"] == "failed" and found["sky"] is None and "another type or scale" in found["reason"], f"amplifiers that differ: {found}")

# Sections that count from 0; overscans side by side, in any order.
image = raw()
got = statistics(save("zero-based.fits", hdu(image, True, DATASEC="[0:89,0:59]", BIASSEC="[90:99,0:59]")))[0]
check(got["bias"] is not None and abs(got["bias"] - 300) < 3 and not any("no longer there" in note for note in got["notes"]), f"sections from 0: {got}")
for a, b in ((1, 2), (2, 1)):
    both = {f"BIASSEC{a}": "[91:95,1:60]", f"BIASSEC{b}": "[96:100,1:60]"}
    compare(statistics(save("beside.fits", hdu(image, True, **both)))[0], image[:, 90:], image[:, :90], f"{both}")
    both = {f"BIASSEC{a}": "[1:4,1:60]", f"BIASSEC{b}": "[5:10,1:60]"}
    compare(statistics(save("beside.fits", hdu(image, True, **both)))[0], image[:, :10], image[:, 10:], f"{both}")

# Count rates: significant digits, in the table too. What was not counted is no number.
rates = random.normal(0.0034, 0.0004, (60, 100))
save("rates.fits", hdu(rates.astype("f4"), True))
got = statistics("rates.fits", lines=1)[0]
words = run("imstats", "rates.fits", code=0).stdout.splitlines()[1].split()
check(abs(float(words[4]) / got["sky"] - 1) < 1e-5 and abs(float(words[5]) / got["sigma"] - 1) < 1e-5, f"count rates: {words}, {got}")
save("calibration.fits", hdu(raw(), True, OBSTYPE="BIAS", **cards))
equal(statistics("calibration.fits")[0]["stars"], None, "stars of a bias")
equal(statistics("-stars", "none", "section0.fits")[0]["stars"], None, "stars that were not searched for")
equal(run("imstats", "calibration.fits", code=0).stdout.splitlines()[1].split()[8], "-", "stars of a bias as text")
infinite = raw().astype("f4")
infinite[:40] = np.inf
found = statistics(save("infinite.fits", hdu(infinite, True)), code=4)[0]
check(found["sky"] is None and found["bad"] == 0 and "infinite" in found["reason"], f"more than half infinite: {found}")
shutil.copy("section0.fits", "two\nlines.fits")
equal(len(run("imstats", "two\nlines.fits", code=0).stdout.splitlines()), 2, "lines of the table for a name of two lines")
# A cube of many small planes is one area, not one for each.
write("small-planes.fits", header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 3), ("NAXIS1", 1), ("NAXIS2", 1), ("NAXIS3", 5_000_000)], KEYS))
os.truncate("small-planes.fits", (5_000_000 // 2880 + 2) * 2880)
import resource
if not SANITIZED:
    few = subprocess.run([os.path.join(BIN, "imstats"), "-j", "1", "small-planes.fits"], capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (150 << 20, 150 << 20)))
    check(few.returncode == 0 and " ok " in few.stdout + few.stderr, f"small planes: {few.returncode} {few.stdout} {few.stderr}")
    for memory in range(12, 60, 3):
        poor = subprocess.run([os.path.join(BIN, "imstats"), "-j", "2", "mosaic.fits", "type-i2.fits.gz"], capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20)))
        check(poor.returncode in (0, 3, 4, 127), f"{memory} MiB: {poor.returncode}, {poor.stderr!r:.300}")

# A file that is cut while its stars are looked for has no FWHM of zeros: at moments all over the work.
large = random.normal(1000, 10, (3000, 3000))
for y, x in random.integers(5, 2990, (4000, 2)):
    large[y:y + 5, x:x + 5] += 300 * np.exp(-np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2) / 3)
save("large.fits", hdu(large.astype("i2"), True))
whole, started, hit = read("large.fits"), time.monotonic(), 0
statistics("large.fits")
length = time.monotonic() - started
for part in np.linspace(0.1, 0.9, 24):
    write("large.fits", whole)
    running = subprocess.Popen([os.path.join(BIN, "imstats"), "-j", "1", "-format", "json", "large.fits"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(part * length)
    os.truncate("large.fits", 5760)
    out, _ = running.communicate(timeout=60)
    for one in map(json.loads, out.splitlines()):
        if "was cut" in (one["reason"] or ""):
            hit += one["sky"] is not None
            check(one["fwhm"] is None and one["stars"] is None and one["state"] != "ok", f"cut after {part:.2f} of the work: {one}")
print("cut while stars were looked for:", hit)
os.remove("large.fits")

# Calibrations have no stars; text for people; a file.
for kind in ("BIAS", "DARK", "FLAT"):
    save("calibration.fits", hdu(raw(), True, OBSTYPE=kind, **cards))
    found = statistics("calibration.fits", lines=1)[0]
    check(found["state"] == "ok" and found["fwhm"] is None and found["fwhm_state"] == "none", f"{kind}: {found}")
    equal(statistics("-stars", "all", "calibration.fits")[0]["fwhm_state"], "failed", f"{kind} with -stars all")
text = run("imstats", "section0.fits", "mosaic.fits", code=0).stdout.splitlines()
check(len(text) == 6 and text[0].startswith("#"), f"a title and five lines: {text}")
equal([float(x) for x in text[1].split()[3:5]], [statistics("section0.fits")[0][k] for k in ("bias", "sky")], "the text has the same numbers")
before = read("section0.fits")
fails(3, ["section0.fits", "is not replaced"], "imstats", "-o", "section0.fits", "section1.fits")
equal(read("section0.fits"), before, "an image that -o names")
run("imstats", "-o", "w00.stats", "-format", "json", "section0.fits", code=0)
equal(json.loads(read("w00.stats")), statistics("section0.fits")[0], "-o")
for kind in ("text", "json"):
    before = read("w00.stats")
    fails(4, ["nosuch.fits"], "imstats", "-format", kind, "-o", "none.stats", "nosuch.fits")
    fails(4, ["nosuch.fits"], "imstats", "-format", kind, "-o", "w00.stats", "nosuch.fits")
    check(not os.path.exists("none.stats") and read("w00.stats") == before, "nothing was measured: no file, and what was there stays")
    equal(run("imstats", "-format", kind, "nosuch.fits", code=4).stdout, "", "nothing was measured: no title alone")
    fails(4, ["nosuch.fits"], "imstats", "-format", kind, "-o", "some.stats", "nosuch.fits", "section0.fits")
    equal(len(read("some.stats").splitlines()), 1 + (kind == "text"), "one of two")

# Bad input: a clear line, exit code 4, and the others are done.
whole = read("section0.fits")
write("cut.fits", whole[: len(whole) - 2880])
write("text.fits", "no image\n")
save("empty.fits", hdu(None, True))
save("nan.fits", hdu(np.full((20, 20), np.nan, "f4"), True))
save("constant.fits", hdu(np.full((20, 20), 5, "i2"), True))
zero = image_cards = header([("SIMPLE", True), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 0), ("NAXIS2", 0)], KEYS)
write("zero.fits", zero)
fails(4, ["cut.fits", "truncated"], "imstats", "cut.fits", "section0.fits")
found = statistics("cut.fits", "section0.fits", "text.fits", "gone.fits", "zero.fits", "empty.fits", code=4)
equal([(f["file"], f["state"]) for f in found], [("cut.fits", "failed"), ("section0.fits", "incomplete")], "the others are done")
check("truncated" in found[0]["reason"] and found[0]["sky"] is None, f"cut: {found[0]}")
for name, words in (("text.fits", ["not a FITS file"]), ("gone.fits", ["image is unavailable", "no such file"]), ("zero.fits", ["no pixels"]), ("empty.fits", ["no HDU with pixels"])):
    fails(4, [name, *words], "imstats", name)
found = statistics("nan.fits", code=4, lines=1)[0]
equal([statistics("cut.fits", code=4)[0][key] for key in ("stars", "saturated", "bad")], [None] * 3, "counts of a file that cannot be read")
check(found["state"] == "failed" and found["sky"] is None and found["bad"] == 400 and found["reason"], f"all NaN: {found}")
found = statistics("constant.fits", lines=1)[0]
check(found["sky"] == 5 and found["sigma"] == 0 and found["fwhm"] is None and "alike" in found["reason"], f"constant: {found}")
packed = gzip.compress(whole)
write("cut.fits.gz", packed[: len(packed) // 2])
fails(4, ["cut.fits.gz"], "imstats", "cut.fits.gz")
tiles = bytearray(read("tiles-i2.fits.fz"))
for place in range(len(tiles) - 3000, len(tiles) - 2600):
    tiles[place] = 255
write("damaged.fits.fz", bytes(tiles))
out = run("imstats", "-format", "json", "damaged.fits.fz")
try:  # what CFITSIO makes of them in astropy; no checksum says that they are others
    with fits.open("damaged.fits.fz") as file:
        pixels = file[1].data
    equal(out.returncode, 0, "damaged tiles that can be read")
    compare(json.loads(out.stdout), pixels[:, :10], pixels[:, 10:90], "damaged tiles")
except (OSError, RuntimeError, ValueError):
    equal((out.returncode, json.loads(out.stdout)["sky"]), (4, None), "damaged tiles that cannot be read")
# An empty mask: PLIO packs 131072 pixels of four bytes into 88, with its row of the table.
if not SANITIZED and shutil.disk_usage(tempfile.gettempdir()).free > 2 << 30:
    save("one-tile.fits", hdu(None, True), fits.CompImageHDU(np.zeros((1, 131072), "i4"), compression_type="PLIO_1"))
    with fits.open("one-tile.fits", disable_image_compression=True) as file:
        tile = file[1].data["COMPRESSED_DATA"][0].astype(">i2").tobytes()
        keys = file[1].header.copy()
    start, rows = read("one-tile.fits")[:2880], 1100
    keys["NAXIS2"], keys["PCOUNT"], keys["ZNAXIS2"] = rows, rows * len(tile), rows
    descriptors = np.array([(len(tile) // 2, i * len(tile)) for i in range(rows)], ">i4").tobytes()
    write("mask.fits.fz", start + pad(keys.tostring().encode(), b" ") + pad(descriptors + tile * rows, b"\0"))
    got = statistics("-stars", "none", "mask.fits.fz", lines=1)[0]
    equal((got["sky"], got["pixels"]), (0, rows * 131072), "an empty mask of 577 MB in a file of 0.1")
tiles = read("tiles-i2.fits.fz")
write("half.fits.fz", tiles[: len(tiles) - 2880])
fails(4, ["half.fits.fz", "truncated"], "imstats", "half.fits.fz")
tiles = read("tiles-i2.fits.fz").replace(b"ZNAXIS1 =                  100", b"ZNAXIS1 =           2000000000")
write("claims.fits.fz", tiles)
fails(4, ["claims.fits.fz"], "imstats", "claims.fits.fz")
# Axes whose product passes for a small number: 2^62 pixels of no bytes; 2^64 + 1.
write("gcount.fits", header([("SIMPLE", True), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 2**31), ("NAXIS2", 2**31), ("GCOUNT", 0)], KEYS) + bytes(2880))
fails(4, ["gcount.fits", "more bytes than any file can hold"], "imstats", "gcount.fits")
tiles = read("tiles-i2.fits.fz").replace(b"ZNAXIS1 =                  100", b"ZNAXIS1 =       67280421310721")
write("product.fits.fz", tiles.replace(b"ZNAXIS2 =                   60", b"ZNAXIS2 =               274177"))
fails(4, ["product.fits.fz", "no image"], "imstats", "product.fits.fz")
write("nothing.fits.fz", read("tiles-i2.fits.fz").replace(b"ZNAXIS1 =                  100", b"ZNAXIS1 =                    0"))
fails(4, ["nothing.fits.fz", "no pixels"], "imstats", "nothing.fits.fz")
# CFITSIO crashes on some of these, and asks for memory for ever on others.
pixels = np.clip(random.normal(500, 12, (64, 80)), 0, 255)
for kind, dtype, changes in (("RICE_1", "i2", 25), ("GZIP_1", "i2", 40), ("GZIP_2", "f4", 40), ("HCOMPRESS_1", "f4", 40), ("PLIO_1", "u1", 25)):
    save("tiles.fits", hdu(None, True), fits.CompImageHDU(pixels.astype(dtype), compression_type=kind))
    whole_tiles = read("tiles.fits")
    begin = whole_tiles.index(b"XTENSION")
    for _ in range(changes):
        tiles = bytearray(whole_tiles)
        for place in random.integers(begin, len(tiles), random.choice([1, 2, 20])):
            tiles[place] = random.choice([random.integers(256), tiles[place] ^ 1 << random.integers(8), 48 + random.integers(10), 0, 255])
        write("changed.fits", bytes(tiles))
        done = subprocess.run([os.path.join(BIN, "imstats"), "-stars", "none", "changed.fits"], capture_output=True, timeout=60)
        check(done.returncode in (0, 4), f"{kind} changed: exit code {done.returncode}")
save("evil.fits(out.fits)", hdu(raw(), True))
statistics("evil.fits(out.fits)", lines=1)
check(not os.path.exists("out.fits"), "names are names")
for words in (["-format", "xml", "a"], ["-j", "0", "a"], ["-stars", "some", "a"], [], ["-fwhm", "guess", "a"]):
    run("imstats", *words, code=2)
finish()
