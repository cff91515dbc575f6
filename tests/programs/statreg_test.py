"""imstatreg: statistics to their rows against a dictionary as model; tables beside JSON; waiting ones, of all kinds of names; Elixir's files; changed, moved
and deleted files; what is damaged or foreign; bad input; kills, at random and before each call that changes something."""
import math, random, signal, struct, subprocess
from harness import *

DB = "r.db"
CCDS = 4


def mosaic(path, ccds=CCDS, **keys):
    """A mosaic as MEF, of our own making."""
    primary = header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)],
                     {"INSTRUME": "TestCam", "OBSTYPE": "object", "FILTER": "r", "EXPTIME": 60.0, "DATE-OBS": "2001-01-27T10:20:30", **keys})
    parts = [header([("XTENSION", "IMAGE"), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 4), ("NAXIS2", 4), ("PCOUNT", 0), ("GCOUNT", 1),
                     ("EXTNAME", f"ccd{i:02d}")], {}) + pad(b"\0" * 32, b"\0") for i in range(ccds)]
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    return os.path.abspath(write(path, primary + b"".join(parts)))


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def table(db=DB):
    """(path, ccd) to (bias, sky, fwhm, procstate)."""
    return {(r["pathname"] + "/" + r["filename"], r["ccd"]): (r["bias"], r["sky"], r["fwhm"], r["procstate"]) for r in rows(db)}


def line(path, ccd, values, rng, extension=True):
    entry = {"file": path, "ccd": ccd}
    if extension:
        entry["extension"] = ccd + 1
    for name, value in zip(("bias", "sky", "fwhm"), values):
        if value != "none":
            entry[name] = value
    more = {"sigma": 3.5, "ellipticity": 0.1, "stars": 20, "saturated": 0, "state": "ok"}
    return json.dumps(entry | (more if rng.random() < 0.5 else {}))


def close(a, b):
    return a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-6))


def same(got, wanted, what):
    check(got.keys() == wanted.keys(), f"{what}: other rows")
    for key in wanted:
        g, w = got.get(key), wanted[key]
        check(g is not None and all(close(a, b) for a, b in zip(g[:3], w[:3])) and g[3] == w[3], f"{what}: {key}: {g}, wanted {w}")


def against_a_model():
    """Any order of registering and measuring ends in the same rows."""
    rng = random.Random(7)
    files = [mosaic(f"m/{i}.fits", OBJECT=f"o{i}") for i in range(12)]
    registered, model, waiting = set(), {}, {}
    for path in files[:3]:
        run("imregister", "-db", DB, path, code=0)
        registered.add(path)
        model |= {(path, c): (None, None, None, 0) for c in range(CCDS)}

    def put(key, values):
        old = model[key]
        states = [old[3] >> 2 * i & 3 for i in range(3)]
        merged = [old[i] if v == "none" else None if v is None else f32(v) for i, v in enumerate(values)]
        states = [states[i] if v == "none" else 2 if v is None else 1 for i, v in enumerate(values)]
        model[key] = (*merged, sum(s << 2 * i for i, s in enumerate(states)))

    for _ in range(40):
        if rng.random() < 0.3 and len(registered) < len(files):
            path = rng.choice([f for f in files if f not in registered])
            run("imregister", "-db", DB, path, code=0)
            registered.add(path)
            for c in range(CCDS):
                model[path, c] = (None, None, None, 0)
                for values in waiting.pop((path, c), []):
                    put((path, c), values)
        else:
            entries = []
            for _ in range(rng.randint(1, 6)):
                path, ccd = rng.choice(files), rng.randrange(CCDS)
                values = [rng.choice(["none", None, round(rng.uniform(0, 60000), 3)]) for _ in range(3)]
                relative = rng.random() < 0.3
                entries.append((line(os.path.relpath(path) if relative else path, ccd, values, rng), path, ccd, values))
            out = run("imstatreg", "-db", DB, "-format", "json", stdin="\n".join(e[0] for e in entries) + "\n", code=0)
            report = json.loads(out.stdout)
            late = {(p, c) for _, p, c, _ in entries if p not in registered}
            check(report["waiting"] >= len(late) and report["faults"] == 0, f"report: {report}, {len(late)} wait")
            for _, path, ccd, values in entries:
                if path in registered:
                    put((path, ccd), values)
                else:
                    waiting.setdefault((path, ccd), []).append(values)
        same(table(), model, "model")
        listed = run("imstatreg", "-db", DB, "-pending", code=0 if waiting else 1).stdout.splitlines()
        equal(sorted({(e["file"], e["ccd"]) for e in map(json.loads, listed)}), sorted(waiting), "what waits")
    run("imcheck", "-db", DB, code=0)
    run("imcheck", "-db", DB + ".pending", code=0)
    return files


def forms(files):
    """The table of imstats, blanks in names, only the CCD told, only the name told."""
    odd = mosaic("m/a b  c.fits")
    run("imregister", "-db", DB, odd, code=0)
    text = (f"# ccd ext slice       bias        sky    sigma    fwhm  ellip  stars  saturated state      file\n"
            f"    1   2     0  10.50 20.50 3.000 - - 0 0 incomplete {odd}  (no FWHM: no stars)\n"
            f"# a remark\n\n 2 3 0 11.5 nan 3 2.5 0 0 0 failed a b  c.fits\n 0 1 0 - 4 3 - - 0 0 ok {odd}\n")
    run("imstatreg", "-db", DB, write("t.stats", text), code=0)
    t = table()
    equal(t[odd, 1], (10.5, 20.5, None, 1 + 4 + 32), "a row of the table")
    equal(t[odd, 2], (11.5, None, 2.5, 1 + 8 + 16), "by its name alone")
    equal(t[odd, 0], (None, 4, None, 4), "what was not there to be measured")
    run("imstatreg", "-db", DB, stdin=text.splitlines()[0] + f"\n - 1 0 - 7 3 - - 0 0 incomplete {odd}\n", code=0)
    equal(table()[odd, 0], (None, 7, None, 4 + 32), "no CCD is told")
    run("imstatreg", "-db", DB, stdin=text.splitlines()[0] + f"\n 0 1 0 - 4 3 - - 0 0 ok {odd}\n", code=0)
    run("imstatreg", "-db", DB, stdin=json.dumps({"file": odd, "ccd": 3, "sky": 5}) + "\n", code=0)
    equal(table()[odd, 3], (None, 5, None, 4), "by its CCD")
    again = run("imstatreg", "-db", DB, "-format", "json", "t.stats", code=0)
    equal(json.loads(again.stdout), {"updated": 0, "unchanged": 3, "waiting": 0, "faults": 0}, "the same again")


