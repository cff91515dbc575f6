# The house rules (what may include what, how long things may be) as functions of a source tree. Each returns a list of
# violations, "file:line: what is wrong". house_test.py applies them to this tree, selftest_test.py to planted faults.
import hashlib
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

# The one table of floors. A room may include only rooms of a lower floor.
FLOORS = {
    "base": 0, "os": 1, "sky": 1, "record": 2, "raster": 2, "scan": 3, "fits": 3, "codegen": 3, "expression": 3, "history": 3,
    "emit": 4, "image": 4, "camera": 4, "chart": 4, "query": 4, "upkeep": 4, "pixels": 4,
    "temperature": 5, "measure": 5, "vectors": 5, "headers": 5, "keyword": 5, "process": 5, "spectrum": 5, "registry": 6,
    "acquire": 7, "archive": 7, "look": 6, "trend": 7, "ingest": 7, "serve": 7, "cli": 8, "shell": 9,
}
# Which room a public header speaks for; a room includes public headers of lower floors and its own.
PUBLIC = {
    "status.h": "base", "date.h": "base", "header.h": "record", "record.h": "record", "record_file.h": "record",
    "schema.h": "record", "scan.h": "scan", "index.h": "scan", "expression.h": "expression", "query.h": "query",
    "imreg.h": "query", "fits_file.h": "fits", "emit.h": "emit", "camera.h": "camera", "camera_tools.h": "camera",
    "simulate.h": "image", "registry.h": "registry", "path_roots.h": "registry", "sky_region.h": "sky",
    "calibration.h": "registry", "upkeep.h": "upkeep", "backup.h": "upkeep", "bulk_change.h": "record", "history.h": "history",
    "relocate.h": "archive", "move_files.h": "archive", "find_files.h": "archive", "bulk_edit.h": "registry", "statistics.h": "registry",
    "temps.h": "temperature",
    "queue.h": "acquire", "elixir.h": "acquire", "sort.h": "acquire", "watch.h": "acquire",
    "pixels.h": "pixels", "vectors.h": "vectors", "measure.h": "measure", "look.h": "look", "chart.h": "chart", "ingest.h": "ingest", "join.h": "ingest", "keys.h": "ingest",
}
GENERATED_FLOOR = 5  # the first floor that sees "formats/x.h"
# Vendor headers and the only rooms where they may stand.
VENDORS = [
    (r"boost/program_options", {"cli"}), (r"boost/interprocess", {"os"}), (r"boost/(beast|asio)", {"serve"}),
    (r"fitsio\.h|longnam\.h", {"pixels"}), (r"zlib\.h|bzlib\.h", {"fits"}), (r"erfa|wcslib|wcs\.h", {"sky"}),
    (r"re2/", {"expression"}), (r"jpeglib\.h|turbojpeg\.h|png\.h", {"raster"}), (r"cairo", {"chart"}), (r"histedit", {"shell"}),
    (r"sqlite3|benchmark/", set()), (r"gtest|gmock|rapidcheck", set()),
]
PROGRAM_LINES = 150
README_LINES = 30
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def files_in(root, folder, endings):
    found = []
    for where, folders, names in os.walk(os.path.join(root, folder)):
        folders[:] = sorted(f for f in folders if not f.startswith(("build", "__pycache__")))
        found += [os.path.relpath(os.path.join(where, n), root) for n in sorted(names) if n.endswith(endings)]
    return found


def text_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def includes(root, path):
    """(line, "<" or the quote, name) of each include."""
    text = text_of(root, path)
    return [(text.count("\n", 0, m.start(2)) + 1, m.group(1), m.group(2)) for m in INCLUDE.finditer(text)]


