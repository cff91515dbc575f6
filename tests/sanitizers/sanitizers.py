"""Are the sanitizers awake, and did they stay silent? sanitizers.py begin|end BUILD_DIR KINDS
begin: every program that the tests run is built with them, and they find the planted bugs of bug.cc.
end: no test left a report, not even in a process whose exit code and stderr nobody looked at."""
import glob
import os
import shutil
import subprocess
import sys

step, build, kinds = sys.argv[1:]
reports = os.path.join(build, "sanitizer-reports")
found = sorted(glob.glob(os.path.join(reports, "*")))
faults = 0


def fault(words):
    global faults
    faults += 1
    print(words)


if step == "end":
    for path in found[:20]:
        fault(f"--- {path}\n{open(path, errors='replace').read()[:6000]}")
    print(f"{len(found)} reports in {reports}")
    sys.exit(1 if found or not os.path.isdir(reports) else 0)

shutil.rmtree(reports, ignore_errors=True)
os.makedirs(reports)
os.chmod(reports, 0o777)  # some programs are run as nobody
mark = b"__tsan_init" if "thread" in kinds else b"__asan_init"
programs = [p for folder in ("bin", "tests") for p in sorted(glob.glob(os.path.join(build, folder, "*"))) if os.path.isfile(p) and os.access(p, os.X_OK)]
for program in programs:
    if mark not in open(program, "rb").read():
        fault(f"{program}: not sanitized")
if len(programs) < 20:
    fault(f"only {len(programs)} programs in {build}")

# What each bug must be called. gcc's UBSan tells it on stderr only; an index that is out of range ends by abort().
wanted = {"race": "data race"} if "thread" in kinds else {
    "heap": "heap-buffer-overflow", "index": "Assertion '__n < this->size()' failed", "stack": "stack-use-after-", "leak": "detected memory leaks",
    "overflow": "signed integer overflow", "null": "null pointer passed", "cast": "outside the range of representable values"}
for bug, words in wanted.items():
    done = subprocess.run([os.path.join(build, "tests", "bug"), bug], stderr=subprocess.PIPE, text=True)
    left = glob.glob(os.path.join(reports, "*"))
    said = done.stderr + "".join(open(path, errors="replace").read() for path in left)
    if done.returncode != (-6 if bug == "index" else 66) or words not in said:
        fault(f"the planted bug \"{bug}\" is not found: exit code {done.returncode}, report {said[:1000]!r}")
    for path in left:
        os.remove(path)
print(f"{len(programs)} programs are sanitized, {len(wanted)} planted bugs looked for, {faults} faults")
sys.exit(1 if faults else 0)
