"""imlook against numpy, PIL and astropy: acsql's arithmetic on all real files, every stretch by its formula, mosaics put together by hand, means
of smaller pictures, and what is no picture."""
import io, warnings
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from PIL import Image
from astropy.io import fits
from astropy.visualization import AsinhStretch, LogStretch, SqrtStretch, ZScaleInterval
from harness import *

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
Image.MAX_IMAGE_PIXELS = None


def look(*args, code=0):
    """The pixels of a PNG, row 1 at the bottom."""
    out = run("imlook", "-o", "out.png", *args, code=code)
    if code:
        check(not os.path.exists("out.png"), f"{args}: nothing is written")
        return out
    picture = np.asarray(Image.open("out.png")).astype(int)
    os.remove("out.png")
    return picture[::-1]


def near(got, wanted, what, most=1, where=None):
    if not equal(got.shape, wanted.shape, what + ": size"):
        return
    away = np.abs(got.astype(float) - wanted)
    if where is not None:
        away = away[where]
    check(away.size == 0 or away.max() <= most, f"{what}: up to {away.max() if away.size else 0} levels away, {np.count_nonzero(away > most)} pixels of {away.size}")


def acsql(data):
    """Clamped to the 99th percentile, then to the first of that; 0 to 255 without decimals. As floats, without what is not finite."""
    data = np.array(data, dtype=float)
    good = np.isfinite(data)
    if not good.any():
        return data * 0
    data[good & (data > np.percentile(data[good], 99))] = np.percentile(data[good], 99)
    low = np.percentile(data[good], 1)
    data[good & (data < low)] = low
    if data[good].max() == low:
        return np.full(data.shape, 128.0)
    return (data - low) / (data[good].max() - low) * 255


def as_image(data):
    """Two axes: of a cube its middle plane."""
    while data.ndim > 2:
        data = data.reshape((-1,) + data.shape[-2:])
        data = data[len(data) // 2]
    return np.atleast_2d(data)


def real_files():
    """acsql's arithmetic, on every file that has a picture; all others are told why they have none, and leave no file."""
    drawn = reasons = 0
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(FITS) for name in names if name != "MANIFEST.tsv")
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda at: run("imlook", "-stretch", "acsql", "-j", 1, "-o", f"acs{at}.png", paths[at]), range(len(paths))))
    for at, (path, out) in enumerate(zip(paths, results)):
        name, png = os.path.basename(path), f"acs{at}.png"
        if out.returncode != 0:
            equal(out.returncode, 4, f"{name}: exit code")
            check(out.stderr.startswith("imlook: " + path) and not os.path.exists(png), f"{name}: {out.stderr}")
            reasons += 1
            continue
        got = np.asarray(Image.open(png)).astype(int)[::-1]
        os.remove(png)
        try:
            with fits.open(path, memmap=False) as hdus:
                images = [h for h in hdus if h.is_image and h.header.get("NAXIS", 0) > 0 and h.data is not None and h.data.size > 0]
                science = [h for h in images if h.name.upper() == "SCI"]
                wanted = [[as_image(h.data)] for h in images] + ([[as_image(h.data) for h in science[:2]]] if len(science) > 1 else [])
                if len(images) == 2:
                    wanted.append([as_image(h.data) for h in images])
                if len(images[:1]) and images[0].data.ndim > 2:
                    wanted += [[as_image(plane)] for plane in images[0].data.reshape((-1,) + images[0].data.shape[-2:])]
        except Exception:  # damaged, or astropy does not read it: what there is was drawn
            continue
        wanted = [np.concatenate(parts) for parts in wanted if len({p.shape[1] for p in parts}) == 1]
        same = [w for w in wanted if w.shape == got.shape]
        if not same:  # several CCDs
            continue
        away = []
        for data in same:
            data = data.astype(np.float32) if data.dtype.kind == "f" else data
            expected, good = acsql(data), np.isfinite(data.astype(float))
            away.append(np.abs(got[good] - np.floor(expected[good])).max() if good.any() else 0)
        if name == "compressed_with_nan.fits":  # astropy takes its ZBLANK for a number
            continue
        if check(min(away) <= 1, f"{path}: {away} levels from numpy's"):
            drawn += 1
    check(drawn > 100, f"{drawn} pictures compared")
    check(reasons > 500, f"{reasons} files without a picture")
    print(f"{drawn} pictures equal numpy's, {reasons} reasons")


def stretches():
    """Each stretch by its formula, between the limits it takes."""
    data = (1000 + 12 * rng.standard_normal((210, 300)) + 3000 * rng.random((210, 300)) ** 40).astype(np.float32)
    fits.writeto("s.fits", data)
    low, high = np.percentile(data.astype(float), [0.5, 99.5])
    place = np.clip((data.astype(float) - low) / (high - low), 0, 1)
    near(look("-stretch", "linear", "s.fits"), np.floor(255 * place), "linear")
    near(look("-stretch", "log", "s.fits"), 255 * LogStretch(1000)(place), "log", 2)  # steep at its dark end: 32,768 steps
    near(look("-stretch", "sqrt", "s.fits"), 255 * SqrtStretch()(place), "sqrt", 2)
    near(look("-stretch", "asinh", "s.fits"), 255 * AsinhStretch(0.1)(place), "asinh")
    z1, z2 = ZScaleInterval().get_limits(data)
    near(look("s.fits"), np.floor(255 * np.clip((data - z1) / (z2 - z1), 0, 1)), "zscale, which is what nobody asked for")
    ranks = (data[..., None] > np.sort(data.ravel())[None, None, ::63]).sum(axis=-1) / 1000
    near(look("-stretch", "histeq", "s.fits"), 255 * ranks, "equal numbers of each level", 5, where=(place > 0.01) & (place < 0.6))
    low, high = np.percentile(data.astype(float), [20, 60])
    near(look("-stretch", "linear", "-percent", 20, 60, "s.fits"), np.floor(255 * np.clip((data - low) / (high - low), 0, 1)), "-percent")
    near(look("-range", 990, 1040, "s.fits"), np.floor(255 * np.clip((data - 990.0) / 50, 0, 1)), "-range")
    near(look("-negative", "-range", 990, 1040, "s.fits"), 255 - np.floor(255 * np.clip((data - 990.0) / 50, 0, 1)), "-negative")
    picture = look("-palette", "heat", "-range", 990, 1040, "s.fits")
    equal(picture.shape, (210, 300, 3), "a palette has colours")
    blank = fits.PrimaryHDU((rng.random((50, 60)) * 200).astype(np.int16))
    blank.header["BLANK"] = 17
    blank.writeto("b.fits")
    values = np.where(blank.data == 17, np.nan, blank.data.astype(float))
    l, h = np.nanpercentile(values, [10, 90])
    near(look("-stretch", "linear", "-percent", 10, 90, "b.fits")[..., 0], np.floor(255 * np.clip((np.nan_to_num(values) - l) / (h - l), 0, 1)), "BLANK does not count", where=np.isfinite(values))
    # Exact percentiles of all types, also of few values.
    for kind in (np.uint8, np.int16, np.int32, np.float32, np.float64):
        for shape in ((1, 1), (1, 2), (3, 1), (5, 7), (64, 65)):
            data = (rng.random(shape) * 200).astype(kind)
            fits.writeto("t.fits", data, overwrite=True)
            near(look("-stretch", "acsql", "t.fits"), np.floor(acsql(data.astype(np.float32))), f"acsql of {shape} {kind.__name__}")


