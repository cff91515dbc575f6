"""What imlook makes of images of odd shapes, of headers that lie, of files that change while they are read, of full disks and little memory: a picture
or one line that says why there is none; never a part of a picture."""
import resource
import numpy as np
from PIL import Image
from astropy.io import fits
from harness import *

rng = np.random.default_rng(11)
Image.MAX_IMAGE_PIXELS = None


def picture(*args, **more):
    out = run("imlook", "-o", "p.png", *args, **more)
    if out.returncode:
        equal(out.returncode, 4, f"{args}: exit code")
        equal(len(out.stderr.splitlines()), 1, f"{args}: one line: {out.stderr}")
        check(not os.path.exists("p.png"), f"{args}: nothing is written")
        return None, out.stderr
    got = np.asarray(Image.open("p.png"))[::-1]
    os.remove("p.png")
    return got, out.stderr


def header(**cards):
    """A primary header with these cards, as they are written."""
    text = "".join(f"{k:8}= {v:>20}".ljust(80) for k, v in cards.items()) + "END".ljust(80)
    return (text.ljust(-(-len(text) // 2880) * 2880)).encode()


def shapes():
    for shape in ((2, 60000), (60000, 2), (1, 60000), (3, 5), (1, 1), (1, 2), (2, 1), (1, 15), (15, 1), (1, 16), (400, 1), (7, 1, 1), (1, 1, 30, 20), (3, 2, 5, 4)):
        for kind in (np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64):
            data = (rng.random(shape) * 200).astype(kind)
            fits.writeto("shape.fits", data, overwrite=True)
            plane = data.reshape((-1,) + data.shape[-2:])
            plane = plane[len(plane) // 2]
            got, _ = picture("-range", 0, 200, "-stretch", "linear", "shape.fits")
            if min(plane.shape) == 1 and max(plane.shape) >= 16:
                check(got is not None and got.shape == (600, 960, 3), f"{shape} {kind.__name__}: a plot")
                got, _ = picture("-stretch", "acsql", "shape.fits")
                equal(got.shape, plane.shape, f"{shape} {kind.__name__}: acsql draws no plot")
                continue
            check(got is not None and got.shape == plane.shape and np.abs(got - np.floor(255 * plane.astype(float) / 200)).max() <= 1, f"{shape} {kind.__name__}")
            for words in (("-thumb",), ("-size", 1), ("-size", 3, "-label"), ("-stars",), ("-stretch", "histeq"), ("-collapse", "median")):
                got, said = picture(*words, "shape.fits")
                check(got is not None and min(got.shape[:2]) > 0, f"{shape} {words}: {said}")
    fits.writeto("wide.fits", np.zeros((2, 66000), np.uint8))
    out = run("imlook", "-o", "wide.jpg", "wide.fits")
    check(out.returncode in (2, 4) and "65500" in out.stderr and not os.path.exists("wide.jpg"), f"too wide for a JPEG: {out.stderr}")
    run("imlook", "-o", "wide.jpg", "-size", 3000, "wide.fits", code=0)
    equal(Image.open("wide.jpg").size, (3000, 1), "made smaller")


def lies():
    """Headers that promise what the file has not, or what no image is."""
    good = dict(SIMPLE="T", BITPIX="16", NAXIS="2", NAXIS1="10", NAXIS2="10")
    pixels = bytes(2880)
    for name, cards in (("bitpix 17", {"BITPIX": "17"}), ("bitpix text", {"BITPIX": "'16'"}), ("bitpix missing", {"BITPIX": "0"}), ("negative", {"NAXIS1": "-10"}), ("zero", {"NAXIS1": "0"}),
                        ("none", {"NAXIS": "0"}), ("huge", {"NAXIS1": "2000000000", "NAXIS2": "2000000000"}), ("beyond", {"NAXIS1": "99999999999999999999"}),
                        ("large", {"NAXIS1": "100000", "NAXIS2": "100000"}), ("tall", {"NAXIS2": "1000000"}), ("many axes", {"NAXIS": "999"}), ("scale 0", {"BSCALE": "0.0"}), ("scale nan", {"BZERO": "NaN"})):
        write("lie.fits", header(**{**good, **cards}) + pixels)
        got, said = picture("lie.fits")
        if got is not None:
            check(got.size <= 3 * 10 ** 7, f"{name}: {got.shape}")
        else:
            check("lie.fits" in said, f"{name}: {said}")
    write("lie.fits", header(**good) + pixels)
    equal(picture("lie.fits")[0].shape, (10, 10), "without a lie")
    for name, make in (("a folder", lambda: os.makedirs("x.fits")), ("nothing", lambda: write("x.fits", b"")), ("a text", lambda: write("x.fits", b"no image\n"))):
        make()
        check(picture("x.fits")[0] is None, name)
        os.rmdir("x.fits") if os.path.isdir("x.fits") else os.remove("x.fits")
    os.mkfifo("pipe.fits")
    check(picture("pipe.fits")[0] is None, "a pipe is not waited for")
    check(picture("/dev/null")[0] is None, "a device")


def large(name, ccds, width, height):
    """A mosaic of zeros that takes no room on the disk."""
    with open(name, "wb") as f:
        f.write(header(SIMPLE="T", BITPIX="8", NAXIS="0", EXTEND="T"))
        for k in range(ccds):
            x, y = k % 9 * width, k // 9 * height
            text = header(XTENSION="'IMAGE   '", BITPIX="16", NAXIS="2", NAXIS1=str(width + 32), NAXIS2=str(height), PCOUNT="0", GCOUNT="1", BZERO="32768",
                          DETSEC=f"'[{x + 1}:{x + width},{y + 1}:{y + height}]'", DATASEC=f"'[33:{width + 32},1:{height}]'", BIASSEC=f"'[1:32,1:{height}]'")
            f.write(text)
            f.seek(-(-((width + 32) * height * 2) // 2880) * 2880, 1)
        f.truncate()


def memory():
    """36 CCDs, 700 MB of pixels, with 200 MB of memory of its own: that of a few rows of each and of the picture."""
    large("mosaic.fits", 36, 2048, 4612)
    if SANITIZED:
        return
    limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))
    for words in (("-size", 1000), ("-size", 1000, "-stretch", "asinh"), ("-thumb",), ("-size", 700, "-stretch", "histeq", "-label"), ("-region", "5000:6000,3000:4000")):
        got, said = picture(*words, "mosaic.fits", preexec_fn=limit)
        check(got is not None, f"{words}: {said}")
    out = run("imlook", "-o", "p.png", "mosaic.fits", preexec_fn=limit)
    check(out.returncode == 4 and "-size" in out.stderr and not os.path.exists("p.png"), f"no memory for all pixels: {out.stderr}")


def disks():
    """A file that cannot grow as far as the picture does: one line, exit 3, nothing under its name; what was there stays."""
    fits.writeto("noise.fits", (rng.random((800, 800)) * 1000).astype(np.float32))
    limit = lambda: (resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)), __import__("signal").signal(__import__("signal").SIGXFSZ, __import__("signal").SIG_IGN))
    write("old.png", b"what was there")
    for name in ("new.png", "old.png", "new.jpg"):
        out = run("imlook", "-o", name, "noise.fits", preexec_fn=limit, code=3)
        check(len(out.stderr.splitlines()) == 1 and name in out.stderr, out.stderr)
        check(not os.path.exists(name) if name.startswith("new") else read(name) == b"what was there", f"{name} is as it was")
    out = run("imlook", "-sheet", "new.html", "-size", 800, "noise.fits", preexec_fn=limit, code=3)
    check(not os.path.exists("new.html"), "no part of a page")
    equal([n for n in os.listdir(".") if ".new" in n], [], "nothing is left beside it")


def changing():
    """A file that is cut and grows while it is read: a picture, or a line; never a signal."""
    if b"__tsan_init" in program:  # the page of zeros that takes the place of a lost one is a race on purpose
        return
    data = (rng.random((3000, 3000)) * 1000).astype(np.float32)
    fits.writeto("moving.fits", data)
    whole = read("moving.fits")
    stop = threading.Event()

    def change():
        while not stop.is_set():
            with open("moving.fits", "r+b") as f:
                f.truncate(rng.integers(2880, len(whole)))
            time.sleep(0.004)
            write("moving.fits", whole)
            time.sleep(0.004)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        fates = [picture(*words, "moving.fits")[0] is not None for _ in range(12) for words in ((), ("-size", 100), ("-stretch", "asinh", "-stars"))]
    finally:
        stop.set(), thread.join()
    print(f"{sum(fates)} pictures, {len(fates) - sum(fates)} reasons")
    write("moving.fits", whole)
    check(picture("moving.fits")[0] is not None, "afterwards")


for part in (shapes, lies, memory, disks, changing):
    guarded(part)
finish()
