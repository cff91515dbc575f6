"""imstatreg: statistics to their rows against a dictionary as model; waiting ones; Elixir's files; changed files; bad input; kills."""
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
                if (path, c) in waiting:
                    put((path, c), waiting.pop((path, c)))
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
                    waiting[path, ccd] = values
        same(table(), model, "model")
        listed = run("imstatreg", "-db", DB, "-pending", code=0 if waiting else 1).stdout.splitlines()
        equal(sorted((e["file"], e["ccd"]) for e in map(json.loads, listed)), sorted(waiting), "what waits")
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
    run("imstatreg", "-db", DB, stdin=json.dumps({"file": odd, "ccd": 3, "sky": 5}) + "\n", code=0)
    equal(table()[odd, 3], (None, 5, None, 4), "by its CCD")
    again = run("imstatreg", "-db", DB, "-format", "json", "t.stats", code=0)
    equal(json.loads(again.stdout), {"updated": 0, "unchanged": 3, "waiting": 0, "faults": 0}, "the same again")


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
                        ('{"file":"x","ccd":"a"}', ["ccd is no number"]), ('{"file":"x","ccd":1e9}', ["ccd is no number"]), ('{"file":"x","ccd":0.5}', ["ccd"]),
                        ('{"file":"x\\ud800"}', ["half a character"]), ('{"file":"x"} y', ["more behind"]), ("# ccd sky file\nx 1\n", ["line 2", "2 words"]),
                        ("\0\1\2", ["no statistics"]), ('{"a":{"b":[1,"]"]},"file":"x","ccd":}', ["no value"]),
                        ('{"file":"x","sky":2.5 3}', ["no value"]), ('{"file":"x","sky":nan}', ["no value"]), ('{"file":"x","sky":nul}', ["no value"])]:
        fails(4, ["standard input", *words], "imstatreg", "-db", DB, stdin=text)
    equal(read(DB), before, "nothing was written")
    for name, text in [("e1.stats", "1\n"), ("e2.stats", "1 2\n3 4\n"), ("e3.stats", "1 2 3\n1 2\n"), ("e4.stats", "1 2 3 4\n")]:
        fails(4, [name, "line"], "imstatreg", "-db", DB, write(name, text))
    fails(4, ["empty", "holds no statistics"], "imstatreg", "-db", DB, write("empty", ""))
    fails(4, ["nosuch.stats"], "imstatreg", "-db", DB, "nosuch.stats")
    fails(3, ["nosuch.db", "no such database"], "imstatreg", "-db", "nosuch.db", stdin=good)
    check(not os.path.exists("nosuch.db"), "a database was made")
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
elixir()
changed_files()
bad_input()
kills()
finish()
