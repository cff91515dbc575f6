"""imlook in a terminal: pixels of half blocks and of sixels, decoded here, are those of the picture; pages of a search; what is no terminal."""
import fcntl, pty, select, struct, termios, time
import numpy as np
from PIL import Image
from astropy.io import fits
from harness import *

rng = np.random.default_rng(3)
patience = 120 if SANITIZED else 60


def in_terminal(*args, columns=80, rows=24, sixels=False, place=(9, 18), **variables):
    """What the program writes to a terminal of this size, which says by DA1 whether it shows sixels."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *((columns * place[0], rows * place[1]) if sixels else (0, 0))))
    mode = termios.tcgetattr(slave)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor", **variables}
    process = subprocess.Popen([os.path.join(BIN, "imlook"), *map(str, args)], stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=environment, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    out, end = b"", time.monotonic() + patience
    while time.monotonic() < end:
        if select.select([master], [], [], 0.05)[0]:
            try:
                got = os.read(master, 65536)
            except OSError:
                break
            if not got:
                break
            out += got
            if b"\x1b[c" in got:
                os.write(master, b"\x1b[?62;4;22c" if sixels else b"\x1b[?62;22c")
        elif process.poll() is not None:
            break
    errors = process.stderr.read().decode()
    os.close(master)
    check(process.wait() == 0 and errors == "", f"{args}: {process.returncode}, {errors}")
    return out.replace(b"\x1b[c", b"").decode()


def blocks(text):
    """Pixels of half blocks: two rows of each line, red, green and blue."""
    rows = []
    for line in text.split("\n"):
        if "\u2580" not in line:
            continue
        upper, lower, now = [], [], None
        for codes, signs in re.findall(r"\x1b\[([0-9;]+)m(\u2580*)", line):
            if signs:
                numbers = list(map(int, codes.split(";")))
                check(numbers[:2] == [38, 2] and numbers[5:7] == [48, 2], codes)
                upper += [numbers[2:5]] * len(signs)
                lower += [numbers[7:10]] * len(signs)
        rows += [upper, lower]
    return np.array(rows)


def sixel(text):
    """Pixels of a sixel picture, 0 to 255; -1 where nothing was drawn."""
    body = re.search(r"\x1bP[0-9;]*q(.*?)\x1b\\", text, re.S).group(1)
    width, height = map(int, re.match(r'"\d+;\d+;(\d+);(\d+)', body).groups())
    out = np.full((height + 6, width, 3), -1)
    colours, ink, x, y = {}, 0, 0, 0
    for word in re.finditer(r'"[\d;]+|#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|(\$)|(-)', body):
        number, r, g, b, times, sign, single, back, down = word.groups()
        if r is not None:
            colours[int(number)] = [round(int(c) * 255 / 100) for c in (r, g, b)]
        elif number is not None:
            ink = int(number)
        elif back:
            x = 0
        elif down:
            x, y = 0, y + 6
        elif sign or single:
            bits, n = ord(sign or single) - 63, int(times or 1)
            for k in range(6):
                if bits >> k & 1:
                    out[y + k, x:x + n] = colours[ink]
            x += n
    return out[:height]


def picture(*args):
    run("imlook", "-o", "p.png", *args, code=0)
    out = np.asarray(Image.open("p.png").convert("RGB")).astype(int)
    os.remove("p.png")
    return out


def one():
    """A picture fits into the terminal; each pixel has its colour."""
    data = (rng.random((50, 70)) * 100).astype(np.float32)
    fits.writeto("s.fits", data)
    got = blocks(in_terminal("-range", 0, 100, "s.fits", columns=70, rows=52))
    check((got == picture("-range", 0, 100, "s.fits")).all(), "half blocks, pixel by pixel")
    small = blocks(in_terminal("-range", 0, 100, "s.fits", columns=35))
    check((small[:25] == picture("-range", 0, 100, "-size", 35, "s.fits")).all() and small.shape[1] == 35, f"made smaller: {small.shape}")
    large = blocks(in_terminal("-range", 0, 100, "s.fits", columns=150, rows=60))
    equal(large.shape, (100, 140, 3), "made larger by a whole factor")
    heat = blocks(in_terminal("-palette", "heat", "-range", 0, 100, "s.fits", columns=70, rows=52))
    check((heat == picture("-palette", "heat", "-range", 0, 100, "s.fits")).all(), "in colour")
    drawn = sixel(in_terminal("-range", 0, 100, "s.fits", columns=7, rows=10, place=(10, 20), sixels=True))
    wanted = picture("-range", 0, 100, "s.fits")
    equal(drawn.shape, wanted.shape, "sixels: size"), check(np.abs(drawn - wanted).max() <= 6, f"sixels: {np.abs(drawn - wanted).max()} levels away")
    plain = in_terminal("-range", 0, 100, "s.fits", columns=70, rows=52, TERM="dumb")
    check("\x1b" not in plain and len(plain.splitlines()) <= 25 and all(ord(c) < 127 for c in plain), "a dumb terminal has plain characters")
    check("38;5;" in in_terminal("s.fits", COLORTERM=""), "256 colours")
    check("no terminal" in run("imlook", "s.fits", code=2).stderr, "a pipe is no terminal")


def pages():
    """A search without -sheet, and -sheet -, are a page in the terminal: pictures in rows, captions below them."""
    run("imsim", "-o", "night", "-ccds", 2, "-objects", 5, "-size", "64x96", code=0), run("imregister", "-db", "n.db", "night")
    found = [json.loads(l) for l in run("imsearch", "-db", "n.db", "-type", "object", "-sort", "obstime", "-format", "json").stdout.splitlines()]
    names = list(dict.fromkeys(r["filename"] for r in found))
    path = {r["filename"]: os.path.join(r["pathname"], r["filename"]) for r in found}
    for columns, across in ((80, 3), (30, 1), (20, 1), (132, 5)):
        out = in_terminal("-db", "n.db", "-type", "object", columns=columns)
        equal(re.findall(r"\d+o\.fits", out), names, f"{columns} columns: all exposures in order")
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", l) for l in out.split("\n")]
        check(max(map(len, lines[1:])) <= columns, f"{columns} columns: no line is longer, {max(map(len, lines))}")
        equal(max(len(re.findall(r"\d+o\.fits", l)) for l in lines), min(across, len(names)), f"{columns} columns: pictures in a row")
    first = picture("-size", 24, path[names[0]])
    got = blocks(in_terminal("-db", "n.db", "-type", "object", columns=26))
    height, width = first.shape[:2]
    top = height % 2
    check((got[top:top + height, :width] == first).all(), f"the first picture, pixel by pixel, of {first.shape}")
    out = in_terminal("-sheet", "-", "-title", "Tonight", "night", columns=80)
    check(out.startswith("Tonight\n") and out.count(".fits") == sum(n.endswith(".fits") for _, _, ns in os.walk("night") for n in ns), "-sheet -: files of a tree")
    out = in_terminal("-db", "n.db", "-type", "object", columns=110, sixels=True)
    strips = re.findall(r"\x1bP[^\x1b]*\x1b\\", out)
    drawn = sixel(strips[0])
    check(drawn.shape[1] <= 1000 and drawn.shape[0] <= 216, f"sixels: {drawn.shape}")
    wanted = picture("-size", 216, path[names[0]])
    high, wide = wanted.shape[:2]  # colours have five bits there: eight levels are one
    away = np.abs(drawn[drawn.shape[0] - high:, :wide] - wanted)
    check(away.max() <= 8, f"sixels of the first picture: up to {away.max()} levels away")
    check(strips and re.findall(r"\d+o\.fits", re.sub(r"\x1bP[^\x1b]*\x1b\\", "", out)) == names, "captions between strips of sixels")
    check("no terminal" in run("imlook", "-db", "n.db", code=2).stderr, "a page needs a terminal or a file")
    os.rename(path[names[0]], "away.fits")
    process = subprocess.run([os.path.join(BIN, "imlook"), "-db", "n.db", "-sheet", "x.html"], capture_output=True, text=True)
    equal(process.returncode, 4, "a file that is gone"), os.rename("away.fits", path[names[0]])


for part in (one, pages):
    guarded(part)
finish()