def values_that_are_none():
    data = np.arange(600, dtype=np.float32).reshape(20, 30)
    data[3, 4], data[5, 6], data[7, 8] = np.nan, np.inf, -np.inf
    fits.writeto("n.fits", data)
    picture = look("-range", 0, 600, "n.fits")
    equal(picture.shape, (20, 30, 3), "what has no value has a shade of its own")
    odd = (picture[..., 0] != picture[..., 1]) | (picture[..., 1] != picture[..., 2])
    equal({tuple(map(int, at)) for at in np.argwhere(odd)}, {(3, 4), (5, 6), (7, 8)}, "NaN and infinities")
    good = np.isfinite(data)
    near(picture[..., 0], np.floor(255 * np.where(good, data, 0) / 600), "beside them", where=good)
    # Flags of a data quality extension
    flags = np.zeros((20, 30), dtype=np.int16)
    flags[10, 11] = 4
    clean = np.arange(600, dtype=np.float32).reshape(20, 30)
    clean[10, 11] = 1e6
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(clean, name="SCI", ver=1), fits.ImageHDU(clean, name="ERR", ver=1), fits.ImageHDU(flags, name="DQ", ver=1)]).writeto("q.fits")
    picture = look("-hdu", 1, "-stretch", "linear", "-percent", 0, 100, "q.fits")
    odd = picture[..., 0] != picture[..., 2] if picture.ndim == 3 else np.zeros((20, 30), bool)
    equal({tuple(map(int, at)) for at in np.argwhere(odd)}, {(10, 11)}, "a flag")
    check(picture[19, 29, 0] >= 254, "a flagged value does not count")
    equal(look("-hdu", 1, "-noflags", "-stretch", "linear", "-percent", 0, 100, "q.fits").ndim, 2, "-noflags")
    # Nothing, and one value
    fits.writeto("nan.fits", np.full((4, 5), np.nan, np.float32))
    out = run("imlook", "-o", "x.png", "nan.fits", code=0)
    check("no pixel has a value" in out.stderr, out.stderr)
    fits.writeto("one.fits", np.full((4, 5), 7, np.int16))
    equal(set(look("one.fits").ravel().tolist()), {128}, "one value is grey")


def shapes():
    """A cube is one plane; sizes that are round, and images of nearly one value, show what is in them; parts far apart are put together."""
    cube = (rng.random((5, 30, 40)) * 100).astype(np.float32)
    fits.writeto("cube.fits", cube)
    for more, plane in (((), 2), (("-slice", 1), 0), (("-slice", 5), 4), (("-hdu", 0, "-slice", 2), 1)):
        near(look("-range", 0, 100, *more, "cube.fits"), np.floor(255 * cube[plane].astype(float) / 100), f"a plane of a cube: {more}")
    for size in (128, 1000):  # a thousandth of the pixels is a multiple of the width
        data = (1000 + 10 * rng.standard_normal((size, size))).astype(np.float32)
        data[:, :4] = 300
        fits.writeto("round.fits", data, overwrite=True)
        picture = look("round.fits")
        check(60 < picture[:, 4:].mean() < 200 and picture[:, 4:].std() > 25, f"{size} x {size}: the sky is seen: {picture.mean()}, {picture.std()}")
    few = np.zeros((200, 200), np.float32)
    few[50:53, 60:63] = 20000
    fits.writeto("few.fits", few)
    for stretch in ("zscale", "linear", "log", "sqrt", "asinh", "histeq"):
        out = run("imlook", "-stretch", stretch, "-o", "few.png", "few.fits", code=0)
        picture = np.asarray(Image.open("few.png")).astype(int)[::-1]
        check(picture[51, 61] == 255 and picture[0, 0] < 255 and "one value" not in out.stderr, f"{stretch}: a star among zeros: {picture[51, 61], picture[0, 0]} {out.stderr}")
    far = [fits.ImageHDU((rng.random((10, 10)) * 9).astype(np.float32), name="SCI", ver=k) for k in (1, 2)]
    for k, hdu in enumerate(far):
        hdu.header["DETSEC"] = f"[1:10,{1 + 3000 * k}:{10 + 3000 * k}]"
    fits.HDUList([fits.PrimaryHDU()] + far).writeto("far.fits")
    check(look("far.fits").shape[0] < 40, "parts far apart")
    # Files of two exposures, and a folder with those of one
    run("imsim", "-o", "two", "-ccds", 3, "-objects", 1, "-size", "64x96", "-mode", "split", code=0)
    folders = sorted({f for f, _, ns in os.walk("two") for n in ns if n.endswith(".fits")})
    out = run("imlook", "-o", "x.png", folders[0], code=0)
    equal(out.stderr, "", "a folder with one exposure")
    one = [os.path.join(f, sorted(os.listdir(f))[0]) for f in (folders[0], folders[-1])]
    check("another exposure" in run("imlook", "-o", "x.png", *one, code=0).stderr, "files of two exposures")
    os.remove("x.png")
    os.makedirs("hollow")
    check("without a file" in run("imlook", "-o", "x.png", "hollow", code=4).stderr, "an empty folder")


def cubes():
    """All planes of a cube as one: mean, median and largest of what has a value, pixel by pixel; flags of each plane count for it alone."""
    import warnings as w
    cube = (rng.random((9, 40, 70)) * 100).astype(np.float32)
    cube[3, 10, 10], cube[2, 20:25], cube[:, 30, 30], cube[5:, 8, :] = 1e6, np.nan, np.inf, np.nan
    fits.writeto("collapse.fits", cube)
    flags = np.zeros(cube.shape, np.int16)
    flags[4, 3:9, 5:60] = 8
    extension = lambda: [fits.PrimaryHDU(), fits.ImageHDU(cube, name="SCI"), fits.ImageHDU(flags, name="DQ")]
    fits.HDUList(extension()).writeto("flagged.fits")
    whole = fits.CompImageHDU(np.nan_to_num(np.where(cube > 100, 0, cube)).astype(np.int16), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), whole]).writeto("packed.fits")
    with w.catch_warnings():
        w.simplefilter("ignore")
        for how, of in (("mean", np.nanmean), ("median", np.nanmedian), ("max", np.nanmax)):
            for name, values in (("collapse.fits", cube), ("flagged.fits", np.where(flags == 0, cube, np.nan)), ("packed.fits", fits.getdata("packed.fits"))):
                values = of(np.where(np.isfinite(values), values, np.nan).astype(float), axis=0)
                known = np.isfinite(values)
                got = look("-collapse", how, "-range", 20, 80, name)
                near(got[..., 0] if got.ndim == 3 else got, np.floor(255 * np.clip((np.nan_to_num(values) - 20) / 60, 0, 1)), f"{how} of {name}", where=known)
                if not known.all():
                    equal(len({tuple(p) for p in got[~known].tolist()}), 1, f"{how} of {name}: without a value in any plane")
                low, high = np.percentile(values[known], [0.5, 99.5])
                got = look("-collapse", how, "-stretch", "linear", name)
                near(got[..., 0] if got.ndim == 3 else got, np.floor(255 * np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1)), f"percentiles of the {how} of {name}", where=known)
    near(look("-slice", 5, "-range", 0, 100, "flagged.fits")[..., 0], np.floor(255 * np.clip(np.nan_to_num(cube[4]) / 100, 0, 1)), "a plane and its own flags", where=np.isfinite(cube[4]) & (flags[4] == 0))
    check((look("-slice", 5, "-range", 0, 100, "flagged.fits")[3:9, 5:60] == look("-slice", 5, "-range", 0, 100, "flagged.fits")[3, 5]).all(), "flagged pixels are of one colour")
    near(look("-collapse", "mean", "-range", 0, 100, "-hdu", 0, "s.fits"), look("-range", 0, 100, "s.fits"), "an image is no cube", 0)
    for words, line in ((["mean, median, max"], ["-collapse", "sum", "cube.fits"]), (["-slice", "leave one out"], ["-collapse", "mean", "-slice", 1, "cube.fits"])):
        out = look(*line, code=2)
        check(all(word in out.stderr for word in words), f"{line}: {out.stderr}")


def physical():
    """Parts of one CCD by LTV and LTM, also binned and turned."""
    for bins in (1, 2):
        sky = (rng.random((60, 100)) * 100).astype(np.float32)  # the CCD, binned
        parts = [fits.PrimaryHDU()]
        for x0, x1, y0, y1, flip_x, flip_y in ((0, 40, 0, 60, False, False), (40, 100, 0, 25, True, False), (44, 100, 30, 60, True, True)):
            piece = sky[y0:y1, x0:x1]
            over = np.full((piece.shape[0], 3), -5, np.float32)  # overscan at the left of what is stored
            piece = np.hstack([over, piece[::-1 if flip_y else 1, ::-1 if flip_x else 1]])
            hdu = fits.ImageHDU(piece, name="SCI", ver=len(parts))
            hdu.header["DATASEC"] = f"[4:{piece.shape[1]},1:{piece.shape[0]}]"
            # x of the image = LTM * x of the CCD + LTV, in pixels whose centres are whole numbers; the CCD has `bins` for each of the image.
            for axis, start, size, flip, before in ((1, x0, x1 - x0, flip_x, 3), (2, y0, y1 - y0, flip_y, 0)):
                step = (-1 if flip else 1) / bins
                first = (start + (size if flip else 0)) * bins + 0.5  # the CCD's coordinate of the edge where the data begin
                hdu.header[f"LTM{axis}_{axis}"], hdu.header[f"LTV{axis}"] = step, before + 0.5 - step * first
            parts.append(hdu)
        fits.HDUList(parts).writeto("ltv.fits", overwrite=True)
        got = look("-range", 0, 100, "ltv.fits")
        known = np.ones(sky.shape, bool)
        known[25:30, 40:], known[30:, 40:44] = False, False
        near(got[..., 0], np.floor(255 * sky.astype(float) / 100), f"by LTV, bins of {bins}", where=known)
        near(look("-layout", "ltv", "-range", 0, 100, "ltv.fits"), got, "-layout ltv", 0)
    for part in parts[1:]:
        part.header["LTV1"], part.header["LTV2"], part.header["LTM1_1"], part.header["LTM2_2"] = 0.0, 0.0, 0.5, 0.5
    fits.HDUList(parts).writeto("ltv.fits", overwrite=True)
    check("ltv" in look("-layout", "ltv", "ltv.fits", code=4).stderr, "all at one place: the rule does not hold")


