# Exact statistics of pixels against numpy: every BITPIX, scaled and not, BLANK, NaN, cubes, packed and tile-compressed files,
# random sections, hostile distributions, and the real files.
import gzip, json, os, subprocess, sys, tempfile, warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter("ignore")
SOURCE, BIN, DATA = (os.path.abspath(p) for p in sys.argv[1:4])
TOOL = os.path.join(os.path.dirname(BIN), "tests", "pixels_tool")
LONG = os.environ.get("IMREG_LONG") == "1"
random = np.random.default_rng(20261122)
failures, checks = [], 0
folder = tempfile.TemporaryDirectory(prefix="imreg-pixels-")
questions, wanted = [], []


def stored_value(hdu_header, raw):
    """Values in double precision of the stored numbers, NaN where BLANK."""
    out = raw.astype(np.float64)
    blank = hdu_header.get("BLANK", hdu_header.get("ZBLANK"))
    scale, zero = hdu_header.get("BSCALE", 1), hdu_header.get("BZERO", 0)
    out = out * scale + zero
    if raw.dtype.kind in "iu" and blank is not None:
        out[raw == blank] = np.nan
    return out


def truth(values, saturation=np.inf):
    """values: any list of doubles, NaN among them."""
    good = values[~np.isnan(values)]
    out = {"pixels": values.size, "bad": int(values.size - good.size), "saturated": int((good >= saturation).sum())}
    if good.size == 0:
        return {**out, "median": None, "sigma": None, "minimum": None, "maximum": None}
    median = np.median(good)
    with np.errstate(invalid="ignore"):
        sigma = 1.482602218505602 * np.median(np.abs(good - median))
    return {**out, "median": median, "sigma": sigma, "minimum": good.min(), "maximum": good.max()}


def ask(path, hdu, plane, sections, answer, more=()):
    questions.append("\t".join([path, str(hdu), str(plane), *sections, *more]))
    wanted.append(answer)


def section(box):
    x1, x2, y1, y2 = box
    spellings = [f"[{x1}:{x2},{y1}:{y2}]", f"[ {x1} : {x2} , {y1}:{y2} ]", f"'[{x1}:{x2},{y1}:{y2}]'", f"[{x2}:{x1},{y1}:{y2}]",
                 f"[{x1}:{x2},{y2}:{y1}]", f"{x1}:{x2},{y1}:{y2}", f"({x1}:{x2},{y1}:{y2})"]
    return spellings[random.integers(len(spellings))]


def random_boxes(shape):
    out = []
    for _ in range(random.integers(1, 4)):
        x = np.sort(random.integers(1, shape[1] + 1, 2))
        y = np.sort(random.integers(1, shape[0] + 1, 2))
        out.append((x[0], x[1], y[0], y[1]))
    return out


def part(values, boxes):
    return np.concatenate([values[y1 - 1:y2, x1 - 1:x2].ravel() for x1, x2, y1, y2 in boxes])


def ask_everything(path, hdu, planes, header_scale=1):
    """The whole of each plane and random sections. `planes`: values in double precision."""
    for plane, values in enumerate(planes):
        whole = ["[*,*]", "[:,:]", "[1:*,*]", "[-*,-*]"][random.integers(4)]
        saturation = float(np.nanpercentile(values[np.isfinite(values)], 90)) if np.isfinite(values).any() else 1.0
        ask(path, hdu, plane, [whole], truth(values.ravel(), saturation), [f"saturation={saturation!r}"])
        row = random.integers(values.shape[0])
        ask(path, hdu, plane, [f"row={row}"], ("row", values[row]))
        for _ in range(2):
            boxes = random_boxes(values.shape)
            ask(path, hdu, plane, [section(b) for b in boxes], truth(part(values, boxes)))


def write(name, raw, compress=None, **cards):
    """An image of these stored numbers with these cards, nothing interpreted. Returns path and HDU."""
    path = os.path.join(folder.name, name)
    header = fits.Header()
    bitpix = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}[raw.dtype.str[1:]]
    lines = [("SIMPLE", True), ("BITPIX", bitpix), ("NAXIS", raw.ndim)] + [(f"NAXIS{i + 1}", n) for i, n in enumerate(raw.shape[::-1])]
    for key, value in [*lines, *cards.items()]:
        header[key] = value
    text = header.tostring(padding=True).encode()
    data = raw.astype(raw.dtype.newbyteorder(">")).tobytes()
    data += b"\0" * (-len(data) % 2880)
    opened = gzip.open if name.endswith(".gz") else open
    with opened(path, "wb") as file:
        file.write(text + data)
    return path


TYPES = {"u1": (0, 255), "i2": (-32768, 32767), "i4": (-2**31, 2**31 - 1), "i8": (-2**52, 2**52)}