def floors(root):
    """Includes go down, never sideways or up; public headers know only std and each other."""
    bad = []
    for path in files_in(root, "include", (".h", ".cc")):
        own = FLOORS.get(PUBLIC.get(os.path.basename(path)))
        if own is None:
            bad.append(f"{path}:1: this public header has no room in the table PUBLIC of tests/rules/rules.py")
            continue
        for line, kind, name in includes(root, path):
            if kind == '"' and name.startswith("imreg/"):
                room = PUBLIC.get(name[len("imreg/"):])
                if room is not None and FLOORS[room] > own:
                    bad.append(f"{path}:{line}: {name} belongs to a higher floor ({room})")
            elif kind == '"' or "/" in name or name.endswith(".h"):
                bad.append(f"{path}:{line}: a public header includes only std and public headers, not {name}")
    for path in files_in(root, "src", (".h", ".cc")):
        room = path.split(os.sep)[1]
        if room not in FLOORS:
            bad.append(f"{path}:1: the room {room} stands on no floor of tests/rules/rules.py")
            continue
        for line, kind, name in includes(root, path):
            if kind != '"':
                continue
            first = name.split("/")[0]
            if first == "formats":
                if FLOORS[room] < GENERATED_FLOOR:
                    bad.append(f"{path}:{line}: generated record headers begin on floor {GENERATED_FLOOR}: {name}")
                continue
            target = PUBLIC.get(name[len("imreg/"):]) if first == "imreg" else first
            if target not in FLOORS:
                bad.append(f"{path}:{line}: {name} is in no room (write \"room/file.h\" or \"imreg/file.h\")")
            elif target != room and FLOORS[target] >= FLOORS[room]:
                way = "sideways" if FLOORS[target] == FLOORS[room] else "upward"
                bad.append(f"{path}:{line}: {room} (floor {FLOORS[room]}) includes {way}: {name} (floor {FLOORS[target]})")
    return bad


def vendors(root):
    """Vendor headers only in their rooms."""
    bad = []
    for path in files_in(root, "include", (".h",)) + files_in(root, "src", (".h", ".cc")) + files_in(root, "bin", (".h", ".cc")):
        room = path.split(os.sep)[1] if path.startswith("src" + os.sep) else ""
        for line, _, name in includes(root, path):
            for pattern, rooms in VENDORS:
                if re.match(pattern, name) and room not in rooms:
                    bad.append(f"{path}:{line}: {name} may be included only in: {', '.join(sorted(rooms)) or 'tests and bench'}")
    return bad


# Calls that change the disk pass os, whose observer the crash tests are; no name of a file ever meets a shell.
CHANGES = re.compile(r"(?<![\w.>])(::|std::)?(pwritev?2?|pwrite64|fsync|fdatasync|sync_file_range|ftruncate|truncate|posix_fallocate|fallocate|rename|renameat2?|"
                     r"unlink|unlinkat|remove|fopen|fwrite|creat)\s*\(")
SHELLS = re.compile(r"(?<![\w.>])(::|std::)?(system|popen|wordexp|execlp|execvp)\(|/bin/(ba|da)?sh\b")
MAY_CHANGE = {  # rooms and files that may, with the reason
    "src/os/": "is the room for it",
    "src/archive/file_tree.cc": "moves files of others, under an observer of its own",
    "src/archive/moving_file.cc": "takes its unfinished file away again, whatever failed",
    "src/cli/new_file.cc": "what a program writes for its user is no database",
    "src/cli/output.cc": "the same",
    "src/codegen/": "runs in the build",
}
MAY_SHELL = {"src/cli/pager.cc": "PAGER is a command line of the user", "src/os/child.cc": "starts the program of a step, by its words"}


def disk_and_shell(root):
    """Only os changes the disk; only the pager starts a shell."""
    bad = []
    for path in files_in(root, "src", (".cc", ".h")) + files_in(root, "bin", (".cc", ".h")) + files_in(root, "include", (".h",)):
        for number, line in enumerate(text_of(root, path).split("\n"), 1):
            code = line.split("//")[0]
            called = CHANGES.search(code)
            # A method or function of ours has such a name, too: only what is asked of the system is meant.
            if called and (called.group(1) == "::" or called.group(2) in ("fopen", "fwrite")) and not path.startswith(tuple(MAY_CHANGE)):
                bad.append(f"{path}:{number}: {called.group(2)}() past os and its observer: {line.strip()[:80]}")
            if SHELLS.search(re.sub(r'"[^"/]*"', '""', code)) and not path.startswith(tuple(MAY_SHELL)):
                bad.append(f"{path}:{number}: a shell, or a program looked for in PATH: {line.strip()[:80]}")
    return bad