def stars():
    """Rings around stars, where they are, as they are drawn: also turned, smaller, of a part."""
    size, width = (300, 400), 2.2
    y, x = np.indices(size)
    image = 1000 + 5 * rng.standard_normal(size)
    at = [(30 + 55 * i + rng.random() * 9, 35 + 60 * j + rng.random() * 9) for i in range(7) for j in range(5)]
    for k, (sx, sy) in enumerate(at):
        image += (300 + 60 * k) * np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / 2 / width ** 2)
    parts = [fits.PrimaryHDU()]
    for flip in (False, True):
        hdu = fits.ImageHDU((image[:, ::-1] if flip else image).astype(np.float32), name="SCI", ver=len(parts))
        hdu.header["DETSEC"] = f"[{800 if flip else 1}:{401 if flip else 400},1:300]"
        parts.append(hdu)
    fits.HDUList(parts).writeto("stars.fits")
    for more, part, factor in (((), (0, 0, 800, 300), 1), (("-size", 400), (0, 0, 800, 300), 0.5), (("-region", "351:600,51:250"), (350, 50, 250, 200), 1)):
        got, plain = look("-stars", *more, "stars.fits").astype(int), look(*more, "stars.fits")
        equal(got.shape[:2], plain.shape[:2], "the same size")
        ring = got[..., 1] - got[..., 0] > 60
        soft = got[..., 1] != got[..., 0]  # with their edges
        check((got[~soft] == plain[~soft][:, None]).all() and 0.001 < soft.mean() < 0.4, f"the same picture but for the rings, {soft.mean()}")
        rings = 0
        for k in range(2):
            for sx, sy in at:
                cx, cy = (400 * k + sx + 0.5 - part[0]) * factor, (sy + 0.5 - part[1]) * factor
                radius = max(5, 5 * width * factor)
                if not (radius + 2 < cx < got.shape[1] - radius - 2 and radius + 2 < cy < got.shape[0] - radius - 2):
                    continue
                angles = np.linspace(0, 2 * np.pi, 40)
                hit = np.mean([ring[int(cy + radius * np.sin(a) - 0.7):int(cy + radius * np.sin(a)) + 2, int(cx + radius * np.cos(a) - 0.7):int(cx + radius * np.cos(a)) + 2].any() for a in angles])
                check(hit > 0.9, f"{more}: a ring around {sx:.1f}, {sy:.1f} of {k}: {hit}")
                rings += 1
        check(rings >= 9, f"{more}: {rings} rings")
    flat = np.full((50, 50), 7, np.float32)
    fits.writeto("nostars.fits", flat)
    check(look("-stars", "nostars.fits").shape[:2] == (50, 50), "none in a constant image")


def cut_off():
    """Of a file that was cut off, the rows that are there, in their places; the rest is as between CCDs, and a line says so."""
    data = (rng.random((120, 50)) * 100).astype(np.float32)
    fits.writeto("whole.fits", data)
    whole, bytes_ = look("-range", 0, 100, "whole.fits"), read("whole.fits")
    for rows, more in ((2, 0), (40, 7), (119, 199)):
        write("part.fits", bytes_[:2880 + rows * 200 + more])
        out = run("imlook", "-range", 0, 100, "-o", "part.png", "part.fits", code=0)
        got = np.asarray(Image.open("part.png")).astype(int)[::-1]
        check("truncated" in out.stderr and len(out.stderr.splitlines()) == 1, f"{rows} rows: {out.stderr}")
        grey = got[..., 0] if got.ndim == 3 else got
        equal(grey.shape, whole.shape, f"{rows} rows: size"), check((grey[:rows] == whole[:rows]).all(), f"{rows} rows: what is there")
        check(len({tuple(p) for p in got[rows:].reshape(-1, 3).tolist()}) == 1, f"{rows} rows: the rest is of one colour")
    fits.writeto("tall.fits", np.zeros((1000, 20), np.float32))
    write("tall_part.fits", read("tall.fits")[:2880 + 9 * 80])
    check("truncated" in look("tall_part.fits", code=4).stderr, "less than a hundredth")
    for size in (2880, 2880 + 199, 2000, 10):
        write("part.fits", bytes_[:size])
        look("part.fits", code=4)
    import gzip
    write("part.fits.gz", gzip.compress(bytes_[:2880 + 50 * 200]))
    check((look("-range", 0, 100, "part.fits.gz")[:50, :, 0] == whole[:50]).all(), "packed")
    # Turned in its place, with overscan; a cube of which planes are missing
    parts = [fits.PrimaryHDU()]
    for k in range(2):
        hdu = fits.ImageHDU(np.hstack([np.full((60, 4), 10, np.float32), data[:60] + 10]), name="SCI", ver=k + 1)
        hdu.header["DATASEC"], hdu.header["BIASSEC"], hdu.header["DETSEC"] = "[5:54,1:60]", "[1:4,1:60]", ("[1:50,1:60]", "[51:100,60:1]")[k]
        parts.append(hdu)
    fits.HDUList(parts).writeto("two_parts.fits")
    whole = look("-range", 0, 100, "two_parts.fits")
    with fits.open("two_parts.fits") as hdus:
        write("two_cut.fits", read("two_parts.fits")[:hdus[2]._data_offset + 25 * 54 * 4])
    got = look("-range", 0, 100, "two_cut.fits")
    check((got[:, :50, 0] == whole[:, :50]).all() and (got[35:, 50:, 0] == whole[35:, 50:]).all(), "a turned CCD has its rows where they belong")
    equal(len({tuple(p) for p in got[:35, 50:].reshape(-1, 3).tolist()}), 1, "and nothing else")
    cube = (rng.random((6, 20, 30)) * 100).astype(np.float32)
    fits.writeto("planes.fits", cube)
    write("planes_cut.fits", read("planes.fits")[:2880 + 4 * 20 * 30 * 4 + 333])
    near(look("-collapse", "max", "-range", 0, 100, "planes_cut.fits"), np.floor(255 * cube[:4].max(axis=0).astype(float) / 100), "four of six planes")
    look("-slice", 6, "planes_cut.fits", code=4)


