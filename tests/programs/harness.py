"""What the scripts of tests/programs share: running programs as a user does, checks, small FITS files of our own making."""
import atexit, json, os, random, re, shutil, subprocess, sys, tempfile, threading, time

SOURCE, BIN, DATA = (os.path.abspath(p) for p in sys.argv[1:4])
FITS = os.path.join(DATA, "fits")
with open(os.path.join(BIN, "imsearch"), "rb") as f:
    program = f.read()
SANITIZED = b"__asan_init" in program or b"__tsan_init" in program
LONG = os.environ.get("IMREG_LONG") == "1"
checks, refused, failures = 0, 0, []
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


def died(kind, error, trace):
    """A script that dies of an answer that is none still says what was wrong before: most often that is why."""
    sys.__excepthook__(kind, error, trace)
    for failure in failures[:60]:
        print("FAILED", failure)


sys.excepthook = died


def check(good, what):
    global checks
    checks += 1
    if not good:
        failures.append(str(what))
    return bool(good)


def equal(got, wanted, what):
    return check(got == wanted, f"{what}: got {got!r:.600}, wanted {wanted!r:.600}")


def programs_for_nobody():
    """What run() starts when it is `as_nobody`, who may not look into the folder of the build when that is below /root. Whether we are root."""
    global BIN
    if os.geteuid() != 0:
        return False
    BIN = shutil.copytree(BIN, os.path.abspath("programs"))
    return True


def as_nobody():
    os.setgid(65534)
    os.setuid(65534)


def run(program, *args, stdin="", code=None, text=True, timeout=120, **more):
    """Runs a program. Whatever it says on stderr must be whole lines `program: ...`, and no signal may end it."""
    out = subprocess.run([os.path.join(BIN, program), *map(str, args)], input=stdin if text else None, capture_output=True,
                         text=text, timeout=timeout, **more)
    global refused
    refused += out.returncode in (2, 3, 4)
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


def read_terminal(terminal):
    """All that a program writes on a pseudo-terminal, until it ends."""
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # as Linux says that nobody has the other side any more
        pass
    return shown


def write(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def need_strace():
    if not shutil.which("strace"):
        skip("no strace")
    if SANITIZED or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        skip("strace cannot trace here")


def strace(trace, calls, line, *more):
    """Runs a command; these of its calls are written into the file `trace`."""
    return subprocess.run(["strace", "-f", "-y", "-o", trace, "-e", "trace=" + ",".join(calls), *more, *line], capture_output=True, text=True, timeout=120)


def inject(trace, call, what, nth, line, *more):
    """Runs a command whose n-th call of a kind fails (error=EIO) or ends it (signal=KILL). Also lines: those of the trace from that call on."""
    out = strace(trace, [call], line, "-e", f"inject={call}:{what}:when={nth}", *more)
    lines = read(trace).decode("latin-1").splitlines()
    hit = next((n for n, l in enumerate(lines) if "(INJECTED)" in l or "killed by" in l), len(lines))
    os.remove(trace)
    return out, lines[hit:]


def changing_calls(trace, folder):
    """{call: its numbers} in a trace, of calls that change something with this in its path. As strace counts: for each thread alone."""
    numbers, calls = {}, {}
    for line in read(trace).decode("latin-1").splitlines():
        found = re.match(r"(\d+) +(\w+)\((.*)", line)
        if not found:
            continue
        thread, call, rest = found.groups()
        numbers[thread, call] = numbers.get((thread, call), 0) + 1
        if folder in rest and (call != "openat" or "O_CREAT" in rest or "O_RDWR" in rest or "O_TMPFILE" in rest):
            calls.setdefault(call, set()).add(numbers[thread, call])
    return {call: sorted(those) for call, those in calls.items()}


def guarded(task, *args):
    """Work of a thread: its exception is a failure with a name."""
    try:
        task(*args)
    except Exception as trouble:  # noqa
        check(False, f"{task.__name__} {args}: {trouble!r:.500}")


def long_form(short, others):
    """The things of the short form; in the long one (IMREG_LONG=1) then the others, in a random order until IMREG_LONG_SECONDS (60) are over."""
    yield from short
    if not LONG:
        return
    seed = os.environ.get("IMREG_LONG_SEED") or str(random.SystemRandom().randrange(1 << 32))
    others = list(others)
    random.Random(seed).shuffle(others)
    done, end = 0, time.monotonic() + float(os.environ.get("IMREG_LONG_SECONDS", 60))
    while done < len(others) and time.monotonic() < end:
        yield others[done]
        done += 1
    print(f"long form, seed {seed}: {done} of {len(others)} more")


def in_threads(count, tasks):
    """(function, argument, ...), each when a thread is free: `tasks` may say so long how many there are."""
    tasks, lock = iter(tasks), threading.Lock()

    def work():
        while True:
            with lock:
                task = next(tasks, None)
            if task is None:
                return
            guarded(*task)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def finish():
    for failure in failures[:60]:
        print("FAILED", failure)
    if refused:
        print("bad inputs refused:", refused)
    print(checks, "checks,", len(failures), "failures")
    sys.exit(1 if failures else 0)


def skip(why):
    print("skipped:", why)
    sys.exit(77)
