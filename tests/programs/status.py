"""What the tests of imstatus share: a simulated database, its columns as astropy reads them, answers as objects."""
import math
import numpy as np
from astropy.io import fits
from harness import *

TYPES = np.array("none object dark bias flat mask fringe scatter modes frpts any".split())


def simulated(rows, seed=3, db="n.db"):
    """Columns of a new database: numbers as doubles, texts without padding, `type` as words."""
    run("imsim", "-rows", rows, "-db", db, "-seed", seed, code=0)
    with fits.open(db) as hdus:
        data = hdus[1].data
        out = {n: data[n.upper()].astype("f8") for n in ("fwhm", "sky", "bias", "obstime", "exptime", "airmass", "ccd", "ra", "dec")}
        for name in ("filter", "object", "filename"):
            out[name] = np.array([t.strip("\0 ") for t in data[name.upper()].astype(str)])
        out["type"] = TYPES[data["TYPE"].astype(int)]
    return out


def imstatus(*words, code=0, db="n.db", **more):
    return run("imstatus", "-db", db, *words, code=code, **more)


def objects(*words, **more):
    return [json.loads(line) for line in imstatus("-format", "json", *words, **more).stdout.splitlines()]


def script(text, code=0, db="n.db", **more):
    return imstatus("-f", "-", stdin=text, code=code, db=db, **more)


def answers(text, **more):
    """The objects that the lines of a script print; -format json holds for all of them."""
    return [json.loads(line) for line in imstatus("-format", "json", "-f", "-", stdin=text, **more).stdout.splitlines()]


def near(got, wanted, what, digits=12):
    """null is NaN."""
    got = math.nan if got is None else got
    same = (math.isnan(got) and math.isnan(wanted)) or got == wanted or abs(got - wanted) <= 10.0 ** -digits * max(abs(got), abs(wanted), 1e-300)
    return check(same, f"{what}: got {got!r}, wanted {float(wanted)!r}")


def refused(words, *line, code=2, **more):
    """One line, which says these words."""
    out = fails(code, ["imstatus:", *words], "imstatus", "-db", "n.db", *line, **more)
    check(out.stderr.count("\n") == 1, f"{line}: more than one line: {out.stderr!r}")
    check(out.stdout == "", f"{line}: and an answer: {out.stdout!r:.200}")