def numbers():
    """Numbers that floats have no room for: small steps of large ones, tiny and huge ones, of every type."""
    shape = (60, 70)
    cases = {"JD": 2455555.5 + 1e-4 * rng.random(shape), "1e9": 1e9 + rng.normal(0, 5, shape), "i4": (10 ** 9 + rng.integers(0, 40, shape)).astype(np.int32), "i8": (2 ** 52 + rng.integers(0, 40, shape)).astype(np.int64),
             "1e300": rng.random(shape) * 1e300, "1e308": (rng.random(shape) - 0.5) * 1.7e308 * 2, "1e-300": rng.random(shape) * 1e-300, "1e-45": rng.random(shape) * 1e-45, "f4 1e38": (rng.random(shape) * 6e38 - 3e38).astype(np.float32),
             "f4 1e-42": (rng.random(shape) * 1e-42).astype(np.float32), "one at 1e39": np.where(rng.random(shape) < 0.002, 1e39, rng.random(shape))}
    for name, data in cases.items():
        fits.writeto("numbers.fits", data, overwrite=True)
        exact = data.astype(np.longdouble)
        low, high = (np.longdouble(v) * 4 for v in np.percentile(data.astype(float) / 4, [0.5, 99.5]))
        got = look("-stretch", "linear", "numbers.fits")
        near(got, np.floor(255 * np.clip((exact - low) / (high - low), 0, 1)).astype(float), f"{name}: linear")
        middle = [float(v) for v in np.percentile(data.astype(float) / 4, [20, 70]) * 4]
        near(look("-range", repr(middle[0]), repr(middle[1]), "numbers.fits"), np.floor(255 * np.clip((exact - middle[0]) / (np.longdouble(middle[1]) - middle[0]), 0, 1)).astype(float), f"{name}: -range")
        for words in ((), ("-stretch", "asinh"), ("-stretch", "histeq"), ("-size", 20)):
            got = look(*words, "numbers.fits")
            check(got.ndim == 2 and len(np.unique(got)) > 8, f"{name} {words}: {len(np.unique(got))} levels, {got.shape}")
    for count in (2, 3, 4, 5, 10):  # each value has a level of its own
        data = (np.arange(2500) % count).reshape(50, 50).astype(np.int16)
        fits.writeto("few_values.fits", data, overwrite=True)
        got = look("-stretch", "histeq", "few_values.fits")
        levels = [set(got[data == v].tolist()) for v in range(count)]
        check(all(len(l) == 1 for l in levels), f"histeq of {count} values: {levels}")
        equal([l.pop() for l in levels], [round(255 * v / (count - 1)) for v in range(count)], f"histeq of {count} values")
    fits.writeto("line64.fits", 2455555.5 + 1e-4 * rng.random(300))
    check((look("line64.fits").sum(axis=2) < 500).sum() > 3000, "a plot of small steps")


def in_the_way():
    """What stands where a picture belongs is left alone, told in a line, and stops nothing."""
    os.makedirs("way")
    for k in range(6):
        fits.writeto(f"way/f{k}.fits", (rng.random((20, 30)) * 100).astype(np.float32))
    long = "m" * 240 + ".fits"
    shutil.copy("way/f0.fits", "way/" + long)
    os.makedirs("way_p/f1.fits.jpg"), write("way_p/f2.fits.jpg", b"somebody's notes " * 20)
    Image.new("L", (99, 99)).save("foreign.jpg"), shutil.copy("foreign.jpg", "way_p/f3.fits.jpg")
    out = run("imlook", "-tree", "way_p", "way", code=4)
    check("7 files: 4 made" in out.stdout and len(out.stderr.splitlines()) == 3 and "folder" in out.stderr, out.stdout + out.stderr)
    equal(read("way_p/f2.fits.jpg"), b"somebody's notes " * 20, "a text"), equal(read("way_p/f3.fits.jpg"), read("foreign.jpg"), "somebody's picture")
    check(os.path.exists("way_p/" + long + ".jpg"), "a long name has room")
    shutil.copy("way/f0.fits", "way/" + "n" * 250 + ".fits")
    out = run("imlook", "-tree", "way_p", "way", code=4)
    check("too long" in out.stderr and "8 files: 0 made, 4 up to date" in out.stdout, out.stdout + out.stderr)
    os.makedirs("way2"), write("way2_p", "a file"), shutil.copy("way/f0.fits", "way2/f.fits")
    equal(run("imlook", "-tree", "way2_p", "way2").returncode, 3, "no folder can be made")


def parts_missing():
    """Of a mosaic whose file was cut off before a CCD's first row, the others; a sheet tells, too."""
    parts = [fits.PrimaryHDU()] + [fits.ImageHDU((rng.random((60, 50)) * 100).astype(np.float32), name="SCI", ver=k + 1) for k in range(3)]
    for k, part in enumerate(parts[1:]):
        part.header["DETSEC"] = f"[{50 * k + 1}:{50 * k + 50},1:60]"
    fits.HDUList(parts).writeto("three.fits")
    with fits.open("three.fits") as hdus:
        end = hdus[3]._data_offset
    whole = look("-range", 0, 100, "three.fits")
    write("less.fits", read("three.fits")[:end + 100])
    out = run("imlook", "-range", 0, 100, "-o", "less.png", "less.fits", code=0)
    check("1 part" in out.stderr and "truncated" in out.stderr and len(out.stderr.splitlines()) == 1, out.stderr)
    got = np.asarray(Image.open("less.png")).astype(int)[::-1]
    check((got[..., 0] if got.ndim == 3 else got)[:, :100].tolist() == whole[:, :100].tolist(), "the two that are there")
    look("-hdu", 3, "less.fits", code=4)
    out = run("imlook", "-sheet", "less.html", "less.fits", code=0)
    check("truncated" in out.stderr and "truncated" in read("less.html").decode(), "a sheet tells what lacks")
    cube = (rng.random((6, 20, 30)) * 100).astype(np.float32)
    fits.writeto("planes6.fits", cube)
    write("planes2.fits", read("planes6.fits")[:2880 + 2 * 20 * 30 * 4])
    near(look("-range", 0, 100, "planes2.fits"), np.floor(255 * cube[1].astype(float) / 100), "the last plane that is there")
    check("14400 bytes" in look("-slice", 5, "planes2.fits", code=4).stderr, "how much is missing")
    check("1 plane" in look("-slice", 3, "three.fits", code=4).stderr, "an image has one plane")
    for seconds, text in ((0.4, "0.4 s"), (12.5, "12.5 s"), (1234.56, "1235 s"), (300.0, "300 s"), (1e-5, "1e-05 s")):
        hdu = fits.PrimaryHDU((rng.random((20, 30)) * 100).astype(np.float32))
        hdu.header["EXPTIME"], hdu.header["DATE-OBS"], hdu.header["OBJECT"] = seconds, "2020-01-02T03:04:05", "x"
        hdu.writeto("seconds.fits", overwrite=True)
        run("imlook", "-sheet", "seconds.html", "seconds.fits", code=0)
        check(text in read("seconds.html").decode(), f"{seconds}: {re.findall('figcaption>.*?</figcaption', read('seconds.html').decode())}")


def mosaics():
    """CCDs in their places by DETSEC, without overscan and bias, against numpy; the same from files with one CCD each."""
    run("imsim", "-o", "sim", "-ccds", 8, "-objects", 1, "-size", "64x96", code=0)
    run("imsim", "-o", "split", "-ccds", 8, "-objects", 1, "-size", "64x96", "-mode", "split", code=0)
    name, = [os.path.join(f, n) for f, _, ns in os.walk("sim") for n in ns if n.endswith("o.fits")][:1]
    with fits.open(name) as hdus:
        parts = []
        for hdu in hdus[1:]:
            numbers = lambda key: [int(v) for v in re.findall(r"\d+", hdu.header[key])]
            x1, x2, y1, y2 = numbers("DETSEC")
            d1, d2, e1, e2 = numbers("DATASEC")
            data = hdu.data.astype(float)
            overscan = [data[c1 - 1:c2, b1 - 1:b2] for b1, b2, c1, c2 in map(numbers, ("BSECA", "BSECB"))]  # that of both sides
            piece = data[e1 - 1:e2, d1 - 1:d2] - np.median(np.concatenate(overscan, axis=1))
            if x2 < x1:
                piece = piece[:, ::-1]
            if y2 < y1:
                piece = piece[::-1]
            parts.append((min(x1, x2), min(y1, y2), piece))
    left, low = min(p[0] for p in parts), min(p[1] for p in parts)
    whole = np.full((max(y + p.shape[0] for _, y, p in parts) - low, max(x + p.shape[1] for x, _, p in parts) - left), np.nan)
    for x, y, piece in parts:
        whole[y - low:y - low + piece.shape[0], x - left:x - left + piece.shape[1]] = piece
    got = look("-range", 0, 3000, name)
    known = np.isfinite(whole)
    near(got[..., 0] if got.ndim == 3 else got, np.floor(255 * np.clip(np.where(known, whole, 0) / 3000, 0, 1)), "8 CCDs", where=known)
    l, h = np.percentile(whole[known], [3, 97.5])
    linear = look("-stretch", "linear", "-percent", 3, 97.5, name)
    near(linear[..., 0] if linear.ndim == 3 else linear, np.floor(255 * np.clip((np.where(known, whole, 0) - l) / (h - l), 0, 1)), "percentiles of pixels of 16 bits, each CCD without its bias", where=known)
    check(known.all() or got.ndim == 3 and len({tuple(p) for p in got[~known].tolist()}) == 1, "between them one colour")
    files = sorted(os.path.join(f, n) for f, _, ns in os.walk("split") for n in ns if os.path.basename(name)[:-6] in f + n and n.endswith(".fits"))
    equal(len(files), 8, f"files of one exposure: {files}")
    apart = look("-range", 0, 3000, *files)
    equal(apart.shape, got.shape, "from eight files: size"), check((apart == got).all(), "from eight files")
    # A part of it
    part = look("-range", 0, 3000, "-region", "11:90,21:140", name)
    equal(part.shape[:2], (120, 80), "-region"), check((part == got[20:140, 10:90]).all(), "a part is that part")
    # Smaller: means of what each pixel covers.
    height, width = whole.shape
    size = 100
    factor = size / max(height, width)
    small = look("-range", 0, 3000, "-size", size, name)
    equal(max(small.shape[:2]), size, "-size")
    h, w = small.shape[:2]
    means = np.full((h, w), np.nan)
    for y in range(h):
        for x in range(w):
            y0, y1, x0, x1 = y * height / h, (y + 1) * height / h, x * width / w, (x + 1) * width / w
            ys, xs = np.arange(int(y0), min(height, int(np.ceil(y1 - 1e-9)))), np.arange(int(x0), min(width, int(np.ceil(x1 - 1e-9))))
            weight = np.outer(np.minimum(ys + 1, y1) - np.maximum(ys, y0), np.minimum(xs + 1, x1) - np.maximum(xs, x0))
            box = whole[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1]
            weight = np.where(np.isfinite(box), weight, 0)
            if weight.sum() > 1e-6:
                means[y, x] = (np.where(np.isfinite(box), box, 0) * weight).sum() / weight.sum()
    has = np.isfinite(means)
    near(small[..., 0] if small.ndim == 3 else small, np.floor(255 * np.clip(np.where(has, means, 0) / 3000, 0, 1)), "a smaller picture", where=has)
    for jobs in (1, 3):
        check((look("-j", jobs, "-range", 0, 3000, "-size", size, name) == small).all(), f"the same by {jobs} threads")