def lengths(root):
    """Programs and READMEs stay short; every room has a README."""
    bad = []
    for path in files_in(root, "bin", (".cc",)):
        lines = text_of(root, path).count("\n")
        if lines > PROGRAM_LINES:
            bad.append(f"{path}:{PROGRAM_LINES + 1}: a program has at most {PROGRAM_LINES} lines, this one {lines}")
    source = os.path.join(root, "src")
    for room in sorted(os.listdir(source)) if os.path.isdir(source) else []:
        path = f"src/{room}/README.md"
        if not files_in(root, f"src/{room}", (".h", ".cc")):
            continue
        if not os.path.exists(os.path.join(root, path)):
            bad.append(f"{path}:1: the room has no README.md")
        elif text_of(root, path).count("\n") > README_LINES:
            bad.append(f"{path}:{README_LINES + 1}: a room's README has at most {README_LINES} lines")
        elif not text_of(root, path).startswith("# "):
            bad.append(f"{path}:1: a README begins with its title, \"# {room}\"; was it formatted as code?")
    return bad


def unfinished(root):
    """No notes to do something later: an issue is the place for them."""
    bad = []
    paths = [f for f in ("Makefile", "CMakeLists.txt", "README.md", "CMakePresets.json") if os.path.exists(os.path.join(root, f))]
    for folder in ("include", "src", "bin", "tests", "bench", "man", "share", "cmake", "formats", ".ci"):
        paths += files_in(root, folder, ("",))
    for path in paths:
        if path.endswith((".pyc", ".fits", ".db", ".gz")):
            continue
        for number, line in enumerate(text_of(root, path).split("\n"), 1):
            if UNFINISHED.search(line):
                bad.append(f"{path}:{number}: {line.strip()[:80]}")
    return bad


def own_includes(root, path, generated, seen):
    """The header and all headers of this project that it reaches."""
    if path in seen:
        return
    seen.add(path)
    for _, kind, name in includes("", path):
        for folder in (os.path.join(root, "include"), os.path.join(root, "src"), generated):
            if kind == '"' and os.path.exists(os.path.join(folder, name)):
                own_includes(root, os.path.join(folder, name), generated, seen)
                break


def headers_alone(root, generated="", cache=""):
    """Each header compiles as the only thing in a file. A header whose text and includes did not change is not tried again."""
    compiler = os.environ.get("CXX", "g++")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout

    def one(path):
        full = os.path.join(root, path)
        seen = set()
        own_includes(root, full, generated, seen)
        digest = hashlib.sha256(version.encode())
        for name in sorted(seen):
            digest.update(open(name, "rb").read())
        stamp = os.path.join(cache, digest.hexdigest()) if cache else ""
        if stamp and os.path.exists(stamp):
            return []
        command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-pragma-once-outside-header",
                   "-DFMT_HEADER_ONLY", "-x", "c++", "-I" + os.path.join(root, "include"), "-I" + os.path.join(root, "src")]
        command += ["-I" + generated] if generated else []
        done = subprocess.run(command + ["-"], input=f'#include "{os.path.abspath(full)}"\n', capture_output=True, text=True)
        if done.returncode != 0:
            return [f"{path}:1: does not compile alone: " + "\n".join(done.stderr.strip().split("\n")[:3])]
        if stamp:
            open(stamp, "w").close()
        return []

    if cache:
        os.makedirs(cache, exist_ok=True)
    paths = files_in(root, "include", (".h",)) + files_in(root, "src", (".h",))
    with ThreadPoolExecutor(2) as pool:
        return [fault for faults in pool.map(one, paths) for fault in faults]


