"""Simulated files of real cameras, with the section keywords that those write: what stands on the detector is known at each pixel, each
amplifier has a bias of its own, and the picture must show the detector: no stripes, nothing turned, nothing moved."""
import numpy as np
from PIL import Image
from astropy.io import fits
from harness import *

LOW, HIGH = 0, 3000


def sky(x, y):
    """What the detector holds at a pixel (from 0) of it: a slope, rings and a cross that no mirrored one looks like."""
    value = 300 + 0.9 * x + 0.5 * y + 300 * np.sin((x + 2.0 * y) / 37) + 200 * np.cos((x * 0.3) ** 2 / 9000)
    value[(x - 1.7 * y) % 190 < 9] += 700
    return np.clip(value, 10, 2900).astype(int)


def section(x0, x1, y0, y1, flip_x=False, flip_y=False):
    """From 0, without the end, as a header writes it."""
    xs, ys = (x0 + 1, x1), (y0 + 1, y1)
    return "[{}:{},{}:{}]".format(*(xs[::-1] if flip_x else xs), *(ys[::-1] if flip_y else ys))


class Amplifier:
    """Where its data and overscan are in the image, and where the data are on the detector, all from 0 without the end."""

    def __init__(self, data, over, detector, flip_x=False, flip_y=False, bias=0):
        self.data, self.over, self.detector, self.flips, self.bias = data, over, detector, (flip_x, flip_y), bias

    def write(self, image, bins=(1, 1)):
        x0, x1, y0, y1 = self.data
        X0, X1, Y0, Y1 = self.detector
        y, x = np.meshgrid(np.arange(Y0, Y1, bins[1]) // bins[1], np.arange(X0, X1, bins[0]) // bins[0], indexing="ij")
        part = sky(x, y) + self.bias
        image[y0:y1, x0:x1] = part[::-1 if self.flips[1] else 1, ::-1 if self.flips[0] else 1]
        a, b, c, d = self.over
        image[c:d, a:b] = self.bias


def compare(name, width, height, covered, what):
    """The picture, its low rows first, against the sky where there are CCDs."""
    run("imlook", "-range", LOW, HIGH, "-o", "m.png", name, code=0)
    got = np.asarray(Image.open("m.png")).astype(int)[::-1]
    grey = got[..., 0] if got.ndim == 3 else got
    if not equal(grey.shape, (height, width), f"{what}: size"):
        return
    y, x = np.indices((height, width))
    wanted = np.floor(255 * (sky(x, y) - LOW) / (HIGH - LOW))
    away = np.abs(grey - wanted)[covered]
    check(away.max() <= 1, f"{what}: up to {away.max()} levels away, {np.count_nonzero(away > 1)} of {away.size} pixels")
    if not covered.all():
        equal(len({tuple(np.atleast_1d(p)) for p in got[~covered]}), 1, f"{what}: one shade between CCDs")
    run("imlook", "-size", 200, "-o", "s.png", name, code=0)


def decam():
    """62 CCDs of two amplifiers in one HDU: DATASECA, BIASSECA, DETSECA; prescan, postscan and overscan on both sides."""
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="DECam", TELESCOP="CTIO 4.0-m telescope", OBSTYPE="object", EXPTIME=30.0, DETSIZE="[1:1280,1:1792]")
    primary.header["DATE-OBS"] = "2013-02-11T07:21:54.8"
    hdus, covered, number = [primary], np.zeros((7 * 256, 10 * 128), bool), 0
    for row, count in enumerate((6, 10, 10, 10, 10, 10, 6)):
        for column in range((10 - count) // 2, (10 + count) // 2):
            number += 1
            X, Y = column * 128, row * 256
            image = np.full((50 + 256, 56 + 128 + 56), 3, np.uint16)
            amps = {"A": Amplifier((120, 184, 50, 306), (184, 234, 50, 306), (X + 64, X + 128, Y, Y + 256), bias=1500 + 13 * number),
                    "B": Amplifier((56, 120, 50, 306), (6, 56, 50, 306), (X, X + 64, Y, Y + 256), bias=1900 - 7 * number)}
            hdu = fits.ImageHDU(name=f"S{number}" if row < 4 else f"N{number}")
            for letter, amp in amps.items():
                amp.write(image)
                hdu.header["DATASEC" + letter], hdu.header["TRIMSEC" + letter] = section(*amp.data), section(*amp.data)
                hdu.header["BIASSEC" + letter], hdu.header["DETSEC" + letter] = section(*amp.over), section(*amp.detector)
                hdu.header["CCDSEC" + letter] = section(*(v - o for v, o in zip(amp.detector, (X, X, Y, Y))))
            hdu.header["DATASEC"] = hdu.header["TRIMSEC"] = section(56, 184, 50, 306)
            hdu.header["DETSEC"], hdu.header["CCDSEC"] = section(X, X + 128, Y, Y + 256), section(0, 128, 0, 256)
            hdu.header["CCDNUM"], hdu.header["DETPOS"] = number, hdu.name
            hdu.header["LTV1"], hdu.header["LTV2"], hdu.header["LTM1_1"], hdu.header["LTM2_2"] = 56.0, 50.0, 1.0, 1.0
            hdu.data = image
            hdus.append(hdu)
            covered[Y:Y + 256, X:X + 128] = True
    equal(number, 62, "CCDs")
    fits.HDUList(hdus).writeto("decam.fits")
    compare("decam.fits", 1280, 1792, covered, "DECam, 62 CCDs of two amplifiers")
    packed = fits.HDUList([primary] + [fits.CompImageHDU(h.data, header=h.header, name=h.name) for h in hdus[1:]])
    packed.writeto("decam.fits.fz")
    compare("decam.fits.fz", 1280, 1792, covered, "DECam, as it comes from the archive (.fz)")


def megaprime():
    """36 CCDs of two amplifiers in one HDU, the upper two rows turned, gaps between them: DSECA, BSECA, DETSEC."""
    width, height = 9 * 128 + 8 * 5, 4 * 200 + 3 * 26
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="MegaPrime", DETECTOR="MegaCam", TELESCOP="CFHT 3.6m", OBSTYPE="OBJECT", EXPTIME=120.0, DETSIZE=f"[1:{width},1:{height}]", RUNID="07AL99")
    primary.header["DATE-OBS"], primary.header["UTC-OBS"] = "2007-02-11", "07:21:54.80"
    hdus, covered = [primary], np.zeros((height, width), bool)
    for number in range(36):
        X, Y, turned = number % 9 * 133, (3 - number // 9) * 226, number < 18
        image = np.full((208, 32 + 128 + 32), 9, np.uint16)
        first = Amplifier((32, 96, 0, 200), (0, 32, 0, 208), (X + 64 * turned, X + 64 + 64 * turned, Y, Y + 200), turned, turned, 1100 + 17 * number)
        second = Amplifier((96, 160, 0, 200), (160, 192, 0, 208), (X + 64 * (not turned), X + 64 + 64 * (not turned), Y, Y + 200), turned, turned, 1700 - 9 * number)
        hdu = fits.ImageHDU(name=f"ccd{number:02d}", ver=number)
        for letter, amp in (("A", first), ("B", second)):
            amp.write(image)
            hdu.header["DSEC" + letter], hdu.header["TSEC" + letter], hdu.header["BSEC" + letter] = section(*amp.data), section(*amp.data), section(*amp.over)
            hdu.header["DETSEC" + letter] = section(*amp.detector, *amp.flips)
        hdu.header["DATASEC"], hdu.header["BIASSEC"], hdu.header["CCDSUM"] = section(32, 160, 0, 200), "[0:0,0:0]", "1 1"
        hdu.header["DETSEC"] = section(X, X + 128, Y, Y + 200, turned, turned)
        hdu.data = image
        hdus.append(hdu)
        covered[Y:Y + 200, X:X + 128] = True
    fits.HDUList(hdus).writeto("megaprime.fits")
    compare("megaprime.fits", width, height, covered, "MegaPrime, 36 CCDs")


def lsst():
    """16 amplifiers of a CCD, an HDU each; all are read towards a corner, so DETSEC goes backwards."""
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="lsstCam", TELESCOP="LSST", IMGTYPE="OBJECT", EXPTIME=15.0, CHIPID="R11_S02", DETSIZE="[1:488,1:400]")
    primary.header["DATE-OBS"] = "2022-10-05T06:52:49"
    hdus = [primary]
    for k in range(16):
        column, upper = (k, False) if k < 8 else (15 - k, True)
        amp = Amplifier((3, 64, 0, 200), (64, 84, 0, 200), (61 * column, 61 * column + 61, 200 * upper, 200 * upper + 200), flip_x=True, flip_y=upper, bias=9000 + 431 * k)
        image = np.full((210, 84), 77, np.int32)
        amp.write(image)
        hdu = fits.ImageHDU(image, name=f"Segment{0 if upper else 1}{column}")
        hdu.header["DATASEC"], hdu.header["BIASSEC"] = section(*amp.data), section(*amp.over)
        hdu.header["DETSEC"] = section(*amp.detector, *amp.flips)
        hdus.append(hdu)
    fits.HDUList(hdus).writeto("lsst.fits")
    compare("lsst.fits", 488, 400, np.ones((400, 488), bool), "LSST, 16 segments")