def by_sky():
    """Two images side by side by their WCS alone, the second one turned around."""
    from astropy.wcs import WCS
    w = WCS(naxis=2)
    w.wcs.ctype, w.wcs.crval, w.wcs.crpix, w.wcs.cd = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], [50.5, 40.5], np.array([[-1, 0], [0, 1]]) / 3600
    a = rng.random((80, 100)).astype(np.float32)
    b = rng.random((80, 100)).astype(np.float32)
    second = w.deepcopy()
    second.wcs.crpix, second.wcs.cd = [50.5 + 110, 40.5], np.array([[1, 0], [0, -1]]) / 3600  # its x runs the other way
    cards = [fits.ImageHDU(a, header=w.to_header(), name="A"), fits.ImageHDU(b, header=second.to_header(), name="B")]
    fits.HDUList([fits.PrimaryHDU()] + cards).writeto("w.fits")
    picture = look("-layout", "wcs", "-range", 0, 1, "w.fits")
    equal(picture.shape[:2], (80, 210), "by the sky")
    near(picture[:, :100, 0], np.floor(255 * a), "the first"), near(picture[:, 110:, 0], np.floor(255 * b[::-1, ::-1]), "the second, turned")
    check(len({tuple(p) for p in picture[:, 100:110].reshape(-1, 3).tolist()}) == 1, "between them nothing")


def colours():
    """Three filters in one picture, each where its WCS says; without a WCS of the same size."""
    from astropy.wcs import WCS
    sky = (rng.random((120, 140)) * 1000).astype(np.float32)
    for name, (dx, dy) in (("i", (0, 0)), ("r", (5, 3)), ("g", (-4, 2))):
        w = WCS(naxis=2)
        w.wcs.ctype, w.wcs.crval, w.wcs.crpix, w.wcs.cd = ["RA---TAN", "DEC--TAN"], [10.0, 41.0], [50.5 - dx, 40.5 - dy], np.array([[-1, 0], [0, 1]]) / 3600
        fits.writeto(f"{name}.fits", sky[10 + dy:90 + dy, 10 + dx:110 + dx], w.to_header(), overwrite=True)
    picture = look("-range", 0, 1000, "-rgb", "i.fits", "r.fits", "g.fits")
    scene = np.floor(255 * sky[10:90, 10:110].astype(float) / 1000)
    near(picture[..., 0], scene, "red is where it is")
    near(picture[3:, 5:, 1], scene[3:, 5:], "green, moved"), near(picture[2:, :-4, 2], scene[2:, :-4], "blue, moved")
    equal(int(picture[:3, :, 1].max()), 0, "where green does not reach it is dark")
    part = look("-range", 0, 1000, "-region", "20:60,30:70", "-rgb", "i.fits", "r.fits", "g.fits")
    check((part == picture[29:70, 19:60]).all(), "a part of it")
    # Several CCDs: the same places in each colour, with a WCS and without.
    run("imsim", "-o", "three", "-ccds", 4, "-objects", 1, "-size", "64x96", code=0)
    mosaic, = [os.path.join(f, n) for f, _, ns in os.walk("three") for n in ns if n.endswith("o.fits")][:1]
    fits.HDUList([fits.PrimaryHDU()] + [fits.ImageHDU((rng.random((200, 300)) * 1000).astype(np.float32), name="SCI", ver=k) for k in (1, 2, 3)]).writeto("plain.fits")
    for path in (mosaic, "plain.fits"):
        for more in ((), ("-region", "20:90,30:120")):
            alone, together = look("-range", 0, 1000, *more, path), look("-range", 0, 1000, *more, "-rgb", path, path, path)
            alone = alone[..., 0] if alone.ndim == 3 else alone
            known = alone > 22  # what lies between the CCDs is dark
            check(together.shape[:2] == alone.shape and all((together[..., c] == alone)[known].all() for c in range(3)), f"{path} {more}: one picture in three colours")
    with fits.open(mosaic) as hdus:  # the same pixels, 5 to the side and 3 up on the sky, as the first CCD is stored
        for hdu in hdus[1:]:
            hdu.header["CRPIX1"] += 5
            hdu.header["CRPIX2"] += 3
        hdus.writeto("aside.fits")
        x1, x2, y1, y2 = map(int, re.findall(r"\d+", hdus[1].header["DETSEC"]))
    alone, together = look("-range", 0, 1000, mosaic), look("-range", 0, 1000, "-rgb", mosaic, "aside.fits", mosaic)
    alone = alone[..., 0] if alone.ndim == 3 else alone
    moved = np.roll(alone, (3 if y2 < y1 else -3, 5 if x2 < x1 else -5), (0, 1))[8:-8, 8:-8]
    check((together[8:-8, 8:-8, 1] == moved)[moved > 22].all(), f"a mosaic that points elsewhere: DETSEC {x1, x2, y1, y2}")
    for name in "irg":
        fits.writeto(f"{name}0.fits", fits.getdata(f"{name}.fits"))
    check((look("-range", 0, 1000, "-rgb", "i0.fits", "i.fits", "i0.fits")[..., 1] == picture[..., 0]).all(), "without a WCS pixel on pixel")
    fits.writeto("small.fits", sky[:50, :60])
    out = look("-rgb", "i0.fits", "small.fits", "g0.fits", code=4)
    check("small.fits" in out.stderr and "another size" in out.stderr, out.stderr)
    check("three files" in run("imlook", "-rgb", "-o", "x.png", "i.fits", "r.fits", code=2).stderr, "two are not three")