def distributions(dtype, size):
    """What can be hard: ties, two values, wide ranges, sorted, constant, all but one value blank."""
    if dtype.startswith("f"):
        yield "normal", random.normal(1000, 20, size)
        yield "counts", random.poisson(100, size)
        yield "ties", random.integers(0, 3, size)
        yield "constant", np.full(size, 1.5)
        yield "wide", random.normal(0, 1, size) * 10.0 ** random.uniform(-30, 30, size)
        yield "sorted", np.sort(random.normal(0, 1, size))
        yield "half", np.where(np.arange(size) % 2 == 0, -1.0, 1.0)
        yield "stripes", np.where(np.arange(size) % 64 < 31, random.normal(0, 1, size), random.normal(1e6, 1, size))
        some = random.normal(5, 1, size)
        some[random.random(size) < 0.3] = np.nan
        yield "nan", some
        yield "all nan", np.full(size, np.nan)
        odd = random.normal(5, 1, size)
        odd[::7], odd[::11] = np.inf, -np.inf
        yield "infinite", odd
        yield "zeros", np.where(random.random(size) < 0.5, 0.0, -0.0)
    else:
        low, high = TYPES[dtype]
        middle, spread = (100, 5) if dtype == "u1" else (1000, 20)
        yield "normal", np.clip(random.normal(middle, spread, size), low, high)
        yield "uniform", random.integers(low, high + 1, size)
        yield "constant", np.full(size, 7)
        yield "ends", np.where(random.random(size) < 0.5, low, high)
        yield "ties", random.integers(0, 3, size)


shapes = [(50, 61), (301, 257), (640, 512)] if not LONG else [(50, 61), (301, 257), (640, 512), (2048, 1024)]
for dtype in ("u1", "i2", "i4", "i8", "f4", "f8"):
    for shape in shapes:
        size = shape[0] * shape[1]
        for n, (what, values) in enumerate(distributions(dtype, size)):
            raw = values.astype(dtype).reshape(shape)
            ask_everything(write(f"{dtype}-{size}-{n}.fits", raw), 0, [raw.astype(np.float64)])
    raw = random.normal(60, 9, (4, 40, 30)).astype(dtype)
    cube = [stored_value({"BSCALE": -0.5, "BZERO": 7.25}, plane) for plane in raw]
    ask_everything(write(f"cube-{dtype}.fits", raw, BSCALE=-0.5, BZERO=7.25), 0, cube)
    ask_everything(write(f"cube-{dtype}.fits.gz", raw, BSCALE=-0.5, BZERO=7.25), 0, cube)
    if dtype[0] != "f":
        raw = random.integers(0, 50, (200, 700)).astype(dtype)
        cards = {"BLANK": 17, "BSCALE": 2.0, "BZERO": 3.0}
        ask_everything(write(f"blank-{dtype}.fits", raw, **cards), 0, [stored_value(cards, raw)])
        ask_everything(write(f"all-blank-{dtype}.fits", np.full((9, 9), 17, dtype), **cards), 0, [np.full((9, 9), np.nan)])
for dtype, zero in (("u1", -128), ("i2", 32768), ("i4", 2147483648)):  # the other signedness
    low, high = TYPES[dtype]
    raw = random.integers(low, high + 1, (333, 217)).astype(dtype)
    ask_everything(write(f"unsigned-{dtype}.fits", raw, BZERO=zero), 0, [raw.astype(np.float64) + zero])
raw = random.integers(-2**63, 2**63 - 1, (100, 111), dtype=np.int64)
values = raw.astype(np.float64) + 2.0**63
ask(write("unsigned-i8.fits", raw, BZERO=9223372036854775808), 0, 0, ["[*,*]"], truth(values.ravel()))
# Sections that reach out of the image are cut; those beside it hold nothing.
raw = random.normal(100, 5, (60, 80)).astype("i2")
path = write("clip.fits", raw)
ask(path, 0, 0, ["[70:99,50:70]"], truth(raw[49:, 69:].astype(float).ravel()))
ask(path, 0, 0, ["[0:5,-3:4]"], truth(raw[:4, :5].astype(float).ravel()))
for none in ("[81:90,1:5]", "[0:0,0:0]", "[1:5,61:70]", "", "none", "[a:b,1:2]", "[1:2"):
    ask(path, 0, 0, [none], truth(np.zeros(0)))
ask(path, 0, 0, ["[7,9]"], truth(raw[8:9, 6].astype(float)))
ask(path, 0, 0, ["[70:*,2]"], truth(raw[1, 69:].astype(float)))
ask(path, 0, 0, ["[1:4]"], truth(raw[:, :4].astype(float).ravel()))
ask(path, 0, 0, ["[1:10:2,1:4,1:1]"], truth(raw[:4, :10].astype(float).ravel()))