def gmos():
    """Three CCDs, or twelve amplifiers, binned: DETSEC counts pixels of the detector, DATASEC those of the image; overscan left or right."""
    for bins in ((2, 2), (4, 1), (1, 1)):
        for count, detector in ((3, "GMOS + Blue1 + new CCD1"), (12, "GMOS-N + Hamamatsu_new")):
            primary = fits.PrimaryHDU()
            primary.header.update(INSTRUME="GMOS-S", TELESCOP="Gemini-South", OBSTYPE="OBJECT", EXPTIME=60.0, DETECTOR=detector, DETSIZE="[1:768,1:512]", OBJECT="Abell 2744")
            primary.header["DATE-OBS"] = "2010-10-28"
            hdus, wide, width, height = [primary], 768 // count, 768 // count // bins[0], 512 // bins[1]
            for k in range(count):
                left = k % 2 == 1 if count == 12 else k == 2
                data, over = ((32, 32 + width, 0, height), (0, 32, 0, height)) if left else ((0, width, 0, height), (width, width + 32, 0, height))
                amp = Amplifier(data, over, (wide * k, wide * k + wide, 0, 512), bias=600 + 97 * k)
                image = np.zeros((height, width + 32), np.uint16)
                amp.write(image, bins)
                hdu = fits.ImageHDU(image, ver=k + 1)
                hdu.header["CCDSUM"], hdu.header["DETSEC"], hdu.header["CCDSEC"] = f"{bins[0]} {bins[1]}", section(*amp.detector), section(*amp.detector)
                hdu.header["DATASEC"], hdu.header["BIASSEC"] = section(*data), section(*over)
                hdus.append(hdu)
            name = f"gmos{count}_{bins[0]}.fits"
            fits.HDUList(hdus).writeto(name)
            compare(name, 768 // bins[0], height, np.ones((height, 768 // bins[0]), bool), f"GMOS, {count} amplifiers, bins {bins}")


for part in (decam, megaprime, lsst, gmos):
    guarded(part)
if os.environ.get("IMREG_KEEP"):
    for name in ("decam", "megaprime", "lsst", "gmos12_2", "gmos3_4"):
        run("imlook", "-label", "-o", os.path.join(os.environ["IMREG_KEEP"], name + ".png"), name + ".fits")
finish()