def trees():
    """A picture of each file; what is up to date is passed over; what is changed, made another way, cut or removed is made again."""
    os.makedirs("tree/one")
    for i in range(6):
        fits.writeto(f"tree/one/{i}.fits", (rng.random((40, 60)) * 100).astype(np.float32))
    fits.HDUList([fits.PrimaryHDU()]).writeto("tree/empty.fits")
    write("tree/notes.txt", "no image\n")
    write("tree/cut.fits", read("tree/one/0.fits")[:3000])  # not one row

    def made(*more, code=4):
        out = run("imlook", "-tree", "pics", "-format", "json", "-v", *more, "tree", code=code)
        lines = [json.loads(l) for l in out.stdout.splitlines()]
        equal({os.path.exists(l["picture"]) for l in lines[:-1] if l["fate"] in ("made", "up to date")} - {True}, set(), "pictures are there")
        return lines[-1], {os.path.basename(l["file"]): l for l in lines[:-1]}

    count, lines = made()
    equal((count["files"], count["made"], count["passed over"], count["failed"]), (9, 6, 2, 1), f"first run: {lines}")
    check("truncated" in lines["cut.fits"]["reason"] or "cut" in lines["cut.fits"]["reason"], f"{lines['cut.fits']}")
    whole = {name: read(f"pics/one/{name}") for name in os.listdir("pics/one")}
    equal(sorted(whole), [f"{i}.fits.jpg" for i in range(6)], "no other file is there")
    before = {name: os.stat(f"pics/one/{name}").st_mtime_ns for name in whole}
    equal(made()[0]["up to date"], 6, "second run")
    equal({name: os.stat(f"pics/one/{name}").st_mtime_ns for name in whole}, before, "nothing is written again")
    for way in (["-negative"], ["-stars"], ["-collapse", "mean"], ["-percent", 1, 90], ["-range", 0, 50], ["-region", "1:20,1:20"], ["-size", 30], ["-slice", 1], ["-label"], ["-noflags"], ["-palette", "heat"],
                ["-stretch", "log"], ["-layout", "stack"], ["-hdu", 0], ["-camera", "generic"], ["-quality", 50]):
        equal(made(*way)[0]["made"], 6, f"another way: {way}")
        equal(made()[0]["made"], 6, f"and back: {way}")
    equal({name: read(f"pics/one/{name}") for name in whole}, whole, "the same pictures by any number of threads")
    fits.writeto("tree/one/1.fits", (rng.random((41, 60)) * 100).astype(np.float32), overwrite=True)
    os.remove("pics/one/2.fits.jpg"), write("pics/one/3.fits.jpg", whole["3.fits.jpg"][:20])
    count, lines = made()
    equal(sorted(name for name, l in lines.items() if l["fate"] == "made"), ["1.fits", "2.fits", "3.fits"], "what is changed, removed, cut")
    when = os.stat("tree/one/4.fits").st_mtime_ns
    fits.writeto("tree/one/4.fits", (rng.random((80, 90)) * 100).astype(np.float32), overwrite=True)
    os.utime("tree/one/4.fits", ns=(when, when))
    equal(sorted(name for name, l in made()[1].items() if l["fate"] == "made"), ["4.fits"], "another size at the same time")
    # Killed at any time: no half picture, and the next run makes the rest.
    for _ in range(6):
        child = subprocess.Popen([os.path.join(BIN, "imlook"), "-tree", "pics", "-again", "tree"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.03)
        child.kill(), child.wait()
        for name in os.listdir("pics/one"):
            if name.endswith(".jpg"):
                Image.open(f"pics/one/{name}").load()
    write("pics/one/0.fits.jpg.new999999999", "half"), write("pics/mine.new7.txt", "not ours")
    equal(made()[0]["failed"], 1, "behind kills")
    equal(sorted(os.listdir("pics/one")), [f"{i}.fits.jpg" for i in range(6)], "what was begun is cleared away")
    check(os.path.exists("pics/mine.new7.txt"), "and nothing else")
    # Names
    hdu = fits.PrimaryHDU((rng.random((30, 50)) * 9).astype(np.float32))
    hdu.header["PROPOSID"] = 9401
    os.makedirs("hst"), hdu.writeto("hst/j8bt06nyq_flt.fits")
    run("imlook", "-tree", "acs", "-thumb", "-as", "{proposal}/{rootname}_{filetype}", "hst", code=0)
    equal(Image.open("acs/9401/j8bt06nyq_flt.thumb").size, (50, 30), "acsql's names")
    run("imlook", "-tree", "sharded", "-png", "-as", "{hash:2}/{hash}", "hst", code=0)
    name, = [os.path.join(f, n) for f, _, ns in os.walk("sharded") for n in ns]
    check(re.fullmatch(r"sharded/([0-9a-f]{2})/\1[0-9a-f]{14}\.png", name), f"hashed: {name}")
    out = run("imlook", "-tree", "same", "-as", "{filetype}", "tree/one", code=4)
    check(out.stderr.count("has the same picture as") == 5, out.stderr)
    for words, more in ((["-as", "{nosuch}"], ["-as", "{nosuch}"]), (["one name"], ["-as", "x"]), (["leads out"], ["-as", "../{stem}"]), (["-o"], ["-o", "x.jpg"])):
        check(all(w in run("imlook", "-tree", "bad", *more, "tree", code=2).stderr for w in words), f"{more}")
    check("does nothing without -tree" in run("imlook", "-again", "-o", "x.jpg", "tree/one/1.fits", code=2).stderr, "-again")
    check("no such file or folder" in run("imlook", "-tree", "bad", "nowhere").stderr, "no tree")
    check("choose another folder" in run("imlook", "-tree", "tree", "tree", code=2).stderr, "pictures among their files")


def trees_of_rows():
    """-tree of rows of a database: a picture of each exposure, by the whole path; up to date until one of its files changes."""
    run("imsim", "-o", "rows", "-ccds", 2, "-objects", 4, "-size", "64x96", code=0)
    run("imsim", "-o", "parts", "-ccds", 3, "-objects", 3, "-size", "64x96", "-mode", "split", code=0)
    run("imregister", "-db", "r.db", "rows"), run("imregister", "-db", "p.db", "-split", "parts")

    def made(*args, code=0):
        out = run("imlook", "-format", "json", "-v", *args, code=code)
        lines = [json.loads(l) for l in out.stdout.splitlines()]
        return lines[-1], lines[:-1], out.stderr

    rows = [json.loads(l) for l in run("imsearch", "-db", "r.db", "-type", "object", "-format", "json").stdout.splitlines()]
    paths = {os.path.join(r["pathname"], r["filename"]) for r in rows}
    count, lines, _ = made("-tree", "rp", "-db", "r.db", "-type", "object")
    equal((count["made"], {l["picture"] for l in lines}), (len(paths), {"rp" + p + ".jpg" for p in paths}), "a picture of each file, by its path")
    equal({l["file"] for l in lines}, paths, "files")
    one = sorted(paths)[0]
    run("imlook", "-o", "one.jpg", one, code=0)
    check((np.asarray(Image.open("one.jpg")) == np.asarray(Image.open("rp" + one + ".jpg"))).all(), "the picture of the file")
    equal(made("-tree", "rp", "-db", "r.db")[0]["up to date"], len(paths), "those of all rows: these are there")
    run("imsearch", "-db", "r.db", "-type", "object", "-format", "fits", "-o", "objects.fits", code=0)
    equal(made("-tree", "rp", "-i", "objects.fits")[0]["up to date"], len(paths), "-i")
    count, lines, _ = made("-tree", "sp", "-db", "p.db", "-type", "object")
    exposures = {(r["pathname"], r["obstime"]) for r in map(json.loads, run("imsearch", "-db", "p.db", "-type", "object", "-format", "json").stdout.splitlines())}
    equal(count["made"], len(exposures), "an exposure of several files is one picture")
    folder = os.path.dirname(lines[0]["file"])
    run("imlook", "-o", "one.jpg", *sorted(os.path.join(folder, n) for n in os.listdir(folder)), code=0)
    check((np.asarray(Image.open("one.jpg")) == np.asarray(Image.open(lines[0]["picture"]))).all(), "all of its files")
    last = os.path.join(folder, sorted(os.listdir(folder))[-1])
    os.utime(last, (2e9, 2e9))
    count, lines, _ = made("-tree", "sp", "-db", "p.db", "-type", "object")
    equal((count["made"], count["up to date"]), (1, len(exposures) - 1), "one of its files has changed")
    os.rename(last, "away.fits")
    count, lines, errors = made("-tree", "sp", "-db", "p.db", "-type", "object", code=4)
    equal(count["failed"], 1, "a file is gone"), os.rename("away.fits", last)
    equal(run("imlook", "-tree", "sp", "-db", "p.db", "-object", "nosuch").returncode, 1, "nothing is selected")
    for words, line in ((["leave one out"], ["-tree", "x", "-db", "p.db", "rows"]), (["leave one out"], ["-tree", "x", "-sheet", "y.html", "rows"]), (["-tree of what", "-db"], ["-tree", "x"])):
        out = run("imlook", *line, code=2)
        check(all(w in out.stderr for w in words) and not os.path.exists("x"), f"{line}: {out.stderr}")
    # By what only headers say: nothing is drawn to find that a picture is up to date.
    os.makedirs("byname")
    for k in range(3):
        hdu = fits.PrimaryHDU((rng.random((40, 60)) * 100).astype(np.float32))
        hdu.header["PROPOSID"] = f"{9000 + k % 2}"
        hdu.writeto(f"byname/j{k}_flt.fits")
    write("byname/j9_flt.fits", read("byname/j0_flt.fits")[:2880 + 50 * 100])
    equal(made("-tree", "bn", "-as", "{proposal}/{rootname}_{filetype}", "byname")[0]["made"], 4, "-as {proposal}")
    equal(sorted(os.path.join(f, n) for f, _, ns in os.walk("bn") for n in ns), ["bn/9000/j0_flt.jpg", "bn/9000/j2_flt.jpg", "bn/9000/j9_flt.jpg", "bn/9001/j1_flt.jpg"], "names by proposal")
    count, lines, errors = made("-tree", "bn", "-as", "{proposal}/{rootname}_{filetype}", "-again", "byname")
    check([l["reason"] for l in lines if "j9_" in l["file"]][0].startswith("truncated"), f"what lacks is told: {lines}")
    check("truncated" in run("imlook", "-tree", "bn", "-again", "byname", code=0).stderr, "in a line")
    if shutil.which("strace") and not SANITIZED:
        for again in ((), ("-again",)):
            calls = subprocess.run(["strace", "-f", "-y", "-e", "trace=mmap", os.path.join(BIN, "imlook"), *again, "-tree", "bn", "-as", "{proposal}/{rootname}_{filetype}", "byname"], capture_output=True, text=True)
            if "ptrace" in calls.stderr:
                print("strace cannot trace here: whether pixels are looked at is not seen")
            else:
                equal(bool(re.search(r"mmap\(.*byname/", calls.stderr)), bool(again), f"pixels are looked at: {again}")


def sheets():
    """Exposures of a search, each once and in order, with captions; in one page that needs nothing else."""
    run("imsim", "-o", "nights", "-ccds", 4, "-objects", 4, "-size", "64x96", code=0)
    run("imsim", "-o", "apart", "-ccds", 4, "-objects", 4, "-size", "64x96", "-mode", "split", code=0)
    run("imregister", "-db", "n.db", "nights"), run("imregister", "-db", "a.db", "-split", "apart")
    found = [json.loads(l) for l in run("imsearch", "-db", "n.db", "-type", "object", "-sort", "obstime", "-format", "json").stdout.splitlines()]
    names = list(dict.fromkeys(r["filename"] for r in found))
    run("imlook", "-db", "n.db", "-type", "object", "-trange", "2001/01/26", "2d", "-sheet", "s.html", code=0)
    page = read("s.html").decode()
    equal(re.findall(r"<figcaption><b>([^<]+)</b>", page), names, "exposures in the order of their time")
    check(not re.search(r"(src|href)=\"(?!data:)", page) and "<script" not in page, "nothing from elsewhere")
    import base64
    pictures = [Image.open(io.BytesIO(base64.b64decode(b))) for b in re.findall(r"data:image/jpeg;base64,([^\"]+)", page)]
    equal({max(p.size) <= 256 and max(p.size) > 128 for p in pictures}, {True}, "small pictures, of small images larger ones")
    first = Image.open(io.BytesIO(run("imlook", "-size", 256, "-o", "-", os.path.join(found[0]["pathname"], names[0]), text=False, code=0).stdout))
    small = np.asarray(pictures[0].convert("L").resize(first.size)).astype(float)
    check(np.corrcoef(small.ravel(), np.asarray(first.convert("L")).astype(float).ravel())[0, 1] > 0.8, "the picture of the file")
    for caption in {(r["object"], r["filter"]) for r in found}:
        check(f"{caption[0]}  {caption[1]}" in page, f"caption {caption}")
    # Files with a CCD each: one picture of an exposure.
    run("imlook", "-db", "a.db", "-type", "object", "-sheet", "a.html", code=0)
    equal(read("a.html").decode().count("<figure>"), len(names), "split exposures")
    # A file that is gone
    gone = os.path.join(found[0]["pathname"], names[0])
    os.rename(gone, gone + ".away")
    out = run("imlook", "-db", "n.db", "-type", "object", "-sheet", "g.html", code=4)
    check("no picture" in read("g.html").decode() and gone in out.stderr, out.stderr)
    os.rename(gone + ".away", gone)
    # Registered in another order than they were taken
    for name in reversed(names):
        run("imregister", "-db", "late.db", os.path.join(found[0]["pathname"], name), code=0)
    run("imlook", "-db", "late.db", "-type", "object", "-sheet", "late.html", code=0)
    equal(re.findall(r"<figcaption><b>([^<]+)</b>", read("late.html").decode()), names, "by their time, whenever they were registered")
    # The result of a search, whole or with some fields, and again with filters
    run("imsearch", "-db", "n.db", "-type", "object", "-format", "fits", "-o", "found.fits", code=0)
    run("imlook", "-i", "found.fits", "-sheet", "i.html", code=0)
    body = lambda name: read(name).decode().split("</h1>")[1]
    equal(body("i.html"), body("s.html"), "-i has the pictures of the search")
    run("imlook", "-i", "found.fits", "-filter", found[0]["filter"], "-sheet", "i.html", code=0)
    equal(re.findall(r"<figcaption><b>([^<]+)</b>", body("i.html")), list(dict.fromkeys(r["filename"] for r in found if r["filter"] == found[0]["filter"])), "-i with a filter")
    run("imsearch", "-db", "n.db", "-type", "object", "-fields", "pathname,filename", "-format", "fits", "-o", "fields.fits", code=0)
    run("imlook", "-i", "fields.fits", "-sheet", "i.html", code=0)
    equal(sorted(re.findall(r"<figcaption><b>([^<]+)</b>", body("i.html"))), sorted(names), "-i with two fields")
    check(found[0]["object"] in body("i.html"), "what the search did not say, the file does")
    run("imsearch", "-db", "n.db", "-type", "object", "-fields", "filename", "-format", "fits", "-o", "bare.fits", code=0)
    check("pathname and filename" in run("imlook", "-i", "bare.fits", "-sheet", "x.html").stderr, "-i without a path")
    check("leave one out" in run("imlook", "-i", "fields.fits", "-db", "n.db", "-sheet", "x.html", code=2).stderr, "-i and -db")
    for ending in ("png", "jpg"):
        run("imlook", "-db", "n.db", "-size", 100, "-title", "A night", "-sheet", f"s.{ending}", code=0)
        check(min(Image.open(f"s.{ending}").size) > 300, ending)
    write("nights/notes.txt", "none")
    run("imlook", "-sheet", "t.html", "nights", code=0)
    equal(read("t.html").decode().count("<figure>"), sum(n.endswith(".fits") for _, _, ns in os.walk("nights") for n in ns), "all files of a tree that have an image")
    equal(run("imlook", "-db", "n.db", "-object", "nosuch", "-sheet", "x.html").returncode, 1, "nothing is selected")
    os.makedirs("bare")
    check("no image in what was named" in run("imlook", "-sheet", "x.html", "bare").stderr, "a folder without a file")
    for words, line in (([".html"], ["-db", "n.db", "-sheet", "x.gif"]), (["leave one out"], ["-db", "n.db", "-sheet", "x.html", "nights"]), (["-o"], ["-sheet", "x.html", "-o", "y.png", "nights"]),
                        (["-sheet"], ["-db", "n.db"]), (["which FILE"], []), (["of what"], ["-sheet", "x.html"]), (["-type", "nosuch"], ["-db", "n.db", "-type", "nosuch", "-sheet", "x.html"])):
        out = run("imlook", *line, code=2)
        check(all(w in out.stderr for w in words) and not os.path.exists("x.html"), f"{line}: {out.stderr}")


def spectra():
    """One row is a plot: dark where the values are, white elsewhere, of the size of a plot."""
    x = np.arange(2000)
    hdu = fits.PrimaryHDU((100 + 50 * np.sin(x / 80.0)).astype(np.float32))
    hdu.header.update(CRVAL1=4000.0, CDELT1=1.5, CRPIX1=1, CTYPE1="WAVE", CUNIT1="Angstrom", OBJECT="a star")
    for name, data in (("one.fits", hdu.data), ("row.fits", hdu.data[None]), ("column.fits", hdu.data[:, None])):
        fits.writeto("line_" + name, data, hdu.header if name != "column.fits" else None, overwrite=True)
        picture = look("line_" + name)
        equal(picture.shape, (600, 960, 3), f"{name}: a plot")
        ink = (picture.sum(axis=2) < 500)
        check(0.005 < ink.mean() < 0.2, f"{name}: {ink.mean()} of it is ink")
        middle = [np.argwhere(ink[100:560, column]).mean() for column in range(150, 900, 50)]
        check(np.ptp(middle) > 60, f"{name}: the values go up and down: {middle}")
    equal(look("-size", 300, "line_one.fits").shape[1], 300, "a smaller plot")
    equal(look("-stretch", "acsql", "line_row.fits").shape, (1, 2000), "acsql's picture is a line")


def small_spectra():
    """A plot is no larger than what was asked for."""
    fits.writeto("line.fits", np.arange(500, dtype=np.float32))
    for size in (20, 100, 250, 400, 2000):
        shape = look("-size", size, "line.fits").shape
        check(max(shape[:2]) <= size and max(shape[:2]) >= min(0.9 * size, 900) and shape[0] < shape[1], f"-size {size}: {shape}")


def labels():
    """The band below: the picture above it is untouched; its bar is as long as it says; north and east are where the WCS has them."""
    from astropy.wcs import WCS
    for angle, turned in ((0, False), (35, False), (35, True), (-120, True)):
        w = WCS(naxis=2)
        t = np.radians(angle)
        turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) @ np.diag([1 if turned else -1, 1])
        w.wcs.ctype, w.wcs.crval, w.wcs.crpix, w.wcs.cd = ["RA---TAN", "DEC--TAN"], [10.0, 41.0], [300.5, 200.5], turn * 0.4 / 3600
        header = w.to_header()
        header["OBJECT"] = "M 31"
        fits.writeto("label.fits", (rng.random((400, 600)) * 100).astype(np.float32), header, overwrite=True)
        plain, picture = look("-range", 0, 100, "label.fits"), look("-label", "-range", 0, 100, "label.fits")
        band = picture.shape[0] - 400
        equal((picture.shape[1], 20 < band < 120), (600, True), "a band below")
        check((picture[band:, :, 0] == plain).all(), "the picture above it")
        ink = picture[:band, :, 0] > 200  # row 0 is the lowest
        # The bar: the longest run of a row
        runs = [(len(m.group()), m.start(), y) for y in range(band) for m in re.finditer("1+", "".join("01"[v] for v in ink[y]))]
        length, start, y = max(runs)
        check(abs(length * 0.4 - 30) < 2 or abs(length * 0.4 - 60) < 2, f"{length} pixels of 0.4 arcsec are no round angle")
        # The rose: its middle is where both arms meet; ink far from it in the direction of north, and of east.
        middle = np.array([600 - np.ceil(0.6 * 600 / 55) - band * 0.45, band / 2])
        to_north = np.array(w.world_to_pixel_values(10.0, 41.01)) - np.array(w.world_to_pixel_values(10.0, 41.0))
        to_east = np.array(w.world_to_pixel_values(10.01, 41.0)) - np.array(w.world_to_pixel_values(10.0, 41.0))
        for name, way in (("north", to_north), ("east", to_east)):
            way = way / np.hypot(*way)
            at = [middle + band * 0.22 * part * way for part in (0.3, 0.5, 0.7, 0.9)]
            check(all(ink[int(round(q - 1.5)):int(round(q + 1.5)), int(round(p - 1.5)):int(round(p + 1.5))].any() for p, q in at), f"{name} by {angle}, {turned}: {at}")
            back = middle - band * 0.22 * 0.8 * way
            if name == "north":
                check(not ink[int(back[1]), int(back[0])], f"nothing the other way: {angle}, {turned}")


