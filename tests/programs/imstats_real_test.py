"""imstats on all real files, against a reader of its own: FITS 4.0 sections 3 to 5 and 10 (tiles by astropy), sections and saturation as man
imstats says. Sky, sigma, bias and counts of every image; the same median and counts, or neither has one."""
import bz2, gzip, warnings

import numpy as np
from astropy.io import fits
from harness import *

if not os.path.isdir(FITS):
    skip("no real files")
warnings.simplefilter("ignore")


def unpacked(path):
    data = read(path)
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:3] == b"BZh":
        return bz2.decompress(data)
    return subprocess.run(["gzip", "-dc", path], capture_output=True).stdout if data[:2] == b"\x1f\x9d" else data


def value(text):
    if text.startswith("'"):
        return re.match(r"'((?:[^']|'')*)", text).group(1).replace("''", "'").rstrip()
    word = text.split("/")[0].strip()
    if word in ("T", "F"):
        return word == "T"
    for kind in (int, float):
        try:
            return kind(word.replace("D", "E"))
        except ValueError:
            pass
    return word or None


def hdus_of(data):
    """[(keywords, axes, place of the pixels)] as far as headers are whole."""
    out, at = [], 0
    while at + 2880 <= len(data) and (at == 0 or data[at:at + 8] == b"XTENSION"):
        keys, place = {}, at
        while place + 80 <= len(data):
            card = data[place:place + 80].decode("latin-1")
            place += 80
            if card.rstrip() == "END":
                break
            if card[8:10] == "= ":
                keys.setdefault(card[:8].rstrip(), value(card[10:].lstrip()))
        else:
            return out
        place += -place % 2880
        axes = [keys[f"NAXIS{i + 1}"] for i in range(keys.get("NAXIS", 0))]
        counted = axes[1:] if axes and axes[0] == 0 and keys.get("GROUPS") is True else axes
        size = abs(keys["BITPIX"]) // 8 * keys.get("GCOUNT", 1) * (keys.get("PCOUNT", 0) + int(np.prod(counted, dtype=object))) if axes else 0
        out.append((keys, axes, place))
        at = place + size + -size % 2880
    return out


def pixels_of(path, data, hdu, number):
    """Planes of values, NaN where there is none; None: they are not all there."""
    keys, axes, place = hdu
    if keys.get("ZIMAGE") is True:
        with fits.open(path) as file:
            out = file[number].data.astype(float)
    else:
        kind = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}[keys["BITPIX"]]
        count = int(np.prod(axes))
        if len(data) < place + count * np.dtype(kind).itemsize:
            return None
        raw = np.frombuffer(data, kind, count, place).reshape(axes[::-1])
        out = raw.astype(float) * float(keys.get("BSCALE", 1)) + float(keys.get("BZERO", 0))
        if isinstance(keys.get("BLANK"), int) and keys["BITPIX"] > 0:
            out[raw == keys["BLANK"]] = np.nan
    return out.reshape(-1, *out.shape[-2:]) if out.ndim > 1 else out.reshape(1, 1, -1)


def sections(keys, names, shape):
    """What lies in the image of those of which at least half does: (x1, x2, y1, y2) from 1."""
    out = []
    for name in names:
        ends = []
        for axis, size in zip((keys.get(name) or "").strip("[]() '").replace(" ", "").split(",") if isinstance(keys.get(name), str) else (), shape[::-1]):
            both = re.fullmatch(r"(-?\d+)(?:\.0*)?(?::(-?\d+)(?:\.0*)?)?", axis)
            ends.append(sorted((int(both[1]), int(both[2] or both[1]))) if both else [1, size] if axis in ("*", ":", "*:*") else None)
        if len(ends) != 2 or None in ends or ends == [[0, 0], [0, 0]]:
            continue
        inside = [(max(1, a), min(size, b)) for (a, b), size in zip(ends, shape[::-1])]
        area = lambda boxes: np.prod([max(0, b - a + 1) for a, b in boxes], dtype=object)
        if area(inside) * 2 >= area(ends) > 0:
            out.append((*inside[0], *inside[1]))
    return out


def regions(keys, shape):
    letters = [*"ABCDEFGH", *map(str, range(1, 9))]
    amplifiers = lambda *names: [name + letter for name in names for letter in letters]
    data = sections(keys, ["DATASEC"], shape) or sections(keys, amplifiers("DSEC", "DATASEC"), shape) or sections(keys, ["TRIMSEC"], shape)
    bias = sections(keys, amplifiers("BSEC", "BIASSEC"), shape) or sections(keys, ["BIASSEC"], shape) or sections(keys, ["OVERSEC"], shape)
    return data, bias