def text_and_json():
    """What imstats prints as text and as JSON makes the same rows, whatever was measured, failed or not there, and whatever the file is
    called; what waits, too."""
    import numpy as np
    from astropy.io import fits
    rng = np.random.default_rng(5)
    frame = rng.normal(500, 5, (90, 120))
    for y, x in rng.integers(8, 80, (12, 2)):
        frame[y - 6:y + 7, x - 6:x + 7] += 400 * np.exp(-np.add.outer(np.arange(-6, 7) ** 2, np.arange(-6, 7) ** 2) / 6)
    no_overscan = frame.astype("f4")
    no_overscan[:, 100:] = np.nan
    sections = {"BIASSEC": "[101:120,1:90]", "DATASEC": "[1:100,1:90]"}
    frames = [(frame, {}), (frame, sections), (frame, sections | {"OBSTYPE": "FLAT"}), (frame, {"OBSTYPE": "BIAS"}), (no_overscan, sections),
              (no_overscan, sections | {"OBSTYPE": "FLAT"}), (np.full((9, 9), 5.0), {}), (np.full((9, 9), np.nan), {}),
              (np.where(np.arange(120) < 100, np.nan, frame), sections), (no_overscan * np.nan, sections)]
    names = ["plain.fits", "a b.fits", "a  (b).fits", " first.fits", "last .fits", "two\nlines.fits", "a\ttab.fits", "\r.fits", "back\\x20\\n\\.fits",
             "caf\udce9.fits", "\xfc\x85.fits", '"quoted".fits', "#.fits", "{}.fits", "(no).fits", "a \n (x)", "\x7f\udced\udcb3\udca9.fits", "-.fits", "failed"]
    os.makedirs("both")
    files, states = [], set()
    for i, name in enumerate(names * 2):
        image, keys = frames[i % len(frames)]
        hdu = fits.PrimaryHDU(image.astype("f4"))
        for key, value in {"INSTRUME": "TestCam", "OBSTYPE": "object", "EXPTIME": 60.0, "DATE-OBS": "2001-01-27T10:20:30", "OBJECT": str(i), **keys}.items():
            hdu.header[key] = value
        path = os.path.abspath(f"both/{i // len(names)}/{name}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:  # fits.writeto packs and unpacks by the name
            fits.HDUList([hdu]).writeto(f)
        files.append(path)
    found = {}
    for kind in ("text", "json"):
        db = kind + ".db"
        out = subprocess.run([os.path.join(BIN, "imstats"), "-format", kind, *files], capture_output=True)
        check(out.returncode == 4 and len(out.stdout.splitlines()) == len(files) + (kind == "text"), f"imstats -format {kind}: {out.returncode}")
        put = lambda *more: subprocess.run([os.path.join(BIN, "imstatreg"), "-db", db, *more], input=out.stdout, capture_output=True)
        run("imregister", "-db", db, *files[:25], code=0)
        said = json.loads(put("-format", "json").stdout)
        equal((said["updated"], said["waiting"], said["faults"]), (25, len(files) - 25, 0), f"{kind} to rows")
        waits = subprocess.run([os.path.join(BIN, "imstatreg"), "-db", db, "-pending"], capture_output=True).stdout
        again = subprocess.run([os.path.join(BIN, "imstatreg"), "-db", db], input=waits, capture_output=True)
        check(again.returncode == 0 and b"13 waiting" in again.stdout, f"{kind}: what waits is read again: {again}")
        run("imregister", "-db", db, *files[25:], code=0)
        run("imstatreg", "-db", db, "-pending", code=1)
        lines = run("imsearch", "-db", db, "-format", "json", code=0).stdout.split("\n")  # a name has U+0085
        found[kind] = {r["object"]: (r["procstate"], r["bias"], r["sky"], r["fwhm"]) for r in map(json.loads, lines[:-1])}
        if kind == "json":
            measured = {i: json.loads(line) for i, line in enumerate(out.stdout.splitlines())}
    equal(len(found["text"]), len(files), "rows")
    for key, (state, *values) in found["json"].items():
        other_state, *others = found["text"][key]
        words = [measured[int(key)][n + "_state"] for n in ("bias", "sky", "fwhm")]
        equal([["none", "measured", "failed"][state >> 2 * i & 3] for i in range(3)], words, f"JSON: {files[int(key)]!r}")
        check(other_state == state and all(a == b or None not in (a, b) and abs(a - b) < 0.006 for a, b in zip(values, others)),
              f"text: {files[int(key)]!r}: {other_state} {others}, as JSON {state} {values}")
        states.add(state)
    check(len(states) >= 8, f"states: {states}")


def elixir():
    """sky bias of one CCD, its stars beside it; ccd sky fwhm; a cube; and the way Elixir called it."""
    path = mosaic("elixir/600007o.fits")
    run("imregister", "-db", DB, path, code=0)
    os.makedirs("p/600007o", exist_ok=True)
    write("p/600007o/600007o02.stats", "1500.5 990.25\n")
    stars = [(3.0 + 0.01 * i, 0, 1, -12 - 0.1 * i) for i in range(12)] + [(9.0, 4, 1, -20), (8.0, 0, 1, 99)] + [(6.0 + i, 0, 1, -5) for i in range(4)]
    write("p/600007o/600007o02.sdat", "".join("%g %d %g %g\n" % s for s in stars))
    # The rule again: 16 stars count, the brightest 10 of them are those with 3.02 to 3.11; the mode is a bin of 0.1, all 10 are near it.
    wanted = sum(3.0 + 0.01 * i for i in range(2, 12)) / 10
    run("imstatreg", "-db", DB, "p/600007o/600007o02.stats", code=0)
    bias, sky, fwhm, _ = table()[path, 2]
    check(bias == 990.25 and sky == 1500.5 and abs(fwhm - wanted) < 1e-6, f"Elixir's MEF: {bias} {sky} {fwhm}, wanted {wanted}")
    write("x.stats", "1 2\n")
    write("x.sdat", "3 0 1 99\n")
    run("imstatreg", "-db", DB, path, "x.stats", "x.sdat", code=4)  # four CCDs, and nobody says which
    single = os.path.abspath(image("elixir/s.fits"))
    run("imregister", "-db", DB, single, code=0)
    run("imstatreg", "-db", DB, single, "x.stats", "x.sdat", code=0)
    equal(table()[single, rows(DB, "-name", "s.fits")[0]["ccd"]], (2, 1, None, 1 + 4 + 32), "as Elixir called it; no star that counts")
    write("x.sdat", "".join(f"{3 + 0.01 * i:g} 0 1 -9\n" for i in range(6)))
    run("imstatreg", "-db", DB, single, "x.stats", "x.sdat", code=0)
    fwhm = lambda: rows(DB, "-name", "s.fits")[0]["fwhm"]
    check(abs(fwhm() - 3.025) < 1e-6, f"six stars: {fwhm()}")
    fails(4, ["gone.sdat", "No such file"], "imstatreg", "-db", DB, single, "x.stats", "gone.sdat")
    check(abs(fwhm() - 3.025) < 1e-6, f"a .sdat that is not there says nothing: {fwhm()}")
    for empty in ("", "\n"):
        write("x.sdat", empty)
        run("imstatreg", "-db", DB, single, "x.stats", "x.sdat", code=0)
        equal(table()[single, rows(DB, "-name", "s.fits")[0]["ccd"]], (2, 1, None, 1 + 4 + 32), f"{empty!r} in .sdat: no star was found")
        write("x.sdat", "".join(f"{3 + 0.01 * i:g} 0 1 -9\n" for i in range(6)))
        run("imstatreg", "-db", DB, single, "x.stats", "x.sdat", code=0)
    write("x.sdat", "3 0 1 99\n")
    write("p/600007o/600007o02.sdat", "")
    run("imstatreg", "-db", DB, "p/600007o/600007o02.stats", code=0)
    equal(table()[path, 2][2], None, "an empty .sdat beside .stats")
    write("s.stats", "0 77.5 -1\n")
    run("imstatreg", "-db", DB, "s.stats", code=0)
    equal(rows(DB, "-name", "s.fits")[0]["sky"], 77.5, "a file with one image")
    split = os.path.abspath(image("elixir/700001o/700001o03.fits", EXTNAME="ccd03"))
    run("imregister", "-db", DB, "-split", split, code=0)
    os.makedirs("p/700001o", exist_ok=True)
    write("p/700001o/700001o03.stats", "12 13\n")
    run("imstatreg", "-db", DB, "p/700001o/700001o03.stats", code=0)
    equal([(r["sky"], r["bias"]) for r in rows(DB, "-name", "700001o03.fits")], [(12, 13)], "Elixir's SPLIT")
    cube = os.path.abspath(image("elixir/cube.fits", (4, 4, 3)))
    run("imregister", "-db", DB, cube, code=0)
    write("cube.stats", "0 10 1.5\n1 11 1.6\n2 12 -1\n3 13 1.8\n")
    run("imstatreg", "-db", DB, "cube.stats", code=0)
    equal({r["slice"]: (r["sky"], r["fwhm"]) for r in rows(DB, "-name", "cube.fits")},
          {0: (13, 1.8), 1: (10, 1.5), 2: (11, 1.6), 3: (12, None)}, "Elixir's cube")
    write("cube.stats", "0 20 nan\n2 22 2.2\n3 23 -nan\n")
    run("imstatreg", "-db", DB, "cube.stats", code=0)
    equal({r["slice"]: (r["sky"], r["fwhm"]) for r in rows(DB, "-name", "cube.fits")},
          {0: (23, None), 1: (20, None), 2: (11, 1.6), 3: (22, 2.2)}, "nan is a failure; a cube of which a line is missing")
    write("s.stats", "0 nan 1.5\n")
    run("imstatreg", "-db", DB, "s.stats", code=0)
    equal([(r["sky"], r["fwhm"]) for r in rows(DB, "-name", "s.fits")], [(None, 1.5)], "the first line has a nan")
    fit = mosaic("elixir/old.fit", ccds=1)
    run("imregister", "-db", DB, fit, code=0)
    run("imstatreg", "-db", DB, fit, "x.stats", "x.sdat", code=0)
    equal(table()[fit, 0], (2, 1, None, 1 + 4 + 32), "as Elixir called it, .fit")


def of_file(path, **members):
    return json.dumps({"file": path, **members}) + "\n"


def state(path):
    info = os.stat(path)
    return {"filesize": info.st_size, "mtime": info.st_mtime}


def listed(db=DB):
    return [json.loads(line) for line in run("imstatreg", "-db", db, "-pending").stdout.splitlines()]


def waiting_names():
    """What waits under Elixir's names, a name alone, a root; what is of several images; what is for another state of the file."""
    check(not listed(), "something waits")
    os.makedirs("p/610007o")
    write("p/610007o/610007o02.stats", "1500.5 990.25\n")
    write("p/620001o03.stats", "3 77.5 1.5\n")
    os.makedirs("p/710001o")
    write("p/710001o/710001o03.stats", "12 13\n")
    write("p/kube.stats", "0 10 1.5\n1 11 1.6\n2 12 1.7\n")
    run("imstatreg", "-db", DB, "p/610007o/610007o02.stats", "p/620001o03.stats", "p/710001o/710001o03.stats", "p/kube.stats", code=0)
    text = run("imstatreg", "-db", DB, "-pending", code=0).stdout
    run("imstatreg", "-db", DB, stdin=text, code=0)
    equal(run("imstatreg", "-db", DB, "-pending", code=0).stdout, text, "what is listed can be read again, and is the same")
    path = mosaic("e/610007o.fits.fz")
    single = mosaic("e/620001o03.fits", ccds=4)
    split = os.path.abspath(image("e/710001o03.fits", EXTNAME="ccd03"))
    cube = os.path.abspath(image("e/kube.fits", (4, 4, 2)))
    run("imregister", "-db", DB, path, single, cube, code=0)
    run("imregister", "-db", DB, "-split", split, code=0)
    t = table()
    equal(t[path, 2], (990.25, 1500.5, None, 1 + 4), "Elixir's MEF waited, and is a .fits.fz")
    equal([t[path, c][3] for c in range(CCDS)], [0, 0, 5, 0], "no other CCD")
    equal(t[single, 3], (None, 77.5, 1.5, 4 + 16), "number sky fwhm waited")
    equal([(r["sky"], r["bias"]) for r in rows(DB, "-name", "710001o03.fits")], [(12, 13)], "Elixir's SPLIT waited")
    equal({r["slice"]: r["sky"] for r in rows(DB, "-name", "kube.fits")}, {0: 12, 1: 10, 2: 11}, "a cube waited")
    run("imstatreg", "-db", DB, "-pending", code=1)

    # two parts of one image
    path = mosaic("w/part.fits")
    for part in ({"bias": 1000}, {"fwhm": 3}, {"bias": 1001, "sky": None}):
        run("imstatreg", "-db", DB, stdin=of_file(path, ccd=0, **part), code=0)
    run("imstatreg", "-db", DB, stdin=of_file(path, ccd=1, bias=1) + of_file(path, ccd=1, sky=2) + of_file(path, ccd=1, bias=3), code=0)
    equal(len(listed()), 4, "what was said again is not kept twice")
    run("imregister", "-db", DB, path, code=0)
    equal((table()[path, 0], table()[path, 1]), ((1001, None, 3, 1 + 8 + 16), (3, 2, None, 1 + 4)), "all parts")

    # a name alone, of another file first; then for the next state of the file
    a, b = mosaic("u1/uu.fits", ccds=2), mosaic("u2/uu.fits")
    run("imstatreg", "-db", DB, stdin=of_file("uu.fits", ccd=0, sky=5, **state(b)), code=0)
    run("imregister", "-db", DB, a, code=0)
    equal((table()[a, 0][1], len(listed())), (None, 1), "not of this file")
    run("imregister", "-db", DB, b, code=0)
    equal((table()[b, 0][1], len(listed())), (5, 0), "but of this")
    later = state(b)["mtime"] + 100
    a = mosaic("u3/next.fits")
    run("imstatreg", "-db", DB, stdin=of_file(a, ccd=0, sky=6, filesize=state(a)["filesize"], mtime=later), code=0)
    run("imregister", "-db", DB, a, code=0)
    equal((table()[a, 0][1], len(listed())), (None, 1), "measured behind the reading of the header")
    os.utime(a, (later, later))
    run("imregister", "-db", DB, a, code=0)
    equal((table()[a, 0][1], len(listed())), (6, 0), "and registered then")

    # of several images: to none
    path = mosaic("v/late.fits")
    run("imstatreg", "-db", DB, path, "x.stats", "x.sdat", code=0)
    out = run("imregister", "-db", DB, path, code=0)
    check("late.fits: 1 record of statistics" in out.stderr and "4 images" in out.stderr and "-forget" in out.stderr, f"unclear: {out.stderr!r}")
    equal([table()[path, c][3] for c in range(CCDS)], [0] * CCDS, "given to several CCDs")
    run("imstatreg", "-db", DB, stdin=of_file("twins.fits", ccd=0, sky=5), code=0)
    a, b = mosaic("v1/twins.fits"), mosaic("v2/twins.fits")
    run("imregister", "-db", DB, a, b, code=0)
    equal((table()[a, 0][1], table()[b, 0][1]), (5, None), "a name alone is of the first file")
    fails(2, ["-forget goes with -pending"], "imstatreg", "-db", DB, "-forget", "x")
    fails(1, ["nothing waits for nothing.fits"], "imstatreg", "-db", DB, "-pending", "-forget", "nothing.fits")
    equal([e["file"] for e in listed()], [path], "it waits")
    out = run("imstatreg", "-db", DB, "-pending", "-forget", os.path.relpath(path), code=0)
    equal([json.loads(line)["file"] for line in out.stdout.splitlines()], [path], "forgotten by its path")
    run("imstatreg", "-db", DB, stdin=of_file("/q/a.fits", sky=5) + of_file("/r/a.fits", sky=5) + of_file("/r/b.fits", sky=5), code=0)
    run("imstatreg", "-db", DB, "-pending", "-forget", "a.fits", code=0)
    equal([e["file"] for e in listed()], ["/r/b.fits"], "forgotten by their name")
    run("imstatreg", "-db", DB, "-pending", "-forget", "/r/b.fits", code=0)
    run("imstatreg", "-db", DB, "-pending", code=1)

    # numbers that a record has no room for
    for name, value in (("ccd", 65537), ("extension", 65535), ("ccd", -2), ("extension", 1.5)):
        fails(4, [name + " is no whole number from -1 to 32767"], "imstatreg", "-db", DB, stdin=of_file(path, sky=7, **{name: value}))
    fails(4, ["slice is no whole number"], "imstatreg", "-db", DB, stdin=of_file(path, sky=7, slice=-1))
    fails(4, ["line 1"], "imstatreg", "-db", DB, write("big.stats", "40000 1 2\n"))

    # path roots
    path = mosaic("roots/root.fits")
    run("imregister", "-db", DB, "-root", "D=" + os.path.abspath("roots"), mosaic("roots/other.fits"), code=0)
    run("imstatreg", "-db", DB, stdin=of_file("$D/root.fits", ccd=0, sky=1) + of_file(path, ccd=1, sky=2), code=0)
    equal([e["file"] for e in listed()], [path, path], "listed whole")
    run("imregister", "-db", DB, path, code=0)
    run("imstatreg", "-db", DB, stdin=of_file("$D/root.fits", ccd=2, sky=3), code=0)
    equal([table()[path, c][1] for c in range(CCDS)], [1, 2, 3, None], "named by a root")
    late = mosaic("roots/late.fits")
    run("imstatreg", "-db", DB, stdin=of_file(late, ccd=0, sky=4), code=0)
    os.rename("roots", "moved")
    run("imrelocate", "-db", DB, "-go", "-root", "D=" + os.path.abspath("moved"), code=0)
    run("imregister", "-db", DB, "moved/late.fits", code=0)
    equal(table()[os.path.abspath("moved/late.fits"), 0][1], 4, "the folder of its root has changed")
    run("imstatreg", "-db", DB, "-pending", code=1)


def deleted_rows():
    path = mosaic("d/del.fits")
    run("imregister", "-db", DB, path, code=0)
    run("imrm", "-db", DB, "-f", path, code=0)
    mosaic("d/del.fits", OBJECT="anew")
    run("imstatreg", "-db", DB, stdin=of_file(path, ccd=0, extension=1, sky=1) + of_file("del.fits", ccd=1, sky=2), code=0)
    run("imregister", "-db", DB, path, code=0)
    equal([table()[path, c][1] for c in range(CCDS)], [1, 2, None, None], "a file at the place of a removed one")
    run("imstatreg", "-db", DB, "-pending", code=1)
    fails(4, ["no image of it has slice 3"], "imstatreg", "-db", DB, stdin=of_file(path, slice=3, sky=1))
    fails(4, ["no image of it has extension 9, slice 3"], "imstatreg", "-db", DB, stdin=of_file(path, slice=3, extension=9, sky=1))


def moved_files():
    """Files that move while their statistics are on the way, and while they wait."""
    db = "mv.db"
    a, b, c = (mosaic(f"mv/{n}.fits", OBJECT=n) for n in "abc")
    run("imregister", "-db", db, a, code=0)
    was, other = of_file(a, ccd=0, sky=1, **state(a)), of_file(a, ccd=0, sky=2, **{**state(a), "mtime": 5})
    waits = of_file(b, ccd=0, sky=3, **state(b)) + of_file(b, ccd=1, sky=4) + of_file(c, ccd=0, sky=5, **state(c))
    run("imstatreg", "-db", db, stdin=waits, code=0)
    os.makedirs("to")
    run("immv", "-db", db, a, b, "to", code=0)
    run("imstatreg", "-db", db, stdin=was, code=0)
    equal(table(db)[os.path.abspath("to/a.fits"), 0][1], 1, "it was measured before immv")
    out = json.loads(run("imstatreg", "-db", db, "-format", "json", stdin=other, code=0).stdout)
    equal(out["waiting"], 1, "another state of it is not of this file")
    run("imstatreg", "-db", db, "-pending", "-forget", a, code=0)
    copy = shutil.copy2(c, os.path.abspath("to/c.fits"))
    run("imregister", "-db", db, "to/b.fits", copy, code=0)
    t = table(db)
    equal([t[os.path.abspath("to/b.fits"), i][1] for i in range(2)], [3, 4], "what waited followed immv, also what does not tell the file's state")
    equal(t[copy, 0][1], None, "a copy is another file while the first one is there")
    os.rename("to", "archive")
    run("imrelocate", "-db", db, "-go", os.path.abspath("to"), os.path.abspath("archive"), code=0)
    run("imstatreg", "-db", db, stdin=of_file(os.path.abspath("to/a.fits"), ccd=1, sky=6, **state("archive/a.fits")), code=0)
    equal(table(db)[os.path.abspath("archive/a.fits"), 1][1], 6, "it was measured before imrelocate")
    equal(sorted(e["sky"] for e in listed(db)), [5], "this waits")
    run("imregister", "-db", db, c, code=0)
    equal(table(db)[c, 0][1], 5, "it is where it was")


def text_of_moved_files():
    """A table tells paths only: what waits is of the file that is there then, and goes with it; what comes late finds its row by the
    history of moves."""
    def row(path, ccd, sky):
        return f"# ccd ext slice bias sky sigma fwhm ellip stars saturated state file\n {ccd} {ccd + 1} 0 - {sky} 3 - - - 0 ok {path}\n"
    db = "tm.db"
    a, b, c, d = (mosaic(f"tm/{n}.fits", OBJECT=n) for n in "abcd")
    run("imregister", "-db", db, a, b, code=0)
    run("imstatreg", "-db", db, stdin=row(c, 0, 3) + row(d, 0, 4), code=0)
    equal([(e.get("filesize"), abs(e.get("mtime", 0) - state(p)["mtime"]) < 1e-3) for e, p in zip(listed(db), (c, d))], [(state(c)["filesize"], True)] * 2, "of which file")
    os.makedirs("tm2")
    run("immv", "-db", db, a, "tm2", code=0)
    run("immv", "-db", db, b, "tm/other.fits", code=0)
    run("imstatreg", "-db", db, stdin=row(a, 0, 1) + row(b, 0, 2) + of_file(b, ccd=1, sky=5, **state("tm/other.fits")), code=0)
    equal([table(db)[os.path.abspath(p), i][1] for p, i in (("tm2/a.fits", 0), ("tm/other.fits", 0), ("tm/other.fits", 1))], [1, 2, 5], "late, behind immv")
    run("immv", "-db", db, "tm/other.fits", "tm2/b.fits", code=0)
    os.rename("tm2", "tm3")
    run("imrelocate", "-db", db, "-go", os.path.abspath("tm2"), os.path.abspath("tm3"), code=0)
    at = [os.path.abspath(p) for p in ("tm3/a.fits", "tm3/b.fits")]
    for i, path in enumerate((a, os.path.abspath("tm2/a.fits"))):
        run("imstatreg", "-db", db, stdin=row(path, 1 + i, 10 + i), code=0)
    for i, path in enumerate((b, os.path.abspath("tm/other.fits"), os.path.abspath("tm2/b.fits"))):
        run("imstatreg", "-db", db, stdin=row(path, 1 + i, 20 + i), code=0)
    t = table(db)
    equal([[t[p, i][1] for i in range(CCDS)] for p in at], [[1, 10, 11, None], [2, 20, 21, 22]], "by each place where it was")
    run("imstatreg", "-db", db, stdin=of_file(a, ccd=3, sky=6, filesize=1, mtime=5), code=0)
    equal(table(db)[at[0], 3][1], None, "another state of it")
    shutil.copy2(at[0], a)
    run("imstatreg", "-db", db, stdin=row(a, 3, 7), code=0)
    equal(table(db)[at[0], 3][1], None, "another file has its place")
    equal(len(listed(db)), 4, "what waits")
    os.makedirs("tm4")
    os.rename(c, "tm4/c.fits")
    run("imregister", "-db", db, "tm4/c.fits", d, code=0)
    equal([table(db)[os.path.abspath(p), 0][1] for p in ("tm4/c.fits", d)], [3, 4], "it moved while it waited, or did not")


def before_the_database():
    """Statistics come before the first registration."""
    db = "early.db"
    a, b = mosaic("early/a.fits"), mosaic("early/b.fits")
    out = run("imstatreg", "-db", db, stdin=of_file(a, ccd=0, sky=1) + of_file(b, ccd=0, sky=2), code=0)
    check("2 waiting" in out.stdout and "early.db: there is no such database yet" in out.stderr and not os.path.exists(db), f"they wait: {out}")
    run("imstatreg", "-db", db, stdin=of_file(a, ccd=1, sky=3), code=0)
    equal(len(listed(db)), 3, "what waits")
    run("imregister", "-db", db, a, code=0)
    equal([table(db)[a, i][1] for i in range(2)], [1, 3], "they are in their rows")
    run("imregister", "-db", db, b, code=0)
    equal(table(db)[b, 0][1], 2, "and that")
    run("imstatreg", "-db", db, "-pending", code=1)
    run("imcheck", "-db", db, code=0)
    for i in range(30):  # beside the registration that makes it
        db = f"race/{i}.db"
        os.makedirs("race", exist_ok=True)
        statistics = subprocess.Popen([os.path.join(BIN, "imstatreg"), "-db", db], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        registering = subprocess.Popen([os.path.join(BIN, "imregister"), "-db", db, a], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        statistics.communicate(of_file(a, ccd=0, sky=i + 1).encode())
        check((statistics.returncode, registering.wait()) == (0, 0), "both at once")
        equal((table(db)[a, 0][1], len(listed(db))), (i + 1, 0), "both at once: in its row")


def of_pending(db):
    """X.db.pending and what belongs to it."""
    folder = os.path.dirname(os.path.abspath(db))
    return {n: read(f"{folder}/{n}") for n in os.listdir(folder) if n.startswith(os.path.basename(db) + ".pending")}


def put_back(db, files):
    folder = os.path.dirname(os.path.abspath(db))
    for name in of_pending(db):
        os.remove(f"{folder}/{name}")
    for name, data in files.items():
        write(f"{folder}/{name}", data)


def crashed_between():
    """Rows that are durable beside what waited for them: newer statistics stay newer."""
    path = mosaic("i/old.fits")
    run("imstatreg", "-db", DB, stdin=of_file(path, ccd=0, sky=1, bias=7) + of_file(path, ccd=1, sky=1), code=0)
    keep = of_pending(DB)
    run("imregister", "-db", DB, path, code=0)
    put_back(DB, keep)
    out = run("imstatreg", "-db", DB, "-format", "json", stdin=of_file(path, extension=1, sky=2), code=0)
    equal(json.loads(out.stdout), {"updated": 1, "unchanged": 1, "waiting": 0, "faults": 0}, "report")
    for _ in range(2):
        equal([table()[path, c][:2] for c in range(3)], [(7, 2), (None, 1), (None, None)], "older ones went over newer ones")
        run("imstatreg", "-db", DB, "-pending", code=1)
        run("imregister", "-db", DB, path, code=0)


def foreign_and_damaged():
    """X.db.pending is something else, or has a damaged record; many that wait cost those that come nothing."""
    from astropy.table import Table
    db = "f.db"
    path = mosaic("f/x.fits")
    run("imregister", "-db", db, mosaic("f/0.fits"), code=0)
    Table({"a": [1, 2, 3]}).write(db + ".pending", format="fits")
    out = run("imregister", "-db", db, path, code=0)
    check("holds no waiting statistics" in out.stderr and "move it away" in out.stderr, f"a foreign file: {out.stderr!r:.300}")
    run("imstatreg", "-db", db, stdin=of_file(path, ccd=0, sky=1), code=0)
    equal(table(db)[path, 0][1], 1, "what is registered needs no such file")
    fails(3, ["f.db.pending", "move it away"], "imstatreg", "-db", db, stdin=of_file("/q/x.fits", sky=1))
    fails(3, ["f.db.pending", "move it away"], "imstatreg", "-db", db, "-pending")
    os.remove(db + ".pending")
    n = 10000
    run("imstatreg", "-db", db, stdin="".join(of_file(f"/never/{i}.fits", ccd=0, extension=0, sky=1) for i in range(n)), code=0)
    file = db + ".pending"
    inode = os.stat(file).st_ino
    for i in range(3):
        path = mosaic(f"f/w{i}.fits")
        run("imstatreg", "-db", db, stdin=of_file(path, ccd=0, sky=i), code=0)
        if i == 2:
            data = bytearray(read(file))
            data[data.find(b"/never/5.fits")] ^= 1
            write(file, bytes(data))
        out = run("imregister", "-db", db, path, code=0)
        equal((out.stderr, table(db)[path, 0][1], os.stat(file).st_ino), ("", i, inode), "it went to its row, and nothing was written anew")
    equal(len(listed(db)), n - 1, "the others wait")
    db = "g.db"
    path = mosaic("f/y.fits")
    run("imregister", "-db", db, mosaic("f/0.fits"), code=0)
    run("imstatreg", "-db", db, stdin="".join(of_file(f"/never/{i}/same.fits", sky=1) for i in range(5000)) + of_file(path, ccd=0, sky=2)
        + of_file("/never/z.fits", sky=3), code=0)
    run("imstatreg", "-db", db, "-pending", "-forget", "same.fits", code=0)
    run("imregister", "-db", db, path, code=0)
    equal((table(db)[path, 0][1], [e["file"] for e in listed(db)]), (2, ["/never/z.fits"]), "most of it is gone")
    check(os.path.getsize(db + ".pending") < 100000, "when most of it is gone the file becomes small")


def crashes():
    """imregister and imstatreg are killed before each call that changes something, with entries that wait: each is in its row or waits, and
    in the end is in its row, once; the rows are on the disk before what waited is gone, and what waits before the rows."""
    if SANITIZED or not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        print("no strace: crashes are not looked at")
        return
    db = os.path.abspath("s/s.db")
    a, b = mosaic("s/f/a.fits"), mosaic("s/f/b.fits")
    first, second = ("".join(of_file(p, ccd=c, sky=v + c) for p in (a, b) for c in range(CCDS)) for v in (10, 20))
    run("imregister", "-db", db, mosaic("s/f/0.fits"), code=0)
    run("imstatreg", "-db", db, stdin=first, code=0)
    write("second", second)
    shutil.copytree("s", "saved")

    def restore():
        shutil.rmtree("s")
        shutil.copytree("saved", "s")

    def look(what, values):
        t, waits = table(db), {(e["file"], e["ccd"]): e["sky"] for e in listed(db)}
        for p in (a, b):
            for c in range(CCDS):
                there = [v for v in (t.get((p, c), (0, None))[1], waits.get((p, c))) if v is not None]
                check(there and max(there) in [v + c for v in values], f"{what}: {p} {c}: {there}")

    calls = ["pwrite64", "fdatasync", "fsync", "rename", "renameat2", "ftruncate", "unlink", "fallocate", "openat"]
    register = [os.path.join(BIN, "imregister"), "-db", db, a, b]
    statreg = [os.path.join(BIN, "imstatreg"), "-db", db, "second"]
    kills = 0
    for name, prepare, line, values in (("imregister", [], register, [10]), ("imstatreg, all wait", [], statreg, [10, 20]),
                                        ("imstatreg, some wait still", [register], statreg, [10, 20])):
        def begin():
            restore()
            waited = of_pending(db)
            for command in prepare:
                subprocess.run(command, capture_output=True)
                put_back(db, waited)
        begin()
        check(strace("trace", calls, line).returncode == 0, name)
        # The first of the two that must be durable before the second is begun: its records, the sync behind them, the other's change.
        order = re.findall(r"(pwrite64|fdatasync)\(\d+<[^>]*/s\.db(|\.journal|\.pending|\.pending\.journal)>.* = (\d+)", read("trace").decode("latin-1"))
        kind = {"imregister": ("", ".pending.journal"), "imstatreg, some wait still": (".pending.journal", ".journal")}.get(name)
        if kind:
            written = next((i for i, (call, file, size) in enumerate(order) if (call, file) == ("pwrite64", kind[0]) and int(size) >= 4096), len(order))
            synced = next((i for i, (call, file, _) in enumerate(order) if i > written and (call, file) == ("fdatasync", kind[0])), len(order))
            then = next((i for i, (call, file, _) in enumerate(order) if (call, file) == ("pwrite64", kind[1])), -1)
            check(written < synced < then, f"{name}: the other file is changed before this one is durable: {order}")
        for call, numbers in changing_calls("trace", "/s/s.db").items():
            for number in numbers:
                begin()
                _, left = inject("trace", call, "signal=KILL", number, line)
                kills += bool(left)
                what = f"{name}: {call} {number}"
                look(what, values)
                subprocess.run(statreg if line == statreg else register, capture_output=True)
                look(what + ", and again", values[-1:])
                run("imregister", "-db", db, a, b, code=0)
                equal({v[1] - c for (p, c), v in table(db).items() if p in (a, b)}, {values[-1]}, what + ": in the end")
                run("imstatreg", "-db", db, "-pending", code=1)
                check(run("imcheck", "-db", db).returncode == 0, what + ": imcheck")
    print(kills, "kills between calls")
    check(kills > 20, "few kills")


def changed_files():
    """Statistics of a file that has changed since are not used; registering it anew forgets the old ones."""
    path = mosaic("c/changed.fits")
    run("imregister", "-db", DB, path, code=0)
    info = os.stat(path)
    entry = {"file": path, "ccd": 0, "sky": 1.5, "filesize": info.st_size, "mtime": info.st_mtime}
    run("imstatreg", "-db", DB, stdin=json.dumps(entry), code=0)
    equal(table()[path, 0][1], 1.5, "of this file")
    fails(4, ["changed.fits", "was measured when the file was another one"], "imstatreg", "-db", DB, stdin=json.dumps(entry | {"mtime": info.st_mtime - 100}))
    mosaic("c/changed.fits", OBJECT="anew")
    run("imregister", "-db", DB, path, code=0)
    equal(table()[path, 0], (None, None, None, 0), "a changed file has no statistics")
    late = mosaic("c/late.fits")
    run("imstatreg", "-db", DB, stdin=json.dumps({"file": late, "ccd": 0, "sky": 9, "filesize": 1, "mtime": 5.0}), code=0)
    run("imregister", "-db", DB, late, code=0)
    equal(table()[late, 0], (None, None, None, 0), "what waited was of another file")
    run("imstatreg", "-db", DB, "-pending", code=1)


def bad_input():
    good = json.dumps({"file": "nowhere/x.fits", "ccd": 0, "sky": 1})
    before = read(DB)
    for text, words in [("{", ["line 1", "byte 2"]), ("[]", ["line 1", "no statistics"]), ('{"file":5}', ["member file"]), ('{"file":""}', ["member file"]),
                        ('{"file":"x","ccd":"a"}', ["ccd is no whole number"]), ('{"file":"x","ccd":1e9}', ["ccd is no whole number"]), ('{"file":"x","ccd":0.5}', ["ccd"]),
                        ('{"file":"x\\ud800"}', ["half a character"]), ('{"file":"x"} y', ["more behind"]), ("# ccd sky file\nx 1\n", ["line 2", "2 words"]),
                        ("\0\1\2", ["no statistics"]), ('{"a":{"b":[1,"]"]},"file":"x","ccd":}', ["no value"]),
                        ("SIMPLE  =                    T\n1\n2\n", ["a FITS file", "imstats"]), ("x\n\0\n2\n", ["no text"]),
                        ('{"file":"x","sky":"abc"}', ["sky is no number"]), ('{"file":"x","bias":true}', ["bias is no number"]), ('{"file":"x","fwhm":[1]}', ["fwhm is no number"]),
                        ("# ccd sky file\n1 abc x\n", ["line 2", "sky is no number", "abc"]),
                        ('{"file":"x","sky":2.5 3}', ["no value"]), ('{"file":"x","sky":nan}', ["no value"]), ('{"file":"x","sky":nul}', ["no value"])]:
        fails(4, ["standard input", *words], "imstatreg", "-db", DB, stdin=text)
    equal(read(DB), before, "nothing was written")
    for name, text in [("e1.stats", "1\n"), ("e2.stats", "1 2\n3 4\n"), ("e3.stats", "1 2 3\n1 2\n"), ("e4.stats", "1 2 3 4\n")]:
        fails(4, [name, "line"], "imstatreg", "-db", DB, write(name, text))
    fails(4, ["empty", "holds no statistics"], "imstatreg", "-db", DB, write("empty", ""))
    fails(4, ["nosuch.stats"], "imstatreg", "-db", DB, "nosuch.stats")
    os.symlink("nowhere.db", "link.db")
    fails(3, ["link.db", "no such database"], "imstatreg", "-db", "link.db", stdin=good)
    fails(3, ["folder/x.db"], "imstatreg", "-db", "folder/x.db", stdin=good)
    fails(2, ["-format"], "imstatreg", "-db", DB, "-format", "xml", stdin=good)
    fails(4, ["the path has 601 bytes", "453"], "imstatreg", "-db", DB, stdin=json.dumps({"file": "/" + "x" * 600, "ccd": 0, "sky": 1}))
    run("imstatreg", "-db", DB, stdin="", code=1)
    a, b = mosaic("t1/twin.fits"), mosaic("t2/twin.fits")
    run("imregister", "-db", DB, a, b, code=0)
    fails(4, ["twin.fits", "may be one of 2 rows", "whole path"], "imstatreg", "-db", DB, stdin=json.dumps({"file": "twin.fits", "ccd": 0, "sky": 1}))
    fails(4, ["twin.fits", "no image of it has CCD 9"], "imstatreg", "-db", DB, stdin=json.dumps({"file": a, "ccd": 9, "sky": 1}))


def kills():
    """Killed at any moment: an entry is in its row, or waits, when its program said so; and never half."""
    db = "k.db"
    files = [mosaic(f"k/{i}.fits") for i in range(6)]
    run("imregister", "-db", db, *files[:3], code=0)
    rng = random.Random(3)
    told = {}
    for round_ in range(40):
        value = round_ + 1
        entries = [json.dumps({"file": f, "ccd": c, "bias": value, "sky": value, "fwhm": value}) for f in files for c in range(CCDS)]
        process = subprocess.Popen([os.path.join(BIN, "imstatreg"), "-db", db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write("\n".join(entries).encode())
        process.stdin.close()
        try:
            process.wait(rng.uniform(0, 0.02))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        if process.returncode == 0:
            told = {k: value for k in [(f, c) for f in files for c in range(CCDS)]}
        t = table(db)
        for key, (bias, sky, fwhm, _) in t.items():
            check(bias == sky == fwhm, f"half an entry: {key}")
            check((bias or 0) >= told.get(key, 0) and (bias or 0) <= value, f"lost: {key} {bias} {told.get(key)}")
        check(len({v[0] for v in t.values()}) == 1, "a part of the entries is in the rows")
    run("imstatreg", "-db", db, stdin="\n".join(entries), code=0)
    run("imregister", "-db", db, *files[3:], code=0)
    check(all(v[:3] == (value,) * 3 for v in table(db).values()), "rows of files that were registered later")
    run("imcheck", "-db", db, code=0)


files = against_a_model()
forms(files)
text_and_json()
elixir()
changed_files()
waiting_names()
deleted_rows()
moved_files()
text_of_moved_files()
before_the_database()
crashed_between()
foreign_and_damaged()
crashes()
bad_input()
kills()
finish()