def small_labels():
    """Letters find room below a small image: each pixel becomes several, the bar and the stars with them."""
    data = (rng.random((20, 30)) * 100).astype(np.float32)
    fits.writeto("tiny.fits", data)
    plain = look("-range", 0, 100, "tiny.fits")
    for more, factor in (((), 8), (("-size", 100), 3), (("-size", 30), 1)):
        got = look("-label", "-range", 0, 100, *more, "tiny.fits")
        equal(got.shape[1], 30 * factor, f"{more}: width")
        check((got[-20 * factor:, :, 0] == plain.repeat(factor, 0).repeat(factor, 1)).all(), f"{more}: each pixel {factor} x {factor}")
    fits.writeto("thin.fits", np.zeros((900, 2), np.float32))
    equal(look("-label", "thin.fits").shape[1], 2, "a thin one stays")


def turned_labels():
    """The rose of a mosaic whose parts are drawn turned: as the picture has them, not as they are stored."""
    from astropy.wcs import WCS
    for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1)):  # how it is stored: x to the east or west, y to the north or south
        parts = [fits.PrimaryHDU()]
        for k in (0, 1):
            w = WCS(naxis=2)
            w.wcs.ctype, w.wcs.crval, w.wcs.crpix, w.wcs.cd = ["RA---TAN", "DEC--TAN"], [10.0, 41.0], [150.5, 200.5], np.diag([-x, y]) * 0.4 / 3600
            hdu = fits.ImageHDU((rng.random((400, 300)) * 100).astype(np.float32), w.to_header())
            left, right = 1 + 300 * k, 300 + 300 * k
            hdu.header["DETSEC"] = f"[{left}:{right}," if x > 0 else f"[{right}:{left},"
            hdu.header["DETSEC"] += "1:400]" if y > 0 else "400:1]"
            parts.append(hdu)
        fits.HDUList(parts).writeto("turned.fits", overwrite=True)
        picture = look("-label", "-range", 0, 100, "turned.fits")
        band = picture.shape[0] - 400
        ink = picture[:band, :, 0] > 200
        middle = np.array([600 - np.ceil(0.6 * 600 / 55) - band * 0.45, band / 2])
        for way, wanted in (((-1, 0), True), ((1, 0), False), ((0, 1), True), ((0, -1), False)):  # east to the left, north up
            p, q = middle + band * 0.22 * 0.6 * np.array(way)
            equal(bool(ink[int(round(q - 1.5)):int(round(q + 1.5)), int(round(p - 1.5)):int(round(p + 1.5))].any()), wanted, f"stored {x, y}: {way}")