def part(planes, boxes):
    return np.concatenate([planes[:, y1 - 1:y2, x1 - 1:x2].ravel() for x1, x2, y1, y2 in boxes]) if boxes else np.zeros(0)


def limit(keys, primary):
    for header in (keys, primary):
        told = [header[k] for k in ("SATURATE", "SATLEVEL", "SATURATA", "SATURATB") if type(header.get(k)) in (int, float) and header[k] > 0]
        if told:
            break
    bits, scale, zero = keys.get("ZBITPIX", keys["BITPIX"]), keys.get("BSCALE", 1), keys.get("BZERO", 0)
    ends = (0, 255) if bits == 8 else (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if bits > 0 else (-np.inf, np.inf)
    return min([*told, max(end * scale for end in ends) + zero])


def near(got, wanted, size, what):
    check(got is not None and abs(got - wanted) <= 1e-13 * size, f"{what} {got}, wanted {wanted}")


paths = [os.path.join(FITS, folder, name) for folder in "abcdefg" for name in sorted(os.listdir(os.path.join(FITS, folder)))
         if name != "compressed_with_nan.fits"]  # astropy 5.2 reads its NaN as -5.3
found = {}
for line in run("imstats", "-format", "json", "-stars", "none", *paths, code=4, timeout=600).stdout.splitlines():
    one = json.loads(line)
    found.setdefault(one["file"], []).append(one)
compared = amplifiers = without = biases = 0
for path, ccds in found.items():
    data = unpacked(path)
    hdus = hdus_of(data)
    for one in ccds:
        what = f"{path}, HDU {one['extension']}, slice {one['slice']}:"
        if one["extension"] >= len(hdus):  # a header without its end
            check(one["sky"] is None, f"{what} sky {one['sky']}")
            continue
        hdu = hdus[one["extension"]]
        try:
            planes = pixels_of(path, data, hdu, one["extension"])
        except (OSError, RuntimeError, ValueError, TypeError):  # tiles that are cut
            planes = None
        if planes is None:
            without += 1
            check(one["sky"] is None and one["state"] == "failed" and one["reason"], f"{what} not all there, and has a sky of {one['sky']}")
            continue
        if one["slice"] > 0:
            planes = planes[one["slice"] - 1:one["slice"]]
        boxes, overscan = regions(hdu[0], planes.shape[1:])
        values, dark = part(planes, boxes) if boxes else planes.ravel(), part(planes, overscan)
        if one["pixels"] != values.size and len(ccds) == 1:  # amplifiers in HDUs of their own
            amplifiers += 1
            images = [n for n, (keys, axes, _) in enumerate(hdus) if str(hdu[0].get("EXTNAME", "?"))[:3] == str(keys.get("EXTNAME", ""))[:3]]
            every = [pixels_of(path, data, hdus[n], n) for n in images]
            values = np.concatenate([part(p, regions(hdus[n][0], p.shape[1:])[0]) for n, p in zip(images, every)])
            dark = np.concatenate([part(p, regions(hdus[n][0], p.shape[1:])[1]) for n, p in zip(images, every)])
        good = values[~np.isnan(values)]
        equal((one["pixels"], one["bad"]), (values.size, values.size - good.size), f"{what} pixels, bad")
        compared += 1
        if good.size == 0 or not np.isfinite(np.median(good)):
            equal((one["sky"], one["state"]), (None, "failed"), f"{what} no pixel has a value")
            continue
        sky, size = np.median(good), np.abs(good[np.isfinite(good)]).max()
        near(one["sky"], sky, size, f"{what} sky")
        near(one["sigma"], 1.482602218505602 * np.median(np.abs(good - sky)), size, f"{what} sigma")
        top = int((good == good.max()).sum())  # where ten or more stand at the top, far above the sky
        saturated = int((good >= limit(hdu[0], hdus[0][0])).sum())
        check(one["saturated"] == saturated or (one["saturated"] == top >= 10 and one["notes"]), f"{what} {one['saturated']} saturated, wanted {saturated}")
        if np.isfinite(dark).any():
            biases += 1
            near(one["bias"], np.nanmedian(dark), size, f"{what} bias")
        else:
            equal(one["bias"], None, f"{what} bias")
print(compared, "images compared,", amplifiers, "of several amplifiers,", biases, "with overscan;", without, "not all there")
check(compared >= 840 and amplifiers >= 6 and without >= 250, "few were compared")
finish()
