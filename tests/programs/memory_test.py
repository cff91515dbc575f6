#!/usr/bin/python3
"""Less and less memory: a program ends with 0 only when it has said all that it says with enough of it; else it says in one line that
memory is missing. Nothing that it reads changes."""
import resource
from harness import *

if SANITIZED:
    skip("a sanitizer needs more memory than there is")

run("imsim", "-rows", 10000, "-db", "m.db", code=0)  # so few that no index is merged in the background
run("imrelocate", "-db", "m.db", "-go", "/data", "/elsewhere", code=0)
run("imsearch", "-db", "m.db", "-type", "dark", "-modify", "filter", "none", code=0)
run("imrelocate", "-db", "m.db", "-go", "-undo", "2", code=0)
JOBS = [["imrelocate", "-db", "m.db", "-history"], ["imrelocate", "-db", "m.db", "-history", "-format", "json"],
        ["imrelocate", "-db", "m.db", "-undo", "1", "-format", "json"], ["imrelocate", "-db", "m.db", "-format", "json", "/data", "/else"],
        ["imsearch", "-db", "m.db", "-format", "json", "-type", "object"], ["imsearch", "-db", "m.db", "-count", "-where", "exptime > 10 || ccd = 3"],
        ["imcheck", "-db", "m.db", "-j", "4"], ["imcheck", "-db", "m.db", "-stat"]]


def limited(line, most):
    return subprocess.run([os.path.join(BIN, line[0]), *line[1:]], capture_output=True, text=True, timeout=120,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)))


def said(out):
    return re.sub(r'"(plan_)?seconds":[0-9.e-]+', "", out.stdout), out.stderr


files = {n: read(n) for n in os.listdir(".") if not n.endswith(".lock")}
refusals = 0
for line in JOBS:
    wanted = run(*line, code=0)
    most, enough, begun = 4 << 20, 0, False
    while enough < 5:  # in a row
        out = limited(line, most)
        what = f"{' '.join(line)} with {most >> 10} kB: {out.returncode} {out.stderr!r:.300}"
        enough = enough + 1 if out.returncode == 0 else 0
        if out.returncode == 0:
            equal(said(out), said(wanted), what)
        elif begun or out.returncode == 3:  # before that it cannot even be started
            refusals += 1
            errors = out.stderr.splitlines()
            check(out.returncode == 3 and len(errors) == 1 and errors[0].startswith(line[0] + ": ") and "memory" in errors[0], what)
        begun |= out.returncode in (0, 3)
        most += most // 12
check(refusals >= len(JOBS), f"{refusals} times there was too little")
check({n: read(n) for n in files} == files, "nothing has changed")
print(refusals, "times too little memory was told")
finish()
