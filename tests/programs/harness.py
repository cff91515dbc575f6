"""What the scripts of tests/programs share: running programs as a user does, checks, small FITS files of our own making."""
import atexit, json, os, shutil, subprocess, sys, tempfile

SOURCE, BIN, DATA = (os.path.abspath(p) for p in sys.argv[1:4])
FITS = os.path.join(DATA, "fits")
with open(os.path.join(BIN, "imsearch"), "rb") as f:
    program = f.read()
SANITIZED = b"__asan_init" in program or b"__tsan_init" in program
checks, failures = 0, []
work = tempfile.mkdtemp(prefix="imreg-programs-")
os.chmod(work, 0o755)
os.chdir(work)
for name in ("IMREG_DB", "IMREG_CAMERAS", "PTOLEMY", "REFDATE"):
    os.environ.pop(name, None)
os.environ["HOME"] = work


@atexit.register
def clean():
    os.chdir("/")
    shutil.rmtree(work, ignore_errors=True)


def check(good, what):
    global checks
    checks += 1
    if not good:
        failures.append(str(what))
    return bool(good)


def equal(got, wanted, what):
    return check(got == wanted, f"{what}: got {got!r:.600}, wanted {wanted!r:.600}")


def run(program, *args, stdin="", code=None, text=True, timeout=120, **more):
    """Runs a program. Whatever it says on stderr must be whole lines `program: ...`, and no signal may end it."""
    out = subprocess.run([os.path.join(BIN, program), *map(str, args)], input=stdin if text else None, capture_output=True,
                         text=text, timeout=timeout, **more)
    line = program + " " + " ".join(map(str, args))
    errors = out.stderr if text else out.stderr.decode()
    check(out.returncode >= 0, f"{line}: ended by signal {-out.returncode}")
    check(out.returncode != 66, f"{line}: a sanitizer's report: {errors!r:.2000}")
    check(errors == "" or errors.endswith("\n"), f"{line}: last line without end: {errors!r:.200}")
    for message in errors.splitlines():
        pointing = message.startswith(program + ":   ")  # a condition, and the caret below it
        check(pointing or message.startswith(program + ": ") and len(message) > len(program) + 10, f"{line}: not a message: {message!r:.300}")
        for sign in ("terminate called", "runtime error", "Sanitizer", "Assertion", "std::"):
            check(sign not in message, f"{line}: {message!r:.300}")
    if code is not None:
        check(out.returncode == code, f"{line}: exit code {out.returncode}, wanted {code}: {errors!r:.400}")
    return out


def fails(code, words, program, *args, **more):
    """Runs a program that must fail with this code and say these words in one line."""
    out = run(program, *args, code=code, **more)
    errors = out.stderr.splitlines()
    check(any(all(w in e for w in words) for e in errors), f"{program} {args}: no line with {words}: {errors!r:.500}")
    return out


def rows(db, *args, code=0):
    return [json.loads(line) for line in run("imsearch", "-db", db, "-format", "json", *args, code=code).stdout.splitlines()]


def card(key, value):
    if isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        text = "'" + f"{value:<8}" + "'"
    else:
        text = f"{value!r:>20}"
    line = f"{key:<8}= {text}"
    assert len(line) <= 80, line
    return line.ljust(80)


def pad(data, fill):
    return data + fill * (-len(data) % 2880)


KEYS = {"INSTRUME": "TestCam", "OBJECT": "M 31", "OBSTYPE": "object", "FILTER": "r", "EXPTIME": 60.0, "DATE-OBS": "2001-01-27T10:20:30",
        "RA": "10:00:00.0", "DEC": "+02:00:00.0", "AIRMASS": 1.25}


def header(cards, keys, extra=()):
    lines = [card(*c) for c in cards] + [card(k, v) for k, v in keys.items() if v is not None] + list(extra) + ["END".ljust(80)]
    return pad("".join(lines).encode("latin-1"), b" ")


def image(path, shape=(4, 4), extra=(), **keys):
    """Writes an image of one HDU; keys override KEYS, None removes one, DATE_OBS stands for DATE-OBS."""
    keys = {k.replace("_", "-"): v for k, v in keys.items()}
    cards = [("SIMPLE", True), ("BITPIX", 16), ("NAXIS", len(shape))] + [(f"NAXIS{i + 1}", n) for i, n in enumerate(shape)]
    size = 2
    for n in shape:
        size *= n
    data = header(cards, {**KEYS, **keys}, extra) + pad(b"\0" * (size if shape else 0), b"\0")
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def finish():
    for failure in failures[:60]:
        print("FAILED", failure)
    print(checks, "checks,", len(failures), "failures")
    sys.exit(1 if failures else 0)


def skip(why):
    print("skipped:", why)
    sys.exit(77)