# Tile-compressed: what astropy reads is the oracle.
image = random.normal(500, 12, (300, 211))
image[100:120, 50:70] += 4000
for kind in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"):
    for dtype in ("i2", "u2", "i4", "u1", "f4", "f8"):
        if kind == "PLIO_1" and dtype not in ("u1", "i2"):
            continue
        for tile in (None, (64, 32)) if kind != "PLIO_1" else (None,):
            values = np.clip(image, 0, 255 if dtype == "u1" else 4e9).astype(dtype)
            more = {}
            if dtype[0] == "f":
                values[5:9, 5:90] = np.nan
                more = {"quantize_method": int(random.choice([-1, 1, 2])), "quantize_level": 16}
                if kind == "GZIP_1" and tile is None:
                    more = {"quantize_level": 0}
            path = os.path.join(folder.name, f"{kind}-{dtype}-{tile is None}.fits")
            try:
                hdu = fits.CompImageHDU(values, compression_type=kind, **({"tile_shape": tile} if tile else {}), **more)
                hdu.writeto(path)
            except Exception as error:  # astropy cannot write all combinations
                print("not written:", kind, dtype, tile, str(error)[:60])
                continue
            with fits.open(path) as file:
                read = file[1].data.astype(np.float64)
            ask_everything(path, 1, [read])

if os.path.isdir(os.path.join(DATA, "fits")):
    for where, _, names in sorted(os.walk(os.path.join(DATA, "fits"))):
        for name in sorted(names):
            path = os.path.join(where, name)
            # compressed_with_nan: astropy 5.2 reads its NaN as -5.3.
            if os.path.basename(where) in ("h", "fits") or name == "compressed_with_nan.fits":
                continue
            with open(path, "rb") as file:
                most = 100 if LONG or file.read(6) == b"SIMPLE" else 2  # images: each is unpacked again
            try:
                if os.path.getsize(path) > (1 << 30 if LONG else 1 << 19):
                    continue
                with fits.open(path, do_not_scale_image_data=True, memmap=False) as file, fits.open(path, memmap=False) as scaled:
                    for number, hdu in enumerate(file):
                        if number > most:
                            break
                        if isinstance(hdu, fits.CompImageHDU):
                            values = scaled[number].data.astype(np.float64).reshape(-1, *hdu.shape[-2:])
                            ask(path, number, 0, ["[*,*]"], ("real", truth(values[0].ravel())))
                            continue
                        if not hdu.is_image or hdu.data is None or hdu.data.ndim < 2 or hdu.data.size == 0 or hdu.data.dtype.kind == "c":
                            continue
                        raw = hdu.data
                        if raw.dtype.kind == "f" and hdu.header.get("BITPIX", -32) > 0:
                            continue
                        raw = raw.reshape(-1, *raw.shape[-2:])
                        for plane in sorted({0, len(raw) - 1}):
                            values = stored_value(hdu.header, raw[plane])
                            ask(path, number, plane, ["[*,*]"], ("real", truth(values.ravel())))
            except Exception as error:  # astropy cannot read all of them: how many it must is asked at the end
                continue
else:
    print("without the real files: ../shared/data is not there")

out = subprocess.run([TOOL], input="\n".join(questions) + "\n", capture_output=True, text=True)
answers = out.stdout.splitlines()
if out.returncode != 0 or len(answers) != len(questions):
    print("FAILED: the tool ended with", out.returncode, out.stderr[-500:], "after", len(answers), "of", len(questions), "at", questions[len(answers)][:200])
    sys.exit(1)


def same(a, b, size):
    """JSON has no infinities; what is scaled may differ by some last places of the numbers it comes from."""
    if a is None or b is None:
        return a is b or (a is None and not np.isfinite(b))
    return a == b or abs(a - b) <= 1e-15 * max(abs(a), abs(b), size)


def same_row(got, values, scale=2.0**-22):
    """Single precision, of numbers that may be small differences of large ones."""
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = values.astype(np.float32).astype(float)
        got = np.array([np.nan if v is None else float(v) for v in got])
        size = np.nanmax(np.abs(values[np.isfinite(values)]), initial=0)
        return len(got) == len(wanted) and bool(np.all((np.isnan(got) & ~np.isfinite(wanted)) | (np.abs(got - wanted) <= scale * size)))


real = rows = 0
for question, answer, expected in zip(questions, answers, wanted):
    got = json.loads(answer)
    if isinstance(expected, tuple) and expected[0] == "row":
        rows, checks = rows + 1, checks + 1
        if not isinstance(got, list) or not same_row(got, expected[1]):
            failures.append(f"{question}: {answer:.300}, wanted {expected[1][:20]}")
        continue
    if isinstance(expected, tuple):
        expected, real = expected[1], real + 1
    checks += 1
    if "error" in got or not all(same(got[k], expected[k], abs(expected["maximum"] or 0)) for k in expected):
        failures.append(f"{question}: {answer}, wanted {expected}")
for failure in failures[:40]:
    print("FAILED", failure)
if os.path.isdir(os.path.join(DATA, "fits")) and real < 150:
    failures.append(f"only {real} planes of real files were compared")
print(checks, "checks, of them", rows, "rows and", real, "planes of real files;", len(failures), "failures")
sys.exit(1 if failures else 0)