def files():
    """Names say the format; a thumbnail is a small JPEG; what cannot be written leaves nothing."""
    data = (rng.random((200, 400)) * 1000).astype(np.float32)
    fits.writeto("f.fits", data)
    run("imlook", "-o", "f.jpg", "f.fits", code=0)
    picture = Image.open("f.jpg")
    equal((picture.format, picture.size, picture.mode), ("JPEG", (400, 200), "L"), "a JPEG")
    run("imlook", "-thumb", "-o", "f.thumb", "f.fits", code=0)
    picture = Image.open(io.BytesIO(read("f.thumb")))
    equal((picture.format, picture.size), ("JPEG", (128, 64)), "a thumbnail")
    for words, line in ((["there is no such"], ["-o", "x.jpg", "none.fits"]), (["-stretch", "zscale", "histeq"], ["-stretch", "zzz", "-o", "x.jpg", "f.fits"]),
                        (["-region", "outside"], ["-region", "500:600,1:10", "-o", "x.jpg", "f.fits"]), (["-region", "x1:x2"], ["-region", "abc", "-o", "x.jpg", "f.fits"]),
                        ([".jpg"], ["-o", "x.gif", "f.fits"]), (["-percent"], ["-percent", "60", "20", "-o", "x.jpg", "f.fits"]), (["-range"], ["-range", "5", "5", "-o", "x.jpg", "f.fits"]),
                        (["HDU 7"], ["-hdu", "7", "-o", "x.jpg", "f.fits"]), (["no plane 3"], ["-hdu", "0", "-slice", "3", "-o", "x.jpg", "f.fits"]),
                        (["no/such/folder"], ["-o", "no/such/folder/x.jpg", "f.fits"])):
        out = run("imlook", *line)
        check(out.returncode in (2, 3, 4) and all(word in out.stderr for word in words), f"{line}: {out.stderr}")
        check(not os.path.exists("x.jpg"), f"{line}: nothing is written")


for part in (stretches, values_that_are_none, shapes, cubes, physical, stars, numbers, cut_off, parts_missing, in_the_way, mosaics, by_sky, colours, trees, trees_of_rows, sheets, spectra, small_spectra, labels, small_labels, turned_labels, files):
    guarded(part)
if os.path.isdir(FITS):
    guarded(real_files)
else:
    print("the real files are not there: acsql's arithmetic is compared on made ones only")
finish()