def man_options(text):
    """Names of the options in the section OPTIONS of a man page: .TP (or .TQ), then .B, .BI or .BR with \\-name."""
    section = re.search(r"^\.SH OPTIONS\n(.*?)(?=^\.SH |\Z)", text, re.M | re.S)
    if not section:
        return set()
    return set(re.findall(r"^\.T[PQ].*\n\.B[RI]? -([A-Za-z][A-Za-z0-9-]*)", section.group(1).replace("\\-", "-"), re.M))


def help_faults(name, screen, table, man_text):
    """`table` of -help all and the man page name the same options; `screen` of -help names them too, shows two examples, and fits."""
    bad = []
    options = re.findall(r"^  -([A-Za-z][A-Za-z0-9-]*)", table, re.M)
    shown = set(options) - {"help", "version"}  # imreg(7) describes them for all programs
    described = man_options(man_text) - {"help", "version"}
    for option in sorted(shown - described):
        bad.append(f"man/{name}.1:1: -{option} of {name} -help is missing in the section OPTIONS")
    for option in sorted(described - shown):
        bad.append(f"man/{name}.1:1: -{option} is not in {name} -help")
    lines = screen.rstrip("\n").split("\n")
    if len(lines) > 24 or max(len(line) for line in lines + table.split("\n")) > 80:
        bad.append(f"bin/{name}.cc:1: -help has {len(lines)} lines; it does not fit a screen of 80 x 24")
    if lines[-3:-2] != ["examples:"] or not all(line.startswith(f"  {name} ") or f"| {name} " in line for line in lines[-2:]):
        bad.append(f"bin/{name}.cc:1: -help does not end with two examples")
    missing = [option for option in options if not re.search(rf" -{option}(?![A-Za-z0-9-])", screen)]
    if missing:
        bad.append(f"bin/{name}.cc:1: -help does not name -{', -'.join(missing)}")
    return bad


def manuals(root, programs):
    """Every program has a man page whose options are those of -help. `programs` is the folder of the built programs."""
    bad = []
    for path in files_in(root, "bin", (".cc",)):
        name = os.path.basename(path)[:-3]
        page = f"man/{name}.1"
        if not os.path.exists(os.path.join(root, page)):
            bad.append(f"{page}:1: the program {name} has no man page")
            continue
        printed = []
        for words in (["-help"], ["-help", "all"]):
            try:
                done = subprocess.run([os.path.join(programs, name), *words], capture_output=True, text=True, timeout=60)
            except OSError as error:
                bad.append(f"{path}:1: {name} -help cannot be run: {error}")
                break
            if done.returncode != 0 or done.stderr:
                bad.append(f"{path}:1: {name} {' '.join(words)} ends with {done.returncode}: {done.stderr.strip()}")
            printed.append(done.stdout)
        else:
            bad += help_faults(name, *printed, text_of(root, page))
    return bad


def purposes(root):
    """A source file begins with a line that says what it is for."""
    bad = []
    for path in files_in(root, "bin", (".cc",)) + files_in(root, "src", (".cc", ".h")) + files_in(root, "tests", (".cc", ".h", ".c")) + \
            files_in(root, "bench", (".cc", ".h")) + files_in(root, "include", (".h",)):
        first = text_of(root, path).split("\n", 1)[0]
        if not re.match(r"(//|/\*) \S+ \S+", first):
            bad.append(f"{path}:1: the first line does not say what the file is for: // ...")
    return bad


def man_lint(root):
    """mandoc finds nothing to warn about but a page without a date; where there is no mandoc, nothing is checked."""
    pages = [os.path.join(root, p) for p in files_in(root, "man", tuple(f".{n}" for n in range(1, 9)))]
    if not pages:
        return []
    try:
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"] + pages, capture_output=True, text=True)
    except FileNotFoundError:
        return []
    return [line for line in done.stdout.split("\n") if line and "missing date" not in line]
